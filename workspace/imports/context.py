"""What the record holds already, looked up once in an import and not for every row."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TypeVar

from sqlmodel import Session, SQLModel, col, select

from workspace.accounts.accounts import Account, add_account
from workspace.accounts.geography import country_name, find_country
from workspace.accounts.industries import find_industry, industry_name
from workspace.assets import Asset
from workspace.audit import audit
from workspace.deals import access
from workspace.deals.products import add_competitor, add_product, respell
from workspace.deals.seat_roles import owners_role, role_names
from workspace.deals.stages import stages
from workspace.deals.tables import Competitor, Deal, Outcome, Product, Stage
from workspace.errors import Forbidden, Invalid
from workspace.imports.cells import quoted, read_key, read_name
from workspace.imports.rows import Row, max_length
from workspace.keys import joined, plain
from workspace.people import members, people, viewer
from workspace.people.tables import Member, Person, Role
from workspace.people.viewer import PLAIN_VIEW, Viewer

RowT = TypeVar("RowT", bound=SQLModel)

# How many rows are looked up and written together.
CHUNK = 1_000
# Different warnings that one file's report holds; more would not be read.
_MOST_WARNINGS = 50


class ImportContext:
    """The record as one import sees it, kept up to date with what that import adds."""

    def __init__(self, session: Session, by: int | None) -> None:
        self.session = session
        self.by = by
        self.viewer: Viewer | None = None
        if by is not None:
            person = session.get_one(Person, by)
            self.viewer = members.viewer(session, by, person.name)
        self.file_name = ""
        self._warnings: Counter[str] = Counter()
        self._rows: dict[tuple[type[SQLModel], int], SQLModel] = {}
        # Deals that the one who imports may change, as far as they were asked about.
        self._editable: set[int] = set()

    # What the reader of the report is told.

    def warn(self, message: str) -> None:
        """Tell, once for all the rows that it concerns, what was read in an unexpected way."""
        self._warnings[message] += 1

    def take_warnings(self) -> list[str]:
        """The warnings since the last time, each with the number of its rows."""
        found = [
            f"{message} ({count:,} rows)" if count > 1 else message
            for message, count in self._warnings.items()
        ]
        self._warnings.clear()
        if len(found) > _MOST_WARNINGS:
            rest = len(found) - _MOST_WARNINGS
            found[_MOST_WARNINGS:] = [f"… and {rest:,} more warnings."]
        return found

    # Rows by id.

    def get(self, table: type[RowT], row_id: int) -> RowT:
        """A row, fetched once in an import."""
        found = self._rows.get((table, row_id))
        if found is None:
            found = self._rows[table, row_id] = self.session.get_one(table, row_id)
        return found  # type: ignore[return-value]

    def remember(self, row: RowT) -> RowT:
        """Remember a row that was just added."""
        self._rows[type(row), row.id] = row  # type: ignore[attr-defined]
        return row

    def prefetch(self, table: type[RowT], ids: Iterable[int]) -> None:
        """Fetch many rows together, before they are asked for one by one."""
        missing = [row_id for row_id in set(ids) if (table, row_id) not in self._rows]
        for start in range(0, len(missing), CHUNK):
            query = select(table).where(
                col(table.id).in_(missing[start : start + CHUNK])  # type: ignore[attr-defined]
            )
            for row in self.session.exec(query):
                self.remember(row)

    # Accounts.

    @cached_property
    def account_ids(self) -> dict[str, int]:
        """Every account's id by its plain name."""
        rows = self.session.exec(select(Account.name, Account.id).order_by(col(Account.id).desc()))
        return {plain(name): row_id for name, row_id in rows}

    def find_account(self, name: str) -> Account | None:
        """The account of that name, however its capitals and accents are written."""
        row_id = self.account_ids.get(plain(name))
        return self.get(Account, row_id) if row_id is not None else None

    def read_account_name(self, row: Row, column: str) -> str | None:
        """The name of the account that a row refers to, which need not be there yet."""
        return row.read(column, lambda text: read_name(text, max_length(Account, "name")))

    def add_account(self, name: str, *, mentioned: bool = False, **facts: object) -> Account:
        """A new account; `mentioned` where no row is about it, but one refers to it."""
        if mentioned:
            self.warn(f"The account {quoted(name)} was not known yet and was added.")
        account = add_account(self.session, name, **facts)
        audit(self.session, self.by, "account added", f"account {account.id}")
        self.account_ids[plain(name)] = account.id
        return self.remember(account)

    @cached_property
    def won_account_ids(self) -> set[int]:
        """The accounts with a deal that was won, and that everybody may see."""
        won = (Deal.outcome == Outcome.WON, access.visible_deals(PLAIN_VIEW))
        query = select(Deal.account_id).where(*won).distinct()
        return {row_id for row_id in self.session.exec(query) if row_id is not None}

    def industry(self, text: str) -> str | None:
        """The code of a written industry; told where it was not written as we write it."""
        code = find_industry(text)
        if code is None:
            self.warn(f"The industry {quoted(text)} is not known and was left empty.")
        elif code != find_industry(text, exactly=True):
            self.warn(f"{quoted(text)} was read as {industry_name(code)}.")
        return code

    def country(self, text: str) -> str | None:
        """The code of a written country; told where it was not written as we write it."""
        code = find_country(text)
        if code is None:
            self.warn(f"The country {quoted(text)} is not known and was left empty.")
        elif code != find_country(text, exactly=True):
            self.warn(f"{quoted(text)} was read as {country_name(code)}.")
        return code

    # Products and competitors.

    @cached_property
    def products(self) -> dict[str, Product]:
        """Every product by its name without spaces."""
        return {joined(row.name): row for row in self.session.exec(select(Product))}

    @cached_property
    def competitors(self) -> dict[str, Competitor]:
        """Every competitor by its name without spaces."""
        return {joined(row.name): row for row in self.session.exec(select(Competitor))}

    def read_names(self, row: Row, column: str) -> list[str] | None:
        """The names of the products or competitors in a cell; None where it is empty."""

        def parse(text: str) -> list[str]:
            names = [
                read_name(part, max_length(Product, "name"))
                for part in text.split(";")
                if part.strip()
            ]
            return list({joined(name): name for name in reversed(names)}.values())[::-1]

        return row.read(column, parse)

    def find_or_add_products(self, names: Iterable[str]) -> list[Product]:
        """The products of these names; those that are new are added."""
        return [self._product(name) for name in names]

    def _product(self, name: str) -> Product:
        found = self.products.get(joined(name))
        if found is None:
            self.warn(f"The product {quoted(name)} was not known yet and was added.")
            found = self.products[joined(name)] = add_product(self.session, name, listed=False)
            audit(self.session, self.by, "product added", f"product {found.id}")
        elif not found.listed and self.viewer:
            # As if it were new: it may be on a deal that is hidden from the one who imports.
            self.warn(f"The product {quoted(name)} was not known yet and was added.")
            respell(self.session, found, name)
        elif found.name.casefold() != name.casefold():
            self.warn(f"{quoted(name)} was read as {found.name}.")
        return found

    def find_or_add_competitors(self, names: Iterable[str]) -> list[Competitor]:
        """The competitors of these names; those that are new are added."""
        return [self._competitor(name) for name in names]

    def _competitor(self, name: str) -> Competitor:
        found = self.competitors.get(joined(name))
        if found is None:
            self.warn(f"The competitor {quoted(name)} was not known yet and was added.")
            found = self.competitors[joined(name)] = add_competitor(
                self.session, name, listed=False
            )
            audit(self.session, self.by, "competitor added", f"competitor {found.id}")
        elif not found.listed and self.viewer:
            self.warn(f"The competitor {quoted(name)} was not known yet and was added.")
            respell(self.session, found, name)
        elif found.name.casefold() != name.casefold():
            self.warn(f"{quoted(name)} was read as {found.name}.")
        return found

    # People.

    @cached_property
    def emails(self) -> dict[str, int]:
        """Everybody's id by e-mail address."""
        rows = self.session.exec(select(Person.email, Person.id))
        return {email.lower(): row_id for email, row_id in rows if email}

    @cached_property
    def people_named(self) -> dict[str, list[int]]:
        """Everybody's ids by plain name."""
        found: dict[str, list[int]] = {}
        for name, row_id in self.session.exec(select(Person.name, Person.id)):
            found.setdefault(plain(name), []).append(row_id)
        return found

    @cached_property
    def member_ids(self) -> set[int]:
        """The people who are members."""
        return set(self.session.exec(select(Member.person_id)))

    def remember_person(self, person: Person) -> None:
        """Find a person from now on by what they are called now."""
        if person.email:
            self.emails[person.email] = person.id
        ids = self.people_named.setdefault(plain(person.name), [])
        if person.id not in ids:
            ids.append(person.id)
        self.remember(person)

    def person_id(self, text: str, *, member: bool = False) -> int:
        """Who is meant by an e-mail address or a name; `Invalid` unless it is one person."""
        if "@" in text:
            row_id = self.emails.get(text.strip().removeprefix("mailto:").lower())
            ids = [row_id] if row_id is not None else []
        else:
            ids = self.people_named.get(plain(text), [])
        if member:
            ids = [row_id for row_id in ids if row_id in self.member_ids]
        if len(ids) > 1:
            raise Invalid(f"Several people are called {quoted(text)}: give the e-mail address.")
        if not ids:
            raise Invalid(f"{quoted(text)} is no {'member' if member else 'person'} in the record.")
        return ids[0]

    def member_id(self, text: str) -> int:
        """The member who is meant by an e-mail address or a name."""
        return self.person_id(text, member=True)

    # Deals and assets.

    @cached_property
    def stages(self) -> list[Stage]:
        """The pipeline."""
        return stages(self.session)

    @cached_property
    def _stages_named(self) -> dict[str, Stage]:
        found = {plain(stage.name): stage for stage in self.stages}
        for outcome in (Outcome.WON, Outcome.LOST):
            ends = [stage for stage in self.stages if stage.outcome == outcome]
            if ends:
                found.setdefault(outcome.value, ends[0])
        return found

    def stage(self, text: str) -> Stage:
        """The stage of that name; won and lost alone will do."""
        found = self._stages_named.get(plain(text))
        if found is None:
            names = ", ".join(stage.name for stage in self.stages)
            raise Invalid(f"{quoted(text)} is no stage of the pipeline ({names}).")
        return found

    @cached_property
    def seat_roles(self) -> list[str]:
        """What a seat may be for."""
        return role_names(self.session)

    @cached_property
    def owners_role(self) -> str:
        """What an owner's own seat is for where a file has no word for it."""
        return owners_role(self.session)

    def find_deals(self, rows: Sequence[Row]) -> dict[str, list[Deal]]:
        """The deals that these rows refer to, by key, and by name where no key is like it."""
        texts = {text for row in rows if (text := row.cells.get("deal", ""))}
        keys = {key for text in texts if (key := _key_or_none(text))}
        found: dict[str, list[Deal]] = {}
        for deal in self.session.exec(select(Deal).where(col(Deal.key).in_(keys))):
            found[deal.key] = [deal]
        names = {" ".join(text.split()) for text in texts if _key_or_none(text) not in found}
        for deal in self.session.exec(select(Deal).where(col(Deal.name).in_(names))):
            found.setdefault(deal.name, []).append(deal)
        self.look_up_rights(deal.id for named in found.values() for deal in named)
        return found

    def editable_deal(self, row: Row, found: dict[str, list[Deal]]) -> Deal:
        """The deal that a row refers to, if the one who imports may change it."""
        deal = self.readable_deal(row, found)
        self.require_edit(deal)
        return deal

    def readable_deal(self, row: Row, found: dict[str, list[Deal]]) -> Deal:
        """The deal that a row refers to, if the one who imports may know of it."""
        text = row.need("deal", str)
        deals = found.get(_key_or_none(text) or "") or found.get(" ".join(text.split()), [])
        deals = [deal for deal in deals if self.may_see(deal)]
        if len(deals) > 1:
            raise Invalid(f"Several deals are called {quoted(text)}: give the deal's key.")
        if not deals:
            raise Invalid(f"{quoted(text)} is no deal in the record.")
        return deals[0]

    @cached_property
    def _hidden(self) -> set[int]:
        hidden = access.hidden_deal_ids(self.session, self.viewer) if self.viewer else []
        return set(hidden)

    def may_see(self, deal: Deal) -> bool:
        """Whether the one who imports may know of this deal."""
        return deal.id not in self._hidden

    def look_up_rights(self, deal_ids: Iterable[int]) -> None:
        """Find out which of these deals may be changed, before they are asked for one by one."""
        if self.viewer:
            self._editable |= access.editable_deal_ids(self.session, self.viewer, deal_ids)

    def forget_rights(self, deal: Deal) -> None:
        """Have the rights to a deal looked up again, as a row has changed it."""
        self._editable.discard(deal.id)

    def require_edit(self, deal: Deal) -> None:
        """Refuse unless the one who imports may change this deal, as on its own page."""
        if deal.id in self._editable:
            return
        if self.viewer and not self.may_see(deal):
            # Not that there is such a deal, nor that it is hidden.
            raise Invalid("This key cannot be used.")
        if self.viewer and not access.may_edit(self.session, self.viewer, deal):
            raise Forbidden("Only this deal's team and managers may change it.")

    def require_writer(self) -> None:
        """Refuse members who may only read."""
        if self.viewer:
            viewer.require_writer(self.viewer)

    def require_role(self, *roles: Role) -> None:
        """Refuse everybody but the command line and those who have one of these roles."""
        if self.viewer:
            viewer.require_role(self.viewer, *roles)

    def require_edit_person(self, person: Person) -> None:
        """Refuse unless the one who imports may change this person's facts."""
        if self.viewer and not people.may_edit(self.session, self.viewer, person):
            raise Forbidden("Members keep their own profile; ask them, or an administrator.")

    @cached_property
    def asset_ids(self) -> dict[str, int]:
        """Every asset's id by its plain name."""
        rows = self.session.exec(select(Asset.name, Asset.id).order_by(col(Asset.id).desc()))
        return {plain(name): row_id for name, row_id in rows}


def _key_or_none(text: str) -> str | None:
    try:
        return read_key(text)
    except Invalid:
        return None
