"""Changes of many deals at once: all of them, or none."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlmodel import Session

from workspace.deals import access
from workspace.deals.lifecycle import SAY_WHY, advance, edit, lacks_reason
from workspace.deals.parking import Parking, require_parking, set_awake, set_parked
from workspace.deals.tables import Outcome, Stage
from workspace.errors import Conflict, DealkinError, Invalid
from workspace.people.viewer import Viewer


def no_words(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[str]]:
    """What the timeline says of own fields where none are changed."""
    return {}


def change_all(
    session: Session,
    viewer: Viewer,
    chosen: Iterable[tuple[str, int]],
    *,
    stage: Stage | None = None,
    changes: dict[str, object] | None = None,
    parking: Parking | None = None,
    wakes: bool = False,
    own: Mapping[str, Any] | None = None,
    told: Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, list[str]]] = no_words,
) -> int:
    """Change all of these deals or none; each is a key and the version that the viewer saw.

    `parking` parks open deals, `wakes` wakes parked ones; `own` has new values of own fields,
    and `told` puts their changes into words for the timeline. How
    many deals changed. `Invalid` has a
    reason for every deal that cannot be changed; the caller must then roll its transaction back.
    """
    refused: dict[str, str] = {}
    changed = 0
    if parking:
        require_parking(parking)
    # Locks are taken in one order, so that two transactions never wait for each other.
    for key, version in sorted(chosen):
        try:
            deal = access.editable_deal(session, viewer, key)
            by = viewer.person_id
            facts = dict(changes or {})
            words: dict[str, list[str]] = {}
            if own:
                facts["own"] = after = {**deal.own, **own}
                words = told(deal.own, after)
            differs = edit(session, deal, by, facts, version=version, own=words)
            if wakes and deal.outcome == Outcome.PARKED:
                set_awake(session, deal, by)
                differs = True
            if stage:
                if deal.outcome == Outcome.PARKED:
                    raise Conflict("This deal is parked. Reopen it first.")
                if deal.outcome != Outcome.OPEN:
                    raise Conflict("This deal is closed. Reopen it on its own page.")
                if lacks_reason(deal, stage):
                    raise Conflict(SAY_WHY)
                differs |= advance(session, deal, stage, by)
            if parking:
                if deal.outcome != Outcome.OPEN:
                    raise Conflict(f"Only an open deal is parked; this one is {deal.outcome}.")
                set_parked(session, deal, by, parking)
                differs = True
            changed += differs
        except DealkinError as why:
            refused[key] = str(why)
    if refused:
        raise Invalid("Nothing was changed, as some of these deals cannot be.", refused)
    return changed
