"""Attacks on the running application, by the names that the security plan gives them."""

import itertools
import re
import time
from pathlib import Path

import pytest
from litestar import Litestar
from sqlmodel import Session, SQLModel, col, select

from references.desk import workflow
from references.desk.advocates import Activity, Advocate
from references.introductions import asking
from references.network import address_books, ties
from references.network.address_books import Connection
from references.network.ties import Tie, TieKind, Visibility
from tests.references.asking import contact
from tests.web.conftest import Visit, acts
from tests.web.page_forms import PageForm, dangers_in, forms_in
from tests.web.test_contracts import _request as a_request  # noqa: F401
from tests.web.test_contracts import filled, routes
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

SQL = (
    "'",
    "''--",
    "' OR '1'='1",
    '" OR ""="',
    "1; DROP TABLE deal",
    "') UNION SELECT password_hash FROM member--",
    "%' AND 1=(SELECT count(*) FROM person) AND '%'='",
    "1 AND randomblob(900000000)",
    "'; SELECT pg_sleep(9)--",
    "name DESC, (SELECT 1)",
    "* NEAR(",
    'a" OR b:*',
    "\\",
    "\x00",
    "%00",
    "${7*7}{{7*7}}",
    "١٢٣",
    "-1",
    "9" * 40,
    "1e999",
    "NaN",
    "🥐" * 50,
    "Europe/../../etc/passwd",
    "a" * 20_000,
)
SCRIPTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "<a href='javascript:alert(1)'>x</a>",
    "</textarea><script>alert(1)</script>",
    "<div hx-get='/sign-out' hx-trigger='load'>",
    "{{ viewer }}{% for x in () %}",
)
PATHS = (
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "....//....//etc/passwd",
    "%2e%2e/%2e%2e/app.py",
    "..\\..\\app.py",
    "/etc/passwd",
    "C:\\windows\\win.ini",
    "app.css\x00.png",
    "app.css%00",
    "~root",
    ".env",
    "con",
    "a" * 300,
)
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
    for form in forms:
        fields = [field for field in form.values if field != "_csrf_token"]
        # All typed fields at once, then each field of the form with the next payload.
        tries = (
            [dict.fromkeys(form.typed, payload) for payload in SCRIPTS[:2]] if form.typed else []
        )
        tries += [{field: next(payloads)} for field in fields for _ in range(2)]
        for hostile in tries:
            status, text, seconds = send(visit, name, form, {**form.values, **hostile})
            if status >= 500 or seconds > 10:
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
    for form in forms:
        known = {*form.values, *form.typed}
        before = acts(world)
        extra = {column: "1" for column in columns if column not in known}
        status, _, _ = send(visit, "alice", form, {**form.values, **extra})
        assert status in (403, 404, 409, 410, 422), (form.action, status)
        assert acts(world) == before, form.action


# S9: names of files


@pytest.mark.parametrize("name", PATHS)
def test_should_serve_s9_no_file_by_a_path(visit: Visit, name: str) -> None:
    for path in (f"/static/{name}", f"/static/../{name}", f"/{name}"):
        if "\x00" in path or "\\" in path:
            path = path.replace("\x00", "%00").replace("\\", "%5c")
        answer = visit(None).get(path)
        assert answer.status_code in (303, 400, 404, 405), (path, answer.status_code)
        assert "root:" not in answer.text


@pytest.mark.parametrize("name", PATHS)
def test_should_keep_s9_error_files_in_their_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "errors"
    try:
        path = write_error_file(folder, name[:100], ["name"], [(1, "wrong", ["x"])], set())
    except ValueError:
        # The system takes no name with a zero byte.
        return
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
