"""What is typed into the search box, taken apart."""

from datetime import UTC, datetime, timedelta

import pytest

from pillarbox.outbound.store.activity import Filter, Mark
from pillarbox.web.messages import search
from pillarbox.web.messages.search import parse

NOW = datetime(2026, 3, 4, 14, 15, 2, tzinfo=UTC)
TODAY = NOW.replace(hour=0, minute=0, second=0)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("", Filter()),
        ("  your   order ", Filter(text="your order")),
        ('"your order"', Filter(text="your order")),
        ("from:a@b.example", Filter(senders=("a@b.example",))),
        ("FROM:a from:b", Filter(senders=("a", "b"))),
        ('tag:"late order" hello', Filter(tags=("late order",), text="hello")),
        ('hello tag:"late order', Filter(tags=("late order",), text="hello")),
        (
            "to:ann subject:x stream:broadcast",
            Filter(to=("ann",), subjects=("x",), streams=("broadcast",)),
        ),
        ("status:Bounced is:opened", Filter(statuses=(Mark.BOUNCED,), marks=(Mark.OPENED,))),
        ("metadata.order-id:47:11", Filter(metadata=(("order-id", "47:11"),))),
        ('metadata.a:"x y"', Filter(metadata=(("a", "x y"),))),
        ("after:2026-03-01", Filter(since=datetime(2026, 3, 1, tzinfo=UTC))),
        ("after:2026-03-01T10:30", Filter(since=datetime(2026, 3, 1, 10, 30, tzinfo=UTC))),
        ("after:2026-03-01T10:30+02:00", Filter(since=datetime(2026, 3, 1, 8, 30, tzinfo=UTC))),
        ("after:7d", Filter(since=NOW - timedelta(days=7))),
        ("after:30M", Filter(since=NOW - timedelta(minutes=30))),
        ("after:7d after:2d", Filter(since=NOW - timedelta(days=2))),
        ("before:today before:yesterday", Filter(until=TODAY - timedelta(days=1))),
        ("Re: hello", Filter(text="Re: hello")),
        ("see https://shop.example/x 10:30", Filter(text="see https://shop.example/x 10:30")),
        ("a\0b ::", Filter(text="ab ::")),
        ('a"b c"d', Filter(text="a b c d")),
    ],
)
def test_what_is_understood(typed, wanted):
    found = parse(typed, NOW)
    assert found.wanted == wanted
    assert found.hints == ()


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("size:3", "There is no filter “size:”. It was looked for as text."),
        ("form:ann", "There is no filter “form:”. Did you mean “from:”?"),
        ("metdata:x", "There is no filter “metdata:”. Write metadata.name:value."),
        ("metadata.:x", "Write the name of the metadata field: metadata.order:4711."),
        ("from: ann", "Write what to look for right after “from:”, without a space."),
        (
            "status:gone",
            "“status:” takes one of queued, deferred, delivered, bounced, suppressed or dropped.",
        ),
        (
            "is:red",
            (
                "“is:” takes one of opened, clicked, sandboxed, queued, deferred, delivered, bounced, "
                "suppressed or dropped."
            ),
        ),
        (
            "after:soon",
            "“after:” takes a day such as 2026-03-04, or how long ago, such as 7d or 12h.",
        ),
        (
            "before:2026-13-01",
            "“before:” takes a day such as 2026-03-04, or how long ago, such as 7d or 12h.",
        ),
    ],
)
def test_what_is_not_understood_is_told_and_harms_nothing(typed, hint):
    found = parse(f"{typed} tag:a", NOW)
    assert found.hints == (hint,)
    assert found.wanted.tags == ("a",)
    assert [term.name for term in found.terms] == ["tag"]


def test_an_unknown_operator_is_looked_for_as_text():
    assert parse("size:3 big", NOW).wanted.text == "size:3 big"


def test_each_filter_can_be_taken_away():
    found = parse('tag:"late order"  hello is:opened again', NOW)
    assert [(term.name, term.value, term.without) for term in found.terms] == [
        ("tag", "late order", "hello is:opened again"),
        ("is", "opened", 'tag:"late order" hello again'),
    ]


def test_a_filter_as_it_is_typed():
    assert search.term("tag", "welcome") == "tag:welcome"
    for value in ("late order", "<b>x</b>", "a:b"):
        assert parse(search.term("tag", value), NOW).wanted == Filter(tags=(value,))


def test_the_help_shows_what_works():
    for example, _ in search.HELP:
        found = parse(example, NOW)
        assert (found.hints, found.wanted.text, len(found.terms)) == ((), "", 1)


def test_too_much_is_cut_off_and_strange_times_do_no_harm():
    assert len(parse("x" * 1000, NOW).raw) == search.LONGEST
    for time in ("9999w", "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "99999d"):
        parse(f"after:{time} before:{time}", NOW)
