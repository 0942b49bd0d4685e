"""How the page behind an unsubscribe link looks: in each language, in each state. Pure."""

from base64 import b64encode
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pillarbox.tracking.unsubscribe_texts import LANGUAGES, Texts

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 34rem; margin: 12vh auto 0; padding: 0 1.25rem }
h1 { font-size: 1.4rem; line-height: 1.3; overflow-wrap: anywhere }
button { font: inherit; font-weight: 600; padding: .6rem 1.1rem; border: 0; border-radius: .5rem;
  background: #1f6feb; color: #fff; cursor: pointer }
"""
STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
"""What a policy names so that the page's own style is used."""


class State(StrEnum):
    """What the page says."""

    ASK = "ask"
    DONE = "done"
    SUBSCRIBED = "subscribed"
    HELD_BACK = "held-back"
    UNKNOWN = "unknown"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class _Parts:
    headline: str
    hint: str = ""
    action: str = ""
    button: str = ""


class UnsubscribeLook:
    """Makes the page's HTML."""

    def __init__(self) -> None:
        self._template = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
        ).get_template("unsubscribe.html")

    def render(self, language: str, state: State, address: str = "") -> str:
        """The page for whoever has this address; only its owner knows it again."""
        texts = LANGUAGES[language]
        parts = _parts(texts, state, masked(address))
        return self._template.render(
            language=language,
            texts=texts,
            style=STYLE,
            headline=parts.headline,
            hint=parts.hint,
            action=parts.action,
            button=parts.button,
        )


def masked(address: str) -> str:
    """An address that its owner knows again and nobody else learns."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def _parts(texts: Texts, state: State, address: str) -> _Parts:
    """Headline, hint, and what the button does and says."""
    match state:
        case State.ASK:
            return _Parts(texts.ask.format(address=address), "", "unsubscribe", texts.ask_button)
        case State.DONE:
            return _Parts(texts.done.format(address=address), "", "resubscribe", texts.back_button)
        case State.SUBSCRIBED:
            return _Parts(
                texts.subscribed.format(address=address), "", "unsubscribe", texts.ask_button
            )
        case State.HELD_BACK:
            return _Parts(texts.held_back.format(address=address))
        case State.UNKNOWN:
            return _Parts(texts.unknown, texts.unknown_hint)
        case State.LATER:
            return _Parts(texts.later)
