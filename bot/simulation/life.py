"""One life of a what-if from beginning to end, and many of them side by side."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from unittest.mock import patch

import structlog

from bot import auditor, sender
from bot.simulation.faults import Storm
from bot.simulation.figures import Figures, figures
from bot.simulation.ledger import Ledger
from bot.simulation.one_seed import one_seed
from bot.simulation.parish import Parish, WhatIf
from bot.simulation.promises import Promises
from bot.simulation.same_thread import in_the_same_thread, sqlite_is_in
from bot.simulation.town import Town
from storage.database import open_engine
from storage.schema import metadata

MOVED_IN = 8
"""Hours after midnight at which a life begins."""

PEACE = timedelta(hours=1)
"""People say what they want in peace, before anything goes wrong."""

TO_ITS_END = timedelta(hours=12)
"""Before the end nothing goes wrong any more, so that what is open can come right."""

AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Life:
    """How it went."""

    seed: int
    wrong: tuple[str, ...]
    """What was not kept, in a sentence each."""
    figures: Figures
    steps: int
    looks: int
    """How often every promise was looked at."""
    befell: dict[str, int]
    """Faults that were put in, by kind."""
    seconds: float
    """Of processor time."""
    mark: str
    """Of everything that was sent and received: equal for two lives only if all of it is."""
    log: tuple[str, ...] = ()
    """That, where it was wanted."""


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
            patch.object(auditor, "EVERY", AN_HOUR),
            patch.object(sender, "LEASE_SECONDS", lease),
        ):
            yield
    finally:
        sqlite_is_in(None)
        structlog.configure(**before)


async def life(given: WhatIf, seed: int, url: str, *, keep_log: bool = False) -> Life:
    """Live so many days on an empty database with every table."""
    began = process_time()
    with one_seed(seed), alone(given.faults):
        start = datetime.combine(given.first, datetime.min.time(), UTC)
        town = Town(url, start + timedelta(hours=MOVED_IN), seed)
        ledger = Ledger(town)
        promises = Promises(ledger, given.cap)
        storm = Storm(town, given.faults, seed)
        if given.faults:
            ledger.away = timedelta(minutes=15)
            ledger.slack = ledger.away + (AN_HOUR if "clock" in given.faults else timedelta(0))
        try:
            parish = Parish(town, given)
            await parish.settle_in()
            await town.live(town.clock.start + PEACE)
            storm.begin()
            end = start + timedelta(days=given.days)
            storm.jump(end - TO_ITS_END)
            await town.live(end - TO_ITS_END)
            storm.cease()
            await town.live(end)
            found = [f"{n} times: {what}" for what, n in town.bot.auditor.found.items()]
            wrong = (*town.bot_faults, *found, *ledger.wrong)
            return Life(
                seed,
                wrong,
                await figures(town, ledger, parish),
                town.steps,
                promises.looks,
                dict(storm.befell),
                process_time() - began,
                hashlib.sha256("\n".join(town.trace).encode()).hexdigest()[:16],
                tuple(town.trace) if keep_log else (),
            )
        finally:
            await town.sleep()


async def empty(path: Path) -> str:
    """The URL of a new SQLite database with every table."""
    url = f"sqlite+aiosqlite:///{path}"
    with in_the_same_thread():
        engine = open_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await engine.dispose()
    return url


def lived(given: WhatIf, seed: int, *, keep_log: bool = False) -> Life:
    """One life, in a loop and with a database of its own."""
    with tempfile.TemporaryDirectory(prefix="popround-town-") as folder:
        path = Path(folder) / "town.db"
        empty_one = _kept_empty()
        if empty_one is None:
            url = asyncio.run(empty(path))
        else:
            shutil.copy(empty_one, path)
            url = f"sqlite+aiosqlite:///{path}"
        return asyncio.run(life(given, seed, url, keep_log=keep_log))


def _kept_empty() -> Path | None:
    named = os.environ.get("POPROUND_EMPTY_TOWN")
    return Path(named) if named else None


def many(
    given: WhatIf, seeds: list[int], processes: int, tell: Callable[[Life], None]
) -> list[Life]:
    """A life for each seed, so many at a time; `tell` is called with each as it comes to its end.
    They are given back in order."""
    if len(seeds) == 1 or processes == 1:
        lives = []
        for seed in seeds:
            lives.append(lived(given, seed))
            tell(lives[-1])
        return lives
    with ProcessPoolExecutor(processes) as pool:
        waiting = {pool.submit(lived, given, seed) for seed in seeds}
        try:
            lives = []
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for one in done:
                    lives.append(one.result())
                    tell(lives[-1])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return sorted(lives, key=lambda one: one.seed)
