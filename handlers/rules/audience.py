"""Whom a broadcast is for, as an organiser says it, and who that is.

What is meant by words is decided here; `storage.broadcasts` finds the same people in the database,
and a test holds the two together. Places are looked up by whoever calls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

from handlers.rules import timing
from handlers.rules.timing import clock_time
from handlers.rules.understanding_clock import part_of
from handlers.rules.understanding_when import day_of
from handlers.rules.understanding_words import plain, words_named
from storage.model import Community, Member, Need, Role, Standing
from storage.model_broadcasts import Audience

KM_A_MILE = 1.609
USUAL_KM = 1.0
"""What "round HD7 6AB" means where no distance is said."""

_POSTCODE = r"[a-z]{1,2}\d[a-z\d]?(?: ?\d(?:[a-z]{2})?)?"
_EVERYONE = re.compile(
    r"^(?:to |i |a )?(?:everyone|everybody|every one|all(?: of (?:them|us|you))?|"
    r"the (?:whole )?group|pawb|bawb|tutti|tutte)(?: please| plis| per favore)?$"
)
_ROLES = {
    Role.HELPER: r"helpers?|volunteers?|cynorthwywyr|gynorthwywyr|gwirfoddolwyr|helpwyr|"
    r"volontari|aiutanti|chi aiuta|who help",
    Role.ASKER: r"askers?|who (?:have )?asks?(?:ed)?|who needs? help|who gets? help|"
    r"sy'?n gofyn|gofynwyr|chi chiede",
}
_LANGUAGES = {
    "en": r"english|saesneg|inglese",
    "cy": r"welsh|cymraeg|gymraeg|gallese",
    "it": r"italian|eidaleg|italiano",
    "pl": r"polish|pwyleg|polacco",
}
_SILENT = re.compile(
    r"unanswered|(?:not|n'?t|never|no) (?:yet )?(?:answer|repl)(?:ed|ied|y)?|no answer|"
    r"(?:heb|ddim wedi) ateb|non (?:ha|hanno) risposto|senza risposta"
)
_AROUND = re.compile(
    r"(?:(?:with)?in |o fewn |entro )?(?:(?P<n>\d+(?:[.,]\d+)?|a|one|un|half a|hanner) ?"
    r"(?P<unit>km|kms|kilomet\w+|cilomet\w+|chilomet\w+|miles?|filltir\w*|milltir\w*|miglia|miglio))?"
    r" ?(?:of|from|round|around|near|about|o|i|o gwmpas|ger|da|di|intorno a|vicino a) "
    rf"(?P<place>{_POSTCODE})$"
)
_PARTS = re.compile(rf"\b({_POSTCODE})\b")
_NEEDS: dict[Need, str] = {
    Need.LIFT: r"lifts?|driv(?:e|es|ing|ers?)|cars?|gyrru|car|passaggi|auto",
    Need.SHOPPING: r"shopping|siopa|spesa",
    Need.PRESCRIPTION: r"prescriptions?|medicines?|presgripsiwn\w*|ricette|medicine",
    Need.COMPANY: r"company|visits?|chats?|cwmni|compagnia",
    Need.MEAL: r"meals?|cook\w*|bwyd|coginio|pasti|cucinare",
    Need.PET: r"pets?|dogs?|cats?|anifeiliaid|cwn|animali|cani",
    Need.GARDEN: r"gardens?|gardening|gardd|garddio|giardin\w+",
    Need.HOME: r"repairs?|diy|odd jobs?|trwsio|riparazioni",
    Need.TECH: r"tech|phones?|computers?|ffon\w*|cyfrifiadur\w*|telefoni|computer",
    Need.PAPERWORK: r"forms?|letters?|paperwork|ffurflenni|llythyrau|moduli|lettere",
    Need.ERRAND: r"errands?|negesau|commissioni",
}


@dataclass(frozen=True, slots=True)
class Named:
    """An audience as it was named; a place is still to be looked up."""

    audience: Audience
    around: str = ""
    """A postcode around which they live, as it was written."""


def named(text: str) -> Named | None:
    """Whom a few words mean; none if any of them can't be followed. What is not understood would
    leave nobody out, and so tell more people than were meant."""
    said = " ".join(plain(text).strip(" .!?").split())
    if _EVERYONE.match(said):
        return Named(Audience())
    found, around = Audience(), ""
    place = _AROUND.search(said)
    if place and (place["unit"] or not _is_area(place["place"])):
        km = _km(place["n"] or "", place["unit"] or "")
        found, around = replace(found, km=km), place["place"].upper()
        said = said[: place.start()]
    if not around:
        areas = dict.fromkeys(_area(code) for code in _PARTS.findall(said))
        found = replace(found, areas=tuple(areas))
        said = _PARTS.sub(" ", said)
    tables: dict[str, Mapping[Any, str]]
    tables = {"language": _LANGUAGES, "need": _NEEDS, "role": _ROLES}
    for name, table in tables.items():
        for value, words in table.items():
            said, hits = re.subn(rf"\b(?:{words})\b", " ", said)
            if hits and not getattr(found, name):
                found = replace(found, **{name: value})
    if found.need and not found.role:
        found = replace(found, role=Role.HELPER)
    if not _SMALL.issuperset(said.split()) or (found == Audience() and not around):
        return None
    return Named(found, around)


_SMALL = words_named(
    "the all to only just and or who whose with do does can give gives in of at people those "
    "everyone everybody living live lives speakers speaker speak speaks please plis a an that help "
    "i y yr yn sydd sy'n sy n pobl rhai sy'n siarad siaradwyr a'r ac gyda sy'n gallu byw unig "
    "chi che parla parlano quelli persone di del nel con le gli la il lo e abita vive solo"
)


def means_silent(text: str) -> bool:
    """Whether those are meant who did not answer the last time."""
    return bool(_SILENT.search(plain(text)))


def _km(number: str, unit: str) -> float:
    if not unit:
        return USUAL_KM
    words = {"a": 1.0, "one": 1.0, "un": 1.0, "half a": 0.5, "hanner": 0.5}
    count = words.get(number) or float(number.replace(",", "."))
    return round(count * (1.0 if unit[0] in "kc" else KM_A_MILE), 2)


def _area(code: str) -> str:
    """`HD7` or `HD7 5` of a code as it was written: `hd75`, `hd7 5ab`."""
    squeezed = code.replace(" ", "").upper()
    whole = re.fullmatch(r"([A-Z]{1,2}\d[A-Z\d]?)(\d)[A-Z]{2}", squeezed)
    if whole:
        return f"{whole[1]} {whole[2]}"
    return code.upper()


def _is_area(code: str) -> bool:
    return not re.fullmatch(r"[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}", code)


def is_meant(member: Member, audience: Audience, km: float | None, *, silent: bool = False) -> bool:
    """Whether somebody is in an audience, whether or not it may go to them. `km`: how far they live
    from the place that is meant, if that is known; `silent`: they were asked last time, and did not
    answer."""
    if member.standing is not Standing.ACTIVE or not member.roles:
        return False
    return all(
        (
            audience.role is None or member.is_a(audience.role),
            not audience.areas or any(_lies_in(member.area, area) for area in audience.areas),
            audience.cell is None or (km is not None and km <= audience.km),
            not audience.language or member.language == audience.language,
            audience.need is None or (audience.need in member.can_do and member.is_a(Role.HELPER)),
            audience.silent_in is None or silent,
        )
    )


def _lies_in(home: str, area: str) -> bool:
    # HD7 is not HD70.
    return home == area or home.startswith(f"{area} ")


# What is said of a broadcast that is being put together


_ANSWERS = re.compile(r"[,;/\n]|\bor\b|\bneu\b|\boppure\b")
MOST_ANSWERS = 4
LONGEST_ANSWER = 24


def answers_in(text: str) -> tuple[str, ...] | None:
    """The answers that an organiser wrote, in order; none if they are no two to four short ones."""
    found = [" ".join(part.split()).strip(" .!") for part in _ANSWERS.split(text)]
    found = [re.sub(r"^\d[.):]? ", "", part) for part in found if part]
    good = 2 <= len(found) <= MOST_ANSWERS and all(len(part) <= LONGEST_ANSWER for part in found)
    return tuple(found) if good and len(set(found)) == len(found) else None


_URGENT = re.compile(
    r"^(?:urgent|brys|mae'?n frys|urgente)\b[\s:,.-]*(?:because |since |as |achos |gan |perché )?"
    r"(?P<why>.*)$",
    re.IGNORECASE | re.DOTALL,
)


def urgent_because(text: str) -> str | None:
    """Why it is urgent; empty if no reason is given, none if it is not said to be urgent."""
    found = _URGENT.match(text.strip())
    return " ".join(found["why"].split()).strip(" .") if found else None


_NOW = re.compile(r"^(?:now|at once|straight away|send it now|nawr|rwan|ar unwaith|adesso|subito)$")


def moment_in(text: str, now: datetime, community: Community) -> datetime | None:
    """When it is to go, if a message says that and no more ("tomorrow at 10"); the moment itself
    for "now". In UTC."""
    said = plain(text).strip(" .!?")
    if _NOW.match(said):
        return now
    if len(said.split()) > 8:
        return None
    said = re.sub(r"\b(?:alle|ore|am) (?=\d)", "at ", said)
    said = re.sub(r"\bat (1[3-9]|2[0-3])\b(?![:.])", r"at \1:00", said)
    here = timing.local(now, community)
    day, part = day_of(said, here.date()), part_of(said)
    if part is None and (day is None or day == here.date()):
        return None
    hour = clock_time(part or "") or timing.PART_HOUR.get(part or "") or time(10)
    return timing.at_local(day or here.date(), hour, community)


_WHO_SAID = re.compile(
    r"^(?:who|pwy|chi) (?:said|answered|chose|replied|ddywedodd|atebodd|ha (?:detto|risposto)) "
    r"(?P<what>.+)$"
)


def who_said(text: str) -> str | None:
    """Which answer somebody wants the names of: its number or its words; none if they don't."""
    found = _WHO_SAID.match(plain(text).strip(" .!?"))
    return found["what"].strip(" '\"") if found else None
