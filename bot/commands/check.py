"""`popround check`: is everything in place, and if not, what comes next."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bot.channels.base import Finding
from bot.clock import RealClock
from bot.commands.database import address_problem, vault, version_problem
from bot.commands.errors import sentence
from bot.commands.terminal import (
    Trouble,
    amount,
    console,
    listed,
    progress,
    run,
    say,
    settings,
    shown,
)
from bot.settings import PREFIX, Settings, SettingsError
from storage import groups, members, worries
from storage.database import Database, Transaction, open_database, sqlite_file
from storage.model import Role
from storage.vault import Vault

PATIENCE = 30
"""Seconds to wait for a provider, all its questions together."""

EXAMPLE_GROUP = "Marsden Neighbours"


@dataclass(slots=True)
class Step:
    """One thing on the way to a working group."""

    name: str
    goal: str
    """What is done in it, as it follows "Next:"."""
    later: str
    """The command or the word that stands here until its turn comes."""
    findings: list[Finding] = field(default_factory=list)
    """Empty: not looked at, because something before it is missing."""
    to_do: list[str] = field(default_factory=list)
    """What to do, a line each; a line that begins with blanks is to be copied."""

    @property
    def done(self) -> bool:
        return bool(self.findings) and all(
            finding.ok or finding.serving_mends for finding in self.findings
        )


def check() -> int:
    """Look at everything, and say the next thing to do."""
    steps = [
        Step("Settings", "make a file of settings", "a file named .env"),
        Step("Secret key", "put a secret key into .env", "in .env"),
        Step("Telegram or texts", "let the bot be written to", "in .env"),
        Step("Database", "set up the database", "popround migrate"),
        Step(
            "Group",
            "add your group",
            f'popround groups add "{EXAMPLE_GROUP}" --postcodes HD7,HD8',
        ),
        Step(
            "Organiser",
            "invite an organiser (perhaps yourself)",
            f'popround invite --group "{EXAMPLE_GROUP}" --role organiser',
        ),
        Step(
            "Safeguarding",
            "say who hears of worries",
            f'popround invite --group "{EXAMPLE_GROUP}" --role safeguarding',
        ),
    ]
    with progress("Looking"):
        given = _settings(steps[0], steps[1])
        if given is not None:
            run(_look(given, steps))
    _show(steps)
    return 0 if all(step.done for step in steps) else 1


async def _look(given: Settings, steps: list[Step]) -> None:
    _, key, channels, database, group, organiser, keepers = steps
    sealed_with = _key(given, key)
    await _channels(given, channels)
    await _database(given, sealed_with or Vault(secrets.token_urlsafe(32)), database)
    if not (sealed_with and database.done):
        return
    opened = open_database(given.database_url, sealed_with)
    try:
        await _told(database, lambda: _people(opened, key, group, organiser, keepers))
    finally:
        await opened.close()


# Settings


def _settings(step: Step, key: Step) -> Settings | None:
    file = Path(".env")
    try:
        given = settings()
    except SettingsError as error:
        step.findings = [Finding(False, problem) for problem in str(error).splitlines()]
        step.to_do = ["Put that right in .env; .env.example says what each setting is for."]
        return None
    if file.exists():
        step.findings = [Finding(True, "The file .env can be read.")]
    elif any(name.startswith(PREFIX) for name in os.environ):
        step.findings = [Finding(True, "They come from the environment.")]
    else:
        step.findings = [Finding(False, "There are none yet.")]
        step.to_do = [
            f"Make a file named .env in this folder ({Path.cwd()}) with these two lines:",
            f"    {PREFIX}SECRET_KEY={new_key()}",
            f"    {PREFIX}TELEGRAM_TOKEN=",
            KEEP_KEY,
            *GET_TOKEN,
            f"Write the token right after {PREFIX}TELEGRAM_TOKEN= and save the file.",
            OR_TEXTS,
        ]
        return None
    return given


INTO_ENV = "Put this line into .env, in place of the one that begins like it, if there is one:"
KEEP_KEY = (
    "The key was made for you just now. Keep a copy somewhere safe: without it nobody's address "
    "can be read again."
)
GET_TOKEN = [
    "For the token, write /newbot to @BotFather on Telegram (https://t.me/BotFather), and answer "
    "what it asks. It gives you a token like 123456789:AbC...",
]
OR_TEXTS = "Texts through Twilio can come later, or instead: .env.example tells how."


def new_key() -> str:
    """A fresh secret key, to be copied into `.env`."""
    return secrets.token_urlsafe(32)


def _key(given: Settings, step: Step) -> Vault | None:
    try:
        found = vault(given)
    except Trouble:
        what = "It is too short." if given.secret_key else "There is none yet."
        step.findings = [Finding(False, what)]
        step.to_do = [INTO_ENV, f"    {PREFIX}SECRET_KEY={new_key()}", KEEP_KEY]
        return None
    step.findings = [Finding(True, "There is one. Keep a copy somewhere safe.")]
    return found


# Providers


async def _channels(given: Settings, step: Step) -> None:
    if not (given.telegram_token or given.twilio_number):
        step.findings = [Finding(False, "Neither is set up yet.")]
        step.to_do = [
            *GET_TOKEN,
            f"{INTO_ENV[:-1]}, with the token right after it:",
            f"    {PREFIX}TELEGRAM_TOKEN=",
            OR_TEXTS,
        ]
        return
    from bot.app import make_adapters

    for adapter in make_adapters(given, RealClock()):
        try:
            step.findings += await asyncio.wait_for(adapter.check(), PATIENCE)
        except TimeoutError:
            who = adapter.channel.value.capitalize()
            what = f"{who} did not answer in {PATIENCE} seconds."
            step.findings.append(Finding(False, what, "Try again in a few minutes."))
        finally:
            await adapter.close()
    step.to_do = [
        finding.to_do for finding in step.findings if not (finding.ok or finding.serving_mends)
    ]


# Database, groups, organisers


async def _told(step: Step, work: Callable[[], Awaitable[None]]) -> None:
    """Do what needs the database; an error is a finding of this step."""
    try:
        await work()
    except Exception as error:
        what = sentence(error)
        if what is None:
            raise
        step.findings = [Finding(False, what)]
        step.to_do = ["Put that right, and look again."]


async def _database(given: Settings, sealed_with: Vault, step: Step) -> None:
    url = given.database_url
    if problem := address_problem(url):
        step.findings = [Finding(False, problem)]
        step.to_do = ["Put that right, and look again."]
        return
    database = open_database(url, sealed_with)

    async def look() -> None:
        if problem := await version_problem(database):
            step.findings = [Finding(False, problem)]
            older = "run `popround migrate`" in problem
            step.to_do = (
                ["Run this:", "    popround migrate"] if older else ["Install the newer Popround."]
            )
            return
        file = sqlite_file(url)
        where = f"the file {file}" if file else "PostgreSQL"
        step.findings = [Finding(True, f"It is reached ({where}) and of this version.")]

    try:
        await _told(step, look)
    finally:
        await database.close()


async def _people(
    database: Database, key: Step, group: Step, organiser: Step, keepers: Step
) -> None:
    async with database.transaction() as tx:
        await _told(key, lambda: members.try_key(tx))
        if not key.done:
            return
        every = await groups.every(tx)
        if not every:
            group.findings = [Finding(False, "There is none yet.")]
            group.to_do = [
                "Run this, with your group's own name and postcode districts:",
                f"    {group.later}",
            ]
            return
        names = listed([each.name for each in every])
        group.findings = [Finding(True, f"There is {names}.")]
        await _organisers(tx, organiser)
        await _keepers(tx, keepers)


async def _keepers(tx: Transaction, step: Step) -> None:
    """Who hears of worries. The bot can work without, so it does not end in 1 for want of them."""
    for group in await groups.every(tx):
        holders = await members.how_many(tx, group.id, Role.SAFEGUARDING)
        deputies = await members.how_many(tx, group.id, Role.DEPUTY)
        untaken = await worries.how_many_untaken(tx, group.id, RealClock().now() - A_DAY)
        if not (holders or deputies):
            what = f"{group.name} has nobody for safeguarding: a worry goes to its organisers."
        elif holders + deputies == 1:
            what = f"{group.name} has one person for safeguarding: who hears of a worry about them?"
        else:
            what = ""
            there = amount(holders + deputies, "person", "people")
            step.findings.append(Finding(True, f"{group.name} has {there}."))
        if what:
            step.findings.append(Finding(False, what, serving_mends=True))
            role = "deputy" if holders else "safeguarding"
            step.to_do += [
                "Somebody should hear of worries who is no organiser if that can be, and somebody "
                "else if the worry is about them (docs/safeguarding.md). Write SAFEGUARDING and "
                "their name to the bot, or give them a code:",
                f'    popround invite --group "{group.name}" --role {role}',
            ]
        if untaken:
            waits = amount(untaken, "worry waits", "worries wait")
            what = f"{group.name}: {waits} for somebody, since yesterday or longer."
            step.findings.append(Finding(False, what, serving_mends=True))


A_DAY = timedelta(days=1)


async def _organisers(tx: Transaction, step: Step) -> None:
    for group in await groups.every(tx):
        there = await members.how_many(tx, group.id, Role.ORGANISER)
        now = RealClock().now()
        codes = await groups.open_invites(tx, group.id, Role.ORGANISER, now)
        if there:
            step.findings.append(Finding(True, f"{group.name} has {there}."))
        elif codes:
            what = f"A code for {group.name} is out and has not been used."
            step.findings.append(Finding(False, what, serving_mends=True))
            step.to_do = step.to_do or ["Then send the bot the code, and look again."]
        else:
            step.findings.append(Finding(False, f"{group.name} has none yet."))
            step.to_do = [
                "Run this, and send the bot the code that it gives you, once the bot runs:",
                f'    popround invite --group "{group.name}" --role organiser',
            ]


# What is shown


def _show(steps: list[Step]) -> None:
    upcoming = next((step for step in steps if not step.done), None)
    wide = max(len(step.name) for step in steps) + 2
    tick, cross, dot, arrow = shown("✓", "+"), shown("✗", "!"), shown("·", "-"), shown("→", ">")
    for step in steps:
        if not step.findings:
            say(f"{dot} later  {step.name:<{wide}}{step.later}")
        for number, finding in enumerate(step.findings):
            if finding.ok:
                mark, style = f"{tick} fine ", "green"
            elif finding.serving_mends:
                mark, style = f"{dot} soon ", "yellow"
            elif step is upcoming:
                mark, style = f"{arrow} NEXT ", "bold"
            else:
                mark, style = f"{cross} TO DO", "red"
            console().print(mark, style=style, end="")
            say(f"  {step.name if number == 0 else '':<{wide}}{finding.what}")
    if upcoming is None:
        say(f"{arrow} NEXT   {'Start':<{wide}}popround serve", "bold")
    else:
        say(f"{dot} later  {'Start':<{wide}}popround serve")
    _next(steps, upcoming)


def _next(steps: list[Step], upcoming: Step | None) -> None:
    arrow = shown("→", "->")
    say()
    if upcoming is None:
        waiting = [line for step in steps for line in step.to_do]
        say(f"{arrow} Next: start the bot, if it is not running yet.", "bold")
        say()
        say("    popround serve", "bold")
        for line in waiting:
            say()
            say(f"  {line}")
        return
    say(f"{arrow} Next: {upcoming.goal}.", "bold")
    for line in upcoming.to_do:
        if line.startswith("    "):
            say(line, "bold")
        else:
            say(f"\n  {line}")
    say()
    say("  Then run `popround check` again: it leads on from there.")
