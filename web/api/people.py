"""People over the API: contacts and members, and the dated facts about both."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import UNSET, UnsetType
from sqlmodel import Session

from references.network.common_ground import Shared
from references.network.paths import Reach
from references.network.ties import TieRow
from references.removal import delete_person
from web.api.calls import Call, Saved
from web.api.fields import (
    Body,
    Country,
    Day,
    Found,
    Label,
    OwnValues,
    Postcode,
    Required,
    Short,
    Text,
)
from web.api.operations import change, create, for_programs, read, remove
from web.api.shown import Named, own_values, with_readable_own
from web.edit_conflicts import fingerprint
from web.forms import Form
from web.pages.network.ties import ties_page
from web.pages.records.people import (
    add_contact,
    add_education,
    add_employment,
    add_membership,
    change_person,
    chosen_people,
    editable_details,
    person_page,
    person_values,
)
from web.policies import Policy
from workspace.deals.credit import Credit
from workspace.deals.lists import DealRow
from workspace.deals.stakeholders import Involvement
from workspace.keys import row_of_key
from workspace.own_fields.fields import FieldSubject
from workspace.people import people
from workspace.people.people import PersonRow
from workspace.people.tables import Education, Employment, Membership, Person
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class Fact:
    """A dated fact about a person: an employer, a school, or an association, board or event."""

    id: int
    # employment, education, or the kind of a membership.
    kind: str
    organisation: str
    # A title, a degree, or a role.
    title: str
    start: date | None
    end: date | None
    source: str


@dataclass(frozen=True)
class PersonShown:
    """A person, and their part in deals that the caller may see."""

    key: str
    name: str
    # None where the caller may not read it.
    email: str | None
    profile: str | None
    title: str
    department: str
    account: Named | None
    # None where the caller may not read them.
    phone: str | None
    street: str | None
    postcode: str | None
    city: str
    country: str | None
    home_town: str
    languages: str
    skills: str
    about: str
    # Of a member; None of a contact.
    roles: list[str] | None
    facts: list[Fact]
    deals: list[DealRow]
    credits: list[Credit]
    involvements: list[Involvement]
    own: dict[str, str]
    may_edit: bool


@dataclass(frozen=True)
class Ties:
    """Who knows a person, and what the caller has in common with them."""

    # None of a member: nobody needs a path to our own people.
    reach: Reach | None
    ties: list[TieRow]
    shared: list[Shared]


class PeopleQuery(Found, kw_only=True):
    """What the list is narrowed down to."""

    who: Literal["", "members", "contacts"] = ""


class PersonChange(Body):
    """The facts to be changed; the others stay. The account is the name of one."""

    example: ClassVar[dict[str, Any]] = {"title": "Head of wards"}
    name: Required | UnsetType = UNSET
    email: Short | UnsetType | None = UNSET
    profile: Short | UnsetType | None = UNSET
    title: Short | UnsetType = UNSET
    department: Short | UnsetType = UNSET
    account: Short | UnsetType | None = UNSET
    phone: Short | UnsetType = UNSET
    street: Short | UnsetType = UNSET
    postcode: Postcode | UnsetType = UNSET
    city: Label | UnsetType = UNSET
    country: Country | UnsetType | None = UNSET
    home_town: Label | UnsetType = UNSET
    languages: Label | UnsetType = UNSET
    skills: Short | UnsetType = UNSET
    about: Text | UnsetType = UNSET
    own: OwnValues | UnsetType = UNSET


class NewPerson(PersonChange, kw_only=True):
    """A contact to be added."""

    example: ClassVar[dict[str, Any]] = {"name": "Nadia Ferro", "account": "Orlik Clinics"}
    name: Required


class NewEmployment(Body):
    """A time at an employer."""

    example: ClassVar[dict[str, Any]] = {"organisation": "Orlik Clinics", "title": "Nurse"}
    organisation: Required
    title: Short | UnsetType = UNSET
    start: Day | UnsetType | None = UNSET
    end: Day | UnsetType | None = UNSET


class NewEducation(Body):
    """A time at a school."""

    example: ClassVar[dict[str, Any]] = {"institution": "University of Porto", "degree": "MSc"}
    institution: Required
    degree: Short | UnsetType = UNSET
    field: Short | UnsetType = UNSET
    start: Day | UnsetType | None = UNSET
    end: Day | UnsetType | None = UNSET


class NewMembership(Body):
    """A time in an association or on a board, or an event."""

    example: ClassVar[dict[str, Any]] = {"kind": "event", "organisation": "Ward Days 2026"}
    kind: Literal["association", "board", "event"]
    organisation: Required
    role: Short | UnsetType = UNSET
    start: Day | UnsetType | None = UNSET
    end: Day | UnsetType | None = UNSET


class PeopleOfRecordController(Controller):
    """/api/v1/people."""

    path = "/api/v1/people"
    opt = for_programs("People", reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @read(summary="List people", answers=PersonRow, paged=True, query=PeopleQuery)
    def list(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            rows, _ = chosen_people(session, call.viewer, call.form, call.size + 1)
            return call.page(with_readable_own(session, call.viewer, FieldSubject.PERSON, rows))

    @create(summary="Add a contact", answers=PersonShown, body=NewPerson, tagged=True)
    def add(self, call: NamedDependency[Call]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            person = add_contact(session, call.viewer, call.form)
            return person_shown(session, call.viewer, person.key)

        return call.save(save)

    @read("/{key:str}", summary="Get a person", answers=PersonShown, tagged=True)
    def get(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return call.show(person_shown, key)

    @change(
        "/{key:str}",
        summary="Change a person",
        answers=PersonShown,
        body=PersonChange,
        tagged=True,
        matches=True,
    )
    def change(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            person = people.editable_person(session, call.viewer, key)
            call.fill(_values(session, call.viewer, person))
            change_person(session, call.viewer, key, call.form)
            return person_shown(session, call.viewer, key)

        return call.save_over(save, lambda session: person_shown(session, call.viewer, key))

    @remove("/{key:str}", summary="Delete a contact")
    def delete(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            delete_person(session, call.viewer, row_of_key(session, Person, key))
            return Saved()

        return call.save(save)

    @create(
        "/{key:str}/employment", summary="Add an employer", answers=PersonShown, body=NewEmployment
    )
    def employ(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return self._add(call, key, add_employment)

    @create("/{key:str}/education", summary="Add a school", answers=PersonShown, body=NewEducation)
    def educate(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return self._add(call, key, add_education)

    @create(
        "/{key:str}/memberships",
        summary="Add an association, a board or an event",
        answers=PersonShown,
        body=NewMembership,
    )
    def belong(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return self._add(call, key, add_membership)

    @read("/{key:str}/ties", summary="Find who knows a person", answers=Ties)
    def ties(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        with call.read() as session:
            page = ties_page(session, call.viewer, call.workspace.network, key, Form())
            return call.answer(Ties(page.reach, page.ties, page.shared))

    def _add(
        self, call: Call, key: str, add: Callable[[Session, Viewer, str, Form], object]
    ) -> Response[bytes]:
        def save(session: Session) -> Saved:
            add(session, call.viewer, key, call.form)
            return person_shown(session, call.viewer, key)

        return call.save(save)


def person_shown(session: Session, viewer: Viewer, key: str) -> Saved:
    """A person as a viewer may know them, under the tag of their facts."""
    session.flush()
    page = person_page(session, viewer, key, Form(), "")
    person, account = page.person, page.account
    shown = PersonShown(
        key=person.key,
        name=person.name,
        email=person.email if page.reads_address else None,
        profile=person.profile,
        title=person.title,
        department=person.department,
        account=Named(account.key, account.name) if account else None,
        phone=person.phone if page.reads_address else None,
        street=person.street if page.reads_address else None,
        postcode=person.postcode if page.reads_address else None,
        city=person.city,
        country=person.country,
        home_town=person.home_town,
        languages=person.languages,
        skills=person.skills,
        about=person.about,
        roles=page.roles,
        facts=[
            *(_fact(row) for row, _ in page.career),
            *map(_fact, page.schooling),
            *map(_fact, page.memberships),
        ],
        deals=with_readable_own(session, viewer, FieldSubject.DEAL, page.deals),
        credits=page.credits,
        involvements=page.involvements,
        own=own_values(session, viewer, FieldSubject.PERSON, person.own),
        may_edit=page.may_edit,
    )
    tag = fingerprint(_values(session, viewer, person))
    return Saved(shown, tag, f"/api/v1/people/{person.key}")


def _values(session: Session, viewer: Viewer, person: Person) -> dict[str, str]:
    details = editable_details(session, viewer, person)
    return person_values(session, person, viewer=viewer, details=details)


def _fact(row: Employment | Education | Membership) -> Fact:
    match row:
        case Employment():
            kind, organisation, title = "employment", row.organisation, row.title
        case Education():
            kind, organisation, title = "education", row.institution, row.degree
        case Membership():
            kind, organisation, title = row.kind, row.organisation, row.role
    return Fact(row.id, kind, organisation, title, row.start, row.end, row.source)
