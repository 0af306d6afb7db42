"""The inner circle of a buyer: tenure, ties among their own people, and who is close to whom."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlmodel import Session, col, select

from references.buyers.circles import Position, bridges, cliques, guessed_lines
from references.buyers.people import not_from_working_at, people_of_account
from references.matching import seniority_level
from references.network.ties import Tie, visible
from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.database import batches
from workspace.deals.stakeholders import StakeholderRow
from workspace.keys import plain
from workspace.people.tables import Employment, Person
from workspace.people.viewer import Viewer

# Who is newer than this is a newcomer, who is there for longer a veteran; with fewer known tenures
# than this neither says anything.
NEWCOMER = timedelta(days=365)
VETERAN_YEARS = 10
LEAST_TENURES = 3
# Two jobs with a longer gap between them are two stays.
_GAP = timedelta(days=92)
_LEADS_ALL = re.compile(
    r"\b(ceo|chief executive|managing director|prezes|geschäftsführer\w*|president(?! of)"
    r"|general manager|генеральн\w* директор)\b"
)


@dataclass(frozen=True)
class Tenure:
    """Since when a person is at their employer, and in their role."""

    since: date
    in_role_since: date

    @property
    def years(self) -> float:
        """The years at the employer."""
        return (today() - self.since).days / 365.25

    @property
    def years_in_role(self) -> float:
        """The years in the role."""
        return (today() - self.in_role_since).days / 365.25


@dataclass(frozen=True)
class CircleTie:
    """A tie between two of the buyer's people from elsewhere."""

    one_id: int
    other_id: int
    kind: str
    evidence: str


@dataclass(frozen=True)
class Clique:
    """People who all know each other from elsewhere, and from where, if it is one place."""

    people: tuple[str, ...]
    evidence: str


@dataclass(frozen=True)
class Connector:
    """A person without whom two groups would not be connected."""

    name: str
    key: str
    groups: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class InnerCircle:
    """What is known of how a buyer's people stand to each other."""

    names: dict[int, str] = field(default_factory=dict)
    tenures: dict[int, Tenure] = field(default_factory=dict)
    ties: list[CircleTie] = field(default_factory=list)
    cliques: list[Clique] = field(default_factory=list)
    bridges: list[Connector] = field(default_factory=list)
    newcomers: list[str] = field(default_factory=list)
    veterans: list[str] = field(default_factory=list)
    # How many people the buyer has; of very many only those in `names` are looked at.
    total: int = 0

    def __bool__(self) -> bool:
        return bool(self.ties or self.newcomers or self.veterans)


def inner_circle(
    session: Session, viewer: Viewer, account: Account | None, others: Collection[int] = ()
) -> InnerCircle:
    """The inner circle of an account's people and of others on the buyer's side."""
    buyers = people_of_account(session, viewer, account, others)
    people = buyers.by_id
    names = {person.id: person.name for person in people.values()}
    tenures = tenures_of(session, names)
    ties = _ties_among(session, viewer, names, account)
    pairs = {(tie.one_id, tie.other_id) for tie in ties}
    return InnerCircle(
        names=names,
        tenures=tenures,
        ties=ties,
        cliques=[_clique(each, ties, names) for each in cliques(pairs)],
        bridges=[
            Connector(
                names[bridge.person_id],
                people[bridge.person_id].key,
                tuple(tuple(names[each] for each in group) for group in bridge.groups),
            )
            for bridge in bridges(pairs)
        ],
        newcomers=_by_tenure(names, tenures, lambda each: today() - each.since < NEWCOMER),
        veterans=_by_tenure(names, tenures, lambda each: each.years >= VETERAN_YEARS),
        total=buyers.total,
    )


def tenures_of(session: Session, people: Collection[int]) -> dict[int, Tenure]:
    """Since when people are at their present employer, and in their role; only what is known."""
    jobs: dict[int, list[Employment]] = defaultdict(list)
    employers: dict[int, int | None] = {}
    for batch in batches(people):
        employers.update(
            session.exec(
                select(Person.id, Person.account_id).where(col(Person.id).in_(batch))
            ).all()
        )
        query = select(Employment).where(
            col(Employment.person_id).in_(batch), col(Employment.start).is_not(None)
        )
        for job in session.exec(query.order_by(col(Employment.start), col(Employment.id))):
            jobs[job.person_id].append(job)
    tenures = {}
    for person_id, stays in jobs.items():
        present = [job for job in stays if job.end is None and _is_at(job, employers[person_id])]
        if not present:
            continue
        current = present[-1]
        since = current.start or today()
        for job in sorted(stays, key=lambda job: job.start or today(), reverse=True):
            same = plain(job.organisation) == plain(current.organisation)
            if same and job.start and since - (job.end or today()) <= _GAP:
                since = min(since, job.start)
        tenures[person_id] = Tenure(since, current.start or today())
    return tenures


def guesses(session: Session, rows: Sequence[StakeholderRow]) -> dict[int, int]:
    """For stakeholders without a confirmed line, the stakeholder to whom each may report."""
    people = {row.person_id: row for row in rows}
    query = select(Person.id, Person.department).where(col(Person.id).in_(people))
    departments = dict(session.exec(query).all())
    by_row = {row.id: row.person_id for row in rows}
    positions = [
        Position(
            person_id=row.person_id,
            department=plain(departments.get(row.person_id, "")),
            level=seniority_level(row.title),
            leads_all=bool(_LEADS_ALL.search(row.title.casefold())),
            reports_to=by_row.get(row.reports_to_id) if row.reports_to_id else None,
        )
        for row in rows
    ]
    lines = guessed_lines(positions)
    return {people[one].id: people[other].id for one, other in lines.items()}


def _is_at(job: Employment, account_id: int | None) -> bool:
    return account_id is None or job.account_id in (None, account_id)


def _ties_among(
    session: Session, viewer: Viewer, people: Collection[int], account: Account | None
) -> list[CircleTie]:
    """The ties among these people that do not follow from working for the account."""
    ties: dict[tuple[int, int], Tie] = {}
    for batch in batches(people):
        query = select(Tie).where(
            col(Tie.one_id).in_(batch),
            # Of an index of pairs, both ends would be tried in turn.
            (col(Tie.other_id) + 0).in_(people),
            not_from_working_at(account),
            visible(session, viewer),
        )
        for tie in session.exec(query.order_by(col(Tie.base).desc(), col(Tie.id))):
            ties.setdefault((tie.one_id, tie.other_id), tie)
    return [
        CircleTie(tie.one_id, tie.other_id, tie.kind, tie.evidence)
        for _, tie in sorted(ties.items())
    ]


def _clique(people: Collection[int], ties: Sequence[CircleTie], names: dict[int, str]) -> Clique:
    evidence = {tie.evidence for tie in ties if tie.one_id in people and tie.other_id in people}
    # Evidence of one place may have different years for each two.
    places = {text.partition(",")[0] for text in evidence}
    return Clique(tuple(names[each] for each in people), places.pop() if len(places) == 1 else "")


def _by_tenure(
    names: dict[int, str], tenures: dict[int, Tenure], is_so: Callable[[Tenure], bool]
) -> list[str]:
    if len(tenures) < LEAST_TENURES:
        return []
    chosen = [person for person, tenure in tenures.items() if is_so(tenure)]
    return [names[person] for person in sorted(chosen, key=lambda each: tenures[each].since)]
