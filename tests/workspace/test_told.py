"""What is kept as codes with parameters, and how it is put into words."""

import string

import pytest
from alembic import command
from sqlmodel import SQLModel, col, select

from references import matching
from references.matching import Reason
from tests.world import World
from workspace import told
from workspace.delivery import outbox
from workspace.delivery.outbox import OutboxMessage
from workspace.errors import Conflict, DealkinError
from workspace.exports.record import of_cell
from workspace.revisions.tables import Revision, RevisionChange, RevisionKind
from workspace.told import Code, in_words, refusal, said_by, told_of


def test_should_have_words_for_every_code() -> None:
    assert set(told._WORDS) == set(Code)
    assert set(matching._WORDS) == set(Reason)


def test_should_keep_a_refusal_as_its_code_and_parameters() -> None:
    error = refusal(Conflict, Code.BACKUP_CHANGED, file="a.tar", name="record")
    assert str(error) == "a.tar is damaged: record is not as it was backed up."
    assert told_of(error) == {"code": "backup changed", "file": "a.tar", "name": "record"}
    assert in_words(told_of(error)) == str(error)


def test_should_keep_the_words_of_others_as_they_came() -> None:
    assert in_words(told_of(OSError("The disk is away."))) == "OSError: The disk is away."
    assert in_words(said_by(OSError("450 {try} again"))) == "450 {try} again"
    assert in_words(said_by(TimeoutError())) == "TimeoutError"
    assert in_words(told_of(DealkinError("Choose a file."))) == "Choose a file."


@pytest.mark.parametrize("kept", [{"code": "of a newer version"}, {"code": "backup changed"}])
def test_should_show_what_it_does_not_understand_by_its_code(kept: dict[str, str]) -> None:
    assert in_words(kept) == kept["code"]


def test_should_say_nothing_where_there_is_nothing() -> None:
    assert in_words({}) == ""


def test_should_list_what_a_parameter_has_several_of() -> None:
    kept = told.told(Code.RESTORED_DEALS, keys=["D-0001", "D-0002"])
    assert in_words(kept) == "The restored workspace does not find D-0001, D-0002."


def test_should_name_parameters_that_are_no_part_of_a_code() -> None:
    for words in (*told._WORDS.values(), *matching._WORDS.values()):
        assert "code" not in {name for _, name, _, _ in string.Formatter().parse(words)}


def test_should_keep_why_an_advocate_fits_of_a_request_that_was_deleted_before_codes(
    world: World,
) -> None:
    database = world.database
    command.downgrade(database._alembic(), "0051")
    with database.write() as session:
        session.add(Revision(id=901, kind=RevisionKind.DELETION))
        session.flush()
        for number, fit in enumerate(("knows Eoin", "")):
            session.add(
                RevisionChange(
                    revision_id=901,
                    table_name="referencerequest",
                    row_key=f"[{number}]",
                    number=number,
                    before={"fit": fit, "message": "Hello"},
                )
            )
    database.upgrade()
    with database.read() as session:
        rows = session.exec(select(RevisionChange).order_by(col(RevisionChange.number))).all()
        assert [row.before for row in rows if row.revision_id == 901] == [
            {"fit": [{"code": "said", "text": "knows Eoin"}], "message": "Hello"},
            {"fit": [], "message": "Hello"},
        ]


def test_should_shorten_long_problems_where_an_older_version_takes_over(world: World) -> None:
    database = world.database
    with database.write() as session:
        outbox.queue(session, "buyer@outside.example", "A question", "Will you?")
        message = session.exec(select(OutboxMessage)).one()
        message.problem = {"code": "said", "text": "x" * 1_500}
    command.downgrade(database._alembic(), "0051")
    with database.read() as session:
        (kept,) = session.connection().exec_driver_sql("SELECT problem FROM outboxmessage").one()
    assert kept == "x" * 500
    database.upgrade()


def test_should_read_a_record_that_was_exported_before_codes() -> None:
    fit = SQLModel.metadata.tables["referencerequest"].c.fit
    stopped = SQLModel.metadata.tables["webhookendpoint"].c.stopped_why
    assert of_cell(fit, "knows Eoin") == [{"code": "said", "text": "knows Eoin"}]
    assert of_cell(stopped, "It answered 410") == {"code": "said", "text": "It answered 410"}
