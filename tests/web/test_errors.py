"""What is said when something goes wrong."""

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
SAME = "Somebody did the same in this moment."


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (IntegrityError("INSERT", {}, Exception("secret key")), 409, SAME),
        (OperationalError("UPDATE", {}, psycopg.errors.SerializationFailure()), 409, SAME),
        (OperationalError("BEGIN", {}, sqlite3.OperationalError("database is locked")), 503, BUSY),
        (PoolTimeout("pool limit of size 1 reached"), 503, BUSY),
    ],
)
def test_should_say_in_words_that_others_were_first(
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
    part = alice.post("/accounts", {"name": "Harrow"}, **HTMX)
    for answer in (page, part):
        assert answer.status_code == status
        assert said in answer.text
        assert "secret key" not in answer.text
        assert ("retry-after" in answer.headers) == (status == 503)
    assert "<h1>" in page.text
    assert "<" not in part.text


def test_should_say_what_kind_of_text_it_is_once(visit: Visit, world: World) -> None:
    alice = visit("alice")
    page = alice.get("/deals/D-9999")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    part = alice.get("/deals/D-9999", **HTMX)
    assert part.headers["content-type"] == "text/plain; charset=utf-8"
    assert alice.get("/deals").headers["content-type"] == "text/html; charset=utf-8"
