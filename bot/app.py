"""Puts the bot together: the only place that names every concrete class."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
import uvicorn
from starlette.applications import Starlette

from bot.auditor import Auditor, Heartbeat
from bot.budget import Limits, sms_limits, telegram_limits
from bot.channels.base import ChannelAdapter, PermanentError, SendError
from bot.clock import Clock, RealClock
from bot.intake import Intake, poll
from bot.logs import set_up_logging
from bot.metrics import OLDEST_OUT, PACE, WAITING_IN, WAITING_OUT
from bot.scheduler import TROUBLE, Scheduler
from bot.sender import Sender
from bot.settings import Settings
from bot.web.server import PatientOnlySoLong, make_app
from handlers import wording
from handlers.rules.guards import InboundLimits
from handlers.turn import Desk
from storage import due, messages
from storage.database import Database, StorageUnavailableError, open_database
from storage.model import (
    Channel,
    DeliveryReceipt,
    OutboundKind,
    OutboundMessage,
    Priority,
)
from storage.places import Atlas, Postcodes
from storage.vault import Vault

log = structlog.get_logger("app")

T = TypeVar("T")

QUIET_LOOK = timedelta(seconds=30)
"""The clock's hand has stopped if it has not looked for so long."""

A_BUDGET = 30.0
"""Seconds: a sender that is to look again sooner waits for a budget, not for something to do."""

ANSWER_SECONDS = 5
"""How long the database may take to answer somebody who asks how we are."""

CATCH_UP_SECONDS = 60.0
"""How often Twilio is asked for texts whose webhook call we missed (a restart, a deploy): it calls
once, and a text it could not bring is otherwise never seen."""


class Popround:
    """The whole bot."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        chance: random.Random | None = None,
        adapters: list[ChannelAdapter] | None = None,
    ) -> None:
        """`clock`, `chance`, `adapters`: others than the machine's own, and than those that the
        settings name."""
        self.settings = settings
        self.clock = clock or RealClock()
        assert settings.secret_key, "checked by `serve`"
        vault = Vault(settings.secret_key.get_secret_value())
        self.database: Database = open_database(settings.database_url, vault)
        self.adapters = make_adapters(settings, self.clock) if adapters is None else adapters
        self._postcodes = Postcodes()
        self.desk = Desk(
            wording=wording.load(),
            atlas=Atlas(self._postcodes),
            chance=chance or random.SystemRandom(),
            price_per_segment=settings.price_per_segment,
            can={adapter.channel: adapter.can for adapter in self.adapters},
            rates={each.channel: _limits(settings, each).overall for each in self.adapters},
            limits=_inbound_limits(settings),
            vouched=frozenset(each.channel for each in self.adapters if each.vouches),
            number=settings.twilio_number or "",
            keep_words=timedelta(days=settings.keep_messages_days),
        )
        self.intake = Intake(self.database, self.clock, self.desk, _meaning)
        self._holder = f"{socket.gethostname()[:20]}-{os.getpid()}-{random.randrange(2**24):x}"  # noqa: S311
        self.auditor = Auditor(self.database, self.clock, self.desk, self._holder)
        self.scheduler = Scheduler(self.database, self.clock, self.desk, self.auditor)
        self.heartbeat: Heartbeat | None = None
        if settings.heartbeat_url:
            self.heartbeat = Heartbeat(settings.heartbeat_url, self.clock, self.why_no_heartbeat)
        self.senders = [
            Sender(
                self.database,
                self.clock,
                adapter,
                _limits(settings, adapter),
                self._holder,
                self.desk,
            )
            for adapter in self.adapters
        ]
        self.web: Starlette = make_app(self.adapters, self.intake, self.why_not_ready, self.measure)
        self._tasks: list[asyncio.Future[None]] = []
        self._working: list[asyncio.Future[None]] = []
        self._late: set[asyncio.Future[Any]] = set()
        self._still: list[str] = []
        self.broken = asyncio.Event()
        """A part of it has stopped for good: the process had better be started anew."""

    async def set_up(self) -> None:
        """Tell the providers where we are. One that can't be told now is told later, and keeps no
        other waiting: what people sent meanwhile waits with it."""
        await asyncio.gather(*(self._set_up(adapter) for adapter in self.adapters))

    async def _set_up(self, adapter: ChannelAdapter) -> None:
        wait = 1.0
        while True:
            try:
                await adapter.set_up()
                if OutboundKind.COMMANDS in adapter.can:
                    await adapter.send(self._commands_for_all(adapter.channel))
                break
            except Exception as error:
                why = str(error) if isinstance(error, SendError) else type(error).__name__
                log.warning("set_up", channel=adapter.channel.value, error=why)
                asked = error.retry_after if isinstance(error, SendError) else None
                await self.clock.sleep(min(60.0, asked or wait))
                wait = min(60.0, wait * 2)
        self.desk.telegram_name = self.desk.telegram_name or getattr(adapter, "username", "")

    def _commands_for_all(self, channel: Channel) -> OutboundMessage:
        """The commands that a chat shows which has none of its own: strangers' and askers'."""
        words = self.desk.wording
        listed = [[name, words.text("en", f"command.{name}")] for name in ("start", "help")]
        return OutboundMessage(
            id=0,
            channel=channel,
            chat="",
            kind=OutboundKind.COMMANDS,
            priority=Priority.REMINDER,
            text="",
            created_at=self.clock.now(),
            about={"commands": listed},
        )

    async def start(self, *, look_every: float = 1.0) -> None:
        """Begin to work: lanes, senders, clock, and polling where nobody can reach us."""
        workers = 4 if self.database.on_postgresql else 1
        working = [self.intake.run(workers), *(sender.run() for sender in self.senders)]
        self._working = [asyncio.ensure_future(job) for job in working]
        jobs = [self.set_up(), self._wake_senders(), self._watch()]
        # Also where a provider does not call again: what came while we were away is found so.
        jobs += [
            poll(adapter, self.intake, self.database, self.clock, self._holder)
            for adapter in self.adapters
            if not self.settings.public_url or not adapter.calls_again
        ]
        if self.heartbeat:
            jobs.append(self.heartbeat.run())
        self._tasks = [*self._working, *(asyncio.ensure_future(job) for job in jobs)]
        for task in self._tasks:
            task.add_done_callback(self._ended)
        self.scheduler.start(look_every)

    def _ended(self, task: asyncio.Future[None]) -> None:
        if not task.cancelled() and task.exception():
            log.critical("part_stopped", error=type(task.exception()).__name__)
            self.broken.set()

    async def stop(self) -> None:
        """Leave off: what is in hand is finished, the rest stays in the database."""
        await self.scheduler.stop()
        self.intake.leave()
        for sender in self.senders:
            sender.leave()
        if self._working:
            await asyncio.wait(self._working, timeout=10)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for sender in self.senders:
            await sender.stop()
        for adapter in self.adapters:
            await adapter.close()
        await self.database.close()
        self._postcodes.close()

    async def _watch(self) -> None:
        """Notice a part that has not turned for a while."""
        seen: dict[str, int] = {}
        while True:
            turns = {f"sending by {s.channel.value}": s.turns for s in self.senders}
            turns["the clock"] = self.scheduler.looks
            self._still = sorted(name for name in turns if turns[name] == seen.get(name))
            seen = turns
            await asyncio.sleep(QUIET_LOOK.total_seconds())

    async def settle(self) -> float | None:
        """Do everything that can be done now, until nothing is left: for tests, which turn the
        clock themselves. In how many seconds a budget lets more go; none if nothing waits for one.
        """
        changed = (self.intake.changed, self.scheduler.changed)
        stored, due = True, True  # at first all is looked at: others may have written there too
        while True:
            busy = 0
            if stored or self.intake.arrived.is_set():
                self.intake.arrived.clear()
                busy += await self.intake.drain()
            if due or any(change.is_set() for change in changed):
                for change in changed:
                    change.clear()
                busy += await self.scheduler.drain()
            stored = due = False
            waits = []
            for sender in self.senders:
                sender.wake.clear()
                await sender.lease()
                waits.append(await sender.pump())
                await sender.wait_for_sends()
                # Something was sent, however quickly: a receipt may have waited for its message
                # to be recorded.
                stored = stored or sender.wake.is_set()
            # What a sender held back may be something to tell at once.
            if not busy and not stored and not await self.scheduler.drain():
                return min((wait for wait in waits if wait < A_BUDGET), default=None)

    async def _wake_senders(self) -> None:
        changes = (self.intake.changed, self.scheduler.changed)
        while True:
            waits = [asyncio.ensure_future(change.wait()) for change in changes]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
            for change in changes:
                change.clear()
            for sender in self.senders:
                sender.wake.set()

    async def why_not_ready(self) -> str:  # noqa: PLR0911 (one answer a reason)
        """Why the bot can't do its work, in a sentence; empty if it can."""
        try:
            overdue, failing = await self._soon(self._what_is_late())
        except StorageUnavailableError:
            return "The database can't be reached."
        except TimeoutError:
            return "The database does not answer."
        except Exception as error:
            log.error("not_ready", error=type(error).__name__)
            return "The database can't be used."
        if self.broken.is_set():
            return "A part of the bot has stopped."
        if self._still:
            return f"Not working just now: {', '.join(self._still)}."
        if overdue and self.clock.now() - overdue > QUIET_LOOK:
            return "Things that were due have not been seen to."
        if failing:
            return "Something that was due goes wrong again and again."
        return ""

    async def why_no_heartbeat(self) -> str:
        """Why silence is to raise the alarm elsewhere, in a sentence; empty if all is well."""
        return await self.why_not_ready() or await self._soon(self.auditor.why_not_done())

    async def _what_is_late(self) -> tuple[datetime | None, bool]:
        async with self.database.transaction() as tx:
            return await due.first(tx), bool(await due.failing(tx, TROUBLE))

    async def measure(self) -> None:
        """Bring the gauges up to date."""
        with suppress(StorageUnavailableError, TimeoutError):
            await self._soon(self._count_waiting())

    async def _count_waiting(self) -> None:
        async with self.database.transaction() as tx:
            WAITING_IN.set(await messages.inbound_waiting(tx))
            waiting = await messages.outbound_waiting(tx, self.clock.now())
        for priority in Priority:
            count, oldest = waiting.get(priority, (0, 0.0))
            WAITING_OUT.labels(priority.value).set(count)
            OLDEST_OUT.labels(priority.value).set(oldest)
        for sender in self.senders:
            PACE.labels(sender.channel.value).set(sender.pace)

    async def _soon(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of it, if that takes no longer than somebody will wait.

        Raises:
            TimeoutError: if it does. It goes on by itself: the database is not to be cut off.
        """
        task = asyncio.ensure_future(work)
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        done, _ = await asyncio.wait((task,), timeout=ANSWER_SECONDS)
        if not done:
            raise TimeoutError
        return task.result()


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
                poll_seconds=CATCH_UP_SECONDS
                if settings.public_url
                else settings.twilio_poll_seconds,
                countries=settings.countries,
                clock=clock,
            )
        )
    return adapters


def _inbound_limits(settings: Settings) -> InboundLimits:
    """What people may take of us, as it is set."""
    return InboundLimits(
        person_per_minute=settings.person_per_minute,
        person_per_hour=settings.person_per_hour,
        person_per_day=settings.person_per_day,
        strangers_per_block=settings.strangers_per_block,
        strangers_per_hour=settings.strangers_per_hour,
        countries=settings.countries,
        daily_segments=settings.daily_segments,
    )


def _limits(settings: Settings, adapter: ChannelAdapter) -> Limits:
    if adapter.channel is Channel.TELEGRAM:
        return telegram_limits(settings.telegram_messages_per_second)
    return sms_limits(settings.twilio_segments_per_second)


def _meaning(receipt: DeliveryReceipt) -> SendError:
    if receipt.channel is Channel.SMS:
        from bot.channels.twilio_sms import meaning

        return meaning(receipt)
    return PermanentError(receipt.code)


def serve(settings: Settings) -> int:
    """Run the bot until it is told to stop; the exit code."""
    set_up_logging(settings.log_level)
    runner = asyncio.Runner(loop_factory=loop_factory())
    with runner:
        return runner.run(_serve(settings))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the loop that the bot runs in: uvloop's where there is one."""
    if sys.platform == "win32":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop


def web_server(bot: Popround) -> uvicorn.Server:
    """What listens. It stands behind a proxy, or on a machine of its own (`make_app` bounds what a
    caller may send, and how slowly)."""
    config = uvicorn.Config(
        bot.web,
        host=bot.settings.host,
        port=bot.settings.port,
        http=PatientOnlySoLong,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # Nobody's address is of any interest, and what a caller says of itself (X-Forwarded-...)
        # is never believed: the public address is a setting.
        proxy_headers=False,
        forwarded_allow_ips="",
        # Longer than proxies keep an idle line open, so that none is hung up just as it is used.
        timeout_keep_alive=75,
        limit_concurrency=1000,
        timeout_graceful_shutdown=10,
    )
    return uvicorn.Server(config)


async def _serve(settings: Settings) -> int:
    bot = Popround(settings)
    server = web_server(bot)
    # What is there by now stays for good: the collector need not go through it again and again.
    gc.freeze()
    gc.enable()

    def leave() -> None:
        server.should_exit = True

    async def leave_if_broken() -> None:
        await bot.broken.wait()
        leave()

    await bot.start()
    log.info("serving", host=settings.host, port=settings.port)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: uvicorn's own will do
            loop.add_signal_handler(name, leave)
    watching = asyncio.ensure_future(leave_if_broken())
    try:
        await server.serve()
    finally:
        watching.cancel()
        await bot.stop()
        log.info("stopped")
    # Whoever looks after the process (systemd, Docker) starts one anew that ended like this.
    return 1 if bot.broken.is_set() else 0
