"""The library."""

import pytest
from sqlmodel import Session

from tests.web.checklist import refuses
from tests.web.conftest import Visit
from tests.world import World

HTMX = {"HX-Request": "true"}


def test_should_list_what_may_be_used_and_the_rest_on_request(visit: Visit) -> None:
    frank = visit("frank")
    page = frank.get("/library").text
    assert "Ward demo" in page
    assert "Price deck of last year" not in page
    assert "Benchmarks" not in page
    every = frank.get("/library?every=yes", **HTMX).text
    assert "Price deck of last year" in every
    assert "Withdrawn" in every
    assert "Ward demo" not in frank.get("/library?kind=battlecard", **HTMX).text
    assert "Ward demo" in frank.get("/library?product=beacon-dashboards", **HTMX).text
    assert "How a bank" in frank.get("/library?q=regulatory", **HTMX).text
    assert frank.get("/library?kind=song").status_code == 422


def test_should_count_only_deals_that_the_viewer_may_see(visit: Visit, world: World) -> None:
    here = f"/library/{world.assets['demo']}"
    assert "3 of 3 closed deals" in visit("alice").get(here).text
    page = visit("charlie").get(here).text
    assert "2 of 2 closed deals" in page
    for told in ("Nightingale", "before the merger"):
        assert told not in page
    assert "2 of 2" in visit("charlie").get("/library?q=ward").text
    assert visit("charlie").get("/library/nothing").status_code == 404


def test_should_publish_an_asset(visit: Visit, world: World) -> None:
    answer = visit("charlie").post(
        "/library",
        {
            "name": "Claims demo",
            "kind": "demo",
            "url": "https://assets.example/claims",
            "product": ["atlas-warehouse", "relay-integration"],
            "summary": "Three insurers merged",
        },
    )
    assert answer.headers["location"] == "/library/claims-demo"
    page = visit("charlie").get("/library/claims-demo").text
    assert 'href="https://assets.example/claims"' in page
    assert "Relay Integration" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("kind", "song"),
        ("kind", ""),
        ("url", "javascript:alert(1)"),
        ("url", "ftp://x.example"),
        ("url", "//x.example"),
        ("url", "http://[x"),
        ("expires", "soon"),
        ("author_id", "1"),
        ("withdrawn", "yes"),
    ],
)
def test_should_return_the_form_with_what_is_wrong(visit: Visit, field: str, value: str) -> None:
    answer = visit("erin").post(
        "/library", {"name": "X", "kind": "demo", "summary": "keep me", field: value}
    )
    assert answer.status_code == 422
    assert "keep me" in answer.text


def test_should_be_kept_by_its_author_and_the_keepers(
    visit: Visit, world: World, session: Session
) -> None:
    here = f"/library/{world.assets['demo']}"
    data = {"name": "Ward demo", "kind": "demo", "product": "atlas-warehouse"}
    assert visit("charlie").post(f"{here}/edit", data).status_code == 403
    assert visit("charlie").get(f"{here}/edit").status_code == 403
    assert "Edit" not in visit("charlie").get(here).text.split("<main")[1]
    for keeper in ("bob", "erin", "dana", "grace"):
        assert visit(keeper).save(f"{here}/edit", data).status_code == 303
    assert visit("erin").post(f"{here}/withdrawal", {"withdrawn": "yes"}).status_code == 303
    session.rollback()
    assert world.asset(session, "demo").withdrawn
    assert "Ward demo" not in visit("alice").get("/library").text
    assert visit("erin").post(f"{here}/withdrawal", {"withdrawn": "no"}).status_code == 303


def test_should_refuse_what_every_write_refuses(visit: Visit, world: World) -> None:
    here = f"/library/{world.assets['demo']}"
    refuses(visit, world, "/library", {"name": "X", "kind": "demo"}, has_page=True)
    refuses(visit, world, f"{here}/edit", {"name": "X", "kind": "demo"}, has_page=True)
    refuses(visit, world, f"{here}/withdrawal", {"withdrawn": "yes"})
    assert (
        visit("erin").post("/library/nothing/withdrawal", {"withdrawn": "yes"}).status_code == 404
    )


def test_should_count_as_the_list_counts_though_it_shows_only_the_newest(
    visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.pages.records.library.USES", 1)
    here = f"/library/{world.assets['demo']}"
    assert "3 of 3 closed deals" in visit("alice").get(here).text
    # The third is confidential.
    assert "2 of 2 closed deals" in visit("charlie").get(here).text
    assert "not known yet" in visit("alice").get(f"/library/{world.assets['withdrawn_paper']}").text
