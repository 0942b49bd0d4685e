"""Trying templates out. Source: spec templates 5 and 10."""

import pytest

from tests.contract.conftest import refusal
from tests.contract.test_templates import (
    LAYOUT,
    LAYOUT_NOT_FOUND,
    NO_DATA,
    PLACEHOLDER,
    a_second_server,
    create,
)


async def validate(api, **fields):
    answer = await api.post("/templates/validate", json=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def valid(rendered):
    return {"ContentIsValid": True, "ValidationErrors": [], "RenderedContent": rendered}


def invalid(*errors):
    return {
        "ContentIsValid": False,
        "ValidationErrors": [
            {"Message": text, "Line": line, "CharacterPosition": position}
            for text, line, position in errors
        ],
        "RenderedContent": None,
    }


async def test_the_example_of_the_documentation(api):
    answer = await api.post(
        "/templates/validate",
        json={
            "Subject": "{{ shop }}: order {{ order.id }}",
            "HtmlBody": "<p>{{#each lines}}{{ title }} {{/each}}</p>",
            "TextBody": "Total {{ total-sum }}",
            "TestRenderModel": {"shop": "Fern & Co", "unused": 1},
        },
    )
    bad = "The path 'total-sum' is not valid. Please see documentation for examples of valid paths."
    found = answer.json()
    assert list(found) == [
        "AllContentIsValid",
        "HtmlBody",
        "TextBody",
        "Subject",
        "SuggestedTemplateModel",
    ]
    assert found == {
        "AllContentIsValid": False,
        "HtmlBody": valid("<html><head></head><body><p>title_Value </p></body></html>"),
        "TextBody": invalid((bad, 1, 7)),
        "Subject": valid("Fern & Co: order id_Value"),
        "SuggestedTemplateModel": {
            "shop": "Fern & Co",
            "unused": 1,
            "lines": [{"title": "title_Value"}],
            "order": {"id": "id_Value"},
        },
    }
    assert list(found["SuggestedTemplateModel"]) == ["shop", "unused", "lines", "order"]


async def test_parts_that_were_not_given_are_null(api):
    found = await validate(api, HtmlBody=None, TextBody="Hi {{name}}", Subject="")
    assert found == {
        "AllContentIsValid": True,
        "HtmlBody": None,
        "TextBody": valid("Hi name_Value"),
        "Subject": None,
        "SuggestedTemplateModel": {"name": "name_Value"},
    }
    found = await validate(api, Subject="plain\nsubject")
    assert found["Subject"] == valid("plain subject")
    assert found["SuggestedTemplateModel"] == {}


async def test_css_is_inlined_unless_told_otherwise(api):
    html = "<style>p{color:red}</style><p>{{ a }}</p>"
    inlined = '<html><head></head><body><p style="color: red;">a_Value</p></body></html>'
    assert (await validate(api, HtmlBody=html))["HtmlBody"] == valid(inlined)
    found = await validate(api, HtmlBody=html, InlineCssForHtmlTestRender=None)
    assert found["HtmlBody"] == valid(inlined)
    found = await validate(api, HtmlBody=html, InlineCssForHtmlTestRender=False)
    assert found["HtmlBody"] == valid("<style>p{color:red}</style><p>a_Value</p>")


async def test_objects_of_the_test_model_are_completed_and_arrays_replaced(api):
    text = "{{o.a}}{{o.b}} {{#each l}}{{x}}{{y}}{{/each}}"
    given = {"o": {"a": 1, "deep": [None]}, "l": [{"x": "only"}]}
    found = await validate(api, TextBody=text, TestRenderModel=given)
    assert found["TextBody"] == valid("1b_Value only")
    assert found["SuggestedTemplateModel"] == {
        "o": {"a": 1, "deep": [None], "b": "b_Value"},
        "l": [{"x": "only"}],
    }


async def test_an_empty_loop_is_suggested_three_items(api):
    found = await validate(api, TextBody="{{#each products}}{{/each}}", TestRenderModel=[])
    model = {"products": ["products_1", "products_2", "products_3"]}
    assert found["SuggestedTemplateModel"] == model


async def test_several_errors_in_their_order(api):
    found = await validate(api, TextBody="{{/a}}\n {{b-c}}")
    mismatch = "It appears that open and closing elements are mismatched."
    bad = "The path 'b-c' is not valid. Please see documentation for examples of valid paths."
    assert found["TextBody"] == invalid((mismatch, 1, 1), (bad, 2, 2))


async def test_a_model_that_does_not_fit_spoils_the_part(api):
    found = await validate(
        api, TextBody="{{#each o.n}}x{{/each}}", Subject="s", TestRenderModel={"o": {"n": 5}}
    )
    clash = "'o.n' is used like an array by the template, but is a scalar value or object in your model."
    assert found["TextBody"] == invalid((clash, None, None))
    assert found["Subject"] == valid("s")
    assert found["AllContentIsValid"] is False


async def test_a_layout_needs_its_placeholder_in_each_body(api):
    found = await validate(
        api, TemplateType="layout", HtmlBody="<b>{{{ @content }}}{{ a }}</b>", TextBody="none"
    )
    assert found["HtmlBody"] == valid("<html><head></head><body><b>a_Value</b></body></html>")
    assert found["TextBody"] == invalid((PLACEHOLDER, 1, 1))
    assert found["SuggestedTemplateModel"] == {"a": "a_Value"}


@pytest.mark.parametrize("part", ["HtmlBody", "TextBody", "Subject"])
async def test_a_standard_template_has_no_placeholder(api, part):
    found = await validate(api, **{part: "a {{{@content}}}"})
    assert found[part] == invalid((PLACEHOLDER, 1, 1))
    assert found["AllContentIsValid"] is False


async def test_bodies_inside_their_layout(api):
    texts = {"HtmlBody": "<b>{{{@content}}}</b>{{shop}}", "TextBody": "[{{{ @content }}}]{{f}}"}
    await create(api, LAYOUT | texts)
    found = await validate(
        api,
        HtmlBody="<i>{{name}}</i>",
        TextBody="Hi {{name}}",
        Subject="{{name}}",
        LayoutTemplate="House-Style",
        TestRenderModel={"name": "Zoé"},
    )
    html = "<html><head></head><body><b><i>Zoé</i></b>shop_Value</body></html>"
    assert found["HtmlBody"] == valid(html)
    assert found["TextBody"] == valid("[Hi Zoé]f_Value")
    assert found["Subject"] == valid("Zoé")
    model = {"name": "Zoé", "shop": "shop_Value", "f": "f_Value"}
    assert found["SuggestedTemplateModel"] == model


async def test_only_a_layout_of_the_own_server(api, app):
    await create(api, LAYOUT)
    await create(api, Alias="standard")
    for alias in ("nowhere", "standard"):
        answer = await api.post(
            "/templates/validate", json={"Subject": "s", "LayoutTemplate": alias}
        )
        assert refusal(answer) == LAYOUT_NOT_FOUND
    body = {"Subject": "s", "LayoutTemplate": "house-style"}
    answer = await api.post("/templates/validate", json=body, headers=a_second_server(app))
    assert refusal(answer) == LAYOUT_NOT_FOUND
    assert (await validate(api, Subject="s", LayoutTemplate=""))["AllContentIsValid"]


async def test_what_clients_post_besides(api):
    await create(api, Alias="welcome", HtmlBody="<p>{{ name }}</p>")
    whole = (await api.get("/templates/welcome")).json()
    found = await validate(api, **whole, TestRenderModel={"name": "Ann"}, Extra={"a": [1]})
    assert found["TextBody"] == valid("Hi Ann")
    camel = {"subject": "{{a}}", "htmlBody": "<p>", "testRenderModel": {"a": "A"}}
    found = await validate(api, **camel, inlineCssForHtmlTestRender=False)
    assert (found["Subject"], found["HtmlBody"]) == (valid("A"), valid("<p>"))


async def test_nothing_is_kept(api):
    await validate(api, Subject="s", Name="n", HtmlBody="<p>")
    assert (await api.get("/templates?count=1&offset=0")).json()["TotalCount"] == 0


@pytest.mark.parametrize("body", [b"", b"null"])
async def test_no_data(api, body):
    headers = {"Content-Type": "application/json"}
    answer = await api.post("/templates/validate", content=body, headers=headers)
    assert refusal(answer) == NO_DATA


@pytest.mark.parametrize("fields", [{}, {"Subject": None, "Name": "x"}, {"HtmlBody": ""}])
async def test_no_part(api, fields):
    answer = await api.post("/templates/validate", json=fields)
    assert refusal(answer) == (422, 1120, "Either 'TextBody' or 'HtmlBody' must be provided.")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Subject", 1),
        ("HtmlBody", {}),
        ("TestRenderModel", [1]),
        ("TestRenderModel", "x"),
        ("InlineCssForHtmlTestRender", 1),
    ],
)
async def test_wrong_types(api, field, value):
    answer = await api.post("/templates/validate", json={"TextBody": "x"} | {field: value})
    assert refusal(answer) == (422, 403, f"Invalid request field(s): $.{field}")


async def test_other_refusals(api):
    answer = await api.post("/templates/validate", json={"TextBody": "x", "TemplateType": "y"})
    assert refusal(answer) == (422, 1122, "The 'TemplateType' is invalid. Use Standard or Layout.")
    answer = await api.post("/templates/validate", json={"Subject": "s" * 2001})
    assert refusal(answer) == (422, 1121, "The 'Subject' field is too long.")


async def test_a_rendering_that_explodes_ends(api):
    loops = ["{{#each " + "../" * (2 * depth) + "a}}" for depth in range(4)]
    found = await validate(
        api,
        TextBody="".join(loops) + "x" + "{{/each}}" * 4,
        TestRenderModel={"a": [1] * 200},
    )
    (error,) = found["TextBody"]["ValidationErrors"]
    assert error["Message"] == "The template takes too many steps to render with this model."
