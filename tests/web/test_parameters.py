"""S3: what stands after the question mark of an address, in pages and in the API.

`just fuzz` sends every payload to every parameter, which takes long.
"""

import itertools
import os
import re
import time
from html import unescape
from urllib.parse import parse_qsl, quote

import pytest
from litestar import Litestar

from tests.backends import share
from tests.web.api.conftest import Program, secret_of
from tests.web.api.test_contracts import address
from tests.web.conftest import Visit
from tests.web.page_forms import dangers_in, forms_in
from tests.web.payloads import SCRIPTS, SQL
from tests.web.test_contracts import _request as a_request  # noqa: F401
from tests.web.test_contracts import filled, routes
from tests.world import World
from web import limits
from web.api.description import description
from web.limits import Kind, Limit

PAYLOADS = (*SQL, *SCRIPTS)
FUZZING = "FUZZ_CASES" in os.environ
# How many payloads each parameter gets.
EACH = min(int(os.environ.get("FUZZ_CASES", "8")), len(PAYLOADS))
# Payloads have PostgreSQL sleep for nine seconds.
SLEPT = 9.0


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIMITS", dict.fromkeys(Kind, Limit(1_000_000)))


@pytest.mark.slow
def test_should_answer_s3_payloads_in_every_parameter(
    visit: Visit,
    app: Litestar,
    world: World,
    a_request: None,  # noqa: F811
) -> None:
    """Whatever a link, a form or the description of the API has after the question mark."""
    program = Program(visit(None).client, secret_of(world, "grace"))
    found: list[tuple[str | None, str, str]] = [
        ("grace", *place) for place in parameters(visit, app, world, "grace")
    ]
    with world.database.read() as session:
        found += [
            (None, address(path, world, session), parameter["name"])
            for path, described in description(app)["paths"].items()
            for parameter in described.get("get", {}).get("parameters", ())
            if parameter["in"] == "query"
        ]
    assert len({name for _, _, name in found}) > 40
    assert len(found) > 150
    payloads = itertools.cycle(PAYLOADS)
    wrong: list[tuple[str, object]] = []
    for name, path, parameter in found if FUZZING else share(world.database, found, 3):
        for payload in itertools.islice(payloads, EACH):
            asked = f"{path}?{quote(parameter)}={quote(payload)}"
            began = time.perf_counter()
            answer = visit(name).get(asked) if name else program.get(asked)
            seconds = time.perf_counter() - began
            if FUZZING and seconds >= SLEPT:
                wrong.append((asked[:150], seconds))
            if answer.status_code >= 500:
                wrong.append((asked[:150], answer.status_code))
            if "html" in answer.headers.get("content-type", "") and dangers_in(answer.text):
                wrong.append((asked[:150], dangers_in(answer.text)))
    assert not wrong, "\n".join(map(str, wrong[:20]))


def parameters(visit: Visit, app: Litestar, world: World, name: str) -> list[tuple[str, str]]:
    """Every address with each name that pages ask it with."""
    with world.database.read() as session:
        pages = {filled(path, world, session) for method, path in routes(app) if method == "GET"}
    found = set()
    for page in sorted(pages - {"/live"}):
        answer = visit(name).get(page)
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        for link in re.findall(r'(?:href|hx-get|formaction)="([^"#]*\?[^"#]*)"', answer.text):
            path, _, query = unescape(link).partition("?")
            if not path.startswith(("http", "mailto:")):
                found |= {(path or page, key) for key, _ in parse_qsl(query, True)}
        for form in forms_in(answer.text):
            if form.method == "get":
                here = form.action.partition("?")[0] or page
                found |= {(here, key) for key in form.values if key}
    # A list asks each of its rows' addresses the same.
    one_of_each = {(re.sub(r"D-\w+|\d+", "N", path), key): (path, key) for path, key in found}
    return sorted(one_of_each.values())
