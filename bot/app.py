"""Puts the bot together: the only place that names every concrete class."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import structlog
import uvicorn
from starlette.applications import Starlette

from bot.channels.base import ChannelAdapter, RetryableError, SendError
from bot.clock import Clock, RealClock
from bot.intake import Intake, poll
from bot.metrics import WAITING_IN, WAITING_OUT
from bot.scheduler import Scheduler
from bot.sender import SMS_LIMITS, TELEGRAM_LIMITS, Limits, Sender
from bot.settings import Settings
from bot.web.server import make_app
from handlers import wording
from handlers.turn import Desk
from storage import due, messages
from storage.database import Database, StorageUnavailableError, open_database
from storage.model import PRIORITY_RANK, Channel, DeliveryReceipt
from storage.places import Atlas, Postcodes
from storage.vault import Vault

log = structlog.get_logger("app")

QUIET_LOOK = timedelta(seconds=30)
"""The clock's hand has stopped if it has not looked for so long."""


class Popround:
    """The whole bot."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or RealClock()
        assert settings.secret_key, "checked by `serve`"
        vault = Vault(settings.secret_key.get_secret_value())
        self.database: Database = open_database(settings.database_url, vault)
        self.adapters = make_adapters(settings, self.clock)
        self._postcodes = Postcodes()
        self.desk = Desk(
            wording=wording.load(),
            atlas=Atlas(self._postcodes),
            chance=chance or random.SystemRandom(),
            can={adapter.channel: adapter.can for adapter in self.adapters},
        )
        self.intake = Intake(self.database, self.clock, self.desk, _retryable)
        self.scheduler = Scheduler(self.database, self.clock, self.desk)
        holder = f"{socket.gethostname()[:20]}-{os.getpid()}-{random.randrange(2**24):x}"  # noqa: S311
        self.senders = [
            Sender(self.database, self.clock, adapter, _limits(settings, adapter), holder)
            for adapter in self.adapters
        ]
        self.web: Starlette = make_app(self.adapters, self.intake, self.why_not_ready, self.measure)
        self._tasks: list[asyncio.Task[None]] = []

    async def set_up(self) -> None:
        """Tell the providers where we are. One that can't be told now is told later: what people
        sent meanwhile waits with it."""
        for adapter in self.adapters:
            wait = 1.0
            while True:
                try:
                    await adapter.set_up()
                    break
                except SendError as error:
                    log.warning("set_up", channel=adapter.channel.value, error=str(error))
                    await self.clock.sleep(min(60.0, error.retry_after or wait))
                    wait = min(60.0, wait * 2)
            self.desk.telegram_name = self.desk.telegram_name or getattr(adapter, "username", "")

    async def start(self, *, look_every: float = 1.0) -> None:
        """Begin to work: lanes, senders, clock, and polling where nobody can reach us."""
        workers = 4 if self.database.on_postgresql else 1
        jobs = [self.set_up(), self.intake.run(workers), self._wake_senders()]
        jobs += [sender.run() for sender in self.senders]
        if not self.settings.public_url:
            jobs += [
                poll(adapter, self.intake, self.database, self.clock) for adapter in self.adapters
            ]
        self._tasks = [asyncio.ensure_future(job) for job in jobs]
        for task in self._tasks:
            task.add_done_callback(_must_not_end)
        self.scheduler.start(look_every)

    async def stop(self) -> None:
        """Leave off: what is being sent is waited for, the rest stays in the database."""
        self.scheduler.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for sender in self.senders:
            await sender.stop()
        for adapter in self.adapters:
            await adapter.close()
        await self.database.close()
        self._postcodes.close()

    async def settle(self, advance: Callable[[float], None] | None = None) -> None:
        """Do everything that can be done now, until nothing is left: for tests, which turn the
        clock themselves. `advance` is asked to move it on by the seconds a budget must wait."""
        while True:
            busy = await self.intake.drain() + await self.scheduler.drain()
            for sender in self.senders:
                if not sender.holds_lease:
                    await sender.lease()
                wait = await sender.pump()
                busy += not sender.idle
                await sender.wait_for_sends()
                if advance and wait < 30 and not busy:
                    advance(wait)
                    busy += 1
            if not busy:
                return

    async def _wake_senders(self) -> None:
        changes = (self.intake.changed, self.scheduler.changed)
        while True:
            waits = [asyncio.ensure_future(change.wait()) for change in changes]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait, change in zip(waits, changes, strict=True):
                wait.cancel()
                change.clear()
            for sender in self.senders:
                sender.wake.set()

    async def why_not_ready(self) -> str:
        """Why the bot can't do its work, in a sentence; empty if it can."""
        try:
            async with self.database.transaction() as tx:
                overdue = await due.first(tx)
        except StorageUnavailableError:
            return "The database can't be reached."
        if any(task.done() and not task.cancelled() and task.exception() for task in self._tasks):
            return "A part of the bot has stopped."
        if overdue and self.clock.now() - overdue > QUIET_LOOK:
            return "Things that were due have not been seen to."
        return ""

    async def measure(self) -> None:
        """Bring the gauges up to date."""
        with suppress(StorageUnavailableError):
            async with self.database.transaction() as tx:
                WAITING_IN.set(await messages.inbound_waiting(tx))
                waiting = await messages.outbound_waiting(tx)
            for priority in PRIORITY_RANK:
                WAITING_OUT.labels(priority.value).set(waiting.get(priority.value, 0))


def make_adapters(settings: Settings, clock: Clock) -> list[ChannelAdapter]:
    """The channels that are set up. Their libraries are slow to import, so only those are."""
    adapters: list[ChannelAdapter] = []
    if settings.telegram_token:
        from bot.channels.telegram import TelegramAdapter

        secret = settings.telegram_webhook_secret
        adapters.append(
            TelegramAdapter(
                settings.telegram_token.get_secret_value(),
                settings.telegram_api_url,
                secret.get_secret_value() if secret else None,
                settings.public_url,
            )
        )
    if settings.twilio_account_sid and settings.twilio_auth_token and settings.twilio_number:
        from bot.channels.twilio_sms import TwilioAdapter

        adapters.append(
            TwilioAdapter(
                settings.twilio_account_sid,
                settings.twilio_auth_token.get_secret_value(),
                settings.twilio_number,
                settings.twilio_api_url,
                settings.public_url,
                poll_seconds=settings.twilio_poll_seconds,
                clock=clock,
            )
        )
    return adapters


def _limits(settings: Settings, adapter: ChannelAdapter) -> Limits:
    from dataclasses import replace

    if adapter.channel is Channel.TELEGRAM:
        rate = settings.telegram_messages_per_second
        return replace(TELEGRAM_LIMITS, overall=rate, overall_burst=max(1.0, rate / 3))
    return replace(SMS_LIMITS, overall=settings.twilio_segments_per_second)


def _retryable(receipt: DeliveryReceipt) -> float | None:
    from bot.channels.twilio_sms import ERRORS

    known = ERRORS.get(receipt.code)
    return known.wait if known and issubclass(known.error, RetryableError) else None


def _must_not_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception():
        log.critical("part_stopped", error=type(task.exception()).__name__)


def set_up_logging(level: str) -> None:
    """One JSON object a line on stderr: ids only, never words, numbers or tokens of people."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def serve(settings: Settings) -> int:
    """Run the bot until it is told to stop; the exit code."""
    set_up_logging(settings.log_level)
    runner = asyncio.Runner(loop_factory=_loop_factory())
    with runner:
        return runner.run(_serve(settings))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


async def _serve(settings: Settings) -> int:
    bot = Popround(settings)
    config = uvicorn.Config(
        bot.web,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=10,
    )
    server = uvicorn.Server(config)
    await bot.start()
    log.info("serving", host=settings.host, port=settings.port)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, lambda: setattr(server, "should_exit", True))
    try:
        await server.serve()
    finally:
        await bot.stop()
        log.info("stopped")
    return 0
