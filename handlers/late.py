"""What goes out late: its provider was away, a phone was off, the day's limit was used up, we were.

What has been overtaken by what happened since is not said any more. What was written to be read on
another day says on which, so that its "tomorrow" is the right one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from handlers.rules import timing
from handlers.turn import LEAVES_WITHIN, Desk
from storage import checkins, members, requests
from storage.database import Transaction
from storage.model import (
    Community,
    OccasionStatus,
    OfferStatus,
    OutboundMessage,
    Priority,
    RequestStatus,
    VisitStatus,
)

OF_A_VISIT = frozenset({"found", "taken", "visit", "remind", "on_the_way"})
"""What is about a visit that is going to be made."""

OF_A_SEARCH = frozenset({"nobody_yet", "looking_again"})
"""What is about nobody having been found."""

FOUND_OR_NOT_WANTED = (RequestStatus.FILLED, RequestStatus.DONE, RequestStatus.CANCELLED)


def is_late(message: OutboundMessage, now: datetime) -> bool:
    """Whether a message did not go as soon as it was written; it may have waited for the day. A
    broadcast goes as it was shown to who let it go, however long it takes."""
    return now - message.created_at > LEAVES_WITHIN and message.priority is not Priority.BROADCAST


async def is_overtaken(tx: Transaction, message: OutboundMessage) -> bool:
    """Whether a message is not true any more: the visit it is about is over, somebody was found
    after all, an offer or a check-in has its answer. What happened since was said by itself."""
    kind, ref = message.about.get("kind", ""), message.about.get("ref")
    if not isinstance(ref, int):
        return False
    with suppress(LookupError):  # of what is not kept any more nobody can tell
        if kind in OF_A_VISIT:
            visit = await requests.get_visit(tx, ref)
            return visit.status not in (VisitStatus.ACCEPTED, VisitStatus.ON_THE_WAY)
        if kind in OF_A_SEARCH:
            request = await requests.get(tx, ref)
            return request.status in FOUND_OR_NOT_WANTED
        if kind == "offer":
            offer = await requests.get_offer(tx, ref)
            return offer is not None and offer.status is not OfferStatus.OPEN
        if kind == "check_in":
            occasion = await checkins.occasion(tx, ref)
            return occasion.status in (OccasionStatus.WELL, OccasionStatus.CLOSED)
    return False


async def dated(
    desk: Desk, tx: Transaction, now: datetime, community: Community, message: OutboundMessage
) -> OutboundMessage:
    """A message as it may be read now: one that was to be read on another day says so, once."""
    since = message.created_at + LEAVES_WITHIN
    if not message.wakes:
        since = timing.not_quiet(since, community)
    read, today = (timing.local(moment, community).date() for moment in (since, now))
    if not is_late(message, now) or read >= today or message.about.get("dated"):
        return message
    written = timing.local(message.created_at, community).date()
    to = await members.get(tx, message.member_id) if message.member_id is not None else None
    language = to.language if to else community.languages[0]
    day = desk.wording.day(language, written, today, whole=True)
    return replace(
        message,
        text=desk.wording.text(language, "late", day=day, words=message.text),
        about={**message.about, "dated": True},
    )
