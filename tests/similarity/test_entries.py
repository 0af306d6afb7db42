"""What is written on a deal besides its description, in searches and as a reason."""

from similarity.index.catalog import Catalog
from similarity.index.documents import DealText, PieceRole, Written, deal_document
from similarity.search import HitKind, search
from tests.similarity.asking import kin_of_text
from tests.world import World
from workspace.collaboration import notes
from workspace.deals import lifecycle, stakeholders

TEXT = "The zirconium gasket has to be replaced before the audit"


def _written(world: World, catalog: Catalog, viewer: str = "charlie") -> list[tuple[str, str]]:
    with world.database.read() as session:
        found = search(session, world.viewer(viewer), catalog, "zirconium gasket")
        return [(hit.key, hit.source) for hit in found.notes]


def test_should_find_a_note_until_it_is_removed(world: World, catalog: Catalog) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "orlik")
        entry = notes.write_note(session, deal, world.people["alice"], "call", TEXT)
    source = f"call:{entry.id}"
    assert _written(world, catalog) == [(world.deals["orlik"], source)]
    with world.database.read() as session:
        kin = kin_of_text(session, world.viewer("charlie"), catalog, "zirconium gasket", limit=1)
    assert (kin[0].key, kin[0].source) == (world.deals["orlik"], source)
    assert "gasket" in "".join(span.text for span in kin[0].snippet)
    with world.database.write() as session:
        deal = world.deal(session, "orlik")
        own = notes.own_note(session, deal, entry.id, world.people["alice"], lock=True)
        notes.remove_note(session, deal, own)
    assert _written(world, catalog) == []


def test_should_find_next_steps_reasons_and_notes_on_stakeholders(
    world: World, catalog: Catalog
) -> None:
    with world.database.write() as session:
        lifecycle.edit(
            session,
            world.deal(session, "wards"),
            world.people["alice"],
            {"next_step": f"Tell Lyon: {TEXT}"},
        )
        lifecycle.edit(
            session,
            world.deal(session, "havel"),
            world.people["alice"],
            {"reason": f"{TEXT} in March"},
        )
        deal = world.deal(session, "meridian")
        person = world.people["frank"]
        session.add(stakeholders.Stakeholder(deal_id=deal.id, person_id=person, note=TEXT))
    written = {key: source.partition(":")[0] for key, source in _written(world, catalog)}
    assert written == {
        world.deals["wards"]: "next",
        world.deals["havel"]: "reason",
        world.deals["meridian"]: "stakeholder",
    }


def test_should_show_no_note_of_a_deal_that_the_viewer_does_not_see(
    world: World, catalog: Catalog
) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        notes.write_note(session, deal, world.people["alice"], "note", TEXT)
    assert [key for key, _ in _written(world, catalog, "bob")] == [world.confidential_deal]
    for name in ("charlie", "dana", "grace"):
        assert _written(world, catalog, name) == []


def test_should_find_no_entry_that_nobody_wrote(world: World, catalog: Catalog) -> None:
    with world.database.read() as session:
        found = search(session, world.viewer("alice"), catalog, "logged Negotiation")
    assert found.notes == []
    assert all(hit.kind != HitKind.NOTE for hit in found.deals)


def test_should_keep_the_newest_entries_as_passages() -> None:
    entries = tuple(Written(f"note:{number}", f"entry {number}") for number in range(100))
    text = DealText("Name", "What they want.", "", "Price", "", "", "", [], [], entries)
    document = deal_document(text)
    assert document.sources[:3] == ("reason", "note:0", "note:1")
    assert len(document.sources) == 31
    passages = [text for role, text in document.pieces if role == PieceRole.PASSAGE]
    # Its own text is the first of them.
    assert passages[0] == "What they want."
    assert len(passages) == 32


def test_should_leave_out_of_a_document_what_its_text_denies() -> None:
    text = DealText("Search", "They do not want recommendations.", "", "", "", "", "", [], [])
    terms = deal_document(text).terms
    assert "search" in terms
    assert not any(term.startswith("recommend") for term in terms)
