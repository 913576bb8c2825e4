"""Every point between two effects at which a process of the bot may die, each by its name.

An effect is a commit, or a call that a provider took. So the points are on either side of each
commit that the bot makes, and on either side of each message's call. `test_points` sees to it that
none is missing here, and that each is died at, with SIGKILL, and survived.
"""

from __future__ import annotations

import ast
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.channels.telegram import TelegramAdapter
from bot.channels.twilio_sms import TwilioAdapter
from storage.database import Database, Transaction
from storage.model import OutboundMessage

COMMITS = {
    "intake.Intake._kept": "what came is kept",
    "intake.Intake._next": "a message has its effect",
    "intake.Intake._receipt": "a receipt has its effect",
    "scheduler.Scheduler._one": "what is due is seen to",
    "sender.Sender.lease": "the right to send is taken",
    "sender.Sender._choose": "a message is claimed, and what went is recorded",
    "auditor.Auditor.look": "it is looked for what was lost",
}
"""What is committed again and again in a week in which nothing of our own goes wrong, by where the
bot does it."""

NOW_AND_THEN = {
    "unknowns.Unknowns._ask_after": "a text was asked after",
    "unknowns.Unknowns._cant_ask": "a message can't be asked after",
    "auditor.Auditor._purge": "a purge is noted",
    "auditor.Auditor._all_gone": "what is past its time is purged",
    "auditor.Auditor._unused": "it is looked for who is gone",
}
"""What is committed some times a day, or only soon after a death."""

RARELY = {
    "intake.Intake._count": "a message that went wrong is counted",
    "intake.Intake._failed": "a message is given up",
    "scheduler.Scheduler._failed": "what is due and went wrong is put off",
    "auditor.Auditor._repair": "a next step is given back",
    "sender.Sender._record": "what became of one message is recorded",
    "sender.Sender._record_all": "what went is recorded by itself",
    "sender.Sender._put_back": "a claim that nobody heard of is put back",
    "sender.Sender.stop": "the right to send is given back",
}
"""What is committed only where something of our own went wrong, where several calls are answered
in one moment, and as it is told to end."""

READS = frozenset(
    (
        "intake._poll",
        "unknowns.Unknowns._ask_all",
        "auditor.Auditor.why_not_done",
        "app.Popround._what_is_late",
        "app.Popround._count_waiting",
    )
)
"""Transactions that change nothing: to die in one is to die before the next."""

RENEWS = frozenset(("intake.poll.<locals>.hold", "intake.poll"))
"""A right that runs out by itself in some seconds, where several processes poll; and it is given
back."""

BEFORE, AFTER = "before its commit", "after its commit"
LEAVES, ANSWERED = "before a call leaves", "taken, and its answer is not recorded"


KILL = "kill -9: "
"""What a death at a point is counted as, before the point's name."""


def either_side(words: str) -> tuple[str, str]:
    """The names of the points before and after that commit."""
    return f"{words}: {BEFORE}", f"{words}: {AFTER}"


def _both(what: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    return {
        point: (where, moment)
        for where, words in what.items()
        for point, moment in zip(either_side(words), (BEFORE, AFTER), strict=True)
    }


OFTEN: tuple[str, ...] = (*_both(COMMITS), LEAVES, ANSWERED)
"""Points that any week with some deaths comes by."""

IN_A_WEEK: tuple[str, ...] = (*OFTEN, *_both(NOW_AND_THEN))
"""Points that a week may come by."""

RARE: tuple[str, ...] = tuple(_both({**NOW_AND_THEN, **RARELY}))
"""Points that a week need not come by: each has a scene of its own."""

POINTS: tuple[str, ...] = (*OFTEN, *RARE)

ASKED_AFTER: frozenset[str] = frozenset(
    _both({where: what for where, what in NOW_AND_THEN.items() if where.startswith("unknowns.")})
)
"""Points that are come by only soon after another death, for which there is no waiting."""

A_ROW = timedelta(minutes=10)
"""Who dies within so long of having died dies in a row."""

LONGEST_ROW = timedelta(minutes=8)
"""How long it may go on dying in a row, of whatever kinds: after that it lives, and what waited is
done. (Each kind by itself was limited, and eight deaths of four kinds once were 18 minutes.)"""


@dataclass
class Row:
    """Deaths in a row."""

    since: datetime
    last: datetime
    """When the first and the last of them were."""

    def died(self, at: datetime) -> None:
        if at - self.last >= A_ROW:
            self.since = at
        self.last = at

    def is_enough(self, at: datetime) -> bool:
        """Whether it is to live on, at that moment."""
        return self.since + LONGEST_ROW < at < self.last + A_ROW


_NAMES = {
    place: name for what in (COMMITS, NOW_AND_THEN, RARELY) for name, place in _both(what).items()
}


def die_at(
    points: Collection[str], note: Path, may: Callable[[str], bool], *, nth: int = 1
) -> None:
    """From now on this process ends by its own hand, as `kill -9` would end it, as soon as it comes
    by one of these points for the nth time, and it `may` there. Which one it was is noted in that
    file."""
    left = dict.fromkeys(points, nth)
    file = os.open(note, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def at(point: str) -> None:
        if point not in left or not may(point):
            return
        left[point] -= 1
        if left[point] <= 0:
            os.write(file, f"{point}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    begin = Database.transaction

    def transaction(self: Database) -> AbstractAsyncContextManager[Transaction]:
        caller = sys._getframe(1)
        module = str(caller.f_globals["__name__"]).removeprefix("bot.")
        where = f"{module}.{caller.f_code.co_qualname}"

        @asynccontextmanager
        async def watched() -> AsyncIterator[Transaction]:
            async with begin(self) as tx:
                yield tx
                at(_NAMES.get((where, BEFORE), ""))
            at(_NAMES.get((where, AFTER), ""))

        return watched()

    Database.transaction = transaction  # type: ignore[method-assign]
    for adapter in (TelegramAdapter, TwilioAdapter):
        _watch_calls(adapter, at)


def _watch_calls(adapter: Any, at: Callable[[str], None]) -> None:
    send = adapter.send

    async def watched(self: Any, message: OutboundMessage) -> Any:
        at(LEAVES)
        sent = await send(self, message)
        at(ANSWERED)
        return sent

    adapter.send = watched


def transactions(folder: Path) -> Iterator[str]:
    """Where the bot's own code begins transactions, as `module.Class.function`."""
    for file in sorted(folder.glob("*.py")):
        yield from _in(ast.parse(file.read_text(encoding="utf-8")), file.stem)


def _in(node: ast.AST, where: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _in(child, f"{where}.{child.name}")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _in(child, f"{where}{'.<locals>' * inside}.{child.name}")
        else:
            if isinstance(child, ast.Call) and _begins(child):
                yield where
            yield from _in(child, where)


def _begins(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "transaction"
