"""`popround groups`: neighbourhood groups and the areas they serve."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import date, time
from zoneinfo import ZoneInfo

import typer

from bot.clock import RealClock
from bot.commands.database import group_named, ready
from bot.commands.terminal import Trouble, amount, listed, note, run, say, settings
from bot.settings import Settings
from handlers import daily_note, spending
from handlers.rules import timing
from handlers.rules import vetting as rules
from handlers.rules.note import hour_in
from storage import audit, due, groups, members, messages
from storage.database import Transaction
from storage.model import NEIGHBOURLY, Community, DueKind, Member, Need, Role, Vetting
from storage.places import Postcodes, find_imported, normalise

LONGEST_NAME = 40
"""Characters (ours): the name stands in most texts, which are to cost one."""


HEADS = (
    *("Name", "Postcodes", "Time zone", "Languages", "Helpers wait for"),
    *("Askers", "Helpers", "Organisers", "Daily note", "Daily cap"),
    *("Safeguarding holders", "Deputies", "Vetting"),
)


NAMED = (
    *(("asker",), ("helper",), ("organiser",), ("safeguarding holder",)),
    ("deputy", "deputies"),
)
"""What people are called where they are counted, in the order of `Role`."""


def add(
    name: str,
    postcodes: str,
    timezone: str,
    languages: str,
    note_at: str,
    daily_cap: str,
    *,
    approve_helpers: bool,
) -> int:
    """`popround groups add`."""
    group = Community(
        id=0,
        name=_name(name),
        timezone=_timezone(timezone),
        languages=_languages(languages),
        approve_helpers=approve_helpers,
        note_at=_hour(note_at),
        daily_cap=_parts(daily_cap),
    )
    given = settings()

    async def work() -> Community:
        async with ready(given) as database, database.transaction() as tx:
            area = await _area(tx, postcodes)
            try:
                made = await groups.add(tx, replace(group, postcodes=area))
            except groups.NameTakenError:
                raise Trouble(f'There is a group named "{group.name}" already.') from None
            now = RealClock().now()
            await daily_note.plan(tx, now, made)
            await audit.note(tx, now, "groups.add", "community", made.id, community_id=made.id)
            return made

    made = run(work())
    say(f"{made.name} is ready, for {listed(list(made.postcodes))}.")
    say(f'Next: popround invite --group "{made.name}" --role organiser', "bold")
    return 0


def note_at(name: str, hour: str) -> int:
    """`popround groups note`."""
    at = _hour(hour)
    given = settings()

    async def work() -> Community:
        async with ready(given) as database, database.transaction() as tx:
            found = await group_named(tx, name)
            now = RealClock().now()
            await groups.set_note_at(tx, found.id, at)
            await daily_note.plan(tx, now, replace(found, note_at=at))
            await audit.note(tx, now, "note_at", "community", found.id, community_id=found.id)
            return found

    found = run(work())
    if at is None:
        say(f"{found.name}: no daily note any more.")
    else:
        say(f"{found.name}: the daily note comes at {at:%H:%M}, on the group's own clocks.")
    return 0


def cap(name: str, parts: str) -> int:
    """`popround groups cap`."""
    wanted = _parts(parts)
    given = settings()

    async def work() -> Community:
        async with ready(given) as database, database.transaction() as tx:
            found = await group_named(tx, name)
            now = RealClock().now()
            await groups.set_daily_cap(tx, found.id, wanted)
            # What waits at the old cap looks at the new one.
            await messages.release(tx, found.id, spending.CHANNEL, spending.HELD, now)
            ident = found.id
            await audit.note(
                tx, now, "daily_cap", "community", ident, community_id=ident, parts=wanted
            )
            return found

    found = run(work())
    say(f"{found.name}: {_cap_in_words(wanted, given)}.")
    return 0


def vetting(name: str, needs: str) -> int:
    """`popround groups vetting`."""
    wanted = _needs(needs)
    given = settings()

    async def work() -> tuple[Community, int, int]:
        async with ready(given) as database, database.transaction() as tx:
            found = await group_named(tx, name)
            now = RealClock().now()
            await groups.set_vetting(tx, found.id, wanted)
            ident = found.id
            await audit.note(tx, now, "needs_vetting", "community", ident, community_id=ident)
            changed = replace(found, vetting=wanted)
            today = timing.local(now, found).date()
            helpers = await members.with_role(tx, ident, Role.HELPER)
            for helper in helpers:
                # What they may do no more is seen to as soon as the bot runs.
                await due.at(tx, DueKind.VETTING, helper.id, now)
            fit = sum(_fit(helper, changed, today) for helper in helpers)
            return changed, fit, len(helpers)

    group, fit, count = run(work())
    if not group.vetting:
        say(f"{group.name}: nobody needs to be vetted.")
        return 0
    what = listed([f"{need} ({level})" for need, level in group.vetting.items()])
    say(f"{group.name}: who helps with {what} must be vetted.")
    say(f"{fit:,} of {amount(count, 'helper')} may be asked for all that they do.")
    if fit < count:
        note('Say in chat who is: "VETTED Sam Hill enhanced until 31 January 2028".')
    return 0


def _fit(helper: Member, group: Community, today: date) -> bool:
    return all(
        rules.suffices(helper, level, today)
        for need, level in group.vetting.items()
        if need in helper.can_do
    )


def _needs(words: str) -> dict[Need, Vetting]:
    if words.strip().lower() in ("none", "off", ""):
        return {}
    found: dict[Need, Vetting] = {}
    for piece in filter(None, (each.strip() for each in re.split(r"[,;]", words.lower()))):
        need, _, level = (part.strip() for part in piece.partition("="))
        if need not in NEIGHBOURLY or level not in list(Vetting):
            raise typer.BadParameter(
                f"{piece} is not what is needed and how vetted (such as company=enhanced); needs: "
                f"{', '.join(NEIGHBOURLY)}; levels: {', '.join(Vetting)}"
            )
        found[Need(need)] = Vetting(level)
    return found


def _cap_in_words(parts: int | None, given: Settings) -> str:
    usual = parts is None
    parts = given.daily_segments if parts is None else parts
    if not parts:
        return "as many texts a day as it likes"
    cost = ""
    if given.price_per_segment is not None:
        cost = f", which cost {parts * given.price_per_segment / 100:.2f} pounds"
    return f"{amount(parts, 'part')} of texts a day{cost}{' (the usual)' if usual else ''}"


def _parts(words: str) -> int | None:
    words = words.strip().lower()
    if words in ("usual", ""):
        return None
    if words in ("off", "none"):
        return 0
    if not re.fullmatch(r"[0-9]{1,7}", words) or not int(words):
        raise typer.BadParameter(
            f"{words} is no number of parts of texts (such as 500, off, or usual)"
        )
    return int(words)


def show() -> int:
    """`popround groups list`."""
    given = settings()

    async def work() -> list[tuple[str, ...]]:
        async with ready(given) as database, database.transaction() as tx:
            return [
                (
                    group.name,
                    ", ".join(group.postcodes) or "everywhere",
                    group.timezone,
                    ", ".join(group.languages),
                    "an organiser" if group.approve_helpers else "nobody",
                    *[
                        str(await members.how_many(tx, group.id, role))
                        for role in (Role.ASKER, Role.HELPER, Role.ORGANISER)
                    ],
                    f"{group.note_at:%H:%M}" if group.note_at else "off",
                    _cap_in_words(group.daily_cap, given),
                    *[
                        str(await members.how_many(tx, group.id, role))
                        for role in (Role.SAFEGUARDING, Role.DEPUTY)
                    ],
                    ", ".join(f"{need}: {level}" for need, level in group.vetting.items())
                    or "none",
                )
                for group in await groups.every(tx)
            ]

    rows = run(work())
    if not rows:
        note("There is no group yet; add one with `popround groups add`.")
        return 0
    if not sys.stdout.isatty():
        for row in (HEADS, *rows):
            typer.echo("\t".join(row))
        return 0
    for name, postcodes, timezone, languages, approved_by, *people, vetted in rows:
        note_hour, most = people[3:5]
        counts = zip(map(int, [*people[:3], *people[5:]]), NAMED, strict=True)
        say(name, "bold")
        say(f"  {postcodes}; speaks {languages}; {timezone}")
        say(f"  {listed([amount(count, *role) for count, role in counts])}")
        say(f"  new helpers wait for {approved_by}; daily note: {note_hour}")
        say(f"  {most}; vetting: {vetted}")
    return 0


def _hour(words: str) -> time | None:
    if words.strip().lower() in ("off", "none"):
        return None
    found = hour_in(words)
    if found is None:
        raise typer.BadParameter(f"{words} is no hour of the day (such as 8, 18:30 or off)")
    return found


def _name(name: str) -> str:
    tidy = " ".join(name.split())
    if not tidy or not tidy.isprintable():
        raise typer.BadParameter("a group needs a name")
    if len(tidy) > LONGEST_NAME:
        raise typer.BadParameter(
            f"a group's name stands in most texts, so it may have {LONGEST_NAME} letters at most"
        )
    return tidy


async def _area(tx: Transaction, postcodes: str) -> tuple[str, ...]:
    """The districts and sectors named, in their usual form.

    Raises:
        typer.BadParameter: if there is one that is neither.
    """
    found: list[str] = []
    with Postcodes() as bundle:
        for piece in filter(None, (each.strip() for each in re.split(r"[,;]", postcodes))):
            code = bundle.put_right(piece)
            if code is None and await find_imported(tx.connection, piece):
                code = " ".join(piece.upper().split())
            if code is None:
                raise typer.BadParameter(
                    f"{piece} is no postcode district or sector that there is (such as HD7 or "
                    "HD7 5; for Northern Ireland see `popround places import`)"
                )
            if normalise(code):
                raise typer.BadParameter(
                    f"{code} is one street's postcode; give its district ({code.split()[0]}) or "
                    f"its sector ({code[:-2]})"
                )
            found.append(code)
    if not found:
        raise typer.BadParameter("a group needs at least one postcode district, such as HD7")
    return tuple(dict.fromkeys(found))


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise typer.BadParameter(
            f"{name} is no time zone that there is (such as Europe/London)"
        ) from None
    return name


def _languages(words: str) -> tuple[str, ...]:
    from babel.localedata import exists

    from handlers.wording import load

    found = [word.strip().lower() for word in re.split(r"[,;]", words) if word.strip()]
    for word in found:
        if not re.fullmatch(r"[a-z]{2,3}", word) or not exists(word):
            raise typer.BadParameter(f"{word} is no language's letters (such as en or cy)")
    if not found:
        raise typer.BadParameter("a group needs at least one language, such as en")
    there = load().languages
    if missing := [word for word in found if word not in there]:
        note(f"Popround has no words in {listed(missing)} yet, and will write in English instead.")
    return tuple(dict.fromkeys(found))
