"""Stakeholders: the people on the buyer's side of a deal, and their stance towards us."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from workspace.accounts.accounts import Account
from workspace.database import fetch, select_row
from workspace.deals.access import visible_deals
from workspace.deals.lifecycle import lock_deal
from workspace.deals.tables import Deal, Stakeholder
from workspace.errors import Conflict, Invalid
from workspace.people.people import list_people
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


@dataclass(frozen=True)
class StakeholderRow:
    """A stakeholder as pages show one; `reports_to` is their superior's name."""

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
    query = (
        select_row(
            StakeholderRow,
            Stakeholder,
            Person,
            Account,
            person_id=Person.id,
            account=Account.name,
            reports_to=superior.name,
        )
        .join(Person, col(Person.id) == col(Stakeholder.person_id))
        .outerjoin(Account, col(Account.id) == col(Person.account_id))
        .outerjoin(above, col(above.id) == col(Stakeholder.reports_to_id))
        .outerjoin(superior, col(superior.id) == col(above.person_id))
        .where(col(Stakeholder.deal_id) == deal_id)
        .order_by(weight.desc(), sa.func.lower(Person.name), col(Person.id))
    )
    return fetch(session, StakeholderRow, query)


@dataclass(frozen=True)
class Involvement:
    """A contact's roles on one deal."""

    deal_key: str
    deal_name: str
    outcome: str
    buying_role: str
    stance: str


def involvements(session: Session, viewer: Viewer, person_id: int) -> list[Involvement]:
    """The deals that the viewer may see on which a person is a stakeholder, newest first."""
    query = (
        select_row(Involvement, Stakeholder, Deal)
        .join(Deal, col(Deal.id) == col(Stakeholder.deal_id))
        .where(visible_deals(viewer), col(Stakeholder.person_id) == person_id)
        .order_by(sa.desc(col(Deal.opened)), sa.desc(col(Deal.id)))
    )
    return fetch(session, Involvement, query)


def add_stakeholder(
    session: Session, deal: Deal, person_id: int, by: int | None, **facts: Any
) -> Stakeholder:
    """Add a contact to a deal, once; `facts` are the columns of a stakeholder that are known."""
    lock_deal(session, deal)
    same = (Stakeholder.deal_id == deal.id, Stakeholder.person_id == person_id)
    if session.exec(select(Stakeholder.id).where(*same)).first() is not None:
        raise Conflict("This person is already a stakeholder of this deal.")
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
    if not deal.confidential:
        list_people(session, [person_id])
    session.flush()
    detail: dict[str, object] = {"person_id": person_id, "role": row.buying_role}
    record(session, deal.id, by, "stakeholder", detail=detail)
    return row


def edit_stakeholder(
    session: Session, row: Stakeholder, by: int | None, changes: dict[str, Any]
) -> bool:
    """Change some columns of a stakeholder; whether anything differed."""
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
    """Remove a contact from a deal; their direct reports report to nobody."""
    lock_deal(session, session.get_one(Deal, row.deal_id))
    below = select(Stakeholder).where(Stakeholder.reports_to_id == row.id)
    for report in session.exec(below).all():
        report.reports_to_id = None
        session.add(report)
    session.flush()
    detail: dict[str, object] = {"left_id": row.person_id, "role": row.buying_role}
    record(session, row.deal_id, by, "stakeholder", detail=detail)
    session.delete(row)
    session.flush()


def _require_words(facts: dict[str, Any]) -> None:
    """Refuse words outside the vocabulary; an empty one is not known."""
    for name, words in (
        ("buying_role", BUYING_ROLES),
        ("stance", STANCES),
        ("influence", INFLUENCES),
        ("coverage", COVERAGES),
    ):
        if facts.get(name) and facts[name] not in words:
            raise Invalid("Choose from the list.", {name: "Choose from the list."})


def _require_line(session: Session, row: Stakeholder, superior_id: int | None) -> None:
    """Refuse a reporting line that leaves the deal, or that is a circle."""
    above_id = superior_id
    while above_id is not None:
        if above_id == row.id:
            raise Invalid(
                "Nobody reports to themselves, over others either.",
                {"reports_to": "They report to this one already."},
            )
        above = session.get(Stakeholder, above_id, populate_existing=True)
        if above is None or above.deal_id != row.deal_id:
            raise Invalid(
                "They can report to a stakeholder of the same deal only.",
                {"reports_to": "Not a stakeholder of this deal."},
            )
        above_id = above.reports_to_id
