"""Help that comes again: agreed once, asked for each time, left out for a week, and stopped.

A schedule makes a request on the day before each of its days. That request is like any other, and
to call one off ends nothing but that one. Who came the last time, and was glad to, is asked first.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from handlers import waves
from handlers.rules import lifecycle, recurrence, timing
from handlers.rules.recurrence import Pattern
from handlers.rules.understanding import ACT_ABOVE, Meaning, needs_named
from handlers.rules.understanding_clock import part_of
from handlers.rules.understanding_words import plain
from handlers.turn import Turn, first_name
from handlers.wording import capital
from storage import members, questions, recurring, requests
from storage.model import (
    DueKind,
    HelpRequest,
    Intent,
    Member,
    RequestStatus,
    Role,
    Schedule,
    ScheduleStatus,
    Standing,
)

SHOWN = 3
"""Schedules told of in one text."""


# Being put together: see `ask`


def said(turn: Turn, words: str | None = None) -> tuple[Pattern, date | None] | None:
    """How often they ask for it and from when; none if it is for a single time."""
    return recurrence.pattern_of(turn.words if words is None else words, turn.today)


def asks(turn: Turn, meaning: Meaning) -> Meaning:
    """What it means, where short words name one thing and how often ("shopping every Wednesday and
    Saturday"): they ask for it, whatever else they sound like. A helper may be saying when they
    can."""
    sure = meaning.intent is Intent.ASK and meaning.need and meaning.confidence >= ACT_ABOVE
    me, named = turn.sender, needs_named(turn.words)
    if sure or meaning.intent in NO_WISH or len(named) != 1 or said(turn) is None:
        return meaning
    if (me.is_a(Role.HELPER) and not me.is_a(Role.ASKER)) or len(turn.words.split()) > MOST_WORDS:
        return meaning
    return replace(
        meaning,
        intent=Intent.ASK,
        need=next(iter(named)),
        needs=tuple(named),
        date=None,
        part=part_of(plain(turn.words)),
        confidence=ACT_ABOVE,
    )


NO_WISH = frozenset(
    {Intent.OFFER, Intent.CANCEL, Intent.CANNOT, Intent.STOP, Intent.WORRY}
    | {Intent.INFO, Intent.STATUS, Intent.CALL_ME}
)
MOST_WORDS = 12


async def plan(
    turn: Turn, request: HelpRequest, pattern: Pattern, earliest: date | None = None
) -> HelpRequest:
    """The draft is to begin a schedule with this pattern, or with this one instead."""
    if request.schedule_id:
        known = await recurring.get(turn.tx, request.schedule_id)
        days = pattern.weekdays or known.weekdays
        changed = replace(known, weekdays=days, every=pattern.every, starts=earliest)
        await recurring.save(turn.tx, changed)
        return request
    schedule = await recurring.add(
        turn.tx,
        Schedule(
            id=0,
            community_id=request.community_id,
            asker_id=request.asker_id,
            status=ScheduleStatus.DRAFT,
            created_at=turn.now,
            weekdays=pattern.weekdays,
            every=pattern.every,
            starts=earliest,
        ),
    )
    return await requests.save(turn.tx, replace(request, schedule_id=schedule.id, day=None))


async def other_days(turn: Turn, request: HelpRequest) -> HelpRequest:
    """What was said names days by themselves ("make it Wednesday"): the schedule's days."""
    days = recurrence.days_named(turn.words)
    if request.schedule_id and days:
        known = await recurring.get(turn.tx, request.schedule_id)
        return await plan(turn, request, Pattern(days, known.every), known.starts)
    return request


async def only_once(turn: Turn, request: HelpRequest) -> HelpRequest:
    """They meant a single time: the first of the days they named."""
    if request.schedule_id is None:
        return request
    draft = await recurring.get(turn.tx, request.schedule_id)
    day = None
    if draft.weekdays:
        day = recurrence.first_day(pattern(draft), turn.today, draft.starts)
    return await requests.save(turn.tx, replace(request, schedule_id=None, day=day))


async def when_planned(turn: Turn, request: HelpRequest, language: str) -> str | None:
    """When it is to be, and first: `every Tuesday, from tomorrow`. None while the days are still to
    be said."""
    schedule = await recurring.get(turn.tx, request.schedule_id or 0)
    if not schedule.weekdays:
        return None
    first = recurrence.first_day(pattern(schedule), turn.today, schedule.starts)
    often = every(turn, replace(schedule, part=request.part), language)
    return turn.text(language, "recurs.from", when=often, day=date_of(turn, first, language))


async def known_already(turn: Turn, request: HelpRequest) -> bool:
    """Whether just this comes again already: they are told so."""
    draft = await recurring.get(turn.tx, request.schedule_id or 0)
    for schedule in await recurring.running(turn.tx, turn.sender.id):
        if schedule.need is request.need and schedule.weekdays == draft.weekdays:
            return await show(turn)
    return False


async def begin(turn: Turn, request: HelpRequest) -> None:
    """They said yes: the draft becomes a schedule, or one for each thing asked for."""
    me = turn.sender
    draft = await recurring.get(turn.tx, request.schedule_id or 0, lock=True)
    status = lifecycle.become(request.status, RequestStatus.CANCELLED)
    await requests.save(turn.tx, replace(request, status=status, schedule_id=None))
    first = recurrence.first_day(pattern(draft), turn.today, draft.starts)
    begun: list[Schedule] = []
    for need in (request.need, *request.also):
        schedule = replace(
            draft,
            status=ScheduleStatus.RUNNING,
            need=need,
            words=request.words,
            part=request.part,
            for_other=request.for_other,
            starts=first,
            next_day=first,
        )
        keep = recurring.add if begun else recurring.save
        begun.append(await keep(turn.tx, schedule))
        await turn.note("schedule_begun", "schedule", begun[-1].id)
    made_at = recurrence.made_at(first, turn.community)
    now = made_at <= turn.now and not timing.is_quiet(turn.now, turn.community)
    await turn.reply(
        "recurring.begun.now" if now else "recurring.begun",
        name=first_name(me),
        what=capital(turn.gists([as_request(each) for each in begun], me.language)),
        when=every(turn, begun[0], me.language),
        day=date_of(turn, first, me),
    )
    for schedule in begun:
        await wait(turn, schedule)
        await tell_who_suggested(turn, schedule, "recurring.offer.agreed")


# Each time


async def make(turn: Turn, schedule: Schedule) -> None:
    """The moment to ask for the next time came. Where it came too late (everything stood still for
    days) the asker and the organisers are told so, once, and it goes on with the time after."""
    asker = await members.get(turn.tx, schedule.asker_id)
    if schedule.status is ScheduleStatus.OFFERED:
        await _not_answered(turn, schedule, asker)
        return
    day = schedule.next_day
    if schedule.status is not ScheduleStatus.RUNNING or day is None:
        return
    if asker.stopped_at is not None or asker.standing is Standing.LEFT:
        await end(turn, schedule)
        return
    missed = None
    while recurrence.wanted_at(day, schedule.part, turn.community) <= turn.now:
        missed, day = day, after_that(schedule, day)
    if missed:
        await _tell_missed(turn, schedule, asker, missed, day)
    if recurrence.made_at(day, turn.community) <= turn.now:
        if await recurring.request_for(turn.tx, schedule.id, day) is None:
            request = replace(as_request(schedule), day=day, created_at=turn.now)
            await waves.open_request(turn, await requests.add(turn.tx, request))
        day = after_that(schedule, day)
    schedule = await recurring.save(turn.tx, replace(schedule, next_day=day))
    await wait(turn, schedule)


ANSWER = timedelta(hours=11)
"""Waking hours (a day) that somebody has to answer whether they would like regular help."""


async def _not_answered(turn: Turn, schedule: Schedule, asker: Member) -> None:
    """What an organiser suggested lies there: they hear so. A late yes still counts."""
    until = timing.add_waking(schedule.created_at, ANSWER, turn.community)
    if turn.now < until:
        await turn.later(DueKind.REPEAT, schedule.id, until)
        return
    await recurring.save(turn.tx, replace(schedule, status=ScheduleStatus.STOPPED))
    await tell_who_suggested(
        turn, schedule, "recurring.offer.silent", phone=await turn.phone_of(asker)
    )


async def tell_who_suggested(turn: Turn, schedule: Schedule, entry: str, **more: Any) -> None:
    """Whoever suggested it hears what has come of it; nobody, where they asked for it themselves.
    `more` may be by language."""
    if schedule.set_up_by is None:
        return
    organiser = await members.get(turn.tx, schedule.set_up_by)
    asker = await members.get(turn.tx, schedule.asker_id)
    language = organiser.language
    await turn.say(
        organiser,
        entry,
        about={"kind": "suggested", "ref": schedule.id},
        asker=turn.who(asker)(language),
        what=turn.gist(as_request(schedule), language),
        when=every(turn, schedule, language),
        **{name: say(language) for name, say in more.items()},
    )


async def wait(turn: Turn, schedule: Schedule) -> None:
    assert schedule.next_day
    moment = recurrence.made_at(schedule.next_day, turn.community)
    await turn.later(DueKind.REPEAT, schedule.id, moment)


async def _tell_missed(
    turn: Turn, schedule: Schedule, asker: Member, missed: date, day: date
) -> None:
    await turn.say(
        asker,
        "recurring.missed",
        about={"kind": "nobody_yet"},
        name=first_name(asker),
        what=turn.gist(as_request(schedule), asker.language),
        day=date_of(turn, missed, asker),
        start=date_of(turn, day, asker),
    )
    await turn.tell_organisers(
        "recurring.missed.told",
        but=asker.id,
        asker=turn.who(asker),
        phone=await turn.phone_of(asker),
        what=lambda language: turn.gist(as_request(schedule), language),
        day=lambda language: date_of(turn, missed, language),
    )


async def day_is_over(turn: Turn, request: HelpRequest) -> bool:
    """Whether a time of regular help has gone by and nobody was found: organisers hear it once
    more, and are not asked day after day for what can't be had any more. The next time is asked
    for in its turn."""
    if not request.schedule_id or request.day is None or request.day >= turn.today:
        return False
    status = lifecycle.become(request.status, RequestStatus.CLOSED)
    await requests.save(turn.tx, replace(request, status=status))
    await waves.withdraw(turn, request)
    await questions.close(turn.tx, turn.now, "handed", "assign", ref=request.id)
    asker = await members.get(turn.tx, request.asker_id)
    await turn.tell_organisers(
        "recurring.over",
        but=asker.id,
        asker=turn.who(asker),
        phone=await turn.phone_of(asker),
        what=lambda language: turn.gist(request, language),
        day=lambda language: turn.day(request.day or turn.today, language, whole=True),
    )
    return True


def as_request(schedule: Schedule) -> HelpRequest:
    """What each time is asked for."""
    return HelpRequest(
        id=0,
        community_id=schedule.community_id,
        asker_id=schedule.asker_id,
        status=RequestStatus.DRAFT,
        created_at=schedule.created_at,
        need=schedule.need,
        words=schedule.words,
        part=schedule.part,
        for_other=schedule.for_other,
        schedule_id=schedule.id,
    )


def pattern(schedule: Schedule) -> Pattern:
    return Pattern(schedule.weekdays, schedule.every)


def after_that(schedule: Schedule, day: date) -> date:
    """The next day on which it is to happen, but for those that are left out."""
    assert schedule.starts
    while True:
        day = recurrence.next_day(pattern(schedule), schedule.starts, day)
        if day not in schedule.skips:
            return day


# In plain words


def every(turn: Turn, schedule: Schedule, language: str) -> str:
    """`every Tuesday`, `every second Friday morning`, `every Monday and Thursday at 10am`."""
    wording, hour = turn.desk.wording, timing.clock_time(schedule.part or "")
    names = wording.joined(language, [wording.weekday(language, d) for d in schedule.weekdays])
    part = turn.text(language, f"part.{schedule.part}") if schedule.part and not hour else ""
    daily = schedule.weekdays == tuple(range(7))
    if daily and part:
        return turn.text(language, "recurs.daily.part", part=part)
    if daily:
        often = turn.text(language, "recurs.daily")
    elif schedule.weekdays == tuple(range(5)) and schedule.every == 1:
        often = turn.text(language, "recurs.weekdays")
    elif schedule.every <= 2:
        name = "recurs.week" if schedule.every == 1 else "recurs.second"
        often = turn.text(language, name, day=names)
    else:
        often = turn.text(language, "recurs.weeks", count=schedule.every, day=names)
    if hour:
        return turn.text(language, "when.hour", day=often, hour=wording.clock(language, hour))
    return turn.text(language, "when.part", day=often, part=part) if part else often


def date_of(turn: Turn, day: date, reader: Member | str) -> str:
    return turn.day(day, reader, whole=True)


async def coming(turn: Turn, schedule: Schedule) -> date:
    """The next day on which somebody is to come: asked for already, or not yet."""
    for request in await recurring.made(turn.tx, schedule.id, turn.today):
        if request.status in requests.UNSETTLED and request.day:
            return request.day
    assert schedule.next_day
    return schedule.next_day


async def show(turn: Turn) -> bool:
    """What comes again, and when next; whether there is anything."""
    me = turn.sender
    mine = await recurring.running(turn.tx, me.id)
    lines = []
    for schedule in mine[:SHOWN]:
        line = turn.text(
            me.language,
            "recurring.line",
            what=turn.gist(as_request(schedule), me.language),
            when=every(turn, schedule, me.language),
            day=date_of(turn, await coming(turn, schedule), me),
        )
        lines.append(capital(line))
    if lines:
        await turn.reply("recurring.list", name=first_name(me), lines=" ".join(lines))
    return bool(lines)


async def end(turn: Turn, schedule: Schedule) -> None:
    await recurring.save(turn.tx, replace(schedule, status=ScheduleStatus.STOPPED))
    await turn.never_mind(schedule.id, DueKind.REPEAT)
    asked = ("recurring.which", "recurring.one_or_all", "recurring.leave_out")
    await questions.close(turn.tx, turn.now, *asked, member_id=schedule.asker_id)
    await turn.note("schedule_stopped", "schedule", schedule.id)
