"""What somebody gets to see of somebody else: looked up, and noted.

What is a person's own goes into a message as a `Private`: text that knows whose it is. Before it is
written down the table (`rules/privacy.py`) is asked; what it does not show goes out as a dash.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Self

from handlers.rules.privacy import LOOKED_AT, Field, Moment, Relation, shown
from storage import checkins, members, requests, worries
from storage.database import Transaction
from storage.model import (
    KEEPERS,
    Member,
    RequestStatus,
    Role,
    Standing,
    Visit,
    VisitStatus,
)

A_DAY = timedelta(days=1)
"""How long after a visit the two can still write to each other through us."""

WITHHELD = "-"

LIVE = (VisitStatus.ACCEPTED, VisitStatus.ON_THE_WAY)


class Private(str):
    """Something of somebody's own. It is text like any other until it is said to somebody."""

    __slots__ = ("field", "moment", "of")

    field: Field
    of: int
    """Whose it is: the member's id."""
    moment: Moment
    """How things stand with what it is told for, where that is not a visit of the two."""

    def __new__(cls, value: str, field: Field, of: int, moment: Moment = Moment.NONE) -> Self:
        made = super().__new__(cls, value)
        made.field, made.of, made.moment = field, of, moment
        return made


def helps(member: Member) -> bool:
    """Whether somebody is a helper now. Who is none any more has no visit, whatever they had."""
    return member.is_a(Role.HELPER) and member.standing is Standing.ACTIVE


def of_visit(visit: Visit, now: datetime) -> Moment:
    """How things stand with a visit."""
    if visit.status in LIVE:
        return Moment.COMING
    done = visit.status is VisitStatus.DONE
    if done and visit.over_at is not None and now - visit.over_at < A_DAY:
        return Moment.AFTER
    return Moment.OVER


async def relations(
    tx: Transaction, now: datetime, community_id: int, to: Member, private: Private
) -> AsyncIterator[tuple[Relation, Moment]]:
    """Everything that somebody is to the person whose this is, and how things stand: what is known
    without looking first."""
    if to.id == private.of:
        yield Relation.ONESELF, private.moment
        return
    organises = to.is_a(Role.ORGANISER) and to.community_id == community_id
    yield Relation.ORGANISER if organises else Relation.STRANGER, private.moment
    visits = await requests.between(tx, to.id, private.of)
    for visit in visits:
        mine = visit.helper_id == to.id
        moment = of_visit(visit, now) if not mine or helps(to) else Moment.OVER
        yield Relation.HELPER if mine else Relation.ASKER, moment
    if private.moment is Moment.WORRY and await _keeps(tx, community_id, to, private.of):
        yield Relation.KEEPER, Moment.WORRY
    if organises:
        for request in await requests.of_asker(tx, private.of, (RequestStatus.HANDED,)):
            if request.handler_id == to.id:
                yield Relation.HANDLER, Moment.ASKING
    if await requests.is_offered(tx, to.id, private.of):
        yield Relation.OFFERED, Moment.ASKING
        if visits and await members.bond(tx, to.id, private.of) == "glad":
            yield Relation.FAMILIAR, Moment.ASKING
    for contact in await checkins.contact_for(tx, to.id):
        if (await checkins.get(tx, contact.check_in_id)).member_id == private.of:
            yield Relation.CONTACT, private.moment


async def keepers_of(tx: Transaction, community_id: int) -> list[Member]:
    """The safeguarding holders and deputies of a group, each once, the holders first."""
    found = [
        *await members.with_role(tx, community_id, Role.SAFEGUARDING),
        *await members.with_role(tx, community_id, Role.DEPUTY),
    ]
    return list({one.id: one for one in found}.values())


async def _keeps(tx: Transaction, community_id: int, to: Member, of: int) -> bool:
    """Whether worries are for somebody, and none of this person's is about them."""
    if to.community_id != community_id:
        return False
    if any(to.id in worry.named for worry in await worries.told_by(tx, of)):
        return False
    if to.roles & KEEPERS:
        return True
    return to.is_a(Role.ORGANISER) and not await keepers_of(tx, community_id)


async def may_see(
    tx: Transaction, now: datetime, community_id: int, to: Member, private: Private
) -> bool:
    """Whether the table shows somebody this, by anything that they are to whose it is."""
    async for relation, moment in relations(tx, now, community_id, to, private):
        if shown(private.field, relation, moment):
            return True
    return False


def privates(params: Mapping[str, Any]) -> dict[str, Private]:
    """Those of the values that are somebody's own, by name."""
    return {name: value for name, value in params.items() if isinstance(value, Private) and value}


def looked_at(found: Iterable[Private], words: str) -> list[Private]:
    """Those that stand in these words, and whose being seen is noted."""
    return [one for one in found if one.field in LOOKED_AT and one in words]
