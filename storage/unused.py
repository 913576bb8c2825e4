"""Who has made no use of the group for long, and whether anything still counts on them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from storage.checkins import RUNNING
from storage.database import Transaction
from storage.members import roles_with
from storage.model import (
    KEEPERS,
    CheckInStatus,
    ContactStatus,
    Role,
    ScheduleStatus,
    Standing,
)
from storage.requests import OVER
from storage.schema import (
    LIVE_VISIT,
    check_ins,
    contacts,
    members,
    occasions,
    offers,
    requests,
    schedules,
    shifts,
    visits,
    worries,
)
from storage.worries import UNSETTLED

AT_ONCE = 500
"""People whose time begins in one transaction."""

HERE = [standing.value for standing in Standing if standing is not Standing.FORGOTTEN]

_LOOKED_AT = sa.text("unused_at IS NULL AND forget_at IS NULL")
"""To the letter as the index has it, or SQLite does not use it."""


async def begin(tx: Transaction, now: datetime) -> int:
    """Whoever came from a list and has never written: their time begins now. How many."""
    new = (
        sa.select(members.c.id)
        .where(_LOOKED_AT, members.c.standing.in_(HERE), members.c.used_at.is_(None))
        .limit(AT_ONCE)
    )
    begun = sa.update(members).where(members.c.id.in_(new)).values(used_at=now)
    return int((await tx.run(begun)).rowcount)


async def for_long(
    tx: Transaction, now: datetime, limits: Mapping[Standing, timedelta], most: int
) -> list[int]:
    """Those who have made no use of the group for as long as it says of where they stand; of each
    standing those first who have not for longest, and no more than that."""
    found = []
    for standing, limit in limits.items():
        rows = await tx.all(
            sa.select(members.c.id)
            .where(
                _LOOKED_AT,
                members.c.standing == standing.value,
                members.c.used_at < now - limit,
            )
            .order_by(members.c.used_at)
            .limit(most)
        )
        found += [row["id"] for row in rows]
    return found


async def counted_on(tx: Transaction, member_id: int, since: datetime) -> bool:
    """Whether somebody counts on them, or they on the group, without their having to write: an
    organiser, who hears of worries, check-ins or being told of somebody's, regular help, anything
    that is open; or a request, a visit or an answer since then."""
    over = [status.value for status in OVER]
    helper_or_asker = sa.or_(visits.c.helper_id == member_id, visits.c.asker_id == member_id)
    signs = (
        *(
            sa.exists().where(members.c.id == member_id, members.c.roles.in_(roles_with(role)))
            for role in (Role.ORGANISER, *KEEPERS)
        ),
        sa.exists().where(worries.c.member_id == member_id, worries.c.status.in_(UNSETTLED)),
        sa.exists().where(
            check_ins.c.member_id == member_id, check_ins.c.status != CheckInStatus.OFF.value
        ),
        sa.exists().where(
            contacts.c.member_id == member_id, contacts.c.status != ContactStatus.DECLINED.value
        ),
        sa.exists().where(
            occasions.c.member_id == member_id,
            occasions.c.status.in_([status.value for status in RUNNING]),
        ),
        sa.exists().where(
            schedules.c.asker_id == member_id,
            schedules.c.status.in_((ScheduleStatus.RUNNING.value, ScheduleStatus.OFFERED.value)),
        ),
        sa.exists().where(
            requests.c.asker_id == member_id,
            sa.or_(requests.c.status.not_in(over), requests.c.created_at > since),
        ),
        sa.exists().where(
            helper_or_asker,
            sa.or_(visits.c.status.in_(LIVE_VISIT), visits.c.created_at > since),
        ),
        sa.exists().where(offers.c.member_id == member_id, offers.c.answered_at > since),
        sa.exists().where(shifts.c.member_id == member_id),
    )
    return bool(await tx.value(sa.select(sa.or_(*signs))))
