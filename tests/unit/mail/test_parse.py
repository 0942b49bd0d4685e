import base64
import email
import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail.parse import parse, split_head

FOLDED = b"Subject: one\r\n two\r\nX-A:\r\n\tb\r\nTo: a@b.com\r\n\r\nbody\r\n"


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def multipart(subtype: str, *parts: str, boundary: str = "b", head: str = "") -> str:
    """A multipart entity as text with LF line ends."""
    body = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return (
        f'{head}Content-Type: multipart/{subtype}; boundary="{boundary}"\n\n{body}--{boundary}--\n'
    )


def leaf(content_type: str, body: str, **fields: str) -> str:
    extra = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in fields.items())
    return f"Content-Type: {content_type}\n{extra}\n{body}"


def within(seconds: float, raw: bytes):
    started = time.process_time()
    found = parse(raw)
    assert time.process_time() - started < seconds
    return found


# Headers


def test_headers_come_in_order_unfolded_and_decoded_on_demand():
    found = parse(
        b"Received: one\r\nreceived: two\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
        b" \taus K\xc3\xb6ln  \r\nX-Latin: K\xf6ln\r\n\r\n"
    )
    assert [header.name for header in found.headers] == [
        "Received",
        "received",
        "Subject",
        "X-Latin",
    ]
    assert found.header("SUBJECT") == "Grüße \taus Köln"
    assert found.headers[2].value == "=?utf-8?q?Gr=C3=BC=C3=9Fe?= \taus Köln"
    assert [header.value for header in found.headers_named("Received")] == ["one", "two"]
    assert found.header("X-Latin") == "Köln"
    assert found.header("X-None") is None
    assert found.defects == []


def test_a_header_value_holds_no_line_break_or_nul():
    found = parse(b"X: a\rb\0c =?utf-8?q?=0D=0Ad?=\r\n\r\n")
    assert found.header("X") == "a b c   d"
    assert found.headers[0].value == "a b c =?utf-8?q?=0D=0Ad?="


def test_a_blank_before_the_colon_is_tolerated():
    assert parse(b"Subject : x\r\n\r\n").header("Subject") == "x"


def test_a_line_that_is_no_header_begins_the_body():
    found = parse(b"Subject: x\r\nHello: there\r\nthis is text\r\n\r\nmore")
    assert [header.name for header in found.headers] == ["Subject", "Hello"]
    assert found.text == "this is text\r\n\r\nmore"
    assert found.defects == ["no blank line after the header"]


def test_an_mbox_line_is_skipped():
    found = parse(b"From ann@b.com Tue Oct  6\nSubject: x\n\nbody")
    assert (found.header("Subject"), found.text) == ("x", "body")
    assert found.defects == ["mbox line before the header"]


def test_no_message_at_all_is_an_empty_text():
    found = parse(b"")
    assert (found.headers, found.text, found.html, found.attachments) == ([], "", None, [])


def test_a_message_with_lf_line_ends_is_read_too():
    found = parse(multipart("mixed", leaf("text/plain", "a\nb"), leaf("text/html", "c")).encode())
    assert (found.text, found.html) == ("a\nb", "c")


# Bodies


def test_both_bodies_of_an_alternative_are_found():
    raw = crlf(multipart("alternative", leaf("text/plain", "a\n"), leaf("text/html", "<p>")))
    found = parse(raw)
    assert (found.text, found.html, found.attachments) == ("a\r\n", "<p>", [])


def test_the_last_of_equal_alternatives_wins_and_others_are_attachments():
    found = parse(
        crlf(
            multipart(
                "alternative",
                leaf("text/plain", "simple"),
                leaf("text/plain", "better"),
                leaf("text/html", "html"),
                leaf("text/calendar; method=REQUEST", "BEGIN:VCALENDAR"),
            )
        )
    )
    assert (found.text, found.html) == ("better", "html")
    assert [(one.name, one.content_type, one.content) for one in found.attachments] == [
        ("attachment-1.txt", "text/plain", b"simple"),
        ("attachment-2.ics", "text/calendar; method=REQUEST", b"BEGIN:VCALENDAR"),
    ]


def test_texts_of_a_mixed_are_put_together_and_the_first_html_counts():
    found = parse(
        crlf(
            multipart(
                "mixed",
                leaf("text/plain", "one"),
                leaf("text/html", "<p>1"),
                leaf("text/plain", "two\n"),
                leaf("text/plain", ""),
                leaf("text/plain", "three"),
                leaf("text/html", "<p>2"),
            )
        )
    )
    assert found.text == "one\ntwo\r\nthree"
    assert found.html == "<p>1"
    assert [one.name for one in found.attachments] == ["attachment-1.html"]


def test_a_text_with_a_file_name_or_attachment_disposition_is_no_body():
    found = parse(
        crlf(
            multipart(
                "mixed",
                leaf("text/plain", "1", Content_Disposition="attachment"),
                leaf("text/plain", "2", Content_Disposition='inline; filename="n.txt"'),
                leaf("text/plain; name=m.txt", "3"),
                leaf("text/html", "4", Content_Disposition="ATTACHMENT"),
                leaf("text/plain", "body", Content_Disposition="inline"),
            )
        )
    )
    assert (found.text, found.html) == ("body", None)
    assert [one.content for one in found.attachments] == [b"1", b"2", b"3", b"4"]
    assert [one.is_inline for one in found.attachments] == [False, True, False, False]


def test_a_footer_after_an_alternative_belongs_to_the_text():
    inner = multipart(
        "alternative", leaf("text/plain", "hi"), leaf("text/html", "<p>hi"), boundary="i"
    )
    found = parse(crlf(multipart("mixed", inner, leaf("text/plain", "-- \nthe list"))))
    assert (found.text, found.html) == ("hi\n-- \r\nthe list", "<p>hi")


@pytest.mark.parametrize(
    ("charset", "content", "expected"),
    [
        ("utf-8", "é".encode(), "é"),
        ("iso-8859-1", b"\xe9", "é"),
        ('"ISO-8859-15"', b"\xa4", "€"),
        ("us-ascii", "é".encode(), "é"),
        ("us-ascii", b"\xe9", "é"),
        ("gb2312", "镕".encode("gb18030"), "镕"),
        ("x-unknown", "é".encode(), "é"),
        ("x-unknown", b"\xe9", "é"),
        ("hex", b"41", "41"),
    ],
)
def test_a_body_is_decoded_whatever_its_charset_says(charset, content, expected):
    assert (
        parse(b"Content-Type: text/plain; charset=%b\r\n\r\n%b" % (charset.encode(), content)).text
        == expected
    )


def test_unknown_charset_and_encoding_are_defects():
    found = parse(
        b"Content-Type: text/plain; charset=klingon\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nx"
    )
    assert found.text == "x"
    assert found.defects == ["unknown charset", "unknown Content-Transfer-Encoding"]


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("base64", b"SGVsbG8=", "Hello"),
        ("BASE64 (comment)", b"SGVsbG8=", "Hello"),
        ("base64", b"SGVs!!\r\n bG8", "Hello"),
        ("base64", b"SGVsbG8=\r\nlist footer", "Hello"),
        ("quoted-printable", b"=48ello=\r\n there=", "Hello there"),
        ("quoted-printable", b"50% =zz", "50% =zz"),
        ("8bit", "é".encode(), "é"),
        ("", b"=48", "=48"),
    ],
)
def test_transfer_encodings_are_undone_leniently(encoding, body, expected):
    raw = b"Content-Transfer-Encoding: %b\r\n\r\n%b" % (encoding.encode(), body)
    assert parse(raw).text == expected


@pytest.mark.parametrize("content_type", ["", "text", "/", "a/b/c", "te xt/plain", '"x"'])
def test_a_bad_content_type_is_plain_text(content_type):
    assert parse(f"Content-Type: {content_type}\r\n\r\nbody".encode()).text == "body"


def test_an_html_message_has_no_text():
    found = parse(b"Content-Type: text/html\r\n\r\n<p>")
    assert (found.text, found.html) == (None, "<p>")


# Attachments


def test_names_are_read_from_every_form():
    fields = [
        'attachment; filename="plain.pdf"',
        "attachment; filename=bare name.pdf",
        "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf",
        "attachment; filename*0*=utf-8''Gr%C3%B6; filename*1=\"sse\"; filename*2*=.pdf",
        'attachment; filename="=?utf-8?B?R3LDtsOfZS5wZGY=?="',
        'attachment; filename="a\\"b.pdf"',
        'attachment; filename="../../etc/passwd"',
        r'attachment; filename="C:\\temp\\x.pdf"',
        'attachment; filename="a\tb.pdf"',
        "attachment",
    ]
    raw = crlf(
        multipart(
            "mixed", *[leaf("application/pdf", "x", Content_Disposition=one) for one in fields]
        )
    )
    assert [one.name for one in parse(raw).attachments] == [
        "plain.pdf",
        "bare name.pdf",
        "Größe.pdf",
        "Grösse.pdf",
        "Größe.pdf",
        'a"b.pdf',
        "passwd",
        "x.pdf",
        "a_b.pdf",
        "attachment-10.pdf",
    ]


def test_a_name_is_made_up_from_the_type():
    raw = crlf(
        multipart(
            "mixed", leaf("image/png", "x"), leaf("a/b", "x"), leaf("message/rfc822", "X: y\n\n")
        )
    )
    assert [one.name for one in parse(raw).attachments] == [
        "attachment-1.png",
        "attachment-2.bin",
        "message.eml",
    ]


def test_inline_parts_have_a_content_id_without_brackets():
    raw = crlf(
        multipart(
            "related",
            leaf("text/html", "<img src=cid:a@b>"),
            leaf("image/png", "x", Content_ID="<a@b>"),
            leaf("image/png", "x", Content_ID="<c>", Content_Disposition="attachment"),
            leaf("image/png", "x"),
        )
    )
    found = parse(raw)
    assert [(one.content_id, one.is_inline) for one in found.attachments] == [
        ("a@b", True),
        ("c", False),
        (None, False),
    ]


def test_the_shown_type_keeps_its_parameters_but_not_the_name():
    raw = crlf(leaf('application/x; name="a.x"; charset=us-ascii; title="a b"', "x"))
    assert parse(raw).attachments[0].content_type == 'application/x; charset=us-ascii; title="a b"'


def test_a_message_in_a_message_is_one_whole_attachment():
    inner = multipart("mixed", leaf("text/plain", "inner"), boundary="i", head="Subject: inner\n")
    raw = crlf(multipart("mixed", leaf("text/plain", "outer"), leaf("message/rfc822", inner)))
    found = parse(raw)
    assert found.text == "outer"
    assert [(one.content_type, one.content) for one in found.attachments] == [
        ("message/rfc822", crlf(inner))
    ]


def test_parts_of_a_digest_are_messages():
    raw = crlf(multipart("digest", "\nSubject: one\n\nfirst", "\nSubject: two\n\nsecond"))
    assert [one.content for one in parse(raw).attachments] == [
        b"Subject: one\r\n\r\nfirst",
        b"Subject: two\r\n\r\nsecond",
    ]


def test_the_parts_of_a_report_stay_apart():
    raw = crlf(
        multipart(
            "report",
            leaf("text/plain", "It bounced."),
            leaf("message/delivery-status", "Reporting-MTA: dns; x\n"),
            leaf("text/rfc822-headers", "Subject: x\n"),
        )
    )
    found = parse(raw)
    assert found.text == "It bounced."
    assert [one.content_type for one in found.attachments] == [
        "message/delivery-status",
        "text/rfc822-headers",
    ]


# Structure


def test_preamble_epilogue_and_blanks_after_boundaries_are_ignored():
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b  \r\n\r\none\r\n"
        b"--b\t\r\n\r\ntwo\r\n--b-- \r\nepilogue\r\n--b\r\n\r\nthree"
    )
    found = parse(raw)
    assert found.text == "one\ntwo"
    assert found.defects == []


def test_a_boundary_that_begins_another_is_told_apart():
    inner = multipart("alternative", leaf("text/plain", "in"), boundary="bb")
    found = parse(crlf(multipart("mixed", inner, leaf("text/plain", "out"), boundary="b")))
    assert found.text == "in\nout"
    assert (
        parse(crlf(multipart("mixed", "\n--bx\nx--b\n --b", boundary="b"))).text
        == "--bx\r\nx--b\r\n --b"
    )


def test_an_outer_boundary_ends_an_inner_multipart_that_was_not_closed():
    inner = 'Content-Type: multipart/mixed; boundary="i"\n\n--i\n\ninner'
    found = parse(crlf(multipart("mixed", inner, leaf("text/plain", "outer"))))
    assert found.text == "inner\nouter"
    assert found.defects == ["multipart not closed"]


def test_empty_parts_are_empty():
    found = parse(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n\r\n--b\r\n\r\n\r\n--b--"
    )
    assert found.text == ""


@pytest.mark.parametrize(
    ("head", "defect"),
    [
        ("multipart/mixed", "multipart without boundary"),
        ('multipart/mixed; boundary=""', "multipart without boundary"),
        (f"multipart/mixed; boundary={'x' * 2000}", "multipart without boundary"),
        ("multipart/mixed; boundary=none", "boundary never found"),
    ],
)
def test_a_multipart_that_cannot_be_split_is_its_own_text(head, defect):
    found = parse(f"Content-Type: {head}\r\n\r\n--b\r\n\r\nx".encode())
    assert found.text == "--b\r\n\r\nx"
    assert found.defects == [defect]


# Attacks: design/quality section 3


def test_cve_2026_26312_mime_bomb_of_ten_thousand_parts():
    raw = crlf(multipart("mixed", *["\nx"] * 10_000))
    found = within(1, raw)
    assert found.defects == ["too many parts"]
    (rest,) = found.attachments
    assert rest.content_type == "application/octet-stream"
    assert rest.content.count(b"--b") == 10_000 - 999
    assert len(found.text) == 999 * 2 - 1


def test_cve_2025_14874_nested_mime_bomb_in_addresses_and_parts():
    raw = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(5000)
    )
    found = within(1, crlf(raw + "\ninnermost"))
    assert "nested too deeply" in found.defects
    assert [one.content_type for one in found.attachments] == [
        "application/octet-stream; boundary=b50"
    ]


def test_nested_bomb_closed_at_every_level():
    text = leaf("text/plain", "innermost")
    for number in range(300):
        text = multipart("mixed", text, leaf("text/plain", "x"), boundary=f"b{number}")
    assert "nested too deeply" in within(1, crlf(text)).defects


def test_nested_bomb_of_messages_in_messages():
    assert len(within(1, b"Content-Type: message/rfc822\r\n\r\n" * 20_000).attachments) == 1


def test_nested_bomb_with_one_boundary_at_all_levels():
    within(1, b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 20_000)


def test_too_many_parts_are_counted_over_all_levels():
    inner = multipart("mixed", *["\nx"] * 600, boundary="i")
    found = within(1, crlf(multipart("mixed", inner, inner, inner)))
    assert found.defects == ["too many parts"]
    assert len(found.attachments) == 2


def test_header_bomb_of_one_line_of_a_megabyte():
    for line in (
        b"x" * 1_000_000,
        b"=?utf-8?q?a?= " * 70_000,
        b'a/b; x="' * 120_000,
        b"; a*0*=%" * 120_000,
    ):
        found = within(1, b"Subject: " + line + b"\r\nContent-Type: " + line + b"\r\n\r\nbody")
        assert len(found.headers) == 2
        found.header("Subject")


def test_header_bomb_of_a_megabyte_without_colon_or_end():
    for line in (
        b"x" * 1_000_000,
        b" " * 1_000_000,
        b"\r\n " * 300_000,
        b":" * 1_000_000,
        b"\r" * 1_000_000,
    ):
        within(1, line)
        within(1, b"X: y\r\n" + line)
        within(1, b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b" + line)


def test_header_bomb_of_a_hundred_thousand_headers():
    found = within(1, b"X: y\r\n" * 100_000 + b"\r\nbody")
    assert len(found.headers) == 1000
    assert found.text == "body"
    assert found.defects == ["too many headers"]
    assert parse(b"X: y\r\n" * 1001).text == ""


def test_header_bomb_in_every_part():
    part = "X: y\n" * 1000 + "\nbody"
    found = within(2, crlf(multipart("mixed", *[part] * 500)))
    assert found.text == "\n".join(["body"] * 500)


def test_quadratic_boundary_searches_take_linear_time():
    for boundary, piece in (
        (b"-", b"-"),
        (b"-" * 900, b"-"),
        (b"b", b"\n--b "),
        (b"b", b"\n--bx"),
        (b"b", b"--b\r"),
    ):
        body = piece * (1_000_000 // len(piece))
        within(1, b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n" + body)


def test_decompression_like_bombs_do_not_grow():
    raw = b"Content-Transfer-Encoding: base64\r\n\r\n" + b"====" * 250_000
    assert within(1, raw).text == ""


# Totality and oracles

fragments = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b" ",
        b"--b",
        b"--b--",
        b"--c",
        b"Content-Type: multipart/mixed; boundary=b",
        b"Content-Type: multipart/alternative; boundary=c",
        b"Content-Type: message/rfc822",
        b"Content-Type: text/html; charset=utf-16",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Disposition: attachment; filename*0*=x''%ff",
        b"Subject: =?utf-7?b?+++?=",
        b"From ",
        b"YQ==",
        b"=\xff\x00",
        b"text",
    ]
)


@given(st.binary() | st.lists(fragments).map(b"".join))
def test_parsing_never_raises_and_text_can_always_be_stored(raw):
    found = parse(raw)
    texts = [found.text or "", found.html or "", *found.defects]
    for one in found.attachments:
        assert one.name
        texts += [one.name, one.content_type, one.content_id or ""]
    for header in found.headers:
        texts += [header.name, header.value, header.decoded]
        assert not set("\r\n\0") & set(header.value + header.decoded)
    "".join(texts).encode()


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0")),
    st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0")),
    st.lists(st.binary(max_size=200), max_size=3),
    st.sampled_from(["base64", "quoted-printable"]),
)
def test_what_the_standard_library_writes_is_read(text, html, attached, encoding):
    message = EmailMessage()
    message["Subject"] = "Grüße"
    message.set_content(text, cte=encoding)
    if html is not None:
        message.add_alternative(html, subtype="html", cte=encoding)
    for number, content in enumerate(attached):
        message.add_attachment(content, maintype="image", subtype="png", filename=f"ö{number}.png")
    raw = message.as_bytes()
    leaves = [part for part in email.message_from_bytes(raw).walk() if not part.is_multipart()]
    payloads = [part.get_payload(decode=True) for part in leaves]
    found = parse(raw)
    assert found.header("Subject") == "Grüße"
    bodies = [found.text] if html is None else [found.text, found.html]
    contents = [one.content for one in found.attachments]
    assert [(body or "").encode() for body in bodies] + contents == payloads
    assert contents == attached
    assert [one.name for one in found.attachments] == [
        f"ö{number}.png" for number in range(len(attached))
    ]


# The head


def test_the_head_is_split_into_complete_fields():
    fields, body = split_head(FOLDED)
    assert fields == [
        ("Subject", b"Subject: one\r\n two\r\n"),
        ("X-A", b"X-A:\r\n\tb\r\n"),
        ("To", b"To: a@b.com\r\n"),
    ]
    assert FOLDED[body:] == b"body\r\n"


def test_fields_blank_line_and_body_are_the_message():
    fields, body = split_head(FOLDED)
    assert b"".join(raw for _, raw in fields) + b"\r\n" + FOLDED[body:] == FOLDED


@pytest.mark.parametrize(
    ("raw", "names", "body"),
    [
        (b"", [], b""),
        (b"\r\nbody", [], b"body"),
        (b"X: y", ["X"], b""),
        (b"X: y\r\n", ["X"], b""),
        (b"X: y\r\nbody\r\n", ["X"], b"body\r\n"),
        (b"X: y\n\nbody", ["X"], b"body"),
        (b" X: y\r\n\r\nbody", [], b" X: y\r\n\r\nbody"),
        (b"X: y\r\n" * 1002 + b"\r\nbody", ["X"] * 1000, b"body"),
    ],
)
def test_where_the_body_begins(raw, names, body):
    fields, offset = split_head(raw)
    assert [name for name, _ in fields] == names
    assert raw[offset:] == body
    found = parse(raw)
    assert ([(header.name, header.raw) for header in found.headers], found.body_at) == (
        fields,
        offset,
    )


def test_base64_of_another_message_is_one_attachment():
    inner = base64.b64encode(b"Subject: x\r\n\r\n").decode()
    raw = crlf(leaf("message/rfc822", inner, Content_Transfer_Encoding="base64"))
    assert parse(raw).attachments[0].content == b"Subject: x\r\n\r\n"
