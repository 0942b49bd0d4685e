"""kill -9 at any moment: what was answered with 200 or 250 is delivered, whatever happens."""

import asyncio
import json
import smtplib
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests import process
from tests.conftest import SERVER_TOKEN
from tests.doubles.dns import DnsZone
from tests.doubles.mx import ScriptedMx

ROUNDS = 6


class Load:
    """Clients that send until told to stop, and remember what was accepted."""

    def __init__(self, server: process.Server) -> None:
        self.server = server
        self.accepted: set[str] = set()
        self.stop = threading.Event()

    def http(self, name: str) -> None:
        number = 0
        while not self.stop.is_set():
            number += 1
            subject = f"{name}-{number}"
            body = {
                "From": "a@sender.example",
                "To": f"user{number}@d{number % 5}.example",
                "Subject": subject,
                "TextBody": "x" * 2000,
            }
            request = urllib.request.Request(
                f"{self.server.http}/email",
                json.dumps(body).encode(),
                {"Content-Type": "application/json", "X-Postmark-Server-Token": SERVER_TOKEN},
            )
            try:
                with urllib.request.urlopen(request, timeout=10) as response:
                    if response.status == 200:
                        self.accepted.add(subject)
            except (OSError, urllib.error.URLError, ValueError):
                return

    def smtp(self, name: str) -> None:
        try:
            with smtplib.SMTP("127.0.0.1", self.server.smtp_port, timeout=10) as smtp:
                smtp.login(SERVER_TOKEN, SERVER_TOKEN)
                number = 0
                while not self.stop.is_set():
                    number += 1
                    subject = f"{name}-{number}"
                    text = f"From: a@sender.example\r\nTo: u@d1.example\r\nSubject: {subject}\r\n\r\nx\r\n"
                    smtp.sendmail("a@sender.example", [f"u{number}@d1.example"], text)
                    self.accepted.add(subject)
        except (OSError, smtplib.SMTPException):
            return


@pytest.mark.timeout(240)
async def test_no_accepted_message_is_lost_when_the_process_is_killed_under_load(
    tmp_path: Path,
) -> None:
    zone = {f"d{n}.example": {"MX": ["10 mx.example"]} for n in range(5)}
    accepted: set[str] = set()
    async with DnsZone(zone | {"mx.example": {"A": ["127.0.0.1"]}}) as dns, ScriptedMx() as mx:
        settings = {
            "DELIVERY": "direct",
            "SENDER_POLICY": "open",
            "DNS_SERVERS": dns.address,
            "MX_PORT": str(mx.port),
            "EGRESS_ALLOW": "127.0.0.0/8",
        }
        loop = asyncio.get_running_loop()

        def storm(number: int) -> None:
            """Load a fresh process and kill it after a number of acceptances that differs each round."""
            load = Load(process.start(tmp_path, **settings))
            clients = [
                threading.Thread(target=load.http, args=(f"h{number}.{c}",)) for c in range(4)
            ] + [threading.Thread(target=load.smtp, args=(f"s{number}",))]
            for client in clients:
                client.start()
            while len(load.accepted) < 50 + 37 * number:
                clients[0].join(0.01)
                assert any(client.is_alive() for client in clients)
            load.server.kill()
            load.stop.set()
            for client in clients:
                client.join()
            assert load.server.process.stdout is not None
            load.server.process.stdout.close()
            accepted.update(load.accepted)

        for number in range(ROUNDS):
            await loop.run_in_executor(None, storm, number)

        # The last start finds what is left; copies that were in hand are due when their lease ends.
        server = await loop.run_in_executor(None, lambda: process.start(tmp_path, **settings))
        arrived: dict[str, int] = {}
        try:
            async with asyncio.timeout(120):
                while accepted - arrived.keys():
                    mx.arrived.clear()
                    arrived.clear()
                    for message in mx.messages:
                        subject = (
                            message.data.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode()
                        )
                        arrived[subject] = arrived.get(subject, 0) + 1
                    if accepted - arrived.keys():
                        await mx.arrived.wait()
        except TimeoutError:
            pass
        await loop.run_in_executor(None, server.terminate)
        assert server.process.stdout is not None
        server.process.stdout.close()
        assert accepted - arrived.keys() == set()
        # Twice only where a process died between the final dot and the written outcome.
        assert sum(count - 1 for count in arrived.values()) < ROUNDS * 250
