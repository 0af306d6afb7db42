"""Keeps the names in step with the record, in the transaction that changes it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import UOWTransaction
from sqlmodel import Session, col

from similarity.names.spelling import joined, sorted_words, variants, words_of
from similarity.names.tables import Form, NameEntry, NameVariant, NameWord, Subject
from workspace.accounts.accounts import Account
from workspace.assets.assets import Asset
from workspace.database import BATCH, Database, batches
from workspace.deals.tables import Deal
from workspace.keys import plain, romanised
from workspace.people.tables import Person
from workspace.phones import phone_endings
from workspace.reading import unfiltered

Names = list[tuple[Form, str]]

TABLES: dict[Subject, Any] = {
    Subject.DEAL: Deal,
    Subject.ACCOUNT: Account,
    Subject.PERSON: Person,
    Subject.ASSET: Asset,
}
_SUBJECT_OF = {table: kind for kind, table in TABLES.items()}


def attach(database: Database) -> None:
    """Renew names in every transaction that writes through the database."""
    database.watch(_listen)


def catch_up(database: Database) -> int:
    """Add the names of what was in the record before names were kept; how many subjects."""
    count = 0
    for kind, table in TABLES.items():
        entry = sa.exists().where(
            col(NameEntry.kind) == kind, col(NameEntry.subject_id) == table.id
        )
        with database.read() as session:
            ids = list(session.scalars(sa.select(table.id).where(~entry).order_by(table.id)))
        for batch in batches(ids):
            with database.write() as session:
                renew(session, kind, batch)
        count += len(ids)
    return count


def forget_unused(session: Session) -> None:
    """Delete the variants of words that nothing is called by any more, as after an erasure."""
    used = sa.select(col(NameWord.word))
    session.execute(sa.delete(NameVariant).where(col(NameVariant.word).not_in(used)))


def renew(session: Session, kind: Subject, ids: Iterable[int]) -> None:
    """Replace the stored names of these subjects where they have changed."""
    for batch in batches(sorted(ids)):
        names = dict(_names(session, kind, batch))
        stored: dict[int, set[tuple[str, str]]] = defaultdict(set)
        entries = sa.select(
            col(NameEntry.subject_id), col(NameEntry.form), col(NameEntry.joined)
        ).where(col(NameEntry.kind) == kind, col(NameEntry.subject_id).in_(batch))
        for subject_id, form, text in session.execute(entries):
            stored[subject_id].add((form, text))
        changed = [
            subject_id
            for subject_id in batch
            if stored[subject_id]
            != {(form, joined(text)) for form, text in names.get(subject_id, [])}
        ]
        _replace(session, kind, changed, names)


def _listen(session: Session) -> None:
    touched: dict[Subject, set[int]] = defaultdict(set)

    @event.listens_for(session, "after_flush")
    def note(session: Session, _context: UOWTransaction) -> None:
        for row in (*session.new, *session.dirty, *session.deleted):
            if kind := _SUBJECT_OF.get(type(row)):
                touched[kind].add(row.id)

    @event.listens_for(session, "before_commit")
    def write(session: Session) -> None:
        session.flush()
        # What comes back may have been hidden from the session's reader.
        with unfiltered(session):
            for kind, ids in touched.items():
                renew(session, kind, ids)


def _names(session: Session, kind: Subject, ids: list[int]) -> Iterator[tuple[int, Names]]:
    """What these subjects are called, those that exist."""
    table = TABLES[kind]
    address = {Subject.ACCOUNT: "domain", Subject.PERSON: "email"}.get(kind)
    contact = [getattr(table, address), table.phone] if address else []
    columns = [table.id, table.key, table.name, *contact]
    for subject_id, key, name, *details in session.execute(
        sa.select(*columns).where(table.id.in_(ids))
    ):
        # A Cyrillic or Greek name is found in Latin letters, too.
        names = [(Form.KEY, key), *((Form.NAME, text) for text in {name, _latin(name)})]
        if details:
            written, phones = details
            names += [(Form.ADDRESS, written)] if written else []
            names += [(Form.PHONE, ending) for ending in sorted(phone_endings(phones))]
        # What no letter or digit is left of cannot be compared.
        yield subject_id, [(form, text) for form, text in names if joined(text)]


def _latin(name: str) -> str:
    """A name in Latin letters; the name itself where it has no others."""
    written = romanised(name)
    return name if written == plain(name) else written


def _replace(session: Session, kind: Subject, ids: list[int], names: dict[int, Names]) -> None:
    if not ids:
        return
    for table in (NameEntry, NameWord):
        session.execute(
            sa.delete(table).where(col(table.kind) == kind, col(table.subject_id).in_(ids))
        )
    entries: list[dict[str, Any]] = []
    words: list[dict[str, Any]] = []
    for subject_id in ids:
        written: set[str] = set()
        for form, text in names.get(subject_id, []):
            row = {"kind": kind, "subject_id": subject_id, "form": form}
            entries.append({**row, "joined": joined(text), "words": sorted_words(text)})
            written.update(_searched(kind, form, text))
        words += [{"kind": kind, "subject_id": subject_id, "word": word} for word in written]
    if entries:
        session.execute(sa.insert(NameEntry), entries)
    if words:
        session.execute(sa.insert(NameWord), words)
    _add_variants(session, {row["word"] for row in words})


def _searched(kind: Subject, form: Form, text: str) -> list[str]:
    """The words by which a name is found in part.

    Keys of all but deals are made from names. The last part of a domain, and the domain of an
    e-mail address, are those of many. A telephone number is found as a whole alone.
    """
    if form == Form.PHONE or (form == Form.KEY and kind != Subject.DEAL):
        return []
    if form == Form.ADDRESS:
        text = text.partition("@")[0] if "@" in text else text.rpartition(".")[0]
    return words_of(text)


def _add_variants(session: Session, words: set[str]) -> None:
    known: set[str] = set()
    kept = sa.select(col(NameVariant.word)).distinct()
    for start in range(0, len(ordered := sorted(words)), BATCH):
        part = ordered[start : start + BATCH]
        known.update(session.scalars(kept.where(col(NameVariant.word).in_(part))))
    rows = [
        {"variant": variant, "word": word}
        for word in sorted(words - known)
        for variant in sorted(variants(word))
    ]
    # Two who add the same word at once add the same rows.
    make = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    if rows:
        session.execute(make(NameVariant).on_conflict_do_nothing(), rows)
