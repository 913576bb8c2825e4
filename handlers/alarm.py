"""Somebody may not be all right: one person after another is told, until somebody takes it.

It comes of a check-in, or of an emergency that somebody wrote of (`emergency`). It is never closed
by time going by. It goes round its people until one of them says "I'm on it", and is over when that
person has said how it was or, but for an emergency, when the one it is about writes again. Quiet
hours do not hold it back.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from handlers.rules import lifecycle, timing
from handlers.rules.checkins import (
    DAILY,
    ORGANISERS_FIRST,
    REPORT,
    REPORT_AGAIN,
    Reason,
    time_to_take,
    time_to_take_emergency,
)
from handlers.rules.privacy import Moment
from handlers.turn import Turn, first_name, one_line
from storage import checkins, members, questions, worries
from storage.model import (
    CheckIn,
    CheckInStatus,
    ContactStatus,
    DueKind,
    Member,
    Occasion,
    OccasionStatus,
    Priority,
    Role,
)

TO_A_CONTACT: dict[Reason, str] = {
    Reason.SILENT: "alarm.silent",
    Reason.UNHEARD: "alarm.unheard",
    Reason.STOPPED: "alarm.stopped",
    Reason.NOT_WELL: "alarm.not_well",
    Reason.TROUBLE: "alarm.trouble",
    Reason.NEEDS_MORE: "alarm.needs_more",
}
"""What a contact is told: never a number or an address, which they know."""

TO_AN_ORGANISER: dict[Reason, str] = {
    Reason.SILENT: "alarm.silent.organiser",
    Reason.UNHEARD: "alarm.unheard.organiser",
    Reason.STOPPED: "alarm.stopped.organiser",
    Reason.NOT_WELL: "alarm.not_well.organiser",
    Reason.TROUBLE: "emergency.alarm",
    Reason.NEEDS_MORE: "alarm.needs_more.organiser",
}
"""What an organiser is told: with how to reach them."""

THERE = frozenset({Reason.SILENT, Reason.UNHEARD, Reason.STOPPED})
"""Alarms that are over when the person writes: nothing else was wrong."""

QUOTED = 60
"""Characters of somebody's words about how it was."""


# Sounding it


async def sound(turn: Turn, occasion: Occasion, reason: Reason, *, but: int | None = None) -> int:
    """Raise the alarm, or let it begin anew for another reason; how many were told at once. `but`:
    who need not be told first, because they said it."""
    status = occasion.status
    if status is not OccasionStatus.ALARM:
        status = lifecycle.become(status, OccasionStatus.ALARM)
    await questions.close(turn.tx, turn.now, "alarm.outcome", ref=occasion.id)
    await turn.note("alarm", "occasion", occasion.id, reason=reason.value)
    # What they wrote in an emergency that is over has nothing to do with this.
    ran = occasion.status in (OccasionStatus.ALARM, OccasionStatus.TAKEN)
    words = occasion.words if ran or reason is Reason.TROUBLE else ""
    occasion = replace(occasion, status=status, reason=reason, step=0, words=words)
    return await tell_next(turn, occasion, but=but)


async def tell_next(turn: Turn, occasion: Occasion, *, but: int | None = None) -> int:
    """Tell the next who can be reached, and go round again after the last; how many were told.
    Whoever it is, the step after this one is due, so that it never goes quiet."""
    person = await members.get(turn.tx, occasion.member_id)
    reason = Reason(occasion.reason)
    order = await plan(turn, occasion, reason)
    told, step = 0, occasion.step
    turns = len(order)
    if _span(occasion, step + 1, turns) >= DAILY:
        order = [tuple({one.id: one for those in order for one in those}.values())]
    for _ in order:
        # In an emergency it is everybody from some point on, and not round and round.
        place = min(step, len(order) - 1) if reason is Reason.TROUBLE else step % len(order)
        those = [one for one in order[place] if one.id != but]
        step += 1
        told = sum([await _tell(turn, occasion, person, one) for one in those])
        if told:
            break
    if not told:
        await turn.note("nobody_to_tell", "occasion", occasion.id)
    span = _span(occasion, step, turns)
    until = turn.now + span
    if span >= DAILY:
        until = timing.not_quiet(until, turn.community)
    await wait(turn, replace(occasion, step=step, taken_by=None), until)
    return told


def _span(occasion: Occasion, step: int, people: int) -> timedelta:
    if occasion.words:
        return time_to_take_emergency(step, others=people > 1)
    return time_to_take(step, people)


async def plan(turn: Turn, occasion: Occasion, reason: Reason) -> list[tuple[Member, ...]]:
    """Who is told, in turn: each contact who agreed, then the organisers on duty together, then all
    of them; the organisers first where somebody has only to be rung. In an emergency contacts and
    whoever is on duty together, then the others, then all."""
    check_in_id = occasion.check_in_id or 0
    agreed = await checkins.contacts_of(turn.tx, check_in_id, ContactStatus.AGREED)
    # Who can't be reached keeps their place, so that nobody else loses theirs.
    contacts: list[tuple[Member, ...]] = [
        (await members.get(turn.tx, contact.member_id),) for contact in agreed
    ]
    contacts, everyone = await _but_named(turn, occasion, contacts)
    hold = {one.id for one in await turn.on_duty()}
    if reason is Reason.TROUBLE:
        all_told = {one.id: one for one in (*everyone, *(one for (one,) in contacts))}
        first = [one for one in all_told.values() if not hold or one.id in hold]
        first += [one for (one,) in contacts if one not in first]
        others = [one for one in everyone if one not in first]
        return [tuple(first), tuple(others), tuple(all_told.values())] if others else [tuple(first)]
    on_duty = tuple(one for one in everyone if one.id in hold)
    if not hold:
        on_duty = tuple(one for one in everyone if one.on_duty and one.paused_until is None)
    organisers = [those for those in dict.fromkeys((on_duty, everyone)) if those]
    return organisers + contacts if reason in ORGANISERS_FIRST else contacts + organisers


async def _named(turn: Turn, person_id: int) -> set[int]:
    """Whom somebody has named in a worry that is not closed."""
    told_of = await worries.told_by(turn.tx, person_id)
    return {ident for worry in told_of for ident in worry.named}


async def _but_named(
    turn: Turn, occasion: Occasion, contacts: list[tuple[Member, ...]]
) -> tuple[list[tuple[Member, ...]], tuple[Member, ...]]:
    """The contacts and the organisers who may be told; whoever the person has named in a worry is
    told nothing, unless there is nobody else."""
    named = await _named(turn, occasion.member_id)
    everyone = tuple(one for one in await turn.organisers() if one.id != occasion.member_id)
    others = [those for those in contacts if not named & {one.id for one in those}]
    able = tuple(one for one in everyone if one.id not in named)
    return (others, able) if others or able else (contacts, everyone)


def can_be_told(one: Member) -> bool:
    """Whether anything reaches them just now, as far as we know."""
    return one.stopped_at is None and not one.unreachable


async def wait(turn: Turn, occasion: Occasion, until: datetime) -> Occasion:
    """Keep how it stands, with its next step due then."""
    await turn.later(DueKind.CHECK_IN_STEP, occasion.id, until)
    return await checkins.keep(turn.tx, replace(occasion, next_at=until))


async def _tell(turn: Turn, occasion: Occasion, person: Member, to: Member) -> bool:
    reason = Reason(occasion.reason)
    organises = to.is_a(Role.ORGANISER)
    language = to.language
    entry = TO_AN_ORGANISER[reason] if organises else TO_A_CONTACT[reason]
    if entry == "emergency.alarm" and occasion.step:
        entry = "emergency.still"
    put = await turn.ask(
        to,
        entry,
        "alarm",
        occasion.id,
        ("on_it", "not_me"),
        priority=Priority.EMERGENCY,
        wakes=True,
        shorten="words",
        name=first_name(to),
        asker=first_name(person),
        words=occasion.words,
        helper=await _who_asks(turn, occasion, language),
        who=turn.who(person)(language),
        phone=(await turn.phone_of(person))(language) if organises else "",
        home=turn.home_of(person, Moment.ALARM),
        hour=turn.by(occasion.due_at, language),
        lines=await _told_before(turn, occasion, language) if organises else "",
    )
    return put is not None


async def _who_asks(turn: Turn, occasion: Occasion, language: str) -> str:
    """Who took it last: it is they who need help with it."""
    if turn.member and turn.member.id in {one.id for one in await told(turn, occasion)}:
        return first_name(turn.member)
    asked = await questions.about(turn.tx, "alarm.outcome", occasion.id)
    if not asked or asked[-1].member_id is None:
        return turn.text(language, "somebody_new")
    return first_name(await members.get(turn.tx, asked[-1].member_id))


async def told(turn: Turn, occasion: Occasion) -> list[Member]:
    """Everybody who was told of it so far, each once, in order."""
    asked = await questions.about(turn.tx, "alarm", occasion.id)
    idents = dict.fromkeys(question.member_id for question in asked if question.member_id)
    return [await members.get(turn.tx, ident) for ident in idents]


async def _told_before(turn: Turn, occasion: Occasion, language: str) -> str:
    contacts = [one for one in await told(turn, occasion) if not one.is_a(Role.ORGANISER)]
    if not contacts:
        return turn.text(language, "alarm.told_nobody")
    names = turn.desk.wording.joined(language, [first_name(one) for one in contacts])
    return turn.text(language, "alarm.told_before", lines=names)


async def ask_how(turn: Turn, occasion: Occasion, entry: str, to: Member, person: Member) -> None:
    """Ask whoever sees to it how it was."""
    choices = ["all_well", "need_help"]
    if occasion.words:
        # The last, so that the other numbers mean what they mean in every alarm.
        choices.append("in_hands")
    if occasion.reason == Reason.STOPPED and to.is_a(Role.ORGANISER):
        choices.append("no_more")
    await turn.ask(
        to,
        entry,
        "alarm.outcome",
        occasion.id,
        choices,
        priority=Priority.EMERGENCY,
        wakes=True,
        name=first_name(to),
        asker=called(turn, person, to.language),
    )


def called(turn: Turn, person: Member, language: str) -> str:
    """What to call whom it is about, within a sentence: a stranger may have no name yet."""
    stranger = turn.text(language, "somebody_new")
    return first_name(person) or stranger[:1].lower() + stranger[1:]


# An emergency


def is_emergency(occasion: Occasion) -> bool:
    """Whether it is about something that they wrote, and runs: only a person ends it."""
    running = (OccasionStatus.ALARM, OccasionStatus.TAKEN)
    return bool(occasion.words) and occasion.status in running


async def more_words(turn: Turn, occasion: Occasion, words: str) -> None:
    """They wrote of it again: no second alarm, but whoever has it, or was told of it, hears it."""
    if words not in occasion.words:
        both = one_line(f"{words} / {occasion.words}", KEPT)
        occasion = await checkins.keep(turn.tx, replace(occasion, words=both))
        await _tell_more(turn, occasion, "emergency.more", words)


async def says_well(turn: Turn, occasion: Occasion) -> None:
    """They say that all is well. A person hears that from them, and not from a text."""
    await _tell_more(turn, occasion, "emergency.well", "")


async def _tell_more(turn: Turn, occasion: Occasion, entry: str, words: str) -> None:
    person = await members.get(turn.tx, occasion.member_id)
    those = [one for one in await told(turn, occasion) if one.is_a(Role.ORGANISER)]
    if occasion.status is OccasionStatus.TAKEN:
        taker = await members.get(turn.tx, occasion.taken_by or 0)
        if not can_be_told(taker):
            await sound(turn, occasion, Reason.TROUBLE)
            return
        those = [taker] if taker.is_a(Role.ORGANISER) else those
    elif not those:
        await tell_next(turn, occasion)
        return
    for one in those:
        more: dict[str, Any] = {
            "priority": Priority.EMERGENCY,
            "wakes": True,
            "who": turn.who(person)(one.language),
            "phone": (await turn.phone_of(person))(one.language),
            "words": words,
        }
        if occasion.status is OccasionStatus.TAKEN:
            await turn.say(one, entry, about={"kind": "alarm.more", "ref": occasion.id}, **more)
        else:
            choices = ("on_it", "not_me")
            await turn.ask(one, entry, "alarm", occasion.id, choices, shorten="words", **more)


KEPT = 500
"""Characters of what somebody wrote in an emergency that are kept, the latest first."""


# How it ends


async def over(turn: Turn, occasion: Occasion, how: str = "") -> None:
    """Nothing more is to be done about it; `how` it was, in a word, where somebody said."""
    status = occasion.status
    if status is not OccasionStatus.CLOSED:
        status = lifecycle.become(status, OccasionStatus.CLOSED)
    await checkins.keep(turn.tx, replace(occasion, status=status, next_at=None))
    await turn.never_mind(occasion.id, DueKind.CHECK_IN_STEP)
    await questions.close(turn.tx, turn.now, "alarm", "alarm.outcome", "check_in", ref=occasion.id)
    await turn.note("alarm_closed", "occasion", occasion.id, by=occasion.taken_by, how=how)


async def answered_after_all(turn: Turn, occasion: Occasion, person: Member) -> None:
    """The one it is about has written: whoever was told need do no more."""
    await over(turn, occasion)
    await tell_the_others(turn, occasion, "alarm.answered", helper="", asker=person)


async def settled_by_hand(turn: Turn, occasion: Occasion, person: Member) -> None:
    """An organiser says where they are, or that they want no more check-ins: nobody else need
    look."""
    await over(turn, replace(occasion, taken_by=turn.sender.id))
    if await told(turn, occasion):
        name = first_name(turn.sender)
        await tell_the_others(turn, occasion, "alarm.theirs", helper=name, asker=person)


async def tell_the_others(
    turn: Turn,
    occasion: Occasion,
    entry: str,
    *,
    helper: str,
    asker: Member,
    organisers: str = "",
    words: str = "",
) -> None:
    """Tell whoever was told of it, at any hour, and every other organiser when it is day."""
    me = turn.member.id if turn.member else 0
    woken = await told(turn, occasion)
    known = {one.id for one in woken}
    never = {me, asker.id} | (await _named(turn, asker.id) - known)
    for one in [*woken, *(o for o in await turn.organisers() if o.id not in known)]:
        if one.id in never:
            continue
        await turn.say(
            one,
            organisers if organisers and one.is_a(Role.ORGANISER) else entry,
            about={"kind": "alarm.news", "ref": occasion.id},
            wakes=one.id in known,
            quiet=one.id not in known,
            name=first_name(one),
            helper=helper,
            asker=called(turn, asker, one.language),
            words=words,
        )


# When time goes by


async def untaken(turn: Turn, occasion: Occasion) -> None:
    """Time has gone by: nobody took it, or whoever did has not said how it was."""
    if occasion.status is OccasionStatus.ALARM:
        await tell_next(turn, occasion)
        return
    person = await members.get(turn.tx, occasion.member_id)
    helper = await members.get(turn.tx, occasion.taken_by or 0)
    asked = await questions.about(turn.tx, "alarm.outcome", occasion.id)
    long_ago = not asked or turn.now - asked[-1].asked_at >= REPORT
    if long_ago and can_be_told(helper):
        await ask_how(turn, occasion, "alarm.how", helper, person)
        await wait(turn, occasion, turn.now + REPORT_AGAIN)
        return
    await sound(turn, occasion, Reason(occasion.reason), but=helper.id)


async def end(turn: Turn, check_in: CheckIn) -> None:
    """No more check-ins; contacts and organisers hear it, for they count on being told."""
    person = await members.get(turn.tx, check_in.member_id)
    off = replace(check_in, status=CheckInStatus.OFF, next_day=None, code="")
    await checkins.save(turn.tx, off)
    await turn.never_mind(check_in.id, DueKind.CHECK_IN)
    await questions.close(turn.tx, turn.now, "check_in.off", member_id=person.id)
    me = turn.member.id if turn.member else 0
    agreed = await checkins.contacts_of(turn.tx, check_in.id, ContactStatus.AGREED)
    contacts = [await members.get(turn.tx, contact.member_id) for contact in agreed]
    for one in {m.id: m for m in (*contacts, *await turn.organisers())}.values():
        if one.id not in (me, person.id):
            about = {"kind": "check_in.ended"}
            await turn.say(one, "check_in.ended", about=about, quiet=True, asker=first_name(person))
    if me != person.id:
        # Nobody should think that they are being checked on.
        name = first_name(turn.member) if turn.member else turn.community.name
        about = {"kind": "check_in.ended.you"}
        await turn.say(
            person, "check_in.ended.you", about=about, name=first_name(person), organiser=name
        )
    await turn.note("check_ins_off", "member", person.id)
