"""Webhooks: endpoints of other programs, and messages to them

Revision: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhookendpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("events", sa.String(length=100), nullable=False),
        sa.Column("acts_as_id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.String(length=1000), nullable=False),
        sa.Column("former_secret", sa.String(length=1000), nullable=False),
        sa.Column("former_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_why", sa.String(length=300), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["acts_as_id"],
            ["member.person_id"],
            name=op.f("fk_webhookendpoint_acts_as_id_member"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhookendpoint")),
    )
    op.create_index(op.f("ix_webhookendpoint_acts_as_id"), "webhookendpoint", ["acts_as_id"])
    op.create_table(
        "webhookmessage",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("message_id", sa.String(length=40), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhookendpoint.id"],
            name=op.f("fk_webhookmessage_endpoint_id_webhookendpoint"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhookmessage")),
        sa.UniqueConstraint("message_id", name=op.f("uq_webhookmessage_message_id")),
    )
    op.create_index(op.f("ix_webhookmessage_due_at"), "webhookmessage", ["due_at"])
    op.create_index(op.f("ix_webhookmessage_endpoint_id"), "webhookmessage", ["endpoint_id"])


def downgrade() -> None:
    op.drop_table("webhookmessage")
    op.drop_table("webhookendpoint")
