"""New names in files that may mean an account or a contact of the record: questions to a member.

Until there is an answer, the name is that of a new record.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from workspace.accounts.accounts import Account
from workspace.duplicates.finding import ACCOUNT, PERSON, account_records, contact_records
from workspace.duplicates.matching import Record, likely_duplicates
from workspace.duplicates.words import words_of
from workspace.imports.answers import answered, compared
from workspace.people.tables import Person
from workspace.revisions.recorder import Change

# So many questions are asked about one import, the likeliest first.
_MOST_QUESTIONS = 30
# An import with more new names than this is compared by the page of likely duplicates instead.
_MOST_NEW = 3_000
# The tables of what is asked about.
ASKED_ABOUT = (ACCOUNT, PERSON)


@dataclass(frozen=True)
class Question:
    """A new name, and the account or contact that it may mean."""

    # "account" or "person".
    kind: str
    name: str
    existing_key: str
    existing_name: str
    # The account's domain, or the contact's account.
    existing_about: str

    @property
    def key(self) -> str:
        """What a form calls it."""
        text = f"{self.kind}\n{self.name}\n{self.existing_key}"
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def questions_about(session: Session, changes: Sequence[Change]) -> list[Question]:
    """The near misses among what an import adds, in the session that it was tried in."""
    found: list[tuple[float, Question]] = []
    for kind, records in zip(ASKED_ABOUT, (account_records, contact_records), strict=True):
        new = {
            str(change.place.key[0])
            for change in changes
            if change.place.table == kind and change.before is None and change.after
        }
        if not new or len(new) > _MOST_NEW:
            continue
        compared_with = _alike_begun(list(records(session)), new)
        settled = set(answered(session, kind, same=False))
        for pair in likely_duplicates(compared_with, new=new):
            added, there = sorted((pair.one, pair.other), key=lambda row_id: row_id not in new)
            if there in new:
                continue
            question = _question(session, kind, int(added), int(there))
            if question and (compared(kind, question.name), int(there)) not in settled:
                found.append((pair.probability, question))
    found.sort(key=lambda each: (-each[0], each[1].kind, each[1].name))
    return [question for _, question in found[:_MOST_QUESTIONS]]


def _question(session: Session, kind: str, added: int, there: int) -> Question | None:
    if kind == ACCOUNT:
        new, old = session.get_one(Account, added), session.get_one(Account, there)
        return Question(kind, new.name, old.key, old.name, old.domain or "")
    someone, known = session.get_one(Person, added), session.get_one(Person, there)
    # A name alone says little: the same name at another company is another person more often.
    if someone.account_id != known.account_id:
        return None
    account = session.get(Account, known.account_id) if known.account_id else None
    return Question(kind, someone.name, known.key, known.name, account.name if account else "")


def _alike_begun(rows: Sequence[Record], new: Collection[str]) -> list[Record]:
    """The new records, and those with a word that begins as one of theirs does."""
    beginnings = {begun for row in rows if row.id in new for begun in _beginnings(row)}
    return [row for row in rows if row.id in new or not beginnings.isdisjoint(_beginnings(row))]


def _beginnings(record: Record) -> set[str]:
    return {
        word.sound[:3] for name in record.names for word in words_of(name, person=record.person)
    }
