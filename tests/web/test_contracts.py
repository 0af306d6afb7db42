"""Rules for every template, every route and every list."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from litestar import Litestar
from sqlalchemy import event
from sqlmodel import Session, col, select

from references.desk.request import State
from tests.references.asking import advocate, call
from tests.web.conftest import Visit, acts
from tests.workspace.assets.hostile_files import png
from tests.world import World, ago
from web.policies import handlers
from web.rendering import STATIC, TEMPLATES, environment, static_path
from workspace.accounts import accounts
from workspace.assets import assets, files
from workspace.assets.assets import Asset
from workspace.assets.inspection import InspectedFile
from workspace.clock import today
from workspace.collaboration import notes, reminders, tasks
from workspace.database import Database
from workspace.deals import lifecycle, stages
from workspace.deals.tables import Seat
from workspace.imports import runs
from workspace.imports.ledger import ImportPart
from workspace.imports.preview import FilePreview, Preview
from workspace.imports.recognition import Reading
from workspace.keys import row_of_key
from workspace.own_fields import fields as own_fields
from workspace.people import people
from workspace.people.sign_in.tables import IdentityProvider
from workspace.people.tables import Employment, Person
from workspace.timeline.timeline import TimelineEntry
from workspace.webhooks import messages
from workspace.webhooks.tables import WebhookEndpoint

PUBLIC = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/demo/sign-in"),
    ("GET", "/sign-in/forgotten"),
    ("POST", "/sign-in/forgotten"),
    ("GET", "/sign-in/code"),
    ("GET", "/sign-in/with/{key}"),
    ("GET", "/sign-in/with/{key}/callback"),
    ("POST", "/sign-in/code"),
    ("POST", "/sign-in/passkey"),
    ("POST", "/sign-in/passkey/options"),
    ("GET", "/static/{name}"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
    ("GET", "/api/v1/openapi.json"),
}
# Forms for visitors who are about to sign in, which lead others on.
DOORS = {
    "/sign-in",
    "/sign-in/code",
    "/sign-in/with/{key}",
    "/sign-in/with/{key}/callback",
}
# What other programs ask for.
PROGRAMS = ("/health/", "/metrics", "/api/v1/")
# Where the secret in the address takes the place of a session and of the form's token.
BY_LINK = ("/g/", "/join/", "/confirm/", "/own-data/", "/shared/")
# What administrators alone are shown.
ADMINISTRATION = "/administration/"
# Writes that a read-only member may send: they change nothing of the record but who sees their
# own profile.
HARMLESS = {
    "/people/{key}/visibility",
    *("/sign-in", "/sign-in/forgotten", "/sign-in/code", "/sign-in/passkey"),
    "/sign-in/passkey/options",
    *("/sign-out", "/preferences"),
    *("/demo/sign-in", "/demo/tour", "/exports/{name}", "/insights/counts"),
    *("/tokens", "/tokens/{key}/revoke"),
    *("/security/passkeys", "/security/passkeys/{key}/remove"),
}
# Fragments without a page of their own, and what programs ask for.
NO_PAGES = {
    "/deals/new/account",
    "/deals/{key}/activity/latest",
    "/deals/{key}/activity/mentions",
    "/deals/{key}/cells",
    "/deals/{key}/cells/{cell}",
    "/deals/{key}/suggestions",
    "/deals/{key}/suggestions/more",
    "/imports/{run_id}/errors/{number}",
    "/library/{key}/files/{version}",
    "/search/existing",
    "/search/names",
    "/live",
}
# Pages for those who lead.
LEADERS_PAGES = {
    *("/staffing/members/{key}", "/duplicates/{kind}/{one}/{other}", "/deals/targets"),
}
# Pages for customer marketing, and for the member who asked.
DESK_PAGES = {"/references/{key}/emails/{email}"}
TEMPLATE_NAMES = sorted(str(file.relative_to(TEMPLATES)) for file in TEMPLATES.rglob("*.html"))


# The key of a reference request that the record holds.
REQUEST = "R-0001"
# The key of one whose emails are still to be sent.
EMAILED = "R-0002"
SEEN = "Bob has seen it."
# The key of an identity provider, which is reached nowhere.
PROVIDER = "corporate-id"


@pytest.fixture(autouse=True)
def _request(request: pytest.FixtureRequest) -> None:
    """A reference request, a note of Bob's and a task of Alice's, if the test has a world."""
    if "world" in request.fixturenames:
        world: World = request.getfixturevalue("world")
        with world.database.write() as writing:
            who = advocate(writing, world, "ines")
            call(writing, world, who, today()).key = REQUEST
            call(writing, world, who, today(), state=State.APPROVED).key = EMAILED
            wards, alice = world.deal(writing, "wards"), world.people["alice"]
            notes.write_note(writing, wards, world.people["bob"], "note", f"{SEEN} @Alice Adeyemi")
            tasks.add_task(writing, wards, "Call back", alice)
            ines = row_of_key(writing, Person, "ines-moreira")
            reminders.keep_in_touch(writing, alice, ines, 30, ago(40))
            kind = own_fields.FieldKind.CHOICE
            own_fields.add_field(
                writing, own_fields.FieldSubject.DEAL, "Deployment", kind, None, choices=["Cloud"]
            )
            writing.add(
                IdentityProvider(
                    key=PROVIDER, name="Corporate ID", issuer="https://127.0.0.1", client_id="x"
                )
            )
            grace = world.people["grace"]
            hook = WebhookEndpoint(
                name="BI", url="https://127.0.0.1", events="", acts_as_id=grace, secret=""
            )
            writing.add(hook)
            writing.flush()
            messages.send_test(writing, hook)
            file = runs.Upload("accounts.csv", b"account\nOrlik\n", Reading())
            run = runs.store(writing, world.people["bob"], [file])
            part = ImportPart(run_id=run.id, start=0, file=0, rows=1, wrong=[(2, "Odd.", ["x"])])
            writing.add(part)
            run.preview = Preview([FilePreview("accounts.csv", refused="Seen.")], []).to_json()
            demo = row_of_key(writing, Asset, world.assets["demo"])
            stored = files.keep(request.getfixturevalue("tmp_path") / "files", png())
            files.add_version(writing, demo, InspectedFile("a.png", "png", png()), stored, alice)


def routes(app: Litestar) -> list[tuple[str, str]]:
    """Every method and path that the application answers to browsers."""
    return sorted(
        (method, re.sub(r":\w+}", "}", path))
        for method, path, handler in handlers(app)
        if not handler.opt.get("api")
    )


def test_should_keep_addresses_of_pages_from_becoming_keys(app: Litestar) -> None:
    """What has the key 'targets' would never be found where /deals/targets is a page."""
    fixed, keyed = defaultdict(set), set()
    for _, path in routes(app):
        kind, _, rest = path.strip("/").partition("/")
        part = rest.partition("/")[0]
        if part.startswith("{key"):
            keyed.add(kind)
        elif part:
            fixed[kind].add(part)
    assert {"deals", "accounts", "people", "library", "references"} <= keyed
    # The keys of requests are counted, and those of the others never are 'new'.
    counted = {"references"}
    assert fixed["deals"] == lifecycle.RESERVED_KEYS
    for kind in keyed - counted - {"deals"}:
        assert fixed[kind] <= {"new"}, kind


def filled(path: str, world: World, session: Session) -> str:
    """The path with the keys of existing things that Bob may change."""
    deal = world.deal(session, "wards")
    seat = session.exec(select(Seat.id).where(Seat.deal_id == deal.id)).first()
    ines = select(Person.id).where(Person.key == "ines-moreira").scalar_subquery()
    fact = session.exec(select(Employment.id).where(Employment.person_id == ines)).first()
    own = session.exec(
        select(TimelineEntry.id).where(col(TimelineEntry.text).startswith(SEEN))
    ).first()
    keys = {
        "/deals/": deal.key,
        "/accounts/": world.accounts["brannoc"],
        "/people/": "ines-moreira",
        "/library/": world.assets["demo"],
        "/introductions/": "I-nothing",
        "/network/": "N-nothing",
        "/references/advocates/": "ines-moreira",
        "/references/{key}/emails/": EMAILED,
        "/tokens/": "of-nobody",
        "/administration/tokens/": "of-nobody",
        "/references/": REQUEST,
        "/staffing/members/": "bob-brandt",
        "/staffing/roles/": "trainer",
        "/administration/members/": "dana-dvorak",
        "/administration/providers/": PROVIDER,
        "/administration/people/": "jonas-havelka",
        "/sign-in/with/": PROVIDER,
        "/security/passkeys/": "nothing",
        "/administration/deals/": "D-nothing",
    }
    for start, key in keys.items():
        if path.startswith(start):
            path = path.replace("{key}", key)
    kind = "employment" if path.startswith("/people/") else "accounts"
    if path.startswith("/references/texts/"):
        kind = "invitation"
    for name, value in (
        ("kin_key", world.deals["brannoc"]),
        ("person_key", "dana-dvorak"),
        ("seat_id", seat),
        ("use_id", 1),
        ("fact_id", fact),
        ("kind", kind),
        ("cell", "amount"),
        ("one", world.accounts["brannoc"]),
        ("other", world.accounts["havel"]),
        ("revision_id", 1),
        ("tie_id", 1),
        ("token", "of-nobody"),
        ("step", "approve"),
        ("message", 1),
        ("job_id", 1),
        ("endpoint_id", 1),
        ("email", "invitation"),
        ("stakeholder_id", 1),
        ("connection_id", 1),
        ("field_id", 1),
        ("item_id", 1),
        ("view_id", 1),
        ("task_id", 1),
        ("entry_id", own),
        ("run_id", 1),
        ("version", 1),
        ("link_id", 1),
        ("number", 0),
        ("area", "deals"),
        ("name", static_path("app.css").rsplit("/", 1)[1]),
    ):
        path = path.replace(f"{{{name}}}", str(value))
    assert "{" not in path, f"{path}: say here what to put into it"
    return path


@pytest.mark.parametrize("name", TEMPLATE_NAMES)
def test_should_have_templates_without_anything_that_runs(name: str) -> None:
    environment().get_template(name)
    source = (TEMPLATES / name).read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", source), "an inline script"
    assert "<style" not in source
    assert not re.search(r"\sstyle=", source), "an inline style"
    assert not re.search(r"\s(hx-)?on[a-z:-]+=", source), "an inline handler"
    assert "hx-vals='js" not in source
    assert "|safe" not in source
    assert "javascript:" not in source


@pytest.mark.parametrize("name", TEMPLATE_NAMES)
def test_should_have_templates_without_very_long_lines(name: str) -> None:
    lines = (TEMPLATES / name).read_text().splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) >= 160] == []


@pytest.mark.parametrize("name", TEMPLATE_NAMES)
def test_should_have_a_token_in_every_form_that_writes(name: str) -> None:
    source = (TEMPLATES / name).read_text()
    by_link = name.startswith("references/guests/")
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", source, re.DOTALL):
        assert "csrf()" in form or by_link
    for tag in re.findall(r"<[^>]*hx-get=[^>]*>", source):
        if "<input" not in tag:
            assert "href=" in tag or "action=" in tag, f"needs JavaScript: {tag}"


def test_should_require_sign_in(
    app: Litestar, visit: Visit, world: World, session: Session
) -> None:
    stranger = visit(None)
    for method, path in routes(app):
        if (method, path) in PUBLIC or path.startswith(BY_LINK):
            continue
        send = stranger.get if method == "GET" else stranger.post
        answer = send(filled(path, world, session))
        if method == "GET":
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/sign-in"), path
        else:
            assert answer.status_code == 403, path


def test_should_answer_every_page(
    app: Litestar, visit: Visit, world: World, session: Session
) -> None:
    before = acts(world)
    for method, path in routes(app):
        if method == "GET" and path not in DOORS and not path.startswith((*BY_LINK, *PROGRAMS)):
            here = filled(path, world, session)
            who = "dana" if path in LEADERS_PAGES else "bob"
            if path in DESK_PAGES:
                who = "erin"
            if path.startswith(ADMINISTRATION):
                assert visit("bob").get(here).status_code == 403, path
                who = "grace"
            answer = visit(who).get(here)
            assert answer.status_code == 200, path
            if not path.startswith("/static"):
                title = re.search(r"<title>(.+?) · Dealkin</title>", answer.text)
                assert title or path in NO_PAGES, path
                assert answer.headers["cache-control"] == "private, no-store"
                assert "HX-Request" in answer.headers["vary"]
    assert acts(world) == before


def test_should_let_a_reading_member_change_nothing(
    app: Litestar, visit: Visit, world: World, session: Session
) -> None:
    before = acts(world)
    for method, path in routes(app):
        if method != "GET" and path not in HARMLESS:
            answer = visit("frank").post(filled(path, world, session))
            # There is no such link.
            by_link = {"g": (404,), "join": (410,), "confirm": (410,)} | dict.fromkeys(
                ("own-data", "shared"), (410,)
            )
            refused = by_link.get(path.split("/")[1], (403, 422))
            assert answer.status_code in refused, path
    assert acts(world) == before


def test_should_send_safe_headers_with_everything(visit: Visit) -> None:
    for name, path, status in (
        ("alice", "/", 200),
        ("alice", "/deals/nothing", 404),
        ("alice", "/nothing/at/all", 404),
        (None, "/deals", 303),
        (None, "/sign-in", 200),
        (None, static_path("app.js"), 200),
    ):
        answer = visit(name).get(path)
        assert answer.status_code == status
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_should_name_static_files_by_their_content(visit: Visit) -> None:
    for file in ("app.css", "app.js", "favicon.svg", "vendor/htmx.min.js"):
        answer = visit(None).get(static_path(file))
        assert answer.content == (STATIC / file).read_bytes()
        assert "immutable" in answer.headers["cache-control"]
    for wrong in ("/static/app.css", "/static/..%2fapp.py", "/static/app.000000000000.css"):
        assert visit(None).get(wrong).status_code == 404


def test_should_not_show_details_of_an_error(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr("web.pages.search.search", broken)
    alice = visit("alice")
    page = alice.get("/search?q=x")
    assert page.status_code == 500
    assert "Something broke" in page.text
    line = alice.get("/search?q=x", **{"HX-Request": "true"})
    assert line.status_code == 500
    assert line.headers["content-type"].startswith("text/plain")
    for answer in (page, line):
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text


@pytest.mark.parametrize("cookie", ["theme", "shortcuts", "visit", "flash", "csrftoken", "session"])
def test_should_not_render_the_content_of_a_cookie(visit: Visit, cookie: str) -> None:
    stranger = visit(None)
    stranger.cookies[cookie] = "<img/src=x>'&quot;"
    assert "<img" not in stranger.get("/sign-in").text


def test_should_refuse_other_kinds_of_bodies(visit: Visit, app: Litestar) -> None:
    alice = visit("alice")
    answer = alice.post("/deals", {"name": "x" * 1_100_000, "account": "x"})
    assert answer.status_code == 413
    broken = alice.client.post(
        "/deals",
        content=b"name=%ff&account=%00",
        headers={
            "Cookie": f"session={alice.cookies['session']}",
            "x-csrftoken": alice.token,
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    assert broken.status_code == 422


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are sent to the database."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(database.reader, "before_cursor_execute", note)
    yield seen
    event.remove(database.reader, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/deals",
        "/deals?outcome=open&sort=owner",
        "/deals?view=board",
        "/deals?view=board&column=Qualification&after=D-0001",
        "/accounts",
        "/accounts/st-brannoc-hospital",
        "/people",
        "/people/alice-adeyemi",
        "/library",
        "/library/ward-demo",
        "{wards}",
        "{wards}/kin",
        "{wards}/playbook",
        "{wards}/experts",
        "{wards}/activity",
        "{wards}/tasks",
        "/inbox",
        "/search?q=ward+dashboards",
        "/introductions",
        "/references/influence",
    ],
)
def test_should_send_no_more_statements_for_more_rows(
    visit: Visit, world: World, path: str
) -> None:
    alice = visit("alice")
    here = path.format(wards=f"/deals/{world.deals['wards']}")
    with world.database.write() as session:
        # A group takes a statement for each of its levels.
        brannoc = world.account(session, "brannoc")
        accounts.add_account(session, "A first hospital", parent_id=brannoc.id)
    alice.get(here)
    with counted(world.database) as before:
        alice.get(here)
    with world.database.write() as session:
        brannoc, demo = world.account(session, "brannoc"), world.asset(session, "demo")
        by = world.people["alice"]
        for n in range(15):
            deal = lifecycle.log(
                session,
                f"Ward dashboards {n}",
                brannoc,
                by,
                stage=stages.stages(session)[n % 10],
                amount=Decimal(n),
                currency="EUR",
                use_case="Waiting-time dashboards for ward managers",
            )
            assets.use(session, demo, deal, by)
            wards = world.deal(session, "wards")
            notes.write_note(session, wards, world.people["bob"], "note", f"@Alice Adeyemi {n}")
            tasks.add_task(session, wards, f"Task {n}", by)
            nurse = people.add_contact(session, f"Nurse {n}", by, account_id=brannoc.id)
            reminders.keep_in_touch(session, by, nurse, 30, ago(40))
            account = accounts.add_account(session, f"Hospital {n}", parent_id=brannoc.id)
            assets.publish(session, f"Ward deck {n}", "deck", by, [])
            assert account.id
    alice.get(here)
    with counted(world.database) as after:
        alice.get(here)
    assert len(after) <= len(before), "\n".join(after)
