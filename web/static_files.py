"""Static files, served under names with a hash of their content."""

import gzip
import mimetypes
from functools import cache

from litestar import Controller, get
from litestar.params import FromPath
from litestar.response import Response

from web.rendering import static_files
from web.routes import Request
from workspace.errors import NotFound


class StaticController(Controller):
    """/static: styles, scripts and icons, cached by browsers for a year."""

    path = "/static"
    opt = {"public": True}  # noqa: RUF012

    @get("/{name:str}", sync_to_thread=False)
    def file(self, request: Request, name: FromPath[str]) -> Response[bytes]:
        if name not in static_files():
            raise NotFound("There is no such file.")
        compressed = "gzip" in request.headers.get("accept-encoding", "")
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "Vary": "Accept-Encoding",
        }
        if compressed:
            headers["Content-Encoding"] = "gzip"
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        # The framework adds the charset to text types itself.
        needs_charset = kind in ("application/javascript", "image/svg+xml")
        return Response(
            _content(name, compressed),
            media_type=f"{kind}; charset=utf-8" if needs_charset else kind,
            headers=headers,
        )


@cache
def _content(name: str, compressed: bool) -> bytes:
    content = static_files()[name].read_bytes()
    return gzip.compress(content, 9) if compressed else content
