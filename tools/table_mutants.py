"""Spoil the tables and numbers of the rules, one at a time: which does no test notice?

    python -m tools.table_mutants [RULE ...] [--list]

mutmut changes what stands in functions. Half of what is decided here stands outside of them: who
sees what, what may become of what, what must have a next step, how long each is waited for. Each
line of such a table is left out once, each number made larger, each yes a no; and the tests of that
rule are run on a copy. `docs/mutants.md` says what came of it.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis.strategies  # noqa: F401 (loaded once, for every child)
import pytest

ROOT = Path(__file__).parent.parent

TESTS: dict[str, tuple[str, ...]] = {
    "privacy": ("tests/handlers/test_privacy.py",),
    "lifecycle": ("tests/handlers/test_lifecycle.py",),
    "next_steps": ("tests/handlers/test_lifecycle.py",),
    "lateness": ("tests/handlers/test_checkins.py",),
    "matching": ("tests/handlers/test_matching.py",),
    "timing": ("tests/handlers/test_timing.py",),
    "worries": ("tests/handlers/test_worries.py",),
    "vetting": ("tests/handlers/test_worries.py",),
    "guards": ("tests/handlers/test_guards.py",),
    "spending": ("tests/handlers/test_guards.py",),
    "relayed": ("tests/handlers/test_choices.py",),
    "hours": ("tests/handlers/test_hours.py",),
    "segments": ("tests/handlers/test_segments.py",),
    "checkins": ("tests/handlers/test_checkins.py",),
    "wellbeing": ("tests/handlers/test_checkins.py",),
    "recurrence": ("tests/handlers/test_recurrence.py",),
    "note": ("tests/handlers/test_note.py",),
    "hours_said": ("tests/handlers/test_hours.py",),
    "rota": ("tests/handlers/test_rota.py",),
    "rota_once": ("tests/handlers/test_rota.py",),
    "names": ("tests/handlers/test_names.py",),
    "audience": ("tests/handlers/test_audience.py",),
}
"""The tests of each rule. Those that need a database are left out, as they are for mutmut."""

LONGEST = 120
"""Seconds for the tests of one rule."""


def spoilt(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """Every change that is made, as where and what, with the module that comes of it."""
    for at, statement in enumerate(tree.body):
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            names = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for what, value in changed(statement.value):
                module = copy.copy(tree)
                module.body = list(tree.body)
                module.body[at] = copy.copy(statement)
                module.body[at].value = value  # type: ignore[attr-defined]
                yield f"{ast.unparse(names[0])}: {what}", module


def changed(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Each way to change one thing in an expression."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield f"not {node.value}", ast.Constant(not node.value)
        elif isinstance(node.value, int | float):
            more = node.value + 1 if isinstance(node.value, int) else node.value * 1.5
            yield f"{more} for {node.value}", ast.Constant(more)
        return
    if isinstance(node, ast.Dict):
        for at, key in enumerate(node.keys):
            if key is not None:
                keys, values = list(node.keys), list(node.values)
                del keys[at], values[at]
                yield f"without {_short(key)}", ast.Dict(keys, values)
    for name, inner in ast.iter_fields(node):
        if isinstance(inner, ast.expr):
            for what, value in changed(inner):
                yield what, _with(node, name, value)
        elif isinstance(inner, list):
            yield from _in_a_list(node, name, inner)


def _in_a_list(node: ast.expr, name: str, items: list[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    for at, each in enumerate(items):
        before, after = items[:at], items[at + 1 :]
        if isinstance(each, ast.keyword):
            for what, value in changed(each.value):
                new = ast.keyword(each.arg, value)
                yield what, _with(node, name, [*before, new, *after])
        elif isinstance(each, ast.expr):
            if isinstance(node, ast.Tuple | ast.List | ast.Set) and _stands_alone(each):
                yield f"without {_short(each)}", _with(node, name, before + after)
            for what, value in changed(each):
                yield what, _with(node, name, [*before, value, *after])


def _with(node: ast.expr, name: str, value: object) -> ast.expr:
    new = copy.copy(node)
    setattr(new, name, value)
    return new


def _stands_alone(node: ast.expr) -> bool:
    """Whether it is a line of a table by itself: words of a vocabulary are not looked at."""
    return not (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _short(node: ast.expr) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) < 60 else f"{text[:57]}..."


def noticed(there: Path, rule: str) -> bool:
    """Whether a test of the rule fails in that copy. In a child, which finds pytest loaded."""
    call = ["-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", "--hypothesis-profile=ci"]
    call += ["-k", "not postgresql and not sqlite", *TESTS[rule]]
    if not any("database" in (ROOT / test).read_text() for test in TESTS[rule]):
        call.append("--noconftest")  # nothing of it is asked for, and it loads the whole bot
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        signal.alarm(LONGEST)
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        os.chdir(there)
        sys.path.insert(0, str(there))
        sys.dont_write_bytecode = True  # two changes in one second would be taken for one
        os._exit(int(pytest.main(call)))
    return os.waitpid(child, 0)[1] != 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("rules", nargs="*", help=f"of {', '.join(TESTS)}; all of them if none")
    parser.add_argument("--list", action="store_true", help="what would be changed, and no more")
    wanted = parser.parse_args()
    rules = [rule for rule in wanted.rules or TESTS if rule in TESTS]
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder) / "popround"
        ignored = shutil.ignore_patterns(".*", "mutants", "node_modules", "__pycache__")
        shutil.copytree(ROOT, there, ignore=ignored)
        for rule in rules:
            file = there / "handlers" / "rules" / f"{rule}.py"
            source = file.read_text()
            ways = list(spoilt(ast.parse(source)))
            if wanted.list:
                print(rule, *(f"  {what}" for what, _ in ways), sep="\n")
                continue
            assert not noticed(there, rule), f"the tests of {rule} fail as it is"
            missed = []
            for what, module in ways:
                file.write_text(ast.unparse(ast.fix_missing_locations(module)))
                if not noticed(there, rule):
                    missed.append(what)
            file.write_text(source)
            print(f"{rule}: {len(ways)} changes, {len(ways) - len(missed)} noticed")
            print(*(f"  not noticed: {what}" for what in missed), sep="\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
