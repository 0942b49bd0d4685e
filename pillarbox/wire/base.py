"""JSON in and out: request bodies to structs, structs to answers, instants to text.

A body is read in tiers. (a) A strict typed decoder takes what is spelled as documented: nearly everything, in a
few microseconds. (b) What it does not take is decoded without types and read by `wire.lenient`. (c) What is no
proper JSON is repaired where the repair is certain (byte order mark, raw control characters, lone surrogates) and
goes through (b). Only then is it refused.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from pillarbox.errors import Problem, Refused
from pillarbox.wire.lenient import Number, is_open, reader_of

MAX_DEPTH = 64
MAX_VALUES = 500_000

T = TypeVar("T")
Bytes = bytes | bytearray

_BOM = b"\xef\xbb\xbf"
_BLANK = (b"", b"null")
_LONGEST_BLANK = 64

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])
_untyped = msgspec.json.Decoder(float_hook=Number)
# The closing quote is optional: an unterminated string is one match, not the start of a thousand attempts.
_string = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*"?', re.DOTALL)
# A pair of surrogates, a lone one, any other escape (kept as it is), a raw control character.
_mark = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.|([\x00-\x1f])",
    re.DOTALL,
)

encode = msgspec.json.Encoder().encode
"""The JSON text of a struct, or of a list of structs."""


class Request(Struct, forbid_unknown_fields=True, gc=False):
    """Base of the shapes that are read: attributes spelled as documented, each with a default."""


class Reply(Struct, gc=False):
    """Base of the shapes that are written. A member that is UNSET is left out."""


class Done(Reply):
    """The answer of an endpoint that has nothing to show but that it is done."""

    ErrorCode: int
    Message: str


class Body(Generic[T]):
    """Reads request bodies of one shape."""

    __slots__ = ("_is_open", "_read", "_strict", "shape")

    def __init__(self, shape: Any) -> None:
        self.shape = shape
        self._strict: msgspec.json.Decoder[T] = msgspec.json.Decoder(shape)
        self._is_open = is_open(shape)
        self._read = reader_of(shape)

    def read(self, body: Bytes, at: str = "$") -> T:
        """The body as its shape; `at` is the JSON path of a body that is a part of another.

        Refuses NOT_JSON, WRONG_FIELDS. Source: spec overview 5.4.
        """
        # An escaped NUL must not pass, and only the slow way knows how deep free data nests.
        if b"\\u0000" not in body and not (self._is_open and _may_be_deep(body)):
            try:
                return self._strict.decode(body)
            except ValueError:
                pass
        wrong: list[str] = []
        read = self._read(_decode(body), at, wrong)
        if wrong:
            raise Refused(Problem.WRONG_FIELDS, paths=", ".join(wrong))
        value: T = read
        return value


def read_members(body: Bytes) -> dict[str, msgspec.Raw]:
    """The members of a JSON object, each still as JSON text; of a repeated name the last.

    Refuses NOT_JSON, WRONG_FIELDS.
    """
    return _read_raw(_members, body)


def read_items(value: msgspec.Raw, at: str) -> list[msgspec.Raw]:
    """The items of a JSON array, each still as JSON text. Refuses WRONG_FIELDS, naming its path."""
    return _read_raw(_items, value, at)


def is_blank(body: Bytes) -> bool:
    """Whether a body says nothing: empty, blanks, or JSON null."""
    return len(body) <= _LONGEST_BLANK and body.strip() in _BLANK


def stamp(instant: datetime) -> str:
    """An instant in UTC with exactly seven digits of fraction. Source: spec overview 4.1."""
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return f"{instant.isoformat(timespec='microseconds')[:26]}0Z"


def _read_raw(decoder: msgspec.json.Decoder[T], body: Bytes | msgspec.Raw, at: str = "$") -> T:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        raise Refused(Problem.WRONG_FIELDS, paths=at) from None
    except RecursionError:
        raise Refused(Problem.NOT_JSON) from None
    except ValueError:
        text = _string.sub(_repair_string, bytes(body).removeprefix(_BOM))
    try:
        return decoder.decode(text)
    except msgspec.ValidationError:
        raise Refused(Problem.WRONG_FIELDS, paths=at) from None
    except ValueError:
        raise Refused(Problem.NOT_JSON) from None


def _decode(body: Bytes) -> Any:
    """Any JSON value, with Number for what is no integer. Refuses NOT_JSON."""
    if _may_be_many(body):
        raise Refused(Problem.NOT_JSON)
    try:
        value = _untyped.decode(body)
    except RecursionError:
        raise Refused(Problem.NOT_JSON) from None
    except ValueError:
        value = _decode_repaired(body)
    if _may_be_deep(body) and _is_deep(value):
        raise Refused(Problem.NOT_JSON)
    return value


def _decode_repaired(body: Bytes) -> Any:
    text = _string.sub(_repair_string, body.removeprefix(_BOM))
    try:
        return _untyped.decode(text)
    except (ValueError, RecursionError):
        raise Refused(Problem.NOT_JSON) from None


def _repair_string(text: re.Match[bytes]) -> bytes:
    return _mark.sub(_repair_mark, text[0])


def _repair_mark(mark: re.Match[bytes]) -> bytes:
    if mark[1]:
        return b"\\ufffd"
    return b"\\u%04x" % mark[2][0] if mark[2] else mark[0]


def _may_be_deep(body: Bytes) -> bool:
    return body.count(b"[") + body.count(b"{") > MAX_DEPTH


def _may_be_many(body: Bytes) -> bool:
    """Whether a body holds so many values that decoding it would take many times its size in memory."""
    if _count_marks(body) <= MAX_VALUES:
        return False
    return _count_marks(_string.sub(b"", body)) > MAX_VALUES


def _count_marks(body: Bytes) -> int:
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _containers_in(node)]
        if not level:
            return False
    return True


def _containers_in(value: Any) -> Iterator[Any]:
    children = value.values() if isinstance(value, dict) else value
    return (child for child in children if isinstance(child, dict | list))
