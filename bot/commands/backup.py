"""`popround backup`, `restore` and `rotate-key`: keys are kept apart from what they open."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from bot.clock import RealClock
from bot.commands.database import ready, vault
from bot.commands.terminal import (
    PRIVATE,
    Trouble,
    amount,
    private,
    progress,
    run,
    say,
    settings,
    write_private,
)
from storage import keepsakes, keys
from storage.database import sqlite_file
from storage.vault import Vault

KEYS_FILE = "popround-keys.json"


def backup(file: Path, keys_file: Path | None) -> int:
    """`popround backup`."""
    given = settings()
    url = given.database_url
    kept_at = keys_file or file.parent / KEYS_FILE
    if kept_at.absolute() == file.absolute():
        raise Trouble("The keys need a file of their own; that is what keeps them apart.")
    now = RealClock().now()

    async def note_when() -> None:
        async with ready(given) as database, database.transaction() as tx:
            await keepsakes.keep(tx, keys.MADE, now.isoformat())

    async def write_keys() -> None:
        async with ready(given) as database, database.transaction() as tx:
            write_private(kept_at, (await keys.written(tx, RealClock().now())).encode())

    with progress("Backing up"):
        run(note_when())
        source = sqlite_file(url)
        if source is not None:
            _copy(source, file)
        else:
            _dump(url, file)
        # After the rest: whoever joined in between has a key too many, and not one too few.
        run(write_keys())
    say(f"The database is in {file}, without people's keys.")
    say(f"The keys are in {kept_at}. Keep one copy of that file only, and always the latest.")
    return 0


def _copy(source: Path, file: Path) -> None:
    """A copy of a SQLite database without keys, and without the words of what is over: those can
    be sealed with another person's key than that of whom they speak of."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    with open(part, "x", opener=private):
        pass
    here, there = sqlite3.connect(source), sqlite3.connect(part, isolation_level=None)
    try:
        here.backup(there)
        for statement in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA secure_delete=ON",
            "DELETE FROM member_keys",
            "UPDATE outbox SET sealed_message = x'' "
            "WHERE status NOT IN ('queued', 'sending', 'unknown')",
            "UPDATE inbox SET sealed_message = x'' WHERE handled_at IS NOT NULL",
            "DELETE FROM questions WHERE answered_at IS NOT NULL OR closed_at IS NOT NULL",
            "VACUUM",
        ):
            there.execute(statement)
    finally:
        here.close()
        there.close()
    part.replace(file)


def _dump(url: str, file: Path) -> None:
    tool = shutil.which("pg_dump")
    if tool is None:
        raise Trouble("pg_dump is not here; it comes with PostgreSQL's own programs.")
    plain = sa.make_url(url).set(drivername="postgresql")
    call = [tool, "--format=custom", "--exclude-table-data=member_keys", f"--file={file}"]
    environment = {**os.environ, "PGPASSWORD": plain.password or ""}
    address = plain.set(password=None).render_as_string()
    done = subprocess.run([*call, address], env=environment, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise Trouble("pg_dump could not do it; nothing was written that could be relied on.")


def restore(file: Path | None, keys_file: Path) -> int:
    """`popround restore`."""
    given = settings()
    target = sqlite_file(given.database_url)
    text = keys_file.read_text("utf-8")
    copied = False
    if file is not None:
        if target is None:
            raise Trouble("Put the dump back with pg_restore first; then leave FILE out.")
        if target.exists():
            raise Trouble(f"{target} is there already; move it away first.")
        shutil.copyfile(file, target, follow_symlinks=True)
        target.chmod(PRIVATE)
        copied = True

    async def work() -> tuple[int, int]:
        async with ready(given, keys_there=False) as database, database.transaction() as tx:
            return await keys.put_back(tx, text, RealClock().now())

    try:
        with progress("Putting back"):
            known, gone = run(work())
    except BaseException as error:
        if copied and target is not None:
            # Half a restore would look like a whole one.
            for name in (
                target,
                *(target.with_name(target.name + end) for end in ("-wal", "-shm")),
            ):
                name.unlink(missing_ok=True)
        if isinstance(error, keys.NotKeysError):
            raise Trouble(f"{keys_file} {error}.") from None
        raise
    say(f"{amount(known, 'person', 'people')} can be read again.")
    if gone:
        say(f"{amount(gone, 'person', 'people')} asked to be forgotten since, and stay forgotten.")
    return 0


def rotate() -> int:
    """`popround rotate-key`."""
    given = settings()
    if given.old_secret_key is None:
        raise Trouble(
            "Put the key of now into POPROUND_OLD_SECRET_KEY, and a new one into "
            "POPROUND_SECRET_KEY; `popround check` makes one for you."
        )
    if given.secret_key and given.secret_key == given.old_secret_key:
        raise Trouble("POPROUND_SECRET_KEY and POPROUND_OLD_SECRET_KEY are the same.")
    vault(given)
    old = Vault(given.old_secret_key.get_secret_value())

    async def total() -> int:
        async with ready(given, keys_there=False) as database, database.transaction() as tx:
            return await keys.rows_to_rotate(tx)

    async def work(step: Callable[[float], None]) -> None:
        async with ready(given, keys_there=False) as database:
            finished = False
            while not finished:
                async with database.transaction() as tx:
                    finished = await keys.rotate(tx, old, step)

    with progress("Changing the secret key", total=run(total())) as step:
        run(work(step))
    say("Everything is under the new secret key; the old one opens nothing here any more.")
    say("Take POPROUND_OLD_SECRET_KEY out, make a backup, and destroy the older ones.")
    say("Invitation codes that were not used yet are worth nothing now: make new ones.")
    return 0
