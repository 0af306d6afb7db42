"""Applies the rows of members and contacts, and of the dated facts about them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Generic, TypeVar

from sqlmodel import col, select

from workspace.accounts.accounts import Account
from workspace.audit import audit
from workspace.changes import assign, differing
from workspace.collaboration.job_changes import edit_contact, has_left
from workspace.database import batches
from workspace.deals import leaving
from workspace.errors import Invalid
from workspace.imports.accounts import apply_accounts
from workspace.imports.cells import (
    brief,
    read_boolean,
    read_choice,
    read_email,
    read_line,
    read_list,
    read_name,
)
from workspace.imports.context import ImportContext
from workspace.imports.dates import read_first_day, read_last_day
from workspace.imports.messages import Notice, in_column, tell
from workspace.imports.own_fields import read_own
from workspace.imports.people_matching import (
    Entry,
    ambiguous_lines,
    find_contact,
    fuller_name,
    require_alike,
)
from workspace.imports.rows import Result, Row, apply_each, max_length, parents_first, without_empty
from workspace.keys import plain
from workspace.new_rows import new_row
from workspace.own_fields.fields import FieldSubject
from workspace.people import members
from workspace.people.addresses import is_shared
from workspace.people.names import name_key, personal_name
from workspace.people.people import (
    add_contacts,
    add_education,
    add_employment,
    add_membership,
    edit_person,
    profile_address,
)
from workspace.people.tables import (
    Education,
    Employment,
    Gathering,
    Member,
    MemberRole,
    Membership,
    Person,
    Role,
)
from workspace.value_lists import join_values

Fact = TypeVar("Fact", Employment, Education, Membership)


def apply_members(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by the e-mail address; a row without an address by the name."""
    context.require_role(Role.ADMIN)
    roles = _Roles(context)

    def apply(row: Row) -> Result:
        name, email, facts = _person_facts(context, row)
        # Members sign in with their address.
        row.read("email", read_email)
        new_roles = row.read("roles", _read_roles)
        active = row.read("active", read_boolean)
        manager = row.read("manager", lambda text: read_line(text, max_length(Person, "name")))
        row.check()
        person = _member(context, email, name)
        manager_id = _manager(context, roles, manager, facts) if manager else None
        facts |= read_own(context, row, FieldSubject.PERSON, person.own if person else {})
        if person is None:
            person = members.add_member(
                context.session, name, email, new_roles or [], by=context.by, **facts
            )
            context.member_ids.add(person.id)
            context.remember_person(person)
            roles.of_member[person.id] = set(new_roles or [])
            result = Result.CREATED
        else:
            facts |= {"name": fuller_name(name, person.name)} | ({"email": email} if email else {})
            changed = edit_person(context.session, person, context.by, facts)
            context.remember_person(person)
            changed |= new_roles is not None and roles.set(person.id, new_roles)
            result = Result.UPDATED if changed else Result.UNCHANGED
        changed = "add_role" in row and roles.add(person.id, Role(row.cells["add_role"]))
        if manager_id is not None:
            changed |= _set_manager(context, person.id, manager_id)
        if active is not None:
            change = leaving.reactivate if active else leaving.deactivate
            changed |= change(context.session, person.id, by=context.by)
        return Result.UPDATED if changed and result == Result.UNCHANGED else result

    apply_each(parents_first(list(rows), "name", "manager", plain), apply)


def apply_people(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by the e-mail address or the profile; otherwise by the name and the account.

    Address books hold companies beside people; their rows are accounts.
    """
    apply_accounts(context, [row for row in rows if "is_company" in row])
    ambiguous = ambiguous_lines(rows)
    new = _NewContacts(context)

    def apply(row: Row) -> Result:
        name, email, facts = _person_facts(context, row)
        account_name = context.read_account_name(row, "account")
        if not account_name and "account_id" in row:
            account_name = context.account_name_of_ids(row.cells["account_id"])
        facts |= without_empty(row.read_lines(Person, "department"))
        place = without_empty(row.read_lines(Person, "street", "postcode"))
        row.check()
        account = context.find_account(account_name) if account_name else None
        entry = Entry(name, email, facts.get("profile"), account, ambiguous.get(id(row), ""))
        person = find_contact(context, entry)
        if person and person.id < 0:
            new.write()
        if person and account_name and person.id in context.member_ids:
            row.add_problem(tell(Notice.MEMBER_WITHOUT_ACCOUNT, name=brief(person.name)))
        if person:
            context.require_edit_person(person)
        if not person or person.id not in context.member_ids:
            # Where members live is nobody's business.
            facts |= place
        row.check()
        if email and context.emails.get(email, person and person.id) != (person and person.id):
            # Only a team's mailbox gets here: it stays with the person who has it.
            owner = context.get(Person, context.emails[email])
            about = {"email": brief(email), "owner": owner.name, "name": brief(name)}
            context.warn(tell(Notice.ADDRESS_SHARED, **about))
            email = None
        facts |= read_own(context, row, FieldSubject.PERSON, person.own if person else {})
        if account_name:
            account = account or context.mention_account(account_name, listed=True)
            if person and account.id < 0:
                new.write()
            if (
                person
                and account.id != person.account_id
                and has_left(context.session, person, account)
            ):
                # The file is older than the record, and so is what they did there.
                left = {"name": brief(person.name), "account": brief(account.name)}
                context.warn(tell(Notice.HAS_LEFT, **left))
                facts = {k: v for k, v in facts.items() if k not in ("title", "department")}
            else:
                facts["account_id"] = account.id
        if person is None:
            new.add(account, name=name, email=email, **facts)
            return Result.CREATED
        if email and person.email and is_shared(email):
            # A mailbox of their team does not replace their own address.
            email = None
        facts |= {"name": fuller_name(name, person.name)} | ({"email": email} if email else {})
        changed = edit_contact(context.session, person, context.by, facts, "imported")
        context.remember_person(person)
        return Result.UPDATED if changed else Result.UNCHANGED

    for batch in batches(rows):
        apply_each(batch, apply)
        new.write()


class _NewContacts:
    """Contacts that are written together, later; until then they have ids below zero."""

    def __init__(self, context: ImportContext) -> None:
        self.context = context
        # Each with their account, which may not be written either.
        self._unwritten: list[tuple[Person, Account | None]] = []

    def add(self, account: Account | None, **facts: Any) -> None:
        """Add a contact, whose address nobody has."""
        person = new_row(Person, id=-1 - len(self._unwritten), key="", **facts)
        self._unwritten.append((person, account))
        self.context.remember_person(person)

    def write(self) -> None:
        """Write the contacts so far, and the accounts that rows mentioned."""
        self.context.write_accounts()
        contacts, self._unwritten = self._unwritten, []
        for person, account in contacts:
            self.context.forget_person(person)
            person.id = None  # type: ignore[assignment]
            if account:
                person.account_id = account.id
        people = [person for person, _ in contacts]
        add_contacts(self.context.session, people, self.context.by)
        for person in people:
            self.context.remember_person(person)


@dataclass(frozen=True)
class _FactKind(Generic[Fact]):
    """A kind of dated facts about people: how its rows are read, matched and added."""

    noun: str
    table: type[Fact]
    # Two facts of a person that agree in these columns and in the start are the same.
    key: tuple[str, ...]
    # The optional text columns.
    columns: tuple[str, ...]
    # Reads the required columns.
    read_required: Callable[[ImportContext, Row], dict[str, str]]
    add: Callable[..., Fact]

    def identity(self, person_id: int, values: Mapping[str, Any]) -> tuple[object, ...]:
        """What a fact with these values is matched by."""
        texts: list[str] = [plain(values.get(column, "")) for column in self.key]
        return (person_id, *texts, values.get("start"))

    def identity_of(self, fact: Fact) -> tuple[object, ...]:
        """What an existing fact is matched by."""
        values = {column: getattr(fact, column) for column in (*self.key, "start")}
        return self.identity(fact.person_id, values)


def _read_employer(context: ImportContext, row: Row) -> dict[str, str]:
    organisation = row.need_name("organisation", Employment, "organisation")
    # An employer need not be an account.
    try:
        account_id = context.accounts.mentioned(organisation).account_id
    except Invalid:
        account_id = None
    name = context.get(Account, account_id).name if account_id else organisation
    return {"organisation": name}


def _read_institution(_context: ImportContext, row: Row) -> dict[str, str]:
    return {"institution": row.need_name("institution", Education, "institution")}


def _read_gathering(_context: ImportContext, row: Row) -> dict[str, str]:
    return {
        "kind": row.need("kind", lambda text: read_choice(text, map(str, Gathering))),
        "organisation": row.need_name("organisation", Membership, "organisation"),
    }


_EMPLOYMENT = _FactKind(
    noun="employment",
    table=Employment,
    key=("organisation", "title"),
    columns=("title", "department", "source"),
    read_required=_read_employer,
    add=add_employment,
)
_EDUCATION = _FactKind(
    noun="education",
    table=Education,
    key=("institution", "degree"),
    columns=("degree", "field", "source"),
    read_required=_read_institution,
    add=add_education,
)
_MEMBERSHIP = _FactKind(
    noun="membership",
    table=Membership,
    key=("kind", "organisation"),
    columns=("role", "source"),
    read_required=_read_gathering,
    add=add_membership,
)


def apply_employment(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by person, organisation, title and start."""
    _apply_facts(context, rows, _EMPLOYMENT)


def apply_education(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by person, institution, degree and start."""
    _apply_facts(context, rows, _EDUCATION)


def apply_memberships(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by person, kind, organisation and start."""
    _apply_facts(context, rows, _MEMBERSHIP)


def _apply_facts(context: ImportContext, rows: Sequence[Row], kind: _FactKind[Fact]) -> None:
    for batch in batches(rows):
        person_ids: dict[int, int] = {}
        apply_each(batch, partial(_find_person, context, person_ids))
        ids = set(person_ids.values())
        context.prefetch(Person, ids)
        query = select(kind.table).where(col(kind.table.person_id).in_(ids))
        facts = {kind.identity_of(fact): fact for fact in context.session.exec(query)}
        apply_each(batch, partial(_apply_fact, context, kind, person_ids, facts))


def _find_person(context: ImportContext, person_ids: dict[int, int], row: Row) -> None:
    person_ids[id(row)] = row.need("person", context.person_id)


def _apply_fact(
    context: ImportContext,
    kind: _FactKind[Fact],
    person_ids: dict[int, int],
    facts: dict[tuple[object, ...], Fact],
    row: Row,
) -> Result:
    person = context.get(Person, person_ids[id(row)])
    context.require_edit_person(person)
    required = kind.read_required(context, row)
    values = without_empty({**row.read_lines(kind.table, *kind.columns), **_read_period(row)})
    row.check()
    identity = kind.identity(person.id, required | values)
    fact = facts.get(identity)
    if fact:
        return _correct(context, kind, fact, values)
    values.setdefault("source", "imported")
    facts[identity] = kind.add(context.session, person, by=context.by, **required, **values)
    return Result.CREATED


def _correct(
    context: ImportContext, kind: _FactKind[Fact], fact: Fact, values: dict[str, Any]
) -> Result:
    # Other capitals in the key are no correction, and the source is where the fact came from first.
    changes = {
        column: value
        for column, value in differing(fact, values).items()
        if column not in (*kind.key, "source")
    }
    if not changes:
        return Result.UNCHANGED
    assign(fact, changes)
    context.session.add(fact)
    audit(
        context.session,
        context.by,
        f"{kind.noun} edited",
        f"person {fact.person_id}",
        {"changed": sorted(changes)},
    )
    return Result.UPDATED


def _read_period(row: Row) -> dict[str, date | None]:
    """Start and end; a year or a month alone means all of its days."""
    start, end = row.read("start", read_first_day), row.read("end", read_last_day)
    if start and end and end < start:
        row.add_problem(in_column("end", tell(Notice.ENDS_BEFORE)))
    return {"start": start, "end": end}


class _Roles:
    """The roles of all members, read once."""

    def __init__(self, context: ImportContext) -> None:
        self.context = context
        self.of_member: dict[int, set[Role]] = {}
        for person_id, role in context.session.exec(select(MemberRole.person_id, MemberRole.role)):
            self.of_member.setdefault(person_id, set()).add(Role(role))

    def set(self, person_id: int, roles: Sequence[Role]) -> bool:
        """Give a member exactly these roles; whether their roles changed."""
        before = self.of_member.get(person_id, set())
        if before == set(roles):
            return False
        members.set_roles(self.context.session, person_id, roles, by=self.context.by)
        self.of_member[person_id] = set(roles)
        return True

    def add(self, person_id: int, role: Role) -> bool:
        """Give a member one more role; whether they did not have it."""
        before = self.of_member.get(person_id, set())
        return role not in before and self.set(person_id, sorted(before | {role}))


def _person_facts(context: ImportContext, row: Row) -> tuple[str, str | None, dict[str, Any]]:
    """Name, e-mail address, and the facts that members and contacts share."""
    name = personal_name(row.need_name("name", Person, "name"))
    email = row.read_optional("email", partial(_read_emails, context))
    languages = join_values(row.read_list("languages"))
    skills = join_values(row.read_list("skills"))
    if len(languages) > (max_length(Person, "languages") or 0):
        row.leave_out("languages", tell(Notice.TOO_MANY))
        languages = ""
    facts = without_empty(
        {
            **row.read_lines(Person, "title", "region", "city", "timezone", "home_town"),
            **row.read_prose(Person, "about"),
            "phone": row.read_phones(),
            "profile": row.read_optional("profile", profile_address),
            "country": row.read_optional("country", context.codes.country),
            "languages": languages or None,
            "skills": skills or None,
        }
    )
    return name, email, facts


# The cell that leaves a member without roles, as an empty cell changes nothing.
_NO_ROLES = "none"


def _read_emails(context: ImportContext, text: str) -> str:
    """The address of a cell that may hold several: one that is known, otherwise the first."""
    parts = [part for part in re.split(r"\s*(?:;|,|:::|\|)\s*", text.strip()) if part]
    if len(parts) < 2:
        return read_email(text)
    emails = [read_email(part) for part in parts]
    context.warn(tell(Notice.ONE_ADDRESS_TAKEN))
    known = [email for email in emails if email in context.emails and not is_shared(email)]
    return next(iter([*known, *emails]))


def _read_roles(text: str) -> list[Role]:
    if plain(text) == _NO_ROLES:
        return []
    return [Role(read_choice(part, map(str, Role))) for part in read_list(text)]


def _member(context: ImportContext, email: str | None, name: str) -> Person | None:
    """The existing member that a row is about; refused if the address is a contact's."""
    if email and email in context.emails:
        person = context.get(Person, context.emails[email])
        if person.id not in context.member_ids:
            raise Invalid(tell(Notice.ADDRESS_OF_CONTACT, email=brief(email)))
        require_alike(person, Entry(name, email, None, None, ""))
        return person
    namesakes = [
        person
        for row_id in context.people_named.get(name_key(name), [])
        if row_id in context.member_ids
        and not ((person := context.get(Person, row_id)).email and email)
    ]
    if len(namesakes) > 1:
        raise Invalid(tell(Notice.MEMBER_UNCLEAR, name=brief(name)))
    return namesakes[0] if namesakes else None


def _manager(context: ImportContext, roles: _Roles, text: str, facts: dict[str, Any]) -> int:
    """The manager that a row names; an unknown manager is added, in the member's region."""
    namesakes = context.people_named.get(name_key(text), [])
    if "@" in text or not context.member_ids.isdisjoint(namesakes):
        manager_id = context.member_id(text)
    else:
        region = {"region": facts["region"]} if "region" in facts else {}
        manager = members.add_member(
            context.session, read_name(text), None, [], by=context.by, **region
        )
        context.member_ids.add(manager.id)
        context.remember_person(manager)
        manager_id = manager.id
    roles.add(manager_id, Role.MANAGER)
    return manager_id


def _set_manager(context: ImportContext, person_id: int, manager_id: int) -> bool:
    member = context.session.get_one(Member, person_id)
    if member.manager_id == manager_id or person_id == manager_id:
        return False
    member.manager_id = manager_id
    context.session.add(member)
    audit(
        context.session,
        context.by,
        "manager set",
        f"person {person_id}",
        {"manager_id": manager_id},
    )
    return True
