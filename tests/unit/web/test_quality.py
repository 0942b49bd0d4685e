"""Reading lists of addresses, writing CSV, the words for rules, and the figures with what is behind them."""

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pillarbox.bounces.model import TYPES
from pillarbox.stats.model import ALL, UNIQUE, Kind, Sent
from pillarbox.suppressions.model import Origin, Reason, Suppression
from pillarbox.web.quality import addresses, figures
from pillarbox.web.quality.bounces import tone
from pillarbox.web.quality.drill import Behind
from pillarbox.web.quality.reasons import reason_of_type, why


def keys(text: str) -> list[str | None]:
    return [line.key for line in addresses.read(text)]


def a_suppression(address: str) -> Suppression:
    return Suppression(
        stream_key=1,
        address=address,
        reason=Reason.MANUAL,
        origin=Origin.CUSTOMER,
        created_at=datetime(2026, 3, 4, 14, 15, 2, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("\n \r\n", []),
        ("Ann@One.example", ["ann@one.example"]),
        ("ann@one.example\r\n\r\n bob@one.example ", ["ann@one.example", "bob@one.example"]),
        ("\ufeffEmailAddress,Origin\nann@one.example,Customer", ["ann@one.example"]),
        ("Name;E-Mail\nAnn;ann@one.example\nBob", ["ann@one.example", None]),
        ('"ann@one.example","Ann ""A"" Smith"', ["ann@one.example"]),
        ("no address\nann@one.example", [None, "ann@one.example"]),
        ("'=1+1@one.example", ["=1+1@one.example"]),
        ("'ann@one.example", ["'ann@one.example"]),
    ],
)
def test_lines_and_csv_are_read(text, found) -> None:
    assert keys(text) == found


def test_a_line_keeps_its_number_and_what_stood_there() -> None:
    [bad] = addresses.read("email\n\nnobody")
    assert (bad.number, bad.text, bad.key) == (3, "nobody", None)


@pytest.mark.parametrize(
    "address", ["ann@one.example", "=cmd|'/c'!a0@one.example", "+1@one.example"]
)
def test_what_is_exported_can_be_imported_and_is_no_formula(address) -> None:
    text = addresses.csv_title() + "".join(addresses.csv_lines([a_suppression(address)]))
    assert keys(text) == [address]
    assert text.splitlines()[1][0] not in "=+-@"
    assert text.splitlines()[1].endswith(",ManualSuppression,Customer,2026-03-04T09:15:02-05:00")


def test_every_type_has_a_colour() -> None:
    assert {tone(kind) for kind in TYPES} == {"bad", "mute", "warn"}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("enhanced:5.1.1", "The enhanced status code 5.1.1 of the answer."),
        ("basic:550@rcpt", "The reply code 550 to RCPT of the answer."),
        (
            "text:nouser-1~4",
            "The words of the answer (nouser-1). A temporary answer cannot be a hard bounce",
        ),
        ("none", "No rule knew the answer."),
        ("arf", "A feedback report of the receiver."),
        ("new:thing", "The rule thing."),
        ("", ""),
        ("something", ""),
    ],
)
def test_rules_are_told_in_words(rule, said) -> None:
    assert reason_of_type(rule).startswith(said)


def test_every_cause_of_a_suppression_has_words() -> None:
    for reason in Reason:
        for origin in Origin:
            held = Suppression(
                stream_key=1,
                address="a@b.example",
                reason=reason,
                origin=origin,
                created_at=datetime(2026, 3, 4, tzinfo=UTC),
            )
            assert why(held)


def behind(**changes) -> Behind:
    values: dict[str, Any] = {"server_id": 7, "first": date(2026, 3, 7), "last": date(2026, 3, 8)}
    return Behind(**values | changes)


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_messages_are_found_by_the_instants_of_eastern_days() -> None:
    """The clocks go forward on 8 March 2026."""
    wanted = query(behind(tag="late order", stream="outbound").messages("is:opened"))
    assert wanted["server"] == "7"
    assert wanted["q"] == (
        'is:opened tag:"late order" stream:outbound '
        "after:2026-03-07T00:00-05:00 before:2026-03-09T00:00-04:00"
    )


def test_bounces_and_unsubscribes_are_found_by_their_filters() -> None:
    assert query(behind(tag="a&b").bounces("HardBounce")) == {
        "type": "HardBounce",
        "tag": "a&b",
        "fromdate": "2026-03-07",
        "todate": "2026-03-08",
    }
    assert query(behind().unsubscribes("news"))["origin"] == "Recipient"


def test_every_day_of_the_period_has_its_numbers() -> None:
    counts = {
        Kind.BOUNCES: {20260308: {"HardBounce": 2, "SpamComplaint": 1, "AutoResponder": 5}},
        Kind.OPENS: {20260308: {ALL: 4, UNIQUE: 3}},
        Kind.CLICKS: {},
    }
    quiet, busy = figures.days(behind(), {20260308: Sent(sent=9)}, counts)
    assert [number.value for number in quiet.numbers] == [0] * 7
    assert [number.value for number in busy.numbers] == [9, 2, 1, 4, 3, 0, 0]
    assert query(busy.numbers[2].url)["fromdate"] == "2026-03-08"


def test_shares_have_the_largest_first_and_the_rest_as_one() -> None:
    counts: dict[Kind, dict[str, int]] = {kind: {} for kind in Kind}
    counts[Kind.EMAIL_CLIENTS] = {f"client {number:02}": number for number in range(20)}
    counts[Kind.BOUNCES] = {"SpamComplaint": 3, "HardBounce": 1, "SoftBounce": 0}
    bounces, _, clients, *_ = figures.breakdowns(behind(), counts)
    assert [part.name for part in bounces.parts] == ["Hard bounce"]
    assert [part.number.value for part in clients.parts[:2]] == [19, 18]
    assert (clients.parts[-1].name, clients.whole) == ("Other", sum(range(20)))
