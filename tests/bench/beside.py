"""Ours beside a plain bot (`baselines/plain_bot.py`): each a process of its own, spoken to by the
same crowd (`crowd`), which is another. What is compared is taken in turns, again and again, so that
whatever else the machine does falls on both; what is told are medians."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from datetime import time as hour
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import h3.api.basic_int as h3
import psutil
import sqlalchemy as sa

from storage import cells, members, messages, migrations
from storage.database import Database, open_database
from storage.model import Address, Channel, InboundKind, InboundMessage, Role
from storage.schema import inbox
from storage.vault import Vault
from tests.bench import crowd, sending, town
from tests.bench.crowd import ASKERS, CREW, HELPERS, ORGANISERS
from tests.bench.sending import Far, far
from tests.bot.test_kill import ROOT, free_port
from tests.conftest import SECRET
from tests.made import asker, group, helper
from tests.stage import TOKEN

Tell = Callable[[str, float], None]

PATIENCE = 120
"""Real seconds until a bot that does not answer counts as not coming up."""

APART = 30
"""Rings of cells between askers who have a crew of their own: 7 km, so that nobody is asked for
somebody else's asker (`rules.matching.WAVE_KM` reaches 3 km at first, helpers here go 2)."""

PLAIN = "a plain bot"


# Both bots


@dataclass
class Serving:
    """A bot that answers."""

    webhook: str
    pid: int
    up_after: float
    """Seconds from its being started to its first answer."""

    def memory(self) -> float:
        """What it has in memory, in MB."""
        return float(psutil.Process(self.pid).memory_info().rss) / 2**20

    def worked(self) -> float:
        """Seconds of processor time that it has taken so far: what others do on the machine
        changes that least."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)


@asynccontextmanager
async def _process(module: Sequence[str], port: int, path: str, env: dict[str, str]) -> Any:
    """A process, from its start until it has ended."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *module),
        cwd=ROOT,
        env={**os.environ, **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=None if "BENCH_SHOW" in os.environ else asyncio.subprocess.DEVNULL,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as http:
            while process.returncode is None:
                try:
                    async with http.get(f"{base}/healthz") as answer:
                        assert answer.status == 200
                    break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.01)
        assert process.returncode is None, f"{module} has ended"
        yield Serving(base + path, process.pid, time.perf_counter() - began)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 30)
        except TimeoutError:
            process.kill()
            await process.wait()


@dataclass
class Side:
    """One of those that are compared, with the database it has."""

    name: str
    url: str
    """Ours: of SQLAlchemy. The plain bot's: a path."""
    more: dict[str, str] = field(default_factory=dict)
    """Settings beyond the usual."""
    module: tuple[str, ...] = ("bot", "serve")

    @property
    def plain(self) -> bool:
        return "://" not in self.url

    def serving(self, telegram: str, **more: str) -> Any:
        """It, up and answering, as long as the block lasts; `more` settings."""
        port = free_port()
        if self.plain:
            facts = {"DATABASE": self.url, "PORT": port, "TELEGRAM": telegram, "TOKEN": TOKEN}
            env = {f"PLAIN_{name}": str(value) for name, value in facts.items()}
            env |= {"PLAIN_SECRET": crowd.SECRET, **self.more}
            return _process(("tests.bench.baselines.plain_bot",), port, "/telegram", env)
        facts = {
            "DATABASE_URL": self.url,
            "PORT": port,
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_API_URL": telegram,
            "TELEGRAM_WEBHOOK_SECRET": crowd.SECRET,
            "TELEGRAM_MESSAGES_PER_SECOND": 1000,
            "SECRET_KEY": SECRET,
            # A handful of people who say a thousand things each.
            "PERSON_PER_MINUTE": 10**9,
            "PERSON_PER_HOUR": 10**9,
            "PERSON_PER_DAY": 10**9,
            **self.more,
            **more,
        }
        env = {f"POPROUND_{name}": str(value) for name, value in facts.items()}
        return _process(self.module, port, "/webhooks/telegram", env)


def ours(urls: dict[str, str], **more: Any) -> list[Side]:
    return [Side(f"Popround, {database}", url, **more) for database, url in urls.items()]


def plain(folder: Path, name: str = PLAIN, **more: str) -> Side:
    return Side(name, str(folder / f"{name.replace(' ', '_').replace(',', '')}.db"), more)


# Who lives where


@dataclass
class Somewhere:
    """Everybody, as cells: `helpers[n]` has the chat HELPERS + n, `askers[n]` ASKERS + n."""

    helpers: Sequence[int]
    askers: Sequence[int]


def crews(count: int) -> Somewhere:
    """So many askers far from one another, each with a crew next door."""
    side = round(count**0.5 + 0.5)
    middles = []
    for n in range(count):
        step = (n % side * APART, n // side * APART)
        middles.append(int(h3.local_ij_to_cell(town.MIDDLE, *_ij(step))))
    return Somewhere([cell for cell in middles for _ in range(CREW)], middles)


def _ij(step: tuple[int, int]) -> tuple[int, int]:
    i, j = h3.cell_to_local_ij(town.MIDDLE, town.MIDDLE)
    return i + step[0], j + step[1]


def one_town(helpers: int, askers: int) -> Somewhere:
    """So many helpers all over one town, which does not grow with them."""
    homes = town.area(helpers, growing=False)
    # A stride that has no factor in common with their number goes round all of them.
    return Somewhere(
        [homes[n * 7919 % len(homes)] for n in range(helpers)],
        [homes[n * 104_729 % len(homes)] for n in range(askers)],
    )


async def settle_in(side: Side, there: Somewhere, tell: Tell) -> None:
    """An empty database with these people, by the shortest way."""
    tell(f"{side.name}: writing {len(there.helpers):,} helpers", 0)
    if side.plain:
        _settle_in_plain(Path(side.url), there)
        return
    async with empty(side.url) as database:
        await _settle_in_ours(database, there)


@asynccontextmanager
async def empty(url: str) -> AsyncIterator[Database]:
    """An empty database that `popround serve` takes for its own."""
    database = open_database(url, Vault(SECRET))
    if url.startswith("sqlite"):
        _remove(url.partition(":///")[2])
    else:
        async with database.engine.begin() as connection:
            for chore in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
                await connection.execute(sa.text(chore))
    await migrations.bring_up(database.engine)
    yield database
    await database.close()


async def _settle_in_ours(database: Database, there: Somewhere) -> None:
    async with database.transaction() as tx:
        # Never quiet: it is measured at any hour.
        await group(tx, quiet_from=hour(0), quiet_until=hour(0))

    def each(cells_: Sequence[int], **facts: Any) -> Iterator[dict[str, Any]]:
        alike = {**members.to_row(town.SEAL, helper(**facts)), "rested_at": datetime.now(UTC)}
        return ({**alike, "cell": cell} for cell in cells_)

    home: dict[str, Any] = {"home": "2 Mill Row", "postcode": "HD7 5AB", "max_km": 2.0}
    yes = "2026-11-01 on paper"
    await town.put(database, each(there.helpers, **home, consent=yes), lambda _: None)
    facts = {**home, "name": "Rosa Lee", "roles": frozenset({Role.ASKER}), "can_do": frozenset()}
    await town.put(database, each(there.askers, **facts, consent=yes), lambda _: None)
    await town.give_chats(database, 1, len(there.helpers), HELPERS)
    await town.give_chats(database, 1 + len(there.helpers), len(there.askers), ASKERS)
    async with database.transaction() as tx:
        ana = asker(name="Ana", roles=frozenset({Role.ORGANISER}), consent=yes)
        await members.add(tx, ana, Address(Channel.TELEGRAM, str(ORGANISERS)))


def _remove(path: str | Path) -> None:
    """A SQLite file, if it is there."""
    for ending in ("", "-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)


def _settle_in_plain(path: Path, there: Somewhere) -> None:
    from tests.bench.baselines.plain_bot import SCHEMA

    _remove(path)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(SCHEMA)
        put = "INSERT INTO people VALUES (?, ?, ?, '2 Mill Row, HD7 5AB', ?, ?)"
        for role, chat, homes in (
            ("helper", HELPERS, there.helpers),
            ("asker", ASKERS, there.askers),
        ):
            name = "Sam" if role == "helper" else "Rosa"
            db.executemany(
                put,
                ((chat + n, name, role, *cells.middle(cell)) for n, cell in enumerate(homes)),
            )
        db.execute(put, (ORGANISERS, "Ana", "organiser", *cells.middle(town.MIDDLE)))
    db.close()


@asynccontextmanager
async def a_crowd() -> AsyncIterator[tuple[Far, str]]:
    """A crowd, and where its Telegram is."""
    async with far(crowd.__name__) as (people, telegram):
        yield people, telegram


def _times(sides: Sequence[Side], found: dict[str, list[float]], form: str) -> list[list[str]]:
    """A row for each: its median, the range, and how many times the plain bot's it is."""
    base = median(found[next(side.name for side in reversed(sides) if side.plain)])
    return [
        [
            side.name,
            format(median(found[side.name]), form),
            f"{min(found[side.name]):{form}} to {max(found[side.name]):{form}}",
            f"{median(found[side.name]) / base:.2f}",
        ]
        for side in sides
    ]


# Durable intake


async def durable(
    urls: dict[str, str], folder: Path, rounds: int, seconds: float, tell: Tell
) -> list[list[str]]:
    """Updates a second that are on the disk and answered 200, 64 callers at once: with nobody
    handling them, and with all at work as in life."""
    rows = []
    there = one_town(50, 5_000)
    for working in (False, True):
        off = {} if working else {"PLAIN_HANDLES": "0"}
        module = {} if working else {"module": ("tests.bench.storing",)}
        shared = plain(folder, "the same, commits shared by chance", PLAIN_LOCK="0", **off)
        sides = [*ours(urls, **module), shared, plain(folder, **off)]
        found: dict[str, list[float]] = {side.name: [] for side in sides}
        async with a_crowd() as (people, telegram):
            for n in range(rounds):
                for side in sides:
                    tell(f"{side.name}, round {n + 1}", n / rounds)
                    await settle_in(side, there, tell)
                    async with side.serving(telegram) as bot:
                        await people.ask("at", bot.webhook)
                        await people.ask("pour", seconds / 5, 64, len(there.askers))  # warms up
                        rate = await people.ask("pour", seconds, 64, len(there.askers))
                        found[side.name].append(rate)
        what = "stored, and handled meanwhile" if working else "stored only"
        rows += [[what, *row] for row in _times(sides, found, ",.0f")]
    return rows


# Conversations carried through


async def effect(
    urls: dict[str, str], folder: Path, rounds: int, count: int, at_once: int, tell: Tell
) -> list[list[str]]:
    """Whole conversations a second, from a text to thanks on both sides; seconds of one; and calls
    to Telegram that each took."""
    sides = [*ours(urls), plain(folder)]
    found: dict[str, list[float]] = {side.name: [] for side in sides}
    took: dict[str, list[float]] = {side.name: [] for side in sides}
    calls: dict[str, float] = {}
    worked: dict[str, list[float]] = {side.name: [] for side in sides}
    there = crews(count + at_once)
    async with a_crowd() as (people, telegram):
        for n in range(rounds):
            for side in sides:
                await settle_in(side, there, tell)
                tell(f"{side.name}, round {n + 1}", n / rounds)
                async with side.serving(telegram) as bot:
                    await people.ask("at", bot.webhook)
                    await people.ask("talk", count, at_once, at_once)  # warms up
                    before = bot.worked()
                    said = await people.ask("talk", 0, count, at_once)
                    worked[side.name].append((bot.worked() - before) / count)
                    found[side.name].append(said["rate"])
                    took[side.name] += said["took"]
                    calls[side.name] = said["calls"]
    return [
        [
            *row,
            f"{median(worked[side.name]) * 1000:.0f} ms",
            f"{median(took[side.name]):.1f} s",
            f"{calls[side.name]:.1f}",
        ]
        for side, row in zip(sides, _times(sides, found, ".1f"), strict=True)
    ]


# During a broadcast


async def webhook(
    urls: dict[str, str], folder: Path, rounds: int, calls: int, tell: Tell
) -> list[list[str]]:
    """Milliseconds until a webhook call is answered while many are told something, and until the
    reply is at Telegram: median and 99 of 100. 30 messages a second are allowed, and each call to
    Telegram takes 50 ms."""
    sides = [*ours(urls, more={"TELEGRAM_MESSAGES_PER_SECOND": "30"}), plain(folder)]
    found: dict[str, dict[str, list[float]]] = {
        side.name: {"answered": [], "replied": []} for side in sides
    }
    there = one_town(5_000, calls)  # more are told than the measuring lasts
    async with a_crowd() as (people, telegram):
        for n in range(rounds):
            for side in sides:
                await settle_in(side, there, tell)
                if not side.plain:
                    database = open_database(side.url, Vault(SECRET))
                    chats = [str(HELPERS + each) for each in range(len(there.helpers))]
                    await sending.fill(database, Channel.TELEGRAM, chats, sending.WORDS, tell)
                    await database.close()
                tell(f"{side.name}, round {n + 1}", n / rounds)
                async with side.serving(telegram) as bot:
                    await people.ask("at", bot.webhook, 0.05)
                    if side.plain:
                        await people.ask("say", ORGANISERS, "/broadcast", sending.WORDS)
                    await asyncio.sleep(2)
                    heard = await people.ask("call", calls, 0.1)
                    many, lasted = await people.ask("count")
                    assert many - calls > 3 * lasted, f"{side.name}: only {many} in {lasted:.0f} s"
                    for name, times in heard.items():
                        found[side.name][name] += times
    return [
        [
            side.name,
            *(
                f"{times[min(len(times) - 1, int(len(times) * share))] * 1000:.0f} ms"
                for name in ("answered", "replied")
                for times in [sorted(found[side.name][name])]
                for share in (0.5, 0.99)
            ),
        ]
        for side in sides
    ]


# From yes to the first offers


async def nearest(
    urls: dict[str, str],
    folder: Path,
    sizes: Sequence[int],
    times: int,
    tell: Tell,
) -> list[list[str]]:
    """Milliseconds from an asker's yes to the first offer at Telegram, in turns; medians."""
    rows = []
    for size in sizes:
        sides = [*ours(urls), plain(folder)]
        there = one_town(size, times + 3)
        found: dict[str, list[float]] = {side.name: [] for side in sides}
        for side in sides:
            await settle_in(side, there, tell)
        async with a_crowd() as (people, telegram), AsyncExitStack() as up:
            bots = [(side, await up.enter_async_context(side.serving(telegram))) for side in sides]
            for n in range(times + 3):
                for side, bot in bots:
                    tell(f"{side.name}, {size:,} helpers", n / times)
                    await people.ask("at", bot.webhook)
                    took = await people.ask("offer", n)
                    if n >= 3:  # the first ones warm up
                        found[side.name].append(took * 1000)
        base = median(found[PLAIN])
        for side in sides:
            ratio = f"{base / median(found[side.name]):.1f}"
            spread = f"{min(found[side.name]):,.0f} to {max(found[side.name]):,.0f} ms"
            rows.append(
                [f"{size:,}", side.name, f"{median(found[side.name]):,.0f} ms", spread, ratio]
            )
    return rows


# What it takes


async def footprint(
    urls: dict[str, str], folder: Path, size: int, starts: int, talks: int, tell: Tell
) -> list[list[str]]:
    """Seconds from the start of the process to its first answer, in turns; and MB in memory with so
    many members, at once and after some conversations."""
    sides = [*ours(urls), plain(folder)]
    ups: dict[str, list[float]] = {side.name: [] for side in sides}
    memory: dict[str, tuple[float, float]] = {}
    there = one_town(size, talks + 1)
    for side in sides:
        await settle_in(side, there, tell)
    async with a_crowd() as (people, telegram):
        for n in range(starts):
            for side in sides:
                tell(f"{side.name}: starting", n / starts)
                async with side.serving(telegram) as bot:
                    ups[side.name].append(bot.up_after)
        for side in sides:
            async with side.serving(telegram) as bot:
                await people.ask("at", bot.webhook)
                before = bot.memory()
                for n in range(talks):
                    tell(f"{side.name}: serving", n / talks)
                    await people.ask("offer", n)
                memory[side.name] = before, bot.memory()
    return [
        [
            *(row[0], f"{row[1]} s", row[2], f"{size:,}"),
            *(f"{each:.0f} MB" for each in memory[side.name]),
        ]
        for side, row in zip(sides, _times(sides, ups, ".2f"), strict=True)
    ]


# Begun again with much to do


async def backlog(
    urls: dict[str, str], folder: Path, size: int, seconds: float, tell: Tell
) -> list[list[str]]:
    """A process that is begun with so many messages waiting to be handled, or so many waiting to be
    sent: seconds until it answers and until its first message is at Telegram; how long a webhook
    call takes then; and how many it gets done in a second."""
    rows = []
    async with a_crowd() as (people, telegram):
        for side in ours(urls):
            for what in ("to be handled", "to be sent"):
                there = one_town(5_000, 200)
                await settle_in(side, there, tell)
                tell(f"{side.name}: writing {size:,} {what}", 0)
                await (_fill_inbox if what == "to be handled" else _fill_outbox)(side.url, size)
                tell(f"{side.name}: {what}", 0.5)
                await people.ask("at", "none")
                async with side.serving(telegram) as bot:
                    began = time.perf_counter()
                    await people.ask("at", bot.webhook)
                    await people.ask("first")
                    first = bot.up_after + time.perf_counter() - began
                    before, took = await _done(side.url, what), []
                    began = time.perf_counter()
                    while time.perf_counter() - began < seconds:
                        took.append(await people.ask("say", ASKERS + len(took) % 200, "/help"))
                        await asyncio.sleep(0.2)
                    rate = (await _done(side.url, what) - before) / (time.perf_counter() - began)
                rows.append(
                    [
                        *(side.name, f"{size:,} {what}", f"{bot.up_after:.2f} s", f"{first:.2f} s"),
                        *(f"{median(took) * 1000:.0f} ms", f"{rate:,.0f}"),
                    ]
                )
    return rows


async def _done(url: str, what: str) -> int:
    table, is_done = ("inbox", "handled_at IS NOT NULL")
    if what == "to be sent":
        table, is_done = ("outbox", "status = 'sent'")
    database = open_database(url, Vault(SECRET))
    statement = f"SELECT count(*) FROM {table} WHERE {is_done}"
    # Not `transaction`, which would wait for the writer of a SQLite file.
    engine = database.engine
    if url.startswith("sqlite"):
        with sqlite3.connect(url.partition(":///")[2], timeout=30) as db:
            found = db.execute(statement).fetchone()[0]
        db.close()
    else:
        async with engine.connect() as connection:
            found = (await connection.execute(sa.text(statement))).scalar_one()
    await database.close()
    return int(found)


async def _fill_inbox(url: str, size: int) -> None:
    database = open_database(url, Vault(SECRET))
    now = datetime.now(UTC)
    for at in range(0, size, 5_000):
        came = [
            InboundMessage(
                channel=Channel.TELEGRAM,
                provider_id=str(n),
                chat=str(HELPERS + n % 5_000),
                sender=str(HELPERS + n % 5_000),
                kind=InboundKind.TEXT,
                text="/help",
            )
            for n in range(at, min(size, at + 5_000))
        ]
        async with database.transaction() as tx:
            await messages.keep_inbound(tx, came, now)
    async with database.transaction() as tx:
        assert await tx.value(sa.select(sa.func.count()).select_from(inbox)) == size
        if tx.on_postgresql:
            await tx.run(sa.text("ANALYZE inbox"))
    await database.close()


async def _fill_outbox(url: str, size: int) -> None:
    database = open_database(url, Vault(SECRET))
    chats = [str(HELPERS + n % 5_000) for n in range(size)]
    await sending.fill(database, Channel.TELEGRAM, chats, sending.WORDS, lambda *_: None)
    await database.close()
