"""Ties and references

Revision: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outboxmessage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("about", sa.String(length=60), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("reply_to", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=True),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outboxmessage")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outboxmessage_message_id")),
    )
    with op.batch_alter_table("outboxmessage", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outboxmessage_about"), ["about"], unique=False)
        batch_op.create_index(batch_op.f("ix_outboxmessage_due_at"), ["due_at"], unique=False)

    op.create_table(
        "referencepolicy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("calls_a_quarter", sa.Integer(), nullable=False),
        sa.Column("events_in_two_quarters", sa.Integer(), nullable=False),
        sa.Column("earliest_stage", sa.Integer(), nullable=False),
        sa.Column("owner_approval", sa.Boolean(), nullable=False),
        sa.Column("consent_months", sa.Integer(), nullable=False),
        sa.Column("renewal_days", sa.Integer(), nullable=False),
        sa.Column("approval_days", sa.Integer(), nullable=False),
        sa.Column("answer_days", sa.Integer(), nullable=False),
        sa.Column("link_days", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referencepolicy")),
    )
    op.create_table(
        "tiechange",
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("one_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("generation", "one_id", "other_id", name=op.f("pk_tiechange")),
    )
    op.create_table(
        "tiegeneration",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("sweeping", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_tiegeneration")),
    )
    op.create_table(
        "tiestate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tiestate")),
    )
    op.create_table(
        "advocate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("activities", sa.String(length=300), nullable=False),
        sa.Column("calls_a_quarter", sa.Integer(), nullable=True),
        sa.Column("events_in_two_quarters", sa.Integer(), nullable=True),
        sa.Column("paused_until", sa.Date(), nullable=True),
        sa.Column("own_terms", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("nominated_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["nominated_by_id"], ["person.id"], name=op.f("fk_advocate_nominated_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_advocate_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advocate")),
        sa.UniqueConstraint("person_id", name=op.f("uq_advocate_person_id")),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("organisation", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=200), nullable=False),
        sa.Column("start", sa.Date(), nullable=True),
        sa.Column("end", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_membership_person_id"), ["person_id"], unique=False)

    op.create_table(
        "tie",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("one_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("evidence", sa.String(length=500), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("start", sa.Date(), nullable=True),
        sa.Column("end", sa.Date(), nullable=True),
        sa.Column("base", sa.Float(), nullable=False),
        sa.Column("asserted_by_id", sa.Integer(), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("origin", sa.String(length=220), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["asserted_by_id"], ["person.id"], name=op.f("fk_tie_asserted_by_id_person")
        ),
        sa.ForeignKeyConstraint(["one_id"], ["person.id"], name=op.f("fk_tie_one_id_person")),
        sa.ForeignKeyConstraint(["other_id"], ["person.id"], name=op.f("fk_tie_other_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tie")),
    )
    with op.batch_alter_table("tie", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tie_asserted_by_id"), ["asserted_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tie_origin"), ["origin"], unique=False)
        batch_op.create_index(batch_op.f("ix_tie_one_id"), ["one_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tie_other_id"), ["other_id"], unique=False)

    op.create_table(
        "connection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("plain_name", sa.String(length=500), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("url", sa.String(length=300), nullable=True),
        sa.Column("company", sa.String(length=200), nullable=False),
        sa.Column("plain_company", sa.String(length=500), nullable=False),
        sa.Column("position", sa.String(length=200), nullable=False),
        sa.Column("connected_on", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("tie_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["person.id"], name=op.f("fk_connection_owner_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_connection_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["tie_id"], ["tie.id"], name=op.f("fk_connection_tie_id_tie"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
    )
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_connection_email"), ["email"], unique=False)
        batch_op.create_index(batch_op.f("ix_connection_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_connection_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_connection_plain_name"), ["plain_name"], unique=False)
        batch_op.create_index(batch_op.f("ix_connection_url"), ["url"], unique=False)

    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("advocate_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("legal_basis", sa.String(length=60), nullable=False),
        sa.Column("captured_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=300), nullable=False),
        sa.Column("start", sa.Date(), nullable=True),
        sa.Column("end", sa.Date(), nullable=True),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["advocate_id"],
            ["advocate.id"],
            name=op.f("fk_consent_advocate_id_advocate"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["person.id"], name=op.f("fk_consent_recorded_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_advocate_id"), ["advocate_id"], unique=False)

    op.create_table(
        "introductionrequest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.Column("asker_id", sa.Integer(), nullable=False),
        sa.Column("connector_id", sa.Integer(), nullable=False),
        sa.Column("connector_shown", sa.Boolean(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=False),
        sa.Column("again_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("introduced_on", sa.Date(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["asker_id"], ["person.id"], name=op.f("fk_introductionrequest_asker_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["connector_id"], ["person.id"], name=op.f("fk_introductionrequest_connector_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["deal_id"],
            ["deal.id"],
            name=op.f("fk_introductionrequest_deal_id_deal"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_introductionrequest_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_introductionrequest")),
        sa.UniqueConstraint("key", name=op.f("uq_introductionrequest_key")),
    )
    with op.batch_alter_table("introductionrequest", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_introductionrequest_asker_id"), ["asker_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_introductionrequest_connector_id"), ["connector_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_introductionrequest_deal_id"), ["deal_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_introductionrequest_person_id"), ["person_id"], unique=False
        )

    op.create_table(
        "referencerequest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("activity", sa.String(length=20), nullable=False),
        sa.Column("advocate_id", sa.Integer(), nullable=True),
        sa.Column("prospect_id", sa.Integer(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("fit", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("requested_by_id", sa.Integer(), nullable=True),
        sa.Column("assigned_to_id", sa.Integer(), nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("desk_approved_by_id", sa.Integer(), nullable=True),
        sa.Column("owner_approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("calendar_sequence", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("outcome_note", sa.Text(), nullable=False),
        sa.Column("advocate_feedback", sa.Text(), nullable=False),
        sa.Column("prospect_feedback", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["advocate_id"], ["advocate.id"], name=op.f("fk_referencerequest_advocate_id_advocate")
        ),
        sa.ForeignKeyConstraint(
            ["assigned_to_id"],
            ["person.id"],
            name=op.f("fk_referencerequest_assigned_to_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["deal_id"],
            ["deal.id"],
            name=op.f("fk_referencerequest_deal_id_deal"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["desk_approved_by_id"],
            ["person.id"],
            name=op.f("fk_referencerequest_desk_approved_by_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_approved_by_id"],
            ["person.id"],
            name=op.f("fk_referencerequest_owner_approved_by_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["prospect_id"], ["person.id"], name=op.f("fk_referencerequest_prospect_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"],
            ["person.id"],
            name=op.f("fk_referencerequest_requested_by_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referencerequest")),
        sa.UniqueConstraint("key", name=op.f("uq_referencerequest_key")),
    )
    with op.batch_alter_table("referencerequest", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_referencerequest_advocate_id"), ["advocate_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_referencerequest_assigned_to_id"), ["assigned_to_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_referencerequest_deal_id"), ["deal_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_referencerequest_due"), ["due"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_referencerequest_prospect_id"), ["prospect_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_referencerequest_requested_by_id"), ["requested_by_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_referencerequest_starts_at"), ["starts_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_referencerequest_state"), ["state"], unique=False)

    op.create_table(
        "stakeholder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("buying_role", sa.String(length=20), nullable=False),
        sa.Column("stance", sa.String(length=20), nullable=False),
        sa.Column("influence", sa.String(length=10), nullable=False),
        sa.Column("coverage", sa.String(length=20), nullable=False),
        sa.Column("reports_to_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["deal_id"], ["deal.id"], name=op.f("fk_stakeholder_deal_id_deal"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_stakeholder_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["reports_to_id"],
            ["stakeholder.id"],
            name=op.f("fk_stakeholder_reports_to_id_stakeholder"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stakeholder")),
        sa.UniqueConstraint("deal_id", "person_id", name=op.f("uq_stakeholder_deal_id_person_id")),
    )
    with op.batch_alter_table("stakeholder", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stakeholder_deal_id"), ["deal_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_stakeholder_person_id"), ["person_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_stakeholder_reports_to_id"), ["reports_to_id"], unique=False
        )

    op.create_table(
        "guestlink",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=True),
        sa.Column("advocate_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["advocate_id"],
            ["advocate.id"],
            name=op.f("fk_guestlink_advocate_id_advocate"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_guestlink_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["referencerequest.id"],
            name=op.f("fk_guestlink_request_id_referencerequest"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guestlink")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_guestlink_token_hash")),
    )
    with op.batch_alter_table("guestlink", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_guestlink_advocate_id"), ["advocate_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_guestlink_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_guestlink_request_id"), ["request_id"], unique=False)

    op.create_table(
        "requestslot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["referencerequest.id"],
            name=op.f("fk_requestslot_request_id_referencerequest"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requestslot")),
    )
    with op.batch_alter_table("requestslot", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_requestslot_request_id"), ["request_id"], unique=False)

    op.create_table(
        "requeststep",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("before", sa.String(length=20), nullable=False),
        sa.Column("after", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_requeststep_by_id_person")),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["referencerequest.id"],
            name=op.f("fk_requeststep_request_id_referencerequest"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requeststep")),
    )
    with op.batch_alter_table("requeststep", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_requeststep_request_id"), ["request_id"], unique=False)
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(sa.Column("profile", sa.String(length=300), nullable=True))
        batch_op.create_index(batch_op.f("ix_person_profile"), ["profile"], unique=False)
    with op.batch_alter_table("employment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_employment_organisation"), ["organisation"], unique=False
        )
    with op.batch_alter_table("education", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_education_institution"), ["institution"], unique=False)
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_membership_organisation"), ["organisation"], unique=False
        )
    op.create_table(
        "memberavailability",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("seat_limit", sa.Integer(), nullable=False),
        sa.Column("away_from", sa.Date(), nullable=True),
        sa.Column("away_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["member.person_id"],
            name=op.f("fk_memberavailability_person_id_member"),
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_memberavailability")),
    )
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asked_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_seat_asked_id"), ["asked_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_seat_asked_id_person"), "person", ["asked_id"], ["id"]
        )
    with op.batch_alter_table("stage", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("rotting_days", sa.Integer(), nullable=False, server_default="30")
        )
    with op.batch_alter_table("deal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stage_since", sa.Date(), nullable=True))
    op.execute(
        "UPDATE deal SET stage_since = coalesce("
        "(SELECT date(max(at)) FROM timelineentry WHERE deal_id = deal.id AND kind = 'stage'),"
        " opened)"
    )
    op.create_table(
        "savedview",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.String(length=2000), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["person.id"], name=op.f("fk_savedview_owner_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_savedview")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("uq_savedview_owner_id_name")),
    )
    op.create_table(
        "lesson",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=10), nullable=False),
        sa.Column("held", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_lesson_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson")),
    )
    op.execute("INSERT INTO tiestate (id, generation) VALUES (1, 0)")


def downgrade() -> None:
    op.drop_table("lesson")
    op.drop_table("savedview")
    op.drop_column("deal", "stage_since")
    op.drop_column("stage", "rotting_days")
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_seat_asked_id_person"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_seat_asked_id"))
        batch_op.drop_column("asked_id")
    op.drop_table("memberavailability")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_person_profile"))
        batch_op.drop_column("profile")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_membership_organisation"))
    with op.batch_alter_table("education", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_education_institution"))
    with op.batch_alter_table("employment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_employment_organisation"))
    with op.batch_alter_table("requeststep", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_requeststep_request_id"))

    op.drop_table("requeststep")
    with op.batch_alter_table("requestslot", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_requestslot_request_id"))

    op.drop_table("requestslot")
    with op.batch_alter_table("guestlink", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_guestlink_request_id"))
        batch_op.drop_index(batch_op.f("ix_guestlink_person_id"))
        batch_op.drop_index(batch_op.f("ix_guestlink_advocate_id"))

    op.drop_table("guestlink")
    with op.batch_alter_table("stakeholder", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stakeholder_reports_to_id"))
        batch_op.drop_index(batch_op.f("ix_stakeholder_person_id"))
        batch_op.drop_index(batch_op.f("ix_stakeholder_deal_id"))

    op.drop_table("stakeholder")
    with op.batch_alter_table("referencerequest", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_referencerequest_state"))
        batch_op.drop_index(batch_op.f("ix_referencerequest_starts_at"))
        batch_op.drop_index(batch_op.f("ix_referencerequest_requested_by_id"))
        batch_op.drop_index(batch_op.f("ix_referencerequest_prospect_id"))
        batch_op.drop_index(batch_op.f("ix_referencerequest_due"))
        batch_op.drop_index(batch_op.f("ix_referencerequest_deal_id"))
        batch_op.drop_index(batch_op.f("ix_referencerequest_assigned_to_id"))
        batch_op.drop_index(batch_op.f("ix_referencerequest_advocate_id"))

    op.drop_table("referencerequest")
    with op.batch_alter_table("introductionrequest", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_introductionrequest_person_id"))
        batch_op.drop_index(batch_op.f("ix_introductionrequest_deal_id"))
        batch_op.drop_index(batch_op.f("ix_introductionrequest_connector_id"))
        batch_op.drop_index(batch_op.f("ix_introductionrequest_asker_id"))

    op.drop_table("introductionrequest")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consent_advocate_id"))

    op.drop_table("consent")
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_connection_url"))
        batch_op.drop_index(batch_op.f("ix_connection_plain_name"))
        batch_op.drop_index(batch_op.f("ix_connection_person_id"))
        batch_op.drop_index(batch_op.f("ix_connection_owner_id"))
        batch_op.drop_index(batch_op.f("ix_connection_email"))

    op.drop_table("connection")
    with op.batch_alter_table("tie", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tie_other_id"))
        batch_op.drop_index(batch_op.f("ix_tie_one_id"))
        batch_op.drop_index(batch_op.f("ix_tie_origin"))
        batch_op.drop_index(batch_op.f("ix_tie_asserted_by_id"))

    op.drop_table("tie")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_membership_person_id"))

    op.drop_table("membership")
    op.drop_table("advocate")
    op.drop_table("tiestate")
    op.drop_table("tiegeneration")
    op.drop_table("tiechange")
    op.drop_table("referencepolicy")
    with op.batch_alter_table("outboxmessage", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outboxmessage_due_at"))
        batch_op.drop_index(batch_op.f("ix_outboxmessage_about"))

    op.drop_table("outboxmessage")
