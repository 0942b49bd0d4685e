"""Rounds with made-up figures for the tests of bars and report."""

from pillarbox.bench.model import Flood, Latency, Limits, Measured, Memory, Round


def a_flood(*, accepts: float = 100.0, delivered: float = 100.0, cpu: float = 1.0) -> Flood:
    return Flood(
        messages=100,
        accepts_per_s=accepts,
        accept_p50_ms=1.0,
        accept_p99_ms=2.0,
        delivered_per_s=delivered,
        cpu_ms_per_message=cpu,
        cpu_ms_by_process={"serve": cpu},
        signatures_checked=10,
    )


def measured(*, p50: float = 5.0, pss: float = 50.0, **floods: Flood) -> Measured:
    return Measured(
        floods={name.replace("_", "-"): flood for name, flood in floods.items()},
        latency=Latency(100, p50, p50 * 2, 1.0, 2.0),
        memory_idle=Memory(pss, pss * 2, 3),
        memory_load=Memory(pss * 3, pss * 6, 3),
    )


def a_round(**servers: Measured) -> Round:
    """A round in which the cores sign 10,000/s; `signed` and `unsigned` are the peer's two faces."""
    names = {"ours": "pillarbox", "signed": "postfix+opendkim", "unsigned": "postfix"}
    limits = Limits(5000.0, 10000.0, 2, 4000.0, 50000.0)
    return Round(limits=limits, servers={names[k]: v for k, v in servers.items()})
