"""The tables. `storage/migrations` brings a database to them; a test holds the two together.

A column named `sealed_…` holds what `vault.Seal.seal` made, with the key of whose words they are,
or with the common one where they are nobody's own. A `lane` is the fingerprint of a channel and an
address: it orders one person's messages without saying whose they are.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import event as sa_event
from sqlalchemy import false as sa_false
from sqlalchemy import text as sa_text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import JSON, TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rows by itself only in a column of exactly INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite has no such type and keeps it as text in one sortable form."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone can't be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _id() -> Column[int]:
    return Column("id", BigId, primary_key=True, autoincrement=True)


def _to(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigId, ForeignKey(f"{target}.id"), nullable=nullable)


def _when(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, UtcDateTime, nullable=nullable)


def _word(name: str, length: int = 32, **more: Any) -> Column[str]:
    return Column(name, String(length), nullable=False, **more)


communities = Table(
    "communities",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    _word("timezone", 64),
    Column("languages", Text, nullable=False),
    Column("postcodes", Text, nullable=False),
    Column("approve_helpers", Boolean, nullable=False),
    _word("quiet_from", 5),
    _word("quiet_until", 5),
    Column("money_cap", Integer, nullable=False),
    Column("note_at", String(5), nullable=True),
    # Parts of texts a day; none: what the settings say.
    Column("daily_cap", Integer, nullable=True),
    Column("texts", JSON, nullable=False),
    # A need to the least level that a helper must be vetted for.
    Column("vetting", JSON, nullable=False),
)

members = Table(
    "members",
    metadata,
    _id(),
    _to("community_id", "communities"),
    _word("standing"),
    Column("sealed_name", LargeBinary, nullable=False),
    _word("language", 8),
    Column("languages", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("sealed_home", LargeBinary, nullable=False),
    Column("sealed_postcode", LargeBinary, nullable=False),
    Column("cell", BigInteger, nullable=True),
    Column("area", Text, nullable=False),
    Column("can_do", Integer, nullable=False),
    Column("max_km", Float, nullable=False),
    Column("vetted_until", Date, nullable=True),
    _word("vetting", 16),
    _when("vetting_at", nullable=True),
    # As `storage.hours` writes them; most people's are empty, which is any time.
    Column("hours", Text, nullable=False),
    # The same, roughly (`storage.hours.stretches`), so that the search need not read who is away.
    Column("stretches", Integer, nullable=False),
    Column("on_duty", Boolean, nullable=False),
    _when("paused_until", nullable=True),
    Column("weekly_cap", Integer, nullable=False),
    Column("at_once_cap", Integer, nullable=False),
    _when("rested_at"),
    Column("visits", Integer, nullable=False),
    Column("consent", Text, nullable=False),
    Column("appeals", Text, nullable=False),
    _when("stopped_at", nullable=True),
    _word("unreachable"),
    _when("retry_at", nullable=True),
    _when("retried_at", nullable=True),
    _when("half_way_at", nullable=True),
    _when("forget_at", nullable=True),
    # When they last made use of the group, within a week (`handlers/unused.py`); empty until looked
    # at for the first time. And since when they have been asked whether they want to stay.
    _when("used_at", nullable=True),
    _when("unused_at", nullable=True),
    # Whether this person can be asked at all just now: kept by `members.save`, so that the
    # search for neighbours reads one small index and nothing else.
    Column("helping", Boolean, nullable=False),
)
Index(
    "ix_members_helping",
    members.c.community_id,
    members.c.cell,
    members.c.rested_at,
    members.c.id,
    # To the letter as SQLAlchemy asks for a true column there, or SQLite does not use the index.
    sqlite_where=sa_text("helping = 1"),
    postgresql_where=members.c.helping,
)
# Those whose rest must end some day: few of many.
Index(
    "ix_members_paused",
    members.c.id,
    sqlite_where=members.c.paused_until.is_not(None),
    postgresql_where=members.c.paused_until.is_not(None),
)
Index(
    "ix_members_retry",
    members.c.id,
    sqlite_where=members.c.retry_at.is_not(None),
    postgresql_where=members.c.retry_at.is_not(None),
)
Index(
    "ix_members_half_way",
    members.c.id,
    sqlite_where=members.c.half_way_at.is_not(None),
    postgresql_where=members.c.half_way_at.is_not(None),
)
Index(
    "ix_members_forget",
    members.c.id,
    sqlite_where=members.c.forget_at.is_not(None),
    postgresql_where=members.c.forget_at.is_not(None),
)
Index(
    "ix_members_vetting",
    members.c.id,
    sqlite_where=members.c.vetting_at.is_not(None),
    postgresql_where=members.c.vetting_at.is_not(None),
)
Index(
    "ix_members_unused",
    members.c.id,
    sqlite_where=members.c.unused_at.is_not(None),
    postgresql_where=members.c.unused_at.is_not(None),
)
Index(
    "ix_members_used",
    members.c.standing,
    members.c.used_at,
    sqlite_where=sa_text("unused_at IS NULL AND forget_at IS NULL"),
    postgresql_where=sa_text("unused_at IS NULL AND forget_at IS NULL"),
)
Index("ix_members_roles", members.c.community_id, members.c.roles, members.c.standing)

member_keys = Table(
    "member_keys",
    metadata,
    # What each member's words are sealed with, wrapped (`vault.Vault.wrap`). Alone in a table, so
    # that a dated backup can be without them: docs/decisions/0018-keys-and-rights.md.
    Column("member_id", BigId, ForeignKey("members.id"), primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False),
)

addresses = Table(
    "addresses",
    metadata,
    _id(),
    _to("member_id", "members"),
    _word("channel", 16),
    _word("lane"),
    Column("sealed_value", LargeBinary, nullable=False),
    # When they last wrote from it, and why nothing reaches it, if nothing does.
    _when("wrote_at", nullable=True),
    _word("unreachable", default=""),
    UniqueConstraint("lane"),
    Index("ix_addresses_member_id", "member_id"),
)

links = Table(
    "links",
    metadata,
    # Codes by which somebody shows that two addresses are theirs.
    _id(),
    _word("lane"),
    _word("code_print"),
    _when("expires_at"),
    _when("used_at", nullable=True),
    UniqueConstraint("code_print"),
)

bonds = Table(
    "bonds",
    metadata,
    _id(),
    _to("member_id", "members"),
    _to("other_id", "members"),
    _word("kind", 16),  # glad | not_again | first
    # Who of those that are asked first is asked before whom; 0 for any other kind.
    Column("place", Integer, nullable=False, default=0, server_default="0"),
    UniqueConstraint("member_id", "other_id"),
    Index("ix_bonds_other_id", "other_id"),
)

schedules = Table(
    "schedules",
    metadata,
    _id(),
    _to("community_id", "communities"),
    _to("asker_id", "members"),
    _word("status", 16),
    _word("need", 16),
    Column("sealed_words", LargeBinary, nullable=False),
    _word("weekdays", 16),
    Column("every", Integer, nullable=False),
    Column("starts", Date, nullable=True),
    Column("part", String(16), nullable=True),
    Column("for_other", Boolean, nullable=False),
    Column("next_day", Date, nullable=True),
    Column("skips", Text, nullable=False),
    _to("set_up_by", "members", nullable=True),
    _when("created_at"),
    Index("ix_schedules_asker_id_status", "asker_id", "status"),
    Index("ix_schedules_status", "status"),
)

requests = Table(
    "requests",
    metadata,
    _id(),
    _to("community_id", "communities"),
    _to("asker_id", "members"),
    _word("status", 16),
    _word("need", 16, default=""),
    _word("also", 64, default=""),
    Column("sealed_words", LargeBinary, nullable=False),
    Column("day", Date, nullable=True),
    _word("also_days", 64, default=""),
    Column("part", String(16), nullable=True),
    Column("for_other", Boolean, nullable=False),
    Column("wave", Integer, nullable=False),
    Column("urgent", Boolean, nullable=False),
    _when("promised_at", nullable=True),
    _to("handler_id", "members", nullable=True),
    Column("misses", Integer, nullable=False),
    _to("schedule_id", "schedules", nullable=True),
    _when("lapsed_at", nullable=True),
    _when("created_at"),
    # One request for each day of a schedule, whoever makes it.
    UniqueConstraint("schedule_id", "day"),
    Index("ix_requests_asker_id", "asker_id"),
    Index("ix_requests_community_id_status", "community_id", "status"),
    Index("ix_requests_status", "status"),
    Index("ix_requests_community_id_created_at", "community_id", "created_at"),
)
# What is over and still has its words (`storage/purge.py`): each of the next such indexes is of the
# few rows that are to be emptied some day.
Index(
    "ix_requests_worded",
    requests.c.created_at,
    sqlite_where=sa_text("length(sealed_words) > 0"),
    postgresql_where=sa_text("length(sealed_words) > 0"),
)

offers = Table(
    "offers",
    metadata,
    _id(),
    _to("request_id", "requests"),
    _to("member_id", "members"),
    Column("wave", Integer, nullable=False),
    _word("status", 16),
    _word("reason", 16),
    _when("created_at"),
    _when("answered_at", nullable=True),
    UniqueConstraint("request_id", "member_id"),
    Index("ix_offers_member_id", "member_id"),
)

LIVE_VISIT = ("accepted", "on_the_way")

visits = Table(
    "visits",
    metadata,
    _id(),
    _to("request_id", "requests"),
    _to("helper_id", "members"),
    _to("asker_id", "members"),
    _word("status", 16),
    Column("sealed_code_word", LargeBinary, nullable=False),
    _when("due_at"),
    # When each reminder is to be said; empty once it has been, or where it is not to be.
    _when("remind_eve_at", nullable=True),
    _when("remind_at", nullable=True),
    _when("remind_asker_at", nullable=True),
    # When it ended, however it did: what each may still see of the other goes by it.
    _when("over_at", nullable=True),
    # One of the two wants no more words of the other's.
    Column("relay_off", Boolean, nullable=False, default=False, server_default=sa_false()),
    _when("created_at"),
    Index("ix_visits_helper_id_status", "helper_id", "status"),
    Index("ix_visits_asker_id_status", "asker_id", "status"),
    Index("ix_visits_created_at", "created_at"),
)
# The last word on "two yeses never make two visits": the database itself refuses the second.
Index(
    "uq_visits_one_live",
    visits.c.request_id,
    unique=True,
    sqlite_where=visits.c.status.in_(LIVE_VISIT),
    postgresql_where=visits.c.status.in_(LIVE_VISIT),
)

Index(
    "ix_visits_worded",
    visits.c.due_at,
    sqlite_where=sa_text("length(sealed_code_word) > 0"),
    postgresql_where=sa_text("length(sealed_code_word) > 0"),
)

relayed = Table(
    "relayed",
    metadata,
    _id(),
    _to("visit_id", "visits"),
    _to("from_id", "members"),
    Column("sealed_words", LargeBinary, nullable=False),
    _when("at"),
    Index("ix_relayed_visit_id", "visit_id"),
    Index("ix_relayed_at", "at"),
)

outlays = Table(
    "outlays",
    metadata,
    _id(),
    _to("visit_id", "visits"),
    _word("status", 16),
    # In pence; none until it has been said.
    Column("agreed", Integer, nullable=True),
    Column("spent", Integer, nullable=True),
    Column("asker_says", Boolean, nullable=True),
    Column("helper_says", Boolean, nullable=True),
    _when("tell_at", nullable=True),
    UniqueConstraint("visit_id"),
)
Index(
    "ix_outlays_tell",
    outlays.c.id,
    sqlite_where=outlays.c.tell_at.is_not(None),
    postgresql_where=outlays.c.tell_at.is_not(None),
)

Index(
    "ix_visits_live",
    visits.c.id,
    sqlite_where=visits.c.status.in_(LIVE_VISIT),
    postgresql_where=visits.c.status.in_(LIVE_VISIT),
)

questions = Table(
    "questions",
    metadata,
    _id(),
    _word("token"),
    _word("kind"),
    _to("member_id", "members", nullable=True),
    _word("lane"),
    Column("ref", BigInteger, nullable=True),
    Column("sealed_choices", LargeBinary, nullable=False),
    _when("asked_at"),
    _when("answered_at", nullable=True),
    _when("closed_at", nullable=True),
    Column("outbox_id", BigInteger, nullable=True),
    UniqueConstraint("token"),
    Index("ix_questions_member_id_asked_at", "member_id", "asked_at"),
    Index("ix_questions_kind_ref", "kind", "ref"),
)
Index(
    "ix_questions_over",
    questions.c.asked_at,
    sqlite_where=sa_text("coalesce(answered_at, closed_at) IS NOT NULL"),
    postgresql_where=sa_text("coalesce(answered_at, closed_at) IS NOT NULL"),
)

RANKED = "priority >= 0"
"""True of every row, and said only by who asks by priority: PostgreSQL would else take this index
for what waits in one lane, while few rows were queued as it planned, and go on reading all of it
when thousands are (docs/decisions/0026). SQLite takes the index of lanes by itself."""

inbox = Table(
    "inbox",
    metadata,
    _id(),
    _word("channel", 16),
    _word("provider_id", 64),
    _word("lane"),
    Column("sealed_message", LargeBinary, nullable=False),
    _when("received_at"),
    _when("handled_at", nullable=True),
    Column("attempts", Integer, nullable=False, default=0),
    # What is heard before the rest where many wait, as the outbox counts it.
    Column("priority", Integer, nullable=False),
    # Why it was left unanswered, empty if it was not; none until it has been handled.
    Column("aside", String(16), nullable=True),
    # By which the same words are known again (`guards.print_of`).
    _word("print", default=""),
    # With whose key it is sealed; none: they were nobody's we knew when it came.
    _to("member_id", "members", nullable=True),
    UniqueConstraint("channel", "provider_id"),
    Index("ix_inbox_member_id", "member_id"),
)
Index(
    "ix_inbox_answered",
    inbox.c.lane,
    inbox.c.received_at,
    inbox.c.print,
    sqlite_where=inbox.c.aside == "",
    postgresql_where=inbox.c.aside == "",
)
Index(
    "ix_inbox_waiting",
    inbox.c.lane,
    inbox.c.id,
    sqlite_where=inbox.c.handled_at.is_(None),
    postgresql_where=inbox.c.handled_at.is_(None),
)
Index(
    "ix_inbox_worded",
    inbox.c.received_at,
    sqlite_where=sa_text("length(sealed_message) > 0"),
    postgresql_where=sa_text("length(sealed_message) > 0"),
)
Index(
    "ix_inbox_next",
    inbox.c.priority,
    inbox.c.id,
    sqlite_where=inbox.c.handled_at.is_(None),
    postgresql_where=sa_text(f"handled_at IS NULL AND {RANKED}"),
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    _to("community_id", "communities", nullable=True),
    _to("member_id", "members", nullable=True),
    _word("channel", 16),
    _word("lane"),
    _word("kind", 16),
    Column("priority", Integer, nullable=False),
    Column("sealed_message", LargeBinary, nullable=False),
    Column("about", JSON, nullable=False),
    Column("edits_id", BigInteger, nullable=True),
    _word("status", 16),
    Column("attempts", Integer, nullable=False, default=0),
    # How many of those its provider took and could not deliver.
    Column("failed_copies", Integer, nullable=False, default=0),
    _when("next_at"),
    _when("created_at"),
    _when("sent_at", nullable=True),
    _word("provider_id", 64, default=""),
    _word("code", 64, default=""),
    # Why it failed, as a word of the catalogues.
    _word("reason", 16, default=""),
    _word("holder", 40, default=""),
    # What it was charged as, once it was sent; 0 where that costs nothing.
    Column("segments", Integer, nullable=False, default=0),
    # When it was known that it will not arrive; empty again once a person has been told.
    _when("lost_at", nullable=True),
    Index("ix_outbox_member_id", "member_id"),
    Index("ix_outbox_channel_provider_id", "channel", "provider_id"),
    Index("ix_outbox_community_id_created_at", "community_id", "created_at"),
)
# One index a question the sender asks, each of the few rows it is about: what may go now (or next),
# what stands before it in its lane, and what has an unknown end.
_QUEUED = outbox.c.status == "queued"
_IN_THE_AIR = outbox.c.status.in_(("sending", "unknown"))
Index(
    "ix_outbox_queued",
    outbox.c.channel,
    outbox.c.priority,
    outbox.c.next_at,
    outbox.c.id,
    sqlite_where=_QUEUED,
    postgresql_where=sa_text(f"status = 'queued' AND {RANKED}"),
)
Index(
    "ix_outbox_queued_lane",
    outbox.c.lane,
    outbox.c.id,
    sqlite_where=_QUEUED,
    postgresql_where=_QUEUED,
)
Index(
    "ix_outbox_in_the_air",
    outbox.c.channel,
    outbox.c.next_at,
    sqlite_where=_IN_THE_AIR,
    postgresql_where=_IN_THE_AIR,
)

Index(
    "ix_outbox_worded",
    outbox.c.created_at,
    sqlite_where=sa_text("length(sealed_message) > 0"),
    postgresql_where=sa_text("length(sealed_message) > 0"),
)
Index(
    "ix_outbox_lost",
    outbox.c.id,
    sqlite_where=outbox.c.lost_at.is_not(None),
    postgresql_where=outbox.c.lost_at.is_not(None),
)
Index(
    "ix_outbox_texts",
    outbox.c.community_id,
    outbox.c.sent_at,
    outbox.c.segments,
    sqlite_where=outbox.c.segments > 0,
    postgresql_where=outbox.c.segments > 0,
)

receipts = Table(
    "receipts",
    metadata,
    _id(),
    _word("channel", 16),
    _word("provider_id", 64),
    _word("status", 16),
    _word("code", 64),
    Column("outbox_id", BigInteger, nullable=True),
    _when("received_at"),
    _when("applied_at", nullable=True),
    UniqueConstraint("channel", "provider_id", "status"),
)
Index(
    "ix_receipts_waiting",
    receipts.c.id,
    sqlite_where=receipts.c.applied_at.is_(None),
    postgresql_where=receipts.c.applied_at.is_(None),
)

due = Table(
    "due",
    metadata,
    _id(),
    _word("kind"),
    Column("ref", BigInteger, nullable=False),
    _when("at"),
    Column("attempts", Integer, nullable=False, default=0),
    UniqueConstraint("kind", "ref"),
    Index("ix_due_at", "at"),
    Index("ix_due_attempts", "attempts"),
)

check_ins = Table(
    "check_ins",
    metadata,
    _id(),
    _to("community_id", "communities"),
    _to("member_id", "members"),
    _word("status", 16),
    _word("days", 16),  # digits of weekdays, Monday being 0
    _word("hour", 5),
    Column("next_day", Date, nullable=True),
    Column("away_from", Date, nullable=True),
    Column("away_until", Date, nullable=True),
    _to("set_up_by", "members", nullable=True),
    Column("sealed_code", LargeBinary, nullable=False),
    Column("misses", Integer, nullable=False),
    # When organisers hear that it was left half-made; empty once they have.
    _when("chase_at", nullable=True),
    _when("created_at"),
    UniqueConstraint("member_id"),
    Index("ix_check_ins_community_id_status", "community_id", "status"),
    Index("ix_check_ins_status", "status"),
)
Index(
    "ix_check_ins_half_made",
    check_ins.c.id,
    sqlite_where=check_ins.c.chase_at.is_not(None),
    postgresql_where=check_ins.c.chase_at.is_not(None),
)

contacts = Table(
    "contacts",
    metadata,
    _id(),
    _to("check_in_id", "check_ins"),
    _to("member_id", "members"),
    _word("status", 16),
    # By when they are to have said; empty once they have, or organisers know that they have not.
    _when("answer_by", nullable=True),
    _when("created_at"),
    UniqueConstraint("check_in_id", "member_id"),
    Index("ix_contacts_member_id", "member_id"),
)
Index(
    "ix_contacts_unanswered",
    contacts.c.id,
    sqlite_where=contacts.c.answer_by.is_not(None),
    postgresql_where=contacts.c.answer_by.is_not(None),
)

occasions = Table(
    "occasions",
    metadata,
    _id(),
    # None: an emergency that came of no check-in.
    _to("check_in_id", "check_ins", nullable=True),
    _to("member_id", "members"),
    Column("day", Date, nullable=False),
    _word("status", 16),
    _when("due_at"),
    _word("reason", 16),
    Column("step", Integer, nullable=False),
    _when("next_at", nullable=True),
    _to("taken_by", "members", nullable=True),
    Column("sealed_words", LargeBinary, nullable=False),
    Column("sealed_outcome", LargeBinary, nullable=False),
    # Whatever goes wrong, nobody is asked twice for one day.
    UniqueConstraint("check_in_id", "day"),
    Index("ix_occasions_status", "status"),
    Index("ix_occasions_member_id_status", "member_id", "status"),
)
Index(
    "ix_occasions_worded",
    occasions.c.due_at,
    sqlite_where=sa_text("length(sealed_words) + length(sealed_outcome) > 0"),
    postgresql_where=sa_text("length(sealed_words) + length(sealed_outcome) > 0"),
)

worries = Table(
    "worries",
    metadata,
    # What somebody told of a worry, under their key. For the safeguarding holders only.
    _id(),
    _to("community_id", "communities"),
    _to("member_id", "members"),
    _word("status", 16),
    Column("urgent", Boolean, nullable=False),
    Column("step", Integer, nullable=False),
    # When the next step is due; of a closed one, when its words go. Empty once they have.
    _when("next_at", nullable=True),
    _to("taken_by", "members", nullable=True),
    Column("sealed_words", LargeBinary, nullable=False),
    # The ids of those who are never told.
    Column("sealed_named", LargeBinary, nullable=False),
    _when("created_at"),
    Index("ix_worries_community_id_status", "community_id", "status"),
    Index("ix_worries_member_id_status", "member_id", "status"),
    Index("ix_worries_taken_by", "taken_by"),
)
Index(
    "ix_worries_next",
    worries.c.id,
    sqlite_where=worries.c.next_at.is_not(None),
    postgresql_where=worries.c.next_at.is_not(None),
)

worry_notes = Table(
    "worry_notes",
    metadata,
    # What became of it: who was told and when, and what was written down.
    _id(),
    _to("worry_id", "worries"),
    _when("at"),
    _word("what", 16),
    _to("member_id", "members", nullable=True),
    Column("sealed_words", LargeBinary, nullable=False),
    Index("ix_worry_notes_worry_id", "worry_id"),
)

broadcasts = Table(
    "broadcasts",
    metadata,
    _id(),
    _to("community_id", "communities"),
    _to("organiser_id", "members"),
    _word("status", 16),
    _word("purpose", 16),
    Column("settled", Text, nullable=False),
    Column("sealed_audience", LargeBinary, nullable=False),
    Column("sealed_answers", LargeBinary, nullable=False),
    Column("sealed_urgent", LargeBinary, nullable=False),
    Column("sealed_code", LargeBinary, nullable=False),
    _when("code_until", nullable=True),
    Column("tries", Integer, nullable=False),
    _when("created_at"),
    _when("go_at", nullable=True),
    _when("confirmed_at", nullable=True),
    _when("fed_at", nullable=True),
    _when("told_at", nullable=True),
    _when("reported_at", nullable=True),
    Column("replies_told", Integer, nullable=False),
    _when("replies_told_at", nullable=True),
    Column("listed", Integer, nullable=False),
    Index("ix_broadcasts_organiser_id_status", "organiser_id", "status"),
    Index("ix_broadcasts_community_id_confirmed_at", "community_id", "confirmed_at"),
    Index("ix_broadcasts_status", "status"),
)

broadcast_texts = Table(
    "broadcast_texts",
    metadata,
    _id(),
    _to("broadcast_id", "broadcasts"),
    _word("language", 8),
    Column("sealed_text", LargeBinary, nullable=False),
    UniqueConstraint("broadcast_id", "language"),
)

recipients = Table(
    "recipients",
    metadata,
    # Settled once, when the broadcast was let go. Whose `outbox_id` is there has had their turn:
    # it is written in the commit that queued the message, so that is the cursor.
    _id(),
    _to("broadcast_id", "broadcasts"),
    _to("member_id", "members"),
    _word("channel", 16),
    Column("outbox_id", BigInteger, nullable=True),
    _word("left_out", 16, default=""),
    Column("answer", Integer, nullable=True),
    # Nobody gets it twice, whatever goes wrong.
    UniqueConstraint("broadcast_id", "member_id"),
    Index("ix_recipients_member_id", "member_id"),
    Index("ix_recipients_outbox_id", "outbox_id"),
)
_TO_COME = sa_text("outbox_id IS NULL AND left_out = ''")
Index(
    "ix_recipients_to_come",
    recipients.c.broadcast_id,
    recipients.c.channel,
    recipients.c.id,
    sqlite_where=_TO_COME,
    postgresql_where=_TO_COME,
)

broadcast_replies = Table(
    "broadcast_replies",
    metadata,
    _id(),
    _to("broadcast_id", "broadcasts"),
    _to("member_id", "members"),
    Column("sealed_words", LargeBinary, nullable=False),
    _when("at"),
    Index("ix_broadcast_replies_broadcast_id", "broadcast_id"),
)
Index(
    "ix_broadcast_replies_worded",
    broadcast_replies.c.at,
    sqlite_where=sa_text("length(sealed_words) > 0"),
    postgresql_where=sa_text("length(sealed_words) > 0"),
)

streets = Table(
    "streets",
    metadata,
    _id(),
    _to("community_id", "communities"),
    _word("channel", 16),
    _word("lane"),
    Column("sealed_chat", LargeBinary, nullable=False),
    Column("active", Boolean, nullable=False),
    UniqueConstraint("lane"),
)

shifts = Table(
    "shifts",
    metadata,
    # Which organiser holds the phone when, in every week; minutes from Monday's midnight.
    _id(),
    _to("community_id", "communities"),
    _to("member_id", "members"),
    Column("start_minute", Integer, nullable=False),
    Column("end_minute", Integer, nullable=False),
    UniqueConstraint("community_id", "member_id", "start_minute", "end_minute"),
)

dated_shifts = Table(
    "dated_shifts",
    metadata,
    # What is otherwise than in every week, once: who holds the phone then, in whose place.
    _id(),
    _to("community_id", "communities"),
    # None: nobody comes in their place.
    _to("member_id", "members", nullable=True),
    # None: in everybody's.
    _to("instead_of", "members", nullable=True),
    _when("starts_at"),
    _when("ends_at"),
    Index("ix_dated_shifts_community_id", "community_id"),
)

stand_ins = Table(
    "stand_ins",
    metadata,
    # Who holds the phone by word, whatever the rota says: until then, or until somebody else does.
    Column("community_id", BigId, ForeignKey("communities.id"), primary_key=True),
    _to("member_id", "members"),
    _when("until", nullable=True),
)

invites = Table(
    "invites",
    metadata,
    _id(),
    _to("community_id", "communities"),
    _word("role", 16),
    _word("code_print"),
    _when("expires_at"),
    _when("used_at", nullable=True),
    _to("used_by", "members", nullable=True),
    UniqueConstraint("code_print"),
)

audit = Table(
    "audit",
    metadata,
    _id(),
    _when("at"),
    Column("community_id", BigInteger, nullable=True),
    Column("actor_id", BigInteger, nullable=True),
    _word("action"),
    _word("subject"),
    Column("subject_id", BigInteger, nullable=True),
    Column("detail", JSON, nullable=False),
    # Its place in the chain and the hash over it and the one before; empty until it is chained.
    Column("place", BigInteger, nullable=True),
    Column("hash", String(64), nullable=True),
    UniqueConstraint("place"),
    Index("ix_audit_subject_subject_id", "subject", "subject_id"),
)
Index(
    "ix_audit_unchained",
    audit.c.id,
    sqlite_where=audit.c.hash.is_(None),
    postgresql_where=audit.c.hash.is_(None),
)

# A row of the log is written once. Only its place in the chain is added, once.
_KEPT = ("id", "at", "community_id", "actor_id", "action", "subject", "subject_id")
REFUSALS = {
    "sqlite": (
        "CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit WHEN OLD.hash IS NOT NULL OR "
        + " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in (*_KEPT, "detail"))
        + " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
        "CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_refuses()",
        "CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit FOR EACH ROW "
        "WHEN (OLD.hash IS NOT NULL OR "
        + " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in _KEPT)
        + " OR OLD.detail::text IS DISTINCT FROM NEW.detail::text) "
        "EXECUTE FUNCTION audit_refuses()",
    ),
}
for _dialect, _statements in REFUSALS.items():
    for _statement in _statements:
        sa_event.listen(audit, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]

keepsakes = Table(
    "keepsakes",
    metadata,
    # Small facts of the machinery itself: how far a poll has got, who holds a lease.
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    _word("holder", 40, default=""),
    _when("until", nullable=True),
)

guards = Table(
    "guards",
    metadata,
    # What is counted, or was done once, about somebody: until then.
    _id(),
    _word("what", 16),
    _word("who", 64),
    Column("count", Integer, nullable=False),
    _word("print"),
    _when("until"),
    UniqueConstraint("what", "who"),
    Index("ix_guards_until", "until"),
)

places = Table(
    "places",
    metadata,
    # Imported places, beside the British ones that are bundled. One row a code: the latest import
    # of it holds.
    Column("code", String(20), primary_key=True),
    Column("latitude", Float(53), nullable=False),
    Column("longitude", Float(53), nullable=False),
    Column("area", String(120), nullable=False, index=True),
    Column("country", String(2), nullable=False),
)
