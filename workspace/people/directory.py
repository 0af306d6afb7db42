"""The members as administrators see them: their roles, and how they stand with their access."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.clock import now
from workspace.database import contains, fetch, page_by_name, select_row
from workspace.errors import NotFound
from workspace.people.sign_in.tables import MemberInvitation, SignInAttempt, SignInSession
from workspace.people.sign_in.throttling import account_subject, locked_accounts
from workspace.people.tables import Member, MemberRole, Person, Role


class Access(StrEnum):
    """How a member stands with their access."""

    ACTIVE = "active"
    # Active, but without a password; the link may have ended.
    INVITED = "invited"
    # Too many wrong passwords in a short time.
    LOCKED = "locked"
    DEACTIVATED = "deactivated"


@dataclass(frozen=True)
class MemberRow:
    """A member with their roles and their access."""

    id: int
    key: str
    name: str
    email: str | None
    active: bool
    has_password: bool
    # Until when their link works.
    invited_until: datetime | None
    # The browsers in which they are signed in.
    sessions: int
    roles: Sequence[str] = field(default=())
    locked: bool = False

    @property
    def access(self) -> Access:
        """How they stand with their access."""
        if not self.active:
            return Access.DEACTIVATED
        if not self.has_password:
            return Access.INVITED
        return Access.LOCKED if self.locked else Access.ACTIVE


def member_rows(
    session: Session,
    *,
    text: str | None = None,
    access: Access | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[MemberRow]:
    """Members by name, after the member of the key `after`."""
    query = _members()
    if text:
        query = query.where(contains(text, Person.name, Person.email, Person.title))
    if access:
        query = query.where(_has_access(access))
    rows = page_by_name(session, MemberRow, query, Person, after=after, limit=limit)
    return _complete(session, rows)


def member_row(session: Session, key: str) -> MemberRow:
    """The member of that key, active or not; NotFound if there is none."""
    rows = fetch(session, MemberRow, _members().where(col(Person.key) == key))
    if not rows:
        raise NotFound("There is no such member.")
    return _complete(session, rows)[0]


def _members() -> sa.Select[Any]:
    open_sessions = (
        sa.select(sa.func.count())
        .select_from(SignInSession)
        .where(
            col(SignInSession.person_id) == col(Person.id), col(SignInSession.expires_at) > now()
        )
        .scalar_subquery()
    )
    return (
        select_row(
            MemberRow,
            Person,
            active=col(Member.active),
            has_password=col(Member.password_hash).is_not(None),
            invited_until=col(MemberInvitation.expires_at),
            sessions=open_sessions,
        )
        .join(Member, col(Member.person_id) == col(Person.id))
        .outerjoin(
            MemberInvitation,
            sa.and_(
                col(MemberInvitation.person_id) == col(Person.id),
                col(MemberInvitation.expires_at) > now(),
            ),
        )
    )


def _has_access(access: Access) -> sa.ColumnElement[bool]:
    active = col(Member.active).is_(True)
    has_password = col(Member.password_hash).is_not(None)
    match access:
        case Access.DEACTIVATED:
            return sa.not_(active)
        case Access.INVITED:
            return sa.and_(active, sa.not_(has_password))
        case Access.LOCKED:
            locked = sa.literal("account ").concat(col(Person.email)).in_(locked_accounts())
            return sa.and_(active, has_password, locked)
    return sa.and_(active, has_password)


def _complete(session: Session, rows: Sequence[MemberRow]) -> list[MemberRow]:
    """The rows with roles and locks, which take one query each."""
    ids = [row.id for row in rows]
    roles: dict[int, set[str]] = {}
    query = select(MemberRole.person_id, MemberRole.role)
    for person_id, role in session.exec(query.where(col(MemberRole.person_id).in_(ids))):
        roles.setdefault(person_id, set()).add(role)
    accounts = [account_subject(row.email or "") for row in rows]
    found = locked_accounts().where(col(SignInAttempt.subject).in_(accounts))
    locked = set(session.execute(found).scalars())
    return [
        replace(
            row,
            roles=[role for role in Role if role in roles.get(row.id, ())],
            locked=account_subject(row.email or "") in locked,
        )
        for row in rows
    ]
