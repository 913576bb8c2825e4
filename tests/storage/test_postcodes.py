"""Postcodes: how they are read, and whether the file has them where Ordnance Survey does."""

from __future__ import annotations

import importlib.util
import random
import threading
from collections.abc import Iterator
from math import cos, hypot, radians
from pathlib import Path
from types import ModuleType

import pytest
from h3.api import basic_int as h3
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.postcodes import (
    AREAS,
    BUNDLED,
    UNIT_LETTERS,
    PostcodeFileError,
    Postcodes,
    normalise,
)

# Code-Point Open's own metres east and north, and WGS84 from those by OSTN15 (convertbng 2.0.0):
# by other people's code than ours.
KNOWN = [
    ("SW1A 1AA", 529090, 179645, 51.50101, -0.14156),  # Buckingham Palace
    ("SW1A 2AA", 530047, 179951, 51.50354, -0.12767),  # 10 Downing Street
    ("SW1A 0AA", 530268, 179545, 51.49984, -0.12464),  # House of Commons
    ("EC3N 4AB", 533602, 180570, 51.50828, -0.07625),  # Tower of London
    ("EC4M 8AD", 531996, 181193, 51.51425, -0.09914),  # St Paul's Cathedral
    ("WC1B 3DG", 530059, 181712, 51.51936, -0.12685),  # British Museum
    ("NW1 6XE", 527850, 182134, 51.52366, -0.15852),  # Baker Street
    ("W1A 1AA", 528887, 181593, 51.51856, -0.14377),  # BBC Broadcasting House
    ("SW19 5AE", 524340, 170167, 51.41689, -0.21329),  # Wimbledon
    ("SE10 9NF", 538560, 177588, 51.48028, -0.00602),  # Cutty Sark
    ("EH1 2NG", 325066, 673533, 55.94896, -3.20148),  # Edinburgh Castle
    ("EH8 8DX", 326897, 673919, 55.95271, -3.17227),  # Holyroodhouse
    ("EH99 1SP", 326751, 673849, 55.95206, -3.17459),  # Scottish Parliament
    ("G1 1XQ", 259609, 665397, 55.86124, -4.24469),  # Glasgow
    ("G2 1DU", 259712, 666228, 55.86874, -4.24348),  # Glasgow George Square
    ("CF10 3NQ", 317989, 177266, 51.48837, -3.18258),  # Cardiff
    ("CF99 1SN", 319353, 174506, 51.46376, -3.16231),  # Senedd
    ("LL55 2AY", 247734, 362703, 53.13968, -4.27780),  # Caernarfon
    ("SA62 6RD", 175235, 225348, 51.88129, -5.26718),  # St Davids
    ("SY23 3BY", 259667, 282002, 52.41797, -4.06493),  # Aberystwyth
    ("HD7 5AB", 408141, 414119, 53.62356, -1.87839),  # Slaithwaite
    ("HD1 1AA", 414538, 416902, 53.64844, -1.78155),  # Huddersfield
    ("M2 5DB", 383867, 398089, 53.47929, -2.24455),  # Manchester
    ("L3 4AA", 334017, 389702, 53.40002, -2.99385),  # Liverpool
    ("B1 1BB", 406654, 286948, 52.48043, -1.90345),  # Birmingham
    ("CB2 1TN", 544705, 258430, 52.20512, 0.11621),  # Cambridge
    ("OX1 3BG", 451526, 206533, 51.75513, -1.25491),  # Oxford Bodleian
    ("YO1 7HH", 460335, 452109, 53.96157, -1.08191),  # York
    ("DH1 3EH", 427414, 542024, 54.77240, -1.57540),  # Durham Cathedral
    ("BA1 1LZ", 375035, 164737, 51.38112, -2.36010),  # Roman Baths
    ("TR19 7AA", 134340, 25043, 50.06602, -5.71370),  # Land's End
    ("TR21 0LL", 90228, 10562, 49.91482, -6.31673),  # Isles of Scilly
    ("KW1 4YR", 337800, 972904, 58.63952, -3.07318),  # John o'Groats
    ("ZE1 0LL", 447657, 1141488, 60.15511, -1.14339),  # Lerwick
    ("HS1 2DS", 142360, 933049, 58.21063, -6.38797),  # Stornoway
    ("KW15 1PH", 345422, 1010765, 58.98053, -2.95117),  # Kirkwall
    ("IV51 9EU", 147792, 842888, 57.40617, -6.20065),  # Portree
    ("PL1 2AA", 247696, 54383, 50.36957, -4.14303),  # Plymouth
    ("CT16 1HU", 632481, 141944, 51.12957, 1.32134),  # Dover Castle
    ("SP4 7DE", 410063, 142800, 51.18434, -1.85739),  # Stonehenge
    ("LS1 1UR", 429833, 434079, 53.80218, -1.54852),  # Leeds
    ("S1 2HH", 435359, 387191, 53.38041, -1.46992),  # Sheffield
    ("TR12 7NT", 170405, 11577, 49.96012, -5.20257),  # Lizard
    ("CA12 5JR", 326635, 523430, 54.60070, -3.13715),  # Keswick
    ("PH33 6AN", 210561, 774377, 56.82215, -5.10578),  # Fort William
]

WORST = hypot(50, 50) + 5
"""Metres: half of 100 m each way, and what the conversion may be out."""

LOOKS_LIKE = {"0": "O", "1": "IL", "2": "Z", "5": "S", "6": "G", "8": "B"}
LOOKS_LIKE |= {"O": "0", "I": "1", "L": "1", "Z": "2", "S": "5", "G": "6", "B": "8"}


@pytest.fixture(scope="module")
def postcodes() -> Iterator[Postcodes]:
    with Postcodes() as opened:
        yield opened


def apart(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Metres between two points in degrees that lie close together."""
    return hypot(a[0] - b[0], (a[1] - b[1]) * cos(radians(a[0]))) * 111_200


def some_real_ones(count: int) -> list[str]:
    """Postcodes that exist, all over the file, the same ones each time."""
    pick = random.Random(7)
    with Postcodes() as opened:
        sectors = pick.sample(list(opened.sectors()), count)
        return [
            next(
                code
                for a in pick.sample(UNIT_LETTERS, 20)
                for b in pick.sample(UNIT_LETTERS, 20)
                if opened.position(code := f"{sector}{a}{b}")
            )
            for sector in sectors
        ]


REAL = some_real_ones(400)


# Where they are


@pytest.mark.parametrize(("code", "east", "north", "latitude", "longitude"), KNOWN)
def test_a_postcode_is_where_ordnance_survey_has_it_to_100_m(
    postcodes: Postcodes, code: str, east: int, north: int, latitude: float, longitude: float
) -> None:
    assert postcodes.position(code) == ((east + 50) // 100 * 100, (north + 50) // 100 * 100)
    place = postcodes.find(code)
    assert place is not None
    assert apart((place.latitude, place.longitude), (latitude, longitude)) < WORST
    assert place.cell == h3.latlng_to_cell(place.latitude, place.longitude, 9)
    assert place.area == code[:-2]
    assert place.exact


def test_a_sector_is_the_median_of_its_units(postcodes: Postcodes) -> None:
    place = postcodes.find("HD7 5")
    assert place is not None
    assert (place.area, place.exact) == ("HD7 5", False)
    assert postcodes.count("HD7 5") == 266
    assert postcodes.position("HD7 5") == (408_300, 414_100)  # 408,339 and 414,102 in the source


def test_a_district_is_the_median_of_its_units(postcodes: Postcodes) -> None:
    place = postcodes.find("hd7")
    assert place is not None
    assert (place.area, place.exact) == ("HD7", False)
    assert postcodes.position("HD7") == (408_600, 414_300)  # 408,613 and 414,286 in the source


@pytest.mark.parametrize(
    ("code", "east", "north"),
    [
        ("AB10 1AB", 394_200, 806_500),  # the first in the file
        ("ZE3 9JZ", 438_700, 1_112_100),  # the last
    ],
)
def test_the_first_and_the_last_are_there(
    postcodes: Postcodes, code: str, east: int, north: int
) -> None:
    assert postcodes.position(code) == (east, north)


@pytest.mark.parametrize(
    "code",
    [
        "HD7 5AA ",  # not the usual form: `find` tidies, `position` does not
        "HD7 5CA",  # no postcode ends in C
        "HD7 5ZZ",  # a possible one that there isn't
        "HD7 1",
        "HD77 5AB",
        "AA1 1AA",  # before the first, if it were an area
        "ZZ9 9ZZ",  # after the last
        "AB43 1AJ",  # in the source without a position
        "BT7 1NN",  # Northern Ireland isn't in Code-Point Open
        "",
        " ",
        "é",
    ],
)
def test_what_is_not_there_is_not_found(postcodes: Postcodes, code: str) -> None:
    assert postcodes.position(code) is None


def test_a_sector_of_a_postcode_too_new_to_be_known_is_found(postcodes: Postcodes) -> None:
    assert postcodes.find("HD7 5ZZ") is None
    assert postcodes.find("HD7 5ZZ"[:-2]) is not None


def test_everything_that_is_announced_is_there(postcodes: Postcodes) -> None:
    sectors = list(postcodes.sectors())
    assert len(sectors) == 10_846
    assert sum(postcodes.count(sector) for sector in sectors) == len(postcodes) == 1_742_638
    assert all(postcodes.count(sector) for sector in sectors)
    assert postcodes.date == "2025-04-22"


def test_every_area_in_the_data_is_a_known_area(postcodes: Postcodes) -> None:
    found = {"".join(c for c in s[:2] if c.isalpha()) for s in postcodes.sectors()}
    assert AREAS - found == {"BT", "GY", "IM", "JE"}
    assert found <= AREAS


def test_the_file_is_small_enough_to_be_shipped() -> None:
    assert BUNDLED.stat().st_size < 5_000_000


def test_the_file_is_mapped_and_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise AssertionError("the whole file was read")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with Postcodes() as opened:
        assert opened.find("HD7 5AB")
        kept = [value for value in vars(opened).values() if isinstance(value, bytes | list | dict)]
        assert not kept


def test_threads_can_share_it(postcodes: Postcodes) -> None:
    wanted = {code: postcodes.position(code) for code in REAL}
    wrong: list[str] = []

    def look(seed: int) -> None:
        for code in random.Random(seed).sample(REAL, len(REAL)):
            if postcodes.position(code) != wanted[code]:
                wrong.append(code)

    threads = [threading.Thread(target=look, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda packed: b"", "can't be read"),
        (lambda packed: b"PK\x03\x04" + packed[4:], "not a packed file"),
        (lambda packed: packed[:8] + b"\x09" + packed[9:], "version 9"),
        (lambda packed: packed[:-1], "should have"),
    ],
)
def test_a_spoilt_file_is_named(tmp_path: Path, spoil, says: str) -> None:
    path = tmp_path / "postcodes.bin"
    path.write_bytes(spoil(BUNDLED.read_bytes()))
    with pytest.raises(PostcodeFileError, match=says):
        Postcodes(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PostcodeFileError, match=r"none\.bin"):
        Postcodes(tmp_path / "none.bin")


# How they are read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("HD7 5AB", "HD7 5AB"),
        ("hd75ab", "HD7 5AB"),
        (" h.d.7. 5-a b. ", "HD7 5AB"),
        ("HD7\u00a05AB", "HD7 5AB"),  # a space that doesn't break
        ("ＨＤ７　５ＡＢ", "HD7 5AB"),  # a keyboard in full width
        ("HD7 5A8", "HD7 5AB"),
        ("HD7 SAB", "HD7 5AB"),
        ("S014 0AA", "SO14 0AA"),
        ("SO14 OAA", "SO14 0AA"),
        ("S04 3QR", "SO4 3QR"),  # there is no S04: districts don't begin with 0
        ("Nl 9GU", "N1 9GU"),
        ("WIA 1AA", "W1A 1AA"),
        ("EC1A IBB", "EC1A 1BB"),
        ("M1 1AA", "M1 1AA"),  # A9
        ("M60 1NW", "M60 1NW"),  # A99
        ("CR2 6XH", "CR2 6XH"),  # AA9
        ("DN55 1PT", "DN55 1PT"),  # AA99
        ("W1A 1HQ", "W1A 1HQ"),  # A9A
        ("EC1A 1BB", "EC1A 1BB"),  # AA9A
        ("bt7 1nn", "BT7 1NN"),  # Northern Ireland
        ("IM1 1AA", "IM1 1AA"),
    ],
)
def test_what_was_typed_is_put_into_the_usual_form(typed: str, read: str) -> None:
    assert normalise(typed) == read


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "HD7",  # a district
        "HD7 5",  # a sector
        "HD7 5CB",  # no postcode ends in C
        "HX7 5AO",  # nor in O, and what else it was nobody can say
        "QQ7 5AB",  # no such area
        "HO7 5AB",
        "7HD 5AB",
        "HD7 5ABC",
        "HD70 05AB",
        "GIR 0AA",
        "НD7 5AB",  # a Cyrillic letter
        "milk please",
        "07700 900123",
        "HD7 5AB" + " " * 100,
    ],
)
def test_what_is_no_possible_postcode_is_none(typed: str) -> None:
    assert normalise(typed) is None


@given(st.text(max_size=60) | st.text("0O1IL5S8B2Z6G HDEWCAT.-", max_size=10))
@settings(max_examples=400, deadline=None)
def test_reading_never_fails_and_reading_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert once is None or normalise(once) == once


@given(st.sampled_from(REAL), st.data())
@settings(max_examples=400, deadline=None)
def test_a_real_postcode_with_one_slip_is_put_right(code: str, data: st.DataObject) -> None:
    slips = [at for at, character in enumerate(code) if character in LOOKS_LIKE]
    typed = code
    if slips:
        at = data.draw(st.sampled_from(slips))
        typed = code[:at] + data.draw(st.sampled_from(LOOKS_LIKE[code[at]])) + code[at + 1 :]
    typed = data.draw(st.sampled_from([typed, typed.lower(), typed.replace(" ", "")]))
    with Postcodes() as opened:
        as_typed = normalise(typed)
        if as_typed and as_typed.replace(" ", "") == typed.upper().replace(" ", ""):
            # GL2 with a 1 is G12, SG4 with a 6 is S64. Where both exist, nobody could know.
            assert opened.put_right(typed) in {code, as_typed}
        else:
            assert opened.put_right(typed) == code


@pytest.mark.parametrize("pair", ["0O", "1I", "2Z", "5S", "8B"])
def test_these_slips_never_lead_from_one_real_postcode_to_another(
    postcodes: Postcodes, pair: str
) -> None:
    for code in REAL:
        for at, character in enumerate(code):
            if character in pair:
                typed = code[:at] + pair[pair.index(character) - 1] + code[at + 1 :]
                assert postcodes.put_right(typed) == code


@given(st.text(max_size=60) | st.text("0O1IL5S8B2Z6G HDEWCAT.-", max_size=10))
@settings(max_examples=300, deadline=None)
def test_looking_up_never_fails(text: str) -> None:
    with Postcodes() as opened:
        found = opened.find(text)
        assert (found is None) == (opened.put_right(text) is None)


@pytest.mark.parametrize(
    ("typed", "read", "why"),
    [
        ("GI1 5AW", "G11 5AW", "as little as possible is changed"),
        ("SE1B 2AB", "SE18 2AB", "SE1B could be, SE18 is"),
        ("G6 8RF", None, "nothing like it exists"),
        ("S64 8RF", "S64 8RF", "what exists as typed is left, though SG4 8RF exists too"),
        ("e16", "E16", "without a space, the district"),
        ("e1 6", "E1 6", "with one, the sector"),
        ("hd75", "HD7 5", "there is no district HD75"),
        ("HD7  5", "HD7 5", "two spaces"),
        ("HO7", None, "no such area"),
        ("BT7 1NN", None, "possible, but not in the file"),
    ],
)
def test_of_two_readings_the_one_that_exists_is_meant(
    postcodes: Postcodes, typed: str, read: str | None, why: str
) -> None:
    assert postcodes.put_right(typed) == read, why


# The tool that makes the file


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "build_postcodes.py"
    spec = importlib.util.spec_from_file_location("build_postcodes", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_packed_comes_out_again_and_the_same_bytes_each_time(
    tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "hd.csv"
    source.write_text(
        '"HD7 5AA",10,408538,414372,"E92000001"\n'
        '"HD7 5ZZ",10,400049,499950,"E92000001"\n'
        '"HD8 0AA",50,1,1,"E92000001"\n'  # a sector of one: no bits at all for its position
        '"W1A 1AA",10,655448,1213615,"E92000001"\n'  # as far as the grid goes
        '"W1A 1AB",10,63195,8478,"E92000001"\n'
        '"AB431AJ",90,0,0,"S92000003"\n'
    )
    packed, counts = tool.build(tool.Source(source), 100)
    assert counts["units"] == 5
    assert counts["left out, no position (quality 90)"] == 1
    assert tool.build(tool.Source(source), 100)[0] == packed
    made = tmp_path / "postcodes.bin"
    made.write_bytes(packed)
    assert tool.verify(tool.Source(source), made) == 0
    with Postcodes(made) as opened:
        assert opened.position("HD7 5ZZ") == (400_000, 500_000)
        assert opened.position("HD8 0AA") == (0, 0)
        assert opened.position("W1A 1AA") == (655_400, 1_213_600)


def test_verifying_tells_what_is_wrong(
    tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "hd.csv"
    source.write_text('"HD7 5AB",10,1,1,"E92000001"\n')  # the bundle has it elsewhere
    assert tool.verify(tool.Source(source), BUNDLED) == 2  # this one, and the count
    assert "HD7 5AB: (0, 0) in the source, (408100, 414100) here" in capsys.readouterr().out
