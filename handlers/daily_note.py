"""The daily note: once a day, at the hour that the group chose, organisers hear what is open, what
was found, what was not and why, and what it cost. Where there is nothing to tell nothing is said,
but for one quiet line a week.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta

from handlers import waves
from handlers.organiser import SHOWN, state
from handlers.rules import note, timing
from handlers.turn import MOST_SEGMENTS, Turn, first_name
from storage import checkins, due, groups, keepsakes, members, requests, tally
from storage.database import Transaction
from storage.model import Community, DueKind, HelpRequest, Member, Priority, RequestStatus
from storage.tally import Tally

DAY = timedelta(days=1)

Said = Callable[[str], str]
"""Words, in the language that is asked for."""


# When it comes


async def asked_for(turn: Turn) -> bool:
    """An organiser writes of the daily note: another hour, none any more, or when it comes. Whether
    they did."""
    wish = note.wish(turn.words)
    if wish is None:
        return False
    name = first_name(turn.sender)
    if wish.off:
        await _set(turn, None)
        await turn.reply("note.off", name=name)
    elif wish.at:
        coming = await _set(turn, wish.at)
        assert coming
        await turn.reply("note.set", name=name, **_hours(turn, wish.at, coming))
    elif turn.community.note_at:
        coming = await plan(turn.tx, turn.now, turn.community)
        assert coming
        await turn.reply("note.when", name=name, **_hours(turn, turn.community.note_at, coming))
    else:
        await turn.reply("note.none", name=name)
    return True


def _hours(turn: Turn, at: time, coming: datetime) -> dict[str, str]:
    language = turn.sender.language
    moment = timing.at_local(turn.today, at, turn.community)
    hour = turn.desk.wording.hour(language, moment, turn.community)
    return {"hour": hour, "by": turn.by(coming, turn.sender)}


async def _set(turn: Turn, at: time | None) -> datetime | None:
    await groups.set_note_at(turn.tx, turn.community.id, at)
    turn.community = replace(turn.community, note_at=at)
    await turn.note("note_at", "community", turn.community.id, at=at and at.isoformat("minutes"))
    return await plan(turn.tx, turn.now, turn.community)


async def plan(tx: Transaction, now: datetime, community: Community) -> datetime | None:
    """Let the next note come when it should; when that is."""
    if community.note_at is None:
        await due.never_mind(tx, community.id, DueKind.NOTE)
        return None
    looked = _moment(await keepsakes.recall(tx, _looked(community)))
    last = timing.local(looked, community).date() if looked else None
    coming = note.next_note(community.note_at, now, community, last)
    await due.at(tx, DueKind.NOTE, community.id, coming)
    return coming


def _looked(community: Community) -> str:
    return f"note.looked.{community.id}"


def _said(community: Community) -> str:
    return f"note.said.{community.id}"


def _moment(kept: str) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None


# What it says


async def tell(turn: Turn, _ref: int) -> None:
    """The hour has come. Once a day, whatever was restarted or put off meanwhile."""
    group = turn.community
    looked = _moment(await keepsakes.recall(turn.tx, _looked(group)))
    today = timing.local(turn.now, group).date()
    over = looked is not None and timing.local(looked, group).date() >= today
    late = group.note_at is not None and (
        turn.now - timing.at_local(today, group.note_at, group) > note.TOO_LATE
    )
    # One that is so late that it would lie till morning is left to the next, which tells it all.
    if group.note_at is None or over or (late and timing.is_quiet(turn.now, group)):
        await plan(turn.tx, turn.now, group)
        return
    await keepsakes.keep(turn.tx, _looked(group), turn.now.isoformat())
    await plan(turn.tx, turn.now, group)
    day = await tally.between(turn.tx, group.id, looked or turn.now - DAY, turn.now)
    still = await requests.of_community(
        turn.tx, group.id, (RequestStatus.DRAFT, *requests.UNSETTLED)
    )
    said = _moment(await keepsakes.recall(turn.tx, _said(group)))
    # Texts alone are nothing to tell: yesterday's note was one.
    untaken = await checkins.untaken(turn.tx, group.id)
    if not (day.asked or day.found or day.alarms or still or untaken):
        if said is None:
            await keepsakes.keep(turn.tx, _said(group), turn.now.isoformat())
            return
        if (today - timing.local(said, group).date()).days < note.QUIET_DAYS:
            return
    await keepsakes.keep(turn.tx, _said(group), turn.now.isoformat())
    unfilled = [r for r in still if r.status in (RequestStatus.HANDED, RequestStatus.OPEN)]
    # What needs somebody comes first.
    unfilled.sort(key=lambda r: (r.status is not RequestStatus.HANDED, r.id))
    lines = [await _why(turn, request) for request in unfilled[:SHOWN]]
    for organiser in await turn.organisers():
        words = await _for(turn, organiser, day, len(still), lines, len(unfilled), untaken)
        await turn.say(
            organiser,
            "lines",
            lines=words,
            priority=Priority.REMINDER,
            about={"kind": "daily_note"},
            quiet=True,
            # They chose the hour, in the quiet hours or not.
            wakes=not late or None,
        )


async def _for(
    turn: Turn,
    organiser: Member,
    day: Tally,
    still: int,
    lines: list[tuple[Said, Said]],
    unfilled: int,
    untaken: int,
) -> str:
    """The note as one organiser gets it: by text as much of it as two parts hold."""
    language = organiser.language
    head = turn.text(language, "note.counts", asked=day.asked, found=day.found, count=still)
    if not (day.asked or day.found):
        quiet = not (still or day.alarms or untaken)
        head = turn.text(language, "note.quiet" if quiet else "note.nothing_new", count=still)
    if untaken:
        head = " ".join((turn.text(language, "note.untaken", count=untaken), head))
    tail = " ".join(filter(None, (_check_ins(turn, language, day), _texts(turn, language, day))))
    told = [(long(language), short(language)) for long, short in lines]
    rest = unfilled - len(told)

    def more(left: int) -> str:
        return turn.text(language, "note.more", count=left)

    if await turn.by_text(organiser):
        return note.fitting(head, told, rest, tail, more, MOST_SEGMENTS)
    every = (head, *(long for long, _ in told), more(rest) if rest else "", tail)
    return "\n".join(filter(None, every))


async def _why(turn: Turn, request: HelpRequest) -> tuple[Said, Said]:
    """A request that nobody has taken and why, at length and in short."""
    asker = await members.get(turn.tx, request.asker_id)
    looked_at = request.need is not None and request.handler_id is None and request.wave > 0
    tried = await waves.tried(turn, request, asker) if looked_at else None
    states = {
        language: await state(turn, request, language) for language in turn.desk.wording.languages
    }

    def line(language: str, why: str) -> str:
        return turn.text(
            language,
            "open.line",
            asker=turn.who(asker)(language),
            what=turn.gist(request, language),
            when=turn.when(request, language),
            state=why,
        )

    return (
        lambda language: line(language, tried(language) if tried else states[language]),
        lambda language: line(language, states[language]),
    )


def _check_ins(turn: Turn, language: str, day: Tally) -> str:
    return turn.text(language, "note.check_ins", count=day.alarms) if day.alarms else ""


def _texts(turn: Turn, language: str, day: Tally) -> str:
    """What was sent, and what it cost where a price is set."""
    if not day.texts:
        return ""
    price = turn.desk.price_per_segment
    if price is None:
        return turn.text(language, "note.texts", count=day.texts, parts=day.parts)
    cost = f"{day.parts * price / 100:.2f}"
    return turn.text(language, "note.texts.cost", count=day.texts, parts=day.parts, cost=cost)
