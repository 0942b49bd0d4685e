"""Looking for text within text, alike on both databases."""

import re

from sqlalchemy import ColumnElement, Connection, false

from pillarbox.storage import dialect

LONGEST = 2000


def contains(
    connection: Connection, column: ColumnElement[str], wanted: str
) -> ColumnElement[bool]:
    """That a text contains another in any case. Neither database does that by itself beyond ASCII."""
    if len(wanted) > LONGEST:
        return false()
    is_sqlite = dialect.is_sqlite(connection)
    if wanted.isascii():
        escaped = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = f"%{escaped}%"
        return (column.like if is_sqlite else column.ilike)(pattern, escape="\\")
    if is_sqlite:
        return column.op("GLOB", is_comparison=True)(f"*{_any_case(wanted, '[{}]')}*")
    return column.regexp_match(_any_case(wanted, "\\{}"))


def replaced(text: str, wanted: str, by: str) -> str:
    """A text with another that it contains, in any case, replaced."""
    return re.sub(re.escape(wanted), lambda _: by, text, flags=re.IGNORECASE)


def _any_case(text: str, literal: str) -> str:
    """A pattern in which each letter is a set of its cases; `literal` is how any ASCII character is quoted."""
    found = []
    for character in text:
        cases = {character, character.lower(), character.upper(), character.title()}
        single = sorted(case for case in cases if len(case) == 1)
        if len(single) > 1:
            found.append(f"[{''.join(single)}]")
        elif character.isascii() and not character.isalnum():
            found.append(literal.format(character))
        else:
            found.append(character)
    return "".join(found)
