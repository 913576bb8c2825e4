"""Where people are: postcodes in the bundle, and places that were imported.

The bundle (`storage/postcodes.py`) has Great Britain. `popround places import` adds others, such as
Northern Ireland or another country, to the table below; `storage/places_files.py` reads the files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from sqlalchemy import Column, Float, String, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.model import Place
from storage.places_files import (
    AREA_LENGTH,
    CODE_LENGTH,
    BadRow,
    ImportedPlace,
    NotPlacesError,
    PlacesReader,
    imported_code,
    read_places,
)
from storage.postcodes import PostcodeFileError, Postcodes, cell_of, normalise
from storage.schema import metadata

__all__ = [
    "BadRow",
    "ImportedPlace",
    "NotPlacesError",
    "PlacesReader",
    "PostcodeFileError",
    "Postcodes",
    "add",
    "cell_of",
    "find_imported",
    "normalise",
    "places_table",
    "read_places",
]

places_table = Table(
    "places",
    metadata,
    Column("code", String(CODE_LENGTH), primary_key=True),
    Column("latitude", Float(53), nullable=False),
    Column("longitude", Float(53), nullable=False),
    Column("area", String(AREA_LENGTH), nullable=False, index=True),
    Column("country", String(2), nullable=False),
)
"""Imported places. One row a code: the latest import of it holds."""

CHUNK = 5_000
"""Rows handed to the database at a time: more is hardly quicker, and holds more memory."""


async def add(connection: AsyncConnection, rows: Iterable[ImportedPlace]) -> int:
    """Put places into the table, over those with the same code. In the caller's transaction.

    Takes any iterable and never holds more than `CHUNK` rows of it.

    Returns:
        How many rows were put in, counting a code that came twice as two.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(places_table)
    upsert = insert.on_conflict_do_update(
        index_elements=[places_table.c.code],
        set_={
            column.name: insert.excluded[column.name]
            for column in places_table.columns
            if not column.primary_key
        },
    )
    count = 0
    waiting = iter(rows)
    while chunk := [row._asdict() for row in islice(waiting, CHUNK)]:
        await connection.execute(upsert, chunk)
        count += len(chunk)
    return count


async def find_imported(connection: AsyncConnection, code: str) -> Place | None:
    """Where an imported code is: a whole one, or a British sector or district by its units.

    A whole British postcode is `exact`; what has only a sector, a district or another country's
    code, which many streets share, is not. Positions are WGS84, degrees.

    Returns:
        The place, or None where nothing of that name was imported.
    """
    kept = imported_code(code)
    table = places_table.c
    found = (
        await connection.execute(
            select(table.latitude, table.longitude, table.area).where(table.code == kept)
        )
    ).first()
    if found is not None:
        cell = cell_of(found.latitude, found.longitude)
        exact = normalise(kept) is not None
        return Place(found.latitude, found.longitude, cell, found.area, exact)
    areas = _areas(kept)
    if not areas:
        return None
    mean = (
        await connection.execute(
            select(func.avg(table.latitude), func.avg(table.longitude)).where(table.area.in_(areas))
        )
    ).one()
    if mean[0] is None:
        return None
    return Place(mean[0], mean[1], cell_of(mean[0], mean[1]), kept, exact=False)


def _areas(code: str) -> list[str]:
    """The sectors that make up a British district, or the sector itself; else none."""
    if re.fullmatch(r"[A-Z]{1,2}[0-9][0-9A-Z]? [0-9]", code):
        return [code]
    if re.fullmatch(r"[A-Z]{1,2}[0-9][0-9A-Z]?", code):
        return [f"{code} {digit}" for digit in range(10)]
    return []
