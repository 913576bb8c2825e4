"""Several processes on one PostgreSQL, killed at random, and the database with them: everything
once, in order, at the provider's pace."""

from __future__ import annotations

import inspect
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median

import pytest

from bot import intake, sender
from storage.model import Channel
from tests.bot.cluster import LONGEST_TAKEOVER, Cluster, Server, cluster, nursery
from tests.bot.test_kill import until
from tests.torture.tally import befell, held

DEEP = bool(os.environ.get("POPROUND_TORTURE"))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Of our own: nobody else's is to fall over. Not in pytest's folder (see `postgres_server`)."""
    with tempfile.TemporaryDirectory(prefix="popround-cluster-") as folder:
        started = Server(Path(folder))
        yield started
        started.end()


async def holds(town: Cluster) -> int:
    """All that must hold when nothing is left to be done; how many lanes several processes handled
    in turn."""
    town.at_its_pace()
    town.one_sender()
    await town.effects_once()
    shared = await town.lanes_in_order()
    await town.nothing_lost()
    assert not await town.duplicates()
    befell("kill -9 at random", town.told.kills)
    befell("database stopped at once and started again", town.told.falls)
    befell("every line to the database cut", town.told.cuts)
    befell("process made to stand still", town.told.pauses)
    held("one sends at a time, at its pace", len(town.calls()))
    held("lanes are in order, and effects come once", await town.counted("inbox"))
    return shared


async def nobody_can_call(town: Cluster) -> None:
    """The same people and the same database, with nothing but polling from now on."""
    for port in list(town.alive):
        town.kill(port)
    town.public, town.town.twilio.webhook_url = None, ""
    for _ in range(2):
        await town.begin()


@pytest.mark.skipif(
    not DEEP,
    reason="what made it hang was mended only lately; POPROUND_TORTURE=1 runs it",
)
async def test_processes_and_their_database_die_and_all_is_done_once_and_in_order(
    server: Server, tmp_path: Path
) -> None:
    async with nursery(tmp_path) as forked, cluster(server, forked, tmp_path, processes=3) as town:
        town.settle_in()
        town.go(town.notes(0.1))
        await town.check_in(20, timedelta(seconds=1))
        await town.take_over(Channel.TELEGRAM)
        await town.cut()
        await town.fall_over(0.3)
        await town.take_over(Channel.SMS)
        await nobody_can_call(town)
        town.kill(await town.holder("poll.telegram.lease"))
        heard = town.said
        await until(lambda: town.said > heard + 5, "people to go on")
        await town.begin()
        await town.finish()
        assert await holds(town)


PLANTED = {
    "no lease": (Cluster.at_its_pace, "too many"),
    "no lane": (Cluster.lanes_in_order, "two of one lane"),
    "message taken by two": (Cluster.effects_once, "a message had its effect twice"),
    "due row not claimed": (Cluster.effects_once, "something due was done twice"),
    "all poll": (Cluster.at_its_pace, "two polled"),
    "acknowledged too soon": (Cluster.nothing_lost, "was not kept"),
}
"""By the bug (`cluster_life.PLANTS`): what catches it, and how it says so."""

ALWAYS = ("no lease", "no lane", "due row not claimed")
"""Those that are tried each time; the others with `POPROUND_TORTURE=1`."""


async def test_bugs_that_were_planted_are_caught(server: Server, tmp_path: Path) -> None:
    async with nursery(tmp_path) as forked:
        for plant in PLANTED if DEEP else ALWAYS:
            check, words = PLANTED[plant]
            async with cluster(
                server, forked, tmp_path, processes=2, a_second=5, plant=plant
            ) as town:
                if plant == "no lease":
                    await town.note(40)
                elif plant == "due row not claimed":
                    # Who looks first may have seen to all of a moment before another looks.
                    town.go(town.check_ins(10, 1))
                elif plant == "all poll":
                    await nobody_can_call(town)
                elif plant == "acknowledged too soon":
                    await town.said_while_away()
                else:
                    town.settle_in()

                async def caught(town: Cluster = town, check=check, words: str = words) -> bool:
                    try:
                        looked = check(town)
                        if inspect.isawaitable(looked):
                            await looked
                    except AssertionError as error:
                        return words in str(error)
                    return False

                await until(caught, f"{plant} to be caught")


def test_who_waits_for_a_lease_has_it_within_ten_seconds_of_a_death() -> None:
    # As long as it lasts, and until the next look; two seconds are left for the way.
    for lease in (sender.LEASE_SECONDS, intake.POLL_LEASE_SECONDS):
        assert lease + lease / 3 <= LONGEST_TAKEOVER - 2


@pytest.mark.skipif(not DEEP, reason="takes minutes; POPROUND_TORTURE=1 runs it")
async def test_for_minutes_and_with_leases_as_long_as_in_life(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    seconds = float(os.environ.get("POPROUND_TORTURE_SECONDS", "240"))
    async with (
        nursery(tmp_path) as forked,
        cluster(
            server, forked, tmp_path, processes=4, askers=3, helpers=12, chatters=2, real=True
        ) as town,
    ):
        town.settle_in()
        town.go(town.notes(0.5))
        await town.check_in(60, timedelta(seconds=20))
        while time.monotonic() - began < seconds:
            await town.trouble()
        await town.finish()
        shared = await holds(town)
        told = town.told
        print_now = [
            f"{time.monotonic() - began:.0f} s, 4 processes",
            f"{told.kills} kills, {told.falls} fail-overs, {told.cuts} times every line cut, "
            f"{told.pauses} processes made to stand still",
            f"{await town.counted('inbox')} messages in, {await town.counted('outbox')} out, "
            f"{await town.counted('due')} due moments",
            f"{shared} lanes handled by several processes, all in order",
            f"{await town.duplicates()} duplicates, 0 times too many, 0 times two polled",
            f"the sending lease changed hands {town.one_sender()} times",
            f"another sends after a death: {summed_up(told.lost_lease)}",
            f"work goes on after a fail-over: {summed_up(told.back)}",
        ]
        with capsys.disabled():
            print("\n" + "\n".join(print_now))  # noqa: T201
        assert max(told.lost_lease, default=0) <= LONGEST_TAKEOVER


def summed_up(seconds: list[float]) -> str:
    """The middle and the longest of these, where a short game had any."""
    if not seconds:
        return "there was none"
    return f"median {median(seconds):.1f} s, longest {max(seconds):.1f} s of {len(seconds)}"
