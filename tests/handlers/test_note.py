"""The daily note: its hour, once a day whatever happens, and never more than two parts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules import note
from handlers.rules.note import Wish
from handlers.rules.segments import segments
from handlers.wording import load
from storage.model import Community
from tests.handlers.test_wording import said_longest

HERE = Community(1, "Marsden Neighbours")
LONDON = ZoneInfo("Europe/London")
WORDING = load()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("note at 8", Wish(time(8))),
        ("Note at 8am please", Wish(time(8))),
        ("NOTE AT 7.30", Wish(time(7, 30))),
        ("/note 18:00", Wish(time(18))),
        ("daily note at 6pm", Wish(time(18))),
        ("the daily note at half past seven in the morning", Wish(time(7, 30))),
        ("daily note at noon", Wish(time(12))),
        ("note at eight", Wish(time(8))),
        ("note at half past seven", Wish(time(7, 30))),
        ("note at 8 in the evening", Wish(time(20))),
        ("note at 7.15 in the morning", Wish(time(7, 15))),
        ("note at 1am", Wish(time(1))),
        ("note at 12am", Wish(time(0))),
        ("note at 12pm", Wish(time(12))),
        ("nodyn am 8", Wish(time(8))),
        ("nodyn dyddiol am 7:30", Wish(time(7, 30))),
        ("nota alle 8", Wish(time(8))),
        ("la nota giornaliera alle 18", Wish(time(18))),
        ("note off", Wish(off=True)),
        ("Daily note off please.", Wish(off=True)),
        ("no note", None),
        ("nodyn i ffwrdd", Wish(off=True)),
        ("nota basta", Wish(off=True)),
        ("note", Wish()),
        ("/note", Wish()),
        ("daily note?", Wish()),
        ("daily note whenever you like", Wish()),
        ("nodyn dyddiol", Wish()),
        ("note at 24", None),
        ("note at 8:60", None),
        ("note at 0am", None),
        ("note at 13 in the morning", None),
        ("note: see you at 8", None),
        ("note at 13pm", None),
        ("note at 8 she was not in", None),
        ("note that Doreen is away", None),
        ("notes for tomorrow", None),
        ("i left a note at 8", None),
        ("notice", None),
        ("", None),
    ],
)
def test_what_is_said_of_it(said: str, meant: Wish | None) -> None:
    assert note.wish(said) == meant


def test_an_hour_by_itself() -> None:
    assert note.hour_in("8.") == time(8)
    assert note.hour_in("at half past seven in the morning") == time(7, 30)
    assert note.hour_in("eight") is None  # "two" would be in the night or by day


@given(st.text(max_size=60))
def test_anything_can_be_read(text: str) -> None:
    note.wish(f"note {text}")
    note.wish(text)


@given(
    hour=st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None)),
    start=st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
)
def test_it_comes_once_on_every_day(hour: time, start: timedelta) -> None:
    """At its hour, or where the spring change skips that, as long after the change."""
    moment, last = datetime(2026, 1, 1, tzinfo=UTC) + start, None
    days: list[date] = []
    for _ in range(5):
        moment = note.next_note(hour, moment, HERE, last)
        here = moment.astimezone(LONDON)
        last = here.date()
        days.append(last)
        skipped = datetime.combine(last, hour, LONDON).astimezone(UTC).astimezone(LONDON)
        assert here == skipped
    assert days == [days[0] + timedelta(days=n) for n in range(5)]


@pytest.mark.parametrize(
    ("day", "hour", "utc"),
    [
        (date(2027, 3, 27), time(8), "2027-03-27T08:00"),  # the day before the spring change
        (date(2027, 3, 28), time(8), "2027-03-28T07:00"),
        (date(2027, 3, 28), time(1, 30), "2027-03-28T01:30"),  # there is no half past one
        (date(2026, 10, 24), time(8), "2026-10-24T07:00"),
        (date(2026, 10, 25), time(8), "2026-10-25T08:00"),
        (date(2026, 10, 25), time(1, 30), "2026-10-25T00:30"),  # there are two; the first
        (date(2028, 2, 29), time(8), "2028-02-29T08:00"),
    ],
)
def test_on_the_days_that_the_clocks_change(day: date, hour: time, utc: str) -> None:
    before = datetime.combine(day, time(0), LONDON).astimezone(UTC) - timedelta(hours=1)
    assert note.next_note(hour, before, HERE, None) == datetime.fromisoformat(f"{utc}+00:00")


def test_an_hour_moved_after_the_note_of_today_waits_for_tomorrow() -> None:
    nine = datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert note.next_note(time(10), nine, HERE, None).day == 24
    assert note.next_note(time(9), nine, HERE, None).day == 25
    assert note.next_note(time(10), nine, HERE, date(2026, 11, 24)).day == 25
    # A clock that was put back does not bring it twice either.
    assert note.next_note(time(10), nine, HERE, date(2026, 11, 25)).day == 26


# What fits


def test_as_much_is_told_as_fits() -> None:
    lines = [("long " * 20, "short " * 5)] * 6
    said = note.fitting("Head.", lines, 2, "Tail.", lambda n: f"And {n} more.", 2)
    assert said.startswith("Head. ")
    assert said.endswith(" Tail.")
    assert segments(said) == 2
    assert said.count("short") // 5 + int(said.split("And ")[1].split()[0]) == 8


LONG, SHORT = "long " * 19 + "end", "short"  # head, tail and four short lines are one part


@pytest.mark.parametrize(
    ("count", "rest", "most", "said"),
    [
        (1, 0, 2, f"Head. {LONG} Tail."),
        (1, 3, 2, f"Head. {LONG} And 3 more. Tail."),
        (2, 0, 1, "Head. short short Tail."),
        (0, 0, 1, "Head. Tail."),
        (1, 0, 0, "Head. Tail."),  # they are always there
    ],
)
def test_each_in_its_long_form_where_all_can_be(
    count: int, rest: int, most: int, said: str
) -> None:
    lines = [(LONG, SHORT)] * count
    assert note.fitting("Head.", lines, rest, "Tail.", lambda n: f"And {n} more.", most) == said


def test_what_does_not_fit_is_counted() -> None:
    lines = [(LONG, LONG), (LONG, SHORT * 8), (LONG, SHORT * 8)]
    said = note.fitting("Head.", lines, 0, "Tail.", lambda n: f"And {n} more.", 1)
    assert said == f"Head. {LONG} And 2 more. Tail."
    said = note.fitting("Head." * 25, lines, 0, "Tail.", lambda n: f"And {n} more.", 1)
    assert said == f"{'Head.' * 25} And 3 more. Tail."


@given(
    lines=st.lists(st.tuples(st.text(max_size=200), st.text(max_size=90)), max_size=6),
    rest=st.integers(0, 40),
    price=st.booleans(),
    language=st.sampled_from(sorted(WORDING.catalogues)),
)
def test_by_text_it_never_takes_more_than_two_parts(
    lines: list[tuple[str, str]], rest: int, price: bool, language: str
) -> None:
    words = WORDING.catalogues[language]
    values = said_longest(language)
    tail = words["note.texts.cost" if price else "note.texts"].format_map(values)
    tail = f"{words['note.check_ins'].format_map(values)} {tail}"
    for head in ("note.counts", "note.nothing_new", "note.quiet"):
        said = note.fitting(
            words[head].format_map(values),
            lines,
            rest,
            tail,
            lambda left: words["note.more"].format(count=left),
            2,
        )
        assert segments(said) <= 2
        assert said.endswith(tail)


def test_when_a_note_is_too_late_and_silence_too_long() -> None:
    assert (timedelta(hours=1), 7) == (note.TOO_LATE, note.QUIET_DAYS)
