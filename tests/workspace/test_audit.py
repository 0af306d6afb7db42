"""The audit log's chain: what was changed, deleted or inserted is found."""

import json
from collections.abc import Callable

import pytest
from alembic import command
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from tests.threads import at_the_same_time
from tests.world import World
from workspace import audit_log
from workspace.audit import AuditEntry, AuditHead, AuditValues, audit, audit_all
from workspace.database import Database


def problems(database: Database) -> list[str]:
    with database.read() as session:
        return audit_log.broken_links(session)


def filled(database: Database) -> None:
    """Twelve entries in four transactions, every other one with values."""
    for number in range(4):
        with database.write() as session:
            audit(session, None, "roles set", f"person {number}", {"roles": [[], ["rep"]]})
            audit_all(session, None, "deal stage", [f"deal {number}", f"deal {number + 10}"])


def unguarded(database: Database, statement: str) -> None:
    """Change the database as somebody who can switch its triggers off, and on again."""
    with database.writer.connect() as connection:
        if database.is_sqlite:
            rows = connection.exec_driver_sql(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            ).all()
            for name, _ in rows:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.exec_driver_sql(statement)
            for _, sql in rows:
                connection.exec_driver_sql(sql)
        else:
            for table in ("auditentry", "auditvalues"):
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            connection.exec_driver_sql(statement)
            for table in ("auditentry", "auditvalues"):
                connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        connection.commit()


def test_should_chain_what_is_written_at_the_same_time(database: Database) -> None:
    def write() -> None:
        for number in range(5):
            with database.write() as session:
                audit(session, None, "roles set", f"person {number}", {"n": number})

    at_the_same_time(write, write, write)
    assert problems(database) == []
    with database.read() as session:
        numbers = session.exec(select(AuditEntry.number).order_by(col(AuditEntry.number))).all()
    assert numbers == list(range(1, 16))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE auditentry SET subject = 'person 99' WHERE number = 5", "entry 5 was changed"),
        ("UPDATE auditentry SET by_id = NULL, action = 'x' WHERE number = 1", "entry 1 was"),
        ("UPDATE auditvalues SET salt = 'x' WHERE entry_id = 4", "values of audit entry 4"),
        ("UPDATE auditvalues SET detail = '{}' WHERE entry_id = 4", "values of audit entry 4"),
        ("DELETE FROM auditvalues WHERE entry_id = 4", "values of audit entry 4 were deleted"),
        ("DELETE FROM auditentry WHERE number = 5", "entry 5 was deleted"),
        ("DELETE FROM auditentry WHERE number = 12", "last entries"),
        (
            "INSERT INTO auditentry (id, at, action, subject, digest, hash)"
            " SELECT 99, at, action, subject, '', '' FROM auditentry WHERE number = 5",
            "1 audit entries were inserted",
        ),
        (
            "INSERT INTO auditentry (id, at, action, subject, digest, hash, number)"
            " SELECT 99, at, action, subject, '', hash, 13 FROM auditentry WHERE number = 5",
            "entry 13 was changed, or put",
        ),
        (
            "INSERT INTO auditvalues (entry_id, salt, detail) VALUES (5, 'x', '{}')",
            "entry 5 was given values later",
        ),
    ],
)
def test_should_find_what_was_changed_deleted_or_inserted(
    database: Database, statement: str, words: str
) -> None:
    filled(database)
    assert problems(database) == []
    unguarded(database, statement)
    assert any(words in problem for problem in problems(database)), problems(database)
    # What is written afterwards does not cover it up.
    filled(database)
    assert problems(database)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE auditentry SET subject = 'person 99' WHERE number = 5",
        "UPDATE auditentry SET number = 77 WHERE number = 5",
        "DELETE FROM auditentry WHERE number = 5",
        "UPDATE auditvalues SET detail = '{}' WHERE entry_id = 4",
        "DELETE FROM auditvalues WHERE entry_id = 4",
    ],
)
def test_should_refuse_changes_in_the_database_itself(database: Database, statement: str) -> None:
    filled(database)
    with pytest.raises(DBAPIError, match="not changed"), database.writer.connect() as connection:
        connection.exec_driver_sql(statement)
    assert problems(database) == []


def test_should_find_that_the_triggers_are_gone(database: Database) -> None:
    table = "" if database.is_sqlite else " ON auditentry"
    with database.writer.connect() as connection, Session(connection) as session:
        connection.exec_driver_sql(f"DROP TRIGGER auditentry_delete{table}")
        assert audit_log.broken_links(session) == [
            "Triggers that protect the audit log are missing: auditentry_delete."
        ]
        connection.rollback()
    assert problems(database) == []


def test_should_hold_after_values_were_erased(database: Database) -> None:
    filled(database)
    with database.write() as session:
        audit_log.empty_values(session, audit_log.entries_about(session, 2))
    assert problems(database) == []
    with database.read() as session:
        emptied = session.exec(
            select(AuditValues.entry_id).where(col(AuditValues.detail).is_(None))
        ).all()
        assert len(emptied) == 1
        entry = session.get_one(AuditEntry, emptied[0])
        assert (entry.subject, entry.detail) == ("person 2", {})


def test_should_chain_what_rules_add_at_the_commit(database: Database) -> None:
    with database.write() as session:
        audit(session, None, "roles set", "person 1")

        def add(session: Session) -> None:
            audit(session, None, "tie added", "tie 1", {"x": 1})
            audit(session, None, "tie added", "tie 2")

        event.listen(session, "before_commit", add)
    filled(database)
    assert problems(database) == []
    with database.read() as session:
        assert len(session.exec(select(AuditEntry.id)).all()) == 15


def test_should_chain_nothing_of_a_transaction_that_is_rolled_back(database: Database) -> None:
    def break_off() -> None:
        with database.write() as session:
            audit(session, None, "roles set", "person 1", {"x": 1})
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    filled(database)
    assert problems(database) == []


def test_should_chain_the_entries_of_an_older_workspace(world: World) -> None:
    database = world.database
    with database.read() as session:
        before = [(entry.id, entry.detail) for entry in session.exec(select(AuditEntry))]
        assert any(detail for _, detail in before)
    command.downgrade(database._alembic(), "0025")
    database.upgrade()
    assert problems(database) == []
    with database.read() as session:
        assert sorted((entry.id, entry.detail) for entry in session.exec(select(AuditEntry))) == (
            sorted(before)
        )


@pytest.mark.parametrize(
    "read", [json.loads, lambda line: json.loads(line.partition("audit - ")[2])]
)
def test_should_export_lines_for_other_systems(
    database: Database, read: Callable[[str], dict[str, object]]
) -> None:
    style = "jsonl" if read is json.loads else "syslog"
    with database.write() as session:
        audit(session, None, "sign-in failed", "unknown account", {"address": "x\n<14>1 forged"})
    with database.read() as session:
        lines = list(audit_log.exported(session, style))
        assert lines == list(audit_log.exported(session, style))
        head = session.get_one(AuditHead, 1)
        assert list(audit_log.exported(session, style, after=head.number)) == []
    assert all("\n" not in line for line in lines)
    entry = read(lines[-1])
    assert entry["action"] == "sign-in failed"
    assert entry["hash"] == head.hash
