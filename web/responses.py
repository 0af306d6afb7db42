"""Responses: a page or its fragment, and redirects with a notice."""

from typing import Any
from urllib.parse import quote

from litestar.response import Redirect, Response

from web.rendering import render
from web.routes import Request

# The cookie with the notice for the next page: it has to survive a redirect.
FLASH = "flash"


def at(*segments: str) -> str:
    """The path of these segments, each percent-encoded."""
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)


def wants_fragment(request: Request) -> bool:
    """Whether htmx asks for a fragment; boosted and history requests get whole pages."""
    headers = request.headers
    return (
        headers.get("hx-request") == "true"
        and headers.get("hx-boosted") != "true"
        and headers.get("hx-history-restore-request") != "true"
    )


def answer(
    request: Request,
    page: str,
    fragment: str,
    context: Any,
    *,
    status: int = 200,
    address: str = "",
    replace: bool = False,
) -> Response[str]:
    """A page, or the fragment of it if htmx asked for one.

    `address` is what the browser shows afterwards: without the empty fields of the form.
    """
    if not wants_fragment(request):
        return show(request, page, context, status=status)
    header = "HX-Replace-Url" if replace else "HX-Push-Url"
    headers = {header: address.rstrip("?")} if address else None
    return show(request, fragment, context, status=status, headers=headers)


def show(
    request: Request,
    template: str,
    context: Any,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response[str]:
    """A template with its context, rendered in the handler's thread."""
    response = Response(
        render(request, template, context),
        status_code=status,
        media_type="text/html",
        headers={"Vary": "HX-Request", **(headers or {})},
    )
    if request.cookies.get(FLASH) and not wants_fragment(request):
        response.delete_cookie(FLASH)
    return response


def go(request: Request, path: str, notice: str = "") -> Response[Any]:
    """A redirect after a write: 303 for a browser, HX-Redirect for htmx."""
    response: Response[Any]
    # Headers take ASCII only; % is safe here, as what is encoded already stays as it is.
    path = quote(path, safe="/#%[]=:;$&()+,!?*@'~")
    if request.headers.get("hx-request") == "true":
        response = Response(None, status_code=200, headers={"HX-Redirect": path})
    else:
        response = Redirect(path, status_code=303)
    if notice:
        response.set_cookie(
            FLASH, notice.encode().hex(), max_age=60, httponly=True, samesite="lax", path="/"
        )
    return response
