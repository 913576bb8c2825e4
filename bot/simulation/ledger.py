"""What people were told, written down by somebody who never looks into the database.

Some promises are looked after as each message is seen: nobody is woken, or written to after STOP,
and a home is shown to nobody but who goes there. The rest is counted at the end, against the
calendar that people made for themselves: see `calendar`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from bot.simulation.people import IN_WORDS, LONDON, SOON, Deed, Person
from bot.simulation.reading import Read
from bot.simulation.town import Town
from storage.model import Priority, Role

PROMPT = timedelta(minutes=3)
"""Nothing is late that comes within this: a second a text, and a busy hour."""

JUST_NOW = timedelta(minutes=2)

QUIET_FROM, QUIET_UNTIL = time(20), time(9)

AT_THEIR_HOUR = ("check_in.", "alarm.", "duty.", "note.", "emergency")
"""What may come at night: they chose the hour, or somebody may not be all right."""

NOT_TONIGHT, BEDTIME = ("gave_up", "looking_again", "nobody_yet", "handed"), time(22)
"""Nobody comes after all, or nobody has said yes, and until when that may be told at once: whoever
waits for somebody this evening, or for the word that was promised by then, must not sit up
(`visit.TONIGHT`, `waves.BEDTIME`). What is for another day waits for the morning."""

AN_ANSWER = timedelta(hours=1)
"""For so long what was written is answered at night, where lines are down and the bot dies."""

NEVER = ("trouble", "kept_waiting", "not_understood", "words_sent", "cant_read")
"""What nobody in this town should ever hear: the bot did not follow, or something went wrong."""

OF_EACH = ("what is said fits", "nobody is woken", "nobody hears from us after STOP")
"""Promises that are looked at with each thing that is said."""

HOMES = "a home is shown only to who may see it"


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody was told something."""

    at: datetime
    person: str
    entry: str
    read: Read


@dataclass
class Ledger:
    """Who was told what, and what they did."""

    town: Town
    seen: list[Seen] = field(default_factory=list)
    by_entry: dict[str, list[Seen]] = field(default_factory=lambda: defaultdict(list))
    deeds: dict[str, list[tuple[datetime, Deed]]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)
    """What should not have happened, in a sentence each."""
    held: Counter[str] = field(default_factory=Counter)
    """How often each promise was looked at, by its name (`promises.HELD`)."""
    stopped: dict[str, datetime] = field(default_factory=dict)
    """Who said STOP, and when."""
    slack: timedelta = timedelta(0)
    """By how much the bot's clock may be wrong, and the bot away."""
    away: timedelta = timedelta(0)
    """For how long the bot may be away."""
    jumps: list[tuple[datetime, timedelta]] = field(default_factory=list)
    """When the bot's clock was put, and by how much it was wrong from then on."""

    _homes: tuple[int, re.Pattern[str], dict[str, Person]] = (0, re.compile("(?!)"), {})

    def __post_init__(self) -> None:
        self.town.watchers.append(self.told)
        self.town.on_deed.append(self.did)

    # As it happens

    def told(self, person: Person, read: Read) -> None:
        """Somebody sees something."""
        if read.told.kind != "text":
            return  # an edit or a small notice makes no sound
        one = Seen(read.told.at, person.name, read.entry, read)
        self.seen.append(one)
        self.by_entry[read.entry].append(one)
        self.wrong += self._wrong_with(person, one)

    def did(self, person: Person, deed: Deed) -> None:
        """Somebody writes or presses something."""
        self.deeds[person.name].append((self.town.clock.true, deed))
        if deed.words == "STOP":
            self.stopped[person.name] = self.town.clock.true
        elif deed.words == "START":
            self.stopped.pop(person.name, None)

    def _wrong_with(self, person: Person, one: Seen) -> Iterator[str]:
        words = one.read.told.words
        said = f"{one.at:%d %b %H:%M} {person.name}: {words!r}"
        self.held.update(OF_EACH)
        if not one.entry:
            yield f"nobody could say what this is: {said}"
        if one.entry.startswith(NEVER) and not self._slipped(person, one):
            yield f"it did not go well: {said}"
        here = (one.at + self.town.clock.wrong).astimezone(LONDON).time()
        night = here >= QUIET_FROM or here < QUIET_UNTIL
        reply = self.away and one.read.told.priority is Priority.REPLY
        soon = AN_ANSWER if reply else JUST_NOW + self.away
        answered = any(one.at - at <= soon for at, _ in self.deeds[person.name][-3:])
        expected = one.entry.startswith(AT_THEIR_HOUR) or _comes_soon(one)
        expected |= (
            one.entry.startswith(NOT_TONIGHT) or self._was_owed(one)
        ) and QUIET_FROM <= here < BEDTIME
        if night and not answered and not expected:
            yield f"woken: {said}"
        stopped = self.stopped.get(person.name)
        # What was on its way already can't be called back.
        if stopped and one.at > stopped and not one.entry.startswith("stopped"):
            yield f"written to after STOP: {said}"
        for other in self._at_home(words):
            self.held[HOMES] += 1
            if not self._may_see_home(person, other, one.at):
                yield f"the home of {other.name} is shown: {said}"

    def _was_owed(self, one: Seen) -> bool:
        """Whether it is good news that somebody was to have had earlier that evening."""
        today = one.at - timedelta(hours=12)
        asked = self.between(today, one.at, "asking", "looking_again", to=one.person)
        by = [
            hour_said(each.read.fields["by"], each.at) for each in asked if "by" in each.read.fields
        ]
        return one.entry == "found" and any(moment <= one.at + self.slack for moment in by)

    def _slipped(self, person: Person, one: Seen) -> bool:
        """Whether it is no wonder that the bot did not follow: they mistyped, or wrote twice."""
        last = [deed.words for _, deed in self.deeds[person.name][-2:]]
        misread = one.entry.startswith("not_understood")
        # A plain "done" may also come when it is no answer to anything any more.
        known = person.slips | {*IN_WORDS.values()}
        return misread and (bool(known & {*last}) or len({*last}) < len(last))

    def _at_home(self, words: str) -> list[Person]:
        """Those who ask for help and whose home is named."""
        people = self.town.people
        if self._homes[0] != len(people):
            askers = {one.home: one for one in people.values() if Role.ASKER in one.roles}
            known = re.compile("|".join(rf"\b{re.escape(home)}\b" for home in askers) or "(?!)")
            self._homes = (len(people), known, askers)
        return [self._homes[2][home] for home in self._homes[1].findall(words)]

    def _may_see_home(self, reader: Person, of: Person, at: datetime) -> bool:
        """Themselves, organisers, and who said yes to an offer just now."""
        if reader is of or Role.ORGANISER in reader.roles:
            return True
        said = self.deeds[reader.name]
        return any(
            at - when <= JUST_NOW + self.slack and deed.key == "accept" for when, deed in said[-3:]
        )

    # What was told, looked up

    def between(
        self, first: datetime, last: datetime, *entries: str, to: str = "", **fields: str
    ) -> list[Seen]:
        """What was told from one moment to another, of these entries (all that begin so), to one
        person or to anybody, with these fields."""
        found = [
            one
            for name in self.by_entry
            if name.startswith(entries)
            for one in self.by_entry[name]
            if first <= one.at <= last
            and (not to or one.person == to)
            and all(one.read.fields.get(key) == value for key, value in fields.items())
        ]
        return sorted(found, key=lambda one: one.at)

    def wrote(self, person: str, first: datetime, last: datetime, key: str = "") -> list[datetime]:
        """When somebody wrote or pressed anything (or that) from one moment to another."""
        return [
            at
            for at, deed in self.deeds[person]
            if first <= at <= last and (not key or deed.key == key)
        ]


def _comes_soon(one: Seen) -> bool:
    """Whether it tells of somebody who is about to be at the door, at whatever hour."""
    if one.entry == "found":
        return one.read.fields["when"].startswith(SOON)
    return one.entry.endswith("on_the_way")  # "how is it going?" is answered in the same words


HOUR = re.compile(r"(?:(\d+)(?::(\d+))?(am|pm)|(12 noon))(?: (tomorrow|on .+))?$")


def hour_said(words: str, told: datetime) -> datetime:
    """The moment that somebody understands by "10:45am" or "9am tomorrow", told then."""
    found = HOUR.match(words)
    assert found, words
    here = told.astimezone(LONDON)
    hour = 12 if found[4] else int(found[1]) % 12 + (12 if found[3] == "pm" else 0)
    day = here.date()
    if found[5] == "tomorrow":
        day += timedelta(days=1)
    elif found[5]:
        while f"{day:%A}" not in found[5] or day == here.date():
            day += timedelta(days=1)
    moment = datetime.combine(day, time(hour, int(found[2] or 0)), LONDON)
    return moment.astimezone(told.tzinfo)
