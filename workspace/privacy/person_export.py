"""What is stored of a person: why, since when, and by whom, as a file."""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from workspace.audit import audit
from workspace.clock import now
from workspace.database import SECRET, batches
from workspace.people.tables import Person
from workspace.people.viewer import PLAIN_VIEW, Viewer
from workspace.privacy.discretion import Discretion, key_of
from workspace.privacy.mentions import Needles, entries_about, mentions_of
from workspace.privacy.register import PURPOSES, rows_of
from workspace.revisions.recorder import to_json

# The columns that tell since when and by whom something is stored.
_SINCE = ("created_at", "at", "since", "start", "recorded_at", "asserted_at")
_BY = ("by_id", "asserted_by_id", "recorded_by_id", "nominated_by_id", "added_by_id", "owner_id")


# Of these tables only some columns are told: texts and amounts of deals are not the person's, and
# what members did and mailed names other people.
_TOLD_IN_PART = {
    "deal": ("key", "owner_id"),
    "importrun": ("id", "at", "by_id", "state", "total"),
    "job": ("id", "kind", "by_id", "state", "created_at", "finished_at"),
    "outboxmessage": ("id", "asked_by_id", "created_at", "sent_at"),
    "revision": ("id", "kind", "at", "by_id", "table_name"),
}
# Where people write about others. Mail, jobs, files and earlier versions repeat such texts.
_MENTIONING = frozenset(
    {
        "account",
        "advocate",
        "asset",
        "deal",
        "editedemail",
        "education",
        "employment",
        "connectionoffer",
        "introductionrequest",
        "kinfeedback",
        "membership",
        "networksearch",
        "person",
        "referencerequest",
        "requeststep",
        "stakeholder",
        "task",
        "timelineentry",
        "use",
    }
)
# What only its owner knows of.
_OWNERS_ALONE = ("connection", "connectionmatch")
# What an entry of an address book may have of a person.
_OF_AN_ENTRY = (
    *("name", "email", "url", "phone", "street", "postcode", "city", "country", "birthday"),
    *("company", "position", "connected_on"),
)


@dataclass(frozen=True)
class Stored:
    """What a table stores of a person."""

    table: str
    purpose: str
    rows: list[dict[str, Any]]
    # Rows that the viewer may not see.
    hidden: int


def stored_of(
    session: Session, person_id: int, viewer: Viewer, *, for_themselves: bool = False
) -> list[Stored]:
    """What is stored of a person, without secrets; ties that others asserted are among it.

    Of what the viewer may not see, only the number is told. What is private to colleagues is left
    out: even a number would tell that one of them knows the person. The person has the number.
    """
    discretion = Discretion(session, viewer, person_id)
    stored = []
    for table, found, hidden in rows_of(session, person_id, discretion):
        if table.info.get(SECRET):
            continue
        rows = found
        if table.name in _OWNERS_ALONE:
            rows = [row for row in found if for_themselves and row["owner_id"] == person_id]
            hidden = 0
        elif table.name == "tie" and viewer.person_id not in (None, person_id):
            # The person may have what colleagues said of them; on a page, private ties stay so.
            rows = [row for row in found if _is_told(row, viewer)]
        if not rows and not hidden:
            continue
        stored.append(
            Stored(
                table.name,
                PURPOSES.get(table.name, ""),
                [_told(session, table, row, discretion) for row in rows],
                hidden,
            )
        )
    if for_themselves:
        told = address_books_with(session, session.get_one(Person, person_id))
        if told["entries"]:
            purpose = "Private address books of colleagues"
            stored.append(Stored("connection", purpose, [], told["entries"]))
    return stored


def address_books_with(session: Session, person: Person) -> dict[str, Any]:
    """How many entries of colleagues' address books are about a person, and what they have."""
    table = SQLModel.metadata.tables["connection"]
    ids = entries_about(session, Needles(session, person), [person.id])
    entries = [
        row
        for batch in batches(ids)
        for row in session.execute(sa.select(table).where(table.c.id.in_(batch))).mappings()
        if row["owner_id"] != person.id
    ]
    return {
        "entries": len(entries),
        "members": len({row["owner_id"] for row in entries}),
        "have": [name for name in _OF_AN_ENTRY if any(row[name] for row in entries)],
    }


def _is_told(tie: dict[str, Any], viewer: Viewer) -> bool:
    """Whether a viewer may read a tie that a colleague has."""
    return bool(tie["visibility"] == "everyone" or tie["asserted_by_id"] == viewer.person_id)


def person_file(session: Session, person: Person, viewer: Viewer) -> bytes:
    """Everything about a person as a ZIP with one JSON file, for them to have.

    The person gets it, so it has nothing of confidential deals: of their rows and texts, only the
    number is told.
    """
    needles = Needles(session, person)
    discretion = Discretion(session, PLAIN_VIEW, person.id)
    hidden_keys = {
        name: discretion.hidden_keys(session, SQLModel.metadata.tables[name])
        for name in _MENTIONING
    }
    mentions, hidden = [], 0
    for row, named in mentions_of(session, needles, person.id):
        table = str(row.__tablename__)
        if table not in _MENTIONING:
            continue
        if key_of(row) in hidden_keys[table]:
            hidden += 1
            continue
        mentions.append({"table": table, "texts": to_json(named)})
    for_themselves = viewer.person_id == person.id
    content = {
        "person": person.name,
        "made_at": now().isoformat(),
        "stored": [
            {"table": each.table, "why": each.purpose, "rows": each.rows, "not shown": each.hidden}
            for each in stored_of(session, person.id, PLAIN_VIEW, for_themselves=for_themselves)
        ],
        "private address books of colleagues": address_books_with(session, person),
        "mentions": mentions,
        "mentions not shown": hidden,
    }
    audit(session, viewer.person_id, "person exported", f"person {person.id}")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(content, indent=2, ensure_ascii=False, default=str)
        archive.writestr("person.json", text)
    return buffer.getvalue()


def _told(
    session: Session, table: sa.Table, row: dict[str, Any], discretion: Discretion
) -> dict[str, Any]:
    """A row without secrets, with since when and by whom it is stored."""
    names = _TOLD_IN_PART.get(table.name, tuple(row))
    values = {name: row[name] for name in names if not table.c[name].info.get(SECRET)}
    if table.name == "person" and discretion.hides_account(row["account_id"]):
        del values["account_id"]
    since = next((row[name] for name in _SINCE if row.get(name)), None)
    by_id = next((row[name] for name in _BY if row.get(name)), None)
    by = session.get(Person, by_id) if by_id and table.name != "person" else None
    told = to_json({name: value for name, value in values.items() if value not in (None, "")})
    return {
        **told,
        **({"part": "owner"} if table.name == "deal" else {}),
        **({"stored since": str(since)} if since else {}),
        **({"stored by": by.name} if by else {}),
    }
