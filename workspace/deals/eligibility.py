"""Eligibility: the seat roles that each member may take, and why.

A member may take a role that their title or a declared skill names, that goes with their role in
Dealkin, or that they have or had on a deal which every member sees. A manager's decision comes
before all of that, and is all that is stored: the rest follows from the record as it is.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.audit import audit
from workspace.deals import credit
from workspace.deals.seat_roles import EXPERTS_ROLE, OWNERS_ROLE, SeatRole, seat_roles
from workspace.errors import NotFound
from workspace.keys import plain
from workspace.people.tables import Member, MemberRole, Person, Role
from workspace.people.viewer import PLAIN_VIEW
from workspace.reading import found_once
from workspace.value_lists import split_values

SPONSORS_ROLE = "executive-sponsor"
# What titles call the members for a role, besides the role's own name, by the role's key. They
# are compared as `plain` writes them.
_TITLES: Mapping[str, tuple[str, ...]] = {
    OWNERS_ROLE: (
        *("account manager", "sales executive", "sales manager", "sales representative"),
        *("key account", "business development", "vertriebsmitarbeiter", "handlowiec"),
    ),
    EXPERTS_ROLE: (
        *("product specialist", "product manager", "product owner", "subject matter expert"),
        *("solution lead", "solution architect", "solutions architect", "produktmanager"),
    ),
    "sales-engineer": (
        *("solution engineer", "solutions engineer", "presales", "pre sales"),
        *("solution architect", "solutions architect", "solution consultant"),
        *("solutions consultant", "technical consultant", "vertriebsingenieur"),
    ),
    "consultant": (
        *("consulting", "adviser", "advisor", "professional services"),
        *("berater", "beraterin", "konsultant", "konsultantka", "консультант"),
    ),
    "auditor": (
        *("audit", "compliance", "assurance", "prufer", "wirtschaftsprufer"),
        *("revisor", "revisorin", "audytor", "audytorka", "аудитор"),
    ),
    "trainer": (
        *("training", "enablement", "instructor", "trainerin", "schulung"),
        *("szkoleniowiec", "trener", "trenerka", "тренер"),
    ),
    SPONSORS_ROLE: (
        *("vp", "svp", "evp", "vice president", "president", "director", "head of"),
        *("chief", "ceo", "coo", "cfo", "cto", "cio", "cro", "cco", "managing partner"),
        *("general manager", "founder", "geschaftsfuhrer", "geschaftsfuhrerin"),
        *("vorstand", "dyrektor", "prezes", "директор"),
    ),
}
# A title with one of these words is of an assistant of the position that it names.
_ASSISTING = re.compile(r"\b(?:assistant|secretary|intern|trainee|apprentice|praktikant\w*)\b")
# The seat role that goes with a role in Dealkin.
_OF_ROLE = {Role.REP: OWNERS_ROLE, Role.EXPERT: EXPERTS_ROLE}
_ROLE_SAYS = {Role.REP: "is a rep", Role.EXPERT: "is a product expert"}


class EligibilityDecision(SQLModel, table=True):
    """A manager's decision whether a member may take a seat role."""

    person_id: int = Field(primary_key=True, foreign_key="member.person_id", ondelete="CASCADE")
    role_id: int = Field(primary_key=True, foreign_key="seatrole.id", ondelete="CASCADE")
    allowed: bool


@dataclass(frozen=True)
class EligibleRole:
    """A role that a member may take, or that a manager ruled out for them, and why."""

    key: str
    name: str
    allowed: bool
    because: str
    decided: bool


@dataclass(frozen=True)
class MemberEligibility:
    """An active member with their roles, in the order of the roles."""

    person_id: int
    key: str
    name: str
    title: str
    roles: list[EligibleRole]

    @property
    def allowed(self) -> list[EligibleRole]:
        """The roles that they may take."""
        return [role for role in self.roles if role.allowed]


@dataclass(frozen=True)
class _Known:
    """What a member's roles follow from; the title and skills also as they are compared."""

    title: str
    plain_title: str
    skills: Mapping[str, str]
    roles: Collection[str]
    # On how many deals they have or had each role, by its name.
    seats: Mapping[str, int]


def eligible_members(session: Session) -> dict[str, dict[int, str]]:
    """The active members who may take each role, with the reason, by the role's name."""
    return found_once(session, "eligible members", lambda: _eligible_members(session))


def _eligible_members(session: Session) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {role.name: {} for role in seat_roles(session)}
    for member in eligibility(session):
        for role in member.allowed:
            found[role.name][member.person_id] = role.because
    return found


def eligibility(session: Session, person_id: int | None = None) -> list[MemberEligibility]:
    """The roles of every active member, or of one, by name."""
    roles = seat_roles(session)
    phrases = {role.key: _phrases(role.name) for role in roles}
    columns = (Person.id, Person.key, Person.name, Person.title, Person.skills)
    query = (
        sa.select(*map(col, columns))
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(col(Member.active).is_(True))
        .order_by(sa.func.lower(Person.name), col(Person.id))
    )
    if person_id is not None:
        query = query.where(col(Person.id) == person_id)
    members = session.execute(query).all()
    seats = _seats(session, person_id)
    of_member: dict[int, set[str]] = defaultdict(set)
    for member_id, role in session.exec(select(MemberRole.person_id, MemberRole.role)):
        of_member[member_id].add(role)
    decided = {
        (row.person_id, row.role_id): row.allowed
        for row in session.exec(select(EligibilityDecision))
    }
    found = []
    for member_id, key, name, title, skills in members:
        known = _Known(
            title,
            plain(title),
            {plain(skill): skill for skill in split_values(skills)},
            of_member[member_id],
            seats.get(member_id, {}),
        )
        rows = [
            _role(role, phrases[role.key], known, decided.get((member_id, role.id)))
            for role in roles
        ]
        found.append(
            MemberEligibility(member_id, key, name, title, [row for row in rows if row is not None])
        )
    return found


def eligibility_of(session: Session, key: str) -> MemberEligibility:
    """The roles of the active member of that key; NotFound if there is none."""
    person_id = session.exec(select(Person.id).where(Person.key == key)).first()
    found = eligibility(session, person_id) if person_id is not None else []
    if not found:
        raise NotFound("There is no such member.")
    return found[0]


def set_eligibility(
    session: Session, person_id: int, role_keys: Collection[str], by: int | None
) -> None:
    """Let a member take exactly these roles.

    Stored is only where that differs from what follows from the record, so that a new title or
    seat still counts.
    """
    (member,) = eligibility(session, person_id)
    before = sorted(role.key for role in member.allowed)
    kept = session.exec(
        select(EligibilityDecision).where(EligibilityDecision.person_id == person_id)
    )
    for decision in kept:
        session.delete(decision)
    session.flush()
    (member,) = eligibility(session, person_id)
    derived = {role.key for role in member.allowed}
    for role in seat_roles(session):
        allowed = role.key in role_keys
        if allowed != (role.key in derived):
            decision = EligibilityDecision(person_id=person_id, role_id=role.id, allowed=allowed)
            session.add(decision)
    session.flush()
    detail: dict[str, object] = {"seat roles": [before, sorted(role_keys)]}
    audit(session, by, "seat roles of a member set", f"person {person_id}", detail)


def _role(
    role: SeatRole, phrases: Sequence[str], known: _Known, decision: bool | None
) -> EligibleRole | None:
    if decision is not None:
        because = "a manager decided so"
        return EligibleRole(role.key, role.name, decision, because, decided=True)
    derived = _because(role, phrases, known)
    if derived is None:
        return None
    return EligibleRole(role.key, role.name, allowed=True, because=derived, decided=False)


def _because(role: SeatRole, phrases: Sequence[str], known: _Known) -> str | None:
    """Why a member may take a role, by the best evidence; None if nothing says so."""
    if count := known.seats.get(role.name, 0):
        return f"{role.name} on {count} deal{'' if count == 1 else 's'}"
    titles = _TITLES.get(role.key, ())
    if _has_title(known.plain_title, (*phrases, *titles)):
        return known.title
    for skill, shown in known.skills.items():
        # 'Training' alone is what a trainer does; 'training of models' is something else.
        if skill in titles or _has_phrase(skill, phrases):
            return f"skill: {shown}"
    for held, key in _OF_ROLE.items():
        if held in known.roles and role.key == key:
            return _ROLE_SAYS[held]
    return None


def _phrases(name: str) -> tuple[str, ...]:
    """A role's name, and what its work is called: 'executive sponsorship' for its sponsor."""
    plain_name = plain(name)
    return (plain_name, f"{plain_name}s", f"{plain_name}ship")


# Hundreds of members share few titles.
@lru_cache(maxsize=4096)
def _has_title(plain_title: str, titles: tuple[str, ...]) -> bool:
    """Whether a title is one of these, and not that of their assistant."""
    return _has_phrase(plain_title, titles) and not _ASSISTING.search(plain_title)


def _has_phrase(plain_text: str, phrases: Iterable[str]) -> bool:
    """Whether whole words of a text, as `plain` writes it, are one of these phrases."""
    padded = f" {plain_text} "
    return any(f" {phrase} " in padded for phrase in phrases)


def _seats(session: Session, person_id: int | None) -> dict[int, dict[str, int]]:
    """On how many deals that every member sees each has or had a role.

    Only these count, so that the roles of a member are the same for everybody and tell nobody of
    a confidential deal.
    """
    return credit.seat_counts(session, PLAIN_VIEW, person_id)
