"""Telephones and postal addresses of accounts, people and connections

Revision: 0047
Revises: 0046
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

_LENGTHS = {"phone": 200, "street": 200, "postcode": 20, "city": 100}
_COLUMNS = {
    "account": ("phone", "street", "postcode", "city"),
    "person": ("phone", "street", "postcode"),
    "connection": ("phone", "street", "postcode", "city"),
}


def upgrade() -> None:
    for table, names in _COLUMNS.items():
        for name in names:
            # The default stays: taking it away would copy each table on SQLite.
            column = sa.Column(
                name, sa.String(length=_LENGTHS[name]), nullable=False, server_default=""
            )
            op.add_column(table, column)
    op.add_column("connection", sa.Column("country", sa.String(length=2), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("connection") as batch:
        batch.drop_column("country")
    for table, names in _COLUMNS.items():
        with op.batch_alter_table(table) as batch:
            for name in names:
                batch.drop_column(name)
