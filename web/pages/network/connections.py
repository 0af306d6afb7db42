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
from web.forms import LARGEST_ID, Form, row_id
from web.lists import answer_list, filled, first_page
from web.pages.network.ties import SHARING
from web.responses import at, go
from web.routes import Request, get, post
from web.workspace import Workspace
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

    @get()
    def list(
        self,
        request: Request,
        asked: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[str]:
        with workspace.database.read() as session:
            page = own_connections(session, viewer, asked)
        return answer_list(request, "network/connections", asked, page)

    @post("/share")
    def share_all(
        self,
        request: Request,
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        require_writer(viewer)
        chosen = form.choice("visibility", tuple(Visibility), required=True)
        form.done()
        visibility = Visibility(chosen or "")
        with workspace.database.write() as session:
            count = address_books.share_all(session, viewer.person_id or 0, visibility)
        notice = f"{count:,} connections are seen by: {SHARING[visibility].lower()}."
        return go(request, "/connections", notice)

    @post("/{connection_id:int}/share")
    def share(
        self,
        request: Request,
        connection_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        chosen = form.choice("visibility", tuple(Visibility), required=True)
        with workspace.database.write() as session:
            row = address_books.own_connection(session, viewer, row_id(connection_id))
            form.done()
            visibility = Visibility(chosen or "")
            address_books.share(session, [row], visibility, viewer.person_id or 0)
        return go(request, "/connections", f"Seen by: {SHARING[visibility].lower()}.")

    @post("/{connection_id:int}/add")
    def add(
        self,
        request: Request,
        connection_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        with workspace.database.write() as session:
            row = address_books.own_connection(session, viewer, row_id(connection_id))
            form.done()
            person = address_books.add_to_record(session, row, viewer.person_id or 0)
        return go(request, at("people", person.key), f"{person.name} is in the record now.")

    @post("/{connection_id:int}/forget")
    def forget(
        self,
        request: Request,
        connection_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        with workspace.database.write() as session:
            row = address_books.own_connection(session, viewer, row_id(connection_id))
            form.done()
            name = row.name
            address_books.forget(session, row, viewer.person_id or 0)
        return go(request, "/connections", f"{name} is no longer among your connections.")


def own_connections(session: Session, viewer: Viewer, asked: Form) -> ConnectionList:
    """The part of a member's connections that an address asks for."""
    text = asked.text("q", 200)
    after = asked.integer("after", 1, LARGEST_ID)
    asked.check()
    rows = address_books.connections_of(
        session, viewer.person_id or 0, text=text, after=after or 0, limit=PAGE + 1
    )
    shown, last = first_page(rows, PAGE)
    return ConnectionList(
        rows=shown,
        more=last.id if last else None,
        params=filled(q=text),
        may_write=viewer.may_write,
    )
