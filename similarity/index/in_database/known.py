"""What a session has to know of the rows of a kind before it searches them, read at once."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sqlmodel import Session

from similarity.index.sources import Kind
from similarity.index.vectors import Ids
from workspace.engines import BINARY
from workspace.reading import found_once

# A search of the graph gives up after so many vectors that no filter lets through.
MOST_SCANNED = 50_000
_SETTINGS = {
    "hnsw.iterative_scan": "relaxed_order",
    "hnsw.max_scan_tuples": str(MOST_SCANNED),
    # A plan for any lists of ids looks through them from the start for each row.
    "plan_cache_mode": "force_custom_plan",
    # Compiling takes longer than running.
    "jit": "off",
}
_KNOWN = """
SELECT (SELECT model FROM search_state),
  EXISTS (SELECT FROM search_piece WHERE kind = %(kind)s),
  ARRAY(SELECT print FROM search_print WHERE kind = %(kind)s AND boilerplate),
  ARRAY(SELECT subject FROM search_document WHERE kind = %(kind)s AND NOT counted),
  ARRAY(SELECT language FROM search_language WHERE kind = %(kind)s AND documents > 0
        ORDER BY language),
  ARRAY(SELECT documents FROM search_language WHERE kind = %(kind)s AND documents > 0
        ORDER BY language),
  ARRAY(SELECT words FROM search_language WHERE kind = %(kind)s AND documents > 0
        ORDER BY language),
"""
_KNOWN += ", ".join(f"set_config('{name}', '{value}', true)" for name, value in _SETTINGS.items())


class Known(NamedTuple):
    """What is known of a kind; settings of the transaction have been made for its searches."""

    # The model of the vectors; None where there are no rows.
    model: str | None
    has_pieces: bool
    # At most a hundred times as many as a document has sentences.
    boilerplate: frozenset[int]
    confidential: Ids
    # How many counted documents are in each language, and how many words they have.
    languages: Mapping[str, tuple[int, int]]


def known_of(session: Session, kind: Kind) -> Known:
    """What is known of the rows of a kind."""

    def find() -> Known:
        row = fetched(session, _KNOWN, {"kind": str(kind)})[0]
        model, has_pieces, boilerplate, confidential, languages, documents, words = row[:7]
        counts = zip(documents, words, strict=True)
        return Known(
            model,
            has_pieces,
            frozenset(boilerplate),
            np.sort(np.array(confidential, np.int64)),
            dict(zip(languages, counts, strict=True)),
        )

    return found_once(session, (Known, kind), find)


def fetched(session: Session, query: str, values: Mapping[str, Any]) -> Sequence[Any]:
    """The rows of a query in words of SQL, which PostgreSQL sends in its binary form: bytes and
    arrays take a fraction of the time that their texts do."""
    options = {BINARY: True}
    found = session.connection().exec_driver_sql(query, values, execution_options=options)
    return found.all()
