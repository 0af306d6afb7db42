"""Commands that look things up."""

import pytest

from tests.references.asking import advocate
from tests.references.prospecting.books import add_connection
from tests.references.telling import tell_tie
from tests.web.cli.conftest import Run
from tests.world import World, log_closed_deals


def test_should_give_similar_deals_reasons_that_add_up(on_world: Run, world: World) -> None:
    found = on_world("similar", "--deal", world.deals["wards"], "--json").json
    assert found["query"] == world.deals["wards"]
    assert found["results"][0]["key"] == world.deals["brannoc"]
    for result in found["results"]:
        # The fields of `Kin`, without the number of its row.
        assert set(result) == {
            *("key", "name", "account", "account_key", "outcome", "amount", "currency", "closed"),
            *("owner", "score", "band", "terms", "snippet", "difference", "liked"),
            *("same_account", "folded", "source"),
        }
        for term in result["terms"]:
            assert set(term) == {"name", "value", "weight", "contribution", "because"}
            assert term["contribution"] == pytest.approx(term["value"] * term["weight"])
        total = sum(term["contribution"] for term in result["terms"])
        assert result["score"] == pytest.approx(total)
    shown = on_world("similar", "--deal", world.deals["wards"], "--limit", 2).out
    assert "St Brannoc patient records" in shown
    assert "St Brannoc" in on_world("similar", "patient records warehouse").out


def test_should_filter_similar_deals(on_world: Run, world: World) -> None:
    names = {key: name for name, key in world.deals.items()}

    def keys(*options: str) -> set[str]:
        found = on_world("similar", "warehouse", "--limit", 50, "--json", *options).json
        return {names[result["key"]] for result in found["results"]}

    assert keys("--industry", "banking") == {"lumen", "ribera"}
    assert keys("--outcome", "won", "--owner", "Charlie Costa") == {"lumen"}
    assert keys("--outcome", "lost", "--owner", "Charlie Costa") == {"ribera"}
    assert keys("--competitor", "quarrystone", "--product", "Atlas Warehouse") == {"lumen"}
    assert keys("--region", "northern europe", "--size", "201-1000") == {"fjord"}
    assert keys("--until", "1999-12-31") == set()


@pytest.mark.parametrize("command", ["similar", "experts", "playbook"])
def test_should_show_a_confidential_deal_to_its_team_alone(
    on_world: Run, world: World, command: str
) -> None:
    def printed(*options: str) -> str:
        done = on_world(command, "patient records of hospitals", "--limit", 50, *options)
        assert done.code == 0
        return done.out

    for options in ((), ("--as", world.email("charlie")), ("--as", world.email("grace"))):
        for form in ((), ("--json",)):
            shown = printed(*options, *form)
            assert "Nightingale" not in shown
            assert world.confidential_deal not in shown
            assert "merger" not in shown
    assert world.confidential_deal in printed("--as", world.email("alice"), "--json")
    asked = on_world(command, "--deal", world.confidential_deal)
    assert (asked.code, asked.err) == (1, "dealkin: There is no such deal.\n")


def test_should_find_paths_to_a_person_an_account_and_a_deal(on_world: Run, world: World) -> None:
    for to in ("ines-moreira", "Inês Moreira"):
        found = on_world("paths", "--to", to, "--json").json
        first = found["from_us"][0]
        assert [each["name"] for each in first["people"]] == ["Bob Brandt", "Inês Moreira"]
        assert first["evidence"][0][0]["evidence"] == "University of Porto, 2006–2009"
        assert first["evidence"][0][0]["inferred"]
        assert found["from_customers"][0]["people"][0]["name"] == "Jonas Havelka"
    assert "Bob Brandt → Inês Moreira" in on_world("paths", "--to", "St Brannoc Hospital").out
    assert "Bob Brandt → Inês Moreira" in on_world("paths", "--deal", world.deals["wards"]).out
    assert on_world("paths", "--to", "Nobody Here").code == 1
    assert on_world("paths").code == 2
    assert on_world("paths", "--deal", world.confidential_deal).code == 1


def test_should_tell_a_member_whom_they_know_apart_from_the_record(
    on_world: Run, world: World
) -> None:
    with world.database.write() as session:
        add_connection(session, world, "alice", "Dora Quill", "Kestrel Health", "VP Finance")
    for to in ("Kestrel Health", "Dora Quill"):
        mine = on_world("paths", "--to", to, "--as", world.email("alice")).out
        assert "You know Dora Quill, VP Finance, who is not in the record yet." in mine
        assert "From us: nobody else is known to." in mine
    for name in ("bob", "dana", "grace"):
        other = on_world("paths", "--to", "Kestrel Health", "--as", world.email(name)).out
        assert "Quill" not in other
        assert "nobody is known to" in other
        assert on_world("paths", "--to", "Dora Quill", "--as", world.email(name)).code == 1


def test_should_keep_a_private_tie_out_of_anybody_elses_json(on_world: Run, world: World) -> None:
    before = on_world("paths", "--to", "Jonas Havelka", "--json").out
    with world.database.write() as session:
        tell_tie(session, world, "alice", "jonas", visibility="private")
    assert on_world("paths", "--to", "Jonas Havelka", "--json").out == before
    for name in ("charlie", "grace"):
        other = on_world("paths", "--to", "Jonas Havelka", "--as", world.email(name), "--json")
        assert "Alice" not in other.out
    mine = on_world("paths", "--to", "Jonas Havelka", "--as", world.email("alice"), "--json").json
    assert mine["from_us"][0]["people"][0]["name"] == "Alice Adeyemi"
    assert mine["from_us"][0]["evidence"][0][0]["shared_with"] == "private"


def test_should_give_references_reasons_that_add_up(on_world: Run, world: World) -> None:
    with world.database.write() as session:
        advocate(session, world, "ines")
        advocate(session, world, "jonas", consent=None)
    found = on_world("references", "--deal", world.deals["tidewater"], "--json").json
    assert found["activity"] == "reference call"
    (result,) = found["results"]
    assert result["key"] == "ines-moreira"
    total = sum(term["contribution"] for term in result["terms"])
    assert result["score"] == pytest.approx(total)
    assert [left["key"] for left in found["left_out"]] == ["jonas-havelka"]
    shown = on_world("references", "--deal", world.deals["tidewater"], "--activity", "visit").out
    assert "Inês Moreira" in shown
    assert "1 cannot be asked now" in shown
    assert on_world("references", "--deal", world.deals["wards"], "--activity", "bribe").code == 2
    assert on_world("references", "--deal", world.confidential_deal).code == 1


def test_should_give_experts_evidence(on_world: Run, world: World) -> None:
    found = on_world("experts", "--deal", world.deals["kestrel"], "--json").json
    bob = next(result for result in found["results"] if result["name"] == "Bob Brandt")
    assert bob["evidence"]
    assert bob["score"] == pytest.approx(sum(term["contribution"] for term in bob["terms"]))
    assert "Bob Brandt" in on_world("experts", "--deal", world.deals["kestrel"]).out


def test_should_offer_only_usable_assets(on_world: Run, world: World) -> None:
    found = on_world("playbook", "--deal", world.deals["kestrel"], "--json").json
    keys = {result["key"] for result in found["results"]}
    assert world.assets["demo"] in keys
    assert not keys & {world.assets["old_deck"], world.assets["withdrawn_paper"]}
    for result in found["results"]:
        total = sum(term["contribution"] for term in result["terms"])
        assert result["score"] == pytest.approx(total)
    assert "Ward demo" in on_world("playbook", "--deal", world.deals["kestrel"]).out


def test_should_give_an_outlook_if_there_are_enough_kin(on_world: Run, world: World) -> None:
    few = on_world("outlook", "--deal", world.deals["wards"])
    assert few.out == "Fewer than 10 deals that closed are like this one: too few to say.\n"
    assert on_world("outlook", "--deal", world.deals["wards"], "--json").json["outlook"] is None
    log_closed_deals(world)
    assert on_world("reindex").code == 0
    found = on_world("outlook", "--deal", world.deals["wards"], "--json").json["outlook"]
    assert found["won"] >= 11
    assert found["closed"] > found["won"]
    chance = found["chance"]
    assert chance["low"] < found["usual"]["rate"] < chance["value"] < chance["high"]
    assert (found["days"]["median"], found["amount"]) == (100, None)
    told = on_world("outlook", "--deal", world.deals["wards"]).out
    assert f"Of the {found['closed']} similar closed deals, {found['won']} were won" in told
    assert "Days until won: 100, half of" in told
    hidden = on_world("outlook", "--deal", world.confidential_deal)
    assert (hidden.code, hidden.err) == (1, "dealkin: There is no such deal.\n")
