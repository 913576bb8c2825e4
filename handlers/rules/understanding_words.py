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


def clean(text: str) -> str:
    """The part of a message that is looked at: lower case, plain quotes, nothing invisible."""
    seen = text[:MOST].translate(_QUOTES)
    if not seen.isascii():
        # A lone "z" with nine combining marks is a trick, but "Siân" typed in two parts is a name.
        seen = unicodedata.normalize("NFC", seen)
        seen = "".join(c for c in seen if c < "\x7f" or unicodedata.category(c) not in _INVISIBLE)
    return _SPACE.sub(" ", seen.lower()).strip()


_T_FOR_THE = re.compile(r"\bth?'(?=\w)")


def plain(text: str) -> str:
    """`clean` without apostrophes, "t'bus" as "the bus", and no letter more than twice running
    ("pleeease")."""
    return _THRICE.sub(r"\1\1", _T_FOR_THE.sub("the ", clean(text)).replace("'", ""))


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
    return _WITH_DIGITS.sub(_without_digit, said)


def standard(word: str) -> str:
    """The usual word for one written as it is spoken in Scotland or the north, or by thumb."""
    return _STANDARD.get(word, word)


_LETTERS = re.compile(r"[^\W\d_]+")


def standard_text(said: str) -> str:
    """A `plain` text with every word in its `standard` form."""
    return _LETTERS.sub(lambda match: standard(match[0]), one_word(said))


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
_DIGITS = re.compile(r"\d+")
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


def _bare(text: str) -> str:
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
    bare = _bare(text)
    if not _ANY_LETTER.search(bare):
        return None if up == down else up
    for pattern, meaning in ((_NO, False), (_YES, True)):
        # The longest fixed word that leaves nothing but softeners behind it.
        for end in range(len(bare), 0, -1):
            if (end == len(bare) or bare[end] == " ") and pattern.fullmatch(bare, 0, end):
                unsaid = (_UNSAYS_YES if meaning else _UNSAYS_NO).search(bare, end)
                if _SOFTENERS.match(bare, end) and not unsaid:
                    return meaning
                break
    return None


_STOP_WORDS = words_named(
    "stop stopp stpo sotp stopall stop end quit cancel revoke optout opt-out unsubscribe"
    " unsubscibe unsubcribe unsuscribe stopio stopiwch stopia peidiwch"
)
_BEFORE_STOP = (
    r"(?:(?:please|pls|plz|plis|plise|just|now|ok|can you|will you|oh|no|you|kindly|hi|hello|sorry|"
    r"i said|i want to|could you|rwan|nawr) )*"
)
_AFTER_STOP = (
    r"now|all|please|pls|plz|plis|thank you|thankyou|thanks|thanx|thx|ta|love|x+|"
    r"stop+|sorry|stopio|stopiwch|cheers|diolch|diolch yn fawr|os gwelwch yn dda|rwan|nawr|hyn|"
    r"immediately|at once|everything|for good|forever|mate|dear|duck"
)
_STOP_ALONE = re.compile(
    rf"{_BEFORE_STOP}(?:"
    r"(?:stop+|stpo|sotp|stop all|stopall|opt ?out|unsub(?:s?cri?be)?|"
    r"unsuscribe|unsubscibe|stopio|stopiwch|stopia|stopwch)"
    rf"(?: (?:it|this|that|{_AFTER_STOP}))*"
    # "End it" and "cancel that" are about what they asked for.
    rf"|(?:end|quit|revoke)(?: (?:{_AFTER_STOP}))*)"
    # Of the provider's own words the one that people write most when they need no milk after all.
    r"|cancel"
)
_SENT = r"(?:txts?|texts?|texting|messag\w*|msgs?|sms)"
_SOFTLY = r"(?: (?:please|pls|plz|now|thanks|thank you|ta))*$"
_OF_ALL = (
    r"(?=$| (?:me|us|this number|my (?:phone|number)|any ?more|no more|again|ever|from|about|"
    r"at all|please|pl[sz]+|thanks|thank you|thanx|thx|ta|now|so|and|or|off|love|x+|im|i|its|you|"
    r"coming|all|every|constantly|these|those|your|stuff|this|to me|"
    rf"(?:th)?em(?: here)?$|(?:the |them )?{_SENT})\b)"
)
"""What may follow, where it is about all that we send: no hour, no day, no name of somebody else."""
_STOP_PHRASES = tuple(
    re.compile(rf"\b(?:{phrase})")
    for phrase in (
        r"(?:stop|quit|pack in|give over|cease|stopp) (?:all )?(?:with )?(?:these |them |those |"
        r"the |this |your )?(?:bloody |blooming |damn |daft |silly )?(?:txting|texin|textin|txtin|"
        rf"msging|notif\w+|sending|contacting|bothering|mithering|pestering|{_SENT}){_OF_ALL}",
        # "I no longer get your texts" is somebody who waits for them.
        r"(?:do not|dont|donot|never|no longer) (?:want|wish|need|like) (?:to |be |get |getting |"
        r"have |receive |you |any ?more |any |these |them |your |the )*"
        rf"(?:contacted|{_SENT}){_OF_ALL}",
        r"(?:do not|dont|donot|never|not|stop) (?:to )?(?:want|wish|need|like|send|sending)\b"
        rf"(?: \w+){{0,4}}? any ?more (?:of )?(?:these |them |your )?{_SENT}\b",
        # "I never message Sam" is no wish, "don't text me at night" one of another kind.
        r"(?<!\bi )(?<!\bwe )(?<!\bthey )(?:do not|dont|donot|never) (?:you )?(?:ever )?"
        rf"(?:contact|{_SENT})(?:$| (?:please|pls|plz|and|or|do|dont)\b|(?: (?:me|us|it|here|this "
        r"(?:number|phone)|again|ever|any ?more|no more))++(?! (?:at|before|after|on|until|till|in|"
        r"between|during|while|when|if|today|tonight|tomorrow|about|for|with|so|late|early)\b))",
        rf"no more (?:of )?(?:these |them |your )?{_SENT}\b",
        r"(?:remove|strike|cross|delete|knock) (?:me|my (?:name|number|details))"
        r"(?: and (?:name|number|details))? ?(?:off|from|out|please$|pls$|$)",
        r"(?:take|get) my (?:name|number|details)(?: and (?:name|number|details))? (?:off|out)\b",
        # "Get me off the floor", "take me out on Friday" and "from the hospital" ask for somebody.
        r"take me off(?! (?:to|on|for|at|in|my|his|her|somewhere|shopping|(?:the|this) (?:floor|bed|"
        r"bus|train|loo|toilet|ward|chair|step|ladder|roof))\b)|"
        rf"(?:take|get) me (?:off|from|out of) (?:this|it){_SOFTLY}",
        r"(?:take|get) (?:me|my number) (?:off|from|out) (?:of )?(?:the |this |that |your |ur |all )+"
        rf"(?:\w+ )?(?:lists?|groups?|system|database|register|mailing|{_SENT})\b",
        r"delete my (?:details|number|name|data)|unsubscribe|opt (?:me )?out|leave the group",
        # Who is not to be sent is somebody else: "peidiwch ag anfon Brian".
        r"(?:peidiwch|paid)(?: (?:a|ag|â))? (?:anfon|gyrru) (?:\w+ ){0,2}?"
        r"(?:neges\w*|d?tecst\w*|ata i|ataf|rhain)\b",
        r"(?:peidiwch|paid)(?: (?:a|ag|â))? (?:anfon|gyrru|tecstio|thecstio|cysylltu|chysylltu)"
        r"(?: (?:[âa] fi|efo fi|gyda fi|fi|dim|byd|mwy|eto|rhagor|plis|diolch))*$",
        r"rhowch y gorau i (?:anfon|yrru|decstio)|(?:tynnwch|tynna) fi|"
        r"stopi(?:wch|o)? (?:yrru|anfon|gyrru|tecstio|y negeseuon)|"
        r"dim (?:mwy|rhagor) o (?:negeseuon|decst)",
        r"(?:basta|non voglio|niente|non (?:mi )?mand(?:i|a|ate|atemi))(?: (?:con|più|piu|altri|i|"
        r"questi|dei|ricevere|vostri))* (?:messaggi|sms)\b",
        r"non (?:mi )?(?:scriv(?:a|ete|etemi)|contatt(?:i|ate|atemi)) pi[uù]\b|"
        r"(?:cancellatemi|toglietemi|mi tolga)(?:$| dal)",
    )
)
_CLAUSES = re.compile(r"[.,;:!?\n]+")
_STOP_NOT = re.compile(
    r"\b(?:he|she|they|it|him|her|them) (?:wont|will not|doesnt|keeps?)|"
    r"\b(?:reply|text) (?:with )?stop (?:to|if|at)\b|to opt out|"
    rf"stop (?:me|him|her|my|a|the(?! {_SENT}))\b|"
    # Whoever says that it is not to be, or asks whether it is, wants to hear from us.
    r"\b(?:dont|do not|didnt|never|not|without|peidiwch a|paid a) (?:want )?(?:you )?(?:to )?"
    r"(?:ever |just |please )?(?:stop|quit|take|remove|get|strike|cross|delete|knock|leave|"
    r"unsub\w*|opt)\b(?! (?:send|text|ask)\w* me)|"
    r"\b(?:did|have|has|had) (?:you|it|they|we|i) (?:\w+ )?(?:stop|stopp|quit)|"
    r"\b(?:are there|there are|were there|have (?:i|you)) no more\b"
)


def is_stop_word(text: str) -> bool:
    """Whether the whole message is a fixed opt-out word, with or without politeness.

    "STOP", "stopp it", "Stop. Thank you", "please stop", "Stopiwch": the words themselves, so
    that no other reading can come before them.
    """
    return len(text) <= 80 and bool(_STOP_ALONE.fullmatch(_bare(text)))


def is_stop(text: str) -> bool:
    """Whether a person wants no more messages at all, by fixed words or by a plain phrase.

    Twilio's words alone count, so does "take me off this", and not "STOP this terrible bill",
    "the bus stop" or "cancel my shopping" (LABELS.md: a sentence that happens to hold the word
    is not a stop).
    """
    if is_stop_word(text):
        return True
    if len(text) > 240:
        return False
    return any(
        any(phrase.search(clause) for phrase in _STOP_PHRASES) and not _STOP_NOT.search(clause)
        for clause in map(_bare, _CLAUSES.split(text))
    )


_START = re.compile(
    r"(?:(?:please|pls|hi|hello|yes|can you|can i|could i|i want to|i wish to|id like to|"
    r"i would like to|want to|ok|hoffwn|dwi isio|dwi eisiau) )*"
    r"(?:start|unstop|join|join in|subscribe|resume|restart|start again|re ?join|sign me up|"
    r"sign up|add me|opt ?in|begin|put me back on|dechrau|cychwyn|ymuno|ailddechrau|"
    r"start (?:texting|texts|messages|sending)(?: me)?(?: again)?)"
    r"(?: (?:please|pls|again|thank you|thanks|ta|back|me|the group|your group|os gwelwch yn dda|"
    r"plis|now|x+|love|eto|diolch|a r grwp|ar grwp|a r grŵp))*"
)


def is_start(text: str) -> bool:
    """Whether a person wants messages again, or to join, by fixed words ("START", "join")."""
    return len(text) <= 80 and bool(_START.fullmatch(_bare(text)))
