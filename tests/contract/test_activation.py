"""Bounces and suppressions are two views of one state. Source: spec bounces 3 and 4.5."""

import uuid

import pytest

from pillarbox.bounces.model import BounceType, NewBounce
from pillarbox.bounces.record import record
from pillarbox.events import store as events
from pillarbox.outbound.store import queue
from tests.contract.conftest import refusal
from tests.contract.test_suppressions import MAIL, PATH, body, changes, dump


async def bounced(app, server, kind: BounceType, email: str = "Ann@example.org") -> int:
    new = NewBounce(
        type=kind,
        rule="test",
        server_id=server.id,
        stream_key=server.streams["outbound"].key,
        message_key=77,
        message_id=str(uuid.uuid4()),
        email=email,
        sender="a@sender.example",
        subject="Hi",
        tag=None,
        details="550",
        at=app.clock.now(),
    )
    bounce = await app.db.write(lambda tx: record(tx, new))
    assert bounce is not None
    return int(bounce.id)


async def inactive(api) -> list[bool]:
    found = (await api.get("/bounces?count=9&offset=0")).json()["Bounces"]
    return [bounce["Inactive"] for bounce in found]


@pytest.mark.parametrize(
    ("kind", "reason", "origin"),
    [
        (BounceType.HARD_BOUNCE, "HardBounce", "Recipient"),
        (BounceType.BAD_EMAIL_ADDRESS, "HardBounce", "Recipient"),
        (BounceType.SPAM_COMPLAINT, "SpamComplaint", "Recipient"),
        (BounceType.MANUALLY_DEACTIVATED, "ManualSuppression", "Customer"),
    ],
)
async def test_a_bounce_that_deactivates_suppresses_and_tells(
    app, api, server, kind, reason, origin
):
    number = await bounced(app, server, kind)
    (found,) = await dump(api)
    assert found["EmailAddress"] == "ann@example.org"
    assert (found["SuppressionReason"], found["Origin"]) == (reason, origin)
    details = {"Origin": origin, "SuppressSending": "True", "SuppressionReason": reason}
    assert await changes(app) == [
        ("Ann@example.org", {"Summary": "550", "BounceID": str(number)}, 77),
        ("Ann@example.org", details, 77),
    ]


async def test_soft_bounces_suppress_nothing(app, api, server):
    await bounced(app, server, BounceType.SOFT_BOUNCE)
    assert await dump(api) == []
    assert len(await changes(app)) == 1


async def test_deleting_the_suppression_activates_all_its_bounces(app, api, server):
    await bounced(app, server, BounceType.HARD_BOUNCE)
    await bounced(app, server, BounceType.HARD_BOUNCE)
    await bounced(app, server, BounceType.HARD_BOUNCE, "other@example.org")
    assert await inactive(api) == [True, True, True]
    await api.post(f"{PATH}/delete", json=body("ANN@example.org"))
    assert await inactive(api) == [True, False, False]
    assert (await api.get("/deliverystats")).json()["InactiveMails"] == 1


async def test_activating_a_bounce_deletes_the_suppression(app, api, server):
    number = await bounced(app, server, BounceType.HARD_BOUNCE)
    for _ in range(2):
        answer = await api.put(f"/bounces/{number}/activate")
        assert answer.status_code == 200
        assert answer.json()["Bounce"]["Inactive"] is False
    assert await dump(api) == []
    assert (await changes(app))[2:] == [
        ("ann@example.org", {"Origin": "Customer", "SuppressSending": "False"}, 77)
    ]


async def test_a_complaint_outranks_what_was_before_and_cannot_be_lifted(app, api, server):
    number = await bounced(app, server, BounceType.HARD_BOUNCE)
    await bounced(app, server, BounceType.SPAM_COMPLAINT)
    (found,) = await dump(api)
    assert found["SuppressionReason"] == "SpamComplaint"
    refused = await api.put(f"/bounces/{number}/activate")
    assert refusal(refused) == (
        422,
        1003,
        "Due to the type of bounce, this address cannot be reactivated.",
    )
    await api.post(f"{PATH}/delete", json=body("ann@example.org"))
    assert await inactive(api) == [True, True]


async def test_a_hard_bounce_leaves_what_waits_and_a_complaint_does_not(app, api, server):
    await api.post("/email", json=MAIL | {"To": "ann@example.org"})
    await bounced(app, server, BounceType.HARD_BOUNCE)
    assert await app.db.read(queue.count_waiting) == 1
    await bounced(app, server, BounceType.SPAM_COMPLAINT)
    assert await app.db.read(queue.count_waiting) == 0


async def test_details_of_a_message_hide_the_reason(app, api, server):
    sent = (await api.post("/email", json=MAIL | {"To": "ann@example.org"})).json()
    path = f"/messages/outbound/{sent['MessageID']}/details"
    (copy,) = await app.db.write(lambda tx: queue.claim(tx, [("example.org", 1)], 7))
    new = NewBounce(
        type=BounceType.HARD_BOUNCE,
        rule="test",
        server_id=server.id,
        stream_key=server.streams["outbound"].key,
        message_key=copy.message_key,
        message_id=sent["MessageID"],
        email="ann@example.org",
        sender="a@sender.example",
        subject="Hi",
        tag=None,
        details="550",
        at=app.clock.now(),
    )
    await app.db.write(lambda tx: record(tx, new))
    stored = await app.db.read(lambda tx: events.list_of_message(tx, copy.message_key))
    assert stored[1].details["SuppressionReason"] == "HardBounce"
    shown = (await api.get(path)).json()["MessageEvents"]
    assert shown[1]["Type"] == "SubscriptionChanged"
    assert shown[1]["Details"] == {"Origin": "Recipient", "SuppressSending": "True"}
