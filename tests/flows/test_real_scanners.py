"""Inbound mail scored by the scanners that others wrote: SpamAssassin's spamd and rspamd of the distribution."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from threading import Thread

import pytest

from pillarbox.bench.ports import free_port
from tests.flows.test_inbound import Mailbox, a_mail

SPAMD = shutil.which("spamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
RSPAMD = shutil.which("rspamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
RSPAMD_CONF = """
.include "$CONFDIR/common.conf"
options {{ pidfile = "{home}/pid"; disable_hyperscan = true; }}
options {{ dns {{ nameserver = ["127.0.0.1:9"]; timeout = 0.1s; }} }}
logging {{ type = "console"; level = "info"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
"""
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


@pytest.fixture(scope="module")
def rspamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running rspamd that asks no network; its address."""
    if RSPAMD is None:
        if os.environ.get("CI") == "true":
            pytest.fail("rspamd is missing")
        pytest.skip("rspamd is not installed")
    port, home = free_port(), tmp_path_factory.mktemp("rspamd")
    (home / "rspamd.conf").write_text(RSPAMD_CONF.format(port=port, home=home))
    places = [f"--var={name}={home}" for name in ("DBDIR", "LOGDIR", "RUNDIR")]
    process = subprocess.Popen(
        [RSPAMD, "-f", "-i", "-c", str(home / "rspamd.conf"), *places], stderr=subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        said = iter(process.stderr.readline, b"")
        # Compiling its patterns for speed would take minutes.
        assert any(b"(normal)" in line for line in said), "rspamd ended"
        Thread(
            target=list, args=(said,), daemon=True
        ).start()  # it waits while nobody reads its log
        yield f"rspamd://127.0.0.1:{port}"
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


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_rspamd_finds_the_same(serve, rspamd) -> None:
    async with serve(spam_server=rspamd) as running:
        box = Mailbox(running)
        await box.change(InboundSpamThreshold=14)
        await box.deliver(a_mail(), await box.address())
        await box.deliver(spam(), await box.address())
        (good,) = await box.listed("failed")
        (bad,) = await box.listed("blocked")
        found = {}
        for name, item in (("good", good), ("bad", bad)):
            details = await box.shown(item["MessageID"])
            found[name] = {one["Name"]: one["Value"] for one in details["Headers"]}
        assert found["good"]["X-Spam-Status"] == "No"
        assert found["bad"]["X-Spam-Status"] == "Yes"
        assert "GTUBE" in found["bad"]["X-Spam-Tests"].split(",")
        assert found["bad"]["X-Spam-Checker-Version"] == "rspamd"
