"""Members, contacts, where they worked and studied and what they belonged to, from a file."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any, TypeVar

from sqlmodel import SQLModel, col, select

from workspace.accounts.accounts import Account
from workspace.audit import audit
from workspace.errors import Invalid
from workspace.imports.cells import (
    quoted,
    read_choice,
    read_email,
    read_first_day,
    read_last_day,
    read_line,
    read_list,
    read_name,
)
from workspace.imports.context import CHUNK, ImportContext
from workspace.imports.rows import Result, Row, apply_each, max_length, parents_first, without_empty
from workspace.keys import plain
from workspace.people import members
from workspace.people.people import (
    add_contact,
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

Fact = TypeVar("Fact", Employment, Education, Membership)


def apply_members(context: ImportContext, rows: Sequence[Row]) -> None:
    """Members. Key: the e-mail address, or without one the name."""
    context.require_role(Role.ADMIN)
    roles = _Roles(context)

    def apply(row: Row) -> Result:
        name, email, facts = _who(context, row)
        wanted = row.read("roles", _roles)
        manager = row.read("manager", lambda text: read_line(text, max_length(Person, "name")))
        row.check()
        person = _member(context, email, name)
        manager_id = _manager(context, roles, manager, facts) if manager else None
        if person is None:
            person = members.add_member(
                context.session, name, email, wanted or [], by=context.by, **facts
            )
            context.member_ids.add(person.id)
            context.remember_person(person)
            roles.given[person.id] = set(wanted or [])
            result = Result.CREATED
        else:
            facts |= {"name": name} | ({"email": email} if email else {})
            changed = edit_person(context.session, person, context.by, facts)
            context.remember_person(person)
            changed |= wanted is not None and roles.set(person.id, wanted)
            result = Result.UPDATED if changed else Result.UNCHANGED
        changed = "has_role" in row and roles.add(person.id, Role(row.cells["has_role"]))
        if manager_id is not None:
            changed |= _set_manager(context, person.id, manager_id)
        return Result.UPDATED if changed and result == Result.UNCHANGED else result

    apply_each(parents_first(list(rows), "name", "manager", plain), apply)


def apply_people(context: ImportContext, rows: Sequence[Row]) -> None:
    """Contacts. Key: the e-mail address, or without one the name and the account."""

    def apply(row: Row) -> Result:
        name, email, facts = _who(context, row)
        account_name = context.read_account_name(row, "account")
        facts |= without_empty(row.read_lines(Person, "department"))
        row.check()
        account = context.find_account(account_name) if account_name else None
        person = _contact(context, email, name, account)
        if person and account_name and person.id in context.member_ids:
            row.add_problem(f"{quoted(person.name)} is a member, who has no account.")
        if person:
            context.require_edit_person(person)
        row.check()
        if account_name:
            account = account or context.add_account(account_name, mentioned=True)
            facts["account_id"] = account.id
        if person is None:
            person = add_contact(context.session, name, context.by, email=email, **facts)
            context.remember_person(person)
            return Result.CREATED
        facts |= {"name": name} | ({"email": email} if email else {})
        changed = edit_person(context.session, person, context.by, facts)
        context.remember_person(person)
        return Result.UPDATED if changed else Result.UNCHANGED

    apply_each(rows, apply)


def apply_employment(context: ImportContext, rows: Sequence[Row]) -> None:
    """Key: person, organisation, title and start."""

    def apply(
        context: ImportContext, row: Row, person: Person, there: dict[Any, Employment]
    ) -> Result:
        organisation = row.need_name("organisation", Employment, "organisation")
        facts = without_empty(
            {
                **row.read_lines(Employment, "title", "department", "source"),
                **_period(row),
            }
        )
        row.check()
        account = context.find_account(organisation)
        organisation = account.name if account else organisation
        title, start = facts.get("title", ""), facts.get("start")
        key = (person.id, plain(organisation), plain(title), start)
        found = there.get(key)
        if found:
            return _correct(context, "employment", found, facts)
        facts.setdefault("source", "imported")
        there[key] = add_employment(context.session, person, organisation, context.by, **facts)
        return Result.CREATED

    def key(fact: Employment) -> tuple[object, ...]:
        return (fact.person_id, plain(fact.organisation), plain(fact.title), fact.start)

    _facts(context, rows, Employment, key, apply)


def apply_education(context: ImportContext, rows: Sequence[Row]) -> None:
    """Key: person, institution, degree and start."""

    def apply(
        context: ImportContext, row: Row, person: Person, there: dict[Any, Education]
    ) -> Result:
        institution = row.need_name("institution", Education, "institution")
        facts = without_empty(
            {**row.read_lines(Education, "degree", "field", "source"), **_period(row)}
        )
        row.check()
        degree, start = facts.get("degree", ""), facts.get("start")
        key = (person.id, plain(institution), plain(degree), start)
        found = there.get(key)
        if found:
            return _correct(context, "education", found, facts)
        facts.setdefault("source", "imported")
        there[key] = add_education(context.session, person, institution, context.by, **facts)
        return Result.CREATED

    def key(fact: Education) -> tuple[object, ...]:
        return (fact.person_id, plain(fact.institution), plain(fact.degree), fact.start)

    _facts(context, rows, Education, key, apply)


def apply_memberships(context: ImportContext, rows: Sequence[Row]) -> None:
    """Key: person, kind, organisation and start."""

    def apply(
        context: ImportContext, row: Row, person: Person, there: dict[Any, Membership]
    ) -> Result:
        kind = row.need("kind", lambda text: read_choice(text, map(str, Gathering)))
        organisation = row.need_name("organisation", Membership, "organisation")
        facts = without_empty({**row.read_lines(Membership, "role", "source"), **_period(row)})
        row.check()
        key = (person.id, kind, plain(organisation), facts.get("start"))
        found = there.get(key)
        if found:
            return _correct(context, "membership", found, facts)
        facts.setdefault("source", "imported")
        there[key] = add_membership(
            context.session, person, kind, organisation, context.by, **facts
        )
        return Result.CREATED

    def key(fact: Membership) -> tuple[object, ...]:
        return (fact.person_id, fact.kind, plain(fact.organisation), fact.start)

    _facts(context, rows, Membership, key, apply)


class _Roles:
    """The members' roles, read once."""

    def __init__(self, context: ImportContext) -> None:
        self.context = context
        self.given: dict[int, set[Role]] = {}
        for person_id, role in context.session.exec(select(MemberRole.person_id, MemberRole.role)):
            self.given.setdefault(person_id, set()).add(Role(role))

    def set(self, person_id: int, roles: Sequence[Role]) -> bool:
        """Give a member exactly these roles; whether they had others."""
        before = self.given.get(person_id, set())
        if before == set(roles):
            return False
        members.set_roles(self.context.session, person_id, roles, by=self.context.by)
        self.given[person_id] = set(roles)
        return True

    def add(self, person_id: int, role: Role) -> bool:
        """Give a member this role beside the others; whether it is new."""
        before = self.given.get(person_id, set())
        return role not in before and self.set(person_id, sorted(before | {role}))


def _who(context: ImportContext, row: Row) -> tuple[str, str | None, dict[str, Any]]:
    """Name, e-mail address and the facts that members and contacts have alike."""
    name = row.need_name("name", Person, "name")
    email = row.read("email", read_email)
    languages = "; ".join(row.read_list("languages"))
    skills = "; ".join(row.read_list("skills"))
    if len(languages) > (max_length(Person, "languages") or 0):
        row.add_problem("languages: These are too many.")
    facts = without_empty(
        {
            **row.read_lines(Person, "title", "region", "city", "timezone", "home_town"),
            **row.read_prose(Person, "about"),
            "profile": row.read("profile", profile_address),
            "country": row.read("country", context.country),
            "languages": languages or None,
            "skills": skills or None,
        }
    )
    return name, email, facts


def _roles(text: str) -> list[Role]:
    return [Role(read_choice(part, map(str, Role))) for part in read_list(text)]


def _member(context: ImportContext, email: str | None, name: str) -> Person | None:
    """The member that a row is about; a contact of that address is none."""
    if email and email in context.emails:
        person = context.get(Person, context.emails[email])
        if person.id not in context.member_ids:
            raise Invalid(f"{quoted(email)} is the address of a contact.")
        return person
    namesakes = [
        person
        for row_id in context.people_named.get(plain(name), [])
        if row_id in context.member_ids
        and not ((person := context.get(Person, row_id)).email and email)
    ]
    if len(namesakes) > 1:
        raise Invalid(f"Several members are called {quoted(name)}: give the address.")
    return namesakes[0] if namesakes else None


def _contact(
    context: ImportContext, email: str | None, name: str, account: Account | None
) -> Person | None:
    """The person that a row is about."""
    if email and email in context.emails:
        return context.get(Person, context.emails[email])
    namesakes = [
        person
        for row_id in context.people_named.get(plain(name), [])
        if (person := context.get(Person, row_id)).account_id == (account.id if account else None)
        and row_id not in context.member_ids
        and not (person.email and email)
    ]
    if len(namesakes) > 1:
        raise Invalid(f"Several people are called {quoted(name)}: give the address.")
    return namesakes[0] if namesakes else None


def _manager(context: ImportContext, roles: _Roles, text: str, facts: dict[str, Any]) -> int:
    """The manager that a row names: who is new by that name is added, to lead the same region."""
    namesakes = context.people_named.get(plain(text), [])
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


def _period(row: Row) -> dict[str, date | None]:
    """From when to when; a year or a month alone is meant whole."""
    start, end = row.read("start", read_first_day), row.read("end", read_last_day)
    if start and end and end < start:
        row.add_problem("end: It cannot end before it began.")
    return {"start": start, "end": end}


def _facts(
    context: ImportContext,
    rows: Sequence[Row],
    table: type[Fact],
    key: Callable[[Fact], tuple[object, ...]],
    apply: Callable[[ImportContext, Row, Person, dict[Any, Fact]], Result],
) -> None:
    """Apply dated facts about people, those of many people looked up together."""
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        who: dict[int, int] = {}

        def find(row: Row, who: dict[int, int] = who) -> Result | None:
            who[id(row)] = row.need("person", context.person_id)
            return None

        apply_each(some, find)
        ids = set(who.values())
        context.prefetch(Person, ids)
        found = context.session.exec(select(table).where(col(table.person_id).in_(ids)))
        there: dict[Any, Fact] = {key(fact): fact for fact in found}

        apply_each(some, partial(_fact, context, who, there, apply))


def _fact(
    context: ImportContext,
    who: dict[int, int],
    there: dict[Any, Fact],
    apply: Callable[[ImportContext, Row, Person, dict[Any, Fact]], Result],
    row: Row,
) -> Result:
    person = context.get(Person, who[id(row)])
    context.require_edit_person(person)
    return apply(context, row, person, there)


def _correct(context: ImportContext, noun: str, found: SQLModel, facts: dict[str, Any]) -> Result:
    changed = {name: value for name, value in facts.items() if getattr(found, name) != value}
    # The key's own columns may be written otherwise, and the source is where it was first read.
    for column in ("title", "degree", "source"):
        changed.pop(column, None)
    if not changed:
        return Result.UNCHANGED
    for name, value in changed.items():
        setattr(found, name, value)
    context.session.add(found)
    person_id = found.person_id  # type: ignore[attr-defined]
    audit(
        context.session,
        context.by,
        f"{noun} edited",
        f"person {person_id}",
        {"changed": sorted(changed)},
    )
    return Result.UPDATED
