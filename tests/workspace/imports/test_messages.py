"""What imports say, kept as codes with parameters, and put into words."""

import json
import string

import pytest
import sqlalchemy as sa
from alembic import command

from tests.world import World
from workspace.errors import Invalid
from workspace.imports import runs
from workspace.imports.cells import read_email
from workspace.imports.dates import read_day
from workspace.imports.ledger import ImportFile, ImportPart, ImportRun, RunState
from workspace.imports.messages import (
    Message,
    Notice,
    all_of,
    in_column,
    in_rows,
    kept,
    message_of,
    said,
    tell,
)
from workspace.imports.preview import preview_from_json
from workspace.told import Code


def test_should_name_parameters_that_are_no_part_of_a_code():
    for notice in Notice:
        assert "code" not in {name for _, name, _, _ in string.Formatter().parse(notice.words)}


def test_should_have_codes_of_its_own():
    assert {str(notice) for notice in Notice}.isdisjoint(map(str, Code))


@pytest.mark.parametrize(
    ("message", "words", "stored"),
    [
        (tell(Notice.EMPTY), "It is empty.", {"code": "empty"}),
        (
            tell(Notice.CURRENCY_UNCLEAR, text="kr", codes=["SEK", "NOK"]),
            "'kr' could be SEK or NOK: write the code.",
            {"code": "currency unclear", "text": "kr", "codes": ["SEK", "NOK"]},
        ),
        (
            in_rows(in_column("email", tell(Notice.NO_EMAIL, text="{x}")), 1_200),
            "email: '{x}' is not an e-mail address. (1,200 rows)",
            {
                "code": "in rows",
                "count": 1_200,
                "message": {
                    "code": "in column",
                    "column": "email",
                    "message": {"code": "no email", "text": "{x}"},
                },
            },
        ),
        (
            all_of([tell(Notice.MISSING), "Say who."]),
            "It is missing. Say who.",
            {
                "code": "several",
                "messages": [{"code": "missing"}, {"code": "said", "text": "Say who."}],
            },
        ),
    ],
)
def test_should_keep_a_message_as_its_code_and_parameters(message, words, stored):
    assert message == words
    assert kept(message) == stored
    again = message_of(json.loads(json.dumps(kept(message))))
    assert (again, kept(again)) == (words, stored)


def test_should_keep_what_a_cell_is_refused_for():
    with pytest.raises(Invalid) as refused:
        read_day("03/04/2024")
    assert kept(said(refused.value)) == {
        "code": "date unclear",
        "text": "03/04/2024",
        "day_first": "2024-04-03",
        "month_first": "2024-03-04",
    }
    assert str(refused.value) == (
        "'03/04/2024' could be 03 April or 04 March: write 2024-04-03 or 2024-03-04."
    )
    with pytest.raises(Invalid) as refused:
        read_email("a" * 500)
    # No more of a cell is kept than is told.
    assert kept(said(refused.value)) == {"code": "no email", "text": "a" * 57 + "…"}


def test_should_tell_nothing_where_nothing_is_kept():
    assert message_of({}) == message_of("") == ""
    assert kept("") == {}
    assert message_of({"code": "of a newer version"}) == "of a newer version"


def test_should_show_the_sentences_that_were_kept_before_codes(world: World):
    with world.database.write() as session:
        run = ImportRun(state=RunState.DONE)
        session.add(run)
        session.flush()
        session.add(ImportFile(run_id=run.id, number=0, name="a.csv", raw=b"", warnings=["Odd."]))
        part = ImportPart(run_id=run.id, start=0, file=0, rows=2)
        part.warnings = {"Read as EUR.": 2}  # type: ignore[assignment]
        part.wrong = [[3, "email: It is missing.", ["x"]]]
        session.add(part)
    with world.database.read() as session:
        (report,) = runs.reports_of(session, run.id)
    assert report.warnings == ["Odd.", "Read as EUR. (2 rows)"]
    assert report.wrong == [(3, "email: It is missing.", ["x"])]
    file = {"name": "a.csv", "warnings": ["Odd."], "refused": "It is empty."}
    file["problems"] = [{"text": "It is missing.", "count": 1, "lines": [2]}]
    (shown,) = preview_from_json({"files": [file], "fields": []}).files
    assert (shown.warnings, shown.refused, shown.problems[0].text) == (
        ["Odd."],
        "It is empty.",
        "It is missing.",
    )
    assert isinstance(shown.refused, Message)


def test_should_keep_why_files_were_refused_before_codes(world: World):
    database = world.database
    command.downgrade(database._alembic(), "0056")
    with database.write() as session:
        connection = session.connection()
        connection.exec_driver_sql(
            "INSERT INTO importrun (id, at, state, done, total, preview, kept)"
            " VALUES (901, '2026-01-01 00:00:00', 'done', 0, 0, '{}', '[]')"
        )
        for number, refused in enumerate(("It is empty.", "")):
            insert = sa.text(
                "INSERT INTO importfile"
                " (run_id, number, name, raw, reading, kind, header, warnings, refused)"
                " VALUES (901, :number, 'a.csv', '', '{}', '', '[]', '[]', :refused)"
            )
            connection.execute(insert, {"number": number, "refused": refused})
    database.upgrade()
    with database.read() as session:
        assert [file.refused for file in runs.files_of(session, 901)] == [
            {"code": "said", "text": "It is empty."},
            {},
        ]
    command.downgrade(database._alembic(), "0056")
    with database.read() as session:
        rows = session.connection().exec_driver_sql(
            "SELECT refused FROM importfile WHERE run_id = 901 ORDER BY number"
        )
        assert [refused for (refused,) in rows] == ["It is empty.", ""]
    database.upgrade()
