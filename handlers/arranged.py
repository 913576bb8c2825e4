"""What is arranged in a group, as organisers see it: check-ins and regular help. And regular help
that an organiser suggests: nothing comes of it without the person's own yes."""

from __future__ import annotations

import re
from dataclasses import replace

from handlers import ask, checkin, recurring
from handlers.checkin_setup import times
from handlers.recurring import as_request, every
from handlers.rules import timing
from handlers.rules.note import fitting
from handlers.rules.understanding import needs_named
from handlers.rules.understanding_clock import part_of
from handlers.rules.understanding_words import plain
from handlers.turn import MOST_SEGMENTS, Turn, first_name
from storage import checkins, members, questions, requests
from storage import recurring as schedules
from storage.model import (
    NEIGHBOURLY,
    CheckInStatus,
    DueKind,
    Member,
    Question,
    RequestStatus,
    Role,
    Schedule,
    ScheduleStatus,
    Standing,
)

MOST_SHOWN = 30
"""Lines where there is room for them: a message on Telegram holds 4096 characters."""


async def show_check_ins(turn: Turn) -> None:
    """Who has check-ins, when, and when next."""
    language = turn.sender.language
    lines = []
    for check_in in await checkins.of_community(turn.tx, turn.community.id, CheckInStatus.ON):
        person = await members.get(turn.tx, check_in.member_id)
        known = {"asker": turn.who(person)(language), "days": times(turn, check_in, language)}
        by = checkin.moment_of_next(turn, check_in, turn.sender)
        lines.append(
            (
                turn.text(language, "arranged.check_in", by=by, **known),
                turn.text(language, "arranged.check_in.short", **known),
            )
        )
    await _list(turn, lines, "arranged.check_ins", "arranged.check_ins.none")


async def show_regular(turn: Turn) -> None:
    """Who has regular help, with what, how often, and when next."""
    language = turn.sender.language
    lines = []
    for schedule in await schedules.of_community(turn.tx, turn.community.id):
        person = await members.get(turn.tx, schedule.asker_id)
        known = {
            "asker": turn.who(person)(language),
            "what": turn.gist(as_request(schedule), language),
            "when": every(turn, schedule, language),
        }
        day = recurring.date_of(turn, await recurring.coming(turn, schedule), turn.sender)
        lines.append(
            (
                turn.text(language, "arranged.help", day=day, **known),
                turn.text(language, "arranged.help.short", **known),
            )
        )
    await _list(turn, lines, "arranged.regular", "arranged.regular.none")


async def _list(turn: Turn, lines: list[tuple[str, str]], entry: str, none: str) -> None:
    """The head and the lines, each at length and in short; by text as many as two parts hold."""
    language = turn.sender.language
    if not lines:
        await turn.reply(none, name=first_name(turn.sender))
        return
    head = turn.text(language, entry, count=len(lines))

    def more(left: int) -> str:
        return turn.text(language, "duty.more", count=left)

    if await turn.by_text(turn.sender):
        said = fitting(head, lines, 0, "", more, MOST_SEGMENTS)
    else:
        rest = len(lines) - MOST_SHOWN
        shown = [long for long, _ in lines[:MOST_SHOWN]]
        said = "\n".join([head, *shown, *([more(rest)] if rest > 0 else [])])
    await turn.reply("lines", lines=said)


# An organiser suggests regular help


_NEEDS = r"(?:needs|would like|wants|could do with|angen|eisiau|moyn|ha bisogno di|vorrebbe)"


_NAMES = re.compile(r"\b(?:for|i|per) [A-Z]")
"""Somebody is named, who may not be known."""


async def suggested(turn: Turn) -> bool:
    """Whether an organiser would like somebody to have regular help ("shopping for Rosa every
    Tuesday"): that person is asked."""
    me, language = turn.sender, turn.sender.language
    again, named = recurring.said(turn), needs_named(turn.words) & set(NEIGHBOURLY)
    if not me.is_a(Role.ORGANISER) or again is None or not named:
        return False
    found = await _for_whom(turn)
    if not found and (me.is_a(Role.ASKER) or not _NAMES.search(turn.words)):
        return False
    if len(found) != 1 or found[0].stopped_at or found[0].unreachable:
        await turn.reply("recurring.offer.whom", name=first_name(me))
        return True
    person, (pattern, earliest) = found[0], again
    if not pattern.weekdays:
        await turn.reply("recurring.offer.when", name=first_name(me))
        return True
    things = turn.desk.wording.things(language, turn.words, turn.community.languages)
    schedule = Schedule(
        id=0,
        community_id=person.community_id,
        asker_id=person.id,
        status=ScheduleStatus.OFFERED,
        created_at=turn.now,
        need=min(named, key=NEIGHBOURLY.index),
        # The things only: the organiser's sentence is not theirs.
        words=", ".join(things),
        weekdays=pattern.weekdays,
        every=pattern.every,
        starts=earliest,
        part=part_of(plain(turn.words)),
        set_up_by=me.id,
    )
    for known in await schedules.running(turn.tx, person.id):
        if (known.need, known.weekdays) == (schedule.need, schedule.weekdays):
            await turn.reply("recurring.offer.has_it", **_told(turn, known, person, language))
            return True
    for earlier in await schedules.offered_to(turn.tx, person.id):
        await _drop(turn, earlier)
    schedule = await schedules.add(turn.tx, schedule)
    until = timing.add_waking(turn.now, recurring.ANSWER, turn.community)
    await turn.later(DueKind.REPEAT, schedule.id, until)
    told = _told(turn, schedule, person, person.language)
    await turn.ask(
        person,
        "recurring.offer",
        "recurring.offer",
        schedule.id,
        ("yes", "no"),
        name=first_name(person),
        organiser=first_name(me),
        what=told["what"],
        when=told["when"],
    )
    await turn.note("schedule_suggested", "schedule", schedule.id)
    await turn.reply("recurring.offer.told", **_told(turn, schedule, person, language))
    return True


def _told(turn: Turn, schedule: Schedule, person: Member, language: str) -> dict[str, str]:
    return {
        "asker": turn.who(person)(language),
        "what": turn.gist(as_request(schedule), language),
        "when": every(turn, schedule, language),
    }


async def _for_whom(turn: Turn) -> list[Member]:
    """The members of the group for whom it is said to be: by the whole name, or by the first."""
    said = plain(turn.words)
    everyone = [
        one
        for one in await members.of_community(turn.tx, turn.community.id)
        if one.name and one.id != turn.sender.id and one.standing is not Standing.LEFT
    ]
    for name_of in (lambda one: one.name, first_name):
        found = []
        for one in everyone:
            name = re.escape(plain(name_of(one)))
            if re.search(rf"\b(?:for|i|per) {name}\b|\b{name} {_NEEDS}\b", said):
                found.append(one)
        if found:
            return found
    return []


async def _drop(turn: Turn, schedule: Schedule) -> None:
    await schedules.save(turn.tx, replace(schedule, status=ScheduleStatus.STOPPED))
    await turn.never_mind(schedule.id, DueKind.REPEAT)
    await questions.close(turn.tx, turn.now, "recurring.offer", ref=schedule.id)


async def answered(turn: Turn, question: Question, key: str) -> None:
    """They said whether they would like the regular help that an organiser suggests. What is
    missing (where they live) is asked for as for any other request."""
    schedule = await schedules.get(turn.tx, question.ref or 0, lock=True)
    await turn.toast()
    me = turn.sender
    late = schedule.status is ScheduleStatus.STOPPED  # a day ago nothing had come of it
    if schedule.asker_id != me.id or not (late or schedule.status is ScheduleStatus.OFFERED):
        await turn.reply("thanks", name=first_name(me))
        return
    await turn.never_mind(schedule.id, DueKind.REPEAT)
    if key != "yes":
        await _drop(turn, schedule)
        await turn.reply("not_asked", name=first_name(me))
        await recurring.tell_who_suggested(turn, schedule, "recurring.offer.refused")
        return
    if not me.is_a(Role.ASKER):
        me = await turn.save(me, roles=me.roles | {Role.ASKER})
    schedule = await schedules.save(turn.tx, replace(schedule, status=ScheduleStatus.DRAFT))
    draft = replace(as_request(schedule), status=RequestStatus.DRAFT, created_at=turn.now)
    request = await requests.add(turn.tx, draft)
    if me.cell is None or not me.home or not me.consent:
        await ask.advance(turn, request)
        return
    await recurring.begin(turn, request)
