"""Which words sound like a machine's, which messages are the same, what waits at a group's cap."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from handlers.rules import spending, timing
from handlers.rules.guards import (
    SAME,
    SAME_MACHINE,
    SAME_SHORT,
    SHORT,
    InboundLimits,
    most_of_the_same,
    over,
)
from handlers.rules.guards import sounds_automatic as sounds
from handlers.rules.spending import Wish, may_wait, waits_until, wish
from storage import guards
from storage.model import Community, InboundKind, Priority
from storage.numbers import WhyNot, countries_in, why_not
from tests.made import inbound, outbound

MACHINES = (
    "Automatic reply: I am on holiday",
    "AUTO-REPLY",
    "This is an automated message. Do not text back.",
    "Out of office until Monday",
    "I'm out of the office",
    "I’m driving. I'll see your message later",
    "This number is not monitored",
    "Your message could not be delivered",
    "Thank you for your message. We will be in touch.",
    "Ateb awtomatig: dw i ar wyliau",
    "Risposta automatica: sono fuori sede",
)
PEOPLE = (
    "I got an automatic reply from the surgery, can somebody fetch my tablets",
    "I'm out of milk",
    "I'm out of breath",
    "are you driving to town on Friday",
    "Sam is driving me, thank you",
    "my message was not answered",
    "thank you for the milk",
    "out of bread and tea, please",
    "the delivery has not come",
    "I am away on Tuesday",
)


@pytest.mark.parametrize(
    ("minute", "hour", "day", "too_much"),
    [
        (19, 79, 249, False),
        (20, 20, 20, True),
        (0, 80, 80, True),
        (0, 0, 250, True),
        (0, 0, 0, False),
    ],
)
def test_any_of_three_limits_is_enough(minute: int, hour: int, day: int, too_much: bool) -> None:
    assert over(InboundLimits(), minute, hour, day) is too_much


@pytest.mark.parametrize(
    ("words", "answered"),
    [
        ("1", 12),
        ("yes please", 12),
        ("elevenlette", 12),
        ("twelveletter", 4),
        ("i need some milk please", 4),
        ("Automatic reply: away", 2),
        ("I’m driving", 2),
    ],
)
def test_how_often_the_same_words_are_answered(words: str, answered: int) -> None:
    assert most_of_the_same(words) == answered


@pytest.mark.parametrize("text", MACHINES)
def test_what_begins_as_only_a_machine_does_sounds_like_one(text: str) -> None:
    assert sounds(text)
    assert most_of_the_same(text) == SAME_MACHINE


@pytest.mark.parametrize("text", PEOPLE)
def test_people_who_tell_of_such_things_do_not(text: str) -> None:
    assert not sounds(text)
    assert most_of_the_same(text) in (SAME, SAME_SHORT)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Back on 3 May at 10:00, ref 12345", "Back on 4 June at 11:30, ref 99", False),
        ("I'm driving. It is 10:00", "I'm driving. It is 10:01!", True),  # only the hour differs
        (
            "Thank you for writing to the surgery, we are shut till May, A1",
            "thank you for writing to the surgery, we are shut till June, B2",
            True,
        ),
        ("are you there at all", "Are you  there at all?", True),
        ("1", "2", False),  # two answers
        ("A 1", "A 2", False),
        ("yes", "YES ", True),
        ("i need milk please", "i need bread please", False),
        ("👍", "👎", False),
    ],
)
def test_the_same_words_are_known_again(one: str, other: str, same: bool) -> None:
    assert (guards.sameness(inbound(text=one)) == guards.sameness(inbound(text=other))) is same


def test_buttons_photos_and_nothing_are_never_the_same() -> None:
    for facts in ({"kind": InboundKind.BUTTON}, {"kind": InboundKind.OTHER}, {"text": " "}):
        assert guards.sameness(inbound(**facts)) == ""


def test_what_is_short_is_the_same_thing_on_both_sides() -> None:
    assert SHORT == guards.LEAST_LETTERS


@pytest.mark.parametrize(
    ("number", "countries", "refused"),
    [
        ("+447700900123", "GB", None),  # for films and tests
        ("+447400123456", "GB", None),
        ("+441484960000", "GB", None),
        ("+447797712345", "GB", WhyNot.COUNTRY),  # Jersey shares +44
        ("+447797712345", "GB,JE", None),
        ("+447781012345", "GB, gg", None),
        ("+447624300000", "GB IM", None),
        ("+353871234567", "GB", WhyNot.COUNTRY),
        ("+353871234567", "IE", None),
        ("+447400123456", "IE", WhyNot.COUNTRY),
        ("+881612345678", "GB", WhyNot.COUNTRY),  # a satellite's
        ("+447012345678", "GB", WhyNot.DEAR),  # "personal" 070, beloved of fraud
        ("+447640123456", "GB", WhyNot.DEAR),  # a pager
        ("+449098790000", "GB", WhyNot.DEAR),
        ("60777", "GB", WhyNot.NOT_A_NUMBER),
        ("NHS-NoReply", "GB", WhyNot.NOT_A_NUMBER),
        ("", "GB", WhyNot.NOT_A_NUMBER),
    ],
)
def test_only_numbers_of_allowed_countries_that_cost_nothing_extra_are_texted(
    number: str, countries: str, refused: WhyNot | None
) -> None:
    assert why_not(number, countries_in(countries)) is refused


@pytest.mark.parametrize("words", ["", " , ", "UK", "GB;FR", "Britain"])
def test_a_country_that_is_none_is_told(words: str) -> None:
    with pytest.raises(ValueError, match="two letters"):
        countries_in(words)


WAITS = {
    # Whoever waits for these is told by somebody that they do, or waits for nothing.
    (Priority.EMERGENCY, ""): False,
    (Priority.REPLY, "found"): False,
    (Priority.REPLY, "check_in"): False,
    (Priority.REPLY, ""): False,
    (Priority.REMINDER, "remind"): False,
    (Priority.REMINDER, "daily_note"): True,
    (Priority.REMINDER, "taken"): True,
    (Priority.OFFER, "offer"): True,
    (Priority.BROADCAST, ""): True,
}


@pytest.mark.parametrize(("what", "waits"), WAITS.items())
def test_what_somebody_waits_for_does_not_wait(what: tuple[Priority, str], waits: bool) -> None:
    assert may_wait(outbound(priority=what[0], about={"kind": what[1]})) is waits
    assert {priority for priority, _ in WAITS} == set(Priority)


@pytest.mark.parametrize(
    ("zone", "now", "began", "until"),
    [
        ("Europe/London", (11, 24, 10), (11, 24, 0), (11, 25, 9)),
        ("Europe/London", (11, 24, 23, 59), (11, 24, 0), (11, 25, 9)),
        ("Europe/London", (7, 1, 23, 30), (7, 1, 23), (7, 3, 8)),  # it is the 2nd there
        ("Europe/London", (10, 24, 12), (10, 23, 23), (10, 25, 9)),  # the clocks go back
        ("Pacific/Auckland", (11, 24, 12), (11, 24, 11), (11, 25, 20)),
    ],
)
def test_a_day_is_the_groups_own(
    zone: str, now: tuple[int, ...], began: tuple[int, ...], until: tuple[int, ...]
) -> None:
    def at(moment: tuple[int, ...]) -> datetime:
        return datetime(2026, *moment, tzinfo=UTC)  # type: ignore[arg-type,misc]

    here = Community(1, "Marsden", timezone=zone, quiet_from=time(20), quiet_until=time(9))
    assert spending.day_began(at(now), here) == at(began)
    assert waits_until(at(now), here) == at(until)
    always = replace(here, quiet_from=time(0), quiet_until=time(0))
    tomorrow = timing.local(at(until), here).date()
    assert waits_until(at(now), always) == timing.at_local(tomorrow, time(0), here)


@pytest.mark.parametrize(
    ("words", "number"),
    [
        *(("123456", True), (" 123 456!", True), ("123-456.", True), ("12345", False)),
        *(("1234567", False), ("123  456", False), ("a123456", False), ("", False)),
    ],
)
def test_six_figures_raise_the_cap_however_they_are_spaced(words: str, number: bool) -> None:
    assert spending.is_number(words) is number


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("CAP", Wish()),
        ("/cap", Wish()),
        ("cap?", Wish()),
        ("cap 20!", Wish(20)),
        ("Cap 500", Wish(500)),
        ("raise the daily cap to 500.", Wish(500)),
        ("my cap is lost", None),
        ("cap 5 people", None),
        ("capable", None),
        ("can you fetch a cap", None),
    ],
)
def test_only_what_is_wholly_about_the_cap_is(words: str, meant: Wish | None) -> None:
    assert wish(words) == meant
