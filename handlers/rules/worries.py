"""Worries: what is one by its first word, whom it names, and how long each is given.

The word itself is the catalogues'; in all languages it means the same, whoever writes it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import timedelta

TAKE = (timedelta(hours=2), timedelta(hours=2), timedelta(hours=4))
"""How long those who were told first, second, third are given to take a worry, in waking hours;
after that everybody once a day. Ours: it is no emergency, of which another promise speaks, and
somebody who was brave enough to write should hear from a person on the same day."""

TAKE_LATER = timedelta(hours=11)
"""A whole day of waking hours."""

TAKE_URGENT = timedelta(minutes=15)
"""By the clock, at any hour, where it sounds like an emergency."""

HOW = timedelta(days=1)
"""Whoever took it is asked so long after how it stands, and again."""

LEFT_LYING = 3
"""Times that they are asked in vain; then the others hear of it too."""

KEPT_FOR = timedelta(days=3 * 365)
"""A closed worry keeps its words so long: claims for harm done to a person may be brought for three
years (Limitation Act 1980, section 11). Ours; a group that must keep more keeps its own record."""

ABOUT_VISITS = timedelta(days=7)
"""A worry may be about a visit that began so long ago, at most."""

_TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "rev", "revd", "sir", "lady", "father"})


def opening(text: str, words: Iterable[str]) -> str | None:
    """What follows, where a message begins with one of these words; none where it does not."""
    said = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    # In quotes, brackets or after a dash; "worry's over" is none.
    found = re.match(rf"[\W_]*(?:{said})(?!['’]?\w)[\s:;,.!?…\-–—)\]*/\"'”’]*", text, re.IGNORECASE)
    return text[found.end() :].strip() if found else None


def names(text: str, name: str) -> bool:
    """Whether somebody of that name is named: by the whole name, the first or the last. A letter
    that is doubled by mistake (Anna, Ana), an accent and an 's make no difference."""
    there = _parts(text)
    said = [part for part in _parts(name) if part not in _TITLES]
    # An initial is no name, and "may" or "will" is one all the same: too careful is careful enough.
    return any(part in there for part in {*said[:1], *said[-1:]} if len(part) > 1)


def _parts(text: str) -> list[str]:
    flat = unicodedata.normalize("NFKD", text.lower()).replace("’", "'")
    flat = "".join(letter for letter in flat if not unicodedata.combining(letter))
    words = (word.removesuffix("'s").removesuffix("'") for word in re.findall(r"[\w']+", flat))
    return [re.sub(r"(.)\1", r"\1", word) for word in words]
