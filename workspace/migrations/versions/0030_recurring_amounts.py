"""Recurring amounts of deals, and their line items

Revision: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deal", sa.Column("yearly", sa.Numeric(14, 2), nullable=True))
    op.add_column("deal", sa.Column("term_months", sa.Integer(), nullable=True))
    op.add_column("deal", sa.Column("renews_on", sa.Date(), nullable=True))
    op.create_table(
        "lineitem",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Numeric(12, 2), nullable=False),
        sa.Column("price", sa.Numeric(14, 2), nullable=False),
        sa.Column("recurring", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deal_id"], ["deal.id"], name=op.f("fk_lineitem_deal_id_deal"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_lineitem_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lineitem")),
    )
    for column in ("deal_id", "product_id"):
        op.create_index(f"ix_lineitem_{column}", "lineitem", [column])


def downgrade() -> None:
    op.drop_table("lineitem")
    with op.batch_alter_table("deal") as batch:
        for column in ("renews_on", "term_months", "yearly"):
            batch.drop_column(column)
