"""Query strings to structs: names in any case and spelling, Postmark's dates, paging.

    class OutboundSearch(Paged):
        problems = MESSAGES
        tag: str | None = None
        fromdate: Since | None = None
        metadata: dict[str, str] = {}      # metadata_<key>=value, as many as there are

An unusable value is refused with the family's problem. Source: spec overview 1 and 4.3, bounces 0.3 to 0.5.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Annotated, Any, ClassVar, Generic, TypeVar
from urllib.parse import parse_qsl

from msgspec import NODEFAULT, Meta, Struct
from msgspec import inspect as shapes

from pillarbox.clock import EASTERN
from pillarbox.errors import Problem, Refused
from pillarbox.wire.lenient import plain

MAX_PARAMETERS = 1000
MAX_PER_CALL = 500
MAX_REACH = 10_000

Since = Annotated[datetime, Meta(extra={"bound": "since"})]
"""An instant; a date alone means its first one in US Eastern time."""
Until = Annotated[datetime, Meta(extra={"bound": "until"})]
"""An instant, inclusive; a date alone means its last one in US Eastern time."""

T = TypeVar("T", bound="Query")
Read = Callable[[str], Any]

_METADATA = "metadata_"
_integer = re.compile(r"[+-]?[0-9]{1,18}").fullmatch
_date = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,7}))?"
    r"(Z|[+\- ][0-9]{2}:[0-9]{2})?)?"
).fullmatch
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """How one family of endpoints refuses a query. Without `too_deep` its lists have no ceiling."""

    bad_value: Problem
    bad_count: Problem
    bad_offset: Problem
    too_many: Problem
    too_deep: Problem | None = None


MESSAGES = Problems(
    bad_value=Problem.MESSAGES_BAD_FILTER,
    bad_count=Problem.MESSAGES_BAD_COUNT,
    bad_offset=Problem.MESSAGES_BAD_OFFSET,
    too_many=Problem.MESSAGES_TOO_MANY,
    too_deep=Problem.MESSAGES_TOO_DEEP,
)
BOUNCES = Problems(
    bad_value=Problem.BOUNCES_BAD_FILTER,
    bad_count=Problem.BOUNCES_BAD_COUNT,
    bad_offset=Problem.BOUNCES_BAD_OFFSET,
    too_many=Problem.BOUNCES_TOO_MANY,
    too_deep=Problem.BOUNCES_TOO_DEEP,
)


class Query(Struct, gc=False):
    """Base of query shapes: attributes spelled as documented, of type str, int, bool, Since or Until.

    `problems` says how the family refuses. An attribute without default must be given; one of type
    `dict[str, str]` takes every `<name>_<key>` parameter.
    """

    problems: ClassVar[Problems]


class Paged(Query, kw_only=True):
    """Base of queries for a page of a list. A shape that does not demand both gives them other defaults."""

    count: int
    offset: int


class QueryString(Generic[T]):
    """Reads query strings of one shape."""

    __slots__ = ("_fields", "_prefixed", "_problems", "_required", "shape")

    def __init__(self, shape: type[T]) -> None:
        self.shape = shape
        self._problems = shape.problems
        self._fields: dict[str, tuple[str, Read]] = {}
        self._prefixed: str | None = None
        self._required: list[str] = []
        info = shapes.type_info(shape)
        assert isinstance(info, shapes.StructType)
        for field in info.fields:
            kind = _kind(field.type)
            if isinstance(kind, shapes.DictType):
                self._prefixed = field.name
                continue
            self._fields[_key(field.name)] = field.name, _reader(kind)
            if field.required and field.default is NODEFAULT:
                self._required.append(field.name)

    @property
    def problems(self) -> list[Problem]:
        """How it may refuse."""
        of = self._problems
        found = [of.bad_value]
        if issubclass(self.shape, Paged):
            found += [of.bad_count, of.bad_offset, of.too_many]
            found += [of.too_deep] if of.too_deep else []
        return found

    def read(self, query: bytes) -> T:
        """The query string as its shape.

        Refuses what the family's problems name. Unknown parameters are ignored, empty ones count as absent,
        and the first of a repeated one wins.
        """
        values: dict[str, Any] = {}
        prefixed: dict[str, str] = {}
        for name, text in self._parse(query):
            field = self._fields.get(_key(name))
            if field is not None:
                if field[0] not in values:
                    values[field[0]] = self._read_value(field, text)
            elif self._prefixed is not None and name.lower().startswith(_METADATA):
                prefixed.setdefault(name[len(_METADATA) :], text)
        if self._prefixed is not None:
            values[self._prefixed] = prefixed
        for name in self._required:
            if name not in values:
                raise self._unusable(name)
        self._check_page(values)
        return self.shape(**values)

    def _parse(self, query: bytes) -> list[tuple[str, str]]:
        text = query.decode("utf-8", "replace")
        try:
            pairs = parse_qsl(text, errors="replace", max_num_fields=MAX_PARAMETERS)
        except ValueError:
            raise Refused(self._problems.bad_value, name="query") from None
        return [(plain(name), plain(value)) for name, value in pairs]

    def _read_value(self, field: tuple[str, Read], text: str) -> Any:
        name, read = field
        try:
            return read(text)
        except ValueError:
            raise self._unusable(name) from None

    def _unusable(self, name: str) -> Refused:
        if name == "count":
            return Refused(self._problems.bad_count)
        if name == "offset":
            return Refused(self._problems.bad_offset)
        return Refused(self._problems.bad_value, name=name)

    def _check_page(self, values: dict[str, Any]) -> None:
        count, offset = values.get("count", 0), values.get("offset", 0)
        if count < 0:
            raise Refused(self._problems.bad_count)
        if count > MAX_PER_CALL:
            raise Refused(self._problems.too_many)
        if offset < 0:
            raise Refused(self._problems.bad_offset)
        if self._problems.too_deep is not None and count + offset > MAX_REACH:
            raise Refused(self._problems.too_deep)


def read_instant(text: str, *, is_until: bool = False) -> datetime:
    """A date or an instant in one of the documented forms, in UTC. Raises ValueError for anything else.

    A date alone is its first instant in US Eastern time, or with `is_until` its last.
    """
    found = _date(text.strip())
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    if hour is None:
        on = datetime(int(year), int(month), int(day), tzinfo=EASTERN)
        local = on.replace(hour=23, minute=59, second=59, microsecond=999_999) if is_until else on
    else:
        local = datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second),
            int((fraction or "0").ljust(6, "0")[:6]),
            tzinfo=_zone(offset),
        )
    return _in_utc(local)


def _zone(offset: str | None) -> tzinfo:
    """The zone of an offset; its plus sign may have become a blank on the way."""
    if offset is None:
        return EASTERN
    if offset == "Z":
        return UTC
    away = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:]))
    return timezone(-away if offset[0] == "-" else away)


def _in_utc(local: datetime) -> datetime:
    try:
        return local.astimezone(UTC)
    except OverflowError:  # the first or last day there is
        return local.replace(tzinfo=UTC)


def _key(name: str) -> str:
    return name.lower().replace("_", "")


def _kind(info: shapes.Type) -> shapes.Type:
    """The type of an attribute without its None."""
    if isinstance(info, shapes.UnionType):
        return next(part for part in info.types if not isinstance(part, shapes.NoneType))
    return info


def _reader(kind: shapes.Type) -> Read:
    match kind:
        case shapes.StrType():
            return str
        case shapes.IntType():
            return _read_integer
        case shapes.BoolType():
            return _read_boolean
        case shapes.Metadata(extra={"bound": "since"}):
            return read_instant
        case shapes.Metadata(extra={"bound": "until"}):
            return _read_until
    raise TypeError(f"a query cannot hold {kind}")


def _read_integer(text: str) -> int:
    if not _integer(text.strip()):
        raise ValueError(text)
    return int(text)


def _read_boolean(text: str) -> bool:
    value = _BOOLEANS.get(text.strip().lower())
    if value is None:
        raise ValueError(text)
    return value


def _read_until(text: str) -> datetime:
    return read_instant(text, is_until=True)
