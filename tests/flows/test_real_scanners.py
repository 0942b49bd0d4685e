"""Inbound mail scored by the scanner that others wrote: SpamAssassin's spamd of the distribution."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from pillarbox.bench.ports import free_port
from tests.flows.test_inbound import Mailbox, a_mail

SPAMD = shutil.which("spamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
# What every scanner takes for spam: https://spamassassin.apache.org/gtube/
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
READY = b"successfully spawned child process"


@pytest.fixture(scope="module")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running spamd that asks no network; its address."""
    if SPAMD is None:
        if os.environ.get("CI") == "true":
            pytest.fail("spamd is missing")
        pytest.skip("spamd is not installed")
    port, home = free_port(), tmp_path_factory.mktemp("spamd")
    options = ["--local", f"--listen=127.0.0.1:{port}", "--max-children=1", "--nouser-config"]
    process = subprocess.Popen(
        [SPAMD, *options, "--syslog=stderr", f"--pidfile={home / 'pid'}"], stderr=subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        said = iter(process.stderr.readline, b"")
        assert any(READY in line for line in said), (
            "spamd ended"
        )  # compiling its rules takes seconds
        yield f"spamd://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=20)


def spam() -> EmailMessage:
    mail = a_mail()
    mail.set_content(f"{GTUBE}\n")
    return mail


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_spam_is_blocked_and_the_rest_comes_through(serve, scanner) -> None:
    async with serve(spam_server=scanner) as running:
        box = Mailbox(running)
        await box.change(InboundSpamThreshold=20)
        await box.deliver(a_mail(), await box.address())
        await box.deliver(spam(), await box.address())
        (good,) = await box.listed("failed")
        (bad,) = await box.listed("blocked")
        found = {}
        for name, item in (("good", good), ("bad", bad)):
            details = await box.shown(item["MessageID"])
            found[name] = {one["Name"]: one["Value"] for one in details["Headers"]}
        assert found["good"]["X-Spam-Status"] == "No"
        assert float(found["bad"]["X-Spam-Score"]) >= 1000
        assert "GTUBE" in found["bad"]["X-Spam-Tests"].split(",")
        assert found["bad"]["X-Spam-Checker-Version"].startswith("SpamAssassin ")
