"""What neighbours answer to an offer, and who has the visit.

`accept` is where the first yes wins, under a lock on the request.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from handlers import neighbours, visit
from handlers.rules import lifecycle, matching, timing
from handlers.rules.matching import Why, WhyNot
from handlers.turn import Turn, first_name
from storage import members, questions, requests
from storage.model import (
    DueKind,
    HelpRequest,
    Member,
    OfferStatus,
    Question,
    RequestStatus,
    Role,
    Standing,
)

FREE = (RequestStatus.OPEN, RequestStatus.HANDED)
"""A request that a yes can still fill."""


# What they answer


async def answered(turn: Turn, question: Question, key: str) -> None:
    """A helper answered an offer, in time or late."""
    offer = await requests.get_offer(turn.tx, question.ref or 0)
    assert offer
    if key == "accept":
        await accept(turn, await _asked_since(turn, offer.request_id) or offer.request_id)
        return
    if offer.status is OfferStatus.ACCEPTED:
        running = await requests.live_visit(turn.tx, offer.request_id)
        if running and running.helper_id == turn.sender.id:
            await visit.cannot(turn, running)
        else:
            await turn.reply("visit.over", name=first_name(turn.sender))
        return
    if lifecycle.may_become(offer.status, OfferStatus.DECLINED):
        await requests.answer_offer(turn.tx, offer.id, OfferStatus.DECLINED, turn.now)
    await turn.toast()
    await turn.edit(question, "offer.declined")
    if not (turn.message and turn.message.button):
        await turn.reply("offer.declined.thanks", name=first_name(turn.sender))
    await next_if_all_said_no(turn, offer.request_id)


AGAIN_WITHIN = timedelta(hours=1)
"""Who asks for the same kind of help again so soon wants what was called off."""


async def _asked_since(turn: Turn, request_id: int) -> int | None:
    """Where it was called off: the same thing, for the same person and time, that they have been
    asked for since. A yes to the first text is a yes to it, and must not hear "not needed"."""
    request = await requests.get(turn.tx, request_id)
    if request.status is not RequestStatus.CANCELLED:
        return None
    for each in await requests.open_offers_to(turn.tx, turn.sender.id):
        other = await requests.get(turn.tx, each.request_id)
        alike = (other.asker_id, other.need) == (request.asker_id, request.need)
        same_time = (other.day, other.part) == (request.day, request.part)
        soon = abs(other.created_at - request.created_at) <= AGAIN_WITHIN
        if alike and same_time and soon and other.status in FREE:
            return other.id
    return None


async def which_said(turn: Turn, question: Question, key: str) -> None:
    """They said which of several offers they mean: its own question has the answer now."""
    ident, _, said = key.partition(":")
    for asked in reversed(await questions.about(turn.tx, "offer", int(ident))):
        if asked.member_id == turn.sender.id:
            await questions.answered(turn.tx, asked.id, turn.now)
            await answered(turn, asked, said)
            return


async def next_if_all_said_no(turn: Turn, request_id: int) -> None:
    """Nobody is left waiting for an answer that has come: ask the next ones now."""
    request = await requests.get(turn.tx, request_id, lock=True)
    if request.status is not RequestStatus.OPEN:
        return
    offers = await requests.offers_of(turn.tx, request_id)
    cards = await questions.about(turn.tx, "card", request_id)
    if not cards and not any(offer.status is OfferStatus.OPEN for offer in offers):
        await turn.later(DueKind.WAVE, request_id, timing.not_quiet(turn.now, turn.community))


async def answered_card(turn: Turn, question: Question, _key: str) -> None:
    """Somebody pressed the button of a card in a street group."""
    member = turn.member
    if member is None or not member.is_a(Role.HELPER) or member.standing is not Standing.ACTIVE:
        link = f"t.me/{turn.desk.telegram_name}?start=help"
        name = "card.wait" if member and member.standing is Standing.WAITING else "card.join"
        await turn.toast(name, link=link)
        return
    request = await requests.get(turn.tx, question.ref or 0)
    asker = await members.get(turn.tx, request.asker_id)
    against = await neighbours.against(turn.tx, turn.community, request, asker, member, turn.now)
    other_group = request.community_id != member.community_id
    if other_group or (request.status in FREE and against & STOPS_A_YES):
        # Nothing that could tell the person why: a bond is nobody's business.
        await turn.toast("card.not_you")
        return
    await accept(turn, request.id)


async def accept(turn: Turn, request_id: int, *, helper: Member | None = None) -> bool:
    """The sender (or the helper that an organiser names) takes a request; whether they have it.

    The lock on the request's row makes the first one win; the database's own index on live visits
    would refuse a second even without it.
    """
    by_hand = helper is not None
    helper = helper or turn.sender
    request = await requests.get(turn.tx, request_id, lock=True)
    running = await requests.live_visit(turn.tx, request_id)
    if running and running.helper_id == helper.id:
        await turn.toast()
        await turn.reply("offer.yours_already", name=first_name(helper))
        return True
    if request.status not in FREE:
        over = request.status in (RequestStatus.CANCELLED, RequestStatus.CLOSED)
        await turn.toast("offer.over.toast" if over else "offer.too_late.toast")
        if not by_hand and not (turn.message and turn.message.in_group):
            await turn.reply("offer.over" if over else "offer.too_late", name=first_name(helper))
        return False
    asker = await members.get(turn.tx, request.asker_id)
    if not by_hand:
        against = STOPS_A_YES & await neighbours.against(
            turn.tx, turn.community, request, asker, helper, turn.now
        )
        if against:
            await turn.toast()
            full = against <= _FULL
            await turn.reply("offer.full" if full else "offer.not_now", name=first_name(helper))
            asked = await requests.offer_to(turn.tx, request_id, helper.id)
            if full and asked and asked.status is OfferStatus.OPEN:
                await requests.answer_offer(turn.tx, asked.id, OfferStatus.TAKEN, turn.now)
                await next_if_all_said_no(turn, request_id)
            return False
    offer = await requests.offer_to(turn.tx, request_id, helper.id)
    if offer is None:
        why = Why.BY_HAND if by_hand else Why.STREET
        offer = await requests.add_offer(
            turn.tx, request_id, helper.id, request.wave, why.value, turn.now
        )
    await requests.answer_offer(turn.tx, offer.id, OfferStatus.ACCEPTED, turn.now)
    request = await requests.save(
        turn.tx, replace(request, status=lifecycle.become(request.status, RequestStatus.FILLED))
    )
    await turn.never_mind(request.id, DueKind.WAVE, DueKind.PROMISE, DueKind.CHASE)
    await questions.close(turn.tx, turn.now, "handed", "assign", ref=request.id)
    rested = matching.tire(helper.rested_at, turn.now, matching.VISIT_TIRES)
    helper = await turn.save(helper, rested_at=rested)
    await _tell_the_others(turn, request, helper)
    await visit.begin(turn, request, asker, helper, by_hand=by_hand)
    return True


STOPS_A_YES = frozenset(
    {
        WhyNot.IS_ASKER,
        WhyNot.NOT_HELPER,
        WhyNot.NOT_VETTED,
        WhyNot.RULED_OUT,
        WhyNot.AT_ONCE_CAP,
        WhyNot.WEEKLY_CAP,
    }
)
"""What keeps somebody from taking on what they say yes to. That they are off duty, rest, or don't
do such things by their own word does not: they have just said that they will."""

_FULL = frozenset({WhyNot.AT_ONCE_CAP, WhyNot.WEEKLY_CAP})


async def _tell_the_others(turn: Turn, request: HelpRequest, helper: Member) -> None:
    """Offers and cards on Telegram change before people's eyes; by text, which costs money, others
    hear that it is taken only if they answer."""
    dropped = {offer.id for offer in await requests.drop_offers(turn.tx, request.id)}
    await turn.toast("offer.yours.toast")
    offers = await requests.offers_of(turn.tx, request.id)
    put = await questions.about_each(turn.tx, "offer", [offer.id for offer in offers])
    latest = {question.ref: question for question in put}
    told = []
    for offer in offers:
        question = latest.get(offer.id)
        if question and offer.member_id == helper.id:
            await questions.answered(turn.tx, question.id, turn.now)
            told.append((question, "offer.yours"))
        elif question and offer.id in dropped:
            told.append((question, "offer.taken"))
    await turn.edit_all(told)
    for question in await questions.about(turn.tx, "card", request.id):
        await turn.edit(
            question,
            "card.taken",
            what=turn.gist(request, turn.community.languages[0]),
        )


async def unheard(turn: Turn, offer_id: int) -> None:
    """An offer that did not arrive is as good as a no; the next one is not kept waiting by it."""
    offer = await requests.get_offer(turn.tx, offer_id)
    if offer and offer.status is OfferStatus.OPEN:
        await requests.answer_offer(turn.tx, offer.id, OfferStatus.DECLINED, turn.now)
        await next_if_all_said_no(turn, offer.request_id)
