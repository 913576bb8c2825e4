"""What organisers see and settle, in chat: open requests and why each is where it is, somebody
assigned by hand, a request closed, helpers approved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from handlers import ask, lapsed, neighbours, offer, recurring, visit, waves
from handlers.join import does
from handlers.rules import lifecycle, timing
from handlers.rules.matching import WhyNot
from handlers.turn import Turn, first_name, one_line
from storage import members, questions, requests
from storage.model import (
    DueKind,
    HelpRequest,
    Member,
    Priority,
    Question,
    RequestStatus,
    Role,
    Standing,
    VisitStatus,
)

SHOWN = 6
"""Requests in one list, and names in one choice: more can't be read at a glance."""

SHOWN_BY_TEXT = 3
"""Requests in a list by text, which may cost two parts: names only, the rest by number."""

MAY_NOT = frozenset(
    {
        WhyNot.IS_ASKER,
        WhyNot.NOT_HELPER,
        WhyNot.NOT_VETTED,
        WhyNot.RULED_OUT,
        WhyNot.STOPPED,
        WhyNot.UNREACHABLE,
    }
)
"""Who can't be sent even by an organiser who has spoken to both: it is not right, or the address
could not reach them."""

TAKEN_CARE = timedelta(hours=24)
"""An organiser who said they would see to something is asked how it went after so long."""


def is_organiser(turn: Turn) -> bool:
    return turn.member is not None and turn.member.is_a(Role.ORGANISER)


# Looking


async def show_open(turn: Turn) -> None:
    """Everything that is still owed something, and why it is where it is."""
    found = await requests.of_community(
        turn.tx, turn.community.id, (RequestStatus.DRAFT, *requests.UNSETTLED)
    )
    if not found:
        await turn.reply("open.none", name=first_name(turn.sender))
        return
    # What needs somebody comes first.
    found.sort(key=lambda r: (r.status is not RequestStatus.HANDED, r.id))
    assert turn.message
    by_text = not turn.desk.has_buttons(turn.message.channel)
    shown = found[: SHOWN_BY_TEXT if by_text else SHOWN]
    lines = [await _line(turn, request) for request in shown]
    choices = []
    for request in shown:
        asker = await members.get(turn.tx, request.asker_id)
        language = turn.sender.language
        label = f"{turn.who(asker)(language)}: {turn.gist(request, language)}"
        choices.append((str(request.id), label))
    await turn.ask(
        turn.sender,
        "open.short" if by_text else "open.list",
        "open",
        None,
        choices,
        count=len(found),
        lines="\n".join(lines),
    )


async def _line(turn: Turn, request: HelpRequest) -> str:
    asker = await members.get(turn.tx, request.asker_id)
    language = turn.sender.language
    return turn.text(
        language,
        "open.line",
        asker=turn.who(asker)(language),
        what=turn.gist(request, language),
        when=turn.when(request, turn.sender),
        state=await state(turn, request),
    )


async def state(turn: Turn, request: HelpRequest, language: str = "") -> str:
    """Where a request is and why, in a few words: in that language, or that of who wrote."""
    reader = language or turn.sender
    language = language or turn.sender.language
    if request.status is RequestStatus.FILLED:
        running = await requests.live_visit(turn.tx, request.id)
        if running:
            helper = await members.get(turn.tx, running.helper_id)
            way = running.status is VisitStatus.ON_THE_WAY
            name = "state.on_the_way" if way else "state.filled"
            return turn.text(language, name, helper=first_name(helper))
    if request.status is RequestStatus.HANDED and request.handler_id:
        handler = await members.get(turn.tx, request.handler_id)
        return turn.text(language, "state.seen_to", organiser=first_name(handler))
    asked = len(await requests.offers_of(turn.tx, request.id))
    if request.status is RequestStatus.OPEN and request.promised_at is None:
        return turn.text(language, "state.asked", asked=asked)
    by = turn.by(request.promised_at, reader) if request.promised_at else ""
    return turn.text(language, f"state.{request.status.value}", asked=asked, by=by)


async def opened(turn: Turn, question: Question, key: str) -> None:
    """They want to see one of the list: who was asked, and what can be done."""
    if not is_organiser(turn):
        await turn.toast("not_yours")
        return
    await turn.toast()
    request = await requests.get(turn.tx, int(key))
    asker = await members.get(turn.tx, request.asker_id)
    language = turn.sender.language
    await turn.ask(
        turn.sender,
        "open.one",
        "handed",
        request.id,
        _actions(request, asker),
        shorten="words",
        asker=turn.who(asker)(language),
        what=turn.gist(request, language),
        when=turn.when(request, turn.sender),
        state=(await waves.tried(turn, request, asker))(language)
        if request.status in offer.FREE and request.need and not request.handler_id
        else await state(turn, request),
        words=turn.quoted(request.words, request.created_at)(language),
    )


def for_neighbours(request: HelpRequest, asker: Member) -> bool:
    """Whether neighbours may be sent: they agreed to it, said what and where, and it is their own
    door. Somebody who said "another address" has not been asked for that one."""
    own_door = not request.for_other or request.wave > 0
    return bool(asker.consent and asker.home and request.need) and own_door


def _actions(request: HelpRequest, asker: Member) -> tuple[str, ...]:
    if request.status not in (*requests.UNSETTLED, RequestStatus.DRAFT):
        return ()
    if request.status is RequestStatus.FILLED:
        return ("close",)
    if request.status is RequestStatus.DRAFT or not for_neighbours(request, asker):
        return ("see_to_it", "close")
    return ("wider", "see_to_it", "assign", "close")


# Settling


async def settle(turn: Turn, question: Question, key: str) -> None:
    """What an organiser chose to do about a request."""
    if not is_organiser(turn):
        await turn.toast("not_yours")
        return
    request = await requests.get(turn.tx, question.ref or 0, lock=True)
    over = (RequestStatus.DONE, RequestStatus.CANCELLED, RequestStatus.CLOSED)
    await turn.toast()
    if request.status in over or (request.status is RequestStatus.FILLED and key != "close"):
        await turn.reply("settle.over", state=await state(turn, request))
        return
    if key in ("wider", "assign"):
        asker = await members.get(turn.tx, request.asker_id)
        if not for_neighbours(request, asker):
            await turn.reply(
                "settle.not_for_neighbours", asker=turn.who(asker)(turn.sender.language)
            )
            return
    await {
        "wider": _wider,
        "see_to_it": _see_to_it,
        "assign": _whom,
        "close": _close,
    }[key](turn, request)


async def _wider(turn: Turn, request: HelpRequest) -> None:
    """Ask everybody who may be asked, as far as each is willing to come."""
    asked = 0 if request.need is None else await waves.ask_wider(turn, request)
    if asked:
        await turn.reply("settle.wider", asked=asked)
        return
    asker = await members.get(turn.tx, request.asker_id)
    await turn.ask(
        turn.sender,
        "settle.wider.nobody",
        "handed",
        request.id,
        ("see_to_it", "close"),
        asker=turn.who(asker)(turn.sender.language),
    )


async def _see_to_it(turn: Turn, request: HelpRequest) -> None:
    """They see to it themselves; the others hear that, and they are asked how it went."""
    if request.handler_id and request.handler_id != turn.sender.id:
        other = await members.get(turn.tx, request.handler_id)
        await turn.reply("settle.seen_to_already", organiser=first_name(other))
        return
    known = request.handler_id == turn.sender.id
    asker = await members.get(turn.tx, request.asker_id)
    if request.status is not RequestStatus.HANDED:
        if request.status is RequestStatus.OPEN:
            await waves.withdraw(turn, request)
        await questions.close(turn.tx, turn.now, *ask.QUESTIONS, ref=request.id)
        await turn.never_mind(request.id, DueKind.DRAFT, DueKind.WAVE, DueKind.PROMISE)
        status = lifecycle.become(request.status, RequestStatus.HANDED)
        request = replace(request, status=status, promised_at=None)
        # They were promised news by an hour, and this is it.
        await turn.say(
            asker,
            "seen_to",
            about={"kind": "seen_to", "ref": request.id},
            name=first_name(asker),
            organiser=first_name(turn.sender),
        )
    await requests.save(turn.tx, replace(request, handler_id=turn.sender.id))
    await turn.later(DueKind.CHASE, request.id, turn.now + TAKEN_CARE)
    language = turn.sender.language
    await turn.ask(
        turn.sender,
        "settle.yours",
        "handed",
        request.id,
        ("close",),
        shorten="words",
        asker=turn.who(asker)(language),
        phone=(await turn.phone_of(asker))(language),
        home=turn.home_of(asker),
        words=turn.quoted(request.words, request.created_at)(language),
    )
    if known:
        return  # they pressed it once more; the others have heard
    await turn.tell_organisers(
        "settle.theirs",
        but=turn.sender.id,
        quiet=True,
        priority=Priority.REMINDER,
        organiser=first_name(turn.sender),
        asker=turn.who(asker),
        # They may be seeing to one of two things, and somebody else to the other.
        what=lambda language: turn.gist(request, language),
        when=lambda language: turn.when(request, language),
    )


async def _close(turn: Turn, request: HelpRequest) -> None:
    """It is settled in some other way; whoever was coming or asked hears that."""
    was = request.status
    running = await requests.live_visit(turn.tx, request.id)
    if running:
        await visit.call_off(turn, running)
    if was is RequestStatus.DRAFT:
        status = lifecycle.become(request.status, RequestStatus.CANCELLED)
    else:
        status = lifecycle.become(request.status, RequestStatus.CLOSED)
    await requests.save(turn.tx, replace(request, status=status, handler_id=turn.sender.id))
    await turn.never_mind(request.id, DueKind.DRAFT)
    await questions.close(turn.tx, turn.now, *ask.QUESTIONS, ref=request.id)
    await waves.withdraw(turn, request)
    await turn.note("closed", "request", request.id)
    asker = await members.get(turn.tx, request.asker_id)
    await turn.reply("settle.closed", asker=turn.who(asker)(turn.sender.language))
    if was is not RequestStatus.DRAFT and request.need and asker.id != turn.sender.id:
        # If it was closed by mistake, she is the one who would wait in silence.
        await turn.say(
            asker,
            "closed_for_you",
            about={"kind": "closed_for_you", "ref": request.id},
            name=first_name(asker),
            organiser=first_name(turn.sender),
            what=turn.gist(request, asker.language),
        )


async def _whom(turn: Turn, request: HelpRequest) -> None:
    """Who is to go? The likeliest are offered; any other helper can be named."""
    asker = await members.get(turn.tx, request.asker_id)
    look = await neighbours.search(turn.tx, turn.community, request, asker, turn.now, float("inf"))
    may = (None, WhyNot.ALREADY_ASKED, WhyNot.AT_ONCE_CAP, WhyNot.WEEKLY_CAP)
    near = [c.member for c, reason in await look.around(neighbours.MOST_KM) if reason in may]
    # The search reads nobody's name; the few that are shown are read now, in the same order.
    named = {m.id: m.name for m in await members.several(turn.tx, [m.id for m in near[:SHOWN]])}
    choices = [(str(helper.id), named[helper.id]) for helper in near[:SHOWN]]
    await turn.ask(
        turn.sender,
        "settle.whom" if choices else "settle.whom.name",
        "assign",
        request.id,
        choices,
        asker=turn.who(asker)(turn.sender.language),
    )


async def assigned(turn: Turn, question: Question, key: str) -> None:
    """They chose who is to go, by button or by name. For people who have agreed on the phone."""
    if not is_organiser(turn):
        await turn.toast("not_yours")
        return
    request = await requests.get(turn.tx, question.ref or 0)
    if request.status not in offer.FREE:
        await turn.toast()
        await turn.reply("settle.over", state=await state(turn, request))
        return
    helper = await members.get(turn.tx, int(key)) if key else await _by_name(turn, turn.words)
    if helper is None or helper.community_id != turn.community.id:
        await turn.toast()
        await turn.ask(
            turn.sender,
            "settle.nobody_of_that_name",
            "assign",
            question.ref,
            (),
            words=one_line(turn.words, 40),
        )
        return
    asker = await members.get(turn.tx, request.asker_id)
    against = await neighbours.against(turn.tx, turn.community, request, asker, helper, turn.now)
    if against & MAY_NOT:
        await turn.toast()
        await turn.ask(turn.sender, "settle.may_not", "assign", request.id, (), helper=helper.name)
        return
    await turn.toast()
    if await offer.accept(turn, request.id, helper=helper):
        await turn.note("assigned", "request", request.id, helper=helper.id)
        await turn.reply(
            "settle.assigned",
            helper=helper.name,
            asker=turn.who(asker)(turn.sender.language),
        )
    else:
        fresh = await requests.get(turn.tx, request.id)
        await turn.reply("settle.over", state=await state(turn, fresh))


async def _by_name(turn: Turn, words: str) -> Member | None:
    """The one helper of that name; none where there is none, or more than one."""
    wanted = " ".join(words.lower().split())
    helpers = await members.with_role(turn.tx, turn.community.id, Role.HELPER)
    found = [h for h in helpers if wanted and h.name.lower() == wanted]
    found = found or [h for h in helpers if wanted and first_name(h).lower() == wanted]
    return found[0] if len(found) == 1 else None


# Helpers who wait to be approved


async def show_waiting(turn: Turn) -> None:
    """Helpers who wait for an organiser's word."""
    waiting = await members.with_role(turn.tx, turn.community.id, Role.HELPER, Standing.WAITING)
    if not waiting:
        await turn.reply("waiting.none", name=first_name(turn.sender))
    for helper in waiting[:SHOWN]:
        await turn.ask(
            turn.sender,
            "approve",
            "approve",
            helper.id,
            ("approve", "not_yet"),
            helper=helper.name,
            area=helper.area,
            does=does(turn, helper, turn.sender.language),
        )


async def approve(turn: Turn, question: Question, key: str) -> None:
    """An organiser's word on a new helper; the first one counts."""
    if not is_organiser(turn):
        await turn.toast("not_yours")
        return
    helper = await members.get(turn.tx, question.ref or 0, lock=True)
    await turn.toast()
    if helper.standing is not Standing.WAITING:
        await turn.edit(question, "approve.settled", helper=helper.name)
        await turn.reply("approve.settled", helper=helper.name)
        return
    if key != "approve":
        await turn.reply("approve.not_yet", helper=helper.name)
        return
    await members.save(turn.tx, replace(helper, standing=Standing.ACTIVE))
    await questions.close(turn.tx, turn.now, "approve", ref=helper.id)
    for other in await questions.about(turn.tx, "approve", helper.id):
        await turn.edit(other, "approve.done", helper=helper.name)
    await turn.note("approved", "member", helper.id)
    await turn.reply("approve.done", helper=helper.name)
    await turn.say(helper, "helper.approved", name=first_name(helper))


# When nobody has taken it


async def chase(turn: Turn, request: HelpRequest) -> None:
    """A request lies with the organisers: is anybody seeing to it? Asked anew until it is over, in
    the waking hours only, and ever less often."""
    if request.status is not RequestStatus.HANDED or await recurring.day_is_over(turn, request):
        return
    asker = await members.get(turn.tx, request.asker_id)
    handler = await members.get(turn.tx, request.handler_id) if request.handler_id else None
    if handler and (handler.unreachable or handler.stopped_at or not handler.is_a(Role.ORGANISER)):
        handler = None
    if await lapsed.seen_to(turn, request, handler):
        return
    age = turn.now - request.created_at
    wait = max(timedelta(hours=2), min(timedelta(hours=12), age))
    await turn.later(DueKind.CHASE, request.id, timing.add_waking(turn.now, wait, turn.community))
    await questions.close(turn.tx, turn.now, "handed", ref=request.id)
    params: dict[str, Any] = {
        "asker": turn.who(asker),
        "what": lambda language: turn.gist(request, language),
    }
    if handler:
        await turn.ask(
            handler,
            "chase.yours",
            "handed",
            request.id,
            ("close", "wider") if for_neighbours(request, asker) else ("close",),
            asker=turn.who(asker)(handler.language),
            what=turn.gist(request, handler.language),
            when=turn.when(request, handler.language),
        )
        return
    told = await turn.tell_organisers(
        "chase",
        "handed",
        request.id,
        ("see_to_it", "close"),
        but=asker.id,
        everybody=True,  # whoever was on duty has not taken it
        **params,
    )
    if not told:
        await _without_organisers(turn, request, asker)


async def _without_organisers(turn: Turn, request: HelpRequest, asker: Member) -> None:
    """Nobody looks after the group: whoever can be asked by now is, and after a day the asker is
    told plainly that it came to nothing."""
    if for_neighbours(request, asker) and await waves.ask_wider(turn, request):
        return
    if turn.now - request.created_at < GIVE_UP:
        return
    status = lifecycle.become(request.status, RequestStatus.CLOSED)
    request = await requests.save(turn.tx, replace(request, status=status))
    await waves.withdraw(turn, request)
    await turn.say(
        asker,
        "gave_up.asker",
        about={"kind": "nobody_yet", "ref": request.id},
        name=first_name(asker),
        what=turn.gist(request, asker.language),
    )


GIVE_UP = timedelta(hours=24)
