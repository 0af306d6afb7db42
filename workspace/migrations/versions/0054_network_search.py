"""A log of shared connections, and indexes of ties by their owners and by their pairs

Revision: 0054
Revises: 0053
"""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sharedbookchange",
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column(
            "connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.PrimaryKeyConstraint("generation", "connection_id", name=op.f("pk_sharedbookchange")),
    )
    op.create_table(
        "sharedbookgeneration",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("sweeping", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_sharedbookgeneration")),
    )
    op.create_table(
        "sharedbookstate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sharedbookstate")),
    )
    op.execute("INSERT INTO sharedbookstate (id, generation) VALUES (1, 0)")
    op.drop_index("ix_tie_asserted_by_id", table_name="tie")
    op.create_index(
        "ix_tie_asserted_by_id",
        "tie",
        ["asserted_by_id"],
        sqlite_where=sa.text("asserted_by_id IS NOT NULL"),
        postgresql_where=sa.text("asserted_by_id IS NOT NULL"),
    )
    op.drop_index("ix_tie_one_id", table_name="tie")
    op.create_index("ix_tie_pair", "tie", ["one_id", "other_id"])


def downgrade() -> None:
    op.drop_index("ix_tie_pair", table_name="tie")
    op.create_index("ix_tie_one_id", "tie", ["one_id"])
    op.drop_index("ix_tie_asserted_by_id", table_name="tie")
    op.create_index("ix_tie_asserted_by_id", "tie", ["asserted_by_id"])
    op.drop_table("sharedbookstate")
    op.drop_table("sharedbookgeneration")
    op.drop_table("sharedbookchange")
