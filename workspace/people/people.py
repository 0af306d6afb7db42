"""People: lists, a person's facts, and who can edit them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.accounts.accounts import Account
from workspace.audit import audit, audit_all
from workspace.changes import assign, differing
from workspace.database import batches, contains, fetch, page_by_name, select_row
from workspace.errors import Forbidden, Invalid
from workspace.keys import add_with_keys, random_key, row_of_key
from workspace.people.field_rights import FieldGroup, readable_fields
from workspace.people.tables import (
    Education,
    Employment,
    Gathering,
    Member,
    MemberRole,
    Membership,
    Person,
    Role,
)
from workspace.people.viewer import Viewer
from workspace.reading import found_once


@dataclass(frozen=True)
class PersonSummary:
    """A person with their account, and whether they are a member."""

    id: int
    key: str
    name: str
    title: str
    account: str | None
    account_key: str | None
    member: bool


@dataclass(frozen=True)
class PersonRow(PersonSummary):
    """A person as a line of a list."""

    city: str
    country: str | None
    skills: str
    own: dict[str, Any]


def select_people(row: type[PersonSummary]) -> sa.Select[Any]:
    """A query for people as rows of that dataclass."""
    return (
        select_row(
            row,
            Person,
            account=Account.name,
            account_key=Account.key,
            member=col(Member.person_id).is_not(None),
        )
        .outerjoin(Account, col(Account.id) == col(Person.account_id))
        .outerjoin(Member, col(Member.person_id) == col(Person.id))
    )


# No order column is null, so that a page can begin after any row.
_ORDERS: dict[str, Any] = {
    "name": sa.func.lower(Person.name),
    "title": sa.func.lower(Person.title),
    "account": sa.func.lower(sa.func.coalesce(Account.name, "")),
    "location": sa.func.lower(Person.city),
}
PERSON_ORDERS = tuple(_ORDERS)


def person_rows(
    session: Session,
    *,
    text: str | None = None,
    members: bool | None = None,
    account_id: int | None = None,
    own: Sequence[sa.ColumnElement[bool]] = (),
    order: str = "name",
    own_order: sa.ColumnElement[Any] | None = None,
    descending: bool = False,
    after: str | None = None,
    limit: int = 50,
) -> list[PersonRow]:
    """People in order, after the person of the key `after`; `own` is about own fields.

    `own_order` takes the place of `order`: what an own field makes of its column.
    """
    where = list(own)
    if text:
        where.append(contains(text, Person.name, Person.title, Person.skills, Account.name))
    if members is not None:
        member_id = col(Member.person_id)
        where.append(member_id.is_not(None) if members else member_id.is_(None))
    if account_id is not None:
        where.append(col(Person.account_id) == account_id)
    return page_by_name(
        session,
        PersonRow,
        select_people(PersonRow),
        Person,
        where=where,
        order=_ORDERS[order] if own_order is None else own_order,
        descending=descending,
        after=after,
        limit=limit,
    )


def find_person(session: Session, viewer: Viewer, text: str) -> Person:
    """The person of a name, an e-mail address or a key; Invalid unless there is exactly one.

    Viewers who may not read contacts' addresses find members alone by an address.
    """
    column = Person.email if "@" in text else Person.name
    same = sa.func.lower(column) == text.lower()
    if "@" in text and FieldGroup.ADDRESSES not in readable_fields(session, viewer):
        same = sa.and_(same, col(Person.id).in_(select(Member.person_id)))
    people = session.exec(select(Person).where(sa.or_(same, col(Person.key) == text))).all()
    if len(people) != 1:
        many = "Several are called so: give the e-mail address."
        problem = many if people else "Nobody is called so."
        raise Invalid(f"It is not clear who {text!r} is.", {"person": problem})
    return people[0]


@dataclass(frozen=True)
class ContactDetails:
    """How to reach a person."""

    id: int
    email: str | None
    phone: str
    street: str
    postcode: str


def readable_details(session: Session, viewer: Viewer) -> dict[int, ContactDetails]:
    """How to reach the people of whom a viewer may read it, by person: members always."""
    query = select_row(ContactDetails, Person)
    if FieldGroup.ADDRESSES not in readable_fields(session, viewer):
        query = query.where(col(Person.id).in_(select(Member.person_id)))
    return {row.id: row for row in fetch(session, ContactDetails, query)}


def member_of(session: Session, key: str) -> Person:
    """The active member of that key; Invalid if there is none."""
    person = session.exec(
        select(Person)
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(Person.key == key, col(Member.active).is_(True))
    ).first()
    if person is None:
        raise Invalid("Choose one of our members.", {"person": "Not a member."})
    return person


_ACTIVE_MEMBERS = (
    select(Person.key, Person.name)
    .join(Member, col(Member.person_id) == col(Person.id))
    .where(col(Member.active).is_(True))
    .order_by(Person.name)
)


def active_members(session: Session) -> list[tuple[str, str]]:
    """The members who can get a deal, a seat or an invitation, as (key, name)."""
    rows = found_once(session, _ACTIVE_MEMBERS, lambda: session.exec(_ACTIVE_MEMBERS).all())
    return [(key, name) for key, name in rows]


def roles_of(session: Session, person_id: int) -> list[str] | None:
    """A member's roles; None for a contact."""
    if not _is_member(session, person_id):
        return None
    rows = session.exec(select(MemberRole.role).where(MemberRole.person_id == person_id))
    return sorted(rows)


def career(session: Session, person_id: int) -> list[tuple[Employment, str | None]]:
    """A person's employments, the newest first, each with its account's key if it has one."""
    query = (
        select(Employment, Account.key)
        .outerjoin(Account, col(Account.id) == col(Employment.account_id))
        .where(Employment.person_id == person_id)
    )
    rows = session.exec(query).all()
    return sorted(rows, key=lambda row: _newest(row[0]), reverse=True)


def schooling(session: Session, person_id: int) -> Sequence[Education]:
    """A person's educations, the newest first."""
    rows = session.exec(select(Education).where(Education.person_id == person_id))
    return sorted(rows, key=_newest, reverse=True)


def memberships(session: Session, person_id: int) -> Sequence[Membership]:
    """A person's memberships, the newest first."""
    rows = session.exec(select(Membership).where(Membership.person_id == person_id))
    return sorted(rows, key=_newest, reverse=True)


def profile_address(text: str) -> str:
    """The normal form of a profile's address, without scheme, query or capitals.

    'https://pl.linkedin.com/in/Ines-Moreira/?trk=x' becomes 'linkedin.com/in/ines-moreira'.
    """
    address = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text.strip(), flags=re.IGNORECASE)
    address = unquote(re.split(r"[?#]", address, maxsplit=1)[0]).rstrip("/").lower()
    address = re.sub(r"^(?:www\.|m\.|[a-z]{2}\.(?=linkedin\.com/))", "", address)
    if not re.fullmatch(r"(?:[a-z0-9-]+\.)+[a-z]{2,}/[^\s<>\"'\\\x00-\x1f]+", address):
        raise Invalid(
            "A profile is a page on the web, such as https://linkedin.com/in/ines-moreira.",
            {"profile": "The address of a profile."},
        )
    if len(address) > 300:
        raise Invalid("This address is too long.", {"profile": "At most 300 characters."})
    return address


def may_edit(session: Session, viewer: Viewer, person: Person) -> bool:
    """Whether a viewer can edit this person.

    A member's facts are edited by the member and by administrators; a contact's by all members
    with a role.
    """
    if not viewer.may_write:
        return False
    if not _is_member(session, person.id):
        return True
    return person.id == viewer.person_id or Role.ADMIN in viewer.roles


def editable_person(session: Session, viewer: Viewer, key: str) -> Person:
    """The person of that key; Forbidden unless the viewer can edit them."""
    person = row_of_key(session, Person, key)
    if not may_edit(session, viewer, person):
        raise Forbidden("Members keep their own profile; ask them, or an administrator.")
    return person


def add_contact(session: Session, name: str, by: int | None, **facts: Any) -> Person:
    """Add a contact; one at an account that is not listed is not listed either."""
    _require_free(session, facts.get("email"))
    person = Person(key="", name=name, **facts)
    add_contacts(session, [person], by)
    return person


def add_contacts(session: Session, people: Sequence[Person], by: int | None) -> None:
    """Add contacts, for a caller who knows that nobody has their addresses.

    They get their keys here, with few statements.
    """
    account_ids = {person.account_id for person in people if person.account_id}
    unlisted: set[int] = set()
    for batch in batches(account_ids):
        among = select(Account.id).where(col(Account.id).in_(batch))
        unlisted |= set(session.exec(among.where(col(Account.listed).is_(False))))
    listed = []
    for person in people:
        if person.account_id in unlisted:
            person.listed = False
        if person.listed:
            listed.append(person)
        else:
            # A key from their name would keep the next person of that name from having it.
            person.key = random_key(session, Person, "person-")
            session.add(person)
    add_with_keys(session, Person, listed)
    session.flush()
    audit_all(session, by, "person added", [f"person {person.id}" for person in people])


def list_account(session: Session, account_id: int | None) -> None:
    """Let everybody know of an account, and of the people there."""
    if account_id is None:
        return
    account = session.get_one(Account, account_id)
    if account.listed:
        return
    account.listed = True
    session.add(account)
    list_people(session, session.exec(select(Person.id).where(Person.account_id == account_id)))


def list_people(session: Session, ids: Iterable[int]) -> None:
    """Let everybody know of these people.

    A person with the address of another who is listed stays as they are: two would have it.
    """
    rows = select(Person).where(col(Person.id).in_(set(ids)), col(Person.listed).is_(False))
    for person in session.exec(rows).all():
        same = select(Person.id).where(Person.email == person.email, col(Person.listed).is_(True))
        if person.email is None or session.exec(same).first() is None:
            person.listed = True
            session.add(person)
            session.flush()


def edit_person(session: Session, person: Person, by: int | None, changes: dict[str, Any]) -> bool:
    """Change columns of a person; whether anything differed."""
    changed = differing(person, changes)
    if "email" in changed:
        _require_free(session, changed["email"])
        if changed["email"] is None and _is_member(session, person.id):
            raise Invalid(
                "A member needs an email address to sign in.", {"email": "Required to sign in."}
            )
    assign(person, changed)
    if changed:
        if person.listed:
            list_account(session, changed.get("account_id"))
        session.add(person)
        session.flush()
        # The audit log outlives a person's data, so it names the changed facts, not their values.
        audit(session, by, "person edited", f"person {person.id}", {"changed": sorted(changed)})
    return bool(changed)


def add_employment(
    session: Session, person: Person, organisation: str, by: int | None, **facts: Any
) -> Employment:
    """Add an employment, linked to the account of the organisation's name if there is one."""
    account = _listed_account(session, organisation)
    row = Employment(person_id=person.id, organisation=organisation, account_id=account, **facts)
    _add_fact(session, row, by, "employment")
    return row


def add_education(
    session: Session, person: Person, institution: str, by: int | None, **facts: Any
) -> Education:
    """Add an education at a school or university."""
    row = Education(person_id=person.id, institution=institution, **facts)
    _add_fact(session, row, by, "education")
    return row


def add_membership(
    session: Session, person: Person, kind: str, organisation: str, by: int | None, **facts: Any
) -> Membership:
    """Add a membership of an association or a board, or the attendance of an event."""
    if kind not in list(Gathering):
        raise Invalid(
            "Choose an association, a board or an event.", {"kind": "Choose from the list."}
        )
    row = Membership(person_id=person.id, kind=kind, organisation=organisation, **facts)
    _add_fact(session, row, by, "membership")
    return row


def _add_fact(
    session: Session, row: Employment | Education | Membership, by: int | None, noun: str
) -> None:
    _require_dates(row)
    session.add(row)
    session.flush()
    audit(session, by, f"{noun} added", f"person {row.person_id}")


def _require_dates(row: Employment | Education | Membership) -> None:
    if row.start and row.end and row.end < row.start:
        raise Invalid("The end is before the start.", {"end": "Enter a date after the start."})


def _listed_account(session: Session, organisation: str) -> int | None:
    """The account of an organisation's name; a link to one that is not listed would tell of it."""
    same = select(Account.id).where(Account.name == organisation, col(Account.listed).is_(True))
    return session.exec(same).first()


def edit_fact(
    session: Session,
    row: Employment | Education | Membership,
    by: int | None,
    changes: dict[str, Any],
) -> None:
    """Correct an employment, an education or a membership; its source stays."""
    changed = differing(row, changes)
    assign(row, changed)
    _require_dates(row)
    if isinstance(row, Employment) and "organisation" in changed:
        row.account_id = _listed_account(session, row.organisation)
    if changed:
        session.add(row)
        session.flush()
        noun = type(row).__name__.lower()
        detail: dict[str, object] = {"changed": sorted(changed)}
        audit(session, by, f"{noun} edited", f"person {row.person_id}", detail)


def _is_member(session: Session, person_id: int) -> bool:
    query = select(Member.person_id).where(Member.person_id == person_id)
    return session.exec(query).first() is not None


def _require_free(session: Session, email: str | None) -> None:
    if email and session.exec(select(Person.id).where(Person.email == email)).first():
        raise Invalid("Another person has this email address.", {"email": "Already in the record."})


def _newest(row: Employment | Education | Membership) -> tuple[bool, str, str]:
    return (row.end is None, str(row.end or ""), str(row.start or ""))
