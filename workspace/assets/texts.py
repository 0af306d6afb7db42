"""The job that reads the text of a file, by which its asset is found."""

from pathlib import Path
from typing import Any

from workspace.assets import text_process
from workspace.assets.files import AssetFile, TextState, path_of
from workspace.confined import Ended, confined
from workspace.database import Database
from workspace.jobs.running import Task

# Letters of a file that are read.
MOST_LETTERS = 150_000


def read_text(task: Task, database: Database, folder: Path) -> dict[str, Any]:
    """The job: read the text of a file; what it has, is found from then on."""
    file_id = task.parameters["file"]
    with database.read() as session:
        row = session.get(AssetFile, file_id)
        if row is None or row.text_state != TextState.WAITING:
            return {}
        kind, path = row.kind, path_of(folder, row.stored)
    text, state = "", TextState.UNREADABLE
    try:
        raw = path.read_bytes()
        with confined(text_process.__file__, raw, kind, str(MOST_LETTERS)) as result:
            text, state = result.read().decode(errors="replace"), TextState.READ
    except (Ended, FileNotFoundError):
        pass
    with task.part() as session:
        row = session.get(AssetFile, file_id)
        if row is not None and row.erased_at is None:
            row.text, row.text_state = text.strip(), state
            session.add(row)
    return {"letters": len(text)}
