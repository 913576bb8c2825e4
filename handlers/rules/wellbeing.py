"""How somebody is, and whether they are at home: what people write about check-ins once they have
them, and what those write who were told of an alarm.

Texts come `plain` (`understanding_words.plain`): lower case, no apostrophes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from handlers.rules.understanding_when import day_of

LONGEST_AWAY = timedelta(days=62)
"""Nobody is forgotten: away for longer than this is said anew."""


# How they are

_POORLY = re.compile(
    r"\bnot (?:so |too |very |that |feeling |really |all )*(?:good|well|great|grand|right|clever|"
    r"brilliant|fine|ok|okay|up to much)\b|"
    r"\b(?:poorly|unwell|ill(?! (?:be|do|ring|see|have|go|get|let|text|try|just|call|come))|"
    r"rough|awful|terrible|dreadful|dizzy|shaky|rotten|lousy|worse|bad|fall|fell|fallen|pain|"
    r"hurts?|under the weather|struggling|low|lonely|frightened|scared|feverish|been sick|sick|"
    r"wedi blino|ddim yn (?:dda|iawn)|sal|male|non (?:sto )?bene)\b|"
    r"\b(?:ring|call|phone) me\b|\bgive me a (?:ring|call)\b"
)
_FINE = re.compile(
    r"\b(?:fine|all (?:is )?well|im well|very well|quite well|alright|all right|ok|okay|good|"
    r"grand|champion|great|lovely|up and about|still here|here|not (?:so |too )?bad|"
    r"mustnt grumble|cant complain|fair to middling|iawn|yn dda|bene|tutto bene)\b"
)


def feeling(text: str) -> bool | None:
    """Whether an answer to "all well?" says so (True), says not (False) or neither (None). What
    could be either is not well: a person who rings in vain does no harm."""
    if len(text) > 200:
        return None
    mild = re.sub(r"\bnot (?:so |too )?bad\b|\bcant complain\b", " fine ", text)
    if _POORLY.search(mild):
        return False
    return True if _FINE.search(mild) else None


_CANT = re.compile(
    r"^no\b(?! (?:answer|reply|sign|luck|joy|response))|"
    r"\b(?:cant|cannot|can not|not able|unable|im away|i am away|at work|on holiday|too far|"
    r"abroad|alla i ddim|non posso)\b"
)
_TAKES = re.compile(
    r"^(?:yes|yep|yeah|aye|ok|okay|will do|ie|iawn|certo)\b|\b(?:on|in) (?:my|the) way\b|"
    r"\b(?:ill|i will|im|i am|we will|we are|were) (?:just |now |off )*(?:go|going|ring|ringing|"
    r"call|calling|pop|popping|nip|nipping|knock|do it|see|sort|look|check|try|trying|on it)\b|"
    r"\bgoing (?:now|round|over)\b|\bleave it (?:with|to) me\b|\bci penso\b|"
    r"\bar (?:fy ffordd|y ffordd)\b|\b(?:fe|mi) af i\b"
)
_SEEN = re.compile(
    r"\b(?:she|he|shes|hes|they|theyre|spoke|spoken|seen|saw|rang|phoned|talked|with (?:her|him)|"
    r"mae (?:hi|o|e|nhw)|siaradais)\b"
)


def takes_it(text: str) -> bool | None:
    """Whether somebody who was alarmed says in words that they are on it (True), that they can't
    (False) or neither (None)."""
    if _CANT.search(text):
        return False
    return True if _TAKES.search(text) else None


def speaks_of_them(text: str) -> bool:
    """Whether it is about somebody else, whom they saw or spoke to."""
    return bool(_SEEN.search(text))


def found_well(text: str) -> bool:
    """Whether somebody who was alarmed says that they found the person well ("I rang, she is
    fine")."""
    return speaks_of_them(text) and feeling(text) is True and not _CANT.search(text)


# Away

_WHERE = r"(?:hospital|infirmary|respite|ysbyty|ospedale)"
_INTO = rf"(?:in|into|to|admitted to|yn yr|yn) (?:the |an? )?(?:\w+ )?{_WHERE}\b"
_I = r"(?:im|i am|ill be|i will be|i shall be|we are|were|well be|ive|i have|sono|dw i|dwi)"
_AWAY = re.compile(
    rf"\b{_I} (?:\w+ ){{0,2}}?away\b|^(?:off |going |goin )?away\b|\b(?:going|goin|off) away\b|"
    r"\bon holiday\b|\bgoing to stay\b|\bstaying (?:with|at my)\b|"
    r"\bat my (?:sons|daughters|sisters|brothers|friends)\b|\bout all day\b|"
    r"\b(?:wont|will not|not) be (?:home|in|here|at home)\b|^(?:please )?pause\b|"
    r"\bpause (?:my|the) check|\bno check[- ]?ins?\b|\bdont check\b|\bskip (?:my|the) check|"
    r"\bi ffwrdd\b|\bin vacanza\b|\b(?:vado|sono) via\b"
)
_IN_HOSPITAL = re.compile(
    rf"^(?:back )?(?:in|into|going (?:in|into|to)) (?:the |an? )?(?:\w+ )?{_WHERE}\b|"
    rf"\b{_I} (?:\w+ ){{0,3}}?{_INTO}|\b(?:taken|took|keeping|kept) me (?:\w+ )?{_INTO}|"
    rf"\bi (?:have to|must|go|was taken|got taken)(?: go)? {_INTO}"
)
_THEY_AWAY = re.compile(
    r"\b(?:is|are|shes|hes|theyre|will be|going|gone) (?:\w+ )?away\b|\bon holiday\b|"
    r"\bno check[- ]?ins?\b|\bpause\b"
)
_THEY_IN_HOSPITAL = re.compile(rf"\b{_INTO}")
"""What an organiser says of somebody; from the person it would be about somebody else."""
_NEEDS = re.compile(
    r"\b(?:lift|need|could (?:somebody|someone|anyone)|anybody|anyone|take me|appointment)\b"
)
_BACK = re.compile(
    r"\b(?:im|i am|we are|were|got) (?:now )?(?:back|home)\b|\bback (?:home|again|now|from)\b|"
    r"\bhome (?:again|now|from)\b|\bout of (?:the )?hospital\b|\bstart (?:the )?check|"
    r"\b(?:yn ol|adref|gartre)\b|\bsono tornat"
)
_UNTIL = re.compile(r"\b(?:until|untill|till|til|up to|back on|back|again on|tan|fino a)\b")
_FROM_TO = re.compile(
    r"\b(?:from|away) (?!for )(?P<first>.+?) (?:to|until|untill|till|til|through) (?P<last>.+)"
)
_FOR = re.compile(
    r"\bfor (?:about |around |the )?(?P<n>\d{1,2}|an?|one|two|three|four|five|six|a couple of|"
    r"a few)? ?(?P<unit>days?|nights?|weeks?|fortnights?|months?)\b"
)
_HOW_MANY = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "a couple of": 2, "a few": 3,
}  # fmt: skip
_UNIT = {"day": 1, "night": 1, "week": 7, "fortnight": 14, "month": 30}
USUAL_AWAY = 7
"""Days, where somebody says that they are away, or in hospital, and not for how long."""


@dataclass(frozen=True, slots=True)
class Away:
    """Days without check-ins."""

    first: date
    until: date
    """The first day with one again."""
    hospital: bool
    said: bool
    """Whether they said until when."""


def away_in(text: str, today: date, *, of_somebody: bool = False) -> Away | None:
    """The days that somebody says they are away or in hospital (`of_somebody`: that another is);
    none if they don't say so, or ask for something ("a lift to the hospital")."""
    hospital = bool((_THEY_IN_HOSPITAL if of_somebody else _IN_HOSPITAL).search(text))
    away = (_THEY_AWAY if of_somebody else _AWAY).search(text)
    if not (hospital or away) or _NEEDS.search(text):
        return None
    first, until = today, None
    span = _FOR.search(text)
    if span:
        text = f"{text[: span.start()]} {text[span.end() :]}".replace("  ", " ")
    if both := _FROM_TO.search(text):
        first = day_of(f"on {both['first']}", today) or today
        until = _day(both["last"], today)
    elif mark := _UNTIL.search(text):
        until = _day(text[mark.end() :], today)
        first = day_of(text[: mark.start()], today) or today
    else:
        first = day_of(text, today) or today
    if until is None and span:
        count = span["n"] or "1"
        number = int(count) if count.isdecimal() else _HOW_MANY[count]
        until = first + timedelta(number * _UNIT[span["unit"].removesuffix("s")])
    said = until is not None
    if until is None:
        # "Away on Friday" is that day; "away" alone may be long, and a week is soon enough to ask.
        only = first > today or re.search(r"\b(?:today|tonight|all day)\b", text)
        until, said = first + timedelta(1 if only else USUAL_AWAY), bool(only)
    if until <= first:
        until = first + timedelta(days=1)
    return Away(first, min(until, first + LONGEST_AWAY), hospital, said)


def _day(text: str, today: date) -> date | None:
    rest = text.strip()
    return day_of(rest if rest.startswith("the ") else f"on {rest}", today) or day_of(rest, today)


def is_back(text: str) -> bool:
    """Whether somebody says that they are home again."""
    return bool(_BACK.search(text)) and not _UNTIL.search(
        text.replace("im back", "").replace("back home", "").replace("back from", "")
    )
