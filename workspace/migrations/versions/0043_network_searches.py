"""Searches of private address books

Revision: 0043
Revises: 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "networksearch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.Column("asker_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["asker_id"], ["person.id"], name=op.f("fk_networksearch_asker_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_networksearch")),
        sa.UniqueConstraint("key", name=op.f("uq_networksearch_key")),
    )
    op.create_index(op.f("ix_networksearch_asker_id"), "networksearch", ["asker_id"])
    op.create_table(
        "connectionmatch",
        sa.Column("search_id", sa.Integer(), nullable=False),
        sa.Column(
            "connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("declined", sa.Boolean(), nullable=False),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["networksearch.id"],
            name=op.f("fk_connectionmatch_search_id_networksearch"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_connectionmatch_connection_id_connection"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["person.id"], name=op.f("fk_connectionmatch_owner_id_person")
        ),
        sa.PrimaryKeyConstraint("search_id", "connection_id", name=op.f("pk_connectionmatch")),
        sa.UniqueConstraint("key", name=op.f("uq_connectionmatch_key")),
    )
    op.create_index(op.f("ix_connectionmatch_owner_id"), "connectionmatch", ["owner_id"])
    op.create_index(op.f("ix_connectionmatch_connection_id"), "connectionmatch", ["connection_id"])
    op.create_table(
        "connectionoffer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("search_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("company", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["networksearch.id"],
            name=op.f("fk_connectionoffer_search_id_networksearch"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["person.id"], name=op.f("fk_connectionoffer_owner_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connectionoffer")),
    )
    op.create_index(op.f("ix_connectionoffer_search_id"), "connectionoffer", ["search_id"])
    op.create_index(op.f("ix_connectionoffer_owner_id"), "connectionoffer", ["owner_id"])


def downgrade() -> None:
    op.drop_table("connectionoffer")
    op.drop_table("connectionmatch")
    op.drop_table("networksearch")
