"""Vectors of titles, and indexes for searching connections

Revision: 0042
Revises: 0041
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "titlevector",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", "model", name=op.f("pk_titlevector")),
    )
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.create_index(
            "ix_connection_visibility_position", ["visibility", "position"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_connection_plain_company"), ["plain_company"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_connection_plain_company"))
        batch_op.drop_index("ix_connection_visibility_position")
    op.drop_table("titlevector")
