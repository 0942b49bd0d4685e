"""`pillarbox server` on a database of each kind."""

import json

import pytest
from click.testing import CliRunner

from pillarbox.cli.server import server as command
from pillarbox.cli.token import token as token_command
from pillarbox.errors import StartError
from tests.conftest import SERVER_TOKEN


@pytest.fixture
def run(app):
    """Runs `pillarbox server …` with --json; what it printed, or the StartError it ended with."""

    def call(*arguments: str, of=command):
        flags = ["--data-dir", str(app.config.data_dir)]
        if app.config.database_url:
            flags += ["--database-url", app.config.database_url]
        result = CliRunner().invoke(of, [*arguments, "--json", *flags])
        if isinstance(result.exception, StartError):
            return str(result.exception)
        assert result.exit_code == 0, result.output
        return json.loads(result.output)

    return call


def test_a_server_from_creation_to_deletion(run):
    (first,) = run("list")
    assert (first["Name"], first["ApiTokens"]) == ("My First Server", [SERVER_TOKEN])
    made = run("create", "Orchard", "--sandbox", "--color", "green", "--spam-threshold", "9")
    assert (made["Name"], made["DeliveryType"]) == ("Orchard", "Sandbox")
    assert (made["Color"], made["InboundSpamThreshold"]) == ("green", 9)
    number = str(made["ID"])
    edited = run("edit", number, "--name", "Grove", "--no-smtp", "--track-links", "htmlonly")
    changes = {"Name": "Grove", "SmtpApiActivated": False, "TrackLinks": "HtmlOnly"}
    assert edited == made | changes
    assert run("show", number) == edited
    assert run("delete", number) == {"deleted": made["ID"], "name": "Grove"}
    assert run("show", number) == "Server does not exist."
    assert run("list") == [first]


def test_refusals_are_those_of_the_api(run):
    assert run("create", "My First Server") == "This server name already exists."
    assert run("create", "New", "--color", "teal") == "Invalid server color."
    assert (
        run("edit", "1001", "--inbound-hook-url", "x") == "Invalid webhook URL: 'InboundHookUrl'."
    )
    assert run("edit", "1") == "Server does not exist."
    assert run("delete", "1") == "Server does not exist."


def test_smtp_credentials(run):
    made = run("create", "--smtp-stream", "outbound", of=token_command)
    listed = [t for t in run("list", of=token_command) if t["kind"] == "smtp"]
    assert [t["token"] for t in listed] == [made["token"]]
    no_inbound = run("create", "--smtp-stream", "inbound", of=token_command)
    assert no_inbound == "Tokens cannot be used with inbound streams."
    run("edit", "1001", "--no-smtp")
    no_smtp = run("create", "--smtp-stream", "outbound", of=token_command)
    assert no_smtp == "SMTP is currently disabled for the specified server."
