"""Whom an organiser means, when it goes and why: words in, facts out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers.rules.audience import (
    Named,
    answers_in,
    means_silent,
    moment_in,
    named,
    urgent_because,
    who_said,
)
from storage.model import Community, Need, Role
from storage.model_broadcasts import Audience

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
        ("pwy ddywedodd 2", "2"),
        ("chi ha detto sì", "sì"),
        ("who said that the bus is off", "that the bus is off"),
        ("who is on duty?", None),
    ],
)
def test_who_gave_an_answer(words: str, which: str | None) -> None:
    assert who_said(words) == which
