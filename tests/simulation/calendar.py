"""What should have happened, by the calendar on people's own walls: each thing once, at its hour.

Worked out anew from what people asked for and from what they were told, by other means than the
bot's: hours are put together with `zoneinfo`, and what is said is taken at its word.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from bot.simulation.ledger import PROMPT, Ledger, Seen, hour_said
from bot.simulation.people import LONDON, Person, days_between
from storage.model import Role
from tests.simulation.marsden import NOTE_AT, ORGANISERS, at

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
GREETINGS = ("check_in.morning", "check_in.afternoon", "check_in.evening")
EVENING = 17
"""The hour from which two hours more may be too late for a question."""
SLOWEST_ROUND = HOUR
"""An alarm that nobody takes goes on to the next after so long at most."""


def kept(ledger: Ledger, first: datetime, last: datetime) -> Iterator[str]:
    """What was not as it should have been, in a sentence each. What is due in the last hours is not
    asked for."""
    last -= timedelta(hours=3)
    for person in ledger.town.people.values():
        if person.checked_on:
            yield from _check_ins(ledger, person, last)
        if person.regular:
            yield from _regular(ledger, person, last)
        if Role.ASKER in person.roles:
            yield from _heard_by_then(ledger, person, last)
        if Role.HELPER in person.roles:
            yield from _rests(ledger, person, last)
    yield from _visits(ledger, last)
    yield from _duty(ledger, first, last)
    yield from _notes(ledger, first, last)


# Check-ins


def _check_ins(ledger: Ledger, person: Person, last: datetime) -> Iterator[str]:
    wanted = person.checked_on
    assert wanted
    begun = ledger.between(ledger.town.clock.start, last, "check_in.set", to=person.name)
    if len(begun) != 1:
        yield f"{person.name}'s check-ins were set up {len(begun)} times"
        return
    since = begun[0].at
    moments = [at(day, wanted.hour) for day in wanted.dates(since.date(), last.date())]
    moments = [moment for moment in moments if since < moment < last]
    if ledger.slack:
        # A clock that is put forward by two hours may leave the evening out: somebody rings, then.
        moments = [moment for moment in moments if not _too_late_to_ask(ledger, person, moment)]
    off = [
        moment for moment in moments if any(low < moment < high for low, high in wanted.unreachable)
    ]
    # By a clock that is put forward an hour is over before it came, and is made up for.
    late = ("check_in.late",) if ledger.slack else ()
    asked = ledger.between(since, last, *GREETINGS, *late, to=person.name)
    reached = [moment for moment in moments if moment not in off]
    yield from _each_once(ledger, f"{person.name}'s check-in", reached, asked)
    for one in asked:
        yield from _answered_or_alarmed(ledger, person, one.at, last)
    for moment in off:
        slack = ledger.slack
        told = ledger.between(moment - slack, moment + PROMPT + slack, "alarm.unheard")
        if not told:
            yield f"nobody heard that {person.name} was not reached at {moment}"


def _too_late_to_ask(ledger: Ledger, person: Person, moment: datetime) -> bool:
    """Whether an organiser heard, by the next noon, that somebody was not asked that evening."""
    if moment.astimezone(LONDON).hour < EVENING:
        return False
    noon = at(moment.astimezone(LONDON).date() + timedelta(days=1), time(12))
    heard = ledger.between(moment - ledger.slack, noon, "check_in.missed", who=person.name)
    return any(one.entry == "check_in.missed" for one in heard)


def _answered_or_alarmed(
    ledger: Ledger, person: Person, asked: datetime, last: datetime
) -> Iterator[str]:
    """Asked again after a quarter of an hour of silence, and an alarm after another."""
    name, day = person.name, asked + timedelta(hours=20)
    answers = ledger.wrote(name, asked, day)
    answer = answers[0] if answers else day
    again = ledger.between(asked, day, "check_in.again", to=name)
    due_again = [asked + QUARTER] if answer > asked + QUARTER + PROMPT else []
    if ledger.slack:
        if answer > asked + QUARTER + PROMPT + ledger.slack and not again:
            yield f"{name} was not asked again after {asked}"
    elif answer < asked + QUARTER or due_again:
        # It is counted from when the question was written, a second or two before it was read.
        due_again = [moment - PROMPT for moment in due_again]
        yield from _each_once(ledger, f"{name} asked again", due_again, again, 2 * PROMPT)
    pleas = [
        one
        for one in ledger.between(asked, min(day, last), "alarm.silent", "alarm.not_well")
        if name in (one.read.fields.get("asker"), one.read.fields.get("who"))
    ]
    if not pleas:
        if answer > asked + 2 * QUARTER + PROMPT + ledger.slack and asked + HOUR < last:
            yield f"{name} did not answer at {asked}, and nobody was alarmed"
        return
    if ledger.wrote(name, asked, pleas[0].at) == [] and not ledger.slack:
        yield from _once_near(f"the alarm for {name}", asked + 2 * QUARTER, pleas)
    yield from _taken(ledger, name, pleas, answers, last)


def _taken(
    ledger: Ledger, name: str, pleas: list[Seen], answers: list[datetime], last: datetime
) -> Iterator[str]:
    """It goes from one to the next until somebody has it, or they have written themselves."""
    takers = {one.person for one in pleas}
    taken = [at for taker in takers for at in ledger.wrote(taker, pleas[0].at, last, key="on_it")]
    over = min([*taken, *(at for at in answers if at >= pleas[0].at)], default=None)
    moments = sorted({one.at for one in pleas})
    for one, then in zip(moments, [*moments[1:], over or last], strict=True):
        if over is not None and one >= over:
            break
        until = min(then, over or then)
        if until - one > SLOWEST_ROUND + PROMPT + ledger.slack:
            yield f"after {one} nobody else was told about {name} until {until}"
    well = [at for taker in takers for at in ledger.wrote(taker, pleas[0].at, last, key="all_well")]
    seen_to = [at for at in (*well, *answers) if at >= pleas[0].at]
    if (over is None or not seen_to) and pleas[0].at < last - 6 * HOUR:
        yield f"the alarm for {name} of {pleas[0].at} was left as it was"


# Regular help


def _regular(ledger: Ledger, person: Person, last: datetime) -> Iterator[str]:
    """On the day before each of its days somebody is asked, and on no other."""
    regular = person.regular
    assert regular
    begun = ledger.between(ledger.town.clock.start, last, "recurring.begun", to=person.name)
    if len(begun) != 1:
        yield f"{person.name}'s regular help began {len(begun)} times"
        return
    since = begun[0].at
    asked = [
        one
        for one in ledger.between(since, last, "offer", "nobody_yet", "recurring.missed")
        if one.read.fields.get("what") == regular.what or one.person == person.name
    ]
    for day in regular.dates(since.date(), since.date(), last.date()):
        moment = max(at(day - timedelta(days=1), time(10)), since)
        if moment > last:
            break
        moment = max(moment - ledger.slack, since)
        begins = [one for one in asked if moment <= one.at <= moment + PROMPT + 2 * ledger.slack]
        early = day in regular.left_out and not begins
        if not begins and not early:
            yield f"nobody was asked for {person.name} on {day}"
        until = at(day, time(20))
        round_ = [one for one in asked if moment <= one.at <= until]
        again = ledger.between(moment, until, "looking_again", to=person.name)
        twice = len(round_) - len({one.person for one in round_})
        if twice and not again:
            yield f"somebody was asked twice for {person.name} on {day}"
        asked = [one for one in asked if one not in round_]
        good = ledger.between(moment, until, "found", to=person.name)
        if len(good) > 1 + len(again):
            yield f"{person.name} heard {len(good)} times who comes on {day}"
    for one in asked:
        yield f"{one.person} was asked for {person.name} at {one.at}, for no day of theirs"


# Visits


def _visits(ledger: Ledger, last: datetime) -> Iterator[str]:
    """Each visit that somebody said yes to: both reminded, each once and at its hour."""
    for one in ledger.between(ledger.town.clock.start, last, "details"):
        yield from _visit(ledger, one, last)


def _visit(ledger: Ledger, agreed: Seen, last: datetime) -> Iterator[str]:
    fields, helper = agreed.read.fields, agreed.person
    asker = fields["asker"]
    day_of = agreed.at.astimezone(LONDON).date()
    on_a_later_day = fields["when"].startswith("tomorrow")
    day = day_of + timedelta(days=on_a_later_day)
    end = at(day, time(23, 59))
    # What is no more wanted is not spoken of; and who set off needs no reminder.
    left = ledger.wrote(helper, agreed.at, end, key="cannot")
    left += ledger.wrote(helper, agreed.at, end, key="going")
    left += [one.at for one in ledger.between(agreed.at, end, "called_off", to=helper)]
    left += [at_ for at_, deed in ledger.deeds[helper] if deed.words == "STOP" and at_ > agreed.at]
    over = min(left, default=end)
    name = f"{helper} and {asker} on {day}"
    moments = _reminders(fields["when"], day, agreed.at) if on_a_later_day else {}
    for entry, reader, fields_ in (
        ("remind.eve", helper, {"asker": asker}),
        ("remind", helper, {"asker": asker}),
        ("status.found", asker, {"helper": helper}),
    ):
        told = [
            seen
            for seen in ledger.between(agreed.at, min(end, last), entry, to=reader, **fields_)
            if seen.entry == entry
        ]
        due = [moments[entry]] if entry in moments and moments[entry] < min(over, last) else []
        near = abs(over - moments.get(entry, end)) <= PROMPT + ledger.slack
        # By a clock that is wrong it may have been too late for it, or early enough.
        near = near or bool(ledger.slack and agreed.at > at(day_of, time(14)))
        near = near or any(_left_out(ledger, moment) for moment in due)
        if on_a_later_day and not near:
            yield from _each_once(ledger, f"{entry} for {name}", due, told)
        elif len(told) > 1:
            yield f"{entry} for {name}: {len(told)} times"
    noon = end + 12 * HOUR
    if noon < last:
        asked = ledger.between(agreed.at, noon, "did_they_come", to=asker, helper=helper)
        called_off = over < end and not ledger.wrote(helper, agreed.at, end, key="going")
        if len(asked) != (0 if called_off else 1):
            yield f"{asker} was asked {len(asked)} times whether {helper} came on {day}"


def _left_out(ledger: Ledger, moment: datetime) -> bool:
    """Whether the clock was put forward just then: what was to come before an hour is not said
    after it."""
    before = timedelta(0)
    for since, wrong in ledger.jumps:
        if wrong > before and abs(since - moment) <= ledger.slack:
            return True
        before = wrong
    return False


def _reminders(when: str, day: date, agreed: datetime) -> dict[str, datetime]:
    """When each of three reminders is to come, for a visit on the day after it was agreed."""
    hour = when.removeprefix("tomorrow").removeprefix(" at ").strip()
    comes = {"": time(14, 30), "morning": time(10, 30), "afternoon": time(14, 30)}.get(hour)
    moment = at(day, comes) if comes else hour_said(hour, at(day, time(0)))
    eve = at(day - timedelta(days=1), time(18))
    shortly = at(day, time(9, 30)) if comes else moment - HOUR
    found = {"remind": max(shortly, at(day, time(9)))}
    if agreed + 2 * HOUR < eve:
        found["remind.eve"] = eve
    if moment.astimezone(LONDON).hour >= 12:
        found["status.found"] = at(day, time(9, 30))
    elif agreed + 2 * HOUR < eve:
        found["status.found"] = eve
    return found


# What was promised


PROMISES = ("asking", "looking_again")
NEWS = ("found", "nobody_yet", "looking_again", "seen_to", "closed_for_you", "gave_up.asker")


def _heard_by_then(ledger: Ledger, person: Person, last: datetime) -> Iterator[str]:
    """Who was told "by 11" heard something by 11."""
    for one in ledger.between(ledger.town.clock.start, last, *PROMISES, to=person.name):
        if "by" not in one.read.fields:
            continue
        by = hour_said(one.read.fields["by"], one.at) + PROMPT + ledger.slack
        after = one.at + timedelta(microseconds=1)
        if by < last and not ledger.between(after, by, *NEWS, to=person.name):
            yield f"{person.name} was to hear by {by}, and heard nothing"


def _rests(ledger: Ledger, helper: Person, last: datetime) -> Iterator[str]:
    """Who has a rest is asked nothing, and hears once when it is over."""
    for one in ledger.between(ledger.town.clock.start, last, "paused", to=helper.name):
        until = one.at + timedelta(days=7)
        if until + 12 * HOUR > last:
            continue
        over = ledger.between(one.at, until + 12 * HOUR, "pause.over", to=helper.name)
        if len(over) != 1:
            yield f"{helper.name} heard {len(over)} times that the rest of {one.at} is over"
            continue
        asked = ledger.between(one.at, over[0].at, "offer", to=helper.name)
        if any(offer.entry in ("offer", "offer.urgent", "offer.again") for offer in asked):
            yield f"{helper.name} was asked in the rest of {one.at}"


# Organisers


def _duty(ledger: Ledger, first: datetime, last: datetime) -> Iterator[str]:
    """The phone changes hands on Monday and on Thursday at nine, and both hear it once."""
    turns = {0: ("Ana", "Ben"), 3: ("Ben", "Ana")}
    start = first + HOUR
    days = [d for d in days_between(first.date(), last.date()) if d.weekday() in turns]
    for name in ORGANISERS:
        hands = {"duty.begins": [], "duty.over": []}  # type: dict[str, list[datetime]]
        for day in days:
            begins, over = turns[day.weekday()]
            if start < at(day, time(9)) < last:
                if begins == name:
                    hands["duty.begins"].append(at(day, time(9)))
                if over == name:
                    hands["duty.over"].append(at(day, time(9)))
        for entry, moments in hands.items():
            told = ledger.between(start, last, entry, to=name)
            yield from _each_once(ledger, f"{entry} to {name}", moments, told)


def _notes(ledger: Ledger, first: datetime, last: datetime) -> Iterator[str]:
    """The daily note comes at eight, once a day, where there was anything to tell."""
    for name in ORGANISERS:
        for day in days_between(first.date() + timedelta(days=1), last.date()):
            moment = at(day, NOTE_AT)
            if moment > last:
                break
            told = ledger.between(at(day, time(0)), at(day, time(23, 59)), "note.", to=name)
            asked = ledger.between(moment - timedelta(days=1), moment, "offer", "asking")
            wanted = [moment] if told or asked else []
            yield from _each_once(ledger, f"the note of {day} to {name}", wanted, told)


# Counting


def _each_once(
    ledger: Ledger, what: str, moments: list[datetime], told: list[Seen], within: timedelta = PROMPT
) -> Iterator[str]:
    """Each moment has one that came promptly, and there are no more than moments."""
    left = list(told)
    for moment in moments:
        first, last = moment - ledger.slack, moment + within + ledger.slack
        came = [one for one in left if first <= one.at <= last]
        if len(came) != 1:
            yield f"{what} at {moment}: {len(came)} times"
        left = [one for one in left if one not in came]
    # What comes before its hour by a clock that is ahead is counted with that hour; the last hours
    # of all are not asked for.
    for one in left:
        yield f"{what} at {one.at}: that was not its time"


def _once_near(what: str, moment: datetime, told: list[Seen]) -> Iterator[str]:
    if not any(moment - PROMPT <= one.at <= moment + PROMPT for one in told):
        yield f"{what} at {moment} did not come"
