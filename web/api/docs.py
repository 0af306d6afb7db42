"""The API's documentation: a page without anything from other hosts, and the description."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from litestar import Controller, Litestar
from litestar.di import NamedDependency
from litestar.response import Response

from web.api.description import MEANINGS, description
from web.policies import Policy, open_to
from web.routes import get
from web.visits import Visit


@dataclass(frozen=True)
class Described:
    """An operation on the page."""

    method: str
    path: str
    operation: dict[str, Any]
    # The type of its body, of what it answers, and whether that is a page of a list.
    body: str
    answer: str
    paged: bool
    statuses: list[str]


@dataclass(frozen=True)
class DocsPage:
    """All operations by their tags, and the types that they take and answer."""

    groups: dict[str, list[Described]]
    types: dict[str, list[tuple[str, str, bool, str]]]
    problems: dict[int, str]
    version: str


class DocsController(Controller):
    """/api: the documentation, and the description that programs read."""

    path = "/api"
    opt = open_to(reads=Policy.MEMBERS)

    @get("/docs")
    def page(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("api_docs.html", docs_page(visit.request.app))

    @get("/v1/openapi.json", opt=open_to(reads=Policy.ANYONE))
    def openapi(self, visit: NamedDependency[Visit]) -> Response[bytes]:
        return Response(_encoded(visit.request.app), media_type="application/json")


_METHODS = ("get", "post", "patch", "delete")


@cache
def _encoded(app: Litestar) -> bytes:
    return msgspec.json.encode(description(app))


@cache
def docs_page(app: Litestar) -> DocsPage:
    """The page on an application's API."""
    described = description(app)
    groups: dict[str, list[Described]] = {}
    for path, methods in described["paths"].items():
        for method in sorted(methods, key=_METHODS.index):
            operation = methods[method]
            answers = operation["responses"]
            good = next(status for status in answers if status.startswith("2"))
            schema = _schema(answers[good].get("content"))
            items = schema.get("properties", {}).get("items", {}).get("items")
            groups.setdefault(operation["tags"][0], []).append(
                Described(
                    method=method.upper(),
                    path=path,
                    operation=operation,
                    body=_name(_schema(operation.get("requestBody", {}).get("content"))),
                    answer=_name(items or schema),
                    paged=items is not None,
                    statuses=list(answers),
                )
            )
    types = {
        name: [
            (field, _kind(kind), field in schema.get("required", ()), kind.get("description", ""))
            for field, kind in schema["properties"].items()
        ]
        for name, schema in sorted(described["components"]["schemas"].items())
        if schema.get("properties")
    }
    return DocsPage(dict(sorted(groups.items())), types, MEANINGS, described["info"]["version"])


def _schema(content: Any) -> dict[str, Any]:
    return content["application/json"]["schema"] if content else {}


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _kind(schema: dict[str, Any]) -> str:
    """A field's type in words."""
    if name := _name(schema):
        return name
    if kinds := schema.get("anyOf"):
        return " or ".join(_kind(each) for each in kinds)
    if values := schema.get("enum"):
        return " | ".join(f'"{value}"' for value in values)
    kind = str(schema.get("format") or schema.get("type", "any value"))
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return f"{kind} (at most {schema['maxLength']})" if "maxLength" in schema else kind
