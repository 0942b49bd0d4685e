"""Names of domains."""

import pytest

from pillarbox.domains.names import is_example, is_public, read_domain, read_host_below


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("a-b.example.com", "a-b.example.com"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("1.example", "1.example"),
        ("example", None),
        ("", None),
        (".", None),
        ("a..b", None),
        ("a-.example", None),
        ("1.2.3.4", None),
        ("exa mple.com", None),
        ("example.com\n", "example.com"),
        ("a\nb.example", None),
        (f"{'a' * 63}.example", f"{'a' * 63}.example"),
        (f"{'a' * 64}.example", None),
        (f"{'a.' * 112}b", f"{'a.' * 112}b"),
        (f"{'a.' * 113}b", None),
    ],
)
def test_a_name_is_read(text, name):
    assert read_domain(text) == name


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("PM.Example.com", "pm.example.com"),
        ("a.b.example.com", "a.b.example.com"),
        ("example.com", None),
        ("notexample.com", None),
        ("pm.example.com.evil.example", None),
    ],
)
def test_a_host_stands_below_its_domain(text, host):
    assert read_host_below(text, "example.com") == host


def test_public_and_reserved_domains():
    assert is_public("gmail.com")
    assert not is_public("mail.gmail.example")
    assert is_example("example.org")
    assert is_example("a.example")
    assert not is_example("myexample.com")
