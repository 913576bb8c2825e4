"""Lives of small towns in which everything goes wrong, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from unittest.mock import patch

from bot.simulation import life as lives
from bot.simulation.faults import FAULTS, Storm
from bot.simulation.life import Life
from bot.simulation.parish import WhatIf
from bot.simulation.town import SECRET
from storage.database import open_database
from storage.schema import metadata
from storage.vault import Vault
from tests.torture.broken_line import AFTER, BEFORE, BETWEEN, CUTS, BrokenLine, broken_line

EVERYTHING = frozenset(FAULTS)

BUSY = WhatIf(
    days=2,
    askers=10,
    helpers=7,
    organisers=2,
    check_ins=2,
    per_week=5,
    yes=0.5,
    cap=400,
    faults=EVERYTHING,
)
"""A small group with much to do: a life of a second or so."""

TOWNS = (
    BUSY,
    replace(BUSY, cap=60),
    replace(BUSY, days=3, yes=0.1, silent=0.8),
    replace(BUSY, days=3, first=date(2026, 3, 28)),  # the clocks go forward
    replace(BUSY, days=3, first=date(2026, 10, 24)),  # and back
    replace(BUSY, by_text=1.0, no_show=0.2),
    replace(BUSY, by_text=0.0, askers=20, helpers=20),
    replace(BUSY, days=7, askers=30, helpers=12, per_week=2, check_ins=5, cap=0),
)
"""Each seed has one of these, in turn."""

SHARES = {BEFORE: 0.001, AFTER: 0.002, BETWEEN: 0.0005}


def town_of(seed: int) -> WhatIf:
    """What is assumed of the town of that seed."""
    return TOWNS[seed % len(TOWNS)]


def on_sqlite(given: WhatIf, seed: int, made: Path) -> Life:
    """One life on a copy of that empty file."""
    return lives.lived(given, seed, made)


def on_postgresql(given: WhatIf, seed: int, url: str) -> Life:
    """One life on that empty database, with a line to it that breaks."""
    return asyncio.run(on_broken_line(given, seed, url))


async def on_broken_line(
    given: WhatIf, seed: int, url: str, shares: dict[str, float] = SHARES
) -> Life:
    """The same, in a loop that runs already."""
    database = open_database(url, Vault(SECRET))
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await database.close()
    async with broken_line(url, seed) as line:
        with _breaking(line, shares):
            return await lives.life(given, seed, line.url)


@contextmanager
def _breaking(line: BrokenLine, shares: dict[str, float]) -> Iterator[None]:
    """The line breaks for as long as other things go wrong."""

    class AndTheLine(Storm):
        def begin(self) -> None:
            super().begin()
            line.shares = shares

        def cease(self) -> None:
            line.shares = {}
            super().cease()
            self.befell.update(line.cuts)

    with patch.object(lives, "Storm", AndTheLine):
        yield


KINDS = (*FAULTS, *CUTS)
"""Every kind of fault that befalls a life on PostgreSQL; on SQLite there is no line to cut."""
