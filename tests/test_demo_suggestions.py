"""Suggestions on the demo workspace, with the model that is installed with Dealkin."""

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlmodel import Session, col, select

from references.imports import DEMO, EXTENSION
from similarity.inquiry import ask_of_deal
from similarity.outlook import outlook_of
from similarity.playbook import playbook_of
from web.workspace import Workspace, open_workspace
from workspace import demo
from workspace.accounts.accounts import Account
from workspace.deals.access import visible_deals
from workspace.deals.filters import DealFilter
from workspace.deals.lists import deal_rows
from workspace.deals.tables import Deal, Outcome
from workspace.people.viewer import PLAIN_VIEW
from workspace.settings import Settings

# Every text of the demo is read by the model, which a slow machine takes minutes for.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The demo workspace, which these tests only read."""
    with open_workspace(Settings(home=tmp_path_factory.mktemp("demo"))) as workspace:
        with workspace.database.write() as session:
            demo.load(session, (demo.FOLDER, DEMO), EXTENSION)
        workspace.catalog.catch_up()
        yield workspace


@pytest.fixture
def session(loaded: Workspace) -> Iterator[Session]:
    with loaded.database.read() as reading:
        yield reading


@pytest.fixture
def open_deals(session: Session) -> list[Deal]:
    query = select(Deal).where(visible_deals(PLAIN_VIEW), col(Deal.outcome) == Outcome.OPEN)
    return list(session.exec(query.order_by(Deal.key)))


def test_should_call_few_open_deals_rotting(session: Session, open_deals: list[Deal]) -> None:
    """A mark on every deal means nothing: at most a fifth of them have it, and some do."""
    rows = deal_rows(session, PLAIN_VIEW, DealFilter(outcome=Outcome.OPEN), limit=1_000)
    assert len(rows) == len(open_deals)
    rotting = [row.key for row in rows if row.rotting]
    assert 0 < len(rotting) <= len(rows) / 5


def test_should_recommend_what_fits_a_deal_and_not_the_same_on_all(
    loaded: Workspace, session: Session, open_deals: list[Deal]
) -> None:
    """No asset is among the first five of more than a third of the open deals, unless it is in
    the group of those that work on most."""
    first_five: Counter[str] = Counter()
    general: set[str] = set()
    for deal in open_deals:
        inquiry = ask_of_deal(session, PLAIN_VIEW, loaded.catalog, deal)
        found = playbook_of(session, loaded.catalog, inquiry, limit=5)
        outlook = outlook_of(session, loaded.catalog, inquiry)
        if outlook:
            assert (found.won, found.closed) == (outlook.won, outlook.closed)
        first_five.update(play.key for play in found.plays)
        general.update(play.key for play in found.general)
        account = session.get_one(Account, deal.account_id)
        if (account.industry or "")[:1] != "K" and found.plays:
            # Made for banks, and offered to a shop's help line before.
            assert "banks" not in found.plays[0].name, deal.key
        assert all(play.fits for play in found.plays)
    assert general.isdisjoint(first_five)
    assert len(general) <= 3
    assert "pilot-then-roll-out-with-exits" in general
    assert max(first_five.values()) <= len(open_deals) / 3
