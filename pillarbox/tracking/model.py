"""Opens and clicks as they are kept: the first of each recipient, and for clicks of each link.

Source: spec messages 8 and 9.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum


class HitKind(StrEnum):
    """What a recipient did."""

    OPEN = "Open"
    CLICK = "Click"


class Platform(StrEnum):
    """Where a recipient reads; the values are the wire's."""

    WEBMAIL = "WebMail"
    DESKTOP = "Desktop"
    MOBILE = "Mobile"
    UNKNOWN = "Unknown"


class ClickLocation(StrEnum):
    """The body whose link was followed; the values are the wire's."""

    HTML = "HTML"
    TEXT = "Text"


@dataclass(frozen=True, slots=True)
class Product:
    """A program or an operating system, as far as it is known."""

    name: str = ""
    company: str = ""
    family: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an address is; what is unknown is empty."""

    country: str = ""
    country_code: str = ""
    region: str = ""
    region_code: str = ""
    city: str = ""
    zip: str = ""
    coords: str = ""
    ip: str = ""

    def known(self) -> dict[str, str]:
        """What is not empty, by name."""
        return {name: value for name in _PLACE if (value := getattr(self, name))}


_PLACE = ("country", "country_code", "region", "region_code", "city", "zip", "coords", "ip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One open or click. `link` and `location` are those of a click."""

    kind: HitKind
    server_id: int
    stream_key: int
    stream: str = ""
    message_key: int
    message_id: str
    recipient: str
    tag: str | None
    at: datetime
    platform: Platform = Platform.UNKNOWN
    user_agent: str = ""
    read_seconds: int = 0
    client: Product = Product()
    os: Product = Product()
    place: Place = Place()
    link: str = ""
    location: ClickLocation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HitSearch:
    """Filters of a list. `facets` are values by the name of a facet, compared whole and in any case."""

    kind: HitKind
    server_id: int
    stream_key: int
    facets: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None


_FACTS = ("platform", "user_agent", "read_seconds", "link", "location")


def facts_text(hit: Hit) -> str:
    """What webhooks tell of a hit besides message, recipient and time, as the detail `Hit` of its event."""
    facts = {name: getattr(hit, name) for name in _FACTS}
    facts |= {"client": _product(hit.client), "os": _product(hit.os), "place": hit.place.known()}
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def _product(product: Product) -> dict[str, str]:
    return {"name": product.name, "company": product.company, "family": product.family}


def with_facts(hit: Hit, text: str) -> Hit:
    """A hit with what `facts_text` wrote down; of text that was erased nothing is known."""
    if not text:
        return hit
    facts = json.loads(text)
    location = facts["location"]
    return replace(
        hit,
        platform=Platform(facts["platform"]),
        user_agent=facts["user_agent"],
        read_seconds=facts["read_seconds"],
        link=facts["link"],
        location=None if location is None else ClickLocation(location),
        client=Product(**facts["client"]),
        os=Product(**facts["os"]),
        place=Place(**facts["place"]),
    )


def facets(hit: Hit) -> set[tuple[str, str]]:
    """Everything that a hit can be found by, lower-cased; places by name and by code."""
    client, os, place = hit.client, hit.os, hit.place
    found = (
        ("recipient", hit.recipient),
        ("tag", hit.tag or ""),
        ("client_name", client.name),
        ("client_company", client.company),
        ("client_family", client.family),
        ("os_name", os.name),
        ("os_company", os.company),
        ("os_family", os.family),
        ("platform", hit.platform.value),
        ("country", place.country),
        ("country", place.country_code),
        ("region", place.region),
        ("region", place.region_code),
        ("city", place.city),
    )
    return {(name, facet_value(name, value)) for name, value in found if value}


LONGEST_FACET = 320


def facet_value(name: str, value: str) -> str:
    """A value as facets hold it: the tag as it is, everything else lower-cased, cut at a limit."""
    return (value if name == "tag" else value.lower())[:LONGEST_FACET]
