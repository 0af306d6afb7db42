"""Kin: the past deals most like a deal, or like a sentence, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from similarity import scoring
from similarity.encoders.reranking import READ, readings
from similarity.index.catalog import Catalog
from similarity.index.collection import Collection
from similarity.index.documents import join
from similarity.index.sources import Kind
from similarity.inquiry import Inquiry, Ranked, Want, ask_of_deal, ask_of_text, rank, reasons
from similarity.retrieval import TextQuery, ask
from similarity.scoring import Term, Value, Weights
from similarity.snippets import NOTHING_WRITTEN, Span, snippet, surfaces, texts_of
from workspace.accounts.accounts import Account
from workspace.deals.filters import DealFilter
from workspace.deals.tables import Deal
from workspace.people.tables import Person
from workspace.people.viewer import Viewer

# Words shown as the reason of a match.
WORDS_SHOWN = 4
# Words marked in a snippet.
WORDS_MARKED = 8


@dataclass(frozen=True)
class Kin:
    """A past deal like the one in question, as pages and the command line show it."""

    id: int
    key: str
    name: str
    account: str
    account_key: str | None
    outcome: str
    amount: Decimal | None
    currency: str | None
    closed: date | None
    owner: str
    score: float
    band: str  # "strong", "fair" or "weak"
    terms: list[Term]  # The largest contribution first; they add up to the score.
    snippet: list[Span]
    difference: str  # One difference that matters; empty where there is none.
    liked: bool  # Somebody has said that it is like this deal.


def kin_of_deal(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    deal: Deal,
    *,
    filter: DealFilter | None = None,
    weights: Weights | None = None,
    limit: int = 10,
) -> list[Kin]:
    """The deals most like this one that the viewer may see, the most alike first.

    Deals that were judged not to be like this one are left out.
    """
    asked = ask_of_deal(session, viewer, catalog, deal, weights=weights)
    return kin_of(session, catalog, asked, filter=filter, limit=limit)


def kin_of_text(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    text: str,
    *,
    filter: DealFilter | None = None,
    weights: Weights | None = None,
    limit: int = 10,
) -> list[Kin]:
    """The deals most like what a text says that the viewer may see, the most alike first."""
    asked = ask_of_text(session, viewer, catalog, text, weights=weights)
    return kin_of(session, catalog, asked, filter=filter, limit=limit)


def kin_of(
    session: Session,
    catalog: Catalog,
    inquiry: Inquiry,
    *,
    filter: DealFilter | None = None,
    limit: int = 10,
) -> list[Kin]:
    """The kin that are asked for, as they are shown."""
    ranked = rank(session, catalog, inquiry, kin_wanted(catalog, limit, filter))
    return _present(
        session, catalog, inquiry, _read_again(session, catalog, inquiry, ranked)[:limit]
    )


def kin_wanted(catalog: Catalog, limit: int, filter: DealFilter | None = None) -> Want:
    """The ranking that kin are the first of: with a cross-encoder, as many as it reads again."""
    return Want(max(limit, READ) if catalog.reader else limit, filter)


def _read_again(
    session: Session, catalog: Catalog, inquiry: Inquiry, ranked: list[Ranked]
) -> list[Ranked]:
    """The same deals; where there is a cross-encoder, in the order that its term of the first
    READ makes."""
    if not catalog.reader:
        return ranked
    first = ranked[:READ]
    written = texts_of(session, Kind.DEAL, [each.id for each in first])
    nearest = [(written.get(each.id, NOTHING_WRITTEN), each.passage) for each in first]
    texts = [join([text.title, text.passage(number)]) for text, number in nearest]
    read = readings(catalog.reader, inquiry.question.text, texts, inquiry.weights)
    again = list(ranked)
    for row, (each, term) in enumerate(zip(first, read, strict=False)):
        terms = [*reasons(inquiry, each), term]
        again[row] = replace(
            each,
            score=scoring.score(terms),
            attainable=each.attainable + term.weight,
            reading=term,
        )
    again.sort(key=lambda each: (-each.score, each.id))
    return again


def _present(
    session: Session, catalog: Catalog, inquiry: Inquiry, ranked: Sequence[Ranked]
) -> list[Kin]:
    """Ranked deals with all that a reader sees of them."""
    question, weights = inquiry.question, inquiry.weights
    ids = [each.id for each in ranked]
    texts = texts_of(session, Kind.DEAL, ids)
    with catalog.searching(session, Kind.DEAL) as collection:
        asked = ask(collection, question.text, None, weights, catalog.encoder.languages)
        gains = {each: matched(collection, asked, each) for each in ids}
    rows = {row.id: row for row in session.execute(_display(ids))}
    found = []
    for each in ranked:
        row = rows[each.id]
        text = texts.get(each.id, NOTHING_WRITTEN)
        gain = gains[each.id]
        # A word of a name around the deal is not in its text, but always in the question.
        written = [text.whole, question.text]
        shown = surfaces(written, gain, text.language)[:WORDS_SHOWN]
        terms = reasons(inquiry, each)
        values = {term.name: Value(term.value, term.because) for term in terms}
        passage = text.passage(each.passage)
        if join([row.name]) == join([passage]):
            # Nothing is written but the name, which is shown anyway.
            passage = ""
        found.append(
            Kin(
                id=each.id,
                key=row.key,
                name=row.name,
                account=row.account or "No account yet",
                account_key=row.account_key,
                outcome=row.outcome,
                amount=row.amount,
                currency=row.currency,
                closed=row.closed,
                owner=row.owner or "",
                score=each.score,
                band=each.band,
                terms=[_with_words(term, shown) for term in terms],
                snippet=snippet(passage, gain[:WORDS_MARKED], text.language),
                difference=scoring.difference(question.facets, each.facets, values, weights),
                liked=each.id in question.liked,
            )
        )
    return found


def matched(collection: Collection, asked: TextQuery, document: int) -> list[str]:
    """The query's terms that a document has, those that gain most first."""
    query = asked.query.terms
    gain = collection.words.gain(document, query)
    return sorted(gain, key=lambda term: (-gain[term] * query[term], term))


def _with_words(term: Term, shown: list[str]) -> Term:
    if term.name != "words":
        return term
    because = f"words in common: {', '.join(shown)}" if shown else "no words in common"
    return Term(term.name, term.value, term.weight, because)


def _display(ids: list[int]) -> Any:
    owner = aliased(Person)
    return (
        sa.select(
            col(Deal.id),
            col(Deal.key),
            col(Deal.name),
            col(Deal.outcome),
            col(Deal.amount),
            col(Deal.currency),
            col(Deal.closed),
            col(Account.name).label("account"),
            col(Account.key).label("account_key"),
            col(owner.name).label("owner"),
        )
        .outerjoin(Account, col(Account.id) == col(Deal.account_id))
        .outerjoin(owner, col(owner.id) == col(Deal.owner_id))
        .where(col(Deal.id).in_(ids))
    )
