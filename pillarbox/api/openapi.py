"""The API described in OpenAPI 3.1, made from the list of endpoints: what `GET /openapi.json` answers."""

from collections.abc import Iterable, Iterator
from functools import cache
from types import UnionType
from typing import Any, NoReturn, get_args, get_origin

import msgspec
from msgspec import inspect as shapes

from pillarbox.api.callers import AccountCall
from pillarbox.api.endpoint import Endpoint, Group, Streamed
from pillarbox.api.groups import GROUPS
from pillarbox.errors import Problem
from pillarbox.wire.base import encode
from pillarbox.wire.errors import CATALOG, Failure
from pillarbox.wire.query import Query

VERSION = "3.1.0"
_REF = "#/components/schemas/{name}"
_SECURITY = {
    "ServerToken": "X-Postmark-Server-Token",
    "AccountToken": "X-Postmark-Account-Token",
}
_ANY = {"description": "Any JSON value."}
_UNDESCRIBED = (Any, NoReturn, Streamed, bytes)
_EVERYWHERE = {
    401: (Problem.NO_TOKEN, Problem.BAD_SERVER_TOKEN, Problem.BAD_ACCOUNT_TOKEN),
    415: (Problem.WRONG_MEDIA_TYPE,),
    429: (Problem.RATE_LIMITED,),
    500: (Problem.UNEXPECTED,),
    503: (Problem.MAINTENANCE,),
}
_WITH_BODY = (Problem.NOT_JSON, Problem.WRONG_FIELDS, Problem.BODY_TOO_LARGE)


@cache
def document(version: str) -> bytes:
    """The whole description as JSON text."""
    return encode(describe(GROUPS, version))


def describe(groups: Iterable[Group], version: str) -> dict[str, Any]:
    """The whole description."""
    groups = tuple(groups)
    endpoints = [e for group in groups for e in group.endpoints if e.answer is not NoReturn]
    schemas = _Schemas(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint, schemas)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": VERSION,
        "info": {
            "title": "Pillarbox",
            "version": version,
            "description": "Transactional email. Compatible with the Postmark API.",
        },
        "tags": [{"name": group.name} for group in groups],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                name: {"type": "apiKey", "in": "header", "name": header}
                for name, header in _SECURITY.items()
            },
        },
    }


def fields_of(query: type[Query]) -> Iterator[tuple[str, shapes.Type, bool]]:
    """Name, type and whether it must be given, of each parameter of a query string."""
    info = shapes.type_info(query)
    assert isinstance(info, shapes.StructType)
    for field in info.fields:
        yield field.name, field.type, field.required


class _Schemas:
    """The schemas of all bodies and answers, and those they refer to."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        shapes_in_use: list[Any] = [Failure]
        for endpoint in endpoints:
            if endpoint.body_shape is not None:
                shapes_in_use += _leaves(endpoint.body_shape)
            shapes_in_use += _leaves(endpoint.answer)
        leaves = list(dict.fromkeys(shapes_in_use))
        found, self.components = msgspec.json.schema_components(
            leaves, schema_hook=lambda _: dict(_ANY), ref_template=_REF
        )
        self._of = dict(zip(leaves, found, strict=True))

    def of(self, shape: Any) -> dict[str, Any]:
        """The schema of a body or an answer; one that takes anything where nothing is known."""
        if shape in _UNDESCRIBED:
            return {}
        if get_origin(shape) is list:
            return {"type": "array", "items": self.of(get_args(shape)[0])}
        if isinstance(shape, UnionType):
            return {"anyOf": [self.of(part) for part in get_args(shape)]}
        found: dict[str, Any] = self._of[shape]
        return found


def _leaves(shape: Any) -> list[Any]:
    """The types a type is made of, as far as lists and unions go."""
    if shape in _UNDESCRIBED:
        return []
    if get_origin(shape) is list or isinstance(shape, UnionType):
        return [leaf for part in get_args(shape) for leaf in _leaves(part)]
    return [shape]


def _operation(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    is_account = issubclass(endpoint.call, AccountCall)
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.method.lower()} {endpoint.path}",
        "tags": [endpoint.group],
        "summary": endpoint.summary,
        "security": [{"AccountToken" if is_account else "ServerToken": []}],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": {
            "200": _json("Done.", schemas.of(endpoint.answer)),
            **_failures(endpoint, schemas.of(Failure)),
        },
    }
    if endpoint.has_body:
        shape = {} if endpoint.body_shape is None else schemas.of(endpoint.body_shape)
        operation["requestBody"] = {
            "required": not endpoint.may_lack_body,
            "content": {"application/json": {"schema": shape}},
        }
    return operation


def _path_parameters(endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    for part in endpoint.path.split("/"):
        if part.startswith("{"):
            name = part[1:-1]
            kind = "integer" if name in endpoint.numbers else "string"
            yield {"name": name, "in": "path", "required": True, "schema": {"type": kind}}


def _query_parameters(endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    if endpoint.query is None:
        return
    for name, kind, is_required in fields_of(endpoint.query.shape):
        if type_name(kind) == "object":  # as many parameters as there are names behind the prefix
            yield {
                "name": name,
                "in": "query",
                "style": "form",
                "explode": True,
                "schema": {"type": "object", "additionalProperties": {"type": "string"}},
            }
            continue
        yield {
            "name": name,
            "in": "query",
            "required": is_required,
            "schema": {"type": type_name(kind)},
        }


def type_name(kind: shapes.Type) -> str:
    """The JSON Schema word for the type of a parameter; dates are texts."""
    match kind:
        case shapes.UnionType():
            parts = [part for part in kind.types if not isinstance(part, shapes.NoneType)]
            return type_name(parts[0])
        case shapes.IntType():
            return "integer"
        case shapes.BoolType():
            return "boolean"
        case shapes.DictType():
            return "object"
    return "string"


def _failures(endpoint: Endpoint, schema: Any) -> dict[str, Any]:
    """The answers of all problems by HTTP status."""
    problems = [*endpoint.problems, *(_WITH_BODY if endpoint.has_body else ())]
    by_status: dict[int, list[Problem]] = {s: list(found) for s, found in _EVERYWHERE.items()}
    for problem in problems:
        known = by_status.setdefault(CATALOG[problem].status, [])
        if problem not in known:
            known.append(problem)
    return {
        str(status): _json("\n".join(map(_line, found)), schema)
        for status, found in sorted(by_status.items())
    }


def _line(problem: Problem) -> str:
    row = CATALOG[problem]
    return f"{row.code}: {row.text}"


def _json(description: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
