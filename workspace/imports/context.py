"""An import's context: who imports, and a cache of what the record holds."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from sqlmodel import Session, SQLModel, col, select

from workspace.accounts.accounts import Account, add_account
from workspace.assets.assets import Asset
from workspace.audit import audit, audit_all
from workspace.database import batches, fetch, select_row
from workspace.deals import access
from workspace.deals.products import add_competitor, add_product, respell
from workspace.deals.seat_roles import owners_role, role_names
from workspace.deals.stages import stages
from workspace.deals.tables import Competitor, Deal, Outcome, Product, Stage
from workspace.duplicates.finding import ACCOUNT, PERSON
from workspace.duplicates.tables import FormerAccount, FormerPerson
from workspace.errors import Forbidden, Invalid
from workspace.imports.account_matching import KnownAccount, KnownAccounts, Match
from workspace.imports.answers import answered
from workspace.imports.cells import brief, read_key, read_name
from workspace.imports.codes import Codes
from workspace.imports.meanings import Meanings, Topic
from workspace.imports.messages import Notice, tell
from workspace.imports.rows import Row, max_length
from workspace.imports.stage_names import StageNames
from workspace.keys import add_with_keys, joined, plain
from workspace.new_rows import new_row
from workspace.own_fields.fields import FieldSubject, OwnField, fields_of
from workspace.people import members, people, viewer
from workspace.people.names import name_key
from workspace.people.tables import Member, Person, Role
from workspace.people.viewer import PLAIN_VIEW, Viewer
from workspace.value_lists import split_values

RowT = TypeVar("RowT", bound=SQLModel)
NamedRow = TypeVar("NamedRow", Product, Competitor)


@dataclass(frozen=True)
class DealRows:
    """Rows about deals, with the deals that they may refer to, looked up together."""

    rows: Sequence[Row]
    # By key, and by name where the key does not exist.
    deals: Mapping[str, list[Deal]]

    @property
    def deal_ids(self) -> list[int]:
        """The ids of all these deals."""
        return [deal.id for deals in self.deals.values() for deal in deals]


class ImportContext:
    """The record as one import sees it, kept up to date with what that import adds.

    `by` is the member who imports; the command line has neither `by` nor `viewer`, and all rights.
    """

    def __init__(self, session: Session, by: int | None) -> None:
        self.session = session
        self.by = by
        self.viewer: Viewer | None = None
        if by is not None:
            person = session.get_one(Person, by)
            self.viewer = members.viewer(session, by, person.name)
        self.file_name = ""
        self._warnings: Counter[str] = Counter()
        self._unwritten: list[Account] = []
        self._rows: dict[tuple[type[SQLModel], int], SQLModel] = {}
        self._own_fields: dict[FieldSubject, list[OwnField]] = {}
        # The accounts of this import by their ids in another system.
        self.account_of_record_id: dict[str, int] = {}
        # Deals that the importing member may change, as far as they were asked about.
        self._editable: set[int] = set()

    # Warnings.

    def warn(self, message: str) -> None:
        """Add a warning to the file's report; repetitions are counted."""
        self._warnings[message] += 1

    def take_warnings(self) -> Counter[str]:
        """The warnings since the last call, each with the number of its rows."""
        warnings, self._warnings = self._warnings, Counter()
        return warnings

    # Own fields.

    def own_fields(self, subject: FieldSubject) -> list[OwnField]:
        """The own fields of a subject."""
        if subject not in self._own_fields:
            self._own_fields[subject] = fields_of(self.session, subject)
        return self._own_fields[subject]

    # Rows by id.

    def get(self, table: type[RowT], row_id: int) -> RowT:
        """The row of that id, fetched once in an import."""
        row = self._rows.get((table, row_id))
        if row is None:
            row = self._rows[table, row_id] = self.session.get_one(table, row_id)
        return row  # type: ignore[return-value]

    def remember(self, row: RowT) -> RowT:
        """Have `get` return this row, which was just added."""
        self._rows[type(row), row.id] = row  # type: ignore[attr-defined]
        return row

    def prefetch(self, table: type[RowT], ids: Iterable[int]) -> None:
        """Fetch many rows together before `get` asks for each of them."""
        missing = [row_id for row_id in set(ids) if (table, row_id) not in self._rows]
        for batch in batches(missing):
            query = select(table).where(col(table.id).in_(batch))  # type: ignore[attr-defined]
            for row in self.session.exec(query):
                self.remember(row)

    # Accounts.

    @cached_property
    def accounts(self) -> KnownAccounts:
        """All accounts by what they are known by."""
        query = select_row(KnownAccount, Account).order_by(col(Account.id))
        known = KnownAccounts(fetch(self.session, KnownAccount, query))
        former = select(FormerAccount.account_id, FormerAccount.name, FormerAccount.domain)
        for row_id, name, domain in self.session.exec(former.order_by(col(FormerAccount.id))):
            known.put_former(row_id, name, domain)
        for name, row_id in answered(self.session, ACCOUNT, same=True):
            known.put_former(row_id, name, None)
        return known

    def account_name_of_ids(self, text: str) -> str | None:
        """The name of the account that another system's ids mean; a warning if none is known."""
        for record_id in re.split(r"[;,\s]+", text):
            account_id = self.account_of_record_id.get(record_id) if record_id else None
            if account_id:
                return self.get(Account, account_id).name
        self.warn(tell(Notice.ACCOUNT_BY_ID))
        return None

    def find_account(self, name: str) -> Account | None:
        """The account that a company's name means, whatever its script and legal form."""
        match = self.accounts.mentioned(name)
        if match.similar:
            self.warn(tell(Notice.OTHER_FORM, name=brief(name), similar=match.similar.name))
        return self.account_of(match, name)

    def account_of(self, match: Match, name: str) -> Account | None:
        """The account of a match; a warning if its name is another one."""
        if match.account_id is None:
            return None
        account = self.get(Account, match.account_id)
        if plain(account.name) != plain(name):
            self.warn(tell(Notice.READ_AS, text=brief(name), name=account.name))
        return account

    def read_account_name(self, row: Row, column: str) -> str | None:
        """The name of the account that a row refers to; the account need not exist yet."""
        return row.read(column, lambda text: read_name(text, max_length(Account, "name")))

    def add_account(self, name: str, *, mentioned: bool = False, **facts: object) -> Account:
        """Add an account; `mentioned` if a row only refers to it, which gives a warning.

        An import holds all names, so that it needs no query to know that this one is new.
        """
        if mentioned:
            self.warn(tell(Notice.ADDED_ON_THE_WAY, noun="account", name=brief(name)))
        account = add_account(self.session, name, **facts)
        audit(self.session, self.by, "account added", f"account {account.id}")
        self.accounts.remember(account)
        return self.remember(account)

    def mention_account(self, name: str, *, listed: bool) -> Account:
        """Add an account that a row refers to; one that is listed is written with others, later.

        Until `write_accounts` it has an id below zero.
        """
        if not listed:
            return self.add_account(name, mentioned=True, listed=False)
        self.warn(tell(Notice.ADDED_ON_THE_WAY, noun="account", name=brief(name)))
        account = new_row(Account, id=-1 - len(self._unwritten), key="", name=name)
        self._unwritten.append(account)
        self.accounts.remember(account)
        return self.remember(account)

    def write_accounts(self) -> None:
        """Write the accounts that rows mentioned so far."""
        accounts, self._unwritten = self._unwritten, []
        if not accounts:
            return
        before = [account.id for account in accounts]
        for account in accounts:
            account.id = None  # type: ignore[assignment]
        add_with_keys(self.session, Account, accounts)
        subjects = [f"account {account.id}" for account in accounts]
        audit_all(self.session, self.by, "account added", subjects)
        for number, account in zip(before, accounts, strict=True):
            self.accounts.renumber(number, account)
            self._rows.pop((Account, number))
            self.remember(account)

    @cached_property
    def won_account_ids(self) -> set[int]:
        """The accounts with a won deal that everybody can see."""
        won = (Deal.outcome == Outcome.WON, access.visible_deals(PLAIN_VIEW))
        query = select(Deal.account_id).where(*won).distinct()
        return {row_id for row_id in self.session.exec(query) if row_id is not None}

    @cached_property
    def meanings(self) -> Meanings:
        """What was answered about values that Dealkin does not know."""
        return Meanings(self.session)

    @cached_property
    def codes(self) -> Codes:
        """The codes of industries, countries and currencies by the texts of cells."""
        return Codes(self.meanings, self.warn)

    # Products and competitors.

    @cached_property
    def products(self) -> dict[str, Product]:
        """All products by name without spaces."""
        return {joined(row.name): row for row in self.session.exec(select(Product))}

    @cached_property
    def competitors(self) -> dict[str, Competitor]:
        """All competitors by name without spaces."""
        return {joined(row.name): row for row in self.session.exec(select(Competitor))}

    def read_names(self, row: Row, column: str) -> list[str] | None:
        """The names of products or competitors in a cell; None where the cell is empty."""

        def parse(text: str) -> list[str]:
            names = [read_name(part, max_length(Product, "name")) for part in split_values(text)]
            # Of two spellings of one name, the first counts.
            return list({joined(name): name for name in reversed(names)}.values())[::-1]

        return row.read(column, parse)

    def find_or_add_products(self, names: Iterable[str]) -> list[Product]:
        """The products of these names; unknown ones are added."""
        return [self._find_or_add("product", self.products, add_product, name) for name in names]

    def find_or_add_competitors(self, names: Iterable[str]) -> list[Competitor]:
        """The competitors of these names; unknown ones are added."""
        return [
            self._find_or_add("competitor", self.competitors, add_competitor, name)
            for name in names
        ]

    def _find_or_add(
        self,
        noun: str,
        by_name: dict[str, NamedRow],
        add: Callable[..., NamedRow],
        name: str,
    ) -> NamedRow:
        row = by_name.get(joined(name))
        if row is None:
            self.warn(tell(Notice.ADDED_ON_THE_WAY, noun=noun, name=brief(name)))
            row = by_name[joined(name)] = add(self.session, name, listed=False)
            audit(self.session, self.by, f"{noun} added", f"{noun} {row.id}")
        elif not row.listed and self.viewer:
            # An unlisted row may come from a deal that the importer cannot see, so the import
            # reports it like a new one.
            self.warn(tell(Notice.ADDED_ON_THE_WAY, noun=noun, name=brief(name)))
            respell(self.session, row, name)
        elif row.name.casefold() != name.casefold():
            self.warn(tell(Notice.READ_AS, text=brief(name), name=row.name))
        return row

    # People.

    @cached_property
    def emails(self) -> dict[str, int]:
        """The ids of all people by e-mail address."""
        former = self.session.exec(select(FormerPerson.email, FormerPerson.person_id))
        rows = [*former, *self.session.exec(select(Person.email, Person.id))]
        return {email.lower(): row_id for email, row_id in rows if email}

    @cached_property
    def people_named(self) -> dict[str, list[int]]:
        """The ids of all people by the key of their name."""
        ids: dict[str, list[int]] = {}
        former = self.session.exec(select(FormerPerson.name, FormerPerson.person_id))
        said = answered(self.session, PERSON, same=True)
        for name, row_id in [*self.session.exec(select(Person.name, Person.id)), *former, *said]:
            if row_id not in ids.setdefault(name_key(name), []):
                ids[name_key(name)].append(row_id)
        return ids

    @cached_property
    def profiles(self) -> dict[str, list[int]]:
        """The ids of all people with a profile, by its address."""
        ids: dict[str, list[int]] = {}
        former = self.session.exec(select(FormerPerson.profile, FormerPerson.person_id))
        for profile, row_id in [*self.session.exec(select(Person.profile, Person.id)), *former]:
            if profile and row_id not in ids.get(profile, []):
                ids.setdefault(profile, []).append(row_id)
        return ids

    @cached_property
    def member_ids(self) -> set[int]:
        """The ids of all members."""
        return set(self.session.exec(select(Member.person_id)))

    def remember_person(self, person: Person) -> None:
        """Have lookups find a person by their present name, e-mail address and profile."""
        if person.email:
            self.emails[person.email] = person.id
        lists = [self.people_named.setdefault(name_key(person.name), [])]
        if person.profile:
            lists.append(self.profiles.setdefault(person.profile, []))
        for ids in lists:
            if person.id not in ids:
                ids.append(person.id)
        self.remember(person)

    def forget_person(self, person: Person) -> None:
        """Have no lookup find a person who is about to get another id."""
        if person.email:
            self.emails.pop(person.email)
        self.people_named[name_key(person.name)].remove(person.id)
        if person.profile:
            self.profiles[person.profile].remove(person.id)
        self._rows.pop((Person, person.id))

    def person_id(self, text: str, *, member: bool = False) -> int:
        """The person of an e-mail address or a name; `Invalid` unless there is exactly one."""
        if "@" in text:
            row_id = self.emails.get(text.strip().removeprefix("mailto:").lower())
            ids = [row_id] if row_id is not None else []
        else:
            ids = self.people_named.get(name_key(text), [])
        if member:
            ids = [row_id for row_id in ids if row_id in self.member_ids]
        if len(ids) > 1:
            raise Invalid(tell(Notice.PERSON_UNCLEAR_EMAIL, name=brief(text)))
        if not ids:
            nobody = Notice.NO_MEMBER if member else Notice.NO_PERSON
            raise Invalid(tell(nobody, name=brief(text)))
        return ids[0]

    def member_id(self, text: str) -> int:
        """The member of an e-mail address or a name."""
        return self.person_id(text, member=True)

    # Deals and assets.

    @cached_property
    def stages(self) -> list[Stage]:
        """The stages of the pipeline."""
        return stages(self.session)

    @cached_property
    def stage_names(self) -> StageNames:
        """The stages by the names that files give them."""
        return StageNames(self.stages)

    def find_stage(self, text: str) -> tuple[Stage | None, bool]:
        """The stage that a text means, and whether that is certain.

        Without a stage, and certain: it was answered that its rows are refused.
        """
        stage, exact = self.stage_names.find(text)
        said = None if exact else self.meanings.find(Topic.STAGE, text)
        if said is None:
            return stage, exact
        return self.get(Stage, int(said)) if said else None, True

    def stage(self, text: str) -> Stage:
        """The stage of that name; a warning if another system's stage was read as one of ours."""
        stage, exact = self.find_stage(text)
        if stage is None and exact:
            raise Invalid(tell(Notice.STAGE_REFUSED, text=brief(text)))
        if stage is None:
            self.meanings.ask(Topic.STAGE, text)
            names = [stage.name for stage in self.stages]
            raise Invalid(tell(Notice.NO_STAGE, text=brief(text), stages=names))
        if not exact:
            self.warn(tell(Notice.STAGE_READ, text=brief(text), stage=stage.name))
        return stage

    @cached_property
    def seat_roles(self) -> list[str]:
        """The names of the seat roles."""
        return role_names(self.session)

    @cached_property
    def owners_role(self) -> str:
        """The role of a deal owner's own seat, for files without seat roles."""
        return owners_role(self.session)

    def deal_batches(self, rows: Sequence[Row]) -> Iterator[DealRows]:
        """The rows in batches, each with the deals that its rows refer to."""
        for batch in batches(rows):
            yield DealRows(batch, self._deals(batch))

    def _deals(self, rows: Sequence[Row]) -> dict[str, list[Deal]]:
        texts = {text for row in rows if (text := row.cells.get("deal", ""))}
        keys = {key for text in texts if (key := _key_or_none(text))}
        deals: dict[str, list[Deal]] = {}
        for deal in self.session.exec(select(Deal).where(col(Deal.key).in_(keys))):
            deals[deal.key] = [deal]
        names = {" ".join(text.split()) for text in texts if _key_or_none(text) not in deals}
        for deal in self.session.exec(select(Deal).where(col(Deal.name).in_(names))):
            deals.setdefault(deal.name, []).append(deal)
        self.look_up_rights(deal.id for named in deals.values() for deal in named)
        return deals

    def editable_deal(self, row: Row, batch: DealRows) -> Deal:
        """The deal that a row refers to; refused unless the importer can edit it."""
        deal = self.readable_deal(row, batch)
        self.require_edit(deal)
        return deal

    def readable_deal(self, row: Row, batch: DealRows) -> Deal:
        """The deal that a row refers to; refused unless the importer can see it."""
        text = row.need("deal", str)
        key, name = _key_or_none(text), " ".join(text.split())
        deals = batch.deals.get(key or "") or batch.deals.get(name, [])
        deals = [deal for deal in deals if self.may_see(deal)]
        if len(deals) > 1:
            raise Invalid(tell(Notice.DEAL_UNCLEAR_KEY, name=brief(text)))
        if not deals:
            raise Invalid(tell(Notice.NO_DEAL, name=brief(text)))
        return deals[0]

    @cached_property
    def _hidden(self) -> set[int]:
        hidden = access.hidden_deal_ids(self.session, self.viewer) if self.viewer else []
        return set(hidden)

    def may_see(self, deal: Deal) -> bool:
        """Whether the importer can see this deal."""
        return deal.id not in self._hidden

    def look_up_rights(self, deal_ids: Iterable[int]) -> None:
        """Find out which of these deals may be changed, before they are asked for one by one."""
        if self.viewer:
            self._editable |= access.editable_deal_ids(self.session, self.viewer, deal_ids)

    def forget_rights(self, deal: Deal) -> None:
        """Have the rights to a deal looked up again, as a row has changed it."""
        self._editable.discard(deal.id)

    def require_edit(self, deal: Deal) -> None:
        """Refuse unless the importer can edit this deal, by the same rule as its pages."""
        if deal.id in self._editable:
            return
        if self.viewer and not self.may_see(deal):
            # The message does not reveal that there is such a deal.
            raise Invalid(tell(Notice.KEY_UNUSABLE))
        if self.viewer and not access.may_edit(self.session, self.viewer, deal):
            raise Forbidden(tell(Notice.TEAM_ONLY))

    def require_writer(self) -> None:
        """Refuse members who can only read."""
        if self.viewer:
            viewer.require_writer(self.viewer)

    def require_role(self, *roles: Role) -> None:
        """Refuse members who have none of these roles."""
        if self.viewer:
            viewer.require_role(self.viewer, *roles)

    def require_edit_person(self, person: Person) -> None:
        """Refuse unless the importer can edit this person."""
        if self.viewer and not people.may_edit(self.session, self.viewer, person):
            raise Forbidden(tell(Notice.OWN_PROFILE))

    @cached_property
    def asset_ids(self) -> dict[str, int]:
        """The ids of all assets by plain name."""
        rows = self.session.exec(select(Asset.name, Asset.id).order_by(col(Asset.id).desc()))
        return {plain(name): row_id for name, row_id in rows}


def _key_or_none(text: str) -> str | None:
    try:
        return read_key(text)
    except Invalid:
        return None
