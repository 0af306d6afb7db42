"""Calls that Schemathesis makes of the description: no fault, and no answer that is not described.

`just fuzz` makes many more.
"""

import json
import os
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from litestar import Litestar
from schemathesis.generation import GenerationMode
from sqlmodel import Session

from tests.web.api.conftest import Programs
from tests.web.api.test_contracts import address
from tests.web.test_contracts import _request as a_request  # noqa: F401
from tests.world import World
from web.api.description import description

CASES = int(os.environ.get("FUZZ_CASES", "500"))
# Headers that a call is made with are its own.
OURS = ("authorization", "content-type", "content-length", "host")


@pytest.mark.slow
def test_should_answer_generated_calls_as_described(
    app: Litestar, program: Programs, world: World, session: Session, no_limits: None
) -> None:
    described = description(app)
    schema = schemathesis.openapi.from_dict(described)
    operations = [each.ok() for each in schema.get_all_operations()]
    real = {each.path: address(each.path, world, session) for each in operations}
    validators: dict[str, Draft202012Validator] = {}
    made = []
    # What differs on PostgreSQL is what SQL takes, which a part of the cases shows.
    cases = CASES if world.database.is_sqlite else CASES // 5

    @settings(
        max_examples=cases,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def call(data: st.DataObject) -> None:
        operation = data.draw(st.sampled_from(operations))
        mode = data.draw(st.sampled_from(list(GenerationMode)))
        try:
            case = data.draw(operation.as_strategy(generation_mode=mode))
        except schemathesis.errors.SchemathesisError:
            # Nothing about it can be wrong.
            return
        # Of things that are there more happens than of things that are not.
        known = data.draw(st.booleans())
        path = real[operation.path] if known else _filled(operation.path, case.path_parameters)
        who = data.draw(st.sampled_from(("alice", "grace", "frank")))
        answer = _send(program(who), case, path)
        made.append(answer.status_code)
        name = f"{case.method} {operation.path}"
        answers = described["paths"][operation.path][case.method.lower()]["responses"]
        assert answer.status_code < 500, (name, path, case.query, case.body, answer.text)
        assert str(answer.status_code) in answers or answer.status_code == 405, (
            name,
            answer.status_code,
            answer.text,
        )
        content = answers.get(str(answer.status_code), {}).get("content")
        if content:
            [(kind, declared)] = content.items()
            assert answer.headers["content-type"].startswith(kind), name
            key = f"{name} {answer.status_code}"
            if key not in validators:
                whole = {**declared["schema"], "components": described["components"]}
                validators[key] = Draft202012Validator(whole)
            validators[key].validate(answer.json())

    call()
    assert len(made) > cases / 2


def _filled(path: str, parameters: Any) -> str:
    """A path with generated keys; one that ends the path or climbs up is of another operation."""
    for name, value in (parameters or {}).items():
        text = str(value).encode("utf-8", "replace").decode()
        path = path.replace(f"{{{name}}}", quote("-" if text in ("", ".", "..") else text, safe=""))
    return path


def _send(caller: Any, case: Any, path: str) -> Any:
    headers = {
        str(name): str(value).encode("ascii", "replace").decode()
        for name, value in (case.headers or {}).items()
        if str(name).lower() not in OURS
    }
    pairs = [
        (str(name), str(each).encode("utf-8", "replace").decode())
        for name, value in (case.query or {}).items()
        for each in (value if isinstance(value, list) else [value])
    ]
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    content = b""
    if case.body is not schemathesis.core.NOT_SET:
        body = case.body
        content = body if isinstance(body, bytes) else _json(body)
        headers["Content-Type"] = "application/json"
    return caller.client.request(
        case.method,
        f"{path}?{query}" if query else path,
        content=content,
        headers={**headers, "Authorization": f"Bearer {caller.secret}"},
        follow_redirects=False,
    )


def _json(body: Any) -> bytes:
    return json.dumps(body, default=repr).encode("utf-8", "surrogatepass")
