"""`make torture`: towns in which everything goes wrong, seed after seed, beside the long forms of
the tests that kill real processes; and at the end what was done, what held, and what did not."""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from bot.commands.terminal import amount, console, progress
from bot.simulation.life import Life, empty
from tests.bot.cluster import Server
from tests.torture import summary, tally
from tests.torture.lives import on_postgresql, on_sqlite, town_of

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "torture"
"""Where what was said goes; not kept by git."""

ON_POSTGRESQL = 6
"""Of so many lives one is on PostgreSQL, which takes several times as long."""


@dataclass(frozen=True, slots=True)
class Job:
    """Tests in their long form."""

    name: str
    tests: tuple[str, ...]
    minutes: float
    """About as long as they take by themselves: where that is not left, they are not begun."""
    again: bool = False
    """Whether another seed is worth another turn, for as long as there is time."""


JOBS = (
    Job(
        "weeks of a real process, killed at random and at each named point",
        ("tests/simulation/test_killed_week.py", "-k", "random"),
        2.5,
        again=True,
    ),
    Job("several processes, and their database dies", ("tests/bot/test_cluster.py",), 3.0),
    Job("points that are come by in trouble, and a disk that fails", ("tests/torture",), 0.7),
    Job(
        "processes killed as people ask, and in the middle of a broadcast",
        ("tests/bot/test_kill.py", "tests/bot/test_broadcast_kill.py"),
        1.5,
        again=True,
    ),
    Job(
        "weeks in which it dies within",
        ("tests/simulation/test_week.py", "tests/simulation/test_planted.py"),
        1.5,
    ),
    Job("what nobody may learn", ("tests/leaks",), 16.0),
    Job("a year", ("tests/simulation/test_year.py",), 2.0),
)


@dataclass(frozen=True, slots=True)
class Failed:
    """What did not hold, and how to see it again."""

    what: str
    said: tuple[str, ...]
    again: str


@dataclass
class Run:
    """What was done so far."""

    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    lives: Counter[str] = field(default_factory=Counter)
    """By database."""
    days: int = 0
    things: int = 0
    """What was sent and received in them, and what else happened."""
    jobs: list[tuple[str, int, float]] = field(default_factory=list)
    """What was played, with which seed, and for how many seconds."""
    left_out: list[str] = field(default_factory=list)
    befell: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    failed: list[Failed] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    """There is nothing more to be begun."""
    playing: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add(self, database: str, life: Life) -> None:
        """A life was lived."""
        self.lives[database] += 1
        self.days += life.days
        self.things += len(life.log)
        self.befell.update(life.befell)
        self.held.update(life.held)
        if life.wrong:
            again = f"{_python()} -m tests.torture --life {database}:{life.seed}"
            said = tuple(wrong.strip().splitlines()[-1] for wrong in life.wrong)
            self.failed.append(Failed(f"seed {life.seed} on {database}", said, again))


def _python() -> str:
    return os.path.relpath(sys.executable) if ROOT in Path(sys.executable).parents else "python"


# Lives


@contextmanager
def postgresql() -> Iterator[Server]:
    """A server of our own."""
    with tempfile.TemporaryDirectory(prefix="popround-torture-") as folder:
        server = Server(Path(folder))
        try:
            yield server
        finally:
            server.end()


def lived(database: str, seed: int, made: Path | str) -> Life:
    """The life of that seed; `made`: the empty file, or the URL of the empty database."""
    given = town_of(seed)
    if database == "postgresql":
        return on_postgresql(given, seed, str(made))
    return on_sqlite(given, seed, Path(made))


def live(run: Run, seeds: Iterator[int], until: float, processes: int, server: Server) -> None:
    """Seed after seed, so many at a time, until then by the machine's counter."""
    with tempfile.TemporaryDirectory(prefix="popround-torture-") as folder:
        made = Path(folder) / "empty.db"
        asyncio.run(empty(made))
        with ProcessPoolExecutor(processes) as pool:
            going: dict[Future[Life], str] = {}
            while True:
                while len(going) < processes and time.monotonic() < until:
                    seed = next(seeds, None)
                    if seed is None:
                        break
                    database = "sqlite" if seed % ON_POSTGRESQL else "postgresql"
                    where = made if database == "sqlite" else server.new_database()
                    going[pool.submit(lived, database, seed, where)] = database
                if not going:
                    return
                for done in wait(going, return_when=FIRST_COMPLETED).done:
                    run.add(going.pop(done), done.result())


# Tests


def play(run: Run, seed: int, until: float, tell: Any) -> None:
    """Each of the jobs once, and then those again for which another seed is worth it."""
    for turn in count():
        jobs = [job for job in JOBS if turn == 0 or job.again]
        begun = 0
        for job in jobs:
            if (left := until - time.monotonic()) < job.minutes * 60:
                if turn == 0:
                    run.left_out.append(job.name)
                continue
            if run.ended.is_set():
                return
            begun += 1
            seconds = _play(run, job, seed + turn, left)
            tell(f"{job.name}, seed {seed + turn}: {seconds:.0f} s")
        if not begun:
            return


def _play(run: Run, job: Job, seed: int, left: float) -> float:
    began = time.monotonic()
    facts = {
        "POPROUND_TORTURE": "1",
        "POPROUND_SEED": str(seed),
        "POPROUND_TORTURE_SECONDS": str(int(max(60.0, min(240.0, left / 3)))),
    }
    log = BUILD / f"{job.tests[0].replace('/', '.')}.{seed}.log"
    call = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", *job.tests]
    with log.open("wb") as file:
        run.playing[:] = [
            subprocess.Popen(
                call,
                cwd=ROOT,
                env={**os.environ, **facts, tally.FILE: str(BUILD / "tally")},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        ]
        done = run.playing[0].wait()
    seconds = time.monotonic() - began
    run.jobs.append((job.name, seed, seconds))
    if done:
        lines = log.read_text(errors="replace").splitlines()
        said = tuple(line for line in lines if line.startswith(("FAILED", "ERROR"))) or ("?",)
        set_to = " ".join(f"{name}={value}" for name, value in facts.items())
        again = f"{set_to} {_python()} -m pytest -p no:xdist {shlex.join(job.tests)}"
        run.failed.append(Failed(f"{job.name}, seed {seed} ({log.name})", said, again))
    return seconds


# All of it


def torture(minutes: float, seeds: Iterator[int], seed: int, processes: int) -> Run:
    """For about so many minutes, and until what was begun has come to its end."""
    run, began = Run(), time.monotonic()
    until = began + minutes * 60

    def tell(words: str) -> None:
        at = (time.monotonic() - began) / 60
        lived = f"{run.lives.total()} lives, {run.befell.total():,} faults in them"
        console(stderr=True).print(f"{at:5.1f} min  {words}  ({lived}, {len(run.failed)} failed)")

    def now_and_then() -> None:
        while not run.ended.wait(60):
            tell("going on")

    def moves() -> None:
        while not run.ended.wait(1):
            show(time.monotonic() - began)

    with progress("Torture", total=minutes * 60) as show, postgresql() as server:
        telling = threading.Thread(target=now_and_then, daemon=True)
        tests = threading.Thread(target=play, args=(run, seed, until, tell))
        telling.start()
        tests.start()
        bar = threading.Thread(target=moves, daemon=True)
        bar.start()
        try:
            live(run, seeds, until, processes, server)
            tests.join()
        finally:
            run.ended.set()
            for each in run.playing:
                each.send_signal(signal.SIGINT)  # as Ctrl-C would: it ends what it began
            tests.join()
    befell, held = tally.read(BUILD / "tally")
    run.befell.update(befell)
    run.held.update(held)
    return run


def main(argv: Sequence[str] | None = None) -> int:
    """`make torture`; the exit code is 1 if anything failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture",
        description="Everything goes wrong, for so many minutes; says what was done and what held.",
    )
    parser.add_argument("--minutes", type=float, default=60, help="about so many (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the first of them (%(default)s)")
    parser.add_argument("--seeds", type=int, default=0, help="lives at most; 0: as time allows")
    parser.add_argument(
        "--jobs",
        type=int,
        default=max(1, (os.cpu_count() or 2) - 1),
        help="lives at a time, beside the tests (%(default)s)",
    )
    parser.add_argument(
        "--life", metavar="DATABASE:SEED", help="live this one only, and say how it went"
    )
    said = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was begun is ended
    BUILD.mkdir(parents=True, exist_ok=True)
    if said.life:
        return _one(*said.life.split(":"))
    for old in BUILD.iterdir():
        old.unlink()
    seeds = iter(range(said.seed, said.seed + said.seeds)) if said.seeds else count(said.seed)
    run = torture(said.minutes, seeds, said.seed, said.jobs)
    words = summary.of(run)
    (BUILD / "summary.txt").write_text(words, encoding="utf-8")
    console().print(words)
    return 1 if run.failed else 0


def _one(database: str, number: str) -> int:
    seed = int(number)
    if database == "sqlite":
        made = Path(tempfile.mkdtemp(prefix="popround-torture-")) / "empty.db"
        asyncio.run(empty(made))
        life = lived(database, seed, made)
    else:
        with postgresql() as server:
            life = lived(database, seed, server.new_database())
    log = BUILD / f"{database}.{seed}.log"
    log.write_text("\n".join(life.log) + "\n", encoding="utf-8")
    for wrong in life.wrong:
        console().print(wrong)
    console().print(f"{amount(len(life.wrong), 'promise')} broken; all of it is in {log}")
    return 1 if life.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
