"""What every request passes: the check of its origin, authentication, and a queue for pages."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

from anyio import to_thread
from litestar.enums import ScopeType
from litestar.exceptions import (
    ClientException,
    NotAuthorizedException,
    PermissionDeniedException,
)
from litestar.middleware import ASGIMiddleware
from litestar.types import (
    ASGIApp,
    HTTPReceiveMessage,
    Message,
    Receive,
    Scope,
    Send,
    WebSocketReceiveMessage,
)

from web.forms import Form, parse_pairs
from web.routes import Request
from web.session_cookie import csrf_matches, session_token
from web.visits import submitted
from workspace.collaboration import inbox
from workspace.database import Database
from workspace.errors import NotFound
from workspace.people.sign_in import viewer_of
from workspace.people.viewer import Viewer

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Pages that are built at the same time. Python runs one thread at a time: with six threads, which
# kept switching, a page took half as much processor time again as with two.
PAGES_AT_ONCE = 2
# Seconds in which the body of a request has to arrive: forms are small.
BODY_SECONDS = 20.0
# Seconds that a page waits for its turn: the pages before it may be blocked themselves.
LONGEST_WAIT = 5.0


class InTime(ASGIMiddleware):
    """Cuts off requests whose body does not arrive in time.

    The time is for the whole body, so that single bytes now and then do not extend it.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        until = asyncio.get_running_loop().time() + BODY_SECONDS
        complete = False

        async def receiving() -> HTTPReceiveMessage | WebSocketReceiveMessage:
            nonlocal complete
            if complete:
                # What comes now tells that the client has gone, whenever that is.
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise ClientException(status_code=408) from None
            complete = not message.get("more_body")
            return message

        await next_app(scope, receiving, send)


class FromOurPages(ASGIMiddleware):
    """Refuses writes that do not come from a page of this application (CSRF).

    Browsers send the origin in headers, which are checked where they are sent; the form's token
    is required in any case.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, origin: str | None) -> None:
        self.origin = origin

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request = Request(scope, receive)
        if request.method not in SAFE:
            if not self._same_origin(request):
                raise PermissionDeniedException("This form was sent from another site.")
            # The secret in the address of a guest's link takes the place of the token.
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
    """Requires a signed-in member, except on routes with the option `public`."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request = Request(scope, receive)
        if any(letter < " " for letter in request.url.path):
            # No key has a control character, and PostgreSQL refuses NUL.
            raise NotFound("There is no such page.")
        token = session_token(request)
        viewer, waiting = None, 0
        if token:
            database = request.app.state.workspace.database
            viewer, waiting = await to_thread.run_sync(_viewer, database, token)
        scope["user"] = viewer
        scope["inbox"] = waiting  # type: ignore[typeddict-unknown-key]
        if viewer is None and not scope["route_handler"].opt.get("public"):
            raise NotAuthorizedException
        await next_app(scope, receive, send)


class InTurn(ASGIMiddleware):
    """Queues pages, first come, first served, so that only a few are built at the same time.

    A page waits for its turn for a limited time, so that pages that wait for a cache to be
    rebuilt do not block the others. Writes do not queue here: they may wait long for each other.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request = Request(scope, receive)
        takes_a_thread = getattr(scope["route_handler"], "sync_to_thread", False)
        if request.method not in SAFE or not takes_a_thread:
            await next_app(scope, receive, send)
            return
        turns: asyncio.Semaphore = request.app.state.turns
        has_turn = False
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WAIT):
                has_turn = await turns.acquire()

        def give_up() -> None:
            nonlocal has_turn
            if has_turn:
                turns.release()
            has_turn = False

        async def sending(message: Message) -> None:
            # The page is built, and a slow client must not keep its turn.
            give_up()
            await send(message)

        try:
            await next_app(scope, receive, sending)
        finally:
            give_up()


def _viewer(database: Database, token: str) -> tuple[Viewer | None, int]:
    """The member with this session, and the number of items in their inbox for the page's head."""
    with database.read() as session:
        viewer = viewer_of(session, token)
        return viewer, inbox.count(session, viewer) if viewer else 0


async def _token_field(request: Request) -> str:
    return Form(parse_pairs(await submitted(request))).text("_csrf_token", 200)
