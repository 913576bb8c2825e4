"""How commands speak to the person at the terminal, and how they end."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from bot.settings import Settings

T = TypeVar("T")

SLOW_SECONDS = 1.0
"""What takes longer than this shows that it is at work."""

GOODBYE_SECONDS = 0.05
"""aiosqlite's thread says goodbye to the event loop when a file can't be opened; if the loop is
gone by then, it writes a traceback over our one plain sentence."""


class Trouble(Exception):  # noqa: N818 -- said to a person, not a fault
    """It can't be done; the message is one plain sentence, or several with one a line."""


def settings() -> Settings:
    """The settings, from the environment and `.env`.

    Raises:
        SettingsError: if they can't be used.
    """
    from bot.settings import load

    return load()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do asynchronous work to its end."""

    async def to_its_end() -> T:
        try:
            return await work
        except Exception:
            await asyncio.sleep(GOODBYE_SECONDS)
            raise

    return asyncio.run(to_its_end())


def console(*, stderr: bool = False) -> Console:
    """Where a command writes: in colour on a terminal, plain where it is piped, never cut up into
    lines of 80, so that what is to be copied can be."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def say(words: str = "", style: str | None = None) -> None:
    """A line on stdout."""
    console().print(words, style=style)


def note(words: str) -> None:
    """A line on stderr: worth knowing, and not what was asked for."""
    print(words, file=sys.stderr, flush=True)  # noqa: T201


def shown(symbol: str, instead: str) -> str:
    """The symbol, or something plainer where this terminal has no such letter."""
    try:
        symbol.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return instead
    return symbol


def write(data: bytes) -> None:
    """Bytes to stdout, at once.

    Raises:
        typer.Exit: if whoever read them has gone (`| head`).
    """
    sys.stdout.flush()
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # docs.python.org/3/library/signal.html#note-on-sigpipe: or Python complains at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None


PRIVATE = 0o600


def private(path: str, flags: int) -> int:
    """An `opener` for files that nobody else on this computer may read."""
    return os.open(path, flags, PRIVATE)


def write_private(file: Path, data: bytes) -> None:
    """A file that nobody else on this computer may read: all of it, or as it was before."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    with open(part, "xb", opener=private) as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)


@contextmanager
def progress(what: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
    """Show on a terminal that something is going on, if it goes on for over a second.

    Gives a function to be told how far it has come, of `total`; without a total the bar only moves.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%" if total else ""),
        TimeRemainingColumn() if total else TextColumn(""),
        console=console(stderr=True),
        transient=True,
    )
    task = bar.add_task(what, total=total)
    timer = threading.Timer(SLOW_SECONDS, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda done: bar.update(task, completed=done)
    finally:
        timer.cancel()
        timer.join()
        bar.stop()


def amount(count: int, one: str, many: str = "") -> str:
    """`1 person`, `2 people`, `1,200 rows`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(things: list[str], last: str = "and") -> str:
    """`HD7`, `HD7 and HD8`, `HD7, HD8 and HD9`."""
    return f" {last} ".join(filter(None, [", ".join(things[:-1]), *things[-1:]]))
