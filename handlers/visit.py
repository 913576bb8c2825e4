"""A visit, from the yes to the door: both sides are seen through it.

The asker is looked after first. Who can't come is never told off.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from handlers import money, reminders, waves
from handlers.reminders import about_when, hour_is_open
from handlers.rules import hours, lifecycle, timing
from handlers.rules.privacy import Field
from handlers.rules.understanding_days import days_of
from handlers.rules.understanding_when import without_old_days
from handlers.rules.understanding_words import plain
from handlers.seen import Private, helps
from handlers.turn import Turn, first_name, one_line
from storage import members, messages, questions, recurring, requests
from storage.model import (
    DueKind,
    HelpRequest,
    Member,
    OfferStatus,
    Priority,
    Question,
    RequestStatus,
    Visit,
    VisitStatus,
)

TONIGHT = timedelta(hours=3)
"""News of a visit so near may come in the quiet hours: the person is waiting for it."""

AFTER = timedelta(hours=2)
"""Both are asked whether it happened so long after."""

SET_OUT = timedelta(hours=2)
"""Whoever sets out earlier than so long before an hour that was named has not: it was said twice,
or to tell us that they know. Ours."""

QUOTED = 110
"""Characters of what an asker wrote that the helper is shown."""


async def begin(
    turn: Turn, request: HelpRequest, asker: Member, helper: Member, *, by_hand: bool = False
) -> Visit:
    """Somebody is going: the asker hears who, the helper hears where, both get the word."""
    due_at = timing.wanted_at(request.day, request.part, turn.now, turn.community)
    if helper.hours and not timing.clock_time(request.part or ""):
        # Who comes in the evening is not asked at four whether they came.
        between = hours.window(request.day, request.part, turn.now, turn.community)
        due_at = hours.best(helper.hours, due_at, between, turn.community)
    if hour_is_open(turn, request):
        due_at = timing.half_hour(due_at)
    visit = await requests.add_visit(
        turn.tx, request, helper.id, await _new_word(turn, request), due_at, turn.now
    )
    soon = due_at - turn.now <= TONIGHT
    await turn.say(
        asker,
        "found",
        # Who was to hear by seven lies awake over good news that waits for the morning, too.
        wakes=soon or waves.owed_tonight(turn, request),
        about={"kind": "found", "ref": visit.id},
        name=first_name(asker),
        helper=first_name(helper),
        what=turn.gist(request, asker.language),
        when=about_when(turn, visit, request, asker),
        word=visit.code_word,
    )
    await _give_details(turn, visit, request, asker, helper, by_hand=by_hand, wakes=soon)
    await money.begin(turn, visit, request, asker, helper)
    await turn.tell_organisers(
        "taken",
        but=turn.member.id if by_hand and turn.member else helper.id,
        about={"kind": "taken", "ref": visit.id},
        priority=Priority.REMINDER,
        quiet=True,
        helper=turn.who(helper),
        asker=turn.who(asker),
        what=lambda language: turn.gist(request, language),
        when=lambda language: turn.when(request, language),
    )
    await reminders.arrange(turn, visit, request)
    await turn.later(
        DueKind.DID_IT_HAPPEN, visit.id, timing.not_quiet(visit.due_at + AFTER, turn.community)
    )
    await turn.note("visit_begun", "visit", visit.id, helper=helper.id, request=request.id)
    return visit


async def _new_word(turn: Turn, request: HelpRequest) -> str:
    """A word for the door that none who came, or was to come, for this request before knows."""
    known = {visit.code_word for visit in await requests.visits_of(turn.tx, request.id)}
    words = turn.desk.wording.listing(turn.community.languages[0], "code_words")
    return turn.desk.chance.choice([word for word in words if word not in known] or words)


async def _give_details(
    turn: Turn,
    visit: Visit,
    request: HelpRequest,
    asker: Member,
    helper: Member,
    *,
    by_hand: bool,
    wakes: bool,
) -> None:
    """Name, address, what they wrote and the word: to the accepted helper, and noted."""
    read = timing.local(timing.not_quiet(turn.now, turn.community), turn.community).date()
    own = without_old_days(request.words, read, request.day)
    theirs = bool(own) and not await _suggested(turn, request)
    words = Private(one_line(own, QUOTED), Field.WORDS, asker.id)
    await turn.ask(
        helper,
        ("details.by_hand" if by_hand else "details") + ("" if theirs else ".bare"),
        "visit",
        visit.id,
        ("going", "cannot"),
        shorten="words",
        wakes=True if wakes or not by_hand else None,
        name=first_name(helper),
        asker=turn.who(asker)(helper.language),
        home=turn.home_of(asker),
        when=about_when(turn, visit, request, helper),
        what=turn.gist(request, helper.language),
        word=visit.code_word,
        words=words,
    )


async def _suggested(turn: Turn, request: HelpRequest) -> bool:
    """Whether the words are not the asker's own: an organiser suggested this regular help."""
    if not request.schedule_id:
        return False
    return (await recurring.get(turn.tx, request.schedule_id)).set_up_by is not None


async def where_again(turn: Turn) -> bool:
    """A helper asks about the visit they are going to make: the details once more; whether there
    is one. Who waits for somebody themselves is told about that instead."""
    me = turn.sender
    running = await requests.live_visits(turn.tx, helper_id=me.id) if helps(me) else []
    if not running or await requests.of_asker(turn.tx, me.id):
        return False
    for visit in running[:2]:
        await questions.close(turn.tx, turn.now, "visit", ref=visit.id)
        request = await requests.get(turn.tx, visit.request_id)
        asker = await members.get(turn.tx, visit.asker_id)
        await _give_details(turn, visit, request, asker, me, by_hand=False, wakes=True)
    return True


async def details_again(turn: Turn, visit: Visit) -> None:
    """The asker's address is another now: the helper hears it at once."""
    await questions.close(turn.tx, turn.now, "visit", ref=visit.id)
    request = await requests.get(turn.tx, visit.request_id)
    asker = await members.get(turn.tx, visit.asker_id)
    helper = await members.get(turn.tx, visit.helper_id)
    await _give_details(turn, visit, request, asker, helper, by_hand=False, wakes=True)


async def on_the_way(turn: Turn, visit: Visit) -> None:
    """The helper has set out: the asker is told, with the word again."""
    if visit.status is VisitStatus.ON_THE_WAY:
        await turn.toast("noted")
        if not (turn.message and turn.message.button):
            await turn.reply("thanks", name=first_name(turn.sender))
        return
    if visit.status is not VisitStatus.ACCEPTED:
        await over(turn)
        return
    asker = await members.get(turn.tx, visit.asker_id)
    request = await requests.get(turn.tx, visit.request_id)
    await turn.toast()
    if _too_early(turn, visit, request):
        await turn.ask(
            turn.sender,
            "too_early",
            "visit",
            visit.id,
            ("going", "cannot"),
            name=first_name(turn.sender),
            asker=first_name(asker),
            when=about_when(turn, visit, request, turn.sender),
        )
        return
    await requests.set_visit(
        turn.tx, visit.id, lifecycle.become(visit.status, VisitStatus.ON_THE_WAY)
    )
    await turn.never_mind(visit.id, *reminders.REMINDERS)
    told = await turn.say(
        asker,
        "on_the_way",
        wakes=True,
        about={"kind": "on_the_way", "ref": visit.id},
        name=first_name(asker),
        helper=first_name(turn.sender),
        what=turn.gist(request, asker.language),
        word=visit.code_word,
    )
    await turn.ask(
        turn.sender,
        "safe_journey" if told else "safe_journey.alone",
        "visit",
        visit.id,
        ("done", "cannot"),
        name=first_name(turn.sender),
        asker=first_name(asker),
    )


def _too_early(turn: Turn, visit: Visit, request: HelpRequest) -> bool:
    """Whether nobody sets out yet: it is for another day, or for a later hour of this one. Where
    the hour is theirs to choose they may go whenever they like today."""
    if visit.due_at - turn.now <= SET_OUT:
        return False
    later_day = timing.local(visit.due_at, turn.community).date() > turn.today
    return later_day or (request.part is not None and not hour_is_open(turn, request))


async def cannot(turn: Turn, visit: Visit | None = None) -> bool:
    """The helper can't come after all: asked for at once again, before others; whether there was a
    visit to give up."""
    if visit is None:
        running = await requests.live_visits(turn.tx, helper_id=turn.sender.id)
        if running and not helps(turn.sender):
            # They are asked of which by nobody's name.
            await turn.reply("cannot.thanks", name=first_name(turn.sender))
            for each in running:
                await give_back(turn, each)
            return True
        meant = _on_days_named(turn, running)
        if len(running) == 1 and not meant:
            await _of_another_day(turn, running[0])
            return True
        if len(running) > 1 and len(meant) != 1:
            await which(turn, meant or running, "which_cannot")
            return True
        if not running:
            return False
        running = meant
        visit = running[0]
    if visit.status not in (VisitStatus.ACCEPTED, VisitStatus.ON_THE_WAY):
        await over(turn)
        return True
    await turn.toast()
    await turn.reply("cannot.thanks", name=first_name(turn.sender))
    await give_back(turn, visit)
    return True


def _on_days_named(turn: Turn, running: list[Visit]) -> list[Visit]:
    """Those of these visits that are on the days that their words name; all, where they name none.
    "I can't do Friday" gives no visit of Thursday back."""
    days = set(days_of(plain(turn.words), turn.today).days)
    if turn.today + timedelta(days=7) in days:
        days.add(turn.today)  # on a Friday "Friday" may be this one
    dates = {visit.id: timing.local(visit.due_at, turn.community).date() for visit in running}
    return [visit for visit in running if not days or dates[visit.id] in days]


async def _of_another_day(turn: Turn, visit: Visit) -> None:
    """They can't on a day that is not their visit's: do they mean it all the same?"""
    await turn.ask(
        turn.sender,
        "cannot.sure",
        "cannot.sure",
        visit.id,
        ("yes", "no"),
        **await _coming(turn, visit),
    )


async def cannot_sure(turn: Turn, question: Question, key: str) -> None:
    """They said whether it was their visit that they meant."""
    visit = await requests.get_visit(turn.tx, question.ref or 0, lock=True)
    if visit.helper_id != turn.sender.id:
        return
    if key == "yes" or visit.status not in (VisitStatus.ACCEPTED, VisitStatus.ON_THE_WAY):
        await cannot(turn, visit)
        return
    await turn.toast()
    await turn.reply("cannot.not_that", **await _coming(turn, visit))


async def _coming(turn: Turn, visit: Visit) -> dict[str, Any]:
    me = turn.sender
    asker = await members.get(turn.tx, visit.asker_id)
    request = await requests.get(turn.tx, visit.request_id)
    when = about_when(turn, visit, request, me)
    return {"name": first_name(me), "asker": first_name(asker), "when": when}


async def which(turn: Turn, running: list[Visit], kind: str) -> None:
    """Somebody with several visits says something of one: of which?"""
    language = turn.sender.language
    choices = []
    for one in reversed(running[:4]):
        asker = await members.get(turn.tx, one.asker_id)
        request = await requests.get(turn.tx, one.request_id)
        label = turn.text(
            language, "which_visit.one", asker=first_name(asker), what=turn.gist(request, language)
        )
        choices.append((str(one.id), label))
    await questions.close(turn.tx, turn.now, kind, member_id=turn.sender.id)
    await turn.ask(turn.sender, "which_visit", kind, None, choices, name=first_name(turn.sender))


async def which_cannot(turn: Turn, question: Question, key: str) -> None:
    """They said which visit they can't make."""
    visit = await requests.get_visit(turn.tx, int(key), lock=True)
    if visit.helper_id == turn.sender.id:
        await cannot(turn, visit)


async def give_back(turn: Turn, visit: Visit) -> None:
    """The helper won't come (said so, left, or sent STOP): somebody else is looked for at once."""
    helper = await members.get(turn.tx, visit.helper_id)
    asker = await members.get(turn.tx, visit.asker_id)
    # At night nobody else is asked before morning: who looks after the group should know now.
    soon = visit.due_at - turn.now <= TONIGHT
    await turn.tell_organisers(
        "gave_up",
        but=helper.id,
        about={"kind": "gave_up", "ref": visit.id},
        wakes=soon or None,
        helper=turn.who(helper),
        asker=turn.who(asker),
    )
    await look_again(turn, visit, VisitStatus.GIVEN_UP)


async def somebody_else(turn: Turn, visit: Visit) -> None:
    """The asker would rather have somebody else come: the helper hears that they need not, and not
    why."""
    helper = await members.get(turn.tx, visit.helper_id)
    await turn.say(
        helper,
        "called_off.other",
        wakes=visit.due_at - turn.now <= TONIGHT,
        about={"kind": "called_off", "ref": visit.id},
        name=first_name(helper),
    )
    await look_again(turn, visit, VisitStatus.CALLED_OFF)


LOOKING_AGAIN = {
    VisitStatus.GIVEN_UP: "looking_again",
    VisitStatus.NO_SHOW: "looking_again.sorry",
    VisitStatus.CALLED_OFF: "looking_again.other",
}
"""What the asker hears when others are asked, by why they are."""


async def look_again(turn: Turn, visit: Visit, status: VisitStatus) -> HelpRequest:
    """The visit is over and its need is not: neighbours are asked again, sooner and first."""
    await _end(turn, visit, status)
    accepted = await requests.offer_to(turn.tx, visit.request_id, visit.helper_id)
    if accepted and accepted.status is OfferStatus.ACCEPTED:
        await requests.answer_offer(turn.tx, accepted.id, OfferStatus.DECLINED, turn.now)
    request = await requests.get(turn.tx, visit.request_id, lock=True)
    asker = await members.get(turn.tx, visit.asker_id)
    helper = await members.get(turn.tx, visit.helper_id)
    name = LOOKING_AGAIN[status]
    more: dict[str, Any] = {"helper": first_name(helper)}
    if turn.member is None or asker.id != turn.member.id:
        # Whoever waits for somebody tonight hears at once that they are not coming.
        more["wakes"] = visit.due_at - turn.now <= TONIGHT or None
    request = await waves.open_request(
        turn, replace(request, urgent=True), f"{name}.nobody", **more
    )
    if request.status is RequestStatus.OPEN and request.promised_at:
        start = timing.not_quiet(turn.now, turn.community)
        await turn.say(
            asker,
            name if start <= turn.now else f"{name}.later",
            about={"kind": "looking_again", "ref": request.id},
            name=first_name(asker),
            start=turn.by(start, asker),
            by=turn.by(request.promised_at, asker),
            **more,
        )
    return request


async def _end(turn: Turn, visit: Visit, status: VisitStatus) -> None:
    await requests.set_visit(turn.tx, visit.id, lifecycle.become(visit.status, status), turn.now)
    await turn.never_mind(visit.id, *reminders.REMINDERS, DueKind.DID_IT_HAPPEN)
    kinds = ("visit", "did_they_come", "again", "no_word")
    await questions.close(turn.tx, turn.now, *kinds, ref=visit.id)
    await forget_details(turn, visit, "details.over")
    await turn.note("visit_over", "visit", visit.id, status=status.value)


async def not_known(turn: Turn, visit: Visit) -> None:
    """Nobody said whether it happened and nobody can find out: it is over, and its helper may be
    asked again. Whoever was to be visited may still say that nobody came."""
    await requests.set_visit(
        turn.tx, visit.id, lifecycle.become(visit.status, VisitStatus.NOT_KNOWN)
    )
    request = await requests.get(turn.tx, visit.request_id, lock=True)
    status = lifecycle.become(request.status, RequestStatus.CLOSED)
    await requests.save(turn.tx, replace(request, status=status))
    await turn.never_mind(visit.id, *reminders.REMINDERS, DueKind.DID_IT_HAPPEN)
    await questions.close(turn.tx, turn.now, "visit", "no_word", ref=visit.id)
    await forget_details(turn, visit, "details.over")
    await turn.note("visit_over", "visit", visit.id, status=VisitStatus.NOT_KNOWN.value)


async def not_needed(turn: Turn, request: HelpRequest) -> Member | None:
    """End a request because its asker says so; whoever was coming hears it, and who that was."""
    status = lifecycle.become(request.status, RequestStatus.CANCELLED)
    request = await requests.save(turn.tx, replace(request, status=status))
    await turn.never_mind(request.id, DueKind.DRAFT)
    await waves.withdraw(turn, request)
    running = await requests.live_visit(turn.tx, request.id)
    if running is None:
        return None
    helper = await members.get(turn.tx, running.helper_id)
    await call_off(turn, running)
    return helper


async def call_off(turn: Turn, visit: Visit, name: str = "called_off") -> None:
    """It is not needed any more: the helper hears so, and the chat forgets the address. News that
    somebody comes, which waits for the morning, is no news then."""
    await _end(turn, visit, VisitStatus.CALLED_OFF)
    await messages.withdraw_about(turn.tx, visit.asker_id, "found", visit.id)
    helper = await members.get(turn.tx, visit.helper_id)
    asker = await members.get(turn.tx, visit.asker_id)
    await turn.say(
        helper,
        name,
        wakes=visit.due_at - turn.now <= TONIGHT,
        about={"kind": "called_off", "ref": visit.id},
        name=first_name(helper),
        asker=first_name(asker),
    )


async def forget_details(turn: Turn, visit: Visit, name: str) -> None:
    """Take the address out of the helper's chat, where the channel can."""
    for question in await questions.about(turn.tx, "visit", visit.id):
        if any(choice.key == "going" for choice in question.choices):
            await turn.edit(question, name)


async def over(turn: Turn) -> None:
    await turn.toast()
    await turn.reply("visit.over", name=first_name(turn.sender))


async def status(turn: Turn, request: HelpRequest) -> None:
    """How a request stands, in a sentence."""
    me = turn.sender
    running = await requests.live_visit(turn.tx, request.id)
    what = turn.gist(request, me.language)
    if running:
        helper = await members.get(turn.tx, running.helper_id)
        name = "status.on_the_way" if running.status is VisitStatus.ON_THE_WAY else "status.found"
        await turn.reply(
            name,
            name=first_name(me),
            helper=first_name(helper),
            what=what,
            when=about_when(turn, running, request, me),
            word=running.code_word,
        )
        await reminders.told(turn, running)
    elif request.status is RequestStatus.OPEN and request.promised_at:
        await turn.reply(
            "status.asking",
            name=first_name(me),
            what=what,
            by=turn.by(request.promised_at, me),
        )
    else:
        organiser = await turn.organiser_name(me)
        handler = await members.get(turn.tx, request.handler_id) if request.handler_id else None
        if handler and handler.name and handler.id != me.id:
            organiser = first_name(handler)
        name = "status.seen_to" if handler or not request.wave else "status.handed"
        if not handler and not [one for one in await turn.organisers() if one.id != me.id]:
            name = "status.handed.alone"
        await turn.reply(name, name=first_name(me), what=what, organiser=organiser)
