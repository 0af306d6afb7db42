"""Sessions: the browsers in which members are signed in, and how they end."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, delete, select

from workspace.audit import audit
from workspace.clock import now
from workspace.errors import NotFound
from workspace.people.members import viewer
from workspace.people.sign_in.rules import rules_of
from workspace.people.sign_in.tables import AddressChange, KnownDevice, PendingSignIn, SignInSession
from workspace.people.sign_in.tokens import new_token, token_hash
from workspace.people.tables import Member, Person, SignInRules
from workspace.people.viewer import Viewer
from workspace.reading import found_once

# How exactly the last use of a session is known: a write for each page would be too many.
NOTED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class SignedIn:
    """A browser that is signed in, and its member."""

    viewer: Viewer
    # Whether its use has to be noted again.
    is_due: bool


@dataclass(frozen=True)
class SessionRow:
    """A session as its member sees it."""

    key: str
    device: str
    address: str
    created_at: datetime
    last_used_at: datetime
    # Whether it is that of the browser which shows it.
    is_this: bool


def open_session(session: Session, person_id: int, device: str = "", address: str = "") -> str:
    """Sign a member in; returns the session's secret, for the cookie."""
    token = new_token()
    session.exec(delete(SignInSession).where(col(SignInSession.expires_at) < now()))
    session.add(
        SignInSession(
            token_hash=token_hash(token),
            key=secrets.token_hex(8),
            person_id=person_id,
            last_used_at=now(),
            expires_at=now() + rules_of(session).lifetime,
            device=device[:60],
            address=address[:60],
        )
    )
    return token


def close_sessions(session: Session, person_id: int) -> None:
    """Sign all browsers of a member out, and know none of them any more."""
    session.exec(delete(SignInSession).where(col(SignInSession.person_id) == person_id))
    session.exec(delete(KnownDevice).where(col(KnownDevice.person_id) == person_id))
    # What a stranger may have begun in one of them ends with it.
    session.exec(delete(PendingSignIn).where(col(PendingSignIn.person_id) == person_id))
    session.exec(delete(AddressChange).where(col(AddressChange.person_id) == person_id))


def end_sessions(session: Session, person_id: int, *, by: int | None) -> None:
    """Sign all browsers of a member out, for the member or an administrator."""
    close_sessions(session, person_id)
    audit(session, by, "sessions ended", f"person {person_id}")


def close_session(session: Session, token: str) -> None:
    """Sign a browser out; it may not have been signed in."""
    row = session.get(SignInSession, token_hash(token))
    if row is not None:
        session.delete(row)
        audit(session, row.person_id, "signed out", f"person {row.person_id}")


def end_session(session: Session, person_id: int, key: str) -> None:
    """Sign another browser of a member out."""
    row = session.exec(
        select(SignInSession).where(SignInSession.person_id == person_id, SignInSession.key == key)
    ).first()
    if row is None:
        raise NotFound("This browser is signed out already.")
    session.delete(row)
    audit(session, person_id, "signed out", f"person {person_id}", {"elsewhere": True})


def sessions_of(session: Session, person_id: int, token: str) -> list[SessionRow]:
    """The browsers in which a member is signed in, that of the secret first."""
    since = now() - rules_of(session).idle
    rows = session.exec(
        select(SignInSession)
        .where(
            SignInSession.person_id == person_id,
            col(SignInSession.expires_at) > now(),
            col(SignInSession.last_used_at) > since,
        )
        .order_by(col(SignInSession.last_used_at).desc(), col(SignInSession.key))
    )
    this = token_hash(token)
    listed = [
        SessionRow(
            row.key,
            row.device,
            row.address,
            row.created_at,
            row.last_used_at,
            row.token_hash == this,
        )
        for row in rows
    ]
    return sorted(listed, key=lambda row: not row.is_this)


_SIGNED_IN = (
    sa.select(
        col(Person.id),
        col(Person.name),
        col(SignInSession.last_used_at),
        col(SignInSession.expires_at),
        col(SignInRules.idle_minutes),
    )
    .join(SignInSession, col(SignInSession.person_id) == col(Person.id))
    .join(Member, col(Member.person_id) == col(Person.id))
    .outerjoin(SignInRules, sa.true())
    .where(
        col(SignInSession.token_hash) == sa.bindparam("hash"),
        col(Member.active).is_(True),
        col(Member.service).is_(False),
    )
)


def signed_in(session: Session, token: str) -> SignedIn | None:
    """The browser with this secret; None if its session has ended or its member is not active."""
    of = {"hash": token_hash(token)}
    row = found_once(
        session,
        (SignInSession, of["hash"]),
        lambda: session.execute(_SIGNED_IN, of).first(),
    )
    if row is None:
        return None
    person_id, name, last_used_at, expires_at, idle_minutes = row
    if expires_at <= now():
        return None
    unused = now() - last_used_at
    if unused >= timedelta(minutes=idle_minutes or SignInRules().idle_minutes):
        return None
    return SignedIn(viewer(session, person_id, name), unused >= NOTED_EVERY)


def viewer_of(session: Session, token: str) -> Viewer | None:
    """The viewer for the secret of a session; None if it has ended or the member is not active."""
    found = signed_in(session, token)
    return found.viewer if found else None


def note_use(session: Session, token: str) -> None:
    """Note that a session is used now."""
    row = session.get(SignInSession, token_hash(token))
    if row is not None:
        row.last_used_at = now()
        session.add(row)
