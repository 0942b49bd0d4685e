"""Addresses under a MAC: what was made is read, nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.tracking.model import ClickLocation
from pillarbox.tracking.token import OPEN, UNSUBSCRIBE, Copy, Link, Tokens

TOKENS = Tokens(b"s" * 32)
OTHERS = Tokens(b"t" * 32)
copies = st.builds(Copy, st.integers(0, 2**63 - 1), st.integers(0, 63))
urls = st.from_regex(r"https?://[a-z.]{1,20}(/[!-~]{0,40})?", fullmatch=True)
links = st.builds(Link, copies, urls, st.sampled_from(ClickLocation))


@given(copies)
def test_a_pixel_names_its_copy(copy: Copy) -> None:
    path = TOKENS.pixel(copy)
    assert TOKENS.read_pixel(path) == copy
    assert OTHERS.read_pixel(path) is None
    assert len(path) == len(OPEN) + 28


@given(links, st.integers(1, 2000))
def test_a_link_leads_where_it_pointed(link: Link, number: int) -> None:
    path = TOKENS.link(link, number)
    assert TOKENS.read_link(path.encode()) == link
    assert OTHERS.read_link(path.encode()) is None
    assert path.replace("%", "").replace("/", "").isascii()


@given(links, st.data())
def test_a_link_that_was_changed_anywhere_leads_nowhere(link: Link, data: st.DataObject) -> None:
    path = TOKENS.link(link, 1)
    at = data.draw(st.integers(1, len(path) - 1))
    other = data.draw(st.sampled_from("abcXYZ019-_%/.~:"))
    changed = path[:at] + other + path[at + 1 :]
    read = TOKENS.read_link(changed.encode())
    assert read is None or read == link  # another spelling of the same characters


@given(st.binary(max_size=300))
def test_no_garbage_is_a_link_or_breaks_anything(garbage: bytes) -> None:
    assert TOKENS.read_link(b"/3s/" + garbage) is None
    assert TOKENS.read_pixel(OPEN + garbage.decode("latin-1")) is None
    assert TOKENS.read_unsubscribe(garbage.decode("latin-1")) is None


def test_a_link_may_not_change_its_scheme_body_or_recipient() -> None:
    link = Link(Copy(5, 1), "https://e.example/", ClickLocation.HTML)
    path = TOKENS.link(link, 1)
    other = TOKENS.link(Link(Copy(5, 2), link.url, ClickLocation.HTML), 1)
    for changed in (
        path.replace("/3s/", "/3/"),
        path.replace("/3s/", "/3x/"),
        path.replace("/h1/", "/t1/"),
        path.replace("/h1/", "/h2/"),
        "/".join([*path.split("/")[:-3], other.split("/")[-3], *path.split("/")[-2:]]),
        path + "=",
        path + "/",
    ):
        assert TOKENS.read_link(changed.encode()) is None


def test_a_proxy_may_undo_the_encoding_of_slashes() -> None:
    link = Link(Copy(5, 1), "http://e.example/a/b?c=d", ClickLocation.TEXT)
    assert TOKENS.read_link(TOKENS.link(link, 3).replace("%2F", "/").encode()) == link


@given(copies, st.integers(0, 2**31), st.emails())
def test_an_unsubscribe_link_names_copy_and_subscriber(copy: Copy, stream: int, who: str) -> None:
    path = TOKENS.unsubscribe(copy, stream, who)
    token = path.removeprefix(UNSUBSCRIBE)
    assert len(token) == 32
    read = TOKENS.read_unsubscribe(token)
    assert read is not None
    assert (read.copy, read.subscriber) == (copy, TOKENS.subscriber(stream, who))
    assert OTHERS.read_unsubscribe(token) is None


@pytest.mark.parametrize("index", range(32))
def test_an_unsubscribe_link_that_was_changed_is_none(index: int) -> None:
    token = TOKENS.unsubscribe(Copy(9, 3), 1, "a@b.example").removeprefix(UNSUBSCRIBE)
    other = "A" if token[index] != "A" else "B"
    assert TOKENS.read_unsubscribe(token[:index] + other + token[index + 1 :]) is None
