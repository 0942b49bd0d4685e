"""Templates, and sending with them."""

from typing import Any

from pillarbox.errors import Problem
from tests.contract.refusals.case import (
    NEVER,
    UNPROCESSABLE,
    Answers,
    Case,
    Request,
    case,
    delete,
    get,
    post,
    put,
)

_STANDARD = {"Name": "Hello", "Alias": "hello", "Subject": "S", "TextBody": "T"}
_LAYOUT = {
    "Name": "Frame",
    "Alias": "frame",
    "TemplateType": "Layout",
    "TextBody": "{{{@content}}}",
}
_SEND = {"From": "shop@sender.example", "To": "ann@one.example", "TemplateAlias": "hello"}
_SECOND_SERVER = post("/servers", {"Name": "Second"})


def _create(code: int, text: str, *before: Request, like: Any = _STANDARD, **changes: Any) -> Any:
    """The refusal of a new template with these members; None is left out."""
    body = {name: value for name, value in (like | changes).items() if value is not None}
    return case(code, text, *before, post("/templates", body))


def _send(code: int, text: str, *before: Request, **changes: Any) -> Any:
    return case(code, text, *before, post("/email/withTemplate", _SEND | changes))


def _push(
    code: int, text: str, *before: Request, source: int, destination: int, **settings: str
) -> Any:
    """The refusal of a push; the Servers are numbers, or positions of their creation in the requests."""

    def body(answers: Answers) -> dict[str, Any]:
        first, second = (
            answers[one]["ID"] if one < NEVER else one for one in (source, destination)
        )
        return {"SourceServerID": first, "DestinationServerID": second, "PerformChanges": True}

    return Case(UNPROCESSABLE, code, text, (*before, put("/templates/push", body)), settings)


def _on_second(body: Any) -> Request:
    """A template on the Server that the second request created."""
    return Request(
        method="POST",
        path="/templates",
        body=body,
        headers={"X-Postmark-Server-Token": "{1[ApiTokens][0]}"},
    )


CASES = {
    Problem.TEMPLATES_BAD_PAGE: case(
        1100, "Invalid 'Count' or 'Offset' value.", get("/templates?count=501&offset=0")
    ),
    Problem.TEMPLATES_BAD_TYPE: case(
        1100,
        "Invalid 'TemplateType' value.",
        get("/templates?count=1&offset=0&templateType=Frame"),
    ),
    Problem.TEMPLATE_NOT_FOUND: case(
        1101,
        "The 'TemplateId' associated with this request is not valid or was not found.",
        get(f"/templates/{NEVER}"),
    ),
    Problem.TEMPLATE_ALIAS_NOT_FOUND: _send(
        1101,
        "The Template's 'Alias' associated with this request is not valid or was not found.",
        TemplateModel={},
    ),
    Problem.LAYOUT_NOT_FOUND: _create(
        1101,
        "The 'LayoutTemplate' associated with this request is not valid or was not found.",
        LayoutTemplate="nowhere",
    ),
    Problem.TOO_MANY_TEMPLATES: case(
        1105,
        "You have reached the maximum of 1 active templates on this server.",
        post("/templates", _STANDARD),
        post("/templates", _STANDARD | {"Alias": "other"}),
        template_limit="1",
    ),
    Problem.NO_TEMPLATE_DATA: case(1109, "No template data received.", post("/templates", b"")),
    Problem.FIELD_REQUIRED: _create(1120, "The 'Name' field is required.", Name=None),
    Problem.TEMPLATE_BODY_REQUIRED: _create(
        1120, "Either 'TextBody' or 'HtmlBody' must be provided.", TextBody=None
    ),
    Problem.TEMPLATE_FIELD_TOO_LONG: _create(
        1121, "The 'Subject' field is too long.", Subject="x" * 2001
    ),
    Problem.ALIAS_INVALID: _create(
        1122,
        "The 'Alias' is invalid. It must start with a letter and may only contain letters, numbers, "
        "'.', '-' and '_' characters.",
        Alias="7up",
    ),
    Problem.ALIAS_TAKEN: _create(
        1122, "The 'Alias' is already in use on this server.", post("/templates", _STANDARD)
    ),
    Problem.TEMPLATE_TYPE_INVALID: _create(
        1122, "The 'TemplateType' is invalid. Use Standard or Layout.", TemplateType="Frame"
    ),
    Problem.TEMPLATE_SYNTAX: _create(
        1122,
        "The 'TextBody' content is not valid: A scope block to the following path was opened but not closed: "
        "'a', please close it using the appropriate syntax. (line 1, character 1).",
        TextBody="{{#each a}}",
    ),
    Problem.RESERVED_MODEL_KEY: _send(
        1122,
        "The 'TemplateModel' contains a reserved key: '@content'.",
        post("/templates", _STANDARD),
        TemplateModel={"@content": "x"},
    ),
    Problem.PUSH_TO_ITSELF: _push(
        1122,
        "The source and destination servers must be different.",
        _SECOND_SERVER,
        source=0,
        destination=0,
    ),
    Problem.CONTENT_WITH_TEMPLATE: _send(
        1123,
        "Neither 'TextBody', 'HtmlBody', or 'Subject' may be specified when using a template for the email.",
        post("/templates", _STANDARD),
        TemplateModel={},
        Subject="S",
    ),
    Problem.LAYOUT_WITH_SUBJECT: _create(
        1123,
        "'Subject' may not be specified for a layout template.",
        like=_LAYOUT,
        Subject="S",
    ),
    Problem.LAYOUT_WITH_LAYOUT: _create(
        1123,
        "'LayoutTemplate' may not be specified for a layout template.",
        like=_LAYOUT,
        LayoutTemplate="frame",
    ),
    Problem.NOTHING_TO_PUSH: _push(
        1124,
        "There are no templates with an alias on the source server.",
        _SECOND_SERVER,
        post("/servers", {"Name": "Third"}),
        source=0,
        destination=1,
    ),
    Problem.TOO_MANY_TO_PUSH: _push(
        1124,
        "You may only push up to 100 templates in a single request.",
        get("/server"),
        _SECOND_SERVER,
        *(post("/templates", _STANDARD | {"Alias": f"a{number}"}) for number in range(101)),
        source=0,
        destination=1,
        template_limit="200",
    ),
    Problem.PUSH_TYPES_DIFFER: _push(
        1125,
        "The template types don't match on the source and destination servers.",
        get("/server"),
        _SECOND_SERVER,
        post("/templates", _STANDARD),
        _on_second(_LAYOUT | {"Alias": "hello"}),
        source=0,
        destination=1,
    ),
    Problem.LAYOUT_IN_USE: case(
        1130,
        "The layout template cannot be deleted because it has dependent templates using it.",
        post("/templates", _LAYOUT),
        post("/templates", _STANDARD | {"LayoutTemplate": "frame"}),
        delete("/templates/frame"),
    ),
    Problem.LAYOUT_PLACEHOLDER: _create(
        1131,
        "The layout content placeholder must be present in the layout HTML and/or Text body exactly once.",
        like=_LAYOUT,
        TextBody="nothing",
    ),
    Problem.PUSH_SERVERS_NOT_FOUND: _push(
        601,
        "The source and destination servers were not found.",
        source=NEVER,
        destination=NEVER + 1,
    ),
    Problem.PUSH_DESTINATION_NOT_FOUND: _push(
        601,
        "The destination server was not found.",
        _SECOND_SERVER,
        source=0,
        destination=NEVER,
    ),
    Problem.PUSH_SOURCE_NOT_FOUND: _push(
        601, "The source server was not found.", _SECOND_SERVER, source=NEVER, destination=0
    ),
}
