"""Refusals as programs read them: problem documents (RFC 9457)."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar.response import Response

from web.routes import Request

MEDIA_TYPE = "application/problem+json"
# Where what a problem means is explained; its address is the problem's type.
EXPLAINED = "/api/docs#problem-"
# How the addresses begin that programs use.
PROGRAMS = "/api/v1/"


def is_for_programs(request: Request) -> bool:
    """Whether an address is one that programs ask for, not browsers."""
    path = request.url.path
    return path.startswith(PROGRAMS) or path == "/mcp"


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    fields: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response[Any]:
    """A refusal; `fields` says what is wrong with each field of a body or query."""
    document: dict[str, Any] = {
        "type": f"{EXPLAINED}{status}",
        "title": title,
        "status": status,
        "detail": detail,
    }
    if fields:
        document["errors"] = [{"field": name, "detail": why} for name, why in fields.items()]
    return Response(
        msgspec.json.encode(document | more),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )
