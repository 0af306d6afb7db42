"""What is stored of a person: why, since when, and by whom, as a file."""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from workspace.audit import audit
from workspace.clock import now
from workspace.database import SECRET
from workspace.deals import access
from workspace.deals.tables import Deal
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.privacy.mentions import Needles, mentions_of
from workspace.privacy.register import PURPOSES, rows_of
from workspace.revisions.recorder import to_json

# The columns that tell since when and by whom something is stored.
_SINCE = ("created_at", "at", "since", "start", "recorded_at", "asserted_at")
_BY = ("by_id", "asserted_by_id", "recorded_by_id", "nominated_by_id", "added_by_id", "owner_id")


@dataclass(frozen=True)
class Stored:
    """What a table stores of a person."""

    table: str
    purpose: str
    rows: list[dict[str, Any]]


def stored_of(session: Session, person_id: int) -> list[Stored]:
    """What is stored of a person, without secrets; ties that others asserted are among it."""
    return [
        Stored(
            table.name,
            PURPOSES.get(table.name, ""),
            [_told(session, table, row) for row in rows],
        )
        for table, rows in rows_of(session, person_id)
        if not table.info.get(SECRET)
    ]


def person_file(session: Session, person: Person, viewer: Viewer) -> bytes:
    """Everything about a person as a ZIP with one JSON file, for them to have.

    Of texts on confidential deals that the viewer does not see, only the number is told.
    """
    needles = Needles(session, person)
    visible = set(session.exec(select(Deal.id).where(access.visible_deals(viewer))))
    mentions, hidden = [], 0
    for row, named in mentions_of(session, needles, person.id):
        deal_id = row.id if isinstance(row, Deal) else getattr(row, "deal_id", None)
        if deal_id is not None and deal_id not in visible:
            hidden += 1
            continue
        table = type(row).__tablename__
        mentions.append({"table": str(table), "texts": to_json(named)})
    content = {
        "person": person.name,
        "made_at": now().isoformat(),
        "stored": [
            {"table": each.table, "why": each.purpose, "rows": each.rows}
            for each in stored_of(session, person.id)
        ],
        "mentions": mentions,
        "mentions in confidential deals": hidden,
    }
    audit(session, viewer.person_id, "person exported", f"person {person.id}")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(content, indent=2, ensure_ascii=False, default=str)
        archive.writestr("person.json", text)
    return buffer.getvalue()


def _told(session: Session, table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    """A row without secrets, with since when and by whom it is stored."""
    values = {name: value for name, value in row.items() if not table.c[name].info.get(SECRET)}
    since = next((row[name] for name in _SINCE if row.get(name)), None)
    by_id = next((row[name] for name in _BY if row.get(name)), None)
    by = session.get(Person, by_id) if by_id and table.name != "person" else None
    told = to_json({name: value for name, value in values.items() if value not in (None, "")})
    return {
        **told,
        **({"stored since": str(since)} if since else {}),
        **({"stored by": by.name} if by else {}),
    }
