"""Merging two accounts, or two people: everything that hangs on both hangs on one afterwards."""

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from references.desk.advocates import Advocate
from references.desk.consent import ConsentState, standings
from references.desk.guest_links import GuestLink
from references.desk.request import ReferenceRequest
from references.network.ties import Tie, pair
from references.network.wrong_ties import WrongTie
from references.removal import require_removal
from workspace.accounts.accounts import EDITABLE, Account
from workspace.audit import audit
from workspace.changes import assign, differing
from workspace.clock import now, today
from workspace.duplicates.tables import DuplicatePair, FormerAccount, FormerPerson
from workspace.errors import Conflict, Invalid
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.revisions.deleting import delete_with_parts
from workspace.revisions.history import begin
from workspace.revisions.merging import Movers, merge_row, same_rows
from workspace.revisions.recorder import Place
from workspace.revisions.tables import Revision, RevisionKind
from workspace.value_lists import join_values, split_values

ACCOUNT_FIELDS = tuple(name for name in EDITABLE if name != "own")
PERSON_FIELDS = (
    "name",
    "email",
    "profile",
    "title",
    "department",
    "account_id",
    "phone",
    "street",
    "postcode",
    "city",
    "country",
    "home_town",
    "languages",
    "skills",
    "about",
)


def merge_accounts(
    session: Session, viewer: Viewer, kept: Account, other: Account, chosen: Mapping[str, Any]
) -> Revision:
    """Merge an account into another one, which gets the chosen values of its fields.

    `own` among them has the chosen values of own fields; without one, the first that has a value.
    """
    revision = _begin(session, viewer, kept, other)
    former = [
        FormerAccount(account_id=kept.id, key=other.key, name=other.name, domain=other.domain)
    ]
    values = {name: chosen[name] for name in ACCOUNT_FIELDS if name in chosen}
    values["own"] = _own(kept, other, chosen)
    if replaced := _replaced(kept, values, ("name", "domain")):
        former.append(FormerAccount(account_id=kept.id, **({"name": kept.name} | replaced)))
    if values.get("parent_id", kept.parent_id) in (kept.id, other.id):
        values["parent_id"] = None
    merge_row(session, "account", other.id, kept.id, MOVERS)
    session.add_all(former)
    return _finish(session, viewer, revision, kept, values)


def merge_people(
    session: Session, viewer: Viewer, kept: Person, other: Person, chosen: Mapping[str, Any]
) -> Revision:
    """Merge a contact into another one, who gets the chosen values of their fields.

    Where they are an advocate, emails still go to the address that the desk confirmed. `own` among
    the chosen values has those of own fields.
    """
    revision = _begin(session, viewer, kept, other)
    _require_one_word(session, kept, other)
    former = [
        FormerPerson(
            person_id=kept.id,
            key=other.key,
            name=other.name,
            email=other.email,
            profile=other.profile,
        )
    ]
    values = {name: chosen[name] for name in PERSON_FIELDS if name in chosen}
    values["own"] = _own(kept, other, chosen)
    if replaced := _replaced(kept, values, ("name", "email", "profile")):
        former.append(FormerPerson(person_id=kept.id, **({"name": kept.name} | replaced)))
    merge_row(session, "person", other.id, kept.id, MOVERS)
    for table in ("employment", "education", "membership"):
        same_rows(session, table, "person_id", kept.id)
    session.add_all(former)
    return _finish(session, viewer, revision, kept, values)


def _begin(
    session: Session, viewer: Viewer, kept: Account | Person, other: Account | Person
) -> Revision:
    if kept.id == other.id:
        raise Invalid("Choose two different records.")
    for row in (kept, other):
        require_removal(session, viewer, row)
    if kept.listed != other.listed:
        raise Conflict(
            "One of the two is known only to members who see a confidential deal, so they cannot be"
            " merged."
        )
    return begin(
        session,
        RevisionKind.MERGE,
        other,
        viewer.person_id,
        into=kept.id,
        listed=kept.listed,
    )


def _own(
    kept: Account | Person, other: Account | Person, chosen: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of own fields of both: the chosen ones, then those of the kept record."""
    values = {**other.own, **kept.own, **chosen.get("own", {})}
    return {key: value for key, value in values.items() if value is not None}


def _replaced(
    kept: Account | Person, values: Mapping[str, Any], names: Collection[str]
) -> dict[str, Any]:
    """What the kept record is known by, and the chosen values replace."""
    return {
        name: getattr(kept, name)
        for name in names
        if name in values and getattr(kept, name) not in (None, "", values[name])
    }


def _finish(
    session: Session,
    viewer: Viewer,
    revision: Revision,
    kept: Account | Person,
    values: Mapping[str, Any],
) -> Revision:
    values = differing(kept, values)
    assign(kept, values)
    session.add(kept)
    session.flush()
    table, former = revision.table_name, revision.former_id
    session.execute(
        sa.delete(DuplicatePair).where(
            col(DuplicatePair.kind) == table,
            sa.or_(col(DuplicatePair.one_id) == former, col(DuplicatePair.other_id) == former),
        )
    )
    detail: dict[str, object] = {"merged": former, "changed": sorted(values)}
    audit(session, viewer.person_id, f"{table} merged", f"{table} {kept.id}", detail)
    return revision


def _require_one_word(session: Session, kept: Person, other: Person) -> None:
    """Refuse to merge advocates of whom one said no and the other yes: a no must not get lost."""
    ids = list(
        session.exec(select(Advocate.id).where(col(Advocate.person_id).in_([kept.id, other.id])))
    )
    states = {standing.state for standing in standings(session, ids, today()).values()}
    refused = {ConsentState.REFUSED, ConsentState.WITHDRAWN}
    if states & refused and states & {ConsentState.GIVEN, ConsentState.REQUESTED}:
        raise Conflict(
            "The consents of the two differ. Ask customer marketing to record what holds, then"
            " merge them."
        )


def _move_tie(session: Session, tie: Tie, column: str, into: int) -> None:
    """Give a tie to the other person, unless it would tie them to themselves or be there twice."""
    stays = tie.other_id if column == "one_id" else tie.one_id
    if column == "asserted_by_id":
        tie.asserted_by_id = into
        return
    one, other = pair(into, stays)
    same = select(Tie).where(
        Tie.one_id == one,
        Tie.other_id == other,
        Tie.kind == tie.kind,
        Tie.source == tie.source,
        col(Tie.asserted_by_id).is_not_distinct_from(tie.asserted_by_id),
        Tie.origin == "",
        Tie.id != tie.id,
    )
    twin = session.exec(same).first()
    if stays == into:
        delete_with_parts(session, [Place("tie", (tie.id,))], None)
        return
    if twin:
        merge_row(session, "tie", tie.id, twin.id, {})
        return
    tie.one_id, tie.other_id = one, other
    session.add(tie)


def _move_advocate(session: Session, advocate: Advocate, column: str, into: int) -> None:
    """Have an advocate be the other person; of two advocates, the other one's address holds."""
    if column != "person_id":
        setattr(advocate, column, into)
        session.add(advocate)
        return
    kept = session.exec(select(Advocate).where(Advocate.person_id == into)).first()
    if kept is None:
        advocate.person_id = into
        session.add(advocate)
        return
    _narrow_terms(kept, advocate)
    session.add(kept)
    # A link that was sent elsewhere must not act for this advocate.
    links = select(GuestLink).where(
        sa.or_(
            col(GuestLink.advocate_id) == advocate.id,
            col(GuestLink.request_id).in_(
                select(ReferenceRequest.id).where(ReferenceRequest.advocate_id == advocate.id)
            ),
        ),
        GuestLink.person_id == advocate.person_id,
        col(GuestLink.revoked_at).is_(None),
    )
    for link in session.exec(links).all():
        if link.sent_to != kept.address:
            link.revoked_at = now()
            session.add(link)
    session.flush()
    merge_row(session, "advocate", advocate.id, kept.id, MOVERS)


def _narrow_terms(kept: Advocate, other: Advocate) -> None:
    """Have the stricter terms of two advocates hold."""
    agreed = set(split_values(other.activities))
    kept.activities = join_values(name for name in split_values(kept.activities) if name in agreed)
    for name in ("calls_a_quarter", "events_in_two_quarters"):
        limits = [x for x in (getattr(kept, name), getattr(other, name)) if x is not None]
        setattr(kept, name, min(limits, default=None))
    pauses = [day for day in (kept.paused_until, other.paused_until) if day]
    kept.paused_until = max(pauses, default=None)
    kept.own_terms = kept.own_terms or other.own_terms
    kept.note = kept.note or other.note


def _move_wrong_tie(session: Session, row: WrongTie, column: str, into: int) -> None:
    """Have a tie that is wrong be that of the other person."""
    if column == "by_id":
        row.by_id = into
        return
    stays = row.other_id if column == "one_id" else row.one_id
    one, other = pair(into, stays)
    same = select(WrongTie.id).where(
        WrongTie.one_id == one, WrongTie.other_id == other, WrongTie.kind == row.kind
    )
    if stays == into or session.exec(same).first() is not None:
        session.delete(row)
        return
    row.one_id, row.other_id = one, other
    session.add(row)


MOVERS: Movers = {Tie: _move_tie, WrongTie: _move_wrong_tie, Advocate: _move_advocate}


def former_key(session: Session, kind: type[SQLModel], key: str) -> str | None:
    """The key of the account or the person into which the one of this key was merged."""
    if not key:
        return None
    query: Any
    if kind is Account:
        query = select(Account.key).join(
            FormerAccount, col(FormerAccount.account_id) == col(Account.id)
        )
        query = query.where(FormerAccount.key == key)
    else:
        query = select(Person.key).join(FormerPerson, col(FormerPerson.person_id) == col(Person.id))
        query = query.where(FormerPerson.key == key)
    found: str | None = session.exec(query.limit(1)).first()
    return found
