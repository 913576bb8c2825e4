"""Somebody whose number or chat can't be reached: marked, so that nobody waits for them, and tried
once more some days later. A phone that was lost is found again, a number is in use again; and
nobody who is counted on, or looked after, should be given up by one failed text.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from handlers.turn import Turn, first_name
from storage import checkins, due, members
from storage.database import Transaction
from storage.model import CheckInStatus, DueKind, Member, Priority, Role, Standing

RETRY = timedelta(days=3)
"""When they are tried once more: a lost phone has been replaced by then (ours)."""

NOT_SOON = timedelta(days=30)
"""Whoever was tried once more in this time, and could not be reached then either, is left until
they write."""

SAID_NO = frozenset({"21610", "opted_out"})
"""Who told the provider itself that they want no more is never tried (Twilio's 21610; PRACTICE)."""


async def lost(tx: Transaction, now: datetime, member: Member, why: str) -> Member:
    """Mark somebody who can't be reached; `why` in a word. The member as they are now."""
    retry_at = member.retry_at
    tried = member.retried_at is not None and now - member.retried_at < NOT_SOON
    if why in SAID_NO:
        retry_at = None
    elif retry_at is None and not tried:
        retry_at = now + RETRY
        await due.at(tx, DueKind.RETRY, member.id, retry_at)
    return await members.save(tx, replace(member, unreachable=why[:32], retry_at=retry_at))


async def wrote(turn: Turn) -> None:
    """Whoever wrote can be reached."""
    if turn.sender.unreachable:
        await turn.never_mind(turn.sender.id, DueKind.RETRY)
        await turn.save(turn.sender, unreachable="", retry_at=None, retried_at=None)


async def retry(turn: Turn, member_id: int) -> None:
    """Some days have gone by: one more try, with a message that asks for nothing, for those who
    have check-ins, help, or look after the group. The others are heard of when they write."""
    member = await members.get(turn.tx, member_id, lock=True)
    if member.retry_at is None:
        return
    member = await turn.save(member, retry_at=None)
    check_in = await checkins.of_member(turn.tx, member.id)
    counted_on = member.is_a(Role.HELPER) or member.is_a(Role.ORGANISER)
    looked_after = check_in is not None and check_in.status is CheckInStatus.ON
    gone = member.stopped_at is not None or member.standing is Standing.LEFT
    if gone or not member.unreachable or not (counted_on or looked_after):
        return
    member = await turn.save(member, unreachable="", retried_at=turn.now)
    await members.try_again(turn.tx, member.id)
    await turn.note("tried_again", "member", member.id)
    await turn.say(
        member,
        "tried_again",
        priority=Priority.REMINDER,
        about={"kind": "tried_again"},
        name=first_name(member),
    )
