"""A helper's own hours: what is said of them, and whether they meet when help is wanted."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules import hours, timing
from handlers.rules.hours_said import Doing, Ear, Wish, wish
from handlers.wording import PART_ENDS
from storage.hours import read, stretches, written
from storage.model import Community, Hours

LONDON = Community(1, "Marsden Neighbours")
ROME = Community(2, "Vicini di Testaccio", timezone="Europe/Rome")
APIA = Community(3, "Apia", timezone="Pacific/Apia")
ST_JOHNS = Community(4, "St John's", timezone="America/St_Johns")
PLACES = (LONDON, ROME, APIA, ST_JOHNS)

# What is said. `read` writes what is meant as in a spreadsheet.


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("I can do weekday mornings", "mon-fri 06:00-12:00"),
        ("i can only do weekday mornings please", "mon-fri 06:00-12:00"),
        ("only evenings and Saturdays", "mon-sun 17:30-22:00; sat"),
        ("Evenings only", "mon-sun 17:30-22:00"),
        ("I'm free Tuesdays 2 to 5", "tue 14:00-17:00"),
        ("I'm free Tuesdays two to five and Saturdays", "tue 14:00-17:00; sat"),
        ("I can do mornings on Mondays and Fridays", "mon 06:00-12:00; fri 06:00-12:00"),
        ("ask me weekdays after half past six", "mon-fri 18:30-24:00"),
        ("I can do Tuesdays and Thursdays 1 to 4pm", "tue 13:00-16:00; thu 13:00-16:00"),
        ("I can do Mondays and Thursday evenings", "mon; thu 17:30-22:00"),
        ("I can do weekends and weekday evenings 6 to 8", "mon-fri 18:00-20:00; sat-sun"),
        ("not Wednesdays", "mon-tue; thu-sun"),
        ("I can't do Wednesdays", "mon-tue; thu-sun"),
        ("I'm not available on Mondays or Sundays", "tue-sat"),
        ("every day but not Sundays", "mon-sat"),
        ("I can do mornings but not on Wednesdays", "mon-tue 06:00-12:00; thu-sun 06:00-12:00"),
        ("dim ond gyda'r nos a dydd Sadwrn", "mon-sun 17:30-22:00; sat"),
        ("Dw i'n gallu helpu boreau dydd Llun i ddydd Gwener", "mon-fri 06:00-12:00"),
        ("galla i helpu bob bore", "mon-sun 06:00-12:00"),
        ("solo la sera e il sabato", "mon-sun 17:30-22:00; sat"),
        ("non il mercoledì", "mon-tue; thu-sun"),
        ("posso aiutare dal lunedì al venerdì di mattina", "mon-fri 06:00-12:00"),
    ],
)
def test_hours_in_plain_words(said: str, meant: str) -> None:
    assert wish(said, ()) == set_to(meant)


def set_to(meant: str) -> Wish:
    return Wish(Doing.SET, read(meant))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Saturday", "sat"),
        ("Tuesdays 2 to 5", "tue 14:00-17:00"),
        ("mon to fri 9-5", "mon-fri 09:00-17:00"),
        ("9 to 12 in the mornings", "mon-sun 09:00-12:00"),
        ("Saturday mornings 10 to 12", "sat 10:00-12:00"),
        ("8 to 10 in the evenings", "mon-sun 20:00-22:00"),
        ("evenings 6 to 9", "mon-sun 18:00-21:00"),
        ("between 10 and 2", "mon-sun 10:00-14:00"),
        ("9.30 to 12 noon", "mon-sun 09:30-12:00"),
        ("before noon", "mon-sun 00:00-12:00"),
        ("sundays until 3", "sun 00:00-15:00"),
        ("Sundays 9pm to 2am", "sun 21:00-24:00; mon 00:00-02:00"),
        ("14:00 to 16:30", "mon-sun 14:00-16:30"),
        ("9 to 5pm", "mon-sun 09:00-17:00"),
        ("2 to 5pm", "mon-sun 14:00-17:00"),
        ("pnawn Mawrth 2 tan 5", "tue 14:00-17:00"),
        ("nos Fercher a bore Iau", "wed 17:30-22:00; thu 06:00-12:00"),
        ("boreau'r wythnos", "mon-fri 06:00-12:00"),
        ("pob dydd Mawrth 2 tan 5", "tue 14:00-17:00"),
        ("dim ond nosweithiau a dydd Sadwrn", "mon-sun 17:30-22:00; sat"),
        ("nid dydd Mercher", "mon-tue; thu-sun"),
        ("giorni feriali di mattina", "mon-fri 06:00-12:00"),
        ("ogni martedì dalle 14 alle 17", "tue 14:00-17:00"),
        ("weekday mornings", "mon-fri 06:00-12:00"),
        ("saturday to monday", "mon; sat-sun"),
        ("sunday to tuesday", "mon-tue; sun"),
        ("daytimes", "mon-sun 09:00-17:30"),
        ("9 to 5 every day", "mon-sun 09:00-17:00"),
        ("every day 9 to 5", "mon-sun 09:00-17:00"),
        # Twice a day, and what belongs to what.
        ("Mondays 9 to 12 and 2 to 4", "mon 09:00-12:00; mon 14:00-16:00"),
        ("Mondays 9 to 12 2 to 4", "mon 09:00-12:00; mon 14:00-16:00"),
        ("mornings and 2 to 4", "mon-sun 06:00-12:00; mon-sun 14:00-16:00"),
        ("9 to 12 and evenings", "mon-sun 09:00-12:00; mon-sun 17:30-22:00"),
        ("Mondays 2 to 4 and 8 to 10 in the evening", "mon 14:00-16:00; mon 20:00-22:00"),
        ("9 to 12 Mondays and 2 to 4 Tuesdays", "mon 09:00-12:00; tue 14:00-16:00"),
        ("mornings only on Mondays", "mon 06:00-12:00"),
        ("not Mondays, only Tuesdays", "tue"),
        ("I can't do Mondays but can do Tuesdays", "tue"),
        (
            "not Mondays 9 to 12 and Tuesdays 2 to 4",
            "mon 00:00-09:00; mon 12:00-24:00; tue 00:00-14:00; tue 16:00-24:00; wed-sun",
        ),
        (
            "not 9 to 12 on Mondays and 2 to 4 on Tuesdays",
            "mon 00:00-09:00; mon 12:00-24:00; tue 00:00-14:00; tue 16:00-24:00; wed-sun",
        ),
        # Morning or afternoon.
        ("mornings 6 to 8", "mon-sun 06:00-08:00"),
        ("mornings until 10", "mon-sun 06:00-10:00"),
        ("mornings until 6.45", "mon-sun 06:00-06:45"),
        ("evenings after 7", "mon-sun 19:00-22:00"),
        ("evenings 8 to 12", "mon-sun 20:00-24:00"),
        ("7 to 9", "mon-sun 07:00-09:00"),
        ("9 to 9", "mon-sun 09:00-21:00"),
        ("9 to 9pm", "mon-sun 09:00-21:00"),
        ("7 to 9pm", "mon-sun 19:00-21:00"),
        ("8 to 5pm", "mon-sun 08:00-17:00"),
        ("6 to noon", "mon-sun 06:00-12:00"),
        ("6 to 8am", "mon-sun 06:00-08:00"),
        ("6am to 8", "mon-sun 06:00-08:00"),
        ("9 to 9am", "mon-sun 00:00-09:00; mon-sun 21:00-24:00"),
        ("10 to 9am", "mon-sun 00:00-09:00; mon-sun 22:00-24:00"),
        ("10 to 2am", "mon-sun 00:00-02:00; mon-sun 22:00-24:00"),
        ("12 to 12am", "mon-sun 12:00-24:00"),
        ("8 to 21", "mon-sun 08:00-21:00"),
        ("2 to 17:00", "mon-sun 14:00-17:00"),
        ("2 o'clock to 5 o'clock", "mon-sun 14:00-17:00"),
        ("one to half past two", "mon-sun 13:00-14:30"),
        ("mornings six to eight", "mon-sun 06:00-08:00"),
        ("six am to eight", "mon-sun 06:00-08:00"),
        ("half past nine to twelve", "mon-sun 09:30-12:00"),
        ("dydd Mawrth dau tan bump", "tue 14:00-17:00"),
        ("o 9 tan hanner dydd", "mon-sun 09:00-12:00"),
        ("dalle 9 a mezzogiorno", "mon-sun 09:00-12:00"),
        # Until when, where nobody is asked before eight anyway; and midnight.
        ("weekdays until 7", "mon-fri 00:00-19:00"),
        ("until 8", "mon-sun 00:00-20:00"),
        ("until 8.15", "mon-sun 00:00-08:15"),
        ("noon to midnight", "mon-sun 12:00-24:00"),
        ("9 to midnight", "mon-sun 21:00-24:00"),
        ("midnight to 6", "mon-sun 00:00-06:00"),
        ("0:00 to 6:00", "mon-sun 00:00-06:00"),
        ("9 to 24", "mon-sun 09:00-24:00"),
        ("18:00 to 24:00", "mon-sun 18:00-24:00"),
        ("24.00 to 6", "mon-sun 00:00-06:00"),
        ("18 to hanner nos", "mon-sun 18:00-24:00"),
        ("Mondays until midnight", "mon"),
    ],
)
def test_hours_that_were_asked_for(said: str, meant: str) -> None:
    assert wish(said, (), Ear.ASKED) == set_to(meant)
    assert wish(f"hours {said}", (), Ear.NAMED) == set_to(meant)


@pytest.mark.parametrize(
    ("said", "now", "meant"),
    [
        ("also Saturdays", "mon 09:00-12:00", "mon 09:00-12:00; sat"),
        ("not Mondays", "mon-tue 09:00-12:00", "tue 09:00-12:00"),
        ("not before 10", "mon-tue 09:00-12:00", "mon-tue 10:00-12:00"),
        ("not before 8", "mon-tue 07:00-12:00", "mon-tue 08:00-12:00"),
        ("not before 7", "mon-tue 06:00-12:00", "mon-tue 07:00-12:00"),
        ("not until 6", "mon-tue 09:00-20:00", "mon-tue 18:00-20:00"),
        ("also I can do Saturdays", "mon 09:00-12:00", "mon 09:00-12:00; sat"),
        ("only Fridays", "mon-tue 09:00-12:00", "fri"),
        ("any time except Wednesdays", "mon 09:00-12:00", "mon-tue; thu-sun"),
    ],
)
def test_what_is_taken_away_or_added_goes_by_the_hours_they_have(
    said: str, now: str, meant: str
) -> None:
    assert wish(said, read(now), Ear.ASKED) == set_to(meant)


@pytest.mark.parametrize("word", ["HOURS", "/hours", "my hours", "oriau", "Orari?"])
def test_hours_by_their_name_alone_are_shown(word: str) -> None:
    found = wish(word, (), Ear.NAMED)
    assert found is not None
    assert found.doing is Doing.SHOW


@pytest.mark.parametrize(
    ("said", "ear", "doing"),
    [
        ("I can help any time", Ear.HABIT, Doing.ANY),
        ("hours any time", Ear.NAMED, Doing.ANY),
        ("unrhyw bryd", Ear.ASKED, Doing.ANY),
        ("hours tuesdays at some point", Ear.NAMED, Doing.HOW),
        ("hours not mondays", Ear.NAMED, Doing.HOW),  # of somebody who has only Mondays
        ("any time", Ear.HELPER, Doing.ANY),
        ("any time", Ear.HABIT, Doing.ANY),
        ("any time, I am free", Ear.HABIT, Doing.ANY),
        ("every day", Ear.ASKED, Doing.ANY),
        ("hours 9 to 25", Ear.NAMED, Doing.HOW),
    ],
)
def test_any_time_and_what_was_not_understood(said: str, ear: Ear, doing: Doing) -> None:
    found = wish(said, read("mon"), ear)
    assert found is not None
    assert found.doing is doing


@pytest.mark.parametrize(
    "said",
    [
        "I can do Wednesday",  # an answer to somebody
        "I can't do Wednesday",
        "not today",
        "no",
        "no thanks",
        "yes",
        "1",
        "I can do tomorrow morning",
        "I can do mornings but my car is broken",
        "she is in on Tuesdays 2 to 5",
        "shopping every Tuesday",
        "I need a lift on Wednesdays",
        "hours of waiting at the doctors",
        "on duty mondays 9am to 5pm",
        "off duty",
        "check on me every morning at 9",
        "good evening",
        "always happy to help",
        "busy",
    ],
)
@pytest.mark.parametrize("ear", [Ear.HABIT, Ear.HELPER, Ear.NAMED])
def test_what_is_about_something_else(said: str, ear: Ear) -> None:
    assert wish(said, (), ear) is None


@pytest.mark.parametrize(
    ("said", "ear"),
    [
        ("Tuesdays 2 to 5", Ear.HABIT),  # of whose Tuesdays?
        ("I can do Wednesdays", Ear.NAMED),  # another question is open
        ("hours nonsense", Ear.NAMED),
        ("thank you", Ear.ASKED),
        ("hours and hours", Ear.NAMED),
        # An hour that there is not, or none at all: all of it is left.
        ("Tuesdays 9 to 25", Ear.ASKED),
        ("Tuesdays after 25", Ear.ASKED),
        ("Tuesdays 2 to 2", Ear.ASKED),
        ("Tuesdays 9am to 9am", Ear.ASKED),
        ("Tuesdays 23:50 to 23:55", Ear.ASKED),
        ("Tuesdays 9 to 25 in the morning", Ear.ASKED),
        ("Tuesdays 8 to 20:00 in the evening", Ear.ASKED),
    ],
)
def test_what_is_no_hours(said: str, ear: Ear) -> None:
    assert wish(said, (), ear) is None


def test_a_dash_after_the_name_of_hours() -> None:
    assert wish("Hours - Tuesdays 2 to 5", (), Ear.NAMED) == set_to("tue 14:00-17:00")


@given(st.text(max_size=60), st.sampled_from(Ear))
def test_anything_can_be_read(text: str, ear: Ear) -> None:
    for said in (text, f"hours {text}", f"i can do {text}", f"tuesdays {text} to 5"):
        found = wish(said, (), ear)
        assert found is None or found.hours == hours.spans(hours.bits(found.hours))


# How they are kept

weeks = st.lists(
    st.tuples(st.frozensets(st.integers(0, 6)), st.integers(0, 95), st.integers(1, 96)), max_size=4
).map(
    lambda some: hours.spans(
        sum_of(hours.on(days, 15 * start, 15 * end) for days, start, end in some) or hours.ALL
    )
)


def sum_of(some: object) -> int:
    found = 0
    for each in some:  # type: ignore[attr-defined]
        found |= each
    return found


@given(weeks, weeks)
def test_a_database_leaves_nobody_out_who_is_there(kept: Hours, wanted: Hours) -> None:
    if hours.bits(kept) & hours.bits(wanted):
        assert stretches(kept) & stretches(wanted)


@given(weeks)
def test_hours_are_kept_and_read_back_equal(kept: Hours) -> None:
    assert read(written(kept)) == kept
    assert hours.spans(hours.bits(kept)) == kept
    told = [(day, time) for days, times in hours.by_days(kept) for day in days for time in times]
    again = sum_of(hours.on(frozenset({day}), start, end) for day, (start, end) in told)
    whole = sum_of(
        hours.on(frozenset(days), 0, hours.DAY) for days, times in hours.by_days(kept) if not times
    )
    assert again | whole == hours.bits(kept)


def test_nobodys_hours_are_never() -> None:
    with pytest.raises(ValueError, match="some time"):
        hours.spans(0)


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("mon-fri 09:00-12:00; sat", "mon-fri 09:00-12:00; sat"),
        ("Mondays 9:00 - 12:00, Tue 9.00-12.00", "mon-tue 09:00-12:00"),
        ("fri-mon", "mon; fri-sun"),
        ("sat 22:00-02:00", "sat 22:00-24:00; sun 00:00-02:00"),
        ("mon-sun", ""),
        ("", ""),
    ],
)
def test_a_cell_as_people_write_it(cell: str, kept: str) -> None:
    assert written(read(cell)) == kept


@pytest.mark.parametrize("cell", ["mo", "t 9:00-10:00", "mon 9-12", "mon 09:10-12:00", "x", "25"])
def test_a_cell_that_is_none_says_what_would_be(cell: str) -> None:
    with pytest.raises(ValueError, match=r"mon-fri 09:00|quarter"):
        read(cell)


# When help is wanted


def at(said: str, place: Community = LONDON) -> datetime:
    return datetime.fromisoformat(said).replace(tzinfo=ZoneInfo(place.timezone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("kept", "asked", "day", "part", "there"),
    [
        # An hour that was said is that hour.
        ("tue 14:00-17:00", "2026-11-02T10:00", "2026-11-03", "14:00", True),
        ("tue 14:00-17:00", "2026-11-02T10:00", "2026-11-03", "16:45", True),
        ("tue 14:00-17:00", "2026-11-02T10:00", "2026-11-03", "17:00", False),
        ("tue 14:00-17:00", "2026-11-02T10:00", "2026-11-03", "13:30", False),
        # A part of the day is all of it; a quarter of an hour is too little.
        ("tue 11:30-13:00", "2026-11-02T10:00", "2026-11-03", "morning", True),
        ("tue 11:45-13:00", "2026-11-02T10:00", "2026-11-03", "morning", False),
        ("tue 17:30-22:00", "2026-11-02T10:00", "2026-11-03", "afternoon", False),
        ("mon 06:00-12:00", "2026-11-02T10:00", "2026-11-03", "morning", False),
        # A day is its waking hours.
        ("tue 17:30-22:00", "2026-11-02T10:00", "2026-11-03", None, True),
        ("tue 20:00-22:00", "2026-11-02T10:00", "2026-11-03", None, False),
        ("tue 06:00-09:00", "2026-11-02T10:00", "2026-11-03", None, False),
        # Of today what is left: of this morning at a quarter to twelve, the next two hours.
        ("mon 09:00-10:00", "2026-11-02T10:30", "2026-11-02", None, False),
        ("mon 09:00-11:00", "2026-11-02T10:30", "2026-11-02", "morning", True),
        ("mon 09:00-10:30", "2026-11-02T10:30", "2026-11-02", "morning", False),
        ("mon 13:00-15:00", "2026-11-02T13:00", "2026-11-02", "morning", True),
        ("mon 17:30-22:00", "2026-11-02T13:00", "2026-11-02", "morning", False),
        # As soon as somebody can: the next four hours.
        ("mon 13:30-15:00", "2026-11-02T10:00", None, None, True),
        ("mon 14:15-15:00", "2026-11-02T10:00", None, None, False),
        ("mon 09:00-12:00", "2026-11-02T10:00", None, None, True),
        # Asked for in the night: from when people are asked.
        ("tue 09:00-10:00", "2026-11-02T22:00", None, None, True),
        ("mon 22:00-24:00", "2026-11-02T22:00", None, None, False),
        # Wanted yesterday is wanted now.
        ("mon 10:00-12:00", "2026-11-02T10:00", "2026-11-01", "evening", True),
        # The last night of the year, and a leap day: 1 January 2027 is a Friday, 29 February 2028
        # a Tuesday.
        ("fri 06:00-12:00", "2026-12-31T18:00", "2027-01-01", "morning", True),
        ("thu 06:00-12:00", "2026-12-31T18:00", "2027-01-01", "morning", False),
        ("fri 09:00-10:00", "2026-12-31T21:00", None, None, True),
        ("tue 14:00-15:00", "2028-02-28T18:00", "2028-02-29", "14:00", True),
        ("mon 14:00-15:00", "2028-02-28T18:00", "2028-02-29", "14:00", False),
        ("wed 09:00-10:00", "2028-02-29T22:00", None, None, True),
        # The nights the clocks change: nine stays nine.
        ("sun 09:00-09:30", "2026-10-24T18:00", "2026-10-25", "09:00", True),
        ("sun 08:00-08:45", "2026-10-24T18:00", "2026-10-25", "09:00", False),
        ("sun 09:00-09:30", "2027-03-27T18:00", "2027-03-28", "09:00", True),
        ("sun 10:00-10:30", "2027-03-27T18:00", "2027-03-28", "09:00", False),
    ],
)
@pytest.mark.parametrize("place", PLACES[:2], ids=lambda place: place.timezone)
def test_hours_meet_when_help_is_wanted(
    kept: str, asked: str, day: str | None, part: str | None, there: bool, place: Community
) -> None:
    now = at(asked, place)
    on_day = date.fromisoformat(day) if day else None
    wanted = hours.quarters(*hours.window(on_day, part, now, place), place)
    assert hours.meets(read(kept), wanted) is there


SIESTA = Community(1, "Left in peace by day", quiet_from=time(13), quiet_until=time(15))
NEVER = Community(1, "Never left in peace", quiet_from=time(0), quiet_until=time(0))


@pytest.mark.parametrize(
    ("asked", "day", "part", "first", "last", "place"),
    [
        ("02T10:00", "2026-11-03", None, "03T09:00", "03T19:59", LONDON),
        ("02T10:00", "2026-11-03", "afternoon", "03T12:00", "03T17:29", LONDON),
        ("02T10:00", "2026-11-03", "16:30", "03T16:30", "03T16:30", LONDON),
        # Of today what is left; an hour that has gone by is the next two hours.
        ("02T10:00", "2026-11-02", None, "02T10:00", "02T19:59", LONDON),
        ("02T10:00", "2026-11-02", "09:00", "02T10:00", "02T12:00", LONDON),
        ("02T10:00", "2026-11-02", "10:00", "02T10:00", "02T12:00", LONDON),
        ("02T10:00", None, None, "02T10:00", "02T14:00", LONDON),
        # Where the waking hours go over midnight, the day's end is the end of them.
        ("02T10:00", "2026-11-03", None, "03T15:00", "03T23:44", SIESTA),
        ("02T10:00", "2026-11-03", None, "03T00:00", "03T23:44", NEVER),
    ],
)
def test_from_when_until_when_somebody_may_go(
    asked: str, day: str | None, part: str | None, first: str, last: str, place: Community
) -> None:
    on_day = date.fromisoformat(day) if day else None
    found = hours.window(on_day, part, at(f"2026-11-{asked}", place), place)
    assert found == (at(f"2026-11-{first}", place), at(f"2026-11-{last}", place))


@pytest.mark.parametrize(
    ("kept", "wanted", "comes", "why"),
    [
        ("mon 09:00-10:00, mon 15:00-16:00", "14:30", "15:00", "the nearest, and not the first"),
        ("mon 09:00-14:00, mon 18:00-19:00", "14:30", "13:45", "a little earlier is nearer"),
        ("mon 09:00-16:00", "14:30", "14:30", "they are there"),
        ("mon 20:00-21:00", "14:30", "20:00", "as it ends"),
        ("mon 21:00-22:00", "14:30", "14:30", "not at all: they said that they will"),
    ],
)
def test_when_somebody_comes(kept: str, wanted: str, comes: str, why: str) -> None:
    between = at("2026-11-02T09:00"), at("2026-11-02T20:00")
    found = hours.best(read(kept), at(f"2026-11-02T{wanted}"), between, LONDON)
    assert found == at(f"2026-11-02T{comes}"), why


def test_from_nine_to_nine_is_all_round_the_clock() -> None:
    assert hours.on(frozenset({0}), 540, 540).bit_count() == hours.A_DAY


EVENING = (17 * 60 + 30, 22 * 60)


@pytest.mark.parametrize(
    ("days", "whole", "told"),
    [
        ({0, 1}, set(), [((0, 1), (EVENING,))]),
        ({0, 1}, {5}, [((0, 1), (EVENING,)), ((5,), ())]),
        ({0, 1, 2, 3}, {5}, [((0, 1, 2, 3), (EVENING,)), ((5,), ())]),
        # Six days or all: every day in the evening, and Saturday all day.
        ({0, 1, 2, 3, 4}, {5}, [((0, 1, 2, 3, 4, 5), (EVENING,)), ((5,), ())]),
        ({0, 1, 2, 3, 4, 6}, {5}, [((0, 1, 2, 3, 4, 5, 6), (EVENING,)), ((5,), ())]),
    ],
)
def test_hours_are_told_by_days(days: set[int], whole: set[int], told: list[object]) -> None:
    week = hours.on(frozenset(days), *EVENING) | hours.on(frozenset(whole), 0, hours.DAY)
    assert hours.by_days(hours.spans(week)) == told


def test_the_parts_of_the_day_are_everywhere_the_same() -> None:
    for part, (start, end) in hours.PARTS.items():
        hour = timing.PART_HOUR[part]
        assert start < hour.hour * 60 + hour.minute < end
        ends = PART_ENDS[part]
        assert start < ends.hour * 60 + ends.minute <= end


moments = st.integers(0, 3 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
parts = st.none() | st.sampled_from([*hours.PARTS, "09:00", "14:30", "01:30", "02:30", "23:45"])
later = st.none() | st.integers(-1, 9)
places = st.sampled_from(PLACES)


@given(moments, later, parts, places)
def test_there_is_always_a_time_at_which_it_is_wanted(
    now: datetime, ahead: int | None, part: str | None, place: Community
) -> None:
    """Through leap days, year ends and every change of the clocks: whoever is always there is
    always there, whoever never is never is, and nobody is sought in the past or after the day."""
    today = timing.local(now, place).date()
    day = None if ahead is None else today + timedelta(days=ahead)
    first, last = hours.window(day, part, now, place)
    assert now - timedelta(hours=1) <= first <= last <= now + timedelta(days=11)
    if ahead is not None and ahead > 0 and part not in ("01:30", "02:30"):
        assert {timing.local(each, place).date() for each in (first, last)} == {day}
    wanted = hours.quarters(first, last, place)
    assert 0 < wanted <= hours.ALL
    assert hours.meets(hours.spans(wanted), wanted)
    if wanted != hours.ALL:
        assert not hours.meets(hours.spans(hours.ALL & ~wanted), wanted)


@given(weeks, moments, later, parts, places)
def test_whoever_is_there_comes_while_they_are(
    kept: Hours, now: datetime, ahead: int | None, part: str | None, place: Community
) -> None:
    day = None if ahead is None else timing.local(now, place).date() + timedelta(days=ahead)
    between = hours.window(day, part, now, place)
    wanted = timing.wanted_at(day, part, now, place)
    comes = hours.best(kept, wanted, between, place)
    if hours.meets(kept, hours.quarters(*between, place)) and between[0] != between[1]:
        assert hours.meets(kept, hours.quarters(comes, comes, place))
        assert comes == wanted or between[0] <= comes <= between[1]
    else:
        assert comes == wanted or between[0] <= comes <= between[1]


@given(moments, st.integers(0, 26 * 60), places)
def test_the_quarters_are_those_that_the_clocks_show(
    first: datetime, minutes: int, place: Community
) -> None:
    """However they are counted: minute by minute it is the same."""
    shown = 0
    for past in range(minutes + 1):
        here = timing.local(first + timedelta(minutes=past), place)
        shown |= 1 << (here.weekday() * 96 + (here.hour * 60 + here.minute) // 15)
    assert hours.quarters(first, first + timedelta(minutes=minutes), place) == shown


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        ("2026-10-24T23:00", "2026-10-25T03:00", 16),  # an hour that is there twice counts once
        ("2027-03-28T00:00", "2027-03-28T03:00", 8),  # an hour that is left out does not
        ("2026-11-01T23:30", "2026-11-02T00:15", 3),  # Sunday to Monday
    ],
)
def test_quarters_where_the_clocks_change(first: str, last: str, count: int) -> None:
    until = at(last) - timedelta(minutes=1)
    assert hours.quarters(at(first), until, LONDON).bit_count() == count
