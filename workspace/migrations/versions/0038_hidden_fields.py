"""Fields of their profile that members keep from colleagues

Revision: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hiddenfield",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["member.person_id"],
            name=op.f("fk_hiddenfield_person_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("person_id", "field", name=op.f("pk_hiddenfield")),
    )


def downgrade() -> None:
    op.drop_table("hiddenfield")
