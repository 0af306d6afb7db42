"""Pure: the wording of the emails to guests."""

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


# A link acts in the guest's name, and stands in the text alone, where members do not see it.
LINKS = frozenset(Mark) - {Mark.TIME}

# What the reader of each email could not do or know without a mark.
NEEDED_FOR = {
    Mark.ANSWER: "they cannot answer",
    Mark.CHOICE: "they cannot choose a time",
    Mark.FEEDBACK: "they cannot say how it was",
    Mark.TERMS: "they cannot change what they are asked",
    Mark.TIME: "they do not know when it is",
}
_MARKS = {
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


def marks_of(kind: EmailKind) -> tuple[Mark, ...]:
    """The marks that an email must contain."""
    return _MARKS[kind]


def standard_email(kind: EmailKind, facts: RequestFacts) -> Email:
    """The usual wording of an email, with marks."""
    to_prospect = kind in TO_PROSPECT
    to = facts.prospect_name if to_prospect else facts.advocate
    other = (
        f"{facts.advocate} of {facts.customer}"
        if to_prospect
        else facts.prospect_name or facts.prospect
    )
    match kind:
        case EmailKind.INVITATION:
            return _invitation(facts)
        case EmailKind.OTHER_TIMES:
            return _other_times(facts)
        case EmailKind.TIME_CHOICE:
            return _time_choice(facts)
        case EmailKind.ADVOCATE_APPOINTMENT | EmailKind.PROSPECT_APPOINTMENT:
            return _appointment(facts, to, other, may_end=not to_prospect)
        case EmailKind.ADVOCATE_FEEDBACK | EmailKind.PROSPECT_FEEDBACK:
            return _feedback_request(facts, to, other, "took place")
        case EmailKind.ADVOCATE_MISSED | EmailKind.PROSPECT_MISSED:
            return _feedback_request(facts, to, other, "did not take place")
        case EmailKind.ADVOCATE_CANCELLATION | EmailKind.PROSPECT_CANCELLATION:
            return _cancellation(facts, to, other)


def filled(email: Email, values: dict[Mark, str]) -> Email:
    """The email with a value for each of its marks; the subject gets no links."""
    subject, body = email.subject, email.body
    for mark, value in values.items():
        body = body.replace(mark, value)
        if mark not in LINKS:
            subject = subject.replace(mark, value)
    return Email(subject, body)


def _invitation(facts: RequestFacts) -> Email:
    """Asks the advocate for an answer."""
    return Email(
        f"Could you take a {facts.activity}?",
        _body(
            facts.advocate,
            f"{facts.asker} asks whether you could take a {facts.activity} with {facts.prospect}.",
            facts.message,
            facts.shared_message,
            "Answer here, without an account:",
            Mark.ANSWER,
            "You agreed to be asked. You can set limits, pause or withdraw your consent at any"
            " time:",
            Mark.TERMS,
            _signature(facts),
        ),
    )


def _other_times(facts: RequestFacts) -> Email:
    """Asks the advocate for other times."""
    return Email(
        f"Other times for the {facts.activity}?",
        _body(
            facts.advocate,
            f"Thank you for the times that you offered for the {facts.activity} with"
            f" {facts.prospect}. None of them works. Could you offer others?",
            Mark.ANSWER,
            _signature(facts),
        ),
    )


def _time_choice(facts: RequestFacts) -> Email:
    """Asks the prospect's contact to pick a time."""
    return Email(
        f"Choose a time: {facts.activity} with {facts.advocate}",
        _body(
            facts.prospect_name,
            f"{facts.advocate} of {facts.customer} is available for a {facts.activity}. Choose"
            " a time here, without an account:",
            Mark.CHOICE,
            facts.shared_message,
            _signature(facts),
        ),
    )


def _appointment(facts: RequestFacts, to: str, other: str, *, may_end: bool) -> Email:
    """Tells either guest the time; the calendar invitation is attached."""
    return Email(
        f"{facts.activity.capitalize()} with {other}",
        _body(
            to,
            f"The {facts.activity} with {other} is on {Mark.TIME}, for {facts.minutes} minutes. A"
            " calendar invitation is attached.",
            f"Change or end your reference preferences:\n\n{Mark.TERMS}" if may_end else "",
            _signature(facts),
        ),
    )


def _cancellation(facts: RequestFacts, to: str, other: str) -> Email:
    """Tells either guest that the appointment is cancelled."""
    return Email(
        f"Cancelled: {facts.activity} with {other}",
        _body(
            to,
            f"The {facts.activity} with {other} is cancelled. There is nothing for you to do;"
            " earlier links no longer work.",
            _signature(facts),
        ),
    )


def _feedback_request(facts: RequestFacts, to: str, other: str, what: str) -> Email:
    """Asks either guest for feedback."""
    return Email(
        f"How was the {facts.activity} with {other}?",
        _body(
            to,
            f"The {facts.activity} with {other} {what}. Thank you for your time. How was it?"
            " A line or two is enough:",
            Mark.FEEDBACK,
            _signature(facts),
        ),
    )


def consent_request(
    advocate: str, asker: str, asker_email: str, link: str, *, renewal: bool
) -> Email:
    """Asks an advocate for consent, or to renew a consent that is about to end."""
    what = (
        "You agreed to recommend us to others now and then. That agreement is about to end, and"
        " we would like to renew it."
        if renewal
        else "We would like to ask you now and then to recommend us to others, for example in a"
        " short call."
    )
    return Email(
        "May we go on asking you for references?" if renewal else "May we ask you for references?",
        _body(
            advocate,
            f"{what} You choose for what and how often, and can change it at any time:",
            link,
            f"{asker}\n{asker_email}".strip(),
        ),
    )


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


def _signature(facts: RequestFacts) -> str:
    return f"{facts.asker}\n{facts.asker_email}".strip()


def _body(to: str, *paragraphs: str) -> str:
    return "\n\n".join([f"Dear {to},", *filter(None, paragraphs)]) + "\n"
