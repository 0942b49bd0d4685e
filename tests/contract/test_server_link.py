"""The address that the API gives out as ServerLink leads to the pages, and takes nothing from the API."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest

from pillarbox.api.groups import GROUPS
from pillarbox.app import App
from pillarbox.domains.directory import Domains
from pillarbox.http import HttpListener
from pillarbox.outbound.submit import Submission
from pillarbox.servers.directory import Directory
from pillarbox.web import main as web
from tests.conftest import ACCOUNT_TOKEN

Port = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def port(app: App) -> Port:
    """The whole listener of some roles, without a socket."""

    @asynccontextmanager
    async def answering(*roles: str) -> AsyncIterator[httpx.AsyncClient]:
        directory = Directory(app.db, monotonic=app.monotonic)
        submission = Submission(app, Domains(app.db, monotonic=app.monotonic))
        listener = HttpListener(app, directory, submission, roles=roles)
        transport = httpx.ASGITransport(listener._dispatch, client=("127.0.0.1", 4000))
        headers = {"X-Postmark-Account-Token": ACCOUNT_TOKEN, "Accept": "application/json"}
        async with httpx.AsyncClient(
            transport=transport, base_url=app.config.public_url, headers=headers
        ) as client:
            yield client

    return answering


async def test_a_server_link_leads_to_the_streams(port, server) -> None:
    async with port("api", "web") as client:
        shown = (await client.get(f"/servers/{server.id}")).json()
        answer = await client.get(shown["ServerLink"])
        assert answer.status_code == 307
        assert answer.headers["Location"] == f"/ui/servers/{server.id}/streams"
        page = await client.get(answer.headers["Location"])
        assert page.status_code == 200
        assert "Message streams" in page.text


async def test_without_pages_the_link_is_an_unknown_route(port, server) -> None:
    async with port("api") as client:
        assert (await client.get(f"/servers/{server.id}/streams")).status_code == 404


async def test_strangers_get_no_page_there(port, server) -> None:
    async with port("api", "web") as client:
        answer = await client.get(f"/servers/{server.id}/streams", headers={"Host": "evil.example"})
        assert answer.status_code == 403


def test_no_route_of_the_api_belongs_to_the_pages() -> None:
    for group in GROUPS:
        for endpoint in group.endpoints:
            for value in ("1001", "streams"):
                parts = [
                    value if part.startswith("{") else part for part in endpoint.path.split("/")
                ]
                assert not web.owns(endpoint.method, "/".join(parts)), endpoint.path
    assert not web.owns("POST", "/servers/1001/streams")
    assert not web.owns("GET", "/servers/streams/streams")
