"""An index that finds the confidential deals also where there are no statistics

Revision: 0058
Revises: 0057
"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _replace(["confidential", "owner_id"])


def downgrade() -> None:
    _replace(["id"])


def _replace(columns: list[str]) -> None:
    """Make the index of the confidential deals anew, of these columns."""
    op.drop_index("ix_deal_confidential", table_name="deal")
    op.create_index(
        "ix_deal_confidential",
        "deal",
        columns,
        sqlite_where=sa.text("confidential IS 1"),
        postgresql_where=sa.text("confidential IS true"),
    )
