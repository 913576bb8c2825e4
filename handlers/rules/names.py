"""What somebody's answer to "what is your name?" says their name is."""

from __future__ import annotations

import re

LONGEST = 40
"""Characters of a name that are kept: with the longest words around it a text stays within two
segments."""

_LEAD = re.compile(
    r"^(?:(?:hello|hi|hiya|hey|helo|shwmae|good (?:morning|afternoon|evening))\b[\s,.!-]*)?"
    r"(?:(?:oh|well|er|um)\b[\s,]*)*"
    r"(?:(?:my name(?:'?s| is)?|i am|i'?m|im|it'?s|its|this is|name(?:'s| is)?|they call me|"
    r"call me|you can call me|speaking is|fy enw i(?: yw| ydi)?|dw i'n|i'm called)\b[\s,:]*)*",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"[\s,]*\b(?:here|speaking|please|pls|thanks|thank you|ta|love|dear|diolch|yma)\b.*$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’\-.][^\W\d_]+)*\.?")
_NOT_NAMES = frozenset(
    {
        *("yes", "no", "ok", "okay", "why", "what", "who", "stop", "start", "none", "nobody"),
        *("help", "need", "want", "milk", "bread", "shopping", "lift", "please", "i", "can"),
        *("could", "would", "is", "are", "you", "your", "do", "don't", "dont", "the", "a", "an"),
        *("and", "my", "me"),
    }
)


def name_in(text: str) -> str | None:
    """The name in an answer, with capitals where none were typed; none if none is likely."""
    line = " ".join(text.split())[:200]
    line = _TAIL.sub("", _LEAD.sub("", line, count=1)).strip(" ,.!?-")
    # A name ends where a new sentence or an address begins.
    line = re.split(r"[,;!?\d]|\.\s", line, maxsplit=1)[0].strip(" .,-")
    words = _WORD.findall(line)
    if not words or len(words) > 4 or _WORD.sub("", line).strip(" "):
        return None
    if any(word.lower() in _NOT_NAMES for word in words):
        return None
    whole = " ".join(words)
    if whole == whole.lower() or (whole == whole.upper() and len(whole) > 2):
        whole = " ".join(re.sub(r"[^\W\d_]+", lambda m: m[0].capitalize(), word) for word in words)
    return whole[:LONGEST].strip()
