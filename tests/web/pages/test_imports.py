"""The import page: upload, preview, mapping, run, report, undo."""

import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from litestar.testing import TestClient
from sqlmodel import select

from references.imports import EXTENSION
from references.network.address_books import Connection
from tests.serving import application
from tests.web.conftest import Visit, Visitor
from tests.world import World
from web.conditions import conditions
from web.jobs import kinds_of
from web.workspace import Workspace
from workspace.accounts.accounts import Account, add_account
from workspace.database import Database
from workspace.deals.tables import Deal, Product
from workspace.imports import runs
from workspace.imports.ledger import ImportFile, ImportRun
from workspace.imports.near_misses import Question
from workspace.jobs.running import run_next
from workspace.people.members import add_member
from workspace.people.tables import Person, Role

LINKEDIN = (
    "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
    "Pat,Onym,https://linkedin.com/in/pat,,Some Ltd,Head,12 Mar 2024\n"
)


@pytest.fixture(autouse=True)
def _enough_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have previews look at all rows, however busy the machine is."""
    monkeypatch.setattr("web.pages.imports.PREVIEW_SECONDS", 600.0)


def upload(visitor: Visitor, *files: tuple[str, bytes | str], token: str | None = None) -> Any:
    """Send files with the form of the page."""
    sent = [("files", (name, raw)) for name, raw in files]
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    answer = visitor.client.post(
        "/imports",
        data={"_csrf_token": visitor.token if token is None else token},
        files=sent or [("files", ("", b""))],
        headers={"Cookie": cookies} if cookies else {},
        follow_redirects=False,
    )
    visitor.client.cookies.clear()
    return answer


def prepared(visitor: Visitor, *files: tuple[str, bytes | str]) -> str:
    """Upload files; the address of their preview."""
    answer = upload(visitor, *files)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def work(workspace: Workspace) -> None:
    """Run the jobs that are due."""
    while run_next(workspace.database, kinds_of(workspace)):
        pass


def names(world: World) -> set[str]:
    with world.database.read() as session:
        return set(session.exec(select(Account.name)))


def test_should_import_by_page_and_undo(visit: Visit, world: World, workspace: Workspace) -> None:
    grace = visit("grace")
    address = prepared(
        grace, ("accounts.csv", "account,country\nDubrava,Poland\nNeva,Nowhere\n,Poland\n")
    )
    page = grace.get(address).text
    assert "<dt>New</dt><dd>2</dd>" in page
    assert "<dt>Refused</dt><dd>1</dd>" in page
    assert "account: It is missing." in page
    assert "The country &#39;Nowhere&#39; is not known" in page
    assert "Dubrava" not in names(world)
    assert grace.post(f"{address}/run").status_code == 303
    assert "0 of 0 rows" in grace.get(address).text
    work(workspace)
    page = grace.get(address).text
    assert "Imported" in page
    assert {"Dubrava", "Neva"} <= names(world)
    errors = grace.get(f"{address}/errors/0")
    assert "accounts.errors.csv" in errors.headers["content-disposition"]
    assert errors.content.decode("utf-8-sig").splitlines()[0] == "line,problem,account,country"
    assert grace.post(f"{address}/undo").status_code == 303
    work(workspace)
    assert "Undone" in grace.get(address).text
    assert not {"Dubrava", "Neva"} & names(world)
    assert "accounts.csv" in grace.get("/imports").text


def test_should_remember_how_columns_were_mapped(
    visit: Visit, world: World, workspace: Workspace
) -> None:
    grace = visit("grace")
    file = ("export.csv", "Alpha,Beta\nDubrava,Poland\n")
    address = prepared(grace, file)
    page = grace.get(address).text
    assert "This file is not imported." in page
    assert "/run" not in page
    assert grace.post(f"{address}/run").status_code == 409
    # The kind first, as it decides on the columns to choose from.
    grace.post(f"{address}/files/0", {"kind": "accounts"})
    page = grace.get(address).text
    assert '<option value="account">Account</option>' in page
    assert "Dubrava" in page
    grace.post(
        f"{address}/files/0", {"kind": "accounts", "column-0": "account", "column-1": "country"}
    )
    page = grace.get(address).text
    assert "<dt>New</dt><dd>1</dd>" in page
    assert '<option value="account" selected>Account</option>' in page
    grace.post(f"{address}/run")
    work(workspace)
    again = grace.get(prepared(grace, file)).text
    assert "<dt>Unchanged</dt><dd>1</dd>" in again


def test_should_leave_out_a_column_on_request(visit: Visit, world: World) -> None:
    grace = visit("grace")
    address = prepared(grace, ("a.csv", "account,domain\nSt Brannoc Hospitals,new.example\n"))
    assert "new.example" in grace.get(address).text
    grace.post(f"{address}/files/0", {"kind": "accounts", "column-0": "account", "column-1": ""})
    assert "→ new.example" not in grace.get(address).text


def test_should_read_a_file_in_another_encoding_on_request(visit: Visit, world: World) -> None:
    grace = visit("grace")
    raw = "account\nŁódź\n".encode("cp1250")
    address = prepared(grace, ("a.csv", raw))
    assert "it was read as Windows-1250" in grace.get(address).text
    grace.post(
        f"{address}/files/0", {"kind": "accounts", "column-0": "account", "encoding": "cp1252"}
    )
    assert "£ódŸ" in grace.get(address).text


def test_should_let_members_import_their_own_contacts_only(
    visit: Visit, world: World, workspace: Workspace
) -> None:
    bob = visit("bob")
    assert "Import contacts" in bob.get("/connections").text
    address = prepared(bob, ("Connections.csv", LINKEDIN), ("a.csv", "account\nDubrava\n"))
    page = bob.get(address).text
    assert "other files are for administrators" in page
    bob.post(f"{address}/run")
    work(workspace)
    with world.database.read() as session:
        assert [row.owner_id for row in session.exec(select(Connection))] == [world.people["bob"]]
    assert "Dubrava" not in names(world)
    # The file that was refused says why in the report, too.
    assert "other files are for administrators" in bob.get(address).text
    only = prepared(bob, ("a.csv", "account\nDubrava\n"))
    assert bob.post(f"{only}/run").status_code == 409
    for name in ("grace", "alice"):
        assert visit(name).get(address).status_code == 404
        assert visit(name).post(f"{address}/undo").status_code == 404


def test_should_forget_files_that_are_discarded(visit: Visit, world: World) -> None:
    grace = visit("grace")
    address = prepared(grace, ("a.csv", "account\nDubrava\n"))
    assert grace.post(f"{address}/undo").headers["location"] == "/imports"
    with world.database.read() as session:
        assert session.exec(select(ImportRun)).all() == []
        assert session.exec(select(ImportFile)).all() == []


def test_should_ask_for_a_file(visit: Visit) -> None:
    answer = upload(visit("grace"))
    assert answer.status_code == 422
    assert "Choose from 1 to 20 files." in answer.text


@pytest.mark.parametrize("name", [None, "frank"])
def test_should_not_read_files_of_who_may_not_import(visit: Visit, name: str | None) -> None:
    visitor = visit(name)
    assert upload(visitor, ("a.csv", "account\nX\n")).status_code in (303, 401, 403)
    with visitor.world.database.read() as session:
        assert session.exec(select(ImportRun)).all() == []


def test_should_refuse_files_without_the_forms_token(visit: Visit, world: World) -> None:
    assert upload(visit("grace"), ("a.csv", "account\nX\n"), token="wrong").status_code == 403
    with world.database.read() as session:
        assert session.exec(select(ImportRun)).all() == []


def test_should_say_so_where_an_import_has_stopped(
    visit: Visit, world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workspace.errors import Invalid
    from workspace.imports import runs

    grace = visit("grace")
    address = prepared(grace, ("a.csv", "account\nDubrava\n"))
    grace.post(f"{address}/run")

    def fail(*_args: Any) -> None:
        raise Invalid("It cannot go on.")

    with monkeypatch.context() as patch:
        patch.setattr(runs.ImportWork, "apply", fail)
        work(workspace)
    page = grace.get(address).text
    assert "Stopped after 0 of 0 rows." in re.sub(r"\s+", " ", page)
    assert "It cannot go on." in page
    grace.post(f"{address}/undo")
    work(workspace)
    assert "Undone" in grace.get(address).text


@pytest.fixture
def empty(database: Database, workspace: Workspace) -> Iterator[Visitor]:
    """An administrator of an empty workspace."""
    world = World(database)
    with database.write() as session:
        world.people["ada"] = add_member(session, "Ada Example", None, [Role.ADMIN]).id
    with TestClient(application(workspace), base_url="http://dealkin.local") as client:
        visitor = Visitor(client, world)
        visitor.sign_in("ada")
        yield visitor


def test_should_list_what_an_empty_workspace_needs(empty: Visitor) -> None:
    page = empty.get("/imports").text
    assert "Set up your workspace" in page
    assert page.count(">To do<") == 5
    links = re.findall(r'<a class="strong" href="([^"]+)">(\w+)</a>', page)
    assert [name for _, name in links] == ["Colleagues", "Products", "Deals", "Contacts", "Assets"]
    for address in {address for address, _ in links}:
        assert (
            'id="files"' in page if address == "#files" else empty.get(address).status_code == 200
        )
    assert "Add sample data" in page


def test_should_add_sample_data_and_remove_it(empty: Visitor, workspace: Workspace) -> None:
    with empty.world.database.read() as session:
        before = session.exec(select(Person.name)).all()
    address = empty.post("/imports/sample").headers["location"]
    work(workspace)
    page = empty.get(address).text
    assert "Imported" in page
    assert "was not imported" not in page
    listed = empty.get("/imports").text
    assert "Set up your workspace" not in listed
    assert f'action="{address}/undo"' in listed
    assert "Remove sample data" in listed
    assert empty.post("/imports/sample").status_code == 409
    with empty.world.database.read() as session:
        assert len(session.exec(select(Deal)).all()) > 50
    empty.post(f"{address}/undo")
    work(workspace)
    assert "Undone" in empty.get(address).text
    assert "Remove sample data" not in empty.get("/imports").text
    with empty.world.database.read() as session:
        assert session.get_one(ImportRun, int(address.rsplit("/", 1)[1])).kept == []
        assert session.exec(select(Deal)).all() == []
        assert session.exec(select(Account)).all() == []
        assert session.exec(select(Person.name)).all() == before


def test_should_ask_once_whether_a_new_name_is_in_the_record(
    visit: Visit, world: World, workspace: Workspace
) -> None:
    grace = visit("grace")
    accounts = "account,country\nSt Branoc Hospitals,\nKestrel Healht,\nOrlik Mills,Poland\n"
    people = "name,account,title\nInes Morreira,St Brannoc Hospital,Chief of data\n"
    address = prepared(grace, ("accounts.csv", accounts), ("people.csv", people))
    page = grace.get(address).text
    asked = re.findall(r"<legend>\s*<b>([^<]+)</b>.*?<a [^>]+>([^<]+)</a>", page, re.DOTALL)
    assert set(asked) == {
        ("St Branoc Hospitals", "St Brannoc Hospital"),
        ("Kestrel Healht", "Kestrel Health"),
        ("Ines Morreira", "Inês Moreira"),
    }
    fields = dict.fromkeys(re.findall(r'name="(answer-[^"]+)"', page))
    place = {name: field for (name, _), field in zip(asked, fields, strict=True)}
    answers = {
        place["St Branoc Hospitals"]: "same",
        place["Kestrel Healht"]: "another",
        place["Ines Morreira"]: "same",
    }
    wrong = {place["St Branoc Hospitals"]: "perhaps"}
    assert grace.post(f"{address}/answers", wrong).status_code == 422
    assert visit("dana").post(f"{address}/answers", answers).status_code == 404
    assert grace.post(f"{address}/answers", answers).status_code == 303
    assert "Already in the record?" not in grace.get(address).text
    before = names(world)
    grace.post(f"{address}/run")
    work(workspace)
    assert names(world) - before == {"Kestrel Healht", "Orlik Mills"}
    with world.database.read() as session:
        ines = session.exec(select(Person).where(Person.key == "ines-moreira")).one()
        assert ines.title == "Chief of data"
    # The same names in a later file are known.
    address = prepared(grace, ("more.csv", "account,country\nSt Branoc Hospitals,Ireland\n"))
    assert "Already in the record?" not in grace.get(address).text
    assert "<dt>New</dt><dd>0</dd>" in grace.get(address).text


def test_should_add_a_name_as_new_while_there_is_no_answer(
    visit: Visit, world: World, workspace: Workspace
) -> None:
    grace = visit("grace")
    address = prepared(grace, ("accounts.csv", "account\nSt Branoc Hospital\n"))
    assert "Already in the record?" in grace.get(address).text
    grace.post(f"{address}/run")
    work(workspace)
    assert "St Branoc Hospital" in names(world)


def test_should_tell_what_an_import_may_have_doubled(
    visit: Visit, world: World, workspace: Workspace
) -> None:
    with world.database.write() as session:
        hidden = add_account(session, "Wrenfield Capital", domain="wrenfield.example")
        hidden.listed = False
    grace = visit("grace")
    rows = "account,domain\nTidewatr Insurance,\nDubrava,\nWrenfeld Capital,wrenfield.example\n"
    address = prepared(grace, ("accounts.csv", rows))
    assert grace.post(f"{address}/run").status_code == 303
    assert run_next(workspace.database, kinds_of(workspace))
    assert "What is new is being compared" in grace.get(address).text
    work(workspace)
    page = grace.get(address).text
    assert "What is new is being compared" not in page
    assert '<a href="/duplicates/accounts">1 pair of accounts</a>' in page
    assert 'Accounts <span class="chip">1</span>' in grace.get("/duplicates/people").text
    # Rows that were not in the file are looked through when that is asked for.
    with world.database.write() as session:
        add_account(session, "Fjord Logistcs", domain="fjord.example")
    address = prepared(grace, ("more.csv", "account\nNebula Foods\n"))
    assert grace.post(f"{address}/run").status_code == 303
    work(workspace)
    assert "Likely duplicates</h2>" not in grace.get(address).text
    assert "Fjord Logistcs" not in grace.get("/duplicates/accounts").text
    assert "Tidewatr Insurance" in grace.get("/duplicates/accounts").text
    assert grace.post("/duplicates/accounts/look").status_code == 303
    work(workspace)
    assert "Fjord Logistcs" in grace.get("/duplicates/accounts").text


def test_should_say_on_every_page_that_an_import_is_not_finished(
    visit: Visit, workspace: Workspace
) -> None:
    said = "An import is not finished"
    grace, alice, bob = visit("grace"), visit("alice"), visit("bob")
    rows = "".join(f"Firm {number},Poland\n" for number in range(40))
    address = prepared(grace, ("accounts.csv", f"account,country\n{rows}"))
    grace.post(f"{address}/run")
    assert said not in bob.get("/accounts").text
    run_id = int(address.rpartition("/")[2])
    with workspace.database.read() as session:
        half = runs.ImportWork(session, run_id, EXTENSION)
    with workspace.database.write() as session:
        half.apply(session, 20)
    assert said in bob.get("/accounts").text
    with workspace.database.read() as session:
        found = {each.code: each.text for each in conditions(session, workspace)}
        assert found["imports"].startswith("1 import is not finished")
    work(workspace)
    assert said not in bob.get("/accounts").text
    # An address book is its member's own business.
    address = prepared(alice, ("Connections.csv", LINKEDIN))
    alice.post(f"{address}/run")
    assert said in alice.get("/accounts").text
    assert said not in bob.get("/accounts").text


def test_should_count_all_rows_after_the_page_is_shown(
    visit: Visit, world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.pages.imports.PREVIEW_SECONDS", 0.0)
    grace = visit("grace")
    rows = "".join(f"Firm {number},Poland\n" for number in range(230))
    file = ("accounts.csv", f"account,country\n{rows},Poland\n")
    address = prepared(grace, file)
    page = grace.get(address).text
    assert "Of the first 0 of 231 rows." in page
    # A trial on PostgreSQL keeps rows locked, so that no job goes on with it.
    looks_again = f'hx-get="{address}?shown="' in page
    assert looks_again is world.database.is_sqlite
    if not looks_again:
        return
    work(workspace)
    fragment = grace.get(address, **{"HX-Request": "true"}).text
    assert "<dt>New</dt><dd>230</dd>" in fragment
    assert "account: It is missing." in fragment
    assert "hx-get" not in fragment
    assert "<html" not in fragment
    assert "<dt>New</dt><dd>230</dd>" in grace.get(address).text
    # What is imported at once, or discarded, is looked at no more.
    other = prepared(grace, file)
    grace.post(f"{other}/undo")
    again = prepared(grace, file)
    grace.post(f"{again}/run")
    work(workspace)
    assert "Imported" in grace.get(again).text
    assert "Firm 7" in names(world)


def test_should_bring_what_is_found_later_and_keep_the_questions_that_are_there(
    visit: Visit, world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not world.database.is_sqlite:
        pytest.skip("No job goes on with a preview there.")
    grace = visit("grace")
    accounts = "account,country\nSt Branoc Hospitals,\nKestrel Healht,\nKestrel Health,Poland\n"
    monkeypatch.setattr("web.pages.imports.PREVIEW_SECONDS", 0.0)
    address = prepared(grace, ("accounts.csv", accounts))
    page = grace.get(address).text
    assert 'name="answer-' not in page
    assert f'hx-get="{address}?shown="' in page
    # A question that was found at first stays where it is.
    early = Question("account", "St Branok", "st-brannoc-hospital", "St Brannoc Hospital", "")
    with world.database.write() as session:
        import_run = session.get_one(ImportRun, int(address.rsplit("/", 1)[1]))
        import_run.preview = {**import_run.preview, "questions": [asdict(early)]}
        session.add(import_run)
    page = grace.get(address).text
    assert f'hx-get="{address}?shown={early.key}"' in page
    assert f'name="answer-{early.key}"' in page
    work(workspace)
    fragment = grace.get(f"{address}?shown={early.key}", **{"HX-Request": "true"}).text
    # What is half answered is not sent again.
    assert early.key not in fragment
    assert '<ul hx-swap-oob="beforeend:#asked-names">' in fragment
    assert {"St Branoc Hospitals", "Kestrel Healht"} <= set(re.findall("<b>([^<]+)</b>", fragment))
    assert re.search(r'id="changed-fields"[^>]*hx-swap-oob="true"', fragment)
    assert "Account: country" in fragment
    found = re.findall(r'name="(answer-[^"]+)"', grace.get(address).text)
    assert found[0] == f"answer-{early.key}"
    answered = dict.fromkeys(found, "another")
    assert grace.post(f"{address}/answers", answered).status_code == 303


def run(visitor: Visitor, workspace: Workspace, address: str) -> None:
    """Import what is previewed there."""
    assert visitor.post(f"{address}/run").status_code == 303
    work(workspace)


def value_fields(page: str) -> dict[str, str]:
    """The field of each value that a preview asks about."""
    found = re.findall(r'<label class="grow" for="(value-[^"]+)">\s*<b>([^<]+)</b>', page)
    return {text: field for field, text in found}


def test_should_ask_once_what_values_mean(visit: Visit, world: World, workspace: Workspace) -> None:
    grace = visit("grace")
    deals = (
        "deal,name,stage,amount,account\nV1,Lift,Nurturing,1 kr,Kestrel Health\n"
        "V2,Crane,nurturing,2 kr,Kestrel Health\nV3,Winch,Limbo,3,Kestrel Health\n"
        "V4,Hoist,Closed Won,4,Kestrel Health\n"
    )
    accounts = "account,industry,country,headcount\nDubrava,Widgetry,Ruritania,tiny\n"
    files = (("deals.csv", deals), ("accounts.csv", accounts))
    address = prepared(grace, *files)
    page = grace.get(address).text
    fields = value_fields(page)
    assert set(fields) == {"Nurturing", "Limbo", "kr", "Widgetry", "Ruritania", "tiny"}
    assert "Stage of 2 rows" in page
    stage = re.search(r'<option value="(\d+)">Qualification</option>', page)
    assert stage
    answers = {
        fields["Nurturing"]: stage[1],
        fields["kr"]: "SEK",
        fields["Widgetry"]: "C28",
        fields["Ruritania"]: "-",
        fields["tiny"]: "1–10",
    }
    wrong = {fields["Nurturing"]: "no stage"}
    assert grace.post(f"{address}/answers", wrong).status_code == 422
    assert visit("dana").post(f"{address}/answers", answers).status_code == 404
    assert grace.post(f"{address}/answers", answers).status_code == 303
    page = grace.get(address).text
    # What has an answer can still be changed.
    assert "Values that have a meaning" in page
    assert f'<option value="{stage[1]}" selected>Qualification</option>' in page
    run(grace, workspace, address)
    with world.database.read() as session:
        deal = session.exec(select(Deal).where(Deal.key == "V2")).one()
        assert (deal.stage_id, deal.currency) == (int(stage[1]), "SEK")
        assert session.exec(select(Deal).where(Deal.key == "V3")).first() is None
        account = session.exec(select(Account).where(Account.name == "Dubrava")).one()
        assert (account.industry, account.country, account.headcount) == ("C28", None, 3)
    # A later file of other columns knows the answers.
    later = "Deal Name,Deal Stage,Company\nJack,NURTURING,Kestrel Health\n"
    page = grace.get(prepared(grace, ("export.csv", later))).text
    assert "<dt>New</dt><dd>1</dd>" in page
    assert "What do these values mean?" not in page


def test_should_ask_of_every_amount_which_of_its_currencies_is_meant(
    visit: Visit, workspace: Workspace
) -> None:
    grace = visit("grace")
    files = (
        ("products.csv", "product,list_price\nAnvil,1 kr\nTongs,2 dh\n"),
        ("deals.csv", "deal,name,amount,yearly,account\nV1,Lift,1 kr,2 kr,Kestrel Health\n"),
    )
    address = prepared(grace, *files)
    page = grace.get(address).text
    fields = value_fields(page)
    assert set(fields) == {"kr", "dh"}
    # The product and the deal, whose two amounts are of one row.
    assert "Currency of 2 rows" in page
    options = re.search(rf'<select[^>]*name="{fields["dh"]}".*?</select>', page, re.DOTALL)
    assert options
    assert re.findall(r'value="([A-Z]+)"', options[0]) == ["AED", "MAD"]
    assert grace.post(f"{address}/answers", {fields["dh"]: "EUR"}).status_code == 422
    answers = {fields["dh"]: "MAD", fields["kr"]: "NOK"}
    assert grace.post(f"{address}/answers", answers).status_code == 303
    run(grace, workspace, address)
    with workspace.database.read() as session:
        prices = session.exec(select(Product.name, Product.currency)).all()
    assert {("Anvil", "NOK"), ("Tongs", "MAD")} <= set(prices)


def test_should_keep_the_answers_about_what_is_still_there(visit: Visit, world: World) -> None:
    grace = visit("grace")
    with world.database.write() as session:
        add_account(session, "Quillon Works")
    files = ("accounts.csv", "account\nQuilon Works\nSt Branoc Hospitals\n")
    address = prepared(grace, files)
    fields = dict.fromkeys(re.findall(r'name="(answer-[^"]+)"', grace.get(address).text), "same")
    assert len(fields) == 2
    with world.database.write() as session:
        session.delete(session.exec(select(Account).where(Account.name == "Quillon Works")).one())
    assert grace.post(f"{address}/answers", fields).status_code == 303
    page = grace.get(address).text
    assert "<dt>New</dt><dd>1</dd>" in page


def test_should_refuse_the_rows_of_a_stage_on_request(visit: Visit, world: World) -> None:
    grace = visit("grace")
    address = prepared(
        grace, ("deals.csv", "deal,name,stage\nV1,Lift,In progress\nV2,Crane,Demo\n")
    )
    page = grace.get(address).text
    # It is imported, and not without a word.
    assert "tells only that a deal is open: a new one starts in Prospecting." in page
    fields = value_fields(page)
    grace.post(f"{address}/answers", {fields["In progress"]: "-"})
    page = grace.get(address).text
    assert "Rows of the stage &#39;In progress&#39; are refused, as was answered." in page
    assert "<dt>New</dt><dd>1</dd>" in page


def test_should_ask_what_a_decisive_column_is_and_keep_what_is_known(visit: Visit) -> None:
    grace = visit("grace")
    address = prepared(grace, ("x.csv", "Deal Name,Amount,Checkpoint\nLift,9,Closed Won\n"))
    page = grace.get(address).text
    assert "would be left unread, but holds &#39;Closed Won&#39;" in page
    assert '<option value="deals" selected>' in page
    assert '<option value="name" selected>' in page
    assert page.count('<option value="?" selected>Select</option>') == 1
    known = {"kind": "deals", "column-0": "name", "column-1": "amount"}
    grace.post(f"{address}/files/0", {**known, "column-2": "?"})
    assert "This file is not imported." in grace.get(address).text
    # Leaving it out is an answer, too.
    grace.post(f"{address}/files/0", {**known, "column-2": ""})
    page = grace.get(address).text
    assert "This file is not imported." not in page
    assert "<dt>New</dt><dd>1</dd>" in page
    grace.post(f"{address}/files/0", {**known, "column-2": "stage"})
    assert '<option value="stage" selected>' in grace.get(address).text
