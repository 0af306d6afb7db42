"""Exports of lists: their filter and columns, within one's own rights, and audited."""

import csv
import io
from typing import Any

import pytest
from sqlmodel import select

from tests.web.conftest import Visit
from tests.world import World
from web.pages import exports
from workspace.audit import AuditEntry
from workspace.imports.workbooks import read_workbook
from workspace.people.field_rights import FieldGroup, set_roles_of_field
from workspace.people.people import add_contact
from workspace.people.tables import Role


def rows_of(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def export(visit: Visit, name: str, what: str, query: str = "") -> list[dict[str, str]]:
    data = {"format": "csv", "query": query}
    return rows_of(visit(name).post(f"/exports/{what}", data))


def test_should_export_the_filtered_deals_with_their_columns(visit: Visit, world: World) -> None:
    query = "outcome=won&sort=name&columns=name,owner,amount"
    rows = export(visit, "charlie", "deals", query)
    assert [list(rows[0]), [row["Name"] for row in rows]] == [
        ["Deal key", "Name", "Amount", "Currency", "Owner"],
        [
            "Fjord freight integration",
            "Havel Clinics data platform",
            "Lumen Bank risk warehouse",
            "St Brannoc patient records",
        ],
    ]
    assert rows[0]["Amount"] == "130000.00"
    # Those who see it get the confidential deal, too.
    names = [row["Name"] for row in export(visit, "alice", "deals", query)]
    assert "Project Nightingale" in names


def test_should_export_a_workbook(visit: Visit, world: World) -> None:
    answer = visit("charlie").post("/exports/deals", {"format": "xlsx", "query": "sort=name"})
    [rows] = read_workbook(answer.content).values()
    names = [cells[1] for _, cells in rows[1:]]
    assert len(names) == len(set(names)) == len(export(visit, "charlie", "deals"))
    assert names == sorted(names, key=str.lower)


def test_should_refuse_more_rows_than_a_file_holds(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 3)
    answer = visit("charlie").post("/exports/deals", {"format": "csv"})
    assert answer.status_code == 422
    assert "at most 3 rows" in answer.text


def test_should_keep_addresses_from_roles_that_may_not_read_them(
    visit: Visit, world: World
) -> None:
    with world.database.write() as session:
        set_roles_of_field(session, FieldGroup.ADDRESSES, [Role.ADMIN], by=None)
        add_contact(session, "Rosa Reyes", None, email="rosa@brannoc.example")
    assert "rosa@brannoc.example" in {row["E-mail"] for row in export(visit, "grace", "people")}
    mails = {row["Name"]: row["E-mail"] for row in export(visit, "alice", "people")}
    assert mails["Bob Brandt"] == "bob@dealkin.example"
    assert mails["Rosa Reyes"] == ""


def test_should_export_each_list_and_audit_it(visit: Visit, world: World) -> None:
    of_deal = f"deal={world.deals['wards']}"
    for name in exports.LISTS:
        export(visit, "grace", name, of_deal if name == "line-items" else "")
    assert visit("alice").post("/exports/members", {"format": "csv"}).status_code == 403
    with world.database.read() as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.action == "list exported"))
        assert {entry.subject for entry in entries} == {f"list {name}" for name in exports.LISTS}


def test_should_refuse_tasks_of_a_deal_that_is_not_seen(visit: Visit, world: World) -> None:
    query = f"deal={world.confidential_deal}"
    answer = visit("charlie").post("/exports/tasks", {"format": "csv", "query": query})
    assert answer.status_code == 404
    assert export(visit, "alice", "tasks", query) == []


def test_should_keep_consents_from_experts(visit: Visit) -> None:
    answer = visit("bob").post("/exports/advocates", {"format": "csv"})
    assert b"Consent" not in answer.content
    assert b"Consent" in visit("erin").post("/exports/advocates", {"format": "csv"}).content


def test_should_offer_the_export_of_what_is_shown(visit: Visit) -> None:
    page = visit("alice").get("/accounts?relationship=customer").text
    assert 'name="query" value="relationship=customer"' in page
