"""Own fields: what administrators add to deals, accounts, people and assets."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.edit_conflicts import EditForm, edit_form, lock_unchanged
from web.forms import Form, row_id
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
from workspace.errors import NotFound
from workspace.own_fields import fields
from workspace.own_fields.fields import MOST_CHOICES, FieldKind, FieldSubject, OwnField
from workspace.people.tables import Role
from workspace.people.viewer import Viewer, require_role
from workspace.value_lists import split_values

LIST = "/administration/own-fields"
LABELS = {
    FieldSubject.DEAL: "Deals",
    FieldSubject.ACCOUNT: "Accounts",
    FieldSubject.PERSON: "People",
    FieldSubject.ASSET: "Assets",
}


@dataclass(frozen=True)
class FieldsPage:
    """The fields of each subject, and the form for a new one."""

    groups: list[tuple[str, list[OwnField]]]
    form: "FieldForm"


@dataclass(frozen=True)
class FieldForm:
    """The form over a field; without one, over a new one."""

    field: OwnField | None
    form: EditForm
    readers: list[str]
    editors: list[str]
    subjects: tuple[tuple[str, str], ...] = tuple(LABELS.items())
    kinds: tuple[tuple[str, str], ...] = tuple((kind, kind.capitalize()) for kind in FieldKind)
    roles: tuple[tuple[str, str], ...] = tuple((role, role.capitalize()) for role in Role)


class OwnFieldController(Controller):
    """/administration/own-fields."""

    path = LIST
    opt = open_to(reads=Policy.ADMINISTRATORS, writes=Policy.ADMINISTRATORS)

    @get()
    def list(self, visit: NamedDependency[Visit]) -> Response[str]:
        page = visit.page(fields_page, visit.form)
        return visit.show("administration/own_fields/list.html", page)

    @post()
    def add(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        subject = visit.form.choice("subject", tuple(FieldSubject), required=True)
        kind = visit.form.choice("kind", tuple(FieldKind), required=True)
        currency = visit.form.currency("currency")
        facts = read_field(visit.form)
        with visit.saving() as session:
            visit.form.done()
            fields.add_field(
                session,
                FieldSubject(subject or ""),
                facts.pop("name"),
                FieldKind(kind or ""),
                visit.viewer.person_id,
                currency=currency or "",
                **facts,
            )
        if visit.form.refusal:
            page = visit.page(fields_page, visit.form)
            return visit.show("administration/own_fields/list.html", page)
        return visit.go(LIST, "Field added.")

    @get("/{field_id:int}")
    def edit(self, visit: NamedDependency[Visit], field_id: FromPath[int]) -> Response[str]:
        page = visit.page(field_form, row_id(field_id), Form())
        return visit.show("administration/own_fields/edit.html", page)

    @post("/{field_id:int}")
    def save(self, visit: NamedDependency[Visit], field_id: FromPath[int]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        facts = read_field(visit.form)
        with visit.saving() as session:
            field = field_of(session, row_id(field_id))
            lock_unchanged(session, field, visit.form, lambda _, row: field_values(row))
            visit.form.done()
            fields.edit_field(session, field, visit.viewer.person_id, **facts)
        if visit.form.refusal:
            page = visit.page(field_form, row_id(field_id), visit.form)
            return visit.show("administration/own_fields/edit.html", page)
        return visit.go(LIST, "Saved.")

    @post("/{field_id:int}/remove")
    def remove(self, visit: NamedDependency[Visit], field_id: FromPath[int]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        visit.form.done()
        with visit.write() as session:
            field = field_of(session, row_id(field_id))
            name = field.name
            count = fields.remove_field(session, field, visit.viewer.person_id)
        values = "1 value" if count == 1 else f"{count:,} values"
        return visit.go(LIST, f"{name} is removed, with {values}.")


def read_field(form: Form) -> dict[str, Any]:
    """What a form says of a field besides its subject and its kind."""
    return {
        "name": form.text("name", 60, required=True),
        "choices": lines_of(form.lines("choices", MOST_CHOICES * 100)),
        "readers": [Role(role) for role in form.choices("readers", tuple(Role))],
        "editors": [Role(role) for role in form.choices("editors", tuple(Role))],
        "weight": form.fraction("weight") or 0.0,
    }


def lines_of(text: str) -> list[str]:
    """The lines of a text, each once."""
    return list(dict.fromkeys(line.strip()[:100] for line in text.split("\n") if line.strip()))


def field_of(session: Session, field_id: int) -> OwnField:
    """The field of that number; NotFound if there is none."""
    field = session.get(OwnField, field_id)
    if field is None:
        raise NotFound("There is no such field.")
    return field


def field_values(field: OwnField) -> dict[str, str]:
    """A field as its form shows it."""
    return {
        "name": field.name,
        "choices": "\n".join(field.choices),
        "weight": f"{field.weight:g}",
        "readers": field.readers,
        "editors": field.editors,
    }


def fields_page(session: Session, viewer: Viewer, form: Form) -> FieldsPage:
    """The fields that there are, with what was typed into the form for a new one."""
    require_role(viewer, Role.ADMIN)
    return FieldsPage(
        groups=[(label, fields.fields_of(session, subject)) for subject, label in LABELS.items()],
        form=FieldForm(
            None,
            EditForm(form.values, form.wrong),
            form.sent.get("readers", []),
            form.sent.get("editors", []),
        ),
    )


def field_form(session: Session, viewer: Viewer, field_id: int, form: Form) -> FieldForm:
    """The form over a field, with what was sent."""
    require_role(viewer, Role.ADMIN)
    field = field_of(session, field_id)
    sent = form.refusal is not None
    return FieldForm(
        field,
        edit_form(form, field_values(field)),
        form.sent.get("readers", []) if sent else split_values(field.readers),
        form.sent.get("editors", []) if sent else split_values(field.editors),
    )
