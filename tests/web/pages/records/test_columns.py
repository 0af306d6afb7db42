"""The columns and the order of the lists of accounts, people and assets."""

import re
from typing import Any

import pytest
from sqlmodel import Session, select

from tests.web.conftest import Visit
from tests.world import World
from web.pages.records import accounts, library, people
from workspace.accounts.accounts import Account
from workspace.database import Database
from workspace.own_fields import fields as own_fields

LISTS = {"/accounts": accounts, "/people": people, "/library": library}


def heads(page: str) -> list[str]:
    """The labels of the columns, in their order."""
    [row] = re.findall(r"<thead>(.*?)</thead>", page, re.DOTALL)
    texts = re.findall(r"<th scope[^>]*>(.*?)</th>", row, re.DOTALL)
    return [re.sub(r"<[^>]+>|[↓↑]", "", text).strip() for text in texts]


def names(page: str) -> list[str]:
    """The names of the rows, in their order."""
    rows = re.findall(r'<th scope="row">.*?</th>', page, re.DOTALL)
    return [re.search(r'class="strong"[^>]*>([^<]+)<', row)[1] for row in rows]  # type: ignore[index]


@pytest.mark.parametrize("path", LISTS)
def test_should_order_a_list_by_each_column_and_page_through_it(
    visit: Visit, world: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = sorted(names(visit("bob").get(path).text))
    monkeypatch.setattr(LISTS[path], "PAGE", 2)
    for name, column in LISTS[path].COLUMNS.items():
        for sort in (column.order, f"-{column.order}") if column.order else ():
            bob = visit("bob")
            page = bob.get(f"{path}?sort={sort}&columns=name,{name}").text
            assert heads(page)[1] == column.label
            turned = "descending" if sort.startswith("-") else "ascending"
            assert page.count("aria-sort") == page.count(f'aria-sort="{turned}"') == 1
            found = names(page)
            while more := re.search(r'<a class="button" href="([^"]+)"[^>]*>Show more', page):
                page = bob.get(more[1].replace("&amp;", "&"), **{"HX-Request": "true"}).text
                found += names(page)
            assert sorted(found) == everything, sort


def test_should_put_the_largest_first_and_the_unknown_last(visit: Visit, session: Session) -> None:
    rows = session.exec(select(Account)).all()
    known = {row.name: row.headcount or -1 for row in rows}
    shown = names(visit("bob").get("/accounts?sort=-headcount").text)
    assert [known[name] for name in shown] == sorted(known.values(), reverse=True)
    page = visit("alice").get("/accounts").text
    assert 'href="/accounts?sort=-headcount"' in page
    assert visit("bob").get("/accounts?sort=secret").status_code == 422
    assert visit("bob").get("/accounts?columns=name,secret").status_code == 422


def test_should_remember_columns_and_order_in_the_browser(visit: Visit) -> None:
    bob = visit("bob")
    bob.get("/accounts?sort=-headcount&columns=name,headcount")
    page = bob.get("/accounts").text
    assert heads(page) == ["Account", "Employees"]
    assert 'aria-sort="descending"' in page
    # Going back to the usual order is a choice, too.
    assert "/accounts?sort=name&amp;columns=name%2Cheadcount" in page
    bob.get("/accounts?sort=name&columns=name,headcount")
    assert 'aria-sort="ascending"' in bob.get("/accounts").text
    assert len(heads(bob.get("/people").text)) > 2
    # What the browser holds is as little to be trusted as an address.
    bob.cookies["list-accounts"] = "sort=secret&columns=%ff"
    assert bob.get("/accounts").status_code == 200
    assert heads(bob.get("/accounts").text)[0] == "Account"


def test_should_keep_the_widths_that_the_browser_remembers(visit: Visit, world: World) -> None:
    def widths(page: str) -> dict[str, float]:
        heads = re.findall(r'<th scope="col" data-head="(\w+)" width="([\d.]+)%"', page)
        return {name: float(share) for name, share in heads}

    bob = visit("bob")
    assert not widths(bob.get("/accounts").text)
    bob.cookies["widths"] = "name=500&industry=100&relationship=200&country=200"
    page = bob.get("/accounts?columns=name,industry,headcount").text
    # Employees, of which nothing is remembered, get the mean of the others.
    assert widths(page) == {"name": 55.6, "industry": 11.1, "headcount": 33.3}
    for wrong in ("name=x", "name=0", "%ff", "secret=100", "name=99999"):
        bob.cookies["widths"] = wrong
        assert not widths(bob.get("/accounts").text)


def test_should_order_by_own_fields_that_the_viewer_may_see(
    visit: Visit, world: World, database: Database
) -> None:
    kind = own_fields.FieldKind.NUMBER
    with world.database.write() as session:
        subject = own_fields.FieldSubject.ACCOUNT
        field = own_fields.add_field(session, subject, "Beds", kind, None)
        brannoc = world.account(session, "brannoc")
        brannoc.own = {field.key: 400}
        session.add(brannoc)
        param = field.param
    page = visit("bob").get(f"/accounts?sort=-{param}").text
    assert "Beds" in heads(page)
    assert names(page)[0] == "St Brannoc Hospital"
    # A field that is gone orders nothing.
    gone: Any = visit("bob").get("/accounts?sort=own_gone&columns=name,own_gone")
    assert gone.status_code == 200
