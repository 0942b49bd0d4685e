"""The model a template asks for, and how a given model joins it."""

import json

import pytest
from hypothesis import given

from pillarbox.mustachio.infer import MAX_DEPTH, MAX_NAMES, infer, merge
from pillarbox.mustachio.parse import parse
from tests.unit.mustachio.cases import cases, template
from tests.unit.mustachio.test_parse import texts
from tests.unit.mustachio.test_render import models


def suggested(*parts: str) -> str:
    """As JSON, because the order of names counts."""
    return json.dumps(infer(template(part) for part in parts), ensure_ascii=False)


@pytest.mark.parametrize("case", cases("infer"))
def test_table_of_suggestions(case):
    assert suggested(case["template"]) == json.dumps(json.loads(case["model"]))


@pytest.mark.parametrize(
    ("parts", "model"),
    [
        ([], {}),
        (["{{.}}"], {}),
        (["{{#each .}}{{x}}{{/each}}"], {"x": "x_Value"}),
        (["{{b}}{{a}}", "{{c}}{{a}}"], {"b": "b_Value", "a": "a_Value", "c": "c_Value"}),
        (["{{a}}", "{{#a}}{{b}}{{/a}}"], {"a": {"b": "b_Value"}}),
        (["{{#each l}}{{/each}}", "{{#each l}}{{x}}{{/each}}"], {"l": [{"x": "x_Value"}]}),
        (["{{l}}{{#l}}{{/l}}{{#each l}}{{/each}}"], {"l": ["l_1", "l_2", "l_3"]}),
        (["{{a.b}}"], {"a": {"b": "b_Value"}}),
        (["x{{{ @content }}}{{{ pm:unsubscribe }}}{{ pm:x }}{{! no }}"], {}),
    ],
)
def test_suggestions_beyond_the_table(parts, model):
    assert suggested(*parts) == json.dumps(model)


def test_what_is_too_deep_is_left_out():
    assert suggested("{{" + "a." * MAX_DEPTH + "a}}{{b}}") == (
        '{"a": ' * MAX_DEPTH + "{}" + "}" * (MAX_DEPTH - 1) + ', "b": "b_Value"}'
    )


def test_the_way_up_from_what_is_left_out_is_as_long():
    path = "a." * MAX_DEPTH + "b.c"
    text = f"{{{{#{path}}}}}{{{{d}}}}{{{{../../d}}}}{{{{/{path}}}}}"
    assert suggested(text) == '{"a": ' * MAX_DEPTH + "{}" + "}" * MAX_DEPTH
    text = f"{{{{#{path}}}}}{{{{../../../d}}}}{{{{/{path}}}}}"
    assert suggested(text) == '{"a": ' * MAX_DEPTH + '{}, "d": "d_Value"' + "}" * MAX_DEPTH


def test_only_so_many_names_are_suggested():
    model = infer([template("".join(f"{{{{a{number}}}}}" for number in range(MAX_NAMES + 5)))])
    assert len(model) == MAX_NAMES


def test_blocks_nest_as_deeply_as_they_like():
    depth = 5_000
    assert (
        suggested("{{#a}}{{#b}}" * depth + "{{c}}" + "{{/b}}{{/a}}" * depth).count("{")
        == MAX_DEPTH + 1
    )


@pytest.mark.parametrize(
    ("given_model", "expected"),
    [
        ({}, {"a": {"b": "b_Value"}, "l": ["l_1"], "s": "s_Value"}),
        ({"z": 1, "s": 2}, {"z": 1, "s": 2, "a": {"b": "b_Value"}, "l": ["l_1"]}),
        ({"a": {"c": 1}}, {"a": {"c": 1, "b": "b_Value"}, "l": ["l_1"], "s": "s_Value"}),
        ({"a": None, "l": [], "s": {}}, {"a": None, "l": [], "s": {}}),
        ({"l": {"x": 1}}, {"l": {"x": 1}, "a": {"b": "b_Value"}, "s": "s_Value"}),
    ],
)
def test_merging(given_model, expected):
    merged = merge({"a": {"b": "b_Value"}, "l": ["l_1"], "s": "s_Value"}, given_model)
    assert json.dumps(merged) == json.dumps(expected)


@given(texts, models)
def test_a_given_model_is_kept(text, model):
    parsed = parse(text).template
    if parsed is None:
        return
    merged = merge(infer([parsed]), model)
    assert list(merged)[: len(model)] == list(model)
    assert merge(merged, model) == merge(model, merged) == merged
