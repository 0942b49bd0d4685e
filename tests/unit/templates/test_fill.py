"""Filling: stored templates with layouts, texts of a request, what cannot be filled."""

from typing import Any

import pytest

from pillarbox.errors import Problem, Refused
from pillarbox.ids import ServerId
from pillarbox.mustachio.render import RenderError
from pillarbox.templates.fill import Filled, check_model, fill, of_templates, of_texts
from pillarbox.templates.model import Template, TemplateType


def a_template(**changes: Any) -> Template:
    values: dict[str, Any] = {
        "id": 7001,
        "name": "n",
        "alias": None,
        "type": TemplateType.STANDARD,
        "is_active": True,
        "layout_id": None,
        "layout": None,
        "server_id": ServerId(1),
        "subject": "S {{a}}",
        "html": "<p>{{a}}",
        "text": "T {{a}}",
    }
    return Template(**values | changes)


def test_a_stored_template():
    filled = fill(of_templates(a_template(), None), {"a": "<"}, inlines_css=False)
    assert filled == Filled(subject="S <", html="<p>&lt;", text="T <")


def test_a_layout_wraps_what_both_have():
    layout = a_template(subject=None, html="[{{{@content}}}{{b}}]", text=None)
    source = of_templates(a_template(), layout)
    filled = fill(source, {"a": 1, "b": 2}, inlines_css=False)
    assert filled == Filled(subject="S 1", html="[<p>12]", text="T 1")
    layout = a_template(subject=None, text="[{{{@content}}}]")
    source = of_templates(a_template(text=None), layout)
    assert fill(source, {}).text is None
    assert source.size > 0


def test_texts_of_a_request():
    source = of_texts(subject="{{a}}", html=None, text="{{a}}")
    assert fill(source, {"a": "x\r\n\ny"}) == Filled(subject="x y", html=None, text="x\r\n\ny")
    assert fill(of_texts(subject=None, html="<i>", text=""), {}) == Filled(
        subject="", html="<html><head></head><body><i></i></body></html>", text=None
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [("{{a-b}}", Problem.TEMPLATE_SYNTAX), ("{{{@content}}}", Problem.LAYOUT_PLACEHOLDER)],
)
def test_texts_that_are_no_template(text, problem):
    with pytest.raises(Refused) as refused:
        of_texts(subject=None, html=text, text=None)
    assert refused.value.problem is problem


def test_a_stored_text_that_cannot_be_read_any_more():
    source = of_templates(a_template(text="{{a b}}"), None)
    with pytest.raises(RenderError, match="The path 'a b' is not valid"):
        fill(source, {})


def test_one_budget_for_all_parts():
    text = "{{#each a}}{{#each ../../a}}x{{/each}}{{/each}}"
    model = {"a": [1] * 400}
    assert len(fill(of_texts(subject=None, html=None, text=text), model).text or "") == 160_000
    source = of_texts(subject=text, html=text * 2, text=text)
    with pytest.raises(RenderError, match="too many steps"):
        fill(source, model, inlines_css=False)


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (None, Problem.FIELD_REQUIRED),
        ({"a": "x" * 10_485_760}, Problem.TEMPLATE_FIELD_TOO_LONG),
        ({"@x": 1}, Problem.RESERVED_MODEL_KEY),
        ({"pm:x": 1}, Problem.RESERVED_MODEL_KEY),
    ],
)
def test_a_model_that_may_not_be(model, problem):
    with pytest.raises(Refused) as refused:
        check_model(model)
    assert refused.value.problem is problem


def test_reserved_keys_are_those_on_top():
    model = {"a": {"@x": 1, "pm:y": 2}, "a@": 3, "pm": 4}
    assert check_model(model) is model
