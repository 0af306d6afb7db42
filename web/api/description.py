"""The description of the API (OpenAPI 3.1), made of what its handlers declare."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Litestar

from web.api.operations import Operation, operation_of
from web.api.public import public
from web.policies import Policy, handlers, policy_of
from web.problems import MEDIA_TYPE

_REF = "#/components/schemas/{name}"
# What each refusal means.
MEANINGS = {
    400: "The request could not be read.",
    401: "There is no token, or it has ended.",
    403: "The token's member may not do this, or the token lacks the scope.",
    404: "There is no such thing, or the token's member may not know of it.",
    408: "The body took too long to arrive.",
    409: "Something else has changed in the meantime, or stands against it.",
    412: "The record has changed since it was read. The answer has both versions.",
    413: "The body is larger than a megabyte.",
    415: "The body is not sent as `application/json`.",
    422: "A value could not be taken. `errors` says which, and why.",
    428: "`If-Match` is missing.",
    429: "Too many calls. `Retry-After` says when the next one is taken.",
    500: "A fault of Dealkin. Nothing was saved.",
    503: "Too much is being done. `Retry-After` says when to try again.",
    507: "The disk is full. Nothing was saved.",
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "yours": {"type": "object", "description": "Of 412: what was sent."},
        "current": {"type": "object", "description": "Of 412: what is saved now."},
    },
    "examples": [
        {
            "type": "/api/docs#problem-422",
            "title": "That could not be taken",
            "status": 422,
            "detail": "Some fields could not be saved.",
            "errors": [{"field": "amount", "detail": "An amount, such as 125000."}],
        }
    ],
}
_PAGING = (
    ("after", {"type": "string", "maxLength": 80}, "The `next` of the page before."),
    (
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
        "How many items a page has at most.",
    ),
    (
        "fields",
        {"type": "string", "maxLength": 1000},
        "The names of the fields that are wanted, with commas between them.",
    ),
)
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "description": "A call that is repeated with the same key within a day is done once.",
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": '^"[!#-~]+"$'},
    "description": "The ETag of the record that is changed.",
}
_SAFE = ("get", "head")


@cache
def description(app: Litestar) -> dict[str, Any]:
    """The description of an application's API."""
    declared = [
        (method.lower(), path, handler)
        for method, path, handler in handlers(app)
        if "operation" in handler.opt
    ]
    types: list[Any] = []
    for _, _, handler in declared:
        operation = operation_of(handler)
        if operation.answers is not None:
            types.append(public(operation.answers))
        types += [kind for kind in (operation.body, operation.query) if kind]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    by_type = dict(zip(map(id, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for method, path, handler in sorted(declared, key=lambda row: (row[1], row[0])):
        operation = operation_of(handler)
        plain = re.sub(r":\w+}", "}", path)
        if operation.paged:
            _let_fields_be_chosen(components, by_type[id(public(operation.answers))])
        paths.setdefault(plain, {})[method] = _described(
            method, path, operation, handler, by_type, components
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Dealkin",
            "version": version("dealkin"),
            "description": "The record of deals, accounts, people, references and assets.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(each[2]) for each in declared)],
        "paths": paths,
        "components": {
            "schemas": {**_without_defaults(components), "Problem": _PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _described(
    method: str,
    path: str,
    operation: Operation,
    handler: Any,
    by_type: dict[int, Any],
    components: dict[str, Any],
) -> dict[str, Any]:
    parameters = [_of_path(name, kind) for name, kind in re.findall(r"{(\w+):(\w+)}", path)]
    if operation.query:
        parameters += _of_query(operation.query, components)
    if operation.paged:
        parameters += [
            {"name": name, "in": "query", "schema": schema, "description": told}
            for name, schema, told in _PAGING
        ]
    if method not in _SAFE:
        parameters.append(_IDEMPOTENCY)
    if operation.matches:
        parameters.append(_IF_MATCH)
    described: dict[str, Any] = {
        "operationId": f"{_tag(handler).lower()}-{handler.handler_name}",
        "summary": operation.summary,
        "tags": [_tag(handler)],
        "description": _rights(handler, method),
        "parameters": parameters,
        "responses": _answers(method, operation, by_type),
    }
    if operation.body:
        content: dict[str, Any] = {"schema": by_type[id(operation.body)]}
        content["example"] = operation.body.example
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return described


def _answers(method: str, operation: Operation, by_type: dict[int, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    if operation.answers is None:
        answers["204"] = {"description": "It is done."}
    else:
        schema = by_type[id(public(operation.answers))]
        if operation.paged:
            schema = {
                "type": "object",
                "required": ["items", "next"],
                "properties": {
                    "items": {"type": "array", "items": schema},
                    "next": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                },
            }
        answer: dict[str, Any] = {
            "description": operation.summary + ".",
            "content": {"application/json": {"schema": schema}},
        }
        if operation.tagged:
            answer["headers"] = {
                "ETag": {
                    "schema": {"type": "string"},
                    "description": "The version, for the If-Match of a change.",
                }
            }
        answers[str(operation.status)] = answer
        if method not in _SAFE and operation.may_vanish:
            told = "It is saved, and the token's member no longer sees the record."
            answers["204"] = {"description": told}
        if method in _SAFE and operation.tagged:
            answers["304"] = {"description": "The version of `If-None-Match` is the current one."}
    for status in operation.refusals:
        answers[str(status)] = {
            "description": MEANINGS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}},
        }
    return answers


def _of_path(name: str, kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "minLength": 1}
    if kind == "int":
        schema = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _of_query(kind: type[msgspec.Struct], components: dict[str, Any]) -> Iterable[dict[str, Any]]:
    schema = components[kind.__name__]
    for name, of_one in schema["properties"].items():
        plain = {key: value for key, value in of_one.items() if key != "default"}
        kinds = [each for each in plain.get("anyOf", ()) if each.get("type") != "null"]
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": kinds[0] if kinds else plain,
        }


def _rights(handler: Any, method: str) -> str:
    whom = {
        Policy.MEMBERS: "For all members.",
        Policy.WRITERS: "For members with a role.",
        Policy.LEADERS: "For managers and administrators.",
        Policy.ADMINISTRATORS: "For administrators.",
    }[policy_of(handler, method.upper()) or Policy.MEMBERS]
    return f"{whom} Scope: {'read' if method in _SAFE else 'write'}."


def _tag(handler: Any) -> str:
    return str(handler.opt["tag"])


def _let_fields_be_chosen(components: dict[str, Any], schema: dict[str, Any]) -> None:
    """Require no field of a list's items: a caller may ask for some of them only."""
    components[schema["$ref"].rpartition("/")[2]].pop("required", None)


def _without_defaults(components: dict[str, Any]) -> dict[str, Any]:
    """The types without defaults: what a body leaves out is as it was, not as a default says."""
    for schema in components.values():
        for of_one in schema.get("properties", {}).values():
            of_one.pop("default", None)
    return components
