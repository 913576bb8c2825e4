"""What a message means: intent, need, day, place, and whether it is an emergency.

A pure function of the text and the time it arrived. A small model (`understanding_model.py`)
weighs words and letters; fixed words, dates, clock times, postcodes and the plain signs of an
emergency are rules. Why so: docs/decisions/0004-understanding.md. The labels: LABELS.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from handlers.rules import understanding_calendar as calendar
from handlers.rules.understanding_clock import part_of
from handlers.rules.understanding_danger import beyond_doubt, danger, harmless, signs
from handlers.rules.understanding_features import tokens
from handlers.rules.understanding_language import language_of
from handlers.rules.understanding_lexicon import classes_of
from handlers.rules.understanding_model import Scores, score
from handlers.rules.understanding_stop import is_start, is_stop, is_stop_word
from handlers.rules.understanding_when import day_of
from handlers.rules.understanding_where import postcode_in
from handlers.rules.understanding_words import numbers_in, plain, yes_no
from storage.model import Intent, Need

__all__ = [
    "ACT_ABOVE",
    "Meaning",
    "is_start",
    "is_stop",
    "is_stop_word",
    "may_be_danger",
    "needs_named",
    "numbers_in",
    "understand",
    "yes_no",
]

ACT_ABOVE = 0.8
"""A meaning at least this sure may be acted on; below it the person is asked with numbers."""

_SPEAKS_OF_A_DAY = frozenset(
    {
        Intent.ASK,
        Intent.OFFER,
        Intent.YES,
        Intent.CANNOT,
        Intent.STATUS,
        Intent.CANCEL,
        Intent.CALL_ME,
    }
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a message was taken to mean. The fields are those of LABELS.md."""

    intent: Intent
    need: Need | None
    """What kind of help, for `ask` and `offer`; none if it does not say."""
    emergency: bool
    """Somebody may be in danger now. Judged apart from `intent`, and acted on before all else."""
    date: date | None
    part: str | None
    """`morning`, `afternoon`, `evening` or `HH:MM`."""
    postcode: str | None
    for_other: bool
    language: str
    confidence: float
    """From 0 to 1: about how often intent and need are both right when it says so."""
    needs: tuple[Need, ...] = ()
    """Every need spoken of; the first is `need`."""
    alternatives: tuple[tuple[Intent, Need | None], ...] = ()
    """What it may mean, likeliest first and the one taken among them, for a numbered question."""
    beyond_doubt: bool = False
    """It is an emergency also where somebody else is going to read it, who can judge."""


def understand(
    text: str, now: datetime, *, language: str | None = None, place: str | None = None
) -> Meaning:
    """What a message means, given the local time at which it arrived.

    `language` is what the person used before, `place` their own outward code (`HD7`). No text
    raises; only the first `understanding_words.MOST` characters are looked at.
    """
    said = plain(text)
    named = signs(said)
    scores = score(text, named)
    spoken = language_of(text, language)
    day = day_of(said, now.date())
    fixed = _fixed(text)
    urgent = fixed is None and danger(said, named, scores.emergency, welsh=spoken == "cy")
    if fixed is not None:
        intent, sure = fixed
        scores.intents[intent.value] = max(sure, scores.intents[intent.value])
    else:
        intent = _likeliest(scores, urgent=urgent, ahead=day is not None)
        sure = scores.intents[intent.value]
    need, needs, need_sure = _needs(text, intent, scores, urgent=urgent)
    if urgent:
        # No surer of the rest than of the danger: a false alarm is wrong about everything.
        sure *= max(scores.emergency, 0.5)
    if fixed is None and not urgent and (plainly := _plain_ask(said)):
        intent, sure = Intent.ASK, max(sure if intent is Intent.ASK else 0.0, PLAINLY)
        if plainly is not need:
            need, needs = plainly, (plainly, *(other for other in needs if other is not plainly))
        need_sure = max(need_sure, PLAINLY)
    part = part_of(said)
    kept = intent in _SPEAKS_OF_A_DAY and need is not Need.MONEY
    if not kept or (urgent and day != now.date()):
        day = part = None
    return Meaning(
        intent=intent,
        need=need,
        emergency=urgent,
        date=day,
        part=part,
        postcode=postcode_in(text, place),
        for_other=intent not in _NEVER_FOR_OTHER and scores.for_other > 0.5,
        language=spoken,
        confidence=round(sure * need_sure, 4)
        if fixed or _backed(said, spoken, intent, need)
        else 0.3,
        needs=needs,
        alternatives=_alternatives(scores, (intent, need)),
        beyond_doubt=urgent and beyond_doubt(named, scores.emergency),
    )


def may_be_danger(text: str) -> bool:
    """Whether a message may be an emergency: enough to say who is heard first, and for nothing
    else, since it knows of no language and of no fixed words. Most messages are known to be none by
    their single words, for a fiftieth of what `understand` takes."""
    return not harmless(plain(text)) and read_for_danger(text)


def read_for_danger(text: str) -> bool:
    """The same by all that is read in a message, for a third of what `understand` takes."""
    said = plain(text)
    named = signs(said)
    return danger(said, named, score(text, named).emergency)


_NEVER_FOR_OTHER = frozenset(
    {Intent.OFFER, Intent.STOP, Intent.START, Intent.THANKS, Intent.UNKNOWN, Intent.INFO}
    | {Intent.YES, Intent.NO, Intent.DONE, Intent.CANNOT}
)
_LETTER = re.compile(r"[^\W\d_]")


_NO_MORE = re.compile(
    # There is an end to be made ...
    r"(?<!bus )\bst(?:o|a)?h?p(?!s? (?:at|in|off|by|over|cock|tap))|unsub|ceas|quit|refrain|"
    r"withdraw|block|resign|delet|remov|eras|enough|opt(?:ing|ed)? ?(?:me )?out|"
    r"(?:pack|jack) it in|"
    r"knock it on|give over|gie it a rest|wheesht|\bnae? mair|\bno ?(?:more|mair|longer|further)|"
    r"\bend (?:it|this|these|the|my|all|messages|texts)|finish|turn (?:it|this|these) off|"
    r"switch (?:it|this|these) off|rid of|\b(?:im|am) (?:done|out|leaving)|want (?:out|to leave)|"
    # ... of texts, which somebody does not want ...
    r"\b(?:dont|do not|didnt|not to|never|not|wont|without|gonnae no|too many) .{0,60}"
    r"(?:te?xt|send|messag|msg|contact|want|bother|ring|call|hear|need|pester|interest)|too many|"
    r"bother|harass|spam|annoy|pester|fed up|sick (?:to death )?of|report you|not interested|"
    # ... or somebody wants to be left alone, or off the list, or is another person.
    r"leave (?:me|us|off)|leav(?:e|ing) (?:the|this|your) (?:group|list)|do i leave|let me be|"
    r"\b(?:take|tek|get|cross|scrub|strike|knock|drop|come|sod|bog|bugger|clear|f) .{0,40}\boff\b|"
    r"\b[sbf]\w* off$|\boff (?:the|your|this) list|out of (?:this|it)|go away|get lost|lose my|"
    r"wrong (?:number|person|phone|house|one|man|woman|lad|lass)|forget (?:me|my)|"
    # Welsh and Italian.
    r"(?:peidi|paid|gorau i).{0,60}(?:anfon|gyrru|yrru|tecst|cysyll|neges)|tynn|dileu|lonydd|"
    r"(?:ddim|dim|digon|rhagor).{0,60}neges|\bbasta\b|smett|cancell|"
    r"non (?:mi )?(?:mand|scriv|voglio)"
)
"""A word of somebody who wants no more messages. The model weighs all words, and "list" or "text"
by themselves stand often enough beside STOP: without a word of this kind nobody is silenced."""

_WELSH_MONEY = re.compile(r"arian|pres\b|tal|bil|budd|rhent|dyled|fforddi|ceiniog|credyd|llwgu")
"""The model has seen little Welsh: before an organiser is told of money trouble it has to have a
word of it ("ar fy ffordd" is no debt)."""


def _backed(said: str, language: str, intent: Intent, need: Need | None) -> bool:
    """Whether the words themselves bear out what would be hard to take back."""
    if intent is Intent.STOP:
        return _NO_MORE.search(said) is not None
    if need is Need.MONEY and language == "cy":
        return _WELSH_MONEY.search(said) is not None
    return True


def _fixed(text: str) -> tuple[Intent, float] | None:
    """The intent of a message that is nothing but fixed words, and how sure that is."""
    if is_stop_word(text):
        return Intent.STOP, 0.99
    if is_start(text):
        return Intent.START, 0.98
    if (agreed := yes_no(text)) is not None:
        return (Intent.YES if agreed else Intent.NO), 0.97
    if numbers_in(text):
        return Intent.UNKNOWN, 0.97  # only the open question tells what a number means
    if is_stop(text):
        return Intent.STOP, 0.95
    return (Intent.CANNOT, 0.95) if _CANNOT_COME.fullmatch(plain(text)) else None


_DAY_NAMES = "|".join((*calendar.WEEKDAYS, *calendar.WELSH_WEEKDAYS))
_CANNOT_COME = re.compile(
    r"(?:(?:no|scus[ai]|scusate|purtroppo|mi (?:di)?spiace|sori|sorry|mae n ddrwg gen i)[ ,.]+)*"
    r"(?:(?:io )?non (?:posso|potr[oò]|riesco a|ce la faccio a)(?: pi[uù])? "
    r"(?:venire|andare|andarci|passare|esserci|farlo)|"
    r"(?:g?alla|fedra) i ddim (?:dod|mynd|ei wneud)|(?:(?:dw i|dwi|rwy) ?n )?methu (?:dod|mynd))"
    rf"(?:[ ,.]+(?:(?:dd?ydd )?(?:{_DAY_NAMES})|pi[uù]|"
    r"oggi|domani|stasera|scus[ai]|scusate|mi (?:di)?spiace|grazie|heddiw|heno|y?fory|sori|sorry|"
    r"plis|diolch))*[ .!]*"
)
"""What our own words tell helpers to write who can't come, in the languages that the model has seen
little of."""


def _likeliest(scores: Scores, *, urgent: bool, ahead: bool) -> Intent:
    """The likeliest intent; `ahead` when a day to come is named, of which nothing is done yet."""
    chances = dict(scores.intents)
    if ahead:
        for intent in (Intent.DONE, Intent.THANKS):
            chances[intent.value] *= 0.3
    best = Intent(max(chances, key=lambda name: chances[name]))
    if urgent and best in {Intent.UNKNOWN, Intent.INFO, Intent.THANKS, Intent.WORRY, Intent.DONE}:
        return Intent.ASK
    return best


def _needs(
    text: str, intent: Intent, scores: Scores, *, urgent: bool
) -> tuple[Need | None, tuple[Need, ...], float]:
    """The need, every need, and how sure the first is."""
    if intent not in {Intent.ASK, Intent.OFFER}:
        return None, (), 1.0
    name = max(scores.needs, key=lambda need: scores.needs[need])
    need = Need(name) if name else None
    if urgent:
        plainly = need is not None and scores.needs[name] > 0.8
        plainly = plainly and _REQUEST.search(plain(text)) is not None
        if not plainly:
            need = Need.MEDICAL if need is Need.MEDICAL else None
        return need, (need,) if need else (), 1.0
    return need, _every(text, need) if need else (), scores.needs[name]


_JOINED = re.compile(r"\b(?:and|also|plus|then|a hefyd|hefyd|&)\b|[,.;+&]")
_CLASSES = {
    Need.SHOPPING: {"FOOD", "SHOP"},
    Need.PRESCRIPTION: {"MEDICINE", "CHEMIST"},
    Need.LIFT: {"RIDE", "HEALTHPLACE"},
    Need.MEAL: {"MEAL"},
    Need.ERRAND: {"ERRAND"},
    Need.PET: {"PET"},
    Need.GARDEN: {"GARDEN"},
    Need.HOME: {"HOME"},
    Need.TECH: {"TECH"},
    Need.PAPERWORK: {"PAPER"},
    Need.COMPANY: {"COMPANY"},
}


def _every(text: str, first: Need) -> tuple[Need, ...]:
    """The need, and what else is asked for: a piece must be sure of it and name such a thing."""
    found = [first]
    pieces = [piece for piece in _JOINED.split(plain(text)) if piece.strip()]
    for piece in pieces[:6] if len(pieces) > 1 else ():
        kinds = {kind for word in tokens(piece) for kind in classes_of(word)}
        others = (need for need, known in _CLASSES.items() if need not in found and kinds & known)
        if next(others, None) is None:
            continue
        chances = score(piece, []).needs
        name = max(chances, key=lambda need: chances[need])
        if not name or chances[name] < EVERY_ABOVE:
            continue
        need = Need(name)
        if need in (Need.SHOPPING, Need.MEAL) and {Need.SHOPPING, Need.MEAL} & set(found):
            continue  # fish and chips are one thing to fetch
        if need not in _BARE and not _DOING.search(piece):
            continue  # the Radio Times is no radio to mend
        if need not in found and kinds & _CLASSES.get(need, set()):
            found.append(need)
    return tuple(found)


_BARE = (Need.SHOPPING, Need.PRESCRIPTION, Need.LIFT, Need.MEAL)
"""What is asked for by the thing alone: "milk, and my prescription"."""
_DOING = re.compile(
    r"\b(?:fix|mend|repair|look|help|sort|set|show|chang|cut|mow|clear|sweep|post|take|return|walk|"
    r"feed|read|fill|chat|visit|talk|put|move|carry|ring|do|does|doing|need|want|get|fetch|collect|"
    r"pick|bring|drop|sit|come|call|hang|clean|check|unblock|lift|dig|weed|water|mind|print|write|"
    r"broke|broken|bust|stopped|working|wont|isnt|gone|out|trwsio|edrych|torri|symud|mynd|helpu)"
)
"""Something that is to be done, in a piece of a message."""


def needs_named(text: str) -> frozenset[Need]:
    """The kinds of help whose things are named in a text, whatever it says of them."""
    kinds = {kind for word in tokens(plain(text)) for kind in classes_of(word)}
    return frozenset(need for need, known in _CLASSES.items() if kinds & known)


EVERY_ABOVE = 0.75
"""How sure a piece of a message must be of a need of its own."""
PLAINLY = 0.92
"""How sure a plain request is (`_plain_ask`). Ours: neither scored set has a message so plain."""
_WISH = re.compile(
    r"^(?:(?:hello|hi|hiya|hey|please|pls|good (?:morning|afternoon|evening)|could|can|would)\b ?)*"
    r"(?:i|we|you|someone|somebody|anyone|anybody)? ?(?:just |really |do )?"
    r"(?:need|want|could do with|would like|id like|get|fetch|bring|buy|pick) "
    r"(?P<what>(?:[\w']+ ?){1,6})"
)
_REGULAR = re.compile(
    r"^(?:some |my |the )?(?P<what>shopping|prescriptions?|tablets|medicines?) (?:every|each|"
    r"weekly|once)\b"
)
"""A thing and how often, and nothing else: who offers says that they do."""
_JUST = re.compile(
    r"^(?:just|only) (?:the |some |my |an? )?(?P<what>(?:[\w']+ ){1,4}?)"
    r"(?:then |now )?(?:please|pls|plz|thanks|thank you|ta)[ .!]*$"
)
"""One thing out of several: "just the bread please"."""
_ON_A_DAY = re.compile(
    r"^(?:some |my |the |an? )?(?P<what>(?:[\w']+ ){1,5}?)(?:(?:on|for|by) )?(?:this |next )?"
    r"(?:today|tonight|tomorrow|(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
    r"(?: morning| afternoon| evening)?(?:,? (?:please|pls|plz|thanks|thank you|ta))*[ .!?]*$"
)
"""A thing and a day, and nothing else: "bread on Thursday please"."""
_HELP_WITH = re.compile(
    r"^(?:(?:hello|hi|hiya|hey|please|good (?:morning|afternoon|evening))\b,? ?)*"
    r"(?:(?:can|could|would|will) (?:you|anyone|anybody|someone|somebody)(?: please)?|"
    r"(?:i |we )?(?:need|want|would like|could do with)(?: (?:someone|somebody|anyone) to)?) "
    r"(?:help|(?:give (?:me|us) )?a hand|some help|a bit of help)(?: me| us| out)* "
    r"(?:in|with|on|round) (?:the|my|our) (?P<what>[\w']+)"
)
"""A hand, and where: who writes so asks, whatever the rest reminds the model of."""
_NOT_SO = re.compile(r"\b(?:dont|not|no|never|cant|cannot|instead|cancel|stop|any more|anymore)\b")


def _plain_ask(said: str) -> Need | None:
    """What is asked for in a plain short request ("i need some eggs please") whose things all
    belong to one kind of help; none if it is anything else. The model is unsure of things that it
    was never taught, and a person who writes so plainly should not be asked what they mean."""
    if len(said.split()) > 14 or _NOT_SO.search(said):
        return None
    for patterns, able in (
        ((_WISH, _REGULAR, _JUST, _ON_A_DAY), _PLAIN_NEEDS),
        ((_HELP_WITH,), _NEEDS_A_HAND),
    ):
        wish = next(filter(None, (pattern.match(said) for pattern in patterns)), None)
        if wish is None:
            continue
        kinds = {kind for word in tokens(wish["what"]) for kind in classes_of(word)}
        found = [need for need, known in _CLASSES.items() if kinds & known]
        if len(found) == 1 and found[0] in able:
            return found[0]
    return None


_PLAIN_NEEDS = (Need.SHOPPING, Need.PRESCRIPTION)
_NEEDS_A_HAND = (Need.GARDEN, Need.TECH, Need.PAPERWORK)
_REQUEST = re.compile(
    r"\b(?:can|could|would|please|cud|wud) (?:\w+ ){0,4}"
    r"(?:bring|fetch|get me|pick|collect|look at|drop)\b"
)


def _alternatives(
    scores: Scores, taken: tuple[Intent, Need | None]
) -> tuple[tuple[Intent, Need | None], ...]:
    """Up to four meanings, likeliest first."""
    ranked: list[tuple[float, Intent, Need | None]] = []
    for name, chance in scores.intents.items():
        intent = Intent(name)
        if intent in {Intent.ASK, Intent.OFFER}:
            for need, share in scores.needs.items():
                ranked.append((chance * share, intent, Need(need) if need else None))
        else:
            ranked.append((chance, intent, None))
    ranked.sort(key=lambda entry: -entry[0])
    found = [taken, *((i, n) for _, i, n in ranked if (i, n) != taken)]
    return tuple(found[:4])
