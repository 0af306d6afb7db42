"""Members: adding them, and their roles."""

import re
from collections.abc import Iterable
from typing import Any

from sqlmodel import Session, col, delete, select

from workspace.audit import audit
from workspace.errors import Conflict, Invalid
from workspace.keys import free_key
from workspace.people.tables import Member, MemberRole, Person, Role
from workspace.people.viewer import Viewer


def add_member(
    session: Session,
    name: str,
    email: str | None,
    roles: Iterable[Role],
    *,
    by: int | None = None,
    **facts: Any,
) -> Person:
    """Add a member, who can sign in once they have an e-mail address and a password."""
    email = email.strip().lower() if email else None
    if email:
        _require_free_address(session, email)
    person = Person(key=free_key(session, Person, name), name=name, email=email, **facts)
    session.add(person)
    session.flush()
    session.add(Member(person_id=person.id))
    session.flush()
    roles = sorted(set(roles))
    session.add_all(MemberRole(person_id=person.id, role=role) for role in roles)
    session.flush()
    audit(session, by, "member added", f"person {person.id}", {"roles": roles})
    return person


def set_roles(
    session: Session, person_id: int, roles: Iterable[Role], *, by: int | None = None
) -> None:
    """Give a member exactly these roles."""
    roles = sorted(set(roles))
    before = session.exec(select(MemberRole.role).where(MemberRole.person_id == person_id))
    detail: dict[str, object] = {"roles": [sorted(before), roles]}
    audit(session, by, "roles set", f"person {person_id}", detail)
    session.exec(delete(MemberRole).where(col(MemberRole.person_id) == person_id))
    session.add_all(MemberRole(person_id=person_id, role=role) for role in roles)
    session.flush()


def viewer(session: Session, person_id: int, name: str) -> Viewer:
    """The viewer for a member, with their present roles."""
    roles = session.exec(select(MemberRole.role).where(MemberRole.person_id == person_id))
    return Viewer(person_id=person_id, name=name, roles=frozenset(Role(role) for role in roles))


def viewer_by_email(session: Session, email: str) -> Viewer:
    """The viewer for the member with this e-mail address; `Invalid` if there is none."""
    person = session.exec(
        select(Person)
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(Person.email == email.strip().lower())
    ).first()
    if not person:
        raise Invalid(f"No member has the e-mail address {email}.")
    return viewer(session, person.id, person.name)


def _require_free_address(session: Session, email: str) -> None:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise Invalid(f"'{email}' is no e-mail address.", {"email": "name@example.com"})
    if session.exec(select(Person.id).where(Person.email == email)).first():
        raise Conflict(f"Somebody has the e-mail address {email} already.")
