"""Schedules: kept as they are, one request a day of each, and who came the last time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from storage import recurring, requests
from storage.database import Database
from storage.model import Need, RequestStatus, Schedule, ScheduleStatus, VisitStatus
from storage.schema import schedules
from tests.made import NOW, asker, group, helper, joined, request

TUESDAY = date(2026, 12, 1)


def schedule(**facts: object) -> Schedule:
    return Schedule(0, 1, 1, ScheduleStatus.RUNNING, NOW, **facts)  # type: ignore[arg-type]


async def test_a_schedule_comes_back_as_kept_and_as_saved(database: Database) -> None:
    async with database.transaction() as tx:
        await group(tx)
        await joined(tx, asker())
        bare = await recurring.add(tx, schedule())
        assert bare == replace(schedule(), id=bare.id)
        whole = replace(
            bare,
            need=Need.LIFT,
            words="lift to the day centre Mondays and Thursdays at 10",
            weekdays=(0, 3),
            every=2,
            starts=TUESDAY,
            part="10:00",
            for_other=True,
            next_day=TUESDAY,
            skips=(TUESDAY, TUESDAY + timedelta(days=7)),
        )
        await recurring.save(tx, whole)
        assert await recurring.get(tx, bare.id) == whole


async def test_what_was_written_is_sealed(database: Database) -> None:
    async with database.transaction() as tx:
        await group(tx)
        await joined(tx, asker())
        await recurring.add(tx, schedule(words="my heart tablets"))
        assert b"heart" not in await tx.value(sa.select(schedules.c.sealed_words))


async def test_only_what_goes_on_is_running(database: Database) -> None:
    async with database.transaction() as tx:
        await group(tx)
        rosa = await joined(tx, asker())
        going = await recurring.add(tx, schedule())
        for status in (ScheduleStatus.DRAFT, ScheduleStatus.STOPPED):
            await recurring.add(tx, replace(schedule(), status=status))
        assert await recurring.running(tx, rosa.id) == [going]
        assert await recurring.running(tx, rosa.id + 1) == []


async def test_a_day_of_a_schedule_has_one_request(database: Database) -> None:
    async with database.transaction() as tx:
        await group(tx)
        await joined(tx, asker())
        one, other = [await recurring.add(tx, schedule()) for _ in range(2)]
        made = await requests.add(tx, request(schedule_id=one.id, day=TUESDAY))
        await requests.add(tx, request(schedule_id=other.id, day=TUESDAY))
        await requests.add(tx, request(schedule_id=one.id, day=TUESDAY + timedelta(days=7)))
        await requests.add(tx, request(day=TUESDAY))
        await requests.add(tx, request(day=TUESDAY))
        assert await recurring.request_for(tx, one.id, TUESDAY) == made
        assert await recurring.request_for(tx, one.id, TUESDAY + timedelta(days=1)) is None
        assert len(await recurring.made(tx, one.id, TUESDAY)) == 2
        assert len(await recurring.made(tx, one.id, TUESDAY + timedelta(days=1))) == 1
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            await requests.add(tx, request(schedule_id=one.id, day=TUESDAY))


async def test_who_came_the_last_time(database: Database) -> None:
    async with database.transaction() as tx:
        await group(tx)
        await joined(tx, asker())
        sam, ben = await joined(tx, helper()), await joined(tx, helper())
        kept = await recurring.add(tx, schedule())
        assert await recurring.last_helper(tx, kept.id) is None
        for week, who, status in (
            (0, sam, VisitStatus.DONE),
            (1, ben, VisitStatus.DONE),
            (2, sam, VisitStatus.NO_SHOW),
        ):
            day = TUESDAY + timedelta(weeks=week)
            wanted = await requests.add(
                tx, request(schedule_id=kept.id, day=day, status=RequestStatus.DONE)
            )
            due_at = NOW + timedelta(weeks=week)
            visit = await requests.add_visit(tx, wanted, who.id, "BRAMBLE", due_at, NOW)
            await requests.set_visit(tx, visit.id, status)
        assert await recurring.last_helper(tx, kept.id) == ben.id
