"""A form that is saved, or comes back with what is wrong with it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlmodel import Session

from web.edit_conflicts import EditConflict
from web.forms import Form
from web.workspace import Workspace
from workspace.errors import Conflict, Invalid


@contextmanager
def saving(
    workspace: Workspace, form: Form, conflicts: type[Conflict] = EditConflict
) -> Iterator[Session]:
    """A transaction that saves a form; a refusal is noted in the form, and nothing is saved.

    The handler goes on after the block, and asks `form.refusal` whether the form was saved.
    Conflicts of other kinds concern more than the form, and are answered by an error page.
    """
    try:
        with workspace.database.write() as session:
            yield session
    except (Invalid, conflicts) as refusal:
        form.come_back(refusal)
