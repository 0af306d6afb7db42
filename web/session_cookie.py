"""The cookies that carry a session, and the token that proves a form is ours.

The token is derived from the session's own secret, so it dies with the session, is the same
in every process and after a restart, and needs no key to be kept. Before signing in, a random
cookie of the visit takes the session's place.
"""

import hashlib
import hmac
import secrets

from litestar.datastructures import Cookie

from web.routes import Request
from web.workspace import Workspace
from workspace.people.sign_in import SESSION_LIFETIME

_SESSION = "session"
_VISIT = "visit"


def session_token(request: Request) -> str | None:
    """The secret of the session that the browser says it has."""
    return request.cookies.get(_name(request, _SESSION))


def session_cookie(request: Request, token: str) -> Cookie:
    """The cookie of a session that was just opened."""
    return _cookie(request, _SESSION, token, int(SESSION_LIFETIME.total_seconds()))


def closed_cookie(request: Request) -> Cookie:
    """What takes the session's cookie out of the browser."""
    return _cookie(request, _SESSION, "", 0)


def visit_cookie(request: Request) -> Cookie | None:
    """The cookie of a visit that has none yet; this request's token is already made from it."""
    if request.cookies.get(_name(request, _VISIT)):
        return None
    return _cookie(request, _VISIT, _visit(request), None)


def csrf_token(request: Request) -> str:
    """The token for the forms of this browser's pages."""
    secret = session_token(request) or _visit(request)
    return hmac.new(secret.encode(), b"dealkin form", hashlib.sha256).hexdigest()


def csrf_matches(request: Request, token: str) -> bool:
    """Whether a form was made for this browser."""
    if not session_token(request) and not request.cookies.get(_name(request, _VISIT)):
        return False
    return hmac.compare_digest(csrf_token(request).encode(), token.encode())


def _visit(request: Request) -> str:
    known = request.cookies.get(_name(request, _VISIT))
    if known:
        return known
    state = request.scope.setdefault("state", {})
    visit: str = state.setdefault("visit", secrets.token_urlsafe(32))
    return visit


def _secure(request: Request) -> bool:
    workspace: Workspace = request.app.state.workspace
    return workspace.is_secure


def _name(request: Request, name: str) -> str:
    return f"__Host-{name}" if _secure(request) else name


def _cookie(request: Request, name: str, value: str, age: int | None) -> Cookie:
    return Cookie(
        key=_name(request, name),
        value=value,
        max_age=age,
        path="/",
        secure=_secure(request),
        httponly=True,
        samesite="lax",
    )
