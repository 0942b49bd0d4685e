"""What a reader gets: tables of medians, the figures against the limits, the bars; or all of it as JSON."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import msgspec

from pillarbox.bench import bars
from pillarbox.bench.bars import OURS, SIGNED, UNSIGNED, Bar, Value, middle, ratio, server
from pillarbox.bench.model import Round

_LABEL, _COLUMN = 56, 14


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run. `failure` tells why it ended early; then the figures are of the rounds before."""

    environment: dict[str, str]
    notes: list[str]
    rounds: list[Round]
    bars: list[Bar]
    failure: str = ""


def as_json(report: Report) -> str:
    """The report with every round, indented."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


def as_text(report: Report) -> str:
    """The report for a terminal."""
    lines = [f"{name}: {value}" for name, value in report.environment.items()]
    lines += [f"note: {note}" for note in report.notes]
    if report.rounds:
        for section in (_limits, _servers, _against_limits, _cpu_breakdown):
            lines += ["", *section(report.rounds)]
        lines += ["", *_bars(report.bars)]
    if report.failure:
        lines += ["", "FAILED: " + report.failure]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    """A figure with about three significant digits."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _row(label: str, cells: Sequence[str]) -> str:
    return label.ljust(_LABEL) + "".join(cell.rjust(_COLUMN) for cell in cells)


def _limits(rounds: Sequence[Round]) -> list[str]:
    def value(name: str) -> str:
        return _number(median(float(getattr(this.limits, name)) for this in rounds))

    processes = rounds[0].limits.rsa_processes
    rsa = f"{value('rsa_one_per_s')} in one process, {value('rsa_all_per_s')} in {processes}"
    return [
        f"limits of this machine, per second (median of {len(rounds)} rounds)",
        f"  RSA-2048 signatures: {rsa}",
        f"  append 4 KB + fdatasync: {value('fsync_per_s')}",
        f"  SMTP load generator → sink: {value('smtp_raw_per_s')}",
    ]


def _by_door(figure: Callable[..., Value], ours: str, *peers: str) -> Callable[[str], Value]:
    """A figure that peers, who have no API, show over SMTP."""
    return lambda name: figure(name, ours) if name == OURS else figure(name, *peers)


def _smtp(figure: Callable[..., Value], flood: str) -> Callable[[str], Value]:
    return lambda name: figure(name, flood)


def _latency(figure: str) -> Callable[[str], Value]:
    return lambda name: bars.latency(name, figure)


_LINES: list[tuple[str, Callable[[str], Value]]] = [
    ("accepts/s, SMTP, 1 connection", _smtp(bars.accepts, "smtp-1")),
    ("accepts/s, SMTP, 10 connections", _smtp(bars.accepts, "smtp-10")),
    ("accepts/s, SMTP, 50 connections", _smtp(bars.accepts, "smtp-50")),
    ("accepts/s, HTTP single (peers: best SMTP)", _by_door(bars.accepts, "http", *bars.SMTP)),
    ("accepts/s, HTTP batch (peers: best SMTP)", _by_door(bars.accepts, "http-batch", *bars.SMTP)),
    ("end to end/s, many domains", bars.delivered),
    ("end to end/s, 1 domain", bars.delivered_one_domain),
    ("end to end/s, 50 KB messages", bars.delivered_large),
    ("end to end/s, in by SMTP, 10 connections", _smtp(bars.delivered_by, "smtp-10")),
    ("CPU ms/message (peers: SMTP 10)", _by_door(bars.cpu, "http", "smtp-10")),
    ("CPU ms/message, HTTP batch", _by_door(bars.cpu, "http-batch", "smtp-10")),
    ("CPU ms/message, in by SMTP", _smtp(bars.cpu, "smtp-10")),
    ("CPU ms/message, 50 KB", _by_door(bars.cpu, "http-large", "smtp-10-large")),
    ("latency p50 ms, call → sink, 10/s", _latency("p50_ms")),
    ("latency p99 ms, call → sink, 10/s", _latency("p99_ms")),
    ("latency p50 ms, call → accepted, 10/s", _latency("accept_p50_ms")),
    ("latency p99 ms, call → accepted, 10/s", _latency("accept_p99_ms")),
    ("memory idle, MB (PSS)", lambda name: server(name, lambda m: m.memory_idle.pss_mb)),
    ("memory under load, MB (PSS)", lambda name: server(name, lambda m: m.memory_load.pss_mb)),
    (
        "memory under load, MB (RSS, summed)",
        lambda name: server(name, lambda m: m.memory_load.rss_mb),
    ),
]


def _servers(rounds: Sequence[Round]) -> list[str]:
    heads = [OURS, "Postfix+DKIM", "Postfix", "÷ +DKIM", "÷ Postfix"]
    lines = [_row(f"servers (median of {len(rounds)} rounds)", heads)]
    for label, value in _LINES:
        ours, signed, unsigned = (value(name) for name in (OURS, SIGNED, UNSIGNED))
        values = [ours, signed, unsigned, ratio(ours, signed), ratio(ours, unsigned)]
        figures = [middle(rounds, v) for v in values]
        if any(figure is not None for figure in figures):
            lines.append(_row("  " + label, [_number(figure) for figure in figures]))
    return lines


def _against_limits(rounds: Sequence[Round]) -> list[str]:
    """Rates divided by what the machine could do in the same round."""
    heads = ["÷ RSA", "÷ fsync", "÷ raw SMTP"]
    limits: list[Value] = [
        lambda this: this.limits.rsa_all_per_s,
        lambda this: this.limits.fsync_per_s,
        lambda this: this.limits.smtp_raw_per_s,
    ]
    rates = [
        ("pillarbox, end to end, many domains", bars.delivered(OURS)),
        ("pillarbox, accepts, HTTP single", bars.accepts(OURS, "http")),
        ("pillarbox, accepts, HTTP batch", bars.accepts(OURS, "http-batch")),
        ("Postfix + OpenDKIM, end to end", bars.delivered(SIGNED)),
        ("Postfix unsigned, end to end", bars.delivered(UNSIGNED)),
    ]
    lines = [_row("against the limits of the round", heads)]
    for label, rate in rates:
        figures = [middle(rounds, ratio(rate, limit)) for limit in limits]
        if figures[0] is not None:
            lines.append(_row("  " + label, [_number(figure) for figure in figures]))
    return lines


def _cpu_breakdown(rounds: Sequence[Round]) -> list[str]:
    """Where the CPU time of the end-to-end flood went, by command; processes that ended stand together."""
    lines = ["CPU ms per message by process"]
    for name, flood in ((OURS, "http"), (SIGNED, "smtp-10"), (UNSIGNED, "smtp-10")):
        parts = [
            found[0].cpu_ms_by_process
            for this in rounds
            if (found := bars.flood(name, flood)(this))
        ]
        if parts:
            means = {
                key: sum(part.get(key, 0.0) for part in parts) / len(parts)
                for key in sorted(set().union(*parts))
            }
            ordered = sorted(means.items(), key=lambda item: -item[1])
            text = ", ".join(f"{key} {value:.2f}" for key, value in ordered if value >= 0.005)
            lines.append(f"  {name}: {text}")
    return lines


def _bars(judged: Sequence[Bar]) -> list[str]:
    lines = [_row("bars", ["measured", "bar", "aim"])]
    for bar in judged:
        sign = "≥" if bar.at_least else "≤"
        limits = [
            f"{sign} {_number(limit)} {bar.unit}" if limit is not None else ""
            for limit in (bar.bar, bar.aim)
        ]
        verdict = bar.verdict or ("not measured" if bar.value is None else "")
        if bar.aim_met:
            verdict = f"{verdict} aim met".strip()
        measured = "–" if bar.value is None else f"{_number(bar.value)} {bar.unit}"
        lines.append(f"{_row('  ' + bar.name, [measured, *limits])}  {verdict}".rstrip())
    return lines
