"""The bot in processes of their own, by a clock that the test holds: `python -m
tests.simulation.far_process`.

Each line on standard input begins a life of `serve`: its settings, the file of its clock, and what
is spoilt in it on purpose. Its process id is answered on standard output. Lives are forked from
this process, which has imported and looked up what is slow to import and to look up.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import importlib
import json
import os
import signal
import ssl
import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from bot import app, auditor, intake, unknowns
from bot.channels import telegram, twilio_sms  # noqa: F401 (imported once, for every life)
from bot.clock import RealClock
from bot.intake import Intake
from bot.scheduler import Scheduler
from bot.settings import Settings
from bot.simulation.same_thread import in_the_same_thread
from handlers import router, wording
from handlers.rules import understanding_model
from storage import messages, outcomes
from storage.schema import due
from tests.simulation.far_clock import FarClock
from tests.stage import AUTH, NUMBER, SID, TOKEN
from tests.torture import scenes
from tests.torture.points import ASKED_AFTER, Row, die_at


def _lives_by(clock: FarClock) -> None:
    """Have everything in this process go by that clock, and look at it as soon as it is moved."""
    app.RealClock = lambda: clock  # type: ignore[assignment,misc]
    begin = Scheduler.start

    def start(self: Scheduler, every: float) -> None:
        begin(self, every)
        looking: list[asyncio.Task[None]] = []

        def moved() -> None:
            clock.moved()
            if not looking or looking[0].done():
                looking[:] = [asyncio.ensure_future(self._look())]

        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, moved)

    Scheduler.start = start  # type: ignore[method-assign]


# Spoilt on purpose: each is a fault that somebody might make.


def noted_after_the_commit() -> None:
    """What somebody wrote is done in one commit, and noted as done in another."""

    async def one(self: Intake) -> bool:
        async with self._database.transaction() as tx:
            taken = await messages.next_inbound(tx)
            if taken is not None:
                await router.receive(self._desk, tx, self._clock.now(), taken.message)
            receipts = await outcomes.next_receipts(tx)
        if taken is None:
            return await self._apply(receipts)
        self.changed.set()
        await asyncio.sleep(0.3)  # a disk that is slow just then
        async with self._database.transaction() as tx:
            await messages.handled(tx, taken.id, self._clock.now(), "")
        return True

    Intake._next = one  # type: ignore[method-assign]


def what_came_due_meanwhile_is_dropped() -> None:
    """As a scheduler does that forgets the moments for which it was not there."""
    begin = app.Popround.start

    async def start(self: app.Popround, *, look_every: float = 1.0) -> None:
        async with self.database.transaction() as tx:
            late = self.clock.now() - timedelta(seconds=1)
            await tx.run(sa.delete(due).where(due.c.at < late))
        await begin(self, look_every=look_every)

    app.Popround.start = start  # type: ignore[method-assign]


def sent_once_more_without_asking() -> None:
    """What was on its way when the process died is sent again, whether it arrived or not."""

    async def ask_after(self: unknowns.Unknowns, message: Any) -> None:
        async with self._database.transaction() as tx:
            await unknowns.outcomes.again(tx, message.id, self._clock.now(), "died")

    unknowns.Unknowns._ask_after = ask_after  # type: ignore[method-assign]


def answered_before_it_is_kept() -> None:
    """A provider is told that all was kept, and then it is kept."""
    keep = Intake.store
    keeping: set[asyncio.Future[Any]] = set()

    async def store(self: Intake, *facts: Any) -> None:
        async def later() -> None:
            await asyncio.sleep(0.03)
            await keep(self, *facts)

        keeping.add(asyncio.ensure_future(later()))

    intake.Intake.store = store  # type: ignore[method-assign]


SPOILT: dict[str, Callable[[], None]] = {
    spoil.__name__: spoil
    for spoil in (
        noted_after_the_commit,
        what_came_due_meanwhile_is_dropped,
        sent_once_more_without_asking,
        answered_before_it_is_kept,
    )
}


def _live(facts: dict[str, Any]) -> int:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(facts["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if "scene" in facts:
        return scenes.play(facts)
    _lives_by(FarClock(Path(facts["clock"]), wrong=True))
    if facts["quick"]:
        auditor.EVERY = timedelta(minutes=15)
    if facts["points"]:
        true = FarClock(Path(facts["clock"]), wrong=False)
        spared_until, since, last = (
            datetime.fromtimestamp(moment, UTC) for moment in (facts["spared_until"], *facts["row"])
        )
        row = Row(since, last)

        def may(point: str) -> bool:
            now = true.now()
            return not row.is_enough(now) and (point in ASKED_AFTER or now >= spared_until)

        die_at(facts["points"], Path(facts["died"]), may)
    if facts["spoilt"]:
        SPOILT[facts["spoilt"]]()
    with in_the_same_thread() if facts["quick"] else nullcontext():
        return app.serve(Settings(_env_file=None, **facts["settings"]))  # type: ignore[call-arg]


IMPORTED_LATER = (
    "anyio._backends._asyncio",
    "apscheduler.executors.asyncio",
    "apscheduler.triggers.interval",
    "aiohttp",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "twilio.rest.api",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
)
"""What a life imports only when it first needs it."""


def _look_up_what_is_slow() -> None:
    """What a life reads once, when it first needs it, and then keeps."""
    for name in IMPORTED_LATER:
        importlib.import_module(name)
    wording.load()
    understanding_model._known()
    ssl.create_default_context = functools.cache(ssl.create_default_context)
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        public_url="https://popround.test",
        telegram_token=SecretStr(TOKEN),
        telegram_webhook_secret=SecretStr("a-webhook-secret"),
        twilio_account_sid=SID,
        twilio_auth_token=SecretStr(AUTH),
        twilio_number=NUMBER,
    )
    app.make_adapters(settings, RealClock())


def main() -> None:
    """Begin lives until nobody asks for more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever was killed is not to be waited for
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # the clock may move before a life can look at it
    _look_up_what_is_slow()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        life = os.fork()
        if not life:
            os._exit(_live(json.loads(line)))
        sys.stdout.write(f"{life}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
