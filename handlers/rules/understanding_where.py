"""The postcode in a message, slips of the thumb and all, in its usual form."""

from __future__ import annotations

import re

# Royal Mail's 124 postcode areas (Programmers' Guide to the Postcode Address File, appendix).
_CODES = (
    "AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E"
    " EC EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL"
    " LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM"
    " SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE"
)
_AREAS = frozenset(_CODES.split())
_DIGIT_FOR = str.maketrans("oOiIlLsS", "00111155")
_LETTER_FOR = str.maketrans("0158", "OISB")
_INWARD_LETTERS = frozenset("ABDEFGHJLNPQRSTUWXYZ")
"""C I K M O V never stand in the last two places (BS 7666)."""

_FULL = re.compile(
    r"(?<![a-z0-9£#])(?P<area>[a-z]{1,2}) ?(?P<district>[0-9oil][0-9oila-z]?)[ .,\-]{0,2}"
    r"(?P<sector>[0-9oil]) ?(?P<unit>[a-z0158]{2})(?![a-z0-9])",
    re.IGNORECASE,
)
_OUTWARD = re.compile(
    r"(?<![a-z0-9£#.])(?P<area>[a-z]{1,2})(?P<district>[0-9]{1,2}[a-z]?)(?![a-z0-9%]|\.\d)",
    re.IGNORECASE,
)
_OUTWARD_SPACED = re.compile(
    r"(?<![a-z0-9£#.'])(?P<area>[A-Za-z]{2}) (?P<district>[0-9]{1,2})(?![a-z0-9%:/]|\.\d)"
)
_ROAD_BEFORE = re.compile(r"\b(?:on|off|up|down|along|the|via|junction|jct|of) (?:the )?$", re.I)
_ROAD_AREAS = frozenset({"M", "B", "E", "W", "N", "S", "L", "G"})
"""One letter: `M62`, `B6107` and `E10` are roads and fuel far more often than places."""
_SHORT_WORDS = frozenset({"AT", "IS", "TO", "ON", "OR", "NO", "BY", "UP", "IN", "OF", "AS", "IT"})
_WORDS = _SHORT_WORDS | {"ME", "SO", "AL", "BA", "HA", "LA", "LE", "DA", "PA", "TA", "DO"}


def _district(area: str, raw: str) -> str | None:
    """The district part in its usual form: digits first, a letter only at the end."""
    head, tail = raw[0].translate(_DIGIT_FOR), raw[1:]
    if not head.isdecimal():
        return None
    if tail and not tail.isdecimal():
        tail = tail.upper()
        if tail in {"O", "L"} and area not in {"N", "E", "W", "SE", "SW", "EC", "WC", "NW"}:
            tail = tail.translate(_DIGIT_FOR)
    return None if head == "0" else head + tail


def _full(text: str) -> str | None:
    for match in _FULL.finditer(text):
        area = match["area"].upper()
        if area not in _AREAS:
            continue
        district = _district(area, match["district"])
        sector = match["sector"].translate(_DIGIT_FOR)
        unit = match["unit"].translate(_LETTER_FOR).upper()
        if not district or not set(unit) <= _INWARD_LETTERS:
            continue
        gap = text[match.start() : match.end()]
        if " " in gap[len(area) : len(area) + 1] and area in _SHORT_WORDS:
            continue
        if sum(c.isdecimal() for c in gap) < 1:
            continue
        return f"{area}{district} {sector}{unit}"
    return None


def postcode_in(text: str, place: str | None = None) -> str | None:
    """The first UK postcode in a text, as `HD7 5AB` or, outward alone, `HD7`; None if none.

    `place` is the member's own outward code: "7 5AB" from somebody in HD7 is read with it. A road
    ("M62", "A1") is none.
    """
    seen = text[:1200]
    if found := _full(seen):
        return found
    if place and (own_area := re.match(r"[A-Z]{1,2}", place.upper())):
        own = re.search(r"(?<![a-z0-9£])(\d[0-9a-z]?) ?(\d[a-z]{2})(?![a-z0-9])", seen, re.I)
        if own and place.upper() == own_area.group() + own[1].upper():
            unit = own[2].upper()
            if set(unit[1:]) <= _INWARD_LETTERS and unit[1:] not in {"TH", "ST", "ND", "RD", "PM"}:
                return f"{place.upper()} {unit}"
    for pattern in (_OUTWARD, _OUTWARD_SPACED):
        for match in pattern.finditer(seen):
            area = match["area"].upper()
            if area not in _AREAS or area in (
                _WORDS if pattern is _OUTWARD_SPACED else _SHORT_WORDS
            ):
                continue
            district = _district(area, match["district"])
            if not district:
                continue
            before = seen[: match.start()]
            if area in _ROAD_AREAS and (
                _ROAD_BEFORE.search(before)
                or (
                    f"{area}{district}" != (place or "").upper()
                    and not re.search(r"\b(?:in|postcode|area|live|at)\W*(?:is )?$", before, re.I)
                )
            ):
                continue
            if pattern is _OUTWARD_SPACED and not match["area"].isupper():
                continue
            return f"{area}{district}"
    return None
