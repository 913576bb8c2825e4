"""Who lives in the town, and their habits.

Each person has a chance of their own, so that what one does changes nothing of what another would
have done. They act on what they are told and on their own plans, and know nothing else.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.simulation.reading import Read
from storage.model import Address, Channel, Role

LONDON = ZoneInfo("Europe/London")

IN_WORDS = {
    "accept": "Yes I can",
    "decline": "no sorry",
    "yes": "yes please",
    "well": "yes",
    "going": "on my way",
    "done": "done",
    "cannot": "can't come",
}
"""How an answer may be said."""

SOON = ("today", "this ", "by about", "as soon as possible")
"""How the hour of a visit begins that is for the same day."""


@dataclass
class Habits:
    """How somebody is."""

    yes: float = 0.6
    """Of what a helper is asked, the share they say yes to."""
    silent: float = 0.15
    """Of what they are asked, the share they never answer."""
    minutes: tuple[float, float] = (1, 40)
    """How long they take to answer."""
    late: float = 0.08
    """Of check-ins, the share answered only after some prompting."""
    missed: float = 0.02
    """Of check-ins, the share not answered by themselves at all."""
    cant: float = 0.03
    """Of visits, the share that a helper can't go to after all."""
    no_show: float = 0.01
    """Of visits, the share to which they do not go, and say nothing."""
    typos: float = 0.0
    """Of what they ask for, the share with a letter or two in the wrong place."""
    words: float = 0.0
    """Of answers by text, the share in words where a number would do."""
    twice: float = 0.0
    """Of what they press or write, the share that they press or write once more at once."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody does: writes words, or presses a button (a number, by text)."""

    words: str = ""
    button: str = ""
    key: str = ""
    """Which choice it is, where there was one."""
    about: str = ""
    """What it is an answer about: said once, however often they were asked."""


@dataclass
class CheckedOn:
    """When somebody wants to be asked whether all is well, as they say it and as it is."""

    said: str
    days: frozenset[int]
    hour: time
    contacts: tuple[str, ...]
    away: list[tuple[date, date]] = field(default_factory=list)
    """The day on which they say so, and the first on which they are back."""
    unreachable: list[tuple[datetime, datetime]] = field(default_factory=list)

    def dates(self, first: date, last: date) -> Iterator[date]:
        """The days on which they are to be asked, of those from one to another."""
        for day in days_between(first, last):
            away = any(said < day < back for said, back in self.away)
            if day.weekday() in self.days and not away:
                yield day


@dataclass
class Regular:
    """Regular help: what is said, and what it is called by the bot."""

    said: str
    what: str
    weekday: int
    hour: time
    every: int = 1
    left_out: set[date] = field(default_factory=set)

    def dates(self, begun: date, first: date, last: date) -> Iterator[date]:
        """The days on which somebody is to come, of those from one to another; left out or not."""
        day = begun + timedelta(days=1)
        while day.weekday() != self.weekday:
            day += timedelta(days=1)
        while day <= last:
            if day >= first:
                yield day
            day += timedelta(weeks=self.every)


@dataclass
class Person:
    """Somebody of the town."""

    name: str
    address: Address
    postcode: str
    home: str
    chance: random.Random
    roles: frozenset[Role] = frozenset()
    habits: Habits = field(default_factory=Habits)
    checked_on: CheckedOn | None = None
    regular: Regular | None = None
    going: dict[str, Read] = field(default_factory=dict)
    """The visits agreed to, by whom they are to: how to say that one sets off."""
    stays_away: set[str] = field(default_factory=set)
    """To whom they do not go after all."""
    silent: bool = False
    resting_until: date = date.min
    asked_about: dict[str, Read] = field(default_factory=dict)
    """The last that they were asked about something, while they have not answered."""
    phone_book: dict[str, str] = field(default_factory=dict)
    others: Mapping[str, Person] = field(default_factory=dict)
    """By name, whom they would notice not to have come."""
    meant: str = ""
    """What they last asked for, as they would have written it."""
    slips: set[str] = field(default_factory=set)
    """What they wrote with something in the wrong place."""
    may_be_written_to: bool = True
    member_id: int = 0

    @property
    def by_text(self) -> bool:
        return self.address.channel is Channel.SMS

    def after(self, *minutes: float) -> timedelta:
        """As long as they take for something: between so many minutes."""
        low, high = minutes or self.habits.minutes
        # Most are quick, some are slow.
        share = self.chance.random() ** 2
        return timedelta(minutes=low + (high - low) * share)

    def chooses(self, read: Read, key: str) -> Deed:
        """Answer with that choice."""
        answer = read.choices[key]
        if self.by_text and key in IN_WORDS and self._now_and_then(self.habits.words):
            answer = IN_WORDS[key]
        return Deed(answer, key=key) if self.by_text else Deed(button=answer, key=key)

    def asks(self, words: str) -> Deed:
        """Write that they need something."""
        self.meant = words
        if self._now_and_then(self.habits.typos):
            words = self._mistyped(words)
            self.slips.add(words)
        return Deed(words)

    def repeats(self, deed: Deed) -> bool:
        """Whether they press or write it once more, to be sure. Not a number: the second one may
        answer the next question (docs/decisions/0020)."""
        return not deed.words.isdigit() and self._now_and_then(self.habits.twice)

    def _now_and_then(self, share: float) -> bool:
        return share > 0 and self.chance.random() < share

    def _mistyped(self, words: str) -> str:
        """The same with two letters of a longer word the other way round, or one left out."""
        all_words = words.split()
        where = self.chance.choice([n for n, word in enumerate(all_words) if len(word) > 3])
        word = all_words[where]
        at = self.chance.randrange(1, len(word) - 1)
        left_out = self.chance.random() < 0.5
        all_words[where] = (
            word[:at]
            + ("" if left_out else word[at + 1] + word[at])
            + (word[at + 1 :] if left_out else word[at + 2 :])
        )
        return " ".join(all_words)

    def still_wants(self, deed: Deed) -> bool:
        """Whether they do what they had in mind: not if they were asked the same once more, or have
        answered it."""
        ident, _, what = deed.about.partition(" ")
        if not what:
            return True
        read = self.asked_about.get(what)
        if read is None or read.told.ident != ident:
            return False
        del self.asked_about[what]
        return True

    def fall_silent(self) -> None:
        """Answer nothing any more."""
        self.silent = True

    # What they do with what they are told

    def hears(self, read: Read) -> list[tuple[timedelta, Deed]]:
        """What they will do about it, and after how long."""
        react = None if self.silent else REACTIONS.get(read.entry)
        return react(self, read) if react else []


Plan = list[tuple[timedelta, Deed]]


def _offered(me: Person, read: Read) -> Plan:
    if "accept" not in read.choices or me.chance.random() < me.habits.silent:
        return []
    key = "accept" if me.chance.random() < me.habits.yes else "decline"
    me.asked_about[read.fields["what"]] = read
    about = f"{read.told.ident} {read.fields['what']}"
    return [(me.after(), replace(me.chooses(read, key), about=about))]


def _agreed(me: Person, read: Read) -> Plan:
    asker = read.fields["asker"]
    me.going[asker] = read
    me.stays_away.discard(asker)
    luck = me.chance.random()
    if luck < me.habits.cant:
        return [(me.after(5, 90), me.chooses(read, "cannot"))]
    if luck < me.habits.cant + me.habits.no_show:
        me.stays_away.add(asker)
        return []
    if read.fields["when"].startswith(SOON):
        return [(me.after(10, 60), me.chooses(read, "going"))]
    return []


def _reminded(me: Person, read: Read) -> Plan:
    asker = read.fields["asker"]
    if asker in me.stays_away or asker not in me.going:
        return []
    if not read.fields["when"].startswith(SOON):
        return []
    return [(me.after(20, 55), me.chooses(me.going.pop(asker), "going"))]


def _on_the_way(me: Person, read: Read) -> Plan:
    if me.chance.random() < 0.08:
        return []  # forgot to say
    return [(me.after(15, 60), me.chooses(read, "done"))]


def _they_came(me: Person, read: Read) -> Plan:
    helper = me.others.get(read.fields["helper"])
    came = helper is None or me.name not in helper.stays_away
    if me.chance.random() < me.habits.silent:
        return []
    return [(me.after(), me.chooses(read, "yes" if came else "no"))]


def _say_it_again(me: Person, _read: Read) -> Plan:
    words, me.meant = me.meant, ""
    return [(me.after(1, 5), Deed(words))] if words else []


def _which(key: str) -> Callable[[Person, Read], Plan]:
    """Several are open: they say which one they meant that answer for."""

    def react(me: Person, read: Read) -> Plan:
        if not read.choices:
            return []
        chosen = me.chooses(read, me.chance.choice(sorted(read.choices)))
        return [(me.after(1, 5), replace(chosen, key=key))]

    return react


def _yes(share: float, *minutes: float) -> Callable[[Person, Read], Plan]:
    return _choice(share, "yes", *minutes)


def _choice(share: float, key: str, *minutes: float) -> Callable[[Person, Read], Plan]:
    """Answer so, that often, after so many minutes."""

    def react(me: Person, read: Read) -> Plan:
        if key not in read.choices or me.chance.random() >= share:
            return []
        return [(me.after(*minutes), me.chooses(read, key))]

    return react


def _checked_on(me: Person, read: Read) -> Plan:
    luck = me.chance.random()
    if luck < me.habits.missed:
        return []
    if luck < me.habits.missed + me.habits.late:
        return [(me.after(16, 40), me.chooses(read, "well"))]
    if luck > 0.995:
        return [(me.after(1, 10), me.chooses(read, "ring"))]
    return [(me.after(1, 12), me.chooses(read, "well"))]


def _alarmed(me: Person, read: Read) -> Plan:
    luck = me.chance.random()
    if "on_it" not in read.choices or luck < 0.25:
        return []
    return [(me.after(1, 12), me.chooses(read, "on_it" if luck < 0.85 else "not_me"))]


def _once(me: Person, read: Read, what: str, span: timedelta, deed: Deed) -> Plan:
    """They do that, unless they have by then, however often they were asked."""
    me.asked_about[what] = read
    return [(span, replace(deed, about=f"{read.told.ident} {what}"))]


def _contacts(me: Person, read: Read) -> Plan:
    assert me.checked_on
    names = " and ".join(f"{name} {me.phone_book[name]}" for name in me.checked_on.contacts)
    return _once(me, read, "contacts", me.after(1, 5), Deed(names))


def _code(me: Person, read: Read) -> Plan:
    return _once(me, read, "code", me.after(1, 3), Deed(read.fields["word"]))


REACTIONS: dict[str, Callable[[Person, Read], Plan]] = {
    "offer": _offered,
    "offer.urgent": _offered,
    "offer.again": _offered,
    "details": _agreed,
    "details.bare": _agreed,
    "details.by_hand": _agreed,
    "details.by_hand.bare": _agreed,
    "remind": _reminded,
    "safe_journey": _on_the_way,
    "did_they_come": _they_came,
    "did_they_come.once_more": _they_came,
    "again": _yes(0.8),
    "done.thanks": _yes(0.8),
    "confirm": _yes(1, 1, 4),
    "confirm.first": _yes(1, 1, 4),
    "recurring.leave_out": _yes(1, 1, 4),
    "check_in.morning": _checked_on,
    "check_in.afternoon": _checked_on,
    "check_in.evening": _checked_on,
    "check_in.contacts": _contacts,
    "check_in.code": _code,
    "check_in.confirm": _yes(1, 1, 3),
    "check_in.contact": _yes(1, 2, 30),
    "alarm.yours": _choice(0.85, "all_well", 10, 50),
    "alarm.how": _choice(0.7, "all_well", 1, 20),
    "handed": _choice(0.8, "see_to_it", 2, 50),
    "chase": _choice(0.8, "see_to_it", 2, 30),
    "chase.yours": _choice(0.9, "close", 5, 90),
    "no_word": _choice(0.9, "it_happened", 10, 60),
    "pause": _choice(1, "week", 1, 5),
    "not_understood": _say_it_again,
    "which.buttons": _which("accept"),
    "which.no.buttons": _which("decline"),
    "still_there": _say_it_again,
    "still_needed": _choice(0.7, "no", 2, 60),
} | {
    f"alarm.{reason}{whose}": _alarmed
    for reason in ("silent", "unheard", "stopped", "not_well", "trouble", "needs_more")
    for whose in ("", ".organiser")
}


def days_between(first: date, last: date) -> Iterator[date]:
    """Every day from one to another, both among them."""
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
