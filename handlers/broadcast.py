"""An organiser tells many: put together in a few short questions, shown, and let go by a code."""

from __future__ import annotations

from dataclasses import replace

from handlers import broadcast_run
from handlers.rules.lifecycle import become
from handlers.turn import Turn, first_name
from storage import broadcasts, members
from storage.model_broadcasts import Broadcast, BroadcastStatus


async def came_due(turn: Turn, broadcast: Broadcast) -> None:
    """A moment of a broadcast has come; it must be locked."""
    if broadcast.status in broadcasts.UNSENT:
        await _forgotten(turn, broadcast)
    else:
        await broadcast_run.go_on(turn, broadcast)


async def _forgotten(turn: Turn, broadcast: Broadcast) -> None:
    """An organiser left it half-way: they hear that nobody has had it."""
    await drop(turn, broadcast)
    organiser = await members.get(turn.tx, broadcast.organiser_id)
    await turn.say(
        organiser,
        "broadcast.forgotten",
        name=first_name(organiser),
        words=broadcast_run.quote(broadcast),
    )


async def drop(turn: Turn, broadcast: Broadcast) -> None:
    """It is not to be sent."""
    status = become(broadcast.status, BroadcastStatus.DROPPED)
    await broadcasts.save(turn.tx, replace(broadcast, status=status, code=""))
