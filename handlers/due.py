"""What happens when a moment comes: one entry in a table a kind of due row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from handlers import (
    alarm_answers,
    ask,
    broadcast,
    checkin,
    checkin_setup,
    contacts,
    daily_note,
    duty,
    elsewhere,
    friend,
    happened,
    join,
    late,
    money,
    offer,
    organiser,
    reach,
    recurring,
    relay,
    reminders,
    rights,
    spending,
    unused,
    vetting,
    waves,
    worry,
)
from handlers.turn import QUOTED, Desk, Turn, one_line
from storage import (
    broadcasts,
    checkins,
    groups,
    keepsakes,
    members,
    messages,
    numbers,
    outcomes,
    outlays,
    requests,
    rota,
    worries,
)
from storage import recurring as recurring_store
from storage.database import Transaction
from storage.model import (
    CheckInStatus,
    Due,
    DueKind,
    Member,
    OutboundMessage,
    RequestStatus,
    Visit,
)

Moment = Callable[[Turn, int], Awaitable[None]]
Whose = Callable[[Transaction, int], Awaitable[int | None]]


async def handle(desk: Desk, tx: Transaction, now: datetime, due: Due) -> None:
    """Do what is due, in the caller's transaction."""
    whose, act = KINDS[due.kind]
    community_id = await whose(tx, due.ref)
    community = await groups.get(tx, community_id) if community_id else None
    if community is None:
        return
    await act(Turn(desk, tx, now, community), due.ref)


async def gave_up(desk: Desk, tx: Transaction, now: datetime, due: Due) -> None:
    """Something that was due goes wrong time and again: an organiser hears whom it was about, so
    that nobody is left in silence."""
    whose, _ = KINDS[due.kind]
    community_id = await whose(tx, due.ref)
    community = await groups.get(tx, community_id) if community_id else None
    about = await whom_about(tx, due)
    if community is None or about is None:
        return
    person, words = about
    turn = Turn(desk, tx, now, community)
    await turn.tell_organisers(
        "trouble.told",
        who=turn.who(person),
        phone=await turn.phone_of(person),
        words=one_line(words, QUOTED),
    )
    await turn.note("due_given_up", "due", due.id, kind=due.kind.value, ref=due.ref)


async def whom_about(  # noqa: PLR0911 (one answer a kind of thing)
    tx: Transaction, due: Due
) -> tuple[Member, str] | None:
    """Whom something due is about, and in what words they asked for it."""
    if due.kind is DueKind.TELL:
        message = await messages.get(tx, due.ref)
        ident = message.member_id if message else None
        if message is None or ident is None:
            return None
        # What the two of a visit write to each other is not for organisers, nor is a worry.
        secret = str(message.about.get("kind", "")).startswith(("relay", "worry"))
        words = "" if secret else message.text
        return await members.get(tx, ident), words
    if due.kind is DueKind.WORRY:
        told = await worries.get(tx, due.ref)
        return await members.get(tx, told.member_id), ""
    if due.kind is DueKind.CHECK_IN_STEP:
        occasion = await checkins.occasion(tx, due.ref)
        return await members.get(tx, occasion.member_id), occasion.words
    if due.kind in _CHECK_IN_OF:
        check_in = await checkins.get(tx, await _CHECK_IN_OF[due.kind](tx, due.ref))
        return await members.get(tx, check_in.member_id), ""
    if due.kind in OF_THE_GROUP:
        return None
    if due.kind is DueKind.BROADCAST:
        sent = await broadcasts.get(tx, due.ref)
        return await members.get(tx, sent.organiser_id), " / ".join(sent.texts.values())
    if due.kind in OF_A_MEMBER:
        return await members.get(tx, due.ref), ""
    if due.kind is DueKind.REPEAT:
        schedule = await recurring_store.get(tx, due.ref)
        return await members.get(tx, schedule.asker_id), schedule.words
    ref = due.ref
    if due.kind is DueKind.OUTLAY:
        seen = await requests.get_visit(tx, (await outlays.get(tx, ref)).visit_id)
        return await members.get(tx, seen.helper_id), ""
    if KINDS[due.kind][0] is _visit_community:
        ref = (await requests.get_visit(tx, ref)).request_id
    request = await requests.get(tx, ref)
    return await members.get(tx, request.asker_id), request.words


async def _request_community(tx: Transaction, ref: int) -> int | None:
    return (await requests.get(tx, ref)).community_id


async def _visit_community(tx: Transaction, ref: int) -> int | None:
    visit_ = await requests.get_visit(tx, ref)
    return (await requests.get(tx, visit_.request_id)).community_id


async def _member_community(tx: Transaction, ref: int) -> int | None:
    return (await members.get(tx, ref)).community_id


async def _message_community(tx: Transaction, ref: int) -> int | None:
    message = await messages.get(tx, ref)
    return message.community_id if message else None


async def _itself(tx: Transaction, ref: int) -> int:
    return ref


async def _occasion_community(tx: Transaction, ref: int) -> int | None:
    occasion = await checkins.occasion(tx, ref)
    return (await members.get(tx, occasion.member_id)).community_id


async def _of_contact(tx: Transaction, ref: int) -> int:
    return (await checkins.get_contact(tx, ref)).check_in_id


_CHECK_IN_OF = {
    DueKind.CHECK_IN: _itself,
    DueKind.CONTACT: _of_contact,
}
"""Whose check-ins something due is about."""


def _check_in_community(kind: DueKind) -> Whose:
    async def whose(tx: Transaction, ref: int) -> int | None:
        check_in = await checkins.get(tx, await _CHECK_IN_OF[kind](tx, ref))
        return (await members.get(tx, check_in.member_id)).community_id

    return whose


async def _check_in(turn: Turn, ref: int) -> None:
    check_in = await checkins.get(turn.tx, ref, lock=True)
    if check_in.status is CheckInStatus.ON:
        await checkin.came_due(turn, check_in)
    else:
        await checkin_setup.half_way(turn, check_in)


async def _draft(turn: Turn, ref: int) -> None:
    request = await requests.get(turn.tx, ref, lock=True)
    if request.status is RequestStatus.DRAFT and await friend.silent(turn, request):
        return
    await ask.chase(turn, request)


async def _join(turn: Turn, ref: int) -> None:
    await join.stopped_half_way(turn, await members.get(turn.tx, ref, lock=True))


async def _wave(turn: Turn, ref: int) -> None:
    request = await requests.get(turn.tx, ref, lock=True)
    if request.status is RequestStatus.OPEN:
        await waves.send_wave(turn, request)


async def _promise(turn: Turn, ref: int) -> None:
    request = await requests.get(turn.tx, ref, lock=True)
    if request.status is RequestStatus.OPEN:
        await waves.hand_over(turn, request)
    elif request.status is RequestStatus.DRAFT:
        await ask.hand_over_draft(turn, request, "silent")


async def _chase(turn: Turn, ref: int) -> None:
    await organiser.chase(turn, await requests.get(turn.tx, ref, lock=True))


async def _visit(turn: Turn, ref: int) -> Visit:
    return await requests.get_visit(turn.tx, ref, lock=True)


async def _remind(turn: Turn, ref: int) -> None:
    await reminders.shortly(turn, await _visit(turn, ref))


async def _remind_eve(turn: Turn, ref: int) -> None:
    await reminders.eve(turn, await _visit(turn, ref))


async def _remind_asker(turn: Turn, ref: int) -> None:
    await reminders.tell_asker(turn, await _visit(turn, ref))


async def _did_it_happen(turn: Turn, ref: int) -> None:
    await happened.time_is_up(turn, await _visit(turn, ref))


async def _schedule_community(tx: Transaction, ref: int) -> int | None:
    return (await recurring_store.get(tx, ref)).community_id


async def _repeat(turn: Turn, ref: int) -> None:
    await recurring.make(turn, await recurring_store.get(turn.tx, ref, lock=True))


async def _outlay_community(tx: Transaction, ref: int) -> int | None:
    return await _visit_community(tx, (await outlays.get(tx, ref)).visit_id)


async def _outlay(turn: Turn, ref: int) -> None:
    await money.not_settled(turn, await outlays.get(turn.tx, ref, lock=True))


async def _back(turn: Turn, ref: int) -> None:
    await join.back(turn, await members.get(turn.tx, ref, lock=True))


async def _broadcast(turn: Turn, ref: int) -> None:
    await broadcast.came_due(turn, await broadcasts.get(turn.tx, ref, lock=True))


async def _tell(turn: Turn, ref: int) -> None:  # noqa: PLR0911 (one way out a kind)
    """A message that somebody depends on did not arrive. Silence would look like everything is
    well, so a person hears of it; an unheard offer is as good as a no."""
    message = await messages.get(turn.tx, ref)
    await outcomes.told(turn.tx, ref)
    if message is None or message.member_id is None:
        return
    member = await members.get(turn.tx, message.member_id)
    kind = message.about.get("kind", "")
    code = await messages.code_of(turn.tx, ref)
    await turn.note("not_delivered", "outbox", ref, about=kind, code=code)
    if await late.is_overtaken(turn.tx, message) or await elsewhere.send(turn, message):
        return
    if kind == "offer":
        await offer.unheard(turn, int(message.about["ref"]))
        return
    if kind == "check_in":
        await checkin.unheard(turn, int(message.about["ref"]))
        return
    if kind == "relay":
        await relay.unheard(turn, int(message.about["ref"]), member)
        return
    if kind.startswith("worry"):
        # Nobody else reads it, nor hears that there was one.
        if kind == "worry":
            await worry.unheard(turn, int(message.about["ref"]), member)
        return
    if kind == "alarm":
        await alarm_answers.unheard(turn, int(message.about["ref"]), member)
        return
    if code not in FOREIGN or member.roles:
        await _tell_organisers(turn, message, member)


async def _tell_organisers(turn: Turn, message: OutboundMessage, member: Member) -> None:
    kind = message.about.get("kind", "")
    if kind in NEEDS_NOBODY:
        return
    # Somebody whose phone is off misses several texts: one alarm in some hours is enough.
    lease = f"not_arrived.{member.id}"
    first = await keepsakes.hold(turn.tx, lease, str(message.id), turn.now, ALARM.total_seconds())
    if not first and kind not in MATTERS_EACH_TIME:
        return
    name = NOT_ARRIVED.get(kind, "not_arrived")
    await turn.tell_organisers(
        name,
        but=member.id,
        about={"kind": "not_arrived"},
        who=turn.who(member),
        phone=await turn.phone_of(member),
        words=turn.quoted(message.text, message.created_at),
    )


OF_THE_GROUP = frozenset({DueKind.NOTE, DueKind.HANDOVER, DueKind.HANDOVER_ONCE, DueKind.SPENDING})
"""What is about a group and about nobody in it."""

OF_A_MEMBER = frozenset(
    {DueKind.BACK, DueKind.JOIN, DueKind.RETRY, DueKind.FORGET, DueKind.UNUSED, DueKind.VETTING}
)
"""What is about somebody, whatever they have open."""

NEEDS_NOBODY = frozenset(
    {"daily_note", "stopped", "again", "taken", "remind", "tried_again", "not_arrived", "broadcast"}
)
"""What nobody need ring about: they asked for no more, it was only a courtesy, or it is counted in
the report of the broadcast; and what nobody can be told is not told to somebody else again, round
and round."""

FOREIGN = frozenset(numbers.WhyNot)
"""Why nothing is sent to a number that is none of a neighbour's: unless it is a member's, no
organiser need hear of it."""

NOT_ARRIVED = {"visit": "not_arrived.visit", "stopped.still": "not_arrived.stopped"}

MATTERS_EACH_TIME = frozenset({"found", "looking_again", "nobody_yet", "called_off", "visit"})
"""News that somebody acts upon, or waits for: each is told of."""

ALARM = timedelta(hours=4)

KINDS: dict[DueKind, tuple[Whose, Moment]] = {
    DueKind.DRAFT: (_request_community, _draft),
    DueKind.JOIN: (_member_community, _join),
    DueKind.WAVE: (_request_community, _wave),
    DueKind.PROMISE: (_request_community, _promise),
    DueKind.CHASE: (_request_community, _chase),
    DueKind.REMIND: (_visit_community, _remind),
    DueKind.REMIND_EVE: (_visit_community, _remind_eve),
    DueKind.REMIND_ASKER: (_visit_community, _remind_asker),
    DueKind.DID_IT_HAPPEN: (_visit_community, _did_it_happen),
    DueKind.REPEAT: (_schedule_community, _repeat),
    DueKind.BACK: (_member_community, _back),
    DueKind.TELL: (_message_community, _tell),
    DueKind.OUTLAY: (_outlay_community, _outlay),
    DueKind.CHECK_IN: (_check_in_community(DueKind.CHECK_IN), _check_in),
    DueKind.CHECK_IN_STEP: (_occasion_community, checkin.step),
    DueKind.CONTACT: (_check_in_community(DueKind.CONTACT), contacts.silent),
    DueKind.HANDOVER: (rota.group_of, duty.came),
    DueKind.HANDOVER_ONCE: (rota.group_of_dated, duty.came_once),
    DueKind.NOTE: (_itself, daily_note.tell),
    DueKind.BROADCAST: (broadcasts.community_of, _broadcast),
    DueKind.SPENDING: (_itself, spending.tell),
    DueKind.FORGET: (_member_community, rights.forget),
    DueKind.RETRY: (_member_community, reach.retry),
    DueKind.UNUSED: (_member_community, unused.silent),
    DueKind.WORRY: (worries.group_of, worry.step),
    DueKind.VETTING: (_member_community, vetting.came_due),
}
