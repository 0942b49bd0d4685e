"""The dispatcher's end of its worker processes: starting them, feeding them, hearing from them."""

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from pillarbox.domains.model import DkimKey
from pillarbox.relay.frames import frame, read_frame
from pillarbox.relay.job import FromWorker, Job, Key, Outcome, Setup, ToWorker
from pillarbox.relay.processor import signing_environment

log = logging.getLogger(__name__)

STOP_S = 28.0
Heard = Callable[[Sequence[Outcome]], Awaitable[None]]
Lost = Callable[[Sequence[Job]], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Mate:
    """One worker process; `jobs` are what it has in hand, `keys` the DKIM keys it knows."""

    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    jobs: dict[tuple[int, int, int], Job] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)


class Crew:
    """A fixed number of workers; one that dies is replaced, and what it had in hand is given back."""

    def __init__(self, setup: Setup, size: int, *, heard: Heard, lost: Lost) -> None:
        self._setup = setup
        self._size = size
        self._heard = heard
        self._lost = lost
        self._mates: list[_Mate] = []
        self._is_stopping = False

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        """Start all workers."""
        for _ in range(self._size):
            await self._hire(tasks)

    def send(self, jobs: Sequence[tuple[Job, DkimKey | None]]) -> None:
        """Hand jobs out, each to the fit worker with the least in hand. Once it stops they stay the caller's."""
        if self._is_stopping:
            return
        batches: dict[int, tuple[_Mate, list[Key], list[Job]]] = {}
        for job, key in jobs:
            mate = min(self._fit_for(job), key=lambda m: len(m.jobs))
            _, keys, batch = batches.setdefault(id(mate), (mate, [], []))
            if key is not None and job.key not in mate.keys:
                mate.keys.add(job.key)
                keys.append(Key(job.key, key.domain, key.selector, key.pem))
            mate.jobs[job.message_key, job.position, job.lease] = job
            batch.append(job)
        for mate, keys, batch in batches.values():
            mate.writer.write(frame(msgspec.msgpack.encode(ToWorker(keys, batch))))

    def _fit_for(self, job: Job) -> Sequence[_Mate]:
        """All workers, but for bulk mail all but one, if there are several.

        A process with nothing else to do gets a core at once, one that signs bulk mail waits for its next slice.
        """
        return (job.is_bulk and self._mates[1:]) or self._mates

    @property
    def is_ready(self) -> bool:
        """Whether any worker can take jobs."""
        return bool(self._mates)

    async def stop(self) -> None:
        """Close the sockets: workers finish what they are talking about; wait for them."""
        self._is_stopping = True
        for mate in self._mates:
            mate.writer.write_eof()
        try:
            async with asyncio.timeout(STOP_S):
                for mate in self._mates:
                    await mate.process.wait()
        except TimeoutError:
            for mate in self._mates:
                if mate.process.returncode is None:
                    mate.process.kill()
                    await mate.process.wait()

    async def _hire(self, tasks: asyncio.TaskGroup) -> None:
        ours, theirs = socket.socketpair()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "pillarbox.relay.worker",
            str(theirs.fileno()),
            pass_fds=[theirs.fileno()],
            env=signing_environment(),
        )
        theirs.close()
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        writer.write(frame(msgspec.msgpack.encode(self._setup)))
        mate = _Mate(process, reader, writer)
        self._mates.append(mate)
        tasks.create_task(self._listen(mate, tasks))

    async def _listen(self, mate: _Mate, tasks: asyncio.TaskGroup) -> None:
        decoder = msgspec.msgpack.Decoder(FromWorker)
        while (data := await read_frame(mate.reader)) is not None:
            outcomes = decoder.decode(data).outcomes
            for outcome in outcomes:
                mate.jobs.pop(outcome.id, None)
            tasks.create_task(self._heard_from(outcomes))
        mate.writer.close()
        with contextlib.suppress(ConnectionError):
            await mate.writer.wait_closed()
        if not self._is_stopping:
            await self._replace(mate, tasks)

    async def _heard_from(self, outcomes: Sequence[Outcome]) -> None:
        await self._heard(outcomes)

    async def _replace(self, mate: _Mate, tasks: asyncio.TaskGroup) -> None:
        code = await mate.process.wait()
        log.error("delivery worker died", extra={"code": code, "in_hand": len(mate.jobs)})
        self._mates.remove(mate)
        await self._lost(list(mate.jobs.values()))
        await asyncio.sleep(1)
        await self._hire(tasks)
