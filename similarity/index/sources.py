"""Reads from the record what documents are made of, and notices which ones a change touches."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from similarity.index.documents import (
    AssetText,
    DealText,
    Document,
    PersonText,
    asset_document,
    deal_document,
    person_document,
)
from workspace.accounts.accounts import Account
from workspace.accounts.industries import industry_name
from workspace.assets import Asset, AssetProduct
from workspace.database import batches
from workspace.deals.tables import Competitor, Deal, DealCompetitor, DealProduct, Product
from workspace.people.tables import Education, Employment, Person


class Kind(StrEnum):
    """What a document stands for."""

    DEAL = "deal"
    ASSET = "asset"
    PERSON = "person"


TABLES: dict[Kind, type[Deal] | type[Asset] | type[Person]] = {
    Kind.DEAL: Deal,
    Kind.ASSET: Asset,
    Kind.PERSON: Person,
}


def documents(session: Session, kind: Kind, ids: list[int]) -> Iterator[tuple[int, Document, bool]]:
    """The documents of these rows, those that exist: (id, document, confidential)."""
    for batch in batches(ids):
        if kind is Kind.DEAL:
            for row_id, text, confidential in deal_texts(session, batch):
                yield row_id, deal_document(text), confidential
        elif kind is Kind.ASSET:
            for row_id, asset in asset_texts(session, batch):
                yield row_id, asset_document(asset), False
        else:
            for row_id, person in person_texts(session, batch):
                yield row_id, person_document(person), False


def deal_texts(session: Session, ids: list[int]) -> Iterator[tuple[int, DealText, bool]]:
    """What is written on these deals, and whether each is confidential."""
    products = names_of(session, Product, DealProduct.product_id, DealProduct.deal_id, ids)
    competitors = names_of(
        session, Competitor, DealCompetitor.competitor_id, DealCompetitor.deal_id, ids
    )
    rows = session.execute(
        sa.select(
            col(Deal.id),
            col(Deal.name),
            col(Deal.use_case),
            col(Deal.notes),
            col(Deal.reason),
            col(Deal.confidential),
            col(Account.name),
            col(Account.description),
            col(Account.industry),
        )
        .outerjoin(Account, col(Account.id) == col(Deal.account_id))
        .where(col(Deal.id).in_(ids))
    )
    for row in rows:
        text = DealText(
            name=row[1],
            use_case=row[2],
            notes=row[3],
            reason=row[4],
            account=row[6] or "",
            account_description=row[7] or "",
            industry=industry_name(row[8]),
            products=products[row[0]],
            competitors=competitors[row[0]],
        )
        yield row[0], text, row[5]


def asset_texts(session: Session, ids: list[int]) -> Iterator[tuple[int, AssetText]]:
    """What is written on these assets."""
    products = names_of(session, Product, AssetProduct.product_id, AssetProduct.asset_id, ids)
    rows = session.exec(
        select(Asset.id, Asset.name, Asset.kind, Asset.summary).where(col(Asset.id).in_(ids))
    )
    for row_id, name, kind, summary in rows:
        yield row_id, AssetText(name, kind, summary, products[row_id])


def person_texts(session: Session, ids: list[int]) -> Iterator[tuple[int, PersonText]]:
    """What is written on these people."""
    employers: dict[int, list[str]] = defaultdict(list)
    jobs = select(Employment.person_id, Employment.organisation, Employment.title).where(
        col(Employment.person_id).in_(ids)
    )
    for person, organisation, title in session.exec(jobs.order_by(col(Employment.id))):
        employers[person].append(f"{title} {organisation}".strip())
    schools: dict[int, list[str]] = defaultdict(list)
    studies = select(Education.person_id, Education.institution, Education.field).where(
        col(Education.person_id).in_(ids)
    )
    for person, institution, subject in session.exec(studies.order_by(col(Education.id))):
        schools[person].append(f"{subject} {institution}".strip())
    rows = session.execute(
        sa.select(
            col(Person.id),
            col(Person.name),
            col(Person.title),
            col(Person.department),
            col(Person.skills),
            col(Person.about),
            col(Person.city),
            col(Person.home_town),
            col(Account.name),
        )
        .outerjoin(Account, col(Account.id) == col(Person.account_id))
        .where(col(Person.id).in_(ids))
    )
    for row in rows:
        text = PersonText(
            name=row[1],
            title=row[2],
            department=row[3],
            skills=row[4],
            about=row[5],
            employers=[row[8] or "", *employers[row[0]]],
            schools=schools[row[0]],
            place=f"{row[6]} {row[7]}".strip(),
        )
        yield row[0], text


def touched_by(changed: SQLModel) -> list[tuple[str, int]]:
    """What a changed row of the record says that documents must be looked at: (what, id)."""
    if isinstance(changed, Deal | Asset | Person | Account | Product | Competitor):
        return [(type(changed).__name__.lower(), changed.id)]
    if isinstance(changed, DealProduct | DealCompetitor):
        return [("deal", changed.deal_id)]
    if isinstance(changed, AssetProduct):
        return [("asset", changed.asset_id)]
    if isinstance(changed, Employment | Education):
        # One that was somebody else's until now is taken out of their document, too.
        before = sa.inspect(changed).attrs.person_id.history.deleted or ()
        return [("person", person) for person in (changed.person_id, *before)]
    return []


def affected(session: Session, touched: Iterable[tuple[str, int]]) -> dict[Kind, set[int]]:
    """The documents whose text may be another after these rows were touched."""
    by: dict[str, set[int]] = defaultdict(set)
    for what, row_id in touched:
        by[what].add(row_id)
    found = {kind: set(by[kind]) for kind in Kind}
    # What is written around a document: the account of a deal, the name of a product, …
    around: list[tuple[str, Kind, Any, Any]] = [
        ("account", Kind.DEAL, Deal.account_id, Deal.id),
        ("account", Kind.PERSON, Person.account_id, Person.id),
        ("product", Kind.DEAL, DealProduct.product_id, DealProduct.deal_id),
        ("product", Kind.ASSET, AssetProduct.product_id, AssetProduct.asset_id),
        ("competitor", Kind.DEAL, DealCompetitor.competitor_id, DealCompetitor.deal_id),
    ]
    for what, kind, belongs_to, subject in around:
        for batch in batches(by[what]):
            found[kind].update(session.exec(select(subject).where(col(belongs_to).in_(batch))))
    return found


def names_of(
    session: Session,
    table: type[Product] | type[Competitor],
    link: Any,
    subject: Any,
    ids: list[int],
) -> dict[int, list[str]]:
    """The names of the products or competitors linked to each of these subjects."""
    found: dict[int, list[str]] = defaultdict(list)
    for row_id, name in session.execute(_names(table, link, subject), {"ids": ids}):
        found[row_id].append(name)
    return found


@cache
def _names(table: type[Product] | type[Competitor], link: Any, subject: Any) -> Any:
    # Made once: making a statement takes longer than most of them run.
    columns: tuple[Any, ...] = (subject, table.name)
    return (
        sa.select(*columns)
        .join(table, col(table.id) == col(link))
        .where(col(subject).in_(sa.bindparam("ids", expanding=True)))
        .order_by(table.name)
    )
