"""A member's own connections: whom they know, from their address books, and who may know that."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.network import address_books
from references.network.address_books import ConnectionRow
from references.network.ties import Visibility
from web.forms import LARGEST_INTEGER, Form, uncounted_id
from web.lists import answer_list, filled, first_page
from web.pages.network.ties import SHARING
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.people.viewer import Viewer, require_writer

PAGE = 50


@dataclass(frozen=True)
class ConnectionList:
    """Some of the viewer's connections."""

    rows: list[ConnectionRow]
    more: int | None
    params: dict[str, str]
    may_write: bool
    sharing: tuple[tuple[str, str], ...] = tuple(SHARING.items())


class ConnectionController(Controller):
    """/connections."""

    path = "/connections"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def list(self, visit: NamedDependency[Visit]) -> Response[str]:
        return answer_list(visit, "network/connections", own_connections)

    @post("/share")
    def share_all(self, visit: NamedDependency[Visit]) -> Response[Any]:
        with visit.write() as session:
            visibility, count = share_all(session, visit.viewer, visit.form)
        connections = "1 connection" if count == 1 else f"{count:,} connections"
        notice = f"{connections} visible to: {SHARING[visibility].lower()}."
        return visit.go("/connections", notice)

    @post("/{connection_id:int}/share")
    def share(self, visit: NamedDependency[Visit], connection_id: FromPath[int]) -> Response[Any]:
        with visit.write() as session:
            visibility = share_one(session, visit.viewer, connection_id, visit.form)
        return visit.go("/connections", f"Visible to: {SHARING[visibility].lower()}.")

    @post("/{connection_id:int}/add")
    def add(self, visit: NamedDependency[Visit], connection_id: FromPath[int]) -> Response[Any]:
        with visit.write() as session:
            row = address_books.own_connection(session, visit.viewer, uncounted_id(connection_id))
            visit.form.done()
            person = address_books.add_to_record(session, row, visit.viewer.person_id or 0)
        return visit.go(at("people", person.key), f"{person.name} is in the record now.")

    @post("/{connection_id:int}/forget")
    def forget(self, visit: NamedDependency[Visit], connection_id: FromPath[int]) -> Response[Any]:
        with visit.write() as session:
            visit.form.done()
            name = forget(session, visit.viewer, connection_id)
        return visit.go("/connections", f"{name} is no longer among your connections.")


def share_all(session: Session, viewer: Viewer, form: Form) -> tuple[Visibility, int]:
    """Let all connections of the viewer be seen as a form says; how, and how many there are."""
    require_writer(viewer)
    chosen = form.choice("visibility", tuple(Visibility), required=True)
    form.done()
    visibility = Visibility(chosen or "")
    count = address_books.share_all_connections(session, viewer.person_id or 0, visibility)
    return visibility, count


def share_one(session: Session, viewer: Viewer, connection_id: int, form: Form) -> Visibility:
    """Let a connection of the viewer's own be seen as a form says."""
    chosen = form.choice("visibility", tuple(Visibility), required=True)
    row = address_books.own_connection(session, viewer, uncounted_id(connection_id))
    form.done()
    visibility = Visibility(chosen or "")
    address_books.share_connections(session, [row], visibility, viewer.person_id or 0)
    return visibility


def forget(session: Session, viewer: Viewer, connection_id: int) -> str:
    """Remove a connection of the viewer's own; its name."""
    row = address_books.own_connection(session, viewer, uncounted_id(connection_id))
    name = row.name
    address_books.remove_connection(session, row, viewer.person_id or 0)
    return name


def own_connections(session: Session, visit: Visit) -> ConnectionList:
    """The part of a member's connections that an address asks for."""
    rows, params = chosen_connections(session, visit.viewer, visit.form, PAGE + 1)
    shown, last = first_page(rows, PAGE)
    return ConnectionList(
        rows=shown,
        more=last.id if last else None,
        params=params,
        may_write=visit.viewer.may_write,
    )


def chosen_connections(
    session: Session, viewer: Viewer, asked: Form, limit: int
) -> tuple[list[ConnectionRow], dict[str, str]]:
    """The viewer's connections that an address asks for, and its filters."""
    text = asked.text("q", 200)
    after = asked.integer("after", 1, LARGEST_INTEGER)
    asked.check()
    rows = address_books.connections_of(
        session, viewer.person_id or 0, text=text, after=after or 0, limit=limit
    )
    return rows, filled(q=text)
