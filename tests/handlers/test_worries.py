"""Worries: what is one, whom it names; who hears of it and who never does; what is kept of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handlers import wording, worry, worry_book
from handlers.rules import vetting
from handlers.rules import worries as rules
from handlers.rules.vetting import Said
from handlers.rules.worries import KEPT_FOR, names, opening
from handlers.turn import Desk, Turn
from storage import audit, due, members, messages, worries
from storage.database import Database, Transaction
from storage.model import (
    Address,
    Channel,
    Community,
    DueKind,
    Member,
    Need,
    OutboundKind,
    Role,
    Standing,
    Vetting,
)
from storage.model_worries import Noted, Worry, WorryStatus
from storage.places import Atlas, Postcodes
from storage.schema import audit as audit_table
from storage.schema import outbox
from tests.made import NOW, asker, group, helper, inbound, request

WORDING = wording.load()
WORDS = [word for one in WORDING.languages for word in WORDING.listing(one, "keywords.worry")]


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        ("worry purple marmalade", "purple marmalade"),
        ("WORRY", ""),
        ("Worry. Sam has my purse", "Sam has my purse"),
        ("/worry Sam has my purse", "Sam has my purse"),
        ("PRYDER: mae Sam yn gweiddi", "mae Sam yn gweiddi"),
        ("Preoccupazione - la signora Rosa", "la signora Rosa"),
        ("worry no need to ring me", "no need to ring me"),
        # In quotes as a telephone makes them, in brackets, after a dash.
        ("“Worry” Sam took it", "Sam took it"),
        ("‘worry’ Sam", "Sam"),
        ("(WORRY) Sam", "Sam"),
        ("[worry] Sam", "Sam"),
        ("*worry* Sam", "Sam"),
        ("- worry… Sam", "Sam"),
        ("worry; Sam", "Sam"),
        ("worry, Sam", "Sam"),
        ("worry! Sam", "Sam"),
        ("worry? Sam", "Sam"),
        ("worry – Sam", "Sam"),
        ("worry/Sam", "Sam"),
        ("worry's", None),
        ("worry’s over", None),
        ("worryguts", None),
        ("worrying news", None),
        ("don't worry", None),
        ("worry's over", None),
    ],
)
def test_a_worry_is_known_by_its_first_word_in_every_language(said: str, rest: str | None) -> None:
    assert opening(said, WORDS) == rest


@pytest.mark.parametrize(
    ("said", "name", "is_named"),
    [
        ("Ana took it", "Ana Jones", True),
        ("it was mrs jones", "Ana Jones", True),
        ("Anna's been shouting", "Ana Jones", True),
        ("Siôn o'r siop", "Sion Rees", True),
        ("SION", "Siôn Rees", True),
        ("Ana’s been shouting", "Ana Jones", True),
        ("at the Jones' place", "Ana Jones", True),
        ("it was Jo", "Jo Marsh", True),  # two letters are a name
        ("Mary took it", "Ana Mary Jones", False),  # many share a second name
        ("a banana", "Ana Jones", False),
        ("Mrs Lee", "Mrs Shaw", False),
        ("j took it", "J Marsh", False),
        ("anything", "", False),
    ],
)
def test_whom_it_names(said: str, name: str, is_named: bool) -> None:
    assert names(said, name) is is_named


def test_a_worry_goes_round_within_a_waking_day_and_is_not_let_lie() -> None:
    """In waking hours, of which a day has eleven: by its evening everybody has heard of it."""
    assert (timedelta(hours=2), timedelta(hours=2), timedelta(hours=4)) == rules.TAKE
    assert sum(rules.TAKE, timedelta(0)) <= rules.TAKE_LATER == timedelta(hours=11)
    assert timedelta(minutes=15) == rules.TAKE_URGENT
    assert (timedelta(days=1), 3) == (rules.HOW, rules.LEFT_LYING)
    assert timedelta(days=7) == rules.ABOUT_VISITS
    assert timedelta(days=1095) == KEPT_FOR


# Who hears of it


class Group:
    """Rosa, who is worried; and those who could hear of it."""

    def __init__(self, tx: Transaction, community: Community) -> None:
        self.tx, self.community = tx, community
        self.count = 0

    async def somebody(self, name: str, *roles: Role, **facts: Any) -> Member:
        self.count += 1
        made = helper(name=name, roles=frozenset(roles), **facts)
        address = Address(Channel.TELEGRAM, f"70{self.count}")
        return await members.add(self.tx, made, address)

    def turn(self, who: Member, words: str, now: datetime = NOW) -> Turn:
        message = inbound(channel=Channel.TELEGRAM, chat="1", text=words)
        can = {Channel.TELEGRAM: frozenset(OutboundKind)}
        desk = Desk(WORDING, Atlas(Postcodes()), can=can)
        return Turn(desk, self.tx, now, self.community, who, message)

    async def told(self, who: Member, words: str) -> list[list[str]]:
        """The first names of those who would be told, turn by turn; `+` who reads it."""
        turn = self.turn(who, words)
        told, _ = await worry.begin(turn, words)
        return [
            [
                one.name.split()[0] + ("+" if await worry_book.may_read(turn, told, one) else "")
                for one in those
            ]
            for those in await worry.plan(turn, told)
        ]


H, D, O = Role.SAFEGUARDING, Role.DEPUTY, Role.ORGANISER  # noqa: E741 (three letters, as below)


@pytest.mark.parametrize(
    ("there", "words", "order"),
    [
        # Jo holds it, Cy is deputy, Ana organises.
        ("Jo:h Cy:d Ana:o", "the roof man", ["Jo+", "Cy+", "Jo+ Cy+ Ana"]),
        ("Jo:h Cy:d Ana:o", "it is Jo", ["Cy+", "Cy+ Ana"]),
        ("Jo:h Liz:h Cy:d", "it is Jo", ["Cy+", "Liz+", "Cy+ Liz+"]),
        ("Jo:h Cy:d Ana:o", "it is Jo and Cy", ["Ana"]),
        ("Jo:ho Cy:d Ana:o", "it is Jo", ["Cy+", "Cy+ Ana"]),
        ("Jo:h Ana:o Ben:o", "it is Jo, and Ana knew", ["Ben"]),
        ("Jo:h Ana:o", "it is Ana", ["Jo+"]),
        ("Jo:h", "it is Jo", [""]),
        # Nobody holds it: organisers in their place, but for whom it names.
        ("Ana:o Ben:o", "the roof man", ["Ana+ Ben+"]),
        ("Ana:o Ben:o", "it is Ben", ["Ana+"]),
        ("", "the roof man", [""]),
    ],
)
async def test_who_is_told_in_turn(
    database: Database, there: str, words: str, order: list[str]
) -> None:
    roles = {"h": H, "d": D, "o": O}
    async with database.transaction() as tx:
        people = Group(tx, await group(tx))
        rosa = await members.add(tx, asker(), Address(Channel.TELEGRAM, "1"))
        for one in there.split():
            name, _, letters = one.partition(":")
            await people.somebody(name, *(roles[letter] for letter in letters))
        told = await people.told(rosa, words)
        assert [" ".join(those) for those in told] == order


async def test_who_writes_of_it_never_hears_of_it_and_a_group_apart_does_not(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        people = Group(tx, await group(tx))
        elsewhere = await group(tx, name="Elsewhere")
        jo = await people.somebody("Jo", Role.SAFEGUARDING)
        await people.somebody("Cy", Role.DEPUTY)
        far = await people.somebody("Far", Role.SAFEGUARDING, community_id=elsewhere.id)
        assert await people.told(jo, "the roof man") == [["Cy+"]]
        [mine] = await worries.told_by(tx, jo.id)
        assert not await worry_book.may_read(people.turn(far, ""), mine, far)


# What is kept of it


async def test_nothing_of_it_is_in_the_log_and_its_words_go_in_the_end(
    database: Database,
) -> None:
    secret = "purple marmalade"
    async with database.transaction() as tx:
        people = Group(tx, await group(tx))
        rosa = await members.add(tx, asker(), Address(Channel.TELEGRAM, "1"))
        jo = await people.somebody("Jo", Role.SAFEGUARDING)
        kept, _ = await worry.begin(people.turn(rosa, secret), secret)
        [row] = await due.of(tx, kept.id, DueKind.WORRY)
        assert row.at == kept.next_at
        taken = replace(kept, status=WorryStatus.TAKEN, taken_by=jo.id)
        await worries.save(tx, taken)
        await worry_book.close(people.turn(jo, ""), taken, f"it was {secret}")
        notes = await worries.notes_of(tx, kept)
        assert [note.what for note in notes] == [Noted.TOLD, Noted.CLOSED]
        log = await tx.all(sa.select(audit_table))
        assert not any(secret in str(dict(row)) for row in log)
        assert "worry_closed" in [row["action"] for row in log]
        closed = await worries.get(tx, kept.id)
        assert closed.next_at == NOW + KEPT_FOR
        await worry.step(people.turn(rosa, "", NOW + KEPT_FOR), kept.id)
        empty = await worries.get(tx, kept.id)
        assert (empty.words, empty.next_at, empty.named) == ("", None, frozenset())
        assert not any(note.words for note in await worries.notes_of(tx, empty))
    async with database.transaction() as tx:
        assert await audit.about(tx, "worry", kept.id)


async def test_what_did_not_arrive_goes_to_the_next_and_to_no_organiser(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        people = Group(tx, await group(tx))
        rosa = await members.add(tx, asker(), Address(Channel.TELEGRAM, "1"))
        jo = await people.somebody("Jo", Role.SAFEGUARDING)
        cy = await people.somebody("Cy", Role.DEPUTY)
        await people.somebody("Ana", Role.ORGANISER)
        kept, told = await worry.begin(people.turn(rosa, "x"), "x")
        assert [one.name for one in told] == ["Jo"]
        turn = people.turn(rosa, "")
        turn.member = None
        await worry.unheard(turn, kept.id, jo)
        sent = await tx.all(sa.select(outbox.c.id, outbox.c.member_id))
        assert [row["member_id"] for row in sent] == [jo.id, cy.id]
        for row in sent:
            message = await messages.get(tx, row["id"])
            assert message and message.about == {"kind": "worry", "ref": kept.id}


async def test_a_worry_reads_back_as_it_was(database: Database) -> None:
    async with database.transaction() as tx:
        here = await group(tx)
        rosa = await members.add(tx, asker(), Address(Channel.TELEGRAM, "1"))
        made = Worry(
            *(0, here.id, rosa.id, WorryStatus.OPEN, NOW, "she cries", frozenset({4, 7})),
            *(True, 2, NOW + timedelta(hours=1)),
        )
        kept = await worries.add(tx, made)
        assert await worries.get(tx, kept.id) == replace(made, id=kept.id)
        assert await worries.how_many_untaken(tx, here.id, NOW + timedelta(days=1)) == 1
        with pytest.raises(LookupError):
            await worries.get(tx, kept.id + 1)


# Vetting


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (
            "Sam Hill enhanced until 31 January 2028",
            Said("Sam Hill", Vetting.ENHANCED, date(2028, 1, 31)),
        ),
        ("sam standard 2028-01-31", Said("sam", Vetting.STANDARD, date(2028, 1, 31))),
        ("Sam Hill, ENHANCED.", Said("Sam Hill", Vetting.ENHANCED, None)),
        ("Sam Hill, until 1 May 2028!", Said("Sam Hill", None, date(2028, 5, 1))),
        (
            "Sam Hill manylach tan 3 Mawrth 2028",
            Said("Sam Hill", Vetting.ENHANCED, date(2028, 3, 3)),
        ),
        ("Sam base fino al 1 maggio 2028", Said("Sam", Vetting.BASIC, date(2028, 5, 1))),
        ("Sam until 31/12/2027", Said("Sam", None, date(2027, 12, 31))),
        ("Sam until 31/02/2027", Said("Sam", None, None)),
        ("Sam", Said("Sam", None, None)),
    ],
)
def test_how_vetting_is_said(said: str, meant: Said) -> None:
    levels = {
        word: level
        for language in WORDING.languages
        for level in Vetting
        for word in WORDING.listing(language, f"vetting.level.{level.value}")
    }
    assert vetting.said(said, levels) == meant


HERE = Community(1, "Marsden", vetting={Need.COMPANY: Vetting.ENHANCED, Need.LIFT: Vetting.BASIC})


def test_the_highest_of_what_is_asked_for_counts() -> None:
    assert vetting.needed(HERE, request(need=Need.SHOPPING)) is None
    assert vetting.needed(HERE, request(need=None)) is None
    assert vetting.needed(HERE, request(need=Need.LIFT)) is Vetting.BASIC
    both = request(need=Need.LIFT, also=(Need.COMPANY,))
    assert vetting.needed(HERE, both) is Vetting.ENHANCED
    # By rank, and not by the letter: "standard" comes after "enhanced" in the dictionary.
    for levels in itertools.combinations(Vetting, 2):
        asked = dict(zip((Need.LIFT, Need.COMPANY), levels, strict=True))
        assert vetting.needed(replace(HERE, vetting=asked), both) is levels[1]


@pytest.mark.parametrize(
    ("facts", "counts"),
    [
        ({"can_do": {Need.LIFT}}, True),
        ({"can_do": {Need.SHOPPING}}, False),
        ({"can_do": {Need.LIFT}, "roles": {Role.ASKER}}, False),
        ({"can_do": {Need.LIFT}, "standing": Standing.LEFT}, False),
    ],
)
def test_whose_vetting_matters_here(facts: dict[str, Any], counts: bool) -> None:
    assert vetting.counts_for(helper(**facts), HERE) is counts
    assert not vetting.counts_for(helper(**facts), replace(HERE, vetting={}))


@pytest.mark.parametrize(
    ("until", "now", "then"),
    [
        (None, "2026-06-01 12:00", None),
        ("2026-12-31", "2026-06-01 12:00", "2026-12-01 09:00"),
        ("2026-12-31", "2026-12-01 09:00", "2027-01-01 00:00"),  # the reminder has been
        ("2026-12-31", "2026-12-20 12:00", "2027-01-01 00:00"),
        ("2026-12-31", "2027-01-01 00:00", None),
        ("1900-12-31", "1890-01-01 00:00", None),  # a slip of the pen
        ("9000-01-01", "2026-06-01 12:00", None),
        ("2026-07-31", "2026-07-20 12:00", "2026-07-31 23:00"),  # midnight, on summer's clocks
    ],
)
def test_when_a_vetting_is_looked_at_next(until: str | None, now: str, then: str | None) -> None:
    def moment(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    last = date.fromisoformat(until) if until else None
    expected = moment(then) if then else None
    assert vetting.next_look(last, moment(now), HERE) == expected
