"""Notes: what members write on a deal's timeline, in Markdown, and whom they mention."""

import re
from collections.abc import Collection
from datetime import timedelta

from sqlmodel import Session, col, func, select

from workspace.audit import audit
from workspace.clock import now
from workspace.deals.access import may_edit, readers_of
from workspace.deals.tables import Deal
from workspace.errors import Forbidden, Invalid, NotFound, TooMany
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer
from workspace.timeline.mentions import mentions
from workspace.timeline.notifications import Notification, notify, remove_notifications
from workspace.timeline.timeline import WRITTEN_KINDS, TimelineEntry, record

# Each mention is in somebody's inbox and mail.
MENTIONS_AN_HOUR = 60

# Code in Markdown, in which names after an @ are no mentions.
_CODE = re.compile(r"(?ms)(^ {0,3}(?:```|~~~).*?(?:^ {0,3}(?:```|~~~)|\Z)|`[^`]*`)")


def may_write(session: Session, viewer: Viewer, deal: Deal) -> bool:
    """Whether a viewer who sees this deal can write on its timeline.

    Besides those who can edit the deal, these are the members who were mentioned or have a task:
    they can answer without being on the team.
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
    """Refuse viewers who cannot write on this deal's timeline."""
    if not may_write(session, viewer, deal):
        raise Forbidden("Only this deal's team, managers and those who were asked may write here.")


def write_note(session: Session, deal: Deal, by: int | None, kind: str, text: str) -> TimelineEntry:
    """Write a note and notify the members whom it mentions."""
    text, mentioned_ids = with_keys(session, deal, text)
    _require_few_mentions(session, by, mentioned_ids)
    tell = dict.fromkeys(mentioned_ids, "mention")
    return record(session, deal.id, by, kind, text, tell=tell)


def own_note(
    session: Session, deal: Deal, entry_id: int, person_id: int | None, *, lock: bool = False
) -> TimelineEntry:
    """A person's own note on this deal; NotFound if there is none.

    With `lock` nobody else changes it until the transaction ends.
    """
    query = select(TimelineEntry).where(
        TimelineEntry.id == entry_id,
        TimelineEntry.deal_id == deal.id,
        TimelineEntry.by_id == person_id,
        col(TimelineEntry.kind).in_(WRITTEN_KINDS),
    )
    entry = session.exec(query.with_for_update() if lock else query).first()
    if entry is None or person_id is None:
        raise NotFound("There is no such note of yours.")
    return entry


def rewrite_note(session: Session, deal: Deal, entry: TimelineEntry, text: str) -> None:
    """Change a note's text and notify the members whom only the new text mentions."""
    text, mentioned_ids = with_keys(session, deal, text)
    if text == entry.text:
        return
    _require_few_mentions(session, entry.by_id, set(mentioned_ids) - _mentioned_in(session, entry))
    entry.text = text
    rewrites = entry.detail.get("rewrites")
    entry.detail = {
        **entry.detail,
        "rewritten": now().isoformat(),
        "rewrites": rewrites + 1 if isinstance(rewrites, int) else 1,
    }
    session.add(entry)
    reasons = {person_id: "mention" for person_id in mentioned_ids if person_id != entry.by_id}
    notify(session, entry.id, now(), reasons)
    # The audit log outlives the note, so it does not have the text.
    audit(session, entry.by_id, f"deal {entry.kind} rewritten", f"deal {deal.id}")


def remove_note(session: Session, deal: Deal, entry: TimelineEntry) -> None:
    """Remove a note from the timeline and from inboxes."""
    remove_notifications(session, entry.id)
    session.delete(entry)
    audit(session, entry.by_id, f"deal {entry.kind} removed", f"deal {deal.id}")


def with_keys(session: Session, deal: Deal, text: str) -> tuple[str, list[int]]:
    """The text with keys for names ('@bob-brandt' for '@Bob Brandt'), and whom it mentions, as ids.

    Invalid if two colleagues have a mentioned name, or if a mentioned member cannot see the deal:
    they would get no notification, but the writer would think that they did.
    """
    if "@" not in text:
        return text, []
    readers = readers_of(session, deal)
    keys_by_name: dict[str, list[str]] = {}
    for reader in readers:
        keys_by_name.setdefault(reader.name.lower(), []).append(reader.key)
    names = "|".join(map(re.escape, sorted(keys_by_name, key=len, reverse=True)))
    named = re.compile(rf"(?<![\w@/.+-])@({names})(?!\w)", re.IGNORECASE)

    def with_key(match: re.Match[str]) -> str:
        return f"@{_only(keys_by_name[match[1].lower()], match[1])}"

    if names:
        # `split` yields text and code in turn, beginning with text.
        pieces = _CODE.split(text)
        pieces[::2] = [named.sub(with_key, piece) for piece in pieces[::2]]
        text = "".join(pieces)
    ids = {reader.key: reader.id for reader in readers}
    keys = mentions(text)
    _require_readers(session, [key for key in keys if key not in ids])
    return text, [ids[key] for key in keys if key in ids]


def _mentioned_in(session: Session, entry: TimelineEntry) -> set[int]:
    query = select(Notification.person_id).where(Notification.entry_id == entry.id)
    return set(session.exec(query))


def _require_few_mentions(session: Session, by: int | None, mentioned: Collection[int]) -> None:
    """Refuse mentions beyond what a member may put into inboxes within an hour."""
    others = [person_id for person_id in mentioned if person_id != by]
    if not others:
        return
    earlier = (
        select(func.count())
        .select_from(Notification)
        .join(TimelineEntry, col(TimelineEntry.id) == col(Notification.entry_id))
        .where(
            col(Notification.why) == "mention",
            col(Notification.at) > now() - timedelta(hours=1),
            TimelineEntry.by_id == by,
        )
    )
    if session.exec(earlier).one() + len(others) > MENTIONS_AN_HOUR:
        raise TooMany(
            f"You can mention colleagues {MENTIONS_AN_HOUR} times an hour."
            " Leave some out, or try again later."
        )


def _only(keys: list[str], name: str) -> str:
    if len(keys) > 1:
        which = " or ".join(f"@{key}" for key in keys)
        raise Invalid(
            f"Several colleagues are called {name}.", {"text": f"Which one? Write {which}."}
        )
    return keys[0]


def _require_readers(session: Session, others: list[str]) -> None:
    query = (
        select(Person.name, Member.active)
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(col(Person.key).in_(others))
        .order_by(Person.name)
    )
    for name, active in session.exec(query):
        if not active:
            raise Invalid(
                f"{name} is deactivated.", {"text": f"{name} is deactivated: leave the @ out."}
            )
        raise Invalid(
            f"{name} may not see this deal.",
            {"text": f"{name} may not see this deal: invite them first, or leave the @ out."},
        )
