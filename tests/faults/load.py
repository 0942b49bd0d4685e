"""Clients that send to a server until told to stop, and remember what was accepted."""

import json
import smtplib
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests import process
from tests.conftest import SERVER_TOKEN


class Load:
    """`accepted` are the subjects of the messages that were answered with 200 or 250."""

    def __init__(self, server: process.Server, *, size: int = 2000, persists: bool = False) -> None:
        """`persists`: go on after a refusal or a lost connection, instead of giving up."""
        self.server = server
        self.accepted: set[str] = set()
        self.refusals: set[int] = set()
        self._text = "x" * size
        self._persists = persists
        self._stop = threading.Event()
        self._news = threading.Condition()

    @contextmanager
    def running(self, name: str, *, http: int, smtp: int) -> Iterator[list[threading.Thread]]:
        """So many clients of each kind while the block runs; `name` begins their subjects."""
        clients = [
            threading.Thread(target=work, args=(f"{name}{kind}{number}",))
            for kind, work, count in (("h", self._http, http), ("s", self._smtp, smtp))
            for number in range(count)
        ]
        for client in clients:
            client.start()
        try:
            yield clients
        finally:
            self._stop.set()
            for client in clients:
                client.join()

    def wait_for(self, count: int, timeout: float = 60) -> None:
        """Until so many messages were accepted."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.accepted) >= count, timeout)

    def wait_for_refusal(self, timeout: float = 60) -> None:
        """Until a client was refused."""
        with self._news:
            assert self._news.wait_for(lambda: self.refusals, timeout)

    def _note(self, subject: str) -> None:
        with self._news:
            self.accepted.add(subject)
            self._news.notify_all()

    def _refused(self, status: int) -> None:
        with self._news:
            self.refusals.add(status)
            self._news.notify_all()

    def _http(self, name: str) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            try:
                self._post(f"{name}-{number}", number)
            except urllib.error.HTTPError as error:
                error.close()
                self._refused(error.code)
                if not self._persists:
                    return
            except (OSError, ValueError):
                if not self._persists:
                    return
                self._stop.wait(0.05)

    def _post(self, subject: str, number: int) -> None:
        body = {
            "From": "a@sender.example",
            "To": f"user{number}@d{number % 5}.example",
            "Subject": subject,
            "TextBody": self._text,
        }
        request = urllib.request.Request(
            f"{self.server.http}/email",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "X-Postmark-Server-Token": SERVER_TOKEN},
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            if response.status == 200:
                self._note(subject)

    def _smtp(self, name: str) -> None:
        number = 0
        while not self._stop.is_set():
            try:
                with smtplib.SMTP("127.0.0.1", self.server.smtp_port, timeout=20) as smtp:
                    smtp.login(SERVER_TOKEN, SERVER_TOKEN)
                    while not self._stop.is_set():
                        number += 1
                        self._mail(smtp, f"{name}-{number}", number)
            except smtplib.SMTPResponseException as error:
                self._refused(error.smtp_code)
            except (OSError, smtplib.SMTPException):
                self._stop.wait(0.05)
            if not self._persists:
                return

    def _mail(self, smtp: smtplib.SMTP, subject: str, number: int) -> None:
        text = f"From: a@sender.example\r\nTo: u@d1.example\r\nSubject: {subject}\r\n\r\n{self._text}\r\n"
        smtp.sendmail("a@sender.example", [f"u{number}@d1.example"], text)
        self._note(subject)
