"""Answers to calls of the API that are kept for a day

Revision: 0046
Revises: 0045
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "keptanswer",
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"], ["apitoken.id"], name=op.f("fk_keptanswer_token_id_apitoken")
        ),
        sa.PrimaryKeyConstraint("token_id", "key", name=op.f("pk_keptanswer")),
    )
    op.create_index(op.f("ix_keptanswer_at"), "keptanswer", ["at"])


def downgrade() -> None:
    op.drop_table("keptanswer")
