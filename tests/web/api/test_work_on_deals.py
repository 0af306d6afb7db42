"""Work on a deal by a program, from the first note to a filled seat."""

from litestar import Litestar
from sqlmodel import Session

from tests.web.api.conftest import Programs
from tests.web.pages.test_insights import stored
from tests.world import World


def test_should_work_on_a_deal_by_the_ids_that_are_answered(
    program: Programs, world: World
) -> None:
    alice, here = program("alice"), f"/api/v1/deals/{world.deals['wards']}"
    note = alice.call("POST", f"{here}/notes", {"kind": "note", "text": "A pilot in May."})
    place = note.headers["location"]
    tag = note.headers["etag"]
    saved = alice.call("PATCH", place, {"text": "A pilot in June."}, If_Match=tag)
    assert saved.json()["text"] == "A pilot in June."
    assert alice.call("PATCH", place, {"text": "Never."}, If_Match=tag).status_code == 412
    newest = alice.get(f"{here}/timeline?limit=1").json()
    assert newest["items"][0]["id"] == note.json()["id"]
    older = alice.get(f"{here}/timeline?limit=1&after={newest['next']}").json()
    assert older["items"][0]["id"] != note.json()["id"]
    assert alice.call("DELETE", place).status_code == 204

    [task] = alice.call("POST", f"{here}/tasks", {"text": "Send answers"}).json()["tasks"]
    done = alice.call("POST", f"{here}/tasks/{task['id']}/done").json()["tasks"]
    assert [row["done_at"] is not None for row in done] == [True]

    seats = alice.call("POST", f"{here}/team", {"role": "trainer"}).json()["seats"]
    [seat] = [row for row in seats if row["name"] is None and row["role"] == "trainer"]
    filled = alice.call("POST", f"{here}/team/{seat['id']}/fill", {"person": "dana-dvorak"})
    assert "dana-dvorak" in [row["person_key"] for row in filled.json()["seats"]]

    added = alice.call("POST", f"{here}/stakeholders", {"person": "Nadia Ferro", "title": "CFO"})
    [nadia] = [row for row in added.json()["stakeholders"] if row["name"] == "Nadia Ferro"]
    changed = alice.call("PATCH", f"{here}/stakeholders/{nadia['number']}", {"note": "Decides."})
    assert "Decides." in [row["note"] for row in changed.json()["stakeholders"]]

    uses = alice.call("POST", f"{here}/uses", {"asset": world.assets["demo"]}).json()["uses"]
    assert uses
    helped = alice.call("POST", f"{here}/uses/{uses[0]['id']}/helped", {"helped": "yes"})
    assert helped.status_code == 200


def test_should_count_what_programs_are_shown_and_what_they_use(
    app: Litestar, program: Programs, world: World, session: Session
) -> None:
    alice, here = program("alice"), f"/api/v1/deals/{world.deals['wards']}"
    kin = [row["key"] for row in alice.get(f"{here}/similar").json()["similar"]]
    for part in ("playbook", "experts", "references"):
        assert alice.get(f"{here}/{part}").status_code == 200
    alice.call("POST", f"{here}/similar/{kin[0]}/judgement", {"verdict": "like"})
    alice.call("POST", f"{here}/uses", {"asset": world.assets["demo"]})
    counts = stored(app, session)
    assert counts["similar deal", "shown"] >= len(kin) > 0
    assert counts["similar deal", "used"] == counts["content", "used"] == 1
    assert counts["content", "shown"] > 0
    assert counts["expert", "shown"] > 0
    # The page shows the same on the same day.
    alice.get(f"{here}/similar")
    program("alice").get(f"/api/v1/deals/{world.confidential_deal}/similar")
    assert stored(app, session) == counts
