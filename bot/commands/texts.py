"""`popround texts`: what a group says in its own words."""

from __future__ import annotations

import sys

import typer

from bot.clock import RealClock
from bot.commands.database import group_named, ready
from bot.commands.terminal import Trouble, amount, listed, note, run, say, settings
from handlers import wording
from handlers.wording.check import Checked, check
from storage import audit, groups
from storage.model import Community


def show(group: str, language: str, part: str) -> int:
    """`popround texts list`: the words of each text, and whose they are."""
    given = settings()
    words = wording.load()

    async def work() -> Community:
        async with ready(given) as database, database.transaction() as tx:
            return await group_named(tx, group)

    community = run(work())
    language = _language(language, community)
    names = [name for name in words.catalogues[wording.FALLBACK] if part.lower() in name]
    if not names:
        raise Trouble(f'No text has "{part}" in its name.')
    for name in names:
        own = community.texts.get(f"{language}:{name}")
        line = own or words.catalogues[language].get(name) or words.catalogues["en"][name]
        whose = "own" if own else "usual"
        if sys.stdout.isatty():
            say(f"{name} ({whose})", "bold" if own else None)
            say(f"    {line}")
        else:
            flat = line.replace("\n", "\\n")
            typer.echo(f"{name}\t{whose}\t{flat}")
    return 0


def put(group: str, language: str, name: str, own: str | None) -> int:
    """`popround texts set` and `reset`."""
    given = settings()
    words = wording.load()
    usual = words.catalogues[wording.FALLBACK].get(name)
    if usual is None:
        raise Trouble(f"There is no text named {name}; `popround texts list` names them all.")
    checked = check(usual, own) if own is not None else None
    if checked and not checked.good:
        raise Trouble(problem(checked, usual))

    async def work() -> None:
        async with ready(given) as database, database.transaction() as tx:
            community = await group_named(tx, group)
            spoken = _language(language, community)
            await groups.set_text(tx, community.id, spoken, name, own)
            now = RealClock().now()
            await audit.note(
                tx,
                now,
                "texts.set" if own is not None else "texts.reset",
                "community",
                community.id,
                community_id=community.id,
                text=name,
                language=spoken,
            )

    run(work())
    if checked:
        say(f"{name} is said in your own words now: {amount(checked.segments, 'part')} at most.")
        if checked.dear:
            note(
                f"{listed([repr(c) for c in checked.dear])} makes a text dearer: 70 letters a part "
                "instead of 160."
            )
    else:
        say(f"{name} is said in the usual words again.")
    return 0


def problem(checked: Checked, usual: str) -> str:
    """Why these words can't be used, in a sentence."""
    if checked.broken:
        return "A { or } is without its other half, or holds more than a name."
    if checked.unknown:
        names = listed([f"{{{name}}}" for name in checked.unknown])
        return f"{names} has no value in this text; the usual words are: {usual}"
    if checked.missing:
        names = listed([f"{{{name}}}" for name in checked.missing])
        return f"{names} must stay in this text; the usual words are: {usual}"
    return f"That would be {checked.segments} parts by text with the longest names; two at most."


def _language(language: str, community: Community) -> str:
    language = language or community.languages[0]
    there = wording.load().languages
    if language not in there:
        raise Trouble(f"There are words in {listed(list(there))}, and none in {language}.")
    return language
