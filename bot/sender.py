"""The outbox: claimed by priority, sent with no transaction open, and what came of it recorded.

One process at a time holds the sending lease of each channel, so that its rate budget is one. What
a dead process was sending has an unknown outcome: the provider is asked where it can be, and
nothing is ever blindly sent again.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from bot.budget import Budget, Limits
from bot.channels.base import (
    ChannelAdapter,
    RetryableError,
    SendError,
    Sent,
    UnknownOutcomeError,
)
from bot.clock import Clock
from bot.fates import given_up, lost
from bot.metrics import SEND_SECONDS, SENDS
from handlers.rules import timing
from handlers.rules.segments import segments
from storage import groups, keepsakes, members, messages, outcomes
from storage.database import Database, StorageUnavailableError, Transaction
from storage.model import Channel, OutboundKind, OutboundMessage, Priority, SendStatus

log = structlog.get_logger("sender")

TRIES = 15
"""Calls for one message before it is given up: with the waits below, three to four hours."""

FIRST_WAIT, LONGEST_WAIT = 2.0, 3600.0
"""Seconds between tries: doubled each time, with a random part so that they don't come in step."""

LEASE_SECONDS = 8.0
"""A dead process's lease is free after so long; renewed at a third of it."""

LOOK_AFTER = timedelta(seconds=10)
"""How long after an unknown end the provider is asked: its lists lag a little behind."""

TAKEN_OVER = timedelta(seconds=40)
"""The same for what another process was sending, which may yet be alive and waiting for an answer:
longer than any call to a provider takes."""

ASK_AGAIN = timedelta(seconds=30)
"""How long after it could not be asked."""

TWICE_999 = 3
"""Times that an emergency's words are said to somebody who may have got them already."""

PUT_BACK = timedelta(seconds=2)
"""A clock that goes back by less is only being kept right."""

CANT_BE_ASKED = "can't be asked"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of one call, to be recorded."""

    message: OutboundMessage
    lane: str
    result: Sent | SendError


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
        self._held: dict[str, float] = {}
        """Chats that the provider asked us to leave alone, and until when."""
        self._busy: set[str] = set()
        self._sending: set[asyncio.Task[None]] = set()
        self._asking: asyncio.Task[None] | None = None
        self._ask_at: datetime | None = None
        self._unrecorded: list[_Outcome] = []
        self._paused_until = 0.0
        self._leased_until = 0.0
        self._latest = datetime.min.replace(tzinfo=UTC) + PUT_BACK
        self._was_here = False
        self._leaving = False
        self.holds_lease = False
        self.wake = asyncio.Event()
        self.turns = 0
        """How many times it has looked for something to send."""

    @property
    def channel(self) -> Channel:
        return self._adapter.channel

    async def run(self) -> None:
        """Send until `leave`."""
        while not self._leaving:
            self.wake.clear()
            try:
                wait = await self.pump() if await self.lease() else LEASE_SECONDS / 3
                self.turns += 1
                await self._until_woken(max(wait, 0.002))
            except StorageUnavailableError as error:
                log.warning("storage_unavailable", error=str(error))
                await asyncio.sleep(1)
            except Exception as error:
                # Whatever it is, the other messages must not wait for ever because of it.
                log.error("sender_fault", channel=self.channel.value, error=type(error).__name__)
                await asyncio.sleep(5)

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

    def leave(self) -> None:
        """Let `run` end, and begin to send nothing more."""
        self._leaving = True
        self.wake.set()

    async def stop(self) -> None:
        """Wait for what is being sent, and let another process take over at once."""
        tasks = [*self._sending, *([self._asking] if self._asking else [])]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=10)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        try:
            await self._record_again()
            if self.holds_lease:
                async with self._database.transaction() as tx:
                    await keepsakes.let_go(tx, self._lease, self._holder)
                self.holds_lease = False
        except StorageUnavailableError as error:
            log.warning("storage_unavailable", error=str(error))

    @property
    def _lease(self) -> str:
        return f"sender.{self.channel.value}"

    async def lease(self) -> bool:
        """Hold or go on holding the right to send; whoever takes it over asks after what the one
        before left in flight."""
        now = self._clock.monotonic()
        wall = self._clock.now()
        put_back = wall < self._latest - PUT_BACK
        if self.holds_lease and not put_back and now < self._leased_until - LEASE_SECONDS * 2 / 3:
            self._latest = wall
            return True
        async with self._database.transaction() as tx:
            # A SQLite file is used by one process: whoever held the lease before we came is gone.
            take = not tx.on_postgresql and not self._was_here
            holds = await keepsakes.hold(
                tx, self._lease, self._holder, wall, LEASE_SECONDS, take=take
            )
            if holds and not self.holds_lease:
                ask_at = wall + (TAKEN_OVER if tx.on_postgresql else LOOK_AFTER)
                await outcomes.interrupted(tx, self.channel, self._holder, ask_at)
            if holds and (put_back or not self.holds_lease):
                longest = wall + timedelta(seconds=LONGEST_WAIT)
                await outcomes.hurry(tx, self.channel, wall, longest, wall + TAKEN_OVER)
                self._ask_at = await outcomes.next_ask_at(tx, self.channel)
        self.holds_lease = holds
        self._latest = wall
        self._was_here = self._was_here or holds
        self._leased_until = now + LEASE_SECONDS
        return self.holds_lease

    # Sending

    async def pump(self) -> float:
        """Start sending what may go now; seconds until it is worth looking again."""
        await self._record_again()
        while True:
            self._ask_if_time()
            wait = max(self._paused_until - self._clock.monotonic(), self._budget.wait())
            room = self._limits.in_flight - len(self._sending)
            if wait > 0 or self._leaving:
                return wait
            if room <= 0:
                return 60.0  # woken when one is done
            async with self._database.transaction() as tx:
                now = self._clock.now()
                claimed = await messages.claim(
                    tx, self.channel, self._holder, now, self._most(room), self._resting()
                )
                going = [(m, lane) for m, lane in claimed if await self._may_go(tx, m, now)]
                soonest = None if claimed else await messages.next_send_at(tx, self.channel, now)
            for message, lane in going:
                self._spend(message, lane)
                task = asyncio.ensure_future(self._send(message, lane))
                self._sending.add(task)
                task.add_done_callback(self._sent_one)
            if not claimed:
                return self._next_look(now, soonest)

    def _next_look(self, now: datetime, *moments: datetime | None) -> float:
        mono = self._clock.monotonic()
        waits = [60.0, *(until - mono for until in self._held.values() if until > mono)]
        waits += [budget.wait() for budget in self._chats.values() if budget.wait() > 0]
        for moment in (*moments, None if self._asking else self._ask_at):
            if moment is not None:
                waits.append(max(0.0, (moment - now).total_seconds()))
        return min(waits)

    def _most(self, room: int) -> int:
        # Texts are claimed one by one: the next is only chosen when the line is free, so that an
        # urgent one never waits behind what was claimed a moment before it.
        return 1 if self._limits.by_segment else min(room, self._budget.ready())

    def _resting(self) -> set[str]:
        """Chats that are being sent to, or have had as much as they may for now."""
        now = self._clock.monotonic()
        for lane in [lane for lane, budget in self._chats.items() if budget.full]:
            del self._chats[lane]
        self._held = {lane: until for lane, until in self._held.items() if until > now}
        over = {lane for lane, budget in self._chats.items() if budget.wait() > 0}
        return self._busy | self._held.keys() | over

    def _spend(self, message: OutboundMessage, lane: str) -> None:
        self._busy.add(lane)
        self._budget.spend(self._parts(message) or 1)
        if self._limits.per_chat and message.kind in (OutboundKind.TEXT, OutboundKind.EDIT):
            if lane not in self._chats:
                group = _is_group(message)
                rate = self._limits.per_group if group else self._limits.per_chat
                self._chats[lane] = Budget(self._clock, rate, self._limits.chat_burst)
            self._chats[lane].spend()

    def _parts(self, message: OutboundMessage) -> int:
        """What it is charged as; nothing where that costs nothing."""
        return segments(message.text) if self._limits.by_segment else 0

    def _sent_one(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self.wake.set()

    async def _may_go(self, tx: Transaction, message: OutboundMessage, now: datetime) -> bool:
        """Look once more, at the last moment: it may be night by now, or they said STOP."""
        if message.kind is not OutboundKind.TEXT or message.priority is Priority.EMERGENCY:
            return True
        if message.member_id is not None:
            stopped_at = await members.stopped_at(tx, message.member_id)
            if stopped_at is not None and message.created_at < stopped_at:
                await outcomes.sent(tx, message.id, SendStatus.WITHDRAWN, now)
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
            result: Sent | SendError = await self._adapter.send(message)
        except SendError as error:
            result = error
        except Exception as error:
            # A fault of ours: whether it left is not known.
            log.error("send_fault", outbox=message.id, error=type(error).__name__)
            result = UnknownOutcomeError("fault")
        outcome = "sent" if isinstance(result, Sent) else type(result).__name__
        SENDS.labels(self.channel.value, outcome).inc()
        SEND_SECONDS.labels(self.channel.value).observe(time.perf_counter() - began)
        await self._note(_Outcome(message, lane, result))

    # Recording

    async def _note(self, outcome: _Outcome) -> None:
        """Record an outcome. One that can't be recorded is kept, and its chat left alone until it
        is: should we die meanwhile, its row still says `sending`, and it is asked after."""
        try:
            await self._record(outcome)
        except Exception as error:
            log.error("not_recorded", outbox=outcome.message.id, error=type(error).__name__)
            self._unrecorded.append(outcome)
            return
        self._busy.discard(outcome.lane)

    async def _record_again(self) -> None:
        late, self._unrecorded = self._unrecorded, []
        for outcome in late:
            await self._note(outcome)

    async def _record(self, outcome: _Outcome) -> None:
        message, result = outcome.message, outcome.result
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if isinstance(result, Sent):
                ident = result.provider_id
                parts = self._parts(message)
                await outcomes.sent(
                    tx, message.id, SendStatus.SENT, now, provider_id=ident, parts=parts
                )
            elif isinstance(result, UnknownOutcomeError):
                if message.priority is Priority.EMERGENCY and message.attempts < TWICE_999:
                    await outcomes.again(tx, message.id, now, result.code)
                    return
                ask_at = now + LOOK_AFTER
                await outcomes.unknown(tx, message.id, ask_at, result.code)
                self._ask_at = min(self._ask_at or ask_at, ask_at)
            elif isinstance(result, RetryableError) and message.attempts < TRIES:
                wait = result.retry_after or backoff(message.attempts)
                if result.retry_after:
                    self._hold_back(outcome, result.retry_after)
                await outcomes.retry(tx, message.id, now + timedelta(seconds=wait), result.code)
            else:
                await self._give_up(tx, message, result)

    def _hold_back(self, outcome: _Outcome, seconds: float) -> None:
        """The provider asked us to wait, which is law. Nobody says what it is that is too much: in
        a group it will be the group; else it may be the whole bot."""
        until = self._clock.monotonic() + seconds
        if _is_group(outcome.message):
            self._held[outcome.lane] = until
        else:
            self._paused_until = max(self._paused_until, until)

    async def _give_up(self, tx: Transaction, message: OutboundMessage, error: SendError) -> None:
        log.warning("not_sent", outbox=message.id, code=error.code, kind=type(error).__name__)
        await outcomes.sent(tx, message.id, SendStatus.FAILED, self._clock.now(), code=error.code)
        await given_up(tx, self._clock, message, error)

    # What nobody knows about

    def _ask_if_time(self) -> None:
        if self._ask_at and self._ask_at <= self._clock.now() and self._asking is None:
            self._asking = asyncio.ensure_future(self._ask_all())
            self._asking.add_done_callback(self._asked_all)

    def _asked_all(self, task: asyncio.Task[None]) -> None:
        self._asking = None
        self.wake.set()

    async def _ask_all(self) -> None:
        try:
            await self.reconcile()
        except Exception as error:
            self._ask_at = self._clock.now() + ASK_AGAIN
            log.error("not_asked", channel=self.channel.value, error=type(error).__name__)

    async def reconcile(self) -> int:
        """Ask the provider after the messages with an unknown end whose time to be asked after has
        come; how many there were."""
        async with self._database.transaction() as tx:
            found = await outcomes.to_ask_after(tx, self.channel, self._clock.now())
        for message in found:
            await self._ask_after(message)
        async with self._database.transaction() as tx:
            self._ask_at = await outcomes.next_ask_at(tx, self.channel)
        return len(found)

    async def _ask_after(self, message: OutboundMessage) -> None:
        try:
            found = await self._adapter.look_up(message)
        except UnknownOutcomeError:
            await self._cant_ask(message)
            return
        except Exception as error:  # not now; what is wrong with one must not hold up the others
            code = error.code if isinstance(error, SendError) else "fault"
            log.warning("not_asked", outbox=message.id, code=code)
            async with self._database.transaction() as tx:
                ask_at = self._clock.now() + ASK_AGAIN
                await outcomes.unknown(tx, message.id, ask_at, f"to be asked: {code}")
            return
        async with self._database.transaction() as tx:
            now = self._clock.now()
            # The same words may have gone to the same person before, as a message of its own.
            ids = [each.provider_id for each in found]
            others = await outcomes.known_by(tx, self.channel, ids, but=message.id)
            ident = next((each for each in ids if each not in others), "")
            if ident:
                parts = self._parts(message)
                await outcomes.sent(
                    tx, message.id, SendStatus.SENT, now, provider_id=ident, parts=parts
                )
            elif message.attempts < TRIES:
                await outcomes.again(tx, message.id, now, "not found at the provider")
            else:
                await self._give_up(tx, message, RetryableError("no_answer"))

    async def _cant_ask(self, message: OutboundMessage) -> None:
        """It may have arrived, and nobody can say. Doing an edit twice does no harm, and not being
        told to ring 999 does; anything else is left, and whoever depends on it hears of that."""
        urgent = message.priority is Priority.EMERGENCY
        harmless = urgent or message.kind is not OutboundKind.TEXT
        async with self._database.transaction() as tx:
            now = self._clock.now()
            if harmless and message.attempts < TWICE_999:
                await outcomes.again(tx, message.id, now, CANT_BE_ASKED)
                return
            await outcomes.unknown(tx, message.id, outcomes.NEVER, CANT_BE_ASKED)
            if message.kind is OutboundKind.TEXT:
                await lost(tx, self._clock, message)

    @property
    def idle(self) -> bool:
        """Whether nothing is being sent or asked after just now."""
        return not self._sending and self._asking is None

    async def wait_for_sends(self) -> None:
        """Wait until what is being sent, or asked after, has its answer."""
        going: list[asyncio.Task[None]] = [*self._sending]
        if self._asking:
            going.append(self._asking)
        if going:
            await asyncio.wait(going)


def _is_group(message: OutboundMessage) -> bool:
    return message.channel is Channel.TELEGRAM and message.chat.startswith("-")


def backoff(attempts: int) -> float:
    """Seconds to wait after so many tries: doubled each time, with a random half."""
    longest: float = min(LONGEST_WAIT, FIRST_WAIT * 2 ** max(0, attempts - 1))
    spread = 0.5 + random.random() / 2  # noqa: S311 (spread, not a secret)
    return longest * spread
