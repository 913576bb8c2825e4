"""Money for shopping: up to how much, how much it was, and whether it is paid back.

A helper lays it out; the most that may be is the group's. Nobody ever gives a card or a PIN away.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from handlers.rules import timing
from handlers.rules.money import amount_in, speaks_of_money, up_to
from handlers.turn import Turn, first_name
from storage import members, outlays, questions, requests
from storage.model import (
    DueKind,
    HelpRequest,
    Member,
    Need,
    Outlay,
    OutlayStatus,
    Question,
    Role,
    Visit,
)

NEEDS = frozenset({Need.SHOPPING})
"""What a helper lays money out for."""

TELL_AFTER = timedelta(days=3)
"""Organisers hear of what has not been paid back so long after the visit. Ours."""

ASKED = ("money.limit", "money.spent")


def said(pence: int) -> str:
    """An amount as it is written."""
    return f"{pence // 100}" if pence % 100 == 0 else f"{pence // 100}.{pence % 100:02d}"


# Before


async def begin(
    turn: Turn, visit: Visit, request: HelpRequest, asker: Member, helper: Member
) -> None:
    """Somebody is going shopping: the most that they may spend is agreed before they do. What was
    agreed with another helper, or said in asking, holds."""
    most = 100 * turn.community.money_cap
    if request.need not in NEEDS or not most:
        return
    before = [one.agreed for one in await outlays.of_request(turn.tx, request.id)]
    known = next((one for one in reversed(before) if one is not None), up_to(request.words))
    if known is not None and known > most:
        known = None
    status = OutlayStatus.ASKED if known is None else OutlayStatus.AGREED
    outlay = await outlays.add(turn.tx, Outlay(0, visit.id, status, agreed=known))
    if known is None:
        await turn.ask(
            asker,
            "money.limit",
            "money.limit",
            outlay.id,
            wakes=visit.due_at - turn.now <= timedelta(hours=3) or None,
            about={"kind": "found", "ref": visit.id},
            name=first_name(asker),
            helper=first_name(helper),
            most=said(most),
        )
    elif known:
        await _tell_helper(turn, outlay, visit)


async def limit_said(turn: Turn, question: Question, _key: str) -> None:
    """The asker says up to how much."""
    me = turn.sender
    outlay = await outlays.get(turn.tx, question.ref or 0, lock=True)
    visit = await requests.get_visit(turn.tx, outlay.visit_id)
    if visit.over_at is not None or outlay.status is not OutlayStatus.ASKED:
        await turn.reply("thanks", name=first_name(me))
        return
    helper = await members.get(turn.tx, visit.helper_id)
    most = 100 * turn.community.money_cap
    amount = amount_in(turn.words)
    if amount is None or amount > most:
        entry = "money.limit.again" if amount is None else "money.limit.less"
        await turn.ask(
            me,
            entry,
            "money.limit",
            outlay.id,
            name=first_name(me),
            helper=first_name(helper),
            most=said(most),
        )
        return
    outlay = replace(outlay, status=OutlayStatus.AGREED, agreed=amount)
    await outlays.save(turn.tx, outlay)
    await turn.note("budget_agreed", "visit", visit.id, pence=amount)
    await turn.reply(
        "money.agreed" if amount else "money.none",
        name=first_name(me),
        helper=first_name(helper),
        cost=said(amount),
    )
    await _tell_helper(turn, outlay, visit)


async def _tell_helper(turn: Turn, outlay: Outlay, visit: Visit) -> None:
    helper = await members.get(turn.tx, visit.helper_id)
    asker = await members.get(turn.tx, visit.asker_id)
    request = await requests.get(turn.tx, visit.request_id)
    await turn.say(
        helper,
        "money.agreed.helper" if outlay.agreed else "money.none.helper",
        about={"kind": "visit", "ref": visit.id},
        wakes=visit.due_at - turn.now <= timedelta(hours=3) or None,
        name=first_name(helper),
        asker=first_name(asker),
        cost=said(outlay.agreed or 0),
        what=turn.gist(request, helper.language),
    )


# After


async def after(turn: Turn, visit: Visit) -> None:
    """The visit is done: how much was it?"""
    outlay = await outlays.of_visit(turn.tx, visit.id)
    if outlay is None or outlay.status is not OutlayStatus.AGREED or not outlay.agreed:
        return
    tell_at = timing.not_quiet(turn.now + TELL_AFTER, turn.community)
    await outlays.save(turn.tx, replace(outlay, tell_at=tell_at))
    await turn.later(DueKind.OUTLAY, outlay.id, tell_at)
    helper = await members.get(turn.tx, visit.helper_id)
    await turn.ask(helper, "money.spent", "money.spent", outlay.id, name=first_name(helper))


async def spent_said(turn: Turn, question: Question, _key: str) -> None:
    """The helper says how much it was."""
    me = turn.sender
    outlay = await outlays.get(turn.tx, question.ref or 0, lock=True)
    if outlay.status is not OutlayStatus.AGREED:
        await turn.reply("thanks", name=first_name(me))
        return
    amount = amount_in(turn.words)
    if amount is None:
        await turn.ask(me, "money.spent.again", "money.spent", outlay.id, name=first_name(me))
        return
    visit = await requests.get_visit(turn.tx, outlay.visit_id)
    if amount == 0:
        await _settle(turn, outlay)
        await turn.reply("thanks", name=first_name(me))
        return
    asker = await members.get(turn.tx, visit.asker_id)
    outlay = await outlays.save(turn.tx, replace(outlay, status=OutlayStatus.SPENT, spent=amount))
    await turn.note("spent", "visit", visit.id, pence=amount)
    over = amount > (outlay.agreed or 0)
    cost, most = said(amount), said(outlay.agreed or 0)
    await turn.ask(
        asker,
        "money.back.more" if over else "money.back",
        "money.back",
        outlay.id,
        ("yes", "not_yet"),
        name=first_name(asker),
        helper=first_name(me),
        cost=cost,
        most=most,
    )
    await turn.ask(
        me, "money.had_back", "money.back", outlay.id, ("yes", "not_yet"), name=first_name(me)
    )
    if over:
        await turn.tell_organisers(
            "money.more", helper=turn.who(me), asker=turn.who(asker), cost=cost, most=most
        )


async def back_said(turn: Turn, question: Question, key: str) -> None:
    """One of the two says whether it is paid back."""
    await turn.toast()
    await _said_so(turn, question.ref or 0, paid=key == "yes")


async def _said_so(turn: Turn, ident: int, *, paid: bool) -> None:
    me = turn.sender
    outlay = await outlays.get(turn.tx, ident, lock=True)
    visit = await requests.get_visit(turn.tx, outlay.visit_id)
    if outlay.status is not OutlayStatus.SPENT or me.id not in (visit.helper_id, visit.asker_id):
        await turn.reply("thanks", name=first_name(me))
        return
    if me.id == visit.helper_id:
        outlay = replace(outlay, helper_says=paid)
    else:
        outlay = replace(outlay, asker_says=paid)
    await outlays.save(turn.tx, outlay)
    if outlay.asker_says and outlay.helper_says:
        await _settle(turn, outlay)
    await turn.reply("thanks" if paid else "money.not_yet", name=first_name(me))


async def paid_back(turn: Turn) -> bool:
    """PAID BACK, of what they owe or are owed; whether there is any."""
    waiting = await outlays.unpaid(turn.tx, turn.sender.id)
    if waiting:
        await _said_so(turn, waiting[0].id, paid=True)
    return bool(waiting)


async def _settle(turn: Turn, outlay: Outlay) -> None:
    await outlays.save(turn.tx, replace(outlay, status=OutlayStatus.SETTLED, tell_at=None))
    await turn.never_mind(outlay.id, DueKind.OUTLAY)
    await questions.close(turn.tx, turn.now, "money.back", "money.spent", ref=outlay.id)
    await turn.note("paid_back", "visit", outlay.visit_id)


async def not_settled(turn: Turn, outlay: Outlay) -> None:
    """Some days have gone by, and not both have said that it is paid back."""
    await outlays.save(turn.tx, replace(outlay, tell_at=None))
    if outlay.status not in (OutlayStatus.AGREED, OutlayStatus.SPENT):
        return
    visit = await requests.get_visit(turn.tx, outlay.visit_id)
    helper = await members.get(turn.tx, visit.helper_id)
    asker = await members.get(turn.tx, visit.asker_id)
    unsaid = outlay.spent is None
    await turn.tell_organisers(
        "money.unsaid" if unsaid else "money.open",
        "money.settle",
        outlay.id,
        ("close",),
        helper=turn.who(helper),
        asker=turn.who(asker),
        phone=await turn.phone_of(helper),
        cost=said(outlay.spent or outlay.agreed or 0),
    )


async def settled(turn: Turn, question: Question, _key: str) -> None:
    """An organiser says that it is."""
    await turn.toast()
    if turn.sender.is_a(Role.ORGANISER):
        await _settle(turn, await outlays.get(turn.tx, question.ref or 0, lock=True))
        await turn.reply("settled", name=first_name(turn.sender))


# An amount by itself


def amount_said(turn: Turn, open_now: list[Question]) -> Question | None:
    """The question of money that these words answer, though something else was asked since."""
    asked = next((question for question in open_now if question.kind in ASKED), None)
    if asked is None or amount_in(turn.words) is None:
        return None
    # "15" is the answer to a question of numbers, where one is there that has a fifteen.
    plain = turn.words.strip(" .!")
    numbered = any(str(c.number) == plain for question in open_now for c in question.choices)
    if speaks_of_money(turn.words) or (plain.isdigit() and not numbered):
        return asked
    return None
