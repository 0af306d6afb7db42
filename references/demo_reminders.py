"""The demo's contacts to keep in touch with, and reasons: birthdays and news of an import."""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from references.network.address_books import AddressBook, match_connections
from workspace.accounts.accounts import Account
from workspace.clock import now, today
from workspace.collaboration.reminders import keep_in_touch
from workspace.keys import row_of_key
from workspace.people.tables import Person
from workspace.revisions.changes import record
from workspace.revisions.tables import Revision, RevisionKind

# How many days ago an import brought news of accounts, and how many people they have since.
_IMPORTED = 3
_HEADCOUNTS = {"zagonek-logistyka": 710, "bank-of-clonmara": 2_750}


@dataclass(frozen=True)
class _Wish:
    """A contact to whom a member writes: every how many days, and how many days ago they did."""

    member: str
    contact: str
    every: int
    last: int
    # In how many days the contact has a birthday, by the card in the member's own address book.
    birthday: int | None = None


_WISHES = (
    _Wish("agnieszka-wrona", "beata-gronek", 90, 41, birthday=2),
    _Wish("agnieszka-wrona", "sylwia-marchlik", 90, 62),
    _Wish("agnieszka-wrona", "pawel-drzazga", 90, 25),
    _Wish("siobhan-keaveney", "eoin-rafferty", 90, 30, birthday=0),
    _Wish("priya-raman", "shabnam-iqbal", 180, 75),
    _Wish("priya-raman", "derek-pomfret", 90, 60),
)


def add_reminders(session: Session) -> None:
    """Add whom members keep in touch with."""
    for wish in _WISHES:
        member = row_of_key(session, Person, wish.member)
        contact = row_of_key(session, Person, wish.contact)
        last = today() - timedelta(days=wish.last)
        keep_in_touch(session, member.id, contact, wish.every, last)
        if wish.birthday is not None:
            book = AddressBook(session, member.id, [contact.name], ())
            day = today() + timedelta(days=wish.birthday)
            card, _, _ = book.put(
                contact.name,
                source="Address book",
                email=contact.email,
                birthday=f"{day:%m-%d}",
            )
            match_connections(session, [card])


def add_company_news(session: Session) -> None:
    """Change accounts as an import of some days ago; a transaction of its own."""
    revision = Revision(kind=RevisionKind.IMPORT, at=now() - timedelta(days=_IMPORTED))
    session.add(revision)
    session.flush()
    record(session, revision)
    for key, headcount in _HEADCOUNTS.items():
        account = row_of_key(session, Account, key)
        account.headcount = headcount
        session.add(account)
