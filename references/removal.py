"""Who may delete or merge records, and deleting them with all that hangs on them.

What a viewer may not know of stays: an account or a person on a confidential deal of others is
hidden from everybody else instead of deleted.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from references.desk.advocates import Advocate
from references.desk.request import OPEN_STATES, ReferenceRequest, State
from references.desk.rules import account_owners
from workspace.accounts.accounts import Account
from workspace.assets.assets import Asset, Use
from workspace.audit import audit
from workspace.deals.access import NOBODY_SEES, has_reader, visible_deals
from workspace.deals.tables import Deal, Seat, Stakeholder
from workspace.errors import Conflict, Forbidden
from workspace.people.people import may_edit, roles_of
from workspace.people.tables import Education, Employment, Member, Membership, Person
from workspace.people.viewer import Viewer
from workspace.privacy.tables import LegalHold
from workspace.reading import unfiltered
from workspace.revisions.deleting import delete_with_parts, parts_of
from workspace.revisions.history import begin
from workspace.revisions.recorder import Place
from workspace.revisions.tables import Revision, RevisionKind
from workspace.timeline.timeline import record

Fact = Employment | Education | Membership

# Tables by the name in which a page shows them.
NOUNS = {
    "deal": "deals",
    "person": "people",
    "referencerequest": "reference requests",
    "use": "uses",
    "tie": "ties",
    "advocate": "advocates",
}


def may_remove(session: Session, viewer: Viewer, row: Account | Person | Deal | Asset) -> bool:
    """Whether a viewer may delete or merge this: its owner, managers and administrators."""
    if isinstance(row, Account | Person):
        return row.id in removable(session, viewer, [row])
    if not viewer.may_write or viewer.person_id is None:
        return False
    owner_id = row.owner_id if isinstance(row, Deal) else row.author_id
    return viewer.leads or owner_id == viewer.person_id


def removable(session: Session, viewer: Viewer, rows: Sequence[Account | Person]) -> set[int]:
    """The ids of those of these accounts, or of these people, that a viewer may delete or merge."""
    if not viewer.may_write or viewer.person_id is None:
        return set()
    people = [row.id for row in rows if isinstance(row, Person)]
    members = select(Member.person_id).where(col(Member.person_id).in_(people))
    kept = set(session.exec(members)) if people else set()
    accounts = {
        row.id: row.id if isinstance(row, Account) else row.account_id
        for row in rows
        if isinstance(row, Account) or row.id not in kept
    }
    if viewer.leads:
        return set(accounts)
    looked_after = _looked_after(session, viewer, set(filter(None, accounts.values())))
    return {row_id for row_id, account_id in accounts.items() if account_id in looked_after}


def _looked_after(session: Session, viewer: Viewer, account_ids: Collection[int]) -> set[int]:
    """Those of these accounts that a viewer owns, or, where nobody does, has a deal with."""
    owners = account_owners(session, account_ids)
    own = select(Deal.account_id).where(
        col(Deal.account_id).in_(account_ids), Deal.owner_id == viewer.person_id
    )
    with_deal = set(session.exec(own))
    return {
        account_id
        for account_id in account_ids
        if owners.get(account_id, viewer.person_id if account_id in with_deal else None)
        == viewer.person_id
    }


def require_removal(session: Session, viewer: Viewer, row: Account | Person | Deal | Asset) -> None:
    """Refuse viewers who may not delete or merge this."""
    if not may_remove(session, viewer, row):
        if isinstance(row, Person) and roles_of(session, row.id) is not None:
            raise Forbidden("A member is deactivated by an administrator, never deleted.")
        raise Forbidden("Only the owner, managers and administrators can do this.")


def delete_deal(session: Session, viewer: Viewer, deal: Deal) -> Revision:
    """Delete a deal with all that hangs on it."""
    require_removal(session, viewer, deal)
    return _delete(session, viewer, deal, [_place(deal)], listed=not deal.confidential)


def delete_asset(session: Session, viewer: Viewer, asset: Asset) -> Revision:
    """Delete an asset with its uses."""
    require_removal(session, viewer, asset)
    return _delete(session, viewer, asset, [_place(asset)])


def delete_person(session: Session, viewer: Viewer, person: Person) -> Revision:
    """Delete a contact with all that hangs on them."""
    require_removal(session, viewer, person)
    return _delete(session, viewer, person, [_place(person)], listed=person.listed)


def delete_account(session: Session, viewer: Viewer, account: Account) -> Revision:
    """Delete an account with its deals and its contacts."""
    require_removal(session, viewer, account)
    places = [_place(account)]
    for deal in session.exec(
        select(Deal).where(Deal.account_id == account.id, visible_deals(viewer))
    ):
        if not may_remove(session, viewer, deal):
            raise Forbidden(f"{deal.key} belongs to a colleague. Ask a manager to delete it.")
        places.append(_place(deal))
    members = select(Member.person_id)
    contacts = select(Person).where(Person.account_id == account.id, col(Person.id).not_in(members))
    places += [_place(person) for person in session.exec(contacts)]
    return _delete(session, viewer, account, places, listed=account.listed)


def _delete(
    session: Session,
    viewer: Viewer,
    row: Account | Person | Deal | Asset,
    places: Collection[Place],
    *,
    listed: bool = True,
) -> Revision:
    revision = begin(session, RevisionKind.DELETION, row, viewer.person_id, listed=listed)
    kept = _of_hidden_deals(session, viewer, places)
    roots = [place for place in places if place not in kept]
    _require_closed_requests(session, roots)
    _require_no_hold(session, roots)
    for place in kept:
        kind: type[SQLModel] = Account if place.table == "account" else Person
        hidden: Any = session.get_one(kind, place.key[0])
        hidden.listed = False
        session.add(hidden)
    counts = delete_with_parts(session, roots, viewer.person_id)
    revision.counts = _told(counts - Counter([revision.table_name]))
    session.add(revision)
    audit(
        session,
        viewer.person_id,
        f"{revision.table_name} deleted",
        f"{revision.table_name} {revision.row_id}",
    )
    return revision


def _told(counts: Counter[str]) -> dict[str, int]:
    return {noun: counts[table] for table, noun in NOUNS.items() if counts[table] > 0}


def _of_hidden_deals(session: Session, viewer: Viewer, places: Collection[Place]) -> set[Place]:
    """Of these accounts and people, those on deals that the viewer may not see."""
    hidden = sa.not_(visible_deals(viewer))
    accounts = [place.key[0] for place in places if place.table == "account"]
    people = [place.key[0] for place in places if place.table == "person"]
    with unfiltered(session):
        on_deals = select(Deal.account_id).where(col(Deal.account_id).in_(accounts), hidden)
        found = {Place("account", (row_id,)) for row_id in session.exec(on_deals)}
        stakeholders = (
            select(Stakeholder.person_id)
            .join(Deal, col(Deal.id) == col(Stakeholder.deal_id))
            .where(col(Stakeholder.person_id).in_(people), hidden)
        )
        found |= {Place("person", (row_id,)) for row_id in session.exec(stakeholders)}
        of_requests = (
            select(Advocate.person_id, ReferenceRequest.prospect_id)
            .select_from(ReferenceRequest)
            .join(Deal, col(Deal.id) == col(ReferenceRequest.deal_id))
            .outerjoin(Advocate, col(Advocate.id) == col(ReferenceRequest.advocate_id))
            .where(
                hidden,
                sa.or_(
                    col(Advocate.person_id).in_(people),
                    col(ReferenceRequest.prospect_id).in_(people),
                ),
            )
        )
        for pair in session.exec(of_requests):
            found |= {Place("person", (row_id,)) for row_id in pair if row_id in people}
    return found


def _require_closed_requests(session: Session, roots: Collection[Place]) -> None:
    """Refuse to delete what a guest may have been asked about and not answered yet."""
    gone, loose = parts_of(session, roots)
    ids = {place.key[0] for place in gone if place.table == "referencerequest"}
    ids |= {ref.source.key[0] for ref in loose if ref.source.table == "referencerequest"}
    open_ones = select(ReferenceRequest.key).where(
        col(ReferenceRequest.id).in_(ids),
        col(ReferenceRequest.state).in_([state for state in OPEN_STATES if state != State.DRAFT]),
    )
    if keys := session.exec(open_ones.order_by(col(ReferenceRequest.id))).all():
        raise Conflict(f"Cancel the open reference request first: {', '.join(keys[:3])}.")


def _require_no_hold(session: Session, roots: Collection[Place]) -> None:
    """Refuse to delete people on legal hold."""
    gone, _ = parts_of(session, roots)
    ids = [place.key[0] for place in gone if place.table == "person"]
    held = (
        select(Person.name)
        .join(LegalHold, col(LegalHold.person_id) == col(Person.id))
        .where(col(Person.id).in_(ids))
    )
    if names := session.exec(held.order_by(Person.name)).all():
        raise Conflict(f"On legal hold, and cannot be deleted: {', '.join(names[:3])}.")


def delete_fact(session: Session, viewer: Viewer, fact: Fact) -> Revision:
    """Delete an employment, an education or a membership of a person."""
    person = session.get_one(Person, fact.person_id)
    if not may_edit(session, viewer, person):
        raise Forbidden("Members keep their own profile; ask them, or an administrator.")
    revision = begin(session, RevisionKind.DELETION, fact, viewer.person_id, listed=person.listed)
    delete_with_parts(session, [_place(fact)], viewer.person_id)
    audit(session, viewer.person_id, f"{revision.table_name} removed", f"person {person.id}")
    return revision


def delete_seat(session: Session, viewer: Viewer, seat: Seat) -> Revision:
    """Delete a seat, filled or open, from a deal's team."""
    deal = session.get_one(Deal, seat.deal_id)
    if deal.confidential and not has_reader(session, deal, deal.owner_id, freed=seat.id):
        raise Conflict(f"{NOBODY_SEES} Give it an owner, or invite a colleague, first.")
    revision = begin(
        session, RevisionKind.DELETION, seat, viewer.person_id, listed=not deal.confidential
    )
    detail: dict[str, object] = {"role": seat.role, "removed": True}
    record(session, deal.id, viewer.person_id, "seat", detail=detail)
    delete_with_parts(session, [_place(seat)], viewer.person_id)
    return revision


def delete_use(session: Session, viewer: Viewer, asset_use: Use) -> Revision:
    """Delete a use of an asset from a deal."""
    deal = session.get_one(Deal, asset_use.deal_id)
    revision = begin(
        session, RevisionKind.DELETION, asset_use, viewer.person_id, listed=not deal.confidential
    )
    delete_with_parts(session, [_place(asset_use)], viewer.person_id)
    audit(session, viewer.person_id, "use removed", f"deal {asset_use.deal_id}")
    return revision


def _place(row: Any) -> Place:
    return Place(str(row.__tablename__), (row.id,))
