"""The kinds of jobs that a workspace has."""

from typing import Any

from web.workspace import Workspace
from workspace.jobs.running import Kind, Kinds, Task

REINDEX = "reindex"


def kinds_of(workspace: Workspace) -> Kinds:
    """Every kind of job by the name under which it is queued."""
    catalog = workspace.catalog

    def reindex(task: Task) -> dict[str, Any]:
        # Documents that are current are skipped, so that a job which continues repeats nothing.
        prepared = catalog.catch_up(task.report, thorough=True)
        catalog.reset()
        catalog.warm()
        return {"documents": prepared}

    return {REINDEX: Kind("Rebuild the search index", reindex)}
