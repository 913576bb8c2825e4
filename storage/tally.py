"""How much there was: counts for the daily note. Each reads its own days and no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa

from storage.database import Transaction
from storage.messages import is_one_of
from storage.model import Channel, OccasionStatus, RequestStatus, SendStatus
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


async def parts_since(tx: Transaction, community_id: int, channel: Channel, start: datetime) -> int:
    """What a group's texts from then on are charged as; each that is in the air counts as one. Two
    ranges of two indexes: the day's texts, and what is being sent."""
    row = await tx.one_with(
        _parts_query(),
        group=community_id,
        channel=channel.value,
        start=start,
        lately=start - timedelta(days=1),
    )
    assert row
    return int(row["sent"]) + int(row["going"])


@cache
def _parts_query() -> sa.Select[int, int]:
    def moment(name: str) -> sa.BindParameter[datetime]:
        return sa.bindparam(name, type_=outbox.c.sent_at.type)

    sent = (
        sa.select(sa.func.coalesce(sa.func.sum(outbox.c.segments), 0))
        .where(
            outbox.c.community_id == sa.bindparam("group"),
            outbox.c.sent_at >= moment("start"),
            outbox.c.segments > sa.literal(0, literal_execute=True),
        )
        .scalar_subquery()
    )
    going = (
        sa.select(sa.func.count())
        .where(
            outbox.c.channel == sa.bindparam("channel"),
            is_one_of(outbox.c.status, SendStatus.SENDING, SendStatus.UNKNOWN),
            outbox.c.community_id == sa.bindparam("group"),
            outbox.c.segments == 0,
            # What nobody will ever know of is not counted for ever.
            outbox.c.created_at >= moment("lately"),
        )
        .scalar_subquery()
    )
    return sa.select(sent.label("sent"), going.label("going"))


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
