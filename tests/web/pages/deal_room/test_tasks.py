"""Tasks on a deal's pages, and on Today."""

import re

from tests.web.checklist import refuses_on_deals
from tests.web.conftest import Visit, acts
from tests.world import World, ago
from workspace.collaboration import tasks


def add(world: World, text: str, *, deal: str = "wards", to: str | None = None) -> int:
    with world.database.write() as session:
        row = world.deal(session, deal)
        return tasks.add_task(session, row, text, world.people["alice"], due=ago(2), assignee=to).id


def test_should_add_a_task_and_do_it(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['wards']}"
    task = {"text": "Send the offer", "due": "2031-03-12", "assignee": "bob-brandt"}
    assert visit("alice").post(f"{here}/tasks", task).status_code == 303
    for page in (f"{here}/activity", f"{here}/tasks", here):
        text = visit("alice").get(page).text
        assert "Send the offer" in text
        assert "12 Mar 2031" in text
    today = visit("bob").get("/").text
    assert "Send the offer" in today
    assert "Done: Send the offer" in today
    [number] = re.findall(r"/tasks/(\d+)/done", today)
    done = visit("bob").post(f"{here}/tasks/{number}/done", {"back": "today"})
    assert done.headers["location"] == "/"
    assert 'aria-label="Done: Send the offer"' not in visit("bob").get("/").text
    assert "Reopen: Send the offer" in visit("alice").get(f"{here}/activity").text
    assert "completed a task" in visit("alice").get(f"{here}/activity?show=tasks").text


def test_should_say_what_is_wrong_with_a_task(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['wards']}/tasks"
    alice, before = visit("alice"), acts(world)
    for wrong, said in (
        ({"text": ""}, "Required."),
        ({"text": "x" * 301}, "At most 300"),
        ({"text": "x", "due": "soon"}, "Enter a date, for example"),
        ({"text": "x", "assignee": "nobody"}, "Choose a member who can see this deal."),
    ):
        answer = alice.post(here, wrong, **{"HX-Request": "true"})
        assert answer.status_code == 422
        assert said in answer.text
        assert answer.text.lstrip().startswith("<form")
    assert "Add task" in alice.post(here, {"text": ""}).text
    hidden = f"/deals/{world.confidential_deal}/tasks"
    assert alice.post(hidden, {"text": "x", "assignee": "dana-dvorak"}).status_code == 422
    assert acts(world) == before


def test_should_refuse_what_every_write_refuses(visit: Visit, world: World) -> None:
    refuses_on_deals(visit, world, "/deals/{deal}/tasks", {"text": "x"}, has_page=True)
    task = add(world, "Send the offer")
    refuses_on_deals(visit, world, f"/deals/{{deal}}/tasks/{task}/done", {})
    refuses_on_deals(visit, world, f"/deals/{{deal}}/tasks/{task}/reopen", {})
    refuses_on_deals(visit, world, f"/deals/{{deal}}/tasks/{task}/change", {"due": "2031-03-12"})
    refuses_on_deals(visit, world, f"/deals/{{deal}}/tasks/{task}/remove", {})


def test_should_undo_the_removal_of_a_task(visit: Visit, world: World) -> None:
    task, here = add(world, "Send the offer"), f"/deals/{world.deals['wards']}"
    alice = visit("alice")
    alice.post(f"{here}/tasks/{task}/remove")
    page = alice.get(f"{here}/activity").text
    assert "Done: Send the offer" not in page
    alice.post(re.findall(r'action="(/deleted/\w+/restore)"', page)[0])
    assert "Done: Send the offer" in alice.get(f"{here}/activity").text


def test_should_let_whoever_has_a_task_do_it(visit: Visit, world: World) -> None:
    task = add(world, "Find the form", to="charlie-costa")
    here = f"/deals/{world.deals['wards']}"
    charlie = visit("charlie")
    assert "Done: Find the form" in charlie.get(f"{here}/activity").text
    assert "Done: Find the form" not in visit("erin").get(f"{here}/activity").text
    assert charlie.post(f"{here}/tasks/{task}/done").status_code == 303
    # It came with the right to answer, not to change the deal.
    assert charlie.post(f"{here}/activity", {"kind": "note", "text": "Found"}).status_code == 303
    assert charlie.post(f"{here}/tasks", {"text": "more"}).status_code == 403


def test_should_not_confuse_tasks_of_two_deals(visit: Visit, world: World) -> None:
    task = add(world, "Count the beds", deal="nightingale")
    alice = visit("alice")
    assert alice.post(f"/deals/{world.deals['wards']}/tasks/{task}/done").status_code == 404
    assert alice.post(f"/deals/{world.deals['wards']}/tasks/99999/done").status_code == 404
    for name in ("dana", "charlie"):
        assert "Count the beds" not in visit(name).get("/").text


def test_should_keep_the_day_of_the_next_step(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['wards']}"
    with world.database.read() as session:
        version = world.deal(session, "wards").version
    sent = {"next_step": "Demo on the wards", "next_step_on": "2031-03-12", "version": str(version)}
    assert visit("alice").post(f"{here}/edit", sent).status_code == 303
    page = visit("alice").get(here).text
    assert "Demo on the wards" in page
    assert "12 Mar 2031" in page
    listed = visit("alice").get("/deals?sort=next").text
    assert listed.index("St Brannoc ward dashboards") < listed.index("Meridian plant")
    assert "12 Mar 2031" in listed
    assert "12 Mar 2031" in visit("alice").get("/deals?view=board").text
    assert "12 Mar 2031" in visit("alice").get("/").text
    wrong = {"next_step_on": "tomorrow", "version": str(version + 1)}
    assert visit("alice").post(f"{here}/edit", wrong).status_code == 422
