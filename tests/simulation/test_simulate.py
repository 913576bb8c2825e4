"""`popround simulate`: the same life each time, to the byte; and what organisers are shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bot.__main__ import main
from bot.simulation.faults import FAULTS

SMALL = ("--days", "1", "--askers", "6", "--helpers", "4", "--per-week", "7", "--check-ins", "1")


def in_a_process_of_its_own(log: Path, hashes: str) -> bytes:
    """What such a life said and heard: with every fault, and sets in an order of their own."""
    call = [sys.executable, "-m", "bot", "simulate", *SMALL, "--faults", "all"]
    call += ["--log", str(log)]
    done = subprocess.run(
        call, env={**os.environ, "PYTHONHASHSEED": hashes}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return log.read_bytes()


def test_one_seed_gives_the_same_life_to_the_byte(tmp_path: Path) -> None:
    """Moments, words, tokens, ids of ours and of the providers', whatever went wrong."""
    once = in_a_process_of_its_own(tmp_path / "once", "1")
    again = in_a_process_of_its_own(tmp_path / "again", "2")
    assert once.count(b"\n") > 100
    assert once == again


def test_what_ifs_stand_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "what-if.svg"
    call = ["simulate", *SMALL, "--helpers", "0,4", "--seeds", "2", "--jobs", "2"]
    assert main([*call, "--report", str(report)]) == 0
    shown = capsys.readouterr().out
    assert "0 helpers" in shown
    assert "4 helpers" in shown
    for line in ("Somebody said yes", "Minutes to a yes, median", "Helpers never asked", "pounds"):
        assert line in shown
    assert "nobody could be asked" in shown
    assert "Every promise was kept: 4 lives" in shown
    drawn = ElementTree.fromstring(report.read_text(encoding="utf-8"))
    assert [each.tag.rpartition("}")[2] for each in drawn].count("polyline") == 3  # of none no bars


def test_a_broken_promise_ends_with_1_and_the_call_that_shows_it_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.rules.timing.is_quiet", lambda moment, community: False)
    assert main(["simulate", *SMALL, "--seed", "3", "--json"]) == 1
    said = capsys.readouterr()
    life = json.loads(said.out)["what_ifs"][0]["lives"][0]
    assert any("woken" in each for each in life["broken"])
    assert "See it again: popround simulate --seed 3 --days 1 --askers 6" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--helpers", "many"], "--helpers takes whole numbers up to 500"),
        (["--helpers", "1,2,3,4", "--by-text", "0,100"], "8 what-ifs; at most 6"),
        (["--yes", "80", "--silent", "30"], "more than 100 % of offers"),
        (["--postcodes", "ZZ9"], "ZZ9 is no postcode district or sector of Great Britain"),
        (["--faults", "gremlins"], "gremlins is no fault that can be put in"),
        (["--check-ins", "99"], "--check-ins can't be more than --askers"),
        (["--report", "plot.png"], "a report's name ends in .svg, .json, .txt"),
        (["--seeds", "2", "--log", "x"], "--log is of one life"),
    ],
)
def test_a_what_if_that_can_not_be_is_refused_in_a_sentence(
    options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", *options]) == 2
    said = capsys.readouterr()
    assert complaint in said.err
    assert said.out == ""


def test_the_command_names_every_fault_that_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    main(["simulate", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert f"some of {', '.join(FAULTS)}." in shown
