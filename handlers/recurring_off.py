"""Regular help that is not needed: left out for once, or stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from handlers import recurring, visit
from handlers.rules import lifecycle, recurrence
from handlers.rules.recurrence import Wants, Wish
from handlers.rules.understanding import needs_named
from handlers.turn import Turn, first_name
from handlers.wording import capital
from storage import recurring as schedules
from storage.model import HelpRequest, Member, Question, RequestStatus, Schedule, ScheduleStatus

MOST_NAMED = 2
"""Days left out that are told one by one."""


async def heard(turn: Turn) -> bool:
    """Whether they speak of their regular help: to leave it out for once, or to stop it."""
    wish = recurrence.wish_of(turn.words, turn.today)
    if wish is None:
        return False
    mine = await schedules.running(turn.tx, turn.sender.id)
    named = needs_named(wish.about)  # of the whole, "skip" would name a job at home
    fit = [each for each in mine if not named or each.need in named]
    if not fit:
        return False
    if wish.wants is Wants.SKIP:
        return await _leave_out(turn, fit, wish)
    if wish.wants is Wants.ONE_OR_ALL:
        of_the_days = [each for each in fit if set(each.weekdays) & set(wish.weekdays)]
        plainly = named or wish.regular or of_the_days
        return bool(plainly) and await one_or_all(turn, (of_the_days or fit)[0])
    return await _stop_which(turn, fit, wish, named=bool(named))


async def _leave_out(turn: Turn, fit: list[Schedule], wish: Wish) -> bool:
    """Whether they have something on that day, or in that week: it is left out."""
    if wish.until:
        return await _ask_until(turn, fit, wish.until, wish.day)
    if wish.next_time:
        await skip(turn, [(fit[0], await recurring.coming(turn, fit[0]))])
        return True
    found: list[tuple[Schedule, date]] = []
    for schedule in fit:
        assert schedule.starts
        days = list(wish.days) or ([wish.day] if wish.day else [])
        if wish.week:
            days = recurrence.days_in_week(recurring.pattern(schedule), schedule.starts, wish.week)
        on = (d for d in days if recurrence.is_on(recurring.pattern(schedule), schedule.starts, d))
        found += [(schedule, day) for day in on if day >= turn.today]
    if found:
        await skip(turn, found)
        return True
    if wish.week is None:
        return False  # they may speak of something else that they asked for
    # "Not this week", when this week's has been: they may well mean the next time.
    day = await recurring.coming(turn, fit[0])
    await turn.ask(
        turn.sender,
        "recurring.leave_out",
        "recurring.leave_out",
        fit[0].id,
        ("yes", "no"),
        heard=day.isoformat(),
        name=first_name(turn.sender),
        day=recurring.date_of(turn, day, turn.sender),
    )
    return True


async def away_too(turn: Turn) -> None:
    """Who says that they are away of their check-ins may not want anybody to come either."""
    wish = recurrence.wish_of(turn.words, turn.today)
    if wish and wish.wants is Wants.SKIP:
        mine = await schedules.running(turn.tx, turn.sender.id)
        if mine:
            await _leave_out(turn, mine, wish)


async def _ask_until(
    turn: Turn, fit: list[Schedule], until: date, first: date | None = None
) -> bool:
    """Whether some of it falls before that day: they are shown from when until when nobody would
    come, and say whether that is right. A time of today is somebody's who may be on the way."""
    first = first or turn.today + DAY
    found = _before(fit, first, until)
    if not found:
        return False
    after = [recurring.after_that(each, until - DAY) for each in fit]
    await turn.ask(
        turn.sender,
        "recurring.leave_out.until",
        "recurring.leave_out",
        fit[0].id,
        ("yes", "no"),
        heard=" ".join([until.isoformat(), first.isoformat(), *(str(each.id) for each in fit)]),
        name=first_name(turn.sender),
        start=recurring.date_of(turn, min(day for _, day in found), turn.sender),
        day=recurring.date_of(turn, min(after), turn.sender),
    )
    return True


def _before(fit: Sequence[Schedule], first: date, until: date) -> list[tuple[Schedule, date]]:
    found: list[tuple[Schedule, date]] = []
    for each in fit:
        day = recurring.after_that(each, first - DAY)
        while day < until:
            found.append((each, day))
            day = recurring.after_that(each, day)
    return found


DAY = timedelta(days=1)


async def leave_out(turn: Turn, question: Question, key: str) -> None:
    """They said whether the next time, or all until some day, is to be left out."""
    await turn.toast()
    schedule = await schedules.get(turn.tx, question.ref or 0)
    until, *more = question.heard.split()
    if key == "yes" and more:
        each = [await schedules.get(turn.tx, int(ident)) for ident in more[1:]]
        running = [one for one in each if one.status is ScheduleStatus.RUNNING]
        found = _before(running, date.fromisoformat(more[0]), date.fromisoformat(until))
        if found:
            await skip(turn, found)
            return
        key = "no"
    if key == "yes" and schedule.status is ScheduleStatus.RUNNING:
        await skip(turn, [(schedule, date.fromisoformat(question.heard))])
    elif not await recurring.show(turn):
        await turn.reply("nothing_to_cancel", name=first_name(turn.sender))


async def skip(turn: Turn, days: Sequence[tuple[Schedule, date]]) -> None:
    """Nobody is to come on these days; whoever was going hears so. It goes on after them."""
    helpers: list[str] = []
    after: list[date] = []
    long = len({day for _, day in days}) > MOST_NAMED
    for ident in dict.fromkeys(schedule.id for schedule, _ in days):
        schedule = await schedules.get(turn.tx, ident, lock=True)
        out = {day for each, day in days if each.id == ident}
        for day in sorted(out):
            request = await schedules.request_for(turn.tx, ident, day)
            if request and lifecycle.may_become(request.status, RequestStatus.CANCELLED):
                helper = await visit.not_needed(turn, request)
                helpers += [first_name(helper)] if helper else []
        skips = {day for day in schedule.skips if day >= turn.today} | out
        schedule = replace(schedule, skips=tuple(sorted(skips)))
        assert schedule.next_day
        if schedule.next_day in out:
            schedule = replace(schedule, next_day=recurring.after_that(schedule, schedule.next_day))
        await schedules.save(turn.tx, schedule)
        await recurring.wait(turn, schedule)
        await turn.note("schedule_skipped", "schedule", ident)
        goes_on = recurring.after_that(schedule, max(out))
        after.append(goes_on if long else await recurring.coming(turn, schedule))
    await say_left_out(turn, [day for _, day in days], helpers, min(after))


async def say_left_out(
    turn: Turn, days: Sequence[date], helpers: Sequence[str], after: date
) -> None:
    language, wording = turn.sender.language, turn.desk.wording
    if len(set(days)) > MOST_NAMED:
        await turn.reply(
            "recurring.skipped.until.helper" if helpers else "recurring.skipped.until",
            name=first_name(turn.sender),
            day=recurring.date_of(turn, min(days), turn.sender),
            helper=wording.joined(language, list(dict.fromkeys(helpers))),
            start=recurring.date_of(turn, after, turn.sender),
        )
        return
    said_days = [recurring.date_of(turn, day, turn.sender) for day in sorted(set(days))]
    await turn.reply(
        "recurring.skipped.helper" if helpers else "recurring.skipped",
        name=first_name(turn.sender),
        day=wording.joined(language, said_days),
        helper=wording.joined(language, list(dict.fromkeys(helpers))),
        start=recurring.date_of(turn, after, turn.sender),
    )


async def called_off(turn: Turn, request: HelpRequest, helper: Member | None) -> bool:
    """One time was called off: whether it was one of several, and they are told that it goes on."""
    if request.schedule_id is None or request.day is None:
        return False
    schedule = await schedules.get(turn.tx, request.schedule_id)
    if schedule.status is not ScheduleStatus.RUNNING:
        return False
    helpers = [first_name(helper)] if helper else []
    await say_left_out(turn, [request.day], helpers, await recurring.coming(turn, schedule))
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
        what=capital(turn.gist(recurring.as_request(schedule), me.language)),
        when=recurring.every(turn, schedule, me.language),
    )
    return True


async def nothing_else(turn: Turn) -> bool:
    """They don't need something, and nothing is waiting: whether they can mean what comes again."""
    mine = await schedules.running(turn.tx, turn.sender.id)
    return bool(mine) and await one_or_all(turn, mine[0])


async def one_or_all_said(turn: Turn, question: Question, key: str) -> None:
    """They said whether only the next time is to be left out, or all."""
    await turn.toast()
    schedule = await schedules.get(turn.tx, question.ref or 0)
    if schedule.status is not ScheduleStatus.RUNNING:
        await turn.reply("nothing_to_cancel", name=first_name(turn.sender))
    elif key == "only_next":
        await skip(turn, [(schedule, await recurring.coming(turn, schedule))])
    else:
        await stop(turn, schedule)


async def _stop_which(turn: Turn, fit: list[Schedule], wish: Wish, *, named: bool) -> bool:
    """Whether it is plain that they mean some regular help of theirs; of several they are asked."""
    me = turn.sender
    of_the_days = [each for each in fit if set(each.weekdays) & set(wish.weekdays)]
    if wish.weekdays and not of_the_days and not wish.regular:
        return await recurring.show(turn)  # nothing of theirs is on that day
    if not (of_the_days or named or wish.regular):
        return False
    fit = of_the_days or fit
    if len(fit) == 1:
        await stop(turn, fit[0])
        return True
    choices = []
    for schedule in fit[: recurring.SHOWN]:
        what = turn.gist(recurring.as_request(schedule), me.language)
        choices.append((str(schedule.id), f"{what} {recurring.every(turn, schedule, me.language)}"))
    await turn.ask(me, "recurring.which", "recurring.which", None, choices, name=first_name(me))
    return True


async def which_said(turn: Turn, question: Question, key: str) -> None:
    """They said which of several is to stop."""
    await turn.toast()
    schedule = await schedules.get(turn.tx, int(key))
    if schedule.asker_id == turn.sender.id and schedule.status is ScheduleStatus.RUNNING:
        await stop(turn, schedule)
    elif not await recurring.show(turn):
        await turn.reply("nothing_to_cancel", name=first_name(turn.sender))


async def stop(turn: Turn, schedule: Schedule) -> None:
    """It is not to come again; the time that has been asked for already is called off too."""
    me = turn.sender
    helper = None
    for request in await schedules.made(turn.tx, schedule.id, turn.today):
        if lifecycle.may_become(request.status, RequestStatus.CANCELLED):
            helper = await visit.not_needed(turn, request) or helper
    await recurring.end(turn, schedule)
    await turn.reply(
        "recurring.stopped.helper" if helper else "recurring.stopped",
        name=first_name(me),
        what=turn.gist(recurring.as_request(schedule), me.language),
        when=recurring.every(turn, schedule, me.language),
        helper=first_name(helper) if helper else "",
    )


async def drop(turn: Turn) -> list[HelpRequest]:
    """Whoever goes silent is not asked for any more; what it was, for telling organisers."""
    mine = await schedules.running(turn.tx, turn.sender.id)
    for schedule in mine:
        await recurring.end(turn, schedule)
    return [recurring.as_request(schedule) for schedule in mine]
