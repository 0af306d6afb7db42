"""Files of ties, address books, calendars, advocates and references, as rows for the import."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlmodel import select

from references.advocate_imports import apply_advocates, apply_references
from references.network import address_books, calendars, vcards
from references.network.address_book_formats import (
    GOOGLE_FORMAT,
    LINKEDIN_FORMAT,
    OUTLOOK_FORMAT,
)
from references.network.address_books import Connection, Suggestion
from references.network.ties import Tie, TieKind, Visibility, assert_tie, pair
from references.network.wrong_ties import wrong_ties
from workspace.collaboration.job_changes import learn_employer
from workspace.errors import Forbidden, Invalid
from workspace.imports.cells import brief, quoted, read_choice, read_email
from workspace.imports.context import ImportContext
from workspace.imports.dates import read_birthday, read_day, read_first_day, read_last_day
from workspace.imports.formats import Format, columns, needs
from workspace.imports.messages import Notice, in_column, said, tell
from workspace.imports.rows import Result, Row, apply_each, without_empty
from workspace.imports.run import ImportExtension, same_name
from workspace.people import people
from workspace.people.addresses import is_shared
from workspace.people.tables import Person, Role
from workspace.people.viewer import PLAIN_VIEW

# The demo's ties, advocates and past references.
DEMO = Path(__file__).parent / "demo"

LINKEDIN = "LinkedIn"
ADDRESS_BOOK = "Address book"
CALENDAR = "Calendar"
# Kinds of files that are each member's own business.
PERSONAL = frozenset({"connections", "cards", "meetings"})
_CARDS = "name,email,company,position,related,phone,street,postcode,city,country,birthday"
# How two people know each other whom an address book relates.
_RELATED = dict.fromkeys(
    ("colleague", "co-worker", "coworker", "manager", "assistant"), TieKind.COLLEAGUES
)


def apply_ties(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by the two people, kind, source and owner."""

    def apply(row: Row) -> Result:
        one_id = row.need("one", context.person_id)
        other_id = row.need("other", context.person_id)
        kind = row.read("kind", lambda text: read_choice(text, map(str, TieKind)))
        visibility = row.read("visibility", lambda text: read_choice(text, map(str, Visibility)))
        owner_id = row.read("owner", context.member_id)
        facts: dict[str, Any] = without_empty(
            {
                **row.read_lines(Tie, "evidence"),
                "start": row.read("start", read_first_day),
                "end": row.read("end", read_last_day),
                "visibility": visibility,
            }
        )
        source = row.read_lines(Tie, "source")["source"] or "imported"
        row.check()
        owner_id = _owner(context, owner_id)
        kind = kind or TieKind.KNOWS
        if (*pair(one_id, other_id), kind) in wrong_ties(context.session, [one_id]):
            context.warn(tell(Notice.TIE_WRONG))
            return Result.LEFT_OUT
        tie = _tie(context, one_id, other_id, kind, source, owner_id)
        if tie:
            if all(getattr(tie, name) == value for name, value in facts.items()):
                return Result.UNCHANGED
            there = {name: getattr(tie, name) for name in ("evidence", "start", "end")}
            facts = {**there, "visibility": tie.visibility, **facts}
        assert_tie(
            context.session,
            one_id,
            other_id,
            kind,
            source=source,
            asserted_by_id=owner_id,
            imported_by=context.viewer or PLAIN_VIEW,
            **{"visibility": Visibility.PRIVATE, **facts},
        )
        return Result.UPDATED if tie else Result.CREATED

    apply_each(rows, apply)


def apply_address_book(source: str, context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by the profile, otherwise by name and company, among the importer's connections."""
    if context.by is None:
        raise Invalid(tell(Notice.BOOK_WITHOUT_OWNER))
    owner = context.get(Person, context.by)
    names = [row.cells.get("name", "") for row in rows]
    urls = [url for row in rows if (url := _profile(row.cells.get("url", "")))]
    book = address_books.AddressBook(context.session, owner.id, names, urls)
    changed: dict[int, Connection] = {}
    named: dict[int, Connection] = {}

    def apply(row: Row) -> Result:
        if "name" not in row:
            context.warn(tell(Notice.NAMES_NOBODY))
            return Result.LEFT_OUT
        name = row.need_name("name", Connection, "name")
        emails = _emails(row)
        facts = without_empty(
            {
                "email": _own_address(context, emails),
                "url": row.read_optional("url", people.profile_address),
                "connected_on": row.read_optional("connected_on", read_day),
                "phone": row.read_phones(),
                "country": row.read_optional("country", context.codes.country),
                "birthday": row.read_optional("birthday", read_birthday),
                **row.read_lines(Connection, "company", "position", "street", "postcode", "city"),
            }
        )
        row.check()
        if owner.email in emails:
            # Their own card.
            return Result.UNCHANGED
        connection, created, differs = book.put(name, source=source, **facts)
        named[id(row)] = connection
        if differs:
            changed[id(connection)] = connection
        return Result.CREATED if created else Result.UPDATED if differs else Result.UNCHANGED

    apply_each(rows, apply)
    address_books.match_connections(
        context.session, list(changed.values()), partial(_suggest, context)
    )
    if source == LINKEDIN:
        for entry in changed.values():
            _learn_employer(context, entry)
    for row in rows:
        connection = named.get(id(row))
        if connection and connection.person_id and _relate(context, row, connection.person_id):
            row.result = Result.UPDATED if row.result == Result.UNCHANGED else row.result


def _learn_employer(context: ImportContext, connection: Connection) -> None:
    """Take over the employer of a person whose own profile or address the connection has."""
    if connection.person_id is None or not connection.company:
        return
    person = context.session.get_one(Person, connection.person_id)
    own = connection.email and connection.email == person.email and not is_shared(person.email)
    if not own and not (connection.url and connection.url == person.profile):
        return
    try:
        account = context.find_account(connection.company)
    except Invalid:
        # It may be one of several.
        account = None
    learn_employer(
        context.session,
        person,
        connection.company,
        account,
        title=connection.position,
        source=LINKEDIN,
        by=context.by,
    )


def apply_calendar(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by name and address, among the importer's connections."""
    for row in rows:
        if "met_on" in row:
            row.cells["connected_on"] = row.cells.pop("met_on")
    apply_address_book(CALENDAR, context, rows)


def _emails(row: Row) -> list[str]:
    """The addresses of a card; one that cannot be read leaves the others alone."""
    emails = []
    for text in row.read_list("email"):
        try:
            emails.append(read_email(text))
        except Invalid as problem:
            row.leave_out("email", said(problem))
    return emails


def _profile(text: str) -> str | None:
    """The address of a profile as it is compared; None where it is none."""
    try:
        return people.profile_address(text)
    except Invalid:
        return None


def _own_address(context: ImportContext, emails: list[str]) -> str | None:
    """The address by which the record knows a person; otherwise the first of them."""
    own = [email for email in emails if email in context.emails and not is_shared(email)]
    return next(iter([*own, *emails]), None)


def _suggest(context: ImportContext, suggestion: Suggestion) -> None:
    """Tell of a connection that may be in the record; only their owner knows whether it is."""
    connection = suggestion.connection
    name, people = brief(connection.name), list(map(quoted, suggestion.people))
    context.warn(
        tell(Notice.MAY_BE_AT, name=name, company=brief(connection.company), people=people)
        if connection.company
        else tell(Notice.MAY_BE, name=name, people=people)
    )


def _owner(context: ImportContext, owner_id: int | None) -> int:
    """Whose tie a row is; others' are for administrators to bring in."""
    if owner_id is None:
        if context.by is None:
            raise Invalid(in_column("owner", tell(Notice.TIE_WITHOUT_OWNER)))
        return context.by
    if context.viewer and owner_id != context.by and Role.ADMIN not in context.viewer.roles:
        raise Forbidden(tell(Notice.TIES_OF_OTHERS))
    return owner_id


def _tie(
    context: ImportContext, one_id: int, other_id: int, kind: str, source: str, owner_id: int
) -> Tie | None:
    one, other = pair(one_id, other_id)
    query = select(Tie).where(
        Tie.one_id == one,
        Tie.other_id == other,
        Tie.kind == kind,
        Tie.source == source,
        Tie.asserted_by_id == owner_id,
        Tie.origin == "",
    )
    return context.session.exec(query).first()


def _relate(context: ImportContext, row: Row, person_id: int) -> bool:
    """Write down whom a card relates its person to, where the record has both; whether any."""
    made = False
    for part in row.read_list("related"):
        relation, _, who = part.partition(": ")
        try:
            other_id = context.person_id(who)
        except Invalid:
            continue
        kind = _RELATED.get(relation, TieKind.KNOWS)
        owner_id = context.by or 0
        if other_id in (person_id, owner_id):
            continue
        if _tie(context, person_id, other_id, kind, ADDRESS_BOOK, owner_id) is None:
            assert_tie(
                context.session,
                person_id,
                other_id,
                kind,
                evidence=f"Related in an address book: {relation}",
                source=ADDRESS_BOOK,
                asserted_by_id=owner_id,
                visibility=Visibility.PRIVATE,
            )
            made = True
    return made


EXTENSION = ImportExtension(
    formats=(
        LINKEDIN_FORMAT,
        Format("cards", needs(_CARDS), columns(",".join(vcards.HEADER))),
        GOOGLE_FORMAT,
        OUTLOOK_FORMAT,
        Format("meetings", needs("name,email,met_on"), columns(",".join(calendars.HEADER))),
        Format(
            "advocates",
            needs("person,activities", "person,consent"),
            columns(
                "person,activities,calls_a_quarter,events_in_two_quarters,paused_until,consent,"
                "legal_basis,captured_on,source,start,end,note"
            ),
        ),
        Format(
            "references",
            needs("deal,advocate"),
            columns("deal,advocate,activity,prospect,date,by,outcome,note"),
        ),
        Format(
            "ties",
            needs("one,other"),
            columns("one,other,kind,evidence,start,end,source,visibility,owner"),
        ),
    ),
    functions={
        "connections": partial(apply_address_book, LINKEDIN),
        "cards": partial(apply_address_book, ADDRESS_BOOK),
        "meetings": apply_calendar,
        "advocates": apply_advocates,
        "references": apply_references,
        "ties": apply_ties,
    },
    groups={"connections": same_name, "cards": same_name, "meetings": same_name},
    removers={Connection: address_books.take_back},
    splitters={vcards.OPENING: vcards.split, calendars.OPENING: calendars.split},
)
