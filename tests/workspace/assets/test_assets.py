"""The library, and the uses of its assets on deals."""

import pytest
from sqlmodel import col, select

from tests.world import World, ago
from workspace.assets import assets
from workspace.assets.assets import Asset, Use
from workspace.audit import AuditEntry
from workspace.clock import today
from workspace.errors import Conflict, Invalid
from workspace.timeline.timeline import TimelineEntry


def test_should_offer_only_what_is_neither_withdrawn_nor_expired(world: World) -> None:
    with world.database.read() as session:
        now = set(session.exec(select(Asset.key).where(assets.usable())))
        then = set(session.exec(select(Asset.key).where(assets.usable(on=ago(60)))))
    keys = world.assets
    assert now == {keys["demo"], keys["story"], keys["battlecard"]}
    assert then == now | {keys["old_deck"]}


def test_should_offer_an_asset_until_the_end_of_its_last_day(world: World) -> None:
    with world.database.write() as session:
        made = assets.publish(
            session, "Until today", "deck", world.people["erin"], [], expires=today()
        )
        assets.use(session, made, world.deal(session, "wards"), world.people["alice"])
    with world.database.read() as session:
        assert made.key in set(session.exec(select(Asset.key).where(assets.usable())))


def test_should_refuse_an_asset_of_an_unknown_kind(world: World) -> None:
    with pytest.raises(Invalid) as refused, world.database.write() as session:
        assets.publish(session, "Song", "song", None, [])
    assert set(refused.value.fields) == {"kind"}


def test_should_record_author_day_and_products_of_a_published_asset(world: World) -> None:
    with world.database.read() as session:
        demo, story = world.asset(session, "demo"), world.asset(session, "story")
        products = assets.products_of(session, [demo.id, story.id])
    assert (demo.author_id, demo.published) == (world.people["bob"], today())
    assert len(products[demo.id]) == 2
    assert len(products[story.id]) == 1


@pytest.mark.parametrize("name", ["old_deck", "withdrawn_paper"])
def test_should_refuse_the_use_of_what_cannot_be_offered(world: World, name: str) -> None:
    with world.database.write() as session, pytest.raises(Conflict):
        assets.use(session, world.asset(session, name), world.deal(session, "wards"), None)


def test_should_record_stage_and_day_of_a_use_and_whether_it_helped(world: World) -> None:
    alice = world.people["alice"]
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        made = assets.use(session, world.asset(session, "demo"), deal, alice)
        session.flush()
        assets.say_helped(session, made, alice, True)
    with world.database.read() as session:
        found = session.get_one(Use, made.id)
        assert (found.stage_id, found.used_on, found.helped) == (deal.stage_id, today(), True)
        entries = (
            select(TimelineEntry)
            .where(TimelineEntry.deal_id == deal.id, TimelineEntry.kind == "use")
            .order_by(col(TimelineEntry.id))
        )
        assert [entry.text for entry in session.exec(entries)] == ["Ward demo", ""]


def test_should_refuse_an_asset_that_expires_before_it_is_published(world: World) -> None:
    with world.database.write() as session:
        with pytest.raises(Invalid):
            assets.publish(session, "Deck", "deck", None, [], published=ago(3), expires=ago(4))
        demo = world.asset(session, "demo")
        with pytest.raises(Invalid) as refused:
            assets.edit_asset(session, demo, None, {"expires": ago(4)})
        assert set(refused.value.fields) == {"expires"}
        assert demo.expires is None


def test_should_put_publishing_on_the_audit_log(world: World) -> None:
    with world.database.write() as session:
        made = assets.publish(session, "Deck", "deck", world.people["erin"], [])
    with world.database.read() as session:
        entry = session.exec(
            select(AuditEntry).where(AuditEntry.subject == f"asset {made.id}")
        ).one()
        assert (entry.action, entry.by_id) == ("asset added", world.people["erin"])
