"""How much there was: counts for the daily note. Each reads its own days and no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.database import Transaction
from storage.model import RequestStatus
from storage.schema import outbox, requests, visits


@dataclass(frozen=True, slots=True)
class Tally:
    """What a group had in some time."""

    asked: int
    """Requests that were made; half-made ones don't count."""
    found: int
    """Requests for which somebody said yes."""
    texts: int
    parts: int
    """What the texts are charged as."""


async def between(tx: Transaction, community_id: int, start: datetime, end: datetime) -> Tally:
    """What a group had from then on until, and not at, the end: no two such spans share a thing."""
    asked = sa.select(sa.func.count()).where(
        requests.c.community_id == community_id,
        requests.c.created_at >= start,
        requests.c.created_at < end,
        requests.c.status != RequestStatus.DRAFT.value,
    )
    found = (
        sa.select(sa.func.count(sa.distinct(visits.c.request_id)))
        .join_from(visits, requests, visits.c.request_id == requests.c.id)
        .where(
            visits.c.created_at >= start,
            visits.c.created_at < end,
            requests.c.community_id == community_id,
        )
    )
    sent = await tx.one(
        sa.select(
            sa.func.count().label("texts"),
            sa.func.coalesce(sa.func.sum(outbox.c.segments), 0).label("parts"),
        ).where(
            outbox.c.community_id == community_id,
            outbox.c.sent_at >= start,
            outbox.c.sent_at < end,
            outbox.c.segments > sa.literal(0, literal_execute=True),
        )
    )
    assert sent
    return Tally(
        asked=int(await tx.value(asked) or 0),
        found=int(await tx.value(found) or 0),
        texts=int(sent["texts"]),
        parts=int(sent["parts"]),
    )
