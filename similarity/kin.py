"""Kin: the past deals most like a deal, or like a sentence, and why."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from similarity import ranking
from similarity.catalog import Catalog, Document, Passage
from similarity.collection import POOL, Collection
from similarity.documents import Part, join
from similarity.embeddings import ModelUnavailable
from similarity.facets import facets, sought
from similarity.feedback import Verdict, judgements
from similarity.index import Vectors
from similarity.language import stems
from similarity.learned import weights_in_use
from similarity.ranking import Facets, Term, Value, Weights
from similarity.reranking import READ, readings
from similarity.retrieval import Matches, TextQuery, ask, match
from similarity.texts import Kind, batches, deal_texts
from workspace.access import Viewer, hidden_deal_ids, visible_deals
from workspace.accounts import Account
from workspace.clock import today
from workspace.deals import Deal
from workspace.people import Person
from workspace.pipeline import DealFilter

# Estimated scores that differ by less may be equal.
ROUNDING = 1e-9
# Words shown as the reason of a match.
WORDS_SHOWN = 4
# Words marked in a snippet.
WORDS_MARKED = 8


@dataclass(frozen=True)
class Piece:
    """A stretch of a snippet; `hit` where it is one of the words that matched."""

    text: str
    hit: bool


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
    snippet: list[Piece]
    difference: str  # One difference that matters; empty where there is none.
    liked: bool  # Somebody has said that it is like this deal.


@dataclass(frozen=True)
class Question:
    """What kin are asked for: a deal's text and facets, or a sentence's text alone."""

    text: str
    # The raw vector of the text; None where no model could read it.
    vector: Vectors | None
    facets: Facets
    excluded: frozenset[int] = frozenset()
    liked: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Ranked:
    """A deal with its place in the order: what playbook and experts build on."""

    id: int
    score: float
    band: str
    terms: list[Term]
    facets: Facets
    outcome: str
    # The number of the passage that is nearest; -1 where there is only the whole.
    passage: int


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
    question = about_deal(session, catalog, deal)
    weights = weights or weights_in_use(session)
    ranked = _read_again(session, viewer, catalog, question, filter, weights, limit)
    return _present(session, catalog, question, ranked, weights)


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
    question = about_text(catalog, text)
    weights = weights or weights_in_use(session)
    ranked = _read_again(session, viewer, catalog, question, filter, weights, limit)
    return _present(session, catalog, question, ranked, weights)


def about_deal(session: Session, catalog: Catalog, deal: Deal) -> Question:
    """The question that a deal puts: its prose, its facets, and what was said of its kin."""
    _, text, _ = next(deal_texts(session, [deal.id]))
    said = judgements(session, deal.id)
    unlike = {kin for kin, row in said.items() if row.verdict == Verdict.UNLIKE}
    return Question(
        text=text.prose,
        vector=catalog.whole_vector(session, Kind.DEAL, deal.id),
        facets=facets(session, [deal.id])[deal.id],
        excluded=frozenset({deal.id, *unlike}),
        liked=frozenset(said.keys() - unlike),
    )


def about_text(catalog: Catalog, text: str) -> Question:
    """The question that a text puts. Without a model its words alone are asked for."""
    try:
        return Question(text, catalog.encoder.encode([text])[0], Facets())
    except ModelUnavailable:
        return Question(text, None, Facets())


def rank(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    question: Question,
    *,
    filter: DealFilter | None = None,
    weights: Weights,
    limit: int,
    pool: int = POOL,
) -> list[Ranked]:
    """The best deals for a question, out of those that the viewer and the filter allow."""
    wanted = sought(session, filter) if filter else None
    unwanted = {*hidden_deal_ids(session, viewer), *question.excluded}
    shared = _shared_secrets(session, viewer)
    on = today()
    with catalog.searching(session, Kind.DEAL) as collection:
        asked = ask(collection, question.text, question.vector, weights, catalog.encoder.languages)
        # The collection may be newer than the session: what is confidential by now is hidden,
        # too, unless the session knows that the viewer may see it.
        secret = set(collection.confidential().tolist())
        hidden = np.array(sorted(unwanted | (secret - shared)), np.int64)
        allowed = collection.facets.matching(wanted) if wanted else None
        found = match(
            collection,
            asked,
            hidden=hidden,
            allowed=allowed,
            sharing=question.facets,
            pool=pool,
        )
        values = collection.facets.values(question.facets, np.array(found.ids, np.int64), on)
    values |= {"meaning": np.array(found.meaning), "words": np.array(found.words)}
    weight = asked.weights.items()
    estimate = sum((weight[name] * each for name, each in values.items()), np.zeros(len(found.ids)))
    ranked: list[Ranked] = []
    for rows in _best_first(estimate, limit):
        ranked += _judged(session, viewer, filter, question, asked, found, rows, on)
        if len(ranked) >= limit:
            break
    # The id makes the order of equal scores the same every time.
    ranked.sort(key=lambda each: (-each.score, each.id))
    return ranked[:limit]


def _read_again(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    question: Question,
    filter: DealFilter | None,
    weights: Weights,
    limit: int,
) -> list[Ranked]:
    """The best deals for a question; where there is a cross-encoder, with its term of the first
    READ, however few are asked for."""
    many = max(limit, READ) if catalog.reader else limit
    ranked = rank(session, viewer, catalog, question, filter=filter, weights=weights, limit=many)
    if not catalog.reader:
        return ranked
    first = ranked[:READ]
    written = texts_of(session, Kind.DEAL, [each.id for each in first])
    nearest = [(written.get(each.id, NOTHING_WRITTEN), each.passage) for each in first]
    texts = [join([text.title, text.passage(number)]) for text, number in nearest]
    for row, term in enumerate(readings(catalog.reader, question.text, texts, weights)):
        terms = sorted([*ranked[row].terms, term], key=lambda term: -term.contribution)
        score, band = ranking.score(terms), ranking.band(terms)
        ranked[row] = replace(ranked[row], terms=terms, score=score, band=band)
    ranked.sort(key=lambda each: (-each.score, each.id))
    return ranked[:limit]


def _best_first(estimate: NDArray[np.float64], count: int) -> Iterator[list[int]]:
    """The rows by their estimated scores: at least `count` at a time, and with each row all
    that are estimated the same but for rounding."""
    order = np.argsort(-estimate)
    taken = 0
    while taken < len(order):
        last = estimate[order[min(taken + count, len(order)) - 1]]
        end = int(np.count_nonzero(estimate >= last - ROUNDING))
        yield order[taken:end].tolist()
        taken = end


def _judged(
    session: Session,
    viewer: Viewer,
    filter: DealFilter | None,
    question: Question,
    asked: TextQuery,
    found: Matches,
    rows: Sequence[int],
    on: date,
) -> Iterator[Ranked]:
    """Those of the matches in these rows that may be shown, by what the record says of them."""
    visible = _visible(session, viewer, filter, [found.ids[row] for row in rows])
    known = facets(session, visible)
    for row in rows:
        deal_id = found.ids[row]
        if deal_id not in visible:
            continue
        values = ranking.compare(question.facets, known[deal_id], on)
        values["meaning"] = Value(found.meaning[row], "what they say is alike")
        values["words"] = Value(found.words[row], "words in common")
        terms = ranking.terms(values, asked.weights)
        yield Ranked(
            id=deal_id,
            score=ranking.score(terms),
            band=ranking.band(terms),
            terms=terms,
            facets=known[deal_id],
            outcome=visible[deal_id],
            passage=found.passages[row],
        )


def snippet(passage: str, hits: Container[str], language: str, width: int = 40) -> list[Piece]:
    """At most `width` words of a passage, where most of the hits (stems) are, with hits marked."""
    words = passage.split()
    marked = [any(stem in hits for stem in stems(word, language)) for word in words]
    totals = np.concatenate([[0], np.cumsum(marked)])
    starts = range(max(1, len(words) - width + 1))
    start = max(starts, key=lambda at: totals[min(at + width, len(words))] - totals[at])
    end = min(start + width, len(words))
    pieces: list[Piece] = [Piece("… ", False)] if start else []
    for word, hit in zip(words[start:end], marked[start:end], strict=True):
        pieces.append(Piece(word, hit))
        pieces.append(Piece(" ", False))
    if end < len(words):
        pieces.append(Piece("…", False))
    return _merged(pieces[:-1] if pieces and pieces[-1].text == " " else pieces)


def surfaces(texts: Iterable[str], wanted: Iterable[str], language: str) -> list[str]:
    """How the wanted stems are written in the first of these texts that has them, in the order
    wanted."""
    written = dict.fromkeys(wanted, "")
    missing = set(written)
    for word in (found[0] for text in texts for found in re.finditer(r"\w+", text)):
        if not missing:
            break
        for stem in missing.intersection(stems(word, language)):
            written[stem] = word if word[1:] != word[1:].lower() else word.lower()
            missing.remove(stem)
    return list(dict.fromkeys(surface or stem for stem, surface in written.items()))


def _present(
    session: Session,
    catalog: Catalog,
    question: Question,
    ranked: Sequence[Ranked],
    weights: Weights,
) -> list[Kin]:
    """Ranked deals with all that a reader sees of them."""
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
        values = {term.name: Value(term.value, term.because) for term in each.terms}
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
                terms=[_with_words(term, shown) for term in each.terms],
                snippet=snippet(passage, gain[:WORDS_MARKED], text.language),
                difference=ranking.difference(question.facets, each.facets, values, weights),
                liked=each.id in question.liked,
            )
        )
    return found


@dataclass(frozen=True)
class Written:
    """The stored text of a document."""

    language: str
    whole: str
    title: str = ""
    passages: tuple[str, ...] = ()

    def passage(self, number: int) -> str:
        """A passage by its number; where it has none, the whole without its title."""
        if 0 <= number < len(self.passages):
            return self.passages[number]
        return self.whole.removeprefix(join([self.title])).strip()


NOTHING_WRITTEN = Written("en", "")


def texts_of(session: Session, kind: Kind, ids: list[int]) -> dict[int, Written]:
    """The stored texts of these subjects' documents."""
    found: dict[int, Written] = {}
    rows = session.execute(
        sa.select(
            col(Document.subject_id), col(Document.language), col(Passage.part), col(Passage.text)
        )
        .join(Passage, col(Passage.document_id) == col(Document.id))
        .where(col(Document.kind) == kind, col(Document.subject_id).in_(ids))
        .order_by(col(Document.id), col(Passage.position))
    )
    for subject, language, part, text in rows:
        if part == Part.WHOLE:
            found[subject] = Written(language, text)
        elif part == Part.TITLE:
            found[subject] = replace(found[subject], title=text)
        else:
            known = found[subject]
            found[subject] = replace(known, passages=(*known.passages, text))
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


def _merged(pieces: Iterable[Piece]) -> list[Piece]:
    found: list[Piece] = []
    for piece in pieces:
        if found and found[-1].hit == piece.hit:
            found[-1] = Piece(found[-1].text + piece.text, piece.hit)
        else:
            found.append(piece)
    return found


def _visible(
    session: Session, viewer: Viewer, filter: DealFilter | None, ids: list[int]
) -> dict[int, str]:
    """Those of the candidates that the viewer may see and the filter leaves, by the database's
    word, with outcomes."""
    found: dict[int, str] = {}
    for batch in batches(ids):
        seen = select(Deal.id, Deal.outcome).where(
            col(Deal.id).in_(batch), visible_deals(viewer), *(filter.where() if filter else ())
        )
        found.update(session.exec(seen).all())
    return found


def _shared_secrets(session: Session, viewer: Viewer) -> set[int]:
    """The confidential deals that the viewer may see."""
    seen = select(Deal.id).where(col(Deal.confidential).is_(True), visible_deals(viewer))
    return set(session.exec(seen))


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
