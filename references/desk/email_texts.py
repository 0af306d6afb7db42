"""The company's own texts for emails to guests, in place of the standard ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel, col

from references.desk.emails import (
    LINKS,
    NEEDED_FOR,
    STANDARD_TEXTS,
    ConsentEmail,
    Email,
    EmailKind,
    RequestFacts,
    TextKind,
    in_brackets,
    placeholders_of,
    required_of,
    values_of,
    written,
)
from references.desk.request import DESK_ROLES
from workspace.audit import audit
from workspace.delivery.outbox import without_secrets
from workspace.errors import Invalid
from workspace.people.viewer import Viewer, require_role

# What the pages show in place of a guest's own request.
SAMPLE = RequestFacts(
    activity="reference call",
    asker="Maria Santos",
    asker_email="maria.santos@example.com",
    advocate="Ana Duarte",
    customer="Porto Foods",
    prospect="Jan Novák, Head of planning at Moravia Bakeries",
    prospect_name="Jan Novák",
    message="You went from spreadsheets to daily plans in a quarter. They would like to hear how.",
    shared_message="Half an hour about the first three months.",
    minutes=30,
)


class EmailText(SQLModel, table=True):
    """A company's text for a kind of email, with placeholders and marks."""

    kind: str = Field(primary_key=True, max_length=30)
    subject: str = Field(max_length=200)
    body: str = Field(sa_type=Text)


@dataclass(frozen=True)
class TextRow:
    """The text in use for a kind of email."""

    kind: TextKind
    subject: str
    is_own: bool


def texts_in_use(session: Session) -> list[TextRow]:
    """The text of each kind, in the order in which guests get the emails."""
    own = dict(session.execute(sa.select(col(EmailText.kind), col(EmailText.subject))).all())
    return [
        TextRow(kind, own.get(kind, standard.subject), kind in own)
        for kind, standard in STANDARD_TEXTS.items()
    ]


def text_of(session: Session, kind: TextKind) -> Email:
    """The text of a kind: the company's, or the one that comes with the product."""
    own = session.get(EmailText, kind)
    return Email(own.subject, own.body) if own else STANDARD_TEXTS[kind]


def company_email(session: Session, kind: EmailKind, facts: RequestFacts) -> Email:
    """An email about a request in the company's words, with marks."""
    return written(text_of(session, kind), values_of(kind, facts))


def set_text(session: Session, viewer: Viewer, kind: TextKind, text: Email) -> None:
    """Set the text of a kind; `Invalid` where a guest would miss something, or get brackets.

    The text that comes with the product takes the place of the company's own.
    """
    require_role(viewer, *DESK_ROLES)
    text = Email(" ".join(text.subject.split()), text.body.strip() + "\n")
    if wrong := problems_of(kind, text):
        raise Invalid("This text cannot be used.", wrong)
    own, before = session.get(EmailText, kind), text_of(session, kind)
    if text == STANDARD_TEXTS[kind]:
        if own:
            session.delete(own)
    else:
        own = own or EmailText(kind=kind, subject="", body="")
        own.subject, own.body = text.subject, text.body
        session.add(own)
    session.flush()
    if text != before:
        detail: dict[str, object] = {"subject": [before.subject, text.subject]}
        if before.body != text.body:
            detail["text"] = [before.body, text.body]
        audit(session, viewer.person_id, "email text set", f"email {kind}", detail)


def problems_of(kind: TextKind, text: Email) -> dict[str, str]:
    """What is wrong with a text, by field."""
    known, wrong = placeholders_of(kind), {}
    for name, part in (("subject", text.subject), ("body", text.body)):
        unknown = [each for each in in_brackets(part) if each not in known]
        if unknown:
            wrong[name] = (
                f"{_listed(unknown)} {'is' if len(unknown) == 1 else 'are'} no placeholder of this"
                " email. Choose from the list, or write it without brackets."
            )
        elif without_secrets(part) != part:
            wrong[name] = "Remove the link: each email gets one of its own."
    if links := [each for each in in_brackets(text.subject) if each in LINKS]:
        wrong["subject"] = f"Remove {_listed(links)}: links stand in the text alone."
    missing = [each for each in required_of(kind) if each not in in_brackets(text.body)]
    if missing:
        wrong.setdefault(
            "body",
            " ".join(f"Add {each}: without it {NEEDED_FOR[each]}." for each in missing),
        )
    return wrong


def sample_of(kind: TextKind, text: Email) -> Email:
    """The email that a guest of an invented request gets."""
    about = EmailKind.INVITATION if isinstance(kind, ConsentEmail) else kind
    return written(text, values_of(about, SAMPLE))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(names))
