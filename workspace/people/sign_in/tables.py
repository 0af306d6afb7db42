"""The tables of signing in: sessions, attempts, known devices, and the rules that hold for all."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, LargeBinary
from sqlmodel import Field, SQLModel

from workspace.clock import now
from workspace.database import FOLLOWS, SECRET


class SignInSession(SQLModel, table=True):
    """A browser that is signed in. Only the hash of its secret is stored."""

    __table_args__ = {"info": {FOLLOWS: True}}

    token_hash: str = Field(
        primary_key=True, max_length=64, sa_column_kwargs={"info": {SECRET: True}}
    )
    # What its member calls it by when they end it from another browser.
    key: str = Field(unique=True, max_length=16)
    person_id: int = Field(foreign_key="person.id", index=True)
    created_at: datetime = Field(default_factory=now)
    # Noted every few minutes at most.
    last_used_at: datetime = Field(default_factory=now)
    # The end that no use delays.
    expires_at: datetime
    # The browser and system that it says it is, and the address that it signed in from.
    device: str = Field(default="", max_length=60)
    address: str = Field(default="", max_length=60)


class SignInAttempt(SQLModel, table=True):
    """An attempt to sign in, counted by account, device and network to slow guessing down."""

    __table_args__ = {"info": {FOLLOWS: True}}

    id: int = Field(default=None, primary_key=True)
    subject: str = Field(index=True, max_length=300)
    at: datetime = Field(default_factory=now)


class KnownDevice(SQLModel, table=True):
    """A browser in which a member has signed in before. Only the hash of its secret is stored."""

    __table_args__ = {"info": {FOLLOWS: True}}

    token_hash: str = Field(
        primary_key=True, max_length=64, sa_column_kwargs={"info": {SECRET: True}}
    )
    person_id: int = Field(foreign_key="person.id", index=True)
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime


class AddressChange(SQLModel, table=True):
    """A member's new e-mail address, until the link that was mailed there is used."""

    __table_args__ = {"info": {FOLLOWS: True}}

    person_id: int = Field(primary_key=True, foreign_key="member.person_id")
    token_hash: str = Field(unique=True, max_length=64, sa_column_kwargs={"info": {SECRET: True}})
    email: str = Field(max_length=254)
    expires_at: datetime


class TwoStepSecret(SQLModel, table=True):
    """The secret that a member's authenticator app shares, encrypted."""

    __table_args__ = {"info": {FOLLOWS: True}}

    person_id: int = Field(primary_key=True, foreign_key="member.person_id")
    secret: str = Field(max_length=300, sa_column_kwargs={"info": {SECRET: True}})
    # When a first code of it was entered; until then no code is asked for.
    confirmed_at: datetime | None = None
    # The time step of the last code that was taken, which is not taken again.
    last_step: int = 0


class RecoveryCode(SQLModel, table=True):
    """A code that takes the place of the app once. Only its hash is stored."""

    __table_args__ = {"info": {FOLLOWS: True}}

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="member.person_id", index=True)
    code_hash: str = Field(max_length=64, sa_column_kwargs={"info": {SECRET: True}})
    used_at: datetime | None = None


class PendingSignIn(SQLModel, table=True):
    """A browser in which a member has given their password, and not yet their code."""

    __table_args__ = {"info": {FOLLOWS: True}}

    token_hash: str = Field(
        primary_key=True, max_length=64, sa_column_kwargs={"info": {SECRET: True}}
    )
    person_id: int = Field(foreign_key="member.person_id", index=True)
    expires_at: datetime


class Passkey(SQLModel, table=True):
    """A key in a member's device or password manager, which signs them in; its public half."""

    __table_args__ = {"info": {FOLLOWS: True}}

    # What its member calls it by when they remove it.
    key: str = Field(primary_key=True, max_length=16)
    person_id: int = Field(foreign_key="member.person_id", index=True)
    name: str = Field(max_length=60)
    # SHA-256 of the id that the device gave it.
    credential_hash: str = Field(
        unique=True, max_length=64, sa_column_kwargs={"info": {SECRET: True}}
    )
    public_key: bytes = Field(sa_type=LargeBinary, sa_column_kwargs={"info": {SECRET: True}})
    # How often it was used, as the device counts; most devices leave it at zero.
    sign_count: int = Field(default=0, sa_type=BigInteger)
    created_at: datetime = Field(default_factory=now)
    last_used_at: datetime | None = None


class PasskeyChallenge(SQLModel, table=True):
    """A random number that a passkey has to sign, once. Only its hash is stored."""

    __table_args__ = {"info": {FOLLOWS: True}}

    token_hash: str = Field(
        primary_key=True, max_length=64, sa_column_kwargs={"info": {SECRET: True}}
    )
    # The member who adds a passkey; none for a sign-in.
    person_id: int | None = Field(default=None, foreign_key="member.person_id", index=True)
    expires_at: datetime


class MemberInvitation(SQLModel, table=True):
    """A member's link that waits to be used. Only the hash of its secret is stored."""

    __table_args__ = {"info": {SECRET: True}}

    person_id: int = Field(primary_key=True, foreign_key="member.person_id")
    token_hash: str = Field(unique=True, max_length=64)
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime


class IdentityProvider(SQLModel, table=True):
    """A provider of OpenID Connect, at which members sign in."""

    __table_args__ = {"info": {SECRET: True}}

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=40)
    name: str = Field(max_length=60)
    issuer: str = Field(max_length=300)
    client_id: str = Field(max_length=200)
    # Encrypted; empty for a client without one.
    secret: str = Field(default="", max_length=1000)
    groups_claim: str = Field(default="groups", max_length=60)
    # The role of each group; where there is none, roles are set in Dealkin.
    roles: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    # Whether a person without an account gets one.
    adds_members: bool = False
