"""What is due happens at its time, once, and is never lost."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from bot.clock import VirtualClock
from bot.scheduler import TROUBLE, Scheduler
from handlers import due as moments
from handlers import wording
from handlers.turn import Desk
from storage import audit, due, members, messages, requests
from storage.database import Database, StorageUnavailableError, Transaction
from storage.model import Address, Channel, Due, DueKind, Role
from storage.places import Atlas, Postcodes
from tests.made import NOW, ROSA, asker, group, helper, request

HOUR = timedelta(hours=1)


class Clockwork:
    """A scheduler whose moments do as the test says."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.database = database
        self.clock = VirtualClock(NOW)
        self.desk = Desk(wording.load(), Atlas(Postcodes()), random.Random(1))
        self.scheduler = self.another()
        self.seen: list[tuple[int, datetime]] = []
        self.fails: dict[int, Exception] = {}
        self.again: dict[int, datetime] = {}
        monkeypatch.setattr(moments, "handle", self.handle)

    def another(self) -> Scheduler:
        return Scheduler(self.database, self.clock, self.desk)

    async def handle(self, desk: Desk, tx: Transaction, now: datetime, row: Due) -> None:
        await audit.note(tx, now, "happened", "due", row.ref)
        if row.ref in self.fails:
            raise self.fails[row.ref]
        if row.ref in self.again:
            await due.at(tx, row.kind, row.ref, self.again.pop(row.ref))
        self.seen.append((row.ref, now))

    async def set(self, ref: int, at: datetime, kind: DueKind = DueKind.WAVE) -> None:
        async with self.database.transaction() as tx:
            await due.at(tx, kind, ref, at)

    async def live_until(self, moment: datetime) -> None:
        while True:
            async with self.database.transaction() as tx:
                first = await due.first(tx)
            if first is None or first > moment:
                break
            self.clock.jump_to(max(first, self.clock.now()))
            await self.scheduler.drain()
        self.clock.jump_to(moment)

    async def happened(self, ref: int) -> int:
        async with self.database.transaction() as tx:
            return len(await audit.about(tx, "due", ref))


@pytest.fixture
async def works(database: Database, monkeypatch: pytest.MonkeyPatch) -> Clockwork:
    return Clockwork(database, monkeypatch)


async def test_each_happens_at_its_moment(works: Clockwork) -> None:
    for ref in (3, 1, 2):
        await works.set(ref, NOW + ref * HOUR)
    assert await works.scheduler.drain() == 0
    await works.live_until(NOW + 24 * HOUR)
    assert works.seen == [(ref, NOW + ref * HOUR) for ref in (1, 2, 3)]


async def test_after_a_day_away_everything_is_caught_up_with_in_order(works: Clockwork) -> None:
    for ref in range(50):
        await works.set(ref, NOW + ref * HOUR / 3)
    works.clock.jump_to(NOW + 24 * HOUR)
    assert await works.scheduler.drain() == 50
    assert [ref for ref, _ in works.seen] == list(range(50))


async def test_what_fails_is_put_off_longer_each_time_and_keeps_nothing_else_waiting(
    works: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    works.fails[1] = ZeroDivisionError()
    await works.set(1, NOW)
    await works.set(2, NOW + timedelta(minutes=2))
    tried: list[datetime] = []
    handle = works.handle

    async def note(desk: Desk, tx: Transaction, now: datetime, row: Due) -> None:
        if row.ref == 1:
            tried.append(now)
        await handle(desk, tx, now, row)

    monkeypatch.setattr(moments, "handle", note)
    await works.live_until(NOW + 6 * HOUR)
    gaps = [(then - one) / timedelta(minutes=1) for one, then in pairwise(tried)]
    assert gaps == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60][: len(gaps)]
    assert len(gaps) >= 9
    assert works.seen == [(2, NOW + timedelta(minutes=2))]
    assert await works.happened(1) == 0  # nothing of it was kept
    del works.fails[1]
    await works.live_until(NOW + 8 * HOUR)
    assert await works.happened(1) == 1  # and it was never lost


async def test_what_a_moment_sets_anew_for_itself_stays(works: Clockwork) -> None:
    works.again[1] = NOW + HOUR
    await works.set(1, NOW)
    await works.live_until(NOW + 5 * HOUR)
    assert works.seen == [(1, NOW), (1, NOW + HOUR)]


async def test_storage_that_is_away_counts_against_nothing(works: Clockwork) -> None:
    works.fails[1] = StorageUnavailableError("away")
    await works.set(1, NOW)
    for _ in range(5):
        with pytest.raises(StorageUnavailableError):
            await works.scheduler.drain()
    works.fails.clear()
    await works.scheduler.drain()
    assert works.seen == [(1, NOW)]


async def test_two_processes_see_to_each_once(works: Clockwork) -> None:
    for ref in range(60):
        await works.set(ref, NOW)
    one, other = works.another(), works.another()
    counts = await asyncio.gather(one.drain(), other.drain(), one.drain())
    assert sum(counts) == 60
    assert [await works.happened(ref) for ref in range(60)] == [1] * 60


async def test_a_person_hears_of_what_goes_wrong_three_times_and_once_only(
    works: Clockwork,
) -> None:
    async with works.database.transaction() as tx:
        await group(tx)
        rosa = await members.add(tx, asker(), Address(Channel.SMS, ROSA))
        ana = helper(name="Ana Pole", roles=frozenset({Role.ORGANISER}))
        await members.add(tx, ana, Address(Channel.SMS, "+447700900999"))
        wanted = await requests.add(tx, request(asker_id=rosa.id))
    works.fails[wanted.id] = ZeroDivisionError()
    await works.set(wanted.id, NOW)
    told = []
    for hours in (0.02, 0.06, 12):
        await works.live_until(NOW + hours * HOUR)
        async with works.database.transaction() as tx:
            now = works.clock.now()
            told.append(len(await messages.claim(tx, Channel.SMS, "me", now, 99, [])))
            assert await due.failing(tx, TROUBLE) == (len(told) > 1)
    assert told == [0, 1, 0]


async def test_the_hand_goes_round_by_itself_and_finishes_before_it_stops(
    works: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()
    handle = works.handle

    async def slowly(desk: Desk, tx: Transaction, now: datetime, row: Due) -> None:
        began.set()
        await go_on.wait()
        await handle(desk, tx, now, row)

    monkeypatch.setattr(moments, "handle", slowly)
    await works.set(1, NOW)
    await works.set(2, NOW)
    works.scheduler.start(0.01)
    async with asyncio.timeout(30):
        await began.wait()
        stopping = asyncio.ensure_future(works.scheduler.stop())
        await asyncio.sleep(0)
        go_on.set()
        await stopping
    assert [ref for ref, _ in works.seen] == [1]  # the other is for the next life
    await works.another().drain()
    assert [ref for ref, _ in works.seen] == [1, 2]


async def test_the_hand_goes_on_after_any_fault(
    works: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[Any] = [ZeroDivisionError(), StorageUnavailableError("away"), OSError()]
    next_due = due.next_due
    finished = asyncio.Event()

    async def fails(tx: Transaction, now: datetime) -> Due | None:
        if faults:
            raise faults.pop()
        finished.set()
        return await next_due(tx, now)

    monkeypatch.setattr(due, "next_due", fails)
    works.scheduler.start(0.01)
    async with asyncio.timeout(30):
        await finished.wait()
        await works.scheduler.stop()
