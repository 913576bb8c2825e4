"""What went wrong, as one plain sentence. Only looked at when something did."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.exc import SQLAlchemyError

from bot.commands.terminal import Trouble
from bot.settings import SettingsError
from storage.database import StorageUnavailableError
from storage.migrations import MigrationError
from storage.places import NotPlacesError, PostcodeFileError
from storage.vault import WrongKeyError

OWN = (Trouble, SettingsError, MigrationError, NotPlacesError, PostcodeFileError)
"""Errors whose message is a plain sentence already."""

WRONG_KEY = "The database was made with another POPROUND_SECRET_KEY; put that one into .env."

DATABASE = (
    # Part of what a driver says, in small letters, and what that means to a person.
    ("locked", "Another program is busy with the database; try again in a minute."),
    ("unable to open", "The database file can't be opened; see POPROUND_DATABASE_URL."),
    ("readonly", "The database file may not be written to by you."),
    ("not a database", "The file that POPROUND_DATABASE_URL names is not a database."),
    ("disk is full", "There is no room left on the disk; nothing was kept."),
    ("disk i/o", "The disk that the database is on has failed; nothing was kept."),
    ("password authentication", "The database server refuses the name or the password that "
     "POPROUND_DATABASE_URL gives."),
    ("does not exist", "The database server knows no such database or name; see "
     "POPROUND_DATABASE_URL."),
    ("too many", "The database server is busy with too many others; try again in a minute."),
)  # fmt: skip

UNREACHED = (
    "The database can't be reached; see that it runs, and that POPROUND_DATABASE_URL is right."
)


def sentence(error: BaseException) -> str | None:
    """What to tell a person about an error, or none if it is one that nobody foresaw."""
    if isinstance(error, OWN):
        return str(error)
    if isinstance(error, WrongKeyError):
        return WRONG_KEY
    if isinstance(error, StorageUnavailableError | SQLAlchemyError):
        said = " ".join(str(each).lower() for each in _causes(error))
        known = next((ours for theirs, ours in DATABASE if theirs in said), None)
        return known or (UNREACHED if isinstance(error, StorageUnavailableError) else None)
    if isinstance(error, OSError) and error.strerror:
        what = f"{error.filename} can't be used" if error.filename else "It could not be written"
        return f"{what}: {error.strerror}."
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
