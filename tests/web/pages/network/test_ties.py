"""Who knows whom, on pages."""

import re
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from references.network.ties import Tie
from tests.references.telling import tell_tie
from tests.web.checklist import refuses
from tests.web.conftest import Visit
from tests.world import World
from workspace.revisions import history
from workspace.revisions.tables import Revision, RevisionChange

JONAS = "/people/jonas-havelka/ties"
TIE = {
    "person": "",
    "kind": "worked together",
    "closeness": "closely",
    "evidence": "Ran the Lyon project together",
    "visibility": "everyone",
}


def asserted(session: Session) -> list[Tie]:
    session.rollback()
    session.expire_all()
    return list(session.exec(select(Tie).where(Tie.origin == "").order_by(Tie.id)))


def test_should_draw_and_list_a_path_with_its_evidence(visit: Visit, session: Session) -> None:
    visit("alice").post(JONAS, TIE)
    page = visit("charlie").get(JONAS).text
    drawing = page[page.index('<svg class="path"') :]
    drawing = drawing[: drawing.index("</svg>")]
    assert "Worked together" in drawing
    assert "Alice Adeyemi" in drawing
    assert "Ran the Lyon" in drawing
    chain = page[page.index('<ol class="chain"') :]
    assert "Ran the Lyon project together" in chain[: chain.index("</ol>")]
    assert "You" in visit("alice").get(JONAS).text


def test_should_show_who_knows_the_people_of_an_account(visit: Visit, world: World) -> None:
    visit("alice").post(JONAS, TIE)
    page = visit("charlie").get(f"/accounts/{world.accounts['havel']}/paths").text
    assert "Alice Adeyemi" in page
    assert "Ran the Lyon project together" in page
    empty = visit("charlie").get(f"/accounts/{world.accounts['fjord']}/paths").text
    assert "No contacts yet" in empty
    assert visit("charlie").get("/accounts/nobody/paths").status_code == 404


def test_should_add_a_tie_between_two_other_people(
    visit: Visit, session: Session, world: World
) -> None:
    answer = visit("erin").post(JONAS, {**TIE, "person": "inês moreira"})
    assert answer.status_code == 303
    (tie,) = asserted(session)
    assert {tie.one_id, tie.other_id} == {world.people["ines"], world.people["jonas"]}
    assert tie.asserted_by_id == world.people["erin"]
    assert tie.base == 0.8


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"person": "Nobody Here"}, "Nobody is called so"),
        ({"person": "Jonas Havelka"}, "Choose another person"),
        ({"start": "2020-02-02", "end": "2020-01-01"}, "Enter a date after the start"),
        ({"kind": "enemies"}, "Choose from the list"),
        ({"visibility": ""}, "required"),
        ({"owner": "1"}, "no such field"),
    ],
)
def test_should_say_what_is_wrong_and_keep_the_input(
    visit: Visit, session: Session, wrong: dict[str, str], said: str
) -> None:
    answer = visit("alice").post(JONAS, {**TIE, **wrong}, **{"HX-Request": "true"})
    assert answer.status_code == 422
    assert said.lower() in answer.text.lower()
    assert "Ran the Lyon project together" in answer.text
    assert asserted(session) == []


def test_should_let_only_the_owner_share_and_remove_a_tie(visit: Visit, session: Session) -> None:
    visit("alice").post(JONAS, {**TIE, "visibility": "private"})
    (tie,) = asserted(session)
    share, remove = f"{JONAS}/{tie.id}/share", f"{JONAS}/{tie.id}/remove"
    for name in ("bob", "charlie", "dana", "grace"):
        assert visit(name).post(share, {"visibility": "everyone"}).status_code == 404
        assert visit(name).post(remove).status_code == 404
    assert visit("frank").post(share, {"visibility": "everyone"}).status_code == 403
    assert visit("frank").post(JONAS, TIE).status_code == 403
    assert visit("alice").post(share, {"visibility": "nobody"}).status_code == 422
    assert [each.visibility for each in asserted(session)] == ["private"]
    assert visit("alice").post(share, {"visibility": "everyone"}).status_code == 303
    assert [each.visibility for each in asserted(session)] == ["everyone"]
    assert visit("charlie").post(remove).status_code == 403
    assert visit("grace").post(remove).status_code == 303
    assert asserted(session) == []


def test_should_not_remove_a_derived_tie(visit: Visit, session: Session) -> None:
    tie = session.exec(select(Tie).where(Tie.origin != "")).first()
    assert tie is not None
    assert visit("grace").post(f"{JONAS}/{tie.id}/remove").status_code == 403


def test_should_refuse_what_every_write_must(visit: Visit, world: World) -> None:
    refuses(visit, world, JONAS, TIE, has_page=True)


def test_should_show_a_private_tie_to_nobody_else(
    visit: Visit, session: Session, world: World
) -> None:
    """Every page that could know of it is the same for others before and after."""
    pages = [
        JONAS,
        "/people/alice-adeyemi/ties",
        "/people/jonas-havelka",
        "/people/alice-adeyemi",
        f"/accounts/{world.accounts['havel']}/paths",
        f"/accounts/{world.accounts['havel']}",
        f"/deals/{world.deals['kestrel']}/references",
        f"/deals/{world.deals['kestrel']}",
        "/search?q=Lyon+project",
        "/people?q=Lyon",
        "/",
    ]

    def seen(name: str) -> list[str]:
        # A page's token is its session's, and differs from nothing else.
        return [re.sub(r"[0-9a-f]{64}", "", visit(name).get(page).text) for page in pages]

    others = ("bob", "charlie", "dana", "erin", "frank", "grace")
    before = {name: seen(name) for name in others}
    for visibility in ("private", "ask"):
        with world.database.write() as writing:
            for name in ("jonas", "ines"):
                evidence = "Ran the Lyon project together"
                tell_tie(
                    writing, world, "alice", name,
                    evidence=evidence, source="LinkedIn", visibility=visibility,
                )  # fmt: skip
        assert "Ran the Lyon project" in visit("alice").get(JONAS).text
        for name in others:
            for page, old, new in zip(pages, before[name], seen(name), strict=True):
                if visibility == "private":
                    assert new == old, page
                assert "Ran the Lyon" not in new, page
                assert ("Alice Adeyemi" in new) == ("Alice Adeyemi" in old), page


@pytest.mark.parametrize("visibility", ["everyone", "team", "private"])
def test_should_take_the_removal_of_a_tie_back(
    visit: Visit, session: Session, visibility: str
) -> None:
    alice = visit("alice")
    alice.post(JONAS, {**TIE, "visibility": visibility})
    (tie,) = asserted(session)
    before = tie.model_dump()
    assert alice.post(f"{JONAS}/{tie.id}/remove").status_code == 303
    assert asserted(session) == []
    page = alice.get(JONAS).text
    assert "Tie removed." in page
    assert "Ran the Lyon project together" not in page
    (undo,) = re.findall(r'action="(/deleted/\w+/restore)"', page)
    # Managers and administrators undo what others removed, but not this.
    for name in ("bob", "dana", "grace"):
        assert visit(name).post(undo).status_code == 404
        assert "Lyon" not in visit(name).get("/deleted").text
    assert alice.post(undo, {"back": JONAS}).headers["location"] == JONAS
    (tie,) = asserted(session)
    assert tie.model_dump() == before


@pytest.mark.parametrize(("visibility", "is_kept"), [("everyone", True), ("private", False)])
def test_should_soon_forget_a_removed_tie_that_not_everyone_saw(
    visit: Visit, world: World, session: Session, visibility: str, is_kept: bool
) -> None:
    alice = visit("alice")
    alice.post(JONAS, {**TIE, "visibility": visibility})
    (tie,) = asserted(session)
    alice.post(f"{JONAS}/{tie.id}/remove")
    (undo,) = re.findall(r'action="(/deleted/\w+/restore)"', alice.get(JONAS).text)
    with world.database.write() as writing:
        for revision in writing.exec(select(Revision)):
            revision.at -= timedelta(minutes=61)
            writing.add(revision)
    assert alice.post(undo).status_code == (303 if is_kept else 404)
    history.forget_when_due(world.database)
    session.rollback()
    assert bool(session.exec(select(RevisionChange)).all()) == is_kept
