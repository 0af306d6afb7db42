"""Mentions: texts of other records in which a person is named."""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from workspace.accounts.accounts import Account
from workspace.duplicates.tables import FormerPerson
from workspace.people.addresses import is_shared
from workspace.people.names import personal_name
from workspace.people.tables import Person
from workspace.phones import phone_endings
from workspace.reading import unfiltered
from workspace.revisions.rows import class_of
from workspace.romanisation import spellings
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
# A name does not begin or end within an e-mail address, a key or a longer word.
_BEGIN = re.compile(r"(?<![\w@])(?<!\w[.-])")
_END = re.compile(r"(?![\w@]|-\w)")
# A letter may have its accent behind it. Between the words of a name stand few signs.
_WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f])+")
_GAP = re.compile(r"[\s.,'’ʼ_-]{1,3}")


class Needles:
    """What a person is or was named by: names, e-mail addresses, telephones, profiles and keys.

    Records that were merged into theirs, entries of address books that are about them, and the
    address at which they are an advocate, name them, too.
    """

    def __init__(self, session: Session, person: Person) -> None:
        former = session.exec(
            select(FormerPerson)
            .where(FormerPerson.person_id == person.id)
            .order_by(col(FormerPerson.id))
        ).all()
        advocate = SQLModel.metadata.tables["advocate"]
        address = sa.select(advocate.c.address).where(advocate.c.person_id == person.id)
        entry = SQLModel.metadata.tables["connection"]
        entries = session.execute(
            sa.select(entry.c.email, entry.c.url, entry.c.phone).where(
                entry.c.person_id == person.id
            )
        ).all()
        emails = {each.email for each in former} | {row.email for row in entries}
        emails |= set(session.scalars(address))
        self.addresses = {person.email} if person.email else set()
        self.addresses |= {
            email
            for email in emails
            # A shared mailbox is another person's, too.
            if email and not is_shared(email) and not _others_have(session, person, "email", email)
        }
        profiles = {person.profile, *(each.profile for each in former)}
        profiles |= {
            row.url for row in entries if not _others_have(session, person, "profile", row.url)
        }
        self.profiles = {profile for profile in profiles if profile}
        self.names = NameForms(
            name
            for name in {person.name, *(each.name for each in former)}
            if not _namesakes(session, person, name)
        )
        # The texts of two people of one name cannot be told apart.
        self.shares_name = _namesakes(session, person, person.name)
        names = [
            name
            for name in {person.name, *(each.name for each in former)}
            if not _others_have(session, person, "name", name)
        ]
        keys = [person.key, *(each.key for each in former)]
        phones = {
            number
            for numbers in (person.phone, *(row.phone for row in entries))
            for number in split_values(numbers)
        }
        self.phones = {
            number
            for number in phones
            # An extension, or a short number, may be any other figure.
            if phone_endings(number) and not _is_shared_phone(session, person, number)
        }
        texts = dict.fromkeys([*names, *self.addresses, *self.phones, *self.profiles, *keys])
        self.texts = [text for text in texts if len(text) >= SHORTEST]
        every = "|".join(re.escape(text) for text in sorted(self.texts, key=len, reverse=True))
        self._pattern = re.compile(f"{_BEGIN.pattern}(?:{every}){_END.pattern}", re.IGNORECASE)

    def are_in(self, value: Any) -> bool:
        """Whether a value of a column names the person."""
        return bool(self.texts) and self.without(value) != value

    def without(self, value: Any) -> Any:
        """The value without the person, in texts within JSON, too."""
        if isinstance(value, str):
            return self._pattern.sub(ERASED, self.names.without(value))
        if isinstance(value, dict):
            return {self.without(name): self.without(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.without(each) for each in value]
        return value

    def may_be_in(self, column: sa.Column[Any], dialect: str) -> sa.ColumnElement[bool]:
        """Whether a column of texts or JSON needs a closer look."""
        # JSON is stored with the letters of ASCII alone.
        forms = {form for each in self.texts for form in (each, json.dumps(each)[1:-1])}
        return _may_have(column, {*forms, *self.names.parts, r"\u"}, dialect)


class _Word(NamedTuple):
    """A word of a text, in its spellings."""

    start: int
    end: int
    spelled: frozenset[str]


class NameForms:
    """Names in any spelling, script and order: 'Zoe Bronteson' and 'Brontëson, Zoë' are one.

    A name of one word is not among them: without its accents it may be a word of the language.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._by_first: defaultdict[str, list[list[frozenset[str]]]] = defaultdict(list)
        # Of each name the longest word, in its spellings: a text of ASCII without one is not read.
        self.parts: set[str] = set()
        for name in {form for each in names for form in (each, personal_name(each))}:
            words = [frozenset(spellings(word)) for word in _WORD.findall(name)]
            if len(words) < 2 or sum(len(min(word)) for word in words) < SHORTEST:
                continue
            self.parts |= max(words, key=lambda word: len(min(word)))
            for at, first in enumerate(words):
                for form in first:
                    self._by_first[form].append(words[at:] + words[:at])

    def without(self, text: str) -> str:
        """The text without the names."""
        if text.isascii() and not any(part in text.lower() for part in self.parts):
            return text
        # Most texts have no word of the names, and a text has fewer different words than words.
        if all(
            self._by_first.keys().isdisjoint(_spelled(word)) for word in set(_WORD.findall(text))
        ):
            return text
        words = [
            _Word(match.start(), match.end(), _spelled(match.group()))
            for match in _WORD.finditer(text)
        ]
        kept, done, at = "", 0, 0
        while at < len(words):
            length = (
                self._length_at(text, words, at) if words[at].spelled & self._by_first.keys() else 0
            )
            if length:
                kept += text[done : words[at].start] + ERASED
                done = words[at + length - 1].end
            at += length or 1
        return kept + text[done:]

    def are(self, text: str) -> bool:
        """Whether a text is one of the names, and nothing else."""
        return self.without(personal_name(text)) == ERASED

    def _length_at(self, text: str, words: Sequence[_Word], at: int) -> int:
        """Of how many words the name is that begins with a word of a text; 0 if none does."""
        orders = {
            id(order): order for form in words[at].spelled for order in self._by_first.get(form, ())
        }
        for order in sorted(orders.values(), key=len, reverse=True):
            found = words[at : at + len(order)]
            if (
                len(found) == len(order)
                and all(form & word.spelled for form, word in zip(order, found, strict=True))
                and all(_GAP.fullmatch(text, one.end, two.start) for one, two in pairwise(found))
                and _BEGIN.match(text, found[0].start)
                and _END.match(text, found[-1].end)
            ):
                return len(order)
        return 0


@lru_cache(maxsize=65_536)
def _spelled(word: str) -> frozenset[str]:
    return frozenset(spellings(word))


def _namesakes(session: Session, person: Person, name: str) -> bool:
    """Whether another person has this name, in any spelling."""
    if _others_have(session, person, "name", name):
        return True
    forms = NameForms([name])
    if not forms.parts:
        return False
    table = SQLModel.metadata.tables["person"]
    dialect = session.connection().dialect.name
    others = sa.select(table.c.name).where(
        table.c.id != person.id, _may_have(table.c.name, forms.parts, dialect)
    )
    return any(forms.are(other) for other in session.scalars(others))


def _may_have(
    column: sa.Column[Any], parts: Collection[str], dialect: str
) -> sa.ColumnElement[bool]:
    """Whether a column has one of these parts, or letters that the database does not fold."""
    text = sa.cast(column, sa.Text)
    written = (
        sa.func.length(sa.cast(text, sa.LargeBinary))
        if dialect == "sqlite"
        else sa.func.octet_length(text)
    )
    return sa.or_(
        written != sa.func.length(text),
        *(text.icontains(part, autoescape=True) for part in sorted(parts) if part.isascii()),
    )


def _others_have(session: Session, person: Person, column: str, value: str | None) -> bool:
    """Whether another person has this value in a column."""
    same = select(Person.id).where(getattr(Person, column) == value, col(Person.id) != person.id)
    return session.exec(same).first() is not None


def _is_shared_phone(session: Session, person: Person, number: str) -> bool:
    """Whether an account or another person is reached by this number, too.

    Others are those on record, and two or more who stand in address books alone.
    """
    accounts = select(Account.id).where(col(Account.phone).contains(number, autoescape=True))
    people = select(Person.id).where(
        col(Person.phone).contains(number, autoescape=True), col(Person.id) != person.id
    )
    if any(session.exec(query.limit(1)).first() is not None for query in (accounts, people)):
        return True
    entry = SQLModel.metadata.tables["connection"]
    has_number = entry.c.phone.contains(number, autoescape=True)
    of_others = sa.select(entry.c.person_id).where(has_number, entry.c.person_id != person.id)
    unmatched = sa.select(entry.c.plain_name).distinct()
    unmatched = unmatched.where(has_number, entry.c.person_id.is_(None)).limit(2)
    return (
        session.scalars(of_others.limit(1)).first() is not None
        or len(session.scalars(unmatched).all()) > 1
    )


def mentions_of(
    session: Session, needles: Needles, person_id: int
) -> Iterator[tuple[SQLModel, dict[str, Any]]]:
    """The rows that name a person in a text, each with the columns that do."""
    dialect = session.connection().dialect.name
    for table in SQLModel.metadata.sorted_tables:
        columns = text_columns(table)
        if table.name in _LEFT_OUT or not columns or not needles.texts:
            continue
        conditions = [needles.may_be_in(column, dialect) for column in columns]
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


def entries_about(session: Session, needles: Needles, ids: Collection[int]) -> list[int]:
    """The ids of the entries of address books that are about a person with these ids."""
    # The table belongs to a package above.
    table = SQLModel.metadata.tables["connection"]
    known = sa.or_(
        table.c.person_id.in_(ids),
        table.c.url.in_(needles.profiles),
        table.c.email.in_(needles.addresses),
    )
    # An entry that is matched to another person is about that person.
    named = sa.and_(
        table.c.person_id.is_(None),
        sa.or_(
            needles.may_be_in(table.c.name, session.connection().dialect.name),
            *(table.c.phone.contains(number, autoescape=True) for number in needles.phones),
        ),
    )
    columns = (table.c.id, table.c.name, table.c.phone, table.c.url)
    query = sa.select(*columns, known).where(sa.or_(known, named))
    return [
        row_id
        for row_id, name, phones, url, is_known in session.execute(query.order_by(table.c.id))
        if is_known
        or not needles.phones.isdisjoint(split_values(phones))
        # An entry without its name is of use to nobody. One of another profile is a namesake's.
        or (needles.without(name) == ERASED and not (url and needles.profiles))
    ]


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
