"""Every example of docs/api.md is run, in its order."""

import json
import re
from pathlib import Path

from tests.references.asking import advocate
from tests.web.api.conftest import Programs
from tests.world import World, log_closed_deals, stage
from workspace.deals.lifecycle import advance

DOCUMENT = Path(__file__).parents[3] / "docs" / "api.md"
EXAMPLE = re.compile(r"^```http\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_should_run_every_example(program: Programs, world: World) -> None:
    log_closed_deals(world)
    with world.database.write() as session:
        advocate(session, world, "ines")
        wards = world.deal(session, "wards")
        advance(session, wards, stage(session, "Needs Analysis"), world.people["alice"])
    alice, deal = program("alice"), world.deals["wards"]
    here = f"/api/v1/deals/{deal}"
    known = {"deal": deal}
    examples = EXAMPLE.findall(DOCUMENT.read_text(encoding="utf-8"))
    assert len(examples) > 15
    for example in examples:
        head, _, body = example.partition("\n\n")
        known["tag"] = alice.get(here).headers.get("etag", "")
        for name, value in known.items():
            head = head.replace(f"{{{name}}}", value)
        first, *lines = head.splitlines()
        method, path = first.split(" ")
        headers = dict(line.split(": ", 1) for line in lines)
        # The token of the document is no token.
        headers.pop("Authorization", None)
        sent = {name.replace("-", "_"): value for name, value in headers.items()}
        answer = alice.call(method, path, json.loads(body) if body.strip() else None, **sent)
        assert answer.status_code in (200, 201, 204), (example, answer.text)
        if "/references" in path and method == "POST":
            known |= {
                "request": answer.json()["key"],
                "request-tag": answer.headers["etag"],
            }


def test_should_name_every_tool_and_status(program: Programs) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    described = program(None).get("/api/v1/openapi.json").json()
    statuses = {
        status
        for methods in described["paths"].values()
        for operation in methods.values()
        for status in operation["responses"]
    }
    for status in statuses & {"401", "403", "404", "409", "412", "422", "428", "429", "503"}:
        assert re.search(rf"^\| [\d, ]*{status}", text, re.MULTILINE), status
