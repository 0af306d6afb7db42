"""Requests for a seat, as the member who is asked reads them: why they, and with which load."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from similarity.experts import EVIDENCE_SHOWN, Evidence, proofs_of_deals
from similarity.index.catalog import Catalog
from similarity.scoring import Term
from workspace.deals import team
from workspace.deals.eligibility import eligibility
from workspace.deals.tables import Deal
from workspace.deals.team import AskedSeat
from workspace.deals.workload import Load, loads_of
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class SeatRequest:
    """A seat that the viewer is asked to take, with what speaks for them and their load."""

    seat: AskedSeat
    # Why they may take the role at all; empty where only a colleague's choice says so.
    role_because: str
    reasons: list[Term]
    evidence: list[Evidence]
    load: Load


def seat_requests(
    session: Session, viewer: Viewer, catalog: Catalog, deal_id: int | None = None
) -> list[SeatRequest]:
    """The seats that the viewer is asked to take, on all deals that they may see or on one."""
    asked = [
        seat
        for seat in team.asked_seats(session, viewer)
        if deal_id is None or seat.deal_id == deal_id
    ]
    if not asked or viewer.person_id is None:
        return []
    query = select(Deal).where(col(Deal.id).in_([seat.deal_id for seat in asked]))
    proofs = proofs_of_deals(session, viewer, catalog, session.exec(query).all())
    roles = {
        role.name: role.because
        for member in eligibility(session, viewer.person_id)
        for role in member.allowed
    }
    load = loads_of(session, viewer)[viewer.person_id]
    found = []
    for seat in asked:
        proof = proofs[seat.deal_id].get(viewer.person_id)
        terms = sorted(proof.terms if proof else (), key=lambda term: -term.contribution)
        votes = proof.votes if proof else []
        found.append(
            SeatRequest(
                seat=seat,
                role_because=roles.get(seat.role, ""),
                reasons=[term for term in terms if term.contribution > 0],
                evidence=[vote.evidence() for vote in votes[:EVIDENCE_SHOWN]],
                load=load,
            )
        )
    return found
