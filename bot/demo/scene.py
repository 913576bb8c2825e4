"""The village as one JSON document: people, chats, requests, the log and the clock."""

from __future__ import annotations

from typing import Any

from bot.demo.chronicle import Chronicle, Look, hour, what
from bot.demo.habits import Habits, latest_question
from bot.demo.valley import ALL_STREET, Valley
from bot.demo.village import BOT_NUMBER, GROUP, STREET, Person
from handlers.rules import timing
from storage import members
from storage.database import Transaction
from storage.model import (
    Address,
    Channel,
    HelpRequest,
    Member,
    OfferStatus,
    RequestStatus,
    VisitStatus,
)

JSON = dict[str, Any]

SHOWN = 50
"""Messages of a chat, newest last."""

LOGGED = 120
REQUESTS = 8

STATES = {
    RequestStatus.DRAFT: "being put together",
    RequestStatus.OPEN: "neighbours are being asked",
    RequestStatus.HANDED: "with the organisers",
    RequestStatus.FILLED: "somebody is going",
    RequestStatus.DONE: "done",
    RequestStatus.CANCELLED: "not needed any more",
    RequestStatus.CLOSED: "settled",
}
GOING = (VisitStatus.ACCEPTED, VisitStatus.ON_THE_WAY)


async def picture(valley: Valley, habits: Habits, chronicle: Chronicle) -> JSON:
    """Everything that the page shows."""
    now = valley.clock.now()
    async with valley.bot.database.transaction() as tx:
        look = await chronicle.look(tx, now)
        if "doreen" not in valley.member_ids:
            doreen = valley.people["doreen"]
            address = Address(doreen.channel, valley.chats["doreen"])
            found = await members.find(tx, address)
            if found:
                valley.member_ids["doreen"] = found.id
        suggestions = await _suggestions(valley, tx)
    keys = {ident: key for key, ident in valley.member_ids.items()}
    shown = [r for r in look.requests if r.status is not RequestStatus.DRAFT][-REQUESTS:]
    return {
        "clock": {
            "ms": int(now.timestamp() * 1000),
            "speed": valley.clock.speed,
            "travelling": valley.travelling,
            "quiet": timing.is_quiet(now, GROUP),
        },
        "group": {"name": GROUP.name, "number": BOT_NUMBER, "street": STREET},
        "habits": habits.on,
        "people": [_person(valley, look, person) for person in valley.people.values()],
        "requests": [_request(look, keys, request) for request in reversed(shown)],
        "chats": {
            key: _street(valley) if key == ALL_STREET else _chat(valley, valley.people[key])
            for key in valley.chats
        },
        "toasts": [
            {"n": sight.number, "who": sight.who, "words": sight.words}
            for sight in valley.sights[-60:]
            if sight.kind == "toast"
        ][-5:],
        "suggestions": suggestions,
        "log": [
            {"n": line.number, "at": hour(line.at), "kind": line.kind, "words": line.words}
            for line in list(chronicle.lines)[-LOGGED:]
        ],
        "coming": [
            {"at": hour(at), "day": f"{at:%a}" if at.date() != now.date() else "", "words": words}
            for at, words in look.coming[:5]
        ],
    }


def _person(valley: Valley, look: Look, person: Person) -> JSON:
    x, y = person.spot
    member = look.members.get(valley.member_ids.get(person.key, 0))
    return {
        "key": person.key,
        "name": person.name,
        "first": person.first,
        "age": person.age,
        "kind": person.kind,
        "channel": person.channel.value,
        "phone": person.phone,
        "street": person.in_street,
        "x": x,
        "y": y,
        "does": person.does,
        "km": person.member.max_km,
        "away": _away(member),
    }


def _away(member: Member | None) -> str:
    """Why somebody is not to be asked just now, or an empty string."""
    if member is None:
        return ""
    if member.stopped_at is not None:
        return "said STOP"
    if member.unreachable:
        return "can't be reached"
    if member.paused_until is not None:
        return "having a rest"
    return "" if member.on_duty else "off duty"


def _request(look: Look, keys: dict[int, str], request: HelpRequest) -> JSON:
    visit = next((v for v in look.visits[request.id] if v.status in GOING), None)
    done = next((v for v in look.visits[request.id] if v.status is VisitStatus.DONE), None)
    going = visit or done
    marks = {
        keys[offer.member_id]: {
            "wave": offer.wave,
            "status": offer.status.value,
            "why": offer.reason,
        }
        for offer in look.offers[request.id]
        if offer.member_id in keys
    }
    state = STATES[request.status]
    if visit and visit.status is VisitStatus.ON_THE_WAY:
        state = f"{look.name(visit.helper_id)} is on the way"
    elif visit:
        state = f"{look.name(visit.helper_id)} is going"
    no = sum(
        offer.status is OfferStatus.DECLINED for offer in look.offers[request.id]
    )  # said, or as good as said
    return {
        "id": request.id,
        "asker": keys.get(request.asker_id, ""),
        "what": what(request),
        "status": request.status.value,
        "state": state,
        "wave": request.wave,
        "marks": marks,
        "asked": len(marks),
        "no": no,
        "going": keys.get(going.helper_id, "") if going else "",
        "over": request.status
        in (RequestStatus.DONE, RequestStatus.CANCELLED, RequestStatus.CLOSED),
    }


def _chat(valley: Valley, person: Person) -> list[JSON]:
    if person.channel is Channel.SMS:
        return [
            {
                "id": text.number,
                "by": person.key if text.by == "person" else "bot",
                "at": hour(text.shown_at or text.created),
                "words": text.body,
                "parts": text.segments,
            }
            for text in valley.twilio.thread(person.phone)[-SHOWN:]
        ]
    return _telegram(valley, person.key)


def _street(valley: Valley) -> list[JSON]:
    return _telegram(valley, ALL_STREET)


def _telegram(valley: Valley, key: str) -> list[JSON]:
    ids = {chat: who for who, chat in valley.chats.items()}
    return [
        {
            "id": message.message_id,
            "by": ids.get(str(message.sender_id), "bot"),
            "at": hour(message.at),
            "words": message.text,
            "buttons": [label for row in message.buttons for label, _ in row],
            "edited": message.edited,
        }
        for message in valley.messages_of(key)[-SHOWN:]
        if message.text and not message.deleted
    ]


async def _suggestions(valley: Valley, tx: Transaction) -> list[JSON]:
    """What Doreen could answer to what she was just asked."""
    person = valley.people["doreen"]
    question = await latest_question(valley, tx, person)
    if question is None:
        return []
    if question.choices:
        return [
            {"say": str(choice.number), "label": f"{choice.number}: {choice.label}"}
            for choice in question.choices
        ]
    answers = {"ask.name": person.name, "ask.home": person.address}
    words = answers.get(question.kind)
    return [{"say": words, "label": words}] if words else []
