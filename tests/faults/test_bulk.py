"""kill -9 while a bulk request is worked on: each of its recipients gets one message, whatever happens."""

import json
import sqlite3
import urllib.request
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests import process
from tests.conftest import SERVER_TOKEN

RECIPIENTS = 6000
KILLS = 4


def call(server: process.Server, path: str, body: object = None) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{server.http}{path}",
        None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json", "X-Postmark-Server-Token": SERVER_TOKEN},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def wait_for(server: process.Server, request: str, done: int) -> dict[str, Any]:
    """Poll until so many messages of a request are dealt with."""
    status: dict[str, Any] = {"ReleasedCount": 0, "FailedCount": 0}
    while status["ReleasedCount"] + status["FailedCount"] < done:
        status = call(server, f"/email/bulk/{request}")
    return status


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_bulk_request_survives_being_killed_over_and_over(tmp_path: Path) -> None:
    addresses = [f"user{number}@d{number % 5}.example" for number in range(RECIPIENTS)]
    server = process.start(tmp_path)
    request = call(
        server,
        "/email/bulk",
        {
            "From": "a@sender.example",
            "Subject": "Hi",
            "TextBody": "x" * 1000,
            "Messages": [{"To": address} for address in addresses],
        },
    )["Id"]
    done = 0
    for _ in range(KILLS):
        status = wait_for(server, request, done + 1)
        server.kill()
        assert server.process.stdout is not None
        server.process.stdout.close()
        done = status["ReleasedCount"]
        assert done < RECIPIENTS, "killed too late to prove anything"
        server = process.start(tmp_path)
    status = wait_for(server, request, RECIPIENTS)
    assert (status["Status"], status["ReleasedCount"]) == ("Completed", RECIPIENTS)
    server.terminate()
    assert server.process.stdout is not None
    server.process.stdout.close()
    with closing(sqlite3.connect(tmp_path / "data" / "pillarbox.db")) as database:
        kept = Counter(email for (email,) in database.execute("SELECT email FROM recipients"))
        left = [
            database.execute(f"SELECT count(*) FROM bulk_{t}").fetchone()
            for t in ("contents", "parts")
        ]
    assert kept == Counter(addresses)
    assert left == [(0,), (0,)]
