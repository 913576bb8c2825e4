"""Train the model of `handlers/rules/understanding_model.py` and write its weights.

    python -m tools.train_understanding [--check] [--seed N]

Needs numpy, scipy and scikit-learn, which the bot itself never imports. `--check` leaves voices out
of training in turn, scores them, and writes nothing.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import sys
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from handlers.rules import understanding
from handlers.rules.understanding_danger import signs
from handlers.rules.understanding_features import (
    letter_features,
    tokens,
    word_features,
)
from handlers.rules.understanding_model import Scores, scores_of
from handlers.rules.understanding_words import plain
from storage.model import Intent, Need
from tools.score_understanding import measure
from tools.understanding_noise import fill, rough

HERE = Path(__file__).parent
DATA = HERE / "understanding_data"
OUT = HERE.parent / "handlers" / "rules" / "understanding_weights.py"
INTENTS = tuple(intent.value for intent in Intent)
NEEDS = ("", *(need.value for need in Need))
LETTERS = 0.8
"""How much the letters count beside the words."""
LEVELS, HIDDEN_LEVELS = 50, 17
"""Whole numbers either side of nought that a weight can be, of an outcome and of a hidden unit:
fewer pack smaller. Twice as many differed by a message or two in a set."""
WIDTH, NEEDS_AT = len(INTENTS) + len(NEEDS) + 2, len(INTENTS)
"""Outcomes: intents, needs, an emergency, for another."""
C = 5.0
"""How freely the weights of sums alone may grow. Of 1, 3, 5, 10 and 30, 3 to 10 were best on voices
left out, at 5 its chances are about right there; at 30 they were far too high."""
PLAIN = 4
"""Models of sums alone that are averaged, each trained on another filling and roughening of the
same lines."""
HIDDEN = 24
"""Units between. On voices left out 24 were as good as 48; without any a tenth more was wrong."""
SPREAD = 0.1
"""How far apart their weights begin."""
EPOCHS, BATCH, RATE, DECAY = 8, 256, 2e-3, 0.02
UNSEEN, UNUSED = 0.3, 0.2
"""Shares of features and of hidden units that are left out in each step."""
MISSED_COSTS = 3
"""How much worse a missed emergency is than a false alarm."""
LEAST = 12
"""A feature met in fewer messages is left out: it says more about them than about people."""
MAY_BE_FOR_OTHER = {"ask", "status", "cancel", "worry", "call_me"}
NO_SURROUND = {"yes", "no", "thanks", "unknown", "stop", "start", "info"}


def by_kind() -> list[Path]:
    """The files that each hold messages of one intent or need."""
    return sorted(DATA.glob("*.jsonl"))


def voices() -> list[Path]:
    """The files that each hold messages of one kind of person, of all intents."""
    return sorted((DATA / "voices").glob("*.jsonl"))


def lines_of(path: Path) -> list[dict]:
    plain_row = {"need": None, "emergency": False, "for_other": False}
    return [plain_row | json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


def rows() -> list[dict]:
    """Every line of the data, hand-written and templates alike, in the order of the files."""
    return [row for path in (*by_kind(), *voices()) for row in lines_of(path)]


def expand(data: list[dict], dice: random.Random, noisy: int) -> list[tuple[str, dict, float]]:
    """Messages to train on, with what each is and how much it counts."""
    slots = json.loads((DATA / "slots.json").read_text("utf-8"))
    made = []
    for row in data:
        template = "[" in row["text"] or "{" in row["text"]
        surround = row["intent"] not in NO_SURROUND and not row["emergency"]
        if template:
            seen = set()
            for _ in range(row.get("times", 30)):
                text = fill(row["text"], slots, dice)
                if text not in seen:
                    seen.add(text)
                    made.append((rough(text, dice, surround=surround), row, 0.5))
        else:
            made.append((row["text"], row, 1.0))
            made.extend(
                (rough(row["text"], dice, surround=surround), row, 0.6) for _ in range(noisy)
            )
    made.extend(
        _in_context(text, row, weight, slots, dice)
        for text, row, weight in list(made)
        if _wants_context(row, dice)
    )
    return made


def _wants_context(row: dict, dice: random.Random) -> bool:
    if row["emergency"]:
        return dice.random() < 0.3
    return row["intent"] in {"ask", "offer", "cannot", "cancel", "status"} and dice.random() < 0.35


def _in_context(
    text: str, row: dict, weight: float, slots: dict[str, list[str]], dice: random.Random
) -> tuple[str, dict, float]:
    """The message with the sort of thing said around it that changes nothing about what it is."""
    said = [dice.choice(slots["context"]) for _ in range(dice.choice((1, 1, 2)))]
    said.insert(dice.randrange(len(said) + 1), text)
    mark = dice.choice((". ", ", ", " ", " and ", "! ", " but ", " so "))
    return rough(mark.join(said), dice, surround=False), row, weight * 0.7


PRIOR = {"ask": 0.46, "offer": 0.09, "stop": 0.05, "unknown": 0.07, "yes": 0.05}
"""How often each intent is thought to come; the others share what is left."""


def balance(made: list[tuple[str, dict, float]]) -> np.ndarray:
    """How much each message counts, so that intents come as often as `PRIOR` says and needs "
    "alike."""
    weight = np.array([w for _, _, w in made])
    kind = np.array(
        [f"{row['intent']}/{row['need'] or ''}/{row['emergency']}" for _, row, _ in made]
    )
    intent = np.array([row["intent"] for _, row, _ in made])
    for name in set(kind):
        weight[kind == name] /= weight[kind == name].sum() ** 0.6
    rest = (1 - sum(PRIOR.values())) / (len(INTENTS) - len(PRIOR))
    for name in INTENTS:
        at = intent == name
        weight[at] *= PRIOR.get(name, rest) / weight[at].sum()
    return weight * len(made)


def features(text: str, *, signed: bool = True) -> tuple[set[int], set[int]]:
    said = tokens(text)
    return word_features(said, signs(plain(text)) if signed else []), letter_features(said)


def vocabulary(seen: list[tuple[set[int], set[int]]], least: int = LEAST) -> dict[int, int]:
    """The column of every feature met in at least so many messages."""
    counts: Counter[int] = Counter()
    for words, letters in seen:
        counts.update(words)
        counts.update(letters)
    return {
        number: i for i, number in enumerate(sorted(n for n, c in counts.items() if c >= least))
    }


def matrix(seen: list[tuple[set[int], set[int]]], columns: dict[int, int]) -> csr_matrix:
    """The features of messages, each kind scaled to length one, letters beside words."""
    data: list[float] = []
    places: list[int] = []
    starts = [0]
    for words, letters in seen:
        for numbers, share in ((words, 1.0), (letters, LETTERS)):
            known = [columns[number] for number in sorted(numbers) if number in columns]
            places += known
            data += [share * (len(numbers) or 1) ** -0.5] * len(known)
        starts.append(len(places))
    return csr_matrix((data, places, starts), shape=(len(seen), len(columns)))


@dataclass
class Net:
    """Every outcome's sum: straight from the features, and by way of some hidden units, which see
    what words mean together (a fall, and that it was last year)."""

    straight: np.ndarray
    """Features by outcomes."""
    into: np.ndarray
    """Features by hidden units."""
    into_bias: np.ndarray
    out: np.ndarray
    """Hidden units by outcomes."""
    bias: np.ndarray

    def sums(self, straight: np.ndarray, into: np.ndarray) -> np.ndarray:
        """Outcomes, given what a message's features come to."""
        return straight + self.bias + np.maximum(into + self.into_bias, 0) @ self.out


class _Adam:
    """Steps of the Adam rule with decay of the weights (Loshchilov and Hutter, arXiv 1711.05101).
    Of a large table only the rows are touched that a batch has to do with."""

    def __init__(self, weights: np.ndarray, rate: float, decay: float) -> None:
        self.weights, self._rate, self._decay = weights, rate, decay
        self._mean, self._square = np.zeros_like(weights), np.zeros_like(weights)
        self._steps = 0

    def step(self, slope: np.ndarray, share: float, rows: np.ndarray | slice = slice(None)) -> None:
        self._steps += 1
        mean = self._mean[rows] * 0.9 + 0.1 * slope
        square = self._square[rows] * 0.999 + 0.001 * slope * slope
        self._mean[rows], self._square[rows] = mean, square
        mean = mean / (1 - 0.9**self._steps)
        square = square / (1 - 0.999**self._steps)
        now = self.weights[rows]
        by = mean / (np.sqrt(square) + 1e-8) + self._decay * now
        self.weights[rows] = now - self._rate * share * by


def _chances(sums: np.ndarray) -> np.ndarray:
    powers = np.exp(sums - sums.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@dataclass
class _Known:
    """What is known of the messages that it is trained on: a row each."""

    x: csr_matrix
    wanted: np.ndarray
    """The outcomes that are so: 1, the others 0."""
    counts: np.ndarray
    """How much each outcome counts; 0 where a message says nothing about it."""


def _known(made: list[tuple[str, dict, float]], columns: dict[int, int] | None) -> tuple:
    # A third of the emergencies are shown without their signs, so that words alone can tell too:
    # people will always find a way of saying it that no list has.
    seen = [
        features(text, signed=not (row["emergency"] and i % 3 == 0))
        for i, (text, row, _) in enumerate(made)
    ]
    columns = columns or vocabulary(seen)
    wanted = np.zeros((len(made), WIDTH), np.float32)
    counts = np.zeros((len(made), WIDTH), np.float32)
    for i, (_, row, _) in enumerate(made):
        wanted[i, INTENTS.index(row["intent"])] = 1
        wanted[i, NEEDS_AT + NEEDS.index(row["need"] or "")] = 1
        wanted[i, WIDTH - 2], wanted[i, WIDTH - 1] = row["emergency"], row["for_other"]
        counts[i, :NEEDS_AT] = 1
        # An emergency's need may be null or medical alike: it teaches nothing about needs.
        counts[i, NEEDS_AT:-2] = row["intent"] in {"ask", "offer"} and not row["emergency"]
        counts[i, -2] = MISSED_COSTS if row["emergency"] else 1
        # Of the rest it is never asked (`understanding._NEVER_FOR_OTHER`); helpers name people.
        counts[i, -1] = row["intent"] in MAY_BE_FOR_OTHER
    counts *= balance(made)[:, None]
    return columns, _Known(matrix(seen, columns).astype(np.float32), wanted, counts)


HEADS = (
    (slice(0, NEEDS_AT), C),
    (slice(NEEDS_AT, WIDTH - 2), C),
    (slice(WIDTH - 2, WIDTH - 1), C),
    (slice(WIDTH - 1, WIDTH), C / 3),
)
"""Outcomes of which one is so, or the only one is or is not; and how freely their weights grow."""


def train_sums(known: _Known) -> Net:
    """Sums alone: a logistic regression for each kind of outcome."""
    straight = np.zeros((known.x.shape[1], WIDTH), np.float32)
    bias = np.zeros(WIDTH, np.float32)
    for at, freely in HEADS:
        told = known.counts[:, at.start] > 0
        wanted = known.wanted[told, at]
        single = wanted.shape[1] == 1
        model = LogisticRegression(C=freely, max_iter=120, tol=1e-3)
        which = wanted[:, 0] if single else wanted.argmax(axis=1)
        model.fit(known.x[told], which, sample_weight=known.counts[told, at.start])
        if single:
            straight[:, at], bias[at] = model.coef_.T, model.intercept_
        else:
            outcomes = at.start + model.classes_
            bias[at] = -20.0  # what was never met
            straight[:, outcomes], bias[outcomes] = model.coef_.T, model.intercept_
    none = np.zeros((known.x.shape[1], 0), np.float32)
    return Net(straight, none, np.zeros(0, np.float32), np.zeros((0, WIDTH), np.float32), bias)


def train_net(known: _Known, seed: int) -> Net:
    """Sums, and hidden units beside them."""
    dice = np.random.default_rng(seed)
    messages, size = known.x.shape
    net = Net(
        np.zeros((size, WIDTH), np.float32),
        (dice.standard_normal((size, HIDDEN)) * SPREAD).astype(np.float32),
        np.zeros(HIDDEN, np.float32),
        (dice.standard_normal((HIDDEN, WIDTH)) / (2 * HIDDEN**0.5)).astype(np.float32),
        np.zeros(WIDTH, np.float32),
    )
    steps = {
        "straight": _Adam(net.straight, RATE * 3, DECAY),
        "into": _Adam(net.into, RATE * 3, DECAY),
        "into_bias": _Adam(net.into_bias, RATE, 0),
        "out": _Adam(net.out, RATE, 0.001),
        "bias": _Adam(net.bias, RATE, 0),
    }
    batches = [
        batch
        for _ in range(EPOCHS)
        for batch in np.split(dice.permutation(messages), range(BATCH, messages, BATCH))
    ]
    for done, batch in enumerate(batches):
        _learn(net, steps, known, batch, dice, 1 - done / len(batches))
        if done % 500 == 0:
            print(f"{done / len(batches):4.0%}", end="\r", file=sys.stderr, flush=True)
    return net


def train(data: list[dict], seed: int, plain_ones: int, noisy: int) -> tuple[dict[int, int], Net]:
    """The columns, and the model: sums alone and a net with hidden units, at even shares. The first
    is the surer of what is short and plain, the second sees what words mean together, and each is
    right where the other is not (decision 0004)."""
    columns: dict[int, int] | None = None
    sums = []
    for turn in range(plain_ones):
        made = expand(data, random.Random(seed + turn), noisy)
        print(len(data), "lines,", len(made), "messages", file=sys.stderr)
        columns, known = _known(made, columns)
        if not sums:
            net = train_net(known, seed)
        sums.append(train_sums(known))
    assert columns
    return columns, joined([joined(sums), net])


def _learn(
    net: Net,
    steps: dict[str, _Adam],
    known: _Known,
    batch: np.ndarray,
    dice: np.random.Generator,
    share: float,
) -> None:
    """One step by one batch. Some features and hidden units are left out each time, so that none
    is relied on alone (dropout: Srivastava and others, JMLR 15, 2014)."""
    x = known.x[batch]
    kept = x.data * (dice.random(x.nnz) > UNSEEN) / (1 - UNSEEN)
    rows, place = np.unique(x.indices, return_inverse=True)
    shape = (len(batch), len(rows))
    x = csr_matrix((kept.astype(np.float32), place.astype(np.int32), x.indptr), shape=shape)
    into = x @ net.into[rows] + net.into_bias
    mask = ((dice.random(into.shape) > UNUSED) / (1 - UNUSED)).astype(np.float32)
    hidden = np.maximum(into, 0) * mask
    sums = x @ net.straight[rows] + hidden @ net.out + net.bias
    likely = np.hstack(
        [
            _chances(sums[:, :NEEDS_AT]),
            _chances(sums[:, NEEDS_AT:-2]),
            1 / (1 + np.exp(-sums[:, -2:])),
        ]
    )
    slope = (likely - known.wanted[batch]) * known.counts[batch] / len(batch)
    back = (slope @ net.out.T) * mask * (into > 0)
    over = x.T.tocsr()
    steps["straight"].step(over @ slope, share, rows)
    steps["into"].step(over @ back, share, rows)
    steps["out"].step(hidden.T @ slope, share)
    steps["into_bias"].step(back.sum(axis=0), share)
    steps["bias"].step(slope.sum(axis=0), share)


def joined(nets: list[Net]) -> Net:
    """One whose sums are the averages of theirs, with their hidden units side by side."""
    return Net(
        np.mean([net.straight for net in nets], axis=0),
        np.hstack([net.into for net in nets]),
        np.concatenate([net.into_bias for net in nets]),
        np.vstack([net.out for net in nets]) / len(nets),
        np.mean([net.bias for net in nets], axis=0),
    )


def write(columns: dict[int, int], net: Net) -> int:
    """Quantise, leave out what says nothing, and write the generated module; its size in bytes."""
    lanes = np.hstack([net.straight, net.into])
    levels = np.repeat([LEVELS, HIDDEN_LEVELS], [WIDTH, net.into.shape[1]])
    scale = np.abs(lanes).max(axis=0) / levels
    scale[scale == 0] = 1.0
    whole = np.rint(lanes / scale).astype(np.int64)
    telling = whole.any(axis=1)
    numbers = np.array(sorted(columns, key=lambda number: columns[number]), dtype=np.int64)[telling]
    kept = (whole[telling] + LEVELS).astype(np.uint8)
    planes = b"".join((numbers >> shift & 255).astype(np.uint8).tobytes() for shift in (0, 8, 16))
    packed = zlib.compress(planes + kept.T.tobytes(), 9)
    text = base64.b64encode(packed).decode()
    lines = [
        '"""Made by tools/train_understanding.py: do not edit. See understanding_model.py."""',
        "",
        f"INTENTS = {INTENTS!r}",
        f"NEEDS = {NEEDS!r}",
        f"WIDTH = {WIDTH}",
        f"HIDDEN = {net.into.shape[1]}",
        f"KNOWN = {len(numbers)}",
        f"ZERO = {LEVELS}",
        f"LETTERS = {LETTERS}",
        f"SCALES = {_short(scale)!r}",
        f"BIAS = {_short(np.concatenate([net.bias, net.into_bias]))!r}",
        f"OUT = {tuple(_short(row) for row in net.out.T)!r}",
        "PACKED = (",
        *(f'    "{text[i : i + 88]}"' for i in range(0, len(text), 88)),
        ")",
    ]
    OUT.write_text("# ruff: noqa: E501\n# fmt: off\n" + "\n".join(lines) + "\n", "utf-8")
    return OUT.stat().st_size


def _short(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(f"{value:.4g}") for value in values)


class Left:
    """A model just trained, that can stand in for the packed one."""

    def __init__(self, columns: dict[int, int], net: Net) -> None:
        self.columns, self.net = columns, net

    def score(self, text: str, named: list[str]) -> Scores:
        said = tokens(text)
        straight, into = np.zeros(WIDTH), np.zeros(self.net.into.shape[1])
        for numbers, share in ((word_features(said, named), 1.0), (letter_features(said), LETTERS)):
            known = [self.columns[number] for number in numbers if number in self.columns]
            part = share * (len(numbers) or 1) ** -0.5
            straight += self.net.straight[known].sum(axis=0) * part
            into += self.net.into[known].sum(axis=0) * part
        return scores_of(self.net.sums(straight, into).tolist())


def check(seed: int, folds: int = 4) -> None:
    """Score all of `understand` on voices left out of training, as if strangers wrote.

    A split by chance would flatter: it has the same hands on both sides.
    """
    names = voices()
    random.Random(seed).shuffle(names)
    said = {path: lines_of(path) for path in names}
    found = []
    packed = understanding.score
    for fold in range(folds):
        held = names[fold::folds]
        kept = [row for path in (*by_kind(), *names) if path not in held for row in lines_of(path)]
        understanding.score = Left(*train(kept, seed, plain_ones=1, noisy=2)).score
        for path in held:
            found.append(measure(said[path]))
            print(f"{path.stem:14}", _summed(found[-1:]), flush=True)
    understanding.score = packed
    print(f"{'all':14}", _summed(found))


def _summed(found: list[dict]) -> str:
    """What was found in some files, as one line."""
    n = sum(one["n"] for one in found)
    right = {
        field: sum(one["right"][field] * one["n"] for one in found) / n
        for field in ("intent", "need", "for_other")
    }
    acted = sum(one["covered"] * one["n"] for one in found)
    acted_wrong = sum(one["acted_wrong"] * one["covered"] * one["n"] for one in found)
    urgent, missed, false = (
        sum(one[key] for one in found) for key in ("emergencies", "missed", "false")
    )
    return (
        f"{n:5}  "
        + "  ".join(f"{field} {share:.1%}" for field, share in right.items())
        + f"  emergencies {urgent - missed} of {urgent}, {false} false"
        + f"  acted on {acted / n:.1%}, wrong {acted_wrong / (acted or 1):.1%}"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--seed", type=int, default=7)
    asked = arguments.parse_args()
    data = rows()
    if asked.check:
        check(asked.seed)
        return
    columns, net = train(data, asked.seed, PLAIN, noisy=4)
    print(f"{write(columns, net):,} bytes, {len(columns):,} features", file=sys.stderr)


if __name__ == "__main__":
    main()
