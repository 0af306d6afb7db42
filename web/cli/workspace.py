"""What commands share: the workspace, the view of a member, and progress."""

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from workspace.errors import DealkinError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlmodel import Session

    from similarity.encoders.embeddings import Encoder
    from web.workspace import Workspace
    from workspace.deals.tables import Deal
    from workspace.people.viewer import Viewer
    from workspace.settings import Settings


def load_settings() -> "Settings":
    from pydantic import ValidationError

    from workspace.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        raise DealkinError(f"A setting in the environment cannot be used: {error}") from None


@contextmanager
def open_workspace(
    address: str | None = None, encoder: "Encoder | None" = None, *, serves: bool = False
) -> "Iterator[Workspace]":
    """The workspace of the environment's settings; `address` is where it will be served.

    `encoder` takes the place of the record's own, and `serves` says that it is for a server.
    """
    from sqlalchemy.exc import OperationalError

    from web import workspace

    with ExitStack() as stack:
        opening = workspace.open_workspace(
            load_settings(), address or workspace.LOCAL_ADDRESS, encoder, serves=serves
        )
        try:
            opened = stack.enter_context(opening)
        except (OperationalError, OSError) as error:
            reason = str(getattr(error, "orig", error)).partition("\n")[0]
            raise DealkinError(f"The database cannot be opened: {reason}") from None
        yield opened


@contextmanager
def open_view(email: str | None) -> "Iterator[tuple[Session, Viewer, Workspace]]":
    """A reading session, with the rights of a member or with those that all members have."""
    from workspace.deals.discretion import read_for
    from workspace.people.profile_privacy import read_facts_for

    with open_workspace() as workspace, workspace.database.read() as session:
        viewer = viewer_of_email(session, email)
        read_for(session, viewer)
        read_facts_for(session, viewer)
        yield session, viewer, workspace


def viewer_of_email(session: "Session", email: str | None) -> "Viewer":
    from workspace.people import members
    from workspace.people.viewer import PLAIN_VIEW

    return members.viewer_by_email(session, email) if email else PLAIN_VIEW


def deal_of_key(session: "Session", viewer: "Viewer", key: str) -> "Deal":
    from workspace.deals.access import readable_deal

    return readable_deal(session, viewer, key)


@contextmanager
def progress_bar(what: str) -> "Iterator[Callable[[int, int], None] | None]":
    """Shows the progress of long work on a terminal; None where there is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (what.capitalize(), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True))
    task = bar.add_task(what)

    def show(done: int, of: int) -> None:
        # Started only now, so that no bar appears where there is nothing to do.
        bar.start()
        bar.update(task, completed=done, total=of)

    try:
        yield show
    finally:
        bar.stop()
