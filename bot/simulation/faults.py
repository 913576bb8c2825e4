"""What goes wrong on purpose with the network and the disk, each kind by itself or all at once.

How often is ours: ten to a hundred times as often as in life, so that a few days have everything.
Deaths and a clock that jumps are in `mishaps`.
"""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from unittest.mock import patch

import sqlalchemy as sa

from bot.app import Popround
from bot.channels.base import RetryableError, TooManyError, UnknownOutcomeError
from bot.simulation.mishaps import Mishaps
from bot.simulation.network import Line, Weather
from bot.simulation.same_thread import sqlite_is_in
from bot.simulation.town import Town
from storage.line import Came
from storage.line_postgresql import OnPostgresql
from storage.model import Channel, DeliveryReceipt, InboundMessage, OutboundMessage

FAULTS = {
    "errors": "providers refuse a call for now, want us slower, or can't deliver a text yet",
    "lost": "a provider takes a message, and its answer does not reach us",
    "twice": "providers bring the same message or the same report again",
    "reordered": "messages and reports overtake each other on their way",
    "slow": "a provider takes up to 40 seconds to answer",
    "locked": "somebody else has locked the database",
    "full": "the disk is full",
    "fsync": "the disk does not keep what it is given",
    "deaths": "the process dies, at five named points",
    "clock": "the machine's clock is put an hour forward or back",
}
"""Each kind, and what it is in plain words."""

A_DEATH = 400
"""Times that a point of death is passed by for each time that it is died of."""


class _Says(NamedTuple):
    words: str
    sqlite: int
    """sqlite.org/rescode.html"""
    postgresql: str
    """PostgreSQL documentation, appendix A"""


DISK = {
    "locked": _Says("database is locked", sqlite3.SQLITE_BUSY, "55P03"),
    "full": _Says("database or disk is full", sqlite3.SQLITE_FULL, "53100"),
    "fsync": _Says("disk I/O error", sqlite3.SQLITE_IOERR_FSYNC, "58030"),
}
"""How each database says so."""

OFTEN = {"locked": 0.001, "full": 0.001, "fsync": 0.002}
"""In which share of the statements that it can befall."""

WRITES = ("INSERT", "UPDATE")

ASKED = OnPostgresql.ask
"""How PostgreSQL is asked by the shortest way, where nothing is wrong."""

NOT_YET = "30003"
"""Twilio's code for a phone that can't be reached now: worth another try."""


class Storm(Weather):
    """Bad weather on the network and on the disk, of these kinds."""

    def __init__(self, town: Town, kinds: frozenset[str], seed: int) -> None:
        self._kinds = kinds
        self._town = town
        self._chance = random.Random(f"storm {seed}")
        self.befell: Counter[str] = Counter()
        """How often each thing was done to the bot."""
        self._mishaps: Mishaps | None = None
        self._ends = ExitStack()

    def begin(self) -> None:
        """From now on."""
        town = self._town
        for line in town.network.lines.values():
            line.weather = self
        town.brings, town.reported, town.held_up = self._brings, self._reported, self._held_up
        if self._kinds & DISK.keys():
            sqlite_is_in(self._on_disk)
            town.on_wake.append(self._on_server)
            self._on_server(town.bot)
            self._ends.enter_context(patch.object(OnPostgresql, "ask", self._asking()))
        if "deaths" in self._kinds or "clock" in self._kinds:
            every = A_DEATH if "deaths" in self._kinds else 0
            self._mishaps = Mishaps(town, town.seed, every)

    def jump(self, until: datetime) -> None:
        """Let the clock be put forward and back till then."""
        if self._mishaps and "clock" in self._kinds:
            self._mishaps.jump(until)

    def cease(self) -> None:
        """It is over: what was begun can come to its end."""
        self._kinds = frozenset()
        sqlite_is_in(None)
        self._ends.close()
        if self._mishaps:
            self._mishaps.cease()
            self.befell["deaths"] = sum(self._mishaps.died_at.values())
            self.befell["clock"] = len(self._mishaps.jumps)

    def _befalls(self, kind: str, share: float) -> bool:
        if kind not in self._kinds or self._chance.random() >= share:
            return False
        self.befell[kind] += 1
        return True

    # The network

    async def before(self, line: Line, message: OutboundMessage) -> None:
        if self._befalls("slow", 0.04):
            await self._town.clock.sleep(self._chance.uniform(1, 40))
        if self._befalls("errors", 0.03):
            raise RetryableError("503")
        if self._befalls("errors", 0.005):
            raise TooManyError("429", retry_after=self._chance.uniform(1, 30))
        # Whether Telegram got it nobody can ask, so nothing could be counted: there it always did.
        if line.channel is Channel.SMS and self._befalls("lost", 0.01):
            line.note(f"#{message.id} gets lost on its way")
            raise UnknownOutcomeError("timeout")

    def after(self, line: Line, message: OutboundMessage) -> None:
        if self._befalls("lost", 0.02):
            line.note(f"the answer to #{message.id} gets lost")
            raise UnknownOutcomeError("timeout")

    def asked(self, line: Line) -> None:
        if self._befalls("errors", 0.1):
            raise RetryableError("503")

    def fails(self, line: Line, message: OutboundMessage) -> str:
        return super().fails(line, message) or (NOT_YET if self._befalls("errors", 0.01) else "")

    def _brings(self, message: InboundMessage) -> list[float]:
        again = self._befalls("twice", 0.06)
        return [0.0, self._chance.uniform(0.1, 600)] if again else [0.0]

    def _reported(self, receipt: DeliveryReceipt) -> list[float]:
        after = self._chance.uniform(0.1, 90) if self._befalls("reordered", 0.3) else 0.0
        return [after, self._chance.uniform(1, 900)] if self._befalls("twice", 0.06) else [after]

    def _held_up(self) -> timedelta:
        late = self._befalls("reordered", 0.1)
        return timedelta(seconds=self._chance.uniform(1, 30) if late else 0)

    # The disk

    def _on_disk(self, asked: str, words: str) -> BaseException | None:
        if asked == "commit":
            kind = "fsync"
        elif words.startswith("BEGIN"):
            kind = "locked"
        elif words.startswith(WRITES):
            kind = "full"
        else:
            return None
        if not self._befalls(kind, OFTEN[kind]):
            return None
        error = sqlite3.OperationalError(DISK[kind].words)
        error.sqlite_errorcode = DISK[kind].sqlite
        return error

    def _on_server(self, bot: Popround) -> None:
        """The same of PostgreSQL, which says so itself: it is asked to raise that error in the
        place of a statement, and the transaction is as it would be after one of its own. (A COMMIT
        that fails so takes the server down: `tests/bot/cluster.py`.)"""
        if bot.database.on_postgresql:
            engine = bot.database.engine.sync_engine
            sa.event.listen(engine, "before_cursor_execute", self._instead, retval=True)

    def _instead(
        self, _connection: Any, _cursor: Any, words: str, given: Any, _context: Any, _many: bool
    ) -> tuple[str, Any]:
        says = self._says(words)
        # Rows that go in one statement are said to be many, and are given as those of one are.
        return (says, [()] if isinstance(given, list) else ()) if says else (words, given)

    def _asking(self) -> Any:
        """As `_instead`, of a statement that goes there by the shortest way."""

        async def ask(line: OnPostgresql, many: bool, words: str, given: Any) -> Came:
            if says := self._says(words):
                words, given, many = says, (), False
            return await ASKED(line, many, words, given)

        return ask

    def _says(self, words: str) -> str:
        """What the server is asked to raise in the place of these words; empty: they are asked."""
        for kind, can_be in (
            ("locked", "FOR UPDATE" in words),
            ("full", words.startswith(WRITES)),
            ("fsync", words.startswith(WRITES)),
        ):
            if can_be and self._befalls(kind, OFTEN[kind]):
                says = DISK[kind]
                raises = f"RAISE '{says.words}' USING ERRCODE = '{says.postgresql}'"
                return f"DO $$ BEGIN {raises}; END $$"
        return ""
