"""A tie that is called wrong stays away."""

from pathlib import Path

from sqlmodel import Session, select

from references.imports import EXTENSION
from references.network.ties import Tie
from tests.web.conftest import Visit
from tests.world import World
from workspace.imports.run import import_files
from workspace.people import people
from workspace.people.tables import Person

FILE = "one,other,kind,evidence,visibility\nInês Moreira,Jonas Havelka,knows,A list,everyone\n"


def kinds(session: Session, world: World) -> set[str]:
    """How Inês and Jonas know each other."""
    pair = sorted((world.people["ines"], world.people["jonas"]))
    session.expire_all()
    return set(session.exec(select(Tie.kind).where(Tie.one_id == pair[0], Tie.other_id == pair[1])))


def test_should_not_bring_back_a_tie_that_was_called_wrong(
    visit: Visit, world: World, tmp_path: Path
) -> None:
    file = tmp_path / "ties.csv"
    file.write_text(FILE, encoding="utf-8")

    def load() -> None:
        with world.database.write() as writing:
            [report] = import_files(writing, [file], world.people["alice"], tmp_path, EXTENSION)
            assert (report.wrong, report.refused) == ([], "")

    load()
    for name in ("ines", "jonas"):
        with world.database.write() as writing:
            person = writing.get_one(Person, world.people[name])
            people.add_employment(writing, person, "Quayside Data", None)
    with world.database.read() as reading:
        before = kinds(reading, world)
        assert {"knows", "colleagues"} <= before
    dana, here = visit("dana"), "/people/ines-moreira/ties"
    assert "This tie is wrong" in dana.get(here).text
    assert "This tie is wrong" not in visit("charlie").get(here).text
    with world.database.read() as reading:
        pair = sorted((world.people["ines"], world.people["jonas"]))
        of_pair = select(Tie).where(Tie.one_id == pair[0], Tie.other_id == pair[1])
        ids = {tie.kind: tie.id for tie in reading.exec(of_pair)}
    assert visit("charlie").post(f"{here}/{ids['knows']}/wrong").status_code == 403
    for kind in ("knows", "colleagues"):
        assert dana.post(f"{here}/{ids[kind]}/wrong").status_code == 303
    load()
    with world.database.write() as writing:
        person = writing.get_one(Person, world.people["ines"])
        people.edit_person(writing, person, None, {"city": "Porto"})
    with world.database.read() as reading:
        assert kinds(reading, world) == before - {"knows", "colleagues"}
    # The last one is right after all.
    undo = bytes.fromhex(dana.cookies["flash"]).decode().partition("\n")[0]
    assert dana.post(undo).status_code == 303
    with world.database.read() as reading:
        assert kinds(reading, world) == before - {"knows"}
