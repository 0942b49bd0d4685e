"""What provokes a refusal: requests, of which the last one is refused and those before it must succeed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

UNPROCESSABLE = 422
NEVER = 2_000_000_000
"""The number of nothing."""

NOBODY = "0b1c6e52-7a53-4f35-9a5e-4d9c7c6f2a10"
"""The id of no message."""

MAIL = {"From": "shop@sender.example", "To": "ann@one.example", "Subject": "S", "TextBody": "T"}

BAD_COUNT = "The 'count' parameter is required and must be a positive integer."
BAD_OFFSET = "The 'offset' parameter is required and must be a non-negative integer."
TOO_DEEP = "Count + Offset cannot exceed 10000 messages."

Answers = list[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request; path and headers may have holes for what earlier ones answered: `/domains/{0[ID]}`."""

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    async def send(self, client: httpx.AsyncClient, answers: Answers) -> httpx.Response:
        """Send it. A body of bytes goes out as it is, a function makes one of the answers before."""
        body = self.body(answers) if callable(self.body) else self.body
        content: dict[str, Any] = {} if body is None else {"json": body}
        headers = {name: value.format(*answers) for name, value in self.headers.items()}
        if isinstance(body, bytes):
            content = {"content": body}
            headers = {"Content-Type": "application/json"} | headers
        path = self.path.format(*answers)
        return await client.request(self.method, path, headers=headers, **content)


@dataclass(frozen=True, slots=True)
class Case:
    """The refusal of the last of these requests, on a platform with these settings."""

    status: int
    code: int
    text: str
    requests: tuple[Request, ...]
    settings: Mapping[str, str]
    members: frozenset[str] = frozenset(("ErrorCode", "Message"))


def get(path: str) -> Request:
    return Request(method="GET", path=path)


def delete(path: str) -> Request:
    return Request(method="DELETE", path=path)


def post(path: str, body: Any = None, **headers: str) -> Request:
    return Request(method="POST", path=path, body=body, headers=headers)


def put(path: str, body: Any = None) -> Request:
    return Request(method="PUT", path=path, body=body)


def patch(path: str, body: Any = None) -> Request:
    return Request(method="PATCH", path=path, body=body)


def case(
    code: int, text: str, *requests: Request, status: int = UNPROCESSABLE, **settings: str
) -> Case:
    """The usual case: HTTP status 422."""
    return Case(status, code, text, requests, settings)


def email(
    code: int, text: str, *before: Request, status: int = UNPROCESSABLE, **changes: Any
) -> Case:
    """The refusal of a message with these members."""
    return case(code, text, *before, post("/email", MAIL | changes), status=status)


TOO_MANY_PARAMETERS = "&".join("x=1" for _ in range(1001))
"""More than a query may have."""


def bad_value(name: str) -> str:
    return f"The value of the '{name}' parameter is not valid."
