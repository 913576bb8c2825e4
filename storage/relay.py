"""What the two of a visit write to each other through us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from storage.database import Transaction
from storage.model import Visit
from storage.requests import visits_from
from storage.schema import LIVE_VISIT, relayed, visits


@dataclass(frozen=True, slots=True)
class Relayed:
    """One message that was passed on."""

    from_id: int
    words: str
    at: datetime


async def keep(tx: Transaction, visit_id: int, from_id: int, words: str, now: datetime) -> None:
    """Note what was passed on."""
    sealed = (await tx.key_of(from_id)).seal(words)
    await tx.add(relayed, visit_id=visit_id, from_id=from_id, sealed_words=sealed, at=now)


async def of_visit(tx: Transaction, visit_id: int) -> list[Relayed]:
    """Everything that was passed on in a visit, the oldest first."""
    rows = await tx.all(
        sa.select(relayed).where(relayed.c.visit_id == visit_id).order_by(relayed.c.id)
    )
    await tx.load_keys(row["from_id"] for row in rows)
    return [
        Relayed(row["from_id"], tx.keys[row["from_id"]].open(row["sealed_words"]), row["at"])
        for row in rows
    ]


async def open_to(tx: Transaction, member_id: int, since: datetime) -> list[Visit]:
    """Visits in which somebody may write to the other: under way, or done since that moment, and
    neither has hung up. The newest first."""
    rows = await tx.run(_open_to(), {"member": member_id, "since": since})
    return await visits_from(tx, rows.rows)


@cache
def _open_to() -> sa.Select[Any]:
    member = sa.bindparam("member", type_=visits.c.helper_id.type)
    lately = visits.c.over_at > sa.bindparam("since", type_=visits.c.over_at.type)
    return (
        sa.select(visits)
        .where(
            sa.or_(visits.c.helper_id == member, visits.c.asker_id == member),
            sa.or_(visits.c.status.in_(LIVE_VISIT), sa.and_(visits.c.status == "done", lately)),
            ~visits.c.relay_off,
        )
        .order_by(visits.c.id.desc())
    )


async def lately(tx: Transaction, member_id: int, since: datetime) -> list[Visit]:
    """Somebody's visits, on either side, that began since that moment; the newest first."""
    rows = await tx.all(
        sa.select(visits)
        .where(
            sa.or_(visits.c.helper_id == member_id, visits.c.asker_id == member_id),
            visits.c.created_at >= since,
        )
        .order_by(visits.c.id.desc())
    )
    return await visits_from(tx, rows)


async def close(tx: Transaction, visit_id: int) -> None:
    """Nothing more is passed on in this visit."""
    await tx.run(sa.update(visits).where(visits.c.id == visit_id).values(relay_off=True))
