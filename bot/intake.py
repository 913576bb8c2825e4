"""The inbox: what comes in is stored first, answered 2xx next, and handled in order after that.

Calls that arrive together share one commit. A person's messages are handled one at a time, oldest
first; the effect of a message and the note that it was handled are one commit, so whenever the
process dies a message has had its effect or will have it, and never twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

import structlog

from bot.channels.base import ChannelAdapter, Received, SendError
from bot.clock import Clock
from bot.fates import Meaning, apply_receipt
from bot.metrics import ASIDE, HANDLED, INBOUND
from handlers import router
from handlers.rules.money import masked
from handlers.rules.understanding import may_be_danger
from handlers.turn import Desk
from storage import audit, keepsakes, messages, outcomes
from storage.database import Database, StorageUnavailableError, Transaction
from storage.messages import TRIES
from storage.model import InboundMessage

log = structlog.get_logger("intake")

T = TypeVar("T")

MOST_AT_ONCE = 200
"""Calls in one commit: enough to be quick (50 rows a commit ran 20 times one row a commit), few
enough that nobody waits long for the others."""


LOOK_SECONDS = 2.0
"""How often the inbox is looked at unasked: for what other processes stored, and for receipts whose
message was just being sent."""

BEHIND = timedelta(seconds=1)
"""Where something has waited to be handled for so long, it is looked at once more what comes in: an
emergency does not wait behind the rest. In quiet times that would be for nothing; what came before
we were behind has little before it."""

RUSH = 8
"""Calls in one commit from which there is a rush: over a thousand a second, faster than they could
be kept one by one. Then storing goes before handling (ours)."""

RUSH_SECONDS = 0.25
"""How long after such a commit the rush is taken to last; and the most that whoever goes on rests
after a message, which is otherwise as long as it took. After an urgent one there is no rest."""

BREATH_SECONDS = 0.01
"""How often it is looked whether the rush is over."""

IN_TURN = 50
"""After so many messages it is the receipts' turn, of which as many are applied: where 100,000
messages wait, "her check-in did not arrive" does not wait for them all, nor they for as many
receipts. Where there are none it costs one statement in fifty messages."""


@dataclass
class _Waiting:
    received: Received
    cursor: tuple[str, str] | None
    stored: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


def _without_secrets(message: InboundMessage) -> InboundMessage:
    """A message as it may be kept: a card's number or a PIN never is."""
    text, what = masked(message.text)
    return replace(message, text=text, masked=what) if what else message


class Intake:
    """Stores what comes in, and lets it have its effect."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        desk: Desk,
        meaning: Meaning,
    ) -> None:
        self._database = database
        self._clock = clock
        self._desk = desk
        self._meaning = meaning
        self._queue: list[_Waiting] = []
        self._committing = asyncio.Lock()
        self._leaving = False
        self._running = False
        self._at_work = 0
        self._rush_until = self._rest_until = float("-inf")
        self._since_receipts = 0
        self._commits: set[asyncio.Task[None]] = set()
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
        # A task of its own: a caller that hangs up must not take the others' commit down with it.
        task = asyncio.ensure_future(self._commit(waiting))
        self._commits.add(task)
        task.add_done_callback(self._commits.discard)
        await asyncio.shield(task)
        await waiting.stored

    async def _commit(self, mine: _Waiting) -> None:
        async with self._committing:
            if mine.stored.done():
                return  # whoever held the lock before took it along
            batch, self._queue = self._queue[:MOST_AT_ONCE], self._queue[MOST_AT_ONCE:]
            if len(batch) >= RUSH and self._running:
                self._rush_until = asyncio.get_running_loop().time() + RUSH_SECONDS
            try:
                error = await self._kept(batch)
                if error and len(batch) > 1 and not isinstance(error, StorageUnavailableError):
                    # Something in one of them can't be kept: the others must not suffer for it.
                    for waiting in batch:
                        _settle(waiting, await self._kept([waiting]))
                for waiting in batch:
                    _settle(waiting, error)
            finally:
                # Whatever became of this: nobody is left waiting for an answer.
                for waiting in batch:
                    _settle(waiting, StorageUnavailableError("given up"))
        self.arrived.set()

    async def _kept(self, batch: Sequence[_Waiting]) -> Exception | None:
        """Keep all of these in one commit; what went wrong if none of them was."""
        try:
            async with self._database.transaction() as tx:
                await self._keep(tx, batch)
        except StorageUnavailableError as error:
            return error
        except Exception as error:
            log.error("cant_be_kept", calls=len(batch), error=_where(error))
            return error
        return None

    async def _keep(self, tx: Transaction, batch: Sequence[_Waiting]) -> None:
        now = self._clock.now()
        arrived = [_without_secrets(m) for waiting in batch for m in waiting.received.messages]
        urgent: list[InboundMessage] = []
        if arrived and await messages.behind(tx, now - BEHIND):
            urgent = [message for message in arrived if may_be_danger(message.text)]
        new = await messages.keep_inbound(tx, arrived, now, urgent)
        INBOUND.labels("new").inc(new)
        INBOUND.labels("repeat").inc(len(arrived) - new)
        receipts = [r for waiting in batch for r in waiting.received.receipts]
        await outcomes.keep_receipts(tx, receipts, now)
        for waiting in batch:
            if waiting.cursor:
                await keepsakes.keep(tx, *waiting.cursor)

    # Effects

    async def run(self, workers: int) -> None:
        """Handle what comes in, until `leave`."""
        self._running = True
        await asyncio.gather(*(self._work() for _ in range(workers)))

    def leave(self) -> None:
        """Let `run` end with the messages that are in hand. (To cancel it in the middle of one does
        no harm to the data; but a connection cut off like that may never be done closing.)"""
        self._leaving = True
        self.arrived.set()

    async def _work(self) -> None:
        while not self._leaving:
            self.arrived.clear()
            try:
                await self.drain()
                # Another process may have stored something too: look now and then unasked.
                async with asyncio.timeout(LOOK_SECONDS):
                    await self.arrived.wait()
            except TimeoutError:
                continue
            except StorageUnavailableError as error:
                log.warning("storage_unavailable", error=str(error))
                await asyncio.sleep(1)
            except Exception as error:
                # Whatever it is, nobody else's message must wait for ever because of it.
                log.error("intake_fault", error=_where(error))
                await asyncio.sleep(5)

    async def drain(self) -> int:
        """Handle everything that waits; how many there were."""
        count = 0
        while not self._leaving:
            await self._stand_back()
            if self._leaving:
                break
            self._at_work += 1
            try:
                if not await self._next():
                    break
            finally:
                self._at_work -= 1
            count += 1
        return count

    async def _stand_back(self) -> None:
        """In a rush one goes on handling, half of the time, and the others wait until it is over:
        what is not kept in time may never come again, what is kept only waits."""
        now = asyncio.get_running_loop().time

        def wait() -> bool:
            rush = now() < self._rush_until and not self._leaving
            return rush and (self._at_work > 0 or now() < self._rest_until)

        while wait():  # noqa: ASYNC110 (nothing tells that it is over: no call comes)
            await asyncio.sleep(BREATH_SECONDS)

    async def _next(self) -> bool:
        """Handle the next message or, where none waits or it is their turn, what receipts do;
        whether there may be more."""
        taken: messages.Waiting | None = None
        their_turn = self._since_receipts >= IN_TURN
        if their_turn:
            self._since_receipts = 0  # at once: the other workers go on with messages
        receipts: Sequence[outcomes.Waiting] = ()
        aside = ""
        now = asyncio.get_running_loop().time
        began = now()
        try:
            async with self._database.transaction() as tx:
                taken = None if their_turn else await messages.next_inbound(tx)
                if taken is None:
                    receipts = await outcomes.next_receipts(tx, IN_TURN)
                else:
                    aside = await self._effect(tx, taken)
        except StorageUnavailableError:
            raise
        except messages.UnreadableError as error:
            log.error("unreadable", inbox=error.id)
            await self._count(error.id, TRIES)
            return True
        except Exception as error:
            # The class and the place only: the message of an error can hold somebody's words.
            log.error("not_handled", inbox=taken and taken.id, error=_where(error))
            if taken is None:
                raise
            HANDLED.labels("failed").inc()
            await self._failed(taken)
            return True
        if taken is None:
            return await self._apply(receipts) or their_turn
        self._since_receipts += 1
        if not taken.urgent:
            self._rest_until = now() + min(now() - began, RUSH_SECONDS)
        HANDLED.labels("aside" if aside else "ok").inc()
        if aside:
            ASIDE.labels(aside).inc()
        self.changed.set()
        return True

    async def _effect(self, tx: Transaction, taken: messages.Waiting) -> str:
        """A message has its effect, which is noted; why it was left unanswered, if it was."""
        aside = await router.receive(self._desk, tx, self._clock.now(), taken.message)
        await messages.known_since(tx, taken)
        await messages.handled(tx, taken.id, self._clock.now(), aside)
        return aside

    async def _count(self, inbox_id: int, by: int = 1) -> None:
        async with self._database.transaction() as tx:
            await messages.count_attempt(tx, inbox_id, by)

    async def _failed(self, taken: messages.Waiting) -> None:
        """Note that a message could not be handled; the last time, a person is told of it in the
        same commit that lets the others of its lane go on."""
        if taken.attempts + 1 < TRIES:
            await self._count(taken.id)
            return
        try:
            async with self._database.transaction() as tx:
                now = self._clock.now()
                await messages.count_attempt(tx, taken.id)
                if not await messages.handled(tx, taken.id, now):
                    return  # another process took it up meanwhile, and managed
                await router.gave_up(self._desk, tx, now, taken.message)
                await audit.note(tx, now, "message_given_up", "inbox", taken.id)
        except StorageUnavailableError:
            raise
        except Exception as error:
            # Set aside, neither handled nor in anybody's way: it shows in the metrics.
            log.critical("nobody_told", inbox=taken.id, error=_where(error))
            async with self._database.transaction() as tx:
                await messages.count_attempt(tx, taken.id)
                await audit.note(tx, self._clock.now(), "message_set_aside", "inbox", taken.id)
        self.changed.set()

    async def _apply(self, found: Sequence[outcomes.Waiting]) -> bool:
        for receipt in found:
            await self._receipt(receipt)
        if found:
            self.changed.set()
        return bool(found)

    async def _receipt(self, receipt: outcomes.Waiting) -> None:
        """Apply one receipt. One that can't be is set aside, and the message looks as it did."""
        try:
            async with self._database.transaction() as tx:
                if await outcomes.applied(tx, receipt.id, self._clock.now()):
                    await apply_receipt(tx, self._clock, receipt.receipt, self._meaning)
        except StorageUnavailableError:
            raise
        except Exception as error:
            log.error("receipt_not_applied", receipt=receipt.id, error=_where(error))
            async with self._database.transaction() as tx:
                await outcomes.applied(tx, receipt.id, self._clock.now())


def _settle(waiting: _Waiting, error: Exception | None) -> None:
    """Tell a caller how it went. Whatever was in the way, the provider is to call again."""
    if waiting.stored.done():
        return
    if error is None:
        waiting.stored.set_result(None)
        return
    if not isinstance(error, StorageUnavailableError):
        error = StorageUnavailableError(type(error).__name__)
    waiting.stored.set_exception(error)
    waiting.stored.exception()  # looked at: a caller that has hung up never will


POLL_LEASE_SECONDS = 6.0
"""A dead process's right to poll is free after so long; renewed at a third of it."""


class _LostError(Exception):
    """Another process polls now."""


async def poll(
    adapter: ChannelAdapter, intake: Intake, database: Database, clock: Clock, holder: str = ""
) -> None:
    """Ask a provider for news again and again, where it can't reach us or may have missed us. How
    far we have got is kept in the same commit as what came. Of several processes on one PostgreSQL
    database one asks at a time: two who ask Telegram at once are both turned away."""
    name = f"poll.{adapter.channel.value}"
    lease = f"{name}.lease"

    async def hold() -> bool:
        async with database.transaction() as tx:
            return await keepsakes.hold(tx, lease, holder, clock.now(), POLL_LEASE_SECONDS)

    try:
        await _poll(adapter, intake, database, clock, name, hold)
    finally:  # told to stop: whoever else is there need not wait for the lease to run out
        if database.on_postgresql:
            with suppress(StorageUnavailableError):
                async with database.transaction() as tx:
                    await keepsakes.let_go(tx, lease, holder)


async def _poll(
    adapter: ChannelAdapter,
    intake: Intake,
    database: Database,
    clock: Clock,
    name: str,
    hold: Callable[[], Awaitable[bool]],
) -> None:
    cursor: str | None = None
    wait = 1.0
    while True:
        try:
            if database.on_postgresql and not await hold():
                raise _LostError
            if cursor is None:
                async with database.transaction() as tx:
                    cursor = await keepsakes.recall(tx, name)
            asking = adapter.poll(cursor)
            received, after = await (_holding(asking, hold) if database.on_postgresql else asking)
            await intake.store(received, (name, after) if after != cursor else None)
            cursor, wait = after, 1.0
        except _LostError:
            cursor = None  # when it is our turn, from where the other one got to
            await clock.sleep(POLL_LEASE_SECONDS / 3)
        except Exception as error:
            # Whatever it is, people go on writing: ask again.
            known = isinstance(error, SendError | StorageUnavailableError)
            why = str(error) if known else _where(error)
            log.warning("poll_failed", channel=adapter.channel.value, error=why)
            asked = error.retry_after if isinstance(error, SendError) else None
            await clock.sleep(asked or wait)
            # Our own database is asked every second: when it is back, people have waited enough.
            wait = 1.0 if isinstance(error, StorageUnavailableError) else min(60.0, wait * 2)


async def _holding(asking: Awaitable[T], hold: Callable[[], Awaitable[bool]]) -> T:
    """What a long call gives, with the lease renewed while it lasts.

    Raises:
        _LostError: if the lease was lost meanwhile. The call is given up.
    """
    task = asyncio.ensure_future(asking)
    try:
        while not (await asyncio.wait((task,), timeout=POLL_LEASE_SECONDS / 3))[0]:
            if not await hold():
                raise _LostError
        return task.result()
    finally:
        task.cancel()


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}"
