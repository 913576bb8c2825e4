"""What follows from a message's fate: one more try, somebody out of reach, a person told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot.channels.base import AddressError, OptedOutError, RetryableError, SendError
from bot.clock import Clock
from handlers import reach
from storage import due, members, messages, outcomes
from storage.database import Transaction
from storage.model import (
    DeliveryReceipt,
    DueKind,
    OutboundKind,
    OutboundMessage,
    SendStatus,
)

Meaning = Callable[[DeliveryReceipt], SendError]
"""What a receipt that says "failed" means, as the channel knows its provider's codes."""

COPIES = 3
"""Times that a message is handed to a provider who takes it and then fails to deliver it: a phone
that is off is worth another try or two (Twilio's 30003), and no more."""


async def apply_receipt(
    tx: Transaction, clock: Clock, receipt: DeliveryReceipt, meaning: Meaning
) -> None:
    """Let a receipt have its effect. In whatever order receipts come, and however often, a status
    only rises; what is said of an earlier copy of a message says nothing about its later one."""
    assert receipt.outbox_id is not None
    now = clock.now()
    if receipt.status is not SendStatus.FAILED:
        if not await outcomes.has_failed(tx, receipt.channel, receipt.provider_id):
            await outcomes.sent(
                tx, receipt.outbox_id, receipt.status, now, provider_id=receipt.provider_id
            )
        return
    message = await messages.get(tx, receipt.outbox_id)
    if message is None or message.provider_id not in ("", receipt.provider_id):
        return
    if message.status is SendStatus.QUEUED:
        return  # it goes again anyway
    error = meaning(receipt)
    if isinstance(error, RetryableError) and message.attempts < COPIES:
        at = now + timedelta(seconds=error.retry_after or 0)
        if await outcomes.resend(tx, message.id, at, receipt.code):
            return
    if await outcomes.sent(tx, message.id, SendStatus.FAILED, now, code=receipt.code):
        await given_up(tx, clock, message, error)


async def given_up(
    tx: Transaction, clock: Clock, message: OutboundMessage, error: SendError
) -> None:
    """A message has failed for good: mark whom it was to, if it is their number or chat that can't
    be reached, and let somebody know."""
    if message.kind is not OutboundKind.TEXT:
        return
    if isinstance(error, OptedOutError | AddressError):
        await unreachable(tx, clock, message.member_id, error.code)
    await lost(tx, clock, message)


async def lost(tx: Transaction, clock: Clock, message: OutboundMessage) -> None:
    """A message will not arrive, or nobody knows. If anything depends on it, somebody is told."""
    # What is of no group has no organisers either.
    if message.about.get("kind") != "not_arrived" and message.community_id is not None:
        await outcomes.lost(tx, message.id, clock.now())
        await due.at(tx, DueKind.TELL, message.id, clock.now())


async def unreachable(tx: Transaction, clock: Clock, member_id: int | None, why: str) -> None:
    """Mark somebody who can't be reached, so that nobody waits for them."""
    if member_id is None:
        return
    member = await members.get(tx, member_id, lock=True)
    await reach.lost(tx, clock.now(), member, why)
