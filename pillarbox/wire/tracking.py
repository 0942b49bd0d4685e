"""Opens and clicks read back. Source: spec messages 8 and 9."""

from typing import Any

from msgspec import UNSET, UnsetType

from pillarbox.tracking import model
from pillarbox.tracking.model import Hit, HitKind, Place, Platform, Product
from pillarbox.wire.base import Reply, stamp
from pillarbox.wire.query import MESSAGES, Paged, Since, Until

_FACETS = (
    "recipient",
    "tag",
    "client_name",
    "client_company",
    "client_family",
    "os_name",
    "os_family",
    "os_company",
    "platform",
    "country",
    "region",
    "city",
)
_PLACE = {
    "CountryISOCode": "country_code",
    "Country": "country",
    "RegionISOCode": "region_code",
    "Region": "region",
    "City": "city",
    "Zip": "zip",
    "Coords": "coords",
    "IP": "ip",
}
_UNKNOWN = {"Name": "unknown", "Company": "unknown", "Family": "unknown"}


class HitPage(Paged, kw_only=True):
    """The query of the opens or clicks of one message."""

    problems = MESSAGES


class HitSearch(HitPage, kw_only=True):
    """The query of all opens or clicks of a stream."""

    recipient: str | None = None
    tag: str | None = None
    client_name: str | None = None
    client_company: str | None = None
    client_family: str | None = None
    os_name: str | None = None
    os_family: str | None = None
    os_company: str | None = None
    platform: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    messagestream: str | None = None
    fromdate: Since | None = None
    todate: Until | None = None

    def to_search(self, kind: HitKind, server_id: int, stream_key: int) -> model.HitSearch:
        """The search it asks for."""
        given = {name: getattr(self, name) for name in _FACETS}
        return model.HitSearch(
            kind=kind,
            server_id=server_id,
            stream_key=stream_key,
            facets={name: value for name, value in given.items() if value is not None},
            since=self.fromdate,
            until=self.todate,
        )


class Open(Reply, kw_only=True):
    """A recipient's first open. `Tag` is left out when there is none."""

    RecordType: str = "Open"
    MessageStream: str
    FirstOpen: bool = True
    Client: dict[str, str]
    OS: dict[str, str]
    Platform: str
    UserAgent: str
    ReadSeconds: int
    Geo: dict[str, str]
    MessageID: str
    ReceivedAt: str
    Tag: str | UnsetType = UNSET
    Recipient: str

    @classmethod
    def of(cls, hit: Hit) -> "Open":
        """An open as shown."""
        return cls(**_members(hit), Platform=hit.platform.value, ReadSeconds=hit.read_seconds)


class Opens(Reply):
    """One page of opens."""

    TotalCount: int
    Opens: list[Open]


class Click(Reply, kw_only=True):
    """A recipient's first click on a link."""

    RecordType: str = "Click"
    MessageStream: str
    ClickLocation: str
    Client: dict[str, str]
    OS: dict[str, str]
    Platform: str
    UserAgent: str
    OriginalLink: str
    Geo: dict[str, str]
    MessageID: str
    ReceivedAt: str
    Tag: str | UnsetType = UNSET
    Recipient: str

    @classmethod
    def of(cls, hit: Hit) -> "Click":
        """A click as shown; who clicks is in a browser, never in web mail."""
        return cls(
            **_members(hit),
            Platform=click_platform(hit),
            ClickLocation="HTML" if hit.location is None else hit.location.value,
            OriginalLink=hit.link,
        )


class Clicks(Reply):
    """One page of clicks."""

    TotalCount: int
    Clicks: list[Click]


def _members(hit: Hit) -> dict[str, Any]:
    return {
        "MessageStream": hit.stream,
        "Client": product(hit.client) or {},
        "OS": system(hit.os),
        "UserAgent": hit.user_agent,
        "Geo": geo(hit.place),
        "MessageID": hit.message_id,
        "ReceivedAt": stamp(hit.at),
        "Tag": hit.tag or UNSET,
        "Recipient": hit.recipient,
    }


def product(known: Product) -> dict[str, str] | None:
    """A program or system as a map of texts; None when nothing is known."""
    if known == Product():
        return None
    return {"Name": known.name, "Company": known.company, "Family": known.family}


def system(known: Product) -> dict[str, str]:
    """An operating system as a map of texts."""
    return product(known) or _UNKNOWN


def geo(place: Place) -> dict[str, str]:
    """What is known of a place."""
    found = {name: getattr(place, field) for name, field in _PLACE.items()}
    return {name: value for name, value in found.items() if value}


def click_platform(hit: Hit) -> str:
    """Where somebody clicked: in a browser, never in web mail."""
    is_browser = hit.platform is Platform.WEBMAIL
    return (Platform.DESKTOP if is_browser else hit.platform).value
