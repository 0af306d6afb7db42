"""Edited emails: what the desk or the asker makes of an email to a guest before it is sent.

An email may leave by a guest's answer, when no member is there. So it is edited before the step
that sends it, with marks for what exists only then, and each edit is kept.
"""

import re
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel, col, select

from references.desk.email_texts import company_email
from references.desk.emails import (
    LINKS,
    NEEDED_FOR,
    TO_PROSPECT,
    Email,
    EmailKind,
    RequestFacts,
    marks_of,
)
from references.desk.request import MEETINGS, STEPS, Party, ReferenceRequest, State
from workspace.audit import audit
from workspace.clock import now
from workspace.delivery.outbox import without_secrets
from workspace.errors import Conflict, Forbidden, Invalid
from workspace.keys import plain
from workspace.people.viewer import Viewer

# So many words in a row come from a message instead of being in both texts by accident, and so do
# two words that are both as long as this.
_QUOTED, _LONG = 3, 5

_BEFORE_ANSWER = (State.SUBMITTED, State.APPROVED, State.INVITED)
_AHEAD = (State.INVITED, State.ACCEPTED, State.SCHEDULED)
# The states in which each email may still be sent, and the steps of members that send it.
_SENT_BY: dict[EmailKind, tuple[tuple[State, ...], tuple[str, ...]]] = {
    EmailKind.INVITATION: ((State.DRAFT, State.SUBMITTED, State.APPROVED), ("invite",)),
    EmailKind.OTHER_TIMES: ((State.INVITED, State.ACCEPTED), ("other times",)),
    EmailKind.TIME_CHOICE: (_BEFORE_ANSWER, ()),
    EmailKind.ADVOCATE_APPOINTMENT: (_AHEAD, ("schedule", "reschedule")),
    EmailKind.PROSPECT_APPOINTMENT: (_AHEAD, ("schedule", "reschedule")),
    EmailKind.ADVOCATE_FEEDBACK: ((State.ACCEPTED, State.SCHEDULED), ("complete",)),
    EmailKind.PROSPECT_FEEDBACK: ((State.SCHEDULED,), ("complete",)),
    EmailKind.ADVOCATE_MISSED: ((State.SCHEDULED,), ("miss",)),
    EmailKind.PROSPECT_MISSED: ((State.SCHEDULED,), ("miss",)),
    EmailKind.ADVOCATE_CANCELLATION: (_AHEAD, ("cancel", "swap")),
    EmailKind.PROSPECT_CANCELLATION: ((State.ACCEPTED, State.SCHEDULED), ("cancel", "swap")),
}
# What only an activity with an appointment has.
_OF_MEETINGS = frozenset(EmailKind) - {
    EmailKind.INVITATION,
    EmailKind.ADVOCATE_FEEDBACK,
    EmailKind.ADVOCATE_CANCELLATION,
    EmailKind.PROSPECT_CANCELLATION,
}


class EditedEmail(SQLModel, table=True):
    """An edit of an email; the last one that is not discarded is sent."""

    id: int = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="referencerequest.id", index=True, ondelete="CASCADE")
    kind: str = Field(max_length=30)
    subject: str = Field(max_length=200)
    # With marks, so that no link is stored.
    body: str = Field(sa_type=Text)
    by_id: int | None = Field(default=None, foreign_key="person.id")
    at: datetime = Field(default_factory=now)
    discarded_at: datetime | None = None


def emails_ahead(request: ReferenceRequest, *, prospect_has_address: bool) -> list[EmailKind]:
    """The emails about a request that may still be sent, in the order of their kinds."""
    return [
        kind
        for kind, (states, _) in _SENT_BY.items()
        if request.state in states
        and (kind not in _OF_MEETINGS or request.activity in MEETINGS)
        and (kind not in TO_PROSPECT or prospect_has_address)
    ]


def may_edit_email(parties: Collection[Party], kind: EmailKind) -> bool:
    """Whether parties may edit an email: the desk each, the asker what their own steps send."""
    senders = {party for step in _SENT_BY[kind][1] for party in STEPS[step].who}
    return Party.DESK in parties or (Party.ASKER in parties and Party.ASKER in senders)


def current_edits(session: Session, request_id: int) -> dict[EmailKind, EditedEmail]:
    """The edit of each email that will be sent instead of the usual wording."""
    rows = session.exec(
        select(EditedEmail)
        .where(EditedEmail.request_id == request_id, col(EditedEmail.discarded_at).is_(None))
        .order_by(col(EditedEmail.id))
    )
    return {EmailKind(row.kind): row for row in rows}


def email_as_edited(
    session: Session, request_id: int, kind: EmailKind, facts: RequestFacts
) -> Email:
    """An email as it will be sent, with marks."""
    edit = current_edits(session, request_id).get(kind)
    return Email(edit.subject, edit.body) if edit else company_email(session, kind, facts)


def edit_email(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    parties: Collection[Party],
    kind: EmailKind,
    facts: RequestFacts,
    subject: str,
    body: str,
) -> None:
    """Keep an email as it was edited; `Invalid` where it lacks a mark, or tells what it must not.

    The usual wording discards earlier edits.
    """
    if not may_edit_email(parties, kind):
        raise Forbidden("Only customer marketing edits this email.")
    if request.state not in _SENT_BY[kind][0]:
        raise Conflict(f"This request is {request.state}; this email is not sent any more.")
    usual = company_email(session, kind, facts)
    email = Email(subject, body.strip() + "\n")
    _require_sendable(email, usual, kind, facts)
    before = current_edits(session, request.id).get(kind)
    discard_edits(session, request.id, kind)
    if email != usual:
        edit = EditedEmail(
            request_id=request.id,
            kind=kind,
            subject=email.subject,
            body=email.body,
            by_id=viewer.person_id,
        )
        session.add(edit)
    session.flush()
    detail: dict[str, object] = {
        "email": kind,
        "subject": [before.subject if before else usual.subject, email.subject],
    }
    audit(session, viewer.person_id, "reference email edited", f"deal {request.deal_id}", detail)


def discard_edits(session: Session, request_id: int, kind: EmailKind | None = None) -> None:
    """Go back to the usual wording of an email, or of all emails; the edits stay in the record."""
    edits = sa.update(EditedEmail).where(
        col(EditedEmail.request_id) == request_id, col(EditedEmail.discarded_at).is_(None)
    )
    if kind is not None:
        edits = edits.where(col(EditedEmail.kind) == kind)
    session.execute(
        edits.values(discarded_at=now()), execution_options={"synchronize_session": "fetch"}
    )


def _require_sendable(email: Email, usual: Email, kind: EmailKind, facts: RequestFacts) -> None:
    wrong = {}
    known = (usual.subject, usual.body, facts.shared_message)
    for field, text in (("subject", email.subject), ("body", email.body)):
        if without_secrets(text) != text:
            wrong[field] = "Remove the link: the email gets one of its own when it is sent."
        elif kind in TO_PROSPECT and (quote := _quote(facts.message, text, known)):
            wrong[field] = f"Remove “{quote}”: it is in the message for {facts.advocate} alone."
    for mark in LINKS:
        if mark in email.subject:
            wrong["subject"] = f"Remove {mark}: links stand in the text alone."
    missing = [mark for mark in marks_of(kind) if mark not in email.body]
    if missing:
        wrong.setdefault(
            "body",
            " ".join(f"Put {mark} back: without it {NEEDED_FOR[mark]}." for mark in missing),
        )
    if wrong:
        raise Invalid("This email cannot be sent like this.", wrong)


def _quote(message: str, text: str, said: Collection[str]) -> str:
    """The first words of a message for the advocate alone that a text repeats; empty if none.

    A few words in a row count, and so does a name or a figure alone, unless `said` has them, too.
    """
    words = re.findall(r"[\w’'-]+", message)
    quotes = [" ".join(words)] if len(words) < _QUOTED else []
    for start in range(len(words) - 1):
        pair = words[start : start + 2]
        if min(map(len, pair)) >= _LONG:
            quotes.append(" ".join(pair))
        if start + _QUOTED <= len(words):
            quotes.append(" ".join(words[start : start + _QUOTED]))
    for sentence in re.split(r"[.!?:\n]+", message):
        # Each sentence begins with a capital.
        for word in re.findall(r"[\w’'-]{2,}", sentence)[1:]:
            if word[0].isupper() or word[0].isdigit():
                quotes.append(word)
    padded, known = _padded(text), _padded(" ".join(said))
    return next((quote for quote in quotes if _tells(quote, padded, known)), "")


def _tells(quote: str, padded: str, known: str) -> bool:
    plain_quote = plain(quote)
    return bool(plain_quote) and f" {plain_quote} " in padded and f" {plain_quote} " not in known


def _padded(text: str) -> str:
    return f" {plain(text)} "
