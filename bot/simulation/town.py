"""A town: the whole bot, the people who live with it, and a clock that goes from one thing that
happens to the next.

Everything but the network and the clock is real: intake, router, handlers, storage, the clock's
hand, the auditor, the sender with its budgets and leases. What is not gone through is HTTP: see
`network`. The same seed gives the same lives, to the letter.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from bot.app import Popround
from bot.channels.base import Received
from bot.sender import Sender
from bot.settings import Settings
from bot.simulation.network import Network, Told, TownClock
from bot.simulation.people import Deed, Person
from bot.simulation.reading import Read, read
from handlers import daily_note
from storage import groups, members, messages
from storage.database import StorageUnavailableError, Transaction
from storage.model import (
    NEIGHBOURLY,
    Community,
    DeliveryReceipt,
    InboundMessage,
    Member,
    Role,
    Standing,
)
from storage.outcomes import NEVER
from storage.places import Postcodes
from storage.schema import due, outbox

GROUP = "Marsden Neighbours"

SECRET = "nothing-in-a-town-is-secret-0123456789"  # noqa: S105


def not_waiting_for_disks(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


Then = Callable[[], Awaitable[None] | None]


A_TURN = 30.0
"""Seconds that a sender at most is left alone which has something to send."""

AGAIN = timedelta(seconds=4)
"""After which somebody presses a button once more, or writes a thing twice."""

LOOKS = 500
"""Times, ten milliseconds apart, that it is looked for what may be held still."""

RECORDED_AGAIN = 2.0
"""Seconds after which a sender tries once more to write down what could not be."""


class KilledError(BaseException):
    """The bot's process is no more. Not an `Exception`, so that nothing takes it for a mishap."""


def _at_once(_brought: object) -> list[float]:
    return [0.0]


@dataclass(order=True)
class _Planned:
    at: datetime
    number: int
    act: Then = field(compare=False)


class Town:
    """People and a bot. Time is true time; what the bot's clock says is `clock.now()`."""

    def __init__(
        self, database_url: str, start: datetime, seed: int, clock: TownClock | None = None
    ) -> None:
        """`clock`: another than one that stands still until it is moved."""
        self.database_url = database_url
        self.seed = seed
        self.first_day = start.date()
        self.clock = clock or TownClock(start)
        self.network = Network(self.clock)
        for line in self.network.lines.values():
            line.heard = self._heard
        self.people: dict[str, Person] = {}
        self.by_address: dict[str, Person] = {}
        self.watchers: list[Callable[[Person, Read], None]] = []
        """Called with each thing that somebody sees, before they act on it."""
        self.on_deed: list[Callable[[Person, Deed], None]] = []
        self.on_wake: list[Callable[[Popround], None]] = []
        """Called with each new life of the bot."""
        self.on_step: list[Callable[[], Awaitable[None]]] = []
        """Called when the bot has done all that can be done for now."""
        self.brings: Callable[[InboundMessage], list[float]] = _at_once
        """After how many seconds the provider brings what somebody wrote: more than once, maybe."""
        self.held_up: Callable[[], timedelta] = timedelta
        """For how long something that somebody sends is on its way."""
        self.reported: Callable[[DeliveryReceipt], list[float]] = _at_once
        """The same of what it says became of a text."""
        self.acknowledged: set[tuple[str, str]] = set()
        """What was taken: the channel, and the provider's own id."""
        self.enough: Callable[[], bool] = lambda: False
        """Whether it need not go on."""
        self.deaths = 0
        self.waited = 0
        """Seconds for which nothing could be sent, since a dead life had the right to."""
        self._outages = random.Random(f"outages {seed}")
        self.trace: list[str] = []
        """Everything that happened, a line each."""
        self._agenda: list[_Planned] = []
        self._numbers = count()
        self.steps = 0
        self.faults: list[Exception] = []
        """What went wrong in the town itself, where the bot would take it for a bad line."""
        self.bot_faults: list[str] = []
        """What went wrong in the bot's transactions in this life of it."""
        self._came = True
        """Whether there may be something in the inbox."""
        self._broke = False
        """Whether a line to the database broke since it was last empty."""
        # One statement, as it is asked more often than anything else.
        first = sa.select(sa.func.min(due.c.at)).scalar_subquery()
        sends = [
            sa.select(sa.func.min(outbox.c.next_at))
            .where(
                outbox.c.channel == sa.literal_column(f"'{channel.value}'"),
                # To be sent, or to be asked after.
                outbox.c.status.in_(
                    [sa.literal_column("'queued'"), sa.literal_column("'unknown'")]
                ),
                outbox.c.next_at < NEVER,
            )
            .scalar_subquery()
            for channel in self.network.lines
        ]
        self._looks = sa.select(first, *sends)
        for line in self.network.lines.values():
            line.note = self.note
        self.bot = self.wake()

    def wake(self) -> Popround:
        """A new life of the bot, on the same database."""
        settings = Settings(
            _env_file=None,
            database_url=self.database_url,
            public_url="https://popround.test",
            secret_key=SecretStr(SECRET),
        )
        self.bot = Popround(
            settings,
            clock=self.clock,
            chance=random.Random(f"{self.seed} {self.clock.true}"),
            adapters=list(self.network.lines.values()),
        )
        self.bot_faults = catch_faults(self.bot)
        # The machine is not going to lose its power in the middle of a test.
        if not self.bot.database.on_postgresql:
            sa.event.listen(self.bot.database.engine.sync_engine, "connect", not_waiting_for_disks)
        for begin in self.on_wake:
            begin(self.bot)
        return self.bot

    async def sleep(self) -> None:
        """The end of a life of the bot."""
        await self.bot.database.close()

    async def rise(self) -> None:
        """After a death: what was left of it is thrown away, and somebody starts it anew, a moment
        or some minutes later. What people write meanwhile, their providers keep."""
        self.deaths += 1
        self.faults += list(map(Exception, self.bot_faults))
        self.clock.forget_sleepers()
        calls = [task for sender in self.bot.senders for task in sender._sending]
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await self.sleep()
        self.clock.advance(self._outages.choice((1, 5, 30, 300)))
        self.note("- a new life")
        self._came = True
        self.wake()

    async def found(self, community: Community | None = None) -> None:
        """Let there be a group."""
        async with self.bot.database.transaction() as tx:
            made = await groups.add(tx, community or Community(0, GROUP, money_cap=0))
            await daily_note.plan(tx, self.clock.now(), made)
        await self.bot.set_up()

    async def moves_in(self, person: Person, **facts: Any) -> None:
        """Somebody is entered by an organiser, from paper, with these facts; without roles they
        are only known."""
        self.people[person.name] = person
        self.by_address[person.address.value] = person
        if not person.roles:
            return
        with Postcodes() as bundle:
            place = bundle.find(person.postcode)
        assert place
        usual: dict[str, Any] = {
            "id": 0,
            "community_id": 1,
            "standing": Standing.ACTIVE,
            "name": person.name,
            "roles": person.roles,
            "home": person.home,
            "postcode": person.postcode,
            "cell": place.cell,
            "area": place.area,
            "can_do": frozenset(NEIGHBOURLY) if Role.HELPER in person.roles else frozenset(),
            "consent": "2023-01-01 on paper",
        }
        member = Member(**{**usual, **facts})
        async with self.bot.database.transaction() as tx:
            person.member_id = (await members.add(tx, member, person.address)).id

    # What people do

    def plan(self, moment: datetime, act: Then) -> None:
        """Let something happen at a moment of true time."""
        at = moment.astimezone(UTC)
        heapq.heappush(self._agenda, _Planned(at, next(self._numbers), act))

    def will(self, moment: datetime, person: Person, words: str) -> None:
        """Somebody is going to write that."""
        self.plan(moment, lambda: self.does(person, Deed(words)))

    async def does(self, person: Person, deed: Deed) -> None:
        """Somebody writes or presses something, and the bot has taken it."""
        if not person.still_wants(deed):
            return
        await self._does(person, deed)
        if person.repeats(deed):
            moment = self.clock.true + AGAIN
            self.plan(moment, lambda: self._does(person, deed))

    async def _does(self, person: Person, deed: Deed) -> None:
        if deed.button:
            message = self.network.press(person.address, deed.button)
        else:
            message = self.network.words(person.address, deed.words)
        meant = f" ({deed.key})" if deed.key else ""
        self.note(f"{person.name} > {deed.words or deed.button}{meant} as {message.provider_id}")
        for watch in self.on_deed:
            watch(person, deed)
        at_once, *again = self.brings(message)
        for seconds in again:
            moment = self.clock.true + timedelta(seconds=seconds)
            self.plan(moment, lambda: self._brings(Received((message,))))
        assert at_once == 0, "what is held up on its way is held up before it is written"
        await self._brings(Received((message,)))

    async def _brings(self, received: Received) -> None:
        """A provider calls, and calls again until it is told that all was kept."""
        for each in received.messages:
            self.note(f"{each.channel.value} brings {each.provider_id} {each.text or each.button}")
        while True:
            try:
                await self.bot.intake.store(received)
                break
            except KilledError:
                await self.rise()
            except StorageUnavailableError:
                self.clock.advance(1)
        for each in received.messages:
            self.acknowledged.add((each.channel.value, each.provider_id))
        self._came = True

    def note(self, line: str) -> None:
        self.trace.append(f"{self.clock.true:%Y-%m-%d %H:%M:%S.%f} {line}")

    def _heard(self, told: Told) -> None:
        try:
            self._understands(told)
        except Exception as error:
            self.faults.append(error)

    def _understands(self, told: Told) -> None:
        person = self.by_address.get(told.to.value)
        assert person, f"{told.to} is nobody's"
        labels = "".join(f" [{label} {data}]" for data, label in told.buttons)
        self.note(
            f"{person.name} {told.kind} {told.words}{labels} as {told.ident} of #{told.outbox}"
        )
        understood = read(told)
        for watch in self.watchers:
            watch(person, understood)
        if told.kind == "text":
            for span, deed in person.hears(understood):
                moment = self.clock.true + span + self.held_up()
                self.plan(moment, partial(self.does, person, deed))

    # Time

    async def live(self, until: datetime) -> None:
        """Go on until then, with everything at its own time."""
        while True:
            try:
                moment = await self.settle()
                for held in self.on_step:
                    await held()
                if self.enough():
                    return
            except KilledError:
                await self.rise()
                continue
            except StorageUnavailableError:
                self._broke = True
                self.clock.advance(1)  # as the bot's own loops wait
                continue
            if self._agenda and (moment is None or self._agenda[0].at <= moment):
                moment = self._agenda[0].at
            if moment is None or moment > until:
                break
            self.clock.go_to(moment)
            await self.step()
        self.clock.go_to(until)

    async def step(self) -> None:
        """People do what they had planned for now."""
        self.steps += 1
        while self._agenda and self._agenda[0].at <= self.clock.true:
            done = heapq.heappop(self._agenda).act()
            if done is not None:
                await done

    async def settle(self) -> datetime | None:
        """Let the bot do all that can be done now; when it next has something to do, in true time.
        Its parts are woken as in life, where something came or is due: to ask them all in vain,
        again and again, would take most of a year's time."""
        for sender in self.bot.senders:
            # As its own loop does every few seconds: who held it is dead, and its time runs out.
            while not await sender.lease():
                self.clock.advance(1)
                self.waited += 1
        while True:
            await self._calls_done()
            if self._came:
                await self._handles_all()
                self._came = False
            now = self.clock.now()
            coming, *sends = await self._coming()
            if coming and coming <= now:
                await self.bot.scheduler.drain()
                continue
            ready = await self._send(now, sends)
            self._fail_if_faulty()
            if ready or await self._receipts_brought():
                continue
            moments = [moment - self.clock.wrong for moment in (coming, *sends) if moment]
            if self.clock.next_waking:
                moments.append(self.clock.next_waking)
            if any(each._unrecorded or self._in_doubt(each) for each in self.bot.senders):
                moments.append(self.clock.true + timedelta(seconds=RECORDED_AGAIN))
            return min(moments, default=None)

    async def _handles_all(self) -> None:
        """Handle what came. PostgreSQL may take a moment to see that a line broke, and hold what
        was in hand on it until then: it is passed over, and whoever works looks again within
        seconds (`intake.LOOK_SECONDS`)."""
        await self.bot.intake.drain()
        for _ in range(LOOKS if self._broke else 0):
            async with self.bot.database.transaction() as tx:
                if not await messages.inbound_waiting(tx):
                    break
            await asyncio.sleep(0.01)
            await self.bot.intake.drain()
        self._broke = False

    async def _send(self, now: datetime, moments: list[datetime | None]) -> bool:
        """Let each sender send whose moment has come; whether there was one."""
        ready = False
        for sender, at in zip(self.bot.senders, moments, strict=True):
            comes = (at is not None and at <= now) or bool(sender._sent or sender._unrecorded)
            if not comes and not self._in_doubt(sender):
                continue
            sender.wake.clear()
            wait = await sender.pump()
            await self._calls_done()
            if comes and not sender.wake.is_set():
                self.clock.advance(min(wait, A_TURN))
            ready = ready or comes
        return ready

    def _in_doubt(self, sender: Sender) -> bool:
        return self.clock.monotonic() < sender._in_doubt_until

    async def _calls_done(self) -> None:
        """Wait until every call to a provider has its answer, but for those that take time."""
        # What is awaited may go to sleep instead of coming to its end, so no event tells of it.
        while sum(map(_under_way, self.bot.senders)) > self.clock.sleeping:  # noqa: ASYNC110
            await asyncio.sleep(0)

    async def _receipts_brought(self) -> bool:
        """Providers say what became of texts; whether there was any to be told at once."""
        now = []
        for receipt in self.network.take_receipts():
            for seconds in self.reported(receipt):
                if not seconds:
                    now.append(receipt)
                    continue
                moment = self.clock.true + timedelta(seconds=seconds)
                self.plan(moment, partial(self._brings, Received((), (receipt,))))
        if now:
            await self._brings(Received(receipts=tuple(now)))
        return bool(now)

    async def _coming(self) -> list[datetime | None]:
        """When the next thing is due, and when each sender next has something to send."""
        async with self.bot.database.transaction() as tx:
            found = await tx.one(self._looks)
        assert found
        return list(found.values())

    def _fail_if_faulty(self) -> None:
        if self.faults:
            raise self.faults[0]


def _under_way(sender: Sender) -> int:
    return len(sender._sending) + len(sender._unknowns.tasks)


def catch_faults(bot: Popround) -> list[str]:
    """From now on, what goes wrong in any transaction is noted there as well; but for a database
    that can't be used, which is nobody's fault."""
    faults: list[str] = []
    wrapped = bot.database.transaction

    @asynccontextmanager
    async def transaction() -> AsyncIterator[Transaction]:
        try:
            async with wrapped() as tx:
                yield tx
        except StorageUnavailableError:
            raise
        except Exception:
            faults.append(traceback.format_exc())
            raise

    bot.database.transaction = transaction  # type: ignore[method-assign]
    return faults
