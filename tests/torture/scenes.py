"""Short scenes in which something of our own goes wrong, for points that no good week comes by.

Each is played by a process that dies at such a point, and then to its end by one that does not. All
that it says is written down in a file, which a death does not take back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa

from bot import intake, scheduler
from bot.auditor import PURGE_EVERY, PURGED
from bot.channels.base import PermanentError, Received, Sent, UnknownOutcomeError
from bot.simulation.network import Line as Carrier
from bot.simulation.network import Told
from bot.simulation.town import Town
from storage import due, keepsakes, members, messages, requests
from storage.database import Database
from storage.line import Line
from storage.lines import Lines
from storage.model import Address, Channel, DueKind, OutboundMessage, Role
from storage.schema import due as due_table
from storage.schema import keepsakes as keepsakes_table
from storage.schema import members as people_table
from tests.made import NOW, ROSA, asker, group, helper, inbound, outbound, request
from tests.torture.points import die_at

ANA = "+447700900999"
CHATS = ("5001", "5002", "5003", "5004", "5005", "5006")
MINUTE = timedelta(minutes=1)

LATER = timedelta(minutes=20)
"""How much later a life begins than the one before."""


@dataclass
class Stage:
    """A life of the bot, on a clock of its own."""

    town: Town
    first: bool
    """Whether it is the first life, and things are to go wrong by themselves."""

    @property
    def database(self) -> Database:
        return self.town.bot.database

    async def live(self) -> None:
        """Some minutes: what was cut off is asked after by then."""
        await self.town.live(self.town.clock.true + 5 * MINUTE)


async def people(opened: Database) -> None:
    """Rosa, who asks, and Ana, who looks after the group."""
    async with opened.transaction() as tx:
        await group(tx)
        await members.add(tx, asker(consent="2026-11-01 on paper"), Address(Channel.SMS, ROSA))
        ana = helper(name="Ana Pole", roles=frozenset({Role.ORGANISER}))
        await members.add(tx, ana, Address(Channel.SMS, ANA))


async def _always_wrong(*_facts: Any) -> str:
    raise ZeroDivisionError


async def a_message_goes_wrong(on: Stage) -> None:
    """Each time that it is tried."""
    with patch.object(intake.router, "receive", _always_wrong):
        await on.town.bot.intake.store(Received((inbound("SM1", text="i need some milk"),)))
        await on.town.bot.intake.drain()
    await on.live()


async def something_due_goes_wrong(on: Stage) -> None:
    """Each time that its moment comes."""
    async with on.database.transaction() as tx:
        if on.first:
            await requests.add(tx, request(asker_id=1))
            await due.at(tx, DueKind.WAVE, 1, NOW)
    with patch.object(scheduler.moments, "handle", _always_wrong):
        for _ in range(10):
            await on.town.bot.scheduler.drain()
            on.town.clock.go_to(on.town.clock.true + 2 * MINUTE)
    for sender in on.town.bot.senders:
        while not await sender.lease():
            on.town.clock.advance(1)
        await sender.pump()
    await on.town._calls_done()


async def a_next_step_is_lost(on: Stage) -> None:
    async with on.database.transaction() as tx:
        if on.first:
            await requests.add(tx, request(asker_id=1))
            await tx.run(sa.delete(due_table))
    await on.town.bot.auditor.look()


async def a_claim_is_not_heard_of(on: Stage) -> None:
    """It is committed, and the line breaks before that is answered."""
    await _queue_one(on)
    claim, begun, claimed = messages.claim, Lines.begun, list[object]()

    async def noted(*args: Any, **more: Any) -> Any:
        found = await claim(*args, **more)
        claimed.extend(found)
        return found

    @asynccontextmanager
    async def breaks(lines: Lines) -> AsyncIterator[Line]:
        async with begun(lines) as line:
            yield line
        if claimed and on.first:
            on.first = False
            raise ConnectionResetError

    with patch.object(messages, "claim", noted), patch.object(Lines, "begun", breaks):
        await on.live()


async def a_text_is_refused(on: Stage) -> None:
    """The network takes it for spam."""
    await _queue_one(on)
    lines = on.town.network.lines.values()
    for line in lines if on.first else ():
        line.send = _refused  # type: ignore[method-assign]
    await on.live()


async def _refused(_message: OutboundMessage) -> Sent:
    raise PermanentError("30007", reason="filtered")


async def its_answer_is_lost(on: Stage) -> None:
    """By text: the network has it, and can be asked."""
    await _queue_one(on)
    _answers_lost(on)
    await on.live()


async def its_answer_is_lost_and_cant_be_asked_for(on: Stage) -> None:
    """On Telegram, which knows nothing of what it was given."""
    async with on.database.transaction() as tx:
        if on.first:
            hello = outbound(channel=Channel.TELEGRAM, chat=CHATS[0], text="Hello.")
            await messages.queue(tx, hello)
    _answers_lost(on)
    await on.live()


def _answers_lost(on: Stage) -> None:
    def lost(_line: Carrier, _message: OutboundMessage) -> None:
        raise UnknownOutcomeError("timeout")

    for line in on.town.network.lines.values() if on.first else ():
        line.weather.after = lost  # type: ignore[method-assign]


async def what_is_old_is_purged(on: Stage) -> None:
    """Somebody has made no use of the group for two years, and is asked."""
    async with on.database.transaction() as tx:
        if on.first:
            await keepsakes.keep(tx, PURGED, (NOW - PURGE_EVERY).isoformat())
            await tx.run(sa.update(people_table).values(used_at=NOW))
            long_ago = NOW - timedelta(days=800)
            rosa = people_table.c.id == 1
            await tx.run(sa.update(people_table).where(rosa).values(used_at=long_ago))
    await on.town.bot.auditor.look()
    await on.live()


async def it_is_told_to_stop(on: Stage) -> None:
    await _queue_one(on)
    await on.live()
    for sender in on.town.bot.senders:
        await sender.stop()


async def _queue_one(on: Stage) -> None:
    async with on.database.transaction() as tx:
        if on.first:
            await messages.queue(tx, outbound(member_id=1, community_id=1))


async def several_are_sent_at_once(on: Stage) -> None:
    """Their answers come while the first of them is being recorded."""
    async with on.database.transaction() as tx:
        for chat in CHATS if on.first else ():
            text = outbound(channel=Channel.TELEGRAM, chat=chat, text=f"Hello {chat}.")
            await messages.queue(tx, text)
    await on.live()


Scene = Callable[[Stage], Awaitable[None]]

SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        a_message_goes_wrong,
        something_due_goes_wrong,
        a_next_step_is_lost,
        a_claim_is_not_heard_of,
        a_text_is_refused,
        its_answer_is_lost,
        its_answer_is_lost_and_cant_be_asked_for,
        what_is_old_is_purged,
        it_is_told_to_stop,
        several_are_sent_at_once,
    )
}


async def acted(scene: Scene, url: str, heard: Path, *, first: bool) -> None:
    """One life of that scene, to its end."""
    start = NOW if first else NOW + LATER

    def write(told: Told) -> None:
        with heard.open("a", encoding="utf-8") as file:
            file.write(f"{told.to.value} {told.words}\n")

    town = Town(url, start, 1)
    for line in town.network.lines.values():
        line.heard, line.reports = write, False
    try:
        await scene(Stage(town, first))
    finally:
        await town.sleep()


def play(facts: dict[str, Any]) -> int:
    """In a process of its own, which dies at a point."""
    die_at((facts["point"],), Path(facts["died"]), lambda _: True, nth=facts["nth"])
    asyncio.run(acted(SCENES[facts["scene"]], facts["url"], Path(facts["heard"]), first=True))
    return 0


async def held_leases(opened: Database, now: datetime) -> int:
    """How many rights to send somebody holds."""
    async with opened.transaction() as tx:
        held = sa.select(sa.func.count()).where(
            keepsakes_table.c.name.startswith("sender."), keepsakes_table.c.until > now
        )
        return int(await tx.value(held))
