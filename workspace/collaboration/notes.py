"""What members write on a deal's timeline, in Markdown, and the colleagues whom they mention."""

import re

from sqlmodel import Session, col, select

from workspace.audit import audit
from workspace.clock import now
from workspace.deals.access import may_edit, readers_of
from workspace.deals.tables import Deal
from workspace.errors import Forbidden, Invalid, NotFound
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer
from workspace.timeline import notifications
from workspace.timeline.mentions import mentions
from workspace.timeline.notifications import Notification
from workspace.timeline.timeline import WRITTEN_KINDS, TimelineEntry, record

# Code is left as it was written.
_CODE = re.compile(r"(?ms)(^ {0,3}(?:```|~~~).*?(?:^ {0,3}(?:```|~~~)|\Z)|`[^`]*`)")


def may_write(session: Session, viewer: Viewer, deal: Deal) -> bool:
    """Whether a viewer who sees this deal may write on it: who may change it, and who was asked.

    A colleague who was mentioned, or has a task, can answer without being on the team.
    """
    if may_edit(session, viewer, deal):
        return True
    if not viewer.may_write:
        return False
    asked = (
        select(Notification.id)
        .join(TimelineEntry, col(TimelineEntry.id) == col(Notification.entry_id))
        .where(
            TimelineEntry.deal_id == deal.id,
            Notification.person_id == viewer.person_id,
            col(Notification.why).in_(("mention", "task")),
        )
    )
    return session.exec(asked.limit(1)).first() is not None


def require_writer(session: Session, viewer: Viewer, deal: Deal) -> None:
    """Refuse those who may not write on this deal."""
    if not may_write(session, viewer, deal):
        raise Forbidden("Only this deal's team, managers and those who were asked may write here.")


def write_note(session: Session, deal: Deal, by: int | None, kind: str, text: str) -> TimelineEntry:
    """Write something down; whom it mentions is told. Names after an @ become keys."""
    text, mentioned = with_keys(session, deal, text)
    tell = dict.fromkeys(mentioned, "mention")
    return record(session, deal.id, by, kind, text, tell=tell)


def own_note(
    session: Session, deal: Deal, entry_id: int, person_id: int | None, *, hold: bool = False
) -> TimelineEntry:
    """What somebody wrote themselves on this deal; NotFound where it is not theirs, or is gone.

    With `hold` nobody else changes it until the transaction ends.
    """
    query = select(TimelineEntry).where(
        TimelineEntry.id == entry_id,
        TimelineEntry.deal_id == deal.id,
        TimelineEntry.by_id == person_id,
        col(TimelineEntry.kind).in_(WRITTEN_KINDS),
    )
    entry = session.exec(query.with_for_update() if hold else query).first()
    if entry is None or person_id is None:
        raise NotFound("There is no such note of yours.")
    return entry


def rewrite_note(session: Session, deal: Deal, entry: TimelineEntry, text: str) -> None:
    """Change what one wrote; only whom it newly mentions is told."""
    text, mentioned = with_keys(session, deal, text)
    if text == entry.text:
        return
    entry.text = text
    before = entry.detail.get("rewrites")
    entry.detail = {
        **entry.detail,
        "rewritten": now().isoformat(),
        "rewrites": before + 1 if isinstance(before, int) else 1,
    }
    session.add(entry)
    told = {person: "mention" for person in mentioned if person != entry.by_id}
    notifications.tell(session, entry.id, now(), told)
    # What was written is not in the log: it outlives the note.
    audit(session, entry.by_id, f"deal {entry.kind} rewritten", f"deal {deal.id}")


def remove_note(session: Session, deal: Deal, entry: TimelineEntry) -> None:
    """Take back what one wrote: it is gone from the timeline and from inboxes."""
    notifications.forget(session, entry.id)
    session.delete(entry)
    audit(session, entry.by_id, f"deal {entry.kind} removed", f"deal {deal.id}")


def with_keys(session: Session, deal: Deal, text: str) -> tuple[str, list[int]]:
    """A text in which '@Bob Brandt' is '@bob-brandt', and the ids of those whom it mentions.

    Invalid where a name is two colleagues', or somebody is mentioned who may not see the deal:
    they would never be told, and the writer would think that they were.
    """
    if "@" not in text:
        return text, []
    readers = readers_of(session, deal)
    by_name: dict[str, list[str]] = {}
    for reader in readers:
        by_name.setdefault(reader.name.lower(), []).append(reader.key)
    names = "|".join(map(re.escape, sorted(by_name, key=len, reverse=True)))
    named = re.compile(rf"(?<![\w@/.+-])@({names})(?!\w)", re.IGNORECASE)

    def keyed(found: re.Match[str]) -> str:
        return f"@{_only(by_name[found[1].lower()], found[1])}"

    if names:
        # What stands between code is at the even places.
        pieces = _CODE.split(text)
        pieces[::2] = [named.sub(keyed, piece) for piece in pieces[::2]]
        text = "".join(pieces)
    ids = {reader.key: reader.id for reader in readers}
    keys = mentions(text)
    _require_readers(session, [key for key in keys if key not in ids])
    return text, [ids[key] for key in keys if key in ids]


def _only(keys: list[str], name: str) -> str:
    if len(keys) > 1:
        which = " or ".join(f"@{key}" for key in keys)
        raise Invalid(
            f"Several colleagues are called {name}.", {"text": f"Which one? Write {which}."}
        )
    return keys[0]


def _require_readers(session: Session, others: list[str]) -> None:
    query = select(Person.name).join(Member, col(Member.person_id) == col(Person.id))
    name = session.exec(query.where(col(Person.key).in_(others)).order_by(Person.name)).first()
    if name:
        raise Invalid(
            f"{name} may not see this deal.",
            {"text": f"{name} may not see this deal: invite them first, or leave the @ out."},
        )
