"""A second address: somebody who texts would like to be known on Telegram too, or the other way
round.

LINK is texted from the phone. The code goes to that phone, since whom a text is from proves
nothing, and is then written where the provider vouches for who writes.
"""

from __future__ import annotations

from dataclasses import replace

from handlers.turn import Turn, first_name
from storage import due, links, members, requests
from storage.model import Address, DueKind, Member, RequestStatus, Standing


async def asked_for(turn: Turn) -> None:
    """They want to be known by a second address."""
    assert turn.message
    vouched, number = turn.desk.vouched, turn.desk.number
    if turn.message.channel in vouched:
        await turn.reply("link.how" if number else "link.none", number=number)
    elif not vouched:
        await turn.reply("link.none")
    else:
        here = Address(turn.message.channel, turn.message.sender)
        code = await links.make(turn.tx, here, turn.now, turn.desk.chance)
        await turn.reply("link.code", code=code, bot=turn.desk.telegram_name)


async def with_code(turn: Turn, code: str) -> bool:
    """They sent a code that went to a phone; whether it was good."""
    assert turn.message
    if turn.message.channel not in turn.desk.vouched:
        return False
    phone = await links.spend(turn.tx, code, turn.now)
    there = await members.find(turn.tx, phone) if phone else None
    if phone is None or there is None:
        return False
    here = Address(turn.message.channel, turn.message.sender)
    me = turn.sender
    if there.id == me.id:
        await turn.reply("link.done", name=first_name(me))
        return True
    if await _is_nobody(turn, me):
        await _move(turn, here, me, there)
        me = there
    elif await _is_nobody(turn, there):
        await _move(turn, phone, there, me)
    else:
        # Two people in the list, each with a life of their own: not ours to make one of them.
        await turn.reply("link.both", name=first_name(me))
        return True
    await turn.show_commands(me, here)
    await turn.reply("link.done", name=first_name(me))
    await turn.say(me, "link.told", at=phone, wakes=True, name=first_name(me))
    return True


async def _is_nobody(turn: Turn, member: Member) -> bool:
    """Whether somebody has only just written for the first time, or has left: nothing is lost when
    their address becomes another's."""
    if member.roles or member.consent or member.standing not in (Standing.JOINING, Standing.LEFT):
        return False
    open_now = (RequestStatus.DRAFT, *requests.UNSETTLED)
    return not await requests.of_asker(turn.tx, member.id, open_now)


async def _move(turn: Turn, address: Address, was: Member, to: Member) -> None:
    """From now on that address is `to`'s."""
    await members.add_address(turn.tx, to.id, address)
    await members.save(turn.tx, replace(was, standing=Standing.LEFT))
    await due.never_mind(turn.tx, -was.id, DueKind.DRAFT)
    if to.community_id != turn.community.id:
        await turn.move_to(to.community_id)
    turn.member = to
    await turn.note("linked", "member", to.id, channel=address.channel.value, was=was.id)
