"""The API as its clients see it, without a socket: the ASGI application on a fresh database of each kind."""

from collections.abc import AsyncIterator

import httpx
import pytest

from pillarbox.api.main import build
from pillarbox.app import App
from pillarbox.domains.directory import Domains
from pillarbox.outbound.submit import Submission
from pillarbox.servers.directory import Directory
from tests.conftest import ACCOUNT_TOKEN, SERVER_TOKEN


@pytest.fixture
async def api(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """Calls with both tokens; an endpoint looks at the one it needs."""
    directory = Directory(app.db, monotonic=app.monotonic)
    submission = Submission(app, Domains(app.db, monotonic=app.monotonic))
    transport = httpx.ASGITransport(build(app, directory, submission))
    headers = {
        "X-Postmark-Server-Token": SERVER_TOKEN,
        "X-Postmark-Account-Token": ACCOUNT_TOKEN,
        "Accept": "application/json",
    }
    async with httpx.AsyncClient(
        transport=transport, base_url="http://pillarbox.example", headers=headers
    ) as client:
        yield client


def refusal(answer: httpx.Response) -> tuple[int, int, str]:
    """Status, ErrorCode and Message of an error; checks that it has the form of one."""
    body = answer.json()
    assert set(body) == {"ErrorCode", "Message"}
    assert answer.headers["X-PM-ApiErrorCode"] == str(body["ErrorCode"])
    return answer.status_code, body["ErrorCode"], body["Message"]
