"""Spoil the tables and numbers of the rules, one at a time: which does no test notice?

    python -m tools.table_mutants [RULE ...] [--list]

mutmut changes what stands in functions. Half of what is decided here stands outside of them: who
sees what, what may become of what, what must have a next step, how long each is waited for. Each
line of such a table is left out once, each number made larger, each yes a no; and the tests of that
rule are run (`tools/same_process.py`). `docs/mutants.md` says what came of it.
"""

from __future__ import annotations

import argparse
import ast
import copy
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tools.same_process import Tests

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


def put(rule: str, changed: ast.Module, tree: ast.Module) -> None:
    """Make the module what it would be with that change, where it is loaded already: everything
    from the change on is worked out again, but for the classes, which others have by now."""
    module = sys.modules[f"handlers.rules.{rule}"]
    before = dict(vars(module))
    pairs = zip(changed.body, tree.body, strict=True)
    first = next(at for at, (new, old) in enumerate(pairs) if new is not old)
    for statement in changed.body[first:]:
        if not isinstance(statement, ast.ClassDef | ast.Import | ast.ImportFrom):
            only = ast.fix_missing_locations(ast.Module([statement], []))
            exec(compile(only, str(module.__file__), "exec"), vars(module))
    for other in list(sys.modules.values()):
        if getattr(other, "__name__", "").startswith(("handlers", "tests")):
            for name, old in before.items():
                if vars(other).get(name) is old and vars(module)[name] is not old:
                    setattr(other, name, vars(module)[name])


def _look(rule: str, tree: ast.Module, ways: list[tuple[str, ast.Module]], tests: Tests) -> None:
    seen = tests.seen({})
    assert not seen.failed, f"these fail as it is: {seen.failed}"
    names = sorted(set(seen.seconds) - set(seen.slow), key=seen.seconds.__getitem__)
    names += seen.slow  # a year of days may be all that holds a table
    missed = [
        what for what, module in ways if not tests.notice(partial(put, rule, module, tree), names)
    ]
    print(f"{rule}: {len(ways)} changes, {len(ways) - len(missed)} noticed")
    print(*(f"  not noticed: {what}" for what in missed), sep="\n", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("rules", nargs="*", help=f"of {', '.join(TESTS)}; all of them if none")
    parser.add_argument("--list", action="store_true", help="what would be changed, and no more")
    wanted = parser.parse_args()
    rules = [rule for rule in wanted.rules or TESTS if rule in TESTS]
    for rule in rules:
        tree = ast.parse((ROOT / "handlers" / "rules" / f"{rule}.py").read_text())
        ways = list(spoilt(tree))
        if wanted.list:
            print(rule, *(f"  {what}" for what, _ in ways), sep="\n")
        else:
            Tests(TESTS[rule], partial(_look, rule, tree, ways))
    return 0


if __name__ == "__main__":
    sys.exit(main())
