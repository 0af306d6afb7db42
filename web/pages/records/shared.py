"""What a buyer sees by the link to an asset's file: what it is, and a button to download it.

Programs open links in mail before people do, so that a page counts as nothing; the button counts.
"""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.pages.records.library import attachment
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
from workspace.assets import files, sharing
from workspace.assets.sharing import Shared
from workspace.company import Company, company
from workspace.errors import Conflict, NotFound

_HEADERS = {
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True)
class SharedPage:
    """A file that a link gives; None if the link has ended or never was."""

    here: str
    shared: Shared | None
    sender: Company
    # Why it cannot be downloaded.
    problem: str = ""


class SharedController(Controller):
    """/shared."""

    path = "/shared/{token:str}"
    opt = open_to(reads=Policy.LINK, writes=Policy.LINK)

    @get()
    def show(self, visit: NamedDependency[Visit], token: FromPath[str]) -> Response[str]:
        with visit.read() as session:
            page = shared_page(session, token)
        return _answer(visit, page)

    @post()
    def download(self, visit: NamedDependency[Visit], token: FromPath[str]) -> Response[Any]:
        visit.form.done()
        with visit.read() as session:
            page = shared_page(session, token)
        if page.shared is None:
            return _answer(visit, page)
        raw = files.read(visit.workspace.settings.files, page.shared.file)
        try:
            with visit.write() as session:
                sharing.count_download(session, sharing.find_link(session, token))
        except Conflict as refusal:
            return _answer(visit, SharedPage(page.here, None, page.sender, str(refusal)))
        response = attachment(page.shared.file, raw)
        response.headers.update(_HEADERS)
        return response


def shared_page(session: Session, token: str) -> SharedPage:
    """What the link with this secret shows."""
    shared, problem = None, "Ask the sender for a new one."
    try:
        shared = sharing.shared_by(session, sharing.find_link(session, token))
    except NotFound as refusal:
        problem = str(refusal)
    return SharedPage(f"/shared/{token}", shared, company(session), problem)


def _answer(visit: Visit, page: SharedPage) -> Response[str]:
    status = 200 if page.shared else 410
    return visit.show("records/library/shared.html", page, status=status, headers=_HEADERS)
