"""What a text costs: how many parts a phone network charges for.

Counts as GOV.UK Notify does (notifications.service.gov.uk/pricing/text-messages): 160 characters
of the GSM 7-bit alphabet in one part, 153 in each of several; characters of its extension count
double; one character outside it makes the whole text 70 a part, 67 in each of several (3GPP TS
23.038 and 23.040).
"""

from __future__ import annotations

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("^{}\\[~]|€\f")

ONE_GSM, EACH_GSM = 160, 153
ONE_WIDE, EACH_WIDE = 70, 67


def is_gsm(text: str) -> bool:
    """Whether every character is in the cheap alphabet."""
    return all(c in BASIC or c in EXTENSION for c in text)


def outside_gsm(text: str) -> tuple[str, ...]:
    """The characters that make a text dear, each once, in order."""
    return tuple(dict.fromkeys(c for c in text if c not in BASIC and c not in EXTENSION))


def segments(text: str) -> int:
    """The parts a text is charged as; an empty one is one."""
    if is_gsm(text):
        return _parts([2 if c in EXTENSION else 1 for c in text], ONE_GSM, EACH_GSM)
    # UTF-16 units: an emoji is two, and is not split between parts.
    return _parts([2 if ord(c) > 0xFFFF else 1 for c in text], ONE_WIDE, EACH_WIDE)


def _parts(widths: list[int], one: int, each: int) -> int:
    if sum(widths) <= one:
        return 1
    parts, used = 1, 0
    for width in widths:
        if used + width > each:
            parts, used = parts + 1, 0
        used += width
    return parts
