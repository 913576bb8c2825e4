"""Whom people choose and whom not, in their own words; and what only sounds like it."""

from __future__ import annotations

import pytest

from handlers.rules.choices import first, ruled_out
from handlers.rules.relayed import asked, gives_away


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Not Brian", "Brian"),
        ("not brian please", "brian"),
        ("I don't want Brian again", "Brian"),
        ("I don’t want Brian", "Brian"),
        ("Please don't send Mr Shaw any more.", "Mr Shaw"),
        ("anyone but Brian Hill", "Brian Hill"),
        ("I'd rather not go to Doreen", "Doreen"),
        ("dim Brian plis", "Brian"),
        ("non voglio più Brian", "Brian"),
        # These are none.
        ("Not today", None),
        ("not now thanks", None),
        ("No thank you", None),
        ("never mind", None),
        ("not very well", None),
        ("I don't want milk", None),
        ("don't ask me again", None),
        ("dim diolch", None),
        ("no appeals", None),
        ("not Brian, he's at work, but Sam can come", None),
    ],
)
def test_whom_somebody_would_rather_not_meet(text: str, name: str | None) -> None:
    assert ruled_out(text) == name


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Always try Sam first", ["Sam"]),
        ("ask Sam, then Jo first please", ["Sam", "Jo"]),
        ("my circle is Sam, Jo and Ana Lee", ["Sam", "Jo", "Ana Lee"]),
        ("gofynnwch i Siân yn gyntaf", ["Siân"]),
        ("ask me first", []),
        ("try again first", []),
        ("ask Sam to bring milk", []),
    ],
)
def test_who_is_to_be_asked_first(text: str, names: list[str]) -> None:
    assert first(text) == names


SAM, JO = ("Sam Hill", "Sam"), ("Jo", "Jo")


@pytest.mark.parametrize(
    ("text", "whom", "words"),
    [
        ("tell Sam the side door is open", (0,), "the side door is open"),
        ("Please could you tell sam hill that I'm late", (0,), "I'm late"),
        ("let Jo know: the key is under the pot", (1,), "the key is under the pot"),
        ("tell them I'm here", (0, 1), "I'm here"),
        ("ask Jo if she has change", (1,), "if she has change"),
        ("dwedwch wrth Jo fod y drws ar agor", (1,), "y drws ar agor"),
        ("dica a Sam che arrivo", (0,), "arrivo"),
        ("tell Samantha hello", (), "Samantha hello"),  # somebody else
        ("tell Sam", (0,), ""),
        ("tell Sam, the side door is open", (0,), "the side door is open"),
        ("tell Sam that I know that Jo is out", (0,), "I know that Jo is out"),
        ("di’ a Sam che arrivo", (0,), "arrivo"),
    ],
)
def test_whom_something_is_to_be_told(text: str, whom: tuple[int, ...], words: str) -> None:
    assert asked(text, [SAM, JO]) == (whom, words)


def test_what_is_for_us_is_not_for_somebody_else() -> None:
    assert asked("I need to tell you something", [SAM]) is None
    assert asked("can you get me milk", [SAM]) is None


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("ring me on 07700 900123", True),
        ("I'm at rosa@example.org", True),
        ("add me @rosa_lee", True),
        ("www.example.org/rosa", True),
        ("I live at hd7 5ab", True),
        ("come to 4 mill row", True),  # her own, where she has not been asked to show it
        ("two pints at 3:30, about £12.40", False),
        ("the key safe is 1234", False),
    ],
)
def test_what_would_let_somebody_be_found_is_noticed(words: str, given: bool) -> None:
    assert gives_away(words, "4 Mill Row") is given


def test_a_house_is_known_by_a_name_of_five_letters_and_not_by_less() -> None:
    assert gives_away("it is the Tower, ring twice", "Tower")
    assert not gives_away("the Lane is wet", "Lane")
