"""Uploads: what a file is by its content, and that hostile files are refused within limits."""

import pickle
import resource
import subprocess
import sys
import time

import pytest

from tests.workspace.assets import hostile_files as files
from tests.workspace.assets.hostile_files import HOSTILE
from workspace.assets import text_process
from workspace.assets.inspection import inspect
from workspace.assets.texts import MOST_LETTERS
from workspace.confined import Ended, confined
from workspace.errors import Invalid

# A program that reads names and bytes of files, and writes how many of them were refused, and the
# most memory in kB that it or a process which it has started has held.
REFUSE_ALL = """
import pickle, resource, sys
from workspace.assets.inspection import inspect
from workspace.errors import Invalid

refused = 0
for name, raw in pickle.load(sys.stdin.buffer):
    try:
        inspect(name, raw)
    except Invalid:
        refused += 1
print(refused, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def text_of(kind: str, raw: bytes) -> str:
    """The text of a file, as the job reads it."""
    with confined(text_process.__file__, raw, kind, str(MOST_LETTERS)) as result:
        return result.read().decode()


@pytest.mark.parametrize(
    ("name", "raw", "kind", "kept"),
    [
        ("Case study.PDF", files.pdf("a"), "pdf", "Case study.pdf"),
        ("../../etc/passwd\\deck.pptx", files.slides("a"), "pptx", "deck.pptx"),
        ("brief\u202excod.docx", files.word("a"), "docx", "briefxcod.docx"),
        ("model", files.package("xlsx"), "xlsx", "model.xlsx"),
        ("logo.png", files.png(), "png", "logo.png"),
        ("photo.jpeg", files.jpeg(), "jpg", "photo.jpeg"),
        ("demo.mp4", files.mp4(), "mp4", "demo.mp4"),
        ("x" * 300 + ".docx", files.word("a"), "docx", "x" * 150 + ".docx"),
        (
            "with a chart.docx",
            files.package(parts={"word/embeddings/a.xlsx": files.package("xlsx")}),
            "docx",
            "with a chart.docx",
        ),
    ],
)
def test_should_know_a_file_by_its_content(name: str, raw: bytes, kind: str, kept: str) -> None:
    inspected = inspect(name, raw)
    assert (inspected.kind, inspected.name, inspected.raw) == (kind, kept, raw)


@pytest.mark.parametrize("what", HOSTILE)
def test_s15_should_refuse_a_hostile_file_in_time(what: str) -> None:
    """S15: within a second of processor time, the process that looks at it included."""
    name, make, said = HOSTILE[what]
    raw = make()
    before = processor_seconds()
    with pytest.raises(Invalid, match=said) as refused:
        inspect(name, raw)
    assert "file" in refused.value.fields
    assert processor_seconds() - before < 1


def processor_seconds() -> float:
    """Seconds of work of this process and of those that it has waited for."""
    used = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def test_s15_should_refuse_hostile_files_within_200_mb() -> None:
    """S15: a process that has just started looks at them, since a process counts as its own the
    memory of the one that it was started from."""
    made = pickle.dumps([(name, make()) for name, make, _ in HOSTILE.values()])
    command = [sys.executable, "-c", REFUSE_ALL]
    said = subprocess.run(command, input=made, capture_output=True, check=True).stdout.split()
    refused, kilobytes = map(int, said)
    assert refused == len(HOSTILE)
    assert kilobytes < 200_000


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("deal-1.vectors", b"IxF2" + bytes(60)),
        ("manifest-1.json.pdf", b'{"files": {"deal-1.vectors": ["0", 1]}}'),
        ("deal-1.words", pickle.dumps({"deal": [1]})),
        ("index.pdf", pickle.dumps([1, 2, 3])),
        ("vectors.xlsx", b"\x93NUMPY\x01\x00" + bytes(60)),
    ],
)
def test_s16_should_take_no_index_or_stored_object_for_a_file(name: str, raw: bytes) -> None:
    """Indexes are made of the database alone: none can be uploaded."""
    with pytest.raises(Invalid):
        inspect(name, raw)


def test_should_refuse_what_is_too_large_without_reading_it() -> None:
    with pytest.raises(Invalid, match="larger than 50 MB"):
        inspect("deck.pdf", b"%PDF-" + bytes(50_000_000))


def test_should_read_text_of_each_kind() -> None:
    assert "data warehouse" in text_of("pdf", files.pdf("Our data warehouse"))
    assert text_of("docx", files.word("One", "two")) == "One\ntwo\n"
    told = text_of("pptx", files.slides("Savings", "Roadmap", notes="Ask for the champion"))
    assert told.split("\n")[:2] == ["Savings", "cell of Savings"]
    assert "Ask for the champion" in told


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("docx", files.package(main=b"<a>" * 100_000 + b"</a>" * 100_000)),
        ("pptx", files.package("pptx")),
        ("pdf", b"%PDF-1.7\n1 0 obj << /Type /Catalog /Pages 1 0 R >> endobj trailer <<>>"),
    ],
    ids=["deep nesting", "no slides", "pages of themselves"],
)
def test_should_end_a_reader_that_fails(kind: str, raw: bytes) -> None:
    with pytest.raises(Ended):
        text_of(kind, raw)


def test_s15_should_read_many_pages_in_limits() -> None:
    """10,000 pages, the text on the first."""
    raw = files.pdf("The first page", pages=9_999)
    before = time.monotonic()
    assert inspect("deck.pdf", raw).kind == "pdf"
    assert text_of("pdf", raw).startswith("The first page")
    assert time.monotonic() - before < 40


def test_should_stop_at_the_most_letters() -> None:
    told = text_of("docx", files.word(*["word " * 1000] * 40))
    assert MOST_LETTERS - 10_000 < len(told) <= MOST_LETTERS
