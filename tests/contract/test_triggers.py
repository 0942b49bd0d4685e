"""Inbound rules and tag triggers. Source: spec triggers-suppressions-data-removal 1, 2 and 6."""

import json

import pytest

from tests.contract.conftest import refusal

RULES = "/triggers/inboundrules"
TAGS = "/triggers/tags"
NO_DATA = (422, 809, "No trigger data received.")
NO_RULE = (422, 812, "This inbound rule was not found.")
NO_TAG = (422, 800, "This trigger was not found.")
BAD_COUNT = "The 'count' parameter is required and must be a positive integer."
BAD_OFFSET = "The 'offset' parameter is required and must be a non-negative integer."


async def add(api, rule: str) -> dict[str, object]:
    answer = await api.post(RULES, json={"Rule": rule})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_rules_are_added_listed_and_removed(api):
    one = await add(api, "  Spammer@Example.ORG ")
    two = await add(api, "BadDomain.example")
    assert (one["Rule"], two["Rule"]) == ("spammer@example.org", "baddomain.example")
    assert list(one) == ["ID", "Rule"]
    listed = await api.get("/triggers/inboundRules/?count=30&offset=0")
    assert listed.json() == {"TotalCount": 2, "InboundRules": [one, two]}
    page = await api.get(f"{RULES}?Count=1&Offset=1")
    assert page.json() == {"TotalCount": 2, "InboundRules": [two]}
    assert (await api.get(f"{RULES}?count=0&offset=0")).json()["InboundRules"] == []
    assert (await api.get(f"{RULES}?count=5&offset=9")).json()["TotalCount"] == 2
    assert (await api.get(f"{RULES}/{one['ID']}")).json() == one
    removed = await api.delete(f"{RULES}/{one['ID']}")
    assert removed.status_code == 200
    assert removed.json() == {"ErrorCode": 0, "Message": "Rule spammer@example.org removed."}
    assert refusal(await api.delete(f"{RULES}/{one['ID']}")) == NO_RULE
    assert (await add(api, "spammer@example.org"))["ID"] not in (one["ID"], two["ID"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", NO_DATA),
        (b"null", NO_DATA),
        (b"{}", NO_DATA),
        (b'{"Rule":null}', NO_DATA),
        (b'{"Rule":"  "}', NO_DATA),
        *(
            (
                json.dumps({"Rule": rule}).encode(),
                (422, 813, "Not a valid email address or domain."),
            )
            for rule in (
                "nonsense",
                "*.example.org",
                "*@example.org",
                "@example.org",
                "a b@c.example",
                "a@b",
            )
        ),
        (b'{"rule":"TAKEN.example"}', (422, 810, "This inbound rule already exists.")),
        (b'{"Rule":5}', (422, 403, "Invalid request field(s): $.Rule")),
        (b"{", (422, 402, "Invalid JSON.")),
    ],
)
async def test_rules_that_are_refused(api, body, expected):
    await add(api, "taken.example")
    answer = await api.post(RULES, content=body, headers={"Content-Type": "application/json"})
    assert refusal(answer) == expected


@pytest.mark.parametrize("path", [RULES, TAGS])
@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("", BAD_COUNT),
        ("offset=0", BAD_COUNT),
        ("count=5", BAD_OFFSET),
        ("count=x&offset=0", BAD_COUNT),
        ("count=-1&offset=0", BAD_COUNT),
        ("count=5&offset=-1", BAD_OFFSET),
        ("count=501&offset=0", "You may only request up to 500 triggers per call."),
    ],
)
async def test_paging_must_be_given(api, path, query, text):
    assert refusal(await api.get(f"{path}?{query}")) == (422, 800, text)


async def test_unknown_ids(api):
    for number in ("99", "x", "99999999999999999"):
        assert refusal(await api.get(f"{RULES}/{number}")) == NO_RULE
        assert refusal(await api.delete(f"{RULES}/{number}")) == NO_RULE
        assert refusal(await api.get(f"{TAGS}/{number}")) == NO_TAG
        assert refusal(await api.delete(f"{TAGS}/{number}")) == NO_TAG
        assert refusal(await api.put(f"{TAGS}/{number}", json={"MatchName": "a"})) == NO_TAG


async def test_tag_triggers_of_old_clients(api):
    one = (await api.post(TAGS, json={"MatchName": "welcome", "TrackOpens": True})).json()
    two = (await api.post(TAGS, json={"matchName": "other", "TrackOpens": None})).json()
    assert one == {"ID": one["ID"], "MatchName": "welcome", "TrackOpens": True}
    assert two == {"ID": two["ID"], "MatchName": "other"}
    listed = await api.get(f"{TAGS}?count=30&offset=0")
    assert listed.json() == {"TotalCount": 2, "Tags": [one, two]}
    named = await api.get(f"{TAGS}?count=30&offset=0&match_name=other")
    assert named.json() == {"TotalCount": 1, "Tags": [two]}
    path = f"{TAGS}/{one['ID']}"
    changed = await api.put(path, json={"MatchName": "hello", "TrackOpens": False})
    assert changed.json() == {"ID": one["ID"], "MatchName": "hello", "TrackOpens": False}
    assert (await api.put(path, json={"TrackOpens": None})).json() == changed.json()
    assert (await api.get(path)).json() == changed.json()
    removed = await api.delete(path)
    assert removed.json() == {"ErrorCode": 0, "Message": f"Tag {one['ID']} removed."}
    assert refusal(await api.get(path)) == NO_TAG


async def test_a_tag_trigger_needs_a_name(api):
    for body in ({}, {"TrackOpens": True}, {"MatchName": ""}):
        assert refusal(await api.post(TAGS, json=body)) == NO_DATA
