"""Parked deals: neither open nor closed until a day comes, or an event that a member sees.

A parked deal keeps its stage. Its outcome leaves it out of whatever is about open deals or about
deals that went well or badly: board, totals, rotting, workload, outlook, similar past deals.
"""

import logging
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from workspace.clock import today
from workspace.database import Database
from workspace.deals import access
from workspace.deals.lifecycle import lock_deal, stop_parking
from workspace.deals.tables import Deal, Outcome
from workspace.errors import Conflict, Invalid
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import record

logger = logging.getLogger("dealkin.parking")

# Seconds between two looks for deals whose day has come.
PAUSE_SECONDS = 600.0


@dataclass(frozen=True)
class Parking:
    """Why a deal is parked, and the day or the event that wakes it."""

    reason: str
    wakes_on: date | None = None
    wakes_when: str = ""


def park(
    session: Session, viewer: Viewer, key: str, parking: Parking, *, version: int | None = None
) -> Deal:
    """Park a viewer's open deal.

    `version` is the version that the viewer saw; `Conflict` where it is no longer that one.
    """
    deal = access.editable_deal(session, viewer, key)
    lock_deal(session, deal)
    require_parking(parking)
    _require_version(deal, version)
    if deal.outcome != Outcome.OPEN:
        raise Conflict(f"Only an open deal is parked; this one is {deal.outcome}.")
    set_parked(session, deal, viewer.person_id, parking)
    return deal


def require_parking(parking: Parking) -> None:
    """Refuse parking without a reason, or without what ends it."""
    wrong: dict[str, str] = {}
    if not parking.reason:
        wrong["park_reason"] = "Enter a reason."
    if parking.wakes_on is None and not parking.wakes_when:
        wrong["wakes_on"] = "Enter a day or an event."
    if parking.wakes_on is not None and parking.wakes_on <= today():
        wrong["wakes_on"] = "Enter a day after today."
    if wrong:
        raise Invalid("The deal is not parked.", wrong)


def set_parked(
    session: Session, deal: Deal, by: int | None, parking: Parking, *, quiet: bool = False
) -> None:
    """Park a deal, or change why it is parked, without asking who may."""
    deal.outcome = Outcome.PARKED
    deal.parked_reason = parking.reason
    deal.wakes_on, deal.wakes_when = parking.wakes_on, parking.wakes_when
    deal.version += 1
    session.add(deal)
    detail: dict[str, object] = {
        "wakes_on": parking.wakes_on.isoformat() if parking.wakes_on else None,
        "wakes_when": parking.wakes_when,
    }
    record(session, deal.id, by, "parked", parking.reason, detail=detail, quiet=quiet)


def wake(session: Session, viewer: Viewer, key: str, *, version: int | None = None) -> Deal:
    """Wake a viewer's parked deal: it is open again, at the stage that it had."""
    deal = access.editable_deal(session, viewer, key)
    lock_deal(session, deal)
    _require_version(deal, version)
    if deal.outcome != Outcome.PARKED:
        raise Conflict(f"This deal is {deal.outcome}, not parked.")
    set_awake(session, deal, viewer.person_id)
    return deal


def set_awake(
    session: Session, deal: Deal, by: int | None, *, day: bool = False, quiet: bool = False
) -> None:
    """Wake a parked deal without asking who may; `day` tells that its day has come."""
    why = deal.parked_reason
    stop_parking(deal)
    deal.outcome = Outcome.OPEN
    # It did not stand still while it was parked.
    deal.stage_since = today()
    deal.version += 1
    session.add(deal)
    tell = {deal.owner_id: "wake"} if deal.owner_id else {}
    record(session, deal.id, by, "woken", why, detail={"day": day}, tell=tell, quiet=quiet)


def wake_due(database: Database) -> int:
    """Wake the deals whose day has come; how many. Their owners are told."""
    due = select(Deal.id).where(Deal.outcome == Outcome.PARKED, col(Deal.wakes_on) <= today())
    with database.read() as session:
        ids = session.exec(due.order_by(col(Deal.id))).all()
    woken = 0
    for deal_id in ids:
        with database.write() as session:
            deal = session.get(Deal, deal_id)
            if deal is None:
                continue
            lock_deal(session, deal)
            # A member may have been faster, or has named a later day.
            if deal.outcome == Outcome.PARKED and deal.wakes_on and deal.wakes_on <= today():
                set_awake(session, deal, None, day=True)
                woken += 1
    return woken


def wake_now(database: Database) -> float:
    """Wake the deals that are due; returns the seconds until the next look."""
    try:
        wake_due(database)
    except Exception:
        # The database may be unreachable for a while; what is due stays due.
        logger.exception("Parked deals could not be woken")
    return PAUSE_SECONDS


def _require_version(deal: Deal, version: int | None) -> None:
    if version is not None and version != deal.version:
        raise Conflict("A colleague changed this deal in the meantime. Reload the page.")
