import pytest

from pillarbox.bench.bars import OURS, SIGNED, Bar, delivered, judge, middle, ratio
from pillarbox.bench.model import Round
from tests.unit.bench.a_round import a_flood, a_round, measured


def bar(rounds: list[Round], name: str, *, postgres: bool = False) -> Bar:
    return next(found for found in judge(rounds, postgres=postgres) if found.name == name)


END_TO_END = "API → sink, 50 domains ÷ Postfix + OpenDKIM"


def end_to_end(ours: float, theirs: float) -> Round:
    return a_round(
        ours=measured(http=a_flood(delivered=ours)),
        signed=measured(smtp_10=a_flood(delivered=theirs)),
    )


def test_a_ratio_is_taken_inside_each_round_and_the_median_of_these_counts():
    rounds = [end_to_end(1000, 100), end_to_end(900, 300), end_to_end(800, 200)]
    assert middle(rounds, ratio(delivered(OURS), delivered(SIGNED))) == 4.0


@pytest.mark.parametrize(
    ("ours", "verdict", "aim_met"),
    [(299.0, "MISS", False), (300.0, "PASS", False), (500.0, "PASS", True)],
)
def test_a_bar_that_must_be_reached_passes_from_its_limit_on(
    ours: float, verdict: str, aim_met: bool
):
    found = bar([end_to_end(ours, 100.0)], END_TO_END)
    assert (found.verdict, found.aim_met) == (verdict, aim_met)


@pytest.mark.parametrize(
    ("cpu", "verdict", "aim_met"),
    [(1.31, "MISS", False), (1.3, "PASS", False), (1.0, "PASS", True)],
)
def test_a_bar_that_must_not_be_exceeded_passes_up_to_its_limit(
    cpu: float, verdict: str, aim_met: bool
):
    found = bar([a_round(ours=measured(http=a_flood(cpu=cpu)))], "CPU per message, API → sink")
    assert (found.verdict, found.aim_met) == (verdict, aim_met)


def test_the_peer_is_judged_by_its_best_number_of_connections():
    this = a_round(
        ours=measured(smtp_10=a_flood(accepts=1000.0), http=a_flood(accepts=1200.0)),
        unsigned=measured(
            smtp_1=a_flood(accepts=500.0),
            smtp_10=a_flood(accepts=100.0),
            smtp_50=a_flood(accepts=200.0),
        ),
    )
    assert bar([this], "accepts, SMTP 10 connections ÷ Postfix unsigned").value == 2.0
    assert bar([this], "accepts, HTTP single ÷ Postfix unsigned").value == 2.4


def test_nearness_to_the_limit_divides_by_the_rate_of_all_cores():
    found = bar([end_to_end(2500.0, 100.0)], "API → sink ÷ RSA-2048 rate of all cores")
    assert (found.value, found.verdict) == (0.25, "PASS")


def test_without_the_peer_its_bars_have_neither_value_nor_verdict():
    found = bar([a_round(ours=measured(http=a_flood()))], END_TO_END)
    assert (found.value, found.verdict, found.aim_met) == (None, "", False)


def test_without_any_round_nothing_is_judged():
    assert {found.verdict for found in judge([], postgres=False)} == {""}


def test_postgres_eases_rates_and_costs_but_not_memory():
    rounds = [end_to_end(1000.0, 100.0)]
    assert bar(rounds, END_TO_END, postgres=True).bar == pytest.approx(1.8)
    cost = bar(rounds, "CPU per message, API → sink", postgres=True)
    assert cost.bar == pytest.approx(1.3 / 0.6)
    assert bar(rounds, "memory idle, all processes (PSS)", postgres=True).bar == 120.0


def test_latency_and_memory_are_judged_against_the_signing_peer_and_their_own_bars():
    rounds = [a_round(ours=measured(p50=3.0, pss=110.0), signed=measured(p50=10.0))]
    assert bar(rounds, "latency p50 at 10/s ÷ Postfix + OpenDKIM").value == pytest.approx(0.3)
    assert bar(rounds, "latency p50 at 10/s").aim_met
    assert bar(rounds, "memory idle, all processes (PSS)").verdict == "PASS"
    assert bar(rounds, "memory under load (PSS)").verdict == "MISS"
