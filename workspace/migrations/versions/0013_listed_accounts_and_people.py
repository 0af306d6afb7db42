"""Accounts and people that were made for a confidential deal are not listed

Revision: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("account", "person"):
        op.add_column(
            table, sa.Column("listed", sa.Boolean(), nullable=False, server_default=sa.true())
        )
    with op.batch_alter_table("person") as batch_op:
        # A member who does not know of a person may add another with their address.
        batch_op.drop_constraint(op.f("uq_person_email"), type_="unique")
        batch_op.create_index("ix_person_email", ["email"])
        batch_op.create_index(
            "uq_person_listed_email",
            ["email"],
            unique=True,
            sqlite_where=sa.text("listed"),
            postgresql_where=sa.text("listed"),
        )
    for table in ("account", "person"):
        # Only new rows of the application say what they are.
        with op.batch_alter_table(table) as batch_op:
            batch_op.alter_column("listed", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("person") as batch_op:
        batch_op.drop_index("uq_person_listed_email")
        batch_op.drop_index("ix_person_email")
        batch_op.create_unique_constraint(op.f("uq_person_email"), ["email"])
        batch_op.drop_column("listed")
    with op.batch_alter_table("account") as batch_op:
        batch_op.drop_column("listed")
