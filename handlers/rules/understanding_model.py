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
def _tables() -> tuple[list[int], list[int], list[float]]:
    """The rows of the word and the letter table, and the width in lanes of every row."""
    width = weights.WIDTH
    raw = zlib.decompress(base64.b85decode("".join(weights.ROWS)))
    rows: list[int] = []
    for start in range(0, len(raw), width):
        spread = bytearray(width * _LANE)
        spread[::_LANE] = raw[start : start + width]
        rows.append(int.from_bytes(spread, "little"))
    return rows[: weights.WORD_ROWS], rows[weights.WORD_ROWS :], list(weights.BIAS)


def _softmax(names: tuple[str, ...], logits: list[float], cool: float) -> dict[str, float]:
    top = max(logits)
    powers = [math.exp((logit - top) * cool) for logit in logits]
    total = sum(powers)
    return {name: power / total for name, power in zip(names, powers, strict=True)}


def _sum(rows: list[int], places: set[int]) -> list[int]:
    total = sum(rows[place] for place in places)
    flat = total.to_bytes(weights.WIDTH * _LANE, "little")
    return [
        int.from_bytes(flat[i : i + _LANE], "little") - weights.ZERO * len(places)
        for i in range(0, len(flat), _LANE)
    ]


def score(text: str, named: list[str]) -> Scores:
    """How likely each meaning of a message is, by its words and its `understanding_danger.signs`."""
    word_rows, letter_rows, bias = _tables()
    said = tokens(text)
    words, letters = word_features(said, named), letter_features(said)
    by_word = 1 / math.sqrt(len(words) or 1)
    by_letter = 1 / math.sqrt(len(letters) or 1)
    logits = [
        (w * by_word + c * by_letter * weights.LETTERS) * scale + b
        for w, c, scale, b in zip(
            _sum(word_rows, words), _sum(letter_rows, letters), weights.SCALES, bias, strict=True
        )
    ]
    first, second = len(weights.INTENTS), len(weights.INTENTS) + len(weights.NEEDS)
    return Scores(
        _softmax(weights.INTENTS, logits[:first], weights.COOL_INTENT),
        _softmax(weights.NEEDS, logits[first:second], weights.COOL_NEED),
        1 / (1 + math.exp(-max(-60.0, min(60.0, logits[second])))),
        1 / (1 + math.exp(-max(-60.0, min(60.0, logits[second + 1])))),
    )
