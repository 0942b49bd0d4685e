"""Values as they are stored."""

import json

import pytest

from pillarbox.storage.types import dump_json, dump_strange_json


@pytest.mark.parametrize(
    "value", [{"a": [1, None, True, "é\u2028</"]}, '\x00\x1f\x7f"\\\n', 1 << 62]
)
def test_json_is_stored_as_it_always_was(value: object) -> None:
    assert dump_json(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def test_half_a_character_of_a_stranger_becomes_a_question_mark() -> None:
    with pytest.raises(UnicodeEncodeError):
        dump_json(["a\ud83d"])
    assert dump_strange_json(["a\ud83d", "ä"]) == '["a?","ä"]'
