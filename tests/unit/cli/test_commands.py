"""`token`, `queue`, `migrate` and `doctor`, as an operator runs them on a data directory."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from pillarbox import roles
from pillarbox.cli.main import cli
from pillarbox.clock import SystemClock
from pillarbox.config import load
from pillarbox.errors import StartError
from pillarbox.outbound.accept import accept
from pillarbox.servers.store import servers
from tests.factories import a_prepared

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def run(directory: Path, *words: str) -> tuple[Any, str, int]:
    """The JSON a command prints, why it failed or "", and its exit code."""
    flags = ["--json", "--data-dir", str(directory), "--hostname", "mail.example"]
    result = CliRunner().invoke(cli, [*words, *flags])
    if result.exception is not None and not isinstance(result.exception, StartError | SystemExit):
        raise result.exception
    reason = str(result.exception or "") + result.stderr
    return json.loads(result.stdout or "null"), reason, result.exit_code


@pytest.fixture
async def waiting(tmp_path: Path) -> str:
    """A data directory with one message that waits for delivery; its MessageID."""
    config = load({"data_dir": str(tmp_path), "hostname": "mail.example"}, environment={})
    app, _ = roles.open_app(config, SystemClock())
    server = (await app.db.read(servers.list_servers))[0]
    message = a_prepared(app, server, to="ann@one.example, bo@two.example")
    await app.db.write_each(accept, [message])
    app.db.stop()
    return message.message_id


def test_the_life_of_a_token(tmp_path: Path) -> None:
    made, _, _ = run(tmp_path, "server", "create", "Shop")
    token, _, _ = run(tmp_path, "token", "create")
    account, _, _ = run(tmp_path, "token", "create", "--account")
    smtp, _, _ = run(tmp_path, "token", "create", "--smtp-stream", "outbound")
    assert (token["kind"], account["kind"], smtp["kind"]) == ("server", "account", "smtp")
    assert smtp["token"].startswith("PM-T-outbound-")
    assert made
    listed = run(tmp_path, "token", "list")[0]
    shown = {entry["token"]: entry["kind"] for entry in listed}
    assert shown[token["token"]] == "server"
    assert shown[smtp["token"]] == "smtp"
    assert f"…{account['token'][-4:]}" in shown
    assert smtp["secret"] not in json.dumps(listed)
    for value in (token["token"], account["token"], smtp["token"]):
        assert run(tmp_path, "token", "revoke", value)[0] == {"revoked": value}
        assert run(tmp_path, "token", "revoke", value)[1] == "there is no such token"
    left = {entry["token"] for entry in run(tmp_path, "token", "list")[0]}
    assert not left & {token["token"], smtp["token"], f"…{account['token'][-4:]}"}


def test_tokens_of_what_does_not_exist(tmp_path: Path) -> None:
    run(tmp_path, "server", "create", "Shop")
    assert run(tmp_path, "token", "create", "--server", "4711")[1] == "there is no such Server"
    both = run(tmp_path, "token", "create", "--account", "--smtp-stream", "outbound")
    assert both[2] == click.UsageError.exit_code
    problem = run(tmp_path, "token", "create", "--smtp-stream", "nope")[1]
    assert problem == "the Server has no stream 'nope'"


def test_the_queue_is_listed_retried_and_dropped(tmp_path: Path, waiting: str) -> None:
    listed = run(tmp_path, "queue", "list")[0]
    assert listed["total"] == 2
    assert {entry["recipient"] for entry in listed["waiting"]} == {
        "ann@one.example",
        "bo@two.example",
    }
    assert {entry["message_id"] for entry in listed["waiting"]} == {waiting}
    of_one = run(tmp_path, "queue", "list", "--domain", "one.example")[0]
    assert [entry["recipient"] for entry in of_one["waiting"]] == ["ann@one.example"]
    assert of_one["total"] == 1
    assert run(tmp_path, "queue", "list", "--limit", "-1")[2] == click.UsageError.exit_code
    retried = run(tmp_path, "queue", "retry", waiting)[0]
    assert sorted(retried["destinations"]) == ["one.example", "two.example"]
    assert run(tmp_path, "queue", "drop", waiting)[0] == {"dropped": 2}
    assert run(tmp_path, "queue", "list")[0] == {"total": 0, "waiting": [], "suspended": []}
    assert run(tmp_path, "queue", "drop", "--all")[0] == {"dropped": 0}


def test_a_destination_is_suspended_and_resumed(tmp_path: Path, waiting: str) -> None:
    made = run(
        tmp_path, "queue", "suspend", "One.Example", "--reason", "they asked", "--hours", "2"
    )
    assert (made[0]["domain"], made[0]["reason"], made[0]["by"]) == (
        "one.example",
        "they asked",
        "command line",
    )
    assert made[0]["until"] > made[0]["at"]
    listed = run(tmp_path, "queue", "list")[0]
    assert listed["suspended"] == [made[0]]
    assert {w["recipient"]: w["suspended"] for w in listed["waiting"]} == {
        "ann@one.example": True,
        "bo@two.example": False,
    }
    text = CliRunner().invoke(cli, ["queue", "list", "--data-dir", str(tmp_path)]).output
    assert "suspended: one.example until" in text
    assert run(tmp_path, "queue", "resume", "one.example")[0] == {"domain": "one.example"}
    assert run(tmp_path, "queue", "resume", "one.example")[1] == "one.example is not suspended"
    assert run(tmp_path, "queue", "suspend", "no domain")[1] == "no domain is not a domain"


def test_what_waits_for_one_destination_is_dropped(tmp_path: Path, waiting: str) -> None:
    retried = run(tmp_path, "queue", "retry", "--domain", "one.example")[0]
    assert retried == {"destinations": ["one.example"]}
    assert run(tmp_path, "queue", "drop", "--domain", "one.example")[0] == {"dropped": 1}
    (left,) = run(tmp_path, "queue", "list")[0]["waiting"]
    assert left["recipient"] == "bo@two.example"


@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_the_queue_wants_one_message_or_all(tmp_path: Path, waiting: str, verb: str) -> None:
    _, reason, code = run(tmp_path, "queue", verb)
    assert code == click.UsageError.exit_code
    assert "name one message, or give --domain or --all" in reason
    assert run(tmp_path, "queue", verb, waiting, "--all")[2] == click.UsageError.exit_code
    assert run(tmp_path, "queue", verb, UNKNOWN)[1] == f"{UNKNOWN} is not a MessageID"
    assert run(tmp_path, "queue", "list")[0]["total"] == 2


def test_doctor_tells_green_from_red(tmp_path: Path, waiting: str) -> None:
    checks, _, code = run(tmp_path, "doctor")
    assert code == 0
    assert all(check["is_ok"] for check in checks), checks
    assert {"database", "disk", "clock"} <= {check["name"] for check in checks}
    (tmp_path / "pillarbox.db").write_bytes(b"not a database, whatever its name says" * 100)
    _, _, code = run(tmp_path, "doctor")
    assert code == 1


def test_migrate_says_what_it_ran_once(tmp_path: Path) -> None:
    first = run(tmp_path, "migrate")[0]
    assert first["revisions"][0] == "0001"
    assert run(tmp_path, "migrate")[0] == {"revisions": []}
