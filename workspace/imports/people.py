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


def apply_members(known: ImportContext, rows: Sequence[Row]) -> None:
    """Members. Key: the e-mail address, or without one the name."""
    known.require_role(Role.ADMIN)
    roles = _Roles(known)

    def apply(row: Row) -> Result:
        name, email, facts = _who(known, row)
        wanted = row.read("roles", _roles)
        manager = row.read("manager", lambda text: read_line(text, max_length(Person, "name")))
        row.check()
        person = _member(known, email, name)
        manager_id = _manager(known, roles, manager, facts) if manager else None
        if person is None:
            person = members.add_member(
                known.session, name, email, wanted or [], by=known.by, **facts
            )
            known.member_ids.add(person.id)
            known.remember_person(person)
            roles.given[person.id] = set(wanted or [])
            result = Result.CREATED
        else:
            facts |= {"name": name} | ({"email": email} if email else {})
            changed = edit_person(known.session, person, known.by, facts)
            known.remember_person(person)
            changed |= wanted is not None and roles.set(person.id, wanted)
            result = Result.UPDATED if changed else Result.UNCHANGED
        changed = "has_role" in row and roles.add(person.id, Role(row.cells["has_role"]))
        if manager_id is not None:
            changed |= _set_manager(known, person.id, manager_id)
        return Result.UPDATED if changed and result == Result.UNCHANGED else result

    apply_each(parents_first(list(rows), "name", "manager", plain), apply)


def apply_people(known: ImportContext, rows: Sequence[Row]) -> None:
    """Contacts. Key: the e-mail address, or without one the name and the account."""

    def apply(row: Row) -> Result:
        name, email, facts = _who(known, row)
        account_name = known.account_or_new(row, "account")
        facts |= without_empty(row.lines(Person, "department"))
        row.check()
        account = known.account(account_name) if account_name else None
        person = _contact(known, email, name, account)
        if person and account_name and person.id in known.member_ids:
            row.refuse(f"{quoted(person.name)} is a member, who has no account.")
        if person:
            known.require_edit_person(person)
        row.check()
        if account_name:
            account = account or known.add_account(account_name, mentioned=True)
            facts["account_id"] = account.id
        if person is None:
            person = add_contact(known.session, name, known.by, email=email, **facts)
            known.remember_person(person)
            return Result.CREATED
        facts |= {"name": name} | ({"email": email} if email else {})
        changed = edit_person(known.session, person, known.by, facts)
        known.remember_person(person)
        return Result.UPDATED if changed else Result.UNCHANGED

    apply_each(rows, apply)


def apply_employment(known: ImportContext, rows: Sequence[Row]) -> None:
    """Key: person, organisation, title and start."""

    def apply(
        known: ImportContext, row: Row, person: Person, there: dict[Any, Employment]
    ) -> Result:
        organisation = row.name("organisation", Employment, "organisation")
        facts = without_empty(
            {
                **row.lines(Employment, "title", "department", "source"),
                **_period(row),
            }
        )
        row.check()
        account = known.account(organisation)
        organisation = account.name if account else organisation
        title, start = facts.get("title", ""), facts.get("start")
        key = (person.id, plain(organisation), plain(title), start)
        found = there.get(key)
        if found:
            return _correct(known, "employment", found, facts)
        facts.setdefault("source", "imported")
        there[key] = add_employment(known.session, person, organisation, known.by, **facts)
        return Result.CREATED

    def key(fact: Employment) -> tuple[object, ...]:
        return (fact.person_id, plain(fact.organisation), plain(fact.title), fact.start)

    _facts(known, rows, Employment, key, apply)


def apply_education(known: ImportContext, rows: Sequence[Row]) -> None:
    """Key: person, institution, degree and start."""

    def apply(
        known: ImportContext, row: Row, person: Person, there: dict[Any, Education]
    ) -> Result:
        institution = row.name("institution", Education, "institution")
        facts = without_empty({**row.lines(Education, "degree", "field", "source"), **_period(row)})
        row.check()
        degree, start = facts.get("degree", ""), facts.get("start")
        key = (person.id, plain(institution), plain(degree), start)
        found = there.get(key)
        if found:
            return _correct(known, "education", found, facts)
        facts.setdefault("source", "imported")
        there[key] = add_education(known.session, person, institution, known.by, **facts)
        return Result.CREATED

    def key(fact: Education) -> tuple[object, ...]:
        return (fact.person_id, plain(fact.institution), plain(fact.degree), fact.start)

    _facts(known, rows, Education, key, apply)


def apply_memberships(known: ImportContext, rows: Sequence[Row]) -> None:
    """Key: person, kind, organisation and start."""

    def apply(
        known: ImportContext, row: Row, person: Person, there: dict[Any, Membership]
    ) -> Result:
        kind = row.need("kind", lambda text: read_choice(text, map(str, Gathering)))
        organisation = row.name("organisation", Membership, "organisation")
        facts = without_empty({**row.lines(Membership, "role", "source"), **_period(row)})
        row.check()
        key = (person.id, kind, plain(organisation), facts.get("start"))
        found = there.get(key)
        if found:
            return _correct(known, "membership", found, facts)
        facts.setdefault("source", "imported")
        there[key] = add_membership(known.session, person, kind, organisation, known.by, **facts)
        return Result.CREATED

    def key(fact: Membership) -> tuple[object, ...]:
        return (fact.person_id, fact.kind, plain(fact.organisation), fact.start)

    _facts(known, rows, Membership, key, apply)


class _Roles:
    """The members' roles, read once."""

    def __init__(self, known: ImportContext) -> None:
        self.known = known
        self.given: dict[int, set[Role]] = {}
        for person_id, role in known.session.exec(select(MemberRole.person_id, MemberRole.role)):
            self.given.setdefault(person_id, set()).add(Role(role))

    def set(self, person_id: int, roles: Sequence[Role]) -> bool:
        """Give a member exactly these roles; whether they had others."""
        before = self.given.get(person_id, set())
        if before == set(roles):
            return False
        members.set_roles(self.known.session, person_id, roles, by=self.known.by)
        self.given[person_id] = set(roles)
        return True

    def add(self, person_id: int, role: Role) -> bool:
        """Give a member this role beside the others; whether it is new."""
        before = self.given.get(person_id, set())
        return role not in before and self.set(person_id, sorted(before | {role}))


def _who(known: ImportContext, row: Row) -> tuple[str, str | None, dict[str, Any]]:
    """Name, e-mail address and the facts that members and contacts have alike."""
    name = row.name("name", Person, "name")
    email = row.read("email", read_email)
    languages = "; ".join(row.several("languages"))
    skills = "; ".join(row.several("skills"))
    if len(languages) > (max_length(Person, "languages") or 0):
        row.refuse("languages: These are too many.")
    facts = without_empty(
        {
            **row.lines(Person, "title", "region", "city", "timezone", "home_town"),
            **row.prose(Person, "about"),
            "profile": row.read("profile", profile_address),
            "country": row.read("country", known.country),
            "languages": languages or None,
            "skills": skills or None,
        }
    )
    return name, email, facts


def _roles(text: str) -> list[Role]:
    return [Role(read_choice(part, map(str, Role))) for part in read_list(text)]


def _member(known: ImportContext, email: str | None, name: str) -> Person | None:
    """The member that a row is about; a contact of that address is none."""
    if email and email in known.emails:
        person = known.get(Person, known.emails[email])
        if person.id not in known.member_ids:
            raise Invalid(f"{quoted(email)} is the address of a contact.")
        return person
    namesakes = [
        person
        for row_id in known.people_named.get(plain(name), [])
        if row_id in known.member_ids
        and not ((person := known.get(Person, row_id)).email and email)
    ]
    if len(namesakes) > 1:
        raise Invalid(f"Several members are called {quoted(name)}: give the address.")
    return namesakes[0] if namesakes else None


def _contact(
    known: ImportContext, email: str | None, name: str, account: Account | None
) -> Person | None:
    """The person that a row is about."""
    if email and email in known.emails:
        return known.get(Person, known.emails[email])
    namesakes = [
        person
        for row_id in known.people_named.get(plain(name), [])
        if (person := known.get(Person, row_id)).account_id == (account.id if account else None)
        and row_id not in known.member_ids
        and not (person.email and email)
    ]
    if len(namesakes) > 1:
        raise Invalid(f"Several people are called {quoted(name)}: give the address.")
    return namesakes[0] if namesakes else None


def _manager(known: ImportContext, roles: _Roles, text: str, facts: dict[str, Any]) -> int:
    """The manager that a row names: who is new by that name is added, to lead the same region."""
    namesakes = known.people_named.get(plain(text), [])
    if "@" in text or not known.member_ids.isdisjoint(namesakes):
        manager_id = known.member_id(text)
    else:
        region = {"region": facts["region"]} if "region" in facts else {}
        manager = members.add_member(
            known.session, read_name(text), None, [], by=known.by, **region
        )
        known.member_ids.add(manager.id)
        known.remember_person(manager)
        manager_id = manager.id
    roles.add(manager_id, Role.MANAGER)
    return manager_id


def _set_manager(known: ImportContext, person_id: int, manager_id: int) -> bool:
    member = known.session.get_one(Member, person_id)
    if member.manager_id == manager_id or person_id == manager_id:
        return False
    member.manager_id = manager_id
    known.session.add(member)
    audit(known.session, known.by, "manager set", f"person {person_id}", {"manager_id": manager_id})
    return True


def _period(row: Row) -> dict[str, date | None]:
    """From when to when; a year or a month alone is meant whole."""
    start, end = row.read("start", read_first_day), row.read("end", read_last_day)
    if start and end and end < start:
        row.refuse("end: It cannot end before it began.")
    return {"start": start, "end": end}


def _facts(
    known: ImportContext,
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
            who[id(row)] = row.need("person", known.person_id)
            return None

        apply_each(some, find)
        ids = set(who.values())
        known.fetch(Person, ids)
        found = known.session.exec(select(table).where(col(table.person_id).in_(ids)))
        there: dict[Any, Fact] = {key(fact): fact for fact in found}

        apply_each(some, partial(_fact, known, who, there, apply))


def _fact(
    known: ImportContext,
    who: dict[int, int],
    there: dict[Any, Fact],
    apply: Callable[[ImportContext, Row, Person, dict[Any, Fact]], Result],
    row: Row,
) -> Result:
    person = known.get(Person, who[id(row)])
    known.require_edit_person(person)
    return apply(known, row, person, there)


def _correct(known: ImportContext, noun: str, found: SQLModel, facts: dict[str, Any]) -> Result:
    changed = {name: value for name, value in facts.items() if getattr(found, name) != value}
    # The key's own columns may be written otherwise, and the source is where it was first read.
    for column in ("title", "degree", "source"):
        changed.pop(column, None)
    if not changed:
        return Result.UNCHANGED
    for name, value in changed.items():
        setattr(found, name, value)
    known.session.add(found)
    person_id = found.person_id  # type: ignore[attr-defined]
    audit(
        known.session,
        known.by,
        f"{noun} edited",
        f"person {person_id}",
        {"changed": sorted(changed)},
    )
    return Result.UPDATED
