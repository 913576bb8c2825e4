"""Where people are: postcodes in the bundle, and places that were imported.

The bundle (`storage/postcodes.py`) has Great Britain. `popround places import` adds others, such as
Northern Ireland or another country, to the table below; `storage/places_files.py` reads the files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Transaction
from storage.model import Place
from storage.places_files import (
    BadRow,
    ImportedPlace,
    NotPlacesError,
    PlacesReader,
    imported_code,
    read_places,
)
from storage.postcodes import PostcodeFileError, Postcodes, cell_of, normalise
from storage.schema import places as places_table

__all__ = [
    "Atlas",
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
    "read_places",
]

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


class Atlas:
    """Finds the place that somebody's words name: in the bundle, then among what was imported."""

    def __init__(self, bundle: Postcodes) -> None:
        self._bundle = bundle

    async def find(self, tx: Transaction, text: str) -> tuple[str, Place] | None:
        """The postcode in a text, put right, and where it is; none if there is none to be found.

        A whole postcode is looked for first, from the end of the text, where addresses have it;
        then a sector or a district alone.
        """
        for whole in (True, False):
            for piece in _pieces(text):
                code = self._bundle.put_right(piece)
                if code and (" " in code and code[-1].isalpha()) is whole:
                    place = self._bundle.find(code)
                    if place:
                        return code, place
                if whole and normalise(piece):
                    # A whole postcode that there is not: its district is not what they meant.
                    imported = await find_imported(tx.connection, piece)
                    return (normalise(piece) or piece, imported) if imported else None
        for piece in _pieces(text):
            if any(c.isdigit() for c in piece):
                imported = await find_imported(tx.connection, piece)
                if imported:
                    return normalise(piece) or piece.upper(), imported
        return None

    def possible(self, text: str) -> str | None:
        """The whole postcode that a text looks like, whether or not there is such a one."""
        for piece in _pieces(text):
            code = normalise(piece)
            if code:
                return code
        return None


def _pieces(text: str) -> Iterable[str]:
    """Runs of three, two and one words that a postcode could be; last first."""
    words = re.findall(r"[^\W_]+", text[:400])
    for end in range(len(words), 0, -1):
        for length in (3, 2, 1):
            piece = " ".join(words[max(0, end - length) : end])
            if length <= end and _could_be(piece):
                yield piece


def _could_be(piece: str) -> bool:
    squeezed = piece.replace(" ", "")
    return 3 <= len(squeezed) <= 8 and any(c.isdigit() for c in squeezed) and squeezed[0].isalpha()
