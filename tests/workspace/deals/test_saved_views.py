"""Saved views: whose they are, who has them, and who may change them."""

import pytest
from sqlmodel import col, select

from tests.world import World
from workspace.audit import AuditEntry
from workspace.deals import saved_views
from workspace.deals.saved_views import SavedView, views_of
from workspace.errors import Forbidden, Invalid, NotFound

QUERY = "outcome=open&owner=alice-adeyemi"


def names(world: World, who: str) -> list[str]:
    with world.database.read() as session:
        return [row.name for row in views_of(session, world.viewer(who))]


def saved(world: World, who: str, name: str, *, shared: bool = False) -> int:
    with world.database.write() as session:
        return saved_views.save_view(session, world.viewer(who), name, QUERY, shared=shared).id


def test_should_keep_a_view_to_its_owner_until_it_is_shared(world: World) -> None:
    view = saved(world, "alice", "My open deals")
    assert names(world, "alice") == ["My open deals"]
    assert names(world, "grace") == []
    with world.database.write() as session:
        alice = world.viewer("alice")
        saved_views.change_view(session, alice, view, "Alice’s open deals", shared=True)
    for who in ("alice", "charlie", "frank", "grace"):
        assert names(world, who) == ["Alice’s open deals"]
    with world.database.read() as session:
        own = views_of(session, world.viewer("alice"))[0]
        other = views_of(session, world.viewer("charlie"))[0]
    assert (own.query, own.by, own.may_change) == (QUERY, None, True)
    assert (other.query, other.by, other.may_change) == (QUERY, "Alice Adeyemi", False)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(
    ("who", "if_shared", "if_private"),
    [
        ("alice", None, None),
        ("grace", None, NotFound),
        ("dana", Forbidden, NotFound),
        ("charlie", Forbidden, NotFound),
        ("frank", Forbidden, Forbidden),
    ],
)
def test_should_let_owners_change_their_views_and_administrators_shared_ones(
    world: World,
    who: str,
    if_shared: type[Exception] | None,
    if_private: type[Exception] | None,
    shared: bool,
) -> None:
    view = saved(world, "alice", "Mine", shared=shared)
    refusal = if_shared if shared else if_private
    viewer = world.viewer(who)
    if refusal:
        with pytest.raises(refusal), world.database.write() as session:
            saved_views.change_view(session, viewer, view, "Taken", shared=shared)
        with pytest.raises(refusal), world.database.write() as session:
            saved_views.delete_view(session, viewer, view)
        assert names(world, "alice") == ["Mine"]
    else:
        with world.database.write() as session:
            saved_views.change_view(session, viewer, view, "Changed", shared=shared)
        assert names(world, "alice") == ["Changed"]
        with world.database.write() as session:
            assert saved_views.delete_view(session, viewer, view) == "Changed"
        assert names(world, "alice") == []


def test_should_refuse_a_second_view_of_one_name_by_one_member(world: World) -> None:
    view = saved(world, "alice", "Mine")
    assert saved(world, "bob", "Mine", shared=True)
    with pytest.raises(Invalid, match="of this name"):
        saved(world, "alice", "MINE")
    other = saved(world, "alice", "Other")
    with pytest.raises(Invalid, match="of this name"), world.database.write() as session:
        saved_views.change_view(session, world.viewer("alice"), other, "Mine", shared=False)
    with world.database.write() as session:
        saved_views.change_view(session, world.viewer("alice"), view, "mine", shared=False)
    assert sorted(names(world, "alice")) == ["Mine", "Other", "mine"]


def test_should_limit_the_number_of_views(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspace.deals.saved_views.MOST_VIEWS", 2)
    saved(world, "alice", "One")
    saved(world, "alice", "Two")
    with pytest.raises(Invalid, match="delete one"):
        saved(world, "alice", "Three")
    assert saved(world, "bob", "Three")


def test_should_refuse_a_view_of_a_member_who_may_only_read(world: World) -> None:
    with pytest.raises(Forbidden):
        saved(world, "frank", "Mine")
    with world.database.read() as session:
        assert session.exec(select(SavedView)).all() == []


def test_should_write_changes_of_views_to_the_audit_log(world: World) -> None:
    view = saved(world, "alice", "Mine")
    with world.database.write() as session:
        saved_views.delete_view(session, world.viewer("alice"), view)
    with world.database.read() as session:
        about = select(AuditEntry).where(AuditEntry.subject == f"view {view}")
        entries = session.exec(about.order_by(col(AuditEntry.id)))
        told = [(entry.action, entry.by_id) for entry in entries]
    alice = world.people["alice"]
    assert told == [("view saved", alice), ("view deleted", alice)]
