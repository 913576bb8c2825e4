"""Who sees what: the table, held to every combination; and the gate that asks it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handlers import seen, wording
from handlers.rules.privacy import LOOKED_AT, SHOWN, Field, Moment, Relation, shown
from handlers.seen import Private
from handlers.turn import Desk, Turn
from storage import audit, checkins, groups, members, messages, requests
from storage.database import Database, Transaction
from storage.model import (
    Address,
    Channel,
    CheckIn,
    CheckInStatus,
    ContactStatus,
    Member,
    OfferStatus,
    RequestStatus,
    Role,
    Visit,
    VisitStatus,
)
from storage.places import Atlas, Postcodes
from tests.made import CELL, NOW, ROSA, asker, group, helper, request

ALL = "none asking coming after over alarm worry"
BY_FIELD = {
    # The same table from the other side, written down by itself: who may see this of somebody,
    # and when. What is in neither place is shown to nobody.
    "need": {
        "offered": "asking",
        "familiar": "asking",
        "street": "asking coming",
        "helper": "coming after over",
        "asker": "coming after over",
        "friend": "asking",
        "organiser": ALL,
    },
    "when": {
        "offered": "asking",
        "familiar": "asking",
        "street": "asking",
        "helper": "coming",
        "asker": "coming",
        "friend": "asking",
        "organiser": ALL,
    },
    "area": {
        "offered": "asking",
        "familiar": "asking",
        "street": "asking",
        "helper": "coming",
        "organiser": ALL,
    },
    "first_name": {
        "familiar": "asking",
        "helper": "coming after over",
        "asker": "coming after over",
        "contact": ALL,
        "friend": "asking",
        "organiser": ALL,
        "keeper": "worry",
    },
    "whole_name": {"helper": "coming", "contact": ALL, "organiser": ALL, "keeper": "worry"},
    "home": {"helper": "coming", "handler": "asking", "organiser": "alarm"},
    "phone": {"organiser": ALL, "keeper": "worry"},
    "words": {"helper": "coming", "organiser": ALL},
    "code_word": {"helper": "coming", "asker": "coming"},
    "relayed": {"helper": "coming after", "asker": "coming after", "keeper": "worry"},
    "worry": {"keeper": "worry"},
    "bond": {},
}


def test_everybody_sees_what_they_may_of_every_field_at_every_moment_and_nothing_else() -> None:
    assert {field.value for field in Field} == BY_FIELD.keys()
    assert set(SHOWN) == set(Relation)
    assert {Field.HOME, Field.PHONE} == LOOKED_AT  # each look at these is on record
    for field in Field:
        for relation in Relation:
            for moment in Moment:
                may = moment.value in BY_FIELD[field].get(relation.value, "").split()
                may = may or relation is Relation.ONESELF
                assert shown(field, relation, moment) is may, (field, relation, moment)


class Valley:
    """Rosa, and people who are something to her."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx

    async def set_up(self) -> None:
        community = await group(self.tx)
        self.turn = Turn(
            Desk(wording.load(), Atlas(Postcodes()), random.Random(1)), self.tx, NOW, community
        )
        self.rosa = await members.add(self.tx, asker(cell=CELL), Address(Channel.SMS, ROSA))
        self.wanted = await requests.add(self.tx, request(asker_id=self.rosa.id))

    async def somebody(self, **facts: Any) -> Member:
        number = f"+4477009002{10 + len(await members.of_community(self.tx, 1))}"
        return await members.add(self.tx, helper(**facts), Address(Channel.SMS, number))

    async def goes(self, to_go: Member, status: VisitStatus, **ago: float) -> Visit:
        wanted = await requests.add(self.tx, request(asker_id=self.rosa.id))
        visit = await requests.add_visit(self.tx, wanted, to_go.id, "BRAMBLE", NOW, NOW)
        over = None if status in seen.LIVE else NOW - timedelta(**ago)
        await requests.set_visit(self.tx, visit.id, status, over)
        return visit

    async def sees(self, who: Member, moment: Moment = Moment.NONE) -> set[str]:
        """What this person would be shown of Rosa."""
        may = set()
        for field in Field:
            private = Private("2 Mill Row", field, self.rosa.id, moment)
            if await seen.may_see(self.tx, NOW, 1, who, private):
                may.add(field.value)
        return may


async def test_what_people_are_to_each_other_is_read_from_what_is_kept(database: Database) -> None:
    async with database.transaction() as tx:
        valley = Valley(tx)
        await valley.set_up()
        offer = {"need", "when", "area"}
        going = {"home", "whole_name", "words", "code_word", "relayed", "first_name"} | offer
        met = {"need", "first_name"}

        sam = await valley.somebody()
        assert await valley.sees(sam) == set()
        asked = await requests.add_offer(tx, valley.wanted.id, sam.id, 1, "near", NOW)
        assert await valley.sees(sam) == offer
        await requests.answer_offer(tx, asked.id, OfferStatus.DECLINED, NOW)
        assert await valley.sees(sam) == set()

        for status, ago, may in (
            (VisitStatus.ACCEPTED, {}, going),
            (VisitStatus.ON_THE_WAY, {}, going),
            (VisitStatus.DONE, {"hours": 23}, met | {"relayed"}),
            (VisitStatus.DONE, {"hours": 25}, met),
            (VisitStatus.GIVEN_UP, {}, met),
            (VisitStatus.NO_SHOW, {}, met),
            (VisitStatus.CALLED_OFF, {}, met),
        ):
            someone = await valley.somebody()
            await valley.goes(someone, status, **ago)
            assert await valley.sees(someone) == may, status
            # To the other side the helper's own door and number are nobody's business.
            for field in (Field.HOME, Field.PHONE, Field.WHOLE_NAME, Field.AREA):
                of_helper = Private("4 Mill Row", field, someone.id)
                assert not await seen.may_see(tx, NOW, 1, valley.rosa, of_helper)

        organiser = await valley.somebody(roles=frozenset({Role.ORGANISER}))
        usual = offer | {"first_name", "whole_name", "phone", "words"}
        assert await valley.sees(organiser) == usual
        assert await valley.sees(organiser, Moment.ALARM) == usual | {"home"}
        handed = replace(valley.wanted, status=RequestStatus.HANDED, handler_id=organiser.id)
        await requests.save(tx, handed)
        assert await valley.sees(organiser) == usual | {"home"}
        elsewhere = await group(tx, name="Slaithwaite Neighbours")
        foreign = await valley.somebody(
            roles=frozenset({Role.ORGANISER}), community_id=elsewhere.id
        )
        assert await valley.sees(foreign) == set()

        contact = await valley.somebody(roles=frozenset())
        check_in = await checkins.put(
            tx, CheckIn(0, 1, valley.rosa.id, CheckInStatus.ON, NOW, frozenset({0}))
        )
        await checkins.name_contact(tx, check_in.id, contact.id, ContactStatus.AGREED, NOW)
        assert await valley.sees(contact, Moment.ALARM) == {"first_name", "whole_name"}
        assert await valley.sees(valley.rosa) == {field.value for field in Field}


@pytest.mark.parametrize("status", [None, VisitStatus.ACCEPTED, VisitStatus.DONE])
async def test_what_is_not_for_its_reader_goes_out_as_a_dash_whoever_put_it_there(
    status: VisitStatus | None, database: Database
) -> None:
    async with database.transaction() as tx:
        valley = Valley(tx)
        await valley.set_up()
        sam = await valley.somebody(name="Sam")
        if status:
            await valley.goes(sam, status, minutes=1)
        home = valley.turn.home_of(valley.rosa)
        # A careless organiser has put the address into the group's own words for an offer.
        await groups.set_text(tx, 1, "en", "offer", "{name}: milk for {home}?")
        community = await groups.get(tx, 1)
        assert community
        valley.turn.community = community
        outbox_id = await valley.turn.say(sam, "offer", name="Sam", home=home)
        message = await messages.get(tx, outbox_id or 0)
        assert message
        lines = {line["action"] for line in await audit.about(tx, "member", valley.rosa.id)}
        if status is VisitStatus.ACCEPTED:
            assert message.text == "Sam: milk for 2 Mill Row, HD7 5AB?"
            assert lines == {"address_shown"}
        else:
            assert message.text == "Sam: milk for -?"
            assert lines == {"withheld"}
