"""A group's own words, set by an organiser in chat; `popround texts` sets any text there is."""

from __future__ import annotations

from handlers.turn import Turn, first_name, one_line
from handlers.wording.check import Checked, check
from storage import groups, questions, rights
from storage.model import Member, Question

TEXTS = {
    "text_money": "signpost.money",
    "text_medical": "signpost.medical",
    "text_care": "signpost.personal_care",
    "text_info": "info",
    "text_welcome": "welcome",
}
"""The texts that groups most want to say in their own way, by the choice that stands for each."""

LONGEST_SHOWN = 400
"""Characters of a text that are shown."""


async def which(turn: Turn) -> None:
    """Ask which text is to be changed."""
    me = turn.sender
    await questions.close(turn.tx, turn.now, "texts", "texts.new", member_id=me.id)
    await turn.ask(me, "texts.which", "texts", None, tuple(TEXTS), name=first_name(me))


async def chosen(turn: Turn, _question: Question, key: str) -> None:
    """They said which: show it as it is, and wait for other words."""
    await turn.toast()
    await _show(turn, TEXTS[key])


async def _show(turn: Turn, entry: str) -> None:
    me = turn.sender
    await questions.close(turn.tx, turn.now, "texts.new", member_id=me.id)
    await turn.ask(
        me,
        "texts.now",
        "texts.new",
        None,
        ("as_it_is", "usual_words"),
        words=one_line(_in_use(turn, entry), LONGEST_SHOWN),
        heard=entry,
        shorten="words",
    )


async def said(turn: Turn, question: Question, key: str) -> None:
    """They wrote the new words, or chose to leave it or to go back to the usual ones."""
    me, entry = turn.sender, question.heard
    await turn.toast()
    if key == "as_it_is":
        await turn.reply("texts.kept")
        return
    if key == "usual_words":
        await _set(turn, entry, None)
        await turn.reply("texts.usual", words=one_line(_in_use(turn, entry), LONGEST_SHOWN))
        return
    own = " ".join(turn.words.split())
    checked = check(turn.desk.wording.catalogues[_language(turn)][entry], own)
    if not checked.good:
        await turn.reply(f"texts.not_good.{_why(checked)}", words=_names(checked))
        await _show(turn, entry)
        return
    await _set(turn, entry, own)
    sample = turn.text(
        _language(turn),
        entry,
        name=first_name(me),
        organiser=await turn.organiser_name(me),
    )
    await turn.reply("texts.set", words=one_line(sample, LONGEST_SHOWN), count=checked.segments)


async def still_name(turn: Turn, member: Member) -> None:
    """Somebody is about to be forgotten whom the group's own texts may name: organisers are told
    which texts, and not whom, as that would be one more thing to be forgotten."""
    entries = {name.partition(":")[2] for name in await rights.texts_that_name(turn.tx, member)}
    if not entries:
        return
    labels = {entry: f"choice.{choice}.sms" for choice, entry in TEXTS.items()}

    def listed(language: str) -> str:
        known = [turn.text(language, labels[each]) for each in TEXTS.values() if each in entries]
        return turn.desk.wording.joined(language, known + sorted(entries - labels.keys()))

    await turn.tell_organisers(
        "texts.name_them", but=member.id, about={"kind": "texts"}, what=listed
    )


async def _set(turn: Turn, entry: str, own: str | None) -> None:
    language = _language(turn)
    await groups.set_text(turn.tx, turn.community.id, language, entry, own)
    await turn.move_to(turn.community.id)  # with the words as they are now
    action = "texts.set" if own is not None else "texts.reset"
    await turn.note(action, "community", turn.community.id, text=entry, language=language)


def _language(turn: Turn) -> str:
    return turn.sender.language


def _in_use(turn: Turn, entry: str) -> str:
    language = _language(turn)
    own = turn.community.texts.get(f"{language}:{entry}")
    return own or turn.desk.wording.catalogues[language][entry]


def _why(checked: Checked) -> str:
    if checked.broken:
        return "broken"
    if checked.unknown:
        return "unknown"
    return "missing" if checked.missing else "long"


def _names(checked: Checked) -> str:
    return ", ".join(f"{{{name}}}" for name in (*checked.unknown, *checked.missing)) or "-"
