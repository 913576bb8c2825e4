"""Worries, and what became of each. Their words are under the key of whoever told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.database import Transaction
from storage.model_worries import Noted, Worry, WorryNote, WorryStatus
from storage.ready import Row
from storage.schema import worries, worry_notes

UNSETTLED = (WorryStatus.OPEN.value, WorryStatus.TAKEN.value)
"""What is still owed a next step."""


async def add(tx: Transaction, worry: Worry) -> Worry:
    """Keep a new one (its `id` is ignored)."""
    return replace(worry, id=await tx.add(worries, **await _values(tx, worry)))


async def save(tx: Transaction, worry: Worry) -> Worry:
    values = await _values(tx, worry)
    await tx.run(sa.update(worries).where(worries.c.id == worry.id).values(**values))
    return worry


async def get(tx: Transaction, ident: int, *, lock: bool = False) -> Worry:
    """One that must exist. `lock`: nobody else decides about it until this commits; it is by this
    lock that it is taken by one person."""
    statement = sa.select(worries).where(worries.c.id == ident)
    row = await tx.one(statement.with_for_update(key_share=True) if lock else statement)
    if row is None:
        raise LookupError(f"no worry {ident}")
    return (await _worries(tx, [row]))[0]


async def group_of(tx: Transaction, ident: int) -> int | None:
    """The id of the group that a worry belongs to; none if it is gone."""
    return await tx.value(  # type: ignore[no-any-return]
        sa.select(worries.c.community_id).where(worries.c.id == ident)
    )


async def unsettled(tx: Transaction, community_id: int) -> list[Worry]:
    """A group's worries that are not closed, the oldest first."""
    return await _where(tx, worries.c.community_id == community_id, worries.c.status.in_(UNSETTLED))


async def settled(tx: Transaction, community_id: int) -> list[Worry]:
    """A group's worries that are closed and whose words are still kept, the latest first."""
    closed = worries.c.status == WorryStatus.CLOSED.value
    found = await _where(
        tx, worries.c.community_id == community_id, closed, worries.c.next_at.is_not(None)
    )
    return found[::-1]


async def told_by(tx: Transaction, member_id: int) -> list[Worry]:
    """Those that somebody told of and that are not closed, the newest first."""
    found = await _where(tx, worries.c.member_id == member_id, worries.c.status.in_(UNSETTLED))
    return found[::-1]


async def taken_by(tx: Transaction, member_id: int) -> list[Worry]:
    """Those that somebody sees to."""
    return await _where(
        tx, worries.c.taken_by == member_id, worries.c.status == WorryStatus.TAKEN.value
    )


async def how_many_untaken(tx: Transaction, community_id: int, before: datetime) -> int:
    """How many have been told of before that moment, and taken by nobody."""
    count = (
        sa.select(sa.func.count())
        .select_from(worries)
        .where(
            worries.c.community_id == community_id,
            worries.c.status == WorryStatus.OPEN.value,
            worries.c.created_at < before,
        )
    )
    return int(await tx.value(count) or 0)


async def empty(tx: Transaction, worry: Worry) -> None:
    """Keep no longer what it said, nor what was written of it: that it was is all that stays."""
    gone = {"sealed_words": b"", "sealed_named": b"", "next_at": None}
    await tx.run(sa.update(worries).where(worries.c.id == worry.id).values(**gone))
    await tx.run(
        sa.update(worry_notes).where(worry_notes.c.worry_id == worry.id).values(sealed_words=b"")
    )


# What became of it


async def note(
    tx: Transaction,
    worry: Worry,
    now: datetime,
    what: Noted,
    member_id: int | None,
    words: str = "",
) -> None:
    """Write a line of it down."""
    sealed = (await tx.key_of(worry.member_id)).seal(words)
    await tx.add(
        worry_notes,
        worry_id=worry.id,
        at=now,
        what=what.value,
        member_id=member_id,
        sealed_words=sealed,
    )


async def notes_of(tx: Transaction, worry: Worry) -> list[WorryNote]:
    """Every line of it, the oldest first."""
    key = await tx.key_of(worry.member_id)
    rows = await tx.all(
        sa.select(worry_notes).where(worry_notes.c.worry_id == worry.id).order_by(worry_notes.c.id)
    )
    return [
        WorryNote(row["at"], Noted(row["what"]), row["member_id"], key.open(row["sealed_words"]))
        for row in rows
    ]


# To and from rows


async def _where(tx: Transaction, *where: sa.ColumnElement[bool]) -> list[Worry]:
    rows = await tx.all(sa.select(worries).where(*where).order_by(worries.c.id))
    return await _worries(tx, rows)


async def _values(tx: Transaction, worry: Worry) -> dict[str, Any]:
    key = await tx.key_of(worry.member_id)
    return {
        "community_id": worry.community_id,
        "member_id": worry.member_id,
        "status": worry.status.value,
        "urgent": worry.urgent,
        "step": worry.step,
        "next_at": worry.next_at,
        "taken_by": worry.taken_by,
        "sealed_words": key.seal(worry.words),
        "sealed_named": key.seal(",".join(map(str, sorted(worry.named)))),
        "created_at": worry.created_at,
    }


async def _worries(tx: Transaction, rows: Sequence[Row]) -> list[Worry]:
    await tx.load_keys(row["member_id"] for row in rows)
    found = []
    for row in rows:
        key = tx.keys[row["member_id"]]
        named = key.open(row["sealed_named"])
        found.append(
            Worry(
                id=row["id"],
                community_id=row["community_id"],
                member_id=row["member_id"],
                status=WorryStatus(row["status"]),
                created_at=row["created_at"],
                words=key.open(row["sealed_words"]),
                named=frozenset(map(int, filter(None, named.split(",")))),
                urgent=row["urgent"],
                step=row["step"],
                next_at=row["next_at"],
                taken_by=row["taken_by"],
            )
        )
    return found
