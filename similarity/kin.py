"""Kin: the past deals most like a deal, or like a sentence, and why."""

import itertools
import math
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
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
from similarity.collection import POOL, Collection, Scope
from similarity.documents import Part, join
from similarity.embeddings import ModelUnavailable
from similarity.facets import Facts, facets, facts, sought
from similarity.feedback import Verdict, judgements
from similarity.index import Vectors
from similarity.language import stems
from similarity.learned import weights_in_use
from similarity.ranking import Facets, Term, Value, Weights
from similarity.reranking import READ, readings
from similarity.retrieval import Matches, TextQuery, ask, match_each
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
class Want:
    """A ranking that is wanted: how many of the best, out of what a filter leaves."""

    limit: int
    filter: DealFilter | None = None
    pool: int = POOL


@dataclass(frozen=True)
class Inquiry:
    """A question, who asks it, and what was found out for it so far.

    The parts of a page share one, so that none looks up again what another has. It holds for
    one session, as the record may be another one for the next.
    """

    question: Question
    viewer: Viewer
    weights: Weights
    # The deal that asks; None where it is a text.
    deal: Deal | None
    # Confidential deals: those that the viewer may not see, and those that they may.
    hidden: frozenset[int]
    shared: frozenset[int]
    on: date
    # What the record says of deals that were looked at; None of those that may not be seen.
    records: dict[int, Facts | None] = field(default_factory=dict)
    # How far those agree in their facets.
    agreements: dict[int, dict[str, float]] = field(default_factory=dict)
    rankings: dict[Want, "list[Ranked]"] = field(default_factory=dict)


@dataclass(frozen=True)
class Ranked:
    """A deal with its place in the order: what playbook and experts build on."""

    id: int
    score: float
    # The most that the score could be.
    attainable: float
    facets: Facets
    outcome: str
    # The number of the passage that is nearest; -1 where there is only the whole.
    passage: int
    # How far the text agrees, and what each term counts for a text in that language.
    meaning: float
    words: float
    weights: Weights
    # What a cross-encoder makes of it; None where it was not read again.
    reading: Term | None = None

    @property
    def likeness(self) -> float:
        """How much of what could agree does, from 0 to 1."""
        return self.score / self.attainable if self.attainable else 0.0

    @property
    def band(self) -> str:
        """How alike it is, in a word: strong, fair or weak."""
        return ranking.band_of(self.score, self.attainable)


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


def ask_of_deal(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    deal: Deal,
    *,
    weights: Weights | None = None,
) -> Inquiry:
    """What this viewer asks when they look at a deal."""
    return inquire(session, viewer, about_deal(session, catalog, deal), weights=weights, deal=deal)


def ask_of_text(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    text: str,
    *,
    weights: Weights | None = None,
) -> Inquiry:
    """What this viewer asks by a text."""
    return inquire(session, viewer, about_text(catalog, text), weights=weights)


def inquire(
    session: Session,
    viewer: Viewer,
    question: Question,
    *,
    weights: Weights | None = None,
    deal: Deal | None = None,
) -> Inquiry:
    """A question by a viewer, of whom nothing is looked up yet but what they may see."""
    return Inquiry(
        question=question,
        viewer=viewer,
        weights=weights or weights_in_use(session),
        deal=deal,
        hidden=frozenset(hidden_deal_ids(session, viewer)),
        shared=frozenset(_shared_secrets(session, viewer)),
        on=today(),
    )


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


def rank(session: Session, catalog: Catalog, inquiry: Inquiry, want: Want) -> list[Ranked]:
    """The best deals for a question, out of those that the viewer and the filter allow."""
    rank_all(session, catalog, inquiry, [want])
    return inquiry.rankings[want]


def rank_all(session: Session, catalog: Catalog, inquiry: Inquiry, wants: Iterable[Want]) -> None:
    """Have these rankings ready, each as it is on its own: the collection is searched once, and
    the record read once."""
    missing = [want for want in dict.fromkeys(wants) if want not in inquiry.rankings]
    if not missing:
        return
    question = inquiry.question
    wanted = [sought(session, want.filter) if want.filter else None for want in missing]
    with catalog.searching(session, Kind.DEAL) as collection:
        asked = ask(
            collection, question.text, question.vector, inquiry.weights, catalog.encoder.languages
        )
        # The collection may be newer than the session: what is confidential by now is hidden,
        # too, unless the session knows that the viewer may see it.
        secret = set(collection.confidential().tolist())
        unwanted = inquiry.hidden | question.excluded | (secret - inquiry.shared)
        allowed = [collection.facets.matching(each) if each else None for each in wanted]
        matches = match_each(
            collection,
            asked,
            [Scope(each, want.pool) for each, want in zip(allowed, missing, strict=True)],
            hidden=np.array(sorted(unwanted), np.int64),
            sharing=question.facets,
        )
        estimates = [_estimated(collection, inquiry, asked, found) for found in matches]
    parts = [
        _best_first(estimate, want.limit) for estimate, want in zip(estimates, missing, strict=True)
    ]
    first = [next(rows, []) for rows in parts]
    nearest = (found.ids[row] for found, rows in zip(matches, first, strict=True) for row in rows)
    _read(session, inquiry, nearest)
    for want, found, begin, rest in zip(missing, matches, first, parts, strict=True):
        ranked: list[Ranked] = []
        for rows in itertools.chain([begin], rest):
            ranked += _judged(session, inquiry, want.filter, asked, found, rows)
            if len(ranked) >= want.limit:
                break
        # The id makes the order of equal scores the same every time.
        ranked.sort(key=lambda each: (-each.score, each.id))
        inquiry.rankings[want] = ranked[: want.limit]


def _estimated(
    collection: Collection, inquiry: Inquiry, asked: TextQuery, found: Matches
) -> NDArray[np.float64]:
    """The scores by the facets in memory, which choose whom the record is asked about."""
    ids = np.array(found.ids, np.int64)
    values = collection.facets.values(inquiry.question.facets, ids, inquiry.on)
    values |= {"meaning": np.array(found.meaning), "words": np.array(found.words)}
    weight = asked.weights.items()
    return sum((weight[name] * each for name, each in values.items()), np.zeros(len(ids)))


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
            score=ranking.score(terms),
            attainable=each.attainable + term.weight,
            reading=term,
        )
    again.sort(key=lambda each: (-each.score, each.id))
    return again


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
    inquiry: Inquiry,
    filter: DealFilter | None,
    asked: TextQuery,
    found: Matches,
    rows: Sequence[int],
) -> Iterator[Ranked]:
    """Those of the matches in these rows that may be shown, by what the record says of them."""
    ours, on, weight = inquiry.question.facets, inquiry.on, asked.weights.items()
    known = _allowed(session, inquiry, filter, [found.ids[row] for row in rows])
    # What could agree is the same for all: it is what is known of ours.
    attainable = math.fsum(
        weight[name] for name in (*ranking.values(ours, Facets(), on), "meaning", "words")
    )
    for row in rows:
        if (record := known.get(found.ids[row])) is None:
            continue
        values = {
            **inquiry.agreements[found.ids[row]],
            "meaning": found.meaning[row],
            "words": found.words[row],
        }
        yield Ranked(
            id=found.ids[row],
            score=math.fsum([value * weight[name] for name, value in values.items()]),
            attainable=attainable,
            facets=record.facets,
            outcome=record.outcome,
            passage=found.passages[row],
            meaning=found.meaning[row],
            words=found.words[row],
            weights=asked.weights,
        )


def reasons(inquiry: Inquiry, each: Ranked) -> list[Term]:
    """Why a deal has its score, the largest contribution first; they add up to it."""
    values = ranking.compare(inquiry.question.facets, each.facets, inquiry.on)
    values["meaning"] = Value(each.meaning, "what they say is alike")
    values["words"] = Value(each.words, "words in common")
    found = ranking.terms(values, each.weights)
    if each.reading is None:
        return found
    return sorted([*found, each.reading], key=lambda term: -term.contribution)


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


def _allowed(
    session: Session, inquiry: Inquiry, filter: DealFilter | None, ids: list[int]
) -> dict[int, Facts]:
    """What the record says of those of the candidates that the viewer may see and the filter
    leaves, by the database's word."""
    _read(session, inquiry, ids)
    records = inquiry.records
    known = {each: record for each in ids if (record := records[each])}
    if filter is None:
        return known
    if filter == DealFilter(outcome=filter.outcome):
        return {each: record for each, record in known.items() if filter.takes(record.outcome)}
    left: set[int] = set()
    for batch in batches(known):
        left.update(session.exec(select(Deal.id).where(col(Deal.id).in_(batch), *filter.where())))
    return {each: known[each] for each in known if each in left}


def _read(session: Session, inquiry: Inquiry, ids: Iterable[int]) -> None:
    """Read what the record says of these deals, those that were not looked at yet."""
    new = [each for each in dict.fromkeys(ids) if each not in inquiry.records]
    inquiry.records.update(dict.fromkeys(new))
    found = facts(session, [each for each in new if each not in inquiry.hidden])
    inquiry.records.update(found)
    ours, on = inquiry.question.facets, inquiry.on
    for each, record in found.items():
        inquiry.agreements[each] = ranking.values(ours, record.facets, on)


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
