"""Whom people would rather not meet, and whom they want to be asked first.

Kept, acted upon, and told to nobody: not to whom it is about, and not why.
"""

from __future__ import annotations

from handlers import visit
from handlers.rules import choices
from handlers.seen import LIVE
from handlers.turn import Turn, first_name
from storage import members, questions, requests
from storage.model import Member, OfferStatus, RequestStatus, Role

FREE = (RequestStatus.OPEN, RequestStatus.HANDED)


async def said(turn: Turn) -> bool:
    """Whether they chose somebody, or chose against somebody, and that was seen to."""
    me = turn.sender
    if not me.is_a(Role.ASKER) and not me.is_a(Role.HELPER):
        return False
    if name := choices.ruled_out(turn.words):
        return await _not(turn, name)
    names = choices.first(turn.words)
    if names and me.is_a(Role.ASKER):
        await _first(turn, names)
        return True
    return False


async def _meant(turn: Turn, name: str, roles: tuple[Role, ...]) -> list[Member]:
    """Those of that name in the group; of several, those whom they have met, if any."""
    me, wanted = turn.sender, name.lower()
    found: dict[int, Member] = {}
    for role in roles:
        for one in await members.with_role(turn.tx, turn.community.id, role):
            called = {one.name.lower(), first_name(one).lower(), *one.name.lower().split()[:1]}
            if one.id != me.id and wanted in called:
                found[one.id] = one
    met = [one for one in found.values() if await requests.between(turn.tx, me.id, one.id)]
    return met or list(found.values())


async def _not(turn: Turn, name: str) -> bool:
    """They would rather not meet somebody again: whoever of that name it may be. What is answered
    is the same whether there is such a person or not."""
    me = turn.sender
    others = [
        *((Role.HELPER,) if me.is_a(Role.ASKER) else ()),
        *((Role.ASKER,) if me.is_a(Role.HELPER) else ()),
    ]
    meant = await _meant(turn, name, tuple(others))
    if not meant and not name[:1].isupper():
        return False  # "not likely"
    for other in meant:
        await members.set_bond(turn.tx, me.id, other.id, "not_again")
    if not meant:
        await _to_settle(turn)
    await turn.reply("choice.not", name=first_name(me), other=name)
    for other in meant:
        await _keep_apart(turn, other)
    return True


async def _keep_apart(turn: Turn, other: Member) -> None:
    """Nothing that is under way brings the two together."""
    me = turn.sender
    for asker, helper in ((me, other), (other, me)):
        for request in await requests.of_asker(turn.tx, asker.id, FREE):
            offer = await requests.offer_to(turn.tx, request.id, helper.id)
            if offer is None or offer.status is not OfferStatus.OPEN:
                continue
            await requests.answer_offer(turn.tx, offer.id, OfferStatus.TAKEN, turn.now)
            for question in (await questions.about(turn.tx, "offer", offer.id))[-1:]:
                await questions.answered(turn.tx, question.id, turn.now)
                await turn.edit(question, "offer.taken")
    for between in await requests.between(turn.tx, me.id, other.id):
        if between.status not in LIVE:
            continue
        if between.helper_id == me.id:
            await visit.give_back(turn, between)
        else:
            await visit.somebody_else(turn, between)


async def _first(turn: Turn, names: list[str]) -> None:
    """They want these asked before anyone else, in this order: in place of those named before."""
    me = turn.sender
    circle = []
    for name in names:
        meant = await _meant(turn, name, (Role.HELPER,))
        if len(meant) == 1:
            circle.append(meant[0].id)
    await members.set_circle(turn.tx, me.id, circle)
    if len(circle) < len(names):
        await _to_settle(turn)
    lines = turn.desk.wording.joined(me.language, names)
    await turn.reply("choice.first", name=first_name(me), lines=lines)


async def _to_settle(turn: Turn) -> None:
    """It is not plain whom they mean: an organiser asks them."""
    me = turn.sender
    await turn.tell_organisers(
        "choice.told",
        but=me.id,
        who=turn.who(me),
        phone=await turn.phone_of(me),
        words=turn.quoted(turn.words),
    )
