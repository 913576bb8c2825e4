"""Whoever has made no use of the group for two years is asked, once, whether they want to stay; who
says nothing for four weeks is forgotten as if they had asked for it.

Whatever they write counts as use, and so does whatever counts on them
(`storage.unused.counted_on`). Who left, or never came to join, is not asked: nobody waits for them,
and they for nobody.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from handlers import rights
from handlers.rules import timing
from handlers.rules.understanding import numbers_in, yes_no
from handlers.turn import Desk, Turn, first_name
from storage import groups, members, questions, unused
from storage.database import Transaction
from storage.model import Community, DueKind, InboundKind, Member, Priority, Question, Standing

LIMITS = {
    Standing.ACTIVE: timedelta(days=730),
    Standing.WAITING: timedelta(days=730),
    Standing.LEFT: timedelta(days=365),
    Standing.JOINING: timedelta(days=90),
}
"""How long without any use. Two years are PRACTICE's; a year for who left, because a complaint or a
worry may come late; three months for who began and never joined."""

WAIT = timedelta(days=28)
"""So long they may think it over: somebody in hospital or abroad is back by then (ours)."""

MOST = 20
"""People a look and a standing, so that who came from one list is not asked all at once: texts cost
money."""

WITHIN = timedelta(days=7)
"""How exactly it is known when somebody last made use of the group: one row written a week."""


async def wrote(turn: Turn) -> None:
    """They wrote or pressed something: that is use. Whether they want to stay is then no question
    any more, unless this is the answer to it."""
    me = turn.sender
    if me.unused_at is None and me.used_at is not None and turn.now - me.used_at < WITHIN:
        return
    if me.unused_at is not None:
        await turn.never_mind(me.id, DueKind.UNUSED)
        answer = yes_no(turn.words) is not None or numbers_in(turn.words)
        assert turn.message
        if turn.message.kind is InboundKind.TEXT and not answer:
            await questions.close(turn.tx, turn.now, "unused", member_id=me.id)
    await turn.save(me, used_at=turn.now, unused_at=None)


async def see_to(desk: Desk, tx: Transaction, now: datetime, member_id: int) -> None:
    """Somebody seems not to have used the group for so long: ask them, or let them go."""
    member = await members.get(tx, member_id, lock=True)
    community = await groups.get(tx, member.community_id)
    limit = LIMITS.get(member.standing)
    used_at = member.used_at
    if community is None or limit is None or used_at is None or now - used_at < limit:
        return
    if member.unused_at is not None or member.forget_at is not None:
        return
    turn = Turn(desk, tx, now, community)
    if await unused.counted_on(tx, member.id, now - limit):
        await turn.save(member, used_at=now)
    elif member.standing in (Standing.LEFT, Standing.JOINING):
        turn.member = member
        await rights.let_go(turn, goodbye=False, why="unused")
    else:
        await _ask(turn, member)


def last_day(asked_at: datetime, community: Community) -> date:
    """The last day on which they may still say that they want to stay."""
    return timing.local(asked_at + WAIT, community).date()


def over_at(asked_at: datetime, community: Community) -> datetime:
    """When that day has gone by: in the next one's morning."""
    after = last_day(asked_at, community) + timedelta(days=1)
    return timing.at_local(after, community.quiet_until, community)


async def _ask(turn: Turn, member: Member) -> None:
    day = last_day(turn.now, turn.community)
    asked = await turn.ask(
        member,
        "unused",
        "unused",
        None,
        ("stay", "dont_stay"),
        priority=Priority.REMINDER,
        about={"kind": "unused"},
        name=first_name(member),
        day=turn.day(day, member, whole=True),
    )
    await turn.save(member, unused_at=turn.now)
    await turn.later(DueKind.UNUSED, member.id, over_at(turn.now, turn.community))
    await turn.note("unused_asked", "member", member.id, reached=asked is not None)
    if asked is None:
        # Whoever can't be asked may still be known to somebody.
        await turn.tell_organisers(
            "unused.not_asked",
            quiet=True,
            who=turn.who(member),
            phone=await turn.phone_of(member),
            day=lambda language: turn.day(day, language, whole=True),
        )


async def answered(turn: Turn, question: Question, key: str) -> None:
    """They said whether they want to stay."""
    await turn.toast()
    me = turn.sender
    if key == "stay":
        await turn.reply("unused.stays", name=first_name(me))
    elif await unused.counted_on(turn.tx, me.id, turn.now - WAIT):
        # Something has begun since they were asked: it is to be their own phone that ends it.
        await rights.ask_to_forget(turn)
    else:
        await rights.let_go(turn, why="unused")


async def silent(turn: Turn, member_id: int) -> None:
    """Their time is up: they go with a goodbye, unless somebody counts on them by now."""
    member = await members.get(turn.tx, member_id, lock=True)
    if member.unused_at is None or member.forget_at is not None:
        return
    if await unused.counted_on(turn.tx, member.id, member.unused_at):
        await turn.save(member, used_at=turn.now, unused_at=None)
        return
    turn.member = member
    await rights.let_go(turn, why="unused")
