"""One box over the record: by name first, then by words, and by meaning where words say nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col, select

from similarity.calibration import nearness_floor
from similarity.entries import (
    entries_with,
    feedback_with,
    has_phrases,
    in_languages,
    phrases_in,
)
from similarity.index.catalog import Catalog
from similarity.index.sources import TABLES as TEXTS
from similarity.index.sources import Kind
from similarity.index.vectors import Vectors
from similarity.kin import WORDS_MARKED, matched_stems
from similarity.names.lookup import Closeness, NameMatch, find_names
from similarity.names.recorder import TABLES
from similarity.names.spelling import variants, words_of
from similarity.names.tables import Subject
from similarity.questions import about_text
from similarity.retrieval import ask, best, match, text_scores
from similarity.scoring import LEAST_WORDS, Weights
from similarity.sentences.denials import question_of
from similarity.snippets import NO_TEXT, Span, contents_of, snippet, texts_of
from workspace.accounts.accounts import Account
from workspace.accounts.industries import industry_name
from workspace.assets.assets import Asset
from workspace.clock import today
from workspace.database import fetch, select_row
from workspace.deals.access import hidden_deal_ids, visible_deals
from workspace.deals.discretion import hidden_from
from workspace.deals.tables import Deal
from workspace.people.field_rights import FieldGroup, readable_fields
from workspace.people.people import PersonSummary, select_people
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

# How many of the nearest by meaning are looked at, where no document has the words.
NEAREST = 20


class HitKind(StrEnum):
    """What was found, as results are grouped."""

    DEAL = "deal"
    ACCOUNT = "account"
    MEMBER = "member"
    CONTACT = "contact"
    ASSET = "asset"
    NOTE = "note"


@dataclass(frozen=True)
class Hit:
    """Something that was found."""

    id: int
    key: str
    name: str
    kind: HitKind
    subtitle: str
    snippet: list[Span] = field(default_factory=list)
    # Of a deal: how it stands, and its size.
    outcome: str = ""
    amount: Decimal | None = None
    currency: str | None = None
    # Of an asset that may not be offered: expired or withdrawn.
    state: str = ""
    # Of a note: where on its deal it was written, such as 'note:12' or 'next'.
    source: str = ""


@dataclass(frozen=True)
class SearchResults:
    """What was found of each kind, the best first."""

    # What has exactly this key, address or name.
    best: Hit | None = None
    deals: list[Hit] = field(default_factory=list)
    accounts: list[Hit] = field(default_factory=list)
    members: list[Hit] = field(default_factory=list)
    contacts: list[Hit] = field(default_factory=list)
    assets: list[Hit] = field(default_factory=list)
    notes: list[Hit] = field(default_factory=list)
    # What is near by meaning, where nothing has the words.
    near: list[Hit] = field(default_factory=list)

    def groups(self) -> list[list[Hit]]:
        """The hits by kind, those near by meaning aside."""
        return [self.deals, self.accounts, self.members, self.contacts, self.assets, self.notes]

    @property
    def count(self) -> int:
        """How many hits there are, those near by meaning aside."""
        return sum(map(len, self.groups()))


def search(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    text: str,
    *,
    limit: int = 10,
    unusable_assets: bool = False,
) -> SearchResults:
    """What a text names, then what has its words; the best match where a name is exact.

    `limit` is that of each kind. Expired and withdrawn assets are found where
    `unusable_assets` asks for them.
    """
    if not text.strip():
        return SearchResults()
    hidden = hidden_subjects(session, viewer)
    phrases = phrases_in(text)
    named = _named(session, viewer, text, limit, hidden)
    vector = about_text(catalog, text).vector
    said = question_of(text)
    read = {kind: _by_text(session, catalog, said, vector, kind, limit, hidden) for kind in TEXTS}
    by_kind: dict[Subject, list[Hit]] = {}
    for kind, matches in named.items():
        passages = read.get(Kind(kind), {}) if kind != Subject.ACCOUNT else {}
        ids = list(dict.fromkeys([*(match.subject_id for match in matches), *passages]))
        hits = hits_of_ids(session, viewer, kind, ids, unusable_assets)
        by_kind[kind] = [
            replace(hits[row_id], snippet=passages.get(row_id, []))
            for row_id in ids
            if row_id in hits and (row_id in passages or has_phrases(hits[row_id].name, phrases))
        ]
    people = by_kind[Subject.PERSON]
    results = SearchResults(
        best=_best(named, by_kind),
        deals=by_kind[Subject.DEAL][:limit],
        accounts=by_kind[Subject.ACCOUNT][:limit],
        members=[hit for hit in people if hit.kind == HitKind.MEMBER][:limit],
        contacts=[hit for hit in people if hit.kind == HitKind.CONTACT][:limit],
        assets=by_kind[Subject.ASSET][:limit],
        notes=_notes(session, viewer, catalog, said, list(read[Kind.DEAL]), limit),
    )
    floor = nearness_floor(catalog.encoder.model_id)
    if results.count or phrases or vector is None or floor is None:
        return results
    near = _near(session, viewer, catalog, text, vector, hidden, floor)
    return replace(results, near=near[:limit])


def typeahead(
    session: Session, viewer: Viewer, text: str, *, limit: int = 8, misspelt: bool = True
) -> list[Hit]:
    """What a text that is still being typed names, the nearest first, of all kinds together."""
    hidden = hidden_subjects(session, viewer)
    named = _named(session, viewer, text, limit, hidden)
    matches = [
        match
        for of_kind in named.values()
        for match in of_kind
        if misspelt or match.closeness < Closeness.MISSPELT
    ]
    hits = {
        kind: hits_of_ids(
            session, viewer, kind, [m.subject_id for m in matches if m.kind == kind], False
        )
        for kind in Subject
    }
    ordered = sorted(matches, key=lambda match: match.order)
    return [
        hits[match.kind][match.subject_id]
        for match in ordered
        if match.subject_id in hits[match.kind]
    ][:limit]


def hits_of_keys(
    session: Session, viewer: Viewer, kind: Subject, keys: Collection[str]
) -> list[Hit]:
    """The subjects of these keys, those that exist and that the viewer may see."""
    table = TABLES[kind]
    ids = list(session.scalars(sa.select(table.id).where(table.key.in_(keys)).order_by(table.id)))
    return list(hits_of_ids(session, viewer, kind, ids, True).values())


def _named(
    session: Session,
    viewer: Viewer,
    text: str,
    limit: int,
    hidden: Mapping[Subject, Collection[int]],
) -> dict[Subject, list[NameMatch]]:
    """What a text names, by kind; misspelt words only where no kind has them as they are."""
    named = {
        kind: find_names(session, text, kind, limit=limit, hidden=hidden[kind]) for kind in Subject
    }
    if FieldGroup.ADDRESSES not in readable_fields(session, viewer):
        named[Subject.PERSON] = _without_addresses(session, text, named[Subject.PERSON])
    if any(matches and matches[0].closeness < Closeness.MISSPELT for matches in named.values()):
        return {
            kind: [match for match in matches if match.closeness < Closeness.MISSPELT]
            for kind, matches in named.items()
        }
    return named


def _without_addresses(session: Session, text: str, matches: list[NameMatch]) -> list[NameMatch]:
    """The people whom a text names, of contacts only the ones with its words in their name."""
    typed = words_of(text)
    ids = [match.subject_id for match in matches]
    rows = select(Person.id, Person.name).where(
        col(Person.id).in_(ids), col(Person.id).not_in(select(Member.person_id))
    )
    contacts = dict(session.exec(rows).all())

    def named(match: NameMatch) -> bool:
        if match.subject_id not in contacts or match.closeness == Closeness.KEY:
            return True
        words = words_of(contacts[match.subject_id])
        return all(
            any(word.startswith(part) or variants(part) & variants(word) for word in words)
            for part in typed
        )

    return [match for match in matches if named(match)]


def hidden_subjects(session: Session, viewer: Viewer) -> Mapping[Subject, Collection[int]]:
    """What a viewer may not know of, by kind."""
    others = hidden_from(session, viewer)
    return {
        Subject.DEAL: hidden_deal_ids(session, viewer),
        Subject.ACCOUNT: others.accounts,
        Subject.PERSON: others.people,
        Subject.ASSET: (),
    }


def _best(named: dict[Subject, list[NameMatch]], by_kind: dict[Subject, list[Hit]]) -> Hit | None:
    """The hit of the exact name, address or key; a key before an address before a name."""
    shown = {(kind, hit.id): hit for kind, hits in by_kind.items() for hit in hits}
    exact = [
        match
        for matches in named.values()
        for match in matches
        if match.closeness.exact and (match.kind, match.subject_id) in shown
    ]
    first = min(exact, key=lambda match: match.closeness, default=None)
    return shown[first.kind, first.subject_id] if first else None


def _by_text(
    session: Session,
    catalog: Catalog,
    text: str,
    vector: Vectors | None,
    kind: Kind,
    limit: int,
    hidden: Mapping[Subject, Collection[int]],
) -> dict[int, list[Span]]:
    """The documents that have the words of a text, the best first, each with its passage."""
    unseen = np.array(sorted(hidden[Subject(kind)]), np.int64)
    with catalog.searching(session, kind) as collection:
        asked = ask(collection, text, vector, Weights(), catalog.encoder.languages)
        asked = in_languages(asked, text, collection.languages())
        matches = match(collection, asked, hidden=unseen)
        ranked = best(matches, text_scores(matches, asked.weights), len(matches.ids))
        rows = [row for row in ranked if matches.words[row] >= LEAST_WORDS]
        if phrases := phrases_in(text):
            ids = [matches.ids[row] for row in rows]
            having = {
                row_id
                for row_id, stored in texts_of(session, kind, ids).items()
                if any(has_phrases(part, phrases) for part in (stored.whole, *stored.passages))
            }
            rows = [row for row in rows if matches.ids[row] in having]
        rows = rows[:limit]
        words = [matched_stems(collection, asked, matches.ids[row]) for row in rows]
    texts = contents_of(session, catalog, kind, [matches.ids[row] for row in rows])
    passages = {}
    for row, marked in zip(rows, words, strict=True):
        written = texts.get(matches.ids[row], NO_TEXT)
        number = written.best_passage(matches.passages[row], marked)
        if written.source(number) and not written.has_hit(number, marked):
            # Only words are searched for: an entry without one of them says nothing here.
            number = 0
        passages[matches.ids[row]] = snippet(
            written.passage(number), marked[:WORDS_MARKED], written.language
        )
    return passages


def _notes(
    session: Session, viewer: Viewer, catalog: Catalog, text: str, deal_ids: list[int], limit: int
) -> list[Hit]:
    """What was written on these deals besides their descriptions, and feedback on any deal, that
    has the words of a text; those with most of them first."""
    entries = [
        *entries_with(session, text, deal_ids),
        *feedback_with(session, viewer, catalog, text, limit),
    ]
    entries.sort(key=lambda entry: -entry.common)
    ids = list({entry.deal_id for entry in entries})
    deals = {hit.id: hit for hit in _deal_hits(session, viewer, ids)} if entries else {}
    hits = [
        replace(deal, kind=HitKind.NOTE, snippet=entry.snippet, source=entry.source)
        for entry in entries
        if (deal := deals.get(entry.deal_id))
    ]
    return hits[:limit]


def _near(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    text: str,
    vector: Vectors,
    hidden: Mapping[Subject, Collection[int]],
    floor: float,
) -> list[Hit]:
    """What is near by meaning alone, the nearest first."""
    near: list[tuple[float, Hit]] = []
    for kind in TEXTS:
        unseen = np.array(sorted(hidden[Subject(kind)]), np.int64)
        with catalog.searching(session, kind) as collection:
            asked = ask(collection, text, vector, Weights(), catalog.encoder.languages)
            matches = match(collection, asked, hidden=unseen)
            rows = best(matches, matches.meaning, NEAREST)
        nearest = [matches.ids[row] for row in rows]
        cosines = {
            row_id: cosine
            for row_id, cosine in catalog.cosines(
                session, kind, nearest, vector, asked.language
            ).items()
            if cosine >= floor
        }
        hits = hits_of_ids(session, viewer, Subject(kind), list(cosines), False)
        near += [(cosines[row_id], hit) for row_id, hit in hits.items()]
    near.sort(key=lambda each: (-each[0], each[1].kind, each[1].id))
    return [hit for _, hit in near]


@dataclass(frozen=True)
class _DealRow:
    id: int
    key: str
    name: str
    outcome: str
    amount: Decimal | None
    currency: str | None
    account: str | None
    owner: str | None


@dataclass(frozen=True)
class _AccountRow:
    id: int
    key: str
    name: str
    industry: str | None
    relationship: str


@dataclass(frozen=True)
class _AssetRow:
    id: int
    key: str
    name: str
    kind: str
    withdrawn: bool
    expires: date | None


def hits_of_ids(
    session: Session, viewer: Viewer, kind: Subject, ids: Sequence[int], unusable_assets: bool
) -> dict[int, Hit]:
    """These subjects as they are shown, those that exist and that the viewer may see."""
    if not ids:
        return {}
    match kind:
        case Subject.DEAL:
            hits = _deal_hits(session, viewer, ids)
        case Subject.ACCOUNT:
            hits = _account_hits(session, ids)
        case Subject.PERSON:
            hits = _person_hits(session, ids)
        case Subject.ASSET:
            hits = [hit for hit in _asset_hits(session, ids) if unusable_assets or not hit.state]
    return {hit.id: hit for hit in hits}


def _deal_hits(session: Session, viewer: Viewer, ids: Sequence[int]) -> list[Hit]:
    query = (
        select_row(_DealRow, Deal, account=Account.name, owner=Person.name)
        .outerjoin(Account, col(Account.id) == col(Deal.account_id))
        .outerjoin(Person, col(Person.id) == col(Deal.owner_id))
        .where(col(Deal.id).in_(ids), visible_deals(viewer))
    )
    return [
        Hit(
            id=row.id,
            key=row.key,
            name=row.name,
            kind=HitKind.DEAL,
            subtitle=_line(row.account or "no account", row.owner),
            outcome=row.outcome,
            amount=row.amount,
            currency=row.currency,
        )
        for row in fetch(session, _DealRow, query)
    ]


def _account_hits(session: Session, ids: Sequence[int]) -> list[Hit]:
    query = select_row(_AccountRow, Account).where(col(Account.id).in_(ids))
    return [
        Hit(
            row.id,
            row.key,
            row.name,
            HitKind.ACCOUNT,
            _line(row.relationship.capitalize(), industry_name(row.industry)),
        )
        for row in fetch(session, _AccountRow, query)
    ]


def _person_hits(session: Session, ids: Sequence[int]) -> list[Hit]:
    query = select_people(PersonSummary).where(col(Person.id).in_(ids))
    return [
        Hit(
            row.id,
            row.key,
            row.name,
            HitKind.MEMBER if row.member else HitKind.CONTACT,
            ", ".join(filter(None, (row.title, row.account))),
        )
        for row in fetch(session, PersonSummary, query)
    ]


def _asset_hits(session: Session, ids: Sequence[int]) -> list[Hit]:
    query = select_row(_AssetRow, Asset).where(col(Asset.id).in_(ids))
    return [
        Hit(row.id, row.key, row.name, HitKind.ASSET, row.kind, state=_state(row))
        for row in fetch(session, _AssetRow, query)
    ]


def _state(asset: _AssetRow) -> str:
    if asset.withdrawn:
        return "withdrawn"
    return "expired" if asset.expires and asset.expires < today() else ""


def _line(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part)
