"""Help that comes again: agreed once, asked for each time, left out for a week, and stopped.

A schedule makes a request on the day before each of its days. That request is like any other, and
to call one off ends nothing but that one. Who came the last time, and was glad to, is asked first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from handlers import visit, waves
from handlers.rules import lifecycle, recurrence, timing
from handlers.rules.recurrence import Pattern, Wants, Wish
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
    Question,
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
        day = recurrence.first_day(_pattern(draft), turn.today, draft.starts)
    return await requests.save(turn.tx, replace(request, schedule_id=None, day=day))


async def when_planned(turn: Turn, request: HelpRequest, language: str) -> str | None:
    """When it is to be, and first: `every Tuesday, from tomorrow`. None while the days are still to
    be said."""
    schedule = await recurring.get(turn.tx, request.schedule_id or 0)
    if not schedule.weekdays:
        return None
    first = recurrence.first_day(_pattern(schedule), turn.today, schedule.starts)
    often = every(turn, replace(schedule, part=request.part), language)
    return turn.text(language, "recurs.from", when=often, day=_date(turn, first, language))


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
    first = recurrence.first_day(_pattern(draft), turn.today, draft.starts)
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
        what=capital(turn.gists([_as_request(each) for each in begun], me.language)),
        when=every(turn, begun[0], me.language),
        day=_date(turn, first, me.language),
    )
    for schedule in begun:
        await _wait(turn, schedule)


# Each time


async def make(turn: Turn, schedule: Schedule) -> None:
    """The moment to ask for the next time came. Where it came too late (everything stood still for
    days) the asker and the organisers are told so, once, and it goes on with the time after."""
    asker = await members.get(turn.tx, schedule.asker_id)
    day = schedule.next_day
    if schedule.status is not ScheduleStatus.RUNNING or day is None:
        return
    if asker.stopped_at is not None or asker.standing is Standing.LEFT:
        await _end(turn, schedule)
        return
    missed = None
    while recurrence.wanted_at(day, schedule.part, turn.community) <= turn.now:
        missed, day = day, _after(schedule, day)
    if missed:
        await _tell_missed(turn, schedule, asker, missed, day)
    if recurrence.made_at(day, turn.community) <= turn.now:
        if await recurring.request_for(turn.tx, schedule.id, day) is None:
            request = replace(_as_request(schedule), day=day, created_at=turn.now)
            await waves.open_request(turn, await requests.add(turn.tx, request))
        day = _after(schedule, day)
    schedule = await recurring.save(turn.tx, replace(schedule, next_day=day))
    await _wait(turn, schedule)


async def _wait(turn: Turn, schedule: Schedule) -> None:
    assert schedule.next_day
    moment = recurrence.made_at(schedule.next_day, turn.community)
    await turn.later(DueKind.REPEAT, schedule.id, moment)


async def _tell_missed(
    turn: Turn, schedule: Schedule, asker: Member, missed: date, day: date
) -> None:
    await turn.say(
        asker,
        "recurring.missed",
        about={"kind": "nobody_yet", "ref": schedule.id},
        name=first_name(asker),
        what=turn.gist(_as_request(schedule), asker.language),
        day=_date(turn, missed, asker.language),
        start=_date(turn, day, asker.language),
    )
    await turn.tell_organisers(
        "recurring.missed.told",
        but=asker.id,
        asker=turn.who(asker),
        phone=await turn.phone_of(asker),
        what=lambda language: turn.gist(_as_request(schedule), language),
        day=lambda language: _date(turn, missed, language),
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
        day=lambda language: turn.desk.wording.day(
            language, request.day or turn.today, turn.today, whole=True
        ),
    )
    return True


def _as_request(schedule: Schedule) -> HelpRequest:
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


def _pattern(schedule: Schedule) -> Pattern:
    return Pattern(schedule.weekdays, schedule.every)


def _after(schedule: Schedule, day: date) -> date:
    """The next day on which it is to happen, but for those that are left out."""
    assert schedule.starts
    while True:
        day = recurrence.next_day(_pattern(schedule), schedule.starts, day)
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


def _date(turn: Turn, day: date, language: str) -> str:
    return turn.desk.wording.day(language, day, turn.today, whole=True)


async def _coming(turn: Turn, schedule: Schedule) -> date:
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
            what=turn.gist(_as_request(schedule), me.language),
            when=every(turn, schedule, me.language),
            day=_date(turn, await _coming(turn, schedule), me.language),
        )
        lines.append(capital(line))
    if lines:
        await turn.reply("recurring.list", name=first_name(me), lines=" ".join(lines))
    return bool(lines)


# Left out, and stopped


async def heard(turn: Turn) -> bool:
    """Whether they speak of their regular help: to leave it out for once, or to stop it."""
    wish = recurrence.wish_of(turn.words, turn.today)
    if wish is None:
        return False
    mine = await recurring.running(turn.tx, turn.sender.id)
    named = needs_named(turn.words)
    fit = [each for each in mine if not named or each.need in named]
    if not fit:
        return False
    if wish.wants is Wants.SKIP:
        return await _leave_out(turn, fit, wish)
    if wish.wants is Wants.ONE_OR_ALL:
        return bool(named) and await one_or_all(turn, fit[0])
    return await _stop_which(turn, fit, wish, named=bool(named))


async def _leave_out(turn: Turn, fit: list[Schedule], wish: Wish) -> bool:
    """Whether they have something on that day, or in that week: it is left out."""
    if wish.next_time:
        await skip(turn, [(fit[0], await _coming(turn, fit[0]))])
        return True
    found: list[tuple[Schedule, date]] = []
    for schedule in fit:
        assert schedule.starts
        days = [wish.day] if wish.day else []
        if wish.week:
            days = recurrence.days_in_week(_pattern(schedule), schedule.starts, wish.week)
        on = (d for d in days if recurrence.is_on(_pattern(schedule), schedule.starts, d))
        found += [(schedule, day) for day in on if day >= turn.today]
    if found:
        await skip(turn, found)
        return True
    if wish.week is None:
        return False  # they may speak of something else that they asked for
    # "Not this week", when this week's has been: they may well mean the next time.
    day = await _coming(turn, fit[0])
    await turn.ask(
        turn.sender,
        "recurring.leave_out",
        "recurring.leave_out",
        fit[0].id,
        ("yes", "no"),
        heard=day.isoformat(),
        name=first_name(turn.sender),
        day=_date(turn, day, turn.sender.language),
    )
    return True


async def leave_out(turn: Turn, question: Question, key: str) -> None:
    """They said whether the next time is to be left out."""
    await turn.toast()
    schedule = await recurring.get(turn.tx, question.ref or 0)
    if key == "yes" and schedule.status is ScheduleStatus.RUNNING:
        await skip(turn, [(schedule, date.fromisoformat(question.heard))])
    elif not await show(turn):
        await turn.reply("nothing_to_cancel", name=first_name(turn.sender))


async def skip(turn: Turn, days: Sequence[tuple[Schedule, date]]) -> None:
    """Nobody is to come on these days; whoever was going hears so. It goes on after them."""
    helpers: list[str] = []
    after: list[date] = []
    for ident in dict.fromkeys(schedule.id for schedule, _ in days):
        schedule = await recurring.get(turn.tx, ident, lock=True)
        out = {day for each, day in days if each.id == ident}
        for day in sorted(out):
            request = await recurring.request_for(turn.tx, ident, day)
            if request and lifecycle.may_become(request.status, RequestStatus.CANCELLED):
                helper = await visit.not_needed(turn, request)
                helpers += [first_name(helper)] if helper else []
        skips = {day for day in schedule.skips if day >= turn.today} | out
        schedule = replace(schedule, skips=tuple(sorted(skips)))
        assert schedule.next_day
        if schedule.next_day in out:
            schedule = replace(schedule, next_day=_after(schedule, schedule.next_day))
        await recurring.save(turn.tx, schedule)
        await _wait(turn, schedule)
        await turn.note("schedule_skipped", "schedule", ident)
        after.append(await _coming(turn, schedule))
    await say_left_out(turn, [day for _, day in days], helpers, min(after))


async def say_left_out(
    turn: Turn, days: Sequence[date], helpers: Sequence[str], after: date
) -> None:
    language, wording = turn.sender.language, turn.desk.wording
    said_days = [_date(turn, day, language) for day in sorted(set(days))]
    await turn.reply(
        "recurring.skipped.helper" if helpers else "recurring.skipped",
        name=first_name(turn.sender),
        day=wording.joined(language, said_days),
        helper=wording.joined(language, list(dict.fromkeys(helpers))),
        start=_date(turn, after, language),
    )


async def called_off(turn: Turn, request: HelpRequest, helper: Member | None) -> bool:
    """One time was called off: whether it was one of several, and they are told that it goes on."""
    if request.schedule_id is None or request.day is None:
        return False
    schedule = await recurring.get(turn.tx, request.schedule_id)
    if schedule.status is not ScheduleStatus.RUNNING:
        return False
    helpers = [first_name(helper)] if helper else []
    await say_left_out(turn, [request.day], helpers, await _coming(turn, schedule))
    return True


async def one_or_all(turn: Turn, schedule: Schedule) -> bool:
    """They don't need it: only the next time, or never again?"""
    me = turn.sender
    await turn.ask(
        me,
        "recurring.one_or_all",
        "recurring.one_or_all",
        schedule.id,
        ("only_next", "all_of_them"),
        name=first_name(me),
        what=capital(turn.gist(_as_request(schedule), me.language)),
        when=every(turn, schedule, me.language),
    )
    return True


async def nothing_else(turn: Turn) -> bool:
    """They don't need something, and nothing is waiting: whether they can mean what comes again."""
    mine = await recurring.running(turn.tx, turn.sender.id)
    return bool(mine) and await one_or_all(turn, mine[0])


async def one_or_all_said(turn: Turn, question: Question, key: str) -> None:
    """They said whether only the next time is to be left out, or all."""
    await turn.toast()
    schedule = await recurring.get(turn.tx, question.ref or 0)
    if schedule.status is not ScheduleStatus.RUNNING:
        await turn.reply("nothing_to_cancel", name=first_name(turn.sender))
    elif key == "only_next":
        await skip(turn, [(schedule, await _coming(turn, schedule))])
    else:
        await stop(turn, schedule)


async def _stop_which(turn: Turn, fit: list[Schedule], wish: Wish, *, named: bool) -> bool:
    """Whether it is plain that they mean some regular help of theirs; of several they are asked."""
    me = turn.sender
    of_the_days = [each for each in fit if set(each.weekdays) & set(wish.weekdays)]
    if wish.weekdays and not of_the_days and not wish.regular:
        return await show(turn)  # nothing of theirs is on that day
    if not (of_the_days or named or wish.regular):
        return False
    fit = of_the_days or fit
    if len(fit) == 1:
        await stop(turn, fit[0])
        return True
    choices = []
    for schedule in fit[:SHOWN]:
        what = turn.gist(_as_request(schedule), me.language)
        choices.append((str(schedule.id), f"{what} {every(turn, schedule, me.language)}"))
    await turn.ask(me, "recurring.which", "recurring.which", None, choices, name=first_name(me))
    return True


async def which_said(turn: Turn, question: Question, key: str) -> None:
    """They said which of several is to stop."""
    await turn.toast()
    schedule = await recurring.get(turn.tx, int(key))
    if schedule.asker_id == turn.sender.id and schedule.status is ScheduleStatus.RUNNING:
        await stop(turn, schedule)
    elif not await show(turn):
        await turn.reply("nothing_to_cancel", name=first_name(turn.sender))


async def stop(turn: Turn, schedule: Schedule) -> None:
    """It is not to come again; the time that has been asked for already is called off too."""
    me = turn.sender
    helper = None
    for request in await recurring.made(turn.tx, schedule.id, turn.today):
        if lifecycle.may_become(request.status, RequestStatus.CANCELLED):
            helper = await visit.not_needed(turn, request) or helper
    await _end(turn, schedule)
    await turn.reply(
        "recurring.stopped.helper" if helper else "recurring.stopped",
        name=first_name(me),
        what=turn.gist(_as_request(schedule), me.language),
        when=every(turn, schedule, me.language),
        helper=first_name(helper) if helper else "",
    )


async def _end(turn: Turn, schedule: Schedule) -> None:
    await recurring.save(turn.tx, replace(schedule, status=ScheduleStatus.STOPPED))
    await turn.never_mind(schedule.id, DueKind.REPEAT)
    await turn.note("schedule_stopped", "schedule", schedule.id)


async def drop(turn: Turn) -> list[HelpRequest]:
    """Whoever goes silent is not asked for any more; what it was, for telling organisers."""
    mine = await recurring.running(turn.tx, turn.sender.id)
    for schedule in mine:
        await _end(turn, schedule)
    return [_as_request(schedule) for schedule in mine]
