from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail import trace
from pillarbox.mail.parse import parse

AT = datetime(2026, 10, 6, 19, 2, 11, 123456, tzinfo=UTC)


def received(**changes: Any) -> bytes:
    values: dict[str, Any] = {
        "from_helo": "mail.corp.example",
        "from_ip": "198.51.100.9",
        "by": "mx.pillarbox.example",
        "protocol": "ESMTPS",
        "message_id": "0b1c6e52",
        "at": AT,
    }
    return trace.received(**(values | changes))


def unfolded(raw):
    return raw.replace(b"\r\n ", b" ")


def test_a_received_line_names_both_ends_protocol_id_and_time():
    assert unfolded(received()) == (
        b"Received: from mail.corp.example ([198.51.100.9]) by mx.pillarbox.example"
        b" with ESMTPS id 0b1c6e52; Tue, 06 Oct 2026 19:02:11 +0000\r\n"
    )
    assert all(len(line) <= 78 for line in received().split(b"\r\n"))


def test_an_ipv6_client_is_an_ipv6_literal():
    assert b"([IPv6:2001:db8::9])" in unfolded(received(from_ip="2001:db8::9"))


def test_what_a_client_calls_itself_cannot_forge_a_header():
    raw = received(from_helo="x\r\nX-Evil: (1) é\0")
    assert unfolded(raw).startswith(
        b"Received: from x??X-Evil:??1?????? ([".replace(b"??????", b"????")
    )
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")
    assert b"from unknown (" in unfolded(received(from_helo=""))
    assert b"from [192.0.2.7] (" in unfolded(received(from_helo="[192.0.2.7]"))


@given(
    st.datetimes(min_value=datetime(1000, 1, 1)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_a_date_is_that_of_rfc_5322(at, minutes):
    aware = at.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert trace.date(aware) == format_datetime(aware.replace(microsecond=0))


def test_a_date_without_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        trace.date(AT.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("raw", "top"),
    [
        (b"From: a@b.example\r\n\r\nx", b""),
        (b"From a@b.example Tue\r\nSubject: x\r\n\r\nx", b"X-Mailbox-Line: "),
        (b"\t\r\nSubject: x\r\n\r\nx", b"\r\n"),
        (b" x", b"\r\n"),
        (b"", b""),
    ],
)
def test_fields_on_top_change_nothing_below(raw, top):
    assert trace.on_top(b"A: b\r\n", raw) == b"A: b\r\n" + top + raw
    own, *theirs = parse(trace.on_top(b"A: b\r\n", raw)).headers
    assert (own.name, own.value) == ("A", "b")
    assert [one.name for one in theirs if one.name != "X-Mailbox-Line"] == [
        one.name for one in parse(raw).headers
    ]
