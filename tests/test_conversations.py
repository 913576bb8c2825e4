"""Every script in `conversations/` comes true, on both databases, to the letter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conversations.promises import BrokenPromiseError
from tests.conversations.script import play

SCRIPTS = sorted((Path(__file__).parent / "conversations").glob("*.txt"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
async def test_it_goes_as_the_script_says(
    script: Path, database_url: str, request: pytest.FixtureRequest
) -> None:
    written = _read(script)
    rewrite = request.config.getoption("--rewrite")
    try:
        played = await play(written, database_url)
    except BrokenPromiseError as error:
        if rewrite:
            _write(script, error.played)
        raise
    if rewrite:
        _write(script, played)
    else:
        assert played == written


def _read(script: Path) -> str:
    return script.read_text(encoding="utf-8")


def _write(script: Path, played: str) -> None:
    script.write_text(played, encoding="utf-8")


def test_the_usual_visit_by_text_costs_the_asker_eight_parts_at_most() -> None:
    """From the first word to done, and the one question after it. The script says the parts."""
    told = _read(next(script for script in SCRIPTS if script.stem == "neighbour_says_yes"))
    parts = [int(found) for found in re.findall(r"^rosa\s+<(\d)", told, re.MULTILINE)]
    assert len(parts) >= 5
    assert sum(parts) <= 8


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) >= 70
    assert sum(script.stem.startswith("cy_") for script in SCRIPTS) >= 6
