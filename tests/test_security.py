"""`SECURITY.md` and `docs/privacy.md` say what is true: what they name is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from bot.__main__ import app
from bot.settings import Settings
from handlers import rights
from storage import groups

ROOT = Path(__file__).parent.parent
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
HEAD = "| threat | what stands against it | its test | what remains |"
FILE = re.compile(r"`((?:bot|handlers|storage)/[\w/]+\.\w+|requirements[\w-]*\.lock|\w+file)`")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
SCRIPT = re.compile(r"`\[(\w+)\]`")


def rows(page: str = SECURITY) -> list[list[str]]:
    """The cells of each threat."""
    lines = page.partition(HEAD)[2].partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


@cache
def named_in(path: str) -> frozenset[str]:
    """The tests of a file, without running it."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = (
        one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return frozenset(one.name for one in functions if one.name.startswith("test_"))


def untrue(cells: list[str]) -> list[str]:
    """What a row names that is not there, and what it lacks."""
    if len(cells) != 4 or not all(cells):
        return [f"four full cells are needed: {cells}"]
    threat, stands, tested, _ = cells
    wrong = [f"{name} is not there" for name in FILE.findall(stands) if not (ROOT / name).exists()]
    if not FILE.search(stands):
        wrong.append(f"nothing is named that stands against {threat!r}")
    named, scripts = TEST.findall(tested), SCRIPT.findall(tested)
    if not named and not scripts:
        wrong.append(f"no test is named for {threat!r}")
    for path, name in named:
        if not (ROOT / path).exists() or name not in named_in(path):
            wrong.append(f"{path} has no {name}")
    for name in scripts:
        if not (ROOT / f"tests/conversations/{name}.txt").exists():
            wrong.append(f"there is no conversation {name}")
    # Nothing else stands in that column: a name that is spelt wrong is no test.
    if rest := re.sub(r"[\s,]", "", SCRIPT.sub("", TEST.sub("", tested))):
        wrong.append(f"{rest} names no test")
    return wrong


def test_each_threat_has_what_stands_against_it_and_a_test_that_is_there() -> None:
    assert [wrong for cells in rows() for wrong in untrue(cells)] == []
    assert len(rows()) >= 35
    assert len({cells[0] for cells in rows()}) == len(rows())


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("test_altered_by_one_bit_it_does_not_open`", "test_altered_by_two_bits`"),
        ("`[not_brian]`", "`[not_bryan]`"),
        ("`[not_brian]`", "[not_brian]"),
        ("`bot/commands/backup.py`", "`bot/commands/back_up.py`"),
        ("`bot/commands/backup.py`", "the backup"),
        ("| None that we know of |", "| |"),
    ],
)
def test_a_row_that_is_not_true_is_found(was: str, becomes: str) -> None:
    assert was in SECURITY
    assert [one for cells in rows(SECURITY.replace(was, becomes)) for one in untrue(cells)]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_dependency_is_locked_with_its_hash(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    locked = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
    assert len(locked) > 20
    for line in locked:
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==[\w.]+ ", line), line
        assert "--hash=sha256:" in line, line
    for place in ("Makefile", "Dockerfile"):
        installs = re.findall(r"pip\S* install.*|\$\(PIP\) install.*", (ROOT / place).read_text())
        assert any("--require-hashes" in line for line in installs)
        for line in installs:
            # What is not from the lock is this program itself, and what makes the lock.
            assert "--require-hashes" in line or "--no-deps" in line or line.endswith("uv"), line


# docs/privacy.md

PRIVACY = (ROOT / "docs/privacy.md").read_text(encoding="utf-8")


def test_what_the_privacy_page_says_of_how_long_is_what_the_code_does() -> None:
    table = PRIVACY.partition("<!-- how long -->")[2].partition("<!-- end -->")[0]
    keep = Settings.model_fields["keep_messages_days"]
    least, most = (bound for one in keep.metadata for bound in vars_of(one))
    for said in (
        f"| {keep.default} days, or what `POPROUND_KEEP_MESSAGES_DAYS` says ({least} to {most}) |",
        f"| worth nothing after {groups.INVITE_DAYS} days |",
        f"| deleted {rights.SOON.seconds // 60} minutes after the goodbye; "
        f"after {rights.AT_LAST.days} days at the latest",
    ):
        assert said in table


def vars_of(bound: object) -> list[int]:
    return [getattr(bound, name) for name in ("ge", "le") if hasattr(bound, name)]


def test_every_command_and_link_of_the_two_pages_is_there() -> None:
    for page, folder in ((SECURITY, ROOT), (PRIVACY, ROOT / "docs")):
        for target, anchor in re.findall(r"\]\((?!https?://)([^)#]*)(?:#([\w-]+))?\)", page):
            there = folder / target if target else None
            assert there is None or there.exists(), target
            if anchor:
                text = there.read_text(encoding="utf-8") if there else page
                heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
                assert anchor in {re.sub(r"[^\w-]", "", h.lower().replace(" ", "-")) for h in heads}
        calls = re.findall(r"popround ((?:[a-z][a-z-]+ ?)+)", page)
        assert len(calls) > 4
        for call in calls:
            assert known(call.split()), call


def known(words: list[str]) -> bool:
    """Whether a call begins with a command that there is."""
    here: Any = typer.main.get_command(app)
    for word in words:
        if not hasattr(here, "commands"):
            break
        here = here.commands.get(word)
        if here is None:
            return False
    return not hasattr(here, "commands")
