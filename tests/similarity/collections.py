"""Small collections with judgements, in the layouts of the open ones that figures come from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SmallCollection:
    """Documents by id with title and text, questions by id, and (question, document, grade)."""

    documents: Mapping[str, tuple[str, str]]
    questions: Mapping[str, str]
    grades: Sequence[tuple[str, str, int]]


# Abstracts that begin with their title, short questions, and grades from 0 to 4.
ABSTRACTS = SmallCollection(
    documents={
        "1": (
            "drag of a swept wing .",
            "drag of a swept wing . the drag of a wing with forty degrees of sweep was measured in"
            " a tunnel at speeds below and above that of sound .",
        ),
        "2": (
            "heat in a blunt nose .",
            "heat in a blunt nose . the flow of heat into the nose of a body at hypersonic speed"
            " is largest where the flow stagnates .",
        ),
        "3": (
            "flutter of thin panels .",
            "flutter of thin panels . panels that are heated buckle , and flutter at lower speeds"
            " than flat ones .",
        ),
        "4": (
            "transition of a boundary layer .",
            "transition of a boundary layer . roughness moves the transition from laminar to"
            " turbulent flow towards the leading edge .",
        ),
        "5": (
            "jets beneath a wing .",
            "jets beneath a wing . a jet that leaves a flap adds to the lift of a wing at low"
            " speed , and to its pitching moment .",
        ),
        "6": (
            "buckling of cylinders .",
            "buckling of cylinders . thin cylinders under axial load buckle at a fraction of the"
            " load that linear theory predicts .",
        ),
    },
    questions={
        "11": "how much drag has a swept wing above the speed of sound .",
        "12": "where is the flow of heat into a blunt body largest .",
        "13": "do heated panels flutter at lower speeds .",
        "14": "what does roughness do to the boundary layer .",
        "15": "at what load do thin cylinders buckle .",
    },
    grades=[
        ("11", "1", 4),
        ("11", "5", 1),
        ("12", "2", 3),
        ("13", "3", 4),
        ("13", "6", 0),
        ("14", "4", 3),
        ("15", "6", 4),
        ("15", "3", 2),
    ],
)

# Reports of faults, with line ends of Windows, commands and names of classes. Each question is
# a later report of the same fault, under an id of its own.
DUPLICATE_REPORTS = SmallCollection(
    documents={
        "1001": (
            "JobScheduler loses leases after a restart",
            "After a restart the JobScheduler forgets which worker holds a lease.\r\n\r\n"
            "2026-03-01 10:00:02 WARN LeaseTable: no owner for lease-17\r\n",
        ),
        "1002": (
            "Upload of files above 2 GB fails",
            "FileUploader.copyRange() counts bytes in 32 bits.\r\n\r\n$ put big.bin\r\n"
            "IllegalArgumentException: length -2147483648",
        ),
        "1003": (
            "Dashboard shows times in UTC",
            "The dashboard ignores timeZoneId and shows all times in UTC.",
        ),
        "1004": ("Build fails with JDK 21", "The release plugin cannot parse the version 21.0.1."),
        "1005": (
            "ReplicaMonitor blocks on a slow disk",
            "ReplicaMonitor.check() holds its lock while it reads from the disk, so that every"
            " heartbeat is delayed when one disk is slow.",
        ),
        "1006": ("Typo in the guide", "The guide says 'recieve' in the chapter about quotas."),
    },
    questions={
        "2001": "Leases are lost when JobScheduler restarts The LeaseTable has no owner after it.",
        "2002": "Cannot upload a 3 GB file\r\nIllegalArgumentException in FileUploader.copyRange",
        "2003": "timeZoneId has no effect on the dashboard",
        "2004": "Heartbeats late because ReplicaMonitor holds the lock during disk reads",
        "1004": "Build fails with JDK 21 The release plugin cannot parse the version 21.0.1.",
    },
    grades=[
        ("2001", "1001", 1),
        ("2002", "1002", 1),
        ("2003", "1003", 1),
        ("2004", "1005", 1),
    ],
)

# Polish paragraphs without titles, and several questions on each.
POLISH_QUESTIONS = SmallCollection(
    documents={
        "p0": (
            "",
            "Wisła jest najdłuższą rzeką Polski. Wypływa z Baraniej Góry w Beskidzie Śląskim i"
            " uchodzi do Zatoki Gdańskiej, a jej długość wynosi ponad tysiąc kilometrów.",
        ),
        "p1": (
            "",
            "Kopalnia soli w Wieliczce działała od trzynastego wieku. W 1978 roku wpisano ją na"
            " listę światowego dziedzictwa UNESCO.",
        ),
        "p2": (
            "",
            "Pszczoły porozumiewają się tańcem. Robotnica, która znalazła kwiaty, pokazuje"
            " siostrom kierunek i odległość.",
        ),
        "p3": (
            "",
            "Chleb na zakwasie rośnie dłużej niż chleb na drożdżach, bo bakterie kwasu mlekowego"
            " pracują wolniej.",
        ),
        "p4": (
            "",
            "Mikołaj Kopernik opisał ruch planet wokół Słońca w dziele, które wydano w Norymberdze"
            " w 1543 roku.",
        ),
    },
    questions={
        "q0": "Jaka rzeka w Polsce jest najdłuższa?",
        "q1": "Dokąd uchodzi Wisła?",
        "q2": "Kiedy wpisano Wieliczkę na listę UNESCO?",
        "q3": "Jak porozumiewają się pszczoły?",
        "q4": "Dlaczego chleb na zakwasie rośnie dłużej?",
        "q5": "Gdzie wydano dzieło Kopernika o ruchu planet?",
    },
    grades=[
        ("q0", "p0", 1),
        ("q1", "p0", 1),
        ("q2", "p1", 1),
        ("q3", "p2", 1),
        ("q4", "p3", 1),
        ("q5", "p4", 1),
    ],
)

COLLECTIONS = {
    "abstracts": ABSTRACTS,
    "duplicate_reports": DUPLICATE_REPORTS,
    "polish_questions": POLISH_QUESTIONS,
}

FILLER = "Page {number} of the almanac tells when the moon rises and where the herring are."

# Topics of experts, with words that their papers use.
TOPICS = {
    "information_extraction": "extracting names and relations from text",
    "machine_learning": "learning classifiers from labelled examples",
    "semantic_web": "linking data with ontologies and schemas on the web",
    "boosting": "boosting weak learners into a strong one by weights",
    "planning": "planning sequences of actions under constraints",
    "support_vector_machine": "separating classes by a margin of vectors and kernels",
    "natural_language": "parsing sentences of natural language with grammars",
}
PAPERS = 150


def json_lines(path: Path, rows: Sequence[Any]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def table(path: Path, *rows: tuple[str, ...]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


def write_collection(collection: SmallCollection, folder: Path, fillers: int) -> Path:
    """Write a collection to a folder in BEIR's layout, with documents that nobody asks for."""
    folder.mkdir(parents=True)
    documents = [
        {"_id": name, "title": title, "text": text}
        for name, (title, text) in collection.documents.items()
    ]
    documents += [
        {
            "_id": f"filler{number}",
            "title": "",
            "text": f"Page {number} of the almanac of {number}.",
        }
        for number in range(fillers)
    ]
    json_lines(folder / "corpus.jsonl", documents)
    questions = [{"_id": name, "text": text} for name, text in collection.questions.items()]
    json_lines(folder / "queries.jsonl", questions)
    grades = [(question, name, str(grade)) for question, name, grade in collection.grades]
    table(folder / "qrels/test.tsv", ("query-id", "corpus-id", "score"), *grades)
    return folder


def write_experts(folder: Path) -> Path:
    """Write papers of several authors on topics, two of whom are judged experts of each.

    Papers of a topic are by its experts in turn, and with a third author who writes on two
    topics, so that evidence alone does not tell everybody apart.
    """
    topics = list(TOPICS)
    papers, authors = [], []
    for number in range(PAPERS):
        topic = number % len(topics)
        papers.append({"doc_id": number, "text": f"Notes {number} on {TOPICS[topics[topic]]}."})
        by = {2 * topic + number // len(topics) % 2, 100 + topic // 2}
        authors += [(str(number), str(author)) for author in sorted(by)]
    json_lines(folder / "documents.jsonl", papers)
    table(folder / "doc_author.tsv", ("doc_id", "candidate_id"), *authors)
    # The open collection has this file, too; nothing reads it.
    table(folder / "doc_citation.tsv", ("doc_id", "cited_doc_id"), ("2", "1"))
    pool = sorted({author for _, author in authors})
    table(folder / "candidate_pool.tsv", ("candidate_id",), *((author,) for author in pool))
    judged = [
        (topic, str(2 * number + expert))
        for number, topic in enumerate(topics)
        for expert in (0, 1)
    ]
    table(folder / "expert_judgements.tsv", ("topic", "candidate_id"), *judged)
    return folder
