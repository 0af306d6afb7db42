"""Indexes with all that counts of seats need

Revision: 0056
Revises: 0055
"""

from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_seat_person_id", table_name="seat")
    op.create_index("ix_seat_person_id", "seat", ["person_id", "role", "deal_id"])
    op.drop_index("ix_seat_deal_id", table_name="seat")
    op.create_index("ix_seat_deal_id", "seat", ["deal_id", "person_id"])


def downgrade() -> None:
    op.drop_index("ix_seat_deal_id", table_name="seat")
    op.create_index("ix_seat_deal_id", "seat", ["deal_id"])
    op.drop_index("ix_seat_person_id", table_name="seat")
    op.create_index("ix_seat_person_id", "seat", ["person_id"])
