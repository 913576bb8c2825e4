"""People read: which words of the catalogue a message is, and what may be answered.

The town goes by what was said to people and by nothing that the bot keeps. So it is known from the
words alone what somebody was told; that is also what makes its count independent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from bot.simulation.network import Told
from handlers import wording

NO_MESSAGE = re.compile(
    r"(choice|keywords|command|part|today|need|day|days|when|hour|by|reply|why_not|state|recurs|"
    r"area|which)\.|(and|more|noon|reply|lines|things|code_words|an_organiser|somebody_new|"
    r"about_by|on_telegram|reasons|tried|note\.texts.*|note\.check_ins|note\.more|duty\.times|"
    r"duty\.line|duty\.more|open\.line|recurring\.line|alarm\.told_.*)$"
)
"""Entries that are no message by themselves."""


FIRST_NAME = r"[\w'-]+"
"""What a message begins with that speaks to somebody; so one in which another is quoted is not
taken for that other."""


@dataclass(frozen=True, slots=True)
class Read:
    """What somebody was told, as they understood it."""

    told: Told
    entry: str
    """The catalogue's name for it; empty if it is put together of several."""
    fields: Mapping[str, str]
    choices: Mapping[str, str] = field(default_factory=dict)
    """What may be answered: the key of a choice, to the number or the button."""


@cache
def _catalogue() -> Mapping[str, str]:
    return wording.load().catalogues["en"]


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    literal: str
    """The longest run of words that are always the same."""
    pattern: re.Pattern[str]


@cache
def _entries() -> list[_Entry]:
    found = []
    for name, words in _catalogue().items():
        if NO_MESSAGE.match(name):
            continue
        parts = re.split(r"\{(\w+)\}", words)
        seen: set[str] = set()
        pattern = ""
        for place, part in enumerate(parts):
            if place % 2 == 0:
                pattern += re.escape(part)
            elif part in seen:
                pattern += f"(?P={part})"
            else:
                seen.add(part)
                pattern += f"(?P<{part}>{FIRST_NAME if part == 'name' else '.+?'})"
        if name.startswith("note."):
            pattern += ".*"  # and what it cost, and whom there was nobody for
        literal = max(parts[::2], key=len)
        found.append(_Entry(name, literal, re.compile(pattern, re.DOTALL)))
    # The one that says most in its own words is meant.
    return sorted(found, key=lambda entry: -sum(map(len, _own_words(entry.name))))


def _own_words(name: str) -> list[str]:
    return re.split(r"\{\w+\}", _catalogue()[name])


@cache
def _choices() -> Mapping[str, frozenset[str]]:
    """What a button says, or what stands beside a number: to the keys that are said so."""
    keys: dict[str, set[str]] = {}
    for name, words in _catalogue().items():
        if name.startswith("choice."):
            key = name.removeprefix("choice.").removesuffix(".sms")
            keys.setdefault(words, set()).add(key)
    return {words: frozenset(found) for words, found in keys.items()}


NUMBERED = re.compile(r" Reply (\d+ [^.?!]+)\.$")


def read(told: Told) -> Read:
    """What a message is, by its words."""
    words, answers = told.words, {label: data for data, label in told.buttons}
    if asked := NUMBERED.search(words):
        words = words[: asked.start()]
        for answer in asked[1].split(", "):
            number, _, phrase = answer.partition(" ")
            answers[phrase] = number
    known = _choices()
    choices = {
        key: answer
        for said, answer in answers.items()
        for key in known.get(said, frozenset({said}))
    }
    entry, fields = _which(words)
    return Read(told, entry, fields, choices)


@cache
def _which(words: str) -> tuple[str, Mapping[str, str]]:
    for entry in _entries():
        if entry.literal in words and (found := entry.pattern.fullmatch(words)):
            return entry.name, found.groupdict()
    return "", {}
