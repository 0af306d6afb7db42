"""Insights into a deal's stakeholders: gaps, warnings, chances and news."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.network.ties import Tie, visible
from workspace.accounts.accounts import Account, Relationship
from workspace.clock import today
from workspace.database import fetch, select_row
from workspace.deals.access import visible_deals
from workspace.deals.stakeholders import StakeholderRow, stakeholders_of
from workspace.deals.tables import (
    Competitor,
    Deal,
    DealCompetitor,
    DealProduct,
    Outcome,
    Product,
    Seat,
)
from workspace.keys import plain
from workspace.people.tables import Employment, Membership, Person
from workspace.people.viewer import Viewer
from workspace.value_lists import split_values

# Changes younger than this are news.
RECENT = timedelta(days=180)
# The ties to people at competitors from which a stakeholder is close to them.
MANY_TIES = 2
_OUT_OF_TOUCH = ("unknown", "no contact")
_DECIDING = ("economic buyer", "decision maker")
_FOR_US = ("champion", "coach")


class Tone(StrEnum):
    """The kind of a remark."""

    GAP = "gap"
    WARNING = "warning"
    CHANCE = "chance"
    NEWS = "news"


@dataclass(frozen=True)
class Remark:
    """A remark on the stakeholders, with its evidence."""

    tone: Tone
    text: str
    evidence: str = ""
    person_key: str | None = None


@dataclass(frozen=True)
class Side:
    """The stakeholders of a deal, and the remarks on them."""

    rows: list[StakeholderRow]
    remarks: list[Remark]


def buyers_side(session: Session, viewer: Viewer, deal: Deal) -> Side:
    """The stakeholders of a deal that the viewer may see, and the remarks on them."""
    rows = stakeholders_of(session, deal.id)
    remarks = [
        *_gaps(session, viewer, deal, rows),
        *_warnings(session, viewer, deal, rows),
        *_chances(session, viewer, rows),
        *_news(session, deal),
    ]
    return Side(rows, remarks)


def _gaps(
    session: Session, viewer: Viewer, deal: Deal, rows: Sequence[StakeholderRow]
) -> list[Remark]:
    if not rows:
        return []
    remarks = []
    roles = {row.buying_role for row in rows}
    if not roles.intersection(_DECIDING):
        remarks.append(Remark(Tone.GAP, "No economic buyer identified."))
    if not roles.intersection(_FOR_US):
        remarks.append(Remark(Tone.GAP, "No champion yet."))
    weighty = [row for row in rows if row.influence == "high" or row.buying_role in _DECIDING]
    known = _known_to_team(session, viewer, deal, [row.person_id for row in weighty])
    remarks += [
        Remark(
            Tone.GAP,
            f"Nobody on our team is in touch with {row.name}.",
            ", ".join(filter(None, [row.title, row.buying_role])),
            row.key,
        )
        for row in weighty
        if row.coverage in _OUT_OF_TOUCH and row.person_id not in known
    ]
    return remarks


def _known_to_team(
    session: Session, viewer: Viewer, deal: Deal, people: Collection[int]
) -> set[int]:
    """The people of these to whom the deal's team has a tie that does not follow from this deal."""
    team = select(Seat.person_id).where(Seat.deal_id == deal.id, col(Seat.person_id).is_not(None))
    ours = {*session.exec(team), deal.owner_id} - {None}
    ties = select(Tie.one_id, Tie.other_id).where(
        visible(session, viewer),
        Tie.origin != f"deal:{deal.id}",
        sa.or_(
            sa.and_(col(Tie.one_id).in_(ours), col(Tie.other_id).in_(people)),
            sa.and_(col(Tie.other_id).in_(ours), col(Tie.one_id).in_(people)),
        ),
    )
    return {person for two in session.exec(ties) for person in two if person in people}


def _warnings(
    session: Session, viewer: Viewer, deal: Deal, rows: Sequence[StakeholderRow]
) -> list[Remark]:
    """Opponents with influence, and stakeholders with links to competitors."""
    remarks = [
        Remark(
            Tone.WARNING,
            f"Opponent with influence: {row.name}.",
            ", ".join(filter(None, [row.title, row.note])),
            row.key,
        )
        for row in rows
        if row.stance in ("opponent", "non-supporter") and row.influence != "low"
    ]
    by_id = {row.person_id: row for row in rows}
    against = select(Competitor.name).join(
        DealCompetitor, col(DealCompetitor.competitor_id) == col(Competitor.id)
    )
    names = set(session.exec(against.where(DealCompetitor.deal_id == deal.id)))
    rivals = dict(
        session.exec(
            select(Account.id, Account.name).where(Account.relationship == Relationship.COMPETITOR)
        ).all()
    )
    names.update(rivals.values())
    competitors = {plain(name): name for name in names}
    former_employees = set()
    jobs = select(Employment).where(col(Employment.person_id).in_(by_id))
    for job in session.exec(jobs.order_by(col(Employment.start).desc())):
        rival = competitors.get(plain(job.organisation)) or rivals.get(job.account_id or 0)
        if rival:
            row = by_id[job.person_id]
            evidence = f"{job.title or 'Worked'} at {rival}, {_years(job.start, job.end)}"
            remarks.append(
                Remark(Tone.WARNING, f"{row.name} used to work at {rival}.", evidence, row.key)
            )
            former_employees.add(job.person_id)
    others = {person: row for person, row in by_id.items() if person not in former_employees}
    remarks += _mentions_of_rivals(session, others, competitors)
    remarks += _close_to_rivals(session, viewer, by_id, rivals)
    return remarks


def _mentions_of_rivals(
    session: Session, by_id: dict[int, StakeholderRow], competitors: dict[str, str]
) -> list[Remark]:
    """Stakeholders whose skills, description or memberships name a competitor."""
    texts: dict[int, list[str]] = defaultdict(list)
    people = select(Person.id, Person.skills, Person.about).where(col(Person.id).in_(by_id))
    for person, skills, about in session.exec(people):
        texts[person] += [*split_values(skills), *about.replace("\n", ".").split(".")]
    groups = select(Membership.person_id, Membership.organisation, Membership.role).where(
        col(Membership.person_id).in_(by_id)
    )
    for person, organisation, role in session.exec(groups):
        texts[person].append(f"{role} {organisation}".strip())
    remarks = []
    for person, pieces in texts.items():
        for piece in pieces:
            rival = next(
                (name for key, name in competitors.items() if f" {key} " in f" {plain(piece)} "),
                None,
            )
            if rival:
                row = by_id[person]
                text = f"{row.name} has to do with {rival}."
                remarks.append(Remark(Tone.WARNING, text, piece.strip()[:200], row.key))
                break
    return remarks


def _close_to_rivals(
    session: Session, viewer: Viewer, by_id: dict[int, StakeholderRow], rivals: dict[int, str]
) -> list[Remark]:
    theirs = set(
        session.exec(select(Person.id).where(col(Person.account_id).in_(rivals))) if rivals else ()
    )
    if not theirs:
        return []
    ties = select(Tie.one_id, Tie.other_id).where(
        visible(session, viewer),
        sa.or_(
            sa.and_(col(Tie.one_id).in_(by_id), col(Tie.other_id).in_(theirs)),
            sa.and_(col(Tie.other_id).in_(by_id), col(Tie.one_id).in_(theirs)),
        ),
    )
    met: dict[int, set[int]] = defaultdict(set)
    for one, other in session.exec(ties):
        met[one if one in by_id else other].add(other if one in by_id else one)
    return [
        Remark(
            Tone.WARNING,
            f"{by_id[person].name} knows {len(others)} people at competitors.",
            person_key=by_id[person].key,
        )
        for person, others in sorted(met.items())
        if len(others) >= MANY_TIES
    ]


@dataclass(frozen=True)
class _JobWithProduct:
    """A former job at a customer that had a product of ours at that time."""

    person_id: int
    end: date
    account: str
    product: str
    since: date


def _chances(session: Session, viewer: Viewer, rows: Sequence[StakeholderRow]) -> list[Remark]:
    """Likely champions: they worked at a customer while it had our product."""
    by_id = {row.person_id: row for row in rows}
    jobs = (
        select_row(
            _JobWithProduct,
            Employment,
            account=col(Account.name),
            product=col(Product.name),
            since=sa.func.min(Deal.closed),
        )
        .join(Account, col(Account.id) == col(Employment.account_id))
        .join(Deal, col(Deal.account_id) == col(Account.id))
        .join(DealProduct, col(DealProduct.deal_id) == col(Deal.id))
        .join(Product, col(Product.id) == col(DealProduct.product_id))
        .join(Person, col(Person.id) == col(Employment.person_id))
        .where(
            col(Employment.person_id).in_(by_id),
            col(Employment.account_id).is_distinct_from(col(Person.account_id)),
            col(Employment.end).is_not(None),
            col(Deal.outcome) == Outcome.WON,
            col(Deal.closed) < col(Employment.end),
            visible_deals(viewer),
        )
        .group_by(col(Employment.person_id), col(Employment.end), Account.name, Product.name)
        .order_by(col(Employment.person_id), col(Employment.end).desc(), Product.name)
    )
    remarks: dict[int, Remark] = {}
    for job in fetch(session, _JobWithProduct, jobs):
        row = by_id[job.person_id]
        remarks.setdefault(
            job.person_id,
            Remark(
                Tone.CHANCE,
                f"{row.name} has worked with {job.product}: a likely champion.",
                f"At {job.account} until {job.end.year}, which has had it since {job.since.year}",
                row.key,
            ),
        )
    return list(remarks.values())


def _news(session: Session, deal: Deal) -> list[Remark]:
    """People who recently joined, left or changed their role at the deal's account."""
    if deal.account_id is None:
        return []
    since = today() - RECENT
    rows = session.execute(
        sa.select(Employment, col(Person.name), col(Person.key))
        .join(Person, col(Person.id) == col(Employment.person_id))
        .where(col(Employment.account_id) == deal.account_id)
        .order_by(col(Employment.start), col(Employment.id))
    )
    jobs: dict[str, list[tuple[Employment, str]]] = defaultdict(list)
    for job, name, key in rows:
        jobs[key].append((job, name))
    remarks = []
    for key, stays in jobs.items():
        last, name = stays[-1]
        title = last.title
        if last.end and last.end >= since:
            remarks.append(Remark(Tone.NEWS, f"{name} has left.", f"{title} until {last.end}", key))
        elif last.end is None and last.start and last.start >= since:
            what = "has a new role" if len(stays) > 1 else "has joined"
            remarks.append(
                Remark(Tone.NEWS, f"{name} {what}.", f"{title} since {last.start}".strip(), key)
            )
    return remarks


def _years(start: date | None, end: date | None) -> str:
    return f"{start.year if start else '?'}–{end.year if end else 'now'}"
