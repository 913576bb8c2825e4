"""What goes wrong on purpose: the process dies, and its clock is put forward or back.

A death is an error that nothing catches, raised at one of the named points below. From then on
nothing that is left of that life gets anywhere: neither into the database, where what was not
committed is undone, nor to a provider. What the next life finds is what a kill would have left.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.app import Popround
from bot.simulation.town import KilledError, Town
from storage.database import Transaction
from storage.model import Channel

POINTS = (
    "before a transaction",
    "before the commit",
    "after the commit",
    "before it left",
    "taken and not answered",
)
A_SEND = 8
"""Transactions to one message sent, or so."""
HOUR = timedelta(hours=1)
WRONG = (-HOUR, timedelta(0), HOUR)


class Mishaps:
    """Deaths every so many points, and clock jumps at moments of their own."""

    def __init__(self, town: Town, seed: int, every: int) -> None:
        self._town = town
        self._chance = random.Random(f"mishaps {seed}")
        self._every = every
        self._left, self._point = every, POINTS[0]
        self._dead = False
        self.died_at: Counter[str] = Counter()
        self.jumps: list[tuple[datetime, timedelta]] = []
        town.on_wake.append(self._begin)
        self._begin(town.bot)
        for channel, line in town.network.lines.items():
            line.at_point = partial(self._on_line, channel)
        asyncio.get_running_loop().set_exception_handler(_unless_killed)

    def jump(self, until: datetime) -> None:
        """Let the clock be put an hour forward or back, or right, now and then till then."""
        moment = self._town.clock.true
        while (moment := moment + HOUR * self._chance.uniform(3, 20)) < until:
            wrong = self._chance.choice(WRONG)
            self._town.plan(moment, partial(self._put, wrong))
        self._town.plan(until, lambda: self._put(timedelta(0)))

    def cease(self) -> None:
        """No more deaths after this."""
        self._every = 0

    def _put(self, wrong: timedelta) -> None:
        """Every other time it is put right, or wrong, as the machine is started anew."""
        if self._chance.random() < 0.5 and self._every:
            self._dead = True
        self._set(wrong)

    def _set(self, wrong: timedelta) -> None:
        self._town.clock.wrong = wrong
        self.jumps.append((self._town.clock.true, wrong))

    def _begin(self, bot: Popround) -> None:
        self._dead = False
        if self.jumps and self._every and self._chance.random() < 0.4:
            self._set(self._chance.choice(WRONG))  # it died, and its clock was set
        # Each point has its turn, and most pass it by many times before they die of it.
        self._point = POINTS[self._town.deaths % len(POINTS)]
        often = self._every if self._point in POINTS[:3] else self._every // A_SEND
        self._left = self._chance.randrange(1, 2 * often + 2)
        wrapped = bot.database.transaction

        @asynccontextmanager
        async def transaction() -> AsyncIterator[Transaction]:
            self._at("before a transaction")
            async with wrapped() as tx:
                yield tx
                self._at("before the commit")
            self._at("after the commit")

        bot.database.transaction = transaction  # type: ignore[method-assign]

    def _on_line(self, channel: Channel, point: str) -> None:
        # What Telegram was not given is told of and never sent: `tests/bot/test_kill.py`. Here each
        # thing is counted, so that only what it was given is cut off.
        if channel is Channel.SMS or point != "before it left" or self._dead:
            self._at(point)

    def _at(self, point: str) -> None:
        assert point in POINTS
        if self._dead:
            raise KilledError
        if not self._every or point != self._point:
            return
        self._left -= 1
        if self._left <= 0:
            self._dead = True
            self.died_at[point] += 1
            raise KilledError


def _unless_killed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if not isinstance(context.get("exception"), KilledError):
        loop.default_exception_handler(context)
