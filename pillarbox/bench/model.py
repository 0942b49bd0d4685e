"""Values of a benchmark run: what is sent, what was measured. No measuring happens here."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

SENDER_DOMAIN = "sender.bench.example"
RECIPIENT_ZONE = "bench.example"
LARGE_DIVISOR = 3  # a flood of 50 KB messages has this many times fewer of them


class Door(StrEnum):
    """How messages are handed to a server, and where readers of mail ask."""

    SMTP = "smtp"
    HTTP = "http"
    BATCH = "http-batch"
    INBOUND = "inbound"
    HITS = "hits"


class Size(StrEnum):
    """Which message is sent: about 3 KB or about 50 KB on the wire."""

    SMALL = "small"
    LARGE = "large"


class BenchError(Exception):
    """The run cannot go on: something did not start, or broke its promise. The text is for the reader."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One order to the load process. `rate` 0 sends as fast as the server takes it.

    With `to` all messages go to that address; `paths` is a file with what is asked for, from line `first` on.
    """

    door: Door
    port: int
    run: str
    messages: int
    connections: int
    domains: int = 1
    size: Size = Size.SMALL
    batch: int = 1
    rate: float = 0.0
    token: str = ""
    timeout_s: float = 120.0
    to: str = ""
    paths: str = ""
    first: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """What the load process saw. Instants are seconds of CLOCK_MONOTONIC, equal in all processes."""

    accepted: int
    failed: int
    started_at: float
    finished_at: float
    latencies_ms: list[float]
    begun_at: list[float] = field(default_factory=list)
    failure: str = ""

    @property
    def rate(self) -> float:
        """Messages accepted in a second."""
        return self.accepted / max(self.finished_at - self.started_at, 1e-9)


@dataclass(frozen=True, slots=True)
class Counts:
    """What the sink saw since it was last reset. `strays` belong to an earlier run."""

    received: int
    unique: int
    duplicates: int
    strays: int
    message_ids: int
    first_at: float
    last_at: float


@dataclass(frozen=True, slots=True)
class Calls:
    """What the consumer of webhooks saw since it was last reset: calls, and how many events they told of."""

    received: int
    events: int
    first_at: float
    last_at: float


@dataclass(frozen=True, slots=True)
class Flood:
    """Result of one flood: accept and end-to-end rate, CPU of the server under test."""

    messages: int
    accepts_per_s: float
    accept_p50_ms: float
    accept_p99_ms: float
    delivered_per_s: float
    cpu_ms_per_message: float
    cpu_ms_by_process: dict[str, float]
    signatures_checked: int


@dataclass(frozen=True, slots=True)
class Latency:
    """From the first byte of the call to the whole message at the sink."""

    messages: int
    p50_ms: float
    p99_ms: float
    accept_p50_ms: float
    accept_p99_ms: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of all processes of a server. `pss` divides shared pages fairly, `rss` counts them in each."""

    pss_mb: float
    rss_mb: float
    processes: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What the machine could do at best, measured in the same round."""

    rsa_one_per_s: float
    rsa_all_per_s: float
    rsa_processes: int
    fsync_per_s: float
    smtp_raw_per_s: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything measured on one server in one round."""

    floods: dict[str, Flood]
    latency: Latency | None
    memory_idle: Memory
    memory_load: Memory


@dataclass(frozen=True, slots=True)
class Round:
    """One round: the limits, then every server in turn, by its name."""

    limits: Limits
    servers: dict[str, Measured]


class Subject(Protocol):
    """A mail server under test. Started and stopped once per round, on fresh directories."""

    @property
    def name(self) -> str:
        """What the report calls it."""

    @property
    def signs(self) -> bool:
        """Whether what it delivers must carry a good DKIM signature."""

    def start(self) -> None:
        """Set it up afresh and return when it takes mail. Raises BenchError."""

    def stop(self) -> None:
        """End all its processes; harmless when it never started."""

    def port(self, door: Door) -> int | None:
        """Where it listens on loopback, or None when it has no such door."""

    def token(self) -> str:
        """Credential for HTTP and SMTP AUTH; empty when none is asked."""

    def pids(self) -> list[int]:
        """Every live process that works for it, its database included."""

    def queue_length(self) -> int:
        """Messages it still holds for delivery."""

    def log_tail(self) -> str:
        """The last lines of its log, for a reader who wants to know why it failed."""


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What `pillarbox bench` was asked for. None named means all that are not measured alone."""

    scenarios: tuple[str, ...] = ()
    rounds: int = 5
    messages: int = 3000
    stored: int = 1_000_000
    """Messages in the database of `search`."""
    hits: int = 20_000
    """Opens and clicks of `hits`, at a pace and in a flood each."""
    events: int = 100_000
    """Events of `webhooks`."""
    bulk: int = 100_000
    """Messages of the bulk request of `beside`."""
    queued: int = 100_000
    """Messages in the queue of `queue`, first; then ten times as many."""
    domains: int = 50
    database_url: str | None = None
    json: bool = False
    quick: bool = False
    postfix: bool = True
