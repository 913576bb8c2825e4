"""A small model, read from `understanding_weights.py` and run in plain Python.

What a message's features come to is summed for every outcome, and for some hidden units, which see
what words mean together; what these come to is added. Every feature has one row of small whole
numbers; a row is spread over the lanes of one big integer, so that adding two rows adds all lanes
at once, which is what keeps a message well under a millisecond. `tools/train_understanding.py`
makes the rows.
"""

from __future__ import annotations

import base64
import math
import zlib
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from operator import add
from struct import Struct

from handlers.rules import understanding_weights as weights
from handlers.rules.understanding_features import LETTER, letter_features, tokens, word_features

COOL = 1.0
"""Below 1 it makes the model less sure of itself; set by what it got wrong (decision 0004)."""
_LANES = weights.WIDTH + weights.HIDDEN
_PAIRS = (_LANES + 1) // 2
_LOW = int.from_bytes(b"\xff\0" * _PAIRS, "little")
"""Every other byte: added up apart from those between, each has two bytes to grow into."""
_SUMS = Struct(f"<{_PAIRS}H")
_AT_ONCE = 0xFFFF // (2 * weights.ZERO)
"""Rows of which the greatest can be added up before two bytes are too few."""
_BUCKET = 8
"""Bits of a feature's number that don't tell where to look for it."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Probabilities, in the order of `understanding_weights.INTENTS` and `NEEDS`."""

    intents: dict[str, float]
    needs: dict[str, float]
    """The empty name stands for "not said which"."""
    emergency: float
    for_other: float


@dataclass(frozen=True, slots=True)
class _Known:
    """The features that the model knows. A dictionary of them would take three times the memory of
    all the rest."""

    numbers: array[int]
    """In rising order."""
    begins: array[int]
    """Where those of each bucket begin."""
    rows: bytes
    """A byte a lane."""

    def row(self, number: int) -> bytes | None:
        """A feature's row, if there is one."""
        bucket = number >> _BUCKET
        end = self.begins[bucket + 1]
        at = bisect_left(self.numbers, number, self.begins[bucket], end)
        if at == end or self.numbers[at] != number:
            return None
        return self.rows[at * _LANES : (at + 1) * _LANES]


@cache
def _known() -> _Known:
    raw = zlib.decompress(base64.b64decode(weights.PACKED))
    # First the features' numbers in rising order, three bytes each, byte planes apart so that
    # they pack well; then the lanes, one after the other.
    count = weights.KNOWN
    planes = [raw[i * count : (i + 1) * count] for i in range(3)]
    numbers = array("I", (a | b << 8 | c << 16 for a, b, c in zip(*planes, strict=True)))
    rows = bytearray(count * _LANES)
    for i in range(_LANES):
        rows[i::_LANES] = raw[(3 + i) * count : (4 + i) * count]
    buckets = range(0, 2 * LETTER + 1, 1 << _BUCKET)
    begins = array("I", (bisect_left(numbers, first) for first in buckets))
    return _Known(numbers, begins, bytes(rows))


def _softmax(names: tuple[str, ...], logits: list[float], cool: float) -> dict[str, float]:
    top = max(logits)
    powers = [math.exp((logit - top) * cool) for logit in logits]
    total = sum(powers)
    return {name: power / total for name, power in zip(names, powers, strict=True)}


def _sum(numbers: set[int]) -> list[int]:
    known = [row for row in map(_known().row, numbers) if row]
    total = [-weights.ZERO * len(known)] * (2 * _PAIRS)
    for first in range(0, len(known), _AT_ONCE):
        even = odd = 0
        for row in known[first : first + _AT_ONCE]:
            value = int.from_bytes(row, "little")
            even += value & _LOW
            odd += value >> 8 & _LOW
        total[::2] = map(add, total[::2], _SUMS.unpack(even.to_bytes(2 * _PAIRS, "little")))
        total[1::2] = map(add, total[1::2], _SUMS.unpack(odd.to_bytes(2 * _PAIRS, "little")))
    return total[:_LANES]


def score(text: str, named: list[str]) -> Scores:
    """How likely each meaning is of a message with these `understanding_danger.signs`."""
    said = tokens(text)
    words, letters = word_features(said, named), letter_features(said)
    by_word = 1 / math.sqrt(len(words) or 1)
    by_letter = weights.LETTERS / math.sqrt(len(letters) or 1)
    sums = [
        (w * by_word + c * by_letter) * scale + b
        for w, c, scale, b in zip(
            _sum(words), _sum(letters), weights.SCALES, weights.BIAS, strict=True
        )
    ]
    hidden = [(i, value) for i, value in enumerate(sums[weights.WIDTH :]) if value > 0]
    return scores_of(
        [
            straight + sum(value * out[i] for i, value in hidden)
            for straight, out in zip(sums[: weights.WIDTH], weights.OUT, strict=True)
        ]
    )


def scores_of(logits: list[float]) -> Scores:
    """Chances out of the sums of all outcomes: intents, needs, emergency, for another."""
    first, second = len(weights.INTENTS), len(weights.INTENTS) + len(weights.NEEDS)
    return Scores(
        _softmax(weights.INTENTS, logits[:first], COOL),
        _softmax(weights.NEEDS, logits[first:second], COOL),
        1 / (1 + math.exp(-max(-60.0, min(60.0, logits[second])))),
        1 / (1 + math.exp(-max(-60.0, min(60.0, logits[second + 1])))),
    )
