"""Help that comes again: what is said of it, and the days that it falls on."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules import recurrence, timing
from handlers.rules.recurrence import Pattern, Wants, Wish
from storage.model import Community

HERE = Community(1, "Marsden Neighbours")
LONDON = ZoneInfo("Europe/London")
TODAY = date(2026, 11, 4)  # a Wednesday
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("words", "weekdays", "every"),
    [
        ("shopping every Tuesday", (TUE,), 1),
        ("Could someone do my shopping each tuesday please", (TUE,), 1),
        ("Shopping Tuesdays please", (TUE,), 1),
        ("my prescription every second Friday", (FRI,), 2),
        ("my prescription every other Friday", (FRI,), 2),
        ("prescription every fortnight on a Friday", (FRI,), 2),
        ("prescription fortnightly, Fridays", (FRI,), 2),
        ("my tablets every two weeks on Friday", (FRI,), 2),
        ("my tablets every 2 weeks on Friday", (FRI,), 2),
        ("my tablets every three weeks on Friday", (FRI,), 3),
        ("my tablets every 3 weeks on Friday", (FRI,), 3),
        ("my tablets every four weeks on Friday", (FRI,), 4),
        ("my tablets every 4 weeks on Friday", (FRI,), 4),
        ("my tablets every 4 weeks on Monday", (MON,), 4),
        ("lift to the day centre Mondays and Thursdays at 10", (MON, THU), 1),
        ("lift to the day centre every Thursday and Monday at 10", (MON, THU), 1),
        ("a lift on Mon, Wed and Fridays", (MON, WED, FRI), 1),
        ("someone to walk the dog every morning", tuple(range(7)), 1),
        ("meals daily", tuple(range(7)), 1),
        ("walk the dog on weekdays", tuple(range(5)), 1),
        ("walk the dog Monday to Friday", tuple(range(5)), 1),
        ("company every weekend", (SAT, SUN), 1),
        ("shopping every week", (), 1),
        ("shopping once a week on Tuesday", (TUE,), 1),
        ("I need a lift on Tuesday's", (TUE,), 1),
        ("siopa bob dydd Mawrth plis", (TUE,), 1),
        ("lifft bob dydd Llun a dydd Iau am 10", (MON, THU), 1),
        ("presgripsiwn bob pythefnos ar ddydd Gwener", (FRI,), 2),
        ("spesa ogni martedì", (TUE,), 1),
        ("la spesa tutti i martedi e venerdi", (TUE, FRI), 1),
        ("le medicine ogni due settimane, il venerdì", (FRI,), 2),
        ("le medicine ogni tre settimane, il venerdì", (FRI,), 3),
        # What is regular is looked for beyond a habit of others, and a day that has been.
        ("the bins go every Tuesday, could somebody come every Thursday", (THU,), 1),
        ("I saw Ann on Monday, shopping Tuesdays please", (TUE,), 1),
        ("a lift on Tuesday's to the club", (TUE,), 1),
    ],
)
def test_how_often_is_understood(words: str, weekdays: tuple[int, ...], every: int) -> None:
    assert recurrence.pattern_of(words, TODAY) == (Pattern(weekdays, every), None)


@pytest.mark.parametrize(
    "words",
    [
        "shopping on Tuesday",
        "shopping next Tuesday",
        "milk please",
        "I need Tuesday's paper",
        "the bins go out every Tuesday, can someone help tomorrow",
        "the bins go out every Tuesday and I can't manage them",
        "a lift on the first Monday of every month",
        "my prescription monthly",
        "I was there all day",
        "a week on Tuesday",
        "the cafe is open every day, can somebody take me tomorrow",
        "it's market every Tuesday, can somebody take me on Friday",
        "in two weeks",
    ],
)
def test_a_single_time_is_no_pattern(words: str) -> None:
    assert recurrence.pattern_of(words, TODAY) is None


@pytest.mark.parametrize(
    ("words", "earliest"),
    [
        ("shopping every Tuesday from 24 November", date(2026, 11, 24)),
        ("shopping every day starting tomorrow", date(2026, 11, 5)),
        ("shopping every Tuesday from next week", None),
    ],
)
def test_from_when(words: str, earliest: date | None) -> None:
    found = recurrence.pattern_of(words, TODAY)
    assert found is not None
    assert found[1] == earliest


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("skip next Tuesday", Wish(Wants.SKIP, day=date(2026, 11, 10), weekdays=(TUE,))),
        ("not this week", Wish(Wants.SKIP, week=TODAY)),
        ("Not this week please", Wish(Wants.SKIP, week=TODAY)),
        ("no need next week thanks", Wish(Wants.SKIP, week=TODAY + WEEK)),
        ("can we skip the next one", Wish(Wants.SKIP, next_time=True)),
        ("don't come tomorrow", Wish(Wants.SKIP, day=date(2026, 11, 5))),
        ("cancel Tuesday", Wish(Wants.SKIP, day=date(2026, 11, 10), weekdays=(TUE,))),
        ("stop the Tuesday shopping", Wish(Wants.STOP, weekdays=(TUE,))),
        ("no more Tuesdays", Wish(Wants.STOP, weekdays=(TUE,))),
        ("no more regular help", Wish(Wants.STOP, regular=True)),
        ("please stop the weekly shopping", Wish(Wants.STOP, regular=True)),
        ("I don't want it every week any more", Wish(Wants.STOP, regular=True)),
        ("cancel my regular shopping", Wish(Wants.STOP, regular=True)),
        ("cancel my Tuesdays", Wish(Wants.STOP, weekdays=(TUE,))),
        ("please stop the shopping", Wish(Wants.STOP)),
        ("no Tuesdays this week", Wish(Wants.SKIP, week=TODAY, weekdays=(TUE,))),
        ("skip my Tuesdays for next week", Wish(Wants.SKIP, week=TODAY + WEEK, weekdays=(TUE,))),
        ("not the Tuesdays this time", Wish(Wants.SKIP, next_time=True, weekdays=(TUE,))),
        ("I don't need the shopping any more", Wish(Wants.ONE_OR_ALL)),
        # Who wants it again must not lose it.
        ("no more shopping this week", Wish(Wants.SKIP, week=TODAY)),
        ("stop the shopping tomorrow", Wish(Wants.SKIP, day=date(2026, 11, 5))),
        ("stop the Tuesday lift this week", Wish(Wants.SKIP, week=TODAY, weekdays=(TUE,))),
        (
            "cancel my Tuesdays next week",
            Wish(Wants.SKIP, day=date(2026, 11, 10), weekdays=(TUE,)),
        ),
        ("stop the shopping until after Christmas", Wish(Wants.SKIP, until=date(2026, 12, 27))),
        ("no more Tuesdays for now", Wish(Wants.ONE_OR_ALL, weekdays=(TUE,))),
        ("stop the shopping from next week", Wish(Wants.STOP)),
        ("dim yr wythnos yma", Wish(Wants.SKIP, week=TODAY)),
        ("dim mwy o help rheolaidd", Wish(Wants.STOP, regular=True)),
        ("non questa settimana", Wish(Wants.SKIP, week=TODAY)),
        ("basta aiuto regolare", Wish(Wants.STOP, regular=True)),
        ("I can't get to the shops on Tuesday", None),
        ("stop the weekly texts", None),
        ("no more messages every day please", None),
        ("thank you", None),
        ("milk please", None),
        ("no", None),
        ("not this week" + 11 * " please", Wish(Wants.SKIP, week=TODAY)),
        ("Skip the next two weeks", Wish(Wants.SKIP, until=date(2026, 11, 19))),
        ("not for the next three weeks", Wish(Wants.SKIP, until=date(2026, 11, 26))),
        ("I'm away for a fortnight", Wish(Wants.SKIP, until=date(2026, 11, 19))),
        ("not this week or next week", Wish(Wants.SKIP, until=date(2026, 11, 16))),
        ("not until January", Wish(Wants.SKIP, until=date(2027, 1, 1))),
        ("no more until Christmas", Wish(Wants.SKIP, until=date(2026, 12, 27))),
        (
            "not until Thursday",
            Wish(Wants.SKIP, until=date(2026, 11, 5), weekdays=(THU,)),
        ),
        (
            "no help for two weeks from monday",
            Wish(Wants.SKIP, day=date(2026, 11, 9), until=date(2026, 11, 23), weekdays=(MON,)),
        ),
        ("dim tan fis Ionawr", Wish(Wants.SKIP, until=date(2027, 1, 1))),
        ("dim am dair wythnos", Wish(Wants.SKIP, until=date(2026, 11, 26))),
        ("non fino a gennaio", Wish(Wants.SKIP, until=date(2027, 1, 1))),
        ("non per due settimane", Wish(Wants.SKIP, until=date(2026, 11, 19))),
        (
            "skip Tuesday and Friday",
            Wish(Wants.SKIP, days=(date(2026, 11, 6), date(2026, 11, 10)), weekdays=(TUE, FRI)),
        ),
        ("skip Tuesday or Friday", Wish(Wants.ONE_OR_ALL, weekdays=(TUE, FRI))),
        ("not this week" + 12 * " please", None),  # a letter is about more
    ],
)
def test_what_is_wished_of_regular_help(words: str, wish: Wish | None) -> None:
    assert recurrence.wish_of(words, TODAY) == wish


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ("please skip the shopping this week", " the shopping "),
        ("cancel my Tuesdays", " my tuesdays"),
        ("stop the lifts next week", " the lifts "),
    ],
)
def test_which_help_is_meant_is_in_the_words_beside_the_wish(words: str, about: str) -> None:
    wish = recurrence.wish_of(words, TODAY)
    assert wish
    assert wish.about == about  # "skip" alone would name a job at home


def test_days_by_themselves_and_a_single_time_after_all() -> None:
    assert recurrence.days_named("make it Wednesdays and dydd Llun") == (MON, WED)
    assert recurrence.days_named("in the morning") == ()
    assert recurrence.only_once("no, only this Tuesday")
    assert not recurrence.only_once("every Tuesday")


@pytest.mark.parametrize(
    ("pattern", "starts", "after", "found", "why"),
    [
        (Pattern((TUE,)), date(2026, 11, 10), date(2026, 11, 4), date(2026, 11, 10), "the first"),
        (Pattern((TUE,)), date(2026, 11, 10), date(2026, 11, 10), date(2026, 11, 17), "a week on"),
        (Pattern((FRI,), 2), date(2026, 11, 6), date(2026, 11, 6), date(2026, 11, 20), "second"),
        (Pattern((FRI,), 2), date(2026, 11, 6), date(2026, 11, 13), date(2026, 11, 20), "between"),
        (Pattern((MON, THU)), date(2026, 11, 5), date(2026, 11, 5), date(2026, 11, 9), "two days"),
        # Two days of each second week stay in the same week.
        (Pattern((MON, THU), 2), date(2026, 11, 5), date(2026, 11, 5), date(2026, 11, 16), "pair"),
        (Pattern((THU,), 2), date(2026, 12, 24), date(2026, 12, 24), date(2027, 1, 7), "year end"),
        (Pattern((TUE,), 4), date(2028, 2, 1), date(2028, 2, 1), date(2028, 2, 29), "leap day"),
        (Pattern((MON,)), date(2028, 2, 28), date(2028, 2, 28), date(2028, 3, 6), "past leap day"),
        (Pattern((FRI,)), date(2026, 12, 25), date(2026, 12, 25), date(2027, 1, 1), "new year"),
        (Pattern((SUN,), 2), date(2026, 10, 11), date(2026, 10, 11), date(2026, 10, 25), "back"),
        (Pattern((SUN,)), date(2026, 3, 22), date(2026, 3, 22), date(2026, 3, 29), "forward"),
    ],
)
def test_the_next_day(pattern: Pattern, starts: date, after: date, found: date, why: str) -> None:
    assert recurrence.next_day(pattern, starts, after) == found, why


def test_it_begins_after_today_unless_a_day_was_said() -> None:
    assert recurrence.first_day(Pattern((WED,)), TODAY) == date(2026, 11, 11)
    assert recurrence.first_day(Pattern((THU,)), TODAY) == date(2026, 11, 5)
    assert recurrence.first_day(Pattern((THU, SUN)), TODAY, TODAY) == date(2026, 11, 5)
    assert recurrence.first_day(Pattern((WED,)), TODAY, TODAY) == TODAY
    assert recurrence.first_day(Pattern((TUE,)), TODAY, date(2026, 11, 20)) == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("day", "made", "why"),
    [
        (date(2026, 10, 25), "2026-10-24T09:00", "the eve is still in summer time"),
        (date(2026, 10, 26), "2026-10-25T10:00", "the eve is the day of the change"),
        (date(2026, 3, 29), "2026-03-28T10:00", "the eve is still in winter time"),
        (date(2026, 3, 30), "2026-03-29T09:00", "the eve is the day of the change"),
        (date(2028, 3, 1), "2028-02-29T10:00", "the eve is a leap day"),
        (date(2027, 1, 1), "2026-12-31T10:00", "the eve is another year"),
    ],
)
def test_it_is_asked_for_at_ten_on_the_day_before(day: date, made: str, why: str) -> None:
    assert recurrence.made_at(day, HERE) == datetime.fromisoformat(made).replace(tzinfo=UTC), why


PATTERNS = st.builds(
    Pattern,
    st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    st.integers(1, 4),
)
DAYS = st.dates(date(2024, 1, 1), date(2040, 12, 31))


@given(PATTERNS, DAYS, st.integers(0, 400))
def test_the_next_day_is_the_first_that_fits(pattern: Pattern, today: date, on: int) -> None:
    starts = recurrence.first_day(pattern, today)
    after = starts + timedelta(days=on)
    found = recurrence.next_day(pattern, starts, after)
    assert after < found <= after + timedelta(days=7 * pattern.every)
    assert recurrence.is_on(pattern, starts, found)
    between = (after + timedelta(days=n) for n in range(1, (found - after).days))
    assert not any(recurrence.is_on(pattern, starts, day) for day in between)
    monday, week = found - timedelta(days=found.weekday()), []
    day = monday - timedelta(days=1)
    while (day := recurrence.next_day(pattern, starts, day)) < monday + timedelta(days=7):
        week.append(day)
    assert recurrence.days_in_week(pattern, starts, found) == week


@given(PATTERNS, DAYS)
def test_a_year_has_as_many_times_as_its_weeks_allow(pattern: Pattern, today: date) -> None:
    starts = recurrence.first_day(pattern, today)
    day, count = starts, 1
    while (day := recurrence.next_day(pattern, starts, day)) < starts + timedelta(weeks=48):
        count += 1
    # 48 weeks are whole rounds of 1, 2, 3 and 4; the first week may have begun before `starts`.
    whole = len(pattern.weekdays) * 48 // pattern.every
    assert whole - len(pattern.weekdays) <= count <= whole


@given(DAYS, st.times().map(lambda hour: hour.replace(second=0, microsecond=0)))
def test_it_stays_at_the_hour_that_was_said_whatever_the_clocks_do(day: date, hour: time) -> None:
    moment = recurrence.wanted_at(day, f"{hour:%H:%M}", HERE)
    there = moment.astimezone(LONDON)
    skipped = timing.at_local(day, hour, HERE).astimezone(LONDON).time() != hour
    assert there.date() == day
    assert skipped or there.time() == hour


def test_a_day_of_which_no_hour_was_said_is_that_day() -> None:
    wanted = recurrence.wanted_at(date(2026, 11, 10), None, HERE)
    assert wanted == datetime(2026, 11, 10, 14, 30, tzinfo=UTC)


@given(DAYS)
def test_it_is_never_asked_for_at_night_or_too_late(day: date) -> None:
    moment = recurrence.made_at(day, HERE)
    assert not timing.is_quiet(moment, HERE)
    assert moment.astimezone(LONDON).date() == day - timedelta(days=1)


@given(st.text(max_size=60))
def test_no_words_upset_it(words: str) -> None:
    recurrence.pattern_of(words, TODAY)
    recurrence.wish_of(words, TODAY)
