"""Somebody may not be all right: one person after another is told, until somebody takes it.

An alarm is never closed by time going by. It goes round its people until one of them says "I'm on
it", and is over when that person has said how it was, or when the one it is about writes again.
Quiet hours do not hold it back.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from handlers.rules import lifecycle
from handlers.rules.checkins import (
    ORGANISERS_FIRST,
    REPORT,
    REPORT_AGAIN,
    Reason,
    time_to_take,
)
from handlers.rules.understanding_words import plain
from handlers.rules.wellbeing import feeling, found_well, speaks_of_them, takes_it
from handlers.turn import Turn, first_name, one_line
from storage import checkins, members, questions
from storage.model import (
    CheckIn,
    CheckInStatus,
    ContactStatus,
    DueKind,
    Member,
    Occasion,
    OccasionStatus,
    Priority,
    Question,
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
    Reason.TROUBLE: "alarm.trouble.organiser",
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
    return await tell_next(turn, replace(occasion, status=status, reason=reason, step=0), but=but)


async def tell_next(turn: Turn, occasion: Occasion, *, but: int | None = None) -> int:
    """Tell the next who can be reached, and go round again after the last; how many were told.
    Whoever it is, the step after this one is due, so that it never goes quiet."""
    check_in = await checkins.get(turn.tx, occasion.check_in_id)
    person = await members.get(turn.tx, check_in.member_id)
    order = await plan(turn, check_in, Reason(occasion.reason))
    told, step = 0, occasion.step
    for _ in order:
        those = [one for one in order[step % len(order)] if one.id != but]
        step += 1
        told = sum([await _tell(turn, occasion, person, one) for one in those])
        if told:
            break
    if not told:
        await turn.note("nobody_to_tell", "occasion", occasion.id)
    span = time_to_take(step, len(order))
    await wait(turn, replace(occasion, step=step, taken_by=None), turn.now + span)
    return told


async def plan(turn: Turn, check_in: CheckIn, reason: Reason) -> list[tuple[Member, ...]]:
    """Who is told, in turn: each contact who agreed, then the organisers on duty together, then all
    of them; the organisers first where somebody has only to be rung."""
    agreed = await checkins.contacts_of(turn.tx, check_in.id, ContactStatus.AGREED)
    # Who can't be reached keeps their place, so that nobody else loses theirs.
    contacts: list[tuple[Member, ...]] = [
        (await members.get(turn.tx, contact.member_id),) for contact in agreed
    ]
    everyone = tuple(one for one in await turn.organisers() if one.id != check_in.member_id)
    on_duty = tuple(one for one in everyone if one.on_duty and one.paused_until is None)
    organisers = [those for those in dict.fromkeys((on_duty, everyone)) if those]
    return organisers + contacts if reason in ORGANISERS_FIRST else contacts + organisers


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
    put = await turn.ask(
        to,
        TO_AN_ORGANISER[reason] if organises else TO_A_CONTACT[reason],
        "alarm",
        occasion.id,
        ("on_it", "not_me"),
        priority=Priority.EMERGENCY,
        wakes=True,
        name=first_name(to),
        asker=first_name(person),
        helper=await _who_asks(turn, occasion, language),
        who=turn.who(person)(language),
        phone=(await turn.phone_of(person))(language) if organises else "",
        home=", ".join(filter(None, (person.home, person.postcode))) or "-",
        hour=turn.by(occasion.due_at, language),
        lines=await _told_before(turn, occasion, language) if organises else "",
    )
    if put and organises:
        await turn.note("address_shown", "member", person.id, to=to.id, occasion=occasion.id)
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


# Taking it


async def answered(turn: Turn, question: Question, key: str) -> None:
    """Somebody who was alarmed says that they are on it, or that they can't."""
    me = turn.sender
    occasion = await checkins.occasion(turn.tx, question.ref or 0, lock=True)
    person = await person_of(turn, occasion)
    await turn.toast()
    if occasion.status is OccasionStatus.TAKEN and occasion.taken_by not in (None, me.id):
        helper = await members.get(turn.tx, occasion.taken_by or 0)
        await turn.reply("alarm.theirs", helper=first_name(helper), asker=first_name(person))
    elif occasion.status is not OccasionStatus.ALARM and occasion.taken_by != me.id:
        await turn.reply("alarm.over_already", name=first_name(me), asker=first_name(person))
    elif key == "not_me":
        await turn.reply("alarm.not_me", name=first_name(me))
        await _without(turn, occasion, me)
    elif occasion.status in (OccasionStatus.ALARM, OccasionStatus.TAKEN):
        await _take(turn, occasion, person)
    else:
        await turn.reply("alarm.over_already", name=first_name(me), asker=first_name(person))


async def _without(turn: Turn, occasion: Occasion, one: Member) -> None:
    """One of those told can't: the next is told at once, where nobody else has been asked yet."""
    if occasion.status is OccasionStatus.TAKEN and occasion.taken_by == one.id:
        await sound(turn, occasion, Reason(occasion.reason), but=one.id)
        return
    asked = await questions.about(turn.tx, "alarm", occasion.id)
    latest = max((question.asked_at for question in asked), default=None)
    waiting = [q for q in asked if q.asked_at == latest and q.answered_at is None]
    mine = [q for q in asked if q.asked_at == latest and q.member_id == one.id]
    if mine and not [q for q in waiting if q.member_id != one.id]:
        await tell_next(turn, occasion, but=one.id)


async def unheard(turn: Turn, occasion_id: int, member: Member) -> None:
    """What somebody was to be told did not reach them: the next is told at once."""
    occasion = await checkins.occasion(turn.tx, occasion_id, lock=True)
    if occasion.status is OccasionStatus.ALARM:
        await _without(turn, occasion, member)


async def _take(turn: Turn, occasion: Occasion, person: Member) -> None:
    me = turn.sender
    fresh = occasion.status is OccasionStatus.ALARM
    if fresh:
        status = lifecycle.become(occasion.status, OccasionStatus.TAKEN)
        occasion = replace(occasion, status=status, taken_by=me.id)
        await turn.note("alarm_taken", "occasion", occasion.id)
    await wait(turn, occasion, turn.now + REPORT)
    await questions.close(turn.tx, turn.now, "alarm", ref=occasion.id)
    await ask_how(turn, occasion, "alarm.yours", me, person)
    if not fresh:
        return
    await _tell_the_others(turn, occasion, "alarm.theirs", helper=first_name(me), asker=person)
    if occasion.reason == Reason.NOT_WELL:
        await turn.say(
            person,
            "check_in.will_ring",
            about={"kind": "check_in.will_ring", "ref": occasion.id},
            wakes=True,
            name=first_name(person),
            helper=first_name(me),
        )


async def ask_how(turn: Turn, occasion: Occasion, entry: str, to: Member, person: Member) -> None:
    """Ask whoever sees to it how it was."""
    choices = ["all_well", "need_help"]
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
        asker=first_name(person),
    )


# How it was


async def outcome(turn: Turn, question: Question, key: str) -> None:
    """Whoever took it says how it was: by a choice, or in words of their own."""
    me = turn.sender
    occasion = await checkins.occasion(turn.tx, question.ref or 0, lock=True)
    person = await person_of(turn, occasion)
    await turn.toast()
    mine = occasion.taken_by == me.id or occasion.status is OccasionStatus.ALARM
    if occasion.status not in (OccasionStatus.ALARM, OccasionStatus.TAKEN) or not mine:
        await turn.reply("alarm.over_already", name=first_name(me), asker=first_name(person))
        return
    if not key:
        words = one_line(turn.words, QUOTED)
        occasion = replace(occasion, outcome=words)
        if feeling(plain(turn.words)) is not True:
            # Only a plain "all is well" ends an alarm; other words are kept, and put to them again.
            occasion = await wait(turn, occasion, turn.now + REPORT)
            await ask_how(turn, occasion, "alarm.words", me, person)
            return
    if key == "need_help":
        heard = await sound(turn, occasion, Reason.NEEDS_MORE, but=me.id)
        entry = "alarm.goes_on" if heard else "alarm.goes_on.nobody"
        await turn.reply(entry, name=first_name(me))
        return
    if key == "no_more":
        check_in = await checkins.get(turn.tx, occasion.check_in_id, lock=True)
        await end(turn, check_in)
    if occasion.status is OccasionStatus.ALARM:
        taken = lifecycle.become(occasion.status, OccasionStatus.TAKEN)
        occasion = replace(occasion, status=taken)
    await _close(turn, replace(occasion, taken_by=me.id), person)


async def _close(turn: Turn, occasion: Occasion, person: Member) -> None:
    """It is over: who saw to it and how it was are kept, and whoever was told hears it."""
    me = turn.sender
    await over(turn, occasion)
    await turn.reply("alarm.thanks", name=first_name(me))
    words = occasion.outcome
    await _tell_the_others(
        turn,
        occasion,
        "alarm.closed",
        helper=first_name(me),
        asker=person,
        organisers="alarm.closed.words" if words else "",
        words=words,
    )


async def needs_help(turn: Turn, question: Question) -> None:
    """Whoever was told of it wrote of an emergency: the others hear whom it is about."""
    occasion = await checkins.occasion(turn.tx, question.ref or 0, lock=True)
    if occasion.status in (OccasionStatus.ALARM, OccasionStatus.TAKEN):
        await sound(turn, occasion, Reason.NEEDS_MORE, but=turn.sender.id)


async def in_words(turn: Turn) -> bool:
    """Whether somebody who was alarmed answers in words of their own; then it has been dealt
    with."""
    said = plain(turn.words)
    asked = await questions.open_to(turn.tx, turn.sender.id, turn.now)
    question = next((q for q in asked if q.kind in ("alarm", "alarm.outcome")), None)
    if question is None:
        return False
    takes = takes_it(said)
    if found_well(said) or (question.kind == "alarm.outcome" and speaks_of_them(said)):
        await questions.answered(turn.tx, question.id, turn.now)
        await outcome(turn, question, "")
        return True
    if question.kind != "alarm" or takes is None:
        return False
    await questions.answered(turn.tx, question.id, turn.now)
    await answered(turn, question, "on_it" if takes else "not_me")
    return True


async def over(turn: Turn, occasion: Occasion) -> None:
    """Nothing more is to be done about it."""
    status = occasion.status
    if status is not OccasionStatus.CLOSED:
        status = lifecycle.become(status, OccasionStatus.CLOSED)
    await checkins.keep(turn.tx, replace(occasion, status=status, next_at=None))
    await turn.never_mind(occasion.id, DueKind.CHECK_IN_STEP)
    await questions.close(turn.tx, turn.now, "alarm", "alarm.outcome", "check_in", ref=occasion.id)
    await turn.note("alarm_closed", "occasion", occasion.id, by=occasion.taken_by)


async def answered_after_all(turn: Turn, occasion: Occasion, person: Member) -> None:
    """The one it is about has written: whoever was told need do no more."""
    await over(turn, occasion)
    await _tell_the_others(turn, occasion, "alarm.answered", helper="", asker=person)


async def _tell_the_others(
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
    for one in [*woken, *(o for o in await turn.organisers() if o.id not in known)]:
        if one.id in (me, asker.id):
            continue
        await turn.say(
            one,
            organisers if organisers and one.is_a(Role.ORGANISER) else entry,
            about={"kind": "alarm.news", "ref": occasion.id},
            wakes=one.id in known,
            quiet=one.id not in known,
            name=first_name(one),
            helper=helper,
            asker=first_name(asker),
            words=words,
        )


# When time goes by


async def untaken(turn: Turn, occasion: Occasion) -> None:
    """Time has gone by: nobody took it, or whoever did has not said how it was."""
    if occasion.status is OccasionStatus.ALARM:
        await tell_next(turn, occasion)
        return
    person = await person_of(turn, occasion)
    helper = await members.get(turn.tx, occasion.taken_by or 0)
    asked = await questions.about(turn.tx, "alarm.outcome", occasion.id)
    long_ago = not asked or turn.now - asked[-1].asked_at >= REPORT
    if long_ago and can_be_told(helper):
        await ask_how(turn, occasion, "alarm.how", helper, person)
        await wait(turn, occasion, turn.now + REPORT_AGAIN)
        return
    await sound(turn, occasion, Reason(occasion.reason), but=helper.id)


async def person_of(turn: Turn, occasion: Occasion) -> Member:
    """Whose check-in it is."""
    check_in = await checkins.get(turn.tx, occasion.check_in_id)
    return await members.get(turn.tx, check_in.member_id)


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
    await turn.note("check_ins_off", "member", person.id)
