"""People: contacts at accounts, our own members, and the dated facts about both."""

from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any

import pycountry
import sqlalchemy as sa
from sqlalchemy import JSON
from sqlmodel import Field, Index, SQLModel

from workspace.clock import now
from workspace.database import FOLLOWS, RIGHTS, SECRET
from workspace.ids import uncounted_id
from workspace.value_lists import split_values


class Person(SQLModel, table=True):
    """Any human in the record. A contact is a person at an account; a member signs in."""

    __table_args__ = (
        Index(
            "uq_person_listed_email",
            "email",
            unique=True,
            sqlite_where=sa.text("listed"),
            postgresql_where=sa.text("listed"),
        ),
        Index("ix_person_email", "email"),
        # The order of the list of people.
        Index("ix_person_lower_name_id", sa.text("lower(name)"), "id"),
        # Few are unlisted, and every session looks for them.
        Index(
            "ix_person_unlisted",
            "id",
            sqlite_where=sa.text("listed IS 0"),
            postgresql_where=sa.text("listed IS false"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=80)
    name: str = Field(index=True, max_length=200)
    # Unique among people who are listed.
    email: str | None = Field(default=None, max_length=254)
    # The address of a profile on the web, normalised by `people.profile_address`.
    profile: str | None = Field(default=None, max_length=300, index=True)
    title: str = Field(default="", max_length=200)
    department: str = Field(default="", max_length=200)
    account_id: int | None = Field(
        default=None,
        foreign_key="account.id",
        index=True,
        sa_column_kwargs={"info": {RIGHTS: True}},
    )
    # Numbers as they are written, joined by `value_lists.join_values`.
    phone: str = Field(default="", max_length=200)
    # Where a contact gets post, with the number of the house; members have none.
    street: str = Field(default="", max_length=200)
    postcode: str = Field(default="", max_length=20)
    city: str = Field(default="", max_length=100)
    country: str | None = Field(default=None, max_length=2)
    region: str | None = Field(default=None, max_length=60)
    home_town: str = Field(default="", max_length=100)
    # Languages and skills are lists, joined by `value_lists.join_values`.
    languages: str = Field(default="", max_length=100)
    skills: str = ""
    about: str = ""
    # Whether everybody may know of them; who was added for a confidential deal is as hidden.
    listed: bool = Field(default=True, sa_column_kwargs={"info": {RIGHTS: True}})
    timezone: str = Field(default="", max_length=60)
    # Values of own fields, by key.
    own: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = Field(default_factory=now)


class Role(StrEnum):
    """What a member does in Dealkin. A member without a role can only read."""

    REP = "rep"
    MANAGER = "manager"
    EXPERT = "expert"
    MARKETER = "marketer"
    ADMIN = "admin"


class Member(SQLModel, table=True):
    """A person of ours who can sign in; without a password, only once they have one."""

    __table_args__ = {"info": {RIGHTS: True}}

    person_id: int = Field(primary_key=True, foreign_key="person.id")
    password_hash: str | None = Field(default=None, sa_column_kwargs={"info": {SECRET: True}})
    manager_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    active: bool = True
    # A service account: programs act for it by tokens, and nobody signs in as it.
    service: bool = False


class MemberRole(SQLModel, table=True):
    """One role of a member."""

    __table_args__ = {"info": {RIGHTS: True}}

    person_id: int = Field(primary_key=True, foreign_key="member.person_id")
    role: str = Field(primary_key=True, max_length=20)


class Employment(SQLModel, table=True):
    """A person's time at an organisation, which may be an account of ours."""

    id: int = uncounted_id()
    person_id: int = Field(foreign_key="person.id", index=True)
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    organisation: str = Field(max_length=200, index=True)
    title: str = Field(default="", max_length=200)
    department: str = Field(default="", max_length=200)
    start: date | None = None
    end: date | None = None
    source: str = Field(default="entered", max_length=100)


class Education(SQLModel, table=True):
    """A person's time at a school or university."""

    id: int = uncounted_id()
    person_id: int = Field(foreign_key="person.id", index=True)
    institution: str = Field(max_length=200, index=True)
    degree: str = Field(default="", max_length=200)
    field: str = Field(default="", max_length=200)
    start: date | None = None
    end: date | None = None
    source: str = Field(default="entered", max_length=100)


class Gathering(StrEnum):
    """What a membership is of."""

    ASSOCIATION = "association"
    BOARD = "board"
    EVENT = "event"


class Membership(SQLModel, table=True):
    """A person's time in an association or on a board, or their attendance of an event."""

    id: int = uncounted_id()
    person_id: int = Field(foreign_key="person.id", index=True)
    kind: str = Field(max_length=20)
    organisation: str = Field(max_length=200, index=True)
    # Their role there, such as chair or speaker.
    role: str = Field(default="", max_length=200)
    start: date | None = None
    end: date | None = None
    source: str = Field(default="entered", max_length=100)


def languages_of(person: Person) -> set[str]:
    """The languages that a person speaks, in small letters: mostly ISO 639-1 codes."""
    return {language.lower() for language in split_values(person.languages)}


@cache
def language_name(code: str) -> str:
    """The English name of a language, from its ISO 639-1 code."""
    language = pycountry.languages.get(alpha_2=code)
    return str(language.name) if language else code


class IdentityLink(SQLModel, table=True):
    """Whose account a person at a provider is."""

    __table_args__ = {"info": {FOLLOWS: True}}

    provider_id: int = Field(primary_key=True, foreign_key="identityprovider.id")
    subject: str = Field(primary_key=True, max_length=255)
    person_id: int = Field(foreign_key="member.person_id", index=True)


class SignInRules(SQLModel, table=True):
    """What an administrator has set for all sign-ins; one row, or none as long as nobody has."""

    id: int = Field(default=1, primary_key=True)
    idle_minutes: int = 120
    lifetime_hours: int = 12
    # The roles that need two-step verification, joined by `value_lists.join_values`.
    two_step_roles: str = Field(default="", max_length=200)
    takes_passwords: bool = True
