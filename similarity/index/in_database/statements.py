"""The statements of a search, in words of SQL: building them of expressions takes longer than most
of them run."""

from collections.abc import Sequence
from itertools import combinations

from similarity.index.in_database.permitted import Permitted
from similarity.index.sources import Kind

# What each part of a search finds.
WORDS, VECTOR, BESIDES = "words", "vector", "besides"


def together(parts: Sequence[str]) -> str:
    """One statement of these parts. A row each has the way, the ids, and whether they are for
    sure."""
    return "\nUNION ALL\n".join(parts)


def by_words(permitted: Permitted) -> str:
    """The `best` documents by the terms of these `numbers`, best first."""
    # Of an expression, so that the ids are no part of what the index is asked for. An offset keeps
    # the filter out: it is asked of one document after the other, the best first.
    return f"""
SELECT '{WORDS}', ARRAY(
  SELECT subject FROM (
    SELECT posting.subject, sum(
      asked.factor * posting.count
      / (posting.count + %(shortest)s::float8 + %(longer)s::float8 * posting.length)
    ) AS score
    FROM unnest(%(numbers)s::int4[], %(factors)s::float8[]) AS asked(term, factor)
    JOIN search_posting AS posting ON posting.term = asked.term
    WHERE {permitted.at_once("posting.subject + 0")}
    GROUP BY posting.subject ORDER BY score DESC, posting.subject OFFSET 0
  ) AS scored
  WHERE {permitted.in_turn("scored.subject")}
  LIMIT %(best)s::int
), true
"""


def by_vector(kind: Kind, permitted: Permitted) -> str:
    """The `pool` documents that own the `pieces` that are the nearest to `asked`, and whether that
    is for sure: they are `enough`, or no other piece is as near. Confidential documents are in no
    graph, and compared one by one."""
    counted, others = (
        _nearest_pieces(kind, condition, permitted) for condition in ("counted", "NOT counted")
    )
    return f"""
(WITH near AS MATERIALIZED (({counted}) UNION ALL ({others})),
owners AS MATERIALIZED (
  SELECT subject, min(far) AS far FROM near GROUP BY subject
  ORDER BY min(far), subject LIMIT %(pool)s::int
)
SELECT '{VECTOR}', ARRAY(SELECT subject FROM owners ORDER BY far, subject),
  (SELECT count(*) FROM owners) >= %(enough)s::int
  OR NOT EXISTS (
    SELECT FROM near GROUP BY counted
    HAVING count(*) = %(pieces)s::int
      AND ((SELECT count(*) FROM owners) < %(pool)s::int
           OR max(far) <= (SELECT max(far) FROM owners))
  ))
"""


def _nearest_pieces(kind: Kind, condition: str, permitted: Permitted) -> str:
    distance = "vector <=> %(asked)s::halfvec"
    if permitted.listed:
        # Of an expression, so that they are compared one by one: the graph would be searched for
        # long until it has led to enough of them.
        distance = f"({distance}) + 0"
    # A text that the model cannot read is a vector of zeros, which has no direction. The kind is
    # written out, so that the planner sees which index serves.
    return f"""
SELECT subject, counted, coalesce(nullif({distance}, 'NaN'), 1) AS far FROM search_piece
WHERE kind = '{kind}' AND {condition} AND {permitted.at_once("subject")}
  AND {permitted.in_turn("search_piece.subject")}
ORDER BY {distance} LIMIT %(pieces)s::int
"""


def among(permitted: Permitted) -> str:
    """Those of `besides` that are permitted."""
    subject = "besides.subject"
    return f"""
SELECT '{BESIDES}', ARRAY(
  SELECT subject FROM unnest(%(besides)s::int4[]) AS besides(subject)
  WHERE {permitted.at_once(subject)} AND {permitted.in_turn(subject)}
), true
"""


def alike(groups: int, least: int, permitted: Permitted) -> str:
    """The first `alike` deals that share something of at least so many of the groups of codes
    `group0`, `group1` and so on: those that share the most, and of them those that closed last."""
    shares = [f"shared && %(group{place})s::int4[]" for place in range(groups)]
    enough = " OR ".join(f"({' AND '.join(chosen)})" for chosen in combinations(shares, least))
    count = " + ".join(f"({share})::int" for share in shares)
    return f"""
SELECT subject FROM (
  SELECT subject, {count} AS common, closed FROM search_document
  WHERE kind = '{Kind.DEAL}' AND ({enough}) AND {permitted.at_once("subject")}
  ORDER BY common DESC, closed DESC NULLS LAST, subject OFFSET 0
) AS ordered
WHERE {permitted.in_turn("ordered.subject")}
LIMIT %(alike)s::int
"""


def products(kind: Kind, *, wholes_only: bool) -> str:
    """The products of `asked` with the pieces of these `subjects`, in their order."""
    wholes = "AND position = 0" if wholes_only else ""
    return f"""
SELECT ARRAY(
  SELECT -(vector <#> %(asked)s::halfvec)::float4 FROM search_piece
  WHERE kind = '{kind}' AND subject = ANY(%(subjects)s::int4[]) {wholes}
  ORDER BY subject, position
)
"""


def wholes(kind: Kind) -> str:
    """The vectors of these `subjects` as whole documents, in their order."""
    return f"""
SELECT halfvec_send(vector) FROM search_piece
WHERE kind = '{kind}' AND subject = ANY(%(subjects)s::int4[]) AND position = 0 ORDER BY subject
"""
