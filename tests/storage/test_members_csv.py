"""Rows of a spreadsheet: what was written reads back equal, and runs in no spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage import hours
from storage.members_csv import (
    COLUMNS,
    FORMULA,
    LONGEST_NAME,
    MemberRow,
    guarded,
    read_members,
    row_of,
    unguarded,
    write_members,
)
from storage.model import NEIGHBOURLY, Address, Channel, Member, Need, Role, Standing, Vetting

TODAY = date(2026, 6, 1)

# Not NUL, which no text that came in holds (`bot.channels.base.storable`), nor halves of surrogate
# pairs, which are no letters.
letters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
nasty = st.sampled_from(
    [*"=+-@'\"\t\r\n,; ", "\r\n", "\u2028", "\x85", "\ufeff", "ŵ", "😀", "cmd|"]
)
names = st.lists(letters | nasty, max_size=12).map("".join).map(lambda name: name[:LONGEST_NAME])
days = st.dates(date(2000, 1, 1), TODAY)
plain = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=30)

agreed = st.tuples(days, plain).map(lambda both: f"{both[0].isoformat()} {both[1]}")

rows = st.builds(
    MemberRow,
    name=names.filter(lambda name: not name or name.strip()),
    phone=st.integers(0, 999).map(lambda n: f"+447700900{n:03}"),
    telegram_id=st.just("") | st.integers(1, 2**52 - 1).map(str),
    postcode=st.sampled_from(["", "HD7 5AB", "BT7 1NN"]),
    roles=st.frozensets(st.sampled_from(Role), min_size=1),
    can_do=st.frozensets(st.sampled_from(NEIGHBOURLY)),
    languages=st.lists(st.sampled_from(["en", "cy", "pl"]), unique=True).map(tuple),
    max_km=st.none() | st.floats(0.1, 50),
    vetted_until=st.none() | st.dates(date(1900, 1, 1)),
    vetting=st.none() | st.sampled_from(Vetting),
    consent=agreed,
    appeals=st.just("") | agreed,
    hours=st.sampled_from(["", "", "mon-fri 09:00-12:00; sat", "sun 21:00-02:00"]).map(hours.read),
)


@given(st.lists(rows, min_size=1, max_size=5))
@example(
    [MemberRow("=1+1", "+447700900123", roles=frozenset({Role.ASKER}), consent="2026-01-01 x")]
)
def test_what_was_written_reads_back_equal(written: list[MemberRow]) -> None:
    text = write_members(written)
    for data in (text.encode(), text.encode("utf-8-sig")):
        sheet = read_members(data, TODAY)
        assert sheet.bad == []
        assert sheet.rows == written
    assert write_members(sheet.rows) == text


@given(st.lists(rows, min_size=1, max_size=3))
def test_no_cell_is_run_by_a_spreadsheet(written: list[MemberRow]) -> None:
    for cells in csv.reader(io.StringIO(write_members(written), newline="")):
        assert not any(cell.startswith(FORMULA) for cell in cells)


@given(st.lists(letters | nasty, max_size=8).map("".join))
def test_a_guard_comes_off_again(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("'t Hooft", "'t Hooft"),  # an apostrophe of somebody's own
        ("'+44 7700 900123", "+44 7700 900123"),
        ("''=x", "'=x"),
        ("  Doreen ", "Doreen"),
        ("' Doreen", " Doreen"),
    ],
)
def test_what_was_typed_by_hand_is_tidied(cell: str, value: str) -> None:
    assert unguarded(cell) == value


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    text = 'sep=;\nname;phone;roles;consent\n"a\nb";x;asker;2026-01-01 x\n;y;asker;2026-01-01 x\n'
    assert [bad.line for bad in read_members(text.encode(), TODAY).bad] == [3, 5]


def test_a_member_goes_out_by_their_first_number_and_main_language() -> None:
    member = Member(
        1,
        1,
        Standing.ACTIVE,
        name="Ana",
        language="cy",
        languages=("en", "cy"),
        roles=frozenset({Role.HELPER}),
        can_do=frozenset({Need.LIFT}),
        consent="2026-01-01 x",
    )
    at = [Address(Channel.SMS, "+447700900123"), Address(Channel.SMS, "+447700900124")]
    row = row_of(member, at)
    assert (row.phone, row.telegram_id, row.languages) == ("+447700900123", "", ("cy", "en"))
    assert row.max_km == 3.0


def test_hours_are_a_column_of_their_own_where_anybody_has_them() -> None:
    rosa = MemberRow("Rosa", "+447700900123", roles=frozenset({Role.ASKER}), consent="2026-01-01 x")
    sam = replace(rosa, name="Sam", hours=hours.read("mon-fri 09:00-12:00; sat"))
    without, with_hours = write_members([rosa]), write_members([rosa, sam])
    assert without.splitlines()[0] == ",".join(COLUMNS)
    assert with_hours.splitlines()[0] == ",".join([*COLUMNS, "hours"])
    assert '"mon-fri 09:00-12:00; sat"' in with_hours
    assert "hours" not in read_members(without.encode(), TODAY).columns
    bad = with_hours.replace("09:00-12:00", "nine to noon").encode()
    (cell,) = read_members(bad, TODAY).bad
    assert (cell.line, cell.column) == (3, "hours")
    assert "write mon-fri 09:00-12:00; sat" in cell.reason
