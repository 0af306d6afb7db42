"""The server for assistants, asked by the SDK's own client."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from litestar import Litestar
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from sqlmodel import select

from references.desk.request import ReferenceRequest, State
from references.suggestion_counts import SuggestionCount
from tests.references.asking import advocate
from tests.serving import application
from tests.web.api.conftest import secret_of
from tests.web.conftest import Visit, acts
from tests.web.test_discretion import make_confidential_deal
from tests.world import World, log_closed_deals, stage
from web.workspace import Workspace
from workspace.audit import AuditEntry, AuditValues
from workspace.deals.lifecycle import advance
from workspace.delivery.outbox import OutboxMessage
from workspace.people.api_tokens import Scope

HERE = "http://dealkin.local/mcp"
TOOLS = {
    *("search", "similar_deals", "brief_for_call", "who_can_vouch", "who_knows_whom"),
    *("draft_reference_request", "log_note"),
}
Ask = Callable[[Client], Awaitable[Any]]


def in_a_loop(ask: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """What a coroutine returns, in an event loop of its own: the browser's is in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(ask())).result(120)


@pytest.fixture
def app(world: World, workspace: Workspace) -> Litestar:
    """The application on the cast's database."""
    return application(workspace)


def asked(app: Litestar, secret: str, ask: Ask) -> Any:
    """What an assistant gets over HTTP."""

    async def run() -> Any:
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        transport = httpx2.ASGITransport(app=app)
        async with (
            httpx2.AsyncClient(transport=transport, headers=headers) as http,
            Client(streamable_http_client(HERE, http_client=http)) as client,
        ):
            return await ask(client)

    return in_a_loop(run)


def call(app: Litestar, secret: str, tool: str, **arguments: Any) -> Any:
    """The result of one tool."""

    async def ask(client: Client) -> Any:
        return await client.call_tool(tool, arguments)

    return asked(app, secret, ask)


def answer(result: Any) -> Any:
    """What a tool answered, as JSON."""
    assert not result.is_error, result.content
    return json.loads(result.content[0].text)


def test_should_offer_its_tools(app: Litestar, world: World) -> None:
    async def ask(client: Client) -> Any:
        return await client.list_tools()

    listed = asked(app, secret_of(world, "charlie"), ask)
    assert {tool.name for tool in listed.tools} == TOOLS
    by_name = {tool.name: tool for tool in listed.tools}
    assert by_name["similar_deals"].annotations.read_only_hint
    assert not by_name["log_note"].annotations.read_only_hint


def test_should_leave_no_trace_of_a_confidential_deal(app: Litestar, world: World) -> None:
    """Neither among similar deals nor among references, nor where it is asked for itself."""
    log_closed_deals(world)
    with world.database.write() as session:
        advocate(session, world, "ines")
        wards = world.deal(session, "wards")
        advance(session, wards, stage(session, "Needs Analysis"), world.people["alice"])
    secret, key = secret_of(world, "charlie"), world.deals["wards"]
    for tool, arguments in (
        ("similar_deals", {"deal": key}),
        ("similar_deals", {"description": "A merger of wards at Nightingale"}),
        ("who_can_vouch", {"deal": key}),
        ("who_knows_whom", {"person": "ines-moreira"}),
        ("brief_for_call", {"deal": key}),
        ("search", {"text": "Nightingale merger"}),
    ):
        found = answer(call(app, secret, tool, **arguments))
        assert found["sources"] is not None
        text = json.dumps(found)
        for trace in (world.confidential_deal, "Nightingale", "990000", "before a merger"):
            assert trace not in text, (tool, trace)
    for tool in ("similar_deals", "brief_for_call", "who_can_vouch"):
        hidden, absent = (
            call(app, secret, tool, deal=deal) for deal in (world.confidential_deal, "D-9999")
        )
        assert hidden.is_error
        assert hidden.content == absent.content


def test_should_answer_s2_the_same_before_and_after_a_confidential_deal(
    app: Litestar, visit: Visit, world: World
) -> None:
    with world.database.write() as session:
        advocate(session, world, "ines")
    key = world.deals["wards"]
    asked_for = [
        *(("search", {"text": text}) for text in ("Zephyrine Robotics", "robots in wards")),
        *((tool, {"deal": key}) for tool in ("similar_deals", "brief_for_call", "who_can_vouch")),
        ("similar_deals", {"description": "Robots that carry patient records between wards"}),
        ("who_knows_whom", {"person": "ines-moreira"}),
        ("who_knows_whom", {"person": "quentin-quillfeather"}),
    ]
    secrets = [secret_of(world, name) for name in ("charlie", "dana", "grace")]

    def everything() -> list[Any]:
        return [
            call(app, each, tool, **what).content for tool, what in asked_for for each in secrets
        ]

    before = everything()
    make_confidential_deal(visit, world)
    assert everything() == before


def test_should_answer_with_reasons_and_sources(app: Litestar, world: World) -> None:
    log_closed_deals(world)
    found = answer(call(app, secret_of(world, "alice"), "similar_deals", deal=world.deals["wards"]))
    assert found["similar"]
    first = found["similar"][0]
    assert first["terms"][0].keys() >= {"name", "value", "weight", "contribution"}
    assert found["sources"][0]["url"].endswith(f"/deals/{first['key']}")


def test_should_draft_a_request_and_send_nothing(app: Litestar, world: World) -> None:
    with world.database.write() as session:
        advocate(session, world, "ines")
        wards = world.deal(session, "wards")
        advance(session, wards, stage(session, "Needs Analysis"), world.people["alice"])
    arguments = {"deal": world.deals["wards"], "advocate": "ines-moreira", "message": "May we?"}
    made = answer(call(app, secret_of(world, "alice"), "draft_reference_request", **arguments))
    with world.database.read() as session:
        request = session.exec(select(ReferenceRequest)).one()
        assert (request.key, request.state) == (made["request"], State.DRAFT)
        assert session.exec(select(OutboxMessage)).all() == []


def test_should_write_only_with_the_scope_and_the_right(app: Litestar, world: World) -> None:
    note = {"deal": world.deals["wards"], "text": "They want a pilot."}
    before = acts(world)
    for secret in (
        secret_of(world, "alice", (Scope.READ,)),
        secret_of(world, "charlie"),
        secret_of(world, "frank"),
    ):
        before = acts(world)
        assert call(app, secret, "log_note", **note).is_error
        assert acts(world) == before
    assert answer(call(app, secret_of(world, "alice"), "log_note", **note))["note"]


def test_should_refuse_a_call_without_a_token(app: Litestar, world: World) -> None:
    async def send() -> httpx2.Response:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)) as http:
            return await http.post(HERE, json={})

    refused = in_a_loop(send)
    assert refused.status_code == 401


def test_should_serve_an_assistant_over_standard_input(
    world: World, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    secret = secret_of(world, "alice")
    environment = {
        **os.environ,
        "DEALKIN_HOME": str(tmp_path),
        "DATABASE_URL": world.database.url.render_as_string(hide_password=False),
        "DEALKIN_MODEL": "minilm",
        "DEALKIN_TOKEN": secret,
    }
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "web.cli.main", "mcp"], env=environment
    )

    async def run() -> Any:
        async with Client(command) as client:
            return await client.call_tool("search", {"text": "ward"})

    assert answer(in_a_loop(run))["sources"]


def test_should_count_what_an_assistant_is_shown(app: Litestar, world: World) -> None:
    log_closed_deals(world)
    secret, key = secret_of(world, "alice"), world.deals["wards"]
    found = answer(call(app, secret, "similar_deals", deal=key))
    call(app, secret, "similar_deals", deal=world.confidential_deal)
    app.state.tally.store(world.database)
    with world.database.read() as session:
        [count] = session.exec(select(SuggestionCount)).all()
        shown = len(found["similar"]) + len(found["running"])
        assert (count.kind, count.fate, count.count) == ("similar deal", "shown", shown)


def test_should_note_what_an_assistant_was_refused(app: Litestar, world: World) -> None:
    note = {"deal": world.deals["wards"], "text": "They want a pilot."}
    for _ in range(2):
        assert call(app, secret_of(world, "frank"), "log_note", **note).is_error
    # What does not exist, or is not seen, is no refusal.
    missing = call(app, secret_of(world, "charlie"), "brief_for_call", deal="D-9999")
    assert missing.is_error
    with world.database.read() as session:
        denied = select(AuditEntry).where(AuditEntry.action == "denied")
        [entry] = session.exec(denied).all()
        assert entry.by_id == world.people["frank"]
        assert session.get_one(AuditValues, entry.id).detail == {"what": "MCP log_note"}
