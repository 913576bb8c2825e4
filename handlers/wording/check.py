"""Checks words before anybody is sent them: placeholders right, length known.

The same check holds our own catalogues (tests) and what a group writes for itself.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass

from handlers.rules.segments import outside_gsm, segments

MOST_SEGMENTS = 2
"""No text is longer: some old handsets show the parts of a longer one out of order."""

LONGEST: Mapping[str, str] = {
    # Names: 14 letters hold all but the rarest first names; a whole name is cut at 40.
    "name": "Christabel-Ann",
    "helper": "Christabel-Ann",
    "other": "Christabel-Ann",
    "first": "Christabel-Ann",
    "organiser": "Christabel-Ann",
    "asker": "Christabel-Ann Featherstonehaugh",
    "who": "Christabel-Ann Featherstonehaugh",
    "group": "Slaithwaite Neighbours",
    "what": "washing powder, newspaper and vegetables",
    "when": "Wednesday 23 September at 10:30am",
    "by": "10:30am on Wednesday 23 September",
    "start": "10:30am on Wednesday 23 September",
    "day": "Wednesday 23 September",
    "hour": "10:30am",
    "days": "every Tuesday, Wednesday, Thursday and Saturday at 10:30am",
    "area": "HX10 5",
    "home": "Flat 12, Slaithwaite Mill House, Britannia Road, HD7 5HN",
    "phone": "+447700900123",
    "postcode": "HD7 5HN",
    "word": "BUTTERCUP",
    "words": "x" * 110,
    "number": "12",
    "count": "12",
    "asked": "36",
    "no": "12",
    "silent": "24",
    "lines": "x" * 120,
    "tried": "x" * 120,
    "state": "x" * 40,
    "reasons": "x" * 80,
    "does": "shopping and errands, a lift, company and pets",
    "link": "t.me/PoproundMarsdenBot?start=help",
    "choices": "x" * 60,
    "phrase": "if you'd like to help",
    "last": "vegetables",
    "part": "afternoon",
    "languages": "x" * 20,
}
"""The longest value that each placeholder is likely to get, for working out lengths."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is to be known of some words before they are used."""

    segments: int
    """The parts that a text is charged as, with the longest values."""
    dear: tuple[str, ...]
    """Characters that make it dearer (70 letters a part instead of 160)."""
    unknown: tuple[str, ...]
    """Placeholders that have no value here."""
    missing: tuple[str, ...]
    """Placeholders that the original has and these words don't."""
    broken: bool = False
    """A brace without its other half, or a placeholder that is none."""

    @property
    def good(self) -> bool:
        return not (self.broken or self.unknown or self.missing or self.segments > MOST_SEGMENTS)


OPTIONAL = frozenset({"group", "organiser", "name", "link"})
"""Placeholders that a group may leave out of its own words: nothing is lost by it."""


def placeholders(words: str) -> set[str]:
    """The names between braces.

    Raises:
        ValueError: if the braces don't match, or hold more than a name.
    """
    found = set()
    for _, name, form, conversion in string.Formatter().parse(words):
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            raise ValueError(f"{{{name}}} is not a placeholder")
        found.add(name)
    return found


def longest(words: str) -> str:
    """The words with the longest value in each placeholder."""
    values = {name: LONGEST.get(name, "x" * 20) for name in placeholders(words)}
    return string.Formatter().vformat(words, (), values)


def check(original: str, words: str) -> Checked:
    """What is to be known of words that are to stand in place of the original's."""
    try:
        there = placeholders(words)
    except ValueError:
        return Checked(0, (), (), (), broken=True)
    wanted = placeholders(original)
    return Checked(
        segments=segments(longest(words)),
        dear=outside_gsm(words),
        unknown=tuple(sorted(there - wanted - {"group"})),
        missing=tuple(sorted(wanted - there - OPTIONAL)),
    )
