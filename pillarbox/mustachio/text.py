"""Values as text, and text as HTML. Source: spec templates 6.4, 6.5."""

import re
from decimal import Decimal
from math import isfinite
from typing import Any

_PLAIN_BELOW = (
    1e16  # whole numbers from here on take an exponent, as the shortest form of a float does
)

_is_special = re.compile("[&<>\"'\u00a0-\u00ff\U00010000-\U0010ffff]").search
_referred = re.compile("[\u00a0-\u00ff\U00010000-\U0010ffff]+")


def text_of(value: Any) -> str:
    """The text a JSON value prints as; nothing for null, arrays, objects and what is no JSON value.

    Numbers may be int, float or Decimal: 2.50 prints as 2.5 and 3.0 as 3. Infinities print nothing.
    """
    match value:
        case str():
            return value
        case bool():
            return "True" if value else "False"
        case int():
            return _integer(value)
        case float():
            return _float(value)
        case Decimal():
            return _decimal(value)
    return ""


def as_html(text: str) -> str:
    """Text with everything encoded that Postmark encodes."""
    if not _is_special(text):
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = text.replace('"', "&quot;").replace("'", "&#39;")
    return text if text.isascii() else _referred.sub(_references, text)


def _references(characters: re.Match[str]) -> str:
    return characters[0].encode("ascii", "xmlcharrefreplace").decode("ascii")


def _integer(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # longer than the interpreter writes out by itself
        return str(Decimal(value))


def _float(value: float) -> str:
    if not isfinite(value):
        return ""
    if value.is_integer() and abs(value) < _PLAIN_BELOW:
        return str(int(value))
    return repr(value).upper()


def _decimal(value: Decimal) -> str:
    text = str(value)
    if "E" in text or not value.is_finite():
        return _float(float(value))
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text if value else "0"
