"""Copying templates between Servers. Source: spec templates 9."""

import pytest

from tests.contract.conftest import refusal
from tests.contract.test_templates import LAYOUT, NO_DATA, a_second_server, create

STANDARD = {
    "Name": "Shipped",
    "Alias": "shipped",
    "Subject": "s",
    "TextBody": "t",
    "HtmlBody": "<p>",
    "LayoutTemplate": "house-style",
}


@pytest.fixture
async def other(app, api):
    """Another Server: its id and the header of its token."""
    headers = a_second_server(app)
    found = await api.get("/server", headers=headers)
    return found.json()["ID"], headers


@pytest.fixture
def push(api, server, other):
    async def call(**changes):
        body = {"SourceServerID": server.id, "DestinationServerID": other[0]}
        return await api.put("/templates/push", json=body | changes)

    return call


async def listed(api, headers=None):
    answer = await api.get("/templates?count=500&offset=0", headers=headers)
    return answer.json()["Templates"]


async def test_a_dry_run_only_tells(api, push, other):
    await create(api, LAYOUT)
    await create(api, STANDARD)
    await create(api, Name="Without alias")
    for changes in ({}, {"PerformChanges": False}, {"PerformChanges": None}):
        answer = await push(**changes)
        assert answer.status_code == 200
        assert answer.json() == {
            "TotalCount": 2,
            "Templates": [
                {
                    "Action": "Create",
                    "Alias": "house-style",
                    "Name": "House style",
                    "TemplateType": "Layout",
                },
                {
                    "Action": "Create",
                    "Alias": "shipped",
                    "Name": "Shipped",
                    "TemplateType": "Standard",
                },
            ],
        }
    assert await listed(api, other[1]) == []


async def test_creating_and_then_editing(api, push, other):
    await create(api, LAYOUT)
    await create(api, STANDARD)
    pushed = (await push(PerformChanges=True)).json()
    assert list(pushed["Templates"][0]) == ["Action", "TemplateId", "Alias", "Name", "TemplateType"]
    ids = [template["TemplateId"] for template in pushed["Templates"]]
    copy = (await api.get(f"/templates/{ids[1]}", headers=other[1])).json()
    original = (await api.get("/templates/shipped")).json()
    changed = {"TemplateId": ids[1], "AssociatedServerId": other[0]}
    assert copy == original | changed

    nothing = {"TotalCount": 0, "Templates": []}
    assert (await push(PerformChanges=True)).json() == nothing
    await api.put("/templates/shipped", json={"TextBody": "new", "LayoutTemplate": ""})
    await create(api, Name="Third", Alias="third")
    await api.put("/templates/SHIPPED", json={"Name": "Mine"}, headers=other[1])
    report = [
        ("Edit", ids[1], "shipped", "Shipped"),
        ("Create", None, "third", "Third"),
    ]
    for performs in (False, True):
        found = (await push(PerformChanges=performs)).json()["Templates"]
        seen = [(t["Action"], t.get("TemplateId"), t["Alias"], t["Name"]) for t in found]
        if performs:
            assert isinstance(seen[1][1], int)
            seen[1] = ("Create", None, "third", "Third")
        assert seen == report
    copy = (await api.get(f"/templates/{ids[1]}", headers=other[1])).json()
    assert (copy["Name"], copy["TextBody"], copy["LayoutTemplate"]) == ("Shipped", "new", None)
    assert (await push(PerformChanges=True)).json() == nothing
    assert len(await listed(api, other[1])) == 3


async def test_a_layout_that_is_already_there_is_used(api, push, other):
    await create(api, LAYOUT)
    await create(api, STANDARD)
    await api.post("/templates", json=LAYOUT, headers=other[1])
    pushed = (await push(PerformChanges=True)).json()
    assert [t["Alias"] for t in pushed["Templates"]] == ["shipped"]
    copy = (await api.get("/templates/shipped", headers=other[1])).json()
    assert copy["LayoutTemplate"] == "house-style"


async def test_ids_may_be_texts_and_spelled_the_old_way(api, push, server, other):
    await create(api, Alias="a")
    answer = await push(SourceServerID=str(server.id), DestinationServerID=str(other[0]))
    assert answer.json()["TotalCount"] == 1
    old = {"SourceServerId": server.id, "DestinationServerId": other[0]}
    assert (await api.put("/templates/push/", json=old)).json()["TotalCount"] == 1


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        (
            {"SourceServerID": 1, "DestinationServerID": 2},
            601,
            "The source and destination servers were not found.",
        ),
        ({"DestinationServerID": 2}, 601, "The destination server was not found."),
        ({"SourceServerID": 1 << 62}, 601, "The source server was not found."),
        ({"SourceServerID": None}, 1120, "The 'SourceServerID' field is required."),
        ({"DestinationServerID": None}, 1120, "The 'DestinationServerID' field is required."),
        ({"SourceServerID": "x"}, 403, "Invalid request field(s): $.SourceServerID"),
        ({"PerformChanges": "maybe"}, 403, "Invalid request field(s): $.PerformChanges"),
    ],
)
async def test_what_is_refused(api, push, changes, code, text):
    await create(api, Alias="a")
    assert refusal(await push(**changes)) == (422, code, text)


async def test_a_server_is_not_pushed_to_itself(api, push, server):
    await create(api, Alias="a")
    answer = await push(DestinationServerID=server.id)
    text = "The source and destination servers must be different."
    assert refusal(answer) == (422, 1122, text)


async def test_nothing_to_push(api, push):
    await create(api)
    gone = await create(api, Alias="gone")
    await api.delete(f"/templates/{gone['TemplateId']}")
    text = "There are no templates with an alias on the source server."
    assert refusal(await push()) == (422, 1124, text)


async def test_no_data(api):
    assert refusal(await api.put("/templates/push")) == NO_DATA


async def test_types_must_match(api, push, other):
    await create(api, LAYOUT, Alias="a")
    await create(api, Alias="b")
    body = {"Name": "n", "Alias": "A", "Subject": "s", "TextBody": "t"}
    await api.post("/templates", json=body, headers=other[1])
    text = "The template types don't match on the source and destination servers."
    assert refusal(await push(PerformChanges=True)) == (422, 1125, text)
    assert len(await listed(api, other[1])) == 1


async def test_the_limit_of_the_destination(api, push, other):
    await create(api, Alias="a")
    for number in range(100):
        body = {"Name": f"n{number}", "Subject": "s", "TextBody": "t"}
        await api.post("/templates", json=body, headers=other[1])
    text = "You have reached the maximum of 100 active templates on this server."
    assert refusal(await push()) == (422, 1105, text)
    assert refusal(await push(PerformChanges=True)) == (422, 1105, text)
