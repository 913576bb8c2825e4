"""How much there was: counts for the daily note. Each reads its own days and no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from storage.database import Transaction
from storage.model import OccasionStatus, RequestStatus
from storage.schema import check_ins, occasions, outbox, requests, visits

ALARMS = (
    OccasionStatus.ALARM,
    OccasionStatus.TAKEN,
    OccasionStatus.CLOSED,
    OccasionStatus.MISSED,
)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a group had in some time."""

    asked: int
    """Requests that were made; half-made ones don't count."""
    found: int
    """Requests for which somebody said yes."""
    alarms: int
    """Check-ins that a person had to see to: silence, no delivery, not so well, an emergency."""
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
    alarms = (
        sa.select(sa.func.count())
        .select_from(occasions)
        .join(check_ins, check_ins.c.id == occasions.c.check_in_id)
        .where(
            check_ins.c.community_id == community_id,
            occasions.c.day >= start.date() - timedelta(days=1),  # by the index first
            occasions.c.due_at >= start,
            occasions.c.due_at < end,
            occasions.c.status.in_([status.value for status in ALARMS]),
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
        alarms=int(await tx.value(alarms) or 0),
        texts=int(sent["texts"]),
        parts=int(sent["parts"]),
    )
