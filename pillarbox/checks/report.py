"""All checks of a message, each with a verdict and what to do."""

from dataclasses import dataclass, field
from html import unescape

from pillarbox.checks import links, support
from pillarbox.checks.links import Link
from pillarbox.checks.markup import MAX_CHECKED, Kind, Lines, pieces
from pillarbox.checks.support import Support
from pillarbox.mail.authenticity import organization_of
from pillarbox.mail.parse import Message

GMAIL_CLIPS = 102 * 1024
"""Octets of HTML after which Gmail shows "Message clipped", and no pixel that stands behind."""
MAX_NAMED = 10
_SHORT_PREVIEW, _LONGEST_PREVIEW = 25, 140
_ALIKE = 0.5
_MAX_WORDS = 20_000
_INERT = {
    "script": "scripts",
    "form": "forms",
    "iframe": "frames",
    "object": "objects",
    "embed": "plug-ins",
}
_UNSEEN = frozenset({"style", "script", "title", "textarea", "noembed", "noframes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where a message stands: who signs for its domain, where its bounces go, what its stream carries.

    `unsubscribes` says that each recipient's copy gets an unsubscribe header of its own.
    """

    author_domain: str
    signing_domain: str
    return_path_host: str
    is_known: bool
    is_verified: bool
    is_broadcast: bool
    unsubscribes: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `tone` is good, warn, bad or mute."""

    title: str
    tone: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What all checks say. `support` is None without HTML; `is_cut` when a body was looked at in part."""

    checks: list[Check]
    links: list[Link]
    support: Support | None
    is_cut: bool


@dataclass(slots=True)
class _Seen:
    """What a reader sees of the HTML, and what no client runs."""

    text: str = ""
    images: int = 0
    without_alt: list[int] = field(default_factory=list)
    inert: set[str] = field(default_factory=set)


def check(message: Message, setting: Setting) -> Report:
    """Check a message."""
    whole, text = message.html, message.text
    html = None if whole is None else whole[:MAX_CHECKED]
    seen = _Seen() if html is None else _see(html)
    found = [_size(whole), *_sender(setting), _unsubscribe(message, setting)]
    found += [_text(seen.text if html is not None else None, text)]
    if html is not None:
        found += [_images(seen), _preview(seen.text), _running(seen)]
    all_links = links.of_html(html) if html is not None else links.of_text(text or "")
    order = ("bad", "warn", "good", "mute")
    return Report(
        checks=sorted(found, key=lambda one: order.index(one.tone)),
        links=all_links,
        support=None if html is None else support.check(html),
        is_cut=whole is not None and len(whole) > MAX_CHECKED,
    )


def _size(html: str | None) -> Check:
    octets = len((html or "").encode("utf-8", "replace"))
    size = f"{octets / 1024:,.0f} KB" if octets >= 1024 else f"{octets} bytes"
    if octets > GMAIL_CLIPS:
        text = f"The HTML has {size}. Gmail cuts it off after 102 KB, with all that stands below."
        return Check("Size", "bad", text)
    if octets > GMAIL_CLIPS * 0.9:
        text = f"The HTML has {size}; tracked links make it longer. Gmail cuts it off after 102 KB."
        return Check("Size", "warn", text)
    return Check("Size", "good", f"The HTML has {size}; Gmail shows up to 102 KB.")


def _sender(setting: Setting) -> list[Check]:
    author = setting.author_domain
    signer, bounces = setting.signing_domain, setting.return_path_host
    if not setting.is_known:
        known = Check("Domain", "warn", f"{author} is not among the domains here.")
    elif not setting.is_verified:
        known = Check("Domain", "warn", f"{author} is here, but no DKIM record was found yet.")
    else:
        known = Check("Domain", "good", f"{author} is verified.")
    if not signer:
        dkim = Check("DKIM", "bad", f"Nothing signs for {author}: add the domain and its record.")
    elif _aligned(signer, author):
        dkim = Check("DKIM", "good", f"Signed by {signer}, which From ({author}) agrees with.")
    else:
        text = f"Signed by {signer}, while From says {author}: that does not count for DMARC."
        dkim = Check("DKIM", "warn", text)
    if _aligned(bounces, author):
        path = Check("Return-Path", "good", f"Bounces go to {bounces}, which From agrees with.")
    else:
        tone = "mute" if dkim.tone == "good" else "warn"
        text = f"Bounces go to {bounces}: SPF does not count for DMARC, DKIM alone does."
        path = Check("Return-Path", tone, text)
    return [known, dkim, path]


def _aligned(one: str, other: str) -> bool:
    return organization_of(one.lower()) == organization_of(other.lower())


def _unsubscribe(message: Message, setting: Setting) -> Check:
    title = "List-Unsubscribe"
    if setting.unsubscribes:
        text = "Each recipient’s copy gets its own link, with one click (RFC 8058)."
        return Check(title, "good", text)
    value = message.header("List-Unsubscribe") or ""
    is_one_click = "one-click" in (message.header("List-Unsubscribe-Post") or "").lower()
    if "<https:" in value.lower() and is_one_click:
        return Check(title, "good", "It is there, with one click (RFC 8058).")
    if value:
        text = (
            "It is there, but without one click (RFC 8058), which Gmail and Yahoo ask of bulk mail."
        )
        return Check(title, "warn" if setting.is_broadcast else "mute", text)
    if setting.is_broadcast:
        return Check(title, "bad", "It is missing. Gmail and Yahoo ask it of all bulk mail.")
    return Check(title, "mute", "It is not there; transactional mail needs none.")


def _text(seen: str | None, text: str | None) -> Check:
    title = "Text part"
    if seen is None:
        return Check(title, "good", "The message is text alone.")
    if not (text or "").strip():
        return Check(title, "warn", "There is none. Some readers see nothing, and filters mind it.")
    wanted, given = _words(seen), _words(text or "")
    share = len(wanted & given) / len(wanted) if wanted else 1.0
    if share < _ALIKE:
        text = f"It says something else: {share:.0%} of the words of the HTML are in it."
        return Check(title, "warn", text)
    return Check(title, "good", f"It is there, with {share:.0%} of the words of the HTML.")


def _words(text: str) -> set[str]:
    return {word for word in text.lower().split()[:_MAX_WORDS] if word.isalpha()}


def _images(seen: _Seen) -> Check:
    title = "Images"
    if not seen.images:
        return Check(title, "mute", "There are none.")
    if not seen.without_alt:
        return Check(title, "good", "All say in words what they show (alt).")
    named = ", ".join(str(line) for line in seen.without_alt[:MAX_NAMED])
    more = ", …" if len(seen.without_alt) > MAX_NAMED else ""
    lines = "Line" if len(seen.without_alt) == 1 else "Lines"
    text = f"{len(seen.without_alt)} of {seen.images} have no alt text. {lines} {named}{more}."
    return Check(title, "warn", text)


def _preview(text: str) -> Check:
    title = "Preview text"
    preview = " ".join(text[: 20 * _LONGEST_PREVIEW].split())[:_LONGEST_PREVIEW]
    if not preview:
        return Check(title, "warn", "There is no text: lists of mail show nothing but the subject.")
    shown = f"Lists of mail show: “{preview}”"
    return Check(title, "good" if len(preview) >= _SHORT_PREVIEW else "mute", shown)


def _running(seen: _Seen) -> Check:
    if not seen.inert:
        return Check("Active content", "good", "There is none.")
    text = f"Mail clients take out {', '.join(sorted(seen.inert))}, or warn of them."
    return Check("Active content", "warn", text)


def _see(html: str) -> _Seen:
    seen, lines = _Seen(), Lines(html)
    words: list[str] = []
    for piece in pieces(html):
        if piece.kind is Kind.TEXT and piece.name not in _UNSEEN:
            words.append(piece.text)
        elif piece.kind is Kind.START and piece.name == "img":
            seen.images += 1
            if "alt" not in piece.attributes:
                seen.without_alt.append(lines.of(piece.at))
        elif piece.kind is Kind.START and piece.name in _INERT:
            seen.inert.add(_INERT[piece.name])
    seen.text = unescape(" ".join(words))
    return seen
