"""The Activity tab."""

import re

import pytest

from tests.web.checklist import refuses_on_deals
from tests.web.conftest import Visit
from tests.world import World
from workspace.timeline.timeline import record


def test_should_show_what_happened(visit: Visit, world: World) -> None:
    page = visit("frank").get(f"/deals/{world.deals['wards']}/activity")
    assert "Called the ward manager." in page.text
    assert "added <b>Bob Brandt</b> to the team as product expert" in page.text
    assert "Write it down" not in page.text


def test_should_narrow_the_timeline_down(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['wards']}/activity"
    written = visit("alice").get(f"{here}?show=written", **{"HX-Request": "true"}).text
    assert "Called the ward manager." in written
    assert "on the team" not in written
    assert visit("alice").get(f"{here}?show=secrets").status_code == 422


def test_should_write_text_with_its_lines(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['wards']}/activity"
    text = "They said:\r\n<script>alert(1)</script> & more"
    assert visit("bob").post(here, {"kind": "call", "text": text}).status_code == 303
    page = visit("alice").get(here).text
    assert "They said:<br>&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page


def test_should_return_the_form_with_what_is_wrong(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['wards']}/activity"
    alice = visit("alice")
    assert alice.post(here, {"kind": "note", "text": "  "}).status_code == 422
    assert alice.post(here, {"kind": "stage", "text": "I moved it"}).status_code == 422
    long = alice.post(here, {"kind": "note", "text": "x" * 20_001})
    assert long.status_code == 422
    assert "At most 20,000" in long.text


def test_should_page_through_a_long_timeline(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        for n in range(120):
            record(session, deal.id, None, "note", f"note number {n}.")
    here = f"/deals/{deal.key}/activity?show=written"
    seen = []
    while here:
        page = visit("alice").get(here).text
        seen += [n for n in range(120) if f"note number {n}." in page]
        here = (
            page.split('id="more-events"><a class="button" href="')[1].split('"')[0]
            if ('id="more-events"' in page)
            else ""
        )
        here = here.replace("&amp;", "&")
    assert sorted(seen) == list(range(120))


def test_should_refuse_what_every_write_refuses(visit: Visit, world: World) -> None:
    refuses_on_deals(
        visit, world, "/deals/{deal}/activity", {"kind": "note", "text": "x"}, has_page=True
    )


def test_should_offer_those_who_may_see_the_deal(visit: Visit, world: World) -> None:
    def offered(name: str, deal: str, text: str) -> list[str]:
        found = visit(name).get(f"/deals/{world.deals[deal]}/activity/mentions?q={text}")
        return re.findall(r'data-mention="([^"]+)"', found.text) if found.status_code == 200 else []

    assert offered("alice", "wards", "dvo") == ["dana-dvorak"]
    assert offered("alice", "wards", "Dvořák") == ["dana-dvorak"]
    assert "bob-brandt" in offered("alice", "wards", "")
    assert offered("alice", "wards", "alice") == []
    assert offered("alice", "nightingale", "") == ["bob-brandt"]
    hidden = f"/deals/{world.confidential_deal}/activity/mentions"
    assert visit("dana").get(hidden).status_code == 404
    assert visit("erin").get(f"/deals/{world.deals['wards']}/activity/mentions").status_code == 403


def test_should_refuse_to_mention_who_may_not_see_the_deal(visit: Visit, world: World) -> None:
    here = f"/deals/{world.confidential_deal}/activity"
    answer = visit("alice").post(here, {"kind": "note", "text": "@dana-dvorak look"})
    assert answer.status_code == 422
    assert "Dana Dvořák may not see this deal" in answer.text
    assert "@dana-dvorak look" in answer.text


def test_should_say_which_mention_reaches_nobody_and_save_it_at_the_second_press(
    visit: Visit, world: World
) -> None:
    here, alice = f"/deals/{world.deals['wards']}/activity", visit("alice")
    text = "@Dana Dvorak and @Nobody, please"
    form = alice.post(here, {"kind": "call", "text": text})
    assert form.status_code == 422
    assert f"{text}</textarea>" in form.text
    assert 'value="call" checked' in re.sub(r"\s+", " ", form.text)
    assert "@Nobody reaches nobody" in form.text
    assert "@Nobody reaches nobody" not in alice.get(here).text
    anyway = re.findall(r'name="anyway" value="([^"]*)"', form.text)
    assert anyway == ["@Nobody"]
    # Another name that reaches nobody is said, too.
    sent = {"kind": "call", "text": f"{text}. @Else", "anyway": anyway[0]}
    assert alice.post(here, sent).status_code == 422
    sent = {"kind": "call", "text": text, "anyway": anyway[0]}
    assert alice.post(here, sent).status_code == 303
    saved = visit("dana").get(here).text
    assert '<a class="mention" href="/people/dana-dvorak"' in saved
    assert "@Nobody, please" in saved
    entry = f"{here}/" + re.findall(r"activity/(\d+)/edit", alice.get(here).text)[0]
    seen = re.findall(r'name="seen" value="(\w+)"', alice.get(f"{entry}/edit").text)[0]
    changed = {"text": "Ask @Noone", "seen": seen}
    form = alice.post(f"{entry}/edit", changed)
    assert form.status_code == 422
    assert "Ask @Noone</textarea>" in form.text
    assert alice.post(f"{entry}/edit", {**changed, "anyway": "@Noone"}).status_code == 303


def entry_of(visit: Visit, world: World, text: str) -> str:
    """The address of a note that Alice has just written."""
    here = f"/deals/{world.deals['wards']}/activity"
    visit("alice").post(here, {"kind": "note", "text": text})
    return f"{here}/" + re.findall(r"activity/(\d+)/edit", visit("alice").get(here).text)[0]


def test_should_rewrite_and_take_back_ones_own(visit: Visit, world: World) -> None:
    alice, entry = visit("alice"), entry_of(visit, world, "A tpyo")
    form = alice.get(f"{entry}/edit", **{"HX-Request": "true"}).text
    assert "A tpyo</textarea>" in form
    assert "A tpyo</textarea>" in alice.get(f"{entry}/edit").text
    seen = re.findall(r'name="seen" value="(\w+)"', form)[0]
    changed = {"text": "A typo", "seen": seen}
    assert visit("bob").get(f"{entry}/edit").status_code == 404
    assert visit("bob").post(f"{entry}/edit", changed).status_code == 404
    assert visit("frank").post(f"{entry}/edit", changed).status_code == 403
    assert alice.post(f"{entry}/edit", changed, token="").status_code == 403
    assert alice.post(f"{entry}/edit", {**changed, "kind": "stage"}).status_code == 422
    assert alice.post(f"{entry}/edit", {**changed, "text": ""}).status_code == 422
    assert alice.post(f"{entry}/edit", changed).status_code == 303
    page = visit("bob").get(entry.rpartition("/")[0]).text
    assert "A typo" in page
    assert "· edited" in page
    # From another window that still shows the old text nothing is overwritten.
    late = alice.post(f"{entry}/edit", {"text": "Old window", "seen": seen})
    assert late.status_code == 409
    assert "Old window</textarea>" in late.text
    assert "You changed this note elsewhere" in late.text
    assert '<p class="said">A typo</p>' in late.text
    # Having seen both, the next try is taken.
    seen = re.findall(r'name="seen" value="(\w+)"', late.text)[0]
    assert alice.post(f"{entry}/edit", {"text": "New window", "seen": seen}).status_code == 303
    assert visit("bob").post(f"{entry}/remove").status_code == 404
    assert visit("frank").post(f"{entry}/remove").status_code == 403
    assert alice.post(f"{entry}/remove").status_code == 303
    page = alice.get(entry.rpartition("/")[0]).text
    assert "New window" not in page
    # The notice takes it back, for the member alone who removed it.
    undo = re.findall(r'action="(/deleted/\w+/restore)"', page)[0]
    assert visit("bob").post(undo).status_code == 404
    assert alice.post(undo).status_code == 303
    page = alice.get(entry.rpartition("/")[0]).text
    assert "New window" in page
    assert f"{entry}/remove" in page


def test_should_bring_a_note_back_into_the_inboxes_that_it_was_in(
    visit: Visit, world: World
) -> None:
    alice, bob, frank = visit("alice"), visit("bob"), visit("frank")
    entry = entry_of(visit, world, "@Bob Brandt and @Frank Fischer, look at the wards")
    (done,) = re.findall(r'name="item" value="(\d+)"', bob.get("/inbox").text)[:1]
    bob.post("/inbox/done", {"item": done})
    assert alice.post(f"{entry}/remove").status_code == 303
    (undo,) = re.findall(r'action="(/deleted/\w+/restore)"', alice.get("/deals").text)
    # In the meantime nothing else takes its place there.
    entry_of(visit, world, "@Frank Fischer, here are the beds")
    assert "look at the wards" not in frank.get("/inbox").text
    assert "look at the wards" not in bob.get("/inbox?show=done").text
    assert alice.post(undo).status_code == 303
    inbox = frank.get("/inbox").text
    assert "look at the wards" in inbox
    assert "here are the beds" in inbox
    assert "look at the wards" not in bob.get("/inbox").text
    assert "look at the wards" in bob.get("/inbox?show=done").text


def test_should_show_markdown_and_nothing_that_runs(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['wards']}/activity"
    for text in (
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[b](data:text/html,x)",
        "![c](https://elsewhere.example/c.png)",
        '<a href="/x" hx-get="/y" onclick="z">d</a>',
        "[e](https://example.com/e 'onmouseover=alert(1)')",
        "```\n</code><script>alert(1)</script>\n```",
        "<svg/onload=alert(1)>",
        "&lt;script&gt;",
        '<https://example.com/"onclick="x>',
    ):
        visit("alice").post(here, {"kind": "note", "text": text})
    page = visit("bob").get(here).text
    timeline = page.split('id="timeline"')[1].split("</main>")[0]
    written = "".join(re.findall(r'<div class="prose">(.*?)</div>', timeline, re.DOTALL))
    assert written.count("<p>") + written.count("<pre>") >= 10
    for tag in re.findall(r"<[^/][^>]*>", written):
        assert not re.match(r"<(img|script|svg|iframe|style)", tag), tag
        assert not re.search(r"\s(on\w+|hx-\w+|style|src)=", tag), tag
        assert "javascript:" not in tag
        assert "data:" not in tag


def test_should_rewrite_what_is_far_down_without_scripts(visit: Visit, world: World) -> None:
    entry = entry_of(visit, world, "Long ago")
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        for n in range(60):
            record(session, deal.id, None, "note", f"note number {n}.")
    assert "Long ago</textarea>" in visit("alice").get(f"{entry}/edit").text


@pytest.mark.parametrize("number", [2**63, 10**40])
def test_should_know_no_entry_of_a_number_that_no_row_can_have(
    visit: Visit, world: World, number: int
) -> None:
    here, alice = f"/deals/{world.deals['wards']}", visit("alice")
    for path in (f"{here}/activity/{number}/edit", f"{here}/activity?before={number}"):
        assert alice.get(path).status_code in (404, 422)
    assert alice.get(f"/inbox?before={number}").status_code == 422
    for path in (f"{here}/tasks/{number}/done", f"{here}/activity/{number}/remove"):
        assert alice.post(path).status_code == 404
    for path in ("done", "reopen", "snooze"):
        sent = {"item": str(number), **({"until": "a week"} if path == "snooze" else {})}
        assert alice.post(f"/inbox/{path}", sent).status_code == 422
    assert alice.post("/inbox/done", {"item": "1" * 5000}).status_code == 422


def test_should_not_take_plain_words_for_links(visit: Visit, world: World) -> None:
    entry_of(visit, world, "see plan.md and [here](//evil.example), https://example.com/x")
    page = visit("bob").get(f"/deals/{world.deals['wards']}/activity").text
    written = page.split('<div class="prose">')[1].split("</div>")[0]
    assert re.findall(r'href="([^"]+)"', written) == ["https://example.com/x"]
