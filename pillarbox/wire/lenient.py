"""Reading decoded JSON the way Postmark's clients write it: names in any case, null for absent, some loose types.

One reader is compiled from a struct type. It takes what a JSON decoder gave (dicts, lists, str, bool, int, Number)
and collects the path of every value that cannot be used. It is not for the hot path: `wire.base` tries the strict
decoder first. Source: spec overview 3 and 5.4.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta
from msgspec import inspect as shapes

_is_digits = re.compile(r"[0-9]{1,18}").fullmatch

_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
Integer = Annotated[int, Meta(ge=_LOWEST, le=_HIGHEST)]
"""An integer that a database can hold; requests use it in place of int."""

NUMERIC_TEXT = {"numeric_text": True}
"""As `Annotated[Integer | None, Meta(extra=NUMERIC_TEXT)]`: an integer that clients also send as a string."""

Wrong = list[str]
Reader = Callable[[Any, str, Wrong], Any]


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number with a fraction or an exponent, as it was written."""

    text: str


def reader_of(shape: Any) -> Reader:
    """A reader for a struct, a list of structs or any type a request may hold.

    A reader takes a value, its JSON path and the list that collects the paths of wrong values. Raises TypeError
    for a type that requests cannot hold.
    """
    return _compile(shapes.type_info(shape))


def is_open(shape: Any) -> bool:
    """Whether values of this type may nest as deeply as the caller likes."""
    return _is_open(shapes.type_info(shape))


def plain(text: str) -> str:
    """Text without NUL, which PostgreSQL cannot keep."""
    return text.replace("\0", "") if "\0" in text else text


def _is_open(info: shapes.Type) -> bool:
    match info:
        case shapes.AnyType():
            return True
        case shapes.StructType():
            return any(_is_open(field.type) for field in info.fields)
        case shapes.UnionType():
            return any(_is_open(part) for part in info.types)
        case shapes.ListType():
            return _is_open(info.item_type)
        case shapes.DictType():
            return _is_open(info.value_type)
        case shapes.Metadata():
            return _is_open(info.type)
    return False


def _compile(info: shapes.Type) -> Reader:
    match info:
        case shapes.Metadata():
            return _numeric if info.extra == NUMERIC_TEXT else _compile(info.type)
        case shapes.UnionType():
            return _compile(_only_part(info))
        case shapes.StructType():
            return _Object(info)
        case shapes.ListType():
            return _List(_compile(info.item_type))
        case shapes.DictType():
            return _scalars if isinstance(info.value_type, shapes.StrType) else _model
    reader = _SCALARS.get(type(info))
    if reader is None:
        raise TypeError(f"a request cannot hold {info}")
    return reader


def _only_part(info: shapes.UnionType) -> shapes.Type:
    parts = [part for part in info.types if not isinstance(part, shapes.NoneType)]
    if len(parts) != 1:
        raise TypeError(f"a request cannot hold {info}")
    return parts[0]


class _Object:
    """Reads a struct. An empty string stands for an absent value wherever text is not what is wanted."""

    __slots__ = ("_fields", "_type")

    def __init__(self, info: shapes.StructType) -> None:
        self._type = info.cls
        self._fields: dict[str, tuple[str, Reader]] = {}
        for field in info.fields:
            if field.required:
                raise TypeError(f"{info.cls.__name__}.{field.name} needs a default")
            self._fields[field.encode_name.lower()] = field.name, _compile(field.type)

    def __call__(self, value: Any, at: str, wrong: Wrong) -> Any:
        if type(value) is not dict:
            wrong.append(at)
            return None
        given: dict[str, tuple[Reader, Any]] = {}
        for key, item in value.items():
            field = self._fields.get(key.lower())
            if field is not None:
                name, read = field
                given[name] = read, item
        return self._type(
            **{
                name: read(item, f"{at}.{name}", wrong)
                for name, (read, item) in given.items()
                if item is not None and (item != "" or read is _text)
            }
        )


class _List:
    __slots__ = ("_item",)

    def __init__(self, item: Reader) -> None:
        self._item = item

    def __call__(self, value: Any, at: str, wrong: Wrong) -> Any:
        if type(value) is not list:
            wrong.append(at)
            return None
        return [self._item(item, f"{at}[{index}]", wrong) for index, item in enumerate(value)]


def _text(value: Any, at: str, wrong: Wrong) -> Any:
    if type(value) is str:
        return plain(value)
    wrong.append(at)
    return None


def _boolean(value: Any, at: str, wrong: Wrong) -> Any:
    if type(value) is bool:
        return value
    word = value.lower() if type(value) is str else ""
    if word not in ("true", "false"):
        wrong.append(at)
    return word == "true"


def _integer(value: Any, at: str, wrong: Wrong) -> Any:
    if type(value) is Number and float(value.text).is_integer():
        value = int(float(value.text))
    if type(value) is int and _LOWEST <= value <= _HIGHEST:
        return value
    wrong.append(at)
    return None


def _numeric(value: Any, at: str, wrong: Wrong) -> Any:
    if type(value) is str and _is_digits(value.strip()):
        return int(value.strip())
    return _integer(value, at, wrong)


def _scalars(value: Any, at: str, wrong: Wrong) -> Any:
    """Metadata: names kept as they are, numbers and booleans as their JSON text, null left out."""
    if type(value) is not dict:
        wrong.append(at)
        return None
    read = {}
    for name, item in value.items():
        text = _scalar(item)
        if text is not None:
            read[plain(name)] = text
        elif item is not None:
            wrong.append(f"{at}.{name}")
    return read


def _scalar(value: Any) -> str | None:
    match value:
        case str():
            return plain(value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Number():
            return value.text
    return None


def _model(value: Any, at: str, wrong: Wrong) -> Any:
    """Template data; PHP writes an empty map as an empty list."""
    if value == []:
        return {}
    if type(value) is not dict:
        wrong.append(at)
        return None
    return _free(value, at, wrong)


def _free(value: Any, _at: str, _wrong: Wrong) -> Any:
    """Data of the caller: Numbers become floats, NULs go. Nested at most as deep as `wire.base` allows."""
    match value:
        case str():
            return plain(value)
        case dict():
            return {plain(name): _free(item, "", []) for name, item in value.items()}
        case list():
            return [_free(item, "", []) for item in value]
        case Number():
            return float(value.text)
    return value


_SCALARS: dict[type[shapes.Type], Reader] = {
    shapes.StrType: _text,
    shapes.BoolType: _boolean,
    shapes.IntType: _integer,
    shapes.AnyType: _free,
}
