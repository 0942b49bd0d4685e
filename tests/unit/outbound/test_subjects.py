"""Blocks: what is found in the bytes is what a plain look at each subject finds."""

import pytest

from pillarbox.outbound import subjects
from pillarbox.outbound.subjects import Line

SUBJECTS = [
    "Your order 17 is on its way",
    "ORDER, order, oRder",
    "",
    "Straße nach ÜBERSEE",
    "Ὀδυσσεύς ΟΔΟΣ",
    "100 % _off_ [now]",
    "a\0b\1c",
    "Reset your password",
]
SENDERS = ("a@x.example", "b@x.example")
LINES = [
    Line(1000 + number * 3, subject, None if number % 3 else "tag", SENDERS[number % 2])
    for number, subject in enumerate([*SUBJECTS, *SUBJECTS[:2], SUBJECTS[0]])
]


def found(block, wanted: str) -> list[int]:
    hits = subjects.hits_of_text(block.subjects, block.numbers, subjects.fold(wanted))
    keys = subjects.keys_at(block.keys, hits) if hits else []
    assert len(keys) == subjects.count_of_text(block.subjects, block.numbers, subjects.fold(wanted))
    return keys


def may_contain(block, wanted: str) -> bool:
    return subjects.may_contain(block.trigrams, subjects.places_of(subjects.fold(wanted)))


def expected_keys(lines, numbers) -> list[int]:
    texts = {SUBJECTS[number] for number in numbers}
    return sorted((line.key for line in lines if line.subject in texts), reverse=True)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("order", [0, 1]),
        ("ORDER 17", [0]),
        ("r", [0, 1, 3, 7]),
        ("your", [0, 7]),
        ("überSEE", [3]),
        ("οδοσ", [4]),
        ("ΟΔΟς", [4]),
        ("% _", [5]),
        ("[now]", [5]),
        ("o[r", []),
        ("a\0b", [6]),
        ("way\0order", []),
        ("orders", []),
        ("Reset your password", [7]),
        (" ", [0, 1, 3, 4, 5, 7]),
    ],
)
@pytest.mark.parametrize("count", [len(SUBJECTS), len(LINES)])
def test_texts(wanted, expected, count):
    lines = LINES[:count]
    block = subjects.pack(lines)
    assert found(block, wanted) == expected_keys(lines, expected)
    if expected:
        assert may_contain(block, wanted)


def test_a_subject_of_several_messages_is_kept_once():
    block = subjects.pack(LINES)
    assert block.subjects.count(b"order 17") == 1
    assert len(block.numbers) == 5
    assert block.count == len(LINES)


def test_more_shared_subjects_than_numbers():
    lines = [Line(n, f"subject {n % 300}.", None, "") for n in range(900)]
    block = subjects.pack(lines)
    for wanted in range(300):
        assert found(block, f" {wanted}.") == [wanted + 600, wanted + 300, wanted]


@pytest.mark.parametrize("different", [1, 2, 255, 256, 257, 700])
def test_values(different):
    texts = [None if n % different == 3 else f"{n * 7 % different}" for n in range(900)]
    block = subjects.pack([Line(n, "", text, "") for n, text in enumerate(texts)])
    for wanted in {None, "", "7", *texts}:
        hits = subjects.hits_of_value(block.tags, subjects.value_of(wanted)) or bytes(900)
        assert list(hits) == [text == wanted for text in texts], wanted
    assert subjects.hits_of_value(block.tags, b"") == b"" or None in texts


def test_both():
    assert subjects.both(b"\1\0\1\0", b"\1\1\0\0") == b"\1\0\0\0"


def test_keys_are_kept():
    block = subjects.pack(LINES)
    assert sorted(subjects.keys_of(block.keys)) == [line.key for line in LINES]


def test_trigrams_rule_blocks_out():
    block = subjects.pack([Line(1, "Receipt", None, "")])
    assert not may_contain(block, "zahlung")
    assert may_contain(block, "ZZ")  # too short to say


def test_a_block_ends_at_a_size(monkeypatch):
    monkeypatch.setattr(subjects, "SIZE", 5)
    assert subjects.fitting(LINES) == LINES[:5]
    monkeypatch.setattr(subjects, "LONGEST", 30)
    assert subjects.fitting(LINES) == LINES[:2]
    monkeypatch.setattr(subjects, "LONGEST", 1)
    assert subjects.fitting(LINES) == LINES[:1]
