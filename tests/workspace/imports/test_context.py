"""Imports within the rights of the member who imports, which reveal no hidden deal."""

from sqlmodel import col, select

from tests.workspace.imports.files import (
    counts,
    load_text,
)
from workspace.deals import leaving
from workspace.deals.tables import (
    Deal,
    DealProduct,
    Product,
)
from workspace.imports.ledger import Import


def test_should_not_tell_of_a_hidden_deal_by_its_name(world, database, tmp_path):
    text = "name,account,notes\nProject Nightingale,Kestrel Health,Guessed\n"
    by = world.people["dana"]
    assert counts(load_text(database, tmp_path, text, by=by)) == (1, 0, 0, 0)
    assert counts(load_text(database, tmp_path, text, by=by)) == (0, 0, 1, 0)
    with database.read() as session:
        named = session.exec(select(Deal).where(Deal.name == "Project Nightingale")).all()
        assert len(named) == 2
        assert "Guessed" not in world.deal(session, "nightingale").notes
    # Bob sees both.
    both = load_text(database, tmp_path, text, by=world.people["bob"])
    assert "give the key" in both.error_file.read_text("utf-8-sig")


def test_should_not_tell_of_what_is_only_on_hidden_deals(world, database, tmp_path):
    text = "deal,name,owner,products,confidential\nX-1,Quiet,{},Hush Box,yes\n"
    load_text(database, tmp_path, text.format(world.email("alice")), by=world.people["alice"])
    with database.read() as session:
        assert session.exec(select(Product.listed).where(Product.name == "Hush Box")).one() is False
    named = "deal,name,products\nX-2,Loud,HushBox\n"
    report = load_text(database, tmp_path, named, by=world.people["dana"])
    assert report.warnings == ["The product 'HushBox' was not known yet and was added."]
    with database.read() as session:
        assert session.exec(select(Product.listed).where(Product.name == "HushBox")).one()


def test_should_not_hide_a_deal_from_everybody(database, tmp_path):
    load_text(database, tmp_path, "deal,name\n1,One\n")
    report = load_text(database, tmp_path, "deal,products,confidential\n1,Atlas,yes\n")
    assert "A confidential deal needs at least one reader" in report.error_file.read_text(
        "utf-8-sig"
    )
    assert report.error_file.stat().st_mode & 0o777 == 0o600
    with database.read() as session:
        assert session.exec(select(Deal.confidential)).one() is False
        assert session.exec(select(DealProduct)).all() == []


def test_should_not_add_a_deal_that_nobody_sees(world, database, tmp_path):
    with database.write() as session:
        leaving.deactivate(session, world.people["charlie"], by=None)
    text = "deal,name,owner,confidential\nX-1,One,,yes\nX-2,Two,nobody@x.example,yes\n"
    text += f"X-3,Three,{world.email('charlie')},yes\nX-4,Four,{world.email('alice')},yes\n"
    report = load_text(database, tmp_path, text)
    errors = report.error_file.read_text("utf-8-sig")
    assert errors.count("Name an active member as its owner.") == 3
    with database.read() as session:
        added = select(Deal.key).where(col(Deal.key).startswith("X-"))
        assert session.exec(added).all() == ["X-4"]


def test_should_import_within_the_rights_of_the_one_who_imports(world, database, tmp_path):
    def failed(text, name):
        report = load_text(database, tmp_path, text, by=world.people[name])
        return report.refused or (
            report.error_file.read_text("utf-8-sig") if report.error_file else ""
        )

    hidden = world.confidential_deal
    with database.read() as session:
        hidden_name = session.exec(select(Deal.name).where(Deal.key == hidden)).one()
    own = world.deals["wards"]
    assert "may read, but not change" in failed("account\nNew\n", "frank")
    assert "members with the role admin" in failed("name,roles\nEve,admin\n", "dana")
    assert failed("name,email,roles\nEve,eve@x.example,rep\n", "grace") == ""
    assert "this deal's team" in failed(f"deal,next_step\n{own},Mine now\n", "charlie")
    assert failed(f"deal,next_step\n{own},Call\n", "alice") == ""
    assert failed(f"deal,next_step\n{own},Call again\n", "dana") == ""
    assert failed(f"deal,next_step\n{hidden},Call\n", "bob") == ""
    assert "This key cannot be used." in failed(f"deal,next_step\n{hidden},x\n", "grace")
    for name in (hidden, hidden_name):
        text = f"deal,at,text\n{name},2024-01-01,x\n"
        assert f"'{name}' is no deal in the record" in failed(text, "grace")
    assert "Members keep their own profile" in failed(
        f"name,email,city\nAlice,{world.email('alice')},Rome\n", "bob"
    )
    with database.read() as session:
        ledger = session.exec(select(Import).order_by(Import.id)).all()
        assert [row.by_id for row in ledger] == [
            world.people[name] for name in ("grace", "alice", "dana", "bob")
        ]
