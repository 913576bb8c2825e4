"""How well messages are understood: scores by field, confusions, calibration and time.

    python -m tools.score_understanding [FILE.jsonl ...] [--wrong]

Without files: the development set in `shared/` if it is there, and those that are never trained on:
the unseen one, the blind one (five voices unlike the data of then), and the fresh ones (written by
somebody else). Of these look at the totals only: whoever reads their errors tunes to them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

from handlers.rules.understanding import ACT_ABOVE, Meaning, understand

ROOT = Path(__file__).parent.parent
FILES = (
    ROOT / "shared" / "understanding" / "dev.jsonl",
    ROOT.parent / "shared" / "understanding" / "dev.jsonl",
    ROOT.parent.parent / "shared" / "understanding" / "dev.jsonl",
    ROOT / "tests" / "handlers" / "understanding_unseen.jsonl",
    *sorted((ROOT / "tools" / "understanding_data" / "held_out").glob("*.jsonl")),
)
FIELDS = ("intent", "need", "date", "part", "postcode", "for_other", "language")


def said(meaning: Meaning) -> dict:
    """A meaning in the words of LABELS.md."""
    return {
        "intent": meaning.intent.value,
        "need": meaning.need.value if meaning.need else None,
        "emergency": meaning.emergency,
        "date": meaning.date.isoformat() if meaning.date else None,
        "part": meaning.part,
        "postcode": meaning.postcode,
        "for_other": meaning.for_other,
        "language": meaning.language,
    }


def same(field: str, want: dict, got: dict) -> bool:
    """Whether a field is right. In an emergency no need and `medical` count as equal."""
    a, b = want[field], got[field]
    if field == "need" and want["emergency"]:
        a, b = (None if x == "medical" else x for x in (a, b))
    return a == b


def measure(rows: list[dict]) -> dict:
    """Shares right by field, emergencies, calibration, and what went wrong."""
    right: Counter[str] = Counter()
    confused: Counter[tuple[str, str]] = Counter()
    wrong: list[tuple[dict, dict, float]] = []
    acted = acted_wrong = missed = false = 0
    tables: dict[str, Counter[tuple[str, str]]] = {"intent": Counter(), "need": Counter()}
    times = []
    understand("warm up", datetime(2026, 1, 1))  # noqa: DTZ001 (local wall time)
    for row in rows:
        start = time.perf_counter()
        meaning = understand(row["text"], datetime.fromisoformat(row["now"]))
        times.append((time.perf_counter() - start) * 1e6)
        got = said(meaning)
        good = {field: same(field, row, got) for field in FIELDS}
        right.update(field for field, ok in good.items() if ok)
        tables["intent"][row["intent"], got["intent"]] += 1
        tables["need"][str(row["need"] or "-"), str(got["need"] or "-")] += 1
        if not good["intent"]:
            confused[row["intent"], got["intent"]] += 1
        if not good["need"]:
            confused[f"need {row['need']}", str(got["need"])] += 1
        missed += row["emergency"] and not got["emergency"]
        false += got["emergency"] and not row["emergency"]
        if meaning.confidence >= ACT_ABOVE:
            acted += 1
            acted_wrong += not (good["intent"] and good["need"])
        if not all(good.values()) or row["emergency"] != got["emergency"]:
            wrong.append((row, got, meaning.confidence))
    urgent = sum(row["emergency"] for row in rows)
    times.sort()
    return {
        "n": len(rows),
        "right": {field: right[field] / len(rows) for field in FIELDS},
        "emergencies": urgent,
        "missed": missed,
        "recall": 1 - missed / urgent if urgent else 1.0,
        "false": false,
        "false_share": false / ((len(rows) - urgent) or 1),
        "covered": acted / len(rows),
        "acted_wrong": acted_wrong / (acted or 1),
        "confused": confused,
        "tables": tables,
        "wrong": wrong,
        "median_us": statistics.median(times),
        "p99_us": times[min(len(times) - 1, int(len(times) * 0.99))],
    }


def confusion(field: str, table: Counter[tuple[str, str]]) -> str:
    """A table of what was meant (down) against what it was taken for (across); right ones stand in
    brackets."""
    names = sorted({name for pair in table for name in pair})
    wide = max(map(len, names)) + 2
    short = [name[:5] for name in names]
    lines = [f"  {field + ' (down) taken for (across)':<{wide}}"]
    lines.append(" " * (wide + 2) + "".join(f"{name:>6}" for name in short))
    for want in names:
        cells = []
        for got in names:
            n = table[want, got]
            cells.append(f"[{n}]" if n and got == want else str(n or "."))
        lines.append(f"  {want:<{wide}}" + "".join(f"{cell:>6}" for cell in cells))
    return "\n".join(lines)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("files", nargs="*", type=Path)
    arguments.add_argument("--wrong", action="store_true", help="show what was misunderstood")
    asked = arguments.parse_args()
    for path in asked.files or [path for path in FILES if path.exists()]:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
        found = measure(rows)
        print(f"{path.name}: {found['n']} messages")
        print("  " + "  ".join(f"{field} {share:.1%}" for field, share in found["right"].items()))
        print(
            f"  emergencies: {found['emergencies'] - found['missed']} of {found['emergencies']} "
            f"seen"
            f" ({found['recall']:.1%}), {found['false']} false alarms ({found['false_share']:.1%})"
        )
        print(
            f"  sure enough to act (>= {ACT_ABOVE}): {found['covered']:.1%},"
            f" of them wrong {found['acted_wrong']:.1%}"
        )
        print(f"  time a message: median {found['median_us']:.0f} us, p99 {found['p99_us']:.0f} us")
        for field, table in found["tables"].items():
            print(confusion(field, table))
        if asked.wrong:
            for row, got, sure in found["wrong"]:
                off = {
                    field: f"{row[field]}->{got[field]}"
                    for field in (*FIELDS, "emergency")
                    if row[field] != got[field]
                }
                print(f"    {sure:.2f} {off} {row['now']} {row['text']!r}")


if __name__ == "__main__":
    main()
