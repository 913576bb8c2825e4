"""Who holds the phone when: times of the week, single dates, and who stands in whatever those
say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.database import Transaction
from storage.schema import dated_shifts, shifts, stand_ins


@dataclass(frozen=True, slots=True)
class Shift:
    """One organiser's time of duty in every week: minutes from Monday's midnight."""

    id: int
    community_id: int
    member_id: int
    span: tuple[int, int]


async def shifts_of(tx: Transaction, community_id: int) -> list[Shift]:
    """A group's rota, in the order of the week."""
    rows = await tx.rows(shifts, community_id=community_id)
    return [
        Shift(r["id"], r["community_id"], r["member_id"], (r["start_minute"], r["end_minute"]))
        for r in sorted(rows, key=lambda r: (r["start_minute"], r["id"]))
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


# Single dates


@dataclass(frozen=True, slots=True)
class Dated:
    """What is otherwise than in every week, once."""

    id: int
    community_id: int
    member_id: int | None
    """None: nobody comes in their place."""
    instead_of: int | None
    """None: in everybody's."""
    starts_at: datetime
    ends_at: datetime


async def dated_of(tx: Transaction, community_id: int) -> list[Dated]:
    """What is otherwise, now or later, in the order in which it was said."""
    rows = await tx.rows(dated_shifts, community_id=community_id)
    return [
        Dated(
            r["id"],
            r["community_id"],
            r["member_id"],
            r["instead_of"],
            r["starts_at"],
            r["ends_at"],
        )
        for r in rows
    ]


async def get_dated(tx: Transaction, ident: int) -> Dated | None:
    """What is otherwise, by its id; none if that is over."""
    community_id = await group_of_dated(tx, ident)
    there = await dated_of(tx, community_id) if community_id else []
    return next((one for one in there if one.id == ident), None)


async def group_of_dated(tx: Transaction, ident: int) -> int | None:
    """Whose rota it is in; none if it is over."""
    return await tx.value(  # type: ignore[no-any-return]
        sa.select(dated_shifts.c.community_id).where(dated_shifts.c.id == ident)
    )


async def add_dated(tx: Transaction, dated: Dated) -> int:
    """Keep what is otherwise, once (the `id` is ignored); its id."""
    return await tx.add(
        dated_shifts,
        community_id=dated.community_id,
        member_id=dated.member_id,
        instead_of=dated.instead_of,
        starts_at=dated.starts_at,
        ends_at=dated.ends_at,
    )


async def drop_dated(tx: Transaction, *idents: int) -> None:
    """It is over, or not so any more."""
    await tx.run(sa.delete(dated_shifts).where(dated_shifts.c.id.in_(idents)))


# Who stands in


async def stand_in(tx: Transaction, community_id: int, now: datetime) -> int | None:
    """Who has taken over by word, for as long as that holds."""
    row = await tx.row(stand_ins, community_id=community_id)
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
