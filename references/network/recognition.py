"""Which person in the record an entry of an address book means: certainly, or only perhaps.

A profile or an address of one's own decides. A name decides only at the same company, where no
profile or address at work contradicts, and where it stands once in the record and once in the
address book: a wrong tie would make a path that nobody can take.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col

from workspace.accounts.accounts import Account
from workspace.accounts.company_names import company_keys
from workspace.database import batches, fetch, select_row
from workspace.keys import plain
from workspace.people.addresses import contradict, is_shared
from workspace.people.names import name_key, name_words, names_alike
from workspace.people.tables import Person


@dataclass(frozen=True)
class Entry:
    """An entry of an address book, as it is compared."""

    id: int
    owner_id: int
    name: str
    email: str | None
    url: str | None
    company: str


@dataclass(frozen=True)
class Candidate:
    """A person in the record, as they are compared."""

    id: int
    name: str
    email: str | None
    profile: str | None
    account_id: int | None


class Recognition:
    """The people whom entries may mean, read together."""

    def __init__(
        self, session: Session, entries: Sequence[Entry], namesakes: Iterable[Entry]
    ) -> None:
        self._accounts = _accounts(session, {entry.company for entry in entries if entry.company})
        account_ids = {row_id for ids in self._accounts.values() for row_id in ids}
        emails = {entry.email for entry in entries if entry.email}
        profiles = {entry.url for entry in entries if entry.url}
        people: dict[int, Candidate] = {}
        for column, values in (
            (Person.email, emails),
            (Person.profile, profiles),
            (Person.account_id, account_ids),
        ):
            for batch in batches(list(values)):
                # A match is shown to the owner of the address book, who may not know of others.
                query = select_row(Candidate, Person).where(
                    col(column).in_(batch), col(Person.listed).is_(True)
                )
                people |= {row.id: row for row in fetch(session, Candidate, query)}
        self._by_email = {row.email: row for row in people.values() if row.email}
        self._by_profile: dict[str, list[Candidate]] = {}
        self._at_account: dict[int, list[Candidate]] = {}
        for row in people.values():
            if row.profile:
                self._by_profile.setdefault(row.profile, []).append(row)
            if row.account_id:
                self._at_account.setdefault(row.account_id, []).append(row)
        self._book: dict[tuple[int, str], list[Entry]] = {}
        for entry in namesakes:
            self._book.setdefault((entry.owner_id, name_key(entry.name)), []).append(entry)

    def match(self, entry: Entry) -> int | None:
        """The person whom an entry means, if it is certain."""
        profile, email = self._of_profile(entry), self._of_email(entry)
        if profile and email and profile.id != email.id:
            return None
        if profile or email:
            known = profile or email
            return known.id if known else None
        same = [
            row for row in self._colleagues(entry) if name_key(row.name) == name_key(entry.name)
        ]
        if len(same) != 1 or self._has_namesake(entry):
            return None
        contradicts = contradict(entry.email, same[0].email, entry.url, same[0].profile)
        return None if contradicts else same[0].id

    def suggest(self, entry: Entry) -> list[Candidate]:
        """The people whom an entry without a match may mean."""
        by_email = self._by_email.get(entry.email or "")
        people = [by_email] if by_email else []
        people += self._of_profiles(entry)
        people += [row for row in self._colleagues(entry) if names_alike(row.name, entry.name)]
        unique = {row.id: row for row in people}
        return [
            row
            for row in unique.values()
            if not (entry.url and row.profile and entry.url != row.profile)
        ]

    def _of_profiles(self, entry: Entry) -> list[Candidate]:
        return self._by_profile.get(entry.url or "", [])

    def _of_profile(self, entry: Entry) -> Candidate | None:
        people = self._of_profiles(entry)
        return people[0] if len(people) == 1 else None

    def _of_email(self, entry: Entry) -> Candidate | None:
        """The person of an address, if it is their own and their names have a word in common."""
        if not entry.email or is_shared(entry.email):
            return None
        person = self._by_email.get(entry.email)
        if person is None or set(name_words(person.name)).isdisjoint(name_words(entry.name)):
            return None
        differ = entry.url and person.profile and entry.url != person.profile
        return None if differ and not names_alike(person.name, entry.name) else person

    def _colleagues(self, entry: Entry) -> list[Candidate]:
        """The people at the company of an entry."""
        ids = self._accounts.get(entry.company, ())
        return [row for row_id in ids for row in self._at_account.get(row_id, ())]

    def _has_namesake(self, entry: Entry) -> bool:
        """Whether the same address book has another entry of that name at that company."""
        keys = set(company_keys(entry.company))
        return any(
            other.id != entry.id and not keys.isdisjoint(company_keys(other.company))
            for other in self._book.get((entry.owner_id, name_key(entry.name)), ())
        )


def _accounts(session: Session, companies: Collection[str]) -> dict[str, list[int]]:
    """The accounts that each company's name may mean: those of that very name, if there are any."""
    if not companies:
        return {}
    by_name: dict[str, list[int]] = {}
    by_key: dict[str, list[int]] = {}
    for row_id, name in session.execute(sa.select(col(Account.id), col(Account.name))):
        by_name.setdefault(plain(name), []).append(row_id)
        for key in company_keys(name):
            by_key.setdefault(key, []).append(row_id)
    found: dict[str, list[int]] = {}
    for company in companies:
        ids = by_name.get(plain(company)) if plain(company) else None
        keys = [key for key in company_keys(company) if key]
        found[company] = ids or sorted({row_id for key in keys for row_id in by_key.get(key, ())})
    return found
