"""One box over deals, assets and people."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from similarity import scoring
from similarity.index.catalog import Catalog
from similarity.index.sources import Kind
from similarity.inquiry import about_text
from similarity.kin import WORDS_MARKED, WORDS_SHOWN, Kin, kin_of_text, matched
from similarity.retrieval import ask, best, match, text_scores
from similarity.scoring import Term, Value, Weights
from similarity.snippets import NOTHING_WRITTEN, Span, snippet, surfaces, texts_of
from workspace.accounts.accounts import Account
from workspace.assets import Asset
from workspace.people.tables import Person
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class Hit:
    """An asset or a person that was found."""

    id: int
    key: str
    name: str
    kind: str
    subtitle: str
    snippet: list[Span]
    band: str
    terms: list[Term]


@dataclass(frozen=True)
class SearchResults:
    """What was found of each kind, the best first."""

    deals: list[Kin]
    assets: list[Hit]
    people: list[Hit]


def search(
    session: Session, viewer: Viewer, catalog: Catalog, text: str, *, limit: int = 10
) -> SearchResults:
    """The deals that the viewer may see, the assets and the people that a text may mean."""
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
        found = match(collection, asked)
        rows = best(found, text_scores(found, asked.weights), limit)
        gains = [matched(collection, asked, found.ids[row]) for row in rows]
    ids = [found.ids[row] for row in rows]
    named = _assets(session, ids) if kind is Kind.ASSET else _people(session, ids)
    texts = texts_of(session, kind, ids)
    hits = []
    for row, subject, gain in zip(rows, ids, gains, strict=True):
        if subject not in named:
            continue
        written = texts.get(subject, NOTHING_WRITTEN)
        words = ", ".join(surfaces([written.whole, text], gain, written.language)[:WORDS_SHOWN])
        terms = scoring.terms(
            {
                "meaning": Value(found.meaning[row], "what it says is alike"),
                "words": Value(found.words[row], f"words in common: {words}" if words else "none"),
            },
            asked.weights,
        )
        key, name, subtitle = named[subject]
        hits.append(
            Hit(
                id=subject,
                key=key,
                name=name,
                kind=kind,
                subtitle=subtitle,
                snippet=snippet(
                    written.passage(found.passages[row]), gain[:WORDS_MARKED], written.language
                ),
                band=scoring.band(terms),
                terms=terms,
            )
        )
    return hits


def _assets(session: Session, ids: list[int]) -> dict[int, tuple[str, str, str]]:
    rows = session.exec(
        select(Asset.id, Asset.key, Asset.name, Asset.kind).where(col(Asset.id).in_(ids))
    )
    return {row_id: (key, name, kind) for row_id, key, name, kind in rows}


def _people(session: Session, ids: list[int]) -> dict[int, tuple[str, str, str]]:
    rows = session.execute(
        sa.select(
            col(Person.id), col(Person.key), col(Person.name), col(Person.title), col(Account.name)
        )
        .outerjoin(Account, col(Account.id) == col(Person.account_id))
        .where(col(Person.id).in_(ids))
    )
    return {
        row_id: (key, name, ", ".join(part for part in (title, account) if part))
        for row_id, key, name, title, account in rows
    }
