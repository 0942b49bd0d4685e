"""The setting RATE_LIMIT: so many requests a second and token. Source: spec overview 5.3."""

from dataclasses import replace

import httpx
import pytest

from pillarbox.api.main import build
from pillarbox.api.pace import BURST_S, MAX_KNOWN, Pace
from pillarbox.config import load
from pillarbox.domains.directory import Domains
from pillarbox.errors import Problem, Refused
from pillarbox.outbound.submit import Submission
from pillarbox.servers.directory import Directory
from pillarbox.servers.store import tokens
from tests.conftest import ACCOUNT_TOKEN, SERVER_TOKEN
from tests.contract.conftest import refusal

SERVER, ACCOUNT = "X-Postmark-Server-Token", "X-Postmark-Account-Token"
BURST = int(BURST_S)


class Time:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
async def limited(app):
    """Calls an API with one request a second, and its time."""
    time = Time()
    app = replace(app, config=replace(app.config, rate_limit=1), monotonic=time)
    directory = Directory(app.db, monotonic=app.monotonic)
    submission = Submission(app, Domains(app.db, monotonic=app.monotonic))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build(app, directory, submission)),
        base_url="http://pillarbox.example",
    ) as client:

        async def call(token=SERVER_TOKEN, *, header=SERVER, path="/server"):
            return await client.get(path, headers={header: token})

        yield call, time


async def test_who_calls_too_often_is_told_to_wait(limited):
    call, time = limited
    for _ in range(BURST):
        assert (await call()).status_code == 200
    refused = await call(SERVER_TOKEN.upper())
    assert refusal(refused) == (429, 429, "Rate limit exceeded. Please retry later.")
    assert refused.headers["Retry-After"] == "1"
    time.now += 1
    assert (await call()).status_code == 200
    assert (await call()).status_code == 429


async def test_each_token_has_its_own_bucket(limited, app, server):
    call, _ = limited
    with app.db.transaction() as tx:
        other = tokens.insert_token(tx, server.id)
    for _ in range(BURST):
        assert (await call()).status_code == 200
    assert (await call(other)).status_code == 200
    account = await call(ACCOUNT_TOKEN, header=ACCOUNT, path="/servers?count=1&offset=0")
    assert account.status_code == 200
    assert (await call()).status_code == 429


async def test_bad_tokens_and_paths_are_refused_as_ever(limited):
    call, _ = limited
    for _ in range(BURST + 1):
        assert (await call("no-token")).status_code == 401
        assert (await call(path="/nowhere")).status_code == 404


async def test_without_the_setting_nothing_is_limited(api):
    for _ in range(BURST + 5):
        assert (await api.get("/server")).status_code == 200


def test_a_full_bucket_is_forgotten():
    time = Time()
    pace = Pace(100, monotonic=time)
    for number in range(MAX_KNOWN):
        pace.check(b"%d" % number)
    time.now += 1
    pace.check(b"one more")
    assert set(pace._full_at) == {b"one more"}


def test_so_many_a_second_and_not_one_more():
    time = Time()
    pace = Pace(50, monotonic=time)

    def passed():
        count = 0
        while True:
            try:
                pace.check(b"token")
            except Refused as refused:
                assert refused.problem is Problem.RATE_LIMITED
                return count
            count += 1

    assert passed() == 50 * BURST
    time.now += 2
    assert passed() == 100


def test_the_setting():
    assert load({}, environment={}).rate_limit == 0
    assert load({"rate_limit": "25"}, environment={}).rate_limit == 25
