"""Drafts for keeping in touch: two lines, of the reason to write and of the common ground."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from references.network.common_ground import ground_of_pairs
from workspace.collaboration.reminders import Occasion
from workspace.people.tables import Person
from workspace.people.viewer import Viewer


def drafts(session: Session, viewer: Viewer, occasions: Sequence[Occasion]) -> dict[str, str]:
    """A draft of two lines for each of these occasions, by the key of the contact."""
    if viewer.person_id is None or not occasions:
        return {}
    keys = [occasion.key for occasion in occasions]
    ids = dict(session.exec(select(Person.key, Person.id).where(col(Person.key).in_(keys))).all())
    pairs = [(viewer.person_id, person_id) for person_id in ids.values()]
    ground = ground_of_pairs(session, viewer, pairs)
    written = {}
    for occasion in occasions:
        opening = next(
            (each.opening for each in occasion.reasons if each.opening and not each.confidential),
            "it has been a while – how are you?",
        )
        shared = ground.get((viewer.person_id, ids.get(occasion.key, 0)), [])
        second = (
            f"I thought of what we share: {shared[0].text}."
            if shared
            else "Shall we catch up soon?"
        )
        written[occasion.key] = f"Dear {occasion.name}, {opening}\n{second}"
    return written
