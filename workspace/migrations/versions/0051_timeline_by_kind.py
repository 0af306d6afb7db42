"""Timeline entries by kind and time

Revision: 0051
Revises: 0050
"""

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("timelineentry") as batch:
        batch.create_index("ix_timelineentry_kind_at", ["kind", "at", "deal_id"])


def downgrade() -> None:
    with op.batch_alter_table("timelineentry") as batch:
        batch.drop_index("ix_timelineentry_kind_at")
