"""Where a login leads back to: a page of this site, whatever the address says. Pure."""

from urllib.parse import quote

LOGIN = "/ui/login"
LOGOUT = "/ui/logout"
_LONGEST = 2000


def safe(url: str) -> str:
    """The address when it is one of our pages, else the start page. No other site, no scheme, no trick."""
    is_page = url == "/" or url.startswith(("/?", "/m/", "/ui/"))
    is_plain = len(url) <= _LONGEST and url.isprintable() and "\\" not in url
    path = url.partition("?")[0].rstrip("/")
    return url if is_page and is_plain and path not in (LOGIN, LOGOUT) else "/"


def login_url(wanted: str) -> str:
    """The login page that leads to an address afterwards."""
    wanted = safe(wanted)
    return LOGIN if wanted == "/" else f"{LOGIN}?return_to={quote(wanted, safe='/')}"
