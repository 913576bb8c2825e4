"""What is to happen happens once, and what is set anew meanwhile stays."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from storage import due
from storage.database import Database, Transaction
from storage.model import Due, DueKind
from storage.schema import due as table
from tests.made import NOW
from tests.storage.asked import asked_of_sqlite

HOUR = timedelta(hours=1)


async def moments(tx: Transaction, ref: int = 1) -> list[tuple[DueKind, datetime]]:
    return [(row.kind, row.at) for row in await due.of(tx, ref, *DueKind)]


async def claimed(tx: Transaction, now: datetime = NOW) -> Due:
    row = await due.next_due(tx, now)
    assert row
    return row


async def test_set_again_it_happens_at_the_new_moment_only(database: Database) -> None:
    async with database.transaction() as tx:
        for at in (NOW, NOW + HOUR, NOW - HOUR):
            await due.at(tx, DueKind.WAVE, 1, at)
        await due.at(tx, DueKind.WAVE, 2, NOW)
        assert await moments(tx) == [(DueKind.WAVE, NOW - HOUR)]


async def test_they_come_by_their_moment_and_not_before(database: Database) -> None:
    async with database.transaction() as tx:
        for hours in (3, 1, 2):
            await due.at(tx, DueKind.WAVE, hours, NOW + hours * HOUR)
        assert await due.next_due(tx, NOW) is None
        assert await due.first(tx) == NOW + HOUR
        seen = []
        while row := await due.next_due(tx, NOW + 2 * HOUR):
            seen.append(row.ref)
            await due.done(tx, row)
        assert seen == [1, 2]


async def test_what_the_handler_sets_anew_for_the_same_thing_survives_its_being_done(
    database: Database,
) -> None:
    for later in (NOW + HOUR, NOW, NOW - HOUR):  # even where it is due again at once
        async with database.transaction() as tx:
            await due.at(tx, DueKind.WAVE, 1, NOW)
            row = await claimed(tx)
            await due.done(tx, row)
            await due.at(tx, DueKind.WAVE, 1, later)
        async with database.transaction() as tx:
            assert await moments(tx) == [(DueKind.WAVE, later)]


async def test_one_set_anew_by_somebody_else_is_neither_done_nor_put_off(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await due.at(tx, DueKind.WAVE, 1, NOW)
        row = await claimed(tx)
    async with database.transaction() as tx:
        await due.at(tx, DueKind.WAVE, 1, NOW + HOUR)
        await due.done(tx, row)
        await due.put_off(tx, row, NOW + 9 * HOUR)
        assert await moments(tx) == [(DueKind.WAVE, NOW + HOUR)]


async def test_put_off_it_counts_and_set_anew_it_starts_afresh(database: Database) -> None:
    async with database.transaction() as tx:
        await due.at(tx, DueKind.WAVE, 1, NOW)
        for _ in range(3):
            await due.put_off(tx, await claimed(tx), NOW)
        assert (await claimed(tx)).attempts == 3
        assert (await due.failing(tx, 3), await due.failing(tx, 4)) == (1, 0)
        await due.at(tx, DueKind.WAVE, 1, NOW)
        assert (await claimed(tx)).attempts == 0


async def test_only_the_kinds_named_are_dropped(database: Database) -> None:
    async with database.transaction() as tx:
        for kind in (DueKind.WAVE, DueKind.PROMISE, DueKind.CHASE):
            await due.at(tx, kind, 1, NOW)
        await due.at(tx, DueKind.WAVE, 2, NOW)
        await due.never_mind(tx, 1, DueKind.WAVE, DueKind.CHASE)
        assert await moments(tx) == [(DueKind.PROMISE, NOW)]
        assert await moments(tx, 2) == [(DueKind.WAVE, NOW)]


async def test_a_kind_of_a_newer_version_holds_up_nothing(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.run(sa.insert(table).values(kind="newer", ref=1, at=NOW - HOUR, attempts=0))
        await due.at(tx, DueKind.WAVE, 1, NOW)
        assert (await claimed(tx)).kind is DueKind.WAVE


async def test_many_who_look_at_once_see_to_each_once(database: Database) -> None:
    async with database.transaction() as tx:
        for ref in range(40):
            await due.at(tx, DueKind.WAVE, ref, NOW)
    seen: list[int] = []

    async def work() -> None:
        while True:
            async with database.transaction() as tx:
                row = await due.next_due(tx, NOW)
                if row is None:
                    return
                await asyncio.sleep(0)
                await due.done(tx, row)
                seen.append(row.ref)

    await asyncio.gather(*(work() for _ in range(5)))
    assert sorted(seen) == list(range(40))


# PostgreSQL reads so small a table whole, and may.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_due_is_found_by_its_moment(database: Database) -> None:
    async with database.transaction() as tx:
        with asked_of_sqlite() as asked:
            await due.next_due(tx, NOW)
            await due.first(tx)
            await due.failing(tx, 3)
        plans = [
            [step[3] for step in await tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {q}", v)]
            for q, v in asked
        ]
    for plan, index in zip(plans, ("ix_due_at", "ix_due_at", "ix_due_attempts"), strict=True):
        assert len(plan) == 1 and index in plan[0], plan
