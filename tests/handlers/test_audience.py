"""Whom an organiser means, when it goes and why: words in, facts out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers.rules.audience import (
    Named,
    answers_in,
    is_meant,
    means_silent,
    moment_in,
    named,
    urgent_because,
    who_said,
)
from storage.model import Community, Need, Role, Standing
from storage.model_broadcasts import Audience
from tests.made import asker, helper

HELPERS, ASKERS = Audience(role=Role.HELPER), Audience(role=Role.ASKER)
DRIVERS = Audience(role=Role.HELPER, need=Need.LIFT)


@pytest.mark.parametrize(
    ("words", "audience", "around"),
    [
        ("everyone", Audience(), ""),
        ("All of them please", None, ""),
        ("i bawb", Audience(), ""),
        ("tutti", Audience(), ""),
        ("the helpers please", HELPERS, ""),
        ("the helpers.", HELPERS, ""),
        ("gwirfoddolwyr", HELPERS, ""),
        ("chi aiuta", HELPERS, ""),
        ("people who ask", ASKERS, ""),
        ("HD7 5", Audience(areas=("HD7 5",)), ""),
        ("hd7 and HD8 4", Audience(areas=("HD7", "HD8 4")), ""),
        # A whole postcode is a handful of doors: its sector is meant, and said.
        ("people in HD7 5AB", Audience(areas=("HD7 5",)), ""),
        ("within 2 km of HD7 6AB", Audience(km=2.0), "HD7 6AB"),
        ("o fewn 2 km i hd7 6ab", Audience(km=2.0), "HD7 6AB"),
        ("entro 1,5 km da HD7 6AB", Audience(km=1.5), "HD7 6AB"),
        ("helpers within a mile of HD7 6AB", Audience(role=Role.HELPER, km=1.61), "HD7 6AB"),
        ("one km from HD7 6AB", Audience(km=1.0), "HD7 6AB"),
        ("half a mile round HD7 6AB", Audience(km=0.8), "HD7 6AB"),
        ("hanner milltir o HD7 6AB", Audience(km=0.8), "HD7 6AB"),
        ("entro un km da HD7 6AB", Audience(km=1.0), "HD7 6AB"),
        ("round HD7 6AB", Audience(km=1.0), "HD7 6AB"),
        ("Welsh speakers", Audience(language="cy"), ""),
        ("siaradwyr Cymraeg", Audience(language="cy"), ""),
        ("chi parla italiano", Audience(language="it"), ""),
        ("drivers", DRIVERS, ""),
        ("who can give lifts", DRIVERS, ""),
        ("helpers with a car", DRIVERS, ""),
        (
            "helpers who speak Welsh in HD7 5",
            Audience(role=Role.HELPER, areas=("HD7 5",), language="cy"),
            "",
        ),
        # What is not understood would leave nobody out: so nobody is told.
        ("people near the church", None, ""),
        ("helpers within 2 km of Marsden", None, ""),
        ("helpers but not Sam", None, ""),
        ("the road is closed", None, ""),
        ("", None, ""),
    ],
)
def test_whom_words_mean(words: str, audience: Audience | None, around: str) -> None:
    found = named(words)
    if words.startswith("All of them"):
        assert found == Named(Audience())
    else:
        assert found == (Named(audience, around) if audience else None)


HERE = Audience(cell=1, km=2.0)


@pytest.mark.parametrize(
    ("audience", "km", "silent", "sam", "rosa"),
    [
        (Audience(), None, False, True, True),
        (HELPERS, None, False, True, False),
        (ASKERS, None, False, False, True),
        (Audience(areas=("HD7",)), None, False, True, False),  # Rosa is in HD70
        (Audience(areas=("HD8", "HD7 5")), None, False, True, False),
        (Audience(areas=("HD7 51",)), None, False, False, False),
        (HERE, 2.0, False, True, True),
        (HERE, 2.1, False, False, False),
        (HERE, None, False, False, False),  # where they live is not known
        (Audience(language="cy"), None, False, False, True),
        (Audience(need=Need.LIFT), None, False, True, False),  # Rosa only asks
        (Audience(need=Need.PET), None, False, False, False),
        (Audience(silent_in=7), None, True, True, True),
        (Audience(silent_in=7), None, False, False, False),
    ],
)
def test_who_is_in_an_audience(
    audience: Audience, km: float | None, silent: bool, sam: bool, rosa: bool
) -> None:
    lifts = frozenset({Need.LIFT})
    members = helper(can_do=lifts), asker(can_do=lifts, area="HD70 5", language="cy")
    found = tuple(is_meant(each, audience, km, silent=silent) for each in members)
    assert found == (sam, rosa)
    assert not is_meant(members[0], Audience(silent_in=7), km)
    for nobody in (helper(roles=frozenset()), helper(standing=Standing.LEFT)):
        assert not is_meant(nobody, audience, km, silent=silent)


@pytest.mark.parametrize(
    ("words", "silent"),
    [
        ("those who did not answer", True),
        ("those who haven't replied", True),
        ("heb ateb", True),
        ("chi non ha risposto", True),
        ("everyone who answered", False),
    ],
)
def test_those_who_did_not_answer(words: str, silent: bool) -> None:
    assert means_silent(words) is silent


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        ("Yes I have, no", ("Yes I have", "no")),
        ("tea or coffee", ("tea", "coffee")),
        ("1 tea, 2 coffee", ("tea", "coffee")),
        ("oes / nac oes", ("oes", "nac oes")),
        ("yes", None),
        ("Yes!, no.", ("Yes", "no")),
        ("a, b, c, d", ("a", "b", "c", "d")),
        ("just so long as you like, no", ("just so long as you like", "no")),
        ("a, b, c, d, e", None),
        ("yes, yes", None),
        ("a very long answer that fits no button, no", None),
    ],
)
def test_answers_that_people_can_give(words: str, answers: tuple[str, ...] | None) -> None:
    assert answers_in(words) == answers


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("URGENT because the river is up.", "the river is up"),
        ("Brys: mae'r afon yn codi", "mae'r afon yn codi"),
        ("urgente", ""),
        ("it is not that urgent", None),
        ("urgently", None),
    ],
)
def test_why_it_is_urgent(words: str, why: str | None) -> None:
    assert urgent_because(words) == why


NOW = datetime(2026, 11, 3, 10, tzinfo=UTC)  # a Tuesday


@pytest.mark.parametrize(
    ("words", "at"),
    [
        ("tomorrow at 10", datetime(2026, 11, 4, 10, tzinfo=UTC)),
        ("yfory am 10", datetime(2026, 11, 4, 10, tzinfo=UTC)),
        ("domani alle 18", datetime(2026, 11, 4, 18, tzinfo=UTC)),
        ("at 6pm", datetime(2026, 11, 3, 18, tzinfo=UTC)),
        ("Friday", datetime(2026, 11, 6, 10, tzinfo=UTC)),
        ("monday morning", datetime(2026, 11, 9, 10, 30, tzinfo=UTC)),
        ("domani ore 9", datetime(2026, 11, 4, 9, tzinfo=UTC)),
        ("tomorrow at 21.", datetime(2026, 11, 4, 21, tzinfo=UTC)),
        ("oggi alle 18", datetime(2026, 11, 3, 18, tzinfo=UTC)),
        ("please send it tomorrow morning at half 9", datetime(2026, 11, 4, 9, 30, tzinfo=UTC)),
        ("please send it out tomorrow morning at half 9", None),  # may be the news itself
        ("now", NOW),
        ("today", None),
        ("4821", None),
        ("the road is closed tomorrow at 10 because of the snow", None),
    ],
)
def test_when_it_is_to_go(words: str, at: datetime | None) -> None:
    assert moment_in(words, NOW, Community(1, "Marsden Neighbours")) == at


@pytest.mark.parametrize(
    ("words", "which"),
    [
        ("who said 1?", "1"),
        ("Who answered I have one", "i have one"),
        ('who said "tea"', "tea"),
        ("pwy ddywedodd 2", "2"),
        ("chi ha detto sì", "sì"),
        ("who said that the bus is off", "that the bus is off"),
        ("who is on duty?", None),
    ],
)
def test_who_gave_an_answer(words: str, which: str | None) -> None:
    assert who_said(words) == which


CAN = {
    Need.SHOPPING: "shopping", Need.PRESCRIPTION: "prescriptions", Need.COMPANY: "visits",
    Need.MEAL: "meals", Need.PET: "dogs", Need.GARDEN: "gardening", Need.HOME: "repairs",
    Need.TECH: "phones", Need.PAPERWORK: "letters", Need.ERRAND: "errands", Need.LIFT: "lifts",
}  # fmt: skip


def test_those_who_can_do_each_kind_or_speak_a_language() -> None:
    for need, word in CAN.items():
        assert named(f"helpers who can do {word}") == Named(Audience(role=Role.HELPER, need=need))
    for language, word in {"en": "English", "pl": "Polish"}.items():
        assert named(f"{word} speakers") == Named(Audience(language=language))
    assert answers_in("yes, " + 24 * "x") and not answers_in("yes, " + 25 * "x")
