"""Answers that say to what they are: "yes to Doreen", "yes to the milk but no to the lift"."""

from __future__ import annotations

import re

from handlers.rules.understanding_words import plain, words_named, yes_no

_CLAUSE = re.compile(r"\s*(?:[,.;!&\n]|\b(?:and|but|a|ac|ond|e|ma)\b)\s*")
_TO = re.compile(r"^(?P<answer>.+?) (?:to|for|about|with|i|ar gyfer|per) (?P<what>.+)$")
_SMALL = words_named(
    "the a an my that this one her his him some please pls plz thanks thank you love ta for to of "
    "mrs mr miss ms y yr un il la lo le l per di"
)


def addressed(text: str) -> list[tuple[bool, frozenset[str]]]:
    """For each part of a text that is an answer to something named: whether it agrees, and the
    words that name it. Empty if any part is anything else."""
    parts = [part for part in _CLAUSE.split(plain(text)) if part]
    found = [_one(part) for part in parts]
    if not found or None in found:
        # "yes to milk and bread" names two things of one.
        found = [_one(" ".join(parts))]
    return [one for one in found if one is not None]


def _one(part: str) -> tuple[bool, frozenset[str]] | None:
    match = _TO.match(part)
    agreed = yes_no(match["answer"]) if match else None
    if match is None or agreed is None:
        return None
    named = frozenset(re.findall(r"[^\W_]+", match["what"])) - _SMALL
    return (agreed, named) if named else None


def names(named: frozenset[str], about: str) -> bool:
    """Whether words name something: one of them stands in what is said about it."""
    there = set(re.findall(r"[^\W_]+", plain(about))) - _SMALL
    # The apostrophe of "Doreen's" is gone by now.
    return any(word in there or word.removesuffix("s") in there for word in named)
