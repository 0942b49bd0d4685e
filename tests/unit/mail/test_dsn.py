import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail import report_fields
from pillarbox.mail.dsn import Action, RecipientStatus, read
from pillarbox.mail.parse import parse

HEAD = "Content-Type: message/delivery-status\n\n"


def statuses(text: str) -> list[RecipientStatus]:
    found = read(parse((HEAD + text).encode()))
    assert found is not None
    return found


def status(text: str) -> RecipientStatus:
    (found,) = statuses(text)
    return found


def test_all_fields_of_a_recipient():
    assert status(
        "Reporting-MTA: dns; mx.one.example\n\nOriginal-Recipient: rfc822; ann@one.example\n"
        "Final-Recipient: RFC822;<bo@two.example>\nAction: Failed\nStatus: 5.1.1 (no such user)\n"
        "Remote-MTA: dns; mx.two.example\nDiagnostic-Code: SMTP; 550 5.1.1\n\tunknown\n"
    ) == RecipientStatus(
        final_recipient="bo@two.example",
        original_recipient="ann@one.example",
        action=Action.FAILED,
        status="5.1.1",
        comment="no such user",
        diagnostic="smtp;550 5.1.1 unknown",
        remote_mta="mx.two.example",
    )


@pytest.mark.parametrize(
    ("fields", "action"),
    [
        ("Action: failed", Action.FAILED),
        ("action: FAILED (permanently)", Action.FAILED),
        ("Action: delayed", Action.DELAYED),
        ("Action: delivered", Action.DELIVERED),
        ("Action: relayed; somewhere", Action.RELAYED),
        ("Action: expanded", Action.EXPANDED),
        ("Action: exploded\nStatus: 4.0.0", Action.DELAYED),
        ("Status: 5.0.0", Action.FAILED),
        ("Status: 4.0.0", Action.DELAYED),
        ("Status: 2.0.0", Action.DELIVERED),
        ("Status: none", Action.FAILED),
    ],
)
def test_a_missing_or_unknown_action_follows_from_the_class(fields: str, action: Action):
    assert status(f"Final-Recipient: rfc822; a@b.example\n{fields}\n").action is action


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("rfc822; a@b.example", "a@b.example"),
        ("rfc822;<a@b.example>", "a@b.example"),
        ("a@b.example", "a@b.example"),
        ("utf-8; jürgen@müller.example", "jürgen@müller.example"),
        (r"utf-8; j\x{FC}rgen@b.example", "jürgen@b.example"),
        (r"utf-8; a\x{110000}\x{D800}@b.example", "a\ufffd\ufffd@b.example"),
        ("x400; /c=de/s=ann/", "/c=de/s=ann/"),
        ("", ""),
    ],
)
def test_addresses(text: str, address: str):
    assert status(f"Final-Recipient: {text}\nAction: failed\n").final_recipient == address


@pytest.mark.parametrize(
    ("text", "code", "comment"),
    [
        ("5.1.1", "5.1.1", ""),
        (
            "5.1.2 (bad destination system: no such domain)",
            "5.1.2",
            "bad destination system: no such domain",
        ),
        ("5.7.606", "5.7.606", ""),
        ("550", "", "550"),
        ("5.1.1.1", "", "5.1.1.1"),
    ],
)
def test_the_code_of_a_status_and_what_stands_behind_it(text: str, code: str, comment: str):
    found = status(f"Final-Recipient: rfc822; a@b.example\nStatus: {text}\n")
    assert (found.status, found.comment) == (code, comment)


def test_what_names_nobody_and_tells_nothing_is_no_recipient():
    assert statuses("Reporting-MTA: dns; a\n\nX-Other: b\n") == []


def test_at_most_a_hundred_recipients():
    block = "Final-Recipient: rfc822; a@b.example\nAction: failed\n\n"
    assert len(statuses(block * 300)) == report_fields.MOST_BLOCKS


def test_other_mail_is_no_notification():
    assert read(parse(b"Subject: x\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\n")) is None
    assert read(parse(b"")) is None


def test_a_notification_inside_a_returned_message_is_not_this_one():
    inner = "Content-Type: message/rfc822\n\n" + HEAD + "Final-Recipient: rfc822; a@b.example\n"
    assert read(parse(inner.encode())) is None


@given(st.text())
def test_any_text_gives_a_list(text: str):
    assert isinstance(read(parse(HEAD.encode() + text.encode("utf-8", "replace"))), list)
