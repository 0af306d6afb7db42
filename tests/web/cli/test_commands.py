"""The command line, run as a person would run it, on a model that takes no time to load."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from references.network.address_books import Connection
from references.network.ties import TieKind, assert_tie
from similarity.fitting import Finding
from similarity.learned_weights import Subject
from similarity.scoring import Weights
from tests.references.asking import advocate
from tests.world import FakeEmbedder, World, ago, stage
from web.cli import main, serve
from workspace.accounts.accounts import Account
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.deals.tables import Deal
from workspace.people import members, sign_in
from workspace.people.tables import Role
from workspace.settings import Settings
from workspace.setup import open_database


@dataclass
class Outcome:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Outcome]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs `dealkin` with these arguments on a workspace of the test's own."""
    monkeypatch.setenv("DEALKIN_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("web.workspace.encoder_of", lambda _: FakeEmbedder())

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["dealkin", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main.main()
        printed = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), printed.out, printed.err)

    return call


@pytest.fixture
def on_world(run: Run, world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs on the cast's database, with every document ready."""
    url = world.database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)
    assert run("reindex").code == 0
    return run


@pytest.fixture
def opened(run: Run, tmp_path: Path) -> Database:
    """The database that `run` works on where the test has no other."""
    return open_database(Settings(home=tmp_path))


def test_help_is_there_at_once() -> None:
    start = time.perf_counter()
    called = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "web.cli.main", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    taken = time.perf_counter() - start
    for command in ("serve", "demo", "import", "similar", "doctor"):
        assert command in called.stdout
    # What is slow to import is not: the time alone would depend on the machine.
    for library in ("sqlmodel", "litestar", "torch", "numpy", "faiss"):
        assert f"| {library}\n" not in called.stderr
    assert taken < 10


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").out.startswith("dealkin 0.")


def test_the_first_administrator_can_sign_in(run: Run, opened: Database) -> None:
    made = run("member", "add", "Ada Example", "Ada@dealkin.example", "--role", "admin")
    assert made.code == 0
    password = made.out.strip().rsplit(" ", 1)[-1]
    with opened.read() as session:
        found = sign_in.check_password(session, "ada@dealkin.example", password)
        assert found is not None
        assert members.viewer(session, found.id, found.name).roles == {Role.ADMIN}


def test_a_new_password_replaces_the_old_one(run: Run, opened: Database) -> None:
    first = run("member", "add", "Ada", "ada@dealkin.example").out.strip().rsplit(" ", 1)[-1]
    second = run("member", "password", "ada@dealkin.example").out.strip().rsplit(" ", 1)[-1]
    with opened.read() as session:
        assert sign_in.check_password(session, "ada@dealkin.example", first) is None
        assert sign_in.check_password(session, "ada@dealkin.example", second) is not None


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["member", "add", "Ada", "not-an-address"], 1, "no e-mail address"),
        (["member", "add", "Ada", "ada@dealkin.example", "--role", "queen"], 2, "queen"),
        (["member", "password", "nobody@dealkin.example"], 1, "No member has"),
        (["similar"], 2, "either --deal KEY"),
        (["similar", "words", "--deal", "D-0001"], 2, "either --deal KEY"),
        (["similar", "   "], 2, "either --deal KEY"),
        (["similar", "--deal", "D-9999"], 1, "no such deal"),
        (["similar", "words", "--as", "nobody@dealkin.example"], 1, "No member has"),
        (["similar", "words", "--industry", "alchemy"], 1, "No industry is called 'alchemy'"),
        (["similar", "words", "--size", "huge"], 1, "1–10"),
        (["similar", "words", "--product", "unknown"], 1, "No product is called"),
        (["similar", "words", "--since", "yesterday"], 2, "yesterday"),
        (["similar", "words", "--outcome", "drawn"], 2, "drawn"),
        (["similar", "words", "--limit", "0"], 2, "--limit"),
        (["import", "missing.csv"], 1, "missing.csv"),
        (["evaluate", "missing"], 2, "missing"),
        (["no-such-command"], 2, "no-such-command"),
    ],
)
def test_what_the_caller_can_mend_is_told_without_a_trace(
    run: Run, arguments: list[str], code: int, said: str
) -> None:
    outcome = run(*arguments)
    assert outcome.code == code
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    if code == 1:
        assert len(outcome.err.strip().splitlines()) <= 2


def test_a_database_that_cannot_be_reached_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")
    outcome = run("similar", "anything")
    assert outcome.code == 1
    assert "cannot be opened" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_a_file_imported_twice_changes_nothing(run: Run, opened: Database, tmp_path: Path) -> None:
    file = tmp_path / "accounts.csv"
    file.write_text("account,sector,employees\nOrlik Retail,retail,4000\n", encoding="utf-8")
    assert "1 new" in run("import", file).out
    assert "0 new" in run("import", file).out
    with opened.read() as session:
        assert [row.name for row in session.exec(select(Account))] == ["Orlik Retail"]


def test_an_address_book_is_imported_in_a_member_s_name(
    on_world: Run, world: World, tmp_path: Path
) -> None:
    book = tmp_path / "Connections.csv"
    book.write_text(
        "Notes:\nAll of it.\n\nFirst Name,Last Name,Company,Position,Connected On\n"
        "Jonas,Havelka,Havel Clinics,Head of data,12 Mar 2024\n",
        encoding="utf-8",
    )
    cards = tmp_path / "book.vcf"
    cards.write_text("BEGIN:VCARD\nVERSION:4.0\nFN:Ann Onym\nEND:VCARD\n", encoding="utf-8")
    refused = on_world("import", book, cards)
    assert refused.code == 1
    assert refused.err.count("--as EMAIL says to whom") == 2
    taken = on_world("import", book, cards, "--as", world.email("bob"))
    assert (taken.code, taken.out.count("1 new")) == (0, 2)
    with world.database.read() as session:
        rows = session.exec(select(Connection.name, Connection.owner_id, Connection.person_id))
        assert sorted(rows) == [
            ("Ann Onym", world.people["bob"], None),
            ("Jonas Havelka", world.people["bob"], world.people["jonas"]),
        ]


def test_similar_deals_come_with_reasons_that_add_up(on_world: Run, world: World) -> None:
    found = on_world("similar", "--deal", world.deals["wards"], "--json").json
    assert found["query"] == world.deals["wards"]
    assert found["results"][0]["key"] == world.deals["brannoc"]
    for result in found["results"]:
        assert set(result) == {"key", "name", "score", "band", "terms", "snippet", "difference"}
        for term in result["terms"]:
            assert set(term) == {"name", "value", "weight", "contribution", "because"}
            assert term["contribution"] == pytest.approx(term["value"] * term["weight"])
        total = sum(term["contribution"] for term in result["terms"])
        assert result["score"] == pytest.approx(total)
    shown = on_world("similar", "--deal", world.deals["wards"], "--limit", 2).out
    assert "St Brannoc patient records" in shown
    assert "St Brannoc" in on_world("similar", "patient records warehouse").out


def test_filters_choose_among_the_deals(on_world: Run, world: World) -> None:
    names = {key: name for name, key in world.deals.items()}

    def keys(*options: str) -> set[str]:
        found = on_world("similar", "warehouse", "--limit", 50, "--json", *options).json
        return {names[result["key"]] for result in found["results"]}

    assert keys("--industry", "banking") == {"lumen", "ribera"}
    assert keys("--outcome", "won", "--owner", "Charlie Costa") == {"lumen", "fjord"}
    assert keys("--competitor", "quarrystone", "--product", "Atlas Warehouse") == {"lumen"}
    assert keys("--region", "northern europe", "--size", "201-1000") == {"fjord"}
    assert keys("--until", "1999-12-31") == set()


@pytest.mark.parametrize("command", ["similar", "experts", "playbook"])
def test_a_confidential_deal_shows_to_its_team_alone(
    on_world: Run, world: World, command: str
) -> None:
    def printed(*options: str) -> str:
        done = on_world(command, "patient records of hospitals", "--limit", 50, *options)
        assert done.code == 0
        return done.out

    for options in ((), ("--as", world.email("charlie")), ("--as", world.email("grace"))):
        for form in ((), ("--json",)):
            shown = printed(*options, *form)
            assert "Nightingale" not in shown
            assert world.confidential_deal not in shown
            assert "merger" not in shown
    assert world.confidential_deal in printed("--as", world.email("alice"), "--json")
    asked = on_world(command, "--deal", world.confidential_deal)
    assert (asked.code, asked.err) == (1, "dealkin: There is no such deal.\n")


def test_paths_lead_to_a_person_an_account_and_a_deal(on_world: Run, world: World) -> None:
    for to in ("ines-moreira", "Inês Moreira"):
        found = on_world("paths", "--to", to, "--json").json
        first = found["from_us"][0]
        assert [each["name"] for each in first["people"]] == ["Bob Brandt", "Inês Moreira"]
        assert first["ties"][0][0]["evidence"] == "University of Porto, 2006–2009"
        assert first["ties"][0][0]["inferred"]
        assert found["from_customers"][0]["people"][0]["name"] == "Jonas Havelka"
    assert "Bob Brandt → Inês Moreira" in on_world("paths", "--to", "St Brannoc Hospital").out
    assert "Bob Brandt → Inês Moreira" in on_world("paths", "--deal", world.deals["wards"]).out
    assert on_world("paths", "--to", "Nobody Here").code == 1
    assert on_world("paths").code == 2
    assert on_world("paths", "--deal", world.confidential_deal).code == 1


def test_a_private_tie_is_in_nobody_elses_json(on_world: Run, world: World) -> None:
    before = on_world("paths", "--to", "Jonas Havelka", "--json").out
    with world.database.write() as session:
        assert_tie(
            session,
            world.people["alice"],
            world.people["jonas"],
            TieKind.CONNECTED,
            asserted_by_id=world.people["alice"],
            visibility="private",
        )
    assert on_world("paths", "--to", "Jonas Havelka", "--json").out == before
    for name in ("charlie", "grace"):
        other = on_world("paths", "--to", "Jonas Havelka", "--as", world.email(name), "--json")
        assert "Alice" not in other.out
    mine = on_world("paths", "--to", "Jonas Havelka", "--as", world.email("alice"), "--json").json
    assert mine["from_us"][0]["people"][0]["name"] == "Alice Adeyemi"
    assert mine["from_us"][0]["ties"][0][0]["seen_by"] == "private"


def test_references_come_with_reasons_that_add_up(on_world: Run, world: World) -> None:
    with world.database.write() as session:
        advocate(session, world, "ines")
        advocate(session, world, "jonas", consent=None)
    found = on_world("references", "--deal", world.deals["tidewater"], "--json").json
    assert found["activity"] == "reference call"
    (result,) = found["results"]
    assert result["key"] == "ines-moreira"
    total = sum(term["contribution"] for term in result["terms"])
    assert result["score"] == pytest.approx(total)
    assert [left["key"] for left in found["left_out"]] == ["jonas-havelka"]
    shown = on_world("references", "--deal", world.deals["tidewater"], "--activity", "visit").out
    assert "Inês Moreira" in shown
    assert "1 cannot be asked now" in shown
    assert on_world("references", "--deal", world.deals["wards"], "--activity", "bribe").code == 2
    assert on_world("references", "--deal", world.confidential_deal).code == 1


def test_experts_come_with_evidence(on_world: Run, world: World) -> None:
    found = on_world("experts", "--deal", world.deals["kestrel"], "--json").json
    bob = next(result for result in found["results"] if result["name"] == "Bob Brandt")
    assert bob["evidence"]
    assert bob["score"] == pytest.approx(sum(term["contribution"] for term in bob["terms"]))
    assert "Bob Brandt" in on_world("experts", "--deal", world.deals["kestrel"]).out


def test_the_playbook_offers_only_what_is_usable(on_world: Run, world: World) -> None:
    found = on_world("playbook", "--deal", world.deals["kestrel"], "--json").json
    keys = {result["key"] for result in found["results"]}
    assert world.assets["demo"] in keys
    assert not keys & {world.assets["old_deck"], world.assets["withdrawn_paper"]}
    for result in found["results"]:
        total = sum(term["contribution"] for term in result["terms"])
        assert result["score"] == pytest.approx(total)
    assert "Ward demo" in on_world("playbook", "--deal", world.deals["kestrel"]).out


def test_the_outlook_is_told_where_there_are_enough_kin(on_world: Run, world: World) -> None:
    few = on_world("outlook", "--deal", world.deals["wards"])
    assert few.out == "Fewer than 10 deals that closed are like this one: too few to say.\n"
    assert on_world("outlook", "--deal", world.deals["wards"], "--json").json["outlook"] is None
    with world.database.write() as session:
        for number in range(12):
            lifecycle.log(
                session,
                "St Brannoc ward dashboards",
                world.account(session, "brannoc"),
                world.people["alice"],
                stage=stage(session, "Closed Won" if number else "Closed Lost"),
                opened=ago(200),
                closed=ago(100),
            )
    assert on_world("reindex").code == 0
    found = on_world("outlook", "--deal", world.deals["wards"], "--json").json["outlook"]
    assert found["won"] >= 11
    assert found["closed"] > found["won"]
    assert found["chance_low"] < found["usual"] < found["chance"] < found["chance_high"]
    assert (found["days"]["median"], found["amount"]) == (100, None)
    told = on_world("outlook", "--deal", world.deals["wards"]).out
    assert f"{found['won']} of the {found['closed']} most alike deals" in told
    assert "Days until won: 100, half of" in told
    hidden = on_world("outlook", "--deal", world.confidential_deal)
    assert (hidden.code, hidden.err) == (1, "dealkin: There is no such deal.\n")


def test_what_was_fitted_holds_until_it_is_undone(
    on_world: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = on_world("fit")
    assert "weights: 0 judgements on 0 deals" in refused.out
    assert "prior: 0 closed deals had enough kin" in refused.out
    assert on_world("fit", "--undo").out == "Nothing that was learned holds.\n"

    weights = dict(Weights().items()) | {"industry": 0.9}
    finding = Finding(Subject.WEIGHTS, weights, "", {"gain": 0.2})
    monkeypatch.setattr("similarity.fitting.lessons", lambda *_: [finding])
    assert on_world("fit", "--as", world.email("alice")).code == 1
    done = on_world("fit", "--as", world.email("grace"))
    assert "weights: from now on meaning 0.5" in done.out
    assert "gain: 0.2000" in done.out

    def weight() -> float:
        found = on_world("similar", "--deal", world.deals["kestrel"], "--json").json
        terms = {term["name"]: term["weight"] for term in found["results"][0]["terms"]}
        return terms["industry"]

    assert weight() == 0.9
    assert on_world("fit", "--undo", "--json").json == {"learned": [], "undone": "weights"}
    assert weight() == Weights().industry


def test_what_people_wrote_cannot_command_the_terminal(run: Run, opened: Database) -> None:
    with opened.write() as session:
        from workspace.deals import lifecycle

        lifecycle.log(session, "\x1b[31m[red]Shout[/red]\x07", None, None, use_case="hospital beds")
    run("reindex")
    shown = run("similar", "hospital beds").out
    assert "[red]Shout[/red]" in shown
    assert "\x1b[31m" not in shown
    assert "\x07" not in shown


def test_a_bar_tells_on_a_terminal_how_far_it_has_come(
    run: Run, opened: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "deals.csv"
    file.write_text("name,stage\n" + "".join(f"Deal number {n},Won\n" for n in range(70)))
    quiet = run("reindex")
    assert (quiet.code, quiet.err) == (0, "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert run("reindex").err == ""
    imported = run("import", file)
    assert imported.code == 0, imported.err
    assert "70/70" in imported.err
    # What was caught up with after the import is found, and nothing is left to do.
    assert run("similar", "deal number 5", "--limit", 1, "--json").json["results"]
    assert run("reindex").out.startswith("0 documents")


def test_a_reranker_that_is_not_there_is_told_of_in_a_line(
    on_world: Run, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = on_world("similar", "--deal", world.deals["kestrel"], "--json")
    monkeypatch.setenv("DEALKIN_RERANKER", str(tmp_path / "nowhere"))
    assert on_world("similar", "--deal", world.deals["kestrel"], "--json").json == before.json
    doctor = on_world("doctor", "--json")
    assert doctor.code == 1
    assert "nowhere cannot be used" in doctor.json["problems"][0]


def test_doctor_finds_a_healthy_installation(on_world: Run, world: World) -> None:
    found = on_world("doctor", "--json")
    assert found.code == 0, found.json["problems"]
    assert found.json["rows"]["deal"] == 12
    assert found.json["vectors"]["fake"] > 0
    assert found.json["index"]["state"] == "in step"
    assert "Everything is in order." in on_world("doctor").out


def test_doctor_finds_what_has_no_vector(run: Run, opened: Database) -> None:
    from workspace.deals import lifecycle

    with opened.write() as session:
        lifecycle.log(session, "Written by another program", None, None)
    found = run("doctor")
    assert found.code == 1
    assert "dealkin reindex" in found.out
    assert run("reindex").code == 0
    assert run("doctor").code == 0


def test_doctor_finds_that_there_is_nothing_yet(run: Run, tmp_path: Path) -> None:
    found = run("doctor", "--json")
    assert found.code == 1
    assert "no database yet" in found.json["problems"][0]
    assert not (tmp_path / "dealkin.sqlite3").exists()


def test_doctor_survives_a_damaged_index(on_world: Run, tmp_path: Path) -> None:
    for file in (tmp_path / "indexes").glob("*-*"):
        file.write_bytes(b"\0" * 100)
    found = on_world("doctor", "--json")
    assert found.code == 0
    assert found.json["index"]["state"] == "damaged, or of another model"


def test_the_demo_is_put_into_an_empty_workspace_only(run: Run, opened: Database) -> None:
    with opened.write() as session:
        from workspace.deals import lifecycle

        lifecycle.log(session, "Ours", None, None)
    refused = run("demo")
    assert refused.code == 1
    assert "DEALKIN_HOME" in refused.err
    with opened.read() as session:
        assert len(session.exec(select(Deal)).all()) == 1


def test_the_demos_passwords_are_printed_once(
    run: Run, opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "_serve", lambda *_: None)
    first, second = run("demo").out, run("demo").out
    assert "@" in first
    assert "@" not in second
    line = next(line for line in first.splitlines() if "@" in line and "admin" in line)
    email = next(word for word in line.split() if "@" in word)
    password = line.split(email)[1].split()[0]
    with opened.read() as session:
        assert sign_in.check_password(session, email, password) is not None


def test_a_port_that_is_taken_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        outcome = run("serve", "--port", taken.getsockname()[1])
    assert outcome.code == 1
    assert "--port" in outcome.err
