"""What templates render to: the tables of cases, layouts, budgets, hostile templates."""

import json
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pillarbox.mustachio.parse import parse
from pillarbox.mustachio.render import Budget, BudgetExceeded, RenderError, render
from tests.unit.mustachio.cases import cases, template
from tests.unit.mustachio.test_parse import texts

keys = st.sampled_from(["a", "b", "c", "l", "x"]) | st.text(max_size=2)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=10,
)
models = st.dictionaries(keys, values, max_size=4)


def html(text: str, model=MappingProxyType({}), **more) -> str:
    return render(template(text), model, escapes=True, **more)


@pytest.mark.parametrize("case", cases("render"))
def test_table_of_renderings(case):
    model = json.loads(case["model"])
    output = render(template(case["template"]), model, escapes=case["mode"] == "html")
    assert output == case["output"]


@pytest.mark.parametrize("case", cases("clashes"))
def test_table_of_clashes(case):
    with pytest.raises(RenderError) as caught:
        html(case["template"], json.loads(case["model"]))
    assert str(caught.value) == case["error"]


@pytest.mark.parametrize(
    ("text", "model", "output"),
    [
        ("{{a.}}{{.a}}{{ .a. }}", {"a": 1}, "111"),
        ("{{#o}}{{../../x}}{{/o}}", {"o": 1, "x": 2}, "2"),
        (
            "{{#o}}{{#each ../l}}{{.}}{{../../x}}{{/each}}{{/o}}",
            {"o": 1, "l": [1, 2], "x": 3},
            "1323",
        ),
        ("{{#o}}{{a../b}}{{/o}}", {"o": {"b": 1}}, "1"),
        ("{{#o}}{{../}}{{#../}}{{o}}{{/../}}{{/o}}", {"o": "v"}, "v"),
        ("{{#}}{{a}}{{/}}", {"a": 1}, "1"),
        ("{{^}}none{{/}}", {}, "none"),
        ("{{{& a }}}{{&&a}}", {"a": "<"}, "<<"),
        ("{{#each l}}{{#.}}{{a}}{{^.}}-{{/.}}{{/each}}", {"l": [{"a": 1}, {}, {"a": 2}]}, "1-2"),
        (
            "{{#each l}}{{#each l}}{{.}}{{/each}}|{{/each}}",
            {"l": [{"l": [1, 2]}, {}, {"l": [3]}]},
            "12||3|",
        ),
        ("{{#each l}}x{{/each}}", {"l": [None, 0, "", [], {}]}, "xxxxx"),
        ("{{^a}}{{#b}}1{{/b}}{{#../b}}2{{/../b}}{{/a}}", {"b": True}, "2"),
        ("{{#each l}}{{/each}}", {"l": [1, 2]}, ""),
        ("{{keys}}{{get}}{{__class__}}{{a.__len__}}", {"a": "x"}, ""),
    ],
)
def test_renderings_beyond_the_table(text, model, output):
    assert html(text, model) == output


@pytest.mark.parametrize(
    "text",
    [
        "{{{ pm:unsubscribe }}}",
        '{{{pm:unsubscribe label="Stop & go"}}}',
        "{{ pm:unsubscribe }}",
        "{{{ pm:unsubscribe_url }}}",
        "{{pm:x}}",
    ],
)
def test_placeholders_of_later_steps_pass_unchanged(text):
    assert html(f"a{text}b", {"pm:unsubscribe": 1}) == f"a{text}b"


@given(st.text().filter(lambda text: "{" not in text))
def test_text_without_braces_renders_to_itself(text):
    assert html(text) == text


def test_a_model_may_be_any_mapping():
    assert html("{{a}}{{b.c}}", MappingProxyType({"a": Decimal("2.50"), "b": {"c": 3.0}})) == "2.53"


# Layouts


def test_content_stands_at_the_placeholder_and_shares_the_model():
    content = template("<p>{{name}}</p>")
    layout = "<html>{{{ @content }}}{{footer}}</html>"
    model = {"name": "A&B", "footer": 1}
    assert html(layout, model, content=content) == "<html><p>A&amp;B</p>1</html>"


def test_content_runs_in_the_scope_of_the_placeholder():
    layout = "{{#each rows}}[{{{@content}}}]{{/each}}{{#o}}{{{@content}}}{{/o}}"
    content = template("{{v}}{{../../t}}")
    assert (
        html(layout, {"rows": [{"v": 1}, {"v": 2}], "o": {"v": 3}, "t": "!"}, content=content)
        == "[1!][2!]3!"
    )


def test_a_layout_without_content_leaves_its_placeholder_empty():
    assert html("<{{{ @content }}}>") == "<>"


def test_content_that_is_a_layout_itself_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="placeholder"):
        html("{{{@content}}}", content=template("{{{@content}}}"))


# Budgets


def test_a_budget_goes_down_by_steps_and_octets():
    budget = Budget(steps=100, size=20)
    assert html("é{{a}}{{b.c}}", {"a": "<"}, budget=budget) == "é&lt;"
    assert budget == Budget(steps=100 - 7, size=20 - 6)


def test_a_budget_is_shared_by_parts():
    budget = Budget(steps=100, size=5)
    html("four", budget=budget)
    with pytest.raises(BudgetExceeded, match="more text"):
        html("four", budget=budget)
    assert budget.size == 1


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("12345678901", {}),
        ("{{a}}", {"a": "12345678901"}),
        ("{{a}}{{a}}", {"a": "123456"}),
        ("{{a}}", {"a": "<<<"}),
        ("{{a}}{{b}}", {"a": "<<<"}),
        ("{{#each l}}123{{/each}}", {"l": [1, 2, 3, 4]}),
        ("éééééé", {}),
        ("\ud83d\ud83d\ud83d\ud83d", {}),
    ],
)
def test_text_that_is_too_large_is_refused(text, model):
    with pytest.raises(BudgetExceeded) as caught:
        html(text, model, budget=Budget(size=10))
    assert (
        str(caught.value)
        == "The template renders to more text with this model than a message may have."
    )


def test_text_just_large_enough_is_not_refused():
    assert html("{{#each l}}é{{/each}}", {"l": [1, 2, 3, 4, 5]}, budget=Budget(size=10)) == "ééééé"


@pytest.mark.parametrize(
    "text",
    [
        "{{#each l}}" * 8 + "x" + "{{/each}}" * 8,
        "{{#each l}}{{#each ../../l}}{{#each ../../../../l}}{{/each}}{{/each}}{{/each}}",
        "{{#each l}}{{" + "a." * 50_000 + "}}{{/each}}",
        "{{#each l}}{{#each l}}{{/each}}{{" + "../" * 50_000 + "}}{{/each}}",
        "{{#each l}}" + "{{^x}}{{/x}}" * 10_000 + "{{/each}}",
    ],
)
def test_what_would_explode_is_refused(text):
    row: list[object] = [1] * 200
    model = {"l": row}
    for _ in range(8):
        model = {"l": [model] * 200}
    budget = Budget()
    with pytest.raises(BudgetExceeded) as caught:
        html(text, model, budget=budget)
    assert str(caught.value) == "The template takes too many steps to render with this model."
    assert budget.steps == 0


def test_blocks_nest_as_deeply_as_they_like():
    depth = 5_000
    text = (
        "{{#a}}"
        + "{{#../a}}{{#../.a}}" * depth
        + "{{.}}"
        + "{{/../.a}}{{/../a}}" * depth
        + "{{/a}}"
    )
    assert html(text, {"a": "deep"}) == "deep"


def test_contexts_nest_as_deeply_as_they_like():
    depth = 5_000
    text = "{{^a}}{{^b}}" * depth + "{{" + "../" * 2 * depth + "x}}" + "{{/b}}{{/a}}" * depth
    assert html(text, {"x": "far"}) == "far"


@given(texts, models, st.booleans(), texts)
def test_any_rendering_ends_within_its_budget(text, model, escapes, other):
    layout, content = parse(text).template, parse(other).template
    assume(layout is not None)
    assert layout is not None
    if content is not None and content.placeholders:
        content = None
    budget = Budget(steps=200, size=200)
    try:
        output = render(layout, model, escapes=escapes, content=content, budget=budget)
    except RenderError:
        assert budget.size == 200
    else:
        assert budget.size == 200 - len(output.encode("utf-8", "surrogatepass"))
    assert budget.steps >= 0
