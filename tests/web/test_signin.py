"""Signing in and out."""

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest
from litestar import Litestar
from sqlmodel import Session, col, select

from tests.serving import serving
from tests.web.conftest import Visit
from tests.world import World
from web import limits
from web.limits import Kind, Limit
from web.signin import safe_next
from workspace.errors import DealkinError
from workspace.people import members
from workspace.people.sign_in import passwords, throttling
from workspace.people.sign_in.tables import SignInAttempt, SignInSession
from workspace.people.tables import Member
from workspace.settings import Settings


def test_should_sign_in_with_a_new_session(visit: Visit, world: World, session: Session) -> None:
    visitor = visit(None)
    visitor.cookies["session"] = "chosen-by-somebody-else"
    token = visitor.token_of("/sign-in")
    answer = visitor.post(
        "/sign-in",
        {"email": world.email("alice"), "password": world.password("alice"), "next": "/deals"},
        token=token,
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/deals"
    cookies = answer.headers.get_list("set-cookie")
    cookie = next(cookie for cookie in cookies if "session=" in cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "chosen-by-somebody-else" not in cookie
    value = cookie.split("session=")[1].split(";")[0]
    stored = session.exec(select(SignInSession.token_hash)).all()
    assert len(value) >= 43
    assert value not in stored


def test_should_carry_the_token_of_the_session_in_the_forms_of_a_page(visit: Visit) -> None:
    alice, dana = visit("alice"), visit("dana")
    token = alice.token_of("/search")
    assert token == alice.token != dana.token_of("/search")
    assert alice.post("/sign-out", token=dana.token).status_code == 403
    assert alice.post("/sign-out", token=token).status_code == 303


@pytest.mark.parametrize(
    ("email", "password"),
    [("alice@dealkin.example", "wrong"), ("nobody@dealkin.example", "wrong"), ("", "")],
)
def test_should_answer_a_wrong_password_as_an_unknown_address(
    visit: Visit, email: str, password: str
) -> None:
    visitor = visit(None)
    answer = visitor.post(
        "/sign-in", {"email": email, "password": password}, token=visitor.token_of("/sign-in")
    )
    assert answer.status_code == 422
    assert "Wrong email or password" in answer.text
    assert "session=" not in answer.headers.get("set-cookie", "")


def test_should_stop_guessing_whatever_the_headers(
    visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = []
    monkeypatch.setattr(
        passwords, "check_password", lambda _session, email, _password: checked.append(email)
    )
    visitor = visit(None)
    token = visitor.token_of("/sign-in")
    answers = [
        visitor.post(
            "/sign-in",
            {"email": world.email("alice"), "password": str(n)},
            token=token,
            **{"X-Forwarded-For": f"203.0.113.{n}"},
        ).status_code
        for n in range(30)
    ]
    assert len(checked) == throttling.ATTEMPT_LIMIT
    assert answers[-1] == 429


def test_should_count_guesses_at_others_though_one_signs_in_between(
    visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling, "ADDRESS_LIMIT", 5)
    visitor = visit(None)

    def try_as(name: str, password: str) -> int:
        data = {"email": world.email(name), "password": password}
        visitor.cookies.pop("session", None)
        return int(visitor.post("/sign-in", data, token=visitor.token_of("/sign-in")).status_code)

    for name in ("alice", "bob", "dana", "erin"):
        assert try_as(name, "a guess") == 422
        # An office that signs in correctly does not lock itself out.
        assert try_as("charlie", world.password("charlie")) == 303
    assert try_as("frank", "a guess") == 422
    assert try_as("grace", "a guess") == 429
    assert try_as("charlie", world.password("charlie")) == 429


def test_should_lock_an_account_and_not_its_network(visit: Visit, world: World) -> None:
    visitor = visit(None)
    token = visitor.token_of("/sign-in")
    for _ in range(throttling.ATTEMPT_LIMIT):
        visitor.post("/sign-in", {"email": world.email("bob"), "password": "x"}, token=token)
    for name, status in (("bob", 429), ("alice", 303)):
        data = {"email": world.email(name), "password": world.password(name)}
        assert visitor.post("/sign-in", data, token=token).status_code == status


def test_should_not_let_guesses_at_once_exceed_the_limit(
    visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = []
    count = throttling.count_attempt

    def count_while_others_do(session: Session, *subjects: str) -> list[int]:
        """Count as if other attempts had been counted in the same moment."""
        for _ in range(throttling.ATTEMPT_LIMIT):
            count(session, *subjects)
        return count(session, *subjects)

    monkeypatch.setattr(throttling, "count_attempt", count_while_others_do)
    monkeypatch.setattr(passwords, "check_password", lambda *given: checked.append(given))
    visitor = visit(None)
    data = {"email": world.email("alice"), "password": "x"}
    answer = visitor.post("/sign-in", data, token=visitor.token_of("/sign-in"))
    assert answer.status_code == 429
    assert not checked


def test_should_sign_out_for_good(visit: Visit) -> None:
    alice = visit("alice")
    kept = alice.cookies["session"]
    assert alice.post("/sign-out").status_code == 303
    alice.cookies["session"] = kept
    assert alice.get("/").headers["location"] == "/sign-in"


def test_should_clear_what_the_browser_has_stored_when_signing_out(visit: Visit) -> None:
    alice = visit("alice")
    assert "clear-site-data" not in alice.get("/").headers
    cleared = alice.post("/sign-out").headers["clear-site-data"]
    assert '"cache"' in cleared
    assert '"storage"' in cleared


def test_should_let_a_session_end_when_its_member_leaves(visit: Visit, world: World) -> None:
    alice = visit("alice")
    with world.database.write() as session:
        session.get_one(Member, world.people["alice"]).active = False
    assert alice.get("/deals").status_code == 303


def test_should_refuse_the_form_without_its_token(visit: Visit, world: World) -> None:
    visitor = visit(None)
    visitor.token_of("/sign-in")
    data = {"email": world.email("alice"), "password": world.password("alice")}
    assert visitor.post("/sign-in", data, token="").status_code == 403
    assert visitor.post("/sign-in", data, token="ż").status_code == 403


def test_should_keep_the_token_of_the_form_whatever_is_fetched_in_the_background(
    visit: Visit,
) -> None:
    def cookie(mode: str) -> str | None:
        answer = visit(None).get("/sign-in", **{"Sec-Fetch-Mode": mode})
        made: str | None = answer.headers.get("set-cookie")
        return made

    assert "visit=" in (cookie("navigate") or "")
    assert cookie("cors") is None
    assert cookie("same-origin") is None


def test_should_not_show_the_form_to_members(visit: Visit) -> None:
    assert visit("alice").get("/sign-in?next=/people").headers["location"] == "/people"


@pytest.mark.parametrize(
    "path",
    [
        "//x.example",
        "/\\x.example",
        "https:x",
        "https://x.example",
        "javascript:alert(1)",
        "",
        "x",
        "/\t/x.example",
        "\\\\x",
        "/\n/x.example",
    ],
)
def test_should_stay_on_this_site(path: str) -> None:
    assert safe_next(path) == "/"


def test_should_come_back_to_where_one_was_going(visit: Visit) -> None:
    answer = visit(None).get("/deals?outcome=won")
    assert answer.headers["location"] == "/sign-in?next=/deals%3Foutcome%3Dwon"
    assert safe_next("/deals?outcome=won") == "/deals?outcome=won"


def test_should_send_htmx_to_the_form(visit: Visit) -> None:
    answer = visit(None).get(
        "/deals", **{"HX-Request": "true", "HX-Current-URL": "http://dealkin.local/deals?q=x"}
    )
    assert answer.status_code == 200
    assert answer.headers["hx-redirect"].startswith("/sign-in?next=/deals")


def test_should_keep_preferences(visit: Visit) -> None:
    frank = visit("frank")
    answer = frank.post("/preferences", {"theme": "dark", "next": "/deals"})
    assert answer.headers["location"] == "/deals"
    assert frank.cookies["theme"] == "dark"
    assert 'data-theme="dark"' in frank.get("/").text
    assert frank.post("/preferences", {"theme": "pink"}).status_code == 422


def test_should_hash_s12_a_password_for_an_unknown_address_too(
    visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One hash for each try, so that neither answer nor time tells which addresses there are."""
    with world.database.write() as session:
        members.deactivate(session, world.people["frank"])
    passwords.verify("x", None)
    hashed: list[str] = []
    hashing = passwords._hashing.submit

    def submit(function: Any, password_hash: str, password: str) -> Any:
        hashed.append(password_hash)
        return hashing(function, password_hash, password)

    monkeypatch.setattr(passwords._hashing, "submit", submit)
    pages = set()
    for email in (world.email("alice"), world.email("frank"), "nobody@dealkin.example"):
        visitor = visit(None)
        sent = {"email": email, "password": "wrong"}
        answer = visitor.post("/sign-in", sent, token=visitor.token_of("/sign-in"))
        page = re.sub(r'value="[^"]*"', "", answer.text)
        pages.add((answer.status_code, page))
    assert len(hashed) == 3
    # The costs stand at the beginning of a hash.
    assert len({each.rpartition("$")[0].rpartition("$")[0] for each in hashed}) == 1
    assert len(pages) == 1


@pytest.mark.slow
def test_should_evaluate_s12_ten_of_a_thousand_tries_whatever_their_address(
    app: Litestar, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S12: a new /64 in the proxy's header with each try, and what the client adds to it."""
    checked: list[str] = []
    monkeypatch.setattr(limits, "LIMITS", dict.fromkeys(Kind, Limit(1_000_000)))
    monkeypatch.setattr(
        passwords, "check_password", lambda _session, email, _password: checked.append(email)
    )
    with serving(app, proxies="127.0.0.1") as address, httpx.Client(base_url=address) as client:
        page = client.get("/sign-in").text
        token = page.split('name="_csrf_token" value="')[1].split('"')[0]
        data = {"email": world.email("alice"), "password": "a guess", "_csrf_token": token}
        # As many as the promise says on one database, and enough for the other.
        for n in range(1000 if world.database.is_sqlite else 100):
            forwarded = f"203.0.113.{n % 250}, 2001:db8:{n:x}::{n:x}"
            client.post("/sign-in", data=data, headers={"X-Forwarded-For": forwarded})
    assert len(checked) == throttling.ATTEMPT_LIMIT
    with world.database.read() as session:
        networks = set(
            session.exec(
                select(SignInAttempt.subject).where(
                    col(SignInAttempt.subject).startswith("address ")
                )
            )
        )
    # The proxy's word counts, and not what the client put before it.
    assert len(networks) == throttling.ATTEMPT_LIMIT
    assert "address 2001:db8:1::/64" in networks


@pytest.mark.parametrize(
    ("origin", "proxies", "believed"),
    [
        (None, None, ""),
        ("https://deals.example", None, "127.0.0.1,::1"),
        ("https://deals.example", "10.0.0.0/8, 2001:db8::1", "10.0.0.0/8, 2001:db8::1"),
        ("https://deals.example", "", ""),
    ],
)
def test_should_believe_the_proxies_that_the_settings_name(
    origin: str | None, proxies: str | None, believed: str
) -> None:
    assert Settings(origin=origin, proxies=proxies).trusted_proxies == believed


def test_should_refuse_a_proxy_that_is_no_address() -> None:
    with pytest.raises(DealkinError, match="DEALKIN_PROXIES"):
        assert Settings(proxies="proxy.example").trusted_proxies


def test_should_bind_cookies_to_the_host_over_https(app: Litestar, visit: Visit) -> None:
    workspace = app.state.workspace
    settings = workspace.settings.model_copy(update={"origin": "https://deals.example"})
    app.state.workspace = replace(workspace, settings=settings)
    cookie = visit(None).get("/sign-in").headers["set-cookie"]
    assert cookie.startswith("__Host-visit=")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
