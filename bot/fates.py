"""What follows from a message's fate: one more try, somebody out of reach, a person told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog

from bot.channels.base import AddressError, OptedOutError, RetryableError, SendError
from bot.clock import Clock
from bot.metrics import ENDED
from handlers import reach
from storage import due, members, messages, outcomes
from storage.database import Transaction
from storage.model import (
    Address,
    DeliveryReceipt,
    DueKind,
    OutboundKind,
    OutboundMessage,
    SendStatus,
)

log = structlog.get_logger("sender")

Meaning = Callable[[DeliveryReceipt], SendError]
"""What a receipt that says "failed" means, as the channel knows its provider's codes."""

COPIES = 3
"""Times that a message is handed to a provider who takes it and then fails to deliver it: a phone
that is off is worth another try or two (Twilio's 30003), and no more. A call that the provider
refused was no copy."""


async def apply_receipt(
    tx: Transaction, clock: Clock, receipt: DeliveryReceipt, meaning: Meaning
) -> None:
    """Let a receipt have its effect. In whatever order receipts come, and however often, a status
    only rises; what is said of an earlier copy of a message says nothing about its later one."""
    assert receipt.outbox_id is not None
    now = clock.now()
    if receipt.status is not SendStatus.FAILED:
        if not await outcomes.has_failed(tx, receipt.channel, receipt.provider_id):
            ident = receipt.provider_id
            news = await outcomes.sent(
                tx, receipt.outbox_id, receipt.status, now, provider_id=ident
            )
            if news and receipt.status is SendStatus.DELIVERED:
                ENDED.labels(receipt.channel.value, "delivered").inc()
        return
    message = await messages.get(tx, receipt.outbox_id)
    if message is None or message.provider_id not in ("", receipt.provider_id):
        return
    if message.status is SendStatus.QUEUED:
        return  # it goes again anyway
    error = meaning(receipt)
    if isinstance(error, RetryableError):
        at = now + timedelta(seconds=error.retry_after or 0)
        if await outcomes.resend(tx, message.id, at, receipt.code, COPIES):
            return
    await give_up(tx, clock, message, error)


async def give_up(
    tx: Transaction, clock: Clock, message: OutboundMessage, error: SendError
) -> None:
    """A message has failed for good: note that with its reason, mark whom it was to, if it is
    their number or chat that can't be reached, and let somebody know."""
    failed = SendStatus.FAILED
    now = clock.now()
    if not await outcomes.sent(tx, message.id, failed, now, code=error.code, reason=error.reason):
        return
    ENDED.labels(message.channel.value, error.reason).inc()
    log.warning("not_sent", outbox=message.id, code=error.code, kind=type(error).__name__)
    if message.kind is not OutboundKind.TEXT:
        return
    if isinstance(error, OptedOutError | AddressError):
        await _unreachable(tx, clock, message, error)
    await lost(tx, clock, message)


async def lost(tx: Transaction, clock: Clock, message: OutboundMessage) -> None:
    """A message will not arrive, or nobody knows: it goes another way where there is one, or if
    anything depends on it, somebody is told."""
    if message.community_id is not None:  # what is of no group has no organisers either
        await outcomes.lost(tx, message.id, clock.now())
        await due.at(tx, DueKind.TELL, message.id, clock.now())


async def _unreachable(
    tx: Transaction, clock: Clock, message: OutboundMessage, error: SendError
) -> None:
    """Mark the address, and whom nothing reaches any more, so that nobody waits for them. Who
    wants no more of us by one channel is not written to by another."""
    if message.member_id is None:
        return
    member = await members.get(tx, message.member_id, lock=True)
    address = Address(message.channel, message.chat)
    nowhere = await members.out_of_reach(tx, member.id, address, error.code[:32])
    if nowhere or isinstance(error, OptedOutError):
        await reach.lost(tx, clock.now(), member, error.code)
