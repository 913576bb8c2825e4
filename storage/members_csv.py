"""People in a spreadsheet: what a row says, and how a person is written as one.

What was written reads back equal. A spreadsheet runs a cell that begins with = + - or @ as a
formula (owasp.org/www-community/attacks/CSV_Injection), and phone numbers begin with +, so such
cells are guarded by an apostrophe, which is taken off again when they are read.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

import phonenumbers
from babel.localedata import exists as known_language

from storage import hours, numbers
from storage.model import NEIGHBOURLY, Address, Channel, Hours, Member, Need, Role, Vetting

T = TypeVar("T")

COLUMNS = (
    *("name", "phone", "telegram_id", "postcode", "roles"),
    *("can_do", "languages", "max_km", "vetted_until", "consent"),
)
MORE = ("appeals", "hours", "vetting")
"""Columns that are read where they are there, and written where anybody has something in them."""
NEEDED = ("roles", "consent")
"""Columns without which every row would be bad; and `phone` or `telegram_id`."""

LONGEST_NAME = 40
"""Characters, as in `handlers/rules/names.py`: a text with a longer name would cost two."""
LONGEST_CONSENT = 200
LEAST_KM, MOST_KM = 0.1, 50.0

REGION = "GB"
"""Whose way of writing phone numbers is meant where there is no +44."""

SEPARATORS = ",;\t"
FOR_TESTS = "+447700900"
"""Mobile numbers that Ofcom keeps for films and tests, and that no list has (ofcom.org.uk, numbers
for use in TV and radio drama programmes)."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
GUARD = "'"


class NotMembersError(Exception):
    """The file is none that people can be read from; the message is one plain sentence."""


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One person, as a row says it."""

    name: str = ""
    phone: str = ""
    """E.164."""
    telegram_id: str = ""
    postcode: str = ""
    roles: frozenset[Role] = frozenset()
    can_do: frozenset[Need] = frozenset()
    languages: tuple[str, ...] = ()
    """The first is the one they are written to in."""
    max_km: float | None = None
    vetted_until: date | None = None
    consent: str = ""
    appeals: str = ""
    """The same for appeals; empty: they get none."""
    hours: Hours = ()
    vetting: Vetting | None = None
    """How thoroughly they were vetted; none where only a day is known."""
    line: int = field(default=0, compare=False)

    @property
    def addresses(self) -> tuple[Address, ...]:
        both = ((Channel.TELEGRAM, self.telegram_id), (Channel.SMS, self.phone))
        return tuple(Address(channel, value) for channel, value in both if value)


@dataclass(frozen=True, slots=True)
class BadCell:
    """Something in a row that can't be used."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.reason}."


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file of members holds."""

    rows: list[MemberRow]
    """The good ones."""
    bad: list[BadCell]
    columns: frozenset[str]
    """Those of `COLUMNS` and `MORE` that it has."""
    others: list[str]
    """Its other columns, which nothing is done with."""


def read_members(data: bytes, today: date, countries: tuple[str, ...] = numbers.USUAL) -> Sheet:
    """The people in a CSV file, however a spreadsheet saved it.

    UTF-8 with or without a mark, UTF-16 with one, or Windows-1252; commas, semicolons or tabs; the
    header in any order and case. Nobody consents after `today`, and a phone number is one of
    these `countries`.

    Raises:
        NotMembersError: if there is no telling who is in it.
    """
    text = _decoded(data)
    skipped = 0
    if match := re.match(r"sep=(.)\r?\n", text):  # what Excel writes for itself
        text, skipped = text[match.end() :], 1
    separator = max(SEPARATORS, key=lambda each: len(set(_head(text, each)) & set(COLUMNS)))
    head = _head(text, separator)
    _check_head(head)
    sheet = Sheet([], [], frozenset(head) & frozenset(COLUMNS + MORE), [])
    sheet.others.extend(name for name in head if name and name not in COLUMNS + MORE)
    first = True
    for line, cells in _records(text, separator):
        if first or not any(cell.strip() for cell in cells):
            first = False
            continue
        if len(cells) > len(head) and any(cell.strip() for cell in cells[len(head) :]):
            reason = f"there are {len(cells)} cells under {len(head)} columns"
            sheet.bad.append(BadCell(line + skipped, "the row", reason))
            continue
        named = dict(zip(head, cells, strict=False))
        row = _row(line + skipped, named, today, countries, sheet.bad)
        if row:
            sheet.rows.append(row)
    return sheet


def write_members(rows: Iterable[MemberRow]) -> str:
    """The same people as a CSV file: what `read_members` reads back equal."""
    rows = list(rows)
    more = [name for name in MORE if any(getattr(row, name) for row in rows)]
    file = io.StringIO(newline="")
    file.write(",".join([*COLUMNS, *more]) + "\r\n")
    # All in quotes, so that a spreadsheet that splits at other signs does not split a cell.
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in rows:
        cells = (*_cells(row), *(_more_cells(row)[name] for name in more))
        writer.writerow([guarded(cell) for cell in cells])
    return file.getvalue()


def row_of(member: Member, at: Sequence[Address]) -> MemberRow:
    """A member as a row; of several numbers the first."""
    first = {address.channel: address.value for address in reversed(at)}
    others = tuple(each for each in member.languages if each != member.language)
    return MemberRow(
        name=member.name,
        phone=first.get(Channel.SMS, ""),
        telegram_id=first.get(Channel.TELEGRAM, ""),
        postcode=member.postcode,
        roles=member.roles,
        can_do=member.can_do,
        languages=(member.language, *others),
        max_km=member.max_km,
        vetted_until=member.vetted_until,
        consent=member.consent,
        appeals=member.appeals,
        hours=member.hours,
        vetting=member.vetting,
    )


def guarded(cell: str) -> str:
    """The cell, so that no spreadsheet runs it and none trims it."""
    return GUARD + cell if _needs_guard(cell) else cell


def unguarded(cell: str) -> str:
    """The cell as it was before `guarded`; without blanks around it if it was typed by hand."""
    if cell.startswith(GUARD) and _needs_guard(cell[1:]):
        return cell[1:]
    return cell.strip()


def _needs_guard(cell: str) -> bool:
    if cell.startswith(FORMULA) or cell != cell.strip():
        return True
    return cell.startswith(GUARD) and _needs_guard(cell[1:])


def _cells(row: MemberRow) -> tuple[str, ...]:
    can_do = "any" if row.can_do == set(NEIGHBOURLY) else _joined(row.can_do, NEIGHBOURLY)
    km = "" if row.max_km is None else repr(row.max_km).removesuffix(".0")
    return (
        *(row.name, row.phone, row.telegram_id, row.postcode, _joined(row.roles, Role), can_do),
        ";".join(row.languages),
        *(km, row.vetted_until.isoformat() if row.vetted_until else "", row.consent),
    )


def _more_cells(row: MemberRow) -> dict[str, str]:
    return {
        "appeals": row.appeals,
        "hours": hours.written(row.hours),
        "vetting": row.vetting.value if row.vetting else "",
    }


def _joined(some: frozenset[T], order: Iterable[T]) -> str:
    return ";".join(str(each) for each in order if each in some)


# The file


def _decoded(data: bytes) -> str:
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise NotMembersError("is a workbook; save it as CSV from your spreadsheet")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if b"\0" in data:
        raise NotMembersError("is not a CSV file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        raise NotMembersError("is neither in UTF-8 nor in Windows letters") from None


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line that it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    began = 1
    try:
        for cells in reader:
            yield began, cells
            began = reader.line_num + 1
    except csv.Error as error:
        raise NotMembersError(f"can't be read at line {began} ({error})") from None


def _head(text: str, separator: str) -> list[str]:
    _, cells = next(_records(text, separator), (0, []))
    return [re.sub(r"[\s_-]+", "_", unguarded(cell)).lower() for cell in cells]


def _check_head(head: list[str]) -> None:
    if not set(head) & set(COLUMNS):
        raise NotMembersError(f"does not begin with the names of columns ({', '.join(COLUMNS)})")
    for name in set(head) & {*COLUMNS, *MORE}:
        if head.count(name) > 1:
            raise NotMembersError(f"has two columns named {name}")
    if missing := [name for name in NEEDED if name not in head]:
        raise NotMembersError(f"has no column {' and no column '.join(missing)}")
    if not {"phone", "telegram_id"} & set(head):
        raise NotMembersError("has no column phone and no column telegram_id")


# One row


def _row(
    line: int,
    cells: dict[str, str],
    today: date,
    countries: tuple[str, ...],
    bad: list[BadCell],
) -> MemberRow | None:
    """The row, if every cell of it is good; else what is wrong with each goes to `bad`."""
    before = len(bad)

    def read(column: str, how: Callable[[str], T], empty: T) -> T:
        cell = unguarded(cells.get(column, ""))
        try:
            return how(cell) if cell.strip() else empty
        except ValueError as error:
            bad.append(BadCell(line, column, str(error)))
            return empty

    row = MemberRow(
        name=read("name", _name, ""),
        phone=read("phone", lambda cell: _phone(cell, countries), ""),
        telegram_id=read("telegram_id", _telegram_id, ""),
        postcode=read("postcode", lambda cell: " ".join(cell.split()), ""),
        roles=read("roles", _roles, frozenset()),
        can_do=read("can_do", _can_do, frozenset()),
        languages=read("languages", _languages, ()),
        max_km=read("max_km", _km, None),
        vetted_until=read("vetted_until", _date, None),
        consent=read("consent", lambda cell: _consent(cell, today), ""),
        appeals=read("appeals", lambda cell: _consent(cell, today), ""),
        hours=read("hours", hours.read, ()),
        vetting=read("vetting", _vetting, None),
        line=line,
    )
    wrong = {each.column for each in bad[before:]}
    if not row.addresses and not wrong & {"phone", "telegram_id"}:
        bad.append(BadCell(line, "phone", "there is neither a phone number nor a telegram_id"))
    if not row.roles and "roles" not in wrong:
        bad.append(BadCell(line, "roles", f"is empty; write {_or(Role)}"))
    if not row.consent and "consent" not in wrong:
        bad.append(BadCell(line, "consent", f"is empty; write {CONSENT}"))
    return row if len(bad) == before else None


CONSENT = "the date and how it was given, such as 2026-03-01 by phone"


def _name(cell: str) -> str:
    if len(cell) > LONGEST_NAME:
        raise ValueError(f"is longer than {LONGEST_NAME} letters, which is what fits in a text")
    return cell


def _phone(cell: str, countries: tuple[str, ...]) -> str:
    if re.fullmatch(r"\d([.,]\d+)?[eE]\+?\d+", cell):
        raise ValueError(
            f"{_quoted(cell)} was cut short by a spreadsheet; make the column text, and type it in"
        )
    try:
        number = phonenumbers.parse(cell, REGION)
    except phonenumbers.NumberParseException:
        raise ValueError(f"{_quoted(cell)} is not a phone number") from None
    whole = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    could_be = phonenumbers.is_valid_number(number) or re.fullmatch(
        re.escape(FOR_TESTS) + r"\d{3}", whole
    )
    if number.extension or not could_be:
        raise ValueError(f"{_quoted(cell)} is not a whole phone number that there could be")
    refused = numbers.why_not(whole, countries)
    if refused is numbers.WhyNot.DEAR:
        raise ValueError(f"{_quoted(cell)} is a number that costs extra, and is never texted")
    if refused:
        raise ValueError(
            f"{_quoted(cell)} is a number of {numbers.country_of(whole) or 'no country'}, and only "
            f"those of {', '.join(countries)} are texted (POPROUND_ALLOWED_COUNTRIES)"
        )
    return whole


def _telegram_id(cell: str) -> str:
    # core.telegram.org/bots/api#user: at most 52 significant bits.
    if not re.fullmatch(r"[1-9][0-9]{0,15}", cell) or int(cell) >= 2**52:
        raise ValueError(f"{_quoted(cell)} is not a Telegram id, which is a plain whole number")
    return cell


def _words(cell: str) -> list[str]:
    return [re.sub(r"[\s-]+", "_", each.strip()).lower() for each in re.split(r"[;,/|]", cell)]


def _roles(cell: str) -> frozenset[Role]:
    found = set()
    for word in filter(None, _words(cell)):
        try:
            found.add(Role(word))
        except ValueError:
            raise ValueError(f"{_quoted(word)} is not a role; write {_or(Role)}") from None
    return frozenset(found)


def _can_do(cell: str) -> frozenset[Need]:
    found: set[Need] = set()
    for word in filter(None, _words(cell)):
        if word == "any":
            found |= set(NEIGHBOURLY)
        elif word in NEIGHBOURLY:
            found.add(Need(word))
        elif word in list(Need):
            raise ValueError(f"{_quoted(word)} is nothing that neighbours may be asked for")
        else:
            raise ValueError(f"{_quoted(word)} is not a need; write any, {_or(NEIGHBOURLY)}")
    return frozenset(found)


def _languages(cell: str) -> tuple[str, ...]:
    found = []
    for word in filter(None, _words(cell)):
        if not re.fullmatch(r"[a-z]{2,3}", word) or not known_language(word):
            raise ValueError(f"{_quoted(word)} is not a language; write its letters, such as en;cy")
        found.append(word)
    return tuple(dict.fromkeys(found))


def _km(cell: str) -> float:
    number = re.sub(r"\s*km$", "", cell.strip().lower()).replace(",", ".")
    try:
        km = float(number)
    except ValueError:
        raise ValueError(f"{_quoted(cell)} is not a number of kilometres") from None
    if not LEAST_KM <= km <= MOST_KM:
        raise ValueError(f"{_quoted(cell)} is not from {LEAST_KM:g} to {MOST_KM:g} km")
    return km


def _vetting(cell: str) -> Vetting:
    try:
        return Vetting(cell.strip().lower())
    except ValueError:
        raise ValueError(f"{_quoted(cell)} is no level of vetting; write {_or(Vetting)}") from None


def _date(cell: str) -> date:
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", cell.strip()):
            raise ValueError
        return date.fromisoformat(cell.strip())
    except ValueError:
        raise ValueError(f"{_quoted(cell)} is not a date such as 2027-01-31") from None


def _consent(cell: str, today: date) -> str:
    day, _, how = cell.partition(" ")
    if not how.strip() or not cell.isprintable() or len(cell) > LONGEST_CONSENT:
        raise ValueError(f"{_quoted(cell)} does not say it; write {CONSENT}")
    if _date(day) > today + timedelta(days=1):  # in some places it is tomorrow already
        raise ValueError(f"{_quoted(day)} has not come yet")
    return cell


def _or(words: Iterable[str]) -> str:
    *most, last = (str(word) for word in words)
    return f"{', '.join(most)} or {last}"


def _quoted(cell: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in cell)
    return f'"{plain[:40]}"'
