"""What came in, what goes out, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from storage.database import Transaction
from storage.model import (
    PRIORITY_RANK,
    SEND_RANK,
    Channel,
    DeliveryReceipt,
    InboundKind,
    InboundMessage,
    OutboundKind,
    OutboundMessage,
    SendStatus,
)
from storage.schema import inbox, outbox, receipts

PRIORITY_OF_RANK = {rank: priority for priority, rank in PRIORITY_RANK.items()}


# What came in


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message in the inbox, to be handled."""

    id: int
    attempts: int
    message: InboundMessage
    received_at: datetime


async def keep_inbound(tx: Transaction, messages: Sequence[InboundMessage], now: datetime) -> int:
    """Store what came in; how many of them were new. A repeat is known by the provider's id."""
    if not messages:
        return 0
    rows = [
        {
            "channel": message.channel.value,
            "provider_id": message.provider_id[:64],
            "lane": tx.vault.fingerprint(message.channel, message.sender),
            "sealed_message": tx.vault.seal_json(_inbound_facts(message)),
            "received_at": now,
            "attempts": 0,
        }
        for message in messages
    ]
    insert = tx.upsert(inbox).values(rows).on_conflict_do_nothing()
    return len((await tx.run(insert.returning(inbox.c.id))).all())


async def next_inbound(tx: Transaction) -> Waiting | None:
    """The oldest message whose sender has none before it waiting, claimed until this commits. With
    PostgreSQL other processes pass over what is claimed, and never overtake within a lane."""
    head = sa.alias(inbox)
    before = sa.exists().where(
        head.c.lane == inbox.c.lane, head.c.handled_at.is_(None), head.c.id < inbox.c.id
    )
    row = await tx.one(
        sa.select(inbox)
        .where(inbox.c.handled_at.is_(None), ~before)
        .order_by(inbox.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    facts = tx.vault.open_json(row["sealed_message"])
    message = InboundMessage(
        channel=Channel(row["channel"]),
        provider_id=row["provider_id"],
        **{**facts, "kind": InboundKind(facts["kind"])},
    )
    return Waiting(row["id"], row["attempts"], message, row["received_at"])


async def handled(tx: Transaction, inbox_id: int, now: datetime) -> None:
    """The message has had its effect: in the same commit as the effect, so it has it once."""
    await tx.run(sa.update(inbox).where(inbox.c.id == inbox_id).values(handled_at=now))


async def count_attempt(tx: Transaction, inbox_id: int) -> None:
    await tx.run(
        sa.update(inbox).where(inbox.c.id == inbox_id).values(attempts=inbox.c.attempts + 1)
    )


async def inbound_waiting(tx: Transaction) -> int:
    statement = sa.select(sa.func.count()).select_from(inbox).where(inbox.c.handled_at.is_(None))
    return int(await tx.value(statement) or 0)


def _inbound_facts(message: InboundMessage) -> dict[str, Any]:
    facts = {
        name: getattr(message, name)
        for name in InboundMessage.__slots__
        if name not in ("channel", "provider_id")
    }
    return {name: value for name, value in facts.items() if value not in ("", None, False)}


# What goes out


async def queue(
    tx: Transaction,
    message: OutboundMessage,
    *,
    at: datetime | None = None,
    edits_id: int | None = None,
) -> int:
    """Put a message in the outbox (its `id` is ignored), to go at once or not before `at`; its id.
    Written in the caller's own transaction: it goes if and only if the rest happened."""
    return await tx.add(
        outbox,
        community_id=message.community_id,
        member_id=message.member_id,
        channel=message.channel.value,
        lane=tx.vault.fingerprint(message.channel, message.chat),
        kind=message.kind.value,
        priority=PRIORITY_RANK[message.priority],
        sealed_message=tx.vault.seal_json(
            {
                "chat": message.chat,
                "text": message.text,
                "buttons": message.buttons,
                "answers": message.answers,
                "quiet": message.quiet,
                "wakes": message.wakes,
                "ask_location": message.ask_location,
            }
        ),
        about=message.about,
        edits_id=edits_id,
        status=SendStatus.QUEUED.value,
        next_at=at or message.created_at,
        created_at=message.created_at,
    )


async def claim(
    tx: Transaction, channel: Channel, holder: str, now: datetime, most: int, busy: Iterable[str]
) -> list[tuple[OutboundMessage, str]]:
    """The next messages to send, the most pressing first, marked as being sent by `holder`; each
    with its lane. One a chat at a time, so that a person reads them in order; chats in `busy` are
    left alone. An edit waits for the message it edits."""
    row = _claimable(channel, now)
    earlier = sa.alias(outbox)
    in_order = ~sa.exists().where(
        earlier.c.lane == outbox.c.lane,
        earlier.c.status == SendStatus.QUEUED.value,
        earlier.c.next_at <= now,
        earlier.c.priority <= outbox.c.priority,
        earlier.c.id < outbox.c.id,
    )
    picked = (
        sa.select(outbox.c.id)
        .where(*row, in_order, outbox.c.lane.not_in(list(busy)))
        .order_by(outbox.c.priority, outbox.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    idents = [found["id"] for found in await tx.all(picked)]
    if not idents:
        return []
    rows = await tx.all(
        sa.update(outbox)
        .where(outbox.c.id.in_(idents))
        .values(status=SendStatus.SENDING.value, holder=holder, attempts=outbox.c.attempts + 1)
        .returning(outbox)
    )
    rows = sorted(rows, key=lambda found: (found["priority"], found["id"]))
    return [(await _outbound(tx, found), found["lane"]) for found in rows]


def _claimable(channel: Channel, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    original = sa.alias(outbox)
    unsent = sa.exists().where(
        original.c.id == outbox.c.edits_id,
        original.c.status.in_((SendStatus.QUEUED.value, SendStatus.SENDING.value)),
    )
    return (
        outbox.c.channel == channel.value,
        outbox.c.status == SendStatus.QUEUED.value,
        outbox.c.next_at <= now,
        sa.or_(outbox.c.edits_id.is_(None), ~unsent),
    )


async def next_send_at(tx: Transaction, channel: Channel) -> datetime | None:
    """When the next queued message may go."""
    return await tx.value(  # type: ignore[no-any-return]
        sa.select(outbox.c.next_at)
        .where(outbox.c.channel == channel.value, outbox.c.status == SendStatus.QUEUED.value)
        .order_by(outbox.c.next_at)
        .limit(1)
    )


async def sent(
    tx: Transaction,
    outbox_id: int,
    status: SendStatus,
    now: datetime,
    *,
    provider_id: str = "",
    code: str = "",
) -> bool:
    """What became of a message. Whether that was news: a status only ever rises in rank."""
    lower = [status_.value for status_, rank in SEND_RANK.items() if rank < SEND_RANK[status]]
    values: dict[str, Any] = {"status": status.value, "code": code[:64]}
    if provider_id:
        values["provider_id"] = provider_id
    if status in (SendStatus.SENT, SendStatus.DELIVERED):
        values["sent_at"] = sa.func.coalesce(
            outbox.c.sent_at, sa.literal(now, outbox.c.sent_at.type)
        )
    result = await tx.run(
        sa.update(outbox)
        .where(outbox.c.id == outbox_id, outbox.c.status.in_(lower))
        .values(**values)
    )
    if provider_id and not result.rowcount:
        # A receipt overtook the answer to our own call; it can't have known the id's owner.
        await tx.run(
            sa.update(outbox)
            .where(outbox.c.id == outbox_id, outbox.c.provider_id == "")
            .values(provider_id=provider_id)
        )
    return bool(result.rowcount)


async def retry(tx: Transaction, outbox_id: int, at: datetime, code: str) -> None:
    """It was not sent; try again at that moment."""
    await tx.run(
        sa.update(outbox)
        .where(outbox.c.id == outbox_id, outbox.c.status == SendStatus.SENDING.value)
        .values(status=SendStatus.QUEUED.value, next_at=at, code=code[:64])
    )


async def resend(tx: Transaction, outbox_id: int, at: datetime, code: str) -> None:
    """The provider had it and failed; give it one more try."""
    await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.id == outbox_id,
            outbox.c.status.in_((SendStatus.SENT.value, SendStatus.SENDING.value)),
        )
        .values(status=SendStatus.QUEUED.value, next_at=at, code=code[:64], provider_id="")
    )


async def postpone(tx: Transaction, outbox_id: int, at: datetime) -> None:
    """It may not go yet (quiet hours); no attempt is counted."""
    await tx.run(
        sa.update(outbox)
        .where(outbox.c.id == outbox_id)
        .values(
            status=SendStatus.QUEUED.value, next_at=at, attempts=outbox.c.attempts - 1, holder=""
        )
    )


async def left_in_flight(tx: Transaction, channel: Channel, holder: str) -> list[OutboundMessage]:
    """What another life of this process, or a dead process, was sending when it ended; and what
    timed out. Nobody knows whether it went."""
    rows = await tx.all(
        sa.select(outbox).where(
            outbox.c.channel == channel.value,
            sa.or_(
                sa.and_(outbox.c.status == SendStatus.SENDING.value, outbox.c.holder != holder),
                outbox.c.status == SendStatus.UNKNOWN.value,
            ),
            outbox.c.code != "can't be asked",
        )
    )
    return [await _outbound(tx, row) for row in rows]


async def get(tx: Transaction, outbox_id: int) -> OutboundMessage | None:
    row = await tx.one(sa.select(outbox).where(outbox.c.id == outbox_id))
    return await _outbound(tx, row) if row else None


async def code_of(tx: Transaction, outbox_id: int) -> str:
    """Why a message failed: the provider's code."""
    return str(await tx.value(sa.select(outbox.c.code).where(outbox.c.id == outbox_id)) or "")


async def withdraw(tx: Transaction, outbox_id: int) -> bool:
    """Take back a message that has not gone yet; whether it could be."""
    result = await tx.run(
        sa.update(outbox)
        .where(outbox.c.id == outbox_id, outbox.c.status == SendStatus.QUEUED.value)
        .values(status=SendStatus.WITHDRAWN.value)
    )
    return bool(result.rowcount)


async def withdraw_all(tx: Transaction, member_id: int, *, but: int | None = None) -> None:
    """Take back everything that is waiting to go to somebody (they sent STOP, or left)."""
    await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.member_id == member_id,
            outbox.c.status == SendStatus.QUEUED.value,
            outbox.c.id != (but or 0),
        )
        .values(status=SendStatus.WITHDRAWN.value)
    )


async def outbound_waiting(tx: Transaction) -> dict[str, int]:
    """How many messages wait, by priority."""
    rows = await tx.all(
        sa.select(outbox.c.priority, sa.func.count().label("n"))
        .where(outbox.c.status.in_((SendStatus.QUEUED.value, SendStatus.SENDING.value)))
        .group_by(outbox.c.priority)
    )
    return {PRIORITY_OF_RANK[row["priority"]].value: row["n"] for row in rows}


async def _outbound(tx: Transaction, row: RowMapping) -> OutboundMessage:
    facts = tx.vault.open_json(row["sealed_message"])
    message = OutboundMessage(
        id=row["id"],
        channel=Channel(row["channel"]),
        chat=facts["chat"],
        kind=OutboundKind(row["kind"]),
        priority=PRIORITY_OF_RANK[row["priority"]],
        text=facts["text"],
        created_at=row["created_at"],
        buttons=tuple((data, label) for data, label in facts["buttons"]),
        answers=facts["answers"],
        quiet=facts["quiet"],
        wakes=facts["wakes"],
        ask_location=facts["ask_location"],
        community_id=row["community_id"],
        member_id=row["member_id"],
        attempts=row["attempts"],
        status=SendStatus(row["status"]),
        provider_id=row["provider_id"],
        about=row["about"],
    )
    if row["edits_id"]:
        original = sa.select(outbox.c.provider_id).where(outbox.c.id == row["edits_id"])
        message = replace(message, edits=str(await tx.value(original) or ""))
    return message


# What became of it


async def keep_receipts(tx: Transaction, found: Sequence[DeliveryReceipt], now: datetime) -> None:
    """Store what a provider says; a repeat is passed over."""
    if not found:
        return
    rows = [
        {
            "channel": receipt.channel.value,
            "provider_id": receipt.provider_id[:64],
            "status": receipt.status.value,
            "code": receipt.code[:64],
            "outbox_id": receipt.outbox_id,
            "received_at": now,
        }
        for receipt in found
    ]
    await tx.run(tx.upsert(receipts).values(rows).on_conflict_do_nothing())


async def next_receipts(
    tx: Transaction, now: datetime, most: int = 50
) -> list[tuple[int, DeliveryReceipt]]:
    """Receipts not yet applied, with the outbox id each is about (our own where it was carried,
    else found by the provider's), and marked as applied. One whose message is not known yet (it
    overtook the answer to the call that sent it) is left for a day."""
    rows = await tx.all(
        sa.select(receipts)
        .where(receipts.c.applied_at.is_(None))
        .order_by(receipts.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    found = []
    for row in rows:
        outbox_id = row["outbox_id"] or await tx.value(
            sa.select(outbox.c.id).where(
                outbox.c.channel == row["channel"], outbox.c.provider_id == row["provider_id"]
            )
        )
        if outbox_id is None and row["received_at"] > now - timedelta(days=1):
            continue
        await tx.run(sa.update(receipts).where(receipts.c.id == row["id"]).values(applied_at=now))
        if outbox_id is not None:
            receipt = DeliveryReceipt(
                Channel(row["channel"]),
                row["provider_id"],
                SendStatus(row["status"]),
                row["code"],
                outbox_id,
            )
            found.append((outbox_id, receipt))
    return found


async def again(tx: Transaction, outbox_id: int, at: datetime, code: str) -> None:
    """It is known not to have gone, or doing it twice does no harm: let it go."""
    await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.id == outbox_id,
            outbox.c.status.in_((SendStatus.SENDING.value, SendStatus.UNKNOWN.value)),
        )
        .values(status=SendStatus.QUEUED.value, next_at=at, code=code[:64], holder="")
    )


async def note_code(tx: Transaction, outbox_id: int, code: str) -> None:
    """Write down what is known of a message's fate."""
    await tx.run(sa.update(outbox).where(outbox.c.id == outbox_id).values(code=code[:64]))
