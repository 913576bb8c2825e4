"""One voice to many, as plain frozen facts: see `storage/model.py`, which this is a part of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from storage.model import Channel, Need, Role, aware


class BroadcastStatus(StrEnum):
    """Where a broadcast stands. Legal changes: `handlers/rules/lifecycle.py`."""

    DRAFT = "draft"
    """Being put together in conversation."""
    PREVIEWED = "previewed"
    """Its organiser has seen what it would look like, and has the code that lets it go."""
    DROPPED = "dropped"
    """Never sent: the organiser left it, or said so."""
    SCHEDULED = "scheduled"
    """Let go, for a moment to come. Whom it goes to is settled."""
    RUNNING = "running"
    CALLED_BACK = "called_back"
    DONE = "done"


class Purpose(StrEnum):
    """What a broadcast is, which decides whose consent it needs (ICO, PECR)."""

    SERVICE = "service"
    """News of the group and the place."""
    APPEAL = "appeal"
    """For money or support: marketing, to those only who said yes to appeals."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a broadcast is for. What is left empty leaves nobody out."""

    role: Role | None = None
    areas: tuple[str, ...] = ()
    """Districts (`HD7`) and sectors (`HD7 5`)."""
    cell: int | None = None
    """H3 cell, resolution 9: around which place."""
    km: float = 0.0
    """How far around it, from middle to middle of the cells."""
    place: str = ""
    """What that place was called."""
    language: str = ""
    """Those who are written to in it."""
    need: Need | None = None
    """Those who help with it."""
    silent_in: int | None = None
    """The broadcast that they were asked something in, and did not answer."""


class LeftOut(StrEnum):
    """Why somebody in the audience does not get it: the first that holds."""

    STOPPED = "stopped"
    UNREACHABLE = "unreachable"
    NO_CONSENT = "no_consent"
    LEFT = "left"
    """Since it was let go."""


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Something that an organiser tells many."""

    id: int
    community_id: int
    organiser_id: int
    status: BroadcastStatus
    created_at: datetime
    purpose: Purpose = Purpose.SERVICE
    audience: Audience | None = None
    """None while it has not been said."""
    answers: tuple[str, ...] = ()
    """What people can answer, as it stands on the buttons; none: nothing is asked."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Language to words, in the order they were given. Sealed at rest."""
    settled: tuple[str, ...] = ()
    """What its organiser has been asked, and has answered or passed over."""
    urgent: str = ""
    """Why it may go in the quiet hours, in the organiser's words. Sealed at rest."""
    go_at: datetime | None = None
    """Not before then; none: at once."""
    code: str = ""
    """What must be typed back to let it go. Sealed at rest."""
    code_until: datetime | None = None
    tries: int = 0
    """Wrong codes so far."""
    confirmed_at: datetime | None = None
    fed_at: datetime | None = None
    """When the last recipient was put in the outbox."""
    told_at: datetime | None = None
    """When its progress was last shown."""
    reported_at: datetime | None = None
    replies_told: int = 0
    """Replies that its organiser has heard of."""
    replies_told_at: datetime | None = None
    listed: int = 0
    """People it was settled to go to."""

    def __post_init__(self) -> None:
        for name in ("created_at", "go_at", "code_until", "confirmed_at", "fed_at"):
            aware(getattr(self, name), name)


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a broadcast would go to, counted."""

    by: Mapping[tuple[Channel, str], int]
    """(channel, language) to people."""
    left_out: Mapping[LeftOut, int]

    @property
    def people(self) -> int:
        return sum(self.by.values())

    def on(self, channel: Channel) -> int:
        return sum(count for (each, _), count in self.by.items() if each is channel)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody on the frozen list of a broadcast."""

    id: int
    broadcast_id: int
    member_id: int
    outbox_id: int | None = None
    left_out: LeftOut | None = None
    answer: int | None = None
    """Which of the answers, from 0."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a broadcast has got, in people."""

    listed: int
    """On the frozen list."""
    left_out: Mapping[LeftOut, int]
    """Of these, who may not have it any more."""
    ahead: int
    """Whose turn has not come."""
    waiting: int
    """In the outbox."""
    sent: int
    """Taken by the provider, `delivered` among them."""
    delivered: int
    unsure: int
    """Left, and nobody knows whether it arrived."""
    withdrawn: int
    failed: Mapping[str, int]
    """By the reason, as a word of the catalogues (`reason.REASON`)."""
    parts: int
    """What the texts were charged as."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody wrote back."""

    id: int
    broadcast_id: int
    member_id: int
    at: datetime
    words: str
    """Sealed at rest."""

    def __post_init__(self) -> None:
        aware(self.at, "at")
