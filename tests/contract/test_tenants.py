"""No token opens what is not its own: a walk over every route. Source: spec overview 2."""

import re
import uuid
from collections.abc import AsyncIterator

import httpx
import pytest

from pillarbox.api.callers import AccountCall
from pillarbox.api.endpoint import Endpoint
from pillarbox.api.groups import GROUPS
from pillarbox.servers.model import NewServer
from pillarbox.servers.store import servers
from tests.conftest import ACCOUNT_TOKEN, SERVER_TOKEN
from tests.contract.conftest import refusal
from tests.contract.tenants import BODIES, LOOKS_ALIKE, MAKERS, QUERIES, Maker, Tenant

ENDPOINTS = [endpoint for group in GROUPS for endpoint in group.endpoints]
OWNED = [e for e in ENDPOINTS if "{" in e.path and not issubclass(e.call, AccountCall)]

SERVER, ACCOUNT = "X-Postmark-Server-Token", "X-Postmark-Account-Token"
NO_TOKEN = (
    "No Account or Server API tokens were supplied in the HTTP headers. Please add a header for either "
    "X-Postmark-Server-Token or X-Postmark-Account-Token."
)


def name(endpoint: Endpoint) -> str:
    return endpoint.name


async def call(api: httpx.AsyncClient, endpoint: Endpoint, path: str) -> httpx.Response:
    body = None if endpoint.body is None else BODIES.get(endpoint.name, {})
    query = QUERIES.get(endpoint.name)
    return await api.request(endpoint.method, path, json=body, params=query)


@pytest.fixture
async def bare(api: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client without tokens."""
    del api.headers[SERVER], api.headers[ACCOUNT]
    return api


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=name)
async def test_every_route_wants_a_token_of_its_kind(bare, endpoint):
    path = re.sub(r"\{[a-z_]+\}", "1", endpoint.path)
    answer = await call(bare, endpoint, path)
    assert refusal(answer) == (401, 10, NO_TOKEN)

    is_account = issubclass(endpoint.call, AccountCall)
    own, other = (ACCOUNT, SERVER) if is_account else (SERVER, ACCOUNT)
    foreign, good_elsewhere = (
        (SERVER_TOKEN, SERVER_TOKEN) if is_account else (ACCOUNT_TOKEN, ACCOUNT_TOKEN)
    )
    kind = "Account" if is_account else "Server"
    for headers in (
        {own: str(uuid.uuid4())},
        {own: "nonsense"},
        {own: ""},
        {own: foreign},
        {other: good_elsewhere},
        {own: str(uuid.uuid4()), other: good_elsewhere},
    ):
        bare.headers.update(headers)
        answer = await call(bare, endpoint, path)
        expected = (401, 10, f"Request does not contain a valid {kind} token.")
        assert refusal(answer) == expected, headers
        for header in headers:
            del bare.headers[header]


@pytest.fixture
async def me(app, api, server) -> Tenant:
    return Tenant(app, server, api)


@pytest.fixture
async def stranger(app, api) -> AsyncIterator[Tenant]:
    """Another Server of the same installation."""
    with app.db.transaction() as tx:
        server = servers.insert_server(tx, NewServer(name="Stranger"))
    headers = httpx.Headers(api.headers)
    headers[SERVER] = server.tokens[0]
    async with httpx.AsyncClient(
        transport=api._transport, base_url=api.base_url, headers=headers
    ) as client:
        yield Tenant(app, server, client)


def maker(endpoint: Endpoint, parameter: str) -> Maker:
    if parameter not in MAKERS:
        pytest.fail(
            f"{endpoint.name}: say in tests/contract/tenants.MAKERS how a {parameter!r} is created"
        )
    return MAKERS[parameter]


@pytest.mark.parametrize("endpoint", OWNED, ids=name)
async def test_what_belongs_to_another_server_does_not_exist(me, stranger, endpoint):
    makers = {part: maker(endpoint, part) for part in re.findall(r"\{([a-z_]+)\}", endpoint.path)}
    ids = {
        "own": {part: await m.make(me) for part, m in makers.items()},
        "foreign": {part: await m.make(stranger) for part, m in makers.items()},
        "never": {part: m.never for part, m in makers.items()},
    }
    answers = {}
    for whose, values in ids.items():
        answer = await call(me.api, endpoint, endpoint.path.format(**values))
        text = answer.text
        for part, value in values.items():  # some refusals repeat the id
            text = re.sub(rf"\b{re.escape(value)}\b", f"<{part}>", text)
        answers[whose] = answer.status_code, text
        if whose != "own":
            refusal(answer)
    assert answers["foreign"] == answers["never"]
    assert (answers["own"] == answers["never"]) == (endpoint.name in LOOKS_ALIKE)
