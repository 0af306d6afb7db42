"""The sources of documents: reads their texts from the record, and knows what a change affects."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from similarity.index.documents import (
    MAX_ENTRIES,
    AssetText,
    DealText,
    Document,
    PersonText,
    Written,
    asset_document,
    deal_document,
    document,
    join,
    person_document,
)
from workspace.accounts.accounts import Account
from workspace.accounts.industries import industry_name
from workspace.assets.assets import Asset, AssetProduct
from workspace.assets.files import AssetFile
from workspace.database import batches
from workspace.deals.tables import (
    Competitor,
    Deal,
    DealCompetitor,
    DealProduct,
    Product,
    Stakeholder,
)
from workspace.own_fields.fields import FieldKind, FieldSubject, fields_of
from workspace.people.profile_privacy import HiddenField, ProfileField, is_hidden, is_shown
from workspace.people.tables import Education, Employment, Person
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import WRITTEN_KINDS, TimelineEntry


class Kind(StrEnum):
    """The kind of a document's subject."""

    DEAL = "deal"
    ASSET = "asset"
    PERSON = "person"
    # Feedback on a deal, which fewer members may read than the deal.
    FEEDBACK = "feedback"


TABLES: dict[Kind, type[Deal] | type[Asset] | type[Person]] = {
    Kind.DEAL: Deal,
    Kind.ASSET: Asset,
    Kind.PERSON: Person,
}


class Feedback(NamedTuple):
    """The deal that feedback is about, and its source as pages link to it."""

    deal_id: int
    source: str


@dataclass(frozen=True)
class FeedbackSource:
    """Where feedback on deals is kept: the package that keeps it hands this to the catalog."""

    # Every row of it has a document, empty while nothing is written.
    table: type[Any]
    # The texts of those of these rows that exist, by id.
    texts: Callable[[Session, Sequence[int]], Mapping[int, list[str]]]
    # The rows with a text that a viewer may read, by id.
    readable: Callable[[Session, Viewer], Mapping[int, Feedback]]


def documents(
    session: Session, kind: Kind, ids: list[int], feedback: FeedbackSource | None = None
) -> Iterator[tuple[int, Document, bool]]:
    """The documents of those rows that exist: (id, document, whether it is confidential)."""
    for batch in batches(ids):
        if kind is Kind.DEAL:
            entries = entries_of(session, batch)
            for row_id, text, confidential in deal_texts(session, batch):
                written = replace(text, entries=tuple(entries[row_id]))
                yield row_id, deal_document(written), confidential
        elif kind is Kind.ASSET:
            for row_id, asset in asset_texts(session, batch):
                yield row_id, asset_document(asset), False
        elif kind is Kind.FEEDBACK:
            texts = feedback.texts(session, batch) if feedback else {}
            for row_id, said in texts.items():
                yield row_id, document("", said), True
        else:
            for row_id, person, confidential in person_texts(session, batch):
                yield row_id, person_document(person), confidential


_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
# Built once, because building a statement takes longer than running it, and a save reads a
# document several times.
_DEALS: Any = (
    sa.select(
        col(Deal.id),
        col(Deal.name),
        col(Deal.use_case),
        col(Deal.notes),
        col(Deal.reason),
        col(Deal.confidential),
        col(Account.name).label("account"),
        col(Account.description),
        col(Account.own).label("account_own"),
        col(Account.industry),
    )
    .outerjoin(Account, col(Account.id) == col(Deal.account_id))
    .where(col(Deal.id).in_(_IDS))
)


def deal_texts(session: Session, ids: list[int]) -> Iterator[tuple[int, DealText, bool]]:
    """The texts of these deals: (id, texts, whether the deal is confidential)."""
    products = names_of(session, Product, DealProduct.product_id, DealProduct.deal_id, ids)
    competitors = names_of(
        session, Competitor, DealCompetitor.competitor_id, DealCompetitor.deal_id, ids
    )
    searched = searched_keys(session, FieldSubject.ACCOUNT)
    rows = session.execute(_DEALS, {"ids": ids})
    for row in rows:
        text = DealText(
            name=row.name,
            use_case=row.use_case,
            notes=row.notes,
            reason=row.reason,
            account=row.account or "",
            account_description=_with_own(row.description or "", row.account_own, searched),
            industry=industry_name(row.industry),
            products=products[row.id],
            competitors=competitors[row.id],
        )
        yield row.id, text, row.confidential


_NEXT_STEPS = sa.select(col(Deal.id), col(Deal.next_step)).where(
    col(Deal.id).in_(_IDS), col(Deal.next_step) != ""
)
_STAKEHOLDER_NOTES = (
    sa.select(col(Stakeholder.deal_id), col(Stakeholder.id), col(Stakeholder.note))
    .where(col(Stakeholder.deal_id).in_(_IDS), col(Stakeholder.note) != "")
    .order_by(col(Stakeholder.id))
)


def _newest_entries() -> sa.Select[Any]:
    place = sa.func.row_number().over(
        partition_by=col(TimelineEntry.deal_id),
        order_by=(col(TimelineEntry.at).desc(), col(TimelineEntry.id).desc()),
    )
    numbered = (
        sa.select(
            col(TimelineEntry.deal_id),
            col(TimelineEntry.id),
            col(TimelineEntry.kind),
            col(TimelineEntry.text),
            place.label("place"),
        )
        .where(
            col(TimelineEntry.deal_id).in_(_IDS),
            col(TimelineEntry.kind).in_(WRITTEN_KINDS),
            col(TimelineEntry.text) != "",
        )
        .subquery()
    )
    return (
        sa.select(numbered)
        .where(numbered.c.place <= MAX_ENTRIES)
        .order_by(numbered.c.deal_id, numbered.c.place)
    )


_NEWEST_ENTRIES = _newest_entries()


def entries_of(session: Session, ids: list[int]) -> dict[int, list[Written]]:
    """What was written on these deals besides their descriptions: the next step, stakeholders'
    notes, and the newest entries of the timeline.

    Everybody who sees a deal may read these. What fewer may read, such as guests' feedback, is a
    document of its own.
    """
    entries: dict[int, list[Written]] = defaultdict(list)
    for deal_id, text in session.execute(_NEXT_STEPS, {"ids": ids}):
        entries[deal_id].append(Written("next", text))
    if searched := searched_keys(session, FieldSubject.DEAL):
        values = sa.select(col(Deal.id), col(Deal.own)).where(col(Deal.id).in_(ids))
        for deal_id, own in session.execute(values):
            entries[deal_id] += [
                Written(f"own:{key}", str(own[key])) for key in searched if key in own
            ]
    for deal_id, row_id, text in session.execute(_STAKEHOLDER_NOTES, {"ids": ids}):
        entries[deal_id].append(Written(f"stakeholder:{row_id}", text))
    for deal_id, row_id, kind, text, _ in session.execute(_NEWEST_ENTRIES, {"ids": ids}):
        entries[deal_id].append(Written(f"{kind}:{row_id}", text))
    return entries


def searched_keys(session: Session, subject: FieldSubject) -> list[str]:
    """The keys of the own fields whose texts are searched: those that everybody may see."""
    return [
        field.key
        for field in fields_of(session, subject)
        if field.kind == FieldKind.TEXT and field.is_open
    ]


def _with_own(text: str, own: Mapping[str, Any] | None, searched: Sequence[str]) -> str:
    """A text, and those of own fields that are searched."""
    texts = [str(own[key]) for key in searched if key in own] if own else []
    return join([text, *texts]) if texts else text


def asset_texts(session: Session, ids: list[int]) -> Iterator[tuple[int, AssetText]]:
    """The texts of these assets, each with the asset's id."""
    products = names_of(session, Product, AssetProduct.product_id, AssetProduct.asset_id, ids)
    searched = searched_keys(session, FieldSubject.ASSET)
    newest = (
        sa.select(col(AssetFile.asset_id), sa.func.max(col(AssetFile.version)).label("version"))
        .where(col(AssetFile.asset_id).in_(ids))
        .group_by(col(AssetFile.asset_id))
        .subquery()
    )
    of_newest = sa.and_(
        col(AssetFile.asset_id) == newest.c.asset_id, col(AssetFile.version) == newest.c.version
    )
    files = sa.select(col(AssetFile.asset_id), col(AssetFile.text)).join(newest, of_newest)
    said: dict[int, str] = {row.asset_id: row.text for row in session.execute(files)}
    rows = session.execute(
        sa.select(
            col(Asset.id), col(Asset.name), col(Asset.kind), col(Asset.summary), col(Asset.own)
        ).where(col(Asset.id).in_(ids))
    )
    for row_id, name, kind, summary, own in rows:
        about = _with_own(summary, own, searched)
        yield row_id, AssetText(name, kind, about, products[row_id], said.get(row_id, ""))


def person_texts(session: Session, ids: list[int]) -> Iterator[tuple[int, PersonText, bool]]:
    """The texts of these people: (id, texts, whether only viewers of a deal know of them)."""
    searched = searched_keys(session, FieldSubject.PERSON)
    employers: dict[int, list[str]] = defaultdict(list)
    jobs = select(Employment.person_id, Employment.organisation, Employment.title).where(
        col(Employment.person_id).in_(ids), is_shown(Employment)
    )
    for person, organisation, title in session.exec(jobs.order_by(col(Employment.id))):
        employers[person].append(f"{title} {organisation}".strip())
    schools: dict[int, list[str]] = defaultdict(list)
    studies = select(Education.person_id, Education.institution, Education.field).where(
        col(Education.person_id).in_(ids), is_shown(Education)
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
            _unless_hidden(Person.about, ProfileField.ABOUT),
            col(Person.city),
            _unless_hidden(Person.home_town, ProfileField.HOME_TOWN),
            col(Person.listed),
            col(Person.own),
            col(Account.name).label("account"),
        )
        .outerjoin(Account, col(Account.id) == col(Person.account_id))
        .where(col(Person.id).in_(ids))
    )
    for row in rows:
        text = PersonText(
            name=row.name,
            title=row.title,
            department=row.department,
            skills=row.skills,
            about=_with_own(row.about, row.own, searched),
            employers=[row.account or "", *employers[row.id]],
            schools=schools[row.id],
            place=f"{row.city} {row.home_town}".strip(),
        )
        yield row.id, text, not row.listed


def _unless_hidden(column: Any, name: ProfileField) -> sa.ColumnElement[str]:
    """A column of a person, empty where they keep it from colleagues."""
    return sa.case((is_hidden(col(Person.id), name), ""), else_=column).label(name)


def touched_by(row: SQLModel) -> list[tuple[str, int]]:
    """What documents depend on and a changed row touches: (table, id); empty for other rows."""
    if isinstance(row, Deal | Asset | Person | Account | Product | Competitor):
        return [(type(row).__name__.lower(), row.id)]
    if isinstance(row, DealProduct | DealCompetitor | Stakeholder):
        return [("deal", row.deal_id)]
    if isinstance(row, TimelineEntry):
        return [("deal", row.deal_id)] if row.kind in WRITTEN_KINDS else []
    if isinstance(row, AssetProduct | AssetFile):
        return [("asset", row.asset_id)]
    if isinstance(row, HiddenField):
        return [("person", row.person_id)]
    if isinstance(row, Employment | Education):
        # A row that moves to another person changes the document of the previous one, too.
        before = sa.inspect(row).attrs.person_id.history.deleted or ()
        return [("person", person) for person in (row.person_id, *before)]
    return []


def affected(session: Session, touched: Iterable[tuple[str, int]]) -> dict[Kind, set[int]]:
    """The subjects whose documents may change because these rows were touched."""
    ids_by_table: dict[str, set[int]] = defaultdict(set)
    for table, row_id in touched:
        ids_by_table[table].add(row_id)
    subjects = {kind: set(ids_by_table[kind]) for kind in Kind}
    # The table of a related name, and by which columns its rows lead to subjects.
    related: list[tuple[str, Kind, Any, Any]] = [
        ("account", Kind.DEAL, Deal.account_id, Deal.id),
        ("account", Kind.PERSON, Person.account_id, Person.id),
        ("product", Kind.DEAL, DealProduct.product_id, DealProduct.deal_id),
        ("product", Kind.ASSET, AssetProduct.product_id, AssetProduct.asset_id),
        ("competitor", Kind.DEAL, DealCompetitor.competitor_id, DealCompetitor.deal_id),
    ]
    for table, kind, belongs_to, subject in related:
        for batch in batches(ids_by_table[table]):
            query = select(subject).where(col(belongs_to).in_(batch))
            subjects[kind].update(session.exec(query))
    return subjects


def names_of(
    session: Session,
    table: type[Product] | type[Competitor],
    link: Any,
    subject: Any,
    ids: list[int],
) -> dict[int, list[str]]:
    """The names of the products or competitors linked to each of these subjects."""
    names: dict[int, list[str]] = defaultdict(list)
    for subject_id, name in session.execute(_names_query(table, link, subject), {"ids": ids}):
        names[subject_id].append(name)
    return names


@cache
def _names_query(table: type[Product] | type[Competitor], link: Any, subject: Any) -> Any:
    # Cached, because building the statement takes longer than running it.
    columns: tuple[Any, ...] = (subject, table.name)
    return (
        sa.select(*columns)
        .join(table, col(table.id) == col(link))
        .where(col(subject).in_(sa.bindparam("ids", expanding=True)))
        .order_by(table.name)
    )
