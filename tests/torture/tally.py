"""What a test did and looked at, added up over a whole run: `make torture` asks for it, and
`make test` does not.

A test says `befell("kill -9 at random", 40)` and `held("no text comes twice", 231)`; each is a line
in the file that the environment names, so that it does not matter in which process it was said.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

FILE = "POPROUND_TALLY"


def befell(kind: str, times: int = 1) -> None:
    """That was put in so many times."""
    _note("befell", kind, times)


def held(promise: str, times: int = 1) -> None:
    """That was looked at so many times, and kept."""
    _note("held", promise, times)


def _note(what: str, name: str, times: int) -> None:
    path = os.environ.get(FILE)
    if path and times:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps([what, name, times]) + "\n")


def read(path: Path) -> tuple[Counter[str], Counter[str]]:
    """What befell and what held, by name."""
    sums: dict[str, Counter[str]] = {"befell": Counter(), "held": Counter()}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            what, name, times = json.loads(line)
            sums[what][name] += times
    return sums["befell"], sums["held"]
