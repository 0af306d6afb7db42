"""Kin: the past deals that are most like a deal or a text, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from similarity import scoring
from similarity.encoders.reranking import READ, readings
from similarity.index.catalog import Catalog
from similarity.index.documents import join
from similarity.index.language import stems, with_content
from similarity.index.searchable import Searchable
from similarity.index.sources import Kind, names_of
from similarity.inquiry import Inquiry, Ranked, Want, rank, reasons
from similarity.retrieval import TextQuery, ask
from similarity.said import asked_of_feedback
from similarity.scoring import Term, Value
from similarity.snippets import (
    NO_TEXT,
    Span,
    StoredText,
    contents_of,
    snippet,
    surfaces,
    written_as_names,
)
from workspace.accounts.accounts import Account
from workspace.deals.filters import ALL_DEALS, CLOSED, DealFilter
from workspace.deals.tables import Deal, DealProduct, Outcome, Product
from workspace.people.tables import Person

# So many times the deals that are shown are ranked, because some are folded into others.
SPARE = 3
# Texts of at least so many words are near-identical where this share of their words is the same.
COPIED_WORDS, COPIED = 12, 0.9
NO_ACCOUNT = "No account yet"
# Words shown as the reason of a match.
WORDS_SHOWN = 4
# Words marked in a snippet.
WORDS_MARKED = 8


@dataclass(frozen=True)
class Kin:
    """A similar deal, as pages and the command line show it."""

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
    source: str  # Where the snippet was written, such as 'note:12'; empty for the description.
    difference: str  # One difference that matters; empty where there is none.
    liked: bool  # A member has judged it to be like this deal.
    same_account: bool  # It is of the account of the deal whose kin are shown.
    # Deals that are less alike, of the same account or with a near-identical text.
    folded: "tuple[FoldedKin, ...]"


@dataclass(frozen=True)
class FoldedKin:
    """A similar deal that is shown within the row of another."""

    key: str
    name: str
    outcome: str
    account: str


@dataclass(frozen=True)
class KinRow:
    """A ranked deal with the ranked deals that are folded into it."""

    deal: Ranked
    folded: list[Ranked]


def kin_of(
    session: Session,
    catalog: Catalog,
    inquiry: Inquiry,
    *,
    filter: DealFilter | None = None,
    limit: int = 10,
) -> list[Kin]:
    """The kin of an inquiry as they are offered: the nearest deals above the band 'weak'.

    Several deals of one account, and near-identical texts, are one row.
    """
    ranked = nearest_deals(session, catalog, inquiry, filter, limit)
    near = [deal for deal in ranked if deal.band != "weak"]
    ids = [deal.id for deal in near]
    of_deal = sa.select(col(Deal.id), col(Deal.account_id)).where(col(Deal.id).in_(ids))
    accounts = {row.id: row.account_id for row in session.execute(of_deal)}
    folded = _fold(near, accounts, contents_of(session, catalog, Kind.DEAL, ids), limit)
    return present(session, catalog, inquiry, folded)


def nearest_deals(
    session: Session, catalog: Catalog, inquiry: Inquiry, filter: DealFilter | None, limit: int
) -> list[Ranked]:
    """The nearest deals of an inquiry, however near; with a cross-encoder, in its order.

    They are more than `limit`, so that enough rows are left after folding.
    """
    ranked = rank(session, catalog, inquiry, kin_wanted(catalog, limit, filter))
    return _rerank(session, catalog, inquiry, ranked)


def past_and_running(filter: DealFilter = ALL_DEALS) -> tuple[DealFilter, DealFilter | None]:
    """The filter for past deals, and that for deals that are running now, beside them.

    A filter that names an outcome or a stage is for one list of deals, and there is no other.
    """
    if filter.outcome or filter.stage:
        return filter, None
    return replace(filter, outcome=CLOSED), replace(filter, outcome=Outcome.OPEN)


def kin_wanted(catalog: Catalog, limit: int, filter: DealFilter | None = None) -> Want:
    """The ranking that kin are taken from; with a cross-encoder, at least as many as it reads."""
    return Want(max(SPARE * limit, READ if catalog.reader else 0), filter)


def _rerank(
    session: Session, catalog: Catalog, inquiry: Inquiry, ranked: list[Ranked]
) -> list[Ranked]:
    """The same deals; with a cross-encoder, its term is added to the first READ of them."""
    if not catalog.reader:
        return ranked
    first = ranked[:READ]
    stored = contents_of(session, catalog, Kind.DEAL, [deal.id for deal in first])
    nearest = [(stored.get(deal.id, NO_TEXT), -1 if deal.said else deal.passage) for deal in first]
    texts = [join([text.title, text.passage(number)]) for text, number in nearest]
    read = readings(catalog.reader, inquiry.question.text, texts, inquiry.weights)
    reranked = list(ranked)
    for row, (deal, term) in enumerate(zip(first, read, strict=False)):
        terms = [*reasons(inquiry, deal), term]
        reranked[row] = replace(
            deal,
            score=scoring.score(terms),
            attainable=deal.attainable + term.weight,
            reading=term,
        )
    reranked.sort(key=lambda deal: (-deal.score, deal.id))
    return reranked


def _fold(
    ranked: Sequence[Ranked],
    accounts: Mapping[int, int | None],
    texts: Mapping[int, StoredText],
    limit: int,
) -> list[KinRow]:
    """At most `limit` rows, in the order of their best deals."""
    rows: list[KinRow] = []
    words = {deal_id: frozenset(text.whole.lower().split()) for deal_id, text in texts.items()}
    for deal in ranked:
        account, own = accounts[deal.id], words.get(deal.id, frozenset())
        for row in rows:
            same = account is not None and accounts[row.deal.id] == account
            if same or _copied(own, words.get(row.deal.id, frozenset())):
                row.folded.append(deal)
                break
        else:
            rows.append(KinRow(deal, []))
    return rows[:limit]


def _copied(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two texts, each as the set of its words, are near-identical."""
    if min(len(one), len(other)) < COPIED_WORDS:
        return False
    return len(one & other) >= COPIED * len(one | other)


def present(
    session: Session, catalog: Catalog, inquiry: Inquiry, shown: Sequence[KinRow]
) -> list[Kin]:
    """Ranked deals with everything that pages show of them."""
    question, weights = inquiry.question, inquiry.weights
    own_account = inquiry.deal.account_id if inquiry.deal else None
    ids = [row.deal.id for row in shown]
    texts = contents_of(session, catalog, Kind.DEAL, ids)
    said = {row.deal.id: row.deal.said for row in shown if row.deal.said}
    everything = [*ids, *(deal.id for row in shown for deal in row.folded)]
    rows = {row.id: row for row in session.execute(_display(everything))}
    with catalog.searching(session, Kind.DEAL) as collection:
        asked = ask(collection, question.text, None, weights, catalog.encoder.languages)
        stems_of = {deal_id: matched_stems(collection, asked, deal_id) for deal_id in ids}
        if said:
            asked = asked_of_feedback(session, catalog, question, weights, asked.language)
            with catalog.searching(session, Kind.FEEDBACK) as said_collection:
                for deal_id, feedback in said.items():
                    stems_of[deal_id] = matched_stems(said_collection, asked, feedback.row)
        rarity = {stem: collection.words.rarity(stem) for stem in set(chain(*stems_of.values()))}
    rows_said = {deal_id: feedback.row for deal_id, feedback in said.items()}
    feedback_texts = contents_of(session, catalog, Kind.FEEDBACK, list(rows_said.values()))
    texts |= {deal_id: feedback_texts.get(row, NO_TEXT) for deal_id, row in rows_said.items()}
    offered = names_of(session, Product, DealProduct.product_id, DealProduct.deal_id, ids)
    kin = []
    for each in shown:
        deal = each.deal
        row = rows[deal.id]
        text = texts.get(deal.id, NO_TEXT)
        shared = with_content(stems_of[deal.id], text.language)
        written = [text.whole, question.text]
        telling = telling_first(shared, offered[deal.id], written, text.language, rarity)
        # A word of a related name is not in the deal's own text, but it is in the question.
        words = surfaces(written, telling[: 2 * WORDS_SHOWN], text.language)[:WORDS_SHOWN]
        terms = reasons(inquiry, deal)
        values = {term.name: Value(term.value, term.because) for term in terms}
        number = text.best_passage(deal.passage, shared)
        passage = text.passage(number)
        if join([row.name]) == join([passage]):
            # The name is shown anyway.
            passage = ""
        kin.append(
            Kin(
                id=deal.id,
                key=row.key,
                name=row.name,
                account=row.account or NO_ACCOUNT,
                account_key=row.account_key,
                outcome=row.outcome,
                amount=row.amount,
                currency=row.currency,
                closed=row.closed,
                owner=row.owner or "",
                score=deal.score,
                band=deal.band,
                terms=[_with_words(term, words) for term in terms],
                snippet=snippet(passage, shared[:WORDS_MARKED], text.language),
                source=said[deal.id].source if deal.id in said else text.source(number),
                difference=scoring.difference(question.facets, deal.facets, values, weights),
                liked=deal.id in question.liked,
                same_account=own_account is not None and row.account_id == own_account,
                folded=tuple(_folded(rows[other.id]) for other in each.folded),
            )
        )
    return kin


def _folded(row: Any) -> FoldedKin:
    return FoldedKin(row.key, row.name, row.outcome, row.account or NO_ACCOUNT)


def matched_stems(collection: Searchable, asked: TextQuery, document: int) -> list[str]:
    """The query's terms that a document has, those that add most to its score first."""
    query = asked.query.terms
    gain = collection.words.gain(document, query)
    return sorted(gain, key=lambda term: (-gain[term] * query[term], term))


def telling_first(
    terms: Sequence[str],
    products: Sequence[str],
    texts: Sequence[str],
    language: str,
    rarity: Mapping[str, float],
) -> list[str]:
    """Stems in the order in which they are named as common words: those of products, then what
    these texts write as a name, then all others; the rarest of each first."""
    of_products = {stem for name in products for stem in stems(name, language)}
    of_names = written_as_names(texts, language)

    def order(stem: str) -> tuple[bool, bool, float]:
        return (stem not in of_products, stem not in of_names, -rarity[stem])

    return sorted(terms, key=order)


def _with_words(term: Term, words: list[str]) -> Term:
    if term.name != "words":
        return term
    because = f"both mention {', '.join(words)}" if words else "no common words"
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
            col(Deal.account_id),
            col(Account.name).label("account"),
            col(Account.key).label("account_key"),
            col(owner.name).label("owner"),
        )
        .outerjoin(Account, col(Account.id) == col(Deal.account_id))
        .outerjoin(owner, col(owner.id) == col(Deal.owner_id))
        .where(col(Deal.id).in_(ids))
    )
