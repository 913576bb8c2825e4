"""Which days a message names: all of them, or it is asked back. Never silently one of several."""

from __future__ import annotations

from datetime import date

import pytest

from handlers.rules.understanding_days import days_of
from handlers.rules.understanding_when import day_of
from handlers.rules.understanding_words import plain
from handlers.rules.wellbeing import away_in

TUESDAY = date(2026, 11, 3)


def named(text: str) -> str:
    """The days, then what is not sure of them: `5/11 6/11 which`."""
    found = days_of(plain(text), TUESDAY)
    words = [f"{day.day}/{day.month}" for day in found.days]
    if found.no_such:
        words.append("no {}/{}".format(*found.no_such))
    elif not found.sure:
        words.append("which or all" if found.all_may_be else "which")
    return " ".join(words)


@pytest.mark.parametrize(
    ("text", "days", "why"),
    [
        ("shopping on the 12th", "12/11", "one"),
        ("shopping mon and thurs please", "5/11 9/11", "both"),
        ("shopping tuesday wednesday thursday", "4/11 5/11 10/11", "a list without a word between"),
        ("someone to walk the dog 5th 6th and 7th nov", "5/11 6/11 7/11", "by date"),
        ("dog walk 5th, 6th and 7th of december", "5/12 6/12 7/12", "the month said at the end"),
        ("lift dec 3 & 4", "3/12 4/12", "the month said first"),
        ("siopa dydd Iau a dydd Gwener", "5/11 6/11", "Welsh"),
        ("un passaggio giovedì e venerdì", "5/11 6/11", "Italian"),
        ("next thursday and monday please", "12/11 16/11", "after that Thursday"),
        ("shopping tomorrow and friday", "4/11 6/11", "beside a word for a day"),
        ("lift today, tuesday", "3/11", "one day said twice"),
        ("lift friday, december 4th", "4/12", "one day said twice"),
        ("lift mon tues wed thurs", "4/11 5/11 9/11 10/11 which or all", "too many unasked"),
        ("fetch my tablets tues or weds", "4/11 10/11 which", "one of them"),
        ("lift on thursday 5th or friday 6th", "5/11 6/11 which", "one of them, by date"),
        ("no, 5th or 6th", "5/11 6/11 which", "the small word is read with the day"),
        ("lift on 13/14 november", "13/11 14/11 which", "one of them, in figures"),
        ("either 10th 12th", "10/11 12/11 which", "one of them, said before"),
        ("lifft yfory neu drennydd", "4/11 5/11 which", "Welsh"),
        ("la spesa giovedì o venerdì", "5/11 6/11 which", "Italian"),
        ("dog walk thurs - sat", "5/11 6/11 7/11 which or all", "a run"),
        ("dog walk from thursday til sunday", "5/11 6/11 7/11 8/11 which or all", "a run"),
        ("shopping between tuesday and thursday", "10/11 11/11 12/11 which or all", "a run"),
        ("a lift 10th to 20th november", "which", "a run too long to show"),
        ("take me on Monday 17th", "16/11 17/11 which", "the 17th is a Tuesday"),
        ("shopping thursday, not this week the week after", "5/11 12/11 which", "which week"),
        ("shopping monday, and a lift on thursday", "5/11 9/11 which", "two things, two days"),
        ("shopping for the weekend please", "7/11 8/11 which", "two days"),
        ("shopping next week please", "which", "no one day"),
        ("milk any day but friday", "which", "no one day, and surely not that one"),
        ("bread before friday please", "which", "not that one"),
        ("siopa cyn dydd Gwener", "which", "Welsh"),
        ("lift in january", "which", "a month"),
        ("la spesa settimana prossima", "which", "Italian"),
        ("my daughter is away next week, milk please", "", "said of another thing"),
        ("a lift on 31/6 please", "no 31/6", "no such day"),
        ("shopping on the 30th of february", "no 30/2", "no such day"),
        ("lifft ar 31 Mehefin", "no 31/6", "Welsh"),
        ("un passaggio il 31 giugno", "no 31/6", "Italian"),
        ("lift to appt 00/11", "which", "no day at all"),
        ("lift on the 29th of feb", "29/2", "there is one, if far off: its year is shown"),
        ("1/2 a pound of mince and 2/3 tins of beans", "", "parts and numbers of things"),
    ],
)
def test_all_days_that_are_named_are_meant_or_asked_back(text: str, days: str, why: str) -> None:
    assert named(text) == days, why


@pytest.mark.parametrize(
    ("text", "day", "why"),
    [
        ("I need shopping but not today, tomorrow", date(2026, 11, 4), "not the one"),
        ("not friday, saturday please", date(2026, 11, 7), "not the one"),
        ("shopping instead of thursday can it be friday", date(2026, 11, 6), "not the one"),
        ("my appt was moved from thursday to friday, lift?", date(2026, 11, 6), "not any more"),
        ("my appointment is friday, lift please", date(2026, 11, 6), "a whole name is no verb"),
        ("not until thursday, shopping please", date(2026, 11, 5), "the first that will do"),
        ("lift on the last friday of the month", date(2026, 11, 27), "counted in a month"),
        ("lift first monday in december", date(2026, 12, 7), "counted in a month"),
        ("la spesa tra due giorni", date(2026, 11, 5), "Italian"),
        ("siopa mewn tri diwrnod", date(2026, 11, 6), "Welsh"),
        ("un passaggio l'8 dicembre", date(2026, 12, 8), "Italian months"),
    ],
)
def test_the_one_day_that_is_meant(text: str, day: date, why: str) -> None:
    assert day_of(plain(text), TUESDAY) == day, why


@pytest.mark.parametrize(
    ("text", "first", "until", "why"),
    [
        ("I'm away Thursday and Friday", 5, 7, "both"),
        ("away thursday, friday and saturday", 5, 8, "all of them"),
        ("dw i i ffwrdd dydd Iau a dydd Gwener", 5, 7, "Welsh"),
        ("sono via giovedì e venerdì", 5, 7, "Italian"),
        ("away next Thursday and Friday", 12, 14, "of next week"),
        ("I'm away Thursday and Saturday", 5, 6, "on Friday they are asked, and hear so"),
    ],
)
def test_days_away_beside_each_other_are_one_time_away(
    text: str, first: int, until: int, why: str
) -> None:
    away = away_in(plain(text), TUESDAY)
    assert away, why
    assert (away.first.day, away.until.day) == (first, until), why
