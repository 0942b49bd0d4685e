import pytest

from pillarbox.bench.model import BenchError
from pillarbox.bench.server import dkim_record, listed

NAME = "20260304141502pm._domainkey.sender.bench.example"
TEXT = "k=rsa; p=MIIB"


@pytest.mark.parametrize(
    "answer",
    [
        {"Name": "sender.bench.example", "DKIMPendingHost": NAME, "DKIMPendingTextValue": TEXT},
        {
            "records": [
                {"type": "CNAME", "name": "pm.x", "value": "y"},
                {"name": NAME, "value": TEXT},
            ]
        },
        [{"type": "TXT", "host": NAME, "text": TEXT, "verified": False, "id": 1}],
    ],
)
def test_the_dkim_record_is_found_in_any_shape(answer: object):
    assert dkim_record(answer) == (NAME, TEXT)


@pytest.mark.parametrize("answer", [{}, {"DKIMPendingHost": NAME}, {"DKIMPendingTextValue": TEXT}])
def test_an_answer_without_a_record_is_an_error(answer: object):
    with pytest.raises(BenchError, match="no DKIM record"):
        dkim_record(answer)


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ([], 0),
        ([{}, {}], 2),
        ({"messages": []}, 0),
        ({"a": [1], "b": [2]}, 2),
        ({"total": 7, "waiting": [1]}, 7),
    ],
)
def test_the_queue_listing_is_counted_in_any_shape(answer: object, count: int):
    assert listed(answer) == count


def test_a_queue_listing_that_is_none_is_an_error():
    with pytest.raises(BenchError, match="neither an array nor an object"):
        listed("empty")
