"""A town whose bot is a process elsewhere, reached by HTTP alone, and killed again and again.

The people, their calendars and who counts are those of `town`. The pretend providers of the demo
stand between them and `popround serve`. What is left to be done is asked of the database from
outside; when nothing is, the clock is moved to the next thing that happens.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.demo.pretend_limits import TelegramSpeed
from bot.demo.pretend_server import Agenda, Call, Event
from bot.demo.pretend_telegram import PretendTelegram
from bot.demo.pretend_telegram_world import Person as User
from bot.demo.pretend_telegram_world import PretendChat, PretendMessage
from bot.demo.pretend_twilio import PretendTwilio
from bot.simulation.network import Told
from bot.simulation.people import Deed, Person
from bot.simulation.town import SECRET, Town
from storage.model import Address, Channel, OutboundKind
from storage.outcomes import NEVER
from storage.schema import due, inbox, outbox, receipts
from tests.bot.test_kill import ROOT, free_port
from tests.simulation.far_clock import FarClock, Hand
from tests.stage import AUTH, NUMBER, SID, TOKEN
from tests.torture.points import A_ROW, Row

PATIENCE = 30
"""Real seconds until something that should be done counts as never done."""

CAUGHT_UP = timedelta(seconds=62)
"""By then a text that nobody took has been asked for."""

WAYS = (
    "as it is written to",
    "as something is due",
    "as a provider takes a call",
    "away when something is due",
)
"""When the process is killed: some milliseconds after the first two, and at once at the others."""

BEGINS = "as it begins"

MOST_STILLBORN = 2
"""Lives in a row that end as they begin: with more, what is to come in time could not (six once
were 22 minutes)."""

SPARED = timedelta(minutes=20)
"""After a death at a named point there is none at another for so long: nobody's bot is away again
and again, and what is to come in time could not."""


class Nursery:
    """A process from which lives of the bot are forked."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            (sys.executable, "-m", "tests.simulation.far_process"),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, **facts: Any) -> int:
        """A new life; its process id."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{json.dumps(facts)}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


@dataclass(frozen=True, slots=True)
class Left:
    """What the bot has left to do, as the database says."""

    came: int
    """Messages in the inbox that are not handled, receipts not applied, messages on their way."""
    texts: int
    """Texts from people that are in the inbox."""
    coming: datetime | None
    """When the next thing is due, or to be sent, or to be asked after: by the bot's clock."""


class _Ear(asyncio.Queue[Event]):
    """Hears of everything at once, where a queue would hear of it in its turn."""

    def __init__(self, hears: Callable[[Event], None]) -> None:
        super().__init__()
        self._hears = hears

    def put_nowait(self, item: Event) -> None:
        self._hears(item)


@dataclass
class Kills:
    """The moments from which on the process is to be killed, each in the way whose turn it is, as
    soon as there is an occasion for it."""

    chance: random.Random
    moments: list[datetime]
    ways: tuple[str, ...] = WAYS
    births: float = 0.15
    """The share of lives that end as they begin, where all ways have their turn."""
    done: Counter[str] = field(default_factory=Counter)

    def now(self, way: str, true: datetime) -> bool:
        """Whether it is killed so, now; asked at each occasion."""
        turn = self.ways[sum(self.done[way] for way in self.ways) % len(self.ways)]
        return bool(self.moments) and self.moments[0] <= true and way == turn

    def at_birth(self, true: datetime) -> bool:
        """Whether a life ends as it begins."""
        return (
            bool(self.moments)
            and self.moments[0] <= true
            and self.ways == WAYS
            and self.chance.random() < self.births
        )


class FarTown(Town):
    """People, providers, and a bot that is somewhere else."""

    clock: Hand

    def __init__(
        self, database_url: str, start: datetime, seed: int, folder: Path, nursery: Nursery
    ) -> None:
        self._folder, self._nursery = folder, nursery
        self._died = folder / "died"
        super().__init__(database_url, start, seed, clock=Hand(folder / "clock", start))
        self._true = FarClock(folder / "clock", wrong=False)
        fast = TelegramSpeed(1000, 1000.0, 1000, 1000)
        self.telegram = PretendTelegram(self._true, TOKEN, speed=fast, history=10**6)
        self.twilio = PretendTwilio(
            *(self._true, SID, AUTH, NUMBER),
            segments_per_second=0,
            instant=True,
            history=10**6,
        )
        self.telegram.feed._listeners.append(_Ear(self._on_telegram))
        self.twilio.feed._listeners.append(_Ear(self._by_text))
        on_sqlite = not self.bot.database.on_postgresql
        # Asked all the time: without a thread where that can be.
        self._file = sa.create_engine(database_url.replace("+aiosqlite", "")) if on_sqlite else None
        self._port = free_port()
        self._buttons: dict[tuple[str, str], tuple[int, str]] = {}
        """Where somebody was shown a button: the message, and what it says."""
        self._writing: set[asyncio.Task[Any]] = set()
        self.texts = 0
        """How many texts people have written."""
        self.taken = 0
        """How many of them were taken when they were first brought."""
        self._shown_at = 0.0
        self._asked = False
        """Whether texts that nobody took were asked for since the clock was moved."""
        self.pid = 0
        self.quick = True
        self.spoilt = ""
        self.kills = Kills(random.Random(f"kills {seed}"), [])
        self.points: list[str] = []
        """Named points at which it is still to die, each at the first occasion."""
        self.died_at: Counter[str] = Counter()
        self._spared_until = start
        self._row = Row(start - A_ROW, start - A_ROW)
        self._stillborn = 0
        self._rises: datetime | None = None
        self._killing: asyncio.TimerHandle | None = None
        self.after_each_life: list[Callable[[], Awaitable[list[str]]]] = []
        """What is looked at whenever it is dead: what is wrong, in a sentence each."""
        self.amiss: list[str] = []
        """What was wrong so. Nobody lives on then."""

    # The bot's process

    async def open(self) -> None:
        """Let there be providers, and a bot."""
        await self.telegram.start()
        await self.twilio.start()
        self._begin()

    def _begin(self) -> None:
        self._noted()  # it may have been about to, and been killed in that very moment
        self._rises = None
        self.pid = self._nursery.begin(
            clock=str(self._folder / "clock"),
            log=str(self._folder / "log"),
            quick=self.quick,
            spoilt=self.spoilt,
            points=self.points,
            died=str(self._died),
            spared_until=self._spared_until.timestamp(),
            row=[moment.timestamp() for moment in (self._row.since, self._row.last)],
            settings={
                "database_url": self.database_url,
                "public_url": f"http://127.0.0.1:{self._port}",
                "port": self._port,
                "telegram_token": TOKEN,
                "telegram_api_url": self.telegram.url,
                "telegram_webhook_secret": "a-webhook-secret",
                "telegram_messages_per_second": 1000,
                "twilio_account_sid": SID,
                "twilio_auth_token": AUTH,
                "twilio_number": NUMBER,
                "twilio_api_url": self.twilio.url,
                "twilio_segments_per_second": 1000,
                "secret_key": SECRET,
                "log_level": "WARNING",
            },
        )

    def kill(self, way: str) -> None:
        """End its life as a power cut would, and let somebody start it anew after a while."""
        self._find_dead()
        if not self.pid:
            return
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            self._find_dead()  # just now
            return
        self._dead(way)
        self.kills.done[way] += 1
        if self.kills.moments and self.kills.moments[0] <= self.clock.true:
            self.kills.moments.pop(0)

    def _dead(self, how: str) -> None:
        if self._killing:
            self._killing.cancel()
            self._killing = None
        self.pid = 0
        self.deaths += 1
        if how != BEGINS:
            self._stillborn = 0
        self.note(f"- killed {how}")
        self._row.died(self.clock.true)
        self._rises = self.clock.true + timedelta(seconds=self._outages.choice((0, 1, 30, 300)))

    def _find_dead(self) -> None:
        """See whether it came by one of the points at which it was to die."""
        if not self.pid:
            return
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            point = self._noted()
            assert point, f"it ended, and was not to: {(self._folder / 'log').read_text()[-2000:]}"
            self._dead(point)

    def _noted(self) -> str:
        """The point at which it says that it dies, if it has said so since this was last asked."""
        died = self._died.read_text().splitlines() if self._died.exists() else []
        if len(died) == self.died_at.total():
            return ""
        self.died_at[died[-1]] += 1
        self.points.remove(died[-1])
        self._spared_until = self.clock.true + SPARED
        return died[-1]

    def _kill_soon(self, way: str) -> None:
        """After some milliseconds of real time: few, or so many that a wave is going out."""
        if self._killing is None:
            chance = self.kills.chance
            wait = chance.uniform(0, chance.choice((0.01, 0.04, 0.12)))
            self._killing = asyncio.get_running_loop().call_later(wait, self.kill, way)

    async def close(self) -> None:
        """The end of everything."""
        if self._killing:
            self._killing.cancel()
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.pid = 0
        for task in self._writing:
            task.cancel()
        await asyncio.gather(*self._writing, return_exceptions=True)
        await self.telegram.stop()
        await self.twilio.stop()
        await self.sleep()
        if self._file:
            self._file.dispose()

    def faults_noted(self) -> list[str]:
        """What the bot noted of faults of its own, in any of its lives."""
        path = self._folder / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if any(fault in line for fault in FAULTS)]

    # What people see and do

    async def moves_in(self, person: Person, **facts: object) -> None:
        await super().moves_in(person, **facts)
        if not person.by_text:
            number = int(person.address.value)
            world = self.telegram._world
            world.people[number] = User(number, person.name, "en", started=True)
            world.chats[number] = PretendChat(number, "private")

    def _on_telegram(self, event: Event) -> None:
        about = event.about
        if event.kind == "call":
            self._taken(about["call"])
        elif event.kind in ("message", "edit"):
            message: PretendMessage = about["message"]
            if message.sender_id != self.telegram._world.bot["id"]:
                return
            chat = str(message.chat_id)
            buttons = tuple((data, label) for row in message.buttons for label, data in row)
            for data, label in buttons:
                self._buttons[chat, data] = (message.message_id, label)
            kind = OutboundKind.TEXT if event.kind == "message" else OutboundKind.EDIT
            to = Address(Channel.TELEGRAM, chat)
            self._heard(Told(event.at, to, kind, message.text, buttons, str(message.message_id)))

    def _by_text(self, event: Event) -> None:
        if event.kind == "call":
            self._taken(event.about["call"])
        elif event.kind == "text" and event.about["text"].by == "bot":
            text = event.about["text"]
            to = Address(Channel.SMS, text.to)
            self._heard(Told(event.at, to, OutboundKind.TEXT, text.shown_body, (), text.sid))

    def _taken(self, call: Call) -> None:
        """A provider has done what it was asked to, and has not answered yet."""
        self._asked = self._asked or (call.method == "list" and call.params.get("To") == NUMBER)
        if call.method in ("sendMessage", "create"):
            self._maybe_killed("as a provider takes a call")

    async def does(self, person: Person, deed: Deed) -> None:
        """Somebody writes or presses something; whether the bot takes it is another matter."""
        if not person.still_wants(deed):
            return
        self.note(f"{person.name} > {deed.words or f'[{deed.key}]'}")
        for watch in self.on_deed:
            watch(person, deed)
        where = person.address.value
        if person.by_text:
            self.texts += 1
            writing: Any = self.twilio.texts(where, deed.words)
        elif deed.button:
            message, label = self._buttons[where, deed.button]
            writing = self.telegram.presses(int(where), message, label)
        else:
            writing = self.telegram.says(int(where), deed.words)
        task = asyncio.ensure_future(self._writes(person, writing))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        self._maybe_killed("as it is written to", soon=True)

    async def _writes(self, person: Person, writing: Awaitable[Any]) -> None:
        if await writing and person.by_text:
            self.taken += 1

    # Time

    async def live(self, until: datetime) -> None:
        """Go on until then: whenever nothing is left to be done, to the next thing."""
        since = asyncio.get_running_loop().time()
        while not self.amiss:
            self._fail_if_faulty()
            now = asyncio.get_running_loop().time()
            left, moment, due_then = await self._next()
            if left:
                assert now - since < PATIENCE, f"this is never done: {left}"
                await asyncio.sleep(0.005)
                continue
            since = now
            if moment is None or moment > until:
                break
            if due_then:
                self._maybe_killed("away when something is due")
            self.clock.go_to(moment + timedelta(milliseconds=1))
            await self._moved()
            if due_then:
                self._maybe_killed("as something is due", soon=True)
            await asyncio.sleep(0)  # the providers' hands move, too
        self.clock.go_to(until)
        await self._moved()

    async def _moved(self) -> None:
        """All look at the clock, and what is to happen now does."""
        self._asked = False
        self._true.moved()
        self._shown()
        if self._rises and self._rises <= self.clock.true:
            for look in self.after_each_life:
                self.amiss += await look()
            self._begin()
            spared = self._stillborn >= MOST_STILLBORN or self._row.is_enough(self.clock.true)
            if not spared and self.kills.at_birth(self.clock.true):
                self._stillborn += 1
                self._kill_soon(BEGINS)
        await self.step()

    async def _next(self) -> tuple[str, datetime | None, bool]:
        """What is being done now, in words; where nothing is, when the next thing happens, and
        whether it is the bot's to do."""
        if self._writing:
            return "somebody writes", None, False
        self._find_dead()
        agendas = (self.telegram._agenda, self.twilio._agenda)
        if any(agenda._running for agenda in agendas):
            return "a provider calls", None, False
        moments = [self._agenda[0].at] if self._agenda else []
        coming = [self.clock.start + timedelta(seconds=at) for at in map(_first, agendas) if at]
        true = self.clock.true
        if any(moment <= true for moment in coming):
            return "a provider is about to call", None, False
        moments += coming
        if self._rises:
            return "", min([self._rises, *moments]), False
        left = await self._left()
        if left.came:
            return f"{left.came} in hand", None, False
        if left.texts < self.texts:
            if not self._asked:
                return f"{self.texts - left.texts} to be caught up", None, False
            moments.append(true + CAUGHT_UP)
        soonest = min(moments, default=None)
        if left.coming:
            theirs = left.coming - self.clock.wrong
            if theirs <= true:
                self._nudge()
                return f"due since {theirs}", None, False
            if soonest is None or theirs < soonest:
                return "", theirs, True
        return "", soonest, False

    def _nudge(self) -> None:
        """Its hand looks once a second of ours, which is a minute here: have it look now."""
        if asyncio.get_running_loop().time() - self._shown_at > 0.05:
            self._shown()

    def _shown(self) -> None:
        """Have it look at the clock. (It may have died just now, and 0 would be all of us.)"""
        self._shown_at = asyncio.get_running_loop().time()
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGUSR1)

    async def _left(self) -> Left:
        if self._file:
            with self._file.connect() as connection:
                row = connection.execute(_LOOK).one()
        else:
            async with self.bot.database.transaction() as tx:
                row = tuple((await tx.run(_LOOK)).rows[0].values())
        coming = min((moment for moment in row[4:] if moment), default=None)
        return Left(sum(row[:3]), row[3], coming)

    def _maybe_killed(self, way: str, *, soon: bool = False) -> None:
        """An occasion to be killed in that way, now or soon."""
        true = self.clock.true
        if not self.pid or self._killing or self._row.is_enough(true):
            return
        if not self.kills.now(way, true):
            return
        if soon:
            self._kill_soon(way)
        else:
            self.kill(way)


def _first(agenda: Agenda) -> float | None:
    return agenda._waiting[0].due if agenda._waiting else None


FAULTS = (
    "not_handled",
    "due_failed",
    "fault",
    "repaired",
    "part_stopped",
    "not_applied",
    "nobody_told",
    "unreadable",
    "not_recorded",
    "Traceback",
)
"""What the bot says in its log where something went wrong that should not."""


def _count(table: sa.Table, *which: sa.ColumnElement[bool]) -> sa.ScalarSelect[Any]:
    return sa.select(sa.func.count()).select_from(table).where(*which).scalar_subquery()


_LOOK = sa.select(
    _count(inbox, inbox.c.handled_at.is_(None)),
    _count(receipts, receipts.c.applied_at.is_(None)),
    _count(outbox, outbox.c.status == "sending"),
    _count(inbox, inbox.c.channel == "sms"),
    sa.select(sa.func.min(due.c.at)).scalar_subquery(),
    sa.select(sa.func.min(outbox.c.next_at))
    .where(outbox.c.status.in_(("queued", "unknown")), outbox.c.next_at < NEVER)
    .scalar_subquery(),
)
