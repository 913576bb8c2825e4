"""What the weeks came to: two tables in docs/dispatch.md, and two drawings beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

from bot.simulation.figures import HOUR, Figures
from bot.simulation.plot import COLOURS, plot

PAGE = Path(__file__).parents[2] / "docs" / "dispatch.md"

Week = Mapping[str, Any]
Weeks = Mapping[str, Sequence[Week]]
"""By policy, Popround's first."""

NEVER = math.inf


def minutes(week: Week) -> float:
    """Until a yes, in the middle of all that was asked for: what had no yes took for ever, or a
    policy would look quick by giving up on the hard ones."""
    never = [NEVER] * (week["requests"] - week["filled"])
    return median([*week["minutes"], *never]) if week["requests"] else NEVER


def within(week: Week) -> float:
    return _share(sum(each <= HOUR for each in week["minutes"]), week["requests"])


def unfilled(week: Week) -> float:
    return _share(week["requests"] - week["filled"], week["requests"])


def asks(week: Week) -> float:
    """For each request that somebody said yes to."""
    return week["asks"] / week["filled"] if week["filled"] else NEVER


def never_asked(week: Week) -> float:
    return _share(week["times_asked"].count(0), len(week["times_asked"]))


def most_asked(week: Week) -> float:
    return float(max(week["times_asked"], default=0))


def by_a_tenth(week: Week) -> float:
    """The share of all visits that the tenth of helpers with the most visits made."""
    gone = week["times_gone"]
    return _share(sum(gone[: math.ceil(len(gone) / 10)]), sum(gone))


def again(week: Week) -> float:
    """The share of visits by somebody who had made one that week."""
    gone = week["times_gone"]
    return _share(sum(gone) - sum(map(bool, gone)), sum(gone))


def _share(part: float, whole: float) -> float:
    return 100 * part / whole if whole else 0.0


MEASURES: tuple[tuple[str, Callable[[Week], float], str], ...] = (
    ("a yes within the hour", within, "{:.0f} %"),
    ("minutes to a yes", minutes, "{:.0f}"),
    ("asks for each visit", asks, "{:.1f}"),
    ("no yes at all", unfilled, "{:.0f} %"),
    ("helpers never asked", never_asked, "{:.0f} %"),
    ("most that one was asked", most_asked, "{:.0f}"),
    ("visits by the busiest tenth", by_a_tenth, "{:.0f} %"),
    ("visits by somebody again", again, "{:.0f} %"),
)


def pages(found: Mapping[str, Any]) -> dict[str, str]:
    """What is written into docs/: by name, its words."""
    weeks: dict[str, list[Week]] = {}
    for week in found["weeks"]:
        weeks.setdefault(week["policy"], []).append(week)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition("<!-- tables -->\n")
    _, _, after = rest.partition("<!-- end -->")
    made = "\n\n".join((_town(found), _table(weeks), _against(weeks)))
    return {
        "dispatch.md": f"{before}<!-- tables -->\n{made}\n<!-- end -->{after}",
        "dispatch/asks-and-minutes.svg": _scatter(weeks),
        "dispatch/soon-and-evenly.svg": plot(
            [(name, [_figures(week) for week in each]) for name, each in weeks.items()],
            "The same weeks under each policy",
        ),
    }


def _town(found: Mapping[str, Any]) -> str:
    town, seeds, weeks = found["town"], found["seeds"], found["weeks"]
    broken = sum(bool(week["broken"]) for week in weeks)
    spent = sum(week["seconds"] for week in weeks)
    kept = "every promise was kept in all of them"
    if broken:
        kept = f"in {broken} of them a promise was broken (which, is in the results)"
    return (
        f"{town['days']} days round {town['place']}, {town['askers']} people who ask and "
        f"{town['helpers']} helpers, seeds {seeds[0]} to {seeds[-1]}: {len(weeks)} lives, "
        f"{sum(week['requests'] for week in weeks):,} requests, {spent / 60:.0f} minutes of "
        f"processor time; {kept}. Each figure is the median of the seeds, with the lowest and the "
        "highest."
    )


def _table(weeks: Weeks) -> str:
    rows = [["", *(name for name, _, _ in MEASURES)], ["---"] * (len(MEASURES) + 1)]
    for name, each in weeks.items():
        rows.append([name, *(_cell(each, of, form) for _, of, form in MEASURES)])
    return _rows(rows)


def _cell(weeks: Sequence[Week], of: Callable[[Week], float], form: str) -> str:
    values = [of(week) for week in weeks]
    bare = form.removesuffix(" %")
    return f"{_said(median(values), form)} ({_said(min(values), bare)}-{_said(max(values), bare)})"


def _said(value: float, form: str) -> str:
    return form.format(value) if math.isfinite(value) else "none"


def _against(weeks: Weeks) -> str:
    """Seed by seed: the same people need the same things, so luck cancels out."""
    (name, ours), *others = weeks.items()
    rows = [
        [
            f"{name} beside",
            "minutes to a yes",
            "sooner in",
            "asks for each visit",
            "fewer in",
            "sooner at no more asks",
        ],
        ["---"] * 6,
    ]
    for other, theirs in others:
        pairs = list(zip(ours, theirs, strict=True))
        assert all(a["seed"] == b["seed"] for a, b in pairs)
        later = [minutes(a) - minutes(b) for a, b in pairs]
        more = [asks(a) - asks(b) for a, b in pairs]
        both = sum(x < 0 and y <= 0 for x, y in zip(later, more, strict=True))
        rows.append(
            [
                other,
                _said(median(later), "{:+.0f}"),
                _of(sum(x < 0 for x in later), pairs),
                _said(median(more), "{:+.1f}"),
                _of(sum(x < 0 for x in more), pairs),
                _of(both, pairs),
            ]
        )
    return _rows(rows)


def _of(count: int, pairs: Sequence[object]) -> str:
    return f"{count} of {len(pairs)}"


def _rows(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _figures(week: Week) -> Figures:
    return Figures(
        requests=week["requests"],
        minutes=tuple(week["minutes"]),
        filled=week["filled"],
        asks=week["asks"],
        times_asked=tuple(week["times_asked"]),
        times_gone=tuple(week["times_gone"]),
        unfilled={},
        why_not={},
        texts=0,
        parts=0,
    )


# Asks against minutes: who is to the left and below another is better in both.

LEFT, TOP, WIDE, HIGH, LEGEND = 60, 50, 420, 300, 520
SHAPES = (
    "M-7 0a7 7 0 1 0 14 0a7 7 0 1 0 -14 0z",
    "M-6 -6h12v12h-12z",
    "M0 -8l7.5 14h-15z",
    "M0 -8l8 8l-8 8l-8 -8z",
    "M0 8l7.5 -14h-15z",
    "M-8 -3h5v-5h6v5h5v6h-5v5h-6v-5h-5z",
)
"""Not by colour alone."""


def _scatter(weeks: Weeks) -> str:
    found = {
        name: (sorted(map(asks, each)), sorted(map(minutes, each))) for name, each in weeks.items()
    }
    most_asks = _round_up(max(min(x[-1], 99) for x, _ in found.values()), 8)
    most_minutes = _round_up(max(min(y[-1], 240) for _, y in found.values()), 20)

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + WIDE * min(x, most_asks) / most_asks,
            TOP + HIGH - HIGH * min(y, most_minutes) / most_minutes,
        )

    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 410" font-family="sans-serif" '
        'font-size="12" role="img">',
        "<title>Asks for each visit, and minutes to a yes, under each policy</title>",
        '<rect width="760" height="410" fill="white"/>',
        f'<text x="{LEFT}" y="24" font-size="15">Minutes to a yes, and what it takes</text>',
        f'<text x="{LEFT}" y="{TOP - 8}">minutes (median)</text>',
        f'<text x="{LEFT + WIDE}" y="{TOP + HIGH + 34}" text-anchor="end">'
        "neighbours asked for each visit</text>",
    ]
    for step in range(5):
        x, y = at(most_asks * step / 4, most_minutes * step / 4)
        lines += [
            f'<path d="M{LEFT} {y:.1f}h{WIDE}" stroke="#ddd" fill="none"/>',
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{most_minutes * step / 4:g}</text>",
            f'<text x="{x:.1f}" y="{TOP + HIGH + 16}" text-anchor="middle">'
            f"{most_asks * step / 4:g}</text>",
        ]
    lines.append(f'<path d="M{LEFT} {TOP}v{HIGH}h{WIDE}" fill="none" stroke="black"/>')
    numbered = list(enumerate(found.items()))
    for number, (name, (xs, ys)) in reversed(numbered):  # ours on top
        colour = COLOURS[number]
        (left, low), (right, high) = at(xs[0], ys[0]), at(xs[-1], ys[-1])
        x, y = at(median(xs), median(ys))
        below = TOP + 20 + 26 * number
        lines += [
            f'<path d="M{left:.1f} {y:.1f}H{right:.1f}M{x:.1f} {low:.1f}V{high:.1f}" '
            f'stroke="{colour}" fill="none" opacity="0.6"/>',
            _shape(number, x, y),
            _shape(number, LEGEND, below),
            f'<text x="{LEGEND + 16}" y="{below + 4}">{escape(name)}</text>',
        ]
    lines.append(
        f'<text x="{LEGEND - 8}" y="{TOP + 200}">Further left: fewer asks.</text>'
        f'<text x="{LEGEND - 8}" y="{TOP + 217}">Further down: sooner.</text>'
        f'<text x="{LEGEND - 8}" y="{TOP + 234}">Lines: from seed to seed.</text>'
    )
    return "\n".join([*lines, "</svg>\n"])


def _shape(number: int, x: float, y: float) -> str:
    return (
        f'<path transform="translate({x:.1f} {y:.1f})" d="{SHAPES[number]}" '
        f'fill="{COLOURS[number]}" stroke="white"/>'
    )


def _round_up(value: float, step: int) -> int:
    return step * max(1, math.ceil(value / step))
