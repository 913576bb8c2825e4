"""Somebody writes of an emergency: ring 999, at once, in any state and at any hour.

Help is never promised to be on its way. Organisers are told, and somebody of them has to take it:
it is an alarm like that of a check-in (`alarm`), only quicker, and all of them are told within five
minutes. What the person writes of it again makes no second alarm.
"""

from __future__ import annotations

from dataclasses import replace

from handlers import alarm, alarm_answers, door
from handlers.rules.checkins import Reason
from handlers.rules.privacy import Field, Moment
from handlers.seen import Private
from handlers.turn import QUOTED, Turn, first_name, one_line
from storage import checkins, questions
from storage.model import Member, Occasion, OccasionStatus, Priority, Role


async def written(turn: Turn, *, instead: str = "") -> None:
    """What somebody wrote sounds like an emergency. `instead`: what organisers read in place of it,
    where that is not for them."""
    me = turn.sender
    knows = await _alarm(turn, instead or one_line(turn.words, QUOTED))
    assert turn.message
    if door.never_texted(turn.desk, turn.message):
        await turn.tell_organisers(
            "emergency.unsaid",
            but=me.id,
            priority=Priority.EMERGENCY,
            who=turn.who(me),
            phone=Private(turn.message.sender, Field.PHONE, me.id),
        )
    else:
        await _ring_999(turn, knows)
    await turn.note("emergency", "member", me.id)


async def written_again(turn: Turn) -> None:
    """They say so again and again, and organisers were told of it a moment ago."""
    assert turn.message
    if not door.never_texted(turn.desk, turn.message):
        await _ring_999(turn, await _first(turn, await turn.organisers()))


async def _ring_999(turn: Turn, knows: Member | None) -> None:
    me = turn.sender
    await turn.say(
        me,
        "emergency" if knows else "emergency.alone",
        priority=Priority.EMERGENCY,
        organiser=(first_name(knows) if knows else "") or await turn.organiser_name(me),
    )


async def _alarm(turn: Turn, words: str) -> Member | None:
    """Let it be known; an organiser who knows of it now, if any does."""
    me = turn.sender
    if await _about_somebody_else(turn, words):
        return await _first(turn, await turn.organisers())
    occasion = await checkins.running_of(turn.tx, me.id)
    if occasion and alarm.is_emergency(occasion):
        await alarm.more_words(turn, occasion, words)
    else:
        occasion = await _begin(turn, occasion, words)
    occasion = await checkins.occasion(turn.tx, occasion.id)
    told = await alarm.told(turn, occasion)
    return await _first(turn, [one for one in told if one.id == occasion.taken_by] or told)


async def _begin(turn: Turn, running: Occasion | None, words: str) -> Occasion:
    """Sound the alarm: that of a check-in which waits for an answer, or one of its own."""
    occasion = running or await checkins.emergency(
        turn.tx,
        Occasion(
            id=0,
            check_in_id=None,
            member_id=turn.sender.id,
            day=turn.today,
            status=OccasionStatus.ALARM,
            due_at=turn.now,
        ),
    )
    await alarm.sound(turn, replace(occasion, words=words), Reason.TROUBLE)
    return occasion


async def _about_somebody_else(turn: Turn, words: str) -> bool:
    """Whether they have been told of somebody else's alarm: it may well be about that person, and
    organisers hear of both."""
    me = turn.sender
    for question in await questions.open_to(turn.tx, me.id, turn.now):
        if question.kind in ("alarm", "alarm.outcome"):
            occasion = await checkins.occasion(turn.tx, question.ref or 0, lock=True)
            if occasion.status not in (OccasionStatus.ALARM, OccasionStatus.TAKEN):
                continue
            await turn.tell_organisers(
                "emergency.told",
                but=me.id,
                priority=Priority.EMERGENCY,
                who=turn.who(me),
                phone=await turn.phone_of(me),
                home=turn.home_of(me, Moment.ALARM),
                words=words,
            )
            await alarm_answers.needs_help(turn, occasion)
            return True
    return False


async def _first(turn: Turn, told: list[Member]) -> Member | None:
    """The organiser to name: whoever is on duty before others."""
    hold = {one.id for one in await turn.on_duty()}
    able = [one for one in told if one.is_a(Role.ORGANISER) and one.id != turn.sender.id]
    return min(able, key=lambda one: (one.id not in hold, one.id), default=None)


async def well_after_all(turn: Turn) -> bool:
    """Whether they say that all is well, while somebody is looked for who sees to it: that person
    hears it, and rings all the same."""
    occasion = await checkins.running_of(turn.tx, turn.sender.id)
    if occasion is None or not alarm.is_emergency(occasion):
        return False
    await alarm.says_well(turn, occasion)
    await turn.reply("emergency.glad", name=first_name(turn.sender))
    return True
