"""Copies of their own: which links are rewritten, what stays, and where the pixel and unsubscribe links stand."""

import re
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from pillarbox.mail.build import Content, build
from pillarbox.mail.parse import parse
from pillarbox.servers.model import TrackLinks
from pillarbox.tracking.model import ClickLocation
from pillarbox.tracking.personal import MOST_LINKS, Personalizer, Wishes, tracked_urls
from pillarbox.tracking.token import Copy, Link, Tokens

SECRET = b"s" * 32
BASE = "https://track.example"
PUBLIC = "https://mail.example:8443"
UNSUBSCRIBE = f"{PUBLIC}/u/abc"
COPY = Copy(1234567890123, 7)
PATH = r"/3[sx]?/[\w%.~-]+/[\w-]{12}/[ht]\d+/[\w-]{16}"
HEAD = [b"From: a@sender.example\r\n", b"Subject: x\r\n"]


def message(html: str | None = None, text: str | None = None) -> bytes:
    return build(Content(headers=list(HEAD), text=text, html=html, seed="seed"))


def copied(raw: bytes, **wishes: Any) -> bytes:
    return Personalizer(SECRET, PUBLIC).copy(raw, COPY, Wishes(BASE, **wishes))


def links_in(text: str) -> list[Link]:
    found = re.findall(rf"{BASE}({PATH})", text)
    read = [Tokens(SECRET).read_link(path.encode()) for path in found]
    assert None not in read
    return [link for link in read if link is not None]


def html_links(html: str) -> tuple[list[str], str]:
    """The targets of the links that are tracked in an HTML body, and the body."""
    parsed = parse(copied(message(html=html), html_links=True))
    assert parsed.html is not None
    return [link.url for link in links_in(parsed.html)], parsed.html


TRACKED = {
    '<a href="https://e.example/?a=1&amp;b=2">x</a>': "https://e.example/?a=1&b=2",
    "<A HREF='http://e.example'>x</A>": "http://e.example",
    "<a class=b href=https://e.example/a>x</a>": "https://e.example/a",
    '<a\n href = "https://e.example/a#part"\n>x</a>': "https://e.example/a#part",
    '<a href=" https://e.example/a ">x</a>': "https://e.example/a",
    '<a href="https://e.example/?x=1&copy=2">x</a>': "https://e.example/?x=1&copy=2",
    '<a href="&#104;ttps://e.example/">x</a>': "https://e.example/",
    '<a href="https://xn--bcher-kva.example/%C3%BC">x</a>': "https://xn--bcher-kva.example/%C3%BC",
    '<a href="https://e.example:8443/">x</a>': "https://e.example:8443/",
    '<a href="https://[2001:db8::1]/">x</a>': "https://[2001:db8::1]/",
    '<a href="HTTPS://E.example/">x</a>': "HTTPS://E.example/",
    '<a href="https://e.example/?utm_source=a&utm_medium=b">': (
        "https://e.example/?utm_source=a&utm_medium=b"
    ),
    '<!--[if !mso]><!--><a href="https://e.example/">x</a><!--<![endif]-->': "https://e.example/",
    "<p title=it's><a href='https://e.example/'>x</a>": "https://e.example/",
    '<a href="https://e.example/1" href="https://e.example/2">x</a>': "https://e.example/1",
    "<br/><a/href='https://e.example/'>x</a>": "https://e.example/",
}
UNTRACKED = [
    '<area href="https://e.example/">',
    '<link href="https://e.example/a.css">',
    '<img src="https://e.example/a.png">',
    '<form action="https://e.example/">',
    '<p style="background:url(https://e.example/a)">',
    '<a href="mailto:a@b.example">x</a>',
    '<a href="tel:+491">x</a>',
    '<a href="sms:+491">x</a>',
    '<a href="ftp://e.example/">x</a>',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="app://e.example/">x</a>',
    '<a href="#part">x</a>',
    '<a href="/path">x</a>',
    '<a href="//e.example/">x</a>',
    '<a href="cid:a">x</a>',
    '<a href="https://e.example/a b">x</a>',
    '<a href="https://e.example/ü">x</a>',
    '<a href="https://bücher.example/">x</a>',
    '<a href="https://e.example/%zz">x</a>',
    '<a href="https://e.example/{id}">x</a>',
    '<a href="https:e.example">x</a>',
    '<a href="https://">x</a>',
    f'<a href="{BASE}/x">x</a>',
    f'<a href="{PUBLIC}/x">x</a>',
    f'<a href="https://e.example/{"a" * 2048}">x</a>',
    '<!-- <a href="https://e.example/">x</a> -->',
    '<!--[if mso]><a href="https://e.example/">x</a><![endif]-->',
    '<script>"<a href=\'https://e.example/\'>"</script>',
    '<textarea><a href="https://e.example/"></textarea>',
    '<img alt="<a href=\'https://e.example/\'>">',
    '<abbr href="https://e.example/">x</abbr>',
    '<a name="https://e.example/">x</a>',
    '<a data-href="https://e.example/">x</a>',
    '<a href>x</a>',
    '<a href="https://e.example/"',
    '<a href="https://e.example/',
]  # fmt: skip


@pytest.mark.parametrize("html", TRACKED)
def test_links_of_the_html_are_tracked(html: str) -> None:
    found, made = html_links(html)
    assert found == [TRACKED[html]]
    assert made.count(BASE) == 1


@pytest.mark.parametrize("html", UNTRACKED)
def test_other_things_of_the_html_keep_their_bytes(html: str) -> None:
    raw = message(html=html)
    assert copied(raw, html_links=True, text_links=True) == raw


@pytest.mark.parametrize(
    ("text", "url", "rest"),
    [
        ("New: https://e.example/new?a=1&b=2.", "https://e.example/new?a=1&b=2", "New: @."),
        ("(see https://e.example/A_(b))", "https://e.example/A_(b)", "(see @)"),
        ("<https://e.example/>", "https://e.example/", "<@>"),
        ("[https://e.example/]", "https://e.example/", "[@]"),
        ('"https://e.example/?q"!?', "https://e.example/?q", '"@"!?'),
        ("https://e.example/a, b", "https://e.example/a", "@, b"),
        ("http://e.example", "http://e.example", "@"),
        ("Grüße: https://e.example/ü", None, None),
        ("https://bücher.example/", None, None),
        ("www.e.example and e.example", None, None),
        ("ftp://e.example mailto:a@b.example", None, None),
        ("xhttps://e.example/", None, None),
        ("https://e.example/{id}", None, None),
        ("https://e.example/%zz", None, None),
        (f"{BASE}/x {PUBLIC}/y", None, None),
    ],
)
def test_urls_of_the_text(text: str, url: str | None, rest: str | None) -> None:
    raw = message(text=text)
    made = copied(raw, text_links=True, html_links=True, opens=True)
    if url is None:
        assert made == raw
        return
    shown = parse(made).text or ""
    (link,) = links_in(shown + " ")
    assert link == Link(COPY, url, ClickLocation.TEXT)
    assert re.sub(BASE + PATH, "@", shown).strip() == rest


def test_a_link_opted_out_in_the_html_is_left_alone_in_the_text_too() -> None:
    raw = message(
        html='<a data-pm-no-track href="https://e.example/x">a</a>'
        '<a href="https://e.example/y" data-pm-no-track="true">b</a>',
        text="https://e.example/x https://e.example/y",
    )
    parsed = parse(copied(raw, html_links=True, text_links=True))
    assert parsed.html == ('<a href="https://e.example/x">a</a><a href="https://e.example/y">b</a>')
    assert (parsed.text or "").strip() == "https://e.example/x https://e.example/y"
    assert parse(copied(raw, text_links=True)).text == parsed.text


@pytest.mark.parametrize(
    ("wishes", "in_html", "in_text"),
    [
        ({"html_links": True, "text_links": True}, 1, 1),
        ({"html_links": True}, 1, 0),
        ({"text_links": True}, 0, 1),
        ({"opens": True}, 0, 0),
    ],
)
def test_the_matrix_of_bodies(wishes: dict[str, bool], in_html: int, in_text: int) -> None:
    raw = message(html='<a href="https://e.example/">x</a>', text="https://e.example/")
    parsed = parse(copied(raw, **wishes))
    assert len(links_in(parsed.html or "")) == in_html
    assert len(links_in(f"{parsed.text} ")) == in_text


@pytest.mark.parametrize(
    ("html", "before", "after"),
    [
        ("<p>x</p>", "<p>x</p>", ""),
        ("<body>x</body></html>", "<body>x", "</body></html>"),
        ("a</BODY>b</body >c", "a</BODY>b", "</body >c"),
    ],
)
def test_the_pixel_stands_at_the_end_of_the_body(html: str, before: str, after: str) -> None:
    made = parse(copied(message(html=html, text="t"), opens=True))
    found = re.fullmatch(
        rf'{re.escape(before)}<img src="{BASE}(/open/[\w-]+)" width="1" height="1" alt="" '
        rf'border="0" style="[^"]+">{re.escape(after)}',
        (made.html or "").rstrip("\r\n"),
    )
    assert found
    assert "display:none" not in found[0]
    assert Tokens(SECRET).read_pixel(found[1]) == COPY


def test_text_alone_gets_no_pixel() -> None:
    raw = message(text="x")
    assert copied(raw, opens=True) == raw


def test_copies_differ_only_in_their_tokens() -> None:
    raw = message(html='<a href="https://e.example/">x</a>', text="t")
    maker = Personalizer(SECRET, PUBLIC)
    wishes = Wishes(BASE, opens=True, html_links=True)
    one, other = (maker.copy(raw, Copy(5, position), wishes) for position in (0, 1))
    assert one != other
    assert len(one) == len(other)


def test_no_more_links_than_the_limit_are_tracked() -> None:
    html = "".join(f'<a href="https://e.example/{n}">x</a>' for n in range(MOST_LINKS + 5))
    found, made = html_links(html)
    assert len(found) == MOST_LINKS
    assert f'"https://e.example/{MOST_LINKS + 4}"' in made


MIXED = (
    b"From: a@sender.example\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b1\r\n\r\npreamble\r\n--b1\r\n"
    b"Content-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"<p>Gr=FC=DFe <a href=3D=\r\n\"https://e.example/\">x</a></p>\r\n--b1\r\n"
    b"Content-Type: text/html; name=a.html\r\nContent-Disposition: attachment\r\n\r\n"
    b'<a href="https://e.example/">x</a>\r\n--b1\r\n'
    b'Content-Type: multipart/signed; boundary=b2; protocol="application/pgp-signature"\r\n\r\n--b2\r\n'
    b'Content-Type: text/html\r\n\r\n<a href="https://e.example/">x</a>\r\n--b2\r\n'
    b"Content-Type: application/pgp-signature\r\n\r\nsigned\r\n--b2--\r\n--b1\r\n"
    b'Content-Type: message/rfc822\r\n\r\nSubject: x\r\nContent-Type: text/html\r\n\r\n'
    b'<a href="https://e.example/">x</a>\r\n--b1--\r\nepilogue\r\n'
)  # fmt: skip


def test_of_a_strange_structure_only_the_html_body_changes() -> None:
    made = copied(MIXED, html_links=True, opens=True)
    start = MIXED.index(b"Content-Type: text/html; charset")
    end = MIXED.index(b"\r\n--b1\r\nContent-Type: text/html; name")
    assert made.startswith(MIXED[:start])
    assert made.endswith(MIXED[end:])
    parsed = parse(made)
    assert "Grüße" in (parsed.html or "")
    assert [link.url for link in links_in(parsed.html or "")] == ["https://e.example/"]
    assert made.isascii()


def test_texts_in_utf_16_are_left_alone() -> None:
    html = '<a href="https://e.example/">x</a>'.encode("utf-16-le").decode("latin-1")
    raw = build(Content(headers=[], html="x")).replace(b"charset=utf-8", b"charset=utf-16le")
    raw = raw.replace(b"x\r\n", html.encode("latin-1"))
    assert copied(raw, html_links=True, opens=True) == raw


class _Shown(HTMLParser):
    """What the standard library's parser sees, apart from the targets of links and the pixel."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[object] = []
        self.feed(html)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img" and dict(attrs).get("width") == "1":
            return
        kept = [
            (name, None if tag == "a" and name == "href" else value)
            for name, value in attrs
            if name != "data-pm-no-track"
        ]
        self.seen.append((tag, kept))

    @override
    def handle_endtag(self, tag: str) -> None:
        self.seen.append(tag)

    @override
    def handle_data(self, data: str) -> None:
        if self.seen and isinstance(self.seen[-1], list):
            self.seen[-1].append(data)
        else:
            self.seen.append([data])

    def text(self) -> list[object]:
        found = ["".join(one) if isinstance(one, list) else one for one in self.seen]
        last = found[-1:]
        return found[:-1] + [one.rstrip() for one in last if isinstance(one, str)]


pieces = st.sampled_from(
    [
        '<a href="https://e.example/?a=1&amp;b=2">',
        "<a data-pm-no-track href='https://e.example/'>",
        "<a href=https://e.example>",
        "</a>",
        "<p class='x'>",
        "</p>",
        "Grüße &amp; more",
        "<br/>",
        "<!-- c -->",
        "<!DOCTYPE html>",
        "<body>",
        "\n",
        "{{{ pm:else }}}",
        "https://e.example/",
        "<td style=\"font:'x'\">",
    ]
)


@given(st.lists(pieces, max_size=20))
def test_rewritten_html_reads_as_before(parts: list[str]) -> None:
    html = "".join(parts)
    raw = message(html=html)
    parsed = parse(copied(raw, html_links=True, opens=True))
    assert _Shown(parsed.html or "").text() == _Shown(parse(raw).html or "").text()


@given(st.text(alphabet="<>a/ \"'=-!hreft:.&;x\n", max_size=300), st.text(max_size=100))
def test_garbage_never_breaks_a_message(html: str, text: str) -> None:
    raw = message(html=html, text=text)
    made = copied(raw, html_links=True, text_links=True, opens=True, unsubscribe=UNSUBSCRIBE)
    seen = message_from_bytes(made, policy=policy.default)
    assert seen["Subject"] == "x"
    assert [part.get_content_type() for part in seen.walk()] == [
        part.get_content_type() for part in message_from_bytes(raw, policy=policy.default).walk()
    ]
    assert made.isascii()


@pytest.mark.parametrize(
    "bad",
    [
        "<a ",
        "<!--",
        '<a href="',
        "<script>",
        "<a x='\"",
        "<a href=&",
        "<!---",
        '="',
        "<a\n",
        "</",
        "<p x='<'>",
    ],
)
def test_hostile_html_takes_no_longer_than_its_size(bad: str) -> None:
    body = bad * (1_000_000 // len(bad))
    assert tracked_urls(body, None, TrackLinks.HTML_ONLY, frozenset()) == set()


@pytest.mark.parametrize(
    "bad", ["https://", "https://a@", "https://x/(", "https://x/)", "https://x.", "https://x/:"]
)
def test_hostile_text_takes_no_longer_than_its_size(bad: str) -> None:
    body = bad * (1_000_000 // len(bad))
    assert len(tracked_urls(None, body, TrackLinks.TEXT_ONLY, frozenset())) <= 1


def test_tracked_urls_are_those_that_will_be_rewritten() -> None:
    html = '<a href="https://e.example/1">a</a><a href="https://e.example/1">a</a>'
    html += '<a data-pm-no-track href="https://e.example/2">b</a>'
    text = "https://e.example/1 https://e.example/2 https://e.example/3"
    for tracked, urls in {
        TrackLinks.NONE: "",
        TrackLinks.HTML_AND_TEXT: "13",
        TrackLinks.HTML_ONLY: "1",
        TrackLinks.TEXT_ONLY: "13",
    }.items():
        found = tracked_urls(html, text, tracked, frozenset())
        assert found == {f"https://e.example/{number}" for number in urls}


def test_entities_of_the_visible_text_stay() -> None:
    _, made = html_links('<a href="https://e.example/">https://e.example/ &amp;</a>')
    assert ">https://e.example/ &amp;</a>" in made
