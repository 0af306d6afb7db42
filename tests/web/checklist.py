"""What every handler that writes must refuse."""

from collections.abc import Mapping

from tests.web.conftest import Visit, acts
from tests.world import World


def refuses_on_deals(
    visit: Visit,
    world: World,
    path: str,
    data: Mapping[str, str],
    *,
    deal: str = "wards",
    has_page: bool = False,
) -> None:
    """Check a write to a deal; `path` has the deal's key as {deal}."""
    here, hidden = world.deals[deal], world.confidential_deal
    before = acts(world)
    alice = visit("alice")
    assert visit("frank").post(path.format(deal=here), data).status_code == 403
    assert visit("charlie").post(path.format(deal=here), data).status_code == 403
    assert visit("charlie").post(path.format(deal=hidden), data).status_code == 404
    assert visit("dana").post(path.format(deal=hidden), data).status_code == 404
    assert alice.post(path.format(deal="D-9999"), data).status_code == 404
    assert alice.post(path.format(deal=here), {**data, "surprise": "x"}).status_code == 422
    _refuses_strangers(visit, path.format(deal=here), data)
    assert alice.get(path.format(deal=here)).status_code == (200 if has_page else 405)
    assert acts(world) == before


def refuses(
    visit: Visit, world: World, path: str, data: Mapping[str, str], *, has_page: bool = False
) -> None:
    """Check any other write."""
    before = acts(world)
    assert visit("frank").post(path, data).status_code == 403
    assert visit("dana").save(path, {**data, "surprise": "x"}).status_code == 422
    _refuses_strangers(visit, path, data)
    assert visit("grace").get(path).status_code == (200 if has_page else 405)
    assert acts(world) == before


def _refuses_strangers(visit: Visit, path: str, data: Mapping[str, str]) -> None:
    alice = visit("alice")
    assert alice.post(path, data, token="").status_code == 403
    assert alice.post(path, data, token=visit("bob").token).status_code == 403
    assert alice.post(path, data, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert alice.post(path, data, Origin="https://elsewhere.example").status_code == 403
    assert visit(None).post(path, data, token="").status_code == 403
