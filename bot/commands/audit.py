"""`popround audit`: who did and saw what; and is the log of it as it was written?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.clock import RealClock
from bot.commands.database import group_named, ready
from bot.commands.person import found
from bot.commands.terminal import Trouble, amount, note, progress, run, say, settings, write
from storage import audit, members
from storage.database import Transaction
from storage.model import Member, Standing

LATELY = timedelta(days=30)
"""So far back the log is shown where nobody says since when."""


def show(group: str, about: str | None, since: str | None) -> int:
    """`popround audit show`: for people, so with names where there still are some. That somebody
    looked is noted as well."""
    given = settings()

    async def work() -> list[str]:
        async with ready(given) as database, database.transaction() as tx:
            community = await group_named(tx, group)
            here = ZoneInfo(community.timezone)
            now = RealClock().now()
            begins = _moment(since, here) if since else now - LATELY
            person = await found(tx, community, about) if about else None
            ident = person.id if person else None
            rows = await audit.between(tx, community.id, begins, ident)
            names: dict[int, str] = {}
            lines = [await _line(tx, row, here, names) for row in rows]
            await audit.note(
                tx,
                now,
                "log_shown",
                "member" if ident else "community",
                ident or community.id,
                community_id=community.id,
                lines=len(rows),
            )
            return lines

    lines = run(work())
    write("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
    if not lines:
        note("Nothing was noted.")
    return 0


def _moment(since: str, here: ZoneInfo) -> datetime:
    try:
        return datetime.fromisoformat(since).replace(tzinfo=here).astimezone(UTC)
    except ValueError:
        raise Trouble(f'"{since}" is no day: write it like 2026-11-20.') from None


async def _line(tx: Transaction, row: dict[str, Any], here: ZoneInfo, names: dict[int, str]) -> str:
    async def who(ident: int | None) -> str:
        if ident is None:
            return ""
        if ident not in names:
            names[ident] = _called(await members.get(tx, ident))
        return names[ident]

    detail = dict(row["detail"])
    to = await who(detail.pop("to", None))
    subject = f"{row['subject']} {row['subject_id'] or ''}".strip()
    if row["subject"] == "member":
        subject = await who(row["subject_id"])
    by = await who(row["actor_id"])
    message = detail.pop("about", {})  # what it was said in
    said_in = " ".join(str(message[name]) for name in ("kind", "ref") if message.get(name))
    told = " ".join(f"{name}={value}" for name, value in detail.items())
    cells = (row["action"], subject, to and f"to {to}", by and f"by {by}", said_in, told)
    return f"{row['at'].astimezone(here):%Y-%m-%d %H:%M}  {'  '.join(filter(None, cells))}"


def _called(member: Member) -> str:
    """A name for the screen: nothing in it moves the cursor."""
    gone = "forgotten" if member.standing is Standing.FORGOTTEN else "no name"
    name = "".join(sign for sign in member.name if sign.isprintable())
    return f"{name or gone} (#{member.id})"


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
