"""The outbox: claimed by priority, sent with no transaction open, and what came of it recorded.

One process at a time holds the sending lease of each channel, so that its pace is one. What was
being sent when a process died has an unknown end, which is `unknowns`' business.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from bot.budget import BULK, NEVER, Budget, Limits, Pace, Ticket
from bot.channels.base import (
    ChannelAdapter,
    RetryableError,
    SendError,
    Sent,
    TooManyError,
    UnknownOutcomeError,
)
from bot.clock import Clock
from bot.fates import give_up
from bot.metrics import HELD, SEGMENTS, SEND_SECONDS, SENDS
from bot.unknowns import TAKEN_OVER, TRIES, TWICE_999, Unknowns
from handlers import late, spending
from handlers.rules import timing
from handlers.rules.segments import segments
from handlers.turn import Desk
from storage import groups, keepsakes, members, messages, outcomes
from storage.database import SILENT_SECONDS, Database, StorageUnavailableError, Transaction
from storage.model import Channel, OutboundKind, OutboundMessage, Priority, SendStatus

log = structlog.get_logger("sender")

FIRST_WAIT, LONGEST_WAIT = 2.0, 3600.0
"""Seconds between tries: doubled each time, with a random part so that they don't come in step."""

LEASE_SECONDS = 6.0
"""A dead process's lease is free after so long; renewed at a third of it. Who waits for it looks as
often, so another sends 8 seconds after a death at the latest: 10 are promised (docs/scaling.md)."""

PUT_BACK = timedelta(seconds=2)
"""A clock that goes back by less is only being kept right."""

SWEEP_SECONDS = 10.0
"""How often chats are forgotten that may have all again: by then most may (three at once, then one
a second)."""

GATHER_SECONDS = 0.01
"""From one look for something to send to the next, while as many as `MANY` are on their way. Where
hundreds write at once it would otherwise look after each call that is answered, and find three
messages; to look is what costs."""

MANY = 4

LEAD = 0.02
"""Seconds that choosing the next message may at most begin before its turn to leave comes."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of one call, to be recorded."""

    message: OutboundMessage
    lane: str
    result: Sent | SendError


@dataclass(frozen=True, slots=True)
class _Choice:
    """What may be chosen to go just now."""

    most: int
    priorities: tuple[Priority, ...]
    look_in: float
    """Seconds until more may be."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What was chosen to go."""

    at: datetime
    claimed: int
    going: list[tuple[OutboundMessage, str]]
    """Those of them that still may, with their chats."""
    soonest: datetime | None
    """When the next may go, where all were claimed that may go now."""
    more: bool = False
    """There may be others that may go now."""


class Sender:
    """Sends what waits for one channel."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        adapter: ChannelAdapter,
        limits: Limits,
        holder: str,
        desk: Desk,
    ) -> None:
        self._desk = desk
        self._database = database
        self._clock = clock
        self._adapter = adapter
        self._limits = limits
        self._holder = holder
        self._pace: Pace = limits.pace(clock)
        self._unknowns = Unknowns(database, clock, adapter, self.parts, self._woken)
        self._chats: dict[str, Budget] = {}
        """What each chat may have of late; those that may have all again are forgotten."""
        self._sweep_at = 0.0
        self._rests: dict[str, float] = {}
        """Chats that have had as much as they may for now, and until when."""
        self._held: dict[str, float] = {}
        """Chats that the provider asked us to leave alone, and until when."""
        self._busy: set[str] = set()
        self._sending: dict[asyncio.Task[None], Priority] = {}
        self._claiming = 0.0
        """Seconds that choosing took of late."""
        self._sent: list[_Outcome] = []
        """What the provider took, to be recorded with the next choice of what goes."""
        self._unrecorded: list[_Outcome] = []
        """What could not be recorded."""
        self._paused_until = 0.0
        self._in_doubt_until = 0.0
        """Until then something may turn out to be claimed that nobody here knows of."""
        self._leased_until = 0.0
        self._latest = datetime.min.replace(tzinfo=UTC) + PUT_BACK
        self._was_here = False
        self._leaving = False
        self.holds_lease = False
        self.wake = asyncio.Event()
        self._looked_at = -GATHER_SECONDS
        """When it last did, by a clock that nobody sets."""
        self.turns = 0
        """How many times it has looked for something to send."""

    @property
    def pace(self) -> float:
        """What it allows itself a second just now."""
        return self._pace.per_second

    @property
    def channel(self) -> Channel:
        return self._adapter.channel

    async def run(self) -> None:
        """Send until `leave`."""
        while not self._leaving:
            if len(self._sending) >= MANY:
                await asyncio.sleep(self._looked_at + GATHER_SECONDS - time.monotonic())
            self._looked_at = time.monotonic()
            self.wake.clear()
            try:
                if await self.lease():
                    wait = await self.pump()
                else:
                    await self._record_all()
                    wait = LEASE_SECONDS / 3
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
        tasks = [*self._sending, *self._unknowns.tasks]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=10)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        try:
            await self._record_all()
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
                await self._unknowns.take_over(tx, self._holder)
            if holds and (put_back or not self.holds_lease):
                longest = wall + timedelta(seconds=LONGEST_WAIT)
                await outcomes.hurry(tx, self.channel, wall, longest, wall + TAKEN_OVER)
                await self._unknowns.look(tx)
        self.holds_lease = holds
        self._latest = wall
        self._was_here = self._was_here or holds
        self._leased_until = now + LEASE_SECONDS if holds else 0.0
        return holds

    # Sending

    async def pump(self) -> float:
        """Start sending what may go now; seconds until it is worth looking again."""
        await self._record_again()
        await self._put_back()
        while True:
            # However much there is to send, the lease runs out meanwhile.
            if self.holds_lease and not await self.lease():
                return LEASE_SECONDS / 3
            self._unknowns.ask_if_time()
            choice = self._choice()
            if not choice.priorities or self._leaving:
                await self._record_all()
                return choice.look_in
            began = self._clock.monotonic()
            chosen = await self._choose(choice)
            if chosen is None:
                await self._record_again()
                continue
            for message, lane in chosen.going:
                self._busy.add(lane)
                ticket = self._pace.take(message.priority, self.parts(message) or 1)
                task = asyncio.ensure_future(self._send(message, lane, ticket))
                self._sending[task] = message.priority
                task.add_done_callback(self._sent_one)
            if chosen.claimed:
                self._claiming += (self._clock.monotonic() - began - self._claiming) / 4
            if not chosen.more:
                if not BULK.isdisjoint(choice.priorities):
                    self._pace.rests()
                return min(choice.look_in, self._next_look(chosen.at, chosen.soonest))

    async def _choose(self, choice: _Choice) -> _Chosen | None:
        """Claim what is to go, and record in the same commit what went since the last time; none if
        that failed, and each is to be recorded for itself."""
        sent, self._sent = self._sent, []
        try:
            async with self._database.transaction() as tx:
                now = self._clock.now()
                if sent:
                    await self._all_sent(tx, sent, now)
                claimed = await messages.claim(
                    tx,
                    self.channel,
                    self._holder,
                    now,
                    choice.most,
                    self._resting(self._busy - {each.lane for each in sent}),
                    choice.priorities,
                    few=BULK,
                )
                going = await self._that_may_go(tx, claimed, now)
                # Of bulk only one is claimed at a time.
                bulk = any(message.priority in BULK for message, _ in claimed)
                more = bulk or len(claimed) == choice.most
                soonest = None if more else await messages.next_send_at(tx, self.channel, now)
        except BaseException as error:
            self._unrecorded += sent
            if isinstance(error, StorageUnavailableError):
                self._in_doubt_until = self._clock.monotonic() + SILENT_SECONDS
            if not sent or not isinstance(error, Exception):
                raise
            log.warning("not_together", outbox=len(sent), error=type(error).__name__)
            return None
        self._are_recorded(sent)
        return _Chosen(now, len(claimed), going, soonest, more)

    async def _put_back(self) -> None:
        """Where the line broke as a claim was committed, nobody can know whether it was. If so it
        is ours, and would wait for ever for us to send it. (The server may take its time over a
        commit whose caller is gone, but no longer than over any other.)"""
        if self._clock.monotonic() < self._in_doubt_until:
            async with self._database.transaction() as tx:
                await outcomes.not_begun(tx, self.channel, self._holder, self._busy)

    def _choice(self) -> _Choice:
        """What may go now. The last places among the calls under way are kept for what is pressing:
        bulk that gets no answer must not keep an answer waiting."""
        lead = min(LEAD, self._claiming)
        paused = self._paused_until - self._clock.monotonic()
        room = self._limits.in_flight - len(self._sending)
        bulk = sum(priority in BULK for priority in self._sending.values())
        waits = {
            priority: max(paused, self._pace.wait(priority))
            for priority in Priority
            # Where there is no room, we are woken as soon as one is done.
            if room > 0 and (priority not in BULK or bulk < self._limits.in_flight_bulk)
        }
        may = tuple(priority for priority, wait in waits.items() if wait <= lead)
        look_in = min((wait - lead for wait in waits.values() if wait > lead), default=NEVER)
        return _Choice(min(room, self._pace.ready()), may, look_in)

    def _next_look(self, now: datetime, *moments: datetime | None) -> float:
        mono = self._clock.monotonic()
        resting = (*self._held.values(), *self._rests.values())
        waits = [NEVER, *(until - mono for until in resting if until > mono)]
        for moment in (*moments, self._unknowns.ask_at):
            if moment is not None:
                waits.append(max(0.0, (moment - now).total_seconds()))
        return min(waits)

    def _resting(self, busy: set[str]) -> set[str]:
        """Chats that are being sent to, or have had as much as they may for now."""
        now = self._clock.monotonic()
        if now >= self._sweep_at:
            self._chats = {lane: each for lane, each in self._chats.items() if not each.full}
            self._sweep_at = now + SWEEP_SECONDS
        self._held = {lane: until for lane, until in self._held.items() if until > now}
        self._rests = {lane: until for lane, until in self._rests.items() if until > now}
        return busy | self._held.keys() | self._rests.keys()

    def _count(self, message: OutboundMessage, lane: str) -> None:
        """A chat has had one more. Counted when the answer came, before the next to it may leave:
        so its provider, who counted no later, never sees more than we do."""
        if self._limits.per_chat and message.kind in (OutboundKind.TEXT, OutboundKind.EDIT):
            if lane not in self._chats:
                group = _is_group(message)
                rate = self._limits.per_group if group else self._limits.per_chat
                self._chats[lane] = Budget(self._clock, rate, self._limits.chat_burst)
            self._chats[lane].spend()
            if wait := self._chats[lane].wait():
                self._rests[lane] = self._clock.monotonic() + wait

    def parts(self, message: OutboundMessage) -> int:
        """What a message is charged as; nothing where that costs nothing."""
        return segments(message.text) if self._limits.by_segment else 0

    def _sent_one(self, task: asyncio.Task[None]) -> None:
        del self._sending[task]
        self._woken()

    def _woken(self) -> None:
        self.wake.set()

    async def _that_may_go(
        self, tx: Transaction, claimed: list[tuple[OutboundMessage, str]], now: datetime
    ) -> list[tuple[OutboundMessage, str]]:
        """Look once more, at the last moment: it may be night by now, they said STOP, or it is not
        true any more. What comes late may have to say from when it is."""
        asked = [
            message
            for message, _ in claimed
            if message.kind is OutboundKind.TEXT and message.priority is not Priority.EMERGENCY
        ]
        idents = {message.member_id for message in asked if message.member_id is not None}
        stopped = await members.stopped(tx, idents)
        quiet_until: dict[int | None, datetime | None] = {
            ident: await self._quiet_until(tx, ident, now)
            for ident in {m.community_id for m in asked if not m.wakes}
            if ident is not None
        }
        stays = set()
        reworded = {}
        for message in asked:
            stopped_at = stopped.get(message.member_id)
            stop = stopped_at is not None and message.created_at < stopped_at
            if stop or (late.is_late(message, now) and await late.is_overtaken(tx, message)):
                await outcomes.sent(tx, message.id, SendStatus.WITHDRAWN, now)
            elif not message.wakes and (until := quiet_until.get(message.community_id)):
                await messages.postpone(tx, message.id, until)
            elif not await self._is_too_much(tx, message, now):
                reworded[message.id] = await self._as_it_may_be_read(tx, message, now)
                continue
            stays.add(message.id)
        return [
            (reworded.get(message.id, message), lane)
            for message, lane in claimed
            if message.id not in stays
        ]

    async def _as_it_may_be_read(
        self, tx: Transaction, message: OutboundMessage, now: datetime
    ) -> OutboundMessage:
        if not late.is_late(message, now) or message.community_id is None:
            return message
        community = await groups.get(tx, message.community_id)
        assert community
        dated = await late.dated(self._desk, tx, now, community, message)
        if dated is not message:
            await messages.reword(tx, dated)
        return dated

    async def _quiet_until(self, tx: Transaction, ident: int, now: datetime) -> datetime | None:
        """Until when a group's hours are quiet, if they are now."""
        community = await groups.get(tx, ident)
        if community is None or not timing.is_quiet(now, community):
            return None
        return timing.not_quiet(now, community)

    async def _is_too_much(self, tx: Transaction, message: OutboundMessage, now: datetime) -> bool:
        """Whether a text has to wait since its group has sent as much as it may."""
        if not self._limits.by_segment or message.community_id is None:
            return False
        until, others = await spending.held_until(
            tx, now, message, self._desk.limits.daily_segments
        )
        if until is None:
            return False
        await messages.postpone(tx, message.id, until, spending.HELD)
        HELD.labels(message.priority.value).inc(1 + others)
        return True

    async def _send(self, message: OutboundMessage, lane: str, ticket: Ticket) -> None:
        early = ticket.at - self._clock.monotonic()
        if early > 0:
            await self._clock.sleep(early)
        if not await self._is_ours_still():
            await self._leave_to_others(message, lane, ticket)
            return
        self._pace.left(ticket)
        began = time.perf_counter()
        try:
            result: Sent | SendError = await self._adapter.send(message)
        except SendError as error:
            result = error
        except Exception as error:
            # A fault of ours: whether it left is not known.
            log.error("send_fault", outbox=message.id, error=type(error).__name__)
            result = UnknownOutcomeError("fault")
        self._pace.came(ticket, answered=not isinstance(result, UnknownOutcomeError))
        self._count(message, lane)
        if isinstance(result, TooManyError) and not _is_group(message):
            self._pace.refused()
        outcome = "sent" if isinstance(result, Sent) else result.reason
        SENDS.labels(self.channel.value, outcome).inc()
        SEND_SECONDS.labels(self.channel.value).observe(time.perf_counter() - began)
        await self._note(_Outcome(message, lane, result))

    async def _is_ours_still(self) -> bool:
        """Whether we may send. A process that stood still for longer than its lease (a busy
        machine, a database away) wakes up in the middle of sending, while another one sends."""
        if self._clock.monotonic() < self._leased_until:
            return True
        try:
            return await self.lease()
        except StorageUnavailableError:
            return False

    async def _leave_to_others(self, message: OutboundMessage, lane: str, ticket: Ticket) -> None:
        """It has not left, and whoever may send now will send it."""
        self._pace.came(ticket, answered=False)
        await self._note(_Outcome(message, lane, RetryableError("lease lost")))

    # Recording

    async def _note(self, outcome: _Outcome) -> None:
        """What was sent is recorded with others, and with what is chosen next: a commit of its own
        for each took half of all commits. Anything else is recorded at once."""
        if isinstance(outcome.result, Sent):
            self._sent.append(outcome)
        else:
            await self._note_alone(outcome)

    async def _record_all(self) -> None:
        """Record what has come, where nothing is chosen with which it could be recorded."""
        sent, self._sent = self._sent, []
        if sent:
            try:
                async with self._database.transaction() as tx:
                    await self._all_sent(tx, sent, self._clock.now())
            except BaseException as error:
                self._unrecorded += sent
                if not isinstance(error, Exception):
                    raise
                log.warning("not_together", outbox=len(sent), error=type(error).__name__)
            else:
                self._are_recorded(sent)
        await self._record_again()

    async def _all_sent(self, tx: Transaction, sent: list[_Outcome], now: datetime) -> None:
        await outcomes.all_sent(
            tx,
            [
                (each.message.id, each.result.provider_id, self.parts(each.message))
                for each in sent
                if isinstance(each.result, Sent)
            ],
            now,
        )

    def _are_recorded(self, sent: list[_Outcome]) -> None:
        if self._limits.by_segment:
            SEGMENTS.labels(self.channel.value).inc(sum(self.parts(each.message) for each in sent))
        self._busy.difference_update(each.lane for each in sent)

    async def _note_alone(self, outcome: _Outcome) -> None:
        """Record one outcome. One that can't be recorded is kept, and its chat left alone until it
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
            await self._note_alone(outcome)

    async def _record(self, outcome: _Outcome) -> None:
        message, result = outcome.message, outcome.result
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if isinstance(result, Sent):
                ident = result.provider_id
                parts = self.parts(message)
                SEGMENTS.labels(self.channel.value).inc(parts)
                await outcomes.sent(
                    tx, message.id, SendStatus.SENT, now, provider_id=ident, parts=parts
                )
            elif isinstance(result, UnknownOutcomeError):
                if message.priority is Priority.EMERGENCY and message.attempts < TWICE_999:
                    await outcomes.again(tx, message.id, now, result.code)
                    return
                await self._unknowns.add(tx, message, result.code)
            elif isinstance(result, RetryableError) and message.attempts < TRIES:
                wait = result.retry_after or backoff(message.attempts)
                if result.retry_after:
                    self._hold_back(outcome, result.retry_after)
                at = now + timedelta(seconds=wait)
                await outcomes.retry(tx, message.id, self._holder, at, result.code)
            else:
                await give_up(tx, self._clock, message, result)

    def _hold_back(self, outcome: _Outcome, seconds: float) -> None:
        """The provider asked us to wait, which is law. Nobody says what it is that is too much: in
        a group it will be the group; else it may be the whole bot."""
        until = self._clock.monotonic() + seconds
        if _is_group(outcome.message):
            self._held[outcome.lane] = until
        else:
            self._paused_until = max(self._paused_until, until)

    @property
    def idle(self) -> bool:
        """Whether nothing is being sent, recorded or asked after just now."""
        return not self._sending and not self._sent and not self._unknowns.tasks

    async def wait_for_sends(self) -> None:
        """Wait until what is being sent, or asked after, has its answer, and that is recorded."""
        going = [*self._sending, *self._unknowns.tasks]
        if going:
            await asyncio.wait(going)
        await self._record_all()


def _is_group(message: OutboundMessage) -> bool:
    return message.channel is Channel.TELEGRAM and message.chat.startswith("-")


def backoff(attempts: int) -> float:
    """Seconds to wait after so many tries: doubled each time, with a random half."""
    longest: float = min(LONGEST_WAIT, FIRST_WAIT * 2 ** max(0, attempts - 1))
    spread = 0.5 + random.random() / 2  # noqa: S311 (spread, not a secret)
    return longest * spread
