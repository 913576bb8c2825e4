"""The duty rota: organisers say who holds the phone when, both sides hear it when it is handed on,
and whoever holds it is told first what needs somebody (`Turn.tell_organisers`).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from handlers.rules import rota as rules
from handlers.rules import rota_once, timing
from handlers.rules.note import fitting
from handlers.rules.rota import Doing
from handlers.turn import MOST_SEGMENTS, Turn, first_name, one_line
from handlers.wording import capital
from storage import groups, keepsakes, members, requests, rota
from storage.model import DueKind, Member, RequestStatus, Role


async def asked_for(turn: Turn) -> bool:
    """An organiser writes of the rota; whether they did."""
    wish = rota_once.once(turn.words, turn.today) or rules.wish(turn.words)
    if wish is None:
        return False
    if wish.doing is Doing.BACK:
        return await _take_back(turn, wish)
    if wish.doing is Doing.CANT and not await _is_of_the_rota(turn, wish):
        return False
    who = await _named(turn, wish.who) if wish.who else turn.sender
    # "Milk on Saturday instead of bread"; with an organiser's name in it, it is of the rota.
    duty = wish.doing is not Doing.ONCE or rota_once.names_duty(turn.words)
    if who is None and not duty and await _named(turn, wish.instead) is None:
        return False
    if who is None:
        await turn.reply("duty.who", words=one_line(wish.who.title(), 40))
    elif wish.doing is Doing.ADD:
        await _add(turn, who, wish.spans)
    elif wish.doing is Doing.ONCE:
        await _once(turn, who, wish)
    elif wish.doing is Doing.CANT:
        await _cannot(turn, who, wish)
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
    for one in await rota.dated_of(turn.tx, turn.community.id):
        if who.id in (one.member_id, one.instead_of):
            await rota.drop_dated(turn.tx, one.id)
            await turn.never_mind(one.id, DueKind.HANDOVER_ONCE)
    await rota.drop_stand_in(turn.tx, turn.community.id, who.id)
    await turn.note("rota_cleared", "member", who.id)
    await _hand_on(turn)
    await turn.reply("duty.cleared", who=turn.who(who)(turn.sender.language))


# Single dates

Times = tuple[datetime, datetime]


async def _is_of_the_rota(turn: Turn, wish: rules.Wish) -> bool:
    """Whether somebody who can't on a day would hold the phone then. Who goes on visits as well may
    mean one of those."""
    who = await _named(turn, wish.who) if wish.who else turn.sender
    if who is None or wish.day is None or not await _times_on(turn, who, wish.day):
        return False
    return bool(wish.who) or not await requests.live_visits(turn.tx, helper_id=who.id)


async def _times_on(turn: Turn, who: Member, day: date) -> list[Times]:
    """Somebody's times of duty that begin on that date and are not over."""
    found = [
        rota_once.begun_on(day, shift.span, turn.community)
        for shift in await rota.shifts_of(turn.tx, turn.community.id)
        if shift.member_id == who.id
    ]
    found += [
        (one.starts_at, one.ends_at)
        for one in await rota.dated_of(turn.tx, turn.community.id)
        if one.member_id == who.id and timing.local(one.starts_at, turn.community).date() == day
    ]
    return sorted({times for times in found if times and times[1] > turn.now})


async def _once(turn: Turn, who: Member, wish: rules.Wish) -> None:
    """Somebody holds the phone on one date; whoever else it concerns hears so at once."""
    assert wish.day
    other: Member | None = None
    if wish.instead:
        other = turn.sender if wish.instead == "me" else await _named(turn, wish.instead)
        if other is None:
            await turn.reply("duty.who", words=one_line(wish.instead.title(), 40))
            return
    times = [rota_once.on_date(wish.day, wish.hours, turn.community)]
    if other and wish.hours is None:
        times = await _times_on(turn, other, wish.day)
    times = [one for one in times if one[1] > turn.now]
    if not times:
        await turn.reply("duty.once.none", day=_day(turn, wish.day, turn.sender.language))
        return
    await _keep(turn, who, other, times)
    entry = "duty.once.instead" if other else "duty.once"
    me = turn.sender

    def line(language: str) -> str:
        said = turn.text(
            language,
            entry,
            lines=_spoken(turn, language, times),
            who=turn.who(who)(language),
            other=first_name(other) if other else "",
        )
        return capital(said)

    await turn.reply("duty.once.noted", lines=line(me.language))
    for one in {one.id: one for one in (who, other) if one and one.id != me.id}.values():
        await turn.say(
            one,
            "duty.once.told",
            about={"kind": "duty.once"},
            organiser=first_name(me),
            lines=line(one.language),
        )


async def _cannot(turn: Turn, who: Member, wish: rules.Wish) -> None:
    """Somebody can't on one date: the other organisers hear it, for somebody may take it."""
    assert wish.day
    times = await _times_on(turn, who, wish.day)
    await _keep(turn, None, who, times)
    me = turn.sender
    await turn.reply(
        "duty.cant", who=turn.who(who)(me.language), lines=_spoken(turn, me.language, times)
    )
    for one in await turn.organisers():
        if one.id != me.id:
            await turn.say(
                one,
                "duty.cant.told",
                about={"kind": "duty.once"},
                quiet=True,
                who=turn.who(who)(one.language),
                lines=_spoken(turn, one.language, times),
            )


async def _take_back(turn: Turn, wish: rules.Wish) -> bool:
    """What was said of one date does not hold any more, of everybody or of one; whether anything
    was. Who held the phone then, or did not, hears it."""
    assert wish.day
    me = turn.sender
    of = me if wish.instead == "me" else await _named(turn, wish.instead) if wish.instead else None
    if wish.instead and of is None:
        return False
    gone = []
    for one in await rota.dated_of(turn.tx, turn.community.id):
        day = timing.local(one.starts_at, turn.community).date()
        # On a Saturday "Saturday" may be this one.
        meant = day == wish.day or (day == turn.today and wish.day - day == timedelta(days=7))
        if meant and one.ends_at > turn.now and (of is None or one.instead_of == of.id):
            gone.append(one)
    if not gone:
        return False

    async def lines(language: str) -> str:
        return " ".join([await _date_line(turn, language, one) for one in gone])

    told = {ident for one in gone for ident in (one.member_id, one.instead_of) if ident}
    if any(one.member_id is None for one in gone):  # the others were asked to take it
        told |= {one.id for one in await turn.organisers()}
    await turn.reply("duty.back", lines=await lines(me.language))
    for other in sorted(told - {me.id}):
        who = await members.get(turn.tx, other)
        await turn.say(
            who,
            "duty.back.told",
            about={"kind": "duty.once"},
            organiser=first_name(me),
            lines=await lines(who.language),
        )
    for one in gone:
        await rota.drop_dated(turn.tx, one.id)
        await turn.never_mind(one.id, DueKind.HANDOVER_ONCE)
    await turn.note("rota_once_back", "member", of.id if of else None)
    await _hand_on(turn)
    return True


async def _keep(turn: Turn, who: Member | None, other: Member | None, times: list[Times]) -> None:
    for start, end in times:
        ident = await rota.add_dated(
            turn.tx,
            rota.Dated(
                id=0,
                community_id=turn.community.id,
                member_id=who.id if who else None,
                instead_of=other.id if other else None,
                starts_at=start,
                ends_at=end,
            ),
        )
        await turn.later(DueKind.HANDOVER_ONCE, ident, start if start > turn.now else end)
        await turn.note(
            "rota_once", "member", who.id if who else None, instead=other.id if other else None
        )
    await _hand_on(turn)


async def _dates(turn: Turn, language: str) -> list[str]:
    dated = await rota.dated_of(turn.tx, turn.community.id)
    return [await _date_line(turn, language, one) for one in dated]


async def _date_line(turn: Turn, language: str, one: rota.Dated) -> str:
    who = await members.get(turn.tx, one.member_id) if one.member_id else None
    other = await members.get(turn.tx, one.instead_of) if one.instead_of else None
    entry = "duty.once.instead" if who and other else "duty.once" if who else "duty.once.nobody"
    line = turn.text(
        language,
        entry,
        lines=_spoken(turn, language, [(one.starts_at, one.ends_at)]),
        who=turn.who(who)(language) if who else "",
        other=first_name(other) if other else "",
    )
    return capital(line)


def _day(turn: Turn, day: date, language: str) -> str:
    return turn.day(day, language, whole=True)


def _spoken(turn: Turn, language: str, times: list[Times]) -> str:
    """`Saturday 12 December 9am to 5pm`: as it may be written, too."""
    wording = turn.desk.wording
    said = []
    for moments in times[:SHOWN]:
        start, end = (timing.local(moment, turn.community) for moment in moments)
        hour = wording.hour(language, moments[1], turn.community)
        if end - start > timedelta(days=1) and end.date() != start.date():
            hour = f"{_day(turn, end.date(), language)} {hour}"
        first = wording.hour(language, moments[0], turn.community)
        day = _day(turn, start.date(), language)
        said.append(turn.text(language, "duty.times", start=f"{day} {first}", by=hour))
    return ", ".join(said)


# Taking over


async def take_over(turn: Turn, who: Member) -> None:
    """Somebody holds the phone from now on, until the rota next changes hands."""
    until = next(iter(await _coming(turn)), None)
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
    lines = await _dates(turn, language)
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


async def came_once(turn: Turn, ref: int) -> None:
    """What is otherwise on one date begins, or is over."""
    dated = await rota.get_dated(turn.tx, ref)
    if dated is None:
        return
    if dated.ends_at > turn.now:
        await turn.later(DueKind.HANDOVER_ONCE, ref, dated.ends_at)
    else:
        await rota.drop_dated(turn.tx, ref)
    await rota.end_stand_in(turn.tx, turn.community.id, turn.now)
    await _hand_on(turn)


async def _coming(turn: Turn) -> list[datetime]:
    week = await rota.shifts_of(turn.tx, turn.community.id)
    dates = await rota.dated_of(turn.tx, turn.community.id)
    return rota_once.coming(turn.now, week, dates, turn.community)


async def _wait_for(turn: Turn, ref: int) -> None:
    for shift in await rota.shifts_of(turn.tx, turn.community.id):
        if shift.id == ref:
            at = rules.turns(shift.span, turn.now, turn.community)
            await turn.later(DueKind.HANDOVER, ref, at)


async def _hand_on(turn: Turn) -> set[int]:
    """Tell who begins and who is free now, as against what they were told last; who was told. So a
    time that is seen to twice, or late, is told once."""
    # Two organisers who change the rota in one moment would both find her not told yet.
    await groups.one_at_a_time(turn.tx, turn.community.id)
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
    week = await rota.shifts_of(turn.tx, turn.community.id)
    dates = await rota.dated_of(turn.tx, turn.community.id)

    def named(moment: datetime) -> bool:
        return who.id in rota_once.on_at(moment, week, dates, turn.community)

    coming = await _coming(turn)
    until = next(iter(coming), None)
    if named(turn.now):
        until = next((moment for moment in coming if not named(moment)), until)
    await turn.say(
        who,
        "duty.begins" if until else "duty.begins.open",
        # They chose the hour themselves.
        wakes=True,
        about={"kind": "duty"},
        name=first_name(who),
        count=count,
        by=turn.by(until, who) if until else "",
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
