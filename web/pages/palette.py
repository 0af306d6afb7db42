"""The palette: pages and actions beside the names that the box at the top offers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from sqlmodel import Session

from similarity.names.tables import Subject
from similarity.search import Hit, hits_of_keys
from web.routes import at
from workspace.deals import access
from workspace.deals.stages import stages
from workspace.deals.tables import Deal, Outcome
from workspace.errors import NotFound
from workspace.keys import plain
from workspace.people.tables import Role
from workspace.people.viewer import Viewer

# At most so many commands are offered beside names, and so many pages that were open last.
MOST_COMMANDS = 12
MOST_RECENT = 6

PAGES = (
    ("Today", "/"),
    ("Inbox", "/inbox"),
    ("Deals", "/deals"),
    ("Board", "/deals?view=board"),
    ("Similar deals", "/similar"),
    ("Accounts", "/accounts"),
    ("People", "/people"),
    ("Find an expert", "/experts"),
    ("Staffing", "/staffing"),
    ("Library", "/library"),
    ("References", "/references"),
    ("Introductions", "/introductions"),
    ("My connections", "/connections"),
    ("My availability", "/availability"),
    ("Sign-in and security", "/security"),
)
NEW = (
    ("New deal", "/deals/new"),
    ("New account", "/accounts/new"),
    ("New contact", "/people/new"),
    ("New demo or collateral", "/library/new"),
    ("Nominate an advocate", "/references/advocates/new"),
)
KINDS = {
    "deals": Subject.DEAL,
    "accounts": Subject.ACCOUNT,
    "people": Subject.PERSON,
    "library": Subject.ASSET,
}


@dataclass(frozen=True)
class Command:
    """Something that the palette opens or does."""

    label: str
    # What kind of command it is: a page, or something new, or an action on a record.
    kind: str
    path: str
    # Of an action that is done at once: where its form is sent, and the fields.
    action: str = ""
    fields: tuple[tuple[str, str], ...] = ()


def commands(session: Session, viewer: Viewer, text: str, here: str) -> list[Command]:
    """The commands that a text means on the page at `here`, those on its record first.

    Each word of the text begins a word of the command. Without a text all are meant.
    """
    every = [*_on_record(session, viewer, here), *_new(viewer), *_pages(viewer)]
    return [command for command in every if _is_meant(text, command.label)]


def recent(session: Session, viewer: Viewer, addresses: Sequence[str]) -> list[Hit]:
    """The records of these addresses, in their order, as far as the viewer may see them now."""
    asked = [place for address in addresses[:MOST_RECENT] if (place := _record_of(address))]
    found: dict[tuple[Subject, str], Hit] = {}
    for kind in dict.fromkeys(kind for kind, _ in asked):
        keys = [key for other, key in asked if other == kind]
        found |= {(kind, hit.key): hit for hit in hits_of_keys(session, viewer, kind, keys)}
    return [found[place] for place in dict.fromkeys(asked) if place in found]


def _record_of(address: str) -> tuple[Subject, str] | None:
    """The kind and the key of the record that an address is of."""
    parts = address.partition("?")[0].strip("/").split("/")
    kind = KINDS.get(parts[0])
    return (kind, unquote(parts[1])) if kind and len(parts) > 1 else None


def _is_meant(text: str, label: str) -> bool:
    words = plain(label).split()
    return all(any(word.startswith(typed) for word in words) for typed in plain(text).split())


def _pages(viewer: Viewer) -> Iterator[Command]:
    for label, path in PAGES:
        yield Command(label, "Go to", path)
    if viewer.leads:
        yield Command("Stages", "Go to", "/deals/stages")
    if Role.ADMIN in viewer.roles:
        yield Command("Members", "Go to", "/administration/members")
        yield Command("Webhooks", "Go to", "/administration/webhooks")


def _new(viewer: Viewer) -> Iterator[Command]:
    if viewer.may_write:
        for label, path in NEW:
            yield Command(label, "Create", path)


def _on_record(session: Session, viewer: Viewer, here: str) -> Iterator[Command]:
    place = _record_of(here)
    if place is None or place[0] != Subject.DEAL:
        return
    try:
        deal = access.readable_deal(session, viewer, place[1])
    except NotFound:
        return
    if access.may_edit(session, viewer, deal):
        yield from _on_deal(session, deal)


def _on_deal(session: Session, deal: Deal) -> Iterator[Command]:
    page = at("deals", deal.key)
    yield Command("Add note", "This deal", f"{page}/activity#text")
    yield Command("Add task", "This deal", f"{page}/tasks")
    yield Command("Request reference", "This deal", f"{page}/references")
    yield Command("Assign team", "This deal", f"{page}/experts")
    yield Command("Assign owner", "This deal", f"{page}/edit?field=owner")
    yield Command("Edit details", "This deal", f"{page}/edit")
    for stage in stages(session):
        if stage.outcome == Outcome.OPEN and stage.id != deal.stage_id:
            yield Command(
                f"Move to stage {stage.name}",
                "This deal",
                f"{page}#move",
                action=f"{page}/stage",
                fields=(("stage", stage.name), ("version", str(deal.version))),
            )
    # To close a deal takes a reason, which its form asks for.
    yield Command("Close as won or lost", "This deal", f"{page}#move")
