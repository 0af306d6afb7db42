"""Changing the pipeline's stages: all or none, and what asks for them by name follows."""

from dataclasses import replace

import pytest
from sqlmodel import Session, select

from tests.world import World, stage
from workspace.audit import AuditEntry
from workspace.deals import saved_views, stage_settings
from workspace.deals.saved_views import SavedView
from workspace.deals.stage_settings import StageSettings, change_stages, settings_of
from workspace.errors import Invalid


def names(session: Session) -> list[str]:
    return [row.name for row in stage_settings.lock_stages(session)]


def test_should_change_the_settings_of_a_stage(world: World) -> None:
    with world.database.write() as session:
        row = stage(session, "Qualification")
        wanted = {row.id: StageSettings("Qualified", 25, 14)}
        assert change_stages(session, wanted, world.people["grace"]) == 1
        assert change_stages(session, wanted, world.people["grace"]) == 0
    with world.database.read() as session:
        assert settings_of(stage(session, "Qualified")) == StageSettings("Qualified", 25, 14)
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "stage changed")).one()
        assert entry.detail == {
            "name": ["Qualification", "Qualified"],
            "probability": [10, 25],
            "rotting_days": [30, 14],
        }


def test_should_let_two_stages_swap_their_names(world: World) -> None:
    with world.database.write() as session:
        one, other = stage(session, "Prospecting"), stage(session, "Qualification")
        before = names(session)
        change_stages(
            session,
            {
                one.id: replace(settings_of(one), name=other.name),
                other.id: replace(settings_of(other), name=one.name),
            },
            None,
        )
        assert names(session) == [before[1], before[0], *before[2:]]


def test_should_change_only_the_name_of_a_closing_stage(world: World) -> None:
    with world.database.write() as session:
        won = stage(session, "Closed Won")
        change_stages(session, {won.id: StageSettings("Signed", 10, 5)}, None)
        assert settings_of(won) == StageSettings("Signed", 100, 30)


@pytest.mark.parametrize(
    "facts",
    [
        StageSettings("prospecting", 10, 30),
        StageSettings("---", 10, 30),
        StageSettings("Qualification", 101, 30),
        StageSettings("Qualification", 10, 0),
        StageSettings("Qualification", 10, 3651),
    ],
)
def test_should_refuse_wrong_settings_as_a_whole(world: World, facts: StageSettings) -> None:
    def change() -> None:
        with world.database.write() as session:
            other = stage(session, "Needs Analysis")
            wanted = {
                other.id: StageSettings("Needs", 20, 30),
                stage(session, "Qualification").id: facts,
            }
            change_stages(session, wanted, None)

    with pytest.raises(Invalid):
        change()
    with world.database.read() as session:
        assert settings_of(stage(session, "Needs Analysis")).rotting_days == 30
        assert settings_of(stage(session, "Qualification")).probability == 10


def test_should_have_saved_views_follow_a_stage_to_its_new_name(world: World) -> None:
    alice = world.viewer("alice")
    with world.database.write() as session:
        for name, query in (
            ("One", "q=Value%20Proposition&stage=Value%20Proposition&view=board"),
            ("Other", "stage=Qualification"),
        ):
            saved_views.save_view(session, alice, name, query, shared=False)
        row = stage(session, "Value Proposition")
        change_stages(session, {row.id: replace(settings_of(row), name="Offer & price")}, None)
    with world.database.read() as session:
        assert list(session.exec(select(SavedView.query).order_by(SavedView.name))) == [
            "q=Value%20Proposition&stage=Offer%20%26%20price&view=board",
            "stage=Qualification",
        ]
