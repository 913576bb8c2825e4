"""Help that comes again: the schedules, and what has come of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from storage import requests as requests_
from storage.database import Transaction
from storage.model import HelpRequest, Need, Schedule, ScheduleStatus, VisitStatus
from storage.ready import Row
from storage.schema import requests, schedules, visits
from storage.vault import Seal


async def add(tx: Transaction, schedule: Schedule) -> Schedule:
    """Keep a new schedule (its `id` is ignored)."""
    return await get(
        tx, await tx.add(schedules, **_values(await tx.key_of(schedule.asker_id), schedule))
    )


async def save(tx: Transaction, schedule: Schedule) -> Schedule:
    """Keep a schedule as it is now."""
    values = _values(await tx.key_of(schedule.asker_id), schedule)
    await tx.run(sa.update(schedules).where(schedules.c.id == schedule.id).values(**values))
    return schedule


async def get(tx: Transaction, ident: int, *, lock: bool = False) -> Schedule:
    """A schedule that must exist. `lock`: nobody else changes it until this commits."""
    statement = sa.select(schedules).where(schedules.c.id == ident)
    row = await tx.one(statement.with_for_update(key_share=True) if lock else statement)
    if row is None:
        raise LookupError(f"no schedule {ident}")
    return (await _schedules(tx, [row]))[0]


async def running(tx: Transaction, asker_id: int) -> list[Schedule]:
    """An asker's schedules that go on, the oldest first."""
    rows = await tx.all(
        sa.select(schedules)
        .where(
            schedules.c.asker_id == asker_id,
            schedules.c.status == ScheduleStatus.RUNNING.value,
        )
        .order_by(schedules.c.id)
    )
    return await _schedules(tx, rows)


async def of_community(tx: Transaction, community_id: int) -> list[Schedule]:
    """A group's schedules that go on, the oldest first."""
    rows = await tx.all(
        sa.select(schedules)
        .where(
            schedules.c.community_id == community_id,
            schedules.c.status == ScheduleStatus.RUNNING.value,
        )
        .order_by(schedules.c.id)
    )
    return await _schedules(tx, rows)


async def offered_to(tx: Transaction, asker_id: int) -> list[Schedule]:
    """What organisers suggested to somebody, and is not answered yet."""
    rows = await tx.all(
        sa.select(schedules).where(
            schedules.c.asker_id == asker_id,
            schedules.c.status == ScheduleStatus.OFFERED.value,
        )
    )
    return await _schedules(tx, rows)


async def request_for(tx: Transaction, schedule_id: int, day: date) -> HelpRequest | None:
    """The request that was made for a day, if it has been."""
    ident = await tx.value(
        sa.select(requests.c.id).where(requests.c.schedule_id == schedule_id, requests.c.day == day)
    )
    return await requests_.get(tx, ident) if ident else None


async def made(tx: Transaction, schedule_id: int, since: date) -> list[HelpRequest]:
    """The requests made for that day and later ones, in order of their days."""
    rows = await tx.all(
        sa.select(requests.c.id)
        .where(requests.c.schedule_id == schedule_id, requests.c.day >= since)
        .order_by(requests.c.day)
    )
    return [await requests_.get(tx, row["id"]) for row in rows]


async def last_helper(tx: Transaction, schedule_id: int) -> int | None:
    """Who came the last time that somebody did."""
    found: int | None = await tx.value(
        sa.select(visits.c.helper_id)
        .join(requests, requests.c.id == visits.c.request_id)
        .where(requests.c.schedule_id == schedule_id, visits.c.status == VisitStatus.DONE.value)
        .order_by(visits.c.due_at.desc(), visits.c.id.desc())
        .limit(1)
    )
    return found


def _values(key: Seal, schedule: Schedule) -> dict[str, Any]:
    return {
        "community_id": schedule.community_id,
        "asker_id": schedule.asker_id,
        "status": schedule.status.value,
        "need": schedule.need.value if schedule.need else "",
        "sealed_words": key.seal(schedule.words),
        "weekdays": ",".join(map(str, schedule.weekdays)),
        "every": schedule.every,
        "starts": schedule.starts,
        "part": schedule.part,
        "for_other": schedule.for_other,
        "next_day": schedule.next_day,
        "skips": ",".join(day.isoformat() for day in schedule.skips),
        "set_up_by": schedule.set_up_by,
        "created_at": schedule.created_at,
    }


async def _schedules(tx: Transaction, rows: Sequence[Row]) -> list[Schedule]:
    await tx.load_keys(row["asker_id"] for row in rows)
    return [_schedule(tx.keys[row["asker_id"]], row) for row in rows]


def _schedule(key: Seal, row: Row) -> Schedule:
    return Schedule(
        id=row["id"],
        community_id=row["community_id"],
        asker_id=row["asker_id"],
        status=ScheduleStatus(row["status"]),
        created_at=row["created_at"],
        need=Need(row["need"]) if row["need"] else None,
        words=key.open(row["sealed_words"]),
        weekdays=tuple(int(day) for day in row["weekdays"].split(",") if day),
        every=row["every"],
        starts=row["starts"],
        part=row["part"],
        for_other=row["for_other"],
        next_day=row["next_day"],
        skips=tuple(date.fromisoformat(day) for day in row["skips"].split(",") if day),
        set_up_by=row["set_up_by"],
    )
