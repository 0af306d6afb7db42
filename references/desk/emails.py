"""Pure: the wording of the emails to guests.

The text of each kind has placeholders, which are replaced as plain text when an email is written,
and marks, which are replaced when it is sent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class EmailKind(StrEnum):
    """An email about a request, by what it is for and who gets it."""

    INVITATION = "invitation"
    OTHER_TIMES = "other-times"
    TIME_CHOICE = "time-choice"
    ADVOCATE_APPOINTMENT = "appointment-advocate"
    PROSPECT_APPOINTMENT = "appointment-prospect"
    ADVOCATE_FEEDBACK = "feedback-advocate"
    PROSPECT_FEEDBACK = "feedback-prospect"
    ADVOCATE_MISSED = "missed-advocate"
    PROSPECT_MISSED = "missed-prospect"
    ADVOCATE_CANCELLATION = "cancellation-advocate"
    PROSPECT_CANCELLATION = "cancellation-prospect"


class ConsentEmail(StrEnum):
    """An email about consent, which belongs to no request."""

    REQUEST = "consent"
    RENEWAL = "consent-renewal"


TextKind = EmailKind | ConsentEmail

_BRACKETS = re.compile(r"\[[^\[\]\n]+\]")

TO_PROSPECT = frozenset(
    {
        EmailKind.TIME_CHOICE,
        EmailKind.PROSPECT_APPOINTMENT,
        EmailKind.PROSPECT_FEEDBACK,
        EmailKind.PROSPECT_MISSED,
        EmailKind.PROSPECT_CANCELLATION,
    }
)


class Mark(StrEnum):
    """What stands in an email for a link or a fact that exists only when it is sent."""

    ANSWER = "[link to answer]"
    CHOICE = "[link to choose a time]"
    FEEDBACK = "[link to give feedback]"
    TERMS = "[link to preferences]"
    TIME = "[date and time]"


class Placeholder(StrEnum):
    """What stands in the text of a kind for what each request has of its own."""

    GUEST = "[guest]"
    OTHER_GUEST = "[other guest]"
    BUYER = "[buyer]"
    ADVOCATE = "[advocate]"
    CUSTOMER = "[customer]"
    ACTIVITY = "[activity]"
    MINUTES = "[minutes]"
    MESSAGE = "[message]"
    SHARED_MESSAGE = "[shared message]"
    ASKER = "[asker]"
    ASKER_EMAIL = "[asker’s email]"


# A link acts in the guest's name, and stands in the text alone, where members do not see it.
LINKS = frozenset(Mark) - {Mark.TIME}

# What the reader of each email could not do or know without a mark or a placeholder.
NEEDED_FOR: dict[str, str] = {
    Mark.ANSWER: "they cannot answer",
    Mark.CHOICE: "they cannot choose a time",
    Mark.FEEDBACK: "they cannot say how it was",
    Mark.TERMS: "they cannot change what they are asked",
    Mark.TIME: "they do not know when it is",
    Placeholder.MESSAGE: "they do not get what the asker wrote for them",
    Placeholder.SHARED_MESSAGE: "they do not get what the asker wrote for both sides",
}
_MARKS: dict[TextKind, tuple[Mark, ...]] = {
    EmailKind.INVITATION: (Mark.ANSWER, Mark.TERMS),
    EmailKind.OTHER_TIMES: (Mark.ANSWER,),
    EmailKind.TIME_CHOICE: (Mark.CHOICE,),
    EmailKind.ADVOCATE_APPOINTMENT: (Mark.TIME, Mark.TERMS),
    EmailKind.PROSPECT_APPOINTMENT: (Mark.TIME,),
    EmailKind.ADVOCATE_FEEDBACK: (Mark.FEEDBACK,),
    EmailKind.PROSPECT_FEEDBACK: (Mark.FEEDBACK,),
    EmailKind.ADVOCATE_MISSED: (Mark.FEEDBACK,),
    EmailKind.PROSPECT_MISSED: (Mark.FEEDBACK,),
    EmailKind.ADVOCATE_CANCELLATION: (),
    EmailKind.PROSPECT_CANCELLATION: (),
    ConsentEmail.REQUEST: (Mark.TERMS,),
    ConsentEmail.RENEWAL: (Mark.TERMS,),
}
# The placeholders of every email about a request. The asker's message to the advocate is in their
# invitation alone, and an email about consent has no request.
_OF_REQUESTS = tuple(each for each in Placeholder if each is not Placeholder.MESSAGE)
_OF_CONSENT = (Placeholder.GUEST, Placeholder.ASKER, Placeholder.ASKER_EMAIL)
_MESSAGES: dict[TextKind, tuple[Placeholder, ...]] = {
    EmailKind.INVITATION: (Placeholder.MESSAGE, Placeholder.SHARED_MESSAGE),
    EmailKind.TIME_CHOICE: (Placeholder.SHARED_MESSAGE,),
}


@dataclass(frozen=True)
class Email:
    """An email to a guest."""

    subject: str
    body: str


@dataclass(frozen=True)
class RequestFacts:
    """What emails say about a request; the deal is not among it, as guests must not learn of it."""

    activity: str
    asker: str
    asker_email: str
    advocate: str
    customer: str
    # The prospect's contact with title and company; without a contact, the company.
    prospect: str
    prospect_name: str
    # For the advocate alone.
    message: str
    # For the prospect's contact, too.
    shared_message: str
    minutes: int


def marks_of(kind: TextKind) -> tuple[Mark, ...]:
    """The marks that an email must contain."""
    return _MARKS[kind]


def placeholders_of(kind: TextKind) -> tuple[str, ...]:
    """Everything in brackets that the text of a kind may contain."""
    if isinstance(kind, ConsentEmail):
        return (*_OF_CONSENT, *marks_of(kind))
    invitation = (Placeholder.MESSAGE,) if kind is EmailKind.INVITATION else ()
    return (*_OF_REQUESTS, *invitation, *marks_of(kind))


def required_of(kind: TextKind) -> tuple[str, ...]:
    """What the text of a kind must contain."""
    return (*marks_of(kind), *_MESSAGES.get(kind, ()))


def in_brackets(text: str) -> list[str]:
    """What stands in brackets in a text, in its order."""
    return _BRACKETS.findall(text)


def values_of(kind: EmailKind, facts: RequestFacts) -> dict[str, str]:
    """The values of the placeholders in an email about a request."""
    to_prospect = kind in TO_PROSPECT
    return {
        Placeholder.GUEST: facts.prospect_name if to_prospect else facts.advocate,
        Placeholder.OTHER_GUEST: f"{facts.advocate} of {facts.customer}"
        if to_prospect
        else facts.prospect_name or facts.prospect,
        Placeholder.BUYER: facts.prospect,
        Placeholder.ADVOCATE: facts.advocate,
        Placeholder.CUSTOMER: facts.customer,
        Placeholder.ACTIVITY: facts.activity,
        Placeholder.MINUTES: str(facts.minutes),
        Placeholder.MESSAGE: "" if to_prospect else facts.message,
        Placeholder.SHARED_MESSAGE: facts.shared_message,
        Placeholder.ASKER: facts.asker,
        Placeholder.ASKER_EMAIL: facts.asker_email,
    }


def written(text: Email, values: Mapping[str, str]) -> Email:
    """The email of a text: what has no value stays, and an empty paragraph is left out.

    Values are replaced once: brackets in a message stand for nothing.
    """

    def put(part: str) -> str:
        return _BRACKETS.sub(lambda found: values.get(found[0], found[0]), part).strip()

    paragraphs = filter(None, map(put, text.body.strip().split("\n\n")))
    subject = " ".join(put(text.subject).split())
    return Email(subject[:1].upper() + subject[1:], "\n\n".join(paragraphs) + "\n")


def filled(email: Email, values: dict[Mark, str]) -> Email:
    """The email with a value for each of its marks; the subject gets no links."""
    subject, body = email.subject, email.body
    for mark, value in values.items():
        body = body.replace(mark, value)
        if mark not in LINKS:
            subject = subject.replace(mark, value)
    return Email(subject, body)


def code(advocate: str, code: str, minutes: int) -> Email:
    """Gives an advocate the code with which they confirm that they agree to more."""
    return Email(
        "Your code for your reference preferences",
        _body(
            advocate,
            "We are about to record that you agree to references, or to more of them than before."
            " If that is right, this code confirms it:",
            code,
            f"It works for {minutes} minutes. If you did not ask for this, do not pass it on:"
            " nothing changes without it.",
        ),
    )


def address_changed(advocate: str) -> Email:
    """Tells an advocate at the former address that emails go elsewhere."""
    return Email(
        "Your address for references has changed",
        _body(
            advocate,
            "From now on, our emails about references go to another address of yours. The links"
            " that we sent to this address no longer work.",
            "If you did not ask for this, please tell us by replying to this email.",
        ),
    )


def _body(to: str, *paragraphs: str) -> str:
    return "\n\n".join([f"Dear {to},", *filter(None, paragraphs)]) + "\n"


def _text(subject: str, *paragraphs: str) -> Email:
    greeting, signature = "Dear [guest],", "[asker]\n[asker’s email]"
    return Email(subject, "\n\n".join([greeting, *paragraphs, signature]) + "\n")


def _feedback(what: str) -> Email:
    return _text(
        "How was the [activity] with [other guest]?",
        f"The [activity] with [other guest] {what}. Thank you for your time. How was it? A line"
        " or two is enough:",
        Mark.FEEDBACK,
    )


_HELD, _MISSED = _feedback("took place"), _feedback("did not take place")
_APPOINTMENT = (
    "The [activity] with [other guest] is on [date and time], for [minutes] minutes. A calendar"
    " invitation is attached."
)
_CANCELLATION = _text(
    "Cancelled: [activity] with [other guest]",
    "The [activity] with [other guest] is cancelled. There is nothing for you to do; earlier links"
    " no longer work.",
)
_CONSENT = "You choose for what and how often, and can change it at any time:"
# The texts that come with the product.
STANDARD_TEXTS: dict[TextKind, Email] = {
    EmailKind.INVITATION: _text(
        "Could you take a [activity]?",
        "[asker] asks whether you could take a [activity] with [buyer].",
        Placeholder.MESSAGE,
        Placeholder.SHARED_MESSAGE,
        "Answer here, without an account:",
        Mark.ANSWER,
        "You agreed to be asked. You can set limits, pause or withdraw your consent at any time:",
        Mark.TERMS,
    ),
    EmailKind.OTHER_TIMES: _text(
        "Other times for the [activity]?",
        "Thank you for the times that you offered for the [activity] with [buyer]. None of them"
        " works. Could you offer others?",
        Mark.ANSWER,
    ),
    EmailKind.TIME_CHOICE: _text(
        "Choose a time: [activity] with [advocate]",
        "[advocate] of [customer] is available for a [activity]. Choose a time here, without an"
        " account:",
        Mark.CHOICE,
        Placeholder.SHARED_MESSAGE,
    ),
    EmailKind.ADVOCATE_APPOINTMENT: _text(
        "[activity] with [other guest]",
        _APPOINTMENT,
        "Change or end your reference preferences:",
        Mark.TERMS,
    ),
    EmailKind.PROSPECT_APPOINTMENT: _text("[activity] with [other guest]", _APPOINTMENT),
    EmailKind.ADVOCATE_FEEDBACK: _HELD,
    EmailKind.PROSPECT_FEEDBACK: _HELD,
    EmailKind.ADVOCATE_MISSED: _MISSED,
    EmailKind.PROSPECT_MISSED: _MISSED,
    EmailKind.ADVOCATE_CANCELLATION: _CANCELLATION,
    EmailKind.PROSPECT_CANCELLATION: _CANCELLATION,
    ConsentEmail.REQUEST: _text(
        "May we ask you for references?",
        "We would like to ask you now and then to recommend us to others, for example in a short"
        f" call. {_CONSENT}",
        Mark.TERMS,
    ),
    ConsentEmail.RENEWAL: _text(
        "May we go on asking you for references?",
        "You agreed to recommend us to others now and then. That agreement is about to end, and we"
        f" would like to renew it. {_CONSENT}",
        Mark.TERMS,
    ),
}
