"""The language of a message as a whole, by its commonest small words and its letters."""

from __future__ import annotations

import re

from handlers.rules.understanding_words import clean


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS: dict[str, frozenset[str]] = {
    "cy": _words(
        "dw dwi dwin rwy rwyf dach ydych ydy yw mae maen mai oes nid nad ydw ddim dim na sy syn yn "
        "ym i o"
        " ar am gan gyda efo ac neu ond pan sut pwy beth be lle pryd wedi bod fod fedr fedra "
        "fedrith"
        " fedrwch allwch allai gallwch gall wnewch hoffwn diolch bore prynhawn pnawn heno heddiw "
        "yfory fory"
        " dydd ddydd nos os gwelwch dda plis rhywun rywun angen isio eisiau moyn fy fi mi ei eu "
        "ein eich"
        " nhw chi ti hi fe fo nhad mam nain taid dad merch fy ngwr neges negeseuon stopiwch "
        "helpwch iawn ie"
        " naddo do nage wnaf byth eto hefyd gwaith meddyg ysbyty lifft paned sgwrs ers rwan nawr "
        "tan cwbl"
        " a'r i'r o'r y yr yw'r mae'r hwyl shwmae s'mae haia helo pawb fawr galon ffoniwch siopa "
        "adref adra"
        " da ydi ydy hwn hyn neb ddaeth daeth gorffen mae'n ble llaeth llefrith bara cymydog"
        " cwympo syrthio gofyn dod mynd wneud siarad nawr helpu chi'n i'n"
        " peidiwch anfon rhestr tynnwch ymuno llythyr ffurflen ardd lawnt gath ci"
    ),
    "pl": _words(
        "jest nie tak czy mogę moge ktoś ktos dla mnie mam mieszkam proszę prosze dziękuję "
        "dziekuje dzień"
        " dzien dobry do na się sie jutro dzisiaj potrzebuję potrzebuje pomoc pomocy zakupy "
        "lekarza mógłby"
        " moglby może moze zrobić i w z że ale mi leki apteki nogę wyjść"
    ),
    "it": _words(
        "sono non per che mi una un il la di e ho bisogno qualcuno potrebbe può puo domani oggi "
        "grazie"
        " prego buongiorno ciao aiuto casa spesa medico farmi venire da mesi sola solo della mia "
        "mio"
        " posso vorrei latte pane con"
    ),
    "ur": _words(
        "meri mera mujhe hai hain ko se koi kya aap nahi nahin karna chahiye madad ammi abbu ke ki "
        "ka liye"
        " raha rahi sakta sakti unko kal aaj ghar dawai shukriya hospital aya hun mein main"
    ),
    "ro": _words("sunt nu este pentru imi vreau am nevoie cineva poate multumesc va rog buna ziua"),
    "es": _words(
        "hola necesito ayuda por favor gracias puede alguien mi el los para con estoy mañana "
        "comprar"
    ),
    "fr": _words(
        "bonjour je suis besoin aide merci quelqu'un peut les pour avec demain est pas une des"
    ),
    "de": _words(
        "ich bin brauche hilfe bitte danke kann jemand mir und nicht morgen für der die das"
    ),
    "pt": _words(
        "preciso ajuda obrigado obrigada alguém pode por favor não estou minha meu amanhã"
    ),
    "so": _words("waxaan baahanahay caawimaad fadlan mahadsanid aan iga"),
}
_ENGLISH = _words(
    "the and to of is i it you for me my can could would please need with have has are on in "
    "at be this that"
    " not no a an some any someone anyone will was were get got do does dont im ive its thank "
    "thanks from up"
    " out am pm he she his her they we us our help today tomorrow morning there what who when how "
    "love if so"
    " but or by as just been go going come need wants want she's he's i'm i've don't can't cant "
    "lift"
)
_SPLIT = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_UKRAINIAN = re.compile(r"[іїєґ]")
_OTHER_LETTERS = (
    ("ar", re.compile(r"[\u0600-\u06ff]"), re.compile(r"[ٹڈڑںےہھگچپ]"), "ur"),
    ("zh", re.compile(r"[\u4e00-\u9fff]"), None, ""),
    ("pa", re.compile(r"[\u0a00-\u0a7f]"), None, ""),
    ("hi", re.compile(r"[\u0900-\u097f]"), None, ""),
    ("bn", re.compile(r"[\u0980-\u09ff]"), None, ""),
    ("gu", re.compile(r"[\u0a80-\u0aff]"), None, ""),
    ("el", re.compile(r"[\u0370-\u03ff]"), None, ""),
)


def language_of(text: str, before: str | None = None) -> str:  # noqa: PLR0911 (a way out a script)
    """The ISO 639-1 code of a message. `before`, what the person used last, settles a tie."""
    cleaned = clean(text)
    words = _SPLIT.findall(cleaned)
    letters = sum(map(len, words)) or 1
    if letters < 2:
        return before or "en"
    if len(_CYRILLIC.findall(cleaned)) * 2 > letters:
        return "uk" if _UKRAINIAN.search(cleaned) else "ru"
    for code, script, telling, otherwise in _OTHER_LETTERS:
        if len(script.findall(cleaned)) * 2 > letters:
            return otherwise if telling and telling.search(cleaned) else code
    pieces = set(words) | {part for word in words for part in word.split("'")}
    english = sum(word in _ENGLISH for word in words)
    scored = []
    for code, known in _WORDS.items():
        shared = known & _ENGLISH
        hits = sum(1.0 for word in words if word in known and word not in shared)
        hits += 0.3 * sum(word in shared for word in words)
        if code == "cy":
            hits += 0.7 * sum("'" in word and word.split("'")[-1] in _CY_TAILS for word in words)
            hits += (
                sum(
                    word[:2] in {"rh", "ll", "dd", "ng", "ff"} or "ŵ" in word or "ŷ" in word
                    for word in words
                    if word not in known and len(word) > 3 and word != "llandudno"
                )
                * 0.5
            )
        scored.append((hits, code))
    best, code = max(scored)
    english_hits = float(english)
    if best >= 1 and best > english_hits and (best >= 2 or len(words) <= 4):
        return code
    if before and before != "en" and best and code == before and best >= english_hits:
        return before
    if before and not english and not best and len(pieces) <= 3:
        return before
    return "en"


_IN_ADDRESSES = frozenset({"y", "yr", "fawr", "la", "di", "il", "casa"})


def certain_language(text: str, least: int) -> str | None:
    """The language that a message of at least so many words is plainly written in. None for what
    may as well be a name, an address or an answer in a word."""
    words = _SPLIT.findall(clean(text))
    if len(words) < least:
        return None
    code = language_of(text)
    if code == "en":
        telling = _ENGLISH.difference(*_WORDS.values())
    else:
        telling = _WORDS.get(code, frozenset()) - _ENGLISH - _IN_ADDRESSES
    hits = sum(word in telling or word.split("'")[0] in telling for word in words)
    return code if hits >= 2 and hits * 3 >= len(words) else None


_CY_TAILS = frozenset({"n", "r", "m", "i", "u", "w", "th", "ch"})
