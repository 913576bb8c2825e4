"""What is measured, and how. Each gives the rows of a table."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from datetime import time as hour
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import sqlalchemy as sa
from pydantic import SecretStr

from bot import intake as intake_module
from bot.app import Popround
from bot.clock import RealClock
from bot.demo.pretend_server import LoopbackServer
from bot.demo.pretend_telegram import PretendTelegram
from bot.demo.pretend_twilio import PretendTwilio
from bot.settings import Settings
from handlers import neighbours
from handlers.rules import matching
from storage import due, members, requests
from storage.database import Database, open_database
from storage.model import Address, Channel, Community, DueKind
from storage.schema import addresses, metadata
from storage.schema import due as due_table
from storage.schema import members as member_table
from storage.vault import Vault
from tests.bench import broadcasts, town
from tests.conftest import SECRET
from tests.made import NOW, asker, group, request
from tests.stage import AUTH, NUMBER, SID, TOKEN

Tell = Callable[[str, float], None]
"""What is being done, and the share of it that is (0 to 1)."""

PUBLIC = "http://localhost"
TOWN = Community(1, "Town")

PICKED = 5
"""A wave of usual size."""


@asynccontextmanager
async def fresh(url: str, *, with_group: bool = True) -> AsyncIterator[Database]:
    """An empty database, with a group in it that is never quiet."""
    database = open_database(url, Vault(SECRET))
    await _empty(database)
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    if with_group:
        async with database.transaction() as tx:
            await group(tx, quiet_from=hour(0), quiet_until=hour(0))
    yield database
    await database.close()


async def _empty(database: Database) -> None:
    """Functions too: to drop the tables alone leaves those of PostgreSQL behind."""
    async with database.engine.begin() as connection:
        if not database.on_postgresql:
            await connection.run_sync(metadata.drop_all)
            return
        for chore in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
            await connection.execute(sa.text(chore))


# Who is asked


async def search(url: str, sizes: list[int], times: int, tell: Tell) -> list[list[str]]:
    """Milliseconds to find whom to ask, median of so many askers, by the size of the group."""
    table = []
    for growing in (False, True):
        found = [await _search_in(url, size, times, growing, tell) for size in sizes]
        medians = [median(each) * 1000 for each in found]
        table.append(
            [
                "growing with it" if growing else "the same",
                *(f"{each:.1f} ms" for each in medians),
                f"{medians[-1] / medians[0]:.2f}",
            ]
        )
    return table


async def _search_in(url: str, size: int, times: int, growing: bool, tell: Tell) -> list[float]:
    what = f"{size:,} helpers in an area {'that grows' if growing else 'of one size'}"
    written = 0

    def wrote(more: int) -> None:
        nonlocal written
        written += more
        tell(f"{what}: writing", written / size)

    async with fresh(url) as database:
        homes = town.area(size, growing=growing)
        await town.fill(database, size, homes, wrote)
        chance = random.Random(1)
        inner = town.area(min(size, 10_000), growing=growing)  # not at the rim, where few are near
        took = []
        for n in range(times + 10):
            async with database.transaction() as tx:
                rosa = await members.add(tx, asker(cell=chance.choice(inner)))
                wanted = await requests.add(tx, request(asker_id=rosa.id))
                now = datetime.now(UTC)
                began = time.perf_counter()
                look = await neighbours.search(tx, TOWN, wanted, rosa, now, matching.reach_km(1))
                picked = await look.pick(PICKED)
                took.append(time.perf_counter() - began)
                assert len(picked) == PICKED
            tell(f"{what}: searching", n / times)
        return took[10:]  # the first ones warm the cache


# How fast the first offers leave


async def first_offers(url: str, helpers: int, times: int, tell: Tell) -> list[list[str]]:
    """Seconds from the asker's last word reaching the webhook to the first offer at Telegram."""
    clock = RealClock()
    telegram = PretendTelegram(clock, TOKEN)
    twilio = PretendTwilio(clock, SID, AUTH, NUMBER, segments_per_second=0, instant=True)
    telegram_url, twilio_url = await telegram.start(), await twilio.start()
    async with fresh(url) as database:
        homes = town.area(helpers, growing=False)
        await town.fill(database, helpers, homes, lambda _: tell("writing helpers", 0))
        await _give_chats(database, telegram)
        numbers = [f"+44770090{n:04d}" for n in range(times + 2)]
        async with database.transaction() as tx:
            for n, number in enumerate(numbers):
                home = homes[n * 7 % len(homes)]
                rosa = asker(name=f"Rosa{n}", cell=home, consent="2026-11-01 on paper")
                await members.add(tx, rosa, Address(Channel.SMS, number))
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=url,
        public_url=PUBLIC,
        telegram_token=SecretStr(TOKEN),
        telegram_api_url=telegram_url,
        telegram_webhook_secret=SecretStr("a-webhook-secret"),
        twilio_account_sid=SID,
        twilio_auth_token=SecretStr(AUTH),
        twilio_number=NUMBER,
        twilio_api_url=twilio_url,
        twilio_segments_per_second=1000,
        secret_key=SecretStr(SECRET),
    )
    bot = Popround(settings, clock=clock)
    server = LoopbackServer(bot.web)
    reached = await server.start()
    telegram.reach(PUBLIC, reached)
    twilio.reach(PUBLIC, reached)
    await bot.set_up()
    await bot.start()
    took = []
    try:
        for n, number in enumerate(numbers):
            took.append(await _one_asker(number, telegram, twilio))
            tell("asking", n / times)
    finally:
        await bot.stop()
        await server.stop()
        await telegram.stop()
        await twilio.stop()
    took = took[2:]
    return [[f"{helpers:,}", f"{median(took) * 1000:.0f} ms", f"{max(took) * 1000:.0f} ms"]]


async def _one_asker(number: str, telegram: PretendTelegram, twilio: PretendTwilio) -> float:
    await twilio.texts(number, "i need some milk please")
    await twilio.feed.wait_until(
        lambda: any("for yes" in text.body for text in twilio.handset(number)), 30
    )
    with telegram.feed.listen() as happens:
        began = time.perf_counter()
        await twilio.texts(number, "1")
        async with asyncio.timeout(30):
            while True:
                event = await happens.get()
                message = event.about.get("message")
                if event.kind == "message" and message and message.buttons:
                    return time.perf_counter() - began


async def _give_chats(database: Database, telegram: PretendTelegram) -> None:
    async with database.transaction() as tx:
        found = await tx.all(sa.select(member_table.c.id))
        rows = []
        for row in found:
            chat = telegram.person("Sam")
            telegram.met_before(chat)
            value = str(chat)
            rows.append(
                {
                    "member_id": row["id"],
                    "channel": Channel.TELEGRAM.value,
                    "lane": tx.vault.fingerprint(Channel.TELEGRAM, value),
                    "sealed_value": town.SEAL.seal(value),
                }
            )
        await tx.run(sa.insert(addresses), rows)


# How much is kept


async def intake(url: str, seconds: float, tell: Tell) -> list[list[str]]:
    """Messages a second that are on the disk and answered, by HTTP, 64 callers at once."""
    rates = []
    usual = intake_module.MOST_AT_ONCE
    for most in (1, usual):
        intake_module.MOST_AT_ONCE = most
        rates.append(await _intake(url, seconds, lambda share: tell("storing", share)))
    intake_module.MOST_AT_ONCE = usual
    return [[*(f"{rate:,.0f} a second" for rate in rates), f"{rates[1] / rates[0]:.1f}"]]


async def _intake(url: str, seconds: float, tell: Callable[[float], None]) -> float:
    async with fresh(url):
        pass
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=url,
        public_url=PUBLIC,
        telegram_token=SecretStr(TOKEN),
        telegram_webhook_secret=SecretStr("a-webhook-secret"),
        secret_key=SecretStr(SECRET),
    )
    bot = Popround(settings)
    server = LoopbackServer(bot.web)
    reached = await server.start()
    kept, update = 0, 0
    end = time.perf_counter() + seconds

    async def call(http: aiohttp.ClientSession) -> None:
        nonlocal kept, update
        headers = {"X-Telegram-Bot-Api-Secret-Token": "a-webhook-secret"}
        while time.perf_counter() < end:
            update += 1
            person = {"id": update % 500, "is_bot": False, "first_name": "Sam"}
            message = {
                "message_id": update,
                "date": 1,
                "text": "i need some milk please",
                "chat": {"id": update % 500, "type": "private"},
                "from": person,
            }
            body = {"update_id": update, "message": message}
            async with http.post(
                f"{reached}/webhooks/telegram", json=body, headers=headers
            ) as answer:
                assert answer.status == 200
            kept += 1
            tell(1 - (end - time.perf_counter()) / seconds)

    async with aiohttp.ClientSession() as http:
        await asyncio.gather(*(call(http) for _ in range(64)))
    await server.stop()
    for adapter in bot.adapters:
        await adapter.close()
    await bot.database.close()
    return kept / seconds


# What is due


async def due_rows(url: str, sizes: list[int], times: int, tell: Tell) -> list[list[str]]:
    """Milliseconds to find and take what is due now among so many rows, the transaction with it
    (median, and the longest of all but one in a hundred); then what is asked every second when
    nothing is."""
    found = []
    for size in sizes:
        async with fresh(url) as database:
            await _fill_due(database, size, lambda share, size=size: tell(f"{size:,} rows", share))  # type: ignore[misc]
            found.append(await _take_due(database, times))
    return [
        [
            what,
            *(f"{row[at]:.2f} ms" for row in found),
            f"{found[-1][at] / found[0][at]:.2f}",
        ]
        for at, what in enumerate(("taken, median", "taken, 99 of 100", "nothing is due, median"))
    ]


async def _fill_due(database: Database, size: int, tell: Callable[[float], None]) -> None:
    chance = random.Random(4)
    for start in range(0, size, 5_000):
        async with database.transaction() as tx:
            await tx.run(
                sa.insert(due_table),
                [
                    {
                        "kind": DueKind.WAVE.value,
                        "ref": ref,
                        # In the year to come, but for a few that are due now.
                        "at": NOW + timedelta(seconds=chance.randrange(60, 31_536_000)),
                        "attempts": 0,
                    }
                    for ref in range(start, min(size, start + 5_000))
                ],
            )
        tell(start / size)
    async with database.transaction() as tx:
        if tx.on_postgresql:
            await tx.run(sa.text("ANALYZE due"))


async def _take_due(database: Database, times: int) -> tuple[float, float, float]:
    async with database.transaction() as tx:
        for ref in range(times):
            await due.at(tx, DueKind.CHASE, ref, NOW - timedelta(seconds=ref))
    taken, idle = [], []
    for _ in range(times):
        began = time.perf_counter()
        async with database.transaction() as tx:
            row = await due.next_due(tx, NOW)
            assert row
            await due.done(tx, row)
        taken.append((time.perf_counter() - began) * 1000)
    for _ in range(times):
        began = time.perf_counter()
        async with database.transaction() as tx:
            assert await due.next_due(tx, NOW) is None
        idle.append((time.perf_counter() - began) * 1000)
    return median(taken), sorted(taken)[int(len(taken) * 0.99)], median(idle)


# Telling many


async def broadcast_killed(url: str, count: int, kills: int, tell: Tell) -> list[list[str]]:
    """What a kill -9 does to a broadcast."""
    async with fresh(url, with_group=False) as database:
        return [await broadcasts.killed(database, url, count, kills, tell)]


async def broadcast_memory(url: str, sizes: list[int], tell: Tell) -> list[list[str]]:
    """What a long list takes."""
    rows = []
    for size in sizes:
        async with fresh(url) as database:
            rows.append(await broadcasts.memory(database, url, size, tell))
    return rows


def sqlite_url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'bench.db'}"


Measure = Callable[..., Awaitable[list[list[Any]]]]
