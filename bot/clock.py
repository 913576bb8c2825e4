"""The only place that reads the time: the real clock, and one that tests and the demo can move."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the rest of the bot may know about time."""

    def now(self) -> datetime:
        """The moment, as an aware UTC datetime."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, for budgets and waits."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that many of this clock's seconds."""
        ...


class RealClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class VirtualClock:
    """A clock that starts where it is told, runs at `speed` times life (0: stands still) and jumps.

    Sleepers wake when the virtual moment comes, however it comes.
    """

    def __init__(self, start: datetime, speed: float = 0.0) -> None:
        self._base = start.astimezone(UTC)
        self._since = time.monotonic()
        self._speed = speed
        self._start = self._base
        self._changed = asyncio.Event()

    def now(self) -> datetime:
        lived = (time.monotonic() - self._since) * self._speed
        return self._base + timedelta(seconds=lived)

    def monotonic(self) -> float:
        return (self.now() - self._start).total_seconds()

    @property
    def speed(self) -> float:
        return self._speed

    def set_speed(self, speed: float) -> None:
        """From now on, run `speed` times as fast as life; 0 stands still."""
        self._rebase(self.now())
        self._speed = speed
        self._wake()

    def jump_to(self, moment: datetime) -> None:
        """Be at that moment now.

        Raises:
            ValueError: if it is in the past; virtual time does not run backwards.
        """
        if moment < self.now() - timedelta(milliseconds=1):
            raise ValueError("a clock can't be put back")
        self._rebase(moment.astimezone(UTC))
        self._wake()

    async def sleep(self, seconds: float) -> None:
        until = self.now() + timedelta(seconds=seconds)
        while (left := (until - self.now()).total_seconds()) > 0:
            changed = self._changed
            real = left / self._speed if self._speed else None
            try:
                await asyncio.wait_for(changed.wait(), real)
            except TimeoutError:
                continue
        await asyncio.sleep(0)

    def _rebase(self, moment: datetime) -> None:
        self._base = moment
        self._since = time.monotonic()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
