"""Members: adding them, their roles, and whether they are active."""

import re
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, delete, select

from workspace.audit import audit
from workspace.errors import Conflict, Invalid
from workspace.keys import free_key
from workspace.people.tables import IdentityLink, Member, MemberRole, Person, Role, SignInRules
from workspace.people.viewer import Viewer
from workspace.reading import found_once


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
        require_free_address(session, email)
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
    """Give a member exactly these roles; the last administrator stays one."""
    roles = sorted(set(roles))
    if Role.ADMIN not in roles:
        _require_other_administrator(session, person_id)
    before = session.exec(select(MemberRole.role).where(MemberRole.person_id == person_id))
    detail: dict[str, object] = {"roles": [sorted(before), roles]}
    audit(session, by, "roles set", f"person {person_id}", detail)
    session.exec(delete(MemberRole).where(col(MemberRole.person_id) == person_id))
    session.add_all(MemberRole(person_id=person_id, role=role) for role in roles)
    session.flush()


def deactivate(session: Session, person_id: int, *, by: int | None = None) -> bool:
    """Take a member's access away; the last administrator keeps it. Whether they had it.

    The caller ends what the access consists of: sessions, invitations, and questions to them.
    """
    _require_other_administrator(session, person_id)
    return _set_active(session, person_id, False, "member deactivated", by)


def reactivate(session: Session, person_id: int, *, by: int | None = None) -> bool:
    """Give a member their access back, with their roles. Whether they had none."""
    return _set_active(session, person_id, True, "member reactivated", by)


def _set_active(
    session: Session, person_id: int, active: bool, action: str, by: int | None
) -> bool:
    member = locked_member(session, person_id)
    if member.active == active:
        return False
    member.active = active
    session.add(member)
    session.flush()
    audit(session, by, action, f"person {person_id}")
    return True


def locked_member(session: Session, person_id: int) -> Member:
    """A member, locked until this transaction ends, as they are now."""
    session.flush()
    query = select(Member).where(Member.person_id == person_id)
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.exec(locked).one()


def _require_other_administrator(session: Session, person_id: int) -> None:
    """Refuse to take the last administrator away: another one has to be able to sign in.

    All administrators are locked first, in one order, so that two of them cannot take each other's
    role at the same time.
    """
    session.flush()
    administrators = (
        select(Member.person_id, Member.password_hash)
        .join(MemberRole, col(MemberRole.person_id) == col(Member.person_id))
        .where(MemberRole.role == Role.ADMIN, col(Member.active).is_(True))
        .order_by(col(Member.person_id))
    )
    session.exec(administrators.with_for_update()).all()
    # Read again: another transaction may have changed them while this one waited for the locks.
    passwords = dict(session.exec(administrators).all())
    if person_id not in passwords:
        return
    rules = session.get(SignInRules, 1) or SignInRules()
    linked = set(
        session.exec(
            select(IdentityLink.person_id).where(col(IdentityLink.person_id).in_(passwords))
        )
    )
    others = {
        other_id
        for other_id, password in passwords.items()
        if (password and rules.takes_passwords) or other_id in linked
    }
    if not others - {person_id}:
        raise Conflict(
            "This is the last administrator who can sign in. Make another member an administrator"
            " first."
        )


_ROLES_OF = select(MemberRole.role).where(MemberRole.person_id == sa.bindparam("member"))


def viewer(session: Session, person_id: int, name: str) -> Viewer:
    """The viewer for a member, with their present roles."""
    roles = found_once(
        session,
        (MemberRole, person_id),
        lambda: session.exec(_ROLES_OF, params={"member": person_id}).all(),
    )
    return Viewer(person_id=person_id, name=name, roles=frozenset(Role(role) for role in roles))


def viewer_by_email(session: Session, email: str) -> Viewer:
    """The viewer for the active member with this e-mail address; `Invalid` if there is none."""
    person = member_by_email(session, email)
    if not session.get_one(Member, person.id).active:
        raise Invalid(f"{person.name} is deactivated.")
    return viewer(session, person.id, person.name)


def member_by_email(session: Session, email: str) -> Person:
    """The member with this e-mail address, active or not; `Invalid` if there is none."""
    person = session.exec(
        select(Person)
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(Person.email == email.strip().lower())
    ).first()
    if not person:
        raise Invalid(f"No member has the email address {email}.")
    return person


def active_member_id(session: Session, email: str) -> int | None:
    """The id of the active member with this e-mail address; None if there is none."""
    return session.exec(
        select(Person.id)
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(Person.email == email.strip().lower(), col(Member.active).is_(True))
    ).first()


def require_free_address(session: Session, email: str) -> None:
    """Refuse an address that another person has, or that is none."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise Invalid(f"'{email}' is no email address.", {"email": "name@example.com"})
    if session.exec(select(Person.id).where(Person.email == email)).first():
        raise Conflict(f"The email address {email} is already in use.")
