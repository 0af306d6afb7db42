"""Names

Revision: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Compared byte by byte, so that the words with one beginning are one range.
    word = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")
    op.create_table(
        "nameentry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(length=10), nullable=False),
        sa.Column("joined", sa.String(length=200), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nameentry")),
    )
    op.create_index(op.f("ix_nameentry_joined"), "nameentry", ["joined"])
    op.create_index(op.f("ix_nameentry_words"), "nameentry", ["words"])
    op.create_index("ix_nameentry_kind_subject_id", "nameentry", ["kind", "subject_id"])
    op.create_table(
        "nameword",
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("word", word, nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "word", "subject_id", name=op.f("pk_nameword")),
    )
    op.create_index("ix_nameword_kind_subject_id_word", "nameword", ["kind", "subject_id", "word"])
    op.create_table(
        "namevariant",
        sa.Column("variant", word, nullable=False),
        sa.Column("word", word, nullable=False),
        sa.PrimaryKeyConstraint("variant", "word", name=op.f("pk_namevariant")),
    )


def downgrade() -> None:
    op.drop_table("namevariant")
    op.drop_table("nameword")
    op.drop_table("nameentry")
