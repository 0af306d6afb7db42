"""A contact with a new employer: who is told, and what becomes of their consent."""

import re
from pathlib import Path

from sqlmodel import Session, col, select

from references.desk import budgets, job_changes
from references.desk.advocates import Activity, Advocate, is_in_review
from references.imports import EXTENSION
from tests.references.asking import advocate
from tests.web.conftest import Visit
from tests.world import World, ago
from web.workspace import Workspace
from workspace.accounts.accounts import Account, add_account
from workspace.clock import today
from workspace.collaboration import inbox, reminders
from workspace.collaboration.job_changes import JobChange, edit_contact
from workspace.deals.discretion import read_for
from workspace.deals.tables import Stakeholder
from workspace.imports.run import import_files
from workspace.people.people import add_contact
from workspace.people.tables import Employment, Person

HEADER = "First Name,Last Name,URL,Email Address,Company,Position,Connected On"
INES = "https://www.linkedin.com/in/ines-m"


def linkedin(
    world: World, folder: Path, company: str, position: str = "Head of data", by: str = "bob"
) -> None:
    file = folder / "Connections.csv"
    file.write_text(f"{HEADER}\nInês,Moreira,{INES},,{company},{position},05 May 2024\n")
    with world.database.write() as session:
        import_files(session, [file], world.people[by], folder, EXTENSION)


def prepare(world: World, session: Session) -> Advocate:
    """Inês, the champion of a won deal and an advocate, with whom Charlie keeps in touch."""
    who = advocate(session, world, "ines")
    ines = session.get_one(Person, world.people["ines"])
    ines.profile = "linkedin.com/in/ines-m"
    deal = world.deal(session, "brannoc")
    known = select(Stakeholder).where(
        Stakeholder.deal_id == deal.id, Stakeholder.person_id == ines.id
    )
    place = session.exec(known).first() or Stakeholder(deal_id=deal.id, person_id=ines.id)
    place.buying_role = "champion"
    session.add(place)
    reminders.keep_in_touch(session, world.people["charlie"], ines, 90, ago(30))
    return who


def test_should_tell_of_a_new_employer_in_a_linkedin_file_and_review_the_consent(
    world: World, workspace: Workspace, tmp_path: Path, visit: Visit
) -> None:
    with workspace.database.write() as session:
        advocate_id = prepare(world, session).id
        before = session.get_one(Person, world.people["ines"]).account_id
    linkedin(world, tmp_path, "Kestrel Health")
    with workspace.database.read() as session:
        ines = session.get_one(Person, world.people["ines"])
        kestrel = world.account(session, "kestrel")
        assert (ines.account_id, ines.title) == (kestrel.id, "Head of data")
        jobs = session.exec(select(Employment).where(Employment.person_id == ines.id)).all()
        assert [job.end for job in jobs if job.account_id == before] == [today()]
        [new] = [job for job in jobs if job.account_id == kestrel.id]
        assert (new.start, new.end, new.source) == (today(), None, "LinkedIn")
        told = {
            name: [item.move for item in inbox.items(session, world.viewer(name)) if item.move]
            for name in ("alice", "bob", "charlie", "dana", "erin", "grace")
        }
        # The owner of her deal, who keeps in touch with her, and customer marketing.
        assert {name for name, moves in told.items() if moves} == {
            "alice", "charlie", "erin", "grace"
        }  # fmt: skip
        year = ago(200).year
        assert (told["alice"][0].role, told["alice"][0].year) == ("champion", year)
        assert told["charlie"][0].keeps_in_touch
        assert told["erin"][0].relationship == kestrel.relationship
        free = budgets.availability(session, [advocate_id], Activity.CALL, today())[advocate_id]
        assert not free.may_be_asked
        assert "new employer" in free.reason
    words = " ".join(re.sub(r"<[^>]+>", "", visit("alice").get("/inbox").text).split())
    assert f"Your champion of {year}, Inês Moreira, is now Head of data at Kestrel Health" in words
    assert "a prospect" in words
    assert "Inês Moreira" in visit("charlie").get("/").text
    erin, here = visit("erin"), "/references/advocates/ines-moreira"
    assert "Confirm consent" in erin.get(here).text
    assert visit("alice").post(f"{here}/employer").status_code == 403
    assert erin.post(f"{here}/employer").status_code == 303
    assert "Confirm consent" not in erin.get(here).text
    with workspace.database.read() as session:
        free = budgets.availability(session, [advocate_id], Activity.CALL, today())[advocate_id]
        assert free.may_be_asked


def test_should_not_follow_a_file_that_is_older_than_the_record(
    world: World, workspace: Workspace, tmp_path: Path
) -> None:
    with workspace.database.write() as session:
        prepare(world, session)
        first = world.account(session, "brannoc").name
    linkedin(world, tmp_path, "Kestrel Health")
    linkedin(world, tmp_path, first, by="charlie")
    with workspace.database.read() as session:
        ines = session.get_one(Person, world.people["ines"])
        assert ines.account_id == world.account(session, "kestrel").id
        assert len(session.exec(select(JobChange)).all()) == 1
    # An employer that is no account of ours is one all the same.
    linkedin(world, tmp_path, "Umbra Labs", "")
    with workspace.database.read() as session:
        ines = session.get_one(Person, world.people["ines"])
        assert (ines.account_id, ines.title) == (None, "Head of data")
        last = session.exec(select(JobChange).order_by(col(JobChange.id).desc())).first()
        assert last
        assert (last.former, last.organisation) == ("Kestrel Health", "Umbra Labs")


def test_should_note_a_move_that_a_member_enters(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        prepare(world, session)
    alice, here = visit("alice"), "/people/ines-moreira"
    facts = {"name": "Inês Moreira", "account": "Kestrel Health", "email": "i@kestrel.example"}
    assert alice.save(f"{here}/edit", facts).status_code == 303
    assert "with whom you keep in touch" in visit("charlie").get("/inbox").text
    # Nobody is told of what they entered themselves.
    assert "Kestrel" not in alice.get("/inbox").text
    with world.database.write() as session:
        found = session.exec(select(Advocate)).one()
        account = session.get_one(Account, found.account_id)
        assert account.key == world.accounts["brannoc"]
        job_changes.confirm_employer(session, found, world.people["erin"])
        assert found.account_id == world.account(session, "kestrel").id


def test_should_review_the_consent_again_after_an_employer_that_is_no_account(
    world: World, workspace: Workspace, tmp_path: Path
) -> None:
    with workspace.database.write() as session:
        who = prepare(world, session)
        ines = session.get_one(Person, world.people["ines"])
        ines.account_id = None
        job_changes.confirm_employer(session, who, world.people["erin"])
        assert not is_in_review(who.account_id, None)
        assert is_in_review(who.account_id, world.account(session, "kestrel").id)


def test_should_not_move_a_contact_back_whom_a_file_has_at_the_former_employer(
    world: World, visit: Visit, tmp_path: Path
) -> None:
    with world.database.write() as session:
        prepare(world, session)
        ines = session.get_one(Person, world.people["ines"])
        ines.email = "ines@brannoc.example"
        first = world.account(session, "brannoc").name
        kestrel = world.account(session, "kestrel").id
        edit_contact(session, ines, None, {"account_id": kestrel, "title": "Head of data"})
    text = f"name,email,account,title\nInês Moreira,ines@brannoc.example,{first},Analyst\n"
    file = tmp_path / "people.csv"
    file.write_text(text)
    with world.database.write() as session:
        import_files(session, [file], None, tmp_path, EXTENSION)
    with world.database.read() as session:
        ines = session.get_one(Person, world.people["ines"])
        assert (ines.account_id, ines.title) == (kestrel, "Head of data")
        assert len(session.exec(select(JobChange)).all()) == 1


def test_should_not_name_a_confidential_account_in_a_career(world: World) -> None:
    with world.database.write() as session:
        hidden = session.get_one(Person, add_hidden(session))
        former = hidden.account_id
        brannoc = world.account(session, "brannoc")
        edit_contact(session, hidden, None, {"account_id": brannoc.id})
        [job] = session.exec(select(Employment).where(Employment.person_id == hidden.id)).all()
        assert (job.organisation, job.end) == (brannoc.name, None)
        edit_contact(session, hidden, None, {"account_id": former})
        jobs = session.exec(select(Employment).where(Employment.person_id == hidden.id)).all()
        assert [(job.organisation, job.end) for job in jobs] == [(brannoc.name, today())]
        changes = session.exec(select(JobChange).order_by(col(JobChange.id))).all()
        assert [(change.former, change.organisation) for change in changes] == [
            ("", brannoc.name),
            (brannoc.name, ""),
        ]


def test_should_move_a_contact_from_an_account_that_the_editor_may_not_know(world: World) -> None:
    with world.database.write() as session:
        hidden = session.get_one(Person, add_hidden(session))
        hidden.listed = True
        person_id = hidden.id
    with world.database.write() as session:
        read_for(session, world.viewer("bob"))
        person = session.get_one(Person, person_id)
        edit_contact(session, person, None, {"account_id": world.account(session, "brannoc").id})
        assert session.exec(select(JobChange.former)).one() == ""


def add_hidden(session: Session) -> int:
    """A contact at a confidential account."""
    account = add_account(session, "Quiet Holdings")
    account.listed = False
    session.flush()
    return add_contact(session, "Quentin Quiet", None, account_id=account.id).id
