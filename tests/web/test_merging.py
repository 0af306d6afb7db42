"""Merges and deletions: everything moves or goes, nothing dangles, and all of it comes back."""

import pytest
from sqlmodel import SQLModel, col, select

from references.desk.advocates import Advocate
from references.desk.consent import Consent, ConsentState, record_consent
from references.desk.guest_links import GuestLink
from references.desk.request import ReferenceRequest, State
from references.imports import EXTENSION
from references.merging import former_key, merge_accounts, merge_people
from references.network.ties import Tie
from references.removal import delete_account, delete_deal, delete_person
from tests.duplicated import add_duplicates
from tests.references.asking import call
from tests.web.conftest import Visit
from tests.web.test_contracts import counted
from tests.whole_record import dangling as dangling_in
from tests.whole_record import dump
from tests.world import World
from web.workspace import Workspace
from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.deals.tables import Deal, Stakeholder
from workspace.duplicates.tables import DuplicatePair, FormerAccount
from workspace.errors import Conflict, Forbidden, NotFound
from workspace.imports.context import ImportContext
from workspace.own_fields.fields import FieldKind, FieldSubject, add_field
from workspace.people import people
from workspace.people.tables import Employment, Person, Role
from workspace.revisions import history

# Every column that refers to an account or a person, so that a new one is looked at: it moves in a
# merge, goes or becomes empty in a deletion, and comes back. Those of members never move.
MOVED = {
    "account.parent_id", "accountowner.account_id", "advocate.account_id", "advocate.person_id",
    "connection.person_id", "correction.person_id", "deal.account_id", "education.person_id",
    "employment.account_id", "employment.person_id", "formeraccount.account_id",
    "formerperson.person_id", "guestlink.person_id", "importanswer.account_id",
    "importanswer.person_id", "introductionrequest.person_id", "jobchange.account_id",
    "jobchange.former_id", "jobchange.person_id", "keepintouch.person_id", "legalhold.person_id",
    "membership.person_id", "person.account_id", "privacylink.person_id",
    "referencerequest.prospect_id", "stakeholder.person_id", "tie.one_id", "tie.other_id",
    "wrongtie.one_id", "wrongtie.other_id",
}  # fmt: skip
OF_MEMBERS = {
    "accountowner.person_id", "advocate.kept_by_id", "advocate.nominated_by_id",
    "asset.author_id", "assetfile.by_id", "auditentry.by_id", "columnchoice.by_id",
    "connection.owner_id", "connectionmatch.owner_id", "connectionoffer.owner_id",
    "consent.recorded_by_id", "consent.told_by_id", "deal.owner_id", "dealinvitation.person_id",
    "dealrecovery.asked_by_id", "dealrecovery.reader_id", "draft.person_id",
    "duplicatepair.distinct_by_id",
    "editedemail.by_id", "follow.person_id", "import.by_id", "importanswer.by_id",
    "importrun.by_id", "importvalue.by_id", "introductionrequest.asker_id",
    "introductionrequest.connector_id",
    "job.by_id", "kinfeedback.by_id", "knowndevice.person_id", "legalhold.by_id", "lesson.by_id",
    "member.manager_id", "member.person_id", "networksearch.asker_id",
    "notification.person_id",
    "outboxmessage.asked_by_id", "pastseat.person_id", "quota.person_id",
    "referencerequest.assigned_to_id", "referencerequest.desk_approved_by_id",
    "referencerequest.owner_approved_by_id", "referencerequest.requested_by_id",
    "requeststep.by_id", "revision.by_id", "savedview.owner_id", "seat.asked_id",
    "seat.person_id", "sharelink.by_id", "signinsession.person_id", "task.added_by_id",
    "task.assignee_id",
    "task.done_by_id", "tie.asserted_by_id", "timelineentry.by_id", "use.by_id", "wrongtie.by_id",
}  # fmt: skip


def test_should_know_every_column_that_refers_to_an_account_or_a_person() -> None:
    columns = {
        f"{table.name}.{key.parent.name}"
        for table in SQLModel.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name in ("account", "person")
    }
    assert columns == MOVED | OF_MEMBERS


def dangling(workspace: Workspace) -> list[str]:
    """References to rows that are not there."""
    with workspace.database.read() as session:
        return dangling_in(session)


@pytest.fixture
def _both(world: World, workspace: Workspace) -> None:
    with workspace.database.write() as session:
        add_duplicates(world, session)


@pytest.mark.usefixtures("_both")
def test_should_merge_people_and_accounts_with_all_that_hangs_on_them_and_undo_it(
    world: World, workspace: Workspace
) -> None:
    before = dump(workspace)
    dana = world.viewer("dana")
    with workspace.database.write() as session:
        ines = session.get_one(Person, world.people["ines"])
        twin = session.get_one(Person, world.people["twin"])
        key = twin.key
        chosen = {"email": twin.email, "phone": twin.phone, "city": twin.city}
        merge = merge_people(session, dana, ines, twin, chosen)
    with workspace.database.write() as session:
        kept = world.account(session, "brannoc")
        other = session.exec(select(Account).where(Account.name == "St Brannoc Hosp.")).one()
        other_key = other.key
        chosen = {"domain": other.domain, "headcount": other.headcount}
        merge_again = merge_accounts(session, dana, kept, other, chosen)
    assert dangling(workspace) == []
    with workspace.database.read() as session:
        ines = session.get_one(Person, world.people["ines"])
        assert (ines.email, ines.city) == ("ines@private.example", "Porto")
        assert ines.phone == "+44 7700 900 555"
        assert former_key(session, Person, key) == ines.key
        assert former_key(session, Account, other_key) == kept.key
        assert world.deal(session, "wards").account_id == kept.id
        places = select(Stakeholder).where(Stakeholder.person_id == ines.id)
        roles = {row.deal_id: row.buying_role for row in session.exec(places)}
        assert roles[world.deal(session, "wards").id] == "champion"
        assert roles[world.deal(session, "tidewater").id] == "economic buyer"
        twinned = select(Employment).where(Employment.organisation == "Twinned")
        assert len(session.exec(twinned).all()) == 1
        found = session.exec(select(Advocate)).one()
        # The desk confirmed this address, and the new one is no more than a proposal.
        assert (found.address, found.calls_a_quarter) == ("ines@confirmed.example", 1)
        links = {link.sent_to: link.revoked_at for link in session.exec(select(GuestLink))}
        assert links["twin@elsewhere.example"]
        assert links["ines@confirmed.example"] is None
        assert len(session.exec(select(ReferenceRequest)).all()) == 2
        assert {row.advocate_id for row in session.exec(select(Consent))} == {found.id}
        ties = session.exec(select(Tie).where(Tie.origin == "", Tie.asserted_by_id.is_not(None)))
        assert all(tie.one_id != tie.other_id for tie in ties)
        listed = history.revisions(session, dana)
        assert [row.id for row in listed] == [merge_again.id, merge.id]
    for revision in (merge_again, merge):
        with workspace.database.write() as session:
            _, told = history.take_back(session, dana, revision.id, EXTENSION.removers)
            assert told == []
    assert dump(workspace) == before
    with workspace.database.write() as session, pytest.raises(NotFound):
        history.take_back(session, dana, merge.id, EXTENSION.removers)


@pytest.mark.usefixtures("_both")
def test_should_keep_what_was_edited_since_a_merge(world: World, workspace: Workspace) -> None:
    dana = world.viewer("dana")
    with workspace.database.write() as session:
        ines = session.get_one(Person, world.people["ines"])
        twin = session.get_one(Person, world.people["twin"])
        merge = merge_people(session, dana, ines, twin, {"city": "Porto"})
    with workspace.database.write() as session:
        ines = session.get_one(Person, world.people["ines"])
        people.edit_person(session, ines, None, {"city": "Faro"})
    with workspace.database.write() as session:
        _, told = history.take_back(session, dana, merge.id, EXTENSION.removers)
        assert len(told) == 1
        assert "city" in told[0]
        assert session.get_one(Person, world.people["ines"]).city == "Faro"
        assert session.get_one(Person, world.people["twin"]).email == "ines@private.example"


@pytest.mark.usefixtures("_both")
def test_should_not_merge_a_listed_person_into_a_hidden_one(
    world: World, workspace: Workspace
) -> None:
    with workspace.database.write() as session:
        other = session.exec(select(Account).where(Account.name == "St Brannoc Hosp.")).one()
        address = "nina@brannoc.example"
        listed = people.add_contact(session, "Nina N", None, email=address, account_id=other.id)
        hidden = Person(key="person-n", name="N. Novak", email=address, listed=False)
        session.add(hidden)
        session.flush()
        ids = {listed.id, hidden.id}
        merge_accounts(session, world.viewer("dana"), world.account(session, "brannoc"), other, {})
    with workspace.database.read() as session:
        same = select(Person).where(Person.email == address).order_by(col(Person.id))
        assert {person.id for person in session.exec(same)} == ids


@pytest.mark.usefixtures("_both")
def test_should_know_the_kept_record_by_what_a_merge_replaced(
    world: World, workspace: Workspace
) -> None:
    dana = world.viewer("dana")
    with workspace.database.write() as session:
        ines = session.get_one(Person, world.people["ines"])
        ines.email = "ines@old.example"
        twin = session.get_one(Person, world.people["twin"])
        merge_people(session, dana, ines, twin, {"email": twin.email, "name": ines.name})
        kept = world.account(session, "brannoc")
        kept.domain = "old-brannoc.example"
        other = session.exec(select(Account).where(Account.name == "St Brannoc Hosp.")).one()
        name = kept.name
        merge_accounts(session, dana, kept, other, {"name": other.name, "domain": other.domain})
    with workspace.database.read() as session:
        context = ImportContext(session, None)
        assert context.emails["ines@old.example"] == world.people["ines"]
        assert context.emails["ines@private.example"] == world.people["ines"]
        former = [row for row in session.exec(select(FormerAccount)) if not row.key]
        assert [(row.name, row.domain) for row in former] == [(name, "old-brannoc.example")]
        assert former_key(session, Account, "") is None


@pytest.mark.usefixtures("_both")
def test_should_keep_the_own_values_of_both_and_offer_a_choice(world: World, visit: Visit) -> None:
    with world.database.write() as session:
        subject = FieldSubject.ACCOUNT
        add_field(session, subject, "Tier", FieldKind.TEXT, None)
        add_field(session, subject, "Plan", FieldKind.TEXT, None)
        add_field(session, subject, "Site", FieldKind.TEXT, None)
        add_field(session, subject, "Rate", FieldKind.TEXT, None, readers=[Role.ADMIN])
        kept = world.account(session, "brannoc")
        other = session.exec(select(Account).where(Account.name == "St Brannoc Hosp.")).one()
        kept.own = {"tier": "Gold", "plan": "A"}
        other.own = {"tier": "Silver", "plan": "B", "site": "North", "rate": "7"}
        here = f"/duplicates/accounts/{kept.key}/{other.key}"
    dana = visit("dana")
    page = dana.get(here).text
    assert 'aria-label="Tier: Silver"' in page
    assert "Rate" not in page
    answer = dana.save(here, {"own_tier": "other", "own_plan": "one", "own_site": "other"})
    assert answer.status_code == 303
    with world.database.read() as session:
        own = world.account(session, "brannoc").own
        assert own == {"tier": "Silver", "plan": "A", "site": "North", "rate": "7"}


@pytest.mark.usefixtures("_both")
def test_should_not_lose_a_no_in_a_merge(world: World, workspace: Workspace) -> None:
    with workspace.database.write() as session:
        twin = session.get_one(Person, world.people["twin"])
        second = session.exec(select(Advocate).where(Advocate.person_id == twin.id)).one()
        record_consent(session, second, ConsentState.WITHDRAWN, world.people["erin"])
        ines = session.get_one(Person, world.people["ines"])
        with pytest.raises(Conflict, match="consents"):
            merge_people(session, world.viewer("dana"), ines, twin, {})
        with pytest.raises(Forbidden):
            merge_people(session, world.viewer("frank"), ines, twin, {})
        alice = session.get_one(Person, world.people["alice"])
        with pytest.raises(Forbidden, match="deactivated"):
            delete_person(session, world.viewer("grace"), alice)


@pytest.mark.usefixtures("_both")
def test_should_delete_and_restore_with_all_that_hangs_on_it(
    world: World, workspace: Workspace
) -> None:
    before = dump(workspace)
    dana = world.viewer("dana")
    deleted = []
    with workspace.database.write() as session:
        deleted.append(delete_deal(session, dana, world.deal(session, "wards")).id)
    with workspace.database.write() as session:
        twin = session.get_one(Person, world.people["twin"])
        deleted.append(delete_person(session, dana, twin).id)
    with workspace.database.write() as session:
        deleted.append(delete_account(session, dana, world.account(session, "brannoc")).id)
    assert dangling(workspace) == []
    with workspace.database.write() as session:
        assert session.get(Person, world.people["twin"]) is None
        assert session.exec(select(Deal).where(Deal.key == world.deals["wards"])).first() is None
        # No new row gets the id of one that may come back.
        added = people.add_contact(session, "Nina Novak", None)
        assert added.id > world.people["twin"]
        new_id = added.id
    for revision_id in reversed(deleted):
        with workspace.database.write() as session:
            history.take_back(session, dana, revision_id, EXTENSION.removers)
    with workspace.database.write() as session:
        new = session.get_one(Person, new_id)
        delete_person(session, dana, new)
    assert dump(workspace) == before


def test_should_hide_what_is_on_a_deal_that_the_viewer_may_not_see(
    world: World, workspace: Workspace
) -> None:
    with workspace.database.write() as session:
        deal = session.exec(select(Deal).where(Deal.key == world.confidential_deal)).one()
        account_id, deal_id = deal.account_id, deal.id
        account = session.get_one(Account, account_id)
        account.listed = True
        session.add(account)
        session.flush()
        revision = delete_account(session, world.viewer("dana"), account)
    with workspace.database.read() as session:
        assert session.get_one(Deal, deal_id).account_id == account_id
        assert session.get_one(Account, account_id).listed is False
    with workspace.database.write() as session:
        history.take_back(session, world.viewer("dana"), revision.id, EXTENSION.removers)
        assert session.get_one(Account, account_id).listed is True


@pytest.mark.usefixtures("_both")
def test_should_not_delete_what_a_guest_is_asked_about(world: World, workspace: Workspace) -> None:
    with workspace.database.write() as session:
        first = session.exec(
            select(Advocate).where(col(Advocate.person_id) == world.people["ines"])
        ).one()
        call(session, world, first, today(), state=State.INVITED)
        dana = world.viewer("dana")
        with pytest.raises(Conflict, match="Cancel"):
            delete_deal(session, dana, world.deal(session, "wards"))
        assert session.exec(select(FormerAccount)).first() is None


def test_should_send_no_more_statements_for_more_likely_duplicates(
    world: World, visit: Visit
) -> None:
    alice = visit("alice")
    seen = []
    for added in (1, 8):
        with world.database.write() as session:
            brannoc = world.account(session, "brannoc")
            for n in range(added):
                names = (f"Nurse {added}{n}", f"Nurse {added}{n} N.")
                pair = [
                    people.add_contact(session, name, None, account_id=brannoc.id).id
                    for name in names
                ]
                session.add(
                    DuplicatePair(kind="person", one_id=pair[0], other_id=pair[1], probability=0.9)
                )
        alice.get("/duplicates/people")
        with counted(world.database) as statements:
            page = alice.get("/duplicates/people").text
        assert page.count("/duplicates/people/nurse-") >= 2
        seen.append(len(statements))
    assert seen[1] <= seen[0]
