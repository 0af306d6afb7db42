"""Search over deals, assets and people."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col

from similarity import scoring
from similarity.index.catalog import Catalog
from similarity.index.sources import Kind
from similarity.inquiry import about_text
from similarity.kin import WORDS_MARKED, WORDS_SHOWN, Kin, kin_of_text, matched_stems
from similarity.retrieval import ask, best, match, text_scores
from similarity.scoring import Term, Value, Weights
from similarity.snippets import NO_TEXT, Span, snippet, surfaces, texts_of
from workspace.accounts.accounts import Account
from workspace.assets import Asset
from workspace.database import fetch, select_row
from workspace.people.tables import Person
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class Hit:
    """An asset or a person among the results."""

    id: int
    key: str
    name: str
    kind: str
    subtitle: str
    snippet: list[Span]
    band: str
    terms: list[Term]


@dataclass(frozen=True)
class _Label:
    """How the results name an asset or a person."""

    id: int
    key: str
    name: str
    subtitle: str


@dataclass(frozen=True)
class SearchResults:
    """The results of each kind, the best first."""

    deals: list[Kin]
    assets: list[Hit]
    people: list[Hit]


def search(
    session: Session, viewer: Viewer, catalog: Catalog, text: str, *, limit: int = 10
) -> SearchResults:
    """The best matches for a text among assets, people, and the deals that the viewer may see."""
    if not text.strip():
        return SearchResults([], [], [])
    return SearchResults(
        deals=kin_of_text(session, viewer, catalog, text, limit=limit),
        assets=_hits(session, catalog, text, Kind.ASSET, limit),
        people=_hits(session, catalog, text, Kind.PERSON, limit),
    )


def _hits(session: Session, catalog: Catalog, text: str, kind: Kind, limit: int) -> list[Hit]:
    question = about_text(catalog, text)
    with catalog.searching(session, kind) as collection:
        asked = ask(collection, text, question.vector, Weights(), catalog.encoder.languages)
        matches = match(collection, asked)
        rows = best(matches, text_scores(matches, asked.weights), limit)
        stems_of_rows = [matched_stems(collection, asked, matches.ids[row]) for row in rows]
    ids = [matches.ids[row] for row in rows]
    labels = _asset_labels(session, ids) if kind is Kind.ASSET else _person_labels(session, ids)
    texts = texts_of(session, kind, ids)
    hits = []
    for row, subject, stems in zip(rows, ids, stems_of_rows, strict=True):
        if subject not in labels:
            continue
        stored = texts.get(subject, NO_TEXT)
        words = ", ".join(surfaces([stored.whole, text], stems, stored.language)[:WORDS_SHOWN])
        words_because = f"words in common: {words}" if words else "none"
        terms = scoring.terms(
            {
                "meaning": Value(matches.meaning[row], "what it says is alike"),
                "words": Value(matches.words[row], words_because),
            },
            asked.weights,
        )
        label = labels[subject]
        hits.append(
            Hit(
                id=subject,
                key=label.key,
                name=label.name,
                kind=kind,
                subtitle=label.subtitle,
                snippet=snippet(
                    stored.passage(matches.passages[row]), stems[:WORDS_MARKED], stored.language
                ),
                band=scoring.band(terms),
                terms=terms,
            )
        )
    return hits


def _asset_labels(session: Session, ids: list[int]) -> dict[int, _Label]:
    query = select_row(
        _Label,
        id=col(Asset.id),
        key=col(Asset.key),
        name=col(Asset.name),
        subtitle=col(Asset.kind),
    ).where(col(Asset.id).in_(ids))
    return {label.id: label for label in fetch(session, _Label, query)}


def _person_labels(session: Session, ids: list[int]) -> dict[int, _Label]:
    rows = session.execute(
        sa.select(
            col(Person.id),
            col(Person.key),
            col(Person.name),
            col(Person.title),
            col(Account.name).label("account"),
        )
        .outerjoin(Account, col(Account.id) == col(Person.account_id))
        .where(col(Person.id).in_(ids))
    )
    return {
        row.id: _Label(row.id, row.key, row.name, ", ".join(filter(None, (row.title, row.account))))
        for row in rows
    }
