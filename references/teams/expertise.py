"""What speaks for members on deals that are not shown, as it was some minutes ago."""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence

from sqlmodel import Session

from references.teams.understaffed import MOST_DEALS, understaffed
from similarity.experts import Proof, proofs_of_deals
from similarity.index.catalog import Catalog
from workspace.deals.access import confidential_deals
from workspace.deals.tables import Deal
from workspace.people.viewer import Viewer

# How long the value of evidence is kept, and from what age it is weighed again, for so many deals
# with each page. Half a team changes in months.
KEPT_SECONDS = 3600.0
FRESH_SECONDS = 600.0
WEIGHED_AGAIN = 5
# For so many sets of rights it is kept. Most members have the same ones.
RIGHTS_KEPT = 16

# The value of the evidence for each member, by their id: see `Proof.value`.
Values = Mapping[int, float]


class RememberedExpertise:
    """The values of the evidence for members on deals, of this process.

    A deal's proposals depend on all other deals that need people, of which its page shows nothing.
    To weigh the evidence for a hundred of them takes seconds, so it is done once in a while, for
    all viewers who may see the same. Threads may share it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Held while deals are weighed for the first time.
        self._weighing = threading.Lock()
        # By rights, the latest used last: for each deal the moment, and the values.
        self._kept: OrderedDict[Hashable, dict[int, tuple[float, Values]]] = OrderedDict()

    def values(
        self, session: Session, viewer: Viewer, catalog: Catalog, deals: Sequence[Deal]
    ) -> dict[int, Values]:
        """The values for each of these deals, by its id, at most KEPT_SECONDS old."""
        rights = _rights(session, viewer, catalog)
        known = self._known(rights, deals)
        first: dict[int, Values] = {}
        if len(known) < len(deals):
            # Other pages need the same ones, so they wait for them.
            with self._weighing:
                known = self._known(rights, deals)
                missing = [deal for deal in deals if deal.id not in known]
                first = values_of(proofs_of_deals(session, viewer, catalog, missing))
                self._keep(rights, first)
        # A few at a time, so that no page waits for all.
        now = time.monotonic()
        old = sorted(
            (deal for deal in deals if deal.id in known),
            key=lambda deal: known[deal.id][0],
        )
        again = [deal for deal in old[:WEIGHED_AGAIN] if known[deal.id][0] < now - FRESH_SECONDS]
        weighed = values_of(proofs_of_deals(session, viewer, catalog, again))
        self._keep(rights, weighed)
        return {deal_id: values for deal_id, (_, values) in known.items()} | first | weighed

    def weigh_in_advance(self, session: Session, viewer: Viewer, catalog: Catalog) -> None:
        """Remember the evidence for the deals that need people, for all who may see the same as
        this viewer, so that no page waits for it."""
        deals = [deal for deal, _ in understaffed(session, viewer, limit=MOST_DEALS)]
        self.values(session, viewer, catalog, deals)

    def keep(
        self, session: Session, viewer: Viewer, catalog: Catalog, values: Mapping[int, Values]
    ) -> None:
        """Remember values that have just been weighed, so that pages agree on them."""
        self._keep(_rights(session, viewer, catalog), values)

    def _known(self, rights: Hashable, deals: Sequence[Deal]) -> dict[int, tuple[float, Values]]:
        """The moment, and the values, of each of these deals that is remembered, by its id."""
        now = time.monotonic()
        with self._lock:
            kept = self._kept.get(rights, {})
            return {
                deal.id: kept[deal.id]
                for deal in deals
                if deal.id in kept and kept[deal.id][0] >= now - KEPT_SECONDS
            }

    def _keep(self, rights: Hashable, values: Mapping[int, Values]) -> None:
        now = time.monotonic()
        with self._lock:
            kept = self._kept.setdefault(rights, {})
            kept.update((deal_id, (now, of_deal)) for deal_id, of_deal in values.items())
            for deal_id in [each for each, (at, _) in kept.items() if at < now - KEPT_SECONDS]:
                del kept[deal_id]
            self._kept.move_to_end(rights)
            while len(self._kept) > RIGHTS_KEPT:
                self._kept.popitem(last=False)


def values_of(proofs: Mapping[int, Mapping[int, Proof]]) -> dict[int, Values]:
    """The values of the evidence for members, by the ids of deal and member."""
    return {
        deal_id: {person_id: proof.value for person_id, proof in of_deal.items()}
        for deal_id, of_deal in proofs.items()
    }


def _rights(session: Session, viewer: Viewer, catalog: Catalog) -> Hashable:
    """What makes evidence another one for one viewer than for others."""
    return (
        frozenset(confidential_deals(session, viewer).items()),
        frozenset(catalog.readable_feedback(session, viewer)),
    )
