"""The program as a process: starting, greeting, stopping, and refusing to start."""

import json
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests import process
from tests.conftest import SERVER_TOKEN


def post(url: str, token: str = SERVER_TOKEN, **changes: str) -> dict[str, object]:
    body = {"From": "a@sender.example", "To": "b@one.example", "Subject": "Hi", "TextBody": "x"}
    request = urllib.request.Request(
        f"{url}/email",
        json.dumps(body | changes).encode(),
        {"Content-Type": "application/json", "X-Postmark-Server-Token": token},
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        answer: dict[str, object] = json.load(response)
    return answer


def get(url: str, path: str) -> dict[str, object]:
    request = urllib.request.Request(
        f"{url}{path}", headers={"X-Postmark-Server-Token": SERVER_TOKEN}
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        answer: dict[str, object] = json.load(response)
    return answer


def test_the_printed_curl_line_works_when_pasted(tmp_path: Path) -> None:
    with process.serving(tmp_path) as server:
        line = server.greeting[server.greeting.index("curl ") :].replace("\\\n", " ")
        printed = subprocess.run(
            shlex.split(line), capture_output=True, text=True, check=True, timeout=20
        )
        assert json.loads(printed.stdout)["Message"] == "OK"


def test_random_tokens_are_printed_once_and_work(tmp_path: Path) -> None:
    with process.serving(tmp_path, SERVER_TOKEN="", ACCOUNT_TOKEN="") as server:
        token = re.search(r"Server token +(\S+)", server.greeting)
        assert token
        assert "Account token" in server.greeting
        assert post(server.http, token.group(1))["ErrorCode"] == 0
    with process.serving(tmp_path, SERVER_TOKEN="", ACCOUNT_TOKEN="") as server:
        assert token.group(1) in server.greeting
        assert "Account token" not in server.greeting


def test_a_second_start_on_the_same_data_keeps_everything(tmp_path: Path) -> None:
    with process.serving(tmp_path) as server:
        sent = post(server.http)
    with process.serving(tmp_path) as server:
        details = get(server.http, f"/messages/outbound/{sent['MessageID']}/details")
        assert details["Subject"] == "Hi"
        assert [event["Type"] for event in details["MessageEvents"]] == ["Delivered"]  # type: ignore[attr-defined]


def test_sigterm_is_a_normal_stop(tmp_path: Path) -> None:
    server = process.start(tmp_path, DELIVERY="direct", SENDER_POLICY="open")
    post(server.http)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 0
    assert server.process.stdout is not None
    server.process.stdout.close()


def test_a_port_in_use_is_a_failure_that_names_the_setting(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for name in ("HTTP_LISTEN", "SUBMISSION_LISTEN"):
            ended = process.run(tmp_path, "serve", **{name: f"127.0.0.1:{port}"})
            assert ended.returncode == 1
            assert f"{name} 127.0.0.1:{port}" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (["serve", "nonsense"], {}, "unknown role"),
        (["serve", "--no-such-flag"], {}, "no-such-flag"),
        (["nonsense"], {}, "nonsense"),
        (["serve"], {"NO_SUCH_SETTING": "1"}, "PILLARBOX_NO_SUCH_SETTING"),
        (["serve"], {"MX_PORT": "many"}, "MX_PORT"),
        (["serve"], {"DELIVERY": "pigeon"}, "capture, relay, direct"),
        (["serve"], {"DELIVERY": "relay"}, "RELAY_URL"),
        (["serve"], {"HOSTNAME": "mail example"}, "HOSTNAME"),
        (["serve"], {"DNS_SERVERS": "1.1.1.1,resolver.example:53"}, "DNS_SERVERS"),
        (["serve"], {"RELAY_URL": "smtp://mail.example:99999"}, "RELAY_URL"),
        (["serve", "--config", "nowhere.toml"], {}, "nowhere.toml"),
        (["queue", "retry"], {}, "--all"),
    ],
)
def test_wrong_usage_ends_with_two(tmp_path: Path, arguments, settings, words) -> None:
    ended = process.run(tmp_path, *arguments, **settings)
    assert ended.returncode == 2, ended.stderr
    assert words in ended.stderr
    assert not (tmp_path / "data" / "pillarbox.db").exists()


def test_an_unreadable_config_file_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "pillarbox.toml").write_text("this is = not [ toml")
    ended = process.run(tmp_path, "serve")
    assert (ended.returncode, "pillarbox.toml" in ended.stderr) == (2, True)
    (tmp_path / "pillarbox.toml").write_text('colour = "blue"')
    ended = process.run(tmp_path, "serve")
    assert (ended.returncode, "colour" in ended.stderr) == (2, True)


def test_a_certificate_that_cannot_be_used_is_a_failure_that_names_it(tmp_path: Path) -> None:
    for text in (None, "no certificate"):
        if text:
            (tmp_path / "own.pem").write_text(text)
        ended = process.run(tmp_path, "serve", TLS_CERT="own.pem", TLS_KEY="own.pem")
        assert ended.returncode == 1
        assert "pillarbox: TLS_CERT own.pem, TLS_KEY own.pem: " in ended.stderr
        assert "Traceback" not in ended.stderr


def test_a_newer_schema_is_never_touched(tmp_path: Path) -> None:
    assert process.run(tmp_path, "migrate").returncode == 0
    file = tmp_path / "data" / "pillarbox.db"
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = file.read_bytes()
    for command in (["serve"], ["migrate"], ["token", "list"]):
        ended = process.run(tmp_path, *command)
        assert ended.returncode == 1
        assert "newer version" in ended.stderr
    assert file.read_bytes() == before


def test_two_servers_never_share_an_sqlite_directory(tmp_path: Path) -> None:
    with process.serving(tmp_path):
        ended = process.run(tmp_path, "serve")
        assert ended.returncode == 1
        assert "another Pillarbox" in ended.stderr


def test_files_are_private_to_the_service_s_user(tmp_path: Path) -> None:
    with process.serving(tmp_path) as server:
        post(server.http)
        modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "data").rglob("*")}
        assert modes == {0}
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0
