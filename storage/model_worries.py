"""Worries, and what became of each: a part of the model in a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storage.model import aware


class WorryStatus(StrEnum):
    """Where a worry stands. Legal changes: `handlers/rules/lifecycle.py`."""

    OPEN = "open"
    """One after another is told, until somebody takes it."""
    TAKEN = "taken"
    CLOSED = "closed"


class Noted(StrEnum):
    """What is written down of a worry, beside its own words."""

    MORE = "more"
    """Whoever told of it wrote more."""
    TOLD = "told"
    """Somebody was told of it."""
    TO_RING = "to_ring"
    """Somebody was asked to ring, and told no more than that."""
    TAKEN = "taken"
    RINGS = "rings"
    """They ring, and know no more than that."""
    RANG = "rang"
    LET_GO = "let_go"
    """Who had it can't see to it any more."""
    NOTE = "note"
    ASKED = "asked"
    """Who has it was asked how it stands."""
    READ = "read"
    """They read what the two of a visit wrote to each other."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Worry:
    """Something that somebody is worried about."""

    id: int
    community_id: int
    member_id: int
    """Who told of it."""
    status: WorryStatus
    created_at: datetime
    words: str = ""
    """What they wrote. Sealed at rest."""
    named: frozenset[int] = frozenset()
    """Who is never told: it may be about them. Sealed at rest."""
    urgent: bool = False
    """It sounds like an emergency: it waits for no morning."""
    step: int = 0
    """Times that somebody was told; of a taken one, times that its holder was asked in vain."""
    next_at: datetime | None = None
    """When its next step is due; of a closed one, when its words go."""
    taken_by: int | None = None

    def __post_init__(self) -> None:
        aware(self.created_at, "created_at")
        aware(self.next_at, "next_at")


@dataclass(frozen=True, slots=True)
class WorryNote:
    """One line of what became of a worry."""

    at: datetime
    what: Noted
    member_id: int | None
    """Who did it, or was told."""
    words: str = ""
    """Sealed at rest, with the key of whoever told of the worry."""

    def __post_init__(self) -> None:
        aware(self.at, "at")
