"""Which account in the record a row of accounts, or a mention of a company, is about.

An account is known by its name, by the domain of its website, and by its name without legal form,
in any script. A domain is stronger than a name: two companies of one name have two domains.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workspace.accounts.accounts import Account
from workspace.accounts.company_names import company_keys, forms_differ
from workspace.errors import Invalid
from workspace.imports.cells import brief, quoted
from workspace.imports.messages import Notice, tell
from workspace.keys import plain
from workspace.people.addresses import is_company_domain


@dataclass(frozen=True)
class KnownAccount:
    """An account, as far as rows are compared with it."""

    id: int
    name: str
    domain: str | None
    country: str | None


@dataclass(frozen=True)
class Match:
    """The account that a row is about, or None, and an account that it may be as well."""

    account_id: int | None
    similar: KnownAccount | None = None


class KnownAccounts:
    """The accounts of the record by what they are known by, kept up to date by an import."""

    def __init__(self, accounts: Iterable[KnownAccount]) -> None:
        self._by_id: dict[int, KnownAccount] = {}
        self._by_name: dict[str, list[int]] = {}
        self._by_key: dict[str, list[int]] = {}
        self._by_domain: dict[str, list[int]] = {}
        # Domains of accounts that were merged into these.
        self._former_domains: set[tuple[int, str]] = set()
        for account in accounts:
            self.put(account)

    def put(self, account: KnownAccount) -> None:
        """Have lookups find an account by its present name and domain."""
        self._by_id[account.id] = account
        for index, key in self._places(account.name, account.domain):
            ids = index.setdefault(key, [])
            if account.id not in ids:
                ids.append(account.id)

    def put_former(self, account_id: int, name: str, domain: str | None) -> None:
        """Have lookups find an account by a name and a domain of one that was merged into it."""
        if account_id not in self._by_id:
            return
        if domain and is_company_domain(domain):
            self._former_domains.add((account_id, domain))
        for index, key in self._places(name, domain):
            # The present name of another account comes first.
            ids = index.setdefault(key, [])
            if account_id not in ids:
                ids.append(account_id)

    def _places(self, name: str, domain: str | None) -> Iterator[tuple[dict[str, list[int]], str]]:
        """The indexes and keys under which an account is found."""
        yield self._by_name, plain(name)
        for key in company_keys(name):
            if key:
                yield self._by_key, key
        if domain and is_company_domain(domain):
            yield self._by_domain, domain

    def renumber(self, before: int, account: Account) -> None:
        """Have lookups find an account by the id that it has now."""
        known = self._by_id.pop(before)
        for index, key in self._places(known.name, known.domain):
            index[key] = [account.id if row_id == before else row_id for row_id in index[key]]
        self.remember(account)

    def remember(self, account: Account) -> None:
        """The same for a row of the table."""
        self.put(KnownAccount(account.id, account.name, account.domain, account.country))

    def ids_named(self, name: str) -> set[int]:
        """The ids of the accounts that a name may mean, to fetch them together."""
        exact = self._by_name.get(plain(name), [])
        return set(exact) | {account.id for account in self._of_keys(name)}

    def mentioned(self, name: str) -> Match:
        """The account of a company's name; `Invalid` where it may be one of several."""
        if exact := self._by_name.get(plain(name)):
            return Match(exact[0])
        same = [account for account in self._of_keys(name) if not forms_differ(account.name, name)]
        if len(same) > 1:
            names = [quoted(account.name) for account in same[:3]]
            raise Invalid(tell(Notice.NAME_UNCLEAR, name=brief(name), names=names))
        others = self._of_keys(name)
        return Match(same[0].id) if same else Match(None, others[0] if others else None)

    def described(self, name: str, domain: str | None, country: str | None) -> Match:
        """The account that a row with these facts is about; `Invalid` where that is uncertain."""
        domain = domain if domain and is_company_domain(domain) else None
        of_domain = [self._by_id[row_id] for row_id in self._by_domain.get(domain or "", [])]
        of_domain = [account for account in of_domain if self._has_domain(account, domain)]
        if exact := self._by_name.get(plain(name)):
            return self._exact(self._by_id[exact[0]], domain, of_domain)
        if of_domain:
            return _one_of(name, "domain", _nearest(of_domain, name, country), of_domain)
        same = [
            account
            for account in self._of_keys(name)
            if not (domain and account.domain and is_company_domain(account.domain))
        ]
        near = [
            account
            for account in same
            if not _differ(account.country, country) and not forms_differ(account.name, name)
        ]
        return _one_of(name, "name", near, same)

    def _exact(
        self, account: KnownAccount, domain: str | None, of_domain: list[KnownAccount]
    ) -> Match:
        """An account of the very name, unless its domain shows that it is another company."""
        known = account.domain if account.domain and is_company_domain(account.domain) else None
        if domain and known and not self._has_domain(account, domain):
            other = next((other for other in of_domain if other.id != account.id), None)
            differ = {"name": brief(account.name), "known": known, "domain": domain}
            raise Invalid(
                tell(Notice.DOMAIN_OF_OTHER, **differ, other=brief(other.name))
                if other
                else tell(Notice.DOMAINS_DIFFER, **differ)
            )
        return Match(account.id)

    def _has_domain(self, account: KnownAccount, domain: str | None) -> bool:
        return account.domain == domain or (account.id, domain) in self._former_domains

    def _of_keys(self, name: str) -> list[KnownAccount]:
        ids = [row_id for key in company_keys(name) if key for row_id in self._by_key.get(key, [])]
        return [self._by_id[row_id] for row_id in dict.fromkeys(ids)]


def _nearest(accounts: list[KnownAccount], name: str, country: str | None) -> list[KnownAccount]:
    """Of the accounts of one domain, those of the row's country, and then of its name."""
    near = [account for account in accounts if not _differ(account.country, country)]
    for better in (
        [account for account in near if country and account.country == country],
        [account for account in near if set(company_keys(account.name)) & set(company_keys(name))],
        [account for account in near if not forms_differ(account.name, name)],
    ):
        if len(near) > 1 and better:
            near = [account for account in near if account in better]
    return near


def _one_of(name: str, what: str, near: list[KnownAccount], similar: list[KnownAccount]) -> Match:
    if len(near) > 1:
        names = [quoted(account.name) for account in near[:3]]
        raise Invalid(tell(Notice.NAME_UNCLEAR_BY, name=brief(name), names=names, what=what))
    if near:
        return Match(near[0].id)
    return Match(None, similar[0] if similar else None)


def _differ(one: str | None, other: str | None) -> bool:
    return bool(one and other and one != other)
