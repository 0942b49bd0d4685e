"""Suppressions. Source: spec triggers-suppressions-data-removal 3 and 6."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from pillarbox.api import suppressions as endpoints
from pillarbox.events import store as events
from pillarbox.outbound.store import queue
from pillarbox.suppressions import store
from pillarbox.suppressions.change import hold_back
from pillarbox.suppressions.model import HeldBack, Origin, Reason, Suppression
from tests.contract.conftest import refusal

PATH = "/message-streams/outbound/suppressions"
NOT_YOURS = "You do not have the required authority to change this suppression."
INVALID = "An invalid email address was provided."
MAIL = {"From": "a@sender.example", "Subject": "Hi", "TextBody": "x"}


def held(app, server, address: str, reason: Reason, origin: Origin, slug: str = "outbound") -> None:
    """Hold an address back as something other than the API would."""
    with app.db.transaction() as tx:
        one = Suppression(
            stream_key=server.streams[slug].key,
            address=address,
            reason=reason,
            origin=origin,
            created_at=tx.now,
        )
        hold_back(tx, [HeldBack(suppression=one, server_id=server.id, recipient=address)])


def body(*addresses: str | None) -> dict[str, list[dict[str, str | None]]]:
    return {"Suppressions": [{"EmailAddress": address} for address in addresses]}


async def dump(api, **query: str) -> list[dict[str, str]]:
    answer = await api.get(f"{PATH}/dump", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    found = answer.json()
    assert list(found) == ["Suppressions"]
    return list(found["Suppressions"])


async def addresses(api, **query: str) -> list[str]:
    return [one["EmailAddress"] for one in await dump(api, **query)]


async def changes(app) -> list[tuple[str, dict[str, str], int | None]]:
    """Recipient, details and message of every event, oldest first."""
    rows = await app.db.read(
        lambda tx: tx.rows(events.events.select().order_by(events.events.c.id))
    )
    return [(row.recipient, row.details, row.message_key) for row in rows]


async def test_an_address_is_suppressed_once_and_listed(app, api, server):
    answer = await api.post(
        PATH + "/", json=body(" Ann@Example.ORG ", "bob@example.org", "ann@example.org")
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "Suppressions": [
            {"EmailAddress": " Ann@Example.ORG ", "Status": "Suppressed", "Message": None},
            {"EmailAddress": "bob@example.org", "Status": "Suppressed", "Message": None},
            {"EmailAddress": "ann@example.org", "Status": "Suppressed", "Message": None},
        ]
    }
    assert await dump(api) == [
        {
            "EmailAddress": address,
            "SuppressionReason": "ManualSuppression",
            "Origin": "Customer",
            "CreatedAt": "2026-03-04T09:15:02-05:00",
        }
        for address in ("bob@example.org", "ann@example.org")
    ]
    details = {
        "Origin": "Customer",
        "SuppressSending": "True",
        "SuppressionReason": "ManualSuppression",
    }
    assert await changes(app) == [
        ("ann@example.org", details, None),
        ("bob@example.org", details, None),
    ]


async def test_a_second_suppression_changes_nothing_and_tells_nothing(app, api, clock):
    await api.post(PATH, json=body("ann@example.org"))
    before = await dump(api)
    clock.advance(timedelta(days=1))
    answer = await api.post(PATH, json=body("ann@example.org"))
    assert answer.json()["Suppressions"][0]["Status"] == "Suppressed"
    assert await dump(api) == before
    assert len(await changes(app)) == 1


@pytest.mark.parametrize(
    ("reason", "origin", "created", "deleted"),
    [
        (Reason.HARD_BOUNCE, Origin.RECIPIENT, None, None),
        (Reason.SPAM_COMPLAINT, Origin.RECIPIENT, NOT_YOURS, NOT_YOURS),
        (Reason.MANUAL, Origin.RECIPIENT, None, NOT_YOURS),
        (Reason.MANUAL, Origin.CUSTOMER, None, None),
        (Reason.MANUAL, Origin.ADMIN, None, NOT_YOURS),
    ],
)
async def test_who_may_change_a_suppression(app, api, server, reason, origin, created, deleted):
    held(app, server, "ann@example.org", reason, origin)
    before = await dump(api)
    for path, message, done in (
        (PATH, created, "Suppressed"),
        (f"{PATH}/delete", deleted, "Deleted"),
    ):
        answer = await api.post(path, json=body("ANN@example.org", "new@example.org"))
        assert answer.status_code == 200
        first, second = answer.json()["Suppressions"]
        assert first == {
            "EmailAddress": "ANN@example.org",
            "Status": "Failed" if message else done,
            "Message": message,
        }
        assert second == {"EmailAddress": "new@example.org", "Status": done, "Message": None}
        if path == PATH:
            assert [
                one for one in await dump(api) if one["EmailAddress"] == "ann@example.org"
            ] == before
    assert (await dump(api) == []) == (deleted is None)


async def test_failed_items_never_change_the_status(api):
    for path in (PATH, f"{PATH}/delete"):
        answer = await api.post(
            path, json=body("not-an-address", "", "Ann <ann@example.org>", "a@b")
        )
        assert answer.status_code == 200
        assert [(one["Status"], one["Message"]) for one in answer.json()["Suppressions"]] == [
            ("Failed", INVALID)
        ] * 4
    assert await dump(api) == []


async def test_deleting_restores_sending_and_tells_of_it(app, api):
    await api.post(PATH, json=body("ann@example.org"))
    mail = MAIL | {"To": "Ann@example.org"}
    assert refusal(await api.post("/email", json=mail))[1] == 406
    answer = await api.post(
        f"{PATH}/delete", json=body("ANN@example.org", "ann@example.org", "never@example.org")
    )
    assert answer.json() == {
        "Suppressions": [
            {"EmailAddress": "ANN@example.org", "Status": "Deleted", "Message": None},
            {"EmailAddress": "ann@example.org", "Status": "Deleted", "Message": None},
            {"EmailAddress": "never@example.org", "Status": "Deleted", "Message": None},
        ]
    }
    assert (await api.post("/email", json=mail)).status_code == 200
    assert (await changes(app))[1:] == [
        ("ann@example.org", {"Origin": "Customer", "SuppressSending": "False"}, None)
    ]


async def test_suppressions_belong_to_one_stream(app, api, server):
    await api.post("/message-streams/Broadcast/suppressions", json=body("ann@example.org"))
    assert await dump(api) == []
    assert (await api.post("/email", json=MAIL | {"To": "ann@example.org"})).status_code == 200
    await api.post(f"{PATH}/delete", json=body("ann@example.org"))
    found = await api.get("/message-streams/broadcast/suppressions/dump")
    assert len(found.json()["Suppressions"]) == 1


async def test_what_waits_for_a_suppressed_address_is_not_sent(app, api, server):
    sent = await api.post("/email", json=MAIL | {"To": "ann@example.org, Bob <bob@example.org>"})
    alone = await api.post("/email", json=MAIL | {"To": "ANN@example.org"})
    other = {"To": "ann@example.org", "MessageStream": "broadcast"}
    await api.post("/email", json=MAIL | other)
    await api.post(PATH, json=body("ann@example.org"))
    waiting = await app.db.read(lambda tx: queue.list_waiting(tx, limit=10))
    assert sorted((one.recipient, one.lane) for one in waiting) == [
        ("ann@example.org", "example.org bulk"),
        ("bob@example.org", "example.org"),
    ]
    for answer in (sent, alone):
        details = await api.get(f"/messages/outbound/{answer.json()['MessageID']}/details")
        assert details.json()["MessageEvents"] == []
        assert details.json()["Status"] == "Sent"


async def test_a_copy_in_hand_is_still_sent(app, api):
    await api.post("/email", json=MAIL | {"To": "ann@example.org"})
    (copy,) = await app.db.write(lambda tx: queue.claim(tx, [("example.org", 1)], 7))
    await api.post(PATH, json=body("ann@example.org"))
    held_copy = (copy.message_key, copy.position, 7)
    assert await app.db.write(lambda tx: queue.still_held(tx, [held_copy])) == {held_copy}


ANN = ("ann@example.org", Reason.HARD_BOUNCE, Origin.RECIPIENT)
BOB = ("bob@example.org", Reason.SPAM_COMPLAINT, Origin.RECIPIENT)
CAT = ("cat@example.org", Reason.MANUAL, Origin.CUSTOMER)
DAN = ("dan@example.org", Reason.MANUAL, Origin.RECIPIENT)


@pytest.fixture
def four(app, server, clock):
    """Four suppressions, a day apart; the first at 2026-03-04 00:30 Eastern."""
    clock.at = datetime(2026, 3, 4, 5, 30, tzinfo=UTC)
    for one in (ANN, BOB, CAT, DAN):
        held(app, server, *one)
        clock.advance(timedelta(days=1))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "dcba"),
        ({"count": "1", "offset": "2"}, "dcba"),
        ({"count": "many"}, "dcba"),
        ({"SuppressionReason": "HardBounce"}, "a"),
        ({"suppressionReason": "manualsuppression"}, "dc"),
        ({"suppression_reason": "SPAMCOMPLAINT"}, "b"),
        ({"SuppressionReason": ""}, "dcba"),
        ({"Origin": "recipient"}, "dba"),
        ({"origin": "Customer"}, "c"),
        ({"Origin": "admin"}, ""),
        ({"Origin": "Recipient", "SuppressionReason": "ManualSuppression"}, "d"),
        ({"EmailAddress": "Cat@Example.org"}, "c"),
        ({"emailAddress": "cat@example.org", "origin": "recipient"}, ""),
        ({"EmailAddress": "example.org"}, ""),
        ({"EmailAddress": "not an address"}, ""),
        ({"EmailAddress": "nobody@example.org"}, ""),
        ({"fromdate": "2026-03-05"}, "dcb"),
        ({"fromDate": "2026-3-7"}, "d"),
        ({"todate": "2026-03-04"}, "a"),
        ({"ToDate": "2026-03-05"}, "ba"),
        ({"fromdate": "2026-03-05", "todate": "2026-03-06"}, "cb"),
        ({"fromdate": "2026-03-04T05:30:00.0000000Z"}, "dcba"),
        ({"fromdate": "2026-03-04T05:30:00.0000010Z"}, "dcb"),
        ({"todate": "2026-03-04T00:30:00"}, "a"),
        ({"todate": "2026-03-04T06:30:00+01:00"}, "a"),
        ({"todate": "2026-03-04T06:29:59 01:00"}, ""),
    ],
)
async def test_filters_of_the_list(api, four, query, found):
    names = {address[0]: address for address, _, _ in (ANN, BOB, CAT, DAN)}
    assert await addresses(api, **query) == [names[letter] for letter in found]


async def test_times_are_eastern_by_season_and_without_fraction(app, api, server, clock):
    clock.at = datetime(2026, 7, 1, 2, 0, 0, 999_999, tzinfo=UTC)
    held(app, server, *ANN)
    assert await dump(api) == [
        {
            "EmailAddress": "ann@example.org",
            "SuppressionReason": "HardBounce",
            "Origin": "Recipient",
            "CreatedAt": "2026-06-30T22:00:00-04:00",
        }
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"SuppressionReason": "Bounce"}, (422, 1404, "Parameter 'SuppressionReason' is invalid.")),
        ({"Origin": "Robot"}, (422, 1405, "Parameter 'Origin' is invalid.")),
        (
            {"fromdate": "yesterday"},
            (422, 1407, "Something went wrong when processing the request."),
        ),
        (
            {"todate": "2026-02-30"},
            (422, 1407, "Something went wrong when processing the request."),
        ),
    ],
)
async def test_filters_that_make_no_sense(api, query, expected):
    assert refusal(await api.get(f"{PATH}/dump", params=query)) == expected


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("size", [0, 1, 4, 5, 8, 9])
async def test_a_long_list_comes_whole_in_pieces(
    app, api, server, clock, monkeypatch, size, encoding
):
    monkeypatch.setattr(endpoints, "AT_ONCE", 4)
    made = [f"user{n}@example.org" for n in range(size)]
    for n, address in enumerate(made):
        held(app, server, address, Reason.HARD_BOUNCE, Origin.RECIPIENT)
        if n % 2:
            clock.advance(timedelta(microseconds=1))
    async with api.stream("GET", f"{PATH}/dump", headers={"Accept-Encoding": encoding}) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])
    assert ("content-encoding" in answer.headers) == (encoding == "gzip")
    assert "content-length" not in answer.headers
    found = json.loads(gzip.decompress(raw) if encoding == "gzip" else raw)
    assert [one["EmailAddress"] for one in found["Suppressions"]] == made[::-1]


@pytest.mark.parametrize("path", [PATH, f"{PATH}/delete"])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (b"", (422, 1409, "A proper request body must be provided.")),
        (b"null", (422, 1409, "A proper request body must be provided.")),
        (b"{}", (422, 1409, "A proper request body must be provided.")),
        (b'{"Suppressions":null}', (422, 1409, "A proper request body must be provided.")),
        (b'{"Suppressions":[]}', (422, 1409, "A proper request body must be provided.")),
        (
            b'{"Suppressions":[{"EmailAddress":"a@example.org"},{}]}',
            (422, 1411, "Parameter 'emailAddress' is required but was left out."),
        ),
        (
            json.dumps(body(*[f"u{n}@example.org" for n in range(51)])).encode(),
            (
                422,
                1410,
                "You cannot provide more than the maximum number of suppressions for this request.",
            ),
        ),
        (b"{", (422, 402, "Invalid JSON.")),
        (b'{"Suppressions":"a"}', (422, 403, "Invalid request field(s): $.Suppressions")),
    ],
)
async def test_bodies_that_are_refused_whole(api, path, given, expected):
    answer = await api.post(path, content=given, headers={"Content-Type": "application/json"})
    assert refusal(answer) == expected
    assert await dump(api) == []


async def test_fifty_addresses_at_once(api):
    fifty = [f"u{n}@example.org" for n in range(50)]
    answer = await api.post(PATH, json={"suppressions": [{"emailAddress": a} for a in fifty]})
    assert [one["EmailAddress"] for one in answer.json()["Suppressions"]] == fifty
    assert sorted(await addresses(api)) == sorted(fifty)
    await api.post(f"{PATH}/delete", json=body(*fifty))
    assert await dump(api) == []


UNKNOWN = (422, 1226, "The message stream for the provided 'ID' was not found.")


async def test_an_unknown_stream(api):
    assert refusal(await api.get("/message-streams/x/suppressions/dump")) == UNKNOWN
    for path in ("suppressions", "suppressions/delete"):
        answer = await api.post(f"/message-streams/x/{path}", json=body("a@example.org"))
        assert refusal(answer) == UNKNOWN


async def test_an_inbound_stream_has_none(api):
    path = "/message-streams/inbound/suppressions"
    refused = await api.post(path, json=body("ann@example.org"))
    assert refusal(refused)[1:] == (1407, "Something went wrong when processing the request.")
    assert (await api.get(f"{path}/dump")).json() == {"Suppressions": []}
    deleted = await api.post(f"{path}/delete", json=body("ann@example.org"))
    assert deleted.json()["Suppressions"][0]["Status"] == "Deleted"


async def test_an_erased_address_stays_held_back_unnamed(app, api, server):
    held(app, server, *ANN)
    held(app, server, *BOB)
    for address in ("ann@example.org", "bob@example.org"):
        await app.db.write(lambda tx, a=address: store.erase(tx, a))
    assert await dump(api) == []
    both = MAIL | {"To": "Ann@example.org, bob@example.org"}
    assert refusal(await api.post("/email", json=both))[1] == 406
    answer = await api.post(f"{PATH}/delete", json=body("ann@example.org", "bob@example.org"))
    assert [one["Status"] for one in answer.json()["Suppressions"]] == ["Deleted", "Failed"]
    sent = (await api.post("/email", json=both)).json()
    assert "inactive addresses: bob@example.org." in sent["Message"]
