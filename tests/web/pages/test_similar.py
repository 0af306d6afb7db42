"""Deals that are like a sentence, and the facets that the sentence names."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

from tests.web.conftest import Visit
from workspace.clock import spoken, today

SENTENCE = "Against+Datamoor,+a+Polish+hospital+with+2,000+people+wants+Atlas+Warehouse"


def test_should_find_deals_like_a_sentence_and_name_its_facets(visit: Visit) -> None:
    page = visit("frank").get(f"/similar?q={SENTENCE}").text
    assert "St Brannoc patient records" in page
    chips = page[page.index("Recognized in your text") :]
    chips = chips[: chips.index("</p>")]
    for label in ("Datamoor", "Atlas Warehouse", "Poland", "2,000 employees", "Hospitals"):
        assert label in chips
    # They count like selected ones.
    assert "same product: Atlas Warehouse" in page
    assert "same competitor: Datamoor" in page


def test_should_not_count_what_is_removed(visit: Visit) -> None:
    page = visit("frank").get(f"/similar?q={SENTENCE}&off=competitor:datamoor&off=nonsense").text
    assert "<s>Datamoor</s>" in page
    assert "also against" not in page
    assert "same product: Atlas Warehouse" in page
    # Its chip leads back.
    assert "off=country" in page
    assert "off=nonsense" not in page


def test_should_not_count_what_the_sentence_denies(visit: Visit) -> None:
    page = visit("frank").get("/similar?q=A+hospital,+not+against+Datamoor").text
    assert "also against" not in page
    assert "competitor</span>" not in page


def test_should_name_no_competitor_that_only_a_hidden_deal_has(visit: Visit) -> None:
    form = {
        "name": "Project Owl", "account": "St Brannoc Hospital", "new_competitor": "Opalux",
        "confidential": "on",
    }  # fmt: skip
    visit("alice").post("/deals", form)
    assert "competitor</span>" in visit("alice").get("/similar?q=against+Opalux").text
    assert "competitor</span>" not in visit("charlie").get("/similar?q=against+Opalux").text


def test_should_ask_for_a_sentence_first(visit: Visit) -> None:
    page = visit("frank").get("/similar").text
    assert "No past deal" not in page
    assert 'name="q"' in page


def test_should_count_named_facets_for_experts(visit: Visit) -> None:
    page = visit("frank").get("/experts?q=a+hospital+against+Datamoor").text
    assert "Recognized" in page
    assert "off=competitor" in page


def test_should_fill_in_a_deal_from_one_sentence(visit: Visit) -> None:
    sentence = "Opalux+Dairy,+a+Polish+dairy+with+2,000+people,+against+Datamoor"
    page = visit("alice").get(f"/deals/new?sentence={sentence}").text
    assert 'value="Opalux Dairy"' in page
    assert '<option value="C10" selected' in page
    assert '<option value="PL" selected' in page
    assert re.search('name="headcount"[^>]* value="2000"', page)
    assert 'value="datamoor" checked' in page.replace("\n", " ")


def test_should_recognise_the_account_of_the_record(visit: Visit) -> None:
    page = visit("alice").get("/deals/new?sentence=ward+dashboards+for+St+Brannoc+Hospital").text
    assert 'name="account" value="St Brannoc Hospital"' in page
    assert "In the record" in page


def test_should_name_and_value_the_deal_of_a_sentence(visit: Visit) -> None:
    sentence = "Ward dashboards at St Brannoc Hospital, £120k, forty wards, against Datamoor"
    page = visit("alice").get(f"/deals/new?{urlencode({'sentence': sentence})}").text
    assert re.search('name="name"[^>]* value="Ward dashboards"', page)
    assert re.search('name="amount"[^>]* value="120000"', page)
    assert re.search('name="currency"[^>]* value="GBP"', page)


def test_should_fill_in_the_day_of_closing_until_it_is_removed(visit: Visit) -> None:
    day = today() + timedelta(days=40)
    sentence = urlencode({"sentence": f"Ward dashboards, closes on {day}"})
    page = visit("alice").get(f"/deals/new?{sentence}").text
    assert re.search(f'name="expected_close"[^>]* value="{day}"', page)
    assert spoken(day) in page
    (removed,) = re.findall(r'href="(/deals/new\?[^"]*off=closes[^"]*)"', page)
    page = visit("alice").get(unescape(removed)).text
    assert not re.search('name="expected_close"[^>]* value="2', page)
    assert f"<s>{spoken(day)}</s>" in page
    # The sentence is still what the deal is about.
    assert f"closes on {day}</textarea>" in page


def test_should_leave_out_a_facet_that_is_removed_from_a_sentence(visit: Visit) -> None:
    sentence = "sentence=a+dairy+against+Datamoor"
    page = visit("alice").get(f"/deals/new?{sentence}&off=competitor:datamoor").text
    assert 'value="datamoor" checked' not in page.replace("\n", " ")
    assert '<option value="C10" selected' in page


def test_should_fill_in_nothing_without_a_sentence(visit: Visit) -> None:
    page = visit("alice").get("/deals/new?account=St+Brannoc+Hospital").text
    assert 'name="account" value="St Brannoc Hospital"' in page
    assert "Filled in" not in page
