"""Parked deals: a longer outcome, and why a deal is parked and what wakes it

Revision: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("deal") as batch:
        batch.alter_column("outcome", existing_type=sa.String(length=4), type_=sa.String(length=6))
        batch.add_column(
            sa.Column("parked_reason", sa.String(length=500), nullable=False, server_default="")
        )
        batch.add_column(sa.Column("wakes_on", sa.Date(), nullable=True))
        batch.add_column(
            sa.Column("wakes_when", sa.String(length=200), nullable=False, server_default="")
        )
    with op.batch_alter_table("deal") as batch:
        for column in ("parked_reason", "wakes_when"):
            batch.alter_column(column, server_default=None)


def downgrade() -> None:
    deal = sa.table("deal", sa.column("outcome"))
    op.get_bind().execute(deal.update().where(deal.c.outcome == "parked").values(outcome="open"))
    with op.batch_alter_table("deal") as batch:
        for column in ("wakes_when", "wakes_on", "parked_reason"):
            batch.drop_column(column)
        batch.alter_column("outcome", existing_type=sa.String(length=6), type_=sa.String(length=4))
