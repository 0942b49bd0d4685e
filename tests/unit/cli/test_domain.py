"""`pillarbox domain` from end to end, against a real name server."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from pillarbox.cli.main import cli
from pillarbox.errors import StartError
from tests.doubles import serve_in_thread
from tests.doubles.dns import DnsZone


def run(directory: Path, *words: str) -> tuple[Any, str]:
    """The JSON a command prints, and why it failed, or ""."""
    flags = ["--json", "--data-dir", str(directory), "--hostname", "mail.example"]
    result = CliRunner().invoke(cli, ["domain", *words, *flags])
    if result.exception is not None and not isinstance(result.exception, StartError):
        raise result.exception
    return json.loads(result.stdout or "null"), str(result.exception or "")


def test_the_life_of_a_domain_by_commands(tmp_path: Path) -> None:
    with serve_in_thread(DnsZone) as zone:
        at = ("--dns-servers", zone.address)
        made, problem = run(tmp_path, "add", "Shop.example")
        assert (made["name"], made["verified"], problem) == ("shop.example", False, "")
        assert run(tmp_path, "add", "shop.example")[1] == "shop.example is already there"
        assert "cannot be a sending domain" in run(tmp_path, "add", "gmail.com")[1]
        assert "cannot be a sending domain" in run(tmp_path, "add", "nonsense")[1]

        same, problem = run(tmp_path, "verify", "shop.example", *at)
        assert (same, problem) == (made, "not all records were found in DNS")
        assert "already waits" in run(tmp_path, "rotate", "shop.example")[1]
        pending = made["keys"]["pending"]
        zone.zone[pending["host"]] = {"TXT": [pending["value"]]}
        verified, problem = run(tmp_path, "verify", "shop.example", *at)
        assert (verified["verified"], verified["keys"], problem) == (True, {"active": pending}, "")

        rotated, _ = run(tmp_path, "rotate", "shop.example")
        assert rotated["keys"]["active"] == pending
        assert rotated["keys"]["pending"]["host"] != pending["host"]
        assert run(tmp_path, "list")[0] == [rotated]
        assert "not a domain of" in run(tmp_path, "rotate", "other.example")[1]
