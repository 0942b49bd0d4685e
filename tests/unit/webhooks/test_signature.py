"""Signing what webhooks are told: the value is what docs/webhooks.md says, and its example accepts it."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pillarbox.webhooks import signature

DOCS = Path(__file__).parents[3] / "docs" / "webhooks.md"
AT = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "whsec_example"


def documented() -> dict[str, Any]:
    """What the documentation tells Python programs to do."""
    found = re.search(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert found
    names: dict[str, Any] = {}
    exec(found.group(1), names)
    return names


def test_a_known_value():
    # printf '1767225600.{}' | openssl dgst -sha256 -hmac whsec_example
    assert signature.sign(SECRET, b"{}", AT) == (
        "t=1767225600,v1=6bbc2e217ae6cc30ea42c1a53abb4f941db79f555ead79ec4c6a5023a4688659"
    )


@pytest.mark.parametrize(
    ("secret", "body", "later_s", "is_genuine"),
    [
        (SECRET, b'{"a": 1}', 10, True),
        (SECRET, b'{"a": 2}', 10, False),
        ("whsec_other", b'{"a": 1}', 10, False),
        (SECRET, b'{"a": 1}', 400, False),
    ],
)
def test_the_documented_example(monkeypatch, secret, body, later_s, is_genuine):
    names = documented()
    monkeypatch.setattr(names["time"], "time", lambda: AT.timestamp() + later_s)
    header = signature.sign(SECRET, b'{"a": 1}', AT)
    assert names["is_genuine"](secret, header, body) is is_genuine


def test_without_a_secret_nothing_is_signed():
    assert signature.headers(None, b"{}", AT) == ()
    assert signature.headers(SECRET, b"{}", AT)[0][0] == "X-Pillarbox-Signature"


def test_secrets_are_random_and_say_what_they_are():
    assert signature.new_secret().startswith("whsec_")
    assert signature.new_secret() != signature.new_secret()
