"""What people are to each other, from the bare tables and not by the code that decides."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from handlers.rules.privacy import Field, Moment, Relation, shown
from storage import relay
from storage.schema import addresses, audit, occasions, relayed, visits
from storage.schema import members as member_table
from storage.schema import requests as asked
from tests.stage import Stage


@dataclass
class World:
    """What people are to each other, read from the bare tables."""

    whose: dict[str, int] = field(default_factory=dict)
    """Fingerprint of a number or chat: the member."""
    organises: dict[int, int] = field(default_factory=dict)
    """Member: the group that they look after."""
    ties: dict[tuple[int, int], set[tuple[Relation, Moment]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    """(who looks, at whom): what they are to them."""
    group: dict[int, int] = field(default_factory=dict)
    relayed: list[str] = field(default_factory=list)
    """What the two of a visit wrote to each other."""
    alarms: set[int] = field(default_factory=set)
    occasions: dict[int, str] = field(default_factory=dict)
    worries: set[int] = field(default_factory=set)

    def sees(self, reader: int, subject: int, what: Field) -> bool:
        if reader == subject:
            return True
        found = set(self.ties.get((reader, subject), ()))
        if reader in self.organises and self.organises[reader] == self.group.get(subject):
            found.add((Relation.ORGANISER, Moment.NONE))
            for moment, of in ((Moment.ALARM, self.alarms), (Moment.WORRY, self.worries)):
                if subject in of:
                    found.add((Relation.ORGANISER, moment))
        return any(shown(what, relation, moment) for relation, moment in found)


async def read(on: Stage, before: World) -> World:
    """How things stand now."""
    world, now = World(), on.clock.now()
    async with on.bot.database.transaction() as tx:
        for row in await tx.all(sa.select(addresses.c.lane, addresses.c.member_id)):
            world.whose[row["lane"]] = row["member_id"]
        columns = ("id", "community_id", "roles", "standing")
        for row in await tx.all(sa.select(*(member_table.c[name] for name in columns))):
            world.group[row["id"]] = row["community_id"]
            if "organiser" in row["roles"].split(",") and row["standing"] == "active":
                world.organises[row["id"]] = row["community_id"]
        columns = ("id", "helper_id", "asker_id", "status", "over_at")
        met = {}
        for row in await tx.all(sa.select(*(visits.c[name] for name in columns))):
            met[row["id"]] = (row["helper_id"], row["asker_id"])
            fresh = row["over_at"] is not None and now - row["over_at"] < timedelta(days=1)
            moment = Moment.AFTER if row["status"] == "done" and fresh else Moment.OVER
            if row["status"] in ("accepted", "on_the_way"):
                moment = Moment.COMING
            helper_id, asker_id = met[row["id"]]
            if world.group[helper_id] != world.group[asker_id]:
                continue  # nobody goes to another group's people, whatever the tables say
            world.ties[helper_id, asker_id].add((Relation.HELPER, moment))
            world.ties[asker_id, helper_id].add((Relation.ASKER, moment))
        handed = sa.select(asked.c.handler_id, asked.c.asker_id).where(asked.c.status == "handed")
        for row in await tx.all(handed):
            if row["handler_id"] in world.organises:
                tie = (Relation.HANDLER, Moment.ASKING)
                world.ties[row["handler_id"], row["asker_id"]].add(tie)
        columns = ("id", "member_id", "status")
        for row in await tx.all(sa.select(*(occasions.c[name] for name in columns))):
            world.occasions[row["id"]] = row["status"]
            # One that came and went since the last look was an alarm in between.
            if row["status"] in ("alarm", "taken") or (
                row["status"] == "closed" and before.occasions.get(row["id"]) != "closed"
            ):
                world.alarms.add(row["member_id"])
        for row in await tx.all(sa.select(relayed.c.visit_id).distinct()):
            world.relayed += [one.words for one in await relay.of_visit(tx, row["visit_id"])]
        opened = sa.select(audit.c.subject_id).where(audit.c.action == "relay_opened")
        for row in await tx.all(opened):
            world.worries.update(met[row["subject_id"]])
        for row in await tx.all(
            sa.text(
                "SELECT c.member_id AS contact, k.member_id AS whose FROM contacts c "
                "JOIN check_ins k ON k.id = c.check_in_id"
            )
        ):
            tie = (Relation.CONTACT, Moment.NONE)
            world.ties[row["contact"], row["whose"]].add(tie)
    return world
