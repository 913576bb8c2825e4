"""One clock for several processes: its hand is held by the test, and whoever lives looks at it.

It is a small file in memory that all of them see. It goes on by itself, `RATE` times as fast as
life, and jumps where nothing is left to be done; who sleeps by it is woken by a signal.
"""

from __future__ import annotations

import asyncio
import mmap
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.simulation.network import TownClock

RATE = 60.0
"""So fast that a second in which a text may leave is soon over; so slow that a second in which this
machine is busy elsewhere is a minute, and makes nothing late."""

_FACTS = struct.Struct("<ddd")
_PLACES = 64
"""Written one after the other, so that nobody reads what is just being written."""


class FarClock:
    """The clock as somebody sees it: with `wrong`, as the machine of the bot does, or without, as
    everybody else."""

    def __init__(self, path: Path, *, wrong: bool) -> None:
        with path.open("r+b") as file:
            self._seen = mmap.mmap(file.fileno(), 0)
        self._believes = wrong
        self._moved = asyncio.Event()
        self._first = self._facts()[0]

    def _facts(self) -> tuple[float, float, float]:
        """True time when it was last set, when that was by the machine's counter, and how wrong."""
        place = self._seen[0]
        facts: tuple[float, float, float] = _FACTS.unpack_from(self._seen, 8 + place * _FACTS.size)
        return facts

    def now(self) -> datetime:
        true, since, wrong = self._facts()
        true += (time.monotonic() - since) * RATE
        return datetime.fromtimestamp(true + wrong * self._believes, UTC)

    def monotonic(self) -> float:
        true, since, _ = self._facts()
        return true + (time.monotonic() - since) * RATE - self._first

    async def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > 0:
            moved = self._moved
            try:
                async with asyncio.timeout(left / RATE):
                    await moved.wait()
            except TimeoutError:
                continue
        await asyncio.sleep(0)

    def moved(self) -> None:
        """Somebody moved its hand: who sleeps looks at it."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


class Hand(TownClock):
    """The clock's hand: true time and how wrong the bot's machine is, for all who look at it."""

    def __init__(self, path: Path, start: datetime) -> None:
        self._wrong = 0.0
        self._since, self._set = time.monotonic(), start.timestamp()
        self._place = 0
        path.write_bytes(bytes(8 + _PLACES * _FACTS.size))
        with path.open("r+b") as file:
            self._shown = mmap.mmap(file.fileno(), 0)
        super().__init__(start)

    @property
    def true(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)

    @true.setter
    def true(self, moment: datetime) -> None:
        self._show(moment.timestamp())

    @property
    def wrong(self) -> timedelta:
        return timedelta(seconds=self._wrong)

    @wrong.setter
    def wrong(self, wrong: timedelta) -> None:
        self._wrong = wrong.total_seconds()
        self._show(self._now())

    def _now(self) -> float:
        return self._set + (time.monotonic() - self._since) * RATE

    def _show(self, true: float) -> None:
        self._since, self._set = time.monotonic(), true
        place = self._place = (self._place + 1) % _PLACES
        _FACTS.pack_into(self._shown, 8 + place * _FACTS.size, self._set, self._since, self._wrong)
        self._shown[0] = place
