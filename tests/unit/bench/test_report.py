import json

from pillarbox.bench import report
from pillarbox.bench.bars import judge
from pillarbox.bench.model import Round
from tests.unit.bench.a_round import a_flood, a_round, measured


def a_report(rounds: list[Round], *, failure: str = "") -> report.Report:
    judged = judge(rounds, postgres=False)
    return report.Report({"machine": "two cores"}, ["tuning: none"], rounds, judged, failure)


def rounds() -> list[Round]:
    return [
        a_round(
            ours=measured(http=a_flood(accepts=3000.0, delivered=1500.0, cpu=0.9)),
            signed=measured(smtp_10=a_flood(accepts=400.0, delivered=300.0, cpu=3.0)),
            unsigned=measured(smtp_10=a_flood(accepts=1000.0, delivered=600.0, cpu=1.5)),
        )
    ]


def row(text: str, start: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.strip().startswith(start))
    return line.strip().removeprefix(start).split()


def test_each_row_shows_the_three_servers_and_both_ratios():
    text = report.as_text(a_report(rounds()))
    assert row(text, "end to end/s, many domains") == ["1,500", "300", "600", "5", "2.5"]
    assert row(text, "CPU ms/message (peers: SMTP 10)") == ["0.9", "3", "1.5", "0.3", "0.6"]


def test_figures_stand_beside_the_limits_of_the_round():
    text = report.as_text(a_report(rounds()))
    assert row(text, "pillarbox, end to end, many domains") == ["0.15", "0.375", "0.03"]


def test_each_bar_has_its_figure_its_limits_and_its_verdict():
    text = report.as_text(a_report(rounds()))
    shown = row(text, "API → sink, 50 domains ÷ Postfix + OpenDKIM")
    assert shown == ["5", "×", "≥", "3", "×", "≥", "5", "×", "PASS", "aim", "met"]
    assert row(text, "API → sink ÷ RSA-2048 rate of all cores")[-1] == "MISS"


def test_what_was_not_measured_is_left_out_of_the_table_and_named_in_the_bars():
    text = report.as_text(a_report([a_round(ours=measured(http=a_flood()))]))
    assert "50 KB messages" not in text
    assert row(text, "50 KB message, API → sink ÷ Postfix + OpenDKIM")[-2:] == ["not", "measured"]


def test_a_failure_is_told_even_without_a_single_round():
    text = report.as_text(a_report([], failure="pillarbox: duplicates 1 instead of 0"))
    assert text.splitlines()[-1] == "FAILED: pillarbox: duplicates 1 instead of 0"


def test_json_holds_every_round_and_every_bar():
    found = json.loads(report.as_json(a_report(rounds() * 2)))
    floods = [one["servers"]["postfix"]["floods"]["smtp-10"] for one in found["rounds"]]
    assert [flood["accepts_per_s"] for flood in floods] == [1000.0, 1000.0]
    assert found["bars"][0]["verdict"] == "PASS"
    assert found["failure"] == ""
