"""The what-ifs drawn: how soon somebody says yes, and how evenly helpers are asked. Plain SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bot.simulation.figures import HOUR, Figures

WIDTH, HEIGHT = 860, 380
LEFT, TOP, WIDE, HIGH = 60, 60, 330, 240
"""Of the first of two drawings; the other is as large, beside it."""

BESIDE = 420
HOURS = 4
"""How many hours the first reaches."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#000000")
"""Told apart by nearly everybody, whatever colours they see (Okabe and Ito)."""

DASHES = ("", "7 3", "2 3", "9 3 2 3", "5 2", "1 2")
"""Not by colour alone."""

Named = Sequence[tuple[str, Sequence[Figures]]]


def plot(what_ifs: Named, title: str) -> str:
    """An SVG document."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            'font-family="sans-serif" font-size="12" role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            _text(LEFT, 24, title, "start", 15),
            *_frame(LEFT, "Of what was asked for, somebody said yes", "hours", "%"),
            *_ticks(LEFT, [(n / HOURS, str(n)) for n in range(HOURS + 1)]),
            *_frame(LEFT + BESIDE, "How often each helper was asked", "helpers", "times"),
            *_curves(what_ifs),
            *_bars(what_ifs),
            *_legend(what_ifs),
            "</svg>\n",
        ]
    )


def _curves(what_ifs: Named) -> list[str]:
    lines = []
    for number, (_, lives) in enumerate(what_ifs):
        asked = sum(each.requests for each in lives)
        minutes = sorted(minute for each in lives for minute in each.minutes)
        points = [(0.0, 0.0)]
        for count, minute in enumerate(minutes, start=1):
            if minute > HOURS * HOUR:
                break
            across = minute / (HOURS * HOUR)
            points += [(across, points[-1][1]), (across, count / asked)]
        points.append((1.0, points[-1][1]))
        lines.append(_line(LEFT, points, number))
    return [*lines, *_up(LEFT, [(n / 4, str(25 * n)) for n in range(5)])]


def _bars(what_ifs: Named) -> list[str]:
    """Helpers from the most to the least asked, of all lives: as a line of steps, so that several
    what-ifs can be seen at once."""
    most = max((max(f.times_asked, default=0) for _, lives in what_ifs for f in lives), default=0)
    lines = []
    for number, (_, lives) in enumerate(what_ifs):
        asked = sorted((n for each in lives for n in each.times_asked), reverse=True)
        points = []
        for place, times in enumerate(asked):
            height = times / max(most, 1)
            points += [(place / len(asked), height), ((place + 1) / len(asked), height)]
        if points:
            lines.append(_line(LEFT + BESIDE, points, number))
    scale = [(n / 4, f"{most * n / 4:g}") for n in range(5)]
    ends = [(0.0, "most asked"), (1.0, "least")]
    return [*lines, *_up(LEFT + BESIDE, scale), *_ticks(LEFT + BESIDE, ends)]


def _legend(what_ifs: Named) -> list[str]:
    lines = []
    for number, (name, _) in enumerate(what_ifs):
        x, y = LEFT + number % 3 * 260, TOP + HIGH + 50 + number // 3 * 18
        if name:
            stroke = _stroke(number)
            lines.append(f'<path d="M{x} {y - 4}h24" {stroke}/>' + _text(x + 30, y, name, "start"))
    return lines


def _frame(left: int, title: str, across: str, up: str) -> list[str]:
    return [
        _text(left, TOP - 12, f"{title} ({up})", "start", 13),
        f'<path d="M{left} {TOP}v{HIGH}h{WIDE}" fill="none" stroke="black"/>',
        _text(left + WIDE, TOP + HIGH + 30, across, "end"),
    ]


def _ticks(left: int, marks: Sequence[tuple[float, str]]) -> list[str]:
    return [_text(left + round(at * WIDE), TOP + HIGH + 16, words) for at, words in marks]


def _up(left: int, marks: Sequence[tuple[float, str]]) -> list[str]:
    lines = []
    for at, words in marks:
        y = TOP + HIGH - round(at * HIGH)
        lines.append(f'<path d="M{left} {y}h{WIDE}" stroke="#ddd" fill="none"/>')
        lines.append(_text(left - 6, y + 4, words, "end"))
    return lines


def _line(left: int, points: Sequence[tuple[float, float]], number: int) -> str:
    found = " ".join(f"{left + x * WIDE:.1f},{TOP + HIGH - y * HIGH:.1f}" for x, y in points)
    return f'<polyline points="{found}" {_stroke(number)}/>'


def _stroke(number: int) -> str:
    colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
    return f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash or "none"}"'


def _text(x: int, y: int, words: str, anchor: str = "middle", size: int = 12) -> str:
    where = f'x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}"'
    return f"<text {where}>{escape(words)}</text>"
