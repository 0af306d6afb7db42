"""Marks of writes, by which a replica's reader knows that it is new enough

Revision: 0053
Revises: 0052
"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "writemark",
        sa.Column("subject", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_writemark")),
    )


def downgrade() -> None:
    op.drop_table("writemark")
