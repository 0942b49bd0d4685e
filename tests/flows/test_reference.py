"""The reference of the API: every example is pasted into a shell, and the OpenAPI document is valid."""

import asyncio
import json
import os
import re
from pathlib import Path
from typing import Any

import httpx
import openapi_spec_validator
import pytest

from pillarbox.servers.store import servers
from tests.conftest import ACCOUNT_TOKEN, SERVER_TOKEN, Running
from tests.contract.tenants import MAKERS, Tenant

PAGES = Path(__file__).parents[2] / "docs" / "api"
CREATED = {
    "SERVER_ID": ("POST /servers", "ID"),
    "DOMAIN_ID": ("POST /domains", "ID"),
    "SIGNATURE_ID": ("POST /senders", "ID"),
    "REMOVAL_ID": ("POST /data-removals", "ID"),
}
"""Ids of the account's things: the variable, the example that makes one, the member that holds it."""

REFUSED = {
    "POST /message-streams/$STREAM_ID/unarchive": 1232,  # it was never archived
    "POST /domains/$DOMAIN_ID/rotatedkim": 505,  # its first key is not verified yet
    "POST /senders/$SIGNATURE_ID/requestnewdkim": 505,
    "PUT /messages/inbound/$INBOUND_ID/bypass": 701,  # it was not blocked
}
"""Examples that need a state which the example before does not bring about."""


def examples() -> list[str]:
    """Every command of the reference: what makes things first, what removes them last."""
    blocks = [
        block
        for page in sorted(PAGES.glob("*.md"))
        for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    ]
    return sorted(blocks, key=_rank)


def _rank(block: str) -> int:
    if name_of(block) in {"POST /templates", *(made for made, _ in CREATED.values())}:
        return 0
    return 2 if " DELETE " in block or "/archive" in block else 1


def name_of(block: str) -> str:
    """Method and path of an example."""
    found = re.match(r'curl -X (\w+) "\$URL([^?"]*)', block)
    assert found, block
    return f"{found[1]} {found[2]}"


@pytest.fixture
async def shop(serve):
    """A server with one of everything, and the variables that the examples name."""
    async with serve() as running, client_of(running) as client:
        first = (await running.app.db.read(servers.list_servers))[0]
        tenant = Tenant(running.app, first, client)
        variables = {name.upper(): await maker.make(tenant) for name, maker in MAKERS.items()}
        yield variables | {
            "URL": running.http,
            "SERVER_TOKEN": SERVER_TOKEN,
            "ACCOUNT_TOKEN": ACCOUNT_TOKEN,
            "SOURCE_SERVER_ID": str(first.id),
        }


def client_of(running: Running) -> httpx.AsyncClient:
    headers = {"X-Postmark-Server-Token": SERVER_TOKEN, "X-Postmark-Account-Token": ACCOUNT_TOKEN}
    return httpx.AsyncClient(base_url=running.http, headers=headers)


async def paste(block: str, variables: dict[str, str]) -> tuple[int, Any]:
    """Status and body of what a shell gets that runs an example."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", block.replace("curl ", "curl -sS -w '\\n%{http_code}' ", 1)),
        env={"PATH": os.environ["PATH"]} | variables,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    body, _, status = output.decode().rpartition("\n")
    return int(status), json.loads(body)


@pytest.mark.timeout(180)
async def test_every_example_works_when_pasted(shop) -> None:
    failed = []
    for block in examples():
        name = name_of(block)
        status, body = await paste(block, shop)
        for variable, (made, member) in CREATED.items():
            if made == name and status == 200:
                shop[variable] = str(body[member])
        good = status == 200 if name not in REFUSED else body.get("ErrorCode") == REFUSED[name]
        if not good:
            failed.append((name, status, body))
    assert not failed, "\n".join(map(str, failed))


async def test_the_openapi_document_is_valid_and_complete(serve) -> None:
    async with serve() as running, httpx.AsyncClient() as client:
        answer = await client.get(f"{running.http}/openapi.json")
    assert answer.headers["Content-Type"].startswith("application/json")
    document = answer.json()
    openapi_spec_validator.validate(document)
    described = {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
    }
    documented = {
        f"{m} {p}"
        for page in PAGES.glob("*.md")
        for m, p in re.findall(r"^## ([A-Z]+) (\S+)$", page.read_text("utf-8"), re.MULTILINE)
    }
    assert described == documented
