"""What every handler is given: the request with its form and viewer, and ways to answer it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote, urlencode

from litestar.datastructures import UploadFile
from litestar.exceptions import NotAuthorizedException
from litestar.response import Redirect, Response
from sqlmodel import Session

from references.suggestion_counts import Fate, SuggestionKind
from web.drafts import PLACE
from web.edit_conflicts import EditConflict
from web.forms import Form, parse_pairs
from web.rendering import render
from web.routes import Request
from web.suggestion_tally import Tally
from web.workspace import Workspace
from workspace.collaboration.drafts import discard_draft
from workspace.deals.discretion import read_for
from workspace.deals.lists import DealRow
from workspace.deals.tables import Deal
from workspace.errors import Conflict, Invalid
from workspace.people.profile_privacy import read_facts_for
from workspace.people.viewer import Viewer
from workspace.replica import Marks, writing_for
from workspace.revisions.tables import Revision

P = ParamSpec("P")
Page = TypeVar("Page")

# The cookie with the notice for the next page: it has to survive a redirect.
FLASH = "flash"


# A file that was sent with a form: its name and its bytes.
Upload = tuple[str, bytes]


def read_as(session: Session, viewer: Viewer) -> None:
    """Have a session give what a viewer may know of, and no more."""
    read_for(session, viewer)
    read_facts_for(session, viewer)


@dataclass(frozen=True)
class MemberRequest:
    """A request of a member, on the open workspace: a visit to a page, or a call of the API."""

    request: Request
    workspace: Workspace
    # The submitted form, encoded, or the JSON of a call; empty for a GET.
    body: bytes

    @property
    def viewer(self) -> Viewer:
        """The member who is signed in, or whose token was sent."""
        viewer: Viewer | None = self.request.scope.get("user")
        if viewer is None:
            raise NotAuthorizedException
        return viewer

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that cannot write, and gets what the viewer may know of.

        A page that has written nothing may be read from the replica.
        """
        marks: Marks | None = self.request.scope.get("marks")  # type: ignore[assignment]
        with self.workspace.reading(marks) as session:
            self._read_for_viewer(session)
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits when the block ends, and gets what the viewer may know of."""
        viewer: Viewer | None = self.request.scope.get("user")
        with (
            writing_for(viewer.person_id if viewer else None),
            self.workspace.database.write() as session,
        ):
            self._read_for_viewer(session)
            yield session
        # What follows in this request reads what was just written.
        self.request.scope["marks"] = None  # type: ignore[typeddict-unknown-key]

    def count(
        self, kind: SuggestionKind, fate: Fate, deal: Deal | DealRow, items: Iterable[str]
    ) -> None:
        """Count what became of suggestions on a deal."""
        self._tally.count_on(self.viewer, deal, fate, {kind: items})

    def count_shown(
        self, deal: Deal | DealRow, suggested: Mapping[SuggestionKind, Iterable[str]]
    ) -> None:
        """Count the suggestions on a deal that are shown."""
        self._tally.count_on(self.viewer, deal, Fate.SHOWN, suggested)

    @property
    def _tally(self) -> Tally:
        tally: Tally = self.request.app.state.tally
        return tally

    def _read_for_viewer(self, session: Session) -> None:
        # A guest has no rights but those of their link.
        if self.request.scope.get("user"):
            read_as(session, self.viewer)


@dataclass(frozen=True)
class Visit(MemberRequest):
    """A request to a page, on the open workspace."""

    # The files that were sent with the form.
    uploads: Sequence[Upload] = ()

    @cached_property
    def form(self) -> Form:
        """The fields of the submitted form, or of a GET's query: filters, sorting, paging.

        They are parsed when a handler first asks for them, so that a page without parameters
        opens whatever its address ends with.
        """
        return Form(parse_pairs(self.body if self._is_post else self.request.scope["query_string"]))

    @property
    def wants_fragment(self) -> bool:
        """Whether htmx asks for a fragment; boosted and history requests get whole pages."""
        headers = self.request.headers
        return (
            headers.get("hx-request") == "true"
            and headers.get("hx-boosted") != "true"
            and headers.get("hx-history-restore-request") != "true"
        )

    def page(
        self,
        build: Callable[Concatenate[Session, Viewer, P], Page],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Page:
        """The page that a function reads for the viewer, in a session of its own."""
        with self.read() as session:
            return build(session, self.viewer, *args, **kwargs)

    @contextmanager
    def saving(self, conflicts: type[Conflict] = EditConflict) -> Iterator[Session]:
        """A session that saves the form; a refusal is noted in the form, and nothing is saved.

        The handler goes on after the block, and asks `form.refusal` whether the form was saved.
        Conflicts of other kinds concern more than the form, and are answered by an error page.
        """
        try:
            with self.write() as session:
                yield session
        except (Invalid, conflicts) as refusal:
            self.form.come_back(refusal)

    def answer(
        self,
        template: str,
        fragment: str,
        page: Any,
        *,
        address: str = "",
        replace: bool = False,
    ) -> Response[str]:
        """A page, or the fragment of it if htmx asked for one.

        `address` is what the browser shows afterwards: without the empty fields of the form.
        """
        if not self.wants_fragment:
            return self.show(template, page)
        header = "HX-Replace-Url" if replace else "HX-Push-Url"
        headers = {header: address.rstrip("?")} if address else None
        return self.show(fragment, page, headers=headers)

    def show(
        self,
        template: str,
        page: Any,
        *,
        status: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> Response[str]:
        """A template with its context, rendered in the handler's thread.

        A form that was refused decides on the status where no other is given.
        """
        response = Response(
            render(self.request, template, page),
            status_code=status or (self.form.status if self._is_post else 200),
            media_type="text/html",
            headers={"Vary": "HX-Request", **(headers or {})},
        )
        if self.request.cookies.get(FLASH) and not self.wants_fragment:
            response.delete_cookie(FLASH)
        return response

    def go(self, path: str, notice: str = "", *, undo: str = "") -> Response[Any]:
        """A redirect after a write: 303 for a browser, HX-Redirect for htmx.

        The next page shows the notice, with a button that posts to the address `undo`.
        """
        self._discard_draft()
        response: Response[Any]
        # Headers take ASCII only; % is safe here, as what is encoded already stays as it is.
        path = quote(path, safe="/#%[]=:;$&()+,!?*@'~")
        if self.request.headers.get("hx-request") == "true":
            response = Response(None, status_code=200, headers={"HX-Redirect": path})
        else:
            response = Redirect(path, status_code=303)
        if notice:
            told = f"{undo}\n{notice}"
            response.set_cookie(
                FLASH, told.encode().hex(), max_age=60, httponly=True, samesite="lax", path="/"
            )
        return response

    def _discard_draft(self) -> None:
        """Delete the draft of a form that was just saved."""
        if not self._is_post or f"{PLACE}=".encode() not in self.body:
            return
        place = self.form.values.get(PLACE)
        if place and self.viewer.person_id is not None:
            with self.write() as session:
                discard_draft(session, self.viewer.person_id, place)

    def go_deleted(self, path: str, revision: Revision) -> Response[Any]:
        """A redirect after a deletion, with a notice that can undo it."""
        notice = f"{revision.name} is deleted. It can be restored for 30 days."
        return self.go(path, notice, undo=f"/deleted/{revision.id}/restore")

    @property
    def _is_post(self) -> bool:
        return self.request.method == "POST"


async def submitted(request: Request) -> bytes:
    """The submitted form, encoded; empty where the body is no form."""
    match request.headers.get("content-type", "").split(";")[0]:
        case "application/x-www-form-urlencoded":
            # Kept for the page that a write gets which could not be saved.
            body = await request.body()
            request.scope["state"]["submitted"] = body
            return body
        case "multipart/form-data" if takes_files(request):
            form = await request.form()
            fields = [(name, text) for name, text in form.multi_items() if isinstance(text, str)]
            return urlencode(fields).encode()
    return b""


async def uploaded(request: Request) -> list[Upload]:
    """The files of a form that takes some; a form without a chosen file sends an empty name."""
    if not takes_files(request):
        return []
    form = await request.form()
    uploads = []
    for _, file in form.multi_items():
        if isinstance(file, UploadFile):
            if file.filename:
                uploads.append((file.filename, await file.read()))
            await file.close()
    return uploads


def takes_files(request: Request) -> bool:
    """Whether a request is sent to a form that takes files."""
    return bool(request.scope["route_handler"].opt.get("takes_files"))
