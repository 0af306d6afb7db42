"""Logging one deal as members do it: the same rules for pages, commands and programs."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlmodel import Session, select

from tests.world import World, stage
from workspace.accounts.accounts import Account
from workspace.audit import AuditEntry
from workspace.clock import today
from workspace.deals import lifecycle
from workspace.deals.products import competitors_of, find_or_add_product, products_of
from workspace.deals.tables import Deal, Outcome
from workspace.errors import Forbidden, Invalid
from workspace.people.viewer import PLAIN_VIEW


def accounts_named(session: Session, name: str) -> list[Account]:
    return list(session.exec(select(Account).where(Account.name == name)))


def test_should_log_a_deal_with_the_account_that_it_names(world: World) -> None:
    alice = world.viewer("alice")
    with world.database.write() as session:
        deal, is_new = lifecycle.log_one(
            session,
            alice,
            "New wing",
            "st brannoc hospital",
            stage="Value Proposition",
            products=["beacon-dashboards"],
            new_product="Porch Sensors",
            competitors=["datamoor"],
            new_competitor="Newmoor",
            amount=Decimal("1200.50"),
            currency="EUR",
            use_case="Ward boards",
        )
        assert is_new
        assert deal.account_id == world.account(session, "brannoc").id
        assert (deal.owner_id, deal.opened, deal.outcome) == (
            alice.person_id,
            today(),
            Outcome.OPEN,
        )
        assert deal.stage_id == stage(session, "Value Proposition").id
        assert (deal.amount, deal.currency, deal.use_case) == (
            Decimal("1200.50"),
            "EUR",
            "Ward boards",
        )
        products = [name for _, name in products_of(session, deal.id)]
        assert products == ["Beacon Dashboards", "Porch Sensors"]
        assert [name for _, name in competitors_of(session, deal.id)] == ["Datamoor", "Newmoor"]


def test_should_add_the_account_of_a_deal_on_the_way(world: World) -> None:
    alice = world.viewer("alice")
    with world.database.write() as session:
        facts = {"industry": "Q86", "headcount": 1_200, "country": "PT"}
        deal, _ = lifecycle.log_one(session, alice, "First", "Clínica", account_facts=facts)
        again, _ = lifecycle.log_one(session, alice, "Second", "CLINICA", account_facts=facts)
        assert deal.account_id == again.account_id
        account = accounts_named(session, "Clínica")[0]
        assert (account.industry, account.headcount, account.country) == ("Q86", 1_200, "PT")
        added = select(AuditEntry).where(AuditEntry.subject == f"account {account.id}")
        assert [entry.action for entry in session.exec(added)] == ["account added"]


def test_should_log_a_deal_once_though_it_is_submitted_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, charlie = world.viewer("alice"), world.viewer("charlie")
    with world.database.write() as session:
        first, _ = lifecycle.log_one(session, alice, "New wing", "Clínica", new_product="Porch")
    with world.database.write() as session:
        again, is_new = lifecycle.log_one(
            session, alice, "New wing", "Clínica", new_product="Porch"
        )
        assert (again.id, is_new) == (first.id, False)
        others = [
            lifecycle.log_one(session, alice, "Another", "Clínica"),
            lifecycle.log_one(session, alice, "New wing", "St Brannoc Hospital"),
            lifecycle.log_one(session, charlie, "New wing", "Clínica"),
        ]
        monkeypatch.setattr("workspace.deals.lifecycle.SAME_SUBMIT", timedelta(0))
        others.append(lifecycle.log_one(session, alice, "New wing", "Clínica"))
        assert all(is_new for _, is_new in others)
        assert len({first.id, *(deal.id for deal, _ in others)}) == 5
        assert len(accounts_named(session, "Clínica")) == 1


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"name": ""}, "name"),
        ({"account_name": ""}, "account"),
        ({"amount": Decimal(5)}, "currency"),
        ({"stage": "No such stage"}, "stage"),
        ({"stage": "Closed Won"}, "reason"),
        ({"stage": "Closed Lost", "reason": ""}, "reason"),
        ({"products": ["no-such-product"]}, "product"),
        ({"competitors": ["no-such-competitor"]}, "competitor"),
    ],
)
def test_should_refuse_a_deal_that_breaks_a_rule(
    world: World, facts: dict[str, object], field: str
) -> None:
    complete: dict[str, object] = {"name": "New wing", "account_name": "Clínica"}
    with pytest.raises(Invalid) as refused, world.database.write() as session:
        lifecycle.log_one(session, world.viewer("alice"), **{**complete, **facts})  # type: ignore[arg-type]
    assert set(refused.value.fields) == {field}
    with world.database.read() as session:
        assert session.exec(select(Deal).where(Deal.name == "New wing")).first() is None
        assert accounts_named(session, "Clínica") == []


def test_should_log_a_closed_deal_with_its_reason(world: World) -> None:
    facts = {"stage": "Closed Lost", "reason": "They built it themselves"}
    with world.database.write() as session:
        deal, _ = lifecycle.log_one(session, world.viewer("alice"), "A", "Clínica", **facts)
        assert (deal.outcome, deal.reason) == ("lost", "They built it themselves")
        assert deal.closed == today()


def test_should_keep_no_currency_without_an_amount(world: World) -> None:
    with world.database.write() as session:
        deal, _ = lifecycle.log_one(session, world.viewer("alice"), "A", "Clínica", currency="EUR")
        assert (deal.amount, deal.currency) == (None, None)


def test_should_refuse_a_product_that_only_a_hidden_deal_has(world: World) -> None:
    with world.database.write() as session:
        secret = find_or_add_product(session, "Porch Sensors")
        lifecycle.set_products(session, world.deal(session, "nightingale"), [secret])
        chosen = {"products": [secret.key]}
        with pytest.raises(Invalid) as refused:
            lifecycle.log_one(session, world.viewer("charlie"), "A", "Lumen Bank", **chosen)
        assert set(refused.value.fields) == {"product"}
        _, is_new = lifecycle.log_one(session, world.viewer("bob"), "B", "Lumen Bank", **chosen)
        assert is_new


def test_should_let_only_writers_log_a_deal(world: World) -> None:
    with world.database.write() as session:
        for viewer in (world.viewer("frank"), PLAIN_VIEW):
            with pytest.raises(Forbidden):
                lifecycle.log_one(session, viewer, "New wing", "Clínica")
