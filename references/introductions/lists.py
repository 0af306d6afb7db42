"""A member's introduction requests: those they made, and those they received."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.introductions.tables import (
    Answer,
    IntroductionRequest,
    Standing,
    may_answer,
    outbox_subject,
    standing_of,
    waits_for_answer,
)
from references.network.paths import path_people
from workspace.clock import today
from workspace.deals.lists import deal_names
from workspace.delivery.outbox import OutboxMessage
from workspace.people.field_rights import FieldGroup, readable_fields
from workspace.people.people import PersonSummary
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

# A list shows at most so many requests, the newest ones.
SHOWN = 100


@dataclass(frozen=True)
class OwnRequest:
    """A request as its asker sees it."""

    key: str
    person: PersonSummary
    # None while the asker may not know the connector.
    connector: PersonSummary | None
    deal_key: str | None
    deal_name: str
    why: str
    standing: Standing
    asked_on: date
    expires_on: date
    introduced_on: date | None


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as its connector sees it."""

    key: str
    asker: PersonSummary
    person: PersonSummary
    # Whether they have an address, and the address if the viewer may read it.
    has_email: bool
    email: str | None
    # Whether the asker does not know the connector, and learns it only with a yes.
    hidden: bool
    deal_key: str | None
    deal_name: str
    why: str
    message: str
    answer: Answer
    waiting: bool
    # Whether an answer can still be given or changed.
    open: bool
    withdrawn: bool
    asked_on: date
    expires_on: date
    again_on: date | None
    introduced_on: date | None
    # Whether the message was queued as a mail, and when it was sent.
    mailed: bool
    sent_at: datetime | None


def requests_by(session: Session, viewer: Viewer) -> list[OwnRequest]:
    """The requests that a member made, the newest first."""
    requests = _requests(session, col(IntroductionRequest.asker_id) == viewer.person_id)
    people = path_people(
        session, {person for row in requests for person in (row.person_id, row.connector_id)}
    )
    deals = deal_names(session, viewer, {row.deal_id for row in requests if row.deal_id})
    own = []
    for row in requests:
        if row.person_id not in people:
            # They may no longer know of a person who came with a confidential deal.
            continue
        standing = standing_of(row, today())
        agreed = row.answer == Answer.YES
        deal_key, deal_name = deals.get(row.deal_id or 0, (None, ""))
        own.append(
            OwnRequest(
                key=row.key,
                person=people[row.person_id],
                connector=people[row.connector_id] if row.connector_shown or agreed else None,
                deal_key=deal_key,
                deal_name=deal_name,
                why=row.why,
                standing=standing,
                asked_on=row.created_at.date(),
                expires_on=row.expires_on,
                introduced_on=row.introduced_on,
            )
        )
    return own


def requests_to(session: Session, viewer: Viewer) -> list[ReceivedRequest]:
    """The requests that a member received: those with an answer due first, then the newest."""
    # Who has left needs no introduction any more.
    active = select(Member.person_id).where(col(Member.active).is_(True))
    requests = _requests(
        session,
        sa.and_(
            col(IntroductionRequest.connector_id) == viewer.person_id,
            col(IntroductionRequest.asker_id).in_(active),
        ),
    )
    people = path_people(
        session, {person for row in requests for person in (row.person_id, row.asker_id)}
    )
    emails = dict(
        session.exec(
            select(Person.id, Person.email).where(
                col(Person.id).in_([row.person_id for row in requests])
            )
        ).all()
    )
    deals = deal_names(session, viewer, {row.deal_id for row in requests if row.deal_id})
    mails = _mails(session, requests)
    shows_email = FieldGroup.ADDRESSES in readable_fields(session, viewer)
    received = []
    for row in requests:
        if row.person_id not in people:
            continue
        deal_key, deal_name = deals.get(row.deal_id or 0, (None, ""))
        mail = mails.get(outbox_subject(row))
        received.append(
            ReceivedRequest(
                key=row.key,
                asker=people[row.asker_id],
                person=people[row.person_id],
                has_email=bool(emails[row.person_id]),
                email=emails[row.person_id] if shows_email else None,
                hidden=not row.connector_shown,
                deal_key=deal_key,
                deal_name=deal_name,
                why=row.why,
                message=row.message or row.draft,
                answer=Answer(row.answer),
                waiting=waits_for_answer(row, today()),
                open=may_answer(row, today()),
                withdrawn=row.withdrawn,
                asked_on=row.created_at.date(),
                expires_on=row.expires_on,
                again_on=row.again_on,
                introduced_on=row.introduced_on,
                mailed=mail is not None,
                sent_at=mail.sent_at if mail else None,
            )
        )
    return sorted(received, key=lambda row: not row.waiting)


def _requests(session: Session, whose: sa.ColumnElement[bool]) -> Sequence[IntroductionRequest]:
    newest = col(IntroductionRequest.id).desc()
    return session.exec(
        select(IntroductionRequest).where(whose).order_by(newest).limit(SHOWN)
    ).all()


def _mails(session: Session, requests: Sequence[IntroductionRequest]) -> dict[str, OutboxMessage]:
    subjects = [outbox_subject(row) for row in requests if row.answer == Answer.YES]
    rows = session.exec(select(OutboxMessage).where(col(OutboxMessage.about).in_(subjects)))
    return {row.about: row for row in rows}
