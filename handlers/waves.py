"""Asking neighbours, a few at a time and each time further out, until somebody says yes; and when
nobody does, handing over to an organiser with the reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

from handlers import neighbours
from handlers.rules import lifecycle, matching, timing
from handlers.rules.matching import Why, WhyNot
from handlers.rules.privacy import Field, Moment
from handlers.seen import Private
from handlers.turn import Ask, Turn, first_name
from storage import groups, members, messages, questions, requests
from storage.model import (
    DueKind,
    HelpRequest,
    Member,
    OfferStatus,
    OutboundKind,
    Priority,
    RequestStatus,
    SendStatus,
)

RECORD = timedelta(days=90)
"""How far back a group's own record of answers goes."""

NEAR_KM = 6.0
"""Who counts as near, when an organiser is told why nobody came of it."""


async def open_request(
    turn: Turn, request: HelpRequest, said: str = "nobody_yet", **more: Any
) -> HelpRequest:
    """Let neighbours be asked: the first wave goes now, or when the quiet hours end. By the moment
    promised the asker hears, whatever happens: `said` (with `more`) where there is nobody to ask
    at all."""
    start = timing.not_quiet(turn.now, turn.community)
    wanted = timing.wanted_at(request.day, request.part, turn.now, turn.community)
    urgent = request.urgent or timing.is_urgent(wanted, start)
    request = replace(
        request,
        status=lifecycle.become(request.status, RequestStatus.OPEN),
        urgent=urgent,
        wave=0,
        lapsed_at=None,
        promised_at=timing.promise(wanted, turn.now, turn.community, urgent=urgent),
    )
    await requests.save(turn.tx, request)
    assert request.promised_at
    await turn.later(DueKind.PROMISE, request.id, request.promised_at)
    if start > turn.now:
        await turn.later(DueKind.WAVE, request.id, start)
        return request
    return await send_wave(turn, request, said, **more)


async def send_wave(
    turn: Turn, request: HelpRequest, said: str = "nobody_yet", **more: Any
) -> HelpRequest:
    """Ask the next neighbours; where there are none to ask any more, hand over."""
    asker = await members.get(turn.tx, request.asker_id)
    if await _circle(turn, request, asker) or await _familiar_alone(turn, request, asker):
        return await requests.get(turn.tx, request.id)
    record = await members.waves_since(turn.tx, turn.community.id, turn.now - RECORD)
    size = matching.wave_size(record)
    first = request.wave == 0
    picked: list[matching.Candidate] = []
    wave = request.wave
    # A wave that finds nobody does not keep anybody waiting: the next one is looked at at once.
    while wave < timing.WAVES and not picked:
        wave += 1
        look = await neighbours.search(
            turn.tx, turn.community, request, asker, turn.now, matching.reach_km(wave)
        )
        picked = await look.pick(size)
    request = await requests.save(turn.tx, replace(request, wave=wave))
    await _offer_to(turn, request, asker, [(each.member, matching.why(each)) for each in picked])
    cards = await _post_cards(turn, request, asker) if first else 0
    if not picked and not cards:
        if await _may_still_answer(turn, request):
            return request  # until the hour by which the asker was promised to hear
        return await hand_over(turn, request, said, **more)
    await _next_wave_later(turn, request)
    return request


async def _circle(turn: Turn, request: HelpRequest, asker: Member) -> bool:
    """Whether somebody whom the asker wants to be asked first is asked now: one after the other, in
    the asker's order; all of them at once where it is urgent."""
    if request.wave or request.promised_at is None or request.need is None:
        return False
    named = await neighbours.circle(turn.tx, turn.community, request, asker, turn.now)
    first = named if request.urgent else named[:1]
    await _offer_to(turn, request, asker, [(helper, Why.NAMED) for helper in first])
    if named:
        await _before_all_others(turn, request)
    return bool(named)


async def _before_all_others(turn: Turn, request: HelpRequest) -> None:
    """The others are asked after the usual wait, and the hour by which the asker is to hear is as
    much later."""
    assert request.promised_at
    wanted = timing.wanted_at(request.day, request.part, turn.now, turn.community)
    wait = timing.wave_wait(
        wanted, turn.now, turn.community, urgent=request.urgent, left=timing.WAVES + 1
    )
    promised = timing.add_waking(request.promised_at, wait, turn.community)
    await requests.save(turn.tx, replace(request, promised_at=promised))
    await turn.later(DueKind.PROMISE, request.id, promised)
    await turn.later(DueKind.WAVE, request.id, timing.add_waking(turn.now, wait, turn.community))


async def _familiar_alone(turn: Turn, request: HelpRequest, asker: Member) -> bool:
    """Whether somebody is asked alone, before all others, since they came the last time. The hour
    by which the asker is to hear is as much later."""
    if request.wave or not request.schedule_id or request.promised_at is None:
        return False
    if await requests.offers_of(turn.tx, request.id):
        return False  # they have been asked already
    helper = await neighbours.familiar(turn.tx, turn.community, request, asker, turn.now)
    if helper is None:
        return False
    await _offer_to(turn, request, asker, [(helper, Why.GLAD)])
    await _before_all_others(turn, request)
    return True


async def _may_still_answer(turn: Turn, request: HelpRequest) -> bool:
    """Whether all who can be asked have been, and some may yet say yes before the promised hour."""
    if request.promised_at is None or request.promised_at <= turn.now:
        return False
    offers = await requests.offers_of(turn.tx, request.id)
    waiting = any(offer.status is OfferStatus.OPEN for offer in offers)
    return waiting or bool(await questions.about(turn.tx, "card", request.id))


async def _next_wave_later(turn: Turn, request: HelpRequest) -> None:
    wanted = timing.wanted_at(request.day, request.part, request.created_at, turn.community)
    left = max(1, timing.WAVES + 1 - request.wave)
    wait = timing.wave_wait(wanted, turn.now, turn.community, urgent=request.urgent, left=left)
    await turn.later(DueKind.WAVE, request.id, timing.add_waking(turn.now, wait, turn.community))


async def ask_wider(turn: Turn, request: HelpRequest) -> int:
    """Ask those who may be asked and have not been, as far as each is willing to come; how many.
    Where there is nobody nothing changes."""
    asker = await members.get(turn.tx, request.asker_id)
    look = await neighbours.search(
        turn.tx, turn.community, request, asker, turn.now, matching.reach_km(99)
    )
    picked = await look.pick(matching.LARGEST_WAVE)
    if not picked:
        return 0
    if request.status is not RequestStatus.OPEN:
        # The asker has been told that nobody is free, and is promised no new hour.
        status = lifecycle.become(request.status, RequestStatus.OPEN)
        request = replace(request, status=status, promised_at=None)
        await turn.never_mind(request.id, DueKind.CHASE)
    request = await requests.save(turn.tx, replace(request, wave=timing.WAVES))
    await _offer_to(turn, request, asker, [(each.member, matching.why(each)) for each in picked])
    await _next_wave_later(turn, request)
    return len(picked)


async def _offer_to(
    turn: Turn, request: HelpRequest, asker: Member, helpers: Sequence[tuple[Member, Why]]
) -> None:
    """Ask these, each for a reason: all with the same few statements, since whoever asks for help
    waits until the whole wave is written."""
    if not helpers:
        return
    reasons = {helper.id: reason for helper, reason in helpers}
    asked = {
        offer.member_id: offer
        for offer in await requests.offers_of(turn.tx, request.id)
        if offer.member_id in reasons
    }
    standing = await _still_standing(turn, [offer.id for offer in asked.values()])
    for offer in asked.values():
        # Somebody was quicker then, and it came free again. One question about it is enough.
        lifecycle.become(offer.status, OfferStatus.OPEN)
        await requests.answer_offer(turn.tx, offer.id, OfferStatus.OPEN, None)
        if offer.id not in standing:
            await questions.close(turn.tx, turn.now, "offer", ref=offer.id)
    fresh = {ident: reason.value for ident, reason in reasons.items() if ident not in asked}
    for offer in await requests.add_offers(turn.tx, request.id, fresh, request.wave, turn.now):
        asked[offer.member_id] = offer
    helpers = [each for each in helpers if asked[each[0].id].id not in standing]
    await members.tire(
        turn.tx,
        {
            helper.id: matching.tire(helper.rested_at, turn.now, matching.OFFER_TIRES)
            for helper, _ in helpers
        },
    )
    what = {
        language: turn.gist(request, language)
        for language in {helper.language for helper, _ in helpers}
    }
    await turn.ask_all(
        "offer",
        ("accept", "decline"),
        [
            Ask(
                helper,
                _offer_entry(request, reason),
                asked[helper.id].id,
                {
                    "name": first_name(helper),
                    "area": asker.area,
                    "asker": Private(first_name(asker), Field.FIRST_NAME, asker.id, Moment.ASKING),
                    "what": what[helper.language],
                    "when": turn.when(request, helper),
                },
            )
            for helper, reason in helpers
        ],
        priority=Priority.OFFER,
    )


JUST_ASKED = timedelta(minutes=10)
"""For so long an offer by text is not said again: it still lies before whoever has it (ours)."""


async def _still_standing(turn: Turn, offers: Sequence[int]) -> set[int]:
    """Those of these offers that came by text just now: nobody was told there that they were taken,
    and an answer to them counts. On Telegram their words have changed."""
    standing = set()
    for question in await questions.about_each(turn.tx, "offer", offers) if offers else ():
        put = await messages.get(turn.tx, question.outbox_id) if question.outbox_id else None
        if (
            put is not None
            and question.ref is not None
            and question.answered_at is None
            and OutboundKind.EDIT not in turn.desk.can.get(put.channel, ())
            and put.status not in (SendStatus.FAILED, SendStatus.WITHDRAWN, SendStatus.UNKNOWN)
            and turn.now - put.created_at < JUST_ASKED
        ):
            standing.add(question.ref)
    return standing


def _offer_entry(request: HelpRequest, reason: Why) -> str:
    if reason is Why.GLAD and not request.wave:
        return "offer.again"  # nobody has been asked but who came the last time
    return "offer.urgent" if request.urgent else "offer"


async def _post_cards(turn: Turn, request: HelpRequest, asker: Member) -> int:
    """An anonymous card in each street group; how many."""
    chats = await groups.street_chats(turn.tx, turn.community.id)
    language = turn.community.languages[0]
    for chat in chats:
        await turn.card(
            chat,
            "card",
            "card",
            request.id,
            ("accept",),
            area=asker.area,
            what=turn.gist(request, language),
            when=turn.when(request, language),
        )
    return len(chats)


async def withdraw(turn: Turn, request: HelpRequest) -> None:
    """The need went away: offers that still waited for an answer say so, and cards."""
    await turn.never_mind(request.id, DueKind.WAVE, DueKind.PROMISE, DueKind.CHASE)
    for offer in await requests.drop_offers(turn.tx, request.id):
        for question in (await questions.about(turn.tx, "offer", offer.id))[-1:]:
            await turn.edit(question, "offer.gone")
    for question in await questions.about(turn.tx, "card", request.id):
        await turn.edit(question, "card.gone")


# Nobody is left to ask


async def hand_over(
    turn: Turn, request: HelpRequest, said: str = "nobody_yet", **more: Any
) -> HelpRequest:
    """Nobody said yes: an organiser has it now, with who was asked and why others were not; the
    asker is told the truth (`said`, or `said` + ".alone" where no organiser could be told). A late
    yes is still welcome."""
    promised = request.promised_at is not None
    if owed_tonight(turn, request):
        more.setdefault("wakes", True)
    status = lifecycle.become(request.status, RequestStatus.HANDED)
    request = await requests.save(turn.tx, replace(request, status=status, promised_at=None))
    asker = await members.get(turn.tx, request.asker_id)
    await turn.never_mind(request.id, DueKind.WAVE, DueKind.PROMISE)
    await turn.later(
        DueKind.CHASE,
        request.id,
        timing.add_waking(turn.now, timedelta(hours=1), turn.community),
    )
    told = await turn.tell_organisers(
        "handed",
        "handed",
        request.id,
        ("wider", "see_to_it", "assign"),
        but=asker.id,
        wakes=more.get("wakes"),
        asker=turn.who(asker),
        what=lambda language: turn.gist(request, language),
        when=lambda language: turn.when(request, language),
        tried=await tried(turn, request, asker),
    )
    if said == "nobody_yet" and len(await requests.of_asker(turn.tx, asker.id)) > 1:
        # They wait for something else as well: which of the two is it?
        this = {"what": turn.gist(request, asker.language), "when": turn.when(request, asker)}
        said, more = "nobody_yet.this", {**this, **more}
    if promised:
        await turn.say(
            asker,
            said if told else f"{said}.alone",
            about={"kind": "nobody_yet", "ref": request.id},
            **{
                "name": first_name(asker),
                "organiser": await turn.organiser_name(asker),
                **more,
            },
        )
    return request


NOON, BEDTIME = time(12), time(22)
"""Until then a word that was promised for this evening is given, though we come late with it (we
were away, or the clock was wrong): nobody should lie awake over it. (Ours.)"""


def owed_tonight(turn: Turn, request: HelpRequest) -> bool:
    """Whether the asker was to have heard by now, this afternoon or evening. (In the morning there
    is the day for it: nobody is woken at half past eight by a clock that was just put back.)"""
    if request.promised_at is None:
        return False
    here = timing.local(turn.now, turn.community)
    promised = timing.local(request.promised_at, turn.community)
    return promised <= here and promised.date() == here.date() and NOON <= here.time() < BEDTIME


REASONS = 2
"""Reasons told why others were not asked, those of most people first."""


async def tried(turn: Turn, request: HelpRequest, asker: Member) -> Callable[[str], str]:
    """Who was asked and what came of it, and why others near were not: one plain line."""
    offers = await requests.offers_of(turn.tx, request.id)
    no = sum(offer.status is OfferStatus.DECLINED for offer in offers)
    cards = await questions.about(turn.tx, "card", request.id)
    reasons: dict[str, int] = {}
    if request.need is not None and asker.cell is not None:
        look = await neighbours.search(turn.tx, turn.community, request, asker, turn.now, NEAR_KM)
        for candidate, reason in await look.around(NEAR_KM):
            if not candidate.asked and reason not in (None, WhyNot.ALREADY_ASKED, WhyNot.IS_ASKER):
                reasons[reason.value] = reasons.get(reason.value, 0) + 1
    for word, count in (await members.away(turn.tx, turn.community.id)).items():
        reasons[word] = reasons.get(word, 0) + count
    most = sorted(reasons.items(), key=lambda item: -item[1])[:REASONS]

    def line(language: str) -> str:
        said = turn.text(language, "tried", asked=len(offers), no=no, silent=len(offers) - no)
        if not offers:
            said = turn.text(language, "tried.card" if cards else "tried.nobody")
        if not most:
            return said
        counted = [turn.text(language, f"why_not.{reason}", count=count) for reason, count in most]
        reasons_line = turn.text(language, "reasons", reasons=", ".join(counted))
        return f"{said} {reasons_line}"

    return line
