"""Erasing a person: their record, and every text, file and before-image that names them.

A contact's row goes with all that hangs on it. A member's row stays without anything of them,
because deals say who worked on them. What is derived, such as passages, words and vectors, follows.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, delete, select

from workspace import audit_log
from workspace.assets.files import AssetFile
from workspace.audit import AuditValues, audit
from workspace.clock import now
from workspace.database import Database
from workspace.delivery.outbox import OutboxMessage
from workspace.errors import Conflict, NotFound
from workspace.imports.ledger import ImportFile
from workspace.jobs.running import Task
from workspace.people.kept_answers import forget_answers
from workspace.people.sign_in.tables import SignInAttempt
from workspace.people.tables import Member, Person
from workspace.privacy.mentions import Needles, entries_about, mentions_of
from workspace.privacy.register import columns_of
from workspace.privacy.tables import Erasure, LegalHold
from workspace.reading import unfiltered
from workspace.revisions.deleting import delete_with_parts, parts_of
from workspace.revisions.recorder import Place, from_json
from workspace.revisions.rows import class_of
from workspace.revisions.tables import Revision, RevisionChange, RevisionKind
from workspace.settings import Settings
from workspace.told import Code, refusal

ERASE = "erase person"
FILE = "erasures.jsonl"
# What a member leaves behind on deals stays, without saying of whom; these rows are theirs alone.
_MEMBERS_OWN = (
    "addresschange", "apitoken", "connection", "connectionmatch", "connectionoffer", "correction",
    "digestchoice", "draft", "education", "eligibilitydecision", "employment", "follow",
    "formerperson", "guestlink", "hiddenfield", "identitylink",
    "importanswer", "jobchange", "keepintouch",
    "knowndevice", "memberavailability", "memberinvitation", "membership", "networksearch",
    "notification", "passkey", "passkeychallenge", "pendingsignin", "privacylink", "quota",
    "recoverycode", "savedview", "signinsession", "tie", "twostepsecret", "wrongtie",
)  # fmt: skip
_OWN_COLUMNS = ("person_id", "owner_id", "asker_id", "member_id", "one_id", "other_id")


def require_erasable(session: Session, person: Person) -> None:
    """Refuse a person on legal hold, or a member who still has access."""
    if session.get(LegalHold, person.id) is not None:
        raise refusal(Conflict, Code.LEGAL_HOLD)
    member = session.get(Member, person.id)
    if member is not None and member.active:
        raise refusal(Conflict, Code.MEMBER_ACTIVE)


def erase_person(task: Task) -> dict[str, Any]:
    """The job: erase a person in one transaction, so that nothing is half erased."""
    with task.part() as session:
        person = session.get(Person, task.parameters["person_id"])
        erasure = session.get(Erasure, task.parameters["person_id"])
        if erasure and (person is None or fingerprint_of(person) == erasure.fingerprint):
            # An earlier run has erased them, and ended before what follows.
            return {"rows": 0, "texts": 0, "shared name": False}
        if person is None:
            raise refusal(NotFound, Code.NO_PERSON)
        require_erasable(session, person)
        return erase(session, person, by=task.by)


def erase(session: Session, person: Person, *, by: int | None) -> dict[str, Any]:
    """Erase a person; how many rows went, and in how many texts they were named."""
    if session.connection().dialect.name == "sqlite":
        # What is deleted is overwritten in the file.
        session.connection().exec_driver_sql("PRAGMA secure_delete=ON")
    with unfiltered(session):
        person_id = person.id
        merged = _merges_into(session, person_id)
        ids = {person_id, *(each.former_id for each in merged if each.former_id is not None)}
        needles = Needles(session, person)
        is_member = session.get(Member, person_id) is not None
        entries = [
            Place("connection", (row_id,)) for row_id in entries_about(session, needles, ids)
        ]
        gone, _ = parts_of(
            session, entries if is_member else [*entries, Place("person", (person_id,))]
        )
        _tell_of_former(session, merged)
        _forget_merges(session, merged)
        for row_id in sorted(ids):
            _forget_changes(session, row_id, gone)
        rows = sum(delete_with_parts(session, entries, by).values())
        named = _forget_texts(session, needles, person_id)
        _empty_audit(session, needles, ids)
        forget_answers(session)
        session.merge(Erasure(person_id=person_id, at=now(), fingerprint=fingerprint_of(person)))
        if is_member:
            rows += _forget_member(session, person)
        else:
            rows += sum(delete_with_parts(session, [Place("person", (person_id,))], by).values())
    detail: dict[str, object] = {"rows": rows, "texts": named}
    audit(session, by, "person erased", f"person {person_id}", detail)
    return {"rows": rows, "texts": named, "shared name": needles.shares_name}


def fingerprint_of(person: Person) -> str:
    """By what an erased person is recognised in an older copy of the same database."""
    moment = person.created_at.replace(tzinfo=None).isoformat()
    return hashlib.sha256(f"{person.id} {moment}".encode()).hexdigest()


def _merges_into(session: Session, person_id: int) -> list[Revision]:
    """The merges by which other persons became this one, also through one another."""
    found: list[Revision] = []
    into = {person_id}
    while into:
        query = select(Revision).where(
            Revision.kind == RevisionKind.MERGE,
            Revision.table_name == "person",
            col(Revision.row_id).in_(into),
            col(Revision.undone_at).is_(None),
        )
        rows = session.exec(query.order_by(col(Revision.id))).all()
        new = [row for row in rows if row not in found]
        found += new
        into = {row.former_id for row in new if row.former_id is not None}
    return found


def _tell_of_former(session: Session, merged: Sequence[Revision]) -> None:
    """Note persons who were merged as erased: in a backup from before they have their records."""
    for revision in merged:
        change = session.get(
            RevisionChange, (revision.id, "person", json.dumps([revision.former_id]))
        )
        if change and change.before:
            former = Person(**from_json(SQLModel.metadata.tables["person"], change.before))
            session.merge(
                Erasure(person_id=former.id, at=now(), fingerprint=fingerprint_of(former))
            )


def _forget_merges(session: Session, merged: Sequence[Revision]) -> None:
    """Delete what merges changed; they cannot be undone from then on."""
    ids = [revision.id for revision in merged]
    session.exec(delete(RevisionChange).where(col(RevisionChange.revision_id).in_(ids)))
    for revision in merged:
        revision.name, revision.undone_at = "", now()
        session.add(revision)
    session.flush()


def _forget_changes(session: Session, person_id: int, gone: set[Place]) -> None:
    """Delete the before-images of the person and of what is theirs: it cannot come back."""
    places = {(place.table, json.dumps(list(place.key))) for place in gone}
    places.add(("person", json.dumps([person_id])))
    about = f'_id": {person_id}'
    query = select(RevisionChange).where(
        sa.or_(
            sa.tuple_(col(RevisionChange.table_name), col(RevisionChange.row_key)).in_(places),
            *(
                sa.cast(column, sa.Text).contains(about)
                for column in (col(RevisionChange.before), col(RevisionChange.after))
            ),
        )
    )
    for change in session.exec(query).all():
        table = SQLModel.metadata.tables.get(change.table_name)
        of_them = table is not None and any(
            (values or {}).get(column.name) == person_id
            for values in (change.before, change.after)
            for column in columns_of(table)
        )
        if of_them or (change.table_name, change.row_key) in places:
            session.delete(change)
    merged = select(Revision).where(Revision.table_name == "person")
    for revision in session.exec(merged.where(col(Revision.row_id) == person_id)).all():
        revision.name = ""
        session.add(revision)
    session.flush()


def _forget_texts(session: Session, needles: Needles, person_id: int) -> int:
    """Take the person out of every text; how many rows named them."""
    for email in sorted(needles.addresses):
        session.exec(delete(OutboxMessage).where(col(OutboxMessage.recipient) == email))
        session.exec(delete(SignInAttempt).where(col(SignInAttempt.subject).contains(email)))
    # Files may be compressed, so that nothing tells whether they name the person.
    session.execute(sa.update(ImportFile).values(raw=b"").where(col(ImportFile.raw) != b""))
    count = 0
    for row, named in list(mentions_of(session, needles, person_id)):
        count += 1
        for column, value in named.items():
            setattr(row, column, needles.without(value))
        if isinstance(row, AssetFile) and row.erased_at is None:
            # Nothing can take the person out of the file itself, so the sweep deletes it.
            row.erased_at = now()
        session.add(row)
    session.flush()
    return count


def _empty_audit(session: Session, needles: Needles, ids: Collection[int]) -> None:
    """Empty the values of the audit log that are about the person, or name them."""
    about = [entry for row_id in ids for entry in audit_log.entries_about(session, row_id)]
    filled = select(AuditValues).where(col(AuditValues.detail).is_not(None))
    naming = [row.entry_id for row in session.exec(filled) if needles.are_in(row.detail)]
    audit_log.empty_values(session, [*about, *naming])


def _forget_member(session: Session, person: Person) -> int:
    """Leave of a member's row only that a colleague was there; how many rows went."""
    # What colleagues were told of the member's moves goes before the moves.
    news, moves = (SQLModel.metadata.tables[name] for name in ("notification", "jobchange"))
    theirs = sa.select(moves.c.id).where(moves.c.person_id == person.id)
    told = sa.delete(news).where(news.c.job_change_id.in_(theirs))
    rows = session.connection().execute(told).rowcount
    for name in _MEMBERS_OWN:
        table = SQLModel.metadata.tables[name]
        columns = [column for column in columns_of(table) if column.name in _OWN_COLUMNS]
        own = sa.or_(*(column == person.id for column in columns))
        # As objects, so that what follows them in memory of processes hears of it.
        for row in session.scalars(sa.select(class_of(name)).where(own)):
            session.delete(row)
            rows += 1
        session.flush()
    facts = {column.name for column in Person.__table__.c} - {  # type: ignore[attr-defined]
        "id", "key", "name", "created_at", "listed",
    }  # fmt: skip
    for name in facts:
        setattr(person, name, Person.model_fields[name].get_default(call_default_factory=True))
    person.key, person.name = f"erased-{person.id}", f"Erased member {person.id}"
    session.add(person)
    member = session.get_one(Member, person.id)
    member.password_hash = None
    session.add(member)
    session.flush()
    return rows


def erasures_file(settings: Settings) -> Path:
    """The file that tells of erasures beside the backups, which are older than they are."""
    return (settings.backup_folder or settings.home) / FILE


def write_erasures(database: Database, file: Path, *others: Path) -> None:
    """Write a file of erasures: what the database, the file itself and others tell.

    It has nothing of the persons.
    """
    with database.read() as session:
        rows = session.exec(select(Erasure).order_by(col(Erasure.person_id))).all()
    told = [line for each in (file, *others) for line in _lines_of(each)]
    told += [
        {"person_id": row.person_id, "at": row.at.isoformat(), "fingerprint": row.fingerprint}
        for row in rows
    ]
    # A database that was restored knows nothing of later erasures, so that no line may get lost.
    lines = {(line["person_id"], line["fingerprint"]): json.dumps(line) for line in told}
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = file.with_suffix(".new")
    scratch.write_text("".join(f"{lines[key]}\n" for key in sorted(lines)), encoding="ascii")
    scratch.chmod(0o600)
    scratch.replace(file)


def _lines_of(file: Path) -> list[dict[str, Any]]:
    if not file.is_file():
        return []
    return [json.loads(line) for line in file.read_text("ascii").splitlines()]


def replay_erasures(database: Database, file: Path) -> int:
    """Erase persons who were erased after a backup was made, from what was restored of it."""
    count = 0
    for told in _lines_of(file):
        with database.write() as session, unfiltered(session):
            person = session.get(Person, told["person_id"])
            if person is None or fingerprint_of(person) != told["fingerprint"]:
                continue
            if session.get(Erasure, person.id) is None:
                erase(session, person, by=None)
                count += 1
    return count
