"""A week in which the process is killed again and again, and its clock put forward and back: what
was taken is not lost, what is due comes, and nothing comes twice.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from bot.sender import LEASE_SECONDS
from bot.simulation.ledger import PROMPT, Ledger
from bot.simulation.mishaps import POINTS, Mishaps
from bot.simulation.one_seed import one_seed
from bot.simulation.town import Town
from storage.schema import inbox, outbox
from tests.simulation.calendar import kept
from tests.simulation.marsden import NOW_AND_THEN, WISHES, at, settle_in
from tests.torture.tally import befell

MONDAY = datetime(2024, 2, 26, 9, tzinfo=UTC)
AWAY = timedelta(minutes=15)
SEED = int(os.environ.get("POPROUND_SEED") or 3)
"""Another has people do other things, others asked, and other points to die at."""


@pytest.fixture
def one_chance() -> Iterator[None]:
    """What the bot draws of chance comes of the seed, too: who is asked depends on it."""
    with one_seed(SEED):
        yield


def wishes(town: Town, days: int) -> None:
    """Somebody asks for something every day."""
    chance = random.Random(f"wishes {town.seed}")
    for day in range(days):
        moment = at((MONDAY + timedelta(days=day)).date(), time(chance.randrange(10, 17), 30))
        town.will(moment, town.people[chance.choice(NOW_AND_THEN)], chance.choice(WISHES))


async def test_killed_at_any_point_with_a_clock_that_jumps_nothing_is_lost_and_nothing_comes_twice(
    database_url: str, at_once: None, one_chance: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.auditor.EVERY", timedelta(hours=1))
    town = Town(database_url, MONDAY, SEED)
    ledger = Ledger(town)
    await settle_in(town, MONDAY + timedelta(days=7))
    wishes(town, 5)
    # They say what they want in peace, on the first morning.
    await town.live(MONDAY + timedelta(hours=1))
    mishaps = Mishaps(town, SEED, every=100)
    mishaps.jump(MONDAY + timedelta(days=6))
    ledger.slack, ledger.away = timedelta(hours=1) + AWAY, AWAY
    ledger.jumps = mishaps.jumps
    try:
        await town.live(MONDAY + timedelta(days=6, hours=20))
        mishaps.cease()
        await town.live(MONDAY + timedelta(days=7, hours=-1))
        wrong = [*town.bot_faults, *ledger.wrong, *unanswered(ledger)]
        wrong += kept(ledger, MONDAY, town.clock.true)
        assert wrong == []
        assert not town.bot.auditor.found
        # A dead life's right to send runs out in some seconds, whatever the clock does meanwhile.
        assert town.waited < (LEASE_SECONDS + 2) * (town.deaths + len(mishaps.jumps))
        await everything_once(town, ledger)
        assert town.deaths > 15
        assert set(mishaps.died_at) == set(POINTS)
        befell("deaths", town.deaths)
        befell("clock", len(mishaps.jumps))
        assert {wrong for _, wrong in mishaps.jumps} >= {timedelta(hours=-1), timedelta(hours=1)}
    finally:
        await town.sleep()


ANSWERED = {"well", "accept", "decline", "going", "done", "on_it", "all_well"}


def unanswered(ledger: Ledger) -> list[str]:
    """Who wrote, by text, and heard nothing soon: no clock keeps anybody waiting."""
    return [
        f"{name} wrote {deed.key} at {moment}, and heard nothing"
        for name, deeds in ledger.deeds.items()
        for moment, deed in deeds
        if ledger.town.people[name].by_text and deed.key in ANSWERED
        if not ledger.between(moment, moment + PROMPT + AWAY, "", to=name)
    ]


async def everything_once(town: Town, ledger: Ledger) -> None:
    """What was written was handled, and each message reached a phone once."""
    async with town.bot.database.transaction() as tx:
        came = await tx.all(
            sa.select(inbox.c.id, inbox.c.received_at, inbox.c.handled_at, inbox.c.attempts)
        )
        went = await tx.all(sa.select(outbox.c.status, outbox.c.channel))
    deeds = sum(map(len, ledger.deeds.values()))
    assert len(came) == deeds
    assert [row for row in came if not row["handled_at"]] == []
    assert {row["status"] for row in went} <= {"sent", "delivered", "withdrawn", "unknown"}
    assert all(row["channel"] == "telegram" for row in went if row["status"] == "unknown")
    taken = Counter(ident for line in town.network.lines.values() for ident in line.taken)
    assert [ident for ident, times in taken.items() if times > 1] == []
