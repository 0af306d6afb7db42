"""The Activity tab."""

from tests.web.checklist import refuses_on_deals
from tests.web.conftest import Visit
from tests.world import World
from workspace.activity import record


def test_should_show_what_happened(visit: Visit, world: World) -> None:
    page = visit("frank").get(f"/deals/{world.deals['wards']}/activity")
    assert "Called the ward manager." in page.text
    assert "put <b>Bob Brandt</b> on the team as product expert" in page.text
    assert "Write it down" not in page.text


def test_should_narrow_the_timeline_down(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['wards']}/activity"
    written = visit("alice").get(f"{here}?show=written", **{"HX-Request": "true"}).text
    assert "Called the ward manager." in written
    assert "on the team" not in written
    assert visit("alice").get(f"{here}?show=secrets").status_code == 422


def test_should_write_plain_text_with_its_lines(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['wards']}/activity"
    text = "They said:\r\n<script>alert(1)</script> & more"
    assert visit("bob").post(here, {"kind": "call", "text": text}).status_code == 303
    page = visit("alice").get(here).text
    assert "They said:\n&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page


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
