"""What a new workspace needs before it finds anything, and what it has of it."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col

from workspace.assets.assets import Asset
from workspace.deals.tables import Deal, Product
from workspace.people.tables import Member, Person


@dataclass(frozen=True)
class Step:
    """A kind of data: its name, the files that bring it, and whether there is some."""

    name: str
    files: str
    done: bool


def steps(session: Session) -> list[Step]:
    """The steps in a useful order; the viewer is a colleague, too, and alone is not enough."""
    contact = col(Person.id).not_in(sa.select(col(Member.person_id)))
    return [
        Step("Colleagues", "members, or an invitation", _has(session, Member, fewest=2)),
        Step("Products", "products, or deals with products", _has(session, Product)),
        Step("Deals", "deals of your CRM, with its accounts", _has(session, Deal)),
        Step("Contacts", "contacts of your CRM", _has(session, Person, contact)),
        Step("Assets", "demos, decks and case studies", _has(session, Asset)),
    ]


def _has(
    session: Session,
    table: type[SQLModel],
    *conditions: sa.ColumnElement[bool],
    fewest: int = 1,
) -> bool:
    """Whether a table has at least so many rows that fulfil the conditions."""
    query = sa.select(sa.literal(1)).select_from(table).where(*conditions).limit(fewest)
    return len(session.execute(query).all()) == fewest
