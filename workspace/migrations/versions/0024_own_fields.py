"""Own fields, and their values on deals, accounts, people and assets

Revision: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_TABLES = ("deal", "account", "person", "asset")


def upgrade() -> None:
    op.create_table(
        "ownfield",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("readers", sa.String(length=200), nullable=False),
        sa.Column("editors", sa.String(length=200), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ownfield")),
        sa.UniqueConstraint("key", name=op.f("uq_ownfield_key")),
        sa.UniqueConstraint("subject", "name", name=op.f("uq_ownfield_subject_name")),
    )
    for table in _TABLES:
        # The default stays: taking it away would copy each table on SQLite.
        op.add_column(table, sa.Column("own", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("own")
    op.drop_table("ownfield")
