"""Network search: people in a position, among the record's contacts and readable connections.

What a member finds follows from what they may read. Private address books are searched later, by a
job (`blind.py`): nothing here asks for them.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from heapq import nlargest, nsmallest

from sqlmodel import Session, col, select

from references.network.paths import KnownPath, Network, with_evidence
from references.network.ties import known_to_colleagues
from references.prospecting.connections import readable_fitting
from references.prospecting.contacts import are_contacts, contacts_of, fitting_contacts
from references.prospecting.fitting import keys_of
from references.prospecting.known import Knower, Strengths, same_people, with_knowers
from references.prospecting.shared_book import SharedBook
from similarity.index.catalog import Catalog
from similarity.sentences.positions import Position, position_in
from workspace.accounts.accounts import Account
from workspace.database import batches
from workspace.people.viewer import Viewer

SHOWN = 50


@dataclass(frozen=True)
class Prospect:
    """A person who fits, and how we know them."""

    name: str
    title: str
    company: str
    reasons: tuple[str, ...]
    score: float
    # Without a key, the person is not in the record.
    key: str | None = None
    account_key: str | None = None
    path: KnownPath | None = None
    known_by: tuple[Knower, ...] = ()
    # Whether a colleague whose ties are hidden may know them.
    may_be_asked: bool = False

    @property
    def strength(self) -> float:
        """The strength of the best way to them."""
        knower = self.known_by[0].strength if self.known_by else 0.0
        return max(knower, self.path.strength if self.path else 0.0)


@dataclass(frozen=True)
class Prospects:
    """What was understood of a question, and who fits, the best first."""

    position: Position
    people: list[Prospect] = field(default_factory=list)


def search_network(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    network: Network,
    shared: SharedBook,
    text: str,
) -> Prospects:
    """The people who fit what a text describes, and the best way to each."""
    position = position_in(text)
    if not position:
        return Prospects(position)
    fitting = fitting_contacts(session, viewer, catalog, shared.titles, position)
    outside = readable_fitting(session, viewer, shared, position)
    # The record knows better than an address book what is its title and employer.
    recorded = {row.person_id: fit for row, fit in outside if row.person_id not in fitting}
    contacts = are_contacts(session, [each for each in recorded if each])
    fitting |= {person: fit for person, fit in recorded.items() if person in contacts}
    how_far = {person: round(fit.score, 1) for person, fit in fitting.items()}
    ids = list(fitting)
    if len(ids) > 2 * SHOWN:
        # How near they are decides among those who fit as far as the last one who is shown.
        least = nlargest(2 * SHOWN, how_far.values())[-1]
        ids = [each for each in ids if how_far[each] >= least]
    chains = network.chains(session, viewer, ids)
    if len(ids) > 2 * SHOWN:
        near = {person: path.strength for person, path in chains.items()}
        ids.sort(key=lambda each: (-how_far[each], -near.get(each, 0.0), each))
        del ids[2 * SHOWN :]
    paths = with_evidence(session, viewer, [chains[each] for each in ids if each in chains])
    asked = known_to_colleagues(session, viewer, [each for each in ids if each not in paths])
    found = {contact.id: contact for contact in contacts_of(session, ids)}
    people = [
        Prospect(
            name=contact.name,
            title=contact.title,
            company=contact.account or "",
            reasons=fitting[contact.id].reasons,
            score=fitting[contact.id].score,
            key=contact.key,
            account_key=contact.account_key,
            path=paths.get(contact.id),
            may_be_asked=contact.id in asked,
        )
        for contact in (found[each] for each in ids if each in found)
    ]
    fits = {row.id: fit for row, fit in outside}
    strength_of = Strengths()
    # Of more people than are shown, nobody needs to know who knows them.
    unrecorded = nsmallest(
        SHOWN,
        same_people(row for row, _ in outside if row.person_id is None),
        key=lambda same: (
            -round(fits[same[0].id].score, 1),
            -max(map(strength_of, same)),
            same[0].name,
            same[0].company,
        ),
    )
    people += [
        Prospect(
            name=row.name,
            title=row.position,
            company=row.company,
            reasons=fits[row.id].reasons,
            score=fits[row.id].score,
            known_by=who,
        )
        for row, who in with_knowers(session, unrecorded)
    ]
    people.sort(key=lambda each: (-round(each.score, 1), -each.strength, each.name, each.company))
    return Prospects(position, _with_accounts(session, people[:SHOWN]))


def _with_accounts(session: Session, people: Sequence[Prospect]) -> list[Prospect]:
    """These people, those who are not in the record with the keys of their employers' accounts."""
    names: dict[str, list[str]] = defaultdict(list)
    for person in people:
        if person.key is None:
            for key in keys_of(person.company):
                names[key].append(person.company)
    found: dict[str, str] = {}
    for batch in batches(sorted(names)):
        query = select(Account.plain_name, Account.key).where(col(Account.plain_name).in_(batch))
        for name, key in session.exec(query.order_by(col(Account.id))):
            for company in names[name]:
                found.setdefault(company, key)
    return [
        person if person.key else replace(person, account_key=found.get(person.company))
        for person in people
    ]
