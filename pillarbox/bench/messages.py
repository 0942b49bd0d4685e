"""The messages of the benchmark: text and HTML of about 3 KB or 50 KB, each with an id of its own.

The bodies are fixed, only ids and recipients differ, so that preparing a message costs next to nothing
in the load process. Both texts hold a few characters outside ASCII: the server has to encode them.
"""

import binascii
from functools import cache

import msgspec

from pillarbox.bench.model import RECIPIENT_ZONE, SENDER_DOMAIN, Size

ID_HEADER = "X-Bench-Id"
SENDER = f"shop@{SENDER_DOMAIN}"
SUBJECT = "Your order is on its way"

_LINE = (
    "Thank you for your order. We packed it this morning and handed it to the carrier; "
    "the parcel should reach you within two working days."
)
_TEXT_LINES = {Size.SMALL: 5, Size.LARGE: 96}
_HTML_LINES = {Size.SMALL: 8, Size.LARGE: 178}
_BOUNDARY = "=_bench_9f2c41d07be3"


def bench_id(run: str, number: int) -> str:
    """The id a message carries in its X-Bench-Id header."""
    return f"{run}-{number}"


def recipient(number: int, domains: int) -> str:
    """The recipient of a message; neighbours go to different domains."""
    return f"user{number}@d{number % domains}.{RECIPIENT_ZONE}"


@cache
def text_body(size: Size) -> str:
    """The plain text, with one price in euros."""
    lines = [f"{i + 1}. {_LINE}" for i in range(_TEXT_LINES[size])]
    return "\n\n".join(["Hello Zoë,", *lines, "Total: 42,50 €", "The Garden Club"]) + "\n"


@cache
def html_body(size: Size) -> str:
    """The same as HTML, with a link."""
    rows = "\n".join(
        f'<tr><td style="padding:4px 8px">{i + 1}</td><td>{_LINE}</td></tr>'
        for i in range(_HTML_LINES[size])
    )
    return (
        "<!DOCTYPE html>\n<html><head><title>Your order</title></head><body>\n<p>Hello Zoë,</p>\n"
        f"<table>\n{rows}\n</table>\n<p>Total: 42,50 €</p>\n"
        '<p><a href="https://shop.example/orders/1187?from=mail">Follow your parcel</a></p>\n'
        "</body></html>\n"
    )


def _part(subtype: str, text: str) -> bytes:
    """One body part in quoted-printable, CRLF line ends."""
    encoded = binascii.b2a_qp(text.encode(), istext=True).replace(b"\n", b"\r\n")
    return (
        f"--{_BOUNDARY}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode() + encoded


@cache
def mime_tail(size: Size) -> bytes:
    """Everything after the headers that differ: static headers, both parts, the end of DATA."""
    head = (
        f"From: The Garden Club <{SENDER}>\r\nSubject: {SUBJECT}\r\n"
        "Date: Wed, 11 Feb 2026 09:41:07 +0000\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n\r\n'
    ).encode()
    parts = _part("plain", text_body(size)) + _part("html", html_body(size))
    return head + parts + f"--{_BOUNDARY}--\r\n.\r\n".encode()


def mime_head(run: str, number: int, domains: int) -> bytes:
    """The headers that differ from message to message."""
    name = bench_id(run, number)
    return (
        f"Message-ID: <{name}@{SENDER_DOMAIN}>\r\nTo: {recipient(number, domains)}\r\n"
        f"{ID_HEADER}: {name}\r\n"
    ).encode()


@cache
def _json_tail(size: Size) -> bytes:
    fixed = {
        "From": f"The Garden Club <{SENDER}>",
        "Subject": SUBJECT,
        "TextBody": text_body(size),
        "HtmlBody": html_body(size),
    }
    return b"," + msgspec.json.encode(fixed)[1:]


def json_message(run: str, number: int, domains: int, size: Size) -> bytes:
    """One body for POST /email, or one item for POST /email/batch."""
    head = (
        f'{{"To":"{recipient(number, domains)}",'
        f'"Headers":[{{"Name":"{ID_HEADER}","Value":"{bench_id(run, number)}"}}]'
    )
    return head.encode() + _json_tail(size)
