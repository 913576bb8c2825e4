"""People from and to a spreadsheet, on both databases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.commands.database import ready
from bot.commands.terminal import run
from bot.settings import load
from storage import audit, due, groups, members
from storage.database import Transaction
from storage.hours import written
from storage.members_csv import COLUMNS
from storage.model import (
    NEIGHBOURLY,
    Address,
    Channel,
    DueKind,
    Member,
    Need,
    Role,
    Standing,
    Vetting,
)
from tests.bot.command import Popround
from tests.bot.test_command_work import marsden, migrated, popround, url

__all__ = ["marsden", "migrated", "popround", "url"]

GROUP = ("--group", "Marsden Neighbours")

PEOPLE = """\
name,phone,telegram_id,postcode,roles,can_do,languages,max_km,vetted_until,consent
Doreen Shaw,07700 900123,,HD7 5AB,asker,,en,,,2026-03-01 by phone
"Ana, who runs it",+44 7700 900124,123456789,hd75ab,organiser;helper,any,cy;en,2.5,2099-01-31,2026-03-02 on paper
=SUM(A1),,987654321,HD7 5,helper,shopping;lift,en,12,,2026-03-03 by Telegram
"""  # noqa: E501


def within(work: Callable[[Transaction], Awaitable[object]]) -> object:
    async def inside() -> object:
        async with ready(load()) as database, database.transaction() as tx:
            return await work(tx)

    return run(inside())


def everybody() -> list[Member]:
    async def look(tx: Transaction) -> list[Member]:
        return [
            person
            for group in await groups.every(tx)
            for person in await members.of_community(tx, group.id)
        ]

    return within(look)  # type: ignore[return-value]


def change(name: str, **changes: object) -> None:
    async def work(tx: Transaction) -> None:
        group = (await groups.every(tx))[0]
        for person in await members.of_community(tx, group.id):
            if person.name == name:
                await members.save(tx, replace(person, **changes))  # type: ignore[arg-type]

    within(work)


@pytest.fixture
def csv(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def written(content: str | bytes) -> Path:
        file = tmp_path / "people.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return written


Csv = Callable[[str | bytes], Path]


def test_people_are_imported_as_they_are_written(marsden: Popround, csv: Csv) -> None:
    said = marsden.well("members", "import", csv(PEOPLE), *GROUP)
    assert said == "3 people imported into Marsden Neighbours: 3 new, 0 updated.\n"
    doreen, ana, sum_ = everybody()
    assert {person.standing for person in (doreen, ana, sum_)} == {Standing.ACTIVE}
    assert (doreen.name, doreen.roles, doreen.area) == (
        *("Doreen Shaw", frozenset({Role.ASKER})),
        "HD7 5",
    )
    assert doreen.cell == ana.cell is not None
    assert (ana.language, ana.languages, ana.can_do) == ("cy", ("cy", "en"), set(NEIGHBOURLY))
    assert (ana.max_km, ana.vetted_until) == (2.5, date(2099, 1, 31))
    assert (sum_.name, sum_.can_do) == ("=SUM(A1)", {Need.SHOPPING, Need.LIFT})

    async def reach(tx: Transaction) -> list[Address]:
        return await members.all_addresses(tx, ana.id)

    assert set(within(reach)) == {  # type: ignore[call-overload]
        Address(Channel.SMS, "+447700900124"),
        Address(Channel.TELEGRAM, "123456789"),
    }


def test_a_check_that_a_file_takes_away_is_looked_at_at_once(marsden: Popround, csv: Csv) -> None:
    head = "name,phone,roles,can_do,vetting,vetted_until,consent\n"
    row = "Sam,07700 900123,helper,any,{},2026-03-01 by phone\n"
    marsden.well("members", "import", csv(head + row.format("enhanced,2099-03-31")), *GROUP)
    [sam] = everybody()
    assert (sam.vetting, sam.vetted_until) == (Vetting.ENHANCED, date(2099, 3, 31))

    async def look(tx: Transaction) -> list[datetime]:
        return [row.at for row in await due.of(tx, sam.id, DueKind.VETTING)]

    assert [at.date() for at in within(look)] == [date(2099, 3, 1)]  # type: ignore[call-overload]
    assert "enhanced" in marsden.well("members", "export", *GROUP)
    marsden.well("members", "import", csv(head + row.format(",")), *GROUP)
    [at] = within(look)  # type: ignore[misc]
    assert at <= datetime.now(UTC)
    assert everybody()[0].vetting is None
    wrong = marsden("members", "import", csv(head + row.format("much,2099-03-31")), *GROUP)
    assert "is no level of vetting; write basic, standard or enhanced" in wrong.err


def test_what_goes_out_comes_back_equal(marsden: Popround, csv: Csv, tmp_path: Path) -> None:
    marsden.well("members", "import", csv(PEOPLE), *GROUP)
    before, out = everybody(), marsden.well("members", "export", *GROUP)
    assert out.splitlines()[0] == ",".join(COLUMNS)
    assert '"\'+447700900123"' in out
    assert '"\'=SUM(A1)"' in out
    again = marsden.well("members", "import", csv(out), *GROUP)
    assert again.endswith("0 new, 3 updated.\n")
    assert everybody() == before
    assert marsden.well("members", "export", *GROUP) == out

    file = tmp_path / "out.csv"
    said = marsden.well("members", "export", *GROUP, "--output", file)
    assert said == f"3 people of Marsden Neighbours written to {file}.\n"
    assert file.read_bytes() == b"\xef\xbb\xbf" + out.encode()
    assert marsden.well("members", "import", file, *GROUP).endswith("0 new, 3 updated.\n")
    assert everybody() == before


def test_importing_and_exporting_is_written_down(marsden: Popround, csv: Csv) -> None:
    marsden.well("members", "import", csv(PEOPLE), *GROUP)
    marsden.well("members", "export", *GROUP)

    async def look(tx: Transaction) -> list[object]:
        group = (await groups.every(tx))[0]
        return [row["detail"] for row in await audit.about(tx, "community", group.id)]

    assert within(look) == [{}, {"new": 3, "updated": 0}, {"count": 3, "by": "command"}]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        # name, phone, telegram_id, postcode, roles, can_do, languages, max_km, vetted, consent
        (f"{'x' * 41},07700900125,,,asker,,,,,2026-03-01 x", "name: is longer than 40 letters"),
        ("A,,,,asker,,,,,2026-03-01 x", "phone: there is neither"),
        ("A,0770,,,asker,,,,,2026-03-01 x", 'phone: "0770" is not a whole phone number'),
        ("A,ring me,,,asker,,,,,2026-03-01 x", 'phone: "ring me" is not a phone number'),
        ("A,4.47701E+11,,,asker,,,,,2026-03-01 x", "was cut short by a spreadsheet"),
        ("A,0909 8790000,,,asker,,,,,2026-03-01 x", "costs extra"),
        ("A,+33 6 12 34 56 78,,,asker,,,,,2026-03-01 x", "is a number of FR, and only those of GB"),
        ("A,07797 712345,,,asker,,,,,2026-03-01 x", "is a number of JE, and only those of GB"),
        ("A,,@ana,,asker,,,,,2026-03-01 x", 'telegram_id: "@ana" is not a Telegram id'),
        ("A,,-100,,asker,,,,,2026-03-01 x", "telegram_id: "),
        ("A,07700900125,,HD7 5XX,asker,,,,,2026-03-01 x", 'postcode: "HD7 5XX" is no postcode'),
        (
            "A,07700900125,,,,,,,,2026-03-01 x",
            "roles: is empty; write asker, helper, organiser, safeguarding or deputy",
        ),
        ("A,07700900125,,,king,,,,,2026-03-01 x", 'roles: "king" is not a role'),
        ("A,07700900125,,,helper,fishing,,,,2026-03-01 x", 'can_do: "fishing" is not a need'),
        ("A,07700900125,,,helper,medical,,,,2026-03-01 x", "nothing that neighbours may"),
        ("A,07700900125,,,asker,,xx,,,2026-03-01 x", 'languages: "xx" is not a language'),
        ("A,07700900125,,,asker,,,far,,2026-03-01 x", 'max_km: "far" is not a number'),
        ("A,07700900125,,,asker,,,0.05,,2026-03-01 x", "is not from 0.1 to 50 km"),
        ("A,07700900125,,,asker,,,nan,,2026-03-01 x", "is not from 0.1 to 50 km"),
        ("A,07700900125,,,asker,,,,31/01/2027,2026-03-01 x", "is not a date such as"),
        ("A,07700900125,,,asker,,,,2027-02-30,2026-03-01 x", "is not a date such as"),
        ("A,07700900125,,,asker,,,,,", "consent: is empty"),
        ("A,07700900125,,,asker,,,,,2026-03-01", "consent: "),
        ("A,07700900125,,,asker,,,,,by phone", "consent: "),
        ("A,07700900125,,,asker,,,,,9999-03-01 by phone", "has not come yet"),
        ("A,07700900125,,,asker,,,,,2026-03-01 x,more", "there are 11 cells under 10 columns"),
        ("A,07700 900 123,,,asker,,,,,2026-03-01 x", "is the same person as in line 2"),
    ],
)
def test_a_bad_row_is_told_and_nobody_comes_in(
    popround: Popround, csv: Csv, row: str, words: str
) -> None:
    popround.well("migrate")
    popround.well("groups", "add", GROUP[1], "--postcodes", "HD7")
    said = popround("members", "import", csv(PEOPLE + row + "\n"), *GROUP)
    assert (said.code, said.out) == (1, "")
    first, last = said.err.splitlines()
    assert first.startswith("people.csv, line 5, ")
    assert words in first
    assert last.startswith("Nobody was imported, because of 1 bad row;")
    assert everybody() == []
    said = popround("members", "import", csv(PEOPLE + row + "\n"), *GROUP, "--skip-bad")
    assert said.code == 0
    assert said.out.endswith("3 new, 0 updated.\n1 bad row left out.\n")
    assert words in said.err
    assert len(everybody()) == 3


def test_every_bad_cell_is_told_with_its_own_line(popround: Popround, csv: Csv) -> None:
    popround.well("migrate")
    popround.well("groups", "add", GROUP[1], "--postcodes", "HD7")
    rows = '"Two\r\nlines",07700900123,asker,x\r\n\r\nB,1,king,2026-03-01 x\r\n'
    said = popround("members", "import", csv("name,phone,roles,consent\r\n" + rows), *GROUP)
    starts = [line.rpartition(":")[0].partition(":")[0] for line in said.err.splitlines()[:-1]]
    assert starts == [
        *("people.csv, line 2, consent", "people.csv, line 5, phone"),
        "people.csv, line 5, roles",
    ]
    assert "because of 2 bad rows" in said.err
    only_bad = popround(
        "members", "import", csv("phone,roles,consent\n1,2,3\n"), *GROUP, "--skip-bad"
    )
    assert only_bad.code == 1
    many = "phone,roles,consent\n" + "1,2,3\n" * 50
    assert "... and 130 things more." in popround("members", "import", csv(many), *GROUP).err


@pytest.mark.parametrize(
    "content",
    [
        "name,phone,roles,consent\nSiân,07700900123,asker,2026-03-01 by phone\n".encode("cp1252"),
        b"\xef\xbb\xbf"
        + "name,phone,roles,consent\nSiân,07700900123,asker,2026-03-01 x\n".encode(),
        "name\tphone\troles\tconsent\nSiân\t07700900123\tasker\t2026-03-01 x\n".encode("utf-16"),
        "CONSENT;Roles; Phone ;NAME\r\n2026-03-01 x;Asker;(07700) 900-123;Siân\r\n".encode(),
        "sep=;\r\nname;phone;roles;consent\r\nSiân;+447700900123;ASKER;2026-03-01 x\r\n".encode(),
        "name,phone,roles,consent,notes\rSiân,7700900123,asker,2026-03-01 x,hello\r".encode(),
        'name,phone,roles,consent\nSiân,0044 7700 900123,"asker, asker",2026-03-01 x'.encode(),
    ],
    ids=["windows", "mark", "utf-16", "semicolons", "sep", "mac", "no newline at the end"],
)
def test_a_file_comes_in_however_a_spreadsheet_saved_it(
    popround: Popround, csv: Csv, content: bytes
) -> None:
    popround.well("migrate")
    popround.well("groups", "add", GROUP[1], "--postcodes", "HD7")
    said = popround("members", "import", csv(content), *GROUP)
    assert said.code == 0, said
    (person,) = everybody()
    assert (person.name, person.roles) == ("Siân", {Role.ASKER})
    assert popround.well("members", "export", *GROUP).count("+447700900123") == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04rest", "is a workbook; save it as CSV"),
        (b"\x00\x01\x02", "is not a CSV file"),
        (b"", "does not begin with the names of columns"),
        (b"Dear Sir or Madam,\n", "does not begin with the names of columns"),
        (b"name,phone\nA,07700900123\n", "has no column roles and no column consent"),
        (b"name,roles,consent\n", "has no column phone and no column telegram_id"),
        (b"phone,phone,roles,consent\n", "has two columns named phone"),
        (b"phone,roles,consent\n", "There is nobody in"),
        (b"phone,roles,consent\n" + b"x" * 200_000, "can't be read at line 2"),
        (b"phone,roles,consent\n\x81", "is neither in UTF-8 nor in Windows letters"),
    ],
)
def test_a_file_that_is_none_is_told(
    popround: Popround, csv: Csv, content: bytes, words: str
) -> None:
    said = popround("members", "import", csv(content), *GROUP)
    assert (said.code, said.out) == (1, "")
    assert words in said.complaint


def test_a_file_that_is_not_there_is_told(popround: Popround, tmp_path: Path) -> None:
    assert (
        "gone.csv can't be used: No such file"
        in popround("members", "import", "gone.csv", *GROUP).complaint
    )
    popround.well("migrate")
    popround.well("groups", "add", GROUP[1], "--postcodes", "HD7")
    said = popround("members", "export", *GROUP, "--output", tmp_path)
    assert (said.code, said.out) == (1, "")
    assert "can't be used" in said.complaint


# Who is here already


def test_who_is_here_is_updated_and_the_rest_of_them_stays(marsden: Popround, csv: Csv) -> None:
    marsden.well("members", "import", csv(PEOPLE), *GROUP)
    stopped = datetime(2026, 3, 5, tzinfo=UTC)
    change("Doreen Shaw", stopped_at=stopped, home="12 Carrs Road", visits=7)
    change("Ana, who runs it", standing=Standing.WAITING)
    rows = """\
telegram_id,phone,roles,can_do,consent
,07700900123,asker,,2026-04-01 by letter
123456789,07700 900999,organiser,,2026-04-01 by letter
"""
    said = marsden.well("members", "import", csv(rows), *GROUP)
    assert said.endswith("0 new, 2 updated.\n")
    doreen, ana, _ = everybody()
    assert (doreen.name, doreen.home, doreen.visits) == ("Doreen Shaw", "12 Carrs Road", 7)
    assert doreen.stopped_at == stopped, "an import is no START"
    assert doreen.consent == "2026-04-01 by letter"
    assert (ana.standing, ana.roles) == (Standing.ACTIVE, {Role.ORGANISER})
    assert ana.can_do == frozenset(), "a cell that is empty empties"
    assert (ana.max_km, ana.languages) == (2.5, ("cy", "en")), "a column that is not there doesn't"

    async def numbers(tx: Transaction) -> set[str]:
        return {each.value for each in await members.all_addresses(tx, ana.id)}

    assert within(numbers) == {"123456789", "+447700900999"}


def test_hours_go_out_and_come_back_and_older_files_leave_them_be(
    marsden: Popround, csv: Csv, tmp_path: Path
) -> None:
    marsden.well("members", "import", csv(PEOPLE), *GROUP)
    head, *lines = PEOPLE.splitlines()
    cells = ["", '"Mon-Fri 9:00-12:00, Sat"', ""]
    with_hours = "\n".join(
        [f"{head},hours", *(f"{a},{b}" for a, b in zip(lines, cells, strict=True))]
    )
    marsden.well("members", "import", csv(with_hours), *GROUP)
    kept = [person.hours for person in everybody()]
    assert [written(each) for each in kept] == ["", "mon-fri 09:00-12:00; sat", ""]
    marsden.well("members", "import", csv(PEOPLE), *GROUP)
    assert [person.hours for person in everybody()] == kept
    out = tmp_path / "out.csv"
    marsden.well("members", "export", *GROUP, "--output", out)
    change("Ana, who runs it", hours=())
    marsden.well("members", "import", out, *GROUP)
    assert [person.hours for person in everybody()] == kept


def test_an_empty_postcode_leaves_a_shared_place(popround: Popround, csv: Csv) -> None:
    popround.well("migrate")
    popround.well("groups", "add", GROUP[1], "--postcodes", "HD7")
    popround.well("members", "import", csv(PEOPLE), *GROUP)
    change("Doreen Shaw", postcode="", cell=123, area="HD7 5")
    before = everybody()
    out = popround.well("members", "export", *GROUP)
    popround.well("members", "import", csv(out), *GROUP)
    assert everybody() == before


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("07700900123,123456789", "telegram_id: belongs to somebody else than the phone number"),
        ("07700900777,", "phone: belongs to somebody in another group"),
        ("07700900888,", "phone: belongs to somebody who left"),
    ],
)
def test_nobody_is_taken_over(marsden: Popround, csv: Csv, row: str, words: str) -> None:
    marsden.well("members", "import", csv(PEOPLE), *GROUP)
    marsden.well("groups", "add", "Elsewhere", "--postcodes", "HD9")
    head = "phone,telegram_id,roles,consent,name\n"
    marsden.well(
        *("members", "import", csv(f"{head}07700900777,,asker,2026-03-01 x,Else\n")),
        *("--group", "Elsewhere"),
    )
    marsden.well("members", "import", csv(f"{head}07700900888,,asker,2026-03-01 x,Left\n"), *GROUP)
    change("Left", standing=Standing.LEFT)
    said = marsden("members", "import", csv(f"{head}{row},asker,2026-03-01 x,New\n"), *GROUP)
    assert said.code == 1
    assert words in said.err


def test_who_would_come_back_as_somebody_else_does_not_go_out(popround: Popround, csv: Csv) -> None:
    popround.well("migrate")
    popround.well("groups", "add", GROUP[1], "--postcodes", "HD7")
    popround.well("members", "import", csv(PEOPLE), *GROUP)
    change("Doreen Shaw", stopped_at=datetime(2026, 3, 5, tzinfo=UTC))
    change("=SUM(A1)", standing=Standing.WAITING)
    said = popround("members", "export", *GROUP)
    assert len(said.out.splitlines()) == 2
    assert said.complaint.startswith("2 people left out, who are still joining, have left or")


def test_helpers_who_can_not_be_asked_are_told_of(popround: Popround, csv: Csv) -> None:
    popround.well("migrate")
    popround.well("groups", "add", GROUP[1], "--postcodes", "HD7")
    head = "name,phone,roles,consent,can_do,postcode\n"
    rows = "A,07700900123,helper,2026-03-01 x,any,\nB,07700900124,helper,2026-03-01 x,any,HD7 5AB\n"
    said = popround("members", "import", csv(head + rows), *GROUP)
    assert said.complaint.startswith("1 helper has no postcode or nothing in can_do")


def test_thousands_of_people_come_in_and_go_out(marsden: Popround, csv: Csv) -> None:
    """More than are ever handed to the database at a time."""
    head = "name,phone,postcode,roles,can_do,consent\n"
    rows = (
        f"Somebody {n},07{400_000_000 + n},HD7 5AB,helper,any,2026-03-01 by phone\n"
        for n in range(5_500)
    )
    file = csv(head + "".join(rows))
    said = marsden.well("members", "import", file, *GROUP)
    assert said.startswith("5,500 people imported")
    out = marsden.well("members", "export", *GROUP)
    assert len(out.splitlines()) == 5_501
    assert marsden.well("members", "import", csv(out), *GROUP).endswith("0 new, 5,500 updated.\n")
