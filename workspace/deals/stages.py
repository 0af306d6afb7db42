"""The stages of the pipeline, in their order."""

from sqlmodel import Session, col, select

from workspace.deals.tables import Outcome, Stage
from workspace.errors import Invalid
from workspace.reading import found_once

# The default stages and probabilities of Salesforce's opportunity pipeline, with the days until a
# deal rots: the middle stages depend on the customer's people and take longer, while an offer that
# is not answered soon gets cold.
DEFAULT_STAGES = (
    ("Prospecting", 10, 30, Outcome.OPEN),
    ("Qualification", 10, 30, Outcome.OPEN),
    ("Needs Analysis", 20, 30, Outcome.OPEN),
    ("Value Proposition", 50, 45, Outcome.OPEN),
    ("Id. Decision Makers", 60, 45, Outcome.OPEN),
    ("Perception Analysis", 70, 45, Outcome.OPEN),
    ("Proposal/Price Quote", 75, 21, Outcome.OPEN),
    ("Negotiation/Review", 90, 21, Outcome.OPEN),
    ("Closed Won", 100, 30, Outcome.WON),
    ("Closed Lost", 0, 30, Outcome.LOST),
)


def add_default_stages(session: Session) -> None:
    """Add the default pipeline, unless there is one."""
    if session.exec(select(Stage.id).limit(1)).first() is None:
        session.add_all(
            Stage(
                name=name,
                position=position,
                probability=probability,
                rotting_days=days,
                outcome=outcome,
            )
            for position, (name, probability, days, outcome) in enumerate(DEFAULT_STAGES, start=1)
        )
        session.flush()


_STAGES = select(Stage).order_by(col(Stage.position))


def stages(session: Session) -> list[Stage]:
    """The pipeline, first stage first."""
    return list(found_once(session, Stage, lambda: session.exec(_STAGES).all()))


def stage_of(session: Session, name: str) -> Stage:
    """The stage of that name, or Invalid."""
    stage = session.exec(select(Stage).where(Stage.name == name)).first()
    if stage is None:
        raise Invalid("Some fields could not be saved.", {"stage": "Choose from the list."})
    return stage


def first_stage(session: Session) -> Stage:
    """The stage of a new deal."""
    return session.exec(select(Stage).order_by(col(Stage.position)).limit(1)).one()
