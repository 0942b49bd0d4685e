"""Taking a bulk request in: every check, then all that it brought along in one transaction.

read (a part at a time) -> check -> pack -> keep -> commit -> the answer; the commit calls for bulk/expand

One request is read at a time: those that wait hold nothing but their bodies, for which the intake has a budget.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from pillarbox.app import App
from pillarbox.bulk import store
from pillarbox.bulk.check import Findings, check_content, check_entry, choose_stream, field_of
from pillarbox.bulk.model import Content, Entry, Request
from pillarbox.bulk.pace import Pace
from pillarbox.bulk.pack import PART_BYTES, PART_ENTRIES, pack
from pillarbox.errors import Problem, Refused
from pillarbox.ids import ServerId, message_id
from pillarbox.outbound.submit import Submission
from pillarbox.servers.model import Server
from pillarbox.storage.tx import Tx
from pillarbox.templates import store as templates
from pillarbox.templates.model import Reference, Template, TemplateType, not_found


class Reading(Protocol):
    """A request that is read bit by bit."""

    @property
    def content(self) -> Content:
        """What its messages share."""
        ...

    def entries(self) -> Iterable[tuple[Entry, int]]:
        """Its messages one after the other, each with its size in bytes. Refuses WRONG_FIELDS at the end."""
        ...


class BulkIntake:
    """Takes bulk requests in."""

    def __init__(self, app: App, submission: Submission) -> None:
        self._app = app
        self._submission = submission
        self._turn = asyncio.Lock()

    async def take(self, server: Server, read: Callable[[], Reading]) -> Request:
        """Take a request in, whole or not at all.

        Refuses what `read` and the checks refuse, several findings as BULK_SEVERAL_PROBLEMS.
        """
        async with self._turn:
            reading = read()
            content = reading.content
            findings = Findings()
            stream = findings.attempt("MessageStream", choose_stream, server, content.stream)
            if content.wanted is not None:
                await self._find_template(server, content, content.wanted, findings)
            # A long text takes its time to be checked; meanwhile others run.
            sender = await asyncio.to_thread(check_content, content, findings)
            if sender and (refused := await self._submission.refusal(sender, content.sender or "")):
                findings.add("From", refused)
            if stream is not None:
                content.stream = stream.slug
            parts, total = await self._pack(reading, findings)
            if not total:
                findings.add("Messages", Refused(Problem.BULK_FIELD_REQUIRED, field="Messages"))
            findings.settle()
            return await self._keep(server, content, parts, total)

    async def _find_template(
        self, server: Server, content: Content, wanted: Reference, findings: Findings
    ) -> None:
        """Note the template as it is now: all messages of a request are made from the same one."""
        found = await self._app.db.read(lambda tx: find_with_layout(tx, server.id, wanted))
        if found is None:
            findings.add(field_of(wanted), not_found(wanted))
        else:
            content.template, content.layout = found

    async def _pack(self, reading: Reading, findings: Findings) -> tuple[list[store.Part], int]:
        """Check and pack a request's messages; the parts, and how many messages there are."""
        pace = Pace(self._app.monotonic)
        parts: list[store.Part] = []
        batch: list[Entry] = []
        done = size = 0
        for entry, size_bytes in reading.entries():
            check_entry(reading.content, entry, findings)
            batch.append(entry)
            size += size_bytes
            if len(batch) == PART_ENTRIES or size >= PART_BYTES:
                parts.append((done, await asyncio.to_thread(pack, batch)))
                done, size, batch = done + len(batch), 0, []
            await pace.keep()
        if batch:
            parts.append((done, await asyncio.to_thread(pack, batch)))
        return parts, done + len(batch)

    async def _keep(
        self, server: Server, content: Content, parts: list[store.Part], total: int
    ) -> Request:
        key = self._app.keys.next()
        request = Request(
            key=key,
            id=message_id(key),
            server_id=server.id,
            submitted_at=self._app.clock.now(),
            subject=content.subject,
            total=total,
        )
        packed = await asyncio.to_thread(pack, content)
        await self._app.db.write(lambda tx: store.keep(tx, request, packed, parts))
        return request


def find_with_layout(
    tx: Tx, server_id: ServerId, wanted: Reference
) -> tuple[Template, Template | None] | None:
    """An active standard template of a Server, and its layout if it has one."""
    template = templates.find_many(tx, server_id, {wanted}).get(wanted)
    if template is None or not template.is_active or template.type is not TemplateType.STANDARD:
        return None
    if template.layout_id is None:
        return template, None
    return template, templates.find_many(tx, server_id, {template.layout_id})[template.layout_id]
