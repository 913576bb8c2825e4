"""The first tables.

There is no way back in any revision: a copy made before migrating is the way back.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WHEN = sa.DateTime(timezone=True)


def _only(rows: str, *, on_postgresql: str = "") -> dict[str, Any]:
    """An index of some rows only, on both databases; what PostgreSQL is to hear beside."""
    more = f"{rows} AND {on_postgresql}" if on_postgresql else rows
    return {"sqlite_where": sa.text(rows), "postgresql_where": sa.text(more)}


_REFUSALS = {
    "sqlite": (
        """CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        """CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit WHEN OLD.hash IS NOT NULL
        OR OLD.id IS NOT NEW.id OR OLD.at IS NOT NEW.at
        OR OLD.community_id IS NOT NEW.community_id OR OLD.actor_id IS NOT NEW.actor_id
        OR OLD.action IS NOT NEW.action OR OLD.subject IS NOT NEW.subject
        OR OLD.subject_id IS NOT NEW.subject_id OR OLD.detail IS NOT NEW.detail
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$""",
        """CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
        FOR EACH ROW EXECUTE FUNCTION audit_refuses()""",
        """CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit FOR EACH ROW
        WHEN (OLD.hash IS NOT NULL OR OLD.id IS DISTINCT FROM NEW.id
        OR OLD.at IS DISTINCT FROM NEW.at
        OR OLD.community_id IS DISTINCT FROM NEW.community_id
        OR OLD.actor_id IS DISTINCT FROM NEW.actor_id
        OR OLD.action IS DISTINCT FROM NEW.action OR OLD.subject IS DISTINCT FROM NEW.subject
        OR OLD.subject_id IS DISTINCT FROM NEW.subject_id
        OR OLD.detail::text IS DISTINCT FROM NEW.detail::text)
        EXECUTE FUNCTION audit_refuses()""",
    ),
}


def upgrade() -> None:  # noqa: PLR0915 (one statement a table or index)
    op.create_table(
        "audit",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sa.UniqueConstraint("place", name="uq_audit_place"),
    )
    op.create_index("ix_audit_subject_subject_id", "audit", ["subject", "subject_id"])
    op.create_index("ix_audit_unchained", "audit", ["id"], **_only("hash IS NULL"))
    for refusal in _REFUSALS[op.get_context().dialect.name]:
        op.execute(refusal)
    op.create_table(
        "communities",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("languages", sa.Text(), nullable=False),
        sa.Column("postcodes", sa.Text(), nullable=False),
        sa.Column("approve_helpers", sa.Boolean(), nullable=False),
        sa.Column("quiet_from", sa.String(length=5), nullable=False),
        sa.Column("quiet_until", sa.String(length=5), nullable=False),
        sa.Column("money_cap", sa.Integer(), nullable=False),
        sa.Column("note_at", sa.String(length=5), nullable=True),
        sa.Column("daily_cap", sa.Integer(), nullable=True),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("vetting", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_communities"),
        sa.UniqueConstraint("name", name="uq_communities_name"),
    )
    op.create_table(
        "due",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.BigInteger(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_due"),
        sa.UniqueConstraint("kind", "ref", name="uq_due_kind_ref"),
    )
    op.create_index("ix_due_at", "due", ["at"])
    op.create_index("ix_due_attempts", "due", ["attempts"])

    op.create_table(
        "guards",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("print", sa.String(length=32), nullable=False),
        sa.Column("until", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_guards"),
        sa.UniqueConstraint("what", "who", name="uq_guards_what_who"),
    )
    op.create_index("ix_guards_until", "guards", ["until"])

    op.create_table(
        "keepsakes",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("holder", sa.String(length=40), nullable=False),
        sa.Column("until", WHEN, nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_keepsakes"),
    )
    op.create_table(
        "places",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("latitude", sa.Float(precision=53), nullable=False),
        sa.Column("longitude", sa.Float(precision=53), nullable=False),
        sa.Column("area", sa.String(length=120), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_places"),
    )
    op.create_index("ix_places_area", "places", ["area"])

    op.create_table(
        "receipts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=True),
        sa.Column("received_at", WHEN, nullable=False),
        sa.Column("applied_at", WHEN, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_receipts"),
        sa.UniqueConstraint(
            "channel", "provider_id", "status", name="uq_receipts_channel_provider_id_status"
        ),
    )
    op.create_index("ix_receipts_waiting", "receipts", ["id"], **_only("applied_at IS NULL"))

    op.create_table(
        "members",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("standing", sa.String(length=32), nullable=False),
        sa.Column("sealed_name", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("languages", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("sealed_home", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_postcode", sa.LargeBinary(), nullable=False),
        sa.Column("cell", sa.BigInteger(), nullable=True),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("can_do", sa.Integer(), nullable=False),
        sa.Column("max_km", sa.Float(), nullable=False),
        sa.Column("vetted_until", sa.Date(), nullable=True),
        sa.Column("vetting", sa.String(length=16), nullable=False),
        sa.Column("vetting_at", WHEN, nullable=True),
        sa.Column("hours", sa.Text(), nullable=False),
        sa.Column("stretches", sa.Integer(), nullable=False),
        sa.Column("on_duty", sa.Boolean(), nullable=False),
        sa.Column("paused_until", WHEN, nullable=True),
        sa.Column("weekly_cap", sa.Integer(), nullable=False),
        sa.Column("at_once_cap", sa.Integer(), nullable=False),
        sa.Column("rested_at", WHEN, nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("appeals", sa.Text(), nullable=False),
        sa.Column("stopped_at", WHEN, nullable=True),
        sa.Column("unreachable", sa.String(length=32), nullable=False),
        sa.Column("retry_at", WHEN, nullable=True),
        sa.Column("retried_at", WHEN, nullable=True),
        sa.Column("half_way_at", WHEN, nullable=True),
        sa.Column("forget_at", WHEN, nullable=True),
        sa.Column("used_at", WHEN, nullable=True),
        sa.Column("unused_at", WHEN, nullable=True),
        sa.Column("helping", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name="fk_members_community_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
    )
    op.create_index(
        "ix_members_helping",
        "members",
        ["community_id", "cell", "rested_at", "id"],
        sqlite_where=sa.text("helping = 1"),
        postgresql_where=sa.text("helping"),
    )
    op.create_index("ix_members_paused", "members", ["id"], **_only("paused_until IS NOT NULL"))
    op.create_index("ix_members_retry", "members", ["id"], **_only("retry_at IS NOT NULL"))
    op.create_index("ix_members_forget", "members", ["id"], **_only("forget_at IS NOT NULL"))
    op.create_index("ix_members_unused", "members", ["id"], **_only("unused_at IS NOT NULL"))
    op.create_index(
        "ix_members_used",
        "members",
        ["standing", "used_at"],
        **_only("unused_at IS NULL AND forget_at IS NULL"),
    )
    op.create_index("ix_members_half_way", "members", ["id"], **_only("half_way_at IS NOT NULL"))
    op.create_index("ix_members_vetting", "members", ["id"], **_only("vetting_at IS NOT NULL"))
    op.create_index("ix_members_roles", "members", ["community_id", "roles", "standing"])

    op.create_table(
        "streets",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("sealed_chat", sa.LargeBinary(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name="fk_streets_community_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_streets"),
        sa.UniqueConstraint("lane", name="uq_streets_lane"),
    )
    op.create_table(
        "member_keys",
        sa.Column("member_id", ID, autoincrement=False, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_member_keys_member_id"),
        sa.PrimaryKeyConstraint("member_id", name="pk_member_keys"),
    )
    op.create_table(
        "inbox",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("sealed_message", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", WHEN, nullable=False),
        sa.Column("handled_at", WHEN, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("aside", sa.String(length=16), nullable=True),
        sa.Column("print", sa.String(length=32), nullable=False),
        sa.Column("member_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_inbox_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("channel", "provider_id", name="uq_inbox_channel_provider_id"),
    )
    op.create_index(
        "ix_inbox_answered", "inbox", ["lane", "received_at", "print"], **_only("aside = ''")
    )
    op.create_index(
        "ix_inbox_worded", "inbox", ["received_at"], **_only("length(sealed_message) > 0")
    )
    op.create_index(
        "ix_inbox_next",
        "inbox",
        ["priority", "id"],
        **_only("handled_at IS NULL", on_postgresql="priority >= 0"),
    )
    op.create_index("ix_inbox_waiting", "inbox", ["lane", "id"], **_only("handled_at IS NULL"))
    op.create_index("ix_inbox_member_id", "inbox", ["member_id"])

    op.create_table(
        "addresses",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("sealed_value", sa.LargeBinary(), nullable=False),
        sa.Column("wrote_at", WHEN, nullable=True),
        sa.Column("unreachable", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_addresses_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_addresses"),
        sa.UniqueConstraint("lane", name="uq_addresses_lane"),
    )
    op.create_index("ix_addresses_member_id", "addresses", ["member_id"])
    op.create_table(
        "links",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("code_print", sa.String(length=32), nullable=False),
        sa.Column("expires_at", WHEN, nullable=False),
        sa.Column("used_at", WHEN, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
        sa.UniqueConstraint("code_print", name="uq_links_code_print"),
    )

    op.create_table(
        "bonds",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("other_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("place", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_bonds_member_id"),
        sa.ForeignKeyConstraint(["other_id"], ["members.id"], name="fk_bonds_other_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bonds"),
        sa.UniqueConstraint("member_id", "other_id", name="uq_bonds_member_id_other_id"),
    )
    op.create_index("ix_bonds_other_id", "bonds", ["other_id"])

    op.create_table(
        "shifts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name="fk_shifts_community_id"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_shifts_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_shifts"),
        sa.UniqueConstraint(
            "community_id",
            "member_id",
            "start_minute",
            "end_minute",
            name="uq_shifts_community_id_member_id_start_minute_end_minute",
        ),
    )
    op.create_table(
        "dated_shifts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=True),
        sa.Column("instead_of", ID, nullable=True),
        sa.Column("starts_at", WHEN, nullable=False),
        sa.Column("ends_at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name="fk_dated_shifts_community_id"
        ),
        sa.ForeignKeyConstraint(["instead_of"], ["members.id"], name="fk_dated_shifts_instead_of"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_dated_shifts_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dated_shifts"),
    )
    op.create_index("ix_dated_shifts_community_id", "dated_shifts", ["community_id"])
    op.create_table(
        "stand_ins",
        sa.Column("community_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("until", WHEN, nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name="fk_stand_ins_community_id"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_stand_ins_member_id"),
        sa.PrimaryKeyConstraint("community_id", name="pk_stand_ins"),
    )
    op.create_table(
        "invites",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("code_print", sa.String(length=32), nullable=False),
        sa.Column("expires_at", WHEN, nullable=False),
        sa.Column("used_at", WHEN, nullable=True),
        sa.Column("used_by", ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name="fk_invites_community_id"
        ),
        sa.ForeignKeyConstraint(["used_by"], ["members.id"], name="fk_invites_used_by"),
        sa.PrimaryKeyConstraint("id", name="pk_invites"),
        sa.UniqueConstraint("code_print", name="uq_invites_code_print"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("community_id", ID, nullable=True),
        sa.Column("member_id", ID, nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("sealed_message", sa.LargeBinary(), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("edits_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failed_copies", sa.Integer(), nullable=False),
        sa.Column("next_at", WHEN, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("sent_at", WHEN, nullable=True),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("holder", sa.String(length=40), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("lost_at", WHEN, nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name="fk_outbox_community_id"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_outbox_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index(
        "ix_outbox_worded", "outbox", ["created_at"], **_only("length(sealed_message) > 0")
    )
    op.create_index("ix_outbox_lost", "outbox", ["id"], **_only("lost_at IS NOT NULL"))
    op.create_index(
        "ix_outbox_texts",
        "outbox",
        ["community_id", "sent_at", "segments"],
        **_only("segments > 0"),
    )
    op.create_index("ix_outbox_channel_provider_id", "outbox", ["channel", "provider_id"])
    op.create_index("ix_outbox_community_id_created_at", "outbox", ["community_id", "created_at"])
    op.create_index("ix_outbox_member_id", "outbox", ["member_id"])
    op.create_index(
        "ix_outbox_queued",
        "outbox",
        ["channel", "priority", "next_at", "id"],
        **_only("status = 'queued'", on_postgresql="priority >= 0"),
    )
    op.create_index("ix_outbox_queued_lane", "outbox", ["lane", "id"], **_only("status = 'queued'"))
    op.create_index(
        "ix_outbox_in_the_air",
        "outbox",
        ["channel", "next_at"],
        **_only("status IN ('sending', 'unknown')"),
    )

    op.create_table(
        "questions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("member_id", ID, nullable=True),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.BigInteger(), nullable=True),
        sa.Column("sealed_choices", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", WHEN, nullable=False),
        sa.Column("answered_at", WHEN, nullable=True),
        sa.Column("closed_at", WHEN, nullable=True),
        sa.Column("outbox_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_questions_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_questions"),
        sa.UniqueConstraint("token", name="uq_questions_token"),
    )
    op.create_index("ix_questions_kind_ref", "questions", ["kind", "ref"])
    op.create_index("ix_questions_member_id_asked_at", "questions", ["member_id", "asked_at"])
    op.create_index(
        "ix_questions_over",
        "questions",
        ["asked_at"],
        **_only("coalesce(answered_at, closed_at) IS NOT NULL"),
    )

    op.create_table(
        "schedules",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("asker_id", ID, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("need", sa.String(length=16), nullable=False),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=False),
        sa.Column("weekdays", sa.String(length=16), nullable=False),
        sa.Column("every", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=True),
        sa.Column("part", sa.String(length=16), nullable=True),
        sa.Column("for_other", sa.Boolean(), nullable=False),
        sa.Column("next_day", sa.Date(), nullable=True),
        sa.Column("skips", sa.Text(), nullable=False),
        sa.Column("set_up_by", ID, nullable=True),
        sa.Column("created_at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(["asker_id"], ["members.id"], name="fk_schedules_asker_id"),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name="fk_schedules_community_id"
        ),
        sa.ForeignKeyConstraint(["set_up_by"], ["members.id"], name="fk_schedules_set_up_by"),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
    )
    op.create_index("ix_schedules_asker_id_status", "schedules", ["asker_id", "status"])
    op.create_index("ix_schedules_status", "schedules", ["status"])

    op.create_table(
        "requests",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("asker_id", ID, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("need", sa.String(length=16), nullable=False),
        sa.Column("also", sa.String(length=64), nullable=False),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("also_days", sa.String(length=64), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=True),
        sa.Column("for_other", sa.Boolean(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("promised_at", WHEN, nullable=True),
        sa.Column("handler_id", ID, nullable=True),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("schedule_id", ID, nullable=True),
        sa.Column("lapsed_at", WHEN, nullable=True),
        sa.Column("created_at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(["asker_id"], ["members.id"], name="fk_requests_asker_id"),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name="fk_requests_community_id"
        ),
        sa.ForeignKeyConstraint(["handler_id"], ["members.id"], name="fk_requests_handler_id"),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="fk_requests_schedule_id"),
        sa.PrimaryKeyConstraint("id", name="pk_requests"),
        sa.UniqueConstraint("schedule_id", "day", name="uq_requests_schedule_id_day"),
    )
    op.create_index("ix_requests_asker_id", "requests", ["asker_id"])
    op.create_index("ix_requests_community_id_status", "requests", ["community_id", "status"])
    op.create_index("ix_requests_status", "requests", ["status"])
    op.create_index(
        "ix_requests_community_id_created_at", "requests", ["community_id", "created_at"]
    )
    op.create_index(
        "ix_requests_worded", "requests", ["created_at"], **_only("length(sealed_words) > 0")
    )

    op.create_table(
        "offers",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("request_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("answered_at", WHEN, nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_offers_member_id"),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name="fk_offers_request_id"),
        sa.PrimaryKeyConstraint("id", name="pk_offers"),
        sa.UniqueConstraint("request_id", "member_id", name="uq_offers_request_id_member_id"),
    )
    op.create_index("ix_offers_member_id", "offers", ["member_id"])

    op.create_table(
        "visits",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("request_id", ID, nullable=False),
        sa.Column("helper_id", ID, nullable=False),
        sa.Column("asker_id", ID, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("sealed_code_word", sa.LargeBinary(), nullable=False),
        sa.Column("due_at", WHEN, nullable=False),
        sa.Column("remind_eve_at", WHEN, nullable=True),
        sa.Column("remind_at", WHEN, nullable=True),
        sa.Column("remind_asker_at", WHEN, nullable=True),
        sa.Column("over_at", WHEN, nullable=True),
        sa.Column("relay_off", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(["asker_id"], ["members.id"], name="fk_visits_asker_id"),
        sa.ForeignKeyConstraint(["helper_id"], ["members.id"], name="fk_visits_helper_id"),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name="fk_visits_request_id"),
        sa.PrimaryKeyConstraint("id", name="pk_visits"),
    )
    op.create_index("ix_visits_asker_id_status", "visits", ["asker_id", "status"])
    op.create_index("ix_visits_created_at", "visits", ["created_at"])
    op.create_index("ix_visits_helper_id_status", "visits", ["helper_id", "status"])
    op.create_index(
        "ix_visits_worded", "visits", ["due_at"], **_only("length(sealed_code_word) > 0")
    )
    op.create_index(
        "ix_visits_live", "visits", ["id"], **_only("status IN ('accepted', 'on_the_way')")
    )
    op.create_index(
        "uq_visits_one_live",
        "visits",
        ["request_id"],
        unique=True,
        **_only("status IN ('accepted', 'on_the_way')"),
    )

    op.create_table(
        "relayed",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("visit_id", ID, nullable=False),
        sa.Column("from_id", ID, nullable=False),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(["from_id"], ["members.id"], name="fk_relayed_from_id"),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name="fk_relayed_visit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_relayed"),
    )
    op.create_index("ix_relayed_at", "relayed", ["at"])
    op.create_index("ix_relayed_visit_id", "relayed", ["visit_id"])
    op.create_table(
        "outlays",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("visit_id", ID, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("agreed", sa.Integer(), nullable=True),
        sa.Column("spent", sa.Integer(), nullable=True),
        sa.Column("asker_says", sa.Boolean(), nullable=True),
        sa.Column("helper_says", sa.Boolean(), nullable=True),
        sa.Column("tell_at", WHEN, nullable=True),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name="fk_outlays_visit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outlays"),
        sa.UniqueConstraint("visit_id", name="uq_outlays_visit_id"),
    )
    op.create_index("ix_outlays_tell", "outlays", ["id"], **_only("tell_at IS NOT NULL"))

    op.create_table(
        "check_ins",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("days", sa.String(length=16), nullable=False),
        sa.Column("hour", sa.String(length=5), nullable=False),
        sa.Column("next_day", sa.Date(), nullable=True),
        sa.Column("away_from", sa.Date(), nullable=True),
        sa.Column("away_until", sa.Date(), nullable=True),
        sa.Column("set_up_by", ID, nullable=True),
        sa.Column("sealed_code", sa.LargeBinary(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("chase_at", WHEN, nullable=True),
        sa.Column("created_at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name="fk_check_ins_community_id"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_check_ins_member_id"),
        sa.ForeignKeyConstraint(["set_up_by"], ["members.id"], name="fk_check_ins_set_up_by"),
        sa.PrimaryKeyConstraint("id", name="pk_check_ins"),
        sa.UniqueConstraint("member_id", name="uq_check_ins_member_id"),
    )
    op.create_index("ix_check_ins_community_id_status", "check_ins", ["community_id", "status"])
    op.create_index("ix_check_ins_half_made", "check_ins", ["id"], **_only("chase_at IS NOT NULL"))
    op.create_index("ix_check_ins_status", "check_ins", ["status"])

    op.create_table(
        "contacts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("check_in_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("answer_by", WHEN, nullable=True),
        sa.Column("created_at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(["check_in_id"], ["check_ins.id"], name="fk_contacts_check_in_id"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_contacts_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.UniqueConstraint("check_in_id", "member_id", name="uq_contacts_check_in_id_member_id"),
    )
    op.create_index("ix_contacts_member_id", "contacts", ["member_id"])
    op.create_index("ix_contacts_unanswered", "contacts", ["id"], **_only("answer_by IS NOT NULL"))

    op.create_table(
        "occasions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("check_in_id", ID, nullable=True),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("due_at", WHEN, nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_at", WHEN, nullable=True),
        sa.Column("taken_by", ID, nullable=True),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_outcome", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["check_in_id"], ["check_ins.id"], name="fk_occasions_check_in_id"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_occasions_member_id"),
        sa.ForeignKeyConstraint(["taken_by"], ["members.id"], name="fk_occasions_taken_by"),
        sa.PrimaryKeyConstraint("id", name="pk_occasions"),
        sa.UniqueConstraint("check_in_id", "day", name="uq_occasions_check_in_id_day"),
    )
    op.create_index("ix_occasions_status", "occasions", ["status"])
    op.create_index("ix_occasions_member_id_status", "occasions", ["member_id", "status"])
    op.create_index(
        "ix_occasions_worded",
        "occasions",
        ["due_at"],
        **_only("length(sealed_words) + length(sealed_outcome) > 0"),
    )

    op.create_table(
        "worries",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_at", WHEN, nullable=True),
        sa.Column("taken_by", ID, nullable=True),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_named", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name="fk_worries_community_id"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_worries_member_id"),
        sa.ForeignKeyConstraint(["taken_by"], ["members.id"], name="fk_worries_taken_by"),
        sa.PrimaryKeyConstraint("id", name="pk_worries"),
    )
    op.create_index("ix_worries_community_id_status", "worries", ["community_id", "status"])
    op.create_index("ix_worries_member_id_status", "worries", ["member_id", "status"])
    op.create_index("ix_worries_taken_by", "worries", ["taken_by"])
    op.create_index("ix_worries_next", "worries", ["id"], **_only("next_at IS NOT NULL"))

    op.create_table(
        "worry_notes",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("worry_id", ID, nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("member_id", ID, nullable=True),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["worry_id"], ["worries.id"], name="fk_worry_notes_worry_id"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_worry_notes_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_worry_notes"),
    )
    op.create_index("ix_worry_notes_worry_id", "worry_notes", ["worry_id"])

    op.create_table(
        "broadcasts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("organiser_id", ID, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("settled", sa.Text(), nullable=False),
        sa.Column("sealed_audience", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_answers", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_urgent", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_code", sa.LargeBinary(), nullable=False),
        sa.Column("code_until", WHEN, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("go_at", WHEN, nullable=True),
        sa.Column("confirmed_at", WHEN, nullable=True),
        sa.Column("fed_at", WHEN, nullable=True),
        sa.Column("told_at", WHEN, nullable=True),
        sa.Column("reported_at", WHEN, nullable=True),
        sa.Column("replies_told", sa.Integer(), nullable=False),
        sa.Column("replies_told_at", WHEN, nullable=True),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name="fk_broadcasts_community_id"
        ),
        sa.ForeignKeyConstraint(
            ["organiser_id"], ["members.id"], name="fk_broadcasts_organiser_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_broadcasts"),
    )
    op.create_index("ix_broadcasts_organiser_id_status", "broadcasts", ["organiser_id", "status"])
    op.create_index(
        "ix_broadcasts_community_id_confirmed_at", "broadcasts", ["community_id", "confirmed_at"]
    )
    op.create_index("ix_broadcasts_status", "broadcasts", ["status"])

    op.create_table(
        "broadcast_texts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("broadcast_id", ID, nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["broadcast_id"], ["broadcasts.id"], name="fk_broadcast_texts_broadcast_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_broadcast_texts"),
        sa.UniqueConstraint(
            "broadcast_id", "language", name="uq_broadcast_texts_broadcast_id_language"
        ),
    )
    op.create_table(
        "recipients",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("broadcast_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=True),
        sa.Column("left_out", sa.String(length=16), nullable=False),
        sa.Column("answer", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["broadcast_id"], ["broadcasts.id"], name="fk_recipients_broadcast_id"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_recipients_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recipients"),
        sa.UniqueConstraint(
            "broadcast_id", "member_id", name="uq_recipients_broadcast_id_member_id"
        ),
    )
    op.create_index("ix_recipients_member_id", "recipients", ["member_id"])
    op.create_index("ix_recipients_outbox_id", "recipients", ["outbox_id"])
    op.create_index(
        "ix_recipients_to_come",
        "recipients",
        ["broadcast_id", "channel", "id"],
        **_only("outbox_id IS NULL AND left_out = ''"),
    )
    op.create_table(
        "broadcast_replies",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("broadcast_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(
            ["broadcast_id"], ["broadcasts.id"], name="fk_broadcast_replies_broadcast_id"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_broadcast_replies_member_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_broadcast_replies"),
    )
    op.create_index("ix_broadcast_replies_broadcast_id", "broadcast_replies", ["broadcast_id"])
    op.create_index(
        "ix_broadcast_replies_worded",
        "broadcast_replies",
        ["at"],
        **_only("length(sealed_words) > 0"),
    )
