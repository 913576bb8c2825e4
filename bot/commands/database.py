"""The database as commands need it: there, of this version, and sealed with this key."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import sqlalchemy as sa

from bot.commands.terminal import Trouble, listed, progress, run, say, settings
from bot.settings import Settings
from storage import groups, keys, members, migrations
from storage.database import Database, Transaction, open_database, open_engine, sqlite_file
from storage.model import Community
from storage.vault import SHORTEST_SECRET, Vault

NOT_SET_UP = "The database has not been set up yet; run `popround migrate`."


def migrate() -> int:
    """`popround migrate`."""
    url = settings().database_url
    if problem := address_problem(url):
        raise Trouble(problem)
    there = (file := sqlite_file(url)) is None or file.exists()
    with progress("Bringing the database to this version"):
        before = run(_version(url)) if there else None
        migrations.upgrade(url)
    if before == migrations.HEAD:
        say(f"The database is up to date (version {before}).")
    elif before:
        say(f"The database went from version {before} to {migrations.HEAD}.")
    else:
        say(f"The database is set up (version {migrations.HEAD}).")
    return 0


async def _version(url: str) -> str | None:
    engine = open_engine(url)
    try:
        return await migrations.current(engine)
    finally:
        await engine.dispose()


async def version_problem(database: Database) -> str | None:
    """Why this database can't be worked with, as one plain sentence; none if it can.

    Raises:
        StorageUnavailableError: if it can't be reached.
    """
    file = sqlite_file(str(database.engine.url))
    if file is not None and not file.exists():
        return NOT_SET_UP  # and asking would make the file
    found, ours = await migrations.current(database.engine), migrations.HEAD
    if found == ours:
        return None
    if found is None:
        return NOT_SET_UP
    versions = f"version {found}; this Popround is made for {ours}"
    if migrations.knows(found):
        return f"The database is older ({versions}); run `popround migrate`."
    return f"The database is newer ({versions}); install the newer Popround."


def address_problem(url: str) -> str | None:
    """Why there can be no database at this address, as one plain sentence; none if there can.

    What SQLite only calls "unable to open" is told apart; a server is not asked.
    """
    try:
        file = sqlite_file(url)
    except (sa.exc.ArgumentError, ValueError):  # ValueError: a port that is no number
        return "POPROUND_DATABASE_URL can't be read; see .env.example for how it is written."
    if file is None:
        return None
    folder = file.absolute().parent
    if not folder.is_dir():
        return f"The folder {folder} for the database isn't there; make it first."
    if file.is_dir():
        return f"{file} is a folder; POPROUND_DATABASE_URL must name a file."
    if not os.access(file if file.exists() else folder, os.W_OK):
        return f"{file} may not be written to by you."
    return None


def vault(given: Settings) -> Vault:
    """The vault of these settings.

    Raises:
        Trouble: if there is no key, or it is too short to be one.
    """
    key = given.secret_key.get_secret_value() if given.secret_key else ""
    if not key:
        raise Trouble("POPROUND_SECRET_KEY is not set; `popround check` makes one for you.")
    if len(key) < SHORTEST_SECRET:
        raise Trouble(
            f"POPROUND_SECRET_KEY must have at least {SHORTEST_SECRET} characters; "
            "`popround check` makes one for you."
        )
    return Vault(key)


@asynccontextmanager
async def ready(given: Settings, *, keys_there: bool = True) -> AsyncIterator[Database]:
    """The database, open and fit to be worked with. Not `keys_there`: people's keys may be those of
    another secret key, or missing, since that is what is to be seen to.

    Raises:
        Trouble: if it is not of this version, or there is no key.
        WrongKeyError: if it was sealed with another key.
        StorageUnavailableError: if it can't be reached.
    """
    sealed_with = vault(given)
    if problem := address_problem(given.database_url):
        raise Trouble(problem)
    database = open_database(given.database_url, sealed_with)
    try:
        if problem := await version_problem(database):
            raise Trouble(problem)
        async with database.transaction() as tx:
            # With a wrong key nobody is found, so everybody would be added once more.
            if keys_there and await keys.unfinished(tx):
                raise Trouble(
                    "The change of the secret key has not come to its end; "
                    "`popround rotate-key` goes on with it."
                )
            if keys_there:
                await members.try_key(tx)
        yield database
    finally:
        await database.close()


async def group_named(tx: Transaction, name: str) -> Community:
    """The group of that name.

    Raises:
        Trouble: if there is none.
    """
    found = await groups.by_name(tx, name)
    if found is not None:
        return found
    others = [f'"{group.name}"' for group in await groups.every(tx)]
    there_is = f"there is {listed(others)}" if others else "add it with `popround groups add`"
    raise Trouble(f'There is no group named "{name}"; {there_is}.')
