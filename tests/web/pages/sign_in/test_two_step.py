"""Two-step verification: setting up, signing in with a code, and losing the phone."""

import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from litestar import Litestar
from sqlmodel import Session, select

from tests.web.conftest import Visit, Visitor
from tests.world import World
from workspace.clock import now
from workspace.errors import Conflict
from workspace.keyring import Keyring
from workspace.people.sign_in import rules, throttling, two_step
from workspace.people.sign_in.tables import RecoveryCode, TwoStepSecret
from workspace.people.tables import Role


def give_password(visitor: Visitor, world: World, name: str, back: str = "/deals") -> Any:
    """Send the form for signing in."""
    visitor.token = visitor.token_of("/sign-in")
    data = {"email": world.email(name), "password": world.password(name), "next": back}
    return visitor.post("/sign-in", data)


def key_of(page: str) -> str:
    """The key that a page shows for the app."""
    found = re.search(r"<code>([A-Z2-7]{32})</code>", page)
    assert found is not None
    return found[1]


def codes_of(page: str) -> list[str]:
    """The recovery codes that a page shows."""
    return re.findall(r"<code>([0-9a-f-]{19})</code>", page)


def set_up(visitor: Visitor, world: World, name: str) -> tuple[str, list[str]]:
    """Set two-step verification up on the page: the key, and the recovery codes."""
    sent = {"two_step_password": world.password(name), "then": "set up"}
    assert visitor.post("/security/two-step", sent).headers["location"] == "/security/two-step"
    page = visitor.get("/security/two-step").text
    key = key_of(page)
    assert "data:image/svg+xml" in page
    assert visitor.post("/security/two-step/confirm", {"code": "000000"}).status_code == 422
    answer = visitor.post("/security/two-step/confirm", {"code": pyotp.TOTP(key).now()})
    return key, codes_of(answer.text)


def later(monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    """Let time pass, so that the app shows another code."""
    moment = now() + timedelta(minutes=minutes)
    monkeypatch.setattr(two_step, "now", lambda: moment)


def code_of(key: str, minutes: int) -> str:
    return pyotp.TOTP(key).at(now() + timedelta(minutes=minutes))


def test_should_ask_for_a_code_once_it_is_set_up(
    visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch, session: Session
) -> None:
    key, codes = set_up(visit("alice"), world, "alice")
    assert len(codes) == len(set(codes)) == two_step.RECOVERY_CODES
    stored = session.exec(select(TwoStepSecret.secret)).one()
    assert key not in stored
    hashes = set(session.exec(select(RecoveryCode.code_hash)))
    assert not hashes & {code.replace("-", "") for code in codes}
    stranger = visit(None)
    answer = give_password(stranger, world, "alice")
    assert answer.headers["location"] == "/sign-in/code?next=%2Fdeals"
    assert stranger.get("/deals").status_code == 303
    later(monkeypatch, 5)
    right = code_of(key, 5)
    assert stranger.post("/sign-in/code", {"code": "123", "next": "/deals"}).status_code == 422
    answer = stranger.post("/sign-in/code", {"code": right, "next": "/deals"})
    assert answer.headers["location"] == "/deals"
    assert stranger.get("/deals").status_code == 200
    # A code that was seen over a shoulder does not work again.
    stranger.cookies.clear()
    give_password(stranger, world, "alice")
    assert stranger.post("/sign-in/code", {"code": right}).status_code == 422
    assert stranger.post("/sign-in/code", {"code": codes[0].upper()}).status_code == 303
    stranger.cookies.clear()
    give_password(stranger, world, "alice")
    assert stranger.post("/sign-in/code", {"code": codes[0]}).status_code == 422


def test_should_not_let_codes_be_guessed(visit: Visit, world: World) -> None:
    _, codes = set_up(visit("alice"), world, "alice")
    stranger = visit(None)
    give_password(stranger, world, "alice")
    for number in range(throttling.ATTEMPT_LIMIT):
        assert stranger.post("/sign-in/code", {"code": f"{number:06}"}).status_code == 422
    # Giving the password again is no way round.
    give_password(stranger, world, "alice")
    assert stranger.post("/sign-in/code", {"code": codes[0]}).status_code == 429


def test_should_have_it_set_up_at_sign_in_where_a_role_requires_it(
    visit: Visit, world: World
) -> None:
    with world.database.write() as session:
        rules.set_rules(
            session, idle_minutes=60, lifetime_hours=8, two_step_roles=[Role.MANAGER], by=None
        )
    dana = visit(None)
    assert dana.get("/sign-in/code").headers["location"] == "/sign-in"
    give_password(dana, world, "dana")
    page = dana.get("/sign-in/code?next=/deals").text
    assert "Your role requires it" in page
    code = pyotp.TOTP(key_of(page)).now()
    answer = dana.post("/sign-in/code", {"code": code, "next": "/deals"})
    assert len(codes_of(answer.text)) == two_step.RECOVERY_CODES
    assert dana.get("/deals").status_code == 200
    dana.token = dana.token_of("/security")
    sent = {"two_step_password": world.password("dana"), "then": "turn off"}
    assert dana.post("/security/two-step", sent).status_code == 409
    # Others are not asked.
    alice = visit(None)
    alice.cookies.clear()
    assert give_password(alice, world, "alice").headers["location"] == "/deals"


def test_should_turn_it_off_with_the_password_or_by_an_administrator(
    visit: Visit, world: World
) -> None:
    alice = visit("alice")
    _, codes = set_up(alice, world, "alice")
    wrong = {"two_step_password": "wrong", "then": "turn off"}
    assert alice.post("/security/two-step", wrong).status_code == 422
    sent = {"two_step_password": world.password("alice"), "then": "renew"}
    renewed = codes_of(alice.post("/security/two-step", sent).text)
    assert len(renewed) == two_step.RECOVERY_CODES
    assert not set(renewed) & set(codes)
    here = "/administration/members/alice-adeyemi"
    assert "Turn two-step verification off" in visit("grace").get(here).text
    assert visit("grace").post(f"{here}/two-step").status_code == 303
    assert give_password(visit(None), world, "alice").headers["location"] == "/deals"


def test_should_encrypt_secrets_with_a_new_key(
    app: Litestar, visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, _ = set_up(visit("alice"), world, "alice")
    keyring: Keyring = app.state.workspace.keyring
    keyring.add_key()
    with world.database.write() as session:
        assert two_step.renew_secrets(session, keyring) == 1
    keyring.drop_old_keys()
    later(monkeypatch, 5)
    with world.database.write() as session:
        assert two_step.accepts(session, keyring, world.people["alice"], code_of(key, 5))
        with pytest.raises(Conflict):
            two_step.begin(session, keyring, world.people["alice"])
