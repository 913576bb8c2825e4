"""A small linear model, read from `understanding_weights.py` and run in plain Python.

Every feature has one row of whole numbers, one lane an outcome, packed into a single big integer:
adding two rows adds all lanes at once, which is what keeps a message well under a millisecond.
`tools/train_understanding.py` makes the rows.
"""

from __future__ import annotations

import base64
import math
import zlib
from dataclasses import dataclass
from functools import cache

from handlers.rules import understanding_weights as weights
from handlers.rules.understanding_features import letter_features, tokens, word_features

COOL = 1.0
"""Below 1 it makes the model less sure of itself; set by what it got wrong (decision 0004)."""
_LANE = 3
"""Bytes a lane: 255 times the most features a message can have stays far below 2 ** 24."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Probabilities, in the order of `understanding_weights.INTENTS` and `NEEDS`."""

    intents: dict[str, float]
    needs: dict[str, float]
    """The empty name stands for "not said which"."""
    emergency: float
    for_other: float


@cache
def _rows() -> dict[int, int]:
    """The row of every feature that the model knows."""
    width = weights.WIDTH
    raw = zlib.decompress(base64.b85decode("".join(weights.PACKED)))
    # First the features' numbers in rising order, three bytes each, byte planes apart so that
    # they pack well; then the lanes, one outcome after the other.
    count = weights.KNOWN
    planes = [raw[i * count : (i + 1) * count] for i in range(3)]
    numbers = [a | b << 8 | c << 16 for a, b, c in zip(*planes, strict=True)]
    lanes = [raw[(3 + i) * count : (4 + i) * count] for i in range(width)]
    known: dict[int, int] = {}
    spread = bytearray(width * _LANE)
    for number, row in zip(numbers, zip(*lanes, strict=True), strict=True):
        spread[::_LANE] = bytes(row)
        known[number] = int.from_bytes(spread, "little")
    return known


def _softmax(names: tuple[str, ...], logits: list[float], cool: float) -> dict[str, float]:
    top = max(logits)
    powers = [math.exp((logit - top) * cool) for logit in logits]
    total = sum(powers)
    return {name: power / total for name, power in zip(names, powers, strict=True)}


def _sum(known: dict[int, int], numbers: set[int]) -> list[int]:
    rows = [known[number] for number in numbers if number in known]
    flat = sum(rows).to_bytes(weights.WIDTH * _LANE, "little")
    return [
        int.from_bytes(flat[i : i + _LANE], "little") - weights.ZERO * len(rows)
        for i in range(0, len(flat), _LANE)
    ]


def score(text: str, named: list[str]) -> Scores:
    """How likely each meaning of a message is, by its words and its "
    "`understanding_danger.signs`."""
    known = _rows()
    said = tokens(text)
    words, letters = word_features(said, named), letter_features(said)
    by_word = 1 / math.sqrt(len(words) or 1)
    by_letter = 1 / math.sqrt(len(letters) or 1)
    logits = [
        (w * by_word + c * by_letter * weights.LETTERS) * scale + b
        for w, c, scale, b in zip(
            _sum(known, words), _sum(known, letters), weights.SCALES, weights.BIAS, strict=True
        )
    ]
    return scores_of(logits)


def scores_of(logits: list[float]) -> Scores:
    """Chances out of the sums of all outcomes: intents, needs, emergency, for another."""
    first, second = len(weights.INTENTS), len(weights.INTENTS) + len(weights.NEEDS)
    return Scores(
        _softmax(weights.INTENTS, logits[:first], COOL),
        _softmax(weights.NEEDS, logits[first:second], COOL),
        1 / (1 + math.exp(-max(-60.0, min(60.0, logits[second])))),
        1 / (1 + math.exp(-max(-60.0, min(60.0, logits[second + 1])))),
    )
