"""Answers to what a value in files means: a stage, an industry, a country, a headcount, a currency

Revision: 0050
Revises: 0049
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "importvalue",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=20), nullable=False),
        sa.Column("text", sa.String(length=80), nullable=False),
        sa.Column("stage_id", sa.Integer(), nullable=True),
        sa.Column("meaning", sa.String(length=40), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["stage_id"],
            ["stage.id"],
            name=op.f("fk_importvalue_stage_id_stage"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_importvalue_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_importvalue")),
        sa.UniqueConstraint("topic", "text", name=op.f("uq_importvalue_topic_text")),
    )
    op.create_index(op.f("ix_importvalue_stage_id"), "importvalue", ["stage_id"])


def downgrade() -> None:
    op.drop_table("importvalue")
