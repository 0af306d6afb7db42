"""What every request passes: the check of its origin, authentication, limits, and queues."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from math import ceil
from time import monotonic
from urllib.parse import urlsplit

from anyio import to_thread
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.exceptions import (
    ClientException,
    PermissionDeniedException,
    TooManyRequestsException,
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

from web.bearer import require_scope, token_of
from web.conditions import Condition, members_conditions
from web.forms import Form, parse_pairs
from web.limits import MEMBERS_OF_A_NETWORK, Kind, Limiter, network_of
from web.policies import SAFE, Policy, policy_of, require
from web.pools import PASSWORDS_AT_ONCE, WRITES_AT_ONCE, Pool, in_pool
from web.routes import Request
from web.session_cookie import csrf_matches, session_token
from web.turns import TooManyWait, Turns
from web.visits import submitted, takes_files, uploaded
from web.workspace import Workspace
from workspace.collaboration import inbox
from workspace.database import writing_until
from workspace.errors import Busy, NotFound
from workspace.people.sign_in.sessions import SignedIn, note_use, signed_in
from workspace.people.tables import Role
from workspace.replica import Marks
from workspace.told import Code, refusal

# Pages that are built at the same time. Python runs one thread at a time: with six threads, which
# kept switching, a page took half as much processor time again as with two.
PAGES_AT_ONCE = 2
# Seconds in which the body of a request has to arrive: forms are small.
BODY_SECONDS = 20.0
# The same for files, of which a slow line takes minutes to send.
FILES_SECONDS = 300.0
_EARLIER_SESSION = "This form is from an earlier session. Go back, reload the page, try again."
# Seconds that a page waits for its turn: the pages before it may be blocked themselves.
LONGEST_WAIT = 5.0
# Seconds that a write waits for its turn and for locks, in all. After them the member gets a page
# that keeps what they typed.
SAVE_SECONDS = 15.0
# Seconds that a page waits for noting that its session is used.
NOTING_SECONDS = 0.5
# The requests of one member, or one network, that may wait in a queue.
MOST_WAITING = 30


@dataclass(frozen=True)
class Queues:
    """The queues for what is costly."""

    pages: Turns = field(default_factory=lambda: Turns(PAGES_AT_ONCE, each=1, waiting=MOST_WAITING))
    writes: Turns = field(
        default_factory=lambda: Turns(WRITES_AT_ONCE, each=1, waiting=MOST_WAITING)
    )
    passwords: Turns = field(
        default_factory=lambda: Turns(PASSWORDS_AT_ONCE, each=1, waiting=MOST_WAITING)
    )


class InTime(ASGIMiddleware):
    """Cuts off requests whose body does not arrive in time.

    The time is for the whole body, so that single bytes now and then do not extend it.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        seconds = FILES_SECONDS if scope["route_handler"].opt.get("takes_files") else BODY_SECONDS
        until = asyncio.get_running_loop().time() + seconds
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
        # Programs send a token in a header, which no browser adds by itself.
        if request.method not in SAFE and not scope["route_handler"].opt.get("api"):
            if not self._same_origin(request):
                raise PermissionDeniedException("This form was sent from another site.")
            if takes_files(request):
                await _require_member(request)
            # The secret in the address of a guest's link takes the place of the token.
            by_link = policy_of(scope["route_handler"], request.method) == Policy.LINK
            token = request.headers.get("x-csrftoken") or await _token_field(request)
            if not by_link and not csrf_matches(request, token):
                # Reading the files closes them.
                await uploaded(request)
                raise PermissionDeniedException(_EARLIER_SESSION)
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


class AsDeclared(ASGIMiddleware):
    """Finds out who is signed in, and lets in whom the policy of the route lets in."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request = Request(scope, receive)
        if any(letter < " " for letter in request.url.path):
            # No key has a control character, and PostgreSQL refuses NUL.
            raise NotFound("There is no such page.")
        declared = policy_of(scope["route_handler"], request.method)
        if declared is None:
            # Such an application does not start; what the framework answers by itself is refused.
            raise NotFound("There is no such page.")
        if scope["route_handler"].opt.get("api"):
            sent, marks = await token_of(request)
            scope["user"] = sent.viewer if sent else None
            scope["token"] = sent  # type: ignore[typeddict-unknown-key]
            require(declared, scope["user"])
            if sent:
                _allow_replica(request, marks)
                asks = bool(scope["route_handler"].opt.get("asks_by_post"))
                require_scope(sent, asks or request.method in SAFE, declared)
            await next_app(scope, receive, send)
            return
        token = session_token(request)
        viewer, waiting = None, 0
        conditions: list[Condition] = []
        if token:
            found, marks, waiting, conditions = await to_thread.run_sync(
                _signed_in, request.app.state, token
            )
            viewer = found.viewer if found else None
            # A link ends for members, too, at the moment when it is ended.
            if declared is not Policy.LINK:
                _allow_replica(request, marks)
            # What a page fetches by itself is no use of the session.
            if found and found.is_due and not scope["route_handler"].opt.get("unattended"):
                await to_thread.run_sync(_note_use, request.app.state, token)
        scope["user"] = viewer
        scope["inbox"] = waiting  # type: ignore[typeddict-unknown-key]
        scope["conditions"] = conditions  # type: ignore[typeddict-unknown-key]
        require(declared, viewer)
        await next_app(scope, receive, send)


class WithinLimits(ASGIMiddleware):
    """Refuses what a member, or a network, asks for too often (`web/limits.py`)."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request = Request(scope, receive)
        kind = _kind(request)
        if kind is not None:
            limiter: Limiter = request.app.state.limiter
            network = f"network {network_of(request)}"
            # The secrets of links are guessed with a session as well as without one.
            viewer = None if kind == Kind.LINK else scope.get("user")
            wait = 0.0
            if viewer is not None:
                wait = limiter.wait(kind, f"member {viewer.person_id}")
            if not wait:
                times = 1 if viewer is None else MEMBERS_OF_A_NETWORK
                wait = limiter.wait(kind, network, times)
            if wait:
                raise _too_often(wait)
        await next_app(scope, receive, send)


def _kind(request: Request) -> Kind | None:
    """What a request is counted as; None where it is not."""
    options = request.scope["route_handler"].opt
    if policy_of(request.scope["route_handler"], request.method) == Policy.LINK:
        return Kind.LINK
    if request.scope.get("user") is None:
        return None if options.get("unlimited") else Kind.VISIT
    if request.method not in SAFE:
        return Kind.WRITE
    searches = options.get("searches") or b"q=" in request.scope["query_string"]
    return Kind.SEARCH if searches else None


def _too_often(wait: float) -> TooManyRequestsException:
    seconds = max(1, ceil(wait))
    return TooManyRequestsException(
        f"That was too often. Try again in {seconds} {'second' if seconds == 1 else 'seconds'}.",
        headers={"Retry-After": str(seconds)},
    )


class InTurn(ASGIMiddleware):
    """Queues what is costly, so that a flood of one member delays others by one request at most.

    Of a member, or a network that is not signed in, one page is built and one write is done at a
    time. Few pages are built at once. A page waits for its turn for a limited time, so that pages
    that wait for a cache to be rebuilt do not block those of others. Few writes are done at once,
    and passwords are hashed one at a time, each in threads of their own. What waits here takes no
    thread. A write that waits too long, here or for a lock, is refused with `Busy`.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request = Request(scope, receive)
        handler = scope["route_handler"]
        if not (getattr(handler, "sync_to_thread", False) or handler.opt.get("in_turn")):
            await next_app(scope, receive, send)
            return
        viewer = scope.get("user")
        subject = viewer.person_id if viewer else network_of(request)
        queues: Queues = request.app.state.queues
        writes = request.method not in SAFE
        turns, pool = queues.pages, Pool.READS
        if writes and scope["route_handler"].opt.get("hashes_password"):
            turns, pool = queues.passwords, Pool.PASSWORDS
        elif writes:
            turns, pool = queues.writes, Pool.WRITES
        deadline = monotonic() + SAVE_SECONDS
        try:
            async with asyncio.timeout(SAVE_SECONDS if writes else None):
                has_turn = await turns.take(subject, None if writes else LONGEST_WAIT)
        except TooManyWait:
            raise _too_often(LONGEST_WAIT) from None
        except TimeoutError:
            raise refusal(Busy, Code.BUSY) from None
        done = False

        def give_back() -> None:
            nonlocal done
            if not done:
                turns.give_back(subject, had_turn=has_turn)
            done = True

        async def sending(message: Message) -> None:
            # The answer is ready, and a slow client must not keep its turn.
            give_back()
            await send(message)

        try:
            with in_pool(pool), writing_until(deadline):
                await next_app(scope, receive, sending)
        finally:
            give_back()


def _allow_replica(request: Request, marks: Marks | None) -> None:
    """Let a page be read from the replica. What comes before a write is read where it is written,
    and visitors without a session or token, such as guests, have no marks."""
    if request.method in SAFE:
        request.scope["marks"] = marks  # type: ignore[typeddict-unknown-key]


def _signed_in(
    state: State, token: str
) -> tuple[SignedIn | None, Marks | None, int, list[Condition]]:
    """The member who is signed in by a token, what their reads need to see, and what is shown above
    every page: the number of items in their inbox, and what is not as it should be, as far as it
    concerns them.

    Session and roles are of the database itself: what was ended there has ended.
    """
    workspace: Workspace = state.workspace
    with workspace.database.read() as session:
        found = signed_in(session, token)
        if found is None:
            return None, None, 0, []
        marks = workspace.marks(session, found.viewer)
        looks_after = Role.ADMIN in found.viewer.roles
        conditions = (
            state.conditions.current(session, workspace)
            if looks_after
            else members_conditions(session, found.viewer.person_id)
        )
        with workspace.reading(marks, session) as near:
            # As new as the page below it.
            return found, marks, inbox.count(near, found.viewer), conditions


def _note_use(state: State, token: str) -> None:
    """Note that a session is used; a page does not wait for it, the next one notes it too."""
    workspace: Workspace = state.workspace
    deadline = monotonic() + NOTING_SECONDS
    with suppress(Busy), writing_until(deadline), workspace.database.write() as session:
        note_use(session, token)


async def _require_member(request: Request) -> None:
    """Refuse files of visitors who may not send any, before their body is read."""
    token = session_token(request)
    if not token:
        raise PermissionDeniedException(_EARLIER_SESSION)
    found, *_ = await to_thread.run_sync(_signed_in, request.app.state, token)
    declared = policy_of(request.scope["route_handler"], request.method) or Policy.MEMBERS
    require(declared, found.viewer if found else None)


async def _token_field(request: Request) -> str:
    return Form(parse_pairs(await submitted(request))).text("_csrf_token", 200)
