"""Return paths: made for one recipient, read back, and impossible to make up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail.verp import ReturnPaths

PATHS = ReturnPaths(secret=b"s" * 32)
OTHERS = ReturnPaths(secret=b"t" * 32)
HOST = "pm-bounces.b.example"


@given(st.integers(0, 2**72 - 1))
def test_what_was_made_is_read_back_in_any_letter_case(number):
    address = PATHS.make(number, HOST)
    assert address == address.lower()
    assert len(address.partition("@")[0]) <= 64
    assert PATHS.read(address) == number
    assert PATHS.read(address.upper()) == number


def test_it_looks_as_the_specification_says():
    local, _, host = PATHS.make(1187, HOST).partition("@")
    assert local.startswith("pm_bounces+")
    assert host == HOST


def test_the_host_may_be_another_one():
    assert PATHS.read(PATHS.make(7, HOST).replace(HOST, "mail.c.example")) == 7


def test_another_secret_reads_nothing():
    assert OTHERS.read(PATHS.make(7, HOST)) is None


@given(st.integers(0, 2**72 - 1), st.data())
def test_a_changed_character_is_noticed(number, data):
    address = PATHS.make(number, HOST)
    start, end = len("pm_bounces+"), address.index("@")
    place = data.draw(st.integers(start, end - 1))
    other = data.draw(
        st.sampled_from("abcdefghijklmnopqrstuvwxyz234567").filter(address[place].__ne__)
    )
    assert PATHS.read(address[:place] + other + address[place + 1 :]) is None


@given(st.text(max_size=60))
def test_anything_else_is_nothing(text):
    assert PATHS.read(text) is None
    assert PATHS.read(f"pm_bounces+{text}@{HOST}") is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "@",
        "pm_bounces@b.example",
        "pm_bounces+@b.example",
        PATHS.make(7, HOST).partition("@")[0],
        PATHS.make(7, HOST).partition("@")[0] + "@",
        " " + PATHS.make(7, HOST),
        "<" + PATHS.make(7, HOST) + ">",
        PATHS.make(7, HOST).replace("@", "=@"),
        "pm_bounces+" + "a" * 1000 + "@b.example",
        "pm_bounces+ſ@b.example",
    ],
)
def test_near_misses_are_nothing(address):
    assert PATHS.read(address) is None


@pytest.mark.parametrize("number", [-1, 2**72])
def test_an_id_out_of_range_is_refused(number):
    with pytest.raises(ValueError, match="recipient id"):
        PATHS.make(number, HOST)


def test_the_prefix_can_be_chosen():
    paths = ReturnPaths(secret=b"s" * 32, prefix="bounce")
    assert paths.make(7, HOST).startswith("bounce+")
    assert paths.read(paths.make(7, HOST)) == 7
    assert paths.read(PATHS.make(7, HOST)) is None


@pytest.mark.parametrize("prefix", ["", "a+b", "a b", "Bounce", "a@b", "a" * 33])
def test_a_prefix_that_does_not_fit_is_refused(prefix):
    with pytest.raises(ValueError, match="prefix"):
        ReturnPaths(secret=b"s" * 32, prefix=prefix)


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="16 octets"):
        ReturnPaths(secret=b"short")


@pytest.mark.parametrize(
    "text", ["{}", "<{}>", "spf=pass smtp.mailfrom={}; dkim=pass", "x {} y", "SRS0=a=b={}"]
)
def test_a_return_path_is_found_inside_a_text(text):
    address = PATHS.make(7, HOST)
    assert PATHS.find(text.format(address)) == 7
    assert PATHS.find(text.format(address.upper())) == 7


def test_forged_return_paths_are_passed_over():
    forged = "pm_bounces+aaaaaaaaaaaaaaaaaaaa@b.example"
    assert PATHS.find(f"{forged} {PATHS.make(7, HOST)}") == 7
    assert PATHS.find(forged) is None
    assert PATHS.find("") is None
    assert PATHS.find("pm_bounces+" * 100_000) is None


def test_an_endless_text_is_not_searched_to_its_end():
    forged = "pm_bounces+aaaaaaaaaaaaaaaaaaaa@b.example "
    assert PATHS.find(forged * 100_000 + PATHS.make(7, HOST)) is None
