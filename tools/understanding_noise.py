"""Templates filled in, and clean messages made into what thumbs, ears and hurry make of them."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

CHOICE = re.compile(r"\{([^{}]*)\}")
SLOT = re.compile(r"\[([a-z_]+)\]")

DATA = Path(__file__).parent / "understanding_data"
NOISE = json.loads((DATA / "noise.json").read_text("utf-8"))
SOUNDS = (
    ("ph", "f"), ("ough", "uff"), ("tion", "shun"), ("ight", "ite"), ("ck", "k"), ("ea", "ee"),
    ("ing", "in"), ("ei", "ie"), ("ss", "s"), ("ll", "l"), ("er", "a"),
)  # fmt: skip


def fill(template: str, slots: dict[str, list[str]], dice: random.Random) -> str:
    """One message out of a template: `[slot]` from the slots, `{a|b}` either, `{a|}` maybe."""
    text = template
    for _ in range(60):
        if match := SLOT.search(text):
            text = text[: match.start()] + dice.choice(slots[match[1]]) + text[match.end() :]
        elif match := CHOICE.search(text):
            text = text[: match.start()] + dice.choice(match[1].split("|")) + text[match.end() :]
        else:
            break
    return " ".join(text.split())


def _slip(word: str, dice: random.Random) -> str:
    """A word of four letters or more with one thing wrong with it."""
    if len(word) < 4 or not word.isalpha():
        return word
    at = dice.randrange(1, len(word) - 1)
    wrong = dice.choices(("left out", "swapped", "doubled", "no vowel", "sound", "other"), _ODDS)[0]
    heard = [(a, b) for a, b in SOUNDS if a in word] if wrong == "sound" else []
    if heard:
        return word.replace(*heard[0], 1)
    return {
        "left out": word[:at] + word[at + 1 :],
        "swapped": word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        "doubled": word[:at] + word[at] + word[at:],
        "no vowel": word[0] + re.sub("[aeiou]", "", word[1:], count=1),
    }.get(wrong, word[:at] + dice.choice("aeioutnsrl") + word[at + 1 :])


_ODDS = (25, 20, 15, 15, 15, 10)


def _named(phrase: str, dice: random.Random) -> str:
    return phrase.replace("{name}", dice.choice(NOISE["names"]))


def rough(text: str, dice: random.Random, *, surround: bool) -> str:
    """The message as another hand might send it. `surround` adds greetings, days and names."""
    words, shortened = text.split(), NOISE["shortened"]
    slips, shorts = dice.choice((0, 0, 0.05, 0.12)), dice.choice((0, 0, 0.2, 0.5))
    out = []
    for word in words:
        bare = word.lower().strip(".,!?")
        if bare in shortened and dice.random() < shorts:
            out.append(dice.choice(shortened[bare]))
        elif dice.random() < slips:
            out.append(_slip(word, dice))
        else:
            out.append(word)
    made = " ".join(out)
    if dice.random() < 0.5:
        made = re.sub(r"[.,!?;]", "" if dice.random() < 0.7 else " ", made)
    if surround:
        if dice.random() < 0.25:
            made = f"{_named(dice.choice(NOISE['greetings']), dice)}{dice.choice(',.  ')} {made}"
        if dice.random() < 0.2:
            made = f"{made} {dice.choice(NOISE['days'])}"
        if dice.random() < 0.12:
            made = f"{made} {dice.choice(NOISE['places'])}"
        if dice.random() < 0.3:
            made = f"{made}{dice.choice('.,  ')} {_named(dice.choice(NOISE['signatures']), dice)}"
    return made
