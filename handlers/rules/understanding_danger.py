"""Whether somebody may be in danger now.

What is missed here may cost a life, so a plain sign (`understanding_signs.py`) is enough by itself
unless a mark of the past, of a joke or of a "what if" stands beside it; where there is none the
model's word is taken. The signs are features of the model too, which learns what goes with them.
"""

from __future__ import annotations

import base64
import re
import zlib
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import repeat
from zlib import crc32

from handlers.rules import understanding_sieve as sieve
from handlers.rules.understanding_lexicon import known_as
from handlers.rules.understanding_pieces import PIECES
from handlers.rules.understanding_signs import SHORT, STRONG
from handlers.rules.understanding_words import one_word, standard, standard_text

ONLY_SOUNDS: dict[str, tuple[str, ...]] = {
    "past": (
        r"\b(?:last (?:week|month|year|winter|summer|spring|autumn|easter|christmas|time|"
        r"tuesday|monday|friday|jan\w*|feb\w*|march|april|may|june|july|august|sept\w*|oct\w*|"
        r"nov\w*|dec\w*)|years? (?:ago|back)|yrs? (?:ago|back)|months? (?:ago|back)|weeks? "
        r"(?:ago|back)|days ago|at (?:christmas|easter|xmas|new year)|all clear|since then|the "
        r"other (?:day|week|night)|in (?:january|february|march|april|june|july|august|"
        r"september|october|november|december|the (?:spring|summer|autumn|winter))|a while "
        r"(?:back|ago)|used to|ers (?:talwm|blynyddoedd)|llynedd|years since|all sorted|sorted "
        r"now|all right now|alright now|ok now|fine now|better now|mended|on the mend|home now|"
        r"clinic|when i (?:was|had|fell)|since (?:my|the|i) (?:fall|stroke|op|heart attack|had)|"
        r"had a (?:fall|stroke|heart attack) (?:in|at|last|a|two|three|\d)|twice this (?:month|"
        r"year|week)|was marvellous|were marvellous|discharged|fell out|neithiwr)\b",
    ),
    "joke": (
        r"\b(?:laughed|laughing|laugh|giggl\w+|lol|haha|ha ha|joke|joking|telly|match|price of|"
        r"bill|form|lovely surprise|driving me|murder a|dying for|dying to|death of me|bleeding "
        r"heck|heart attack on a plate|film|corrie|eastenders|casualtys?|bbc\d?|hartan|pride)\b",
    ),
    "if": (
        r"\b(?:what (?:do|should|would|happens?|if)|if|in case|suppose) (?:i|we|someone|"
        r"somebody|anyone|you|a helper|he|she|they|an?)\b.{0,30}\b(?:has|have|had|falls?|fell|"
        r"fallen|collapse\w*|is|are|when|there)\b",
        r"\bif (?:i|we|you|they) (?:ever )?(?:smell\w*|see|saw|hear|heard|find|found)\b",
        r"\b(?:just asking|not happened|hypothetical\w*|do you (?:do|come|deal))\b",
    ),
    "thing": (
        r"\b(?:smoke alarm|smoke detector|gas fire|electric fire|fire (?:brigade )?(?:came|were|"
        r"was|sorted)|fire alarm|no fire|isnt (?:a|any) fire|bread|chirp\w*|beep\w*|bleep\w*|"
        r"the hill|up hills|on the stairs|going up (?:the )?stairs|upstairs|chesty|tooth|dog|"
        r"cat|mower|not urgent|no emergency|not an emergency|no leaks?|all safe|made safe|no smoke|"
        r"fire (?:in the \w+ )?wont (?:light|draw)|fence|drawers|board|dogs|cats|"
        r"nothings? (?:is )?(?:hurt|broken))\b",
        r"\b(?:phone|mobile|laptop|screen|computer|telly|tablet) .{0,30}unresponsive\b",
        r"\b(?:dont|wouldnt|not) (?:want|like|having) (?:no|any|a|some) (?:\w+ )?(?:stranger|man|"
        r"men)\b",
        r"\b(?:no|not|hasnt|never|didnt|doesnt) hit\b|\b(?:nobodys?|no one) (?:is |was )?hurt\b",
        r"\b(?:screen|telly|tv|laptop|computer)s?(?: has| is)? (?:gone|going|turned|went) (?:\w+ )?"
        r"(?:blue|grey|purple)\b",
    ),
}
"""By name: marks of the past, of a joke, of a what-if, of a thing that only has the word in it."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One way of saying something."""

    name: str
    pattern: re.Pattern[str]
    pieces: tuple[str, ...] | None
    """One of these is in whatever it fits (`<` and `>`: where a word begins and ends), so that most
    messages need not be held against it; none where that is not known."""


def full(line: str) -> str:
    """A line of `STRONG` or `ONLY_SOUNDS` as a regular expression."""
    for short, long in SHORT.items():
        line = line.replace(short, long)
    return line


def _lines() -> list[_Line]:
    return [
        _Line(mark + name, re.compile(full(way)), PIECES.get(crc32(full(way).encode())))
        for table, mark in ((STRONG, ""), (ONLY_SOUNDS, "~"))
        for name, ways in table.items()
        for way in ways
    ]


_LINES = _lines()
_ANYWAY = frozenset(at for at, line in enumerate(_LINES) if line.pieces is None)
_BY_PIECE: dict[str, set[int]] = {}
for _at, _line in enumerate(_LINES):
    for _piece in _line.pieces or ():
        _BY_PIECE.setdefault(_piece, set()).add(_at)
_LONGEST = max(map(len, _BY_PIECE), default=0)
WORDS = re.compile(r"[^\W\d_]+|\d+")
"""Letters in a row, and figures in a row."""


@lru_cache(maxsize=8192)
def _reminds_of(word: str) -> frozenset[int]:
    """The lines that a message with this word may fit, whichever way the word is written."""
    found: set[int] = set()
    for way in {f"<{word}>", f"<{standard(word)}>"}:
        for first in range(len(way)):
            for end in range(first + 1, min(len(way), first + _LONGEST) + 1):
                found.update(_BY_PIECE.get(way[first:end], ()))
    return frozenset(found)


def _fitting(said: str, words: set[str]) -> list[_Line]:
    """The lines that a text with these words may fit, in their order."""
    near = one_word(said)
    if near is not said:
        words = words.union(WORDS.findall(near))
    return [_LINES[at] for at in sorted(_ANYWAY.union(*map(_reminds_of, words)))]


def signs(said: str) -> list[str]:
    """The names of the signs in a `plain` text: dangers as they are, harmless readings with `~`."""
    # As it was written and in standard spelling, so that "cannae get up" needs no sign of its own.
    ways = {said, standard_text(said)}
    named: list[str] = []
    for line in _fitting(said, set(WORDS.findall(said))):
        if line.name not in named[-1:] and any(line.pattern.search(way) for way in ways):
            named.append(line.name)
    return named


@cache
def _weights() -> dict[str, int]:
    raw = zlib.decompress(base64.b64decode(sieve.PACKED))
    words = raw[sieve.KNOWN :].decode().split()
    return dict(zip(words, map(int.__sub__, raw, repeat(sieve.ZERO)), strict=False))


@lru_cache(maxsize=8192)
def weight_of(word: str) -> int:
    """How much a word speaks for danger; one that was never met is suspicious, a number is not."""
    usual = known_as(standard(word))
    return _weights().get(usual, 0 if word.isdecimal() else sieve.UNKNOWN)


def harmless(said: str) -> bool:
    """Whether a `plain` text need not be read for danger: there is no sign in it, and its single
    words are none by which the model would take it for one. It takes a twentieth of reading it. Of
    signs this is certain; of the model's judgement it is not (decision 0023)."""
    words = set(WORDS.findall(said))
    if sum(map(weight_of, words)) >= sieve.READ_FROM:
        return False
    ways = {said, standard_text(said)}
    return not any(
        line.pattern.search(way)
        for line in _fitting(said, words)
        if line.name[0] != "~"
        for way in ways
    )


BELIEVED = 0.3
"""The model's chance of an emergency from which it is believed without a plain sign: well below an
even one, as a false alarm costs an organiser a look, and what is missed may cost a life. What
other values would cost is in decision 0004."""
WITH_A_SIGN = 0.02
"""The chance from which a plain sign is believed; it takes much to talk one away."""
DOUBTED = 0.3
"""The chance it takes where the sign comes with a mark of the past, a joke or a what-if."""


IN_WELSH = 0.6
"""The chance it takes in Welsh without a plain sign: the model has seen little Welsh, and took
chatter for danger."""


THEY_ARE_WELL = 0.85
"""The chance it takes without a plain sign where somebody says that another is all right."""

_WELL = re.compile(
    r"\b(?:s?hes|s?he is|s?he was|theyre|they are|(?:mum|mam|dad|nan|gran)s?(?: is)?) "
    r"(?:all ?right|alreet|ok|okay|fine|well|grand|safe)\b"
)
"""Somebody is all right ("I rang, she's all right")."""

_WORD = re.compile(r"[^\W\d_]{2,}")

IN_DOUBT = 0.6
"""The chance it takes without a plain sign where something speaks against it, or where there is
hardly a word to tell by ("CAP 100")."""


BEYOND_DOUBT = 0.97
"""The chance without a plain sign from which a person is rung up about what somebody else was going
to read or hear at any rate."""


def beyond_doubt(named: list[str], chance: float) -> bool:
    """Whether a message that was taken for an emergency is one also where it was meant for another
    person, who gets it: by a plain sign, or as good as surely."""
    return chance >= BEYOND_DOUBT or any(not name.startswith("~") for name in named)


def danger(said: str, named: list[str], chance: float, *, welsh: bool = False) -> bool:
    """Whether a `plain` text with these signs is an emergency. `chance` is the model's."""
    plain_ones = [name for name in named if not name.startswith("~")]
    doubts = len(plain_ones) != len(named)
    if plain_ones:
        return chance >= (DOUBTED if doubts else WITH_A_SIGN)
    if _WELL.search(said):
        return chance >= THEY_ARE_WELL
    if welsh:
        return chance >= IN_WELSH
    return chance >= (IN_DOUBT if doubts or len(_WORD.findall(said)) < 2 else BELIEVED)
