"""What the text of a deal names counts on its Kin tab where the record says nothing of it."""

from tests.web.conftest import Visit
from tests.world import World
from workspace.deals import lifecycle

TEXT = "Against Datamoor, they want Atlas Warehouse, a hospital with 2,000 people"


def _log(world: World) -> str:
    with world.database.write() as session:
        account = world.account(session, "kestrel")
        return lifecycle.log(session, "Wards", account, world.people["alice"], use_case=TEXT).key


def test_should_count_what_only_the_text_names(visit: Visit, world: World) -> None:
    key = _log(world)
    page = visit("alice").get(f"/deals/{key}/kin").text
    assert "same competitor: Datamoor" in page
    assert f"/deals/{key}/kin?off=competitor" in page
    # The record knows the account's industry.
    assert "off=industry" not in page


def test_should_not_count_what_is_removed(visit: Visit, world: World) -> None:
    key = _log(world)
    off = "off=competitor%3Adatamoor"
    page = visit("alice").get(f"/deals/{key}/kin?w_words=1&{off}").text
    assert "same competitor: Datamoor" not in page
    assert "same product: Atlas Warehouse" in page
    assert "<s>Datamoor</s>" in page
    # Weights and what was removed stay with the form.
    assert f"/deals/{key}/kin?w_words=1&amp;{off}&amp;off=product" in page
    assert 'name="off" value="competitor:datamoor" form="tuning"' in page


def test_should_judge_with_facets_removed(visit: Visit, world: World) -> None:
    key, other = _log(world), world.deals["brannoc"]
    form = {"verdict": "like", "off": "competitor:datamoor"}
    answer = visit("alice").post(
        f"/deals/{key}/kin/{other}/judgement", form, **{"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert "also against" not in answer.text
