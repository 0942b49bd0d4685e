"""The API as an ASGI application.

Every request takes the same steps:

    route -> who calls, not too often -> media type -> path and query -> body (size while it is read) -> shape ->
    the endpoint, in its transaction -> JSON

Refusals leave at any step and are answered by the catalog of errors. Source: spec overview 1 to 5.
"""

import gzip
import logging
import random
import re
import uuid
import zlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from pillarbox.api.callers import TOKEN_HEADERS, Call, Headers, Services
from pillarbox.api.endpoint import Endpoint, Group, Streamed
from pillarbox.api.intake import Disconnected, Intake, Receive
from pillarbox.api.pace import Pace
from pillarbox.api.routes import Routes
from pillarbox.errors import Problem, Refused, Unavailable
from pillarbox.meters import ApiCall
from pillarbox.wire.base import encode
from pillarbox.wire.errors import Explained, Failure, describe

log = logging.getLogger(__name__)

MIN_GZIP = 1024
MOST_OF_PATH, MOST_OF_CLIENT = 300, 100
_ERROR_CODE = b"x-pm-apierrorcode"
_GZIP_LEVEL = 4
_GZIP_FORM = 31  # zlib's name for a gzip header and trailer
_JSON_TYPES = frozenset((b"application/json", b"application/json; charset=utf-8"))
_ANSWER_TYPE = (b"content-type", b"application/json; charset=utf-8")
_gzip_wanted = re.compile(rb"(?:^|,)\s*(?:x-)?gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$)).*)?(?:,|$)")

Send = Callable[[Any], Awaitable[None]]
_bits = random.Random().getrandbits  # noqa: S311 - a request's name is no secret


class Api:
    """Answers the requests of all groups' endpoints, and with 404 everything else."""

    def __init__(self, groups: Iterable[Group], *, services: Services, intake: Intake) -> None:
        self._routes = Routes(endpoint for group in groups for endpoint in group.endpoints)
        self._services = services
        self._intake = intake
        app = services.app
        limit = app.config.rate_limit
        self._pace = Pace(limit, monotonic=app.monotonic) if limit else None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        headers = read_headers(scope["headers"])
        began = self._services.app.monotonic()
        try:
            body = await self._serve(scope, headers, receive)
            answer = [_ANSWER_TYPE]
            status = 200
        except Disconnected:
            return
        except Exception as problem:  # noqa: BLE001 - whatever happens, the caller gets an answer
            status, answer, body = self._explain(scope, problem)
        self._note(scope, headers, status, answer, began)
        if isinstance(body, Streamed):
            await _send_streamed(body, headers, send)
            return
        if len(body) > MIN_GZIP and _gzip_wanted.search(headers.get(b"accept-encoding", b"")):
            body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
            answer += [(b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")]
        answer.append((b"x-request-id", _new_id()))
        answer.append((b"content-length", b"%d" % len(body)))
        # Both parts without a pause: they leave in one write (http_connection).
        await send({"type": "http.response.start", "status": status, "headers": answer})
        await send({"type": "http.response.body", "body": body})

    async def _serve(self, scope: Any, headers: Headers, receive: Receive) -> bytes | Streamed:
        endpoint, parts = self._routes.find(scope["method"], scope["path"], scope["raw_path"])
        call = scope["call"] = await endpoint.call.admit(self._services, headers)
        if self._pace is not None:
            self._pace.check(headers[endpoint.call.token_header])
        check_accept(headers)
        arguments = endpoint.read_path(parts)
        if endpoint.query is not None:
            arguments["query"] = endpoint.query.read(scope["query_string"])
        if not endpoint.has_body:
            return _written(await self._run(endpoint, call, arguments))
        length = body_length(headers)
        check_content_type(headers, length)
        body, taken = await self._intake.read(receive, length=length, limit=endpoint.limit)
        try:
            arguments["body"] = endpoint.read_body(body)
            del body
            return _written(await self._run(endpoint, call, arguments))
        finally:
            if taken:
                self._intake.budget.give_back(taken)

    async def _run(self, endpoint: Endpoint, call: Call, arguments: dict[str, Any]) -> Any:
        if endpoint.is_async:
            return await endpoint.run(call, **arguments)
        db = self._services.app.db
        turn = db.read if endpoint.method == "GET" else db.write
        return await turn(lambda tx: endpoint.run(call.within(tx), **arguments))

    def _note(
        self,
        scope: Any,
        headers: Headers,
        status: int,
        answer: list[tuple[bytes, bytes]],
        began: float,
    ) -> None:
        """Remember a call of a Server, for its page. Queries are left out: they name people."""
        server = getattr(scope.get("call"), "server", None)
        if server is None:
            return
        client = scope["call"].client or headers.get(b"user-agent", b"").decode("latin-1")
        app = self._services.app
        app.meters.calls.append(
            ApiCall(
                app.clock.now(),
                server.id,
                scope["method"],
                scope["path"][:MOST_OF_PATH],
                status,
                int(dict(answer).get(_ERROR_CODE, 0)),
                app.monotonic() - began,
                client[:MOST_OF_CLIENT],
            )
        )

    def _explain(
        self, scope: Any, problem: Exception
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Status, headers and body for what went wrong."""
        where = {"method": scope["method"], "path": scope["path"]}
        match problem:
            case Refused():
                refused = problem
                log.info("request refused", extra={**where, "problem": refused.problem.value})
            case Unavailable():
                refused = Refused(Problem.MAINTENANCE)
                log.warning("request put off", extra={**where, "reason": str(problem)})
            case _:
                refused = Refused(Problem.UNEXPECTED, error_id=str(uuid.uuid4()))
                log.error("request failed", extra={**where, **refused.details}, exc_info=problem)
        status, code, text = describe(refused)
        headers = [_ANSWER_TYPE, (_ERROR_CODE, b"%d" % code)]
        if refused.problem is Problem.BODY_TIMED_OUT:
            headers.append((b"connection", b"close"))
        if refused.problem is Problem.RATE_LIMITED:
            headers.append((b"retry-after", refused.details["retry_after"].encode()))
        body = refused.body if isinstance(refused, Explained) else Failure(code, text)
        return status, headers, encode(body)


def _written(answer: Any) -> bytes | Streamed:
    return answer if isinstance(answer, Streamed) else encode(answer)


async def _send_streamed(answer: Streamed, headers: Headers, send: Send) -> None:
    """Send an answer piece by piece. If making one fails, the connection ends before the answer does."""
    packing = None
    sent = [_ANSWER_TYPE, (b"x-request-id", _new_id())]
    if _gzip_wanted.search(headers.get(b"accept-encoding", b"")):
        packing = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_FORM)
        sent += [(b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")]
    await send({"type": "http.response.start", "status": 200, "headers": sent})
    async for piece in answer.pieces:
        body = packing.compress(piece) if packing else piece
        if body:
            await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": packing.flush() if packing else b""})


def read_headers(pairs: list[tuple[bytes, bytes]]) -> Headers:
    """Headers by lower-cased name. Of a repeated one the last counts; two different tokens are no good one."""
    headers = dict(pairs)
    if len(headers) != len(pairs):
        for name in TOKEN_HEADERS:
            if len({value.strip().lower() for key, value in pairs if key == name}) > 1:
                headers[name] = b""
    return headers


def body_length(headers: Headers) -> int | None:
    """The declared length of the body, 0 when there is none, None when it comes in chunks."""
    if b"transfer-encoding" in headers:
        return None
    return int(headers.get(b"content-length", b"0"))


def check_content_type(headers: Headers, length: int | None) -> None:
    """Refuses WRONG_MEDIA_TYPE for a body that is not declared as JSON. Source: spec overview 3."""
    if length == 0:
        return
    declared = headers.get(b"content-type", b"")
    if declared not in _JSON_TYPES and (
        declared.partition(b";")[0].strip().lower() != b"application/json"
    ):
        raise Refused(Problem.WRONG_MEDIA_TYPE)


def check_accept(headers: Headers) -> None:
    """Refuses WRONG_MEDIA_TYPE for a caller that explicitly wants something but not JSON."""
    wanted = headers.get(b"accept")
    if wanted and b"json" not in wanted.lower() and b"*" not in wanted:
        raise Refused(Problem.WRONG_MEDIA_TYPE)


def _new_id() -> bytes:
    """A random UUID (version 4)."""
    text = f"{_bits(128):032x}"
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}".encode()
