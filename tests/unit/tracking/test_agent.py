"""What user agents say, by the table of the specification."""

import pytest

from pillarbox.tracking.agent import NOTHING, UNKNOWN, read_agent
from pillarbox.tracking.model import Platform, Product

APPLE = "Apple Computer, Inc."
WINDOWS = Product("Windows 10", "Microsoft Corporation", "Windows")
CATALINA = Product("OS X 10.15 Catalina", APPLE, "OS X 10")
KIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
IOS = Product("iOS 18", APPLE, "iOS")
PC = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
TABLE = {
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)": (
        Product("Gmail", "Google", "Gmail"), UNKNOWN, Platform.UNKNOWN),
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html": (
        Product("Yahoo! Mail", "Yahoo! Inc.", "Yahoo! Mail"), UNKNOWN, Platform.WEBMAIL),
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0.10827)": (
        Product("Outlook 2016", "Microsoft Corporation", "Outlook"), WINDOWS, Platform.DESKTOP),
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.2.0": (
        Product("Thunderbird 140.2.0", "Mozilla Foundation", "Thunderbird"),
        Product("Linux", "Canonical Ltd.", "Linux"), Platform.DESKTOP),
    f"{IPHONE} {KIT} Mobile/15E148": (Product("Apple Mail", APPLE, "Apple Mail"), IOS, Platform.MOBILE),
    f"{MAC} {KIT}": (Product("Apple Mail", APPLE, "Apple Mail"), CATALINA, Platform.DESKTOP),
    "Mozilla/5.0": (Product("Apple Mail", APPLE, "Apple Mail"), UNKNOWN, Platform.UNKNOWN),
    f"{PC} Chrome/121.0.0.0 Safari/537.36 Edg/121.0.2277.83": (
        Product("Edge 121.0.2277.83", "Microsoft Corporation", "Edge"), WINDOWS, Platform.WEBMAIL),
    f"{PC} Chrome/121.0.0.0 Safari/537.36 OPR/107.0.0.0": (
        Product("Opera 107", "Opera Software ASA", "Opera"), WINDOWS, Platform.WEBMAIL),
    "Mozilla/5.0 (Windows NT 10.0; rv:120.0) Gecko/20100101 Firefox/120.0": (
        Product("Firefox 120", "Mozilla Foundation", "Firefox"), WINDOWS, Platform.WEBMAIL),
    f"{PC} Chrome/121.0.0.0 Safari/537.36": (
        Product("Chrome 121", "Google", "Chrome"), WINDOWS, Platform.WEBMAIL),
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
    "Mobile Safari/537.36": (
        Product("Chrome 131", "Google", "Chrome"), Product("Android 15", "Google", "Android"), Platform.MOBILE),
    f"{MAC} {KIT} Version/17.4 Safari/605.1.15": (
        Product("Safari 17.4", APPLE, "Safari"), CATALINA, Platform.WEBMAIL),
    f"{IPHONE} {KIT} Version/18.6 Mobile/15E148 Safari/604.1": (
        Product("Mobile Safari 18.6", APPLE, "Safari"), IOS, Platform.MOBILE),
    f"{IPHONE} {KIT} CriOS/120.0.1 Mobile/15E148 Safari/604.1": (
        Product("Chrome 120.0.1", "Google", "Chrome"), IOS, Platform.MOBILE),
    "curl/8.5.0": (Product("curl 8.5.0", "unknown", "curl"), UNKNOWN, Platform.UNKNOWN),
    "?": (UNKNOWN, UNKNOWN, Platform.UNKNOWN),
    "": (NOTHING, NOTHING, Platform.UNKNOWN),
}  # fmt: skip


@pytest.mark.parametrize("header", TABLE)
def test_the_table(header: str) -> None:
    agent = read_agent(header)
    assert (agent.client, agent.os, agent.platform) == TABLE[header]


def test_proxies_hide_the_place_and_machines_are_marked() -> None:
    proxies = [header for header in TABLE if read_agent(header).is_proxy]
    assert len(proxies) == 3
    assert read_agent("Mozilla/5.0").is_machine
    assert read_agent(
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    ).is_machine
    assert not read_agent(f"{MAC} {KIT}").is_machine
