"""Reading opens and clicks back. Source: spec messages 8 to 11."""

from datetime import UTC, datetime, timedelta

import pytest

from pillarbox import ids
from pillarbox.tracking import store
from pillarbox.tracking.model import ClickLocation, Hit, HitKind, Place, Platform, Product
from tests.contract.conftest import refusal
from tests.contract.test_inbound_messages import BAD_QUERIES, NEVER, PAGE

AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/121.0 Safari/537.36"
KINDS = {"opens": HitKind.OPEN, "clicks": HitKind.CLICK}
GEO = Place(
    country="Serbia",
    country_code="RS",
    region="Autonomna Pokrajina Vojvodina",
    region_code="VO",
    city="Novi Sad",
    zip="21000",
    coords="45.2517,19.8369",
    ip="192.0.2.77",
)
FULL = {
    "tag": "welcome-user",
    "platform": Platform.DESKTOP,
    "user_agent": AGENT,
    "read_seconds": 5,
    "client": Product("Chrome 121", "Google Inc.", "Chrome"),
    "os": Product("OS X 10.15", "Apple Computer, Inc.", "OS X"),
    "place": GEO,
}


@pytest.fixture
def hit(app, server):
    """Note a hit of the first Server; what was noted."""

    def put(kind, *, stream="outbound", **changes):
        key = changes.pop("message_key", None) or app.keys.next()
        values = {
            "kind": kind,
            "server_id": server.id,
            "stream_key": server.streams[stream].key,
            "message_key": key,
            "message_id": ids.message_id(key),
            "recipient": "jo@example.org",
            "tag": None,
            "at": app.clock.now(),
        }
        if kind is HitKind.CLICK:
            values |= {"link": "https://example.com/rsvp", "location": ClickLocation.HTML}
        new = Hit(**values | changes)
        with app.db.transaction() as tx:
            store.insert_hit(tx, new)
        return new

    return put


async def found(api, what, **query):
    answer = await api.get(f"/messages/outbound/{what}", params=PAGE | query)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    shown = [item["MessageID"] for item in body[what.title()]]
    assert body["TotalCount"] == len(shown)
    return shown


@pytest.mark.parametrize("what", KINDS)
async def test_nothing_yet(api, what):
    answer = await api.get(f"/messages/outbound/{what}?count=1&offset=0")
    assert answer.json() == {"TotalCount": 0, what.title(): []}


SHOWN = {
    "MessageStream": "outbound",
    "Client": {"Name": "Chrome 121", "Company": "Google Inc.", "Family": "Chrome"},
    "OS": {"Name": "OS X 10.15", "Company": "Apple Computer, Inc.", "Family": "OS X"},
    "Platform": "Desktop",
    "UserAgent": AGENT,
    "Geo": {
        "CountryISOCode": "RS",
        "Country": "Serbia",
        "RegionISOCode": "VO",
        "Region": "Autonomna Pokrajina Vojvodina",
        "City": "Novi Sad",
        "Zip": "21000",
        "Coords": "45.2517,19.8369",
        "IP": "192.0.2.77",
    },
    "ReceivedAt": "2026-03-04T14:15:02.8782710Z",
    "Tag": "welcome-user",
    "Recipient": "jo@example.org",
}


async def test_an_open_with_everything(api, hit):
    opened = hit(HitKind.OPEN, **FULL)
    answer = await api.get("/messages/outbound/opens/?count=1&offset=0")
    assert answer.json() == {
        "TotalCount": 1,
        "Opens": [
            SHOWN
            | {
                "RecordType": "Open",
                "FirstOpen": True,
                "ReadSeconds": 5,
                "MessageID": opened.message_id,
            }
        ],
    }


async def test_a_click_with_everything(api, hit):
    clicked = hit(
        HitKind.CLICK, **FULL, link="https://example.com/a?b=ü", location=ClickLocation.TEXT
    )
    answer = await api.get("/messages/outbound/clicks?count=1&offset=0")
    assert answer.json() == {
        "TotalCount": 1,
        "Clicks": [
            SHOWN
            | {
                "RecordType": "Click",
                "ClickLocation": "Text",
                "OriginalLink": "https://example.com/a?b=ü",
                "MessageID": clicked.message_id,
            }
        ],
    }


async def test_hits_of_which_nothing_is_known(api, hit):
    nothing = {
        "MessageStream": "outbound",
        "Client": {},
        "OS": {"Name": "unknown", "Company": "unknown", "Family": "unknown"},
        "Platform": "Unknown",
        "UserAgent": "",
        "Geo": {},
        "ReceivedAt": "2026-03-04T14:15:02.8782710Z",
        "Recipient": "jo@example.org",
    }
    opened, clicked = hit(HitKind.OPEN), hit(HitKind.CLICK)
    answer = await api.get("/messages/outbound/opens", params=PAGE)
    one = {"RecordType": "Open", "FirstOpen": True, "ReadSeconds": 0}
    assert answer.json()["Opens"] == [nothing | one | {"MessageID": opened.message_id}]
    answer = await api.get("/messages/outbound/clicks", params=PAGE)
    one = {
        "RecordType": "Click",
        "ClickLocation": "HTML",
        "OriginalLink": "https://example.com/rsvp",
    }
    assert answer.json()["Clicks"] == [nothing | one | {"MessageID": clicked.message_id}]


async def test_platforms(api, hit):
    for platform in Platform:
        hit(HitKind.OPEN, platform=platform)
        hit(HitKind.CLICK, platform=platform)
    opens = (await api.get("/messages/outbound/opens", params=PAGE)).json()["Opens"]
    assert {one["Platform"] for one in opens} == {"WebMail", "Desktop", "Mobile", "Unknown"}
    clicks = (await api.get("/messages/outbound/clicks", params=PAGE)).json()["Clicks"]
    assert {one["Platform"] for one in clicks} == {"Desktop", "Mobile", "Unknown"}


FILTERS = [
    ("recipient", "Jo@Example.ORG"),
    ("tag", "welcome-user"),
    ("client_name", "chrome 121"),
    ("clientName", "Chrome 121"),
    ("client_company", "GOOGLE INC."),
    ("clientCompany", "Google Inc."),
    ("client_family", "chrome"),
    ("clientFamily", "Chrome"),
    ("os_name", "os x 10.15"),
    ("osName", "OS X 10.15"),
    ("os_family", "os x"),
    ("osFamily", "OS X"),
    ("os_company", "apple computer, inc."),
    ("osCompany", "Apple Computer, Inc."),
    ("platform", "desktop"),
    ("country", "serbia"),
    ("country", "rs"),
    ("region", "autonomna pokrajina vojvodina"),
    ("region", "VO"),
    ("city", "novi sad"),
]


@pytest.mark.parametrize("what", KINDS)
async def test_each_filter(api, hit, what):
    wanted = hit(KINDS[what], **FULL)
    hit(KINDS[what], recipient="ann@example.org", tag="other", platform=Platform.MOBILE)
    for other in KINDS.values():
        if other is not KINDS[what]:
            hit(other, **FULL)
    for name, value in FILTERS:
        assert await found(api, what, **{name: value}) == [wanted.message_id], name
        assert await found(api, what, **{name: value[:-1]}) == [], name
    everything = dict(FILTERS)
    assert await found(api, what, **everything) == [wanted.message_id]
    assert await found(api, what, **everything | {"city": "Belgrade"}) == []
    assert await found(api, what, tag="Welcome-User") == []
    assert len(await found(api, what, city="", type="readtimes")) == 2


@pytest.mark.parametrize("what", KINDS)
async def test_streams(api, hit, what):
    one, other = hit(KINDS[what]), hit(KINDS[what], stream="broadcast", **FULL)
    assert await found(api, what) == [one.message_id]
    assert await found(api, what, messageStream="Broadcast") == [other.message_id]
    assert await found(api, what, messagestream="broadcast", city="novi sad") == [other.message_id]
    assert await found(api, what, city="novi sad") == []
    answer = await api.get(f"/messages/outbound/{what}", params=PAGE | {"messagestream": "nope"})
    text = "The message stream for the provided 'ID' was not found."
    assert refusal(answer) == (422, 1226, text)


@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("more", [{}, {"recipient": "jo@example.org"}])
async def test_dates(api, hit, what, more):
    old = hit(KINDS[what], at=datetime(2026, 2, 1, 5, 0, 0, tzinfo=UTC)).message_id
    new = hit(KINDS[what]).message_id
    assert await found(api, what, **more) == [new, old]
    assert await found(api, what, fromdate="2026-02-01", **more) == [new, old]
    assert await found(api, what, fromdate="2026-02-01T00:00:01", **more) == [new]
    assert await found(api, what, todate="2026-02-01", **more) == [old]
    assert await found(api, what, todate="2026-01-31", **more) == []


@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("more", [{}, {"recipient": "jo@example.org"}])
async def test_pages(api, hit, app, what, more):
    kept: list[str] = []
    for _ in range(4):
        kept.insert(0, hit(KINDS[what]).message_id)
        app.clock.advance(timedelta(seconds=1))
    for offset in range(5):
        query = {"count": 2, "offset": offset} | more
        body = (await api.get(f"/messages/outbound/{what}", params=query)).json()
        assert body["TotalCount"] == 4
        shown = [item["MessageID"] for item in body[what.title()]]
        assert shown == kept[offset : offset + 2]


@pytest.mark.parametrize("what", KINDS)
async def test_only_the_first_counts(api, hit, app, what):
    message = {"From": "a@sender.example", "To": "jo@example.org, ann@example.org", "TextBody": "x"}
    message_id = (await api.post("/email", json=message)).json()["MessageID"]
    path = f"/messages/outbound/{what}/{message_id}"
    assert (await api.get(path, params=PAGE)).json() == {"TotalCount": 0, what.title(): []}

    where = {"message_key": ids.key_of(message_id), "message_id": message_id}
    hit(KINDS[what], **where, read_seconds=1, user_agent="first")
    hit(KINDS[what], **where, recipient="JO@example.org", user_agent="second")
    app.clock.advance(timedelta(seconds=1))
    hit(KINDS[what], **where, recipient="ann@example.org", user_agent="third")
    hit(KINDS[what], user_agent="of another message")
    body = (await api.get(f"/MESSAGES/outbound/{what}/{message_id.upper()}", params=PAGE)).json()
    assert body["TotalCount"] == 2
    assert [item["UserAgent"] for item in body[what.title()]] == ["third", "first"]
    assert {item["RecordType"] for item in body[what.title()]} == {KINDS[what].value}
    body = (await api.get(path, params={"count": 1, "offset": 1})).json()
    assert [item["UserAgent"] for item in body[what.title()]] == ["first"]
    assert body["TotalCount"] == 2


async def test_each_link_counts_once(api, hit):
    key = hit(HitKind.CLICK).message_key
    hit(HitKind.CLICK, message_key=key)
    hit(HitKind.CLICK, message_key=key, link="https://example.com/other")
    body = (await api.get("/messages/outbound/clicks", params=PAGE)).json()
    links = [item["OriginalLink"] for item in body["Clicks"]]
    assert links == ["https://example.com/other", "https://example.com/rsvp"]


@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("name", [NEVER, "123", "details"])
async def test_messages_that_do_not_exist(api, what, name):
    answer = await api.get(f"/messages/outbound/{what}/{name}", params=PAGE)
    assert refusal(answer) == (422, 701, "This message was not found.")


@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize(("query", "text"), BAD_QUERIES)
async def test_bad_queries(api, what, query, text):
    answer = await api.get(f"/messages/outbound/{what}?{query}")
    assert refusal(answer) == (422, 700, text)
    if "date" not in query:
        answer = await api.get(f"/messages/outbound/{what}/{NEVER}?{query}")
        assert refusal(answer) == (422, 700, text)
