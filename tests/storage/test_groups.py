"""Groups, the areas they serve, their street chats, and invitations."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from storage import audit, groups
from storage.database import Database
from storage.model import Address, Channel, Community, Role
from tests.made import NOW, group, helper, joined

STREET = Address(Channel.TELEGRAM, "-100200")


async def test_a_group_comes_back_as_kept(database: Database) -> None:
    whole = Community(
        0,
        "Dyffryn",
        "Europe/Dublin",
        ("cy", "en"),
        ("HD7", "HD7 5"),
        True,
        time(21, 30),
        time(8, 15),
        25,
    )
    async with database.transaction() as tx:
        made = await groups.add(tx, whole)
        assert made == Community(made.id, *[getattr(whole, n) for n in whole.__slots__[1:]])
        assert await groups.by_name(tx, " dyffryn ") == made
        assert await groups.get(tx, 99) is None


async def test_a_name_is_one_groups_however_it_is_written(database: Database) -> None:
    async with database.transaction() as tx:
        await group(tx)
        with pytest.raises(groups.NameTakenError):
            await group(tx, name="marsden NEIGHBOURS")


@pytest.mark.parametrize(
    ("prefix", "postcode", "serves"),
    [
        ("HD7", "HD7 5AB", True),
        ("HD7", "HD70 5AB", False),  # another district
        ("HD7 5", "HD7 5AB", True),
        ("HD7 5", "HD7 6AB", False),
        ("HD7 5", "HD8 5AB", False),
    ],
)
def test_an_area_is_a_district_or_a_sector(prefix: str, postcode: str, serves: bool) -> None:
    assert groups.serves(prefix, postcode) == serves


async def test_the_group_with_the_closest_area_serves_a_postcode(database: Database) -> None:
    async with database.transaction() as tx:
        district = await group(tx, name="district", postcodes=("HD7",))
        assert await groups.serving(tx, "HD9 1AA") is None
        anywhere = await group(tx, name="anywhere")
        sector = await group(tx, name="sector", postcodes=("HD7 5",))
        found = [await groups.serving(tx, code) for code in ("HD7 5AB", "HD7 6AB", "HD9 1AA")]
        assert found == [sector, district, anywhere]


async def test_a_code_works_once_within_its_week(database: Database) -> None:
    async with database.transaction() as tx:
        await group(tx)
        sam = await joined(tx, helper())
        codes = [await groups.make_invite(tx, 1, Role.ORGANISER, NOW) for _ in range(2)]
        first, second = (groups.as_code(code.lower()) or "" for code in codes)
        assert await groups.use_invite(tx, first, sam.id, NOW) == (1, Role.ORGANISER)
        assert await groups.use_invite(tx, first, sam.id, NOW) is None
        late = NOW + timedelta(days=groups.INVITE_DAYS)
        assert await groups.use_invite(tx, second, sam.id, late) is None


async def test_a_street_chat_belongs_to_one_group_and_may_move_and_go(database: Database) -> None:
    async with database.transaction() as tx:
        for name in ("one", "two"):
            await group(tx, name=name)
        await groups.add_street(tx, 1, STREET)
        await groups.add_street(tx, 2, STREET)
        assert await groups.street_community(tx, STREET) == 2
        assert await groups.street_chats(tx, 1) == []
        await groups.move_street(tx, STREET, "-100300")
        moved = Address(Channel.TELEGRAM, "-100300")
        assert await groups.street_chats(tx, 2) == [moved]
        assert await groups.street_community(tx, STREET) is None
        await groups.drop_street(tx, moved)
        assert await groups.street_chats(tx, 2) == []


async def test_what_was_done_is_written_down_in_order(database: Database) -> None:
    async with database.transaction() as tx:
        for action in ("address_shown", "visit_over"):
            await audit.note(tx, NOW, action, "member", 1, actor_id=2, to=3)
        found = await audit.about(tx, "member", 1)
        assert [line["action"] for line in found] == ["address_shown", "visit_over"]
        assert found[0]["detail"] == {"to": 3}
        assert await audit.about(tx, "member", 2) == []
