"""A group's daily cap on texts: what is held back at it, organisers told, and raised for a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from handlers.rules import spending as rules
from handlers.rules import timing
from handlers.turn import Desk, Turn, first_name
from storage import broadcasts, due, groups, guards, keepsakes, members, messages, questions, tally
from storage.database import Transaction
from storage.model import (
    Channel,
    Community,
    DueKind,
    OutboundMessage,
    Priority,
    Question,
    Role,
    Standing,
)
from storage.model_broadcasts import BroadcastStatus

HELD = "daily_cap"
"""The code of a text that waits because of the cap."""

CHANNEL = Channel.SMS
"""What costs by its parts."""

A_DAY = timedelta(days=2)
"""How long it is known that something was told today."""

GOOD_FOR = timedelta(minutes=15)
"""How long the number holds with which a cap is raised."""

NUMBERS = 1_000_000
"""A number is one of so many, and tried once: a wrong one ends it."""


async def cap_of(tx: Transaction, now: datetime, community: Community, usual: int) -> int:
    """How many parts of texts a group may send today; 0: as many as it likes."""
    cap = usual if community.daily_cap is None else community.daily_cap
    day, _, raised = (await keepsakes.recall(tx, f"cap.{community.id}")).partition(" ")
    if raised and day == timing.local(now, community).date().isoformat():
        return max(cap, int(raised)) if cap else 0
    return cap


async def spent(tx: Transaction, now: datetime, community: Community) -> int:
    """How many it has sent today."""
    return await tally.parts_since(tx, community.id, CHANNEL, rules.day_began(now, community))


async def held_until(
    tx: Transaction, now: datetime, message: OutboundMessage, usual: int
) -> tuple[datetime | None, int]:
    """Until when a text that is about to be sent must wait because of the cap, if it must, and how
    many others were held back with it. In the transaction that claimed it, which counts itself."""
    community = await groups.get(tx, message.community_id or 0)
    cap = await cap_of(tx, now, community, usual) if community else 0
    if not cap or community is None:
        return None, 0
    parts = await spent(tx, now, community) - 1  # it is in the air itself
    if parts >= rules.WARN_AT * cap:
        await _mark(tx, now, community, cap, "near")
    if parts < cap or not await _waits(tx, message, parts, cap):
        return None, 0
    await _mark(tx, now, community, cap, "full")
    until = rules.waits_until(now, community)
    # The others at once, so that a hundred thousand are not looked at one by one.
    others = await messages.hold_back(tx, community.id, CHANNEL, rules.WAITING, now, until, HELD)
    return until, others


async def _mark(tx: Transaction, now: datetime, community: Community, cap: int, mark: str) -> None:
    """The cap is near, or something waits for it: organisers hear it, each once a day."""
    if await guards.first(tx, "cap", _which(now, community, cap, mark), now, A_DAY):
        await due.at(tx, DueKind.SPENDING, community.id, now)


def _which(now: datetime, community: Community, cap: int, mark: str) -> str:
    return f"{community.id}.{timing.local(now, community).date()}.{cap}.{mark}"


async def _waits(tx: Transaction, message: OutboundMessage, parts: int, cap: int) -> bool:
    if rules.may_wait(message):
        return True
    if parts < rules.STRANGERS * cap or message.priority is Priority.EMERGENCY:
        return False
    if message.member_id is None:
        return False
    to = await members.get(tx, message.member_id)
    return not to.roles and to.standing is Standing.JOINING


# What organisers are told


async def tell(turn: Turn, _ref: int) -> None:
    """The cap is near, or something waits for it."""
    group = turn.community
    cap = await cap_of(turn.tx, turn.now, group, turn.desk.limits.daily_segments)
    parts = await spent(turn.tx, turn.now, group)
    full = bool(
        await guards.counted(turn.tx, "cap", _which(turn.now, group, cap, "full"), turn.now)
    )
    told = _which(turn.now, group, cap, "full" if full else "near")
    if parts < rules.WARN_AT * cap or not await guards.first(
        turn.tx, "cap.told", told, turn.now, A_DAY
    ):
        return  # it was raised meanwhile, or told with the other
    if full:
        await turn.note("daily_cap", "community", group.id, parts=parts, cap=cap)
    until = rules.waits_until(turn.now, group)
    held = await messages.held(turn.tx, group.id, CHANNEL, HELD)
    await turn.tell_organisers(
        "spending.full" if full else "spending.warn",
        everybody=full,
        about={"kind": "spending"},
        parts=parts,
        most=cap,
        money=lambda language: money(turn.desk, language, parts),
        held=lambda language: _held(turn, language, held),
        by=lambda language: turn.by(until, language),
    )


def money(desk: Desk, language: str, parts: int) -> str:
    """`, about 12.40 pounds`; empty where nobody has said what a part costs."""
    if desk.price_per_segment is None:
        return ""
    cost = f"{parts * desk.price_per_segment / 100:.2f}"
    return desk.wording.text(language, "spending.cost", cost=cost)


def _held(turn: Turn, language: str, count: int) -> str:
    return turn.text(language, "spending.held", count=count) if count else ""


# What organisers say


async def asked_for(turn: Turn) -> bool:
    """An organiser writes of the cap: how it stands, or that more is to go today. Whether so."""
    if await _number_said(turn):
        return True
    wish = rules.wish(turn.words)
    if wish is None:
        return False
    me, group = turn.sender, turn.community
    usual = turn.desk.limits.daily_segments
    cap = await cap_of(turn.tx, turn.now, group, usual)
    parts = await spent(turn.tx, turn.now, group)
    if not cap or wish.parts is None:
        held = await messages.held(turn.tx, group.id, CHANNEL, HELD)
        await turn.reply(
            "spending.now" if cap else "spending.no_cap",
            parts=parts,
            most=cap,
            money=money(turn.desk, me.language, parts),
            held=_held(turn, me.language, held),
        )
        return True
    most = rules.MOST_TIMES * (usual if group.daily_cap is None else group.daily_cap)
    if not cap < wish.parts <= most:
        await turn.reply("spending.range", name=first_name(me), parts=cap, most=most)
        return True
    # Whoever sends it back reads what comes to this number: a sender can be forged.
    await questions.close(turn.tx, turn.now, "spending.code", member_id=me.id)
    word = f"{turn.desk.chance.randrange(NUMBERS):06d}"
    await turn.ask(
        me,
        "spending.code",
        "spending.code",
        wish.parts,
        (),
        heard=word,
        name=first_name(me),
        most=wish.parts,
        money=money(turn.desk, me.language, wish.parts),
        word=word,
    )
    return True


async def _number_said(turn: Turn) -> bool:
    """Whether these are six figures, and such a number was asked for."""
    if not rules.is_number(turn.words):
        return False
    for question in await questions.open_to(turn.tx, turn.sender.id, turn.now):
        if question.kind == "spending.code":
            await questions.answered(turn.tx, question.id, turn.now)
            await code_said(turn, question, "")
            return True
    return False


async def code_said(turn: Turn, question: Question, _key: str) -> None:
    """They sent a number back: once, and within some minutes."""
    me = turn.sender
    fresh = turn.now - question.asked_at <= GOOD_FOR
    right = "".join(filter(str.isdigit, turn.words)) == question.heard
    if not (me.is_a(Role.ORGANISER) and fresh and right and question.ref):
        await turn.reply("spending.code.wrong")
        return
    await raise_today(turn.tx, turn.now, turn.community, question.ref)
    await turn.note("cap_raised", "community", turn.community.id, parts=question.ref)
    await turn.reply("spending.raised", most=question.ref)
    await turn.tell_organisers(
        "spending.raised.others",
        but=me.id,
        everybody=True,
        quiet=True,
        organiser=first_name(me),
        most=question.ref,
    )


async def raise_today(tx: Transaction, now: datetime, community: Community, parts: int) -> None:
    """Let a group send so many parts today, and let go what was held back."""
    day = timing.local(now, community).date().isoformat()
    await keepsakes.keep(tx, f"cap.{community.id}", f"{day} {parts}")
    await messages.release(tx, community.id, CHANNEL, HELD, now)
    # What has not even come to the outbox, because of the cap, has its turn too.
    for told in await broadcasts.let_go(tx, community.id, BroadcastStatus.RUNNING, most=20):
        await due.at(tx, DueKind.BROADCAST, told.id, now)
