"""The duty rota: what organisers say of it, and when each time begins and ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules import rota, rota_once
from handlers.rules.rota import DAY, WEEK, Doing, Wish
from handlers.wording import load
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
        ("monday 9 : 30 to 5", [(MON + 9 * H + 30, MON + 17 * H)]),
        ("monday 9 to 9", [(MON + 9 * H, MON + 21 * H)]),
        ("monday 10 to 2", [(MON + 10 * H, MON + 14 * H)]),
        ("monday 8 to 16", [(MON + 8 * H, MON + 16 * H)]),
        ("monday 13 to 2", [(MON + 13 * H, TUE + 2 * H)]),
        ("monday 12 to 0", [(MON + 12 * H, TUE)]),
        ("monday noon to midnight", [(MON + 12 * H, TUE)]),
        ("saturday to monday", [(SAT, SUN), (SUN, MON), (MON, TUE)]),
        ("all week 9 to 5", [(d * DAY + 9 * H, d * DAY + 17 * H) for d in range(7)]),
        ("llun 9 tan mawrth 9", [(MON + 9 * H, TUE + 9 * H)]),
        ("lunedi alle 9 a martedi alle 9", [(MON + 9 * H, TUE + 9 * H)]),
        # " a " is "and" in Welsh and "to" in Italian.
        ("llun a mercher", [(MON, TUE), (WED, THU)]),
        ("dydd llun a dydd iau 9 tan 5", [(d + 9 * H, d + 17 * H) for d in (MON, THU)]),
        ("llun, mercher a gwener", [(MON, TUE), (WED, THU), (FRI, SAT)]),
        ("llun tan mercher", [(MON, TUE), (TUE, WED), (WED, THU)]),
        ("lunedi a mercoledi", [(MON, TUE), (TUE, WED), (WED, THU)]),
        ("dal lunedi al mercoledi", [(MON, TUE), (TUE, WED), (WED, THU)]),
        ("lunedi e giovedi", [(MON, TUE), (THU, FRI)]),
        ("monday 9am to monday 9am", []),
        ("monday 9am to 9am", []),
        ("monday 9am to tuesday 25", []),
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
        ("fi oddi ar y rota", Wish(Doing.CLEAR)),
        ("tynnwch fi oddi ar y rota plis", Wish(Doing.CLEAR)),
        ("Sam oddi ar y rota", Wish(Doing.CLEAR, "sam")),
        ("toglimi dai turni", Wish(Doing.CLEAR)),
        ("io fuori dai turni", Wish(Doing.CLEAR)),
        ("togli Sam dai turni per favore", Wish(Doing.CLEAR, "sam")),
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
        ("somebody on duty mondays 9 to 5", None),
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


def test_an_hour_that_the_clocks_skip_is_nobodys() -> None:
    """Half past one and half past two are one moment then: what never begins is not on."""
    eve = datetime(2027, 3, 27, 12, tzinfo=UTC)
    assert not rota.is_on((SUN + 90, SUN + 150), eve, HERE)


# Single dates

TUESDAY = date(2026, 11, 24)
NINE_TO_FIVE = (9 * H, 17 * H)


def once(day: int, month: int = 12, who: str = "", instead: str = "", hours: bool = True) -> Wish:
    at = NINE_TO_FIVE if hours else None
    return Wish(Doing.ONCE, who, day=date(2026, month, day), hours=at, instead=instead)


def until(day: int, start: int, end: int) -> Wish:
    return Wish(Doing.ONCE, "sam", day=date(2026, 11, day), hours=(start, end))


def back(day: int, month: int = 12, of: str = "") -> Wish:
    return Wish(Doing.BACK, day=date(2026, month, day), instead=of)


def cant(day: int, month: int, who: str = "") -> Wish:
    return Wish(Doing.CANT, who, day=date(2026, month, day))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Sam on Sat 12 December 9 to 5 instead of Jo", once(12, who="sam", instead="jo")),
        ("Sam is on duty Saturday 12 December 9am to 5pm", once(12, who="sam")),
        ("ON DUTY 12 December 9am to 5pm", once(12)),
        ("on duty 12/12 9-5", once(12)),
        ("I'm on duty this saturday 9 to 5", once(28, 11)),
        ("on duty tomorrow 9 to 5 please", once(25, 11)),
        ("Sam on saturday 9 to 5 instead of me", once(28, 11, "sam", "me")),
        ("Sam instead of myself on saturday", once(28, 11, "sam", "me", hours=False)),
        ("Sam yn lle fi ar ddydd Sadwrn 12 Rhagfyr", once(12, 12, "sam", "me", hours=False)),
        ("Sam al posto di io sabato", once(28, 11, "sam", "me", hours=False)),
        ("Sam al posto di Jo sabato prossimo", once(28, 11, "sam", "jo", hours=False)),
        ("ar ddyletswydd heno", once(24, 11, hours=False)),
        ("Sam on duty tomorrow 9am to 12 noon", until(25, 9 * H, 12 * H)),
        ("Sam ar ddyletswydd yfory 9 y bore tan hanner dydd", until(25, 9 * H, 12 * H)),
        ("Sam ar ddyletswydd yfory 9 y bore tan 5 y prynhawn", until(25, 9 * H, 17 * H)),
        ("Sam al posto di Jo lunedì", once(30, 11, "sam", "jo", hours=False)),
        # From one date to another.
        ("Sam on duty tomorrow 6pm to Thursday 8am", until(25, 18 * H, DAY + 8 * H)),
        ("Sam on duty tomorrow 6pm to Friday 6pm", until(25, 18 * H, 2 * DAY + 18 * H)),
        ("Sam on duty tomorrow 9am to tomorrow 5pm", until(25, 9 * H, 17 * H)),
        ("Sam on duty tomorrow 6pm to tomorrow 8am", Wish(Doing.HOW)),
        ("Sam on duty tomorrow 9am to tomorrow 9am", Wish(Doing.HOW)),
        ("Sam on duty tomorrow 6pm to today 8pm", Wish(Doing.HOW)),
        ("Sam on duty tomorrow 6pm to 31 November 8am", Wish(Doing.HOW)),
        ("Sam on duty tomorrow 6pm to Thursday 25", Wish(Doing.HOW)),
        ("forget saturday", back(28, 11)),
        ("Forget Saturday 12 December please", back(12)),
        ("I can do Tuesday after all", back(1, 12, "me")),
        ("Jo can do tomorrow after all", back(25, 11, "jo")),
        ("galla i wneud dydd Sadwrn wedi'r cwbl", back(28, 11, "me")),
        ("posso fare sabato dopo tutto", back(28, 11, "me")),
        ("who can do Tuesday after all", None),
        ("I can do Tuesday", None),
        ("forget the milk on Saturday", None),
        ("Sam instead of Jo on saturday", once(28, 11, "sam", "jo", hours=False)),
        ("I'm on duty saturday 9 to 5 not Jo", once(28, 11, "", "jo")),
        ("Sam ar ddyletswydd dydd Sadwrn 12 Rhagfyr 9 tan 5 yn lle Jo", once(12, 12, "sam", "jo")),
        ("Sam di turno sabato 12 dicembre 9 a 17 al posto di Jo", once(12, 12, "sam", "jo")),
        ("I can't do Tuesday", cant(1, 12)),
        ("sorry, I can't make 1st December", cant(1, 12)),
        ("Jo can't do tomorrow.", cant(25, 11, "jo")),
        ("Jo is not on duty on Friday", cant(27, 11, "jo")),
        ("not me on tuesday", cant(1, 12)),
        ("alla i ddim gwneud dydd Mawrth", cant(1, 12)),
        ("non posso martedì", cant(1, 12)),
        ("Sam on Sun 12 December 9 to 5", Wish(Doing.HOW)),  # a Saturday: which is it?
        ("on duty 31 November", Wish(Doing.HOW)),
        ("I can't do Sunday 12 December", Wish(Doing.HOW)),
        ("on duty saturday 9 to 5", None),  # in every week
        ("I can't do tuesdays", None),
        ("I can't come on tuesday", None),
        ("I am not well on tuesday", None),
        ("nobody is on duty tomorrow", None),
        ("tomorrow 9 to 5", None),
        ("12 december", None),
        ("", None),
    ],
)
def test_what_is_said_of_a_single_date(said: str, meant: Wish | None) -> None:
    assert rota_once.once(said, TUESDAY) == meant


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "on duty {}"), ("cy", "ar ddyletswydd {}"), ("it", "di turno {}")],
)
@pytest.mark.parametrize("day", [TUESDAY + timedelta(days=n) for n in (0, 1, 3, 18, 100)])
def test_a_date_can_be_written_as_it_is_told(language: str, words: str, day: date) -> None:
    wording = load()
    start, end = rota_once.on_date(day, (12 * H, 17 * H + 30), HERE)
    told = wording.text(
        language,
        "duty.times",
        start=f"{wording.day(language, day, TUESDAY, whole=True)} "
        f"{wording.hour(language, start, HERE)}",
        by=wording.hour(language, end, HERE),
    )
    found = rota_once.once(words.format(told), TUESDAY)
    assert found == Wish(Doing.ONCE, day=day, hours=(12 * H, 17 * H + 30)), told


@given(st.text(max_size=80))
def test_any_date_can_be_read(text: str) -> None:
    for said in (text, f"on duty {text} 9 to 5", f"I can't do {text}", f"sam on {text}"):
        rota_once.once(said, TUESDAY)


@dataclass(frozen=True)
class Week:
    member_id: int
    span: rota.Span


@dataclass(frozen=True)
class Once:
    member_id: int | None
    instead_of: int | None
    starts_at: datetime
    ends_at: datetime


JO, SAM, ANA = 1, 2, 3
JO_AND_ANA = (Week(JO, (SAT + 8 * H, SAT + 20 * H)), Week(ANA, (SAT + 12 * H, SUN + 8 * H)))


def saturday(hour: int) -> datetime:
    return datetime(2026, 12, 12, hour, 30, tzinfo=UTC)


def on_saturday(member: int | None, instead: int | None, start: int = 9, end: int = 17) -> Once:
    first, last = rota_once.on_date(date(2026, 12, 12), (start * H, end * H), HERE)
    return Once(member, instead, first, last)


@pytest.mark.parametrize(
    ("dates", "hour", "on"),
    [
        ([], 9, {JO}),
        ([], 13, {JO, ANA}),
        ([on_saturday(SAM, JO)], 8, {JO}),  # before the hours that were said the week holds
        ([on_saturday(SAM, JO)], 10, {SAM}),
        ([on_saturday(SAM, JO)], 13, {SAM, ANA}),
        ([on_saturday(SAM, JO)], 17, {JO, ANA}),
        ([on_saturday(SAM, None)], 13, {SAM}),  # in the place of everybody
        ([on_saturday(None, JO, 8, 20)], 9, set()),
        ([on_saturday(None, JO, 8, 20)], 13, {ANA}),
        ([on_saturday(SAM, JO), on_saturday(None, SAM)], 10, set()),  # what was said last
        ([on_saturday(None, JO), on_saturday(JO, None)], 10, {JO}),
        ([on_saturday(JO, None), on_saturday(SAM, None)], 10, {JO, SAM}),
        ([on_saturday(SAM, JO, 18, 20), on_saturday(SAM, None)], 10, {SAM}),
    ],
)
def test_a_date_goes_before_the_week(dates: list[Once], hour: int, on: set[int]) -> None:
    assert rota_once.on_at(saturday(hour), JO_AND_ANA, dates, HERE) == on
    week_after = saturday(hour) + timedelta(days=7)
    assert rota_once.on_at(week_after, JO_AND_ANA, dates, HERE) == rota_once.on_at(
        week_after, JO_AND_ANA, [], HERE
    )


def test_it_changes_hands_whenever_anybody_begins_or_ends() -> None:
    dates = [on_saturday(SAM, JO)]
    nine, five = dates[0].starts_at, dates[0].ends_at
    for now, hours in ((saturday(8), [9, 12, 17, 20]), (nine, [12, 17, 20]), (five, [20])):
        found = rota_once.coming(now, JO_AND_ANA, dates, HERE)
        assert [moment.hour for moment in found if moment.date() == nine.date()] == hours
    assert rota_once.on_at(nine, JO_AND_ANA, dates, HERE) == {SAM}
    assert rota_once.on_at(five, JO_AND_ANA, dates, HERE) == {JO, ANA}


def test_nine_is_nine_on_a_date_when_the_clocks_change() -> None:
    start, end = rota_once.on_date(date(2026, 10, 25), (0, DAY), HERE)
    assert end - start == timedelta(hours=25)
    assert rota_once.on_date(date(2026, 10, 25), None, HERE) == (start, end)
    begins = rota_once.begun_on(date(2027, 3, 28), (SUN + 20 * H + 5, MON + 20 * H + 5), HERE)
    assert begins is not None
    assert {moment.astimezone(LONDON).time() for moment in begins} == {time(20, 5)}
    assert rota_once.begun_on(date(2027, 3, 27), (SUN + 9 * H, MON + 9 * H), HERE) is None


def test_who_speaks_of_duty_means_a_name_that_nobody_has() -> None:
    assert rota_once.names_duty("Sam is ON DUTY tomorrow")
    assert not rota_once.names_duty("Sam instead of Jo tomorrow")
