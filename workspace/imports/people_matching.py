"""Which person in the record a row of contacts is about.

A profile or an address of their own decides; otherwise a name at an account, where it stands once
and nothing stronger contradicts. Where it is not certain, the row is refused: nobody is overwritten
by another person.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from workspace.accounts.accounts import Account
from workspace.accounts.company_names import company_keys
from workspace.errors import Invalid
from workspace.imports.cells import brief
from workspace.imports.context import ImportContext
from workspace.imports.messages import Notice, tell
from workspace.imports.rows import Row
from workspace.keys import plain
from workspace.people.addresses import is_shared
from workspace.people.names import name_key, name_words, names_alike
from workspace.people.tables import Person


@dataclass(frozen=True)
class Entry:
    """What a row says about who a contact is."""

    name: str
    email: str | None
    profile: str | None
    account: Account | None
    # The lines of other people of this name at this account; empty without any.
    namesakes: str


def find_contact(context: ImportContext, entry: Entry) -> Person | None:
    """The existing person that a row is about; None if they are new, `Invalid` if uncertain."""
    by_profile = _of_profile(context, entry)
    by_email = None
    if entry.email and entry.email in context.emails:
        by_email = context.get(Person, context.emails[entry.email])
        if is_shared(entry.email) and name_key(by_email.name) != name_key(entry.name):
            by_email = None
    if by_profile and by_email and by_profile.id != by_email.id:
        names = {"one": brief(by_profile.name), "other": brief(by_email.name)}
        raise Invalid(tell(Notice.PROFILE_AND_ADDRESS, **names))
    person = by_profile or by_email
    if person:
        require_alike(person, entry)
        return person
    return _namesake(context, entry)


def _of_profile(context: ImportContext, entry: Entry) -> Person | None:
    ids = context.profiles.get(entry.profile or "", [])
    if len(ids) > 1:
        raise Invalid(tell(Notice.PROFILE_SHARED))
    return context.get(Person, ids[0]) if ids else None


def require_alike(person: Person, entry: Entry) -> None:
    """Refuse a row that would give a person another person's name."""
    known, new = set(name_words(person.name)), set(name_words(entry.name))
    if known <= new or new <= known or names_alike(person.name, entry.name):
        return
    by_profile = entry.profile and person.profile == entry.profile
    notice = Notice.PROFILE_OF_OTHER if by_profile else Notice.ADDRESS_OF_OTHER
    text = (entry.profile if by_profile else entry.email) or ""
    raise Invalid(tell(notice, text=brief(text), name=brief(person.name)))


def fuller_name(name: str, known: str) -> str:
    """The new name, unless the known one is the same with more words or without initials."""
    new_length, length = (sum(map(len, name_words(text))) for text in (name, known))
    return (
        known if len(name_words(name)) <= len(name_words(known)) and new_length < length else name
    )


def _namesake(context: ImportContext, entry: Entry) -> Person | None:
    """The only person of a name at an account, where no address and no profile contradicts."""
    account_id = entry.account.id if entry.account else None
    everybody = [
        person
        for row_id in context.people_named.get(name_key(entry.name), [])
        if (person := context.get(Person, row_id)).account_id == account_id
        and row_id not in context.member_ids
    ]
    namesakes = [person for person in everybody if not _contradicts(person, entry)]
    if not namesakes:
        return None
    if len(everybody) > 1:
        raise Invalid(tell(Notice.PERSON_UNCLEAR, name=brief(entry.name)))
    if entry.namesakes:
        name = brief(entry.name)
        raise Invalid(tell(Notice.NAME_TWICE, name=name, lines=entry.namesakes))
    return namesakes[0]


def _contradicts(person: Person, entry: Entry) -> bool:
    if person.profile and entry.profile:
        return person.profile != entry.profile
    one, other = person.email, entry.email
    if one and other and not (is_shared(one) or is_shared(other)):
        return one != other
    return False


def ambiguous_lines(rows: Sequence[Row]) -> dict[int, str]:
    """For rows whose name and account another row has, too, and differently: all their lines."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        name = name_key(row.cells.get("name", ""))
        if name:
            account = company_keys(row.cells.get("account", ""))[0]
            groups.setdefault((name, account), []).append(row)
    lines: dict[int, str] = {}
    for group in groups.values():
        if len(group) > 1 and any(_differ(group[0], row) for row in group[1:]):
            numbers = ", ".join(str(row.line) for row in group)
            lines |= {id(row): numbers for row in group}
    return lines


def _differ(one: Row, other: Row) -> bool:
    """Whether two rows state different things."""
    columns = ("record_id", "email", "profile", "title", "department", "city")
    return any(
        plain(one.cells[column]) != plain(other.cells[column])
        for column in columns
        if column in one and column in other
    )
