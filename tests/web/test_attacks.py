"""Attacks on the running application, by the names that the security plan gives them."""

import ast
import itertools
import re
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from litestar import Litestar
from sqlmodel import Session, SQLModel, col, select

from references.desk import workflow
from references.desk.advocates import Activity, Advocate
from references.introductions import asking
from references.network import address_books, ties
from references.network.address_books import Connection
from references.network.ties import Tie, TieKind, Visibility
from tests.backends import share
from tests.references.asking import contact
from tests.web.conftest import Visit, acts
from tests.web.page_forms import PageForm, dangers_in, forms_in
from tests.web.payloads import PATHS, SCRIPTS, SQL
from tests.web.test_contracts import BY_LINK, filled, routes
from tests.web.test_contracts import _request as a_request  # noqa: F401
from tests.world import World
from web import limits
from web.limits import Kind, Limit
from workspace.collaboration import notes, tasks
from workspace.deals import saved_views
from workspace.deals.saved_views import SavedView
from workspace.deals.tables import Deal
from workspace.imports.error_files import write_error_file
from workspace.people.tables import Person
from workspace.timeline.notifications import Notification
from workspace.timeline.timeline import TimelineEntry

# What ends the session that the others need.
APART = ("/sign-out", "/sign-in", "/preferences")


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIMITS", dict.fromkeys(Kind, Limit(1_000_000)))


# S1: things of others


@pytest.fixture
def theirs(app: Litestar, world: World) -> dict[str, list[tuple[str, str, dict[str, str]]]]:
    """By kind, what Alice alone, or she and her team, have: method, address and form."""
    with world.database.write() as session:
        alice, bob = world.people["alice"], world.people["bob"]
        hidden = session.exec(select(Deal).where(Deal.key == world.confidential_deal)).one()
        note = notes.write_note(session, hidden, alice, "note", "The walrus knows @Bob Brandt")
        task = tasks.add_task(session, hidden, "Feed the walrus", alice)
        ines, jonas = world.people["ines"], world.people["jonas"]
        private, _ = ties.assert_tie(
            session,
            alice,
            ines,
            TieKind.KNOWS,
            evidence="The walrus club",
            source="entered",
            asserted_by_id=alice,
            visibility=Visibility.PRIVATE,
        )
        ask_only, _ = ties.assert_tie(
            session,
            alice,
            jonas,
            TieKind.KNOWS,
            evidence="The walrus choir",
            source="entered",
            asserted_by_id=alice,
            visibility=Visibility.ASK,
        )
        book = address_books.AddressBook(session, alice, ["Walter Walrus"], [])
        entry, _, _ = book.put("Walter Walrus", source="LinkedIn", company="Walrus Works")
        session.flush()
        who = session.exec(select(Advocate)).first()
        assert who is not None
        draft = workflow.draft(
            session, world.viewer("alice"), hidden, who, Activity.QUOTE, message="A walrus"
        )
        view = saved_views.save_view(
            session, world.viewer("alice"), "Walrus deals", "q=walrus", shared=False
        )
        pia = contact(session, world, "Pia Pike", "fjord")
        ties.assert_tie(
            session,
            bob,
            pia.id,
            TieKind.KNOWS,
            evidence="A pub quiz",
            source="entered",
            asserted_by_id=bob,
            visibility=Visibility.EVERYONE,
        )
        told = session.exec(
            select(Notification.id).where(Notification.person_id == bob).limit(1)
        ).one()
    with world.database.write() as session:
        pia = session.get_one(Person, world.people["pia"])
        connector = session.get_one(Person, bob)
        network = app.state.workspace.network
        asked = asking.ask(
            session,
            world.viewer("alice"),
            network,
            pia,
            connector,
            why="A walrus",
            draft="Dear Pia",
        )
        on_deal = f"/deals/{hidden.key}"
        return {
            "note": [
                ("GET", f"{on_deal}/activity/{note.id}/edit", {}),
                ("POST", f"{on_deal}/activity/{note.id}/edit", {"text": "mine"}),
                ("POST", f"{on_deal}/activity/{note.id}/remove", {}),
                ("POST", f"/deals/{world.deals['kestrel']}/activity/{note.id}/remove", {}),
            ],
            "task": [
                ("POST", f"{on_deal}/tasks/{task.id}/done", {}),
                ("POST", f"/deals/{world.deals['kestrel']}/tasks/{task.id}/done", {}),
                ("POST", f"/deals/{world.deals['kestrel']}/tasks/{task.id}/remove", {}),
            ],
            "private tie": [
                (
                    "POST",
                    f"/people/ines-moreira/ties/{private.id}/share",
                    {"visibility": "everyone"},
                ),
                ("POST", f"/people/ines-moreira/ties/{private.id}/remove", {}),
            ],
            "ask-only tie": [
                (
                    "POST",
                    f"/people/jonas-havelka/ties/{ask_only.id}/share",
                    {"visibility": "everyone"},
                ),
                ("POST", f"/people/jonas-havelka/ties/{ask_only.id}/remove", {}),
            ],
            "connection": [
                ("POST", f"/connections/{entry.id}/share", {"visibility": "everyone"}),
                ("POST", f"/connections/{entry.id}/add", {}),
                ("POST", f"/connections/{entry.id}/forget", {}),
            ],
            "draft": [
                ("GET", f"/references/{draft.key}", {}),
                ("POST", f"/references/{draft.key}/submit", {}),
                ("POST", f"/references/{draft.key}/cancel", {"reason": "x"}),
                ("POST", f"/references/{draft.key}/messages/1", {}),
            ],
            "saved view": [
                ("POST", f"/deals/views/{view.id}/edit", {"name": "mine"}),
                ("POST", f"/deals/views/{view.id}/delete", {}),
            ],
            "introduction": [
                ("POST", f"/introductions/{asked.key}/answer", {"answer": "yes"}),
                ("POST", f"/introductions/{asked.key}/withdraw", {}),
                ("POST", f"/introductions/{asked.key}/outcome", {"outcome": "met"}),
            ],
            "notification": [
                ("POST", "/inbox/done", {"item": str(told)}),
                ("POST", "/inbox/snooze", {"item": str(told), "until": "tomorrow"}),
            ],
        }


KINDS = (
    *("note", "task", "private tie", "ask-only tie", "connection", "draft", "saved view"),
    *("introduction", "notification"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_should_refuse_s1_things_of_others(
    visit: Visit,
    world: World,
    theirs: dict[str, list[tuple[str, str, dict[str, str]]]],
    a_request: None,  # noqa: F811
    kind: str,
) -> None:
    assert set(theirs) == set(KINDS)
    with world.database.read() as session:
        before = state_of(session)
    for method, path, form in theirs[kind]:
        for name in ("charlie", "dana", "erin", "frank", "grace"):
            visitor = visit(name)
            answer = visitor.get(path) if method == "GET" else visitor.post(path, form)
            assert 400 <= answer.status_code < 500 or (
                kind == "notification" and answer.status_code == 303
            ), (name, path, answer.status_code)
            assert "walrus" not in answer.text.lower(), (name, path)
    with world.database.read() as session:
        assert state_of(session) == before


def test_should_show_s1_nothing_of_others_on_any_page(
    visit: Visit,
    app: Litestar,
    world: World,
    theirs: dict[str, list[tuple[str, str, dict[str, str]]]],
    a_request: None,  # noqa: F811
) -> None:
    with world.database.read() as session:
        paths = {filled(path, world, session) for method, path in routes(app) if method == "GET"}
    paths |= {"/search?q=walrus", "/search/names?q=wal", "/people/jonas-havelka/ties"}
    for name in ("charlie", "grace"):
        for path in sorted(paths - {"/live"}):
            text = visit(name).get(path).text.lower()
            assert "walrus" not in text.replace("q=walrus", "").replace('value="walrus"', "") or (
                path.startswith("/search?q=") and "walter" not in text
            ), (name, path)


def state_of(session: Session) -> list[object]:
    """What the attacks want to change."""
    return [
        session.exec(select(TimelineEntry.id, TimelineEntry.text)).all(),
        session.exec(select(tasks.Task.id, tasks.Task.done_at)).all(),
        session.exec(select(Tie.id, Tie.visibility)).all(),
        session.exec(select(Connection.id, Connection.person_id)).all(),
        session.exec(select(workflow.ReferenceRequest.key, workflow.ReferenceRequest.state)).all(),
        session.exec(select(SavedView.id, SavedView.name)).all(),
        session.exec(select(Notification).order_by(col(Notification.id))).all(),
    ]


# S3, S4, S10: what is typed into forms


def all_forms(visit: Visit, app: Litestar, world: World, name: str) -> list[PageForm]:
    """Every form that a member gets on the pages of things that are there."""
    with world.database.read() as session:
        paths = sorted(
            {filled(path, world, session) for method, path in routes(app) if method == "GET"}
        )
    forms: dict[tuple[str, str, tuple[str, ...]], PageForm] = {}
    for path in paths:
        if path == "/live":
            continue
        answer = visit(name).get(path)
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        for form in forms_in(answer.text):
            target = re.sub(r"/\d+(?=/|$)", "/N", form.action.split("?")[0] or path)
            form.action = form.action or path
            if not target.startswith(APART):
                forms.setdefault((form.method, target, tuple(sorted(form.values))), form)
    return list(forms.values())


def send(visit: Visit, name: str, form: PageForm, values: dict[str, str]) -> tuple[int, str, float]:
    began = time.perf_counter()
    sent = {key: value for key, value in values.items() if key != "_csrf_token"}
    if form.method == "post":
        answer = visit(name).post(form.action, sent)
    else:
        answer = visit(name).client.request(
            "GET",
            form.action.split("?")[0],
            params=sent,
            headers={"Cookie": f"session={visit(name).cookies['session']}"},
            follow_redirects=False,
        )
    # A file is saved, and shown by no browser.
    is_page = "attachment" not in answer.headers.get("content-disposition", "")
    return answer.status_code, answer.text if is_page else "", time.perf_counter() - began


@pytest.mark.slow
@pytest.mark.parametrize("name", ["alice", "grace"])
def test_should_answer_s3_s4_hostile_input_to_any_form(
    visit: Visit,
    app: Litestar,
    world: World,
    name: str,
    a_request: None,  # noqa: F811
) -> None:
    forms = all_forms(visit, app, world, name)
    assert len(forms) > 40
    payloads = itertools.cycle((*SQL, *SCRIPTS))
    wrong = []
    for form in share(world.database, forms, 3):
        fields = [field for field in form.values if field != "_csrf_token"]
        # All typed fields at once, then each field of the form with the next payload.
        tries = (
            [dict.fromkeys(form.typed, payload) for payload in SCRIPTS[:2]] if form.typed else []
        )
        tries += [{field: next(payloads)} for field in fields for _ in range(2)]
        for hostile in tries:
            status, text, seconds = send(visit, name, form, {**form.values, **hostile})
            if status >= 500 or seconds > 60:
                wrong.append((form.action, hostile, status, seconds))
            if dangers := dangers_in(text):
                wrong.append((form.action, hostile, dangers))
    assert not wrong, "\n".join(str(each)[:300] for each in wrong[:20])
    # What was stored on the way is shown on all pages.
    with world.database.read() as session:
        paths = {filled(path, world, session) for method, path in routes(app) if method == "GET"}
    for path in sorted(paths - {"/live"}):
        answer = visit(name).get(path)
        assert answer.status_code < 500, path
        if "text/html" in answer.headers.get("content-type", ""):
            assert not dangers_in(answer.text), path


@pytest.mark.slow
def test_should_refuse_s10_columns_that_no_form_has(
    visit: Visit,
    app: Litestar,
    world: World,
    a_request: None,  # noqa: F811
) -> None:
    columns = sorted(
        {column.name for table in SQLModel.metadata.tables.values() for column in table.columns}
    )
    forms = [form for form in all_forms(visit, app, world, "alice") if form.method == "post"]
    for form in share(world.database, forms, 3):
        known = {*form.values, *form.typed}
        before = acts(world)
        extra = {column: "1" for column in columns if column not in known}
        status, _, _ = send(visit, "alice", form, {**form.values, **extra})
        assert status in (403, 404, 409, 410, 422), (form.action, status)
        assert acts(world) == before, form.action


# What lists and searches are asked by: words, orders, filters, and time zones.
ASKED = (
    *("/search?q={}", "/search/names?q={}", "/similar?q={}", "/experts?q={}"),
    *("/deals?q={}", "/deals?sort={}", "/deals?stage={}", "/deals?after={}", "/deals?view={}"),
    *("/accounts?q={}", "/people?q={}", "/library?q={}", "/references/advocates?q={}"),
)


@pytest.mark.slow
def test_should_answer_s3_every_payload_in_what_is_asked(visit: Visit, world: World) -> None:
    """Each payload somewhere, and each parameter with dozens of them."""
    assert len(set(SQL)) >= 500
    with world.database.read() as session:
        before = session.exec(select(Deal.id)).all()
    alice, wrong = visit("alice"), []
    alice.get("/search?q=warehouse")
    for payload, path in zip(SQL, itertools.cycle(ASKED), strict=False):
        began = time.perf_counter()
        answer = alice.get(path.format(quote(payload)))
        seconds = time.perf_counter() - began
        if answer.status_code >= 500 or seconds > 60 or dangers_in(answer.text):
            wrong.append((path, payload[:80], answer.status_code, seconds))
        if re.search(r"\$argon2|PostgreSQL \d|\b3\.\d\d\.\d\b", answer.text):
            wrong.append((path, payload[:80], "told"))
    assert not wrong, "\n".join(map(str, wrong[:20]))
    with world.database.read() as session:
        assert session.exec(select(Deal.id)).all() == before


# S6, S11: cookies, and forms of other sites


def test_should_render_no_s6_poisoned_cookie(visit: Visit) -> None:
    for name in ("visit", "session", "csrftoken", "__Host-visit", "flash", "device", "pending"):
        for payload in ('"><script>alert(1)</script>', "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"):
            answer = visit(None).get("/sign-in", Cookie=f"{name}={payload}")
            assert answer.status_code < 500
            assert "alert(1)" not in answer.text, (name, payload)


@pytest.mark.slow
def test_should_refuse_s11_forms_of_other_sites(
    visit: Visit,
    app: Litestar,
    world: World,
    a_request: None,  # noqa: F811
) -> None:
    with world.database.read() as session:
        paths = sorted(
            filled(path, world, session) for method, path in routes(app) if method == "POST"
        )
    assert len(paths) > 100
    before = acts(world)
    alice = visit("alice")
    for path in paths:
        for headers in (
            {"Origin": "https://elsewhere.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            assert alice.post(path, {}, **headers).status_code == 403, (path, headers)
        # Not by the token of another session either; a guest's page has none.
        if not path.startswith(BY_LINK):
            assert alice.post(path, {}, token=visit("bob").token).status_code == 403, path
    assert acts(world) == before


# S9: names of files


def test_should_serve_s9_no_file_by_a_path(visit: Visit) -> None:
    assert len(set(PATHS)) >= 200
    for name in PATHS:
        for path in (f"/static/{name}", f"/static/../{name}", f"/{name}"):
            asked = path.replace("\x00", "%00").replace("\\", "%5c").replace(" ", "%20")
            if asked.startswith("//"):
                # A browser would ask another server.
                continue
            answer = visit(None).get(asked)
            assert answer.status_code in (303, 400, 404, 405), (asked, answer.status_code)
            assert "root:" not in answer.text


def test_should_keep_s9_error_files_in_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "errors"
    for name in PATHS:
        try:
            path = write_error_file(folder, name[:100], ["name"], [(1, "wrong", ["x"])], set())
        except ValueError:
            # The system takes no name with a zero byte.
            continue
        assert path.resolve().parent == folder.resolve()


# S14: where a sign-in leads


@pytest.mark.parametrize(
    "target",
    ["//x.example", "/\\x.example", "https:x.example", "%2f%2fx.example", "/%09/x.example", "///x"],
)
def test_should_lead_s14_nowhere_else(visit: Visit, world: World, target: str) -> None:
    visitor = visit(None)
    page = visitor.get(f"/sign-in?next={target}").text
    assert not re.search(r'(href|value|action)="(https?:)?//x', page)
    sent = {"email": world.email("alice"), "password": world.password("alice"), "next": target}
    token = re.findall(r'name="_csrf_token" value="([^"]+)"', page)
    answer = visitor.post("/sign-in", sent, token=token[0] if token else "")
    location = answer.headers.get("location", "/")
    assert re.match(r"/(?![/\\])", location), location


# S16, S18: code that came as data


def test_should_read_no_s16_objects_from_files() -> None:
    """No file or row is ever made into objects by a format that can run code."""
    unsafe = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
    for module in modules():
        tree = ast.parse(module.read_text("utf-8"))
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not unsafe & {name.split(".")[0] for name in names}, module
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), module
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant), module
                assert node.value.value is False, module


def test_should_run_no_s18_templates_or_scripts_of_members() -> None:
    """Templates and scripts are files of the product; none is made of what a member entered."""
    for module in modules():
        text = module.read_text("utf-8")
        assert "from_string(" not in text, module
        assert "render_template_string" not in text, module
        assert "innerHTML" not in text, module
    script = Path("web/static/app.js").read_text("utf-8")
    assert not re.search(r"\b(eval|Function)\(|document\.write|insertAdjacentHTML", script)


def modules() -> list[Path]:
    """The product's own modules."""
    found = [
        path
        for package in ("workspace", "similarity", "references", "web")
        for path in Path(package).rglob("*.py")
    ]
    assert len(found) > 200
    return found
