"""Rows of deals, seats and activity: what they are matched by, and which dates hold."""

from datetime import date
from pathlib import Path

from sqlmodel import select

from tests.workspace.imports.files import (
    counts,
    load_text,
)
from tests.world import ago
from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.database import Database
from workspace.deals import lifecycle, seat_roles, team
from workspace.deals.tables import (
    Deal,
    Seat,
)
from workspace.imports.meanings import Topic, remember_value


def test_should_take_the_roles_that_the_workspace_has(database, tmp_path):
    with database.write() as session:
        seat_roles.rename_seat_role(session, "trainer", "Coach", None)
        lifecycle.log(session, "Records", None, None, key="D-1")
    text = "deal,role,person\nD-1,coach,\nD-1,trainer,\n"
    report = load_text(database, tmp_path, text)
    assert counts(report) == (1, 0, 0, 1)
    assert "'trainer' is none of account executive" in report.error_file.read_text("utf-8-sig")
    with database.read() as session:
        assert session.exec(select(Seat.role)).all() == ["Coach"]


def test_should_take_the_expected_date_of_a_closed_deal_for_its_closing(database, tmp_path):
    load_text(database, tmp_path, "deal,name,stage,expected_close\n1,One,Won,2024-05-01\n")
    with database.read() as session:
        assert session.exec(select(Deal.closed)).one() == date(2024, 5, 1)


def test_should_find_deals_without_a_key_by_name_and_account(database, tmp_path):
    text = "name,account,stage\nRollout,Acme,\nRollout,Basel,\nRollout,,Won\nRollout,Acme,Won\n"
    assert counts(load_text(database, tmp_path, text)) == (3, 1, 0, 0)
    with database.read() as session:
        assert sorted(session.exec(select(Deal.key))) == ["D-0001", "D-0002", "D-0003"]
    again = load_text(database, tmp_path, "name,account,stage\nRollout,Acme,Won\nRollout,,Won\n")
    assert counts(again) == (0, 0, 2, 0)
    twins = load_text(database, tmp_path, "deal,name,account\nX,Rollout,Acme\n")
    assert twins.created == 1
    unclear = load_text(database, tmp_path, "name,account,stage\nRollout,Acme,Won\n")
    assert "give the key" in unclear.error_file.read_text("utf-8-sig")


def test_should_tell_new_deals_of_new_accounts_apart_beside_known_deals(database, tmp_path):
    load_text(database, tmp_path, "deal,name,account\nX,Known,Basel\n")
    text = "deal,name,account\n,Renewal,Acme\nX,Known,Basel\n,Renewal,Corvid\n,Renewal,Acme\n"
    assert counts(load_text(database, tmp_path, text)) == (2, 0, 2, 0)
    # A known deal gets an account that is as new as that of a new deal.
    text = "deal,name,account\n,Tender,Dunlin\nX,Known,Egret\n,Tender,Fulmar\n,Tender,Dunlin\n"
    assert counts(load_text(database, tmp_path, text)) == (2, 1, 1, 0)
    with database.read() as session:
        query = select(Deal.name, Account.name).join(Account, Account.id == Deal.account_id)
        assert sorted(session.exec(query)) == [
            ("Known", "Egret"),
            ("Renewal", "Acme"),
            ("Renewal", "Corvid"),
            ("Tender", "Dunlin"),
            ("Tender", "Fulmar"),
        ]


def test_should_refuse_rows_of_a_stage_as_answered_whatever_their_status(database, tmp_path):
    with database.write() as session:
        remember_value(session, Topic.STAGE, "Dormant", "", None)
    text = "deal,name,stage,status\n1,One,Dormant,won\n2,Two,Dormant,\n3,Three,Won,won\n"
    report = load_text(database, tmp_path, text)
    assert counts(report)[3] == 2
    assert report.error_file.read_text("utf-8-sig").count("as was answered") == 2


def test_should_not_give_a_key_away_that_a_later_row_has(database, tmp_path):
    report = load_text(database, tmp_path, "deal,name,stage\n,Ours,\nD-0001,Theirs,\n")
    assert report.created == 2
    with database.read() as session:
        assert dict(session.exec(select(Deal.name, Deal.key)).all()) == {
            "Theirs": "D-0001",
            "Ours": "D-0002",
        }


def test_should_reopen_a_deal(database, tmp_path):
    load_text(database, tmp_path, "deal,name,stage,closed\n1,One,Lost,2024-01-01\n")
    load_text(database, tmp_path, "deal,stage,closed\n1,Prospecting,\n")
    with database.read() as session:
        deal = session.exec(select(Deal)).one()
        assert (deal.outcome, deal.closed) == ("open", None)


def test_should_correct_the_dates_of_a_closed_deal(database, tmp_path):
    load_text(database, tmp_path, "deal,name,stage,opened,closed\n1,O,Won,2024-01-01,2024-02-01\n")
    load_text(database, tmp_path, "deal,opened,closed\n1,2024-03-01,2024-04-01\n")
    bad = load_text(database, tmp_path, "deal,opened\n1,2024-05-01\n")
    assert bad.failed == 1
    with database.read() as session:
        deal = session.exec(select(Deal)).one()
        assert (deal.opened, deal.closed) == (date(2024, 3, 1), date(2024, 4, 1))


def test_should_take_seats_and_uses_by_the_name_of_a_deal_where_it_is_clear(database, tmp_path):
    load_text(database, tmp_path, "deal,name\n1,One\n2,Two\n3,Two\n")
    assert load_text(database, tmp_path, "deal,role\nOne,trainer\n").created == 1
    report = load_text(database, tmp_path, "deal,role\nTwo,trainer\n")
    assert "Several deals are called" in report.error_file.read_text("utf-8-sig")


def test_should_not_fill_seats_that_are_open_for_somebody(database, tmp_path):
    load_text(database, tmp_path, "name,email,roles\nAnn,ann@x.example,rep\n")
    load_text(database, tmp_path, "deal,name\n1,One\n")
    text = "deal,role,person\n1,trainer,\n1,trainer,ann@x.example\n"
    assert counts(load_text(database, tmp_path, text)) == (2, 0, 0, 0)
    assert counts(load_text(database, tmp_path, text)) == (0, 0, 2, 0)


def test_should_see_what_was_entered_by_hand(database, tmp_path):
    with database.write() as session:
        account = Account(key="acme", name="Acmé Ltd")
        session.add(account)
        session.flush()
        deal = lifecycle.log(session, "By hand", account, None)
        team.add_seat(session, deal, "trainer", None, None)
    report = load_text(database, tmp_path, "name,account,next_step\nBy hand,acme LTD,Call\n")
    assert counts(report) == (0, 1, 0, 0)
    assert load_text(database, tmp_path, "deal,role\nBy hand,trainer\n").unchanged == 1


def clocks(database: Database) -> dict[str, int]:
    """For how many days each deal is known to be at its stage."""
    with database.read() as session:
        deals = session.exec(select(Deal).order_by(Deal.key)).all()
        return {deal.key: (today() - deal.stage_since).days for deal in deals if deal.stage_since}


def test_should_start_the_clock_of_an_imported_deal_with_what_the_record_knows(
    database: Database, tmp_path: Path
) -> None:
    """Opened long ago: nothing is known of how long it has been at its stage."""
    text = f"deal,name,stage,opened\nD-1,One,Qualification,{ago(300)}\nD-2,Two,,{ago(200)}\n"
    load_text(database, tmp_path, text)
    assert clocks(database) == {"D-1": 0, "D-2": 0}
    activity = f"deal,at,text\nD-1,{ago(40)},Called\nD-1,{ago(12)},Met\nD-1,{ago(70)},Wrote\n"
    load_text(database, tmp_path, activity)
    assert clocks(database) == {"D-1": 12, "D-2": 0}
    # The same file again changes nothing, and no activity is later than today or before opening.
    load_text(database, tmp_path, activity)
    assert clocks(database) == {"D-1": 12, "D-2": 0}
    load_text(database, tmp_path, f"deal,at,text\nD-1,{ago(-9)},Planned\nD-2,{ago(900)},Old\n")
    assert clocks(database) == {"D-1": 0, "D-2": 200}
    assert counts(load_text(database, tmp_path, text))[1] == 0
    assert clocks(database) == {"D-1": 0, "D-2": 200}


def test_should_leave_the_clock_alone_of_deals_that_moved_or_were_logged(
    database: Database, tmp_path: Path
) -> None:
    with database.write() as session:
        lifecycle.log(session, "By hand", None, None, key="D-1", opened=ago(90))
    load_text(database, tmp_path, f"deal,name,opened\nD-2,Two,{ago(80)}\nD-3,Three,{ago(80)}\n")
    load_text(database, tmp_path, "deal,stage\nD-2,Needs Analysis\nD-3,Closed Won\n")
    activity = "deal,at,text\n" + "".join(f"D-{n},{ago(50)},Called\n" for n in (1, 2, 3))
    load_text(database, tmp_path, activity)
    assert clocks(database) == {"D-1": 90, "D-2": 0, "D-3": 0}


def outcomes(database: Database) -> dict[str, tuple[str, str]]:
    with database.read() as session:
        return {deal.key: (deal.outcome, deal.parked_reason) for deal in session.exec(select(Deal))}


def test_should_park_and_wake_deals_as_a_file_says(database: Database, tmp_path: Path) -> None:
    text = (
        "deal,name,stage,status,parked_reason,wakes_on\n"
        "1,One,Negotiation/Review,On hold,No budget,2027-03-01\n"
        "2,Two,On hold,,,\n"
        "3,Three,Prospecting,open,,\n"
        "4,Four,Closed Won,parked,,\n"
    )
    report = load_text(database, tmp_path, text)
    assert counts(report) == (3, 0, 0, 1)
    assert "contradicts the status" in report.error_file.read_text("utf-8-sig")  # type: ignore[union-attr]
    assert outcomes(database) == {
        "1": ("parked", "No budget"),
        "2": ("parked", ""),
        "3": ("open", ""),
    }
    assert counts(load_text(database, tmp_path, text)) == (0, 0, 3, 1)
    # A row that says nothing of it leaves a deal parked; one that moves it, or says open, wakes it.
    silent = "deal,name,next_step\n1,One,Call\n"
    assert counts(load_text(database, tmp_path, silent)) == (0, 1, 0, 0)
    assert outcomes(database)["1"] == ("parked", "No budget")
    awake = "deal,name,stage,status\n1,One,,active\n2,Two,Qualification,\n"
    assert counts(load_text(database, tmp_path, awake)) == (0, 2, 0, 0)
    assert {outcome for outcome, _ in outcomes(database).values()} == {"open"}
