"""A full disk, a lost database: mail is refused as specified, nothing accepted is lost, recovery is by itself."""

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres, process
from tests.conftest import SERVER_TOKEN
from tests.faults.load import Load


def found_again(server: process.Server) -> set[str]:
    """The subjects of all messages the API knows."""
    subjects: set[str] = set()
    for offset in range(0, 10_000, 500):
        request = urllib.request.Request(
            f"{server.http}/messages/outbound?count=500&offset={offset}",
            headers={"X-Postmark-Server-Token": SERVER_TOKEN},
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            page = json.load(response)["Messages"]
        subjects.update(message["Subject"] for message in page)
        if len(page) < 500:
            break
    return subjects


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        if os.environ.get("CI") == "true":
            pytest.fail("a file system could not be mounted")
        pytest.skip("needs root and the right to mount a file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_refuses_new_mail_and_loses_none(tmp_path: Path, small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * 32_000_000)
    with process.serving(tmp_path, DATA_DIR=str(small_disk / "data")) as server:
        load = Load(server, size=200_000, persists=True)
        with load.running("full", http=3, smtp=1):
            load.wait_for_refusal()
        assert load.refusals <= {503, 452, 451}, load.refusals
        assert "database or disk is full" in (tmp_path / "log").read_text()
        assert load.accepted <= found_again(server)  # reading goes on
        ballast.unlink()
        again = Load(server, size=20_000)
        with again.running("after", http=1, smtp=1):
            again.wait_for(20)
        assert load.accepted | again.accepted <= found_again(server)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_postgresql_that_crashes_and_comes_back_loses_nothing(tmp_path: Path) -> None:
    if postgres.binaries() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is missing")
        pytest.skip("PostgreSQL is not installed")
    with (
        postgres.cluster(is_durable=True) as cluster,
        postgres.database(cluster.address, "outage") as url,
        process.serving(tmp_path, DATABASE_URL=url) as server,
    ):
        load = Load(server, persists=True)
        with load.running("pg", http=3, smtp=1):
            for _ in range(3):
                load.wait_for(len(load.accepted) + 60)
                load.refusals.clear()
                cluster.crash()
                load.wait_for_refusal()
                cluster.start()
            load.wait_for(len(load.accepted) + 60)
        assert load.refusals <= {503, 451, 452, 454}, load.refusals
        assert load.accepted <= found_again(server)


def test_a_database_that_is_away_at_the_start_is_said_so(tmp_path: Path) -> None:
    ended = process.run(tmp_path, "serve", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "DATABASE_URL" in ended.stderr or "database" in ended.stderr


def test_mail_is_refused_while_the_database_is_away(tmp_path: Path) -> None:
    with (
        postgres.cluster(is_durable=True) as cluster,
        postgres.database(cluster.address, "away") as url,
        process.serving(tmp_path, DATABASE_URL=url) as server,
    ):
        cluster.crash()
        body = {"From": "a@b.example", "To": "c@d.example", "TextBody": "x"}
        request = urllib.request.Request(
            f"{server.http}/email",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "X-Postmark-Server-Token": SERVER_TOKEN},
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)
        with refused.value as answer:
            assert answer.code == 503
            assert json.load(answer) == {
                "ErrorCode": 100,
                "Message": "The service is temporarily offline for maintenance.",
            }
        cluster.start()
