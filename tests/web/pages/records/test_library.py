"""The library."""

from typing import Any

import pytest
from sqlmodel import Session

from tests.web.checklist import refuses
from tests.web.conftest import Visit, Visitor
from tests.workspace.assets.hostile_files import pdf, png, word
from tests.workspace.assets.test_files import disk_full
from tests.world import World
from web.workspace import Workspace
from workspace.assets import files

HTMX = {"HX-Request": "true"}
CLAIMS = {"name": "Claims", "kind": "case study"}


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


def send_file(
    visitor: Visitor, path: str, file_name: str, raw: bytes, fields: dict[str, str] | None = None
) -> Any:
    """Send a form with a file."""
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    answer = visitor.client.post(
        path,
        data={"_csrf_token": visitor.token, **(fields or {})},
        files=[("file", (file_name, raw))],
        headers={"Cookie": cookies},
        follow_redirects=False,
    )
    visitor.client.cookies.clear()
    return answer


def test_should_publish_a_file_and_its_next_version(visit: Visit, workspace: Workspace) -> None:
    charlie = visit("charlie")
    answer = send_file(charlie, "/library", "claims.docx", word("Claims"), CLAIMS)
    assert answer.headers["location"] == "/library/claims"
    page = charlie.get("/library/claims").text
    assert "claims.docx" in page
    assert "text is being read" in page
    answer = send_file(charlie, "/library/claims/files", "claims.pdf", pdf("Claims"))
    assert answer.headers["location"] == "/library/claims"
    page = charlie.get("/library/claims").text
    assert "Earlier versions" in page
    assert 'href="/library/claims/files/2"' in page
    assert visit("frank").get("/library/claims/files/1").content.startswith(b"PK")
    assert visit("frank").get("/library/claims/files/3").status_code == 404
    assert "Upload" not in visit("frank").get("/library/claims").text
    assert send_file(visit("frank"), "/library/claims/files", "a.pdf", pdf("a")).status_code == 403
    assert len(list(files.all_stored(workspace.settings.files))) == 2


def test_should_say_why_a_file_is_refused_and_keep_none(visit: Visit, workspace: Workspace) -> None:
    charlie = visit("charlie")
    refused = send_file(charlie, "/library", "a.svg", b"<svg/>", CLAIMS)
    assert refused.status_code == 422
    assert "SVG, HTML and XML can run scripts" in refused.text
    assert 'value="Claims"' in refused.text
    # The file is in order, and the rest of the form is not.
    refused = send_file(charlie, "/library", "a.pdf", pdf("a"), {**CLAIMS, "name": ""})
    assert refused.status_code == 422
    send_file(charlie, "/library", "a.pdf", pdf("a"), CLAIMS)
    empty = charlie.post("/library/claims/files")
    assert empty.status_code == 422
    assert "Choose a file." in empty.text
    assert len(list(files.all_stored(workspace.settings.files))) == 1


def test_should_say_that_the_disk_is_full(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspace.assets.files.os.fsync", disk_full)
    answer = send_file(visit("charlie"), "/library", "a.pdf", pdf("a"), CLAIMS)
    assert answer.status_code == 507
    assert "the disk" in answer.text
    assert visit("charlie").get("/library/claims").status_code == 404


@pytest.mark.parametrize(
    ("name", "raw", "media_type"),
    [
        ("deck.pdf", pdf("a"), "application/pdf"),
        ("logo.png", png(), "image/png"),
        ('Żółć "x"; a=b.pdf', pdf("a"), "application/pdf"),
    ],
)
def test_s5_should_send_files_as_attachments_that_run_nothing(
    visit: Visit, name: str, raw: bytes, media_type: str
) -> None:
    """S5: attachment, nosniff and a sandbox; SVG, HTML, XML and polyglots are not even taken."""
    send_file(visit("charlie"), "/library", name, raw, CLAIMS)
    answer = visit("frank").get("/library/claims/files/1")
    assert answer.content == raw
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert answer.headers["content-disposition"].isascii()
    assert not set('";\r\n') & set(answer.headers["content-disposition"].split("''")[1])
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["cache-control"] == "private, no-store"
