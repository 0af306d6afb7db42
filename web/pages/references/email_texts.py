"""The texts of the emails to guests, which customer marketing edits for the whole company."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.desk.email_texts import (
    TextRow,
    problems_of,
    sample_of,
    set_text,
    text_of,
    texts_in_use,
)
from references.desk.emails import (
    STANDARD_TEXTS,
    TO_PROSPECT,
    Email,
    Mark,
    TextKind,
    filled,
    placeholders_of,
    required_of,
)
from references.desk.request import DESK_ROLES
from web.edit_conflicts import EditForm, edit_form, require_unchanged
from web.forms import Form
from web.pages.references.emails import BODY, LABELS, SUBJECT
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.errors import NotFound
from workspace.people.viewer import Viewer, require_role

# What the preview has in place of a time.
TIME = "Thu 3 Dec 2026, 12:00 (Europe/Lisbon)"


@dataclass(frozen=True)
class TextsPage:
    """The texts in use."""

    rows: list[TextRow]
    labels: dict[TextKind, str]
    to_buyer: frozenset[str]


@dataclass(frozen=True)
class TextPage:
    """The form over a text, and the email that a guest would get."""

    kind: TextKind
    label: str
    to: str
    placeholders: tuple[str, ...]
    required: tuple[str, ...]
    form: EditForm
    preview: Email
    is_own: bool
    may_edit: bool


class EmailTextController(Controller):
    """/references/texts."""

    path = "/references/texts"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def list(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("references/texts/list.html", visit.page(texts_page))

    @get("/{kind:str}")
    def show(self, visit: NamedDependency[Visit], kind: FromPath[str]) -> Response[str]:
        page = visit.page(text_page, visit.workspace.origin, known_kind(kind), Form())
        return visit.show("references/texts/show.html", page)

    @post("/{kind:str}")
    def change(self, visit: NamedDependency[Visit], kind: FromPath[str]) -> Response[Any]:
        require_role(visit.viewer, *DESK_ROLES)
        named = known_kind(kind)
        text = Email(
            visit.form.text("subject", SUBJECT, required=True),
            visit.form.lines("body", BODY, required=True),
        )
        preview = visit.form.flag("preview")
        for name, why in problems_of(named, text).items():
            if name not in visit.form.wrong:
                visit.form.refuse(name, why)
        with visit.saving() as session:
            require_unchanged(visit.form, saved(session, named))
            visit.form.done()
            if not preview:
                set_text(session, visit.viewer, named, text)
        if visit.form.refusal or preview:
            page = visit.page(text_page, visit.workspace.origin, named, visit.form)
            return visit.show("references/texts/show.html", page)
        return visit.go(at("references", "texts"), "The text is saved.")

    @post("/{kind:str}/standard")
    def restore(self, visit: NamedDependency[Visit], kind: FromPath[str]) -> Response[Any]:
        require_role(visit.viewer, *DESK_ROLES)
        named = known_kind(kind)
        visit.form.done()
        with visit.write() as session:
            set_text(session, visit.viewer, named, STANDARD_TEXTS[named])
        return visit.go(at("references", "texts", kind), "The standard text is back.")


def known_kind(name: str) -> TextKind:
    """The kind that an address names."""
    for kind in STANDARD_TEXTS:
        if kind == name:
            return kind
    raise NotFound("There is no such email.")


def texts_page(session: Session, _viewer: Viewer) -> TextsPage:
    """The texts in use, in the order in which guests get the emails."""
    return TextsPage(texts_in_use(session), LABELS, frozenset(TO_PROSPECT))


def text_page(
    session: Session, viewer: Viewer, origin: str, kind: TextKind, form: Form
) -> TextPage:
    """The form over the text in use, with what was sent over it."""
    filled_in = edit_form(form, saved(session, kind))
    text = Email(filled_in.values["subject"], filled_in.values["body"])
    marks = dict.fromkeys(Mark, f"{origin}/g/example") | {Mark.TIME: TIME}
    return TextPage(
        kind=kind,
        label=LABELS[kind],
        to="the buyer’s contact" if kind in TO_PROSPECT else "the advocate",
        placeholders=placeholders_of(kind),
        required=required_of(kind),
        form=filled_in,
        preview=filled(sample_of(kind, text), marks),
        is_own=text_of(session, kind) != STANDARD_TEXTS[kind],
        may_edit=bool(viewer.roles & set(DESK_ROLES)),
    )


def saved(session: Session, kind: TextKind) -> dict[str, str]:
    """The text in use as its form shows it."""
    text = text_of(session, kind)
    return {"subject": text.subject, "body": text.body}
