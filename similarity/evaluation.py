"""Evaluation: measures retrieval on collections with judgements (nDCG, recall, MAP), and the
outlook on records of closed deals (Brier score, reliability).

A collection goes through the same documents, index and ranking as the record. Its layout is that
of BEIR (Thakur et al., "BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information
Retrieval Models", 2021): corpus.jsonl, queries.jsonl, qrels/test.tsv.
"""

import csv
import json
import math
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import col

from similarity import outlook
from similarity.calibration import nearness_scale, shipped_means
from similarity.encoders.embeddings import Encoder
from similarity.encoders.reranking import READ, Reader, readings
from similarity.experts import VOTERS, vote
from similarity.index.catalog import Catalog
from similarity.index.centring import mean_of
from similarity.index.collection import Collection
from similarity.index.documents import Document, PieceRole, document, join
from similarity.index.indexer import Progress
from similarity.index.language import stems
from similarity.index.searchable import NONE
from similarity.index.stored import Entry
from similarity.index.vectors import Ids
from similarity.outlook import Trial, chance, trials
from similarity.retrieval import Matches, TextQuery, ask, best, match, text_scores
from similarity.scoring import Term, Weights
from similarity.snippets import StoredText
from workspace.database import Database
from workspace.deals.tables import Deal, Outcome
from workspace.errors import Invalid
from workspace.imports.run import import_files

# How many documents are ranked for each query; recall is measured at this depth.
DEPTH = 100
# The share of a record's closed deals, the earliest, from which an outlook learns.
TAUGHT_BY = 0.7
# A query and a document are the same text from this share of common words on.
SAME = 0.8
# How many bins of equal width a reliability table has.
BINS = 10
# A difference between Brier scores counts if it exceeds this many standard errors, and this
# amount, below which nobody would notice it.
SURE = 2.0
NOTABLE = 0.001

Qrels = dict[str, dict[str, int]]
Figures = dict[str, float]


@dataclass(frozen=True)
class _ExpertQuery:
    """A question for experts, the topic that it is judged by, and the document it is made from."""

    name: str
    text: str
    topic: str
    document: str


@dataclass(frozen=True)
class _Ranked:
    """A document in a ranking: its number, its score, and the number of its nearest passage."""

    number: int
    score: float
    passage: int


def evaluate(folder: Path, encoder: Encoder, reader: Reader | None = None) -> dict[str, Any]:
    """nDCG@10 and recall@100 of vectors alone, of words alone, and of the combined ranking; with
    a cross-encoder, also of that ranking after it has read the first results.

    A query that is a document of the same id never returns that document.
    """
    corpus = {
        name: document(title, [text])
        for name, title, text in _texts(folder / "corpus.jsonl", "_id")
    }
    texts = {name: text for name, _, text in _texts(folder / "queries.jsonl", "_id")}
    qrels = _qrels(folder / "qrels" / "test.tsv")
    judged = [query for query in texts if any(grade > 0 for grade in qrels[query].values())]
    if not judged:
        raise Invalid(f"{folder}: no query in queries.jsonl has a relevant document in qrels.")
    if reader:
        # Raises ModelUnavailable at once if the model cannot be used.
        reader.read("ready", ["ready"])
    names = list(corpus)
    number = {name: row for row, name in enumerate(names)}
    collection = _collected(list(corpus.values()), encoder)
    asked_texts = texts
    texts = {query: collection.content(asked_texts[query]) for query in judged}
    vectors = encoder.encode([texts[query] for query in judged])
    totals: dict[str, list[Figures]] = defaultdict(list)
    for query, vector in zip(judged, vectors, strict=True):
        is_document = query in corpus and _is_same(asked_texts[query], corpus[query])
        own = np.array([number[query]], np.int64) if is_document else NONE
        asked = ask(
            collection,
            texts[query],
            vector,
            Weights(),
            encoder.languages,
            is_document=is_document,
        )
        rankings = _rankings(collection, asked, own)
        if reader:
            combined = rankings["combined"]
            shown = [_shown(corpus[names[row.number]], row.passage) for row in combined[:READ]]
            terms = readings(reader, texts[query], shown, asked.weights)
            rankings["read again"] = _with_terms(combined, terms)
        for method, ranking in rankings.items():
            run = [names[row.number] for row in ranking]
            totals[method].append(
                {
                    "ndcg@10": ndcg(run, qrels[query], 10),
                    "recall@100": recall(run, qrels[query], DEPTH),
                }
            )
    return {
        "collection": folder.name,
        "documents": len(corpus),
        "queries": len(judged),
        "model": encoder.model_id,
        **{method: _mean(figures) for method, figures in totals.items()},
    }


def evaluate_experts(folder: Path, encoder: Encoder) -> dict[str, Any]:
    """The mean average precision of experts that documents' votes rank for topics.

    Without queries.jsonl each judged topic is a query. A query's topic is `topic`, or else its id;
    where it is made from the document `doc_id`, that document does not vote.
    """
    documents = {
        name: document(title, [text])
        for name, title, text in _texts(folder / "documents.jsonl", "doc_id")
    }
    names = list(documents)
    people: dict[str, list[str]] = defaultdict(list)
    for document_id, candidate in _table(folder / "doc_author.tsv", "doc_id", "candidate_id"):
        people[document_id].append(candidate)
    pool = {candidate for (candidate,) in _table(folder / "candidate_pool.tsv", "candidate_id")}
    experts: dict[str, set[str]] = defaultdict(set)
    for topic, candidate in _table(folder / "expert_judgements.tsv", "topic", "candidate_id"):
        experts[topic].add(candidate)
    queries = _expert_queries(folder, experts)
    judged = [query for query in queries if experts.get(query.topic)]
    if not judged:
        raise Invalid(f"{folder}: no topic has a judged expert.")
    number = {name: row for row, name in enumerate(names)}
    collection = _collected(list(documents.values()), encoder)
    precisions = {}
    vectors = encoder.encode([query.text for query in judged])
    for query, vector in zip(judged, vectors, strict=True):
        own = np.array([number[query.document]], np.int64) if query.document in number else NONE
        asked = ask(collection, query.text, vector, Weights(), encoder.languages)
        matches = match(collection, asked, hidden=own, pool=VOTERS)
        scores = text_scores(matches, asked.weights)
        votes: dict[str, float] = defaultdict(float)
        for row in best(matches, scores, VOTERS):
            authors = people[names[matches.ids[row]]]
            for author in authors:
                votes[author] += vote(scores[row], len(authors))
        run = sorted(pool, key=lambda person: (-votes.get(person, 0.0), person))
        precisions[query.name] = average_precision(run, experts[query.topic])
    return {
        "collection": folder.name,
        "documents": len(documents),
        "candidates": len(pool),
        "queries": len(precisions),
        "queries_without_judgements": len(queries) - len(judged),
        "model": encoder.model_id,
        "map": sum(precisions.values()) / len(precisions),
        "average_precision": precisions,
    }


def evaluate_outlook(
    folder: Path, encoder: Encoder, progress: Progress | None = None
) -> dict[str, Any]:
    """The Brier score of the outlook on a record of deals that is split by time.

    The prior is learned from the deals in the files of `folder` that closed before a day. Those
    that closed later are predicted as they were when they were opened, from kin that had closed
    by then. The base rate is that of all deals that closed before the day.
    """
    with (
        tempfile.TemporaryDirectory(prefix="dealkin-") as place,
        closing(Database(f"sqlite:///{place}/record.sqlite3")) as database,
    ):
        database.upgrade()
        with database.write() as session:
            import_files(session, sorted(folder.glob("*.csv")), None, Path(place))
        catalog = Catalog(database, encoder, Path(place) / "indexes")
        catalog.catch_up(progress)
        with database.read() as session:
            closed = session.execute(
                sa.select(col(Deal.closed), col(Deal.outcome))
                .where(col(Deal.closed).is_not(None), col(Deal.opened).is_not(None))
                .order_by(col(Deal.closed))
            ).all()
            day = _split(folder, [deal.closed for deal in closed])
            won_before = [deal.outcome == Outcome.WON for deal in closed if deal.closed < day]
            taught = list(trials(session, catalog, before=day, limit=outlook.TRIALS))
            learned = outlook.learn(taught)
            tested = list(trials(session, catalog, since=day, progress=progress))
    if len(tested) < 2:
        raise Invalid(f"{folder}: too few deals that closed from {day} on had kin when opened.")
    prior = learned.prior if learned else outlook.PRIOR
    rate = fmean(won_before)
    predicted = [chance(trial.cases, trial.usual, prior).value for trial in tested]
    untaught = [chance(trial.cases, trial.usual, outlook.PRIOR).value for trial in tested]
    won = [trial.won for trial in tested]
    gains = [
        (rate - happened) ** 2 - (p - happened) ** 2
        for p, happened in zip(predicted, won, strict=True)
    ]
    gain, error = fmean(gains), stdev(gains) / math.sqrt(len(gains))
    return {
        "collection": folder.name,
        "model": encoder.model_id,
        "split": day.isoformat(),
        "taught_by": {"closed": len(won_before), "won": rate, "trials": len(taught)},
        "tested_on": {
            "predicted": len(tested),
            "silent": len(closed) - len(won_before) - len(tested),
        },
        "prior": "infinite: kin move no chance" if math.isinf(prior) else prior,
        "brier": {
            "outlook": brier(predicted, won),
            "base_rate": brier([rate] * len(won), won),
            "before_learning": brier(untaught, won),
        },
        "gain": {"mean": gain, "standard_error": error},
        "verdict": _verdict(gain, error),
        "middle_half": _middle_half(tested, prior),
        "reliability": reliability(predicted, won),
        "reliability_before_learning": reliability(untaught, won),
    }


def brier(predicted: Sequence[float], happened: Sequence[bool]) -> float:
    """The mean squared error of predicted probabilities (Brier, "Verification of forecasts
    expressed in terms of probability", 1950)."""
    return fmean((p - outcome) ** 2 for p, outcome in zip(predicted, happened, strict=True))


def reliability(predicted: Sequence[float], happened: Sequence[bool]) -> list[dict[str, Any]]:
    """For each bin that is not empty: how many probabilities it has, their mean, and the share of
    deals that were won."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for p, outcome in zip(predicted, happened, strict=True):
        bins[min(BINS - 1, int(p * BINS))].append((p, outcome))
    return [
        {
            "from": number / BINS,
            "deals": len(bins[number]),
            "predicted": fmean(p for p, _ in bins[number]),
            "won": fmean(outcome for _, outcome in bins[number]),
        }
        for number in sorted(bins)
    ]


def ndcg(run: Sequence[str], judgements: Mapping[str, int], depth: int) -> float:
    """The normalised discounted cumulative gain, where the gain is the grade (Järvelin &
    Kekäläinen, 2002)."""
    gains = [max(0, judgements.get(name, 0)) for name in run[:depth]]
    ideal = sorted((grade for grade in judgements.values() if grade > 0), reverse=True)[:depth]
    greatest = _discounted(ideal)
    return _discounted(gains) / greatest if greatest else 0.0


def recall(run: Sequence[str], judgements: Mapping[str, int], depth: int) -> float:
    """The share of the relevant documents among the first `depth`."""
    relevant = {name for name, grade in judgements.items() if grade > 0}
    return len(relevant.intersection(run[:depth])) / len(relevant) if relevant else 0.0


def average_precision(run: Sequence[str], relevant: set[str]) -> float:
    """The mean of the precisions at each relevant item; an item that is missing counts as 0."""
    hits, total = 0, 0.0
    for rank, name in enumerate(run, start=1):
        if name in relevant:
            hits += 1
            total += hits / rank
    return total / len(relevant) if relevant else 0.0


def _split(folder: Path, closed: Sequence[date]) -> date:
    """The day that separates the deals to learn from and the deals to predict."""
    if not closed:
        raise Invalid(f"{folder}: no deal in its files was opened and closed on a known day.")
    day = closed[int(len(closed) * TAUGHT_BY)]
    if day == closed[0]:
        raise Invalid(f"{folder}: its deals all closed at about the same time.")
    return day


def _verdict(gain: float, error: float) -> str:
    if abs(gain) <= max(SURE * error, NOTABLE):
        return "no better and no worse than the base rate"
    return f"{'better' if gain > 0 else 'worse'} than the base rate"


def _middle_half(tested: Sequence[Trial], prior: float) -> dict[str, Any]:
    """How many won deals took between the quartiles of days that their outlook said: it should
    be one half."""
    inside = []
    for trial in tested:
        predicted = outlook.outlook(trial.cases, trial.usual, None, prior)
        if trial.won and predicted and predicted.days:
            inside.append(predicted.days.low <= trial.days <= predicted.days.high)
    return {"deals": len(inside), "inside": fmean(inside) if inside else None}


def _is_same(text: str, document: Document) -> bool:
    """Whether a query is this document; ids alone may be counted anew for queries."""
    whole = document.pieces[0][1] if document.pieces else ""
    words, others = (set(stems(each, document.language)) for each in (text, whole))
    return len(words & others) >= SAME * max(len(words | others), 1)


def _rankings(collection: Collection, asked: TextQuery, own: Ids) -> dict[str, list[_Ranked]]:
    """The rankings by vectors, by words and by both, without the document `own`."""
    matches = match(collection, asked, hidden=own)
    # Leaning uses both, so each alone is measured without it.
    without_leaning = match(collection, replace(asked, leans=False), hidden=own)
    return {
        "vectors": _ranked(without_leaning, without_leaning.meaning),
        "words": _ranked(without_leaning, without_leaning.words),
        "combined": _ranked(matches, text_scores(matches, asked.weights)),
    }


def _ranked(matches: Matches, scores: Sequence[float]) -> list[_Ranked]:
    return [
        _Ranked(matches.ids[row], scores[row], matches.passages[row])
        for row in best(matches, scores, DEPTH)
        if scores[row] > 0
    ]


def _shown(document: Document, number: int) -> str:
    """The title of a document and its passage of that number, as for kin."""
    of = {role: [text for each, text in document.pieces if each is role] for role in PieceRole}
    title, whole = "".join(of[PieceRole.TITLE]), "".join(of[PieceRole.WHOLE])
    text = StoredText(document.language, whole, title, tuple(of[PieceRole.PASSAGE]))
    return join([text.title, text.passage(number)])


def _with_terms(ranking: Sequence[_Ranked], terms: Sequence[Term]) -> list[_Ranked]:
    """The ranking after one more term was added to the scores of its first documents."""
    gains = [term.contribution for term in terms] + [0.0] * (len(ranking) - len(terms))
    scored = [
        replace(row, score=row.score + gain) for row, gain in zip(ranking, gains, strict=True)
    ]
    return sorted(scored, key=lambda row: (-row.score, row.number))


def _collected(documents: Sequence[Document], encoder: Encoder) -> Collection:
    """A collection of these documents, whose ids are their numbers from 0."""
    pieces = [piece for document in documents for _, piece in document.pieces]
    vectors = encoder.encode(pieces) if pieces else np.empty((0, 1), np.float32)
    ends = np.cumsum([len(document.pieces) for document in documents])
    wholes = [
        end - len(document.pieces)
        for document, end in zip(documents, ends, strict=True)
        if document.pieces
    ]
    shipped = shipped_means(encoder.model_id)
    if shipped:
        collection = Collection(shipped[""], shipped, nearness_scale(encoder.model_id))
    else:
        sums = vectors[wholes].sum(axis=0)
        collection = Collection(mean_of(sums, len(wholes)) if wholes else None)
    entries = [
        Entry(
            id=row,
            language=document.language,
            terms=document.names,
            roles=[role for role, _ in document.pieces],
            vectors=vectors[end - len(document.pieces) : end],
            sentences=document.sentences,
        )
        for row, (document, end) in enumerate(zip(documents, ends, strict=True))
    ]
    collection.put(entries)
    collection.reword([entries[row] for row in collection.settle()])
    return collection


def _qrels(path: Path) -> Qrels:
    grades: Qrels = defaultdict(dict)
    for query, name, grade in _table(path, "query-id", "corpus-id", "score"):
        try:
            grades[query][name] = int(grade)
        except ValueError as error:
            raise Invalid(f"{path}: the grade '{grade}' is not a whole number.") from error
    return grades


def _expert_queries(folder: Path, topics: Iterable[str]) -> list[_ExpertQuery]:
    """The queries for experts; without a file of queries the judged topics."""
    path = folder / "queries.jsonl"
    if not path.exists():
        return [_ExpertQuery(topic, topic.replace("_", " "), topic, "") for topic in topics]
    queries = []
    for name, title, text, row in _rows(path, "_id"):
        topic, own = row.get("topic", name), row.get("doc_id", "")
        if not isinstance(topic, str | int) or not isinstance(own, str | int):
            raise Invalid(f"{path}: 'topic' and 'doc_id' of {name} must be text.")
        queries.append(_ExpertQuery(name, text or title, str(topic), str(own)))
    return queries


def _texts(path: Path, id_name: str) -> Iterator[tuple[str, str, str]]:
    """The id, the title and the text of each line of JSON."""
    for name, title, text, _ in _rows(path, id_name):
        yield name, title, text


def _rows(path: Path, id_name: str) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """The id, the title and the text of each line of JSON, and the whole line."""
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise Invalid(f"{path}, line {number}: not JSON.") from error
        if not isinstance(row, dict) or not isinstance(row.get(id_name), str | int):
            raise Invalid(f"{path}, line {number}: no object with '{id_name}'.")
        title, text = row.get("title") or "", row.get("text") or ""
        if not isinstance(title, str) or not isinstance(text, str):
            raise Invalid(f"{path}, line {number}: 'title' and 'text' must be text.")
        yield str(row[id_name]), title, text, row


def _table(path: Path, *columns: str) -> Iterator[tuple[str, ...]]:
    """These columns of each row of a table with a header."""
    rows = csv.DictReader(_lines(path), delimiter="\t", strict=True)
    try:
        for row in rows:
            values = tuple(row.get(column) for column in columns)
            if None in values:
                raise Invalid(f"{path}, line {rows.line_num}: needs {', '.join(columns)}.")
            yield tuple(map(str, values))
    except csv.Error as error:
        raise Invalid(f"{path}, line {rows.line_num}: not a table ({error}).") from error


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from file
    except OSError as error:
        raise Invalid(f"{path} cannot be read: see the README for the layout.") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is not UTF-8.") from error


def _discounted(gains: Iterable[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _mean(figures: Sequence[Figures]) -> Figures:
    return {name: sum(row[name] for row in figures) / len(figures) for name in figures[0]}
