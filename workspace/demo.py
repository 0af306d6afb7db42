"""The demo workspace: the record of a fictional company, with dates relative to today."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from sqlmodel import Session, col, select

from workspace.accounts.accounts import Account
from workspace.clock import now, today
from workspace.collaboration import notes, reminders, tasks
from workspace.company import set_company
from workspace.database import insert_rows
from workspace.deals.availability import USUAL_LIMIT, set_availability
from workspace.deals.forecast import set_quota
from workspace.deals.money import set_rate
from workspace.deals.parking import Parking, set_parked
from workspace.deals.quarters import quarter_of
from workspace.deals.stages import stages
from workspace.deals.tables import Deal, Outcome
from workspace.deals.team import add_seat, ask_seat
from workspace.errors import Conflict, DealkinError, Invalid
from workspace.imports.dates import read_day, read_moment
from workspace.imports.files import read_file
from workspace.imports.ledger import Import
from workspace.imports.recognition import RecognisedFile, recognise
from workspace.imports.run import ImportExtension, apply_files
from workspace.keys import row_of_key
from workspace.people.sign_in import passwords
from workspace.people.tables import Member, Person
from workspace.timeline.timeline import TimelineEntry

FOLDER = Path(__file__).parent / "demo"
# How the names of sample data begin.
_SAMPLE = "sample "
# "Today" in the demo's files. Loading moves all dates by the days that have passed since.
WRITTEN_ON = date(2026, 11, 1)
# Distinguishes the demo's files in the ledger from a user's files of the same name.
_PREFIX = "demo/"
_DATES = (
    *("opened", "expected_close", "closed", "since"),
    *("published", "expires", "used_on", "start", "end"),
    *("date", "captured_on", "paused_until", "next_step_on"),
)
_PROSE = ("use_case", "notes", "reason", "next_step", "comment", "text")
# What one unit is worth in EUR, and the quotas of reps in a quarter: round figures, made up.
_RATES = {"PLN": "0.23", "GBP": "1.15", "USD": "0.86"}
_QUOTAS = {
    "agnieszka-wrona": 250_000,
    "callum-heaton": 600_000,
    "lena-carstens": 500_000,
    "marcus-delaney": 450_000,
    "tomasz-belka": 200_000,
}
# A deal whose team asks an expert to join, and the role.
_ASKED = ("HW-0289", "henrik-asmussen", "product expert")
# Deals that are parked: why, and after how many days or which event they open again.
_PARKED = (
    ("HW-0283", "Their winter inspection comes first", 33, ""),
    ("HW-0300", "One project at a time on the wards", 0, "they decide on Shoal for 42 wards"),
)
# For how many days they have been parked.
_PARKED_FOR = 17
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
    session: Session, folders: Sequence[Path] = (FOLDER,), extension: ImportExtension | None = None
) -> list[tuple[Person, str]]:
    """Fill an empty workspace with the demo's files; returns each member with a new password."""
    extension = extension or ImportExtension()
    for table in (Person, Account, Deal, Import):
        if session.exec(select(table.id).limit(1)).first() is not None:
            raise Conflict("The demo is for an empty workspace, and this one is in use.")
    files = [replace(file, name=f"{_PREFIX}{file.name}") for file in _files(folders, extension)]
    for report in apply_files(session, files, None, extension):
        if report.refused or report.failed:
            raise DealkinError(f"The demo's own {report.file_name} could not be imported.")
    _rewrite_timelines(session)
    _add_moves(session)
    _park_deals(session)
    _add_open_work(session)
    _add_targets(session)
    people = session.exec(
        select(Person)
        .join(Member, col(Member.person_id) == col(Person.id))
        .order_by(col(Person.id))
    )
    members = []
    for person in people.all():
        password = passwords.random_password()
        passwords.set_password(session, person.id, password)
        members.append((person, password))
    session.flush()
    return members


def sample(
    session: Session, folders: Sequence[Path], extension: ImportExtension
) -> list[tuple[str, bytes]]:
    """The demo's files as sample data for a workspace without accounts and deals.

    They are imported like files of its own, and removed by undoing that import.
    """
    if not is_empty(session):
        raise Conflict("Sample data is for a workspace without accounts and deals.")
    samples = []
    for file in _files(folders, extension):
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        columns = list(dict.fromkeys(column for row in file.rows for column in row.cells))
        writer.writerow(columns)
        writer.writerows([row.cells.get(column, "") for column in columns] for row in file.rows)
        samples.append((f"{_SAMPLE}{file.name}", text.getvalue().encode()))
    return samples


def is_sample(names: Iterable[str], folders: Sequence[Path]) -> bool:
    """Whether files of these names are the sample data."""
    return set(names) == {f"{_SAMPLE}{path.name}" for path in _paths(folders)}


def is_empty(session: Session) -> bool:
    """Whether a workspace has neither accounts nor deals."""
    return all(session.exec(select(table.id).limit(1)).first() is None for table in (Account, Deal))


def _paths(folders: Sequence[Path]) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.glob("*.csv"))]


def _files(folders: Sequence[Path], extension: ImportExtension) -> list[RecognisedFile]:
    """The demo's files, with dates relative to today."""
    files = []
    for path in _paths(folders):
        file = recognise(read_file(path), extension.formats_of_all)
        _shift_dates(file, today() - WRITTEN_ON)
        files.append(file)
    return files


def is_demo(session: Session) -> bool:
    """Whether this workspace was filled with the demo."""
    # A member's file can have such a name, too; the demo's files were imported by no member.
    query = select(Import.id).where(
        col(Import.file_name).startswith(_PREFIX), col(Import.by_id).is_(None)
    )
    return session.exec(query.limit(1)).first() is not None


def _shift_dates(file: RecognisedFile, by: timedelta) -> None:
    """Move every date of a file by a period."""
    for row in file.rows:
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
                    # The import will refuse the row and say why.
                    continue


def shift_prose(text: str, by: timedelta) -> str:
    """Move the days in a text, such as 20 November or 6 listopada, by a period."""

    def moved(match: re.Match[str]) -> str:
        months, number = _MONTH[match[2]]
        day = date(WRITTEN_ON.year, number, int(match[1])) + by
        return f"{day.day} {months[day.month - 1]}"

    return _DAY_IN_PROSE.sub(moved, text)


def _add_open_work(session: Session) -> None:
    """Give one of the reps work for today: a mention, two tasks, and a contact to write to."""
    deal = session.exec(select(Deal).where(Deal.key == "HW-0267")).one()
    deal.next_step_on = today() + timedelta(days=2)
    session.add(deal)
    rep = row_of_key(session, Person, "agnieszka-wrona").id
    expert = row_of_key(session, Person, "henrik-asmussen").id
    contact = row_of_key(session, Person, "wojciech-halas")
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
    reminders.keep_in_touch(session, rep, contact, 30, today() - timedelta(days=34))


def _add_targets(session: Session) -> None:
    """Give the company a currency with rates, its reps a quota, and an expert a seat to answer."""
    set_company(session, None, name="Haldenworks", currency="EUR")
    for currency, rate in _RATES.items():
        set_rate(session, None, currency, date(today().year - 4, 1, 1), Decimal(rate))
    quarter = quarter_of(today())
    for key, amount in _QUOTAS.items():
        for each in (quarter, quarter.next):
            set_quota(session, None, row_of_key(session, Person, key), each, Decimal(amount))
    expert = row_of_key(session, Person, _ASKED[1])
    deal = session.exec(select(Deal).where(Deal.key == _ASKED[0])).one()
    # Their deals are as many as colleagues usually take: they have room for this one, too.
    set_availability(
        session, expert.id, expert.id, seat_limit=USUAL_LIMIT + 1, away_from=None, away_until=None
    )
    seat = add_seat(session, deal, _ASKED[2], None, deal.owner_id)
    ask_seat(session, seat, expert.id, deal.owner_id)


def _rewrite_timelines(session: Session) -> None:
    """Make imported entries look as if the owner had logged each deal on the day it was opened."""
    imported = session.exec(
        select(TimelineEntry, Deal)
        .join(Deal, col(Deal.id) == col(TimelineEntry.deal_id))
        .where(col(TimelineEntry.kind).in_(("imported", "stakeholder")))
    )
    for entry, deal in imported.all():
        entry.by_id = deal.owner_id
        if entry.kind == "imported":
            entry.kind, entry.detail = "logged", {}
        if deal.opened:
            entry.at = datetime.combine(deal.opened, time(8), UTC)
        session.add(entry)


def _add_moves(session: Session) -> None:
    """Put the way of each deal through the stages on its timeline, in even steps.

    A deal that was lost came as far as its number says.
    """
    pipeline = stages(session)
    ways = [stage for stage in pipeline if stage.outcome == Outcome.OPEN]
    by_id = {stage.id: stage for stage in pipeline}
    rows: list[dict[str, object]] = []
    for deal in session.exec(select(Deal).order_by(col(Deal.id))):
        last = deal.closed or deal.stage_since
        if deal.opened is None or last is None:
            continue
        at = by_id[deal.stage_id]
        if at.outcome == Outcome.OPEN:
            passed = ways[: ways.index(at) + 1]
        else:
            passed = [*(ways if at.outcome == Outcome.WON else ways[: 1 + deal.id % 8]), at]
        days = (last - deal.opened).days
        for number, (before, after) in enumerate(pairwise(passed), start=1):
            day = deal.opened + timedelta(days=days * number // (len(passed) - 1))
            rows.append(
                {
                    "deal_id": deal.id,
                    "at": datetime.combine(day, time(9), UTC),
                    "by_id": deal.owner_id,
                    "kind": "stage",
                    "text": deal.reason if after.outcome != Outcome.OPEN else "",
                    "detail": {"stage": [before.name, after.name]},
                }
            )
    insert_rows(session, TimelineEntry, rows)


def _park_deals(session: Session) -> None:
    """Park two deals, as if their owners had done so some days ago."""
    for key, reason, days, event in _PARKED:
        deal = session.exec(select(Deal).where(Deal.key == key)).one()
        wakes_on = today() + timedelta(days=days) if days else None
        set_parked(session, deal, deal.owner_id, Parking(reason, wakes_on, event), quiet=True)
        session.flush()
        entry = session.exec(
            select(TimelineEntry).where(
                TimelineEntry.deal_id == deal.id, TimelineEntry.kind == "parked"
            )
        ).one()
        entry.at = now() - timedelta(days=_PARKED_FOR)
        session.add(entry)
