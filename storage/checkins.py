"""Check-ins: who is asked when whether all is well, whom to tell, and each day's as it went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa

from storage.database import Transaction
from storage.model import (
    CheckIn,
    CheckInStatus,
    Contact,
    ContactStatus,
    Occasion,
    OccasionStatus,
)
from storage.ready import Row
from storage.schema import check_ins, contacts, members, occasions
from storage.vault import Seal

RUNNING = (OccasionStatus.ASKED, OccasionStatus.ALARM, OccasionStatus.TAKEN)
"""What is still owed a next step."""


# Who is asked, and when


async def put(tx: Transaction, check_in: CheckIn) -> CheckIn:
    """Keep somebody's check-ins (the `id` is ignored): a person has one row, whatever becomes of
    it, and a new one takes the place of the old."""
    values = _check_in_values(await tx.key_of(check_in.member_id), check_in)
    insert = tx.upsert(check_ins).values(**values)
    await tx.run(insert.on_conflict_do_update(index_elements=["member_id"], set_=values))
    found = await of_member(tx, check_in.member_id)
    assert found
    return found


async def save(tx: Transaction, check_in: CheckIn) -> CheckIn:
    """Keep somebody's check-ins as they are now."""
    await tx.run(
        sa.update(check_ins)
        .where(check_ins.c.id == check_in.id)
        .values(**_check_in_values(await tx.key_of(check_in.member_id), check_in))
    )
    return check_in


async def get(tx: Transaction, ident: int, *, lock: bool = False) -> CheckIn:
    """Check-ins that must exist. `lock`: nobody else decides about them until this commits."""
    statement = sa.select(check_ins).where(check_ins.c.id == ident)
    row = await tx.one(statement.with_for_update(key_share=True) if lock else statement)
    if row is None:
        raise LookupError(f"no check-ins {ident}")
    return (await _check_ins(tx, [row]))[0]


async def chase_at(tx: Transaction, ident: int, moment: datetime | None) -> None:
    """When organisers hear that check-ins were left half-made; none: they need not, any more."""
    await tx.run(sa.update(check_ins).where(check_ins.c.id == ident).values(chase_at=moment))


async def of_member(tx: Transaction, member_id: int) -> CheckIn | None:
    """Somebody's check-ins, on or off."""
    row = await tx.row(check_ins, member_id=member_id)
    return (await _check_ins(tx, [row]))[0] if row else None


async def of_community(
    tx: Transaction, community_id: int, *statuses: CheckInStatus
) -> list[CheckIn]:
    """A group's check-ins in these states, the oldest first."""
    rows = await tx.all(
        sa.select(check_ins)
        .where(
            check_ins.c.community_id == community_id,
            check_ins.c.status.in_([status.value for status in statuses]),
        )
        .order_by(check_ins.c.id)
    )
    return await _check_ins(tx, rows)


# Whom to tell


async def name_contact(
    tx: Transaction, check_in_id: int, member_id: int, status: ContactStatus, now: datetime
) -> Contact:
    """Somebody was named as a contact; one who said no before may be named again."""
    values = {
        "check_in_id": check_in_id,
        "member_id": member_id,
        "status": status.value,
        "created_at": now,
    }
    insert = tx.upsert(contacts).values(**values)
    await tx.run(
        insert.on_conflict_do_update(
            index_elements=["check_in_id", "member_id"],
            set_={"status": status.value, "answer_by": None},
        )
    )
    row = await tx.one(
        sa.select(contacts).where(
            contacts.c.check_in_id == check_in_id, contacts.c.member_id == member_id
        )
    )
    assert row
    return _contact(row)


async def set_contact(
    tx: Transaction, ident: int, status: ContactStatus, answer_by: datetime | None = None
) -> None:
    """Where a contact stands now; `answer_by`: until when they may think it over."""
    values = {"status": status.value, "answer_by": answer_by}
    await tx.run(sa.update(contacts).where(contacts.c.id == ident).values(**values))


async def get_contact(tx: Transaction, ident: int) -> Contact:
    """A contact, who must exist."""
    row = await tx.one(sa.select(contacts).where(contacts.c.id == ident))
    if row is None:
        raise LookupError(f"no contact {ident}")
    return _contact(row)


async def contacts_of(tx: Transaction, check_in_id: int, *statuses: ContactStatus) -> list[Contact]:
    """Somebody's contacts in these states (or any), in the order they were named."""
    wanted = [status.value for status in statuses or tuple(ContactStatus)]
    rows = await tx.all(
        sa.select(contacts)
        .where(contacts.c.check_in_id == check_in_id, contacts.c.status.in_(wanted))
        .order_by(contacts.c.id)
    )
    return [_contact(row) for row in rows]


async def contact_for(tx: Transaction, member_id: int) -> list[Contact]:
    """Where somebody is a contact, or has been asked to be one."""
    wanted = (ContactStatus.AGREED.value, ContactStatus.ASKED.value)
    rows = await tx.all(
        sa.select(contacts)
        .where(contacts.c.member_id == member_id, contacts.c.status.in_(wanted))
        .order_by(contacts.c.id)
    )
    return [_contact(row) for row in rows]


# Each day's


async def begin(tx: Transaction, occasion: Occasion) -> Occasion | None:
    """Keep a new day's check-in (its `id` is ignored); none if that day has one already."""
    insert = tx.upsert(occasions).values(
        **_occasion_values(await tx.key_of(occasion.member_id), occasion)
    )
    made = await tx.run(insert.on_conflict_do_nothing(index_elements=["check_in_id", "day"]))
    if not made.rowcount or occasion.check_in_id is None:
        return None
    return await on_day(tx, occasion.check_in_id, occasion.day)


async def emergency(tx: Transaction, occasion: Occasion) -> Occasion:
    """Keep an emergency that came of no check-in (its `id` is ignored)."""
    values = _occasion_values(
        await tx.key_of(occasion.member_id), replace(occasion, check_in_id=None)
    )
    return replace(occasion, id=await tx.add(occasions, **values), check_in_id=None)


async def running_of(tx: Transaction, member_id: int) -> Occasion | None:
    """What is not over yet about somebody, a check-in or an emergency: an alarm before a check-in
    that waits for an answer, the latest first. Nobody else decides about it until this commits."""
    asked = sa.case((occasions.c.status == OccasionStatus.ASKED.value, 1), else_=0)
    row = await tx.one(
        sa.select(occasions)
        .where(
            occasions.c.member_id == member_id,
            occasions.c.status.in_([status.value for status in RUNNING]),
        )
        .order_by(asked, occasions.c.id.desc())
        .limit(1)
        .with_for_update(key_share=True)
    )
    return (await _occasions(tx, [row]))[0] if row else None


async def keep(tx: Transaction, occasion: Occasion) -> Occasion:
    """Keep a day's check-in as it is now."""
    await tx.run(
        sa.update(occasions)
        .where(occasions.c.id == occasion.id)
        .values(**_occasion_values(await tx.key_of(occasion.member_id), occasion))
    )
    return occasion


async def occasion(tx: Transaction, ident: int, *, lock: bool = False) -> Occasion:
    """A day's check-in that must exist. `lock`: nobody else decides about it until this commits;
    it is by this lock that an alarm is taken by one person."""
    statement = sa.select(occasions).where(occasions.c.id == ident)
    row = await tx.one(statement.with_for_update(key_share=True) if lock else statement)
    if row is None:
        raise LookupError(f"no occasion {ident}")
    return (await _occasions(tx, [row]))[0]


async def on_day(tx: Transaction, check_in_id: int, day: date) -> Occasion | None:
    """The check-in of that day, if there is one."""
    row = await tx.one(
        sa.select(occasions).where(occasions.c.check_in_id == check_in_id, occasions.c.day == day)
    )
    return (await _occasions(tx, [row]))[0] if row else None


async def running(
    tx: Transaction, check_in_id: int, statuses: Iterable[OccasionStatus] = RUNNING
) -> list[Occasion]:
    """What is not over yet of somebody's check-ins, the latest first."""
    rows = await tx.all(
        sa.select(occasions)
        .where(
            occasions.c.check_in_id == check_in_id,
            occasions.c.status.in_([status.value for status in statuses]),
        )
        .order_by(occasions.c.day.desc())
        .with_for_update(key_share=True)
    )
    return await _occasions(tx, rows)


async def untaken(tx: Transaction, community_id: int) -> int:
    """How many alarms of a group nobody has taken."""
    count = await tx.value(
        sa.select(sa.func.count())
        .select_from(occasions.join(members, members.c.id == occasions.c.member_id))
        .where(
            occasions.c.status == OccasionStatus.ALARM.value,
            members.c.community_id == community_id,
        )
    )
    return int(count or 0)


# To and from rows


def _check_in_values(key: Seal, check_in: CheckIn) -> dict[str, Any]:
    return {
        "community_id": check_in.community_id,
        "member_id": check_in.member_id,
        "status": check_in.status.value,
        "days": "".join(str(day) for day in sorted(check_in.days)),
        "hour": check_in.hour.isoformat("minutes") if check_in.hour else "",
        "next_day": check_in.next_day,
        "away_from": check_in.away_from,
        "away_until": check_in.away_until,
        "set_up_by": check_in.set_up_by,
        "sealed_code": key.seal(check_in.code),
        "misses": check_in.misses,
        "created_at": check_in.created_at,
    }


async def _check_ins(tx: Transaction, rows: Sequence[Row]) -> list[CheckIn]:
    await tx.load_keys(row["member_id"] for row in rows)
    return [_check_in(tx.keys[row["member_id"]], row) for row in rows]


def _check_in(key: Seal, row: Row) -> CheckIn:
    return CheckIn(
        id=row["id"],
        community_id=row["community_id"],
        member_id=row["member_id"],
        status=CheckInStatus(row["status"]),
        created_at=row["created_at"],
        days=frozenset(int(digit) for digit in row["days"]),
        hour=time.fromisoformat(row["hour"]) if row["hour"] else None,
        next_day=row["next_day"],
        away_from=row["away_from"],
        away_until=row["away_until"],
        set_up_by=row["set_up_by"],
        code=key.open(row["sealed_code"]),
        misses=row["misses"],
        chase_at=row["chase_at"],
    )


def _contact(row: Row) -> Contact:
    return Contact(
        row["id"],
        row["check_in_id"],
        row["member_id"],
        ContactStatus(row["status"]),
        row["created_at"],
        row["answer_by"],
    )


def _occasion_values(key: Seal, occasion: Occasion) -> dict[str, Any]:
    return {
        "check_in_id": occasion.check_in_id,
        "member_id": occasion.member_id,
        "day": occasion.day,
        "status": occasion.status.value,
        "due_at": occasion.due_at,
        "reason": occasion.reason,
        "step": occasion.step,
        "next_at": occasion.next_at,
        "taken_by": occasion.taken_by,
        "sealed_words": key.seal(occasion.words),
        "sealed_outcome": key.seal(occasion.outcome),
    }


async def _occasions(tx: Transaction, rows: Sequence[Row]) -> list[Occasion]:
    await tx.load_keys(row["member_id"] for row in rows)
    return [_occasion(tx.keys[row["member_id"]], row) for row in rows]


def _occasion(key: Seal, row: Row) -> Occasion:
    return Occasion(
        id=row["id"],
        check_in_id=row["check_in_id"],
        member_id=row["member_id"],
        day=row["day"],
        status=OccasionStatus(row["status"]),
        due_at=row["due_at"],
        reason=row["reason"],
        step=row["step"],
        next_at=row["next_at"],
        taken_by=row["taken_by"],
        words=key.open(row["sealed_words"]),
        outcome=key.open(row["sealed_outcome"]),
    )
