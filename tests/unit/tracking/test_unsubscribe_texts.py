from dataclasses import asdict

import pytest

from pillarbox.tracking.unsubscribe_page import masked
from pillarbox.tracking.unsubscribe_texts import LANGUAGES, choose


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("ja, fr;q=0.5, es;q=0.7", "es"),
        ("PT-br", "pt"),
        ("nl;q=0, it;q=0.1", "it"),
        ("xx;q=nonsense, *", "en"),
        ("de;q=nan", "en"),
        ("," * 5000, "en"),
    ],
)
def test_the_language_that_is_liked_best(header: str, language: str) -> None:
    assert choose(header) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_complete(language: str) -> None:
    texts = asdict(LANGUAGES[language])
    assert all(texts.values())
    for name in ("ask", "done", "subscribed", "held_back"):
        assert texts[name].count("{address}") == 1


def test_an_address_is_masked() -> None:
    assert masked("lena@freemail.example") == "l•••@freemail.example"
    assert masked("@x.example") == "•••@x.example"
