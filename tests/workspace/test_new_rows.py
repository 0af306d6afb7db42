"""Rows that are made as rows are that are loaded."""

from sqlmodel import col, select

from tests.world import World
from workspace.accounts.accounts import Account
from workspace.deals.discretion import read_for
from workspace.deals.tables import Deal
from workspace.new_rows import new_row, number_rows


def test_should_make_a_row_like_its_constructor(world: World) -> None:
    with world.database.write() as session:
        stage_id = session.exec(select(Deal.stage_id)).first()
        facts = {"name": "Lift", "stage_id": stage_id, "outcome": "open"}
        made, built = new_row(Deal, key="N1", **facts), Deal(key="N2", **facts)
        assert made.id is None
        assert made.own == {}
        assert made.own is not new_row(Deal, key="N3", **facts).own
        session.add_all([made, built])
        session.flush()
        session.expire_all()
        differing = {
            name for name in Deal.model_fields if getattr(made, name) != getattr(built, name)
        }
        assert differing <= {"id", "key", "created_at", "touched_at"}
        # It is followed like any other row.
        made.name = "Crane"
        session.flush()
        session.expire_all()
        assert session.exec(select(Deal.name).where(Deal.key == "N1")).one() == "Crane"


def test_should_keep_what_follows_from_a_name(world: World) -> None:
    with world.database.write() as session:
        account = new_row(Account, key="orlik-mills", name="Orlík Mills")
        session.add(account)
        session.flush()
        assert account.plain_name == "orlik mills"


def test_should_number_rows_after_those_that_the_reader_may_not_know_of(world: World) -> None:
    with world.database.write() as session:
        session.add(Account(key="unlisted", name="Unlisted", listed=False))
    with world.database.write() as session:
        read_for(session, world.viewer("charlie"))
        rows = [Account(key=f"number-{n}", name=f"Number {n}") for n in range(3)]
        number_rows(session, Account, rows)
        session.add_all(rows)
        session.flush()
        names = select(Account.name).where(col(Account.key).startswith("number-"))
        assert session.exec(names.order_by(col(Account.id))).all() == [row.name for row in rows]
