"""Templates and layouts. Source: spec templates 1 to 5 and 10."""

import asyncio

import pytest

from pillarbox.ids import new_token
from pillarbox.servers.model import NewServer
from pillarbox.servers.store import servers
from tests.contract.conftest import refusal

NOT_FOUND = (
    422,
    1101,
    "The 'TemplateId' associated with this request is not valid or was not found.",
)
ALIAS_NOT_FOUND = (
    422,
    1101,
    "The Template's 'Alias' associated with this request is not valid or was not found.",
)
LAYOUT_NOT_FOUND = (
    422,
    1101,
    "The 'LayoutTemplate' associated with this request is not valid or was not found.",
)
NO_DATA = (422, 1109, "No template data received.")
BAD_ALIAS = (
    "The 'Alias' is invalid. It must start with a letter and may only contain letters, numbers, "
    "'.', '-' and '_' characters."
)
PLACEHOLDER = "The layout content placeholder must be present in the layout HTML and/or Text body exactly once."
STANDARD = {"Name": "Welcome", "Subject": "Hello {{ name }}", "TextBody": "Hi {{ name }}"}
LAYOUT = {"Name": "House style", "TemplateType": "Layout", "HtmlBody": "<b>{{{ @content }}}</b>"}


async def create(api, fields=STANDARD, **changes):
    answer = await api.post("/templates", json=fields | changes)
    assert answer.status_code == 200, answer.text
    return answer.json()


def a_second_server(app) -> dict[str, str]:
    """The token header of another Server."""
    token = new_token()
    with app.db.transaction() as tx:
        servers.insert_server(tx, NewServer(name="Other", token=token))
    return {"X-Postmark-Server-Token": token}


async def test_creating_answers_without_texts(api):
    created = await create(api, Alias="welcome")
    assert list(created.items()) == [
        ("TemplateId", created["TemplateId"]),
        ("Name", "Welcome"),
        ("Active", True),
        ("Alias", "welcome"),
        ("TemplateType", "Standard"),
        ("LayoutTemplate", None),
    ]
    assert isinstance(created["TemplateId"], int)


async def test_getting_by_id_and_by_alias_in_any_case(api, server):
    text = "Hallo\r\n{{ name }}\r und \n  Grüße <b>  "
    created = await create(api, Alias="We.l-c_ome", TextBody=text, HtmlBody="<p>{{name}}")
    number = created["TemplateId"]
    for path in (number, "We.l-c_ome", "we.l-C_OME", f"{number}/"):
        answer = await api.get(f"/templates/{path}")
        assert answer.status_code == 200
        assert list(answer.json().items()) == [
            ("Name", "Welcome"),
            ("TemplateId", number),
            ("Subject", "Hello {{ name }}"),
            ("HtmlBody", "<p>{{name}}"),
            ("TextBody", text),
            ("AssociatedServerId", server.id),
            ("Active", True),
            ("Alias", "We.l-c_ome"),
            ("TemplateType", "Standard"),
            ("LayoutTemplate", None),
        ]


async def test_a_layout_has_no_subject_and_gets_an_alias(api):
    made = [await create(api, LAYOUT | {"Subject": "", "LayoutTemplate": ""}, Alias=None)]
    made.append(await create(api, LAYOUT))
    made.append(await create(api, LAYOUT, Name="日本"))
    made.append(await create(api, LAYOUT, Name="2 Columns"))
    made.append(await create(api, LAYOUT, Name="push"))
    assert [layout["Alias"] for layout in made] == [
        "house-style",
        "house-style-2",
        "layout",
        "layout-2-columns",
        "push-2",
    ]
    shown = (await api.get("/templates/house-style")).json()
    assert (shown["Subject"], shown["TemplateType"]) == (None, "Layout")
    assert (shown["TextBody"], shown["LayoutTemplate"]) == (None, None)


@pytest.mark.parametrize("path", ["1", "0", "007", "99999999999999999999999999"])
async def test_an_unknown_id(api, path):
    for answer in (
        await api.get(f"/templates/{path}"),
        await api.put(f"/templates/{path}", json={"Name": "x"}),
        await api.delete(f"/templates/{path}"),
    ):
        assert refusal(answer) == NOT_FOUND


@pytest.mark.parametrize("path", ["nowhere", "1a", "-1", "a%2Fb", "%C3%A9", "%00", "a%FF", "push"])
async def test_an_unknown_alias(api, path):
    assert refusal(await api.get(f"/templates/{path}")) == ALIAS_NOT_FOUND
    assert refusal(await api.delete(f"/templates/{path}")) == ALIAS_NOT_FOUND


async def test_validate_is_no_alias(api):
    assert refusal(await api.get("/templates/validate")) == NO_DATA
    assert refusal(await api.get("/templates/Validate/")) == NO_DATA


@pytest.mark.parametrize("body", [b"", b"null", b"  "])
async def test_no_data(api, body):
    headers = {"Content-Type": "application/json"}
    created = await create(api)
    for answer in (
        await api.post("/templates", content=body, headers=headers),
        await api.put(f"/templates/{created['TemplateId']}", content=body, headers=headers),
    ):
        assert refusal(answer) == NO_DATA


SYNTAX = "The 'HtmlBody' content is not valid: "
MISMATCH = "It appears that open and closing elements are mismatched."
NOT_CLOSED = (
    "A scope block to the following path was opened but not closed: 'a', "
    "please close it using the appropriate syntax."
)
REFUSED: list[tuple[dict, int, str]] = [
    ({"Name": None}, 1120, "The 'Name' field is required."),
    ({"Name": ""}, 1120, "The 'Name' field is required."),
    ({"Subject": None}, 1120, "The 'Subject' field is required."),
    ({"Subject": ""}, 1120, "The 'Subject' field is required."),
    ({"TextBody": None}, 1120, "Either 'TextBody' or 'HtmlBody' must be provided."),
    ({"TextBody": "", "HtmlBody": ""}, 1120, "Either 'TextBody' or 'HtmlBody' must be provided."),
    ({"Name": "n" * 256}, 1121, "The 'Name' field is too long."),
    ({"Alias": "a" * 256}, 1121, "The 'Alias' field is too long."),
    ({"Subject": "s" * 2001}, 1121, "The 'Subject' field is too long."),
    ({"HtmlBody": "é" * 2_700_000}, 1121, "The 'HtmlBody' field is too long."),
    ({"TextBody": "t" * 5_242_881}, 1121, "The 'TextBody' field is too long."),
    *(
        ({"Alias": alias}, 1122, BAD_ALIAS)
        for alias in ("", "1a", "-a", "a b", "é", "a/b", "validate", "Push", "a\n")
    ),
    ({"TemplateType": "x"}, 1122, "The 'TemplateType' is invalid. Use Standard or Layout."),
    ({"TemplateType": ""}, 1122, "The 'TemplateType' is invalid. Use Standard or Layout."),
    (
        {"HtmlBody": "a\n {{first-name}}{{x y}}"},
        1122,
        SYNTAX + "The path 'first-name' is not valid. Please see documentation for examples of "
        "valid paths. (line 2, character 2).",
    ),
    (
        {"HtmlBody": "{{/each}}"},
        1122,
        SYNTAX + "An 'each' block is being closed, but no corresponding opening element "
        "('{#each <name>}') was detected. (line 1, character 1).",
    ),
    (
        {"Subject": "{{#a}}"},
        1122,
        "The 'Subject' content is not valid: " + NOT_CLOSED + " (line 1, character 1).",
    ),
    (
        {"TextBody": "{{/a}}"},
        1122,
        "The 'TextBody' content is not valid: " + MISMATCH + " (line 1, character 1).",
    ),
    ({"TextBody": "{{{@content}}}"}, 1131, PLACEHOLDER),
    ({"Subject": "{{{ @content }}}"}, 1131, PLACEHOLDER),
    ({"LayoutTemplate": "nowhere"}, 1101, LAYOUT_NOT_FOUND[2]),
]


@pytest.mark.parametrize(("changes", "code", "text"), REFUSED, ids=lambda v: str(v)[:40])
async def test_what_creating_refuses(api, changes, code, text):
    assert refusal(await api.post("/templates", json=STANDARD | changes)) == (422, code, text)
    assert (await api.get("/templates?count=9&offset=0")).json()["TotalCount"] == 0


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [row for row in REFUSED if None not in row[0].values() and "TemplateType" not in row[0]],
    ids=lambda v: str(v)[:40],
)
async def test_what_editing_refuses(api, changes, code, text):
    number = (await create(api, Alias="kept"))["TemplateId"]
    before = (await api.get(f"/templates/{number}")).json()
    assert refusal(await api.put("/templates/kept", json=changes)) == (422, code, text)
    assert (await api.get(f"/templates/{number}")).json() == before


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"Subject": "s"}, 1123, "'Subject' may not be specified for a layout template."),
        (
            {"LayoutTemplate": "other"},
            1123,
            "'LayoutTemplate' may not be specified for a layout template.",
        ),
        ({"HtmlBody": "no place"}, 1131, PLACEHOLDER),
        ({"HtmlBody": "{{{@content}}}{{{ @content }}}"}, 1131, PLACEHOLDER),
        ({"TextBody": "no place"}, 1131, PLACEHOLDER),
        (
            {"HtmlBody": "{{@content}}"},
            1122,
            SYNTAX + "The path '@content' is not valid. Please see documentation for examples of "
            "valid paths. (line 1, character 1).",
        ),
    ],
)
async def test_what_layouts_refuse(api, changes, code, text):
    assert refusal(await api.post("/templates", json=LAYOUT | changes)) == (422, code, text)
    await create(api, LAYOUT)
    assert refusal(await api.put("/templates/house-style", json=changes)) == (422, code, text)


@pytest.mark.parametrize(
    ("field", "value"),
    [("Name", 1), ("Subject", True), ("HtmlBody", []), ("Alias", {}), ("LayoutTemplate", 4)],
)
async def test_wrong_types(api, field, value):
    expected = (422, 403, f"Invalid request field(s): $.{field}")
    assert refusal(await api.post("/templates", json=STANDARD | {field: value})) == expected


async def test_the_longest_there_may_be(api):
    longest = {"Name": "n" * 255, "Alias": "a" * 255, "Subject": "s" * 2000}
    created = await create(api, longest, HtmlBody="h" * 5_242_880)
    shown = (await api.get(f"/templates/{created['TemplateId']}")).json()
    assert len(shown["HtmlBody"]) == 5_242_880
    assert shown["Alias"] == "a" * 255


async def test_an_alias_is_one_of_a_kind_but_a_name_is_not(api):
    first = await create(api, Alias="welcome")
    second = await create(api)
    taken = (422, 1122, "The 'Alias' is already in use on this server.")
    assert refusal(await api.post("/templates", json=STANDARD | {"Alias": "WELCOME"})) == taken
    answer = await api.put(f"/templates/{second['TemplateId']}", json={"Alias": "Welcome"})
    assert refusal(answer) == taken
    answer = await api.put("/templates/welcome", json={"Alias": "WelCome"})
    assert answer.json()["Alias"] == "WelCome"
    await api.delete(f"/templates/{first['TemplateId']}")
    await create(api, Alias="welcome")


async def test_editing_changes_only_what_is_given(api):
    number = (await create(api, Alias="a", HtmlBody="<p>"))["TemplateId"]
    await create(api, LAYOUT)
    nulls = dict.fromkeys(("Subject", "HtmlBody", "TextBody", "Alias", "LayoutTemplate"))
    answer = await api.put(f"/templates/{number}", json=nulls | {"name": "New", "Unknown": 1})
    assert answer.json() == {
        "TemplateId": number,
        "Name": "New",
        "Active": True,
        "Alias": "a",
        "TemplateType": "Standard",
        "LayoutTemplate": None,
    }
    changed = {"Subject": "s", "HtmlBody": "", "TextBody": "t", "Alias": "b"}
    changed |= {"LayoutTemplate": "HOUSE-style", "TemplateType": "Layout"}
    assert (await api.put("/templates/A", json=changed)).status_code == 200
    shown = (await api.get(f"/templates/{number}")).json()
    wanted = {"Subject": "s", "HtmlBody": None, "TextBody": "t", "Alias": "b"}
    assert wanted | {"LayoutTemplate": "house-style", "TemplateType": "Standard"} == {
        key: shown[key] for key in changed
    }
    assert refusal(await api.put(f"/templates/{number}", json={"TextBody": ""})) == (
        422,
        1120,
        "Either 'TextBody' or 'HtmlBody' must be provided.",
    )
    assert (await api.put(f"/templates/{number}", json={})).json()["Name"] == "New"


async def test_an_empty_layout_takes_the_layout_away(api):
    await create(api, LAYOUT)
    created = await create(api, LayoutTemplate="house-style")
    assert created["LayoutTemplate"] == "house-style"
    path = f"/templates/{created['TemplateId']}"
    assert (await api.put(path, json={"LayoutTemplate": None})).json() == created
    assert (await api.put(path, json={"LayoutTemplate": ""})).json()["LayoutTemplate"] is None
    assert (await api.get(path)).json()["LayoutTemplate"] is None


async def test_only_a_layout_in_use_is_a_layout_to_use(api):
    await create(api, Alias="standard")
    for alias in ("standard", "nowhere"):
        answer = await api.post("/templates", json=STANDARD | {"LayoutTemplate": alias})
        assert refusal(answer) == LAYOUT_NOT_FOUND
    await create(api, LAYOUT)
    await api.delete("/templates/house-style")
    answer = await api.post("/templates", json=STANDARD | {"LayoutTemplate": "house-style"})
    assert refusal(answer) == LAYOUT_NOT_FOUND


async def test_a_renamed_layout_stays_the_layout_of_its_templates(api):
    await create(api, LAYOUT)
    created = await create(api, LayoutTemplate="house-style")
    await api.put("/templates/house-style", json={"Alias": "new-style"})
    shown = (await api.get(f"/templates/{created['TemplateId']}")).json()
    assert shown["LayoutTemplate"] == "new-style"


async def test_deleting(api):
    number = (await create(api, Alias="gone"))["TemplateId"]
    answer = await api.delete("/templates/Gone")
    assert answer.json() == {"ErrorCode": 0, "Message": f"Template {number} removed."}
    assert (await api.get("/templates?count=9&offset=0")).json() == {
        "TotalCount": 0,
        "Templates": [],
    }
    shown = (await api.get(f"/templates/{number}")).json()
    assert (shown["Active"], shown["TextBody"]) == (False, "Hi {{ name }}")
    assert refusal(await api.get("/templates/gone")) == ALIAS_NOT_FOUND
    assert refusal(await api.delete(f"/templates/{number}")) == NOT_FOUND
    assert refusal(await api.delete("/templates/gone")) == ALIAS_NOT_FOUND
    assert refusal(await api.put(f"/templates/{number}", json={"Name": "x"})) == NOT_FOUND


async def test_a_layout_in_use_stays(api):
    await create(api, LAYOUT)
    number = (await create(api, LayoutTemplate="house-style"))["TemplateId"]
    assert refusal(await api.delete("/templates/house-style")) == (
        422,
        1130,
        "The layout template cannot be deleted because it has dependent templates using it.",
    )
    await api.delete(f"/templates/{number}")
    assert (await api.delete("/templates/house-style")).status_code == 200


async def test_deleting_all_at_once(api):
    numbers = [(await create(api))["TemplateId"] for _ in range(6)]
    answers = await asyncio.gather(
        *(api.delete(f"/templates/{number}") for number in [*numbers, *numbers])
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 6 + [422] * 6


async def test_creating_the_same_alias_at_once(api):
    body = STANDARD | {"Alias": "same"}
    answers = await asyncio.gather(*(api.post("/templates", json=body) for _ in range(6)))
    codes = sorted(answer.json().get("ErrorCode", 0) for answer in answers)
    assert codes == [0, 1122, 1122, 1122, 1122, 1122]


async def test_a_server_may_have_so_many(api):
    for number in range(99):
        await create(api, Name=f"T{number}")
    await create(api, LAYOUT)
    full = (422, 1105, "You have reached the maximum of 100 active templates on this server.")
    assert refusal(await api.post("/templates", json=STANDARD)) == full
    await api.delete("/templates/house-style")
    await create(api)


async def test_the_list_is_in_order_and_paged(api):
    for name in ("beta", "Alpha", "alpha", "Gamma"):
        await create(api, Name=name)
    listed = (await api.get("/templates/?Count=500&Offset=0")).json()
    assert [found["Name"] for found in listed["Templates"]] == ["Alpha", "alpha", "beta", "Gamma"]
    page = (await api.get("/templates?count=2&offset=1")).json()
    assert page == {"TotalCount": 4, "Templates": listed["Templates"][1:3]}
    assert (await api.get("/templates?count=2&offset=9")).json()["Templates"] == []


async def test_a_listed_template(api):
    await create(api, LAYOUT)
    created = await create(api, Alias="welcome", LayoutTemplate="house-style")
    listed = (await api.get("/templates?count=5&offset=1")).json()["Templates"]
    assert list(listed[0].items()) == [
        ("Active", True),
        ("TemplateId", created["TemplateId"]),
        ("Name", "Welcome"),
        ("Alias", "welcome"),
        ("TemplateType", "Standard"),
        ("LayoutTemplate", "house-style"),
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["House style", "Plain", "Wrapped"]),
        ("&TemplateType=All", ["House style", "Plain", "Wrapped"]),
        ("&templateType=aLL", ["House style", "Plain", "Wrapped"]),
        ("&TemplateType=standard", ["Plain", "Wrapped"]),
        ("&TemplateType=LAYOUT", ["House style"]),
        ("&TemplateType=&LayoutTemplate=", ["House style", "Plain", "Wrapped"]),
        ("&LayoutTemplate=house-style", ["Wrapped"]),
        ("&TemplateType=All&layouttemplate=HOUSE-STYLE", ["Wrapped"]),
        ("&TemplateType=Layout&LayoutTemplate=house-style", []),
        ("&LayoutTemplate=nowhere", []),
    ],
)
async def test_the_filters_of_the_list(api, query, names):
    await create(api, LAYOUT)
    await create(api, Name="Plain")
    await create(api, Name="Wrapped", LayoutTemplate="house-style")
    listed = (await api.get(f"/templates?count=50&offset=0{query}")).json()
    assert [found["Name"] for found in listed["Templates"]] == names
    assert listed["TotalCount"] == len(names)


@pytest.mark.parametrize(
    "query",
    (
        " count=5 offset=0 count=0&offset=0 count=501&offset=0 count=x&offset=0 count=5&offset=-1 "
        "count=-1&offset=0 count=&offset=0 count=5&offset=1.5"
    ).split(" "),
)
async def test_a_bad_page(api, query):
    answer = await api.get(f"/templates?{query}")
    assert refusal(answer) == (422, 1100, "Invalid 'Count' or 'Offset' value.")


async def test_a_bad_type(api):
    answer = await api.get("/templates?count=5&offset=0&TemplateType=Other")
    assert refusal(answer) == (422, 1100, "Invalid 'TemplateType' value.")


async def test_templates_belong_to_one_server(api, app):
    await create(api, LAYOUT)
    number = (await create(api, Alias="welcome"))["TemplateId"]
    other = a_second_server(app)
    for method in ("GET", "DELETE"):
        by_id = await api.request(method, f"/templates/{number}", headers=other)
        assert refusal(by_id) == NOT_FOUND
        by_alias = await api.request(method, "/templates/welcome", headers=other)
        assert refusal(by_alias) == ALIAS_NOT_FOUND
    answer = await api.put(f"/templates/{number}", json={"Name": "x"}, headers=other)
    assert refusal(answer) == NOT_FOUND
    body = STANDARD | {"LayoutTemplate": "house-style"}
    assert refusal(await api.post("/templates", json=body, headers=other)) == LAYOUT_NOT_FOUND
    listed = await api.get("/templates?count=5&offset=0", headers=other)
    assert listed.json() == {"TotalCount": 0, "Templates": []}
    answer = await api.post("/templates", json=STANDARD | {"Alias": "welcome"}, headers=other)
    assert answer.status_code == 200


async def test_the_whole_object_of_a_client_can_be_put_back(api):
    await create(api, LAYOUT)
    for path in (
        "house-style",
        (await create(api, HtmlBody="<p>", LayoutTemplate="house-style"))["TemplateId"],
    ):
        whole = (await api.get(f"/templates/{path}")).json()
        assert (await api.put(f"/templates/{path}", json=whole)).status_code == 200
        assert (await api.get(f"/templates/{path}")).json() == whole
