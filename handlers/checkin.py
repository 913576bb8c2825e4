"""Asking somebody, on the days and at the hour they chose, whether all is well.

Only silence is chased: asked again after a quarter of an hour, and after another the alarm sounds
(`alarm`). What could not be delivered, and STOP, count as silence. How check-ins are set up is in
`checkin_setup`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from handlers import alarm, contacts
from handlers.rules import checkins as rules
from handlers.rules import lifecycle, timing, wellbeing
from handlers.rules.checkins import Reason
from handlers.rules.lateness import too_late
from handlers.rules.understanding_words import plain
from handlers.turn import Turn, first_name
from storage import checkins, members, questions
from storage.model import (
    CheckIn,
    CheckInStatus,
    DueKind,
    Member,
    Occasion,
    OccasionStatus,
    Question,
)

GREETING = {
    "morning": "check_in.morning",
    "afternoon": "check_in.afternoon",
    "evening": "check_in.evening",
}

ROOM = timedelta(hours=2)
"""A check-in that is late is still asked if the next one is so far off."""

LONG_AWAY = timedelta(days=14)
"""Being away for longer than this is told to the organisers."""


async def schedule(turn: Turn, check_in: CheckIn) -> CheckIn:
    """Set when the next one is, and keep it."""
    assert check_in.hour
    away = None
    if check_in.away_from and check_in.away_until:
        away = (check_in.away_from, check_in.away_until)
    day, moment = rules.next_after(check_in.days, check_in.hour, turn.now, turn.community, away)
    await turn.later(DueKind.CHECK_IN, check_in.id, moment)
    return await checkins.save(turn.tx, replace(check_in, next_day=day))


def moment_of_next(
    turn: Turn, check_in: CheckIn, reader: Member | str, day: date | None = None
) -> str:
    """`9am tomorrow`, `9am on Monday`: when the next one is, or the one of that day."""
    assert check_in.hour
    day = day or check_in.next_day or turn.today
    return turn.by(timing.at_local(day, check_in.hour, turn.community), reader)


# The moment has come


async def came_due(turn: Turn, check_in: CheckIn) -> None:
    """Ask whether all is well; or, where we were not there when it was due, say so."""
    hour = check_in.hour
    assert hour
    day = check_in.next_day or turn.today
    planned = timing.at_local(day, hour, turn.community)
    check_in = await schedule(turn, check_in)
    if planned > turn.now:
        return
    person = await members.get(turn.tx, check_in.member_id)
    still = await checkins.running(turn.tx, check_in.id)
    if still:
        # An alarm of the day before: her answer ends that one. There is no second beside it.
        if still[0].status is OccasionStatus.ASKED:
            return
        await _put(turn, person, still[0], GREETING[rules.part_of_day(hour)])
        return
    late = too_late(DueKind.CHECK_IN, planned, turn.now)
    coming = timing.at_local(check_in.next_day or day, hour, turn.community)
    asks = not late or (not timing.is_quiet(turn.now, turn.community) and coming - turn.now >= ROOM)
    occasion = await checkins.begin(
        turn.tx,
        Occasion(
            id=0,
            check_in_id=check_in.id,
            member_id=check_in.member_id,
            day=day,
            status=OccasionStatus.ASKED if asks else OccasionStatus.MISSED,
            due_at=planned,
        ),
    )
    if occasion is None:
        return  # that day has had one
    if late:
        await turn.note("check_in_late", "occasion", occasion.id)
        await turn.tell_organisers(
            "check_in.missed.asking" if asks else "check_in.missed",
            about={"kind": "check_in.missed"},
            but=person.id,
            who=turn.who(person),
            phone=await turn.phone_of(person),
            hour=lambda language: turn.by(planned, language),
        )
    if asks:
        greeting = GREETING[rules.part_of_day(hour)]
        await _ask(turn, person, occasion, "check_in.late" if late else greeting)


async def _ask(turn: Turn, person: Member, occasion: Occasion, entry: str) -> None:
    if not await _put(turn, person, occasion, entry):
        reason = Reason.STOPPED if person.stopped_at else Reason.UNHEARD
        await alarm.sound(turn, occasion, reason)
        return
    occasion = replace(occasion, step=occasion.step + 1)
    await alarm.wait(turn, occasion, turn.now + rules.AGAIN)


async def _put(turn: Turn, person: Member, occasion: Occasion, entry: str) -> bool:
    """Put the question; whether anything can reach them. They chose the hour, so it may be early
    or late in the day."""
    until = turn.now + rules.AGAIN
    if entry == "check_in.again" and _goes_back(turn, until):
        entry = "check_in.again.soon"
    question = await turn.ask(
        person,
        entry,
        "check_in",
        occasion.id,
        ("well", "ring"),
        wakes=True,
        name=first_name(person),
        hour=turn.by(occasion.due_at, person),
        by=turn.by(until, person),
        other=await _first_to_hear(turn, occasion, person),
    )
    return question is not None


def _goes_back(turn: Turn, until: datetime) -> bool:
    """Whether the clocks go back before then: "by 1am" would have gone by at a quarter to two."""
    then, now = (timing.local(moment, turn.community) for moment in (until, turn.now))
    return then.replace(tzinfo=None) <= now.replace(tzinfo=None)


async def _first_to_hear(turn: Turn, occasion: Occasion, person: Member) -> str:
    order = await alarm.plan(turn, occasion, Reason.SILENT)
    able = [one for those in order for one in those if alarm.can_be_told(one)]
    name = first_name(able[0]) if able else ""
    return name or turn.text(person.language, "an_organiser")


async def step(turn: Turn, occasion_id: int) -> None:
    """No answer yet: they are asked again, then the alarm sounds; an alarm goes on."""
    occasion = await checkins.occasion(turn.tx, occasion_id, lock=True)
    if occasion.status not in checkins.RUNNING:
        return
    if occasion.status is not OccasionStatus.ASKED:
        await alarm.untaken(turn, occasion)
        return
    late = too_late(DueKind.CHECK_IN_STEP, occasion.next_at or turn.now, turn.now)
    if occasion.step < 2 or late:
        person = await members.get(turn.tx, occasion.member_id)
        await _ask(turn, person, occasion, "check_in.again")
        return
    await alarm.sound(turn, occasion, Reason.SILENT)


# What they answer


async def answered(turn: Turn, question: Question, key: str) -> None:
    """They said that all is well, or that they would like to be rung."""
    occasion = await checkins.occasion(turn.tx, question.ref or 0, lock=True)
    check_in = await checkins.get(turn.tx, occasion.check_in_id or 0)
    await turn.toast()
    if check_in.member_id != turn.sender.id:
        return
    if key == "well":
        await _well(turn, occasion)
        await _thank(turn, check_in)
        return
    await alarm_ring(turn, occasion)


async def _well(turn: Turn, occasion: Occasion) -> None:
    if alarm.is_emergency(occasion):
        await alarm.says_well(turn, occasion)
    elif occasion.status in (OccasionStatus.ALARM, OccasionStatus.TAKEN):
        await alarm.answered_after_all(turn, occasion, turn.sender)
    elif occasion.status in (OccasionStatus.ASKED, OccasionStatus.MISSED):
        status = lifecycle.become(occasion.status, OccasionStatus.WELL)
        await checkins.keep(turn.tx, replace(occasion, status=status, next_at=None))
        await turn.never_mind(occasion.id, DueKind.CHECK_IN_STEP)
        await questions.close(turn.tx, turn.now, "check_in", ref=occasion.id)


async def _thank(turn: Turn, check_in: CheckIn) -> None:
    me = turn.sender
    if check_in.status is CheckInStatus.ON and check_in.next_day:
        by = moment_of_next(turn, check_in, me)
        await turn.reply("check_in.thanks", name=first_name(me), by=by)
    else:
        await turn.reply("thanks", name=first_name(me))


async def alarm_ring(turn: Turn, occasion: Occasion) -> None:
    """Not so good: somebody rings them. Nothing more is asked of them."""
    me = turn.sender
    told = await alarm.sound(turn, occasion, Reason.NOT_WELL)
    await questions.close(turn.tx, turn.now, "check_in", ref=occasion.id)
    entry = "check_in.ring" if told else "check_in.ring.nobody"
    await turn.reply(entry, name=first_name(me))


async def heard(turn: Turn) -> None:
    """They wrote something else that made sense: they are there, and nobody need chase them."""
    if turn.sender.stopped_at is not None:
        return  # it was STOP, chosen from a menu: the alarm of that has only just begun
    check_in = await checkins.of_member(turn.tx, turn.sender.id)
    if check_in is None:
        return
    for occasion in await checkins.running(turn.tx, check_in.id):
        if occasion.status is OccasionStatus.ASKED or occasion.reason in alarm.THERE:
            await _well(turn, occasion)


async def unheard(turn: Turn, occasion_id: int) -> None:
    """The check-in did not reach them: that is as good as silence, and sooner known."""
    occasion = await checkins.occasion(turn.tx, occasion_id, lock=True)
    if occasion.status is OccasionStatus.ASKED:
        await alarm.sound(turn, occasion, Reason.UNHEARD)


async def went_silent(turn: Turn, reason: str) -> None:
    """They sent STOP, blocked us, or left. STOP is silence, and somebody rings them; who leaves
    has said so. A contact who goes is missed by whoever counts on them."""
    me = turn.sender
    await contacts.gone(turn)
    check_in = await checkins.of_member(turn.tx, me.id)
    if check_in is None or check_in.status is CheckInStatus.OFF:
        return
    if reason == "left" or check_in.status is not CheckInStatus.ON:
        for occasion in await checkins.running(turn.tx, check_in.id):
            await _well(turn, occasion)
        await alarm.end(turn, check_in)
        return
    running = await checkins.running(turn.tx, check_in.id)
    occasion = running[0] if running else await _today(turn, check_in)
    if occasion.status is not OccasionStatus.ALARM:
        await alarm.sound(turn, occasion, Reason.STOPPED)


async def _today(turn: Turn, check_in: CheckIn) -> Occasion:
    occasion = await checkins.on_day(turn.tx, check_in.id, turn.today)
    if occasion is None:
        new = Occasion(0, check_in.id, turn.sender.id, turn.today, OccasionStatus.ASKED, turn.now)
        occasion = await checkins.begin(turn.tx, new)
    assert occasion
    return occasion


# Away, back, and no more


async def in_words(turn: Turn, check_in: CheckIn, *, asks: bool) -> bool:
    """Whether what somebody with check-ins wrote is about them: how they are, away, back, no more.
    `asks`: it plainly asks for help as well, which comes first."""
    said = plain(turn.words)
    running = await checkins.running(turn.tx, check_in.id)
    if rules.wants_off(said):
        await questions.close(turn.tx, turn.now, "check_in.off", member_id=turn.sender.id)
        name = first_name(turn.sender)
        await turn.ask(
            turn.sender, "check_in.off", "check_in.off", check_in.id, ("yes", "no"), name=name
        )
        return True
    away = wellbeing.away_in(said, turn.today)
    if check_in.away_from and check_in.away_until and turn.today < check_in.away_until:
        if wellbeing.is_back(said, turn.today):
            await _back(turn, check_in)
            return True
        now = wellbeing.Away(check_in.away_from, check_in.away_until, hospital=False)
        away = away or wellbeing.back_on(said, now, turn.today)
    if away and not asks:
        await go_away(turn, check_in, away, turn.sender)
        return True
    feels = wellbeing.feeling(said)
    if feels is None or not running or asks:
        return False
    if feels:
        for occasion in running:
            await _well(turn, occasion)
        await _thank(turn, check_in)
    else:
        await alarm_ring(turn, running[0])
    return True


async def go_away(turn: Turn, check_in: CheckIn, away: wellbeing.Away, person: Member) -> None:
    """No check-ins on those days; whoever said so hears from when there are again. In hospital, or
    away for long, organisers should know."""
    check_in = replace(check_in, away_from=away.first, away_until=away.until)
    check_in = await schedule(turn, check_in)
    if away.first <= turn.today:
        for occasion in await checkins.running(turn.tx, check_in.id):
            if turn.sender.id == person.id:
                await _well(turn, occasion)
            else:
                await alarm.settled_by_hand(turn, occasion, person)
    me = turn.sender
    again = check_in.next_day if away.first <= turn.today else None
    entry = "check_in.away" if again else "check_in.away.later"
    if me.id != person.id:
        entry = "check_in.away.theirs"
    elif away.hospital and again:
        entry = "check_in.hospital"
    first = await _next_in(turn, check_in, away.until)
    await turn.reply(
        entry,
        name=first_name(me),
        asker=turn.who(person)(me.language),
        start=turn.day(away.first, me),
        by=moment_of_next(turn, check_in, me, again or first),
    )
    if me.id != person.id:
        await turn.say(
            person,
            "check_in.away.you",
            about={"kind": "check_in.away.you"},
            name=first_name(person),
            organiser=first_name(me),
            by=moment_of_next(turn, check_in, person, again or first),
        )
    await turn.note("check_ins_away", "member", person.id, until=away.until.isoformat())
    if away.hospital or away.until - away.first > LONG_AWAY:
        await turn.tell_organisers(
            "check_in.away.told",
            about={"kind": "check_in.away"},
            but=me.id,
            quiet=True,
            who=turn.who(person),
            phone=await turn.phone_of(person),
            day=lambda language: turn.day(again or first, language),
            words=turn.quoted(turn.words, most=alarm.QUOTED),
        )


async def _next_in(turn: Turn, check_in: CheckIn, day: date) -> date:
    """The first day from that one on which there is a check-in."""
    assert check_in.hour
    eve = timing.at_local(day, check_in.hour, turn.community) - timedelta(minutes=1)
    return rules.next_after(check_in.days, check_in.hour, eve, turn.community)[0]


async def _back(turn: Turn, check_in: CheckIn) -> None:
    check_in = await schedule(turn, replace(check_in, away_from=None, away_until=None))
    me = turn.sender
    by = moment_of_next(turn, check_in, me)
    await turn.reply("check_in.back", name=first_name(me), by=by)
    await turn.note("check_ins_back", "member", me.id)


async def ended(turn: Turn, question: Question, key: str) -> None:
    """They said whether check-ins should end for good."""
    me = turn.sender
    await turn.toast()
    check_in = await checkins.get(turn.tx, question.ref or 0, lock=True)
    if key != "yes" or check_in.member_id != me.id:
        await turn.reply("check_in.kept", name=first_name(me))
        return
    for occasion in await checkins.running(turn.tx, check_in.id):
        await _well(turn, occasion)
    await alarm.end(turn, check_in)
    await turn.reply("check_in.off.done", name=first_name(me))
