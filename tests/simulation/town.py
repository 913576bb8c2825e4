"""A town: the whole bot, the people who live with it, and a clock that goes from one thing that
happens to the next.

Everything but the network and the clock is real: intake, router, handlers, storage, the clock's
hand, the auditor, the sender with its budgets and leases. What is not gone through is HTTP: see
`network`. The same seed gives the same lives, to the letter.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from bot.app import Popround
from bot.channels.base import Received
from bot.settings import Settings
from handlers import daily_note
from storage import groups, members
from storage.model import NEIGHBOURLY, Community, Member, Role, Standing
from storage.outcomes import NEVER
from storage.places import Postcodes
from storage.schema import due, outbox
from tests.conftest import SECRET
from tests.simulation.network import Network, Told, TownClock
from tests.simulation.people import Deed, Person
from tests.simulation.reading import Read, read
from tests.stage import catch_faults

GROUP = "Marsden Neighbours"


def _not_waiting_for_disks(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


Then = Callable[[], Awaitable[None] | None]


class KilledError(BaseException):
    """The bot's process is no more. Not an `Exception`, so that nothing takes it for a mishap."""


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
        self.bot = self.wake()

    def wake(self) -> Popround:
        """A new life of the bot, on the same database."""
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
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
            sa.event.listen(self.bot.database.engine.sync_engine, "connect", _not_waiting_for_disks)
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

    async def moves_in(self, person: Person, **facts: object) -> None:
        """Somebody is entered by an organiser, from paper; without roles they are only known."""
        self.people[person.name] = person
        self.by_address[person.address.value] = person
        if not person.roles:
            return
        with Postcodes() as bundle:
            place = bundle.find(person.postcode)
        assert place
        member = Member(
            id=0,
            community_id=1,
            standing=Standing.ACTIVE,
            name=person.name,
            roles=person.roles,
            home=person.home,
            postcode=person.postcode,
            cell=place.cell,
            area=place.area,
            can_do=frozenset(NEIGHBOURLY) if Role.HELPER in person.roles else frozenset(),
            consent="2023-01-01 on paper",
        )
        async with self.bot.database.transaction() as tx:
            await members.add(tx, member, person.address)

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
        if deed.button:
            message = self.network.press(person.address, deed.button)
        else:
            message = self.network.words(person.address, deed.words)
        self.note(f"{person.name} > {deed.words or f'[{deed.key}]'}")
        for watch in self.on_deed:
            watch(person, deed)
        await self._brings(Received((message,)))

    async def _brings(self, received: Received) -> None:
        """A provider calls, and calls again until it is told that all was kept."""
        while True:
            try:
                await self.bot.intake.store(received)
                break
            except KilledError:
                await self.rise()
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
        labels = "".join(f" [{label}]" for _, label in told.buttons)
        self.note(f"{person.name} {told.kind} {told.words}{labels}")
        understood = read(told)
        for watch in self.watchers:
            watch(person, understood)
        if told.kind == "text":
            for span, deed in person.hears(understood):
                self.plan(self.clock.true + span, lambda deed=deed: self.does(person, deed))

    # Time

    async def live(self, until: datetime) -> None:
        """Go on until then, with everything at its own time."""
        while True:
            try:
                moment = await self.settle()
            except KilledError:
                await self.rise()
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
        bot = self.bot
        for sender in bot.senders:
            # As its own loop does every few seconds: who held it is dead, and its time runs out.
            while not await sender.lease():
                self.clock.advance(1)
                self.waited += 1
        while True:
            if self._came:
                self._came = False
                await bot.intake.drain()
            now = self.clock.now()
            coming, *sends = await self._coming()
            if coming and coming <= now:
                await bot.scheduler.drain()
                continue
            ready = [
                sender for sender, at in zip(bot.senders, sends, strict=True) if at and at <= now
            ]
            for sender in ready:
                sender.wake.clear()
                wait = await sender.pump()
                await sender.wait_for_sends()
                if not sender.wake.is_set():
                    self.clock.advance(min(wait, 30))
            self._fail_if_faulty()
            if ready:
                continue
            receipts = self.network.take_receipts()
            if receipts:
                await self._brings(Received(receipts=receipts))
                bot = self.bot
            else:
                moments = [moment for moment in (coming, *sends) if moment]
                return min(moments) - self.clock.wrong if moments else None

    async def _coming(self) -> list[datetime | None]:
        """When the next thing is due, and when each sender next has something to send."""
        async with self.bot.database.transaction() as tx:
            found = (await tx.run(self._looks)).one()
        return list(found)

    def _fail_if_faulty(self) -> None:
        if self.faults:
            raise self.faults[0]
