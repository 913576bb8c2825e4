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


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) >= 25
