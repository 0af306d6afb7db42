"""Birthdays of connections, without the year

Revision: 0048
Revises: 0047
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default stays: taking it away would copy the table on SQLite.
    column = sa.Column("birthday", sa.String(length=5), nullable=False, server_default="")
    op.add_column("connection", column)


def downgrade() -> None:
    with op.batch_alter_table("connection") as batch:
        batch.drop_column("birthday")
