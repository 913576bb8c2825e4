"""How fast what waits goes out, and how soon what is pressing. The providers are processes of their
own (`providers`), and nobody tells the sender their limits beyond the settings."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from statistics import median
from typing import Any

import aiohttp
import sqlalchemy as sa
from pydantic import SecretStr

from bot.app import Popround
from bot.demo.pretend_server import LoopbackServer
from bot.settings import Settings
from storage import members, messages
from storage.database import Database
from storage.model import (
    PRIORITY_RANK,
    Address,
    Channel,
    OutboundKind,
    OutboundMessage,
    Priority,
    SendStatus,
)
from storage.schema import outbox
from tests.bench import providers
from tests.bench.measures import PUBLIC, Tell, fresh
from tests.conftest import SECRET
from tests.made import helper
from tests.stage import AUTH, NUMBER, SID, TOKEN

ALLOWED = 30
"""Messages a second that the pretend Telegram takes."""

WORDS = "Carrs Road is closed until Friday. The bus stops at the Co-op. Ring Ana if you are stuck."
TWO_PARTS = WORDS + " " + "Please bring a torch and something warm to wear for the evening. " * 2


class Far:
    """The process of the providers."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, *what: object) -> Any:
        assert self._process.stdin
        self._process.stdin.write((" ".join(map(str, what)) + "\n").encode())
        return await self.heard()

    async def heard(self) -> Any:
        assert self._process.stdout
        return json.loads(await self._process.stdout.readline())


@asynccontextmanager
async def far(module: str = providers.__name__) -> AsyncIterator[tuple[Far, Any]]:
    """Providers, and their addresses; or another process of that kind, and what it says first."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**26,
    )
    away = Far(process)
    try:
        yield away, await away.heard()
    finally:
        assert process.stdin
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def serving(url: str, at: dict[str, str]) -> AsyncIterator[tuple[Popround, str]]:
    """The bot, which has not begun to work, and where it listens."""
    async with fresh(url):
        pass
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=url,
        public_url=PUBLIC,
        telegram_token=SecretStr(TOKEN),
        telegram_api_url=at["telegram"],
        telegram_webhook_secret=SecretStr("a-webhook-secret"),
        twilio_account_sid=SID,
        twilio_auth_token=SecretStr(AUTH),
        twilio_number=NUMBER,
        twilio_api_url=at["twilio"],
        secret_key=SecretStr(SECRET),
    )
    bot = Popround(settings)
    server = LoopbackServer(bot.web)
    try:
        yield bot, await server.start()
    finally:
        await bot.stop()
        await server.stop()


async def fill(
    database: Database, channel: Channel, chats: Sequence[str], text: str, tell: Tell
) -> None:
    """Bulk to each of these, straight into the outbox."""
    now = datetime.now(UTC)
    for start in range(0, len(chats), 5000):
        async with database.transaction() as tx:
            await tx.run(
                sa.insert(outbox),
                [
                    {
                        "community_id": 1,
                        "channel": channel.value,
                        "lane": tx.vault.fingerprint(channel, chat),
                        "kind": OutboundKind.TEXT.value,
                        "priority": PRIORITY_RANK[Priority.BROADCAST],
                        "sealed_message": tx.vault.seal_json(
                            {
                                "chat": chat,
                                "text": text,
                                "buttons": (),
                                "answers": "",
                                "quiet": False,
                                "wakes": True,
                                "ask_location": False,
                            }
                        ),
                        "about": {},
                        "status": SendStatus.QUEUED.value,
                        "next_at": now,
                        "created_at": now,
                    }
                    for chat in chats[start : start + 5000]
                ],
            )
        tell("writing", start / len(chats))
    async with database.transaction() as tx:
        if tx.on_postgresql:
            await tx.run(sa.text("ANALYZE outbox"))


# A broadcast


def share(came: list[list[float]]) -> float:
    """How much of what was allowed was used, from the first message to the last."""
    times = sorted(at for _, at in came)
    return (len(times) - 1) / (times[-1] - times[0]) / ALLOWED


async def broadcast(url: str, chats: int, tell: Tell) -> list[str]:
    """Share of the allowed rate, seconds it took, and 429s, for our sender."""
    async with far() as (away, at), serving(url, at) as (bot, _):
        people = [str(chat) for chat in await away.ask("people", chats)]
        await fill(bot.database, Channel.TELEGRAM, people, WORDS, tell)
        await bot.start()
        while (sent := await away.ask("count")) < chats:
            tell("sending", sent / chats)
            await asyncio.sleep(0.5)
        return _row(await away.ask("came"))


async def with_rate_limiter(chats: int, tell: Tell) -> list[str]:
    """The same with python-telegram-bot's AIORateLimiter, as its documentation shows it."""
    try:
        from telegram.ext import AIORateLimiter, ExtBot

        limiter = AIORateLimiter(max_retries=20)
    except RuntimeError:
        return ["aiolimiter is not installed", "", ""]
    from telegram.request import HTTPXRequest

    async with far() as (away, at):
        people = await away.ask("people", chats)
        bot: ExtBot[Any] = ExtBot(
            TOKEN,
            base_url=f"{at['telegram']}/bot",
            rate_limiter=limiter,
            request=HTTPXRequest(256, pool_timeout=600, httpx_kwargs={"trust_env": False}),
        )
        async with bot:
            sending = asyncio.gather(
                *(bot.send_message(chat, WORDS) for chat in people), return_exceptions=True
            )
            while not sending.done():
                tell("AIORateLimiter", await away.ask("count") / chats)
                await asyncio.wait((sending,), timeout=0.5)
        return _row(await away.ask("came"))


def _row(found: dict[str, Any]) -> list[str]:
    came = found["came"]
    seconds = max(at for _, at in came) - min(at for _, at in came)
    return [f"{share(came):.1%}", f"{seconds:.0f} s", str(found["refused"])]


# An answer to somebody else meanwhile


async def answers_during_bulk(url: str, backlog: int, times: int, tell: Tell) -> list[str]:
    """Milliseconds from the webhook call to the answer's arrival at Telegram, one way of the far
    line with it, while bulk goes to others: median, 99 of 100, longest."""
    chance = random.Random(3)
    async with far() as (away, at), serving(url, at) as (bot, reached):
        real = await away.ask("people", 50)
        askers = real[:40]
        crowd = await away.ask("people", backlog)
        async with bot.database.transaction() as tx:
            for n, chat in enumerate(askers):
                made = helper(name=f"Sam{n} Hill")
                await members.add(tx, made, Address(Channel.TELEGRAM, str(chat)))
        await fill(bot.database, Channel.TELEGRAM, [str(chat) for chat in crowd], WORDS, tell)
        await bot.start()
        await asyncio.sleep(3)
        await away.ask("reset")
        asked = []
        headers = {"X-Telegram-Bot-Api-Secret-Token": "a-webhook-secret"}
        async with aiohttp.ClientSession() as http:
            for n in range(times):
                chat = askers[n % len(askers)]
                asked.append((chat, time.monotonic()))
                person = {"id": chat, "is_bot": False, "first_name": "Sam"}
                message = {
                    "message_id": n + 1,
                    "date": 1,
                    "text": "help",
                    "chat": {"id": chat, "type": "private"},
                    "from": person,
                }
                body = {"update_id": n + 1, "message": message}
                address = f"{reached}/webhooks/telegram"
                async with http.post(address, json=body, headers=headers) as answer:
                    assert answer.status == 200
                await asyncio.sleep(chance.uniform(0.2, 0.4))
                tell("answering", n / times)
        await asyncio.sleep(1)
        found = await away.ask("came")
    took = []
    for chat, began in asked:
        took.append(min(at for who, at in found["came"] if who == chat and at > began) - began)
    took.sort()
    last = took[min(len(took) - 1, int(len(took) * 0.99))]
    bulk = share(found["came"])
    return [
        *(f"{each * 1000:.0f} ms" for each in (median(took), last, took[-1])),
        f"{bulk:.1%}, {found['refused']} refused",
    ]


# An urgent text behind thousands


async def urgent_text(url: str, backlog: int, times: int, tell: Tell) -> list[str]:
    """Seconds from an urgent text's being written until Twilio has it, and until it has left the
    number (one segment a second); behind texts of two segments each."""
    chance = random.Random(4)
    async with far() as (away, at), serving(url, at) as (bot, _):
        crowd = [f"+44770091{n:04d}" for n in range(backlog)]
        await fill(bot.database, Channel.SMS, crowd, TWO_PARTS, tell)
        await bot.start()
        await asyncio.sleep(3)
        written = []
        for n in range(times):
            number = f"+44770090{n:04d}"
            async with bot.database.transaction() as tx:
                await messages.queue(
                    tx,
                    OutboundMessage(
                        id=0,
                        channel=Channel.SMS,
                        chat=number,
                        kind=OutboundKind.TEXT,
                        priority=Priority.EMERGENCY,
                        text="Ring 999 now. I am a message service and can't send help.",
                        created_at=bot.clock.now(),
                        wakes=True,
                    ),
                )
            written.append((number, time.time()))
            for sender in bot.senders:
                sender.wake.set()
            tell("urgent texts", n / times)
            await asyncio.sleep(chance.uniform(5, 7))
        given, left = [], []
        for number, began in written:
            with contextlib.suppress(ValueError):
                ((created, sent),) = await away.ask("texts", number)
                given.append(created - began)
                left.append(sent - began)
        assert len(given) == times
    return [
        *(f"{each * 1000:.0f} ms" for each in (median(given), max(given))),
        *(f"{each:.1f} s" for each in (median(left), max(left))),
    ]
