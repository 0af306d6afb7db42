"""Whatever is sent to whatever address, the answer is one in words and never a fault.

`just fuzz` sends many more.
"""

import os
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from sqlmodel import Session

from tests.web.conftest import Visit
from tests.web.test_contracts import filled, routes
from tests.world import World
from web import limits
from web.limits import Kind, Limit

CASES = int(os.environ.get("FUZZ_CASES", "500"))
# Ends the session that the other cases need, or hashes a password, which takes long.
APART = ("/sign-out", "/sign-in", "/join/")
# Names of fields that handlers read, and a few that none reads.
FIELDS = (
    "q", "after", "before", "sort", "name", "email", "text", "key", "deal", "account", "amount",
    "currency", "stage", "day", "due", "role", "state", "page", "limit", "seen", "version",
    "weight_meaning", "industry", "region", "note", "next", "surprise",
)  # fmt: skip
HOSTILE = (
    "", "0", "-1", "9" * 30, "1e309", "NaN", "null", "true", "../../etc/passwd", "' OR 1=1 --",
    "\x00", "\ud800", "<script>alert(1)</script>", "{{ 7 * 7 }}", "%00", "=cmd()", "a" * 5_000,
    "2026-02-31", "\u202e", "💥", "%", "_", "\\", "(", "[[", '"', "NEAR(", "D-9999",
)  # fmt: skip
VALUES = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40), st.integers().map(str))
SENT = st.lists(st.tuples(st.sampled_from(FIELDS), VALUES), max_size=6)


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIMITS", dict.fromkeys(Kind, Limit(10_000_000)))


@pytest.mark.slow
def test_should_answer_bad_input_in_words(
    app: Litestar, visit: Visit, world: World, session: Session
) -> None:
    addresses = [
        (method, filled(path, world, session), path)
        for method, path in routes(app)
        if not path.startswith(APART)
    ]

    @settings(
        max_examples=CASES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(
        address=st.sampled_from(addresses),
        who=st.sampled_from((None, "alice", "frank", "grace")),
        sent=SENT,
        key=st.one_of(st.none(), VALUES),
    )
    def send(
        address: tuple[str, str, str],
        who: str | None,
        sent: list[tuple[str, str]],
        key: str | None,
    ) -> None:
        method, path, route = address
        if key is not None and "{" in route:
            # Another key in the place of the last one.
            head, _, _ = route.rpartition("{")
            path = head.split("{")[0] + quote(key.encode("utf-8", "replace"), safe="")
        fields = {name: value.encode("utf-8", "replace") for name, value in sent}
        if method == "GET":
            query = "&".join(f"{name}={quote(value)}" for name, value in fields.items())
            answer = visit(who).get(f"{path}?{query}")
        else:
            answer = visit(who).post(path, fields)
        assert answer.status_code < 500, (method, path, fields)

    send()
