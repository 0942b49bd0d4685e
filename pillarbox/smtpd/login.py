"""The AUTH command of one session (RFC 4954): exchanges one after the other, and how often they failed."""

import logging

from pillarbox.smtpd import reply as replies
from pillarbox.smtpd import sasl
from pillarbox.smtpd.service import Client
from pillarbox.smtpd.shared import Shared

_log = logging.getLogger(__name__)


class Login:
    """The exchange in course, if any, and the count of refused attempts."""

    __slots__ = ("_client", "_exchange", "_failures", "_shared")

    def __init__(self, shared: Shared, client: Client) -> None:
        self._shared = shared
        self._client = client
        self._exchange: sasl.Exchange | None = None
        self._failures = 0

    @property
    def is_open(self) -> bool:
        """Whether the next line is a response and not a command."""
        return self._exchange is not None

    @property
    def is_spent(self) -> bool:
        """Whether the client has had all the attempts it gets."""
        return self._failures >= self._shared.options.max_auth_failures

    def cancel(self) -> None:
        """End the exchange in course."""
        self._exchange = None

    def begin(self, argument: str) -> bytes | sasl.Attempt:
        """Start with the argument of AUTH: a reply, or the attempt when the initial response completes it."""
        obstacle = self._obstacle()
        if obstacle is not None:
            return obstacle
        options = self._shared.options
        mechanism, _, initial = argument.partition(" ")
        mechanism, initial = mechanism.upper(), initial.strip()
        if mechanism not in options.auth_mechanisms:
            return replies.LOGIN_MECHANISM
        exchange = sasl.begin(mechanism, options.hostname)
        if not initial:
            return self._step(exchange, None)
        if not exchange.takes_initial:
            return replies.LOGIN_NO_INITIAL
        return self._step(exchange, b"" if initial == "=" else initial.encode())

    def _obstacle(self) -> bytes | None:
        if not self._shared.options.auth_mechanisms:
            return replies.LOGIN_NOT_OFFERED
        if not self._client.helo:
            return replies.HELO_FIRST
        if self._client.identity is not None:
            return replies.LOGIN_ALREADY
        return replies.LOGIN_IN_MAIL if self._client.mail_from is not None else None

    def respond(self, line: bytes) -> bytes | sasl.Attempt:
        """Go on with a line from the client, CRLF included. Only while `is_open`."""
        exchange = self._exchange
        assert exchange is not None
        self._exchange = None
        if not line.endswith(b"\r\n"):
            return replies.BAD_LINE
        response = line[:-2]
        return replies.LOGIN_ABORTED if response == b"*" else self._step(exchange, response)

    def _step(self, exchange: sasl.Exchange, response: bytes | None) -> bytes | sasl.Attempt:
        try:
            result = exchange.step(None if response is None else sasl.decode(response))
        except sasl.SaslError:
            return replies.LOGIN_MALFORMED
        if isinstance(result, bytes):
            self._exchange = exchange
            return sasl.encode_challenge(result)
        return result

    async def judge(self, attempt: sasl.Attempt) -> bytes:
        """Ask the service about an attempt; the identity, if it gives one, is the client's from now on.

        The answer to a bad login waits, the longer the more there were: guessing gets slow.
        """
        client = self._client
        try:
            identity = await self._shared.service.authenticate(attempt, client)
        except Exception:  # noqa: BLE001 - whatever a service raises is 451 to the client
            _log.exception("login failed", extra={"peer_ip": client.ip})
            return replies.TEMPORARY
        if identity is not None:
            client.identity = identity
            return replies.LOGIN_OK
        self._failures += 1
        _log.info("login refused", extra={"peer_ip": client.ip, "mechanism": attempt.mechanism})
        await self._shared.sleep(self._shared.options.auth_delay_s * self._failures)
        return replies.LOGIN_BAD
