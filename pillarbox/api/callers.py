"""Who calls, and what a caller brings along. The kind of call an endpoint takes is the token it demands.

Source: spec overview 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from typing_extensions import override

from pillarbox.app import App
from pillarbox.bulk.accept import BulkIntake
from pillarbox.errors import Problem, Refused
from pillarbox.ids import same_token
from pillarbox.outbound.submit import Submission
from pillarbox.servers.directory import Directory
from pillarbox.servers.model import Server
from pillarbox.storage.tx import Tx

TEST_TOKEN = "POSTMARK_API_TEST"  # noqa: S105 - known to everybody
SERVER_HEADER = b"x-postmark-server-token"
ACCOUNT_HEADER = b"x-postmark-account-token"
TOKEN_HEADERS = (SERVER_HEADER, ACCOUNT_HEADER)
_CLIENT_HEADER = b"x-postmark-client"

Headers = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What calls are made of."""

    app: App
    directory: Directory
    submission: Submission
    bulk: BulkIntake


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request whose token is good."""

    app: App
    submission: Submission
    token_header: ClassVar[bytes]
    """The header that holds the token."""
    client: str
    """The client library as it names itself (X-Postmark-Client), or ""."""
    transaction: Tx | None = None

    @property
    def tx(self) -> Tx:
        """The endpoint's transaction; an async endpoint has none."""
        assert self.transaction is not None
        return self.transaction

    def within(self, tx: Tx) -> Self:
        """The same call inside a transaction."""
        return replace(self, transaction=tx)

    @classmethod
    async def admit(cls, services: Services, headers: Headers) -> Self:
        """The call of whoever sent these headers. Refuses NO_TOKEN and the kind's own bad-token problem."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCall(Call):
    """A call with the token of a Server."""

    token_header = SERVER_HEADER
    server: Server
    bulk: BulkIntake

    @classmethod
    @override
    async def admit(cls, services: Services, headers: Headers) -> Self:
        """Refuses NO_TOKEN, BAD_SERVER_TOKEN."""
        token = _token(headers, SERVER_HEADER, Problem.BAD_SERVER_TOKEN)
        return cls(
            app=services.app,
            submission=services.submission,
            bulk=services.bulk,
            client=_client(headers),
            server=await _server(services, token),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingCall(Call):
    """A call with the token of a Server, or with the test token: then there is no Server."""

    token_header = SERVER_HEADER
    server: Server | None

    @classmethod
    @override
    async def admit(cls, services: Services, headers: Headers) -> Self:
        """Refuses NO_TOKEN, BAD_SERVER_TOKEN."""
        token = _token(headers, SERVER_HEADER, Problem.BAD_SERVER_TOKEN)
        is_test = same_token(token, TEST_TOKEN)
        return cls(
            app=services.app,
            submission=services.submission,
            client=_client(headers),
            server=None if is_test else await _server(services, token),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCall(Call):
    """A call with a token of the account."""

    token_header = ACCOUNT_HEADER

    @classmethod
    @override
    async def admit(cls, services: Services, headers: Headers) -> Self:
        """Refuses NO_TOKEN, BAD_ACCOUNT_TOKEN."""
        token = _token(headers, ACCOUNT_HEADER, Problem.BAD_ACCOUNT_TOKEN)
        if not await services.directory.is_account_token(token):
            raise Refused(Problem.BAD_ACCOUNT_TOKEN)
        return cls(app=services.app, submission=services.submission, client=_client(headers))


def _token(headers: Headers, name: bytes, problem: Problem) -> str:
    """The token in this header. Refuses NO_TOKEN when there is none of either kind, else `problem`."""
    value = headers.get(name)
    if value is not None:
        return value.decode("latin-1").strip()
    has_other = any(other in headers for other in TOKEN_HEADERS)
    raise Refused(problem if has_other else Problem.NO_TOKEN)


async def _server(services: Services, token: str) -> Server:
    server = await services.directory.server_by_token(token)
    if server is None:
        raise Refused(Problem.BAD_SERVER_TOKEN)
    return server


def _client(headers: Headers) -> str:
    return headers.get(_CLIENT_HEADER, b"").decode("latin-1")
