"""A day is right when it is read, which may be the morning after it was written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from handlers.rules import timing
from handlers.rules.understanding import understand
from handlers.turn import Atlas, Desk, Turn
from handlers.wording import load
from storage.database import Transaction
from storage.model import Channel, Community, InboundKind, InboundMessage
from tests.made import asker, helper, request

TUESDAY = datetime(2026, 11, 24, tzinfo=UTC)
HERE = Community(1, "Marsden Neighbours")
FAR = Community(1, "Far away", timezone="Pacific/Auckland")
LEAVES = timedelta(minutes=4)
"""A text waits for those before it."""


def turn_at(now: datetime, there: Community) -> Turn:
    return Turn(Desk(load(), cast("Atlas", None)), cast("Transaction", None), now, there)


@pytest.mark.parametrize("there", [HERE, FAR])
def test_nobody_reads_today_or_tomorrow_on_another_day(there: Community) -> None:
    for minutes in range(0, 2 * 24 * 60, 7):
        now = TUESDAY + timedelta(minutes=minutes)
        turn = turn_at(now, there)
        read = timing.local(timing.not_quiet(now + LEAVES, there), there).date()
        for ahead in range(1, 9):
            day = turn.today + timedelta(days=ahead)
            noon = datetime.combine(day, datetime.min.time(), ZoneInfo(there.timezone))
            by = turn.by((noon + timedelta(hours=12)).astimezone(UTC), "en")
            when = turn.when(request(day=day, part="morning"), "en")
            for said in (by, when, turn.day(day, "en")):
                weekday = f"{day:%A}"
                assert ("tomorrow" in said) <= (day - read == timedelta(days=1)), (now, said)
                assert "today" not in said
                assert "tomorrow" in said or weekday in said, (now, said)


def test_who_wrote_just_now_is_told_tomorrow() -> None:
    night = TUESDAY + timedelta(hours=21)
    rosa, sam = asker(id=1), helper(id=2)
    message = InboundMessage(Channel.SMS, "1", "+44", "+44", InboundKind.TEXT, "hello")
    turn = turn_at(night, HERE)
    turn.member, turn.message = rosa, message
    tomorrow = request(day=turn.today + timedelta(days=1))
    assert turn.when(tomorrow, rosa) == "tomorrow"
    assert turn.when(tomorrow, sam) == "Wednesday"
    assert turn.by(night + timedelta(hours=1), sam) == "10pm"  # only who is woken is told that


def test_a_day_far_off_has_its_year() -> None:
    """Who asks for 29 February in a year that has none, or for yesterday by its date, sees when."""
    wording, today = load(), TUESDAY.date()
    leap_day = understand("a lift on 29/2", TUESDAY).date
    assert leap_day
    assert wording.day("en", leap_day, today) == "Tuesday 29 February 2028"
    yesterday = understand("a lift on 23 november", TUESDAY).date
    assert yesterday
    assert wording.day("en", yesterday, today) == "Tuesday 23 November 2027"
    assert wording.day("en", today + timedelta(days=60), today) == "Saturday 23 January"
