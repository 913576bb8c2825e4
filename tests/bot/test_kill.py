"""Killed again and again at any moment, the bot loses nothing and does nothing twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import socket
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.clock import RealClock
from bot.demo.pretend_limits import TelegramSpeed
from bot.demo.pretend_telegram import PretendTelegram
from bot.demo.pretend_twilio import PretendTwilio
from storage import members, messages, outcomes
from storage.database import Database
from storage.model import Address, Channel, Role, SendStatus
from storage.schema import inbox, offers, outbox, receipts, requests, visits
from tests.conftest import SECRET
from tests.made import asker, group, helper
from tests.stage import AUTH, NUMBER, SID, TOKEN
from tests.torture.tally import befell, held

KILLS = 12
ASKERS, HELPERS = 8, 10
PATIENCE = 90
"""Real seconds until something that should happen counts as not happening."""

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """One below those that systems hand out for calls (from 32768 on): whoever is killed and comes
    back must not find that a call has been given theirs meanwhile."""
    while True:
        with socket.socket() as found, suppress(OSError):
            found.bind(("127.0.0.1", random.SystemRandom().randrange(20_000, 32_000)))
            return int(found.getsockname()[1])


async def until(holds: Callable[[], Any] | Callable[[], Awaitable[Any]], what: str) -> Any:
    """Wait for something to hold, looking often; what it gave."""
    async with asyncio.timeout(PATIENCE) as limit:
        while True:
            found = holds()
            if isinstance(found, Awaitable):
                found = await found
            if found:
                return found
            try:
                await asyncio.sleep(0.02)
            except asyncio.CancelledError:
                if limit.expired():
                    raise AssertionError(f"waited in vain for {what}") from None
                raise


FIRST = ("milk", "bread", "eggs", "butter", "cheese", "tea", "coffee", "sugar")
THEN = ("potatoes", "apples", "bananas", "soup", "biscuits", "bacon", "chicken", "cereal")


@dataclass
class Lives:
    """A nursery of processes, and who of them is alive."""

    nursery: asyncio.subprocess.Process
    alive: dict[int, int] = field(default_factory=dict)

    async def begin(self, port: int) -> None:
        assert self.nursery.stdin and self.nursery.stdout
        self.nursery.stdin.write(f"{json.dumps({'port': port})}\n".encode())
        self.alive[port] = int(await self.nursery.stdout.readline())

    def kill(self, port: int) -> None:
        os.kill(self.alive.pop(port), signal.SIGKILL)

    async def end(self) -> None:
        for port in list(self.alive):
            self.kill(port)
        assert self.nursery.stdin
        self.nursery.stdin.close()
        await self.nursery.wait()


@dataclass
class Town:
    """People who never give up, on the far side of pretend providers."""

    telegram: PretendTelegram
    twilio: PretendTwilio
    askers: list[str]
    helpers: list[int]
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    rounds: Counter[str] = field(default_factory=Counter)
    presses: set[str] = field(default_factory=set)

    def latest(self, number: str, pattern: str) -> str:
        """What they heard of that kind in this round; empty if nothing yet."""
        texts = self.twilio.handset(number)
        heard = [found[0] for text in texts if (found := re.search(pattern, text.body))]
        return heard[self.rounds[number]] if len(heard) > self.rounds[number] else ""

    async def asks(self, number: str) -> None:
        """Ask, confirm, hear who comes; and again, until it is enough."""
        while not self.finished.is_set():
            # Another thing each time: the same once more would be told how it stands.
            turn = self.rounds[number]
            things = f"{FIRST[turn % len(FIRST)]} and {THEN[turn // len(FIRST) % len(THEN)]}"
            await self.twilio.texts(number, f"i need some {things} please")
            prompt = await until(lambda: self.latest(number, r"Reply \d+ for yes"), "a question")
            # In turn: "1" and nothing else, a dozen times within the hour, is taken for a machine's
            # (`guards.SAME_SHORT`), which is told so and not answered any more.
            answers = (re.sub(r"\D", "", prompt), "yes", "ok", "yep", "yeah", "aye", "y", "sure")
            await self.twilio.texts(number, answers[turn % len(answers)])
            await until(lambda: self.latest(number, "good news"), "good news")
            self.rounds[number] += 1

    async def helps(self, user: int) -> None:
        """Say yes to everything, once."""
        pressed: set[int] = set()
        while True:
            for message in self.telegram.from_bot(user):
                labels = [label for row in message.buttons for label, _ in row]
                if "I'll do it" in labels and message.message_id not in pressed:
                    pressed.add(message.message_id)
                    ident = await self.telegram.presses(user, message.message_id, "I'll do it")
                    self.presses.add(ident)
            await asyncio.sleep(0.02)


async def settled(database: Database, telegram: PretendTelegram) -> bool:
    """Whether nothing is left to be done."""
    async with database.transaction() as tx:
        waiting = await messages.inbound_waiting(tx)
        going = await tx.value(
            sa.select(sa.func.count())
            .select_from(outbox)
            .where(outbox.c.status.in_(("queued", "sending")))
        )
        unsure = [await outcomes.next_ask_at(tx, channel) for channel in Channel]
        told = await tx.value(
            sa.select(sa.func.count()).select_from(receipts).where(receipts.c.applied_at.is_(None))
        )
    return not (waiting or going or told or any(unsure) or telegram.pending_updates)


async def people(
    database: Database, telegram: PretendTelegram, asking: int = ASKERS, helping: int = HELPERS
) -> tuple[list[str], list[int]]:
    """Everybody there is, and a group that is never quiet."""
    askers = [f"+4477009003{n:02d}" for n in range(asking)]
    helpers = [telegram.person(f"Sam{n}") for n in range(helping)]
    organiser = telegram.person("Ana")
    for chat in (*helpers, organiser):
        telegram._world.people[chat].started = True
    async with database.transaction() as tx:
        await group(tx, quiet_from=time(0), quiet_until=time(0))
        for n, number in enumerate(askers):
            rosa = asker(name=f"Rosa{n}", consent="2026-11-01 on paper")
            await members.add(tx, rosa, Address(Channel.SMS, number))
        for n, chat in enumerate(helpers):
            sam = helper(name=f"Sam{n}", at_once_cap=10**6, weekly_cap=10**6)
            await members.add(tx, sam, Address(Channel.TELEGRAM, str(chat)))
        ana = helper(name="Ana", roles=frozenset({Role.ORGANISER}))
        await members.add(tx, ana, Address(Channel.TELEGRAM, str(organiser)))
    return askers, helpers


def environment(url: str, public: str | None, town: Town) -> dict[str, str]:
    facts = {
        "DATABASE_URL": url,
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API_URL": town.telegram.url,
        "TELEGRAM_WEBHOOK_SECRET": "a-webhook-secret",
        "TELEGRAM_MESSAGES_PER_SECOND": "1000",
        "TWILIO_ACCOUNT_SID": SID,
        "TWILIO_AUTH_TOKEN": AUTH,
        "TWILIO_NUMBER": NUMBER,
        "TWILIO_API_URL": town.twilio.url,
        "TWILIO_SEGMENTS_PER_SECOND": "1000",
        "TWILIO_POLL_SECONDS": "0.1",
        "SECRET_KEY": SECRET,
        "LOG_LEVEL": "INFO",
        **({"PUBLIC_URL": public} if public else {}),
    }
    return {**os.environ, **{f"POPROUND_{name}": value for name, value in facts.items()}}


@pytest.mark.parametrize("way", ["webhooks", "polling"])
async def test_killed_at_any_moment_it_loses_nothing_and_does_nothing_twice(
    way: str, database: Database, database_url: str, tmp_path: Path
) -> None:
    clock = RealClock()
    fast = TelegramSpeed(1000, 1000.0, 1000, 1000)
    telegram = PretendTelegram(clock, TOKEN, speed=fast, history=10**6)
    twilio = PretendTwilio(
        clock,
        SID,
        AUTH,
        NUMBER,
        segments_per_second=0,
        carrier_seconds=0.05,
        instant=True,
        history=10**6,
    )
    # Slow enough that a kill finds calls on their way: taken and not answered, or not yet taken.
    telegram.latency, twilio.latency = 0.02, 0.08
    await telegram.start()
    await twilio.start()
    town = Town(telegram, twilio, *await people(database, telegram))
    # With PostgreSQL two processes share the work; only one of them is called.
    ports = [free_port()] + ([free_port()] if database.on_postgresql and way == "webhooks" else [])
    public = f"http://127.0.0.1:{ports[0]}" if way == "webhooks" else None
    log = tmp_path / "log"
    with log.open("wb") as file:
        nursery = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.bot.serve_process",
            cwd=ROOT,
            env=environment(database_url, public, town),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=file,
        )
    lives = Lives(nursery)
    doing = [asyncio.ensure_future(town.helps(user)) for user in town.helpers]
    asking = [asyncio.ensure_future(town.asks(number)) for number in town.askers]
    try:
        for port in ports:
            await lives.begin(port)
        chance = random.Random(f"{way} {database.on_postgresql}")
        for _ in range(KILLS):
            # Not waiting for anything: any moment is a fair one, the first ones included.
            await asyncio.sleep(chance.choice((0.05, 0.3, 0.8, 1.3)) * chance.uniform(0.5, 1.5))
            port = chance.choice(ports)
            lives.kill(port)
            await lives.begin(port)
        town.finished.set()
        await asyncio.gather(*asking)
        await until(lambda: settled(database, telegram), "everything to be done")
        for task in doing:
            task.cancel()
        await asyncio.gather(*doing, return_exceptions=True)
        await until(lambda: settled(database, telegram), "everything to be done")
        await everything_once(database, town)
        befell("kill -9 at random", KILLS)
        held("a message comes once", len(telegram.calls) + len(twilio.all_texts()))
    except BaseException:
        print(log.read_text()[-6000:])  # noqa: T201 (pytest shows it with the failure)
        raise
    finally:
        for task in (*doing, *asking):
            task.cancel()
        await asyncio.gather(*doing, *asking, return_exceptions=True)
        await lives.end()
        await telegram.stop()
        await twilio.stop()


async def everything_once(database: Database, town: Town, *, numbered: bool = True) -> None:
    """What was said was heard once, what was decided was decided once, what was sent came once.
    `numbered`: what came first has the smaller number; of what two processes store at the same
    time that can't be said."""
    async with database.transaction() as tx:
        came = await tx.all(sa.select(inbox).order_by(inbox.c.id))
        wanted = await tx.all(sa.select(requests))
        going = await tx.all(sa.select(visits))
        accepted = await tx.all(sa.select(offers).where(offers.c.status == "accepted"))
        rows = await tx.all(sa.select(outbox).order_by(outbox.c.id))
        sent = [await messages.from_row(tx, row) for row in rows]

    # Each thing that was said is in the inbox once, and handled, each person's in order.
    said = Counter(text.sid for text in town.twilio.all_texts() if text.inbound)
    assert Counter(row["provider_id"] for row in came if row["channel"] == "sms") == said
    assert Counter(row["provider_id"] for row in came if row["channel"] == "telegram") == Counter(
        str(update) for update in set(town.telegram.delivered_updates)
    )
    lanes: dict[str, list[Any]] = {}
    for row in came:
        lanes.setdefault(row["lane"], []).append(row["handled_at"])
    in_order = all(one <= then for lane in lanes.values() for one, then in pairwise(lane))
    assert in_order or not numbered

    # As many requests as were asked, each with one visit, and one who accepted.
    rounds = sum(town.rounds.values())
    assert rounds >= len(town.askers)
    assert [row["status"] for row in wanted] == ["filled"] * rounds
    assert Counter(row["request_id"] for row in going) == Counter(row["id"] for row in wanted)
    assert Counter(row["request_id"] for row in accepted) == Counter(row["id"] for row in wanted)

    # Every press was answered by one decision.
    toasts = Counter(message.answers for message in sent if message.answers)
    assert toasts == Counter(town.presses)

    # What was sent came once; only where Telegram can't say may it have come or not.
    texts = Counter((t.to, t.body) for t in town.twilio.all_texts() if t.by == "bot")
    ours = [message for message in sent if message.channel is Channel.SMS]
    assert {message.status for message in ours} == {SendStatus.DELIVERED}
    assert texts == Counter((message.chat, message.text) for message in ours)
    # A message in a chat may have been edited since; so it is looked for by what was called.
    calls = Counter(
        (str(call.params["chat_id"]), call.params["text"])
        for call in town.telegram.calls
        if call.method == "sendMessage" and call.answer and call.answer["ok"]
    )
    told = [m for m in sent if m.channel is Channel.TELEGRAM and m.kind == "text"]
    sure = Counter((m.chat, m.text) for m in told if m.status is SendStatus.SENT)
    unsure = Counter((m.chat, m.text) for m in told if m.status is SendStatus.UNKNOWN)
    assert {m.status for m in told} <= {SendStatus.SENT, SendStatus.UNKNOWN, SendStatus.WITHDRAWN}
    assert not sure - calls
    assert not calls - sure - unsure
