"""Pure: the wording of the emails to guests."""

from dataclasses import dataclass


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


def invitation(facts: RequestFacts, answer: str, terms: str) -> Email:
    """Asks the advocate for an answer."""
    return Email(
        f"Would you give a {facts.activity}?",
        _body(
            facts.advocate,
            f"{facts.asker} asks whether you would give a {facts.activity} for {facts.prospect}.",
            facts.message,
            facts.shared_message,
            "Say yes or no here; it needs no account:",
            answer,
            "You are asked because you agreed to it. Here you set how often you may be asked,"
            " take a break, or withdraw your consent, at any time:",
            terms,
            _signature(facts),
        ),
    )


def other_times(facts: RequestFacts, answer: str) -> Email:
    """Asks the advocate for other times."""
    return Email(
        f"Other times for the {facts.activity}?",
        _body(
            facts.advocate,
            f"Thank you for the times that you offered for the {facts.activity} with"
            f" {facts.prospect}. None of them suited. Would you offer others?",
            answer,
            _signature(facts),
        ),
    )


def time_choice(facts: RequestFacts, pick: str) -> Email:
    """Asks the prospect's contact to pick a time."""
    return Email(
        f"A {facts.activity} with {facts.advocate}: when?",
        _body(
            facts.prospect_name,
            f"{facts.advocate} of {facts.customer} will give you a {facts.activity}. Choose one of"
            " the times that they offer; it needs no account:",
            pick,
            facts.shared_message,
            _signature(facts),
        ),
    )


def appointment(facts: RequestFacts, to: str, other: str, when: str, terms: str = "") -> Email:
    """Tells either guest the time; the calendar invitation is attached."""
    return Email(
        f"{facts.activity.capitalize()} with {other}",
        _body(
            to,
            f"The {facts.activity} with {other} is on {when}, for {facts.minutes} minutes. The"
            " invitation for your calendar is with this mail.",
            f"If you no longer want to be asked, say so here:\n\n{terms}" if terms else "",
            _signature(facts),
        ),
    )


def cancellation(facts: RequestFacts, to: str, other: str) -> Email:
    """Tells either guest that the appointment is cancelled."""
    return Email(
        f"Called off: {facts.activity} with {other}",
        _body(
            to,
            f"The {facts.activity} with {other} will not take place. There is nothing left for you"
            " to do, and the links that you were sent no longer work.",
            _signature(facts),
        ),
    )


def feedback_request(
    facts: RequestFacts, to: str, other: str, feedback: str, *, missed: bool
) -> Email:
    """Asks either guest for feedback."""
    what = "did not take place" if missed else "took place"
    return Email(
        f"How was the {facts.activity} with {other}?",
        _body(
            to,
            f"We have it that the {facts.activity} with {other} {what}. Thank you for your time."
            " Tell us in a line or two how it was:",
            feedback,
            _signature(facts),
        ),
    )


def consent_request(
    advocate: str, asker: str, asker_email: str, link: str, *, renewal: bool
) -> Email:
    """Asks an advocate for consent, or to renew a consent that is about to end."""
    what = (
        "You agreed to vouch for us to others now and then. That agreement is about to end, and"
        " we would like to renew it."
        if renewal
        else "We would like to ask you now and then to vouch for us to others, for example in a"
        " short call."
    )
    return Email(
        "May we go on asking you for references?" if renewal else "May we ask you for references?",
        _body(
            advocate,
            f"{what} You decide for what, and how often, and may change your mind at any time:",
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
