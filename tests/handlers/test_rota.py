"""The duty rota: what organisers say of it, and when each time begins and ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules import rota
from handlers.rules.rota import DAY, WEEK, Doing, Wish
from storage.model import Community

HERE = Community(1, "Marsden Neighbours")
LONDON = ZoneInfo("Europe/London")
H = 60
MON, TUE, WED, THU, FRI, SAT, SUN = (day * DAY for day in range(7))


@pytest.mark.parametrize(
    ("said", "spans"),
    [
        ("monday 9am to tuesday 9am", [(MON + 9 * H, TUE + 9 * H)]),
        ("monday 9 to 5", [(MON + 9 * H, MON + 17 * H)]),
        ("mondays 9am to 5pm", [(MON + 9 * H, MON + 17 * H)]),
        ("monday 9am-5pm", [(MON + 9 * H, MON + 17 * H)]),
        ("monday from 9.30 to 12", [(MON + 9 * H + 30, MON + 12 * H)]),
        ("fri 6pm to mon 9am", [(FRI + 18 * H, MON + 9 * H)]),
        ("sunday 9pm to 7am", [(SUN + 21 * H, MON + 7 * H)]),
        ("saturday 9pm to 7", [(SAT + 21 * H, SUN + 7 * H)]),
        ("saturday 18 to 8", [(SAT + 18 * H, SUN + 8 * H)]),
        ("saturday 18:00 to 08:00", [(SAT + 18 * H, SUN + 8 * H)]),
        ("monday and thursday 9am to noon", [(d + 9 * H, d + 12 * H) for d in (MON, THU)]),
        ("mon, wed, fri 9-5", [(d + 9 * H, d + 17 * H) for d in (MON, WED, FRI)]),
        ("sat to sun 10am to 4pm", [(d + 10 * H, d + 16 * H) for d in (SAT, SUN)]),
        ("weekdays 9 to 5", [(d * DAY + 9 * H, d * DAY + 17 * H) for d in range(5)]),
        ("weekends", [(SAT, SUN), (SUN, MON)]),
        ("every day 8am to 8pm", [(d * DAY + 8 * H, d * DAY + 20 * H) for d in range(7)]),
        ("wednesdays", [(WED, THU)]),
        ("llun 9 tan mawrth 9", [(MON + 9 * H, TUE + 9 * H)]),
        ("lunedi alle 9 a martedi alle 9", [(MON + 9 * H, TUE + 9 * H)]),
        ("monday 9am to monday 9am", []),
        ("monday 9 to 25", []),
        ("monday or so", []),
        ("monday 9am", []),
        ("", []),
    ],
)
def test_the_times_of_the_week(said: str, spans: list[rota.Span]) -> None:
    assert rota.spans_in(said) == tuple(spans)


NINE_TO_NINE = ((MON + 9 * H, TUE + 9 * H),)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("on duty monday 9am to tuesday 9am", Wish(Doing.ADD, "", NINE_TO_NINE)),
        ("On duty Monday 9am to Tuesday 9am please", Wish(Doing.ADD, "", NINE_TO_NINE)),
        ("I'm on duty monday 9am to tuesday 9am.", Wish(Doing.ADD, "", NINE_TO_NINE)),
        ("Sam on duty monday 9am to tuesday 9am", Wish(Doing.ADD, "sam", NINE_TO_NINE)),
        ("Sam Hill is on duty Mondays", Wish(Doing.ADD, "sam hill", ((MON, TUE),))),
        ("I'm on duty", Wish(Doing.TAKE)),
        ("i am on duty now", Wish(Doing.TAKE)),
        ("I'll take over please", Wish(Doing.TAKE)),
        ("Sam takes over", Wish(Doing.TAKE, "sam")),
        ("Sam is on duty now", Wish(Doing.TAKE, "sam")),
        ("Mary-Ann has got the phone", Wish(Doing.TAKE, "mary-ann")),
        ("duty", Wish(Doing.SHOW)),
        ("/duty", Wish(Doing.SHOW)),
        ("Rota?", Wish(Doing.SHOW)),
        ("who is on duty?", Wish(Doing.SHOW)),
        ("who's on duty tonight?", Wish(Doing.SHOW)),
        ("pwy sydd ar ddyletswydd", Wish(Doing.SHOW)),
        ("me off the rota", Wish(Doing.CLEAR)),
        ("take Sam off the rota please", Wish(Doing.CLEAR, "sam")),
        ("no duty", Wish(Doing.CLEAR)),
        ("on duty monday to whenever", Wish(Doing.HOW)),
        ("on duty monday 9am", Wish(Doing.HOW)),
        ("on duty", None),  # a helper's word
        ("off duty", None),
        ("I'm not on duty", None),
        ("sam is on duty at the food bank and can't come", None),
        ("who takes over", None),
        ("somebody takes over", None),
        ("i need a lift on monday", None),
        ("the nurse on duty said to ring", None),
        ("", None),
    ],
)
def test_what_is_said_of_the_rota(said: str, meant: Wish | None) -> None:
    assert rota.wish(said) == meant


@given(st.text(max_size=80))
def test_anything_can_be_read(text: str) -> None:
    for said in (text, f"on duty {text}", f"{text} takes over", f"on duty monday {text}"):
        wish = rota.wish(said)
        for start, end in wish.spans if wish else ():
            assert 0 <= start < WEEK
            assert 0 <= end < WEEK
            assert start != end


minutes = st.integers(0, WEEK - 1)
moments = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda span: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=span)
)


@given(start=minutes, end=minutes, now=moments)
def test_a_time_begins_is_on_until_it_ends_and_is_then_over(
    start: int, end: int, now: datetime
) -> None:
    """From turn to turn through some weeks, over every change of the clocks."""
    if start == end:
        return
    span, on = (start, end), rota.is_on((start, end), now, HERE)
    for _ in range(6):
        turn = rota.turns(span, now, HERE)
        assert now < turn <= now + timedelta(days=8)
        assert rota.is_on(span, turn - timedelta(seconds=1), HERE) is on
        assert rota.is_on(span, turn, HERE) is not on
        now, on = turn, not on


@pytest.mark.parametrize("change", ["2026-10-25", "2027-03-28"])
def test_nine_stays_nine_when_the_clocks_change(change: str) -> None:
    before = datetime.fromisoformat(f"{change}T12:00").replace(tzinfo=LONDON) - timedelta(days=2)
    span = (SAT + 9 * H, MON + 9 * H)
    begins = rota.turns(span, before.astimezone(UTC), HERE).astimezone(LONDON)
    ends = rota.turns(span, begins.astimezone(UTC), HERE).astimezone(LONDON)
    assert (begins.weekday(), begins.hour, ends.weekday(), ends.hour) == (5, 9, 0, 9)
