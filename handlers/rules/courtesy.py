"""Short things that people say to each other, and that need no guessing: greetings, thanks, and
that nobody came."""

from __future__ import annotations

import re

_GREETING = re.compile(
    r"(?:hello|hi|hiya|hey|helo|shwmae|s'?mae|morning|good (?:morning|afternoon|evening|day)|"
    r"bore da|p'?nawn da|prynhawn da|noswaith dda|nos da)"
    r"(?: (?:there|again|all|everyone|love|dear))?"
)
_THANKS = re.compile(
    r"(?:oh |ok |okay |right |lovely |great |that'?s (?:great|lovely|kind) )*"
    r"(?:thanks|thank you|thankyou|thx|ta|cheers|diolch|gr[eê]t|bendigedig|hyfryd|da iawn|"
    r"grazie|much appreciated|bless you|"
    r"god bless|lovely|great|wonderful|brilliant|perfect|ok|okay|right|x+)"
    r"(?: (?:thanks|thank you|ta|so much|very much|a lot|again|love|dear|ever so|everyone|"
    r"all|you|diolch|yn fawr|iawn|i chi|o galon|am bopeth|mille|indeed|x+))*"
)
_NOBODY_CAME = re.compile(
    r"\b(?:no ?body|no[ -]?one)(?:'?s| has| have)? (?:come|came|been|turned up|arrived|shown up)\b|"
    r"\b(?:never|didn'?t|did not|hasn'?t|has not|not|haven'?t) (?:\w+ )?"
    r"(?:come|came|turn(?:ed)? up|arrived?|show(?:n|ed)?(?: up)?|appear(?:ed)?)"
    r"\b(?! to (?:any )?harm)|"
    r"\b(?:no ?body|no[ -]?one)(?:'?s| is)? (?:here|showed(?: up)?)\b|"
    r"\bhas(?:n'?t| not) been(?: yet)?$|\bno[ -]show\b|^not here yet\b|"
    r"\b(?:he|she|they)(?:'?s not| is not|'?re not| are not| isn'?t| aren'?t) here\b|"
    r"(?<!not )\b(?:still waiting|waiting still)\b|\bno sign of (?:him|her|"
    r"them|any|some|[^\W\d_]+$)|"
    r"\bddaeth (?:neb|\w+ ddim)\b|\b(?:neb|ddim) wedi (?:dod|cyrraedd)\b|\bdal i aros\b|"
    r"\b(?:non|nessuno) [eè]'? (?:ancora )?(?:venut|arrivat)[oaie]\b|"
    r"\bancora aspettando\b|\baspetto ancora\b|"
    r"\bnon si [eè]'? vist[oaie] nessuno\b"
)
_THERE = re.compile(
    r"(?:hello )?(?:are you|anyone|anybody|is anyone|is anybody|is there anyone|is there anybody)"
    r"(?: still)? (?:there|about)(?: (?:yet|please|love))?|"
    r"(?:helo )?(?:oes rhywun|(?:y?dych|dach) chi)(?: yna| yno)"
)
_PLAIN = re.compile(r"[.,!?;:]+")


def _bare(text: str) -> str:
    return " ".join(_PLAIN.sub(" ", text.lower().replace("’", "'")).split())


def is_greeting(text: str) -> bool:
    """Whether a message is a greeting and nothing more ("Hello?", "good morning")."""
    return bool(_GREETING.fullmatch(_bare(text)))


def is_thanks(text: str) -> bool:
    """Whether a message only says thanks, or that all is well ("ok thank you love x"): it needs no
    answer."""
    return bool(_THANKS.fullmatch(_bare(text)))


def asks_if_there(text: str) -> bool:
    """Whether somebody asks if anybody reads this ("are you there?"): they wait for something."""
    return bool(_THERE.fullmatch(_bare(text)))


def says_nobody_came(text: str) -> bool:
    """Whether somebody says that who was to come has not ("Sam never turned up")."""
    return len(text) <= 160 and bool(_NOBODY_CAME.search(_bare(text)))
