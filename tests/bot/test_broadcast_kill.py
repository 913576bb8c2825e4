"""Killed in the middle of a broadcast, it goes on where it was: nobody twice, nobody missed."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from datetime import UTC, datetime, time
from pathlib import Path

import sqlalchemy as sa

from bot.clock import RealClock
from bot.demo.pretend_limits import TelegramSpeed
from bot.demo.pretend_telegram import PretendTelegram
from bot.demo.pretend_twilio import PretendTwilio
from storage import broadcasts, due, members_many, messages
from storage.database import Database
from storage.model import Address, Channel, DueKind, Role, SendStatus
from storage.model_broadcasts import Audience, Broadcast, BroadcastStatus
from storage.schema import outbox, recipients
from tests.bot.test_kill import ROOT, Lives, Town, environment, free_port, settled, until
from tests.made import group, helper
from tests.stage import AUTH, NUMBER, SID, TOKEN
from tests.torture.tally import befell, held

CHATS, NUMBERS = 200, 100
WORDS = "The road over Standedge is closed."


async def let_go(
    database: Database, telegram: PretendTelegram, on_telegram: int, by_text: int
) -> tuple[int, list[str], list[str]]:
    """A broadcast to everybody in a group that is never quiet; its id, and whom it is to reach."""
    chats = [str(telegram.person(f"Sam{n}")) for n in range(on_telegram)]
    numbers = [f"+447700{n:06d}" for n in range(by_text)]
    organiser = telegram.person("Ana")
    for chat in (*map(int, chats), organiser):
        telegram.met_before(chat)
    at = [Address(Channel.TELEGRAM, chat) for chat in chats]
    at += [Address(Channel.SMS, number) for number in numbers]
    ana = helper(name="Ana", roles=frozenset({Role.ORGANISER}), consent="x")
    async with database.transaction() as tx:
        await group(tx, quiet_from=time(0), quiet_until=time(0))
        await members_many.add(tx, [(ana, [Address(Channel.TELEGRAM, str(organiser))])])
        await members_many.add(tx, [(helper(consent="x"), [address]) for address in at])
        now = datetime.now(UTC)
        told = await broadcasts.add(
            tx,
            Broadcast(
                id=0,
                community_id=1,
                organiser_id=1,
                status=BroadcastStatus.RUNNING,
                created_at=now,
                audience=Audience(),
                texts={"en": WORDS},
                confirmed_at=now,
                listed=len(at),
            ),
        )
        assert await broadcasts.freeze(tx, told, list(Channel)) == len(at)
        await due.at(tx, DueKind.BROADCAST, told.id, now)
    return told.id, chats, numbers


async def test_killed_in_the_middle_nobody_gets_it_twice_and_nobody_is_missed(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    clock = RealClock()
    telegram = PretendTelegram(
        clock, TOKEN, speed=TelegramSpeed(1000, 1000.0, 1000, 1000), history=10**6
    )
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
    # Slow enough that a kill finds some in the outbox, some on their way, and some ahead.
    telegram.latency, twilio.latency = 0.03, 0.03
    await telegram.start()
    await twilio.start()
    ident, chats, numbers = await let_go(database, telegram, CHATS, NUMBERS)
    town = Town(telegram, twilio, [], [])
    port = free_port()
    log = tmp_path / "log"
    with log.open("wb") as file:
        nursery = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.bot.serve_process",
            cwd=ROOT,
            env=environment(database_url, f"http://127.0.0.1:{port}", town),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=file,
        )
    lives = Lives(nursery)

    def had() -> Counter[str]:
        calls = Counter(
            str(call.params["chat_id"])
            for call in telegram.calls
            if call.method == "sendMessage"
            and call.answer
            and call.answer["ok"]
            and WORDS in str(call.params["text"])
        )
        return calls + Counter(text.to for text in twilio.all_texts() if WORDS in text.body)

    try:
        chance = random.Random(3)
        kills = sorted(
            chance.sample(range(20, CHATS + NUMBERS - 60), 1 if database.on_postgresql else 2)
        )
        await lives.begin(port)
        for many in kills:
            await until(lambda many=many: had().total() >= many, f"{many} to have it")
            assert had().total() < CHATS + NUMBERS
            lives.kill(port)
            await lives.begin(port)
        await until(lambda: over(database, ident), "the report")
        await until(lambda: settled(database, telegram), "everything to be done")
        async with database.transaction() as tx:
            listed = await tx.all(
                sa.select(recipients.c.outbox_id).where(recipients.c.broadcast_id == ident)
            )
            rows = await tx.all(
                sa.select(outbox).where(outbox.c.id.in_([row["outbox_id"] for row in listed]))
            )
            sent = [await messages.from_row(tx, row) for row in rows]
        # One row of the outbox each, and nothing but the broadcast was made of them.
        assert Counter(message.chat for message in sent) == Counter([*chats, *numbers])
        unsure = {each.chat for each in sent if each.status is SendStatus.UNKNOWN}
        # Telegram can't be asked what became of a call that was cut off; the rest is certain.
        assert unsure <= set(chats)
        assert len(unsure) <= len(kills) * 16
        certain = {chat: n for chat, n in had().items() if chat not in unsure}
        assert certain == {chat: 1 for chat in (*chats, *numbers) if chat not in unsure}
        assert all(had()[chat] <= 1 for chat in unsure)
        befell("kill -9 at random", len(kills))
        held("a message comes once", CHATS + NUMBERS)
    except BaseException:
        print(log.read_text()[-6000:])  # noqa: T201 (pytest shows it with the failure)
        raise
    finally:
        await lives.end()
        await telegram.stop()
        await twilio.stop()


async def over(database: Database, ident: int) -> bool:
    async with database.transaction() as tx:
        return (await broadcasts.get(tx, ident)).status is BroadcastStatus.DONE
