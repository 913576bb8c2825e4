"""What part of the day, or what time by the clock, a message speaks of (LABELS.md, `part`)."""

from __future__ import annotations

import re

_HOURS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
    "un": 1, "dau": 2, "ddau": 2, "dri": 3, "tri": 3, "bedwar": 4, "pedwar": 4, "bump": 5,
    "pump": 5, "chwech": 6, "saith": 7, "wyth": 8, "naw": 9, "ddeg": 10, "deg": 10,
    "un ar ddeg": 11, "ddeuddeg": 12, "deuddeg": 12, "hanner dydd": 12,
}  # fmt: skip
_MINUTES = {
    "five": 5, "ten": 10, "quarter": 15, "quater": 15, "qtr": 15, "1/4": 15, "twenty": 20,
    "twenty five": 25, "twenty-five": 25, "half": 30, "hauf": 30, "harf": 30, "hlaf": 30,
    "chwarter": 15,
    "pum munud": 5, "deg munud": 10, "ugain munud": 20, "hanner awr": 30, "hanner": 30,
}  # fmt: skip
_ITALIAN = {
    "due": 2, "tre": 3, "quattro": 4, "cinque": 5, "sei": 6, "sette": 7, "otto": 8, "nove": 9,
    "dieci": 10, "undici": 11, "dodici": 12,
}  # fmt: skip
_HOUR = r"1[0-2]|0?[1-9]|" + "|".join(sorted(_HOURS, key=len, reverse=True))
_HALF = r"(?P<ap> ?(?:[ap]\.? ?m\b\.?|in the morning|in the afternoon|at night|in the evening))?"
_ENG = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_NOT_AFTER = (
    r"(?! ?(?:%|/|pints?|pt|quid|pounds?|p\b|hours?|hrs?|mins?|minutes?|days?|weeks?|months?|"
    r"years?|yrs?|"
    r"miles?|of (?:us|you|them)|people|kids|other|st\b|nd\b|rd\b|th\b|stone|flights?|a side|stops?|"
    r"streets|time\b|end\b|point\b|stage\b|corners?\b|sides?\b|walls?\b|another\b|or two\b|"
    r"(?!(?:we|he|she|they|it|its|if|and|or|for|to|on|at|in|please|pls|but|so|with|tomorrow|today|"
    r"then|"
    r"sharp|ish|from|love|thanks|ta|would|will|can|is|was|am|pm|any|some|could|the|my|me|i|im|ill|"
    r"ive|"
    r"this|next|not|when|by|because|cos|until|till|approx|thank|yes|no|hope|"
    r"mon|tue|wed|thu|fri|sat|sun|mrs?|a|are|you)[a-z]*\b)[a-z]+ (?:st|street|rd|road|lane|ln|ave|"
    r"avenue|"
    r"close|row|terrace|court|drive|way|view|gardens|place|bank|top|hill|grove|crescent|square|"
    r"mill)\b))"
)
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "to past",
        re.compile(
            rf"\b(?P<min>{'|'.join(sorted(_MINUTES, key=len, reverse=True))}|5|10|20|25|30|15) ?"
            rf"(?:minutes |mins )?(?P<way>to|tae|till|past|parst|after|pst|i|wedi|afore|before) "
            rf"(?P<hour>{_HOUR})\b"
            rf"(?! (?:minutes|people|days|times|weeks|pints)){_HALF}"
        ),
    ),
    (
        "half",
        re.compile(
            rf"\b(?:half|hauf|hlaf|1/2) ?(?P<hour>1[0-2]|0?[1-9]|{_ENG}|twa)(?:ish)?\b{_HALF}"
            r"(?! (?:pints|dozen|pounds|hours|stone|bottles))"
        ),
    ),
    (
        "digital",
        re.compile(
            rf"(?<![£$\d.:,/])\b(?P<hour>[01]?\d|2[0-4])(?P<sep>[.:;,]|"
            rf"h)(?P<minute>[0-5]\d)(?!\d)(?![.:]\d){_HALF}"
            r"(?! ?(?:%|/|pounds|quid|p\b|stone|miles|each|kg|litre|ltr))"
        ),
    ),
    (
        "am pm",
        re.compile(r"\b(?P<hour>1[0-2]|0?[1-9])(?P<minute>[0-5]\d)? ?-? ?(?P<ap>[ap]\.? ?m\b\.?)"),
    ),
    ("word am pm", re.compile(rf"\b(?P<hour>{_ENG}) ?(?P<ap>[ap]\.?m\b\.?)")),
    (
        "oclock",
        re.compile(
            rf"\b(?P<hour>{_HOUR}) ?(?:o ?clocks?|oclock|o clk|o r gloch|or gloch|o clcok){_HALF}"
        ),
    ),
    ("ish", re.compile(rf"\b(?P<hour>1[0-2]|[1-9]|{_ENG}) ?-?ish\b")),
    (
        "in words",
        re.compile(
            rf"\b(?:at|about|around|by|for|before|from) (?P<hour>{_ENG}) "
            r"(?P<word>thirty five|thirty|fifteen|forty five|forty|twenty five|twenty|ten)\b"
        ),
    ),
    (
        "as the army says it",
        re.compile(r"(?<![\d£+])\b(?P<hour>0[5-9])(?P<minute>[0-5][05])\b(?! ?\d)"),
    ),
    (
        "for",
        re.compile(
            rf"\b(?:there|surgery|hospital|clinic|unit|station|physio|dentist|doctors?|docs?|"
            rf"appointment)"
            rf" (?:for|fur) (?P<hour>{_HOUR})\b(?! (?:days|weeks|nights|years|months|hours|of|"
            rf"tests?|"
            rf"treatment|minutes))"
        ),
    ),
    ("noon", re.compile(r"\b(?:12 )?(?:noon|midday|mid day|hanner dydd)\b")),
    ("midnight", re.compile(r"\b(?:hanner nos)\b")),
    (
        "italian",
        re.compile(
            rf"\b(?:alle|per le|verso le|entro le|dalle|prima delle|dopo le) "
            rf"(?P<hour>2[0-3]|1\d|0?[1-9]|{'|'.join(_ITALIAN)})\b(?![.:]\d)"
            r"(?: e (?P<word>mezz[ao]|un quarto|trenta|quindici))?(?! (?:persone|euro))"
        ),
    ),
    (
        "bare digits",
        re.compile(
            r"\b(?:at|for|by|about|around|before|from|between|o) (?P<hour>1[0-2]|"
            r"0?[6-9])(?P<minute>[0-5][05])\b"
            r"(?! ?(?:pounds|quid|people))"
        ),
    ),
    (
        "bare",
        re.compile(
            rf"\b(?:at|@|about|around|abt|roughly|by|before|am|tua|erbyn|circa|approx|oclock) ?"
            rf"(?P<hour>{_HOUR})\b(?![.:]\d|\d|-\d){_HALF}{_NOT_AFTER}"
        ),
    ),
    (
        "day bare",
        re.compile(
            r"\b(?:mon|mond|tue|tues|wed|wednes|weds|thu|thur|thurs|fri|sat|satur|sun|to)(?:day|"
            r"morrow)?,? (?:at )?"
            rf"(?P<hour>1[0-2]|[1-9]|ten|eleven|twelve|nine)\b(?=$|[?!.,]| please| pls| ta\b| "
            rf"if| and (?:i|my|me|our|the)\b){_NOT_AFTER}"
        ),
    ),
)
_WORD_MINUTES = {
    "thirty": 30, "fifteen": 15, "forty five": 45, "twenty": 20, "ten": 10, "forty": 40,
    "thirty five": 35, "twenty five": 25, "mezza": 30, "mezzo": 30, "trenta": 30,
    "un quarto": 15, "quindici": 15,
}  # fmt: skip
_BEFORE_NOT = re.compile(
    r"(?:\b(?:since|until|till|til|while|no|number|flat|since about|age|aged|room|ward|"
    r"ers|tan|bus|only|price|costs?|was|page|no\.) )$|£$"
)
_MORNING = (
    r"mornings?|(?<!the )morn|mornin|morni|morng|bore|fore|foreu|boreau|rano|mattina|уранці|"
    r"ранку|вранці|"
    r"forenoon|am|a\.m"
)
_AFTERNOON = (
    r"afternoons?|afternoon|afternon|aftrnoon|afternoo|afternoons|aft|aftie|arvo|arfo|efternoon|"
    r"pnawn|prynhawn|brynhawn|pnhawn|bnawn|p nawn|pm|p\.m|popoludniu|pomeriggio|після обіду|"
    r"lunch ?time|dinner ?time"
)
_EVENING = (
    r"evenings?|evenin|evning|eve|eves|tonight|tonite|2nite|2night|tonyt|tonigt|the nicht|heno|"
    r"noson|nosweithiau|gyda r nos|min nos|wieczorem|wieczór|stasera|sera|ввечері|tea ?time|nite|"
    r"(?:fri|satur|sun|mon|tues|wednes|thurs)day nights?|(?:fri|sat|sun|mon|tues|weds|thurs) night|"
    r"tomorrow night|nos (?:lun|llun|fawrth|fercher|iau|wener|sadwrn|sul)"
)
_PARTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (part, re.compile(rf"\b(?:{words})\b"))
    for part, words in (("morning", _MORNING), ("afternoon", _AFTERNOON), ("evening", _EVENING))
)
_DAYISH = (
    r"(?:mon|tue|tues|wed|weds|thu|thur|thurs|fri|sat|sun|\w+day|tomorrow|\w*m\w*r\w*w|tomoz|tmrw|"
    r"2moro|"
    r"\d+(?:st|nd|rd|th)|today|this|morn|morrow|2moz|jan\w*|feb\w*|march|april|june|july|aug\w*|"
    r"sept?\w*|"
    r"oct\w*|nov\w*|dec\w*|the)"
)
_AFTER_A_DAY = re.compile(rf"\b{_DAYISH},? $")
_GREETED = re.compile(
    r"(?:\b(?:good|gud|gd|happy|bore da|a very good|lovely) |^(?:hi|hello|hiya|ey up|hey)?,? ?)$"
)
_HELLO_AFTER = re.compile(
    r"(?: ?(?:$|[,.!?]|all\b|love|everyone|everybody|folks|da\b|to you|dear|team|both|mrs?\b))"
)
_LOOKS_BACK = re.compile(
    r"(?:\b(?:all|last|since|yesterday|ddoe|for the|for|tan|ers|other|previous|been up all|"
    r"through the|during the|most of the|whole|neithiwr|half the|until|till|til|"
    r"monday was|one) )$"
)


def _half_of_day(hour: int, text: str, said: str) -> int:
    """The hour on a 24-hour clock, read as a sensible hour of the day unless am or pm is said."""
    said = said.replace(".", "").replace(" ", "")
    if said in {"am", "inthemorning"}:
        return hour % 12
    if said:
        return hour % 12 + 12
    if hour > 12 or hour == 0:
        return hour % 24
    late = bool(_PARTS[2][1].search(text))
    if hour == 12:
        return 12
    if hour < 7:
        # Nobody is asked for at 3 in the night; at 6 in the morning they say so.
        early = hour >= 5 and _PARTS[0][1].search(text) and not late
        return hour if early else hour + 12
    return hour + 12 if late else hour


def _clock(text: str) -> str | None:  # noqa: PLR0912 (one branch a way of telling the time)
    for kind, pattern in _RULES:
        for match in pattern.finditer(text):
            if _BEFORE_NOT.search(text[max(0, match.start() - 14) : match.start()]):
                continue
            if kind == "noon":
                return "12:00"
            if kind == "midnight":
                return "00:00"
            groups = match.groupdict()
            word = groups["hour"] or ""
            hour = (
                int(word) if word.isdecimal() else 2 if word == "twa" else (_HOURS | _ITALIAN)[word]
            )
            minute = int(groups.get("minute") or 0)
            if kind == "digital" and groups["sep"] in ",;" and not groups.get("ap"):
                continue
            if kind == "half":
                minute = 30
            elif groups.get("word"):
                minute = _WORD_MINUTES[groups["word"] or ""]
            said = groups.get("ap") or ""
            if kind == "to past":
                number = groups["min"] or ""
                minute = int(number) if number.isdecimal() else _MINUTES[number]
                if groups["way"] in {"to", "tae", "till", "i", "afore", "before"}:
                    if minute == 30:
                        continue
                    before = (hour - 2) % 12 + 1
                    hour, minute = _half_of_day(before, text, said), 60 - minute
                    if said and before == 11:
                        hour = (hour + 12) % 24
                    return f"{hour:02}:{minute:02}"
            if hour == 24:
                hour = 0
            whole = word.startswith("0") and word != "0"
            return (
                f"{hour if whole and not said else _half_of_day(hour, text, said):02}:{minute:02}"
            )
    return None


_WELSH_HELLO = frozenset({"fore", "bore", "prynhawn", "pnawn", "noson"})


def part_of(text: str) -> str | None:
    """`HH:MM` if a clock time is said in a `plain` text, else the part of the day, else None."""
    if clock := _clock(text):
        return clock
    found: list[tuple[int, str]] = []
    for part, pattern in _PARTS:
        for match in pattern.finditer(text):
            before, after = text[: match.start()], text[match.end() :]
            word = match.group()
            unsaid = word in {"am", "a.m", "pm", "p.m", "nite"} and (
                not _AFTER_A_DAY.search(before) or after.startswith(" i ")
            )
            welsh_hello = word in _WELSH_HELLO and after.startswith(" da")
            hello = _GREETED.search(before) and (
                before.rstrip().endswith(("good", "gud", "gd")) or _HELLO_AFTER.match(after)
            )
            if unsaid or welsh_hello or hello:
                continue
            if _LOOKS_BACK.search(before):
                continue
            found.append((match.start(), part))
    return min(found)[1] if found else None
