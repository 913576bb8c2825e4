"""Every script in `conversations/` comes true, on both databases, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conversations.promises import BrokenPromiseError
from tests.conversations.script import play

SCRIPTS = sorted((Path(__file__).parent / "conversations").glob("*.txt"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
async def test_it_goes_as_the_script_says(
    script: Path, database_url: str, request: pytest.FixtureRequest
) -> None:
    written = script.read_text(encoding="utf-8")
    try:
        played = await play(written, database_url)
    except BrokenPromiseError as error:
        if request.config.getoption("--rewrite"):
            script.write_text(error.played, encoding="utf-8")
        raise
    if request.config.getoption("--rewrite"):
        script.write_text(played, encoding="utf-8")
        return
    assert played == written


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) >= 25
