"""What the commands do, on both databases where they touch one."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from bot.__main__ import main
from bot.commands import terminal
from bot.commands.database import ready, version_problem
from bot.commands.terminal import run
from bot.settings import load
from storage import audit, due, groups, members
from storage.database import Transaction, open_database
from storage.migrations import HEAD
from storage.model import DueKind, Role
from storage.vault import Vault
from tests.bot.command import (
    KEY,
    TOKEN,
    Popround,
    spawned,
    subprocess_environment,
    tiny_telegram,
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'popround.db'}"
    made: str = request.getfixturevalue("new_database")("command")
    return made


@pytest.fixture
def popround(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Popround:
    """The command in an empty folder, with a key and nothing else."""
    for name in list(os.environ):
        if name.startswith("POPROUND_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("POPROUND_SECRET_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    return Popround(capfd)


@pytest.fixture
def migrated(popround: Popround, url: str, monkeypatch: pytest.MonkeyPatch) -> Popround:
    monkeypatch.setenv("POPROUND_DATABASE_URL", url)
    popround.well("migrate")
    return popround


@pytest.fixture
def marsden(migrated: Popround) -> Popround:
    migrated.well("groups", "add", "Marsden Neighbours", "--postcodes", "HD7,HD8")
    return migrated


def kept(look: object) -> object:
    """What a function finds in the database."""

    async def work() -> object:
        async with ready(load()) as database, database.transaction() as tx:
            return await look(tx)  # type: ignore[operator]

    return run(work())


# The database


def test_migrating_twice_is_fine(migrated: Popround) -> None:
    assert migrated.well("migrate") == f"The database is up to date (version {HEAD}).\n"


def test_a_newer_database_is_refused_in_a_sentence(migrated: Popround) -> None:
    set_version("9999")
    newer = "The database is newer (version 9999; this Popround is made for "
    for call in (("serve",), ("migrate",), ("groups", "list")):
        said = migrated(*call)
        assert said.code == 1
        assert said.complaint.startswith(newer)
    said = migrated("check")
    assert said.code == 1
    assert newer in said.out


def test_a_database_that_was_never_set_up_is_refused_in_a_sentence(
    popround: Popround, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POPROUND_DATABASE_URL", url)
    for call in (("serve",), ("groups", "list"), ("invite", "--group", "A", "--role", "helper")):
        assert popround(*call).complaint == (
            "The database has not been set up yet; run `popround migrate`."
        )


def test_an_older_database_is_told_of(migrated: Popround, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.migrations.HEAD", "0099")

    async def problem() -> str | None:
        database = open_database(load().database_url, Vault(KEY))
        try:
            return await version_problem(database)
        finally:
            await database.close()

    assert run(problem()) == (
        "The database is older (version 0001; this Popround is made for 0099); "
        "run `popround migrate`."
    )


def set_version(version: str) -> None:
    async def work() -> None:
        database = open_database(load().database_url, Vault(KEY))
        async with database.engine.begin() as connection:
            await connection.exec_driver_sql(
                f"UPDATE alembic_version SET version_num = '{version}'"
            )
        await database.close()

    run(work())


def test_a_server_that_is_not_there_is_told_in_a_sentence(
    popround: Popround, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POPROUND_DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/popround")
    for call in (("migrate",), ("serve",), ("groups", "list")):
        said = popround(*call)
        assert said.code == 1
        assert said.complaint.startswith("The database can't be reached;")
    said = popround("check")
    assert "The database can't be reached" in said.out
    assert "secret" not in said.out


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("sqlite:///nowhere/popround.db", "nowhere for the database isn't there"),
        ("sqlite:///folder", "folder is a folder"),
        ("sqlite:///text.db", "is not a database"),
        ("postgresql://me:x@127.0.0.1:port/popround", "POPROUND_DATABASE_URL can't be read"),
    ],
)
def test_a_database_url_that_leads_nowhere_is_told_in_a_sentence(
    address: str,
    words: str,
    popround: Popround,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.db").write_text("Dear Sir or Madam, " * 100)
    monkeypatch.setenv("POPROUND_DATABASE_URL", address)
    for call in (("migrate",), ("groups", "list"), ("serve",)):
        said = popround(*call)
        assert (said.code, said.out) == (1, "")
        assert words in said.complaint
    said = popround("check")
    assert (said.code, said.err) == (1, "")
    assert words in said.out


def test_a_locked_database_is_told_in_a_sentence(
    popround: Popround, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import sqlite3

    monkeypatch.setattr("storage.line_sqlite.BUSY_SECONDS", 0.1)
    popround.well("migrate")
    other = sqlite3.connect(tmp_path / "popround.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    said = popround("groups", "list")
    assert (said.code, said.complaint) == (
        1,
        "Another program is busy with the database; try again in a minute.",
    )
    other.close()


def test_another_key_is_refused_before_anything_is_doubled(
    marsden: Popround, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "one.csv"
    file.write_text("name,phone,roles,consent\nAna,07700 900123,organiser,2026-03-01 by phone\n")
    marsden.well("members", "import", file, "--group", "Marsden Neighbours")
    monkeypatch.setenv("POPROUND_SECRET_KEY", KEY.upper())
    for call in (("serve",), ("members", "import", file, "--group", "Marsden Neighbours")):
        assert marsden(*call).complaint.startswith("The database was made with another")
    assert "The database was made with another POPROUND_SECRET_KEY" in marsden("check").out
    monkeypatch.setenv("POPROUND_SECRET_KEY", "short")
    assert "at least 32 characters" in marsden("serve").complaint


# Groups


def test_groups_are_added_and_shown(migrated: Popround) -> None:
    said = migrated.well(
        *("groups", "add", " Marsden  Neighbours "),
        *("--postcodes", "hd7, hd8 0;HD7"),
        *("--languages", "en,cy", "--timezone", "Europe/Dublin", "--approve-helpers"),
    )
    assert said.startswith("Marsden Neighbours is ready, for HD7 and HD8 0.\n")
    found = kept(lambda tx: groups.by_name(tx, "MARSDEN neighbours"))
    assert (found.postcodes, found.languages, found.timezone, found.approve_helpers) == (  # type: ignore[attr-defined]
        ("HD7", "HD8 0"),
        ("en", "cy"),
        "Europe/Dublin",
        True,
    )
    lines = migrated.well("groups", "list").splitlines()
    assert lines[1].split("\t") == [
        *("Marsden Neighbours", "HD7, HD8 0", "Europe/Dublin", "en, cy", "an organiser"),
        *("0", "0", "0", "08:00", "1,000 parts of texts a day (the usual)"),
        *("0", "0", "none"),
    ]


def test_a_group_chooses_what_a_helper_must_be_vetted_for(migrated: Popround) -> None:
    migrated.well("groups", "add", "Marsden", "--postcodes", "HD7")
    said = migrated.well("groups", "vetting", "company=enhanced; lift=basic", "--group", "Marsden")
    assert "who helps with company (enhanced) and lift (basic) must be vetted" in said
    listed = migrated.well("groups", "list").splitlines()[1].split("\t")
    assert listed[-1] == "company: enhanced, lift: basic"
    wrong = migrated("groups", "vetting", "company=much", "--group", "Marsden")
    assert wrong.code == 2
    assert "levels: basic, standard, enhanced" in wrong.err
    assert "nobody needs to be vetted" in migrated.well(
        "groups", "vetting", "none", "--group", "Marsden"
    )


def test_the_hour_of_the_daily_note_is_the_groups_choice(migrated: Popround) -> None:
    def coming() -> datetime | None:
        found = kept(lambda tx: due.of(tx, 1, DueKind.NOTE))
        return found[0].at if found else None  # type: ignore[index]

    make = ("groups", "add", "Marsden", "--postcodes", "HD7", "--timezone", "Etc/UTC")
    migrated.well(*make, "--note-at", "7pm")
    first = coming()
    assert first is not None
    assert (first.hour, first.minute) == (19, 0)
    assert "at 09:30" in migrated.well("groups", "note", "9.30", "--group", "marsden")
    second = coming()
    assert second is not None
    assert (second.hour, second.minute) == (9, 30)
    assert "no daily note" in migrated.well("groups", "note", "off", "--group", "Marsden")
    assert coming() is None
    assert migrated.well("groups", "list").splitlines()[1].split("\t")[8] == "off"
    assert migrated("groups", "note", "whenever", "--group", "Marsden").code == 2


def test_what_a_group_may_send_in_a_day_is_its_choice(
    migrated: Popround, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POPROUND_PRICE_PER_SEGMENT", "4.5")
    migrated.well("groups", "add", "Marsden", "--postcodes", "HD7", "--daily-cap", "300")
    choose = ("groups", "cap", "--group", "marsden")
    for said, words in (
        ("500", "500 parts of texts a day, which cost 22.50 pounds."),
        ("off", "as many texts a day as it likes."),
        ("usual", "1,000 parts of texts a day, which cost 45.00 pounds (the usual)."),
    ):
        assert words in migrated.well(*choose, said).replace("\n", " ")
    for wrong in ("many", "0", "-5", "12345678"):
        assert migrated(*choose, "--", wrong).code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("A", "--postcodes", "ZZ9"), "ZZ9 is no postcode district or sector"),
        (("A", "--postcodes", "HD7,XX"), "XX is no postcode district or sector"),
        (("A", "--postcodes", "HD7 5AB"), "give its district (HD7) or its sector (HD7 5)"),
        (("A", "--postcodes", ","), "at least one postcode district"),
        (("A", "--postcodes", "HD7", "--timezone", "Europe/Hudders"), "no time zone"),
        (("A", "--postcodes", "HD7", "--timezone", "../etc/passwd"), "no time zone"),
        (("A", "--postcodes", "HD7", "--languages", "english"), "english is no language's"),
        (("A", "--postcodes", "HD7", "--languages", "xx"), "xx is no language's"),
        (("A", "--postcodes", "HD7", "--languages", ""), "at least one language"),
        ((" ", "--postcodes", "HD7"), "a group needs a name"),
        (("A" * 41, "--postcodes", "HD7"), "40 letters at most"),
    ],
)
def test_a_group_that_can_not_be_is_refused(
    popround: Popround, arguments: tuple[str, ...], words: str
) -> None:
    popround.well("migrate")
    said = popround("groups", "add", *arguments)
    assert (said.code, said.out) == (2, "")
    assert words in said.complaint


def test_a_name_is_given_once(marsden: Popround) -> None:
    said = marsden("groups", "add", "MARSDEN NEIGHBOURS", "--postcodes", "HD9")
    assert (said.code, said.complaint) == (
        1,
        'There is a group named "MARSDEN NEIGHBOURS" already.',
    )


def test_a_language_without_words_is_allowed_with_a_warning(popround: Popround) -> None:
    popround.well("migrate")
    said = popround("groups", "add", "A", "--postcodes", "HD7", "--languages", "en,pl")
    assert said.code == 0
    assert "no words in pl yet" in said.err


def test_no_group_yet_is_said(popround: Popround) -> None:
    popround.well("migrate")
    said = popround("groups", "list")
    assert (said.code, said.out) == (0, "")
    assert "no group yet" in said.err


# Invitations


@pytest.mark.parametrize("role", ["organiser", "helper"])
def test_a_code_is_good_once_for_seven_days(marsden: Popround, role: str) -> None:
    said = marsden.well("invite", "--group", "Marsden Neighbours", "--role", role)
    code = re.search(r"^    (\S+)$", said, re.MULTILINE)[1]  # type: ignore[index]
    assert f"becomes an {role}" in said or f"becomes a {role}" in said

    async def spend(tx: Transaction) -> list[object]:
        now = datetime.now(UTC)
        ana = await members.add(tx, _somebody((await groups.every(tx))[0].id))
        squeezed = groups.as_code(code)
        assert squeezed
        late = await groups.use_invite(tx, squeezed, ana.id, now + timedelta(days=8))
        return [late, *[await groups.use_invite(tx, squeezed, ana.id, now) for _ in range(2)]]

    late, first, second = kept(spend)  # type: ignore[misc]
    assert (late, first[1], second) == (None, Role(role), None)  # type: ignore[index]


def _somebody(community_id: int) -> members.Member:
    return members.Member(0, community_id, members.Standing.ACTIVE, consent="2026-03-01 by phone")


def test_a_code_comes_without_telegram_too(
    marsden: Popround, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POPROUND_TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("POPROUND_TELEGRAM_API_URL", "http://127.0.0.1:1")
    said = marsden.well("invite", "--group", "Marsden Neighbours", "--role", "helper")
    assert "press Start, and send it the code" in said


def test_a_group_that_there_is_not_is_told_with_those_that_there_are(marsden: Popround) -> None:
    said = marsden("invite", "--group", "Marsdon", "--role", "helper")
    assert (said.code, said.complaint) == (
        1,
        'There is no group named "Marsdon"; there is "Marsden Neighbours".',
    )


def test_what_was_done_is_written_down(marsden: Popround) -> None:
    marsden.well("invite", "--group", "Marsden Neighbours", "--role", "helper")

    async def look(tx: Transaction) -> list[str]:
        group = (await groups.every(tx))[0]
        return [row["action"] for row in await audit.about(tx, "community", group.id)]

    assert kept(look) == ["groups.add", "invite"]


def test_all_is_well_once_there_is_an_organiser(
    marsden: Popround, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "one.csv"
    file.write_text("name,phone,roles,consent\nAna,07700 900123,organiser,2026-03-01 by phone\n")
    marsden.well("members", "import", file, "--group", "Marsden Neighbours")
    with tiny_telegram() as telegram:
        monkeypatch.setenv("POPROUND_TELEGRAM_TOKEN", TOKEN)
        monkeypatch.setenv("POPROUND_TELEGRAM_API_URL", telegram)
        said = marsden.well("check")
        assert "Marsden Neighbours has 1." in said
        assert "TO DO" not in said
        # It can work like that, and asks for somebody who hears of worries.
        assert "has nobody for safeguarding: a worry goes to its organisers." in said
        assert 'popround invite --group "Marsden Neighbours" --role safeguarding' in said
        more = "Jo,07700 900124,safeguarding,2026-03-01 by phone\n"
        file.write_text("name,phone,roles,consent\n" + more)
        marsden.well("members", "import", file, "--group", "Marsden Neighbours")
        said = marsden.well("check")
        assert "one person for safeguarding: who hears of a worry about them?" in said
        assert "--role deputy" in said
        file.write_text("name,phone,roles,consent\n" + more.replace("124,safeg", "125,safeg"))
        marsden.well("members", "import", file, "--group", "Marsden Neighbours")
        assert "Marsden Neighbours has 2 people." in marsden.well("check")
        # A webhook that is not set yet is no reason not to start: starting sets it.
        monkeypatch.setenv("POPROUND_PUBLIC_URL", "https://popround.example")
        monkeypatch.setenv("POPROUND_TELEGRAM_WEBHOOK_SECRET", "s")
        said = marsden.well("check")
        assert "soon   " in said
        assert "Telegram does not send to this bot yet." in said


# Places

ONSPD = (
    "pcds,doterm,ctry,lat,long\n"
    "BT7 1NN,,N92000002,54.584,-5.935\n"
    "BT1 1AA,199606,N92000002,54.602,-5.92\n"
    "BT7 1XX,,N92000002,north,-5.92\n"
)


def test_places_are_imported_and_a_group_can_be_there(marsden: Popround, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "onspd.zip", "w") as archive:
        archive.writestr("Data/ONSPD.csv", ONSPD)
    said = marsden("places", "import", tmp_path / "onspd.zip")
    assert said.code == 0
    assert said.out.splitlines() == [
        "1 place imported from onspd.zip.",
        "1 row left out: terminated.",
        "1 bad row left out.",
    ]
    assert "ONSPD.csv, line 4: " in said.complaint
    marsden.well("groups", "add", "Belfast", "--postcodes", "bt7")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.csv", None, "There is no file gone.csv."),
        ("letter.csv", "Dear Sir or Madam", "is not a Code-Point Open, ONSPD, NSPL or GeoNames"),
        ("ended.csv", "".join(ONSPD.splitlines(keepends=True)[::2]), "Nothing could be read"),
    ],
)
def test_a_file_without_places_is_told(
    popround: Popround, tmp_path: Path, name: str, content: str | None, words: str
) -> None:
    popround.well("migrate")
    if content is not None:
        (tmp_path / name).write_text(content)
    said = popround("places", "import", name)
    assert (said.code, said.out) == (1, "")
    assert words in said.complaint


# Understanding


@pytest.fixture
def meanings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, datetime]]:
    """What was asked of a stand-in for the rules, which have tests of their own."""
    asked = []

    def understand(text: str, now: datetime, **_: object) -> SimpleNamespace:
        asked.append((text, now))
        return SimpleNamespace(
            intent="ask",
            need=None,
            emergency=False,
            date=date(2026, 3, 2),
            part="morning",
            postcode=None,
            for_other=False,
            language="cy",
            confidence=0.5,
        )

    fake = ModuleType("understanding")
    fake.understand = understand  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "handlers.rules.understanding", fake)
    return asked


class Piped(io.TextIOWrapper):
    def __init__(self, given: bytes) -> None:
        super().__init__(io.BytesIO(given))


def test_each_line_gets_its_answer_whatever_is_in_it(
    popround: Popround, meanings: list[tuple[str, datetime]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        b"\xef\xbb\xbfmilk please\r\n",
        b"\n",
        b"caf\xe9\xff\x00\n",
        b'{"text": "bread", "now": "2026-02-01T10:00"}\n',
        b'{"text": "bread", "now": "2026-07-01T10:00Z"}\n',
        b'{"text": "no time"}\n',
        b'{"words": "not ours"}\n',
        b"{smile}\n",
        b"\xf0\x9f\x98\x80 two\xe2\x80\xa8lines",
    ]
    monkeypatch.setattr(sys, "stdin", Piped(b"".join(lines)))
    out = popround.well("understand", "--now", "2026-03-01T09:30")
    answers = [json.loads(line) for line in out.splitlines()]
    assert len(answers) == len(lines)
    assert answers[0] == {
        "intent": "ask",
        "need": None,
        "emergency": False,
        "date": "2026-03-02",
        "part": "morning",
        "postcode": None,
        "for_other": False,
        "language": "cy",
        "confidence": 0.5,
    }
    said = [(text, now.isoformat()) for text, now in meanings]
    march = "2026-03-01T09:30:00+00:00"
    assert said == [
        ("milk please", march),
        ("", march),
        ("caf��\x00", march),
        ("bread", "2026-02-01T10:00:00+00:00"),
        ("bread", "2026-07-01T11:00:00+01:00"),
        ("no time", march),
        ('{"words": "not ours"}', march),
        ("{smile}", march),
        ("😀 two\u2028lines", march),
    ]


def test_a_time_that_is_none_stops_the_reading_at_its_line(
    popround: Popround, meanings: list[tuple[str, datetime]], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = b'milk\n{"text": "bread", "now": "teatime"}\n'
    monkeypatch.setattr(sys, "stdin", Piped(given))
    said = popround("understand")
    assert (said.code, len(said.out.splitlines())) == (1, 1)
    assert said.complaint.startswith('Line 2 of what was read: "teatime" is no time')


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    ran = subprocess.run(
        [
            "/bin/sh",
            "-c",
            f'yes milk | head -20000 | "{sys.executable}" -m bot understand | head -1',
        ],
        cwd=tmp_path,
        env=subprocess_environment(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert json.loads(ran.stdout)["need"] == "shopping"
    assert ran.stderr == b""


def test_the_real_rules_are_asked(tmp_path: Path) -> None:
    said = spawned(
        tmp_path,
        *("understand", "--now", "2026-03-01T09:30"),
        given=b"can someone get me some milk tomorrow morning HD7 5AB\n",
    )
    answer = json.loads(said.out)
    assert (answer["intent"], answer["need"]) == ("ask", "shopping")
    assert (answer["date"], answer["part"], answer["postcode"]) == (
        *("2026-03-02", "morning"),
        "HD7 5AB",
    )
    assert 0 <= answer["confidence"] <= 1


# How it is said


def test_what_nobody_foresaw_is_one_sentence_too(
    popround: Popround, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> int:
        raise KeyError("surprise")

    monkeypatch.setattr("bot.commands.check.check", fail)
    said = popround("check")
    assert (said.code, said.out) == (1, "")
    assert said.complaint.startswith("Something went wrong that nobody foresaw (KeyError);")
    monkeypatch.setenv("POPROUND_LOG_LEVEL", "DEBUG")
    with pytest.raises(KeyError):
        main(["check"])


def test_a_full_disk_is_told_in_a_sentence(
    popround: Popround, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill() -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bot.commands.check.check", fill)
    assert popround("check").complaint == "It could not be written: No space left on device."


def test_being_interrupted_is_said(popround: Popround, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.commands.check.check", stop)
    said = popround("check")
    assert (said.code, said.complaint) == (1, "Stopped.")


def test_a_bar_shows_on_a_terminal_after_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import time

    monkeypatch.setattr(terminal, "SLOW_SECONDS", 0.05)
    for is_terminal, shown in ((False, False), (True, True)):
        monkeypatch.setattr(sys.stderr, "isatty", lambda answer=is_terminal: answer, raising=False)
        monkeypatch.setenv("TERM", "xterm")
        with terminal.progress("Importing", total=2) as step:
            step(1)
            time.sleep(0.3)
        assert ("Importing" in capsys.readouterr().err) is shown
