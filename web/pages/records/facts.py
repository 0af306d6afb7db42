"""Correcting and deleting the dated facts about a person: employment, education, memberships."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.removal import Fact, delete_fact
from web.edit_conflicts import EditForm, edit_form, lock_unchanged
from web.forms import Form, uncounted_id
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.errors import NotFound
from workspace.people import people
from workspace.people.tables import Education, Employment, Gathering, Membership, Person
from workspace.people.viewer import Viewer
from workspace.revisions.tables import Revision

# By the last part of an address: the table, and the fields with their labels, the needed one first.
FACTS: dict[str, tuple[type[Fact], dict[str, str]]] = {
    "employment": (Employment, {"organisation": "Organisation", "title": "Title"}),
    "education": (
        Education,
        {"institution": "School or university", "degree": "Degree", "field": "Field"},
    ),
    "memberships": (
        Membership,
        {"organisation": "Association, board or event", "role": "Role there"},
    ),
}


@dataclass(frozen=True)
class FactPage:
    """The form over a fact."""

    person: Person
    kind: str
    fact_id: int
    form: EditForm
    labels: dict[str, str]
    gatherings: list[tuple[str, str]]


class FactController(Controller):
    """/people/{key}/facts."""

    path = "/people/{key:str}/facts/{kind:str}/{fact_id:int}"
    opt = open_to(reads=Policy.WRITERS, writes=Policy.WRITERS)

    @get()
    def edit(
        self,
        visit: NamedDependency[Visit],
        key: FromPath[str],
        kind: FromPath[str],
        fact_id: FromPath[int],
    ) -> Response[str]:
        page = visit.page(fact_page, key, kind, fact_id, Form())
        return visit.show("records/people/fact.html", page)

    @post()
    def change(
        self,
        visit: NamedDependency[Visit],
        key: FromPath[str],
        kind: FromPath[str],
        fact_id: FromPath[int],
    ) -> Response[Any]:
        with visit.saving() as session:
            change_fact(session, visit.viewer, key, kind, fact_id, visit.form)
        if visit.form.refusal:
            page = visit.page(fact_page, key, kind, fact_id, visit.form)
            return visit.show("records/people/fact.html", page)
        return visit.go(at("people", key), "Saved.")

    @post("/remove")
    def remove(
        self,
        visit: NamedDependency[Visit],
        key: FromPath[str],
        kind: FromPath[str],
        fact_id: FromPath[int],
    ) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            revision = remove_fact(session, visit.viewer, key, kind, fact_id)
        return visit.go_deleted(at("people", key), revision)


def change_fact(
    session: Session, viewer: Viewer, key: str, kind: str, fact_id: int, form: Form
) -> None:
    """Give a fact the values of a form that was opened over it."""
    _, fact = _fact_of(session, viewer, key, kind, fact_id)
    lock_unchanged(session, fact, form, _values)
    people.edit_fact(session, fact, viewer.person_id, _read(form, kind))


def fact_values(
    session: Session, viewer: Viewer, key: str, kind: str, fact_id: int
) -> dict[str, str]:
    """The values of a fact, as its form shows them."""
    return _values(session, _fact_of(session, viewer, key, kind, fact_id)[1])


def remove_fact(session: Session, viewer: Viewer, key: str, kind: str, fact_id: int) -> Revision:
    """Remove a fact about a person."""
    _, fact = _fact_of(session, viewer, key, kind, fact_id)
    return delete_fact(session, viewer, fact)


def fact_page(
    session: Session, viewer: Viewer, key: str, kind: str, fact_id: int, form: Form
) -> FactPage:
    """The form over a fact, with what was sent."""
    person, fact = _fact_of(session, viewer, key, kind, fact_id)
    return FactPage(
        person=person,
        kind=kind,
        fact_id=fact_id,
        form=edit_form(form, _values(session, fact)),
        labels=FACTS[kind][1],
        gatherings=[(kind.value, kind.value.capitalize()) for kind in Gathering],
    )


def _fact_of(
    session: Session, viewer: Viewer, key: str, kind: str, fact_id: int
) -> tuple[Person, Fact]:
    """A person whom the viewer can edit, and the fact about them."""
    person = people.editable_person(session, viewer, key)
    table: Any = FACTS[kind][0] if kind in FACTS else None
    fact: Fact | None = session.get(table, uncounted_id(fact_id)) if table else None
    if fact is None or fact.person_id != person.id:
        raise NotFound("There is no such fact.")
    return person, fact


def _values(_session: Session, fact: Fact) -> dict[str, str]:
    _, labels = next(pair for pair in FACTS.values() if isinstance(fact, pair[0]))
    names = [*labels, "start", "end", *(["kind"] if isinstance(fact, Membership) else [])]
    return {name: str(getattr(fact, name) or "") for name in names}


def _read(form: Form, kind: str) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for number, name in enumerate(FACTS[kind][1]):
        facts[name] = form.text(name, 200, required=not number)
    facts |= {"start": form.day("start"), "end": form.day("end")}
    if kind == "memberships":
        facts["kind"] = form.choice("kind", tuple(Gathering), required=True)
    form.done()
    return facts
