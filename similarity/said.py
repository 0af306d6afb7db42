"""What feedback says on deals: for questions of members who may read it, and for nobody else.

Feedback is a text of its deal, but not of the deal's document, which every reader of the deal is
answered from. A deal agrees with a question as far as its document does or, where that is more, as
far as its feedback does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from sqlmodel import Session

from similarity.index.catalog import Catalog
from similarity.index.sources import Feedback, Kind
from similarity.questions import Question
from similarity.retrieval import Matches, TextQuery, ask, best, match, text_scores
from similarity.scoring import Weights

# The feedback nearest to a question, by meaning and by words each, counts.
NEAREST = 50


@dataclass(frozen=True)
class Said:
    """Feedback on a deal with its agreement in meaning and in words, each from 0 to 1."""

    # The id of its document, and where it was written.
    row: int
    source: str
    meaning: float
    words: float
    passage: int
    foreign: bool
    # The score by text alone.
    score: float


def asked_of_feedback(
    session: Session, catalog: Catalog, question: Question, weights: Weights, language: str
) -> TextQuery:
    """The query for a question in a language, in the collection of feedback."""
    with catalog.searching(session, Kind.FEEDBACK) as collection:
        asked = ask(
            collection,
            question.text,
            question.vector,
            weights,
            catalog.encoder.languages,
            language,
        )
    return replace(asked, leans=False)


def said_on_deals(
    session: Session,
    catalog: Catalog,
    question: Question,
    weights: Weights,
    language: str,
    readable: Mapping[int, Feedback],
) -> dict[int, Said]:
    """Of this feedback, what agrees most with a question in a language on each deal."""
    if not readable:
        return {}
    asked = asked_of_feedback(session, catalog, question, weights, language)
    with catalog.searching(session, Kind.FEEDBACK) as collection:
        allowed = np.array(sorted(readable), np.int64)
        matches = match(collection, asked, allowed=allowed, pool=NEAREST)
    scores = text_scores(matches, asked.weights)
    said: dict[int, Said] = {}
    for row in best(matches, scores, len(scores)):
        feedback = readable[matches.ids[row]]
        if scores[row] > 0 and feedback.deal_id not in said:
            said[feedback.deal_id] = Said(
                row=matches.ids[row],
                source=feedback.source,
                meaning=matches.meaning[row],
                words=matches.words[row],
                passage=matches.passages[row],
                foreign=matches.foreign[row],
                score=scores[row],
            )
    return said


def with_feedback(
    matches: Matches, said: Mapping[int, Said], weights: Weights
) -> tuple[Matches, dict[int, Said]]:
    """The matches of deals, each by its feedback where that agrees more; and the feedback that
    does, by deal."""
    own = dict(zip(matches.ids, text_scores(matches, weights), strict=True))
    more = {deal: each for deal, each in said.items() if deal in own and each.score > own[deal]}
    if not more:
        return matches, more
    rows = [
        (each.meaning, each.words, each.passage, each.foreign)
        if (each := more.get(deal))
        else (meaning, words, passage, foreign)
        for deal, meaning, words, passage, foreign in zip(
            matches.ids,
            matches.meaning,
            matches.words,
            matches.passages,
            matches.foreign,
            strict=True,
        )
    ]
    meanings, words, passages, foreign = (list(column) for column in zip(*rows, strict=True))
    return Matches(matches.ids, meanings, words, passages, foreign), more
