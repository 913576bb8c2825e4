"""Asking for help: from the first words to "I'm asking neighbours now".

At most five questions before a first request goes out (name, need, address, house, yes), and only
those whose answer is missing. Nobody who began is forgotten: a half-made request has a due row.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from handlers import recurring, recurring_off, visit, waves
from handlers.rules import lifecycle, timing
from handlers.rules.names import LONGEST, LONGEST_HOME, house_in, house_named, introduced, name_in
from handlers.rules.recurrence import only_once
from handlers.rules.understanding import Meaning, needs_named, understand
from handlers.rules.understanding_clock import part_of
from handlers.rules.understanding_days import Days, any_will_do, days_of
from handlers.rules.understanding_words import plain
from handlers.turn import Turn, first_name, one_line
from handlers.wording import capital
from storage import cells, groups, members, questions, requests
from storage import recurring as recurring_store
from storage.model import (
    NOT_FOR_NEIGHBOURS,
    DueKind,
    HelpRequest,
    Intent,
    Member,
    Need,
    Place,
    Question,
    RequestStatus,
    Role,
    Standing,
)

CHASE = timedelta(minutes=30)
"""A question that stops a request from going out is asked again after so long (Irish universal
design guidance: once, after 30 minutes), and handed on after as long again."""

DRAFT = (RequestStatus.DRAFT,)

QUESTIONS = (
    *("ask.name", "ask.need", "ask.home", "ask.house", "ask.days", "ask.day"),
    *("ask.confirm", "friend.phone"),
)
"""What may be asked before a first request goes out."""

ASK_ABOVE = 0.4
"""A need at least this sure is put before the person: they say whether it is right."""

PUT_RIGHT_ABOVE = 0.6
"""Where something else was asked ("where do you live?"), words must sound a little more like it: a
house may be called the Old Bakery."""

SAME = timedelta(hours=24)
"""Who asks for the same thing within so long may well be asking after it."""

MENU = ("shopping", "prescription", "lift", "other")
"""What is offered to somebody who did not say what they need, the likeliest first."""

ALSO = 3
"""Requests that may go out beside the first at one yes: the question has to fit in two texts."""


async def start(turn: Turn, meaning: Meaning, *, heard: str | None = None) -> None:
    """Somebody asks for something; `heard`: what they had said before, where they now chose from a
    list. Each thing that they need becomes a request of its own, after one yes to all."""
    me = turn.sender
    again = recurring.said(turn, heard)
    words = turn.words if heard is None else heard
    named = await _still_to_ask(turn, meaning, days_of(plain(words), turn.today))
    # What is not sure is asked back: see `_unsure_day`.
    day = None if not named.sure else (named.days or (None,))[0] if meaning.date else None
    meaning = replace(meaning, date=day, part=None if named.loose else meaning.part)
    needs = []
    for need in meaning.needs or (meaning.need,):
        if need in NOT_FOR_NEIGHBOURS:
            await signpost(turn, need)
            if need is Need.MONEY:
                return  # what else they name is what they have no money for
        elif again or not await _asked_already(turn, replace(meaning, need=need)):
            needs.append(need)
    if not needs:
        return
    meaning = replace(meaning, need=needs[0], needs=tuple(filter(None, needs)))
    if not me.is_a(Role.ASKER):
        me = await turn.save(me, roles=me.roles | {Role.ASKER})
    if not me.name and (name := introduced(turn.words)):
        me = await turn.save(me, name=name)
    drafts = await requests.of_asker(turn.tx, me.id, DRAFT)
    if half_made := (drafts[0] if drafts else await _came_back(turn)):
        request = _with_meaning(half_made, meaning, turn.words, named.days[1:])
        await requests.save(turn.tx, request)
    else:
        request = await requests.add(
            turn.tx,
            HelpRequest(
                id=0,
                community_id=turn.community.id,
                asker_id=me.id,
                status=RequestStatus.DRAFT,
                created_at=turn.now,
                need=meaning.need,
                also=meaning.needs[1 : 1 + ALSO],
                words=words,
                day=meaning.date,
                also_days=named.days[1:] if meaning.date else (),
                part=meaning.part,
                for_other=meaning.for_other,
            ),
        )
    if again:
        request = await recurring.plan(turn, request, *again)
        if await recurring.known_already(turn, request):
            await _forget(turn, request)
            return
    if meaning.postcode and me.cell is None:
        await take_home(turn, request, turn.words, asked=False)
        return
    await advance(turn, request)


async def _forget(turn: Turn, request: HelpRequest) -> None:
    """The draft comes to nothing: they have what it asks for."""
    await requests.save(turn.tx, replace(request, status=RequestStatus.CANCELLED))
    await turn.never_mind(request.id, DueKind.DRAFT, DueKind.PROMISE)
    await questions.close(turn.tx, turn.now, *QUESTIONS, ref=request.id)


async def _came_back(turn: Turn) -> HelpRequest | None:
    """A request that was handed on because its asker went silent, or could not be placed: now that
    they write again it goes on where it was, unless an organiser is seeing to it."""
    for request in await requests.of_asker(turn.tx, turn.sender.id, (RequestStatus.HANDED,)):
        if request.wave or request.handler_id:
            continue
        status = lifecycle.become(request.status, RequestStatus.DRAFT)
        await turn.never_mind(request.id, DueKind.CHASE)
        await questions.close(turn.tx, turn.now, "handed", ref=request.id)
        return await requests.save(
            turn.tx, replace(request, status=status, misses=0, lapsed_at=None)
        )
    return None


async def gave_home_late(turn: Turn) -> bool:
    """They send the address that was missing, after their request had been handed on; whether."""
    if await turn.desk.atlas.find(turn.tx, turn.words) is None:
        return False
    request = await _came_back(turn)
    if request is None:
        return False
    await take_home(turn, request, turn.words, asked=True)
    return True


async def _asked_already(turn: Turn, meaning: Meaning) -> bool:
    """Somebody who asks for what they are waiting for is told how it stands: a second errand for
    the same milk would help nobody."""
    for known in await requests.of_asker(turn.tx, turn.sender.id):
        handed_half_made = known.status is RequestStatus.HANDED and not known.wave
        if known.need is not meaning.need or turn.now - known.created_at > SAME:
            continue
        if handed_half_made and not known.handler_id:
            continue
        language = turn.sender.language
        new = replace(known, words=turn.words)
        other_day = meaning.date not in (None, known.day) and known.day is not None
        if turn.gist(new, language) == turn.gist(known, language) and not other_day:
            await visit.status(turn, known)
            return True
    return False


async def _still_to_ask(turn: Turn, meaning: Meaning, named: Days) -> Days:
    """Of several days, those on which they are not waiting for the same already."""
    if not named.sure or len(named.days) < 2:
        return named
    if len(meaning.needs) > 1:
        return replace(named, sure=False)  # each thing on each day may not be what they mean
    known = await requests.of_asker(turn.tx, turn.sender.id)
    waited_for = {one.day for one in known if one.need is meaning.need}
    return replace(named, days=tuple(d for d in named.days if d not in waited_for) or named.days)


def _with_meaning(
    request: HelpRequest, meaning: Meaning, words: str, also_days: tuple[date, ...] = ()
) -> HelpRequest:
    """A half-made request, put right by what was said since."""
    return replace(
        request,
        need=meaning.need or request.need,
        also=meaning.needs[1 : 1 + ALSO] or request.also if meaning.need else request.also,
        words=" ".join(dict.fromkeys(filter(None, (request.words, words)))),
        day=meaning.date or request.day,
        also_days=also_days if meaning.date else request.also_days,
        part=meaning.part or request.part,
        for_other=meaning.for_other or request.for_other,
    )


async def signpost(turn: Turn, need: Need | None) -> None:
    """Where to turn with what neighbours may not or can't do; money also tells an organiser."""
    assert need
    await turn.reply(
        f"signpost.{need.value}",
        name=first_name(turn.sender),
        organiser=await turn.organiser_name(turn.sender),
    )
    if need is Need.MONEY:
        me = turn.sender
        await turn.tell_organisers(
            "signpost.told",
            but=me.id,
            who=turn.who(me),
            phone=await turn.phone_of(me),
            words=turn.quoted(turn.words),
        )


async def advance(turn: Turn, request: HelpRequest, unsure: Days | None = None) -> None:
    """Ask for what is missing, or whether it is right; `unsure`: what they said of a day."""
    me = turn.sender
    await turn.later(DueKind.DRAFT, request.id, timing.add_waking(turn.now, CHASE, turn.community))
    await turn.never_mind(request.id, DueKind.PROMISE)
    await _put_missing(turn, me, request, unsure)


async def _put_missing(
    turn: Turn, me: Member, request: HelpRequest, unsure: Days | None = None
) -> None:
    await questions.close(turn.tx, turn.now, *QUESTIONS, "menu", "welcome", member_id=me.id)
    when: str | None = turn.when(request, me)
    if request.schedule_id:
        when = await recurring.when_planned(turn, request, me.language)
    if not me.name:
        await turn.ask(me, "ask.name", "ask.name", request.id)
    elif request.need is None:
        await turn.ask(me, "ask.need", "ask.need", request.id, MENU, name=first_name(me))
    elif me.cell is None:
        await turn.ask(
            me, "ask.home", "ask.home", request.id, name=first_name(me), ask_location=True
        )
    elif not me.home:
        await turn.ask(me, "ask.house", "ask.house", request.id, name=first_name(me))
    elif when is None:
        await turn.ask(me, "ask.days", "ask.days", request.id, name=first_name(me))
    elif unsure := unsure or _unsure_day(turn, request):
        await _ask_day(turn, me, request, unsure)
    else:
        entry = "confirm" if me.consent else "confirm.first"
        await turn.ask(
            me,
            # Whoever asks for somebody else is shown the door that a helper would go to.
            "confirm.other" if request.for_other else entry,
            "ask.confirm",
            request.id,
            ("yes", "other_door") if request.for_other else ("yes", "no"),
            name=first_name(me),
            home=me.home,
            what=capital(turn.gist(request, me.language)),
            when=when,
        )


def _unsure_day(turn: Turn, request: HelpRequest) -> Days | None:
    """What was said of a day of which nobody can be sure; none if nothing was, or it is settled."""
    if request.day or request.schedule_id or request.urgent:
        return None  # what is asked for anew is late already, and its words are old
    named = days_of(plain(request.words), timing.local(request.created_at, turn.community).date())
    return named if named.days or not named.sure else None


async def _ask_day(turn: Turn, me: Member, request: HelpRequest, unsure: Days) -> None:
    days = [day for day in unsure.days if day >= turn.today]
    choices = [(day.isoformat(), turn.day(day, me)) for day in days]
    if unsure.all_may_be and len(days) > 1 and not request.also:
        choices.append((ALL_DAYS, turn.text(me.language, "ask.day.all")))
    name = first_name(me)
    if unsure.no_such:
        said = turn.desk.wording.day_of_month(me.language, *unsure.no_such)
        await turn.ask(me, "ask.day.none", "ask.day", request.id, name=name, day=said)
    elif len(choices) > 1:
        await turn.ask(me, "ask.day.which", "ask.day", request.id, choices, name=name)
    else:
        await turn.ask(me, "ask.day", "ask.day", request.id, name=name)


ALL_DAYS = "all_days"

# The answers


async def draft(turn: Turn, question: Question) -> HelpRequest | None:
    """The request that an answer is for; none if it is no draft any more, and they are told how it
    stands instead."""
    request = await requests.get(turn.tx, question.ref or 0, lock=True)
    # What was asked for in another's place is theirs, once they have been asked.
    if request.status is RequestStatus.DRAFT and request.asker_id == turn.sender.id:
        return request
    await turn.toast()
    await how_is_it(turn)
    return None


async def _put_right(turn: Turn, request: HelpRequest, meaning: Meaning) -> bool:
    """Whether what came instead of an answer says more of what they need: it is kept, and what is
    missing is asked for again."""
    asks = meaning.intent is Intent.ASK and meaning.need and meaning.confidence >= PUT_RIGHT_ABOVE
    if not asks or request.misses:
        return False
    request = replace(_with_meaning(request, meaning, turn.words), misses=1)
    if again := recurring.said(turn):
        request = await recurring.plan(turn, request, *again)
    await advance(turn, await requests.save(turn.tx, request))
    return True


def _meaning(turn: Turn) -> Meaning:
    here = timing.local(turn.now, turn.community)
    return understand(turn.words, here, language=turn.sender.language)


async def named(turn: Turn, question: Question, _key: str) -> None:
    """They said what they are called."""
    request = await draft(turn, question)
    if request is None:
        return
    name = name_in(turn.words) or introduced(turn.words)
    if name is None and await _put_right(turn, request, _meaning(turn)):
        return
    if name is None and not request.misses:
        await requests.save(turn.tx, replace(request, misses=1))
        await turn.ask(turn.sender, "ask.name.again", "ask.name", request.id)
        return
    name = name or " ".join(turn.words.split()[:3])[:LONGEST]
    await turn.save(turn.sender, name=name)
    request = await requests.save(turn.tx, replace(request, misses=0))
    found = await turn.desk.atlas.find(turn.tx, turn.words)
    if found and turn.sender.cell is None:
        await take_home(turn, request, _after_name(turn.words, name), asked=True)
        return
    await advance(turn, request)


def _after_name(words: str, name: str) -> str:
    at = words.lower().find(name.lower())
    return words[at + len(name) :].strip(" ,.") if at >= 0 else words


async def need_said(turn: Turn, question: Question, key: str) -> None:
    """They chose what they need."""
    request = await draft(turn, question)
    if request:
        await turn.toast()
        request = replace(request, need=Need(key), also=())
        await advance(turn, await requests.save(turn.tx, request))


async def opened_up(turn: Turn, question: Question, _key: str) -> None:
    """They had said that they need help, and now say what with, in whatever words."""
    meaning = _meaning(turn)
    if meaning.intent is not Intent.ASK or meaning.confidence < ASK_ABOVE:
        meaning = replace(meaning, intent=Intent.ASK, need=None, confidence=ASK_ABOVE)
    await start(turn, meaning)


async def home_said(turn: Turn, question: Question, _key: str) -> None:
    """They said where they live."""
    request = await draft(turn, question)
    if request:
        await take_home(turn, request, turn.words, asked=True)


async def take_home(turn: Turn, request: HelpRequest, words: str, *, asked: bool) -> None:
    """Find the place in what they wrote. A postcode that is none is asked for once more; then a
    person sees to it, and nobody is lost."""
    me = turn.sender
    message = turn.message
    if message and message.latitude is not None and message.longitude is not None:
        cell = cells.cell_at(message.latitude, message.longitude)
        await turn.save(me, cell=cell, area=turn.text(me.language, "area.shared"))
        await advance(turn, await requests.save(turn.tx, replace(request, misses=0)))
        return
    found = await turn.desk.atlas.find(turn.tx, words)
    if found is None:
        await _no_place(turn, request, words, asked=asked)
        return
    postcode, place = found
    house = house_in(words, postcode) if asked else house_named(words) or ""
    await settle(turn, postcode, place, house=house)
    if await groups.serving(turn.tx, postcode) is None:
        await hand_over_draft(turn, request, "outside")
        return
    request = replace(request, community_id=turn.community.id)
    if not place.exact and not request.misses:
        # A district alone says roughly where; nobody could find a door by it.
        await turn.save(turn.sender, cell=None)
        await requests.save(turn.tx, replace(request, misses=1))
        await _home_again(turn, request, "ask.home.whole", postcode)
        return
    await advance(turn, await requests.save(turn.tx, replace(request, misses=0)))


async def _no_place(turn: Turn, request: HelpRequest, words: str, *, asked: bool) -> None:
    me = turn.sender
    looks_like = turn.desk.atlas.possible(words)
    if asked and not looks_like and await _put_right(turn, request, _meaning(turn)):
        return
    # Whoever rings them is to see what they gave as their address.
    told = one_line(f"{request.words} {words}") if asked else request.words
    if request.misses:
        await hand_over_draft(turn, replace(request, words=told), "no_place")
        return
    await requests.save(turn.tx, replace(request, misses=1, words=told))
    if asked and not me.home and not looks_like and any(c.isdigit() for c in words):
        await turn.save(me, home=" ".join(words.split())[:LONGEST_HOME])
    name = "ask.home.unknown" if looks_like else "ask.home.again"
    await _home_again(turn, request, name, looks_like or "")


async def _home_again(turn: Turn, request: HelpRequest, name: str, postcode: str) -> None:
    me = turn.sender
    await questions.close(turn.tx, turn.now, "ask.home", member_id=me.id)
    await turn.later(DueKind.DRAFT, request.id, timing.add_waking(turn.now, CHASE, turn.community))
    await turn.never_mind(request.id, DueKind.PROMISE)
    await turn.ask(me, name, "ask.home", request.id, name=first_name(me), postcode=postcode)


async def settle(turn: Turn, postcode: str, place: Place, *, house: str) -> None:
    """Keep where somebody lives, and let the group that serves the place have them."""
    me = turn.sender
    serving = await groups.serving(turn.tx, postcode)
    if serving and serving.id != me.community_id:
        await turn.move_to(serving.id)
    await turn.save(
        me,
        community_id=turn.community.id,
        postcode=postcode,
        cell=place.cell,
        area=place.area,
        home=house or me.home,
    )


async def house_said(turn: Turn, question: Question, _key: str) -> None:
    """They said which house."""
    request = await draft(turn, question)
    if request is None:
        return
    if not any(c.isdigit() for c in turn.words) and await _put_right(turn, request, _meaning(turn)):
        return
    found = await turn.desk.atlas.find(turn.tx, turn.words)
    house = house_in(turn.words, found[0]) if found else turn.words
    if found and found[1].exact:
        await settle(turn, *found, house=house)
    await turn.save(turn.sender, home=" ".join((house or turn.words).split())[:LONGEST_HOME])
    await advance(turn, await requests.save(turn.tx, replace(request, misses=0)))


async def days_said(turn: Turn, question: Question, _key: str) -> None:
    """They said on which days it is to come again."""
    request = await draft(turn, question)
    if request is None:
        return
    again = recurring.said(turn)
    if again:
        request = await recurring.plan(turn, request, *again)
    request = await recurring.other_days(turn, request)
    part = part_of(plain(turn.words)) or request.part
    await advance(turn, await requests.save(turn.tx, replace(request, part=part)))


async def day_said(turn: Turn, question: Question, key: str) -> None:
    """They said which day they mean. Who was not understood twice is rung: a day that is guessed
    brings somebody on the wrong one."""
    request = await draft(turn, question)
    await turn.toast()
    if request is None:
        return
    shown = [date.fromisoformat(each.key) for each in question.choices if each.key != ALL_DAYS]
    said, named = plain(turn.words), Days()
    if key:
        days = shown if key == ALL_DAYS else [date.fromisoformat(key)]
    else:
        named = days_of(plain(f"on {turn.words}"), turn.today)
        days = list(named.days) if named.sure else []
        if not days and any_will_do(said):
            days = (shown or [turn.today])[:1]
        words = one_line(f"{request.words} {turn.words}")
        request = replace(request, words=words, part=part_of(said) or request.part)
    if days:
        request = replace(request, day=days[0], also_days=tuple(days[1:]), misses=0)
        await advance(turn, await requests.save(turn.tx, request))
    elif request.misses:
        await hand_over_draft(turn, request, "no_day")
    else:
        request = await requests.save(turn.tx, replace(request, misses=1))
        await advance(turn, request, None if named.sure else named)


async def confirmed(turn: Turn, question: Question, key: str) -> None:
    """Shall I ask a neighbour? They said."""
    request = await draft(turn, question)
    await turn.toast()
    if request is None:
        return
    await turn.never_mind(request.id, DueKind.DRAFT, DueKind.PROMISE)
    if key == "other_door":
        # An address of somebody who did not give it is theirs to give.
        await hand_over_draft(turn, request, "other_door")
        return
    if key != "yes":
        await requests.save(turn.tx, replace(request, status=RequestStatus.CANCELLED))
        await turn.reply("not_asked", name=first_name(turn.sender))
        if request.schedule_id:
            planned = await recurring_store.get(turn.tx, request.schedule_id)
            await recurring.tell_who_suggested(turn, planned, "recurring.offer.refused")
        return
    await _consent(turn)
    if request.schedule_id:
        await recurring.begin(turn, request)
        return
    opened = [await waves.open_request(turn, each) for each in await one_each(turn, request)]
    await say_asking(turn, opened)


async def say_asking(turn: Turn, going: list[HelpRequest]) -> None:
    """Tell whoever said yes that neighbours are asked, and by when they hear."""
    # What was handed over at once they have been told of.
    going = [each for each in going if each.status is RequestStatus.OPEN and each.promised_at]
    if not going:
        return
    me = turn.sender
    await turn.reply(
        "asking.later" if timing.is_quiet(turn.now, turn.community) else "asking",
        name=first_name(me),
        by=turn.by(max(filter(None, (each.promised_at for each in going))), me),
        start=turn.by(timing.not_quiet(turn.now, turn.community), me),
    )


async def one_each(turn: Turn, request: HelpRequest) -> list[HelpRequest]:
    """A request for each thing asked for, and for each day: this one for the first."""
    single = await requests.save(turn.tx, replace(request, also=(), also_days=()))
    others = [
        replace(single, need=need, day=day, created_at=turn.now)
        for day in (request.day, *request.also_days)
        for need in (request.need, *request.also)
        if (need, day) != (request.need, request.day)
    ]
    return [single, *[await requests.add(turn.tx, other) for other in others]]


async def corrected(turn: Turn, question: Question) -> bool:
    """Whether they answer "is that right?" with another day or hour: it is put right, and they are
    asked once more."""
    here = timing.local(turn.now, turn.community)
    said, once = plain(turn.words), only_once(turn.words)
    again = None if once else recurring.said(turn)
    named, part = days_of(said, here.date()), part_of(said)
    days = named.days if named.sure else ()
    if named.sure and not days and part is None and again is None and not once:
        return False
    request = await draft(turn, question)
    if request is None:
        return True
    if once:
        request = await recurring.only_once(turn, request)
    elif again or request.schedule_id:
        request = await (
            recurring.plan(turn, request, *again) if again else recurring.other_days(turn, request)
        )
        days, named = (), Days()
    # A day by itself leaves the hour open, as an hour by itself leaves the day as it was.
    if days:
        request = replace(request, day=days[0], also_days=days[1:], part=part)
    elif not named.sure:
        words = one_line(f"{request.words} {turn.words}")
        request = replace(request, day=None, also_days=(), part=part, words=words)
    else:
        request = replace(request, part=part or request.part)
    await advance(turn, await requests.save(turn.tx, request), None if named.sure else named)
    return True


async def _consent(turn: Turn) -> None:
    """Note that they agreed, with the date and the means."""
    me = turn.sender
    assert turn.message
    changes: dict[str, Any] = {}
    if not me.consent:
        changes["consent"] = f"{turn.today.isoformat()} by {turn.message.channel.value}"
        await turn.note("consent", "member", me.id, means=turn.message.channel.value)
    if me.standing in (Standing.JOINING, Standing.LEFT):
        changes["standing"] = Standing.ACTIVE
    if changes:
        await turn.save(me, **changes)


# Not any more


async def cancel(turn: Turn) -> None:
    """They don't need it any more."""
    mine = await requests.of_asker(turn.tx, turn.sender.id, (*DRAFT, *requests.UNSETTLED))
    named = needs_named(turn.words)
    mine = [request for request in mine if request.need in named] or mine
    if not mine:
        if not await recurring_off.nothing_else(turn) and not await visit.cannot(turn):
            await turn.reply("nothing_to_cancel", name=first_name(turn.sender))
    elif len(mine) == 1:
        await call_off(turn, mine[0])
    else:
        language = turn.sender.language
        choices = [
            (str(r.id), f"{turn.gist(r, language)}, {turn.when(r, turn.sender)}") for r in mine[:4]
        ]
        await turn.ask(
            turn.sender,
            "which_cancel",
            "which_cancel",
            None,
            choices,
            name=first_name(turn.sender),
        )


async def which_cancelled(turn: Turn, question: Question, key: str) -> None:
    """They said which of several they don't need."""
    request = await requests.get(turn.tx, int(key), lock=True)
    await turn.toast()
    if request.asker_id == turn.sender.id:
        await call_off(turn, request)


async def call_off(turn: Turn, request: HelpRequest) -> None:
    """End a request because its asker says so; whoever was coming hears it."""
    if not lifecycle.may_become(request.status, RequestStatus.CANCELLED):
        await turn.reply("nothing_to_cancel", name=first_name(turn.sender))
        return
    me = turn.sender
    await questions.close(turn.tx, turn.now, *QUESTIONS, "which_cancel", ref=request.id)
    helper = await visit.not_needed(turn, request)
    if await recurring_off.called_off(turn, request, helper):
        return
    if helper:
        await turn.reply("cancelled.helper", name=first_name(me), helper=first_name(helper))
    else:
        await turn.reply("cancelled", name=first_name(me), what=turn.gist(request, me.language))


async def how_is_it(turn: Turn) -> None:
    """They want to know how it stands."""
    mine = await requests.of_asker(turn.tx, turn.sender.id)
    for request in reversed(mine[:3]):
        await visit.status(turn, request)
    if mine:
        return
    drafts = await requests.of_asker(turn.tx, turn.sender.id, DRAFT)
    if drafts:
        await advance(turn, drafts[0])
        return
    if await recurring.show(turn):
        return
    await turn.reply("status.none", name=first_name(turn.sender))


# Half-made, and then silence


async def chase(turn: Turn, request: HelpRequest) -> None:
    """Half an hour of silence in the middle of asking: the question again, saying until when."""
    if request.status is not RequestStatus.DRAFT:
        return
    asker = await members.get(turn.tx, request.asker_id)
    if asker.name:
        await turn.say(
            asker,
            "still_there" if await turn.organisers() else "still_there.alone",
            name=first_name(asker),
            about={"kind": "draft", "ref": request.id},
        )
    await _put_missing(turn, asker, request)
    await turn.later(
        DueKind.PROMISE, request.id, timing.add_waking(turn.now, CHASE, turn.community)
    )


async def hand_over_draft(
    turn: Turn, request: HelpRequest, reason: str, said: str = "draft.handed"
) -> None:
    """The bot can't bring a request together: a person should, and the asker is told who (`said`;
    the same for all where no organiser could be told)."""
    asker = await members.get(turn.tx, request.asker_id)
    request = await requests.save(
        turn.tx,
        replace(request, status=lifecycle.become(request.status, RequestStatus.HANDED)),
    )
    await turn.never_mind(request.id, DueKind.DRAFT, DueKind.PROMISE)
    await questions.close(turn.tx, turn.now, *QUESTIONS, ref=request.id)
    await turn.later(
        DueKind.CHASE, request.id, timing.add_waking(turn.now, CHASE * 2, turn.community)
    )
    told = await turn.tell_organisers(
        f"draft.{reason}",
        "handed",
        request.id,
        ("see_to_it", "close"),
        but=asker.id,
        who=turn.who(asker),
        phone=await turn.phone_of(asker),
        words=turn.quoted(request.words, request.created_at),
    )
    await turn.say(
        asker,
        said if told else "draft.handed.alone",
        name=first_name(asker),
        organiser=await turn.organiser_name(asker),
    )
