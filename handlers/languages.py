"""The language each person is written to in: noticed from what they write, or asked for."""

from __future__ import annotations

import re

from handlers import ask, join
from handlers.rules.understanding_language import certain_language
from handlers.turn import Turn, first_name
from handlers.wording import Wording
from storage import requests
from storage.model import Address, Question, RequestStatus

LEAST, LEAST_KNOWN = 3, 4
"""Words that a message must have before its language is taken for theirs: of a stranger, who has
shown no other yet, and of somebody we know."""

NAMES = ("ask.name", "join.name", "join.name_again", "join.organiser")
"""Questions that "English" or "Welsh" may answer: both are surnames."""


async def notice(turn: Turn) -> None:
    """Remember the language that somebody plainly writes in, where there are words for it."""
    me = turn.sender
    language = certain_language(turn.words, LEAST_KNOWN if me.roles else LEAST)
    if language and language != me.language and language in turn.desk.wording.languages:
        await _take(turn, language)


async def asked_for(turn: Turn, open_now: list[Question]) -> bool:
    """Whether they ask for a language ("yn Gymraeg os gwelwch yn dda"): they get it, and what they
    were being asked is asked again in it."""
    language = named(turn.desk.wording, turn.words)
    latest = open_now[0] if open_now else None
    if language is None or (latest and latest.kind == "join.languages"):
        return False
    bare = len(turn.words.split()) == 1
    if bare and latest and latest.kind in NAMES and language == turn.sender.language:
        return False
    await _take(turn, language)
    me = turn.sender
    if me.roles and turn.message:
        await turn.show_commands(me, Address(turn.message.channel, turn.message.sender))
    await turn.reply("language.now", name=first_name(me))
    await _once_more(turn, latest)
    return True


def named(wording: Wording, text: str) -> str | None:
    """The language that a message asks for, and does nothing else."""
    words = " ".join(re.sub(r"[^\w\s']", " ", text[:100].lower().replace("’", "'")).split())
    beside = _any(wording, "keywords.beside", wording.languages)
    for language in wording.languages:
        wanted = _any(wording, "keywords.language", (language,))
        if re.fullmatch(rf"(?:(?:{beside}) )*(?:{wanted})(?: (?:{beside}))*", words):
            return language
    return None


def _any(wording: Wording, name: str, languages: tuple[str, ...]) -> str:
    phrases = {phrase for language in languages for phrase in wording.listing(language, name)}
    return "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))


async def _take(turn: Turn, language: str) -> None:
    me = turn.sender
    spoken = tuple(dict.fromkeys((*me.languages, language)))
    await turn.save(me, language=language, languages=spoken)


async def _once_more(turn: Turn, question: Question | None) -> None:
    """Put the question that was open in the new language."""
    me = turn.sender
    if question is None:
        if not me.roles:
            await join.welcome(turn)
    elif question.kind == "welcome":
        await join.welcome(turn)
    elif question.kind.startswith("join."):
        await join.once_more(turn, question)
    elif question.kind.startswith("ask.") and question.ref:
        request = await requests.get(turn.tx, question.ref, lock=True)
        if request.status is RequestStatus.DRAFT:
            await ask.advance(turn, request)
    elif question.kind == "ask.open":
        await turn.ask(me, "what_do_you_need", "ask.open", None)
