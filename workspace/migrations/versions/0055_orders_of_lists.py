"""Indexes of the orders in which lists begin, and of what sums of deals need

Revision: 0055
Revises: 0054
"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_deal_confidential", table_name="deal")
    op.create_index(
        "ix_deal_confidential",
        "deal",
        ["id"],
        sqlite_where=sa.text("confidential IS 1"),
        postgresql_where=sa.text("confidential IS true"),
    )
    op.create_index("ix_deal_opened_id", "deal", [sa.text("coalesce(opened, '0001-01-01')"), "id"])
    op.create_index("ix_deal_closed_id", "deal", [sa.text("coalesce(closed, '0001-01-01')"), "id"])
    op.create_index(
        "ix_deal_board",
        "deal",
        [
            "outcome",
            "stage_id",
            sa.text("coalesce(expected_close, '9999-12-31')"),
            "id",
            "confidential",
            "owner_id",
            "currency",
            "amount",
            "expected_close",
            "closed",
        ],
    )
    op.create_index("ix_person_lower_name_id", "person", [sa.text("lower(name)"), "id"])


def downgrade() -> None:
    op.drop_index("ix_person_lower_name_id", table_name="person")
    op.drop_index("ix_deal_board", table_name="deal")
    op.drop_index("ix_deal_closed_id", table_name="deal")
    op.drop_index("ix_deal_opened_id", table_name="deal")
    op.drop_index("ix_deal_confidential", table_name="deal")
    op.create_index("ix_deal_confidential", "deal", ["confidential"])
