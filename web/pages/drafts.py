"""Drafts: pages save what is typed into a long form, and offer it when the form is opened again."""

from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response

from web.drafts import PLACE
from web.policies import Policy, open_to
from web.routes import post
from web.visits import Visit
from workspace.collaboration import drafts
from workspace.people.viewer import require_writer

# What a form has besides what was typed.
_NOT_TYPED = {"_csrf_token", "seen", "version", PLACE}


class DraftController(Controller):
    """/drafts, without a page of its own."""

    path = "/drafts"
    opt = open_to(reads=Policy.WRITERS, writes=Policy.WRITERS)

    @post()
    def save(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_writer(visit.viewer)
        place = visit.form.text(PLACE, 300, required=True)
        visit.form.check()
        typed = {name: sent for name, sent in visit.form.sent.items() if name not in _NOT_TYPED}
        with visit.write() as session:
            drafts.save_draft(session, visit.viewer.person_id or 0, place, typed)
        return Response(None, status_code=204)

    @post("/discard")
    def discard(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_writer(visit.viewer)
        place = visit.form.text(PLACE, 300, required=True)
        visit.form.check()
        with visit.write() as session:
            drafts.discard_draft(session, visit.viewer.person_id or 0, place)
        return Response(None, status_code=204)
