"""The scenario `inbound`: mail by SMTP to a Server's inbound address, until its webhook has heard of each."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pillarbox.bench import accounting
from pillarbox.bench.alone import Figure, Figures, ask, cpu_figure, database_name, eased, started
from pillarbox.bench.hook_sink import HookSinkChild
from pillarbox.bench.load import LoadChild
from pillarbox.bench.model import BenchError, BenchOptions, Calls, Door, Plan, Sent

INBOUND = "inbound"
CPU_BAR_MS, CPU_AIM_MS = 1.5, 1.0
_CONNECTIONS = 10
_WARM_UP = 100
_SLOWEST_PER_S = 20


def measure(options: BenchOptions, base: Path, say: Callable[[str], None]) -> Figures:
    """Start a server with an inbound hook and flood it. Raises BenchError when a message is not told of once."""
    count = options.messages
    with started(options, base) as server, HookSinkChild() as sink, LoadChild() as load:
        ask(server, "PUT", "/server", {"InboundHookUrl": sink.url})
        address = str(ask(server, "GET", "/server")["InboundAddress"])
        plan = Plan(
            door=Door.INBOUND,
            port=server.port(Door.INBOUND) or 0,
            run=INBOUND,
            messages=_WARM_UP,
            connections=_CONNECTIONS,
            to=address,
            timeout_s=30.0 + max(count, _WARM_UP) / _SLOWEST_PER_S,
        )
        _flood(plan, sink, load)
        sink.reset()
        say(f"{count:,} messages to {address}")
        before = accounting.family(server.pids())
        sent, told = _flood(replace(plan, messages=count), sink, load)
        used = accounting.cpu_used(before, accounting.family(server.pids()))
    return Figures(
        scenario=INBOUND,
        work=f"{count:,} messages of 3 KB over {_CONNECTIONS} connections, each told to a webhook",
        database=database_name(options),
        figures=[
            Figure(name="accepted", value=sent.rate, unit="/s"),
            Figure(
                name="accepted, parsed and told",
                value=count / (told.last_at - sent.started_at),
                unit="/s",
            ),
            cpu_figure(used, count, bar=eased(options, CPU_BAR_MS), aim=eased(options, CPU_AIM_MS)),
        ],
        cpu_ms_by_process={name: value / count * 1000 for name, value in used.items()},
    )


def _flood(plan: Plan, sink: HookSinkChild, load: LoadChild) -> tuple[Sent, Calls]:
    sent = load.send(plan)
    if sent.failed:
        raise BenchError(f"{sent.failed} messages refused: {sent.failure}")
    told = sink.wait(plan.messages, timeout_s=plan.timeout_s)
    if (told.received, told.events) != (plan.messages, plan.messages):
        raise BenchError(f"{told.received} calls for {told.events} of {plan.messages} messages")
    return sent, told
