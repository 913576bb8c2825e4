"""What became of what went out: sent, failed, not known, and what the provider says later."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from storage import messages
from storage.database import Transaction
from storage.messages import CHUNK, is_one_of
from storage.model import SEND_RANK, Channel, DeliveryReceipt, OutboundMessage, SendStatus
from storage.schema import outbox, receipts

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""When a message is asked after whose fate nobody can find out."""

INTERRUPTED = "interrupted"
"""The code of a message that another process was sending when it was taken over from."""


def _in_the_air(channel: Channel, status: SendStatus) -> tuple[sa.ColumnElement[bool], ...]:
    """Messages of a channel that are in one of these two states. Both are named, as the index is of
    both: SQLite uses it only where the same words stand in the question."""
    return (
        outbox.c.channel == channel.value,
        is_one_of(outbox.c.status, SendStatus.SENDING, SendStatus.UNKNOWN),
        outbox.c.status == status.value,
    )


async def sent(
    tx: Transaction,
    outbox_id: int,
    status: SendStatus,
    now: datetime,
    *,
    provider_id: str = "",
    code: str = "",
    reason: str = "",
    parts: int = 0,
) -> bool:
    """What became of a message; `parts`: what it is charged as; `reason`: why it failed, as a word
    of the catalogues. Whether that was news: a status only ever rises in rank."""
    lower = [status_.value for status_, rank in SEND_RANK.items() if rank < SEND_RANK[status]]
    values: dict[str, Any] = {"status": status.value, "code": code[:64], "reason": reason}
    if provider_id:
        values["provider_id"] = provider_id
    if parts:
        values["segments"] = parts
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


async def all_sent(tx: Transaction, found: Sequence[tuple[int, str, int]], now: datetime) -> None:
    """The provider took all of these: id, its own id, and what it is charged as. As `sent`, in one
    statement for all."""
    rows = [
        {"ident": ident, "theirs": provider_id, "parts": parts, "now": now}
        for ident, provider_id, parts in found
    ]
    if rows:
        await tx.run(_all_sent(), rows)


@cache
def _all_sent() -> sa.Update:
    """Names of its values: `ident`, `theirs`, `parts`, `now`."""
    lower = [each for each, rank in SEND_RANK.items() if rank < SEND_RANK[SendStatus.SENT]]
    # One by one: a list can't be given for many rows at once.
    rises = sa.or_(*(outbox.c.status == each.value for each in lower))
    theirs = sa.bindparam("theirs", type_=outbox.c.provider_id.type)
    sent_at = sa.func.coalesce(outbox.c.sent_at, sa.bindparam("now", type_=outbox.c.sent_at.type))

    def risen(column: sa.Column[Any], value: Any) -> sa.ColumnElement[Any]:
        return sa.case((rises, value), else_=column)

    return (
        sa.update(outbox)
        .where(outbox.c.id == sa.bindparam("ident", type_=outbox.c.id.type))
        .values(
            status=risen(outbox.c.status, SendStatus.SENT.value),
            code=risen(outbox.c.code, ""),
            reason=risen(outbox.c.reason, ""),
            segments=risen(outbox.c.segments, sa.bindparam("parts", type_=outbox.c.segments.type)),
            sent_at=risen(outbox.c.sent_at, sent_at),
            # A receipt overtook the answer to our own call; it can't have known the id's owner.
            provider_id=sa.case(
                (sa.or_(rises, outbox.c.provider_id == ""), theirs), else_=outbox.c.provider_id
            ),
        )
    )


async def lost(tx: Transaction, outbox_id: int, now: datetime) -> None:
    """It will not arrive, or nobody knows, and a person is to be told."""
    await tx.run(sa.update(outbox).where(outbox.c.id == outbox_id).values(lost_at=now))


async def told(tx: Transaction, outbox_id: int) -> None:
    """Whoever is to know that it did not arrive has been told."""
    await tx.run(sa.update(outbox).where(outbox.c.id == outbox_id).values(lost_at=None))


async def lost_at(tx: Transaction, outbox_id: int) -> datetime | None:
    """Since when it is known that it will not arrive, where nobody has been told yet."""
    return await tx.value(  # type: ignore[no-any-return]
        sa.select(outbox.c.lost_at).where(outbox.c.id == outbox_id)
    )


async def retry(tx: Transaction, outbox_id: int, holder: str, at: datetime, code: str) -> None:
    """`holder` did not send it; try again at that moment. Who has taken over since need not ask
    after it; what they are sending by now is theirs."""
    await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.id == outbox_id,
            outbox.c.holder == holder,
            outbox.c.status.in_((SendStatus.SENDING.value, SendStatus.UNKNOWN.value)),
        )
        .values(status=SendStatus.QUEUED.value, next_at=at, code=code[:64], holder="")
    )


async def resend(tx: Transaction, outbox_id: int, at: datetime, code: str, most: int) -> bool:
    """The provider had it and failed; give it one more try, `most` in all. Whether it gets one."""
    result = await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.id == outbox_id,
            outbox.c.status.in_((SendStatus.SENT.value, SendStatus.UNKNOWN.value)),
            outbox.c.failed_copies < most - 1,
        )
        .values(
            status=SendStatus.QUEUED.value,
            next_at=at,
            code=code[:64],
            provider_id="",
            failed_copies=outbox.c.failed_copies + 1,
        )
    )
    return bool(result.rowcount)


async def interrupted(tx: Transaction, channel: Channel, holder: str, ask_at: datetime) -> int:
    """What another life of this process, or a dead process, was sending when it ended: nobody knows
    whether it went. It is `unknown` from now on, and asked after then. How many there were."""
    result = await tx.run(
        sa.update(outbox)
        .where(
            *_in_the_air(channel, SendStatus.SENDING),
            outbox.c.holder != holder,
        )
        .values(status=SendStatus.UNKNOWN.value, next_at=ask_at, code=INTERRUPTED)
    )
    return int(result.rowcount)


async def not_begun(
    tx: Transaction, channel: Channel, holder: str, in_hand: Collection[str]
) -> int:
    """What `holder` claimed without ever hearing so, since the line broke as it was committed: it
    has not left, and waits as before. In the lanes `in_hand` it knows what it is doing. How many
    there were."""
    result = await tx.run(
        sa.update(outbox)
        .where(
            *_in_the_air(channel, SendStatus.SENDING),
            outbox.c.holder == holder,
            outbox.c.lane.not_in(list(in_hand)),
        )
        .values(status=SendStatus.QUEUED.value, holder="")
    )
    return int(result.rowcount)


async def unknown(tx: Transaction, outbox_id: int, ask_at: datetime, code: str) -> None:
    """It may have gone. `ask_at`: when to ask the provider after it."""
    await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.id == outbox_id,
            outbox.c.status.in_((SendStatus.SENDING.value, SendStatus.UNKNOWN.value)),
        )
        .values(status=SendStatus.UNKNOWN.value, next_at=ask_at, code=code[:64])
    )


async def to_ask_after(
    tx: Transaction, channel: Channel, now: datetime, most: int = 50
) -> list[OutboundMessage]:
    """Messages with an unknown end that are to be asked after by now, the longest due first."""
    rows = await tx.all(
        sa.select(outbox)
        .where(
            *_in_the_air(channel, SendStatus.UNKNOWN),
            outbox.c.next_at <= now,
        )
        .order_by(outbox.c.next_at)
        .limit(most)
    )
    return [await messages.from_row(tx, row) for row in rows]


async def next_ask_at(tx: Transaction, channel: Channel) -> datetime | None:
    """When the next message with an unknown end is to be asked after."""
    found: datetime | None = await tx.value(
        sa.select(outbox.c.next_at)
        .where(*_in_the_air(channel, SendStatus.UNKNOWN))
        .order_by(outbox.c.next_at)
        .limit(1)
    )
    return None if found == NEVER else found


async def known_by(
    tx: Transaction, channel: Channel, provider_ids: Sequence[str], *, but: int
) -> set[str]:
    """Which of these are the provider's ids of other messages of ours than that one."""
    rows = await tx.all(
        sa.select(outbox.c.provider_id).where(
            outbox.c.channel == channel.value,
            outbox.c.provider_id.in_(provider_ids),
            outbox.c.id != but,
        )
    )
    return {row["provider_id"] for row in rows}


async def may_be_sending(
    tx: Transaction, channel: Channel, chat: str, now: datetime, *, but: int
) -> bool:
    """Whether another message than that one is on its way to that chat, with its provider's id yet
    to be recorded: by us, or by a process that was taken over from and may be alive after all."""
    found = await tx.value(
        sa.select(outbox.c.id)
        .where(
            outbox.c.channel == channel.value,
            is_one_of(outbox.c.status, SendStatus.SENDING, SendStatus.UNKNOWN),
            outbox.c.lane == tx.vault.fingerprint(channel, chat),
            outbox.c.id != but,
            sa.or_(
                outbox.c.status == SendStatus.SENDING.value,
                sa.and_(outbox.c.code == INTERRUPTED, outbox.c.next_at > now),
            ),
        )
        .limit(1)
    )
    return found is not None


async def hurry(
    tx: Transaction, channel: Channel, now: datetime, retry: datetime, ask: datetime
) -> int:
    """Let nothing wait for an hour that a clock which was put back has yet to come to once more:
    what was to go as soon as it was written goes now, and so does what is to be tried again later
    than `retry`, or asked after later than `ask`, which nobody can have meant. How many there were.
    What is to wait for an hour of the day, as for the morning, still does."""
    at_once = sa.and_(outbox.c.attempts == 0, outbox.c.next_at == outbox.c.created_at)
    again = sa.and_(outbox.c.attempts > 0, outbox.c.next_at > retry)
    queued = await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.channel == channel.value,
            is_one_of(outbox.c.status, SendStatus.QUEUED),
            outbox.c.next_at > now,
            sa.or_(at_once, again),
        )
        .values(next_at=now)
    )
    unknown = await tx.run(
        sa.update(outbox)
        .where(
            *_in_the_air(channel, SendStatus.UNKNOWN),
            outbox.c.next_at > ask,
            outbox.c.next_at < NEVER,
        )
        .values(next_at=now)
    )
    return int(queued.rowcount) + int(unknown.rowcount)


async def keep_receipts(tx: Transaction, found: Sequence[DeliveryReceipt], now: datetime) -> None:
    """Store what a provider says; a repeat is passed over."""
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
    for at in range(0, len(rows), CHUNK):
        chunk = rows[at : at + CHUNK]
        await tx.run(tx.upsert(receipts).values(chunk).on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class Waiting:
    """A receipt that is to be applied; it holds the outbox id that it is about."""

    id: int
    receipt: DeliveryReceipt


async def next_receipts(tx: Transaction, most: int = 50) -> list[Waiting]:
    """Receipts not yet applied whose message is known (by our own id where it was carried, else by
    the provider's), oldest first. One whose message is not known yet, or is just being sent (it
    overtook the answer to the call that sent it), waits for up to a day; it holds up no other."""
    rows = (await tx.run(_waiting_receipts(), {"most": most})).rows
    return [
        Waiting(
            row["id"],
            DeliveryReceipt(
                Channel(row["channel"]),
                row["provider_id"],
                SendStatus(row["status"]),
                row["code"],
                row["about_id"],
            ),
        )
        for row in rows
    ]


_IS_ABOUT = sa.or_(
    outbox.c.id == receipts.c.outbox_id,
    sa.and_(
        receipts.c.outbox_id.is_(None),
        outbox.c.channel == receipts.c.channel,
        outbox.c.provider_id == receipts.c.provider_id,
    ),
)


# Asked after whatever else was done: put together once.
@cache
def _waiting_receipts() -> sa.Select[Any]:
    return (
        sa.select(receipts, outbox.c.id.label("about_id"))
        .join(outbox, _IS_ABOUT)
        .where(receipts.c.applied_at.is_(None), outbox.c.status != SendStatus.SENDING.value)
        .order_by(receipts.c.id)
        .limit(sa.bindparam("most", type_=sa.Integer))
    )


async def pass_over_old(tx: Transaction, now: datetime) -> None:
    """Receipts of messages that have not been known for a day are waited with no longer."""
    await tx.run(
        sa.update(receipts)
        .where(
            receipts.c.applied_at.is_(None),
            receipts.c.received_at <= now - timedelta(days=1),
            ~sa.exists().where(_IS_ABOUT),
        )
        .values(applied_at=now)
    )


async def applied(tx: Transaction, receipt_id: int, now: datetime) -> bool:
    """Note that a receipt has had its effect, in the same commit; whether it is the first time."""
    result = await tx.run(
        sa.update(receipts)
        .where(receipts.c.id == receipt_id, receipts.c.applied_at.is_(None))
        .values(applied_at=now)
    )
    return bool(result.rowcount)


async def has_failed(tx: Transaction, channel: Channel, provider_id: str) -> bool:
    """Whether the provider said that this copy of a message failed, whatever else it says of it."""
    failed = sa.select(receipts.c.id).where(
        receipts.c.channel == channel.value,
        receipts.c.provider_id == provider_id,
        receipts.c.status == SendStatus.FAILED.value,
    )
    return await tx.value(failed) is not None


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
