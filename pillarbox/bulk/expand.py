"""Working through bulk requests: their messages are made and kept some hundred at a time.

    whose turn is it? -> read what is next -> prepare each message -> one transaction: keep them, move the mark

The mark moves in the transaction that keeps the messages: a process that dies leaves a request exactly where its
last commit left it. Servers take turns, and so do the requests of each: a huge one never holds up a small one.
"""

import asyncio
import logging
from dataclasses import dataclass, field

from pillarbox.app import App
from pillarbox.bulk import store
from pillarbox.bulk.model import draft_of, source_of
from pillarbox.bulk.store import Rest
from pillarbox.errors import Refused, Unavailable
from pillarbox.ids import ServerId
from pillarbox.outbound.accept import accept
from pillarbox.outbound.model import Accepted, Draft, Prepared
from pillarbox.outbound.prepare import Surroundings, prepare
from pillarbox.outbound.submit import Submission
from pillarbox.servers.directory import Directory
from pillarbox.servers.model import Server
from pillarbox.storage.tx import Tx
from pillarbox.templates.fill import Source

log = logging.getLogger(__name__)

STEP_MESSAGES = 100
STEP_BYTES = 8 * 1_048_576


class MarkMoved(Exception):
    """Somebody else has dealt with these messages; nothing of the step may stay."""


@dataclass(slots=True)
class Turns:
    """Whose turn it was last: the Server, and the request of each Server."""

    server: int = 0
    key: dict[ServerId, int] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)
    """Requests that could not be worked on, or are in other hands; the next run tries again."""

    def next(self, tx: Tx) -> tuple[ServerId, int] | None:
        """The Server and the key of the request whose turn it is, None when all are finished."""
        server = store.next_server(tx, self.server, self.left)
        if server is None:
            return None
        key = store.next_key(tx, server, self.key.get(server, 0), self.left)
        return None if key is None else (server, key)

    def note(self, server: ServerId, key: int) -> None:
        """Remember that a request had its turn."""
        self.server = server
        self.key[server] = key


@dataclass(slots=True)
class Step:
    """Messages that are ready to be kept, out of `entries` of a request."""

    entries: int = 0
    prepared: list[Prepared] = field(default_factory=list)


class Expansion:
    """Turns requests into messages."""

    def __init__(self, app: App, directory: Directory, submission: Submission) -> None:
        self._app = app
        self._directory = directory
        self._submission = submission
        self._last: tuple[int, Source | None] = (0, None)

    async def run(self) -> None:
        """Work until every request is finished, or cannot be worked on now."""
        turns = Turns()
        while (turn := await self._app.db.read(turns.next)) is not None:
            turns.note(*turn)
            try:
                await self._step(*turn)
            except MarkMoved:
                log.info("bulk step lost", extra={"request": turn[1]})
                turns.left.add(turn[1])
            except Unavailable:
                raise
            except Exception:
                log.exception("bulk step failed", extra={"request": turn[1]})
                turns.left.add(turn[1])

    async def _step(self, server_id: ServerId, key: int) -> None:
        """Deal with some of a request's messages. Raises MarkMoved."""
        server = await self._directory.server(server_id)
        rest = await self._app.db.read(lambda tx: store.find_rest(tx, key))
        if server is None or rest is None:
            raise MarkMoved
        # Filling and composing take most of the time; meanwhile others run.
        source = await self._source(rest)
        step = await asyncio.to_thread(
            prepare_step, server, rest, source, await self._submission.surroundings()
        )
        if step.prepared:
            first = step.prepared[0]
            if await self._submission.refusal(first.sender, first.sender_text):
                step.prepared.clear()
        await self._app.db.write(lambda tx: settle(tx, rest, step))

    async def _source(self, rest: Rest) -> Source:
        """What a request is filled from, parsed; the last one is kept for the next step."""
        key, source = self._last
        if source is None or key != rest.request.key:
            source = await asyncio.to_thread(source_of, rest.content)
            self._last = rest.request.key, source
        return source


def prepare_step(server: Server, rest: Rest, source: Source, surroundings: Surroundings) -> Step:
    """Prepare messages up to the limits of a step; at least one is dealt with."""
    step = Step()
    size = 0
    for entry in rest.entries[:STEP_MESSAGES]:
        step.entries += 1
        message = _attempt(server, rest, draft_of(rest.content, source, entry), surroundings)
        if message is not None:
            step.prepared.append(message)
            size += len(message.raw)
        if size >= STEP_BYTES:
            break
    return step


def settle(tx: Tx, rest: Rest, step: Step) -> None:
    """Keep the messages of a step, and count all its entries as dealt with. Raises MarkMoved.

    A message that could not be filled is kept, too: it bounces. Source: spec sending 11.
    """
    request = rest.request
    released = sum(
        isinstance(answer, Accepted) and message.render_error is None
        for message, answer in zip(step.prepared, accept(tx, step.prepared), strict=True)
    )
    if not store.move_mark(tx, request, released=released, failed=step.entries - released):
        raise MarkMoved
    if step.entries == len(rest.entries):
        store.drop_part(tx, request.key, rest.position)
    if request.done + step.entries == request.total:
        store.drop_content(tx, request.key)


def _attempt(
    server: Server, rest: Rest, draft: Draft, surroundings: Surroundings
) -> Prepared | None:
    """A message ready to be kept, None when there is something wrong with it: that never stops the others."""
    try:
        return prepare(server, draft, surroundings)
    except Refused as refused:
        where = {"request": rest.request.id, "problem": refused.problem.value}
        log.info("bulk message refused", extra=where)
    except Exception:
        log.exception("bulk message failed", extra={"request": rest.request.id})
    return None
