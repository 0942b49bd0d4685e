"""Blocks of subjects: what is found in the bytes is what a plain look at each subject finds."""

import pytest

from pillarbox.outbound import subjects

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
ROWS = [(1000 + number * 3, subject) for number, subject in enumerate(SUBJECTS)]


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
@pytest.mark.parametrize("many", [0, 16])
def test_lines(wanted, expected, many, monkeypatch):
    monkeypatch.setattr(subjects, "_MANY", many)
    block = subjects.pack(ROWS)
    text = subjects.fold(wanted)
    assert subjects.find_lines(block.subjects, text) == expected
    assert subjects.count_lines(block.subjects, text) == len(expected)
    if expected:
        assert subjects.may_contain(block.trigrams, text)


def test_keys_are_kept():
    block = subjects.pack(ROWS)
    assert subjects.keys_of(block.keys) == tuple(key for key, _ in ROWS)
    assert block.count == len(ROWS)


def test_trigrams_rule_blocks_out():
    block = subjects.pack([(1, "Receipt")])
    assert not subjects.may_contain(block.trigrams, subjects.fold("zahlung"))
    assert subjects.may_contain(block.trigrams, subjects.fold("ZZ"))  # too short to say


def test_a_block_ends_at_a_size(monkeypatch):
    monkeypatch.setattr(subjects, "SIZE", 5)
    assert subjects.pack(ROWS).count == 5
    monkeypatch.setattr(subjects, "LONGEST", 30)
    assert subjects.pack(ROWS).count == 2
    monkeypatch.setattr(subjects, "LONGEST", 1)
    assert subjects.pack(ROWS).count == 1


def test_messages_are_taken_out():
    block = subjects.pack(ROWS)
    gone = subjects.change(block, {1000, 1006, 5}, is_gone=True)
    assert subjects.keys_of(gone.keys) == tuple(key for key, _ in ROWS if key not in (1000, 1006))
    assert subjects.find_lines(gone.subjects, b"order") == [0]
    assert subjects.change(block, {key for key, _ in ROWS}, is_gone=True).count == 0


def test_subjects_are_taken_out():
    block = subjects.pack(ROWS)
    erased = subjects.change(block, {1021}, is_gone=False)
    assert erased.keys == block.keys
    assert b"password" not in erased.subjects
    assert not subjects.may_contain(erased.trigrams, b"password")
    assert subjects.find_lines(erased.subjects, b"order") == [0, 1]
