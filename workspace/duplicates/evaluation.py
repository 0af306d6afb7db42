"""Measures how well likely duplicates are found, on a folder of records with the true pairs."""

import csv
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workspace.duplicates.matching import Record, likely_duplicates
from workspace.errors import Invalid
from workspace.keys import plain
from workspace.value_lists import join_values

# Names of columns, each with the field that it fills; several columns of a field are joined.
_COLUMNS = {
    "name": "name title company organisation organization account full_name",
    "given": "given_name first_name given forename",
    "surname": "surname last_name family_name",
    "alias": "alias aliases other_names aka former_name",
    "kind": "kind type schema",
    "email": "email emails e_mail mail",
    "domain": "domain website url web",
    "profile": "profile linkedin",
    "phone": "phone telephone phone_number tel mobile",
    "street": "street address addr address_1 address_2 street_number street_address",
    "town": "town city suburb place locality",
    "postcode": "postcode postal_code zip zip_code",
    "country": "country countries nationality country_code",
    "born": "born date_of_birth birth_date birthday dob founded",
    "employer": "employer works_at",
}
_FIELDS = {column: name for name, columns in _COLUMNS.items() for column in columns.split()}
_SEPARATORS = re.compile(r"[;|]")


def evaluate_duplicates(folder: Path) -> dict[str, Any]:
    """Precision, recall and F1 over pairs, from `records.csv` and `pairs.csv`.

    Where `pairs.csv` has a third column, only its pairs are judged: 1 for one, 0 for two.
    """
    records = list(_records(folder / "records.csv"))
    judged = _pairs(folder / "pairs.csv", {record.id for record in records})
    everything = all(judged.values())
    found = {frozenset((pair.one, pair.other)) for pair in likely_duplicates(records)}
    if not everything:
        found &= judged.keys()
    true = {pair for pair, same in judged.items() if same}
    right = len(found & true)
    precision = right / len(found) if found else 0.0
    recall = right / len(true) if true else 0.0
    both = precision + recall
    return {
        "records": len(records),
        "true pairs": len(true),
        "found pairs": len(found),
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / both if both else 0.0,
    }


def _records(path: Path) -> Iterator[Record]:
    for row in _rows(path):
        values: dict[str, list[str]] = defaultdict(list)
        for column, text in row.items():
            if text and (name := _FIELDS.get(column)):
                values[name].append(text)
        given = " ".join([*values["given"], *values["surname"]])
        name = " ".join(values["name"]) or given
        aliases = [part.strip() for text in values["alias"] for part in _SEPARATORS.split(text)]
        kind = plain(" ".join(values["kind"]))
        domains = _SEPARATORS.split(" ".join(values["domain"]))
        yield Record(
            row["id"],
            tuple(dict.fromkeys(part for part in (name, *aliases) if part)),
            person="person" in kind if kind else True if given else None,
            emails=frozenset(text.lower() for text in values["email"]),
            domains=frozenset(map(_domain, filter(None, domains))),
            profiles=frozenset(values["profile"]),
            phone=join_values(values["phone"]),
            street=" ".join(values["street"]),
            town=" ".join(values["town"]),
            postcode=" ".join(values["postcode"]),
            country=plain(" ".join(values["country"])),
            born=re.sub(r"\D", "", "".join(values["born"])),
            employer=" ".join(values["employer"]),
        )


def _domain(text: str) -> str:
    host = re.sub(r"^[a-z]+://", "", text.strip().lower()).split("/")[0]
    return host.removeprefix("www.")


def _pairs(path: Path, ids: set[str]) -> dict[frozenset[str], bool]:
    """Pairs of ids, each with whether the two are one."""
    pairs = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for line, cells in enumerate(itertools.islice(csv.reader(file), 1, None), 2):
            if not cells:
                continue
            if len(cells) < 2 or not ids.issuperset(cells[:2]):
                raise Invalid(f"{path}, line {line}: two ids of records.csv are needed.")
            same = len(cells) < 3 or cells[2].strip().lower() in ("1", "true", "yes", "positive")
            pairs[frozenset(cells[:2])] = same
    if not any(pairs.values()):
        raise Invalid(f"{path}: there is no true pair.")
    return pairs


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header = [plain(name).replace(" ", "_") for name in next(reader, [])]
        if "id" not in header:
            raise Invalid(f"{path}: it needs a column 'id'.")
        for cells in reader:
            if cells:
                yield {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
