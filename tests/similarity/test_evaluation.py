"""Figures that are what their definitions say, from collections as they are laid out."""

import json
import math
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similarity.encoders.embeddings import ModelUnavailable
from similarity.evaluation import (
    average_precision,
    brier,
    evaluate,
    evaluate_experts,
    evaluate_outlook,
    ndcg,
    recall,
    reliability,
)
from tests.similarity.collections import (
    COLLECTIONS,
    json_lines,
    table,
    write_collection,
    write_experts,
)
from tests.similarity.encoders.test_reranking import BrokenReranker, FakeReranker
from tests.world import FakeEmbedder
from workspace.errors import Invalid


def test_should_compute_ndcg_as_by_hand() -> None:
    grades = {"a": 3, "b": 2, "c": 1}
    assert ndcg(["a", "b", "c"], grades, 10) == 1
    gained = 1 + 3 / math.log2(3) + 2 / math.log2(5)
    ideal = 3 + 2 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(["c", "a", "x", "b"], grades, 10) == pytest.approx(gained / ideal)
    # At depth 2 the best that could be is two documents.
    assert ndcg(["c", "a", "b"], grades, 2) == pytest.approx(
        (1 + 3 / math.log2(3)) / (3 + 2 / math.log2(3))
    )
    assert ndcg([], grades, 10) == ndcg(["x"], grades, 10) == 0
    assert ndcg(["a"], {}, 10) == ndcg(["a"], {"a": 0}, 10) == 0
    # A document that is judged to be harmful is worth nothing, not less.
    assert ndcg(["bad", "a"], {"a": 1, "bad": -1}, 10) == pytest.approx(1 / math.log2(3))


def test_should_compute_recall_as_by_hand() -> None:
    grades = {"a": 1, "b": 2, "c": 0}
    assert recall(["a", "x", "b"], grades, 2) == 0.5
    assert recall(["a", "x", "b"], grades, 3) == 1
    assert recall(["c"], grades, 3) == 0
    assert recall(["c"], {"c": 0}, 3) == 0


def test_should_compute_average_precision_as_by_hand() -> None:
    assert average_precision(["a", "x", "b"], {"a", "b"}) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(["x", "a"], {"a", "never found"}) == pytest.approx(0.5 / 2)
    assert average_precision(["x"], {"a"}) == 0
    assert average_precision(["x"], set()) == 0


@given(
    st.permutations("abcdefg"),
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3)),
    st.integers(1, 8),
)
def test_should_keep_figures_between_0_and_1(
    run: list[str], grades: dict[str, int], depth: int
) -> None:
    relevant = {name for name, grade in grades.items() if grade > 0}
    for figure in (
        ndcg(run, grades, depth),
        recall(run, grades, depth),
        average_precision(run, relevant),
    ):
        assert 0 <= figure <= 1 + 1e-9
    best = sorted(run, key=lambda name: -grades.get(name, 0))
    assert ndcg(best, grades, depth) >= ndcg(run, grades, depth)
    assert average_precision(best, relevant) >= average_precision(run, relevant)


CORPUS = [
    {"_id": "d1", "title": "Ward demo", "text": "Patient records of four hospitals."},
    {"_id": "d2", "title": "", "text": "Regulatory risk reporting for banks."},
    {"_id": "d3", "title": "Shop dashboards", "text": "Daily sales for shop managers."},
    {"_id": 4, "text": "Customs and carriers."},
    {"_id": "d5", "title": None, "text": None},
]
QUERIES = [
    {"_id": "q1", "text": "patient records hospital"},
    {"_id": "q2", "text": "reporting risk of banks"},
    {"_id": "d3", "text": "Shop dashboards. Daily sales for shop managers."},
    {"_id": "nobody judged this", "text": "customs"},
]
QRELS = [
    ("q1", "d1", "2"),
    ("q2", "d2", "1"),
    ("q2", "d1", "0"),
    ("d3", "4", "1"),
    ("gone", "d1", "1"),
]


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    """A small collection in BEIR's layout."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    json_lines(folder / "corpus.jsonl", CORPUS)
    json_lines(folder / "queries.jsonl", QUERIES)
    table(folder / "qrels/test.tsv", ("query-id", "corpus-id", "score"), *QRELS)
    return folder


def test_should_measure_a_collection(beir: Path) -> None:
    found = evaluate(beir, FakeEmbedder())
    assert found["collection"] == "tiny"
    assert (found["documents"], found["queries"], found["model"]) == (5, 3, "fake")
    for method in ("vectors", "words", "combined"):
        assert found[method].keys() == {"ndcg@10", "recall@100"}
    # Both questions that have their answer get it first; the third is not its own answer.
    assert found["words"]["ndcg@10"] == pytest.approx(2 / 3)
    assert found["combined"]["ndcg@10"] >= 2 / 3
    assert json.loads(json.dumps(found)) == found


def test_should_measure_a_cross_encoder_beside_the_plain_ranking(beir: Path) -> None:
    plain = evaluate(beir, FakeEmbedder())
    found = evaluate(beir, FakeEmbedder(), FakeReranker("customs"))
    # It likes what only the third query should find.
    assert found.pop("read again")["ndcg@10"] != plain["combined"]["ndcg@10"]
    assert found == plain
    assert evaluate(beir, FakeEmbedder(), FakeReranker("")).pop("read again") == plain["combined"]
    with pytest.raises(ModelUnavailable):
        evaluate(beir, FakeEmbedder(), BrokenReranker(""))


def test_should_never_return_the_document_that_a_query_is(beir: Path) -> None:
    table(beir / "qrels/test.tsv", ("query-id", "corpus-id", "score"), ("d3", "d3", "1"))
    found = evaluate(beir, FakeEmbedder())
    for method in ("vectors", "words", "combined"):
        assert found[method] == {"ndcg@10": 0, "recall@100": 0}


def test_should_return_a_document_that_only_has_the_number_of_a_query(beir: Path) -> None:
    json_lines(beir / "queries.jsonl", [{"_id": "d3", "text": "managers of shops"}])
    table(beir / "qrels/test.tsv", ("query-id", "corpus-id", "score"), ("d3", "d3", "1"))
    assert evaluate(beir, FakeEmbedder())["words"]["ndcg@10"] == 1


def test_should_read_blank_lines_windows_line_ends_and_a_byte_order_mark(beir: Path) -> None:
    expected = evaluate(beir, FakeEmbedder())
    for path in beir.rglob("*.*"):
        text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
        extra = "\r\n\r\n" if path.suffix == ".jsonl" else ""
        path.write_bytes(b"\xef\xbb\xbf" + (text + extra).encode())
    assert evaluate(beir, FakeEmbedder()) == expected


@pytest.mark.parametrize("file", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_should_name_a_missing_file(beir: Path, file: str) -> None:
    (beir / file).unlink()
    with pytest.raises(Invalid, match=Path(file).name):
        evaluate(beir, FakeEmbedder())
    (beir / file).mkdir()
    with pytest.raises(Invalid, match=Path(file).name):
        evaluate(beir, FakeEmbedder())


def test_should_refuse_a_folder_that_is_none(beir: Path) -> None:
    for folder in (beir / "nowhere", beir / "corpus.jsonl"):
        with pytest.raises(Invalid):
            evaluate(folder, FakeEmbedder())
        with pytest.raises(Invalid):
            evaluate_experts(folder, FakeEmbedder())


@pytest.mark.parametrize("file", ["corpus.jsonl", "queries.jsonl"])
@pytest.mark.parametrize(
    "line",
    [
        "{",
        "nothing",
        "[]",
        "7",
        "null",
        '{"text": "no id"}',
        '{"_id": null, "text": ""}',
        '{"_id": ["d1"], "text": ""}',
        '{"_id": "d1", "text": 7}',
        '{"_id": "d1", "title": ["a"], "text": ""}',
        "[" * 100_000,
    ],
)
def test_should_name_a_malformed_line(beir: Path, file: str, line: str) -> None:
    with (beir / file).open("a") as lines:
        lines.write(line)
    number = len((beir / file).read_text().splitlines())
    with pytest.raises(Invalid, match=f"line {number}"):
        evaluate(beir, FakeEmbedder())


@pytest.mark.parametrize("file", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_should_name_a_file_that_is_not_text(beir: Path, file: str) -> None:
    (beir / file).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Invalid, match="UTF-8"):
        evaluate(beir, FakeEmbedder())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("query-id\tcorpus-id\tscore\nq1\td1\thigh\n", "'high' is not a whole number"),
        ("query-id\tcorpus-id\tscore\nq1\td1\t1.5\n", "'1.5'"),
        ("query-id\tcorpus-id\tscore\nq1\td1\n", "line 2"),
        ("q1\td1\t1\n", "no query"),
        ("q1\td1\t1\nq2\td2\t1\n", "needs query-id"),
        ("", "no query"),
        ("query-id\tcorpus-id\tscore\nq1\td1\t0\n", "no query"),
        ("query-id\tcorpus-id\tscore\nother\td1\t1\n", "no query"),
        ('query-id\tcorpus-id\tscore\n"q1\td1\t1\n', "not a table"),
    ],
)
def test_should_refuse_judgements_that_are_none(beir: Path, text: str, message: str) -> None:
    (beir / "qrels/test.tsv").write_text(text)
    with pytest.raises(Invalid, match=message):
        evaluate(beir, FakeEmbedder())


def test_should_find_nothing_in_an_empty_corpus(beir: Path) -> None:
    (beir / "corpus.jsonl").write_text("")
    found = evaluate(beir, FakeEmbedder())
    assert found["documents"] == 0
    assert found["combined"] == {"ndcg@10": 0, "recall@100": 0}


@pytest.fixture
def experts(tmp_path: Path) -> Path:
    """A small collection of documents with authors, some of them experts."""
    folder = tmp_path / "people"
    folder.mkdir()
    json_lines(
        folder / "documents.jsonl",
        [
            {"doc_id": 0, "text": "Data warehouse loading and warehouse keys"},
            {"doc_id": 1, "text": "Warehouse of data with dashboards"},
            {"doc_id": 2, "text": "Gardening in spring"},
        ],
    )
    table(
        folder / "doc_author.tsv",
        ("doc_id", "candidate_id"),
        ("0", "ann"), ("1", "ann"), ("1", "ben"), ("2", "cem"), ("9", "dee"),
    )  # fmt: skip
    table(folder / "candidate_pool.tsv", ("candidate_id",), ("ann",), ("ben",), ("cem",))
    table(
        folder / "expert_judgements.tsv",
        ("topic", "candidate_id"),
        ("data_warehouse", "ann"), ("gardening", "cem"),
    )  # fmt: skip
    return folder


def test_should_measure_experts_by_topic(experts: Path) -> None:
    found = evaluate_experts(experts, FakeEmbedder())
    assert found["average_precision"] == {"data_warehouse": 1.0, "gardening": 1.0}
    assert (found["map"], found["queries"]) == (1.0, 2)
    assert (found["documents"], found["candidates"]) == (3, 3)


def test_should_use_queries_where_there_are_some(experts: Path) -> None:
    json_lines(
        experts / "queries.jsonl",
        [{"_id": "gardening", "text": "warehouse"}, {"_id": "not judged", "text": "spring"}],
    )
    found = evaluate_experts(experts, FakeEmbedder())
    assert found["average_precision"].keys() == {"gardening"}
    assert found["map"] < 1


def test_should_judge_queries_by_their_topic_without_their_own_document(experts: Path) -> None:
    queries: list[dict[str, object]] = [
        {"_id": "q1", "topic": "gardening", "text": "Gardening in spring"},
        {"_id": "q2", "topic": "nothing judged", "text": "spring"},
    ]
    json_lines(experts / "queries.jsonl", queries)
    found = evaluate_experts(experts, FakeEmbedder())
    assert found["average_precision"] == {"q1": 1.0}
    assert (found["queries"], found["queries_without_judgements"]) == (1, 1)
    # Without its own document nothing speaks for its author, who comes last by name.
    queries[0]["doc_id"] = 2
    json_lines(experts / "queries.jsonl", queries)
    found = evaluate_experts(experts, FakeEmbedder())
    assert found["average_precision"] == {"q1": pytest.approx(1 / 3)}
    json_lines(experts / "queries.jsonl", [{"_id": "q", "text": "x", "topic": ["gardening"]}])
    with pytest.raises(Invalid, match="topic"):
        evaluate_experts(experts, FakeEmbedder())


@pytest.mark.parametrize(
    "file",
    ["documents.jsonl", "doc_author.tsv", "candidate_pool.tsv", "expert_judgements.tsv"],
)
def test_should_refuse_missing_or_malformed_files_of_experts(experts: Path, file: str) -> None:
    path = experts / file
    content = path.read_text()
    path.write_text(content + ("{" if path.suffix == ".jsonl" else '"never closed'))
    with pytest.raises(Invalid, match=file):
        evaluate_experts(experts, FakeEmbedder())
    path.unlink()
    with pytest.raises(Invalid, match=file):
        evaluate_experts(experts, FakeEmbedder())


def test_should_refuse_experts_without_judgements(experts: Path) -> None:
    table(experts / "expert_judgements.tsv", ("topic", "candidate_id"))
    with pytest.raises(Invalid, match="judged expert"):
        evaluate_experts(experts, FakeEmbedder())


def deals_by_product(folder: Path, telling: bool) -> Path:
    """A record in which all deals of a product go the same way, or every other one does."""
    rows = ["deal,name,account,product,stage,opened,closed"]
    for number in range(420):
        product = ("Atlas", "Beacon")[number % 2]
        won = number % 2 if telling else number // 2 % 2
        start = date(2022, 1, 1) + timedelta(days=number)
        rows.append(
            f"T-{number},{product},{product} buyer,{product},"
            f"{'Closed Won' if won else 'Closed Lost'},{start},{start + timedelta(days=5)}"
        )
    (folder / "deals.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_should_measure_an_outlook_against_the_base_rate(tmp_path: Path) -> None:
    found = evaluate_outlook(deals_by_product(tmp_path, telling=True), FakeEmbedder())
    assert found["verdict"] == "better than the base rate"
    assert found["brier"]["base_rate"] == pytest.approx(0.25, abs=0.001)
    assert found["brier"]["outlook"] < 0.05
    assert found["gain"]["mean"] == pytest.approx(
        found["brier"]["base_rate"] - found["brier"]["outlook"]
    )
    assert found["split"] == "2022-10-27"
    assert found["taught_by"]["closed"] == 294
    assert found["tested_on"] == {"predicted": 126, "silent": 0}
    assert sum(row["deals"] for row in found["reliability"]) == 126
    assert json.loads(json.dumps(found)) == found


@pytest.mark.slow
def test_should_fall_back_to_the_base_rate_where_kin_tell_nothing(tmp_path: Path) -> None:
    found = evaluate_outlook(deals_by_product(tmp_path, telling=False), FakeEmbedder())
    assert found["verdict"] == "no better and no worse than the base rate"
    assert found["prior"] == "infinite: kin move no chance"
    assert found["brier"]["outlook"] == pytest.approx(found["brier"]["base_rate"], abs=0.001)


def test_should_refuse_a_record_without_closed_deals(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no deal in its files"):
        evaluate_outlook(tmp_path, FakeEmbedder())
    text = "deal,name,stage,opened,closed\nT-1,One,Closed Won,2022-01-01,2022-02-01\n"
    (tmp_path / "deals.csv").write_text(text)
    with pytest.raises(Invalid, match="at about the same time"):
        evaluate_outlook(tmp_path, FakeEmbedder())


def test_should_compute_reliability_and_brier_scores_as_by_hand() -> None:
    chances, won = [0.2, 0.21, 0.7, 1.0], [False, True, True, True]
    assert brier(chances, won) == pytest.approx((0.04 + 0.79**2 + 0.09 + 0) / 4)
    assert reliability(chances, won) == [
        {"from": 0.2, "deals": 2, "predicted": pytest.approx(0.205), "won": 0.5},
        {"from": 0.7, "deals": 1, "predicted": 0.7, "won": 1},
        {"from": 0.9, "deals": 1, "predicted": 1.0, "won": 1},
    ]


@pytest.mark.parametrize("name", COLLECTIONS)
def test_should_read_the_layouts_of_open_collections(name: str, tmp_path: Path) -> None:
    folder = write_collection(COLLECTIONS[name], tmp_path / name, fillers=60)
    found = evaluate(folder, FakeEmbedder())
    assert found["documents"] >= 60
    assert found["queries"] > 0
    assert found["words"]["ndcg@10"] > 0.3
    assert found["combined"]["recall@100"] > 0.5


def test_should_read_the_layout_of_the_open_experts(tmp_path: Path) -> None:
    found = evaluate_experts(write_experts(tmp_path), FakeEmbedder())
    assert (found["documents"], found["queries"]) == (150, 7)
    assert 0 < found["map"] < 1
