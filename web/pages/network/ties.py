"""Who knows a person: the ties of a person, and the paths to them or to an account's people."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session, select

from references.network import ties
from references.network.common_ground import Shared, common_ground
from references.network.paths import Network, Reach
from references.network.ties import CLOSENESS, TieKind, TieRow, Visibility
from references.network.wrong_ties import call_wrong
from references.prospecting.known import Presence, Unrecorded, presence_at, unrecorded_at
from web.forms import Form, uncounted_id
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.accounts.accounts import Account
from workspace.keys import row_of_key
from workspace.people.people import find_person, roles_of
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_writer
from workspace.revisions.tables import Revision

# What people choose from when they share a tie.
SHARING = {
    Visibility.PRIVATE: "Only me",
    Visibility.ASK: "Only me, but others may be told to ask",
    Visibility.TEAM: "My team",
    Visibility.EVERYONE: "Everybody here",
}


@dataclass(frozen=True)
class TiesPage:
    """A person's ties, the paths to them, and the form for a new tie."""

    person: Person
    account: Account | None
    is_member: bool
    reach: Reach | None
    ties: list[TieRow]
    # What the viewer shares with them.
    shared: list[Shared]
    may_write: bool
    values: dict[str, str]
    wrong: dict[str, str]
    kinds: tuple[str, ...] = tuple(TieKind)
    closeness: tuple[str, ...] = tuple(CLOSENESS)
    sharing: tuple[tuple[str, str], ...] = tuple(SHARING.items())


@dataclass(frozen=True)
class AccountPathsPage:
    """The paths to the people of an account."""

    account: Account
    people: int
    reach: Reach
    presence: Presence
    # Whom the viewer knows there, or colleagues who share it, apart from the record.
    unrecorded: list[Unrecorded]
    may_write: bool


class TiesController(Controller):
    """/people/{key}/ties."""

    path = "/people/{key:str}/ties"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        page = visit.page(ties_page, visit.workspace.network, key, Form())
        return visit.show("network/ties.html", page)

    @post()
    def add(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_writer(visit.viewer)
        with visit.saving() as session:
            add_tie(session, visit.viewer, key, visit.form)
        if visit.form.refusal:
            page = visit.page(ties_page, visit.workspace.network, key, visit.form)
            return visit.answer("network/ties.html", "network/_tie_form.html", page)
        return visit.go(at("people", key, "ties"), "The tie is written down.")

    @post("/{tie_id:int}/share")
    def share(
        self, visit: NamedDependency[Visit], key: FromPath[str], tie_id: FromPath[int]
    ) -> Response[Any]:
        with visit.write() as session:
            visibility = share_tie(session, visit.viewer, tie_id, visit.form)
        return visit.go(at("people", key, "ties"), f"Visible to: {SHARING[visibility].lower()}.")

    @post("/{tie_id:int}/remove")
    def remove(
        self, visit: NamedDependency[Visit], key: FromPath[str], tie_id: FromPath[int]
    ) -> Response[Any]:
        with visit.write() as session:
            visit.form.done()
            revision = remove_tie(session, visit.viewer, tie_id)
            undo = f"/deleted/{revision.id}/restore"
        return visit.go(at("people", key, "ties"), "Tie removed.", undo=undo)

    @post("/{tie_id:int}/wrong")
    def call_wrong(
        self, visit: NamedDependency[Visit], key: FromPath[str], tie_id: FromPath[int]
    ) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            revision = call_wrong(session, visit.viewer, uncounted_id(tie_id))
            undo = f"/deleted/{revision.id}/restore"
        notice = "The tie is removed. Imports do not bring it back."
        return visit.go(at("people", key, "ties"), notice, undo=undo)


class AccountPathsController(Controller):
    """/accounts/{key}/paths."""

    path = "/accounts/{key:str}/paths"
    opt = open_to(reads=Policy.MEMBERS)

    @get()
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        with visit.read() as session:
            account = row_of_key(session, Account, key)
            people = list(session.exec(select(Person.id).where(Person.account_id == account.id)))
            page = AccountPathsPage(
                account=account,
                people=len(people),
                reach=visit.workspace.network.reach(session, visit.viewer, people),
                presence=presence_at(session, visit.viewer, account),
                unrecorded=unrecorded_at(session, visit.viewer, account),
                may_write=visit.viewer.may_write,
            )
        return visit.show("network/account_paths.html", page)


def add_tie(session: Session, viewer: Viewer, key: str, form: Form) -> None:
    """Assert the tie of a form to a person: the viewer's own, or that of another person."""
    other = form.text("person", 254)
    kind = form.choice("kind", tuple(TieKind), required=True) or ""
    closeness = form.choice("closeness", CLOSENESS, required=True) or ""
    facts: dict[str, Any] = {
        "evidence": form.text("evidence", 500),
        "start": form.day("start"),
        "end": form.day("end"),
        "visibility": form.choice("visibility", tuple(Visibility), required=True),
    }
    person = row_of_key(session, Person, key)
    form.done()
    who = find_person(session, viewer, other).id if other else viewer.person_id
    ties.assert_tie(
        session,
        who or 0,
        person.id,
        kind,
        base=CLOSENESS[closeness],
        asserted_by_id=viewer.person_id,
        **facts,
    )


def share_tie(session: Session, viewer: Viewer, tie_id: int, form: Form) -> Visibility:
    """Let a tie of the viewer's own be seen as a form says."""
    chosen = form.choice("visibility", tuple(Visibility), required=True)
    form.done()
    visibility = Visibility(chosen or "")
    tie = ties.own_tie(session, viewer, uncounted_id(tie_id))
    ties.set_visibility(session, tie, visibility, viewer.person_id)
    return visibility


def remove_tie(session: Session, viewer: Viewer, tie_id: int) -> Revision:
    """Remove a tie of the viewer's own."""
    tie = ties.own_tie(session, viewer, uncounted_id(tie_id))
    return ties.remove_tie(session, tie, viewer.person_id)


def ties_page(session: Session, viewer: Viewer, network: Network, key: str, form: Form) -> TiesPage:
    """A person's ties as this viewer may know them; nobody needs a path to our own people."""
    person = row_of_key(session, Person, key)
    is_member = roles_of(session, person.id) is not None
    return TiesPage(
        person=person,
        account=session.get(Account, person.account_id) if person.account_id else None,
        is_member=is_member,
        reach=None if is_member else network.reach(session, viewer, [person.id]),
        ties=ties.ties_of(session, viewer, person.id),
        shared=_shared(session, viewer, person.id),
        may_write=viewer.may_write,
        values=form.values,
        wrong=form.wrong,
    )


def _shared(session: Session, viewer: Viewer, person_id: int) -> list[Shared]:
    own = viewer.person_id
    if own is None or own == person_id:
        return []
    return common_ground(session, viewer, [own], [person_id]).get((own, person_id), [])
