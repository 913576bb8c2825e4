"""Words as people send them: cleaning, splitting, spelling by ear, and the fixed words.

Sources: LABELS.md (what counts as a stop), PRACTICE.md "Words with fixed meaning" (Twilio's own
opt-out words: STOP, END, QUIT, CANCEL, REVOKE, OPTOUT, UNSUBSCRIBE, STOPALL).
"""

from __future__ import annotations

import re
import unicodedata


def words_named(text: str) -> frozenset[str]:
    """The words of a line, as a set."""
    return frozenset(text.split())


MOST = 1200
"""Characters of a message that are looked at. Eight texts' worth; a longer one says it by then."""

_QUOTES = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u02bc": "'", "`": "'", "\u00b4": "'", "\u201c": '"'}
    | {"\u201d": '"', "\u2013": "-", "\u2014": "-", "\u00a0": " "}
)
_INVISIBLE = frozenset({"Cf", "Cs", "Co", "Cn"})
_SPACE = re.compile(r"\s+")
_THRICE = re.compile(r"([^\W\d_])\1{2,}")
_WORD = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
_DIGIT = re.compile(r"\d")


def clean(text: str) -> str:
    """The part of a message that is looked at: lower case, plain quotes, nothing invisible."""
    seen = text[:MOST]
    if seen.isascii():
        seen = seen.replace("`", "'")  # of the quotes the only one that is ASCII
    else:
        seen = seen.translate(_QUOTES)
        # A lone "z" with nine combining marks is a trick, but "Siân" typed in two parts is a name.
        seen = unicodedata.normalize("NFC", seen)
        seen = "".join(c for c in seen if c < "\x7f" or unicodedata.category(c) not in _INVISIBLE)
    return " ".join(seen.lower().split())


_T_FOR_THE = re.compile(r"\bth?'(?=\w)")


def plain(text: str) -> str:
    """`clean` without apostrophes, "t'bus" as "the bus", and no letter more than twice running
    ("pleeease")."""
    said = clean(text)
    if "'" in said:
        said = _T_FOR_THE.sub("the ", said).replace("'", "")
    return _THRICE.sub(r"\1\1", said)


_AS_WRITTEN: dict[str, str] = {
    "i": "ah",
    "im": "ahm",
    "ive": "ahve ahv av",
    "ill": "ahll",
    "id": "ahd",
    "my": "ma mah",
    "myself": "masel masell mysen mesen mesel meself mysel misen mesself",
    "yourself": "yersel yersen thisen",
    "himself": "himsel hissen hisself",
    "herself": "hersel hersen",
    "to": "tae",
    "cant": "cannae canny cannie canna carnt cany cudnt cnt cannot",
    "dont": "dinnae dinna dinny dunno dnt doant",
    "didnt": "didnae didny",
    "doesnt": "doesnae disnae",
    "isnt": "isnae isny int",
    "wasnt": "wisnae wasnae wornt",
    "arent": "urnae arenae urny",
    "hasnt": "hasnae hisnae",
    "havent": "havenae hinnae huvnae hivnae haventa",
    "wouldnt": "wouldnae widnae wudnt",
    "couldnt": "couldnae",
    "wont": "wullnae willnae wilnae winnae willny",
    "out": "oot",
    "down": "doon",
    "about": "aboot bout abt",
    "now": "noo",
    "house": "hoose",
    "round": "roon roond",
    "with": "wi wiv",
    "little": "wee",
    "child": "bairn wean",
    "children": "bairns weans",
    "woman": "wumman wifie",
    "from": "fae frae",
    "hand": "haun haund",
    "head": "heid",
    "dead": "deid",
    "floor": "flair flure",
    "window": "windae windy",
    "give": "gie giv",
    "going": "gonnae gonna gunna gaun goin gan",
    "your": "yer ur thi thy",
    "you": "u ye yous thee tha yu",
    "are": "r",
    "nothing": "nowt nowght nuttin nuffin",
    "anything": "owt anyfing",
    "something": "summat summut somethin summit",
    "no": "nae naw",
    "would": "wid wud wuld",
    "could": "cud culd",
    "should": "shud",
    "was": "wis",
    "were": "wor",
    "what": "whit wot wat",
    "when": "wen",
    "because": "cos coz cuz bcos becos",
    "do": "dae",
    "doing": "daein doin",
    "got": "goat gottn",
    "get": "git gerra",
    "have": "hae huv hav ave",
    "old": "auld owd",
    "too": "ower",
    "please": "pls plz plis plse pleas pleez pleese",
    "thanks": "thx thanx thanku thankyou tysm thnx thnks",
    "someone": "somebody anyone anybody enyone enybody sumone sombody sumbody onybody somebdy "
    "anybdy oanybody",
    "tomorrow": "tmrw tmr tomoz tomorow tomoro tommorow tomorra morra tmoz",
    "tonight": "tonite tonicht",
    "message": "msg",
    "texts": "txts",
    "text": "txt",
    "and": "n nd",
    "doctor": "dr doc",
    "people": "ppl",
    "sorry": "sry soz sori",
    "really": "rly realy",
    "right": "reight reet richt",
    "afraid": "feart",
    "sore": "sair",
    "took": "tuk",
    "fell": "fel",
    "their": "thier",
    "breathe": "breev breeve brethe breve",
    "fire": "fyer fier fiyer",
    "fallen": "faln falen fellen",
    "feeling": "feelin",
    "tongue": "tung tounge tonge toung",
    "trying": "tryin",
    "she": "shi",
    "hospital": "hosp hospitle hosbidle hopsital",
}
_STANDARD = {way: word for word, ways in _AS_WRITTEN.items() for way in ways.split() if way != word}
_WITH_DIGITS = re.compile(
    r"\b(?:(any|some|sum|ne|every|no)1|(2mo\w*)|(2nite|2night)|(2day)|b4|gr8|m8)\b"
)


def _without_digit(match: re.Match[str]) -> str:
    who, tomorrow, tonight, today = match.groups()
    if who:
        return "no one" if who == "no" else "everyone" if who == "every" else "someone"
    if tomorrow or tonight or today:
        return "tomorrow" if tomorrow else "tonight" if tonight else "today"
    return {"b4": "before", "gr8": "great"}.get(match[0], "mate")


def one_word(said: str) -> str:
    """A `plain` text with "any1", "2moro" and their like in letters, so that they stay whole."""
    return _WITH_DIGITS.sub(_without_digit, said) if _DIGIT.search(said) else said


def standard(word: str) -> str:
    """The usual word for one written as it is spoken in Scotland or the north, or by thumb."""
    return _STANDARD.get(word, word)


_LETTERS = re.compile(r"[^\W\d_]+")


def standard_text(said: str) -> str:
    """A `plain` text with every word in its `standard` form."""
    near = one_word(said)
    if _STANDARD.keys().isdisjoint(_LETTERS.findall(near)):
        return near
    return _LETTERS.sub(lambda match: standard(match[0]), near)


def words_of(cleaned: str) -> list[str]:
    """Words, numbers and single marks of a cleaned message, in order."""
    return _WORD.findall(cleaned)


_NUMBERS = {
    "one": 1, "won": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
    "un": 1, "dau": 2, "dwy": 2, "tri": 3, "tair": 3, "pedwar": 4, "pedair": 4, "pump": 5,
    "chwech": 6, "saith": 7, "wyth": 8, "naw": 9, "deg": 10,
    "yin": 1, "twa": 2,
}  # fmt: skip
_BESIDE_A_NUMBER = words_named(
    "please pls plz plis ta thanks thank you thankyou love duck pet hun hen x xx xxx yes yeah "
    "aye"
    " option number num the answer reply choice and or os gwelwch yn dda diolch rhif ok okay"
    " ill have i choose pick a b c d for me it is its ac dewis ateb ie ia"
)
_KEYCAP = re.compile(r"([0-9])\ufe0f?\u20e3")


def numbers_in(text: str) -> tuple[int, ...]:
    """The numbers of a message that answers in numbers and says nothing else; else empty.

    "1", "1.", "one", "1 please", "A 3", "un", "1 and 3". Not "2 pints", nor "no 2" (which may be
    a refusal of the second thing): that is empty, and is asked about.
    """
    found: list[int] = []
    seen = plain(_KEYCAP.sub(r" \1 ", text[:80]))
    if len(text) > 80:
        return ()
    for word in words_of(seen):
        if word.isdecimal():
            if len(word) > 3:
                return ()
            found.append(int(word))
        elif word in _NUMBERS:
            found.append(_NUMBERS[word])
        elif (word.isalpha() and word not in _BESIDE_A_NUMBER) or word in {
            "£",
            "%",
            "/",
            ":",
            "+",
            "-",
            "?",
            "$",
        }:
            return ()
    if "." in seen and re.search(r"\d\.\d", seen):
        return ()
    return tuple(dict.fromkeys(found))


_YES = re.compile(
    r"(?:o+h? |well |ok |okay |yes |thank you |thanks |ta |morning |hello |hi )*"
    r"(?:y|yes+|yess+|yh|yeh|yea|yeah+|ye|yep|yup|aye+|ay|ok|okay|oky|okey ?dokey?|k|kk|sure|"
    r"right ?(?:o|oh|you are|ho)|righto|course|of course|defo|definitely|certainly|absolutely|"
    r"alright|all right|fine|go on(?: then)?|go for it|go ahead|please do|yes please|please|"
    r"ie|ia|iep|iawn|ydw|ydy|ydi|oes|do|cewch|gwnaf|wnaf|gallaf|medraf|dwi(?:n)? iawn|perffaith|"
    r"(?:(?:fe|mi) )?g?wna(?:f|i)?(?: i)?|(?:galla|medra|bydda)(?: i)?|"
    r"byddwn|baswn|byswn|wrth gwrs|si[wŵ]r(?: iawn)?|gr[eê]t|bendigedig|oc[eê]|da iawn|"
    r"popeth yn iawn|dim problem|â chroeso|grand|champion|"
    r"lovely|perfect|smashing|great|brill|brilliant|sounds good|suits me|that ?(?:s|is)? ?fine|"
    r"thats? (?:right|it|grand|lovely|perfect|great)|correct|happy to|will do|deal|im in|"
    r"ill do it|i will|i can|i do|i am|we can|count me in|no problem|no probs|no bother|nae bother|"
    r"nay bother|no worries|tak|s[iì]|va bene|certo|volentieri|да|так|done deal|"
    r"indeed|yes i will|yes i can|yes i do|yes it is)"
)
_NO = re.compile(
    r"(?:o+h? |well |sorry |sori |soz |ah |ooh |no |thanks but |thank you but )*"
    r"(?:n|no+|nope|nop|nah+|naw|nay|nae|na|naddo|nage|nac (?:ydw|ydy|ydi|oes)|"
    r"na (?:chewch|fyddwn|allaf|alla|fedraf|fedra|wnaf|wna)(?: i)?|(?:alla|fedra|wna) i ddim|"
    r"dd?im (?:diolch|heddiw|nawr|rwan|rŵan|heno|y tro (?:hwn|yma|ma)|tro ma)|amhosib|not today|"
    r"not me|not now|not this time|not for me|no thanks|no thank you|no thankyou|no ta|id rather "
    r"not|(?:of course|course|certainly|definitely|absolutely) not|non oggi|certo che no|"
    r"i wont|i will not|i can not|i do not|"
    r"rather not|i cant|cant|cannot|cant do it|i cannot|not really|not able|unable|nie|i dont|"
    r"id sooner not|im afraid not|afraid not|never|negative|no chance|no way|no can do|ddim)"
)
_SOFTENERS = re.compile(
    r"(?: (?:please|pls|plz|plis|love|luv|duck|pet|hen|hun|flower|pal|mate|dear|lass|lad|"
    r"sweetheart|"
    r"petal|cock|chuck|ta|thanks|thank you|thankyou|thanx|thx|cheers|diolch|diolch yn fawr|sorry|"
    r"grazie|soz|x+|go on|go on then|then|that would be (?:lovely|grand|great|kind|nice)|"
    r"that(?:ll| will) be (?:fine|grand|lovely|great)|very much|so much|today|ill do it|i will|"
    r"i can|i do|i am|os gwelwch yn dda|bach|cariad|del|again|this time|at the moment|"
    r"eto|heddiw|wrth gwrs|mae arna i ofn|sori|yn wir|nawr|"
    r"no problem|no bother|of course|all (?:is )?well|all (?:good|fine|ok)|im fine|im ok|im all "
    r"right|"
    r"kind of you|lovely|grand|great|perfect|fine|ok|for now|anyway|not today|mr|mrs))*$"
)
_UNSAYS_YES = re.compile(r" not today\b")
_UNSAYS_NO = re.compile(
    r" (?:go on|i will|i can|i do|i am|ill do it|that(?:ll| will| would) be \w+|of course|"
    r"wrth gwrs|no problem|no bother)\b"
)
"""Softeners after which nobody could say what was meant ("ok not today", "no go on then"): the
question is put once more."""
_THUMB_UP = re.compile("[\U0001f44d\U0001f44c\u2705\u2714\U0001f197\U0001f64b]")
_THUMB_DOWN = re.compile("[\U0001f44e\u274c\U0001f645\U0001f6ab\u2716]")
_ANY_LETTER = re.compile(r"[^\W_]")
_MARKS = re.compile(r"[^\w\s]+|_+")


def bare(text: str) -> str:
    """Words alone, single-spaced, without apostrophes or any mark."""
    return _SPACE.sub(" ", _MARKS.sub(" ", plain(text))).strip()


def yes_no(text: str) -> bool | None:
    """Whether a short answer agrees (True), refuses (False) or does neither (None).

    Meant for an answer to an open question: "yes please love", "aye go on then", "👍", "no ta",
    "nah soz mate", "ie", "dim diolch". A sentence that goes on to say more is None.
    """
    if len(text) > 160:
        return None
    up, down = bool(_THUMB_UP.search(text)), bool(_THUMB_DOWN.search(text))
    said = bare(text)
    if not _ANY_LETTER.search(said):
        return None if up == down else up
    for pattern, meaning in ((_NO, False), (_YES, True)):
        # The longest fixed word that leaves nothing but softeners behind it.
        for end in range(len(said), 0, -1):
            if (end == len(said) or said[end] == " ") and pattern.fullmatch(said, 0, end):
                unsaid = (_UNSAYS_YES if meaning else _UNSAYS_NO).search(said, end)
                if _SOFTENERS.match(said, end) and not unsaid:
                    return meaning
                break
    return None
