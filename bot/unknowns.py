"""What may or may not have gone: asked after with the provider, and never blindly sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.channels.base import ChannelAdapter, RetryableError, SendError, UnknownOutcomeError
from bot.clock import Clock
from bot.fates import give_up, lost
from bot.metrics import ENDED
from storage import outcomes
from storage.database import Database, Transaction
from storage.model import OutboundKind, OutboundMessage, Priority, SendStatus

log = structlog.get_logger("sender")

TRIES = 15
"""Calls for one message before it is given up: with the sender's waits, three to four hours."""

LOOK_AFTER = timedelta(seconds=10)
"""How long after an unknown end the provider is asked: its lists lag a little behind."""

TAKEN_OVER = timedelta(seconds=40)
"""The same for what another process was sending, which may yet be alive and waiting for an answer:
longer than any call to a provider takes."""

ASK_AGAIN = timedelta(seconds=30)
"""How long after it could not be asked."""

TWICE_999 = 3
"""Times that an emergency's words are said to somebody who may have got them already."""

CANT_BE_ASKED = "can't be asked"


class Unknowns:
    """The messages of one channel with an unknown end."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        adapter: ChannelAdapter,
        parts: Callable[[OutboundMessage], int],
        woken: Callable[[], None],
    ) -> None:
        """`parts`: what a message is charged as. `woken`: called when there is news."""
        self._database = database
        self._clock = clock
        self._adapter = adapter
        self._parts = parts
        self._woken = woken
        self._asking: asyncio.Task[None] | None = None
        self._ask_at: datetime | None = None

    @property
    def ask_at(self) -> datetime | None:
        """When the next is to be asked after; none while some are."""
        return None if self._asking else self._ask_at

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """The asking that is under way."""
        return [self._asking] if self._asking else []

    async def take_over(self, tx: Transaction, holder: str) -> None:
        """From now on ask after what others than `holder` left in flight."""
        ask_at = self._clock.now() + (TAKEN_OVER if tx.on_postgresql else LOOK_AFTER)
        await outcomes.interrupted(tx, self._adapter.channel, holder, ask_at)
        await self.look(tx)

    async def look(self, tx: Transaction) -> None:
        """See when the next is to be asked after."""
        self._sooner(await outcomes.next_ask_at(tx, self._adapter.channel))

    def _sooner(self, ask_at: datetime | None) -> None:
        """Never later than was known: one that is just being recorded can't be seen yet, and would
        not be asked after until another process took over."""
        self._ask_at = min((at for at in (self._ask_at, ask_at) if at), default=None)

    async def add(self, tx: Transaction, message: OutboundMessage, code: str) -> None:
        """A call for this message had no answer."""
        ask_at = self._clock.now() + LOOK_AFTER
        await outcomes.unknown(tx, message.id, ask_at, code)
        self._sooner(ask_at)

    def ask_if_time(self) -> None:
        """Begin to ask after those whose time has come."""
        if self._ask_at and self._ask_at <= self._clock.now() and self._asking is None:
            self._asking = asyncio.ensure_future(self._ask_all())
            self._asking.add_done_callback(self._asked_all)

    def _asked_all(self, task: asyncio.Task[None]) -> None:
        self._asking = None
        self._woken()

    async def _ask_all(self) -> None:
        channel = self._adapter.channel
        self._ask_at = None
        try:
            async with self._database.transaction() as tx:
                found = await outcomes.to_ask_after(tx, channel, self._clock.now())
            for message in found:
                await self._ask_after(message)
            async with self._database.transaction() as tx:
                await self.look(tx)
        except Exception as error:
            self._sooner(self._clock.now() + ASK_AGAIN)
            log.error("not_asked", channel=channel.value, error=type(error).__name__)

    async def _ask_after(self, message: OutboundMessage) -> None:
        try:
            found = await self._adapter.look_up(message)
        except UnknownOutcomeError:
            await self._cant_ask(message)
            return
        except Exception as error:  # not now; what is wrong with one must not hold up the others
            code = error.code if isinstance(error, SendError) else "fault"
            log.warning("not_asked", outbox=message.id, code=code)
            async with self._database.transaction() as tx:
                ask_at = self._clock.now() + ASK_AGAIN
                await outcomes.unknown(tx, message.id, ask_at, f"to be asked: {code}")
            return
        async with self._database.transaction() as tx:
            now = self._clock.now()
            ids = [each.provider_id for each in found]
            # The same words may be on their way to the same person this moment as a message of its
            # own: whose they are can be told once that one's id is recorded, and not before.
            if ids and await outcomes.may_be_sending(
                tx, message.channel, message.chat, now, but=message.id
            ):
                await outcomes.unknown(tx, message.id, now + LOOK_AFTER, "to be asked: rival")
                return
            # Or they may have gone before.
            others = await outcomes.known_by(tx, message.channel, ids, but=message.id)
            ident = next((each for each in ids if each not in others), "")
            if ident:
                parts = self._parts(message)
                await outcomes.sent(
                    tx, message.id, SendStatus.SENT, now, provider_id=ident, parts=parts
                )
            elif message.attempts < TRIES:
                await outcomes.again(tx, message.id, now, "not found at the provider")
            else:
                await give_up(tx, self._clock, message, RetryableError("no_answer"))

    async def _cant_ask(self, message: OutboundMessage) -> None:
        """It may have arrived, and nobody can say. Doing an edit twice does no harm, and not being
        told to ring 999 does; anything else is left, and whoever depends on it hears of that."""
        urgent = message.priority is Priority.EMERGENCY
        harmless = urgent or message.kind is not OutboundKind.TEXT
        async with self._database.transaction() as tx:
            now = self._clock.now()
            if harmless and message.attempts < TWICE_999:
                await outcomes.again(tx, message.id, now, CANT_BE_ASKED)
                return
            await outcomes.unknown(tx, message.id, outcomes.NEVER, CANT_BE_ASKED)
            ENDED.labels(message.channel.value, "unknown").inc()
            if message.kind is OutboundKind.TEXT:
                await lost(tx, self._clock, message)
