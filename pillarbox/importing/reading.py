"""Reading a whole account: page after page, Server after Server."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pillarbox.errors import Refused
from pillarbox.importing.model import Content
from pillarbox.importing.source import Kind, Source, SourceFailed
from pillarbox.servers.model import StreamType
from pillarbox.templates.check import Reading, read
from pillarbox.wire import imported
from pillarbox.wire.imported import (
    FoundDomain,
    FoundDomains,
    FoundRules,
    FoundSender,
    FoundSenders,
    FoundServer,
    FoundServers,
    FoundStream,
    FoundStreams,
    FoundSuppression,
    FoundSuppressions,
    FoundTemplate,
    FoundTemplates,
    FoundWebhooks,
)

PAGE = 500

T = TypeVar("T")
Item = TypeVar("Item")


class Reader:
    """Reads with one token."""

    def __init__(self, source: Source, kind: Kind, token: str) -> None:
        self._source = source
        self._kind = kind
        self._token = token

    async def one(self, shape: type[T], path: str, **query: str | int) -> T:
        """One answer. Raises SourceFailed."""
        body = await self._source.get(self._kind, self._token, path, **query)
        try:
            return imported.read(shape, body)
        except Refused:
            raise SourceFailed(f"{path}: the answer is not Postmark's") from None

    async def all(
        self, shape: type[T], path: str, items: Callable[[T], Sequence[Item] | None]
    ) -> list[Item]:
        """What all pages of a list hold. Raises SourceFailed."""
        found: list[Item] = []
        while True:
            page = items(await self.one(shape, path, count=PAGE, offset=len(found))) or ()
            found += page
            if len(page) < PAGE:
                return found


async def servers(account: Reader) -> list[FoundServer]:
    """All Servers of the account, each with its tokens. Raises SourceFailed."""
    return await account.all(FoundServers, "/servers", lambda page: page.Servers)


async def domains(account: Reader) -> list[FoundDomain]:
    """All domains of the account with their hosts. Raises SourceFailed."""
    listed = await account.all(FoundDomains, "/domains", lambda page: page.Domains)
    return [await account.one(FoundDomain, f"/domains/{one.ID}") for one in listed]


async def senders(account: Reader) -> list[FoundSender]:
    """All sender signatures of the account with their notes. Raises SourceFailed."""
    listed = await account.all(FoundSenders, "/senders", lambda page: page.SenderSignatures)
    return [await account.one(FoundSender, f"/senders/{one.ID}") for one in listed]


async def content(reader: Reader) -> Content:
    """The Server of a token with all that it has. Raises SourceFailed."""
    server = await reader.one(FoundServer, "/server")
    streams = (await reader.one(FoundStreams, "/message-streams")).MessageStreams or []
    rules = await reader.all(FoundRules, "/triggers/inboundrules", lambda page: page.InboundRules)
    webhooks = (await reader.one(FoundWebhooks, "/webhooks")).Webhooks or []
    return Content(
        server=server,
        streams=streams,
        templates=await _templates(reader),
        rules=rules,
        webhooks=webhooks,
        suppressions={one.ID: await _suppressions(reader, one) for one in streams if one.ID},
    )


async def _templates(reader: Reader) -> list[tuple[FoundTemplate, Reading]]:
    """The templates with their texts, layouts first: what uses one needs it."""
    listed = await reader.all(FoundTemplates, "/templates", lambda page: page.Templates)
    found = []
    for one in listed:
        whole: Any = await reader.one(FoundTemplate, f"/templates/{one.TemplateId}")
        found.append((whole, await asyncio.to_thread(read, whole.to_draft())))
    return sorted(found, key=lambda pair: (pair[0].TemplateType or "").lower() != "layout")


async def _suppressions(reader: Reader, stream: FoundStream) -> Sequence[FoundSuppression]:
    if (stream.MessageStreamType or "").lower() == StreamType.INBOUND.value.lower():
        return ()
    path = f"/message-streams/{stream.ID}/suppressions/dump"
    return (await reader.one(FoundSuppressions, path)).Suppressions or ()
