"""What a run was, in words and tables that can be read in a minute."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.commands.terminal import amount
from bot.simulation.faults import FAULTS
from bot.simulation.promises import HELD
from tests.torture.broken_line import CUTS
from tests.torture.points import (
    ANSWERED,
    COMMITS,
    KILL,
    LEAVES,
    NOW_AND_THEN,
    POINTS,
    RARELY,
    either_side,
)

if TYPE_CHECKING:
    from tests.torture.__main__ import Run

SHOWN = 5

KILLED = tuple(KILL + point for point in POINTS)
ELSEWHERE = (
    "kill -9 at random",
    "clock put wrong or right",
    "database stopped at once and started again",
    "every line to the database cut",
    "process made to stand still",
    "disk full, by SQLite itself",
    "disk does not keep, by SQLite itself",
    "file locked by another process",
)
"""What the tests of real processes and files say they put in."""


def of(run: Run) -> str:
    """All of it, as plain text."""
    return (
        "\n".join(
            [*_played(run), "", *_befell(run.befell), "", *_held(run.held), "", *_failed(run)]
        )
        + "\n"
    )


def _played(run: Run) -> Iterator[str]:
    ended = datetime.now(UTC)
    minutes = (ended - run.began).total_seconds() / 60
    yield (
        f"Torture on {run.began:%d %B %Y}, {minutes:.0f} minutes from {run.began:%H:%M} UTC, on "
        f"{amount(os.cpu_count() or 1, 'processor')}, Python {platform.python_version()}."
    )
    yield ""
    yield (
        f"{amount(run.lives.total(), 'life', 'lives')} of a small town "
        f"({run.lives['sqlite']} on SQLite, {run.lives['postgresql']} on PostgreSQL): "
        f"{amount(run.days, 'day')}, in which {run.things:,} things happened."
    )
    for name, seed, seconds in run.jobs:
        yield f"  {seconds:5.0f} s  {name}, seed {seed}"
    for name in run.left_out:
        yield f"      -    {name}: not played, for want of time"


def _befell(times: Counter[str]) -> Iterator[str]:
    kills = sum(times[each] for each in (*KILLED, "kill -9 at random"))
    yield f"Faults put in: {times.total():,}, of which {kills:,} by kill -9"
    words = {kind: f"{kind}: {what}" for kind, what in FAULTS.items()}
    others = Counter({kind: n for kind, n in times.items() if kind not in KILLED})
    yield from _counted(others, [*FAULTS, *CUTS, *ELSEWHERE], words)
    yield "kill -9 at each named point:"
    yield "   before  after   its commit"
    for what in (*COMMITS.values(), *NOW_AND_THEN.values(), *RARELY.values()):
        before, after = (times[KILL + point] for point in either_side(what))
        yield f"  {before:7,}{after:7,}   {what}{'' if before and after else '  <- never'}"
    for point in (LEAVES, ANSWERED):
        yield f"  {times[KILL + point]:7,}   {point}{'' if times[KILL + point] else '  <- never'}"


def _held(times: Counter[str]) -> Iterator[str]:
    yield f"Promises, and how often each was looked at: {times.total():,}"
    yield from _counted(times, HELD, {})


def _counted(
    times: Mapping[str, int], known: Iterable[str], words: Mapping[str, str]
) -> Iterator[str]:
    """A line for each that is known, those that never came too, and then the others."""
    names = [*dict.fromkeys([*known, *sorted(times)])]
    for name in names:
        count = times.get(name, 0)
        yield f"  {count:12,}  {words.get(name, name)}{'' if count else '  <- never'}"


def _failed(run: Run) -> Iterator[str]:
    if not run.failed:
        yield "Nothing failed."
        return
    yield f"FAILED: {len(run.failed)}"
    for each in run.failed:
        yield f"  {each.what}"
        for said in each.said[:SHOWN]:
            yield f"    {said}"
        if len(each.said) > SHOWN:
            yield f"    and {len(each.said) - SHOWN} more"
        yield f"    See it again: {each.again}"
