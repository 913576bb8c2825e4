"""The inbox: what comes in is stored first, answered 2xx next, and handled in order after that.

Calls that arrive together share one commit. A person's messages are handled one at a time, oldest
first; the effect of a message and the note that it was handled are one commit, so whenever the
process dies a message has had its effect or will have it, and never twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from bot.channels.base import ChannelAdapter, Received, RetryableError, SendError
from bot.clock import Clock
from bot.metrics import HANDLED, INBOUND
from handlers import router
from handlers.turn import Desk
from storage import due, keepsakes, members, messages
from storage.database import Database, StorageUnavailableError, Transaction
from storage.model import DeliveryReceipt, DueKind, SendStatus

log = structlog.get_logger("intake")

TRIES = 3
"""Times that a message is tried before a person is asked to see to it."""

MOST_AT_ONCE = 200
"""Messages in one commit: enough to be quick (50 rows a commit ran 20 times one row a commit), few
enough that nobody waits long for the others."""


@dataclass
class _Waiting:
    received: Received
    cursor: tuple[str, str] | None
    stored: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Intake:
    """Stores what comes in, and lets it have its effect."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        desk: Desk,
        retryable: Callable[[DeliveryReceipt], float | None],
    ) -> None:
        """`retryable`: after how many seconds a message may go again whose receipt says that it
        failed; none if never."""
        self._database = database
        self._clock = clock
        self._desk = desk
        self._retryable = retryable
        self._queue: list[_Waiting] = []
        self._committing = asyncio.Lock()
        self.arrived = asyncio.Event()
        """Something was stored."""
        self.changed = asyncio.Event()
        """Something was handled: there may be messages to send, and moments to wait for."""

    async def store(self, received: Received, cursor: tuple[str, str] | None = None) -> None:
        """Keep what came, with how far a poll has got; when this returns it is on the disk.

        Raises:
            StorageUnavailableError: if it could not be kept. Nothing was; the provider will call
                again.
        """
        if not received.messages and not received.receipts and cursor is None:
            return
        waiting = _Waiting(received, cursor)
        self._queue.append(waiting)
        # Shielded: a caller that hangs up must not take the others' commit down with it.
        await asyncio.shield(asyncio.ensure_future(self._commit(waiting)))
        await waiting.stored

    async def _commit(self, mine: _Waiting) -> None:
        async with self._committing:
            if mine.stored.done():
                return  # whoever held the lock before took it along
            batch, self._queue = self._queue[:MOST_AT_ONCE], self._queue[MOST_AT_ONCE:]
            error: Exception | None = None
            try:
                async with self._database.transaction() as tx:
                    await self._keep(tx, batch)
            except Exception as failure:
                error = failure
            for waiting in batch:
                if error is None:
                    waiting.stored.set_result(None)
                else:
                    waiting.stored.set_exception(error)
        self.arrived.set()

    async def _keep(self, tx: Transaction, batch: Sequence[_Waiting]) -> None:
        now = self._clock.now()
        arrived = [m for waiting in batch for m in waiting.received.messages]
        new = await messages.keep_inbound(tx, arrived, now)
        INBOUND.labels("new").inc(new)
        INBOUND.labels("repeat").inc(len(arrived) - new)
        receipts = [r for waiting in batch for r in waiting.received.receipts]
        await messages.keep_receipts(tx, receipts, now)
        for waiting in batch:
            if waiting.cursor:
                await keepsakes.keep(tx, *waiting.cursor)

    # Effects

    async def run(self, workers: int) -> None:
        """Handle what comes in, for as long as the process lives."""
        await asyncio.gather(*(self._work() for _ in range(workers)))

    async def _work(self) -> None:
        while True:
            self.arrived.clear()
            try:
                await self.drain()
                # Another process may have stored something too: look now and then unasked.
                async with asyncio.timeout(2):
                    await self.arrived.wait()
            except TimeoutError:
                continue
            except StorageUnavailableError as error:
                log.warning("storage_unavailable", error=str(error))
                await asyncio.sleep(1)

    async def drain(self) -> int:
        """Handle everything that waits; how many there were."""
        count = 0
        while await self._receipts() or await self._one():
            count += 1
        return count

    async def _one(self) -> bool:
        failed: messages.Waiting | None = None
        try:
            async with self._database.transaction() as tx:
                waiting = await messages.next_inbound(tx)
                if waiting is None:
                    return False
                failed = waiting
                await router.receive(self._desk, tx, self._clock.now(), waiting.message)
                await messages.handled(tx, waiting.id, self._clock.now())
        except StorageUnavailableError:
            raise
        except Exception as error:
            # The class and the place only: the message of an error can hold somebody's words.
            log.error("not_handled", inbox=failed and failed.id, error=_where(error))
            if failed is None:
                raise
            HANDLED.labels("failed").inc()
            await self._failed(failed)
            return True
        HANDLED.labels("ok").inc()
        self.changed.set()
        return True

    async def _failed(self, waiting: messages.Waiting) -> None:
        async with self._database.transaction() as tx:
            await messages.count_attempt(tx, waiting.id)
            if waiting.attempts + 1 >= TRIES:
                await messages.handled(tx, waiting.id, self._clock.now())
        if waiting.attempts + 1 >= TRIES:
            async with self._database.transaction() as tx:
                await router.gave_up(self._desk, tx, self._clock.now(), waiting.message)
            self.changed.set()

    async def _receipts(self) -> bool:
        async with self._database.transaction() as tx:
            now = self._clock.now()
            found = await messages.next_receipts(tx, now)
            for outbox_id, receipt in found:
                await apply_receipt(tx, self._clock, outbox_id, receipt, self._retryable)
        if found:
            self.changed.set()
        return bool(found)


async def apply_receipt(
    tx: Transaction,
    clock: Clock,
    outbox_id: int,
    receipt: DeliveryReceipt,
    retryable: Callable[[DeliveryReceipt], float | None],
) -> None:
    """Let a receipt have its effect: a status that rises, one more try, or a person who is told."""
    now = clock.now()
    if receipt.status is not SendStatus.FAILED:
        await messages.sent(
            tx, outbox_id, receipt.status, now, provider_id=receipt.provider_id, code=""
        )
        return
    message = await messages.get(tx, outbox_id)
    wait = retryable(receipt)
    if message and wait is not None and message.attempts < TRIES:
        await messages.resend(tx, outbox_id, now + timedelta(seconds=wait), receipt.code)
        return
    news = await messages.sent(tx, outbox_id, SendStatus.FAILED, now, code=receipt.code)
    if news and message:
        await lost(tx, clock, outbox_id, message.about)


async def lost(tx: Transaction, clock: Clock, outbox_id: int, about: dict[str, object]) -> None:
    """A message will not arrive. If anything depends on it, somebody is told."""
    if about.get("kind") != "not_arrived":
        await due.at(tx, DueKind.TELL, outbox_id, clock.now())


async def unreachable(tx: Transaction, member_id: int | None, why: str) -> None:
    """Mark somebody who can't be reached, so that nobody waits for them."""
    if member_id is None:
        return
    member = await members.get(tx, member_id, lock=True)
    await members.save(tx, replace(member, unreachable=why[:32]))


async def poll(adapter: ChannelAdapter, intake: Intake, database: Database, clock: Clock) -> None:
    """Ask a provider for news again and again, where it can't reach us. How far we have got is kept
    in the same commit as what came."""
    name = f"poll.{adapter.channel.value}"
    async with database.transaction() as tx:
        cursor = await keepsakes.recall(tx, name)
    wait = 1.0
    while True:
        try:
            received, after = await adapter.poll(cursor)
            await intake.store(received, (name, after) if after != cursor else None)
            cursor, wait = after, 1.0
        except (SendError, StorageUnavailableError) as error:
            log.warning("poll_failed", channel=adapter.channel.value, error=str(error))
            asked = error.retry_after if isinstance(error, RetryableError) else None
            await clock.sleep(asked or wait)
            wait = min(60.0, wait * 2)


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}"
