"""The inbox's pages."""

import re

from tests.web.conftest import Visit
from tests.world import World
from workspace.collaboration import notes

FRAGMENT = {"HX-Request": "true"}


def mention(world: World, name: str, text: str = "", deal: str = "wards") -> None:
    with world.database.write() as session:
        row = world.deal(session, deal)
        notes.write_note(session, row, world.people["alice"], "note", f"@{name} {text}")


def items(page: str) -> list[str]:
    return re.findall(r'id="done-(\d+)"', page)


def test_should_say_who_wants_what_and_why(visit: Visit, world: World) -> None:
    mention(world, "bob-brandt", "is **this** for us?")
    page = visit("bob").get("/inbox").text
    assert "<b>Alice Adeyemi</b> mentioned you" in page
    assert "St Brannoc ward dashboards" in page
    assert "You were mentioned." in page
    assert "is <strong>this</strong> for us?" in page
    # Every page says how much waits, and only whose inbox it is.
    assert "data-inbox-count>1</span>" in visit("bob").get("/deals").text
    assert "data-inbox-count hidden>0</span>" in visit("dana").get("/deals").text
    assert "mentioned you" in visit("bob").get("/").text
    assert "All caught up" in visit("dana").get("/inbox").text


def test_should_be_done_with_something_and_take_it_back(visit: Visit, world: World) -> None:
    mention(world, "frank-fischer")
    frank = visit("frank")
    [item] = items(frank.get("/inbox").text)
    done = frank.post("/inbox/done", {"item": item}, **FRAGMENT).text
    assert "Done." in done
    assert "Undo" in done
    assert items(done) == []
    assert "mentioned you" in frank.get("/inbox?show=done").text
    back = frank.post("/inbox/reopen", {"item": item}, **FRAGMENT).text
    assert items(back) == [item]
    # Without scripts it is a page again.
    assert frank.post("/inbox/done", {"item": item}).headers["location"] == "/inbox"


def test_should_put_something_off(visit: Visit, world: World) -> None:
    mention(world, "bob-brandt")
    bob = visit("bob")
    [item] = items(bob.get("/inbox").text)
    answer = bob.post("/inbox/snooze", {"item": item, "until": "a week"}, **FRAGMENT).text
    assert "Snoozed until" in answer
    assert items(answer) == []
    assert "Comes back on" in bob.get("/inbox?show=snoozed").text
    for wrong in ({"item": item, "until": "ever"}, {"until": "a week"}, {"item": "x"}):
        assert bob.post("/inbox/snooze", wrong).status_code == 422
    assert bob.post("/inbox/snooze", {"item": "999999", "until": "a week"}).status_code == 404
    assert bob.post("/inbox/done", {"item": str(2**70)}).status_code == 422


def test_should_not_reach_into_the_inbox_of_another(visit: Visit, world: World) -> None:
    mention(world, "bob-brandt")
    [item] = items(visit("bob").get("/inbox").text)
    visit("dana").post("/inbox/done", {"item": item})
    assert visit("dana").post("/inbox/snooze", {"item": item, "until": "a week"}).status_code == 404
    assert items(visit("bob").get("/inbox").text) == [item]


def test_should_need_the_token_of_the_form(visit: Visit, world: World) -> None:
    mention(world, "bob-brandt")
    [item] = items(visit("bob").get("/inbox").text)
    for path in ("done", "reopen", "snooze", "unfollow", "settings"):
        assert visit("bob").post(f"/inbox/{path}", {"item": item}, token="").status_code == 403
        assert visit(None).post(f"/inbox/{path}", {"item": item}).status_code == 403
        assert visit("bob").post(f"/inbox/{path}", {"surprise": "x"}).status_code == 422
    assert items(visit("bob").get("/inbox").text) == [item]


def test_should_follow_a_deal_and_stop(visit: Visit, world: World) -> None:
    frank, here = visit("frank"), f"/deals/{world.deals['wards']}/activity"
    assert frank.post(f"{here}/follow", {"follow": "yes"}).status_code == 303
    assert "Following" in frank.get(here).text
    mention(world, "bob-brandt", "the demo went well")
    page = frank.get("/inbox").text
    assert "You follow this deal" in page
    answer = frank.post("/inbox/unfollow", {"deal": world.deals["wards"]}, **FRAGMENT).text
    assert "You no longer follow St Brannoc ward dashboards." in answer
    assert "Following" not in frank.get(here).text
    hidden = f"/deals/{world.confidential_deal}/activity/follow"
    assert visit("charlie").post(hidden, {"follow": "yes"}).status_code == 404
    gone = {"deal": world.confidential_deal}
    assert visit("charlie").post("/inbox/unfollow", gone).status_code == 404
    assert frank.post(f"{here}/follow", {"follow": "perhaps"}).status_code == 422
    assert frank.post(f"{here}/follow", {"follow": "no"}, token="").status_code == 403


def test_should_choose_the_daily_mail(visit: Visit) -> None:
    bob = visit("bob")
    page = bob.get("/inbox/settings").text
    assert 'value="daily" checked' in page
    assert "No emails are sent yet" in page
    assert bob.post("/inbox/settings", {"digest": "never"}).status_code == 303
    assert 'value="never" checked' in bob.get("/inbox/settings").text
    clock = {"digest": "never", "zone": "Europe/Warsaw"}
    assert bob.post("/inbox/settings", clock).status_code == 303
    assert '<option value="Europe/Warsaw" selected>' in bob.get("/inbox/settings").text
    assert bob.post("/inbox/settings", {**clock, "zone": "Mars/Olympus"}).status_code == 422
    assert bob.post("/inbox/settings", {"digest": "hourly"}).status_code == 422
    assert 'value="daily" checked' in visit("dana").get("/inbox/settings").text


def test_should_leaf_through_a_long_inbox(visit: Visit, world: World) -> None:
    for n in range(60):
        mention(world, "bob-brandt", f"number {n}.")
    first = visit("bob").get("/inbox").text
    assert len(items(first)) == 50
    more = re.search(r'id="more-items"><a class="button" href="([^"]+)"', first)
    assert more
    rest = visit("bob").get(more[1].replace("&amp;", "&"), **FRAGMENT).text
    assert len(items(rest)) == 10
    assert not set(items(first)) & set(items(rest))
