"""Notes: what members write on a deal's timeline, in Markdown, and whom they mention."""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, func, select

from workspace.audit import audit
from workspace.clock import now
from workspace.deals.access import Reader, may_edit, readers_of
from workspace.deals.tables import Deal
from workspace.errors import Forbidden, Invalid, NotFound, TooMany
from workspace.keys import plain
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer
from workspace.revisions.deleting import delete_with_parts
from workspace.revisions.recorder import Place
from workspace.timeline.mentions import Directory, texts_of
from workspace.timeline.notifications import Notification, notify
from workspace.timeline.timeline import WRITTEN_KINDS, TimelineEntry, record

# Each mention goes to an inbox and a digest.
MENTIONS_AN_HOUR = 60

# Code in Markdown, in which names after an @ are no mentions.
_CODE = re.compile(r"(?ms)(^ {0,3}(?:```|~~~).*?(?:^ {0,3}(?:```|~~~)|\Z)|`[^`]*`)")


# How alike a name has to be to a word of a colleague's name to be offered for it.
_ALIKE = 0.75
_OFFERED = 3
# How many of the mentions that reach nobody are shown with the reason.
_REASONS_SHOWN = 5


@dataclass(frozen=True)
class Mentioned:
    """A note's text with keys for names, and whom it mentions."""

    text: str
    # The members whom it reaches.
    ids: list[int]
    # The mentions that reach nobody, as they are written, each with the reason.
    unreached: dict[str, str]


class ReachesNobody(Invalid):
    """Mentions that reach nobody, and that the writer has not confirmed."""

    def __init__(self, unreached: Mapping[str, str]) -> None:
        shown = list(unreached.values())[:_REASONS_SHOWN]
        super().__init__("A mention reaches nobody.", {"text": " ".join(shown)})
        self.mentions = list(unreached)


def may_write(session: Session, viewer: Viewer, deal: Deal) -> bool:
    """Whether a viewer who sees this deal can write on its timeline.

    Besides the editors of the deal, these are the members who were mentioned or have a task:
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
        raise Forbidden("Only the team, managers and members who were asked can write here.")


def write_note(
    session: Session,
    deal: Deal,
    by: int | None,
    kind: str,
    text: str,
    *,
    confirmed: Collection[str] = (),
) -> TimelineEntry:
    """Write a note and notify the members whom it mentions.

    ReachesNobody if there are mentions that reach nobody, unless they are `confirmed`.
    """
    found = _reaching(session, deal, text, confirmed)
    _require_few_mentions(session, by, found.ids)
    tell = dict.fromkeys(found.ids, "mention")
    return record(session, deal.id, by, kind, found.text, tell=tell)


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


def rewrite_note(
    session: Session,
    deal: Deal,
    entry: TimelineEntry,
    text: str,
    *,
    confirmed: Collection[str] = (),
) -> None:
    """Change a note's text and notify the members whom only the new text mentions.

    ReachesNobody as for a new note; what reaches nobody in the text as it was needs no new answer.
    """
    confirmed = {*confirmed, *mentioned(session, deal, entry.text).unreached}
    found = _reaching(session, deal, text, confirmed)
    if found.text == entry.text:
        return
    _require_few_mentions(session, entry.by_id, set(found.ids) - _mentioned_in(session, entry))
    entry.text = found.text
    rewrites = entry.detail.get("rewrites")
    entry.detail = {
        **entry.detail,
        "rewritten": now().isoformat(),
        "rewrites": rewrites + 1 if isinstance(rewrites, int) else 1,
    }
    session.add(entry)
    reasons = {person_id: "mention" for person_id in found.ids if person_id != entry.by_id}
    notify(session, entry.id, now(), reasons)
    # The audit log outlives the note, so it does not have the text.
    audit(session, entry.by_id, f"deal {entry.kind} rewritten", f"deal {deal.id}")


def remove_note(session: Session, deal: Deal, entry: TimelineEntry) -> None:
    """Remove a note from the timeline and from inboxes."""
    by, kind = entry.by_id, entry.kind
    # An undo brings the note back into the inboxes that it was in.
    delete_with_parts(session, [Place("timelineentry", (entry.id,))], by)
    audit(session, by, f"deal {kind} removed", f"deal {deal.id}")


def _reaching(session: Session, deal: Deal, text: str, confirmed: Collection[str]) -> Mentioned:
    found = mentioned(session, deal, text)
    surprises = {name: why for name, why in found.unreached.items() if name not in confirmed}
    if surprises:
        raise ReachesNobody(surprises)
    return found


def mentioned(session: Session, deal: Deal, text: str) -> Mentioned:
    """The text with keys for names ('@bob-brandt' for '@Bob Brandt'), and whom it mentions.

    A name is recognised without its accents, too. It means a colleague who can see the deal; one
    who cannot, and a name that several have, reach nobody.
    """
    if "@" not in text:
        return Mentioned(text, [], {})
    readers = {reader.key: reader for reader in readers_of(session, deal)}
    query = select(Person.key, Person.name, Member.active).join(
        Member, col(Member.person_id) == col(Person.id)
    )
    members = session.exec(query.order_by(Person.key)).all()
    names = {key: name for key, name, _ in members}
    left = {key for key, _, active in members if not active}
    directory = Directory(names.items())

    def with_keys(piece: str) -> str:
        parts, end = [], 0
        for name in directory.names_in(piece):
            reached = [key for key in name.keys if key in readers]
            if len(reached) == 1:
                parts += [piece[end : name.start], f"@{reached[0]}"]
                end = name.end
        return "".join(parts) + piece[end:]

    # `split` yields text and code in turn, beginning with text.
    pieces = _CODE.split(text)
    pieces[::2] = [with_keys(piece) for piece in pieces[::2]]
    text = "".join(pieces)
    ids: dict[int, bool] = {}
    unreached: dict[str, str] = {}
    for name in (name for piece in texts_of(text) for name in directory.names_in(piece)):
        if name.typed in unreached:
            continue
        reached = [key for key in name.keys if key in readers]
        if len(reached) == 1:
            ids[readers[reached[0]].id] = True
        elif reached:
            which = " or ".join(f"@{key}" for key in reached)
            unreached[name.typed] = (
                f"Several colleagues are called {name.typed[1:]}: write {which}."
            )
        elif name.keys:
            who = names[name.keys[0]]
            unreached[name.typed] = (
                f"{who} is deactivated: leave the @ out."
                if left.issuperset(name.keys)
                else f"{who} may not see this deal: invite them first, or leave the @ out."
            )
        else:
            # Comparing names takes long, so it is done only for those that are shown.
            candidates = readers.values() if len(unreached) < _REASONS_SHOWN else ()
            unreached[name.typed] = _unknown(name.typed, candidates)
    return Mentioned(text, list(ids), unreached)


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


def _unknown(typed: str, readers: Iterable[Reader]) -> str:
    """That a name means nobody, with the colleagues who may be meant.

    The words are the same whether or not a customer's contact has this name.
    """
    first = plain(typed).split()[0]
    alike = [
        f"@{reader.key}"
        for reader in readers
        if any(
            word.startswith(first) or difflib.SequenceMatcher(a=first, b=word).ratio() >= _ALIKE
            for word in plain(reader.name).split()
        )
    ]
    meant = f" Do you mean {' or '.join(alike[:_OFFERED])}?" if alike else ""
    return f"{typed} reaches nobody: no colleague is called that.{meant}"
