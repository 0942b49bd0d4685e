"""kill -9 while a bulk request is worked on: each of its recipients gets one message, whatever happens."""

import json
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from pillarbox import config
from pillarbox.clock import SystemClock
from pillarbox.storage import chores
from pillarbox.storage.db import Database
from pillarbox.storage.wake import Wake
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


def end_leases(database: Database) -> None:
    """Let the minute pass for which the chore of a dead node waits for it; on SQLite nobody waits."""
    with database.transaction() as tx:
        chores.release_all(tx)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_bulk_request_survives_being_killed_over_and_over(
    tmp_path: Path, database_url: str | None
) -> None:
    settings = {"DATABASE_URL": database_url or ""}
    flags = {"data_dir": str(tmp_path / "data"), "database_url": database_url}
    url = config.load(flags, environment={}).database
    database = Database(url, clock=SystemClock(), wake=Wake())
    addresses = [f"user{number}@d{number % 5}.example" for number in range(RECIPIENTS)]
    server = process.start(tmp_path, **settings)
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
        end_leases(database)
        server = process.start(tmp_path, **settings)
    status = wait_for(server, request, RECIPIENTS)
    assert (status["Status"], status["ReleasedCount"]) == ("Completed", RECIPIENTS)
    server.terminate()
    assert server.process.stdout is not None
    server.process.stdout.close()
    with database.transaction() as tx:
        kept = Counter(tx.connection.execute(text("SELECT email FROM recipients")).scalars())
        left = [
            tx.scalar(text(f"SELECT count(*) FROM bulk_{table}")) for table in ("contents", "parts")
        ]
    database.engine.dispose()
    assert kept == Counter(addresses)
    assert left == [0, 0]
