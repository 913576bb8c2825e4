"""How somebody is, and whether they are at home: what people write about check-ins once they have
them, and what those write who were told of an alarm.

Texts come `plain` (`understanding_words.plain`): lower case, no apostrophes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from handlers.rules.understanding_calendar import MONTHS
from handlers.rules.understanding_days import Days, days_of
from handlers.rules.understanding_when import day_of

LONGEST_AWAY = timedelta(days=62)
"""Nobody is forgotten: away for longer than this is said anew."""


# How they are

_POORLY = re.compile(
    r"\b(?:poorly|unwell|ill(?! (?:be|do|ring|see|have|go|get|let|text|try|just|call|come))|"
    r"rough|awful|terrible|dreadful|dizzy|shaky|rotten|lousy|worse|bad|fall|fell|fallen|pain|"
    r"hurts?|under the weather|struggling|low|lonely|frightened|scared|feverish|been sick|sick|"
    r"weak|faint(?:ed|ing)?|bleeding|stuck|ambulance|on the (?:floor|ground)|could be better|"
    r"cant (?:move|stand|walk|breathe|cope|get (?:up|warm|out of (?:bed|the \w+)))|"
    r"cant get (?:to|my breath|about|downstairs|dressed)|(?:hardly|cant|"
    r"not) (?:breathe|cope|coping)|"
    r"breathless|short of breath|throwing up|vomiting|flu(?! jab)|covid|"
    r"confused|upset|crying|tearful|"
    r"freezing|help me|(?:need|want|get|send) (?:(?:me|the|a|an|some|"
    r"my) )*(?:doctor|gp|nurse|help)|"
    r"wedi (?:blino|syrthio|cwympo|disgyn|brifo)|s[aâ]l|g?wael|"
    r"male|malat[ao]|cadut[ao]|aiuto|dolore)\b|"
    r"\b(?:ring|call|phone) me\b|\bgive me a (?:ring|call)\b"
)
_WELL = (
    r"fine|(?:all|all is|im|i am|doing|very|quite) well(?! fed)|alright|all right|ok|okay|"
    r"good(?! (?:morning|afternoon|evening|night|day|god|lord|grief|heavens)\b)|a good night|"
    r"grand|champion|great|lovely|up and about|(?:im|i am|we are|still|yes) here|"
    r"mustnt grumble|fair to middling|iawn|yn dda|bene"
)
_FINE = re.compile(rf"\b(?:{_WELL}|were here|tutto bene)\b|^here\b")
_NOT = (
    r"\b(?:not|never|no|nothing|nobody|none|nowt|dont|doesnt|didnt|isnt|aint|arent|wasnt|werent|"
    r"wont|cant|cannot|couldnt|wouldnt|havent|hasnt|hardly|barely|far from|less than|without|wish|"
    r"nid|ddim|dim|non|mai)\b(?: (?!but\b)\w+){0,4}? "
)
"""No, and up to four words after it of the same clause."""
_NOT_FINE = re.compile(
    rf"{_NOT}(?:{_WELL}|well|right(?! (?:now|away))|clever|brilliant|myself|best|better|100|"
    r"up to much|anybody here)\b"
)
_HOPES = re.compile(
    r"\b(?:hope|think|maybe|perhaps|probably|suppose|guess) (?:that )?"
    r"(?:im|i am|ill be|i will be)\b|\b(?:i (?:hope|think|suppose|guess)|maybe|perhaps)$"
)
_MILD = re.compile(
    r"\bnot (?:so |too |very )?bad\b|\b(?:cant|mustnt) (?:complain|grumble)\b|\bnever better\b|"
    r"\bno complaints\b|\bcouldnt be better\b"
)
_ASIDE = re.compile(
    r"^(?:no|nah?),? (?=(?:im|i am|its|all|everything)\b)|"
    r"\bno (?:problems?|worries|bother|pain)\b|\bnothing to (?:worry about|report)\b|"
    r"\b(?:dont|do not|not to|no need to) (?:worry|fret|ring|call|phone|bother)(?: me)?\b"
)
"""A no that says nothing of how they are."""


def feeling(text: str) -> bool | None:
    """Whether an answer to "all well?" says so (True), says not (False) or neither (None). What
    could be either is not well: a person who rings in vain does no harm."""
    if len(text) > 200:
        return None
    said = _ASIDE.sub(", ", _MILD.sub(" fine, ", text))
    if any(pattern.search(said) for pattern in (_POORLY, _NOT_FINE, _HOPES)):
        return False
    return True if _FINE.search(said) else None


_CANT = re.compile(
    r"^no\b(?! (?:answer|reply|sign|luck|joy|response))|"
    r"\b(?:cant|cannot|can not|not able|unable|im away|i am away|at work|on holiday|too far|"
    r"abroad|not me|not going|i wont|i will not|alla i ddim|non posso|im (?:ill|poorly|in bed)|"
    r"i dont drive|no car)\b|^(?:sorry no|nope|nah?|nac (?:ydw|oes))\b|"
    r"\b(?:not (?:till|until)|not (?:today|tonight|now)|when i (?:finish|get|can|am|have)|"
    r"tomorrow|in the morning|next week|later|after work|yfory|domani)\b"
)
"""Who goes tomorrow does not go: somebody else is told."""
_TAKES = re.compile(
    r"^(?:yes|yep|yeah|aye|ok|okay|will do|ie|iawn|certo)\b|\b(?:on|in) (?:my|the) way\b|"
    r"\b(?:ill|i will|im|i am|i can|happy to|we will|we are|we can|"
    r"(?<!we )(?<!they )(?<!you )were) (?:just |now |off )*(?:go|going|ring|ringing|"
    r"call|calling|pop|popping|nip|nipping|knock|do it|see|sort|look|check|try|trying|on it|"
    # "I'm going to bed", "I'm going out" and "I'll ring you" are of something else.
    r"coming|be (?:there|round|with (?:her|him|them)))\b(?! (?:to (?!(?:see|check|look|knock|ring|"
    r"call|pop|find|help|phone|her|him|them|the (?:house|door|flat)|\w+s (?:now|house|flat|door)|"
    r"try|go|get|sort|do|be)\b)|out$|out (?:now|tonight|for|with)|home|away|"
    r"back|shopping|on holiday|"
    r"you|if|what)\b)|"
    r"^(?:be there|coming)\b|"
    r"(?:^|\b(?:im|i am|just|off) )(?:going|popping|nipping) (?:now|round|over)\b|"
    r"\bleave it (?:with|to) me\b|"
    r"\bci (?:penso|vado)\b|\bvado (?:io|subito|adesso|ora)\b|\bsto andando\b|\barrivo\b|"
    r"\bar (?:fy ffordd|y ffordd)\b|\b(?:fe|mi) (?:af|a) i\b|\bdw ?i ?n mynd\b"
)
_ASKS = re.compile(
    r"\?$|^(?:is|are|has|have|did|does|should|when|where|why|what|somebody|"
    r"someone|anybody|anyone)\b|"
    r"\bwho\b|\b(?:if (?:nobody|no one|i can|needed|need be|you)|unless)\b"
)
_UNSURE = re.compile(
    r"\b(?:hope|hoping|think|believe|guess|suppose|presume|assume|expect|reckon|probably|maybe|"
    r"perhaps|should be|must be|might be|may be|im sure|if|yesterday|last (?:night|week)|"
    r"gobeithio|meddwl|spero|credo|penso|forse)\b"
)
_SEEN = re.compile(
    r"\b(?:she|he|shes|hes|they|theyre|spoke|spoken|seen|saw|rang|phoned|talked|with (?:her|him)|"
    r"mae (?:hi|o|e|nhw)|siaradais)\b"
)


def takes_it(text: str) -> bool | None:
    """Whether somebody who was alarmed says in words that they are on it (True), that they can't
    (False) or neither (None): who asks, or would if nobody else does, has not taken it."""
    said = _ASIDE.sub(", ", text).strip(" ,")
    if _CANT.search(said):
        return False
    taken = None if _ASKS.search(said) else _TAKES.search(said)
    if taken is None:
        return None
    return not re.search(rf"{_NOT}$", said[: taken.start()])


def speaks_of_them(text: str) -> bool:
    """Whether it is about somebody else, whom they saw or spoke to."""
    return bool(_SEEN.search(text))


def says_well(text: str) -> bool:
    """Whether somebody says of another that all is well, as one who knows: "I hope she is fine" and
    "is she fine?" end no alarm."""
    known = not (_ASKS.search(text) or _UNSURE.search(text) or _CANT.search(text))
    return known and feeling(text) is True


def found_well(text: str) -> bool:
    """Whether somebody who was alarmed says that they found the person well ("I rang, she is
    fine")."""
    return speaks_of_them(text) and says_well(text)


# Away

_WHERE = r"(?:hospital|infirmary|respite|ysbyty|ospedale)"
_INTO = rf"(?:in|into|to|admitted to|yn yr|yn) (?:the |an? )?(?:\w+ )?{_WHERE}\b"
_I = r"(?:im|i am|ill be|i will be|i shall be|we are|were|well be|ive|i have|sono|dw i|dwi)"
_AWAY = re.compile(
    rf"\b{_I} (?:(?:going|goin|gone|off|also|now|just|still|only|all|both|be|to|go) ){{0,2}}away\b|"
    r"^(?:off |going |goin )?away\b|^(?:please )?pause\b|\b(?:pause|skip) (?:my|the) check|"
    r"\b(?:vado|sono) via\b"
)
_AWAY_OF_WHOM = re.compile(
    r"\b(?:going|goin|off) away\b|\bon holiday\b|"
    r"\bgoing to stay\b(?! (?:put|here|home|at home|in\b|where))|\bstaying (?:with|at my)\b|"
    r"\bat my (?:sons|daughters|sisters|brothers|friends)\b|\bout all day\b|"
    r"\b(?:wont|will not|not) be (?:home|in|here|at home)\b|\bi ffwrdd\b|\bin vacanza\b"
)
"""The same of anybody: "my son is going away", "Sam won't be here". It counts after `_MY_OWN`."""
_MY_OWN = re.compile(
    rf"(?:^|[.,;!?:] ?|\b(?:and|but|so|as|because|cos|sorry|hello|hi|please|yes|no|ok) )"
    r"(?:(?:off|going|gone|be|still|now|just) )*$|"
    rf"\b(?:{_I}|i(?! was)|we|rydw i|bydda(?:f|i)?|siamo|vado) (?:(?!is |"
    rf"are |my |the )\w+ ){{0,3}}$"
)
_NO_CHECKS = re.compile(r"\bno check[- ]?ins?\b|\bdont check\b")
_NOT_AWAY = re.compile(
    r"\b(?:not|never|no longer|aint|isnt|arent|wasnt|dont|ddim|non)"
    r"(?: (?!im\b|i (?:am|have)\b|but\b|be\b)\w+){0,4}$|\b(?:ive|"
    r"i have) been (?:away|in (?:the )?\w+)$"
)
"""Said up to the end of it, that they are not, or are no longer."""
_IN_HOSPITAL = re.compile(
    rf"^(?:back )?(?:in|into|going (?:in|into|to)) (?:the |an? )?(?:\w+ )?{_WHERE}\b|"
    rf"\b{_I} (?:\w+ ){{0,3}}?{_INTO}|\b(?:taken|took|keeping|kept) me (?:\w+ )?{_INTO}|"
    rf"\bi (?:have to|must|go|was taken|got taken)(?: go)? {_INTO}"
)
_THEY_AWAY = re.compile(
    r"\b(?:is|are|shes|hes|theyre|will be|going|gone) (?:\w+ )?away\b|\bon holiday\b|\bpause\b"
)
_THEY_IN_HOSPITAL = re.compile(rf"\b{_INTO}")
"""What an organiser says of somebody; from the person it would be about somebody else."""
_NEEDS = re.compile(
    r"\b(?:lift|need|could (?:somebody|someone|anyone)|anybody|anyone|take me|appointment)\b"
)
_BACK = re.compile(
    r"\b(?:im|i am|we are|were|got) (?:now )?(?:back|home)\b|\bback (?:home|again|now|from)\b|"
    r"\bhome (?:again|now|from)\b|\bout of (?:the )?hospital\b|\bstart (?:the |my )?check|"
    r"\b(?:yn [oô]l|adref?|gartref?)\b|\bsono tornat"
)
_STILL_AWAY = re.compile(
    r"\b(?:ill|i will|i shall|well be|we will|should|hope|hoping|hopefully|expect|when|once|if|not|"
    r"wont|never|want|wants|take|bring|get|come|go|quando|non|pan|ddim)(?: \w+){0,2} $|"
    r"\b(?:is|are|its|he|hes|she|shes|they|theyre|my|the) $"
)
"""Said just before it, that somebody is back is still to come, or is said of somebody else ("my son
is back home", "take me home now", "the pain is back again")."""
_BACK_ON = re.compile(
    r"^(?:on )?(?P<alone>\w+)(?: (?:please|pls|thanks|thank you))?$|"
    r"^(?:(?:no|sorry|actually|not|please|and|so|they (?:say|said|think)),? )*"
    r"(?:(?:ill|i will|i should|i hope to|should|hope to|im|i am|we are|well) (?:\w+ )??(?:be )?)?"
    r"(?:(?:back|home|not) )*(?:back|home|until|untill|till|til|tan|fino a|it should be|it will be|"
    r"itll be|make it|i meant?)\b(?P<day>[^.!?;,]+)"
)
_TILL = r"until|untill|till|til|up to|tan|fino a"
_UNTIL = re.compile(rf"\b(?:{_TILL}|back on|back|again on)\b")
_FROM_TO = re.compile(
    r"\b(?:from|away(?: from)?) (?!for |from )(?P<first>.+?) "
    r"(?:to|until|untill|till|til|through) (?P<last>.+)"
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
_WEEKS = (
    (re.compile(r"\bnext week ?end\b|\bpenwythnos nesaf\b"), 12, 14),
    (re.compile(r"\bweek ?ends?\b|\bpenwythnos\b|\bfine settimana\b"), 5, 7),
    (re.compile(r"\bnext week\b|\bwythnos nesaf\b|\bprossima settimana\b"), 7, 14),
    (re.compile(r"\bsettimana prossima\b"), 7, 14),
    (re.compile(r"\bthis week\b|\bwythnos (?:yma|hon)\b|\bquesta settimana\b"), 0, 7),
)
"""Weeks and their ends, in days from the Monday of this week."""
_SOME_TIME = re.compile(
    r"\b(?:christmas|xmas|new years?|easter|(?:in|over) (?:the )?(?:spring|summer|autumn|winter)|"
    r"next (?:month|year)|nadolig|flwyddyn newydd|pasg|natale|capodanno|pasqua|"
    rf"{'|'.join(name for names in MONTHS for name in names.split('|') if len(name) > 3)})\b"
)
"""To come, and no day of which anybody could be sure: they are asked until they say one."""
_ONLY = re.compile(r"\b(?:today|tonight|all day|this week|week ?end)\b")
_NUMBER = re.compile(r"(?:the )?(?P<day>[12]?\d|3[01])(?:st|nd|rd|th)?")
USUAL_AWAY = 7
"""Days, where somebody says that they are away, or in hospital, and not for how long."""


@dataclass(frozen=True, slots=True)
class Away:
    """Days without check-ins."""

    first: date
    until: date
    """The first day with one again."""
    hospital: bool


def away_in(text: str, today: date, *, of_somebody: bool = False) -> Away | None:
    """The days that somebody says they are away or in hospital (`of_somebody`: that another is);
    none if they don't say so, ask for something ("a lift to the hospital"), or will be at some time
    that is no day yet ("at Christmas")."""
    hospital = _is_so(_THEY_IN_HOSPITAL if of_somebody else _IN_HOSPITAL, text)
    away = _is_so(_THEY_AWAY if of_somebody else _AWAY, text) or bool(_NO_CHECKS.search(text))
    if not of_somebody:
        away = away or _is_so(_AWAY_OF_WHOM, text, _MY_OWN)
    if not (hospital or away) or _NEEDS.search(text):
        return None
    span = _FOR.search(text)
    if span:
        text = text[: span.start()] + text[span.end() :]
    begins, ends = text, ""
    if both := _FROM_TO.search(text):
        begins, ends = both["first"], both["last"]
    elif mark := _UNTIL.search(text):
        begins, ends = text[: mark.start()], text[mark.end() :]
    days = _days(begins, today)
    if days is None and _SOME_TIME.search(begins):
        return None
    first, until = days[0] if days else today, _first(ends, today)
    number = _NUMBER.fullmatch(begins)
    if until and number:  # "the 12th to the 15th of December"
        first = _before(until, int(number["day"]), today) or first
    if until and until <= first:  # "from Friday to Thursday"
        until = _first(ends, first) or until
    if until is None and span:
        count = span["n"] or "1"
        number_of = int(count) if count.isdecimal() else _HOW_MANY[count]
        until = first + timedelta(number_of * _UNIT[span["unit"].removesuffix("s")])
    if until is None:
        # "Away on Friday" is that day; "away" alone may be long, and a week is soon enough to ask.
        only = first > today or _ONLY.search(text)
        usual = timedelta(1 if only else USUAL_AWAY)
        until = days[1] if days and only else first + usual
    if until <= first:
        until = first + timedelta(days=1)
    return Away(first, min(until, first + LONGEST_AWAY), hospital)


def _is_so(pattern: re.Pattern[str], text: str, after: re.Pattern[str] | None = None) -> bool:
    """Whether it is said, by whom it counts for (`after`), and with no "not" before it."""
    return any(
        not _NOT_AWAY.search(text[: said.end()])
        and (after is None or after.search(text[: said.start()]) is not None)
        for said in pattern.finditer(text)
    )


def _days(text: str, today: date) -> tuple[date, date] | None:
    """The first day that is spoken of, and the one after the last: of a day, a week or the end of
    one."""
    if day := day_of(text, today):
        several = days_of(text, today)
        if several.sure and len(several.days) > 1:
            day = several.days[0]
        return day, _end_of_run(day, several)
    monday = today - timedelta(days=today.weekday())
    for named, first, end in _WEEKS:
        if named.search(text):
            return max(today, monday + timedelta(first)), monday + timedelta(end)
    return None


def _end_of_run(day: date, named: Days) -> date:
    """The day after the last of "Thursday and Friday". Days that are not beside each other are no
    time away: on the one between they are asked, and hear so."""
    after = day + timedelta(days=1)
    if named.sure or named.all_may_be:
        while after in named.days:
            after += timedelta(days=1)
    return after


def _first(text: str, today: date) -> date | None:
    days = _days(text, today)
    return days[0] if days else None


def _before(until: date, number: int, today: date) -> date | None:
    """The day of a month with that number that comes last before `until`; none if it is past."""
    day = until - timedelta(days=1)
    while day.day != number:
        day -= timedelta(days=1)
    return day if day >= today else None


def is_back(text: str, today: date) -> bool:
    """Whether somebody says that they are home again, and not that they will be."""
    return any(
        not _STILL_AWAY.search(text[: said.start()])
        and not re.search(rf"\b(?:{_TILL})\b", text)
        and not _later(said[0], text[said.end() :], today)
        for said in _BACK.finditer(text)
    )


def _later(said: str, rest: str, today: date) -> bool:
    """Whether "I'm back" is said of a day to come. "I got back on Friday" is not, and what may be
    either is taken for being back: who is asked in vain is rung, who isn't asked is alone."""
    clause = re.split(r"[.!?;,]| and | but | so | can | could ", rest)[0]
    return said.startswith(("im", "i am", "we")) and (day_of(clause, today) or today) > today


def back_on(text: str, away: Away, today: date) -> Away | None:
    """The same days, until the one on which somebody says that they will be back ("I'll be home on
    Sunday", "not until Friday", or only "Friday"); none if they don't."""
    said = _BACK_ON.match(text)
    first = max(away.first, today)
    until = _first(said["alone"] or said["day"], first) if said else None
    if until is None or until <= first:
        return None
    return Away(away.first, min(until, first + LONGEST_AWAY), hospital=False)
