"""Which program, system and kind of device a User-Agent header speaks of. Pure.

First the mail programs and image proxies that have a name of their own in the specification, then browsers, then
whatever the library knows. Source: spec tracking-and-unsubscribe 3.1 and 3.2.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pillarbox.tracking.model import Platform, Product

if TYPE_CHECKING:
    from ua_parser import Result

LONGEST_AGENT = 1000
NOTHING = Product()
UNKNOWN = Product("unknown", "unknown", "unknown")
_APPLE, _GOOGLE, _MICROSOFT = "Apple Computer, Inc.", "Google", "Microsoft Corporation"
_MOBILE_SYSTEMS = frozenset({"iOS", "Android", "Windows Phone", "KaiOS", "HarmonyOS"})
_BROWSERS = (
    (re.compile(r"\bEdg(?:e|A|iOS)?/([\d.]+)"), "Edge", _MICROSOFT),
    (re.compile(r"\bOPR/([\d.]+)"), "Opera", "Opera Software ASA"),
    (re.compile(r"\b(?:Firefox|FxiOS)/([\d.]+)"), "Firefox", "Mozilla Foundation"),
    (re.compile(r"\b(?:Chrome|CriOS)/([\d.]+)"), "Chrome", _GOOGLE),
    (re.compile(r"\bVersion/([\d.]+).*\bSafari/"), "Safari", _APPLE),
)
_COMPANIES = {
    "Windows": _MICROSOFT,
    "iOS": _APPLE,
    "OS X": _APPLE,
    "Android": _GOOGLE,
    "Chrome OS": _GOOGLE,
    "Linux": "Canonical Ltd.",
    "Ubuntu": "Canonical Ltd.",
    "IE": _MICROSOFT,
    "Samsung Internet": "Samsung",
}
_OS_X_NAMES = {
    "10.6": "Snow Leopard",
    "10.7": "Lion",
    "10.8": "Mountain Lion",
    "10.9": "Mavericks",
    "10.10": "Yosemite",
    "10.11": "El Capitan",
    "10.12": "Sierra",
    "10.13": "High Sierra",
    "10.14": "Mojave",
    "10.15": "Catalina",
}
_MAIL = Product("Apple Mail", _APPLE, "Apple Mail")
_thunderbird = re.compile(r"\bThunderbird/([\d.]+)").search
_is_outlook = re.compile(r"Microsoft Outlook|MSOffice|Outlook-").search


@dataclass(frozen=True, slots=True)
class Agent:
    """What read a message. A proxy hides where it was read; a machine opens without anybody reading."""

    client: Product = NOTHING
    os: Product = NOTHING
    platform: Platform = Platform.UNKNOWN
    is_proxy: bool = False
    is_machine: bool = False


@lru_cache(maxsize=4096)
def read_agent(header: str) -> Agent:
    """What a User-Agent header says; nothing at all for an empty one."""
    if not header:
        return Agent()
    if "GoogleImageProxy" in header:
        gmail = Product("Gmail", _GOOGLE, "Gmail")
        return Agent(gmail, UNKNOWN, Platform.UNKNOWN, is_proxy=True)
    if "YahooMailProxy" in header:
        yahoo = Product("Yahoo! Mail", "Yahoo! Inc.", "Yahoo! Mail")
        return Agent(yahoo, UNKNOWN, Platform.WEBMAIL, is_proxy=True)
    if header.strip() == "Mozilla/5.0":
        return Agent(_MAIL, UNKNOWN, Platform.UNKNOWN, is_proxy=True, is_machine=True)
    from ua_parser import parse  # decision 0015

    found = parse(header)
    return _mail_program(header, found) or _browser(header, found)


def _mail_program(header: str, found: "Result") -> Agent | None:
    if _is_outlook(header):
        version = found.user_agent.major if found.user_agent else None
        name = f"Outlook {version}" if version else "Outlook"
        return Agent(Product(name, _MICROSOFT, "Outlook"), _system(found), Platform.DESKTOP)
    if thunderbird := _thunderbird(header):
        client = _product("Thunderbird", thunderbird[1], "Mozilla Foundation")
        return Agent(client, _system(found), Platform.DESKTOP)
    if "AppleWebKit" in header and "Safari/" not in header:
        if "Version/" not in header and ("iPhone" in header or "iPad" in header):
            return Agent(_MAIL, _system(found), Platform.MOBILE)
        if "Macintosh" in header:
            return Agent(_MAIL, _system(found), Platform.DESKTOP)
    return None


def _browser(header: str, found: "Result") -> Agent:
    os = _system(found)
    is_machine = found.device is not None and found.device.family == "Spider"
    platform = _platform(header, found)
    for pattern, family, company in _BROWSERS:
        if browser := pattern.search(header):
            client = _product(family, browser[1], company)
            if family == "Safari" and platform is Platform.MOBILE:
                client = Product(f"Mobile {client.name}", company, family)
            return Agent(client, os, platform, is_machine=is_machine)
    known = found.user_agent
    if known is None:
        return Agent(UNKNOWN, os, platform, is_machine=is_machine)
    version = ".".join(filter(None, (known.major, known.minor, known.patch)))
    client = _product(known.family, version, _COMPANIES.get(known.family, "unknown"))
    return Agent(client, os, platform, is_machine=is_machine)


def _platform(header: str, found: "Result") -> Platform:
    """A browser on a phone or tablet is mobile, on anything else web mail, as far as the system is known."""
    if found.os is None or (found.device is not None and found.device.family == "Spider"):
        return Platform.UNKNOWN
    is_mobile = found.os.family in _MOBILE_SYSTEMS or "Mobile" in header
    return Platform.MOBILE if is_mobile else Platform.WEBMAIL


def _system(found: "Result") -> Product:
    os = found.os
    if os is None:
        return UNKNOWN
    if os.family in ("Mac OS X", "macOS"):
        version = ".".join(filter(None, (os.major, os.minor if os.major == "10" else None)))
        name = " ".join(filter(None, ("OS X", version, _OS_X_NAMES.get(version))))
        return Product(name, _APPLE, f"OS X {os.major}" if os.major else "OS X")
    name = f"{os.family} {os.major}" if os.major else os.family
    return Product(name, _COMPANIES.get(os.family, "unknown"), os.family)


def _product(family: str, version: str, company: str) -> Product:
    """`Chrome 121`, `Thunderbird 140.2.0`: a version is shown as far as it says something."""
    major, _, rest = version.strip(".").partition(".")
    shown = major if not rest.strip(".0") else f"{major}.{rest}"
    return Product(f"{family} {shown}".strip(), company, family)
