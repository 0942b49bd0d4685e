"""Data removals. Source: spec triggers-suppressions-data-removal 4 and 6."""

import pytest

from pillarbox.retention.removals import remove
from tests.contract.conftest import refusal

PATH = "/data-removals"
REQUEST = {"RequestedBy": "boss@sender.example", "RequestedFor": "Ann@one.example"}
INVALID = (422, 1300, "The request is empty or invalid.")
UNKNOWN = (422, 1301, "Missing or incorrect data removal request ID.")


async def test_a_removal_is_pending_and_then_done(app, api):
    await api.post(
        "/email",
        json={
            "From": "a@sender.example",
            "To": "ann@one.example",
            "Subject": "Hi Ann",
            "TextBody": "x",
            "Metadata": {"k": "v"},
        },
    )
    answer = await api.post(f"{PATH}/", json=REQUEST | {"NotifyWhenCompleted": True})
    assert answer.status_code == 200
    made = answer.json()
    assert made == {"ID": made["ID"], "Status": "Pending"}
    assert isinstance(made["ID"], int)
    assert (await api.get(f"{PATH}/{made['ID']}")).json() == made
    await remove(app)
    assert (await api.get(f"{PATH}/{made['ID']}")).json() == made | {"Status": "Done"}
    listed = (await api.get("/messages/outbound?count=5&offset=0")).json()
    (message,) = listed["Messages"]
    alias = f"removed-{made['ID']}@erased.invalid"
    assert message["To"] == [{"Email": alias, "Name": ""}]
    details = (await api.get(f"/messages/outbound/{message['MessageID']}/details")).json()
    assert (details["Body"], details["Subject"], details["Metadata"]) == ("", "", {})
    dump = await api.get(f"/messages/outbound/{message['MessageID']}/dump")
    assert dump.json() == {"Body": ""}
    assert (await api.post(PATH, json=REQUEST)).json()["ID"] > made["ID"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", INVALID),
        (b"null", INVALID),
        (b"{}", INVALID),
        (b'{"RequestedBy":"a@sender.example"}', INVALID),
        (b'{"RequestedFor":"a@sender.example"}', INVALID),
        (b'{"RequestedBy":"a@sender.example","RequestedFor":"nobody"}', INVALID),
        (b'{"RequestedBy":"x","RequestedFor":"a@one.example"}', INVALID),
        (b'{"RequestedBy":"","RequestedFor":""}', INVALID),
        (b'{"RequestedBy":5}', (422, 403, "Invalid request field(s): $.RequestedBy")),
        (b"{", (422, 402, "Invalid JSON.")),
    ],
)
async def test_requests_that_are_refused(api, body, expected):
    answer = await api.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert refusal(answer) == expected


@pytest.mark.parametrize("path", [PATH, f"{PATH}/", f"{PATH}/x", f"{PATH}/77", f"{PATH}/{10**17}"])
async def test_unknown_ids(api, path):
    assert refusal(await api.get(path)) == UNKNOWN
