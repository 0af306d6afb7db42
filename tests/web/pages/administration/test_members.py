"""The page of members: who may use it, and what it does to a member's access."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from litestar import Litestar
from sqlmodel import Session, select

from tests.serving import set_mail_server
from tests.web.conftest import Visit, Visitor, acts
from tests.web.test_contracts import filled, routes
from tests.world import World
from web.pages import live
from workspace.audit import AuditEntry
from workspace.collaboration import tasks
from workspace.deals import leaving
from workspace.delivery.outbox import OutboxMessage
from workspace.people.sign_in import passwords, sessions, throttling
from workspace.people.tables import Member, MemberRole
from workspace.timeline.notifications import Notification

MEMBERS = "/administration/members"
BOB = f"{MEMBERS}/bob-brandt"
HANA = {"name": "Hana Horák", "email": "hana@dealkin.example", "role": "rep", "how": "link"}
PASSWORD = {"password": "a long enough password", "again": "a long enough password"}


def seen(page: Any) -> str:
    return str(re.findall(r'name="seen" value="([0-9a-f]+)"', page.text)[0])


def link_in(text: str) -> str:
    return str(re.findall(r"/join/[\w-]+", text)[0])


def deactivate(visit: Visit, key: str, **to: str) -> Any:
    """Deactivate a member by the form, with whom their work goes to."""
    grace = visit("grace")
    page = grace.get(f"{MEMBERS}/{key}/handover")
    sent = {"seen": seen(page), "then": "deactivate", **to}
    return grace.post(f"{MEMBERS}/{key}/handover", sent)


def roles_of(session: Session, person_id: int) -> list[str]:
    session.rollback()
    rows = session.exec(select(MemberRole.role).where(MemberRole.person_id == person_id))
    return sorted(rows)


@pytest.mark.parametrize("name", ["alice", "bob", "dana", "erin", "frank"])
def test_should_be_for_administrators_alone(visit: Visit, world: World, name: str) -> None:
    before = acts(world)
    other = visit(name)
    for path in (MEMBERS, BOB, f"{BOB}/handover", "/administration/invitations"):
        assert other.get(path).status_code == 403
    for path in ("roles", "link", "unlock", "sign-out", "reactivate", "handover"):
        assert other.post(f"{BOB}/{path}", {"how": "link"}).status_code == 403
    assert other.post("/administration/invitations", HANA).status_code == 403
    assert acts(world) == before
    assert MEMBERS not in other.get("/").text
    assert MEMBERS in visit("grace").get("/").text


def test_should_refuse_what_every_write_refuses(visit: Visit, world: World) -> None:
    for path in ("unlock", "sign-out", "reactivate"):
        before = acts(world)
        assert visit("grace").post(f"{BOB}/{path}", {"surprise": "x"}).status_code == 422
        assert visit("grace").post(f"{BOB}/{path}", token="").status_code == 403
        assert visit("grace").post(f"{MEMBERS}/ines-moreira/{path}").status_code == 404
        assert acts(world) == before


def test_should_list_members_with_their_access(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        leaving.deactivate(session, world.people["charlie"], by=None)
        for _ in range(throttling.ATTEMPT_LIMIT):
            throttling.count_attempt(session, throttling.account_subject(world.email("bob")))
    grace = visit("grace")
    page = grace.get(MEMBERS).text
    for name in ("Alice Adeyemi", "Bob Brandt", "Charlie Costa", "Frank Fischer"):
        assert name in page
    assert "Inês Moreira" not in page
    for access, name in (("locked", "Bob Brandt"), ("deactivated", "Charlie Costa")):
        page = grace.get(f"{MEMBERS}?access={access}").text
        assert name in page
        assert page.count('<th scope="row">') == 1
    assert "Bob Brandt" not in grace.get(f"{MEMBERS}?q=Alice").text


def test_should_invite_by_a_link_that_is_shown_once(visit: Visit, world: World) -> None:
    grace = visit("grace")
    answer = grace.post("/administration/invitations", HANA)
    assert answer.status_code == 200
    link = link_in(answer.text)
    assert link.removeprefix("/join/") not in grace.get(f"{MEMBERS}/hana-horak").text
    hana = visit(None)
    page = hana.get(link)
    assert "hana@dealkin.example" in page.text
    assert page.headers["x-robots-tag"].startswith("noindex")
    answer = hana.post(link, PASSWORD, token="")
    assert answer.status_code == 303
    assert hana.get("/deals").status_code == 200
    for again in (visit("bob").get(link), visit("bob").post(link, PASSWORD)):
        assert again.status_code == 410
        assert "Hana" not in again.text
    with world.database.read() as session:
        assert passwords.check_password(session, HANA["email"], PASSWORD["password"])


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ({"password": "too short", "again": "too short"}, "At least 12"),
        ({"password": "a long enough password", "again": "another"}, "differ"),
    ],
)
def test_should_not_use_a_link_up_for_a_wrong_password(
    visit: Visit, sent: dict[str, str], why: str
) -> None:
    link = link_in(visit("grace").post("/administration/invitations", HANA).text)
    answer = visit(None).post(link, sent, token="")
    assert answer.status_code == 422
    assert why in answer.text
    assert sent["password"] not in answer.text
    assert visit(None).post(link, PASSWORD, token="").status_code == 303


def test_should_mail_the_link_where_a_mail_server_is_set(
    visit: Visit, world: World, app: Litestar
) -> None:
    grace = visit("grace")
    by_mail = {**HANA, "how": "mail"}
    assert grace.post("/administration/invitations", by_mail).status_code == 422
    set_mail_server(app)
    answer = grace.post("/administration/invitations", by_mail)
    assert answer.status_code == 303
    with world.database.read() as session:
        mail = session.exec(select(OutboxMessage)).one()
    assert mail.recipient == HANA["email"]
    assert visit(None).get(link_in(mail.body)).status_code == 200


def test_should_refuse_an_address_that_somebody_has(visit: Visit, world: World) -> None:
    answer = visit("grace").post(
        "/administration/invitations", {**HANA, "email": world.email("bob")}
    )
    assert answer.status_code == 409
    assert "/join/" not in answer.text


def test_should_set_roles_as_they_were_seen(visit: Visit, world: World, session: Session) -> None:
    grace = visit("grace")
    form = {"seen": seen(grace.get(BOB)), "role": ["rep", "manager"]}
    assert grace.post(f"{BOB}/roles", form).status_code == 303
    assert roles_of(session, world.people["bob"]) == ["manager", "rep"]
    late = grace.post(f"{BOB}/roles", {**form, "role": []})
    assert late.status_code == 409
    assert "changed in the meantime" in late.text
    assert roles_of(session, world.people["bob"]) == ["manager", "rep"]
    form = {"seen": seen(grace.get(BOB))}
    assert grace.post(f"{BOB}/roles", form).status_code == 303
    assert roles_of(session, world.people["bob"]) == []


def test_should_keep_the_last_administrator(visit: Visit, world: World) -> None:
    grace, own = visit("grace"), f"{MEMBERS}/grace-gwara"
    form = {"seen": seen(grace.get(own)), "role": "rep"}
    assert grace.post(f"{own}/roles", form).status_code == 409
    answer = deactivate(visit, "grace-gwara")
    assert answer.status_code == 409
    assert "last administrator" in answer.text
    assert grace.get(MEMBERS).status_code == 200


def test_should_unlock_and_end_sessions(visit: Visit, world: World) -> None:
    bob = visit("bob")
    with world.database.write() as session:
        account = throttling.account_subject(world.email("bob"))
        for _ in range(throttling.ATTEMPT_LIMIT):
            throttling.count_attempt(session, account)
    assert visit("grace").post(f"{BOB}/unlock").status_code == 303
    assert visit("grace").post(f"{BOB}/sign-out").status_code == 303
    assert bob.get("/deals").status_code == 303
    with world.database.read() as session:
        assert throttling.attempts(session, account) == 0
        logged = set(session.exec(select(AuditEntry.action)))
    assert {"member unlocked", "sessions ended"} <= logged


def test_should_end_everything_of_a_leaver_at_once(visit: Visit, world: World) -> None:
    bob, old = visit("bob"), link_in(visit("grace").post(f"{BOB}/link", {"how": "link"}).text)
    assert bob.get("/deals").status_code == 200
    answer = deactivate(visit, "bob-brandt", confidential="dana-dvorak")
    assert answer.headers["location"] == MEMBERS
    assert bob.get("/deals").status_code == 303
    assert bob.get("/live", Accept="text/event-stream").status_code == 303
    assert visit(None).get(old).status_code == 410
    data = {"email": world.email("bob"), "password": world.password("bob")}
    stranger = Visitor(bob.client, world)
    token = stranger.token_of("/sign-in")
    assert stranger.post("/sign-in", data, token=token).status_code == 422
    assert visit("grace").post(f"{BOB}/link", {"how": "link"}).status_code == 409
    assert visit("grace").post(f"{BOB}/reactivate").status_code == 303
    assert stranger.post("/sign-in", data, token=token).status_code == 303


def test_should_end_the_stream_of_a_leaver(
    world: World, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "APART_SECONDS", 0.01)
    with world.database.write() as session:
        token = sessions.open_session(session, world.people["bob"])

    async def events() -> list[str | None]:
        stream = live._stream(
            app.state.workspace, app.state.pulse, token, None, live.PageState(inbox=-1)
        )
        seen = [(await anext(stream)).event]
        with world.database.write() as session:
            leaving.deactivate(session, world.people["bob"], by=None)
        # Well within the five seconds: the commit wakes the stream.
        seen.append((await asyncio.wait_for(anext(stream), 2)).event)
        return seen

    # In a thread of its own: browser tests leave a loop running here.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: asyncio.run(events())).result() == ["look", "end"]


def test_should_show_numbers_of_confidential_deals_alone(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        tasks.add_task(session, deal, "Say nothing", world.people["bob"])
    page = visit("grace").get(f"{BOB}/handover").text
    assert "Confidential deals" in page
    for secret in ("Nightingale", world.confidential_deal, "Say nothing"):
        assert secret not in page
    # Who hands over is not among those who can take them.
    choice = page.split('name="confidential"')[1].split("</select>")[0]
    assert "dana-dvorak" in choice
    assert "grace-gwara" not in choice
    refused = deactivate(visit, "bob-brandt", confidential="grace-gwara")
    assert refused.status_code == 422
    with world.database.read() as session:
        assert session.get_one(Member, world.people["bob"]).active


def test_should_show_the_work_again_if_it_has_changed(visit: Visit, world: World) -> None:
    grace = visit("grace")
    here = f"{MEMBERS}/charlie-costa/handover"
    form = {"seen": seen(grace.get(here)), "then": "stay", "deals": "alice-adeyemi"}
    with world.database.write() as session:
        world.deal(session, "unclaimed").owner_id = world.people["charlie"]
    answer = grace.post(here, form)
    assert answer.status_code == 409
    assert "changed in the meantime" in answer.text
    assert grace.post(here, {**form, "seen": seen(answer)}).status_code == 303
    with world.database.read() as session:
        assert world.deal(session, "unclaimed").owner_id == world.people["alice"]
        assert session.get_one(Member, world.people["charlie"]).active


def test_should_offer_a_leaver_in_no_choice(
    app: Litestar, visit: Visit, world: World, session: Session
) -> None:
    paths = [
        (filled(path, world, session), path)
        for method, path in routes(app)
        if method == "GET" and not path.startswith(("/g/", "/join/", "/static", "/sign-in"))
    ]
    keys = ("bob-brandt", "Bob Brandt")

    def offered() -> set[str]:
        """The pages with a choice, a checkbox or a hidden field that is the leaver."""
        found = set()
        for here, path in paths:
            # Who asks for a list of members, active or not, is shown one.
            if path.startswith(MEMBERS):
                continue
            text = visit("dana").get(here).text
            fields = re.findall(r"<(?:option|input)\b[^>]*>[^<]*", text)
            if any(key in field for field in fields for key in keys):
                found.add(path)
        return found

    before = offered()
    assert before
    deactivate(visit, "bob-brandt", confidential="alice-adeyemi", seats="")
    assert offered() == set()
    for written in ("@Bob Brandt hello", "@bob-brandt hello"):
        note = {"kind": "note", "text": written}
        visit("alice").post(f"/deals/{world.deals['wards']}/activity", note)
    with world.database.read() as session:
        told = select(Notification.id).where(
            Notification.person_id == world.people["bob"], Notification.why == "mention"
        )
        assert not session.exec(told).all()
