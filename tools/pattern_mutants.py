"""Spoil the regular expressions of the rules, one at a time: which slip does no test notice?

    python -m tools.pattern_mutants [RULE ...] [--most N] [--list]

mutmut changes what stands in functions, `tools/table_mutants.py` what stands in tables. What people
mean is decided in patterns: one alternative too many or too few, a word's end left out, `search`
for `match`. Which slips are tried is in `tools/pattern_changes.py`, how each is run in
`tools/same_process.py`; `docs/mutants.md` says what came of it.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import random
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tools.pattern_changes import spoilt
from tools.same_process import Instead, Key, Seen, Tests, put, put_inline

TESTS: dict[str, tuple[str, ...]] = {
    "understanding_stop": ("test_understanding", "test_languages"),
    "understanding_words": ("test_understanding", "test_languages", "test_replies"),
    "replies": ("test_replies",),
    "wellbeing": ("test_checkins",),
    "checkins": ("test_checkins",),
    "courtesy": ("test_names", "test_languages"),
    "relayed": ("test_choices",),
    "choices": ("test_choices",),
    "money": ("test_money",),
    "worries": ("test_worries",),
    "vetting": ("test_worries",),
    "hours_said": ("test_hours",),
    "recurrence": ("test_recurrence",),
    "rota": ("test_rota",),
    "rota_once": ("test_rota",),
    "note": ("test_note",),
    "names": ("test_names", "test_languages"),
    "audience": ("test_audience",),
    "guards": ("test_guards",),
    "spending": ("test_guards",),
}
"""The rules whose patterns decide by themselves, and the tests of each. The patterns of
`understanding*` else are weighed together, and judged by percentages
([decision 4](docs/decisions/0004-understanding.md))."""

SEED = 7
MOST = 250
"""Slips that are tried of one rule, chosen by SEED where there are more: some hold a thousand."""

SWAPPED = {"search": "match", "match": "search", "fullmatch": "match"}


def held(rule: str) -> dict[Key, re.Pattern[str]]:
    """The patterns that a rule keeps, by where they stand."""
    module = importlib.import_module(f"handlers.rules.{rule}")
    own = {
        target.id
        for statement in ast.parse(Path(str(module.__file__)).read_text()).body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in (
            statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        )
        if isinstance(target, ast.Name)
    }
    return {
        (rule, where): pattern
        for name, value in vars(module).items()
        if name in own
        for where, pattern in _patterns(name, value)
    }


def _patterns(name: str, value: Any) -> Iterator[tuple[str, re.Pattern[str]]]:
    if isinstance(value, re.Pattern):
        yield name, value
    elif type(value) in (tuple, list, dict):
        inside = value.items() if type(value) is dict else enumerate(value)
        for at, one in inside:
            yield from _patterns(f"{name}[{at}]", one)


def slips(
    key: Key, pattern: re.Pattern[str], seen: Seen
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Each slip in one pattern: what it is, and what makes it."""

    def in_place(new: Any) -> None:
        if key in seen.inline:
            put_inline(pattern.pattern, new)
        else:
            put(pattern, new)

    def other(new: str, flags: int) -> None:
        in_place(re.compile(new, flags))

    for what, new, flags in spoilt(pattern.pattern, pattern.flags):
        yield what, partial(other, new, flags)
    for name in sorted(seen.methods.get(key, set()) & set(SWAPPED)):

        def swap(name: str = name) -> None:
            in_place(Instead(pattern, lambda asked: SWAPPED[name] if asked == name else asked))

        yield f"{SWAPPED[name]} for {name}", swap


def planted(key: Key, pattern: re.Pattern[str], seen: Seen) -> Callable[[], None]:
    """A change that must be noticed if a change of this pattern is in force at all."""

    def breaks(_: str) -> str:
        raise AssertionError("planted")

    def plant() -> None:
        new: Any = Instead(pattern, breaks)
        put_inline(pattern.pattern, new) if key in seen.inline else put(pattern, new)

    return plant


def works(new: Callable[[], object]) -> bool:
    """Whether what a slip leaves can be compiled."""
    if isinstance(new, partial):
        try:
            re.compile(*new.args)
        except re.error:
            return False
    return True


def look(rule: str, tests: Tests, seen: Seen, most: int) -> None:
    """Try the slips of one rule, and say which nobody noticed."""
    patterns = held(rule)
    for key, found in seen.inline.items():
        if key[0] == rule and len(found) == 1:
            source, flags = next(iter(found))
            patterns[key] = re.compile(source, flags)
        elif key[0] == rule:
            print(f"  not tried: {key[1]} is another pattern each time")
    ways = []
    for key, pattern in patterns.items():
        knowing = seen.knowing(key)
        if not knowing or not tests.notice(planted(key, pattern, seen), knowing):
            print(f"  no test goes through {key[1]}", flush=True)
            continue
        ways += [(key, knowing, what, make) for what, make in slips(key, pattern, seen)]
    chosen = ways
    if len(ways) > most:
        chosen = random.Random(f"{SEED} {rule}").sample(ways, most)
        chosen.sort(key=lambda way: way[0])
    chosen = [way for way in chosen if works(way[3])]
    missed = 0
    for key, knowing, what, make in chosen:
        if not tests.notice(make, knowing):
            missed += 1
            print(f"  not noticed: {key[1]}: {what}", flush=True)
    tried, noticed = len(chosen), len(chosen) - missed
    print(f"{rule}: {len(ways)} slips, {tried} tried, {noticed} noticed", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("rules", nargs="*", help=f"of {', '.join(TESTS)}; all of them if none")
    parser.add_argument("--most", type=int, default=MOST, help=f"slips of one rule ({MOST})")
    parser.add_argument("--list", action="store_true", help="what would be tried, and no more")
    wanted = parser.parse_args()
    rules = [rule for rule in wanted.rules or TESTS if rule in TESTS]
    if wanted.list:
        for rule in rules:
            for key, pattern in held(rule).items():
                print(*key, *(f"  {what}" for what, _ in slips(key, pattern, Seen())), sep="\n")
        return 0

    def work(tests: Tests) -> None:
        seen = tests.seen({key: one for rule in rules for key, one in held(rule).items()})
        assert not seen.failed, f"these fail as it is: {seen.failed}"
        print(f"{len(seen.seconds)} tests, {len(seen.slow)} of them too slow and left out")
        for rule in rules:
            look(rule, tests, seen, wanted.most)

    names = dict.fromkeys(name for rule in rules for name in TESTS[rule])
    Tests([f"tests/handlers/{name}.py" for name in names], work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
