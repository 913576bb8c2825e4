"""What people answer to an alarm: that they are on it or can't, and then how it was."""

from __future__ import annotations

from dataclasses import replace

from handlers import alarm, may
from handlers.rules import lifecycle
from handlers.rules.checkins import REPORT, Reason
from handlers.rules.understanding_words import plain
from handlers.rules.wellbeing import found_well, says_well, speaks_of_them, takes_it
from handlers.turn import Turn, first_name, one_line
from storage import checkins, members, questions
from storage.model import Member, Occasion, OccasionStatus, Question

# Taking it


async def answered(turn: Turn, question: Question, key: str) -> None:
    """Somebody who was alarmed says that they are on it, or that they can't."""
    me = turn.sender
    occasion = await checkins.occasion(turn.tx, question.ref or 0, lock=True)
    person = await members.get(turn.tx, occasion.member_id)
    asker = alarm.called(turn, person, me.language)
    await turn.toast()
    if occasion.status is OccasionStatus.TAKEN and occasion.taken_by not in (None, me.id):
        helper = await members.get(turn.tx, occasion.taken_by or 0)
        await turn.reply("alarm.theirs", helper=first_name(helper), asker=asker)
    elif occasion.status is not OccasionStatus.ALARM and occasion.taken_by != me.id:
        await turn.reply("alarm.over_already", name=first_name(me), asker=asker)
    elif key == "not_me":
        await turn.reply("alarm.not_me", name=first_name(me))
        await _without(turn, occasion, me)
    elif occasion.status in (OccasionStatus.ALARM, OccasionStatus.TAKEN):
        await _take(turn, occasion, person)
    else:
        await turn.reply("alarm.over_already", name=first_name(me), asker=asker)


async def _without(turn: Turn, occasion: Occasion, one: Member) -> None:
    """One of those told can't: the next is told at once, where nobody else has been asked yet."""
    if occasion.status is OccasionStatus.TAKEN and occasion.taken_by == one.id:
        await alarm.sound(turn, occasion, Reason(occasion.reason), but=one.id)
        return
    asked = await questions.about(turn.tx, "alarm", occasion.id)
    latest = max((question.asked_at for question in asked), default=None)
    waiting = [q for q in asked if q.asked_at == latest and q.answered_at is None]
    mine = [q for q in asked if q.asked_at == latest and q.member_id == one.id]
    if mine and not [q for q in waiting if q.member_id != one.id]:
        await alarm.tell_next(turn, occasion, but=one.id)


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
    await alarm.wait(turn, occasion, turn.now + REPORT)
    await questions.close(turn.tx, turn.now, "alarm", ref=occasion.id)
    await alarm.ask_how(turn, occasion, "alarm.yours", me, person)
    if not fresh:
        return
    await alarm.tell_the_others(turn, occasion, "alarm.theirs", helper=first_name(me), asker=person)
    if occasion.reason == Reason.NOT_WELL:
        await turn.say(
            person,
            "check_in.will_ring",
            about={"kind": "check_in.will_ring", "ref": occasion.id},
            wakes=True,
            name=first_name(person),
            helper=first_name(me),
        )


# How it was


async def outcome(turn: Turn, question: Question, key: str) -> None:
    """Whoever took it says how it was: by a choice, or in words of their own."""
    me = turn.sender
    occasion = await checkins.occasion(turn.tx, question.ref or 0, lock=True)
    person = await members.get(turn.tx, occasion.member_id)
    await turn.toast()
    mine = occasion.taken_by == me.id or occasion.status is OccasionStatus.ALARM
    if occasion.status not in (OccasionStatus.ALARM, OccasionStatus.TAKEN) or not mine:
        asker = alarm.called(turn, person, me.language)
        await turn.reply("alarm.over_already", name=first_name(me), asker=asker)
        return
    if not key:
        words = one_line(turn.words, alarm.QUOTED)
        occasion = replace(occasion, outcome=words)
        if not says_well(plain(turn.words)):
            # Only a plain "all is well" ends an alarm; other words are kept, and put to them again.
            occasion = await alarm.wait(turn, occasion, turn.now + REPORT)
            await alarm.ask_how(turn, occasion, "alarm.words", me, person)
            return
    if key == "need_help":
        heard = await alarm.sound(turn, occasion, Reason.NEEDS_MORE, but=me.id)
        entry = "alarm.goes_on" if heard else "alarm.goes_on.nobody"
        await turn.reply(entry, name=first_name(me))
        return
    if key == "no_more":
        check_in = await checkins.get(turn.tx, occasion.check_in_id or 0, lock=True)
        await alarm.end(turn, check_in)
    if occasion.status is OccasionStatus.ALARM:
        taken = lifecycle.become(occasion.status, OccasionStatus.TAKEN)
        occasion = replace(occasion, status=taken)
    await _close(turn, replace(occasion, taken_by=me.id), person, key)


async def _close(turn: Turn, occasion: Occasion, person: Member, key: str) -> None:
    """It is over: who saw to it and how it was are kept, and whoever was told hears it."""
    me = turn.sender
    await alarm.over(turn, occasion, key)
    await turn.reply("alarm.thanks", name=first_name(me))
    in_hands = key == "in_hands"
    words = "" if in_hands else occasion.outcome
    await alarm.tell_the_others(
        turn,
        occasion,
        "alarm.closed.in_hands" if in_hands else "alarm.closed",
        helper=first_name(me),
        asker=person,
        organisers="alarm.closed.words" if words else "",
        words=words,
    )


# In words


async def needs_help(turn: Turn, occasion: Occasion) -> None:
    """Whoever was told of it wrote of an emergency: the others hear whom it is about."""
    await alarm.sound(turn, occasion, Reason.NEEDS_MORE, but=turn.sender.id)


async def in_words(turn: Turn) -> bool:
    """Whether somebody who was alarmed answers in words of their own; then it has been dealt
    with."""
    said = plain(turn.words)
    asked = await questions.open_to(turn.tx, turn.sender.id, turn.now)
    question = next((q for q in asked if q.kind in ("alarm", "alarm.outcome")), None)
    if question is None or await may.refused(turn, question, ""):
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
