"""How far a request is, and what a message takes from where."""

from datetime import UTC, datetime

import pytest

from pillarbox.bulk.model import (
    Content,
    Entry,
    Header,
    Request,
    Status,
    draft_of,
    merge_headers,
    merge_metadata,
    source_of,
)
from pillarbox.ids import ServerId
from pillarbox.templates.fill import Filling


def a_request(*, total: int, released: int, failed: int) -> Request:
    return Request(
        key=1,
        id="",
        server_id=ServerId(1001),
        submitted_at=datetime(2026, 1, 1, tzinfo=UTC),
        subject=None,
        total=total,
        released=released,
        failed=failed,
    )


@pytest.mark.parametrize(
    ("total", "released", "failed", "status", "percentage"),
    [
        (3, 0, 0, Status.ACCEPTED, 0),
        (3, 1, 0, Status.PROCESSING, 33.33),
        (3, 1, 1, Status.PROCESSING, 66.67),
        (3, 0, 3, Status.COMPLETED, 100),
        (3, 2, 1, Status.COMPLETED, 100),
        (4, 2, 0, Status.PROCESSING, 50),
        (1_000_000, 999_999, 0, Status.PROCESSING, 99.99),
        (1_000_000, 1, 0, Status.PROCESSING, 0),
    ],
)
def test_how_far_a_request_is(total, released, failed, status, percentage):
    request = a_request(total=total, released=released, failed=failed)
    assert (request.status, request.percentage) == (status, percentage)


def test_metadata_of_the_message_wins_in_any_case():
    assert merge_metadata({"Color": "red", "year": "1"}, {"color": "blue"}) == {
        "year": "1",
        "color": "blue",
    }
    assert merge_metadata({"a": "1"}, {}) == {"a": "1"}


def test_a_header_of_the_message_takes_the_place_of_all_of_its_name():
    shared: list[Header] = [("X-A", "1"), ("x-a", "2"), ("X-B", "3")]
    assert merge_headers(shared, [("X-a", "4"), ("X-A", "5")]) == [
        ("X-B", "3"),
        ("X-a", "4"),
        ("X-A", "5"),
    ]
    assert merge_headers(shared, []) == shared


def test_a_draft_takes_the_recipients_from_the_entry_and_the_rest_from_the_content():
    content = Content(sender="a@b.example", subject="s", text="t", tag="x", stream="news")
    entry = Entry(to="c@d.example", cc="e@f.example", model={"a": 1})
    source = source_of(content)
    draft = draft_of(content, source, entry)
    assert (draft.sender, draft.to, draft.cc, draft.bcc) == (
        "a@b.example",
        "c@d.example",
        "e@f.example",
        None,
    )
    assert (draft.tag, draft.stream) == ("x", "news")
    assert (draft.subject, draft.html, draft.text) == (None, None, None)
    assert draft.template == Filling(source=source, model={"a": 1}, inlines_css=True)
