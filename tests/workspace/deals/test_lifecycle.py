"""Logging, editing, advancing and closing deals."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlmodel import Session, col, select

from tests.world import World, ago, stage
from workspace.accounts.accounts import Account, Relationship, add_account
from workspace.audit import AuditEntry
from workspace.clock import today
from workspace.database import Database
from workspace.deals import bulk, lifecycle, products, stages
from workspace.deals.tables import Deal, DealCompetitor, DealProduct, Outcome, Product
from workspace.errors import Conflict, DealkinError, Forbidden, Invalid, NotFound
from workspace.timeline.timeline import TimelineEntry


def timeline(session: Session, deal: Deal) -> list[TimelineEntry]:
    rows = select(TimelineEntry).where(TimelineEntry.deal_id == deal.id)
    return list(session.exec(rows.order_by(col(TimelineEntry.id))))


def test_should_log_a_deal_with_a_name_and_an_account(world: World) -> None:
    alice = world.people["alice"]
    with world.database.write() as session:
        deal = lifecycle.log(session, "New wing", world.account(session, "brannoc"), alice)
    with world.database.read() as session:
        found = session.get_one(Deal, deal.id)
        assert found.key == "D-0012"
        assert (found.owner_id, found.opened, found.closed) == (alice, today(), None)
        assert found.stage_id == stage(session, "Prospecting").id
        assert (found.outcome, found.version, found.confidential) == (Outcome.OPEN, 1, False)
        entry = timeline(session, found)[0]
        assert (entry.kind, entry.text, entry.by_id) == ("logged", "", alice)
        assert entry.detail == {"stage": "Prospecting"}
        audited = session.exec(select(AuditEntry).where(AuditEntry.subject == f"deal {deal.id}"))
        assert [each.action for each in audited] == ["deal logged"]


def test_should_never_give_a_key_twice(database: Database) -> None:
    with database.write() as session:
        keys = [lifecycle.log(session, "A deal", None, None).key for _ in range(3)]
        lifecycle.log(session, "From a file", None, None, key="HXR-17")
        lifecycle.log(session, "From another", None, None, key="D-0042")
        keys.append(lifecycle.log(session, "A deal", None, None).key)
    assert keys == ["D-0001", "D-0002", "D-0003", "D-0043"]


def test_should_not_count_confidential_deals_in_numbers(database: Database) -> None:
    with database.write() as session:
        keys = [
            lifecycle.log(session, "A deal", None, None, confidential=secret).key
            for secret in (False, True, True, False)
        ]
        lifecycle.log(session, "From a file", None, None, key="D-0003", confidential=True)
        keys.append(lifecycle.log(session, "A deal", None, None).key)
    assert [keys[0], keys[3], keys[4]] == ["D-0001", "D-0002", "D-0004"]
    for key in keys[1:3]:
        assert re.fullmatch("D-[a-hj-km-np-tv-z][2-9a-hj-km-np-tv-z]{4}", key)


def test_should_keep_the_cents_of_an_amount(database: Database) -> None:
    amount = Decimal("123456789012.34")
    with database.write() as session:
        deal = lifecycle.log(session, "Large", None, None, amount=amount, currency="PLN")
    with database.read() as session:
        assert session.get_one(Deal, deal.id).amount == amount


def test_should_keep_the_products_and_competitors_that_were_set_last(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "meridian")
        atlas = products.find_or_add_product(session, "Atlas Warehouse")
        datamoor = products.find_or_add_competitor(session, "Datamoor")
        assert lifecycle.set_products(session, deal, [atlas])
        assert not lifecycle.set_products(session, deal, [atlas])
        assert lifecycle.set_competitors(session, deal, [datamoor])
        assert lifecycle.set_competitors(session, deal, [])
    with world.database.read() as session:
        links = session.exec(select(DealProduct).where(DealProduct.deal_id == deal.id)).all()
        assert [link.product_id for link in links] == [atlas.id]
        rivals = select(DealCompetitor).where(DealCompetitor.deal_id == deal.id)
        assert session.exec(rivals).all() == []


def test_should_find_a_product_in_any_spelling(database: Database) -> None:
    with database.write() as session:
        made = products.find_or_add_product(session, "GTX Pro")
        for written in ("GTXPro", "gtx pro", "GTX-Pro"):
            assert products.find_or_add_product(session, written).id == made.id
        assert len(session.exec(select(Product)).all()) == 1


def test_should_put_an_edit_on_the_timeline_with_before_and_after(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        before = deal.version
        changes = {"next_step": "Show the demo", "amount": Decimal("90000"), "name": deal.name}
        assert lifecycle.edit(session, deal, world.people["alice"], changes, version=before)
        assert deal.version == before + 1
    with world.database.read() as session:
        entry = timeline(session, deal)[-1]
        assert entry.kind == "edited"
        assert set(entry.detail) == {"next_step", "amount"}
        assert entry.detail["next_step"] == ["", "Show the demo"]


def test_should_leave_no_trace_of_an_edit_that_changes_nothing(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        before = (deal.version, len(timeline(session, deal)))
        assert not lifecycle.edit(session, deal, None, {"name": deal.name}, version=deal.version)
        assert (deal.version, len(timeline(session, deal))) == before


def test_should_refuse_an_edit_of_an_older_version(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        seen = deal.version
        lifecycle.edit(session, deal, world.people["bob"], {"next_step": "Call"}, version=seen)
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        with pytest.raises(Conflict):
            lifecycle.edit(
                session, deal, world.people["alice"], {"next_step": "Write"}, version=seen
            )
    with world.database.read() as session:
        assert world.deal(session, "wards").next_step == "Call"


def test_should_set_outcome_and_closing_date_and_make_a_customer_when_a_deal_is_won(
    world: World,
) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "meridian")
        won = stage(session, "Closed Won")
        assert lifecycle.advance(session, deal, won, world.people["alice"], reason="Speed")
        assert not lifecycle.advance(session, deal, won, world.people["alice"])
    with world.database.read() as session:
        deal = world.deal(session, "meridian")
        assert (deal.outcome, deal.closed, deal.reason) == (Outcome.WON, today(), "Speed")
        assert world.account(session, "meridian").relationship == Relationship.CUSTOMER
        entry = timeline(session, deal)[-1]
        assert (entry.kind, entry.text) == ("stage", "Speed")
        assert entry.detail == {"stage": ["Negotiation/Review", "Closed Won"]}


def test_should_make_no_customer_when_a_deal_is_lost(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "meridian")
        lifecycle.advance(session, deal, stage(session, "Closed Lost"), None, closed=ago(1))
    with world.database.read() as session:
        assert world.deal(session, "meridian").closed == ago(1)
        assert world.account(session, "meridian").relationship == Relationship.PROSPECT


def test_should_clear_the_closing_date_when_a_deal_is_reopened(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "ribera")
        lifecycle.advance(session, deal, stage(session, "Negotiation/Review"), None)
    with world.database.read() as session:
        deal = world.deal(session, "ribera")
        assert (deal.outcome, deal.closed) == (Outcome.OPEN, None)


def test_should_refuse_to_close_a_deal_before_it_was_opened(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        early = deal.opened - timedelta(days=1)
        with pytest.raises(Invalid) as refused:
            lifecycle.advance(session, deal, stage(session, "Closed Won"), None, closed=early)
    assert set(refused.value.fields) == {"closed"}
    with world.database.read() as session:
        assert world.deal(session, "wards").outcome == Outcome.OPEN


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Relationship.PROSPECT, Relationship.CUSTOMER),
        (Relationship.FORMER_CUSTOMER, Relationship.CUSTOMER),
        (Relationship.CUSTOMER, Relationship.CUSTOMER),
        (Relationship.PARTNER, Relationship.PARTNER),
        (Relationship.COMPETITOR, Relationship.COMPETITOR),
    ],
)
def test_should_make_only_prospects_and_former_customers_customers(
    database: Database, before: Relationship, after: Relationship
) -> None:
    with database.write() as session:
        account = add_account(session, "Somebody", relationship=before)
        lifecycle.log(session, "Won", account, None, stage=stage(session, "Closed Won"))
    with database.read() as session:
        assert session.get_one(Account, account.id).relationship == after


def test_should_make_nobody_a_customer_by_a_confidential_deal(world: World) -> None:
    alice = world.people["alice"]
    with world.database.write() as session:
        assert world.account(session, "kestrel").relationship == Relationship.PROSPECT
        secret = lifecycle.log(
            session, "Quiet", world.account(session, "tidewater"), alice, confidential=True
        )
        lifecycle.advance(session, secret, stage(session, "Closed Won"), alice, reason="Speed")
        assert world.account(session, "tidewater").relationship == Relationship.PROSPECT
        lifecycle.edit(session, secret, alice, {"confidential": False})
        assert world.account(session, "tidewater").relationship == Relationship.CUSTOMER


def test_should_add_the_default_pipeline_once(database: Database) -> None:
    with database.write() as session:
        stages.add_default_stages(session)
    with database.read() as session:
        pipeline = stages.stages(session)
        assert len(pipeline) == len(stages.DEFAULT_STAGES)
        assert pipeline[0].name == "Prospecting"
        assert stages.first_stage(session).id == pipeline[0].id
        assert [each.probability for each in pipeline if each.outcome == Outcome.WON] == [100]


def test_should_close_a_deal_only_with_a_reason(world: World) -> None:
    alice, key = world.viewer("alice"), world.deals["wards"]
    with world.database.write() as session:
        for name in ("Closed Won", "Closed Lost"):
            with pytest.raises(Invalid) as refused:
                lifecycle.change_stage(session, alice, key, name)
            assert set(refused.value.fields) == {"reason"}
        assert world.deal(session, "wards").outcome == Outcome.OPEN
        lost = lifecycle.change_stage(
            session, alice, key, "Closed Lost", reason="Price", closed=ago(1)
        )
        assert (lost.outcome, lost.reason, lost.closed) == (Outcome.LOST, "Price", ago(1))
        # The reason stays with the deal, and serves for another closing stage.
        assert lifecycle.change_stage(session, alice, key, "Closed Won").reason == "Price"


def test_should_move_an_open_deal_without_a_reason(world: World) -> None:
    with world.database.write() as session:
        deal = lifecycle.change_stage(
            session, world.viewer("bob"), world.deals["wards"], "Value Proposition"
        )
        assert deal.stage_id == stage(session, "Value Proposition").id
        assert timeline(session, deal)[-1].by_id == world.people["bob"]


def test_should_move_a_deal_only_as_its_editor_saw_it(world: World) -> None:
    alice, key = world.viewer("alice"), world.deals["wards"]
    with world.database.write() as session:
        seen = world.deal(session, "wards").version
        lifecycle.change_stage(session, alice, key, "Value Proposition", version=seen)
        with pytest.raises(Conflict, match="it is at Value Proposition"):
            lifecycle.change_stage(session, alice, key, "Needs Analysis", version=seen)


@pytest.mark.parametrize(
    ("name", "deal", "refusal"),
    [("charlie", "wards", Forbidden), ("charlie", "nightingale", NotFound)],
)
def test_should_let_only_editors_move_a_deal(
    world: World, name: str, deal: str, refusal: type[DealkinError]
) -> None:
    with world.database.write() as session, pytest.raises(refusal):
        lifecycle.change_stage(
            session, world.viewer(name), world.deals[deal], "Closed Won", reason="Speed"
        )


def test_should_refuse_a_stage_that_is_not_there(world: World) -> None:
    with world.database.write() as session, pytest.raises(Invalid) as refused:
        lifecycle.change_stage(session, world.viewer("alice"), world.deals["wards"], "Nowhere")
    assert set(refused.value.fields) == {"stage"}


def test_should_close_many_deals_only_with_a_reason(world: World) -> None:
    alice = world.viewer("alice")
    with world.database.write() as session:
        deal, won = world.deal(session, "wards"), stage(session, "Closed Won")
        with pytest.raises(Invalid) as refused:
            bulk.change_all(
                session, alice, [(deal.key, deal.version)], stage=won, changes={"next_step": ""}
            )
        assert refused.value.fields[deal.key].startswith("Enter a reason")
        assert deal.outcome == Outcome.OPEN
        chosen = [(deal.key, deal.version)]
        bulk.change_all(session, alice, chosen, stage=won, changes={"reason": "Speed"})
        assert (deal.outcome, deal.reason) == (Outcome.WON, "Speed")
