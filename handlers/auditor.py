"""Finds what has no next step, and gives it one, so that nobody is left in silence.

There should never be anything to find. If there is (a fault of ours, a row lost by hand, a backup
that was put back), the conversation goes on, and organisers hear where somebody was kept waiting.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handlers import daily_note, lapsed, waves
from handlers import due as moments
from handlers.ask import CHASE
from handlers.rights import SOON
from handlers.rules import timing
from handlers.rules.next_steps import NEXT_STEPS, Owed
from handlers.turn import QUOTED, Desk, Turn, one_line
from handlers.unused import over_at
from handlers.visit import AFTER
from storage import (
    broadcasts,
    checkins,
    due,
    groups,
    keepsakes,
    members,
    outcomes,
    outlays,
    questions,
    requests,
    rota,
    worries,
)
from storage.database import Transaction
from storage.model import CheckInStatus, Due, DueKind, RequestStatus, VisitStatus

MOST = 100
"""How many of each kind are seen to at a time; the others have their turn a minute later."""

LATE = timedelta(minutes=5)
"""Somebody who hears so much later than they were told has been left waiting."""

TOLD_ONCE = timedelta(days=7)

NOBODY_GOES = "filled"
"""A request that counts as filled, with nobody going."""


LACKING = due.Lacking([(owed.table, owed.where, owed.one_of) for owed in NEXT_STEPS], MOST)


@dataclass(frozen=True, slots=True)
class Found:
    """Something without a next step."""

    what: str
    ref: int
    owed: Owed | None = None


async def look(tx: Transaction) -> list[Found]:
    """Everything that has no next step, as far as is seen to at a time."""
    found = [
        Found(NEXT_STEPS[place].what, ref, NEXT_STEPS[place])
        for place, ref in await LACKING.rows(tx)
    ]
    found += [Found(NOBODY_GOES, ref) for ref in await requests.filled_by_nobody(tx, MOST)]
    return found


async def repair(desk: Desk, tx: Transaction, now: datetime, found: Found) -> bool:
    """Give it its next step, in the caller's transaction; whether it still needed one."""
    if found.owed is None:
        return await _send_somebody(desk, tx, now, found)
    kind = found.owed.one_of[0]
    community_id = await moments.KINDS[kind][0](tx, found.ref)
    community = await groups.get(tx, community_id) if community_id else None
    if community is None:
        return False
    turn = Turn(desk, tx, now, community)
    step = await STEPS.get(found.what, _now)(turn, found.ref)
    # Whoever is deciding about it just now has set its next step by the time the lock is ours.
    if step is None or await due.of(tx, found.ref, *found.owed.one_of):
        return False
    await turn.later(kind, found.ref, step.at)
    kept_waiting = step.promised is not None and now - step.promised > LATE
    await turn.note("repaired", found.owed.table, found.ref, what=found.what, late=kept_waiting)
    if kept_waiting:
        await _tell(turn, Due(0, kind, found.ref, now))
    return True


@dataclass(frozen=True, slots=True)
class Step:
    """When the next step is to come."""

    at: datetime
    promised: datetime | None = None
    """When somebody who needs help was to hear, as they were told."""


Next = Callable[[Turn, int], Awaitable[Step | None]]


async def _now(turn: Turn, ref: int) -> Step | None:
    return Step(turn.now)


async def _draft(turn: Turn, ref: int) -> Step | None:
    request = await requests.get(turn.tx, ref, lock=True)
    if request.status is not RequestStatus.DRAFT:
        return None
    # They may be writing just now: as long from here as after anything they write.
    return Step(timing.add_waking(turn.now, CHASE, turn.community))


async def _wave(turn: Turn, ref: int) -> Step | None:
    """As long after the last who were asked as they are given to answer."""
    request = await requests.get(turn.tx, ref, lock=True)
    if request.status is not RequestStatus.OPEN:
        return None
    start = timing.not_quiet(turn.now, turn.community)
    offers = await requests.offers_of(turn.tx, ref)
    if not offers:
        return Step(start)
    last = max(offer.created_at for offer in offers)
    wanted = timing.wanted_at(request.day, request.part, request.created_at, turn.community)
    wait = timing.wave_wait(wanted, last, turn.community, urgent=request.urgent)
    return Step(max(start, timing.add_waking(last, wait, turn.community)))


async def _promise(turn: Turn, ref: int) -> Step | None:
    request = await requests.get(turn.tx, ref, lock=True)
    if request.status is not RequestStatus.OPEN or request.promised_at is None:
        return None
    return Step(max(turn.now, request.promised_at), request.promised_at)


async def _handed(turn: Turn, ref: int) -> Step | None:
    request = await requests.get(turn.tx, ref, lock=True)
    if request.status is not RequestStatus.HANDED:
        return None
    if request.lapsed_at:  # and the answer is awaited
        return Step(max(turn.now, request.lapsed_at + lapsed.ANSWER))
    return Step(timing.add_waking(turn.now, timedelta(hours=1), turn.community))


async def _visit(turn: Turn, ref: int) -> Step | None:
    visit = await requests.get_visit(turn.tx, ref, lock=True)
    if visit.status not in (VisitStatus.ACCEPTED, VisitStatus.ON_THE_WAY):
        return None
    asked = await questions.about(turn.tx, "did_they_come", ref)
    if asked:  # and the answer is awaited
        return Step(max(turn.now, timing.add_waking(asked[-1].asked_at, AFTER, turn.community)))
    asked_at = timing.not_quiet(visit.due_at + AFTER, turn.community)
    return Step(max(turn.now, asked_at), asked_at)


async def _note(turn: Turn, ref: int) -> Step | None:
    coming = await daily_note.plan(turn.tx, turn.now, turn.community)
    await turn.never_mind(ref, DueKind.NOTE)
    return Step(coming) if coming else None


async def _pause(turn: Turn, ref: int) -> Step | None:
    helper = await members.get(turn.tx, ref, lock=True)
    return Step(max(turn.now, helper.paused_until)) if helper.paused_until else None


async def _check_in_step(turn: Turn, ref: int) -> Step | None:
    occasion = await checkins.occasion(turn.tx, ref, lock=True)
    return Step(max(turn.now, occasion.next_at or turn.now), occasion.next_at)


def _reminder(kind: DueKind) -> Next:
    async def step(turn: Turn, ref: int) -> Step | None:
        """When it was to be said; one that comes too late says nothing, by itself."""
        visit = await requests.get_visit(turn.tx, ref, lock=True)
        moment: datetime | None = getattr(visit, requests.REMINDER[kind])
        return _at(turn, moment if visit.status is VisitStatus.ACCEPTED else None)

    return step


def _at(turn: Turn, moment: datetime | None) -> Step | None:
    return Step(max(turn.now, moment)) if moment else None


async def _half_made(turn: Turn, ref: int) -> Step | None:
    check_in = await checkins.get(turn.tx, ref, lock=True)
    draft = check_in.status in (CheckInStatus.DRAFT, CheckInStatus.OFFERED)
    return _at(turn, check_in.chase_at if draft else None)


async def _contact(turn: Turn, ref: int) -> Step | None:
    return _at(turn, (await checkins.get_contact(turn.tx, ref)).answer_by)


async def _not_arrived(turn: Turn, ref: int) -> Step | None:
    return _at(turn, await outcomes.lost_at(turn.tx, ref))


async def _joining(turn: Turn, ref: int) -> Step | None:
    return _at(turn, (await members.get(turn.tx, ref, lock=True)).half_way_at)


async def _duty_once(turn: Turn, ref: int) -> Step | None:
    dated = await rota.get_dated(turn.tx, ref)
    if dated is None:
        return None
    return _at(turn, dated.starts_at if dated.starts_at > turn.now else dated.ends_at)


async def _out_of_reach(turn: Turn, ref: int) -> Step | None:
    return _at(turn, (await members.get(turn.tx, ref, lock=True)).retry_at)


async def _outlay(turn: Turn, ref: int) -> Step | None:
    return _at(turn, (await outlays.get(turn.tx, ref, lock=True)).tell_at)


async def _forgetting(turn: Turn, ref: int) -> Step | None:
    wished = (await members.get(turn.tx, ref, lock=True)).forget_at
    return _at(turn, wished and wished + SOON)


async def _worry(turn: Turn, ref: int) -> Step | None:
    # Who waits is not told to organisers: the step itself tells whoever is to hear of it.
    return _at(turn, (await worries.get(turn.tx, ref, lock=True)).next_at)


async def _vetting(turn: Turn, ref: int) -> Step | None:
    return _at(turn, (await members.get(turn.tx, ref, lock=True)).vetting_at)


async def _unused(turn: Turn, ref: int) -> Step | None:
    asked_at = (await members.get(turn.tx, ref, lock=True)).unused_at
    return _at(turn, asked_at and over_at(asked_at, turn.community))


async def _broadcast(turn: Turn, ref: int) -> Step | None:
    told = await broadcasts.get(turn.tx, ref, lock=True)
    if told.status in broadcasts.UNSENT:  # its organiser may be writing just now
        return Step(turn.now + timedelta(hours=1))
    return None if told.reported_at else Step(max(turn.now, told.go_at or turn.now))


STEPS: dict[str, Next] = {
    "remind_eve": _reminder(DueKind.REMIND_EVE),
    "remind": _reminder(DueKind.REMIND),
    "remind_asker": _reminder(DueKind.REMIND_ASKER),
    "half_made": _half_made,
    "contact": _contact,
    "not_arrived": _not_arrived,
    "joining": _joining,
    "out_of_reach": _out_of_reach,
    "forgetting": _forgetting,
    "unused": _unused,
    "duty_once": _duty_once,
    "draft": _draft,
    "wave": _wave,
    "promise": _promise,
    "wider": _wave,
    "handed": _handed,
    "visit": _visit,
    "note": _note,
    "check_in_step": _check_in_step,
    "pause": _pause,
    "broadcast": _broadcast,
    "outlay": _outlay,
    "worry": _worry,
    "vetting": _vetting,
}
"""When the next step of each comes. What is not named here takes it at once."""


async def _send_somebody(desk: Desk, tx: Transaction, now: datetime, found: Found) -> bool:
    """Nobody goes, though the asker was told that somebody does: neighbours are asked again."""
    request = await requests.get(tx, found.ref, lock=True)
    going = await requests.live_visit(tx, request.id)
    community = await groups.get(tx, request.community_id)
    if request.status is not RequestStatus.FILLED or going or community is None:
        return False
    turn = Turn(desk, tx, now, community)
    await turn.note("repaired", "requests", request.id, what=found.what, late=True)
    await waves.open_request(turn, replace(request, urgent=True))
    await _tell(turn, Due(0, DueKind.WAVE, request.id, now))
    return True


async def _tell(turn: Turn, row: Due) -> None:
    """Organisers hear once who was kept waiting, and in what words they had asked."""
    about = await moments.whom_about(turn.tx, row)
    lease = f"kept_waiting.{row.kind.value}.{row.ref}"
    seconds = TOLD_ONCE.total_seconds()
    if about is None or not await keepsakes.hold(
        turn.tx, lease, turn.now.isoformat(), turn.now, seconds
    ):
        return
    person, words = about
    await turn.tell_organisers(
        "kept_waiting",
        about={"kind": "kept_waiting"},
        who=turn.who(person),
        phone=await turn.phone_of(person),
        words=one_line(words, QUOTED),
    )
