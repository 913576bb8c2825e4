"""What is to be passed on to somebody, and what should not slip through with it."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST = 160
"""Characters of a message that are passed on: with what stands round them, two parts of a text."""

_ASKS = re.compile(
    r"(?:(?:please|pls|plz|can|could|would|will|you|u|just|and|kindly|plis|per favore|puoi|può|"
    r"i (?:need|want)(?: you)? to|i(?: would| ?'?d) like(?: you)? to|"
    r"(?:(?:all|w?n)[ae]?wch|wnei) (?:chi|di))[ ,]+)*"
    r"(?P<verb>tell|ask|let|say to|text|remind|warn|inform|pass (?:(?:it|this|that) )?on to|"
    r"(?:a )?message(?: for| to)?|"
    r"d{0,2}(?:[yw]*wedwch|[yw]*wed|weud|eud|udwch) wrth|gofyn(?:nwch)? i|neges (?:i|at)|"
    r"di'? a|dì a|dica a|dire a|chied[ia] a|messaggio per)[ :,]+(?!(?:you|u|me|us)\b)",
    re.IGNORECASE,
)
_THEM = (
    *("him", "her", "them", "the helper", "my helper", "the neighbour", "my neighbour"),
    *("y cymydog", "nhw", "il vicino", "la vicina"),
)
_THEN = re.compile(r"(?:know\b[ ,:]*)?(?:(?:that|to|bod|fod|che|di)\b[ ,:]*)?", re.IGNORECASE)
_END = re.compile(r"[ :,.\-]+|$")


def asked(text: str, names: Sequence[Sequence[str]]) -> tuple[tuple[int, ...], str] | None:
    """Whom something is to be told ("tell Sam the side door is open") and what; none if nobody is.

    `names`: for each person whom they may mean, what that person is called. Given back are the
    places of those who fit: several where it is not plain, none where nobody known is named.
    """
    line = " ".join(text.replace("’", "'").split())
    head = _ASKS.match(line)
    if head is None:
        return None
    rest = line[head.end() :]
    known = [(place, name) for place, called in enumerate(names) for name in called if name]
    known += [(place, name) for place in range(len(names)) for name in _THEM]
    # The longest first: "Sam Hill" before "Sam".
    for _, name in sorted(known, key=lambda pair: -len(pair[1])):
        after = rest[len(name) :]
        if rest.lower().startswith(name.lower()) and _END.match(after):
            words = after.lstrip(" :,.-")
            words = _THEN.sub("", words, count=1).strip()
            places = [place for place, one in known if one.lower() == name.lower()]
            return tuple(dict.fromkeys(places)), words
    return (), rest


_CONTACT = (
    re.compile(r"(?:\d[ \-–/().]{0,3}){7,}"),  # a number to ring
    re.compile(r"\b(?:ring|phone|call|tel)\b\D{0,15}(?:\d ?){5,6}\b", re.IGNORECASE),  # a local one
    re.compile(
        r"(?:\b(?:oh|zero|nought|one|two|three|four|five|six|seven|eight|nine|double|treble)\b"
        r"[ ,\-]*){6,}",
        re.IGNORECASE,
    ),
    re.compile(r"\S@\S+\.\S"),
    re.compile(
        r"\bat (?:gmail|googlemail|hotmail|outlook|yahoo|icloud|btinternet|aol|live)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:https?://|www\.|[a-z\d-]+\.(?:com|org|net|co\.uk|uk|me|ly)\b)", re.IGNORECASE
    ),
    # A postcode, its space where it belongs or not.
    re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?[ \-]*\d ?[A-Z]{2}\b", re.IGNORECASE),
    re.compile(r"(?<![\w.])@\w{4,}"),  # a name on Telegram
)
_CLOCK = re.compile(r"\b\d{1,2}[.:]\d\d\b")
"""A time, or a price: "10.30 - 12.30" is no number to ring."""


def gives_away(words: str, *own: str) -> bool:
    """Whether words hold a way to reach or to find whoever writes them: a number, an address of the
    web or of mail, a postcode, or one of these (`own`: their address)."""
    plain = words.lower()
    words = _CLOCK.sub("", words)
    return any(pattern.search(words) for pattern in _CONTACT) or any(
        len(one) > 4 and one.lower() in plain for one in own
    )
