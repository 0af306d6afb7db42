"""An index that gives an asset's uses in the order of their deals

Revision: 0061
Revises: 0060
"""

from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_use_asset_deal", "use", ["asset_id", "deal_id"])
    op.drop_index("ix_use_asset_id", table_name="use")


def downgrade() -> None:
    op.create_index("ix_use_asset_id", "use", ["asset_id"])
    op.drop_index("ix_use_asset_deal", table_name="use")
