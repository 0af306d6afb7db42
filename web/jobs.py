"""The kinds of jobs that a workspace has."""

from pathlib import Path
from typing import Any

from references.imports import EXTENSION
from references.prospecting import blind
from similarity.names import recorder
from web.backups import BACKUP, DRILL, back_up, drill
from web.workspace import Workspace
from workspace.assets import files, texts
from workspace.duplicates import finding
from workspace.imports import preview, runs, undo
from workspace.jobs.running import Kind, Kinds, Progress, Task
from workspace.privacy import erasure, retention

REINDEX = "reindex"


def kinds_of(workspace: Workspace, show_documents: Progress | None = None) -> Kinds:
    """Every kind of job by the name under which it is queued.

    `show_documents` is told the progress of preparing documents after an import.
    """
    catalog = workspace.catalog

    def reindex(task: Task) -> dict[str, Any]:
        # Documents that are current are skipped, so that a job which continues repeats nothing.
        prepared = catalog.catch_up(task.report, thorough=True)
        workspace.titles.prepare()
        catalog.prepare(again=True)
        catalog.reset()
        catalog.warm()
        return {"documents": prepared}

    def import_files(task: Task) -> dict[str, Any]:
        result = runs.run_import(task, workspace.database, EXTENSION, catalog.postpone)
        catalog.catch_up(show_documents)
        workspace.titles.prepare()
        return result

    def go_on_with_preview(task: Task) -> dict[str, Any]:
        return preview.go_on(task, workspace.database, EXTENSION)

    def undo_import(task: Task) -> dict[str, Any]:
        removers = EXTENSION.removers
        return undo.undo_import(task, workspace.database, removers, catalog.postpone)

    def find(task: Task) -> dict[str, Any]:
        with workspace.database.read() as session:
            return finding.find_duplicates(task, session)

    def make_backup(task: Task) -> dict[str, Any]:
        folder = task.parameters.get("folder")
        return back_up(workspace, Path(folder) if folder else None)

    def hold_drill(task: Task) -> dict[str, Any]:
        identity = task.parameters.get("identity")
        return drill(
            Path(task.parameters["file"]),
            workspace.settings,
            catalog.encoder,
            Path(identity) if identity else None,
        )

    def read_text(task: Task) -> dict[str, Any]:
        return texts.read_text(task, workspace.database, workspace.settings.files)

    def forget_erased() -> None:
        with workspace.database.write() as session:
            recorder.forget_unused(session)
            files.sweep(session, workspace.settings.files)
        erasure.write_erasures(workspace.database, erasure.erasures_file(workspace.settings))
        # Caches in files have words and vectors.
        catalog.catch_up()
        catalog.reset()
        catalog.warm()
        workspace.database.shrink_log()

    def erase_person(task: Task) -> dict[str, Any]:
        result = erasure.erase_person(task)
        forget_erased()
        return result

    def apply_retention(task: Task) -> dict[str, Any]:
        result = retention.apply_rules(task)
        # An earlier run may have erased contacts, and ended before what follows.
        if result.get(retention.Kept.CONTACTS) or task.attempts > 1:
            forget_erased()
        return result

    def search_books(task: Task) -> dict[str, Any]:
        return blind.search_books(task, workspace.titles)

    return {
        blind.SEARCH_BOOKS: Kind("Search address books", search_books),
        erasure.ERASE: Kind("Erase a person", erase_person),
        files.READ_TEXT: Kind("Read the text of a file", read_text),
        REINDEX: Kind("Rebuild the search index", reindex),
        retention.RETENTION: Kind("Apply retention rules", apply_retention),
        runs.IMPORT: Kind("Import", import_files),
        preview.PREVIEW: Kind("Preview an import", go_on_with_preview),
        runs.UNDO: Kind("Undo import", undo_import),
        finding.FIND: Kind("Find duplicates", find),
        BACKUP: Kind("Back up", make_backup),
        DRILL: Kind("Restore a backup as a drill", hold_drill),
    }
