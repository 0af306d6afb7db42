"""Imports in parts: each part is one short transaction, and an interrupted import continues.

A part applies the next rows, and writes what came of them, what they changed, and how far the
import is. Whatever stops the process, the record and the ledger agree.
"""

import itertools
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.audit import audit
from workspace.clock import now
from workspace.database import Database
from workspace.deals.discretion import read_for
from workspace.duplicates import finding
from workspace.errors import Conflict, DealkinError, NotFound
from workspace.imports.context import ImportContext
from workspace.imports.dates import DateOrder
from workspace.imports.error_files import WrongRow
from workspace.imports.files import read_bytes
from workspace.imports.ledger import ImportFile, ImportPart, ImportRun, RunState
from workspace.imports.messages import kept, message_of, said
from workspace.imports.own_fields import formats_with_own
from workspace.imports.recognition import Reading, RecognisedFile, recognise
from workspace.imports.rows import Row
from workspace.imports.run import ImportExtension, Outcome, Report, add_to_ledger, apply_rows
from workspace.jobs.running import Task
from workspace.people import members
from workspace.people.tables import Person, Role
from workspace.people.viewer import Viewer
from workspace.reading import found_once
from workspace.revisions.changes import record
from workspace.revisions.tables import Revision, RevisionKind
from workspace.told import Code, Told, refusal

# The kinds of jobs of imports.
IMPORT, UNDO = "import", "undo import"
# How long a part should take, and with how many rows the first one begins.
PART_SECONDS = 0.2
# Each part looks up what its rows refer to, which takes as long for few rows as for many.
_FIRST_ROWS, _FEWEST_ROWS, _MOST_ROWS = 50, 25, 2000


_UNFINISHED = col(ImportRun.state).in_((RunState.RUNNING, RunState.UNDOING))


@dataclass(frozen=True)
class Upload:
    """A file to import, and how it is to be read."""

    name: str
    raw: bytes
    reading: Reading


def reading_to_json(reading: Reading) -> dict[str, Any]:
    """How a file is read, as it is stored."""
    return {name: value for name, value in asdict(reading).items() if value}


def reading_from_json(stored: dict[str, Any]) -> Reading:
    """How a file is read, from its stored form."""
    dates = stored.get("dates")
    return Reading(**{**stored, "dates": DateOrder(dates) if dates else None})


def store(session: Session, by: int | None, uploads: Sequence[Upload]) -> ImportRun:
    """Store files as an import of which nothing is applied yet."""
    run = ImportRun(by_id=by)
    session.add(run)
    session.flush()
    session.add_all(files_to_be(uploads, run.id))
    session.flush()
    return run


def files_to_be(uploads: Sequence[Upload], run_id: int = 0) -> list[ImportFile]:
    """The files of an import that is not stored yet."""
    return [
        ImportFile(
            run_id=run_id,
            number=number,
            name=upload.name[:300],
            raw=upload.raw,
            reading=reading_to_json(upload.reading),
        )
        for number, upload in enumerate(uploads)
    ]


def read_run(session: Session, run_id: int) -> ImportRun:
    """An import; NotFound if there is none with this number."""
    run = session.get(ImportRun, run_id)
    if run is None:
        raise refusal(NotFound, Code.NO_IMPORT)
    return run


def begin(session: Session, run: ImportRun) -> None:
    """Have an import applied from now on."""
    if run.state != RunState.PREPARED:
        raise Conflict(f"This import is {run.state} already.")
    revision = Revision(kind=RevisionKind.IMPORT, by_id=run.by_id)
    session.add(revision)
    session.flush()
    run.state, run.revision_id = RunState.RUNNING, revision.id
    session.add(run)
    audit(session, run.by_id, "import started", f"import {run.id}")


def files_of(session: Session, run_id: int) -> list[ImportFile]:
    """The files of an import, in the order in which they were given."""
    query = select(ImportFile).where(ImportFile.run_id == run_id)
    return list(session.exec(query.order_by(col(ImportFile.number))))


def recognised(session: Session, file: ImportFile, extension: ImportExtension) -> RecognisedFile:
    """A stored file's rows; `Invalid` if it cannot be read or is not known."""
    reading = reading_from_json(file.reading)
    raw = read_bytes(file.name, file.raw, extension.splitters, reading.encoding)
    return recognise(raw, formats_with_own(session, extension.formats_of_all), reading)


def own_run(session: Session, viewer: Viewer, run_id: int) -> ImportRun:
    """An import that a viewer may continue or undo, locked; the command line may all."""
    if viewer.person_id is not None:
        visible_run(session, viewer, run_id)
    return locked(session, run_id)


@dataclass(frozen=True)
class RunRow:
    """An import in a list."""

    id: int
    at: datetime
    state: str
    # The names of its files.
    files: list[str]


def visible_run(session: Session, viewer: Viewer, run_id: int) -> ImportRun:
    """An import that a viewer may see; NotFound for those of others."""
    run = session.exec(select(ImportRun).where(_visible(viewer), ImportRun.id == run_id)).first()
    if run is None:
        raise refusal(NotFound, Code.NO_IMPORT)
    return run


def read_for_importer(session: Session, by: int | None) -> None:
    """Keep from a session what the importing member may not know of; an import without a member is
    the record's own, and matches all that is there."""
    if by is not None:
        read_for(session, members.viewer(session, by, session.get_one(Person, by).name))


def visible_runs(session: Session, viewer: Viewer, limit: int = 50) -> list[RunRow]:
    """The latest imports that a viewer may see."""
    query = select(ImportRun).where(_visible(viewer)).order_by(col(ImportRun.id).desc())
    found = session.exec(query.limit(limit)).all()
    names = defaultdict(list)
    files = select(ImportFile.run_id, ImportFile.name).where(
        col(ImportFile.run_id).in_([run.id for run in found])
    )
    for run_id, name in session.exec(files.order_by(col(ImportFile.number))):
        names[run_id].append(name)
    return [RunRow(run.id, run.at, run.state, names[run.id]) for run in found]


def count_unfinished(session: Session) -> int:
    """How many imports are being applied or undone, or were interrupted."""
    return session.exec(select(sa.func.count()).where(_UNFINISHED)).one()


_UNFINISHED_FOR = select(ImportRun.id).where(
    _UNFINISHED,
    sa.or_(
        col(ImportRun.by_id).is_not_distinct_from(sa.bindparam("member", type_=sa.Integer)),
        sa.exists().where(
            col(ImportFile.run_id) == ImportRun.id,
            col(ImportFile.kind) != "",
            col(ImportFile.kind).not_in(sa.bindparam("personal", expanding=True)),
        ),
    ),
)


def unfinished_for(session: Session, member_id: int | None, personal: Collection[str]) -> bool:
    """Whether an import is unfinished that is a member's own, or whose rows all members see.

    `personal` are the kinds of files that are each member's own business.
    """
    asked = {"member": member_id, "personal": list(personal)}
    return found_once(
        session,
        (ImportRun, member_id, frozenset(personal)),
        lambda: session.exec(_UNFINISHED_FOR, params=asked).first() is not None,
    )


def _visible(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Files of others may hold what only they may see; administrators share the command line's."""
    own = col(ImportRun.by_id) == viewer.person_id
    if Role.ADMIN in viewer.roles:
        return sa.or_(own, col(ImportRun.by_id).is_(None))
    return own


class ImportWork:
    """What is left to do of an import, in the order of application."""

    def __init__(self, session: Session, run_id: int, extension: ImportExtension) -> None:
        self.run_id = run_id
        self._extension = extension
        run = read_run(session, run_id)
        self.position = run.done
        self._files: dict[int, RecognisedFile] = {}
        self._refused: dict[int, Told] = {}
        for stored in files_of(session, run_id):
            if stored.refused and not stored.kind:
                # It was refused before the import began.
                self._refused[stored.number] = stored.refused
                continue
            try:
                self._files[stored.number] = recognised(session, stored, extension)
            except DealkinError as problem:
                self._refused[stored.number] = kept(said(problem))
        self._groups: list[tuple[int, int, list[Row]]] = []
        self.total = 0
        for number, file in sorted(
            self._files.items(), key=lambda item: (extension.order(item[1].kind), item[0])
        ):
            for group in extension.groups_of(file):
                self._groups.append((self.total, number, group))
                self.total += len(group)
        # Accounts of the finished parts by their ids in another system.
        self._accounts: dict[str, int] = {}
        for accounts in session.exec(
            select(ImportPart.accounts).where(ImportPart.run_id == run_id)
        ):
            self._accounts |= accounts

    @property
    def is_done(self) -> bool:
        """Whether all rows are applied."""
        return self.position >= self.total

    def apply(self, session: Session, most: int) -> None:
        """Apply the next rows in this transaction, at least one group and else at most `most`."""
        run = locked(session, self.run_id)
        if run.state != RunState.RUNNING or run.done != self.position:
            raise refusal(Conflict, Code.IMPORT_MOVED_ON)
        read_for_importer(session, run.by_id)
        if self.position == 0:
            self._describe_files(session)
        number, rows = self._next(most)
        file = self._files[number]
        context = ImportContext(session, run.by_id)
        context.account_of_record_id = dict(self._accounts)
        record(session, session.get_one(Revision, run.revision_id))
        part = ImportPart(run_id=self.run_id, start=self.position, file=number, rows=len(rows))
        try:
            apply = self._extension.function(file.kind)
            outcome = apply_rows(context, file.name, rows, apply)
            part.counts = dict(outcome.counts)
            part.warnings = [(kept(text), count) for text, count in outcome.warnings.items()]
            part.wrong = [(line, kept(problem), cells) for line, problem, cells in outcome.wrong]
            part.accounts = {
                record_id: account_id
                for record_id, account_id in context.account_of_record_id.items()
                if record_id not in self._accounts
            }
            self._accounts |= part.accounts
        except DealkinError as problem:
            # The importer may not import files of this kind, and none of its rows is applied.
            refused = session.get_one(ImportFile, (self.run_id, number))
            refused.refused = kept(said(problem))
            part.rows = sum(len(group) for _, of, group in self._groups if of == number)
        self.position += part.rows
        run.done, run.total = self.position, self.total
        session.add_all([run, part])

    def finish(self, session: Session) -> None:
        """Complete an import whose rows are all applied."""
        run = locked(session, self.run_id)
        if run.state != RunState.RUNNING or run.done < self.total:
            raise refusal(Conflict, Code.IMPORT_MOVED_ON)
        if not self.total:
            self._describe_files(session)
        reports = reports_of(session, self.run_id)
        for stored, report in zip(files_of(session, self.run_id), reports, strict=True):
            stored.raw = b""
            session.add(stored)
            if stored.number in self._files:
                add_to_ledger(session, run.by_id, report, self._files[stored.number].digest)
        run.state, run.ended_at, run.done, run.total = RunState.DONE, now(), self.total, self.total
        session.add(run)
        counts = {"new": sum(report.created for report in reports)}
        counts["changed"] = sum(report.updated for report in reports)
        audit(session, run.by_id, "import finished", f"import {run.id}", dict(counts))
        if run.revision_id is not None:
            finding.find_after(session, run.revision_id, run.by_id)

    def _next(self, most: int) -> tuple[int, list[Row]]:
        """The next rows that are applied together, all of one file, and the file's number."""
        rows: list[Row] = []
        file = None
        first = bisect_left(self._groups, self.position, key=lambda entry: entry[0])
        for _, number, group in itertools.islice(self._groups, first, None):
            if file not in (None, number) or (rows and len(rows) + len(group) > most):
                break
            file = number
            rows += group
        if file is None:
            raise refusal(Conflict, Code.IMPORT_ENDED)
        return file, rows

    def _describe_files(self, session: Session) -> None:
        for stored in files_of(session, self.run_id):
            if file := self._files.get(stored.number):
                stored.kind, stored.header = file.kind, file.header
                stored.warnings = list(map(kept, file.warnings))
            else:
                stored.refused = self._refused[stored.number]
            session.add(stored)


def run_import(
    task: Task,
    database: Database,
    extension: ImportExtension,
    prepare: Callable[[Session], None],
) -> dict[str, Any]:
    """Apply an import as a job; `prepare` is called with the session of each part first.

    An import that is done is left as it is: a process may die after the last part, before the job
    is marked as done, and the job then runs again.
    """
    with database.read() as session:
        if read_run(session, task.parameters["import"]).state == RunState.DONE:
            return {"import": task.parameters["import"]}
        work = ImportWork(session, task.parameters["import"], extension)
    most = _FIRST_ROWS
    while not work.is_done:
        began = time.monotonic()
        before = work.position
        with task.part() as session:
            prepare(session)
            work.apply(session, most)
            task.place = {"row": work.position}
            task.report(work.position, work.total)
        pace = (work.position - before) / (time.monotonic() - began)
        most = max(_FEWEST_ROWS, min(_MOST_ROWS, 2 * most, int(pace * PART_SECONDS)))
    with task.part() as session:
        work.finish(session)
    return {"import": work.run_id}


def locked(session: Session, run_id: int) -> ImportRun:
    """An import, which no other transaction changes meanwhile."""
    query = select(ImportRun).where(ImportRun.id == run_id).with_for_update()
    run = session.exec(query.execution_options(populate_existing=True)).first()
    if run is None:
        raise refusal(NotFound, Code.NO_IMPORT)
    return run


def reports_of(session: Session, run_id: int) -> list[Report]:
    """What came of each file of an import so far."""
    outcomes: dict[int, Outcome] = {}
    parts = select(ImportPart).where(ImportPart.run_id == run_id).order_by(col(ImportPart.start))
    for part in session.exec(parts):
        outcome = outcomes.setdefault(part.file, Outcome())
        wrong: list[WrongRow] = [
            (line, message_of(problem), cells) for line, problem, cells in part.wrong
        ]
        outcome.add(Outcome(Counter(part.counts), _warnings_of(part), wrong))
    reports = []
    for file in files_of(session, run_id):
        report = Report(
            file.name,
            file.kind,
            warnings=list(map(message_of, file.warnings)),
            refused=message_of(file.refused),
        )
        outcomes.get(file.number, Outcome()).fill(report)
        reports.append(report)
    return reports


def _warnings_of(part: ImportPart) -> Counter[str]:
    """The warnings of a part; before there were codes, sentences with their numbers of rows."""
    pairs = part.warnings.items() if isinstance(part.warnings, dict) else part.warnings
    return Counter({message_of(warning): count for warning, count in pairs})
