"""POST /email/withTemplate and /email/batchWithTemplates. Source: spec templates 7 and 8, overview 2.2."""

import re
from typing import Any

import pytest

from tests.contract.conftest import refusal
from tests.contract.test_email import INACTIVE, source, suppress, total
from tests.contract.test_templates import (
    ALIAS_NOT_FOUND,
    LAYOUT,
    NOT_FOUND,
    a_second_server,
    create,
)

MAIL = {"From": "Shop <shop@sender.example>", "To": "Ann <ann@one.example>"}
MODEL = {"name": "Ann & Bo", "lines": [{"t": "a"}, {"t": "b"}]}
TEMPLATE = {
    "Name": "Shipped",
    "Alias": "shipped",
    "Subject": "For {{ name }}",
    "HtmlBody": "<p>{{ name }}</p>",
    "TextBody": "Hi {{ name }}: {{#each lines}}{{t}};{{/each}}",
}
TEST = {"X-Postmark-Server-Token": "POSTMARK_API_TEST"}
CONTENT = (
    422,
    1123,
    "Neither 'TextBody', 'HtmlBody', or 'Subject' may be specified when using a template for the email.",
)


async def send(api, **changes):
    body = MAIL | {"TemplateAlias": "shipped", "TemplateModel": MODEL} | changes
    return await api.post("/email/withTemplate", json=body)


def body_of(mail, kind: str) -> str:
    part = mail.get_body((kind,))
    return "" if part is None else str(part.get_content()).rstrip("\r\n")


async def test_the_answer(api):
    await create(api, TEMPLATE)
    answer = await send(api)
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["To", "Message", "SubmittedAt", "MessageID", "ErrorCode"]
    assert (body["To"], body["Message"], body["ErrorCode"]) == ("Ann <ann@one.example>", "OK", 0)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", body["MessageID"])
    answer = await send(api, To=None, Bcc="b@one.example")
    assert "To" not in answer.json()


async def test_what_is_sent(api, app):
    number = (await create(api, TEMPLATE))["TemplateId"]
    by_id = {"TemplateAlias": None, "TemplateId": number}
    for changes in (by_id, {"TemplateAlias": "SHIPPED"}, {"TemplateId": number}):
        answer = await send(api, Tag="t", Headers=[{"Name": "X-A", "Value": "1"}], **changes)
        mail = await source(app, answer)
        assert (mail["Subject"], mail["X-A"], mail["X-PM-Tag"]) == ("For Ann & Bo", "1", "t")
        html = "<html><head></head><body><p>Ann &amp; Bo</p></body></html>"
        assert body_of(mail, "html") == html
        assert body_of(mail, "plain") == "Hi Ann & Bo: a;b;"


async def test_an_id_wins_over_an_alias(api, app):
    await create(api, TEMPLATE)
    other = await create(api, TEMPLATE, Alias="other", Subject="Other")
    mail = await source(app, await send(api, TemplateId=other["TemplateId"]))
    assert mail["Subject"] == "Other"
    mail = await source(app, await send(api, TemplateId=other["TemplateId"], TemplateAlias="nil"))
    assert mail["Subject"] == "Other"


async def test_a_template_of_html_alone_gives_no_text(api, app):
    await create(api, TEMPLATE, TextBody=None)
    mail = await source(app, await send(api))
    assert mail.get_content_type() == "text/html"


async def test_css_is_inlined_unless_told_otherwise(api, app):
    html = "<style>p{color:red}</style><p>x</p>"
    await create(api, TEMPLATE, HtmlBody=html)
    inlined = '<html><head></head><body><p style="color: red;">x</p></body></html>'
    for choice, expected in ((True, inlined), (None, inlined), (False, html), ("false", html)):
        mail = await source(app, await send(api, InlineCss=choice))
        assert body_of(mail, "html") == expected


async def test_a_layout_goes_around(api, app):
    bodies = {"HtmlBody": "<b>{{{@content}}}</b>{{{ foot }}}", "TextBody": "[{{{ @content }}}]"}
    await create(api, LAYOUT | bodies)
    await create(api, TEMPLATE, LayoutTemplate="house-style")
    mail = await source(app, await send(api, TemplateModel={"name": "<A>", "foot": "<hr>"}))
    assert body_of(mail, "plain") == "[Hi <A>: ]"
    html = "<html><head></head><body><b><p>&lt;A&gt;</p></b><hr></body></html>"
    assert body_of(mail, "html") == html


async def test_a_part_that_the_layout_or_the_content_lacks(api, app):
    await create(api, LAYOUT)
    await create(api, TEMPLATE, LayoutTemplate="house-style", TextBody="plain")
    mail = await source(app, await send(api, InlineCss=False))
    assert body_of(mail, "plain") == "plain"
    assert body_of(mail, "html") == "<b><p>Ann &amp; Bo</p></b>"
    await api.put("/templates/shipped", json={"HtmlBody": ""})
    mail = await source(app, await send(api))
    assert mail.get_content_type() == "text/plain"


async def test_a_change_shows_at_once(api, app):
    await create(api, LAYOUT, HtmlBody="1{{{@content}}}")
    await create(api, TEMPLATE, LayoutTemplate="house-style", HtmlBody="x")
    assert body_of(await source(app, await send(api, InlineCss=False)), "html") == "1x"
    await api.put("/templates/house-style", json={"HtmlBody": "2{{{@content}}}"})
    assert body_of(await source(app, await send(api, InlineCss=False)), "html") == "2x"
    await api.put("/templates/shipped", json={"HtmlBody": "y"})
    assert body_of(await source(app, await send(api, InlineCss=False)), "html") == "2y"
    await api.delete("/templates/shipped")
    assert refusal(await send(api)) == ALIAS_NOT_FOUND
    await create(api, TEMPLATE, Subject="again")
    assert (await source(app, await send(api)))["Subject"] == "again"


async def test_missing_values_and_empty_texts_are_no_failure(api, app):
    await create(api, TEMPLATE, Subject="{{ a }}", HtmlBody="{{ a }}", TextBody="{{ a }}")
    models: list = [{}, []]
    for model in models:
        answer = await send(api, TemplateModel=model, InlineCss=False)
        assert answer.status_code == 200
        mail = await source(app, answer)
        assert (mail["Subject"], body_of(mail, "html"), body_of(mail, "plain")) == ("", "", "")
        assert mail.get_content_type() == "multipart/alternative"


async def test_the_subject_is_one_line(api, app):
    await create(api, TEMPLATE)
    mail = await source(app, await send(api, TemplateModel={"name": "a\r\nX-Evil: 1"}))
    assert (mail["Subject"], mail["X-Evil"]) == ("For a X-Evil: 1", None)


@pytest.mark.parametrize("field", ["Subject", "HtmlBody", "TextBody"])
async def test_own_texts_are_refused_even_empty_ones(api, field):
    for value in ("x", ""):
        assert refusal(await send(api, **{field: value}, TemplateAlias="nowhere")) == CONTENT
    await create(api, TEMPLATE)
    assert (await send(api, **{field: None})).status_code == 200


async def test_which_template_is_not_found(api):
    number = (await create(api, TEMPLATE))["TemplateId"]
    layout = (await create(api, LAYOUT))["TemplateId"]
    gone = (await create(api, TEMPLATE, Alias="gone"))["TemplateId"]
    await api.delete(f"/templates/{gone}")
    for unknown in (1, 0, -1, 1 << 40, gone, layout):
        assert refusal(await send(api, TemplateId=unknown)) == NOT_FOUND
    for unknown in ("nowhere", "gone", "house-style", str(number)):
        assert refusal(await send(api, TemplateAlias=unknown)) == ALIAS_NOT_FOUND
    for nothing in (None, ""):
        assert refusal(await send(api, TemplateAlias=nothing)) == NOT_FOUND
    assert await total(api) == 0


async def test_a_template_of_another_server(api, app):
    number = (await create(api, TEMPLATE))["TemplateId"]
    assert (await send(api, TemplateId=number)).status_code == 200  # now it is known in the process
    assert (await send(api)).status_code == 200
    other = a_second_server(app)
    wishes: list[tuple[dict, Any]] = [
        ({"TemplateId": number}, NOT_FOUND),
        ({"TemplateAlias": "shipped"}, ALIAS_NOT_FOUND),
    ]
    for wanted, expected in wishes:
        body: dict = MAIL | wanted | {"TemplateModel": {}}
        answer = await api.post("/email/withTemplate", json=body, headers=other)
        assert refusal(answer) == expected


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"TemplateModel": None}, 1120, "The 'TemplateModel' field is required."),
        ({"TemplateModel": {"@a": 1}}, 1122, "The 'TemplateModel' contains a reserved key: '@a'."),
        (
            {"TemplateModel": {"a": 1, "pm:x": 1}},
            1122,
            "The 'TemplateModel' contains a reserved key: 'pm:x'.",
        ),
        ({"TemplateId": "1"}, 403, "Invalid request field(s): $.TemplateId"),
        ({"TemplateId": 1.5}, 403, "Invalid request field(s): $.TemplateId"),
        ({"TemplateAlias": 1}, 403, "Invalid request field(s): $.TemplateAlias"),
        ({"TemplateModel": [1]}, 403, "Invalid request field(s): $.TemplateModel"),
        ({"TemplateModel": "x"}, 403, "Invalid request field(s): $.TemplateModel"),
        ({"InlineCss": 1}, 403, "Invalid request field(s): $.InlineCss"),
        ({"From": ""}, 300, "Invalid 'From' value."),
        ({"To": "nobody@localhost"}, 300, "Invalid 'To' address: 'nobody@localhost'."),
        ({"To": ""}, 300, "Zero recipients specified"),
        (
            {"TemplateModel": {"name": "n" * 2001}},
            300,
            "The 'Subject' is too long. The maximum length is 2000 characters.",
        ),
        (
            {"MessageStream": "nowhere"},
            1235,
            "The stream provided: 'nowhere' does not exist on this server.",
        ),
        ({"MessageStream": "inbound"}, 1236, "Sending is not supported for this stream type."),
    ],
)
async def test_what_is_refused(api, changes, code, text):
    await create(api, TEMPLATE)
    assert refusal(await send(api, **changes)) == (422, code, text)
    assert await total(api) == 0


async def test_the_order_of_checks(api):
    await create(api, TEMPLATE)
    everything: dict = {
        "MessageStream": "nowhere",
        "Subject": "",
        "TemplateAlias": "nowhere",
        "TemplateModel": None,
        "From": "",
    }
    mended = ["MessageStream", "Subject", "TemplateAlias", "TemplateModel", "From"]
    codes = []
    for field in mended:
        answer = await send(api, **everything)
        codes.append(refusal(answer)[1])
        del everything[field]
    assert codes == [1235, 1123, 1101, 1120, 300]
    assert (await send(api, **everything)).status_code == 200


async def test_a_model_that_is_too_large(api):
    await create(api, TEMPLATE)
    message = MAIL | {"TemplateAlias": "shipped", "TemplateModel": {"a": "x" * 10_485_761}}
    answer = await api.post("/email/batchWithTemplates", json={"Messages": [message]})
    text = "The 'TemplateModel' field is too long."
    assert answer.json() == [{"ErrorCode": 1121, "Message": text}]


async def test_what_is_rendered_has_the_limits_of_a_message(api):
    await create(api, TEMPLATE)
    model = {"name": "x" * 1900, "lines": [{"t": "y" * 1000}] * 5300}
    text = "The 'TextBody' is too long. The maximum size is 5 MB."
    assert refusal(await send(api, TemplateModel=model)) == (422, 300, text)


async def test_suppressed_recipients(api, app, server):
    await create(api, TEMPLATE)
    await suppress(app, server, "ann@one.example")
    assert refusal(await send(api)) == (422, 406, INACTIVE.format("ann@one.example"))
    answer = await send(api, Cc="bo@one.example")
    assert answer.json()["Message"].startswith("Message OK, but will not deliver to these inactive")


async def test_a_model_that_does_not_fit_is_accepted_and_marked(api, app):
    await create(api, TEMPLATE)
    answer = await send(api, TemplateModel={"name": "A", "lines": "no array"})
    assert answer.json()["Message"] == "OK"
    mail = await source(app, answer)
    assert (mail["Subject"], mail.get_content_type()) == ("For A", "text/plain")
    assert body_of(mail, "plain") == ""


async def test_the_test_token_knows_no_templates(api):
    number = (await create(api, TEMPLATE))["TemplateId"]
    body = MAIL | {"TemplateAlias": "shipped", "TemplateModel": {}}
    answer = await api.post("/email/withTemplate", json=body, headers=TEST)
    assert refusal(answer) == ALIAS_NOT_FOUND
    by_id = MAIL | {"TemplateId": number}
    answer = await api.post("/email/withTemplate", json=by_id, headers=TEST)
    assert refusal(answer) == NOT_FOUND
    messages = {"Messages": [body, by_id, body | {"Subject": "s"}]}
    answer = await api.post("/email/batchWithTemplates", json=messages, headers=TEST)
    assert [tuple(item.values()) for item in answer.json()] == [
        ALIAS_NOT_FOUND[1:],
        NOT_FOUND[1:],
        CONTENT[1:],
    ]


async def test_a_batch(api, app):
    number = (await create(api, TEMPLATE))["TemplateId"]
    await create(api, TEMPLATE, Alias="other", Subject="Other {{ n }}", HtmlBody=None)
    items = [
        {"TemplateId": number, "TemplateModel": MODEL},
        {"TemplateAlias": "Other", "TemplateModel": {"n": 2}},
        {"TemplateAlias": "nowhere"},
        {"TemplateAlias": "other"},
        {"TemplateAlias": "other", "TemplateModel": {}, "TextBody": "x"},
        {"TemplateAlias": "shipped", "TemplateModel": {}, "To": "bob.lab.example"},
        {"TemplateAlias": "shipped", "TemplateModel": {"name": "Z"}, "InlineCss": False},
    ]
    answer = await api.post(
        "/email/batchWithTemplates", json={"Messages": [MAIL | item for item in items]}
    )
    assert answer.status_code == 200
    results = answer.json()
    codes = [result["ErrorCode"] for result in results]
    assert codes == [0, 0, 1101, 1120, 1123, 300, 0]
    assert results[2] == {"ErrorCode": 1101, "Message": ALIAS_NOT_FOUND[2]}
    assert list(results[0]) == ["To", "Message", "SubmittedAt", "MessageID", "ErrorCode"]
    assert await total(api) == 3

    listed = (await api.get("/messages/outbound?count=9&offset=0")).json()["Messages"]
    subjects = {message["MessageID"]: message["Subject"] for message in listed}
    assert subjects == {
        results[0]["MessageID"]: "For Ann & Bo",
        results[1]["MessageID"]: "Other 2",
        results[6]["MessageID"]: "For Z",
    }


async def test_the_body_of_a_batch(api):
    for path in ("/email/batchWithTemplates", "/email/batchwithtemplates/"):
        answer = await api.post(path, json={"Messages": []})
        assert (answer.status_code, answer.json()) == (200, [])
    text = "Invalid request field(s): $.Messages"
    for body in ({}, {"Messages": None}):
        answer = await api.post("/email/batchWithTemplates", json=body)
        assert refusal(answer) == (422, 403, text)
    assert refusal(await api.post("/email/batchWithTemplates", json=[MAIL]))[:2] == (422, 403)
    bad = {"Messages": [MAIL, MAIL | {"TemplateId": "x"}]}
    answer = await api.post("/email/batchWithTemplates", json=bad)
    assert refusal(answer) == (422, 403, "Invalid request field(s): $.Messages[1].TemplateId")
    many = {"Messages": [MAIL] * 501}
    text = "You may only send up to 500 messages in a single batched request."
    assert refusal(await api.post("/email/batchWithTemplates", json=many)) == (422, 410, text)


async def test_a_template_spelled_as_in_php(api):
    number = (await create(api, TEMPLATE))["TemplateId"]
    message: dict = {"from": "a@sender.example", "to": "b@one.example"}
    message |= {"TemplateID": number, "templateModel": {"name": "N"}, "Cc": "", "ReplyTo": ""}
    answer = await api.post("/email/batchWithTemplates", json={"messages": [message]})
    assert answer.json()[0]["ErrorCode"] == 0


async def test_sending_without_a_template_renders_nothing(api, app):
    body = MAIL | {"TextBody": "{{ a }}", "TemplateModel": {"a": 1}, "TemplateAlias": "x"}
    assert body_of(await source(app, await api.post("/email", json=body)), "plain") == "{{ a }}"
