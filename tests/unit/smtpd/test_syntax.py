import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.smtpd.syntax import (
    ParameterError,
    parse_bdat,
    parse_from,
    parse_mail_parameters,
    parse_to,
)

NAME = "abcdefghijklmnopqrstuvwxyz0123456789"
names = st.text(NAME, min_size=1, max_size=20)


@given(st.lists(names, min_size=1, max_size=3), st.lists(names, min_size=1, max_size=3))
def test_a_plain_address_comes_back_as_it_is(local, domain):
    address = f"{'.'.join(local)}@{'.'.join(domain)}"
    if len(address.partition("@")[0]) <= 64:
        assert parse_to(f"TO:<{address}>") == (address, "")
        assert parse_from(f"FROM:<{address}> SIZE=1") == (address, "SIZE=1")


@given(st.text(max_size=60))
def test_no_path_holds_what_could_end_a_line_or_a_path(text):
    for parsed in (parse_to(f"TO:<{text}>"), parse_from(f"FROM:<{text}>")):
        if parsed is not None:
            assert not set(parsed[0]) & set("\r\n\0")
            assert '"' in parsed[0] or not set(parsed[0]) & set("<> ")


@pytest.mark.parametrize(
    "text",
    [
        "FROM:<" + "a" * 2000,
        "FROM:<" + "a." * 1000 + ">",
        "FROM:<" + "@a," * 700 + ":b@c>",
        'FROM:<"' + "\\" * 2000,
        "FROM:<a@" + "b-" * 1000 + ">",
        "FROM:<a@" + "b." * 1000 + ">",
        "FROM:" + " " * 2000,
    ],
)
def test_hostile_paths_are_refused_without_backtracking(text):
    start = time.process_time()
    assert parse_from(text) is None
    assert time.process_time() - start < 0.5


def test_parameters_of_mail():
    parameters = parse_mail_parameters("SIZE=00012  SMTPUTF8 BODY=8bitmime AUTH=<>")
    assert (parameters.size, parameters.smtputf8) == (12, True)
    assert parse_mail_parameters("AUTH=x").size is None


@given(st.text(max_size=40))
def test_any_parameter_text_is_read_or_refused(text):
    try:
        parse_mail_parameters(text)
    except ParameterError as error:
        assert isinstance(error.is_unknown, bool)


@pytest.mark.parametrize(
    ("argument", "chunk"),
    [
        ("0", (0, False)),
        ("10 LAST", (10, True)),
        ("10  last", (10, True)),
        ("", None),
        ("x", None),
        ("-1", None),
        ("+1", None),
        ("1.0", None),
        ("1LAST", None),
        ("1 FIRST", None),
        ("1 LAST LAST", None),
        ("٣", None),
        ("1" * 21, None),
    ],
)
def test_sizes_of_chunks(argument, chunk):
    assert parse_bdat(argument) == chunk
