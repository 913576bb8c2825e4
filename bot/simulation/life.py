"""One life of a what-if from beginning to end, and many of them side by side."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot import auditor, sender
from bot.simulation.faults import Storm
from bot.simulation.figures import Figures, figures
from bot.simulation.ledger import Ledger
from bot.simulation.one_seed import one_seed
from bot.simulation.parish import Parish, WhatIf
from bot.simulation.promises import Promises
from bot.simulation.same_thread import in_the_same_thread, sqlite_is_in
from bot.simulation.town import Town
from storage import database
from storage.database import open_engine
from storage.model import Channel
from storage.schema import metadata

MOVED_IN = 8
"""Hours after midnight at which a life begins."""

PEACE = timedelta(hours=1)
"""People say what they want in peace, before anything goes wrong."""

TO_ITS_END = timedelta(hours=12)
"""Before the end nothing goes wrong any more, so that what is open can come right."""

AN_HOUR = timedelta(hours=1)

Tell = Callable[[int], None]
"""Told of so many more days that were lived."""


def _to_nobody(_days: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Life:
    """How it went."""

    seed: int
    days: int
    wrong: tuple[str, ...]
    """What was not kept, in a sentence each."""
    figures: Figures
    steps: int
    looks: int
    """How often every promise was looked at."""
    befell: dict[str, int]
    """Faults that were put in, by kind."""
    held: dict[str, int]
    """How often each promise was looked at (`promises.HELD`)."""
    seconds: float
    """Of processor time."""
    log: tuple[str, ...]
    """Everything that was sent and received, when, and by which ids."""

    @property
    def mark(self) -> str:
        """Equal for two lives only if all of it is."""
        return hashlib.sha256("\n".join(self.log).encode()).hexdigest()[:16]


_known: dict[str, sa.Engine] = {}
"""By dialect, the one whose statements the others share."""


@contextmanager
def put_together_once() -> Iterator[None]:
    """A process of ours has one engine, which puts each statement together once. The lives of a
    process, and what they are after each death, share what was put together: a fifth of all."""
    make = create_async_engine

    def shared(url: str, **options: Any) -> AsyncEngine:
        engine = make(url, **options)
        known = _known.setdefault(engine.dialect.name, engine.sync_engine)
        engine.sync_engine.dialect = engine.sync_engine.pool._dialect = known.dialect
        engine.sync_engine._compiled_cache = known._compiled_cache
        return engine

    with patch.object(database, "create_async_engine", shared):
        yield


def _unlogged(*_event: object) -> str:
    raise structlog.DropEvent


@contextmanager
def alone(kinds: frozenset[str]) -> Iterator[None]:
    """Meanwhile nobody else could take over the sending, unless this life is to end, and the
    auditor comes by the hour: what it would find is looked for after each step anyway."""
    lease = sender.LEASE_SECONDS if "deaths" in kinds else timedelta(days=9).total_seconds()
    before = structlog.get_config()
    # What is put in on purpose is in no log.
    structlog.configure(processors=[_unlogged])
    try:
        with (
            in_the_same_thread(),
            put_together_once(),
            patch.object(auditor, "EVERY", AN_HOUR),
            patch.object(sender, "LEASE_SECONDS", lease),
        ):
            yield
    finally:
        sqlite_is_in(None)
        structlog.configure(**before)


async def life(
    given: WhatIf, seed: int, url: str, tell: Tell = _to_nobody, *, first_wrong: bool = False
) -> Life:
    """Live so many days on an empty database with every table, telling of each. `first_wrong`: no
    longer than until a promise is broken."""
    began = process_time()
    with one_seed(seed), alone(given.faults):
        start = datetime.combine(given.first, datetime.min.time(), UTC)
        town = Town(url, start + timedelta(hours=MOVED_IN), seed)
        ledger = Ledger(town)
        promises = Promises(ledger, given.cap)
        # A carrier that says only what did not arrive: less to do where nothing goes wrong.
        town.network.lines[Channel.SMS].reports = bool(given.faults)
        storm = Storm(town, given.faults, seed)
        if given.faults:
            ledger.away = timedelta(minutes=15)
            ledger.slack = ledger.away + (AN_HOUR if "clock" in given.faults else timedelta(0))
        if first_wrong:
            town.enough = lambda: bool(ledger.wrong)
        parish = Parish(town, given)
        try:
            try:
                await _all_days(town, parish, storm, tell)
            except Exception:
                ledger.wrong.append(traceback.format_exc())
            found = [f"{n} times: {what}" for what, n in town.bot.auditor.found.items()]
            return Life(
                seed,
                given.days,
                (*town.bot_faults, *found, *ledger.wrong),
                await figures(town, ledger, parish),
                town.steps,
                promises.looks,
                dict(storm.befell),
                dict(ledger.held),
                process_time() - began,
                tuple(town.trace),
            )
        finally:
            storm.cease()
            await town.sleep()


async def _all_days(town: Town, parish: Parish, storm: Storm, tell: Tell) -> None:
    await parish.settle_in()
    await town.live(town.clock.start + PEACE)
    storm.begin()
    midnight = town.clock.start - timedelta(hours=MOVED_IN)
    end = midnight + timedelta(days=parish.given.days)
    storm.jump(end - TO_ITS_END)
    for day in range(1, parish.given.days):
        await town.live(midnight + timedelta(days=day))
        tell(1)
    await town.live(end - TO_ITS_END)
    storm.cease()
    await town.live(end)
    tell(1)


async def empty(path: Path) -> str:
    """The URL of a new SQLite database with every table."""
    url = f"sqlite+aiosqlite:///{path}"
    with in_the_same_thread():
        engine = open_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await engine.dispose()
    return url


def lived(
    given: WhatIf, seed: int, made: Path, tell: Tell = _to_nobody, *, first_wrong: bool = False
) -> Life:
    """One life, in a loop and with a database of its own: a copy of the empty one that was made."""
    with tempfile.TemporaryDirectory(prefix="popround-town-") as folder:
        path = Path(folder) / "town.db"
        shutil.copy(made, path)
        url = f"sqlite+aiosqlite:///{path}"
        return asyncio.run(life(given, seed, url, tell, first_wrong=first_wrong))


def many(wanted: list[tuple[WhatIf, int]], processes: int, tell: Tell) -> list[Life]:
    """A life for each, so many at a time, in the same order. `tell` is told of days lived."""
    with tempfile.TemporaryDirectory(prefix="popround-town-") as folder:
        made = Path(folder) / "empty.db"
        asyncio.run(empty(made))
        if len(wanted) == 1 or processes == 1:
            return [lived(given, seed, made, tell) for given, seed in wanted]
        with ProcessPoolExecutor(processes) as pool:
            going = [pool.submit(lived, given, seed, made) for given, seed in wanted]
            try:
                for one in as_completed(going):
                    tell(one.result().days)
                return [one.result() for one in going]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
