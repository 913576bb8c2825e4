"""Facts for tests, with everything filled in that a test does not care about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from storage import groups, members
from storage.database import Transaction
from storage.model import (
    NEIGHBOURLY,
    Address,
    Channel,
    Community,
    HelpRequest,
    InboundKind,
    InboundMessage,
    Member,
    Need,
    OutboundKind,
    OutboundMessage,
    Priority,
    RequestStatus,
    Role,
    Standing,
)

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)  # a Tuesday morning
CELL = 0x89194E642C3FFFF
"""Where these people live: a place in England, far from Marsden."""

MARSDEN = 617437507977740287
"""The cell of HD7 5AB."""

ROSA = "+447700900123"


def helper(**facts: Any) -> Member:
    """Somebody near who does anything."""
    usual: dict[str, Any] = {
        "id": 0,
        "community_id": 1,
        "standing": Standing.ACTIVE,
        "name": "Sam Hill",
        "roles": frozenset({Role.HELPER}),
        "cell": CELL,
        "area": "HD7 5",
        "can_do": frozenset(NEIGHBOURLY),
    }
    return Member(**{**usual, **facts})


def asker(**facts: Any) -> Member:
    """Somebody who may ask."""
    usual = {
        "name": "Rosa Lee",
        "roles": frozenset({Role.ASKER}),
        "can_do": frozenset(),
        "home": "2 Mill Row",
        "postcode": "HD7 5AB",
    }
    return helper(**{**usual, **facts})


def request(**facts: Any) -> HelpRequest:
    """Milk, wanted."""
    usual: dict[str, Any] = {
        "id": 0,
        "community_id": 1,
        "asker_id": 1,
        "status": RequestStatus.OPEN,
        "created_at": NOW,
        "need": Need.SHOPPING,
        "words": "i need some milk",
    }
    return HelpRequest(**{**usual, **facts})


def inbound(ident: str = "SM1", **facts: Any) -> InboundMessage:
    """A text from Rosa."""
    usual: dict[str, Any] = {
        "channel": Channel.SMS,
        "provider_id": ident,
        "chat": ROSA,
        "sender": facts.get("chat", ROSA),
        "kind": InboundKind.TEXT,
        "text": "hello",
    }
    return InboundMessage(**{**usual, **facts})


def outbound(**facts: Any) -> OutboundMessage:
    """A text to Rosa."""
    usual: dict[str, Any] = {
        "id": 0,
        "channel": Channel.SMS,
        "chat": ROSA,
        "kind": OutboundKind.TEXT,
        "priority": Priority.REPLY,
        "text": "Hello Rosa.",
        "created_at": NOW,
        "wakes": True,
    }
    return OutboundMessage(**{**usual, **facts})


async def group(tx: Transaction, **facts: Any) -> Community:
    """A group to be in."""
    return await groups.add(
        tx, Community(0, **{"name": "Marsden Neighbours", "money_cap": 0, **facts})
    )


async def joined(tx: Transaction, member: Member, *at: Address) -> Member:
    """That member, kept."""
    return await members.add(tx, member, *at)
