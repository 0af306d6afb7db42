"""The lists of the reference desk: the queue, the advocates, and a request's history."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from references.desk import budgets
from references.desk.advocates import Activity, Advocate, parse_activities
from references.desk.budgets import Availability
from references.desk.consent import Consent, ConsentState, Standing
from references.desk.guest_links import GuestLink
from references.desk.policy import ReferencePolicy, current_policy
from references.desk.request import (
    DESK_ROLES,
    OPEN_STATES,
    TERMINAL_STATES,
    Party,
    ReferenceRequest,
    RequestStep,
    State,
    allowed_steps,
    needs_owner_approval,
)
from references.desk.rules import (
    account_owners,
    accounts_of_owner,
    desk_members,
    parties_of_viewer,
)
from workspace.accounts.accounts import Account
from workspace.clock import now, today
from workspace.database import contains, fetch, page_after, select_row
from workspace.deals.access import editable_deal_ids, visible_deals
from workspace.deals.tables import Deal, Stage, Stakeholder
from workspace.people.field_rights import FieldGroup, readable_fields
from workspace.people.tables import Member, MemberRole, Person
from workspace.people.viewer import Viewer
from workspace.told import Told

# A request without a due date comes last.
_LAST = date(9999, 12, 31)
# For so long the asker's list shows that a request was declined.
NEWS = timedelta(days=7)


class View(StrEnum):
    """A part of the queue."""

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
    fit: list[Told]
    reason: str
    outcome: str
    desk_approved_by_id: int | None
    owner_approved_by_id: int | None
    deal_id: int
    deal_key: str
    deal_name: str
    deal_confidential: bool
    stage: str
    amount: Decimal | None
    currency: str | None
    asker: str | None
    advocate_id: int | None
    advocate: str | None
    advocate_key: str | None
    customer_id: int | None
    customer: str | None
    customer_key: str | None
    prospect: str | None
    prospect_title: str | None
    buying_role: str | None
    stance: str | None
    assigned: str | None
    # Whether the advocate may be asked; a request that uses the budget counts itself.
    availability: Availability | None = None
    # The account owner whose approval is missing.
    waits_for: str | None = None
    # The steps that the viewer may take now.
    steps: Sequence[str] = ()
    parties: frozenset[Party] = frozenset()

    @property
    def overdue(self) -> bool:
        """Whether the due date has passed."""
        return self.due is not None and self.due < today()


@dataclass(frozen=True)
class DealRequestRow:
    """A request in the list of its deal."""

    key: str
    activity: str
    state: str
    due: date | None
    advocate: str | None
    prospect: str | None
    requested_by: str | None


@dataclass(frozen=True)
class AdvocateRow:
    """An advocate in a list."""

    id: int
    key: str
    name: str
    title: str
    activities: list[Activity]
    account: str | None
    account_key: str | None
    availability: Availability
    # Whether a given consent is due for renewal.
    ends_soon: bool


@dataclass(frozen=True)
class StepRow:
    """A step in the history of a request."""

    at: datetime
    by: str | None
    action: str
    before: str
    after: str
    text: str
    # For when it was scheduled, to whom it was assigned, and which outcome was recorded.
    starts_at: str | None
    assigned: str | None
    outcome: str | None
    # The address to which the link was sent, and when, of a step by link.
    sent_to: str | None
    sent_at: datetime | None


@dataclass(frozen=True)
class _AdvocateFacts:
    id: int
    key: str
    name: str
    title: str
    activities: str
    account: str | None
    account_key: str | None


def queued_requests(
    session: Session,
    viewer: Viewer,
    view: View,
    *,
    after: str | None = None,
    limit: int = 100,
) -> list[RequestRow]:
    """The requests that a viewer may see by due date, from after the one with the key `after`."""
    order = (sa.func.coalesce(ReferenceRequest.due, _LAST), col(ReferenceRequest.id))
    place: Any = sa.select(*order).where(col(ReferenceRequest.key) == after) if after else None
    query = page_after(
        session, _requests(viewer).where(_in_view(session, viewer, view)), order, place
    )
    return _complete(session, viewer, query.limit(limit))


def request_row(session: Session, viewer: Viewer, request: ReferenceRequest) -> RequestRow:
    """A request as the queue shows it."""
    query = _requests(viewer).where(col(ReferenceRequest.id) == request.id)
    [row] = _complete(session, viewer, query)
    return row


def requests_of_advocate(session: Session, viewer: Viewer, advocate_id: int) -> list[RequestRow]:
    """An advocate's requests on deals that the viewer may see, the newest first."""
    query = _requests(viewer).where(col(ReferenceRequest.advocate_id) == advocate_id)
    return _complete(session, viewer, query.order_by(col(ReferenceRequest.id).desc()).limit(100))


def requests_on_deal(session: Session, deal_id: int) -> list[DealRequestRow]:
    """The requests on a deal that the caller may see, the newest first."""
    advocate, prospect, asker = aliased(Person), aliased(Person), aliased(Person)
    query = (
        select_row(
            DealRequestRow,
            ReferenceRequest,
            advocate=col(advocate.name),
            prospect=col(prospect.name),
            requested_by=col(asker.name),
        )
        .outerjoin(Advocate, col(Advocate.id) == col(ReferenceRequest.advocate_id))
        .outerjoin(advocate, col(advocate.id) == col(Advocate.person_id))
        .outerjoin(prospect, col(prospect.id) == col(ReferenceRequest.prospect_id))
        .outerjoin(asker, col(asker.id) == col(ReferenceRequest.requested_by_id))
        .where(col(ReferenceRequest.deal_id) == deal_id)
        .order_by(col(ReferenceRequest.id).desc())
    )
    return fetch(session, DealRequestRow, query)


def history_of(session: Session, request_id: int) -> list[StepRow]:
    """The steps of a request, the newest first."""
    assigned = aliased(Person)
    detail = sa.type_coerce(col(RequestStep.detail), sa.JSON)
    query = (
        select_row(
            StepRow,
            RequestStep,
            by=col(Person.name),
            starts_at=detail["starts_at"].as_string(),
            assigned=col(assigned.name),
            outcome=detail["outcome"].as_string(),
            sent_to=col(GuestLink.sent_to),
            sent_at=col(GuestLink.created_at),
        )
        .outerjoin(Person, col(Person.id) == col(RequestStep.by_id))
        .outerjoin(assigned, col(assigned.id) == detail["assigned_id"].as_integer())
        .outerjoin(GuestLink, col(GuestLink.id) == col(RequestStep.link_id))
        .where(col(RequestStep.request_id) == request_id)
        .order_by(col(RequestStep.id).desc())
    )
    return fetch(session, StepRow, query)


def advocate_rows(
    session: Session,
    viewer: Viewer,
    activity: Activity,
    *,
    text: str | None = None,
    renewals: bool = False,
    after: str | None = None,
    advocate_id: int | None = None,
    limit: int = 50,
) -> list[AdvocateRow]:
    """Advocates by name, and whether they may be asked for an activity today.

    With `renewals`, only advocates whose consent ends soon.
    """
    rules = current_policy(session)
    query = (
        select_row(
            _AdvocateFacts,
            Person,
            Advocate,
            Account,
            id=col(Advocate.id),
            account=col(Account.name),
        )
        .join(Advocate, col(Advocate.person_id) == col(Person.id))
        .outerjoin(Account, col(Account.id) == col(Person.account_id))
    )
    if text:
        query = query.where(contains(text, Person.name, Person.title, Account.name))
    if advocate_id is not None:
        query = query.where(col(Advocate.id) == advocate_id)
    if renewals:
        last_day = today() + timedelta(days=rules.renewal_days)
        ending = select(Consent.advocate_id).where(
            Consent.state == ConsentState.GIVEN, col(Consent.end).between(today(), last_day)
        )
        query = query.where(col(Advocate.id).in_(ending))
    order = (sa.func.lower(Person.name), col(Person.id))
    place: Any = sa.select(*order).where(col(Person.key) == after) if after else None
    query = page_after(session, query, order, place).limit(limit)
    advocates = fetch(session, _AdvocateFacts, query)
    ids = [row.id for row in advocates]
    availability = budgets.availability(session, ids, activity, today(), viewer=viewer)
    rows = [
        AdvocateRow(
            id=row.id,
            key=row.key,
            name=row.name,
            title=row.title,
            account=row.account,
            account_key=row.account_key,
            activities=parse_activities(row.activities),
            availability=availability[row.id],
            ends_soon=_ends_soon(availability[row.id].consent, rules),
        )
        for row in advocates
    ]
    # A consent that ends soon may have been renewed or withdrawn since.
    return [row for row in rows if row.ends_soon] if renewals else rows


def rows_for_reader(
    session: Session, viewer: Viewer, rows: Sequence[AdvocateRow]
) -> list[AdvocateRow]:
    """The rows without what the viewer may not read of advocates."""
    fields = readable_fields(session, viewer)
    return [
        replace(
            row,
            availability=row.availability.for_reader(fields),
            ends_soon=row.ends_soon and FieldGroup.CONSENTS in fields,
            activities=row.activities if FieldGroup.LIMITS in fields else [],
        )
        for row in rows
    ]


def advocate_choices(session: Session, viewer: Viewer, activity: Activity) -> list[tuple[str, str]]:
    """The advocates who may be asked today, as (key, name), for a select field."""
    rows = advocate_rows(session, viewer, activity, limit=5_000)
    return [
        (row.key, f"{row.name}, {row.account}" if row.account else row.name)
        for row in rows
        if row.availability.may_be_asked
    ]


def desk_choices(session: Session, deal_id: int | None = None) -> list[tuple[str, str]]:
    """The desk's members, as (key, name); with a deal, only its readers."""
    columns: tuple[Any, ...] = (Person.key, Person.name, Person.id)
    query: Any = (
        sa.select(*columns)
        .join(Member, col(Member.person_id) == col(Person.id))
        .join(MemberRole, col(MemberRole.person_id) == col(Member.person_id))
        .where(col(Member.active).is_(True), col(MemberRole.role).in_(DESK_ROLES))
        .distinct()
        .order_by(Person.name)
    )
    if deal_id is not None:
        query = query.where(col(Person.id).in_(desk_members(session, deal_id)))
    return [(row.key, row.name) for row in session.exec(query)]


def _requests(viewer: Viewer) -> sa.Select[Any]:
    """The query for requests on deals that a viewer may see."""
    advocate, prospect = aliased(Person), aliased(Person)
    asker, assigned = aliased(Person), aliased(Person)
    return (
        select_row(
            RequestRow,
            ReferenceRequest,
            Deal,
            Stakeholder,
            deal_id=col(Deal.id),
            stage=col(Stage.name),
            asker=col(asker.name),
            advocate=col(advocate.name),
            advocate_key=col(advocate.key),
            customer_id=col(Account.id),
            customer=col(Account.name),
            customer_key=col(Account.key),
            prospect=col(prospect.name),
            prospect_title=col(prospect.title),
            assigned=col(assigned.name),
        )
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


def _in_view(session: Session, viewer: Viewer, view: View) -> sa.ColumnElement[bool]:
    state = col(ReferenceRequest.state)
    outcome_due = sa.and_(state.in_(TERMINAL_STATES), col(ReferenceRequest.due).is_not(None))
    match view:
        case View.WAITING:
            elsewhere = (State.DRAFT, State.SCHEDULED)
            return state.in_([state for state in OPEN_STATES if state not in elsewhere])
        case View.SCHEDULED:
            return sa.or_(state == State.SCHEDULED, outcome_due)
        case View.MINE:
            approval_due = sa.and_(
                state == State.SUBMITTED,
                col(ReferenceRequest.owner_approved_by_id).is_(None),
                col(ReferenceRequest.advocate_id).in_(_advocates_of_owner(session, viewer)),
            )
            mine = sa.or_(
                col(ReferenceRequest.requested_by_id) == viewer.person_id,
                col(ReferenceRequest.assigned_to_id) == viewer.person_id,
                approval_due,
            )
            lately = col(ReferenceRequest.changed_at) > now() - NEWS
            declined_lately = sa.and_(state == State.DECLINED, lately)
            return sa.and_(mine, sa.or_(state.in_(OPEN_STATES), outcome_due, declined_lately))
    return sa.true()


def _advocates_of_owner(session: Session, viewer: Viewer) -> Any:
    """The advocates at accounts that the viewer owns; none without the owners' approval."""
    owned: list[int] = []
    if current_policy(session).owner_approval:
        owned = accounts_of_owner(session, viewer.person_id)
    return (
        select(Advocate.id)
        .join(Person, col(Person.id) == col(Advocate.person_id))
        .where(col(Person.account_id).in_(owned))
    )


def _complete(session: Session, viewer: Viewer, query: sa.Select[Any]) -> list[RequestRow]:
    """The rows of a query with what takes further queries, which do not grow with the rows."""
    rows = fetch(session, RequestRow, query)
    rules = current_policy(session)
    owners = account_owners(session, {row.customer_id for row in rows if row.customer_id})
    names = _names(session, owners.values())
    editable = editable_deal_ids(session, viewer, {row.deal_id for row in rows})
    availability = _availability(session, viewer, rows)
    fields = readable_fields(session, viewer)
    completed = []
    for row in rows:
        owner_id = owners.get(row.customer_id or 0)
        owner_needed = needs_owner_approval(row, rules, owner_id)
        parties = parties_of_viewer(viewer, owner_id, may_edit_deal=row.deal_id in editable)
        available = availability.get((row.advocate_id, row.activity))
        completed.append(
            replace(
                row,
                availability=available and available.for_reader(fields),
                waits_for=names.get(owner_id) if owner_needed and owner_id else None,
                steps=allowed_steps(row, parties, owner_needed=owner_needed),
                parties=parties,
            )
        )
    return completed


def _availability(
    session: Session, viewer: Viewer, rows: Sequence[RequestRow]
) -> dict[tuple[int | None, str], Availability]:
    """The availability of the advocates of these requests, by advocate and activity."""
    availability: dict[tuple[int | None, str], Availability] = {}
    for activity in {row.activity for row in rows}:
        ids = {row.advocate_id for row in rows if row.activity == activity and row.advocate_id}
        by_advocate = budgets.availability(session, ids, Activity(activity), today(), viewer=viewer)
        availability.update(
            {(advocate_id, activity): value for advocate_id, value in by_advocate.items()}
        )
    return availability


def _names(session: Session, ids: Collection[int]) -> dict[int, str]:
    rows = select(Person.id, Person.name).where(col(Person.id).in_(set(ids)))
    return dict(session.exec(rows).all())


def _ends_soon(standing: Standing, rules: ReferencePolicy) -> bool:
    return (
        standing.state == ConsentState.GIVEN
        and standing.until is not None
        and (standing.until - today()).days <= rules.renewal_days
    )
