"""The new part of a reply. Source: spec inbound 3.5."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail.reply_text import stripped_reply

ATTRIBUTION = "On Mon, Oct 5, 2026 at 9:12 AM Ola <ola@shop.example> wrote:"
HEADERS = "From: Ola <ola@shop.example>\nSent: Monday\nTo: Amy\nSubject: Ship"

VECTORS = {
    "an attribution": (f"Sounds good.\n\n{ATTRIBUTION}\n> Shall we ship?", "Sounds good."),
    "a split attribution": (
        "Yes\n\nOn Mon, Oct 5, 2026 at 9:12 AM Ola Nordmann <ola.nordmann@shop.example>\nwrote:\n\n> Shall we?",
        "Yes",
    ),
    "an attribution on three lines": (
        "Yes\n\nOn Mon, Oct 5, 2026 at 9:12 AM\nOla Nordmann <ola@shop.example>\nwrote:\n> ?",
        "Yes",
    ),
    "original message": (
        "Thanks!\n\n-----Original Message-----\nFrom: Ola\nSent: Monday",
        "Thanks!",
    ),
    "forwarded message": ("See:\n---- forwarded message ----\nSubject: x", "See:"),
    "an appointment": ("No.\n-----Original Appointment-----\nFrom: Ola", "No."),
    "a line of Outlook": (f"Fine by me\n{'_' * 32}\n{HEADERS}", "Fine by me"),
    "a header block": (f"Fine\n{HEADERS}", "Fine"),
    "a header block in bold": ("Fine\n*From:* Ola\n*Date:* Monday\n*To:* Amy", "Fine"),
    "a quoted header block": ("Fine\n> From: Ola\n> Date: Monday\n> To: Amy", "Fine"),
    "dashes before a header block": (f"Fine\n{'-' * 20}\n{HEADERS}", "Fine"),
    "dashes alone are no cut": (f"a\n{'-' * 20}\nb", f"a\n{'-' * 20}\nb"),
    "a line that only begins like a header": (
        "From: my side\nall is well",
        "From: my side\nall is well",
    ),
    "reply above": ("Ok\n--- Reply above this line ---\nold", "Ok"),
    "type your reply": ("Ok\n##- Please type your reply above this line -##\nold", "Ok"),
    "quoted to the end": ("Ok\n\n> old\n> older", "Ok"),
    "below the quote": ("> Shall we ship?\n\nYes please.", "Yes please."),
    "below an attribution": (f"{ATTRIBUTION}\n> Shall we?\n\nYes, below.", "Yes, below."),
    "between the quotes": ("Hi\n\n> one\n\ninline\n\n> two", "Hi\n\n> one\n\ninline"),
    "a signature": ("Ok, done.\n-- \nAmy\nCorp", "Ok, done."),
    "a signature above the quote": (f"Ok.\n-- \nAmy\n\n{ATTRIBUTION}\n> ?", "Ok."),
    "a phone": ("Ok.\n\nSent from my iPhone", "Ok."),
    "another phone": ("Ok.\n\nGet Outlook for iOS", "Ok."),
    "nothing quoted": ("\n\nJust this.\n\nAnd this.\n\n", "Just this.\n\nAnd this."),
    "CRLF": (f"Yes\r\n\r\n{ATTRIBUTION}\r\n> ?\r\n", "Yes"),
    "nothing": ("", ""),
    "only quotes": ("> a\n> b", ""),
}


@pytest.mark.parametrize(("text", "expected"), VECTORS.values(), ids=VECTORS)
def test_the_new_part(text, expected):
    assert stripped_reply(text) == expected


@given(st.text(alphabet="On wrote:>-_#Fr\n \t", max_size=300))
def test_any_text_has_one(text):
    found = stripped_reply(text)
    assert len(found) <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "On " * 200_000,
        "On x\n" * 100_000,
        "-" * 500_000,
        ">\n" * 200_000,
        ("##" + "type" * 240 + "\n") * 200,
        "From:\n" * 40_000,
        ("- " * 499 + "\n") * 200,
        " " * 500_000,
    ],
)
def test_hostile_text_takes_no_time(text):
    begun = time.process_time()
    stripped_reply(text)
    assert time.process_time() - begun < 8
