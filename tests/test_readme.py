"""The README tells the truth: the conversation in it is one that the tests play."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
QUOTED = re.compile(r"<!-- conversation: (\w+) -->\n```\n(.*?)```\n<!-- end -->", re.DOTALL)


@pytest.mark.parametrize("page", ["README.md"])
def test_a_quoted_conversation_is_one_that_is_played(
    page: str, request: pytest.FixtureRequest
) -> None:
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    assert QUOTED.search(text)

    def whole(match: re.Match[str]) -> str:
        script = (ROOT / "tests/conversations" / f"{match[1]}.txt").read_text(encoding="utf-8")
        return f"<!-- conversation: {match[1]} -->\n```\n{script}```\n<!-- end -->"

    fresh = QUOTED.sub(whole, text)
    if request.config.getoption("--rewrite"):
        path.write_text(fresh, encoding="utf-8")
        return
    assert text == fresh


def test_every_file_the_readme_points_to_is_there() -> None:
    for target in re.findall(r"\]\(((?!https?://)[^)#]+)", (ROOT / "README.md").read_text()):
        assert (ROOT / target).exists(), target
