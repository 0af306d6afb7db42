"""A person's privacy on pages: for administrators, and for the person by a link."""

import re

from sqlmodel import Session, select

from tests.web.conftest import Visit
from tests.world import World
from workspace.deals.tables import Stakeholder
from workspace.jobs.tables import Job
from workspace.privacy.tables import LegalHold, PrivacyLink

HERE = "/administration/people/ines-moreira/privacy"


def test_should_show_and_correct_by_a_link(visit: Visit, world: World, session: Session) -> None:
    grace, stranger = visit("grace"), visit(None)
    page = grace.post(f"{HERE}/link").text
    path = re.search(r"/own-data/[\w-]+", page)
    assert path is not None
    [stored] = session.exec(select(PrivacyLink.token_hash)).all()
    assert stored not in path[0]
    assert "Chief information officer" in stranger.get(path[0]).text
    assert stranger.post(path[0], {"text": ""}).status_code == 422
    answer = stranger.post(path[0], {"text": "I left in <b>May</b>."})
    assert "Thank you" in answer.text
    page = grace.get(HERE).text
    assert "I left in &lt;b&gt;May" in page
    number = re.search(r'name="correction" value="(\d+)"', page)
    assert number is not None
    assert grace.post(f"{HERE}/corrections", {"correction": number[1]}).status_code == 303
    assert 'name="correction"' not in grace.get(HERE).text
    # A new link takes the place of the one before.
    grace.post(f"{HERE}/link")
    assert stranger.get(path[0]).status_code == 410
    assert visit("dana").post(f"{HERE}/link").status_code == 403


def test_should_not_show_confidential_deals(visit: Visit, world: World, session: Session) -> None:
    grace, stranger = visit("grace"), visit(None)
    with world.database.write() as writing:
        deal = world.deal(writing, "wards")
        deal.confidential, deal.owner_id = True, world.people["alice"]
        ines = world.people["ines"]
        writing.add_all([deal, Stakeholder(deal_id=deal.id, person_id=ines, note="Hates walruses")])
    path = re.search(r"/own-data/[\w-]+", grace.post(f"{HERE}/link").text)
    assert path is not None
    for page in (grace.get(HERE).text, stranger.get(path[0]).text):
        assert "Hates walruses" not in page
        assert "1 not shown, as private or confidential" in page


def test_should_export_hold_and_erase(visit: Visit, world: World, session: Session) -> None:
    grace = visit("grace")
    answer = grace.post(f"{HERE}/file")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.content[:2] == b"PK"
    assert grace.post(f"{HERE}/hold").status_code == 422
    assert grace.post(f"{HERE}/hold", {"reason": "A dispute"}).status_code == 303
    session.rollback()
    assert session.exec(select(LegalHold.reason)).one() == "A dispute"
    confirmed = {"name": "inês moreira"}
    assert grace.post(f"{HERE}/erase", confirmed).status_code == 409
    assert grace.post(f"{HERE}/hold").status_code == 303
    assert grace.post(f"{HERE}/erase", {"name": "Ines"}).status_code == 422
    assert grace.post(f"{HERE}/erase", confirmed).status_code == 303
    session.rollback()
    job = session.exec(select(Job).where(Job.kind == "erase person")).one()
    assert job.parameters == {"person_id": world.people["ines"]}
