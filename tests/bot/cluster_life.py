"""What one process of several does otherwise than in life: it keeps a diary, it may have a bug that
was planted, and it looks for news more often.

The diary is the table `diary`, written in the very transaction whose effect it tells of, and a file
of calls to providers, written before each leaves. A kill takes neither back.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partialmethod
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot import app, intake, scheduler, sender
from bot.channels.telegram import TelegramAdapter
from bot.channels.twilio_sms import TwilioAdapter
from handlers.turn import Desk
from storage import due, messages
from storage.database import Transaction
from storage.model import Channel, Due, InboundMessage, OutboundKind, OutboundMessage

RENEWED = 0
"""In the file of calls, in the place of a message: the sending lease was got or renewed."""

DIARY = """
    CREATE TABLE diary (
        id serial PRIMARY KEY, what text, ref text, process integer, began timestamptz
    )
"""
_WRITE = sa.insert(
    sa.table(
        "diary",
        sa.column("what", sa.Text),
        sa.column("ref", sa.Text),
        sa.column("process", sa.Integer),
        sa.column("began", sa.DateTime(timezone=True)),
    )
)


def begin(facts: dict[str, Any], real_lease: float) -> None:
    """Be such a process. Nothing is done where there are no `facts`: `diary` is the file,
    `real` whether leases last as long as in life, `plant` the name of a bug."""
    if not facts:
        return
    app.CATCH_UP_SECONDS = 0.5
    app.Popround.start = partialmethod(app.Popround.start, look_every=0.3)  # type: ignore[assignment,method-assign]
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it is woken before it is done
    if facts.get("real"):
        sender.LEASE_SECONDS = real_lease
    else:
        intake.POLL_LEASE_SECONDS = 3.0
        intake.LOOK_SECONDS = 0.3
    _keep_diary(Path(facts["diary"]))
    if facts.get("plant"):
        PLANTS[facts["plant"]]()


def _keep_diary(calls: Path) -> None:
    receive, handle = intake.router.receive, scheduler.moments.handle

    async def received(desk: Desk, tx: Transaction, now: datetime, message: InboundMessage) -> str:
        ref = f"{message.channel.value} {message.provider_id}"
        await tx.run(_WRITE, {"what": "inbox", "ref": ref, "process": os.getpid(), "began": now})
        return await receive(desk, tx, now, message)

    async def handled(desk: Desk, tx: Transaction, now: datetime, row: Due) -> None:
        ref = f"{row.kind.value} {row.ref} {row.at.isoformat()}"
        await tx.run(_WRITE, {"what": "due", "ref": ref, "process": os.getpid(), "began": now})
        await handle(desk, tx, now, row)

    intake.router.receive = received  # type: ignore[assignment]
    scheduler.moments.handle = handled
    file = os.open(calls, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(channel: Channel, outbox_id: int) -> None:
        line = f"{time.monotonic()} {channel.value} {os.getpid()} {outbox_id}\n"
        os.write(file, line.encode())

    def noting(adapter: type[Any]) -> None:
        send = adapter.send

        async def noted(self: Any, message: OutboundMessage) -> Any:
            if message.kind is not OutboundKind.COMMANDS:
                note(self.channel, message.id)
            return await send(self, message)

        adapter.send = noted

    lease = sender.Sender.lease

    async def leased(self: sender.Sender) -> bool:
        before = self._leased_until
        if (holds := await lease(self)) and self._leased_until != before:
            note(self.channel, RENEWED)
        return holds

    sender.Sender.lease = leased  # type: ignore[method-assign]

    noting(TelegramAdapter)
    noting(TwilioAdapter)


# Bugs


def _no_lease() -> None:
    """Everybody sends."""

    async def lease(self: sender.Sender) -> bool:
        self.holds_lease, self._leased_until = True, float("inf")
        return True

    sender.Sender.lease = lease  # type: ignore[method-assign]


def _no_lane() -> None:
    """Whatever waits is taken, whoever it is from and whatever of theirs is in hand."""
    table, keys = messages.inbox, messages.member_keys
    oldest = (
        sa.select(table, keys.c.wrapped)
        .outerjoin(keys, keys.c.member_id == table.c.member_id)
        .where(table.c.handled_at.is_(None), table.c.attempts < messages.TRIES)
        .order_by(table.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=table)
    )
    messages._oldest_inbound = lambda: oldest


def _not_claimed() -> None:
    """What is due is read, and not locked."""
    claiming = due._soonest()
    claiming._for_update_arg = None


def _taken_by_two() -> None:
    """A message is read, and not locked."""
    claiming = messages._oldest_inbound()
    claiming._for_update_arg = None


def _nobody_polls_alone() -> None:
    """Everybody polls."""

    async def hold(tx: Transaction, name: str, *args: Any, **more: Any) -> bool:
        return True if name.startswith("poll.") else await held(tx, name, *args, **more)

    held = intake.keepsakes.hold
    intake.keepsakes.hold = hold


def _acknowledged_too_soon() -> None:
    """A call is answered before what it brought is on the disk."""
    store = intake.Intake.store

    async def soon(self: intake.Intake, received: Any, cursor: Any = None) -> None:
        if cursor is not None:
            await store(self, received, cursor)
        else:
            with suppress(Exception):
                await store(self, received, cursor)

    intake.Intake.store = soon  # type: ignore[method-assign]


PLANTS: dict[str, Callable[[], None]] = {
    "no lease": _no_lease,
    "no lane": _no_lane,
    "due row not claimed": _not_claimed,
    "message taken by two": _taken_by_two,
    "all poll": _nobody_polls_alone,
    "acknowledged too soon": _acknowledged_too_soon,
}
