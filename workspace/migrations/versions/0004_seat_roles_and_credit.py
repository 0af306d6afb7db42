"""Seat roles and credit

Revision: 0004
Revises: 0003
"""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The roles that seats could be for until now.
ROLES = (
    "account executive",
    "product expert",
    "sales engineer",
    "consultant",
    "auditor",
    "trainer",
    "executive sponsor",
)


def upgrade() -> None:
    roles = op.create_table(
        "seatrole",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seatrole")),
        sa.UniqueConstraint("key", name=op.f("uq_seatrole_key")),
        sa.UniqueConstraint("name", name=op.f("uq_seatrole_name")),
    )
    past = op.create_table(
        "pastseat",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deal_id"],
            ["deal.id"],
            name=op.f("fk_pastseat_deal_id_deal"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_pastseat_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pastseat")),
    )
    with op.batch_alter_table("pastseat", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pastseat_deal_id"), ["deal_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pastseat_person_id"), ["person_id"], unique=False)

    connection = op.get_bind()
    if connection.execute(sa.text("SELECT count(*) FROM stage")).scalar_one():
        op.bulk_insert(
            roles,
            [
                {"key": name.replace(" ", "-"), "name": name, "position": position}
                for position, name in enumerate(ROLES, start=1)
            ],
        )
    left = _left(connection)
    if left:
        op.bulk_insert(past, left)


def downgrade() -> None:
    op.drop_table("pastseat")
    op.drop_table("seatrole")


def _left(connection: sa.Connection) -> list[dict[str, Any]]:
    """The seats that were left, and since when they were held, where timelines tell it."""
    entry = sa.table(
        "timelineentry",
        sa.column("id", sa.Integer),
        sa.column("deal_id", sa.Integer),
        sa.column("at", sa.DateTime(timezone=True)),
        sa.column("kind", sa.String),
        sa.column("detail", sa.JSON),
    )
    told = sa.select(entry.c.deal_id, entry.c.at, entry.c.detail).where(entry.c.kind == "seat")
    since: dict[tuple[int, int, str], date] = {}
    found = []
    for deal_id, at, detail in connection.execute(told.order_by(entry.c.at, entry.c.id)):
        role, day = str(detail.get("role")), _day(at)
        if isinstance(detail.get("person_id"), int):
            since[deal_id, detail["person_id"], role] = day
        elif isinstance(person_id := detail.get("left_id"), int):
            place = (deal_id, person_id, role)
            found.append(
                {
                    "deal_id": deal_id,
                    "person_id": person_id,
                    "role": role,
                    "since": since.pop(place, None),
                    "until": day,
                }
            )
    return found


def _day(at: datetime | str) -> date:
    return date.fromisoformat(at[:10]) if isinstance(at, str) else at.date()
