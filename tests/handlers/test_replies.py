"""Answers that say to what they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules.replies import addressed, names


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("yes to doreen", [(True, {"doreen"})]),
        ("Yes please, to Doreen", [(True, {"doreen"})]),
        ("no to the lift", [(False, {"lift"})]),
        ("yes to the milk no to the lift", [(True, {"milk", "no", "lift"})]),
        ("yes to the milk, no to the lift", [(True, {"milk"}), (False, {"lift"})]),
        ("Yes to Doreen and no to Rosa.", [(True, {"doreen"}), (False, {"rosa"})]),
        ("aye for Mrs Shaw", [(True, {"shaw"})]),
        ("yes to milk and bread", [(True, {"milk", "bread"})]),
        ("ie i Doreen", [(True, {"doreen"})]),
        ("yes to doreen's milk", [(True, {"doreens", "milk"})]),
        ("yes", []),
        ("I went to Doreen", []),
        ("can you say yes to doreen", []),
        ("going to the shop", []),
        ("yes to the", []),
        ("", []),
    ],
)
def test_to_what_an_answer_is(text: str, found: list[tuple[bool, set[str]]]) -> None:
    assert [(agreed, set(named)) for agreed, named in addressed(text)] == found


@pytest.mark.parametrize(
    ("named", "about", "meant"),
    [
        ({"doreen"}, "Doreen Shaw milk HD7 5", True),
        ({"doreens", "milk"}, "Doreen Shaw bread HD7 5", True),
        ({"milk"}, "Rosa Bell milk and bread", True),
        ({"eggs"}, "Rosa Bell milk and bread", False),
        ({"dor"}, "Doreen Shaw", False),  # part of a word is no name
    ],
)
def test_what_is_named(named: set[str], about: str, meant: bool) -> None:
    assert names(frozenset(named), about) is meant


@given(st.text())
def test_no_text_is_too_much(text: str) -> None:
    assert all(named for _, named in addressed(text))
    names(frozenset({"x"}), text)
