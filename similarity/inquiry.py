"""One question, asked by one viewer and ranked once for everything that a page shows."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session, col, select

from similarity import scoring
from similarity.encoders.embeddings import ModelUnavailable
from similarity.feedback import Verdict, judgements
from similarity.index.catalog import Catalog
from similarity.index.collection import POOL, Collection, Scope
from similarity.index.facets import Facts, facets, facts, sought
from similarity.index.sources import Kind, deal_texts
from similarity.index.vectors import Vectors
from similarity.learned_weights import weights_in_use
from similarity.retrieval import Matches, TextQuery, ask, match_each
from similarity.scoring import Facets, Term, Value, Weights
from workspace.clock import today
from workspace.database import batches
from workspace.deals.access import hidden_deal_ids, visible_deals
from workspace.deals.filters import DealFilter
from workspace.deals.tables import Deal
from workspace.people.viewer import Viewer

# Estimated scores that differ by less may be equal.
ROUNDING = 1e-9


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
        return scoring.band_of(self.score, self.attainable)


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
        weight[name] for name in (*scoring.values(ours, Facets(), on), "meaning", "words")
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
    values = scoring.compare(inquiry.question.facets, each.facets, inquiry.on)
    values["meaning"] = Value(each.meaning, "what they say is alike")
    values["words"] = Value(each.words, "words in common")
    found = scoring.terms(values, each.weights)
    if each.reading is None:
        return found
    return sorted([*found, each.reading], key=lambda term: -term.contribution)


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
        inquiry.agreements[each] = scoring.values(ours, record.facets, on)


def _shared_secrets(session: Session, viewer: Viewer) -> set[int]:
    """The confidential deals that the viewer may see."""
    seen = select(Deal.id).where(col(Deal.confidential).is_(True), visible_deals(viewer))
    return set(session.exec(seen))
