"""The Stakeholders tab: who is who on the buyer's side, and how they stand to us."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session, select

from references.buyers.back_channel import Voice, back_channel
from references.buyers.inner_circle import InnerCircle, guesses, inner_circle
from references.teams.stakeholder_insights import Side, buyers_side
from web.forms import LARGEST_INTEGER, Form, uncounted_id
from web.pages.deal_room.header import DealHeader, deal_header
from web.path_diagram import Map, draw_map
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.deals import access, stakeholders
from workspace.deals.stakeholders import (
    BUYING_ROLES,
    COVERAGES,
    INFLUENCES,
    STANCES,
    StakeholderRow,
)
from workspace.deals.tables import Deal, Stakeholder
from workspace.errors import Invalid, NotFound
from workspace.people.people import PersonRow, add_contact, find_person, person_rows
from workspace.people.tables import Person
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class StakeholdersPage:
    """The Stakeholders tab; `editing` is the row whose form is open."""

    header: DealHeader
    side: Side
    map: Map
    circle: InnerCircle
    # Whom the buyer can call behind our back; empty for others than the deal's team.
    voices: list[Voice]
    # The stakeholder to whom another may report, by their rows.
    guesses: dict[int, StakeholderRow]
    # People of the account who are not on the deal yet.
    people: list[PersonRow]
    editing: int | None
    values: dict[str, str]
    wrong: dict[str, str]
    roles: tuple[str, ...] = BUYING_ROLES
    stances: tuple[str, ...] = STANCES
    influences: tuple[str, ...] = INFLUENCES
    coverages: tuple[str, ...] = COVERAGES


class StakeholderController(Controller):
    """/deals/{key}/stakeholders."""

    path = "/deals/{key:str}/stakeholders"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        editing = visit.form.integer("edit", 1, LARGEST_INTEGER)
        visit.form.check()
        page = visit.page(stakeholders_page, key, Form(), editing)
        return visit.show("deal_room/stakeholders.html", page)

    @post()
    def add(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        name = ""
        with visit.saving() as session:
            name = add_buyer(session, visit.viewer, key, visit.form).name
        if visit.form.refusal:
            return self._again(visit, key, None)
        return visit.go(at("deals", key, "stakeholders"), f"{name} is on the map.")

    @post("/{stakeholder_id:int}")
    def edit(
        self, visit: NamedDependency[Visit], key: FromPath[str], stakeholder_id: FromPath[int]
    ) -> Response[Any]:
        with visit.saving() as session:
            change_buyer(session, visit.viewer, key, stakeholder_id, visit.form)
        if visit.form.refusal:
            return self._again(visit, key, stakeholder_id)
        return visit.go(at("deals", key, "stakeholders"), "Saved.")

    @post("/{stakeholder_id:int}/line")
    def confirm_line(
        self, visit: NamedDependency[Visit], key: FromPath[str], stakeholder_id: FromPath[int]
    ) -> Response[Any]:
        above = visit.form.integer("reports_to", 1, LARGEST_INTEGER)
        with visit.write() as session:
            form = visit.form
            row = _editable_stakeholder(session, visit.viewer, key, stakeholder_id, form)
            superior = _stakeholder(session, row.deal_id, above or 0)
            changes = {"reports_to_id": superior.id}
            stakeholders.edit_stakeholder(session, row, visit.viewer.person_id, changes)
        return visit.go(at("deals", key, "stakeholders"), "The reporting line is confirmed.")

    @post("/{stakeholder_id:int}/remove")
    def remove(
        self, visit: NamedDependency[Visit], key: FromPath[str], stakeholder_id: FromPath[int]
    ) -> Response[Any]:
        with visit.write() as session:
            remove_buyer(session, visit.viewer, key, stakeholder_id, visit.form)
        return visit.go(at("deals", key, "stakeholders"), "Taken off the map.")

    def _again(self, visit: Visit, key: str, editing: int | None) -> Response[str]:
        page = visit.page(stakeholders_page, key, visit.form, editing)
        return visit.show("deal_room/stakeholders.html", page, status=422)


def add_buyer(session: Session, viewer: Viewer, key: str, form: Form) -> Person:
    """Put the person of a form on a deal's map."""
    name = form.text("person", 200, required=True)
    title = form.text("title", 200)
    role = form.choice("buying_role", BUYING_ROLES) or ""
    deal = access.editable_deal(session, viewer, key)
    form.done()
    person = _buyer(session, viewer, deal, name, title)
    stakeholders.add_stakeholder(session, deal, person.id, viewer.person_id, buying_role=role)
    return person


def change_buyer(
    session: Session, viewer: Viewer, key: str, stakeholder_id: int, form: Form
) -> None:
    """Give a stakeholder the facts of a form."""
    changes: dict[str, Any] = {
        "buying_role": form.choice("buying_role", BUYING_ROLES) or "",
        "stance": form.choice("stance", STANCES) or "",
        "influence": form.choice("influence", INFLUENCES) or "",
        "coverage": form.choice("coverage", COVERAGES) or "unknown",
        "note": form.text("note", 1000),
    }
    above = form.integer("reports_to", 1, LARGEST_INTEGER)
    row = _editable_stakeholder(session, viewer, key, stakeholder_id, form)
    if above is not None:
        above = _stakeholder(session, row.deal_id, above).id
    changes["reports_to_id"] = above
    stakeholders.edit_stakeholder(session, row, viewer.person_id, changes)


def remove_buyer(
    session: Session, viewer: Viewer, key: str, stakeholder_id: int, form: Form
) -> None:
    """Take a stakeholder off a deal's map."""
    row = _editable_stakeholder(session, viewer, key, stakeholder_id, form)
    stakeholders.remove_stakeholder(session, row, viewer.person_id)


def stakeholders_page(
    session: Session, viewer: Viewer, key: str, form: Form, editing: int | None
) -> StakeholdersPage:
    """The tab, with the form of one row where one is being edited."""
    header = deal_header(session, viewer, key, "stakeholders")
    side = buyers_side(session, viewer, header.deal)
    there = {row.person_id for row in side.rows}
    people: list[PersonRow] = []
    if header.account:
        rows = person_rows(session, account_id=header.account.id, limit=200)
        people = [row for row in rows if row.id not in there]
    known = {row.id for row in side.rows}
    by_id = {row.id: row for row in side.rows}
    lines = guesses(session, side.rows)
    circle = inner_circle(session, viewer, header.account, there)
    return StakeholdersPage(
        header=header,
        side=side,
        map=draw_map(
            side.rows,
            lines,
            [(tie.one_id, tie.other_id, f"{tie.kind}: {tie.evidence}") for tie in circle.ties],
        ),
        circle=circle,
        voices=back_channel(session, viewer, header.deal),
        guesses={one: by_id[other] for one, other in lines.items()},
        people=people,
        editing=editing if header.may_edit and editing in known else None,
        values=form.values,
        wrong=form.wrong,
    )


def _buyer(session: Session, viewer: Viewer, deal: Deal, name: str, title: str) -> Person:
    """The person of that name at the deal's account, who becomes a contact where they are new."""
    there = select(Person).where(Person.account_id == deal.account_id)
    same = [row for row in session.exec(there) if name.casefold() in (row.name.casefold(), row.key)]
    if len(same) > 1:
        raise Invalid(
            "Several contacts there have this name.", {"person": "Give the key of their page."}
        )
    if same:
        return same[0]
    if "@" in name or deal.account_id is None:
        return find_person(session, viewer, name)
    return add_contact(
        session,
        name,
        viewer.person_id,
        title=title,
        account_id=deal.account_id,
        listed=not deal.confidential,
    )


def _editable_stakeholder(
    session: Session, viewer: Viewer, key: str, stakeholder_id: int, form: Form
) -> Stakeholder:
    deal = access.editable_deal(session, viewer, key)
    form.done()
    return _stakeholder(session, deal.id, stakeholder_id)


def _stakeholder(session: Session, deal_id: int, stakeholder_id: int) -> Stakeholder:
    row = session.get(Stakeholder, uncounted_id(stakeholder_id))
    if row is None or row.deal_id != deal_id:
        raise NotFound("There is no such stakeholder on this deal.")
    return row
