"""The cookies that carry a session, and the token that proves a form is ours.

The token is derived from the session's own secret, so it dies with the session, is the same
in every process and after a restart, and needs no key to be kept. Before signing in, a random
cookie of the visit takes the session's place.
"""

import hashlib
import hmac
import secrets
from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from workspace.people.sign_in import SESSION_LIFETIME

_SESSION = "session"
_VISIT = "visit"


def session_token(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The secret of the session that the browser says it has."""
    return connection.cookies.get(_name(connection, _SESSION))


def session_cookie(connection: ASGIConnection[Any, Any, Any, Any], token: str) -> Cookie:
    """The cookie of a session that was just opened."""
    return _cookie(connection, _SESSION, token, int(SESSION_LIFETIME.total_seconds()))


def closed_cookie(connection: ASGIConnection[Any, Any, Any, Any]) -> Cookie:
    """What takes the session's cookie out of the browser."""
    return _cookie(connection, _SESSION, "", 0)


def visit_cookie(connection: ASGIConnection[Any, Any, Any, Any]) -> Cookie | None:
    """The cookie of a visit that has none yet; this request's token is already made from it."""
    if connection.cookies.get(_name(connection, _VISIT)):
        return None
    return _cookie(connection, _VISIT, _visit(connection), None)


def csrf_token(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The token for the forms of this browser's pages."""
    secret = session_token(connection) or _visit(connection)
    return hmac.new(secret.encode(), b"dealkin form", hashlib.sha256).hexdigest()


def csrf_matches(connection: ASGIConnection[Any, Any, Any, Any], token: str) -> bool:
    """Whether a form was made for this browser."""
    if not session_token(connection) and not connection.cookies.get(_name(connection, _VISIT)):
        return False
    return hmac.compare_digest(csrf_token(connection).encode(), token.encode())


def _visit(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    known = connection.cookies.get(_name(connection, _VISIT))
    if known:
        return known
    state = connection.scope.setdefault("state", {})
    visit: str = state.setdefault("visit", secrets.token_urlsafe(32))
    return visit


def _secure(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    secure: bool = connection.app.state.secure
    return secure


def _name(connection: ASGIConnection[Any, Any, Any, Any], name: str) -> str:
    return f"__Host-{name}" if _secure(connection) else name


def _cookie(
    connection: ASGIConnection[Any, Any, Any, Any], name: str, value: str, age: int | None
) -> Cookie:
    return Cookie(
        key=_name(connection, name),
        value=value,
        max_age=age,
        path="/",
        secure=_secure(connection),
        httponly=True,
        samesite="lax",
    )
