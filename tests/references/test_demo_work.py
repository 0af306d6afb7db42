"""What the demo adds to its files: reasons to keep in touch, and feedback on references."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlmodel import Session, select

from references import demo_reminders, demo_requests
from references.desk.feedback import REFERENCE_FEEDBACK
from references.desk.request import ReferenceRequest
from references.imports import DEMO, EXTENSION
from references.network.keeping_in_touch import drafts
from tests.conftest import Backend
from workspace import demo
from workspace.collaboration.reminders import occasions
from workspace.database import Database
from workspace.people.members import viewer_by_email

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def session(backend: Backend) -> Iterator[Session]:
    """The demo in a database that these tests only read."""
    backend.prepare("demo_work", "empty")
    with closing(Database(backend.url("demo_work"))) as database:
        with database.write() as session:
            demo.load(session, (demo.FOLDER, DEMO), EXTENSION)
            demo_requests.add_requests(session, "http://localhost")
            demo_reminders.add_reminders(session)
        with database.write() as session:
            demo_reminders.add_company_news(session)
        with database.read() as reading:
            yield reading


def reasons(session: Session, email: str) -> dict[str, list[str]]:
    """Whom a member should write to, and the first words of each reason."""
    viewer = viewer_by_email(session, f"{email}@haldenworks.example")
    found = occasions(session, viewer)
    # Each has a draft.
    assert all(drafts(session, viewer, found).values())
    return {
        each.key: [" ".join(reason.text.split()[:2]) for reason in each.reasons] for each in found
    }


def test_should_give_reasons_of_each_kind_to_keep_in_touch(session: Session) -> None:
    hers = reasons(session, "agnieszka.wrona")
    assert hers["beata-gronek"][0] == "Birthday on"
    assert hers["sylwia-marchlik"][:2] == ["7 years", "Zagonek Logistyka:"]
    assert hers["pawel-drzazga"][0] == "You both"
    assert reasons(session, "siobhan.keaveney")["eoin-rafferty"][:2] == [
        "Birthday on",
        "Bank of",
    ]
    priyas = reasons(session, "priya.raman")
    assert priyas["shabnam-iqbal"][0] == "One year"
    assert priyas["derek-pomfret"][0] == "New role:"


def test_should_have_feedback_that_its_deals_team_and_the_desk_read(session: Session) -> None:
    told = select(ReferenceRequest.key).where(ReferenceRequest.advocate_feedback != "")
    keys = {f"feedback:{key}" for key in session.exec(told)}
    assert len(keys) == 3

    def readable(email: str) -> set[str]:
        viewer = viewer_by_email(session, f"{email}@haldenworks.example")
        return keys & {
            each.source for each in REFERENCE_FEEDBACK.readable(session, viewer).values()
        }

    assert readable("tamsin.rowe") == keys
    assert len(readable("agnieszka.wrona")) == 1
    assert readable("bartosz.gil") == set()
