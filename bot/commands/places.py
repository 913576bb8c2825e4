"""`popround places import`: where postcodes are that the bundle doesn't have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from bot.commands.database import ready
from bot.commands.terminal import Trouble, amount, note, progress, run, say, settings
from storage import places
from storage.places import BadRow, ImportedPlace, PlacesReader, read_places

SHOWN = 5
"""Bad rows that are told; the rest is counted."""


def bring_in(file: Path) -> int:
    """`popround places import`."""
    given = settings()
    if not file.exists():
        raise Trouble(f"There is no file {file}.")
    reader = read_places(file)
    bad: list[BadRow] = []

    async def work(step: Callable[[float], None]) -> None:
        async with ready(given) as database, database.transaction() as tx:
            await places.add(tx.connection, _good(reader, bad, step))

    with progress(f"Importing {file.name}", total=reader.bytes_total) as step:
        run(work(step))
    for each in bad:
        note(f"{each}.")
    if reader.bad > len(bad):
        note(f"... and {amount(reader.bad - len(bad), 'bad row')} more.")
    if not reader.good:
        raise Trouble(f"Nothing could be read from {file}.")
    say(f"{amount(reader.good, 'place')} imported from {file.name}.")
    for why, count in sorted(reader.skipped.items()):
        say(f"{amount(count, 'row')} left out: {why}.")
    if reader.bad:
        say(f"{amount(reader.bad, 'bad row')} left out.")
    return 0


def _good(
    reader: PlacesReader, bad: list[BadRow], step: Callable[[float], None]
) -> Iterator[ImportedPlace]:
    """The places, while the first bad rows are put aside."""
    for number, each in enumerate(reader):
        if isinstance(each, BadRow):
            if len(bad) < SHOWN:
                bad.append(each)
        else:
            yield each
        if number % 1000 == 0:
            step(reader.bytes_read)
