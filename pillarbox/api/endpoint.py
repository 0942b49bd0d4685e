"""Endpoints as data: a group lists them, a function's signature says what each one takes and gives.

    group = Group("Messages", docs="spec messages", not_found=Problem.MESSAGE_NOT_FOUND)

    @group.get("/messages/outbound/{message_id}/details")
    def outbound_details(call: ServerCall, message_id: str) -> wire.OutboundDetails:
        ...

`call` names the token, `body` the shape of the JSON body (`X | None` where a body may be missing, `bytes` where
the endpoint reads it by itself), `query` that of the query string; all other parameters are parts of the path. A
plain function runs inside one transaction; an `async` one makes its own, and may answer with a `Streamed`. What it
returns is the JSON of the answer, status 200.
"""

import inspect
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from types import NoneType
from typing import Any, TypedDict, TypeVar, Unpack, get_args

from pillarbox.api.callers import Call
from pillarbox.errors import Problem, Refused
from pillarbox.wire.base import Body, Bytes, is_blank
from pillarbox.wire.query import QueryString

MB = 1_048_576
MAX_BODY = 10 * MB
MAX_BATCH_BODY = 50 * MB

_NAME = re.compile(r"\b[A-Z][A-Z_]+\b")

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer too long to be held at once: its JSON text in pieces."""

    pieces: AsyncIterator[bytes]


class Options(TypedDict, total=False):
    """What a signature cannot say: `limit` of the body in bytes, the problem of a missing body or a bad id.

    `refuses` are problems that endpoints share, beside those of the documentation; `described` is what a body of
    `bytes` looks like.
    """

    limit: int
    no_body: Problem
    not_found: Problem
    refuses: tuple[Problem, ...]
    described: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method on one path."""

    group: str
    method: str
    path: str
    run: Callable[..., Any]
    call: type[Call]
    body: Body[Any] | None
    """What reads the body; None when there is none, or the endpoint takes it as it is."""
    takes_bytes: bool
    may_lack_body: bool
    query: QueryString[Any] | None
    answer: Any
    """The type of what `run` returns."""
    numbers: frozenset[str]
    """The path parameters that are integers."""
    is_async: bool
    limit: int = MAX_BODY
    no_body: Problem = Problem.NOT_JSON
    not_found: Problem = Problem.UNKNOWN_ROUTE
    refuses: tuple[Problem, ...] = ()
    described: Any = None

    @property
    def name(self) -> str:
        """Method and path, as in the documentation."""
        return f"{self.method} {self.path}"

    @property
    def has_body(self) -> bool:
        """Whether it reads a body."""
        return self.body is not None or self.takes_bytes

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return (inspect.getdoc(self.run) or "").partition("\n")[0]

    @property
    def problems(self) -> list[Problem]:
        """What it refuses beyond what every endpoint does: its declaration and its documentation say so."""
        refuses = (inspect.getdoc(self.run) or "").partition("Refuses ")[2].partition("\n\n")[0]
        named = [Problem[name] for name in _NAME.findall(refuses) if name in Problem.__members__]
        declared = [self.not_found] if self.numbers else []
        if self.has_body and not self.may_lack_body and self.no_body is not Problem.NOT_JSON:
            declared.append(self.no_body)
        if self.query is not None:
            declared += self.query.problems
        return list(dict.fromkeys([*declared, *named, *self.refuses]))

    @property
    def body_shape(self) -> Any:
        """The type of the body, also of one that it reads by itself; None when nothing describes it."""
        return self.described if self.body is None else self.body.shape

    def read_path(self, values: Mapping[str, str]) -> dict[str, Any]:
        """The path's parameters, integers as such. Refuses `not_found` for text in place of an integer."""
        return {
            name: self._read_number(value) if name in self.numbers else value
            for name, value in values.items()
        }

    def read_body(self, body: Bytes) -> Any:
        """The body as its shape. Refuses `no_body`, NOT_JSON, WRONG_FIELDS."""
        if not is_blank(body):
            return body if self.body is None else self.body.read(body)
        if self.may_lack_body:
            return None
        raise Refused(self.no_body)

    def _read_number(self, value: str) -> int:
        if not (value.isascii() and value.isdigit() and len(value) <= 18):
            raise Refused(self.not_found)
        return int(value)


@dataclass(frozen=True, slots=True)
class Group:
    """Endpoints of one page of the documentation. `not_found` answers ids that are no numbers."""

    name: str
    docs: str = field(default="", kw_only=True)
    not_found: Problem = field(default=Problem.UNKNOWN_ROUTE, kw_only=True)
    endpoints: list[Endpoint] = field(default_factory=list, kw_only=True)

    def get(self, path: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """Add a GET endpoint; a plain function only reads."""
        return self._adder("GET", path, options)

    def post(self, path: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """Add a POST endpoint."""
        return self._adder("POST", path, options)

    def put(self, path: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """Add a PUT endpoint."""
        return self._adder("PUT", path, options)

    def patch(self, path: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """Add a PATCH endpoint."""
        return self._adder("PATCH", path, options)

    def delete(self, path: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """Add a DELETE endpoint."""
        return self._adder("DELETE", path, options)

    def _adder(self, method: str, path: str, options: Options) -> Callable[[F], F]:
        settings: Options = {"not_found": self.not_found}
        settings.update(options)

        def add(run: F) -> F:
            self.endpoints.append(_endpoint(self.name, method, path, run, settings))
            return run

        return add


def _endpoint(
    group: str, method: str, path: str, run: Callable[..., Any], options: Options
) -> Endpoint:
    signature = inspect.signature(run, eval_str=True)
    types = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    call = types.pop("call")
    body = types.pop("body", None)
    query = types.pop("query", None)
    may_lack_body = NoneType in get_args(body)
    if may_lack_body:
        body = next(part for part in get_args(body) if part is not NoneType)
    in_path = {part[1:-1] for part in path.split("/") if part.startswith("{")}
    if set(types) != in_path or not set(types.values()) <= {str, int}:
        raise TypeError(f"{method} {path}: {run.__name__} does not take what the path holds")
    return Endpoint(
        group=group,
        method=method,
        path=path,
        run=run,
        call=call,
        body=None if body in (None, bytes) else Body(body),
        takes_bytes=body is bytes,
        may_lack_body=may_lack_body,
        query=None if query is None else QueryString(query),
        answer=signature.return_annotation,
        numbers=frozenset(name for name, kind in types.items() if kind is int),
        is_async=inspect.iscoroutinefunction(run),
        **options,
    )
