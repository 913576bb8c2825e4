"""What is logged harms nobody: neither what it says, nor that it can't be written."""

from __future__ import annotations

import errno
import io
import json
import sys

import pytest
import structlog

from bot.logs import set_up_logging


class FullDisk(io.StringIO):
    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self) -> None:
        raise BrokenPipeError


def test_a_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("WARNING")
    log = structlog.get_logger("test")
    log.info("too quiet")
    log.error("loud", due=3)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["due"]) == ("loud", "error", 3)


@pytest.mark.parametrize("kind", ["full", "closed"])
def test_a_line_that_cant_be_written_undoes_nothing(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up_logging("WARNING")
    out = FullDisk() if kind == "full" else io.StringIO()
    if kind == "closed":
        out.close()
    monkeypatch.setattr(sys, "stderr", out)
    structlog.get_logger("test").error("nobody hears this")
