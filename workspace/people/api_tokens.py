"""API tokens: what other programs prove with that they act for a member.

A personal token acts for the member who made it. A service token acts for a service account: a
member who cannot sign in, with roles of its own. Only the hash of a token's secret is stored.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.audit import audit
from workspace.clock import now
from workspace.database import FOLLOWS, SECRET, fetch, select_row
from workspace.errors import Conflict, Invalid, NotFound
from workspace.people import members
from workspace.people.sign_in.tokens import new_token, token_hash
from workspace.people.tables import Member, Person, Role
from workspace.people.viewer import Viewer
from workspace.told import Code, Told, told
from workspace.value_lists import join_values, split_values

# How every secret begins, so that programs that look for leaked secrets know it.
PREFIX = "dealkin_"
# How exactly the last use is known: a write for each call would be too many.
NOTED_EVERY = timedelta(hours=1)
LONGEST_DAYS = 366
# Tokens of one member that work at the same time.
MOST_TOKENS = 50
LONGEST_LABEL = 80


class Scope(StrEnum):
    """What a token may be used for, within the rights of its member."""

    READ = "read"
    WRITE = "write"
    # What is for managers and administrators: settings, members, the audit log.
    ADMINISTER = "administer"


class ApiToken(SQLModel, table=True):
    """A token of a member. It is kept after its end, so that its use can be refused by name."""

    __table_args__ = {"info": {FOLLOWS: True}}

    id: int = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True, max_length=64, sa_column_kwargs={"info": {SECRET: True}})
    # What it is called by when it is revoked.
    key: str = Field(unique=True, max_length=16)
    person_id: int = Field(foreign_key="member.person_id", index=True)
    label: str = Field(max_length=LONGEST_LABEL)
    # Joined by `value_lists.join_values`.
    scopes: str = Field(max_length=100)
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class TokenRow:
    """A token as its member and administrators see it."""

    id: int
    key: str
    label: str
    scopes: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    member: str
    member_key: str
    service: bool


@dataclass(frozen=True)
class KnownToken:
    """A token that a program has sent."""

    id: int
    key: str
    label: str
    viewer: Viewer
    scopes: frozenset[Scope]
    # Why it is refused; empty where it works.
    problem: Told
    # Whether its use has to be noted again.
    is_due: bool


def add_service(
    session: Session, name: str, roles: Iterable[Role], *, by: int | None = None
) -> Person:
    """Add a service account: a member whom only tokens act for."""
    person = members.add_member(session, name, None, roles, by=by)
    member = session.get_one(Member, person.id)
    member.service = True
    session.add(member)
    session.flush()
    return person


def create_token(
    session: Session,
    person_id: int,
    label: str,
    scopes: Iterable[Scope],
    days: int,
    *,
    by: int | None,
) -> tuple[ApiToken, str]:
    """Make a token of a member for some days; the token, and its secret, which is shown once."""
    chosen = [scope for scope in Scope if scope in set(scopes)]
    wrong = {}
    if not label.strip():
        wrong["label"] = "Required."
    if not chosen:
        wrong["scope"] = "Select what the token may do."
    if not 1 <= days <= LONGEST_DAYS:
        wrong["days"] = f"A number of days from 1 to {LONGEST_DAYS}."
    if wrong:
        raise Invalid("The token could not be created.", wrong)
    # Locked, so that a member who is being deactivated gets no token that outlives it.
    if not members.locked_member(session, person_id).active:
        raise Conflict("This member is deactivated. Reactivate them first.")
    if len(tokens_of(session, person_id)) >= MOST_TOKENS:
        raise Conflict(f"A member has at most {MOST_TOKENS} tokens. Revoke one first.")
    secret = PREFIX + new_token()
    token = ApiToken(
        token_hash=token_hash(secret),
        key=secrets.token_hex(6),
        person_id=person_id,
        label=label.strip()[:LONGEST_LABEL],
        scopes=join_values(chosen),
        expires_at=now() + timedelta(days=days),
    )
    session.add(token)
    session.flush()
    detail: dict[str, object] = {"label": token.label, "scopes": chosen, "days": days}
    audit(session, by, "API token created", f"person {person_id}", detail)
    return token, secret


def tokens_of(session: Session, person_id: int) -> list[TokenRow]:
    """The tokens of a member that work, the newest first."""
    return fetch(session, TokenRow, _working().where(col(ApiToken.person_id) == person_id))


def all_tokens(session: Session) -> list[TokenRow]:
    """The tokens of all members that work, the newest first."""
    return fetch(session, TokenRow, _working())


def services(session: Session) -> list[tuple[str, str]]:
    """The service accounts that are active, as (key, name)."""
    rows = session.exec(
        select(Person.key, Person.name)
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(col(Member.service).is_(True), col(Member.active).is_(True))
        .order_by(col(Person.name), col(Person.id))
    )
    return [(key, name) for key, name in rows]


def _working() -> sa.Select[Any]:
    return (
        select_row(
            TokenRow,
            ApiToken,
            member=col(Person.name),
            member_key=col(Person.key),
            service=col(Member.service),
        )
        .join(Person, col(Person.id) == col(ApiToken.person_id))
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(col(ApiToken.revoked_at).is_(None), col(ApiToken.expires_at) > now())
        .order_by(col(ApiToken.created_at).desc(), col(ApiToken.id).desc())
    )


def revoke_token(session: Session, viewer: Viewer, key: str) -> ApiToken:
    """End a token of the viewer's own; administrators end those of all members."""
    token = session.exec(
        select(ApiToken).where(ApiToken.key == key, col(ApiToken.revoked_at).is_(None))
    ).first()
    if token is None or (token.person_id != viewer.person_id and Role.ADMIN not in viewer.roles):
        raise NotFound("There is no such token.")
    _revoke(session, token, viewer.person_id)
    return token


def revoke_tokens(session: Session, person_id: int, by: int | None) -> None:
    """End all tokens of a member."""
    rows = session.exec(
        select(ApiToken).where(ApiToken.person_id == person_id, col(ApiToken.revoked_at).is_(None))
    )
    for token in rows.all():
        _revoke(session, token, by)


def _revoke(session: Session, token: ApiToken, by: int | None) -> None:
    token.revoked_at = now()
    session.add(token)
    detail: dict[str, object] = {"label": token.label}
    audit(session, by, "API token revoked", f"person {token.person_id}", detail)


def known_token(session: Session, secret: str) -> KnownToken | None:
    """The token with this secret, which may have ended; None if there is none."""
    row = session.exec(
        select(ApiToken, Person.name, Member.active)
        .join(Person, col(Person.id) == col(ApiToken.person_id))
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(ApiToken.token_hash == token_hash(secret))
    ).first()
    if row is None:
        return None
    token, name, active = row
    problem: Told = {}
    if token.revoked_at is not None or not active:
        problem = told(Code.TOKEN_REVOKED)
    elif token.expires_at <= now():
        problem = told(Code.TOKEN_EXPIRED)
    used = token.last_used_at
    return KnownToken(
        id=token.id,
        key=token.key,
        label=token.label,
        viewer=members.viewer(session, token.person_id, name),
        scopes=frozenset(Scope(scope) for scope in split_values(token.scopes)),
        problem=problem,
        is_due=used is None or now() - used >= NOTED_EVERY,
    )


def note_use(session: Session, token_id: int) -> None:
    """Note that a token is used now."""
    token = session.get_one(ApiToken, token_id)
    token.last_used_at = now()
    session.add(token)


def note_refusal(session: Session, token: KnownToken) -> None:
    """Note in the audit log that a token which has ended was used."""
    subject = f"person {token.viewer.person_id}"
    detail: dict[str, object] = {"label": token.label, "what": token.problem["code"]}
    audit(session, token.viewer.person_id, "API token refused", subject, detail)
