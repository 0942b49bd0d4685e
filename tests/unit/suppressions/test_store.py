"""Which addresses are held back, however many are asked for at once."""

import pytest

from pillarbox.suppressions import store
from pillarbox.suppressions.model import Origin, Reason, Suppression, SuppressionSearch


def suppressed(tx, address):
    return Suppression(
        stream_key=7,
        address=address,
        reason=Reason.HARD_BOUNCE,
        origin=Origin.RECIPIENT,
        created_at=tx.now,
    )


@pytest.mark.parametrize("asked", [0, 1, 2, 8, 9, 127, 128, 129, 300])
def test_those_held_back_are_found_among_any_number(db, asked):
    addresses = [f"{number}@example.com" for number in range(asked)]
    with db.transaction() as tx:
        store.insert(tx, [suppressed(tx, address) for address in addresses[::2]])
        pairs = [(stream, address) for address in addresses for stream in (7, 8)]
        assert store.held_back(tx, pairs) == {(7, address) for address in addresses[::2]}


def test_the_last_of_an_odd_number_may_be_held_back(db):
    with db.transaction() as tx:
        store.insert(tx, [suppressed(tx, "c@example.com")])
        pairs = [(7, "a@example.com"), (7, "b@example.com"), (7, "c@example.com")]
        assert store.held_back(tx, pairs) == {(7, "c@example.com")}


def test_erased_ones_are_found_among_more_than_one_statement_takes(db):
    addresses = [f"{number}@example.com" for number in range(900)]
    with db.transaction() as tx:
        store.insert(tx, [suppressed(tx, address) for address in addresses[-2:]])
        store.erase(tx, addresses[-1])
        found = store.held_back(tx, [(7, address) for address in addresses])
    assert found == {(7, address) for address in addresses[-2:]}


@pytest.mark.parametrize(
    ("part", "number"),
    [("", 3), ("ANN", 2), ("@one.", 1), ("_", 1), ("%", 0), ("nobody", 0)],
)
def test_a_part_of_an_address_is_found_in_any_case_and_taken_as_it_is(db, part, number):
    addresses = ["ann@one.example", "ann_b@two.example", "bob@two.example"]
    with db.transaction() as tx:
        store.insert(tx, [suppressed(tx, address) for address in addresses])
        wanted = SuppressionSearch(stream_key=7, part=part)
        assert store.count_found(tx, wanted) == number
        assert len(store.newest(tx, wanted, after=None, limit=9)) == number
        assert store.count_found(tx, SuppressionSearch(stream_key=8)) == 0
