"""What every call of the API has in common: tokens, pages, versions, repeated calls, refusals."""

from datetime import timedelta
from typing import Any

from sqlmodel import select

from tests.web.api.conftest import Programs
from tests.web.conftest import acts
from tests.world import World
from workspace.audit import AuditEntry
from workspace.clock import now
from workspace.deals import leaving
from workspace.people.api_tokens import ApiToken, Scope

DEALS = "/api/v1/deals"
PROBLEM = "application/problem+json"


def noted(world: World) -> list[tuple[str, Any]]:
    with world.database.read() as session:
        rows = session.exec(select(AuditEntry).order_by(AuditEntry.id))  # type: ignore[arg-type]
        return [(row.action, row.detail) for row in rows]


def test_should_ask_for_a_token(program: Programs) -> None:
    for headers in ({}, {"Authorization": "Bearer dealkin_nothing"}, {"Authorization": "Basic x"}):
        answer = program(None).call("GET", DEALS, **headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == PROBLEM
        assert answer.json()["status"] == 401


def test_should_refuse_a_token_at_once_with_its_member_and_say_so_in_the_audit_log(
    program: Programs, world: World
) -> None:
    bob = program("bob")
    assert bob.get(DEALS).status_code == 200
    with world.database.write() as session:
        leaving.deactivate(session, world.people["bob"], by=world.people["grace"])
    for _ in range(2):
        answer = bob.get(DEALS)
        assert (answer.status_code, answer.json()["detail"]) == (401, "This token was revoked.")
    refused = [detail for action, detail in noted(world) if action == "API token refused"]
    assert refused == [{"label": "Program of bob", "what": "token revoked"}]


def test_should_note_when_a_token_was_last_used(program: Programs, world: World) -> None:
    program("bob").get(DEALS)
    with world.database.read() as session:
        used = session.exec(select(ApiToken.last_used_at)).one()
    assert used is not None
    assert now() - used < timedelta(minutes=1)


def test_should_keep_a_token_to_its_scopes(program: Programs, world: World) -> None:
    reader = program("alice", Scope.READ)
    before = acts(world)
    assert reader.get(DEALS).status_code == 200
    answer = reader.call("POST", DEALS, {"name": "Ward boards", "account": "Orlik"})
    assert answer.status_code == 403
    assert "scope write" in answer.json()["detail"]
    assert acts(world) == before
    assert ("denied", {"what": f"POST {DEALS}"}) in noted(world)


def test_should_take_no_cookie_for_a_token_and_no_token_for_a_cookie(
    program: Programs, world: World
) -> None:
    alice = program("alice")
    assert alice.get("/deals").status_code == 303
    assert alice.call("POST", "/deals", {"name": "x"}).status_code == 403
    assert program(None).call("GET", DEALS, Cookie="session=x").status_code == 401


def test_should_answer_lists_page_by_page(program: Programs) -> None:
    alice = program("alice")
    every = alice.get(f"{DEALS}?sort=name").json()
    assert every["next"] is None
    seen, after = [], ""
    while True:
        page = alice.get(f"{DEALS}?sort=name&limit=2&fields=key,name&after={after}").json()
        seen += page["items"]
        if page["next"] is None:
            break
        assert len(page["items"]) == 2
        after = page["next"]
    assert seen == [{"key": item["key"], "name": item["name"]} for item in every["items"]]
    assert len(seen) > 4


def test_should_refuse_what_is_no_filter_and_no_field(program: Programs) -> None:
    alice = program("alice")
    for query, field in (
        ("fields=key,id", "fields"),
        ("outcome=lots", "outcome"),
        ("colour=red", "colour"),
        ("limit=1000", "limit"),
    ):
        answer = alice.get(f"{DEALS}?{query}")
        assert answer.status_code == 422, query
        assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_should_log_a_deal_and_answer_with_it(program: Programs) -> None:
    alice = program("alice")
    answer = alice.call(
        "POST",
        DEALS,
        {
            "name": "Ward boards",
            "account": "Orlik Clinics",
            "amount": 120000.5,
            "currency": "EUR",
            "new_product": "Ward board",
            "confidential": True,
        },
    )
    assert answer.status_code == 201
    deal = answer.json()
    assert (deal["amount"], deal["confidential"]) == ("120000.50", True)
    assert [product["name"] for product in deal["products"]] == ["Ward board"]
    again = alice.get(answer.headers["location"])
    assert (again.json(), again.headers["etag"]) == (deal, answer.headers["etag"])
    assert (
        alice.get(answer.headers["location"], If_None_Match=again.headers["etag"]).status_code
        == 304
    )
    hidden, missing = (program("charlie").get(f"{DEALS}/{key}") for key in (deal["key"], "D-9999"))
    assert (hidden.status_code, hidden.content) == (404, missing.content)


def test_should_say_what_is_wrong_with_a_body(program: Programs, world: World) -> None:
    alice = program("alice")
    before = acts(world)
    for body, field in (
        ({"name": "x", "account": "y", "amount": "many"}, "amount"),
        ({"name": "x", "account": "y", "amount": 3}, "currency"),
        ({"name": "x", "account": "y", "id": 3}, "body"),
        ({"name": "x", "account": "y\x00"}, "account"),
        ({"name": "x", "account": "y", "products": ["nothing"]}, "products"),
        ({"account": "y"}, "body"),
        ([], "body"),
    ):
        answer = alice.call("POST", DEALS, body)
        assert answer.status_code == 422, body
        assert answer.headers["content-type"] == PROBLEM
        assert [error["field"] for error in answer.json()["errors"]] == [field], answer.json()
    form = alice.client.post(
        DEALS, data={"name": "x"}, headers={"Authorization": f"Bearer {alice.secret}"}
    )
    assert form.status_code == 415
    assert acts(world) == before


def test_should_do_a_repeated_call_once(program: Programs, world: World) -> None:
    alice, body = program("alice"), {"name": "Ward boards", "account": "Orlik Clinics"}
    first = alice.call("POST", DEALS, body, Idempotency_Key="one")
    before = acts(world)
    second = alice.call("POST", DEALS, body, Idempotency_Key="one")
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["etag"] == first.headers["etag"]
    assert second.headers["idempotency-replayed"] == "true"
    assert acts(world) == before
    other = alice.call("POST", DEALS, {**body, "name": "Another"}, Idempotency_Key="one")
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert program("bob").call("POST", DEALS, body, Idempotency_Key="one").status_code == 201


def test_should_show_both_versions_where_two_programs_change_one_deal(
    program: Programs, world: World
) -> None:
    one, other = program("alice"), program("bob")
    here = f"{DEALS}/{world.deals['wards']}"
    tag = one.get(here).headers["etag"]
    assert one.call("PATCH", here, {"next_step": "Call"}).status_code == 428
    saved = one.call("PATCH", here, {"next_step": "Call the ward"}, If_Match=tag)
    assert saved.status_code == 200
    refused = other.call("PATCH", here, {"next_step": "Write", "amount": 5}, If_Match=tag)
    assert refused.status_code == 412
    problem = refused.json()
    assert problem["yours"] == {"next_step": "Write", "amount": 5}
    assert problem["current"] == saved.json() == one.get(here).json()
    assert refused.headers["etag"] == saved.headers["etag"]
    # With what it was told the other program can go on.
    again = other.call("PATCH", here, {"amount": 5}, If_Match=refused.headers["etag"])
    assert (again.json()["amount"], again.json()["next_step"]) == ("5.00", "Call the ward")


def test_should_show_the_current_version_to_a_step_without_a_body(
    program: Programs, world: World
) -> None:
    alice = program("alice")
    here = f"{DEALS}/{world.deals['wards']}"
    tag = alice.get(here).headers["etag"]
    assert alice.call("PATCH", here, {"next_step": "Call"}, If_Match=tag).status_code == 200
    refused = alice.call("POST", f"{here}/wake", If_Match=tag)
    assert refused.status_code == 412
    problem = refused.json()
    assert (problem["yours"], problem["current"]) == ({}, alice.get(here).json())


def test_should_change_only_the_facts_that_are_sent(program: Programs, world: World) -> None:
    alice = program("grace")
    for here, body in (
        (f"{DEALS}/{world.deals['wards']}", {"competitors": []}),
        (
            f"/api/v1/accounts/{world.accounts['brannoc']}",
            {"phone": "+44 1482 555 100", "city": "Hull"},
        ),
        ("/api/v1/people/ines-moreira", {"title": "Head of wards", "street": "Rua 9"}),
        (f"/api/v1/assets/{world.assets['demo']}", {"summary": "Shorter."}),
    ):
        before = alice.get(here)
        saved = alice.call("PATCH", here, body, If_Match=before.headers["etag"])
        assert saved.status_code == 200, saved.text
        assert saved.json() == {**before.json(), **body}
        assert alice.call("PATCH", here, body, If_Match=before.headers["etag"]).status_code == 412


def test_should_describe_itself_without_a_token(program: Programs) -> None:
    description = program(None).get("/api/v1/openapi.json").json()
    assert description["openapi"] == "3.1.0"
    assert DEALS in description["paths"]
