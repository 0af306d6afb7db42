"""Bearer tokens: for whom another program acts, and what its token may be used for."""

from contextlib import suppress
from time import monotonic

from anyio import to_thread
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException

from web.policies import Policy
from web.routes import Request
from web.workspace import Workspace
from workspace.database import writing_until
from workspace.errors import Busy, Forbidden
from workspace.people import api_tokens
from workspace.people.api_tokens import KnownToken, Scope
from workspace.replica import Marks
from workspace.told import in_words

# Seconds that a call waits for noting that its token is used, or was refused.
NOTING_SECONDS = 0.5
_HIGHER = frozenset({Policy.LEADERS, Policy.ADMINISTRATORS})


async def token_of(request: Request) -> tuple[KnownToken | None, Marks | None]:
    """The token that a request carries, and what its member's reads need to see; None if it carries
    none. One that ended is refused."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    if not secret.strip():
        return None, None
    if kind.lower() != "bearer":
        raise NotAuthorizedException("Send the token as 'Authorization: Bearer …'.")
    token, marks = await to_thread.run_sync(_known, request.app.state, secret.strip())
    if token is None:
        raise NotAuthorizedException("There is no such token.")
    if token.problem:
        raise NotAuthorizedException(in_words(token.problem))
    return token, marks


def _known(state: State, secret: str) -> tuple[KnownToken | None, Marks | None]:
    workspace: Workspace = state.workspace
    with workspace.database.read() as session:
        token = api_tokens.known_token(session, secret)
        if token is None:
            return None, None
        marks = workspace.marks(session, token.viewer)
    ended = token.problem and state.denials.is_new(token.viewer.person_id, "token", token.key)
    if ended or (token.is_due and not token.problem):
        deadline = monotonic() + NOTING_SECONDS
        with suppress(Busy), writing_until(deadline), workspace.database.write() as session:
            if ended:
                api_tokens.note_refusal(session, token)
            else:
                api_tokens.note_use(session, token.id)
    return token, marks


def require_scope(token: KnownToken, reads: bool, declared: Policy) -> None:
    """Refuse what a token may not be used for, whatever its member may do."""
    needed = {Scope.READ if reads else Scope.WRITE}
    if declared in _HIGHER:
        needed.add(Scope.ADMINISTER)
    # To change something is to see it.
    given = token.scopes | ({Scope.READ} if token.scopes else set())
    if missing := sorted(needed - given):
        raise Forbidden(f"This token lacks the scope {' and '.join(missing)}.")
