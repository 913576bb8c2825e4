"""A busy group: who lives there, what they want again and again, and what happens to them."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from copy import deepcopy
from datetime import date, datetime, time, timedelta

from bot.simulation.people import LONDON, CheckedOn, Person, Regular
from bot.simulation.town import GROUP, Town
from storage.model import Address, Channel, Community, Role

EVERY_DAY = frozenset(range(7))

HELPERS = (
    *("Sam", "Mina", "Joe", "Priya", "Luke", "Agnes", "Omar", "Beth"),
    *("Colin", "Dilys", "Ewan", "Freya", "Gwen", "Hugh", "Isla", "Jack"),
    *("Kira", "Lena", "Moss", "Nora", "Olga", "Paul", "Ruth", "Tariq"),
)
CONTACTS = ["Jean", "Peter", "Susan", "Ivy", "Tom", "Kath", "Lily", "Vera"]
NOW_AND_THEN = ["Harold", "Betty", "Ernest", "Joan", "Cyril", "Elsie", "Norman", "Hilda"]
"""Who ask for something now and then."""

CHECKED_ON = {
    "Doreen": CheckedOn("every morning at 9", EVERY_DAY, time(9), ("Jean", "Peter")),
    "Walter": CheckedOn("every monday at half past 8", frozenset({0}), time(8, 30),
                        ("Susan", "Ivy")),
    "Edna": CheckedOn("every thursday at 6:30pm", frozenset({3}), time(18, 30), ("Tom", "Kath")),
    "Stan": CheckedOn("every sunday at 1:30am", frozenset({6}), time(1, 30), ("Lily", "Vera")),
}  # fmt: skip
"""Stan drives the night bus, and is home by half past one: an hour that one night does not have,
and another has twice."""

REGULAR = {
    "Rosa": Regular("milk and bread every tuesday at 11am please", "milk and bread", 1, time(11)),
    "Albert": Regular(
        "a lift to chapel every second sunday at 10am please", "a lift", 6, time(10), every=2
    ),
    "Mabel": Regular(
        "cat food every second friday at 2pm please", "cat food", 4, time(14), every=2
    ),
}

ORGANISERS = {
    "Ana": "I'm on duty monday 9am to thursday 9am",
    "Ben": "I'm on duty thursday 9am to monday 9am",
}

WISHES = (
    "i need some eggs please",
    "could somebody fetch my prescription tomorrow at 2pm",
    "i need some soup this afternoon please",
    "i need some potatoes tomorrow morning please",
    "i need some bananas please",
    "i need some cheese today please",
)
NOTE_AT = time(8)


def _person(seed: int, number: int, name: str, *roles: Role, telegram: bool = False) -> Person:
    address = Address(Channel.SMS, f"+4477009{number:05d}")
    if telegram:
        address = Address(Channel.TELEGRAM, str(700000 + number))
    streets = ("HD7 5AB", "HD7 5AQ", "HD7 6AB")
    return Person(
        name,
        address,
        streets[number % len(streets)],
        f"{number} Mill Row",
        random.Random(f"{seed} {name}"),
        frozenset(roles),
    )


async def settle_in(town: Town, until: datetime, without: Collection[str] = ()) -> None:
    """Everybody moves in on the first day, says what they want, and lives till then. `without`:
    who lives elsewhere."""
    await town.found(Community(0, GROUP, note_at=NOTE_AT, money_cap=0))
    seed, people = town.seed, []
    number = 100
    for name in HELPERS:
        number += 1
        people.append(_person(seed, number, name, Role.HELPER, telegram=number % 2 == 0))
    for name in ORGANISERS:
        number += 1
        people.append(_person(seed, number, name, Role.ORGANISER, telegram=name == "Ana"))
    for name in (*CHECKED_ON, *REGULAR, *NOW_AND_THEN):
        number += 1
        people.append(_person(seed, number, name, Role.ASKER))
    for name in CONTACTS:
        number += 1
        people.append(_person(seed, number, name))
    for person in people:
        if person.name not in without:
            await town.moves_in(person)
    _say_what_they_want(town)
    for plan in (_now_and_then, _left_out, _away, _resting, _phone_off):
        plan(town, random.Random(f"{seed} {plan.__name__}"), until)


def _say_what_they_want(town: Town) -> None:
    """At nine on the first day, one after another."""
    moment = town.clock.true
    for name, words in ORGANISERS.items():
        town.will(moment, town.people[name], words)
    for name, wanted in deepcopy(CHECKED_ON).items():
        if name not in town.people:
            continue
        moment += timedelta(minutes=7)
        person = town.people[name]
        person.checked_on = wanted
        person.phone_book = {
            other: "0" + town.people[other].address.value.removeprefix("+44") for other in CONTACTS
        }
        town.will(moment, person, f"could you check on me {wanted.said}")
    for name, regular in deepcopy(REGULAR).items():
        if name not in town.people:
            continue
        moment += timedelta(minutes=7)
        person = town.people[name]
        person.regular = regular
        town.will(moment, person, regular.said)


# What happens in the course of the year


def _now_and_then(town: Town, chance: random.Random, until: datetime) -> None:
    """Somebody needs something every fortnight or so, sometimes late in the evening."""
    for day in _days(town, chance, until, 9, 24):
        hour = chance.choice((9, 10, 11, 13, 15, 16, 21))
        moment = at(day, time(hour, chance.randrange(60)))
        town.will(moment, town.people[chance.choice(NOW_AND_THEN)], chance.choice(WISHES))


def _left_out(town: Town, chance: random.Random, until: datetime) -> None:
    """Now and then one time is not needed: said before anybody is asked, or after."""
    for name in filter(town.people.__contains__, REGULAR):
        regular = town.people[name].regular
        assert regular
        for day in _days(town, chance, until, 50, 100):
            wanted = next(each for each in regular.dates(town.first_day, day, until.date()))
            regular.left_out.add(wanted)
            before = chance.choice((timedelta(days=2), timedelta(days=1)))
            town.will(at(wanted - before, time(15)), town.people[name], "not this week please")


def _away(town: Town, chance: random.Random, until: datetime) -> None:
    """Those who are checked on go away for some days, and say so."""
    for name in filter(town.people.__contains__, ("Doreen", "Walter")):
        person = town.people[name]
        assert person.checked_on
        for day in _days(town, chance, until, 60, 110):
            back = day + timedelta(days=chance.randrange(2, 9))
            person.checked_on.away.append((day, back))
            town.will(at(day, time(13)), person, f"I'm away until {back.day} {back:%B}")


def _resting(town: Town, chance: random.Random, until: datetime) -> None:
    """Helpers take a rest, go off duty for a while, or want to hear nothing at all."""
    for day in _days(town, chance, until, 15, 40):
        person = town.people[chance.choice(HELPERS)]
        ways = [("PAUSE", ""), ("OFF DUTY", "ON DUTY"), ("STOP", "START")]
        words, back = chance.choice(ways)
        if person.resting_until > day:
            continue
        person.resting_until = day + timedelta(days=chance.randrange(9, 30))
        town.will(at(day, time(12)), person, words)
        if back:
            town.will(at(person.resting_until, time(12)), person, back)


def _phone_off(town: Town, chance: random.Random, until: datetime) -> None:
    """Edna forgets to charge her phone, and texts when it works again."""
    line = town.network.lines[Channel.SMS]
    edna = town.people["Edna"]
    assert edna.checked_on
    for day in _days(town, chance, until, 80, 120):
        begin, end = at(day, time(12)), at(day + timedelta(days=4), time(12))
        edna.checked_on.unreachable.append((begin, end))
        town.plan(begin, lambda: line.off.add(edna.address.value))
        town.plan(end, lambda: line.off.discard(edna.address.value))
        town.will(end + timedelta(minutes=1), edna, "hello")


def _days(
    town: Town, chance: random.Random, until: datetime, least: int, most: int
) -> Iterator[date]:
    """Days so far apart. The last week is for what is open to come to its end."""
    day = town.first_day + timedelta(days=chance.randrange(3, least + 3))
    while day < until.date() - timedelta(days=10):
        yield day
        day += timedelta(days=chance.randrange(least, most))


def at(day: date, hour: time) -> datetime:
    """That hour on the clocks of Marsden."""
    return datetime.combine(day, hour, LONDON)
