"""The stages of the pipeline, kept by managers and administrators."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from web.edit_conflicts import Difference, EditConflict, fingerprint, require_unchanged
from web.forms import Form
from web.responses import go, show
from web.routes import Request, get, post
from web.workspace import Workspace
from workspace.deals.stage_settings import MOST_DAYS, StageFacts, change_stages, held_stages
from workspace.deals.stages import stages
from workspace.deals.tables import Outcome, Stage
from workspace.errors import Invalid
from workspace.people.viewer import Viewer, require_leader


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field of the form."""

    field: str
    label: str
    why: str


@dataclass(frozen=True)
class StagesPage:
    """The form over all stages."""

    stages: list[Stage]
    may_edit: bool
    values: dict[str, str]
    wrong: dict[str, str]
    problems: list[Problem]
    seen: str  # The mark of the values that the form was opened with.
    differences: list[Difference] | None = None
    most_days: int = MOST_DAYS


class StageController(Controller):
    """/deals/stages."""

    path = "/deals/stages"

    @get()
    def show(
        self,
        request: Request,
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[str]:
        with workspace.database.read() as session:
            page = stages_page(session, viewer, Form())
        return show(request, "deals/stages.html", page)

    @post()
    def change(
        self,
        request: Request,
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        require_leader(viewer)
        status = 422
        try:
            with workspace.database.write() as session:
                pipeline = held_stages(session)
                require_unchanged(form, stage_values(pipeline))
                change_stages(session, read_stages(pipeline, form), viewer.person_id)
        except EditConflict:
            status = 409
        except Invalid as wrong:
            form.wrong.update(wrong.fields)
        else:
            return go(request, "/deals/stages", "The stages are saved.")
        with workspace.database.read() as session:
            page = stages_page(session, viewer, form, stale=status == 409)
        return show(request, "deals/stages.html", page, status=status)


def stages_page(session: Session, viewer: Viewer, form: Form, *, stale: bool = False) -> StagesPage:
    """The page, with what was sent over what is there; everybody may look at it."""
    pipeline = stages(session)
    there, sent = stage_values(pipeline), form.values
    labels = {
        f"{name}-{stage.id}": f"{stage.name}, {label}"
        for stage in pipeline
        for name, label in (("name", "name"), ("probability", "chance"), ("rotting_days", "days"))
    }
    return StagesPage(
        stages=pipeline,
        may_edit=viewer.leads,
        values={**there, **sent},
        wrong={} if stale else form.wrong,
        problems=[]
        if stale
        else [Problem(name, labels.get(name, name), why) for name, why in form.wrong.items()],
        seen=fingerprint(there) if stale else sent.get("seen") or fingerprint(there),
        differences=[
            Difference(labels[name], sent[name].strip() or "–", value)
            for name, value in there.items()
            if name in sent and sent[name].strip() != value
        ]
        if stale
        else None,
    )


def stage_values(pipeline: list[Stage]) -> dict[str, str]:
    """The stages as the form shows them; a closed one has but a name."""
    found = {}
    for stage in pipeline:
        found[f"name-{stage.id}"] = stage.name
        if stage.outcome == Outcome.OPEN:
            found[f"probability-{stage.id}"] = str(stage.probability)
            found[f"rotting_days-{stage.id}"] = str(stage.rotting_days)
    return found


def read_stages(pipeline: list[Stage], form: Form) -> dict[int, StageFacts]:
    """The facts in a form, by the stages' ids; `Invalid` where one cannot be taken."""
    found = {}
    for stage in pipeline:
        name = form.text(f"name-{stage.id}", 60, required=True)
        facts = StageFacts(name, stage.probability, stage.rotting_days)
        if stage.outcome == Outcome.OPEN:
            chance, days = f"probability-{stage.id}", f"rotting_days-{stage.id}"
            probability = form.integer(chance, 0, 100)
            rotting_days = form.integer(days, 1, MOST_DAYS)
            if probability is None:
                form.refuse(chance, "Needed.")
            if rotting_days is None:
                form.refuse(days, "Needed.")
            facts = StageFacts(name, probability or 0, rotting_days or 1)
        found[stage.id] = facts
    form.done()
    return found
