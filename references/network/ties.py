"""Ties: two people know each other. The kind, the evidence, the strength, and who may see it.

The strength of a tie today follows from three things. `base` is how close the two were: from how
long they were in contact and in how large a circle, or as the tie's owner says. It halves with
each half-life of its kind since their last contact, because colleagues of long ago still help,
but people who met at a conference soon forget each other. Several ties of a pair combine like
independent probabilities, 1 − (1 − a)(1 − b), but never to a certainty.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.audit import audit
from workspace.change_log import Change, ChangeLog, Generation, State
from workspace.clock import now, today
from workspace.database import FOLLOWS, RIGHTS
from workspace.errors import Forbidden, Invalid, NotFound
from workspace.ids import uncounted_id
from workspace.people.tables import Member, MemberRole, Person, Role
from workspace.people.viewer import Viewer, require_writer
from workspace.reading import found_once
from workspace.revisions.deleting import delete_with_parts
from workspace.revisions.history import begin_edit
from workspace.revisions.recorder import Place
from workspace.revisions.tables import Revision


class TieKind(StrEnum):
    """How two people know each other."""

    WORKED = "worked together"
    STUDIED = "studied together"
    GATHERED = "same board or event"
    CONNECTED = "first-degree connection"
    COLLEAGUES = "colleagues"
    MET = "met through us"
    # Asserted without saying how.
    KNOWS = "knows"


# What people tell of each other by working for the same employer says nothing of who is close.
CLOSE = (TieKind.WORKED, TieKind.STUDIED, TieKind.GATHERED, TieKind.CONNECTED, TieKind.KNOWS)


class Visibility(StrEnum):
    """Who may see a tie. Derived ties are visible to everyone."""

    PRIVATE = "private"
    # Private, but others learn that a colleague may know the person.
    ASK = "ask"
    TEAM = "team"
    EVERYONE = "everyone"


class Tie(SQLModel, table=True):
    """A tie between two people. A pair may have several, each with its evidence."""

    __table_args__ = (
        # Derived ties, of which there may be millions, have no owner.
        sa.Index(
            "ix_tie_asserted_by_id",
            "asserted_by_id",
            sqlite_where=sa.text("asserted_by_id IS NOT NULL"),
            postgresql_where=sa.text("asserted_by_id IS NOT NULL"),
        ),
        sa.Index("ix_tie_pair", "one_id", "other_id"),
        {"info": {FOLLOWS: "origin"}},
    )

    id: int = uncounted_id()
    # In the order of their ids, so that a pair is stored in one way.
    one_id: int = Field(foreign_key="person.id")
    other_id: int = Field(foreign_key="person.id", index=True)
    kind: str = Field(max_length=30)
    evidence: str = Field(default="", max_length=500)
    source: str = Field(default="entered", max_length=100)
    # The time of their contact; without an end it lasts until now.
    start: date | None = None
    end: date | None = None
    # How close they were or are, from 0 to 1, before it fades.
    base: float
    # The member who owns the tie; None for derived ties.
    asserted_by_id: int | None = Field(default=None, foreign_key="person.id")
    visibility: str = Field(
        default=Visibility.EVERYONE,
        max_length=10,
        sa_column_kwargs={"info": {RIGHTS: True}},
    )
    # The fact of the record that a derived tie follows from; empty for asserted ties.
    origin: str = Field(default="", max_length=220, index=True)
    created_at: datetime = Field(default_factory=now)


class TieState(State, table=True):
    """The number of the last generation of ties."""


class TieGeneration(Generation, table=True):
    """A committed change of ties."""

    # Whether it changed so much that its changes are not listed.
    sweeping: bool = False


class TieChange(Change, table=True):
    """A pair whose ties a generation changed."""

    one_id: int = Field(primary_key=True)
    other_id: int = Field(primary_key=True)


TIE_LOG = ChangeLog(TieState, TieGeneration, TieChange, breaks="sweeping")


# The years in which the strength of a tie halves.
HALF_LIFE = {
    TieKind.WORKED: 8.0,
    TieKind.STUDIED: 12.0,
    TieKind.GATHERED: 3.0,
    TieKind.CONNECTED: 6.0,
    TieKind.COLLEAGUES: 8.0,
    TieKind.MET: 4.0,
    TieKind.KNOWS: 6.0,
}
# The closeness of an asserted tie of each kind, where its owner does not say it.
USUAL_BASE = {
    TieKind.WORKED: 0.5,
    TieKind.STUDIED: 0.35,
    TieKind.GATHERED: 0.25,
    TieKind.CONNECTED: 0.3,
    TieKind.COLLEAGUES: 0.5,
    TieKind.MET: 0.45,
    TieKind.KNOWS: 0.5,
}
# The choices of closeness for a tie that is entered by hand.
CLOSENESS = {"slightly": 0.25, "well": 0.5, "closely": 0.8}
# Kinds that do not fade while they have no end.
_LASTING = (TieKind.WORKED, TieKind.COLLEAGUES)
# No tie makes it certain that the other person will help.
STRONGEST = 0.95


@dataclass(frozen=True)
class TieRow:
    """A tie in the list of one of its two people."""

    id: int
    person_key: str
    person_name: str
    person_title: str
    kind: str
    evidence: str
    source: str
    start: date | None
    end: date | None
    strength: float
    asserted_by: str | None
    visibility: str
    derived: bool
    mine: bool
    may_call_wrong: bool


def strength(kind: str, base: float, last: date | None, on: date) -> float:
    """The strength of a tie on a day, from 0 to 1; `last` is None while contact lasts."""
    years = max(0.0, (on - last).days / 365.25) if last else 0.0
    remaining: float = 0.5 ** (years / HALF_LIFE[TieKind(kind)])
    return min(STRONGEST, base * remaining)


def strength_on(tie: Tie, day: date) -> float:
    """The strength of a stored tie on a day."""
    last = last_contact(tie.kind, tie.start, tie.end, tie.created_at)
    return strength(tie.kind, tie.base, last, day)


def combined(strengths: Iterable[float]) -> float:
    """The combined strength of several ties of a pair."""
    return min(STRONGEST, 1.0 - math.prod(1.0 - strength for strength in strengths))


def last_contact(
    kind: str, start: date | None, end: date | None, created_at: datetime
) -> date | None:
    """The day of the last contact; None while contact lasts."""
    if end is not None:
        return end
    if kind in _LASTING:
        return None
    return start or created_at.date()


def pair(one: int, other: int) -> tuple[int, int]:
    """Two people in the order in which a tie stores them."""
    return (one, other) if one < other else (other, one)


def assert_tie(
    session: Session,
    one_id: int,
    other_id: int,
    kind: str,
    *,
    evidence: str = "",
    source: str = "entered",
    start: date | None = None,
    end: date | None = None,
    asserted_by_id: int | None,
    visibility: str = Visibility.EVERYONE,
    base: float | None = None,
    imported_by: Viewer | None = None,
) -> tuple[Tie, bool]:
    """Add a tie, or update that of the same pair, kind, source and owner.

    Returns the tie, and whether it is new. The audit log names the owner, or who imports the tie.
    """
    if one_id == other_id:
        raise Invalid("A tie is between two people.", {"person": "Choose another person."})
    if start and end and end < start:
        raise Invalid("The end is before the start.", {"end": "Enter a date after the start."})
    one, other = pair(one_id, other_id)
    facts: dict[str, Any] = {
        "evidence": evidence,
        "start": start,
        "end": end,
        "base": USUAL_BASE[TieKind(kind)] if base is None else base,
        "visibility": visibility,
    }
    tie = session.exec(
        select(Tie).where(
            Tie.one_id == one,
            Tie.other_id == other,
            Tie.kind == kind,
            Tie.source == source,
            col(Tie.asserted_by_id).is_not_distinct_from(asserted_by_id),
            Tie.origin == "",
        )
    ).first()
    if tie is None:
        tie = Tie(
            one_id=one,
            other_id=other,
            kind=kind,
            source=source,
            asserted_by_id=asserted_by_id,
            **facts,
        )
        session.add(tie)
        session.flush()
        by = imported_by.person_id if imported_by else asserted_by_id
        audit(session, by, "tie added", f"tie {tie.id}")
        return tie, True
    for name, value in facts.items():
        if getattr(tie, name) != value:
            setattr(tie, name, value)
    session.add(tie)
    session.flush()
    return tie, False


def own_tie(session: Session, viewer: Viewer, tie_id: int) -> Tie:
    """A tie that this viewer may change.

    Owners may change their own ties, administrators those that every member may see.
    """
    require_writer(viewer)
    tie = session.exec(select(Tie).where(Tie.id == tie_id, visible(session, viewer))).first()
    if tie is None:
        raise NotFound("There is no such tie.")
    if tie.origin:
        raise Forbidden("This tie follows from the record: it goes when its facts do.")
    mine = tie.asserted_by_id == viewer.person_id
    if not mine and not (Role.ADMIN in viewer.roles and tie.visibility == Visibility.EVERYONE):
        raise Forbidden("Only the member who entered this tie can change it.")
    return tie


def set_visibility(session: Session, tie: Tie, visibility: Visibility, by: int | None) -> None:
    """Set who may see a tie."""
    if tie.visibility != visibility:
        tie.visibility = visibility
        session.add(tie)
        audit(session, by, "tie shared", f"tie {tie.id}", {"visibility": visibility})


def may_call_wrong(viewer: Viewer, tie: Tie) -> bool:
    """Whether a viewer may call a tie wrong that every member sees: the two, its owner, leaders."""
    own = viewer.person_id in (tie.one_id, tie.other_id, tie.asserted_by_id)
    return viewer.may_write and tie.visibility == Visibility.EVERYONE and (viewer.leads or own)


def remove_tie(session: Session, tie: Tie, by: int | None) -> Revision:
    """Remove an asserted tie; its member alone can take that back."""
    revision = begin_edit(session, by, private=tie.visibility != Visibility.EVERYONE)
    audit(session, by, "tie removed", f"tie {tie.id}")
    delete_with_parts(session, [Place("tie", (tie.id,))], by)
    return revision


def visible(session: Session, viewer: Viewer) -> sa.ColumnElement[bool]:
    """The predicate of the ties that a viewer may see."""
    return sa.or_(col(Tie.visibility) == Visibility.EVERYONE, personal(session, viewer))


def personal(session: Session, viewer: Viewer) -> sa.ColumnElement[bool]:
    """The predicate of the viewer's own ties, and of those that are shared in their team."""
    if viewer.person_id is None:
        return sa.false()
    # An index has the owners, where it is asked for them alone.
    owners = {viewer.person_id, *teammates(session, viewer.person_id)}
    shared = sa.or_(
        col(Tie.asserted_by_id) == viewer.person_id, col(Tie.visibility) == Visibility.TEAM
    )
    return sa.and_(col(Tie.asserted_by_id).in_(sorted(owners)), shared)


def teammates(session: Session, person_id: int) -> list[int]:
    """The members whose team ties a member sees: manager, peers and direct reports."""
    return found_once(session, (Tie, person_id), lambda: _teammates(session, person_id))


_MANAGER = select(Member.manager_id).where(Member.person_id == sa.bindparam("member"))
_TEAM = select(Member.person_id).where(
    col(Member.manager_id).in_(sa.bindparam("leads", expanding=True))
)


def _teammates(session: Session, person_id: int) -> list[int]:
    manager = session.exec(_MANAGER, params={"member": person_id}).first()
    leads = [person_id] if manager is None else [person_id, manager]
    members = set(session.exec(_TEAM, params={"leads": leads}))
    return sorted(members | ({manager} if manager is not None else set()))


def colleague_may_know(session: Session, viewer: Viewer, people: Sequence[int]) -> bool:
    """Whether an active colleague has a hidden tie of visibility ASK to one of these people.

    The answer tells neither who the colleague is, nor whom of these people they know.
    """
    if not people or not viewer.may_write:
        return False
    met = sa.or_(col(Tie.one_id).in_(people), col(Tie.other_id).in_(people))
    return session.execute(_hidden_ask_ties(session, viewer, met).limit(1)).first() is not None


def known_to_colleagues(session: Session, viewer: Viewer, people: Collection[int]) -> set[int]:
    """Those of these people to whom an active colleague has a hidden tie of visibility ASK."""
    if not people or not viewer.may_write:
        return set()
    met = sa.or_(col(Tie.one_id).in_(people), col(Tie.other_id).in_(people))
    pairs = session.execute(_hidden_ask_ties(session, viewer, met))
    return {person for two in pairs for person in two}.intersection(people)


def _hidden_ask_ties(session: Session, viewer: Viewer, met: sa.ColumnElement[bool]) -> Any:
    """The pairs with a tie of visibility ASK that is hidden from a viewer, of active colleagues."""
    hidden = sa.not_(visible(session, viewer))
    # Members who have left, or may only read, cannot answer a request.
    active = (
        select(MemberRole.person_id)
        .join(Member, col(Member.person_id) == col(MemberRole.person_id))
        .where(col(Member.active).is_(True))
    )
    return sa.select(col(Tie.one_id), col(Tie.other_id)).where(
        col(Tie.visibility) == Visibility.ASK, met, hidden, col(Tie.asserted_by_id).in_(active)
    )


def ties_of(session: Session, viewer: Viewer, person_id: int, limit: int = 200) -> list[TieRow]:
    """The ties of a person that the viewer may see, the strongest first."""
    other, owner = aliased(Person), aliased(Person)
    other_id = sa.case((col(Tie.one_id) == person_id, col(Tie.other_id)), else_=col(Tie.one_id))
    rows: Any = session.execute(
        sa.select(Tie, col(other.key), col(other.name), col(other.title), col(owner.name))
        .join(other, col(other.id) == other_id)
        .outerjoin(owner, col(owner.id) == col(Tie.asserted_by_id))
        .where(
            sa.or_(col(Tie.one_id) == person_id, col(Tie.other_id) == person_id),
            visible(session, viewer),
        )
    )
    on = today()
    ties = [
        TieRow(
            id=tie.id,
            person_key=key,
            person_name=name,
            person_title=title,
            kind=tie.kind,
            evidence=tie.evidence,
            source=tie.source,
            start=tie.start,
            end=tie.end,
            strength=strength_on(tie, on),
            asserted_by=asserted_by,
            visibility=tie.visibility,
            derived=bool(tie.origin),
            mine=tie.asserted_by_id is not None and tie.asserted_by_id == viewer.person_id,
            may_call_wrong=may_call_wrong(viewer, tie),
        )
        for tie, key, name, title, asserted_by in rows
    ]
    return sorted(ties, key=lambda row: (-row.strength, row.person_name, row.id))[:limit]
