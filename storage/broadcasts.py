"""One voice to many: what is told, whom it goes to, how far it has got, what came back.

Whom a broadcast goes to is settled once, by the database itself, when it is let go. From then on a
row of `recipients` without an `outbox_id` is somebody whose turn has not come.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from storage import cells, members
from storage.database import Transaction
from storage.messages import SOON, is_one_of
from storage.model import PRIORITY_RANK, Channel, Member, Need, Priority, Role, SendStatus, Standing
from storage.model_broadcasts import (
    Audience,
    Broadcast,
    BroadcastStatus,
    Counts,
    LeftOut,
    Purpose,
    Reach,
    Recipient,
    Reply,
)
from storage.ready import Row
from storage.schema import (
    addresses,
    broadcast_replies,
    broadcast_texts,
    broadcasts,
    outbox,
    recipients,
)
from storage.schema import members as people

MOST_KM = 20.0
"""As far as "around a place" goes: some 12,000 cells, which one statement can name (SQLite takes
32,766 values)."""

UNSENT = (BroadcastStatus.DRAFT, BroadcastStatus.PREVIEWED)


async def add(tx: Transaction, broadcast: Broadcast) -> Broadcast:
    """Keep a new broadcast (its `id` is ignored)."""
    ident = await tx.add(broadcasts, **_to_row(tx, broadcast))
    for language, words in broadcast.texts.items():
        await set_text(tx, ident, language, words)
    return await get(tx, ident)


async def save(tx: Transaction, broadcast: Broadcast) -> Broadcast:
    """Keep a broadcast as it is now, but for its texts (`set_text`)."""
    values = _to_row(tx, broadcast)
    await tx.run(sa.update(broadcasts).where(broadcasts.c.id == broadcast.id).values(**values))
    return broadcast


async def set_text(tx: Transaction, ident: int, language: str, words: str) -> None:
    """What it says in one language, in place of what it said in it before."""
    values = {
        "broadcast_id": ident,
        "language": language,
        "sealed_text": tx.vault.seal(words),
    }
    insert = tx.upsert(broadcast_texts).values(**values)
    await tx.run(
        insert.on_conflict_do_update(index_elements=["broadcast_id", "language"], set_=values)
    )


async def clear_texts(tx: Transaction, ident: int) -> None:
    """Forget what it says, in every language."""
    await tx.run(sa.delete(broadcast_texts).where(broadcast_texts.c.broadcast_id == ident))


async def get(tx: Transaction, ident: int, *, lock: bool = False) -> Broadcast:
    """A broadcast by id, which must exist. `lock`: nobody else changes it until this commits."""
    statement = sa.select(broadcasts).where(broadcasts.c.id == ident)
    row = await tx.one(statement.with_for_update(key_share=True) if lock else statement)
    if row is None:
        raise LookupError(f"no broadcast {ident}")
    return await _from_row(tx, row)


async def unsent_of(tx: Transaction, organiser_id: int) -> Broadcast | None:
    """What an organiser is putting together, the latest if there are several; locked."""
    row = await tx.one(
        sa.select(broadcasts)
        .where(
            broadcasts.c.organiser_id == organiser_id,
            broadcasts.c.status.in_([status.value for status in UNSENT]),
        )
        .order_by(broadcasts.c.id.desc())
        .limit(1)
        .with_for_update(key_share=True)
    )
    return await _from_row(tx, row) if row else None


async def let_go(
    tx: Transaction, community_id: int, *statuses: BroadcastStatus, most: int = 1
) -> list[Broadcast]:
    """The latest broadcasts of a group that were let go, in one of these states if any are named;
    the latest first."""
    which = [broadcasts.c.community_id == community_id, broadcasts.c.confirmed_at.is_not(None)]
    if statuses:
        which.append(broadcasts.c.status.in_([status.value for status in statuses]))
    rows = await tx.all(
        sa.select(broadcasts)
        .where(*which)
        .order_by(broadcasts.c.confirmed_at.desc(), broadcasts.c.id.desc())
        .limit(most)
    )
    return [await _from_row(tx, row) for row in rows]


async def community_of(tx: Transaction, ident: int) -> int | None:
    """Which group a broadcast is of."""
    return await tx.value(  # type: ignore[no-any-return]
        sa.select(broadcasts.c.community_id).where(broadcasts.c.id == ident)
    )


async def latest_asking(tx: Transaction, community_id: int) -> Broadcast | None:
    """The latest broadcast of a group that people could answer."""
    row = await tx.one(
        sa.select(broadcasts)
        .where(
            broadcasts.c.community_id == community_id,
            broadcasts.c.confirmed_at.is_not(None),
            broadcasts.c.sealed_answers != b"",
        )
        .order_by(broadcasts.c.confirmed_at.desc(), broadcasts.c.id.desc())
        .limit(1)
    )
    return await _from_row(tx, row) if row else None


async def latest_of(tx: Transaction, organiser_id: int, since: datetime) -> list[Broadcast]:
    """What an organiser has begun since then, the latest first, and no more than ten."""
    rows = await tx.all(
        sa.select(broadcasts)
        .where(broadcasts.c.organiser_id == organiser_id, broadcasts.c.created_at >= since)
        .order_by(broadcasts.c.id.desc())
        .limit(10)
    )
    return [await _from_row(tx, row) for row in rows]


# Whom it goes to


async def reach(tx: Transaction, broadcast: Broadcast, channels: Collection[Channel]) -> Reach:
    """Whom it would go to now, counted, and who is left out and why."""
    channel, left_out = _channel(channels), _left_out(broadcast.purpose, channels)
    found = sa.select(channel.label("channel"), people.c.language, left_out.label("left_out"))
    listed = found.where(*_meant(broadcast)).subquery()
    rows = await tx.all(
        sa.select(listed, sa.func.count().label("n")).group_by(
            listed.c.channel, listed.c.language, listed.c.left_out
        )
    )
    by: dict[tuple[Channel, str], int] = {}
    out: dict[LeftOut, int] = {}
    for row in rows:
        if row["left_out"]:
            why = LeftOut(row["left_out"])
            out[why] = out.get(why, 0) + row["n"]
        else:
            by[Channel(row["channel"]), row["language"]] = row["n"]
    return Reach(by, {why: out[why] for why in LeftOut if why in out})


async def freeze(tx: Transaction, broadcast: Broadcast, channels: Collection[Channel]) -> int:
    """Settle whom it goes to, once and for all; how many they are. One statement, in which no row
    leaves the database."""
    left_out = _left_out(broadcast.purpose, channels)
    chosen = (
        sa.select(
            sa.literal(broadcast.id, sa.BigInteger()), people.c.id, _channel(channels), left_out
        )
        .where(*_meant(broadcast), left_out == "")
        .order_by(people.c.id)
    )
    insert = tx.upsert(recipients).from_select(
        ["broadcast_id", "member_id", "channel", "left_out"], chosen, include_defaults=False
    )
    return int((await tx.run(insert.on_conflict_do_nothing())).rowcount)


def _meant(broadcast: Broadcast) -> list[sa.ColumnElement[bool]]:
    """Who is meant, whether or not it may go to them; `rules.audience.is_meant` says the same of
    one member, and a test holds the two together. Not who writes it: they know."""
    audience = broadcast.audience or Audience()
    which = [
        people.c.community_id == broadcast.community_id,
        people.c.standing == Standing.ACTIVE.value,
        people.c.roles != "",
        people.c.id != broadcast.organiser_id,
    ]
    if audience.role:
        which.append(people.c.roles.in_(members.roles_with(audience.role)))
    if audience.areas:
        areas = [people.c.area == area for area in audience.areas]
        areas += [people.c.area.startswith(f"{a} ", autoescape=True) for a in audience.areas]
        which.append(sa.or_(*areas))
    if audience.cell is not None:
        which.append(people.c.cell.in_(cells.within(audience.cell, audience.km)))
    if audience.language:
        which.append(people.c.language == audience.language)
    if audience.need:
        bit = members.NEED_BIT[audience.need]
        which.append(people.c.can_do.bitwise_and(bit) != 0)
        which.append(people.c.roles.in_(members.roles_with(Role.HELPER)))
    if audience.silent_in is not None:
        which.append(
            people.c.id.in_(
                sa.select(recipients.c.member_id).where(
                    recipients.c.broadcast_id == audience.silent_in,
                    recipients.c.outbox_id.is_not(None),
                    recipients.c.answer.is_(None),
                )
            )
        )
    return which


def _channel(channels: Collection[Channel]) -> sa.ColumnElement[Any]:
    """Where somebody is written to, as `members.reach` has it; null if nowhere."""
    return (
        sa.select(addresses.c.channel)
        .where(*_reached(channels))
        .order_by(
            addresses.c.wrote_at.desc().nulls_last(), addresses.c.channel.desc(), addresses.c.id
        )
        .limit(1)
        .correlate(people)
        .scalar_subquery()
    )


def _reached(channels: Collection[Channel]) -> list[sa.ColumnElement[bool]]:
    return [
        addresses.c.member_id == people.c.id,
        addresses.c.unreachable == "",
        addresses.c.channel.in_([channel.value for channel in channels]),
    ]


def _left_out(purpose: Purpose, channels: Collection[Channel]) -> sa.ColumnElement[str]:
    """Why it may not go to somebody; empty if it may."""
    agreed = people.c.appeals if purpose is Purpose.APPEAL else people.c.consent
    return sa.case(
        (people.c.stopped_at.is_not(None), LeftOut.STOPPED.value),
        (people.c.unreachable != "", LeftOut.UNREACHABLE.value),
        (~sa.exists().where(*_reached(channels)), LeftOut.UNREACHABLE.value),
        (agreed == "", LeftOut.NO_CONSENT.value),
        else_="",
    )


# Their turn


async def next_recipients(
    tx: Transaction, ident: int, channel: Channel, most: int
) -> list[tuple[Recipient, Member]]:
    """Those whose turn is next on one channel, as they are now. Reads no more rows than that."""
    theirs = (
        sa.select(recipients)
        .where(
            recipients.c.broadcast_id == ident,
            recipients.c.channel == channel.value,
            _to_come(),
        )
        .order_by(recipients.c.id)
        .limit(most)
    )
    found = [_recipient(row) for row in await tx.all(theirs)]
    known = {each.id: each for each in await members.several(tx, (one.member_id for one in found))}
    return [(one, known[one.member_id]) for one in found]


async def any_to_come(tx: Transaction, ident: int) -> bool:
    """Whether anybody's turn has not come."""
    some = sa.select(recipients.c.id).where(recipients.c.broadcast_id == ident, _to_come()).limit(1)
    return await tx.value(some) is not None


async def to_come(tx: Transaction, ident: int) -> int:
    """How many people's turn has not come: counted in an index of theirs alone."""
    some = sa.select(sa.func.count()).where(recipients.c.broadcast_id == ident, _to_come())
    return int(await tx.value(some) or 0)


def _to_come() -> sa.ColumnElement[bool]:
    # To the letter as the index has it, or SQLite does not use it.
    return sa.text("outbox_id IS NULL AND left_out = ''")  # type: ignore[return-value]


async def had_turn(tx: Transaction, recipient_id: int, outbox_id: int) -> None:
    """Their message is in the outbox: in the same commit, so nobody gets it twice or not at all."""
    await tx.run(
        sa.update(recipients).where(recipients.c.id == recipient_id).values(outbox_id=outbox_id)
    )


async def went_elsewhere(tx: Transaction, outbox_id: int, instead: int) -> None:
    """A message failed for good, and another goes to the same person in another way: that is the
    one that counts."""
    await tx.run(
        sa.update(recipients).where(recipients.c.outbox_id == outbox_id).values(outbox_id=instead)
    )


async def held_until(tx: Transaction, ident: int, code: str, now: datetime) -> datetime | None:
    """When what is held back of it for that reason may go; none if nothing is."""
    mine = outbox.join(recipients, recipients.c.outbox_id == outbox.c.id)
    found: datetime | None = await tx.value(
        sa.select(outbox.c.next_at)
        .select_from(mine)
        .where(
            is_one_of(outbox.c.status, SendStatus.QUEUED),
            outbox.c.priority == PRIORITY_RANK[Priority.BROADCAST],
            outbox.c.next_at > now,
            outbox.c.code == code,
            recipients.c.broadcast_id == ident,
        )
        .order_by(outbox.c.next_at)
        .limit(1)
    )
    return found


async def leave_out(tx: Transaction, recipient_id: int, why: LeftOut) -> None:
    """They were to have it, and may not any more."""
    await tx.run(
        sa.update(recipients).where(recipients.c.id == recipient_id).values(left_out=why.value)
    )


async def in_hand(tx: Transaction, channel: Channel, now: datetime) -> int:
    """How many broadcast messages of any group wait in the outbox to go soon on a channel: what is
    put off for longer holds nobody up."""
    return int(
        await tx.value(
            sa.select(sa.func.count()).where(
                outbox.c.channel == channel.value,
                is_one_of(outbox.c.status, SendStatus.QUEUED),
                outbox.c.priority == PRIORITY_RANK[Priority.BROADCAST],
                outbox.c.next_at <= now + SOON,
            )
        )
        or 0
    )


async def unsettled(tx: Transaction, ident: int, before: datetime) -> int:
    """How many of its messages are still to go, or being sent, by then at the latest. Of a message
    that the provider asked us to keep for hours the others need not wait."""
    mine = outbox.join(recipients, recipients.c.outbox_id == outbox.c.id)
    going = sa.or_(
        sa.and_(is_one_of(outbox.c.status, SendStatus.QUEUED), outbox.c.next_at <= before),
        sa.and_(
            is_one_of(outbox.c.status, SendStatus.SENDING, SendStatus.UNKNOWN),
            sa.or_(outbox.c.status == SendStatus.SENDING.value, outbox.c.next_at <= before),
        ),
    )
    return int(
        await tx.value(
            sa.select(sa.func.count())
            .select_from(mine)
            .where(going, recipients.c.broadcast_id == ident)
        )
        or 0
    )


async def withdraw(tx: Transaction, ident: int, member_id: int | None = None) -> int:
    """Take back what has not gone, of everybody or one member; how many messages they were."""
    mine = sa.select(recipients.c.outbox_id).where(
        recipients.c.broadcast_id == ident, recipients.c.outbox_id.is_not(None)
    )
    if member_id is not None:
        mine = mine.where(recipients.c.member_id == member_id)
    result = await tx.run(
        sa.update(outbox)
        .where(is_one_of(outbox.c.status, SendStatus.QUEUED), outbox.c.id.in_(mine))
        .values(status=SendStatus.WITHDRAWN.value)
    )
    return int(result.rowcount)


async def counts(tx: Transaction, ident: int) -> Counts:
    """How far it has got. Reads its whole list: not to be asked every second."""
    stands = sa.case(
        (recipients.c.left_out != "", "left_out"),
        (recipients.c.outbox_id.is_(None), "ahead"),
        else_=sa.func.coalesce(outbox.c.status, SendStatus.SENT.value),
    ).label("stands")
    why = sa.case((recipients.c.left_out != "", recipients.c.left_out), else_=outbox.c.reason)
    listed = (
        sa.select(stands, why.label("why"), outbox.c.segments)
        .select_from(recipients.outerjoin(outbox, outbox.c.id == recipients.c.outbox_id))
        .where(recipients.c.broadcast_id == ident)
        .subquery()
    )
    rows = await tx.all(
        sa.select(
            listed.c.stands,
            listed.c.why,
            sa.func.count().label("n"),
            sa.func.coalesce(sa.func.sum(listed.c.segments), 0).label("parts"),
        ).group_by(listed.c.stands, listed.c.why)
    )

    def those(*words: str) -> int:
        return sum(row["n"] for row in rows if row["stands"] in words)

    def why_of(word: str) -> dict[str, int]:
        return {str(row["why"] or ""): row["n"] for row in rows if row["stands"] == word}

    status = SendStatus
    return Counts(
        listed=sum(row["n"] for row in rows),
        left_out={LeftOut(why): n for why, n in why_of("left_out").items()},
        ahead=those("ahead"),
        waiting=those(status.QUEUED.value, status.SENDING.value),
        sent=those(status.SENT.value, status.DELIVERED.value),
        delivered=those(status.DELIVERED.value),
        unsure=those(status.UNKNOWN.value),
        withdrawn=those(status.WITHDRAWN.value),
        failed=why_of(status.FAILED.value),
        parts=sum(int(row["parts"]) for row in rows),
    )


async def last_sent_at(tx: Transaction, ident: int) -> datetime | None:
    """When the latest of it went. Reads its whole list: not to be asked every second."""
    mine = outbox.join(recipients, recipients.c.outbox_id == outbox.c.id)
    latest = sa.select(sa.func.max(outbox.c.sent_at)).select_from(mine)
    found: datetime | None = await tx.value(latest.where(recipients.c.broadcast_id == ident))
    return found


async def awaited(tx: Transaction, ident: int, channel: Channel) -> bool:
    """Whether the provider of a channel has yet to say what became of some of it."""
    some = (
        sa.select(recipients.c.id)
        .join(outbox, outbox.c.id == recipients.c.outbox_id)
        .where(
            recipients.c.broadcast_id == ident,
            outbox.c.channel == channel.value,
            outbox.c.status == SendStatus.SENT.value,
        )
        .limit(1)
    )
    return await tx.value(some) is not None


# What comes back


async def answer(tx: Transaction, ident: int, member_id: int, which: int) -> bool:
    """They chose this answer, whatever they chose before; whether they were asked at all."""
    result = await tx.run(
        sa.update(recipients)
        .where(recipients.c.broadcast_id == ident, recipients.c.member_id == member_id)
        .values(answer=which)
    )
    return bool(result.rowcount)


async def answers(tx: Transaction, ident: int) -> dict[int, int]:
    """How many chose each answer, by its place from 0."""
    rows = await tx.all(
        sa.select(recipients.c.answer, sa.func.count().label("n"))
        .where(recipients.c.broadcast_id == ident, recipients.c.answer.is_not(None))
        .group_by(recipients.c.answer)
        .order_by(recipients.c.answer)
    )
    return {row["answer"]: row["n"] for row in rows}


async def who_answered(tx: Transaction, ident: int, which: int, most: int) -> list[Member]:
    """Those who chose an answer, the first on the list first."""
    rows = await tx.all(
        sa.select(recipients.c.member_id)
        .where(recipients.c.broadcast_id == ident, recipients.c.answer == which)
        .order_by(recipients.c.id)
        .limit(most)
    )
    return await members.several(tx, (row["member_id"] for row in rows))


async def latest_to(tx: Transaction, member_id: int, since: datetime) -> int | None:
    """The broadcast that went to somebody last, if that was since then."""
    found = await tx.one_with(_latest_to(), whose=member_id, since=since)
    return int(found["broadcast_id"]) if found else None


@cache
def _latest_to() -> sa.Select[Any]:
    went = (SendStatus.SENT.value, SendStatus.DELIVERED.value, SendStatus.UNKNOWN.value)
    return (
        sa.select(recipients.c.broadcast_id)
        .join(outbox, outbox.c.id == recipients.c.outbox_id)
        .where(
            recipients.c.member_id == sa.bindparam("whose", type_=recipients.c.member_id.type),
            outbox.c.sent_at >= sa.bindparam("since", type_=outbox.c.sent_at.type),
            outbox.c.status.in_(went),
        )
        .order_by(outbox.c.sent_at.desc())
        .limit(1)
    )


async def of_message(
    tx: Transaction, member_id: int, channel: Channel, provider_id: str
) -> int | None:
    """The broadcast that a message to somebody was, by the provider's id of it."""
    return await tx.value(  # type: ignore[no-any-return]
        sa.select(recipients.c.broadcast_id)
        .join(outbox, outbox.c.id == recipients.c.outbox_id)
        .where(
            recipients.c.member_id == member_id,
            outbox.c.channel == channel.value,
            outbox.c.provider_id == provider_id,
        )
        .limit(1)
    )


async def add_reply(tx: Transaction, ident: int, member_id: int, words: str, now: datetime) -> None:
    """Keep what somebody wrote back."""
    await tx.add(
        broadcast_replies,
        broadcast_id=ident,
        member_id=member_id,
        sealed_words=(await tx.key_of(member_id)).seal(words),
        at=now,
    )


async def reply_count(tx: Transaction, ident: int) -> int:
    found = sa.select(sa.func.count()).where(broadcast_replies.c.broadcast_id == ident)
    return int(await tx.value(found) or 0)


async def replies(tx: Transaction, ident: int, most: int) -> list[Reply]:
    """What was written back, the latest first, as far as its words are still kept."""
    rows = await tx.all(
        sa.select(broadcast_replies)
        .where(broadcast_replies.c.broadcast_id == ident, broadcast_replies.c.sealed_words != b"")
        .order_by(broadcast_replies.c.id.desc())
        .limit(most)
    )
    await tx.load_keys(row["member_id"] for row in rows)
    return [
        Reply(
            row["id"],
            ident,
            row["member_id"],
            row["at"],
            tx.keys[row["member_id"]].open(row["sealed_words"]),
        )
        for row in rows
    ]


async def appeals_to(tx: Transaction, member_id: int) -> list[int]:
    """The appeals that are on their way to somebody."""
    rows = await tx.all(
        sa.select(recipients.c.broadcast_id)
        .join(broadcasts, broadcasts.c.id == recipients.c.broadcast_id)
        .where(
            recipients.c.member_id == member_id,
            broadcasts.c.purpose == Purpose.APPEAL.value,
            broadcasts.c.status.in_(
                (BroadcastStatus.SCHEDULED.value, BroadcastStatus.RUNNING.value)
            ),
        )
    )
    return [row["broadcast_id"] for row in rows]


# To and from rows


def _to_row(tx: Transaction, broadcast: Broadcast) -> dict[str, Any]:
    seal = tx.vault.seal
    audience = broadcast.audience
    return {
        "community_id": broadcast.community_id,
        "organiser_id": broadcast.organiser_id,
        "status": broadcast.status.value,
        "purpose": broadcast.purpose.value,
        "settled": ",".join(broadcast.settled),
        "sealed_audience": tx.vault.seal_json(_facts(audience)) if audience else b"",
        "sealed_answers": tx.vault.seal_json(broadcast.answers) if broadcast.answers else b"",
        "sealed_urgent": seal(broadcast.urgent),
        "sealed_code": seal(broadcast.code),
        "code_until": broadcast.code_until,
        "tries": broadcast.tries,
        "created_at": broadcast.created_at,
        "go_at": broadcast.go_at,
        "confirmed_at": broadcast.confirmed_at,
        "fed_at": broadcast.fed_at,
        "told_at": broadcast.told_at,
        "reported_at": broadcast.reported_at,
        "replies_told": broadcast.replies_told,
        "replies_told_at": broadcast.replies_told_at,
        "listed": broadcast.listed,
    }


async def _from_row(tx: Transaction, row: Row) -> Broadcast:
    unseal, unseal_json = tx.vault.open, tx.vault.open_json
    texts = await tx.all(
        sa.select(broadcast_texts)
        .where(broadcast_texts.c.broadcast_id == row["id"])
        .order_by(broadcast_texts.c.id)
    )
    audience, replied = row["sealed_audience"], row["sealed_answers"]
    return Broadcast(
        id=row["id"],
        community_id=row["community_id"],
        organiser_id=row["organiser_id"],
        status=BroadcastStatus(row["status"]),
        created_at=row["created_at"],
        purpose=Purpose(row["purpose"]),
        settled=tuple(filter(None, row["settled"].split(","))),
        audience=_audience(unseal_json(audience)) if audience else None,
        answers=tuple(unseal_json(replied)) if replied else (),
        texts={text["language"]: unseal(text["sealed_text"]) for text in texts},
        urgent=unseal(row["sealed_urgent"]),
        go_at=row["go_at"],
        code=unseal(row["sealed_code"]),
        code_until=row["code_until"],
        tries=row["tries"],
        confirmed_at=row["confirmed_at"],
        fed_at=row["fed_at"],
        told_at=row["told_at"],
        reported_at=row["reported_at"],
        replies_told=row["replies_told"],
        replies_told_at=row["replies_told_at"],
        listed=row["listed"],
    )


def _facts(audience: Audience) -> dict[str, Any]:
    return {name: getattr(audience, name) for name in Audience.__slots__}


def _audience(facts: dict[str, Any]) -> Audience:
    found = Audience(**{**facts, "areas": tuple(facts["areas"])})
    role, need = facts["role"], facts["need"]
    return replace(found, role=Role(role) if role else None, need=Need(need) if need else None)


def _recipient(row: Row) -> Recipient:
    return Recipient(
        id=row["id"],
        broadcast_id=row["broadcast_id"],
        member_id=row["member_id"],
        outbox_id=row["outbox_id"],
        left_out=LeftOut(row["left_out"]) if row["left_out"] else None,
        answer=row["answer"],
    )
