"""Drafts: what is typed into a long form stays until it is sent or discarded."""

from datetime import timedelta

from sqlmodel import Session, select

from tests.web.conftest import Visit
from tests.world import World
from workspace.clock import now
from workspace.collaboration import drafts
from workspace.collaboration.drafts import Draft
from workspace.database import Database

OFFER = "You left a draft here"


def test_should_offer_a_draft_until_the_form_is_sent(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['wards']}/activity"
    alice, place = visit("alice"), f"note {here}"
    assert f'name="draft_of" value="{place}"' in alice.get(here).text
    typed = {"draft_of": place, "kind": "call", "text": 'They <want> "more" time'}
    assert alice.post("/drafts", typed).status_code == 204
    page = alice.get(here).text
    assert OFFER in page
    assert "&#34;text&#34;: [&#34;They \\u003cwant\\u003e" in page
    # A draft is its member's alone, and belongs to one form.
    assert OFFER not in visit("bob").get(here).text
    assert OFFER not in alice.get(here.replace(world.deals["wards"], world.deals["brannoc"])).text
    refused = alice.post(here, {**typed, "text": ""})
    assert refused.status_code == 422
    assert OFFER in alice.get(here).text
    assert alice.post(here, typed).status_code == 303
    assert OFFER not in alice.get(here).text


def test_should_keep_a_draft_over_the_end_of_a_session(visit: Visit) -> None:
    typed = {"draft_of": "new deal", "name": "Rosters for Havel", "product": "rota"}
    alice = visit("alice")
    alice.post("/drafts", typed)
    alice.post("/sign-out")
    assert alice.post("/drafts", {**typed, "name": "Later"}).status_code in (303, 403)
    alice.sign_in("alice")
    page = alice.get("/deals/new").text
    assert OFFER in page
    assert "Rosters for Havel" in page
    assert alice.post("/drafts/discard", {"draft_of": "new deal"}).status_code == 204
    assert OFFER not in alice.get("/deals/new").text


def test_should_refuse_what_is_no_draft(visit: Visit, world: World, session: Session) -> None:
    alice = visit("alice")
    assert alice.post("/drafts", {"text": "x"}).status_code == 422
    assert alice.post("/drafts", {"draft_of": "x" * 301}).status_code == 422
    assert alice.post("/drafts", {"draft_of": "x", "text": "y" * 70_000}).status_code == 422
    assert visit("frank").post("/drafts", {"draft_of": "x"}).status_code == 403
    assert not session.exec(select(Draft)).all()
    alice.post("/drafts", {"draft_of": "x", "seen": "hash", "text": "y"})
    session.rollback()
    # Tokens and what the form was opened with are no words of the member.
    assert session.exec(select(Draft)).one().fields == {"text": ["y"]}


def test_should_forget_drafts_after_30_days_and_keep_the_newest(
    database: Database, world: World
) -> None:
    alice = world.people["alice"]
    with database.write() as session:
        for number in range(drafts.MOST_DRAFTS + 2):
            drafts.save_draft(session, alice, f"note {number}", {"text": ["x"]})
        assert len(drafts.drafts_of(session, alice)) == drafts.MOST_DRAFTS
        last = f"note {drafts.MOST_DRAFTS + 1}"
        draft = session.get_one(Draft, (alice, last))
        draft.saved_at = now() - timedelta(days=31)
        session.add(draft)
        session.flush()
        assert last not in drafts.drafts_of(session, alice)
    drafts.forget_old(database)
    with database.read() as session:
        assert session.get(Draft, (alice, last)) is None
        assert len(session.exec(select(Draft)).all()) == drafts.MOST_DRAFTS - 1
