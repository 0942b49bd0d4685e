"""What is filled on the event loop is small whatever it is made of; the rest is left to a thread."""

import time
from dataclasses import replace
from typing import Any

import pytest

from pillarbox.errors import Problem, Refused
from pillarbox.templates.fill import (
    QUICK_SIZE,
    QUICK_VALUES,
    NotQuick,
    Source,
    fill,
    fill_quickly,
    is_small,
    of_texts,
)
from pillarbox.templates.inline_css import inline_css

STYLED = "<style>p { color: red }</style><p>Hi {{name}}</p>{{#each items}}<p>{{this}}</p>{{/each}}"
RECEIPT = {"name": "Ann", "items": ["one", "two"], "price": 12}


@pytest.fixture(autouse=True)
def warm():
    """The library is there: the first message of a process loads it in a thread."""
    inline_css("<p>x</p>")


def a_source(html="<p>x</p>", subject="Hi {{name}}"):
    return of_texts(subject=subject, html=html, text="Hello {{name}}")


@pytest.mark.parametrize("inlines", [True, False])
@pytest.mark.parametrize("html", [None, "<p>{{name}}</p>", STYLED])
def test_it_gives_what_filling_gives(html, inlines):
    source = a_source(html)
    quick = fill_quickly(source, RECEIPT, inlines_css=inlines)
    assert quick == fill(source, RECEIPT, inlines_css=inlines)


MANY = [1] * 100
HOSTILE: dict[str, tuple[Source, dict[str, Any]]] = {
    "a large model": (a_source(), {"name": "x" * (QUICK_SIZE + 1)}),
    "many values": (a_source(), {"items": [0] * QUICK_VALUES}),
    "long keys": (a_source(), {"k" * QUICK_SIZE + "x": 1}),
    "a number without end": (a_source(), {"n": 10 ** (3 * QUICK_SIZE)}),
    "a long template": (
        of_texts(subject="s", html="x" * QUICK_SIZE, text="x" * QUICK_SIZE),
        {"name": "x"},
    ),
    "loops in loops": (
        a_source("{{#each a}}{{#each ../../a}}{{#each ../../a}}x{{/each}}{{/each}}{{/each}}"),
        {"a": MANY},
    ),
    "loops in the subject": (
        a_source(
            subject="{{#each a}}{{#each ../../a}}{{#each ../../a}}x{{/each}}{{/each}}{{/each}}"
        ),
        {"a": MANY},
    ),
    "a value over and over": (
        a_source("{{#each a}}{{../../t}}{{/each}}"),
        {"a": MANY, "t": "x" * 200},
    ),
    "rules for many elements": (
        a_source(f"<style>{'p+p{top:0}' * 200}</style>{'<p>' * 150}"),
        {},
    ),
    "elements that are opened again and again": (a_source("<b>" * 100 + "<p>" * 90), {}),
    "nothing to loop over": (a_source("{{#each name}}x{{/each}}"), {"name": "Ann"}),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_may_take_its_time_is_left_to_a_thread(case):
    source, model = HOSTILE[case]
    best = 1.0
    for _ in range(5):
        began = time.thread_time()
        with pytest.raises(NotQuick):
            fill_quickly(source, model)
        best = min(best, time.thread_time() - began)
    assert best < 0.01, "the event loop stood still"


def test_a_text_that_cannot_be_read_is_left_to_a_thread():
    with pytest.raises(NotQuick):
        fill_quickly(replace(a_source(), fault="broken"), {})


def test_models_are_refused_as_ever():
    for model, problem in (
        (None, Problem.FIELD_REQUIRED),
        ({"pm:x": 1}, Problem.RESERVED_MODEL_KEY),
    ):
        with pytest.raises(Refused) as refused:
            fill_quickly(a_source(), model)
        assert refused.value.problem is problem


def test_small_models():
    assert is_small(None)
    assert is_small({"a": [{"b": 1.5, "c": None, "d": True}] * 20})
    assert not is_small({"a": {"b": {"c": ["x" * QUICK_SIZE]}}})
