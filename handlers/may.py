"""Who may answer a question: one table, looked up at the moment that they do.

A button can be pressed, and a number sent, long after it was made. What somebody was by then counts
for nothing: they must be it now, and in the group that it is about. To let something go (I can't,
not today) nobody is refused: somebody waits for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum

from handlers.turn import Turn
from storage import broadcasts, checkins, members, outlays, requests, worries
from storage.model import KEEPERS, ContactStatus, Question, Role


class Who(StrEnum):
    """What somebody must be."""

    ASKED = "asked"
    """Nothing but who was asked: it is about themselves, or between them and us."""
    HELPER = "helper"
    ORGANISER = "organiser"
    ALARMED = "alarmed"
    """An organiser, or a contact who said yes and has not thought better of it."""
    KEEPER = "keeper"
    """A safeguarding holder or deputy; an organiser where there is none (`worry_book.may_read`
    looks closer)."""


_ORGANISERS = (
    *("open", "handed", "assign", "approve", "no_word", "money.settle", "spending.code"),
    *("texts", "texts.new", "broadcast.words", "broadcast.whom", "broadcast.kind"),
    *("broadcast.asked", "broadcast.other", "broadcast.preview", "broadcast.running"),
    *("worry.ring", "worry.rang"),
)
_HELPERS = (
    *("offer", "card", "which_offer", "visit", "which_cannot", "cannot.sure", "which_done"),
    *("pause", "hours", "hours.agree"),
)
_KEEPERS = ("worry", "worry.work", "worry.end", "worries")
_ASKED = (
    *(
        "welcome",
        "menu",
        "missed",
        "unused",
        "leave",
        "forget",
        "forget.code",
        "change",
        "change.code",
    ),
    *("change.address", "change.name"),
    *("ask.open", "ask.name", "ask.need", "ask.home", "ask.house", "ask.days", "ask.day"),
    *("ask.confirm",),
    *("friend.phone", "friend.agree", "which_cancel", "still_needed", "did_they_come", "again"),
    *("join.name", "join.name_again", "join.place", "join.place_again", "join.can_do"),
    *("join.far", "join.languages", "join.consent", "join.organiser"),
    *("recurring.offer", "recurring.leave_out", "recurring.one_or_all", "recurring.which"),
    *("check_in", "check_in.off", "check_in.when", "check_in.contacts", "check_in.code"),
    *("check_in.agree", "check_in.contact", "broadcast.answer"),
    *("money.limit", "money.spent", "money.back", "relay", "relay.sure", "relay.which"),
    *("safeguarding.agree", "worry.more"),
)

MAY: dict[str, Who] = {
    **dict.fromkeys(_ORGANISERS, Who.ORGANISER),
    **dict.fromkeys(_HELPERS, Who.HELPER),
    **dict.fromkeys(_KEEPERS, Who.KEEPER),
    **dict.fromkeys(("alarm", "alarm.outcome"), Who.ALARMED),
    **dict.fromkeys(_ASKED, Who.ASKED),
}

LETS_GO = frozenset({"decline", "cannot"})
"""Answers by which somebody is not kept waiting in vain."""

_LETTING_GO = frozenset({"which_cannot", "cannot.sure"})

ROLES: dict[Who, frozenset[Role]] = {
    Who.HELPER: frozenset({Role.HELPER}),
    Who.ORGANISER: frozenset({Role.ORGANISER}),
    Who.KEEPER: KEEPERS | {Role.ORGANISER},
}


def lacks_role(turn: Turn, question: Question) -> bool:
    """Whether who writes is plainly no more what this question is for; nothing is looked up."""
    wanted = ROLES.get(MAY[question.kind])
    return wanted is not None and not wanted & turn.sender.roles


async def refused(turn: Turn, question: Question, key: str) -> bool:
    """Whether who answers may not, as they are now."""
    who = MAY[question.kind]
    if who is Who.ASKED or question.kind == "card":
        return False  # of a card anybody may see that it is not for them (`offer.answered_card`)
    if who is Who.ALARMED:
        return not await _alarmed(turn, question.ref or 0)
    if key.rpartition(":")[2] in LETS_GO or question.kind in _LETTING_GO:
        return False
    if lacks_role(turn, question):
        return True
    whose = GROUP_OF.get(question.kind)
    if whose is None:
        return False
    return await whose(turn, question, key) != turn.sender.community_id


async def _alarmed(turn: Turn, occasion_id: int) -> bool:
    me = turn.sender
    occasion = await checkins.occasion(turn.tx, occasion_id)
    person = await members.get(turn.tx, occasion.member_id)
    if me.is_a(Role.ORGANISER) and me.community_id == person.community_id:
        return True
    agreed = await checkins.contacts_of(turn.tx, occasion.check_in_id or 0, ContactStatus.AGREED)
    return any(contact.member_id == me.id for contact in agreed)


# Which group something is about


async def _request(turn: Turn, question: Question, _key: str) -> int:
    return (await requests.get(turn.tx, question.ref or 0)).community_id


async def _chosen_request(turn: Turn, _question: Question, key: str) -> int:
    return (await requests.get(turn.tx, int(key))).community_id


async def _visit(turn: Turn, question: Question, _key: str) -> int:
    visit = await requests.get_visit(turn.tx, question.ref or 0)
    return (await requests.get(turn.tx, visit.request_id)).community_id


async def _offer(turn: Turn, question: Question, key: str) -> int | None:
    ident = int(key.partition(":")[0]) if question.kind == "which_offer" else question.ref or 0
    offer = await requests.get_offer(turn.tx, ident)
    return (await requests.get(turn.tx, offer.request_id)).community_id if offer else None


async def _member(turn: Turn, question: Question, _key: str) -> int:
    return (await members.get(turn.tx, question.ref or 0)).community_id


async def _outlay(turn: Turn, question: Question, key: str) -> int:
    visit = await requests.get_visit(
        turn.tx, (await outlays.get(turn.tx, question.ref or 0)).visit_id
    )
    return (await requests.get(turn.tx, visit.request_id)).community_id


async def _broadcast(turn: Turn, question: Question, _key: str) -> int | None:
    return await broadcasts.community_of(turn.tx, question.ref or 0)


async def _worry(turn: Turn, question: Question, key: str) -> int | None:
    chosen = int(key) if question.kind == "worries" else question.ref or 0
    return await worries.group_of(turn.tx, chosen)


GROUP_OF: dict[str, Callable[[Turn, Question, str], Awaitable[int | None]]] = {
    "open": _chosen_request,
    "handed": _request,
    "assign": _request,
    "approve": _member,
    "no_word": _visit,
    "offer": _offer,
    "which_offer": _offer,
    "money.settle": _outlay,
    **dict.fromkeys(
        (
            *("broadcast.words", "broadcast.whom", "broadcast.kind", "broadcast.asked"),
            *("broadcast.other", "broadcast.preview", "broadcast.running"),
        ),
        _broadcast,
    ),
    **dict.fromkeys(
        ("worry", "worry.work", "worry.end", "worry.ring", "worry.rang", "worries"),
        _worry,
    ),
}
"""What is not here is about the group of who answers, whichever that is; or about a visit of theirs
(`visit`, `which_done`), which is theirs wherever they are by now."""
