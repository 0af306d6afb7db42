"""The emails to guests as members read them.

The links in them act in the guest's name. So the desk alone reads those, to send an email by hand,
and never a member who asks the same advocate for a reference.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from references.desk.advocates import Advocate
from references.desk.guest_links import advocate_outbox_subject
from references.desk.request import DESK_ROLES, ReferenceRequest
from references.desk.rules import asks_advocate, others_on_desk, outbox_subject
from workspace.delivery import outbox
from workspace.delivery.outbox import OutboxMessage, without_secrets
from workspace.errors import NotFound
from workspace.people.field_rights import FieldGroup, readable_fields
from workspace.people.viewer import Viewer
from workspace.told import Told


@dataclass(frozen=True)
class Letter:
    """An email to a guest; its text has links only for members who may send it by hand."""

    id: int
    subject: str
    recipient: str
    body: str
    calendar: str | None
    method: str
    attempts: int
    problem: Told
    sent_at: datetime | None
    # What came back for it, when, and in whose words.
    returned: str
    returned_at: datetime | None
    returned_why: str
    may_send: bool


@dataclass(frozen=True)
class Letters:
    """The emails about a subject, and whether another member of the desk could send them."""

    rows: list[Letter]
    others_may_send: bool


def may_read_emails(viewer: Viewer, request: ReferenceRequest) -> bool:
    """Whether a viewer may read the emails about a request, but for links: the desk, the asker."""
    return bool(viewer.roles & set(DESK_ROLES)) or (
        viewer.may_write and viewer.person_id == request.requested_by_id
    )


def letters_of_request(session: Session, viewer: Viewer, request: ReferenceRequest) -> Letters:
    """The emails about a request that the viewer may see: for the desk and the asker."""
    if not may_read_emails(viewer, request):
        return Letters([], others_may_send=False)
    advocate = session.get(Advocate, request.advocate_id) if request.advocate_id else None
    return _letters(session, viewer, outbox_subject(request), advocate, request.deal_id)


def letters_of_advocate(session: Session, viewer: Viewer, advocate: Advocate) -> Letters:
    """The emails about an advocate's consent: for the desk."""
    if not viewer.roles & set(DESK_ROLES):
        return Letters([], others_may_send=False)
    return _letters(session, viewer, advocate_outbox_subject(advocate.id), advocate, None)


def mark_sent(session: Session, viewer: Viewer, letters: Letters, message_id: int) -> None:
    """Mark one of these emails as sent by hand; NotFound unless the viewer may send it."""
    if not any(letter.may_send and letter.id == message_id for letter in letters.rows):
        raise NotFound("There is no such message.")
    outbox.sent_by_hand(session, message_id)


def _letters(
    session: Session,
    viewer: Viewer,
    about: str,
    advocate: Advocate | None,
    deal_id: int | None,
) -> Letters:
    messages = outbox.messages_about(session, about)
    asks = advocate is not None and asks_advocate(session, viewer.person_id, advocate.id)
    is_desk = bool(viewer.roles & set(DESK_ROLES))
    shows_address = FieldGroup.ADDRESSES in readable_fields(session, viewer)
    return Letters(
        [
            _letter(
                message,
                shows_address=shows_address,
                may_send=is_desk and not asks and message.asked_by_id != viewer.person_id,
            )
            for message in messages
        ],
        others_may_send=bool(others_on_desk(session, viewer.person_id, deal_id)),
    )


def _letter(message: OutboxMessage, *, may_send: bool, shows_address: bool) -> Letter:
    return Letter(
        id=message.id,
        subject=message.subject,
        recipient=message.recipient if may_send or shows_address else "",
        body=message.body if may_send else without_secrets(message.body),
        calendar=message.calendar,
        method=message.method,
        attempts=message.attempts,
        problem=message.problem,
        sent_at=message.sent_at,
        returned=message.returned,
        returned_at=message.returned_at,
        returned_why=message.returned_why,
        may_send=may_send,
    )
