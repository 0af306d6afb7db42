"""Proposals of who gets to see a confidential deal without readers; indexes of unlisted rows

Revision: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dealrecovery",
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["deal_id"], ["deal.id"], name=op.f("fk_dealrecovery_deal_id_deal"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["person.id"], name=op.f("fk_dealrecovery_reader_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["person.id"], name=op.f("fk_dealrecovery_asked_by_id_person")
        ),
        sa.PrimaryKeyConstraint("deal_id", name=op.f("pk_dealrecovery")),
    )
    for table in ("account", "person"):
        op.create_index(
            f"ix_{table}_unlisted",
            table,
            ["id"],
            sqlite_where=sa.text("listed IS 0"),
            postgresql_where=sa.text("listed IS false"),
        )


def downgrade() -> None:
    for table in ("account", "person"):
        op.drop_index(f"ix_{table}_unlisted", table)
    op.drop_table("dealrecovery")
