"""Lists of addresses as people have them: pasted lines and CSV in; CSV out, harmless to spreadsheets. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pillarbox.clock import EASTERN
from pillarbox.mail.address import bare_key
from pillarbox.suppressions.model import Suppression

COLUMNS = ("EmailAddress", "SuppressionReason", "Origin", "CreatedAt")
_TITLES = frozenset(
    "email emailaddress email_address e-mail mail address recipient recipientemail".split()
)
_FORMULA = frozenset("=+-@")
_LONGEST_SHOWN = 320


@dataclass(frozen=True, slots=True)
class Line:
    """One line that has an address, or should have: its number, what stood there, and its key if it is one."""

    number: int
    text: str
    key: str | None


def read(text: str) -> list[Line]:
    """The addresses of a text, one a line.

    A line may be CSV, with commas, semicolons or tabs: then a title line says which column has the addresses, else
    it is the first column. Blank lines are left out.
    """
    lines = [line.strip("\ufeff") for line in text.splitlines()]
    filled = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not filled:
        return []
    delimiter = max(",;\t", key=filled[0][1].count)
    column = _column_of(_cells(filled[0][1], delimiter))
    if column is not None:
        filled = filled[1:]
    return [_line(number, _cells(line, delimiter), column or 0) for number, line in filled]


def plain(texts: Iterable[str]) -> list[Line]:
    """Addresses that were ticked, as they stand."""
    return [Line(number, text, bare_key(text)) for number, text in enumerate(texts, 1)]


def csv_lines(held: Iterable[Suppression]) -> Iterator[str]:
    """Suppressions as lines of CSV, with the names and the times of the API."""
    for one in held:
        at = one.created_at.astimezone(EASTERN).isoformat(timespec="seconds")
        yield _csv((_guarded(one.address), one.reason.value, one.origin.value, at))


def csv_title() -> str:
    """The first line."""
    return _csv(COLUMNS)


def _csv(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _guarded(address: str) -> str:
    """An address that no spreadsheet takes for a formula; `read` undoes it."""
    return f"'{address}" if address[:1] in _FORMULA else address


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return [line]


def _column_of(cells: list[str]) -> int | None:
    """Which column a title line says to have the addresses; None when this is no title line."""
    for position, cell in enumerate(cells):
        if cell.strip().lower().replace(" ", "") in _TITLES:
            return position
    return None


def _line(number: int, cells: list[str], column: int) -> Line:
    cell = cells[column].strip() if column < len(cells) else ""
    if cell[:1] == "'" and cell[1:2] in _FORMULA:
        cell = cell[1:]
    return Line(number, cell[:_LONGEST_SHOWN], bare_key(cell))
