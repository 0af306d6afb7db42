"""The kinds of jobs that a workspace has."""

from typing import Any

from references.imports import EXTENSION
from web.workspace import Workspace
from workspace.imports import runs, undo
from workspace.jobs.running import Kind, Kinds, Progress, Task

REINDEX = "reindex"


def kinds_of(workspace: Workspace, show_documents: Progress | None = None) -> Kinds:
    """Every kind of job by the name under which it is queued.

    `show_documents` is told the progress of preparing documents after an import.
    """
    catalog = workspace.catalog

    def reindex(task: Task) -> dict[str, Any]:
        # Documents that are current are skipped, so that a job which continues repeats nothing.
        prepared = catalog.catch_up(task.report, thorough=True)
        catalog.reset()
        catalog.warm()
        return {"documents": prepared}

    def import_files(task: Task) -> dict[str, Any]:
        result = runs.run_import(task, workspace.database, EXTENSION, catalog.postpone)
        catalog.catch_up(show_documents)
        return result

    def undo_import(task: Task) -> dict[str, Any]:
        removers = EXTENSION.removers
        return undo.undo_import(task, workspace.database, removers, catalog.postpone)

    return {
        REINDEX: Kind("Rebuild the search index", reindex),
        runs.IMPORT: Kind("Import", import_files),
        runs.UNDO: Kind("Undo import", undo_import),
    }
