"""The daily note as it reaches organisers: once a day, at the group's own hour, restarts or not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from bot.scheduler import Scheduler
from storage import due, members, messages, requests
from storage.model import Address, Channel, Community, DueKind, Role
from storage.schema import outbox
from tests.made import asker, request
from tests.stage import Stage, stage

ANA = "+447700900003"
LONDON = ZoneInfo("Europe/London")
GROUP = Community(0, "Marsden Neighbours", note_at=time(8), money_cap=0)


async def notes(on: Stage) -> list[tuple[datetime, str]]:
    """The notes that went to Ana, and when by her clock."""
    async with on.bot.database.transaction() as tx:
        rows = await tx.all(
            sa.select(outbox.c.id, outbox.c.sent_at)
            .where(outbox.c.sent_at.is_not(None))
            .order_by(outbox.c.id)
        )
        found = [(row["sent_at"], await messages.get(tx, row["id"])) for row in rows]
    return [
        (at.astimezone(LONDON), message.text)
        for at, message in found
        if message and message.about.get("kind") == "daily_note"
    ]


async def with_ana(on: Stage, *, something_open: bool = True) -> None:
    async with on.bot.database.transaction() as tx:
        ana = asker(name="Ana Roe", roles=frozenset({Role.ORGANISER}))
        await members.add(tx, ana, Address(Channel.SMS, ANA))
        if something_open:
            rosa = await members.add(tx, asker())
            made = await requests.add(
                tx, request(asker_id=rosa.id, created_at=on.clock.now(), wave=3)
            )
            far = on.clock.now() + timedelta(days=30)
            await due.at(tx, DueKind.WAVE, made.id, far)


@pytest.fixture
async def on(database_url: str) -> AsyncIterator[Stage]:
    """From noon on a Tuesday."""
    async with stage(database_url, datetime(2026, 11, 24, 12, tzinfo=UTC), [GROUP]) as found:
        await with_ana(found)
        yield found


@pytest.mark.parametrize("change", [date(2026, 10, 25), date(2027, 3, 28)])
async def test_at_eight_by_the_groups_clocks_on_the_days_around_a_change(
    database_url: str, change: date
) -> None:
    start = datetime.combine(change - timedelta(days=2), time(12), LONDON).astimezone(UTC)
    async with stage(database_url, start, [GROUP]) as on:
        await with_ana(on)
        await on.go_to(start + timedelta(days=4))
        came = [at.replace(second=0, microsecond=0, tzinfo=None) for at, _ in await notes(on)]
        assert came == [
            datetime.combine(change + timedelta(days=day), time(8)) for day in (-1, 0, 1, 2)
        ]


async def test_once_a_day_whatever_restarts(on: Stage) -> None:
    await on.go_to(datetime(2026, 11, 25, 8, tzinfo=UTC))
    assert len(await notes(on)) == 1
    bot = on.bot
    for _ in range(3):  # new processes, and the row set anew by hand
        async with bot.database.transaction() as tx:
            await due.at(tx, DueKind.NOTE, 1, on.clock.now())
        await Scheduler(bot.database, on.clock, bot.desk).drain()
        await on.settle()
    await on.go_to(datetime(2026, 11, 25, 23, tzinfo=UTC))
    assert len(await notes(on)) == 1
    await on.go_to(datetime(2026, 11, 26, 9, tzinfo=UTC))
    assert len(await notes(on)) == 2


async def test_a_process_that_stood_still_over_the_hour_says_it_late_and_once(on: Stage) -> None:
    on.clock.jump_to(datetime(2026, 11, 28, 15, tzinfo=UTC))  # for four days
    await on.settle()
    [(at, words)] = await notes(on)
    assert at.hour == 15
    assert words.startswith("Since the last note: 0 asked") or "Nothing new" in words
    await on.go_to(datetime(2026, 11, 29, 9, tzinfo=UTC))
    assert [at.day for at, _ in await notes(on)] == [28, 29]


async def test_one_that_is_hours_late_wakes_nobody(on: Stage) -> None:
    on.clock.jump_to(datetime(2026, 11, 25, 22, tzinfo=UTC))
    await on.settle()
    assert await notes(on) == []
    await on.go_to(datetime(2026, 11, 26, 10, tzinfo=UTC))
    assert [(at.day, at.hour) for at, _ in await notes(on)] == [(26, 8)]


async def test_the_row_lost_is_found_and_the_note_comes(on: Stage) -> None:
    on.loses = True
    async with on.bot.database.transaction() as tx:
        await due.never_mind(tx, 1, DueKind.NOTE)
    on.clock.jump_to(on.clock.now() + timedelta(minutes=2))
    await on.settle()
    await on.go_to(datetime(2026, 11, 25, 9, tzinfo=UTC))
    assert len(await notes(on)) == 1
    assert on.bot.auditor.found == {"note": 1}


async def test_with_a_price_it_tells_the_cost(on: Stage) -> None:
    on.bot.desk.price_per_segment = 4.2
    await on.go_to(datetime(2026, 11, 26, 9, tzinfo=UTC))
    assert [words.split("Open now: 1. ")[1] for _, words in await notes(on)] == [
        "Rosa Lee: milk, as soon as possible. There was nobody to ask.",
        "Rosa Lee: milk, as soon as possible. There was nobody to ask. "
        "Texts sent: 1 (parts: 1), about £0.04.",
    ]


async def test_it_goes_to_every_organiser_who_can_be_reached(on: Stage) -> None:
    async with on.bot.database.transaction() as tx:
        for number, facts in enumerate(({}, {"stopped_at": on.clock.now()})):
            ola = asker(name="Ola", roles=frozenset({Role.ORGANISER}), **facts)
            await members.add(tx, ola, Address(Channel.SMS, f"+44770090001{number}"))
    await on.go_to(datetime(2026, 11, 25, 9, tzinfo=UTC))
    assert len(await notes(on)) == 2
