"""Entries: passages know where they were written

Revision: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("passage") as passage:
        passage.add_column(sa.Column("source", sa.String(length=30), nullable=True))
    op.execute("UPDATE passage SET source = ''")
    with op.batch_alter_table("passage") as passage:
        passage.alter_column("source", existing_type=sa.String(length=30), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("passage") as passage:
        passage.drop_column("source")
