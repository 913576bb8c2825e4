"""The same people, whoever asks them: common random numbers.

What somebody says to a request, and how long they take, hangs on the seed, on them and on the
request, and on nothing that happened before. So two policies that ask the same person about the
same thing get the same answer after the same time, and what differs between them is whom they
asked and when; without that, most of a difference between two lives would be luck.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from unittest.mock import patch

from bot.simulation import people
from bot.simulation.people import Deed, Person
from bot.simulation.reading import Read
from bot.simulation.town import Town
from handlers import waves
from handlers.rules.matching import Why
from handlers.turn import Turn, first_name
from storage.model import HelpRequest, Member

Wish = tuple[str, int]
"""Who asked, and the how-many-th time: the same in every life of a seed, as an id need not be."""

SILENCE = ("", timedelta(0))


@dataclass
class SamePeople:
    """Of one life: what each person did about each request."""

    seed: int
    answers: dict[tuple[str, Wish], tuple[str, timedelta]] = field(default_factory=dict)
    """By helper and wish: which choice, and after how long. Empty where nothing was said."""
    wishes: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    """When each asker wrote what they need."""
    offered: dict[tuple[int, str, str], Wish] = field(default_factory=dict)
    """To whom, what and when: which wish it was."""
    times: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often something came up for somebody."""
    just_said: Deed | None = None
    """The latest wish."""

    def draws(self, person: Person, what: str) -> None:
        """Give somebody the chance that is for this, each time that it comes up anew."""
        self.times[person.name, what] += 1
        self.chance(person, what, self.times[person.name, what])

    def chance(self, person: Person, *what: object) -> None:
        person.chance = random.Random(f"{self.seed} {person.name} {what}")

    def wish(self, asker: str, at: datetime) -> Wish:
        return asker, bisect_right(self.wishes[asker], at)


@contextmanager
def same_people(seed: int) -> Iterator[SamePeople]:
    """Meanwhile people are so."""
    same = SamePeople(seed)
    asks, hears, repeats = Person.asks, Person.hears, Person.repeats
    does, offer_to, offered = Town.does, waves._offer_to, people._offered

    def asking(person: Person, words: str) -> Deed:
        same.draws(person, "asks")
        same.just_said = asks(person, words)
        return same.just_said

    def hearing(person: Person, read: Read) -> list[tuple[timedelta, Deed]]:
        same.draws(person, f"{read.entry} {sorted(read.fields.items())}")
        return hears(person, read)

    def repeating(person: Person, deed: Deed) -> bool:
        same.draws(person, f"repeats {deed.key or deed.words}")
        return repeats(person, deed)

    async def doing(town: Town, person: Person, deed: Deed) -> None:
        if deed is same.just_said:
            same.wishes[person.name].append(town.clock.now())
        await does(town, person, deed)

    async def offering(
        turn: Turn, request: HelpRequest, asker: Member, helpers: Sequence[tuple[Member, Why]]
    ) -> None:
        for helper, _ in helpers:
            told = helper.id, turn.gist(request, helper.language), turn.when(request, helper)
            same.offered[told] = same.wish(first_name(asker), request.created_at)
        await offer_to(turn, request, asker, helpers)

    def answering(person: Person, read: Read) -> list[tuple[timedelta, Deed]]:
        wish = same.offered[person.member_id, read.fields["what"], read.fields["when"]]
        same.chance(person, wish)
        # Two who need the same thing are two, and each has an answer.
        apart = replace(read, fields={**read.fields, "what": f"{read.fields['what']} {wish}"})
        plan = offered(person, apart)
        same.answers[person.name, wish] = (plan[0][1].key, plan[0][0]) if plan else SILENCE
        return plan

    offers = dict.fromkeys(("offer", "offer.urgent", "offer.again"), answering)
    with (
        patch.object(Person, "asks", asking),
        patch.object(Person, "hears", hearing),
        patch.object(Person, "repeats", repeating),
        patch.object(Town, "does", doing),
        patch.object(waves, "_offer_to", offering),
        patch.dict(people.REACTIONS, offers),
    ):
        yield same
