"""The demo workspace: a fictional company's record, as if it ended today."""

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from sqlmodel import Session, col, select

from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.collaboration import notes, reminders, tasks
from workspace.deals.tables import Deal
from workspace.errors import Conflict, DealkinError, Invalid
from workspace.imports import files as imports_files
from workspace.imports import formats, run
from workspace.imports.cells import read_day, read_moment
from workspace.imports.formats import FORMATS, RecognisedFile
from workspace.imports.ledger import Import
from workspace.imports.run import ImportExtension
from workspace.people import sign_in
from workspace.people.people import person_of
from workspace.people.tables import Member, Person
from workspace.timeline.timeline import TimelineEntry

FOLDER = Path(__file__).parent / "demo"
# The day on which the files were written: in them it is always this day.
WRITTEN_ON = date(2026, 11, 1)
# How the ledger tells the demo's files from anybody's own of the same name.
_PREFIX = "demo/"
_DATES = (
    *("opened", "expected_close", "closed", "since"),
    *("published", "expires", "used_on", "start", "end"),
    *("date", "captured_on", "paused_until", "next_step_on"),
)
_PROSE = ("use_case", "notes", "reason", "next_step", "comment", "text")
_MONTHS = (
    "January February March April May June July August September October November December",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października"
    " listopada grudnia",
)
_MONTH = {
    name: (words.split(), number)
    for words in _MONTHS
    for number, name in enumerate(words.split(), start=1)
}
_DAY_IN_PROSE = re.compile(rf"\b([1-9]|[12]\d|3[01]) ({'|'.join(_MONTH)})\b")


def load(
    session: Session, folders: Sequence[Path] = (FOLDER,), more: ImportExtension | None = None
) -> list[tuple[Person, str]]:
    """Fill an empty workspace with the demo; its members with the passwords made for them.

    `more` are the kinds of files in these folders that are not the record's own.
    """
    more = more or ImportExtension()
    for table in (Person, Account, Deal, Import):
        if session.exec(select(table.id).limit(1)).first() is not None:
            raise Conflict("The demo is for an empty workspace, and this one is in use.")
    files = []
    for path in [path for folder in folders for path in sorted(folder.glob("*.csv"))]:
        read = imports_files.read_file(path)
        sheet = formats.recognise(read, (*FORMATS, *more.formats))
        _shift(sheet, today() - WRITTEN_ON)
        files.append((replace(read, name=f"{_PREFIX}{path.name}"), sheet))
    with tempfile.TemporaryDirectory() as folder:
        for report in run.apply_files(session, files, None, Path(folder), more):
            if report.refused or report.failed:
                raise DealkinError(f"The demo's own {report.file_name} could not be imported.")
    _tell_as_if_logged(session)
    _leave_something_to_do(session)
    people = session.exec(
        select(Person)
        .join(Member, col(Member.person_id) == col(Person.id))
        .order_by(col(Person.id))
    )
    made = []
    for person in people.all():
        password = sign_in.random_password()
        sign_in.set_password(session, person.id, password)
        made.append((person, password))
    session.flush()
    return made


def is_demo(session: Session) -> bool:
    """Whether this workspace was filled with the demo."""
    query = select(Import.id).where(col(Import.file_name).startswith(_PREFIX))
    return session.exec(query.limit(1)).first() is not None


def _shift(sheet: RecognisedFile, by: timedelta) -> None:
    """Move every date of a file; one that cannot be read is left for the import to refuse."""
    for row in sheet.rows:
        for column, cell in row.cells.items():
            if column in _PROSE:
                row.cells[column] = shift_prose(cell, by)
            parse: Callable[[str], date] | None = None
            if column in _DATES:
                parse = read_day
            elif column == "at":
                parse = read_moment
            if parse:
                try:
                    row.cells[column] = (parse(cell) + by).isoformat()
                except Invalid:
                    continue


def shift_prose(text: str, by: timedelta) -> str:
    """Move the days that are named in prose, such as 20 November or 6 listopada."""

    def moved(found: re.Match[str]) -> str:
        months, number = _MONTH[found[2]]
        day = date(WRITTEN_ON.year, number, int(found[1])) + by
        return f"{day.day} {months[day.month - 1]}"

    return _DAY_IN_PROSE.sub(moved, text)


def _leave_something_to_do(session: Session) -> None:
    """What waits for a rep this morning: a mention, tasks, and somebody to write to."""
    deal = session.exec(select(Deal).where(Deal.key == "HW-0267")).one()
    deal.next_step_on = today() + timedelta(days=2)
    session.add(deal)
    who = {
        name: person_of(session, name)
        for name in ("agnieszka-wrona", "henrik-asmussen", "wojciech-halas")
    }
    rep, expert = who["agnieszka-wrona"].id, who["henrik-asmussen"].id
    for text, days in (
        ("Find out who of our customers worked with Hałas at Wiślana", -1),
        ("Send Krzemień the payback table with their own write-offs", 2),
    ):
        tasks.add_task(session, deal, text, rep, due=today() + timedelta(days=days))
    notes.write_note(
        session,
        deal,
        expert,
        "note",
        "@agnieszka-wrona, I can show Żmuda on Thursday what became of the planners at Zagonek:"
        " **nobody left, two were promoted**. Shall I ask Beata to join?",
    )
    reminders.keep_in_touch(session, rep, who["wojciech-halas"], 30, today() - timedelta(days=34))


def _tell_as_if_logged(session: Session) -> None:
    """Have each timeline begin when the deal was opened, by the one who owns it."""
    imported = session.exec(
        select(TimelineEntry, Deal)
        .join(Deal, col(Deal.id) == col(TimelineEntry.deal_id))
        .where(col(TimelineEntry.kind).in_(("imported", "stakeholder")))
    )
    for entry, deal in imported.all():
        entry.by_id = deal.owner_id
        if entry.kind == "imported":
            entry.kind, entry.text = "logged", ""
        if deal.opened:
            entry.at = datetime.combine(deal.opened, time(8), UTC)
        session.add(entry)
