"""Whose account a person at an identity provider is, and with which roles."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from oidc_provider_mock import User, run_server_in_thread
from sqlmodel import Session, select

from tests.world import World
from workspace.deals import leaving
from workspace.errors import Conflict
from workspace.keyring import Keyring
from workspace.people import members
from workspace.people.sign_in import openid, providers, rules
from workspace.people.sign_in.openid import Identity, SignInRefused
from workspace.people.sign_in.providers import ProviderFacts
from workspace.people.sign_in.tables import IdentityProvider
from workspace.people.tables import IdentityLink, Person, Role
from workspace.settings import Settings


def provider(session: Session, tmp_path: Path, **facts: object) -> IdentityProvider:
    entered = ProviderFacts("Corporate ID", "https://id.example", "dealkin", **facts)  # type: ignore[arg-type]
    keyring = Keyring(Settings(home=tmp_path))
    return providers.save_provider(session, keyring, None, entered, "the secret", by=None)


def identity(email: str, *groups: str, subject: str = "s-1", verified: bool = True) -> Identity:
    return Identity(subject, email, verified, "Some Name", frozenset(groups))


def test_should_link_an_account_by_its_verified_address_once(world: World, tmp_path: Path) -> None:
    with world.database.write() as session:
        corporate = provider(session, tmp_path)
        assert "the secret" not in corporate.secret
        with pytest.raises(SignInRefused, match="not verified"):
            providers.member_for(session, corporate, identity(world.email("alice"), verified=False))
        with pytest.raises(SignInRefused, match="no member"):
            providers.member_for(session, corporate, identity("nobody@dealkin.example"))
        alice = providers.member_for(session, corporate, identity(world.email("alice")))
        assert alice.id == world.people["alice"]
        # From now on the subject counts, and not an address that somebody else may get.
        again = providers.member_for(session, corporate, identity(world.email("bob")))
        assert again.id == alice.id
        assert len(session.exec(select(IdentityLink)).all()) == 1


def test_should_refuse_a_member_who_has_left(world: World, tmp_path: Path) -> None:
    with world.database.write() as session:
        corporate = provider(session, tmp_path, adds_members=True)
        providers.member_for(session, corporate, identity(world.email("bob"), subject="s-2"))
        for name in ("alice", "bob"):
            leaving.deactivate(session, world.people[name], by=None)
        for who in (identity(world.email("alice")), identity(world.email("bob"), subject="s-2")):
            with pytest.raises(SignInRefused, match="ended"):
                providers.member_for(session, corporate, who)


def test_should_give_the_roles_of_groups(world: World, tmp_path: Path) -> None:
    roles = {"sales": Role.REP, "sales leads": Role.MANAGER}
    with world.database.write() as session:
        corporate = provider(session, tmp_path, roles=roles, adds_members=True)

        def roles_after(
            *groups: str, email: str = "new@dealkin.example", subject: str = "n"
        ) -> set[Role]:
            person = providers.member_for(
                session, corporate, identity(email, *groups, subject=subject)
            )
            return set(members.viewer(session, person.id, person.name).roles)

        assert roles_after("sales", "others") == {Role.REP}
        assert roles_after("sales", "sales leads") == {Role.REP, Role.MANAGER}
        assert roles_after() == set()
        # The last administrator stays one.
        kept = roles_after("sales", email=world.email("grace"), subject="g")
        assert kept == {Role.REP, Role.ADMIN}
        added = session.exec(select(Person).where(Person.email == "new@dealkin.example")).one()
        assert added.name == "Some Name"


def test_should_take_no_role_away_where_a_provider_says_nothing_of_groups(
    world: World, tmp_path: Path
) -> None:
    silent = replace(identity(world.email("alice")), groups=None)
    with world.database.write() as session:
        corporate = provider(session, tmp_path, roles={"leads": Role.MANAGER})
        person = providers.member_for(session, corporate, silent)
        assert members.viewer(session, person.id, person.name).roles == {Role.REP}
        providers.member_for(session, corporate, identity(world.email("alice")))
        assert not members.viewer(session, person.id, person.name).roles


# The provider uses what its library is about to drop.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_should_ask_for_groups_that_the_token_lacks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = openid._claims

    def without_groups(*parts: Any) -> dict[str, Any]:
        return {name: said for name, said in whole(*parts).items() if name != "groups"}

    monkeypatch.setattr(openid, "_claims", without_groups)
    settings = Settings(home=tmp_path, internal_addresses="127.0.0.0/8, ::1/128")
    back = "https://dealkin.example/callback"
    said = {"email": "ada@dealkin.example", "email_verified": True, "groups": ["sales"]}
    with run_server_in_thread(user_claims=[User(sub="ada", claims=said)]) as server:
        issuer = f"http://localhost:{server.server_port}"
        asked = {"redirect_uris": [back]}
        client = httpx2.post(f"{issuer}/oauth2/clients", json=asked).json()

        def groups_with(roles: dict[str, str]) -> frozenset[str] | None:
            corporate = IdentityProvider(
                key="corporate",
                name="Corporate",
                issuer=issuer,
                client_id=client["client_id"],
                roles=roles,
            )
            address, flow = openid.begin(settings, corporate, back, "/")
            answer = httpx2.post(address, data={"sub": "ada"})
            code = httpx2.URL(answer.headers["location"]).params["code"]
            secret = client["client_secret"]
            return openid.finish(settings, corporate, secret, back, flow, code).groups

        assert groups_with({"sales": Role.REP}) == {"sales"}
        # Without roles from groups nothing more is asked.
        assert groups_with({}) is None


def test_should_forget_links_where_the_issuer_changes(world: World, tmp_path: Path) -> None:
    with world.database.write() as session:
        corporate = provider(session, tmp_path)
        providers.member_for(session, corporate, identity(world.email("alice")))
        other = ProviderFacts("Corporate ID", "https://other.example", "dealkin")
        keyring = Keyring(Settings(home=tmp_path))
        providers.save_provider(session, keyring, corporate.key, other, None, by=None)
        assert not providers.is_linked(session, world.people["alice"])
        assert keyring.decrypt(corporate.secret) == "the secret"
        rules.set_rules(session, idle_minutes=60, lifetime_hours=8, takes_passwords=False, by=None)
        with pytest.raises(Conflict):
            providers.remove_provider(session, corporate.key, by=None)
