"""A person's privacy: what is stored, as a file and by a link for them, erasure, and legal hold."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.forms import Form
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.errors import Invalid
from workspace.jobs import queue
from workspace.keys import row_of_key
from workspace.people.tables import Person, Role
from workspace.people.viewer import PLAIN_VIEW, Viewer, require_role
from workspace.privacy import requests
from workspace.privacy.erasure import ERASE, require_erasable
from workspace.privacy.person_export import Stored, person_file, stored_of
from workspace.privacy.tables import Correction, LegalHold

_HEADERS = {"X-Robots-Tag": "noindex, nofollow"}


@dataclass(frozen=True)
class PrivacyPage:
    """What is stored of a person, for an administrator."""

    key: str
    name: str
    stored: list[Stored]
    corrections: list[Correction]
    hold: LegalHold | None
    # A link that was just made; it is shown this once.
    link: str
    wrong: dict[str, str]
    days: int = requests.LINK_LIFETIME.days


@dataclass(frozen=True)
class OwnDataPage:
    """What is stored of a person, for that person."""

    here: str
    name: str
    stored: list[Stored]
    waiting: list[Correction]
    wrong: dict[str, str]
    thanks: bool


class PrivacyController(Controller):
    """/administration/people/…/privacy."""

    path = "/administration/people/{key:str}/privacy"
    opt = open_to(reads=Policy.ADMINISTRATORS, writes=Policy.ADMINISTRATORS)

    @get()
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        return self._show(visit, key, "", Form())

    @post("/file")
    def export(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        visit.form.done()
        with visit.write() as session:
            raw = person_file(session, row_of_key(session, Person, key), visit.viewer)
        headers = {"Content-Disposition": 'attachment; filename="person.zip"'}
        return Response(raw, media_type="application/zip", headers=headers, status_code=200)

    @post("/link")
    def make_link(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        visit.form.done()
        with visit.write() as session:
            person = row_of_key(session, Person, key)
            token = requests.make_link(session, person, by=visit.viewer.person_id)
        link = f"{visit.workspace.origin.rstrip('/')}/own-data/{token}"
        return self._show(visit, key, link, visit.form)

    @post("/hold")
    def hold(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        by = visit.viewer.person_id
        reason = visit.form.text("reason", 500)
        with visit.saving() as session:
            person = row_of_key(session, Person, key)
            lifts = session.get(LegalHold, person.id) is not None
            if not lifts and not reason:
                visit.form.refuse("reason", "Enter a reason.")
            visit.form.done()
            if lifts:
                requests.lift_hold(session, person, by=by)
            else:
                requests.hold(session, person, reason, by=by)
        if visit.form.refusal:
            return self._show(visit, key, "", visit.form)
        return visit.go(_here(key), "Legal hold lifted." if lifts else "Legal hold set.")

    @post("/corrections")
    def finish(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        number = visit.form.integer("correction", 1)
        if number is None:
            visit.form.refuse("correction", "Required.")
        visit.form.done()
        with visit.write() as session:
            person = row_of_key(session, Person, key)
            by = visit.viewer.person_id or 0
            requests.finish_correction(session, person, number or 0, by=by)
        return visit.go(_here(key), "Correction finished.")

    @post("/erase")
    def erase(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        typed = visit.form.text("name", 200)
        with visit.saving() as session:
            person = row_of_key(session, Person, key)
            if typed.casefold() != person.name.casefold():
                raise Invalid("Type the name.", {"name": "Type the full name to confirm."})
            visit.form.done()
            require_erasable(session, person)
            queue.enqueue(session, ERASE, visit.viewer.person_id, {"person_id": person.id})
        if visit.form.refusal:
            return self._show(visit, key, "", visit.form)
        return visit.go("/administration/jobs", "The person is being erased.")

    def _show(self, visit: Visit, key: str, link: str, form: Form) -> Response[str]:
        page = visit.page(privacy_page, key, link, form.wrong)
        return visit.show("administration/privacy.html", page, status=422 if form.wrong else 200)


class OwnDataController(Controller):
    """/own-data: where the link leads by which a person sees what is stored of them."""

    path = "/own-data/{token:str}"
    opt = open_to(reads=Policy.LINK, writes=Policy.LINK)

    @get()
    def show(self, visit: NamedDependency[Visit], token: FromPath[str]) -> Response[Any]:
        return _own_data(visit, token, {}, thanks=False)

    @post()
    def correct(self, visit: NamedDependency[Visit], token: FromPath[str]) -> Response[Any]:
        text = visit.form.lines("text", 5_000)
        try:
            visit.form.done()
            with visit.write() as session:
                person = requests.person_of_link(session, token)
                if person is not None:
                    requests.ask_for_correction(session, person, text)
        except Invalid as refusal:
            return _own_data(visit, token, refusal.fields, thanks=False)
        return _own_data(visit, token, {}, thanks=True)


def privacy_page(
    session: Session, viewer: Viewer, key: str, link: str, wrong: dict[str, str]
) -> PrivacyPage:
    """What is stored of a person, for an administrator."""
    require_role(viewer, Role.ADMIN)
    person = row_of_key(session, Person, key)
    return PrivacyPage(
        key=key,
        name=person.name,
        stored=stored_of(session, person.id, viewer),
        corrections=requests.corrections_of(session, person.id),
        hold=session.get(LegalHold, person.id),
        link=link,
        wrong=wrong,
    )


def _own_data(visit: Visit, token: str, wrong: dict[str, str], *, thanks: bool) -> Response[Any]:
    with visit.read() as session:
        person = requests.person_of_link(session, token)
        if person is None:
            template = "administration/members/ended.html"
            return visit.show(template, None, status=410, headers=_HEADERS)
        page = OwnDataPage(
            here=f"/own-data/{token}",
            name=person.name,
            stored=stored_of(session, person.id, PLAIN_VIEW, for_themselves=True),
            waiting=requests.corrections_of(session, person.id),
            wrong=wrong,
            thanks=thanks,
        )
    status = 422 if wrong else 200
    return visit.show("administration/own_data.html", page, status=status, headers=_HEADERS)


def _here(key: str) -> str:
    return at("administration", "people", key, "privacy")
