"""An inquiry: one question of one viewer, ranked once for all parts of a page."""

import itertools
import math
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session, col, select

from similarity import scoring
from similarity.calibration import band_shares, kin_floor
from similarity.index.catalog import Catalog
from similarity.index.documents import join
from similarity.index.facets import Facts, ResolvedFilter, facts
from similarity.index.queries import POOL, Scope
from similarity.index.searchable import Searchable
from similarity.index.sources import Feedback, Kind
from similarity.learned_weights import weights_in_use
from similarity.questions import Question, about_deal, about_deals, about_text
from similarity.retrieval import Matches, TextQuery, ask, best_first, match_each
from similarity.said import Said, said_on_deals, with_feedback
from similarity.scoring import Facets, Term, Value, Weights
from similarity.sentences.facets import (
    NamedFacet,
    as_facets,
    completed,
    facets_in,
    known_names,
    unrecorded,
)
from workspace.clock import today
from workspace.database import batches
from workspace.deals.access import confidential_deals
from workspace.deals.filters import DealFilter
from workspace.deals.tables import Deal
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class Want:
    """A ranking that a part of a page needs: how many deals, and which filter they match."""

    limit: int
    filter: DealFilter | None = None
    pool: int = POOL


@dataclass(frozen=True)
class Inquiry:
    """A question, its viewer, and what was looked up for it so far.

    The parts of a page share one, so that nothing is looked up twice. It is valid for one session
    only, because the next one may see a changed record.
    """

    question: Question
    viewer: Viewer
    weights: Weights
    # The deal whose kin are ranked; None where the question is a text.
    deal: Deal | None
    # The confidential deals that the viewer may not see, and those that they may.
    hidden: frozenset[int]
    shared: frozenset[int]
    on: date
    # The facts of the deals that were read; None where the viewer may not see the deal.
    records: dict[int, Facts | None] = field(default_factory=dict)
    # How far the facets of those deals agree with the question's.
    agreements: dict[int, dict[str, float]] = field(default_factory=dict)
    rankings: dict[Want, "list[Ranked]"] = field(default_factory=dict)


@dataclass(frozen=True)
class Ranked:
    """A ranked deal, from which kin, playbook, experts and outlook are made."""

    id: int
    score: float
    # The most that the score could be.
    attainable: float
    facets: Facets
    outcome: str
    # The number of the nearest passage; -1 where there is only the whole.
    passage: int
    # How far the text agrees in meaning and in words.
    meaning: float
    words: float
    # The weights for the language of the question.
    weights: Weights
    # Whether anything of substance agrees: words, a product, a competitor, the industry, or the
    # meaning beyond what unrelated texts have in common.
    agrees: bool
    # Whether it is known what the model's nearness means.
    calibrated: bool
    # The least shares of the attainable score of the bands 'strong' and 'fair', with this model.
    shares: tuple[float, float] = (scoring.STRONG, scoring.FAIR)
    # The term of the cross-encoder; None where it has not read this deal.
    reading: Term | None = None
    # The feedback that agrees more with the question than the deal's own text, if any does.
    said: Said | None = None

    @property
    def likeness(self) -> float:
        """The share of the attainable score, from 0 to 1."""
        return min(1.0, self.score / self.attainable) if self.attainable else 0.0

    @property
    def band(self) -> str:
        """The likeness in a word: strong, fair or weak.

        Where nothing of substance agrees it is weak, and with a model that was not measured it is
        fair at best.
        """
        if not self.agrees:
            return "weak"
        band = scoring.band_of(self.score, self.attainable, self.shares)
        return band if self.calibrated or band != "strong" else "fair"


def ask_of_deal(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    deal: Deal,
    *,
    weights: Weights | None = None,
    without: Container[str] = (),
) -> Inquiry:
    """An inquiry about the kin of a deal.

    Facets that its text names count where the record says nothing of their kind; `without` has the
    ids of those that do not count.
    """
    question = about_deal(session, catalog, deal)
    named = named_in_deal(session, viewer, deal, question.facets)
    counted = completed(question.facets, [facet for facet in named if facet.id not in without])
    question = replace(question, facets=counted)
    return inquire(session, viewer, question, weights=weights, deal=deal)


def named_in_deal(session: Session, viewer: Viewer, deal: Deal, record: Facets) -> list[NamedFacet]:
    """The facets that the text of a deal names, of kinds of which the record says nothing."""
    return unrecorded(facets_in(_prose(deal), known_names(session, viewer)), record)


def _prose(deal: Deal) -> str:
    return join([deal.name, deal.use_case, deal.notes])


def ask_of_deals(
    session: Session, viewer: Viewer, catalog: Catalog, deals: Sequence[Deal]
) -> list[Inquiry]:
    """An inquiry about the kin of each of these deals; what they share is looked up once."""
    if not deals:
        return []
    questions = about_deals(session, catalog, deals)
    names = known_names(session, viewer)
    for deal in deals:
        question = questions[deal.id]
        named = unrecorded(facets_in(_prose(deal), names), question.facets)
        questions[deal.id] = replace(question, facets=completed(question.facets, named))
    first = inquire(session, viewer, questions[deals[0].id], deal=deals[0])
    return [
        replace(
            first,
            question=questions[deal.id],
            deal=deal,
            agreements={},
            rankings={},
        )
        for deal in deals
    ]


def ask_of_text(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    text: str,
    *,
    weights: Weights | None = None,
    without: Container[str] = (),
) -> Inquiry:
    """An inquiry about the deals that are like a text, as far as it is no boilerplate of deals, and
    that have the facets that it names.

    `without` has the ids of named facets that do not count.
    """
    with catalog.searching(session, Kind.DEAL) as collection:
        said = collection.content(text)
    # Of boilerplate alone nothing is left that could be like a deal.
    if text and not said:
        question = Question("", None, Facets())
    else:
        named = facets_in(said, known_names(session, viewer))
        counted = as_facets(facet for facet in named if facet.id not in without)
        question = replace(about_text(catalog, said), facets=counted)
    return inquire(session, viewer, question, weights=weights)


def inquire(
    session: Session,
    viewer: Viewer,
    question: Question,
    *,
    weights: Weights | None = None,
    deal: Deal | None = None,
) -> Inquiry:
    """An inquiry for which only the viewer's rights have been looked up."""
    confidential = confidential_deals(session, viewer)
    return Inquiry(
        question=question,
        viewer=viewer,
        weights=weights or weights_in_use(session),
        deal=deal,
        hidden=frozenset(deal_id for deal_id, seen in confidential.items() if not seen),
        shared=frozenset(deal_id for deal_id, seen in confidential.items() if seen),
        on=today(),
    )


def rank(session: Session, catalog: Catalog, inquiry: Inquiry, want: Want) -> list[Ranked]:
    """The best deals for a question that the viewer may see and that match the filter."""
    rank_all(session, catalog, inquiry, [want])
    return inquiry.rankings[want]


def rank_all(session: Session, catalog: Catalog, inquiry: Inquiry, wants: Iterable[Want]) -> None:
    """Add these rankings to the inquiry, with one search of the collection and one reading of the
    record. Each is the same as if it were ranked alone."""
    _rank(session, catalog, [inquiry], list(dict.fromkeys(wants)))


def rank_each(
    session: Session, catalog: Catalog, inquiries: Sequence[Inquiry], want: Want
) -> list[list[Ranked]]:
    """The ranking of each of these inquiries of `ask_of_deals`, the same as `rank` gives.

    The collection is held, and the record read, once for all of them.
    """
    _rank(session, catalog, inquiries, [want])
    return [inquiry.rankings[want] for inquiry in inquiries]


def _rank(
    session: Session, catalog: Catalog, inquiries: Sequence[Inquiry], wants: Sequence[Want]
) -> None:
    """Add these rankings to each of the inquiries."""
    missing = [
        (inquiry, new)
        for inquiry in inquiries
        if (new := [want for want in wants if want not in inquiry.rankings])
    ]
    if not missing:
        return
    filters = {
        want.filter: catalog.resolved(session, want.filter)
        for _, new in missing
        for want in new
        if want.filter
    }
    # Several inquiries are always of one viewer.
    readable = catalog.readable_feedback(session, missing[0][0].viewer)
    with catalog.searching(session, Kind.DEAL) as collection:
        searches = [
            search
            for inquiry, new in missing
            for search in _searched(session, collection, catalog, inquiry, new, filters, readable)
        ]
    firsts = [next(search.chunks, []) for search in searches]
    # The inquiries of several deals share what is read.
    _read(
        session,
        searches[0].inquiry,
        (
            search.matches.ids[row]
            for search, rows in zip(searches, firsts, strict=True)
            for row in rows
        ),
    )
    model = catalog.encoder.model_id
    floor = kin_floor(model)
    for search, first in zip(searches, firsts, strict=True):
        inquiry, want = search.inquiry, search.want
        shares = band_shares(model, of_deal=inquiry.deal is not None)
        ranked: list[Ranked] = []
        for rows in itertools.chain([first], search.chunks):
            ranked += _scored(session, search, rows, shares, calibrated=floor is not None)
            if len(ranked) >= want.limit:
                break
        # The id makes the order of equal scores stable.
        ranked.sort(key=lambda deal: (-deal.score, deal.id))
        inquiry.rankings[want] = _judged(
            session, catalog, inquiry.question, search.asked.language, ranked[: want.limit], floor
        )


@dataclass(frozen=True)
class _Search:
    """What was found for one ranking of an inquiry, and its rows by descending estimate."""

    inquiry: Inquiry
    want: Want
    asked: TextQuery
    matches: Matches
    # The feedback by which deals match, where it agrees more than their own text.
    said: Mapping[int, Said]
    chunks: Iterator[list[int]]


def _searched(
    session: Session,
    collection: Searchable,
    catalog: Catalog,
    inquiry: Inquiry,
    wants: Sequence[Want],
    filters: Mapping[DealFilter, ResolvedFilter],
    readable: Mapping[int, Feedback],
) -> list[_Search]:
    """The search for each of these rankings of an inquiry."""
    question = inquiry.question
    asked = ask(
        collection,
        question.text,
        question.vector,
        inquiry.weights,
        catalog.encoder.languages,
        is_document=inquiry.deal is not None,
    )
    # It may take what is new into the collection, so it comes before what depends on that.
    said = said_on_deals(session, catalog, question, inquiry.weights, asked.language, readable)
    # The collection may be newer than the session, so deals that have become confidential
    # are excluded, too, unless the session knows that the viewer may see them.
    confidential = set(collection.confidential().tolist())
    excluded = inquiry.hidden | question.excluded | (confidential - inquiry.shared)
    matches_of_each = match_each(
        collection,
        asked,
        [
            Scope(pool=want.pool, filter=filters[want.filter] if want.filter else None)
            for want in wants
        ],
        hidden=np.array(sorted(excluded), np.int64),
        sharing=question.facets,
        besides=np.array(sorted(said), np.int64),
    )
    searches = []
    for want, own in zip(wants, matches_of_each, strict=True):
        matches, more = with_feedback(own, said, asked.weights)
        estimate = _estimated(collection, inquiry, asked, matches)
        chunks = best_first(estimate, want.limit)
        searches.append(_Search(inquiry, want, asked, matches, more, chunks))
    return searches


def _judged(
    session: Session,
    catalog: Catalog,
    question: Question,
    language: str,
    ranked: Sequence[Ranked],
    floor: float | None,
) -> list[Ranked]:
    """The same deals; where no words and no facets agree, the nearness of the whole texts decides
    whether the meaning does."""
    unsure = [deal for deal in ranked if not deal.agrees and deal.meaning > 0]
    cosines: dict[int, float] = {}
    if unsure and floor is not None and question.vector is not None:
        ids = [deal.id for deal in unsure]
        cosines = catalog.cosines(session, Kind.DEAL, ids, question.vector, language)
        said = {deal.said.row: deal.id for deal in unsure if deal.said}
        near = catalog.cosines(session, Kind.FEEDBACK, list(said), question.vector, language)
        for row, cosine in near.items():
            cosines[said[row]] = max(cosine, cosines.get(said[row], -1.0))
    return [
        replace(deal, agrees=True) if cosines.get(deal.id, -1.0) >= (floor or 0.0) else deal
        for deal in ranked
    ]


def _estimated(
    collection: Searchable, inquiry: Inquiry, asked: TextQuery, matches: Matches
) -> NDArray[np.float64]:
    """The scores by the facets in memory, which decide what is read from the record."""
    ids = np.array(matches.ids, np.int64)
    values = collection.facet_values(inquiry.question.facets, ids, inquiry.on)
    meaning, words = np.array(matches.meaning), np.array(matches.words)
    weights = asked.weights.items()
    scores = sum(
        (weights.get(name, 0.0) * column for name, column in values.items()), np.zeros(len(ids))
    )
    foreign = np.array(matches.foreign, bool)
    across = asked.weights.for_meaning()
    return np.asarray(
        scores
        + np.where(foreign, across.meaning, asked.weights.meaning) * meaning
        + np.where(foreign, across.words, asked.weights.words) * words
    )


def _scored(
    session: Session,
    search: _Search,
    rows: Sequence[int],
    shares: tuple[float, float],
    *,
    calibrated: bool,
) -> Iterator[Ranked]:
    """The deals in these rows of the matches that may be shown, scored by the record."""
    inquiry, asked, matches = search.inquiry, search.asked, search.matches
    ours, on = inquiry.question.facets, inquiry.on
    records = _allowed(session, inquiry, search.want.filter, [matches.ids[row] for row in rows])
    # The attainable score depends on our known facets only, and so is the same for all.
    within, across = asked.weights, asked.weights.for_meaning()
    weight_of = {False: within.items(), True: across.items()}
    # What is not known of most deals must not lower the share of all: own fields only add to it.
    of_facets = scoring.values(replace(ours, own=frozenset()), Facets(), on)
    known = (*of_facets, "meaning", "words")
    attainable = math.fsum(weight_of[False].get(name, 0.0) for name in known)
    for row in rows:
        deal_id = matches.ids[row]
        if (record := records.get(deal_id)) is None:
            continue
        if (agreement := inquiry.agreements.get(deal_id)) is None:
            agreement = scoring.values(ours, record.facets, on)
            inquiry.agreements[deal_id] = agreement
        values = {**agreement, "meaning": matches.meaning[row], "words": matches.words[row]}
        foreign = matches.foreign[row]
        weights = weight_of[foreign]
        yield Ranked(
            id=deal_id,
            score=math.fsum([value * weights.get(name, 0.0) for name, value in values.items()]),
            attainable=attainable,
            facets=record.facets,
            outcome=record.outcome,
            passage=matches.passages[row],
            meaning=matches.meaning[row],
            words=matches.words[row],
            weights=across if foreign else within,
            agrees=scoring.has_substance(values),
            calibrated=calibrated,
            shares=shares,
            said=search.said.get(deal_id),
        )


def reasons(inquiry: Inquiry, deal: Ranked) -> list[Term]:
    """The terms of a deal's score, the largest contribution first."""
    values = scoring.compare(inquiry.question.facets, deal.facets, inquiry.on)
    values["meaning"] = Value(deal.meaning, "similar description")
    values["words"] = Value(deal.words, "words in common")
    terms = scoring.terms(values, deal.weights)
    if deal.reading is None:
        return terms
    return sorted([*terms, deal.reading], key=lambda term: -term.contribution)


def _allowed(
    session: Session, inquiry: Inquiry, filter: DealFilter | None, ids: list[int]
) -> dict[int, Facts]:
    """The facts of the candidates that the viewer may see and that match the filter, according to
    the database."""
    _read(session, inquiry, ids)
    visible = {deal_id: record for deal_id in ids if (record := inquiry.records[deal_id])}
    if filter is None:
        return visible
    if filter == DealFilter(outcome=filter.outcome):
        return {
            deal_id: record for deal_id, record in visible.items() if filter.takes(record.outcome)
        }
    matching: set[int] = set()
    for batch in batches(visible):
        query = select(Deal.id).where(col(Deal.id).in_(batch), *filter.where())
        matching.update(session.exec(query))
    return {deal_id: record for deal_id, record in visible.items() if deal_id in matching}


def _read(session: Session, inquiry: Inquiry, ids: Iterable[int]) -> None:
    """Read the facts of these deals that were not read yet."""
    new = [deal_id for deal_id in dict.fromkeys(ids) if deal_id not in inquiry.records]
    inquiry.records.update(dict.fromkeys(new))
    records = facts(session, [deal_id for deal_id in new if deal_id not in inquiry.hidden])
    inquiry.records.update(records)
