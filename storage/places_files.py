"""Reading files of places that an organiser downloaded.

Three kinds, known by what is in them and not by their names, each as it is or in a zip:

- Code-Point Open (Ordnance Survey): no header; postcode, quality, metres east and north;
- ONSPD and NSPL (Office for National Statistics): a header with `pcds` and the like, `lat`, `long`;
- postal codes of GeoNames: twelve columns between tabs, the tenth and eleventh lat and long.
"""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple, Self

from storage.grid import wgs84_from_grid
from storage.postcodes import normalise

EXPECTED = "a Code-Point Open, ONSPD, NSPL or GeoNames file (.csv, .txt or their .zip)"

LONGEST_LINE = 16_384
"""Bytes. An ONSPD row has some 300; a file of one endless line must not fill the memory."""

PEEK_LINES = 20
"""Lines looked at to tell what a file is: a first row may be bad and the file still good."""

CODE_LENGTH, AREA_LENGTH = 20, 120
"""What GeoNames allows for a code, and what is kept of a name."""

_GRID_EAST, _GRID_NORTH = 700_000, 1_300_000
"""Metres: the extent of the National Grid."""

_NO_POSITION_LATITUDE = 99.0
"""ONSPD and NSPL write 99.999999 where there is none (their user guides)."""

_POSTCODES_COLUMN = ("pcds", "pcd8", "pcd7", "pcd2", "pcd")
_CODE_POINT_HEADS = ("postcode", "pc")


class NotPlacesError(Exception):
    """The file is none that places can be read from; the message says what was expected."""


class ImportedPlace(NamedTuple):
    """A postcode and where it is: WGS84, degrees."""

    code: str
    latitude: float
    longitude: float
    area: str
    """The sector or district; abroad the place's name."""
    country: str
    """Two letters, ISO 3166."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.reason}"


class _Skip(Exception):  # noqa: N818 -- not an error: a row that is good and not wanted
    """A row without a position, or of a postcode that is no more."""


_Row = Callable[[list[str]], ImportedPlace]


class PlacesReader(Iterator[ImportedPlace | BadRow]):
    """The places of a file one by one, with how far the reading has come.

    Keeps one line in memory, however long the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bytes_read = 0
        """Of `bytes_total`, unpacked: for a progress bar."""
        self.bytes_total = 0
        self.good = 0
        self.bad = 0
        self.skipped: Counter[str] = Counter()
        """Good rows that are not places, by reason: terminated, without a position."""
        self._archive: zipfile.ZipFile | None = None
        self._parts = self._find_parts()
        self._rows = self._read()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ImportedPlace | BadRow:
        item = next(self._rows)
        if isinstance(item, BadRow):
            self.bad += 1
        else:
            self.good += 1
        return item

    def _find_parts(self) -> list[tuple[str, int]]:
        """The files within that hold places, with their sizes."""
        try:
            if zipfile.is_zipfile(self.path):
                self._archive = zipfile.ZipFile(self.path)
                named = [
                    (info.filename, info.file_size)
                    for info in self._archive.infolist()
                    if info.filename.lower().endswith((".csv", ".txt"))
                ]
                # ONS packs the whole file and again its parts, area by area.
                whole = [part for part in named if "multi_csv" not in part[0].lower()]
                parts = [part for part in whole if self._kind(part[0])] or [
                    part for part in named if self._kind(part[0])
                ]
            else:
                name = self.path.name
                parts = [(name, self.path.stat().st_size)] if self._kind(name) else []
        except OSError as error:
            raise NotPlacesError(f"{self.path} can't be read: {error.strerror}.") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise NotPlacesError(f"{self.path} is not a good zip file: {error}.") from error
        if not parts:
            raise NotPlacesError(f"{self.path} is not {EXPECTED}.")
        self.bytes_total = sum(size for _, size in parts)
        return parts

    def _open(self, name: str) -> IO[bytes]:
        return self._archive.open(name) if self._archive else self.path.open("rb")

    def _kind(self, name: str) -> tuple[_Row, str, bool] | None:
        """How to read this file's rows, what stands between its columns, whether it has a head."""
        with closing(self._open(name)) as file:
            lines = [line for _, line in zip(range(PEEK_LINES), _lines(file), strict=False)]
        for number, line in enumerate(lines):
            row = _geonames if line.count("\t") >= 10 else None
            if row and _reads(row, line, "\t"):
                return row, "\t", False
            fields = next(csv.reader([line]), [])
            heads = [field.strip().lower() for field in fields]
            if number == 0 and {"lat", "long"} <= set(heads):
                ons = _ons(heads)
                return (ons, ",", True) if ons else None
            if len(fields) >= 4 and _reads(_code_point, line, ","):
                return _code_point, ",", _is_head(lines[0])
        return None

    def _read(self) -> Iterator[ImportedPlace | BadRow]:
        try:
            for name, _ in self._parts:
                yield from self._read_part(name)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
            raise NotPlacesError(f"{self.path} is damaged or cut short: {error}.") from error
        finally:
            if self._archive:
                self._archive.close()

    def _read_part(self, name: str) -> Iterator[ImportedPlace | BadRow]:
        kind = self._kind(name)
        assert kind is not None, "only files of a known kind are among the parts"
        row, separator, has_head = kind
        with closing(self._open(name)) as file:
            for number, line in enumerate(_lines(file, self._count), 1):
                if not line.strip() or (has_head and number == 1):
                    continue
                try:
                    yield row(_fields(line, separator))
                except _Skip as skip:
                    self.skipped[str(skip)] += 1
                except (ValueError, csv.Error) as error:
                    yield BadRow(Path(name).name, number, str(error))

    def _count(self, size: int) -> None:
        self.bytes_read += size


def read_places(path: Path) -> PlacesReader:
    """The places in a downloaded file, one by one, and the rows that could not be read.

    Yields an `ImportedPlace` (WGS84 degrees) for each good row and a `BadRow` (file, line, reason)
    for each bad one. Terminated postcodes and those without a position are left out and counted in
    the reader's `skipped`; `bytes_read` and `bytes_total` tell how far it has come.

    Raises:
        NotPlacesError: at once, if this is no file of places; while reading, if it is damaged.
    """
    return PlacesReader(path)


def _lines(file: IO[bytes], count: Callable[[int], None] | None = None) -> Iterator[str]:
    first = True
    while raw := file.readline(LONGEST_LINE):
        if count:
            count(len(raw))
        yield raw.decode("utf-8-sig" if first else "utf-8", "replace").rstrip("\r\n")
        first = False


def _fields(line: str, separator: str) -> list[str]:
    # GeoNames doesn't quote: a quotation mark in a place's name is only that.
    return line.split("\t") if separator == "\t" else next(csv.reader([line]), [])


def _reads(row: _Row, line: str, separator: str) -> bool:
    """Whether a line is a row of this kind."""
    try:
        row(_fields(line, separator))
    except _Skip:
        return True
    except (ValueError, csv.Error):
        return False
    return True


def _is_head(line: str) -> bool:
    """Whether a Code-Point Open file begins with names of columns: people add them."""
    return line.partition(",")[0].strip(' "').lower() in _CODE_POINT_HEADS


def _code_point(fields: list[str]) -> ImportedPlace:
    if len(fields) < 4:
        raise ValueError(f"has {len(fields)} columns where Code-Point Open has 10")
    code = _british(fields[0])
    if fields[1].strip() == "90":
        raise _Skip("without a position")
    try:
        east, north = int(fields[2]), int(fields[3])
    except ValueError:
        raise ValueError(f"{fields[2]!r}, {fields[3]!r} are not metres east and north") from None
    if not (0 < east < _GRID_EAST and 0 < north < _GRID_NORTH):
        raise ValueError(f"{east}, {north} is off the National Grid")
    latitude, longitude = wgs84_from_grid(east, north)
    return ImportedPlace(code, latitude, longitude, code[:-2], "GB")


def _ons(heads: list[str]) -> _Row | None:
    """A reader of rows under these heads, or None if there are no postcodes under them."""
    column = next((heads.index(name) for name in _POSTCODES_COLUMN if name in heads), None)
    if column is None:
        return None
    latitude, longitude = heads.index("lat"), heads.index("long")
    ended = heads.index("doterm") if "doterm" in heads else None
    # `ctry` until 2024, then with the year of the codes in it: `ctry25cd`.
    country = next((at for at, name in enumerate(heads) if re.match(r"ctry(\d\dcd)?$", name)), None)

    def row(fields: list[str]) -> ImportedPlace:
        if len(fields) != len(heads):
            raise ValueError(f"has {len(fields)} columns where the first line has {len(heads)}")
        if ended is not None and fields[ended].strip():
            raise _Skip("terminated")
        if not fields[latitude].strip() or fields[latitude].strip().startswith("99.99"):
            raise _Skip("without a position")
        code = _british(fields[column])
        where = _country(code, fields[country] if country is not None else "")
        return ImportedPlace(code, *_degrees(fields[latitude], fields[longitude]), code[:-2], where)

    return row


def _geonames(fields: list[str]) -> ImportedPlace:
    if len(fields) < 11:
        raise ValueError(f"has {len(fields)} columns where GeoNames has 12")
    country, code, name = fields[0].strip().upper(), fields[1].strip(), fields[2].strip()
    if not re.fullmatch(r"[A-Z]{2}", country):
        raise ValueError(f"{country!r} is not a country's two letters")
    code = imported_code(code)
    if not code or len(code) > CODE_LENGTH:
        raise ValueError(f"{fields[1]!r} is not a postal code")
    if not fields[9].strip() or not fields[10].strip():
        raise _Skip("without a position")
    whole = normalise(code) if country in {"GB", "GG", "IM", "JE"} else None
    british = whole[:-2] if whole else code
    area = british if country == "GB" else f"{british} {name}".strip()[:AREA_LENGTH]
    return ImportedPlace(whole or code, *_degrees(fields[9], fields[10]), area, country)


def imported_code(text: str) -> str:
    """The form in which a code is kept: a British postcode as usual, others in upper case."""
    return normalise(text) or " ".join(text.upper().split())


def _british(text: str) -> str:
    code = normalise(text)
    if code is None or code.replace(" ", "") != text.replace(" ", "").upper():
        raise ValueError(f"{text!r} is not a postcode")
    return code


def _country(code: str, gss: str) -> str:
    """The country's two letters from ONS's code for it, which is one for both Channel Islands."""
    if gss.startswith(("L", "M")) or code[:2] in {"GY", "JE", "IM"}:
        return {"GY": "GG", "JE": "JE", "IM": "IM"}.get(code[:2], "GB")
    return "GB"


def _degrees(latitude: str, longitude: str) -> tuple[float, float]:
    try:
        north, east = float(latitude), float(longitude)
    except ValueError:
        raise ValueError(f"{latitude!r}, {longitude!r} are not degrees") from None
    if not (-90 <= north <= 90 and -180 <= east <= 180):
        raise ValueError(f"{latitude}, {longitude} is nowhere on earth")
    return north, east
