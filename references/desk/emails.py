"""What guests are written: each letter a subject and a text. Pure: nothing is looked up here."""

from dataclasses import dataclass

Letter = tuple[str, str]


@dataclass(frozen=True)
class Ask:
    """What a letter about a request may say: nothing of the deal behind it."""

    activity: str
    asker: str
    asker_email: str
    advocate: str
    customer: str
    # Whom the advocate would talk to, with title and company; else the company.
    prospect: str
    prospect_name: str
    message: str
    minutes: int


def invitation(ask: Ask, answer: str, terms: str) -> Letter:
    """To the advocate: would you?"""
    return (
        f"Would you give a {ask.activity}?",
        _letter(
            ask.advocate,
            f"{ask.asker} asks whether you would give a {ask.activity} for {ask.prospect}.",
            ask.message,
            "Say yes or no here; it needs no account:",
            answer,
            "You are asked because you agreed to it. Here you set how often you may be asked,"
            " take a break, or withdraw your consent, at any time:",
            terms,
            _from(ask),
        ),
    )


def other_times(ask: Ask, answer: str) -> Letter:
    """To the advocate: none of the times suited."""
    return (
        f"Other times for the {ask.activity}?",
        _letter(
            ask.advocate,
            f"Thank you for the times that you offered for the {ask.activity} with"
            f" {ask.prospect}. None of them suited. Would you offer others?",
            answer,
            _from(ask),
        ),
    )


def choice(ask: Ask, pick: str) -> Letter:
    """To the prospect's person: when?"""
    return (
        f"A {ask.activity} with {ask.advocate}: when?",
        _letter(
            ask.prospect_name,
            f"{ask.advocate} of {ask.customer} will give you a {ask.activity}. Choose one of the"
            " times that they offer; it needs no account:",
            pick,
            _from(ask),
        ),
    )


def appointment(ask: Ask, to: str, other: str, when: str, terms: str = "") -> Letter:
    """To either: this is the time, with an invitation for the calendar."""
    return (
        f"{ask.activity.capitalize()} with {other}",
        _letter(
            to,
            f"The {ask.activity} with {other} is on {when}, for {ask.minutes} minutes. The"
            " invitation for your calendar is with this mail.",
            f"If you no longer want to be asked, say so here:\n\n{terms}" if terms else "",
            _from(ask),
        ),
    )


def called_off(ask: Ask, to: str, other: str) -> Letter:
    """To either: it will not be."""
    return (
        f"Called off: {ask.activity} with {other}",
        _letter(
            to,
            f"The {ask.activity} with {other} will not take place. There is nothing left for you"
            " to do, and the links that you were sent no longer work.",
            _from(ask),
        ),
    )


def how_was_it(ask: Ask, to: str, other: str, feedback: str, *, missed: bool) -> Letter:
    """To either, afterwards."""
    what = "did not take place" if missed else "took place"
    return (
        f"How was the {ask.activity} with {other}?",
        _letter(
            to,
            f"We have it that the {ask.activity} with {other} {what}. Thank you for your time."
            " Tell us in a line or two how it was:",
            feedback,
            _from(ask),
        ),
    )


def consent(advocate: str, asker: str, asker_email: str, link: str, *, renewal: bool) -> Letter:
    """To somebody who was nominated, or whose consent is about to end: do you consent?"""
    what = (
        "You agreed to vouch for us to others now and then. That agreement is about to end, and"
        " we would like to renew it."
        if renewal
        else "We would like to ask you now and then to vouch for us to others, for example in a"
        " short call."
    )
    return (
        "May we go on asking you for references?" if renewal else "May we ask you for references?",
        _letter(
            advocate,
            f"{what} You decide for what, and how often, and may change your mind at any time:",
            link,
            f"{asker}\n{asker_email}".strip(),
        ),
    )


def _from(ask: Ask) -> str:
    return f"{ask.asker}\n{ask.asker_email}".strip()


def _letter(to: str, *paragraphs: str) -> str:
    return "\n\n".join([f"Dear {to},", *filter(None, paragraphs)]) + "\n"
