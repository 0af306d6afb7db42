"""Imports: files are uploaded, their columns checked, the result previewed, applied and undone.

Administrators import everything. Other members import their own address book and calendar.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.imports import DEMO, EXTENSION, PERSONAL
from web.forms import Form, row_id
from web.pages.import_questions import Asked, asked, save_answers
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
from workspace import demo
from workspace.duplicates import finding
from workspace.errors import Conflict, DealkinError, Forbidden, Invalid, NotFound
from workspace.imports import error_files, runs, undo
from workspace.imports.checklist import Step, steps
from workspace.imports.dates import DateOrder
from workspace.imports.encodings import CHOICES
from workspace.imports.files import LARGEST_FILE, read_bytes
from workspace.imports.formats import column_name
from workspace.imports.ledger import ImportFile, ImportRun, RunState
from workspace.imports.mapping import ASKED, Mapping, mapping_of, remember, remembered
from workspace.imports.messages import Notice, kept, tell
from workspace.imports.near_misses import Question
from workspace.imports.preview import (
    PREVIEW,
    FieldChanges,
    FilePreview,
    Preview,
    preview,
    preview_from_json,
)
from workspace.imports.recognition import Reading
from workspace.imports.run import Report
from workspace.imports.runs import RunRow, reading_from_json, reading_to_json
from workspace.jobs import queue
from workspace.jobs.queue import JobRow
from workspace.people.tables import Role
from workspace.people.viewer import Viewer
from workspace.revisions.rows import kept_in_words
from workspace.told import in_words

LIST = "/imports"
# Seconds after which a preview shows what it has found out so far.
PREVIEW_SECONDS = 1.5
_MOST_FILES = 20
ORDERS = ((DateOrder.DAY_FIRST.value, "Day first"), (DateOrder.MONTH_FIRST.value, "Month first"))


@dataclass(frozen=True)
class ImportList:
    """The form for files, and the imports that the viewer may see, the latest first."""

    rows: list[RunRow]
    all_kinds: bool
    # What an empty workspace still needs; empty once it has some of everything.
    steps: list[Step]
    # Whether sample data can be added.
    may_sample: bool
    # The import of sample data that is in the record.
    sample: int | None
    form: Form
    largest: int = LARGEST_FILE // 10**6


@dataclass(frozen=True)
class FilePage:
    """A file before it is imported: how it is read, and what would come of it."""

    number: int
    name: str
    found: FilePreview
    # Unless it cannot be read.
    mapping: Mapping | None

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Our columns, by name and label."""
        return labelled(self.mapping.choices) if self.mapping else []

    @property
    def sheets(self) -> list[tuple[str, str]]:
        """The sheets of a workbook."""
        return [(sheet, sheet) for sheet in self.mapping.sheets] if self.mapping else []


@dataclass(frozen=True)
class PreparedPage:
    """An import that is not started."""

    id: int
    files: list[FilePage]
    found: Preview
    asked: Asked
    # Whether anything can be imported.
    can_run: bool
    form: Form
    kinds: list[tuple[str, str]]
    # The job that goes on with the preview; None once it has ended.
    counting: JobRow | None
    encodings: tuple[tuple[str, str], ...] = CHOICES
    orders: tuple[tuple[str, str], ...] = ORDERS

    @property
    def shown(self) -> list[str]:
        """The keys of the questions on the page."""
        return [question.key for question in self.asked.questions]


@dataclass(frozen=True)
class FoundPage:
    """What would come of the files of an import, renewed while its rows are counted."""

    id: int
    files: list[FilePreview]
    fields: list[FieldChanges]
    # The questions that the page does not have yet.
    questions: list[Question]
    shown: list[str]
    counting: JobRow | None


@dataclass(frozen=True)
class RunPage:
    """An import that is running, finished, or undone."""

    id: int
    state: str
    done: int
    total: int
    at: datetime
    reports: list[Report]
    # What was kept when it was undone.
    kept: list[str]
    # Why its job has stopped; empty unless it has.
    problem: str
    # How many pairs of accounts and of people with its rows may be one.
    duplicates: dict[str, int]
    # Whether a job looks for them at the moment.
    looking: bool

    @property
    def share(self) -> float:
        """How much is done, from 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def moves(self) -> bool:
        """Whether the page looks again by itself."""
        return self.state in (RunState.RUNNING, RunState.UNDOING) and not self.problem


class ImportController(Controller):
    """/imports."""

    path = LIST
    opt = open_to(reads=Policy.WRITERS, writes=Policy.WRITERS)

    @get()
    def list(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("imports/list.html", visit.page(import_list, visit.form))

    # A form with several files, and what surrounds them.
    @post(
        request_max_body_size=LARGEST_FILE + 1_000_000,
        opt=open_to(reads=Policy.WRITERS, writes=Policy.WRITERS, takes_files=True),
    )
    def upload(self, visit: NamedDependency[Visit]) -> Response[Any]:
        with visit.saving() as session:
            if not 0 < len(visit.uploads) <= _MOST_FILES:
                visit.form.refuse("files", f"Choose from 1 to {_MOST_FILES} files.")
            visit.form.done()
            uploads = [_upload(session, name, raw) for name, raw in visit.uploads]
            run = runs.store(session, visit.viewer.person_id, uploads)
        if visit.form.refusal:
            return visit.show("imports/list.html", visit.page(import_list, visit.form))
        look(visit, run.id)
        return visit.go(f"{LIST}/{run.id}")

    @post("/sample", opt=open_to(reads=Policy.ADMINISTRATORS, writes=Policy.ADMINISTRATORS))
    def sample(self, visit: NamedDependency[Visit]) -> Response[Any]:
        visit.form.done()
        by = visit.viewer.person_id
        with visit.write() as session:
            files = demo.sample(session, (demo.FOLDER, DEMO), EXTENSION)
            uploads = [runs.Upload(name, raw, Reading()) for name, raw in files]
            run = runs.store(session, by, uploads)
            runs.begin(session, run)
            run.job_id = queue.enqueue(session, runs.IMPORT, by, {"import": run.id}).id
        return visit.go(f"{LIST}/{run.id}")

    @get("/{run_id:int}")
    def show(self, visit: NamedDependency[Visit], run_id: FromPath[int]) -> Response[str]:
        with visit.read() as session:
            run = runs.visible_run(session, visit.viewer, row_id(run_id))
            if run.state != RunState.PREPARED:
                page = run_page(session, run.id)
                template = "imports/_run.html" if visit.wants_fragment else "imports/run.html"
                return visit.show(template, page)
            if visit.wants_fragment:
                shown = visit.form.text("shown", 1_000).split(",")
                return visit.show("imports/_found.html", found_page(session, run, shown))
            prepared = prepared_page(session, visit.viewer, run.id, visit.form)
        return visit.show("imports/prepared.html", prepared)

    @post("/{run_id:int}/files/{number:int}")
    def change(
        self, visit: NamedDependency[Visit], run_id: FromPath[int], number: FromPath[int]
    ) -> Response[Any]:
        with visit.saving() as session:
            run = runs.own_run(session, visit.viewer, row_id(run_id))
            if run.state != RunState.PREPARED:
                raise Conflict(f"This import is {run.state} already.")
            file = session.get(ImportFile, (run.id, number))
            if file is None:
                raise NotFound("There is no such file.")
            file.reading = reading_to_json(_changed_reading(session, file, visit.form))
            session.add(file)
        if visit.form.refusal:
            page = visit.page(prepared_page, run_id, visit.form)
            return visit.show("imports/prepared.html", page)
        look(visit, run_id)
        return visit.go(f"{LIST}/{run_id}")

    @post("/{run_id:int}/answers")
    def answer(self, visit: NamedDependency[Visit], run_id: FromPath[int]) -> Response[Any]:
        """Remember which new names mean what is in the record, and look again."""
        with visit.saving() as session:
            run = runs.own_run(session, visit.viewer, row_id(run_id))
            if run.state != RunState.PREPARED:
                raise Conflict(f"This import is {run.state} already.")
            save_answers(session, visit.viewer, preview_from_json(run.preview), visit.form)
        if visit.form.refusal:
            page = visit.page(prepared_page, run_id, visit.form)
            return visit.show("imports/prepared.html", page)
        look(visit, run_id)
        return visit.go(f"{LIST}/{run_id}", "Answers saved.")

    @post("/{run_id:int}/run")
    def run(self, visit: NamedDependency[Visit], run_id: FromPath[int]) -> Response[Any]:
        visit.form.done()
        viewer = visit.viewer
        with visit.write() as session:
            run = runs.own_run(session, viewer, row_id(run_id))
            found = preview_from_json(run.preview)
            kinds = {file.kind for file in found.files if not file.refused}
            if not (_imports_all(viewer) or kinds <= PERSONAL):
                raise Forbidden(tell(Notice.PERSONAL_ONLY))
            if not kinds:
                raise Conflict("No file of this import can be imported.")
            runs.begin(session, run)
            for file, of_file in zip(runs.files_of(session, run.id), found.files, strict=True):
                if of_file.refused:
                    file.refused = kept(of_file.refused)
                    session.add(file)
                else:
                    remember(session, file, EXTENSION, viewer.person_id)
            job = queue.enqueue(session, runs.IMPORT, viewer.person_id, {"import": run.id})
            run.job_id = job.id
        return visit.go(f"{LIST}/{run_id}")

    @post("/{run_id:int}/undo")
    def undo(self, visit: NamedDependency[Visit], run_id: FromPath[int]) -> Response[Any]:
        visit.form.done()
        by = visit.viewer.person_id
        with visit.write() as session:
            run = runs.own_run(session, visit.viewer, row_id(run_id))
            if run.state == RunState.PREPARED:
                session.delete(run)
                return visit.go(LIST, "The files are forgotten.")
            undo.begin_undo(session, run, by)
            run.job_id = queue.enqueue(session, runs.UNDO, by, {"import": run.id}).id
        return visit.go(f"{LIST}/{run_id}")

    @get("/{run_id:int}/errors/{number:int}")
    def errors(
        self, visit: NamedDependency[Visit], run_id: FromPath[int], number: FromPath[int]
    ) -> Response[bytes]:
        with visit.read() as session:
            run = runs.visible_run(session, visit.viewer, row_id(run_id))
            files, reports = runs.files_of(session, run.id), runs.reports_of(session, run.id)
        if number >= len(reports) or not reports[number].wrong:
            raise NotFound("There is no such error file.")
        name = error_files.error_file_name(files[number].name)
        return Response(
            error_files.error_file(files[number].header, reports[number].wrong),
            media_type="text/csv",
            headers={
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
                "Vary": "HX-Request",
            },
        )


def labelled(names: Iterable[str]) -> list[tuple[str, str]]:
    """Names of columns and kinds, with labels."""
    return [(name, name.replace("_", " ").capitalize()) for name in names]


def import_list(session: Session, viewer: Viewer, form: Form) -> ImportList:
    """The imports that a viewer may see."""
    all_kinds = _imports_all(viewer)
    needed = steps(session) if all_kinds else []
    if all(step.done for step in needed):
        needed = []
    rows = runs.visible_runs(session, viewer)
    samples = [
        row.id
        for row in rows
        if row.state == RunState.DONE and demo.is_sample(row.files, (demo.FOLDER, DEMO))
    ]
    return ImportList(
        rows=rows,
        all_kinds=all_kinds,
        steps=needed,
        may_sample=bool(needed) and demo.is_empty(session),
        sample=next(iter(samples), None),
        form=form,
    )


def _imports_all(viewer: Viewer) -> bool:
    return Role.ADMIN in viewer.roles


def _upload(session: Session, name: str, raw: bytes) -> runs.Upload:
    """An uploaded file, read as files with its header were read before."""
    reading = Reading()
    # The preview says why a file cannot be read.
    with suppress(DealkinError):
        reading = remembered(session, read_bytes(name, raw, EXTENSION.splitters), reading)
    return runs.Upload(name, raw, reading)


def look(visit: Visit, run_id: int) -> None:
    """Find out what an import would do, and keep it for its page."""
    with visit.read() as session:
        files = runs.files_of(session, run_id)
    found = preview(
        visit.workspace.database, files, visit.viewer.person_id, EXTENSION, PREVIEW_SECONDS
    )
    if not _imports_all(visit.viewer):
        for file in found.files:
            if file.kind not in PERSONAL and not file.refused:
                file.refused = tell(Notice.PERSONAL_ONLY)
    by = visit.viewer.person_id
    with visit.write() as session:
        run = runs.own_run(session, visit.viewer, run_id)
        if run.state == RunState.PREPARED:
            run.preview, run.job_id = found.to_json(), None
            # On PostgreSQL a trial keeps rows locked, and must not take longer than a page does.
            if visit.workspace.database.is_sqlite and any(
                file.seen < file.rows and not file.refused for file in found.files
            ):
                run.job_id = queue.enqueue(session, PREVIEW, by, {"import": run_id}).id
            session.add(run)


def prepared_page(session: Session, viewer: Viewer, run_id: int, form: Form) -> PreparedPage:
    """An import that is not started, with its files and what would come of them."""
    run = runs.visible_run(session, viewer, run_id)
    found = preview_from_json(run.preview)
    files = [
        FilePage(file.number, file.name, of_file, mapping_of(session, file, EXTENSION))
        for file, of_file in zip(runs.files_of(session, run_id), found.files, strict=False)
    ]
    kinds = sorted({file_format.kind for file_format in EXTENSION.formats_of_all})
    return PreparedPage(
        run.id,
        files,
        found,
        asked(session, found),
        any(not file.refused for file in found.files),
        form,
        labelled(kind for kind in kinds if _imports_all(viewer) or kind in PERSONAL),
        _counting(session, run),
    )


def found_page(session: Session, run: ImportRun, shown: Collection[str]) -> FoundPage:
    """What would come of an import's files, as far as it is known.

    `shown` has the keys of the questions on the page: these stay as they are, half answered.
    """
    found = preview_from_json(run.preview)
    return FoundPage(
        run.id,
        found.files,
        found.fields,
        [question for question in found.questions if question.key not in shown],
        [question.key for question in found.questions],
        _counting(session, run),
    )


def _counting(session: Session, run: ImportRun) -> JobRow | None:
    job = queue.read_job(session, run.job_id) if run.job_id is not None else None
    return job if job and not job.is_finished else None


def run_page(session: Session, run_id: int) -> RunPage:
    """An import that was started."""
    run = runs.read_run(session, run_id)
    problem = ""
    if run.job_id is not None and run.state in (RunState.RUNNING, RunState.UNDOING):
        job = queue.read_job(session, run.job_id)
        if job.is_finished:
            problem = in_words(job.problem) or "It was cancelled."
    return RunPage(
        run.id,
        run.state,
        run.done,
        run.total,
        run.at,
        runs.reports_of(session, run_id),
        kept_in_words(run.kept),
        problem,
        finding.pair_counts(session, run.revision_id) if run.revision_id is not None else {},
        queue.is_unfinished(session, finding.FIND),
    )


def _changed_reading(session: Session, file: ImportFile, form: Form) -> Reading:
    """How a file is to be read by the form of its columns."""
    mapping = mapping_of(session, file, EXTENSION)
    if mapping is None:
        raise Invalid("This file cannot be read.")
    reading = reading_from_json(file.reading)
    kinds = {file_format.kind for file_format in EXTENSION.formats_of_all}
    kind = form.choice("kind", kinds)
    columns = dict(reading.columns)
    for number, column in enumerate(mapping.columns):
        name = column_name(column.title)
        ours = form.choice(f"column-{number}", [*mapping.choices, ASKED]) or ""
        # A kind that is changed has other columns.
        if name and kind in (mapping.kind, None) and ours not in (column.ours, ASKED):
            columns[name] = ours
    encoding = form.choice("encoding", [value for value, _ in CHOICES])
    dates = form.choice("dates", [value for value, _ in ORDERS])
    sheet = form.choice("sheet", mapping.sheets)
    form.done()
    return replace(
        reading,
        kind=kind if kind != mapping.kind or reading.kind else None,
        columns=columns if kind in (mapping.kind, None) else {},
        encoding=encoding,
        dates=DateOrder(dates) if dates else None,
        sheet=sheet,
    )
