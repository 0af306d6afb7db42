"""What the reference desk's pages show: the queue, the advocates, and a request's history."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from references.desk import advocates, budgets
from references.desk.advocates import Activity, Advocate, ReferencePolicy
from references.desk.budgets import Availability
from references.desk.consent import Consent, ConsentState, Standing
from references.desk.request import (
    DESK_ROLES,
    ENDED,
    LIVE,
    Part,
    ReferenceRequest,
    RequestStep,
    State,
    owner_needed,
    steps_open_to,
)
from references.desk.rules import account_owners, desk_members
from workspace.accounts.accounts import Account
from workspace.clock import now, today
from workspace.deals.access import editable_deal_ids, visible_deals
from workspace.deals.stakeholders import Stakeholder
from workspace.deals.tables import Deal, Stage
from workspace.people.tables import Member, MemberRole, Person
from workspace.people.viewer import Viewer

# What sorts after every date.
_LAST = date(9999, 12, 31)
# For so long a no is shown to the one who asked.
NEWS = timedelta(days=7)


class View(StrEnum):
    """What the queue is narrowed down to."""

    WAITING = "waiting"
    MINE = "mine"
    SCHEDULED = "scheduled"
    ALL = "all"


@dataclass(frozen=True)
class RequestRow:
    """A request with everything that a decision about it needs."""

    id: int
    key: str
    version: int
    state: str
    activity: str
    due: date | None
    changed_at: datetime
    starts_at: datetime | None
    fit: str
    reason: str
    outcome: str
    deal_key: str
    deal_name: str
    deal_confidential: bool
    stage: str
    amount: Decimal | None
    currency: str | None
    asker: str | None
    advocate: str | None
    advocate_key: str | None
    customer: str | None
    customer_key: str | None
    prospect: str | None
    prospect_title: str | None
    buying_role: str | None
    stance: str | None
    assigned: str | None
    # Whether the advocate may be asked, as long as the request does not use the budget itself.
    availability: Availability | None
    # Who looks after the customer, where their yes is missing.
    waits_for: str | None
    # The steps that the viewer may take now.
    steps: list[str]
    parts: frozenset[Part]

    @property
    def overdue(self) -> bool:
        """Whether the next step should have been taken by now."""
        return self.due is not None and self.due < today()


@dataclass(frozen=True)
class AdvocateRow:
    """An advocate as a line of a list."""

    id: int
    key: str
    name: str
    title: str
    account: str | None
    account_key: str | None
    activities: list[Activity]
    availability: Availability
    # Given, and to be renewed soon.
    ends_soon: bool


@dataclass(frozen=True)
class StepRow:
    """A step of a request as people read it."""

    at: datetime
    by: str | None
    action: str
    before: str
    after: str
    text: str


def queued_requests(
    session: Session,
    viewer: Viewer,
    view: View,
    *,
    after: str | None = None,
    limit: int = 100,
) -> list[RequestRow]:
    """The requests that a viewer may see, what is due first first, from after that of a key."""
    query = _rows(viewer).where(_in_view(session, viewer, view))
    order = sa.func.coalesce(col(ReferenceRequest.due), _LAST)
    if after:
        place = session.exec(
            select(order, ReferenceRequest.id).where(ReferenceRequest.key == after)
        ).first()
        if place:
            here = sa.tuple_(order, col(ReferenceRequest.id))
            query = query.where(here > sa.tuple_(*map(sa.literal, place)))
    return _filled(session, viewer, query.order_by(order, col(ReferenceRequest.id)).limit(limit))


def request_row(session: Session, viewer: Viewer, request: ReferenceRequest) -> RequestRow:
    """One request, as the queue shows it."""
    [row] = _filled(session, viewer, _rows(viewer).where(col(ReferenceRequest.id) == request.id))
    return row


def requests_of_advocate(session: Session, viewer: Viewer, advocate_id: int) -> list[RequestRow]:
    """What an advocate was asked for on deals that the viewer may see, the newest first."""
    query = _rows(viewer).where(col(ReferenceRequest.advocate_id) == advocate_id)
    return _filled(session, viewer, query.order_by(col(ReferenceRequest.id).desc()).limit(100))


def steps_of(session: Session, request_id: int) -> list[StepRow]:
    """What happened to a request, the newest first."""
    columns: tuple[Any, ...] = (
        RequestStep.at,
        Person.name,
        RequestStep.action,
        RequestStep.before,
        RequestStep.after,
        RequestStep.text,
    )
    query: Any = (
        sa.select(*columns)
        .select_from(RequestStep)
        .outerjoin(Person, col(Person.id) == col(RequestStep.by_id))
        .where(col(RequestStep.request_id) == request_id)
        .order_by(col(RequestStep.id).desc())
    )
    return [StepRow(*row) for row in session.exec(query)]


def advocate_rows(
    session: Session,
    activity: Activity,
    *,
    text: str | None = None,
    renewals: bool = False,
    after: str | None = None,
    advocate_id: int | None = None,
    limit: int = 50,
) -> list[AdvocateRow]:
    """Advocates by name, and whether they may be asked for an activity today.

    `renewals` are those whose consent ends soon.
    """
    name = sa.func.lower(Person.name)
    columns: tuple[Any, ...] = (Advocate, Person, Account.name, Account.key)
    query: Any = (
        sa.select(*columns)
        .join(Person, col(Person.id) == col(Advocate.person_id))
        .outerjoin(Account, col(Account.id) == col(Person.account_id))
    )
    if text:
        found = (Person.name, Person.title, Account.name)
        query = query.where(sa.or_(*(col(each).icontains(text, autoescape=True) for each in found)))
    rules = advocates.policy(session)
    if advocate_id is not None:
        query = query.where(col(Advocate.id) == advocate_id)
    if renewals:
        ending = select(Consent.advocate_id).where(
            Consent.state == ConsentState.GIVEN,
            col(Consent.end).between(today(), today() + timedelta(days=rules.renewal_days)),
        )
        query = query.where(col(Advocate.id).in_(ending))
    if after:
        place = session.exec(select(name, Person.id).where(Person.key == after)).first()
        if place:
            query = query.where(
                sa.tuple_(name, col(Person.id)) > sa.tuple_(*map(sa.literal, place))
            )
    rows = session.exec(query.order_by(name, col(Person.id)).limit(limit)).all()
    ids = [advocate.id for advocate, *_ in rows]
    found_on = budgets.availability(session, ids, activity, today())
    return [
        AdvocateRow(
            id=advocate.id,
            key=person.key,
            name=person.name,
            title=person.title,
            account=account,
            account_key=account_key,
            activities=advocates.activities_of(advocate),
            availability=found_on[advocate.id],
            ends_soon=_ends_soon(found_on[advocate.id].consent, rules),
        )
        for advocate, person, account, account_key in rows
        if not renewals or _ends_soon(found_on[advocate.id].consent, rules)
    ]


def who_may_be_asked(session: Session, activity: Activity) -> list[tuple[str, str]]:
    """The advocates who may be asked today, as (key, name), for a list to choose from."""
    rows = advocate_rows(session, activity, limit=5_000)
    return [
        (row.key, f"{row.name}, {row.account}" if row.account else row.name)
        for row in rows
        if row.availability.may_be_asked
    ]


def desk_choices(session: Session, deal_id: int | None = None) -> list[tuple[str, str]]:
    """The members of customer marketing, as (key, name): of a deal, those who may see it."""
    columns: tuple[Any, ...] = (Person.key, Person.name, Person.id)
    query: Any = (
        sa.select(*columns)
        .join(Member, col(Member.person_id) == col(Person.id))
        .join(MemberRole, col(MemberRole.person_id) == col(Member.person_id))
        .where(col(Member.active).is_(True), col(MemberRole.role).in_(DESK_ROLES))
        .distinct()
        .order_by(Person.name)
    )
    may = desk_members(session, deal_id) if deal_id is not None else None
    return [
        (key, name) for key, name, row_id in session.exec(query) if may is None or row_id in may
    ]


def _rows(viewer: Viewer) -> Any:
    advocate, prospect = aliased(Person), aliased(Person)
    asker, assigned = aliased(Person), aliased(Person)
    columns: tuple[Any, ...] = (
        ReferenceRequest,
        Deal,
        Stage.name,
        asker.name,
        advocate,
        Account.name,
        Account.key,
        prospect,
        Stakeholder.buying_role,
        Stakeholder.stance,
        assigned.name,
    )
    return (
        sa.select(*columns)
        .select_from(ReferenceRequest)
        .join(Deal, col(Deal.id) == col(ReferenceRequest.deal_id))
        .join(Stage, col(Stage.id) == col(Deal.stage_id))
        .outerjoin(asker, col(asker.id) == col(ReferenceRequest.requested_by_id))
        .outerjoin(Advocate, col(Advocate.id) == col(ReferenceRequest.advocate_id))
        .outerjoin(advocate, col(advocate.id) == col(Advocate.person_id))
        .outerjoin(Account, col(Account.id) == col(advocate.account_id))
        .outerjoin(prospect, col(prospect.id) == col(ReferenceRequest.prospect_id))
        .outerjoin(
            Stakeholder,
            sa.and_(
                col(Stakeholder.deal_id) == col(Deal.id),
                col(Stakeholder.person_id) == col(prospect.id),
            ),
        )
        .outerjoin(assigned, col(assigned.id) == col(ReferenceRequest.assigned_to_id))
        .where(visible_deals(viewer))
    )


def _in_view(session: Session, viewer: Viewer, view: View) -> Any:
    state = col(ReferenceRequest.state)
    afterwards = sa.and_(state.in_(ENDED), col(ReferenceRequest.due).is_not(None))
    match view:
        case View.WAITING:
            still = [each for each in LIVE if each not in (State.DRAFT, State.SCHEDULED)]
            return state.in_(still)
        case View.SCHEDULED:
            return sa.or_(state == State.SCHEDULED, afterwards)
        case View.MINE:
            mine = sa.or_(
                col(ReferenceRequest.requested_by_id) == viewer.person_id,
                col(ReferenceRequest.assigned_to_id) == viewer.person_id,
                sa.and_(
                    state == State.SUBMITTED,
                    col(ReferenceRequest.owner_approved_by_id).is_(None),
                    col(ReferenceRequest.advocate_id).in_(_advocates_looked_after(session, viewer)),
                ),
            )
            # Whoever asked reads a no here, for a while.
            lately = col(ReferenceRequest.changed_at) > now() - NEWS
            news = sa.and_(state == State.DECLINED, lately)
            return sa.and_(mine, sa.or_(state.in_(LIVE), afterwards, news))
    return sa.true()


def _advocates_looked_after(session: Session, viewer: Viewer) -> Any:
    """The advocates of customers whom the viewer looks after, where their yes is asked for."""
    won = select(Deal.account_id).where(Deal.owner_id == viewer.person_id)
    accounts = [each for each in session.exec(won.distinct()) if each is not None]
    owners = account_owners(session, accounts)
    theirs = [account for account, owner in owners.items() if owner == viewer.person_id]
    if not advocates.policy(session).owner_approval:
        theirs = []
    return (
        select(Advocate.id)
        .join(Person, col(Person.id) == col(Advocate.person_id))
        .where(col(Person.account_id).in_(theirs))
    )


def _filled(session: Session, viewer: Viewer, query: Any) -> list[RequestRow]:
    """Rows with what takes further queries: as many for all of them as for one."""
    rows = session.exec(query).all()
    rules = advocates.policy(session)
    accounts = {advocate.account_id for _, _, _, _, advocate, *_ in rows if advocate}
    owners = account_owners(session, [each for each in accounts if each])
    names = _names(session, owners.values())
    editable = editable_deal_ids(session, viewer, {deal.id for _, deal, *_ in rows})
    found = _availability(session, [row[0] for row in rows])
    made = []
    for request, deal, stage, asker, advocate, customer, customer_key, prospect, *more in rows:
        owner = owners.get(advocate.account_id) if advocate else None
        missing = owner_needed(request, rules, owner)
        parts = _parts(viewer, deal, owner, editable)
        made.append(
            RequestRow(
                id=request.id,
                key=request.key,
                version=request.version,
                state=request.state,
                activity=request.activity,
                due=request.due,
                changed_at=request.changed_at,
                starts_at=request.starts_at,
                fit=request.fit,
                reason=request.reason,
                outcome=request.outcome,
                deal_key=deal.key,
                deal_name=deal.name,
                deal_confidential=deal.confidential,
                stage=stage,
                amount=deal.amount,
                currency=deal.currency,
                asker=asker,
                advocate=advocate.name if advocate else None,
                advocate_key=advocate.key if advocate else None,
                customer=customer,
                customer_key=customer_key,
                prospect=prospect.name if prospect else None,
                prospect_title=prospect.title if prospect else None,
                buying_role=more[0],
                stance=more[1],
                assigned=more[2],
                availability=found.get((request.advocate_id, request.activity)),
                waits_for=names.get(owner) if missing and owner else None,
                steps=steps_open_to(request, parts, owner_needed=missing),
                parts=parts,
            )
        )
    return made


def _parts(
    viewer: Viewer, deal: Deal, owner: int | None, editable: Collection[int]
) -> frozenset[Part]:
    """As `requests.parts_of`, for a deal that the viewer may see."""
    parts = set()
    if viewer.roles & set(DESK_ROLES):
        parts.add(Part.DESK)
    if deal.id in editable:
        parts.add(Part.ASKER)
    if viewer.may_write and owner is not None and owner == viewer.person_id:
        parts.add(Part.OWNER)
    return frozenset(parts)


def _availability(
    session: Session, rows: Sequence[ReferenceRequest]
) -> dict[tuple[int | None, str], Availability]:
    """Of the advocates of these requests; a few queries for each kind of activity."""
    found: dict[tuple[int | None, str], Availability] = {}
    for activity in {row.activity for row in rows}:
        ids = {row.advocate_id for row in rows if row.activity == activity and row.advocate_id}
        states = budgets.availability(session, ids, Activity(activity), today())
        found.update({(advocate_id, activity): state for advocate_id, state in states.items()})
    return found


def _names(session: Session, ids: Collection[int]) -> dict[int, str]:
    rows = select(Person.id, Person.name).where(col(Person.id).in_(set(ids)))
    return dict(session.exec(rows).all())


def _ends_soon(standing: Standing, rules: ReferencePolicy) -> bool:
    return (
        standing.state == ConsentState.GIVEN
        and standing.until is not None
        and (standing.until - today()).days <= rules.renewal_days
    )
