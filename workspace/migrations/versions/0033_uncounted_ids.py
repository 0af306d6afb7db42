"""Ids that tell nobody how many rows there are need 64 bits

Revision: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_IDS = (
    *("connection", "lineitem", "revision", "seat", "stakeholder"),
    *("task", "tie", "timelineentry", "use"),
)
_REFERENCES = (
    ("connection", "tie_id"),
    ("importrun", "revision_id"),
    ("notification", "entry_id"),
    ("revision", "former_id"),
    ("revision", "row_id"),
    ("revisionchange", "revision_id"),
    ("stakeholder", "reports_to_id"),
)


def upgrade() -> None:
    # SQLite's integers have 64 bits.
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _IDS:
        op.execute(f'ALTER TABLE "{table}" ALTER COLUMN id DROP DEFAULT')
        op.execute(f'DROP SEQUENCE IF EXISTS "{table}_id_seq"')
        op.alter_column(table, "id", type_=sa.BigInteger())
    for table, column in _REFERENCES:
        op.alter_column(table, column, type_=sa.BigInteger())


def downgrade() -> None:
    # The columns stay wide, as they hold long ids now.
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _IDS:
        op.execute(f'CREATE SEQUENCE "{table}_id_seq" OWNED BY "{table}".id')
        highest = sa.select(sa.func.max(sa.column("id"))).select_from(sa.table(table))
        following = sa.func.coalesce(highest.scalar_subquery(), 0) + 1
        op.execute(sa.select(sa.func.setval(f"{table}_id_seq", following, False)))
        op.alter_column(table, "id", server_default=sa.text(f"nextval('{table}_id_seq')"))
