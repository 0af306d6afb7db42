"""Changes to the stages of the pipeline: names, probabilities, days until a deal rots."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from secrets import token_hex

from sqlmodel import Session, col, select

from workspace.audit import audit
from workspace.deals.saved_views import rename_in_views
from workspace.deals.tables import Outcome, Stage
from workspace.errors import Invalid
from workspace.keys import plain

MOST_DAYS = 3650


@dataclass(frozen=True)
class StageSettings:
    """The columns of a stage that may be changed."""

    name: str
    probability: int
    rotting_days: int


def lock_stages(session: Session) -> list[Stage]:
    """The pipeline, locked until this transaction ends."""
    query = select(Stage).order_by(col(Stage.id)).with_for_update(key_share=True)
    rows = session.exec(query.execution_options(populate_existing=True)).all()
    return sorted(rows, key=lambda stage: stage.position)


def settings_of(stage: Stage) -> StageSettings:
    """The settings of a stage as they are."""
    return StageSettings(stage.name, stage.probability, stage.rotting_days)


def change_stages(session: Session, settings: Mapping[int, StageSettings], by: int | None) -> int:
    """Give stages, by their ids, these settings, all or none; how many stages changed.

    Saved views that filter by a stage follow its new name. Only the name of a closing stage
    changes: its deals are won or lost for certain.
    """
    changed: list[tuple[Stage, StageSettings, StageSettings]] = []
    pipeline = lock_stages(session)
    for stage in pipeline:
        before = settings_of(stage)
        after = settings.get(stage.id, before)
        if stage.outcome != Outcome.OPEN:
            after = replace(before, name=after.name)
        if after != before:
            changed.append((stage, before, after))
    _require_names(
        {stage.id: settings.get(stage.id, settings_of(stage)).name for stage in pipeline}
    )
    for _, _, after in changed:
        if not (0 <= after.probability <= 100 and 1 <= after.rotting_days <= MOST_DAYS):
            raise Invalid(f"Enter probabilities from 0 to 100, and days from 1 to {MOST_DAYS}.")
    for stage, before, after in changed:
        if after.name != before.name:
            # Two stages may swap their names, but no two have one name at any moment.
            stage.name = token_hex(30)
            session.add(stage)
    session.flush()
    for stage, before, after in changed:
        stage.sqlmodel_update(asdict(after))
        session.add(stage)
        old, new = asdict(before), asdict(after)
        detail: dict[str, object] = {
            name: [old[name], new[name]] for name in new if old[name] != new[name]
        }
        audit(session, by, "stage changed", f"stage {stage.id}", detail)
    session.flush()
    renamed = {old.name: new.name for _, old, new in changed if old.name != new.name}
    if renamed:
        rename_in_views(session, "stage", renamed)
    return len(changed)


def _require_names(names: Mapping[int, str]) -> None:
    """Refuse empty names, and names that an import could not tell apart."""
    # Imports read 'Closed won' and 'closed-won' as one name.
    count = Counter(plain(name) for name in names.values())
    wrong = {
        f"name-{stage_id}": "Another stage is called so." if plain(name) else "Not a name."
        for stage_id, name in names.items()
        if not plain(name) or count[plain(name)] > 1
    }
    if wrong:
        raise Invalid("Give each stage its own name.", wrong)
