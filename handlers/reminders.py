"""Before a visit: who goes is reminded, and who waits is told once more who comes.

Each reminder is a due row of its own. One that comes too late to be of use is not said at all, and
all of them go with the visit.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from handlers.rules import timing
from handlers.turn import Turn, first_name
from handlers.wording import gone_by
from storage import members, requests
from storage.model import DueKind, HelpRequest, Member, Priority, Visit, VisitStatus

REMINDERS = (DueKind.REMIND_EVE, DueKind.REMIND, DueKind.REMIND_ASKER)

JUST_TOLD = timedelta(hours=1)
"""Who asked so short a time before it who comes is not told once more (ours)."""


async def arrange(turn: Turn, visit: Visit, request: HelpRequest) -> None:
    """Let both be reminded of a visit that was agreed just now, where there is time for it."""
    hour_said = bool(timing.clock_time(request.part or ""))
    moments = (
        timing.evening_before(visit.due_at, turn.now, turn.community),
        timing.shortly_before(visit.due_at, turn.now, turn.community, hour_said=hour_said),
        timing.tell_asker_at(visit.due_at, turn.now, turn.community),
    )
    for kind, moment in zip(REMINDERS, moments, strict=True):
        if moment:
            await _later(turn, kind, visit, moment)


async def _later(turn: Turn, kind: DueKind, visit: Visit, moment: datetime) -> None:
    # The visit itself knows, so that the auditor sees one that was lost.
    await requests.remind_at(turn.tx, visit.id, {requests.REMINDER[kind]: moment})
    await turn.later(kind, visit.id, moment)


async def told(turn: Turn, visit: Visit) -> None:
    """An asker has just been told who comes, as they asked: what would say the same to them soon is
    not said."""
    soon = visit.remind_asker_at and visit.remind_asker_at - turn.now <= JUST_TOLD
    if soon and turn.sender.id == visit.asker_id:
        await requests.remind_at(turn.tx, visit.id, {requests.REMINDER[DueKind.REMIND_ASKER]: None})
        await turn.never_mind(visit.id, DueKind.REMIND_ASKER)


def about_when(turn: Turn, visit: Visit, request: HelpRequest, reader: Member) -> str:
    """When to expect it: as it was asked for or, where that was left open or is over, an hour."""
    if hour_is_open(turn, request):
        by = turn.by(visit.due_at, reader)
        return turn.text(reader.language, "about_by", by=by)
    return turn.when(request, reader)


def hour_is_open(turn: Turn, request: HelpRequest) -> bool:
    """Whether the hour of a visit is for its helper to choose."""
    here = timing.local(turn.now, turn.community)
    return (request.day is None and request.part is None) or gone_by(request, here)


async def eve(turn: Turn, visit: Visit) -> None:
    """The evening before a visit came: the helper is reminded, without the address."""
    day = timing.local(visit.due_at, turn.community).date()
    last = timing.at_local(day, time(0), turn.community)
    if await _in_time(turn, DueKind.REMIND_EVE, visit, last):
        await _remind_helper(turn, visit, "remind.eve")


async def shortly(turn: Turn, visit: Visit) -> None:
    """The hour before a visit, or the morning of it, came."""
    if await _in_time(turn, DueKind.REMIND, visit, visit.due_at):
        await _remind_helper(turn, visit, "remind")


async def tell_asker(turn: Turn, visit: Visit) -> None:
    """Who waits hears once more who comes, when, and with which word."""
    if not await _in_time(turn, DueKind.REMIND_ASKER, visit, visit.due_at):
        return
    helper = await members.get(turn.tx, visit.helper_id)
    asker = await members.get(turn.tx, visit.asker_id)
    request = await requests.get(turn.tx, visit.request_id)
    await turn.say(
        asker,
        "status.found",
        priority=Priority.REMINDER,
        about={"kind": "remind", "ref": visit.id},
        name=first_name(asker),
        helper=first_name(helper),
        what=turn.gist(request, asker.language),
        when=about_when(turn, visit, request, asker),
        word=visit.code_word,
    )


async def _in_time(turn: Turn, kind: DueKind, visit: Visit, last: datetime) -> bool:
    """Whether there is still a visit to be reminded of. A process that stood still may come late:
    in the night it waits for the morning and, where that is too late, nothing is said."""
    await requests.remind_at(turn.tx, visit.id, {requests.REMINDER[kind]: None})
    if visit.status is not VisitStatus.ACCEPTED or turn.now >= last:
        return False
    moment = timing.not_quiet(turn.now, turn.community)
    if moment > turn.now and moment < last:
        await _later(turn, kind, visit, moment)
    return moment == turn.now


async def _remind_helper(turn: Turn, visit: Visit, name: str) -> None:
    helper = await members.get(turn.tx, visit.helper_id)
    asker = await members.get(turn.tx, visit.asker_id)
    request = await requests.get(turn.tx, visit.request_id)
    await turn.say(
        helper,
        name,
        priority=Priority.REMINDER,
        about={"kind": "remind", "ref": visit.id},
        name=first_name(helper),
        asker=first_name(asker),
        what=turn.gist(request, helper.language),
        when=about_when(turn, visit, request, helper),
    )
