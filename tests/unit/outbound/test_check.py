"""The checks of a draft: every rule of spec sending 2.1 to 2.9 that needs no database."""

import base64

import pytest

from pillarbox.errors import Problem, Refused
from pillarbox.outbound.check import check
from pillarbox.outbound.model import Attachment
from pillarbox.servers.model import TrackLinks
from tests.factories import a_draft


def refusal(**changes) -> tuple[Problem, dict[str, str]]:
    with pytest.raises(Refused) as caught:
        check(a_draft(**changes))
    return caught.value.problem, caught.value.details


def a_file(**changes) -> Attachment:
    values = {"name": "map.pdf", "content": "JVBERg==", "content_type": "application/pdf"}
    return Attachment(**values | changes)


@pytest.mark.parametrize("value", [None, "", "  "])
def test_from_is_required(value) -> None:
    assert refusal(sender=value)[0] is Problem.FROM_MISSING


@pytest.mark.parametrize("value", ["webmaster@localhost", "nobody", "a@b@c.example", "<>"])
def test_from_must_be_an_address(value) -> None:
    assert refusal(sender=value) == (Problem.FROM_INVALID, {"value": value})


def test_from_is_limited_in_utf16_units() -> None:
    assert refusal(sender=f"{'😀' * 121} <a@b.example>")[0] is Problem.FIELD_TOO_LONG
    check(a_draft(sender=f"{'x' * 200} <a@b.example>"))


@pytest.mark.parametrize(
    ("value", "problem", "address", "part"),
    [
        ("johne.xample.com", Problem.ADDRESS_WITHOUT_AT, "johne.xample.com", None),
        ("user@+", Problem.ADDRESS_BAD_DOMAIN, "user@+", "+"),
        ("a@yahoo.com.", Problem.ADDRESS_BAD_DOMAIN, "a@yahoo.com.", "yahoo.com."),
        ("invalid@localhost", Problem.ADDRESS_INVALID, "invalid@localhost", None),
        ("@postmarkapp.com", Problem.ADDRESS_INVALID, "@postmarkapp.com", None),
        (
            '"Jimmy <a@example.com>"',
            Problem.ADDRESS_BAD_DOMAIN,
            "Jimmy <a@example.com>",
            "example.com>",
        ),
        ("Jane <no-at>", Problem.ADDRESS_INVALID, "Jane <no-at>", None),
    ],
)
@pytest.mark.parametrize(
    ("field", "name"), [("to", "To"), ("cc", "Cc"), ("bcc", "Bcc"), ("reply_to", "Reply-To")]
)
def test_a_bad_address_is_named_with_its_field(field, name, value, problem, address, part) -> None:
    found, details = refusal(**{field: f"ann@one.example, {value}"})
    assert (found, details["field"], details["address"]) == (problem, name, address)
    assert part is None or details["part"] == part


def test_somebody_must_get_it() -> None:
    assert refusal(to=None)[0] is Problem.NO_RECIPIENTS
    assert check(a_draft(to=None, bcc="a@b.example")).recipients.bcc[0].email == "a@b.example"


def test_fifty_recipients_over_all_fields_repetitions_counted() -> None:
    many = ",".join(["a@b.example"] * 25)
    check(a_draft(to=many, cc=many))
    assert refusal(to=many, cc=many, bcc="c@d.example")[0] is Problem.TOO_MANY_RECIPIENTS


def test_one_body_is_needed_and_an_attachment_is_none() -> None:
    assert refusal(text="", html=None, attachments=[a_file()])[0] is Problem.NO_BODY


def test_a_body_may_have_five_megabytes_of_utf8() -> None:
    check(a_draft(html="é" * (5 * 1024 * 1024 // 2)))
    assert refusal(html="é" * (5 * 1024 * 1024 // 2 + 1)) == (
        Problem.BODY_FIELD_TOO_LONG,
        {"field": "HtmlBody"},
    )


def test_subject_and_tag_have_limits_and_one_line() -> None:
    assert check(a_draft(subject="a\r\nb", tag="x\ny")).subject == "a b"
    assert check(a_draft(subject=None)).subject == ""
    assert refusal(subject="x" * 2001)[1]["field"] == "Subject"
    assert refusal(tag="x" * 1001)[1]["field"] == "Tag"


@pytest.mark.parametrize("value", ["none", "None", "NONE"])
def test_track_links_is_read_in_any_case(value) -> None:
    assert check(a_draft(track_links=value)).track_links is TrackLinks.NONE
    assert refusal(track_links="maybe")[0] is Problem.BAD_TRACK_LINKS
    assert check(a_draft(track_links="")).track_links is None


@pytest.mark.parametrize(
    "name", ["Date", "reply-to", "From", "BCC", "content-type", "DKIM-Signature"]
)
def test_headers_with_a_field_of_their_own_are_refused_by_the_name_as_given(name) -> None:
    assert refusal(headers=[(name, "x")]) == (Problem.HEADER_NOT_ALLOWED, {"name": name})


@pytest.mark.parametrize("name", [None, "", "a b", "a:b", "ä", "a\r\nBcc"])
def test_a_header_needs_a_name_that_is_one(name) -> None:
    assert refusal(headers=[(name, "x")])[0] is Problem.BAD_HEADER


def test_line_breaks_leave_header_values() -> None:
    assert check(a_draft(headers=[("X-A", "b\r\nBcc: c@d.example")])).headers == [
        ("X-A", "bBcc: c@d.example")
    ]


@pytest.mark.parametrize(
    "metadata",
    [
        {f"k{n}": "v" for n in range(11)},
        {"k" * 21: "v"},
        {"k": "v" * 81},
        {"": "v"},
        {"k": "1", "K": "2"},
    ],
)
def test_metadata_has_limits(metadata) -> None:
    assert refusal(metadata=metadata)[0] is Problem.BAD_METADATA


def test_metadata_at_its_limits_is_fine() -> None:
    check(a_draft(metadata={f"{n}".ljust(20, "k"): "v" * 80 for n in range(10)}))


@pytest.mark.parametrize("name", ["run.EXE", "a.pdf.vbs", "x.msp"])
def test_dangerous_attachments_are_refused_by_their_last_extension(name) -> None:
    assert refusal(attachments=[a_file(name=name)])[0] is Problem.ATTACHMENT_TYPE_FORBIDDEN


def test_exe_alone_is_a_name_not_an_extension() -> None:
    check(a_draft(attachments=[a_file(name="exe"), a_file(name="exe.txt")]))


def test_attachments_are_measured_in_base64() -> None:
    check(a_draft(attachments=[a_file(content="QUFB" * (10_485_760 // 4))]))
    too_big = [a_file(content="QUFB" * (10_485_760 // 4 + 1))]
    assert refusal(attachments=too_big)[0] is Problem.ATTACHMENTS_TOO_BIG


@pytest.mark.parametrize("content", ["JVBERg", "@@@@", "JVBER===", None])
def test_attachment_content_must_be_base64(content) -> None:
    assert refusal(attachments=[a_file(content=content)]) == (
        Problem.BAD_ATTACHMENT,
        {"name": "map.pdf"},
    )


def test_wrapped_base64_is_accepted() -> None:
    data = bytes(range(256))
    wrapped = base64.encodebytes(data).decode().replace("\n", "\r\n ")
    assert check(a_draft(attachments=[a_file(content=wrapped)])).files[0].content == data


def test_an_attachment_needs_a_name() -> None:
    assert refusal(attachments=[a_file(name="")])[0] is Problem.BAD_ATTACHMENT


@pytest.mark.parametrize("given", ["cid:logo1", "<logo1>", "<cid:logo1>", "logo1"])
def test_content_ids_are_read_in_every_form(given) -> None:
    assert check(a_draft(attachments=[a_file(content_id=given)])).files[0].content_id == "logo1"


def test_the_first_failure_wins_in_the_order_of_the_specification() -> None:
    wrong: dict[str, object] = {
        "sender": "x",
        "to": "y",
        "text": None,
        "subject": "s" * 3000,
        "headers": [("Date", "")],
        "attachments": [a_file(name="a.exe")],
    }
    seen = []
    steps: list[tuple[str, object]] = [
        ("sender", "a@b.example"),
        ("to", "a@b.example"),
        ("text", "x"),
        ("subject", "s"),
        ("headers", []),
        ("attachments", []),
    ]
    for field, good in steps:
        seen.append(refusal(**wrong)[0])
        wrong[field] = good
    assert seen == [
        Problem.FROM_INVALID,
        Problem.ADDRESS_WITHOUT_AT,
        Problem.NO_BODY,
        Problem.FIELD_TOO_LONG,
        Problem.HEADER_NOT_ALLOWED,
        Problem.ATTACHMENT_TYPE_FORBIDDEN,
    ]
    check(a_draft(**wrong))
