"""The comparison of policies: what makes it fair, and that its page says what was measured."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bot.simulation.life import empty
from bot.simulation.parish import WhatIf
from tests.dispatch.__main__ import DOCS, RESULTS, Week, live, main
from tests.dispatch.page import pages
from tests.dispatch.policies import POLICIES, Policy
from tests.dispatch.same_people import SamePeople

A_DAY = WhatIf(days=1, askers=6, helpers=12, check_ins=0, per_week=6)

POPROUND, NEAREST, _, _, SHOUT, _ = POLICIES


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> dict[Policy, tuple[Week, SamePeople]]:
    """The same day under each of three policies."""
    made = tmp_path_factory.mktemp("dispatch") / "empty.db"
    asyncio.run(empty(made))
    return {each: live(each, A_DAY, 2, made) for each in (POPROUND, NEAREST, SHOUT)}


def test_the_same_person_answers_the_same_whoever_asks(
    days: dict[Policy, tuple[Week, SamePeople]],
) -> None:
    """The choice and the delay, to the microsecond; and people do not all answer alike."""
    shout = days[SHOUT][1].answers
    for policy in (POPROUND, NEAREST):
        answers = days[policy][1].answers
        both = answers.keys() & shout.keys()
        assert len(both) >= 4
        assert {key: answers[key] for key in both} == {key: shout[key] for key in both}
    assert len({key for key, _ in shout.values()}) == 3  # yes, no, and silence
    assert len({span for _, span in shout.values()}) > 4


def test_each_policy_asks_as_it_says(days: dict[Policy, tuple[Week, SamePeople]]) -> None:
    """All are asked for the same, and a shout reaches whoever any other would ask."""
    assert len({week.requests for week, _ in days.values()}) == 1
    for week, _ in days.values():
        assert not week.broken
    assert days[NEAREST][0].asks < days[POPROUND][0].asks < days[SHOUT][0].asks
    wishes = {wish for _, wish in days[SHOUT][1].answers}
    assert {wish for _, wish in days[NEAREST][1].answers} == wishes
    assert sum(days[NEAREST][0].times_asked) == len(days[NEAREST][1].answers)


def test_the_page_and_its_drawings_are_of_the_results() -> None:
    found = json.loads((DOCS / RESULTS).read_text(encoding="utf-8"))
    assert {week["policy"] for week in found["weeks"]} == {policy.name for policy in POLICIES}
    for name, words in pages(found).items():
        assert (DOCS / name).read_text(encoding="utf-8") == words, f"{name} is of other results"
        if name.endswith(".svg"):
            ElementTree.fromstring(words)


def test_results_are_needed_for_a_page_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--page-only", "--to", str(tmp_path)])
    assert ended.value.code == 2
    assert "leave out --page-only" in capsys.readouterr().err
