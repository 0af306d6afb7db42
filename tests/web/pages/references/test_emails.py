"""Emails of a reference request: read and edited before they are sent."""

import pytest
from sqlmodel import select

from references.desk.edited_emails import EditedEmail
from references.desk.emails import EmailKind
from tests.references.asking import advocate
from tests.web.conftest import Visit, acts
from tests.web.pages.references.test_desk import ask, confidential, key, row  # noqa: F401
from tests.web.pages.references.test_guests import text_of
from tests.world import World
from workspace.delivery.outbox import OutboxMessage

LINKS = "[link to answer]\n[link to preferences]"


@pytest.fixture
def here(visit: Visit, key: str) -> str:  # noqa: F811
    """A request that is approved, but not sent to its advocate yet."""
    visit("erin").post(f"/references/{key}/approve")
    visit("alice").post(f"/references/{key}/approve")
    return f"/references/{key}"


def sent(world: World) -> list[OutboxMessage]:
    with world.database.read() as session:
        return list(session.exec(select(OutboxMessage).order_by(OutboxMessage.id)))


def edits(world: World) -> list[EditedEmail]:
    with world.database.read() as session:
        return list(session.exec(select(EditedEmail).order_by(EditedEmail.id)))


def test_should_show_an_email_as_it_will_be_sent(visit: Visit, world: World, here: str) -> None:
    page = visit("erin").get(here).text
    assert f'href="{here}/emails/invitation">Preview email' in page
    subject, body = text_of(visit("erin").get(f"{here}/emails/invitation").text)
    assert "Twenty minutes would help us." in body
    visit("erin").post(f"{here}/invite")
    (email,) = sent(world)
    assert email.subject == subject
    before, after = body.strip().split("[link to answer]")
    assert email.body.startswith(before)
    middle, end = after.split("[link to preferences]")
    assert middle in email.body
    assert email.body.strip().endswith(end.strip())
    # What has left is not edited any more.
    assert visit("erin").get(f"{here}/emails/invitation").status_code == 404


def test_should_send_an_email_as_it_was_edited(visit: Visit, world: World, here: str) -> None:
    form = {"subject": "A favour?", "body": f"Dear Inês,\n\nwould you?\n\n{LINKS}"}
    assert visit("erin").save(f"{here}/emails/invitation", form).status_code == 303
    page = visit("charlie").get(here).text
    assert "edited by Erin Eriksen" in page
    visit("erin").post(f"{here}/invite")
    (email,) = sent(world)
    assert email.subject == "A favour?"
    assert email.body.startswith("Dear Inês,\n\nwould you?\n\nhttp")
    assert email.body.count("/g/") == 2
    assert "[link" not in email.body
    (kept,) = edits(world)
    assert (kept.subject, kept.by_id) == ("A favour?", world.people["erin"])
    assert "/g/" not in kept.body


def test_should_save_and_send_at_once(visit: Visit, world: World, here: str) -> None:
    path = f"{here}/emails/invitation"
    form = {"subject": "A favour?", "body": LINKS, "send": "yes", "version": "99"}
    assert visit("erin").save(path, form).status_code == 409
    # It is not sent, as the request has changed since; what was written is kept.
    assert not sent(world)
    assert "A favour?" in visit("erin").get(path).text
    form["version"] = str(row(world, here.rsplit("/", 1)[1]).version)
    assert visit("erin").save(path, form).status_code == 303
    assert [email.subject for email in sent(world)] == ["A favour?"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"body": "Would you?\n[link to answer]"}, "Put [link to preferences] back"),
        ({"body": "Would you?"}, "without it they cannot answer"),
        ({"body": ""}, "Required"),
        ({"subject": ""}, "Required"),
        ({"subject": "Answer at [link to answer]"}, "links stand in the text alone"),
        ({"body": f"Look: http://127.0.0.1:8000/g/{'x' * 43} {LINKS}"}, "Remove the link"),
    ],
)
def test_should_refuse_in_words_and_keep_what_was_written(
    visit: Visit, world: World, here: str, change: dict[str, str], said: str
) -> None:
    form = {"subject": "About Tess & you", "body": f"My own words.\n{LINKS}", **change}
    before = acts(world)
    answer = visit("erin").save(f"{here}/emails/invitation", form)
    assert answer.status_code == 422
    assert said in answer.text
    assert text_of(answer.text) == (form["subject"], form["body"])
    assert acts(world) == before
    assert not edits(world)


def test_should_tell_of_an_edit_conflict(visit: Visit, world: World, here: str) -> None:
    path = f"{here}/emails/invitation"
    opened = visit("grace").get(path).text
    seen = opened.split('name="seen" value="')[1].split('"')[0]
    visit("erin").save(path, {"subject": "Erin's", "body": LINKS})
    answer = visit("grace").post(path, {"seen": seen, "subject": "Grace's", "body": LINKS})
    assert answer.status_code == 409
    assert "This email was changed" in answer.text
    assert text_of(answer.text)[0] == "Grace's"


def test_should_go_back_to_the_standard_text(visit: Visit, world: World, here: str) -> None:
    path = f"{here}/emails/invitation"
    standard = text_of(visit("erin").get(path).text)
    visit("erin").save(path, {"subject": "A favour?", "body": LINKS})
    assert visit("erin").post(f"{path}/standard").status_code == 303
    assert text_of(visit("erin").get(path).text) == standard
    visit("erin").save(path, {"subject": "A favour?", "body": LINKS})
    visit("erin").save(path, {"subject": standard[0], "body": standard[1]})
    assert "standard text" in visit("erin").get(here).text
    # Each edit stays in the record.
    assert [bool(edit.discarded_at) for edit in edits(world)] == [True, True]


def test_should_forget_edits_with_the_advocate_they_were_for(
    visit: Visit, world: World, here: str
) -> None:
    path = f"{here}/emails/invitation"
    visit("erin").save(path, {"subject": "A favour, Inês?", "body": LINKS})
    visit("erin").post(f"{here}/swap", {"advocate": "jonas-havelka"})
    assert "A favour" not in visit("erin").get(path).text


def test_should_be_read_by_the_desk_and_the_asker_and_edited_by_senders(
    visit: Visit, world: World, here: str
) -> None:
    form = {"subject": "Called off", "body": "Sorry."}
    visit("erin").post(f"{here}/invite")
    cancellation = f"{here}/emails/{EmailKind.ADVOCATE_CANCELLATION}"
    appointment = f"{here}/emails/{EmailKind.ADVOCATE_APPOINTMENT}"
    for name in ("alice", "bob", "dana", "frank"):
        for path in (cancellation, appointment):
            assert visit(name).get(path).status_code == 404, name
        assert visit(name).post(cancellation, form).status_code in (403, 404)
        assert "Emails to come" not in visit(name).get(here).text
    # The asker may call it off, but the time is set by customer marketing.
    assert "Customer marketing can edit it." in visit("charlie").get(appointment).text
    sent_anyway = {"subject": "At ten", "body": "[date and time]"}
    assert visit("charlie").post(appointment, sent_anyway).status_code in (403, 422)
    assert visit("charlie").post(f"{appointment}/standard").status_code == 403
    assert visit("charlie").save(cancellation, form).status_code == 303
    visit("charlie").post(f"{here}/cancel")
    assert [(email.subject, email.body) for email in sent(world) if not email.dropped_at] == [
        ("Called off", "Sorry.\n")
    ]


def test_should_not_know_the_emails_of_a_confidential_request(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        advocate(session, world, "jonas")
    request = confidential(world)
    path = f"/references/{request}/emails/invitation"
    assert visit("erin").get(path).status_code == 200
    assert visit("grace").get(path).status_code == 404
    assert visit("grace").post(path, {"subject": "A", "body": LINKS}).status_code == 404
