"""An index that gives the deals of an outcome in the order in which they close

Revision: 0059
Revises: 0058
"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _replace(["outcome", sa.text("coalesce(expected_close, '9999-12-31')"), "id"])


def downgrade() -> None:
    _replace(["outcome"])


def _replace(columns: list[str | sa.TextClause]) -> None:
    """Make the index of outcomes anew, of these columns."""
    op.drop_index("ix_deal_outcome", table_name="deal")
    op.create_index("ix_deal_outcome", "deal", columns)
