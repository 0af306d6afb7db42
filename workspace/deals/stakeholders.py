"""Stakeholders: the people on the buyer's side of a deal, and how they stand."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, UniqueConstraint, col, select

from workspace.accounts.accounts import Account
from workspace.deals.access import visible_deals
from workspace.deals.lifecycle import lock_deal
from workspace.deals.tables import Deal
from workspace.errors import Conflict, Invalid
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import record

BUYING_ROLES = (
    "economic buyer",
    "user buyer",
    "technical buyer",
    "coach",
    "champion",
    "decision maker",
    "evaluator",
    "executive sponsor",
    "influencer",
)
STANCES = ("mentor", "supporter", "neutral", "non-supporter", "opponent")
INFLUENCES = ("low", "medium", "high")
COVERAGES = ("unknown", "no contact", "brief contact", "multiple contacts", "in depth")


class Stakeholder(SQLModel, table=True):
    """A contact on a deal. What nobody has said is empty."""

    __table_args__ = (UniqueConstraint("deal_id", "person_id"),)

    id: int = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    person_id: int = Field(foreign_key="person.id", index=True)
    buying_role: str = Field(default="", max_length=20)
    stance: str = Field(default="", max_length=20)
    influence: str = Field(default="", max_length=10)
    coverage: str = Field(default="unknown", max_length=20)
    # Whom they report to, among this deal's stakeholders.
    reports_to_id: int | None = Field(
        default=None, foreign_key="stakeholder.id", index=True, ondelete="SET NULL"
    )
    note: str = Field(default="", max_length=1000)


@dataclass(frozen=True)
class StakeholderRow:
    """A stakeholder as pages show one; `reports_to` is the name of whom they report to."""

    id: int
    person_id: int
    key: str
    name: str
    title: str
    account: str | None
    account_key: str | None
    buying_role: str
    stance: str
    influence: str
    coverage: str
    reports_to_id: int | None
    reports_to: str | None
    note: str


def stakeholders_of(session: Session, deal_id: int) -> list[StakeholderRow]:
    """The stakeholders of a deal, those of most influence first.

    The caller has made sure that the viewer may see the deal.
    """
    above, superior = aliased(Stakeholder), aliased(Person)
    weight = sa.case(
        {name: place for place, name in enumerate(INFLUENCES, start=1)},
        value=col(Stakeholder.influence),
        else_=0,
    )
    columns: tuple[Any, ...] = (
        Stakeholder.id,
        Person.id,
        Person.key,
        Person.name,
        Person.title,
        Account.name,
        Account.key,
        Stakeholder.buying_role,
        Stakeholder.stance,
        Stakeholder.influence,
        Stakeholder.coverage,
        Stakeholder.reports_to_id,
        superior.name,
        Stakeholder.note,
    )
    query: Any = (
        sa.select(*columns)
        .select_from(Stakeholder)
        .join(Person, col(Person.id) == col(Stakeholder.person_id))
        .outerjoin(Account, col(Account.id) == col(Person.account_id))
        .outerjoin(above, col(above.id) == col(Stakeholder.reports_to_id))
        .outerjoin(superior, col(superior.id) == col(above.person_id))
        .where(col(Stakeholder.deal_id) == deal_id)
        .order_by(weight.desc(), sa.func.lower(Person.name), col(Person.id))
    )
    return [StakeholderRow(*row) for row in session.exec(query)]


@dataclass(frozen=True)
class Involvement:
    """What a contact is on a deal."""

    deal_key: str
    deal_name: str
    outcome: str
    buying_role: str
    stance: str


def involvements(session: Session, viewer: Viewer, person_id: int) -> list[Involvement]:
    """The deals, of those that the viewer may see, on which somebody is a stakeholder."""
    query = (
        sa.select(
            col(Deal.key),
            col(Deal.name),
            col(Deal.outcome),
            col(Stakeholder.buying_role),
            col(Stakeholder.stance),
        )
        .join(Deal, col(Deal.id) == col(Stakeholder.deal_id))
        .where(visible_deals(viewer), col(Stakeholder.person_id) == person_id)
        .order_by(sa.desc(col(Deal.opened)), sa.desc(col(Deal.id)))
    )
    return [Involvement(*row) for row in session.execute(query)]


def add_stakeholder(
    session: Session, deal: Deal, person_id: int, by: int | None, **facts: Any
) -> Stakeholder:
    """A contact on a deal, once; `facts` are the columns of a stakeholder that are known."""
    lock_deal(session, deal)
    there = (Stakeholder.deal_id == deal.id, Stakeholder.person_id == person_id)
    if session.exec(select(Stakeholder.id).where(*there)).first() is not None:
        raise Conflict("They are a stakeholder of this deal already.")
    if session.get(Member, person_id) is not None:
        raise Invalid(
            "A stakeholder is on the buyer's side; one of ours takes a seat.",
            {"person": "One of ours."},
        )
    _require_words(facts)
    row = Stakeholder(deal_id=deal.id, person_id=person_id)
    _require_line(session, row, facts.get("reports_to_id"))
    row = Stakeholder(deal_id=deal.id, person_id=person_id, **facts)
    session.add(row)
    session.flush()
    detail: dict[str, object] = {"person_id": person_id, "role": row.buying_role}
    record(session, deal.id, by, "stakeholder", detail=detail)
    return row


def edit_stakeholder(
    session: Session, row: Stakeholder, by: int | None, changes: dict[str, Any]
) -> bool:
    """Change some of what is known of a stakeholder; whether anything differed."""
    lock_deal(session, session.get_one(Deal, row.deal_id))
    session.refresh(row)
    changed = {name: value for name, value in changes.items() if getattr(row, name) != value}
    _require_words(changed)
    _require_line(session, row, changed.get("reports_to_id"))
    detail: dict[str, object] = {"person_id": row.person_id, "changed": sorted(changed)}
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        session.add(row)
        session.flush()
        record(session, row.deal_id, by, "stakeholder", detail=detail)
    return bool(changed)


def remove_stakeholder(session: Session, row: Stakeholder, by: int | None) -> None:
    """Take a contact off a deal; those who reported to them report to nobody."""
    lock_deal(session, session.get_one(Deal, row.deal_id))
    below = select(Stakeholder).where(Stakeholder.reports_to_id == row.id)
    for each in session.exec(below).all():
        each.reports_to_id = None
        session.add(each)
    session.flush()
    detail: dict[str, object] = {"left_id": row.person_id, "role": row.buying_role}
    record(session, row.deal_id, by, "stakeholder", detail=detail)
    session.delete(row)
    session.flush()


def _require_words(facts: dict[str, Any]) -> None:
    """Refuse words outside the vocabulary; nothing said is said by an empty one."""
    for name, words in (
        ("buying_role", BUYING_ROLES),
        ("stance", STANCES),
        ("influence", INFLUENCES),
        ("coverage", COVERAGES),
    ):
        if facts.get(name) and facts[name] not in words:
            raise Invalid("This is not one of the list.", {name: "Choose one of the list."})


def _require_line(session: Session, row: Stakeholder, superior_id: int | None) -> None:
    """Refuse a reporting line that leaves the deal, or that comes back to where it began."""
    at = superior_id
    while at is not None:
        if at == row.id:
            raise Invalid(
                "Nobody reports to themselves, over others either.",
                {"reports_to": "They report to this one already."},
            )
        above = session.get(Stakeholder, at, populate_existing=True)
        if above is None or above.deal_id != row.deal_id:
            raise Invalid(
                "They can report to a stakeholder of the same deal only.",
                {"reports_to": "Not a stakeholder of this deal."},
            )
        at = above.reports_to_id
