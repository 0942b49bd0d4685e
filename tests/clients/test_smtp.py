"""SMTP clients that others wrote, against submission: each way of logging in, with STARTTLS and without."""

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.clients import platform
from tests.clients.platform import RECIPIENT, Platform
from tests.clients.seed import SENDER

SMTP = Path(__file__).parent / "smtp"
HOST = "127.0.0.1"
HIDDEN = "hidden@elsewhere.example"
METHODS = ("PLAIN", "LOGIN", "CRAM-MD5")
SECURITIES = ("starttls", "plain")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

Send = Callable[[Platform, Path, str, str, str], None]
"""Sends a message with this tag: platform, a directory of its own, method, security, tag."""


def letter(tag: str) -> bytes:
    """What the clients send that do not write messages themselves."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, RECIPIENT, "Grüße"
    message["X-PM-Tag"], message["X-PM-Metadata-color"] = tag, "blue"
    message.set_content("Hello €")
    message.add_alternative("<p>Hello €</p>", subtype="html")
    message.add_attachment(b"attached", maintype="text", subtype="plain", filename="a.txt")
    return message.as_bytes()


def run(
    command: Sequence[str], text: bytes = b"", **options: Any
) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        command, input=text, capture_output=True, timeout=60, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def by_msmtp(target: Platform, directory: Path, method: str, security: str, tag: str) -> None:
    command = ["msmtp", f"--host={HOST}", f"--port={target.smtp_port}", f"--from={SENDER}"]
    command += [f"--auth={method.lower()}", f"--user={target.server_token}"]
    command += [f"--passwordeval=printf %s {target.server_token}"]
    is_safe = security == "starttls"
    command += ["--tls=on", "--tls-certcheck=off"] if is_safe else ["--tls=off"]
    run(
        [*command, "--", RECIPIENT, HIDDEN],
        letter(tag),
        env={"PATH": "/usr/bin:/bin", "HOME": str(directory)},
    )


def by_curl(target: Platform, directory: Path, method: str, security: str, tag: str) -> None:
    (directory / "letter").write_bytes(
        letter(tag).replace(b"\n", b"\r\n")
    )  # it sends files as they are
    command = ["curl", "--silent", "--show-error", f"smtp://{HOST}:{target.smtp_port}"]
    command += ["--user", f"{target.server_token}:{target.server_token}"]
    command += ["--login-options", f"AUTH={method}", "--mail-from", SENDER]
    command += [
        "--mail-rcpt",
        RECIPIENT,
        "--mail-rcpt",
        HIDDEN,
        "--upload-file",
        str(directory / "letter"),
    ]
    run([*command, *(("--ssl-reqd", "--insecure") if security == "starttls" else ())])


def by_nodemailer(target: Platform, directory: Path, method: str, security: str, tag: str) -> None:
    installed = platform.CACHE / "smtp"
    for name in ("send.js", "package.json", "package-lock.json"):
        installed.mkdir(parents=True, exist_ok=True)
        shutil.copy(SMTP / name, installed)
    npm = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    platform.install("smtp", SMTP / "package-lock.json", npm)
    command = ["node", "send.js", HOST, str(target.smtp_port), target.server_token]
    run([*command, method, security, SENDER, RECIPIENT, tag], cwd=installed)


CLIENTS: dict[str, Send] = {"msmtp": by_msmtp, "curl": by_curl, "nodemailer": by_nodemailer}


def get(target: Platform, path: str) -> Any:
    request = urllib.request.Request(
        target.url + path, headers={"X-Postmark-Server-Token": target.server_token}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_with_every_way_of_logging_in(
    tmp_path: Path, database_url: str | None, client: str
) -> None:
    ways = [(method, security) for method in METHODS for security in SECURITIES]
    with platform.running(tmp_path, DATABASE_URL=database_url or "") as target:
        for method, security in ways:
            CLIENTS[client](target, tmp_path, method, security, f"{client}-{method}-{security}")
        for method, security in ways:
            tag = f"{client}-{method}-{security}"
            found = get(target, f"/messages/outbound?count=10&offset=0&tag={tag}")
            assert found["TotalCount"] == 1, tag
            (message,) = found["Messages"]
            assert message["Subject"] == "Grüße"
            (metadata,) = message["Metadata"].items()
            assert (metadata[0].lower(), metadata[1]) == (
                "color",
                "blue",
            )  # nodemailer writes Color
            assert message["Recipients"] == [RECIPIENT, HIDDEN]
            assert [to["Email"] for to in message["Bcc"]] == [HIDDEN]
            whole = get(target, f"/messages/outbound/{message['MessageID']}/details")
            assert whole["TextBody"].strip() == "Hello €"
            assert whole["HtmlBody"].strip() == "<p>Hello €</p>"
            assert whole["Attachments"] == ["a.txt"]
            assert HIDDEN not in whole["Body"]


def test_a_wrong_token_is_refused(tmp_path: Path, database_url: str | None) -> None:
    with platform.running(tmp_path, DATABASE_URL=database_url or "") as target:
        for method in METHODS:
            command = [
                "curl",
                "--silent",
                f"smtp://{HOST}:{target.smtp_port}",
                "--user",
                "no:token",
            ]
            command += ["--login-options", f"AUTH={method}", "--mail-from", SENDER]
            done = subprocess.run(
                [*command, "--mail-rcpt", RECIPIENT, "--upload-file", "-"],
                input=letter("refused"),
                timeout=60,
                check=False,
            )
            assert done.returncode == 67, method  # login denied
        assert get(target, "/messages/outbound?count=1&offset=0&tag=refused")["TotalCount"] == 0
