"""Identity providers: which there are, whose account a person there is, and with which roles."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlmodel import Session, col, delete, select

from workspace.audit import audit
from workspace.delivery.egress import require_address
from workspace.errors import Conflict, Invalid, NotFound
from workspace.keyring import Keyring
from workspace.people import members
from workspace.people.sign_in.openid import Identity, SignInRefused
from workspace.people.sign_in.rules import rules_of
from workspace.people.sign_in.tables import IdentityProvider
from workspace.people.tables import IdentityLink, Member, Person, Role


@dataclass(frozen=True)
class ProviderFacts:
    """What an administrator enters of a provider."""

    name: str
    issuer: str
    client_id: str
    groups_claim: str = "groups"
    # The role of each group; without any, roles are set in Dealkin.
    roles: Mapping[str, Role] = field(default_factory=dict)
    # Whether a person without an account gets one.
    adds_members: bool = False


def providers(session: Session) -> list[IdentityProvider]:
    """All providers by name."""
    return list(session.exec(select(IdentityProvider).order_by(col(IdentityProvider.name))))


def provider_of(session: Session, key: str) -> IdentityProvider:
    """The provider of that key."""
    row = session.exec(select(IdentityProvider).where(IdentityProvider.key == key)).first()
    if row is None:
        raise NotFound("There is no such identity provider.")
    return row


def save_provider(
    session: Session,
    keyring: Keyring,
    key: str | None,
    facts: ProviderFacts,
    secret: str | None,
    *,
    by: int | None,
) -> IdentityProvider:
    """Add a provider, or change the one of that key; without a secret it keeps the one it has."""
    require_address(facts.issuer, "issuer")
    row = provider_of(session, key) if key else None
    if row is None:
        row = IdentityProvider(key=_free_key(session, facts.name), name="", issuer="", client_id="")
    elif row.issuer != facts.issuer:
        # A subject is a person at its issuer only.
        session.exec(delete(IdentityLink).where(col(IdentityLink.provider_id) == row.id))
    row.name, row.issuer, row.client_id = facts.name, facts.issuer, facts.client_id
    row.groups_claim, row.adds_members = facts.groups_claim, facts.adds_members
    row.roles = {group: str(role) for group, role in facts.roles.items()}
    if secret:
        row.secret = keyring.encrypt(secret)
    session.add(row)
    session.flush()
    detail: dict[str, object] = {"issuer": row.issuer, "adds_members": row.adds_members}
    audit(session, by, "identity provider saved", f"identity provider {row.id}", detail)
    return row


def remove_provider(session: Session, key: str, *, by: int | None) -> None:
    """Remove a provider; refused for the last one while passwords are switched off."""
    row = provider_of(session, key)
    if not rules_of(session).takes_passwords and len(providers(session)) == 1:
        raise Conflict("Allow passwords first: nobody could sign in any more.")
    session.exec(delete(IdentityLink).where(col(IdentityLink.provider_id) == row.id))
    audit(session, by, "identity provider removed", f"identity provider {row.id}")
    session.delete(row)


def member_for(session: Session, provider: IdentityProvider, identity: Identity) -> Person:
    """The active member whom a provider has identified, with the roles of their groups.

    An identity is linked once, to the member with the address that the provider has verified.
    """
    link = session.get(IdentityLink, (provider.id, identity.subject))
    if link is None:
        person_id = _member_by_address(session, provider, identity)
        audit(
            session, person_id, "identity linked", f"person {person_id}", {"provider": provider.key}
        )
        link = IdentityLink(provider_id=provider.id, subject=identity.subject, person_id=person_id)
        session.add(link)
    member = members.locked_member(session, link.person_id)
    if not member.active:
        raise SignInRefused("Your access was ended. Ask your administrator.")
    # A provider that says nothing of groups takes no role away.
    if provider.roles and identity.groups is not None:
        _set_roles(session, provider, identity.groups, link.person_id)
    return session.get_one(Person, link.person_id)


def is_linked(session: Session, person_id: int) -> bool:
    """Whether a member has signed in through a provider before."""
    query = select(IdentityLink.subject).where(IdentityLink.person_id == person_id)
    return session.exec(query).first() is not None


def renew_secrets(session: Session, keyring: Keyring) -> int:
    """Encrypt the secrets of all providers with the first key; how many there are."""
    rows = [row for row in providers(session) if row.secret]
    for row in rows:
        row.secret = keyring.renew(row.secret)
        session.add(row)
    return len(rows)


def _member_by_address(session: Session, provider: IdentityProvider, identity: Identity) -> int:
    if not identity.email or not identity.is_verified:
        raise SignInRefused(f"{provider.name} has not verified your e-mail address.")
    person_id = members.active_member_id(session, identity.email)
    if person_id is not None:
        return person_id
    known = select(Person.id).join(Member, col(Member.person_id) == col(Person.id))
    if session.exec(known.where(Person.email == identity.email)).first() is not None:
        raise SignInRefused("Your access was ended. Ask your administrator.")
    if not provider.adds_members:
        raise SignInRefused(f"{identity.email} is no member. Ask your administrator.")
    name = identity.name or identity.email.partition("@")[0]
    try:
        return members.add_member(session, name, identity.email, []).id
    except (Conflict, Invalid):
        raise SignInRefused(f"{identity.email} cannot be added. Ask your administrator.") from None


def _set_roles(
    session: Session, provider: IdentityProvider, groups: Collection[str], person_id: int
) -> None:
    """Give a member the roles of their groups; the last administrator stays one."""
    wanted = {Role(role) for group, role in provider.roles.items() if group in groups}
    person = session.get_one(Person, person_id)
    if members.viewer(session, person_id, person.name).roles == wanted:
        return
    try:
        members.set_roles(session, person_id, wanted)
    except Conflict:
        members.set_roles(session, person_id, wanted | {Role.ADMIN})


def _free_key(session: Session, name: str) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:30] or "provider"
    # The page for a new provider has the address that this key would have.
    taken = {"new", *(row.key for row in providers(session))}
    numbers = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return next(key for key in (base, *numbers) if key not in taken)
