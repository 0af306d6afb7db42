"""Exceptions as error pages, or as a line of text for htmx; never a stack trace."""

import errno
import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.response import Redirect, Response
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from references.merging import former_key
from web import conditions
from web.forms import parse_pairs
from web.problems import is_for_programs, problem
from web.rendering import render
from web.routes import Request
from workspace.accounts.accounts import Account
from workspace.deals.discretion import read_for
from workspace.errors import Busy, Conflict, DealkinError, Forbidden, Invalid, NotFound, TooMany
from workspace.people.tables import Person
from workspace.replica import ReplicaLost
from workspace.told import Code, in_words, told

logger = logging.getLogger("dealkin.web")

_STATUS: dict[type[DealkinError], int] = {
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    Invalid: 422,
    TooMany: 429,
}
_TITLES = {
    400: "That request could not be read",
    401: "Not signed in",
    403: "Not yours to change",
    404: "Nothing here",
    405: "Not done this way",
    408: "Too slow",
    409: "Changed in the meantime",
    412: "Changed in the meantime",
    413: "Too large",
    415: "Not a kind of content that is taken",
    422: "That could not be taken",
    428: "Say what you change",
    429: "Slow down",
    500: "Something broke",
    503: "Busy just now",
    507: "The disk is full",
}
_OTHER = "That did not work"
# Records that are merged, by the first part of their addresses.
_MERGED: dict[str, type[Account | Person]] = {"accounts": Account, "people": Person}
# Seconds after which a client may try again.
_RETRY_AFTER = "5"
# PostgreSQL's code where a lock was not given up in time.
_LOCK_NOT_AVAILABLE = "55P03"
# PostgreSQL's code where a number does not fit into its column.
_OUT_OF_RANGE = "22003"
# PostgreSQL's code where its disk is full.
_DISK_FULL = "53100"


@dataclass(frozen=True)
class Unsaved:
    """A form that was not saved: where it is sent, and its fields."""

    address: str
    fields: list[tuple[str, str]]

    @property
    def texts(self) -> list[tuple[str, str]]:
        """What a person typed, with the names of the fields."""
        return [
            (name.replace("_", " ").capitalize(), value)
            for name, value in self.fields
            if value and name != "seen"
        ]


@dataclass(frozen=True)
class ErrorPage:
    """The error page."""

    status: int
    title: str
    message: str
    unsaved: Unsaved | None


def refused(request: Request, error: DealkinError) -> Response[str]:
    """An error of the record's rules, with the status of its kind and its own message."""
    status = _STATUS.get(type(error), 400)
    message = str(error)
    if is_for_programs(request):
        fields = error.fields if isinstance(error, Invalid) else None
        return problem(status, _TITLES.get(status, _OTHER), message, fields=fields)
    if isinstance(error, Invalid) and error.fields:
        message += " " + " ".join(f"{name}: {why}" for name, why in error.fields.items())
    return explain(request, status, message)


def lead_on(request: Request, error: NotFound) -> Response[Any]:
    """A page that is not there; where its account or person was merged, a redirect to the other."""
    segments = request.url.path.split("/")
    kind = _MERGED.get(segments[1]) if len(segments) > 2 and request.method == "GET" else None
    viewer = request.scope.get("user")
    if kind and viewer:
        with request.app.state.workspace.database.read() as session:
            read_for(session, viewer)
            key = former_key(session, kind, unquote(segments[2]))
        if key:
            segments[2] = quote(key, safe="")
            query = f"?{request.url.query}" if request.url.query else ""
            return Redirect("/".join(segments) + query, status_code=303)
    return refused(request, error)


def not_signed_in(request: Request, error: NotAuthorizedException) -> Response[Any]:
    """A redirect to the sign-in page, which leads back if this was a page."""
    if is_for_programs(request):
        given = "authorization" in request.headers
        detail = error.detail if given else "Send a token as 'Authorization: Bearer …'."
        headers = {"WWW-Authenticate": 'Bearer realm="Dealkin"'}
        return problem(401, _TITLES[401], detail, headers=headers)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = here if request.method == "GET" else ""
    if request.headers.get("hx-request") == "true":
        shown = request.headers.get("hx-current-url", "")
        # Anyone can set this header, so only the path in it is used.
        back = "/" + shown.split("://", 1)[-1].partition("/")[2]
        return Response(
            None, status_code=200, headers={"HX-Redirect": f"/sign-in?next={quote(back)}"}
        )
    target = "/sign-in" if back in ("", "/") else f"/sign-in?next={quote(back)}"
    return Redirect(target, status_code=303)


def refused_by_framework(request: Request, error: HTTPException) -> Response[str]:
    """An error of the framework: an unknown route, a wrong method, too large a body."""
    status = error.status_code
    if status >= 500:
        return broke(request, error)
    messages = {
        404: "There is no such page.",
        405: "This address does not take that kind of request.",
        408: "The request took too long to arrive. Send it again.",
        413: "That is more than this form takes.",
    }
    told = status in (403, 429) or (is_for_programs(request) and status not in messages)
    message = error.detail if told else messages.get(status, "The request could not be read.")
    response = explain(request, status, message)
    response.headers.update(error.headers or {})
    return response


def broke(request: Request, error: Exception) -> Response[str]:
    """A fault of the program: the log gets the stack trace, the reader an apology."""
    logger.error("%s %s failed", request.method, _route(request), exc_info=error)
    return explain(request, 500, "It is our fault, not yours. Nothing was saved. Try again.")


def collided(request: Request, error: DBAPIError) -> Response[str]:
    """The later of two concurrent writes, refused by a constraint or by the isolation level."""
    logger.warning("%s %s collided: %s", request.method, _route(request), type(error.orig))
    message = "This was changed at the same moment. Reload the page and try again."
    return explain(request, 409, message)


def ask_again(request: Request, _error: ReplicaLost) -> Response[Any]:
    """A page whose replica failed while it was read: its address again, for the database answers
    by now."""
    query = f"?{request.url.query}" if request.url.query else ""
    return Redirect(request.url.path + query, status_code=307)


def database_refused(request: Request, error: OperationalError) -> Response[str]:
    """A conflict between transactions, a locked database, or a fault."""
    # Class 40 of the SQL standard is transaction rollback: serialisation failure or deadlock.
    if _code(error).startswith("40"):
        return collided(request, error)
    if "database is locked" in str(error.orig) or _code(error) == _LOCK_NOT_AVAILABLE:
        return busy(request, error)
    if "disk is full" in str(error.orig) or _code(error) == _DISK_FULL:
        return full(request, error)
    return broke(request, error)


def out_of_range(request: Request, error: DataError) -> Response[str]:
    """A number that is larger than its column, such as a primary key that there cannot be."""
    if _code(error) == _OUT_OF_RANGE:
        return explain(request, 404, "There is no such page.")
    return broke(request, error)


def failed_on_disk(request: Request, error: OSError) -> Response[str]:
    """A file that could not be written, or another fault."""
    return full(request, error) if error.errno == errno.ENOSPC else broke(request, error)


def full(request: Request, error: Exception) -> Response[str]:
    """A disk without room: what is there can be read, and nothing can be saved."""
    logger.error("%s %s found no room on the disk: %s", request.method, _route(request), error)
    workspace = request.app.state.workspace
    disks = " or ".join(
        str(folder) for folder in conditions.folders(workspace.database, workspace.settings)
    )
    message = f"Nothing was saved: the disk is full. An administrator has to make room on {disks}."
    if not workspace.database.is_sqlite:
        message = "Nothing was saved: the disk of the database is full. Tell an administrator."
    return explain(request, 507, message, unsaved=_unsaved(request))


def busy(request: Request, error: Exception) -> Response[str]:
    """A request that waited too long for a turn, a connection or a lock.

    A form that a browser sent comes back with what was entered, so that it can be sent again.
    """
    logger.warning("%s %s had to wait too long: %s", request.method, _route(request), type(error))
    response = explain(request, 503, in_words(told(Code.BUSY)), unsaved=_unsaved(request))
    response.headers["Retry-After"] = _RETRY_AFTER
    return response


def _unsaved(request: Request) -> Unsaved | None:
    """The form of a write that can be sent again; passwords are never sent back."""
    body = request.scope["state"].get("submitted")
    if request.method != "POST" or not body or _hashes_password(request):
        return None
    fields = [(name, value) for name, value in parse_pairs(body) if name != "_csrf_token"]
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return Unsaved(address, fields)


def _hashes_password(request: Request) -> bool:
    return bool(request.scope["route_handler"].opt.get("hashes_password"))


def _code(error: DBAPIError) -> str:
    """The code that PostgreSQL gives to an error, of the SQL standard or its own."""
    return str(getattr(error.orig, "sqlstate", "") or "")


def _route(request: Request) -> str:
    """The pattern of the route for the log: addresses hold names and the secrets of links."""
    return str(request.scope.get("path_template", "an unknown address"))


def explain(
    request: Request, status: int, message: str, *, unsaved: Unsaved | None = None
) -> Response[str]:
    """The error page; for programs a problem document, for htmx the message for its banner."""
    if is_for_programs(request):
        return problem(status, _TITLES.get(status, _OTHER), message)
    if request.headers.get("hx-request") == "true":
        return Response(message, status_code=status, media_type="text/plain")
    page = ErrorPage(status, _TITLES.get(status, _OTHER), message, unsaved)
    return Response(
        render(request, "error.html", page),
        status_code=status,
        media_type="text/html",
    )


HANDLERS: dict[Any, Any] = {
    Busy: busy,
    NotFound: lead_on,
    DealkinError: refused,
    NotAuthorizedException: not_signed_in,
    HTTPException: refused_by_framework,
    IntegrityError: collided,
    OperationalError: database_refused,
    ReplicaLost: ask_again,
    DataError: out_of_range,
    PoolTimeout: busy,
    OSError: failed_on_disk,
    Exception: broke,
}
