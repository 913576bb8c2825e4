"""A year of a busy group, lived from one thing that happens to the next: every promise is held
against people's own calendars, and what is spoilt on purpose is found out.

What it costs is in `docs/performance.md`, and what is pretend in decision 14.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from handlers import alarm, reminders
from handlers.rules import timing
from handlers.turn import Turn
from storage import due
from storage.database import Transaction, open_database
from storage.model import Channel, Community, DueKind, Occasion
from storage.schema import metadata
from storage.vault import Vault
from tests.conftest import SECRET
from tests.simulation.calendar import kept
from bot.simulation.ledger import Ledger
from tests.simulation.marsden import settle_in
from bot.simulation.one_seed import one_seed
from bot.simulation.town import Town

Plan = Callable[[Town], None]


@asynccontextmanager
async def lived(
    url: str, first: date, days: int, seed: int = 1, also: Plan | None = None
) -> AsyncIterator[Ledger]:
    """So many days of a busy group, from nine in the morning of the first; how they went. `also`:
    what somebody is going to do besides."""
    start = datetime(first.year, first.month, first.day, 9, tzinfo=UTC)
    with one_seed(seed):
        town = Town(url, start, seed)
        ledger = Ledger(town)
        # A carrier that reports only what did not arrive: half as much to do.
        town.network.lines[Channel.SMS].reports = False
        try:
            await settle_in(town, start + timedelta(days=days))
            if also:
                also(town)
            await town.live(start + timedelta(days=days))
            yield ledger
        finally:
            await town.sleep()


def broken(ledger: Ledger) -> list[str]:
    """Every promise that was not kept, in a sentence each."""
    town = ledger.town
    found = [f"{n} times without a next step: {what}" for what, n in town.bot.auditor.found.items()]
    return [
        *town.bot_faults,
        *found,
        *ledger.wrong,
        *kept(ledger, town.clock.start, town.clock.true),
    ]


async def test_in_a_year_each_thing_comes_once_at_its_hour_and_nobody_is_woken(
    database_url: str, quickly: None
) -> None:
    """With 29 February, New Year and both changes of the clock. PostgreSQL, where each statement
    goes to another process, has the weeks around the spring change."""
    first, days = date(2023, 12, 4), 366
    if not database_url.startswith("sqlite"):
        first, days = date(2024, 3, 21), 18
    async with lived(database_url, first, days) as ledger:
        assert broken(ledger) == []
        # A town in which nothing happens keeps every promise.
        told = Counter({entry: len(seen) for entry, seen in ledger.by_entry.items()})
        assert told["check_in.morning"] > days
        assert told["offer"] + told["offer.urgent"] + told["offer.again"] > days
        assert told["remind"] >= days / 7
        if days > 300:
            assert told["alarm.silent"] > 10
            for rare in ("alarm.unheard", "called_off", "looking_again", "pause.over", "started"):
                assert told[rare], rare


async def test_the_same_seed_gives_the_same_lives_and_another_others(
    tmp_path: Path, quickly: None
) -> None:
    lives = []
    for number, seed in enumerate((1, 1, 2)):
        url = await empty(tmp_path / f"{number}.db")
        async with lived(url, date(2024, 10, 24), 4, seed) as ledger:
            lives.append(ledger.town.trace)
    once, again, other = lives
    assert len(once) > 100
    assert once == again
    assert once != other


async def empty(path: Path) -> str:
    """The URL of a new SQLite database with every table."""
    url = f"sqlite+aiosqlite:///{path}"
    database = open_database(url, Vault(SECRET))
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await database.close()
    return url


# Spoilt on purpose: each is a fault that somebody might make, and a few days are enough to see it.

Patch = Callable[[pytest.MonkeyPatch], None]


def a_reminder_goes_twice(patch: pytest.MonkeyPatch) -> None:
    once = reminders._remind_helper

    async def twice(*facts: Any) -> None:
        await once(*facts)
        await once(*facts)

    patch.setattr(reminders, "_remind_helper", twice)


def summer_is_not_noticed(patch: pytest.MonkeyPatch) -> None:
    def in_winter(day: date, hour: time, community: Community) -> datetime:
        return datetime.combine(day, hour, UTC)

    patch.setattr(timing, "at_local", in_winter)


def a_next_step_is_lost(patch: pytest.MonkeyPatch) -> None:
    keep = due.at

    async def mostly(tx: Transaction, kind: DueKind, ref: int, moment: datetime) -> None:
        if kind is not DueKind.CHECK_IN_STEP:
            await keep(tx, kind, ref, moment)

    patch.setattr(due, "at", mostly)


def the_night_is_like_the_day(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(timing, "is_quiet", lambda moment, community: False)


def an_alarm_stops_with_the_first_who_is_told(patch: pytest.MonkeyPatch) -> None:
    async def goes_on(turn: Turn, occasion: Occasion) -> None:
        await turn.later(DueKind.CHECK_IN_STEP, occasion.id, turn.now + timedelta(days=9))

    patch.setattr(alarm, "untaken", goes_on)


def silent_for_days(town: Town) -> None:
    """Doreen hears nothing, nor do those who are to be told of it."""
    for name in ("Doreen", "Jean", "Peter", "Ana", "Ben"):
        town.plan(
            town.clock.true + timedelta(days=1),
            lambda person=town.people[name]: person.fall_silent(),
        )


def needs_something_at_night(town: Town) -> None:
    late = town.clock.true + timedelta(hours=12, minutes=20)
    town.will(late, town.people["Hilda"], "i need some eggs please")


@pytest.mark.parametrize(
    ("spoil", "also", "first", "days", "found"),
    [
        (a_reminder_goes_twice, None, date(2024, 2, 26), 4, r"^remind.*: 2 times"),
        (summer_is_not_noticed, None, date(2024, 3, 29), 4, r"Doreen's check-in at .* 0 times"),
        (a_next_step_is_lost, silent_for_days, date(2024, 2, 26), 3, r"Doreen asked again .* 0 t"),
        (the_night_is_like_the_day, needs_something_at_night, date(2024, 2, 26), 1, r"^woken: "),
        (
            an_alarm_stops_with_the_first_who_is_told,
            silent_for_days,
            date(2024, 2, 26),
            3,
            r"nobody else was told about Doreen",
        ),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
async def test_what_is_spoilt_is_found_out(
    spoil: Patch,
    also: Plan | None,
    first: date,
    days: int,
    found: str,
    tmp_path: Path,
    quickly: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoil(monkeypatch)
    async with lived(await empty(tmp_path / "spoilt.db"), first, days, also=also) as ledger:
        wrong = broken(ledger)
    assert any(re.search(found, each) for each in wrong), wrong
