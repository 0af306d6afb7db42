"""What every request passes: where it comes from, who is signed in, and whose turn it is."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

from anyio import to_thread
from litestar.enums import ScopeType
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from web.dependencies import provide_form, provide_workspace
from web.routes import Request
from web.session_cookie import csrf_matches, session_token
from workspace.collaboration import inbox
from workspace.database import Database
from workspace.errors import NotFound
from workspace.people.sign_in import viewer_of
from workspace.people.viewer import Viewer

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Pages that are made at a time. Python runs one thread at a time: with six of them, which hand
# over to each other without end, a page took half as much work again as with two.
PAGES_AT_ONCE = 2
# Seconds that a page waits for its turn: those before it may be waiting for something themselves.
PATIENCE = 5.0


class FromOurPages(ASGIMiddleware):
    """Takes a write only from a page of ours.

    What the browser says about where a request comes from is believed where it says so; the
    token in the form is asked for in any case.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, origin: str | None) -> None:
        self.origin = origin

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request = Request(scope, receive)
        if request.method not in SAFE:
            if not self._same_origin(request):
                raise PermissionDeniedException("This form was sent from another site.")
            # A guest's link is a secret of its own, in an address that no other site knows.
            by_link = scope["route_handler"].opt.get("by_link")
            token = request.headers.get("x-csrftoken") or await _token_field(request)
            if not by_link and not csrf_matches(request, token):
                raise PermissionDeniedException(
                    "This form is from an earlier session. Go back, reload the page, try again."
                )
        await next_app(scope, receive, send)

    def _same_origin(self, request: Request) -> bool:
        site = request.headers.get("sec-fetch-site")
        if site:
            return site in ("same-origin", "none")
        origin = request.headers.get("origin")
        if not origin:
            return True
        try:
            host = urlsplit(origin).netloc
        except ValueError:
            return False
        return origin == self.origin or host == request.headers.get("host")


class MembersOnly(ASGIMiddleware):
    """Lets nobody in who is not signed in, except where a route says `public`."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request = Request(scope, receive)
        if any(letter < " " for letter in request.url.path):
            # No key holds a control character, and PostgreSQL takes no NUL at all.
            raise NotFound("There is no such page.")
        token = session_token(request)
        viewer, waiting = None, 0
        if token:
            database = provide_workspace(request).database
            viewer, waiting = await to_thread.run_sync(_viewer, database, token)
        scope["user"] = viewer
        scope["inbox"] = waiting  # type: ignore[typeddict-unknown-key]
        if viewer is None and not scope["route_handler"].opt.get("public"):
            raise NotAuthorizedException
        await next_app(scope, receive, send)


class InTurn(ASGIMiddleware):
    """Has a few pages made at a time, those first that were asked for first.

    Nobody waits for a turn for ever: pages that wait for a cache that is made anew stop no others.
    Writes have no turns: they may wait for each other for long, which is nobody else's business.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request = Request(scope, receive)
        takes_a_thread = getattr(scope["route_handler"], "sync_to_thread", False)
        if request.method not in SAFE or not takes_a_thread:
            await next_app(scope, receive, send)
            return
        turns: asyncio.Semaphore = request.app.state.turns
        held = False
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                held = await turns.acquire()

        def give_up() -> None:
            nonlocal held
            if held:
                turns.release()
            held = False

        async def sending(message: Message) -> None:
            # The page is made; how fast it is read is up to its reader.
            give_up()
            await send(message)

        try:
            await next_app(scope, receive, sending)
        finally:
            give_up()


def _viewer(database: Database, token: str) -> tuple[Viewer | None, int]:
    """Who this is, and how much waits in their inbox: every page says so."""
    with database.read() as session:
        viewer = viewer_of(session, token)
        return viewer, inbox.count(session, viewer) if viewer else 0


async def _token_field(request: Request) -> str:
    return (await provide_form(request)).text("_csrf_token", 200)
