"""What is in a message, tab by tab; a tab shows no more than a page should hold. Pure, slow for large mail."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from pillarbox.checks.report import Setting, check
from pillarbox.mail.parse import Attachment, Message, parse
from pillarbox.web.messages import mail_html
from pillarbox.web.messages.structure import parts

CHECKS = "checks"
MAX_SHOWN = 256 * 1024
"""Characters of a text or source that a page shows; the rest is for downloading."""
MAX_LINES = 5000
MAX_HEADERS = 300
MAX_VALUE = 4000
MAX_PARTS = 500
MAX_FILES = 500
MAX_DEFECTS = 20


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to look at the content; `key` is the key that opens it."""

    name: str
    label: str
    key: int
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the address asks for."""

    tab: str = ""
    with_images: bool = False
    is_dark: bool = False
    is_whole: bool = False

    def query(self, **changes: bool) -> str:
        """The query of the HTML in its frame."""
        asked = {"images": self.with_images, "dark": self.is_dark, "whole": self.is_whole} | changes
        return "&".join(f"{name}=1" for name, is_on in asked.items() if is_on)


def show(raw: bytes, wish: Wish, setting: Setting | None = None) -> dict[str, object]:
    """The values of the content's template; for the tab `checks`, a setting is needed."""
    message = parse(raw)
    tabs = _tabs(message)
    tab = next((tab for tab in tabs if tab.name == wish.tab), tabs[0])
    if tab.name == CHECKS:
        assert setting is not None
        own: dict[str, object] = {"report": check(message, setting)}
    else:
        own = _TABS[tab.name](message, raw, wish)
    shared = {
        "tabs": tabs,
        "tab": tab,
        "wish": wish,
        "left_out": "",
        "defects": message.defects[:MAX_DEFECTS],
    }
    return shared | own


def _tabs(message: Message) -> list[Tab]:
    has_html, has_text = message.html is not None, message.text is not None
    files = len(message.attachments)
    every = (
        (has_html, Tab("html", "HTML", 1)),
        (has_text, Tab("text", "Text", 2)),
        (True, Tab("headers", "Headers", 3, len(message.headers))),
        (True, Tab("source", "Raw", 4)),
        (files > 0, Tab("files", "Attachments", 5, files)),
        (has_html, Tab("code", "HTML source", 6)),
        (True, Tab("parts", "Structure", 7)),
        (True, Tab(CHECKS, "Checks", 8)),
    )
    return [tab for is_there, tab in every if is_there]


def _html(message: Message, _raw: bytes, wish: Wish) -> dict[str, object]:
    html = message.html or ""
    is_cut = not wish.is_whole and len(mail_html.beginning(html)) < len(html)
    return {
        "has_remote_images": mail_html.has_remote_images(html),
        "is_cut": is_cut,
        "html_length": len(html),
    }


def _text(message: Message, _raw: bytes, _wish: Wish) -> dict[str, object]:
    text = message.text or ""
    return {"text": text[:MAX_SHOWN], "left_out": _beginning(len(text) > MAX_SHOWN)}


def _headers(message: Message, _raw: bytes, _wish: Wish) -> dict[str, object]:
    shown = []
    is_cut = len(message.headers) > MAX_HEADERS
    for header in message.headers[:MAX_HEADERS]:
        value = header.decoded
        is_cut = is_cut or len(value) > MAX_VALUE
        shown.append((header.name, value[:MAX_VALUE]))
    return {"headers": shown, "left_out": _beginning(is_cut)}


def _source(_message: Message, raw: bytes, _wish: Wish) -> dict[str, object]:
    source = raw[:MAX_SHOWN].decode("utf-8", "replace")
    return {"source": source, "left_out": _beginning(len(raw) > MAX_SHOWN)}


def _code(message: Message, _raw: bytes, _wish: Wish) -> dict[str, object]:
    html = message.html or ""
    lines = html[:MAX_SHOWN].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    is_cut = len(html) > MAX_SHOWN or len(lines) > MAX_LINES
    return {"lines": lines[:MAX_LINES], "left_out": _beginning(is_cut)}


def _files(message: Message, _raw: bytes, _wish: Wish) -> dict[str, object]:
    every = message.attachments
    left_out = f"{len(every) - MAX_FILES:,} more attachments" if len(every) > MAX_FILES else ""
    return {"files": [_file(part) for part in every[:MAX_FILES]], "left_out": left_out}


def _parts(_message: Message, raw: bytes, _wish: Wish) -> dict[str, object]:
    shown, total = parts(raw, most=MAX_PARTS)
    left_out = f"{total - MAX_PARTS:,} more parts" if total > MAX_PARTS else ""
    return {"parts": shown, "left_out": left_out}


_TABS: dict[str, Callable[[Message, bytes, Wish], dict[str, object]]] = {
    "html": _html,
    "text": _text,
    "headers": _headers,
    "source": _source,
    "files": _files,
    "code": _code,
    "parts": _parts,
}


def _beginning(is_cut: bool) -> str:
    return "the rest" if is_cut else ""


def _file(part: Attachment) -> dict[str, object]:
    return {
        "name": part.name,
        "type": part.content_type.partition(";")[0],
        "size": len(part.content),
        "sha256": hashlib.sha256(part.content).hexdigest(),
        "is_inline": part.is_inline,
    }
