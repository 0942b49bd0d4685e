"""The bars: what a round must show for each claim, as pure arithmetic over rounds.

A value is the median of the rounds' own values: ratios are taken inside a round, where both sides met the same
machine, never between medians. Bars of the scenarios that are measured by themselves stand there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from pillarbox.bench.model import Flood, Measured, Round

OURS, SIGNED, UNSIGNED = "pillarbox", "postfix+opendkim", "postfix"
POSTGRES_FACTOR = 0.6

Value = Callable[[Round], float | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One bar. `at_least` says which side is good; `scales` whether PostgreSQL's factor applies."""

    name: str
    value: Value
    bar: float | None
    aim: float | None
    at_least: bool
    unit: str = "×"
    scales: bool = True


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar with what was measured. `verdict` is PASS, MISS, or empty when nothing was measured or promised."""

    name: str
    value: float | None
    bar: float | None
    aim: float | None
    at_least: bool
    unit: str
    verdict: str
    aim_met: bool


def flood(name: str, *flood_names: str) -> Callable[[Round], list[Flood]]:
    """The floods of these names that a server went through in a round."""

    def find(this: Round) -> list[Flood]:
        measured = this.servers.get(name)
        return [measured.floods[n] for n in flood_names if n in measured.floods] if measured else []

    return find


def best(floods: Callable[[Round], list[Flood]], figure: Callable[[Flood], float]) -> Value:
    """The highest figure among some floods of a round."""
    return lambda this: max((figure(f) for f in floods(this)), default=None)


def server(name: str, figure: Callable[[Measured], float | None]) -> Value:
    """A figure of one server's round."""
    return lambda this: figure(this.servers[name]) if name in this.servers else None


def ratio(over: Value, under: Value) -> Value:
    """One value divided by another of the same round, None when either is missing."""

    def divide(this: Round) -> float | None:
        a, b = over(this), under(this)
        return a / b if a is not None and b else None

    return divide


def middle(rounds: Sequence[Round], value: Value) -> float | None:
    """The median over the rounds that have the value."""
    values = [v for v in map(value, rounds) if v is not None]
    return median(values) if values else None


def _accepts(one: Flood) -> float:
    return one.accepts_per_s


def _delivered(one: Flood) -> float:
    return one.delivered_per_s


def _cpu(one: Flood) -> float:
    return one.cpu_ms_per_message


SMTP = ("smtp-1", "smtp-10", "smtp-50")
ONE_DOMAIN = ("http-one-domain", *(f"{name}-one-domain" for name in SMTP))
LARGE = ("http-large", *(f"{name}-large" for name in SMTP))


def delivered(name: str) -> Value:
    """End-to-end rate over many domains: ours from the API, a peer's best over SMTP."""
    return best(flood(name, *(("http",) if name == OURS else SMTP)), _delivered)


def delivered_one_domain(name: str) -> Value:
    """End-to-end rate to one domain."""
    return best(flood(name, *ONE_DOMAIN), _delivered)


def delivered_large(name: str) -> Value:
    """End-to-end rate of 50 KB messages."""
    return best(flood(name, *LARGE), _delivered)


def delivered_by(name: str, *floods: str) -> Value:
    """End-to-end rate of the best of some floods."""
    return best(flood(name, *floods), _delivered)


def accepts(name: str, *floods: str) -> Value:
    """Accept rate; of several floods the best."""
    return best(flood(name, *floods), _accepts)


def cpu(name: str, *floods: str) -> Value:
    """CPU per message in ms."""
    return best(flood(name, *floods), _cpu)


def latency(name: str, figure: str) -> Value:
    """A figure of Latency, in ms."""
    return server(name, lambda m: float(getattr(m.latency, figure)) if m.latency else None)


def _rules() -> list[Rule]:
    rates = [
        ("API → sink, 50 domains", delivered),
        ("API → sink, 1 domain", delivered_one_domain),
    ]
    end_to_end = [
        rule
        for name, rate in rates
        for rule in (
            Rule(f"{name} ÷ Postfix + OpenDKIM", ratio(rate(OURS), rate(SIGNED)), 3.0, 5.0, True),
            Rule(f"{name} ÷ Postfix unsigned", ratio(rate(OURS), rate(UNSIGNED)), 1.2, None, True),
        )
    ]
    return [*end_to_end, *_cost_rules(), *_accept_rules(), *_latency_rules(), *_memory_rules()]


def _cost_rules() -> list[Rule]:
    large = ratio(delivered_large(OURS), delivered_large(SIGNED))
    return [
        Rule("CPU per message, API → sink", cpu(OURS, "http"), 1.3, 1.0, False, "ms"),
        Rule("CPU per message, 1 domain", cpu(OURS, "http-one-domain"), 1.3, 1.0, False, "ms"),
        Rule(
            "API → sink ÷ RSA-2048 rate of all cores",
            ratio(delivered(OURS), lambda this: this.limits.rsa_all_per_s),
            0.20,
            0.35,
            True,
        ),
        Rule("50 KB message, API → sink ÷ Postfix + OpenDKIM", large, 2.0, 3.0, True),
    ]


def _accept_rules() -> list[Rule]:
    """Against the peer's best accept rate of the round, over all its numbers of connections."""

    def against(ours: str) -> Value:
        return ratio(accepts(OURS, ours), accepts(UNSIGNED, *SMTP))

    return [
        Rule("accepts, SMTP 10 connections ÷ Postfix unsigned", against("smtp-10"), 2.5, 4.0, True),
        Rule("accepts, SMTP 50 connections ÷ Postfix unsigned", against("smtp-50"), 2.5, 4.0, True),
        Rule("accepts, HTTP single ÷ Postfix unsigned", against("http"), 2.0, 3.0, True),
        Rule(
            "accepts, HTTP batch of 500 ÷ Postfix unsigned", against("http-batch"), 8.0, 15.0, True
        ),
    ]


def _latency_rules() -> list[Rule]:
    p50, p99 = (ratio(latency(OURS, f), latency(SIGNED, f)) for f in ("p50_ms", "p99_ms"))
    return [
        Rule("latency p50 at 10/s ÷ Postfix + OpenDKIM", p50, 0.6, None, False),
        Rule("latency p50 at 10/s", latency(OURS, "p50_ms"), None, 5.0, False, "ms"),
        Rule("latency p99 at 10/s ÷ Postfix + OpenDKIM", p99, 1.0, 0.7, False),
    ]


def _memory_rules() -> list[Rule]:
    idle = server(OURS, lambda m: m.memory_idle.pss_mb)
    load = server(OURS, lambda m: m.memory_load.pss_mb)
    return [
        Rule("memory idle, all processes (PSS)", idle, 120.0, 80.0, False, "MB", scales=False),
        Rule("memory under load (PSS)", load, 300.0, None, False, "MB", scales=False),
    ]


RULES = _rules()


def judge(rounds: Sequence[Round], *, postgres: bool) -> list[Bar]:
    """Every bar against these rounds. On PostgreSQL bars that scale are eased by its factor."""
    return [_judged(rule, middle(rounds, rule.value), postgres=postgres) for rule in RULES]


def _judged(rule: Rule, value: float | None, *, postgres: bool) -> Bar:
    bar, aim = (_eased(rule, limit, postgres=postgres) for limit in (rule.bar, rule.aim))
    verdict = ""
    if value is not None and bar is not None:
        verdict = "PASS" if _meets(value, bar, at_least=rule.at_least) else "MISS"
    met = value is not None and aim is not None and _meets(value, aim, at_least=rule.at_least)
    return Bar(rule.name, value, bar, aim, rule.at_least, rule.unit, verdict, met)


def _eased(rule: Rule, limit: float | None, *, postgres: bool) -> float | None:
    if limit is None or not postgres or not rule.scales:
        return limit
    return limit * POSTGRES_FACTOR if rule.at_least else limit / POSTGRES_FACTOR


def _meets(value: float, limit: float, *, at_least: bool) -> bool:
    return value >= limit if at_least else value <= limit
