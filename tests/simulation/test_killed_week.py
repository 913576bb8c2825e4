"""A week of `popround serve` in processes of its own, killed at random with a clock that is put
forward and back: nothing is lost, and nothing comes twice.

`test_week` says at which point of the work its process dies, and knows of no HTTP. This one kills a
real process at a moment that nobody chose, and all that it sends and hears goes over the wire.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.simulation.ledger import OF_EACH, Ledger, Seen
from bot.simulation.life import empty
from bot.simulation.network import Told
from bot.simulation.reading import read
from bot.simulation.town import SECRET
from storage import messages
from storage.database import Database, open_database
from storage.model import Address, Channel, OutboundKind, OutboundMessage, SendStatus
from storage.schema import LIVE_VISIT, inbox, occasions, offers, outbox, requests, visits
from storage.vault import Vault
from tests.simulation.calendar import kept
from tests.simulation.far_town import BEGINS, WAYS, FarTown, Nursery
from tests.simulation.marsden import HELPERS, settle_in
from tests.simulation.test_week import AWAY, MONDAY, unanswered, wishes
from tests.torture.points import IN_A_WEEK, KILL, OFTEN, Row
from tests.torture.tally import befell, held

TORTURE = bool(os.environ.get("POPROUND_TORTURE"))
"""The whole of Marsden, a thread for SQLite as in life, and killed far more often."""

SEED = int(os.environ.get("POPROUND_SEED") or 3)
"""Another has people do other things, and other moments to die. What is done meanwhile by several
processes comes in another order each time all the same."""

KILLS = 150 if TORTURE else 20
HOUR = timedelta(hours=1)
ELSEWHERE = () if TORTURE else ("Walter", "Albert", "Stan", *HELPERS[8:])
"""Who is not in the short form: it has to be over in some seconds."""

OVER_AND_OVER = timedelta(minutes=3)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    opened = Nursery()
    yield opened
    opened.close()


@dataclass
class Week:
    """What became of so many days."""

    town: FarTown
    ledger: Ledger
    jumps: list[tuple[datetime, timedelta]]
    """From when its clock was wrong, and by how much."""
    wrong: list[str]
    uncertain: list[OutboundMessage]
    """What Telegram may or may not have got: cut off by a death, and it can't be asked."""
    lost: list[OutboundMessage]
    """Those of them that it had not."""
    looks: int = 0
    """How often it was looked at what was acknowledged, while it was dead or at the end."""


async def lived(
    url: str,
    folder: Path,
    nursery: Nursery,
    kills: int,
    days: int = 7,
    ways: tuple[str, ...] = WAYS,
    spoilt: str = "",
    points: tuple[str, ...] = (),
) -> Week:
    """So many days with so many deaths at random, and one at each of these points; how they went.
    Ends at once when something was wrong."""
    town = FarTown(url, MONDAY, SEED, folder, nursery)
    town.quick, town.spoilt, town.kills.ways = not TORTURE, spoilt, ways
    town.kills.births = 0.6 if TORTURE else 0.15
    town.points = [*points]
    week = Week(town, Ledger(town), [(MONDAY, timedelta(0))], [], [], [])
    week.ledger.slack, week.ledger.away = HOUR + AWAY, AWAY
    week.ledger.jumps = week.jumps
    until = MONDAY + timedelta(days=days)
    database = open_database(url, Vault(SECRET))
    try:
        await settle_in(town, until, ELSEWHERE)
        wishes(town, min(days, 5 if TORTURE else 2))
        await town.open()
        # They say what they want in peace, on the first morning.
        await town.live(MONDAY + HOUR)
        spoil_time(week, until - timedelta(hours=20), kills)
        town.after_each_life.append(lambda: acknowledged(week, database))
        await town.live(until - 12 * HOUR)
        while town.kills.moments and not spoilt and town.clock.true < until - 3 * HOUR:
            # There was no occasion for these.
            town.kill(BEGINS)
            await town.live(town.clock.true + AWAY)
        town.kills.moments.clear()
        await town.live(until - HOUR)
        week.wrong += town.amiss or [
            *town.faults_noted(),
            *week.ledger.wrong,
            *await counted(week, database),
            *unanswered(week.ledger),
            *kept(week.ledger, MONDAY, town.clock.true),
        ]
        return week
    except BaseException:
        week.wrong.append("it did not come to an end")
        raise
    finally:
        await town.close()
        await database.close()
        if not spoilt:
            tell(week)
        if week.wrong:
            print("\n".join(town.trace))  # noqa: T201 (pytest shows it with the failure)
        print(  # noqa: T201
            f"POPROUND_SEED={SEED}: {len(town.trace)} things happened, killed {town.deaths} times "
            f"({dict(town.kills.done)}, at {town.died_at.total()} named points), "
            f"uncertain {len(week.uncertain)}, lost {len(week.lost)}"
        )


def spoil_time(week: Week, until: datetime, kills: int) -> None:
    """Plan the deaths, and when the clock is put forward, back, and right again."""
    town, chance = week.town, random.Random(f"mishaps {SEED}")
    # What is spoilt is looked for one death after the other.
    span = (until - town.clock.true).total_seconds() if town.kills.ways == WAYS else 0
    moments = [town.clock.true + timedelta(seconds=chance.uniform(0, span)) for _ in range(kills)]
    town.kills.moments = sorted(moments)

    def put(wrong: timedelta) -> None:
        if chance.random() < 0.5:
            town.kill("as its clock is set")
        town.clock.wrong = wrong
        week.jumps.append((town.clock.true, wrong))

    moment, wrongs = town.clock.true, cycle(chance.sample((-HOUR, timedelta(0), HOUR), 3))
    while (moment := moment + HOUR * chance.uniform(3, 20)) < until:
        wrong = next(wrongs)
        town.plan(moment, lambda wrong=wrong: put(wrong))
    town.plan(until, lambda: put(timedelta(0)))


async def acknowledged(week: Week, database: Database) -> list[str]:
    """While it is dead: what it had said was kept is kept, once, and nothing went wrong."""
    town = week.town
    week.looks += 1
    async with database.transaction() as tx:
        rows = await tx.all(sa.select(inbox.c.channel, inbox.c.provider_id))
    had = Counter((row["channel"], row["provider_id"]) for row in rows)
    taken = {("telegram", str(update)) for update in town.telegram.delivered_updates}
    texts = sum(channel == "sms" for channel, _ in had)
    wrong = [f"{ident} was taken, and is gone" for ident in sorted(taken - had.keys())]
    wrong += [f"{town.taken} texts were taken, {texts} are there"] * (texts < town.taken)
    wrong += [f"{ident} is there twice" for ident, times in had.items() if times > 1]
    return [*wrong, *week.ledger.wrong, *town.faults_noted(), *told_twice(week.ledger)]


def told_twice(ledger: Ledger) -> list[str]:
    """Who heard the same words twice within some minutes."""
    last: dict[tuple[str, str], datetime] = {}
    wrong = []
    for one in ledger.seen:
        about = (one.person, one.read.told.words)
        if about in last and one.at - last[about] < OVER_AND_OVER + AWAY:
            wrong.append(f"{one.person} was told twice by {one.at}: {about[1]!r}")
        last[about] = one.at
    return wrong


async def counted(week: Week, database: Database) -> list[str]:
    """What was said was handled once, what was decided was decided once, what was sent came once.
    Where nobody can know, it is noted."""
    town = week.town
    async with database.transaction() as tx:
        came = await tx.all(sa.select(inbox))
        sent = [await messages.from_row(tx, row) for row in await tx.all(sa.select(outbox))]
    wrong = [*await acknowledged(week, database)]
    deeds = sum(map(len, week.ledger.deeds.values()))
    handled = sum(row["handled_at"] is not None and not row["attempts"] for row in came)
    if not deeds == len(came) == handled:
        wrong.append(f"{deeds} things were said, {len(came)} came, {handled} were handled at once")
    toasts = Counter(message.answers for message in sent if message.answers)
    presses = sum(bool(deed.button) for deeds in week.ledger.deeds.values() for _, deed in deeds)
    if set(toasts.values()) - {1} or len(toasts) != presses:
        wrong.append(f"{presses} presses were answered {toasts.total()} times")

    texts = Counter((text.to, text.body) for text in town.twilio.all_texts() if text.by == "bot")
    overtaken = await not_true_any_more(database, sent)
    sent = [one for one in sent if one.id not in overtaken]
    ours = Counter((one.chat, one.text) for one in sent if one.channel is Channel.SMS)
    if texts != ours:
        wrong.append(f"texts that came otherwise: {texts - ours} more, {ours - texts} fewer")
    told = [one for one in sent if one.channel is Channel.TELEGRAM and one.kind == "text"]
    wrong += [
        f"outbox {one.id} is {one.status}"
        for one in sent
        if one.kind is OutboundKind.TEXT
        if one.status not in FINE or (one.channel is Channel.SMS and one.status == "unknown")
    ]
    calls = Counter(
        (str(call.params["chat_id"]), str(call.params["text"]))
        for call in town.telegram.calls
        if call.method == "sendMessage" and call.answer and call.answer["ok"]
    )
    sure = Counter((one.chat, one.text) for one in told if one.status is SendStatus.SENT)
    week.uncertain = [one for one in told if one.status is SendStatus.UNKNOWN]
    unsure = Counter((one.chat, one.text) for one in week.uncertain)
    if sure - calls or calls - sure - unsure:
        wrong.append(f"at Telegram: {sure - calls} missing, {calls - sure - unsure} too many")
    arrived = calls - sure
    for one in week.uncertain:
        if arrived[one.chat, one.text]:
            arrived[one.chat, one.text] -= 1
        else:
            week.lost.append(one)
            as_if_told(week, one)
    return wrong


FINE = (SendStatus.SENT, SendStatus.DELIVERED, SendStatus.UNKNOWN)

OVER = (
    ("offer", offers, ("open",)),
    *((kind, visits, LIVE_VISIT) for kind in ("found", "taken", "visit", "remind", "on_the_way")),
    *((kind, requests, ("open", "handed")) for kind in ("nobody_yet", "looking_again")),
    ("check_in", occasions, ("asked", "alarm", "taken", "missed")),
)
"""Kinds of messages that are not said late where what they are about is over: where that stands,
and how it stood while it was not."""


async def not_true_any_more(database: Database, sent: list[OutboundMessage]) -> set[int]:
    """Those that were not sent since they came late, and had been overtaken: whoever died as often
    as here comes with an offer after somebody else has said yes to it."""
    over = set()
    async with database.transaction() as tx:
        for one in (each for each in sent if each.status is SendStatus.WITHDRAWN):
            for kind, table, open_ in OVER:
                if kind == one.about.get("kind"):
                    now = await tx.value(
                        sa.select(table.c.status).where(table.c.id == one.about["ref"])
                    )
                    over |= {one.id} if now not in open_ else set()
    return over


def as_if_told(week: Week, message: OutboundMessage) -> None:
    """The calendar is not to miss what died on its way to Telegram: it is counted as lost."""
    ledger, to = week.ledger, Address(Channel.TELEGRAM, message.chat)
    # It was written by a clock that may have been wrong.
    moments = [(since, message.created_at - wrong) for since, wrong in week.jumps]
    at = next(at for since, at in reversed(moments) if since <= at)
    understood = read(Told(at, to, message.kind, message.text, message.buttons, "lost"))
    name = ledger.town.by_address[message.chat].name
    ledger.by_entry[understood.entry].append(Seen(at, name, understood.entry, understood))


def tell(week: Week) -> None:
    """What was put in and looked at, however it ended."""
    befell("kill -9 at random", week.town.kills.done.total())
    for point, times in week.town.died_at.items():
        befell(KILL + point, times)
    befell("clock put wrong or right", len(week.jumps) - 1)
    for promise in OF_EACH:
        held(promise, week.ledger.held[promise])
    held("what was acknowledged is kept", week.looks)
    held("a message comes once", len(week.ledger.seen))
    held("what is due comes at its hour", len(week.ledger.seen))


def test_who_died_again_and_again_for_some_minutes_lives_on_for_some() -> None:
    row = Row(MONDAY - HOUR, MONDAY - HOUR)
    died = []
    for minute in range(0, 60, 2):
        if not row.is_enough(now := MONDAY + timedelta(minutes=minute)):
            row.died(now)
            died.append(minute)
    assert died == [0, 2, 4, 6, 8, 18, 20, 22, 24, 26, 36, 38, 40, 42, 44, 54, 56, 58]


async def test_killed_at_random_through_a_week_nothing_is_lost_and_nothing_comes_twice(
    database_url: str, tmp_path: Path, nursery: Nursery
) -> None:
    week = await lived(database_url, tmp_path, nursery, KILLS, points=IN_A_WEEK)
    assert week.wrong == [], f"POPROUND_SEED={SEED}"
    # What is committed now and then has scenes of its own (`tests/torture`), and a week in which
    # other points have their turn first may not come by it.
    missed = {*week.town.points} & {*(IN_A_WEEK if TORTURE else OFTEN)}
    assert not missed & {*OFTEN} and len(missed) <= 2, f"it never died there: {missed}"
    # What is left is dealt out in the last hours, one a quarter of an hour: not always all of it.
    assert week.town.deaths >= 0.8 * KILLS
    assert set(WAYS) < set(week.town.kills.done)
    assert {wrong for _, wrong in week.jumps} >= {-HOUR, HOUR}
    # At most one call a death hangs in the air at each of the few that are made at once.
    assert len(week.uncertain) <= week.town.deaths
    assert len(week.ledger.by_entry["check_in.morning"]) > 3  # or it was too late for good morning


rarely = pytest.mark.skipif(not TORTURE, reason="only with POPROUND_TORTURE: two are enough")


@pytest.mark.parametrize(
    ("spoilt", "way", "found"),
    [
        ("noted_after_the_commit", 2, "was told twice|did not go well"),
        ("what_came_due_meanwhile_is_dropped", 3, "repaired|0 times"),
        pytest.param("sent_once_more_without_asking", 2, "was told twice", marks=rarely),
        pytest.param(
            "answered_before_it_is_kept", 0, "is gone|were taken|heard nothing", marks=rarely
        ),
    ],
)
async def test_what_is_spoilt_is_found_out(
    spoilt: str, way: int, found: str, tmp_path: Path, nursery: Nursery
) -> None:
    url = await empty(tmp_path / "spoilt.db")
    week = await lived(url, tmp_path, nursery, 40, 2, (WAYS[way],), spoilt)
    assert any(re.search(found, each) for each in week.wrong), (week.wrong, f"POPROUND_SEED={SEED}")
