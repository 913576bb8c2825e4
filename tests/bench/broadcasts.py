"""Telling many: killed in the middle, and how much memory a long list takes.

`python -m tests.bench.broadcasts URL` is the process whose memory is measured: it lets one go to
everybody there is, and feeds it to the end.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bot.channels.telegram import TelegramAdapter
from bot.clock import RealClock
from bot.demo.pretend_limits import TelegramSpeed
from bot.demo.pretend_telegram import PretendTelegram
from bot.demo.pretend_twilio import PretendTwilio
from handlers import broadcast_run, wording
from handlers import due as moments
from handlers.turn import Desk, Turn
from storage import broadcasts, due, groups, messages
from storage.database import Database, open_database
from storage.model import PRIORITY_RANK, Channel, Priority
from storage.model_broadcasts import Audience, Broadcast, BroadcastStatus
from storage.schema import addresses, outbox
from storage.schema import members as people
from storage.vault import Vault
from tests.bench import town
from tests.bot.test_broadcast_kill import WORDS, let_go, over
from tests.bot.test_kill import ROOT, Lives, Town, environment, free_port, settled, until
from tests.conftest import SECRET
from tests.stage import AUTH, NUMBER, SID, TOKEN

Tell = Callable[[str, float], None]


# Killed in the middle


async def killed(database: Database, url: str, count: int, kills: int, tell: Tell) -> list[str]:
    """How many of `count` chats had it, twice, or not at all, with so many kill -9 on the way."""
    clock = RealClock()
    fast = TelegramSpeed(1000, 1000.0, 1000, 1000)
    telegram = PretendTelegram(clock, TOKEN, speed=fast, history=10**6)
    twilio = PretendTwilio(clock, SID, AUTH, NUMBER, instant=True)
    telegram.latency = 0.03
    await telegram.start()
    await twilio.start()
    ident, chats, _ = await let_go(database, telegram, count, 0)
    port = free_port()
    nursery = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bot.serve_process"),
        cwd=ROOT,
        env=environment(url, f"http://127.0.0.1:{port}", Town(telegram, twilio, [], [])),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    lives = Lives(nursery)

    def had() -> Counter[str]:
        return Counter(
            str(call.params["chat_id"])
            for call in telegram.calls
            if call.method == "sendMessage"
            and (call.answer or {}).get("ok")
            and WORDS in str(call.params["text"])
        )

    try:
        chance = random.Random(1)
        await lives.begin(port)
        for many in sorted(chance.sample(range(count // 10, count * 9 // 10), kills)):
            while (done := had().total()) < many:
                tell(f"{done:,} of {count:,}", done / count)
                await asyncio.sleep(0.05)
            lives.kill(port)
            await lives.begin(port)
        while not await over(database, ident):
            done = had().total()
            tell(f"{done:,} of {count:,}", done / count)
            await asyncio.sleep(0.2)
        await until(lambda: settled(database, telegram), "everything to be done")
        async with database.transaction() as tx:
            rows = await tx.all(sa.select(outbox).where(outbox.c.status == "unknown"))
            unsure = {(await messages.from_row(tx, row)).chat for row in rows}
    finally:
        await lives.end()
        await telegram.stop()
        await twilio.stop()
    calls = had()
    twice = sum(n > 1 for n in calls.values())
    # Marked unknown: cut off on the way, and not sent again. These may or may not have it.
    missed = len(set(chats) - set(calls) - unsure)
    return [f"{count:,}", str(kills), str(twice), str(missed), str(len(unsure))]


# Memory


async def memory(database: Database, url: str, size: int, tell: Tell) -> list[str]:
    """The largest memory of a process that lets one go to so many and feeds it to the end, in MB;
    and seconds for settling the list, and for each thousand of the rest."""
    tell(f"writing {size:,}", 0)
    await _fill(database, size)
    tell(f"{size:,} people", 0.3)
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.broadcasts", url),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    answer, _ = await child.communicate()
    assert child.returncode == 0
    before, after, settling, feeding, longest, fed = answer.decode().split()
    assert int(fed) == size
    return [
        f"{size:,}",
        f"{float(before):.0f} MB",
        f"{float(after):.0f} MB",
        f"{float(settling) * 1000:.0f} ms",
        f"{float(feeding) / size * 1e6:.0f} ms",
        f"{float(longest) * 1000:.0f} ms",
    ]


async def _fill(database: Database, size: int) -> None:
    homes = town.area(size, growing=False)
    await town.fill(database, size, homes, lambda _: None)
    async with database.transaction() as tx:
        await tx.run(sa.update(people).values(consent="2026-11-01 on paper"))
        idents = [row["id"] for row in await tx.all(sa.select(people.c.id))]
    for at in range(0, len(idents), 5_000):
        async with database.transaction() as tx:
            rows = [
                {
                    "member_id": ident,
                    "channel": Channel.TELEGRAM.value,
                    "lane": tx.vault.fingerprint(Channel.TELEGRAM, str(10**9 + ident)),
                    "sealed_value": town.SEAL.seal(str(10**9 + ident)),
                }
                for ident in idents[at : at + 5_000]
            ]
            await tx.run(sa.insert(addresses), rows)
    async with database.transaction() as tx:
        if tx.on_postgresql:
            await tx.run(sa.text("ANALYZE"))


def _rss() -> float:
    """The most memory that this process has had, in MB. Not `ru_maxrss`, in which Linux counts what
    its parent had when it was forked."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


async def feed(url: str) -> None:
    """Let one go to everybody, feed it to the end, and print what `memory` reads. What a provider
    would take in five seconds is taken at once."""
    database = open_database(url, Vault(SECRET))
    can = {Channel.TELEGRAM: TelegramAdapter.can}
    desk = Desk(wording.load(), None, can=can, rates={Channel.TELEGRAM: 30.0})  # type: ignore[arg-type]
    now = datetime.now(UTC)
    async with database.transaction() as tx:
        organiser = await tx.value(sa.select(sa.func.min(people.c.id)))
        told = await broadcasts.add(
            tx,
            Broadcast(
                id=0,
                community_id=1,
                # Nobody's: so that all who were written are told.
                organiser_id=organiser,
                status=BroadcastStatus.PREVIEWED,
                created_at=now,
                audience=Audience(),
                texts={"en": WORDS},
            ),
        )
        before = _rss()
        began = time.perf_counter()
        community = await groups.get(tx, 1)
        assert community
        told = await broadcast_run.let_go(Turn(desk, tx, now, community), told)
    settling = time.perf_counter() - began
    began, longest = time.perf_counter(), 0.0
    waits = sa.and_(
        outbox.c.status == "queued",
        outbox.c.priority == PRIORITY_RANK[Priority.BROADCAST],
        outbox.c.channel == Channel.TELEGRAM.value,
    )
    while True:
        took = time.perf_counter()
        async with database.transaction() as tx:
            row = await due.next_due(tx, now)
            if row:
                await due.done(tx, row)
                await moments.handle(desk, tx, now, row)
        longest = max(longest, time.perf_counter() - took)
        if row is None:
            now += timedelta(seconds=5)
            async with database.transaction() as tx:
                await tx.run(sa.update(outbox).where(waits).values(status="sent", sent_at=now))
                if (await broadcasts.get(tx, told.id)).status is BroadcastStatus.DONE:
                    break
    feeding = time.perf_counter() - began
    after = _rss()
    async with database.transaction() as tx:
        fed = (await broadcasts.counts(tx, told.id)).sent
    await database.close()
    sys.stdout.write(f"{before} {after} {settling} {feeding} {longest} {fed + 1}\n")


if __name__ == "__main__":
    asyncio.run(feed(sys.argv[1]))
