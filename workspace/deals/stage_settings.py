"""The stages of the pipeline: what they are called, what they promise, when their deals rot."""

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
class StageFacts:
    """What may be changed of a stage."""

    name: str
    probability: int
    rotting_days: int


def held_stages(session: Session) -> list[Stage]:
    """The pipeline as it is now, and as it stays until this transaction ends."""
    query = select(Stage).order_by(col(Stage.id)).with_for_update(key_share=True)
    rows = session.exec(query.execution_options(populate_existing=True)).all()
    return sorted(rows, key=lambda stage: stage.position)


def facts_of(stage: Stage) -> StageFacts:
    """What may be changed of a stage, as it is."""
    return StageFacts(stage.name, stage.probability, stage.rotting_days)


def change_stages(session: Session, wanted: Mapping[int, StageFacts], by: int | None) -> int:
    """Give stages, by their ids, these facts, all or none; how many are otherwise now.

    Saved views that ask for a stage go on asking for it under its new name. Of a stage at which
    deals are closed only the name changes: they were won for certain, or lost.
    """
    changed: list[tuple[Stage, StageFacts, StageFacts]] = []
    pipeline = held_stages(session)
    for stage in pipeline:
        before = facts_of(stage)
        after = wanted.get(stage.id, before)
        if stage.outcome != Outcome.OPEN:
            after = replace(before, name=after.name)
        if after != before:
            changed.append((stage, before, after))
    _require_names({stage.id: wanted.get(stage.id, facts_of(stage)).name for stage in pipeline})
    for _, _, after in changed:
        if not (0 <= after.probability <= 100 and 1 <= after.rotting_days <= MOST_DAYS):
            raise Invalid(f"A chance is from 0 to 100, and days are from 1 to {MOST_DAYS}.")
    for stage, before, after in changed:
        if after.name != before.name:
            # Two may swap their names, and at no moment may two have one.
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
    """Refuse what is no name, and names that files could not tell apart."""
    # As files are read: 'Closed won' and 'closed-won' are one.
    count = Counter(plain(name) for name in names.values())
    wrong = {
        f"name-{stage_id}": "Another stage is called so." if plain(name) else "Not a name."
        for stage_id, name in names.items()
        if not plain(name) or count[plain(name)] > 1
    }
    if wrong:
        raise Invalid("Every stage needs a name of its own.", wrong)
