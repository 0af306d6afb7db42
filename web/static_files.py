"""Static files, served under names with a hash of their content."""

import gzip
from functools import cache

from litestar import Controller, get
from litestar.params import FromPath
from litestar.response import Response

from web.policies import Policy, open_to
from web.rendering import KINDS, static_files
from web.routes import Request
from workspace.errors import NotFound


class StaticController(Controller):
    """/static: styles, scripts, icons and fonts, cached by browsers for a year."""

    path = "/static"
    opt = open_to(reads=Policy.ANYONE, unlimited=True)

    @get("/{name:str}", sync_to_thread=False)
    def file(self, request: Request, name: FromPath[str]) -> Response[bytes]:
        if name not in static_files():
            raise NotFound("There is no such file.")
        kind = KINDS[static_files()[name].suffix]
        # Fonts are compressed already.
        compressed = kind != "font/woff2" and "gzip" in request.headers.get("accept-encoding", "")
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "Vary": "Accept-Encoding",
        }
        if compressed:
            headers["Content-Encoding"] = "gzip"
        return Response(_content(name, compressed), media_type=kind, headers=headers)


@cache
def _content(name: str, compressed: bool) -> bytes:
    content = static_files()[name].read_bytes()
    return gzip.compress(content, 9) if compressed else content
