"""A member's availability for deal teams: a limit of seats, and when they are away."""

from datetime import date
from typing import Any

from sqlmodel import Field, Session, SQLModel

from workspace.audit import audit
from workspace.errors import Invalid

# The limit of seats on open deals for a member who has set none.
USUAL_LIMIT = 6


class MemberAvailability(SQLModel, table=True):
    """A member's own limit of seats on open deals, and the days when they are away."""

    person_id: int = Field(primary_key=True, foreign_key="member.person_id")
    seat_limit: int = USUAL_LIMIT
    away_from: date | None = None
    away_until: date | None = None


def availability_of(session: Session, person_id: int) -> MemberAvailability:
    """A member's availability; the default where they have set none."""
    return session.get(MemberAvailability, person_id) or MemberAvailability(person_id=person_id)


def set_availability(
    session: Session,
    person_id: int,
    by: int | None,
    *,
    seat_limit: int,
    away_from: date | None,
    away_until: date | None,
) -> None:
    """Set a member's limit of seats, and the days when they are away."""
    if away_from and away_until and away_until < away_from:
        raise Invalid(
            "The end is before the start.", {"away_until": "Enter a date after the start."}
        )
    row = availability_of(session, person_id)
    facts: dict[str, Any] = {
        "seat_limit": seat_limit,
        "away_from": away_from,
        "away_until": away_until,
    }
    row.sqlmodel_update(facts)
    session.add(row)
    audit(session, by, "availability set", f"person {person_id}")


def is_away(row: MemberAvailability, day: date) -> bool:
    """Whether a member is away on a day; an absence may have no first or no last day."""
    if row.away_from is None and row.away_until is None:
        return False
    return (row.away_from is None or row.away_from <= day) and (
        row.away_until is None or day <= row.away_until
    )
