"""Statistics: thirteen endpoints with the same filters. Source: spec stats."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from pillarbox.app import App
from pillarbox.bounces.model import BounceType, NewBounce
from pillarbox.bounces.record import record
from pillarbox.ids import message_id
from pillarbox.outbound.accept import accept
from pillarbox.servers.model import NewServer, Server
from pillarbox.servers.store import servers
from pillarbox.stats import record as stats
from pillarbox.stats.model import Click, Location, Open, Place, Platform, Sending
from tests.conftest import SetClock
from tests.contract.conftest import refusal
from tests.factories import a_prepared

FIXED = {
    "/stats/outbound/sends": ["Sent"],
    "/stats/outbound/bounces": ["HardBounce", "SoftBounce", "SMTPApiError", "Transient"],
    "/stats/outbound/spam": ["SpamComplaint"],
    "/stats/outbound/tracked": ["Tracked"],
    "/stats/outbound/opens": ["Opens", "Unique"],
    "/stats/outbound/opens/platforms": ["Desktop", "Mobile", "WebMail", "Unknown"],
    "/stats/outbound/clicks": ["Clicks", "Unique"],
    "/stats/outbound/clicks/platforms": ["Desktop", "Mobile", "Unknown"],
    "/stats/outbound/clicks/location": ["HTML", "Text"],
}
DYNAMIC = [
    "/stats/outbound/opens/emailclients",
    "/stats/outbound/opens/readtimes",
    "/stats/outbound/clicks/browserfamilies",
]
ALL = ["/stats/outbound", *FIXED, *DYNAMIC]
COUNTERS = [
    "Sent",
    "Bounced",
    "SMTPApiErrors",
    "BounceRate",
    "SpamComplaints",
    "SpamComplaintsRate",
    "Opens",
    "UniqueOpens",
    "Tracked",
    "WithLinkTracking",
    "WithOpenTracking",
    "TotalTrackedLinksSent",
    "UniqueLinksClicked",
    "TotalClicks",
    "WithClientRecorded",
    "WithPlatformRecorded",
    "WithReadTimeRecorded",
]


@dataclass
class Book:
    """Makes things happen on set days, at noon in New York."""

    app: App
    server: Server
    clock: SetClock

    def at(self, day: int) -> datetime:
        return datetime(2026, 3, day, 16, 30, tzinfo=UTC)

    def place(self, tag: str | None = None, stream: str = "outbound") -> Place:
        key = self.server.streams[stream].key
        return Place(server_id=self.server.id, stream_key=key, tag=tag)

    def send(self, day: int, copies: int, *, opens=False, links=0, **where: str) -> None:
        place = self.place(**where)
        self.clock.at = self.at(day)
        with self.app.db.transaction() as tx:
            sending = Sending(
                place.server_id, place.stream_key, place.tag, copies, opens, links > 0, links
            )
            stats.sent(tx, [sending])

    def bounce(self, day: int, kind: str, times: int = 1, **where: str) -> None:
        place = self.place(**where)
        with self.app.db.transaction() as tx:
            for number in range(times):
                new = NewBounce(
                    type=BounceType(kind),
                    rule="test",
                    server_id=place.server_id,
                    stream_key=place.stream_key,
                    message_key=None,
                    message_id=message_id(self.app.keys.next()),
                    email=f"{kind}{number}@one.example",
                    sender="",
                    subject="",
                    tag=place.tag,
                    details="",
                    at=self.at(day),
                )
                assert record(tx, new) is not None

    def open(self, day: int, times: int = 1, *, first: int = 0, **facts) -> None:
        """Opens, the first few of them unique and with these facts."""
        hits = [
            Open(place=self.place(), at=self.at(day), is_first=number < first, **facts)
            for number in range(times)
        ]
        with self.app.db.transaction() as tx:
            stats.opened(tx, hits)

    def click(self, day: int, times: int = 1, *, first: int = 0, **facts) -> None:
        facts = {"location": Location.HTML} | facts
        hits = [
            Click(place=self.place(), at=self.at(day), is_first=number < first, **facts)
            for number in range(times)
        ]
        with self.app.db.transaction() as tx:
            stats.clicked(tx, hits)


@pytest.fixture
def book(app, server, clock) -> Book:
    return Book(app, server, clock)


async def get(api, path: str, **query: str):
    answer = await api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(("path", "names"), FIXED.items())
async def test_nothing_yet_is_no_days_and_zeros(api, path, names):
    assert await get(api, path) == {"Days": [], **dict.fromkeys(names, 0)}


@pytest.mark.parametrize("path", DYNAMIC)
async def test_nothing_yet_is_no_days_where_names_are_free(api, path):
    assert await get(api, path) == {"Days": []}


async def test_nothing_yet_is_zeros_in_the_overview(api):
    answer = await api.get("/stats/outbound")
    assert answer.json() == dict.fromkeys(COUNTERS, 0)
    assert '"BounceRate":0.0' in answer.text
    assert '"SpamComplaintsRate":0.0' in answer.text


async def test_the_overview_of_the_documentation(api, book):
    book.send(1, 504)
    book.send(2, 21, opens=True)
    book.send(3, 30, opens=True, links=1)
    book.send(3, 60, links=1)
    for kind, times in {"HardBounce": 12, "Transient": 36, "SoftBounce": 16}.items():
        book.bounce(2, kind, times)
    book.bounce(3, "SMTPApiError", 25)
    book.bounce(3, "SpamComplaint", 10)
    book.open(3, 140)
    book.open(4, 10, first=10, client="Gmail")
    book.open(4, 16, first=16)
    book.click(4, 42)
    book.click(5, 30, first=30)
    answer = await api.get("/stats/outbound")
    assert answer.json() == {
        "Sent": 615,
        "Bounced": 64,
        "SMTPApiErrors": 25,
        "BounceRate": 10.406,
        "SpamComplaints": 10,
        "SpamComplaintsRate": 1.626,
        "Opens": 166,
        "UniqueOpens": 26,
        "Tracked": 111,
        "WithLinkTracking": 90,
        "WithOpenTracking": 51,
        "TotalTrackedLinksSent": 90,
        "UniqueLinksClicked": 30,
        "TotalClicks": 72,
        "WithClientRecorded": 10,
        "WithPlatformRecorded": 26,
        "WithReadTimeRecorded": 26,
    }


async def test_links_are_counted_times_recipients(api, book):
    book.send(1, 3, links=4)
    found = await get(api, "/stats/outbound")
    assert (found["TotalTrackedLinksSent"], found["WithLinkTracking"]) == (12, 3)


async def test_sends(api, book):
    for day, copies in ((1, 140), (2, 160), (4, 50)):
        book.send(day, copies)
    assert await get(api, "/stats/outbound/sends") == {
        "Days": [
            {"Date": "2026-03-01", "Sent": 140},
            {"Date": "2026-03-02", "Sent": 160},
            {"Date": "2026-03-04", "Sent": 50},
        ],
        "Sent": 350,
    }


async def test_bounces_by_type_without_complaints(api, book):
    for kind, times in {"HardBounce": 2, "SoftBounce": 3, "Transient": 1}.items():
        book.bounce(1, kind, times)
    for kind, times in {"HardBounce": 1, "SMTPApiError": 4, "Blocked": 1}.items():
        book.bounce(3, kind, times)
    book.bounce(4, "SpamComplaint", 2)
    book.bounce(4, "InboundError")
    first = {"HardBounce": 2, "SoftBounce": 3, "SMTPApiError": 0, "Transient": 1}
    third = {"HardBounce": 1, "SoftBounce": 0, "SMTPApiError": 4, "Transient": 0, "Blocked": 1}
    assert await get(api, "/stats/outbound/bounces") == {
        "Days": [{"Date": "2026-03-01"} | first, {"Date": "2026-03-03"} | third],
        "HardBounce": 3,
        "SMTPApiError": 4,
        "SoftBounce": 3,
        "Transient": 1,
        "Blocked": 1,
    }


async def test_which_types_count_as_bounced(api, book):
    """Source: spec stats 4; which types are bounces beyond the first three is ours to say."""
    bounced = {
        "HardBounce",
        "SoftBounce",
        "Transient",
        "DnsError",
        "SpamNotification",
        "Unknown",
        "VirusNotification",
        "BadEmailAddress",
        "Blocked",
        "DMARCPolicy",
    }
    by_tag = {}
    for kind in BounceType:
        book.bounce(3, kind, tag=kind.value)
        by_tag[kind.value] = await get(api, "/stats/outbound", tag=kind.value)
    assert {kind for kind, found in by_tag.items() if found["Bounced"]} == bounced
    assert {kind for kind, found in by_tag.items() if found["SMTPApiErrors"]} == {"SMTPApiError"}
    assert {kind for kind, found in by_tag.items() if found["SpamComplaints"]} == {"SpamComplaint"}


async def test_a_bounce_that_is_known_counts_once(api, book, app):
    new = NewBounce(
        type=BounceType.HARD_BOUNCE,
        rule="test",
        server_id=book.server.id,
        stream_key=book.place().stream_key,
        message_key=None,
        message_id=message_id(app.keys.next()),
        email="ann@one.example",
        sender="",
        subject="",
        tag=None,
        details="",
        at=book.at(1),
    )
    for _ in range(2):
        with app.db.transaction() as tx:
            record(tx, new)
    assert (await get(api, "/stats/outbound/bounces"))["HardBounce"] == 1


async def test_spam(api, book):
    book.bounce(1, "SpamComplaint", 2)
    book.bounce(2, "HardBounce")
    book.bounce(5, "SpamComplaint", 3)
    assert await get(api, "/stats/outbound/spam") == {
        "Days": [
            {"Date": "2026-03-01", "SpamComplaint": 2},
            {"Date": "2026-03-05", "SpamComplaint": 3},
        ],
        "SpamComplaint": 5,
    }


async def test_tracked(api, book):
    book.send(1, 24, opens=True)
    book.send(2, 26, links=2)
    book.send(3, 7)
    assert await get(api, "/stats/outbound/tracked") == {
        "Days": [
            {"Date": "2026-03-01", "Tracked": 24},
            {"Date": "2026-03-02", "Tracked": 26},
        ],
        "Tracked": 50,
    }


async def test_opens(api, book):
    book.open(1, 44, first=4)
    book.open(2, 46, first=6)
    book.open(3, 1)
    assert await get(api, "/stats/outbound/opens") == {
        "Days": [
            {"Date": "2026-03-01", "Opens": 44, "Unique": 4},
            {"Date": "2026-03-02", "Opens": 46, "Unique": 6},
            {"Date": "2026-03-03", "Opens": 1, "Unique": 0},
        ],
        "Opens": 91,
        "Unique": 10,
    }


async def test_platforms_of_first_opens(api, book):
    book.open(1, 2, first=2, platform=Platform.UNKNOWN)
    book.open(1, 1, first=1, platform=Platform.WEB_MAIL)
    book.open(2, 5, first=2, platform=Platform.DESKTOP)
    book.open(2, 9, platform=Platform.MOBILE)
    assert await get(api, "/stats/outbound/opens/platforms") == {
        "Days": [
            {"Date": "2026-03-01", "Desktop": 0, "Mobile": 0, "Unknown": 2, "WebMail": 1},
            {"Date": "2026-03-02", "Desktop": 2, "Mobile": 0, "Unknown": 0, "WebMail": 0},
        ],
        "Desktop": 2,
        "Mobile": 0,
        "Unknown": 2,
        "WebMail": 1,
    }


async def test_email_clients_of_first_opens(api, book):
    book.open(1, 1, first=1, client="Apple Mail")
    book.open(1, 3, first=1, client="Outlook 2010")
    book.open(1, 3, first=3)
    book.open(2, 6, first=6, client="Gmail")
    book.open(3, 6, client="Gmail")
    assert await get(api, "/stats/outbound/opens/emailclients") == {
        "Days": [
            {"Date": "2026-03-01", "Apple Mail": 1, "Outlook 2010": 1},
            {"Date": "2026-03-02", "Gmail": 6},
        ],
        "Apple Mail": 1,
        "Gmail": 6,
        "Outlook 2010": 1,
    }


async def test_a_client_with_the_name_of_a_key(api, book):
    book.open(1, 1, first=1, client="Date")
    book.open(1, 1, first=1, client="Days")
    assert await get(api, "/stats/outbound/opens/emailclients") == {
        "Days": [{"Date": "2026-03-01", "_Date": 1, "_Days": 1}],
        "_Date": 1,
        "_Days": 1,
    }


async def test_read_times_of_first_opens(api, book):
    book.open(1, 1, first=1, read_s=0.4)
    book.open(1, 1, first=1, read_s=16.9)
    book.open(1, 2, first=1)
    book.open(2, 2, first=2, read_s=20)
    assert await get(api, "/stats/outbound/opens/readtimes") == {
        "Days": [
            {"Date": "2026-03-01", "0s": 1, "16s": 1, "unknown": 1},
            {"Date": "2026-03-02", "20s+": 2},
        ],
        "0s": 1,
        "16s": 1,
        "20s+": 2,
        "unknown": 1,
    }


async def test_clicks(api, book):
    book.click(1, 24, first=4)
    book.click(2, 26, first=6)
    assert await get(api, "/stats/outbound/clicks") == {
        "Days": [
            {"Date": "2026-03-01", "Clicks": 24, "Unique": 4},
            {"Date": "2026-03-02", "Clicks": 26, "Unique": 6},
        ],
        "Clicks": 50,
        "Unique": 10,
    }


async def test_browser_families_of_first_clicks(api, book):
    book.click(1, 3, first=3, browser="Google Chrome")
    book.click(1, 1, first=1)
    book.click(2, 2, first=1, browser="Firefox")
    assert await get(api, "/stats/outbound/clicks/browserfamilies") == {
        "Days": [
            {"Date": "2026-03-01", "Google Chrome": 3},
            {"Date": "2026-03-02", "Firefox": 1},
        ],
        "Firefox": 1,
        "Google Chrome": 3,
    }


async def test_platforms_of_first_clicks(api, book):
    book.click(1, 3, first=3, platform=Platform.DESKTOP)
    book.click(2, 2, first=1, platform=Platform.MOBILE)
    book.click(2, 1, first=1)
    assert await get(api, "/stats/outbound/clicks/platforms") == {
        "Days": [
            {"Date": "2026-03-01", "Desktop": 3, "Mobile": 0, "Unknown": 0},
            {"Date": "2026-03-02", "Desktop": 0, "Mobile": 1, "Unknown": 1},
        ],
        "Desktop": 3,
        "Mobile": 1,
        "Unknown": 1,
    }


async def test_location_of_first_clicks(api, book):
    book.click(1, 3, first=3)
    book.click(1, 1, first=1, location=Location.TEXT)
    book.click(2, 5, first=2)
    assert await get(api, "/stats/outbound/clicks/location") == {
        "Days": [
            {"Date": "2026-03-01", "HTML": 3, "Text": 1},
            {"Date": "2026-03-02", "HTML": 2, "Text": 0},
        ],
        "HTML": 5,
        "Text": 1,
    }


async def sent_days(api, **query: str) -> dict[str, int]:
    found = await get(api, "/stats/outbound/sends", **query)
    assert found["Sent"] == sum(day["Sent"] for day in found["Days"])
    assert (await get(api, "/stats/outbound", **query))["Sent"] == found["Sent"]
    return {day["Date"][-2:]: day["Sent"] for day in found["Days"]}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"01": 1, "02": 2, "03": 4}),
        ({"fromdate": "2026-03-02"}, {"02": 2, "03": 4}),
        ({"fromDate": "2026-3-2"}, {"02": 2, "03": 4}),
        ({"todate": "2026-03-02"}, {"01": 1, "02": 2}),
        ({"ToDate": "2026-03-02", "fromdate": "2026-03-02"}, {"02": 2}),
        ({"fromdate": "2026-03-02T23:59:59"}, {"02": 2, "03": 4}),
        ({"fromdate": "2026-03-02T04:59:59Z"}, {"01": 1, "02": 2, "03": 4}),
        ({"todate": "2026-03-02T04:59:59Z"}, {"01": 1}),
        ({"todate": "2026-03-02T05:00:00Z"}, {"01": 1, "02": 2}),
        ({"fromdate": "0001-01-01", "todate": "9999-12-31"}, {"01": 1, "02": 2, "03": 4}),
        ({"fromdate": "2027-01-01"}, {}),
        ({"fromdate": "2020-01-01"}, {"01": 1, "02": 2, "03": 4}),
        ({"fromdate": "", "tag": "", "messagestream": ""}, {"01": 1, "02": 2, "03": 4}),
        ({"count": "9999", "type": "x", "offset": "y"}, {"01": 1, "02": 2, "03": 4}),
    ],
)
async def test_days(api, book, query, expected):
    for day, copies in ((1, 1), (2, 2), (3, 4)):
        book.send(day, copies)
    assert await sent_days(api, **query) == expected


async def test_tags_are_exact_and_all_mail_is_the_default(api, book):
    book.send(1, 1)
    book.send(1, 2, tag="welcome")
    book.send(1, 4, tag="Welcome")
    book.send(1, 8, tag="x" * 1000)
    book.send(1, 16, tag="x" * 999)
    assert await sent_days(api) == {"01": 31}
    assert await sent_days(api, tag="welcome") == {"01": 2}
    assert await sent_days(api, tag="Welcome") == {"01": 4}
    assert await sent_days(api, tag="x" * 1000) == {"01": 8}
    assert await sent_days(api, tag="x" * 999) == {"01": 16}
    assert await sent_days(api, tag="other") == {}


async def test_all_streams_are_the_default(api, book):
    book.send(1, 1)
    book.send(1, 2, stream="broadcast", tag="news")
    book.bounce(2, "HardBounce", 3, stream="broadcast", tag="news")
    assert await sent_days(api) == {"01": 3}
    assert await sent_days(api, messagestream="outbound") == {"01": 1}
    assert await sent_days(api, messageStream="Broadcast") == {"01": 2}
    assert await sent_days(api, messagestream="broadcast", tag="news") == {"01": 2}
    assert await sent_days(api, messagestream="outbound", tag="news") == {}
    for query, expected in (({}, 3), ({"tag": "news"}, 3), ({"messagestream": "outbound"}, 0)):
        found = await get(api, "/stats/outbound/bounces", **query)
        assert found["HardBounce"] == expected


async def test_another_server_counts_by_itself(api, book, app):
    with app.db.transaction() as tx:
        other = servers.insert_server(tx, NewServer(name="Other"))
    theirs = replace(book, server=other)
    theirs.send(1, 9)
    theirs.bounce(1, "HardBounce")
    theirs.open(1, 2, first=1)
    assert await sent_days(api) == {}
    for path, names in FIXED.items():
        assert await get(api, path) == {"Days": [], **dict.fromkeys(names, 0)}
    assert await get(api, "/stats/outbound") == dict.fromkeys(COUNTERS, 0)


@pytest.mark.parametrize("path", ALL)
async def test_errors(api, path):
    for query in ({"fromdate": "yesterday"}, {"todate": "2026-02-30"}, {"fromdate": "2026-03"}):
        assert refusal(await api.get(path, params=query)) == (
            422,
            900,
            "A parameter should be a date/time value.",
        )
    late = {"fromdate": "2026-03-03", "todate": "2026-03-02"}
    assert refusal(await api.get(path, params=late)) == (
        422,
        1502,
        "Parameter `FromDate` must be older than `ToDate`.",
    )
    assert refusal(await api.get(path, params={"messagestream": "nowhere"})) == (
        422,
        1226,
        "The message stream for the provided 'ID' was not found.",
    )


@pytest.mark.parametrize(
    "path",
    [
        "/stats/outbound/",
        "/stats/outbound/opens/emailClients",
        "/stats/outbound/opens/readTimes",
        "/stats/outbound/clicks/browserFamilies/",
        "/Stats/Outbound/Sends",
    ],
)
async def test_spellings_of_clients(api, path):
    assert (await api.get(path)).status_code == 200


async def test_what_is_sent_counts_by_recipient(api, app, server):
    messages = [
        a_prepared(app, server, to="a@one.example, A@one.example", cc="b@one.example", tag="t"),
        a_prepared(app, server, bcc="c@two.example", tag="t", track_opens=True),
        a_prepared(app, server, stream="broadcast", track_links="HtmlOnly"),
    ]
    await app.db.write_each(accept, messages)
    assert await sent_days(api) == {"04": 5}
    assert await sent_days(api, tag="t") == {"04": 4}
    found = await get(api, "/stats/outbound")
    assert (found["Tracked"], found["WithOpenTracking"], found["WithLinkTracking"]) == (3, 2, 1)


async def test_a_suppressed_recipient_and_a_refused_message_are_not_sent(api, book, app, server):
    book.bounce(1, "HardBounce")
    gone = "HardBounce0@one.example"
    messages = [a_prepared(app, server, cc=gone), a_prepared(app, server, to=gone)]
    await app.db.write_each(accept, messages)
    assert await sent_days(api) == {"04": 1}


async def test_a_day_ends_at_midnight_in_new_york(api, app, server, clock):
    clock.at = datetime(2026, 3, 8, 4, 59, 59, tzinfo=UTC)  # the night to summer time
    for _ in range(3):
        await app.db.write_each(accept, [a_prepared(app, server)])
        clock.advance(timedelta(hours=23))
    assert await sent_days(api) == {"07": 1, "08": 1, "09": 1}
