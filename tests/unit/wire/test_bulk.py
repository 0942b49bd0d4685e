"""A bulk body is read member by member and message by message."""

import json

import pytest

from pillarbox.errors import Problem, Refused
from pillarbox.wire.bulk import MOST_WRONG, BulkReading


def read(**members) -> BulkReading:
    return BulkReading(json.dumps(members).encode())


def test_the_last_of_a_repeated_name_counts_in_any_case():
    body = b'{"From":"a","FROM":"b","Messages":[{}],"messages":[{"To":"c"},{"to":"d","TO":"e"}]}'
    reading = BulkReading(body)
    assert reading.content.sender == "b"
    assert [entry.to for entry, _ in reading.entries()] == ["c", "e"]


def test_the_size_of_an_entry_is_that_of_its_text():
    (_, size), *_ = read(Messages=[{"To": "a@b.example"}]).entries()
    assert size == len('{"To": "a@b.example"}')


def test_models_keep_their_values():
    model = {"a": 1, "b": 2.5, "c": [True, None], "d": {"E": "f"}}
    ((entry, _),) = read(Messages=[{"TemplateModel": model}]).entries()
    assert entry.model == model


def test_an_empty_list_is_an_empty_model():
    ((entry, _),) = read(Messages=[{"TemplateModel": []}]).entries()
    assert entry.model == {}


def test_a_model_that_nests_too_deeply_is_no_json():
    deep = json.loads("[" * 80 + "]" * 80)
    with pytest.raises(Refused) as caught:
        list(read(Messages=[{"TemplateModel": {"a": deep}}]).entries())
    assert caught.value.problem is Problem.NOT_JSON


def test_a_message_of_very_many_values_is_no_json():
    with pytest.raises(Refused) as caught:
        list(read(Messages=[{"TemplateModel": {"a": [[]] * 600_000}}]).entries())
    assert caught.value.problem is Problem.NOT_JSON


def test_what_is_wrong_is_told_when_all_is_read():
    entries = read(Messages=[{"To": 1}, {"To": "a"}, {"Cc": 2, "Bcc": 3}]).entries()
    assert next(entries)[0].to == "a"
    with pytest.raises(Refused) as caught:
        next(entries)
    assert caught.value.details["paths"] == "$.Messages[0].To, $.Messages[2].Cc, $.Messages[2].Bcc"


def test_there_is_an_end_to_listing_what_is_wrong():
    with pytest.raises(Refused) as caught:
        list(read(Messages=[1] * 1000).entries())
    paths = caught.value.details["paths"].split(", ")
    assert paths == [f"$.Messages[{index}]" for index in range(MOST_WRONG)]


def test_a_hundred_thousand_messages_are_read():
    body = b'{"Messages":[' + b",".join([b'{"To":"a@b.example"}'] * 100_000) + b"]}"
    assert sum(1 for _ in BulkReading(body).entries()) == 100_000
