"""Reading lists of addresses, writing CSV, and the words for rules."""

from datetime import UTC, datetime

import pytest

from pillarbox.bounces.model import TYPES
from pillarbox.suppressions.model import Origin, Reason, Suppression
from pillarbox.web.quality import addresses
from pillarbox.web.quality.bounces import tone
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
