"""What did not arrive, and how much did: dead letters stay in the outbox with their reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage import outcomes
from storage.database import Transaction
from storage.model import Channel, OutboundKind, SendStatus
from storage.schema import outbox


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that failed for good, or of which nobody will know whether it came."""

    id: int
    community_id: int
    member_id: int | None
    channel: Channel
    about: str
    """What it was for, as a word of ours; empty if it was for nothing that anybody waits for."""
    reason: str
    """Why, as a word of the catalogues (`reason.REASON`)."""
    tries: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Post:
    """How much went out."""

    sent: int
    """Taken by a provider; those that are known to have arrived among them."""
    delivered: int
    """Known to have arrived. Not every provider tells."""
    waiting: int


def _dead() -> sa.ColumnElement[bool]:
    """For good: what is only being asked after is not dead yet."""
    return sa.and_(
        outbox.c.kind == OutboundKind.TEXT.value,
        sa.or_(
            outbox.c.status == SendStatus.FAILED.value,
            sa.and_(
                outbox.c.status == SendStatus.UNKNOWN.value,
                outbox.c.next_at == sa.literal(outcomes.NEVER, outbox.c.next_at.type),
            ),
        ),
    )


async def dead(
    tx: Transaction, community_id: int, since: datetime, most: int
) -> tuple[int, list[DeadLetter]]:
    """How many letters of a group, written since then, are dead; and the latest of them."""
    which = (
        outbox.c.community_id == community_id,
        outbox.c.created_at >= sa.literal(since, outbox.c.created_at.type),
        _dead(),
    )
    count = await tx.value(sa.select(sa.func.count()).select_from(outbox).where(*which))
    rows = await tx.all(
        sa.select(outbox).where(*which).order_by(outbox.c.created_at.desc()).limit(most)
    )
    return int(count or 0), [
        DeadLetter(
            id=row["id"],
            community_id=row["community_id"],
            member_id=row["member_id"],
            channel=Channel(row["channel"]),
            about=str((row["about"] or {}).get("kind", "")),
            reason=row["reason"] or "unknown",
            tries=row["attempts"],
            created_at=row["created_at"],
        )
        for row in rows
    ]


async def post(tx: Transaction, community_id: int, since: datetime) -> Post:
    """What became of what a group has written since then."""
    rows = await tx.all(
        sa.select(outbox.c.status, sa.func.count().label("n"))
        .where(
            outbox.c.community_id == community_id,
            outbox.c.created_at >= sa.literal(since, outbox.c.created_at.type),
            outbox.c.kind == OutboundKind.TEXT.value,
        )
        .group_by(outbox.c.status)
    )
    by = {SendStatus(row["status"]): row["n"] for row in rows}
    delivered = by.get(SendStatus.DELIVERED, 0)
    return Post(
        sent=by.get(SendStatus.SENT, 0) + delivered,
        delivered=delivered,
        waiting=by.get(SendStatus.QUEUED, 0) + by.get(SendStatus.SENDING, 0),
    )
