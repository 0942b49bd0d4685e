"""`user`, as an operator runs it on a data directory."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from pillarbox.cli.main import cli
from pillarbox.errors import StartError


def run(directory: Path, *words: str, stdin: str = "") -> tuple[Any, str, int]:
    """The JSON a command prints, why it failed or "", and its exit code."""
    flags = ["--json", "--data-dir", str(directory), "--hostname", "mail.example"]
    result = CliRunner().invoke(cli, [*words, *flags], input=stdin)
    if result.exception is not None and not isinstance(result.exception, StartError | SystemExit):
        raise result.exception
    reason = str(result.exception or "") + result.stderr
    return json.loads(result.stdout or "null"), reason, result.exit_code


def test_the_life_of_a_user(tmp_path: Path) -> None:
    assert run(tmp_path, "user", "list")[0] == []
    ann, _, _ = run(tmp_path, "user", "add", "ann@one.example", stdin="correct horse\n")
    bo, _, _ = run(tmp_path, "user", "add", "bo@one.example", "--name", "Bo", "--generate")
    assert (ann["role"], bo["role"], bo["name"]) == ("owner", "developer", "Bo")
    assert "password" not in ann
    assert len(bo["password"]) >= 16
    assert [user["email"] for user in run(tmp_path, "user", "list")[0]] == [
        "ann@one.example",
        "bo@one.example",
    ]
    assert run(tmp_path, "user", "password", "BO@one.example", stdin="another one\n")[2] == 0
    assert run(tmp_path, "user", "remove", "bo@one.example")[0] == {"removed": "bo@one.example"}
    assert "at least one owner" in run(tmp_path, "user", "remove", "ann@one.example")[1].lower()


def test_what_cannot_be(tmp_path: Path) -> None:
    assert "8 characters" in run(tmp_path, "user", "add", "ann@one.example", stdin="short\n")[1]
    assert "not an email" in run(tmp_path, "user", "add", "ann", stdin="correct horse\n")[1]
    first = run(
        tmp_path, "user", "add", "a@b.example", "--role", "support", stdin="correct horse\n"
    )
    assert "first user must be an owner" in first[1]
    assert (
        "no such user" in run(tmp_path, "user", "password", "x@y.example", stdin="secret one\n")[1]
    )
    assert "no such user" in run(tmp_path, "user", "remove", "x@y.example")[1]
    assert run(tmp_path, "user", "add", "a@b.example", "--role", "king")[2] == 2
    assert run(tmp_path, "user", "list")[0] == []
