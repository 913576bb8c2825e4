"""What a slip in a regular expression leaves of it: `make mutants` is worth as much as this."""

from __future__ import annotations

import re

import pytest

from tools.pattern_changes import read, spoilt, written

WRITTEN = (
    *(r"\bnot (?:so|too) \w+$", r"^a?b*c+d{2,4}e{3,}?f*+", r"[^a-z\]\-]", r"(?P<day>\d\d)(?P=day)"),
    *(r"(?<!\d)(?<=a)x(?=y)(?!z)", r"(a)?(?(1)b|c)", r"\A.\s[\W_]\B\Z", r"£|€", r"(?:|x)y"),
)


@pytest.mark.parametrize("pattern", WRITTEN)
def test_a_pattern_that_is_written_back_is_the_same(pattern: str) -> None:
    nodes, names = read(pattern)
    assert read(written(nodes, names))[0] == nodes


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("ab|ac|d", {"(?:ac|d)", "(?:ab|d)", "(?:ab|ac)"}),
        ("[xy]", {"[y]", "[x]"}),
        (r"\bx$", {"x$", r"\bx"}),
        ("x{0,3}", {"x{0,4}", "x{0,2}", "x{1,3}"}),
        ("x?y*z+", {"xy*z+", "x?y+z+", "x?y*z*"}),
        ("x(?!y)", {"x"}),
        ("(?<=y)x", {"x"}),
        ("x(?:bc|de)", {"x(?:bc|de)?", "xbc", "xde"}),
    ],
)
def test_each_slip_is_made_once(pattern: str, left: set[str]) -> None:
    assert {new for _, new, _ in spoilt(pattern, 0)} == left


def test_capitals_may_come_to_count() -> None:
    assert [flags & re.I for _, _, flags in spoilt("stop", re.I)] == [0]
