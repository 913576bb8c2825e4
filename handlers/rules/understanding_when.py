"""Which day and what part of it a message speaks of. The rules are those of LABELS.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from handlers.rules import understanding_calendar as calendar
from handlers.rules.understanding_words import plain

_DAY_OF = {word: n for names, n in calendar.WEEKDAYS.items() for word in names.split("|")}
_DAYS = "|".join(sorted(_DAY_OF, key=len, reverse=True))
_MONTH_OF = {word: n for names, n in calendar.MONTHS.items() for word in names.split("|")}
_MONTHS = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_CY_DAYS = "|".join(calendar.WELSH_WEEKDAYS)
_SMALL = {
    "un": 1, "una": 1, "dau": 2, "ddau": 2, "due": 2, "tri": 3, "dri": 3, "tre": 3, "pedwar": 4,
    "bedwar": 4, "quattro": 4, "cinque": 5, "pump": 5,
    "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "couple of": 2,
    "a couple of": 2, "a few": 3, "to": 2, "too": 2, "for": 4, "ate": 8,
}  # fmt: skip
_IN_ORDER = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth "
    "twenty-first twenty-second twenty-third twenty-fourth twenty-fifth twenty-sixth "
    "twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
)
_ORDINAL = {word: n for n, word in enumerate(_IN_ORDER.split(), 1)} | {
    "twelth": 12,
    "nineth": 9,
    "eigth": 8,
    "fith": 5,
}
_ORDINALS = "|".join(w.replace("-", "[- ]?") for w in sorted(_ORDINAL, key=len, reverse=True))

_TOMORROW = (
    r"tom+or+ows?|tom+or+as?|tomoz|tomos|tomo|tmrw|tmrow|tmoro|tmorrow|tmr|tmrrw|tmw|tomrw|"
    r"tomrow|tomorro|2moro|2morro|2morrow|2mrw|2mo|2moz|2morra|to morrow|the morn|the morra|morra|"
    r"tomoro|tomorw|tomarrow|tommorer|tomorrer|y?fory|jutro|domani|завтра"
)
_TODAY = (
    r"today|2day|todday|tday|tdy|todays|tonight|tonite|2nite|2night|tonyt|tonigt|tonighr|"
    r"the nicht|heddiw|heddi|heno|dzisiaj|dzis|dziś|oggi|stasera|"
    r"сьогодні|a\.?s\.?a\.?p|(?:this|dis) (?:very )?(?:morning|mornin|morn|afternoon|afternoo|aft|"
    r"arvo|afty|efternoon|evening|evenin|eve|minute|instant|tea ?time|dinner ?time|lunch ?time)|"
    r"(?:y )?(?:bore|pnawn|prynhawn|pnawn) y?ma|straight ?away|right away|(?<!all )right now|"
    r"right this|"
    r"as soon as (?:possible|poss|you can)|immediately|at once|ar unwaith|rwan hyn|later on today"
)
# "sat" and "sun" are words too: "he is sat in the cold", "in the sun".
_NO_VERB = (
    # "It is Friday" is one, and a whole name is no verb; "the Tuesday lift" is what comes again.
    r"(?:(?=\w{3,}day)(?:(?<!\bthe )|(?<=\bon the )|(?<=\bfor the ))|"
    r"(?<!\bis )(?<!\bbe )(?<!\bjust )(?<!\bim )(?<!hes )(?<!been )(?<!were )"
    r"(?<!was )(?<!\bi )"
    r"(?<!kids )(?<!are )(?<!\bthe )(?<!ive )(?<!theyre )(?<!youre )(?<!shes )(?<!its ))"
    # "we'd love to", once its apostrophe is gone, and a Sikh's greeting
    r"(?!wed (?:love|like|be|rather|better|prefer|all|really|both|have|need|want|appreciate|enjoy|"
    r"never|happily|gladly|only|still)\b)(?!sat sri\b)"
)
_NO_VERB_AFTER = (
    r"(?:(?<!\bsat)(?<!\bsun)|(?! (?:here|watching|there|down|up|with|wi|outside|waiting|looking|"
    r"(?:in|on|at) (?:the|a|my|me|his|her))\b))"
)
_OF_ONE_DAY = (
    r"fine|good|ok|okay|off|perfect|great|grand|best|out|no good|dead on|magic|brill|lovely|better|"
    r"visit|job|slot|lift|appointment|clinic|shift|walk|delivery"
)
"""What follows "Friday's" (written "fridays") where one day is meant and not every Friday."""
_NUM = (
    r"\d{1,2}|an?|una?|dd?au|due|[td]ri|tre|[pb]edwar|quattro|cinque|pump|one|two|three|"
    r"four|five|six|seven|eight|nine|ten|(?:a )?couple of"
)
_MEASURED = (
    r"an? (?:lb|pound|pint|doz|kilo|loaf|hour|dozen|litre|cup)|of|price|lbs?|pounds?|pints?|"
    r"pts?|doz(?:en)?|kilos?|kgs?|grams?|g|litres?|l|ltrs?|inch|"
    r"hours?|hrs?|days?|weeks?|miles?|loa(?:f|ves)|tins?|bags?|bottles?|packs?|packets?|pkts?|"
    r"boxe?s?|cartons?|slices?|pieces?|jars?|people|persons?|times|chilo|litro|peint|pwys"
)
"""What follows "1/2" where it is a part or a number of something."""
_DAYWORD = rf"(?:{_DAYS})(?:s)?"

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (
            "overmorrow",
            rf"\b(?:day aft(?:er|a) (?:{_TOMORROW})|overmorrow|drennydd|pojutrze|dopodomani|"
            r"післязавтра)\b",
        ),
        (
            "tomorrow week",
            rf"\b(?:(?:a )?week (?:on |from )?(?:{_TOMORROW})|(?:{_TOMORROW}) week)\b",
        ),
        ("today week", r"\b(?:(?:a )?week (?:on |from )?today|today week)\b"),
        ("today fortnight", r"\b(?:a )?fortnight (?:on |from )?today\b"),
        *(
            (f"named:{name}", rf"\b(?:{name})\b")
            for table in (calendar.FROM_EASTER, calendar.FIXED, calendar.BY_WEEKDAY)
            for name in table
        ),
        (
            "nth weekday",
            rf"\b(?:the )?(?P<nth>first|1st|second|2nd|third|3rd|fourth|4th|last) "
            rf"(?P<weekday>{_DAYWORD}) (?:of|in|o) "
            rf"(?:(?:the|this) month|(?P<next>next month)|(?P<month>{_MONTHS}))\b",
        ),
        ("bank holiday", r"\bbank holiday(?: monday| mon)?\b"),
        (
            "month day",
            rf"\b(?P<month>{_MONTHS})\.? (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?![.:/]\d|"
            rf"ish|[ap]m)",
        ),
        (
            "day month",
            rf"\bl?(?P<day>\d{{1,2}}) ?(?:st|nd|rd|th|fed|eg|ydd|af|il|ed|ain)? ?(?:of |o )?"
            rf"(?P<month>{_MONTHS})\b",
        ),
        ("ordinal month", rf"\b(?P<ordinal>{_ORDINALS}) (?:of |day of )?(?P<month>{_MONTHS})\b"),
        (
            "numeric",
            # "1/2 a pound of mince" and "2/3 tins" are no dates.
            r"(?<![\d/.:£])(?P<day>\d{1,2})(?P<sep>[/.-])(?P<month>\d{1,2})"
            r"(?:(?P=sep)(?P<year>20\d\d|\d\d))?(?![\d/:%])(?!\.\d)"
            rf"(?! ?(?:{_MEASURED})\b)",
        ),
        (
            "week on",
            rf"\b(?P<lead>(?:a |one )?(?:week|wk)|(?:a )?fortnight|(?:two|2) weeks)(?: on| from| "
            rf"come)? "
            rf"(?:(?:this|next|coming) )?(?P<weekday>{_DAYWORD})\b",
        ),
        (
            "weekday week",
            rf"\b(?:next |this )?(?P<weekday>{_DAYWORD}),? (?:(?P<lead>week|wk|fortnight)(?! end)|"
            rf"(?P<after>after next|after that|next week))\b",
        ),
        (
            "cy week on",
            rf"\b(?P<lead>wythnos|pythefnos) i (?:dd?ydd )?(?P<cyday>{_CY_DAYS})\b",
        ),
        (
            "weekday day",
            rf"\b(?P<weekday>{_DAYWORD}),? (?:on )?(?:(?:the )?(?P<day>\d{{1,2}})(?P<th>st|nd|rd|"
            rf"th)?)"
            rf"(?(th)|(?! ?(?:[ap]\.?m|o ?clock|ish|to\b|past\b|til|hrs|oclock|[:.]\d|-|pints|"
            rf"people|of you)))\b",
        ),
        (
            "the day",
            r"\b(?:(?:the|on|this|ar y|ar|y|or) )?(?P<day>\d{1,2}) ?(?:st|nd|rd|th|fed|eg|ydd|af|"
            r"il|ed|ain)\b"
            r"(?! (?:birthday|bday|floor|flr|class|anniversary|century|time|avenue|ave|street|hand|"
            r"rate|one|of all|party|wedding|degree|child|baby|marathon|stroke|fall|day running|"
            r"time|pill|dose|grandchild|prize|place|year))",
        ),
        (
            "the ordinal",
            rf"\b(?:on |for )?the (?P<ordinal>{_ORDINALS})\b(?! (?:time|one|floor|class|of all|"
            rf"thing|day|"
            r"person|to|two|week|is|was|house|door|bus|flat|lot|set|step|stair|dose|in a|name|"
            r"half|hauf|hand|cup|opinion|pair|go|page))",
        ),
        (
            "in days",
            rf"\b(?:in|mewn|tra|fra) (?P<n>{_NUM}) (?P<unit>days?|dys?|weeks?|wks?|fortnight|"
            rf"wythnos|dd?iwrnod|giorn[io]|settiman[ae])\b",
        ),
        ("days time", rf"\b(?P<n>{_NUM}) (?P<unit>days?|weeks?|wks?|fortnights?) time\b"),
        (
            "weekday",
            rf"\b(?:(?P<how>this|next|nxt|this coming|coming|last|every|each|most|on a) )?"
            rf"{_NO_VERB}(?P<weekday>{_DAYS})(?:(?P<plural>s(?=\b)(?! (?:{_OF_ONE_DAY})\b))|s|"
            rf"ll)?\b"
            rf"{_NO_VERB_AFTER}"
            r"(?! (?:roast|papers?|school|best|lunch|dinner|club|group|supplement|times)\b)"
            r"(?P<gone>,? (?:gone|just gone|past|last))?",
        ),
        (
            "cy weekday",
            rf"\b(?:dd?ydd|nos|n?os|bore|fore|p?r?y?n?h?awn|bnawn|pnawn|p nawn|brynhawn|prynhawn|"
            rf"erbyn|"
            rf"bob(?P<every>)) (?P<cyday>{_CY_DAYS})\b(?P<cyweek> nesaf)?",
        ),
        ("cy weekday alone", r"\b(?P<cyday>gwener|wener|sadwrn|mercher|fercher)\b"),
        ("tomorrow", rf"\b(?:{_TOMORROW})\b"),
        ("today", rf"\b(?:{_TODAY})\b"),
        (
            "today",
            r"(?<!for )(?<!until )(?<!till )(?<!by )(?<!just )(?<!up to )(?<!dont want it )"
            r"(?<!dont want that )(?<!dont need it )(?<!shant want it )(?<!shant need it )"
            r"(?<!not needed )(?<!sorted )(?<!mended )(?<!better )(?<!fine )(?<!right )"
            r"\bnow\b(?= ?(?:$|[?!.]|"
            r"please|"
            r"pls|plz|anyone|anybody|if (?:you|poss)))(?<!and then)",
        ),
        ("in the morning", r"\b(?:first thing|(?<!4 )(?<!at \d )in the morning)\b"),
    )
)

_BEFORE_NOT = re.compile(
    r"(?:\b(?:since|(?<!\bnot )(?:until|till|til|untill)|(?:any ?(?:day|time)|anything) but|while|"
    r"whilst|last|before last|ers|tan|nes|hyd|every|each|"
    r"most|bob|dated|due on|due|paid|payday|was|pay day|ever since|from last|up to|back on|been|"
    r"closed|"
    r"shut|shuts|expired|except|not open|seven times on|twice on|"
    r"get paid|gets? paid on|reply|respond|back|of an?) (?:the |on |next |this |about |dd?ydd |"
    r"y |around |the "
    r")*)$"
)
_NOT_IT = re.compile(
    r"\b(?:not|nid|non|instead of|rather than|in place of|its not|changed from|moved from|"
    r"(?:told|said to) (?:you|u)(?: it was| it)?|i said|invece di|yn lle|other than|apart from|"
    r"heblaw|tranne) (?:the |on |this |next |for |dd?ydd |ar |y |di |il )*$"
)
"""Before a day that is not the one, where another is named as well: "not today, tomorrow"."""
_PAST = re.compile(
    r"\b(?:was|were|had|went|came|caught|passed|fell|fallen|burst|broke|died|asked|took|gave|"
    r"started|stopped|happened|lost|got me|got my|got a|sent|did(?!nt)|said|told|"
    r"left|saw|seen|rang|been|bought|knocked|dropped off|finished|missed|volunteer|"
    r"helper|lad|lass|girl|woman|man|chap|lady|fell out|moved|arrived|operation)\b(?! to\b)"
)
_FUTURE = re.compile(
    r"\b(?:can|could|cud|would|wud|will|shall|need|needs|want|wants|wanted|please|pls|going|ive to|"
    r"got to|have to|has to|had to be|to go|be|any|anyone|anybody|someone|somebody|sum1|any1|may|"
    r"might|for|by|appointment|appt|ill|free|lift|come|coming|must|should|fancy|"
    r"oes|fedr\w*|allai|fasa\w*|angen|isio|eisiau|hoffwn|take|does|do|suits?|is|im|its|tell|"
    r"bother|trouble)\b"
)
_CLAUSE = re.compile(r"[.!?;,()]| but | so | and (?=i |can|could|would|we )|\bbecause\b|\bcos\b")


def _small(word: str) -> int:
    return (
        int(word) if word.isdecimal() else _SMALL.get(word, _SMALL.get(word.partition(" ")[0], 1))
    )


def _next(today: date, weekday: int) -> date:
    """The next such weekday after today (LABELS.md: today's name alone is a week from today)."""
    return today + timedelta((weekday - today.weekday()) % 7 or 7)


def _of_month(today: date, day: int, month: int, year: int | None = None) -> date | None:
    """That day of that month, this year or the next; a leap day may be further off."""
    for candidate in [year] if year else range(today.year, today.year + 5):
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None


def _bare_day(today: date, day: int, weekday: int | None = None) -> date | None:
    """The next such day of a month, today included; the right weekday if that was said too."""
    if not 1 <= day <= 31:
        return None
    month, first = today.replace(day=1), None
    for _ in range(14):
        try:
            found = month.replace(day=day)
        except ValueError:
            found = None
        if found and found >= today:
            first = first or found
            if weekday is None or found.weekday() == weekday:
                return found
            if (found - today).days > 92:
                break
        month = (month + timedelta(32)).replace(day=1)
    return first


def _weekday_in(groups: dict[str, str | None]) -> int | None:
    if word := groups.get("weekday"):
        return _DAY_OF.get(word, _DAY_OF.get(word.rstrip("s")))
    if word := groups.get("cyday"):
        return calendar.WELSH_WEEKDAYS[word]
    return None


def _nth(said: str, weekday: int, today: date, month: int | None, *, later: bool) -> date | None:
    """The first or last such weekday of a month: of this one or the next, or of one by name."""
    places = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "last": -1}
    first = today.replace(day=1)
    if month is None:
        months = [(first + timedelta(31 * k)).replace(day=1) for k in range(int(later), 3)]
    else:
        months = [date(today.year + k, month, 1) for k in (0, 1)]
    n = places.get(said, 4)
    found = (calendar.nth(each.year, each.month, weekday, n) for each in months)
    return next((day for day in found if day >= today), None)


def _resolve(kind: str, match: re.Match[str], today: date) -> date | None:  # noqa: PLR0911, PLR0912
    """The day that one piece of a message stands for."""
    groups = match.groupdict()
    weekday = _weekday_in(groups)
    if kind.startswith("named:"):
        return calendar.named(kind[6:], today)
    if kind in _PLAIN:
        return today + timedelta(_PLAIN[kind])
    if kind == "nth weekday":
        assert weekday is not None
        month = _MONTH_OF[groups["month"]] if groups["month"] else None
        return _nth(groups["nth"] or "", weekday, today, month, later=bool(groups["next"]))
    if kind == "bank holiday":
        return calendar.bank_holiday_monday(today)
    if kind == "numeric":
        day, month = int(groups["day"] or 0), int(groups["month"] or 0)
        if groups["sep"] != "/" and not groups["year"]:
            return None  # 2.30 and 5-6 are times, prices and numbers of people
        year = int(groups["year"]) if groups["year"] else None
        return _of_month(today, day, month, year + 2000 if year and year < 100 else year)
    if groups.get("month"):
        day = int(groups["day"]) if groups.get("day") else _ordinal(groups["ordinal"] or "")
        return _of_month(today, day, _MONTH_OF[groups["month"] or ""])
    if kind == "the ordinal":
        return _bare_day(today, _ordinal(groups["ordinal"] or ""))
    if kind in {"the day", "weekday day"}:
        found = _bare_day(today, int(groups["day"] or 0), weekday)
        if weekday is None or (found and found.weekday() == weekday):
            return found
        return found if groups["th"] else _next(today, weekday)
    if kind in {"in days", "days time"}:
        unit = groups["unit"] or ""
        days = 14 if unit.startswith("fort") else 7 if unit[0] == "w" else 1
        return today + timedelta(days * _small(groups["n"] or "1"))
    assert weekday is not None
    found = _next(today, weekday)
    if kind in {"week on", "cy week on", "weekday week"}:
        lead = groups.get("lead") or ""
        if groups.get("after") == "next week":
            monday = today + timedelta(7 - today.weekday())
            return monday + timedelta(weekday)
        return found + timedelta(14 if lead.startswith(("fort", "two", "2", "pyth")) else 7)
    how = groups.get("how") or ""
    if (
        how in {"last", "every", "each", "most", "on a"}
        or groups.get("plural")
        or groups.get("gone")
    ):
        return None
    if groups.get("every") is not None:
        return None
    if how == "this" and weekday == today.weekday():
        return today
    if how in {"next", "nxt"} or groups.get("cyweek"):
        # As said in Britain: the one of next week, Monday being the first day.
        return today + timedelta(7 - today.weekday() + weekday)
    return found


_PLAIN = {
    "overmorrow": 2, "tomorrow": 1, "today": 0, "tomorrow week": 8, "today week": 7,
    "today fortnight": 14, "in the morning": 1,
}  # fmt: skip


def _ordinal(word: str) -> int:
    return (
        _ORDINAL.get(word.replace(" ", "-"))
        or _ORDINAL.get(word)
        or next(
            (n for name, n in _ORDINAL.items() if name.replace("-", "") == word.replace("-", "")), 0
        )
    )


@dataclass(frozen=True, slots=True)
class Named:
    """A piece of a message that names a day."""

    start: int
    end: int
    kind: str
    day: date | None
    """None where there is no such day, or it is none that is wanted ("until", "every")."""
    back: bool
    """Its clause looks back, or it is a day until which something else is."""
    no: bool = False
    """It is said not to be the one ("not today, tomorrow")."""
    said: tuple[tuple[str, str], ...] = ()
    """Its pieces, by what they are in the pattern of its kind."""
    unread: date | None = None
    """Of "until Sunday": that Sunday."""


def named_in(text: str, today: date) -> Iterator[Named]:
    """Every day that a `plain` text names, whatever is said of it."""
    taken: list[tuple[int, int]] = []
    for kind, pattern in _RULES:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < b and a < end for a, b in taken):
                continue
            taken.append((start, end))
            before = text[max(0, start - 70) : start]
            if _BEFORE_NOT.search(before):
                unread = _resolve(kind, match, today)
                yield Named(start, end, kind, None, back=True, unread=unread)
                continue
            yield Named(
                start,
                end,
                kind,
                _resolve(kind, match, today),
                back=looks_back(text, start),
                no=bool(_NOT_IT.search(before)),
                said=tuple((name, said) for name, said in match.groupdict().items() if said),
            )


def looks_back(text: str, start: int) -> bool:
    """Whether the clause before that place of a `plain` text tells of what has been."""
    before = text[max(0, start - 70) : start]
    cuts = [cut.end() for cut in _CLAUSE.finditer(before)]
    clause = before[cuts[-1] if cuts else 0 :]
    return bool(_PAST.search(clause)) and not _FUTURE.search(clause)


FULLER = frozenset({"month day", "day month", "ordinal month", "numeric", "the day", "week on"})
"""Kinds that say more than the weekday beside them does."""


def day_of(text: str, today: date) -> date | None:
    """The day on which help is wanted, from a `plain` text; none if none is said.

    Days gone by, pay days and "until" dates do not count. Where several are named the fullest
    ("yes the 16th") goes first, then the earliest said in a clause that asks for something.
    """
    named = list(named_in(text, today))
    ahead = wanted(named)
    if not ahead:
        return None
    if len(ahead) > 1 and len({one.day for one in ahead}) > 1:
        ahead = [one for one in ahead if asks_near(text, one.start)] or ahead
    first = min(ahead, key=lambda one: one.start)
    beside = (
        one for one in named if one.day and one.kind in FULLER and 0 < one.start - first.start < 40
    )
    return next(beside, first).day if first.kind == "weekday" else first.day


def wanted(named: Iterable[Named]) -> list[Named]:
    """Of the days that a text names, those to come, but those that it says are not the one where
    there are others."""
    found = [one for one in named if one.day and not one.back]
    if len({one.day for one in found}) > 1:
        found = [one for one in found if one.kind != "in the morning"] or found
        found = [one for one in found if not one.no] or found
    return found


def without_old_days(words: str, today: date, wanted: date | None) -> str:
    """What somebody wrote, as it may be read today by who goes on the day that is wanted: with dots
    for the days in it where none of them is that day, as when "tomorrow" was written yesterday.
    Empty where they can't be left out."""
    said = plain(words)
    ahead = [
        (said[one.start : one.end], one.kind, one.day)
        for one in named_in(said, today)
        if one.day and not one.back and not one.kind.startswith("named:")
    ]
    if any(_is_that(day, kind, wanted) for _, kind, day in ahead):
        return words
    for piece, _, _ in ahead:
        words, found = re.subn(
            rf"(?<!\w){re.escape(piece)}(?!\w)", "...", words, count=1, flags=re.I
        )
        if not found:
            return ""
    return words


def _is_that(day: date, kind: str, wanted: date | None) -> bool:
    # On a Friday "Friday" may be the one that has come.
    return day == wanted or (
        wanted is not None and "weekday" in kind and day.weekday() == wanted.weekday()
    )


_ASKS = re.compile(
    r"\b(?:can|could|cud|would|wud|need|needs|want|wants|please|pls|anyone|anybody|someone|"
    r"somebody|"
    r"lift|oes|fedr\w*|ive to|got to|have to|take|fetch|collect|pick|come)\b"
)


def asks_near(text: str, start: int) -> bool:
    """Whether something is asked for just before that place, in its clause."""
    before = text[max(0, start - 60) : start]
    cuts = [cut.end() for cut in re.finditer(r"[.!?;,]| and ", before)]
    return bool(_ASKS.search(before[cuts[-1] if cuts else 0 :]))
