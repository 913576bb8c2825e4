"""A helper's own hours, in conversation: seen, said, shown back and agreed.

They say when a helper goes, not when they are written to: an offer for tomorrow morning may come
this evening. That is for the quiet hours alone (docs/decisions/0013-helpers-hours.md).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from handlers.rules import hours as rules
from handlers.rules import hours_said
from handlers.rules.hours_said import Doing, Ear
from handlers.turn import Turn, first_name
from storage import hours as kept
from storage import members, questions, requests
from storage.model import Hours, Question, Role, Standing

FIXED: dict[str, Hours] = {
    "hours_any": rules.ANY,
    "hours_weekdays": ((0, 5 * rules.DAY),),
    "hours_evenings": rules.spans(
        rules.on(frozenset(range(7)), *rules.PARTS["evening"])
        | rules.on(frozenset({5, 6}), 0, rules.DAY)
    ),
}
"""Hours that are a button; any others are said in words."""

ASKED_FOR = timedelta(hours=2)
"""How long "Saturday" alone is an answer to when they may be asked."""

QUESTIONS = ("hours", "hours.agree")

OWN_DAYS = frozenset({"ask", "check_in", "recurring", "join"})
"""What a question begins with where days in its answer are days of its own ("not Tuesdays")."""


async def show(turn: Turn) -> None:
    """Their hours as they are, and how to change them."""
    await _ask(turn, "hours")


async def _ask(turn: Turn, entry: str) -> None:
    me = turn.sender
    await questions.close(turn.tx, turn.now, *QUESTIONS, member_id=me.id)
    await turn.ask(
        me,
        entry,
        "hours",
        None,
        tuple(FIXED),
        shorten="hours",
        name=first_name(me),
        hours=said(turn, me.hours, me.language),
    )


async def in_words(turn: Turn, latest: Question | None, *, taken: bool) -> bool:
    """Whether a helper spoke of their hours, and was answered. `taken`: the latest question may be
    answered by words of any kind."""
    me = turn.sender
    if not me.is_a(Role.HELPER) or me.standing not in (Standing.ACTIVE, Standing.WAITING):
        return False
    wish = hours_said.wish(turn.words, me.hours, _ear(turn, latest, taken=taken))
    if wish is None:
        return False
    if wish.doing is Doing.ANY and latest is not None and latest.kind == "offer":
        return False  # "I can come any time" may well be a yes
    if wish.doing is Doing.SHOW:
        await show(turn)
    elif wish.doing is Doing.HOW:
        await _ask(turn, "hours.again")
    elif wish.doing is Doing.ANY:
        await _keep(turn, rules.ANY)
    else:
        await questions.close(turn.tx, turn.now, *QUESTIONS, member_id=me.id)
        outside = await _visit_outside(turn, wish.hours)
        await turn.ask(
            me,
            # Whoever only meant that one visit must not think that it is called off.
            "hours.check.visit" if outside else "hours.check",
            "hours.agree",
            None,
            ("yes", "no"),
            shorten="hours",
            heard=kept.written(wish.hours),
            name=first_name(me),
            hours=said(turn, wish.hours, me.language),
            **outside,
        )
    return True


def _ear(turn: Turn, latest: Question | None, *, taken: bool) -> Ear:
    if latest and latest.kind in QUESTIONS and turn.now - latest.asked_at <= ASKED_FOR:
        return Ear.ASKED
    if taken or (latest and latest.kind.split(".")[0] in OWN_DAYS):
        return Ear.NAMED
    return Ear.HABIT if turn.sender.is_a(Role.ASKER) else Ear.HELPER


async def answered(turn: Turn, question: Question, key: str) -> None:
    """They chose fixed hours; or said something that was not understood, the second time."""
    await turn.toast()
    if key:
        await _keep(turn, FIXED[key])
    else:
        await _ask(turn, "hours.again")


async def agreed(turn: Turn, question: Question, key: str) -> None:
    """They said whether their hours were understood."""
    await turn.toast()
    if key == "yes":
        await _keep(turn, kept.read(question.heard))
    else:
        await _ask(turn, "hours.again")


async def _keep(turn: Turn, hours: Hours) -> None:
    """From now on these are their hours. What they have said yes to stays, and they hear so where
    it lies outside of them: "I can't do Wednesdays" calls off no visit."""
    await questions.close(turn.tx, turn.now, *QUESTIONS, member_id=turn.sender.id)
    me = await turn.save(turn.sender, hours=hours)
    await turn.note("hours", "member", me.id, hours=kept.written(hours))
    outside = await _visit_outside(turn, hours)
    name = "hours.kept" if hours else "hours.kept.any"
    await turn.reply("hours.kept.visit" if outside else name, name=first_name(me), **outside)


async def _visit_outside(turn: Turn, hours: Hours) -> dict[str, Any]:
    """Whom they are still going to, and when, where that is outside of those hours; empty where
    nobody is."""
    me = turn.sender
    for visit in await requests.live_visits(turn.tx, helper_id=me.id):
        at = rules.quarters(visit.due_at, visit.due_at, turn.community)
        if not rules.meets(hours, at):
            asker = await members.get(turn.tx, visit.asker_id)
            return {"asker": first_name(asker), "by": turn.by(visit.due_at, me)}
    return {}


# In plain words


def said(turn: Turn, hours: Hours, language: str) -> str:
    """`Monday to Friday in the morning, Saturday all day`; `any time`."""
    if not hours:
        return turn.text(language, "hours.any")
    lines = [
        turn.text(
            language,
            "hours.line",
            days=_days(turn, days, language),
            hours=turn.desk.wording.joined(language, [_time(turn, t, language) for t in times])
            or turn.text(language, "hours.all_day"),
        )
        for days, times in rules.by_days(hours)
    ]
    return ", ".join(lines)


def _days(turn: Turn, days: tuple[int, ...], language: str) -> str:
    wording = turn.desk.wording
    missing = set(range(7)) - set(days)
    if not missing:
        return turn.text(language, "days.every")
    if len(missing) == 1:
        return turn.text(language, "hours.but", day=wording.weekday(language, *missing))
    names = [wording.weekday(language, day) for day in days]
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return turn.text(language, "hours.run", start=names[0], by=names[-1])
    return wording.joined(language, names)


def _time(turn: Turn, times: tuple[int, int], language: str) -> str:
    first, last = times
    for part, span in rules.PARTS.items():
        if times == span:
            return turn.text(language, f"hours.{part}")
    clock = turn.desk.wording.of_week
    start = clock(language, first, day_known=True)
    end = clock(language, last % rules.DAY, day_known=True)
    if last == rules.DAY:
        return turn.text(language, "hours.from", hour=start)
    if first == 0:
        return turn.text(language, "hours.until", hour=end)
    return turn.text(language, "duty.times", start=start, by=end)
