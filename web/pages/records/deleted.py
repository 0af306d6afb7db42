"""Recently deleted: merges, deletions and edits that can be taken back."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.imports import EXTENSION
from web.forms import uncounted_id
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.accounts.accounts import Account
from workspace.assets.assets import Asset
from workspace.deals.tables import Deal
from workspace.people.tables import Education, Employment, Membership, Person
from workspace.people.viewer import Viewer
from workspace.revisions import history
from workspace.revisions.history import RevisionRow
from workspace.revisions.tables import Revision

# What a row of these tables is called, and the first part of its address.
_NOUNS = {
    "account": "Account",
    "person": "Person",
    "deal": "Deal",
    "asset": "Asset",
    "employment": "Employment",
    "education": "Education",
    "membership": "Membership",
    "seat": "Seat",
    "use": "Use",
}
_PLACES: dict[str, tuple[type[Account | Person | Deal | Asset], str]] = {
    "account": (Account, "accounts"),
    "person": (Person, "people"),
    "deal": (Deal, "deals"),
    "asset": (Asset, "library"),
}
_FACTS = {"employment": Employment, "education": Education, "membership": Membership}


@dataclass(frozen=True)
class Deleted:
    """What the viewer can restore, the latest first."""

    rows: list[RevisionRow]
    nouns: dict[str, str]


class DeletedController(Controller):
    """/deleted."""

    path = "/deleted"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("records/deleted.html", visit.page(deleted))

    @post("/{revision_id:int}/restore")
    def restore(self, visit: NamedDependency[Visit], revision_id: FromPath[int]) -> Response[Any]:
        back = visit.form.text("back", 500)
        visit.form.done()
        with visit.write() as session:
            revision, told = history.take_back(
                session, visit.viewer, uncounted_id(revision_id), EXTENSION.removers
            )
            where = _place_of(session, revision) or "/deleted"
        # An edit is undone where it was made; only addresses of our own are followed.
        if back.startswith("/") and not back.startswith("//"):
            where = back
        said = f"{revision.name} is restored." if revision.name else "Undone."
        if told:
            said += f" Kept as it is: {'; '.join(told[:3])}."
        return visit.go(where, said)


def deleted(session: Session, viewer: Viewer) -> Deleted:
    """The page."""
    return Deleted(history.revisions(session, viewer), _NOUNS)


def _place_of(session: Session, revision: Revision) -> str:
    """The address of what was restored; empty where it has none."""
    row: Any = None
    name = revision.table_name
    if fact := _FACTS.get(name):
        row = session.get(fact, revision.row_id)
        person = session.get(Person, row.person_id) if row else None
        return at("people", person.key) if person else ""
    if place := _PLACES.get(name):
        row = session.get(place[0], revision.former_id or revision.row_id)
    return at(_PLACES[name][1], row.key) if row else ""
