"""Sessions that their members see and end, known devices, new addresses, and rules of signing in

Everybody signs in again: an open session does not say which browser it is of.

Revision: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("signinsession")
    op.create_table(
        "signinsession",
        *_session_columns(),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device", sa.String(length=60), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.UniqueConstraint("key", name=op.f("uq_signinsession_key")),
    )
    op.create_index(op.f("ix_signinsession_person_id"), "signinsession", ["person_id"])
    op.create_table(
        "knowndevice",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_knowndevice_person_id_person")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_knowndevice")),
    )
    op.create_index(op.f("ix_knowndevice_person_id"), "knowndevice", ["person_id"])
    op.create_table(
        "addresschange",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["member.person_id"], name=op.f("fk_addresschange_person_id_member")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_addresschange")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_addresschange_token_hash")),
    )
    op.create_table(
        "signinrules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idle_minutes", sa.Integer(), nullable=False),
        sa.Column("lifetime_hours", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signinrules")),
    )


def downgrade() -> None:
    for table in ("signinrules", "addresschange", "knowndevice", "signinsession"):
        op.drop_table(table)
    op.create_table("signinsession", *_session_columns())
    op.create_index(op.f("ix_signinsession_person_id"), "signinsession", ["person_id"])


def _session_columns() -> list[sa.Column | sa.Constraint]:
    return [
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_signinsession_person_id_person")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_signinsession")),
    ]
