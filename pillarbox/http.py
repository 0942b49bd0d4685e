"""The HTTP listener: API, web page and hits behind one port, on uvicorn."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any

import uvicorn
from typing_extensions import override

import pillarbox
from pillarbox import proxies
from pillarbox.api import main as api
from pillarbox.api import openapi
from pillarbox.app import App
from pillarbox.errors import StartError
from pillarbox.hits.role import Hits
from pillarbox.http_connection import HEAD_S, Connection, close_late
from pillarbox.outbound import confirmation
from pillarbox.outbound.submit import Submission
from pillarbox.servers.directory import Directory
from pillarbox.setting_kinds import Endpoint
from pillarbox.tracking import token
from pillarbox.web import confirm
from pillarbox.web import main as web

log = logging.getLogger(__name__)

BACKLOG = 2048
KEEP_ALIVE_S = 75
FINISH_S = 20


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handling: the composition root does that."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpListener:
    """One port for every role that speaks HTTP."""

    def __init__(
        self,
        app: App,
        directory: Directory,
        submission: Submission,
        *,
        roles: tuple[str, ...],
        hits: Hits | None = None,
    ) -> None:
        self._app = app
        self._api = api.build(app, directory, submission) if "api" in roles else None
        self._web = web.build(app, directory, submission) if "web" in roles else None
        self._hits = hits
        self._confirm = confirm.ConfirmPage(app)
        self._roles = roles
        self._socket: socket.socket | None = None

    async def bind(self) -> int:
        """Take the port; its number. Raises StartError when it is in use."""
        self._socket = bind_tcp(self._app.config.http_listen, "HTTP_LISTEN")
        return int(self._socket.getsockname()[1])

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until told to stop; then finish the requests in hand, and write down what they hit."""
        serve = partial(self._serve, stop)
        await (serve() if self._hits is None else self._hits.beside(serve))

    async def _serve(self, stop: asyncio.Event) -> None:
        assert self._socket is not None
        config = uvicorn.Config(
            self._dispatch,
            loop="none",
            interface="asgi3",
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=FINISH_S,
        )
        server = _Server(config)
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve(sockets=[self._socket]))
            stopping = tasks.create_task(stop.wait())
            watching = tasks.create_task(_watch(server))
            await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
            if self._web is not None:
                self._web.close()
            server.should_exit = True
            stopping.cancel()
            watching.cancel()

    async def _dispatch(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        if self._hits is not None and path.startswith(token.PATHS):
            await self._hits.answers(scope, receive, send)
        elif path.startswith("/health/"):
            await self._health(path, send)
        elif path == "/metrics":
            await self._metrics(scope, send)
        elif path.startswith(confirmation.PATH):
            await self._confirm(scope, receive, send)
        elif self._web is not None and web.owns(scope["method"], path):
            await self._web(scope, receive, send)
        elif self._api is not None and path == "/openapi.json":
            await _answer(send, 200, openapi.document(pillarbox.__version__))
        elif self._api is not None:
            await self._api(scope, receive, send)
        else:
            await _answer(
                send, 404, b'{"ErrorCode":404,"Message":"The requested resource was not found."}'
            )

    async def _metrics(self, scope: Any, send: Any) -> None:
        """Numbers for Prometheus, for those in METRICS_ALLOW."""
        config = self._app.config
        who = proxies.client_address(scope, config.trusted_proxies)
        if not proxies.is_in(who, config.metrics_allow):
            body = b"METRICS_ALLOW does not name your address.\n"
            await _answer(send, 403, body, content_type="text/plain; charset=utf-8")
            return
        metrics = await asyncio.to_thread(_import_metrics)
        body = await metrics.text(self._app, self._roles)
        await _answer(send, 200, body, content_type=metrics.CONTENT_TYPE)

    async def _health(self, path: str, send: Any) -> None:
        """`/health/live`: this process answers; `/health/ready`: its storage does, too."""
        roles = ",".join(f'"{role}"' for role in self._roles)
        try:
            if path.rstrip("/").endswith("ready"):
                await self._app.db.read(lambda tx: tx.now)
        except Exception as problem:  # noqa: BLE001 - not ready, whatever the reason
            log.warning("not ready", extra={"reason": str(problem)})
            await _answer(send, 503, f'{{"status":"unavailable","roles":[{roles}]}}'.encode())
            return
        await _answer(send, 200, f'{{"status":"ok","roles":[{roles}]}}'.encode())


async def _watch(server: uvicorn.Server) -> None:
    """One watch for all connections: a timer each would cost more than a request."""
    while True:
        await asyncio.sleep(HEAD_S / 10)
        close_late(server.server_state.connections, asyncio.get_running_loop().time())


def _import_metrics() -> ModuleType:
    """Decision 0015: many installations are never asked."""
    from pillarbox import metrics

    return metrics


async def _answer(
    send: Any,
    status: int,
    body: bytes,
    *,
    content_type: str = "application/json; charset=utf-8",
) -> None:
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def bind_tcp(endpoint: Endpoint, setting: str) -> socket.socket:
    """A TCP socket bound to an endpoint. Raises StartError naming the setting when that is impossible."""
    host, port = endpoint
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(BACKLOG)  # whoever connects from now on is answered once the server runs
    except OSError as problem:
        raise StartError(f"{setting} {host}:{port}: {problem.strerror or problem}") from None
    bound.setblocking(False)
    return bound
