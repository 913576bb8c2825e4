"""The duty rota: organisers say who holds the phone when, both sides hear it when it is handed on,
and whoever holds it is told first what needs somebody (`Turn.tell_organisers`).
"""

from __future__ import annotations

from handlers.rules import rota as rules
from handlers.rules.note import fitting
from handlers.rules.rota import Doing
from handlers.turn import MOST_SEGMENTS, Turn, first_name, one_line
from storage import keepsakes, members, requests, rota
from storage.model import DueKind, Member, RequestStatus, Role


async def asked_for(turn: Turn) -> bool:
    """An organiser writes of the rota; whether they did."""
    wish = rules.wish(turn.words)
    if wish is None:
        return False
    who = await _named(turn, wish.who) if wish.who else turn.sender
    if who is None:
        await turn.reply("duty.who", words=one_line(wish.who.title(), 40))
    elif wish.doing is Doing.ADD:
        await _add(turn, who, wish.spans)
    elif wish.doing is Doing.CLEAR:
        await _clear(turn, who)
    elif wish.doing is Doing.TAKE:
        await take_over(turn, who)
    elif wish.doing is Doing.SHOW:
        await show(turn)
    else:
        await turn.reply("duty.how")
    return True


async def _named(turn: Turn, name: str) -> Member | None:
    """The one organiser of that name; none where there is none, or more than one."""
    wanted = " ".join(name.lower().split())
    there = await members.with_role(turn.tx, turn.community.id, Role.ORGANISER)
    found = [one for one in there if one.name.lower() == wanted]
    found = found or [one for one in there if first_name(one).lower() == wanted]
    return found[0] if len(found) == 1 else None


async def _add(turn: Turn, who: Member, spans: tuple[rules.Span, ...]) -> None:
    for ident in await rota.add(turn.tx, turn.community.id, who.id, spans):
        await _wait_for(turn, ident)
    await turn.note("rota", "member", who.id, spans=[list(span) for span in spans])
    await _hand_on(turn)
    language = turn.sender.language
    lines = [_times(turn, language, span) for span in spans]
    more = ["..."] if len(lines) > SHOWN else []
    said = ", ".join([*lines[:SHOWN], *more])
    await turn.reply("duty.noted", who=turn.who(who)(language), lines=said)


SHOWN = 4
"""Times in one sentence, which may cost two parts."""


async def _clear(turn: Turn, who: Member) -> None:
    for ident in await rota.clear(turn.tx, turn.community.id, who.id):
        await turn.never_mind(ident, DueKind.HANDOVER)
    await rota.drop_stand_in(turn.tx, turn.community.id, who.id)
    await turn.note("rota_cleared", "member", who.id)
    await _hand_on(turn)
    await turn.reply("duty.cleared", who=turn.who(who)(turn.sender.language))


async def take_over(turn: Turn, who: Member) -> None:
    """Somebody holds the phone from now on, until the rota next changes hands."""
    coming = [
        rules.turns(shift.span, turn.now, turn.community)
        for shift in await rota.shifts_of(turn.tx, turn.community.id)
    ]
    until = min(coming, default=None)
    await rota.take_over(turn.tx, turn.community.id, who.id, until)
    await turn.note("took_over", "member", who.id)
    told = await _hand_on(turn)
    if not told:
        await show(turn)
    elif turn.sender.id not in told:
        await turn.reply("duty.passed_on", other=first_name(who))


async def show(turn: Turn) -> None:
    """Who is on duty now, and the week."""
    language = turn.sender.language
    now = [one.name for one in await turn.on_duty()]
    head = turn.text(language, "duty.nobody")
    if now:
        head = turn.text(language, "duty.now", who=turn.desk.wording.joined(language, now))
    lines = []
    for shift in await rota.shifts_of(turn.tx, turn.community.id):
        who = await members.get(turn.tx, shift.member_id)
        when = _times(turn, language, shift.span)
        lines.append(turn.text(language, "duty.line", who=turn.who(who)(language), when=when))
    if not lines:
        lines.append(turn.text(language, "duty.how"))
    if await turn.by_text(turn.sender):
        said = fitting(
            head,
            [(line, line) for line in lines],
            0,
            "",
            lambda left: turn.text(language, "duty.more", count=left),
            MOST_SEGMENTS,
        )
    else:
        said = "\n".join((head, *lines))
    await turn.reply("lines", lines=said)


def _times(turn: Turn, language: str, span: rules.Span) -> str:
    first, last = span
    of_week = turn.desk.wording.of_week
    one_day = first < last and first // rules.DAY == last // rules.DAY
    end = of_week(language, last, day_known=one_day)
    return turn.text(language, "duty.times", start=of_week(language, first), by=end)


# Handing on


async def came(turn: Turn, ref: int) -> None:
    """A time of duty begins or ends."""
    await _wait_for(turn, ref)
    await rota.end_stand_in(turn.tx, turn.community.id, turn.now)
    await _hand_on(turn)


async def _wait_for(turn: Turn, ref: int) -> None:
    for shift in await rota.shifts_of(turn.tx, turn.community.id):
        if shift.id == ref:
            at = rules.turns(shift.span, turn.now, turn.community)
            await turn.later(DueKind.HANDOVER, ref, at)


async def _hand_on(turn: Turn) -> set[int]:
    """Tell who begins and who is free now, as against what they were told last; who was told. So a
    time that is seen to twice, or late, is told once."""
    name = f"duty.{turn.community.id}"
    before = {int(word) for word in (await keepsakes.recall(turn.tx, name)).split(",") if word}
    now = {one.id: one for one in await turn.on_duty()}
    told = before ^ set(now)
    if not told:
        return told
    await keepsakes.keep(turn.tx, name, ",".join(str(ident) for ident in sorted(now)))
    for ident in sorted(before - set(now)):
        await _free(turn, await members.get(turn.tx, ident), list(now.values()))
    for ident in sorted(set(now) - before):
        await _begins(turn, now[ident])
    return told


async def _begins(turn: Turn, who: Member) -> None:
    still = (RequestStatus.OPEN, RequestStatus.HANDED)
    count = len(await requests.of_community(turn.tx, turn.community.id, still))
    coming = [
        rules.turns(shift.span, turn.now, turn.community)
        for shift in await rota.shifts_of(turn.tx, turn.community.id)
    ]
    own = [
        rules.at(shift.span[1] % rules.WEEK, turn.now, turn.community)
        for shift in await rota.shifts_of(turn.tx, turn.community.id)
        if shift.member_id == who.id and rules.is_on(shift.span, turn.now, turn.community)
    ]
    until = max(own, default=min(coming, default=None))
    await turn.say(
        who,
        "duty.begins" if until else "duty.begins.open",
        # They chose the hour themselves.
        wakes=True,
        about={"kind": "duty"},
        name=first_name(who),
        count=count,
        by=turn.by(until, who.language) if until else "",
    )


async def _free(turn: Turn, who: Member, now: list[Member]) -> None:
    others = turn.desk.wording.joined(who.language, [first_name(one) for one in now])
    await turn.say(
        who,
        "duty.over" if now else "duty.over.nobody",
        wakes=True,
        about={"kind": "duty"},
        name=first_name(who),
        other=others,
    )
