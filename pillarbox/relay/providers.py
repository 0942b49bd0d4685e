"""Who runs a mail host: large ones by name, so that what comes of mail can be counted by provider. Pure."""

from functools import lru_cache

NONE, OTHER = "none", "other"
"""NONE: no mail host was reached, because mail ends here or none was found."""
_BY_SUFFIX = {
    "google.com": "google",
    "googlemail.com": "google",
    "outlook.com": "microsoft",
    "hotmail.com": "microsoft",
    "yahoodns.net": "yahoo",
    "icloud.com": "apple",
    "apple.com": "apple",
    "gmx.net": "gmx",
    "web.de": "gmx",
    "t-online.de": "t-online",
    "orange.fr": "orange",
    "yandex.net": "yandex",
    "yandex.ru": "yandex",
    "mail.ru": "mail.ru",
    "qq.com": "tencent",
    "netease.com": "netease",
    "zoho.com": "zoho",
    "zoho.eu": "zoho",
    "protonmail.ch": "proton",
    "messagingengine.com": "fastmail",
    "comcast.net": "comcast",
    "amazonaws.com": "amazon",
    "mimecast.com": "mimecast",
    "pphosted.com": "proofpoint",
    "ppe-hosted.com": "proofpoint",
    "barracudanetworks.com": "barracuda",
    "iphmx.com": "cisco",
    "secureserver.net": "godaddy",
    "ovh.net": "ovh",
    "kundenserver.de": "ionos",
}


@lru_cache(maxsize=4096)
def provider_of(host: str) -> str:
    """The provider that runs a host: a large one by name, or OTHER."""
    labels = host.lower().rstrip(".").split(".")
    return _BY_SUFFIX.get(".".join(labels[-2:]), OTHER)
