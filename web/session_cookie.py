"""The session's cookie, and the CSRF token of forms.

The token is derived from the session's secret: it ends with the session, is the same in every
process and after a restart, and needs no key of the server. Before sign-in, a cookie with a random
secret takes the session's place.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta

from litestar.datastructures import Cookie

from web.routes import Request
from web.workspace import Workspace
from workspace.people.sign_in.throttling import KNOWN_FOR
from workspace.people.sign_in.two_step import PENDING_LIFETIME

_SESSION = "session"
_SIGNED_OUT = "visit"
_DEVICE = "device"
_PENDING = "pending"
_FLOW = "flow"
# Seconds for signing in at an identity provider.
FLOW_SECONDS = 600


def session_token(request: Request) -> str | None:
    """The secret in the browser's session cookie, which may be of no session."""
    return request.cookies.get(_name(request, _SESSION))


def session_cookie(request: Request, token: str, lifetime: timedelta) -> Cookie:
    """The cookie of a new session."""
    return _cookie(request, _SESSION, token, int(lifetime.total_seconds()))


def device_token(request: Request) -> str | None:
    """The secret by which the browser may be known to a member's account."""
    return request.cookies.get(_name(request, _DEVICE))


def device_cookie(request: Request, token: str) -> Cookie:
    """The cookie by which a browser stays known after its member has signed out."""
    return _cookie(request, _DEVICE, token, int(KNOWN_FOR.total_seconds()))


def closed_cookie(request: Request) -> Cookie:
    """A cookie that deletes the session's cookie."""
    return _cookie(request, _SESSION, "", 0)


def pending_token(request: Request) -> str | None:
    """The secret of a browser in which a code has to be entered."""
    return request.cookies.get(_name(request, _PENDING))


def pending_cookie(request: Request, token: str) -> Cookie:
    """The cookie of a browser in which a code has to be entered; without a secret it is deleted."""
    return _cookie(request, _PENDING, token, int(PENDING_LIFETIME.total_seconds()) if token else 0)


def flow_text(request: Request) -> str | None:
    """What this browser keeps of a sign-in at an identity provider, encrypted."""
    return request.cookies.get(_name(request, _FLOW))


def flow_cookie(request: Request, text: str) -> Cookie:
    """The cookie of a sign-in at an identity provider; without a text it is deleted."""
    return _cookie(request, _FLOW, text, FLOW_SECONDS if text else 0)


def signed_out_cookie(request: Request) -> Cookie | None:
    """The cookie with the secret behind this request's token; None where there is one already.

    A request in the background gets none: the live updates of a page that is no longer signed in
    would take the place of the secret of the sign-in page that is open.
    """
    in_background = request.headers.get("sec-fetch-mode", "navigate") != "navigate"
    if in_background or request.cookies.get(_name(request, _SIGNED_OUT)):
        return None
    return _cookie(request, _SIGNED_OUT, _signed_out_secret(request), None)


def csrf_token(request: Request) -> str:
    """The CSRF token for this browser's forms."""
    return csrf_token_of(session_token(request) or _signed_out_secret(request))


def csrf_token_of(secret: str) -> str:
    """The CSRF token that belongs to the secret of a session, or of a browser that has none."""
    return hmac.new(secret.encode(), b"dealkin form", hashlib.sha256).hexdigest()


def csrf_matches(request: Request, token: str) -> bool:
    """Whether a form's token is this browser's."""
    if not session_token(request) and not request.cookies.get(_name(request, _SIGNED_OUT)):
        return False
    return hmac.compare_digest(csrf_token(request).encode(), token.encode())


def _signed_out_secret(request: Request) -> str:
    known = request.cookies.get(_name(request, _SIGNED_OUT))
    if known:
        return known
    state = request.scope.setdefault("state", {})
    secret: str = state.setdefault("visit", secrets.token_urlsafe(32))
    return secret


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
