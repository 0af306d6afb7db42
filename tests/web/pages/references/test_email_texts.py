"""The texts of emails to guests, edited for the whole company."""

from typing import Any

import pytest
from sqlmodel import select

from references.desk.email_texts import EmailText, sample_of
from references.desk.emails import STANDARD_TEXTS, Email, EmailKind, written
from tests.web.conftest import Visit
from tests.web.pages.references.test_desk import ask, confidential, key, row  # noqa: F401
from tests.web.pages.references.test_emails import here, sent  # noqa: F401
from tests.world import World
from workspace.audit import AuditEntry

TEXTS = "/references/texts"
OWN = {
    "subject": "A [activity] for [buyer]?",
    "body": "Hello [guest],\n\n[asker] needs you.\n\n[message]\n\n[shared message]\n\n"
    "[link to answer]\n\nLimits: [link to preferences]",
}


def test_should_send_the_text_that_customer_marketing_wrote(
    visit: Visit,
    world: World,
    here: str,  # noqa: F811
) -> None:
    erin = visit("erin")
    assert erin.save(f"{TEXTS}/invitation", OWN).status_code == 303
    assert "Edited" in erin.get(TEXTS).text
    erin.post(f"{here}/invite")
    (email,) = sent(world)
    assert email.body.startswith("Hello Inês Moreira,\n\nCharlie Costa needs you.\n\n")
    assert "Twenty minutes would help us." in email.body
    assert email.body.count("/g/") == 2
    assert "[" not in email.subject + email.body
    assert email.subject.startswith("A reference call for ")
    with world.database.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "email text set")).one()
    assert entry.detail["subject"] == ["Could you take a [activity]?", OWN["subject"]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"body": OWN["body"] + "\n[price]"}, "[price] is no placeholder of this email"),
        ({"subject": "For [guest], [guset]"}, "[guset] is no placeholder"),
        ({"body": OWN["body"].replace("[link to answer]", "")}, "Add [link to answer]"),
        ({"body": OWN["body"].replace("[link to preferences]", "")}, "Add [link to preferences]"),
        ({"body": OWN["body"].replace("[message]\n", "")}, "Add [message]"),
        ({"subject": "Answer: [link to answer]"}, "links stand in the text alone"),
        ({"subject": ""}, "Required"),
    ],
)
def test_should_refuse_a_text_that_guests_cannot_use(
    visit: Visit, world: World, change: dict[str, Any], said: str
) -> None:
    answer = visit("erin").save(f"{TEXTS}/invitation", {**OWN, **change})
    assert answer.status_code == 422
    assert said in answer.text
    with world.database.read() as session:
        assert not session.exec(select(EmailText)).all()


def test_should_keep_the_message_to_the_advocate_out_of_the_buyers_emails(visit: Visit) -> None:
    page = visit("erin").get(f"{TEXTS}/time-choice").text
    assert "[shared message]" in page
    body = STANDARD_TEXTS[EmailKind.TIME_CHOICE].body + "\n[message]"
    answer = visit("erin").save(f"{TEXTS}/time-choice", {"subject": "Times", "body": body})
    assert answer.status_code == 422
    assert "[message] is no placeholder of this email" in answer.text


def test_should_preview_without_saving_and_go_back_to_the_standard_text(
    visit: Visit, world: World
) -> None:
    erin = visit("erin")
    shown = erin.save(f"{TEXTS}/invitation", {**OWN, "subject": "<b>Hi</b>", "preview": "yes"})
    assert shown.status_code == 200
    assert '<p class="strong">&lt;b&gt;Hi&lt;/b&gt;</p>' in shown.text
    assert "Maria Santos needs you." in shown.text
    assert "Standard text." in erin.get(f"{TEXTS}/invitation").text
    erin.save(f"{TEXTS}/invitation", OWN)
    assert "Edited text." in erin.get(f"{TEXTS}/invitation").text
    erin.post(f"{TEXTS}/invitation/standard")
    assert "Standard text." in erin.get(f"{TEXTS}/invitation").text
    with world.database.read() as session:
        assert not session.exec(select(EmailText)).all()


def test_should_let_customer_marketing_alone_edit_texts(visit: Visit) -> None:
    for name in ("alice", "dana"):
        assert "Save text" not in visit(name).get(f"{TEXTS}/invitation").text
        assert visit(name).post(f"{TEXTS}/invitation", OWN).status_code == 403
        assert visit(name).post(f"{TEXTS}/invitation/standard").status_code == 403
    assert visit("erin").get(f"{TEXTS}/nothing").status_code == 404
    assert visit("erin").post(f"{TEXTS}/invitation", OWN).status_code == 422


def test_should_replace_placeholders_once_and_as_plain_text() -> None:
    text = Email("[asker]", "[guest]\n\n[message]\n\n[shared message]\n\n[unknown]\n")
    values = {"[asker]": "ann", "[guest]": "{{ 7 * 7 }}", "[message]": "[asker]"}
    email = written(text, {**values, "[shared message]": ""})
    assert email == Email("Ann", "{{ 7 * 7 }}\n\n[asker]\n\n[unknown]\n")


@pytest.mark.parametrize("kind", STANDARD_TEXTS)
def test_should_have_standard_texts_that_can_be_saved(visit: Visit, kind: str) -> None:
    standard = STANDARD_TEXTS[next(each for each in STANDARD_TEXTS if each == kind)]
    changed = {"subject": standard.subject, "body": standard.body + "\nBye"}
    assert visit("erin").save(f"{TEXTS}/{kind}", changed).status_code == 303
    assert "[guest]" not in sample_of(next(k for k in STANDARD_TEXTS if k == kind), standard).body
