"""`popround letters`: what did not arrive, and why. Never to whom or what."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import typer

from bot.clock import RealClock
from bot.commands.database import group_named, ready
from bot.commands.terminal import amount, note, run, say, settings
from handlers import wording
from storage import groups, letters
from storage.model import Community

HEADS = ("Written", "Group", "About", "By", "Why", "Tries")

MOST = 1000
"""Letters in one list."""


def show(group: str, days: int) -> int:
    """`popround letters`."""
    given = settings()
    words = wording.load()

    async def work() -> tuple[int, list[tuple[Community, letters.DeadLetter]]]:
        since = RealClock().now() - timedelta(days=days)
        async with ready(given) as database, database.transaction() as tx:
            asked = [await group_named(tx, group)] if group else await groups.every(tx)
            found: list[tuple[Community, letters.DeadLetter]] = []
            count = 0
            for community in asked:
                more, dead = await letters.dead(tx, community.id, since, MOST)
                count += more
                found += [(community, letter) for letter in dead]
            return count, found

    count, found = run(work())
    found.sort(key=lambda each: each[1].created_at)
    rows = [
        (
            f"{letter.created_at.astimezone(ZoneInfo(community.timezone)):%Y-%m-%d %H:%M}",
            community.name,
            letter.about.replace("_", " ").replace(".", ", ") or "-",
            letter.channel.value,
            words.text("en", f"reason.{letter.reason}"),
            str(letter.tries),
        )
        for community, letter in found
    ]
    if not rows:
        note(f"Nothing is known to have failed in the last {amount(days, 'day')}.")
        return 0
    if not sys.stdout.isatty():
        for row in (HEADS, *rows):
            typer.echo("\t".join(row))
    else:
        _on_terminal(rows)
    if count > len(rows):
        note(f"These are the latest {len(rows):,} of {count:,}.")
    return 0


def _on_terminal(rows: Sequence[tuple[str, ...]]) -> None:
    for written, name, about, channel, why, tries in rows:
        say(f"{written}  {why}", "bold")
        say(f"  {name}, {about} by {channel}, {amount(int(tries), 'try', 'tries')}")
