"""Quiet hours, waits and what "this afternoon" means, over the changes of the clock too."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules import timing
from storage.model import Community

LONDON = ZoneInfo("Europe/London")
HERE = Community(1, "Marsden Neighbours")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
"""London's clocks go on at 01:00 on the one and back at 02:00 on the other."""


def at(day: str | date, hour: str) -> datetime:
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime.combine(day, time.fromisoformat(hour), LONDON).astimezone(UTC)


def near(day: date, days: int) -> st.SearchStrategy[datetime]:
    """Any moment within so many days after a day."""
    start = datetime.combine(day, time(), UTC)
    return st.timedeltas(timedelta(0), timedelta(days=days)).map(lambda after: start + after)


MOMENTS = (
    near(date(2026, 1, 1), 365)
    | near(SPRING - timedelta(days=1), 2)
    | near(AUTUMN - timedelta(days=1), 2)
    | near(date(2026, 12, 30), 3)
    | near(date(2028, 2, 28), 3)
)
QUIET = st.sampled_from(
    [
        HERE,
        Community(1, "Short", quiet_from=time(22), quiet_until=time(6)),
        Community(1, "Siesta", quiet_from=time(13), quiet_until=time(15)),
        Community(1, "Never", quiet_from=time(0), quiet_until=time(0)),
        Community(1, "Night owls", quiet_from=time(0), quiet_until=time(6)),
        Community(1, "Kathmandu", timezone="Asia/Kathmandu"),
        Community(1, "Auckland", timezone="Pacific/Auckland"),
        Community(1, "St John's", timezone="America/St_Johns"),
    ]
)
SPANS = st.timedeltas(timedelta(0), timedelta(days=3))


@pytest.mark.parametrize(
    ("hour", "quiet", "why"),
    [
        ("08:59", True, "a minute early"),
        ("09:00", False, "the end of the night belongs to the day"),
        ("19:59", False, "a minute before"),
        ("20:00", True, "the night begins on the hour"),
        ("00:00", True, "midnight"),
    ],
)
@pytest.mark.parametrize("day", ["2026-01-15", "2026-07-15", SPRING, AUTUMN])
def test_the_quiet_hours_are_those_of_the_clock_on_the_wall(
    day: str | date, hour: str, quiet: bool, why: str
) -> None:
    assert timing.is_quiet(at(day, hour), HERE) is quiet, why


def test_where_the_quiet_hours_lie_within_a_day_their_ends_are_the_same() -> None:
    siesta = Community(1, "Siesta", quiet_from=time(13), quiet_until=time(15))
    hours = ("12:59", "13:00", "14:59", "15:00", "23:00")
    found = [timing.is_quiet(at("2026-07-15", hour), siesta) for hour in hours]
    assert found == [False, True, True, False, False]
    owls = Community(1, "Night owls", quiet_from=time(0), quiet_until=time(6))
    then = timing.add_waking(at("2026-07-15", "22:00"), timedelta(hours=3), owls)
    assert then == at("2026-07-16", "07:00")


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        (at("2026-07-15", "20:00"), at("2026-07-16", "09:00")),
        (at("2026-07-15", "03:00"), at("2026-07-15", "09:00")),
        (at("2026-07-15", "12:00"), at("2026-07-15", "12:00")),
        (at("2026-03-28", "22:00"), at(SPRING, "09:00")),
        (at("2026-10-24", "22:00"), at(AUTUMN, "09:00")),
    ],
)
def test_what_comes_at_night_waits_for_the_morning(moment: datetime, until: datetime) -> None:
    assert timing.not_quiet(moment, HERE) == until


def test_the_night_is_an_hour_shorter_in_spring_and_longer_in_autumn() -> None:
    spring = timing.not_quiet(at("2026-03-28", "20:00"), HERE) - at("2026-03-28", "20:00")
    autumn = timing.not_quiet(at("2026-10-24", "20:00"), HERE) - at("2026-10-24", "20:00")
    assert (spring, autumn) == (timedelta(hours=12), timedelta(hours=14))


@pytest.mark.parametrize(
    ("moment", "minutes", "then", "why"),
    [
        (at("2026-07-15", "10:00"), 30, at("2026-07-15", "10:30"), "in the day"),
        (at("2026-07-15", "19:45"), 30, at("2026-07-16", "09:15"), "the rest next morning"),
        (at("2026-07-15", "19:30"), 30, at("2026-07-16", "09:00"), "eight itself is night"),
        (at("2026-07-15", "23:00"), 30, at("2026-07-16", "09:30"), "counted from the morning"),
        (at("2026-03-28", "19:00"), 120, at(SPRING, "10:00"), "over the change in spring"),
        (at("2026-10-24", "19:00"), 120, at(AUTUMN, "10:00"), "over the change in autumn"),
        (at("2026-07-15", "10:00"), 22 * 60, at("2026-07-17", "10:00"), "two days of 11 hours"),
    ],
)
def test_only_waking_hours_count(moment: datetime, minutes: int, then: datetime, why: str) -> None:
    assert timing.add_waking(moment, timedelta(minutes=minutes), HERE) == then, why


@given(MOMENTS, SPANS, QUIET)
def test_a_waking_wait_ends_by_day_and_is_never_shorter_than_it_says(
    moment: datetime, span: timedelta, here: Community
) -> None:
    then = timing.add_waking(moment, span, here)
    assert not timing.is_quiet(then, here)
    assert then - moment >= span


@given(MOMENTS, SPANS, SPANS, QUIET)
def test_a_longer_wait_never_ends_sooner(
    moment: datetime, one: timedelta, more: timedelta, here: Community
) -> None:
    assert timing.add_waking(moment, one, here) <= timing.add_waking(moment, one + more, here)


@pytest.mark.parametrize(
    ("day", "part", "asked", "wanted", "why"),
    [
        (None, None, "10:00", ("2026-11-03", "14:00"), "within four hours"),
        (None, None, "17:00", ("2026-11-03", "20:00"), "the same day, while it is long enough"),
        (None, None, "18:00", ("2026-11-03", "20:00"), "two hours are just long enough"),
        (None, None, "18:30", ("2026-11-04", "11:30"), "too near the evening"),
        (None, None, "21:30", ("2026-11-04", "13:00"), "from the morning on"),
        ("2026-11-03", None, "10:00", ("2026-11-03", "14:30"), "today"),
        ("2026-11-03", None, "15:00", ("2026-11-03", "17:00"), "today, later than usual"),
        ("2026-11-03", None, "19:30", ("2026-11-03", "20:00"), "not after eight"),
        ("2026-11-03", None, "20:00", ("2026-11-04", "11:00"), "too late today, just"),
        ("2026-11-03", None, "21:00", ("2026-11-04", "11:00"), "too late today"),
        ("2026-11-03", "morning", "15:00", ("2026-11-03", "17:00"), "the morning has gone by"),
        ("2026-11-03", "16:30", "15:00", ("2026-11-03", "16:30"), "at that hour"),
        ("2026-11-03", "afternoon", "14:30", ("2026-11-03", "16:30"), "it is that hour by now"),
        ("2026-11-04", "99:99", "15:00", ("2026-11-04", "14:30"), "no hour: as without one"),
        ("2026-11-03", "14:00", "15:00", ("2026-11-03", "15:00"), "that hour has gone by: now"),
        ("2026-11-04", "evening", "15:00", ("2026-11-04", "18:00"), "tomorrow evening"),
        ("2026-11-01", None, "10:00", ("2026-11-03", "14:00"), "a day that has gone by"),
    ],
)
def test_when_help_is_wanted(
    day: str | None, part: str | None, asked: str, wanted: tuple[str, str], why: str
) -> None:
    when = date.fromisoformat(day) if day else None
    found = timing.wanted_at(when, part, at("2026-11-03", asked), HERE)
    assert found == at(*wanted), why


def test_an_hour_of_the_clock_has_a_colon() -> None:
    said = ("09:30", "0930", "09", "25:00", "morning", "")
    assert [timing.clock_time(part) for part in said] == [time(9, 30), *[None] * 5]


PARTS = st.sampled_from([None, "morning", "afternoon", "evening", "09:30", "23:15", "00:00"])
DAYS = st.none() | st.integers(-3, 30)


@given(MOMENTS, DAYS, PARTS, QUIET)
def test_help_is_never_wanted_before_it_was_asked_for(
    asked: datetime, days: int | None, part: str | None, here: Community
) -> None:
    today = timing.local(asked, here).date()
    day = None if days is None else today + timedelta(days=days)
    assert timing.wanted_at(day, part, asked, here) >= asked


@given(MOMENTS, DAYS, PARTS, QUIET, st.booleans())
def test_a_promise_is_kept_by_day_and_lies_ahead(
    now: datetime, days: int | None, part: str | None, here: Community, urgent: bool
) -> None:
    today = timing.local(now, here).date()
    day = None if days is None else today + timedelta(days=days)
    wanted = timing.wanted_at(day, part, now, here)
    promised = timing.promise(wanted, now, here, urgent=urgent)
    assert promised > now
    assert not timing.is_quiet(promised, here)
    local = timing.local(promised, here)
    assert (local.minute % 15, local.second, local.microsecond) == (0, 0, 0)


@given(MOMENTS, DAYS, PARTS, QUIET, st.booleans())
def test_every_wave_goes_before_the_promised_hour(
    now: datetime, days: int | None, part: str | None, here: Community, urgent: bool
) -> None:
    today = timing.local(now, here).date()
    day = None if days is None else today + timedelta(days=days)
    wanted = timing.wanted_at(day, part, now, here)
    moment = timing.not_quiet(now, here)
    wait = timing.wave_wait(wanted, moment, here, urgent=urgent)
    waves = [timing.add_waking(moment, wait * n, here) for n in range(timing.WAVES)]
    assert wait > timedelta(0)
    assert waves == sorted(waves)
    assert len(set(waves)) == timing.WAVES
    assert waves[-1] <= timing.promise(wanted, now, here, urgent=urgent)


@pytest.mark.parametrize(
    ("now", "promised", "urgent"),
    [
        (at("2026-11-03", "10:00"), at("2026-11-03", "10:30"), True),
        (at("2026-11-03", "10:01"), at("2026-11-03", "10:45"), True),
        (at("2026-11-03", "19:20"), at("2026-11-04", "09:00"), True),
        (at("2026-11-03", "19:45"), at("2026-11-04", "09:15"), True),
        (at("2026-11-03", "21:30"), at("2026-11-04", "09:30"), True),
    ],
)
def test_the_promised_hour(now: datetime, promised: datetime, urgent: bool) -> None:
    wanted = timing.wanted_at(None, None, now, HERE)
    assert timing.promise(wanted, now, HERE, urgent=urgent) == promised


@pytest.mark.parametrize(
    ("now", "wanted", "urgent", "minutes", "why"),
    [
        (("03", "10:00"), ("03", "14:00"), True, 10, "urgent"),
        (("03", "10:00"), ("03", "19:00"), False, 30, "today"),
        (("03", "09:00"), ("04", "14:30"), False, 120, "tomorrow, and time enough"),
        (("03", "19:00"), ("04", "10:30"), False, 30, "tomorrow morning: it must be quicker"),
        (("03", "09:00"), ("03", "19:30"), False, 30, "today, however much time there is"),
        (("03", "15:00"), ("04", "10:59"), False, 30, "an hour before it has to be settled"),
        (("03", "15:00"), ("04", "11:00"), False, 120, "it is, at ten, just so"),
    ],
)
def test_how_long_a_wave_is_given(
    now: tuple[str, str], wanted: tuple[str, str], urgent: bool, minutes: int, why: str
) -> None:
    def on(moment: tuple[str, str]) -> datetime:
        return at(f"2026-11-{moment[0]}", moment[1])

    found = timing.wave_wait(on(wanted), on(now), HERE, urgent=urgent)
    assert found == timedelta(minutes=minutes), why


def test_what_is_wanted_within_four_hours_is_urgent() -> None:
    now = at("2026-11-03", "10:00")
    assert timing.is_urgent(now + timedelta(hours=4), now)
    assert timing.is_urgent(now, now)
    assert not timing.is_urgent(now + timedelta(hours=4, seconds=1), now)


@pytest.mark.parametrize(
    ("now", "wanted", "promised"),
    [
        # On the half hour where there is time, on a quarter where there is little.
        (at("2026-11-03", "10:05"), at("2026-11-03", "19:00"), at("2026-11-03", "12:00")),
        (at("2026-11-03", "10:35"), at("2026-11-03", "19:00"), at("2026-11-03", "12:30")),
        (at("2026-11-03", "09:05"), at("2026-11-05", "14:30"), at("2026-11-03", "15:30")),
    ],
)
def test_a_promise_without_hurry(now: datetime, wanted: datetime, promised: datetime) -> None:
    assert timing.promise(wanted, now, HERE, urgent=False) == promised


EARLY = Community(1, "Early to bed", quiet_from=time(17, 30), quiet_until=time(8))


def test_where_people_are_left_in_peace_early_they_are_reminded_before_that() -> None:
    remind = timing.evening_before(at("2026-11-04", "14:00"), at("2026-11-03", "10:00"), EARLY)
    assert remind == at("2026-11-03", "16:30")


@pytest.mark.parametrize(
    ("due", "now", "remind", "why"),
    [
        (at("2026-11-04", "14:00"), at("2026-11-03", "10:00"), at("2026-11-03", "18:00"), "eve"),
        (at("2026-11-04", "09:00"), at("2026-11-03", "15:59"), at("2026-11-03", "18:00"), "eve"),
        (at("2026-11-04", "09:00"), at("2026-11-03", "16:00"), None, "they have just said yes"),
        (at("2026-11-04", "09:00"), at("2026-11-03", "19:30"), None, "the evening is here"),
        (at("2026-11-03", "19:00"), at("2026-11-03", "09:00"), None, "it is today"),
        (at("2026-10-25", "10:00"), at("2026-10-23", "10:00"), at("2026-10-24", "18:00"), "clocks"),
    ],
)
def test_a_helper_is_reminded_the_evening_before(
    due: datetime, now: datetime, remind: datetime | None, why: str
) -> None:
    assert timing.evening_before(due, now, HERE) == remind, why


@pytest.mark.parametrize(
    ("due", "now", "hour_said", "remind", "why"),
    [
        (("04", "14:00"), ("03", "10:00"), True, ("04", "13:00"), "an hour before"),
        (("04", "09:30"), ("03", "10:00"), True, ("04", "09:00"), "as the quiet hours end"),
        (("04", "09:20"), ("03", "10:00"), True, None, "too late to be of use"),
        (("03", "21:00"), ("03", "10:00"), True, ("03", "19:00"), "before the quiet hours begin"),
        (("03", "12:00"), ("03", "10:30"), True, None, "they have just said yes"),
        (("04", "14:30"), ("03", "10:00"), False, ("04", "09:30"), "no hour was said"),
        (("03", "14:30"), ("03", "10:00"), False, ("03", "13:30"), "today"),
    ],
)
def test_a_helper_is_reminded_in_time_to_go_and_never_at_night(
    due: tuple[str, str],
    now: tuple[str, str],
    hour_said: bool,
    remind: tuple[str, str] | None,
    why: str,
) -> None:
    def on(moment: tuple[str, str]) -> datetime:
        return at(f"2026-11-{moment[0]}", moment[1])

    found = timing.shortly_before(on(due), on(now), HERE, hour_said=hour_said)
    assert found == (on(remind) if remind else None), why


@pytest.mark.parametrize(
    ("due", "now", "told", "why"),
    [
        (at("2026-11-04", "10:00"), at("2026-11-03", "10:00"), at("2026-11-03", "18:00"), "eve"),
        (at("2026-11-04", "14:00"), at("2026-11-03", "10:00"), at("2026-11-04", "09:30"), "day"),
        (at("2026-11-04", "10:00"), at("2026-11-03", "17:00"), None, "she has just heard"),
        (at("2026-11-04", "14:00"), at("2026-11-03", "21:00"), None, "she hears in the morning"),
        (at("2026-11-03", "17:00"), at("2026-11-03", "09:00"), None, "it is today"),
        (at("2026-11-04", "12:00"), at("2026-11-03", "10:00"), at("2026-11-04", "09:30"), "noon"),
        (at("2026-11-04", "11:59"), at("2026-11-03", "10:00"), at("2026-11-03", "18:00"), "eve"),
    ],
)
def test_an_asker_is_told_once_more_of_a_visit_on_a_later_day(
    due: datetime, now: datetime, told: datetime | None, why: str
) -> None:
    assert timing.tell_asker_at(due, now, HERE) == told, why


@pytest.mark.parametrize(
    ("due", "now", "told", "why"),
    [
        (("03", "17:00"), ("03", "00:10"), None, "today, where no hour is quiet"),
        (("04", "17:00"), ("03", "23:30"), ("04", "09:30"), "tomorrow, there"),
    ],
)
def test_an_asker_hears_in_the_morning_also_where_people_are_never_left_in_peace(
    due: tuple[str, str], now: tuple[str, str], told: tuple[str, str] | None, why: str
) -> None:
    never = Community(1, "Never", quiet_from=time(0), quiet_until=time(0))
    late = Community(1, "Late risers", quiet_from=time(22), quiet_until=time(13))
    found = timing.tell_asker_at(
        at(f"2026-11-{due[0]}", due[1]), at("2026-11-" + now[0], now[1]), never
    )
    assert found == (at(f"2026-11-{told[0]}", told[1]) if told else None), why
    noon = at("2026-11-02", "14:00")
    for hour, then in (("12:30", None), ("13:00", None), ("13:01", at("2026-11-04", "13:00"))):
        assert timing.tell_asker_at(at("2026-11-04", hour), noon, late) == then


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=5)), QUIET, st.booleans())
def test_a_reminder_lies_between_now_and_the_visit(
    now: datetime, ahead: timedelta, here: Community, hour_said: bool
) -> None:
    for found in (
        timing.evening_before(now + ahead, now, here),
        timing.shortly_before(now + ahead, now, here, hour_said=hour_said),
        timing.tell_asker_at(now + ahead, now, here),
    ):
        assert found is None or now < found <= now + ahead
        assert found is None or not timing.is_quiet(found, here)


@pytest.mark.parametrize(
    ("day", "hour", "utc"),
    [
        (SPRING, "00:30", "2026-03-29T00:30"),
        (SPRING, "01:30", "2026-03-29T01:30"),  # skipped: half an hour after the change
        (SPRING, "02:30", "2026-03-29T01:30"),
        (AUTUMN, "00:30", "2026-10-24T23:30"),
        (AUTUMN, "01:30", "2026-10-25T00:30"),  # repeated: the first of the two
        (AUTUMN, "02:30", "2026-10-25T02:30"),
    ],
)
def test_an_hour_of_the_night_the_clocks_change(day: date, hour: str, utc: str) -> None:
    found = timing.at_local(day, time.fromisoformat(hour), HERE)
    assert found == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "said"),
    [("10:00", "10:00"), ("10:04", "10:00"), ("10:05", "10:30"), ("10:31", "10:30")],
)
def test_hours_are_said_as_people_say_them(moment: str, said: str) -> None:
    found = at("2026-11-03", moment) + timedelta(seconds=7, microseconds=5)
    assert timing.half_hour(at("2026-11-03", moment)) == at("2026-11-03", said)
    assert timing.half_hour(found) == at("2026-11-03", said)


ELSEWHERE = ("Europe/London", "Europe/Rome", "America/St_Johns", "Pacific/Auckland", "Asia/Tokyo")


@pytest.mark.parametrize("zone", ELSEWHERE)
@pytest.mark.parametrize(
    ("asked", "day", "part", "offered", "wanted", "why"),
    [
        ("2026-12-31T15:00", "2027-01-01", "10:00", "2026-12-31T15:00", "2027-01-01T10:00", "now"),
        (
            "2026-12-31T21:00",
            "2027-01-01",
            "10:00",
            "2027-01-01T09:00",
            "2027-01-01T10:00",
            "night",
        ),
        ("2026-12-31T21:00", None, None, "2027-01-01T09:00", "2027-01-01T13:00", "no day was said"),
        ("2026-12-31T19:59", "2027-01-04", None, "2026-12-31T19:59", "2027-01-04T14:30", "now"),
        (
            "2028-02-28T15:00",
            "2028-02-29",
            "evening",
            "2028-02-28T15:00",
            "2028-02-29T18:00",
            "now",
        ),
        ("2028-02-28T23:30", "2028-02-29", None, "2028-02-29T09:00", "2028-02-29T14:30", "night"),
        (
            "2028-02-29T20:00",
            "2028-03-01",
            "morning",
            "2028-03-01T09:00",
            "2028-03-01T10:30",
            "eve",
        ),
        ("2027-02-28T22:00", "2027-03-01", None, "2027-03-01T09:00", "2027-03-01T14:30", "no leap"),
        # The nights on which clocks change: London's and Rome's, St John's, Auckland's.
        ("2026-10-24T21:00", "2026-10-25", "10:30", "2026-10-25T09:00", "2026-10-25T10:30", "back"),
        ("2027-03-27T21:00", "2027-03-28", "10:30", "2027-03-28T09:00", "2027-03-28T10:30", "on"),
        ("2026-10-31T21:00", "2026-11-01", None, "2026-11-01T09:00", "2026-11-01T14:30", "back"),
        ("2027-03-13T21:00", "2027-03-14", None, "2027-03-14T09:00", "2027-03-14T14:30", "on"),
        ("2027-04-03T21:00", "2027-04-04", None, "2027-04-04T09:00", "2027-04-04T14:30", "back"),
        ("2026-09-26T21:00", "2026-09-27", None, "2026-09-27T09:00", "2026-09-27T14:30", "on"),
    ],
)
def test_a_later_day_is_asked_about_now_and_not_at_night_by_the_groups_own_clocks(
    asked: str, day: str | None, part: str | None, offered: str, wanted: str, why: str, zone: str
) -> None:
    there = Community(1, "Elsewhere", timezone=zone)

    def wall(said: str) -> datetime:
        return datetime.fromisoformat(said).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)

    when = date.fromisoformat(day) if day else None
    assert timing.not_quiet(wall(asked), there) == wall(offered), why
    assert timing.wanted_at(when, part, wall(asked), there) == wall(wanted), why
