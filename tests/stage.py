"""The whole bot between pretend providers, on a clock that the test turns.

Only the network's far end and the clock are pretend: what people send enters as the provider's own
payload through the real webhook, and what they see is taken from the HTTP calls that the real
adapters made.
"""

from __future__ import annotations

import asyncio
import random
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from bot.app import Popround
from bot.clock import VirtualClock
from bot.demo.pretend_server import LoopbackServer
from bot.demo.pretend_telegram import PretendTelegram
from bot.demo.pretend_twilio import PretendTwilio
from bot.settings import Settings
from bot.simulation.same_thread import in_the_same_thread
from bot.simulation.town import not_waiting_for_disks
from handlers import daily_note
from storage import due, groups, messages
from storage.database import Transaction
from storage.model import Community
from tests.conftest import SECRET
from tests.in_vain import not_in_vain

PUBLIC = "https://popround.test"
TOKEN = "4839574812:AAFD39kkdpWt3ywyRZergyOLMaJhac60qcK"
SID = "AC0123456789abcdef0123456789abcdef"
AUTH = "0123456789abcdef0123456789abcdef"
NUMBER = "+441484960000"


@dataclass
class Stage:
    """A bot that can be spoken to."""

    clock: VirtualClock
    bot: Popround
    telegram: PretendTelegram
    twilio: PretendTwilio
    people: dict[str, str] = field(default_factory=dict)
    """Name: phone number, or Telegram user id."""
    loses: bool = False
    """Whether the test takes away what the auditor is to find."""
    goes_wrong: bool = False
    """Whether the test plants faults of ours."""
    url: str = ""
    """Where the bot's web side is, without a slash at the end."""

    async def settle(self) -> None:
        """Let everything happen that can happen now."""
        while True:
            # What networks were to say by now they have said before the bot looks at its clock.
            await self.telegram.settle()
            await self.twilio.settle()
            wait = await self.bot.settle()
            # What was sent may come back as a status: at once, and not after the clock has moved.
            await self.telegram.settle()
            await self.twilio.settle()
            if self.bot.intake.arrived.is_set():
                continue
            if wait is None:
                return
            self._advance(wait)

    def _advance(self, seconds: float) -> None:
        self.clock.jump_to(self.clock.now() + timedelta(seconds=max(seconds, 0.001)))

    async def next_moment(self, until: datetime) -> datetime | None:
        """When the next thing is due, by then at the latest; none if nothing is."""
        async with self.bot.database.transaction() as tx:
            moments = [await due.first(tx)]
            for adapter in self.bot.adapters:
                moments.append(await messages.next_send_at(tx, adapter.channel))
        coming = [m for m in moments if m is not None and m <= until]
        return min(coming) if coming else None

    async def go_to(self, moment: datetime) -> None:
        """Live until that moment, seeing to everything at its own time."""
        while True:
            soonest = await self.next_moment(moment)
            if soonest is None:
                break
            if soonest > self.clock.now():
                self.clock.jump_to(soonest)
            await self.settle()
        if moment > self.clock.now():
            self.clock.jump_to(moment)
        await self.settle()


@asynccontextmanager
async def stage(
    database_url: str,
    start: datetime,
    communities: list[Community] | None = None,
    **more: Any,
) -> AsyncIterator[Stage]:
    """A bot with these groups on an empty database, and `more` settings."""
    clock = VirtualClock(start)
    telegram = PretendTelegram(clock, TOKEN)
    twilio = PretendTwilio(clock, SID, AUTH, NUMBER, instant=True)
    telegram_url, twilio_url = await telegram.start(), await twilio.start()
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=database_url,
        public_url=PUBLIC,
        telegram_token=SecretStr(TOKEN),
        telegram_api_url=telegram_url,
        telegram_webhook_secret=SecretStr("a-webhook-secret"),
        twilio_account_sid=SID,
        twilio_auth_token=SecretStr(AUTH),
        twilio_number=NUMBER,
        twilio_api_url=twilio_url,
        secret_key=SecretStr(SECRET),
        **more,
    )
    bot = Popround(settings, clock=clock, chance=random.Random(7))
    _at_ease(bot)
    with in_the_same_thread(), not_in_vain(bot):
        faults = catch_faults(bot)
        server = LoopbackServer(bot.web)
        reached = await server.start()
        telegram.reach(PUBLIC, reached)
        twilio.reach(PUBLIC, reached)
        try:
            async with bot.database.transaction() as tx:
                for community in communities or [Community(0, "Marsden Neighbours", money_cap=0)]:
                    await daily_note.plan(tx, start, await groups.add(tx, community))
            await bot.set_up()
            on = Stage(clock, bot, telegram, twilio, url=reached)
            yield on
            # A fault in a handler is dealt with kindly towards people; a test wants to know.
            assert on.goes_wrong or not faults, faults[0]
            # The auditor puts right what was lost; nothing may be, unless a test loses it.
            assert on.loses or not bot.auditor.found, bot.auditor.found
        finally:
            await server.stop()
            await close(bot)
            await telegram.stop()
            await twilio.stop()


def _at_ease(bot: Popround) -> None:
    """The machine is not going to lose its power in the middle of a test, nor the line break."""
    engine = bot.database.engine.sync_engine
    if bot.database.on_postgresql:
        engine.pool._pre_ping = False
    else:
        sa.event.listen(engine, "connect", not_waiting_for_disks)


async def close(bot: Popround) -> None:
    """Close a bot that was never started."""
    for adapter in bot.adapters:
        await adapter.close()
    await bot.database.close()
    await asyncio.sleep(0)


def catch_faults(bot: Popround) -> list[str]:
    """From now on, what goes wrong in any transaction is noted there as well."""
    faults: list[str] = []
    wrapped = bot.database.transaction

    @asynccontextmanager
    async def transaction() -> AsyncIterator[Transaction]:
        try:
            async with wrapped() as tx:
                yield tx
        except Exception:
            faults.append(traceback.format_exc())
            raise

    bot.database.transaction = transaction  # type: ignore[method-assign]
    return faults
