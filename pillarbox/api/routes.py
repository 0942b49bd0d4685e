"""From method and path to an endpoint, by dictionaries: letters in any case, one slash at the end ignored.

A second slash at the start is ignored, too: clients put a base address that ends with one before paths.

Source: spec overview 1. Literal segments win over parameters.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from pillarbox.api.endpoint import Endpoint
from pillarbox.errors import Problem, Refused

Route = tuple[Endpoint, dict[str, str]]

_PARAMETER = "{}"
_END = ""


class Routes:
    """All endpoints, findable. Paths without parameters cost one look-up, others one a segment."""

    __slots__ = ("_literal", "_tree")

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._literal: dict[str, Route] = {}
        self._tree: dict[str, Any] = {}
        for endpoint in endpoints:
            if "{" not in endpoint.path:
                self._literal[f"{endpoint.method} {endpoint.path.lower()}"] = endpoint, {}
            else:
                self._grow(endpoint)

    def find(self, method: str, path: str, raw_path: bytes) -> Route:
        """The endpoint and the parameters in the path. Refuses UNKNOWN_ROUTE.

        `path` is percent-decoded, `raw_path` is not: a parameter may hold an encoded slash.
        """
        if path.startswith("//"):
            path, raw_path = path[1:], raw_path[1:]
        route = self._literal.get(f"{method} {path.removesuffix('/').lower()}")
        if route is not None:
            return route
        raw = raw_path.decode("latin-1").removesuffix("/")
        segments = [unquote(segment) for segment in raw.split("/")[1:]]
        found = _walk(self._tree.get(method, {}), segments)
        if found is None:
            raise Refused(Problem.UNKNOWN_ROUTE)
        endpoint, values = found
        names = (part[1:-1] for part in endpoint.path.split("/") if part.startswith("{"))
        return endpoint, dict(zip(names, reversed(values), strict=True))

    def _grow(self, endpoint: Endpoint) -> None:
        node = self._tree.setdefault(endpoint.method, {})
        for segment in endpoint.path.split("/")[1:]:
            key = _PARAMETER if segment.startswith("{") else segment.lower()
            node = node.setdefault(key, {})
        node[_END] = endpoint


def _walk(node: dict[str, Any], segments: list[str]) -> tuple[Endpoint, list[str]] | None:
    """The endpoint below a node and the parameters on the way, last one first."""
    if not segments:
        endpoint = node.get(_END)
        return None if endpoint is None else (endpoint, [])
    first, rest = segments[0], segments[1:]
    below = node.get(first.lower()) if first not in (_PARAMETER, _END) else None
    found = _walk(below, rest) if below is not None else None
    if found is None and first and _PARAMETER in node:
        found = _walk(node[_PARAMETER], rest)
        if found is not None:
            found[1].append(first)
    return found
