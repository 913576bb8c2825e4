"""`popround audit`: is the log of who did and saw what as it was written?"""

from __future__ import annotations

from bot.commands.database import ready
from bot.commands.terminal import Trouble, amount, note, progress, run, say, settings
from storage import audit


def verify() -> int:
    """`popround audit verify`."""
    given = settings()

    async def work() -> audit.Verdict:
        async with ready(given) as database, database.transaction() as tx:
            with progress("Looking along the log", total=await audit.chained(tx)) as step:
                return await audit.verify(tx, step)

    found = run(work())
    if found.broken:
        raise Trouble(found.broken)
    say(f"The log is whole: {amount(found.rows, 'row')} chained, as they were written.")
    if found.head:
        say(f"The last one's hash, to be noted down elsewhere: {found.head}")
    if found.waiting:
        note(f"{amount(found.waiting, 'row')} not chained yet; `popround serve` does that.")
    return 0
