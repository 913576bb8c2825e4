"""What people write about check-ins, in their own words; and organisers who suggest them, or say
that somebody is away."""

from __future__ import annotations

import re
from dataclasses import replace

from handlers import alarm, alarm_answers, checkin, checkin_setup, emergency
from handlers.checkin_setup import times, to_a_person
from handlers.rules import checkins as rules
from handlers.rules import wellbeing
from handlers.rules.understanding_words import plain
from handlers.turn import Turn, first_name
from storage import checkins, members, questions
from storage.model import CheckIn, CheckInStatus, Member, Question, Role, Standing

# What words mean


async def in_words(turn: Turn, *, asks: bool) -> bool:  # noqa: PLR0911 (one answer a thing said)
    """Whether a message is about check-ins; then it has been dealt with. `asks`: it plainly asks
    for a neighbour's help as well."""
    said = plain(turn.words)
    if not asks and await alarm_answers.in_words(turn):
        return True
    if not asks and wellbeing.feeling(said) and await emergency.well_after_all(turn):
        return True
    known = await checkins.of_member(turn.tx, turn.sender.id)
    if (
        known
        and known.status is CheckInStatus.ON
        and await checkin.in_words(turn, known, asks=asks)
    ):
        return True
    if known and known.status is CheckInStatus.ON and rules.asks_when(said):
        await checkin_setup.how_it_stands(turn, known)
        return True
    if turn.sender.is_a(Role.ORGANISER) and await _by_organiser(turn, said):
        return True
    if rules.is_for_somebody(said):
        await to_a_person(turn)
    elif rules.wants_check_ins(said):
        await checkin_setup.start(turn)
    else:
        return False
    return True


async def _by_organiser(turn: Turn, said: str) -> bool:
    if await _away_for_somebody(turn, said):
        return True
    named = rules.speaks_of_somebody(said) and await somebody_named(turn)
    if not named and not rules.is_for_somebody(said):
        return False
    await by_organiser(turn)
    return True


async def _away_for_somebody(turn: Turn, said: str) -> bool:
    """An organiser says that somebody with check-ins is away or in hospital, or wants no more."""
    away = wellbeing.away_in(said, turn.today, of_somebody=True)
    if away is None and not rules.wants_off(said):
        return False
    person = await somebody_named(turn)
    check_in = await checkins.of_member(turn.tx, person.id) if person else None
    if person is None or check_in is None or check_in.status is not CheckInStatus.ON:
        return False
    check_in = await checkins.get(turn.tx, check_in.id, lock=True)
    if away:
        await checkin.go_away(turn, check_in, away, person)
        return True
    for occasion in await checkins.running(turn.tx, check_in.id):
        await alarm.settled_by_hand(turn, occasion, person)
    await alarm.end(turn, check_in)
    await turn.reply("check_in.ended", asker=first_name(person))
    return True


# An organiser suggests it


async def by_organiser(turn: Turn) -> None:
    """An organiser would like somebody to have check-ins: that person is asked."""
    me = turn.sender
    found = rules.schedule_in(plain(turn.words))
    person = await somebody_named(turn)
    if person is None or person.stopped_at or person.unreachable:
        await turn.reply("check_in.whom", name=first_name(me))
        return
    known = await checkins.of_member(turn.tx, person.id)
    if known and known.status is CheckInStatus.ON:
        await turn.reply(
            "check_in.has_them",
            asker=turn.who(person)(me.language),
            days=times(turn, known, me.language),
        )
        return
    if not found.days or not found.hour:
        await turn.reply("check_in.offer.when", name=first_name(me))
        return
    new = CheckIn(
        id=0,
        community_id=person.community_id,
        member_id=person.id,
        status=CheckInStatus.OFFERED,
        created_at=turn.now,
        days=found.days,
        hour=found.hour,
        set_up_by=me.id,
    )
    check_in = await checkins.put(turn.tx, new)
    await checkin_setup.chase(turn, check_in, checkin_setup.ANSWER)
    await questions.close(turn.tx, turn.now, *checkin_setup.QUESTIONS, member_id=person.id)
    await turn.ask(
        person,
        "check_in.offer",
        "check_in.agree",
        check_in.id,
        ("yes", "no"),
        name=first_name(person),
        organiser=first_name(me),
        days=times(turn, check_in, person.language),
    )
    await turn.reply(
        "check_in.offered",
        asker=turn.who(person)(me.language),
        days=times(turn, check_in, me.language),
    )


async def somebody_named(turn: Turn) -> Member | None:
    """The one member of the group whom a message names, by the whole name or the first; none where
    there is none, or more than one."""
    said = f" {plain(turn.words)} "
    everyone = [
        one
        for one in await members.of_community(turn.tx, turn.community.id)
        if one.name and one.id != turn.sender.id and one.standing is not Standing.LEFT
    ]
    for name_of in (lambda one: one.name, first_name):
        found = [
            one for one in everyone if re.search(rf"\b{re.escape(plain(name_of(one)))}\b", said)
        ]
        if found:
            return found[0] if len(found) == 1 else None
    return None


async def agreed(turn: Turn, question: Question, key: str) -> None:
    """They said whether they would like the check-ins that an organiser suggests."""
    check_in = await checkin_setup.mine(turn, question)
    if check_in is None:
        return
    me = turn.sender
    if key == "yes":
        if not me.is_a(Role.ASKER):
            await turn.save(me, roles=me.roles | {Role.ASKER})
        draft = replace(check_in, status=CheckInStatus.DRAFT, misses=0)
        await checkin_setup.advance(turn, await checkins.save(turn.tx, draft))
        return
    await checkin_setup.refused(turn, check_in)
    if check_in.set_up_by:
        organiser = await members.get(turn.tx, check_in.set_up_by)
        await turn.say(organiser, "check_in.refused", asker=turn.who(me)(organiser.language))
