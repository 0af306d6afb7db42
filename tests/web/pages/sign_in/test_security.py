"""S13, what members look after themselves: their browsers, their password and their address."""

import re

import pytest
from litestar import Litestar
from sqlmodel import Session, col, select

from tests.serving import set_mail_server
from tests.web.conftest import Visit, Visitor, acts
from tests.world import World
from workspace.audit import AuditEntry
from workspace.delivery.outbox import OutboxMessage
from workspace.people.sign_in import passwords, sessions, throttling
from workspace.people.sign_in.tables import AddressChange
from workspace.people.tables import Person

NEW = "four unrelated words here"


def sign_in(visitor: Visitor, world: World, name: str, password: str | None = None) -> int:
    """Sign a visitor in through the form."""
    token = visitor.token_of("/sign-in")
    data = {"email": world.email(name), "password": password or world.password(name)}
    answer = visitor.post(
        "/sign-in", data, token=token, **{"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}
    )
    if answer.status_code == 303:
        visitor.token = visitor.token_of("/security")
    return int(answer.status_code)


def test_should_list_browsers_and_sign_one_out(visit: Visit, world: World) -> None:
    alice, bob = visit(None), visit("bob")
    assert sign_in(alice, world, "alice") == 303
    with world.database.write() as session:
        phone = sessions.open_session(
            session, world.people["alice"], "Safari on iPhone", "192.0.2.9"
        )
        bobs = sessions.sessions_of(session, world.people["bob"], bob.cookies["session"])
    page = alice.get("/security").text
    assert "Firefox on Linux" in page
    assert "This browser" in page
    assert "192.0.2.9" in page
    key = re.search(r'value="(\w{16})">Sign out<span class="sr">Safari', page)
    assert key is not None
    assert alice.post("/security/sessions", {"session": bobs[0].key}).status_code == 404
    assert alice.post("/security/sessions", {"session": key[1]}).status_code == 303
    with world.database.read() as session:
        assert sessions.viewer_of(session, phone) is None
        assert sessions.viewer_of(session, alice.cookies["session"]) is not None
    answer = alice.post("/security/sessions", {"session": "everywhere"})
    assert answer.headers["location"] == "/sign-in"
    assert "storage" in answer.headers["clear-site-data"]
    assert bob.get("/security").status_code == 200


def test_should_change_the_password_with_the_present_one(visit: Visit, world: World) -> None:
    alice = visit("alice")
    with world.database.write() as session:
        other = sessions.open_session(session, world.people["alice"])
    right = world.password("alice")
    for current, new, again, words in (
        ("wrong", NEW, NEW, "Wrong password"),
        (right, NEW, NEW + "x", "differ"),
        (right, "too-short", "too-short", "At least 12"),
        (right, "alice adeyemi!", "alice adeyemi!", "easy to guess"),
    ):
        sent = {"current": current, "new": new, "again": again}
        answer = alice.post("/security/password", sent)
        assert answer.status_code == 422
        assert words in answer.text
        assert new not in answer.text
    kept = alice.cookies["session"]
    sent = {"current": right, "new": NEW, "again": NEW}
    assert alice.post("/security/password", sent).status_code == 303
    assert alice.cookies["session"] != kept
    assert alice.get("/security").status_code == 200
    with world.database.read() as session:
        assert sessions.viewer_of(session, other) is None
        assert passwords.check_password(session, world.email("alice"), NEW) is not None


def test_should_not_let_an_open_browser_guess_the_password(visit: Visit, world: World) -> None:
    alice = visit("alice")
    sent = {"current": "a guess", "new": NEW, "again": NEW}
    for _ in range(throttling.ATTEMPT_LIMIT):
        assert alice.post("/security/password", sent).status_code == 422
    sent["current"] = world.password("alice")
    assert alice.post("/security/password", sent).status_code == 429


def mailed(session: Session, recipient: str) -> list[str]:
    """The bodies of the mails to an address."""
    session.rollback()
    query = select(OutboxMessage.body).where(OutboxMessage.recipient == recipient)
    return list(session.exec(query.order_by(col(OutboxMessage.id))))


def test_s13_should_change_the_address_by_a_link_to_the_new_one(
    app: Litestar, visit: Visit, world: World, session: Session
) -> None:
    set_mail_server(app)
    alice, before, new = visit("alice"), world.email("alice"), "ada@dealkin.example"
    for email, password, words in (
        (new, "wrong", "Wrong password"),
        ("no address", world.password("alice"), "name@example.com"),
        (world.email("bob"), world.password("alice"), "Another person"),
    ):
        answer = alice.post("/security/address", {"email": email, "password": password})
        assert answer.status_code == 422
        assert words in answer.text
    sent = {"email": new, "password": world.password("alice")}
    assert alice.post("/security/address", sent).status_code == 303
    [body] = mailed(session, new)
    path = re.search(r"/confirm/[\w-]+", body)
    assert path is not None
    [stored] = session.exec(select(AddressChange.token_hash)).all()
    assert stored not in body
    # The link is opened in another browser, and looking at it changes nothing.
    stranger = visit(None)
    assert new in stranger.get(path[0]).text
    assert session.get_one(Person, world.people["alice"]).email == before
    assert stranger.post(path[0]).status_code == 303
    session.expire_all()
    session.rollback()
    assert session.get_one(Person, world.people["alice"]).email == new
    asked, changed = mailed(session, before)
    assert "change your password at once" in asked
    assert path[0] not in asked
    assert "no longer with this address" in changed
    assert stranger.get(path[0]).status_code == stranger.post(path[0]).status_code == 410


def test_s13_should_end_a_change_of_address_with_a_new_password(
    app: Litestar, visit: Visit, world: World, session: Session
) -> None:
    """A stranger who knew the old password keeps no way in."""
    set_mail_server(app)
    alice = visit("alice")
    sent = {"email": "stranger@dealkin.example", "password": world.password("alice")}
    assert alice.post("/security/address", sent).status_code == 303
    [body] = mailed(session, "stranger@dealkin.example")
    path = re.search(r"/confirm/[\w-]+", body)
    assert path is not None
    with world.database.write() as writing:
        passwords.set_password(writing, world.people["alice"], "correct horse battery staple")
    assert visit(None).post(path[0]).status_code == 410


def test_should_keep_the_address_out_of_the_profile_form(visit: Visit, world: World) -> None:
    assert 'name="email"' not in visit("alice").get("/people/alice-adeyemi/edit").text
    assert 'name="email"' in visit("grace").get("/people/alice-adeyemi/edit").text
    form = {"name": "Alice Adeyemi", "email": "else@dealkin.example"}
    assert visit("alice").save("/people/alice-adeyemi/edit", form).status_code in (404, 405, 422)


def test_s13_should_mail_a_new_password_without_telling_who_is_a_member(
    app: Litestar, visit: Visit, world: World, session: Session
) -> None:
    stranger = visit(None)
    token = stranger.token_of("/sign-in")
    assert "administrator" in stranger.get("/sign-in/forgotten").text
    set_mail_server(app)

    def ask(email: str) -> str:
        answer = stranger.post("/sign-in/forgotten", {"email": email}, token=token)
        assert answer.status_code == 200
        return str(answer.text).replace(email, "…")

    assert ask("nobody@dealkin.example") == ask(world.email("alice"))
    [body] = mailed(session, world.email("alice"))
    path = re.search(r"/join/[\w-]+", body)
    assert path is not None
    for _ in range(6):
        ask(world.email("alice"))
    # Only so many a day, and each takes the place of the one before.
    assert len(mailed(session, world.email("alice"))) == 5
    newest = re.search(r"/join/[\w-]+", mailed(session, world.email("alice"))[-1])
    assert newest is not None
    assert stranger.get(path[0]).status_code == 410
    answer = stranger.post(newest[0], {"password": NEW, "again": NEW})
    assert answer.status_code == 303
    assert stranger.get(newest[0]).status_code == 410
    with world.database.read() as reading:
        assert passwords.check_password(reading, world.email("alice"), NEW) is not None


def test_should_log_who_signs_in_and_who_fails_to(
    visit: Visit, world: World, session: Session
) -> None:
    visitor = visit(None)
    assert sign_in(visitor, world, "alice", "wrong") == 422
    assert sign_in(visitor, world, "alice") == 303
    assert visitor.post("/sign-out").status_code == 303
    subject = f"person {world.people['alice']}"
    session.rollback()
    query = select(AuditEntry.action).where(AuditEntry.subject == subject)
    logged = list(session.exec(query.order_by(col(AuditEntry.id))))
    assert logged[-3:] == ["sign-in failed", "signed in", "signed out"]


@pytest.mark.parametrize(
    ("idle", "hours", "status"), [("30", "8", 303), ("1", "8", 422), ("30", "0", 422)]
)
def test_should_let_administrators_set_when_sessions_end(
    visit: Visit, world: World, idle: str, hours: str, status: int
) -> None:
    here, before = "/administration/sign-in", acts(world)
    sent = {"idle_minutes": idle, "lifetime_hours": hours, "takes_passwords": "yes"}
    assert visit("grace").save(here, sent).status_code == status
    assert visit("dana").post(here, sent).status_code == 403
    assert (acts(world) > before) == (status == 303)
