"""An organiser tells many: put together in a few short questions, each of which can be passed over.
What it will look like, and the code that lets it go: `broadcast_preview`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from handlers import broadcast_preview, broadcast_run
from handlers.broadcast_preview import LEFT_LYING, QUESTIONS, Said, drop
from handlers.organiser import is_organiser
from handlers.rules import audience as rules
from handlers.rules.understanding import ACT_ABOVE, Meaning, yes_no
from handlers.rules.understanding_language import certain_language
from handlers.turn import Turn, first_name, one_line
from handlers.wording import capital
from storage import broadcasts, members, questions
from storage.model import DueKind, Intent, Question, Role
from storage.model_broadcasts import Audience, Broadcast, BroadcastStatus, Purpose

LONGEST = 1_000
"""Characters that are taken in at all; by text two parts is the most."""


# Beginning


@dataclass(frozen=True, slots=True)
class Begun:
    """What the first words of a broadcast say."""

    text: str = ""
    audience: Audience | None = None
    asks: bool = False


_THAT = re.compile(r"^(?:[:,-]\s*|(?:that|bod|fod|che)\b[:,]?\s*)+", re.IGNORECASE)
_TO = re.compile(r"^(?:to|for|i|at|ar gyfer|a|per) (?P<whom>[^:\n]{2,60}):\s*(?P<text>.+)$", re.S)

OPENINGS: dict[str, tuple[Audience | None, bool]] = {
    "broadcast": (None, False),
    "tell_all": (Audience(), False),
    "tell_helpers": (Audience(role=Role.HELPER), False),
    "ask_all": (Audience(), True),
    "ask_helpers": (Audience(role=Role.HELPER), True),
}
"""Fixed words that begin one, with whom they are for, and whether people are to answer."""


def is_begun(turn: Turn) -> bool:
    """Whether an organiser begins to tell many by this message."""
    return is_organiser(turn) and opening(turn) is not None


async def begun(turn: Turn) -> bool:
    """The same; then it has been begun."""
    if not is_organiser(turn) or (found := opening(turn)) is None:
        return False
    text = found.text
    audience = found.audience
    if audience is None and (to := _TO.match(text)) and (named := await _named(turn, to["whom"])):
        audience, text = named, to["text"]
    await _begin(turn, replace(found, text=tidy(text), audience=audience))
    return True


def opening(turn: Turn) -> Begun | None:
    """What a message begins, if it begins a broadcast."""
    words = turn.words.removeprefix("/")
    wording = turn.desk.wording
    for name, (audience, asks) in OPENINGS.items():
        for language in wording.languages:
            for opener in wording.listing(language, f"keywords.{name}"):
                if not re.match(rf"{re.escape(opener)}(?![\w'])", words, re.IGNORECASE):
                    continue
                rest = words[len(opener) :].strip()
                if name != "broadcast":
                    rest = capital(_THAT.sub("", rest))
                return Begun(rest, audience, asks)
    return None


def tidy(text: str) -> str:
    """An organiser's words as they will be sent: their lines kept, without the marks that phones
    put in by themselves and that would make a text cost double."""
    lines = (one_line(line, LONGEST) for line in text.splitlines() if line.strip())
    return "\n".join(lines)[:LONGEST]


async def _begin(turn: Turn, found: Begun) -> None:
    me = turn.sender
    while older := await broadcasts.unsent_of(turn.tx, me.id):
        await drop(turn, older)
    await questions.close(turn.tx, turn.now, *QUESTIONS, member_id=me.id)
    settled = []
    if found.audience is not None:
        settled.append("whom")
    broadcast = await broadcasts.add(
        turn.tx,
        Broadcast(
            id=0,
            community_id=turn.community.id,
            organiser_id=me.id,
            status=BroadcastStatus.DRAFT,
            created_at=turn.now,
            audience=found.audience,
            # Whoever begins by asking is put the question of the answers.
            settled=(*settled, *(["asks"] if found.asks else [])),
            texts={language_of(turn, found.text): found.text} if found.text else {},
        ),
    )
    await advance(turn, broadcast)


def language_of(turn: Turn, text: str) -> str:
    """The language that an organiser wrote it in."""
    found = certain_language(text, 3)
    return found if found in turn.desk.wording.languages else turn.sender.language


def writes_for_others(turn: Turn, open_now: list[Question]) -> bool:
    """Whether what an organiser writes is to be read by others, and so tells nothing of the
    language they themselves want to be written to in."""
    if not is_organiser(turn):
        return False
    latest = open_now[0].kind if open_now else ""
    return latest in ("broadcast.words", "broadcast.other") or opening(turn) is not None


# One question after another


async def advance(turn: Turn, broadcast: Broadcast) -> None:
    """Ask what is still to be asked, else show what it will look like."""
    await turn.later(DueKind.BROADCAST, broadcast.id, turn.now + LEFT_LYING)
    await questions.close(turn.tx, turn.now, *QUESTIONS, member_id=turn.sender.id)
    for step in STEPS.values():
        if await step(turn, broadcast):
            return
    await broadcast_preview.show(turn, broadcast)


async def _ask_words(turn: Turn, broadcast: Broadcast) -> bool:
    if broadcast.texts:
        return False
    name = first_name(turn.sender)
    await turn.ask(turn.sender, "broadcast.words", "broadcast.words", broadcast.id, name=name)
    return True


async def _ask_whom(turn: Turn, broadcast: Broadcast) -> bool:
    if "whom" in broadcast.settled:
        return False
    await _put_whom(turn, broadcast, "broadcast.whom")
    return True


async def _put_whom(turn: Turn, broadcast: Broadcast, entry: str) -> None:
    choices = ["everyone", "helpers", "askers"]
    if await broadcasts.latest_asking(turn.tx, turn.community.id):
        choices.append("silent")
    me = turn.sender
    await turn.ask(
        me,
        entry,
        "broadcast.whom",
        broadcast.id,
        choices,
        area=me.area or next(iter(turn.community.postcodes), "HD7 5"),
        postcode=me.postcode or "HD7 5AB",
    )


async def _ask_kind(turn: Turn, broadcast: Broadcast) -> bool:
    if "kind" in broadcast.settled:
        return False
    await turn.ask(
        turn.sender, "broadcast.kind", "broadcast.kind", broadcast.id, ("news", "appeal")
    )
    return True


async def _ask_answers(turn: Turn, broadcast: Broadcast) -> bool:
    asks = "asks" in broadcast.settled or any("?" in words for words in broadcast.texts.values())
    if "asked" in broadcast.settled or not asks:
        return False
    await _put_asked(turn, broadcast, "broadcast.asked")
    return True


async def _put_asked(turn: Turn, broadcast: Broadcast, entry: str) -> None:
    choices = ("yes_or_no", "no_answers")
    await turn.ask(turn.sender, entry, "broadcast.asked", broadcast.id, choices)


async def _ask_other(turn: Turn, broadcast: Broadcast) -> bool:
    """Some of them are written to in a language that it was not given in."""
    reach = await broadcasts.reach(turn.tx, broadcast, turn.desk.can)
    for language in turn.community.languages:
        count = sum(n for (_, theirs), n in reach.by.items() if theirs == language)
        settled = language in broadcast.texts or f"other.{language}" in broadcast.settled
        if settled or not count or language not in turn.desk.wording.languages:
            continue
        await turn.ask(
            turn.sender,
            "broadcast.other",
            "broadcast.other",
            broadcast.id,
            ("send_as_it_is",),
            count=count,
            phrase=turn.text(language, f"choice.lang_{language}"),
            heard=language,
        )
        return True
    return False


Step = Callable[[Turn, Broadcast], Awaitable[bool]]

STEPS: dict[str, Step] = {
    "words": _ask_words,
    "whom": _ask_whom,
    "kind": _ask_kind,
    "asked": _ask_answers,
    "other": _ask_other,
}
"""What is asked, in order; each says whether it asked."""


# What they answer


def takes(turn: Turn, question: Question, meaning: Meaning) -> bool:
    """Whether words answer one of these questions, whatever else they might mean: what others are
    to read, or whom it is for. Else who plainly asks for help gets it."""
    if question.kind not in QUESTIONS:
        return False
    asks = meaning.intent is Intent.ASK and meaning.confidence >= ACT_ABOVE
    if question.kind == "broadcast.whom":
        return not asks or rules.named(turn.words) is not None
    return not asks or question.kind not in ("broadcast.kind", "broadcast.preview")


def key_of(turn: Turn, question: Question) -> str:
    """The choice that words mean, if they are its own, or say yes or no to it; else none."""
    said = turn.words.lower().strip(" .!?")
    for choice in question.choices:
        if said == choice.label.lower():
            return choice.key
    no = yes_no(turn.words) is False
    return {"broadcast.preview": "drop_it", "broadcast.asked": "no_answers"}.get(
        question.kind if no else "", ""
    )


async def _theirs(turn: Turn, question: Question) -> Broadcast | None:
    """The broadcast that an answer is about, if it is still being put together by who answers, and
    they are an organiser now."""
    await turn.toast()
    if is_organiser(turn) and question.ref is not None:
        broadcast = await broadcasts.get(turn.tx, question.ref, lock=True)
        if (
            broadcast.organiser_id == turn.sender.id
            and broadcast.community_id == turn.community.id
            and broadcast.status in broadcasts.UNSENT
        ):
            return broadcast
    await turn.reply("broadcast.not_now")
    return None


async def _settle(turn: Turn, broadcast: Broadcast, step: str, **changes: Any) -> Broadcast:
    settled = tuple(dict.fromkeys([*broadcast.settled, step]))
    return await broadcasts.save(turn.tx, replace(broadcast, settled=settled, **changes))


def _skips(turn: Turn) -> bool:
    return turn.said("skip")


async def _skip(turn: Turn, broadcast: Broadcast) -> None:
    """They pass over the rest: everyone, news, as it is; yes or no, to what is asked."""
    if "asks" in broadcast.settled and not broadcast.answers:
        broadcast = replace(broadcast, answers=broadcast_run.YES_OR_NO)
    others = [f"other.{language}" for language in turn.community.languages]
    for step in ("whom", "kind", "asked", *others):
        broadcast = await _settle(turn, broadcast, step)
    await advance(turn, broadcast)


async def words_said(turn: Turn, question: Question, key: str) -> None:
    """What people are to be told."""
    if (broadcast := await _theirs(turn, question)) is None:
        return
    text = tidy(turn.words)
    await broadcasts.clear_texts(turn.tx, broadcast.id)
    await broadcasts.set_text(turn.tx, broadcast.id, language_of(turn, text), text)
    # In other languages it is to be given anew.
    settled = [step for step in broadcast.settled if not step.startswith("other.")]
    await broadcasts.save(turn.tx, replace(broadcast, settled=tuple(settled)))
    await advance(turn, await broadcasts.get(turn.tx, broadcast.id))


async def whom_said(turn: Turn, question: Question, key: str) -> None:
    """Whom it is for."""
    if (broadcast := await _theirs(turn, question)) is None:
        return
    if _skips(turn):
        await _skip(turn, broadcast)
        return
    chosen = {
        "everyone": Audience(),
        "helpers": Audience(role=Role.HELPER),
        "askers": Audience(role=Role.ASKER),
    }.get(key)
    if key == "silent" or (not key and rules.means_silent(turn.words)):
        asked = await broadcasts.latest_asking(turn.tx, turn.community.id)
        chosen = Audience(silent_in=asked.id) if asked else None
    elif not key:
        chosen = await _named(turn, turn.words)
    if chosen is None:
        await _put_whom(turn, broadcast, "broadcast.whom.again")
        return
    await advance(turn, await _settle(turn, broadcast, "whom", audience=chosen))


async def _named(turn: Turn, words: str) -> Audience | None:
    """The audience that words name; none if there is no telling, or no such place."""
    found = rules.named(words)
    if found is None or found.audience.km > broadcasts.MOST_KM:
        return None
    if not found.around:
        return found.audience
    at = await turn.desk.atlas.find(turn.tx, found.around)
    return replace(found.audience, cell=at[1].cell, place=at[0]) if at else None


async def kind_said(turn: Turn, question: Question, key: str) -> None:
    """Whether it is news, or asks for money or support."""
    if (broadcast := await _theirs(turn, question)) is None:
        return
    if _skips(turn):
        await _skip(turn, broadcast)
        return
    if not key:
        await _ask_kind(turn, broadcast)
        return
    purpose = Purpose.APPEAL if key == "appeal" else Purpose.SERVICE
    await advance(turn, await _settle(turn, broadcast, "kind", purpose=purpose))


async def asked_said(turn: Turn, question: Question, key: str) -> None:
    """What people can answer."""
    if (broadcast := await _theirs(turn, question)) is None:
        return
    if _skips(turn):
        await _skip(turn, broadcast)
        return
    fixed = {"yes_or_no": broadcast_run.YES_OR_NO, "no_answers": ()}
    answers = fixed[key] if key else rules.answers_in(turn.words)
    if answers is None:
        await _put_asked(turn, broadcast, "broadcast.asked.again")
        return
    await advance(turn, await _settle(turn, broadcast, "asked", answers=answers))


async def other_said(turn: Turn, question: Question, key: str) -> None:
    """The same in another language, or that it is to go as it is."""
    if (broadcast := await _theirs(turn, question)) is None:
        return
    language = question.heard
    if not key and yes_no(turn.words) is True:
        await _ask_other(turn, broadcast)
        return
    if not key and not _skips(turn) and yes_no(turn.words) is None:
        await broadcasts.set_text(turn.tx, broadcast.id, language, tidy(turn.words))
        broadcast = await broadcasts.get(turn.tx, broadcast.id)
    await advance(turn, await _settle(turn, broadcast, f"other.{language}"))


async def preview_said(turn: Turn, question: Question, key: str) -> None:
    """What they say to the look of it, short of letting it go, which takes the code."""
    if (broadcast := await _theirs(turn, question)) is None:
        return
    if key == "drop_it":
        await drop(turn, broadcast)
        await turn.reply("broadcast.dropped")
    elif key == "other_words":
        await turn.ask(turn.sender, "broadcast.words.new", "broadcast.words", broadcast.id)
    elif key == "other_people":
        settled = tuple(step for step in broadcast.settled if step != "whom")
        await advance(turn, await broadcasts.save(turn.tx, replace(broadcast, settled=settled)))
    else:
        said, changed = broadcast_preview.changed(turn, broadcast)
        if said is Said.NOTHING:
            await broadcast_preview.ask_again(turn, broadcast)
        elif said is Said.DONE:
            await advance(turn, await broadcasts.save(turn.tx, changed))
        else:
            await turn.reply(f"broadcast.{said.value}")
            await broadcast_preview.ask_again(turn, broadcast)


# Its moments


async def came_due(turn: Turn, broadcast: Broadcast) -> None:
    """A moment of a broadcast has come; it must be locked."""
    if broadcast.status in broadcasts.UNSENT:
        await _forgotten(turn, broadcast)
    else:
        await broadcast_run.go_on(turn, broadcast)


async def _forgotten(turn: Turn, broadcast: Broadcast) -> None:
    """An organiser left it half-way: they hear that nobody has had it."""
    await drop(turn, broadcast)
    organiser = await members.get(turn.tx, broadcast.organiser_id)
    await turn.say(
        organiser,
        "broadcast.forgotten",
        name=first_name(organiser),
        words=broadcast_run.quote(broadcast),
    )
