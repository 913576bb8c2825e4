"""Who is asked whether they want to stay, who is let go without a word, and what counts as use."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handlers import unused
from storage import audit, checkins, members, recurring, requests
from storage import unused as unused_since
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
    Schedule,
    ScheduleStatus,
    Standing,
    VisitStatus,
)
from storage.schema import metadata
from tests.made import NOW, asker, group, helper, joined, request
from tests.stage import stage

YEAR = timedelta(days=365)
LONG_AGO = NOW - 3 * YEAR
ANA, ROSA, SAM = "+447700900101", "+447700900102", "+447700900103"


async def _check_in(tx: Transaction, who: Member, other: Member, status: CheckInStatus) -> CheckIn:
    new = CheckIn(0, who.community_id, who.id, status, LONG_AGO)
    check_in = await checkins.put(tx, new)
    await checkins.name_contact(tx, check_in.id, other.id, ContactStatus.AGREED, LONG_AGO)
    return check_in


async def _visit(tx: Transaction, who: Member, other: Member, **more: Any) -> None:
    asked = await requests.add(tx, request(asker_id=other.id, status=RequestStatus.DONE))
    ended = more.pop("status", VisitStatus.DONE)
    made = await requests.add_visit(tx, asked, who.id, "BRAMBLE", LONG_AGO, **more)
    await requests.set_visit(tx, made.id, ended)


async def _asked(tx: Transaction, who: Member, status: RequestStatus, **more: Any) -> None:
    await requests.add(tx, request(asker_id=who.id, status=status, **more))


async def _offer(tx: Transaction, who: Member, other: Member, answered: Any) -> None:
    asked = await requests.add(tx, request(asker_id=other.id))
    offer = await requests.add_offer(tx, asked.id, who.id, 1, "near", LONG_AGO)
    await requests.answer_offer(tx, offer.id, OfferStatus.DECLINED, answered)


async def _again(tx: Transaction, who: Member, status: ScheduleStatus) -> None:
    await recurring.add(tx, Schedule(0, who.community_id, who.id, status, LONG_AGO))


async def _shift(tx: Transaction, who: Member) -> None:
    values = {"community_id": 1, "member_id": who.id, "start_minute": 0, "end_minute": 60}
    await tx.add(metadata.tables["shifts"], **values)


async def _emergency(tx: Transaction, who: Member, status: str) -> None:
    facts = {"day": date(2023, 1, 1), "due_at": LONG_AGO, "reason": "", "step": 0}
    facts |= {"sealed_words": b"", "sealed_outcome": b""}
    await tx.add(metadata.tables["occasions"], member_id=who.id, status=status, **facts)


async def test_what_counts_as_use_without_a_word(database: Database) -> None:
    """Each by itself, and what looks like it and is over."""
    lately = NOW - YEAR
    cases: list[tuple[str, bool, Any]] = [
        ("nothing", False, lambda tx, who, other: members.save(tx, who)),
        ("an organiser", True, lambda tx, who, _: members.save(tx, _organiser(who))),
        ("check-ins", True, lambda tx, w, o: _check_in(tx, w, o, CheckInStatus.ON)),
        ("check-ins, ended", False, lambda tx, w, o: _check_in(tx, w, o, CheckInStatus.OFF)),
        ("told of another's", True, lambda tx, w, o: _check_in(tx, o, w, CheckInStatus.ON)),
        ("regular help", True, lambda tx, w, _: _again(tx, w, ScheduleStatus.RUNNING)),
        ("regular help, ended", False, lambda tx, w, _: _again(tx, w, ScheduleStatus.STOPPED)),
        (
            "waits for help",
            True,
            lambda tx, w, _: _asked(tx, w, RequestStatus.HANDED, created_at=LONG_AGO),
        ),
        (
            "asked lately",
            True,
            lambda tx, w, _: _asked(tx, w, RequestStatus.DONE, created_at=lately),
        ),
        (
            "asked long ago",
            False,
            lambda tx, w, _: _asked(tx, w, RequestStatus.DONE, created_at=LONG_AGO),
        ),
        ("went lately", True, lambda tx, w, o: _visit(tx, w, o, now=lately)),
        ("went long ago", False, lambda tx, w, o: _visit(tx, w, o, now=LONG_AGO)),
        (
            "is to go",
            True,
            lambda tx, w, o: _visit(tx, w, o, now=LONG_AGO, status=VisitStatus.ACCEPTED),
        ),
        ("said no lately", True, lambda tx, w, o: _offer(tx, w, o, lately)),
        ("never said", False, lambda tx, w, o: _offer(tx, w, o, None)),
        ("holds the phone", True, lambda tx, w, _: _shift(tx, w)),
        ("an alarm", True, lambda tx, w, _: _emergency(tx, w, "taken")),
        ("an alarm, closed", False, lambda tx, w, _: _emergency(tx, w, "closed")),
    ]
    async with database.transaction() as tx:
        await group(tx)
        for what, counts, make in cases:
            who, other = await joined(tx, helper()), await joined(tx, asker())
            await make(tx, who, other)
            found = await unused_since.counted_on(tx, who.id, NOW - 2 * YEAR)
            assert found is counts, what


def _organiser(member: Member) -> Member:
    return replace(member, roles=member.roles | {Role.ORGANISER})


async def test_who_is_asked_who_goes_in_silence_and_who_is_left_alone(database_url: str) -> None:
    two_years, one_year = NOW - timedelta(days=731), NOW - timedelta(days=300)
    people: dict[str, tuple[dict[str, Any], str]] = {
        "Ana": ({"roles": frozenset({Role.ORGANISER}), "used_at": two_years}, "stays"),
        "Rosa": ({"used_at": two_years}, "asked"),
        "Stopped": ({"used_at": two_years, "stopped_at": two_years}, "asked"),
        "Recent": ({"used_at": one_year}, "stays"),
        "Listed": ({}, "stays"),
        "Left": ({"standing": Standing.LEFT, "used_at": NOW - timedelta(days=366)}, "gone"),
        "Lately": ({"standing": Standing.LEFT, "used_at": one_year}, "stays"),
        "Began": ({"standing": Standing.JOINING, "used_at": NOW - timedelta(days=91)}, "gone"),
        "Begins": ({"standing": Standing.JOINING, "used_at": NOW - timedelta(days=50)}, "stays"),
    }
    numbers = {name: f"+4477009001{place:02d}" for place, name in enumerate(people, 1)}

    async def now() -> dict[str, Member]:
        async with on.bot.database.transaction() as tx:
            found = [await members.get(tx, ident) for ident in range(1, len(people) + 1)]
        return dict(zip(people, found, strict=True))

    def heard(name: str) -> list[str]:
        return [text.body for text in on.twilio.handset(numbers[name]) if text.by != "person"]

    async with stage(database_url, NOW) as on:
        async with on.bot.database.transaction() as tx:
            for name, (facts, _) in people.items():
                person = asker(name=name, consent="2022 on paper", **facts)
                await joined(tx, person, Address(Channel.SMS, numbers[name]))
        await on.settle()
        await on.go_to(NOW + timedelta(hours=25))
        await on.go_to(NOW + timedelta(hours=26))
        for name, member in (await now()).items():
            expected = people[name][1]
            assert (member.unused_at is not None) is (expected == "asked"), name
            assert (member.standing is Standing.FORGOTTEN) is (expected == "gone"), name
            assert bool(heard(name)) is (name in ("Ana", "Rosa")), name
            assert member.used_at is not None or expected == "gone", name
        assert "two years" in heard("Rosa")[0]
        [told] = heard("Ana")
        assert "Stopped (+447700900103)" in told  # nothing reaches them: somebody may know them
        await on.go_to(NOW + timedelta(days=28))
        assert (await now())["Rosa"].standing is Standing.ACTIVE
        # Until the last moment anything begun in their name keeps them.
        async with on.bot.database.transaction() as tx:
            await _again(tx, (await members.get(tx, 3)), ScheduleStatus.OFFERED)
        on.loses = True  # that schedule has no next step here
        await on.go_to(NOW + timedelta(days=31))
        after = await now()
        assert after["Rosa"].standing is Standing.FORGOTTEN
        assert "Goodbye Rosa" in heard("Rosa")[-1]
        assert len(heard("Rosa")) == 2  # asked once
        assert (after["Stopped"].standing, after["Stopped"].unused_at) == (Standing.ACTIVE, None)
        async with on.bot.database.transaction() as tx:
            why = {
                row["action"]: row["detail"].get("why")
                for row in await audit.about(tx, "member", 2)
            }
        assert why["forget_asked"] == "unused"
        assert {"unused_asked", "forgotten"} <= why.keys()


async def test_a_no_is_done_unless_something_has_begun_since(database_url: str) -> None:
    """From then on the number must come back from their own phone, as with any FORGET ME."""
    async with stage(database_url, NOW) as on:
        async with on.bot.database.transaction() as tx:
            await joined(tx, asker(used_at=LONG_AGO), Address(Channel.SMS, ROSA))
            await joined(tx, helper(used_at=LONG_AGO), Address(Channel.SMS, SAM))
        await on.settle()
        await on.go_to(NOW + timedelta(hours=25))
        async with on.bot.database.transaction() as tx:
            await _visit(tx, await members.get(tx, 2), await members.get(tx, 1), now=NOW)
            rosa = await members.get(tx, 1)
            assert rosa.unused_at is not None
        await on.twilio.texts(ROSA, "2")
        await on.settle()
        assert "text back" in on.twilio.handset(ROSA)[-1].body
        async with on.bot.database.transaction() as tx:
            rosa = await members.get(tx, 1)
            assert (rosa.standing, rosa.unused_at) == (Standing.ACTIVE, None)


async def test_how_many_are_asked_at_once(database: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(unused_since, "AT_ONCE", 2)
    async with database.transaction() as tx:
        await group(tx)
        for number in range(5):
            await joined(
                tx, asker(used_at=LONG_AGO + timedelta(days=number) if number > 2 else None)
            )
        found = await unused_since.for_long(tx, NOW, unused.LIMITS, 1)
        assert found == [4]  # the longest ago first
        assert [await unused_since.begin(tx, NOW) for _ in range(3)] == [2, 1, 0]
        assert await unused_since.for_long(tx, NOW, unused.LIMITS, 9) == [4, 5]


# PostgreSQL reads so small a table whole, and may.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_search_for_them_reads_one_index(database: Database) -> None:
    async with database.transaction() as tx:
        seen: list[Any] = []
        run = tx.run

        async def note(statement: Any, *more: Any) -> Any:
            seen.append(statement)
            return await run(statement, *more)

        tx.run = note  # type: ignore[method-assign]
        await unused_since.begin(tx, NOW)
        await unused_since.for_long(tx, NOW, unused.LIMITS, 9)
        for statement in seen:
            sql = statement.compile(
                dialect=tx.connection.dialect,
                compile_kwargs={"literal_binds": True, "render_postcompile": True},
            )
            plan = await tx.connection.execute(sa.text(f"EXPLAIN QUERY PLAN {sql}"))
            assert "ix_members_used" in " ".join(str(cell) for row in plan for cell in row)
