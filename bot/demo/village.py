"""A pretend village in the Colne Valley: who lives there, where, and what they are like.

The cast is always the same, so that people can be told apart and told about; where they live, what
they do and how far they go is drawn by the seed. Postcodes are real (else nobody could be found on
the map), everything else is invented: house names, streets, and numbers from the range that Ofcom
keeps for drama (07700 900000 to 900999).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Literal

from storage.model import (
    NEIGHBOURLY,
    Channel,
    Community,
    Member,
    Need,
    Place,
    Role,
    Standing,
)
from storage.places import Postcodes

Kind = Literal["older", "helper", "organiser"]

GROUP = Community(0, "Marsden Neighbours", postcodes=("HD7",), quiet_from=time(20), money_cap=0)
BOT_NUMBER = "+447700900900"
STREET = "Marsden riverside"
"""The name of the Telegram group chat."""

OLDER = (
    # First and last name, age, how they write. Doreen is new: nobody has her down yet.
    ("Doreen", "Shaw", 84, Channel.SMS),
    ("Harold", "Sykes", 79, Channel.TELEGRAM),
    ("Edith", "Haigh", 88, Channel.SMS),
    ("Walter", "Pogson", 91, Channel.SMS),
    ("Margaret", "Quarmby", 77, Channel.TELEGRAM),
    ("Ronnie", "Iredale", 82, Channel.SMS),
    ("Sheila", "Whitwam", 80, Channel.TELEGRAM),
    ("Nora", "Garside", 86, Channel.SMS),
)
ORGANISERS = (
    ("Ana", "Moreno", 46, Channel.TELEGRAM),
    ("Jean", "Beaumont", 67, Channel.SMS),
)
HELPERS = (
    "Sam Ito, Priya Nair, Tom Hirst, Leila Haddad, Callum Reid, Joanne Bray, Idris Khan, "
    "Megan Pryce, Ollie Firth, Fatima Noor, Greg Walshaw, Hannah Lumb, Kofi Mensah, Lucy Dyson, "
    "Martin Crowther, Nadia Rahman, Owen Balmforth, Paula Kaye, Quentin Moss, Ruth Sugden, "
    "Stefan Nowak, Tess Armitage, Umar Aziz, Val Holroyd, Will Brook, Xanthe Lord, Yusuf Malik, "
    "Zoe Mellor, Beth Hoyle, Craig Shires, Dani Okafor, Ewan Taylor, Freya Booth, Gita Patel, "
    "Hugo Lang, Isla Boothroyd, Jack Senior, Kate Wimpenny, Liam Dransfield, Mina Sato"
)
BY_TEXT = frozenset({"Greg", "Paula", "Ruth", "Val", "Martin", "Craig", "Kate"})
"""Helpers without Telegram."""

STREETS = (
    "Weavers Fold",
    "Chapel Bank",
    "Tenter Row",
    "Shuttle Street",
    "Packhorse Lane",
    "Lock Cottages",
    "Heather View",
    "Bobbin Court",
    "Old Mill Yard",
    "Fellmongers Way",
)
DOREENS_HOUSE = "Larkrise, 14 Weavers Fold"
"""Found nowhere else: whoever reads `Larkrise` was told where Doreen lives."""

MARSDEN = (53.6012, -1.9280)
SLAITHWAITE = (53.6228, -1.8800)
APART = 0.25
"""Nobody lives nearer to somebody else than so many km: their dots would cover each other."""

WEST, NORTH = -1.9556, 53.6335
UNITS_PER_KM = 104.0
"""The drawing's north-west corner and its scale; `static/index.html` draws the valley to match."""

DOES: tuple[tuple[frozenset[Need], str], ...] = (
    (frozenset(NEIGHBOURLY), "anything"),
    (
        frozenset({Need.SHOPPING, Need.PRESCRIPTION, Need.ERRAND, Need.MEAL, Need.OTHER}),
        "shopping and errands",
    ),
    (frozenset({Need.SHOPPING, Need.LIFT, Need.PRESCRIPTION, Need.OTHER}), "shopping and lifts"),
    (frozenset({Need.COMPANY, Need.PET, Need.SHOPPING, Need.OTHER}), "company, pets, shopping"),
    (
        frozenset({Need.HOME, Need.GARDEN, Need.TECH, Need.PAPERWORK, Need.OTHER}),
        "house, garden, phones, forms",
    ),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the village."""

    key: str
    kind: Kind
    channel: Channel
    age: int
    where: Place
    member: Member
    """As the bot knows them, or would if they had joined."""
    phone: str = ""
    """For those who text."""
    does: str = ""
    new: bool = False
    """The bot has never heard of them."""
    in_street: bool = False
    """In the street group chat."""

    @property
    def name(self) -> str:
        return self.member.name

    @property
    def first(self) -> str:
        return self.member.name.split()[0]

    @property
    def address(self) -> str:
        """Where they live, as they would write it."""
        return f"{self.member.home}, {self.member.postcode}"

    @property
    def spot(self) -> tuple[float, float]:
        """Where they are in the drawing."""
        return spot(self.where.latitude, self.where.longitude)


def spot(latitude: float, longitude: float) -> tuple[float, float]:
    """A place in the drawing's own units, from its top left corner."""
    east = (longitude - WEST) * 111.32 * math.cos(math.radians(53.61))
    south = (NORTH - latitude) * 111.2
    return round(east * UNITS_PER_KM, 1), round(south * UNITS_PER_KM, 1)


def people(seed: int, now: datetime) -> list[Person]:
    """The whole village, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 (a pretend village, not a secret)
    homes = _homes(chance)
    phones = (f"+447700900{number:03d}" for number in range(101, 999))
    made = []
    for place, (first, last, age, channel) in enumerate(OLDER):
        postcode, where = next(homes.marsden if place % 4 < 3 else homes.slaithwaite)
        made.append(
            Person(
                first.lower(),
                "older",
                channel,
                age,
                where,
                _older(chance, f"{first} {last}", postcode, where),
                phone=next(phones) if channel is Channel.SMS else "",
                new=first == "Doreen",
            )
        )
    for first, last, age, channel in ORGANISERS:
        postcode, where = next(homes.marsden)
        organiser = replace(
            _member(chance, f"{first} {last}", postcode, where),
            roles=frozenset({Role.ORGANISER}),
        )
        phone = next(phones) if channel is Channel.SMS else ""
        made.append(
            Person(
                first.lower(), "organiser", channel, age, where, organiser, phone,
                in_street=channel is Channel.TELEGRAM,
            )
        )  # fmt: skip
    made += _helpers(chance, homes, phones, now)
    return made


def _helpers(
    chance: random.Random, homes: _Homes, phones: Iterator[str], now: datetime
) -> Iterator[Person]:
    in_street = 0
    for place, name in enumerate(HELPERS.split(", ")):
        first = name.split()[0]
        in_marsden = place % 5 < 3
        postcode, where = next(homes.marsden if in_marsden else homes.slaithwaite)
        channel = Channel.SMS if first in BY_TEXT else Channel.TELEGRAM
        # The first few can do all there is to do and are about, so that any seed has a story.
        needs, does = DOES[0] if place < 6 else chance.choice(DOES)
        near = place < 6 or chance.random() < 0.3
        helper = replace(
            _member(chance, name, postcode, where),
            roles=frozenset({Role.HELPER}),
            can_do=needs,
            max_km=chance.choice((3.0, 4.0, 6.0)) if near else chance.choice((1.5, 2.0, 5.0, 12.0)),
            on_duty=place < 6 or chance.random() > 0.12,
            weekly_cap=chance.choice((1, 2, 3, 3, 5)),
            at_once_cap=chance.choice((1, 1, 1, 2)),
            visits=0 if place % 4 == 1 else chance.randint(1, 14),
            rested_at=now - timedelta(hours=chance.randint(-30, 400)),
        )
        if place >= 6 and helper.on_duty and chance.random() < 0.06:
            helper = replace(helper, paused_until=now + timedelta(days=6))
        on_street = channel is Channel.TELEGRAM and in_marsden and in_street < 11
        in_street += on_street
        yield Person(
            first.lower(),
            "helper",
            channel,
            chance.randint(19, 71),
            where,
            helper,
            phone=next(phones) if channel is Channel.SMS else "",
            does=does,
            in_street=on_street,
        )


def _older(chance: random.Random, name: str, postcode: str, where: Place) -> Member:
    member = _member(chance, name, postcode, where)
    home = DOREENS_HOUSE if name.startswith("Doreen") else member.home
    return replace(member, roles=frozenset({Role.ASKER}), home=home)


def _member(chance: random.Random, name: str, postcode: str, where: Place) -> Member:
    return Member(
        id=0,
        community_id=0,
        standing=Standing.ACTIVE,
        name=name,
        home=f"{chance.randint(1, 89)} {chance.choice(STREETS)}",
        postcode=postcode,
        cell=where.cell,
        area=where.area,
        consent="2026-09-01 on paper",
    )


@dataclass
class _Homes:
    marsden: Iterator[tuple[str, Place]]
    slaithwaite: Iterator[tuple[str, Place]]


def _homes(chance: random.Random) -> _Homes:
    """Homes to give out, the middle of each village first, no two on top of each other."""
    with Postcodes() as postcodes:
        letters = "ABDEFGHJLNPQRSTUWXYZ"  # those that the second half of a postcode can have
        found = [
            (code, place)
            for sector in ("HD7 5", "HD7 6")
            for one in letters
            for two in letters
            if (place := postcodes.find(code := f"{sector}{one}{two}"))
        ]
    chance.shuffle(found)
    taken: list[Place] = []

    def near(middle: tuple[float, float]) -> Iterator[tuple[str, Place]]:
        for most_km in (0.35, 0.7, 1.2, 1.8, 3.0, 9.0):
            for code, place in found:
                if _km(middle, (place.latitude, place.longitude)) > most_km:
                    continue
                here = _moved(chance, place)
                x, y = spot(here.latitude, here.longitude)
                if not (40 < x < 645 and 90 < y < 495):
                    continue
                if all(
                    _km((t.latitude, t.longitude), (here.latitude, here.longitude)) > APART
                    for t in taken
                ):
                    taken.append(here)
                    yield code, here

    return _Homes(near(MARSDEN), near(SLAITHWAITE))


def _moved(chance: random.Random, place: Place) -> Place:
    # Postcodes are kept to 100 m: without this every dot would stand on a grid. The cell stays that
    # of the postcode: the bot knows no more.
    latitude = place.latitude + chance.uniform(-0.0004, 0.0004)
    longitude = place.longitude + chance.uniform(-0.0007, 0.0007)
    return replace(place, latitude=latitude, longitude=longitude)


def _km(one: tuple[float, float], other: tuple[float, float]) -> float:
    north = (one[0] - other[0]) * 111.2
    east = (one[1] - other[1]) * 111.32 * math.cos(math.radians(53.61))
    return math.hypot(north, east)
