"""The worker process: makes and signs copies and carries them to their destinations.

RSA signatures and SMTP talk take most of the time a message costs, so they run in processes of their own, one a
core. A worker keeps nothing: jobs come in over a local socket, outcomes go back over it, and when the
socket closes the worker finishes what it is talking about and ends.

    python -m pillarbox.relay.worker FD
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from ipaddress import ip_network

import msgspec
import uvloop

from pillarbox import log as logs
from pillarbox.collector import spare_collector
from pillarbox.mail.dkim import Signer
from pillarbox.mail.dns import Resolver
from pillarbox.mail.egress import Egress
from pillarbox.mail.verp import ReturnPaths
from pillarbox.relay.attempt import Smarthost, Way
from pillarbox.relay.frames import frame, read_frame
from pillarbox.relay.job import FromWorker, Job, Key, Outcome, Setup, ToWorker
from pillarbox.relay.reports import Reports
from pillarbox.relay.site import Site
from pillarbox.relay.turns import Turns
from pillarbox.tracking.personal import Personalizer
from pillarbox.tracking.token import Copy

log = logging.getLogger(__name__)

MOST_SITES = 20_000
NICENESS = 10
FINISH_S = 25.0


class Worker:
    """The sites of one process, and the socket to the dispatcher."""

    def __init__(
        self, setup: Setup, writer: asyncio.StreamWriter, tasks: asyncio.TaskGroup
    ) -> None:
        self._way = way(setup)
        self._personalizer = Personalizer(setup.secret, setup.public_url)
        self._writer = writer
        self._tasks = tasks
        self._sites: dict[str, Site] = {}
        self._signers: dict[str, Signer] = {}
        self._turns = Turns()
        self.reports = Reports(self._tell)

    def take(self, message: ToWorker) -> None:
        """Learn keys and start on jobs."""
        for key in message.keys:
            self._signers[key.name] = _signer(key)
        self.reports.took(len(message.jobs))
        for job in message.jobs:
            self._site(job.domain).add(job)

    def sign(self, job: Job) -> bytes:
        """The recipient's copy with its DKIM signature in front, when there is a key."""
        raw = job.raw
        if job.wishes is not None:
            raw = self._personalizer.copy(raw, Copy(job.message_key, job.position), job.wishes)
        signer = self._signers.get(job.key)
        if signer is None:
            return raw
        return signer.sign(raw, at=int(time.time())) + raw

    def stop(self) -> None:
        """Finish what is being sent, start nothing more."""
        for site in self._sites.values():
            site.stop()

    def _tell(self, outcomes: list[Outcome]) -> None:
        self._writer.write(frame(msgspec.msgpack.encode(FromWorker(outcomes))))

    def _site(self, domain: str) -> Site:
        """Sites are found by domain; behind a smarthost all domains are one site."""
        name = domain if self._way.smarthost is None else ""
        site = self._sites.get(name)
        if site is None:
            if len(self._sites) >= MOST_SITES:
                self._sites = {n: s for n, s in self._sites.items() if s.runners}
            site = self._sites[name] = Site(
                name,
                self._way,
                sign=self.sign,
                report=self.reports.add,
                turns=self._turns,
                tasks=self._tasks,
            )
        return site


def way(setup: Setup) -> Way:
    """How mail leaves under these settings."""
    return Way(
        setup=setup,
        resolver=Resolver(setup.dns_servers),
        egress=Egress([ip_network(text) for text in setup.egress_allow]),
        own_names=frozenset({setup.hostname.lower()}),
        return_paths=ReturnPaths(secret=setup.secret),
        smarthost=Smarthost.of(setup.relay_url) if setup.relay_url else None,
    )


def _signer(key: Key) -> Signer:
    return Signer(domain=key.domain, selector=key.selector, key_pem=key.pem)


async def serve(channel: socket.socket) -> None:
    """Work until the dispatcher closes the socket, then finish what is in hand."""
    reader, writer = await asyncio.open_unix_connection(sock=channel)
    first = await read_frame(reader)
    if first is None:
        return
    setup = msgspec.msgpack.decode(first, type=Setup)
    decoder = msgspec.msgpack.Decoder(ToWorker)
    async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as tasks:
        worker = Worker(setup, writer, tasks)
        while (data := await read_frame(reader)) is not None:
            worker.take(decoder.decode(data))
        worker.stop()
        limit.reschedule(asyncio.get_running_loop().time() + FINISH_S)
    worker.reports.flush()
    await writer.drain()
    writer.close()


def main() -> None:
    """Run on the socket whose file descriptor is the first argument."""
    logs.setup()
    spare_collector()
    os.nice(NICENESS)  # who hands mail in waits for an answer; who gets it does not (decision 0007)
    # Ctrl-C in a terminal reaches the whole group; the dispatcher decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    uvloop.run(serve(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
