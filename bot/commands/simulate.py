"""`popround simulate`: what if we had twelve helpers, or half of them by text?"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import typer

from bot.commands.terminal import Trouble, amount, note, progress
from bot.simulation.faults import FAULTS
from bot.simulation.life import Life, many
from bot.simulation.parish import NoSuchPlaceError, WhatIf, doors
from bot.simulation.plot import plot

MOST_COLUMNS = 6
"""What-ifs side by side in one table."""

SHOWN = 8
"""Broken promises that are shown of one life."""

REPORTS = (".svg", ".json", ".txt")


@dataclass(frozen=True, slots=True)
class Column:
    """One what-if, and the lives in it."""

    name: str
    given: WhatIf
    lives: tuple[Life, ...]


def simulate(
    given: WhatIf,
    *,
    helpers: str,
    by_text: str,
    yes: str,
    faults: str,
    seed: int,
    seeds: int,
    jobs: int,
    report: Path | None,
    log: Path | None,
    as_json: bool,
) -> int:
    """`popround simulate`."""
    given = replace(given, faults=_faults(faults))
    wanted = _what_ifs(given, helpers, by_text, yes)
    _check(given, wanted, report)
    pairs = [(each, seed + n) for _, each in wanted for n in range(seeds)]
    if log and len(pairs) > 1:
        raise typer.BadParameter("--log is of one life: give one seed, and one of everything else")
    jobs = min(jobs or os.cpu_count() or 1, len(pairs))
    done = 0

    def tell(days: int) -> None:
        nonlocal done
        done += days
        show(done)

    with progress("Living", total=given.days * len(pairs)) as show:
        lives = many(pairs, jobs, tell)
    columns = [
        Column(name, each, tuple(lives[n * seeds : (n + 1) * seeds]))
        for n, (name, each) in enumerate(wanted)
    ]
    words = "\n".join(_table(columns))
    if log:
        log.write_text("\n".join(lives[0].log) + "\n", encoding="utf-8")
    if report:
        report.write_text(_written(report, columns, words), encoding="utf-8")
    typer.echo(json.dumps(_plain(columns)) if as_json else words)
    return _ended(columns)


def _faults(words: str) -> frozenset[str]:
    named = [word.strip().lower() for word in words.split(",") if word.strip()]
    if named == ["all"]:
        return frozenset(FAULTS)
    if unknown := [word for word in named if word not in (*FAULTS, "none")]:
        raise typer.BadParameter(
            f"{unknown[0]} is no fault that can be put in; there are {', '.join(FAULTS)}, all, none"
        )
    return frozenset(named) - {"none"}


def _what_ifs(given: WhatIf, helpers: str, by_text: str, yes: str) -> list[tuple[str, WhatIf]]:
    """Each what-if with its name, in the order in which they were said."""
    counts = _numbers(helpers, "--helpers", 500)
    texts = _numbers(by_text, "--by-text", 100)
    said = _numbers(yes, "--yes", 100)
    made = []
    for count, text, share in product(counts, texts, said):
        parts = [
            amount(count, "helper") if len(counts) > 1 else "",
            f"{text} % by text" if len(texts) > 1 else "",
            f"{share} % say yes" if len(said) > 1 else "",
        ]
        each = replace(given, helpers=count, by_text=text / 100, yes=share / 100)
        if each.yes + each.silent > 1:
            raise typer.BadParameter("--yes and --silent come to more than 100 % of offers")
        made.append((", ".join(filter(None, parts)), each))
    if len(made) > MOST_COLUMNS:
        raise typer.BadParameter(
            f"these are {len(made)} what-ifs; at most {MOST_COLUMNS} at a time"
        )
    return made


def _numbers(words: str, option: str, most: int) -> list[int]:
    pieces = [piece.strip() for piece in words.split(",")]
    if not all(piece.isascii() and piece.isdigit() and int(piece) <= most for piece in pieces):
        raise typer.BadParameter(
            f"{option} takes whole numbers up to {most}, such as 12 or 6,12,24"
        )
    return list(dict.fromkeys(map(int, pieces)))


def _check(given: WhatIf, wanted: Sequence[tuple[str, WhatIf]], report: Path | None) -> None:
    """See that it can be lived and written down, before it takes its time."""
    import random

    if given.check_ins > given.askers:
        raise typer.BadParameter("--check-ins can't be more than --askers: it is a part of them")
    try:
        doors(given.place, random.Random(0))  # noqa: S311 (only whether there are any)
    except NoSuchPlaceError:
        raise typer.BadParameter(
            f"{given.place} is no postcode district or sector of Great Britain (such as HD7 or "
            "HD7 5)"
        ) from None
    if report and report.suffix not in REPORTS:
        raise typer.BadParameter(f"a report's name ends in {', '.join(REPORTS)}")
    if report and not report.parent.is_dir():
        raise Trouble(f"There is no folder {report.parent} to write the report to.")


# What is shown


def _table(columns: Sequence[Column]) -> list[str]:
    given = columns[0].given
    people = [amount(given.askers, "person who asks", "people who ask")]
    if len({column.given.helpers for column in columns}) == 1:
        people.append(amount(given.helpers, "helper"))
    seeds = [life.seed for life in columns[0].lives]
    which = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    lines = [f"{amount(given.days, 'day')} round {given.place}: {', '.join(people)} ({which})", ""]
    rows = [["", *(column.name for column in columns)]] if len(columns) > 1 else []
    rows += [[name, *(_cell(show, column) for column in columns)] for name, show in ROWS]
    rows.append(["Cost of that", *(_cost(column) for column in columns)])
    for title, kind in (
        ("Nobody said yes, because", "unfilled"),
        ("Near, and not asked (times a helper)", "why_not"),
    ):
        counts = [
            sum((Counter(getattr(life.figures, kind)) for life in column.lives), Counter[str]())
            for column in columns
        ]
        found = [reason for reason, _ in sum(counts, Counter[str]()).most_common()]
        if found:
            each = "" if len(seeds) == 1 else ", in all"
            rows += [[""], [f"{title}{each}"]]
            rows += [[f"  {reason}", *(f"{one[reason]:,}" for one in counts)] for reason in found]
    return [*lines, *_aligned(rows), "", *_kept(columns)]


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


Show = Callable[[Life], float | None]

ROWS: tuple[tuple[str, tuple[str, Show]], ...] = (
    ("Asked for", ("{:.0f}", lambda life: life.figures.requests)),
    (
        "Somebody said yes",
        ("{:.0f} %", lambda life: _share(life.figures.filled, life.figures.requests)),
    ),
    (
        "  within the hour",
        ("{:.0f} %", lambda life: _share(life.figures.within_the_hour, life.figures.requests)),
    ),
    ("Minutes to a yes, median", ("{:.0f}", lambda life: life.figures.median_minutes)),
    (
        "Neighbours asked for each yes",
        (
            "{:.1f}",
            lambda life: life.figures.asks / life.figures.filled if life.figures.filled else None,
        ),
    ),
    ("Helpers never asked", ("{:.0f}", lambda life: life.figures.never_asked)),
    (
        "Most that one helper was asked",
        ("{:.0f}", lambda life: max(life.figures.times_asked, default=None)),
    ),
    ("Texts sent", ("{:.0f}", lambda life: life.figures.texts)),
    ("  parts that are paid for", ("{:.0f}", lambda life: life.figures.parts)),
)


def _cell(show: tuple[str, Show], column: Column) -> str:
    """The median of the lives, and from which to which they go."""
    form, of = show
    found = [value for life in column.lives if (value := of(life)) is not None]
    if not found:
        return "-"
    middle = form.format(median(found))
    if len(column.lives) == 1:
        return middle
    bare = form.removesuffix(" %")
    return f"{middle} ({bare.format(min(found))}-{bare.format(max(found))})"


def _cost(column: Column) -> str:
    parts = median(life.figures.parts for life in column.lives)
    return f"{parts * column.given.pence / 100:.2f} pounds at {column.given.pence:g}p a part"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of a table; one with a single cell is a heading, or empty."""
    first = max(len(row[0]) for row in rows if len(row) > 1)
    cells = [row[1:] for row in rows if len(row) > 1]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(first), *(c.rjust(w) for c, w in zip(row[1:], widths, strict=False))]
        ).rstrip()
        for row in rows
    ]


def _kept(columns: Sequence[Column]) -> list[str]:
    lives = [life for column in columns for life in column.lives]
    befell = sum((Counter(life.befell) for life in lives), Counter[str]())
    days = sum(life.days for life in lives)
    seconds = sum(life.seconds for life in lives)
    lines = []
    if befell:
        each = ", ".join(f"{kind} {count:,}" for kind, count in sorted(befell.items()) if count)
        lines.append(f"Faults put in: {sum(befell.values()):,} ({each}).")
    broken = sum(bool(life.wrong) for life in lives)
    held = "Every promise was kept" if not broken else f"Promises were broken in {broken}"
    lines.append(
        f"{held}: {amount(len(lives), 'life', 'lives')}, {amount(days, 'day')}, "
        f"{sum(life.looks for life in lives):,} times looked at; "
        f"{days * 86_400 / seconds:,.0f} times as fast as life."
    )
    if len(lives) == 1:
        lines.append(f"Everything sent and received: {lives[0].mark} (the same each time).")
    return lines


def _ended(columns: Sequence[Column]) -> int:
    """Say what was broken, and how to see it again; the exit code."""
    broken = [(column, life) for column in columns for life in column.lives if life.wrong]
    for column, life in broken[:SHOWN]:
        note(f"Seed {life.seed}: {amount(len(life.wrong), 'promise')} broken.")
        for wrong in life.wrong[:SHOWN]:
            note(f"  {wrong.strip().splitlines()[-1]}")
        note(f"  See it again: {_again(column.given, life.seed)}")
    return 1 if broken else 0


def _again(given: WhatIf, seed: int) -> str:
    """The call that lives the same life."""
    usual = WhatIf()
    said = [
        (name, value)
        for name, field, value in (
            ("days", "days", str(given.days)),
            ("askers", "askers", str(given.askers)),
            ("helpers", "helpers", str(given.helpers)),
            ("organisers", "organisers", str(given.organisers)),
            ("check-ins", "check_ins", str(given.check_ins)),
            ("postcodes", "place", f'"{given.place}"'),
            ("per-week", "per_week", f"{given.per_week:g}"),
            ("yes", "yes", f"{100 * given.yes:.0f}"),
            ("silent", "silent", f"{100 * given.silent:.0f}"),
            ("by-text", "by_text", f"{100 * given.by_text:.0f}"),
            ("no-show", "no_show", f"{100 * given.no_show:.0f}"),
            ("cap", "cap", str(given.cap)),
            ("faults", "faults", ",".join(each for each in FAULTS if each in given.faults)),
        )
        if getattr(given, field) != getattr(usual, field)
    ]
    options = "".join(f" --{name} {value}" for name, value in said)
    return f"popround simulate --seed {seed}{options} --log life.txt"


# What is written


def _written(report: Path, columns: Sequence[Column], words: str) -> str:
    if report.suffix == ".json":
        return json.dumps(_plain(columns), indent=2) + "\n"
    if report.suffix == ".svg":
        return plot(
            [(column.name, [life.figures for life in column.lives]) for column in columns],
            f"{columns[0].given.place}, {amount(columns[0].given.days, 'day')}",
        )
    return words + "\n"


def _plain(columns: Sequence[Column]) -> dict[str, Any]:
    return {
        "what_ifs": [
            {
                "name": column.name,
                "assumed": {
                    **asdict(column.given),
                    "faults": sorted(column.given.faults),
                    "first": column.given.first.isoformat(),
                },
                "lives": [
                    {
                        "seed": life.seed,
                        **asdict(life.figures),
                        "within_the_hour": life.figures.within_the_hour,
                        "median_minutes": life.figures.median_minutes,
                        "never_asked": life.figures.never_asked,
                        "faults": life.befell,
                        "looked_at": life.held,
                        "broken": list(life.wrong),
                        "mark": life.mark,
                    }
                    for life in column.lives
                ],
            }
            for column in columns
        ]
    }
