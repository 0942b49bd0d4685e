"""The reference of the API: a page for each group of endpoints, from their declarations."""

import inspect
import json
from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec
from examples import BODIES, QUERIES
from msgspec import inspect as shapes

from pillarbox.api.callers import AccountCall
from pillarbox.api.endpoint import Endpoint, Group, Streamed
from pillarbox.api.openapi import fields_of, type_name
from pillarbox.errors import Problem
from pillarbox.wire.errors import CATALOG

_WORDS: dict[type[shapes.Type], str] = {
    shapes.DictType: "object",
    shapes.StructType: "object",
    shapes.StrType: "string",
    shapes.IntType: "integer",
    shapes.FloatType: "number",
    shapes.BoolType: "boolean",
}

RULES = "What holds for every endpoint, and what `$URL` and other variables stand for: [API reference](../api.md)."


def slug(group: Group) -> str:
    """The name of a group's page."""
    return group.name.lower().replace(" ", "-")


def is_shown(endpoint: Endpoint) -> bool:
    """Whether it can answer anything but an error."""
    return endpoint.answer is not NoReturn


def index(groups: tuple[Group, ...], note: str) -> str:
    """The list of all endpoints."""
    lines = [
        "# API reference",
        "",
        note,
        "The rules of every endpoint are Postmark's: a token in `X-Postmark-Server-Token` or",
        "`X-Postmark-Account-Token`, JSON bodies, names in any case, HTTP 200 for every success. Errors:",
        "[errors.md](errors.md). `GET /openapi.json` answers the same as OpenAPI 3.1. The examples can be pasted",
        "once the shell has `$URL`, `$SERVER_TOKEN`, `$ACCOUNT_TOKEN`, and the ids that they name.",
        "",
    ]
    for group in groups:
        lines += [
            f"## [{group.name}](api/{slug(group)}.md)",
            "",
            "| Method | Path | Token | What it does |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {e.method} | `{e.path}` | {_token(e)} | {e.summary} |"
            for e in group.endpoints
            if is_shown(e)
        ]
        lines.append("")
    return "\n".join(lines)


def page(group: Group, note: str) -> str:
    """One group's page."""
    lines = [f"# {group.name}", "", note, RULES, ""]
    for endpoint in filter(is_shown, group.endpoints):
        lines += [f"## {endpoint.method} {endpoint.path}", "", *_prose(endpoint)]
        lines += ["```sh", curl(endpoint), "```", "", *_query(endpoint), *_body(endpoint)]
        lines += [f"Answer: {_shape(_type(endpoint.answer))}.", "", *_refusals(endpoint)]
    return "\n".join(lines)


def curl(endpoint: Endpoint) -> str:
    """A command that works when pasted."""
    path = endpoint.path
    for name in (part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")):
        path = path.replace(f"{{{name}}}", f"${name.upper()}")
    query = "&".join(f"{name}={value}" for name, value in _asked(endpoint))
    token = "ACCOUNT" if _token(endpoint) == "Account" else "SERVER"
    header = f'-H "X-Postmark-{token.capitalize()}-Token: ${token}_TOKEN"'
    lines = [f'curl -X {endpoint.method} "$URL{path}{"?" if query else ""}{query}" {header}']
    if endpoint.name in BODIES:
        text = json.dumps(BODIES[endpoint.name], ensure_ascii=False)
        # Ids are numbers: a variable of the shell stands open between two quotes.
        for variable in ("$SERVER_ID", "$SOURCE_SERVER_ID"):
            text = text.replace(f'"{variable}"', f'"\'"{variable}"\'"')
        lines += ["-H 'Content-Type: application/json'", f"-d '{text}'"]
    return " \\\n  ".join(lines)


def _asked(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    if endpoint.query is not None:
        for name, _, _ in fields_of(endpoint.query.shape):
            if name.lower() in QUERIES:
                yield name, QUERIES[name.lower()]


def _token(endpoint: Endpoint) -> str:
    return "Account" if issubclass(endpoint.call, AccountCall) else "Server"


def _prose(endpoint: Endpoint) -> list[str]:
    """The documentation but for its list of refusals, and the token."""
    parts = (inspect.getdoc(endpoint.run) or "").split("\n\n")
    kept = [part for part in parts if not part.startswith("Refuses ")]
    return [*"\n\n".join(kept).split("\n"), "", f"Token: {_token(endpoint)}.", ""]


def _query(endpoint: Endpoint) -> list[str]:
    if endpoint.query is None:
        return []
    rows = [
        f"| `{name}` | {type_name(kind)} | {'yes' if required else ''} |"
        for name, kind, required in fields_of(endpoint.query.shape)
    ]
    return ["| Parameter | Type | Required |", "|---|---|---|", *rows, ""]


def _body(endpoint: Endpoint) -> list[str]:
    if endpoint.body_shape is None:
        return []
    info = _type(endpoint.body_shape)
    if isinstance(info, shapes.ListType):
        info = info.item_type
    if not isinstance(info, shapes.StructType):
        return []
    rows = [f"| `{field.encode_name}` | {_shape(field.type)} |" for field in info.fields]
    return ["| Body | Type |", "|---|---|", *rows, ""]


def _type(shape: Any) -> shapes.Type:
    """The type of a body or an answer; a union of structs by its first."""
    if shape in (Streamed, None):
        return shapes.AnyType()
    try:
        return shapes.type_info(shape)
    except TypeError:
        first = next(iter(_members(shape)))
        return shapes.ListType(shapes.type_info(first))


def _members(shape: Any) -> Iterator[Any]:
    for part in getattr(shape, "__args__", ()):
        if isinstance(part, type) and issubclass(part, msgspec.Struct):
            yield part
        else:
            yield from _members(part)


def _shape(kind: shapes.Type, depth: int = 0) -> str:
    """A type in words; structs with the names of their members, two levels deep."""
    match kind:
        case shapes.Metadata():
            return _shape(kind.type, depth)
        case shapes.UnionType():
            parts = [part for part in kind.types if not isinstance(part, shapes.NoneType)]
            return " or ".join(_shape(part, depth) for part in parts)
        case shapes.ListType() | shapes.VarTupleType():
            return f"list of {_shape(kind.item_type, depth)}"
        case shapes.StructType() if depth < 2:
            members = (f"`{f.encode_name}`{_nested(f.type, depth)}" for f in kind.fields)
            return f"object ({', '.join(members)})"
    return _WORDS.get(type(kind), "JSON")


def _nested(kind: shapes.Type, depth: int) -> str:
    """What is inside a member that is an object or a list of objects."""
    text = _shape(kind, depth + 1)
    return f": {text}" if "object (" in text else ""


def _refusals(endpoint: Endpoint) -> list[str]:
    if not endpoint.problems:
        return []
    rows = [_refusal(problem) for problem in dict.fromkeys(endpoint.problems)]
    return ["| Refused with | HTTP | Message |", "|---|---|---|", *rows, ""]


def _refusal(problem: Problem) -> str:
    row = CATALOG[problem]
    text = row.text.replace("|", "\\|").replace("<", "\\<")
    return f"| {row.code} | {row.status} | {text} |"
