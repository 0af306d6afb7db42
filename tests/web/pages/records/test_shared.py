"""Links to files for buyers: made on a deal, counted, ended, and what they show."""

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from tests.web.conftest import Visit, Visitor
from tests.workspace.assets.hostile_files import pdf
from tests.workspace.assets.test_files import add_file
from tests.world import World
from web.workspace import Workspace
from workspace.assets import assets
from workspace.assets.assets import Asset
from workspace.assets.sharing import ShareLink
from workspace.clock import now
from workspace.deals import leaving
from workspace.keys import row_of_key


def share(visitor: Visitor, world: World, recipient: str = "Inês") -> str:
    """Share the demo's file from Alice's deal; the address of the link."""
    page = visitor.post(
        f"/deals/{world.deals['wards']}/playbook/links",
        {"asset": world.assets["demo"], "recipient": recipient, "days": "14"},
    ).text
    found = re.search(r'value="https?://[^/"]+(/shared/[^"]+)"', page)
    assert found, page
    return found[1]


@pytest.fixture
def link(world: World, workspace: Workspace, visit: Visit) -> str:
    """The address of a link that Alice has made."""
    add_file(workspace, world, "Ward demo.pdf", pdf("Wards"))
    return share(visit("alice"), world)


def test_should_share_a_file_and_count_downloads_alone(
    visit: Visit, world: World, link: str
) -> None:
    deal = f"/deals/{world.deals['wards']}/playbook"
    page = visit("alice").get(deal).text
    assert "Not opened yet" in page
    assert link not in page, "a link is shown once"
    # Sharing is using.
    assert "In use" in page
    guest = visit(None)
    for _ in range(2):
        shown = guest.get(link)
        assert shown.status_code == 200
    guest.client.head(link)
    assert "Alice Adeyemi shared this file with you" in shown.text
    assert "St Brannoc" not in shown.text, "the deal is not told"
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert "Not opened yet" in visit("alice").get(deal).text
    answer = guest.post(link)
    assert answer.content.startswith(b"%PDF")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"].startswith("sandbox")
    guest.post(link)
    assert "Opened 2 times" in visit("alice").get(deal).text
    assert "Opened 2 times" in visit("bob").get(f"/library/{world.assets['demo']}").text
    inbox = visit("alice").get("/inbox").text
    assert inbox.count("<b>Inês</b> opened") == 1
    assert "You shared it" in inbox


def test_should_end_a_link(visit: Visit, world: World, link: str, workspace: Workspace) -> None:
    guest, alice = visit(None), visit("alice")

    def ended(address: str) -> bool:
        shown, sent = guest.get(address), guest.post(address)
        assert shown.status_code == sent.status_code
        return bool(shown.status_code == 410 and "Ward" not in shown.text)

    assert ended("/shared/of-nobody")
    assert not ended(link)
    with world.database.write() as session:
        session.exec(select(ShareLink)).one().expires_at = now() - timedelta(minutes=1)
    assert ended(link)
    link = share(alice, world)
    with world.database.read() as session:
        number = session.exec(select(ShareLink.id).order_by(ShareLink.id.desc())).first()
    end = f"/deals/{world.deals['wards']}/playbook/links/{number}/end"
    assert visit("charlie").post(end).status_code == 403
    assert not ended(link)
    assert alice.post(end).status_code == 303
    assert ended(link)
    link = share(alice, world)
    with world.database.write() as session:
        asset = row_of_key(session, Asset, world.assets["demo"])
        assets.edit_asset(session, asset, None, {"withdrawn": True})
    assert ended(link)
    with world.database.write() as session:
        asset = row_of_key(session, Asset, world.assets["demo"])
        assets.edit_asset(session, asset, None, {"withdrawn": False})
    assert not ended(link)
    with world.database.write() as session:
        leaving.deactivate(session, world.people["alice"], by=None)
    assert ended(link)


def test_should_keep_links_of_hidden_deals_and_other_deals_apart(
    visit: Visit, world: World, link: str
) -> None:
    """A link of a confidential deal is on the asset's page for its readers alone."""
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        deal.confidential = True
        session.add(deal)
    here = f"/library/{world.assets['demo']}"
    assert "Shared with buyers" in visit("alice").get(here).text
    assert "Shared with buyers" not in visit("charlie").get(here).text
    other = f"/deals/{world.deals['brannoc']}/playbook/links/1/end"
    assert visit("grace").post(other).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [("asset", "benchmarks"), ("asset", ""), ("recipient", ""), ("days", "365")],
)
def test_should_refuse_to_share(
    visit: Visit, world: World, link: str, field: str, value: str
) -> None:
    sent = {"asset": world.assets["demo"], "recipient": "Inês", "days": "14", field: value}
    address = f"/deals/{world.deals['wards']}/playbook/links"
    assert visit("alice").post(address, sent).status_code == 422
    assert visit("charlie").post(address, sent).status_code == 403
    assert visit("frank").post(address, sent).status_code == 403
