"""Stage limits: the days until a deal rots that a new workspace has, where nobody chose others

Revision: 0016
Revises: 0015
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# Until now each stage had this limit from the beginning.
_OLD = 30
_NEW = {
    "Value Proposition": 45,
    "Id. Decision Makers": 45,
    "Perception Analysis": 45,
    "Proposal/Price Quote": 21,
    "Negotiation/Review": 21,
}
_stage = sa.table("stage", sa.column("id"), sa.column("name"), sa.column("rotting_days"))
_audit = sa.table(
    "auditentry", sa.column("action"), sa.column("subject"), sa.column("detail", sa.JSON())
)


def upgrade() -> None:
    connection = op.get_bind()
    changed = connection.execute(
        sa.select(_audit.c.subject, _audit.c.detail).where(_audit.c.action == "stage changed")
    )
    chosen = {subject for subject, detail in changed if "rotting_days" in _parsed(detail)}
    for stage_id, name in connection.execute(
        sa.select(_stage.c.id, _stage.c.name).where(_stage.c.rotting_days == _OLD)
    ).all():
        # A manager who saved a limit for this stage keeps it.
        if name in _NEW and f"stage {stage_id}" not in chosen:
            connection.execute(
                _stage.update().where(_stage.c.id == stage_id).values(rotting_days=_NEW[name])
            )


def downgrade() -> None:
    """Nothing: which limits were chosen is not known any more, and all are valid before."""


def _parsed(detail: object) -> dict[str, object]:
    return json.loads(detail) if isinstance(detail, str) else dict(detail or {})
