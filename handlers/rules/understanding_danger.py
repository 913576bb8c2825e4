"""The plain signs of an emergency, and what only sounds like one.

What is missed here may cost a life, so a clear sign is enough by itself; the model's word is taken
where no sign is plain. Past and figurative danger (LABELS.md) is held back by the second table.
"""

from __future__ import annotations

import re

ABOVE = 0.5
"""The model's chance of an emergency from which it is believed without a plain sign."""

_CANT = r"(?:cant|cannot|can not|carnt|canny|cannae|couldnt|not able to|unable to|wont|wouldnt|not)"
_SIGNS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:fallen|fell|fall|slipped|tumbled?|gone over|on (?:the |me |my )?floor|on the deck)\b"
        rf".{{0,60}}\b{_CANT} (?:get|move|shift|stand|pull|lift)\b",
        rf"\b{_CANT} (?:get up|get me ?sel|get mysel|move|stand up)\b.{{0,40}}\b(?:fallen|fell|floor)\b",
        r"\b(?:cant|cannot|carnt|cannae|struggling to|fighting to|hard to|not|trouble) "
        r"(?:get (?:me|my|his|her|a) breath|breathe?|breath|breathing|breth)\b",
        r"\b(?:not|stopped|isnt|aint) breathing\b",
        r"\b(?:going to|gonna|want to|wanna|wish i (?:was|were)|rather be) (?:die|kill (?:my|him|her)sel\w*|"
        r"dead|end it(?: all)?|end my life|be dead|top mysel\w*)\b",
        r"\b(?:will|going to|gonna|threatening to|wants to|trying to|said hell|says hell) kill (?:me|us|him|her)\b",
        r"\b(?:is|are|gone|going|was found) unconscious\b|\bunresponsive\b|\b(?:has|have|just) collapsed\b",
        r"\b(?:house|kitchen|bedroom|curtains?|cooker|flat|chip ?pan|oven|bed|settee|roof|shed|garage)"
        r"(?: is|s| are)? on fire\b",
        r"\b(?:wont|cant|cannot|not|doesnt|couldnt) wake (?:up|him|her|mum|dad|my)\b|\bwont wake\b",
        r"\bheart attack\b.{0,20}\b(?:now|help)\b|\bhaving a (?:heart attack|stroke|fit|seizure)\b",
        r"\b(?:methu|ddim yn gallu|fedra i ddim|ffaelu) (?:codi|anadlu|symud)\b",
        r"\bwedi (?:syrthio|cwympo|disgyn)\b.{0,60}\b(?:methu|fedra|ffaelu|ddim yn gallu)\b",
        r"\b(?:mae|ma) (?:na |yna )?(?:dan|mwg)\b.{0,30}\b(?:gegin|ty|tŷ|llofft|fflat|helpwch)\b",
        r"\b(?:poen|poenau)\b.{0,25}\b(?:brest|frest|mrest)\b",
        r"\b(?:isio|eisiau|moyn) (?:marw|lladd fy hun|dod a (?:fy mywyd|r cyfan) i ben)\b",
        r"\U0001f198",
    )
)
_ONLY_SOUNDS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?:last (?:week|month|year|winter|summer|spring|autumn|easter|christmas)|years? (?:ago|back)|"
        r"months? (?:ago|back)|weeks? (?:ago|back)|at (?:christmas|easter|xmas)|all clear|since then|"
        r"in (?:january|february|march|april|may|june|july|august|september|october|november|december))\b",
        r"\b(?:laughed|laughing|giggl\w+|lol|haha)\b",
        r"\b(?:what (?:do|should|if)|if) (?:i|we|someone|somebody|anyone|you|a helper)\b",
    )
)
DOUBT = 0.15
"""With a plain sign and a mark of the past or of a joke, the model must give it this much."""


def danger(said: str, chance: float) -> bool:
    """Whether a `plain` text is an emergency. `chance` is the model's."""
    if chance >= ABOVE:
        return True
    if not any(sign.search(said) for sign in _SIGNS):
        return False
    return chance >= DOUBT or not any(mark.search(said) for mark in _ONLY_SOUNDS)
