"""The Stakeholders tab: the map, its table, and what there is to know."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import select

from references.network.ties import TieKind, assert_tie
from references.teams.stakeholder_insights import Remark, Tone, buyers_side
from tests.references.telling import tell_tie
from tests.web.checklist import refuses_on_deals
from tests.web.conftest import Visit
from tests.world import World
from web.path_diagram import draw_map
from workspace.accounts.accounts import Relationship, add_account
from workspace.clock import today
from workspace.deals import stakeholders
from workspace.deals.stakeholders import StakeholderRow
from workspace.deals.tables import Stakeholder
from workspace.people import people
from workspace.people.tables import Person
from workspace.timeline.timeline import TimelineEntry

ADD = {"person": "Quinn Quade", "title": "CFO", "buying_role": "economic buyer"}


def rows(world: World, deal: str = "wards") -> list[Stakeholder]:
    with world.database.read() as session:
        here = Stakeholder.deal_id == world.deal(session, deal).id
        return list(session.exec(select(Stakeholder).where(here).order_by(Stakeholder.id)))


def put(world: World, person: str, deal: str = "wards", **facts: object) -> int:
    with world.database.write() as session:
        row = stakeholders.add_stakeholder(
            session, world.deal(session, deal), world.people[person], None, **facts
        )
    return row.id


def remarks(world: World, viewer: str = "alice", deal: str = "wards") -> list[Remark]:
    with world.database.read() as session:
        return buyers_side(session, world.viewer(viewer), world.deal(session, deal)).remarks


def said(world: World, tone: Tone, viewer: str = "alice") -> list[str]:
    return [each.text for each in remarks(world, viewer) if each.tone == tone]


def test_should_add_a_new_person_as_a_contact(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['wards']}/stakeholders"
    assert visit("alice").post(here, ADD).headers["location"] == here
    (row,) = rows(world)
    with world.database.read() as session:
        person = session.get_one(Person, row.person_id)
        assert (person.name, person.title) == ("Quinn Quade", "CFO")
        assert person.account_id == world.account(session, "brannoc").id
        entry = session.exec(select(TimelineEntry).where(TimelineEntry.kind == "stakeholder"))
        assert entry.first()
    page = visit("charlie").get(here).text
    assert "Quinn Quade" in page
    assert "<svg" in page
    assert "Economic buyer" in page
    again = visit("alice").post(here, ADD)
    assert again.status_code == 409
    assert len(rows(world)) == 1


def test_should_find_a_known_person_by_name_or_key(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['wards']}/stakeholders"
    visit("bob").post(here, {"person": "inês moreira"})
    assert [row.person_id for row in rows(world)] == [world.people["ines"]]


def test_should_change_details_and_refuse_circular_reporting_lines(
    visit: Visit, world: World
) -> None:
    here = f"/deals/{world.deals['wards']}/stakeholders"
    visit("alice").post(here, ADD)
    ines = put(world, "ines")
    quinn = rows(world)[0].id
    facts = {"buying_role": "champion", "stance": "mentor", "influence": "high"}
    answer = visit("alice").post(f"{here}/{ines}", {**facts, "reports_to": str(quinn)})
    assert answer.status_code == 303
    changed = next(row for row in rows(world) if row.id == ines)
    assert (changed.stance, changed.reports_to_id) == ("mentor", quinn)
    round_about = visit("alice").post(f"{here}/{quinn}", {"reports_to": str(ines)})
    assert round_about.status_code == 422
    assert "report" in round_about.text
    assert visit("alice").post(f"{here}/{quinn}", {"stance": "hostile"}).status_code == 422
    assert visit("alice").post(f"{here}/{quinn}/remove").status_code == 303
    assert [(row.id, row.reports_to_id) for row in rows(world)] == [(ines, None)]


def test_should_not_find_a_stakeholder_of_another_deal(visit: Visit, world: World) -> None:
    row = put(world, "jonas", "meridian")
    here = f"/deals/{world.deals['wards']}/stakeholders"
    for path in (f"{here}/{row}", f"{here}/{row}/remove"):
        assert visit("alice").post(path, {}).status_code == 404
    assert len(rows(world, "meridian")) == 1


@pytest.mark.parametrize("tail", ["", "/{row}", "/{row}/remove"])
def test_should_refuse_what_every_write_must(visit: Visit, world: World, tail: str) -> None:
    row = put(world, "ines")
    data = ADD if not tail else {}
    path = "/deals/{deal}/stakeholders" + tail.replace("{row}", str(row))
    refuses_on_deals(visit, world, path, data, has_page=not tail)


def test_should_name_gaps(world: World) -> None:
    assert remarks(world) == []
    put(world, "ines", influence="high")
    gaps = said(world, Tone.GAP)
    assert any("economic buyer" in gap for gap in gaps)
    assert any("champion" in gap for gap in gaps)
    # Bob, who is on the team, studied with her: somebody is in touch after all.
    assert not any("in touch" in gap for gap in gaps)
    with world.database.write() as session:
        quinn = people.add_contact(session, "Quinn Quade", None)
    world.people["quinn"] = quinn.id
    put(world, "quinn", buying_role="economic buyer")
    assert "Nobody on our team is in touch with Quinn Quade." in said(world, Tone.GAP)


def test_should_show_a_past_with_a_competitor_and_its_evidence(
    world: World, network: object
) -> None:
    put(world, "ines", stance="opponent", note="Wants what she knows")
    put(world, "jonas")
    with world.database.write() as session:
        ines = session.get_one(Person, world.people["ines"])
        people.add_employment(
            session, ines, "Datamoor", None, title="Consultant",
            start=date(2012, 1, 1), end=date(2015, 1, 1),
        )  # fmt: skip
        session.get_one(Person, world.people["jonas"]).skills = "SQL; Datamoor certified architect"
    found = [each for each in remarks(world) if each.tone == Tone.WARNING]
    assert [(each.text, each.evidence) for each in found] == [
        (
            "Opponent with influence: Inês Moreira.",
            "Chief information officer, Wants what she knows",
        ),
        ("Inês Moreira used to work at Datamoor.", "Consultant at Datamoor, 2012–2015"),
        ("Jonas Havelka has to do with Datamoor.", "Datamoor certified architect"),
    ]


def test_should_count_ties_at_competitors_only_if_they_may_be_seen(world: World) -> None:
    put(world, "ines")
    with world.database.write() as session:
        rival = add_account(session, "Quarrystone", relationship=Relationship.COMPETITOR)
        for n in range(2):
            person = people.add_contact(session, f"Rival {n}", None, account_id=rival.id)
            assert_tie(
                session, world.people["ines"], person.id, TieKind.KNOWS,
                asserted_by_id=world.people["alice"], visibility="private",
            )  # fmt: skip
    text = "Inês Moreira knows 2 people at competitors."
    assert text in said(world, Tone.WARNING)
    assert text not in said(world, Tone.WARNING, "charlie")


def put_with_former_job(world: World, account: str, end: date) -> None:
    """Inês becomes a stakeholder, who worked at that account until `end`."""
    put(world, "ines")
    with world.database.write() as session:
        ines = session.get_one(Person, world.people["ines"])
        name = world.account(session, account).name
        people.add_employment(session, ines, name, None, start=date(2015, 1, 1), end=end)


def test_should_name_a_former_user_of_our_product_as_a_likely_champion(world: World) -> None:
    put_with_former_job(world, "fjord", today() - timedelta(days=30))
    (chance,) = [each for each in remarks(world) if each.tone == Tone.CHANCE]
    assert chance.text == "Inês Moreira has worked with Relay Integration: a likely champion."
    assert "Fjord Logistics" in chance.evidence


def test_should_not_take_former_users_from_a_confidential_deal(world: World) -> None:
    put_with_former_job(world, "kestrel", today() - timedelta(days=1))
    assert said(world, Tone.CHANCE, "charlie") == []
    assert len(said(world, Tone.CHANCE, "alice")) == 1


def test_should_show_who_joined_and_left(world: World) -> None:
    with world.database.write() as session:
        brannoc = world.account(session, "brannoc")
        for name, start, end in (
            ("Nova New", today() - timedelta(days=40), None),
            ("Lou Left", date(2015, 1, 1), today() - timedelta(days=20)),
            ("Olga Old", date(2010, 1, 1), None),
        ):
            person = people.add_contact(session, name, None, account_id=brannoc.id)
            people.add_employment(session, person, brannoc.name, None, start=start, end=end)
    assert said(world, Tone.NEWS) == ["Lou Left has left.", "Nova New has joined."]


def row(row_id: int, above: int | None = None) -> StakeholderRow:
    return StakeholderRow(
        row_id,
        row_id,
        str(row_id),
        f"Name {row_id}",
        "",
        None,
        None,
        "",
        "",
        "",
        "",
        above,
        None,
        "",
    )


def test_should_draw_boxes_apart_and_lines_downwards() -> None:
    rows = [row(1), row(2, 1), row(3, 1), row(4, 3), *map(row, range(5, 12))]
    found = draw_map(rows)
    assert len(found.boxes) == len(rows)
    for one in found.boxes:
        assert 0 <= one.x <= found.width - found.box_width
        assert 0 <= one.y <= found.height - found.box_height
        for other in found.boxes:
            apart = (
                abs(one.x - other.x) >= found.box_width or abs(one.y - other.y) > found.box_height
            )
            assert one is other or apart
    assert len(found.lines) == 3
    assert all(line.y2 > line.y1 for line in found.lines)
    assert draw_map([]).boxes == []


def test_should_mark_a_guessed_line_until_it_is_confirmed(visit: Visit, world: World) -> None:
    deal = world.deals["wards"]
    with world.database.write() as session:
        row = world.deal(session, "wards")
        for name, title in (("Ida North", "IT director"), ("Jo South", "Head of IT")):
            person = people.add_contact(
                session, name, None, title=title, department="IT", account_id=row.account_id
            )
            stakeholders.add_stakeholder(session, row, person.id, None)
    page = visit("alice").get(f"/deals/{deal}/stakeholders").text
    assert "reports to Ida North" in page
    assert 'class="guess"' in page
    # Frank may read it, and confirms nothing.
    assert "Confirm" not in visit("frank").get(f"/deals/{deal}/stakeholders").text
    with world.database.read() as session:
        ids = dict(
            session.execute(
                sa.select(Person.name, Stakeholder.id).join(
                    Person, Person.id == Stakeholder.person_id
                )
            ).all()
        )
    confirm = f"/deals/{deal}/stakeholders/{ids['Jo South']}/line"
    reports_to = {"reports_to": str(ids["Ida North"])}
    assert visit("frank").post(confirm, reports_to).status_code == 403
    assert visit("alice").post(confirm, reports_to).status_code == 303
    page = visit("alice").get(f"/deals/{deal}/stakeholders").text
    assert 'class="guess"' not in page
    assert "reports to Ida North" in page


def test_should_show_the_back_channel_to_the_team_alone(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        tell_tie(session, world, "ines", "jonas", owner="alice", evidence="Porto")
    address = f"/deals/{world.deals['wards']}/stakeholders"
    assert "Back channel" in visit("alice").get(address).text
    for name in ("charlie", "dana", "grace", "frank"):
        assert "Back channel" not in visit(name).get(address).text, name
