"""The words: one gettext catalogue a language, and how days, hours and needs are said in it.

A catalogue's `msgid` is a name (`found.asker`), its `msgstr` the words, with `{placeholders}`. The
English catalogue is the whole one; another may lack entries, and falls back to it.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from importlib import resources
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.messages.pofile import read_po

from handlers.rules.timing import clock_time
from storage.model import Community, HelpRequest, Need

FALLBACK = "en"
_KEYWORDS = "keywords."
FAR_OFF = timedelta(days=183)
"""A day further off than this is said with its year."""

LOCALES = {"en": "en_GB"}
"""Where the days and hours are those of another region than the language's own."""


class MissingWordsError(KeyError):
    """An entry that no catalogue has: a fault in the code, found by the catalogue tests."""


@dataclass(frozen=True)
class Wording:
    """The catalogues, by language and by name."""

    catalogues: dict[str, dict[str, str]]

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted(self.catalogues))

    def text(self, language: str, name: str, own: str | None = None, /, **params: object) -> str:
        """The words of that name, filled in; `own`: what the group says in their place.

        Raises:
            MissingWordsError: if there are none, or a placeholder has no value.
        """
        usual = self.catalogues.get(language, {}).get(name) or self.catalogues[FALLBACK].get(name)
        words = own or usual
        if words is None:
            raise MissingWordsError(name)
        if params.get("name") == "":
            words = _nameless(words)
        if isinstance(params.get("organiser"), str):
            words = _START_ORGANISER.sub(r"\1{organiser_first}", words)
            params["organiser_first"] = capital(str(params["organiser"]))
        try:
            return string.Formatter().vformat(words, (), params)
        except KeyError as error:
            raise MissingWordsError(f"{name} has no value for {error}") from None

    def has(self, name: str) -> bool:
        return name in self.catalogues[FALLBACK]

    @cached_property
    def keywords(self) -> tuple[str, ...]:
        """What there are fixed words for."""
        names = self.catalogues[FALLBACK]
        return tuple(name.removeprefix(_KEYWORDS) for name in names if name.startswith(_KEYWORDS))

    @cached_property
    def fixed(self) -> Mapping[str, frozenset[str]]:
        """Of each of these the words, in small letters and every language."""
        return {
            name: frozenset(
                word.lower()
                for language in self.languages
                for word in self.listing(language, _KEYWORDS + name)
            )
            for name in self.keywords
        }

    def listing(self, language: str, name: str) -> list[str]:
        """The words of an entry that is a list, between commas."""
        return [word.strip() for word in self.text(language, name).split(",") if word.strip()]

    def joined(self, language: str, things: list[str]) -> str:
        """`milk`, `milk and bread`, `milk, bread and eggs`."""
        if len(things) < 2:
            return "".join(things)
        joined = self.text(language, "and", first=", ".join(things[:-1]), last=things[-1])
        return _welsh_and(joined, things[-1]) if language == "cy" else joined

    # Days and hours

    def hour(self, language: str, moment: datetime, community: Community) -> str:
        """`2pm`, `2:30pm`: an hour as it is said, on the group's own clocks."""
        here = moment.astimezone(ZoneInfo(community.timezone))
        return self._hour(language, here)

    def _hour(self, language: str, here: datetime) -> str:
        if (here.hour, here.minute) == (12, 0):
            return self.text(language, "noon")
        pattern = self.text(language, "hour.minutes" if here.minute else "hour.whole")
        return format_time(here, pattern, locale=LOCALES.get(language, language)).lower()

    def by(
        self,
        language: str,
        moment: datetime,
        now: datetime,
        community: Community,
        *,
        named: bool = False,
    ) -> str:
        """`2pm`, `9am tomorrow`, `9am on Monday`; `named`: the day is, however near it is."""
        hour = self.hour(language, moment, community)
        day = moment.astimezone(ZoneInfo(community.timezone)).date()
        today = now.astimezone(ZoneInfo(community.timezone)).date()
        if day == today and not named:
            return hour
        if day == today + timedelta(days=1) and not named:
            return self.text(language, "by.tomorrow", hour=hour)
        said = self.day(language, day, today, named=named)
        return self.text(language, "by.day", hour=hour, day=said)

    def date_of(self, language: str, day: date) -> str:
        """`31 January 2028`."""
        return format_date(day, "d MMMM y", locale=LOCALES.get(language, language))

    def day_of_month(self, language: str, day: int, month: int) -> str:
        """`31 June`, whether or not there is one."""
        name = format_date(date(2024, month, 1), "MMMM", locale=LOCALES.get(language, language))
        return f"{day} {name}"

    def weekday(self, language: str, weekday: int) -> str:
        """The name of a day of the week; Monday is 0."""
        monday = date(2024, 1, 1)
        named = format_date(
            monday + timedelta(days=weekday), "EEEE", locale=LOCALES.get(language, language)
        )
        return named.replace("Dydd ", "dydd ")

    def clock(self, language: str, hour: time) -> str:
        """`2pm`, `2:30pm`: an hour of any day."""
        return self._hour(language, datetime.combine(date(2024, 1, 1), hour))

    def day(
        self,
        language: str,
        day: date,
        today: date,
        *,
        whole: bool = False,
        named: bool = False,
    ) -> str:
        """`today`, `tomorrow`, `Tuesday`, `Tuesday 24 November`; `whole`: never just `Tuesday`;
        `named`: right on whatever day it is read, so never `today` or `tomorrow`. A day that is
        far off has its year, for it may not be the one that was meant: who writes of 29 February
        in a year that has none, or of yesterday by its date."""
        if day == today and not named:
            return self.text(language, "day.today")
        if day == today + timedelta(days=1) and not named:
            return self.text(language, "day.tomorrow")
        near = timedelta(0) <= day - today < timedelta(days=7) and not whole
        locale = LOCALES.get(language, language)
        pattern = "EEEE d MMMM y" if day - today > FAR_OFF else "EEEE d MMMM"
        said = format_date(day, "EEEE" if near else pattern, locale=locale)
        return said.replace("Dydd ", "dydd ")  # CLDR has the Welsh days as headings

    def weekly(self, language: str, days: Iterable[int], hour: time) -> str:
        """`every day at 9am`, `Monday to Friday at 9am`, `every Monday and Thursday at 6:30pm`;
        Monday is 0."""
        wanted = frozenset(days)
        named = {
            frozenset(range(7)): "days.every",
            frozenset(range(5)): "days.weekdays",
            frozenset({5, 6}): "days.weekend",
        }.get(wanted)
        monday = date(2024, 1, 1)
        if named:
            said = self.text(language, named)
        else:
            locale = LOCALES.get(language, language)
            names = [
                format_date(monday + timedelta(day), "EEEE", locale=locale).removeprefix("Dydd ")
                for day in sorted(wanted)
            ]
            said = self.text(language, "days.some", days=self.joined(language, names))
        return self.text(
            language,
            "days.at",
            days=said,
            hour=self._hour(language, datetime.combine(monday, hour)),
        )

    def of_week(self, language: str, minute: int, *, day_known: bool = False) -> str:
        """`Monday 9am`, or `9am`: a minute of the week, counted from Monday's midnight."""
        here = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)  # a Monday
        locale = LOCALES.get(language, language)
        day = format_date(here.date(), "EEEE", locale=locale).replace("Dydd ", "dydd ")
        hour = self._hour(language, here)
        return hour if day_known else f"{day} {hour}"

    def when(
        self,
        language: str,
        request: HelpRequest,
        now: datetime,
        community: Community,
        *,
        named: bool = False,
    ) -> str:
        """`today`, `tomorrow morning`, `Tuesday at 2:30pm`, `as soon as somebody can`; `named`: the
        day is, however near it is."""
        here = now.astimezone(ZoneInfo(community.timezone))
        today = here.date()
        if request.day is None and request.part is None:
            return self.text(language, "when.soon")
        if request.day is not None and request.day < today:
            return self.text(language, "when.soon")  # wanted yesterday
        days = (request.day or today, *request.also_days)
        day = self.joined(language, [self.day(language, d, today, named=named) for d in days])
        if request.part is None or gone_by(request, here):
            return day
        hour = clock_time(request.part)
        if hour is None:
            part = self.text(language, f"part.{request.part}")
            if days == (today,) and not named:
                return self.text(language, f"today.{request.part}")
            return self.text(language, "when.part", day=day, part=part)
        said = self._hour(language, datetime.combine(today, hour))
        return self.text(language, "when.hour", day=day, hour=said)

    # What is wanted

    def gist_of_each(
        self, language: str, request: HelpRequest, written_in: Iterable[str] = ()
    ) -> list[str]:
        """What is wanted, thing by thing, in words that give nobody away: the things named that are
        in the catalogue's own list (`milk`, `bread`), or the kind of help. `written_in`: the
        languages that it may have been asked for in, besides this one."""
        found: list[str] = []
        for need in (request.need, *request.also):
            things: list[str] = []
            if need in (Need.SHOPPING, Need.MEAL):
                things = self.things(language, request.words, written_in)
            found += things or [self.text(language, f"need.{need.value if need else 'other'}")]
        return found

    def things(
        self, language: str, words: str, written_in: Iterable[str] = (), most: int = 3
    ) -> list[str]:
        """The known things that somebody named, in the order they did. The lists of all catalogues
        run side by side, so that what was asked for in one language is said in another."""
        found: list[int] = []
        for spoken in dict.fromkeys((language, *written_in)):
            named = self._named(spoken, words)
            found = named if len(named) > len(found) else found
        own = self.listing(language, "things")
        return [own[place].split("/")[0] for place in found if place < len(own)][:most]

    @cached_property
    def _forms(self) -> Mapping[str, Sequence[tuple[str, int]]]:
        """In each language, every form of each known thing, and its place in the list."""
        return {
            language: [
                (form.lower(), place)
                for place, forms in enumerate(self.listing(language, "things"))
                for form in forms.split("/")
            ]
            for language in self.languages
        }

    def _named(self, language: str, words: str) -> list[int]:
        """The places in that language's list of the things named, in the order they were."""
        found = []
        lowered = words.lower()
        for form, place in self._forms.get(language, self._forms[FALLBACK]):
            # To look for the letters is quick; whether they are a word, for few of them.
            if form in lowered and (at := re.search(rf"\b{re.escape(form)}\b", lowered)):
                found.append((at.start(), -len(form), place))
        kept: list[tuple[int, int, int]] = []
        for start, minus, place in sorted(found):
            # "dog food" is not "food" as well.
            if not any(s <= start < s - length for s, length, _ in kept):
                kept.append((start, minus, place))
        return list(dict.fromkeys(place for _, _, place in kept))


def _welsh_and(joined: str, last: str) -> str:
    """`a` is `ac` before a vowel, and makes c, p and t breathe: `te a choffi`, `caws ac wyau`."""
    head = joined.removesuffix(f" a {last}")
    if head == joined:
        return joined
    if re.match(r"[aeiouwyâêîôûŵŷ]", last.lower()):
        return f"{head} ac {last}"
    return f"{head} a " + re.sub(r"^(c(?!h)|p(?!h)|t(?!h))", r"\1h", last)


PART_ENDS = {"morning": time(12), "afternoon": time(17, 30), "evening": time(21)}


def gone_by(request: HelpRequest, here: datetime) -> bool:
    """Whether the time of day that was asked for is over, by the group's own clocks: nobody is told
    "this morning" in the afternoon."""
    if request.day is not None and request.day != here.date():
        return request.day < here.date()
    if request.part is None:
        return False
    ends = PART_ENDS.get(request.part) or clock_time(request.part)
    return ends is not None and here.time() > ends


_START_ORGANISER = re.compile(r"(^|[.!?] )\{organiser\}")
"""At the start of a sentence "an organiser" has a capital."""


def _nameless(words: str) -> str:
    """An entry for somebody whose name is not known yet: "Sorry {name}, I ..." without it."""
    return capital(re.sub(r",? \{name\}", "", re.sub(r"^\{name\}[,.] ", "", words)))


def capital(text: str) -> str:
    """The text with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]


@cache
def load() -> Wording:
    """Every catalogue beside this file. About 20 ms the first time, then kept."""
    catalogues = {}
    for file in resources.files(__name__).iterdir():
        if file.name.endswith(".po"):
            with file.open("rb") as opened:
                catalogue = read_po(opened)
            catalogues[file.name.removesuffix(".po")] = {
                str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string
            }
    return Wording(catalogues)
