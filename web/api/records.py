"""The rest of the record over the API: stages, own fields, duplicates, what was deleted, jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import UNSET, UnsetType
from sqlmodel import Session

from references.imports import EXTENSION
from web.api.calls import Call, Saved
from web.api.fields import Body, Day, Found, Label, Short
from web.api.operations import act, change, for_programs, read, remove
from web.api.people import PersonShown, person_shown
from web.forms import Form, row_id, uncounted_id
from web.pages.administration.audit import chosen_entries
from web.pages.imports import RunPage, run_page
from web.pages.records import duplicates, facts
from web.policies import Policy
from workspace.accounts.industries import DIVISIONS, SECTIONS
from workspace.audit_log import AuditRow
from workspace.deals import forecast as forecasts
from workspace.deals.forecast import Line, StageSum
from workspace.deals.lists import choices
from workspace.deals.money import rates_of
from workspace.deals.stages import stages
from workspace.duplicates.finding import PairRow, pair_rows
from workspace.imports import runs
from workspace.imports.runs import RunRow
from workspace.jobs import queue
from workspace.jobs.queue import JobRow
from workspace.own_fields.fields import FieldSubject, readable
from workspace.people import directory
from workspace.people.directory import MemberRow
from workspace.revisions import history
from workspace.revisions.history import RevisionRow


@dataclass(frozen=True)
class StageShown:
    """A stage of the pipeline."""

    name: str
    position: int
    # Of winning, in percent.
    probability: int
    outcome: str
    # The days after which a deal has stood there for too long.
    rotting_days: int


@dataclass(frozen=True)
class Choice:
    """A value that a field takes, and what it is called."""

    value: str
    label: str


@dataclass(frozen=True)
class QuarterShown:
    """A quarter, such as 2026-Q4: in all, and by owner."""

    quarter: str
    total: Line
    members: list[Line]


@dataclass(frozen=True)
class ForecastShown:
    """What open deals promise, in the company's currency."""

    currency: str
    stages: list[StageSum]
    quarters: list[QuarterShown]


@dataclass(frozen=True)
class FieldShown:
    """An own field that the caller may read."""

    key: str
    subject: str
    name: str
    kind: str
    choices: list[str]


@dataclass(frozen=True)
class Choices:
    """What fields and filters take: stages, industries, products, competitors, owners, regions,
    and own fields."""

    stages: list[StageShown]
    industries: list[Choice]
    products: list[Choice]
    competitors: list[Choice]
    owners: list[Choice]
    regions: list[str]
    own_fields: list[FieldShown]


@dataclass(frozen=True)
class Deleted:
    """Merges and deletions that the caller can take back."""

    revisions: list[RevisionRow]


@dataclass(frozen=True)
class Restored:
    """What was kept as it is, in words."""

    kept: list[str]


@dataclass(frozen=True)
class Duplicates:
    """Pairs of records that may mean the same."""

    pairs: list[PairRow]


@dataclass(frozen=True)
class Imports:
    """Imports that the caller may see."""

    imports: list[RunRow]


@dataclass(frozen=True)
class FileReport:
    """What came of a file."""

    file_name: str
    kind: str
    created: int
    updated: int
    unchanged: int
    failed: int
    left_out: int
    warnings: list[str]
    refused: str


@dataclass(frozen=True)
class ImportShown:
    """An import, and what came of its files."""

    id: int
    state: str
    done: int
    total: int
    at: datetime
    files: list[FileReport]
    # What was kept when it was undone.
    kept: list[str]
    problem: str


class Merge(Body):
    """Which values are taken from the other record; the others stay."""

    example: ClassVar[dict[str, Any]] = {"take": ["domain"]}
    take: list[Label]


class FactChange(Body):
    """The facts to be changed; the others stay. What a kind does not have is refused."""

    example: ClassVar[dict[str, Any]] = {"title": "Head nurse"}
    organisation: Short | UnsetType = UNSET
    institution: Short | UnsetType = UNSET
    title: Short | UnsetType = UNSET
    degree: Short | UnsetType = UNSET
    field: Short | UnsetType = UNSET
    role: Short | UnsetType = UNSET
    kind: Label | UnsetType = UNSET
    start: Day | UnsetType | None = UNSET
    end: Day | UnsetType | None = UNSET


class AuditQuery(Found, kw_only=True):
    """A part of the audit log."""

    about: Label = ""
    since: Day | None = None
    until: Day | None = None


class ChoicesController(Controller):
    """/api/v1/choices and /api/v1/forecast."""

    path = "/api/v1"
    opt = for_programs("Record", reads=Policy.MEMBERS)

    @read("/choices", summary="List what fields and filters take", answers=Choices)
    def choices(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            known = choices(session, call.viewer)
            shown = Choices(
                stages=[
                    StageShown(
                        stage.name,
                        stage.position,
                        stage.probability,
                        stage.outcome,
                        stage.rotting_days,
                    )
                    for stage in stages(session)
                ],
                industries=_choices([*SECTIONS.items(), *DIVISIONS.items()]),
                products=_choices(known.products),
                competitors=_choices(known.competitors),
                owners=_choices(known.owners),
                regions=known.regions,
                own_fields=[
                    FieldShown(field.key, field.subject, field.name, field.kind, field.choices)
                    for subject in FieldSubject
                    for field in readable(session, call.viewer, subject)
                ],
            )
            return call.answer(shown)

    @read("/forecast", summary="Get the forecast", answers=ForecastShown)
    def forecast(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            found = forecasts.forecast(session, call.viewer, rates_of(session))
            quarters = [
                QuarterShown(row.quarter.key, row.total, row.members) for row in found.quarters
            ]
            return call.answer(ForecastShown(found.currency, found.stages, quarters))


class FactsController(Controller):
    """/api/v1/people/{key}/facts."""

    path = "/api/v1/people/{key:str}/facts/{kind:str}/{fact_id:int}"
    opt = for_programs("People", reads=Policy.WRITERS, writes=Policy.WRITERS)

    @change(summary="Change a fact about a person", answers=PersonShown, body=FactChange)
    def change(
        self,
        call: NamedDependency[Call],
        key: FromPath[str],
        kind: FromPath[str],
        fact_id: FromPath[int],
    ) -> Response[bytes]:
        def save(session: Session) -> Saved:
            saved = facts.fact_values(session, call.viewer, key, kind, fact_id)
            call.complete(saved)
            facts.change_fact(session, call.viewer, key, kind, fact_id, call.form)
            return person_shown(session, call.viewer, key)

        return call.save(save)

    @remove(summary="Remove a fact about a person")
    def remove(
        self,
        call: NamedDependency[Call],
        key: FromPath[str],
        kind: FromPath[str],
        fact_id: FromPath[int],
    ) -> Response[bytes]:
        return call.done(facts.remove_fact, key, kind, fact_id)


class DeletedRecordsController(Controller):
    """/api/v1/deleted."""

    path = "/api/v1/deleted"
    opt = for_programs("Record", reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @read(summary="List merges and deletions", answers=Deleted)
    def list(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            return call.answer(Deleted(history.revisions(session, call.viewer)))

    @act("/{revision_id:int}/restore", summary="Take one back", answers=Restored)
    def restore(self, call: NamedDependency[Call], revision_id: FromPath[int]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            number = uncounted_id(revision_id)
            _, kept = history.take_back(session, call.viewer, number, EXTENSION.removers)
            return Saved(Restored(kept))

        return call.save(save)


class DuplicatesController(Controller):
    """/api/v1/duplicates."""

    path = "/api/v1/duplicates/{kind:str}"
    opt = for_programs("Record", reads=Policy.WRITERS, writes=Policy.WRITERS)

    @read(summary="List likely duplicates of accounts or people", answers=Duplicates)
    def list(self, call: NamedDependency[Call], kind: FromPath[str]) -> Response[bytes]:
        with call.read() as session:
            return call.answer(Duplicates(pair_rows(session, duplicates.kind_of(kind))))

    @act("/{one:str}/{other:str}/distinct", summary="Say that they are distinct", answers=None)
    def distinct(
        self,
        call: NamedDependency[Call],
        kind: FromPath[str],
        one: FromPath[str],
        other: FromPath[str],
    ) -> Response[bytes]:
        return call.done(duplicates.set_apart, kind, one, other)

    @act("/{one:str}/{other:str}", summary="Merge the other into the one", answers=None, body=Merge)
    def merge(
        self,
        call: NamedDependency[Call],
        kind: FromPath[str],
        one: FromPath[str],
        other: FromPath[str],
    ) -> Response[bytes]:
        taken = Form((name, "other") for name in call.form.choices("take", call.form.sent["take"]))
        return call.done(duplicates.merge, kind, one, other, taken)


class ImportsController(Controller):
    """/api/v1/imports."""

    path = "/api/v1/imports"
    opt = for_programs("Record", reads=Policy.WRITERS)

    @read(summary="List imports", answers=Imports)
    def list(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            return call.answer(Imports(runs.visible_runs(session, call.viewer)))

    @read("/{run_id:int}", summary="Get what came of an import", answers=ImportShown)
    def get(self, call: NamedDependency[Call], run_id: FromPath[int]) -> Response[bytes]:
        with call.read() as session:
            run = runs.visible_run(session, call.viewer, row_id(run_id))
            return call.answer(_import(run_page(session, run.id)))


class AdministrationController(Controller):
    """/api/v1, what only administrators read."""

    path = "/api/v1"
    opt = for_programs("Administration", reads=Policy.ADMINISTRATORS)

    @read("/members", summary="List members", answers=MemberRow, paged=True, query=Found)
    def members(self, call: NamedDependency[Call]) -> Response[bytes]:
        text, after = call.form.maybe("q", 200), call.form.maybe("after", 80)
        call.form.check()
        with call.read() as session:
            rows = directory.member_rows(session, text=text, after=after, limit=call.size + 1)
            return call.page(rows)

    @read("/members/{key:str}", summary="Get a member", answers=MemberRow)
    def member(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        with call.read() as session:
            return call.answer(directory.member_row(session, key))

    @read("/audit", summary="List the audit log", answers=AuditRow, paged=True, query=AuditQuery)
    def audit(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            rows, _ = chosen_entries(session, call.form, call.size + 1)
            return call.page(rows, lambda row: str(row.number))

    @read("/jobs", summary="List jobs", answers=JobRow, paged=True)
    def jobs(self, call: NamedDependency[Call]) -> Response[bytes]:
        before = call.form.integer("after")
        call.form.check()
        with call.read() as session:
            rows = queue.job_rows(session, states=(), before=before, limit=call.size + 1)
            return call.page(rows, lambda row: str(row.id))


def _import(page: RunPage) -> ImportShown:
    return ImportShown(
        id=page.id,
        state=page.state,
        done=page.done,
        total=page.total,
        at=page.at,
        files=[
            FileReport(
                file_name=report.file_name,
                kind=report.kind,
                created=report.created,
                updated=report.updated,
                unchanged=report.unchanged,
                failed=report.failed,
                left_out=report.left_out,
                warnings=list(map(str, report.warnings)),
                refused=str(report.refused),
            )
            for report in page.reports
        ],
        kept=page.kept,
        problem=page.problem,
    )


def _choices(pairs: Sequence[tuple[str, str]]) -> list[Choice]:
    return [Choice(value, label) for value, label in pairs]
