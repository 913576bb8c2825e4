"""Requests for help, the offers made of them, and the visits that come of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from storage.database import Transaction
from storage.model import (
    DueKind,
    HelpRequest,
    Need,
    Offer,
    OfferStatus,
    RequestStatus,
    Visit,
    VisitStatus,
)
from storage.ready import Row, among
from storage.schema import LIVE_VISIT, offers, requests, visits
from storage.vault import Seal

UNSETTLED = (RequestStatus.OPEN, RequestStatus.HANDED, RequestStatus.FILLED)
"""Requests that are still owed something."""

OVER = (RequestStatus.DONE, RequestStatus.CANCELLED, RequestStatus.CLOSED)


async def add(tx: Transaction, request: HelpRequest) -> HelpRequest:
    """Keep a new request (its `id` is ignored)."""
    ident = await tx.add(requests, **_request_values(await tx.key_of(request.asker_id), request))
    return await get(tx, ident)


async def save(tx: Transaction, request: HelpRequest) -> HelpRequest:
    """Keep a request as it is now: of what was read in this transaction, what has changed."""
    before = tx.read.get(("requests", request.id))
    values = _request_values(await tx.key_of(request.asker_id), request)
    if before is not None:
        names = [n for n in HelpRequest.__slots__ if getattr(before, n) != getattr(request, n)]
        if "asker_id" in names:  # another person's from now on, and under another key
            names.append("words")
        values = {name: values[name] for name in (_COLUMN.get(n, n) for n in names)}
    if values:
        await tx.change(requests, request.id, **values)
        tx.read["requests", request.id] = request
    return request


_COLUMN = {"words": "sealed_words"}


async def get(tx: Transaction, ident: int, *, lock: bool = False) -> HelpRequest:
    """A request that must exist. `lock`: nobody else decides about it until this commits; it is by
    this lock that the first acceptance wins."""
    row = await tx.row(requests, lock=lock, id=ident)
    if row is None:
        raise LookupError(f"no request {ident}")
    return (await _requests(tx, [row]))[0]


async def of_asker(
    tx: Transaction, asker_id: int, statuses: Iterable[RequestStatus] = UNSETTLED
) -> list[HelpRequest]:
    """An asker's requests in these states, the newest first."""
    values = {"asker": asker_id, "statuses": [status.value for status in statuses]}
    return await _requests(tx, (await tx.run(_of_asker(), values)).rows)


@cache
def _of_asker() -> sa.Select[Any]:
    return (
        sa.select(requests)
        .where(
            requests.c.asker_id == sa.bindparam("asker", type_=requests.c.asker_id.type),
            among(requests.c.status, "statuses"),
        )
        .order_by(requests.c.id.desc())
    )


async def of_community(
    tx: Transaction, community_id: int, statuses: Iterable[RequestStatus] = UNSETTLED
) -> list[HelpRequest]:
    """A group's requests in these states, the oldest first."""
    rows = await tx.all(
        sa.select(requests)
        .where(
            requests.c.community_id == community_id,
            requests.c.status.in_([s.value for s in statuses]),
        )
        .order_by(requests.c.id)
    )
    return await _requests(tx, rows)


# Offers


async def add_offer(
    tx: Transaction, request_id: int, member_id: int, wave: int, reason: str, now: datetime
) -> Offer:
    """Note that somebody is being asked."""
    return (await add_offers(tx, request_id, {member_id: reason}, wave, now))[0]


async def add_offers(
    tx: Transaction, request_id: int, reasons: Mapping[int, str], wave: int, now: datetime
) -> list[Offer]:
    """Note that these are being asked, each for a reason; in this order."""
    status = OfferStatus.OPEN
    idents = await tx.add_all(
        offers,
        [
            {
                "request_id": request_id,
                "member_id": member_id,
                "wave": wave,
                "status": status.value,
                "reason": reason,
                "created_at": now,
            }
            for member_id, reason in reasons.items()
        ],
    )
    return [
        Offer(ident, request_id, member_id, wave, status, reason, now)
        for ident, (member_id, reason) in zip(idents, reasons.items(), strict=True)
    ]


async def get_offer(tx: Transaction, ident: int) -> Offer | None:
    row = await tx.row(offers, id=ident)
    return _offer(row) if row else None


async def offer_to(tx: Transaction, request_id: int, member_id: int) -> Offer | None:
    row = await tx.row(offers, request_id=request_id, member_id=member_id)
    return _offer(row) if row else None


async def offers_of(tx: Transaction, request_id: int) -> list[Offer]:
    return [_offer(row) for row in await tx.rows(offers, request_id=request_id)]


async def answer_offer(
    tx: Transaction, offer_id: int, status: OfferStatus, now: datetime | None
) -> None:
    await tx.change(offers, offer_id, status=status.value, answered_at=now)


async def drop_offers(tx: Transaction, request_id: int) -> list[Offer]:
    """Mark the offers that are still open as taken; which they were."""
    rows = (await tx.run(_dropping(), {"of_request": request_id})).rows
    return sorted((_offer(row) for row in rows), key=lambda offer: offer.id)


@cache
def _dropping() -> sa.Executable:
    this = offers.c.request_id == sa.bindparam("of_request", type_=offers.c.request_id.type)
    return (
        sa.update(offers)
        .where(this, offers.c.status == OfferStatus.OPEN.value)
        .values(status=OfferStatus.TAKEN.value)
        .returning(offers)
    )


# Visits


async def add_visit(
    tx: Transaction, request: HelpRequest, helper_id: int, word: str, due: datetime, now: datetime
) -> Visit:
    """Note that somebody is going. The database refuses a second live visit for one request."""
    ident = await tx.add(
        visits,
        request_id=request.id,
        helper_id=helper_id,
        asker_id=request.asker_id,
        status=VisitStatus.ACCEPTED.value,
        sealed_code_word=(await tx.key_of(request.asker_id)).seal(word),
        due_at=due,
        created_at=now,
    )
    return await get_visit(tx, ident)


async def get_visit(tx: Transaction, ident: int, *, lock: bool = False) -> Visit:
    row = await tx.row(visits, lock=lock, id=ident)
    if row is None:
        raise LookupError(f"no visit {ident}")
    return (await visits_from(tx, [row]))[0]


async def set_visit(
    tx: Transaction, visit_id: int, status: VisitStatus, over_at: datetime | None = None
) -> None:
    """Where a visit stands now, and since when it is over if it is. Nobody is reminded of one that
    has begun, or is over."""
    await tx.change(visits, visit_id, status=status.value, over_at=over_at)
    if status is not VisitStatus.ACCEPTED:
        await remind_at(tx, visit_id, dict.fromkeys(REMINDER.values()))


REMINDER = {
    DueKind.REMIND_EVE: "remind_eve_at",
    DueKind.REMIND: "remind_at",
    DueKind.REMIND_ASKER: "remind_asker_at",
}
"""Where a visit keeps the moment of each reminder."""


async def remind_at(tx: Transaction, visit_id: int, moments: Mapping[str, datetime | None]) -> None:
    """When reminders of a visit are to be said, by the column (`REMINDER`); none: not any more."""
    await tx.change(visits, visit_id, **moments)


async def live_visit(tx: Transaction, request_id: int) -> Visit | None:
    """The visit under way for a request."""
    row = await tx.one_with(_live("request_id"), whose=request_id)
    return (await visits_from(tx, [row]))[0] if row else None


@cache
def _live(column: str) -> sa.Select[Any]:
    """The visits under way of which that column is `whose`, the newest first."""
    this = visits.c[column] == sa.bindparam("whose", type_=visits.c[column].type)
    found = sa.select(visits).where(this, visits.c.status.in_(LIVE_VISIT))
    return found.order_by(visits.c.id.desc())


async def filled_by_nobody(tx: Transaction, most: int) -> list[int]:
    """Requests that count as filled and have no visit under way: there should be none."""
    going = sa.exists().where(visits.c.request_id == requests.c.id, visits.c.status.in_(LIVE_VISIT))
    rows = await tx.all(
        sa.select(requests.c.id)
        .where(requests.c.status == RequestStatus.FILLED.value, ~going)
        .order_by(requests.c.id)
        .limit(most)
    )
    return [row["id"] for row in rows]


async def live_visits(
    tx: Transaction, *, helper_id: int | None = None, asker_id: int | None = None
) -> list[Visit]:
    """The visits under way by a helper or to an asker, the newest first."""
    column, whose = ("helper_id", helper_id) if helper_id else ("asker_id", asker_id)
    rows = await tx.run(_live(column), {"whose": whose})
    return await visits_from(tx, rows.rows)


async def between(tx: Transaction, one: int, other: int) -> list[Visit]:
    """The latest visits of two members to each other, the newest first."""
    rows = await tx.run(_between(), {"one": one, "other": other})
    return await visits_from(tx, rows.rows)


@cache
def _between() -> sa.Select[Any]:
    one = sa.bindparam("one", type_=visits.c.helper_id.type)
    other = sa.bindparam("other", type_=visits.c.helper_id.type)
    return (
        sa.select(visits)
        .where(
            sa.or_(
                sa.and_(visits.c.helper_id == one, visits.c.asker_id == other),
                sa.and_(visits.c.helper_id == other, visits.c.asker_id == one),
            )
        )
        .order_by(visits.c.id.desc())
        .limit(5)
    )


async def open_offers_to(tx: Transaction, member_id: int) -> list[Offer]:
    """What a helper has been asked and has not answered, the oldest first."""
    rows = await tx.all(
        sa.select(offers)
        .where(offers.c.member_id == member_id, offers.c.status == OfferStatus.OPEN.value)
        .order_by(offers.c.id)
    )
    return [_offer(row) for row in rows]


async def is_offered(tx: Transaction, helper_id: int, asker_id: int) -> bool:
    """Whether a helper is being asked for something that this asker needs."""
    found = await tx.one_with(_is_offered(), helper=helper_id, asker=asker_id)
    return found is not None


@cache
def _is_offered() -> sa.Select[Any]:
    return (
        sa.select(offers.c.id)
        .join(requests, requests.c.id == offers.c.request_id)
        .where(
            offers.c.member_id == sa.bindparam("helper", type_=offers.c.member_id.type),
            offers.c.status == OfferStatus.OPEN.value,
            requests.c.asker_id == sa.bindparam("asker", type_=requests.c.asker_id.type),
        )
        .limit(1)
    )


async def visits_of(tx: Transaction, request_id: int) -> Sequence[Visit]:
    """Every visit that a request has had, the oldest first."""
    return await visits_from(tx, await tx.rows(visits, request_id=request_id))


def _request_values(key: Seal, request: HelpRequest) -> dict[str, Any]:
    return {
        "community_id": request.community_id,
        "asker_id": request.asker_id,
        "status": request.status.value,
        "need": request.need.value if request.need else "",
        "also": ",".join(request.also),
        "sealed_words": key.seal(request.words),
        "day": request.day,
        "also_days": ",".join(day.isoformat() for day in request.also_days),
        "part": request.part,
        "for_other": request.for_other,
        "wave": request.wave,
        "urgent": request.urgent,
        "promised_at": request.promised_at,
        "handler_id": request.handler_id,
        "misses": request.misses,
        "schedule_id": request.schedule_id,
        "lapsed_at": request.lapsed_at,
        "created_at": request.created_at,
    }


async def _requests(tx: Transaction, rows: Sequence[Row]) -> list[HelpRequest]:
    await tx.load_keys(row["asker_id"] for row in rows)
    return [_request(tx, row) for row in rows]


def _request(tx: Transaction, row: Row) -> HelpRequest:
    request = HelpRequest(
        id=row["id"],
        community_id=row["community_id"],
        asker_id=row["asker_id"],
        status=RequestStatus(row["status"]),
        created_at=row["created_at"],
        need=Need(row["need"]) if row["need"] else None,
        also=tuple(Need(word) for word in row["also"].split(",") if word),
        words=tx.keys[row["asker_id"]].open(row["sealed_words"]),
        day=row["day"],
        also_days=tuple(date.fromisoformat(day) for day in row["also_days"].split(",") if day),
        part=row["part"],
        for_other=row["for_other"],
        wave=row["wave"],
        urgent=row["urgent"],
        promised_at=row["promised_at"],
        handler_id=row["handler_id"],
        misses=row["misses"],
        schedule_id=row["schedule_id"],
        lapsed_at=row["lapsed_at"],
    )
    tx.read.setdefault(("requests", request.id), request)
    return request


def _offer(row: Row) -> Offer:
    return Offer(
        id=row["id"],
        request_id=row["request_id"],
        member_id=row["member_id"],
        wave=row["wave"],
        status=OfferStatus(row["status"]),
        reason=row["reason"],
        created_at=row["created_at"],
        answered_at=row["answered_at"],
    )


async def visits_from(tx: Transaction, rows: Sequence[Row]) -> list[Visit]:
    """Visits as they stand in these rows."""
    await tx.load_keys(row["asker_id"] for row in rows)
    return [_visit(tx.keys[row["asker_id"]], row) for row in rows]


def _visit(key: Seal, row: Row) -> Visit:
    return Visit(
        id=row["id"],
        request_id=row["request_id"],
        helper_id=row["helper_id"],
        asker_id=row["asker_id"],
        status=VisitStatus(row["status"]),
        code_word=key.open(row["sealed_code_word"]),
        due_at=row["due_at"],
        created_at=row["created_at"],
        remind_eve_at=row["remind_eve_at"],
        remind_at=row["remind_at"],
        remind_asker_at=row["remind_asker_at"],
        over_at=row["over_at"],
        relay_off=row["relay_off"],
    )
