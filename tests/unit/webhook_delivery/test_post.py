"""The HTTP request of a webhook. Source: spec webhooks 6.1."""

import pytest

from pillarbox.webhook_delivery.post import request
from pillarbox.webhooks.model import HttpAuth

URL = "https://hooks.example/x"
USUAL = {
    "User-Agent": "Postmark",
    "Accept": "application/json",
    "Content-Type": "application/json",
}


def test_the_usual_headers():
    made = request(URL, None, [], b"{}")
    assert (made.url, made.body, dict(made.headers)) == (URL, b"{}", USUAL)


def test_headers_of_its_own():
    own = [("X-A", "1"), ("USER-AGENT", "Mine"), ("x-a", "2")]
    made = request(URL, None, own, b"{}")
    assert made.headers == (
        ("Accept", "application/json"),
        *own,
        ("Content-Type", "application/json"),
    )
    assert made.bound == {"x-a", "user-agent", "authorization"}


@pytest.mark.parametrize(
    "name",
    ["Content-Type", "content-length", "Host", "Transfer-Encoding", "Connection", "Expect", "TE", "Upgrade"],
)  # fmt: skip
def test_headers_that_frame_the_request_are_left_alone(name):
    assert dict(request(URL, None, [(name, "x")], b"{}").headers) == USUAL


@pytest.mark.parametrize(
    ("url", "auth", "expected"),
    [
        (URL, HttpAuth("u", "p"), "Basic dTpw"),
        ("https://a:b@hooks.example/", HttpAuth("u", "p"), "Basic dTpw"),
        ("https://u:p@hooks.example/", None, "Basic dTpw"),
        ("https://u@hooks.example/", None, "Basic dTo="),
        ("https://u:p%40ss%3A@hooks.example/", None, "Basic dTpwQHNzOg=="),
        (URL, HttpAuth("ü", "ß"), "Basic w7w6w58="),
    ],
)
def test_credentials(url, auth, expected):
    assert dict(request(url, auth, [], b"{}").headers)["Authorization"] == expected


def test_credentials_outrank_a_header():
    made = request(URL, HttpAuth("u", "p"), [("Authorization", "Bearer x")], b"{}")
    assert dict(made.headers)["Authorization"] == "Basic dTpw"
    alone = request(URL, None, [("Authorization", "Bearer x")], b"{}")
    assert dict(alone.headers)["Authorization"] == "Bearer x"


def test_a_signature_stays_with_the_origin_and_nothing_wins_over_it():
    ours = [("X-Pillarbox-Signature", "t=1,v1=2")]
    made = request(URL, None, [("x-pillarbox-signature", "forged")], b"{}", ours=ours)
    assert dict(made.headers) == USUAL | {"X-Pillarbox-Signature": "t=1,v1=2"}
    assert "x-pillarbox-signature" in made.bound
