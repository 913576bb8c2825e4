"""Who holds the phone when: times of the week, and who stands in whatever those say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.database import Transaction
from storage.schema import shifts, stand_ins


@dataclass(frozen=True, slots=True)
class Shift:
    """One organiser's time of duty in every week: minutes from Monday's midnight."""

    id: int
    community_id: int
    member_id: int
    span: tuple[int, int]


async def shifts_of(tx: Transaction, community_id: int) -> list[Shift]:
    """A group's rota, in the order of the week."""
    rows = await tx.all(
        sa.select(shifts)
        .where(shifts.c.community_id == community_id)
        .order_by(shifts.c.start_minute, shifts.c.id)
    )
    return [
        Shift(r["id"], r["community_id"], r["member_id"], (r["start_minute"], r["end_minute"]))
        for r in rows
    ]


async def group_of(tx: Transaction, shift_id: int) -> int | None:
    """Whose rota a time is in; none if it is in none any more."""
    return await tx.value(  # type: ignore[no-any-return]
        sa.select(shifts.c.community_id).where(shifts.c.id == shift_id)
    )


async def add(
    tx: Transaction, community_id: int, member_id: int, spans: Iterable[tuple[int, int]]
) -> list[int]:
    """Put somebody down for these times of every week; the ids of what is new."""
    there = {s.span for s in await shifts_of(tx, community_id) if s.member_id == member_id}
    return [
        await tx.add(
            shifts,
            community_id=community_id,
            member_id=member_id,
            start_minute=start,
            end_minute=end,
        )
        for start, end in spans
        if (start, end) not in there
    ]


async def clear(tx: Transaction, community_id: int, member_id: int) -> list[int]:
    """Somebody has no times any more; the ids that are gone."""
    which = (shifts.c.community_id == community_id, shifts.c.member_id == member_id)
    gone = [row["id"] for row in await tx.all(sa.select(shifts.c.id).where(*which))]
    await tx.run(sa.delete(shifts).where(*which))
    return gone


async def stand_in(tx: Transaction, community_id: int, now: datetime) -> int | None:
    """Who has taken over by word, for as long as that holds."""
    row = await tx.one(sa.select(stand_ins).where(stand_ins.c.community_id == community_id))
    if row is None or (row["until"] is not None and row["until"] <= now):
        return None
    return int(row["member_id"])


async def take_over(
    tx: Transaction, community_id: int, member_id: int, until: datetime | None
) -> None:
    """Somebody holds the phone until then, or until somebody else does."""
    insert = tx.upsert(stand_ins).values(
        community_id=community_id, member_id=member_id, until=until
    )
    values = {"member_id": member_id, "until": until}
    await tx.run(insert.on_conflict_do_update(index_elements=["community_id"], set_=values))


async def end_stand_in(tx: Transaction, community_id: int, now: datetime) -> None:
    """The rota changes hands: who took over before there was one, or until now, is free."""
    over = sa.or_(stand_ins.c.until.is_(None), stand_ins.c.until <= now)
    await tx.run(sa.delete(stand_ins).where(stand_ins.c.community_id == community_id, over))


async def drop_stand_in(tx: Transaction, community_id: int, member_id: int) -> None:
    """Somebody does not stand in any more, if they did."""
    await tx.run(
        sa.delete(stand_ins).where(
            stand_ins.c.community_id == community_id, stand_ins.c.member_id == member_id
        )
    )
