"""The tests of the rules, found once, and run again and again with one thing changed each time.

To start pytest for each of some thousand changes would take days. Here everything is loaded once;
each change is made in a child (a fork), which runs the tests that can notice it, the quickest
first, and ends at the first that fails. Nothing is run in the parent, so that no cache holds what
was worked out before the change.
"""

from __future__ import annotations

import gc
import os
import pickle
import re
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pytest
from _pytest.runner import runtestprotocol

LONGEST_TEST = 0.5
"""Seconds of the processor. What takes longer (a year of check-ins, thousands of messages judged by
percentages) is left out: it would be run for each change that the others miss."""

LONGEST = 60
"""Seconds of the processor for all of them: a changed pattern may never come to an end."""

BROKEN = 3
"""How a child ends in which something else failed than a test."""

Key = tuple[str, str]
"""A rule, and where in it a pattern stands."""


class _TooLongError(BaseException):
    """A test took over LONGEST_TEST. No Exception, so that no test takes it for one of its own."""


@dataclass
class Seen:
    """What the tests went through when nothing was changed."""

    seconds: dict[str, float] = field(default_factory=dict)
    by_test: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))
    methods: dict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    inline: dict[Key, set[tuple[str, int]]] = field(default_factory=lambda: defaultdict(set))
    """Patterns that are written where they are used, by their line."""
    slow: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def knowing(self, key: Key) -> list[str]:
        """The tests that go through a pattern, the quickest first."""
        there = [test for test, keys in self.by_test.items() if key in keys]
        return sorted(there, key=self.seconds.__getitem__)


class Tests:
    """pytest, stopped where it has found the tests and would run them."""

    def __init__(self, files: Sequence[str], work: Callable[[Tests], None]) -> None:
        self._work = work
        self._items: dict[str, pytest.Item] = {}
        call = ["-qq", "-s", "--no-header", "--assert=plain", "-o", "addopts="]
        call += ["-p", "no:xdist", "-p", "no:cacheprovider", "--hypothesis-profile=ci"]
        pytest.main([*call, "-k", "not postgresql and not sqlite", *files], plugins=[self])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = {item.nodeid: item for item in session.items}
        gc.collect()
        gc.freeze()  # or each child would copy all of it
        self._work(self)
        return True

    def seen(self, held: dict[Key, re.Pattern[str]]) -> Seen:
        """Run everything once, and look which test goes through which pattern."""
        with tempfile.TemporaryDirectory() as folder:
            told = Path(folder) / "seen"
            status = _child(lambda: told.write_bytes(pickle.dumps(self._watch(held))) and 0)
            assert status == 0, "the tests could not be watched"
            seen: Seen = pickle.loads(told.read_bytes())
            return seen

    def _watch(self, held: dict[Key, re.Pattern[str]]) -> Seen:
        seen, now = Seen(), [""]
        _watch_the_held(held, seen, now)
        _watch_the_inline(seen, now)
        signal.signal(signal.SIGPROF, _too_long)
        for name, item in self._items.items():
            forget()
            now[0] = name
            began = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, LONGEST_TEST)
            good = _passes(item)
            signal.setitimer(signal.ITIMER_PROF, 0)
            seen.seconds[name] = time.process_time() - began
            if seen.seconds[name] >= 0.9 * LONGEST_TEST:  # the two clocks differ a little
                seen.slow.append(name)
                seen.by_test.pop(name, None)
            elif not good:
                seen.failed.append(name)
        return Seen(
            seen.seconds,
            dict(seen.by_test),
            dict(seen.methods),
            dict(seen.inline),
            seen.slow,
            seen.failed,
        )

    def notice(self, make: Callable[[], object], names: Sequence[str]) -> bool:
        """Whether one of these tests fails once the change is made."""

        def spoil() -> int:
            signal.setitimer(signal.ITIMER_PROF, LONGEST)
            make()
            forget()
            return 0 if all(_passes(self._items[name]) for name in names) else 1

        status = _child(spoil)
        assert status != BROKEN << 8, "the change could not be made"
        return status != 0


def _too_long(*_: object) -> NoReturn:
    raise _TooLongError


def _child(work: Callable[[], int | None]) -> int:
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        if "SEE" not in os.environ:
            os.dup2(nothing, 2)
        status = BROKEN
        try:
            status = int(work() or 0)
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


def _passes(item: pytest.Item) -> bool:
    return not any(one.failed for one in runtestprotocol(item, log=False, nextitem=None))


def rules_loaded() -> Iterator[Any]:
    """Every module of the handlers that is loaded."""
    return (one for name, one in list(sys.modules.items()) if name.startswith("handlers"))


def forget() -> None:
    """Empty every cache of the handlers: what is kept there was worked out before."""
    for module in rules_loaded():
        for value in list(vars(module).values()):
            if not isinstance(value, Instead) and hasattr(value, "cache_clear"):
                value.cache_clear()


def put(old: object, new: object) -> None:
    """Put one thing in another's place, in every module and table that holds it."""
    for module in rules_loaded():
        for name, value in list(vars(module).items()):
            if (changed := _with(value, old, new)) is not value:
                setattr(module, name, changed)


def _with(value: Any, old: object, new: object) -> Any:
    if value is old:
        return new
    if type(value) in (tuple, list):
        inner = [_with(one, old, new) for one in value]
        same = all(one is was for one, was in zip(inner, value, strict=True))
        return value if same else type(value)(inner)
    if type(value) is dict:
        inside = {key: _with(one, old, new) for key, one in value.items()}
        return value if all(inside[key] is value[key] for key in value) else inside
    return value


class Instead:
    """A pattern of which one method is called in place of another; or that tells of each call."""

    def __init__(self, pattern: re.Pattern[str], called: Callable[[str], str]) -> None:
        self._pattern, self._called = pattern, called

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pattern, self._called(name))


def _watch_the_held(held: dict[Key, re.Pattern[str]], seen: Seen, now: list[str]) -> None:
    for key, pattern in held.items():

        def called(name: str, key: Key = key) -> str:
            seen.methods[key].add(name)
            seen.by_test[now[0]].add(key)
            return name

        put(pattern, Instead(pattern, called))


def _watch_the_inline(seen: Seen, now: list[str]) -> None:
    usual = re._compile  # type: ignore[attr-defined]

    def compiled(pattern: Any, flags: int) -> Any:
        where = sys._getframe(2)
        module = where.f_globals.get("__name__", "")
        if isinstance(pattern, str) and module.startswith("handlers.rules."):
            key = (module.rpartition(".")[2], f"line {where.f_lineno}")
            seen.by_test[now[0]].add(key)
            seen.methods[key].add(sys._getframe(1).f_code.co_name)
            seen.inline[key].add((pattern, int(flags)))
        return usual(pattern, flags)

    re._compile = compiled  # type: ignore[attr-defined]


def put_inline(old: str, new: Any) -> None:
    """The same for a pattern that is written where it is used, or compiled later."""
    usual = re._compile  # type: ignore[attr-defined]
    re._compile = lambda pattern, flags: (  # type: ignore[attr-defined]
        new if isinstance(pattern, str) and pattern == old else usual(pattern, flags)
    )
