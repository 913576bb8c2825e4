"""Train the linear model of `handlers/rules/understanding_model.py` and write its weights.

    python -m tools.train_understanding [--check] [--seed N]

Needs numpy and scikit-learn, which the bot itself never imports. `--check` cross-validates on the
hand-written messages (with templates and noise in training only) and writes nothing.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import sys
import zlib
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from handlers.rules.understanding_danger import signs
from handlers.rules.understanding_features import (
    LETTER_BITS,
    WORD_BITS,
    letter_features,
    tokens,
    word_features,
)
from handlers.rules.understanding_words import plain
from storage.model import Intent, Need
from tools.understanding_noise import fill, rough

HERE = Path(__file__).parent
DATA = HERE / "understanding_data"
OUT = HERE.parent / "handlers" / "rules" / "understanding_weights.py"
INTENTS = tuple(intent.value for intent in Intent)
NEEDS = ("", *(need.value for need in Need))
LETTERS = 0.8
"""How much the letters count beside the words."""
LEVELS = 31
"""Whole numbers either side of nought that a weight can be; fewer pack smaller."""
NO_SURROUND = {"yes", "no", "thanks", "unknown", "stop", "start", "info"}


def rows() -> list[dict]:
    """Every line of the data, hand-written and templates alike, in the order of the files."""
    found = []
    for path in sorted(DATA.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            if line:
                found.append(
                    {"need": None, "emergency": False, "for_other": False, **json.loads(line)}
                )
    return found


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
    made.extend(_in_context(text, row, weight, slots, dice) for text, row, weight in list(made) if _wants_context(row, dice))
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
    """How much each message counts, so that intents come as often as `PRIOR` says and needs alike."""
    weight = np.array([w for _, _, w in made])
    kind = np.array([f"{row['intent']}/{row['need'] or ''}/{row['emergency']}" for _, row, _ in made])
    intent = np.array([row["intent"] for _, row, _ in made])
    for name in set(kind):
        weight[kind == name] /= weight[kind == name].sum() ** 0.6
    rest = (1 - sum(PRIOR.values())) / (len(INTENTS) - len(PRIOR))
    for name in INTENTS:
        at = intent == name
        weight[at] *= PRIOR.get(name, rest) / weight[at].sum()
    return weight * len(made)


def matrix(texts: list[str]) -> csr_matrix:
    """The features of messages, each table scaled to length one, letters beside words."""
    data, columns, starts = [], [], [0]
    for text in texts:
        said = tokens(text)
        words, letters = word_features(said, signs(plain(text))), letter_features(said)
        columns += sorted(words) + [(1 << WORD_BITS) + place for place in sorted(letters)]
        data += [(len(words) or 1) ** -0.5] * len(words)
        data += [LETTERS * (len(letters) or 1) ** -0.5] * len(letters)
        starts.append(len(columns))
    width = (1 << WORD_BITS) + (1 << LETTER_BITS)
    return csr_matrix((data, columns, starts), shape=(len(texts), width), dtype=np.float32)


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


def train(made: list[tuple[str, dict, float]], c: float = 30.0):
    """All the heads, stacked: intents, needs, emergency, for another."""
    x = matrix([text for text, _, _ in made])
    weight = balance(made)
    intent = np.array([INTENTS.index(row["intent"]) for _, row, _ in made])
    need = np.array([NEEDS.index(row["need"] or "") for _, row, _ in made])
    urgent = np.array([int(row["emergency"]) for _, row, _ in made])
    other = np.array([int(row["for_other"]) for _, row, _ in made])
    calm = np.array([row["intent"] in {"ask", "offer"} for _, row, _ in made])
    # An emergency's need may be null or medical alike: it teaches the need head nothing.
    calm &= urgent == 0
    parts = [
        fit(x, intent, weight, len(INTENTS), c),
        fit(x[calm], need[calm], weight[calm], len(NEEDS), c),
        fit(x, urgent, weight, 2, c),
        fit(x, other, weight, 2, c / 3),
    ]
    return np.vstack([w for w, _ in parts]), np.concatenate([b for _, b in parts])


def write(coef: np.ndarray, bias: np.ndarray) -> int:
    """Quantise and write the generated module; returns its size in bytes."""
    scale = np.abs(coef).max(axis=1) * 0.6 / LEVELS
    scale[scale == 0] = 1.0
    whole = np.clip(np.rint(coef / scale[:, None]), -LEVELS, LEVELS).astype(np.int64)
    packed = zlib.compress((whole.T + LEVELS).astype(np.uint8).tobytes(), 9)
    text = base64.b85encode(packed).decode()
    # Letters were scaled in the features; the model applies LETTERS itself.
    lines = [
        '"""Made by tools/train_understanding.py: do not edit. What it is: understanding_model.py."""',
        "",
        f"INTENTS = {INTENTS!r}",
        f"NEEDS = {NEEDS!r}",
        f"WIDTH = {coef.shape[0]}",
        f"WORD_ROWS = {1 << WORD_BITS}",
        f"ZERO = {LEVELS}",
        f"LETTERS = {LETTERS}",
        "COOL_INTENT = 1.0",
        "COOL_NEED = 1.0",
        f"SCALES = {tuple(float(f'{s:.5g}') for s in scale)!r}",
        f"BIAS = {tuple(float(f'{b:.4g}') for b in bias)!r}",
        "ROWS = (",
        *(f'    "{text[i : i + 88]}"' for i in range(0, len(text), 88)),
        ",)",
    ]
    OUT.write_text("# ruff: noqa: E501\n# fmt: off\n" + "\n".join(lines) + "\n", "utf-8")
    return OUT.stat().st_size


def predict(coef: np.ndarray, bias: np.ndarray, texts: list[str]) -> np.ndarray:
    return matrix(texts) @ coef.T + bias


def check(data: list[dict], seed: int, folds: int = 5) -> None:
    """Cross-validate on what was written by hand, and print what went wrong."""
    dice = random.Random(seed)
    hand = [row for row in data if "[" not in row["text"] and "{" not in row["text"]]
    rest = [row for row in data if "[" in row["text"] or "{" in row["text"]]
    dice.shuffle(hand)
    right = {"intent": 0, "need": 0, "emergency": 0, "for_other": 0}
    calm = missed = false = 0
    for fold in range(folds):
        held = hand[fold::folds]
        kept = [row for i, row in enumerate(hand) if i % folds != fold] + rest
        coef, bias = train(expand(kept, dice, noisy=2))
        logits = predict(coef, bias, [row["text"] for row in held])
        for row, line in zip(held, logits, strict=True):
            intent = INTENTS[int(line[: len(INTENTS)].argmax())]
            need = NEEDS[int(line[len(INTENTS) : -2].argmax())]
            right["intent"] += intent == row["intent"]
            right["emergency"] += (line[-2] > 0) == row["emergency"]
            right["for_other"] += (line[-1] > 0) == row["for_other"]
            missed += row["emergency"] and line[-2] <= 0
            false += (not row["emergency"]) and line[-2] > 0
            wrong = intent != row["intent"]
            if row["intent"] in {"ask", "offer"} and not row["emergency"]:
                calm += 1
                right["need"] += need == (row["need"] or "")
                wrong |= need != (row["need"] or "")
            if wrong or (line[-2] > 0) != row["emergency"]:
                print(
                    f"{row['intent']}/{row['need']} -> {intent}/{need} {line[-2]:+.1f}", row["text"]
                )
    print(
        len(hand),
        "by hand:",
        {k: f"{v / (calm if k == 'need' else len(hand)):.1%}" for k, v in right.items()},
    )
    print("emergencies missed", missed, "false", false, "of", sum(r["emergency"] for r in hand))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--seed", type=int, default=7)
    asked = arguments.parse_args()
    data = rows()
    if asked.check:
        check(data, asked.seed)
        return
    made = expand(data, random.Random(asked.seed))
    print(len(data), "lines,", len(made), "messages", file=sys.stderr)
    coef, bias = train(made)
    print(f"{write(coef, bias):,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
