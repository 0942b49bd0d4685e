"""Unsubscribe links in the bodies and the header of a copy, by the table of the specification."""

import pytest

from pillarbox.mail.build import Content, build
from pillarbox.mail.parse import parse
from pillarbox.tracking.personal import Personalizer, Wishes
from pillarbox.tracking.token import Copy
from pillarbox.tracking.unsubscribe import has_placeholder

URL = "https://mail.example/u/abc"
MAKER = Personalizer(b"s" * 32, "https://mail.example")
LINK = f'<a href="{URL}">Unsubscribe</a>'


def copied(html: str | None, text: str | None = None, **wishes: bool) -> bytes:
    headers = [b"From: a@b.example\r\n", b"List-Unsubscribe: <mailto:own@b.example>\r\n"]
    raw = build(Content(headers=headers, html=html, text=text, seed="s"))
    return MAKER.copy(raw, Copy(1, 0), Wishes("https://track.example", unsubscribe=URL, **wishes))


@pytest.mark.parametrize(
    ("html", "filled"),
    [
        ('<a href="{{{ pm:unsubscribe }}}">Stop</a>', f'<a href="{URL}">Stop</a>'),
        ("<a href='{{{pm:unsubscribe}}}'>Stop</a>", f"<a href='{URL}'>Stop</a>"),
        ("<a href={{{pm:unsubscribe}}}>Stop</a>", f"<a href={URL}>Stop</a>"),
        ("<p>{{{ pm:unsubscribe }}}</p>", f"<p>{LINK}</p>"),
        ("<p>{{ PM:Unsubscribe }}</p>", f"<p>{LINK}</p>"),
        (
            '<p>{{{ pm:unsubscribe label="Stop these mails" }}}</p>',
            f'<p><a href="{URL}">Stop these mails</a></p>',
        ),
        ("<p>{{{ pm:unsubscribe_url }}}</p>", f"<p>{URL}</p>"),
        ("<p>{{{ pm:unsubscriber }}}</p>", "<p>{{{ pm:unsubscriber }}}</p>"),
    ],
)
def test_placeholders_of_the_html(html: str, filled: str) -> None:
    assert (parse(copied(html)).html or "").strip() == filled
    assert has_placeholder(html) == (html != filled)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Stop: {{{ pm:unsubscribe }}}.", f"Stop: {URL}."),
        ("{{{pm:unsubscribe_url}}}", URL),
        ('{{{ pm:unsubscribe label="Stop" }}}', f"Stop: {URL}"),
    ],
)
def test_placeholders_of_the_text(text: str, filled: str) -> None:
    assert (parse(copied(None, text)).text or "").strip() == filled


def test_a_managed_message_gets_footers_where_there_is_no_placeholder() -> None:
    made = parse(copied("<body><p>x</p></body>", "{{{ pm:unsubscribe }}}", is_managed=True))
    html = (made.html or "").strip()
    assert html.startswith("<body><p>x</p><p ")
    assert html.endswith(">Unsubscribe</a></p></body>")
    assert html.count(URL) == 1
    assert (made.text or "").strip() == URL
    made = parse(copied('<a href="{{{ pm:unsubscribe }}}">x</a>', "Hi", is_managed=True))
    assert (made.html or "").strip() == f'<a href="{URL}">x</a>'
    assert made.text == f"Hi\r\n\r\nUnsubscribe: {URL}\r\n"


def test_a_managed_message_gets_the_header_fields_of_one_click() -> None:
    made = parse(copied("<p>x</p>", is_managed=True))
    assert [h.value for h in made.headers_named("List-Unsubscribe")] == [f"<{URL}>"]
    assert made.header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"


def test_a_placeholder_alone_leaves_the_header_and_other_bodies() -> None:
    made = parse(copied("<p>x</p>", "{{{ pm:unsubscribe }}}"))
    assert made.header("List-Unsubscribe") == "<mailto:own@b.example>"
    assert made.header("List-Unsubscribe-Post") is None
    assert (made.html or "").strip() == "<p>x</p>"


def test_unsubscribe_links_are_not_tracked() -> None:
    html = '<a href="{{{ pm:unsubscribe }}}">x</a>'
    raw = copied(html, "Hi", is_managed=True, html_links=True, text_links=True)
    assert b"track.example" not in raw


@pytest.mark.parametrize("bad", ["{{{ pm:unsubscribe ", "{{{", '{{{pm:unsubscribe label="', "{ "])
def test_hostile_placeholders_take_no_longer_than_their_size(bad: str) -> None:
    assert not has_placeholder(bad * (500_000 // len(bad)))
