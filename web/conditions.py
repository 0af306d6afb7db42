"""The state of things: what is not as it should be, said in one place.

Administrators see it above each page, and other members what concerns them; `dealkin doctor` prints
it, and the health address gives the codes to programs.
"""

import shutil
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session, col

from references.imports import PERSONAL
from web.workspace import Workspace
from workspace.audit import AuditEntry
from workspace.backups.archives import backups_in
from workspace.clock import now, spoken
from workspace.database import Database
from workspace.delivery.mailbox import MailboxPosition
from workspace.delivery.outbox import OutboxMessage
from workspace.imports import runs
from workspace.jobs.tables import Job, JobState
from workspace.settings import Settings
from workspace.told import in_words
from workspace.webhooks.tables import WebhookEndpoint

# Bytes that are left on a disk.
LITTLE_SPACE = 1_000_000_000
NO_SPACE = 100_000_000
# Mail, or a webhook, that has failed this often is stuck.
STUCK_ATTEMPTS = 3
# Jobs that failed within this time are worth a look.
LATELY = timedelta(days=1)
# A backup is made each day, so that one is missing by then.
OLD_BACKUP = timedelta(days=2)
# For how long what was found is shown again without a look.
KEPT_SECONDS = 15.0


@dataclass(frozen=True)
class Condition:
    """Something that is not as it should be."""

    code: str
    # Whether Dealkin cannot do its work until it is solved.
    serious: bool
    text: str


class Conditions:
    """The conditions of a workspace, looked up at most every few seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: list[Condition] = []
        self._found_at = float("-inf")

    def current(self, session: Session, workspace: Workspace) -> list[Condition]:
        """What is not as it should be."""
        with self._lock:
            if time.monotonic() - self._found_at > KEPT_SECONDS:
                self._found = conditions(session, workspace)
                self._found_at = time.monotonic()
            return self._found


def conditions(session: Session, workspace: Workspace) -> list[Condition]:
    """What is not as it should be, found now."""
    checks = (_model(workspace), _index(workspace), _replica(workspace))
    found = [condition for condition in checks if condition]
    return found + stored_conditions(session, workspace.database, workspace.settings)


def stored_conditions(session: Session, database: Database, settings: Settings) -> list[Condition]:
    """What is not as it should be of database and disks, whether a server runs or not."""
    checks = (
        _mail(session, settings),
        _mailbox(session, settings),
        _webhooks(session),
        _jobs(session),
        _imports(session),
        _backup(session, settings),
        *(_disk(folder) for folder in folders(database, settings)),
    )
    return [condition for condition in checks if condition]


def folders(database: Database, settings: Settings) -> list[Path]:
    """The folders that Dealkin writes to, one for each disk."""
    found: dict[int, Path] = {}
    home = settings.home
    for folder in (home, Path(database.url.database or "/").parent):
        if folder == home or database.is_sqlite:
            existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
            found.setdefault(existing.stat().st_dev, existing)
    return list(found.values())


def _model(workspace: Workspace) -> Condition | None:
    problem = workspace.catalog.encoder.problem
    if not problem:
        return None
    text = f"{problem} Until it can be, search and similar deals go by words alone."
    return Condition("model", False, text)


def _index(workspace: Workspace) -> Condition | None:
    if workspace.catalog.is_loaded:
        return None
    return Condition("index", False, "The search index is being loaded; first answers take longer.")


def _replica(workspace: Workspace) -> Condition | None:
    problem = workspace.replica.problem if workspace.replica else ""
    if not problem:
        return None
    text = f"{problem} Until it can be read again, the database answers all pages."
    return Condition("replica", False, text)


def _mail(session: Session, settings: Settings) -> Condition | None:
    if not settings.smtp_url:
        return None
    stuck = (
        col(OutboxMessage.sent_at).is_(None),
        col(OutboxMessage.dropped_at).is_(None),
        col(OutboxMessage.attempts) >= STUCK_ATTEMPTS,
    )
    count = session.execute(sa.select(sa.func.count()).where(*stuck)).scalar_one()
    if not count:
        return None
    last = (
        sa.select(col(OutboxMessage.problem)).where(*stuck).order_by(col(OutboxMessage.id).desc())
    )
    problem = in_words(session.execute(last.limit(1)).scalar_one())
    mails = "1 mail" if count == 1 else f"{count:,} mails"
    return Condition(
        "mail",
        False,
        f"The mail server has not taken {mails}: {problem.rstrip('.')}. Dealkin goes on trying.",
    )


def _mailbox(session: Session, settings: Settings) -> Condition | None:
    if not settings.mailbox_url:
        return None
    problems = session.scalars(sa.select(col(MailboxPosition.problem))).all()
    problem = next(filter(None, map(in_words, problems)), "")
    if not problem:
        return None
    why = problem.rstrip(".")
    text = f"The mailbox cannot be read: {why}. So nobody is told of mail that comes back."
    return Condition("mailbox", False, text)


def _webhooks(session: Session) -> Condition | None:
    """Webhooks that Dealkin has stopped, or whose receivers take nothing."""
    endpoints = sa.select(WebhookEndpoint).order_by(col(WebhookEndpoint.name))
    names = [
        row.name
        for row in session.scalars(endpoints)
        if row.stopped_why or (row.stopped_at is None and row.failures >= STUCK_ATTEMPTS)
    ]
    if not names:
        return None
    return Condition("webhooks", False, f"Events are not delivered: see Webhooks, {names[0]}.")


def _jobs(session: Session) -> Condition | None:
    failed = sa.select(sa.func.count()).where(
        col(Job.state) == JobState.FAILED, col(Job.finished_at) > now() - LATELY
    )
    count = session.execute(failed).scalar_one()
    if not count:
        return None
    jobs = "1 job has" if count == 1 else f"{count:,} jobs have"
    return Condition("jobs", False, f"{jobs} failed since yesterday: see Jobs.")


def _imports(session: Session) -> Condition | None:
    count = runs.count_unfinished(session)
    if not count:
        return None
    imports = "1 import is" if count == 1 else f"{count:,} imports are"
    return Condition(
        "imports",
        False,
        f"{imports} not finished: lists and figures are incomplete until then. See Jobs.",
    )


def members_conditions(session: Session, member_id: int | None) -> list[Condition]:
    """What a member who is no administrator is told: what they see may be incomplete."""
    if not runs.unfinished_for(session, member_id, PERSONAL):
        return []
    text = "An import is not finished: lists and figures are incomplete until then."
    return [Condition("imports", False, text)]


def _backup(session: Session, settings: Settings) -> Condition | None:
    """Backups that Dealkin makes and that are old, or were never made in a workspace in use."""
    folder = settings.backup_folder
    if folder is None:
        return None
    backups = backups_in(folder)
    if backups:
        last = backups[0].made_at
        if now() - last < OLD_BACKUP:
            return None
        text = f"The last backup is of {spoken(last.date())}. See Jobs for why none followed."
        return Condition("backup", False, text)
    first = session.execute(sa.select(sa.func.min(col(AuditEntry.at)))).scalar()
    if first is None or now() - first < OLD_BACKUP:
        return None
    return Condition("backup", False, f"There is no backup in {folder}. See Jobs for why.")


def _disk(folder: Path) -> Condition | None:
    free = shutil.disk_usage(folder).free
    if free >= LITTLE_SPACE:
        return None
    text = f"The disk of {folder} has {free / 1e6:,.0f} MB left. Make room, or saving will fail."
    return Condition("disk", free < NO_SPACE, text)
