"""Names and houses in what people write."""

from __future__ import annotations

import re

LONGEST_HOME = 64
"""Characters of an address that are kept, likewise."""

LONGEST = 26
"""Characters of a name that are kept: with the longest words around it a text stays within two
segments."""

_LEAD = re.compile(
    r"^(?:(?:hello|hi|hiya|hey|helo|shwmae|good (?:morning|afternoon|evening))\b[\s,.!-]*)?"
    r"(?:(?:oh|well|er|um)\b[\s,]*)*"
    r"(?:(?:my name(?:'?s| is)?|i am|i'?m|im|it'?s|its|this is|name(?:'s| is)?|they call me|"
    r"call me|you can call me|speaking is|fy enw i(?: yw| ydi| ydy)?|dw i'n|i'm called)\b[\s,:]*)*",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"[\s,]*\b(?:here|speaking|please|pls|thanks|thank you|ta|love|dear|"
    r"diolch|sydd yma|yma|ydw i|dw i|dwi)\b.*$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’\-.][^\W\d_]+)*\.?")
_NOT_NAMES = frozenset(
    {
        *("yes", "no", "ok", "okay", "why", "what", "who", "stop", "start", "none", "nobody"),
        *("help", "need", "want", "milk", "bread", "shopping", "lift", "please", "i", "can"),
        *("could", "would", "is", "are", "you", "your", "do", "don't", "dont", "the", "a", "an"),
        *("and", "my", "me", "not", "never", "maybe", "sorry", "cancel", "wrong", "number", "know"),
        *("somebody", "someone", "anybody", "nothing", "poorly", "unwell", "ill", "scared"),
        *("frightened", "hungry", "emergency", "urgent", "it", "that", "this", "have", "been"),
        *("ie", "na", "pwy", "beth", "pam", "helo", "angen", "eisiau", "isio", "llaeth", "siopa"),
        *("dw", "dwi", "plis", "rhywun", "mae", "neb"),
    }
)
_ALONE_NOT_NAMES = frozenset(
    {"good", "fine", "well", "cold", "lost", "lonely", "mum", "dad", "later", "iawn", "bene", "sal"}
)
"""Beside another word they may be a surname."""
_SENTENCE = re.compile(
    r"[,;!?]|\S*\d|(?<!\b\w)(?<!\bmr)(?<!\bmrs)(?<!\bms)(?<!\bdr)(?<!\bst)\.\s", re.IGNORECASE
)


def name_in(text: str) -> str | None:
    """The name in an answer, with capitals where none were typed; none if none is likely."""
    line = " ".join(text.split())[:200]
    line = _TAIL.sub("", _LEAD.sub("", line)).strip(" ,.!?-")
    # A name ends where a new sentence or an address begins.
    line = _SENTENCE.split(line)[0].strip(" .,-")
    words = _WORD.findall(line)
    if not words or len(words) > 4 or _WORD.sub("", line).strip():
        return None
    whole = " ".join(words)
    if any(word.lower() in _NOT_NAMES for word in words) or whole.lower() in _ALONE_NOT_NAMES:
        return None
    if whole == whole.lower() or (whole == whole.upper() and len(whole) > 2):
        whole = " ".join(re.sub(r"[^\W\d_]+", lambda m: m[0].capitalize(), word) for word in words)
    return whole[:LONGEST].strip()


_INTRODUCED = re.compile(
    r"(?:\b[Mm]y name(?:'?s| is)|\bI'?m|\bI am|\b[Tt]his is|\b[Nn]ame:?)\s+"
    r"((?:(?:Mrs?|Ms|Miss|Dr)\.?\s+)?[A-Z][a-z'’-]+(?:\s+[A-Z][a-z'’-]+){0,2})"
)
_INTRODUCED_CY = re.compile(
    r"\b[Ff]y enw i (?:yw|ydi|ydy)\s+([A-Z][^\W\d_]+(?:\s+[A-Z][^\W\d_]+){0,2})|"
    r"([A-Z][^\W\d_]+(?:\s+[A-Z][^\W\d_]+){0,2}) (?:ydw i|dw i|dwi|sydd yma)"
    r"(?=\s*(?:$|[,.!]|a\b))"
)
_HOUSE = re.compile(
    r"\b((?:flat\s+\w{1,4},?\s+)?\d{1,4}[a-z]?,?\s+(?:(?!(?:to|the|of|at|in|for|on|from|and|am|pm)\s)[a-z'’.-]+\s+){1,3}?"
    r"(?:road|rd|street|st|lane|ln|row|avenue|ave|drive|dr|close|court|crescent|terrace|place|"
    r"gardens?|grove|hill|mews|park|rise|square|view|villas?|walk|way|yard|fold|bank|green|"
    r"gate|croft|cottages?|houses?))\b",
    re.IGNORECASE,
)


def introduced(text: str) -> str | None:
    """The name by which somebody introduces themselves in passing ("... I'm Doreen Shaw, ..."),
    with capitals as names have; none if it is not plain."""
    found = _INTRODUCED.search(text) or _INTRODUCED_CY.search(text)
    return name_in(next(filter(None, found.groups()))) if found else None


def house_named(text: str) -> str | None:
    """A house number and street in the middle of a message, where both are plain; else none. What
    is missed is asked for; what is wrongly found would send somebody to a wrong door."""
    found = _HOUSE.search(" ".join(text.split()))
    return found[1] if found else None


_POLITE = re.compile(
    r"(?:(?:^|[\s,.!]+)(?:please|pls|thanks|thank you|diolch|plis|grazie))+[\s,.!]*$", re.IGNORECASE
)
_LEADS = ("i live at", "i'm at", "im at", "my address is", "it's", "its", "at", "address")
_LEADS_CY = ("dw i'n byw yn", "dwi'n byw yn", "rwy'n byw yn", "fy nghyfeiriad yw", "rhif")


_NUMBERED = frozenset({"flat", "unit", "apartment", "apt", "room", "block", "fflat"})
"""What "B1" after it is the number of, and no postcode."""


def _alike(code: str) -> str:
    """A postcode without what is written between its letters, nought for the letter that many write
    for it."""
    return re.sub(r"[\W_]", "", code).upper().replace("O", "0")


def house_in(words: str, postcode: str) -> str:
    """What is left of an address when the postcode is taken out: the house and the street; empty
    where nothing is left that a helper could find a door by."""
    whole, outward = _alike(postcode), _alike(postcode.split(maxsplit=1)[0])
    tokens = words.replace(",", " , ").split()
    kept: list[str] = []
    place = 0
    while place < len(tokens):
        ends = range(place + 1, place + 1 + len(whole))  # "H D 7 5 A B"
        end = next((end for end in ends if _alike("".join(tokens[place:end])) == whole), None)
        numbered = bool(kept) and kept[-1].lower() in _NUMBERED
        if end is None and _alike(tokens[place]) == outward and not numbered:
            end = place + 1
        if end is None:
            kept.append(tokens[place])
        place = end or place + 1
    rest = _POLITE.sub("", " ".join(kept).replace(" ,", ",")).strip(" ,.;")
    lowered = rest.lower()
    for lead in (*_LEADS, *_LEADS_CY):
        if lowered.startswith((f"{lead} ", f"{lead}:")):
            rest = rest[len(lead) :].strip(" ,:")
            break
    return rest[:LONGEST_HOME] if any(c.isalnum() for c in rest) else ""
