"""Files of assets, in versions

Revision: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assetfile",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("stored", sa.String(length=32), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_state", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["asset.id"],
            name=op.f("fk_assetfile_asset_id_asset"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_assetfile_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assetfile")),
        sa.UniqueConstraint("asset_id", "version", name=op.f("uq_assetfile_asset_id_version")),
        sa.UniqueConstraint("stored", name=op.f("uq_assetfile_stored")),
    )
    op.create_index(op.f("ix_assetfile_asset_id"), "assetfile", ["asset_id"])
    op.create_index(op.f("ix_assetfile_by_id"), "assetfile", ["by_id"])


def downgrade() -> None:
    op.drop_table("assetfile")
