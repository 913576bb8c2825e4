"""Whom people would rather not meet, and whom they want to be asked first, in their own words."""

from __future__ import annotations

import re

MOST_IN_A_CIRCLE = 5
"""People who are asked before anyone else, one after the other. Ours."""

_WORD = r"[^\W\d_]+(?:['-][^\W\d_]+)*"
_NAME = rf"(?:(?:mrs?|ms|miss|dr)\.? )?{_WORD}(?: (?!(?:yn|gyntaf|first)\b){_WORD})?"
_END = (
    r"(?:,? (?:again|any ?more|any longer|ever|to me|to come|coming|come|away|from me|here|please|"
    r"pls|thanks|thank you|eto|plis|più))*"
)
_NOT = tuple(
    re.compile(rf"(?:please,? )?{lead} (?P<name>{_NAME}?){_END}", re.IGNORECASE)
    for lead in (
        r"(?:not|never|no more|anyone but|anybody but|anyone except)",
        r"(?:somebody|someone|anybody|anyone)(?: else| other)? than",
        r"i'?d rather it (?:wasn'?t|was not|isn'?t)",
        r"i (?:don't|dont|do not|would rather not|wouldn't|'d rather not)"
        r"(?: want| like| have| see| meet| want to (?:see|meet)| go to| want to go to)",
        r"i'd rather not (?:have|see|meet|go to)",
        r"(?:don't|dont|do not|never) (?:send|ask)(?: me to)?",
        r"(?:don't|dont|do not) let(?= .+ come\b)",
        r"keep(?= .+ away\b)",
        r"(?:dim|neb ond|peidiwch ag? (?:anfon|gofyn i)|peidiwch â gofyn i)",
        r"(?:niente|non voglio(?: più)?|non mandi|tutti tranne)",
    )
)
_AND = r"(?:, (?:and |then )?| and then | and | then | a | ac | wedyn | e | poi )"
_LIST = rf"(?P<names>{_NAME}(?:{_AND}{_NAME}){{0,9}}?)"
_ALWAYS = r"(?: always| please)*"
_FIRST = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:please )?(?:always )?(?:try|ask) {_LIST},? (?:first|before anyone else){_ALWAYS}",
        rf"(?:please )?always (?:try|ask) {_LIST}(?: please)?",
        rf"my (?:circle|people) (?:is|are) {_LIST}",
        rf"(?:gofynnwch i|gofyn i) {_LIST} (?:yn gyntaf|gyntaf)(?: bob tro| plis)*",
        rf"(?:chieda|chiedi)(?: sempre)? prima a {_LIST}",
    )
)
_BETWEEN = re.compile(r",? (?:and then|and|then|wedyn|poi|ac|a|e) |, ", re.IGNORECASE)

_NOBODY = frozenset(
    {
        *(
            "today",
            "tomorrow",
            "now",
            "yet",
            "me",
            "sure",
            "really",
            "well",
            "good",
            "bad",
            "great",
        ),
        *("thanks", "thank", "you", "him", "her", "them", "that", "this", "it", "very", "much"),
        *("at", "the", "a", "an", "all", "any", "again", "here", "there", "so", "too", "possible"),
        *("on", "in", "for", "to", "is", "bread", "milk", "help", "anyone", "anybody", "morning"),
        *("afternoon", "evening", "monday", "tuesday", "wednesday", "thursday", "friday", "mind"),
        *("saturday", "sunday", "until", "before", "after", "interested", "necessary", "free"),
        *("diolch", "heddiw", "yfory", "byd", "nawr", "eto", "ond", "grazie", "oggi", "domani"),
        *("appeals", "messages", "texts", "pets", "strangers", "men", "women", "just", "if"),
        # Who writes in capitals all the time, or begins each word with one, names nobody by that.
        *("urgent", "likely", "fussed", "fuss", "waiting", "many", "everyone", "everybody", "ever"),
        *("anything", "something", "nothing", "why", "how", "what", "when", "who", "nobody"),
        *("someone", "somebody", "ill", "happy", "hungry", "ready", "able", "available", "allowed"),
        *("needed", "required", "rush", "hurry", "worried", "hurt", "pain", "alone", "home", "out"),
        *(
            "right",
            "wrong",
            "true",
            "fair",
            "nice",
            "fine",
            "ok",
            "okay",
            "yes",
            "no",
            "as",
            "like",
        ),
        *("going", "being", "having", "driving", "walking", "shopping", "medicine", "tablets"),
        *("prescription", "lift", "milk", "eggs", "food", "meals", "dogs", "cats", "visitors"),
        *("charity", "trouble", "bother", "problem", "money", "people", "one", "two", "week"),
    }
)


def ruled_out(text: str) -> str | None:
    """Whom somebody would rather not meet ("not Brian", "please don't send Brian again"): the name
    as they wrote it; none if they say no such thing."""
    line = _plain(text)
    for pattern in _NOT:
        found = pattern.fullmatch(line)
        if found and _is_name(found["name"]):
            return found["name"]
    return None


def first(text: str) -> list[str]:
    """Whom somebody wants to be asked before anyone else, in their order; empty if nobody."""
    line = _plain(text)
    for pattern in _FIRST:
        if found := pattern.fullmatch(line):
            names = [name.strip() for name in _BETWEEN.split(found["names"])]
            if names and all(map(_is_name, names)):
                return list(dict.fromkeys(names))[:MOST_IN_A_CIRCLE]
    return []


def _plain(text: str) -> str:
    return " ".join(text.replace("’", "'").split()).strip(" .!?")


def _is_name(words: str) -> bool:
    return bool(words) and not set(words.lower().split()) & _NOBODY
