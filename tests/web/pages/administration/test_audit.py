"""The audit log's page, what it leaves out, and what members were refused."""

from litestar import Litestar
from sqlmodel import Session, select

from tests.web.conftest import Visit
from tests.world import World
from workspace.audit import AuditEntry, audit

HERE = "/administration/audit"


def test_should_show_and_filter_what_concerns_security(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        for number in range(60):
            subject = f"person {world.people['bob']}"
            audit(session, world.people["alice"], "signed in", subject, {"address": f"n{number}."})
        audit(session, None, "identity provider saved", "identity provider 1", {"issuer": "<b>x"})
    grace = visit("grace")
    page = grace.get(HERE).text
    assert "&lt;b&gt;x" in page
    assert "n59." in page
    assert "n3." not in page
    after = page.split("after=")[1].split('"')[0]
    assert "n3." in grace.get(f"{HERE}?after={after}").text
    assert "n59." not in grace.get(f"{HERE}?about=Settings").text
    assert "n59." in grace.get(f"{HERE}?q=brandt").text
    assert "No entries found" in grace.get(f"{HERE}?q=nobody").text
    assert "No entries found" in grace.get(f"{HERE}?until=2020-01-01").text


def test_should_show_nothing_of_deals(visit: Visit, world: World, session: Session) -> None:
    logged = session.exec(select(AuditEntry.action)).all()
    assert any(action.startswith("deal ") for action in logged)
    page = visit("grace").get(HERE).text
    assert "Nightingale" not in page
    assert ">Deal " not in page


def test_should_note_what_a_member_was_refused_once_a_minute(
    app: Litestar, visit: Visit, world: World
) -> None:
    for _ in range(3):
        assert visit("frank").get(HERE).status_code == 403
    assert visit("frank").post("/deals", {"name": "x"}).status_code == 403
    with world.database.read() as session:
        denied = select(AuditEntry).where(AuditEntry.action == "denied")
        entries = session.exec(denied.order_by("id")).all()  # type: ignore[arg-type]
        assert [entry.detail for entry in entries] == [
            {"what": f"GET {HERE}"},
            {"what": "POST /deals"},
        ]
        assert {entry.by_id for entry in entries} == {world.people["frank"]}
    assert "Denied" in visit("grace").get(f"{HERE}?about=Denials").text
