"""Insights: what pages count of suggestions, and what they show of it."""

import re
from typing import Any

from litestar import Litestar
from sqlmodel import Session, select

from references.suggestion_counts import Fate, SuggestionCount, SuggestionKind, add_counts
from tests.web.conftest import Visit
from tests.world import World
from workspace.clock import today
from workspace.company import set_company
from workspace.deals.pipeline_history import week_ends
from workspace.deals.seat_roles import seat_roles


def stored(app: Litestar, session: Session) -> dict[tuple[str, str], int]:
    """The counts of today."""
    app.state.tally.store(app.state.workspace.database)
    session.rollback()
    rows = session.exec(select(SuggestionCount)).all()
    return {(row.kind, row.fate): row.count for row in rows}


def test_should_count_what_pages_show_and_what_is_used(
    app: Litestar, visit: Visit, world: World, session: Session
) -> None:
    alice, here = visit("alice"), f"/deals/{world.deals['wards']}"
    page: Any = alice.get(f"{here}/kin")
    kin = re.findall(rf"{here}/kin/([^/]+)/judgement", page.text)
    alice.get(f"{here}/kin")
    shown = stored(app, session)["similar deal", "shown"]
    assert shown >= len(set(kin)) > 0
    alice.get(f"{here}/playbook")
    alice.post(f"{here}/playbook/uses", {"asset": world.assets["demo"]})
    alice.post(f"{here}/kin/{kin[0]}/judgement", {"verdict": "unlike", "reason": "too old"})
    counts = stored(app, session)
    assert counts["similar deal", "shown"] == shown
    assert counts["similar deal", "dismissed"] == 1
    assert counts["content", "shown"] >= 1
    assert counts["content", "used"] == 1


def test_should_count_a_colleague_who_was_suggested_and_no_other(
    app: Litestar, visit: Visit, world: World, session: Session
) -> None:
    alice, here = visit("alice"), f"/deals/{world.deals['wards']}/experts/seats"
    role = seat_roles(session)[0].name
    alice.post(here, {"role": role, "person": "charlie-costa"})
    assert ("expert", "used") not in stored(app, session)
    alice.post(here, {"role": role, "person": "dana-dvorak", "suggested": "yes"})
    assert stored(app, session)["expert", "used"] == 1


def test_should_count_what_is_opened_and_leave_out_confidential_deals(
    app: Litestar, visit: Visit, world: World, session: Session
) -> None:
    sent = {"kind": "expert", "fate": "opened", "item": "/people/bob-brandt"}
    alice = visit("alice")
    assert alice.post("/insights/counts", {**sent, "deal": world.deals["wards"]}).status_code == 204
    alice.post("/insights/counts", {**sent, "deal": world.deals["wards"]})
    hidden = {**sent, "deal": world.confidential_deal}
    assert alice.post("/insights/counts", hidden).status_code == 204
    assert visit("charlie").post("/insights/counts", hidden).status_code == 404
    shown = alice.get(f"/deals/{world.deals['wards']}/suggestions").text
    assert 'data-suggested="similar deal"' in shown
    hidden_kin = alice.get(f"/deals/{world.confidential_deal}/suggestions")
    assert hidden_kin.status_code == 200
    assert "data-suggested" not in hidden_kin.text
    for tab in (
        "",
        "/suggestions",
        "/suggestions/more",
        "/kin",
        "/playbook",
        "/experts",
        "/references",
    ):
        alice.get(f"/deals/{world.confidential_deal}{tab}")
    counts = stored(app, session)
    assert counts["expert", "opened"] == 1
    for wrong in ({"kind": "x"}, {"fate": "shown"}, {"deal": ""}):
        assert alice.post("/insights/counts", {**sent, **wrong}).status_code == 422


def test_should_show_the_fates_of_a_quarter(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        add_counts(
            session,
            {
                (today(), SuggestionKind.REFERENCE, Fate.SHOWN): 40,
                (today(), SuggestionKind.REFERENCE, Fate.USED): 10,
                (today(), SuggestionKind.PATH, Fate.SHOWN): 5,
                (today(), SuggestionKind.PATH, Fate.USED): 5,
            },
        )
    page = visit("erin").get("/insights").text
    assert '<b>25%</b> <span class="muted">10</span>' in page
    # Five suggestions are too few for a share.
    assert "<b>100%</b>" not in page
    assert "Alice" not in page.split("<main")[1]
    assert visit("dana").get("/insights?quarter=1990-Q1").status_code == 422


def test_should_show_the_pipeline_over_time_and_the_deals_behind_a_figure(
    visit: Visit, world: World
) -> None:
    with world.database.write() as session:
        set_company(session, None, currency="EUR")
    dana = visit("dana")
    page = " ".join(dana.get("/insights/pipeline").text.split())
    # Today's figures lead to the list, those of the past to the deals of then.
    assert 'href="/deals?outcome=open&amp;stage=Negotiation%2FReview">520k' in page
    past = week_ends()[0].isoformat()
    asked = f"/insights/pipeline?by=week&on={past}&stage=Negotiation%2FReview"
    assert f'href="{asked.replace("&", "&amp;")}#deals"' in page
    behind = dana.get(asked).text
    assert "Meridian plant integration" in behind[behind.index('id="deals"') :]
    assert "Tidewater claims" not in behind[behind.index('id="deals"') :]
    assert dana.get(f"/insights/pipeline?by=month&on={past}").status_code == 200
    for wrong in ("by=year", "on=2999-01-01", "on=x", f"on={past}&stage=None"):
        assert dana.get(f"/insights/pipeline?{wrong}").status_code == 422
    assert visit("frank").get("/insights/pipeline").status_code == 403
