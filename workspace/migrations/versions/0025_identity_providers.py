"""Identity providers of OpenID Connect, and whose account a person there is

Revision: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identityprovider",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("client_id", sa.String(length=200), nullable=False),
        sa.Column("secret", sa.String(length=1000), nullable=False),
        sa.Column("groups_claim", sa.String(length=60), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("adds_members", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identityprovider")),
        sa.UniqueConstraint("key", name=op.f("uq_identityprovider_key")),
    )
    op.create_table(
        "identitylink",
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["identityprovider.id"],
            name=op.f("fk_identitylink_provider_id_identityprovider"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["member.person_id"], name=op.f("fk_identitylink_person_id_member")
        ),
        sa.PrimaryKeyConstraint("provider_id", "subject", name=op.f("pk_identitylink")),
    )
    op.create_index(op.f("ix_identitylink_person_id"), "identitylink", ["person_id"])
    op.add_column(
        "signinrules",
        sa.Column("takes_passwords", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    with op.batch_alter_table("signinrules") as batch:
        batch.alter_column("takes_passwords", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("signinrules") as batch:
        batch.drop_column("takes_passwords")
    for table in ("identitylink", "identityprovider"):
        op.drop_table(table)
