"""Ids of notifications, emails and dated facts that tell nobody how many rows there are

Revision: 0060
Revises: 0059
"""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

_TABLES = ("education", "employment", "membership", "notification", "outboxmessage")


def upgrade() -> None:
    # New ids are not the next ones after those of deleted rows any more.
    highest = sa.table("highestid", sa.column("table_name"))
    op.execute(sa.delete(highest).where(highest.c.table_name.in_(_TABLES)))
    # SQLite's integers have 64 bits.
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _TABLES:
        op.execute(f'ALTER TABLE "{table}" ALTER COLUMN id DROP DEFAULT')
        op.execute(f'DROP SEQUENCE IF EXISTS "{table}_id_seq"')
        op.alter_column(table, "id", type_=sa.BigInteger())


def downgrade() -> None:
    # The columns stay wide, as they hold long ids now.
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _TABLES:
        op.execute(f'CREATE SEQUENCE "{table}_id_seq" OWNED BY "{table}".id')
        highest = sa.select(sa.func.max(sa.column("id"))).select_from(sa.table(table))
        following = sa.func.coalesce(highest.scalar_subquery(), 0) + 1
        op.execute(sa.select(sa.func.setval(f"{table}_id_seq", following, False)))
        op.alter_column(table, "id", server_default=sa.text(f"nextval('{table}_id_seq')"))
