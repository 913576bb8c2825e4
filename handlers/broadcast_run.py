"""A broadcast on its way: let go, fed to the outbox a few seconds of work at a time, shown as it
fills up, called back, and reported.

Whom it goes to was settled when it was let go (`broadcasts.freeze`). Each step takes those whose
turn is next, and notes in the same commit that they have had it: after a restart it goes on where
it was, and nobody gets it twice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from handlers import spending
from handlers.rules import timing
from handlers.rules.lifecycle import become
from handlers.rules.segments import segments
from handlers.turn import MOST_SEGMENTS, QUOTED, Turn, one_line
from storage import broadcasts, members, questions
from storage.model import Channel, DueKind, Member, Priority, Role, Standing
from storage.model_broadcasts import (
    Broadcast,
    BroadcastStatus,
    Counts,
    LeftOut,
    Purpose,
)

KIND = "broadcast"
"""What the outbox says that a message of one is about."""

ANSWER = "broadcast.answer"
"""The question that everybody gets where something is asked."""

PROGRESS = "broadcast.running"
"""The question whose message fills up; its answer calls the broadcast back."""

AHEAD = timedelta(seconds=5)
"""Work that lies in the outbox: enough that the line never stands still between two looks, little
enough that calling back is at once."""

LOOK = timedelta(seconds=2)

SLOWLY = timedelta(minutes=1)
"""The same, at most, while the last of it is waited for."""

CHUNK = 10
"""People a transaction: while it lasts, some 20 ms, nobody else can write (SQLite)."""

SHOWN_EVERY = timedelta(seconds=5)
SHOWN_EVERY_OF_MANY = timedelta(seconds=15)
"""Between two edits of the message that fills up; Telegram allows one a second in a chat."""
MANY = 1_000

RECEIPTS = timedelta(minutes=10)
"""The report waits so long for networks to say what arrived. Some take up to 72 hours."""

GONE_BY = timedelta(minutes=5)
"""What is put off for longer than this does not hold up the report."""

REPLIES_TOLD = timedelta(minutes=15)
"""An organiser hears of replies at once, and then no more often than this."""

YES_OR_NO = ("@yes", "@no")
"""Answers that each reads in their own language: the names of choices behind an @."""

PUT_OFF = timedelta(days=7)
"""What waits for less than this (for tomorrow, at a group's daily cap) is still to go."""

QUOTE = 30
"""Characters of it by which an organiser knows which broadcast is meant."""


# Letting go


async def let_go(turn: Turn, broadcast: Broadcast) -> Broadcast:
    """Settle whom it goes to, and let it go, at once or when it is to. It must be locked."""
    now = turn.now
    later = broadcast.go_at is not None and broadcast.go_at > now
    status = BroadcastStatus.SCHEDULED if later else BroadcastStatus.RUNNING
    listed = await broadcasts.freeze(turn.tx, broadcast, turn.desk.can)
    broadcast = await broadcasts.save(
        turn.tx,
        replace(
            broadcast,
            status=become(broadcast.status, status),
            confirmed_at=now,
            listed=listed,
        ),
    )
    at = broadcast.go_at if later and broadcast.go_at else now
    await turn.later(DueKind.BROADCAST, broadcast.id, at)
    await turn.note(
        "broadcast",
        "broadcast",
        broadcast.id,
        listed=listed,
        purpose=broadcast.purpose.value,
        urgent=bool(broadcast.urgent),
        at=at.isoformat(timespec="seconds"),
    )
    return broadcast


# Going on


async def go_on(turn: Turn, broadcast: Broadcast) -> None:
    """The next step of one that was let go; it must be locked."""
    status = broadcast.status
    if status is BroadcastStatus.SCHEDULED:
        if broadcast.go_at and broadcast.go_at > turn.now:
            await turn.later(DueKind.BROADCAST, broadcast.id, broadcast.go_at)
            return
        status = become(status, BroadcastStatus.RUNNING)
        broadcast = await broadcasts.save(turn.tx, replace(broadcast, status=status))
    if status is BroadcastStatus.RUNNING:
        await _feed(turn, broadcast)
    elif status is BroadcastStatus.CALLED_BACK and broadcast.reported_at is None:
        await _end(turn, broadcast)
    elif status in (BroadcastStatus.DONE, BroadcastStatus.CALLED_BACK):
        await show(turn, broadcast)  # somebody has answered since
    await tell_replies(turn, await broadcasts.get(turn.tx, broadcast.id))


async def _feed(turn: Turn, broadcast: Broadcast) -> None:
    if not broadcast.urgent and timing.is_quiet(turn.now, turn.community):
        morning = timing.not_quiet(turn.now, turn.community)
        await turn.later(DueKind.BROADCAST, broadcast.id, morning)
        await show(turn, broadcast, waits_until=morning)
        return
    if held := await broadcasts.held_until(turn.tx, broadcast.id, spending.HELD, turn.now):
        # The group has sent what it may today. The rest is not put there to lie with it.
        await turn.later(DueKind.BROADCAST, broadcast.id, held)
        await show(turn, broadcast, waits_until=held)
        return
    room_left = False
    for channel in turn.desk.can:
        room = _most(turn, broadcast, channel)
        room -= await broadcasts.in_hand(turn.tx, channel, turn.now)
        if room <= 0:
            continue
        found = await broadcasts.next_recipients(turn.tx, broadcast.id, channel, min(room, CHUNK))
        for recipient, member in found:
            await _give(turn, broadcast, recipient.id, member)
        room_left |= len(found) == CHUNK and room > CHUNK
    if room_left:
        await turn.later(DueKind.BROADCAST, broadcast.id, turn.now)
        return
    if await broadcasts.any_to_come(turn.tx, broadcast.id):
        await _show_now_and_then(turn, broadcast)
        await turn.later(DueKind.BROADCAST, broadcast.id, turn.now + LOOK)
        return
    await _end(turn, broadcast)


def _most(turn: Turn, broadcast: Broadcast, channel: Channel) -> int:
    """Messages that are `AHEAD` seconds of work; texts count by their parts."""
    rate = turn.desk.rates.get(channel, 1.0) * AHEAD.total_seconds()
    if not turn.desk.has_buttons(channel):
        rate /= max(segments(words) for words in broadcast.texts.values())
    return max(2, int(rate))


async def _give(turn: Turn, broadcast: Broadcast, recipient_id: int, member: Member) -> None:
    """Put it in the outbox for one person; or note why not, if that has changed."""
    why = may_not(broadcast, member)
    outbox_id = None if why else await _queue(turn, broadcast, member)
    if outbox_id is None:
        await broadcasts.leave_out(turn.tx, recipient_id, why or LeftOut.UNREACHABLE)
    else:
        await broadcasts.had_turn(turn.tx, recipient_id, outbox_id)


def may_not(broadcast: Broadcast, member: Member) -> LeftOut | None:
    """Why somebody on the list may not have it any more; `broadcasts.freeze` asks the same."""
    agreed = member.appeals if broadcast.purpose is Purpose.APPEAL else member.consent
    if member.standing is not Standing.ACTIVE:
        return LeftOut.LEFT
    if member.stopped_at is not None:
        return LeftOut.STOPPED
    if member.unreachable:
        return LeftOut.UNREACHABLE
    return None if agreed else LeftOut.NO_CONSENT


async def _queue(turn: Turn, broadcast: Broadcast, member: Member) -> int | None:
    entry, words = as_told(broadcast, member.language)
    about = {"kind": KIND, "ref": broadcast.id}
    wakes = bool(broadcast.urgent)
    if not broadcast.answers:
        return await turn.say(
            member, entry, priority=Priority.BROADCAST, about=about, wakes=wakes, words=words
        )
    question = await turn.ask(
        member,
        entry,
        ANSWER,
        broadcast.id,
        choices(turn, broadcast, member.language),
        priority=Priority.BROADCAST,
        about=about,
        wakes=wakes,
        words=words,
    )
    return question.outbox_id if question else None


def as_told(broadcast: Broadcast, language: str) -> tuple[str, str]:
    """The entry and the words that somebody of that language gets: the first text, where there is
    none in theirs."""
    words = broadcast.texts.get(language) or next(iter(broadcast.texts.values()))
    appeal = broadcast.purpose is Purpose.APPEAL
    return "broadcast.appeal" if appeal else "broadcast.text", words


def choices(turn: Turn, broadcast: Broadcast, language: str) -> list[tuple[str, str]]:
    """What people can answer; the key is the answer's place."""
    labels = [
        turn.text(language, f"choice.{label[1:]}") if label in YES_OR_NO else label
        for label in broadcast.answers
    ]
    return [(str(place), label) for place, label in enumerate(labels)]


# Calling back


async def call_back(turn: Turn, broadcast: Broadcast) -> int:
    """Let it go to nobody else; how many messages could be taken back. It must be locked."""
    taken = await broadcasts.withdraw(turn.tx, broadcast.id)
    status = become(broadcast.status, BroadcastStatus.CALLED_BACK)
    broadcast = await broadcasts.save(turn.tx, replace(broadcast, status=status, fed_at=turn.now))
    await turn.later(DueKind.BROADCAST, broadcast.id, turn.now + LOOK)
    await turn.note("broadcast_back", "broadcast", broadcast.id, taken=taken)
    return taken


# The end


async def _end(turn: Turn, broadcast: Broadcast) -> None:
    """Everybody has had their turn: wait for the last to be sent and for what networks say of them,
    within reason, then report."""
    fed_at = broadcast.fed_at or turn.now
    if broadcast.fed_at is None:
        broadcast = await broadcasts.save(turn.tx, replace(broadcast, fed_at=fed_at))
    since = turn.now - fed_at
    going = await broadcasts.unsettled(turn.tx, broadcast.id, turn.now + GONE_BY)
    if going:
        await _show_now_and_then(turn, broadcast)
        await turn.later(
            DueKind.BROADCAST, broadcast.id, turn.now + max(LOOK, min(since / 4, SLOWLY))
        )
        return
    # What was held over the night went long after its turn had come.
    last = await broadcasts.last_sent_at(turn.tx, broadcast.id) or fed_at
    since = turn.now - max(fed_at, min(last, turn.now))
    if since < RECEIPTS and await _awaits(turn, broadcast):
        await _show_now_and_then(turn, broadcast)
        wait = max(LOOK, min(since, RECEIPTS - since))
        await turn.later(DueKind.BROADCAST, broadcast.id, turn.now + wait)
        return
    if broadcast.status is BroadcastStatus.RUNNING:
        status = become(broadcast.status, BroadcastStatus.DONE)
        broadcast = replace(broadcast, status=status)
    broadcast = await broadcasts.save(turn.tx, replace(broadcast, reported_at=turn.now))
    await show(turn, broadcast)
    await questions.close(turn.tx, turn.now, PROGRESS, ref=broadcast.id)
    organiser = await members.get(turn.tx, broadcast.organiser_id)
    await turn.say(
        organiser,
        "lines",
        lines=await report(turn, broadcast, organiser),
        about={"kind": "broadcast.report"},
        # Who lets something go at night, because it can't wait, waits for this.
        wakes=bool(broadcast.urgent),
    )


async def _awaits(turn: Turn, broadcast: Broadcast) -> bool:
    # What has no buttons is a text, of which the network says later whether it arrived.
    texts = [channel for channel in turn.desk.can if not turn.desk.has_buttons(channel)]
    return any([await broadcasts.awaited(turn.tx, broadcast.id, channel) for channel in texts])


# What comes back meanwhile


async def tell_replies(turn: Turn, broadcast: Broadcast) -> None:
    """Tell its organiser of replies that they have not heard of: at once, or when they may hear
    again. Where they look after the group no more, whoever does is told."""
    count = await broadcasts.reply_count(turn.tx, broadcast.id)
    if count <= broadcast.replies_told:
        return
    at = (broadcast.replies_told_at or turn.now - REPLIES_TOLD) + REPLIES_TOLD
    if at > turn.now:
        # While it runs there is a next look anyway.
        if broadcast.reported_at is not None:
            await turn.later(DueKind.BROADCAST, broadcast.id, at)
        return
    latest = await broadcasts.replies(turn.tx, broadcast.id, 1)
    who = await members.get(turn.tx, latest[0].member_id)
    await broadcasts.save(turn.tx, replace(broadcast, replies_told=count, replies_told_at=turn.now))
    organiser = await members.get(turn.tx, broadcast.organiser_id)
    words = one_line(latest[0].words, QUOTED)
    about = {"kind": "broadcast.reply"}
    if organiser.is_a(Role.ORGANISER) and not organiser.unreachable and not organiser.stopped_at:
        await turn.say(
            organiser,
            "broadcast.reply.told",
            about=about,
            count=count,
            who=turn.who(who)(organiser.language),
            words=words,
        )
    else:
        await turn.tell_organisers(
            "broadcast.reply.told", about=about, count=count, who=turn.who(who), words=words
        )


# Showing


async def _show_now_and_then(turn: Turn, broadcast: Broadcast) -> None:
    every = SHOWN_EVERY if broadcast.listed < MANY else SHOWN_EVERY_OF_MANY
    if broadcast.told_at is None or turn.now - broadcast.told_at >= every:
        await show(turn, broadcast)


async def show_soon(turn: Turn, broadcast: Broadcast) -> None:
    """Somebody has answered one that is over: show it, now or soon, and not too often."""
    if broadcast.reported_at is not None:
        at = (broadcast.told_at or turn.now) + SHOWN_EVERY
        await turn.later(DueKind.BROADCAST, broadcast.id, max(turn.now, at))


async def show(turn: Turn, broadcast: Broadcast, waits_until: datetime | None = None) -> None:
    """Bring the message that fills up to where things are, where the channel can change one."""
    shown = await questions.about(turn.tx, PROGRESS, broadcast.id)
    if not shown:
        return
    organiser = await members.get(turn.tx, broadcast.organiser_id)
    if await turn.by_text(organiser):
        return
    await broadcasts.save(turn.tx, replace(broadcast, told_at=turn.now))
    going = broadcast.status in (BroadcastStatus.SCHEDULED, BroadcastStatus.RUNNING)
    await turn.edit(
        shown[-1],
        "lines",
        keep=going,
        lines=await progress(turn, broadcast, organiser.language, waits_until),
    )


async def progress(
    turn: Turn, broadcast: Broadcast, language: str, waits_until: datetime | None = None
) -> str:
    """How far it is, in words."""
    if broadcast.reported_at is not None:
        done = (await broadcasts.counts(turn.tx, broadcast.id)).sent
    else:
        done = broadcast.listed - await broadcasts.to_come(turn.tx, broadcast.id)
        done -= await broadcasts.unsettled(turn.tx, broadcast.id, turn.now + PUT_OFF)
    entry = {
        BroadcastStatus.SCHEDULED: "broadcast.scheduled",
        BroadcastStatus.RUNNING: "broadcast.progress",
        BroadcastStatus.CALLED_BACK: "broadcast.progress.back",
    }.get(broadcast.status, "broadcast.progress.over")
    by = waits_until or broadcast.go_at
    if waits_until:
        entry = "broadcast.progress.waits"
    head = turn.text(
        language,
        entry,
        sent=done,
        people=broadcast.listed,
        by=turn.by(by, language) if by else "",
        words=quote(broadcast),
    )
    return "\n".join(filter(None, (head, await counted(turn, broadcast, language))))


def quote(broadcast: Broadcast) -> str:
    """The beginning of it."""
    return one_line(next(iter(broadcast.texts.values()), ""), QUOTE)


async def counted(turn: Turn, broadcast: Broadcast, language: str) -> str:
    """What people have answered, counted; empty where nothing was asked."""
    if not broadcast.answers:
        return ""
    found = await broadcasts.answers(turn.tx, broadcast.id)
    said = ", ".join(
        f"{label} {found.get(int(place), 0)}" for place, label in choices(turn, broadcast, language)
    )
    silent = broadcast.listed - sum(found.values())
    return turn.text(language, "broadcast.answers", choices=said, silent=silent)


async def report(turn: Turn, broadcast: Broadcast, to: Member) -> str:
    """How it went: by text as much of it as two parts hold, the most telling first."""
    language = to.language
    found = await broadcasts.counts(turn.tx, broadcast.id)
    back = broadcast.status is BroadcastStatus.CALLED_BACK
    pieces = [
        turn.text(
            language,
            "broadcast.report.back" if back else "broadcast.report",
            sent=found.sent,
            people=found.listed,
            words=quote(broadcast),
        ),
        _not_reached(turn, found, language),
        await counted(turn, broadcast, language),
    ]
    if found.parts:
        pieces.append(
            turn.text(
                language,
                "broadcast.report.texts",
                found=found.delivered,
                cost=cost(turn, found.parts, language),
            )
        )
    if replies := await broadcasts.reply_count(turn.tx, broadcast.id):
        pieces.append(turn.text(language, "broadcast.report.replies", count=replies))
    if not await turn.by_text(to):
        return "\n".join(filter(None, pieces))
    words = pieces[0]
    for piece in filter(None, pieces[1:]):
        if segments(f"{words} {piece}") <= MOST_SEGMENTS:
            words = f"{words} {piece}"
    return words


def _not_reached(turn: Turn, found: Counts, language: str) -> str:
    why = Counter({reason or "unknown": count for reason, count in found.failed.items()})
    why["unknown"] += found.unsure
    for reason, count in found.left_out.items():
        why["no_address" if reason is LeftOut.UNREACHABLE else "opted_out"] += count
    reasons = [
        turn.text(
            language, "broadcast.failed", count=count, phrase=turn.text(language, f"reason.{name}")
        )
        for name, count in why.most_common()
        if count
    ]
    if not reasons:
        return ""
    return turn.text(language, "broadcast.report.failed", reasons=", ".join(reasons))


def cost(turn: Turn, parts: int, language: str) -> str:
    """So many parts of texts, and their price where one is set."""
    price = turn.desk.price_per_segment
    if price is None:
        return turn.text(language, "broadcast.parts", parts=parts)
    return turn.text(language, "broadcast.cost", parts=parts, cost=f"{parts * price / 100:.2f}")
