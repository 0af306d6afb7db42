"""Error pages."""

import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tests.web.conftest import Visit
from tests.world import World
from workspace.accounts import accounts

HTMX = {"HX-Request": "true"}
BUSY = "Too much is being written at once."
SAME = "This was changed at the same moment."


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (IntegrityError("INSERT", {}, Exception("secret key")), 409, SAME),
        (OperationalError("UPDATE", {}, psycopg.errors.SerializationFailure()), 409, SAME),
        (OperationalError("BEGIN", {}, sqlite3.OperationalError("database is locked")), 503, BUSY),
        (PoolTimeout("pool limit of size 1 reached"), 503, BUSY),
    ],
)
def test_should_explain_a_conflict_between_writes(
    visit: Visit,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    said: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(accounts, "add_account", fail)
    alice = visit("alice")
    page = alice.post("/accounts", {"name": "Harrow"})
    fragment = alice.post("/accounts", {"name": "Harrow"}, **HTMX)
    for answer in (page, fragment):
        assert answer.status_code == status
        assert said in answer.text
        assert "secret key" not in answer.text
        assert ("retry-after" in answer.headers) == (status == 503)
    assert "<h1>" in page.text
    assert "<" not in fragment.text


def test_should_send_one_content_type(visit: Visit, world: World) -> None:
    alice = visit("alice")
    page = alice.get("/deals/D-9999")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    fragment = alice.get("/deals/D-9999", **HTMX)
    assert fragment.headers["content-type"] == "text/plain; charset=utf-8"
    assert alice.get("/deals").headers["content-type"] == "text/html; charset=utf-8"
