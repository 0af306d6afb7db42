"""Rows that are made as rows are that are loaded."""

from sqlmodel import select

from tests.world import World
from workspace.accounts.accounts import Account
from workspace.deals.tables import Deal
from workspace.new_rows import new_row


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
