"""The stages of the pipeline, kept by managers and administrators."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from web.edit_conflicts import EditForm, edit_form, require_unchanged
from web.forms import Form
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
from workspace.deals.stage_settings import MOST_DAYS, StageSettings, change_stages, lock_stages
from workspace.deals.stages import stages
from workspace.deals.tables import Outcome, Stage
from workspace.people.viewer import Viewer, require_leader


@dataclass(frozen=True)
class StagesPage:
    """The form over all stages."""

    stages: list[Stage]
    may_edit: bool
    form: EditForm
    # The fields' labels, by name: names of fields hold the stages' ids.
    labels: dict[str, str]


class StageController(Controller):
    """/deals/stages."""

    path = "/deals/stages"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.LEADERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("deals/stages.html", visit.page(stages_page, Form()))

    @post()
    def change(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_leader(visit.viewer)
        with visit.saving() as session:
            pipeline = lock_stages(session)
            require_unchanged(visit.form, stage_values(pipeline))
            change_stages(session, read_stages(pipeline, visit.form), visit.viewer.person_id)
        if visit.form.refusal:
            return visit.show("deals/stages.html", visit.page(stages_page, visit.form))
        return visit.go("/deals/stages", "The stages are saved.")


def stages_page(session: Session, viewer: Viewer, form: Form) -> StagesPage:
    """The page, with what was sent over what is saved; everybody may look at it."""
    pipeline = stages(session)
    labels = {
        f"{name}-{stage.id}": f"{stage.name}, {label}"
        for stage in pipeline
        for name, label in (("name", "name"), ("probability", "chance"), ("rotting_days", "days"))
    }
    return StagesPage(
        stages=pipeline,
        may_edit=viewer.leads,
        form=edit_form(form, stage_values(pipeline), labels=labels),
        labels=labels,
    )


def stage_values(pipeline: list[Stage]) -> dict[str, str]:
    """The stages as the form shows them; a closed one has but a name."""
    values = {}
    for stage in pipeline:
        values[f"name-{stage.id}"] = stage.name
        if stage.outcome == Outcome.OPEN:
            values[f"probability-{stage.id}"] = str(stage.probability)
            values[f"rotting_days-{stage.id}"] = str(stage.rotting_days)
    return values


def read_stages(pipeline: list[Stage], form: Form) -> dict[int, StageSettings]:
    """The facts in a form, by the stages' ids; `Invalid` where one cannot be taken."""
    settings = {}
    for stage in pipeline:
        name = form.text(f"name-{stage.id}", 60, required=True)
        facts = StageSettings(name, stage.probability, stage.rotting_days)
        if stage.outcome == Outcome.OPEN:
            chance, days = f"probability-{stage.id}", f"rotting_days-{stage.id}"
            probability = form.integer(chance, 0, 100)
            rotting_days = form.integer(days, 1, MOST_DAYS)
            if probability is None:
                form.refuse(chance, "Required.")
            if rotting_days is None:
                form.refuse(days, "Required.")
            facts = StageSettings(name, probability or 0, rotting_days or 1)
        settings[stage.id] = facts
    form.done()
    return settings
