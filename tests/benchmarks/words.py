"""Full text in memory against SQLite's FTS5, on the same documents and the same questions.

The documents are of a Zipf vocabulary. A question has 64 words, as those of a deal have, or
three, as what people type; FTS5 ranks whatever has any of them by its own bm25().
"""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from similarity.index.bm25 import WordIndex

VOCABULARY = 50_000
LENGTH = 80
QUESTIONS = 20


def run(sizes: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Milliseconds a question, the median of QUESTIONS, and how much faster we are."""
    for size in sizes:
        random = np.random.default_rng(7)
        chance = 1 / np.arange(10, VOCABULARY + 10)
        chance /= chance.sum()
        texts = [
            [f"w{number}" for number in random.choice(VOCABULARY, LENGTH, p=chance)]
            for _ in range(size)
        ]
        start = time.perf_counter()
        index = WordIndex()
        for first in range(0, size, 500):
            part = texts[first : first + 500]
            index.put_all([(first + row, terms, True) for row, terms in enumerate(part)])
        built = time.perf_counter() - start
        start = time.perf_counter()
        fts = sqlite3.connect(":memory:")
        fts.execute("CREATE VIRTUAL TABLE words USING fts5(terms, content='', tokenize='ascii')")
        fts.executemany(
            "INSERT INTO words (rowid, terms) VALUES (?, ?)",
            ((number, " ".join(terms)) for number, terms in enumerate(texts)),
        )
        fts.commit()
        yield (
            f"{size:,} documents: build, memory and FTS5",
            f"{built:.1f} s, {time.perf_counter() - start:.1f} s",
        )
        for words in (64, 3):
            ours, theirs = [], []
            for number in random.choice(size, QUESTIONS):
                asked = [word for word, _ in Counter(texts[number]).most_common(words)]
                start = time.perf_counter()
                scores = index.search(dict.fromkeys(asked, 1.0))
                np.argpartition(scores, -300)
                ours.append(time.perf_counter() - start)
                start = time.perf_counter()
                fts.execute(
                    "SELECT rowid, bm25(words) FROM words WHERE words MATCH ? ORDER BY 2 LIMIT 300",
                    (" OR ".join(asked),),
                ).fetchall()
                theirs.append(time.perf_counter() - start)
            mine, other = np.median(ours) * 1000, np.median(theirs) * 1000
            yield (
                f"{size:,} documents, {words} words: memory, FTS5",
                f"{mine:.1f} ms, {other:.1f} ms: {other / mine:.0f} × faster",
            )
