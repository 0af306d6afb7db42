"""Mail that comes back

Revision: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outboxmessage") as batch:
        batch.add_column(
            sa.Column("returned", sa.String(length=10), nullable=False, server_default="")
        )
        batch.add_column(sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(
            sa.Column("returned_why", sa.String(length=300), nullable=False, server_default="")
        )
    with op.batch_alter_table("outboxmessage") as batch:
        batch.alter_column("returned", server_default=None)
        batch.alter_column("returned_why", server_default=None)
    op.create_table(
        "mailboxposition",
        sa.Column("mailbox", sa.String(length=64), nullable=False),
        sa.Column("validity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("mailbox", name=op.f("pk_mailboxposition")),
    )


def downgrade() -> None:
    op.drop_table("mailboxposition")
    with op.batch_alter_table("outboxmessage") as batch:
        for column in ("returned_why", "returned_at", "returned"):
            batch.drop_column(column)
