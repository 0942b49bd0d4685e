"""The unsubscribe link in the bodies: placeholders, and the footer of a body that has none.

Source: spec tracking-and-unsubscribe 4.2.
"""

import re

from pillarbox.tracking.html import end_of_body

_placeholder = re.compile(
    r"""\{\{\{?[ \t\r\n]*pm:unsubscribe(?P<url>_url)?
    (?:[ \t\r\n]+label[ \t]*=[ \t]*(?:"(?P<double>[^"{}]{0,200})"|'(?P<single>[^'{}]{0,200})'))?
    [ \t\r\n]*\}\}\}?""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_in_value = re.compile(
    r"""(?:=\s{0,9}["']|(?:href|action|src)\s{0,9}=)\s{0,9}\Z""", re.ASCII | re.IGNORECASE
)
_HTML_FOOTER = (
    '<p style="text-align:center;font-size:12px;color:#666666;margin:24px 0 0">'
    '<a href="%s" style="color:#666666">Unsubscribe</a></p>'
)
LABEL = "Unsubscribe"


def has_placeholder(body: str | None) -> bool:
    """Whether a body says where the link belongs."""
    # Most bodies have no braces, and that is found out quickest.
    return body is not None and "{{" in body and bool(_placeholder.search(body))


def fill_html(html: str, url: str) -> str:
    """The HTML with its placeholders replaced: by the URL in a value, by a whole link elsewhere."""

    def link(found: re.Match[str]) -> str:
        if found["url"] or _in_value.search(html, max(0, found.start() - 40), found.start()):
            return url
        label = found["double"] or found["single"] or LABEL
        return f'<a href="{url}">{label.replace("<", "&lt;")}</a>'

    return _placeholder.sub(link, html)


def fill_text(text: str, url: str) -> str:
    """The text with its placeholders replaced by the URL."""

    def link(found: re.Match[str]) -> str:
        label = found["double"] or found["single"]
        return f"{label}: {url}" if label and not found["url"] else url

    return _placeholder.sub(link, text)


def html_footer(html: str, url: str) -> str:
    """The HTML with a link as its last paragraph."""
    at = end_of_body(html)
    return html[:at] + _HTML_FOOTER % url + html[at:]


def text_footer(text: str, url: str) -> str:
    """The text with a link as its last line."""
    end = "\r\n" if "\r\n" in text or "\n" not in text else "\n"
    return "".join((text.rstrip(" \r\n"), end, end, LABEL, ": ", url, end))
