"""Who lives in a what-if: so many askers, helpers and organisers round a real place, each with
habits of their own.

The shares below are what is known of such groups (PRACTICE and the sources in docs/glossary.md), or
marked as ours; all that matters for an answer can be said otherwise on the command line.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count, product
from typing import Any

from bot.simulation.people import LONDON, CheckedOn, Habits, Person
from bot.simulation.town import Town
from storage.model import NEIGHBOURLY, Address, Channel, Community, Need, Role, Standing
from storage.places import Postcodes

GROUP = "The Neighbours"


class NoSuchPlaceError(Exception):
    """There are no postcodes there to live at; the message names the place."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What is assumed."""

    days: int = 7
    askers: int = 30
    helpers: int = 12
    organisers: int = 2
    check_ins: int = 3
    """Askers who are asked each morning whether all is well."""
    place: str = "HD7"
    """A postcode district or sector."""
    per_week: float = 1.0
    """What an asker asks for in a week. Ours."""
    yes: float = 0.3
    """Of offers, the share that is said yes to: 17 to 47 % answer such calls elsewhere."""
    silent: float = 0.45
    """The share that is never answered. The rest is a no."""
    by_text: float = 0.5
    """Of helpers, the share reached by text; the others are on Telegram. Askers text, but for one
    in ten. Ours."""
    no_show: float = 0.02
    """Of visits agreed to, the share to which nobody comes."""
    cap: int = 0
    """Parts of texts that the group may send in a day; 0: any."""
    pence: float = 4.0
    """What a part of a text costs. About what Twilio takes in Britain."""
    faults: frozenset[str] = frozenset()
    first: date = date(2026, 3, 2)
    """A Monday."""


NAMES = (
    *("Ada", "Agnes", "Albert", "Alice", "Arthur", "Audrey", "Beryl", "Bess", "Betty", "Brenda"),
    *("Carol", "Cyril", "Daisy", "Denis", "Dilys", "Dora", "Edith", "Edna", "Elsie", "Emrys"),
    *("Enid", "Ernest", "Ethel", "Flora", "Frank", "Freda", "George", "Gladys", "Glenys", "Gwen"),
    *("Harold", "Hazel", "Hilda", "Hugh", "Ida", "Iris", "Ivor", "Jack", "Joan", "Joyce"),
    *("Kath", "Leonard", "Lily", "Mabel", "Maud", "Mavis", "Megan", "Mona", "Muriel", "Nancy"),
    *("Nora", "Norman", "Olive", "Omar", "Pearl", "Peggy", "Percy", "Phyllis", "Priya", "Ralph"),
    *("Rhys", "Rosa", "Ruth", "Sam", "Sidney", "Stan", "Sybil", "Tariq", "Thelma", "Vera"),
    *("Violet", "Walter", "Wilf", "Winnie"),
)

WISHES = (
    "i need some milk and bread please",
    "could somebody fetch my prescription tomorrow at 2pm",
    "i need a lift to the surgery tomorrow at 10am please",
    "can somebody walk my dog this afternoon please",
    "i need some potatoes tomorrow morning please",
    "could somebody help me with a letter tomorrow afternoon",
    "i need some eggs please",
    "could somebody fetch my prescription today please",
    "could somebody post a parcel for me tomorrow",
)
HOURS = (8, 9, 9, 10, 10, 10, 11, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21)
"""When people think of what they need: mornings mostly, and now and then late. Ours."""

CHECK_ON_ME = "could you check on me every morning at 9"

SLIPS: dict[str, Any] = {"words": 0.2, "twice": 0.03}
"""Of answers by text one in five is in words, and some are given twice. Ours."""

FURTHEST = (1.5, 3.0, 3.0, 5.0, 8.0)
"""How far helpers would go, in km. Ours."""

RESTS = 0.02
"""The likelihood that a helper takes a rest, is off duty for a while or wants to hear nothing at
all, on any day. Ours."""

WAYS_TO_REST = (("PAUSE", ""), ("OFF DUTY", "ON DUTY"), ("STOP", "START"))
"""And how one comes back from each, where that does not come by itself."""

DOES = 0.6
"""The likelihood that a helper does a kind of thing; all do shopping. Ours."""

LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
"""What the last two letters of a postcode are made of."""


def names() -> Iterator[str]:
    """One after another, and never the same twice."""
    yield from NAMES
    for parts in product(("Al", "Be", "Ca", "Do", "El", "Fi", "Ma", "Ro"), "bdlmnrst", "aeio"):
        for end in ("", *"nrstlm"):
            if (name := "".join(parts) + end) not in NAMES:
                yield name


def doors(place: str, chance: random.Random) -> list[str]:
    """Postcodes there, in an order of chance.

    Raises:
        NoSuchPlaceError: if there are none.
    """
    with Postcodes() as bundle:
        known = bundle.put_right(place) or ""
        sectors = [
            sector for sector in bundle.sectors() if sector == known or sector.split()[0] == known
        ]
        found = [
            code
            for sector in sectors
            for pair in product(LETTERS, LETTERS)
            if bundle.position(code := sector + "".join(pair)) is not None
        ]
    if not found:
        raise NoSuchPlaceError(place)
    chance.shuffle(found)
    return found


class Parish:
    """The people of a what-if, and what they are going to do."""

    def __init__(self, town: Town, given: WhatIf) -> None:
        self._town = town
        self.given = given
        self._chance = random.Random(f"parish {town.seed}")
        self._names = names()
        self._numbers = count(100)
        self._doors = doors(given.place, self._chance)
        self.helpers: list[Person] = []
        self.askers: list[Person] = []

    async def settle_in(self) -> None:
        """Everybody moves in, says what they want, and makes plans."""
        given, town = self.given, self._town
        await town.found(
            Community(0, GROUP, note_at=time(8), money_cap=0, daily_cap=given.cap or None)
        )
        for _ in range(given.organisers):
            await self._move_in(Role.ORGANISER, by_text=False)
        heard = 1 - given.silent
        habits = Habits(
            yes=given.yes / heard if heard else 0.0,
            silent=given.silent,
            minutes=(1, 120),
            no_show=given.no_show,
            **SLIPS,
        )
        self.helpers = [await self._helper(habits) for _ in range(given.helpers)]
        self.askers = [
            await self._move_in(Role.ASKER, by_text=self._chance.random() < 0.9)
            for _ in range(given.askers)
        ]
        await self._not_to_be_asked()
        await self._checked_on()
        for day in range(given.days):
            self._day(given.first + timedelta(days=day))

    async def _move_in(self, *roles: Role, by_text: bool, **facts: Any) -> Person:
        number = next(self._numbers)
        name = next(self._names)
        address = Address(Channel.SMS, f"+4477009{number:05d}")
        if not by_text:
            address = Address(Channel.TELEGRAM, str(700000 + number))
        person = Person(
            name,
            address,
            self._doors[number % len(self._doors)],
            f"{number} Mill Row",
            random.Random(f"{self._town.seed} {name}"),
            frozenset(roles),
            others=self._town.people,
            habits=facts.pop("habits", Habits(silent=0.1, typos=0.1, **SLIPS)),
        )
        await self._town.moves_in(person, **facts)
        return person

    async def _helper(self, habits: Habits, **facts: Any) -> Person:
        does = [
            need for need in NEIGHBOURLY if need is Need.SHOPPING or self._chance.random() < 0.6
        ]
        return await self._move_in(
            Role.HELPER,
            by_text=self._chance.random() < self.given.by_text,
            habits=habits,
            can_do=frozenset(does),
            max_km=self._chance.choice(FURTHEST),
            **facts,
        )

    async def _not_to_be_asked(self) -> None:
        """There are always some who once were a part of it, or are not yet."""
        for standing in (Standing.LEFT, Standing.WAITING):
            person = await self._helper(Habits(), standing=standing)
            person.may_be_written_to = False

    async def _checked_on(self) -> None:
        """Each morning, by half past nine, and two contacts for each."""
        moment = self._town.clock.true
        for person in self.askers[: self.given.check_ins]:
            contacts = [await self._move_in(by_text=True) for _ in range(2)]
            names = (contacts[0].name, contacts[1].name)
            person.checked_on = CheckedOn(CHECK_ON_ME, frozenset(range(7)), time(9), names)
            person.phone_book = {
                one.name: "0" + one.address.value.removeprefix("+44") for one in contacts
            }
            moment += timedelta(minutes=7)
            self._town.will(moment, person, CHECK_ON_ME)

    def _day(self, day: date) -> None:
        """What people need on a day, and who takes a rest."""
        for person in self.askers:
            if self._chance.random() < self.given.per_week / 7:
                self._wish(day, person)
        for helper in self.helpers:
            if helper.resting_until <= day and self._chance.random() < RESTS:
                self._rest(day, helper)

    def _wish(self, day: date, person: Person) -> None:
        words = self._chance.choice(WISHES)
        moment = self._at(day, self._chance.choice(HOURS))
        town = self._town
        town.plan(moment, lambda: town.does(person, person.asks(words)))

    def _rest(self, day: date, helper: Person) -> None:
        words, back = self._chance.choice(
            (("PAUSE", ""), ("OFF DUTY", "ON DUTY"), ("STOP", "START"))
        )
        helper.resting_until = day + timedelta(days=self._chance.randrange(9, 20))
        self._town.will(self._at(day, 12), helper, words)
        if back:
            self._town.will(self._at(helper.resting_until, 12), helper, back)

    def _at(self, day: date, hour: int) -> datetime:
        """Some minute of that hour on their clocks; not before they have moved in."""
        minute = self._chance.randrange(60)
        moment = datetime.combine(day, time(hour, minute), LONDON)
        return max(moment, self._town.clock.start + timedelta(minutes=minute + 1))
