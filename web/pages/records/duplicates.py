"""Likely duplicates, and merging two accounts or two people with a choice field by field."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session, select

from references.merging import ACCOUNT_FIELDS, PERSON_FIELDS, merge_accounts, merge_people
from references.removal import removable, require_removal
from web.forms import Form
from web.own_fields import labels_of
from web.pages.records.accounts import account_values
from web.pages.records.people import editable_details, person_values
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.accounts.accounts import Account
from workspace.accounts.geography import country_name
from workspace.accounts.industries import industry_name
from workspace.duplicates import finding
from workspace.duplicates.finding import PairRow
from workspace.errors import Conflict, NotFound
from workspace.jobs import queue
from workspace.keys import row_of_key
from workspace.own_fields.fields import FieldSubject, editable
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_writer
from workspace.revisions.tables import Revision

# The kinds by the first part of an address.
KINDS = {"accounts": finding.ACCOUNT, "people": finding.PERSON}
_SUBJECTS = {"accounts": FieldSubject.ACCOUNT, "people": FieldSubject.PERSON}
_LABELS = {
    "parent_id": "Belongs to",
    "account_id": "Account",
    "email": "E-mail",
    "home_town": "Home town",
    "headcount": "Employees",
}
# The name under which a form shows a column.
_SHOWN = {"parent_id": "parent", "account_id": "account"}
# Why two records may be one.
REASONS = {
    "name": "Similar name",
    "email": "Same email address",
    "domain": "Same domain",
    "phone": "Same telephone number",
    "street": "Same street",
    "town": "Same town",
    "postcode": "Same postcode",
    "born": "Same date",
    "profile": "Same profile",
    "employer": "Same employer",
}


@dataclass(frozen=True)
class Duplicates:
    """Pairs that may be one; `may_merge` has the pairs that the viewer may merge."""

    kind: str
    rows: list[PairRow]
    may_merge: set[tuple[int, int]]
    # How many pairs there are of each kind.
    counts: dict[str, int]
    # Whether a job looks for them at the moment.
    looking: bool
    reasons: dict[str, str]


@dataclass(frozen=True)
class Choice:
    """A field of two records, with the value of each and which one is proposed."""

    name: str
    label: str
    values: tuple[str, str]
    chosen: int

    @property
    def differs(self) -> bool:
        """Whether there is something to choose."""
        return self.values[0] != self.values[1]


@dataclass(frozen=True)
class MergePage:
    """Two records side by side."""

    kind: str
    kept: Account | Person
    other: Account | Person
    choices: list[Choice]
    wrong: dict[str, str]


class DuplicateController(Controller):
    """/duplicates."""

    path = "/duplicates"
    opt = open_to(reads=Policy.WRITERS, writes=Policy.WRITERS)

    @get()
    def first(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("records/duplicates.html", visit.page(duplicates, "accounts"))

    @get("/{kind:str}")
    def show(self, visit: NamedDependency[Visit], kind: FromPath[str]) -> Response[str]:
        return visit.show("records/duplicates.html", visit.page(duplicates, kind))

    @post("/{kind:str}/look")
    def look(self, visit: NamedDependency[Visit], kind: FromPath[str]) -> Response[Any]:
        visit.form.done()
        kind_of(kind)
        with visit.write() as session:
            if queue.is_unfinished(session, finding.FIND):
                raise Conflict("Dealkin is looking for duplicates already.")
            queue.enqueue(session, finding.FIND, visit.viewer.person_id)
        return visit.go(at("duplicates", kind), "Dealkin is looking for duplicates.")

    @post("/{kind:str}/{one:str}/{other:str}/distinct")
    def distinct(
        self,
        visit: NamedDependency[Visit],
        kind: FromPath[str],
        one: FromPath[str],
        other: FromPath[str],
    ) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            set_apart(session, visit.viewer, kind, one, other)
        return visit.go(at("duplicates", kind), "They are not listed as duplicates any more.")

    @get("/{kind:str}/{one:str}/{other:str}")
    def compare(
        self,
        visit: NamedDependency[Visit],
        kind: FromPath[str],
        one: FromPath[str],
        other: FromPath[str],
    ) -> Response[str]:
        page = visit.page(merge_page, kind, one, other, {})
        return visit.show("records/merge.html", page)

    @post("/{kind:str}/{one:str}/{other:str}")
    def merge(
        self,
        visit: NamedDependency[Visit],
        kind: FromPath[str],
        one: FromPath[str],
        other: FromPath[str],
    ) -> Response[Any]:
        require_writer(visit.viewer)
        with visit.saving() as session:
            revision = merge(session, visit.viewer, kind, one, other, visit.form)
            undo = f"/deleted/{revision.id}/restore"
        if visit.form.refusal:
            page = visit.page(merge_page, kind, one, other, visit.form.wrong)
            return visit.show("records/merge.html", page)
        return visit.go(at(kind, one), "Merged. You can undo it for 30 days.", undo=undo)


def set_apart(session: Session, viewer: Viewer, kind: str, one: str, other: str) -> None:
    """Note that two records are distinct."""
    rows = [_row(session, kind, key) for key in (one, other)]
    for row in rows:
        require_removal(session, viewer, row)
    ids = [row.id for row in rows]
    finding.set_aside(session, kind_of(kind), ids[0], ids[1], viewer.person_id)


def merge(
    session: Session, viewer: Viewer, kind: str, one: str, other: str, form: Form
) -> Revision:
    """Make one record of two, with the values that a form takes from the other one."""
    kept, former = _row(session, kind, one), _row(session, kind, other)
    for row in (kept, former):
        require_removal(session, viewer, row)
    fields = ACCOUNT_FIELDS if isinstance(kept, Account) else PERSON_FIELDS
    chosen: dict[str, Any] = {
        name: getattr(former, name) for name in fields if _takes_other(form, name)
    }
    chosen["own"] = {
        field.key: former.own.get(field.key)
        for field in editable(session, viewer, _SUBJECTS[kind])
        if _takes_other(form, field.param)
    }
    form.done()
    if isinstance(kept, Account) and isinstance(former, Account):
        return merge_accounts(session, viewer, kept, former, chosen)
    if isinstance(kept, Person) and isinstance(former, Person):
        return merge_people(session, viewer, kept, former, chosen)
    raise NotFound("There are no such records.")


def duplicates(session: Session, viewer: Viewer, kind: str) -> Duplicates:
    """The page of a kind."""
    rows = finding.pair_rows(session, kind_of(kind))
    table: Any = Account if kind == "accounts" else Person
    ids = {row_id for row in rows for row_id in (row.one_id, row.other_id)}
    may = removable(session, viewer, session.exec(select(table).where(table.id.in_(ids))).all())
    return Duplicates(
        kind=kind,
        rows=rows,
        may_merge={(row.one_id, row.other_id) for row in rows if {row.one_id, row.other_id} <= may},
        counts=finding.pair_counts(session),
        looking=queue.is_unfinished(session, finding.FIND),
        reasons=REASONS,
    )


def merge_page(
    session: Session, viewer: Viewer, kind: str, one: str, other: str, wrong: dict[str, str]
) -> MergePage:
    """Two records side by side, for viewers who may merge them."""
    kept, former = _row(session, kind, one), _row(session, kind, other)
    for row in (kept, former):
        require_removal(session, viewer, row)
    if kept.id == former.id:
        raise NotFound("Choose two different records.")
    values = [_values(session, viewer, row) for row in (kept, former)]
    names = ACCOUNT_FIELDS if kind == "accounts" else PERSON_FIELDS
    labels = {name: _LABELS.get(name, name.capitalize()) for name in names}
    labels |= labels_of(editable(session, viewer, _SUBJECTS[kind]))
    choices = []
    for name, label in labels.items():
        shown = _SHOWN.get(name, name)
        if shown in values[0]:
            pair = (values[0][shown], values[1][shown])
            choices.append(Choice(name, label, pair, 1 if not pair[0] and pair[1] else 0))
    return MergePage(kind, kept, former, choices, wrong)


def _values(session: Session, viewer: Viewer, row: Account | Person) -> dict[str, str]:
    if isinstance(row, Account):
        values = account_values(session, row, viewer=viewer)
        values["industry"] = industry_name(row.industry)
    else:
        details = editable_details(session, viewer, row)
        values = person_values(session, row, viewer=viewer, details=details)
    return values | {"country": country_name(row.country)}


def _takes_other(form: Form, name: str) -> bool:
    return form.choice(name, ("one", "other")) == "other"


def _row(session: Session, kind: str, key: str) -> Account | Person:
    read: Callable[[Session, type[Any], str], Any] = row_of_key
    kind_of(kind)
    found: Account | Person = read(session, Account if kind == "accounts" else Person, key)
    return found


def kind_of(kind: str) -> str:
    """The kind of records that an address names."""
    if kind not in KINDS:
        raise NotFound("There is no such page.")
    return KINDS[kind]
