"""A company's own fields: added, imported, shown, filtered, searched, counted, exported."""

import csv
import io
import math
import re
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from references.imports import EXTENSION
from references.removal import delete_deal
from similarity.index.catalog import Catalog
from similarity.inquiry import ask_of_deal
from similarity.kin import kin_of, past_and_running
from tests.web.conftest import Visit
from tests.workspace.imports.files import counts, load_text
from tests.world import World
from workspace.audit import AuditEntry
from workspace.own_fields.fields import (
    FieldKind,
    FieldSubject,
    OwnField,
    add_field,
    remove_field,
)
from workspace.people.tables import Role
from workspace.revisions import history
from workspace.timeline.timeline import TimelineEntry

FIELDS = "/administration/own-fields"


def add(world: World, name: str, kind: FieldKind, **facts: Any) -> OwnField:
    subject = facts.pop("subject", FieldSubject.DEAL)
    with world.database.write() as session:
        return add_field(session, subject, name, kind, None, **facts)


def own_of(world: World, name: str) -> dict[str, Any]:
    with world.database.read() as session:
        return dict(world.deal(session, name).own)


def exported(visit: Visit, name: str, query: str, what: str = "deals") -> list[dict[str, str]]:
    answer = visit(name).post(f"/exports/{what}", {"format": "csv", "query": query})
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_should_carry_a_choice_of_the_companys_own_from_a_file_to_kin_and_out_again(
    visit: Visit, world: World, catalog: Catalog, tmp_path: Path
) -> None:
    """Must-show 5: added, imported, filtered, a term of the sum, exported and imported again."""
    form = {"subject": "deal", "kind": "choice", "name": "Deployment", "weight": "0.4"}
    choices = {"choices": "On-premises\nPrivate cloud\nCloud"}
    assert visit("grace").post(FIELDS, {**form, **choices}).status_code == 303
    keys = world.deals
    text = (
        "Deal key,Deployment\n"
        f"{keys['wards']},on-premises\n{keys['havel']},On-premises\n{keys['brannoc']},Cloud\n"
        f"{keys['lumen']},elsewhere\n"
    )
    report = load_text(world.database, tmp_path, text)
    assert counts(report) == (0, 3, 1, 0)
    assert "none of On-premises" in report.error_file.read_text("utf-8-sig")  # type: ignore[union-attr]
    assert own_of(world, "wards") == {"deployment": "On-premises"}

    # The list: a column, a filter, an order.
    alice = visit("alice")
    page = alice.get("/deals?own_deployment=On-premises&columns=name,own_deployment").text
    assert "Havel Clinics data platform" in page
    assert "Lumen Bank" not in page
    assert '<td data-label="Deployment">On-premises</td>' in page
    rows = exported(visit, "alice", "columns=name,own_deployment&sort=-own_deployment")
    assert [row["Deployment"] for row in rows][:4] == ["On-premises", "On-premises", "Cloud", ""]

    # Similar deals: a term of its own, with its weight, in the sum.
    catalog.catch_up()
    with world.database.read() as session:
        inquiry = ask_of_deal(session, world.viewer("alice"), catalog, world.deal(session, "wards"))
        past, _ = past_and_running()
        kin = {row.key: row for row in kin_of(session, catalog, inquiry, filter=past, limit=20)}
    for name, value in (("havel", 1.0), ("brannoc", 0.0)):
        found = kin[keys[name]]
        [term] = [term for term in found.terms if term.name == "Deployment"]
        assert (term.value, term.weight) == (value, 0.4)
        assert math.isclose(found.score, math.fsum(each.contribution for each in found.terms))
    [term] = [term for term in kin[keys["havel"]].terms if term.name == "Deployment"]
    assert term.because == "same Deployment: On-premises"
    assert "same Deployment: On-premises" in alice.get(f"/deals/{keys['wards']}/kin").text

    # Out, and in again: nothing differs; what was changed in the meantime comes back.
    with world.database.write() as session:
        world.deal(session, "fjord").own = {"deployment": "Private cloud"}
    query = "columns=name,stage,amount,own_deployment"
    file = visit("grace").post("/exports/deals", {"format": "csv", "query": query})
    again = load_text(world.database, tmp_path, file.content.decode("utf-8-sig"))
    assert (again.created, again.updated, again.failed) == (0, 0, 0)
    with world.database.write() as session:
        world.deal(session, "fjord").own = {}
    load_text(world.database, tmp_path, file.content.decode("utf-8-sig"))
    assert own_of(world, "fjord") == {"deployment": "Private cloud"}


def test_should_take_each_kind_of_value_in_a_form_and_refuse_others(
    visit: Visit, world: World
) -> None:
    add(world, "Motive", FieldKind.TEXT)
    add(world, "Sites", FieldKind.NUMBER)
    add(world, "Budget", FieldKind.AMOUNT, currency="EUR")
    add(world, "Board meets", FieldKind.DAY)
    add(world, "Modules", FieldKind.CHOICES, choices=["Core", "Audit", "Billing"])
    add(world, "Folder", FieldKind.LINK)
    alice, here = visit("alice"), f"/deals/{world.deals['wards']}"
    sent = {
        "version": "1",
        "own_motive": "Two hospitals merge",
        "own_sites": "-4",
        "own_budget": "125,000.50",
        "own_board-meets": "2027-03-01",
        "own_modules": ["", "Audit", "Core"],
        "own_folder": "https://files.example/1",
    }
    assert alice.post(f"{here}/edit", sent).status_code == 303
    assert own_of(world, "wards") == {
        "motive": "Two hospitals merge",
        "sites": -4.0,
        "budget": 125000.5,
        "board-meets": "2027-03-01",
        "modules": "Audit; Core",
        "folder": "https://files.example/1",
    }
    page = alice.get(here).text
    for shown in ("125,000.5 EUR", "1 Mar 2027", "https://files.example/1", "Audit"):
        assert shown in page
    wrong = {
        "own_sites": "many",
        "own_modules": "Other",
        "own_folder": "javascript:alert(1)",
        "own_board-meets": "soon",
    }
    refused = alice.post(f"{here}/edit", {"version": "2", **wrong})
    assert refused.status_code == 422
    assert refused.text.count('class="error"') == 4
    for query, found in (
        ("own_sites_from=-5&own_sites_to=-4", True),
        ("own_sites_from=-3", False),
        ("own_budget_from=125000", True),
        ("own_board-meets_to=2027-03-01", True),
        ("own_board-meets_to=2027-02-28", False),
        ("own_modules=Core", True),
        ("own_modules=Billing", False),
        ("own_motive=hospitals", True),
    ):
        names = [row["Name"] for row in exported(visit, "alice", query)]
        assert (names == ["St Brannoc ward dashboards"]) is found, query
    for order in ("own_sites", "-own_budget", "own_board-meets"):
        assert alice.get(f"/deals?sort={order}").status_code == 200


@pytest.mark.parametrize(
    ("subject", "path"),
    [
        (FieldSubject.ACCOUNT, "/accounts/st-brannoc-hospital"),
        (FieldSubject.PERSON, "/people/ines-moreira"),
        (FieldSubject.ASSET, "/library/ward-demo"),
    ],
)
def test_should_be_a_field_of_other_records(
    visit: Visit, world: World, subject: FieldSubject, path: str
) -> None:
    add(world, "Segment", FieldKind.CHOICE, choices=["Public", "Private"], subject=subject)
    path = path if subject != FieldSubject.ASSET else f"/library/{world.assets['demo']}"
    path = path if subject != FieldSubject.ACCOUNT else f"/accounts/{world.accounts['brannoc']}"
    grace = visit("grace")
    page = grace.get(f"{path}/edit").text
    assert 'name="own_segment"' in page
    # The form as it was opened, with a choice.
    fields = dict(re.findall(r'name="(\w+)" (?:type="\w+" )?value="([^"]*)"', page))
    kept = {name: value for name, value in fields.items() if name not in ("q", "theme")}
    for name in ("name", "kind", "relationship"):
        chosen = re.search(rf'<select id="{name}".*?<option value="([^"]+)" selected', page, re.S)
        if chosen:
            kept[name] = chosen[1]
    kept = {name: kept[name] for name in kept if name in ("name", "kind", "relationship", "seen")}
    saved = grace.post(f"{path}/edit", {**kept, "own_segment": "Public"})
    assert saved.status_code == 303, saved.text
    assert "<dt>Segment</dt><dd>Public</dd>" in grace.get(path).text
    folder = "/" + path.split("/")[1]
    assert '<td data-label="Segment">Public</td>' in grace.get(f"{folder}?own_segment=Public").text
    name = folder[1:]
    assert [row["Segment"] for row in exported(visit, "grace", "own_segment=Public", name)] == [
        "Public"
    ]
    assert exported(visit, "grace", "own_segment=Private", name) == []


def test_should_show_a_field_to_its_roles_alone(
    visit: Visit, world: World, catalog: Catalog, tmp_path: Path
) -> None:
    facts = {"choices": ["Gold", "Iron"], "readers": [Role.MANAGER], "weight": 0.5}
    add(world, "Tier", FieldKind.CHOICE, **facts)
    add(world, "Rumour", FieldKind.TEXT, readers=[Role.MANAGER])
    key = world.deals["wards"]
    text = f"deal,Tier,Rumour\n{key},Gold,zanzibar takeover\n{world.deals['fjord']},Gold,\n"
    load_text(world.database, tmp_path, text)
    catalog.catch_up()
    alice, dana = visit("alice"), visit("dana")
    assert "Gold" in dana.get(f"/deals/{key}").text
    assert "Fjord" in dana.get("/deals?own_tier=Gold").text
    for path in (f"/deals/{key}", f"/deals/{key}/edit", "/deals", f"/deals/{key}/kin"):
        page = alice.get(path).text
        assert "Tier" not in page
        assert "Gold" not in page
    everything = exported(visit, "alice", "")
    assert exported(visit, "alice", "own_tier=Iron&sort=own_tier&columns=name,own_tier") == [
        {name: row[name] for name in ("Deal key", "Name")} for row in everything
    ]
    assert world.deals["wards"] not in alice.get("/search?q=zanzibar+takeover").text
    # Neither the timeline nor a form of theirs tells of it, and none removes it.
    with world.database.read() as session:
        details = session.exec(select(TimelineEntry.detail)).all()
        assert "Gold" not in str(details)
        assert session.exec(select(AuditEntry).where(AuditEntry.action == "deal edited")).all()
    alice.post(f"/deals/{key}/edit", {"version": "2", "next_step": "Call", "own_tier": "Iron"})
    assert own_of(world, "wards")["tier"] == "Gold"


def test_should_search_a_text_that_everybody_may_see(
    visit: Visit, world: World, catalog: Catalog
) -> None:
    add(world, "Motive", FieldKind.TEXT)
    with world.database.write() as session:
        world.deal(session, "fjord").own = {"motive": "Their dispatchers leave for zanzibar"}
    catalog.catch_up()
    found = visit("alice").get("/search?q=dispatchers+zanzibar").text
    assert world.deals["fjord"] in found


def test_should_change_many_deals_at_once(visit: Visit, world: World) -> None:
    add(world, "Deployment", FieldKind.CHOICE, choices=["Cloud", "On-premises"])
    keys = [world.deals["wards"], world.deals["meridian"]]
    form = {"deal": [f"{key}:1" for key in keys], "query": "", "own_deployment": "Cloud"}
    assert visit("alice").post("/deals/bulk", form).status_code == 303
    assert own_of(world, "wards") == own_of(world, "meridian") == {"deployment": "Cloud"}
    with world.database.read() as session:
        entry = session.exec(
            select(TimelineEntry)
            .where(TimelineEntry.deal_id == world.deal(session, "wards").id)
            .where(TimelineEntry.kind == "edited")
        ).one()
        assert entry.detail == {"own": {"Deployment": ["", "Cloud"]}}


def test_should_edit_and_remove_a_field_with_its_values(visit: Visit, world: World) -> None:
    field = add(world, "Deployment", FieldKind.CHOICE, choices=["Cloud"])
    with world.database.write() as session:
        world.deal(session, "wards").own = {"deployment": "Cloud"}
    grace = visit("grace")
    twice = grace.post(FIELDS, {"subject": "deal", "kind": "text", "name": "deployment"})
    assert "Another field has this name." in twice.text
    saved = grace.save(f"{FIELDS}/{field.id}", {"name": "Hosting", "choices": "Cloud\nOwn"})
    assert saved.status_code == 303
    assert "<dt>Hosting</dt><dd>Cloud</dd>" in grace.get(f"/deals/{world.deals['wards']}").text
    assert grace.post(f"{FIELDS}/{field.id}/remove").status_code == 303
    assert own_of(world, "wards") == {}
    assert visit("alice").get(FIELDS).status_code == 403


def test_should_not_give_a_new_field_the_values_of_a_removed_one(
    visit: Visit, world: World
) -> None:
    field = add(world, "Sites", FieldKind.TEXT)
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        deal.own = {"sites": "Many"}
        revision = delete_deal(session, world.viewer("dana"), deal).id
    with world.database.write() as session:
        remove_field(session, session.get_one(OwnField, field.id), None)
    new = add(world, "Sites", FieldKind.NUMBER)
    assert new.key.startswith("sites-")
    with world.database.write() as session:
        history.take_back(session, world.viewer("dana"), revision, EXTENSION.removers)
    page = visit("dana").get(f"/deals/{world.deals['wards']}").text
    assert "Many" not in page


def test_should_sort_and_filter_numbers_beside_an_old_text(visit: Visit, world: World) -> None:
    add(world, "Sites", FieldKind.NUMBER)
    with world.database.write() as session:
        world.deal(session, "wards").own = {"sites": "Many"}
        world.deal(session, "havel").own = {"sites": 12.0}
        world.deal(session, "fjord").own = {"sites": 3}
    rows = exported(visit, "alice", "columns=name,own_sites&sort=-own_sites")
    assert [row["Sites"] for row in rows][:2] == ["12", "3"]
    rows = exported(visit, "alice", "columns=name,own_sites&own_sites_from=2")
    assert sorted(row["Sites"] for row in rows) == ["12", "3"]
