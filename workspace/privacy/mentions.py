"""Mentions: texts of other records in which a person is named."""

import json
import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from workspace.accounts.accounts import Account
from workspace.database import unfiltered
from workspace.duplicates.tables import FormerPerson
from workspace.people.tables import Person
from workspace.revisions.rows import class_of
from workspace.value_lists import split_values

ERASED = "[erased]"
# Shorter names are words of the language, and would erase other things.
SHORTEST = 5
# Derived from other rows, and renewed with them; what a person has themself is not a mention; and
# values of the audit log are emptied in another way.
_LEFT_OUT = frozenset(
    {
        "auditentry",
        "auditvalues",
        "catalogmean",
        "document",
        "duplicatepair",
        "erasure",
        "nameentry",
        "namevariant",
        "nameword",
        "passage",
    }
)


class Needles:
    """What a person is or was named by: names, e-mail addresses, telephones, profiles and keys.

    Records that were merged into theirs, and the address at which they are an advocate, name them,
    too.
    """

    def __init__(self, session: Session, person: Person) -> None:
        former = session.exec(
            select(FormerPerson)
            .where(FormerPerson.person_id == person.id)
            .order_by(col(FormerPerson.id))
        ).all()
        # The texts of two people of one name cannot be told apart.
        self.shares_name = _others_have(session, person, Person.name, person.name)
        names = [
            name
            for name in {person.name, *(each.name for each in former)}
            if not _others_have(session, person, Person.name, name)
        ]
        advocate = SQLModel.metadata.tables["advocate"]
        addresses = sa.select(advocate.c.address).where(advocate.c.person_id == person.id)
        emails = {*(each.email for each in former), *session.scalars(addresses)}
        self.addresses = {person.email} if person.email else set()
        self.addresses |= {
            email
            for email in emails
            # A shared mailbox is another person's, too.
            if email and not _others_have(session, person, Person.email, email)
        }
        profiles = [person.profile or "", *(each.profile or "" for each in former)]
        keys = [person.key, *(each.key for each in former)]
        phones = [
            number
            for number in split_values(person.phone)
            if not _is_shared_phone(session, person, number)
        ]
        texts = dict.fromkeys([*names, *self.addresses, *phones, *profiles, *keys])
        self.texts = [text for text in texts if len(text) >= SHORTEST]
        every = "|".join(re.escape(text) for text in sorted(self.texts, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<![\w@.-])(?:{every})(?![\w@-])", re.IGNORECASE)

    def are_in(self, value: Any) -> bool:
        """Whether a value of a column names the person."""
        return bool(self.texts) and self.without(value) != value

    def without(self, value: Any) -> Any:
        """The value without the person, in texts within JSON, too."""
        if isinstance(value, str):
            return self._pattern.sub(ERASED, value)
        if isinstance(value, dict):
            return {self.without(name): self.without(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.without(each) for each in value]
        return value


def _others_have(session: Session, person: Person, column: Any, value: str) -> bool:
    """Whether another person has this value."""
    same = select(Person.id).where(column == value, col(Person.id) != person.id)
    return session.exec(same).first() is not None


def _is_shared_phone(session: Session, person: Person, number: str) -> bool:
    """Whether an account or another person is reached by this number, too."""
    accounts = select(Account.id).where(col(Account.phone).contains(number, autoescape=True))
    people = select(Person.id).where(
        col(Person.phone).contains(number, autoescape=True), col(Person.id) != person.id
    )
    return any(session.exec(query.limit(1)).first() is not None for query in (accounts, people))


def mentions_of(
    session: Session, needles: Needles, person_id: int
) -> Iterator[tuple[SQLModel, dict[str, Any]]]:
    """The rows that name a person in a text, each with the columns that do."""
    for table in SQLModel.metadata.sorted_tables:
        columns = text_columns(table)
        if table.name in _LEFT_OUT or not columns or not needles.texts:
            continue
        conditions = [
            sa.cast(column, sa.Text).icontains(form, autoescape=True)
            for column in columns
            for text in needles.texts
            # JSON is stored with the letters of ASCII alone.
            for form in {text, json.dumps(text)[1:-1]}
        ]
        query = sa.select(class_of(table.name)).where(sa.or_(*conditions))
        if table.name == "person":
            query = query.where(table.c.id != person_id)
        with unfiltered(session):
            rows = session.scalars(query.order_by(*table.primary_key)).all()
        for row in rows:
            named = {
                column.name: getattr(row, column.name)
                for column in columns
                if needles.are_in(getattr(row, column.name))
            }
            if named:
                yield row, named


def text_columns(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns of a table in which people write, or that hold what they wrote.

    Names and keys of other records are their own.
    """
    own = {"name", "key"} if table.name in ("person", "account", "deal", "asset") else {"key"}
    return [
        column
        for column in table.c
        if isinstance(_stored_as(column), sa.String | sa.JSON)
        and not column.primary_key
        and not column.foreign_keys
        and column.name not in own
        and not column.name.endswith(("hash", "digest"))
    ]


def _stored_as(column: sa.Column[Any]) -> sa.types.TypeEngine[Any]:
    """The kind of a column, without what is wrapped around it."""
    kind: Any = column.type
    return kind.impl_instance if isinstance(kind, sa.TypeDecorator) else kind
