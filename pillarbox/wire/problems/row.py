"""One line of the catalog of errors, and the texts that several families share."""

from dataclasses import dataclass

UNPROCESSABLE = 422

TOO_DEEP = "Count + Offset cannot exceed 10000 messages."
BAD_COUNT = "The 'count' parameter is required and must be a positive integer."
BAD_OFFSET = "The 'offset' parameter is required and must be a non-negative integer."
BAD_FILTER = "The value of the '{name}' parameter is not valid."


@dataclass(frozen=True, slots=True)
class Row:
    """Code, status and text of a problem.

    `text` has named holes; `smtp` is a reply code and an enhanced status code (RFC 3463, RFC 5248).
    """

    code: int
    status: int
    text: str
    smtp: str


def row(code: int, text: str, smtp: str = "554 5.6.0") -> Row:
    """The usual row: HTTP status 422."""
    return Row(code, UNPROCESSABLE, text, smtp)
