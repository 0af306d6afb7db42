"""Files from elsewhere are what their record says, and the style uses only what is served."""

import hashlib
import re
from pathlib import Path

import pytest

from tests.web.conftest import Visit
from web.rendering import STATIC, static_files, static_path

VENDORED = (STATIC / "vendor", Path(__file__).parents[1] / "browser" / "vendor")
STYLE = (STATIC / "app.css").read_text(encoding="utf-8")
FACES = [file.name for file in sorted((STATIC / "vendor").glob("*.woff2"))]


@pytest.mark.parametrize("folder", VENDORED, ids=["application", "tests"])
def test_should_keep_vendored_files_as_recorded(folder: Path) -> None:
    recorded = {}
    for row in (folder / "README.md").read_text(encoding="utf-8").splitlines():
        if row.startswith("| ") and not row.startswith("| file "):
            name, origin, licence, digest = (cell.strip() for cell in row.strip("|").split("|"))
            recorded[name] = digest.strip("`")
            assert re.search(r"\d+\.\d+.* of the npm package `[\w@/.-]+`.*, unchanged$", origin), (
                name
            )
            terms = (folder / licence.rpartition(" in ")[2]).read_text(encoding="utf-8")
            if "OFL 1.1" in licence:
                assert "SIL OPEN FONT LICENSE Version 1.1" in terms
            assert len(terms) > 500, name
    kept = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if file.name != "README.md" and file.suffix != ".LICENSE"
    }
    assert kept == recorded


def test_should_ship_two_weights_of_each_range() -> None:
    assert len(FACES) == 8
    for name in FACES:
        weight = 600 if "-600-" in name else 400
        address = static_path(f"vendor/{name}").rpartition("/")[2]
        assert re.search(
            rf'font-family: Inter; font-weight: {weight};.+url\("{re.escape(address)}"\)', STYLE
        ), name


def test_should_name_only_served_files_in_the_style() -> None:
    named = re.findall(r"url\(\"?(.*?)\"?\)", STYLE)
    assert sorted(named) == sorted(name for name in static_files() if name.endswith(".woff2"))


def test_should_ask_for_no_weight_that_is_not_shipped() -> None:
    weights = set(re.findall(r"font-weight: (\w+)", STYLE)) - {"inherit"}
    shorthands = set(re.findall(r"font: (\d+) ", STYLE))
    assert weights | shorthands == {"400", "600"}


@pytest.mark.parametrize("name", FACES)
def test_should_serve_a_face_to_anybody_and_for_long(visit: Visit, name: str) -> None:
    answer = visit(None).get(static_path(f"vendor/{name}"), **{"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.content == (STATIC / "vendor" / name).read_bytes()
    assert answer.headers["content-type"] == "font/woff2"
    assert "content-encoding" not in answer.headers
    assert "immutable" in answer.headers["cache-control"]
    assert "font-src 'self'" in answer.headers["content-security-policy"]


def test_should_compress_text_and_say_how_it_is_written(visit: Visit) -> None:
    for file, kind in (
        ("app.css", "text/css"),
        ("app.js", "text/javascript"),
        ("favicon.svg", "image/svg+xml"),
    ):
        answer = visit(None).get(static_path(file), **{"Accept-Encoding": "gzip"})
        assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
        assert answer.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("path", ["/", "/sign-in", "/g/nothing"])
def test_should_have_a_page_load_both_weights_at_once(visit: Visit, path: str) -> None:
    page = visit("alice" if path == "/" else None).get(path)
    preloaded = re.findall(
        r'<link rel="preload" href="(.+?)" as="font" type="font/woff2" crossorigin>', page.text
    )
    assert preloaded == [
        static_path(f"vendor/inter-latin-{weight}-normal.woff2") for weight in (400, 600)
    ]
