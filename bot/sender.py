"""The outbox: claimed by priority, sent with no transaction open, and what came of it recorded.

One process at a time holds the sending lease of each channel, so that its rate budget is one. What
a dead process was sending has an unknown outcome: the provider is asked where it can be, and
nothing is ever blindly sent again.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.channels.base import (
    ChannelAdapter,
    OptedOutError,
    PermanentError,
    RetryableError,
    SendError,
    Sent,
    UnknownOutcomeError,
)
from bot.clock import Clock
from bot.intake import lost, unreachable
from bot.metrics import SEND_SECONDS, SENDS
from handlers.rules import timing
from handlers.rules.segments import segments
from storage import groups, keepsakes, members, messages
from storage.database import Database, StorageUnavailableError, Transaction
from storage.model import Channel, OutboundKind, OutboundMessage, Priority, SendStatus

log = structlog.get_logger("sender")

TRIES = 8
"""Calls for one message before it is given up: with the waits below, about four hours."""

FIRST_WAIT, LONGEST_WAIT = 2.0, 3600.0
"""Seconds between tries: doubled each time, with a random part so that they don't come in step."""

LEASE_SECONDS = 8.0
"""A dead process's lease is free after so long; renewed at a third of it."""

CANT_BE_ASKED = "can't be asked"


@dataclass
class Budget:
    """So much a second, and no more than `burst` at once. May be overdrawn by one message, which
    is then waited for."""

    clock: Clock
    rate: float
    burst: float
    _have: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._have, self._at = self.burst, self.clock.monotonic()

    def wait(self) -> float:
        """Seconds until something may be spent; 0 if it may be now."""
        now = self.clock.monotonic()
        self._have = min(self.burst, self._have + (now - self._at) * self.rate)
        self._at = now
        return 0.0 if self._have > 0 else -self._have / self.rate + 1e-3

    def spend(self, amount: float) -> None:
        self.wait()
        self._have -= amount

    @property
    def full(self) -> bool:
        self.wait()
        return self._have >= self.burst


@dataclass(frozen=True)
class Limits:
    """What a channel's provider allows."""

    overall: float
    """Messages (or segments of texts) a second."""
    overall_burst: float
    per_chat: float = 0.0
    """Messages a second to one person; 0: no such limit."""
    per_chat_burst: float = 1.0
    per_group: float = 0.0
    """Messages a second to one group chat."""
    in_flight: int = 16
    by_segment: bool = False


TELEGRAM_LIMITS = Limits(
    # core.telegram.org/bots/faq: about 30 a second, 1 a second in one chat with short bursts
    # allowed, 20 a minute in one group.
    overall=30,
    overall_burst=10,
    per_chat=1.0,
    per_chat_burst=3,
    per_group=20 / 60,
)
SMS_LIMITS = Limits(overall=1, overall_burst=1, in_flight=4, by_segment=True)


class Sender:
    """Sends what waits for one channel."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        adapter: ChannelAdapter,
        limits: Limits,
        holder: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._adapter = adapter
        self._limits = limits
        self._holder = holder
        self._budget = Budget(clock, limits.overall, limits.overall_burst)
        self._chats: dict[str, Budget] = {}
        self._busy: set[str] = set()
        self._sending: set[asyncio.Task[None]] = set()
        self._paused_until = 0.0
        self._leased_until = 0.0
        self.holds_lease = False
        self.wake = asyncio.Event()

    @property
    def channel(self) -> Channel:
        return self._adapter.channel

    async def run(self) -> None:
        """Send for as long as the process lives."""
        while True:
            self.wake.clear()
            try:
                wait = await self.pump() if await self.lease() else LEASE_SECONDS / 3
                await self._until_woken(max(wait, 0.002))
            except StorageUnavailableError as error:
                log.warning("storage_unavailable", error=str(error))
                await asyncio.sleep(1)

    async def _until_woken(self, seconds: float) -> None:
        """Wait for something to send, for so many of the clock's seconds (a virtual clock's may be
        short), or until the lease wants looking at, which is in real ones."""
        waits = [
            asyncio.ensure_future(wait)
            for wait in (
                self.wake.wait(),
                self._clock.sleep(seconds),
                asyncio.sleep(LEASE_SECONDS / 3),
            )
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def stop(self) -> None:
        """Wait for what is being sent."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=10)

    async def lease(self) -> bool:
        """Hold or go on holding the right to send; whoever takes it over asks after what the one
        before left in flight."""
        now = self._clock.monotonic()
        if self.holds_lease and now < self._leased_until - LEASE_SECONDS * 2 / 3:
            return True
        async with self._database.transaction() as tx:
            had = self.holds_lease
            # A SQLite file is used by one process: whoever held the lease before is gone.
            self.holds_lease = await keepsakes.hold(
                tx,
                f"sender.{self.channel.value}",
                self._holder,
                self._clock.now(),
                LEASE_SECONDS,
                take=not tx.on_postgresql,
            )
        self._leased_until = now + LEASE_SECONDS
        if self.holds_lease and not had:
            await self.reconcile()
        return self.holds_lease

    # Sending

    async def pump(self) -> float:
        """Start sending what may go now; seconds until it is worth looking again."""
        while True:
            pause = self._paused_until - self._clock.monotonic()
            wait = max(pause, self._budget.wait())
            room = self._limits.in_flight - len(self._sending)
            if wait > 0:
                return wait
            if room <= 0:
                return 60.0  # woken when one is done
            async with self._database.transaction() as tx:
                now = self._clock.now()
                claimed = await messages.claim(
                    tx, self.channel, self._holder, now, self._most(room), self._resting()
                )
                claimed = [(m, lane) for m, lane in claimed if await self._may_go(tx, m, now)]
                if not claimed:
                    soonest = await messages.next_send_at(tx, self.channel)
            if not claimed:
                chats = [b.wait() for b in self._chats.values() if b.wait() > 0]
                waits = [*chats, 60.0]
                if soonest and soonest > now:
                    waits.append((soonest - now).total_seconds())
                return min(waits)
            for message, lane in claimed:
                self._spend(message, lane)
                task = asyncio.ensure_future(self._send(message, lane))
                self._sending.add(task)
                task.add_done_callback(self._sent_one)

    def _most(self, room: int) -> int:
        # Texts are claimed one by one: the next is only chosen when the line is free, so that an
        # urgent one never waits behind what was claimed a moment before it.
        return 1 if self._limits.by_segment else room

    def _resting(self) -> set[str]:
        """Chats that are being sent to, or have had as much as they may for now."""
        for lane in [lane for lane, budget in self._chats.items() if budget.full]:
            del self._chats[lane]
        return self._busy | {lane for lane, budget in self._chats.items() if budget.wait() > 0}

    def _spend(self, message: OutboundMessage, lane: str) -> None:
        self._busy.add(lane)
        self._budget.spend(segments(message.text) if self._limits.by_segment else 1)
        if self._limits.per_chat and message.kind in (OutboundKind.TEXT, OutboundKind.EDIT):
            group = message.chat.startswith("-")  # Telegram's group chats have negative ids
            if lane not in self._chats:
                rate = self._limits.per_group if group else self._limits.per_chat
                self._chats[lane] = Budget(self._clock, rate, self._limits.per_chat_burst)
            self._chats[lane].spend(1)

    def _sent_one(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self.wake.set()

    async def _may_go(self, tx: Transaction, message: OutboundMessage, now: datetime) -> bool:
        """Look once more, at the last moment: it may be night by now, or they said STOP."""
        if message.kind is not OutboundKind.TEXT or message.priority is Priority.EMERGENCY:
            return True
        if message.member_id is not None:
            member = await members.get(tx, message.member_id)
            if member.stopped_at is not None and message.created_at < member.stopped_at:
                await messages.sent(tx, message.id, SendStatus.WITHDRAWN, now)
                return False
        if not message.wakes and message.community_id is not None:
            community = await groups.get(tx, message.community_id)
            if community and timing.is_quiet(now, community):
                await messages.postpone(tx, message.id, timing.not_quiet(now, community))
                return False
        return True

    async def _send(self, message: OutboundMessage, lane: str) -> None:
        began = time.perf_counter()
        try:
            sent: Sent | SendError = await self._adapter.send(message)
        except SendError as error:
            sent = error
        except Exception as error:
            # A fault of ours: whether it left is not known.
            log.error("send_fault", outbox=message.id, error=type(error).__name__)
            sent = UnknownOutcomeError("fault")
        outcome = "sent" if isinstance(sent, Sent) else type(sent).__name__
        SENDS.labels(self.channel.value, outcome).inc()
        SEND_SECONDS.labels(self.channel.value).observe(time.perf_counter() - began)
        try:
            await self._record(message, sent)
        except StorageUnavailableError:
            # Recorded nowhere: the row stays `sending`, and is asked after when storage is back.
            log.error("not_recorded", outbox=message.id)
        finally:
            self._busy.discard(lane)

    async def _record(self, message: OutboundMessage, outcome: Sent | SendError) -> None:
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if isinstance(outcome, Sent):
                ident = outcome.provider_id
                await messages.sent(tx, message.id, SendStatus.SENT, now, provider_id=ident)
            elif isinstance(outcome, UnknownOutcomeError):
                await messages.sent(tx, message.id, SendStatus.UNKNOWN, now, code=outcome.code)
            elif isinstance(outcome, RetryableError) and message.attempts < TRIES:
                wait = outcome.retry_after or backoff(message.attempts)
                if outcome.retry_after:
                    self._paused_until = self._clock.monotonic() + outcome.retry_after
                await messages.retry(tx, message.id, now + timedelta(seconds=wait), outcome.code)
            else:
                await self._given_up(tx, message, outcome)
        if isinstance(outcome, UnknownOutcomeError):
            await self._ask_after(message)

    async def _given_up(self, tx: Transaction, message: OutboundMessage, error: SendError) -> None:
        await messages.sent(tx, message.id, SendStatus.FAILED, self._clock.now(), code=error.code)
        log.warning("not_sent", outbox=message.id, code=error.code, kind=type(error).__name__)
        if message.kind is not OutboundKind.TEXT:
            return
        if isinstance(error, OptedOutError):
            await unreachable(tx, message.member_id, error.code)
        if isinstance(error, PermanentError | RetryableError):
            await lost(tx, self._clock, message.id, message.about)

    # What nobody knows about

    async def reconcile(self) -> int:
        """Ask the provider after every message whose outcome is unknown; how many there were."""
        async with self._database.transaction() as tx:
            found = await messages.left_in_flight(tx, self.channel, self._holder)
        for message in found:
            await self._ask_after(message)
        return len(found)

    async def _ask_after(self, message: OutboundMessage) -> None:
        try:
            sent = await self._adapter.look_up(message)
        except UnknownOutcomeError:
            await self._cant_ask(message)
            return
        except SendError:
            async with self._database.transaction() as tx:
                await messages.sent(
                    tx, message.id, SendStatus.UNKNOWN, self._clock.now(), code="to be asked"
                )
            return
        async with self._database.transaction() as tx:
            now = self._clock.now()
            if sent:
                await messages.sent(
                    tx, message.id, SendStatus.SENT, now, provider_id=sent.provider_id
                )
            else:
                await messages.again(tx, message.id, now, "not found at the provider")

    async def _cant_ask(self, message: OutboundMessage) -> None:
        """It may have arrived, and nobody can say. Doing an edit twice does no harm, and not being
        told to ring 999 does; anything else is left, and whoever depends on it hears of that."""
        harmless = message.kind is not OutboundKind.TEXT
        async with self._database.transaction() as tx:
            now = self._clock.now()
            if harmless or message.priority is Priority.EMERGENCY:
                await messages.again(tx, message.id, now, CANT_BE_ASKED)
                return
            await messages.sent(tx, message.id, SendStatus.UNKNOWN, now, code=CANT_BE_ASKED)
            await messages.note_code(tx, message.id, CANT_BE_ASKED)
            await lost(tx, self._clock, message.id, message.about)

    @property
    def idle(self) -> bool:
        """Whether nothing is being sent just now."""
        return not self._sending

    async def wait_for_sends(self) -> None:
        if self._sending:
            await asyncio.wait(self._sending)


def backoff(attempts: int) -> float:
    """Seconds to wait after so many tries: doubled each time, with a random half."""
    longest: float = min(LONGEST_WAIT, FIRST_WAIT * 2 ** max(0, attempts - 1))
    spread = 0.5 + random.random() / 2  # noqa: S311 (spread, not a secret)
    return longest * spread
