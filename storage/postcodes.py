"""British postcodes: how they are read, and where they are.

`storage/data/postcodes.bin` holds the 1,742,638 unit postcodes of Code-Point Open (Ordnance
Survey, 22 April 2025) that have a position, rounded to 100 m. `tools/build_postcodes.py` makes it;
`NOTICE` says whose data it is; `docs/decisions/0003-postcodes.md` says why it is a file of ours.

The packed file, whole numbers little-endian, positions counted in steps of the National Grid
(OSGB36) from its false origin:

    header     64 bytes  magic `POPCODES`, version u16 (1), metres in a step u16 (100),
                         districts u32, sectors u32, units u32, then where the districts, the
                         sectors and the blocks begin u32 x 3, the file's size u32,
                         the date of the source as text (10 bytes), zeros
    districts  12 bytes each, sorted: outward code padded with spaces (4), the median easting
                         and northing of its units u32 x 2
    sectors    17 bytes each, sorted: outward code padded with spaces and the digit (5), where
                         its block begins u32, median easting and northing u32 x 2
    blocks     one a sector, in the same order:
                         least easting and northing u32 x 2; bits of an easting and of a northing
                         u8 x 2; 50 bytes that say which of the 20 x 20 unit suffixes exist (bit
                         20a + b, from the lowest, for letters a and b of `ABDEFGHJLNPQRSTUWXYZ`);
                         then for each that exists, in order, its easting and its northing less
                         the least, packed end to end, highest bit first

A look-up is a binary search of the index and one block, through mmap: nothing is unpacked and
nothing is kept. The file is 3,294,371 bytes: 2.4 MB of positions, 0.5 MB of suffixes, 0.3 MB of
index and block heads. Measured on a 2-core virtual machine with Python 3.11: `position` 4 µs in the
median and `find` 14 µs (28 µs when the text needs tidying), 35 µs for 99 in 100. Opening it and
finding one place took 0.4 MB of memory on one run and 2.3 MB on another, 93,000 look-ups all over
the country 3.4 MB: the pages of the file, which are the system's to take back. All 1,742,638
positions were compared with the source (`--verify`): none differs.
"""

from __future__ import annotations

import mmap
import re
import struct
import unicodedata
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from string import ascii_uppercase
from typing import Self

from h3.api import basic_int as h3

from storage.grid import wgs84_from_grid
from storage.model import Place

BUNDLED = Path(__file__).parent / "data" / "postcodes.bin"

MAGIC, VERSION = b"POPCODES", 1
HEADER = struct.Struct("<8sHH7I10s14x")
DISTRICT = struct.Struct("<4sII")
SECTOR = struct.Struct("<5sIII")
BLOCK = struct.Struct("<IIBB50s")
UNIT_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
"""The letters that end a postcode: all but C I K M O V, which are easily misread."""

CELL_RESOLUTION = 9

_AREAS = """
AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY
E EC EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE
LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL
SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE
"""
AREAS = frozenset(_AREAS.split())
"""The 121 areas of the United Kingdom, and those of Guernsey, the Isle of Man and Jersey."""

_DIGITS = "0123456789"
# Royal Mail's Programmers' Guide to the Postcode Address File says which letters come third and
# fourth; with `AREAS` that makes every outward format: A9 A99 AA9 AA99 A9A AA9A.
_OUTWARD = {
    2: (("A1", _DIGITS),),
    3: (("A1", "123456789", _DIGITS), ("A2", _DIGITS), ("A1", _DIGITS, "ABCDEFGHJKPSTUW")),
    4: (("A2", "123456789", _DIGITS), ("A2", _DIGITS, "ABEHMNPRVWXY")),
}
_INWARD = (_DIGITS, UNIT_LETTERS, UNIT_LETTERS)

# What somebody may have typed, or copied from a label, for a letter and for a digit.
_AS_LETTER = {"0": "O", "1": "IL", "2": "Z", "5": "S", "6": "G", "8": "B"}
_AS_UNIT_LETTER = _AS_LETTER | {"I": "L"}
_AS_DIGIT = {"O": "0", "I": "1", "L": "1", "Z": "2", "S": "5", "G": "6", "B": "8"}

_LONGEST = 40
"""Characters that are looked at: a postcode typed with a space or dot after each has 13."""

_TIDY = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]?(?: [0-9](?:[A-Z]{2})?)?")


class PostcodeFileError(Exception):
    """The file of postcodes is missing, cut short or of another version."""


def cell_of(latitude: float, longitude: float) -> int:
    """The H3 cell of resolution 9 that a point in WGS84 degrees lies in."""
    cell: int = h3.latlng_to_cell(latitude, longitude, CELL_RESOLUTION)
    return cell


def normalise(text: str) -> str | None:
    """A whole postcode in its usual form, `HD7 5AB`, from however it was typed.

    Case, spaces, dots and dashes do not matter, and what only looks like a letter or a digit is
    read as the one that its place calls for: `HD7 5A8` is `HD7 5AB`. What may stand where
    it stands is never changed, and of several readings the one that changes least comes first, so
    the result stays the same when it is read again. Whether the postcode exists is not asked;
    `Postcodes.put_right` does that.

    Returns:
        The postcode, or None where the text is no possible British postcode: a sector or a
        district alone, an area that there isn't (`HO7 5AB`), an impossible letter, other words.
    """
    return next(_units(_compact(text)), None)


class Postcodes:
    """The postcodes of Great Britain in a packed file, looked up where they lie.

    Safe to share between threads: a look-up only slices a read-only memory map.

    Raises:
        PostcodeFileError: if the file can't be opened or is not what the top of this file says.
    """

    def __init__(self, path: Path = BUNDLED) -> None:
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise PostcodeFileError(f"The postcodes can't be read from {path}: {error}.") from error
        if len(self._map) < HEADER.size or self._map[:8] != MAGIC:
            raise PostcodeFileError(f"{path} is not a packed file of postcodes.")
        header = HEADER.unpack_from(self._map)
        version, self.step, self._districts, self._sectors, self._units = header[1:6]
        self._districts_at, self._sectors_at, _, size, date = header[6:]
        if version != VERSION:
            raise PostcodeFileError(f"{path} is of version {version}; this one reads {VERSION}.")
        if size != len(self._map):
            raise PostcodeFileError(f"{path} has {len(self._map)} bytes and should have {size}.")
        self.date: str = date.decode("ascii")
        """The date of the source, `2025-04-22`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """How many unit postcodes there are."""
        return int(self._units)

    def close(self) -> None:
        self._map.close()

    def find(self, postcode: str) -> Place | None:
        """Where a postcode is: a whole one, a sector (`HD7 5`) or a district (`HD7`).

        Slips are put right as by `put_right`. The position is WGS84, degrees: for a whole postcode
        within 71 m of Code-Point Open's (it is rounded to 100 m each way) and 5 m for the
        conversion; for a sector or a district the median of its units, and `exact` is False. The
        `area` is the sector, or the district where no more than that was given.

        Returns:
            The place, or None where nothing here goes by that name: it may be mistyped, newer than
            `date`, or in Northern Ireland. The sector of a newer one is `find(postcode[:-2])`.
        """
        code = self.put_right(postcode)
        at = self.position(code) if code else None
        if code is None or at is None:
            return None
        latitude, longitude = wgs84_from_grid(*at)
        outward, _, inward = code.partition(" ")
        area = f"{outward} {inward[0]}" if inward else outward
        return Place(
            latitude, longitude, cell_of(latitude, longitude), area, exact=len(inward) == 3
        )

    def put_right(self, text: str) -> str | None:
        """What there is that this text may have meant, in its usual form.

        Tries the readings of `normalise` from the least change to the most and returns the first
        that exists; then, for short texts, districts and sectors (`E16` is the district; `E1 6`,
        with its space, the sector). None where nothing does.
        """
        if _TIDY.fullmatch(text) and self.position(text):
            return text
        compact = _compact(text)
        readings = [*_units(compact), *_parts(compact, text)]
        return next((reading for reading in readings if self.position(reading)), None)

    def position(self, code: str) -> tuple[int, int] | None:
        """Metres east and north on the National Grid (OSGB36) of a code in its usual form.

        Rounded to `step` metres. None if there is no such postcode, sector or district.
        """
        outward, _, inward = code.partition(" ")
        if not inward:
            at = self._search(outward.ljust(4), self._districts_at, self._districts, DISTRICT)
            return None if at is None else self._metres(*DISTRICT.unpack_from(self._map, at)[1:])
        at = self._search(outward.ljust(4) + inward[0], self._sectors_at, self._sectors, SECTOR)
        if at is None:
            return None
        _, block, east, north = SECTOR.unpack_from(self._map, at)
        if len(inward) == 1:
            return self._metres(east, north)
        suffix = suffix_number(inward[1:])
        return None if suffix is None else self._unit(block, suffix)

    def sectors(self) -> Iterator[str]:
        """Every sector in order, `AB10 1` first."""
        for number in range(self._sectors):
            key = SECTOR.unpack_from(self._map, self._sectors_at + number * SECTOR.size)[0].decode()
            yield f"{key[:4].rstrip()} {key[4]}"

    def count(self, sector: str) -> int:
        """How many units a sector has; 0 if there is no such sector."""
        key = sector.partition(" ")[0].ljust(4) + sector[-1:]
        at = self._search(key, self._sectors_at, self._sectors, SECTOR)
        if at is None:
            return 0
        bits = BLOCK.unpack_from(self._map, SECTOR.unpack_from(self._map, at)[1])[4]
        return int.from_bytes(bits, "little").bit_count()

    def _search(self, text: str, start: int, count: int, entry: struct.Struct) -> int | None:
        """Where the entry with this key lies, by halving; None if there is none."""
        key = text.encode("ascii", "replace")
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            at = start + middle * entry.size
            found = self._map[at : at + len(key)]
            if found == key:
                return at
            low, high = (middle + 1, high) if found < key else (low, middle)
        return None

    def _unit(self, block: int, suffix: int) -> tuple[int, int] | None:
        east, north, wide, high, bits = BLOCK.unpack_from(self._map, block)
        present = int.from_bytes(bits, "little")
        if not present >> suffix & 1:
            return None
        rank = (present & ((1 << suffix) - 1)).bit_count()
        width = wide + high
        first, last = rank * width, (rank + 1) * width
        at = block + BLOCK.size
        window = int.from_bytes(self._map[at + first // 8 : at + (last + 7) // 8], "big")
        packed = window >> (-last % 8) & ((1 << width) - 1)
        return self._metres(east + (packed >> high), north + (packed & ((1 << high) - 1)))

    def _metres(self, east: int, north: int) -> tuple[int, int]:
        return east * self.step, north * self.step


def suffix_number(letters: str) -> int | None:
    """The bit, 0 to 399, of a unit's two last letters in its sector's block."""
    try:
        first, second = (UNIT_LETTERS.index(letter) for letter in letters)
    except ValueError:
        return None
    return first * len(UNIT_LETTERS) + second


def _compact(text: str) -> str:
    """Only the letters and digits, upper case; empty where that can't be a postcode."""
    if len(text) > _LONGEST:
        return ""
    upper = unicodedata.normalize("NFKC", text).upper()
    kept = "".join(character for character in upper if character.isalnum())
    return kept if kept.isascii() else ""


def _units(compact: str) -> Iterator[str]:
    """Readings of a whole postcode, least changed first."""
    outward = list(_outwards(compact[:-3]))
    inward = list(_readings(compact[-3:], _INWARD))
    both = [(a + b, f"{out} {in_}") for a, out in outward for b, in_ in inward]
    return (reading for _, reading in sorted(both, key=lambda each: each[0]))


def _parts(compact: str, text: str) -> Iterator[str]:
    """Readings of a district or a sector; which first, the space in the text decides."""
    districts = [reading for _, reading in sorted(_outwards(compact), key=lambda each: each[0])]
    both = sorted(
        (a + b, f"{out} {digit}")
        for a, out in _outwards(compact[:-1])
        for b, digit in _readings(compact[-1:], (_DIGITS,))
    )
    sectors = [reading for _, reading in both]
    apart = re.search(r"[\s.\-]\w\s*$", text) is not None
    yield from sectors + districts if apart else districts + sectors


def _outwards(compact: str) -> Iterator[tuple[int, str]]:
    """Readings of an outward code, each with how many characters it changes."""
    for name, *rest in _OUTWARD.get(len(compact), ()):
        letters = int(name[1])
        pattern = (ascii_uppercase,) * letters + tuple(rest)
        for changes, reading in _readings(compact, pattern):
            if reading[:letters] in AREAS:
                yield changes, reading


def _readings(compact: str, pattern: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Every way to read these characters as these kinds, with how many are changed."""
    if len(compact) != len(pattern):
        return
    choices = []
    for character, allowed in zip(compact, pattern, strict=True):
        if character in allowed:
            choices.append([(0, character)])
            continue
        if allowed[-1] in _DIGITS:
            table = _AS_DIGIT
        else:
            table = _AS_UNIT_LETTER if allowed == UNIT_LETTERS else _AS_LETTER
        choices.append([(1, other) for other in table.get(character, "") if other in allowed])
    for picked in product(*choices):
        yield sum(change for change, _ in picked), "".join(other for _, other in picked)
