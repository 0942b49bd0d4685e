"""The import from Postmark: its own step list.

domains -> sender signatures -> each Server: read whole, then kept part by part
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from pillarbox.importing import reading, servers
from pillarbox.importing.account import keep_domains, keep_senders
from pillarbox.importing.model import Choice, Report, Target
from pillarbox.importing.reading import Reader
from pillarbox.importing.source import Kind, Source, SourceFailed
from pillarbox.wire.imported import FoundServer

BASE_URL = "https://api.postmarkapp.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What opens the account that is copied from; either may be missing."""

    account: str = field(default="", repr=False)
    servers: tuple[str, ...] = field(default=(), repr=False)


async def copy(
    target: Target,
    source: Source,
    tokens: Tokens,
    choice: Choice,
    *,
    tell: Callable[[str], None],
) -> Report:
    """Copy all that the tokens open. Raises SourceFailed; what is kept until then stays."""
    report = Report()
    if tokens.account:
        account = Reader(source, Kind.ACCOUNT, tokens.account)
        tell("reading domains and sender signatures")
        outcomes, known = await keep_domains(target.db, await reading.domains(account), choice)
        report.outcomes.extend(outcomes)
        report.domains.extend(domain for domain in known if not domain.is_settled)
        report.outcomes.extend(await keep_senders(target, await reading.senders(account), choice))
    async for reader, name in _servers(source, tokens):
        tell(f"reading {name}")
        content = await reading.content(reader)
        report.outcomes.extend(await servers.copy(target, content, choice))
    return report


async def _servers(source: Source, tokens: Tokens) -> AsyncIterator[tuple[Reader, str]]:
    """A reader for each Server, none of them twice."""
    seen = set()
    if tokens.account:
        account = Reader(source, Kind.ACCOUNT, tokens.account)
        for server in await reading.servers(account):
            seen.add(server.ID)
            yield Reader(source, Kind.SERVER, _token(server)), f"the Server {server.Name}"
    for token in tokens.servers:
        reader = Reader(source, Kind.SERVER, token)
        server = await reader.one(FoundServer, "/server")
        if server.ID not in seen:
            seen.add(server.ID)
            yield reader, f"the Server {server.Name}"


def _token(server: FoundServer) -> str:
    found: Sequence[str] = server.ApiTokens or ()
    if not found:
        raise SourceFailed(f"the Server {server.Name} has no token to read it with")
    return found[0]
