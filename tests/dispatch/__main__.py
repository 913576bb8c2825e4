"""Lives the same week under each policy, keeps what came of it, and writes the page."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from bot.commands.terminal import progress
from bot.simulation.life import empty, lived
from bot.simulation.parish import WhatIf
from tests.dispatch.page import pages
from tests.dispatch.policies import POLICIES, Policy, asks_by
from tests.dispatch.same_people import SamePeople, same_people

DOCS = Path(__file__).parents[2] / "docs"
RESULTS = "dispatch/results.json"

TOWN = WhatIf(days=7, askers=45, helpers=36, check_ins=0, per_week=1.0)
SEEDS = 8


@dataclass(frozen=True, slots=True)
class Week:
    """One life under one policy."""

    policy: str
    seed: int
    requests: int
    filled: int
    asks: int
    minutes: tuple[float, ...]
    times_asked: tuple[int, ...]
    times_gone: tuple[int, ...]
    broken: tuple[str, ...]
    """Promises that were not kept, in a sentence each."""
    seconds: float
    """Of processor time."""


def live(policy: Policy, given: WhatIf, seed: int, made: Path) -> tuple[Week, SamePeople]:
    """A week under that policy, and what its people answered."""
    with asks_by(policy), same_people(seed) as same:
        life = lived(given, seed, made)
    figures = life.figures
    week = Week(
        policy.name,
        seed,
        figures.requests,
        figures.filled,
        figures.asks,
        tuple(round(minute, 2) for minute in figures.minutes),
        figures.times_asked,
        figures.times_gone,
        tuple(wrong.strip().splitlines()[-1] for wrong in life.wrong),
        round(life.seconds, 1),
    )
    return week, same


def _week(policy: int, given: WhatIf, seed: int, made: Path) -> Week:
    return live(POLICIES[policy], given, seed, made)[0]


def compare(
    given: WhatIf, seeds: Sequence[int], jobs: int, tell: Callable[[float], None]
) -> dict[str, Any]:
    """Every policy in every seed: what is kept in the results."""
    with tempfile.TemporaryDirectory(prefix="popround-dispatch-") as folder:
        made = Path(folder) / "empty.db"
        asyncio.run(empty(made))
        with ProcessPoolExecutor(jobs) as pool:
            going = [
                pool.submit(_week, number, given, seed, made)
                for seed in seeds
                for number in range(len(POLICIES))
            ]
            try:
                for done, _ in enumerate(as_completed(going), start=1):
                    tell(done)
                weeks = [one.result() for one in going]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    town = {**asdict(given), "faults": sorted(given.faults), "first": given.first.isoformat()}
    return {"town": town, "seeds": list(seeds), "weeks": [asdict(week) for week in weeks]}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.dispatch",
        description="Compare ways to choose whom to ask, in the same town with the same people, "
        "and write docs/dispatch.md with its drawings.",
    )
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the first of them (%(default)s)")
    parser.add_argument("--days", type=int, default=TOWN.days, help="%(default)s")
    parser.add_argument("--askers", type=int, default=TOWN.askers, help="%(default)s")
    parser.add_argument("--helpers", type=int, default=TOWN.helpers, help="%(default)s")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at a time")
    parser.add_argument("--to", type=Path, default=DOCS, help="the folder to write to (docs)")
    parser.add_argument(
        "--page-only", action="store_true", help="write the page from the results that are there"
    )
    said = parser.parse_args(argv)
    if min(said.seeds, said.days, said.helpers, said.askers, said.jobs) < 1:
        parser.error("--seeds, --days, --askers, --helpers and --jobs are 1 at least")
    results = said.to / RESULTS
    if said.page_only:
        if not results.exists():
            parser.error(f"there are no results at {results} yet: leave out --page-only")
        found = json.loads(results.read_text(encoding="utf-8"))
    else:
        given = WhatIf(
            days=said.days,
            askers=said.askers,
            helpers=said.helpers,
            check_ins=TOWN.check_ins,
            per_week=TOWN.per_week,
        )
        seeds = range(said.seed, said.seed + said.seeds)
        with progress("Living", total=len(POLICIES) * len(seeds)) as tell:
            found = compare(given, seeds, said.jobs, tell)
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(_plain(found), encoding="utf-8")
    made = pages(found)
    for name, words in made.items():
        (said.to / name).write_text(words, encoding="utf-8")
    tables = made["dispatch.md"].partition("<!-- tables -->\n")[2].partition("<!-- end -->")[0]
    Console(soft_wrap=True).print(tables, markup=False, highlight=False)


def _plain(found: dict[str, Any]) -> str:
    """A line for each week, so that a change can be read."""
    weeks = ",\n    ".join(json.dumps(week) for week in found["weeks"])
    town = json.dumps(found["town"])
    return (
        f'{{\n  "town": {town},\n  "seeds": {json.dumps(found["seeds"])},\n'
        f'  "weeks": [\n    {weeks}\n  ]\n}}\n'
    )


if __name__ == "__main__":
    main()
