"""Codes that are emailed to an advocate, by which they confirm that consent may be widened."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlmodel import Field, Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from references.desk import emails
from references.desk.advocates import Advocate
from references.desk.guest_links import confirmed_address
from workspace.audit import audit
from workspace.clock import now
from workspace.database import SECRET
from workspace.delivery import outbox
from workspace.errors import Conflict, Invalid, TooMany
from workspace.people.tables import Person

CODE_MINUTES = 60
# How many codes an advocate is sent within CODE_MINUTES.
MOST_CODES = 3


class ConsentCode(SQLModel, table=True):
    """A code that an advocate was sent. Only its hash is stored."""

    __table_args__ = {"info": {SECRET: True}}

    id: int = Field(default=None, primary_key=True)
    advocate_id: int = Field(foreign_key="advocate.id", index=True, ondelete="CASCADE")
    code_hash: str = Field(max_length=64)
    created_at: datetime = Field(default_factory=now)
    used_at: datetime | None = None


def send_code(session: Session, advocate: Advocate, *, mail_is_sent: bool) -> str:
    """Email a code to the advocate's confirmed address, and return the address.

    No page shows the email. So without a mail server, nobody could get the code.
    """
    if not mail_is_sent:
        raise Conflict(
            "A code from an email is needed for this, but no mail server is set up. Set one up,"
            " or change the rules of the reference desk."
        )
    person = session.get_one(Person, advocate.person_id)
    address = confirmed_address(person, advocate.address)
    if len(session.exec(_recent(advocate)).all()) >= MOST_CODES:
        raise TooMany(f"{MOST_CODES} codes were sent within an hour. Use one of them, or wait.")
    code = secrets.token_hex(4).upper()
    session.add(ConsentCode(advocate_id=advocate.id, code_hash=_hash(advocate, code)))
    email = emails.code(person.name, code, CODE_MINUTES)
    outbox.queue(session, address, email.subject, email.body, about=f"code {advocate.id}")
    audit(session, None, "code sent", f"person {person.id}", {"sent_to": address})
    return address


def use_code(session: Session, advocate: Advocate, code: str) -> bool:
    """Use a code, if one was typed; Invalid if it is wrong, too old or used."""
    if not code:
        return False
    same = _recent(advocate).where(
        ConsentCode.code_hash == _hash(advocate, code.strip().upper()),
        col(ConsentCode.used_at).is_(None),
    )
    row = session.exec(same.with_for_update()).first()
    if row is None:
        raise Invalid(
            "This code does not work.", {"code": "Wrong, used or older than an hour. Check it."}
        )
    row.used_at = now()
    session.add(row)
    return True


def _recent(advocate: Advocate) -> SelectOfScalar[ConsentCode]:
    return select(ConsentCode).where(
        ConsentCode.advocate_id == advocate.id,
        col(ConsentCode.created_at) > now() - timedelta(minutes=CODE_MINUTES),
    )


def _hash(advocate: Advocate, code: str) -> str:
    return hashlib.sha256(f"{advocate.id} {code}".encode()).hexdigest()
