"""The Kin tab."""

import re

import pytest

from similarity.feedback import REASONS
from similarity.learned_weights import Subject, keep
from similarity.scoring import Weights
from tests.web.checklist import refuses_on_deals
from tests.web.conftest import Visit
from tests.world import World, stage
from workspace.deals import lifecycle

HTMX = {"HX-Request": "true"}


def order(text: str) -> list[str]:
    return re.findall(r'<h3 id="kin-[^"]+"><a href="/deals/([^"]+)"', text)


def path(world: World, deal: str = "kestrel") -> str:
    return f"/deals/{world.deals[deal]}/kin"


def test_should_show_kin_with_reasons(visit: Visit, world: World) -> None:
    page = visit("charlie").get(path(world))
    assert page.status_code == 200
    assert world.deals["brannoc"] in order(page.text)[:3]
    assert 'class="chip" data-term="' in page.text
    assert "Why this order?" in page.text
    assert re.search(r'class="band (strong|fair|weak)"', page.text)


def test_should_leave_out_what_the_viewer_may_not_see(visit: Visit, world: World) -> None:
    assert world.confidential_deal in order(visit("bob").get(path(world)).text)
    for name in ("charlie", "dana", "frank"):
        page = visit(name).get(path(world))
        assert "Nightingale" not in page.text
        assert "Discretion" not in page.text


def test_should_rank_again_by_other_weights(visit: Visit, world: World) -> None:
    alice = visit("alice")
    usual = order(alice.get(path(world)).text)
    zero = "&".join(
        f"w_{name}=0"
        for name in ("meaning", "words", "industry", "size", "product", "competitor", "region")
    )
    answer = alice.get(f"{path(world)}?{zero}&w_recency=1", **HTMX)
    assert "<html" not in answer.text
    assert order(answer.text) != usual
    assert "w_recency=1" in answer.headers["hx-replace-url"]


def test_should_keep_usual_weights_out_of_the_address(visit: Visit, world: World) -> None:
    answer = visit("alice").get(f"{path(world)}?w_meaning=0.5&outcome=won", **HTMX)
    assert answer.headers["hx-replace-url"] == f"{path(world)}?outcome=won"


def test_should_start_sliders_from_the_learned_weights(visit: Visit, world: World) -> None:
    held = {**Weights().items(), "industry": 0.93, "words": 0.07}
    with world.database.write() as session:
        keep(session, Subject.WEIGHTS, held, {}, None)
    alice = visit("alice")
    page = alice.get(path(world)).text
    assert 'name="w_industry" min="0" max="1" step="0.01" value="0.93"' in page
    # As they are the usual ones now, they are not worth a place in the address.
    sent = "&".join(f"w_{name}={value}" for name, value in held.items())
    assert alice.get(f"{path(world)}?{sent}", **HTMX).headers["hx-replace-url"] == path(world)
    changed = alice.get(f"{path(world)}?w_industry=0.25", **HTMX).headers["hx-replace-url"]
    assert changed.endswith("kin?w_industry=0.25")


@pytest.mark.parametrize("query", ["w_meaning=2", "w_words=-1", "w_size=NaN", "outcome=x"])
def test_should_refuse_weights_that_are_none(visit: Visit, world: World, query: str) -> None:
    assert visit("alice").get(f"{path(world)}?{query}").status_code == 422


def test_should_filter_before_ranking(visit: Visit, world: World) -> None:
    every = order(visit("alice").get(path(world)).text)
    found = order(visit("alice").get(f"{path(world)}?industry=Q86").text)
    hospitals = {world.deals[name] for name in ("brannoc", "havel", "nightingale")}
    assert set(found) == hospitals
    assert found == [key for key in every if key in hospitals]


def test_should_offer_nothing_that_is_not_alike(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        deal = lifecycle.log(session, "Qwx", None, world.people["alice"], use_case="vbn mkj plo")
        key = deal.key
    page = visit("alice").get(f"/deals/{key}/kin").text
    assert "No similar deals yet" in page
    assert order(page) == []


def test_should_set_running_deals_apart(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        deal = lifecycle.log(
            session,
            "Records of Havel wards",
            world.account(session, "havel"),
            world.people["dana"],
            owner_id=world.people["dana"],
            use_case="Patient records of the wards in one warehouse",
        )
        key = deal.key
    page = visit("alice").get(path(world, "wards")).text
    past, running = page.split("Also running now")
    assert key not in past
    assert f"/deals/{key}" in running
    assert "talk to Dana Dvořák" in running
    assert key in order(visit("alice").get(f"{path(world, 'wards')}?outcome=open").text)


def test_should_fold_deals_of_one_account_into_one_row(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        won = stage(session, "Closed Won")
        for number in range(3):
            lifecycle.log(
                session,
                f"Patient records, part {number}",
                world.account(session, "brannoc"),
                world.people["charlie"],
                stage=won,
                use_case="Patient records of the hospital in one warehouse",
            )
    page = visit("alice").get(path(world)).text
    shown = [key for key in order(page) if key != world.deals["nightingale"]]
    text = " ".join(page.split())
    assert "3 more at St Brannoc" in text
    assert len(shown) == len(set(shown))
    assert sum(page.count(f"Patient records, part {number}</a>") for number in range(3)) >= 2


def test_should_hide_what_is_not_alike_and_offer_it_again(visit: Visit, world: World) -> None:
    alice = visit("alice")
    here, other = path(world, "wards"), world.deals["brannoc"]
    hidden = alice.post(
        f"{here}/{other}/judgement", {"verdict": "unlike", "reason": "too old"}, **HTMX
    )
    assert hidden.status_code == 200
    assert "is hidden (too old)" in hidden.text
    assert "Undo" in hidden.text
    page = alice.get(here).text
    assert other not in order(page)
    assert "Marked “not similar”" in page
    back = alice.post(f"{here}/{other}/judgement", {"verdict": "withdraw"}, **HTMX)
    assert "St Brannoc patient records" in back.text
    assert other in order(alice.get(here).text)


def test_should_work_without_javascript(visit: Visit, world: World) -> None:
    alice = visit("alice")
    here, other = path(world, "wards"), world.deals["brannoc"]
    answer = alice.post(f"{here}/{other}/judgement", {"verdict": "like"})
    assert answer.status_code == 303
    assert answer.headers["location"] == here
    assert 'aria-pressed="true"' in alice.get(here).text


def test_should_ask_for_a_reason(visit: Visit, world: World) -> None:
    here, other = path(world, "wards"), world.deals["brannoc"]
    post = visit("alice").post
    assert post(f"{here}/{other}/judgement", {"verdict": "unlike"}).status_code == 422
    assert (
        post(f"{here}/{other}/judgement", {"verdict": "unlike", "reason": "because"}).status_code
        == 422
    )
    assert post(f"{here}/D-9999/judgement", {"verdict": "like"}).status_code == 404


def test_should_not_judge_what_one_cannot_see(visit: Visit, world: World) -> None:
    here, other = path(world, "kestrel"), world.confidential_deal
    answer = visit("charlie").post(f"{here}/{other}/judgement", {"verdict": "like"})
    assert answer.status_code == 404


def test_should_refuse_what_every_write_refuses(visit: Visit, world: World) -> None:
    refuses_on_deals(
        visit,
        world,
        "/deals/{deal}/kin/" + world.deals["brannoc"] + "/judgement",
        {"verdict": "unlike", "reason": REASONS[0]},
    )


def test_should_judge_by_the_weights_and_filters_that_the_reader_has(
    visit: Visit, world: World
) -> None:
    alice, here = visit("alice"), path(world, "wards")
    judge = f"{here}/{world.deals['brannoc']}/judgement"
    tuned = {f"w_{name}": "0" for name in ("meaning", "words", "industry", "size", "product")}
    tuned |= {"w_competitor": "1", "w_region": "0", "w_recency": "0", "q": "", "outcome": "won"}
    answer = alice.post(judge, {"verdict": "like", **tuned}, **HTMX)
    weights = re.findall(
        r'<td class="num">([\d.]+)</td><td class="num">[\d.]+</td><td>', answer.text
    )
    assert order(answer.text) == [world.deals["brannoc"]]
    assert sum(float(each) > 0 for each in weights) == 1
    assert 'hx-include="#tuning"' in answer.text
    assert alice.post(judge, {"verdict": "like", "w_words": "9"}, **HTMX).status_code == 422


def test_should_answer_each_verdict_on_a_kin_that_is_not_shown(visit: Visit, world: World) -> None:
    alice = visit("alice")
    judge = f"{path(world, 'wards')}/{world.deals['brannoc']}/judgement"
    # The filter leaves this kin out, as the end of a long list does.
    for verdict, reason, said in (
        ("like", "", "is marked “similar”."),
        ("unlike", "too old", "is hidden (too old)."),
        ("withdraw", "", "is suggested again if it ranks high enough."),
    ):
        sent = {"verdict": verdict, "reason": reason, "outcome": "lost"}
        answer = alice.post(judge, sent, **HTMX)
        assert answer.status_code == 200
        assert said in answer.text
        assert ("Undo" in answer.text) == (verdict != "withdraw")


def test_should_take_keys_of_any_letters(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        world.deal(session, "wards").key = "Ż-1?"
        world.account(session, "brannoc").key = "szpital-św"
    alice = visit("alice")
    here = "/deals/%C5%BB-1%3F"
    answer = alice.get(f"{here}/kin?outcome=won", **HTMX)
    assert answer.headers["hx-replace-url"] == f"{here}/kin?outcome=won"
    note = {"kind": "note", "text": "Called."}
    assert alice.post(f"{here}/activity", note).headers["location"] == f"{here}/activity"
    assert alice.post(f"{here}/activity", note, **HTMX).headers["hx-redirect"] == f"{here}/activity"
    account = "/accounts/szpital-%C5%9Bw"
    saved = alice.save(f"{account}/edit", {"name": "St Brannoc"}, **HTMX)
    assert saved.headers["hx-redirect"] == account
    assert alice.get(f"{here}/kin", **{"HX-Request": "true"}).status_code == 200
    stranger = visit(None).get(f"{here}/kin", **HTMX, **{"HX-Current-URL": f"http://x{here}/kin"})
    assert stranger.headers["hx-redirect"].isascii()
