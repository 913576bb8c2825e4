"""A town of any size, written into a database by the shortest way."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import h3.api.basic_int as h3
import sqlalchemy as sa

from storage import cells, hours, members
from storage.database import Database
from storage.model import Channel, Need, Role
from storage.schema import addresses, member_keys
from storage.schema import members as table
from storage.vault import Seal, new_key
from tests.made import helper

MIDDLE = cells.cell_at(53.6, -1.93)
RINGS = 15
"""Of cells round the middle: about 5 km, as a group of 10,000 helpers may be large."""

CHUNK = 20_000

KEY = new_key()
"""Everybody's, wrapped for each: to seal a name for each of a million would take longer than the
measuring."""

SEAL = Seal(KEY)

KEEP_HOURS = 0.3
"""The share of helpers who have hours of their own. A guess."""


def area(size: int, *, growing: bool) -> list[int]:
    """The cells that a town of that many helpers lies in: the same ones, or more as it grows, with
    as many people to each."""
    rings = round(RINGS * (size / 10_000) ** 0.5) if growing else RINGS
    return [int(cell) for cell in h3.grid_disk(MIDDLE, rings)]


def rows(database: Database, size: int, homes: list[int]) -> Iterator[dict[str, Any]]:
    """Helpers with everything that a search looks at drawn at random; what is sealed is the same
    for all, since the search does not read it."""
    chance = random.Random(size)
    now = datetime.now(UTC)

    alike = members.to_row(SEAL, helper(home="2 Mill Row", postcode="HD7 5AB"))
    kept = [
        {"hours": words, "stretches": hours.stretches(hours.read(words))}
        for words in ("mon-fri 06:00-12:00", "mon-sun 17:30-22:00; sat", "mon-tue; thu-sun")
    ]
    bits = list(members.NEED_BIT.values())
    for _ in range(size):
        tired = chance.random() < 0.3
        yield {
            **alike,
            "cell": chance.choice(homes),
            "can_do": sum(chance.sample(bits, 5)) | members.NEED_BIT[Need.SHOPPING],
            "max_km": chance.choice((1.0, 2.0, 3.0, 5.0)),
            "languages": "en" if chance.random() < 0.95 else "cy",
            "rested_at": now + timedelta(days=chance.uniform(0, 3) if tired else -1),
            "visits": chance.choice((0, 0, 3)),
            **(chance.choice(kept) if chance.random() < KEEP_HOURS else {}),
            "roles": Role.HELPER.value,
        }


async def _give_keys(database: Database) -> None:
    async with database.transaction() as tx:
        there = sa.exists().where(member_keys.c.member_id == table.c.id)
        idents = [row["id"] for row in await tx.all(sa.select(table.c.id).where(~there))]
    for at in range(0, len(idents), CHUNK):
        async with database.transaction() as tx:
            chunk = idents[at : at + CHUNK]
            keys = [{"member_id": one, "wrapped": tx.vault.wrap(one, KEY)} for one in chunk]
            await tx.run(sa.insert(member_keys), keys)


async def fill(database: Database, size: int, homes: list[int], tell: Any) -> None:
    """Write that many helpers, telling how many have been."""
    await put(database, rows(database, size, homes), tell)


async def put(database: Database, made: Iterator[dict[str, Any]], tell: Any) -> None:
    """Write these members, with a key each, telling how many have been."""
    names = [column.name for column in table.columns if column.name != "id"]
    while chunk := list(islice(made, CHUNK)):
        async with database.engine.begin() as connection:
            if database.on_postgresql:
                raw = (await connection.get_raw_connection()).driver_connection
                assert raw
                records = [tuple(row[name] for name in names) for row in chunk]
                await raw.copy_records_to_table("members", records=records, columns=names)
            else:
                await connection.execute(sa.insert(table), chunk)
        tell(len(chunk))
    await _give_keys(database)
    if database.on_postgresql:
        async with database.engine.connect() as connection:
            # What a database does by itself now and then; not while we measure.
            ended = await connection.execution_options(isolation_level="AUTOCOMMIT")
            for chore in ("VACUUM ANALYZE members", "CHECKPOINT"):
                await ended.execute(sa.text(chore))


async def give_chats(database: Database, first: int, count: int, chat: int) -> None:
    """A chat on Telegram to each of so many members from that id on, counted from `chat` on."""
    for at in range(0, count, CHUNK):
        async with database.transaction() as tx:
            await tx.run(
                sa.insert(addresses),
                [
                    {
                        "member_id": first + n,
                        "channel": Channel.TELEGRAM.value,
                        "lane": tx.vault.fingerprint(Channel.TELEGRAM, str(chat + n)),
                        "sealed_value": SEAL.seal(str(chat + n)),
                    }
                    for n in range(at, min(count, at + CHUNK))
                ],
            )
    async with database.transaction() as tx:
        if tx.on_postgresql:
            await tx.run(sa.text("ANALYZE"))
