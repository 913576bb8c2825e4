"""Train the linear model of `handlers/rules/understanding_model.py` and write its weights.

    python -m tools.train_understanding [--check] [--seed N]

Needs numpy and scikit-learn, which the bot itself never imports. `--check` leaves voices out of
training in turn, scores them, and writes nothing.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import sys
import zlib
from collections import Counter
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
LEVELS = 100
"""Whole numbers either side of nought that a weight can be; fewer pack smaller."""
C = 5.0
"""How freely weights may grow. Of 1, 3, 5, 10 and 30, 3 to 10 were best on voices left out, at 5
its chances are about right there; at 30 they were far too high."""
MODELS = 4
"""Models averaged, each trained on another filling and roughening of the same lines."""
MISSED_COSTS = 3
"""How much worse a missed emergency is than a false alarm."""
LEAST = 12
"""A feature met in fewer messages is left out: it says more about them than about people."""
CLIP = 1.0
"""Weights beyond this share of the greatest are cut to it. Cutting at half (and 24 levels) cost two
points of need on the development set and missed emergencies: the greatest weights say the most."""
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


def expand(data: list[dict], dice: random.Random, noisy: int = 4) -> list[tuple[str, dict, float]]:
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


def fit(x: csr_matrix, y: np.ndarray, weight: np.ndarray, classes: int, c: float):
    """Weights (classes by features) and biases; one row where there are two classes."""
    model = LogisticRegression(C=c, max_iter=120, tol=1e-3)
    model.fit(x, y, sample_weight=weight)
    if classes == 2:
        return model.coef_, model.intercept_
    coef = np.zeros((classes, x.shape[1]))
    bias = np.full(classes, -20.0)
    for i, label in enumerate(model.classes_):
        coef[label], bias[label] = model.coef_[i], model.intercept_[i]
    return coef, bias


def train(made: list[tuple[str, dict, float]], columns: dict[int, int] | None = None, c: float = C):
    """The columns, and all the heads stacked: intents, needs, emergency, for another."""
    # A third of the emergencies are shown without their signs, so that words alone can tell too:
    # people will always find a way of saying it that no list has.
    seen = [
        features(text, signed=not (row["emergency"] and i % 3 == 0))
        for i, (text, row, _) in enumerate(made)
    ]
    columns = columns or vocabulary(seen)
    x = matrix(seen, columns)
    weight = balance(made)
    intent = np.array([INTENTS.index(row["intent"]) for _, row, _ in made])
    need = np.array([NEEDS.index(row["need"] or "") for _, row, _ in made])
    urgent = np.array([int(row["emergency"]) for _, row, _ in made])
    other = np.array([int(row["for_other"]) for _, row, _ in made])
    calm = np.array([row["intent"] in {"ask", "offer"} for _, row, _ in made])
    # An emergency's need may be null or medical alike: it teaches the need head nothing.
    calm &= urgent == 0
    # Of the rest it is never asked (`understanding._NEVER_FOR_OTHER`), and helpers name people.
    theirs = np.array([row["intent"] in MAY_BE_FOR_OTHER for _, row, _ in made])
    parts = [
        fit(x, intent, weight, len(INTENTS), c),
        fit(x[calm], need[calm], weight[calm], len(NEEDS), c),
        fit(x, urgent, weight * np.where(urgent, MISSED_COSTS, 1), 2, c),
        fit(x[theirs], other[theirs], weight[theirs], 2, c / 3),
    ]
    return columns, np.vstack([w for w, _ in parts]), np.concatenate([b for _, b in parts])


def write(columns: dict[int, int], coef: np.ndarray, bias: np.ndarray) -> int:
    """Quantise, leave out what says nothing, and write the generated module; its size in bytes."""
    scale = np.abs(coef).max(axis=1) * CLIP / LEVELS
    scale[scale == 0] = 1.0
    whole = np.clip(np.rint(coef / scale[:, None]), -LEVELS, LEVELS).astype(np.int64)
    telling = np.abs(whole).max(axis=0) >= LEVELS // 25
    numbers = np.array(sorted(columns, key=lambda number: columns[number]), dtype=np.int64)[telling]
    lanes = (whole[:, telling] + LEVELS).astype(np.uint8)
    planes = b"".join((numbers >> shift & 255).astype(np.uint8).tobytes() for shift in (0, 8, 16))
    text = base64.b85encode(zlib.compress(planes + lanes.tobytes(), 9)).decode()
    lines = [
        '"""Made by tools/train_understanding.py: do not edit. See understanding_model.py."""',
        "",
        f"INTENTS = {INTENTS!r}",
        f"NEEDS = {NEEDS!r}",
        f"WIDTH = {coef.shape[0]}",
        f"KNOWN = {len(numbers)}",
        f"ZERO = {LEVELS}",
        f"LETTERS = {LETTERS}",
        f"SCALES = {tuple(float(f'{s:.5g}') for s in scale)!r}",
        f"BIAS = {tuple(float(f'{b:.4g}') for b in bias)!r}",
        "PACKED = (",
        *(f'    "{text[i : i + 88]}"' for i in range(0, len(text), 88)),
        ")",
    ]
    OUT.write_text("# ruff: noqa: E501\n# fmt: off\n" + "\n".join(lines) + "\n", "utf-8")
    return OUT.stat().st_size


class Left:
    """A model just trained, that can stand in for the packed one."""

    def __init__(self, columns: dict[int, int], coef: np.ndarray, bias: np.ndarray) -> None:
        self.columns, self.rows, self.bias = columns, coef.T, bias

    def score(self, text: str, named: list[str]) -> Scores:
        said = tokens(text)
        logits = self.bias.copy()
        for numbers, share in ((word_features(said, named), 1.0), (letter_features(said), LETTERS)):
            known = [self.columns[number] for number in numbers if number in self.columns]
            logits += self.rows[known].sum(axis=0) * share * (len(numbers) or 1) ** -0.5
        return scores_of(logits.tolist())


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
        understanding.score = Left(*train(expand(kept, random.Random(seed), noisy=2))).score
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
    columns: dict[int, int] | None = None
    coefs, biases = [], []
    for seed in range(asked.seed, asked.seed + MODELS):
        made = expand(data, random.Random(seed))
        print(len(data), "lines,", len(made), "messages", file=sys.stderr)
        columns, one, its_bias = train(made, columns)
        coefs.append(one)
        biases.append(its_bias)
    assert columns
    coef, bias = np.mean(coefs, axis=0), np.mean(biases, axis=0)
    print(f"{write(columns, coef, bias):,} bytes, {len(columns):,} features", file=sys.stderr)


if __name__ == "__main__":
    main()
