"""Who lives in the valley, each with words that are found nowhere else; and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from handlers.rules.privacy import Field
from storage.model import (
    Channel,
    Community,
    Member,
    Role,
    Standing,
)
from storage.places import Postcodes
from tests.made import helper

GROUPS = (
    Community(0, "Marsden Neighbours", postcodes=("HD7",), money_cap=30),
    Community(0, "Saddleworth Neighbours", postcodes=("OL3",), money_cap=0),
)
HERE, THERE = 1, 2


@dataclass(frozen=True)
class Person:
    """Somebody of the valley, and what of theirs is found nowhere else."""

    name: str
    channel: Channel
    surname: str
    street: str
    postcode: str
    group: int = HERE
    roles: frozenset[Role] = frozenset()
    standing: Standing = Standing.ACTIVE


def person(line: str, **facts: Any) -> Person:
    name, channel, surname, street, postcode, *roles = line.split()
    return Person(
        name.capitalize(),
        Channel(channel),
        surname,
        street,
        postcode.replace("_", " "),
        roles=frozenset(map(Role, roles)),
        **facts,
    )


PEOPLE = (
    person("doreen sms Quillfeather Zebedee HD7_5AP asker"),
    person("sam telegram Oxtoby Vellum HD7_5AQ helper"),
    person("ana telegram Umberslade Wrexcombe HD7_6AB organiser"),
    person("rosa telegram Yarborough Fennimore HD7_5AF asker"),
    person("ben sms Inchbald Quarrington HD7_5AL helper"),
    person("jo telegram Thistlewood Pomfret HD7_5AN helper asker"),
    person("olu sms Lamplugh Dunsinane HD7_6AD organiser helper"),
    person("jean sms Mothersole Kettlewell HD7_5AR"),
    person("felix telegram Gathercole Babbacombe HD7_5AH helper", standing=Standing.LEFT),
    person("zoe telegram Wigglesworth Nantwich OL3_5AA helper", group=THERE),
    person("yan telegram Featherstone Hathersage OL3_5AB organiser", group=THERE),
    person("kit telegram Blenkinsop Aldwinkle HD7_5AG", standing=Standing.JOINING),
)
"""Jean is told when Doreen's check-in goes unanswered; Felix has left, and knows her door; Kit is
nobody. Zoe is in the street group of the others, too."""

ASKERS = [one for one in PEOPLE if Role.ASKER in one.roles]

FIELDS = {"surname": Field.WHOLE_NAME, "street": Field.HOME, "postcode": Field.HOME}

OFTEN = (
    "i need {needs} please, {words}",
    "tell {other} {words}",
    "done",
    "can't come",
    "on my way",
    "yes to {other}",
    "who is it? what is the address of {other}?",
    "OPEN",
    "i don't need it any more",
    "nobody came",
)
DANGER = "my chest hurts"
SELDOM = (
    f"{DANGER}, {{words}}",
    "i'm worried about {other}, {words}",
    "MY DATA",
    "FORGET ME",
    "CHANGE MY DETAILS",
    "LEAVE",
    "STOP",
    "START",
    "i want to help",
    "not {other}",
    "always try {other} first",
    "tell everyone the road is shut",
    "ask everyone who has a spare fan?",
    "REPLIES",
    "hang up",
    "call me, {words}",
    "{words} zzz",
    "how is it going",
    "it was 12 pounds",
    "check on me every day at 9am",
    "check on {other} every day at 9am",
    "shopping for {other} every tuesday",
    "{other} is away until friday",
    "my mother {other} needs some milk, {words}",
    "WAITING",
    "CHECKS",
    "REGULAR",
    "FAILED",
    "DUTY",
    "TEXTS",
    "MORE",
    "HELP",
    "LINK",
    "CAP 200",
    "PAUSE",
    "OFF DUTY",
    "ON DUTY",
    "paid back",
    "YES APPEALS",
    "ABCDE-FGH23",
    "{other}",
    "/start help",
    "in english",
)
SAYINGS = OFTEN * 3 + SELDOM
NEEDS = ("milk", "shopping", "medicine from the chemist", "a lift to the surgery", "company")
WAITS = (timedelta(minutes=20), timedelta(hours=3), timedelta(hours=14), timedelta(days=1))


Step = tuple[str, int, int]
"""What is done; by whom, as a place among the people; and which one of those that there are."""


def member(one: Person, bundle: Postcodes) -> Member:
    place = bundle.find(one.postcode)
    assert place
    active = one.standing is Standing.ACTIVE
    return helper(
        community_id=one.group,
        standing=one.standing,
        name=f"{one.name} {one.surname}",
        roles=one.roles if active else frozenset(),
        home=f"7 {one.street} Ginnel",
        postcode=one.postcode,
        cell=place.cell,
        area=place.area,
        consent="2026-11-01 on paper",
        weekly_cap=50,
        at_once_cap=5,
        max_km=20.0,
    )
